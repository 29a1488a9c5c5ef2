/*
 * Explanations: one sentence for each test, question and unit, as an administrator reads it; and whatever
 * bits come in, text that can go into an event.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "report/alert.h"
#include "report/explanation.h"

#define MB 1048576.0
#define GB 1073741824.0

static char text[1024];
static seep_writer writer;

static seep_writer *fresh(void)
{
  memset(text, '#', sizeof text);
  seep_writer_init(&writer, text, sizeof text);
  return &writer;
}

/* A straight line of 320 MB in 17 h. */
static seep_shape even_shape(void)
{
  seep_shape shape = {.window_ms = 17 * SEEP_MS_PER_HOUR,
                      .rise = 320.0 * MB,
                      .slope_per_hour = 320.0 * MB / 17.0,
                      .noise = (float)(3.0 * MB),
                      .even_parts = 8.0f};
  for (size_t i = 0; i <= SEEP_SHAPE_PARTS; i++) {
    shape.floors[i] = (float)(1.25 * GB + 40.0 * MB * (double)i);
  }
  return shape;
}

static const char *evidence(const seep_shape *shape, seep_unit unit)
{
  seep_explanation_evidence(shape, unit, fresh());
  assert_false(writer.cut);
  return text;
}

static void evidence_of_memory(void **state)
{
  (void)state;
  seep_shape shape = even_shape();
  assert_string_equal(
      evidence(&shape, SEEP_UNIT_BYTES),
      "In the last 17 h what it never gave back rose by 320 MB from 1.25 GB to 1.56 GB, in 8 of 8 "
      "equal parts of that time (by 40.0, 40.0, 40.0, 40.0, 40.0, 40.0, 40.0, 40.0 MB); "
      "its low points fell back by 3.00 MB on average");
  shape.age_ratio = 2.0f;
  shape.daily_share = 0.55f;
  assert_non_null(
      strstr(evidence(&shape, SEEP_UNIT_BYTES),
             "; seen over all the time it was watched the growth keeps its pace; 55 percent of it came "
             "in the same half of each day"));
  shape.age_ratio = 1.4f;
  assert_non_null(strstr(evidence(&shape, SEEP_UNIT_BYTES), "the growth has become slower"));
  shape.age_ratio = 3.0f;
  assert_non_null(strstr(evidence(&shape, SEEP_UNIT_BYTES), "the growth has become faster"));
  shape.noise = 0.0f;
  assert_non_null(strstr(evidence(&shape, SEEP_UNIT_BYTES), "; its low points never fell back;"));
}

static void evidence_counts_parts_as_it_shows_them(void **state)
{
  (void)state;
  /* 100 MB in one step, a few bytes in another: the small one shows as 0 and is not counted. */
  seep_shape shape = {.window_ms = 16 * SEEP_MS_PER_MINUTE, .rise = 100.0 * MB};
  for (size_t i = 3; i <= SEEP_SHAPE_PARTS; i++) {
    shape.floors[i] = (float)(100.0 * MB);
  }
  shape.floors[1] = shape.floors[2] = 300.0f;
  assert_string_equal(
      evidence(&shape, SEEP_UNIT_BYTES),
      "In the last 16 min what it never gave back rose by 100 MB from 0 bytes to 100 MB, in 1 of 8 "
      "equal parts of that time (by 0, 0, 100, 0, 0, 0, 0, 0 MB); its low points never fell back");
  /* A little growth of much: the two ends read alike, the parts do not. */
  for (size_t i = 0; i <= SEEP_SHAPE_PARTS; i++) {
    shape.floors[i] = (float)(100.0 * GB + 2.0 * MB * (double)i);
  }
  shape.rise = 16.0 * MB;
  assert_string_equal(
      evidence(&shape, SEEP_UNIT_BYTES),
      "In the last 16 min what it never gave back rose by 16.0 MB to 100 GB, in 8 of 8 equal parts "
      "of that time (by 2.00, 2.00, 2.00, 2.00, 2.00, 2.00, 2.00, 2.00 MB); its low points never "
      "fell back");
}

