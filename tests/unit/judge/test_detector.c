/* The detector's rules one by one, each with a twin that lies just on the other side and must not fire. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "judge/detector.h"

#define MB UINT64_C(1048576)
#define POLL INT64_C(30000)
#define WINDOW INT64_C(7200000)
#define BUCKET (WINDOW / SEEP_DETECTOR_BUCKETS)
#define HOUR INT64_C(3600000)

typedef struct bench {
  seep_detector detector;
  seep_detector_settings settings;
  int64_t now_ms;
  int64_t poll_ms;
  uint64_t bytes;
  bool urgent;
  unsigned leaks, growing, overs;
  int64_t first_leak_ms, first_over_ms;
  seep_verdict leak, last;
} bench;

static void set_up(bench *b)
{
  memset(b, 0, sizeof *b);
  b->settings = (seep_detector_settings){.window_ms = WINDOW,
                                         .minimum_slope_bytes_per_hour = 10 * MB,
                                         .minimum_growth_bytes = 8 * MB,
                                         .start_up_ms = 0,
                                         .confirmations = 3};
  b->poll_ms = POLL;
  b->bytes = 500 * MB;
  b->first_leak_ms = -1;
  b->first_over_ms = -1;
  seep_detector_init(&b->detector, (seep_mono){0});
}

static seep_verdict step(bench *b)
{
  seep_verdict verdict =
      seep_detector_step(&b->detector, &b->settings, (seep_mono){b->now_ms}, b->bytes, b->urgent);
  if (verdict.kind == SEEP_VERDICT_LEAK) {
    b->leak = verdict;
    b->first_leak_ms = b->leaks == 0 ? b->now_ms : b->first_leak_ms;
    b->leaks++;
  }
  b->growing += verdict.kind == SEEP_VERDICT_GROWING ? 1 : 0;
  if (verdict.kind == SEEP_VERDICT_OVER) {
    b->first_over_ms = b->overs == 0 ? b->now_ms : b->first_over_ms;
    b->overs++;
  }
  if (verdict.kind != SEEP_VERDICT_NONE) {
    b->last = verdict;
  }
  return verdict;
}

/* Polls for so long while memory changes by a steady rate, which may be negative. */
static void run(bench *b, int64_t for_ms, int64_t bytes_per_hour)
{
  int64_t begun_ms = b->now_ms;
  uint64_t begun_bytes = b->bytes;
  while (b->now_ms - begun_ms < for_ms) {
    double grown = (double)bytes_per_hour * (double)(b->now_ms - begun_ms) / (double)HOUR;
    b->bytes = (uint64_t)((double)begun_bytes + grown);
    step(b);
    b->now_ms += b->poll_ms;
  }
}

static void jump(bench *b, uint64_t up_bytes)
{
  b->bytes += up_bytes;
}

static void test_a_line_above_the_slope_is_called_and_one_below_is_not(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  run(&b, 3 * WINDOW, 11 * (int64_t)MB);
  assert_int_equal(b.leaks, 1);
  assert_true(b.first_leak_ms <= WINDOW + 3 * BUCKET);
  assert_true(b.leak.slope_bytes_per_hour > 10.8 * (double)MB &&
              b.leak.slope_bytes_per_hour < 11.2 * (double)MB);
  assert_true(b.leak.confidence > 0.95 && b.leak.confidence <= 1.0);
  assert_int_equal(b.leak.began.ms, b.first_leak_ms - WINDOW);
  assert_true(b.growing > 20);
  assert_int_equal(b.overs, 0);
  assert_true(b.last.growth_bytes > b.leak.growth_bytes);

  set_up(&b);
  run(&b, 36 * WINDOW, 9 * (int64_t)MB);
  assert_int_equal(b.leaks, 0);
}

static void test_growth_below_the_minimum_waits_for_the_life_to_show_it(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  b.settings.minimum_growth_bytes = 64 * MB; /* a window of this line holds 37 MB */
  run(&b, 8 * WINDOW, 20 * (int64_t)MB);
  assert_int_equal(b.leaks, 1);
  assert_true(b.first_leak_ms > 2 * WINDOW);
  assert_true(b.leak.growth_bytes >= 64 * MB);

  set_up(&b);
  b.settings.minimum_growth_bytes = 64 * MB;
  run(&b, 3 * HOUR, 20 * (int64_t)MB); /* 60 MB in all */
  run(&b, 24 * HOUR, 0);
  assert_int_equal(b.leaks, 0);
}

