#include "poll_bytes.h"

#include <stdlib.h>
#include <string.h>

/* Offsets and sizes as in observe/snapshot.h; a thread's record has 0x50 bytes. */
#define RECORD_BYTES 0x100u
#define THREAD_BYTES 0x50u
#define NAME_BYTES 128u
#define MOST_THREADS 24u
#define BASE_ADDRESS UINT64_C(0x000001D0A0000000)

/* 4 to 24 threads, the same for each life of a process: a quarter of a million on a thousand would be rare.
 */
static uint32_t threads_of(const load_series *series)
{
  return 4 + (series->pid / 4) % (MOST_THREADS - 3);
}

static void put(uint8_t *at, uint64_t value, size_t bytes)
{
  for (size_t i = 0; i < bytes; i++) {
    at[i] = (uint8_t)(value >> (8 * i));
  }
}

void poll_bytes_begin(poll_bytes *buffer, const load *data)
{
  buffer->room = (data->largest_poll + 1) * (RECORD_BYTES + MOST_THREADS * THREAD_BYTES + NAME_BYTES);
  buffer->data = load_allocate(buffer->room, 1);
}

void poll_bytes_end(poll_bytes *buffer)
{
  free(buffer->data);
  *buffer = (poll_bytes){0};
}

/* One record behind the last; returns the offset behind it. name: ASCII, "" for the idle process. */
static size_t put_record(uint8_t *data, size_t at, uint32_t threads, uint32_t pid, uint64_t created,
                         uint64_t commit_bytes, const char *name)
{
  uint8_t *record = data + at;
  size_t name_at = at + RECORD_BYTES + (size_t)threads * THREAD_BYTES, length = strlen(name);
  memset(record, 0, name_at - at + NAME_BYTES);
  put(record + 0x04, threads, 4);
  put(record + 0x20, created, 8);
  put(record + 0x28, created % 100000000, 8);
  put(record + 0x30, created % 10000000, 8);
  put(record + 0x38, length * 2, 2);
  put(record + 0x3A, length * 2 + 2, 2);
  put(record + 0x40, length > 0 ? BASE_ADDRESS + name_at : 0, 8);
  put(record + 0x50, pid, 8);
  put(record + 0x58, 4, 8);
  put(record + 0x60, 100 + pid % 900, 4);
  put(record + 0x90, commit_bytes / 2, 8);
  put(record + 0xB8, commit_bytes, 8);
  put(record + 0xC8, commit_bytes, 8);
  for (size_t i = 0; i < length; i++) {
    data[name_at + 2 * i] = (uint8_t)name[i];
  }
  return name_at + (2 * length + 2 + 7) / 8 * 8;
}

void poll_bytes_build(poll_bytes *buffer, const load_walk *walk, seep_process_bytes *out)
{
  const load *data = walk->data;
  size_t last = 0, at = put_record(buffer->data, 0, 2, 0, 0, 0, "");
  for (size_t i = 0; i < walk->count; i++) {
    const load_series *series = &data->series[walk->present[i]];
    uint64_t pages = series->pages[walk->poll - series->first];
    put(buffer->data + last, at - last, 4);
    last = at;
    at = put_record(buffer->data, at, threads_of(series), series->pid, series->created,
                    pages * LOAD_PAGE_BYTES, series->image);
  }
  uint64_t figures[LOAD_FIGURES];
  for (size_t i = 0; i < LOAD_FIGURES; i++) {
    figures[i] = (uint64_t)data->figures[i][walk->poll] * LOAD_PAGE_BYTES;
  }
  out->data = buffer->data;
  out->size = at;
  out->base_address = BASE_ADDRESS;
  out->memory = (seep_system_memory){.commit_total_bytes = figures[0],
                                     .commit_limit_bytes = figures[1],
                                     .physical_total_bytes = figures[2],
                                     .physical_available_bytes = figures[3],
                                     .paged_pool_bytes = figures[4],
                                     .nonpaged_pool_bytes = figures[5]};
}
