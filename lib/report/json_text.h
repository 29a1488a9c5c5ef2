/*
 * JSON documents of this room, written member by member with the bounded writer: one member a line, two
 * spaces a level. Texts come from processes and settings: whatever is in them, what comes out is well-formed
 * UTF-8 and nothing in it acts on a terminal. What is not known is null.
 */
#ifndef SEEP_REPORT_JSON_TEXT_H
#define SEEP_REPORT_JSON_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/text.h"

typedef struct seep_json_text {
  seep_writer *writer;
  unsigned depth;
  bool no_halves; /* half of a surrogate pair becomes U+FFFD, for readers that refuse a document with one */
} seep_json_text;

/* key NULL: the document itself, or an element of an array. */
void seep_json_text_open_object(seep_json_text *json, const char *key);
void seep_json_text_close_object(seep_json_text *json);
void seep_json_text_open_array(seep_json_text *json, const char *key);
void seep_json_text_close_array(seep_json_text *json);

void seep_json_text_add_null(seep_json_text *json, const char *key);

/* NULL and "" are null. Malformed bytes become U+FFFD; half of a surrogate pair keeps its number unless
 * no_halves, so that a name can be told from another one. */
void seep_json_text_add(seep_json_text *json, const char *key, const char *text);

void seep_json_text_add_u64(seep_json_text *json, const char *key, bool known, uint64_t value);
void seep_json_text_add_i64(seep_json_text *json, const char *key, bool known, int64_t value);
void seep_json_text_add_real(seep_json_text *json, const char *key, bool known, double value);
void seep_json_text_add_flag(seep_json_text *json, const char *key, bool known, bool value);
void seep_json_text_add_wall(seep_json_text *json, const char *key, bool known, seep_wall wall);

#endif
