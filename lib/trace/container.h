/*
 * Walks an ETL file as it lies there: buffers, records, the log file header. What payloads say is payload.h's
 * matter, the order of time merge.h's. Zero-copy over the caller's bytes but for compressed buffers, which
 * are unpacked one at a time; every length hostile (reference: etl-format, 1).
 */
#ifndef SEEP_TRACE_CONTAINER_H
#define SEEP_TRACE_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/status.h"

#define SEEP_TRACE_NAME_SIZE 260

typedef struct seep_trace_header {
  uint8_t record_type; /* of the record that it stands in: SYSTEM32 or SYSTEM64 */
  uint32_t buffer_size_bytes;
  uint8_t os_major, os_minor, layout_major, layout_minor;
  uint32_t os_build;
  uint32_t processors;
  uint32_t pointer_bytes; /* of the writer */
  uint32_t log_file_mode;
  uint32_t buffers_written, maximum_file_mb, timer_resolution, cpu_mhz;
  uint32_t events_lost;
  uint32_t buffers_lost;
  uint32_t clock_type; /* 1 QPC, 2 system time, 3 CPU cycles */
  int64_t frequency_hz;
  seep_filetime boot, start, end;
  uint64_t first_ticks; /* of the record itself: what ticks are counted from */
  char logger_name[SEEP_TRACE_NAME_SIZE], log_file_name[SEEP_TRACE_NAME_SIZE]; /* UTF-8, cut; any bytes */
} seep_trace_header;

typedef struct seep_trace_record {
  uint8_t header_type;    /* type byte of the record's marker; 0 for WPP messages, which have none */
  bool is_kernel;         /* SYSTEM, COMPACT or PERFINFO: hook_id is valid */
  uint16_t hook_id;       /* group << 8 | opcode */
  uint8_t version;        /* payload version of kernel records, class version of classic ones */
  unsigned pointer_bytes; /* 4 or 8, by this record's own type */
  uint16_t processor;
  const uint8_t
      *guid;         /* borrowed, 16 bytes: the event class (FULL, INSTANCE) or provider (EVENT), else NULL */
  uint8_t opcode;    /* where there is a guid */
  uint16_t event_id; /* EVENT alone */
  uint64_t ticks;    /* raw clock; 0 where the form has none */
  uint32_t pid, tid; /* UINT32_MAX where the form has none */
  const uint8_t *extended; /* borrowed: the extended items of an EVENT; NULL: none */
  size_t extended_bytes;
  const uint8_t *payload; /* borrowed */
  size_t payload_bytes;
} seep_trace_record;

/* A buffer before its records are visited. */
typedef struct seep_trace_buffer {
  uint64_t offset;                  /* in the file */
  uint64_t size_bytes, valid_bytes; /* valid: as its header says, of a compressed one unpacked */
  int64_t sequence;
  uint64_t flushed; /* time stamp of its header: for information only */
  uint16_t processor, logger, flags, type;
} seep_trace_buffer;

typedef struct seep_trace_summary {
  seep_trace_header header;
  uint64_t buffers, bad_buffers;
  uint64_t compressed_buffers;   /* of these */
  uint64_t unread_buffers;       /* were packed in a way that nobody has described: LZNT1, Huffman */
  uint64_t loss_flagged_buffers; /* with a flag that says so; events can be lost with no flag set */
  uint64_t records, kernel_records, bad_records;
  bool truncated; /* the file ends inside a buffer, or in zeros: what was whole has been read */
} seep_trace_summary;

/* The largest buffer that Windows makes. One that says it is larger is bad, unless the file is cut before it
 * could be. */
#define SEEP_TRACE_BUFFER_LIMIT ((size_t)16 * 1024 * 1024)

/* A compressed buffer that would become larger than this many times its size is bad: unpacking many like it
 * would take for ever. Those of real files reach 7 times (reference: etl-format, 1.2); a made one of a single
 * thread that allocates again and again under the same 192 frames reaches 60. */
#define SEEP_TRACE_UNPACKED_TIMES 256u

/* Called for each whole record in file order, which is borrowed for the call; return false to stop early. */
typedef bool (*seep_trace_visit)(void *context, const seep_trace_record *record);

/* Called for each buffer before its records, in file order; false: this one's records are not visited, and
 * not counted. */
typedef bool (*seep_trace_visit_buffer)(void *context, const seep_trace_buffer *buffer);

/* SEEP_OK also for a truncated file (see summary). SEEP_CORRUPT with the byte offset when the first buffer or
 * the log file header is not there: then it is not an ETL file. SEEP_NO_MEMORY: there was no room to unpack
 * a buffer. visit may be NULL. */
seep_status seep_trace_walk(const uint8_t *data, size_t size, seep_trace_visit visit, void *context,
                            seep_trace_summary *summary, seep_error *error);

/* The same with a look at each buffer; buffer_visit may be NULL. */
seep_status seep_trace_walk_buffers(const uint8_t *data, size_t size, seep_trace_visit_buffer buffer_visit,
                                    seep_trace_visit visit, void *context, seep_trace_summary *summary,
                                    seep_error *error);

/* When it happened: FILETIME of a raw time, by the header's clock; the recording's start when the header has
 * no usable clock. Saturates. */
seep_filetime seep_trace_filetime(const seep_trace_header *header, uint64_t ticks);

/* Milliseconds between two raw times, negative when `to` is earlier. */
int64_t seep_trace_elapsed_ms(const seep_trace_header *header, uint64_t from_ticks, uint64_t to_ticks);

#endif
