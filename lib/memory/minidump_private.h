/*
 * Shared by the files of the minidump reader alone. minidump.c knows header, directory and the small streams,
 * minidump_lists.c walks lists of entries and reads threads and modules, minidump_ranges.c indexes memory and
 * reads it, minidump_regions.c is the list of regions, minidump_order.c sorts.
 */
#ifndef SEEP_MEMORY_MINIDUMP_PRIVATE_H
#define SEEP_MEMORY_MINIDUMP_PRIVATE_H

#include "base/cursor.h"
#include "memory/minidump.h"

/* Stream types (reference: memory-type, 10). */
enum {
  SEEP_MINIDUMP__THREADS = 3,
  SEEP_MINIDUMP__MODULES = 4,
  SEEP_MINIDUMP__MEMORY = 5,
  SEEP_MINIDUMP__SYSTEM = 7,
  SEEP_MINIDUMP__THREADS_EX = 8,
  SEEP_MINIDUMP__MEMORY64 = 9,
  SEEP_MINIDUMP__MISC = 15,
  SEEP_MINIDUMP__REGIONS = 16,
  SEEP_MINIDUMP__COUNTERS = 22
};

/* SEEP_DOMAIN_FORMAT with the offset as code. Returns status. */
seep_status seep_minidump__fail(seep_error *error, seep_status status, uint64_t offset, const char *sentence);

/* 1 to SEEP_MINIDUMP_WINDOW_BYTES bytes of the file, valid until the next call. SEEP_CORRUPT: they do not lie
 * in it, *error is not touched; SEEP_OS. */
seep_status seep_minidump__look(const seep_minidump *dump, uint64_t offset, size_t bytes, seep_cursor *out,
                                seep_error *error);

/* The first stream of this type, or NULL. */
const seep_minidump_stream *seep_minidump__find(const seep_minidump *dump, uint32_t type);

/* How many bytes of it lie in the file. */
uint64_t seep_minidump__present(const seep_minidump *dump, const seep_minidump_stream *stream);

/* Some writers sign-extend the addresses of 32-bit processes. */
uint64_t seep_minidump__address(const seep_minidump *dump, uint64_t address);

/* ---- minidump_lists.c ---- */

/* Entries of one size, one behind the other. */
typedef struct seep_minidump__list {
  uint64_t offset;    /* of the first */
  uint64_t announced; /* what the list says */
  uint64_t count;     /* how many lie in the stream and in the file */
  uint64_t entry_bytes;
  size_t wanted_bytes; /* of each, from its start: what a visitor sees */
} seep_minidump__list;

/* Fills count: `from` bytes of the stream lead in to the list. Sets dump->cut_short when some are missing.
 * SEEP_LIMIT: more than SEEP_MINIDUMP_MAXIMUM_ENTRIES. */
seep_status seep_minidump__fit(seep_minidump *dump, const seep_minidump_stream *stream, uint64_t from,
                               seep_minidump__list *list, seep_error *error);

/* A list that begins with a count of 32 bits, after which some writers leave four bytes. */
seep_status seep_minidump__open_list(seep_minidump *dump, const seep_minidump_stream *stream,
                                     size_t entry_bytes, seep_minidump__list *list, seep_error *error);

typedef seep_status (*seep_minidump__visit)(void *context, uint64_t index, seep_cursor *entry);

/* Visits all in the file's order until one returns other than SEEP_OK. A visitor must not look at the file
 * itself. */
seep_status seep_minidump__walk(const seep_minidump *dump, const seep_minidump__list *list,
                                seep_minidump__visit visit, void *context, seep_error *error);

seep_status seep_minidump__take_threads(seep_minidump *dump, seep_error *error);
seep_status seep_minidump__take_modules(seep_minidump *dump, seep_error *error);

/* ---- minidump_order.c ---- */

typedef struct seep_minidump__key {
  uint64_t base, end;
  uint32_t index;
} seep_minidump__key;

/* By base, then index. Never worse than n log n, which a C library's qsort does not promise. */
void seep_minidump__sort(seep_minidump__key *keys, size_t count);

/* ---- minidump_ranges.c ---- */

seep_status seep_minidump__take_ranges(seep_minidump *dump, seep_error *error);
seep_status seep_minidump__read(void *context, uint64_t address, void *out, size_t bytes);

/* ---- minidump_regions.c ---- */

seep_status seep_minidump__take_regions(seep_minidump *dump, seep_error *error);
seep_status seep_minidump__region(void *context, uint64_t address, seep_region *out, seep_error *error);

#endif
