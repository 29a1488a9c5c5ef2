/*
 * Is the shipped detector as good as it was? On fixed series, against the floors in the table below. Which
 * figures RESULTS.md has is another test's business (results --check).
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

#include "families.h"
#include "rush.h"
#include "score.h"

#define SEED 78u /* not for tuning */

#define PER_FAMILY 20u

static double precision(const lab_total *t)
{
  return t->precision;
}

static double leak_precision(const lab_total *t)
{
  return t->leak_precision;
}

static double recall(const lab_total *t)
{
  return t->recall;
}

static double leak_recall(const lab_total *t)
{
  return t->leak_recall;
}

static double false_leaks_per_day(const lab_total *t)
{
  return (double)t->leak_episodes / t->healthy_days;
}

static double false_rapid_per_day(const lab_total *t)
{
  return (double)t->rapid_episodes / t->healthy_days;
}

static double median_h(const lab_total *t)
{
  return t->delay.median_h;
}

static double leak_median_h(const lab_total *t)
{
  return t->leak_delay.median_h;
}

static double fast_median_h(const lab_total *t)
{
  return t->by_rate[0].median_h;
}

static double fast_recall(const lab_total *t)
{
  return (double)t->by_rate[0].found / t->by_rate[0].leaks;
}

static double early(const lab_total *t)
{
  return t->early;
}

static double eaten(const lab_total *t)
{
  return t->worst_eaten;
}

/* A little worse than measured: whoever makes the detector better raises the floors. */
typedef struct bound {
  const char *what;
  double (*figure)(const lab_total *total);
  sim_origin origin;
  double least, most;
} bound;

/* clang-format off */
static const bound bounds[] = {
    {"precision, design families",                           precision,           SIM_DESIGN, 0.910, 1.0},
    {"precision, own families",                              precision,           SIM_OWN,    0.865, 1.0},
    {"precision of leak verdicts, design families",          leak_precision,      SIM_DESIGN, 0.970, 1.0},
    {"precision of leak verdicts, own families",             leak_precision,      SIM_OWN,    0.915, 1.0},
    {"recall, design families",                              recall,              SIM_DESIGN, 0.990, 1.0},
    {"recall, own families",                                 recall,              SIM_OWN,    0.955, 1.0},
    {"recall of leak verdicts, design families",             leak_recall,         SIM_DESIGN, 0.940, 1.0},
    {"recall of leak verdicts, own families",                leak_recall,         SIM_OWN,    0.880, 1.0},
    {"recall of leaks of 1 GB/h and more",                   fast_recall,         SIM_OWN,    1.0, 1.0},
    {"leaks called before they began, design families",      early,               SIM_DESIGN, 0.0, 0.0},
    {"leaks called before they began, own families",         early,               SIM_OWN,    0.0, 0.0},
    {"false leak verdicts per process-day, design families", false_leaks_per_day, SIM_DESIGN, 0.0, 0.0022},
    {"false leak verdicts per process-day, own families",    false_leaks_per_day, SIM_OWN,    0.0, 0.0065},
    {"false rapid growth per process-day, design families",  false_rapid_per_day, SIM_DESIGN, 0.0, 0.0105},
    {"false rapid growth per process-day, own families",     false_rapid_per_day, SIM_OWN,    0.0, 0.0055},
    {"median hours to the first call, design families",      median_h,            SIM_DESIGN, 0.0, 42.0},
    {"median hours to the first call, own families",         median_h,            SIM_OWN,    0.0, 32.0},
    {"median hours to the leak verdict, design families",    leak_median_h,       SIM_DESIGN, 0.0, 45.0},
    {"median hours to the leak verdict, own families",       leak_median_h,       SIM_OWN,    0.0, 44.0},
    {"median hours to the first call, 1 GB/h and more",      fast_median_h,       SIM_OWN,    0.0, 1.0},
    {"largest share of the headroom eaten, design families", eaten,               SIM_DESIGN, 0.0, 0.21},
    {"largest share of the headroom eaten, own families",    eaten,               SIM_OWN,    0.0, 0.25},
};
/* clang-format on */

/* Straight leaks that begin in a process 12 h old: all are called, at most so many minutes after the onset.
 */
static const struct {
  uint64_t limit_gib, other_gib;
  double mb_per_minute, most_min, most_eaten;
} rushes[] = {{64, 20, 200.0, 15.0, 0.07}, {64, 20, 800.0, 12.0, 0.23}, {16, 6, 200.0, 12.0, 0.28}};

