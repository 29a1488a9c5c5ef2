/* Whose memory it is: processes by time, PIDs that come again, filters, and what is known of a process. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "unit/trace/analysis_rig.h"

#define PID 40u
#define PAGE UINT64_C(4096)
#define BASE UINT64_C(0x10000000)
#define A UINT64_C(0x7FF700001000)
#define B UINT64_C(0x7FF700002000)

static const seep_trace_instance *shown(const rig *made, unsigned which)
{
  return seep_trace_analysis_instance(made->analysis, rig_instance(made, PID, which));
}

static uint64_t live_of(const rig *made, unsigned which)
{
  return shown(made, which)->views[SEEP_TRACE_VIEW_VIRTUAL].live_bytes;
}

static size_t instances_of(const rig *made)
{
  size_t count = 0;
  for (uint32_t i = 0; i < seep_trace_analysis_instances(made->analysis); i++) {
    count += seep_trace_analysis_instance(made->analysis, i)->pid == PID ? 1 : 0;
  }
  return count;
}

static void test_a_process_of_the_rundown_lived_all_along(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  made.now += RIG_SECOND * 3;
  rig_commit(&made, PID, BASE, PAGE, A);
  made.now += RIG_SECOND * 5;
  rig_process(&made, SEEP_TRACE_PROCESS_DCEND, PID, "leaky.exe", 0);
  rig_finish(&made);
  assert_int_equal(instances_of(&made), 1);
  assert_string_equal(shown(&made, 0)->name, "leaky.exe");
  assert_int_equal(shown(&made, 0)->parent_pid, PID + 1000);
  assert_int_equal(shown(&made, 0)->session, 1);
  assert_false(shown(&made, 0)->began_here);
  assert_false(shown(&made, 0)->ended_here);
  assert_int_equal(shown(&made, 0)->from_ticks, RIG_FIRST);
  assert_int_equal(shown(&made, 0)->to_ticks, made.merged.last_ticks);
  assert_int_equal(live_of(&made, 0), PAGE);
  rig_stop(&made);
}

static void test_begins_and_ends_here(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  made.now += RIG_SECOND;
  uint64_t from = made.now;
  rig_process(&made, SEEP_TRACE_PROCESS_START, PID, "short.exe", 2);
  rig_commit(&made, PID, BASE, PAGE, A);
  made.now += RIG_SECOND;
  uint64_t to = made.now;
  rig_process(&made, SEEP_TRACE_PROCESS_END, PID, "short.exe", 2);
  rig_process(&made, SEEP_TRACE_PROCESS_END, PID, "short.exe", 2); /* told twice */
  rig_finish(&made);
  assert_int_equal(instances_of(&made), 1);
  assert_true(shown(&made, 0)->began_here && shown(&made, 0)->ended_here && shown(&made, 0)->is_wow64);
  assert_int_equal(shown(&made, 0)->from_ticks, from);
  assert_int_equal(shown(&made, 0)->to_ticks, to);
  assert_int_equal(live_of(&made, 0), PAGE); /* what was left for Windows to clear */
  rig_stop(&made);
}

static void test_a_pid_comes_again(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_process(&made, SEEP_TRACE_PROCESS_START, PID, "one.exe", 0);
  rig_commit(&made, PID, BASE, PAGE, A);
  rig_process(&made, SEEP_TRACE_PROCESS_END, PID, "one.exe", 0);
  made.now += RIG_SECOND;
  rig_process(&made, SEEP_TRACE_PROCESS_START, PID, "two.exe", 0);
  rig_commit(&made, PID, BASE, 3 * PAGE, A);
  made.now += RIG_SECOND;
  rig_process(&made, SEEP_TRACE_PROCESS_DCEND, PID, "two.exe", 0);
  rig_finish(&made);
  assert_int_equal(instances_of(&made), 2);
  assert_int_equal(live_of(&made, 0), PAGE);
  assert_int_equal(live_of(&made, 1), 3 * PAGE);
  assert_string_equal(shown(&made, 0)->name, "one.exe");
  assert_string_equal(shown(&made, 1)->name, "two.exe");
  for (unsigned i = 0; i < 2; i++) {
    uint32_t instance = rig_instance(&made, PID, i);
    seep_trace_site site = rig_site(&made, instance, SEEP_TRACE_VIEW_VIRTUAL, SEEP_TRACE_SITE_STACK, A);
    assert_int_equal(site.frames_of, instance);
    assert_int_equal(site.use.allocations, 1);
  }
  rig_stop(&made);
}

