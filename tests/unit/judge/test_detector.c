/* Which verdicts a figure gets, in which order, and for how long a case stays open. Every trigger has a twin
 * that must not fire. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "bench.h"

#define ROOM (40.0 * GB)

static void quiet(bench *b, int64_t for_ms)
{
  bench_run(b, for_ms, 0.0);
}

static void with_room(bench *b, int64_t age_ms)
{
  bench_set_up(b);
  b->room = b->value + ROOM;
  quiet(b, age_ms);
}

static void leaking(bench *b)
{
  bench_set_up(b);
  bench_run(b, 3 * DAY, 20.0 * MB);
  assert_int_equal(b->count[SEEP_VERDICT_LEAK], 1);
}

static bool begins_with(const bench *b, const char *trace)
{
  return strncmp(b->trace, trace, strlen(trace)) == 0;
}

/* ---- suspect, leak ---- */

static void test_a_line_is_suspected_called_and_followed(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  bench_run(&b, 3 * DAY, 20.0 * MB);
  assert_true(begins_with(&b, "SLGDG"));
  assert_true(b.first_ms[SEEP_VERDICT_SUSPECT] <= 6 * HOUR);
  assert_true(b.first_ms[SEEP_VERDICT_LEAK] >= OBSERVATION);
  assert_true(b.first_ms[SEEP_VERDICT_LEAK] <= OBSERVATION + 3 * HOUR);
  assert_true(b.count[SEEP_VERDICT_GROWING] > 40);
  assert_int_equal(bench_calls(&b) + b.count[SEEP_VERDICT_OVER] + b.count[SEEP_VERDICT_CLEARED], 1);

  const seep_finding *found = &b.found[SEEP_VERDICT_LEAK];
  assert_true(found->began.ms >= 0 && found->began.ms <= 3 * HOUR);
  assert_true(found->slope_per_hour > 19.9 * MB && found->slope_per_hour < 20.1 * MB);
  assert_true(found->slope_low_per_hour <= found->slope_per_hour);
  assert_true(found->slope_high_per_hour >= found->slope_per_hour);
  assert_true((double)found->growth > 300.0 * MB && (double)found->growth < 360.0 * MB);
  assert_true(found->confidence > 0.9f && found->confidence <= 1.0f);
  assert_true(found->shape.window_ms >= OBSERVATION);
  assert_int_equal(b.detector.finding.began.ms, found->began.ms);
  assert_true((double)b.detector.finding.growth > 1300.0 * MB);
}

static void test_what_comes_and_goes_is_not_suspected(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  for (unsigned i = 0; i < 240; i++) {
    bench_run(&b, 50 * MINUTE, 200.0 * MB);
    b.value = 500.0 * MB;
  }
  assert_string_equal(b.trace, "");
  bench_set_up(&b);
  b.noise = 100.0 * MB;
  quiet(&b, 10 * DAY);
  bench_run(&b, 10 * DAY, -1.0 * MB);
  assert_string_equal(b.trace, "");
}

static void test_a_suspect_that_stops_growing_is_cleared_and_never_called(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  quiet(&b, DAY);
  bench_run(&b, 8 * HOUR, 20.0 * MB);
  quiet(&b, 3 * DAY);
  assert_string_equal(b.trace, "SC");
  assert_true(b.first_ms[SEEP_VERDICT_CLEARED] <= 2 * DAY);
  assert_int_equal(b.detector.level, SEEP_LEVEL_NONE);
}

static void test_less_than_the_observation_time_is_no_leak(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 2; i++) {
    bench b;
    bench_set_up(&b);
    quiet(&b, 2 * DAY);
    bench_run(&b, i == 0 ? 14 * HOUR : 22 * HOUR, 20.0 * MB);
    quiet(&b, DAY);
    assert_int_equal(b.count[SEEP_VERDICT_LEAK], i);
  }
}

