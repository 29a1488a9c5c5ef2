/*
 * The sentences of judge/shape.h's tests. Each states its fact first, in words that hold without figures, and
 * adds what was measured and what was needed where both are figures that can be. Nothing here knows a
 * constant of the detector: the needed values come with the assessment.
 */
#include "report/explanation.h"

#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "report/explanation_private.h"

#define SHARE_MOST 1.0
#define HOURS_MOST ((double)SEEP_EXPLANATION__LONGEST_MS / (double)SEEP_MS_PER_HOUR)

typedef struct question {
  const seep_assessment *assessment;
  bool rapid;
  seep_unit unit;
  bool known; /* measured and needed are figures that can be */
  seep_writer *writer;
} question;

static void say(const question *q, const char *text)
{
  seep_writer_text(q->writer, text);
}

static const char *called(const question *q)
{
  return q->rapid ? "rapid growth" : "a leak";
}

/* Two decimals, rounded down: what is just too little must not read like enough. */
static void say_measured(const question *q)
{
  seep_explanation__write_figure(q->writer, (double)(uint64_t)(q->assessment->measured * 100.0) / 100.0, 2);
}

/* With one decimal, and rounded away from what would have been enough. */
static void say_share(const question *q, bool up)
{
  double thousandths = (double)(uint64_t)(q->assessment->measured * 1000.0);
  thousandths += up && thousandths < q->assessment->measured * 1000.0 ? 1.0 : 0.0;
  seep_explanation__write_percent(q->writer, thousandths / 1000.0, 1);
}

/* " in 17 h"; nothing where the window is not known. */
static void say_window(const question *q, const char *before)
{
  if (seep_explanation__is_window(q->assessment->shape.window_ms)) {
    say(q, before);
    seep_explanation__write_duration(q->writer, q->assessment->shape.window_ms);
  }
}

static bool has_rise(const question *q)
{
  return seep_explanation__can_be(q->assessment->shape.rise, q->unit) && q->assessment->shape.rise >= 0.5;
}

/* "of 120 MB growth in 17 h " */
static void say_rise(const question *q)
{
  if (has_rise(q)) {
    say(q, "of ");
    seep_explanation__write_amount(q->writer, q->assessment->shape.rise, q->unit);
    say(q, q->unit == SEEP_UNIT_HANDLES ? " more" : " growth");
    say_window(q, " in ");
    say(q, " ");
  }
}

static void why_watched(const question *q)
{
  if (!q->known) {
    say(q, "it has not been watched for long enough");
    return;
  }
  say(q, "it has been watched for only ");
  seep_explanation__write_duration(q->writer, (int64_t)(q->assessment->measured * (double)SEEP_MS_PER_HOUR));
  say(q, " and at least ");
  seep_explanation__write_duration(q->writer, (int64_t)(q->assessment->needed * (double)SEEP_MS_PER_HOUR));
  say(q, q->rapid ? " are needed to see how it grows" : " are needed to tell a leak from a start-up");
}

static void why_growth(const question *q)
{
  char grown[SEEP_EXPLANATION__FIGURE_SIZE], needed[SEEP_EXPLANATION__FIGURE_SIZE];
  if (!q->known || q->assessment->measured < 0.5) {
    say(q, q->assessment->measured < 0.5 ? "it has not grown" : "it has grown by too little to count");
    say_window(q, " in the last ");
    return;
  }
  seep_explanation__amount(q->assessment->measured, q->unit, grown, sizeof grown);
  seep_explanation__amount(q->assessment->needed, q->unit, needed, sizeof needed);
  bool alike = strcmp(grown, needed) == 0; /* and still too little */
  say(q, alike ? "it has grown by just less than " : "it has grown by only ");
  say(q, grown);
  say_window(q, " in the last ");
  say(q, " and less than ");
  say(q, alike ? "that" : needed);
  say(q, " does not count");
}

