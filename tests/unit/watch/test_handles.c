/*
 * Handle counts over weeks of simulated time, at the shipped settings: who leaks handles is told, and the
 * twin of each trigger does not fire. engine_system.c is compiled into this test with an allocator that can
 * fail.
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

static unsigned allocations;
static bool no_memory;

static void *counted_calloc(size_t count, size_t size)
{
  allocations++;
  return no_memory ? NULL : calloc(count, size);
}

#undef calloc
#define calloc counted_calloc
#include "watch/engine_system.c"
#undef calloc

#define DAY SEEP_MS_PER_DAY
#define POLL_MS SEEP_MS_PER_MINUTE

/* A process whose handles are counted, beside one that goes on when it has ended. */
typedef struct server {
  engine_rig *r;
  seep_process_sample samples[2];
  bool ended;
  double handles;
  uint64_t random;
  int64_t ms; /* since it started: Monday, midnight */
} server;

/* "w3wp.exe" and "calm.exe" */
static const uint8_t names[2][16] = {{'w', 0, '3', 0, 'w', 0, 'p', 0, '.', 0, 'e', 0, 'x', 0, 'e', 0},
                                     {'c', 0, 'a', 0, 'l', 0, 'm', 0, '.', 0, 'e', 0, 'x', 0, 'e', 0}};

static void start(server *s, void **state, double handles)
{
  memset(s, 0, sizeof *s);
  s->r = *state;
  s->random = 11;
  s->handles = handles;
  for (uint32_t i = 0; i < 2; i++) {
    s->samples[i].key.pid = 700 + i;
    s->samples[i].key.created = UINT64_C(133600000000000000) + i;
    s->samples[i].commit_bytes = 200 * MB;
    s->samples[i].handles = 1500;
    s->samples[i].name_utf16le = names[i];
    s->samples[i].name_bytes = sizeof names[i];
  }
  allocations = 0;
  no_memory = false;
  seep_settings_defaults(&s->r->settings);
  seep_engine_settings(s->r->engine, engine_rig_now(s->r), "file", &s->r->settings, NULL);
}

/* 0 to 1 */
static double chance(server *s)
{
  s->random = s->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(s->random >> 40) / 16777216.0;
}

static void poll(server *s)
{
  s->ms += POLL_MS;
  fake_world_advance(&s->r->world, POLL_MS);
  s->samples[0].handles = (uint32_t)s->handles;
  seep_engine_poll_samples(s->r->engine, engine_rig_now(s->r), s->samples + s->ended, 2u - s->ended, NULL);
}

static void leak(server *s, double handles_per_hour, double for_hours)
{
  int64_t until = s->ms + (int64_t)(for_hours * (double)SEEP_MS_PER_HOUR);
  while (s->ms < until) {
    s->handles += handles_per_hour / 60;
    poll(s);
  }
}

static size_t told(const server *s)
{
  return engine_rig_told(s->r, SEEP_ALERT_HANDLE_GROWTH);
}

static size_t over(const server *s)
{
  return engine_rig_told(s->r, SEEP_ALERT_HANDLE_GROWTH_OVER);
}

static void leak_until_told(server *s, double handles_per_hour)
{
  int64_t limit = s->ms + 21 * DAY;
  while (told(s) == 0 && s->ms < limit) {
    leak(s, handles_per_hour, 0.5);
  }
  assert_int_equal(told(s), 1);
}

static void settings_change(server *s)
{
  seep_engine_settings(s->r->engine, engine_rig_now(s->r), "file", &s->r->settings, NULL);
}

static void ignore(server *s)
{
  s->r->settings.ignored.count = 1;
  snprintf(s->r->settings.ignored.names[0], sizeof s->r->settings.ignored.names[0], "W3WP.exe");
  settings_change(s);
}

/* ---- it fires ---- */

static void who_leaks_handles_is_told_and_nothing_is_recorded(void **state)
{
  server s;
  start(&s, state, 1500);
  leak(&s, 0, 24);
  leak_until_told(&s, 60);
  assert_string_equal(engine_rig_insert(s.r, SEEP_ALERT_HANDLE_GROWTH, 1, "image"), "w3wp.exe");
  assert_string_equal(engine_rig_insert(s.r, SEEP_ALERT_HANDLE_GROWTH, 1, "pid"), "700");
  assert_int_equal(s.r->leaks_opened, 0);
  assert_int_equal(s.r->requests, 0);
  assert_int_equal(over(&s), 0);
  s.handles = 1500;
  leak(&s, 0, 24 * 7);
  assert_int_equal(told(&s), 1);
  assert_int_equal(over(&s), 1);
  /* What it had grown by, though all are closed. */
  assert_true(strtol(engine_rig_insert(s.r, SEEP_ALERT_HANDLE_GROWTH_OVER, 1, "growth"), NULL, 10) > 500);
}

static void its_end_is_told_with_the_process(void **state)
{
  server s;
  start(&s, state, 1500);
  leak_until_told(&s, 60);
  s.ended = true;
  poll(&s);
  assert_int_equal(over(&s), 1);
  assert_string_equal(engine_rig_insert(s.r, SEEP_ALERT_HANDLE_GROWTH_OVER, 1, "pid"), "700");
  assert_string_equal(engine_rig_insert(s.r, SEEP_ALERT_HANDLE_GROWTH_OVER, 1, "ending"),
                      "the process ended");
  leak(&s, 0, 24);
  assert_int_equal(over(&s), 1);
}