static void evidence_of_handles(void **state)
{
  (void)state;
  seep_shape shape = {.window_ms = 34 * SEEP_MS_PER_HOUR, .rise = 1600.0, .noise = 21.0f};
  for (size_t i = 0; i <= SEEP_SHAPE_PARTS; i++) {
    shape.floors[i] = 2000.0f + 200.0f * (float)i;
  }
  assert_string_equal(
      evidence(&shape, SEEP_UNIT_HANDLES),
      "In the last 1 d 10 h what it opened and never closed rose by 1600 handles from 2000 handles "
      "to 3600 handles, in 8 of 8 equal parts of that time (by 200, 200, 200, 200, 200, 200, 200, "
      "200); its low points fell back by 21 handles on average");
}

static void evidence_of_what_can_not_be(void **state)
{
  (void)state;
  seep_shape shape = {.window_ms = 0};
  assert_string_equal(evidence(&shape, SEEP_UNIT_BYTES), "Nothing was measured");
  shape = even_shape();
  shape.rise = 0.0;
  assert_string_equal(evidence(&shape, SEEP_UNIT_BYTES),
                      "In the last 17 h it did not grow; its low points fell back by 3.00 MB on average");
  static const double bad[] = {-1.0, NAN, INFINITY, -INFINITY, 18446744073709551616.0, 1e300};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    shape = even_shape();
    shape.rise = bad[i];
    assert_string_equal(evidence(&shape, SEEP_UNIT_BYTES), "The figures of this growth are not known");
    shape = even_shape();
    shape.floors[4] = (float)(bad[i] > 1e38 && bad[i] <= DBL_MAX ? (double)FLT_MAX : bad[i]);
    shape.noise = NAN;
    assert_string_equal(evidence(&shape, SEEP_UNIT_BYTES),
                        "In the last 17 h what it never gave back rose by 320 MB");
  }
  static const int64_t windows[] = {-1, INT64_MIN, INT64_MAX};
  for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
    shape = even_shape();
    shape.window_ms = windows[i];
    assert_string_equal(evidence(&shape, SEEP_UNIT_BYTES), "The figures of this growth are not known");
  }
}

/* ---- why not ---- */

static const char *why(seep_assessment assessment, bool rapid, seep_unit unit)
{
  seep_explanation_why_not(&assessment, rapid, unit, fresh());
  assert_false(writer.cut);
  return text;
}

typedef struct sentence {
  seep_test test;
  double measured, needed;
  seep_unit unit;
  const char *leak, *rapid;
} sentence;

