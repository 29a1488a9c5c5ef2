/*
 * How fast a trace is read: records a second of the walk and of the merge, beside a bare loop over markers
 * and sizes of the same file, and bytes a second of the unpacking, beside a plain copy of as many. Files: one
 * made here as the recorder writes it, of 300 MB, and a compressed recording when its path is given. Prints
 * lines `name value unit`.
 *
 *   bench_trace [SAMPLE.etl[.gz]]
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "bare_scan.h"
#include "measure.h"
#include "standin/etl_writer.h"
#include "trace/merge.h"
#include "trace/xpress.h"

#define ROUNDS 5 /* of which the quickest counts: whatever made the others slower was not the candidate */
#define PLAIN_BYTES ((size_t)300 * 1000 * 1000)
#define BUFFER_HEADER_BYTES 0x48u
#define BUDGET_BYTES ((size_t)512 * 1024 * 1024)
#define START UINT64_C(133700000000000000)

typedef struct bytes {
  uint8_t *data; /* owned */
  size_t size, capacity;
} bytes;

static void must(bool right, const char *what)
{
  if (!right) {
    measure_fail("the result is wrong", what);
  }
}

static void make_room(bytes *file, size_t size)
{
  while (file->capacity < size) {
    size_t capacity = file->capacity > 0 ? 2 * file->capacity : (size_t)1 << 20;
    uint8_t *grown = realloc(file->data, capacity);
    must(grown != NULL, "memory");
    file->data = grown;
    file->capacity = capacity;
  }
}

static uint32_t u32_at(const uint8_t *at)
{
  uint32_t value;
  memcpy(&value, at, sizeof value); /* little endian, as all machines that this runs on */
  return value;
}

/* ---- files ---- */

static bool put_bytes(void *context, uint64_t offset, const void *data, size_t size)
{
  bytes *file = context;
  make_room(file, (size_t)offset + size);
  memcpy(file->data + offset, data, size);
  file->size = (size_t)offset + size > file->size ? (size_t)offset + size : file->size;
  return true;
}

/* An allocation with its stack in 100 records, the others being context switches. */
static bytes plain_file(void)
{
  static const etl_writer_settings settings = {.buffer_bytes = 65536,
                                               .processors = 1,
                                               .os_build = 20348,
                                               .log_file_mode = 0x02000001,
                                               .start_filetime = START,
                                               .logger_name = "bench"};
  uint64_t frames[12], at = START;
  bytes file = {0};
  etl_writer writer;
  make_room(&file, PLAIN_BYTES + settings.buffer_bytes);
  bool good = etl_writer_open(&writer, &settings, put_bytes, &file);
  for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
    frames[i] = UINT64_C(0x7FF700000000) + 0x1000u * i;
  }
  for (unsigned i = 0; good && file.size < PLAIN_BYTES; i++) {
    etl_writer_memory memory = {.pid = 4242,
                                .tid = 4243,
                                .address = UINT64_C(0x10000) * i,
                                .size_bytes = 0x10000,
                                .flags = 0x3000,
                                .frames = frames,
                                .frame_count = sizeof frames / sizeof frames[0]};
    good = etl_writer_add_allocation(&writer, at += 20, &memory);
    for (unsigned k = 0; good && k < 98; k++) {
      good = etl_writer_add_background(&writer, at += 20);
    }
  }
  must(etl_writer_close(&writer, at, 0) && good, "file");
  return file;
}

static bytes sample_file(const char *path)
{
  bytes file = {0};
  gzFile stream = gzopen(path, "rb"); /* reads what is not compressed as it is */
  int count = 0;
  if (stream == NULL) {
    return file;
  }
  do {
    make_room(&file, file.size + 65536);
    count = gzread(stream, file.data + file.size, 65536);
    file.size += count > 0 ? (size_t)count : 0;
  } while (count > 0);
  gzclose(stream);
  return file;
}

/* ---- the peer ---- */

static uint64_t scan_barely(const bytes *file)
{
  return bare_scan_records(file->data, file->size);
}

/* ---- ours ---- */

static bool count(void *context, const seep_trace_record *record)
{
  uint64_t *counted = context;
  *counted += record->is_kernel ? 1 : 0;
  return true;
}

static uint64_t walk(const bytes *file)
{
  seep_trace_summary summary;
  uint64_t counted = 0;
  must(seep_trace_walk(file->data, file->size, count, &counted, &summary, NULL) == SEEP_OK, "walk");
  must(counted == summary.kernel_records && summary.bad_records == 0, "records of the walk");
  return summary.records;
}

