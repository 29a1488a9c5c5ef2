/*
 * A payload being put together, little endian, field by field; what does not fit is left out. Shared by the
 * parts of the ETL writer.
 */
#ifndef STANDIN_ETL_PAYLOAD_H
#define STANDIN_ETL_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ETL_PAYLOAD_MAXIMUM 4096u

/* Only `size` bytes are ever read: set size to 0 and add. */
typedef struct etl_payload {
  uint8_t bytes[ETL_PAYLOAD_MAXIMUM];
  size_t size;
} etl_payload;

static inline void etl_payload_put(uint8_t *at, uint64_t value, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    at[i] = (uint8_t)(value >> (8 * i));
  }
}

static inline void etl_payload_add(etl_payload *out, uint64_t value, size_t count)
{
  if (count <= sizeof out->bytes - out->size) {
    etl_payload_put(out->bytes + out->size, value, count);
    out->size += count;
  }
}

static inline void etl_payload_bytes(etl_payload *out, const void *bytes, size_t count)
{
  if (count <= sizeof out->bytes - out->size) {
    memcpy(out->bytes + out->size, bytes, count);
    out->size += count;
  }
}

/* Cut so that the terminator and whatever short fields follow still fit. */
static inline void etl_payload_text(etl_payload *out, const char *text, size_t unit_bytes)
{
  for (size_t i = 0; text[i] != '\0' && out->size + 64 < sizeof out->bytes; i++) {
    etl_payload_add(out, (unsigned char)text[i], unit_bytes);
  }
  etl_payload_add(out, 0, unit_bytes);
}

#endif