/* Of a window of 17 h with 120 MB (or 120 handles) of growth and 10 MB (10 handles) of noise. */
static const sentence sentences[] = {
    {SEEP_TEST_WATCHED, 3.2, 17.0, SEEP_UNIT_BYTES,
     "Not a leak so far: it has been watched for only 3 h 12 min and at least 17 h are needed to tell a leak "
     "from a "
     "start-up.",
     "Not rapid growth so far: it has been watched for only 3 h 12 min and at least 17 h are needed to see "
     "how it "
     "grows."},
    {SEEP_TEST_WATCHED, 0.0, 0.25, SEEP_UNIT_HANDLES,
     "Not a leak so far: it has been watched for only 0 s and at least 15 min are needed to tell a leak from "
     "a "
     "start-up.",
     "Not rapid growth so far: it has been watched for only 0 s and at least 15 min are needed to see how it "
     "grows."},
    {SEEP_TEST_GROWTH, 3.0 * MB, 8.0 * MB, SEEP_UNIT_BYTES,
     "Not a leak: it has grown by only 3.00 MB in the last 17 h and less than 8.00 MB does not count.",
     "Not rapid growth: it has grown by only 3.00 MB in the last 17 h and less than 8.00 MB does not count."},
    {SEEP_TEST_GROWTH, 0.0, 500.0, SEEP_UNIT_HANDLES, "Not a leak: it has not grown in the last 17 h.",
     "Not rapid growth: it has not grown in the last 17 h."},
    {SEEP_TEST_GROWTH, 1.0, 500.0, SEEP_UNIT_HANDLES,
     "Not a leak: it has grown by only 1 handle in the last 17 h and less than 500 handles does not count.",
     "Not rapid growth: it has grown by only 1 handle in the last 17 h and less than 500 handles does not "
     "count."},
    {SEEP_TEST_GROWTH, 7.996 * MB, 8.0 * MB, SEEP_UNIT_BYTES,
     "Not a leak: it has grown by just less than 8.00 MB in the last 17 h and less than that does not count.",
     "Not rapid growth: it has grown by just less than 8.00 MB in the last 17 h and less than that does not "
     "count."},
    {SEEP_TEST_SLOPE, 102399.0, 102400.0, SEEP_UNIT_BYTES,
     "Not a leak: it grows by just less than 100 KB per hour and less than that does not count.",
     "Not rapid growth: it grows by just less than 100 KB per hour and less than that does not count."},
    {SEEP_TEST_SLOPE, 51200.0, 102400.0, SEEP_UNIT_BYTES,
     "Not a leak: it grows by only 50.0 KB per hour and less than 100 KB per hour does not count.",
     "Not rapid growth: it grows by only 50.0 KB per hour and less than 100 KB per hour does not count."},
    {SEEP_TEST_SLOPE, 0.04, 12.0, SEEP_UNIT_HANDLES,
     "Not a leak: it grows by only 0.0 handles per hour and less than 12 handles per hour does not count.",
     "Not rapid growth: it grows by only 0.0 handles per hour and less than 12 handles per hour does not "
     "count."},
    {SEEP_TEST_NOISE, 20.0 * MB, 30.0 * MB, SEEP_UNIT_BYTES,
     "Not a leak: its growth in the last 17 h does not stand out from what comes and goes: it is 20.0 MB "
     "where its low points fall back by 10.0 MB on average, and at least 30.0 MB would stand out.",
     "Not rapid growth: its growth in the last 17 h does not stand out from what comes and goes: it is 20.0 "
     "MB where its "
     "low points fall back by 10.0 MB on average, and at least 30.0 MB would stand out."},
    {SEEP_TEST_NOISE, 20.0, 30.0, SEEP_UNIT_HANDLES,
     "Not a leak: its growth in the last 17 h does not stand out from what comes and goes: it is 20 handles "
     "where its low points fall back by 10 "
     "handles on average, and at least 30 handles would stand out.",
     "Not rapid growth: its growth in the last 17 h does not stand out from what comes and goes: it is 20 "
     "handles "
     "where its low points fall back by 10 handles on average, and at least 30 handles would stand out."},
    {SEEP_TEST_EVEN, 1.3, 7.2, SEEP_UNIT_BYTES,
     "Not a leak: of 120 MB growth in 17 h nearly all came at once (it is spread over 1.30 of 8 equal parts "
     "of that "
     "time; a leak over at least 7.20).",
     "Not rapid growth: of 120 MB growth in 17 h nearly all came at once (it is spread over 1.30 of 8 equal "
     "parts of "
     "that time; rapid growth over at least 7.20)."},
    {SEEP_TEST_EVEN, 3.0, 7.2, SEEP_UNIT_HANDLES,
     "Not a leak: of 120 handles more in 17 h most came in a few steps (it is spread over 3.00 of 8 equal "
     "parts of "
     "that time; a leak over at least 7.20).",
     "Not rapid growth: of 120 handles more in 17 h most came in a few steps (it is spread over 3.00 of 8 "
     "equal parts "
     "of that time; rapid growth over at least 7.20)."},
    {SEEP_TEST_EVEN, 7.199, 7.2, SEEP_UNIT_BYTES,
     "Not a leak: of 120 MB growth in 17 h some parts of that time brought far more than others (it is "
     "spread over "
     "7.19 of 8 equal parts of that time; a leak over at least 7.20).",
     "Not rapid growth: of 120 MB growth in 17 h some parts of that time brought far more than others (it is "
     "spread "
     "over 7.19 of 8 equal parts of that time; rapid growth over at least 7.20)."},
    {SEEP_TEST_FADING, 0.4, 0.6, SEEP_UNIT_BYTES,
     "Not a leak: its growth fades: the newer part of the last 17 h brought 0.40 of what an even growth "
     "would have "
     "brought there, and a leak brings at least 0.60.",
     "Not rapid growth: its growth fades: the newer part of the last 17 h brought 0.40 of what an even "
     "growth would "
     "have brought there, and rapid growth brings at least 0.60."},
    {SEEP_TEST_AGE, 1.1, 1.35, SEEP_UNIT_BYTES,
     "Not a leak: seen over all the time it was watched its growth becomes slower, as a start-up or a cache "
     "that fills "
     "does (the newest half of that time brought 1.10 times as much as the quarter before it; an even growth "
     "2.00 "
     "times, a leak at least 1.35 times).",
     "Not rapid growth: seen over all the time it was watched its growth becomes slower, as a start-up or a "
     "cache that "
     "fills does (the newest half of that time brought 1.10 times as much as the quarter before it; an even "
     "growth "
     "2.00 times, rapid growth at least 1.35 times)."},
    {SEEP_TEST_NEW, 500.0 * MB, 600.0 * MB, SEEP_UNIT_BYTES,
     "Not a leak: it does not stand far enough above what it held before (now 500 MB; only from 600 MB on "
     "would that be new).",
     "Not rapid growth: it does not stand far enough above what it held before (now 500 MB; only from 600 MB "
     "on would that be new)."},
    {SEEP_TEST_NEW, 1.0, 600.0, SEEP_UNIT_HANDLES,
     "Not a leak: it does not stand far enough above what it held before (now 1 handle; only from 600 "
     "handles on would that be new).",
     "Not rapid growth: it does not stand far enough above what it held before (now 1 handle; only from 600 "
     "handles on "
     "would that be new)."},
    {SEEP_TEST_DAILY, 0.853, 0.8, SEEP_UNIT_BYTES,
     "Not a leak: most of its growth comes at the same time of day, as in a daily or weekly rhythm of work "
     "(85.3 "
     "percent of it in the same half of each day; at most 80.0 percent for a leak).",
     "Not rapid growth: most of its growth comes at the same time of day, as in a daily or weekly rhythm of "
     "work (85.3 "
     "percent of it in the same half of each day; at most 80.0 percent for rapid growth)."},
    {SEEP_TEST_STAKE, 0.021, 0.25, SEEP_UNIT_BYTES,
     "Not a leak: the proof is still incomplete and there is no danger that calls for a report before it (it "
     "has taken "
     "2.1 percent of the memory that was left; from 25.0 percent on it is dangerous).",
     "Not rapid growth: there is no danger yet (it has taken 2.1 percent of the memory that was left; from "
     "25.0 "
     "percent on it is dangerous)."},
    {SEEP_TEST_DAILY, 0.8002, 0.8, SEEP_UNIT_BYTES,
     "Not a leak: most of its growth comes at the same time of day, as in a daily or weekly rhythm of work "
     "(80.1 percent of it in the same half of each day; at most 80.0 percent for a leak).",
     "Not rapid growth: most of its growth comes at the same time of day, as in a daily or weekly rhythm of "
     "work (80.1 percent of it in the same half of each day; at most 80.0 percent for rapid growth)."},
    {SEEP_TEST_STAKE, 0.0979, 0.098, SEEP_UNIT_BYTES,
     "Not a leak: the proof is still incomplete and there is no danger that calls for a report before it (it "
     "has taken 9.7 percent of the memory that was left; from 9.8 percent on it is dangerous).",
     "Not rapid growth: there is no danger yet (it has taken 9.7 percent of the memory that was left; from "
     "9.8 percent on it is dangerous)."},
    {SEEP_TEST_STAKE, 0.021, 0.25, SEEP_UNIT_HANDLES,
     "Not a leak: the proof is still incomplete and there is no danger that calls for a report before it (it "
     "has taken "
     "2.1 percent of the handles that were left; from 25.0 percent on it is dangerous).",
     "Not rapid growth: there is no danger yet (it has taken 2.1 percent of the handles that were left; from "
     "25.0 "
     "percent on it is dangerous)."},
    {SEEP_TEST_AGAIN, 0.0, 3.0, SEEP_UNIT_BYTES,
     "Not a leak so far: it looks like a leak but not for long enough to be sure (seen just now; it takes "
     "3).",
     "Not rapid growth so far: it looks like rapid growth but not for long enough to be sure (seen just now; "
     "it takes 3)."},
    {SEEP_TEST_AGAIN, 1.0, 3.0, SEEP_UNIT_BYTES,
     "Not a leak so far: it looks like a leak but not for long enough to be sure (seen 1 time in a row; it "
     "takes 3).",
     "Not rapid growth so far: it looks like rapid growth but not for long enough to be sure (seen 1 time in "
     "a row; it "
     "takes 3)."},
    {SEEP_TEST_AGAIN, 2.0, 3.0, SEEP_UNIT_HANDLES,
     "Not a leak so far: it looks like a leak but not for long enough to be sure (seen 2 times in a row; it "
     "takes 3).",
     "Not rapid growth so far: it looks like rapid growth but not for long enough to be sure (seen 2 times "
     "in a row; "
     "it takes 3)."},
    {SEEP_TEST_PASSED, 0.0, 0.0, SEEP_UNIT_BYTES, "A leak: it passes every test for that.",
     "Rapid growth: it passes every test for that."},
};

