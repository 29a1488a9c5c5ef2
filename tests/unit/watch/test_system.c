/*
 * The system's own figures over weeks of simulated time, at the shipped settings: pools and commit that no
 * process owns leak and are told, and the twin of each trigger does not fire: load, plateaus, and a list of
 * processes that was not taken at the same instant as the totals.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "engine_rig.h"

#define GB (UINT64_C(1) << 30)
#define SERVICES 6
#define HOUR SEEP_MS_PER_HOUR
#define DAY SEEP_MS_PER_DAY

/* One server. The figures move by the hour; whoever simulates changes them between polls. */
typedef struct server {
  engine_rig *r;
  seep_process_sample services[SERVICES];
  double paged, nonpaged, shared; /* bytes */
  int64_t skew;                   /* of this poll: what the totals have and the list has not */
  uint64_t limit;
  int64_t poll_ms;
  uint64_t random;
  int64_t ms; /* since it started: Monday, midnight */
  bool blind; /* the totals are not known, */
  bool empty; /* or read as zeros */
} server;

static void start(server *s, void **state)
{
  memset(s, 0, sizeof *s);
  s->r = *state;
  s->random = 7;
  s->paged = 400.0 * (double)MB;
  s->nonpaged = 300.0 * (double)MB;
  s->shared = 2.0 * (double)GB;
  s->limit = 64 * GB;
  for (uint32_t i = 0; i < SERVICES; i++) {
    s->services[i].key.pid = 100 + i;
    s->services[i].key.created = UINT64_C(133600000000000000) + i;
    s->services[i].commit_bytes = (300 + 200 * i) * MB;
  }
  seep_settings_defaults(&s->r->settings);
  s->poll_ms = s->r->settings.poll_interval_ms;
  seep_engine_settings(s->r->engine, engine_rig_now(s->r), "file", &s->r->settings, NULL);
}

/* 0 to 1 */
static double chance(server *s)
{
  s->random = s->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(s->random >> 40) / 16777216.0;
}

static double hours(const server *s)
{
  return (double)s->ms / (double)HOUR;
}

/* How busy people are: square days with ragged edges, nothing at weekends. 0 to 1. */
static double load(server *s)
{
  double hour = (double)(s->ms % DAY) / (double)HOUR;
  bool weekend = s->ms / DAY % 7 >= 5;
  double edge = hour < 9 ? hour - 7 : 18 - hour;
  double busy = edge <= 0 ? 0 : edge >= 2 ? 1 : edge / 2;
  return weekend ? 0 : busy * (0.8 + 0.2 * chance(s));
}

static void poll(server *s)
{
  seep_system_memory memory = {.commit_limit_bytes = s->limit,
                               .physical_total_bytes = 32 * GB,
                               .physical_available_bytes = 8 * GB,
                               .paged_pool_bytes = (uint64_t)s->paged,
                               .nonpaged_pool_bytes = (uint64_t)s->nonpaged};
  double total = s->paged + s->nonpaged + s->shared + (double)s->skew;
  for (size_t i = 0; i < SERVICES; i++) {
    total += (double)s->services[i].commit_bytes;
  }
  memory.commit_total_bytes = (uint64_t)total;
  if (s->empty) {
    memset(&memory, 0, sizeof memory);
  }
  s->ms += s->poll_ms;
  fake_world_advance(&s->r->world, s->poll_ms);
  seep_engine_poll_samples(s->r->engine, engine_rig_now(s->r), s->services, SERVICES,
                           s->blind ? NULL : &memory);
  s->skew = 0;
}

static double per_poll(const server *s, double megabytes_per_hour)
{
  return megabytes_per_hour * (double)MB * (double)s->poll_ms / (double)HOUR;
}

/* Grows one figure evenly. */
static void leak(server *s, double *figure, double megabytes_per_hour, double for_hours)
{
  double until = hours(s) + for_hours;
  while (hours(s) < until) {
    *figure += per_poll(s, megabytes_per_hour);
    poll(s);
  }
}

static size_t told(const server *s)
{
  return engine_rig_told(s->r, SEEP_ALERT_SYSTEM_GROWTH);
}

