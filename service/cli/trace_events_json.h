/* A census of a trace as JSON. Its keys are those of other readers' censuses, so that two can be laid side by
 * side. */
#ifndef SEEP_CLI_TRACE_EVENTS_JSON_H
#define SEEP_CLI_TRACE_EVENTS_JSON_H

#include <stdint.h>

#include <cjson/cJSON.h>

#include "trace/census.h"

typedef struct seep_trace_events_file {
  uint64_t size_bytes;
  const char *sha256;
  unsigned payload_pointer_bits; /* 0: nobody insisted */
} seep_trace_events_file;

/* NULL when out of memory; the caller deletes it. */
cJSON *seep_trace_events_json(const seep_trace_census *census, const seep_trace_events_file *file);

/* The i-th thing that the census is not sure of or has left out; NULL behind the last. */
const char *seep_trace_events_warning(const seep_trace_census *census, size_t index);

#endif
