#include "settings/locate.h"

#include <stdint.h>
#include <string.h>

/* Longer numbers are nobody's setting, and cJSON cuts at 63 characters. */
#define NUMBER_CHARACTERS 32

enum {
  EXPECT_VALUE = 0,
  EXPECT_FIRST_KEY,
  EXPECT_KEY,
  EXPECT_FIRST_ELEMENT,
  EXPECT_ELEMENT,
  EXPECT_AFTER,
  EXPECT_NOTHING
};

static const char too_short[] = "the text ends too early: a closing bracket, brace or quote is missing";

void seep_locate_init(seep_locate *locate, const char *json, size_t size)
{
  memset(locate, 0, sizeof *locate);
  locate->json = json;
  locate->size = size;
  locate->line = 1;
  locate->token_line = 1;
  locate->expect = EXPECT_VALUE;
}

unsigned seep_locate_line_of(const char *json, size_t size, size_t offset)
{
  unsigned line = 1;
  for (size_t i = 0; i < size && i < offset; i++) {
    line += json[i] == '\n';
  }
  return line;
}

/* The character at position; 0 at the end (the text itself has no NUL). */
static char peek(const seep_locate *locate)
{
  return locate->position < locate->size ? locate->json[locate->position] : '\0';
}

static void skip_space(seep_locate *locate)
{
  for (char c = peek(locate); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(locate)) {
    locate->line += c == '\n';
    locate->position++;
  }
}

static bool fault(seep_locate *locate, const char *reason)
{
  locate->token_line = locate->line;
  locate->reason = locate->position < locate->size ? reason : too_short;
  return false;
}

static bool limit(seep_locate *locate, const char *reason)
{
  locate->token_line = locate->line;
  locate->reason = reason;
  locate->limited = true;
  return false;
}

/* Four hexadecimal digits at position, which moves behind them; -1 when they are not there. */
static int32_t read_hex(seep_locate *locate)
{
  int32_t value = 0;
  for (int i = 0; i < 4; i++) {
    char c = peek(locate);
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (digit < 0) {
      return -1;
    }
    value = value * 16 + digit;
    locate->position++;
  }
  return value;
}

/* Behind the backslash. Half of a surrogate pair is refused as cJSON does it, NUL because cJSON would end the
 * text. */
static bool read_escape(seep_locate *locate)
{
  static const char simple[] = "\"\\/bfnrt";
  char c = peek(locate);
  if (c != '\0' && strchr(simple, c) != NULL) {
    locate->position++;
    return true;
  }
  if (c != 'u') {
    return fault(locate, "an unknown escape in a text: a backslash itself is written \\\\");
  }
  locate->position++;
  int32_t first = read_hex(locate);
  if (first < 0) {
    return fault(locate, "\\u in a text needs four hexadecimal digits");
  }
  if (first == 0) {
    return fault(locate, "\\u0000 can not be part of a text");
  }
  if (first < 0xD800 || first > 0xDFFF) {
    return true;
  }
  bool pair = first < 0xDC00 && locate->size - locate->position >= 6 &&
              memcmp(locate->json + locate->position, "\\u", 2) == 0;
  if (pair) {
    locate->position += 2;
    int32_t second = read_hex(locate);
    pair = second >= 0xDC00 && second <= 0xDFFF;
  }
  return pair || fault(locate, "half of a surrogate pair in a text");
}

/* A text in double quotes; position is at the opening one. */
static bool read_text(seep_locate *locate)
{
  locate->position++;
  for (;;) {
    char c = peek(locate);
    if (c == '"') {
      locate->position++;
      return true;
    }
    if ((unsigned char)c < 0x20) {
      return fault(locate, "a line end, tab or control character inside a text: is a closing quote missing?");
    }
    locate->position++;
    if (c == '\\' && !read_escape(locate)) {
      return false;
    }
  }
}

static size_t skip_digits(seep_locate *locate)
{
  size_t from = locate->position;
  while (peek(locate) >= '0' && peek(locate) <= '9') {
    locate->position++;
  }
  return locate->position - from;
}

/* Two exponent digits are enough, and keep every number far from infinity and from the end of the small ones.
 */
static bool read_number(seep_locate *locate)
{
  size_t from = locate->position;
  locate->position += peek(locate) == '-';
  bool leading_zero = peek(locate) == '0';
  size_t digits = skip_digits(locate);
  bool ok = digits > 0 && !(leading_zero && digits > 1);
  if (ok && peek(locate) == '.') {
    locate->position++;
    ok = skip_digits(locate) > 0;
  }
  if (ok && (peek(locate) == 'e' || peek(locate) == 'E')) {
    locate->position++;
    locate->position += peek(locate) == '-' || peek(locate) == '+';
    digits = skip_digits(locate);
    ok = digits > 0 && digits <= 2;
  }
  if (!ok || locate->position - from > NUMBER_CHARACTERS) {
    return fault(locate, "not a number as JSON writes it, or one of absurd length");
  }
  return true;
}

