/*
 * The laboratory itself: are its series what their labels say, does it count right, and do known rules come
 * out roughly as the reference has them? Under sanitizers (LAB_SMALL) with fewer series and wider bounds.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "families.h"
#include "score.h"

#ifdef LAB_SMALL
#define PER_FAMILY 3u
#define SLACK 0.1
#else
#define PER_FAMILY 10u
#define SLACK 0.0
#endif
#define PER_LABEL 12u
#define FRESH_SEED 77u /* not for tuning */

static uint64_t checksum(const sim_series *s)
{
  uint64_t sum = s->count;
  for (size_t i = 0; i < s->count; i++) {
    sum = sim_random_mix(sum + s->bytes[i] + s->restarted[i]);
  }
  return sum;
}

static uint64_t checksum_of(const char *name, sim_set set, uint64_t seed, uint64_t index)
{
  sim_world world = sim_world_usual();
  sim_series s;
  const sim_family *family = sim_family_named(name);
  assert_non_null(family);
  sim_family_draw(family, &world, set, seed, index, &s);
  uint64_t sum = checksum(&s);
  sim_series_free(&s);
  return sum;
}

/* The numbers are what they were: published figures can be repeated, on any platform. */
static void test_a_series_is_named_by_its_seed(void **state)
{
  (void)state;
  static const struct {
    const char *family;
    uint64_t sum;
  } known[] = {{"fast-linear", UINT64_C(0x82d0230dc18c768f)},
               {"gc-two-levels", UINT64_C(0x11f3652bd8eed1ec)},
               {"constant-with-steps", UINT64_C(0x858fdf3ca012de2d)},
               {"worker-recycled-nightly", UINT64_C(0xecebbc52cfb41afe)},
               {"old-process", UINT64_C(0xdf50093a9e0f7d30)},
               {"flushed-buffers", UINT64_C(0x57472794f29c9a41)}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    uint64_t sum = checksum_of(known[i].family, SIM_TUNE, 1, 0);
    if (sum != known[i].sum) {
      fail_msg("%s: checksum %016" PRIx64, known[i].family, sum);
    }
  }
}

static void test_sets_seeds_and_indices_share_no_series(void **state)
{
  (void)state;
  uint64_t sums[12];
  size_t count = 0;
  for (unsigned set = SIM_TUNE; set <= SIM_HELD_OUT; set++) {
    for (uint64_t seed = 1; seed <= 2; seed++) {
      for (uint64_t index = 0; index < 2; index++) {
        sums[count++] = checksum_of("staircase", (sim_set)set, seed, index);
      }
    }
  }
  for (size_t i = 0; i < count; i++) {
    for (size_t j = i + 1; j < count; j++) {
      assert_true(sums[i] != sums[j]);
    }
  }
}

static void test_a_fifth_of_the_families_is_held_out(void **state)
{
  (void)state;
  unsigned all[2] = {0, 0}, unseen[2] = {0, 0}, design[2] = {0, 0};
  for (size_t i = 0; i < sim_family_count(); i++) {
    const sim_family *family = sim_family_at(i);
    bool held_out = family->origin == SIM_UNSEEN;
    all[family->leak]++;
    unseen[family->leak] += held_out;
    design[family->leak] += family->origin == SIM_DESIGN;
    assert_true(sim_family_in_set(family, SIM_TUNE) == !held_out);
    assert_true(sim_family_in_set(family, SIM_CHECK) == !held_out);
    assert_true(sim_family_in_set(family, SIM_HELD_OUT));
    assert_ptr_equal(sim_family_named(family->name), family);
  }
  assert_int_equal(design[true], 12);
  assert_int_equal(design[false], 13);
  for (unsigned leak = 0; leak < 2; leak++) {
    assert_in_range(100 * unseen[leak] / all[leak], 20, 30);
  }
}

/* Months in one life, polled twice an hour, in a machine that never runs full. */
static sim_world endless_world(void)
{
  sim_world world = sim_world_usual();
  world.poll_ms = 1800000;
  world.limit_bytes = UINT64_C(1) << 60;
  world.stretch = 8.0;
  return world;
}

