/*
 * Writes ETL files as Windows sessions do: a header buffer, then buffers of process, image, VirtualAlloc,
 * heap and stack records and of events of other providers. It serves the stand-in recorder and the tests of
 * the reader, and shares no code with lib/trace, so that a mistake of one is not repeated by the other
 * (reference: etl-format). Portable; all times are FILETIMEs.
 *
 * Without a layout one stream only (processor 0). Ticks are 100 ns and strictly rise, so a stack finds its
 * event by its tick alone. Every function returns false when the sink has failed once; nothing more is
 * written then. Records that only tests of the reader need are in standin/etl_records.h.
 */
#ifndef STANDIN_ETL_WRITER_H
#define STANDIN_ETL_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Puts bytes at an absolute offset of the file; offset 0 is written twice, at open and at close. */
typedef bool (*etl_writer_sink)(void *context, uint64_t offset, const void *bytes, size_t size);

typedef struct etl_writer_settings {
  uint32_t buffer_bytes; /* a multiple of 8, from 4096 on */
  uint32_t processors;
  uint32_t os_build;
  uint32_t log_file_mode; /* 1 sequential file, 0x02000000 system logger */
  uint64_t start_filetime;
  const char *logger_name; /* ASCII */
} etl_writer_settings;

/* Packs a buffer's records; returns the size, 0 = did not fit. */
typedef size_t (*etl_writer_pack)(const uint8_t *bytes, size_t size, uint8_t *out, size_t capacity);

/* How the file is put together; all zero = one processor, one session, nothing packed. */
typedef struct etl_writer_layout {
  unsigned lanes;          /* processors with a buffer of their own, which each flush when it is full */
  unsigned sessions;       /* recorded at the same time; the file holds all of one, then all of the next, as a
                            * merge leaves them. See etl_writer_next_session. */
  etl_writer_pack pack;    /* or NULL; then buffers are as large as they need, and the header's is small */
  uint32_t first_sequence; /* added to all sequence numbers but the header buffer's */
  bool has_old_index;      /* processor index as up to Windows 7 */
  uint32_t group_masks[9]; /* what was on besides processes, images and VirtualAlloc */
} etl_writer_layout;

typedef struct etl_writer_lane etl_writer_lane;

typedef struct etl_writer {
  etl_writer_settings settings;
  etl_writer_layout layout;
  etl_writer_sink sink;
  void *sink_context;
  etl_writer_lane *lanes; /* owned */
  unsigned lane;          /* the one that is written to */
  unsigned session;       /* the one that goes into the file now */
  bool is_muted;          /* records go nowhere: they are those of another session */
  uint8_t *buffer;        /* of the lane; buffer_bytes */
  size_t used;            /* of it, buffer header included */
  uint8_t *spare;         /* owned: for packed buffers and muted records */
  uint32_t buffers;       /* written so far, the header buffer counted */
  uint32_t buffers_lost;
  uint64_t file_bytes;
  uint64_t last_ticks; /* of the newest record */
  uint64_t events;
  bool failed;
} etl_writer;

typedef enum etl_writer_moment {
  ETL_WRITER_START = 1,   /* process started, image loaded */
  ETL_WRITER_END = 2,     /* process ended, image unloaded */
  ETL_WRITER_DCSTART = 3, /* was there when the recording started */
  ETL_WRITER_DCEND = 4    /* was there when it stopped */
} etl_writer_moment;

typedef struct etl_writer_process {
  uint32_t pid, parent_pid, session;
  const char *image_name; /* 8-bit */
} etl_writer_process;

typedef struct etl_writer_image {
  uint32_t pid;
  uint64_t base, size_bytes;
  const uint16_t *path; /* UTF-16, terminated, in device form */
} etl_writer_image;

typedef struct etl_writer_memory {
  uint32_t pid, tid;
  uint64_t address, size_bytes;
  uint32_t flags;         /* 0x1000 commit, 0x2000 reserve, 0x4000 decommit, 0x8000 release */
  const uint64_t *frames; /* innermost first; none = no stack record */
  size_t frame_count;
} etl_writer_memory;

typedef struct etl_writer_heap {
  uint32_t pid, tid;
  uint64_t heap, address, size_bytes;
  uint64_t old_address, old_size_bytes; /* of a reallocation */
  const uint64_t *frames;               /* innermost first; none = no stack record */
  size_t frame_count;
} etl_writer_heap;