static bool is_of(const lab_outcome *outcome, const void *origin)
{
  return sim_family_at(outcome->family)->origin == *(const sim_origin *)origin;
}

static lab_outcome *judge_all(const judge_candidate *candidate, size_t *count)
{
  sim_world world = sim_world_usual();
  lab_outcome *outcomes = calloc(sim_family_count() * PER_FAMILY, sizeof *outcomes);
  void *state = malloc(candidate->state_bytes);
  assert_non_null(outcomes);
  assert_non_null(state);
  *count = 0;
  for (uint32_t f = 0; f < sim_family_count(); f++) {
    const sim_family *family = sim_family_at(f);
    for (uint32_t index = 0; sim_family_in_set(family, SIM_CHECK) && index < PER_FAMILY; index++) {
      sim_series s;
      lab_outcome *out = &outcomes[(*count)++];
      out->family = f;
      sim_family_draw(family, &world, SIM_CHECK, SEED, index, &s);
      lab_run_at(candidate, state, &s, NULL, out);
      out->eaten = lab_share_eaten(&s, out);
      sim_series_free(&s);
    }
  }
  free(state);
  return outcomes;
}

static bool holds(const char *what, double measured, double least, double most)
{
  bool ok = measured >= least && measured <= most; /* what is not a number is neither */
  printf("%s %s: %.4f, wanted %.4f to %.4f\n", ok ? "      " : "MISSED", what, measured, least, most);
  return ok;
}

static void test_the_detector_keeps_its_floors(void **state)
{
  (void)state;
  size_t count;
  unsigned missed = 0;
  lab_outcome *outcomes = judge_all(judge_candidate_named("shipped"), &count);
  for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
    const bound *b = &bounds[i];
    lab_total total = lab_add_up(outcomes, count, is_of, &b->origin);
    missed += !holds(b->what, b->figure(&total), b->least, b->most);
  }
  free(outcomes);
  assert_int_equal(missed, 0);
}

static void test_what_is_urgent_is_called_in_time(void **state)
{
  (void)state;
  unsigned missed = 0;
  for (size_t i = 0; i < sizeof rushes / sizeof rushes[0]; i++) {
    lab_rush rush = {.limit_gib = rushes[i].limit_gib,
                     .other_gib = rushes[i].other_gib,
                     .mb_per_minute = rushes[i].mb_per_minute};
    lab_rush_measure(judge_candidate_named("shipped"), &rush);
    char what[80];
    snprintf(what, sizeof what, "%.0f MB/min of %.0f GB", rush.mb_per_minute,
             (double)(rush.limit_gib - rush.other_gib));
    missed += !holds(what, rush.worst_min, 0.0, rushes[i].most_min);
    missed += !holds("  share of the headroom eaten", rush.worst_eaten, 0.0, rushes[i].most_eaten);
    assert_int_equal(rush.called, LAB_RUSH_SERIES);
  }
  assert_int_equal(missed, 0);
}

static judge_rate tell_rate(const judge_candidate *candidate, bool *told)
{
  sim_world world = sim_world_usual();
  sim_series s;
  lab_outcome out;
  void *memory = malloc(candidate->state_bytes);
  assert_non_null(memory);
  memset(&out, 0, sizeof out);
  sim_series_begin(&s, &world, 1);
  sim_series_last(&s, 3.0, 3.0);
  sim_add_level(&s, 500.0);
  sim_add_line(&s, 0.0, 60.0);
  sim_leaks(&s, 0.0, 60.0);
  sim_series_finish(&s);
  lab_run_at(candidate, memory, &s, NULL, &out);
  sim_series_free(&s);
  free(memory);
  *told = out.told;
  return out.rate;
}

/* The plainest line there is: the rate is known to a hundredth, and within its own limits. */
static void test_the_rate_that_is_told_is_true(void **state)
{
  (void)state;
  bool told;
  judge_rate rate = tell_rate(judge_candidate_named("shipped"), &told);
  assert_true(told);
  assert_true(holds("MB/h told", rate.per_hour / SIM_MB, 59.4, 60.6));
  assert_true(rate.low_per_hour <= 60.01 * SIM_MB && rate.high_per_hour >= 59.99 * SIM_MB);
  tell_rate(judge_candidate_named("cusum"), &told);
  assert_false(told);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_rate_that_is_told_is_true),
      cmocka_unit_test(test_the_detector_keeps_its_floors),
      cmocka_unit_test(test_what_is_urgent_is_called_in_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
