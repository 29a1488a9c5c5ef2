/* Commit per process: byte vectors of real records, and whole files from the writer, which shares no code
 * with us. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "standin/etl_writer.h"
#include "unit/trace/committed.h"
#include "unit/trace/memory_file.h"

#define LEAKER 4242u
#define NEIGHBOUR 99u
#define START_FILETIME UINT64_C(134000000000000000)
#define BLOCK_BYTES UINT64_C(0x10000)
#define ALLOCATIONS 3000u /* enough for several buffers */
#define FEW_ALLOCATIONS 300u
#define HOOK_STACK 0x1820u

static seep_trace_record record_of(uint16_t hook, unsigned pointer_bytes, const uint8_t *payload, size_t size)
{
  seep_trace_record record = {.is_kernel = true, .hook_id = hook, .version = 2};
  record.pointer_bytes = pointer_bytes;
  record.payload = payload;
  record.payload_bytes = size;
  return record;
}

static void test_recorded_payloads(void **state)
{
  (void)state;
  static const uint8_t commit64[] = {0x00, 0x40, 0x3b, 0, 0, 0,    0, 0, 0x00, 0x60, 0, 0,
                                     0,    0,    0,    0, 4, 0x18, 0, 0, 0,    0x10, 0, 0};
  static const uint8_t free64[] = {0x00, 0x40, 0x3b, 0, 0, 0,    0, 0, 0x00, 0xf0, 0, 0,
                                   0,    0,    0,    0, 4, 0x18, 0, 0, 0,    0x40, 0, 0};
  static const uint8_t free32[] = {0x00, 0x00, 0x42, 0x01, 0, 0, 4, 0, 0xd8, 0x0d, 0, 0, 0, 0x80, 0, 0};
  seep_trace_record allocated = record_of(0x0262, 8, commit64, sizeof commit64);
  seep_trace_record freed = record_of(0x0263, 8, free64, sizeof free64);
  seep_trace_record freed32 = record_of(0x0263, 4, free32, sizeof free32);
  seep_trace_committed committed;
  seep_trace_committed_init(&committed, 0x1804);
  assert_true(seep_trace_committed_visit(&committed, &allocated));
  assert_true(seep_trace_committed_visit(&committed, &freed));
  assert_true(seep_trace_committed_visit(&committed, &freed32)); /* another process */
  assert_int_equal(committed.allocations, 1);
  assert_int_equal(committed.committed_bytes, 0x6000);
  assert_int_equal(committed.frees, 1);
  assert_int_equal(committed.freed_bytes, 0xf000);
  assert_int_equal(committed.malformed, 0);
  seep_trace_committed_init(&committed, 0xdd8);
  assert_true(seep_trace_committed_visit(&committed, &freed32));
  assert_int_equal(committed.freed_bytes, 0x40000);
}

/* A payload of 64-bit form with these fields; the visit's result lands in a fresh tally. */
static seep_trace_committed visit_one(uint16_t hook, uint64_t size_bytes, uint32_t flags,
                                      size_t payload_bytes)
{
  uint8_t payload[24] = {0};
  seep_trace_committed committed;
  memory_file view = {payload, sizeof payload, 0};
  memory_file_put(&view, 8, size_bytes, 8);
  memory_file_put(&view, 16, LEAKER, 4);
  memory_file_put(&view, 20, flags, 4);
  seep_trace_record record = record_of(hook, 8, payload, payload_bytes);
  seep_trace_committed_init(&committed, LEAKER);
  assert_true(seep_trace_committed_visit(&committed, &record));
  return committed;
}

static void test_flags_decide_after_the_opcode(void **state)
{
  (void)state;
  assert_int_equal(visit_one(0x0262, 5, 0x3000, 24).allocations, 1);
  assert_int_equal(visit_one(0x0262, 5, 0x2000, 24).allocations, 0); /* reserve only */
  assert_int_equal(visit_one(0x0262, 5, 0x80000, 24).malformed, 0);  /* reset */
  assert_int_equal(visit_one(0x0262, 5, 0x7000, 24).allocations, 1); /* replaces a placeholder */
  assert_int_equal(visit_one(0x0262, 5, 0x7000, 24).frees, 0);
  assert_int_equal(visit_one(0x0262, 5, 0x401000, 24).allocations, 0);   /* pages mapped by hand */
  assert_int_equal(visit_one(0x0262, 5, 0x20401000, 24).allocations, 1); /* large pages */
  assert_int_equal(visit_one(0x0262, 5, 0x8000, 24).malformed, 1);       /* an allocation that releases */
  assert_int_equal(visit_one(0x0263, 5, 0x4000, 24).frees, 1);
  assert_int_equal(visit_one(0x0263, 5, 0x8000, 24).freed_bytes, 5);
  assert_int_equal(visit_one(0x0263, 5, 0x1000, 24).malformed, 1); /* a free that commits */
  assert_int_equal(visit_one(0x0262, 5, 0x1000, 23).malformed, 1); /* cut */
  assert_int_equal(visit_one(0x0262, 5, 0x1000, 0).malformed, 1);
  assert_int_equal(visit_one(0x0264, 5, 0x1000, 24).malformed + visit_one(0x0264, 5, 0x1000, 24).allocations,
                   0);
}

