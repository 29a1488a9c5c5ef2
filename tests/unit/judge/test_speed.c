/*
 * What is promised of leaks that leave hours: one that would take all of the headroom within 4 h is called
 * within 15 minutes of its onset, and what it has taken by then is less than an eighth, unless that is gone
 * sooner than anybody can tell growth from a step.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>

#include "bench.h"

#define PATIENCE (15 * MINUTE)
#define PHASES 12
#define EIGHTH 0.125

/* As fast as twice the slowest, an eighth is gone after 15 minutes; faster ones take one in the 11 minutes
 * that are looked at. */
#define FASTEST_OF_AN_EIGHTH 2.0

static const double rooms[] = {44.0 * GB, 10.0 * GB};
static const int64_t polls_ms[] = {5000, 30000};
static const int64_t ages_ms[] = {0, 20 * MINUTE, 12 * HOUR};
static const double speeds[] = {1.0, 1.05, 1.2, 1.5, 1.9, 2.0, 3.0, 5.0}; /* times all of it in 4 h */

typedef struct leak {
  double room, per_hour, noise;
  int64_t poll_ms, age_ms;
  unsigned phase;
} leak;

/* Milliseconds from the onset to the call; -1: not within an hour. */
static int64_t delay_of(const leak *it)
{
  bench b;
  bench_set_up(&b);
  b.random += it->phase * 977u;
  b.poll_ms = it->poll_ms;
  b.noise = it->noise;
  b.room = it->room + b.value;
  int64_t onset_ms = it->age_ms + it->phase * MINUTE / PHASES;
  bench_run(&b, onset_ms, 0.0);
  assert_int_equal(bench_calls(&b), 0);
  bench_run(&b, HOUR, it->per_hour);
  return bench_calls(&b) > 0 ? b.first_ms[SEEP_VERDICT_RAPID] - onset_ms : -1;
}

static void check(leak *it, double speed)
{
  it->per_hour = speed * it->room / 4.0;
  for (it->phase = 0; it->phase < PHASES; it->phase++) {
    int64_t delay_ms = delay_of(it);
    double taken = it->per_hour * (double)delay_ms / (double)HOUR / it->room;
    bool kept = speed > FASTEST_OF_AN_EIGHTH || taken < EIGHTH;
    if (delay_ms < 0 || delay_ms > PATIENCE || !kept) {
      fail_msg("%.0f GB, %.2f times as fast, poll %d s, phase %u: %d s, %.3f taken", it->room / GB, speed,
               (int)(it->poll_ms / 1000), it->phase, (int)(delay_ms / 1000), taken);
    }
  }
}

static void check_all(double noise)
{
  for (size_t r = 0; r < sizeof rooms / sizeof rooms[0]; r++) {
    for (size_t p = 0; p < sizeof polls_ms / sizeof polls_ms[0]; p++) {
      for (size_t a = 0; a < sizeof ages_ms / sizeof ages_ms[0]; a++) {
        leak it = {.room = rooms[r], .noise = noise, .poll_ms = polls_ms[p], .age_ms = ages_ms[a]};
        for (size_t s = 0; s < sizeof speeds / sizeof speeds[0]; s++) {
          check(&it, speeds[s]);
        }
      }
    }
  }
}

static void test_four_hours_to_the_end_are_called_within_15_minutes(void **state)
{
  (void)state;
  check_all(0.0);
}

static void test_with_small_noise_as_well(void **state)
{
  (void)state;
  check_all(5.0 * MB);
}

/* A tenth as fast has ten times as long: nobody is woken within the hour. */
static void test_forty_hours_to_the_end_are_not_called_within_the_hour(void **state)
{
  (void)state;
  for (size_t r = 0; r < sizeof rooms / sizeof rooms[0]; r++) {
    leak it = {.room = rooms[r], .per_hour = rooms[r] / 40.0, .poll_ms = 30000, .age_ms = 12 * HOUR};
    assert_int_equal(delay_of(&it), -1);
  }
}

/* As much at once, or in five minutes, and then no more. */
static void test_a_step_and_a_short_ramp_are_not_called(void **state)
{
  (void)state;
  for (size_t r = 0; r < sizeof rooms / sizeof rooms[0]; r++) {
    for (unsigned phase = 0; phase < PHASES; phase++) {
      bench b;
      bench_set_up(&b);
      b.room = rooms[r] + b.value;
      bench_run(&b, 12 * HOUR + phase * 5000, 0.0);
      b.value += rooms[r] / 16.0;
      bench_run(&b, 12 * HOUR, 0.0);
      bench_run(&b, 5 * MINUTE, rooms[r] * 12.0 / 16.0);
      bench_run(&b, 12 * HOUR, 0.0);
      assert_int_equal(bench_calls(&b), 0);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_four_hours_to_the_end_are_called_within_15_minutes),
      cmocka_unit_test(test_with_small_noise_as_well),
      cmocka_unit_test(test_forty_hours_to_the_end_are_not_called_within_the_hour),
      cmocka_unit_test(test_a_step_and_a_short_ramp_are_not_called),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
