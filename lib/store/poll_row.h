/*
 * One poll as bytes, as it is written when it is taken: what changed since the poll before, or everything. A
 * pure codec over memory; it knows nothing of SQLite.
 *
 * Layout: format u8 (5 = everything, 6 = changes); a stream of bit_coder.h; CRC-32 of both, little-endian.
 * The stream holds numbers, each kind with models of its own: how many of the entries before are gone, for
 * each how many stayed since the last gone one; how many changed, for each how many stayed unchanged since
 * the last changed one (the gone not counted), whether it fell, and by how many pages; how many are new, for
 * each the row less the row before it (the first: less SEEP_POLL_FIRST_ROW - 1) and its pages. "Everything"
 * has only the last of the three lists.
 */
#ifndef SEEP_STORE_POLL_ROW_H
#define SEEP_STORE_POLL_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define SEEP_POLL_PAGE_BYTES 4096u

/* The system's figures come first, with rows -6 to -1; processes are numbered from 1. */
#define SEEP_POLL_FIRST_ROW INT64_C(-6)

/* No row is higher: what lies between two fits the coder's numbers. */
#define SEEP_POLL_LAST_ROW (INT64_C(1) << 51)

/* As many as observe/snapshot.h lets through, and the figures. */
#define SEEP_POLL_MAXIMUM_COUNT 100006u

typedef struct seep_poll_entry {
  int64_t row; /* strictly ascending within a poll */
  uint64_t pages;
} seep_poll_entry;

/* Bytes that a poll of so many entries after one of so many never exceeds. */
size_t seep_poll_row_bound(size_t before_count, size_t count);

/* before NULL: everything. Both lists are valid (ascending from SEEP_POLL_FIRST_ROW to SEEP_POLL_LAST_ROW, at
 * most the maximum); out has room for the bound. Returns the length. */
size_t seep_poll_row_encode(const seep_poll_entry *before, size_t before_count,
                            const seep_poll_entry *entries, size_t count, uint8_t *out);

/* Whether the bytes say that they hold everything, so that no poll before is needed. */
bool seep_poll_row_is_whole(const uint8_t *bytes, size_t size);

/* The bytes are hostile. entries: room for `room`; what does not fit is SEEP_LIMIT. SEEP_CORRUPT with the
 * byte offset. entries may be written on failure too, *count only on OK. before and entries must not overlap.
 */
seep_status seep_poll_row_decode(const uint8_t *bytes, size_t size, const seep_poll_entry *before,
                                 size_t before_count, seep_poll_entry *entries, size_t room, size_t *count,
                                 seep_error *error);

#endif