static void each_test_has_its_sentence(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
    const sentence *expected = &sentences[i];
    double one = expected->unit == SEEP_UNIT_BYTES ? MB : 1.0;
    seep_assessment assessment = {
        .shape = {.window_ms = 17 * SEEP_MS_PER_HOUR, .rise = 120.0 * one, .noise = (float)(10.0 * one)},
        .failed = expected->test,
        .measured = expected->measured,
        .needed = expected->needed};
    assert_string_equal(why(assessment, false, expected->unit), expected->leak);
    assert_string_equal(why(assessment, true, expected->unit), expected->rapid);
  }
}

/* Every value of the enumeration, in both units, says something of its own even without figures. */
static void without_figures_the_fact_remains(void **state)
{
  (void)state;
  static const double bad[] = {NAN, INFINITY, -INFINITY, 1e300, -DBL_MAX};
  for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++) {
    for (unsigned question = 0; question < 4; question++) {
      char all[SEEP_TEST_PASSED + 1][512];
      for (int test = 0; test <= SEEP_TEST_PASSED; test++) {
        seep_assessment assessment = {.failed = (seep_test)test, .measured = bad[b], .needed = bad[b]};
        const char *said = why(assessment, (question & 1) != 0, (seep_unit)(question >> 1));
        assert_true(strlen(said) > 15);
        assert_null(strpbrk(said, "0123456789"));
        assert_null(strstr(said, "  "));
        assert_null(strstr(said, ": ."));
        seep_text_copy(all[test], sizeof all[test], said);
        for (int other = 0; other < test; other++) {
          assert_string_not_equal(all[other], said);
        }
      }
    }
  }
  seep_assessment falling = {.failed = SEEP_TEST_SLOPE, .measured = -5.0, .needed = 10.0};
  assert_string_equal(why(falling, false, SEEP_UNIT_BYTES), "Not a leak: it does not grow.");
  falling.failed = SEEP_TEST_GROWTH;
  assert_string_equal(why(falling, false, SEEP_UNIT_BYTES), "Not a leak: it has not grown.");
  seep_assessment strange = {.failed = (seep_test)99};
  assert_string_equal(why(strange, false, SEEP_UNIT_BYTES), "Not a leak: the reason is not known.");
  assert_string_equal(why(strange, true, SEEP_UNIT_HANDLES), "Not rapid growth: the reason is not known.");
}

