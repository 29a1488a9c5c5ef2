/* Which kind of memory grows: what comes of the answers, in the row, the alerts and the recording. The
 * inventories are made up; what is concluded from real ones is memory/growth's and has its own tests. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory_rig.h"

/* ---- answers that are none ---- */

static void who_is_denied_is_never_asked_for_again(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, SUSPECT);
  memory_rig_refuse(r, SEEP_DENIED);
  assert_int_equal(seep_engine_looked_into(r->engine), 0);
  engine_rig_poll(r, CALLED - SUSPECT);
  assert_int_equal(r->leaks_opened, 1);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 1, "memory kind"),
                      "undetermined: Windows does not let this process be read");
  assert_int_equal(r->requests, 1); /* no answer can come: nothing to wait for */
  engine_rig_poll(r, 50);
  leaky->commit_bytes = 100 * MB; /* a case that ends and another one */
  leaky->growth_per_second = 0;
  engine_rig_poll(r, 200);
  assert_int_equal(seep_engine_open_leaks(r->engine), 0);
  leaky->commit_bytes = 400 * MB;
  leaky->growth_per_second = 2 * (int64_t)MB;
  engine_rig_poll(r, 100);
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
  assert_int_equal(r->inventories, 1);
}

static void what_fails_is_tried_again_after_the_interval(void **state)
{
  static const seep_status failures[] = {SEEP_OS, SEEP_NO_MEMORY, SEEP_TIMED_OUT, SEEP_GONE, SEEP_CANCELLED};
  for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
    void *own = NULL;
    assert_int_equal(memory_rig_set_up(&own), 0);
    engine_rig *r = own;
    memory_rig_leak(r, 4242, "leaky.exe");
    engine_rig_poll(r, SUSPECT);
    memory_rig_refuse(r, failures[i]);
    engine_rig_poll(r, INTERVAL - 1);
    assert_int_equal(r->inventories, 1);
    engine_rig_poll(r, 1);
    assert_int_equal(r->inventories, 2);
    engine_rig_tear_down(&own);
  }
  (void)state;
}

/* The next poll tells that it has ended, or that it has not: then there was another reason. */
static void who_is_said_to_be_gone_and_is_not_is_not_told_as_such(void **state)
{
  engine_rig *r = *state;
  memory_rig_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, SUSPECT);
  memory_rig_refuse(r, SEEP_GONE);
  engine_rig_poll(r, CALLED - SUSPECT);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 1, "memory kind"),
                      "undetermined: it is being looked into now");
}

static void a_verdict_survives_a_look_that_fails(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  memory_rig_poll(r, CALLED, leaky, HEAP_GROWS);
  assert_string_equal(r->last_leak.kind, "Heap");
  size_t before = r->inventories;
  while (r->inventories == before) {
    engine_rig_poll(r, 1);
  }
  memory_rig_refuse(r, SEEP_DENIED);
  engine_rig_poll(r, 40);
  assert_string_equal(r->last_leak.kind, "Heap");
  assert_int_equal(r->inventories, before + 1);
}

static void what_is_told_of_the_denied_is_the_denial(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  memory_rig_poll(r, CALLED - 3, leaky, HEAPS_UNKNOWN);
  assert_true(r->inventories >= 3);
  size_t before = r->inventories;
  r->settings.memory_minimum_growth_bytes = MB;
  r->settings.memory_interval_ms = 1000;
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  leaky->commit_bytes += 60 * MB;
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventories, before + 1);
  memory_rig_refuse(r, SEEP_DENIED);
  engine_rig_poll(r, 10);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 1, "memory kind"),
                      "undetermined: Windows does not let this process be read");
}

static void a_kind_outlives_the_looking(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  memory_rig_poll(r, CALLED, leaky, HEAP_GROWS);
  assert_string_equal(r->last_leak.kind, "Heap");
  r->settings.memory_enabled = false;
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  leaky->growth_per_second = (int64_t)MB / 4;
  for (unsigned i = 0; i < 100 && engine_rig_told(r, SEEP_ALERT_LEAK_FOUND) == 1; i++) {
    engine_rig_poll(r, 60); /* until it has doubled and may be told again */
  }
  const char *told = engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 2, "memory kind");
  assert_memory_equal(told, "Heap, ", 6);
  assert_non_null(strstr(told, " (found earlier)"));
  assert_int_equal(seep_engine_looked_into(r->engine), 0);
  assert_string_equal(r->last_leak.kind, "Heap");
}

/* ---- what an answer changes ---- */