static uint64_t merge_wanted(const bytes *file, bool all)
{
  static seep_trace_filter filter;
  seep_trace_budget budget = {.limit_bytes = BUDGET_BYTES};
  seep_trace_merge_options options = {.filter = &filter, .budget = &budget};
  seep_trace_merged merged;
  uint64_t counted = 0;
  seep_trace_filter_init(&filter);
  seep_trace_filter_add(&filter, 0x0262);
  seep_trace_filter_add(&filter, 0x0263);
  if (all) {
    memset(filter.hooks, 0xFF, sizeof filter.hooks);
  }
  must(seep_trace_merge(file->data, file->size, &options, NULL, count, &counted, &merged, NULL) == SEEP_OK,
       "merge");
  must(merged.summary.bad_records == 0 && merged.forced_buffers == 0 && merged.late_records == 0 &&
           (!all || counted == merged.summary.kernel_records),
       "records of the merge");
  return merged.summary.records;
}

static uint64_t merge_few(const bytes *file)
{
  return merge_wanted(file, false);
}

static uint64_t merge_all(const bytes *file)
{
  return merge_wanted(file, true);
}

/* ---- measuring ---- */

static void measure_records(const bytes *file, const char *name, uint64_t (*work)(const bytes *file))
{
  double least_us = 0.0;
  uint64_t records = 0;
  for (unsigned round = 0; round < ROUNDS; round++) {
    double before_us = measure_cpu_us();
    records = work(file);
    double took_us = measure_cpu_us() - before_us;
    least_us = round == 0 || took_us < least_us ? took_us : least_us;
  }
  printf("%s_per_second %.1f M\n", name, (double)records / least_us);
}

static uint64_t unpack_all(const bytes *file, uint8_t *room, size_t room_bytes, bool copy)
{
  uint64_t total = 0;
  for (size_t at = 0; at + BUFFER_HEADER_BYTES <= file->size;) {
    const uint8_t *buffer = file->data + at;
    size_t size = u32_at(buffer), wanted = u32_at(buffer + 0x30) - BUFFER_HEADER_BYTES, written = 0;
    if (size < BUFFER_HEADER_BYTES || size > file->size - at) {
      break;
    }
    if ((buffer[0x34] & 0x40u) != 0 && copy) {
      memmove(room, room + room_bytes / 2, wanted);
      written = wanted;
    } else if ((buffer[0x34] & 0x40u) != 0) {
      must(seep_xpress_decode(buffer + BUFFER_HEADER_BYTES, size - BUFFER_HEADER_BYTES, room, wanted,
                              &written) == SEEP_OK &&
               written == wanted,
           "unpacking");
    }
    total += written;
    at += size;
  }
  return total;
}

static void measure_unpacking(const bytes *file)
{
  size_t room_bytes = (size_t)32 * 1024 * 1024;
  uint8_t *room = calloc(room_bytes, 1);
  must(room != NULL, "memory");
  for (unsigned copy = 0; copy < 2; copy++) {
    double least_us = 0.0;
    uint64_t total = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
      double before_us = measure_cpu_us();
      total = unpack_all(file, room, room_bytes, copy == 1);
      double took_us = measure_cpu_us() - before_us;
      least_us = round == 0 || took_us < least_us ? took_us : least_us;
    }
    printf("%s_per_second %.0f MB\n", copy == 1 ? "sample_copy" : "sample_xpress", (double)total / least_us);
  }
  free(room);
}

static void measure_plain(void)
{
  bytes file = plain_file();
  printf("plain_bytes %zu bytes\n", file.size);
  printf("plain_records %" PRIu64 " records\n", walk(&file));
  must(scan_barely(&file) == walk(&file), "bare scan");
  measure_records(&file, "plain_scan_records", scan_barely);
  measure_records(&file, "plain_walk_records", walk);
  measure_records(&file, "plain_merge_records", merge_few);
  measure_records(&file, "plain_merge_all_records", merge_all);
  free(file.data);
}

static void measure_sample(const char *path)
{
  bytes file = sample_file(path);
  must(file.size > 0, path);
  printf("sample_bytes %zu bytes\n", file.size);
  printf("sample_records %" PRIu64 " records\n", walk(&file));
  measure_records(&file, "sample_walk_records", walk);
  measure_records(&file, "sample_merge_records", merge_few);
  measure_unpacking(&file);
  free(file.data);
}

int main(int argc, char **argv)
{
  measure_plain();
  if (argc > 1) {
    measure_sample(argv[1]);
  } else {
    fprintf(stderr, "bench: no compressed recording was named: it is left out\n");
  }
  return 0;
}
