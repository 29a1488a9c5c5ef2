/* What happens when there is no room: the analysis stops, says so, and what it has learnt stays true. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "trace/storage.h"

static size_t calls_until_failure; /* 0: none fails */

static seep_status failing_resize(seep_trace_budget *budget, void **items, size_t *bytes, size_t wanted_bytes)
{
  if (calls_until_failure > 0 && --calls_until_failure == 0) {
    return SEEP_NO_MEMORY;
  }
  return seep_storage_resize(budget, items, bytes, wanted_bytes);
}

/* The budget of this program, whose growing can fail though there is room. */
#define seep_storage_resize failing_resize
#include "trace/budget.c"
#undef seep_storage_resize

#include "unit/trace/analysis_rig.h"

#define PID 40u
#define PAGE UINT64_C(4096)
#define BASE UINT64_C(0x10000000)
#define A UINT64_C(0x7FF700001000)
#define KEY UINT64_C(0xFFFFC00012345670)
#define ROUNDS 3000u

/* A little of everything; what is allocated is not given back but for every fourth. */
static void live_through(rig *made)
{
  rig_process(made, SEEP_TRACE_PROCESS_DCSTART, PID, "leaky.exe", 0);
  for (unsigned i = 0; i < ROUNDS && made->goes_on; i++) {
    uint64_t base = BASE + i * 16 * PAGE;
    rig_commit(made, PID, base, PAGE, A + i % 100 * 16);
    rig_block(made, 1, 0x1000 + i * 16, 10, A + i * 16);
    uint64_t event = made->now;
    rig_virtual_alloc(made, PID + i % 50, base + PAGE, PAGE, RIG_COMMIT | RIG_RESERVE);
    rig_key(made, event, PID + i % 50, KEY + i % 20 * 16, true);
    if (i % 10 == 0) {
      const uint64_t frames[] = {A + i, A};
      rig_definition(made, KEY + i % 20 * 16, frames, 2);
      rig_process(made, SEEP_TRACE_PROCESS_START, 1000 + i, "short.exe", 0);
      rig_image(made, SEEP_TRACE_IMAGE_LOAD, 1000 + i, A & ~UINT64_C(0xFFFF));
      rig_process(made, SEEP_TRACE_PROCESS_END, 1000 + i, "short.exe", 0);
    }
    if (i % 4 == 0) {
      rig_virtual_free(made, PID, base, PAGE, RIG_RELEASE);
    }
  }
}

typedef struct sums {
  uint64_t live_bytes, live_count, allocations, kept_bytes;
} sums;

static bool sum_up(void *context, const seep_trace_site *site)
{
  sums *sum = context;
  sum->live_bytes += site->use.live_bytes;
  sum->live_count += site->use.live_count;
  sum->allocations += site->use.allocations;
  for (size_t i = 0; i < SEEP_TRACE_BUCKETS; i++) {
    sum->kept_bytes += site->use.kept_bytes[i];
  }
  assert_true(site->use.allocated_bytes >= site->use.freed_bytes);
  assert_true(site->use.allocated_bytes - site->use.freed_bytes == site->use.live_bytes);
  return true;
}

/* The sites of an instance are all of its memory; in each what came less what went is what is there. */
static void check_sums(const rig *made)
{
  for (uint32_t i = 0; i < seep_trace_analysis_instances(made->analysis); i++) {
    const seep_trace_instance *shown = seep_trace_analysis_instance(made->analysis, i);
    for (unsigned view = 0; view < SEEP_TRACE_VIEWS; view++) {
      sums sum = {.live_bytes = 0};
      seep_trace_analysis_sites(made->analysis, i, (seep_trace_view)view, sum_up, &sum);
      assert_int_equal(sum.live_bytes, shown->views[view].live_bytes);
      assert_int_equal(sum.live_count, shown->views[view].live_count);
      assert_int_equal(sum.allocations, shown->views[view].allocations);
      assert_int_equal(sum.kept_bytes, shown->views[view].live_bytes);
    }
  }
}

static void finish_any(rig *made)
{
  seep_error error;
  made->merged.last_ticks = made->now;
  seep_status status = seep_trace_analysis_finish(made->analysis, &made->merged, &error);
  assert_true(status == SEEP_OK || status == SEEP_LIMIT || status == SEEP_NO_MEMORY);
}

static void test_enough_room(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  live_through(&made);
  assert_true(made.goes_on);
  rig_finish(&made);
  assert_false(seep_trace_analysis_losses(made.analysis)->memory_limit);
  check_sums(&made);
  assert_false(made.budget.exceeded);
  rig_stop(&made);
}

static void test_every_budget(void **state)
{
  (void)state;
  const seep_trace_analysis_options options = {.has_pid = false};
  unsigned none = 0, stopped = 0, whole = 0;
  for (size_t limit = 0; limit < (size_t)12 * 1024 * 1024; limit += limit / 16 + 997) {
    rig made;
    rig_start_with(&made, &options, limit);
    if (made.analysis == NULL) {
      assert_int_equal(made.budget.used_bytes, 0);
      none++;
      continue;
    }
    live_through(&made);
    finish_any(&made);
    const seep_trace_losses *losses = seep_trace_analysis_losses(made.analysis);
    assert_true(made.goes_on || losses->memory_limit);
    if (losses->memory_limit) {
      assert_in_range(losses->stop_ticks, RIG_FIRST, made.now);
    }
    stopped += losses->memory_limit ? 1 : 0;
    whole += losses->memory_limit ? 0 : 1;
    check_sums(&made);
    assert_true(made.budget.peak_bytes <= limit);
    rig_stop(&made);
  }
  assert_true(none > 0 && stopped > 10 && whole > 0);
}

