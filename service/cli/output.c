#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* ---- text ---- */

const char *seep_output_presentable(const char *text, bool for_terminal, char *out, size_t out_size)
{
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  size_t left = strlen(text);
  while (left > 0) {
    uint32_t point = 0;
    size_t length = seep_text_character(text, left, &point);
    bool surrogate = point >= 0xD800 && point < 0xE000;
    bool good = length > 0 && !surrogate && !(for_terminal && seep_text_is_control(point));
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

bool seep_output_add_u64_if(cJSON *object, const char *key, bool known, uint64_t value)
{
  return known ? seep_output_add_u64(object, key, value) : cJSON_AddNullToObject(object, key) != NULL;
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

cJSON *seep_output_append_object(cJSON *array)
{
  cJSON *object = cJSON_CreateObject();
  if (object != NULL && !cJSON_AddItemToArray(array, object)) {
    cJSON_Delete(object);
    object = NULL;
  }
  return object;
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