static void test_an_event_that_names_the_process_asks_for_less_agreement_not_less_evidence(void **state)
{
  (void)state;
  int64_t leak_ms[2], rapid_ms[2];
  for (unsigned urgent = 0; urgent < 2; urgent++) {
    bench b;
    bench_set_up(&b);
    b.urgent = urgent != 0;
    bench_run(&b, 24 * HOUR, 20.0 * MB);
    leak_ms[urgent] = b.first_ms[SEEP_VERDICT_LEAK];
    with_room(&b, 12 * HOUR);
    b.urgent = urgent != 0;
    bench_run(&b, HOUR, 15.0 * GB);
    rapid_ms[urgent] = b.first_ms[SEEP_VERDICT_RAPID];
  }
  assert_true(leak_ms[1] >= OBSERVATION && leak_ms[1] < leak_ms[0]);
  assert_true(rapid_ms[1] > 12 * HOUR && rapid_ms[1] < rapid_ms[0]);

  bench b;
  with_room(&b, 12 * HOUR);
  b.urgent = true;
  b.value += 5.0 * GB;
  quiet(&b, 3 * DAY);
  assert_string_equal(b.trace, "");
}

/* ---- rapid growth ---- */

/* Whatever the observation time is, the first proof takes it and two closes, and no more. */
static void test_the_observation_time_is_what_a_proof_takes(void **state)
{
  (void)state;
  static const int64_t observations_ms[] = {68400 * SEEP_MS_PER_SECOND, 12 * HOUR, 4 * HOUR, 30 * MINUTE};
  for (size_t i = 0; i < sizeof observations_ms / sizeof observations_ms[0]; i++) {
    bench b;
    bench_set_up(&b);
    b.settings.observation_ms = observations_ms[i];
    bench_run(&b, 2 * DAY, 20.0 * MB * (double)DAY / (double)observations_ms[i]);
    assert_int_equal(b.count[SEEP_VERDICT_LEAK], 1);
    assert_in_range(b.first_ms[SEEP_VERDICT_LEAK], observations_ms[i],
                    observations_ms[i] + observations_ms[i] / 4);
    assert_in_range(b.found[SEEP_VERDICT_LEAK].shape.window_ms, observations_ms[i],
                    observations_ms[i] + observations_ms[i] / 8);
  }
}

static void test_rapid_growth_is_called_and_withdrawn_when_it_ends(void **state)
{
  (void)state;
  bench b;
  with_room(&b, 12 * HOUR);
  bench_run(&b, 40 * MINUTE, 20.0 * GB);
  assert_true(begins_with(&b, "RG"));
  assert_true(b.first_ms[SEEP_VERDICT_RAPID] <= 12 * HOUR + 15 * MINUTE);
  const seep_finding *found = &b.found[SEEP_VERDICT_RAPID];
  assert_true(found->confidence > 0.0f && found->confidence <= 0.5f);
  assert_true(found->began.ms >= 11 * HOUR && found->began.ms < b.first_ms[SEEP_VERDICT_RAPID]);
  assert_int_equal(b.count[SEEP_VERDICT_OVER], 0);
  quiet(&b, 2 * DAY);
  assert_int_equal(b.count[SEEP_VERDICT_RAPID], 1);
  assert_int_equal(b.count[SEEP_VERDICT_OVER], 1);
  assert_true(b.first_ms[SEEP_VERDICT_OVER] <= 13 * HOUR + 10 * MINUTE);
  assert_true(b.found[SEEP_VERDICT_OVER].slope_low_per_hour >= 0.0);
  assert_int_equal(b.count[SEEP_VERDICT_LEAK], 0);
  assert_true(b.detector.level < SEEP_LEVEL_RAPID);
}

static void test_steps_and_what_leaves_plenty_are_not_rapid(void **state)
{
  (void)state;
  bench b;
  with_room(&b, 12 * HOUR);
  b.value += 8.0 * GB; /* one step */
  quiet(&b, 2 * DAY);
  assert_string_equal(b.trace, "");
  with_room(&b, 12 * HOUR);
  bench_run(&b, 2 * HOUR, 0.4 * GB); /* two in a hundred */
  quiet(&b, 2 * DAY);
  assert_int_equal(b.count[SEEP_VERDICT_RAPID], 0);
}

static void test_slower_growth_is_rapid_by_its_amount(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 2; i++) {
    bench b;
    with_room(&b, 3 * DAY);
    b.room += i == 0 ? 0.0 : 10.0 * ROOM;
    bench_run(&b, 9 * HOUR, 1.0 * GB);
    assert_int_equal(b.count[SEEP_VERDICT_RAPID], i == 0);
    double taken = (double)(b.first_ms[SEEP_VERDICT_RAPID] - 3 * DAY) / (double)HOUR * GB / ROOM;
    assert_true(i == 1 || (taken > 0.09 && taken < 0.16));
  }
}

