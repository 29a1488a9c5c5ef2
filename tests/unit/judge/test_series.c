/*
 * The detector on real recordings (tests/fixtures/memory/README.md). They are shorter than a confirmed leak
 * takes with the shipped settings: there they must not be called at all, and must be called as rapid growth
 * once a fast leak is added. Leaks are asked for with a shorter observation time.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

#define ONSET_S (5.5 * 3600.0)
#define LIMIT (45.0 * GB)

static const char *const healthy[] = {"gateway-ramp-then-flat.csv", "preserve-s-curve.csv",
                                      "order-staircase.csv"};

/* A leak of so many bytes per hour is added from the onset on. */
static void run(bench *b, const char *name, double per_hour)
{
  char path[1024], line[128];
  snprintf(path, sizeof path, "%s/memory/%s", SEEP_FIXTURES, name);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  unsigned samples = 0;
  while (fgets(line, sizeof line, file) != NULL) {
    char *end;
    double t = strtod(line, &end);
    if (end == line || *end != ',') {
      continue; /* the header */
    }
    b->value = strtod(end + 1, NULL) + (t > ONSET_S ? per_hour * (t - ONSET_S) / 3600.0 : 0.0);
    b->now_ms = (int64_t)(t * 1000.0);
    bench_step(b);
    samples++;
  }
  fclose(file);
  assert_true(samples > 100);
}

static void set_up(bench *b, int64_t observation_ms)
{
  bench_set_up(b);
  b->settings.observation_ms = observation_ms;
  b->room = LIMIT;
}

static void test_healthy_services_are_not_called(void **state)
{
  (void)state;
  static const int64_t observations_ms[] = {OBSERVATION, 4 * HOUR, 2 * HOUR};
  for (size_t i = 0; i < sizeof healthy / sizeof healthy[0]; i++) {
    for (size_t k = 0; k < sizeof observations_ms / sizeof observations_ms[0]; k++) {
      bench b;
      set_up(&b, observations_ms[k]);
      run(&b, healthy[i], 0.0);
      assert_int_equal(bench_calls(&b), 0);
    }
  }
}

/* Whoever fills up for hours is suspected, and cleared. */
static void test_what_fills_up_is_cleared(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof healthy / sizeof healthy[0]; i++) {
    bench b;
    set_up(&b, OBSERVATION);
    run(&b, healthy[i], 0.0);
    assert_string_equal(b.trace, "SC");
  }
}

static void test_the_same_services_with_a_fast_leak_are_rapid_growth_at_once(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof healthy / sizeof healthy[0]; i++) {
    bench b;
    set_up(&b, OBSERVATION);
    run(&b, healthy[i], LIMIT / 4.0);
    double called_s = (double)b.first_ms[SEEP_VERDICT_RAPID] / 1000.0;
    assert_int_equal(b.count[SEEP_VERDICT_RAPID], 1);
    assert_true(called_s > ONSET_S && called_s <= ONSET_S + 1200.0); /* it is polled once a minute only */
  }
}

static void test_the_same_services_with_a_leak_are_called(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof healthy / sizeof healthy[0]; i++) {
    bench b;
    set_up(&b, 2 * HOUR);
    run(&b, healthy[i], 200.0 * MB);
    assert_int_equal(b.count[SEEP_VERDICT_LEAK], 1);
    assert_int_equal(b.count[SEEP_VERDICT_OVER], 0);
    double called_s = (double)b.first_ms[SEEP_VERDICT_LEAK] / 1000.0;
    assert_true(called_s > ONSET_S && called_s < ONSET_S + 3.5 * 3600.0);
  }
}

/* Eight minutes of a leaking program and of its repair, as if a second and a half were a minute. */
static void test_a_recorded_leak_is_called_and_its_repair_is_not(void **state)
{
  (void)state;
  static const char *const names[] = {"control-repaired.csv", "control-leaking.csv"};
  for (unsigned leaks = 0; leaks < 2; leaks++) {
    bench b;
    set_up(&b, 24000);
    b.settings.bucket_ms = 1500;
    b.room = 64.0 * GB;
    run(&b, names[leaks], 0.0);
    assert_int_equal(bench_calls(&b), leaks);
    assert_int_equal(b.count[SEEP_VERDICT_LEAK], leaks);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_healthy_services_are_not_called),
      cmocka_unit_test(test_what_fills_up_is_cleared),
      cmocka_unit_test(test_the_same_services_with_a_fast_leak_are_rapid_growth_at_once),
      cmocka_unit_test(test_the_same_services_with_a_leak_are_called),
      cmocka_unit_test(test_a_recorded_leak_is_called_and_its_repair_is_not),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
