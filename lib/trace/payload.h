/*
 * What the records of a trace say that matter to somebody who looks for a leak: one decoder per payload, all
 * pure, bounded, without allocation. Kernel records and the classic events that a merge or a relogger makes
 * of them are the same here (reference: etl-format, 2). Everything borrowed lives as long as the record.
 */
#ifndef SEEP_TRACE_PAYLOAD_H
#define SEEP_TRACE_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/container.h"

typedef enum seep_trace_kind {
  SEEP_TRACE_OTHER = 0,
  SEEP_TRACE_PROCESS_START,
  SEEP_TRACE_PROCESS_END,
  SEEP_TRACE_PROCESS_DCSTART, /* it was there when the recording began */
  SEEP_TRACE_PROCESS_DCEND,   /* it was there when it ended */
  SEEP_TRACE_PROCESS_DEFUNCT,
  SEEP_TRACE_IMAGE_LOAD, /* hook 0x030A, and 10 of the classic class */
  SEEP_TRACE_IMAGE_UNLOAD,
  SEEP_TRACE_IMAGE_DCSTART,
  SEEP_TRACE_IMAGE_DCEND,
  SEEP_TRACE_STACK,
  SEEP_TRACE_STACK_KEY_KERNEL,
  SEEP_TRACE_STACK_KEY_USER,
  SEEP_TRACE_STACK_DEFINITION, /* create, delete and rundown alike */
  SEEP_TRACE_VIRTUAL_ALLOC,
  SEEP_TRACE_VIRTUAL_FREE,
  SEEP_TRACE_VIRTUAL_RUNDOWN, /* 2/128, 2/129: payload undocumented; counted only */
  SEEP_TRACE_HEAP_CREATE,
  SEEP_TRACE_HEAP_ALLOC,
  SEEP_TRACE_HEAP_REALLOC,
  SEEP_TRACE_HEAP_DESTROY,
  SEEP_TRACE_HEAP_FREE,
  SEEP_TRACE_IMAGE_ID,
  SEEP_TRACE_PDB_ID, /* DbgID_RSDS */
  SEEP_TRACE_FILE_VERSION,
  SEEP_TRACE_VOLUME,           /* SystemConfigEx 35 */
  SEEP_TRACE_SYSTEM_PATHS,     /* SystemConfigEx 33 */
  SEEP_TRACE_CPU,              /* Config 11/10: page size */
  SEEP_TRACE_PROCESS_COUNTERS, /* 3/32, 3/33 */
  SEEP_TRACE_WORKING_SETS,     /* 2/125 */
  SEEP_TRACE_KINDS
} seep_trace_kind;

/* What a record is. Never looks at the payload. */
seep_trace_kind seep_trace_kind_of(const seep_trace_record *record);

/* A text of the payload, as it lies there; not terminated. */
typedef struct seep_trace_text {
  const uint8_t *bytes; /* borrowed; never NULL */
  size_t size;          /* without the terminator */
  bool wide;            /* UTF-16LE, unaligned; else 8-bit */
} seep_trace_text;

/* UTF-8 (WTF-8) of it, cut at a character's boundary, terminated; 8-bit bytes that are no UTF-8 stay as they
 * are. Returns out. */
const char *seep_trace_text_copy(const seep_trace_text *text, char *out, size_t out_size);

typedef enum seep_trace_sid_form {
  SEEP_TRACE_SID_NONE = 0,
  SEEP_TRACE_SID_TOKEN,       /* TOKEN_USER and a SID */
  SEEP_TRACE_SID_ZERO_POINTER /* the same with a pointer of zero: synthetic files */
} seep_trace_sid_form;

typedef struct seep_trace_process {
  uint32_t pid, parent_pid, session;
  uint32_t flags; /* version 4 on: 2 = WOW64 */
  seep_trace_sid_form sid_form;
  seep_trace_text image_name, command_line;
  size_t left_bytes; /* of the payload, that this layout does not explain */
} seep_trace_process;

typedef struct seep_trace_image {
  uint64_t base, size_bytes;
  uint32_t pid;                 /* version 0 has none: the record's */
  uint32_t checksum, timestamp; /* 0 = not told */
  seep_trace_text path;         /* as the kernel names it */
  size_t left_bytes;
} seep_trace_image;