static void test_a_pid_comes_again_though_its_end_was_lost(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_process(&made, SEEP_TRACE_PROCESS_DCSTART, PID, "one.exe", 0);
  rig_commit(&made, PID, BASE, PAGE, A);
  made.now += 2 * RIG_SECOND;
  uint64_t start = made.now;
  rig_process(&made, SEEP_TRACE_PROCESS_START, PID, "two.exe", 0);
  rig_commit(&made, PID, BASE, 3 * PAGE, A);
  rig_finish(&made);
  assert_int_equal(instances_of(&made), 2);
  assert_true(shown(&made, 0)->ended_here);
  assert_int_equal(shown(&made, 0)->to_ticks, start);
  assert_int_equal(live_of(&made, 0), PAGE);
  assert_int_equal(live_of(&made, 1), 3 * PAGE);
  rig_stop(&made);
}

static void test_memory_just_before_the_start_is_the_new_ones(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_process(&made, SEEP_TRACE_PROCESS_START, PID, "one.exe", 0);
  rig_process(&made, SEEP_TRACE_PROCESS_END, PID, "one.exe", 0);
  made.now += 5 * RIG_SECOND;
  rig_commit(&made, PID, BASE, PAGE, A);
  made.now += 900 * RIG_MS;
  uint64_t start = made.now;
  rig_process(&made, SEEP_TRACE_PROCESS_START, PID, "two.exe", 0);
  rig_finish(&made);
  assert_int_equal(instances_of(&made), 2);
  assert_string_equal(shown(&made, 1)->name, "two.exe");
  assert_true(shown(&made, 1)->began_here);
  assert_int_equal(shown(&made, 1)->from_ticks, start);
  assert_int_equal(live_of(&made, 0), 0);
  assert_int_equal(live_of(&made, 1), PAGE);
  rig_stop(&made);
}

static void test_memory_long_before_the_start_is_somebody_elses(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_commit(&made, PID, BASE, PAGE, A);
  made.now += 1100 * RIG_MS;
  rig_process(&made, SEEP_TRACE_PROCESS_START, PID, "two.exe", 0);
  rig_finish(&made);
  assert_int_equal(instances_of(&made), 2);
  assert_string_equal(shown(&made, 0)->name, "");
  assert_int_equal(live_of(&made, 0), PAGE);
  assert_int_equal(live_of(&made, 1), 0);
  rig_stop(&made);
}

static void test_memory_just_after_the_end_is_the_old_ones(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_process(&made, SEEP_TRACE_PROCESS_START, PID, "one.exe", 0);
  rig_commit(&made, PID, BASE, PAGE, A);
  rig_process(&made, SEEP_TRACE_PROCESS_END, PID, "one.exe", 0);
  made.now += RIG_MS;
  rig_virtual_free(&made, PID, BASE, PAGE, RIG_RELEASE);
  made.now += 3 * RIG_MS;
  rig_virtual_free(&made, PID, BASE, PAGE, RIG_RELEASE);
  rig_finish(&made);
  assert_int_equal(instances_of(&made), 2);
  assert_int_equal(live_of(&made, 0), 0);
  assert_int_equal(shown(&made, 0)->views[SEEP_TRACE_VIEW_VIRTUAL].frees, 1);
  assert_int_equal(shown(&made, 1)->views[SEEP_TRACE_VIEW_VIRTUAL].unknown_frees, 1);
  rig_stop(&made);
}

static void test_a_stack_is_of_the_process_of_its_events_time(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_process(&made, SEEP_TRACE_PROCESS_DCSTART, PID, "one.exe", 0);
  made.now += RIG_SECOND;
  uint64_t event = made.now;
  rig_virtual_alloc(&made, PID + 1, BASE, PAGE, RIG_COMMIT);
  rig_process(&made, SEEP_TRACE_PROCESS_START, PID, "two.exe", 0);
  rig_one_frame(&made, event, PID, A);
  rig_finish(&made);
  seep_trace_site site =
      rig_site(&made, rig_instance(&made, PID + 1, 0), SEEP_TRACE_VIEW_VIRTUAL, SEEP_TRACE_SITE_STACK, A);
  assert_true(site.is_remote);
  assert_int_equal(site.frames_of, rig_instance(&made, PID, 0));
  rig_stop(&made);
}