static double floor_mb(const sim_series *s, size_t from, size_t to)
{
  uint64_t least = UINT64_MAX;
  for (size_t i = from; i < to; i++) {
    least = s->bytes[i] < least ? s->bytes[i] : least;
  }
  return (double)least / SIM_MB;
}

/* Of the second half: from its first quarter's floor to its last one's. A quarter holds whole weeks. */
static double late_rise_mb(const sim_series *s)
{
  size_t half = s->count / 2, quarter = s->count / 8;
  return floor_mb(s, s->count - quarter, s->count) - floor_mb(s, half, half + quarter);
}

/* What the last samples of each life stand above its first ones, once it has started up. */
static double rise_in_lives_mb(const sim_series *s)
{
  double risen = 0.0;
  size_t begin = 0;
  for (size_t i = 1; i <= s->count; i++) {
    if ((i == s->count || s->restarted[i]) && i - begin > 8) {
      risen += ((double)s->bytes[i - 1] - (double)s->bytes[begin + 2]) / SIM_MB;
    }
    begin = i < s->count && s->restarted[i] ? i : begin;
  }
  return risen;
}

static bool lives_again(const sim_series *s)
{
  size_t lives = 0;
  for (size_t i = 0; i < s->count; i++) {
    lives += s->restarted[i];
  }
  return lives > 3;
}

/* Leaks: the floor rises at no less than a third of the rate, months later; or each life does. */
static void check_leak(const sim_family *family, const sim_series *s)
{
  double hours = (sim_end(s) - s->onset_s) / SIM_HOUR;
  assert_true(s->leak && s->rate_mb_per_hour > 0.0 && s->onset_s >= 0.0 && s->onset_s < sim_end(s));
  double expected = s->rate_mb_per_hour * hours;
  double risen = lives_again(s) ? rise_in_lives_mb(s) : late_rise_mb(s) * 8.0 / 3.0;
  if (!(risen > expected / 3.0)) {
    fail_msg("%s: rises by %.1f MB, should by %.1f", family->name, risen, expected);
  }
}

/* Healthy ones as a family: what they gain in the second half of months is little against what they hold.
 * Steps and walks may go up in one series and down in the next. */
static void test_labels_are_true_by_construction(void **state)
{
  (void)state;
  sim_world world = endless_world();
  for (size_t f = 0; f < sim_family_count(); f++) {
    const sim_family *family = sim_family_at(f);
    double risen = 0.0, held = 0.0;
    for (uint64_t index = 0; index < PER_LABEL; index++) {
      sim_series s;
      sim_family_draw(family, &world, SIM_CHECK, FRESH_SEED, index, &s);
      assert_true(s.leak == family->leak);
      assert_true(s.exhausted_ms == SIM_NEVER);
      if (family->leak) {
        check_leak(family, &s);
      }
      risen += late_rise_mb(&s);
      held += floor_mb(&s, s.count / 2, s.count);
      sim_series_free(&s);
    }
    if (!family->leak && !(risen < 0.4 * held)) {
      fail_msg("%s: gains %.1f MB on %.1f MB", family->name, risen, held);
    }
  }
}

static void test_a_leak_ends_where_memory_does(void **state)
{
  (void)state;
  sim_world world = sim_world_usual();
  sim_series s;
  sim_family_draw(sim_family_named("linear-200-mb-per-minute"), &world, SIM_CHECK, FRESH_SEED, 0, &s);
  uint64_t room = world.limit_bytes - world.other_bytes;
  assert_int_equal(s.exhausted_ms, (int64_t)s.count * world.poll_ms);
  assert_true(s.bytes[s.count - 1] <= room && s.bytes[s.count - 1] > room - (UINT64_C(1) << 30));
  double hours = (double)s.exhausted_ms / 3600000.0 - s.onset_s / SIM_HOUR;
  assert_true(hours > 2.0 && hours < 5.0);
  sim_series_free(&s);
}