static void why_slope(const question *q)
{
  char rate[SEEP_EXPLANATION__FIGURE_SIZE], needed[SEEP_EXPLANATION__FIGURE_SIZE];
  if (!q->known) {
    say(q, q->assessment->measured < 0.0 ? "it does not grow" : "it grows too slowly to count");
    return;
  }
  seep_explanation__rate(q->assessment->measured, q->unit, rate, sizeof rate);
  seep_explanation__rate(q->assessment->needed, q->unit, needed, sizeof needed);
  bool alike = strcmp(rate, needed) == 0;
  say(q, alike ? "it grows by just less than " : "it grows by only ");
  say(q, rate);
  say(q, " and less than ");
  say(q, alike ? "that" : needed);
  say(q, " does not count");
}

static void why_noise(const question *q)
{
  double noise = (double)q->assessment->shape.noise;
  if (!q->known || !seep_explanation__can_be(noise, q->unit)) {
    say(q, "its growth does not stand out from what comes and goes");
    return;
  }
  say(q, "its growth");
  say_window(q, " in the last ");
  say(q, " does not stand out from what comes and goes: it is ");
  seep_explanation__write_amount(q->writer, q->assessment->measured, q->unit);
  say(q, " where its low points fall back by ");
  seep_explanation__write_amount(q->writer, noise, q->unit);
  say(q, " on average, and at least ");
  seep_explanation__write_amount(q->writer, q->assessment->needed, q->unit);
  say(q, " would stand out");
}

/* "a leak over at least 4.80" */
static void say_demand(const question *q, const char *at_least)
{
  say(q, called(q));
  say(q, at_least);
  seep_explanation__write_figure(q->writer, q->assessment->needed, 2);
}

static void why_even(const question *q)
{
  double parts = q->assessment->measured;
  say_rise(q);
  if (!q->known) {
    say(q, "too much came in too short a time");
    return;
  }
  say(q, parts < 2.0   ? "nearly all came at once"
         : parts < 4.5 ? "most came in a few steps"
                       : "some parts of that time brought far more than others");
  say(q, " (it is spread over ");
  say_measured(q);
  say(q, " of 8 equal parts of that time; ");
  say_demand(q, " over at least ");
  say(q, ")");
}

static void why_fading(const question *q)
{
  say(q, "its growth fades");
  if (q->known) {
    say(q, ": the newer part");
    say_window(q, " of the last ");
    say(q, " brought ");
    say_measured(q);
    say(q, " of what an even growth would have brought there, and ");
    say_demand(q, " brings at least ");
  }
}

static void why_age(const question *q)
{
  say(q, "seen over all the time it was watched its growth becomes slower, as a start-up or a cache that "
         "fills does");
  if (q->known) {
    say(q, " (the newest half of that time brought ");
    say_measured(q);
    say(q, " times as much as the quarter before it; an even growth 2.00 times, ");
    say_demand(q, " at least ");
    say(q, " times)");
  }
}

static void why_new(const question *q)
{
  say(q, "it does not stand far enough above what it held before");
  if (q->known) {
    say(q, " (now ");
    seep_explanation__write_amount(q->writer, q->assessment->measured, q->unit);
    say(q, "; only from ");
    seep_explanation__write_amount(q->writer, q->assessment->needed, q->unit);
    say(q, " on would that be new)");
  }
}

static void why_daily(const question *q)
{
  say(q, "most of its growth comes at the same time of day, as in a daily or weekly rhythm of work");
  if (q->known) {
    say(q, " (");
    say_share(q, true);
    say(q, " of it in the same half of each day; at most ");
    seep_explanation__write_percent(q->writer, q->assessment->needed, 1);
    say(q, q->rapid ? " for rapid growth)" : " for a leak)");
  }
}

