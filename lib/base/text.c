#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT UINT32_C(0xFFFD)

/* Encodes one code point (surrogates included) into at most 4 bytes; returns their number. */
static size_t encode_utf8(uint32_t point, char out[4])
{
  if (point < 0x80) {
    out[0] = (char)point;
    return 1;
  }
  if (point < 0x800) {
    out[0] = (char)(0xC0 | (point >> 6));
    out[1] = (char)(0x80 | (point & 0x3F));
    return 2;
  }
  if (point < 0x10000) {
    out[0] = (char)(0xE0 | (point >> 12));
    out[1] = (char)(0x80 | ((point >> 6) & 0x3F));
    out[2] = (char)(0x80 | (point & 0x3F));
    return 3;
  }
  out[0] = (char)(0xF0 | (point >> 18));
  out[1] = (char)(0x80 | ((point >> 12) & 0x3F));
  out[2] = (char)(0x80 | ((point >> 6) & 0x3F));
  out[3] = (char)(0x80 | (point & 0x3F));
  return 4;
}

/* Decodes one code point; returns the bytes used, 0 when the bytes are malformed. Accepts encoded surrogates
 * (WTF-8), refuses overlong forms and anything beyond U+10FFFF. */
static size_t decode_utf8(const char *text, size_t left, uint32_t *point)
{
  static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
  unsigned char first = (unsigned char)text[0];
  size_t count = first < 0x80             ? 1
                 : (first & 0xE0) == 0xC0 ? 2
                 : (first & 0xF0) == 0xE0 ? 3
                 : (first & 0xF8) == 0xF0 ? 4
                                          : 0;
  if (count == 0 || count > left) {
    return 0;
  }
  if (count == 1) {
    *point = first;
    return 1;
  }
  uint32_t value = first & (0xFFu >> (count + 1));
  for (size_t i = 1; i < count; i++) {
    unsigned char next = (unsigned char)text[i];
    if ((next & 0xC0) != 0x80) {
      return 0;
    }
    value = (value << 6) | (next & 0x3Fu);
  }
  if (value < smallest[count] || value > 0x10FFFF) {
    return 0;
  }
  *point = value;
  return count;
}

size_t seep_text_copy_bytes(char *out, size_t out_size, const char *source, size_t source_bytes)
{
  size_t count = source_bytes;
  if (out_size == 0) {
    return 0;
  }
  if (count > out_size - 1) {
    count = out_size - 1;
    while (count > 0 && ((unsigned char)source[count] & 0xC0) == 0x80) {
      count--;
    }
  }
  if (count > 0) {
    memcpy(out, source, count);
  }
  out[count] = '\0';
  return count;
}

size_t seep_text_copy(char *out, size_t out_size, const char *source)
{
  return seep_text_copy_bytes(out, out_size, source, strlen(source));
}

size_t seep_text_from_utf16le(const uint8_t *source, size_t source_bytes, char *out, size_t out_size)
{
  size_t units = source_bytes / 2;
  size_t needed = 0;
  size_t written = 0;
  for (size_t i = 0; i < units; i++) {
    uint32_t point = (uint32_t)source[2 * i] | (uint32_t)source[2 * i + 1] << 8;
    if (point >= 0xD800 && point < 0xDC00 && i + 1 < units) {
      uint32_t low = (uint32_t)source[2 * i + 2] | (uint32_t)source[2 * i + 3] << 8;
      if (low >= 0xDC00 && low < 0xE000) {
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
        i++;
      }
    }
    char bytes[4];
    size_t count = encode_utf8(point, bytes);
    if (written == needed && out_size > needed + count) {
      memcpy(out + needed, bytes, count);
      written += count;
    }
    needed += count;
  }
  if (out_size > 0) {
    out[written] = '\0';
  }
  return needed;
}

size_t seep_text_to_utf16(const char *source, size_t source_bytes, uint16_t *out, size_t out_units)
{
  size_t needed = 0;
  size_t written = 0;
  for (size_t i = 0; i < source_bytes;) {
    uint32_t point = REPLACEMENT;
    size_t used = decode_utf8(source + i, source_bytes - i, &point);
    i += used > 0 ? used : 1;
    if (used == 0) {
      point = REPLACEMENT;
    }
    uint16_t units[2] = {(uint16_t)point, 0};
    size_t count = 1;
    if (point >= 0x10000) {
      units[0] = (uint16_t)(0xD800 + ((point - 0x10000) >> 10));
      units[1] = (uint16_t)(0xDC00 + ((point - 0x10000) & 0x3FF));
      count = 2;
    }
    if (written == needed && out_units > needed + count) {
      memcpy(out + needed, units, count * sizeof units[0]);
      written += count;
    }
    needed += count;
  }
  if (out_units > 0) {
    out[written] = 0;
  }
  return needed;
}

