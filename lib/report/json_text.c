#include "report/json_text.h"

#include <float.h>
#include <inttypes.h>
#include <string.h>

/* ---- structure ---- */

static char last_written(const seep_json_text *json)
{
  return json->writer->length > 0 ? json->writer->data[json->writer->length - 1] : '\0';
}

static void begin_line(seep_json_text *json)
{
  seep_writer_text(json->writer, "\n");
  for (unsigned i = 0; i < json->depth; i++) {
    seep_writer_text(json->writer, "  ");
  }
}

/* No value ends in an opening bracket: texts end in their quote. */
static void begin_value(seep_json_text *json, const char *key)
{
  if (json->depth > 0) {
    bool first = last_written(json) == '{' || last_written(json) == '[';
    seep_writer_text(json->writer, first ? "" : ",");
    begin_line(json);
  }
  if (key != NULL) {
    seep_writer_format(json->writer, "\"%s\": ", key);
  }
}

static void open_with(seep_json_text *json, const char *key, const char *bracket)
{
  begin_value(json, key);
  seep_writer_text(json->writer, bracket);
  json->depth++;
}

static void close_with(seep_json_text *json, const char *bracket)
{
  bool empty = last_written(json) == '{' || last_written(json) == '[';
  json->depth--;
  if (!empty) {
    begin_line(json);
  }
  seep_writer_text(json->writer, bracket);
}

void seep_json_text_open_object(seep_json_text *json, const char *key)
{
  open_with(json, key, "{");
}

void seep_json_text_close_object(seep_json_text *json)
{
  close_with(json, "}");
}

void seep_json_text_open_array(seep_json_text *json, const char *key)
{
  open_with(json, key, "[");
}

void seep_json_text_close_array(seep_json_text *json)
{
  close_with(json, "]");
}

/* ---- values ---- */

static void write_quoted(seep_writer *writer, const char *text, bool no_halves)
{
  seep_writer_text(writer, "\"");
  size_t left = strlen(text);
  while (left > 0) {
    seep_text_shown shown = seep_text_show(text, left);
    bool half = seep_text_is_surrogate(shown.point) && !no_halves;
    if (shown.point == '"' || shown.point == '\\') {
      seep_writer_format(writer, "\\%c", (int)shown.point);
    } else if (half || seep_text_is_control(shown.point)) {
      seep_writer_format(writer, "\\u%04" PRIx32, shown.point);
    } else {
      seep_writer_bytes(writer, shown.bytes, shown.size);
    }
    text += shown.used;
    left -= shown.used;
  }
  seep_writer_text(writer, "\"");
}

void seep_json_text_add_null(seep_json_text *json, const char *key)
{
  begin_value(json, key);
  seep_writer_text(json->writer, "null");
}

void seep_json_text_add(seep_json_text *json, const char *key, const char *text)
{
  if (text == NULL || text[0] == '\0') {
    seep_json_text_add_null(json, key);
    return;
  }
  begin_value(json, key);
  write_quoted(json->writer, text, json->no_halves);
}

void seep_json_text_add_u64(seep_json_text *json, const char *key, bool known, uint64_t value)
{
  if (!known) {
    seep_json_text_add_null(json, key);
    return;
  }
  begin_value(json, key);
  seep_writer_u64(json->writer, value);
}

void seep_json_text_add_i64(seep_json_text *json, const char *key, bool known, int64_t value)
{
  if (!known) {
    seep_json_text_add_null(json, key);
    return;
  }
  begin_value(json, key);
  seep_writer_i64(json->writer, value);
}

void seep_json_text_add_real(seep_json_text *json, const char *key, bool known, double value)
{
  if (!known || !(value >= -DBL_MAX && value <= DBL_MAX)) { /* JSON has neither NaN nor infinity */
    seep_json_text_add_null(json, key);
    return;
  }
  begin_value(json, key);
  seep_writer_format(json->writer, "%.17g", value);
}

void seep_json_text_add_flag(seep_json_text *json, const char *key, bool known, bool value)
{
  begin_value(json, key);
  seep_writer_text(json->writer, !known ? "null" : value ? "true" : "false");
}

void seep_json_text_add_wall(seep_json_text *json, const char *key, bool known, seep_wall wall)
{
  char text[SEEP_WALL_TEXT_SIZE];
  seep_json_text_add(json, key, known ? seep_wall_text(wall, text, sizeof text) : NULL);
}