static void test_sums_saturate(void **state)
{
  (void)state;
  seep_trace_committed committed;
  uint8_t payload[24];
  memset(payload, 0xFF, sizeof payload);
  memory_file view = {payload, sizeof payload, 0};
  memory_file_put(&view, 16, LEAKER, 4);
  memory_file_put(&view, 20, 0x1000, 4);
  seep_trace_record record = record_of(0x0262, 8, payload, sizeof payload);
  seep_trace_committed_init(&committed, LEAKER);
  seep_trace_committed_visit(&committed, &record);
  seep_trace_committed_visit(&committed, &record);
  assert_int_equal(committed.allocations, 2);
  assert_true(committed.committed_bytes == UINT64_MAX);
}

static void write_processes(etl_writer *writer, uint64_t now, etl_writer_moment moment)
{
  static const uint16_t path[] = {'\\', 'D', '\\', 'l', '.', 'e', 'x', 'e', 0};
  etl_writer_process process = {LEAKER, 1, 0, "leaker.exe"};
  etl_writer_image image = {LEAKER, UINT64_C(0x140000000), 0x20000, path};
  assert_true(etl_writer_add_process(writer, now, moment, &process));
  if (moment == ETL_WRITER_DCEND) {
    assert_true(etl_writer_add_image(writer, now, moment, &image));
  }
}

/* A recording in which LEAKER commits blocks with stacks and gives back every third. */
static memory_file written_trace(uint32_t allocations, uint32_t events_lost)
{
  static const uint64_t frames[] = {UINT64_C(0x7FF800001000), UINT64_C(0x7FF700002000),
                                    UINT64_C(0x140001234)};
  memory_file file = {0};
  etl_writer writer;
  etl_writer_settings settings = {16384, 2, 20348, 0x02000001, START_FILETIME, "Test Session"};
  assert_true(etl_writer_open(&writer, &settings, memory_file_write, &file));
  write_processes(&writer, START_FILETIME, ETL_WRITER_DCSTART);
  for (uint32_t i = 0; i < allocations; i++) {
    uint64_t now = START_FILETIME + i * 10000u;
    uint64_t address = UINT64_C(0x200000000) + i * BLOCK_BYTES;
    etl_writer_memory block = {LEAKER, 7, address, BLOCK_BYTES, 0x3000, frames, 3};
    etl_writer_memory other = {NEIGHBOUR, 8, address, 4096, 0x1000, NULL, 0};
    etl_writer_memory gone = {LEAKER, 7, address, BLOCK_BYTES, 0x8000, NULL, 0};
    assert_true(etl_writer_add_allocation(&writer, now, &block));
    assert_true(etl_writer_add_allocation(&writer, now, &other));
    assert_true(etl_writer_add_background(&writer, now));
    assert_true(i % 3 != 0 || etl_writer_add_free(&writer, now, &gone));
  }
  write_processes(&writer, START_FILETIME + 50000000, ETL_WRITER_DCEND);
  assert_true(etl_writer_close(&writer, START_FILETIME + 60000000, events_lost));
  return file;
}

/* Checks what only a whole trace shows: order, and that each stack names the tick of the event before it. */
typedef struct order {
  seep_trace_committed committed;
  uint64_t last_ticks, last_allocation_ticks;
  uint64_t stacks, orphans, backwards, images, processes;
} order;

static bool check_order(void *context, const seep_trace_record *record)
{
  order *seen = context;
  seen->backwards += record->ticks < seen->last_ticks ? 1 : 0;
  seen->last_ticks = record->ticks;
  seen->processes += record->is_kernel && (record->hook_id >> 8) == 3 ? 1 : 0;
  seen->images += record->is_kernel && (record->hook_id >> 8) == 20 ? 1 : 0;
  if (record->is_kernel && record->hook_id == 0x0262) {
    seen->last_allocation_ticks = record->ticks;
  }
  if (record->is_kernel && record->hook_id == HOOK_STACK) {
    uint64_t event_ticks = 0;
    for (size_t i = 0; i < 8; i++) {
      event_ticks |= (uint64_t)record->payload[i] << (8 * i);
    }
    seen->stacks++;
    seen->orphans +=
        event_ticks != seen->last_allocation_ticks || record->payload_bytes != 16 + 3 * 8 ? 1 : 0;
  }
  return seep_trace_committed_visit(&seen->committed, record);
}