typedef struct etl_writer_event {
  uint8_t provider[16]; /* GUID as it lies in memory */
  uint16_t id;
  uint32_t pid, tid;
  const void *payload;
  size_t payload_bytes; /* at most 4096 */
} etl_writer_event;

/* Allocates the buffer and writes the header buffer. */
bool etl_writer_open(etl_writer *writer, const etl_writer_settings *settings, etl_writer_sink sink,
                     void *context);

/* The same with a layout. */
bool etl_writer_open_layout(etl_writer *writer, const etl_writer_settings *settings,
                            const etl_writer_layout *layout, etl_writer_sink sink, void *context);

/* Where the following records go; both are taken modulo what there is. */
void etl_writer_on(etl_writer *writer, unsigned session, unsigned processor);

/* Only one session's records are written at a time: after all records have been handed over, this finishes
 * the session, time starts again, and exactly the same records must be handed over once more. false: that
 * was the last one, or a failure. */
bool etl_writer_next_session(etl_writer *writer);

bool etl_writer_add_process(etl_writer *writer, uint64_t filetime, etl_writer_moment moment,
                            const etl_writer_process *process);
bool etl_writer_add_image(etl_writer *writer, uint64_t filetime, etl_writer_moment moment,
                          const etl_writer_image *image);
bool etl_writer_add_allocation(etl_writer *writer, uint64_t filetime, const etl_writer_memory *memory);
bool etl_writer_add_free(etl_writer *writer, uint64_t filetime, const etl_writer_memory *memory);

/* The heap provider's records (reference: etl-format, 2.5); the process stands in their headers. A free's
 * size is not written. */
bool etl_writer_add_heap_allocation(etl_writer *writer, uint64_t filetime, const etl_writer_heap *block);
bool etl_writer_add_heap_reallocation(etl_writer *writer, uint64_t filetime, const etl_writer_heap *block);
bool etl_writer_add_heap_free(etl_writer *writer, uint64_t filetime, const etl_writer_heap *block);

/* An event of a provider with a manifest, without extended items. */
bool etl_writer_add_event(etl_writer *writer, uint64_t filetime, const etl_writer_event *event);

/* A context switch record: what fills a real kernel trace between the events anybody looks for. */
bool etl_writer_add_background(etl_writer *writer, uint64_t filetime);

/* ---- for records of other kinds ---- */

typedef enum etl_writer_form { ETL_WRITER_SYSTEM, ETL_WRITER_PERFINFO, ETL_WRITER_CLASSIC } etl_writer_form;

typedef struct etl_writer_record {
  etl_writer_form form;
  bool is_narrow; /* the 32-bit form of it */
  uint16_t hook;  /* CLASSIC: the opcode */
  uint16_t version;
  uint32_t pid, tid;   /* SYSTEM, CLASSIC */
  const uint8_t *guid; /* CLASSIC: 16 bytes */
  const void *payload; /* not NULL */
  size_t payload_bytes;
} etl_writer_record;

/* The tick for a record at this time, later than all before; two records may be given the same. */
uint64_t etl_writer_ticks(etl_writer *writer, uint64_t filetime);
bool etl_writer_put(etl_writer *writer, uint64_t ticks, const etl_writer_record *record);

/* add_process with the flags of its payload: 2 = WOW64. */
bool etl_writer_add_flagged_process(etl_writer *writer, uint64_t filetime, etl_writer_moment moment,
                                    const etl_writer_process *process, uint32_t flags);

/* ---- buffers ---- */

/* Throws away what the processor's buffer holds, as a session does that cannot write fast enough: its
 * sequence number is missing, the next one is marked, and the header counts it. */
void etl_writer_lose_buffer(etl_writer *writer);

/* Writes the buffer of the current processor alone. */
bool etl_writer_flush_processor(etl_writer *writer);

/* Writes every buffer that holds a record, filled up to its full size as on disk. */
bool etl_writer_flush(etl_writer *writer);

/* Flushes, writes the header buffer again with the final figures, frees the buffer. Call it after a failure
 * too. */
bool etl_writer_close(etl_writer *writer, uint64_t end_filetime, uint32_t events_lost);

#endif
