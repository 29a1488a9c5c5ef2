#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* ---- text ---- */

/* Length of the well-formed character at `text`, 0 when it is none; surrogates are not well-formed UTF-8. */
static size_t character_length(const char *text, size_t left)
{
  unsigned char first = (unsigned char)text[0];
  size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (length > left || seep_text_valid_prefix(text, length) != length) {
    return 0;
  }
  return first == 0xED && (unsigned char)text[1] >= 0xA0 ? 0 : length;
}

/* Control characters, line separators and direction marks, with which one name can pose as another: the same
 * as report/page.c takes out. text is a well-formed character. */
static bool acts_on_a_terminal(const char *text)
{
  const unsigned char *bytes = (const unsigned char *)text;
  bool control = bytes[0] < 0x20 || bytes[0] == 0x7F || (bytes[0] == 0xC2 && bytes[1] < 0xA0);
  bool mark = (bytes[0] == 0xD8 && bytes[1] == 0x9C) ||
              (bytes[0] == 0xE2 && bytes[1] == 0x80 && (bytes[2] == 0x8E || bytes[2] == 0x8F));
  bool embedding = bytes[0] == 0xE2 && bytes[1] == 0x80 && bytes[2] >= 0xA8 && bytes[2] <= 0xAE;
  bool isolate = bytes[0] == 0xE2 && bytes[1] == 0x81 && bytes[2] >= 0xA6 && bytes[2] <= 0xA9;
  return control || mark || embedding || isolate;
}

const char *seep_output_presentable(const char *text, bool for_terminal, char *out, size_t out_size)
{
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  size_t left = strlen(text);
  while (left > 0) {
    size_t length = character_length(text, left);
    bool good = length > 0 && !(for_terminal && acts_on_a_terminal(text));
    seep_writer_bytes(&writer, good ? text : "\xEF\xBF\xBD", good ? length : 3);
    length = length > 0 ? length : 1;
    text += length;
    left -= length;
  }
  return out;
}

const char *seep_output_seconds(int64_t ms, char *out, size_t out_size)
{
  uint64_t size = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
  snprintf(out, out_size, "%s%" PRIu64 ".%03u", ms < 0 ? "-" : "", size / 1000, (unsigned)(size % 1000));
  return out;
}

const char *seep_output_minute(seep_wall wall, char *out, size_t out_size)
{
  char text[SEEP_WALL_TEXT_SIZE];
  seep_wall_text(wall, text, sizeof text);
  snprintf(out, out_size, "%.10s %.5s", text, text + 11);
  return out;
}

/* ---- CSV ---- */

void seep_output_csv_field(const char *text)
{
  if (strpbrk(text, ",\"\r\n") == NULL && text[0] != ' ' && text[0] != '\0' &&
      text[strlen(text) - 1] != ' ') {
    fputs(text, stdout);
    return;
  }
  putchar('"');
  for (; *text != '\0'; text++) {
    if (*text == '"') {
      putchar('"');
    }
    putchar(*text);
  }
  putchar('"');
}

void seep_output_csv_record(const cJSON *object)
{
  for (const cJSON *member = object->child; member != NULL; member = member->next) {
    char number[64];
    if (cJSON_IsString(member) || cJSON_IsRaw(member)) {
      seep_output_csv_field(member->valuestring);
    } else if (cJSON_IsNumber(member) &&
               cJSON_PrintPreallocated((cJSON *)member, number, sizeof number, false)) {
      fputs(number, stdout);
    }
    putchar(member->next != NULL ? ',' : '\n');
  }
}

/* ---- JSON ---- */

bool seep_output_add_text(cJSON *object, const char *key, const char *text)
{
  char clean[SEEP_OUTPUT_NAME_SIZE];
  return cJSON_AddStringToObject(object, key, seep_output_presentable(text, false, clean, sizeof clean)) !=
         NULL;
}

bool seep_output_add_text_or_null(cJSON *object, const char *key, const char *text)
{
  return text[0] != '\0' ? seep_output_add_text(object, key, text)
                         : cJSON_AddNullToObject(object, key) != NULL;
}

bool seep_output_add_u64(cJSON *object, const char *key, uint64_t value)
{
  char digits[24];
  snprintf(digits, sizeof digits, "%" PRIu64, value);
  return cJSON_AddRawToObject(object, key, digits) != NULL;
}

bool seep_output_add_seconds(cJSON *object, const char *key, int64_t ms)
{
  char text[SEEP_OUTPUT_SECONDS_SIZE];
  return cJSON_AddRawToObject(object, key, seep_output_seconds(ms, text, sizeof text)) != NULL;
}

bool seep_output_add_wall_or_null(cJSON *object, const char *key, seep_wall wall)
{
  char text[SEEP_WALL_TEXT_SIZE];
  return wall.ms != 0 ? cJSON_AddStringToObject(object, key, seep_wall_text(wall, text, sizeof text)) != NULL
                      : cJSON_AddNullToObject(object, key) != NULL;
}

bool seep_output_add_process(cJSON *object, seep_process_key key, const char *image)
{
  return seep_output_add_text(object, "process", image) && seep_output_add_u64(object, "pid", key.pid) &&
         seep_output_add_wall_or_null(
             object, "created", key.created != 0 ? seep_wall_from_filetime(key.created) : (seep_wall){0});
}

bool seep_output_json(const cJSON *object)
{
  char *text = object != NULL ? cJSON_PrintUnformatted(object) : NULL;
  if (text == NULL) {
    return false;
  }
  fputs(text, stdout);
  cJSON_free(text);
  return true;
}