/* What it has taken says nothing against a leak, only that it need not be told before it is proven. */
static void why_stake(const question *q)
{
  const char *what = q->unit == SEEP_UNIT_HANDLES ? "handles that were left" : "memory that was left";
  say(q, q->rapid ? "there is no danger yet"
                  : "the proof is still incomplete and there is no danger that calls for a report before it");
  if (q->known) {
    say(q, " (it has taken ");
    say_share(q, false);
    seep_writer_format(q->writer, " of the %s; ", what);
    say(q, "from ");
    seep_explanation__write_percent(q->writer, q->assessment->needed, 1);
    say(q, " on it is dangerous)");
  }
}

static void why_again(const question *q)
{
  say(q, q->rapid ? "it looks like rapid growth but not for long enough to be sure"
                  : "it looks like a leak but not for long enough to be sure");
  if (!q->known) {
    return;
  }
  if (q->assessment->measured < 0.5) { /* since the last time that counted */
    say(q, " (seen just now; it takes ");
  } else {
    say(q, " (seen ");
    seep_explanation__write_figure(q->writer, q->assessment->measured, 0);
    say(q, q->assessment->measured < 1.5 ? " time in a row; it takes " : " times in a row; it takes ");
  }
  seep_explanation__write_figure(q->writer, q->assessment->needed, 0);
  say(q, ")");
}

typedef struct test_words {
  const char *name;
  double most; /* of its figures; 0: they are in the unit */
  bool so_far; /* only time is missing */
  void (*why)(const question *q);
} test_words;

static const test_words words[] = {
    [SEEP_TEST_WATCHED] = {"watched", HOURS_MOST, true, why_watched},
    [SEEP_TEST_GROWTH] = {"growth", 0.0, false, why_growth},
    [SEEP_TEST_SLOPE] = {"slope", 0.0, false, why_slope},
    [SEEP_TEST_NOISE] = {"noise", 0.0, false, why_noise},
    [SEEP_TEST_EVEN] = {"evenness", SEEP_SHAPE_PARTS, false, why_even},
    [SEEP_TEST_FADING] = {"fading", SEEP_EXPLANATION__RATIO_MOST, false, why_fading},
    [SEEP_TEST_AGE] = {"age", SEEP_EXPLANATION__RATIO_MOST, false, why_age},
    [SEEP_TEST_NEW] = {"novelty", 0.0, false, why_new},
    [SEEP_TEST_DAILY] = {"daily", SHARE_MOST, false, why_daily},
    [SEEP_TEST_STAKE] = {"stake", SHARE_MOST, false, why_stake},
    [SEEP_TEST_AGAIN] = {"persistence", SEEP_EXPLANATION__RATIO_MOST, true, why_again},
    [SEEP_TEST_PASSED] = {"passed", 0.0, false, NULL}};

static const test_words *words_of(seep_test test)
{
  /* Through an unsigned: what comes from a mistake may be negative. */
  unsigned index = (unsigned)test;
  return index < sizeof words / sizeof words[0] ? &words[index] : NULL;
}

static bool figure_can_be(const test_words *of, double value, seep_unit unit)
{
  return of->most > 0.0 ? value >= 0.0 && value <= of->most : seep_explanation__can_be(value, unit);
}

const char *seep_explanation_test_name(seep_test test)
{
  const test_words *of = words_of(test);
  return of != NULL ? of->name : "unknown";
}

void seep_explanation_why_not(const seep_assessment *assessment, bool rapid, seep_unit unit,
                              seep_writer *writer)
{
  const test_words *of = words_of(assessment->failed);
  if (assessment->failed == SEEP_TEST_PASSED) {
    seep_writer_text(writer, rapid ? "Rapid growth: it passes every test for that."
                                   : "A leak: it passes every test for that.");
    return;
  }
  seep_writer_text(writer, rapid ? "Not rapid growth" : "Not a leak");
  if (of == NULL) {
    seep_writer_text(writer, ": the reason is not known.");
    return;
  }
  const question q = {
      assessment, rapid, unit,
      figure_can_be(of, assessment->measured, unit) && figure_can_be(of, assessment->needed, unit), writer};
  say(&q, of->so_far ? " so far: " : ": ");
  of->why(&q);
  say(&q, ".");
}
