/* Which kind of memory grows: whose memory the engine asks for, and when. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory_rig.h"

#define MANY 70

/* ---- when it is asked ---- */

static void a_suspect_is_asked_for_and_again_when_it_has_grown(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  engine_rig_poll(r, SUSPECT - 1);
  assert_int_equal(r->inventories, 0);
  engine_rig_poll(r, 1);
  assert_int_equal(seep_engine_suspects(r->engine), 1);
  assert_int_equal(r->inventories, 1);
  assert_int_equal(r->inventory_of.pid, 4242);
  assert_int_equal(r->inventory_of.created, leaky->created);
  engine_rig_poll(r, INTERVAL + 2);
  assert_int_equal(r->inventories, 1); /* it has not been answered */
  memory_rig_answer_heap(r, 100 * MB);
  assert_int_equal(r->inventories, 1); /* one in a poll */
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventories, 2);
  memory_rig_answer_heap(r, 120 * MB);
  engine_rig_poll(r, INTERVAL - 1);
  assert_int_equal(r->inventories, 2);
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventories, 3);
}

static void take_minimum_growth(engine_rig *r, uint64_t bytes)
{
  r->settings.memory_minimum_growth_bytes = bytes;
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
}

static void nobody_is_asked_for_again_without_growth(void **state)
{
  engine_rig *r = *state;
  memory_rig_leak(r, 4242, "leaky.exe");
  take_minimum_growth(r, 30 * MB);
  engine_rig_poll(r, SUSPECT);
  memory_rig_answer_heap(r, 100 * MB);
  engine_rig_poll(r, 14); /* the time has passed, the growth is 28 MB */
  assert_int_equal(r->inventories, 1);
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventories, 2);
  memory_rig_answer_heap(r, 130 * MB);
  take_minimum_growth(r, 300 * MB);
  engine_rig_poll(r, 149);
  assert_int_equal(seep_engine_looked_into(r->engine), 1);
  assert_int_equal(r->inventories, 2);
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventories, 3);
}

static void looks_are_rarer_the_more_has_grown(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  memory_rig_poll(r, CALLED, leaky, HEAP_GROWS);
  uint64_t first_bytes = (100 + 2 * SUSPECT) * MB;
  leaky->growth_per_second = 20 * (int64_t)MB;
  memory_rig_poll(r, 100, leaky, HEAP_GROWS);
  uint64_t last_bytes = 0;
  for (unsigned i = 0; i < 3; i++) {
    size_t before = r->inventories;
    while (r->inventories == before) {
      memory_rig_poll(r, 1, leaky, HEAP_GROWS);
    }
    if (last_bytes != 0) {
      uint64_t quarter = (leaky->commit_bytes - first_bytes) / 4;
      uint64_t grown = leaky->commit_bytes - last_bytes;
      assert_true(grown >= quarter && grown < quarter + 30 * MB);
    }
    last_bytes = leaky->commit_bytes;
  }
}

static void after_giving_back_it_is_asked_for_above_where_it_was(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  memory_rig_poll(r, CALLED, leaky, HEAP_GROWS);
  size_t before = r->inventories;
  while (r->inventories == before) {
    memory_rig_poll(r, 1, leaky, HEAP_GROWS);
  }
  uint64_t top = leaky->commit_bytes;
  before = r->inventories;
  leaky->commit_bytes -= 30 * MB; /* and 80 MB up again: no breath is compared with its bottom */
  while (r->inventories == before) {
    memory_rig_poll(r, 1, leaky, HEAP_GROWS);
    assert_true(leaky->commit_bytes < top + 100 * MB);
  }
  assert_true(leaky->commit_bytes >= top + 16 * MB);
}

/* At the same time of the day. */
static void whoever_does_not_grow_is_asked_for_once_a_day(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  memory_rig_poll(r, CALLED, leaky, HEAP_GROWS);
  int64_t answered_ms = r->world.mono_ms;
  size_t before = r->inventories;
  while (r->inventories == before) {
    memory_rig_poll(r, 1, leaky, HEAP_GROWS);
    answered_ms = r->world.mono_ms;
  }
  before = r->inventories;
  leaky->growth_per_second = 0;
  fake_world_advance(&r->world, SEEP_MS_PER_DAY - 1000);
  engine_rig_look(r);
  assert_int_equal(r->inventories, before);
  engine_rig_poll(r, 1);
  assert_int_equal(r->world.mono_ms - answered_ms, SEEP_MS_PER_DAY);
  assert_int_equal(r->inventories, before + 1);
}