static void test_start_up_is_not_judged(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  b.settings.start_up_ms = 4 * HOUR;
  run(&b, 12 * HOUR, 50 * (int64_t)MB);
  assert_int_equal(b.leaks, 1);
  assert_true(b.first_leak_ms >= 4 * HOUR + WINDOW);
  assert_true(b.first_leak_ms <= 4 * HOUR + WINDOW + 4 * BUCKET);

  set_up(&b);
  b.settings.start_up_ms = 4 * HOUR;
  run(&b, 4 * HOUR, 50 * (int64_t)MB);
  run(&b, 24 * HOUR, 0);
  assert_int_equal(b.leaks, 0);
}

static void test_confirmations_delay_and_urgency_needs_one(void **state)
{
  (void)state;
  bench b;
  int64_t called_at[3];
  for (unsigned i = 0; i < 3; i++) {
    set_up(&b);
    b.settings.confirmations = i == 0 ? 1 : 5;
    b.urgent = i == 2;
    run(&b, 2 * WINDOW, 50 * (int64_t)MB);
    assert_int_equal(b.leaks, 1);
    called_at[i] = b.first_leak_ms;
  }
  assert_int_equal(called_at[1], called_at[0] + 4 * BUCKET);
  assert_int_equal(called_at[2], called_at[0]);

  set_up(&b); /* urgency asks for less agreement, not for less evidence */
  b.urgent = true;
  run(&b, 5 * HOUR, 0);
  jump(&b, 400 * MB);
  run(&b, 5 * HOUR, 0);
  assert_int_equal(b.leaks, 0);
}

static void test_zero_confirmations_mean_one(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  b.settings.confirmations = 0;
  run(&b, 2 * WINDOW, 0);
  assert_int_equal(b.leaks, 0);
  run(&b, 2 * WINDOW, 50 * (int64_t)MB);
  assert_int_equal(b.leaks, 1);
}

static void test_many_steps_are_a_leak_and_four_are_not(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  run(&b, 5 * HOUR, 0);
  for (unsigned i = 0; i < 40; i++) {
    jump(&b, 10 * MB);
    run(&b, BUCKET, 0);
  }
  assert_int_equal(b.leaks, 1);

  set_up(&b);
  run(&b, 5 * HOUR, 0);
  for (unsigned i = 0; i < 4; i++) {
    jump(&b, 100 * MB);
    run(&b, WINDOW / 4, 0);
  }
  run(&b, 12 * HOUR, 0);
  assert_int_equal(b.leaks, 0);
}

static void test_a_ramp_of_half_a_window_is_not_called_and_a_whole_one_is(void **state)
{
  (void)state;
  bench b;
  for (int64_t offset_ms = 0; offset_ms < BUCKET; offset_ms += POLL) {
    set_up(&b);
    run(&b, 5 * HOUR + offset_ms, 0);
    run(&b, WINDOW / 2, 400 * (int64_t)MB);
    run(&b, 24 * HOUR, 0);
    assert_int_equal(b.leaks, 0);
  }
  set_up(&b);
  run(&b, 5 * HOUR, 0);
  run(&b, WINDOW * 5 / 4, 400 * (int64_t)MB);
  assert_int_equal(b.leaks, 1);
}

static void test_growth_that_halves_again_and_again_is_not_called(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  int64_t rate = 800 * (int64_t)MB;
  for (unsigned i = 0; i < 10; i++) {
    run(&b, WINDOW / 2, rate);
    rate = rate * 7 / 10;
  }
  assert_int_equal(b.leaks, 0);

  set_up(&b);
  for (unsigned i = 0; i < 10; i++) {
    run(&b, WINDOW / 2, 100 * (int64_t)MB);
  }
  assert_int_equal(b.leaks, 1);
}

