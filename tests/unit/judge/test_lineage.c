/* What three lives in a row prove and what they do not: workers that are recycled every night, and their
 * twins that only warm up. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "bench.h"
#include "judge/lineage.h"

typedef struct worker {
  double (*grown)(double hours, double work); /* MB since the life's start; work: busy hours so far */
  double per_life[7];                         /* how much work each weekday has; a cycle of them */
  int64_t life_ms;
  double room;
  uint64_t random;
} worker;

typedef struct outcome {
  seep_lineage lineage;
  seep_finding finding;
  unsigned lives, leaks, first_leak, calls;
  int64_t ended_ms;
} outcome;

static double straight(double hours, double work)
{
  (void)work;
  return 20.0 * hours;
}

static double by_work(double hours, double work)
{
  (void)hours;
  return 40.0 * work;
}

static double root(double hours, double work)
{
  (void)work;
  return 300.0 * sqrt(hours);
}

static double root_of_work(double hours, double work)
{
  (void)hours;
  return 300.0 * sqrt(work);
}

static double fills_soon(double hours, double work)
{
  (void)work;
  return 800.0 * (1.0 - exp(-hours / 3.0));
}

static double fills_late(double hours, double work)
{
  (void)work;
  return 800.0 * (1.0 - exp(-hours / 12.0));
}

static double fills_with_work(double hours, double work)
{
  (void)hours;
  return 800.0 * (1.0 - exp(-work / 2.0));
}

static double logarithm(double hours, double work)
{
  (void)work;
  return 300.0 * log(1.0 + hours);
}

static double comes_and_goes(double hours, double work)
{
  (void)work;
  return 400.0 * fmod(hours, 2.5) / 2.5;
}

static double falls(double hours, double work)
{
  (void)work;
  return 480.0 - 20.0 * hours;
}

static double rests(double hours, double work)
{
  (void)hours;
  (void)work;
  return 0.0;
}

/* A day begins at 3 in the morning; work is from 8 to 18. */
static double work_until(double hours)
{
  return fmin(fmax(hours - 5.0, 0.0), 10.0);
}

static void live(worker *it, unsigned day, outcome *out)
{
  bench b;
  bench_set_up(&b);
  b.now_ms = out->ended_ms;
  b.room = it->room;
  bench_new_life(&b, out->lineage.high_water);
  int64_t born_ms = b.now_ms;
  while (b.now_ms - born_ms < it->life_ms) {
    double hours = (double)(b.now_ms - born_ms) / (double)HOUR;
    double load = it->per_life[day % 7];
    double mb = 500.0 + it->grown(hours * load, work_until(hours) * load);
    b.value = (mb + 2.0 * bench_random(&it->random)) * MB;
    bench_step(&b);
  }
  out->calls += bench_calls(&b);
  out->ended_ms = b.now_ms;
  seep_finding finding, untouched;
  memset(&finding, 0x5a, sizeof finding);
  memset(&untouched, 0x5a, sizeof untouched);
  seep_verdict verdict =
      seep_lineage_ended(&out->lineage, &b.detector, &b.settings, (seep_mono){b.now_ms}, &finding);
  out->lives++;
  if (verdict == SEEP_VERDICT_LEAK) {
    out->first_leak = out->leaks++ == 0 ? out->lives : out->first_leak;
    out->finding = finding;
  } else {
    assert_int_equal(verdict, SEEP_VERDICT_NONE);
    assert_memory_equal(&finding, &untouched, sizeof finding);
  }
}

static worker nightly(double (*grown)(double hours, double work))
{
  return (worker){
      .grown = grown, .per_life = {1, 1, 1, 1, 1, 1, 1}, .life_ms = DAY, .room = -1.0, .random = 12345};
}

static void run(worker *it, unsigned lives, outcome *out)
{
  memset(out, 0, sizeof *out);
  for (unsigned day = 0; day < lives; day++) {
    live(it, day, out);
  }
}