static void test_every_growth_that_fails(void **state)
{
  (void)state;
  const seep_trace_analysis_options options = {.has_pid = false};
  unsigned stopped = 0;
  bool reached = true;
  for (size_t n = 1; reached && n < 2000; n++) {
    rig made;
    calls_until_failure = n;
    rig_start_with(&made, &options, (size_t)64 * 1024 * 1024);
    if (made.analysis != NULL) {
      live_through(&made);
      finish_any(&made);
      stopped += seep_trace_analysis_losses(made.analysis)->memory_limit ? 1 : 0;
      check_sums(&made);
      rig_stop(&made);
    }
    assert_int_equal(made.budget.used_bytes, 0);
    reached = calls_until_failure == 0;
    calls_until_failure = 0;
  }
  assert_false(reached);
  assert_true(stopped > 5);
}

static void test_no_memory_is_looked_at_after_the_stop(void **state)
{
  (void)state;
  const seep_trace_analysis_options options = {.has_pid = false};
  rig made;
  rig_start_with(&made, &options, (size_t)256 * 1024);
  assert_non_null(made.analysis);
  live_through(&made);
  assert_true(seep_trace_analysis_losses(made.analysis)->memory_limit);
  uint64_t stop_ticks = seep_trace_analysis_losses(made.analysis)->stop_ticks;
  rig_commit(&made, PID + 7000, BASE, PAGE, A);
  finish_any(&made);
  assert_int_equal(seep_trace_analysis_losses(made.analysis)->stop_ticks, stop_ticks);
  for (uint32_t i = 0; i < seep_trace_analysis_instances(made.analysis); i++) {
    assert_int_not_equal(seep_trace_analysis_instance(made.analysis, i)->pid, PID + 7000);
  }
  rig_stop(&made);
}

/* As recordings do that list everything at their end only. */
static void test_names_are_taken_down_after_the_stop(void **state)
{
  (void)state;
  const seep_trace_analysis_options options = {.has_pid = false};
  const uint64_t key = 0xFFFFA00000000000, frame = A + 0x10;
  uint64_t base = 0;
  rig made;
  rig_start_with(&made, &options, (size_t)1024 * 1024);
  assert_non_null(made.analysis);
  rig_key(&made, made.now, PID, key, true); /* of no event */
  rig_virtual_alloc(&made, PID, BASE, PAGE, RIG_COMMIT);
  rig_key(&made, made.now - 1, PID, key, true);
  for (unsigned i = 0; i < 40000 && !seep_trace_analysis_losses(made.analysis)->memory_limit; i++) {
    rig_commit(&made, PID, BASE + (i + 1) * 2 * PAGE, PAGE, A + i);
  }
  assert_true(seep_trace_analysis_losses(made.analysis)->memory_limit);
  rig_definition(&made, key, &frame, 1);
  rig_image(&made, SEEP_TRACE_IMAGE_DCEND, PID, A & ~UINT64_C(0xFFFF));
  rig_process(&made, SEEP_TRACE_PROCESS_DCEND, PID, "late.exe", 0);
  assert_true(made.goes_on);
  finish_any(&made);
  check_sums(&made);
  assert_string_equal(rig_shown(&made, PID)->name, "late.exe");
  assert_int_equal(seep_trace_analysis_losses(made.analysis)->keys_undefined, 0);
  assert_int_not_equal(
      seep_trace_modules_find(seep_trace_analysis_modules(made.analysis), 0, frame, made.now, &base),
      SEEP_TRACE_NO_MODULE);
  rig_stop(&made);
}

static void test_a_line_that_is_full_goes_on_without_stacks(void **state)
{
  (void)state;
  const seep_trace_analysis_options options = {.has_pid = false};
  rig made;
  /* Room for few that wait; none of them has a stack, so that nothing else grows. */
  rig_start_with(&made, &options, (size_t)800 * 1024);
  assert_non_null(made.analysis);
  for (unsigned i = 0; i < 20000; i++) {
    rig_virtual_alloc(&made, PID, BASE, PAGE, RIG_COMMIT);
    rig_virtual_free(&made, PID, BASE, PAGE, RIG_RELEASE);
  }
  assert_true(made.goes_on);
  rig_finish(&made);
  assert_int_equal(rig_shown(&made, PID)->views[SEEP_TRACE_VIEW_VIRTUAL].allocations, 20000);
  assert_false(made.budget.exceeded);
  rig_stop(&made);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_enough_room),
      cmocka_unit_test(test_every_budget),
      cmocka_unit_test(test_every_growth_that_fails),
      cmocka_unit_test(test_no_memory_is_looked_at_after_the_stop),
      cmocka_unit_test(test_names_are_taken_down_after_the_stop),
      cmocka_unit_test(test_a_line_that_is_full_goes_on_without_stacks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