static size_t over(const server *s)
{
  return engine_rig_told(s->r, SEEP_ALERT_SYSTEM_GROWTH_OVER);
}

static const char *what(const server *s, size_t n)
{
  return engine_rig_insert(s->r, SEEP_ALERT_SYSTEM_GROWTH, n, "what");
}

static void leak_until_told(server *s, double *figure, double megabytes_per_hour)
{
  int64_t limit = s->ms + 3 * DAY;
  while (told(s) == 0 && s->ms < limit) {
    leak(s, figure, megabytes_per_hour, 0.5);
  }
  assert_int_equal(told(s), 1);
}

/* ---- it fires ---- */

static void commit_that_no_process_owns_is_told(void **state)
{
  server s;
  start(&s, state);
  leak(&s, &s.shared, 0, 24);
  leak_until_told(&s, &s.shared, 30);
  assert_string_equal(what(&s, 1), "commit that no process owns");
  assert_int_equal(s.r->leaks_opened, 0);
  assert_int_equal(s.r->requests, 0);
  s.empty = true;
  leak(&s, &s.shared, 30, 6);
  s.empty = false;
  leak(&s, &s.shared, 30, 6);
  assert_int_equal(over(&s), 0);
  leak(&s, &s.shared, 0, 24 * 14);
  assert_int_equal(told(&s), 1);
  assert_int_equal(over(&s), 1);
  assert_string_equal(engine_rig_insert(s.r, SEEP_ALERT_SYSTEM_GROWTH_OVER, 1, "what"),
                      "commit that no process owns");
}

static void a_pool_is_told_by_its_own_name_only(void **state)
{
  server s;
  start(&s, state);
  leak(&s, &s.nonpaged, 20, 72);
  s.nonpaged = 300.0 * (double)MB; /* the driver is unloaded */
  leak(&s, &s.nonpaged, 0, 24 * 14);
  assert_in_range(told(&s), 1, 4);
  for (size_t n = 1; n <= told(&s); n++) { /* in particular not as commit that no process owns, at the end */
    assert_string_equal(what(&s, n), "nonpaged pool");
  }
  assert_int_equal(over(&s), 1);
  /* The growth that was, though nothing is left of it. */
  assert_non_null(strstr(engine_rig_insert(s.r, SEEP_ALERT_SYSTEM_GROWTH_OVER, 1, "growth"), "1.3"));
}

static void a_pool_that_explains_a_part_only_does_not_hide_the_rest(void **state)
{
  server s;
  start(&s, state);
  while (hours(&s) < 24) {
    s.paged += per_poll(&s, 15);
    s.shared += per_poll(&s, 40);
    poll(&s);
  }
  assert_int_equal(told(&s), 2);
  assert_string_not_equal(what(&s, 1), what(&s, 2));
}

/* What else begins to grow, after a pool was told as all of it, is told when it counts. */
static void what_a_pool_no_longer_explains_is_told(void **state)
{
  server s;
  start(&s, state);
  leak_until_told(&s, &s.paged, 20);
  while (told(&s) == 1 && hours(&s) < 36) { /* soon, as nothing was said about it yet */
    s.shared += per_poll(&s, 80);
    poll(&s);
  }
  assert_int_equal(told(&s), 2);
  assert_string_equal(what(&s, 2), "commit that no process owns");
}

/* What was told of commit that no process owns is told to be over, also when a pool has explained it since.
 */
static void what_a_pool_explains_later_still_ends(void **state)
{
  server s;
  start(&s, state);
  leak_until_told(&s, &s.shared, 30);
  leak(&s, &s.paged, 100, 48);
  leak(&s, &s.paged, 0, 24 * 14);
  assert_int_equal(over(&s), 2);
}

static void fast_growth_is_told_while_half_of_the_room_is_left(void **state)
{
  static const double rates[] = {2000, 6000, 60000}; /* MB/h */
  for (size_t i = 0; i < 3; i++) {
    server s;
    start(&s, state);
    leak(&s, &s.paged, 0, 48);
    while (told(&s) == 0 && s.paged < 30.0 * (double)GB) {
      s.paged += per_poll(&s, rates[i]);
      poll(&s);
    }
    assert_int_equal(told(&s), 1);
    assert_string_equal(what(&s, 1), "paged pool");
    assert_int_equal(s.r->leaks_opened, 0);
    engine_rig_tear_down(state);
    engine_rig_set_up(state);
  }
}