static void a_kind_known_at_the_opening_is_told_and_nothing_waits(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  memory_rig_poll(r, CALLED, leaky, HEAP_GROWS);
  assert_int_equal(r->leaks_opened, 1);
  assert_int_equal(r->leaks_updated, 0);
  assert_string_equal(r->last_leak.kind, "Heap");
  const char *told = engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 1, "memory kind");
  assert_memory_equal(told, "Heap, ", 6);
  assert_non_null(strstr(told, " percent sure: "));
  assert_int_equal(r->requests, 1);
  assert_int_equal(r->target.memory_kind, SEEP_MEMORY_HEAP);
  assert_true(r->target.memory_confidence > 0.5 && r->target.memory_confidence <= 1.0);
}

static void the_row_follows_the_kind_and_is_not_written_for_nothing(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  assert_int_equal(r->leaks_opened, 1);
  assert_string_equal(r->last_leak.kind, "undetermined");
  assert_memory_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 1, "memory kind"), "undetermined: ", 14);
  size_t updated = r->leaks_updated;
  memory_rig_answer_heap(r, leaky->commit_bytes - 50 * MB);
  assert_int_equal(r->leaks_updated, updated); /* still undetermined */
  while (strcmp(r->last_leak.kind, "undetermined") == 0) {
    memory_rig_poll(r, 1, leaky, HEAP_GROWS);
    assert_true(r->inventories < 10);
  }
  assert_string_equal(r->last_leak.kind, "Heap");
  assert_int_equal(r->leaks_updated, updated + 2); /* the kind, and that it was told */
  assert_int_equal(r->last_leak.times_told, 2);
  leaky->growth_per_second = 10 * (int64_t)MB;
  memory_rig_poll(r, 60, leaky, HEAP_GROWS);
  assert_int_equal(r->leaks_updated, updated + 2);
}

static void poll_until_known(engine_rig *r, const fake_process *leaky)
{
  while (strcmp(r->last_leak.kind, "undetermined") == 0) {
    memory_rig_poll(r, 1, leaky, HEAP_GROWS);
    assert_true(r->inventories < 10);
  }
}

static void a_kind_that_is_known_later_is_told_once(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  memory_rig_refuse(r, SEEP_OS);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_FOUND), 1);
  poll_until_known(r, leaky);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_FOUND), 2);
  assert_memory_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 2, "memory kind"), "Heap, ", 6);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 2, "report"),
                      "the kind of memory is known now");
  memory_rig_poll(r, 200, leaky, PRIVATE_GROWS); /* whatever comes later */
  memory_rig_poll(r, 600, leaky, HEAP_GROWS);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_FOUND), 2);
}

static void of_the_ignored_no_kind_is_told(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  memory_rig_refuse(r, SEEP_OS);
  while (r->inventories < 4) { /* the one that will tell it is out */
    seep_inventory inventory = memory_rig_inventory(leaky->commit_bytes - 50 * MB, 50 * MB);
    size_t before = r->inventories;
    engine_rig_poll(r, 1);
    if (r->inventories > before && r->inventories < 4) {
      memory_rig_answer(r, &inventory);
    }
  }
  r->settings.ignored.count = 1;
  snprintf(r->settings.ignored.names[0], sizeof r->settings.ignored.names[0], "leaky.exe");
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  memory_rig_answer_heap(r, leaky->commit_bytes - 50 * MB);
  assert_string_equal(r->last_leak.kind, "Heap");
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_FOUND), 1);
}

static void a_recording_waits_for_the_kind_and_no_longer(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  memory_rig_answer_heap(r, (50 + 2 * SUSPECT) * MB); /* as it was when it was asked for */
  assert_int_equal(r->leaks_opened, 1);
  assert_int_equal(r->requests, 0);
  while (strcmp(r->last_leak.kind, "undetermined") == 0) {
    assert_int_equal(r->requests, 0);
    memory_rig_poll(r, 1, leaky, HEAP_GROWS);
    assert_true(r->inventories < 10);
  }
  assert_string_equal(r->last_leak.kind, "Heap");
  assert_int_equal(r->inventories, 3); /* two comparisons */
  assert_int_equal(r->requests, 1);    /* with the answer, not at the next poll */
  assert_int_equal(r->target.memory_kind, SEEP_MEMORY_HEAP);
  assert_int_equal(r->target.case_id, r->last_leak.id);
}

static void a_recording_does_not_wait_for_ever(void **state)
{
  engine_rig *r = *state;
  memory_rig_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  engine_rig_poll(r, 299);
  assert_int_equal(r->leaks_opened, 1);
  assert_int_equal(r->requests, 0);
  engine_rig_poll(r, 1);
  assert_int_equal(r->requests, 1);
  assert_int_equal(r->target.memory_kind, SEEP_MEMORY_UNDETERMINED);
  assert_true(r->target.memory_confidence == 0.0);
}