/* ---- leaks ---- */

static void test_three_growing_lives_are_a_leak_and_two_are_not(void **state)
{
  (void)state;
  static double (*const leaks[])(double, double) = {straight, by_work};
  for (size_t i = 0; i < sizeof leaks / sizeof leaks[0]; i++) {
    outcome out;
    worker it = nightly(leaks[i]);
    run(&it, 6, &out);
    assert_int_equal(out.first_leak, 3);
    assert_int_equal(out.leaks, 4); /* each further life says it again */
  }
}

static void test_a_working_week_does_not_break_the_row(void **state)
{
  (void)state;
  outcome out;
  worker it = nightly(by_work);
  const double week[7] = {1.0, 0.7, 0.0, 0.0, 1.2, 0.9, 1.0};
  memcpy(it.per_life, week, sizeof week);
  run(&it, 28, &out);
  assert_int_equal(out.first_leak, 5); /* two before the weekend, one after it */
  assert_int_equal(out.leaks, 28 - 4 * 2 - 2);
}

static void test_many_quiet_lives_break_the_row(void **state)
{
  (void)state;
  outcome out;
  worker it = nightly(by_work);
  const double rarely[7] = {1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0};
  memcpy(it.per_life, rarely, sizeof rarely);
  run(&it, 28, &out);
  assert_int_equal(out.leaks, 0);
}

static void test_lives_of_other_lengths(void **state)
{
  (void)state;
  static const int64_t lives_ms[] = {5 * HOUR, 8 * HOUR, 16 * HOUR, 3 * DAY};
  for (size_t i = 0; i < sizeof lives_ms / sizeof lives_ms[0]; i++) {
    outcome out;
    worker it = nightly(straight);
    it.life_ms = lives_ms[i];
    run(&it, 4, &out);
    assert_int_equal(out.first_leak, 3);
  }
}

static void test_the_finding_is_of_the_life_that_ended(void **state)
{
  (void)state;
  outcome out;
  worker it = nightly(straight);
  it.per_life[1] = 1.5;
  it.per_life[2] = 1.2;
  run(&it, 3, &out);
  const seep_finding *found = &out.finding;
  assert_true(found->slope_per_hour > 22.5 * MB && found->slope_per_hour < 25.0 * MB);
  assert_true(found->slope_low_per_hour > 18.8 * MB && found->slope_low_per_hour < 20.8 * MB);
  assert_true(found->slope_high_per_hour > 28.2 * MB && found->slope_high_per_hour < 31.2 * MB);
  assert_true((double)found->growth > 480.0 * MB && (double)found->growth < 510.0 * MB); /* of 21 h */
  assert_true(found->began.ms >= 2 * DAY - HOUR && found->began.ms <= 2 * DAY + HOUR);
  assert_true(found->confidence > 0.5f && found->confidence < 1.0f);
  assert_true(found->shape.window_ms > 20 * HOUR && found->shape.window_ms < 22 * HOUR);
  assert_true(found->shape.even_parts > 7.5f && found->shape.even_parts < 8.01f);
  for (unsigned part = 0; part < SEEP_SHAPE_PARTS; part++) {
    assert_true(found->shape.floors[part + 1] > found->shape.floors[part]);
  }
}

static void test_rates_may_differ_with_the_work_but_not_by_everything(void **state)
{
  (void)state;
  static const double loads[2][7] = {{1.0, 0.2, 0.5, 2.0, 1.0, 0.2, 0.5},
                                     {2.0, 0.04, 2.0, 0.04, 2.0, 0.04, 2.0}};
  for (unsigned i = 0; i < 2; i++) {
    outcome out;
    worker it = nightly(straight);
    memcpy(it.per_life, loads[i], sizeof loads[i]);
    run(&it, 7, &out);
    assert_true((out.leaks > 0) == (i == 0));
  }
}

/* ---- no leaks ---- */

