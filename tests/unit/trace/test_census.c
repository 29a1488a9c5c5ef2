/* The census of traces made for it: whose a stack is, what time does, and what a file can do to its memory.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "trace/census.h"
#include "trace/census_internal.h"
#include "unit/trace/memory_file.h"
#include "unit/trace/raw_trace.h"

static raw_trace trace;
static seep_trace_census census;

static void add_perf(uint16_t hook, uint64_t ticks, const void *payload, size_t bytes)
{
  const raw_head head = {.type = RAW_PERF64, .version = 2, .hook = hook, .ticks = ticks};
  raw_trace_add(&trace, &head, payload, bytes);
}

static void add_system(uint16_t hook, uint64_t ticks, uint32_t tid)
{
  const raw_head head = {
      .type = RAW_SYSTEM64, .version = 2, .hook = hook, .ticks = ticks, .pid = 7, .tid = tid};
  raw_trace_add(&trace, &head, NULL, 0);
}

/* A stack of one frame, or a reference to a key. */
static void add_stack(uint16_t hook, uint64_t ticks, uint64_t event_ticks, uint32_t tid, uint64_t frame)
{
  uint8_t payload[24];
  raw_put(payload, event_ticks, 8);
  raw_put(payload + 8, 7, 4);
  raw_put(payload + 12, tid, 4);
  raw_put(payload + 16, frame, 8);
  add_perf(hook, ticks, payload, sizeof payload);
}

static void add_definition(uint16_t hook, uint64_t ticks, uint64_t key)
{
  uint8_t payload[24] = {0};
  raw_put(payload, key, 8);
  add_perf(hook, ticks, payload, sizeof payload);
}

/* A copy of exactly the trace's size is counted, so that a read past its end is seen. */
static void take_census(void)
{
  memory_file file = memory_file_copy(trace.bytes, trace.size);
  assert_int_equal(seep_trace_census_take(&census, file.bytes, file.size, 0, NULL), SEEP_OK);
  memory_file_free(&file);
  assert_int_equal(census.summary.bad_records, 0);
}

static int forget(void **state)
{
  (void)state;
  seep_trace_census_free(&census);
  memset(&census, 0, sizeof census);
  return 0;
}

/* ---- stacks ---- */

/* Trap 13: the user's half of a stack comes late, and from another processor. */
static void a_stack_may_come_late_and_from_elsewhere(void **state)
{
  (void)state;
  raw_trace_begin(&trace, 1000);
  raw_trace_buffer(&trace, 0, 1);
  add_system(0x0501, 2000, 5);
  raw_trace_buffer(&trace, 1, 2);
  add_stack(0x1820, 4002000, 2000, 5, 0x7FF000001000);
  take_census();
  assert_true(census.has_stacks);
  assert_int_equal(census.stacks.matched, 1);
  assert_int_equal(census.stacks.unmatched, 0);
  assert_int_equal(census.stacks.ambiguous, 0);
  assert_int_equal(census.stacks.most_delay_ticks, 4000000);
  assert_int_equal(census.stacks.frames, 1);
  assert_int_equal(census.stacks.by_hook.rows[0].number, 0x0501);
  assert_int_equal(census.backward_steps, 0);
}

/* Trap 14: several events have one time; a thread that is named counts, and none fits any. */
static void several_events_may_have_one_time(void **state)
{
  (void)state;
  raw_trace_begin(&trace, 1000);
  raw_trace_buffer(&trace, 0, 1);
  add_system(0x0501, 2000, 5);
  add_perf(0x0262, 2000, NULL, 0);
  add_system(0x0502, 2000, 6);
  add_stack(0x1820, 2001, 2000, 5, 1); /* 5/1, or the one without a thread */
  add_stack(0x1820, 2002, 2000, 9, 1); /* the one without a thread alone */
  add_stack(0x1820, 2003, 2000, 6, 1); /* 5/2 comes after the one without */
  add_stack(0x1820, 2004, 1999, 5, 1); /* nothing */
  take_census();
  assert_int_equal(census.stacks.matched, 3);
  assert_int_equal(census.stacks.ambiguous, 2);
  assert_int_equal(census.stacks.unmatched, 1);
  assert_int_equal(census.stacks.by_hook.count, 2);
  assert_int_equal(census.stacks.by_hook.rows[0].number, 0x0262);
  assert_int_equal(census.stacks.by_hook.rows[0].count, 2);
  assert_int_equal(census.stacks.by_hook.rows[1].number, 0x0501);
  assert_int_equal(census.stacks.by_hook.rows[1].count, 1);
}

