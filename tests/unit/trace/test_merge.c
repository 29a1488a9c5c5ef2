/* The merge: real files against the walk, and what is visited of a file, by whom and for how long. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "trace/merge.h"
#include "unit/trace/merge_rig.h"
#include "unit/trace/sample_file.h"

/* ---- real files ---- */

static void expect_the_walk(const memory_file *file)
{
  merge_seen *walked = merge_rig_seen(), *merged_seen = merge_rig_seen();
  seep_trace_summary summary;
  seep_trace_merged merged;
  assert_int_equal(seep_trace_walk(file->bytes, file->size, merge_rig_see_timed, walked, &summary, NULL),
                   SEEP_OK);
  assert_int_equal(merge_rig_all(file, PLENTY, merged_seen, &merged), SEEP_OK);
  merge_rig_expect_summary(file, &merged);
  assert_int_equal(merged_seen->count, walked->count);
  assert_true(merged_seen->digest == walked->digest);
  assert_int_equal(merged_seen->steps_back, 0);
  assert_int_equal(merged.late_records, 0);
  assert_int_equal(merged.forced_buffers, 0);
  assert_int_equal(merged_seen->first_ticks, summary.header.first_ticks);

  uint64_t length = merged.last_ticks - merged.first_ticks;
  uint64_t about = merged_seen->about_last_ticks - merged.first_ticks;
  assert_true(about < 3 * length && about > length / 2);
  free(walked);
  free(merged_seen);
}

static void test_real_files_give_what_the_walk_gives(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof merge_rig_fixtures / sizeof merge_rig_fixtures[0]; i++) {
    memory_file file = memory_file_fixture(merge_rig_fixtures[i]);
    assert_non_null(file.bytes);
    expect_the_walk(&file);
    memory_file_free(&file);
  }
}

static void test_samples_give_what_the_walk_gives(void **state)
{
  (void)state;
  static const struct {
    const char *name;
    uint64_t records;
  } samples[] = {{"airbus-ShutdownPerfDiagLogger.etl", 17078}, {"krabsetw-powershell.etl", 114},
                 {"perfview-diaghub.kernel.1.etl", 16335},     {"perfview-gcevents.etl", 71},
                 {"perfview-net.4.5.2.x64.etl", 179474},       {"sz-image_data_32_v0-73b9394b.etl", 27},
                 {"sz-image_data_64_v1-16679324.etl", 27},     {"sz-process_data_32_v1-13566c78.etl", 3},
                 {"sz-process_data_64_v3-442a7c7b.etl", 9}};
  size_t there = 0;
  for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
    memory_file file = sample_file(samples[i].name);
    seep_trace_summary summary;
    if (file.bytes == NULL) {
      continue;
    }
    there++;
    expect_the_walk(&file);
    assert_int_equal(seep_trace_walk(file.bytes, file.size, NULL, NULL, &summary, NULL), SEEP_OK);
    assert_int_equal(summary.records, samples[i].records);
    assert_int_equal(summary.bad_records + summary.bad_buffers + summary.unread_buffers, 0);
    memory_file_free(&file);
  }
  if (there == 0) {
    skip();
  }
}

/* ---- what is visited ---- */

static void test_only_what_the_filter_names_is_visited(void **state)
{
  (void)state;
  memory_file file = memory_file_fixture("s4-WindowsUpdate.etl");
  seep_trace_budget budget = {.limit_bytes = PLENTY};
  seep_trace_filter filter;
  seep_trace_merge_options options = {.filter = &filter, .budget = &budget};
  seep_trace_merged merged;
  merge_seen *self = merge_rig_seen();
  assert_non_null(file.bytes);
  seep_trace_filter_init(&filter);
  assert_int_equal(
      seep_trace_merge(file.bytes, file.size, &options, NULL, merge_rig_see, self, &merged, NULL), SEEP_OK);
  assert_int_equal(self->count, 0);
  merge_rig_expect_summary(&file, &merged);
  assert_true(merged.last_ticks > merged.first_ticks); /* of all records */
  seep_trace_filter_add(&filter, 0x0000);
  assert_int_equal(
      seep_trace_merge(file.bytes, file.size, &options, NULL, merge_rig_see, self, &merged, NULL), SEEP_OK);
  assert_int_equal(self->count, 1);
  seep_trace_filter_init(&filter);
  filter.classic = true;
  assert_int_equal(
      seep_trace_merge(file.bytes, file.size, &options, NULL, merge_rig_see, self, &merged, NULL), SEEP_OK);
  assert_int_equal(self->count, 1);
  filter.manifest = true;
  assert_int_equal(
      seep_trace_merge(file.bytes, file.size, &options, NULL, merge_rig_see, self, &merged, NULL), SEEP_OK);
  assert_int_equal(self->count, 81);
  free(self);
  memory_file_free(&file);
}

static void test_records_without_a_time_are_only_counted(void **state)
{
  (void)state;
  memory_file file = merge_rig_file();
  merge_seen *self = merge_rig_seen();
  size_t at = merge_rig_row(&file, 0, 1, 100, 1, 30);
  for (size_t i = 0; i < 20; i++) { /* messages, the first of them before any time is known */
    memory_file_put(&file, at + HEADER_BYTES + i * RECORD_BYTES, 0x90000000u + RECORD_BYTES, 4);
  }
  memory_file_put(&file, at + HEADER_BYTES + 20 * RECORD_BYTES, 0xB0110000u + RECORD_BYTES, 4);
  memory_file_put(&file, at + HEADER_BYTES + 21 * RECORD_BYTES, 0xC00F0000u + RECORD_BYTES, 4);
  assert_int_equal(merge_rig_expect_in_order(&file, self), 8);
  free(self);
  memory_file_free(&file);
}

