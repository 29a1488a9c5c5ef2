/* Stacks find their events: halves, keys, moments that several events share, and what a lost one becomes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/trace/analysis_rig.h"

#define PID 40u
#define OTHER 41u
#define PAGE UINT64_C(4096)
#define BASE UINT64_C(0x10000000)
#define A UINT64_C(0x7FF700001000)
#define B UINT64_C(0x7FF700002000)
#define KEY UINT64_C(0xFFFFC00012345670)

static const uint64_t kernel_frames[] = {RIG_KERNEL, RIG_KERNEL + 16};

static seep_trace_site site_of(const rig *made, seep_trace_site_kind kind, uint64_t frame)
{
  return rig_site(made, rig_instance(made, PID, 0), SEEP_TRACE_VIEW_VIRTUAL, kind, frame);
}

static uint64_t live_of(const rig *made, seep_trace_site_kind kind, uint64_t frame)
{
  return site_of(made, kind, frame).use.live_bytes;
}

static uint64_t commit(rig *made, uint64_t base)
{
  uint64_t ticks = made->now;
  rig_virtual_alloc(made, PID, base, PAGE, RIG_COMMIT);
  return ticks;
}

static void test_halves_come_apart(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  uint64_t event = commit(&made, BASE);
  rig_stack(&made, event, PID, kernel_frames, 2);
  const uint64_t user[] = {A, B};
  rig_stack(&made, event, PID, user, 2);
  rig_finish(&made);
  seep_trace_site site = site_of(&made, SEEP_TRACE_SITE_STACK, A);
  assert_int_equal(site.frame_count, 2);
  assert_int_equal(site.frames[1], B);
  assert_int_equal(site.use.live_bytes, PAGE);
  assert_false(site.is_remote);
  assert_int_equal(rig_sites(&made, rig_instance(&made, PID, 0), SEEP_TRACE_VIEW_VIRTUAL), 1);
  assert_int_equal(seep_trace_analysis_losses(made.analysis)->memory_events_without_stack, 0);
  rig_stop(&made);
}

static void test_both_halves_in_one_record(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  const uint64_t both[] = {RIG_KERNEL, RIG_KERNEL + 16, A, B};
  rig_stack(&made, commit(&made, BASE), PID, both, 4);
  rig_finish(&made);
  assert_int_equal(site_of(&made, SEEP_TRACE_SITE_STACK, A).frame_count, 2);
  rig_stop(&made);
}

static void test_a_sandwich_is_one_stack(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  const uint64_t sandwich[] = {A, RIG_KERNEL, RIG_KERNEL + 16, B};
  rig_stack(&made, commit(&made, BASE), PID, sandwich, 4);
  const uint64_t other[] = {A, RIG_KERNEL + 32, RIG_KERNEL + 16, B};
  rig_stack(&made, commit(&made, BASE + PAGE), PID, other, 4);
  rig_finish(&made);
  assert_int_equal(rig_sites(&made, rig_instance(&made, PID, 0), SEEP_TRACE_VIEW_VIRTUAL), 2);
  rig_stop(&made);
}

static void test_kernel_frames_alone(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  const uint64_t after_user[] = {A, RIG_KERNEL};
  rig_stack(&made, commit(&made, BASE), PID, kernel_frames, 2);
  rig_stack(&made, commit(&made, BASE + PAGE), PID, after_user, 2);
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_KERNEL_ONLY, RIG_KERNEL), PAGE);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_KERNEL_ONLY, A), PAGE);
  rig_stop(&made);
}

static void test_user_half_late_and_from_another_processor(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  uint64_t event = commit(&made, BASE);
  rig_stack(&made, event, PID, kernel_frames, 2);
  made.now += 400 * RIG_MS;
  uint64_t second = commit(&made, BASE + PAGE);
  made.processor = 3;
  rig_one_frame(&made, event, PID, A);
  rig_one_frame(&made, second, PID, B);
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, A), PAGE);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, B), PAGE);
  rig_stop(&made);
}

static void test_user_half_too_late(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  uint64_t event = commit(&made, BASE);
  rig_stack(&made, event, PID, kernel_frames, 2);
  made.now += 1001 * RIG_MS;
  commit(&made, BASE + PAGE);
  rig_one_frame(&made, event, PID, A);
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_KERNEL_ONLY, RIG_KERNEL), PAGE);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, A), 0);
  rig_stop(&made);
}

/* Both events at one time, whatever comes between. */
static uint64_t two_at_once(rig *made, uint32_t second_pid)
{
  uint64_t ticks = commit(made, BASE);
  made->now = ticks;
  made->processor = 1;
  rig_virtual_alloc(made, second_pid, BASE + 64 * PAGE, 3 * PAGE, RIG_COMMIT);
  return ticks;
}

