/* The order of the merge: files made here of a few processors, sessions, rings and liars. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "trace/merge.h"
#include "unit/trace/merge_rig.h"

static void test_processors_are_woven_together(void **state)
{
  (void)state;
  memory_file file = merge_rig_file();
  merge_seen *self = merge_rig_seen();
  for (uint64_t round = 0; round < 4; round++) {
    for (uint16_t processor = 0; processor < 3; processor++) {
      merge_rig_row(&file, processor, 1 + 3 * round + processor, 100 + 3000 * round + processor, 3, 1000);
    }
  }
  assert_int_equal(merge_rig_expect_in_order(&file, self), 12000);
  for (size_t i = 2; i < self->count; i++) {
    assert_int_equal(self->ticks[i], FIRST + 100 + i - 2);
  }
  free(self);
  memory_file_free(&file);
}

/* Of a merged file: each session counts its buffers for itself, and both know processor 0. */
static void test_sessions_with_the_same_processor(void **state)
{
  (void)state;
  memory_file file = merge_rig_file();
  merge_seen *self = merge_rig_seen();
  for (uint64_t i = 0; i < 5; i++) {
    merge_rig_row(&file, 0, 900 + i, 10 + 1000 * i, 10, 100);
  }
  for (uint64_t i = 0; i < 5; i++) {
    merge_rig_row(&file, 0, i, 15 + 1000 * i, 10, 100);
  }
  assert_int_equal(merge_rig_expect_in_order(&file, self), 1000);
  assert_int_equal(self->ticks[2], FIRST + 10);
  assert_int_equal(self->ticks[3], FIRST + 15);
  free(self);
  memory_file_free(&file);
}

static void test_a_ring_begins_where_it_wrapped(void **state)
{
  (void)state;
  memory_file file = merge_rig_file();
  merge_seen *self = merge_rig_seen();
  for (uint64_t i = 0; i < 8; i++) {
    uint64_t age = (i + 5) % 8; /* the file's fourth buffer is the oldest one */
    merge_rig_row(&file, 0, 40 + age, 1000 * age + 7, 7, 100);
  }
  assert_int_equal(merge_rig_expect_in_order(&file, self), 800);
  assert_int_equal(self->serial[2], 7);
  free(self);
  memory_file_free(&file);
}

static void test_buffers_that_several_processors_share_are_sorted(void **state)
{
  (void)state;
  memory_file file = merge_rig_file();
  merge_seen *self = merge_rig_seen();
  uint64_t ticks[600];
  for (uint64_t part = 0; part < 3; part++) {
    for (size_t i = 0; i < 600; i++) { /* pairs the wrong way round, also across the bounds of buffers */
      ticks[i] = 10 + part * 600 + (i ^ 3u) + (i == 599 ? 4 : 0);
    }
    merge_rig_buffer(&file, 0, 1 + part, ticks, 600, part * 600);
  }
  assert_int_equal(merge_rig_expect_in_order(&file, self), 1800);
  free(self);
  memory_file_free(&file);
}

static void test_a_buffer_in_the_worst_order(void **state)
{
  (void)state;
  memory_file file = merge_rig_file();
  merge_seen *self = merge_rig_seen();
  static uint64_t ticks[9000];
  for (size_t i = 0; i < 9000; i++) {
    ticks[i] = 20000 - i / 3; /* backwards, in threes of one time */
  }
  merge_rig_buffer(&file, 0, 1, ticks, 9000, 0);
  seep_trace_merged merged;
  assert_int_equal(merge_rig_all(&file, PLENTY, self, &merged), SEEP_OK);
  assert_int_equal(self->count, 9002);
  assert_int_equal(self->steps_back + merged.late_records, 0);
  for (size_t i = 2; i < self->count; i += 3) {
    assert_int_equal(self->serial[i] + 1, self->serial[i + 1]);
    assert_int_equal(self->serial[i] + 2, self->serial[i + 2]);
  }
  free(self);
  memory_file_free(&file);
}

static void test_records_of_one_time_keep_the_order_of_their_buffers(void **state)
{
  (void)state;
  static const uint64_t same[4] = {50, 50, 50, 50};
  memory_file file = merge_rig_file();
  merge_seen *self = merge_rig_seen();
  merge_rig_buffer(&file, 1, 9, same, 4, 300); /* the last one flushed stands first */
  merge_rig_buffer(&file, 1, 3, same, 4, 100);
  merge_rig_buffer(&file, 2, 5, same, 4, 200);
  merge_rig_buffer(&file, 2, 9, same, 4, 400); /* of one number: as they stand */
  assert_int_equal(merge_rig_expect_in_order(&file, self), 16);
  for (size_t i = 0; i < 16; i++) {
    assert_int_equal(self->serial[2 + i], 100 * (1 + i / 4) + i % 4);
  }
  free(self);
  memory_file_free(&file);
}

static void test_sequence_numbers_need_not_begin_at_1(void **state)
{
  (void)state;
  memory_file file = merge_rig_file();
  merge_seen *self = merge_rig_seen();
  merge_rig_row(&file, 0, UINT64_C(0x7FFFFFFFFFFFFFFF), 30, 1, 10);
  merge_rig_row(&file, 0, UINT64_C(0x8000000000000000), 30, 1, 10); /* negative: before all others */
  merge_rig_row(&file, 0, 913, 20, 1, 20);
  assert_int_equal(merge_rig_expect_in_order(&file, self), 40);
  free(self);
  memory_file_free(&file);
}

/* Its first records do not show that it begins earlier. */
static void test_what_comes_too_late_is_counted(void **state)
{
  (void)state;
  memory_file file = merge_rig_file();
  merge_seen *self = merge_rig_seen();
  seep_trace_merged merged;
  size_t at = merge_rig_row(&file, 0, 2, 1000, 1, 100);
  for (size_t i = 40; i < 45; i++) {
    memory_file_put(&file, at + HEADER_BYTES + i * RECORD_BYTES + 8, FIRST + 500, 8);
  }
  merge_rig_row(&file, 1, 1, 10, 1, 980); /* ends before 1000: the other one is opened afterwards */
  assert_int_equal(merge_rig_all(&file, PLENTY, self, &merged), SEEP_OK);
  assert_int_equal(merged.late_records, 5);
  assert_int_equal(self->count, 2 + 1080);
  merge_rig_expect_summary(&file, &merged);
  free(self);
  memory_file_free(&file);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_processors_are_woven_together),
      cmocka_unit_test(test_sessions_with_the_same_processor),
      cmocka_unit_test(test_a_ring_begins_where_it_wrapped),
      cmocka_unit_test(test_buffers_that_several_processors_share_are_sorted),
      cmocka_unit_test(test_a_buffer_in_the_worst_order),
      cmocka_unit_test(test_records_of_one_time_keep_the_order_of_their_buffers),
      cmocka_unit_test(test_sequence_numbers_need_not_begin_at_1),
      cmocka_unit_test(test_what_comes_too_late_is_counted),
  };
  return cmocka_run_group_tests_name("trace merge order", tests, NULL, NULL);
}
