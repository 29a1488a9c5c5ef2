/*
 * How version 1 of the file kept a poll: (row of the process, commit) for every process, sorted by row. Only
 * read any more, when an older file is brought up to date. Pure.
 *
 * Layout: format u8 (1), count u32 little-endian, then one zlib stream of: unit shift u8; count varints, each
 * process row minus the one before; count zigzag varints, each commit minus the one before, in units of
 * 2^shift bytes.
 */
#ifndef SEEP_STORE_VERSION1_BLOCK_H
#define SEEP_STORE_VERSION1_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define SEEP_VERSION1_BLOCK_MAXIMUM_COUNT 100000u

typedef struct seep_version1_entry {
  int64_t process; /* row id, from 1; strictly ascending within a block */
  uint64_t commit_bytes;
} seep_version1_entry;

/* What the block says its number of entries is, 0 when it is too short to say; not yet to be believed. */
size_t seep_version1_block_count(const uint8_t *block, size_t size);

/* The bytes are hostile: no more is unpacked than `maximum` entries need. SEEP_CORRUPT with the byte offset;
 * SEEP_UNSUPPORTED for another format; SEEP_LIMIT when the block holds more than maximum entries. entries may
 * be written on failure too, *count only on OK. */
seep_status seep_version1_block_decode(const uint8_t *block, size_t size, seep_version1_entry *entries,
                                       size_t maximum, size_t *count, seep_error *error);

#endif
