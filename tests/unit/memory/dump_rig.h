/*
 * Minidumps for tests: a file window that hands out each piece in storage of its own, which is gone with the
 * next one and ends where the piece ends; and a writer that puts a dump together stream by stream.
 */
#ifndef TEST_MEMORY_DUMP_RIG_H
#define TEST_MEMORY_DUMP_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory/minidump.h"

typedef struct dump_rig {
  uint8_t *bytes; /* owned */
  size_t size, capacity;
  size_t stream; /* the directory entry being filled */
  uint32_t streams;
  /* The window. Behind the bytes, up to window.size_bytes, the file holds dump_rig_far(). */
  seep_minidump_file window;
  uint8_t *piece;
  uint64_t looks, looked_bytes, largest;
  uint64_t fail_at; /* the n-th look, from 1, finds nothing; 0: none */
} dump_rig;

/* An empty dump with room for so many streams. dump_rig_free frees; it may be filled anew after that. */
void dump_rig_init(dump_rig *rig, uint32_t streams);
/* From the fixtures' folder dumps, *.gz unpacked. */
void dump_rig_load(dump_rig *rig, const char *name);
void dump_rig_free(dump_rig *rig);

/* The file ends here, or is as long as that. */
void dump_rig_resize(dump_rig *rig, uint64_t size_bytes);

/* What a byte far behind those in memory is. */
uint8_t dump_rig_far(uint64_t offset);

/* Little-endian, at the end of the file; returns where. */
size_t dump_rig_put(dump_rig *rig, uint64_t value, size_t bytes);
void dump_rig_patch(dump_rig *rig, size_t offset, uint64_t value, size_t bytes);
/* So many bytes that count up from `first`. */
size_t dump_rig_pattern(dump_rig *rig, uint8_t first, size_t bytes);

/* A stream is what is put between the two. Returns where it begins. */
size_t dump_rig_begin(dump_rig *rig, uint32_t type);
void dump_rig_end(dump_rig *rig);

/* Whole streams. */
void dump_rig_system(dump_rig *rig, uint16_t architecture, uint32_t platform);
void dump_rig_process(dump_rig *rig, uint32_t pid, uint32_t created_s);
void dump_rig_threads(dump_rig *rig, const uint64_t *tebs, uint32_t count, bool padded);
/* Names are put in front of the stream. */
void dump_rig_modules(dump_rig *rig, const char *const *names, uint32_t count, bool padded);

/* Entries, to be put into a stream. */
void dump_rig_range(dump_rig *rig, uint64_t address, uint32_t bytes, uint32_t offset);
void dump_rig_range64(dump_rig *rig, uint64_t address, uint64_t bytes);
void dump_rig_regions_lead(dump_rig *rig, uint32_t header_bytes, uint32_t entry_bytes, uint64_t count);
void dump_rig_region(dump_rig *rig, const seep_region *region);

#endif
