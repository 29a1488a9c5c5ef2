/*
 * Plain LZ77 of MS-XCA, called XPRESS, as the buffers of a compressed trace are packed (reference:
 * etl-format, 1.2): one stream without header or chunks. Input is hostile; nothing is allocated.
 */
#ifndef SEEP_TRACE_XPRESS_H
#define SEEP_TRACE_XPRESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Unpacks into out, which never gets more than capacity bytes; *written: how many are good, also after a
 * failure. SEEP_OK when the input ends where an item may end. SEEP_LIMIT: it goes on beyond the capacity.
 * SEEP_CORRUPT: it reaches back before the start, ends within an item, or has a length that cannot be. in and
 * out must not overlap. */
seep_status seep_xpress_decode(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t capacity,
                               size_t *written);

#endif
