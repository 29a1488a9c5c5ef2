/*
 * One poll's samples as bytes: (row of the process, commit) for every process, sorted by row. Each block is
 * readable by itself, so that polls can be deleted in any order. A pure codec over memory; it knows nothing
 * of SQLite.
 *
 * Layout: format u8 (1), count u32 little-endian, then one zlib stream of: unit shift u8; count varints, each
 * process row minus the one before; count zigzag varints, each commit minus the one before, in units of
 * 2^shift bytes (commit comes in pages, so the shift saves the twelve bits that are always zero). Two to
 * three bytes a process in practice.
 */
#ifndef SEEP_STORE_POLL_BLOCK_H
#define SEEP_STORE_POLL_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* As many as observe/snapshot.h lets through. */
#define SEEP_POLL_BLOCK_MAXIMUM_COUNT 100000u

typedef struct seep_poll_entry {
  int64_t process; /* row id, from 1; strictly ascending within a block */
  uint64_t commit_bytes;
} seep_poll_entry;

/* Bytes that a block of so many entries never exceeds. */
size_t seep_poll_block_bound(size_t count);

/* SEEP_INVALID when rows are not positive and strictly ascending, SEEP_LIMIT when there are too many entries
 * or out is too small, SEEP_NO_MEMORY. */
seep_status seep_poll_block_encode(const seep_poll_entry *entries, size_t count, uint8_t *out,
                                   size_t out_size, size_t *length, seep_error *error);

/* What the block says its number of entries is, 0 when it is too short to say; not yet to be believed. */
size_t seep_poll_block_count(const uint8_t *block, size_t size);

/* The bytes are hostile: no more is unpacked than `maximum` entries need. SEEP_CORRUPT with the byte offset;
 * SEEP_UNSUPPORTED for a format that is not ours yet; SEEP_LIMIT when the block holds more than maximum
 * entries. entries may be written on failure too, *count only on OK. */
seep_status seep_poll_block_decode(const uint8_t *block, size_t size, seep_poll_entry *entries,
                                   size_t maximum, size_t *count, seep_error *error);

#endif