static char fold(char c)
{
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool seep_text_equal_ignoring_case(const char *a, const char *b)
{
  while (*a != '\0' && fold(*a) == fold(*b)) {
    a++;
    b++;
  }
  return fold(*a) == fold(*b);
}

size_t seep_text_valid_prefix(const char *text, size_t size)
{
  size_t at = 0;
  while (at < size) {
    uint32_t point;
    size_t used = decode_utf8(text + at, size - at, &point);
    if (used == 0) {
      break;
    }
    at += used;
  }
  return at;
}

size_t seep_text_character(const char *text, size_t left, uint32_t *point)
{
  const unsigned char *bytes = (const unsigned char *)text;
  size_t count = bytes[0] < 0x80 ? 1 : bytes[0] < 0xE0 ? 2 : bytes[0] < 0xF0 ? 3 : 4;
  if (count > left || seep_text_valid_prefix(text, count) != count) {
    return 0;
  }
  uint32_t value = count == 1 ? bytes[0] : bytes[0] & (0xFFu >> (count + 1));
  for (size_t i = 1; i < count; i++) {
    value = (value << 6) | (bytes[i] & 0x3Fu);
  }
  *point = value;
  return count;
}

bool seep_text_is_control(uint32_t point)
{
  bool control = point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x2028 || point == 0x2029;
  bool direction = point == 0x061C || point == 0x200E || point == 0x200F ||
                   (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
  return control || direction;
}

bool seep_text_is_surrogate(uint32_t point)
{
  return point >= 0xD800 && point < 0xE000;
}

seep_text_shown seep_text_show(const char *text, size_t left)
{
  seep_text_shown shown = {.point = REPLACEMENT, .bytes = "\xEF\xBF\xBD", .size = 3};
  size_t length = seep_text_character(text, left, &shown.point);
  shown.used = length > 0 ? length : 1;
  if (length > 0 && !seep_text_is_surrogate(shown.point) && !seep_text_is_control(shown.point)) {
    shown.bytes = text;
    shown.size = length;
  }
  return shown;
}

void seep_writer_init(seep_writer *writer, char *data, size_t size)
{
  writer->data = data;
  writer->size = size;
  writer->length = 0;
  writer->cut = size == 0;
  if (size > 0) {
    data[0] = '\0';
  }
}

void seep_writer_bytes(seep_writer *writer, const char *text, size_t length)
{
  if (writer->cut) {
    return;
  }
  size_t written =
      seep_text_copy_bytes(writer->data + writer->length, writer->size - writer->length, text, length);
  writer->length += written;
  writer->cut = written < length;
}

void seep_writer_text(seep_writer *writer, const char *text)
{
  seep_writer_bytes(writer, text, strlen(text));
}

/* Length without a last character whose bytes are not all there. */
static size_t whole_characters(const char *text, size_t size)
{
  size_t lead = size;
  while (lead > 0 && size - lead < 3 && ((unsigned char)text[lead - 1] & 0xC0) == 0x80) {
    lead--;
  }
  if (lead == 0) {
    return size;
  }
  lead--;
  unsigned char first = (unsigned char)text[lead];
  size_t count = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  return count > size - lead ? lead : size;
}

void seep_writer_format(seep_writer *writer, const char *format, ...)
{
  if (writer->cut) {
    return;
  }
  char *end = writer->data + writer->length;
  size_t room = writer->size - writer->length;
  va_list arguments;
  va_start(arguments, format);
  int needed = vsnprintf(end, room, format, arguments);
  va_end(arguments);
  size_t written = needed > 0 ? (size_t)needed : 0;
  if (needed < 0 || written >= room) {
    writer->cut = true;
    written = needed < 0 ? 0 : whole_characters(end, room - 1);
    end[written] = '\0';
  }
  writer->length += written;
}

void seep_writer_shown(seep_writer *writer, const char *text)
{
  size_t left = strlen(text);
  while (left > 0) {
    seep_text_shown shown = seep_text_show(text, left);
    seep_writer_bytes(writer, shown.bytes, shown.size);
    text += shown.used;
    left -= shown.used;
  }
}

void seep_writer_u64(seep_writer *writer, uint64_t value)
{
  seep_writer_format(writer, "%" PRIu64, value);
}

void seep_writer_i64(seep_writer *writer, int64_t value)
{
  seep_writer_format(writer, "%" PRId64, value);
}
