/*
 * The container that a PDB is: a file system of numbered streams in blocks of one size, scattered over the
 * file (MSF 7.00; reference: etl-format, 4 L2). Nothing is copied but the directory of streams; bytes of a
 * stream are borrowed where they lie in one piece. Every index and size in it is hostile.
 */
#ifndef SEEP_TRACE_MSF_H
#define SEEP_TRACE_MSF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct seep_msf {
  const uint8_t *data; /* borrowed */
  size_t size;
  uint32_t block_bytes, block_count;
  uint32_t stream_count;
  uint8_t *directory;   /* owned */
  size_t *first_blocks; /* owned; of each stream, where in the directory the list of its blocks begins */
  size_t directory_bytes;
} seep_msf;

typedef struct seep_msf_stream {
  const seep_msf *msf;
  uint32_t size;
  size_t first_block;
} seep_msf_stream;

/* SEEP_OK; SEEP_CORRUPT with place; SEEP_UNSUPPORTED: PDB 2.00, MSFZ, a portable PDB, a packed file;
 * SEEP_NO_MEMORY. *msf is to be closed whatever comes back. */
seep_status seep_msf_open(seep_msf *msf, const uint8_t *data, size_t size, seep_error *error);
void seep_msf_close(seep_msf *msf);

/* false: there is no such stream, or it says that it is larger than the file. Empty ones are streams. */
bool seep_msf_find(const seep_msf *msf, uint32_t index, seep_msf_stream *stream);

/* Bytes of a stream: borrowed, or, where they lie in several blocks, copied to room, which has place for
 * count. NULL when they are not all there. */
const uint8_t *seep_msf_bytes(const seep_msf_stream *stream, size_t position, size_t count, uint8_t *room);

#endif
