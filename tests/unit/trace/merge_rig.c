#include "unit/trace/merge_rig.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

const char *const merge_rig_fixtures[MERGE_RIG_FIXTURES] = {
    "airbus-lxcore_kernel.etl", "perfview-SelfDescribingSingleEvent.etl", "perfview-smallEtlFile.etl",
    "s4-WindowsUpdate.etl", "s4-waasmedic.etl"};

void merge_rig_begin(void *context, const seep_trace_header *header, uint64_t first_ticks,
                     uint64_t about_last)
{
  merge_seen *self = context;
  assert_int_equal(header->first_ticks, first_ticks);
  assert_int_equal(self->count, 0);
  self->first_ticks = first_ticks;
  self->about_last_ticks = about_last;
  self->begun++;
}

static uint64_t digest_of(const seep_trace_record *record)
{
  uint64_t digest = record->ticks + record->hook_id + ((uint64_t)record->processor << 32);
  for (size_t i = 0; i < record->payload_bytes; i++) {
    digest = (digest ^ record->payload[i]) * UINT64_C(0x100000001b3);
  }
  return digest;
}

bool merge_rig_see(void *context, const seep_trace_record *record)
{
  merge_seen *self = context;
  size_t at = self->count++ % MOST;
  self->steps_back += at > 0 && record->ticks < self->ticks[at - 1] ? 1 : 0;
  self->ticks[at] = record->ticks;
  self->serial[at] = 0;
  for (size_t i = 0; i < 8 && i < record->payload_bytes; i++) {
    self->serial[at] |= (uint64_t)record->payload[i] << (8 * i);
  }
  self->digest += digest_of(record);
  return self->stop_after == 0 || self->count < self->stop_after;
}

bool merge_rig_see_timed(void *context, const seep_trace_record *record)
{
  return !record->is_kernel && record->guid == NULL ? true : merge_rig_see(context, record);
}

bool merge_rig_stopped(void *context)
{
  merge_watch *self = context;
  return ++self->asked == self->stop_at;
}

void merge_rig_progress(void *context, uint64_t done_bytes, uint64_t total_bytes)
{
  merge_watch *self = context;
  assert_true(done_bytes > self->done_bytes && done_bytes <= total_bytes);
  self->done_bytes = done_bytes;
  self->total_bytes = total_bytes;
}

seep_trace_filter merge_rig_filter(void)
{
  seep_trace_filter filter;
  memset(filter.hooks, 0xFF, sizeof filter.hooks);
  filter.classic = filter.manifest = true;
  return filter;
}

merge_seen *merge_rig_seen(void)
{
  merge_seen *self = calloc(1, sizeof *self);
  assert_non_null(self);
  return self;
}

seep_status merge_rig_all(const memory_file *file, size_t limit_bytes, merge_seen *self,
                          seep_trace_merged *merged)
{
  seep_trace_filter filter = merge_rig_filter();
  seep_trace_budget budget = {.limit_bytes = limit_bytes};
  seep_trace_merge_options options = {.filter = &filter, .budget = &budget};
  seep_status status =
      seep_trace_merge(file->bytes, file->size, &options, merge_rig_begin, merge_rig_see, self, merged, NULL);
  assert_int_equal(budget.used_bytes, 0);
  assert_true(budget.peak_bytes <= limit_bytes);
  return status;
}

memory_file merge_rig_file(void)
{
  memory_file fixture = memory_file_fixture("s4-WindowsUpdate.etl"), file;
  assert_non_null(fixture.bytes);
  file = memory_file_copy(fixture.bytes, 4096);
  memory_file_free(&fixture);
  return file;
}

size_t merge_rig_buffer(memory_file *file, uint16_t processor, uint64_t sequence, const uint64_t *ticks,
                        size_t count, uint64_t serial)
{
  size_t at = file->size, bytes = HEADER_BYTES + count * RECORD_BYTES;
  uint8_t *buffer = calloc(1, bytes);
  assert_non_null(buffer);
  assert_true(memory_file_write(file, at, buffer, bytes));
  free(buffer);
  memory_file_put(file, at, bytes, 4);
  memory_file_put(file, at + 0x18, sequence, 8);
  memory_file_put(file, at + 0x28, processor, 2);
  memory_file_put(file, at + 0x30, bytes, 4);
  memory_file_put(file, at + 0x34, 0x20, 2);
  for (size_t i = 0; i < count; i++) {
    size_t record = at + HEADER_BYTES + i * RECORD_BYTES;
    memory_file_put(file, record, 0xC0110000u, 4);
    memory_file_put(file, record + 4, RECORD_BYTES, 2);
    memory_file_put(file, record + 6, HOOK, 2);
    memory_file_put(file, record + 8, FIRST + ticks[i], 8);
    memory_file_put(file, record + 16, serial + i, 8);
  }
  return at;
}

size_t merge_rig_row(memory_file *file, uint16_t processor, uint64_t sequence, uint64_t from, uint64_t step,
                     size_t count)
{
  uint64_t *ticks = malloc(count * sizeof *ticks);
  assert_non_null(ticks);
  for (size_t i = 0; i < count; i++) {
    ticks[i] = from + step * i;
  }
  size_t at = merge_rig_buffer(file, processor, sequence, ticks, count, from);
  free(ticks);
  return at;
}

void merge_rig_expect_summary(const memory_file *file, const seep_trace_merged *merged)
{
  seep_trace_summary walked;
  memset(&walked, 0, sizeof walked);
  assert_int_equal(seep_trace_walk(file->bytes, file->size, NULL, NULL, &walked, NULL), SEEP_OK);
  assert_memory_equal(&merged->summary, &walked, sizeof walked);
}

size_t merge_rig_expect_in_order(const memory_file *file, merge_seen *self)
{
  seep_trace_merged merged;
  memset(self, 0, sizeof *self);
  assert_int_equal(merge_rig_all(file, PLENTY, self, &merged), SEEP_OK);
  assert_int_equal(self->begun, 1);
  assert_int_equal(self->steps_back, 0);
  assert_int_equal(merged.late_records, 0);
  assert_int_equal(merged.forced_buffers, 0);
  assert_false(merged.ended_early);
  assert_int_equal(merged.first_ticks, FIRST);
  merge_rig_expect_summary(file, &merged);
  return self->count - 2;
}

uint32_t merge_rig_random(uint32_t *random)
{
  *random = *random * 1664525u + 1013904223u;
  return *random >> 8;
}
