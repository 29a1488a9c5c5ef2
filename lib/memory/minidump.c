/*
 * A minidump's header, its directory of streams and the streams that are one struct: which system, which
 * process. Everything else is in minidump_*.c. Fields are read by their offset: in real files streams and
 * entries are not even aligned to four bytes. Types of streams that we do not know are skipped.
 */
#include "memory/minidump.h"

#include <stdlib.h>
#include <string.h>

#include "memory/minidump_private.h"

/* Reference: memory-type, 10. */
#define SIGNATURE_DUMP UINT32_C(0x504D444D)   /* MDMP */
#define SIGNATURE_KERNEL UINT32_C(0x45474150) /* PAGE: PAGEDUMP, PAGEDU64 */
#define VERSION 0xA793u

enum {
  HEADER_BYTES = 32,
  ENTRY_BYTES = 12,   /* of the directory */
  SYSTEM_BYTES = 24,  /* of SystemInfo, as far as it is read */
  MISC_BYTES = 16,    /* of MiscInfo */
  COUNTERS_BYTES = 96 /* of ProcessVmCounters */
};
enum { PLATFORM_NT = 2, ARCHITECTURE_X86 = 0, ARCHITECTURE_X64 = 9 };
enum { MISC_HAS_PID = 1, MISC_HAS_TIMES = 2 };
enum { COUNTERS_REVISION = 2 };
enum { FLAG_FULL_MEMORY = 0x2, FLAG_PRIVATE_MEMORY = 0x200 };

seep_status seep_minidump__fail(seep_error *error, seep_status status, uint64_t offset, const char *sentence)
{
  return seep_error_set(error, status, SEEP_DOMAIN_FORMAT, (int64_t)offset, "minidump", sentence);
}

seep_status seep_minidump__look(const seep_minidump *dump, uint64_t offset, size_t bytes, seep_cursor *out,
                                seep_error *error)
{
  const seep_minidump_file *file = &dump->file;
  if (offset > file->size_bytes || bytes > file->size_bytes - offset) {
    return SEEP_CORRUPT;
  }
  const uint8_t *data = file->at(file->context, offset, bytes);
  if (data == NULL) {
    return seep_minidump__fail(error, SEEP_OS, offset, "the file cannot be read");
  }
  seep_cursor_init(out, data, bytes);
  return SEEP_OK;
}

const seep_minidump_stream *seep_minidump__find(const seep_minidump *dump, uint32_t type)
{
  for (size_t i = 0; i < dump->stream_count; i++) {
    if (dump->streams[i].type == type) {
      return &dump->streams[i];
    }
  }
  return NULL;
}

uint64_t seep_minidump__present(const seep_minidump *dump, const seep_minidump_stream *stream)
{
  uint64_t size = dump->file.size_bytes;
  uint64_t left = stream->offset < size ? size - stream->offset : 0;
  return stream->size_bytes < left ? stream->size_bytes : left;
}

uint64_t seep_minidump__address(const seep_minidump *dump, uint64_t address)
{
  bool is_extended =
      dump->system_known && dump->architecture == ARCHITECTURE_X86 && address >= UINT64_C(0xFFFFFFFF80000000);
  return is_extended ? address & UINT32_MAX : address;
}

static seep_status take_header(seep_minidump *dump, uint32_t *streams, uint32_t *directory, seep_error *error)
{
  seep_cursor header;
  uint64_t size = dump->file.size_bytes;
  seep_status status = size < HEADER_BYTES ? seep_minidump__fail(error, SEEP_CORRUPT, size,
                                                                 "not a minidump: shorter than a header")
                                           : seep_minidump__look(dump, 0, HEADER_BYTES, &header, error);
  if (status != SEEP_OK) {
    return status;
  }
  uint32_t signature = seep_cursor_u32(&header);
  uint32_t version = seep_cursor_u32(&header);
  if (signature == SIGNATURE_KERNEL) {
    return seep_minidump__fail(error, SEEP_UNSUPPORTED, 0, "a dump of the kernel, not of one process");
  }
  if (signature != SIGNATURE_DUMP || (version & 0xFFFFu) != VERSION) {
    return seep_minidump__fail(error, SEEP_CORRUPT, signature != SIGNATURE_DUMP ? 0 : 4, "not a minidump");
  }
  *streams = seep_cursor_u32(&header);
  *directory = seep_cursor_u32(&header);
  seep_cursor_skip(&header, 4); /* a checksum that nobody writes */
  dump->time_s = seep_cursor_u32(&header);
  dump->flags = seep_cursor_u64(&header);
  return SEEP_OK;
}