static void tests_have_names(void **state)
{
  (void)state;
  static const char *const names[] = {"watched", "growth",  "slope", "noise", "evenness",    "fading",
                                      "age",     "novelty", "daily", "stake", "persistence", "passed"};
  assert_int_equal(sizeof names / sizeof names[0], SEEP_TEST_PASSED + 1);
  for (int test = 0; test <= SEEP_TEST_PASSED; test++) {
    assert_string_equal(seep_explanation_test_name((seep_test)test), names[test]);
  }
  assert_string_equal(seep_explanation_test_name((seep_test)(SEEP_TEST_PASSED + 1)), "unknown");
  assert_string_equal(seep_explanation_test_name((seep_test)-1), "unknown");
}

static void rates_with_their_limits(void **state)
{
  (void)state;
  char rate[SEEP_EXPLANATION_RATE_SIZE];
#define RATE(value, low, high, unit) seep_explanation_rate(value, low, high, unit, rate, sizeof rate)
  assert_string_equal(RATE(180 * MB, 175 * MB, 186 * MB, SEEP_UNIT_BYTES),
                      "180 MB per hour (175 to 186 MB per hour)");
  assert_string_equal(RATE(1023 * MB, 980 * MB, 1.02 * GB, SEEP_UNIT_BYTES),
                      "1023 MB per hour (980 MB to 1.02 GB per hour)");
  assert_string_equal(RATE(180 * MB, 0.0, 0.0, SEEP_UNIT_BYTES), "180 MB per hour");
  assert_string_equal(RATE(180 * MB, 0.0, 200 * MB, SEEP_UNIT_BYTES),
                      "180 MB per hour (0 bytes to 200 MB per hour)");
  assert_string_equal(RATE(30.01 * MB, 30.0 * MB, 30.02 * MB, SEEP_UNIT_BYTES), "30.0 MB per hour");
  assert_string_equal(RATE(180 * MB, 5.0, 4.0, SEEP_UNIT_BYTES), "180 MB per hour");
  assert_string_equal(RATE(180 * MB, -5.0, 4.0, SEEP_UNIT_BYTES), "180 MB per hour");
  assert_string_equal(RATE(180 * MB, NAN, INFINITY, SEEP_UNIT_BYTES), "180 MB per hour");
  assert_string_equal(RATE(NAN, 1.0, 2.0, SEEP_UNIT_BYTES), "-");
  assert_string_equal(RATE(INFINITY, 1.0, 2.0, SEEP_UNIT_HANDLES), "-");
  assert_string_equal(RATE(-1.0, 1.0, 2.0, SEEP_UNIT_BYTES), "-");
  assert_string_equal(RATE(2.46, 1.0, 12.4, SEEP_UNIT_HANDLES),
                      "2.5 handles per hour (1.0 to 12 handles per hour)");
  assert_string_equal(RATE(4294967295.0, 0.0, 0.0, SEEP_UNIT_HANDLES), "4294967295 handles per hour");
  assert_string_equal(RATE(18446744073709549568.0, 1.0, 18446744073709549568.0, SEEP_UNIT_BYTES),
                      "16.0 EB per hour (1 byte to 16.0 EB per hour)");
#undef RATE
  assert_string_equal(seep_explanation_rate(180 * MB, 175 * MB, 186 * MB, SEEP_UNIT_BYTES, rate, 8),
                      "180 MB ");
}

