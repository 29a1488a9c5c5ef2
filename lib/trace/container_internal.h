/*
 * What the walk over a whole file, the one over a file in pieces and the merge share: finding a buffer,
 * unpacking it, and walking it. They all run these steps, so that they cannot differ. Private to this room.
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

/* Flags of a buffer's header. */
enum {
  SEEP_TRACE__FLAG_EVENTS_LOST = 0x02,
  SEEP_TRACE__FLAG_BUFFER_LOST = 0x04,
  SEEP_TRACE__FLAG_WIDE_PROCESSOR =
      0x20, /* all of the field's low 11 bits, since Windows 8; else its low byte */
  SEEP_TRACE__FLAG_COMPRESSED = 0x40
};

/* One buffer as it lies in the file, or unpacked; offsets are from its own start. */
typedef struct seep_trace__part {
  const uint8_t *data;
  size_t bytes;       /* to the next one, or to the file's end when that comes first */
  size_t end;         /* of what may be read: the valid part, or the file's end when that comes first */
  size_t valid_bytes; /* as the header says; of a compressed one when it is unpacked */
  bool is_truncated;  /* the file ends within it, */
  bool is_cut;        /* and before its valid part does; unpacked: not all of it is there */
  uint16_t processor;
  unsigned flags;
} seep_trace__part;

/* Reads a buffer's header; size: what the file has from there on, or at least the whole buffer, or at least
 * SEEP_TRACE_BUFFER_LIMIT bytes. false when there is no such buffer, and none after it, with the reason in
 * the summary. */
bool seep_trace__take_part(const uint8_t *data, size_t size, seep_trace__part *part,
                           seep_trace_summary *summary);
int64_t seep_trace__sequence(const seep_trace__part *part);

bool seep_trace__is_compressed(const seep_trace__part *part);
/* Counts a buffer whose header was taken. */
void seep_trace__count_part(const seep_trace__part *part, seep_trace_summary *summary);

typedef enum seep_trace__packing {
  SEEP_TRACE__PACKING_READABLE,
  SEEP_TRACE__PACKING_UNKNOWN,
  SEEP_TRACE__PACKING_BAD /* would become too large */
} seep_trace__packing;

/* Of a compressed one; format: seep_trace__format of the file. */
seep_trace__packing seep_trace__packing_of(const seep_trace__part *part, unsigned format);
unsigned seep_trace__format(const uint8_t *data, size_t size);
void seep_trace__count_packing(seep_trace__packing packing, seep_trace_summary *summary);

/* How much room it needs: a header's worth in front, which is not written, so that records have the offsets
 * that they would have in the file. */
size_t seep_trace__unpacked_bytes(const seep_trace__part *part);

/* *part becomes what has been unpacked into room, which has unpacked_bytes; a damaged one is counted. */
void seep_trace__unpack(seep_trace__part *part, uint8_t *room, seep_trace_summary *summary);

/* The log file header. SEEP_CORRUPT as seep_trace_walk. */
seep_status seep_trace__read_first(const uint8_t *data, size_t size, seep_trace_header *header,
                                   seep_error *error);

/* The raw time of a moment, by the header's clock; false when that tells no times. */
bool seep_trace__ticks_of(const seep_trace_header *header, seep_filetime filetime, uint64_t *ticks);

typedef struct seep_trace__walk {
  seep_trace_visit visit;               /* or NULL */
  seep_trace_visit_buffer visit_buffer; /* or NULL */
  void *context;                        /* of both */
  uint64_t offset;                      /* of the next buffer in the file */
  bool ended; /* nothing more is read: the visitor's wish, no further buffer can be found, or no memory */
  bool no_memory;
  unsigned format; /* of compressed buffers */
  void *unpacked;  /* owned: one buffer */
  size_t capacity;
  seep_trace_summary summary;
} seep_trace__walk; /* all zeros but for the visitors before the first step */

/* data: the file's start, all of it or at least START_BYTES. SEEP_CORRUPT as seep_trace_walk. */
seep_status seep_trace__begin(seep_trace__walk *walk, const uint8_t *data, size_t size, seep_error *error);

/* Reads the buffer at data; size as for take_part. Returns what was used up; it is of no use when the walk
 * has ended. */
size_t seep_trace__buffer(seep_trace__walk *walk, const uint8_t *data, size_t size);

/* SEEP_OK or SEEP_NO_MEMORY. Releases what the walk has; it may be called twice. */
seep_status seep_trace__end(seep_trace__walk *walk, seep_error *error);

#endif
