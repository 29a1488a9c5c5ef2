/* The merge within budgets that do not suffice, over damaged files and over files made to take long. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "trace/merge.h"
#include "unit/trace/merge_rig.h"

static void test_a_budget_without_room_for_the_index(void **state)
{
  (void)state;
  memory_file file = merge_rig_file();
  merge_seen *self = merge_rig_seen();
  seep_trace_merged merged;
  for (uint64_t i = 0; i < 100; i++) {
    merge_rig_row(&file, 0, i, 10 * i, 1, 5);
  }
  assert_int_equal(merge_rig_all(&file, 0, self, &merged), SEEP_LIMIT);
  assert_int_equal(merge_rig_all(&file, 2000, self, &merged), SEEP_LIMIT);
  assert_int_equal(self->begun + self->count, 0);
  free(self);
  memory_file_free(&file);
}

/* Whatever the budget is: nothing is lost, it is never exceeded, and what is out of order is counted. */
static void test_every_budget_visits_everything(void **state)
{
  (void)state;
  memory_file file = merge_rig_file();
  merge_seen *self = merge_rig_seen(), *whole = merge_rig_seen();
  size_t refused = 0, forced = 0, in_order = 0;
  for (uint16_t i = 0; i < 40; i++) {
    merge_rig_row(&file, i, 1 + i, 10 + i, 50, 100); /* all overlap */
  }
  assert_int_equal(merge_rig_expect_in_order(&file, whole), 4000);
  for (size_t limit_bytes = 0; limit_bytes < 120000; limit_bytes += 777) {
    seep_trace_merged merged;
    memset(self, 0, sizeof *self);
    seep_status status = merge_rig_all(&file, limit_bytes, self, &merged);
    if (status == SEEP_LIMIT) {
      refused++;
      continue;
    }
    assert_int_equal(status, SEEP_OK);
    assert_int_equal(self->count, whole->count);
    assert_true(self->digest == whole->digest);
    merge_rig_expect_summary(&file, &merged);
    assert_true((self->steps_back == 0) == (merged.late_records == 0));
    assert_true(merged.forced_buffers > 0 || self->steps_back == 0);
    forced += merged.forced_buffers > 0 ? 1 : 0;
    in_order += merged.forced_buffers == 0 ? 1 : 0;
  }
  assert_true(refused > 0 && forced > 0 && in_order > 0);
  free(self);
  free(whole);
  memory_file_free(&file);
}

static void test_every_budget_with_compressed_buffers(void **state)
{
  (void)state;
  memory_file file = memory_file_fixture("perfview-SelfDescribingSingleEvent.etl");
  merge_seen *self = merge_rig_seen(), *whole = merge_rig_seen();
  seep_trace_merged merged;
  size_t refused = 0, forced = 0;
  assert_non_null(file.bytes);
  assert_int_equal(merge_rig_all(&file, PLENTY, whole, &merged), SEEP_OK);
  assert_true(whole->count > 20);
  for (size_t limit_bytes = 0; limit_bytes < 60000; limit_bytes += 99) {
    memset(self, 0, sizeof *self);
    seep_status status = merge_rig_all(&file, limit_bytes, self, &merged);
    if (status == SEEP_LIMIT) {
      refused++;
      continue;
    }
    assert_int_equal(status, SEEP_OK);
    assert_int_equal(self->count, whole->count);
    assert_true(self->digest == whole->digest);
    merge_rig_expect_summary(&file, &merged);
    forced += merged.forced_buffers > 0 ? 1 : 0;
  }
  assert_true(refused > 0 && forced > 0);
  free(self);
  free(whole);
  memory_file_free(&file);
}

/* Thousands of buffers that all claim the same times, or run backwards: it ends soon, within its budget. */
static void test_thousands_of_overlapping_buffers(void **state)
{
  (void)state;
  for (unsigned backwards = 0; backwards < 2; backwards++) {
    memory_file file = merge_rig_file();
    merge_seen *self = merge_rig_seen();
    seep_trace_merged merged;
    for (uint64_t i = 0; i < 500; i++) {
      merge_rig_row(&file, 0, i, backwards ? 5000 - i : 7, backwards ? (uint64_t)-1 : 0, 40);
    }
    for (unsigned twice = 0; twice < 3; twice++) { /* 4,000 of them */
      size_t rows = file.size - 4096;
      uint8_t *copy = malloc(rows);
      assert_non_null(copy);
      memcpy(copy, file.bytes + 4096, rows);
      assert_true(memory_file_write(&file, file.size, copy, rows));
      free(copy);
    }
    assert_int_equal(merge_rig_all(&file, 150000, self, &merged), SEEP_OK);
    assert_int_equal(self->count, 2 + 4000 * 40);
    assert_true(merged.forced_buffers > 0);
    merge_rig_expect_summary(&file, &merged);
    memset(self, 0, sizeof *self);
    assert_int_equal(merge_rig_all(&file, PLENTY, self, &merged), SEEP_OK);
    assert_int_equal(self->count, 2 + 4000 * 40);
    assert_int_equal(merged.forced_buffers, 0);
    free(self);
    memory_file_free(&file);
  }
}

static void test_damaged_and_cut_files_give_the_summary_of_the_walk(void **state)
{
  (void)state;
  uint32_t random = 20261122;
  merge_seen *walked = merge_rig_seen(), *self = merge_rig_seen();
  for (unsigned round = 0; round < 500; round++) {
    memory_file file = memory_file_fixture(merge_rig_fixtures[round % 5]);
    seep_trace_summary summary;
    seep_trace_merged merged;
    assert_non_null(file.bytes);
    for (unsigned i = 0; i < 1 + round % 9; i++) {
      size_t at = merge_rig_random(&random) % file.size;
      memory_file_put(&file, i % 2 == 0 ? at : at / 4096 * 4096 + at % 0x48, merge_rig_random(&random),
                      1 + merge_rig_random(&random) % 4);
    }
    file.size = merge_rig_random(&random) % 3 == 0 ? merge_rig_random(&random) % file.size : file.size;
    memset(walked, 0, sizeof *walked);
    memset(self, 0, sizeof *self);
    seep_status status = seep_trace_walk(file.bytes, file.size, merge_rig_see_timed, walked, &summary, NULL);
    assert_int_equal(merge_rig_all(&file, PLENTY, self, &merged), status);
    if (status == SEEP_OK) {
      merge_rig_expect_summary(&file, &merged);
      assert_int_equal(self->count, walked->count);
      assert_true(self->digest == walked->digest);
      assert_true((self->steps_back == 0) == (merged.late_records == 0));
    }
    memory_file_free(&file);
  }
  free(walked);
  free(self);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_budget_without_room_for_the_index),
      cmocka_unit_test(test_every_budget_visits_everything),
      cmocka_unit_test(test_every_budget_with_compressed_buffers),
      cmocka_unit_test(test_thousands_of_overlapping_buffers),
      cmocka_unit_test(test_damaged_and_cut_files_give_the_summary_of_the_walk),
  };
  return cmocka_run_group_tests_name("trace merge limits", tests, NULL, NULL);
}