/* Trap 8: the thread stands before the process; taken the other way round nothing would match. */
static void the_thread_stands_before_the_process(void **state)
{
  (void)state;
  raw_trace_begin(&trace, 1000);
  raw_trace_buffer(&trace, 0, 1);
  add_system(0x0501, 2000, 123);
  add_stack(0x1820, 2001, 2000, 7, 1); /* 7 is the event's process */
  add_stack(0x1820, 2001, 2000, 123, 1);
  take_census();
  assert_int_equal(census.stacks.matched, 1);
  assert_int_equal(census.stacks.unmatched, 1);
}

/* Trap 12: what a key means is told after its use, and the same key is used again for another stack. */
static void a_key_is_defined_after_its_use(void **state)
{
  (void)state;
  raw_trace_begin(&trace, 1000);
  raw_trace_buffer(&trace, 0, 1);
  add_system(0x0501, 2000, 5);
  add_stack(0x1825, 2010, 2000, 5, 0xAAAA); /* kernel */
  add_definition(0x1823, 2020, 0xAAAA);
  add_stack(0x1826, 2030, 2000, 5, 0xAAAA); /* user, the same key */
  add_definition(0x1824, 2040, 0xAAAA);
  add_stack(0x1826, 2050, 2000, 5, 0xAAAA); /* behind the last one */
  add_stack(0x1826, 2060, 2000, 5, 0xBBBB); /* never */
  take_census();
  assert_int_equal(census.stacks.references, 4);
  assert_int_equal(census.stacks.definitions, 2);
  assert_int_equal(census.stacks.keys, 1);
  assert_int_equal(census.stacks.undefined_references, 2);
  assert_int_equal(census.stacks.by_opcode[37 - 32], 1);
  assert_int_equal(census.stacks.by_opcode[38 - 32], 3);
  assert_int_equal(census.stacks.matched, 4);
}

/* A cache that is emptied at once when a stack has gone into it: both records have the same time. */
static void a_definition_of_the_same_time_counts(void **state)
{
  (void)state;
  raw_trace_begin(&trace, 1000);
  raw_trace_buffer(&trace, 0, 1);
  add_stack(0x1826, 2000, 1000, 5, 0xAAAA);
  add_definition(0x1823, 2000, 0xAAAA);
  take_census();
  assert_int_equal(census.stacks.undefined_references, 0);
}

/* A table of keys that has to grow many times still knows each of them. */
static void many_keys_are_told_apart(void **state)
{
  (void)state;
  enum { KEYS = 2000 };
  raw_trace_begin(&trace, 1000);
  raw_trace_buffer(&trace, 0, 1);
  for (uint64_t i = 0; i < KEYS; i++) {
    add_stack(0x1826, 2000 + i, 1, 5, i << 32);
  }
  for (uint64_t i = 0; i < KEYS; i += 2) {
    add_definition(0x1824, 10000, i << 32);
  }
  take_census();
  assert_int_equal(census.stacks.keys, KEYS / 2);
  assert_int_equal(census.stacks.undefined_references, KEYS / 2);
  assert_int_equal(census.stacks.unmatched, KEYS);
}

/* ---- time ---- */

/* Trap 18: buffers follow each other by their numbers, which begin anywhere, and not as they lie there. */
static void time_goes_by_sequence_numbers(void **state)
{
  (void)state;
  raw_trace_begin(&trace, 1000);
  raw_trace_buffer(&trace, 1, 913);
  add_system(0x0501, 4000, 1);
  raw_trace_buffer(&trace, 1, 908);
  add_system(0x0501, 2000, 1);
  add_system(0x0501, 3000, 1);
  take_census();
  assert_int_equal(census.backward_steps, 0);
  assert_int_equal(census.first_ticks, 1000);
  assert_int_equal(census.last_ticks, 4000);
  assert_int_equal(census.buffers.processors, 2);
  assert_int_equal(census.buffers.greatest_sequence, 913);
}

