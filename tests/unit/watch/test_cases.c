/*
 * Cases of one process: rapid growth and leaks, from the first alert to the last. Each trigger has its "must
 * not fire" twin. engine_cases.c is compiled into this test with an allocator that can fail.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_rig.h"

static bool no_memory;

static void *failing_calloc(size_t count, size_t size)
{
  return no_memory ? NULL : calloc(count, size);
}

#undef calloc
#define calloc failing_calloc
#include "watch/engine_cases.c"
#undef calloc

#define GB (UINT64_C(1) << 30)
/* Takes a tenth of the fake machine's headroom in a few seconds. */
#define FAST (400 * (int64_t)MB)
#define SLOW (2 * (int64_t)MB)

static size_t rapid_told(engine_rig *r)
{
  return engine_rig_told(r, SEEP_ALERT_RAPID_GROWTH);
}

static size_t leaks_told(engine_rig *r)
{
  return engine_rig_told(r, SEEP_ALERT_LEAK_FOUND);
}

/* ---- rapid growth ---- */

static void rapid_growth_is_told_and_recorded(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  fake_world_add(&r->world, 4242, "fast.exe", 100 * MB, FAST);
  engine_rig_poll(r, 40);
  assert_int_equal(rapid_told(r), 1);
  assert_int_equal(leaks_told(r), 0);
  assert_int_equal(r->leaks_opened, 1);
  assert_string_equal(r->last_leak.verdict, "rapid");
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_RAPID_GROWTH, 1, "image"), "fast.exe");
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_RAPID_GROWTH, 1, "report"), "first report");
  assert_int_equal(r->requests, 1);
  assert_int_equal(r->target.key.pid, 4242);
}

/* The figures of one process a second, decoded; memory NULL: not known. */
static void poll_growing(engine_rig *r, unsigned polls, const seep_system_memory *memory)
{
  seep_process_sample sample = {.key = {4242, 77},
                                .commit_bytes = 100 * MB,
                                .name_utf16le = (const uint8_t *)"f\0.\0e\0",
                                .name_bytes = 6};
  for (unsigned i = 0; i < polls; i++) {
    sample.commit_bytes += (uint64_t)FAST;
    fake_world_advance(&r->world, 1000);
    seep_engine_poll_samples(r->engine, engine_rig_now(r), &sample, 1, memory);
  }
}

static void nothing_is_rapid_where_the_headroom_is_not_known(void **state)
{
  poll_growing(*state, 40, NULL);
  assert_int_equal(rapid_told(*state), 0);
}

static void figures_that_are_all_zero_are_not_known(void **state)
{
  const seep_system_memory nothing = {0};
  poll_growing(*state, 40, &nothing);
  assert_int_equal(rapid_told(*state), 0);
}

static void an_assumed_headroom_stands_in_for_it(void **state)
{
  engine_rig *r = *state;
  seep_engine_assume_headroom(r->engine, 24 * GB);
  poll_growing(r, 40, NULL);
  assert_int_equal(rapid_told(r), 1);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_RAPID_GROWTH, 1, "time left"), "");
}

static void what_is_known_counts_more_than_what_is_assumed(void **state)
{
  engine_rig *r = *state;
  const seep_system_memory roomy = {.commit_total_bytes = GB, .commit_limit_bytes = 16384 * GB};
  seep_engine_assume_headroom(r->engine, GB);
  poll_growing(r, 40, &roomy);
  assert_int_equal(rapid_told(r), 0);
}

/* Grows until it is told of, then gives everything back. */
static void grow_and_give_back(engine_rig *r)
{
  fake_process *process = fake_world_add(&r->world, 4242, "fast.exe", 100 * MB, FAST);
  engine_rig_poll(r, 40);
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
  process->growth_per_second = 0;
  process->commit_bytes = 100 * MB;
  engine_rig_poll(r, 40);
}