/* By memory that is not private, or for a moment: the poll sees it and the look does not. */
static void whoever_grows_by_nothing_is_asked_for_ever_more_rarely(void **state)
{
  engine_rig *r = *state;
  int64_t asked_ms = 0, waited_ms = 0;
  memory_rig_leak(r, 4242, "leaky.exe");
  for (unsigned i = 0; i < 3000; i++) {
    size_t before = r->inventories;
    engine_rig_poll(r, 1);
    if (r->inventories > before) {
      memory_rig_answer_heap(r, 100 * MB);
      assert_true(r->inventories < 4 || r->world.mono_ms - asked_ms >= 2 * waited_ms);
      waited_ms = r->world.mono_ms - asked_ms;
      asked_ms = r->world.mono_ms;
    }
  }
  assert_in_range(r->inventories, 8, 12);
}

static void whose_list_of_regions_is_cut_is_asked_for_ever_more_rarely(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  memory_rig_poll(r, 3000, leaky, REGIONS_CUT);
  assert_in_range(r->inventories, 7, 12);
  assert_string_equal(r->last_leak.kind, "undetermined");
}

static void while_it_grows_rapidly_five_times_as_often(void **state)
{
  engine_rig *r = *state;
  r->settings.detector_observation_ms = 6400000;
  engine_rig_restart(r);
  r->world.memory.commit_limit_bytes = UINT64_C(9) << 30;
  fake_process *leaky = fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 20 * (int64_t)MB);
  memory_rig_poll(r, 30, leaky, HEAP_GROWS);
  assert_true(engine_rig_told(r, SEEP_ALERT_RAPID_GROWTH) > 0);
  size_t before = r->inventories;
  while (r->inventories == before) {
    memory_rig_poll(r, 1, leaky, HEAP_GROWS);
    assert_true(leaky->commit_bytes < 2000 * MB);
  }
  leaky->commit_bytes += 1000 * MB;
  engine_rig_poll(r, INTERVAL / 5 - 1);
  assert_int_equal(r->inventories, before + 1);
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventories, before + 2);
}

static void nobody_is_asked_for_who_is_ignored(void **state)
{
  engine_rig *r = *state;
  r->settings.ignored.count = 1;
  snprintf(r->settings.ignored.names[0], sizeof r->settings.ignored.names[0], "LEAKY.exe");
  engine_rig_restart(r);
  memory_rig_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED + 20);
  assert_int_equal(r->inventories, 0);
}

static void switched_off_nobody_is_asked_for_and_no_recording_waits(void **state)
{
  engine_rig *r = *state;
  r->settings.memory_enabled = false;
  engine_rig_restart(r);
  memory_rig_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  assert_int_equal(r->leaks_opened, 1);
  assert_int_equal(r->inventories, 0);
  assert_int_equal(r->requests, 1);
  assert_int_equal(r->target.memory_kind, SEEP_MEMORY_UNDETERMINED);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 1, "memory kind"), "undetermined");
}

static void no_recording_waits_where_the_kind_does_not_matter_to_it(void **state)
{
  engine_rig *r = *state;
  r->settings.capture_heap_method = SEEP_HEAP_METHOD_OFF;
  engine_rig_restart(r);
  memory_rig_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  assert_int_equal(r->leaks_opened, 1);
  assert_int_equal(r->requests, 1);
  assert_true(r->inventories > 0);
}

static void switched_off_while_running_it_forgets_and_takes_no_answer(void **state)
{
  engine_rig *r = *state;
  memory_rig_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  assert_int_equal(r->inventories, 1);
  assert_int_equal(r->requests, 0);
  r->settings.memory_enabled = false;
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  engine_rig_poll(r, 1);
  assert_int_equal(seep_engine_looked_into(r->engine), 0);
  assert_int_equal(r->requests, 1);
  memory_rig_answer_heap(r, 100 * MB);
  r->settings.memory_enabled = true;
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventories, 2);
}

