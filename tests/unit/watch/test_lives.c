/*
 * Verdicts about several lives of one image, none of which lasts long enough to prove anything, and what is
 * remembered of them. Each trigger has its "must not fire" twin.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "engine_rig.h"

#define SLOW (2 * (int64_t)MB)
#define LIFE 45 /* seconds: too short for a verdict, long enough to count as a life */

static size_t leaks_told(engine_rig *r)
{
  return engine_rig_told(r, SEEP_ALERT_LEAK_FOUND);
}

static size_t leaks_over(engine_rig *r)
{
  return engine_rig_told(r, SEEP_ALERT_LEAK_OVER);
}

/* One life of worker.exe with this PID; it begins with the end of the one before. */
static void live_for(engine_rig *r, uint32_t pid, int64_t growth_per_second, unsigned seconds)
{
  if (pid > 1000) {
    fake_world_remove(&r->world, pid - 1);
  }
  fake_world_add(&r->world, pid, "worker.exe", 100 * MB, growth_per_second);
  engine_rig_poll(r, seconds);
}

static void live(engine_rig *r, uint32_t pid, int64_t growth_per_second)
{
  live_for(r, pid, growth_per_second, LIFE);
}

static void live_often(engine_rig *r, uint32_t first, uint32_t lives, int64_t growth_per_second)
{
  for (uint32_t i = 0; i < lives; i++) {
    live(r, first + i, growth_per_second);
  }
}

static void a_worker_recycled_again_and_again_leaks(void **state)
{
  engine_rig *r = *state;
  live_often(r, 1000, 3, SLOW);
  assert_int_equal(leaks_told(r), 0);
  live(r, 1003, SLOW); /* with its birth the third life has ended */
  assert_int_equal(leaks_told(r), 1);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 1, "pid"), "1003");
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 1, "report"), "first report");
  assert_true(r->last_leak.slope_bytes_per_hour > 0.7 * 7200.0 * (double)MB);
  assert_true(r->last_leak.slope_bytes_per_hour < 1.3 * 7200.0 * (double)MB);
  live_often(r, 1004, 10, SLOW);
  assert_int_equal(leaks_told(r), 1);
  assert_int_equal(r->leaks_opened, 1);
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
  assert_int_equal(leaks_over(r), 0);
}

/* None of them lives long enough to be suspected: what holds the case open is that they still grow alike. */
static void lives_too_short_for_a_suspicion_keep_the_case_open(void **state)
{
  engine_rig *r = *state;
  r->settings.detector_observation_ms = 256 * SEEP_MS_PER_SECOND; /* suspicion begins at a quarter of it */
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  for (uint32_t i = 0; i < 20; i++) {
    live_for(r, 1000 + i, SLOW, 63);
    assert_int_equal(seep_engine_suspects(r->engine), 0);
  }
  assert_int_equal(leaks_told(r), 1);
  assert_int_equal(leaks_over(r), 0);
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
}

static void a_worker_that_is_mended_ends_the_case_of_its_image(void **state)
{
  engine_rig *r = *state;
  live_often(r, 1000, 5, SLOW);
  assert_int_equal(leaks_told(r), 1);
  live_often(r, 1005, 4, 0);
  assert_int_equal(leaks_over(r), 1);
  assert_int_equal(seep_engine_open_leaks(r->engine), 0);
  assert_string_equal(r->last_leak.ending, "after a restart it no longer grows");
}

static void workers_that_do_not_grow_are_left_in_peace(void **state)
{
  engine_rig *r = *state;
  live_often(r, 1000, 10, 0);
  assert_int_equal(leaks_told(r), 0);
  assert_int_equal(r->lineages_kept, 0); /* and nothing is written about them */
}

static void healthy_lives_in_between_are_no_row(void **state)
{
  engine_rig *r = *state;
  for (uint32_t i = 0; i < 24; i++) {
    live(r, 1000 + i, i % 8 < 2 ? SLOW : 0);
  }
  assert_int_equal(leaks_told(r), 0);
}

static void an_image_without_successor_is_told_by_the_process_that_ended(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  live_often(r, 1000, 3, SLOW);
  fake_world_remove(&r->world, 1002);
  engine_rig_poll(r, 1);
  assert_int_equal(leaks_told(r), 1);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 1, "pid"), "1002");
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
  assert_int_equal(r->requests, 0); /* nobody is there to be recorded */
  engine_rig_poll(r, 18);
  assert_int_equal(leaks_over(r), 1);
  assert_string_equal(r->last_leak.ending, "the process ended");
}

static void lives_before_a_restart_of_the_service_count(void **state)
{
  engine_rig *r = *state;
  live_often(r, 1000, 3, SLOW); /* two of them have ended */
  engine_rig_restart(r);
  engine_rig_poll(r, LIFE);
  live(r, 1003, SLOW);
  assert_int_equal(leaks_told(r), 1);
}

static void lives_that_nobody_remembers_do_not(void **state)
{
  engine_rig *r = *state;
  live_often(r, 1000, 3, SLOW);
  r->lineage_count = 0;
  engine_rig_restart(r);
  engine_rig_poll(r, LIFE);
  live(r, 1003, SLOW);
  assert_int_equal(leaks_told(r), 0);
}

static void lives_of_an_ignored_image_are_not_told(void **state)
{
  engine_rig *r = *state;
  r->settings.ignored.count = 1;
  seep_text_copy(r->settings.ignored.names[0], sizeof r->settings.ignored.names[0], "Worker.exe");
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  live_often(r, 1000, 6, SLOW);
  assert_int_equal(leaks_told(r) + leaks_over(r), 0);
  assert_int_equal(seep_engine_open_leaks(r->engine), 0);
}