static void rapid_growth_is_withdrawn_when_the_memory_comes_back(void **state)
{
  engine_rig *r = *state;
  grow_and_give_back(r);
  assert_int_equal(rapid_told(r), 1);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_RAPID_GROWTH_OVER), 1);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_OVER), 0);
  assert_int_equal(seep_engine_open_leaks(r->engine), 0);
  assert_string_equal(r->last_leak.ending, "it stopped growing or gave the memory back");
  assert_string_equal(r->last_leak.verdict, "rapid");
}

/* What answers the first request: nothing can be recorded while the store is down. */
static void refuse_recording(engine_rig *r)
{
  seep_error error = {SEEP_LIMIT, SEEP_DOMAIN_SQLITE, 13, "insert", ""};
  seep_recorder_event request = {.kind = SEEP_RECORDER_REQUEST, .free_bytes = UINT64_MAX};
  request.target = r->target;
  seep_engine_storage(r->engine, engine_rig_now(r), false, "seepwatch.db", &error);
  seep_engine_recorder(r->engine, engine_rig_now(r), &request);
  seep_engine_storage(r->engine, engine_rig_now(r), true, "", NULL);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_RECORDING_REFUSED), 1);
}

static void a_refused_recording_is_offered_again_while_the_case_is_open(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 4242, "slow.exe", 100 * MB, SLOW);
  engine_rig_poll(r, 120);
  assert_int_equal(r->requests, 1);
  refuse_recording(r);
  engine_rig_poll(r, 299);
  assert_int_equal(r->requests, 1);
  engine_rig_poll(r, 602); /* ten minutes, half of them more or less */
  assert_int_equal(r->requests, 2);
}

static void the_wish_for_a_recording_ends_with_rapid_growth(void **state)
{
  engine_rig *r = *state;
  fake_process *process = fake_world_add(&r->world, 4242, "fast.exe", 100 * MB, FAST);
  engine_rig_poll(r, 40);
  assert_int_equal(r->requests, 1);
  refuse_recording(r);
  process->growth_per_second = 0;
  process->commit_bytes = 100 * MB;
  engine_rig_poll(r, 3700);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_RAPID_GROWTH_OVER), 1);
  assert_int_equal(r->requests, 1);
}

/* It ends at its own time, and what it brought is kept with the case. */
static void a_recording_under_way_outlives_its_case(void **state)
{
  engine_rig *r = *state;
  seep_recorder_event event = {.kind = SEEP_RECORDER_REQUEST, .free_bytes = UINT64_MAX};
  fake_process *process = fake_world_add(&r->world, 4242, "fast.exe", 100 * MB, FAST);
  engine_rig_poll(r, 40);
  event.target = r->target;
  seep_engine_recorder(r->engine, engine_rig_now(r), &event);
  assert_false(seep_engine_recorder_is_idle(r->engine));
  process->growth_per_second = 0;
  process->commit_bytes = 100 * MB;
  engine_rig_poll(r, 40);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_RAPID_GROWTH_OVER), 1);
  assert_false(seep_engine_recorder_is_idle(r->engine));
  assert_int_equal(seep_engine_recorder_of(r->engine)->target.case_id, r->last_leak.id);
}

/* ---- leaks ---- */

static void rapid_growth_that_is_confirmed_stays_one_case(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 4242, "fast.exe", 100 * MB, FAST);
  engine_rig_poll(r, 100);
  assert_int_equal(rapid_told(r), 1);
  assert_int_equal(leaks_told(r), 1);
  assert_int_equal(r->leaks_opened, 1);
  assert_int_equal(r->last_leak.id, 1);
  assert_int_equal(r->requests, 1);
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
  assert_string_equal(r->last_leak.verdict, "leak");
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 1, "report"),
                      "rapid growth before, now confirmed as a leak");
  assert_true(r->last_leak.slope_low_bytes_per_hour <= r->last_leak.slope_bytes_per_hour);
  assert_true(r->last_leak.slope_high_bytes_per_hour >= r->last_leak.slope_bytes_per_hour);
}

