#include "observe/xml.h"

#include <string.h>

typedef enum attribute_result { ATTRIBUTE_NONE, ATTRIBUTE_FOUND, ATTRIBUTE_BAD } attribute_result;

static bool is_space(char c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Every non-ASCII byte is taken as part of a name: Windows' names are ASCII, and strangers' elements are only
 * skipped. */
static bool is_name_start(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
         ((unsigned char)c & 0x80) != 0;
}

static bool is_name_byte(char c)
{
  return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

static void advance(seep_xml_slice *slice, size_t count)
{
  slice->data += count;
  slice->size -= count;
}

static size_t skip_spaces(seep_xml_slice *rest)
{
  size_t count = 0;
  while (count < rest->size && is_space(rest->data[count])) {
    count++;
  }
  advance(rest, count);
  return count;
}

/* Empty when no name begins here. */
static seep_xml_slice take_name(seep_xml_slice *rest)
{
  seep_xml_slice name = {rest->data, 0};
  if (rest->size > 0 && is_name_start(rest->data[0])) {
    while (name.size < rest->size && is_name_byte(rest->data[name.size])) {
      name.size++;
    }
  }
  advance(rest, name.size);
  return name;
}

static bool take_byte(seep_xml_slice *rest, char expected)
{
  if (rest->size == 0 || rest->data[0] != expected) {
    return false;
  }
  advance(rest, 1);
  return true;
}

static bool starts_with(seep_xml_slice slice, const char *text)
{
  size_t length = strlen(text);
  return slice.size >= length && memcmp(slice.data, text, length) == 0;
}

bool seep_xml_slice_is(seep_xml_slice slice, const char *text)
{
  return slice.size == strlen(text) && starts_with(slice, text);
}

seep_xml_slice seep_xml_slice_trimmed(seep_xml_slice slice)
{
  (void)skip_spaces(&slice);
  while (slice.size > 0 && is_space(slice.data[slice.size - 1])) {
    slice.size--;
  }
  return slice;
}

bool seep_xml_slice_number(seep_xml_slice slice, uint64_t maximum, uint64_t *value)
{
  uint64_t number = 0;
  for (size_t i = 0; i < slice.size; i++) {
    unsigned digit = (unsigned)((unsigned char)slice.data[i] - '0');
    if (digit > 9 || digit > maximum || number > (maximum - digit) / 10) {
      return false;
    }
    number = number * 10 + digit;
  }
  if (slice.size > 0) {
    *value = number;
  }
  return slice.size > 0;
}

static seep_xml_slice local_part(seep_xml_slice name)
{
  const char *colon = memchr(name.data, ':', name.size);
  if (colon != NULL) {
    advance(&name, (size_t)(colon - name.data) + 1);
  }
  return name;
}

static unsigned digit_value(char c)
{
  if (c >= '0' && c <= '9') {
    return (unsigned)(c - '0');
  }
  if (c >= 'a' && c <= 'f') {
    return (unsigned)(c - 'a') + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return (unsigned)(c - 'A') + 10;
  }
  return 16;
}

/* Behind "&#": returns the bytes up to and with ';', 0 when malformed. */
static size_t decode_number(seep_xml_slice rest, uint32_t *point)
{
  size_t at = rest.size > 0 && rest.data[0] == 'x' ? 1 : 0;
  unsigned base = at == 1 ? 16 : 10;
  size_t first = at;
  uint32_t value = 0;
  while (at < rest.size && digit_value(rest.data[at]) < base) {
    value = value > 0x10FFFF ? value : value * base + digit_value(rest.data[at]);
    at++;
  }
  if (at == first || at == rest.size || rest.data[at] != ';') {
    return 0;
  }
  *point = value == 0 || value > 0x10FFFF ? 0xFFFD : value;
  return at + 1;
}

/* At '&': returns the bytes of the whole reference, 0 when it is none we know. */
static size_t decode_reference(seep_xml_slice rest, uint32_t *point)
{
  static const struct {
    const char *text;
    char value;
  } named[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
  for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
    if (starts_with(rest, named[i].text)) {
      *point = (uint32_t)named[i].value;
      return strlen(named[i].text);
    }
  }
  if (!starts_with(rest, "&#")) {
    return 0;
  }
  advance(&rest, 2);
  size_t used = decode_number(rest, point);
  return used > 0 ? used + 2 : 0;
}

/* The first '&' that begins no valid reference, or NULL. */
static const char *bad_reference(seep_xml_slice text)
{
  const char *found;
  while (text.size > 0 && (found = memchr(text.data, '&', text.size)) != NULL) {
    uint32_t point;
    advance(&text, (size_t)(found - text.data));
    size_t used = decode_reference(text, &point);
    if (used == 0) {
      return found;
    }
    advance(&text, used);
  }
  return NULL;
}

static void write_point(seep_writer *out, uint32_t point)
{
  uint8_t units[4];
  size_t bytes = 2;
  uint32_t first = point;
  if (point >= 0x10000) {
    uint32_t second = 0xDC00 + ((point - 0x10000) & 0x3FF);
    first = 0xD800 + ((point - 0x10000) >> 10);
    units[2] = (uint8_t)(second & 0xFF);
    units[3] = (uint8_t)(second >> 8);
    bytes = 4;
  }
  units[0] = (uint8_t)(first & 0xFF);
  units[1] = (uint8_t)(first >> 8);
  char text[5];
  seep_writer_bytes(out, text, seep_text_from_utf16le(units, bytes, text, sizeof text));
}

static void write_decoded(seep_xml_slice text, seep_writer *out)
{
  while (text.size > 0) {
    const char *found = memchr(text.data, '&', text.size);
    size_t plain = found != NULL ? (size_t)(found - text.data) : text.size;
    seep_writer_bytes(out, text.data, plain);
    advance(&text, plain);
    if (text.size > 0) {
      uint32_t point = 0xFFFD;
      size_t used = decode_reference(text, &point);
      write_point(out, point);
      advance(&text, used > 0 ? used : 1);
    }
  }
}

/* One attribute from *rest, which moves on behind it, or to the offending byte. NONE before '>', '/', or the
 * end. */
static attribute_result next_attribute(seep_xml_slice *rest, seep_xml_slice *name, seep_xml_slice *value)
{
  size_t spaces = skip_spaces(rest);
  if (rest->size == 0 || rest->data[0] == '>' || rest->data[0] == '/') {
    return ATTRIBUTE_NONE;
  }
  if (spaces == 0) {
    return ATTRIBUTE_BAD;
  }
  *name = take_name(rest);
  (void)skip_spaces(rest);
  if (name->size == 0 || !take_byte(rest, '=')) {
    return ATTRIBUTE_BAD;
  }
  (void)skip_spaces(rest);
  if (rest->size == 0 || (rest->data[0] != '"' && rest->data[0] != '\'')) {
    return ATTRIBUTE_BAD;
  }
  char quote = rest->data[0];
  advance(rest, 1);
  const char *end = rest->size > 0 ? memchr(rest->data, quote, rest->size) : NULL;
  if (end == NULL) {
    return ATTRIBUTE_BAD;
  }
  *value = (seep_xml_slice){rest->data, (size_t)(end - rest->data)};
  if (memchr(value->data, '<', value->size) != NULL || bad_reference(*value) != NULL) {
    return ATTRIBUTE_BAD;
  }
  advance(rest, value->size + 1);
  return ATTRIBUTE_FOUND;
}

void seep_xml_init(seep_xml *xml, const char *data, size_t size)
{
  memset(xml, 0, sizeof *xml);
  xml->data = data != NULL ? data : "";
  xml->size = data != NULL ? size : 0;
  seep_xml_slice all = {xml->data, xml->size};
  if (starts_with(all, "\xEF\xBB\xBF")) {
    xml->position = 3;
  }
}

static seep_xml_slice what_is_left(const seep_xml *xml)
{
  seep_xml_slice rest = {xml->data + xml->position, xml->size - xml->position};
  return rest;
}

static seep_xml_token fail(seep_xml *xml, const char *where, const char *problem)
{
  xml->position = (size_t)(where - xml->data);
  xml->problem = problem;
  return SEEP_XML_ERROR;
}

static void move_to(seep_xml *xml, seep_xml_slice rest)
{
  xml->position = (size_t)(rest.data - xml->data);
}

static seep_xml_token close_element(seep_xml *xml)
{
  xml->depth--;
  xml->name = local_part(xml->open[xml->depth]);
  return SEEP_XML_CLOSE;
}

static seep_xml_token read_closing_tag(seep_xml *xml)
{
  seep_xml_slice rest = what_is_left(xml);
  const char *start = rest.data;
  advance(&rest, 2);
  seep_xml_slice name = take_name(&rest);
  (void)skip_spaces(&rest);
  if (name.size == 0 || !take_byte(&rest, '>')) {
    return fail(xml, rest.data, "closing tag is cut or malformed");
  }
  seep_xml_slice expected = xml->depth > 0 ? xml->open[xml->depth - 1] : (seep_xml_slice){"", 0};
  if (name.size != expected.size || memcmp(name.data, expected.data, name.size) != 0) {
    return fail(xml, start, "closing tag does not match the open element");
  }
  move_to(xml, rest);
  return close_element(xml);
}

static seep_xml_token read_opening_tag(seep_xml *xml)
{
  seep_xml_slice rest = what_is_left(xml);
  if (xml->depth == 0 && xml->root_seen) {
    return fail(xml, rest.data, "more than one root element");
  }
  if (xml->depth == SEEP_XML_MAXIMUM_DEPTH) {
    return fail(xml, rest.data, "elements nest too deep");
  }
  advance(&rest, 1);
  seep_xml_slice name = take_name(&rest);
  seep_xml_slice attribute, value;
  xml->attributes.data = rest.data;
  attribute_result result = name.size > 0 ? ATTRIBUTE_FOUND : ATTRIBUTE_BAD;
  while (result == ATTRIBUTE_FOUND) {
    result = next_attribute(&rest, &attribute, &value);
  }
  xml->attributes.size = (size_t)(rest.data - xml->attributes.data);
  if (result == ATTRIBUTE_BAD) {
    return fail(xml, rest.data, "tag is cut or malformed");
  }
  xml->close_is_due = take_byte(&rest, '/');
  if (!take_byte(&rest, '>')) {
    return fail(xml, rest.data, "tag is cut or malformed");
  }
  xml->open[xml->depth++] = name;
  xml->name = local_part(name);
  xml->root_seen = true;
  move_to(xml, rest);
  return SEEP_XML_OPEN;
}

/* Moves behind the terminator of a construct that begins here with `opening` bytes; *inside is what lies
 * between. */
static bool skip_construct(seep_xml *xml, size_t opening, const char *terminator, seep_xml_slice *inside)
{
  seep_xml_slice rest = what_is_left(xml);
  advance(&rest, opening);
  inside->data = rest.data;
  while (rest.size > 0 && !starts_with(rest, terminator)) {
    const char *candidate = memchr(rest.data + 1, terminator[0], rest.size - 1);
    advance(&rest, candidate != NULL ? (size_t)(candidate - rest.data) : rest.size);
  }
  inside->size = (size_t)(rest.data - inside->data);
  if (rest.size == 0) {
    (void)fail(xml, rest.data, "comment, CDATA or instruction is cut");
    return false;
  }
  advance(&rest, strlen(terminator));
  move_to(xml, rest);
  return true;
}

/* Text up to the next tag; white space outside the root was skipped before. */
static seep_xml_token read_text(seep_xml *xml)
{
  seep_xml_slice text = what_is_left(xml);
  if (xml->depth == 0) {
    return fail(xml, text.data, "text outside the root element");
  }
  const char *tag = memchr(text.data, '<', text.size);
  if (tag != NULL) {
    text.size = (size_t)(tag - text.data);
  }
  const char *bad = bad_reference(text);
  if (bad != NULL) {
    return fail(xml, bad, "unknown or malformed entity");
  }
  xml->text = text;
  xml->text_is_literal = false;
  xml->position += text.size;
  return SEEP_XML_TEXT;
}

static seep_xml_token read_cdata(seep_xml *xml)
{
  if (xml->depth == 0) {
    return fail(xml, xml->data + xml->position, "text outside the root element");
  }
  xml->text_is_literal = true;
  return skip_construct(xml, strlen("<![CDATA["), "]]>", &xml->text) ? SEEP_XML_TEXT : SEEP_XML_ERROR;
}

/* Skips comments, instructions and white space outside the root: all that no caller wants to see. */
static bool skip_unseen(seep_xml *xml)
{
  for (;;) {
    seep_xml_slice rest = what_is_left(xml);
    seep_xml_slice inside;
    bool ok = true;
    if (starts_with(rest, "<!--")) {
      ok = skip_construct(xml, 4, "-->", &inside);
    } else if (starts_with(rest, "<?")) {
      ok = skip_construct(xml, 2, "?>", &inside);
    } else if (xml->depth == 0 && rest.size > 0 && is_space(rest.data[0])) {
      (void)skip_spaces(&rest);
      move_to(xml, rest);
    } else {
      return true;
    }
    if (!ok) {
      return false;
    }
  }
}

seep_xml_token seep_xml_next(seep_xml *xml)
{
  if (xml->problem != NULL) {
    return SEEP_XML_ERROR;
  }
  if (xml->close_is_due) {
    xml->close_is_due = false;
    return close_element(xml);
  }
  if (!skip_unseen(xml)) {
    return SEEP_XML_ERROR;
  }
  seep_xml_slice rest = what_is_left(xml);
  if (rest.size == 0) {
    bool complete = xml->depth == 0 && xml->root_seen;
    return complete ? SEEP_XML_END
                    : fail(xml, rest.data, xml->root_seen ? "input ends inside an element" : "no element");
  }
  if (rest.data[0] != '<') {
    return read_text(xml);
  }
  if (starts_with(rest, "</")) {
    return read_closing_tag(xml);
  }
  if (starts_with(rest, "<![CDATA[")) {
    return read_cdata(xml);
  }
  if (starts_with(rest, "<!")) {
    return fail(xml, rest.data, "document types are not read");
  }
  return read_opening_tag(xml);
}

void seep_xml_write_text(const seep_xml *xml, seep_writer *out)
{
  if (xml->text_is_literal) {
    seep_writer_bytes(out, xml->text.data, xml->text.size);
  } else {
    write_decoded(xml->text, out);
  }
}

bool seep_xml_write_attribute(const seep_xml *xml, const char *name, seep_writer *out)
{
  seep_xml_slice rest = xml->attributes;
  seep_xml_slice found, value;
  while (next_attribute(&rest, &found, &value) == ATTRIBUTE_FOUND) {
    if (seep_xml_slice_is(found, name)) {
      write_decoded(value, out);
      return true;
    }
  }
  return false;
}