/* A candidate that says what it is told, when it is told. */
typedef struct line_of_script {
  int64_t at_ms;
  int level;
} line_of_script;

static void say_nothing(void *state)
{
  (void)state;
}

static int say(void *state, const void *settings, int64_t t_ms, uint64_t bytes, uint64_t headroom_bytes)
{
  (void)state;
  (void)bytes;
  assert_true(headroom_bytes > 0);
  for (const line_of_script *line = settings; line->at_ms != SIM_NEVER; line++) {
    if (line->at_ms == t_ms) {
      return line->level;
    }
  }
  return JUDGE_NONE;
}

static int say_at_restart(void *state, const void *settings, int64_t t_ms)
{
  return say(state, settings, -t_ms, 0, 1); /* negative moments in a script are restarts */
}

#define HOUR_MS INT64_C(3600000)

static judge_rate tell(const void *state)
{
  (void)state;
  return (judge_rate){1100.0 * SIM_MB, 1000.0 * SIM_MB, 1200.0 * SIM_MB};
}

static lab_outcome perform(const line_of_script *script, bool leak, double onset_s)
{
  static uint64_t bytes[24 * 10];
  static uint8_t restarted[24 * 10];
  sim_world world = sim_world_usual();
  world.poll_ms = HOUR_MS;
  sim_series s = {.world = &world,
                  .step_s = SIM_HOUR,
                  .count = 24 * 10,
                  .bytes = bytes,
                  .restarted = restarted,
                  .leak = leak,
                  .onset_s = onset_s,
                  .rate_mb_per_hour = 1024.0};
  for (size_t i = 0; i < s.count; i++) {
    bytes[i] = (uint64_t)(i + 1) << 27; /* 128 MB an hour: 30 GB in the end */
    restarted[i] = i == 100;
  }
  judge_candidate actor = {.name = "actor",
                           .settings = script,
                           .init = say_nothing,
                           .step = say,
                           .restart = say_at_restart,
                           .rate = tell};
  lab_outcome out;
  memset(&out, 0, sizeof out);
  lab_run_at(&actor, NULL, &s, NULL, &out);
  out.eaten = lab_share_eaten(&s, &out);
  return out;
}

static bool everything(const lab_outcome *outcome, const void *context)
{
  (void)outcome;
  (void)context;
  return true;
}

static void test_calls_are_counted_as_they_should_be(void **state)
{
  (void)state;
  /* Healthy: a suspicion is nothing; 20 h later is the same episode, 25 h later another. A leak verdict
   * counts although it is gone an hour later. */
  static const line_of_script noisy[] = {{1 * HOUR_MS, JUDGE_SUSPECT}, {10 * HOUR_MS, JUDGE_RAPID},
                                         {30 * HOUR_MS, JUDGE_RAPID},  {55 * HOUR_MS, JUDGE_RAPID},
                                         {60 * HOUR_MS, JUDGE_LEAK},   {SIM_NEVER, 0}};
  lab_outcome o[4];
  o[0] = perform(noisy, false, 0.0);
  assert_int_equal(o[0].rapid_episodes, 2);
  assert_int_equal(o[0].leak_episodes, 1);
  assert_int_equal(o[0].call_ms, 10 * HOUR_MS);
  assert_int_equal(o[0].leak_call_ms, 60 * HOUR_MS);
  /* A leak found in two grades, the second at the restart. */
  static const line_of_script found[] = {
      {50 * HOUR_MS, JUDGE_RAPID}, {-100 * HOUR_MS, JUDGE_LEAK}, {SIM_NEVER, 0}};
  o[1] = perform(found, true, 40.0 * SIM_HOUR);
  assert_true(o[1].called && !o[1].early && o[1].called_leak);
  assert_int_equal(o[1].leak_call_ms, 100 * HOUR_MS);
  assert_true(fabs(o[1].eaten - 10.0 / (44.0 * 8.0 - 41.0)) < 1e-9);
  /* Called before it began: false, and missed. */
  static const line_of_script early[] = {
      {39 * HOUR_MS, JUDGE_RAPID}, {50 * HOUR_MS, JUDGE_LEAK}, {SIM_NEVER, 0}};
  o[2] = perform(early, true, 40.0 * SIM_HOUR);
  assert_true(o[2].early && !o[2].early_leak);
  static const line_of_script silent[] = {{SIM_NEVER, 0}};
  o[3] = perform(silent, true, 40.0 * SIM_HOUR);
  assert_false(o[3].called);

  lab_total t = lab_add_up(o, 4, everything, NULL);
  assert_int_equal(t.leaks, 3);
  assert_int_equal(t.found, 1);
  assert_int_equal(t.early, 1);
  assert_int_equal(t.false_any, 1);
  assert_true(fabs(t.precision - 1.0 / 3.0) < 1e-9);
  assert_true(fabs(t.leak_precision - 1.0 / 2.0) < 1e-9);
  assert_true(fabs(t.recall - 1.0 / 3.0) < 1e-9);
  assert_true(fabs(t.delay.median_h - 10.0) < 1e-9);
  assert_true(fabs(t.leak_delay.median_h - 60.0) < 1e-9);
  assert_int_equal(t.by_rate[0].leaks, 3);
  assert_int_equal(t.by_rate[1].leaks, 0);
  assert_int_equal(t.at_least_10_mb_per_hour.leaks, 3);
  assert_true(fabs(t.healthy_days - 239.0 / 24.0) < 1e-9);
}