/* ---- whatever comes in ---- */

static uint64_t random_state = UINT64_C(0x9E3779B97F4A7C15);

static uint64_t random_bits(void)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

static void fill(void *into, size_t size)
{
  unsigned char *bytes = into;
  for (size_t i = 0; i < size; i++) {
    bytes[i] = (unsigned char)(random_bits() >> 24);
  }
}

/* Sizes of every order, so that the sentences with figures are reached too. */
static double any_size(void)
{
  double size = (double)(random_bits() >> 11) / 9007199254740992.0;
  for (uint64_t doublings = random_bits() % 96; doublings > 0; doublings--) {
    size *= 2.0;
  }
  return size / 65536.0;
}

static void assert_fit_for_an_event(void)
{
  size_t length = strlen(text);
  assert_true(length > 0);
  assert_true(length < SEEP_ALERT_INSERT_SIZE);
  for (size_t i = 0; i < length; i++) {
    assert_true(text[i] >= ' ' && text[i] <= '~' && text[i] != '%');
  }
  assert_null(strstr(text, "nan"));
  assert_null(strstr(text, "inf"));
  assert_null(strstr(text, "--"));
  assert_null(strstr(text, "  "));
}

static void randomize(seep_assessment *assessment, unsigned round)
{
  fill(assessment, sizeof *assessment);
  if (round % 2 != 0) {
    assessment->failed = (seep_test)(random_bits() % (SEEP_TEST_PASSED + 1));
    assessment->measured = any_size();
    assessment->needed = any_size();
    assessment->shape.window_ms = (int64_t)(random_bits() >> (random_bits() % 63));
    assessment->shape.rise = any_size();
    assessment->shape.noise = (float)any_size();
    for (size_t i = 0; i <= SEEP_SHAPE_PARTS; i++) {
      assessment->shape.floors[i] = (float)any_size();
    }
  }
}

