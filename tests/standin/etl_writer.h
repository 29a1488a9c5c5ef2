/*
 * Writes ETL files as Windows sessions do: a header buffer, then buffers of process, image, VirtualAlloc,
 * heap and stack records and of events of other providers. It serves the stand-in recorder and the tests of
 * the reader, and shares no code with lib/trace, so that a mistake of one is not repeated by the other
 * (reference: etl-format). Portable; all times are FILETIMEs.
 *
 * One stream only (processor 0). Ticks are 100 ns and strictly rise, so a stack finds its event by its tick
 * alone. Every function returns false when the sink has failed once; nothing more is written then.
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

typedef struct etl_writer {
  etl_writer_settings settings;
  etl_writer_sink sink;
  void *sink_context;
  uint8_t *buffer;     /* buffer_bytes, owned */
  size_t used;         /* buffer header included */
  uint32_t buffers;    /* written so far, the header buffer counted */
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

/* Writes the current buffer if it holds a record, filled up to its full size as on disk. */
bool etl_writer_flush(etl_writer *writer);

/* Flushes, writes the header buffer again with the final figures, frees the buffer. Call it after a failure
 * too. */
bool etl_writer_close(etl_writer *writer, uint64_t end_filetime, uint32_t events_lost);

#endif