/* 20 MB a second into 1 GB: when the limit is a minute away, six seconds are what there is. */
static void before_the_limit_it_waits_a_tenth_of_the_time_left(void **state)
{
  engine_rig *r = *state;
  int64_t told_ms = 0;
  r->settings.detector_observation_ms = 6400000;
  engine_rig_restart(r);
  r->world.memory.commit_limit_bytes = UINT64_C(10) << 30;
  memory_rig_leak(r, 4242, "leaky.exe")->growth_per_second = 20 * (int64_t)MB;
  for (unsigned i = 0; i < 300 && r->requests == 0; i++) {
    engine_rig_poll(r, 1);
    r->world.memory.commit_total_bytes += 20 * MB;
    told_ms = told_ms == 0 && engine_rig_told(r, SEEP_ALERT_RAPID_GROWTH) == 1 ? r->world.mono_ms : told_ms;
  }
  int64_t left_ms =
      (int64_t)((r->world.memory.commit_limit_bytes - r->world.memory.commit_total_bytes) / (20 * MB)) * 1000;
  assert_int_equal(r->requests, 1);
  assert_int_equal(r->inventories, 1); /* it has never been answered */
  int64_t waited_ms = r->world.mono_ms - told_ms;
  assert_true(waited_ms >= left_ms / 10 - 1000 && waited_ms <= left_ms / 10 + 3000);
}

/* As with a process whose heaps nobody can decode. */
static void after_three_comparisons_nothing_more_is_waited_for(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  memory_rig_refuse(r, SEEP_OS);
  int64_t opened_ms = r->world.mono_ms;
  while (r->requests == 0) {
    memory_rig_poll(r, 1, leaky, HEAPS_UNKNOWN);
    assert_true(r->world.mono_ms - opened_ms < 200000);
  }
  assert_int_equal(r->inventories, 5); /* one refused, one to begin with, three compared */
  assert_string_equal(r->last_leak.kind, "undetermined");
}

static void mixed_is_an_answer_only_after_three_comparisons(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  memory_rig_refuse(r, SEEP_OS);
  while (r->requests == 0) {
    memory_rig_poll(r, 1, leaky, BOTH_GROW);
    assert_true(r->inventories < 10);
  }
  assert_int_equal(r->inventories, 5);
  assert_int_equal(r->target.memory_kind, SEEP_MEMORY_MIXED);
  assert_string_equal(r->last_leak.kind, "mixed");
}

static void while_the_service_stops_nothing_begins(void **state)
{
  engine_rig *r = *state;
  memory_rig_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  seep_engine_stop(r->engine, engine_rig_now(r));
  memory_rig_refuse(r, SEEP_OS);
  engine_rig_poll(r, 2 * INTERVAL);
  assert_int_equal(r->inventories, 1);
  memory_rig_refuse(r, SEEP_DENIED);
  engine_rig_poll(r, 1);
  assert_int_equal(r->requests, 0);
}

/* ---- ends ---- */

static void who_ends_while_an_inventory_is_out_is_forgotten(void **state)
{
  engine_rig *r = *state;
  seep_process_key key = memory_rig_key(memory_rig_leak(r, 4242, "leaky.exe"));
  engine_rig_poll(r, SUSPECT);
  assert_int_equal(seep_engine_looked_into(r->engine), 1);
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  memory_rig_leak(r, 4243, "other.exe");
  fake_world_remove(&r->world, 4242);
  engine_rig_poll(r, SUSPECT);
  assert_int_equal(seep_engine_suspects(r->engine), 1);
  assert_int_equal(seep_engine_looked_into(r->engine), 0);
  assert_int_equal(r->inventories, 1); /* the one that is out comes first */
  seep_inventory inventory = memory_rig_inventory(100 * MB, 0);
  seep_engine_inventory(r->engine, engine_rig_now(r), key, SEEP_OK, &inventory);
  assert_int_equal(seep_engine_looked_into(r->engine), 0);
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventories, 2);
  assert_int_equal(r->inventory_of.pid, 4243);
  fake_world_remove(&r->world, 4243);
  engine_rig_poll(r, 1);
  memory_rig_refuse(r, SEEP_GONE);
  assert_int_equal(seep_engine_looked_into(r->engine), 0);
}

static void another_process_under_the_same_pid_does_not_inherit_an_answer(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  seep_process_key old = memory_rig_key(leaky);
  engine_rig_poll(r, SUSPECT);
  leaky->created += 10000000;
  leaky->commit_bytes = 100 * MB;
  engine_rig_poll(r, SUSPECT);
  assert_int_equal(r->inventories, 1);
  seep_engine_inventory(r->engine, engine_rig_now(r), old, SEEP_DENIED, NULL);
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventories, 2);
  assert_int_equal(r->inventory_of.created, leaky->created);
}

