/* A record around a payload that a test puts together field by field. */
#ifndef TEST_TRACE_PAYLOAD_RIG_H
#define TEST_TRACE_PAYLOAD_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/payload.h"

/* A payload of exactly as many bytes as were written, so that a read past its end is seen. */
typedef struct payload {
  uint8_t *bytes; /* owned */
  size_t size;
  seep_trace_record record;
} payload;

/* A kernel record without a payload yet; payload_rig_done releases it. */
payload payload_rig_kernel(uint16_t hook, uint8_t version, unsigned pointer_bytes);

void payload_rig_add_bytes(payload *made, const void *bytes, size_t size);

/* So many bytes of the value, the lowest first; a pointer has the record's width. */
void payload_rig_add(payload *made, uint64_t value, size_t bytes);
void payload_rig_add_pointer(payload *made, uint64_t value);

/* ASCII as UTF-16, with a terminator or without. */
void payload_rig_add_wide(payload *made, const char *ascii, bool is_ended);

void payload_rig_done(payload *made);

void payload_rig_expect_text(const seep_trace_text *text, const char *expected);

#endif