static void test_maps_of_a_process_that_ended_are_given_back(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_process(&made, SEEP_TRACE_PROCESS_START, PID, "one.exe", 0);
  for (unsigned i = 0; i < 5000; i++) {
    rig_block(&made, 1, 0x1000 + i * 16, 10, A);
  }
  rig_process(&made, SEEP_TRACE_PROCESS_END, PID, "one.exe", 0);
  size_t before = made.budget.used_bytes;
  made.now += RIG_SECOND;
  rig_commit(&made, PID + 1, BASE, PAGE, A);
  assert_true(made.budget.used_bytes + 5000 * 16 < before);
  rig_finish(&made);
  assert_int_equal(shown(&made, 0)->views[SEEP_TRACE_VIEW_HEAP].live_count, 5000);
  rig_stop(&made);
}

static void test_a_start_that_is_told_twice_is_one(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_process(&made, SEEP_TRACE_PROCESS_START, PID, "one.exe", 0);
  rig_process(&made, SEEP_TRACE_PROCESS_START, PID, "one.exe", 0);
  rig_finish(&made);
  assert_int_equal(instances_of(&made), 1);
  rig_stop(&made);
}

static void test_images_go_to_the_process_of_their_time(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_process(&made, SEEP_TRACE_PROCESS_START, PID, "one.exe", 0);
  rig_image(&made, SEEP_TRACE_IMAGE_LOAD, PID, A & ~UINT64_C(0xFFFF));
  rig_process(&made, SEEP_TRACE_PROCESS_END, PID, "one.exe", 0);
  made.now += RIG_SECOND;
  rig_image(&made, SEEP_TRACE_IMAGE_UNLOAD, PID, A & ~UINT64_C(0xFFFF));
  rig_process(&made, SEEP_TRACE_PROCESS_START, PID, "two.exe", 0);
  rig_image(&made, SEEP_TRACE_IMAGE_DCEND, 0, RIG_KERNEL & ~UINT64_C(0xFFFF));
  rig_finish(&made);
  assert_int_equal(seep_trace_analysis_instances(made.analysis), 2);
  const seep_trace_modules *modules = seep_trace_analysis_modules(made.analysis);
  uint64_t base;
  assert_int_not_equal(seep_trace_modules_find(modules, 0, A, made.now, &base), SEEP_TRACE_NO_MODULE);
  assert_int_equal(seep_trace_modules_find(modules, 1, A, made.now, &base), SEEP_TRACE_NO_MODULE);
  assert_int_not_equal(seep_trace_modules_find(modules, 1, RIG_KERNEL, made.now, &base),
                       SEEP_TRACE_NO_MODULE);
  rig_stop(&made);
}

static void start_for(rig *made, bool has_pid, uint32_t pid, const char *name)
{
  const seep_trace_analysis_options options = {.has_pid = has_pid, .pid = pid, .process_name = name};
  rig_start_with(made, &options, (size_t)64 * 1024 * 1024);
  assert_non_null(made->analysis);
}

static void test_only_one_pid(void **state)
{
  (void)state;
  rig made;
  start_for(&made, true, PID, NULL);
  rig_commit(&made, PID, BASE, PAGE, A);
  rig_commit(&made, PID + 1, BASE, PAGE, A);
  made.heap_pid = RIG_NOBODY;
  uint64_t event = made.now;
  rig_heap_alloc(&made, 1, 0x1000, 10);
  rig_one_frame(&made, event, PID + 1, A);
  event = made.now;
  rig_heap_alloc(&made, 1, 0x1000, 20);
  rig_one_frame(&made, event, PID, A);
  rig_finish(&made);
  assert_int_equal(live_of(&made, 0), PAGE);
  assert_int_equal(shown(&made, 0)->views[SEEP_TRACE_VIEW_HEAP].live_bytes, 20);
  for (uint32_t i = 0; i < seep_trace_analysis_instances(made.analysis); i++) {
    const seep_trace_instance *instance = seep_trace_analysis_instance(made.analysis, i);
    assert_true(instance->pid == PID || instance->views[SEEP_TRACE_VIEW_HEAP].allocations == 0);
  }
  rig_stop(&made);
}