static void steps_back_are_counted(void **state)
{
  (void)state;
  raw_trace_begin(&trace, 1000);
  raw_trace_buffer(&trace, 0, 2);
  add_system(0x0501, 5000, 1);
  add_system(0x0501, 4000, 1); /* within a buffer */
  raw_trace_buffer(&trace, 0, 3);
  add_system(0x0501, 3000, 1); /* from one to the next */
  raw_trace_buffer(&trace, 1, 4);
  add_system(0x0501, 2000, 1); /* another processor */
  take_census();
  assert_int_equal(census.backward_steps, 2);
}

/* The first ones are the first in time, not in the file. */
static void the_first_events_are_so_in_time(void **state)
{
  (void)state;
  static const uint64_t times[] = {5000, 2000, 4000, 3000, 2000};
  uint8_t payload[16] = {0};
  raw_trace_begin(&trace, 1000);
  for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
    const raw_head head = {.type = RAW_PERF64, .version = 0, .hook = 0x1403, .ticks = times[i]};
    raw_trace_buffer(&trace, (uint16_t)(4 - i), (int64_t)i + 1);
    raw_put(payload, 0x10000 * (i + 1), 8);
    raw_trace_add(&trace, &head, payload, sizeof payload);
  }
  take_census();
  assert_int_equal(census.images_decoded, 5);
  assert_int_equal(census.first_image_count, 3);
  assert_int_equal(census.first_images[0].base, 0x50000); /* the lower processor of two */
  assert_int_equal(census.first_images[1].base, 0x20000);
  assert_int_equal(census.first_images[2].base, 0x40000);
}

/* ---- hostile ---- */

static void a_table_is_full_some_time(void **state)
{
  (void)state;
  enum { HOOKS = 5000 };
  raw_trace_begin(&trace, 1000);
  raw_trace_buffer(&trace, 0, 1);
  for (uint32_t i = 0; i < HOOKS; i++) {
    add_perf((uint16_t)(0x2000 + i), 2000, NULL, 0);
  }
  take_census();
  assert_true(census.rows_short);
  assert_int_equal(census.hooks.count, SEEP_TRACE_CENSUS_ROWS);
  assert_int_equal(census.hooks.uncounted, HOOKS + 1 - SEEP_TRACE_CENSUS_ROWS);
  for (size_t i = 1; i < census.hooks.count; i++) {
    assert_true(census.hooks.rows[i - 1].number < census.hooks.rows[i].number);
    assert_int_equal(census.hooks.rows[i].count, 1);
  }
}

/* Beyond the budget stacks, keys and buffers are left out; what is there stays right, and all of it is given
 * back. */
static void the_budget_is_kept(void **state)
{
  (void)state;
  enum { MANY = 1000, BYTES = 20000 };
  uint8_t payload[24] = {0};
  seep_trace_budget budget = {.limit_bytes = BYTES};
  seep_trace__matching matching = {0};
  seep_trace__spans spans = {0};
  unsigned left_out[3] = {0};
  for (uint32_t i = 0; i < MANY; i++) {
    const seep_trace_buffer buffer = {.sequence = (int64_t)i};
    seep_trace_record record = {.header_type = RAW_PERF64,
                                .is_kernel = true,
                                .pointer_bytes = 8,
                                .ticks = i,
                                .payload = payload,
                                .payload_bytes = sizeof payload,
                                .hook_id = 0x1820};
    raw_put(payload, i + 1, 8);
    left_out[0] +=
        seep_trace__matching_note(&matching, &budget, &census.stacks, &record, 32) != SEEP_TRACE__KEPT;
    record.hook_id = 0x1824;
    left_out[1] +=
        seep_trace__matching_note(&matching, &budget, &census.stacks, &record, 36) != SEEP_TRACE__KEPT;
    left_out[2] += seep_trace__spans_begin(&spans, &budget, &buffer) == SEEP_TRACE__NOT_KEPT;
    assert_true(budget.used_bytes <= BYTES);
  }
  assert_true(left_out[0] > 0 && left_out[1] > 0 && left_out[2] > 0);
  seep_trace__matching_sort(&matching);
  assert_true(seep_trace__matching_end(&matching, &census.stacks));
  assert_int_equal(census.stacks.unmatched, MANY - left_out[0]);
  assert_int_equal(census.stacks.keys, MANY - left_out[1]);
  seep_trace__matching_free(&matching, &budget);
  seep_trace__spans_free(&spans, &budget);
  assert_int_equal(budget.used_bytes, 0);
}