static void a_leak_is_suspected_before_it_is_called(void **state)
{
  engine_rig *r = *state;
  size_t suspected = 0;
  fake_process *process = fake_world_add(&r->world, 4242, "slow.exe", 100 * MB, SLOW);
  seep_process_key key = {process->pid, process->created};
  seep_process_key stranger = {process->pid, process->created + 1};
  seep_explanation why;
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  assert_false(seep_engine_explain(r->engine, key, &why));
  for (unsigned i = 0; i < 100; i++) {
    engine_rig_poll(r, 1);
    suspected += seep_engine_suspects(r->engine);
    assert_true(seep_engine_suspects(r->engine) + seep_engine_open_leaks(r->engine) <= 1);
  }
  assert_true(suspected > 0);
  assert_int_equal(seep_engine_suspects(r->engine), 0);
  assert_true(seep_engine_explain(r->engine, key, &why));
  assert_int_equal(why.level, SEEP_LEVEL_LEAK);
  assert_true(why.watched_ms > 60000);
  assert_false(seep_engine_explain(r->engine, stranger, &why));
}

static void a_leak_that_doubles_is_told_again_at_most_once_an_hour(void **state)
{
  engine_rig *r = *state;
  size_t told = 0;
  int64_t last_ms = 0;
  fake_world_add(&r->world, 4242, "slow.exe", 100 * MB, SLOW);
  for (unsigned i = 0; i < 3 * 3600; i++) {
    engine_rig_poll(r, 1);
    if (leaks_told(r) > told) {
      assert_true(told == 0 || r->world.mono_ms - last_ms >= SEEP_MS_PER_HOUR);
      last_ms = r->world.mono_ms;
      told = leaks_told(r);
    }
  }
  assert_int_equal(r->leaks_opened, 1);
  assert_true(told >= 2 && told <= 3);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 2, "report"),
                      "it has doubled since the last report");
}

/* What has doubled too soon after a report is told when it has grown to twice what that report said. */
static void what_is_told_as_doubled_has_doubled(void **state)
{
  engine_rig *r = *state;
  size_t told = 0;
  uint64_t told_bytes = 0;
  fake_world_add(&r->world, 4242, "slow.exe", 100 * MB, SLOW);
  for (unsigned i = 0; i < 3 * 3600 + 1800; i++) {
    engine_rig_poll(r, 1);
    if (leaks_told(r) > told) {
      seep_process_key key = {4242, UINT64_C(133600000000000000) + 4242};
      uint64_t bytes = seep_engine_detector_of(r->engine, key)->finding.growth;
      assert_true(bytes >= 2 * told_bytes);
      told_bytes = bytes;
      told = leaks_told(r);
    }
  }
  assert_int_equal(told, 3);
}

static void a_leak_that_doubles_within_the_hour_is_not_told_again(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 4242, "slow.exe", 100 * MB, SLOW);
  engine_rig_poll(r, 3500);
  assert_true(r->last_leak.growth_bytes > 2000 * MB);
  assert_int_equal(leaks_told(r), 1);
}

static void a_leak_is_over_when_the_memory_comes_back(void **state)
{
  engine_rig *r = *state;
  fake_process *process = fake_world_add(&r->world, 4242, "slow.exe", 100 * MB, SLOW);
  engine_rig_poll(r, 150);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_OVER), 0);
  process->growth_per_second = 0;
  process->commit_bytes = 100 * MB;
  engine_rig_poll(r, 40);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_OVER), 1);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_RAPID_GROWTH_OVER), 0);
  assert_int_equal(seep_engine_open_leaks(r->engine), 0);
  assert_true(r->last_leak.closed.ms > r->last_leak.opened.ms);
}

static void the_time_left_is_that_of_all_leaks_together(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 1, "first.exe", 100 * MB, 6 * (int64_t)MB);
  engine_rig_poll(r, 90);
  fake_world_add(&r->world, 2, "second.exe", 100 * MB, 6 * (int64_t)MB);
  engine_rig_poll(r, 90);
  assert_int_equal(leaks_told(r), 2);
  /* 24 GB at 6 and at 12 MB a second */
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 1, "time left"), "1 h 8 min");
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 2, "time left"), "34 min 8 s");
}