static void what_doubles_is_told_again_but_not_within_a_day(void **state)
{
  server s;
  start(&s, state);
  leak_until_told(&s, &s.nonpaged, 50);
  leak(&s, &s.nonpaged, 400, 23); /* doubles again and again */
  assert_int_equal(told(&s), 1);
  leak(&s, &s.nonpaged, 10, 20);
  assert_int_equal(told(&s), 2);
  assert_int_equal(over(&s), 0);
}

/* Some process starts or ends between the two readings in one poll of thirty. */
static void a_leak_is_found_under_what_the_readings_differ_by(void **state)
{
  server s;
  start(&s, state);
  while (told(&s) == 0 && s.ms < 4 * DAY) {
    s.shared += per_poll(&s, 20);
    if (chance(&s) < 0.033) {
      s.skew = (int64_t)((chance(&s) - 0.5) * 1000.0 * (double)MB);
    }
    poll(&s);
  }
  assert_int_equal(told(&s), 1);
  assert_string_equal(what(&s, 1), "commit that no process owns");
}

/* ---- what must not end a growth ---- */

static void figures_that_are_missing_end_nothing(void **state)
{
  server s;
  start(&s, state);
  leak_until_told(&s, &s.paged, 20);
  s.blind = true;
  leak(&s, &s.paged, 20, 6);
  s.blind = false;
  s.empty = true;
  leak(&s, &s.paged, 20, 6);
  s.empty = false;
  leak(&s, &s.paged, 20, 12);
  double paged = s.paged;
  s.paged = 0; /* the total alone */
  leak(&s, &s.shared, 0, 6);
  s.paged = paged;
  leak(&s, &s.paged, 20, 12);
  assert_int_equal(over(&s), 0);
}

static void one_wrong_difference_ends_nothing(void **state)
{
  server s;
  start(&s, state);
  leak_until_told(&s, &s.shared, 20);
  for (int hour = 0; hour < 48; hour++) {
    s.skew = -1500 * (int64_t)MB;
    leak(&s, &s.shared, 20, 1);
  }
  assert_int_equal(over(&s), 0);
}

/* ---- twins ---- */

static void the_days_of_a_working_week_are_no_growth(void **state)
{
  server s;
  start(&s, state);
  while (s.ms < 28 * DAY) {
    double busy = load(&s);
    s.paged = (400.0 + 500.0 * busy + 20.0 * chance(&s)) * (double)MB;
    s.nonpaged = (300.0 + 200.0 * busy + 10.0 * chance(&s)) * (double)MB;
    s.shared = (2048.0 + 3000.0 * busy + 100.0 * chance(&s)) * (double)MB;
    poll(&s);
  }
  assert_int_equal(told(&s), 0);
}

/* Where 8 GB are free, people and what they open take 3 of them each morning; the first is like no other
 * before. */
static void the_first_days_of_a_small_server_are_no_growth(void **state)
{
  for (uint64_t seed = 1; seed <= 5; seed++) {
    server s;
    start(&s, state);
    s.random = seed;
    s.limit = 16 * GB;
    while (s.ms < 8 * DAY) {
      double busy = load(&s);
      s.paged = (400.0 + 600.0 * busy + 20.0 * chance(&s)) * (double)MB;
      s.shared = (2048.0 + 2400.0 * busy + 100.0 * chance(&s)) * (double)MB;
      poll(&s);
    }
    assert_int_equal(told(&s), 0);
    engine_rig_tear_down(state);
    engine_rig_set_up(state);
  }
}

/* A cache in the pool and a shared section fill in the first hours, to stay. */
static void what_fills_and_stays_is_no_growth(void **state)
{
  server s;
  start(&s, state);
  while (s.ms < 28 * DAY) {
    double filled = hours(&s) / (hours(&s) + 3.0);
    s.paged = (200.0 + 900.0 * filled) * (double)MB;
    s.shared = (1024.0 + 2000.0 * filled + 30.0 * chance(&s)) * (double)MB;
    poll(&s);
  }
  assert_int_equal(told(&s), 0);
}

