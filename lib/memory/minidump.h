/*
 * Reads a Windows minidump, full or partial, of 32 or 64 bits, on any system: stream directory, system,
 * threads, modules, memory ranges and the list of regions. Any size: the file is seen through a window
 * function, only an index is kept (24 bytes a memory range). All offsets and counts are hostile; data behind
 * the end of the file is absent, so a truncated dump stays useful. Format: reference: memory-type, 10.
 */
#ifndef SEEP_MEMORY_MINIDUMP_H
#define SEEP_MEMORY_MINIDUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "memory/target.h"

/* The bytes of the file, a piece at a time. */
typedef struct seep_minidump_file {
  void *context;
  uint64_t size_bytes;
  /* offset + bytes lies within size_bytes, bytes is at most SEEP_MINIDUMP_WINDOW_BYTES. NULL when it cannot
   * be read. Valid until the next call. */
  const uint8_t *(*at)(void *context, uint64_t offset, size_t bytes);
} seep_minidump_file;

#define SEEP_MINIDUMP_WINDOW_BYTES 65536u
#define SEEP_MINIDUMP_MAXIMUM_STREAMS 4096u
#define SEEP_MINIDUMP_MAXIMUM_ENTRIES 4194304u /* of one kind */
#define SEEP_MINIDUMP_NAME_SIZE 260u

typedef struct seep_minidump_stream {
  uint32_t type, size_bytes, offset;
} seep_minidump_stream;

typedef struct seep_minidump_range {
  uint64_t address, bytes, offset; /* offset in the file, which all of the range lies in */
} seep_minidump_range;

typedef struct seep_minidump {
  seep_minidump_file file;
  uint64_t flags;
  uint32_t time_s;               /* Unix seconds when it was written; 0: not told */
  seep_minidump_stream *streams; /* used ones, in the file's order */
  size_t stream_count;
  uint32_t unused_streams;
  bool system_known;
  uint16_t architecture; /* 0 x86, 5 ARM, 9 x64, 12 ARM64 */
  uint32_t os_major, os_minor, os_build;
  bool process_known;
  uint32_t pid, created_s;      /* Unix seconds; 0: not told. MiscInfo */
  uint64_t private_usage_bytes; /* ProcessVmCounters; 0: not told */
  seep_minidump_range *ranges; /* by address, not overlapping: the first listed wins. Cut at the file's end */
  size_t range_count;
  /* As listed in the file, before sorting: what `facts` of a dump say. */
  uint64_t listed_ranges, listed_bytes, whole_ranges, partial_ranges, bytes_in_file;
  bool cut_short;   /* a list of ours, or memory, goes on behind the end of its stream or of the file */
  bool region_list; /* MemoryInfoList, with at least one usable entry */
  uint32_t region_header_bytes, region_entry_bytes;
  uint64_t regions_announced, region_count; /* count: entries that lie in the file */
  uint64_t region_offset;
  uint32_t *region_order;       /* NULL: the file's own order is by address, all entries are usable */
  uint64_t regions_usable;      /* with a size, ending in the address space, overlapping no lower one */
  uint64_t readable_bytes;      /* committed private memory that is neither guarded nor without access */
  uint64_t region_next;         /* the walk in rising order: all before this one end */
  uint64_t region_next_address; /* here or below */
  uint64_t *tebs;
  size_t teb_count; /* threads with a TEB address */
  uint32_t threads, modules;
  unsigned runtimes;  /* SEEP_RUNTIME_*, by the modules' names */
  bool modules_known; /* there are modules, and the names of all could be read */
} seep_minidump;

/* SEEP_OK with *dump to be freed by fini. SEEP_CORRUPT: no minidump, or a header or directory that cannot be
 * used (error: byte offset, and a sentence as subject); SEEP_UNSUPPORTED: a kernel dump, a dump of another
 * operating system, or an architecture that is not x86 or x64; SEEP_LIMIT: more streams or entries than the
 * above; SEEP_OS: the file's window gave nothing; SEEP_NO_MEMORY. A directory whose streams are all unusable
 * (none of the kinds we read tells anything) is SEEP_CORRUPT too. What a usable dump lacks is in *dump. The
 * file is borrowed until fini. On failure *dump is all zero, and fini may be called. */
seep_status seep_minidump_open(seep_minidump *dump, const seep_minidump_file *file, seep_error *error);
void seep_minidump_fini(seep_minidump *dump);

/* The process in the dump. *target borrows from dump. peb is left 0: a TEB leads to it. Regions asked for in
 * rising order cost one look into the file each, others a binary search. */
void seep_minidump_target(seep_minidump *dump, seep_target *target);

/* What this dump lacks for a full answer, as literal clauses for people ("no list of regions: take it with
 * procdump -ma"); fills at most `count` and returns how many there are. */
size_t seep_minidump_lacks(const seep_minidump *dump, const char **out, size_t count);

#endif