static void whose_suspicion_is_cleared_is_forgotten(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, SUSPECT);
  memory_rig_answer_heap(r, 100 * MB);
  leaky->growth_per_second = 0;
  leaky->commit_bytes = 100 * MB;
  engine_rig_poll(r, 100);
  assert_int_equal(seep_engine_suspects(r->engine), 0);
  assert_int_equal(seep_engine_looked_into(r->engine), 0);
  assert_int_equal(r->inventories, 1);
  assert_int_equal(r->leaks_opened, 0);
}

static void a_case_that_is_over_is_forgotten(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  memory_rig_poll(r, CALLED, leaky, HEAP_GROWS);
  assert_int_equal(seep_engine_looked_into(r->engine), 1);
  leaky->growth_per_second = 0;
  leaky->commit_bytes = 100 * MB;
  engine_rig_poll(r, 100);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_OVER), 1);
  assert_string_equal(r->last_leak.kind, "Heap"); /* the row of the closed case keeps it */
  assert_int_equal(seep_engine_looked_into(r->engine), 0);
}

static fake_process *succeed(engine_rig *r)
{
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  fake_world_remove(&r->world, 4242);
  engine_rig_poll(r, 2);
  fake_process *next = memory_rig_leak(r, 5000, "leaky.exe");
  engine_rig_poll(r, 1);
  assert_int_equal(r->last_leak.key.pid, 5000);
  return next;
}

static void a_successor_keeps_the_kind_until_it_is_a_leak_by_itself(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  memory_rig_poll(r, CALLED, leaky, HEAP_GROWS);
  leaky = succeed(r);
  size_t before = r->inventories;
  assert_string_equal(r->last_leak.kind, "Heap");
  engine_rig_poll(r, SUSPECT - 3);
  assert_int_equal(r->inventories, before); /* it may be warming up */
  memory_rig_poll(r, CALLED - SUSPECT, leaky, PRIVATE_GROWS);
  assert_true(r->inventories >= before + 3);
  assert_string_equal(r->last_leak.kind, "Heap");
  memory_rig_poll(r, 10, leaky, PRIVATE_GROWS);
  assert_string_equal(r->last_leak.kind, "Private Data");
  assert_int_equal(r->last_leak.key.pid, 5000);
  assert_int_equal(r->leaks_opened, 1);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_FOUND), 1);
}

/* Nobody has told it yet, so its kind is news; but not before it is called itself. */
static void a_successor_tells_the_kind_that_the_one_before_did_not_know(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  memory_rig_refuse(r, SEEP_OS);
  leaky = succeed(r);
  assert_string_equal(r->last_leak.kind, "undetermined");
  memory_rig_poll(r, CALLED - 3, leaky, PRIVATE_GROWS);
  assert_string_equal(r->last_leak.kind, "Private Data");
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_FOUND), 1);
  memory_rig_poll(r, 10, leaky, PRIVATE_GROWS);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_FOUND), 2);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 2, "report"),
                      "the kind of memory is known now");
}

#define memory_test(f) cmocka_unit_test_setup_teardown(f, memory_rig_set_up, engine_rig_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      memory_test(who_is_denied_is_never_asked_for_again),
      memory_test(what_fails_is_tried_again_after_the_interval),
      memory_test(who_is_said_to_be_gone_and_is_not_is_not_told_as_such),
      memory_test(a_verdict_survives_a_look_that_fails),
      memory_test(what_is_told_of_the_denied_is_the_denial),
      memory_test(a_kind_outlives_the_looking),
      memory_test(a_kind_known_at_the_opening_is_told_and_nothing_waits),
      memory_test(the_row_follows_the_kind_and_is_not_written_for_nothing),
      memory_test(a_kind_that_is_known_later_is_told_once),
      memory_test(of_the_ignored_no_kind_is_told),
      memory_test(a_recording_waits_for_the_kind_and_no_longer),
      memory_test(a_recording_does_not_wait_for_ever),
      memory_test(before_the_limit_it_waits_a_tenth_of_the_time_left),
      memory_test(after_three_comparisons_nothing_more_is_waited_for),
      memory_test(mixed_is_an_answer_only_after_three_comparisons),
      memory_test(while_the_service_stops_nothing_begins),
      memory_test(who_ends_while_an_inventory_is_out_is_forgotten),
      memory_test(another_process_under_the_same_pid_does_not_inherit_an_answer),
      memory_test(whose_suspicion_is_cleared_is_forgotten),
      memory_test(a_case_that_is_over_is_forgotten),
      memory_test(a_successor_keeps_the_kind_until_it_is_a_leak_by_itself),
      memory_test(a_successor_tells_the_kind_that_the_one_before_did_not_know),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
