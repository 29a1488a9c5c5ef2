/*
 * Whole numbers in as few bytes as they need, seven bits a byte, low bits first. Writing goes into a buffer
 * whose size the caller has bounded; reading is over hostile bytes, through a cursor that remembers a
 * failure.
 */
#ifndef SEEP_STORE_VARINT_H
#define SEEP_STORE_VARINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"

#define SEEP_VARINT_BYTES 10u /* at most */

/* Returns the bytes written. */
size_t seep_varint_put(uint8_t *out, uint64_t value);

/* 0 with cursor->failed when it does not fit 64 bits or the bytes end. */
uint64_t seep_varint_get(seep_cursor *cursor);

/* Small numbers of both signs as small numbers without. */
static inline uint64_t seep_varint_zigzag(uint64_t difference)
{
  return (difference << 1) ^ (0 - (difference >> 63));
}

static inline uint64_t seep_varint_unzigzag(uint64_t value)
{
  return (value >> 1) ^ (0 - (value & 1));
}

#endif