static seep_status take_directory(seep_minidump *dump, seep_error *error)
{
  uint32_t count = 0, offset = 0;
  seep_cursor entries;
  seep_status status = take_header(dump, &count, &offset, error);
  if (status != SEEP_OK) {
    return status;
  }
  if (offset < HEADER_BYTES) {
    return seep_minidump__fail(error, SEEP_CORRUPT, 12, "the directory of streams lies in the header");
  }
  if (count == 0 || offset + (uint64_t)count * ENTRY_BYTES > dump->file.size_bytes) {
    return seep_minidump__fail(error, SEEP_CORRUPT, 8, "the directory of streams does not lie in the file");
  }
  if (count > SEEP_MINIDUMP_MAXIMUM_STREAMS) {
    return seep_minidump__fail(error, SEEP_LIMIT, 8, "more than 4096 streams");
  }
  status = seep_minidump__look(dump, offset, (size_t)count * ENTRY_BYTES, &entries, error);
  if (status != SEEP_OK) {
    return status;
  }
  dump->streams = calloc(count, sizeof *dump->streams);
  if (dump->streams == NULL) {
    return seep_minidump__fail(error, SEEP_NO_MEMORY, offset, "the directory of streams");
  }
  for (uint32_t i = 0; i < count; i++) {
    seep_minidump_stream *stream = &dump->streams[dump->stream_count];
    stream->type = seep_cursor_u32(&entries);
    stream->size_bytes = seep_cursor_u32(&entries);
    stream->offset = seep_cursor_u32(&entries);
    dump->stream_count += stream->type != 0 ? 1 : 0;
  }
  dump->unused_streams = count - (uint32_t)dump->stream_count;
  return SEEP_OK;
}

/* The first `bytes` bytes of the first stream of this type. SEEP_NOT_FOUND: not in the file. */
static seep_status look_at_stream(seep_minidump *dump, uint32_t type, size_t bytes, seep_cursor *out,
                                  seep_error *error)
{
  const seep_minidump_stream *stream = seep_minidump__find(dump, type);
  uint64_t present = stream != NULL ? seep_minidump__present(dump, stream) : 0;
  if (present < bytes) {
    dump->cut_short = dump->cut_short || (stream != NULL && present < stream->size_bytes);
    return SEEP_NOT_FOUND;
  }
  return seep_minidump__look(dump, stream->offset, bytes, out, error);
}

static seep_status take_system(seep_minidump *dump, seep_error *error)
{
  seep_cursor bytes;
  seep_status status = look_at_stream(dump, SEEP_MINIDUMP__SYSTEM, SYSTEM_BYTES, &bytes, error);
  if (status != SEEP_OK) {
    return status == SEEP_NOT_FOUND ? SEEP_OK : status;
  }
  uint64_t offset = seep_minidump__find(dump, SEEP_MINIDUMP__SYSTEM)->offset;
  dump->system_known = true;
  dump->architecture = seep_cursor_u16_at(&bytes, 0);
  dump->os_major = seep_cursor_u32_at(&bytes, 8);
  dump->os_minor = seep_cursor_u32_at(&bytes, 12);
  dump->os_build = seep_cursor_u32_at(&bytes, 16);
  if (seep_cursor_u32_at(&bytes, 20) != PLATFORM_NT) {
    return seep_minidump__fail(error, SEEP_UNSUPPORTED, offset + 20, "a dump of another operating system");
  }
  if (dump->architecture != ARCHITECTURE_X86 && dump->architecture != ARCHITECTURE_X64) {
    return seep_minidump__fail(error, SEEP_UNSUPPORTED, offset,
                               "a dump for another processor than x86 and x64");
  }
  return SEEP_OK;
}

