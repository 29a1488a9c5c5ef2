/*
 * What is in a trace, counted: buffers, records of each form, events of each kind, which payloads could be
 * read and which stacks belong to an event. For somebody who asks whether a file can answer at all, and for
 * checks of the reader against another one. Walks the file once, and a second time when there are stacks.
 */
#ifndef SEEP_TRACE_CENSUS_H
#define SEEP_TRACE_CENSUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "trace/container.h"
#include "trace/payload.h"

/* How many different things one table tells apart. */
#define SEEP_TRACE_CENSUS_ROWS 4096u

/* For all that grows with what is in the trace. */
#define SEEP_TRACE_CENSUS_BYTES ((size_t)512 * 1024 * 1024)

#define SEEP_TRACE_CENSUS_FIRST 3u
#define SEEP_TRACE_CENSUS_NAME_SIZE 780 /* 259 characters of any kind */

/* One line of a table. What the two mean the table says. */
typedef struct seep_trace_census_row {
  uint8_t guid[16]; /* zeros where a table has none */
  uint32_t number;
  uint64_t count;
} seep_trace_census_row;

/* Sorted by guid as it lies in memory, then by number. */
typedef struct seep_trace_census_table {
  seep_trace_census_row *rows; /* owned */
  size_t count;
  size_t last;        /* where it was found the last time: records come in runs */
  uint64_t uncounted; /* of things that there were no more rows for */
} seep_trace_census_table;

typedef struct seep_trace_census_buffers {
  uint64_t header_buffers, flag_events_lost, flag_buffer_lost, flag_processor_wide;
  uint64_t decoded_bytes; /* of records: valid and unpacked */
  int64_t least_sequence, greatest_sequence;
  uint64_t processors; /* whose buffers there are */
} seep_trace_census_buffers;

typedef struct seep_trace_census_process {
  uint8_t opcode, version;
  uint64_t ticks;
  uint32_t pid, parent_pid, session;
  seep_trace_sid_form sid_form;
  size_t command_line_units;
  char image[SEEP_TRACE_CENSUS_NAME_SIZE]; /* UTF-8, cut; any bytes */
} seep_trace_census_process;

typedef struct seep_trace_census_image {
  uint8_t opcode, version;
  uint64_t ticks;
  uint64_t base, size_bytes;
  uint32_t pid;       /* of version 1 on */
  uint32_t timestamp; /* of version 2 on */
  char name[SEEP_TRACE_CENSUS_NAME_SIZE];
} seep_trace_census_image;

typedef struct seep_trace_census_stacks {
  uint64_t by_opcode[7]; /* of 32 to 38 */
  uint64_t matched, unmatched, ambiguous;
  uint64_t frames, most_frames; /* of stacks and definitions */
  uint64_t keys;                /* that are defined */
  uint64_t references, definitions, undefined_references;
  uint64_t most_delay_ticks;       /* from an event to its stack's record */
  seep_trace_census_table by_hook; /* of the first event with that time; number: the hook, or BY_GUID */
} seep_trace_census_stacks;

#define SEEP_TRACE_CENSUS_BY_GUID UINT32_C(0x10000)

typedef struct seep_trace_census {
  seep_trace_summary summary;
  seep_trace_census_buffers buffers;
  uint64_t by_header_type[256];         /* 0: WPP messages */
  seep_trace_census_table hooks;        /* number: the hook */
  seep_trace_census_table versions;     /* hook << 16 | version << 8 | header type */
  seep_trace_census_table classics;     /* the class; opcode << 8 | version */
  seep_trace_census_table providers;    /* the provider; 0 */
  seep_trace_census_table extended;     /* type of an extended item */
  uint64_t processes[256], images[256]; /* by opcode; images: LOAD is 10 */
  uint64_t image_ids[256];              /* by opcode */
  uint64_t virtual_allocs, virtual_frees, hard_faults, heap_events;
  bool has_times;
  uint64_t first_ticks, last_ticks;
  uint64_t backward_steps; /* within what one processor wrote */
  uint64_t processes_decoded, images_decoded;
  uint64_t by_sid_form[SEEP_TRACE_SID_ZERO_POINTER + 1];
  seep_trace_census_table failed;   /* letter << 8 | version; letter: 'P' or 'I' */
  seep_trace_census_table trailing; /* letter << 24 | version << 16 | bytes left, at most 0xFFFF */
  bool has_stacks;
  seep_trace_census_stacks stacks;
  seep_trace_census_process first_processes[SEEP_TRACE_CENSUS_FIRST];
  size_t first_process_count;
  seep_trace_census_image first_images[SEEP_TRACE_CENSUS_FIRST];
  size_t first_image_count;
  bool rows_short;   /* a table was full */
  bool memory_short; /* stacks or steps in time were left out: more than SEEP_TRACE_CENSUS_BYTES */
} seep_trace_census;

/* data: the whole file. payload_pointer_bytes: of payloads about processes and images; 0 = as each record
 * says, else 4 or 8. Fills *census, which _free releases also after a failure. SEEP_CORRUPT and
 * SEEP_NO_MEMORY as seep_trace_walk. */
seep_status seep_trace_census_take(seep_trace_census *census, const uint8_t *data, size_t size,
                                   unsigned payload_pointer_bytes, seep_error *error);

void seep_trace_census_free(seep_trace_census *census);

/* A header's type byte as other readers call it: "SYSTEM64", "PERF64", "EVT32"; "TYPE" for one that is none.
 */
const char *seep_trace_census_type_text(uint8_t header_type);

#endif