static void figures_are_written_down_now_and_then_only(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 4242, "slow.exe", 100 * MB, SLOW);
  engine_rig_poll(r, 1700);
  assert_int_equal(r->leaks_updated, 0);
  engine_rig_poll(r, 1800);
  assert_int_equal(r->leaks_updated, 1);
}

/* ---- high water ---- */

/* A case that reached some 400 MB is over, and the process climbs to 360 MB again. */
static void climb_again(engine_rig *r, bool forgetful)
{
  fake_process *process = fake_world_add(&r->world, 4242, "slow.exe", 100 * MB, SLOW);
  engine_rig_poll(r, 150);
  process->growth_per_second = 0;
  process->commit_bytes = 100 * MB;
  engine_rig_poll(r, 40);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_OVER), 1);
  if (forgetful) {
    r->lineage_count = 0;
  }
  engine_rig_restart(r);
  process->growth_per_second = SLOW;
  engine_rig_poll(r, 130);
}

static void old_ground_is_not_told_again_after_a_restart(void **state)
{
  engine_rig *r = *state;
  climb_again(r, false);
  const seep_store_lineage *kept = engine_rig_lineage(r, "slow.exe");
  assert_non_null(kept);
  assert_true(kept->lineage.high_water > 350.0 * (double)MB && kept->lineage.high_water < 450.0 * (double)MB);
  assert_int_equal(leaks_told(r), 1);
  engine_rig_poll(r, 120); /* beyond it */
  assert_int_equal(leaks_told(r), 2);
}

/* java.exe is many programs: what one of them once held says nothing about the others. */
static void old_ground_of_a_sibling_is_told(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 17, "SLOW.exe", 300 * MB, 0);
  climb_again(r, false);
  assert_int_equal(leaks_told(r), 2);
}

static void ground_that_nobody_remembers_is_told(void **state)
{
  engine_rig *r = *state;
  climb_again(r, true);
  assert_int_equal(leaks_told(r), 2);
}

static void another_life_of_the_image_knows_the_old_ground(void **state)
{
  engine_rig *r = *state;
  fake_process *process = fake_world_add(&r->world, 4242, "Slow.exe", 100 * MB, SLOW);
  engine_rig_poll(r, 150);
  process->growth_per_second = 0;
  process->commit_bytes = 100 * MB;
  engine_rig_poll(r, 40);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_OVER), 1);
  fake_world_remove(&r->world, 4242);
  engine_rig_poll(r, 1);
  fake_world_add(&r->world, 4243, "SLOW.EXE", 100 * MB, SLOW);
  fake_world_add(&r->world, 4244, "other.exe", 100 * MB, SLOW);
  engine_rig_poll(r, 130);
  assert_int_equal(leaks_told(r), 2);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 2, "image"), "other.exe");
}

/* ---- what the administrator wants ---- */

static void set_image(engine_rig *r, const char *name, uint64_t minimum_growth_bytes)
{
  r->settings.image_count = 1;
  seep_settings_image *image = &r->settings.images[0];
  seep_text_copy(image->name, sizeof image->name, name);
  image->minimum_growth_bytes = minimum_growth_bytes;
  image->minimum_slope_bytes_per_hour = r->settings.detector_minimum_slope_bytes_per_hour;
  image->observation_ms = r->settings.detector_observation_ms;
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
}

static void an_image_is_judged_by_its_own_thresholds(void **state)
{
  engine_rig *r = *state;
  set_image(r, "JAVA.exe", 1000 * MB);
  fake_world_add(&r->world, 4242, "java.exe", 100 * MB, SLOW);
  fake_world_add(&r->world, 4243, "other.exe", 100 * MB, SLOW);
  engine_rig_poll(r, 130);
  assert_int_equal(leaks_told(r), 1);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 1, "image"), "other.exe");
  r->settings.image_count = 0; /* read anew while it runs */
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  engine_rig_poll(r, 40);
  assert_int_equal(leaks_told(r), 2);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 2, "image"), "java.exe");
}

static void ignore(engine_rig *r, const char *image)
{
  r->settings.ignored.count = 1;
  seep_text_copy(r->settings.ignored.names[0], sizeof r->settings.ignored.names[0], image);
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
}