static void one_at_a_time_and_everybody_in_turn(void **state)
{
  engine_rig *r = *state;
  memory_rig_leak(r, 1001, "a.exe");
  memory_rig_leak(r, 1002, "b.exe");
  engine_rig_poll(r, SUSPECT + INTERVAL + 2);
  assert_int_equal(seep_engine_suspects(r->engine), 2);
  assert_int_equal(r->inventories, 1);
  uint32_t first = r->inventory_of.pid;
  memory_rig_answer_heap(r, 100 * MB);
  engine_rig_poll(r, 1); /* the first is due again, the second was never asked for */
  assert_int_equal(r->inventories, 2);
  assert_int_not_equal(r->inventory_of.pid, first);
  engine_rig_poll(r, 2 * INTERVAL);
  memory_rig_answer_heap(r, 100 * MB);
  engine_rig_poll(r, 1); /* both are due */
  assert_int_equal(r->inventories, 3);
  assert_int_equal(r->inventory_of.pid, first);
}

static void rapid_growth_comes_first(void **state)
{
  engine_rig *r = *state;
  r->settings.detector_observation_ms = 640000;
  engine_rig_restart(r);
  r->world.memory.commit_limit_bytes = UINT64_C(9) << 30;
  fake_world_add(&r->world, 1001, "a.exe", 100 * MB, (int64_t)MB / 16);
  fake_world_add(&r->world, 1002, "b.exe", 100 * MB, (int64_t)MB / 16);
  while (r->inventories == 0) {
    engine_rig_poll(r, 1);
    assert_true(r->polls_stored < 600);
  }
  fake_world_add(&r->world, 1003, "c.exe", 100 * MB, 20 * (int64_t)MB);
  engine_rig_poll(r, 60);
  assert_int_equal(seep_engine_suspects(r->engine), 2);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_RAPID_GROWTH), 1);
  memory_rig_answer_heap(r, 100 * MB);
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventory_of.pid, 1003);
}

/* ---- bounds ---- */

static void all_together_are_not_asked_for_more_often_than_one_in_a_hurry(void **state)
{
  engine_rig *r = *state;
  int64_t asked_ms = -SEEP_MS_PER_DAY;
  memory_rig_leak(r, 1001, "a.exe");
  memory_rig_leak(r, 1002, "b.exe");
  memory_rig_leak(r, 1003, "c.exe");
  for (unsigned i = 0; i < 4 * CALLED; i++) {
    size_t before = r->inventories;
    engine_rig_poll(r, 1);
    if (r->inventories > before) {
      memory_rig_answer_heap(r, 100 * MB);
      assert_true(r->world.mono_ms - asked_ms >= 1000 * INTERVAL / 5);
      asked_ms = r->world.mono_ms;
    }
  }
  assert_true(r->inventories > 6);
}

static seep_process_sample samples[MANY];

/* Decoded samples: the rig's world is too small for so many. */
static void poll_many(engine_rig *r, uint64_t growth_bytes)
{
  fake_world_advance(&r->world, 1000);
  for (size_t i = 0; i < MANY; i++) {
    samples[i].commit_bytes += growth_bytes;
  }
  seep_engine_poll_samples(r->engine, engine_rig_now(r), samples, MANY, &r->world.memory);
}

static void begin_many(engine_rig *r)
{
  for (uint32_t i = 0; i < MANY; i++) {
    samples[i] = (seep_process_sample){.key = {1000 + i, 7000 + i},
                                       .commit_bytes = 100 * MB,
                                       .name_utf16le = (const uint8_t *)"x\0",
                                       .name_bytes = 2};
  }
  r->settings.memory_interval_ms = 5000;                       /* one look a second over all, */
  r->settings.memory_minimum_growth_bytes = UINT64_C(1) << 40; /* and no second one */
  engine_rig_restart(r);
}

static void sixty_four_at_most(void **state)
{
  engine_rig *r = *state;
  bool asked[MANY] = {false};
  size_t distinct = 0;
  begin_many(r);
  for (unsigned i = 0; i < 200; i++) {
    size_t before = r->inventories;
    poll_many(r, MB);
    assert_true(r->inventories <= before + 1);
    assert_true(seep_engine_looked_into(r->engine) <= 64);
    if (r->inventories > before) {
      bool *it = &asked[r->inventory_of.pid - 1000];
      distinct += !*it;
      *it = true;
      memory_rig_answer_heap(r, 100 * MB);
    }
  }
  assert_int_equal(seep_engine_looked_into(r->engine), 64);
  assert_int_equal(distinct, 64);
  assert_int_equal(r->inventories, 64);
}

