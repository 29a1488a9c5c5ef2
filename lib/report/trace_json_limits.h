/* How much of an answer its document holds. Private: of trace_json.c. */
#ifndef SEEP_REPORT_TRACE_JSON_LIMITS_H
#define SEEP_REPORT_TRACE_JSON_LIMITS_H

#include <stddef.h>

#include "report/trace_json.h"

#define SEEP_TRACE_JSON_TEXT 4096u /* of one text at most, terminated */

typedef struct seep_trace_json_limits {
  size_t stacks;  /* of each view */
  size_t frames;  /* of each stack */
  size_t modules; /* and of their symbols */
  size_t text;    /* bytes of one, as they stand in the document */
} seep_trace_json_limits;

seep_trace_json_limits seep_trace_json_limits_of(const seep_trace_json_options *options);

/* How many bytes of the text to take, so that it is no longer than `most` when it is escaped. */
size_t seep_trace_json_limits_cut(const char *text, size_t most);

#endif