/* Growth that will be rapid if it goes on, and something on top of it that is given back at once. */
static void test_a_spike_on_alarming_growth_is_not_rapid(void **state)
{
  (void)state;
  for (double grown = 2.0; grown < 4.4; grown += 0.2) {
    bench b;
    bench_set_up(&b);
    b.room = 40.0 * GB + b.value;
    bench_run(&b, 3 * DAY, 0.0);
    bench_run(&b, (int64_t)(grown * 5.0 * (double)HOUR), 0.2 * GB);
    b.value += 2.5 * GB;
    bench_run(&b, 3 * MINUTE, 0.0);
    b.value -= 2.5 * GB;
    bench_run(&b, HOUR, 0.0);
    assert_int_equal(b.count[SEEP_VERDICT_RAPID], 0);
  }
}

static void test_unknown_headroom_is_never_rapid(void **state)
{
  (void)state;
  for (double rate = 1.0; rate < 1e5; rate *= 2.0) {
    bench b;
    bench_set_up(&b);
    b.poll_ms = MINUTE;
    quiet(&b, 6 * HOUR);
    bench_run(&b, 12 * HOUR, rate * MB);
    assert_int_equal(bench_calls(&b), 0);
  }
}

static void test_rapid_growth_that_lasts_becomes_a_leak_of_the_same_beginning(void **state)
{
  (void)state;
  bench b;
  with_room(&b, 12 * HOUR);
  bench_run(&b, 20 * HOUR, 1.9 * GB);
  assert_int_equal(b.count[SEEP_VERDICT_RAPID], 1);
  assert_int_equal(b.count[SEEP_VERDICT_LEAK], 1);
  assert_int_equal(b.count[SEEP_VERDICT_OVER], 0);
  const seep_finding *rapid = &b.found[SEEP_VERDICT_RAPID], *leak = &b.found[SEEP_VERDICT_LEAK];
  assert_true(b.first_ms[SEEP_VERDICT_RAPID] < b.first_ms[SEEP_VERDICT_LEAK]);
  assert_int_equal(leak->began.ms, rapid->began.ms);
  assert_true(leak->growth > 3 * rapid->growth);
  assert_true(rapid->confidence <= 0.5f && leak->confidence > 0.5f);
  assert_int_equal(b.detector.level, SEEP_LEVEL_LEAK);
}

/* A suspect that grew rapidly for a while is afterwards what it was before. */
static void test_a_suspect_stays_one_when_its_rapid_growth_ends(void **state)
{
  (void)state;
  bench b;
  with_room(&b, 0);
  bench_run(&b, 10 * HOUR, 20.0 * MB);
  assert_string_equal(b.trace, "S");
  bench_run(&b, 20 * MINUTE, 20.0 * GB);
  bench_run(&b, 6 * DAY, 20.0 * MB);
  assert_true(begins_with(&b, "SRG"));
  assert_true(b.count[SEEP_VERDICT_OVER] >= 1);
  assert_int_equal(b.count[SEEP_VERDICT_LEAK], 1);
}

/* ---- following a case ---- */

static void test_doubled_is_said_at_each_doubling(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  bench_run(&b, 20 * HOUR, 10.0 * MB);
  double told = (double)b.found[SEEP_VERDICT_LEAK].growth;
  assert_true(told > 0.0);
  for (int64_t end_ms = b.now_ms + 20 * DAY; b.now_ms < end_ms;) {
    b.value += 10.0 * MB / 120.0;
    seep_verdict verdict = bench_step(&b);
    double growth = (double)b.detector.finding.growth;
    if (verdict == SEEP_VERDICT_DOUBLED) {
      assert_true(growth >= 2.0 * told && growth < 2.3 * told);
      told = growth;
    } else {
      assert_true(verdict != SEEP_VERDICT_GROWING || growth < 2.0 * told);
    }
  }
  assert_in_range(b.count[SEEP_VERDICT_DOUBLED], 3, 5);
}