static void test_round_trip(void **state)
{
  (void)state;
  memory_file file = written_trace(ALLOCATIONS, 17);
  seep_trace_summary summary;
  order seen = {.stacks = 0};
  seep_trace_committed_init(&seen.committed, LEAKER);
  assert_int_equal(seep_trace_walk(file.bytes, file.size, check_order, &seen, &summary, NULL), SEEP_OK);
  assert_int_equal(summary.header.os_build, 20348);
  assert_int_equal(summary.header.os_major, 10);
  assert_int_equal(summary.header.processors, 2);
  assert_int_equal(summary.header.pointer_bytes, 8);
  assert_int_equal(summary.header.log_file_mode, 0x02000001);
  assert_int_equal(summary.header.events_lost, 17);
  assert_int_equal(summary.header.clock_type, 1);
  assert_int_equal(summary.header.frequency_hz, 10000000);
  assert_int_equal(summary.header.end - summary.header.start, 60000000);
  assert_int_equal(summary.buffers, file.size / 16384);
  assert_int_equal(summary.compressed_buffers + summary.bad_buffers + summary.bad_records, 0);
  /* 2 of the header buffer, 3 processes and images, 4 records per round, and the frees */
  assert_int_equal(summary.records, 2 + 3 + 4 * ALLOCATIONS + ALLOCATIONS / 3);
  assert_int_equal(summary.kernel_records, summary.records);
  assert_int_equal(seen.committed.allocations, ALLOCATIONS);
  assert_int_equal(seen.committed.committed_bytes, ALLOCATIONS * BLOCK_BYTES);
  assert_int_equal(seen.committed.frees, ALLOCATIONS / 3);
  assert_int_equal(seen.committed.freed_bytes, ALLOCATIONS / 3 * BLOCK_BYTES);
  assert_int_equal(seen.committed.malformed, 0);
  assert_int_equal(seen.stacks, ALLOCATIONS);
  assert_int_equal(seen.orphans, 0);
  assert_int_equal(seen.backwards, 0);
  assert_int_equal(seen.processes, 2);
  assert_int_equal(seen.images, 1);
  memory_file_free(&file);
}

static void test_truncated_traces_lose_only_their_tail(void **state)
{
  (void)state;
  memory_file file = written_trace(FEW_ALLOCATIONS, 0);
  uint64_t last_bytes = 0;
  assert_true(file.size > 3 * 16384);
  for (size_t size = 1024; size < file.size; size += 97) {
    memory_file cut = memory_file_copy(file.bytes, size);
    seep_trace_summary summary;
    seep_trace_committed committed;
    seep_trace_committed_init(&committed, LEAKER);
    assert_int_equal(
        seep_trace_walk(cut.bytes, cut.size, seep_trace_committed_visit, &committed, &summary, NULL),
        SEEP_OK);
    assert_true(committed.committed_bytes >= last_bytes);
    assert_int_equal(committed.malformed + summary.bad_records + summary.bad_buffers, 0);
    assert_true(summary.truncated || size % 16384 == 0);
    last_bytes = committed.committed_bytes;
    memory_file_free(&cut);
  }
  assert_int_equal(last_bytes, FEW_ALLOCATIONS * BLOCK_BYTES);
  memory_file_free(&file);
}

static void test_flipped_bytes_never_hurt(void **state)
{
  (void)state;
  memory_file file = written_trace(FEW_ALLOCATIONS, 0);
  uint32_t random = 12345;
  for (unsigned round = 0; round < 400; round++) {
    memory_file copy = memory_file_copy(file.bytes, 3 * 16384);
    seep_trace_summary summary = {0};
    seep_trace_committed committed;
    for (unsigned i = 0; i < 20; i++) {
      random = random * 1664525u + 1013904223u;
      copy.bytes[(random >> 8) % copy.size] = (uint8_t)(random >> 3);
    }
    seep_trace_committed_init(&committed, LEAKER);
    seep_status status =
        seep_trace_walk(copy.bytes, copy.size, seep_trace_committed_visit, &committed, &summary, NULL);
    assert_true(status == SEEP_OK || status == SEEP_CORRUPT);
    assert_true(summary.records <= copy.size / 8);
    memory_file_free(&copy);
  }
  memory_file_free(&file);
}

static void test_writer_reports_a_full_disk(void **state)
{
  (void)state;
  memory_file file = {.limit = 5 * 4096};
  etl_writer writer;
  etl_writer_settings settings = {4096, 1, 20348, 1, START_FILETIME, "Full"};
  assert_true(etl_writer_open(&writer, &settings, memory_file_write, &file));
  bool written = true;
  for (unsigned i = 0; i < 10000 && written; i++) {
    written = etl_writer_add_background(&writer, START_FILETIME + i);
  }
  assert_false(written);
  assert_false(etl_writer_close(&writer, START_FILETIME + 10000, 0));
  assert_int_equal(file.size, 5 * 4096);
  memory_file_free(&file);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_recorded_payloads),
      cmocka_unit_test(test_flags_decide_after_the_opcode),
      cmocka_unit_test(test_sums_saturate),
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_truncated_traces_lose_only_their_tail),
      cmocka_unit_test(test_flipped_bytes_never_hurt),
      cmocka_unit_test(test_writer_reports_a_full_disk),
  };
  return cmocka_run_group_tests_name("trace committed", tests, NULL, NULL);
}