static seep_status take_process(seep_minidump *dump, seep_error *error)
{
  seep_cursor bytes;
  seep_status status = look_at_stream(dump, SEEP_MINIDUMP__MISC, MISC_BYTES, &bytes, error);
  if (status == SEEP_OK) {
    uint32_t has = seep_cursor_u32_at(&bytes, 4);
    dump->process_known = (has & MISC_HAS_PID) != 0;
    dump->pid = dump->process_known ? seep_cursor_u32_at(&bytes, 8) : 0;
    dump->created_s = (has & MISC_HAS_TIMES) != 0 ? seep_cursor_u32_at(&bytes, 12) : 0;
  } else if (status != SEEP_NOT_FOUND) {
    return status;
  }
  status = look_at_stream(dump, SEEP_MINIDUMP__COUNTERS, COUNTERS_BYTES, &bytes, error);
  if (status == SEEP_OK && seep_cursor_u16_at(&bytes, 0) == COUNTERS_REVISION) {
    dump->private_usage_bytes = seep_cursor_u64_at(&bytes, 88);
  }
  return status == SEEP_NOT_FOUND ? SEEP_OK : status;
}

static seep_status check_use(const seep_minidump *dump, seep_error *error)
{
  bool is_useful = dump->system_known || dump->process_known || dump->region_list || dump->range_count > 0 ||
                   dump->threads > 0 || dump->modules > 0;
  return is_useful ? SEEP_OK
                   : seep_minidump__fail(error, SEEP_CORRUPT, HEADER_BYTES, "no stream that tells anything");
}

seep_status seep_minidump_open(seep_minidump *dump, const seep_minidump_file *file, seep_error *error)
{
  *dump = (seep_minidump){.file = *file};
  seep_status status = take_directory(dump, error);
  if (status == SEEP_OK) {
    status = take_system(dump, error);
  }
  if (status == SEEP_OK) {
    status = take_process(dump, error);
  }
  if (status == SEEP_OK) {
    status = seep_minidump__take_threads(dump, error);
  }
  if (status == SEEP_OK) {
    status = seep_minidump__take_modules(dump, error);
  }
  if (status == SEEP_OK) {
    status = seep_minidump__take_ranges(dump, error);
  }
  if (status == SEEP_OK) {
    status = seep_minidump__take_regions(dump, error);
  }
  if (status == SEEP_OK) {
    status = check_use(dump, error);
  }
  if (status != SEEP_OK) {
    seep_minidump_fini(dump);
  }
  return status;
}

void seep_minidump_fini(seep_minidump *dump)
{
  free(dump->streams);
  free(dump->ranges);
  free(dump->region_order);
  free(dump->tebs);
  memset(dump, 0, sizeof *dump);
}

void seep_minidump_target(seep_minidump *dump, seep_target *target)
{
  *target = (seep_target){
      .context = dump,
      .region = seep_minidump__region,
      .read = seep_minidump__read,
      .pointer_bytes = dump->system_known && dump->architecture == ARCHITECTURE_X86 ? 4 : 8,
      .tebs = dump->tebs,
      .teb_count = dump->teb_count,
      .runtimes = dump->runtimes,
      .modules_known = dump->modules_known,
      .commit_bytes = dump->private_usage_bytes,
  };
}

/* The flags may say nothing though all is there, so what is there counts too. */
static bool has_parts_only(const seep_minidump *dump)
{
  bool is_announced = (dump->flags & (FLAG_FULL_MEMORY | FLAG_PRIVATE_MEMORY)) != 0;
  return !is_announced && (!dump->region_list || dump->bytes_in_file < dump->readable_bytes);
}

size_t seep_minidump_lacks(const seep_minidump *dump, const char **out, size_t count)
{
  const struct {
    bool is_lacking;
    const char *clause;
  } clauses[] = {
      {!dump->region_list, "no list of regions: take it with procdump -ma"},
      {dump->region_list && dump->regions_usable < dump->region_count,
       "regions that overlap or have no size: they are left out"},
      {dump->range_count == 0, "no memory: take it with procdump -ma"},
      {dump->range_count > 0 && has_parts_only(dump),
       "only parts of the process's memory: take it with procdump -ma"},
      {dump->cut_short, "the file is cut short, or lists more than it holds"},
      {dump->teb_count == 0, "no thread with its TEB: the heaps cannot be found"},
      {!dump->modules_known, "no complete list of modules: language runtimes cannot be told"},
      {!dump->system_known, "no system information: taken for a 64-bit process"},
      {!dump->process_known || dump->created_s == 0,
       "no process id with its creation time: cannot be told from a dump of another process"},
  };
  size_t lacking = 0;
  for (size_t i = 0; i < sizeof clauses / sizeof clauses[0]; i++) {
    if (clauses[i].is_lacking && lacking < count) {
      out[lacking] = clauses[i].clause;
    }
    lacking += clauses[i].is_lacking ? 1 : 0;
  }
  return lacking;
}