static void test_what_warms_up_fills_or_rests_is_none(void **state)
{
  (void)state;
  static double (*const healthy[])(double, double) = {root,      root_of_work,   fills_soon, fills_with_work,
                                                      logarithm, comes_and_goes, falls,      rests};
  for (unsigned i = 0; i < sizeof healthy / sizeof healthy[0]; i++) {
    outcome out;
    worker it = nightly(healthy[i]);
    run(&it, 8, &out);
    if (out.leaks > 0) {
      fail_msg("series %u: %u leaks", i, out.leaks);
    }
  }
  outcome out;
  worker it = nightly(fills_late);
  run(&it, 8, &out);
  assert_int_equal(out.leaks, 0);
}

static void test_short_lives_say_nothing(void **state)
{
  (void)state;
  outcome out;
  worker it = nightly(straight);
  it.life_ms = 3 * HOUR + 30 * MINUTE;
  run(&it, 20, &out);
  assert_int_equal(out.leaks, 0);
  assert_int_equal(out.lineage.lives, 0);
}

static void test_a_life_that_warms_up_breaks_the_row(void **state)
{
  (void)state;
  outcome out;
  worker leak = nightly(straight), warm = nightly(root);
  memset(&out, 0, sizeof out);
  for (unsigned day = 0; day < 12; day++) {
    live(day % 3 == 2 ? &warm : &leak, day, &out);
  }
  assert_int_equal(out.leaks, 0);
}

static void test_growth_below_the_least_that_counts_is_none(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 2; i++) {
    outcome out;
    worker it = nightly(straight);
    for (unsigned day = 0; day < 7; day++) {
      it.per_life[day] = i == 0 ? 0.03 : 1.0; /* 12.6 MB: 3 % of the level would be 15 */
    }
    run(&it, 6, &out);
    assert_true((out.leaks > 0) == (i == 1));
  }
}

static void test_a_detector_that_saw_nothing_is_no_life(void **state)
{
  (void)state;
  seep_lineage lineage = {0}, before = {0};
  seep_detector detector;
  seep_finding finding;
  bench b;
  bench_set_up(&b);
  seep_detector_init(&detector, (seep_mono){0}, 0.0);
  assert_int_equal(seep_lineage_ended(&lineage, &detector, &b.settings, (seep_mono){0}, &finding),
                   SEEP_VERDICT_NONE);
  assert_memory_equal(&lineage, &before, sizeof before);
}

/* Hundreds of lives: the counters stay where they belong. */
static void test_a_row_never_overflows(void **state)
{
  (void)state;
  outcome out;
  worker it = nightly(straight);
  it.life_ms = 5 * HOUR;
  run(&it, 300, &out);
  assert_int_equal(out.lineage.lives, SEEP_LINEAGE_LIVES);
  assert_int_equal(out.leaks, 298);
  it.grown = rests;
  for (unsigned day = 0; day < 600; day++) {
    live(&it, day, &out);
  }
  assert_int_equal(out.leaks, 298);
  assert_int_equal(out.lineage.lives, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_three_growing_lives_are_a_leak_and_two_are_not),
      cmocka_unit_test(test_a_working_week_does_not_break_the_row),
      cmocka_unit_test(test_many_quiet_lives_break_the_row),
      cmocka_unit_test(test_lives_of_other_lengths),
      cmocka_unit_test(test_the_finding_is_of_the_life_that_ended),
      cmocka_unit_test(test_rates_may_differ_with_the_work_but_not_by_everything),
      cmocka_unit_test(test_what_warms_up_fills_or_rests_is_none),
      cmocka_unit_test(test_short_lives_say_nothing),
      cmocka_unit_test(test_a_life_that_warms_up_breaks_the_row),
      cmocka_unit_test(test_growth_below_the_least_that_counts_is_none),
      cmocka_unit_test(test_a_detector_that_saw_nothing_is_no_life),
      cmocka_unit_test(test_a_row_never_overflows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
