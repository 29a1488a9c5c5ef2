/*
 * The detector on real recordings (tests/fixtures/memory/README.md). Healthy services with the shipped
 * thresholds must stay silent; the same recordings with a leak added must not.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "judge/detector.h"

#define MB UINT64_C(1048576)
#define HOUR_S 3600.0

static const seep_detector_settings shipped = {.window_ms = 7200000,
                                               .minimum_slope_bytes_per_hour = 10 * MB,
                                               .minimum_growth_bytes = 64 * MB,
                                               .start_up_ms = 1800000,
                                               .confirmations = 3};

/* For recordings of minutes: everything 80 times as fast. */
static const seep_detector_settings fast = {.window_ms = 90000,
                                            .minimum_slope_bytes_per_hour = 800 * MB,
                                            .minimum_growth_bytes = 64 * MB,
                                            .start_up_ms = 22500,
                                            .confirmations = 3};

static const char *const healthy[] = {"gateway-ramp-then-flat.csv", "preserve-s-curve.csv",
                                      "order-staircase.csv"};

typedef struct outcome {
  unsigned samples, leaks;
  double called_s;
} outcome;

/* Adds a leak of so many bytes per hour from the given second on. */
static outcome run(const char *name, const seep_detector_settings *settings, double leak, double from_s)
{
  char path[1024];
  snprintf(path, sizeof path, "%s/memory/%s", SEEP_FIXTURES, name);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  outcome out = {0, 0, 0.0};
  seep_detector detector;
  seep_detector_init(&detector, (seep_mono){0});
  char line[128];
  while (fgets(line, sizeof line, file) != NULL) {
    char *end;
    double t = strtod(line, &end);
    if (end == line || *end != ',') {
      continue; /* the header */
    }
    double bytes = strtod(end + 1, NULL) + (t > from_s ? leak * (t - from_s) / HOUR_S : 0.0);
    seep_mono now = {(int64_t)(t * 1000.0)};
    seep_verdict verdict = seep_detector_step(&detector, settings, now, (uint64_t)bytes, false);
    if (verdict.kind == SEEP_VERDICT_LEAK) {
      out.leaks++;
      out.called_s = t;
    }
    out.samples++;
  }
  fclose(file);
  assert_true(out.samples > 100);
  return out;
}

static void test_healthy_services_are_not_called(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof healthy / sizeof healthy[0]; i++) {
    assert_int_equal(run(healthy[i], &shipped, 0.0, 0.0).leaks, 0);
  }
}

static void test_the_same_services_with_a_leak_are_called(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof healthy / sizeof healthy[0]; i++) {
    outcome out = run(healthy[i], &shipped, 200.0 * (double)MB, 5.5 * HOUR_S);
    assert_int_equal(out.leaks, 1);
    assert_true(out.called_s > 5.5 * HOUR_S && out.called_s < 8.5 * HOUR_S);
  }
}

static void test_a_recorded_leak_is_called_and_its_repair_is_not(void **state)
{
  (void)state;
  assert_int_equal(run("control-leaking.csv", &fast, 0.0, 0.0).leaks, 1);
  assert_int_equal(run("control-repaired.csv", &fast, 0.0, 0.0).leaks, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_healthy_services_are_not_called),
      cmocka_unit_test(test_the_same_services_with_a_leak_are_called),
      cmocka_unit_test(test_a_recorded_leak_is_called_and_its_repair_is_not),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