static void test_two_events_at_once_by_processor(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  uint64_t event = two_at_once(&made, PID);
  rig_one_frame(&made, event, PID, B); /* from processor 1 */
  made.processor = 0;
  rig_one_frame(&made, event, PID, A);
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, A), PAGE);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, B), 3 * PAGE);
  rig_stop(&made);
}

static void test_two_events_at_once_by_process(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  uint64_t event = two_at_once(&made, OTHER);
  rig_one_frame(&made, event, PID, A); /* from processor 1, that of the other's event */
  rig_one_frame(&made, event, OTHER, B);
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, A), PAGE);
  uint32_t other = rig_instance(&made, OTHER, 0);
  assert_int_equal(rig_site(&made, other, SEEP_TRACE_VIEW_VIRTUAL, SEEP_TRACE_SITE_STACK, B).use.live_bytes,
                   3 * PAGE);
  rig_stop(&made);
}

static void test_two_events_at_once_by_what_is_missing(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  uint64_t event = commit(&made, BASE);
  made.now = event;
  commit(&made, BASE + 64 * PAGE);
  rig_one_frame(&made, event, PID, A);
  rig_one_frame(&made, event, PID, B);
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, A), PAGE);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, B), PAGE);
  rig_stop(&made);
}

static void test_two_events_at_once_by_thread(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  uint64_t event = made.now;
  rig_heap_alloc(&made, 1, 0x1000, 10);
  made.now = event;
  made.tid = 8;
  rig_heap_alloc(&made, 1, 0x2000, 20);
  rig_one_frame(&made, event, PID, B);
  made.tid = 9; /* nobody's */
  rig_one_frame(&made, event, PID, B + 1);
  made.tid = 7;
  rig_one_frame(&made, event, PID, A);
  rig_finish(&made);
  uint32_t instance = rig_instance(&made, PID, 0);
  assert_int_equal(rig_site(&made, instance, SEEP_TRACE_VIEW_HEAP, SEEP_TRACE_SITE_STACK, A).use.live_bytes,
                   10);
  assert_int_equal(rig_site(&made, instance, SEEP_TRACE_VIEW_HEAP, SEEP_TRACE_SITE_STACK, B).use.live_bytes,
                   20);
  assert_int_equal(seep_trace_analysis_losses(made.analysis)->stacks_unmatched, 1);
  rig_stop(&made);
}

static void test_the_own_stack_replaces_a_strangers(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  uint64_t event = commit(&made, BASE);
  rig_one_frame(&made, event, OTHER, B); /* of something else that happened at the same time */
  rig_one_frame(&made, event, PID, A);
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, A), PAGE);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, B), 0);
  rig_stop(&made);
}

static void test_a_strangers_stack_stays_with_its_event(void **state)
{
  (void)state;
  rig made;
  const seep_trace_analysis_options options = {.has_pid = true, .pid = PID};
  rig_start_with(&made, &options, (size_t)64 * 1024 * 1024);
  uint64_t event = two_at_once(&made, OTHER); /* which is not looked at */
  rig_one_frame(&made, event, OTHER, B);
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, B), 0);
  assert_int_equal(seep_trace_analysis_instances(made.analysis), 1);
  rig_stop(&made);
}

static void test_a_stack_of_a_free_stays_with_it(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  uint64_t event = made.now;
  rig_virtual_free(&made, PID, BASE + 64 * PAGE, PAGE, RIG_RELEASE);
  made.now = event;
  commit(&made, BASE);
  rig_one_frame(&made, event, PID, B); /* the free's: it was first */
  rig_one_frame(&made, event, PID, A);
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, A), PAGE);
  rig_stop(&made);
}