static void test_what_was_held_before_is_not_news(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  jump(&b, 2000 * MB);
  run(&b, 6 * HOUR, 0);
  b.bytes -= 2000 * MB;
  run(&b, 6 * HOUR, 0);
  run(&b, 6 * HOUR, 300 * (int64_t)MB); /* 1800 MB: still below the old height */
  assert_int_equal(b.leaks, 0);
  run(&b, 6 * HOUR, 300 * (int64_t)MB); /* beyond it */
  assert_int_equal(b.leaks, 1);
}

/* Back at a height that it held before is not enough; it takes half of the window's rise beyond it. */
static void test_beyond_an_old_height_by_half_the_rise(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 2; i++) {
    bench b;
    set_up(&b);
    jump(&b, 2000 * MB);
    run(&b, 6 * HOUR, 0);
    b.bytes -= 2000 * MB;
    run(&b, 6 * HOUR, 0);
    int64_t climb_ms =
        i == 0 ? HOUR * 27 / 10 : HOUR * 45 / 10; /* to 3200 or 5000 MB; a window rises 1875 MB */
    run(&b, climb_ms, 1000 * (int64_t)MB);
    run(&b, WINDOW, 0);
    assert_int_equal(b.leaks, i);
  }
}

/* Two teeth in one window, the second a little higher or much higher than the first. */
static void test_a_second_tooth_must_rise_well_above_the_first(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 2; i++) {
    bench b;
    set_up(&b);
    b.settings.confirmations = 1;
    jump(&b, 100 * MB);
    run(&b, 2 * BUCKET, 0);
    b.bytes -= 100 * MB;
    run(&b, 15 * BUCKET, (int64_t)((i == 0 ? 62 : 120) * MB)); /* to 116 or 225 MB above the trough */
    b.bytes = 500 * MB;
    run(&b, WINDOW, 0);
    assert_int_equal(b.leaks, i);
  }
}

/* A steepening line, the same under four short jobs that swing seven times as far as it rises. */
static void test_a_rise_must_stand_out_of_the_noise(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 2; i++) {
    bench b;
    set_up(&b);
    b.settings.confirmations = 1;
    for (unsigned bucket = 0; bucket < 17; bucket++) {
      bool job = i == 0 && bucket >= 7 && bucket <= 13 && bucket % 2 == 1;
      b.bytes += job ? 300 * MB : 0;
      run(&b, BUCKET, (bucket < 7 ? 15 : 30) * (int64_t)MB);
      b.bytes -= job ? 300 * MB : 0;
    }
    assert_int_equal(b.leaks, i);
  }
}

static void test_a_rise_must_count_against_the_level(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 2; i++) {
    bench b;
    set_up(&b);
    b.bytes = 100 * 1024 * MB;
    run(&b, 2 * WINDOW, (i == 0 ? 40 : 70) * (int64_t)MB); /* 75 or 131 MB a window */
    assert_int_equal(b.leaks, i);
  }
}

/* Late, so that the watched life has nothing against it: only the window's own fade tells. */
static void test_a_late_fill_that_fades_is_not_called_and_a_line_is(void **state)
{
  (void)state;
  for (int64_t offset_ms = 0; offset_ms < BUCKET; offset_ms += 5 * POLL) {
    bench b;
    set_up(&b);
    run(&b, 48 * HOUR + offset_ms, 0);
    int64_t rate = 600 * (int64_t)MB;
    for (unsigned i = 0; i < 40; i++) { /* by a seventeenth less each step: halves in 0.35 windows */
      run(&b, WINDOW / 32, rate);
      rate = rate * 94 / 100;
    }
    run(&b, 2 * WINDOW, 0);
    assert_int_equal(b.leaks, 0);
  }
  bench b;
  set_up(&b);
  run(&b, 48 * HOUR, 0);
  run(&b, WINDOW, 300 * (int64_t)MB);
  assert_int_equal(b.leaks, 1);
}

/* 4 GB within half a day, later a leak: by its growth alone it would wait for 6 GB, by its rate it need not.
 */