static void what_doubles_is_told_again_but_not_within_a_day(void **state)
{
  server s;
  start(&s, state, 1500);
  leak_until_told(&s, 100);
  leak(&s, 800, 23); /* doubles again and again */
  assert_int_equal(told(&s), 1);
  leak(&s, 20, 20);
  assert_int_equal(told(&s), 2);
  assert_int_equal(over(&s), 0);
}

static void the_same_growth_counts_in_a_smaller_process(void **state)
{
  server s;
  start(&s, state, 5000);
  leak_until_told(&s, 2.5);
}

/* ---- twins ---- */

static void a_twentieth_of_very_many_is_not_told(void **state)
{
  server s;
  start(&s, state, 40000);
  leak(&s, 2.5, 24 * 21);
  assert_int_equal(told(&s), 0);
}

static void fewer_than_a_thousand_are_not_judged(void **state)
{
  server s;
  start(&s, state, 100);
  s.samples[1].handles = 200;
  leak(&s, 12, 74);
  assert_int_equal(allocations, 0);
  assert_int_equal(told(&s), 0);
}

static void the_days_of_a_working_week_are_no_growth(void **state)
{
  server s;
  start(&s, state, 2000);
  while (s.ms < 28 * DAY) {
    bool busy = s.ms / DAY % 7 < 5 && s.ms % DAY > 8 * SEEP_MS_PER_HOUR && s.ms % DAY < 18 * SEEP_MS_PER_HOUR;
    s.handles = 2000 + 40 * chance(&s) + (busy ? 2500 + 500 * chance(&s) : 0);
    poll(&s);
  }
  assert_int_equal(told(&s), 0);
}

/* Handles that a collector closes, every six hours. */
static void a_sawtooth_is_no_growth(void **state)
{
  server s;
  start(&s, state, 2000);
  while (s.ms < 21 * DAY) {
    s.handles = 2000 + (double)(s.ms % (6 * SEEP_MS_PER_HOUR)) / (double)SEEP_MS_PER_MINUTE * 10;
    poll(&s);
  }
  assert_int_equal(told(&s), 0);
}

/* Pools of threads and connections fill, to stay; later one step more. */
static void what_fills_and_stays_is_no_growth(void **state)
{
  server s;
  start(&s, state, 1200);
  while (s.ms < 28 * DAY) {
    double hours = (double)s.ms / (double)SEEP_MS_PER_HOUR;
    s.handles = 1200 + 4000 * hours / (hours + 3) + (hours > 200 ? 1500 : 0) + 20 * chance(&s);
    poll(&s);
  }
  assert_int_equal(told(&s), 0);
}

static void an_ignored_image_is_never_told(void **state)
{
  server s;
  start(&s, state, 1500);
  ignore(&s);
  leak(&s, 60, 96);
  assert_int_equal(told(&s), 0);
}

static void who_is_ignored_later_is_told_to_be_over(void **state)
{
  server s;
  start(&s, state, 1500);
  leak_until_told(&s, 60);
  ignore(&s);
  leak(&s, 60, 24);
  assert_int_equal(told(&s), 1);
  assert_int_equal(over(&s), 1);
}

static void handles_are_not_judged_when_that_is_switched_off(void **state)
{
  server s;
  start(&s, state, 1500);
  s.r->settings.detector_handles = false;
  settings_change(&s);
  leak(&s, 60, 96);
  assert_int_equal(allocations, 0);
  assert_int_equal(told(&s), 0);
  s.r->settings.detector_handles = true;
  settings_change(&s);
  leak_until_told(&s, 60);
}

/* ---- memory ---- */

static void one_allocation_serves_a_process_for_its_life(void **state)
{
  server s;
  start(&s, state, 500);
  s.samples[1].handles = 500;
  leak(&s, 0, 1);
  assert_int_equal(allocations, 0);
  s.handles = 1000;
  leak(&s, 0, 24);
  s.handles = 900; /* what it once had is remembered */
  leak(&s, 0, 1);
  s.handles = 1100;
  leak_until_told(&s, 60);
  assert_int_equal(allocations, 1);
}

static void without_memory_nothing_breaks_and_it_is_not_asked_for_at_each_poll(void **state)
{
  server s;
  start(&s, state, 1500);
  no_memory = true;
  leak(&s, 60, 10);
  assert_int_equal(told(&s), 0);
  assert_in_range(allocations, 50, 60); /* once in ten minutes, not for each process */
  no_memory = false;
  leak_until_told(&s, 60);
}

int main(void)
{
#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, engine_rig_set_up, engine_rig_tear_down)
  const struct CMUnitTest tests[] = {
      SERVER_TEST(who_leaks_handles_is_told_and_nothing_is_recorded),
      SERVER_TEST(its_end_is_told_with_the_process),
      SERVER_TEST(what_doubles_is_told_again_but_not_within_a_day),
      SERVER_TEST(the_same_growth_counts_in_a_smaller_process),
      SERVER_TEST(a_twentieth_of_very_many_is_not_told),
      SERVER_TEST(fewer_than_a_thousand_are_not_judged),
      SERVER_TEST(the_days_of_a_working_week_are_no_growth),
      SERVER_TEST(a_sawtooth_is_no_growth),
      SERVER_TEST(what_fills_and_stays_is_no_growth),
      SERVER_TEST(an_ignored_image_is_never_told),
      SERVER_TEST(who_is_ignored_later_is_told_to_be_over),
      SERVER_TEST(handles_are_not_judged_when_that_is_switched_off),
      SERVER_TEST(one_allocation_serves_a_process_for_its_life),
      SERVER_TEST(without_memory_nothing_breaks_and_it_is_not_asked_for_at_each_poll),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
