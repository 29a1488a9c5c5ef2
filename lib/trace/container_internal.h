/*
 * A walk over an ETL file buffer by buffer, for the one over a whole file and the one over a file in pieces:
 * both run these two steps, so that they cannot differ. Private to this room.
 */
#ifndef SEEP_TRACE_CONTAINER_INTERNAL_H
#define SEEP_TRACE_CONTAINER_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/container.h"

enum {
  SEEP_TRACE__BUFFER_HEADER_BYTES = 0x48, /* of which the first four are the buffer's size */
  /* What decides whether a file is one: its first buffer's header and a record of any size. */
  SEEP_TRACE__START_BYTES = SEEP_TRACE__BUFFER_HEADER_BYTES + 0xFFFF
};

typedef struct seep_trace__walk {
  seep_trace_visit visit; /* or NULL */
  void *context;
  bool ended; /* nothing more is read: the visitor's wish, no further buffer can be found, or no memory */
  bool no_memory;
  unsigned format; /* of compressed buffers */
  void *unpacked;  /* owned: one buffer */
  size_t capacity;
  seep_trace_summary summary;
} seep_trace__walk; /* all zeros but for the visitor before the first step */

/* data: the file's start, all of it or at least START_BYTES. SEEP_CORRUPT as seep_trace_walk. */
seep_status seep_trace__begin(seep_trace__walk *walk, const uint8_t *data, size_t size, seep_error *error);

/* Reads the buffer at data; size: what the file has from there on, or at least the whole buffer, or at least
 * SEEP_TRACE_BUFFER_LIMIT bytes. Returns what was used up; it is of no use when the walk has ended. */
size_t seep_trace__buffer(seep_trace__walk *walk, const uint8_t *data, size_t size);

/* SEEP_OK or SEEP_NO_MEMORY. Releases what the walk has; it may be called twice. */
seep_status seep_trace__end(seep_trace__walk *walk, seep_error *error);

#endif