static void test_the_visitor_can_end_it(void **state)
{
  (void)state;
  memory_file file = merge_rig_file();
  merge_seen *self = merge_rig_seen();
  seep_trace_merged merged;
  merge_rig_row(&file, 0, 1, 10, 2, 100);
  merge_rig_row(&file, 1, 2, 11, 2, 100);
  self->stop_after = 50;
  assert_int_equal(merge_rig_all(&file, PLENTY, self, &merged), SEEP_OK);
  assert_int_equal(self->count, 50);
  assert_true(merged.ended_early);
  free(self);
  memory_file_free(&file);
}

static void test_it_can_be_cancelled_and_tells_how_far_it_is(void **state)
{
  (void)state;
  memory_file file = merge_rig_file();
  merge_seen *self = merge_rig_seen();
  seep_trace_filter filter = merge_rig_filter();
  seep_trace_merged merged;
  for (uint64_t i = 0; i < 10; i++) {
    merge_rig_row(&file, 0, 1 + i, 10 + 100 * i, 1, 100);
  }
  for (size_t stop_at = 0; stop_at < 30; stop_at++) {
    merge_watch watcher = {.stop_at = stop_at};
    seep_trace_budget budget = {.limit_bytes = PLENTY};
    seep_trace_merge_options options = {.filter = &filter,
                                        .budget = &budget,
                                        .stopped = merge_rig_stopped,
                                        .progress = merge_rig_progress,
                                        .watcher = &watcher};
    seep_status status =
        seep_trace_merge(file.bytes, file.size, &options, NULL, merge_rig_see, self, &merged, NULL);
    assert_int_equal(budget.used_bytes, 0);
    if (stop_at == 0 || stop_at > watcher.asked) {
      assert_int_equal(status, SEEP_OK);
      assert_int_equal(watcher.done_bytes, file.size);
      assert_int_equal(watcher.total_bytes, file.size);
      assert_true(watcher.asked >= 11);
    } else {
      assert_int_equal(status, SEEP_CANCELLED);
    }
  }
  free(self);
  memory_file_free(&file);
}

/* What waits in buffers that are open can be long in visiting. */
static void test_it_is_asked_between_buffers_too(void **state)
{
  (void)state;
  memory_file file = merge_rig_file();
  merge_seen *self = merge_rig_seen();
  seep_trace_filter filter = merge_rig_filter();
  seep_trace_merged merged;
  merge_watch watcher = {.stop_at = 5}; /* twice for each buffer before */
  seep_trace_budget budget = {.limit_bytes = PLENTY};
  seep_trace_merge_options options = {
      .filter = &filter, .budget = &budget, .stopped = merge_rig_stopped, .watcher = &watcher};
  merge_rig_row(&file, 0, 1, 10, 1, 200000);
  assert_int_equal(
      seep_trace_merge(file.bytes, file.size, &options, NULL, merge_rig_see, self, &merged, NULL),
      SEEP_CANCELLED);
  assert_true(self->count > 2 && self->count < 100000);
  assert_int_equal(budget.used_bytes, 0);
  free(self);
  memory_file_free(&file);
}

static void test_about_when_it_ended(void **state)
{
  (void)state;
  memory_file file = merge_rig_file();
  merge_seen *self = merge_rig_seen();
  merge_rig_row(&file, 0, 1, 10, 1000, 400);
  merge_rig_row(&file, 1, 2, 20, 1, 10);
  assert_int_equal(merge_rig_expect_in_order(&file, self), 410);
  assert_int_equal(self->about_last_ticks - FIRST, 6435432350); /* as the header says */
  memory_file_put(&file, 0x68 + 0x10, 0, 8);                    /* not stopped: no end */
  assert_int_equal(merge_rig_expect_in_order(&file, self), 410);
  assert_int_equal(self->about_last_ticks - FIRST, 10 + 1000 * 399);
  memory_file_put(&file, 0x68 + 0x100, 0, 8); /* nor a frequency */
  memory_file_put(&file, 0x68 + 0x10, UINT64_MAX, 8);
  assert_int_equal(merge_rig_expect_in_order(&file, self), 410);
  assert_int_equal(self->about_last_ticks - FIRST, 10 + 1000 * 399);
  free(self);
  memory_file_free(&file);
}

static void test_other_files_are_refused(void **state)
{
  (void)state;
  memory_file text = memory_file_copy((const uint8_t *)"Not a trace", 11), file = merge_rig_file();
  merge_seen *self = merge_rig_seen();
  seep_trace_merged merged;
  assert_int_equal(merge_rig_all(&text, PLENTY, self, &merged), SEEP_CORRUPT);
  text.size = 0;
  assert_int_equal(merge_rig_all(&text, PLENTY, self, &merged), SEEP_CORRUPT);
  memory_file_put(&file, HEADER_BYTES + 6, 0x0263, 2);
  assert_int_equal(merge_rig_all(&file, PLENTY, self, &merged), SEEP_CORRUPT);
  assert_int_equal(self->begun + self->count, 0);
  free(self);
  memory_file_free(&text);
  memory_file_free(&file);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_real_files_give_what_the_walk_gives),
      cmocka_unit_test(test_samples_give_what_the_walk_gives),
      cmocka_unit_test(test_only_what_the_filter_names_is_visited),
      cmocka_unit_test(test_records_without_a_time_are_only_counted),
      cmocka_unit_test(test_the_visitor_can_end_it),
      cmocka_unit_test(test_it_can_be_cancelled_and_tells_how_far_it_is),
      cmocka_unit_test(test_it_is_asked_between_buffers_too),
      cmocka_unit_test(test_about_when_it_ended),
      cmocka_unit_test(test_other_files_are_refused),
  };
  return cmocka_run_group_tests_name("trace merge", tests, NULL, NULL);
}