static void test_only_one_name(void **state)
{
  (void)state;
  rig made;
  start_for(&made, false, 0, "LEAKY.exe");
  rig_commit(&made, PID, BASE, PAGE, A);     /* its name comes later */
  rig_commit(&made, PID + 1, BASE, PAGE, A); /* another's comes later */
  rig_commit(&made, PID + 2, BASE, PAGE, A); /* nobody's ever comes */
  rig_process(&made, SEEP_TRACE_PROCESS_DCSTART, PID + 3, "other.exe", 0);
  rig_commit(&made, PID + 3, BASE, PAGE, A);
  rig_process(&made, SEEP_TRACE_PROCESS_DCEND, PID, "leaky.EXE", 0);
  rig_process(&made, SEEP_TRACE_PROCESS_DCEND, PID + 1, "leaky.exe2", 0);
  rig_commit(&made, PID, BASE + PAGE, PAGE, A);
  rig_commit(&made, PID + 1, BASE + PAGE, PAGE, A);
  rig_finish(&made);
  assert_int_equal(live_of(&made, 0), 2 * PAGE);
  for (uint32_t pid = PID + 1; pid <= PID + 3; pid++) {
    assert_int_equal(rig_shown(&made, pid)->views[SEEP_TRACE_VIEW_VIRTUAL].allocations, 0);
    assert_int_equal(rig_sites(&made, rig_instance(&made, pid, 0), SEEP_TRACE_VIEW_VIRTUAL), 0);
  }
  assert_int_equal(rig_sites(&made, rig_instance(&made, PID, 0), SEEP_TRACE_VIEW_VIRTUAL), 1);
  rig_stop(&made);
}

static void test_commit_from_process_counters(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_process(&made, SEEP_TRACE_PROCESS_DCSTART, PID, "leaky.exe", 0);
  uint8_t counters[104] = {PID};
  counters[72 + 2] = 0x50; /* PagefileUsage */
  rig_raw(&made, 0x0321, 4, counters, sizeof counters);
  counters[0] = PID + 1; /* of somebody who is not in the trace */
  rig_raw(&made, 0x0321, 4, counters, sizeof counters);
  rig_raw(&made, 0x0321, 4, counters, 3);
  rig_finish(&made);
  assert_int_equal(shown(&made, 0)->commit_at_end_bytes, 0x500000);
  assert_int_equal(seep_trace_analysis_instances(made.analysis), 1);
  assert_int_equal(seep_trace_analysis_losses(made.analysis)->malformed, 1);
  rig_stop(&made);
}

static void test_commit_from_the_newest_working_sets(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_process(&made, SEEP_TRACE_PROCESS_DCSTART, PID, "leaky.exe", 0);
  rig_process(&made, SEEP_TRACE_PROCESS_DCSTART, PID + 1, "gone.exe", 0);
  rig_process(&made, SEEP_TRACE_PROCESS_END, PID + 1, "gone.exe", 0);
  uint8_t sets[4 + 68] = {1};
  sets[4] = PID;
  sets[4 + 12] = 9; /* pages */
  rig_raw(&made, 0x027D, RIG_NOBODY, sets, sizeof sets);
  sets[4 + 12] = 5;
  rig_raw(&made, 0x027D, RIG_NOBODY, sets, sizeof sets);
  rig_finish(&made);
  assert_int_equal(shown(&made, 0)->commit_at_end_bytes, 5 * PAGE);
  assert_int_equal(rig_shown(&made, PID + 1)->commit_at_end_bytes, 0);
  rig_stop(&made);
}

static void test_times_outside_the_trace_stay_inside_its_buckets(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_commit(&made, PID, BASE, PAGE, A);
  made.now = RIG_FIRST + 100 * RIG_LENGTH;
  rig_commit(&made, PID, BASE + PAGE, PAGE, A);
  made.now = RIG_FIRST - RIG_SECOND; /* late: takes its place behind what is there already */
  rig_commit(&made, PID, BASE + 2 * PAGE, PAGE, A);
  rig_finish(&made);
  seep_trace_site site =
      rig_site(&made, rig_instance(&made, PID, 0), SEEP_TRACE_VIEW_VIRTUAL, SEEP_TRACE_SITE_STACK, A);
  assert_int_equal(site.use.kept_bytes[0], PAGE);
  assert_int_equal(site.use.kept_bytes[SEEP_TRACE_BUCKETS - 1], PAGE);
  assert_int_equal(live_of(&made, 0), 3 * PAGE);
  assert_true(seep_trace_analysis_last_ticks(made.analysis) > RIG_FIRST + 100 * RIG_LENGTH);
  assert_int_equal(seep_trace_analysis_first_ticks(made.analysis), RIG_FIRST);
  rig_stop(&made);
}

static bool stop_at_once(void *context, const seep_trace_site *site)
{
  (void)site;
  (*(unsigned *)context)++;
  return false;
}