/* Only the rate that comes with the first leak verdict counts, not before the onset and not at a restart. */
static void test_rates_are_held_against_the_truth(void **state)
{
  (void)state;
  static const line_of_script at_50_h[] = {
      {50 * HOUR_MS, JUDGE_LEAK}, {60 * HOUR_MS, JUDGE_LEAK}, {SIM_NEVER, 0}};
  static const line_of_script at_restart[] = {{-100 * HOUR_MS, JUDGE_LEAK}, {SIM_NEVER, 0}};
  lab_outcome o[4] = {perform(at_50_h, true, 0.0), perform(at_50_h, true, 0.0),
                      perform(at_50_h, true, 55.0 * SIM_HOUR), perform(at_restart, true, 0.0)};
  o[1].rate_mb_per_hour = 1250.0; /* above the interval */
  assert_true(o[0].told && !o[3].told);
  lab_honesty h = lab_judge_rates(o, 4, everything, NULL);
  assert_int_equal(h.verdicts, 2);
  assert_int_equal(h.within, 1);
  assert_true(fabs(h.median_error - (76.0 / 1024.0 + 150.0 / 1250.0) / 2.0) < 1e-9);
  assert_true(fabs(h.median_half_interval - (100.0 / 1024.0 + 100.0 / 1250.0) / 2.0) < 1e-9);
  h = lab_judge_rates(o, 0, everything, NULL);
  assert_false(h.median_error >= 0.0); /* not a number */
}

static lab_total measure(const judge_candidate *candidate, unsigned per_family)
{
  sim_world world = sim_world_usual();
  size_t count = 0;
  lab_outcome *outcomes = calloc(sim_family_count() * per_family, sizeof *outcomes);
  void *state = malloc(candidate->state_bytes);
  assert_non_null(outcomes);
  assert_non_null(state);
  for (size_t f = 0; f < sim_family_count(); f++) {
    for (unsigned index = 0; sim_family_at(f)->origin == SIM_DESIGN && index < per_family; index++) {
      sim_series s;
      sim_family_draw(sim_family_at(f), &world, SIM_CHECK, FRESH_SEED, index, &s);
      lab_run_at(candidate, state, &s, NULL, &outcomes[count++]);
      sim_series_free(&s);
    }
  }
  lab_total total = lab_add_up(outcomes, count, everything, NULL);
  free(outcomes);
  free(state);
  return total;
}

static void expect(const char *name, const char *what, double measured, double least, double most)
{
  if (!(measured >= least && measured <= most)) {
    fail_msg("%s: %s is %.3f, not within %.3f and %.3f", name, what, measured, least, most);
  }
}