static void test_a_leak_as_steep_as_the_growth_before_need_not_outgrow_it(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  run(&b, 24 * HOUR, 0);
  for (unsigned i = 0; i < 4; i++) { /* in four steps, which nobody calls */
    jump(&b, 1000 * MB);
    run(&b, 3 * HOUR, 0);
  }
  run(&b, 24 * HOUR, 0);
  assert_int_equal(b.leaks, 0);
  run(&b, 2 * WINDOW, 400 * (int64_t)MB);
  assert_int_equal(b.leaks, 1);
  assert_true(b.leak.growth_bytes < 1000 * MB);
}

/* Growth that ended long ago must not hide a leak by T4, however much it was. */
static void test_a_late_leak_after_a_large_warm_up_is_called(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  run(&b, HOUR / 2, 4000 * (int64_t)MB);
  run(&b, 5 * 24 * HOUR, 0);
  assert_int_equal(b.leaks, 0);
  int64_t onset_ms = b.now_ms;
  run(&b, 2 * WINDOW, 30 * (int64_t)MB);
  assert_int_equal(b.leaks, 1);
  assert_true(b.first_leak_ms - onset_ms <= WINDOW + 3 * BUCKET);
}

static void test_a_release_of_half_ends_it_and_of_less_does_not(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  run(&b, 4 * HOUR, 100 * (int64_t)MB); /* 400 MB */
  assert_int_equal(b.leaks, 1);
  b.bytes -= 150 * MB;
  run(&b, 3 * BUCKET, 100 * (int64_t)MB);
  assert_int_equal(b.overs, 0);
  b.bytes -= 150 * MB;
  run(&b, 4 * BUCKET, 0);
  assert_int_equal(b.overs, 1);
}

/* After a month a part of the life lasts for a day and more. */
static void test_a_release_ends_what_only_the_life_showed_within_a_window(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  b.settings.minimum_growth_bytes = 400 * MB; /* no window holds as much */
  run(&b, 30 * 24 * HOUR, 20 * (int64_t)MB);
  assert_int_equal(b.leaks, 1);
  assert_true(b.leak.growth_bytes >= 400 * MB);
  assert_int_equal(b.overs, 0);
  b.bytes -= 3000 * MB;
  run(&b, WINDOW * 2, 0);
  assert_int_equal(b.overs, 0);
  b.bytes = 500 * MB;
  int64_t released_ms = b.now_ms;
  run(&b, 24 * HOUR, 0);
  assert_int_equal(b.overs, 1);
  assert_true(b.first_over_ms <= released_ms + WINDOW + 2 * BUCKET);
}

static void test_a_window_without_a_rise_ends_it_once(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  run(&b, 4 * HOUR, 100 * (int64_t)MB);
  assert_int_equal(b.leaks, 1);
  int64_t stopped_ms = b.now_ms;
  run(&b, 3 * WINDOW, 0);
  assert_int_equal(b.overs, 1);
  assert_true(b.first_over_ms >= stopped_ms + WINDOW - BUCKET);
  assert_true(b.first_over_ms <= stopped_ms + WINDOW + 5 * BUCKET);
  run(&b, 24 * HOUR, 0);
  assert_int_equal(b.overs, 1);
  assert_int_equal(b.leaks, 1);

  int64_t again_ms = b.now_ms; /* once more, after a full evaluation of its own */
  run(&b, 6 * HOUR, 100 * (int64_t)MB);
  assert_int_equal(b.leaks, 2);
  assert_true(b.leak.began.ms >= stopped_ms);
  assert_true(b.leak.growth_bytes < (uint64_t)(b.now_ms - again_ms) * 100 * MB / (uint64_t)HOUR);
}

static void test_a_slowing_leak_stays_open_above_a_quarter_of_the_slope(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  run(&b, 4 * HOUR, 100 * (int64_t)MB);
  run(&b, 24 * HOUR, 4 * (int64_t)MB);
  assert_int_equal(b.overs, 0);
  run(&b, 24 * HOUR, 2 * (int64_t)MB);
  assert_int_equal(b.overs, 1);
}