typedef struct seep_trace_stack {
  uint64_t event_ticks; /* of the event that it belongs to: the record's raw clock */
  uint32_t pid, tid;
  uint64_t key;          /* STACK_KEY_*; 0 in a plain one */
  const uint8_t *frames; /* borrowed, unaligned: innermost first */
  size_t frame_count;
  unsigned pointer_bytes;
} seep_trace_stack;

typedef struct seep_trace_definition {
  uint64_t key;
  const uint8_t *frames;
  size_t frame_count;
  unsigned pointer_bytes;
} seep_trace_definition;

/* The i-th frame of such an array. */
uint64_t seep_trace_frame(const uint8_t *frames, unsigned pointer_bytes, size_t index);

enum {
  SEEP_TRACE_MEMORY_COMMIT = 0x1000,
  SEEP_TRACE_MEMORY_RESERVE = 0x2000,
  SEEP_TRACE_MEMORY_DECOMMIT = 0x4000, /* of a free alone: in an allocation it means something else */
  SEEP_TRACE_MEMORY_RELEASE = 0x8000,
  SEEP_TRACE_MEMORY_PHYSICAL = 0x400000,
  SEEP_TRACE_MEMORY_LARGE_PAGES = 0x20000000
};

typedef struct seep_trace_memory {
  uint64_t base, size_bytes;
  uint32_t pid; /* whose memory it is; the caller may be another process */
  uint32_t flags;
} seep_trace_memory;

/* Heap events of any kind; what an event does not have is 0. */
typedef struct seep_trace_heap {
  uint64_t heap, address, size_bytes;
  uint64_t old_address, old_size_bytes; /* HEAP_REALLOC */
  uint32_t source;                      /* 6 = segment heap */
} seep_trace_heap;

typedef struct seep_trace_image_id {
  uint64_t base;
  uint64_t size_bytes;
  uint32_t pid, timestamp;
  seep_trace_text original_name;
} seep_trace_image_id;

typedef struct seep_trace_pdb_id {
  uint64_t base;
  uint32_t pid, age;
  const uint8_t *guid;  /* 16 bytes, as they lie in memory */
  seep_trace_text name; /* its last component alone */
} seep_trace_pdb_id;

typedef struct seep_trace_file_version {
  uint32_t image_size_bytes, timestamp;
  seep_trace_text original_name, description, file_version, product, company;
} seep_trace_file_version;

typedef struct seep_trace_volume {
  seep_trace_text device_path, dos_path;
} seep_trace_volume;

typedef struct seep_trace_paths {
  seep_trace_text system, windows;
} seep_trace_paths;

/* Each fills *out and says whether the payload is whole and makes sense; of a kind that is not theirs it is
 * not asked. payload_pointer_bytes: 0 = as the record says (files of some reloggers lie). */
bool seep_trace_take_process(const seep_trace_record *record, unsigned payload_pointer_bytes,
                             seep_trace_process *out);
bool seep_trace_take_image(const seep_trace_record *record, unsigned payload_pointer_bytes,
                           seep_trace_image *out);
bool seep_trace_take_stack(const seep_trace_record *record, seep_trace_stack *out);
bool seep_trace_take_definition(const seep_trace_record *record, seep_trace_definition *out);
bool seep_trace_take_memory(const seep_trace_record *record, seep_trace_memory *out);
bool seep_trace_take_heap(const seep_trace_record *record, seep_trace_kind kind, seep_trace_heap *out);
bool seep_trace_take_image_id(const seep_trace_record *record, seep_trace_image_id *out);
bool seep_trace_take_pdb_id(const seep_trace_record *record, seep_trace_pdb_id *out);
bool seep_trace_take_file_version(const seep_trace_record *record, seep_trace_file_version *out);
bool seep_trace_take_volume(const seep_trace_record *record, seep_trace_volume *out);
bool seep_trace_take_paths(const seep_trace_record *record, seep_trace_paths *out);
bool seep_trace_take_page_bytes(const seep_trace_record *record, uint32_t *page_bytes);

/* PROCESS_COUNTERS: pid and PagefileUsage. WORKING_SETS: the commit in bytes of one PID in it; false when it
 * is not in there either. Both: what the commit really was, to check sums against. */
bool seep_trace_take_commit(const seep_trace_record *record, seep_trace_kind kind, uint32_t pid,
                            uint32_t page_bytes, uint64_t *commit_bytes);

#endif