static void test_allocated_by_another_process(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  uint64_t event = commit(&made, BASE);
  rig_one_frame(&made, event, OTHER, A);
  rig_finish(&made);
  seep_trace_site site = site_of(&made, SEEP_TRACE_SITE_STACK, A);
  assert_true(site.is_remote);
  assert_int_equal(site.frames_of, rig_instance(&made, OTHER, 0));
  assert_int_equal(site.owner, rig_instance(&made, PID, 0));
  assert_int_equal(site.use.live_bytes, PAGE);
  rig_stop(&made);
}

static void test_a_stack_of_a_free_finds_it(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_commit(&made, PID, BASE, PAGE, A);
  uint64_t event = made.now;
  rig_virtual_free(&made, PID, BASE, PAGE, RIG_RELEASE);
  rig_one_frame(&made, event, PID, B);
  rig_one_frame(&made, event + 1000, PID, B);
  rig_finish(&made);
  assert_int_equal(seep_trace_analysis_losses(made.analysis)->stacks, 3);
  assert_int_equal(seep_trace_analysis_losses(made.analysis)->stacks_unmatched, 1);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, B), 0);
  rig_stop(&made);
}

/* More than the line has room for at first, and after some have passed, so that it goes round as it grows. */
static void test_many_wait_at_once(void **state)
{
  (void)state;
  enum { PASSED = 700, WAITING = 3000 };
  rig made;
  rig_start(&made);
  for (unsigned i = 0; i < PASSED; i++) {
    rig_commit(&made, PID, BASE + i * PAGE, PAGE, B);
  }
  uint64_t first = made.now;
  for (unsigned i = 0; i < WAITING; i++) {
    assert_int_equal(commit(&made, BASE + (PASSED + i) * PAGE), first + i);
  }
  for (unsigned i = WAITING; i > 0; i--) {
    rig_one_frame(&made, first + i - 1, PID, A + (i - 1) % 2);
  }
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, A), WAITING / 2 * PAGE);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, A + 1), WAITING / 2 * PAGE);
  assert_int_equal(seep_trace_analysis_losses(made.analysis)->stacks_unmatched, 0);
  rig_stop(&made);
}

/* ---- keys ---- */

static void test_a_key_is_defined_after_its_use(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_key(&made, commit(&made, BASE), PID, KEY, true);
  rig_key(&made, commit(&made, BASE + PAGE), PID, KEY, true);
  rig_virtual_free(&made, PID, BASE, PAGE, RIG_RELEASE);
  const uint64_t frames[] = {A, B};
  rig_definition(&made, KEY, frames, 2);
  rig_virtual_free(&made, PID, BASE + PAGE, PAGE / 2, RIG_RELEASE);
  rig_finish(&made);
  seep_trace_site site = site_of(&made, SEEP_TRACE_SITE_STACK, A);
  assert_int_equal(site.frame_count, 2);
  assert_int_equal(site.use.allocations, 2);
  assert_int_equal(site.use.freed_bytes, 2 * PAGE);
  assert_int_equal(seep_trace_analysis_losses(made.analysis)->keys_undefined, 0);
  rig_stop(&made);
}

static void test_a_key_joins_what_came_without_one(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_commit(&made, PID, BASE, PAGE, A);
  made.now += RIG_SECOND;
  rig_key(&made, commit(&made, BASE + PAGE), PID, KEY, true);
  rig_key(&made, commit(&made, BASE + 2 * PAGE), PID, KEY, true);
  const uint64_t frame = A;
  rig_definition(&made, KEY, &frame, 1);
  rig_virtual_free(&made, PID, BASE + PAGE, PAGE, RIG_RELEASE);
  rig_finish(&made);
  seep_trace_use use = site_of(&made, SEEP_TRACE_SITE_STACK, A).use;
  assert_int_equal(use.allocations, 3);
  assert_int_equal(use.frees, 1);
  assert_int_equal(use.live_bytes, 2 * PAGE);
  assert_int_equal(use.first_ticks, RIG_FIRST);
  assert_true(use.last_ticks > RIG_FIRST + RIG_SECOND);
  assert_int_equal(use.kept_bytes[1], PAGE);
  assert_int_equal(rig_sites(&made, rig_instance(&made, PID, 0), SEEP_TRACE_VIEW_VIRTUAL), 1);
  rig_stop(&made);
}