/* Two of them side by side are one image: the second verdict adds nothing. */
static void a_farm_that_is_recycled_is_told_once(void **state)
{
  engine_rig *r = *state;
  for (uint32_t i = 0; i < 8; i++) {
    if (i > 0) {
      fake_world_remove(&r->world, 2000 + i - 1);
    }
    fake_world_add(&r->world, 2000 + i, "worker.exe", 100 * MB, SLOW);
    live(r, 1000 + i, SLOW);
  }
  assert_int_equal(leaks_told(r), 1);
  assert_int_equal(r->leaks_opened, 1);
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
}

/* Four windows of one browser, open for a day and closed together, are one witness and not four. */
static void lives_side_by_side_are_no_row(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  for (uint32_t day = 0; day < 4; day++) {
    for (uint32_t i = 0; i < 4; i++) {
      fake_world_add(&r->world, 1000 + 10 * day + i, "browser.exe", 100 * MB, SLOW);
    }
    engine_rig_poll(r, LIFE);
    for (uint32_t i = 0; i < 4; i++) {
      fake_world_remove(&r->world, 1000 + 10 * day + i);
    }
    engine_rig_poll(r, 1);
    assert_int_equal(leaks_told(r), day < 2 ? 0 : 1);
    assert_int_equal(engine_rig_lineage(r, "browser.exe")->lineage.lives, day + 1);
  }
}

/* Nothing is a successor by having no name either. */
static void the_nameless_have_no_lineage(void **state)
{
  engine_rig *r = *state;
  for (uint32_t i = 0; i < 6; i++) {
    fake_world_add(&r->world, 1000 + i, "", 100 * MB, SLOW);
    if (i > 0) {
      fake_world_remove(&r->world, 1000 + i - 1);
    }
    engine_rig_poll(r, LIFE);
  }
  assert_int_equal(leaks_told(r), 0);
  assert_int_equal(r->lineages_kept, 0);
}

/* ---- the store ---- */

/* What cannot be written is written when it can be. */
static void lineages_wait_for_a_store_that_is_down(void **state)
{
  engine_rig *r = *state;
  seep_error error = {SEEP_LIMIT, SEEP_DOMAIN_SQLITE, 13, "insert", ""};
  seep_engine_storage(r->engine, engine_rig_now(r), false, "seepwatch.db", &error);
  live_often(r, 1000, 3, SLOW);
  assert_int_equal(r->lineages_kept, 0);
  seep_engine_storage(r->engine, engine_rig_now(r), true, "", NULL);
  engine_rig_poll(r, 1);
  assert_int_equal(r->lineages_kept, 1);
  assert_int_equal(engine_rig_lineage(r, "worker.exe")->lineage.lives, 2);
}

/* Nobody knows what a store that failed has lost. */
static void lineages_are_written_again_when_the_store_has_failed(void **state)
{
  engine_rig *r = *state;
  seep_error error = {SEEP_LIMIT, SEEP_DOMAIN_SQLITE, 13, "insert", ""};
  live_often(r, 1000, 2, SLOW);
  assert_int_equal(r->lineages_kept, 1);
  seep_engine_storage(r->engine, engine_rig_now(r), false, "seepwatch.db", &error);
  engine_rig_poll(r, 1);
  assert_int_equal(r->lineages_kept, 1);
  seep_engine_storage(r->engine, engine_rig_now(r), true, "", NULL);
  engine_rig_poll(r, 1);
  assert_int_equal(r->lineages_kept, 2);
}

static void many_lineages_are_written_a_few_at_a_time(void **state)
{
  static char names[12][16];
  engine_rig *r = *state;
  for (uint32_t i = 0; i < 12; i++) {
    snprintf(names[i], sizeof names[i], "image%u.exe", (unsigned)i);
    fake_world_add(&r->world, 100 + i, names[i], 100 * MB, SLOW);
  }
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  engine_rig_poll(r, LIFE);
  for (uint32_t i = 0; i < 12; i++) {
    fake_world_remove(&r->world, 100 + i);
  }
  engine_rig_poll(r, 1);
  assert_int_equal(r->lineages_kept, 8);
  engine_rig_poll(r, 1);
  assert_int_equal(r->lineages_kept, 12);
  engine_rig_poll(r, 5);
  assert_int_equal(r->lineages_kept, 12);
}

#define lives_test(f) cmocka_unit_test_setup_teardown(f, engine_rig_set_up, engine_rig_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      lives_test(a_worker_recycled_again_and_again_leaks),
      lives_test(lives_too_short_for_a_suspicion_keep_the_case_open),
      lives_test(a_worker_that_is_mended_ends_the_case_of_its_image),
      lives_test(workers_that_do_not_grow_are_left_in_peace),
      lives_test(healthy_lives_in_between_are_no_row),
      lives_test(an_image_without_successor_is_told_by_the_process_that_ended),
      lives_test(lives_before_a_restart_of_the_service_count),
      lives_test(lives_that_nobody_remembers_do_not),
      lives_test(lives_of_an_ignored_image_are_not_told),
      lives_test(a_farm_that_is_recycled_is_told_once),
      lives_test(lives_side_by_side_are_no_row),
      lives_test(the_nameless_have_no_lineage),
      lives_test(lineages_wait_for_a_store_that_is_down),
      lives_test(lineages_are_written_again_when_the_store_has_failed),
      lives_test(many_lineages_are_written_a_few_at_a_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