static void test_a_visitor_may_stop(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_commit(&made, PID, BASE, PAGE, A);
  rig_commit(&made, PID, BASE + PAGE, PAGE, B);
  rig_finish(&made);
  unsigned seen = 0;
  seep_trace_analysis_sites(made.analysis, 0, SEEP_TRACE_VIEW_VIRTUAL, stop_at_once, &seen);
  assert_int_equal(seen, 1);
  rig_stop(&made);
}

static void test_the_filter_asks_for_what_is_decoded(void **state)
{
  (void)state;
  seep_trace_filter filter;
  seep_trace_filter_init(&filter);
  seep_trace_analysis_filter(&filter);
  assert_true(filter.classic);
  assert_false(filter.manifest);
  for (unsigned hook = 0; hook < 65536; hook++) {
    const seep_trace_record record = {
        .header_type = 17, .is_kernel = true, .hook_id = (uint16_t)hook, .version = 4, .pointer_bytes = 8};
    seep_trace_kind kind = seep_trace_kind_of(&record);
    bool is_asked = (filter.hooks[hook / 8] >> hook % 8 & 1) != 0;
    bool is_used =
        kind != SEEP_TRACE_OTHER && kind != SEEP_TRACE_HEAP_CREATE && kind != SEEP_TRACE_PROCESS_DEFUNCT;
    assert_int_equal(is_asked, is_used);
  }
}

static bool is_spread_over_time(void *context, const seep_trace_site *site)
{
  bool *spread = context;
  *spread = site->use.live_bytes == 0x2000 && site->use.kept_bytes[0] == 0x1000;
  return false;
}

/* A damaged time must not make everything else the first moment of a trace of many years. */
static void test_a_time_beyond_all_measure_is_not_believed(void **state)
{
  (void)state;
  const seep_filetime start = UINT64_C(133000000000000000);
  const seep_trace_header header = {
      .clock_type = 1, .frequency_hz = RIG_SECOND, .start = start, .end = start + RIG_LENGTH};
  const uint64_t years_later = RIG_FIRST + UINT64_C(100000000) * RIG_SECOND;
  rig made;
  rig_start(&made);
  seep_trace_analysis_begin(made.analysis, &header, RIG_FIRST, years_later);
  rig_commit(&made, 77, 0x10000, 0x1000, 0x401000);
  made.now = RIG_FIRST + RIG_LENGTH - RIG_SECOND;
  rig_commit(&made, 77, 0x20000, 0x1000, 0x401000);
  made.now = years_later;
  rig_commit(&made, 78, 0x10000, 0x1000, 0x401000);
  rig_finish(&made);
  uint64_t last = seep_trace_analysis_last_ticks(made.analysis);
  assert_in_range(last, RIG_FIRST + RIG_LENGTH, RIG_FIRST + 2 * RIG_LENGTH);
  bool spread = false;
  seep_trace_analysis_sites(made.analysis, 0, SEEP_TRACE_VIEW_VIRTUAL, is_spread_over_time, &spread);
  assert_true(spread);
  rig_stop(&made);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_time_beyond_all_measure_is_not_believed),
      cmocka_unit_test(test_a_process_of_the_rundown_lived_all_along),
      cmocka_unit_test(test_begins_and_ends_here),
      cmocka_unit_test(test_a_pid_comes_again),
      cmocka_unit_test(test_a_pid_comes_again_though_its_end_was_lost),
      cmocka_unit_test(test_memory_just_before_the_start_is_the_new_ones),
      cmocka_unit_test(test_memory_long_before_the_start_is_somebody_elses),
      cmocka_unit_test(test_memory_just_after_the_end_is_the_old_ones),
      cmocka_unit_test(test_a_stack_is_of_the_process_of_its_events_time),
      cmocka_unit_test(test_maps_of_a_process_that_ended_are_given_back),
      cmocka_unit_test(test_a_start_that_is_told_twice_is_one),
      cmocka_unit_test(test_images_go_to_the_process_of_their_time),
      cmocka_unit_test(test_only_one_pid),
      cmocka_unit_test(test_only_one_name),
      cmocka_unit_test(test_commit_from_process_counters),
      cmocka_unit_test(test_commit_from_the_newest_working_sets),
      cmocka_unit_test(test_times_outside_the_trace_stay_inside_its_buckets),
      cmocka_unit_test(test_a_visitor_may_stop),
      cmocka_unit_test(test_the_filter_asks_for_what_is_decoded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