static void an_ignored_image_never_grows_rapidly_either(void **state)
{
  engine_rig *r = *state;
  ignore(r, "fast.exe");
  fake_world_add(&r->world, 4242, "fast.exe", 100 * MB, FAST);
  engine_rig_poll(r, 100);
  assert_int_equal(rapid_told(r) + leaks_told(r), 0);
  assert_int_equal(r->requests, 0);
  assert_int_equal(seep_engine_suspects(r->engine), 0);
}

static void an_image_ignored_later_is_not_told_any_further(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 4242, "fast.exe", 100 * MB, FAST);
  engine_rig_poll(r, 40);
  ignore(r, "fast.exe");
  engine_rig_poll(r, 100);
  assert_int_equal(rapid_told(r), 1);
  assert_int_equal(leaks_told(r), 0);
  fake_world_remove(&r->world, 4242);
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  engine_rig_poll(r, 1);
  assert_int_equal(seep_engine_open_leaks(r->engine), 0);
}

/* ---- short memory ---- */

static void a_case_that_found_no_memory_is_opened_later(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 4242, "slow.exe", 100 * MB, SLOW);
  no_memory = true;
  engine_rig_poll(r, 120);
  no_memory = false;
  assert_int_equal(r->leaks_opened, 0);
  assert_int_equal(leaks_told(r), 0);
  engine_rig_poll(r, 20);
  assert_int_equal(r->leaks_opened, 1);
  assert_int_equal(leaks_told(r), 1);
  assert_string_equal(r->last_leak.verdict, "leak");
}

/* The third life of its kind, for which there is no memory, and a fourth one. */
static void a_lineage_that_found_no_memory_is_told_with_the_next_life(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  for (uint32_t life = 0; life < 4; life++) {
    fake_world_add(&r->world, 100 + life, "worker.exe", 100 * MB, SLOW);
    engine_rig_poll(r, 45);
    fake_world_remove(&r->world, 100 + life);
    no_memory = life == 2;
    engine_rig_poll(r, 1);
    no_memory = false;
    assert_int_equal(leaks_told(r), life == 3 ? 1 : 0);
  }
}

#define case_test(f) cmocka_unit_test_setup_teardown(f, engine_rig_set_up, engine_rig_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      case_test(rapid_growth_is_told_and_recorded),
      case_test(nothing_is_rapid_where_the_headroom_is_not_known),
      case_test(figures_that_are_all_zero_are_not_known),
      case_test(an_assumed_headroom_stands_in_for_it),
      case_test(what_is_known_counts_more_than_what_is_assumed),
      case_test(rapid_growth_is_withdrawn_when_the_memory_comes_back),
      case_test(a_refused_recording_is_offered_again_while_the_case_is_open),
      case_test(the_wish_for_a_recording_ends_with_rapid_growth),
      case_test(a_recording_under_way_outlives_its_case),
      case_test(rapid_growth_that_is_confirmed_stays_one_case),
      case_test(a_leak_is_suspected_before_it_is_called),
      case_test(a_leak_that_doubles_is_told_again_at_most_once_an_hour),
      case_test(what_is_told_as_doubled_has_doubled),
      case_test(a_leak_that_doubles_within_the_hour_is_not_told_again),
      case_test(a_leak_is_over_when_the_memory_comes_back),
      case_test(the_time_left_is_that_of_all_leaks_together),
      case_test(figures_are_written_down_now_and_then_only),
      case_test(old_ground_is_not_told_again_after_a_restart),
      case_test(ground_that_nobody_remembers_is_told),
      case_test(old_ground_of_a_sibling_is_told),
      case_test(another_life_of_the_image_knows_the_old_ground),
      case_test(an_image_is_judged_by_its_own_thresholds),
      case_test(an_ignored_image_never_grows_rapidly_either),
      case_test(an_image_ignored_later_is_not_told_any_further),
      case_test(a_case_that_found_no_memory_is_opened_later),
      case_test(a_lineage_that_found_no_memory_is_told_with_the_next_life),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