static void test_a_release_of_half_ends_it_and_of_less_does_not(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 2; i++) {
    bench b;
    leaking(&b);
    b.value -= i == 0 ? 550.0 * MB : 950.0 * MB; /* of 1440 */
    quiet(&b, DAY);
    assert_int_equal(b.count[SEEP_VERDICT_OVER], i);
    assert_true(i == 0 || b.first_ms[SEEP_VERDICT_OVER] <= 3 * DAY + 4 * HOUR);
  }
}

static void test_a_dip_between_two_closes_ends_nothing(void **state)
{
  (void)state;
  bench b;
  leaking(&b);
  b.value -= 1200.0 * MB;
  quiet(&b, 5 * MINUTE);
  b.value += 1200.0 * MB;
  bench_run(&b, DAY, 20.0 * MB);
  assert_int_equal(b.count[SEEP_VERDICT_OVER], 0);
}

static void test_a_weekends_rest_does_not_end_a_leak_and_a_longer_one_does(void **state)
{
  (void)state;
  bench b;
  leaking(&b);
  quiet(&b, 62 * HOUR);
  assert_int_equal(b.count[SEEP_VERDICT_OVER], 0);
  bench_run(&b, 3 * DAY, 20.0 * MB);
  quiet(&b, 62 * HOUR);
  assert_int_equal(b.count[SEEP_VERDICT_OVER], 0);
  assert_int_equal(b.count[SEEP_VERDICT_LEAK], 1);
  quiet(&b, 2 * DAY);
  assert_int_equal(b.count[SEEP_VERDICT_OVER], 1);
  quiet(&b, 10 * DAY);
  assert_int_equal(b.count[SEEP_VERDICT_OVER], 1);
  assert_int_equal(b.detector.level, SEEP_LEVEL_NONE);
}

/* However much it has grown by then, it grows as it did. */
static void test_a_leak_that_lasts_for_months_stays_open(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  b.poll_ms = 2 * MINUTE;
  bench_run(&b, 300 * DAY, 20.0 * MB);
  assert_int_equal(b.count[SEEP_VERDICT_LEAK], 1);
  assert_int_equal(b.count[SEEP_VERDICT_OVER], 0);
}

static void test_old_ground_is_no_news_and_what_is_beyond_it_opens_a_new_case(void **state)
{
  (void)state;
  bench b;
  leaking(&b);
  b.value = 500.0 * MB;
  quiet(&b, DAY);
  assert_int_equal(b.count[SEEP_VERDICT_OVER], 1);
  assert_true(b.detector.high_water > 1850.0 * MB && b.detector.high_water < 1950.0 * MB);
  bench_run(&b, 66 * HOUR, 20.0 * MB); /* 1820 MB */
  assert_int_equal(b.count[SEEP_VERDICT_LEAK], 1);
  int64_t beyond_ms = b.now_ms;
  bench_run(&b, 40 * HOUR, 20.0 * MB);
  assert_int_equal(b.count[SEEP_VERDICT_LEAK], 2);
  assert_true(b.detector.finding.began.ms > 4 * DAY);
  assert_true(b.detector.finding.began.ms < beyond_ms);
}

static void test_rapid_growth_over_old_ground_is_no_news_either(void **state)
{
  (void)state;
  bench b;
  with_room(&b, 12 * HOUR);
  bench_run(&b, 40 * MINUTE, 20.0 * GB);
  b.value = 500.0 * MB;
  quiet(&b, 2 * DAY);
  assert_int_equal(b.count[SEEP_VERDICT_OVER], 1);
  bench_run(&b, 39 * MINUTE, 20.0 * GB);
  assert_int_equal(b.count[SEEP_VERDICT_RAPID], 1);
  bench_run(&b, 40 * MINUTE, 20.0 * GB);
  assert_int_equal(b.count[SEEP_VERDICT_RAPID], 2);
}

/* Two minutes that look fast count only when nothing lies between them. */
static void test_agreement_is_forgotten_when_it_ends(void **state)
{
  (void)state;
  bench b;
  with_room(&b, 12 * HOUR);
  b.detector.fast = 1;
  quiet(&b, 3 * MINUTE);
  assert_int_equal(b.detector.fast, 0);
}

static void test_a_new_life_knows_the_high_water(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 2; i++) {
    bench b;
    bench_set_up(&b);
    bench_new_life(&b, i == 0 ? 2000.0 * MB : 600.0 * MB);
    bench_run(&b, 2 * DAY, 20.0 * MB); /* to 1460 MB */
    assert_int_equal(b.count[SEEP_VERDICT_LEAK], i);
  }
}