static bool read_word(seep_locate *locate)
{
  static const char *const words[] = {"true", "false", "null"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    size_t length = strlen(words[i]);
    if (locate->size - locate->position >= length &&
        memcmp(locate->json + locate->position, words[i], length) == 0) {
      locate->position += length;
      return true;
    }
  }
  return fault(
      locate,
      "a value is expected here: a number, true, false, a text in double quotes, a list or an object");
}

static bool open_container(seep_locate *locate, bool list)
{
  if (locate->depth == SEEP_LOCATE_DEPTH) {
    return limit(locate, "lists and objects nested too deep");
  }
  locate->position++;
  locate->in_list[locate->depth++] = list;
  locate->expect = list ? EXPECT_FIRST_ELEMENT : EXPECT_FIRST_KEY;
  return true;
}

static bool read_value(seep_locate *locate)
{
  char c = peek(locate);
  if (c == '{' || c == '[') {
    return open_container(locate, c == '[');
  }
  locate->expect = EXPECT_AFTER;
  if (c == '"') {
    return read_text(locate);
  }
  if (c == '-' || (c >= '0' && c <= '9')) {
    return read_number(locate);
  }
  if (c == ']' || c == '}') {
    return fault(locate,
                 "a value is missing before this bracket, or a comma stands before it that is one too many");
  }
  return read_word(locate);
}

static bool read_key(seep_locate *locate)
{
  if (peek(locate) == '}') {
    return fault(locate, "there is a comma too many before this closing brace");
  }
  if (peek(locate) != '"') {
    return fault(locate, "a key in double quotes is expected here");
  }
  if (!read_text(locate)) {
    return false;
  }
  skip_space(locate);
  if (peek(locate) != ':') {
    return fault(locate, "a colon is expected after the key");
  }
  locate->position++;
  locate->expect = EXPECT_VALUE;
  return true;
}

static void close_container(seep_locate *locate)
{
  locate->position++;
  locate->depth--;
  locate->expect = EXPECT_AFTER;
}

/* Behind a value: a comma, the end of what it stands in, or the end of all. */
static bool read_after(seep_locate *locate)
{
  if (locate->depth == 0) {
    if (locate->position < locate->size) {
      return fault(locate, "there is more text behind the closing brace");
    }
    locate->expect = EXPECT_NOTHING;
    return true;
  }
  bool list = locate->in_list[locate->depth - 1];
  char c = peek(locate);
  if (c == ',') {
    locate->position++;
    locate->expect = list ? EXPECT_ELEMENT : EXPECT_KEY;
    return true;
  }
  if (c != (list ? ']' : '}')) {
    return fault(locate, "a comma is missing before this, or a bracket does not match");
  }
  close_container(locate);
  return true;
}

static seep_locate_token give(seep_locate *locate, seep_locate_token token, unsigned line)
{
  if (++locate->values > SEEP_LOCATE_VALUES) {
    limit(locate, "more keys and values than any configuration has");
    return SEEP_LOCATE_LIMIT;
  }
  locate->token_line = line;
  return token;
}

static bool at_empty_end(const seep_locate *locate)
{
  return (locate->expect == EXPECT_FIRST_KEY && peek(locate) == '}') ||
         (locate->expect == EXPECT_FIRST_ELEMENT && peek(locate) == ']');
}

seep_locate_token seep_locate_next(seep_locate *locate)
{
  while (locate->reason == NULL && locate->expect != EXPECT_NOTHING) {
    skip_space(locate);
    unsigned line = locate->line;
    if (peek(locate) == '/' || peek(locate) == '#') {
      fault(locate, "JSON has no comments of this form: write \"$comment\": \"...\"");
    } else if (at_empty_end(locate)) {
      close_container(locate);
    } else if (locate->expect == EXPECT_KEY || locate->expect == EXPECT_FIRST_KEY) {
      if (read_key(locate)) {
        return give(locate, SEEP_LOCATE_KEY, line);
      }
    } else if (locate->expect == EXPECT_ELEMENT || locate->expect == EXPECT_FIRST_ELEMENT) {
      locate->expect = EXPECT_VALUE;
      return give(locate, SEEP_LOCATE_ELEMENT, line);
    } else if (locate->expect == EXPECT_VALUE) {
      read_value(locate);
    } else {
      read_after(locate);
    }
  }
  if (locate->reason == NULL) {
    return SEEP_LOCATE_END;
  }
  return locate->limited ? SEEP_LOCATE_LIMIT : SEEP_LOCATE_FAULT;
}