static void test_a_key_is_used_again(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  const uint64_t first = A, second = B;
  rig_key(&made, commit(&made, BASE), PID, KEY, true);
  rig_definition(&made, KEY, &first, 1);
  rig_key(&made, commit(&made, BASE + PAGE), PID, KEY, true);
  rig_definition(&made, KEY, &second, 1);
  rig_definition(&made, KEY, &first, 1); /* nothing waits for this one */
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, A), PAGE);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, B), PAGE);
  rig_stop(&made);
}

static void test_a_key_is_defined_while_its_event_waits(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  const uint64_t first = A;
  uint64_t blocked = commit(&made, BASE + 9 * PAGE); /* holds up the line */
  rig_key(&made, commit(&made, BASE), PID, KEY, true);
  rig_definition(&made, KEY, &first, 1);
  rig_one_frame(&made, blocked, PID, B);
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, A), PAGE);
  rig_stop(&made);
}

static void test_one_key_is_kernel_and_user(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  uint64_t kernel_only = commit(&made, BASE);
  uint64_t both = commit(&made, BASE + PAGE);
  rig_key(&made, kernel_only, PID, KEY, false);
  rig_key(&made, both, PID, KEY, false);
  rig_key(&made, both, PID, KEY, true);
  const uint64_t mixed[] = {RIG_KERNEL, A};
  rig_definition(&made, KEY, mixed, 2);
  rig_finish(&made);
  /* Both wait for the same definition, and get it. */
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, A), 2 * PAGE);
  assert_int_equal(seep_trace_analysis_losses(made.analysis)->keys_undefined, 0);
  rig_stop(&made);
}

static void test_plain_and_keyed_halves_mix(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  uint64_t first = commit(&made, BASE);
  rig_stack(&made, first, PID, kernel_frames, 2);
  rig_key(&made, first, PID, KEY, true);
  uint64_t second = commit(&made, BASE + PAGE);
  rig_key(&made, second, PID, KEY + 16, false);
  rig_one_frame(&made, second, PID, B);
  const uint64_t frame = A;
  rig_definition(&made, KEY, &frame, 1);
  rig_definition(&made, KEY + 16, kernel_frames, 2);
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, A), PAGE);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, B), PAGE);
  assert_int_equal(rig_sites(&made, rig_instance(&made, PID, 0), SEEP_TRACE_VIEW_VIRTUAL), 2);
  rig_stop(&made);
}

static void test_one_key_in_two_processes(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_key(&made, commit(&made, BASE), PID, KEY, true);
  uint64_t event = made.now;
  rig_virtual_alloc(&made, OTHER, BASE, PAGE, RIG_COMMIT);
  rig_key(&made, event, OTHER, KEY, true);
  const uint64_t frame = A;
  rig_definition(&made, KEY, &frame, 1);
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, A), PAGE);
  uint32_t other = rig_instance(&made, OTHER, 0);
  seep_trace_site site = rig_site(&made, other, SEEP_TRACE_VIEW_VIRTUAL, SEEP_TRACE_SITE_STACK, A);
  assert_int_equal(site.use.live_bytes, PAGE);
  assert_int_equal(site.frames_of, other);
  rig_stop(&made);
}

static void test_keys_that_are_never_defined_are_lost(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_key(&made, commit(&made, BASE), PID, KEY, true);
  rig_key(&made, commit(&made, BASE + PAGE), PID, KEY + 16, true);
  const uint64_t frame = A;
  rig_definition(&made, KEY + 32, &frame, 1);
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_LOST, 0), 2 * PAGE);
  assert_int_equal(seep_trace_analysis_losses(made.analysis)->keys_undefined, 2);
  rig_stop(&made);
}

/* ---- no stack ---- */

static void test_a_trace_without_stacks(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  commit(&made, BASE);
  rig_virtual_alloc(&made, PID, BASE + 64 * PAGE, PAGE, RIG_RESERVE); /* needs none */
  rig_block(&made, 1, 0x1000, 10, A);                                 /* the other view has them */
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_NO_STACK, 0), PAGE);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_LOST, 0), 0);
  assert_int_equal(seep_trace_analysis_losses(made.analysis)->memory_events, 2);
  assert_int_equal(seep_trace_analysis_losses(made.analysis)->memory_events_without_stack, 1);
  rig_stop(&made);
}