/* What is installed, attached or configured once. */
static void steps_are_no_growth(void **state)
{
  server s;
  start(&s, state);
  while (s.ms < 28 * DAY) {
    double steps = (s.ms > 3 * DAY) + (s.ms > 11 * DAY) + (s.ms > 19 * DAY);
    s.nonpaged = (300.0 + 250.0 * steps + 10.0 * chance(&s)) * (double)MB;
    s.shared = (2048.0 + 800.0 * steps) * (double)MB;
    poll(&s);
  }
  assert_int_equal(told(&s), 0);
}

/* A build server: by day most differences are wrong, in either direction. */
static void processes_that_come_and_go_are_no_growth(void **state)
{
  for (uint64_t seed = 1; seed <= 3; seed++) {
    server s;
    start(&s, state);
    s.random = seed;
    while (s.ms < 21 * DAY) {
      if (chance(&s) < 0.05 + 0.75 * load(&s)) {
        s.skew = (int64_t)((chance(&s) - 0.6) * 1500.0 * (double)MB);
      }
      s.shared = (2048.0 + 50.0 * chance(&s)) * (double)MB;
      poll(&s);
    }
    assert_int_equal(told(&s), 0);
    engine_rig_tear_down(state);
    engine_rig_set_up(state);
  }
}

static void what_processes_own_is_not_the_systems(void **state)
{
  server s;
  start(&s, state);
  while (s.ms < 7 * DAY) {
    s.services[2].commit_bytes += MB / 2;
    s.services[3].commit_bytes = (900 + (uint64_t)(2000.0 * load(&s))) * MB;
    poll(&s);
  }
  assert_int_equal(told(&s), 0);
}

static void what_is_too_slow_or_too_little_is_not_told(void **state)
{
  server s;
  start(&s, state);
  leak(&s, &s.nonpaged, 0.7, 24 * 28); /* 64 MB take longer than 64 h */
  assert_int_equal(told(&s), 0);
  s.r->settings.detector_minimum_system_growth_bytes = 4 * GB;
  seep_engine_settings(s.r->engine, engine_rig_now(s.r), "file", &s.r->settings, NULL);
  leak(&s, &s.shared, 20, 24 * 7);
  assert_int_equal(told(&s), 0);
}

/* A commit limit of zero is an unknown one, not one that has been reached. */
static void an_unknown_limit_makes_nothing_urgent(void **state)
{
  server s;
  start(&s, state);
  s.limit = 0;
  leak(&s, &s.paged, 0, 48);
  leak(&s, &s.paged, 300, 6);
  assert_int_equal(told(&s), 0);
}

int main(void)
{
#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, engine_rig_set_up, engine_rig_tear_down)
  const struct CMUnitTest tests[] = {
      SERVER_TEST(commit_that_no_process_owns_is_told),
      SERVER_TEST(a_pool_is_told_by_its_own_name_only),
      SERVER_TEST(a_pool_that_explains_a_part_only_does_not_hide_the_rest),
      SERVER_TEST(what_a_pool_no_longer_explains_is_told),
      SERVER_TEST(what_a_pool_explains_later_still_ends),
      SERVER_TEST(fast_growth_is_told_while_half_of_the_room_is_left),
      SERVER_TEST(what_doubles_is_told_again_but_not_within_a_day),
      SERVER_TEST(a_leak_is_found_under_what_the_readings_differ_by),
      SERVER_TEST(figures_that_are_missing_end_nothing),
      SERVER_TEST(one_wrong_difference_ends_nothing),
      SERVER_TEST(the_days_of_a_working_week_are_no_growth),
      SERVER_TEST(the_first_days_of_a_small_server_are_no_growth),
      SERVER_TEST(what_fills_and_stays_is_no_growth),
      SERVER_TEST(steps_are_no_growth),
      SERVER_TEST(processes_that_come_and_go_are_no_growth),
      SERVER_TEST(what_processes_own_is_not_the_systems),
      SERVER_TEST(what_is_too_slow_or_too_little_is_not_told),
      SERVER_TEST(an_unknown_limit_makes_nothing_urgent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