static void test_a_gap_starts_afresh_and_three_buckets_do_not(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  run(&b, WINDOW, 50 * (int64_t)MB);
  b.now_ms += 4 * BUCKET;
  int64_t back_ms = b.now_ms;
  run(&b, 2 * WINDOW, 50 * (int64_t)MB);
  assert_int_equal(b.leaks, 1);
  assert_true(b.first_leak_ms >= back_ms + WINDOW);

  set_up(&b);
  run(&b, WINDOW, 50 * (int64_t)MB);
  b.now_ms += 3 * BUCKET - POLL;
  jump(&b, 50 * MB * (uint64_t)(3 * BUCKET) / (uint64_t)HOUR); /* it went on growing unseen */
  run(&b, BUCKET * 4, 50 * (int64_t)MB);
  assert_int_equal(b.leaks, 1);
}

static void test_a_case_survives_a_gap(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  run(&b, 4 * HOUR, 50 * (int64_t)MB);
  assert_int_equal(b.leaks, 1);
  int64_t began_ms = b.leak.began.ms;
  b.now_ms += 10 * HOUR;
  b.growing = 0;
  run(&b, WINDOW - POLL, 50 * (int64_t)MB);
  assert_int_equal(b.growing, 0);
  run(&b, WINDOW, 50 * (int64_t)MB);
  assert_true(b.growing > 0);
  assert_int_equal(b.leaks, 1);
  assert_int_equal(b.overs, 0);
  assert_int_equal(b.last.began.ms, began_ms);
}

/* The poll is 20 minutes, a bucket 7.5: every step closes two or three buckets. */
static void test_polls_longer_than_a_bucket_still_see_a_leak(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  b.poll_ms = 1200000;
  run(&b, 10 * WINDOW, 100 * (int64_t)MB);
  assert_int_equal(b.leaks, 1);

  set_up(&b);
  b.poll_ms = 1200000;
  run(&b, 10 * WINDOW, 0);
  jump(&b, 500 * MB);
  run(&b, 10 * WINDOW, 0);
  assert_int_equal(b.leaks, 0);
}

static void test_jittering_polls_change_nothing(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  uint64_t random = 88172645463325252u;
  while (b.now_ms < 3 * WINDOW) {
    b.bytes = 500 * MB + (uint64_t)b.now_ms * 20 * MB / (uint64_t)HOUR;
    step(&b);
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    b.now_ms += 1 + (int64_t)(random % 600000);
  }
  assert_int_equal(b.leaks, 1);
  assert_true(b.first_leak_ms <= WINDOW + 5 * BUCKET);
}

static void test_a_sample_from_the_past_is_ignored(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  run(&b, 3 * BUCKET, 20 * (int64_t)MB);
  seep_detector before = b.detector;
  seep_verdict verdict =
      seep_detector_step(&b.detector, &b.settings, (seep_mono){b.now_ms - 2 * POLL}, 1, false);
  assert_int_equal(verdict.kind, SEEP_VERDICT_NONE);
  assert_memory_equal(&before, &b.detector, sizeof before);
  verdict = seep_detector_step(&b.detector, &b.settings, (seep_mono){INT64_MIN}, 1, false);
  assert_int_equal(verdict.kind, SEEP_VERDICT_NONE);
  assert_memory_equal(&before, &b.detector, sizeof before);
}

static void test_another_window_starts_afresh(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  run(&b, WINDOW, 50 * (int64_t)MB);
  b.settings.window_ms = 2 * WINDOW;
  int64_t changed_ms = b.now_ms;
  run(&b, 5 * WINDOW, 50 * (int64_t)MB);
  assert_int_equal(b.leaks, 1);
  assert_true(b.first_leak_ms >= changed_ms + 2 * WINDOW);
}