/* ---- time ---- */

static void test_a_gap_is_not_counted(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  bench_run(&b, 12 * HOUR, 20.0 * MB);
  b.now_ms += 30 * DAY;
  bench_run(&b, 4 * HOUR, 20.0 * MB);
  assert_int_equal(bench_calls(&b), 0);
  bench_run(&b, 4 * HOUR, 20.0 * MB);
  assert_int_equal(b.count[SEEP_VERDICT_LEAK], 1);
  assert_true(b.detector.finding.shape.window_ms < 2 * OBSERVATION);
}

/* Whatever happened unseen is a step. */
static void test_a_gap_neither_calls_nor_ends(void **state)
{
  (void)state;
  bench b;
  with_room(&b, DAY);
  b.now_ms += 5 * DAY;
  b.value += 6.0 * GB;
  quiet(&b, 3 * DAY);
  assert_string_equal(b.trace, "");

  for (unsigned i = 0; i < 3; i++) {
    leaking(&b);
    seep_mono began = b.detector.finding.began;
    b.now_ms += 20 * DAY;
    b.value += i == 0 ? 0.0 : i == 1 ? 480.0 * 20.0 * MB : -100.0 * MB;
    bench_run(&b, DAY, 20.0 * MB);
    assert_int_equal(b.count[SEEP_VERDICT_LEAK], 1);
    assert_int_equal(b.count[SEEP_VERDICT_OVER], 0);
    assert_int_equal(b.detector.finding.began.ms, began.ms);
  }
}

static void test_a_sample_from_the_past_is_ignored(void **state)
{
  (void)state;
  bench b;
  leaking(&b);
  seep_detector before = b.detector;
  const int64_t pasts_ms[] = {b.now_ms - b.poll_ms - 1, 0, INT64_MIN};
  for (unsigned i = 0; i < 3; i++) {
    seep_verdict verdict = seep_detector_step(&b.detector, &b.settings, (seep_mono){pasts_ms[i]}, 1, 0, true);
    assert_int_equal(verdict, SEEP_VERDICT_NONE);
    assert_memory_equal(&before, &b.detector, sizeof before);
  }
}

/* Sleep stops this clock: many samples at one moment are one. */
static void test_a_clock_that_stands_still_says_nothing(void **state)
{
  (void)state;
  bench b;
  leaking(&b);
  for (unsigned i = 0; i < 1000; i++) {
    seep_verdict verdict = bench_step(&b);
    b.now_ms -= b.poll_ms;
    assert_true(i == 0 || verdict == SEEP_VERDICT_NONE);
  }
  bench_run(&b, DAY, 20.0 * MB);
  assert_int_equal(b.count[SEEP_VERDICT_OVER], 0);
}

static void test_changed_settings_start_afresh_and_leave_the_case_open(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 2; i++) {
    bench b;
    bench_set_up(&b);
    bench_run(&b, 16 * HOUR, 20.0 * MB);
    b.settings.bucket_ms += i == 0 ? 1 : 0;
    b.settings.observation_ms += i == 1 ? 1 : 0;
    int64_t changed_ms = b.now_ms;
    bench_run(&b, 16 * HOUR, 20.0 * MB);
    assert_int_equal(b.count[SEEP_VERDICT_LEAK], 0);
    bench_run(&b, 8 * HOUR, 20.0 * MB);
    assert_int_equal(b.count[SEEP_VERDICT_LEAK], 1);
    assert_true(b.detector.finding.began.ms >= changed_ms);

    leaking(&b);
    b.settings.bucket_ms *= i == 0 ? 2 : 1;
    b.settings.observation_ms *= i == 1 ? 2 : 1;
    bench_run(&b, 3 * DAY, 20.0 * MB);
    assert_int_equal(b.count[SEEP_VERDICT_LEAK], 1);
    assert_int_equal(b.count[SEEP_VERDICT_OVER], 0);
    assert_true((double)b.detector.finding.growth > 2600.0 * MB);

    leaking(&b); /* and its rest is counted from the change on */
    quiet(&b, 6 * HOUR);
    b.settings.observation_ms += 1;
    quiet(&b, 4 * DAY);
    assert_int_equal(b.count[SEEP_VERDICT_OVER], 1);
  }
}

