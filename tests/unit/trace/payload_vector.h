/* Payloads that other projects' tests decode, with the values that these expect
 * (tests/fixtures/etl/README.md).
 */
#ifndef TEST_TRACE_PAYLOAD_VECTOR_H
#define TEST_TRACE_PAYLOAD_VECTOR_H

#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "trace/payload.h"

#define TEXT_SIZE 2048

typedef struct payload_vector {
  const char *name;
  const cJSON *expected;
  uint8_t *bytes; /* owned, exactly as many */
  size_t size;
  seep_trace_record record;
  uint8_t guid[16];
  unsigned compared; /* values */
} payload_vector;

/* A number, or a text of hexadecimal digits. */
uint64_t payload_vector_number(const cJSON *item);

/* libtrace and snail name the same field differently; one of the two is there. */
const cJSON *payload_vector_field(const payload_vector *tested, const char *name, const char *other);

/* Where the vector has it, and counts it then; other: what the field may be called as well. */
void payload_vector_expect_number(payload_vector *tested, const char *name, const char *other,
                                  uint64_t found);
void payload_vector_expect_text(payload_vector *tested, const char *name, const char *other,
                                const seep_trace_text *found);

/* As it lies in memory. */
void payload_vector_guid(const char *text, uint8_t *guid);

/* Owns its bytes; its record has no payload and no GUID yet. */
payload_vector payload_vector_take(const cJSON *item);

/* All of them; the caller deletes it. */
cJSON *payload_vector_open(void);

#endif