static void test_the_largest_values_and_times_are_only_numbers(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  b.settings.minimum_slope_bytes_per_hour = 0;
  b.settings.minimum_growth_bytes = 0;
  for (unsigned i = 0; i < 2000; i++) { /* from nothing to everything */
    b.bytes = UINT64_MAX / 2000 * i;
    step(&b);
    b.now_ms += POLL;
  }
  assert_int_equal(b.leaks, 1);
  for (unsigned i = 0; i < 2000; i++) {
    b.bytes = i % 2 == 0 ? UINT64_MAX : 0;
    step(&b);
    b.now_ms += POLL;
  }
  b.settings.minimum_slope_bytes_per_hour = UINT64_MAX;
  b.settings.minimum_growth_bytes = UINT64_MAX;
  b.settings.start_up_ms = INT64_MAX;
  b.settings.confirmations = UINT32_MAX;
  run(&b, WINDOW, 0);
  b.now_ms = INT64_MAX;
  step(&b);
  b.settings.window_ms = INT64_MAX;
  step(&b);
  b.settings.window_ms = 0;
  step(&b);
  b.settings.window_ms = INT64_MIN;
  b.settings.start_up_ms = INT64_MIN;
  assert_int_equal(step(&b).kind, SEEP_VERDICT_NONE);
  assert_int_equal(b.overs, 1);

  seep_detector_init(&b.detector, (seep_mono){INT64_MIN});
  b.settings.window_ms = INT64_MAX;
  b.now_ms = INT64_MIN;
  step(&b);
  for (unsigned i = 0; i < 34; i++) { /* the whole of time in 34 samples, each closing a bucket or none */
    b.now_ms = (int64_t)((uint64_t)INT64_MIN + (UINT64_MAX / 34) * i);
    b.bytes = MB * i;
    step(&b);
  }
  assert_true(b.detector.life_count > 0);
}

static void test_flat_memory_and_no_memory_are_never_called(void **state)
{
  (void)state;
  bench b;
  set_up(&b);
  b.settings.minimum_slope_bytes_per_hour = 0;
  b.settings.minimum_growth_bytes = 0;
  b.settings.confirmations = 1;
  run(&b, 10 * WINDOW, 0);
  b.bytes = 0;
  run(&b, 10 * WINDOW, 0);
  assert_int_equal(b.leaks, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_line_above_the_slope_is_called_and_one_below_is_not),
      cmocka_unit_test(test_growth_below_the_minimum_waits_for_the_life_to_show_it),
      cmocka_unit_test(test_start_up_is_not_judged),
      cmocka_unit_test(test_confirmations_delay_and_urgency_needs_one),
      cmocka_unit_test(test_zero_confirmations_mean_one),
      cmocka_unit_test(test_many_steps_are_a_leak_and_four_are_not),
      cmocka_unit_test(test_a_ramp_of_half_a_window_is_not_called_and_a_whole_one_is),
      cmocka_unit_test(test_growth_that_halves_again_and_again_is_not_called),
      cmocka_unit_test(test_what_was_held_before_is_not_news),
      cmocka_unit_test(test_beyond_an_old_height_by_half_the_rise),
      cmocka_unit_test(test_a_second_tooth_must_rise_well_above_the_first),
      cmocka_unit_test(test_a_rise_must_stand_out_of_the_noise),
      cmocka_unit_test(test_a_rise_must_count_against_the_level),
      cmocka_unit_test(test_a_late_fill_that_fades_is_not_called_and_a_line_is),
      cmocka_unit_test(test_a_leak_as_steep_as_the_growth_before_need_not_outgrow_it),
      cmocka_unit_test(test_a_late_leak_after_a_large_warm_up_is_called),
      cmocka_unit_test(test_a_release_of_half_ends_it_and_of_less_does_not),
      cmocka_unit_test(test_a_release_ends_what_only_the_life_showed_within_a_window),
      cmocka_unit_test(test_a_window_without_a_rise_ends_it_once),
      cmocka_unit_test(test_a_slowing_leak_stays_open_above_a_quarter_of_the_slope),
      cmocka_unit_test(test_a_gap_starts_afresh_and_three_buckets_do_not),
      cmocka_unit_test(test_a_case_survives_a_gap),
      cmocka_unit_test(test_polls_longer_than_a_bucket_still_see_a_leak),
      cmocka_unit_test(test_jittering_polls_change_nothing),
      cmocka_unit_test(test_a_sample_from_the_past_is_ignored),
      cmocka_unit_test(test_another_window_starts_afresh),
      cmocka_unit_test(test_the_largest_values_and_times_are_only_numbers),
      cmocka_unit_test(test_flat_memory_and_no_memory_are_never_called),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