static void test_a_trace_that_has_stacks_lost_this_one(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  commit(&made, BASE);
  rig_commit(&made, PID, BASE + PAGE, PAGE, A);
  rig_key(&made, commit(&made, BASE + 2 * PAGE), PID, KEY, true); /* lost in another way: one site */
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_NO_STACK, 0), 0);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_LOST, 0), 2 * PAGE);
  rig_stop(&made);
}

static void test_a_trace_that_lost_events_lost_the_stack(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  commit(&made, BASE);
  made.merged.summary.header.events_lost = 1;
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_LOST, 0), PAGE);
  rig_stop(&made);
}

static void test_one_stack_too_many(void **state)
{
  (void)state;
  rig made;
  const seep_trace_analysis_options options = {.maximum_stacks = 2};
  rig_start_with(&made, &options, (size_t)64 * 1024 * 1024);
  for (unsigned i = 0; i < 5; i++) {
    rig_commit(&made, PID, BASE + i * PAGE, PAGE, A + i);
  }
  rig_commit(&made, PID, BASE + 5 * PAGE, PAGE, A);
  rig_finish(&made);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_OVERFLOW, 0), 3 * PAGE);
  assert_int_equal(live_of(&made, SEEP_TRACE_SITE_STACK, A), 2 * PAGE);
  assert_int_equal(seep_trace_analysis_losses(made.analysis)->overflowed_stacks, 3);
  rig_stop(&made);
}

static void test_the_longest_stack_is_cut_at_its_outer_end(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  uint64_t frames[SEEP_TRACE_MAXIMUM_FRAMES + 8];
  for (size_t i = 0; i < SEEP_TRACE_MAXIMUM_FRAMES + 8; i++) {
    frames[i] = A + i;
  }
  rig_stack(&made, commit(&made, BASE), PID, frames, SEEP_TRACE_MAXIMUM_FRAMES + 8);
  rig_finish(&made);
  assert_int_equal(site_of(&made, SEEP_TRACE_SITE_STACK, A).frame_count, SEEP_TRACE_MAXIMUM_FRAMES);
  rig_stop(&made);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_halves_come_apart),
      cmocka_unit_test(test_both_halves_in_one_record),
      cmocka_unit_test(test_a_sandwich_is_one_stack),
      cmocka_unit_test(test_kernel_frames_alone),
      cmocka_unit_test(test_user_half_late_and_from_another_processor),
      cmocka_unit_test(test_user_half_too_late),
      cmocka_unit_test(test_two_events_at_once_by_processor),
      cmocka_unit_test(test_two_events_at_once_by_process),
      cmocka_unit_test(test_two_events_at_once_by_what_is_missing),
      cmocka_unit_test(test_two_events_at_once_by_thread),
      cmocka_unit_test(test_the_own_stack_replaces_a_strangers),
      cmocka_unit_test(test_a_strangers_stack_stays_with_its_event),
      cmocka_unit_test(test_a_stack_of_a_free_stays_with_it),
      cmocka_unit_test(test_allocated_by_another_process),
      cmocka_unit_test(test_a_stack_of_a_free_finds_it),
      cmocka_unit_test(test_many_wait_at_once),
      cmocka_unit_test(test_a_key_is_defined_after_its_use),
      cmocka_unit_test(test_a_key_joins_what_came_without_one),
      cmocka_unit_test(test_a_key_is_used_again),
      cmocka_unit_test(test_a_key_is_defined_while_its_event_waits),
      cmocka_unit_test(test_one_key_is_kernel_and_user),
      cmocka_unit_test(test_plain_and_keyed_halves_mix),
      cmocka_unit_test(test_one_key_in_two_processes),
      cmocka_unit_test(test_keys_that_are_never_defined_are_lost),
      cmocka_unit_test(test_a_trace_without_stacks),
      cmocka_unit_test(test_a_trace_that_has_stacks_lost_this_one),
      cmocka_unit_test(test_a_trace_that_lost_events_lost_the_stack),
      cmocka_unit_test(test_one_stack_too_many),
      cmocka_unit_test(test_the_longest_stack_is_cut_at_its_outer_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