static void any_bits_give_plain_text(void **state)
{
  (void)state;
  unsigned with_parts = 0;
  for (unsigned round = 0; round < 200000; round++) {
    seep_assessment assessment;
    randomize(&assessment, round);
    seep_unit unit = (seep_unit)(random_bits() & 1);
    seep_explanation_evidence(&assessment.shape, unit, fresh());
    assert_fit_for_an_event();
    with_parts += strstr(text, "equal parts") != NULL;
    seep_explanation_why_not(&assessment, (random_bits() & 1) != 0, unit, fresh());
    assert_fit_for_an_event();
    assert_int_equal(text[strlen(text) - 1], '.');
    char rate[SEEP_EXPLANATION_RATE_SIZE];
    seep_explanation_rate(assessment.measured, assessment.needed, assessment.shape.rise, unit, rate,
                          sizeof rate);
    assert_true(strcmp(rate, "-") == 0 || strstr(rate, " per hour") != NULL);
    assert_null(strstr(rate, "nan"));
    /* Too little room: cut, never overrun. */
    char small[24];
    seep_writer_init(&writer, small, 1 + (size_t)(random_bits() % sizeof small));
    seep_explanation_why_not(&assessment, false, unit, &writer);
    seep_explanation_evidence(&assessment.shape, unit, &writer);
    assert_true(writer.cut);
    assert_true(strlen(small) < sizeof small);
  }
  assert_true(with_parts > 1000);
}

/* The longest that figures can make it still is a whole sentence in an insert. */
static void the_longest_fits(void **state)
{
  (void)state;
  for (unsigned unit = 0; unit < 2; unit++) {
    double most = unit == SEEP_UNIT_HANDLES ? 4294967040.0 : 1.8e19;
    seep_shape shape = {.window_ms = INT64_C(36524) * SEEP_MS_PER_DAY + 23 * SEEP_MS_PER_HOUR,
                        .rise = most,
                        .noise = (float)most,
                        .age_ratio = 1.0f,
                        .daily_share = 1.0f};
    for (size_t i = 0; i <= SEEP_SHAPE_PARTS; i++) {
      shape.floors[i] = (float)((i & 1) != 0 || i == SEEP_SHAPE_PARTS ? most : most * 0.5);
    }
    shape.floors[0] = 1000.0f;
    const char *said = evidence(&shape, (seep_unit)unit);
    assert_true(strlen(said) < SEEP_ALERT_INSERT_SIZE);
    assert_non_null(strstr(said, "100 percent of it came in the same half of each day"));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(evidence_of_memory),         cmocka_unit_test(evidence_counts_parts_as_it_shows_them),
      cmocka_unit_test(evidence_of_handles),        cmocka_unit_test(evidence_of_what_can_not_be),
      cmocka_unit_test(each_test_has_its_sentence), cmocka_unit_test(without_figures_the_fact_remains),
      cmocka_unit_test(tests_have_names),           cmocka_unit_test(rates_with_their_limits),
      cmocka_unit_test(any_bits_give_plain_text),   cmocka_unit_test(the_longest_fits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