static void what_cannot_be_read_is_counted(void **state)
{
  (void)state;
  static const uint8_t process_class[16] = {0xd0, 0xa8, 0x6f, 0x3d, 0x05, 0xfe, 0xd0, 0x11,
                                            0x9d, 0xda, 0x00, 0xc0, 0x4f, 0xd7, 0xba, 0x7c};
  const raw_head process = {.type = RAW_SYSTEM64, .version = 4, .hook = 0x0301, .ticks = 2000};
  const raw_head classic = {
      .type = RAW_FULL32, .version = 3, .guid = process_class, .opcode = 2, .ticks = 2000};
  raw_trace_begin(&trace, 1000);
  raw_trace_buffer(&trace, 0, 1);
  raw_trace_add(&trace, &process, "much too short", 14);
  raw_trace_add(&trace, &classic, "so is this", 10);
  add_perf(0x1820, 2000, "short", 5);
  take_census();
  assert_int_equal(census.processes_decoded, 0);
  assert_int_equal(census.failed.count, 2);
  assert_int_equal(census.failed.rows[0].number, 'P' << 8 | 3);
  assert_int_equal(census.failed.rows[1].number, 'P' << 8 | 4);
  assert_int_equal(census.processes[1], 1);
  assert_int_equal(census.processes[2], 1);
  assert_int_equal(census.stacks.unmatched, 1);
  assert_int_equal(census.stacks.by_opcode[0], 1);
}

static void what_is_no_trace_has_no_census(void **state)
{
  (void)state;
  static const uint8_t nothing[64] = {0};
  seep_error error = {0};
  assert_int_equal(seep_trace_census_take(&census, nothing, sizeof nothing, 0, &error), SEEP_CORRUPT);
  assert_int_equal(error.status, SEEP_CORRUPT);
}

/* Trap 30: events were lost, and no buffer says so. */
static void losses_stand_in_the_header_alone(void **state)
{
  (void)state;
  memory_file file = memory_file_fixture("s4-WindowsUpdate.etl");
  assert_non_null(file.bytes);
  assert_int_equal(seep_trace_census_take(&census, file.bytes, file.size, 0, NULL), SEEP_OK);
  memory_file_free(&file);
  assert_int_equal(census.summary.header.events_lost, 41);
  assert_int_equal(census.buffers.flag_events_lost + census.buffers.flag_buffer_lost, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(a_stack_may_come_late_and_from_elsewhere, forget),
      cmocka_unit_test_teardown(several_events_may_have_one_time, forget),
      cmocka_unit_test_teardown(the_thread_stands_before_the_process, forget),
      cmocka_unit_test_teardown(a_key_is_defined_after_its_use, forget),
      cmocka_unit_test_teardown(a_definition_of_the_same_time_counts, forget),
      cmocka_unit_test_teardown(many_keys_are_told_apart, forget),
      cmocka_unit_test_teardown(time_goes_by_sequence_numbers, forget),
      cmocka_unit_test_teardown(steps_back_are_counted, forget),
      cmocka_unit_test_teardown(the_first_events_are_so_in_time, forget),
      cmocka_unit_test_teardown(a_table_is_full_some_time, forget),
      cmocka_unit_test_teardown(the_budget_is_kept, forget),
      cmocka_unit_test_teardown(what_cannot_be_read_is_counted, forget),
      cmocka_unit_test_teardown(what_is_no_trace_has_no_census, forget),
      cmocka_unit_test_teardown(losses_stand_in_the_header_alone, forget),
  };
  return cmocka_run_group_tests_name("trace census", tests, NULL, NULL);
}