static void a_case_takes_the_place_of_a_suspect(void **state)
{
  engine_rig *r = *state;
  r->settings.detector_observation_ms = 640000;
  begin_many(r);
  r->world.memory.commit_limit_bytes = UINT64_C(9) << 30;
  for (unsigned i = 0; i < 600 && r->inventories < 64; i++) {
    size_t before = r->inventories;
    poll_many(r, MB / 16);
    if (r->inventories > before) {
      memory_rig_answer_heap(r, 100 * MB);
    }
  }
  assert_int_equal(r->inventories, 64);
  assert_int_equal(r->leaks_opened, 0);
  size_t last = MANY;
  while (last-- > 0 && r->inventories == 64) { /* somebody who was not asked for yet among them */
    for (unsigned i = 0; i < 60 && r->leaks_opened == MANY - 1 - last; i++) {
      samples[last].commit_bytes += 20 * MB;
      poll_many(r, MB / 16);
    }
  }
  assert_int_equal(r->inventories, 65);
  assert_int_equal(r->inventory_of.pid, r->last_leak.key.pid);
  assert_int_equal(seep_engine_looked_into(r->engine), 64);
}

/* The first of them, which has been compared already: if it had given way then nobody would ask for it any
 * more. */
static void the_suspect_with_the_fewest_comparisons_gives_way(void **state)
{
  engine_rig *r = *state;
  r->settings.detector_observation_ms = 640000;
  begin_many(r);
  r->world.memory.commit_limit_bytes = UINT64_C(9) << 30;
  take_minimum_growth(r, MB);
  while (r->inventories < 64) {
    size_t before = r->inventories;
    poll_many(r, MB / 16);
    assert_true(r->polls_stored < 600);
    if (r->inventories > before) {
      memory_rig_answer_heap(r, samples[r->inventory_of.pid - 1000].commit_bytes - 50 * MB);
    }
  }
  assert_int_equal(seep_engine_looked_into(r->engine), 64);
  assert_int_equal(r->inventory_of.pid, 1063);
  size_t compared = 0;
  while (compared < 40) { /* they come round in turn */
    size_t before = r->inventories;
    poll_many(r, MB / 16);
    if (r->inventories > before) {
      memory_rig_answer_heap(r, samples[r->inventory_of.pid - 1000].commit_bytes - 50 * MB);
      compared++;
    }
  }
  assert_int_equal(r->leaks_opened, 0);
  take_minimum_growth(r, UINT64_C(1) << 40);
  while (r->leaks_opened == 0) {
    samples[MANY - 1].commit_bytes += 20 * MB;
    poll_many(r, MB / 16);
    assert_true(r->polls_stored < 900);
  }
  poll_many(r, MB / 16);
  assert_int_equal(r->inventory_of.pid, 1000 + MANY - 1);
  memory_rig_answer_heap(r, 100 * MB);
  take_minimum_growth(r, MB);
  for (unsigned i = 0; i < 90 && r->inventory_of.pid != 1000; i++) {
    samples[MANY - 1].commit_bytes += MB / 2; /* it is told still, and keeps its place */
    poll_many(r, MB / 16);
    memory_rig_answer_heap(r, samples[r->inventory_of.pid - 1000].commit_bytes - 50 * MB);
  }
  assert_int_equal(r->inventory_of.pid, 1000);
  assert_int_equal(seep_engine_looked_into(r->engine), 64);
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
}

#define memory_test(f) cmocka_unit_test_setup_teardown(f, memory_rig_set_up, engine_rig_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      memory_test(a_suspect_is_asked_for_and_again_when_it_has_grown),
      memory_test(nobody_is_asked_for_again_without_growth),
      memory_test(looks_are_rarer_the_more_has_grown),
      memory_test(after_giving_back_it_is_asked_for_above_where_it_was),
      memory_test(whoever_does_not_grow_is_asked_for_once_a_day),
      memory_test(whoever_grows_by_nothing_is_asked_for_ever_more_rarely),
      memory_test(whose_list_of_regions_is_cut_is_asked_for_ever_more_rarely),
      memory_test(while_it_grows_rapidly_five_times_as_often),
      memory_test(nobody_is_asked_for_who_is_ignored),
      memory_test(switched_off_nobody_is_asked_for_and_no_recording_waits),
      memory_test(no_recording_waits_where_the_kind_does_not_matter_to_it),
      memory_test(switched_off_while_running_it_forgets_and_takes_no_answer),
      memory_test(one_at_a_time_and_everybody_in_turn),
      memory_test(rapid_growth_comes_first),
      memory_test(all_together_are_not_asked_for_more_often_than_one_in_a_hurry),
      memory_test(sixty_four_at_most),
      memory_test(a_case_takes_the_place_of_a_suspect),
      memory_test(the_suspect_with_the_fewest_comparisons_gives_way),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