static void test_the_least_that_counts_may_change_at_any_time(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  b.settings.minimum_slope_per_hour = 50.0 * MB;
  bench_run(&b, 2 * DAY, 20.0 * MB);
  assert_string_equal(b.trace, "");
  b.settings.minimum_slope_per_hour = MB;
  bench_run(&b, 5 * HOUR, 20.0 * MB); /* what it has seen still counts */
  assert_int_equal(b.count[SEEP_VERDICT_LEAK], 1);
}

/* Polls once a bucket, rarely, in disorder. */
static void test_polls_of_every_rhythm_see_a_leak_and_no_leak_in_a_step(void **state)
{
  (void)state;
  static const int64_t polls_ms[] = {1000, 60000, 90000, 601000, 1800000, 0};
  for (size_t i = 0; i < sizeof polls_ms / sizeof polls_ms[0]; i++) {
    for (unsigned step = 0; step < 2; step++) {
      bench b;
      bench_set_up(&b);
      int64_t span_ms = polls_ms[i] == 1000 ? DAY : 4 * DAY;
      uint64_t random = 7;
      while (b.now_ms < span_ms) {
        double grown =
            step != 0 ? (b.now_ms > span_ms / 2 ? 500.0 : 0.0) : 20.0 * (double)b.now_ms / (double)HOUR;
        b.value = (500.0 + grown) * MB;
        b.poll_ms = polls_ms[i] != 0 ? polls_ms[i] : 1 + (int64_t)(bench_random(&random) * 170000.0);
        bench_step(&b);
      }
      assert_int_equal(b.count[SEEP_VERDICT_LEAK], step == 0);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_line_is_suspected_called_and_followed),
      cmocka_unit_test(test_what_comes_and_goes_is_not_suspected),
      cmocka_unit_test(test_a_suspect_that_stops_growing_is_cleared_and_never_called),
      cmocka_unit_test(test_less_than_the_observation_time_is_no_leak),
      cmocka_unit_test(test_an_event_that_names_the_process_asks_for_less_agreement_not_less_evidence),
      cmocka_unit_test(test_the_observation_time_is_what_a_proof_takes),
      cmocka_unit_test(test_rapid_growth_is_called_and_withdrawn_when_it_ends),
      cmocka_unit_test(test_steps_and_what_leaves_plenty_are_not_rapid),
      cmocka_unit_test(test_slower_growth_is_rapid_by_its_amount),
      cmocka_unit_test(test_a_spike_on_alarming_growth_is_not_rapid),
      cmocka_unit_test(test_unknown_headroom_is_never_rapid),
      cmocka_unit_test(test_rapid_growth_that_lasts_becomes_a_leak_of_the_same_beginning),
      cmocka_unit_test(test_a_suspect_stays_one_when_its_rapid_growth_ends),
      cmocka_unit_test(test_doubled_is_said_at_each_doubling),
      cmocka_unit_test(test_a_release_of_half_ends_it_and_of_less_does_not),
      cmocka_unit_test(test_a_dip_between_two_closes_ends_nothing),
      cmocka_unit_test(test_a_weekends_rest_does_not_end_a_leak_and_a_longer_one_does),
      cmocka_unit_test(test_a_leak_that_lasts_for_months_stays_open),
      cmocka_unit_test(test_old_ground_is_no_news_and_what_is_beyond_it_opens_a_new_case),
      cmocka_unit_test(test_rapid_growth_over_old_ground_is_no_news_either),
      cmocka_unit_test(test_agreement_is_forgotten_when_it_ends),
      cmocka_unit_test(test_a_new_life_knows_the_high_water),
      cmocka_unit_test(test_a_gap_is_not_counted),
      cmocka_unit_test(test_a_gap_neither_calls_nor_ends),
      cmocka_unit_test(test_a_sample_from_the_past_is_ignored),
      cmocka_unit_test(test_a_clock_that_stands_still_says_nothing),
      cmocka_unit_test(test_changed_settings_start_afresh_and_leave_the_case_open),
      cmocka_unit_test(test_the_least_that_counts_may_change_at_any_time),
      cmocka_unit_test(test_polls_of_every_rhythm_see_a_leak_and_no_leak_in_a_step),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