/* Published: precision .968 (strict .990), recall .990 (.961), median 42.7 h (51 h). */
static void test_the_reference_detector_is_as_published(void **state)
{
  (void)state;
  lab_total t = measure(judge_candidate_named("ratchet"), PER_FAMILY);
  expect("ratchet", "precision", t.precision, 0.93 - SLACK, 1.0);
  expect("ratchet", "recall", t.recall, 0.95 - SLACK, 1.0);
  expect("ratchet", "median", t.delay.median_h, 34.0, 52.0);
  t = measure(judge_candidate_named("ratchet-strict"), PER_FAMILY);
  expect("ratchet-strict", "precision", t.precision, 0.96 - SLACK, 1.0);
  expect("ratchet-strict", "recall", t.recall, 0.91 - SLACK, 1.0);
  expect("ratchet-strict", "median", t.delay.median_h, 40.0, 65.0);
}

typedef struct published {
  const char *name;
  double precision, recall, false_share;
} published;

static void test_the_baselines_are_roughly_as_published(void **state)
{
  (void)state;
  static const published known[] = {
      {"regression", 0.533, 0.722, 0.548},   {"coroot", 0.391, 0.358, 0.514},
      {"daintree", 0.405, 0.837, 0.987},     {"predict-linear", 0.664, 0.159, 0.074},
      {"mann-kendall", 0.429, 0.878, 0.964}, {"theil-sen", 0.649, 0.906, 0.441},
      {"cusum", 0.807, 0.697, 0.154}};
  double slack = 0.1 + SLACK;
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    lab_total t = measure(judge_candidate_named(known[i].name), PER_FAMILY);
    double false_share = (double)t.false_any / t.healthy;
    expect(known[i].name, "precision", t.precision, known[i].precision - slack, known[i].precision + slack);
    expect(known[i].name, "recall", t.recall, known[i].recall - slack, known[i].recall + slack);
    expect(known[i].name, "false share", false_share, known[i].false_share - slack,
           known[i].false_share + slack);
  }
}

/* Whatever they are worth: a straight leak of 600 MB/h is called by all but those that want more, and a
 * process in which nothing changes by none. */
static void test_every_candidate_knows_the_plainest_cases(void **state)
{
  (void)state;
  sim_world world = sim_world_usual();
  for (size_t i = 0; i < judge_candidate_count(); i++) {
    const judge_candidate *candidate = judge_candidate_at(i);
    void *memory = malloc(candidate->state_bytes);
    assert_non_null(memory);
    for (unsigned leaking = 0; leaking < 2; leaking++) {
      sim_series s;
      lab_outcome out;
      memset(&out, 0, sizeof out);
      sim_series_begin(&s, &world, 1);
      sim_series_last(&s, 2.0, 2.0);
      sim_add_level(&s, 500.0);
      sim_add_line(&s, 0.0, leaking ? 600.0 : 0.0);
      sim_series_finish(&s);
      lab_run_at(candidate, memory, &s, NULL, &out);
      if (out.called != (leaking != 0)) {
        fail_msg("%s, %s", candidate->name, leaking ? "leaking" : "constant");
      }
      sim_series_free(&s);
    }
    free(memory);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_series_is_named_by_its_seed),
      cmocka_unit_test(test_sets_seeds_and_indices_share_no_series),
      cmocka_unit_test(test_a_fifth_of_the_families_is_held_out),
      cmocka_unit_test(test_labels_are_true_by_construction),
      cmocka_unit_test(test_a_leak_ends_where_memory_does),
      cmocka_unit_test(test_calls_are_counted_as_they_should_be),
      cmocka_unit_test(test_rates_are_held_against_the_truth),
      cmocka_unit_test(test_every_candidate_knows_the_plainest_cases),
      cmocka_unit_test(test_the_reference_detector_is_as_published),
      cmocka_unit_test(test_the_baselines_are_roughly_as_published),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
