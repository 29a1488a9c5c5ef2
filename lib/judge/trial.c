/*
 * The tests and their constants. They come from measurements over labelled families (tests/sim/judge, and
 * reference: detection, 3); what each buys is in tests/sim/judge/RESULTS.md and lib/README.md.
 *
 * A leak is confirmed first on a window as long as the observation time (usually 19 h), but there only when
 * it is very even; on windows of twice that length and more with less. Rapid growth is danger, not proof: the
 * more of the headroom is gone, the less evenness is asked for.
 */
#include "judge/trial.h"

/* What a window must show. Noise in multiples of the mean of f - g; evenness in parts of eight; the second
 * half and the last quarter as in judge/window.h; margin and old ground: how far the floor must stand above
 * what was held before, in parts of the rise and of the ground that it only took back. */
typedef struct demands {
  double noise, even, second_half, last_quarter, margin, old_ground;
} demands;

static const demands suspicion = {3.0, 4.8, 0.69, 0.33, 0.0, 0.0};
static const demands first_proof = {6.0, 6.9, 0.9, 0.85, 0.8, 0.0};
static const demands second_proof = {3.0, 6.5, 0.69, 0.33, 0.5, 2.0};
static const demands later_proof = {3.0, 4.8, 0.69, 0.33, 0.5, 2.0};
static const demands fast = {3.0, 6.8, 0.8, 0.3, 0.0, 0.0};        /* within a quarter of an hour */
static const demands dangerous = {3.0, 7.44, 0.88, 0.3, 0.0, 0.0}; /* in windows of some hours */
static const demands devouring = {3.0, 3.2, 0.4, 0.3, 0.0, 0.0};   /* in longer ones */

/* Part of the level below which a rise is never counted. */
#define RISE_OF_LEVEL 0.005

/* How far above the case before, in parts of the rise; and the share of the headroom from which it does not
 * matter any more that this ground was held before. */
#define ABOVE_HIGH_WATER 0.1
#define STAKE_OF_OLD_GROUND 0.5

/* Growth in the newest half of the life against the quarter before. The younger the process, the more like a
 * line it must have grown: what fills up is told from what leaks only by its age. Ages in observation times.
 */
#define AGE_SUSPICION 1.35
#define AGE_RAPID 1.2
#define AGE_YOUNG 1.8
#define AGE_MIDDLE 1.5
#define AGE_OLD 1.35
#define YOUNG_UNTIL 6.33  /* four and a half days */
#define MIDDLE_UNTIL 9.84 /* a week */

/* Growth that falls into the same half of each day may be a week's work that ends with the week: such a
 * window must be this many levels above the first and the process this many of its buckets old, and even
 * unless it is a step a day. */
#define DAILY_SHARE 0.8
#define DAILY_STEP 0.95
#define DAILY_LEVELS 2u
#define DAILY_BUCKETS 15u
#define DAILY_EVEN 6.0

/* Shares of the headroom. A line that would take all of it in 4 h takes 0.046 in 11 minutes. An eighth may be
 * gone at the call: windows of 8, 10 ... 16 buckets at each level miss up to a ninth of the growth. */
#define STAKE_FAST 0.044
#define STAKE_ALARMING 0.06 /* from here on the value is watched at every close of the base */
#define STAKE_AMOUNT 0.118
#define FAST_BUCKETS 12u
#define LEAST_BUCKETS 8u
#define LEAST_BASE_BUCKETS 6u /* of level 0, where an eighth may be gone within minutes */
#define BRIEF_LEVELS 5u       /* so many levels, up to windows of 4 h, ask for evenness */
#define AMOUNT_LEVELS 10u

/* Above the second proof fewer buckets will do: 16 of them would be weeks. */
#define LATER_BUCKETS 12u

static double most(double a, double b)
{
  return a > b ? a : b;
}

static bool fail(seep_trial *trial, seep_test test, double measured, double needed)
{
  trial->failed = test;
  trial->measured = measured;
  trial->needed = needed;
  return false;
}

static double share(const seep_trial *trial, double amount)
{
  return trial->headroom >= 0.0 && amount > 0.0 ? amount / (amount + trial->headroom) : 0.0;
}

/* The size of the rise, and its form inside the window. */
static bool grows(seep_trial *trial, const demands *asked)
{
  seep_window *window = &trial->window;
  double least_rise = most(trial->minimum_growth, RISE_OF_LEVEL * seep_window_now(window));
  if (window->rise <= 0.0 || window->rise < least_rise) {
    return fail(trial, SEEP_TEST_GROWTH, window->rise, least_rise);
  }
  double slope = seep_window_slope(window);
  if (slope < trial->minimum_slope_per_hour) {
    return fail(trial, SEEP_TEST_SLOPE, slope, trial->minimum_slope_per_hour);
  }
  seep_window_measure(window);
  if (window->rise < asked->noise * window->noise) {
    return fail(trial, SEEP_TEST_NOISE, window->rise, asked->noise * window->noise);
  }
  if (window->even < asked->even) {
    return fail(trial, SEEP_TEST_EVEN, window->even, asked->even);
  }
  double second_half = seep_window_second_half(window), last_quarter = seep_window_last_quarter(window);
  if (second_half < asked->second_half) {
    return fail(trial, SEEP_TEST_FADING, second_half, asked->second_half);
  }
  return last_quarter >= asked->last_quarter ||
         fail(trial, SEEP_TEST_FADING, last_quarter, asked->last_quarter);
}

static bool keeps_its_pace(seep_trial *trial, double newest, double needed)
{
  double ratio = seep_window_age_ratio(trial->floors, newest);
  return ratio == 0.0 || ratio >= needed || fail(trial, SEEP_TEST_AGE, ratio, needed);
}

/* Above what was held before; *before is negative when nothing is known of it. */
static bool is_new(seep_trial *trial, const demands *asked, bool peaks, double *before)
{
  const seep_window *window = &trial->window;
  double now = seep_window_now(window);
  *before = seep_window_before(window, trial->floors, peaks);
  double margin = most(asked->margin * window->rise, asked->old_ground * (*before - window->g[0]));
  if (*before > 0.0 && now < *before + margin) {
    return fail(trial, SEEP_TEST_NEW, now, *before + margin);
  }
  double mark = trial->high_water + ABOVE_HIGH_WATER * window->rise;
  return trial->high_water <= 0.0 || now >= mark || share(trial, window->rise) >= STAKE_OF_OLD_GROUND ||
         fail(trial, SEEP_TEST_NEW, now, mark);
}

static double age_demanded(const seep_floors *floors, unsigned level)
{
  if (level <= floors->long_level) {
    return level < floors->long_level ? AGE_SUSPICION : AGE_YOUNG;
  }
  double age = (double)floors->closed / (double)(SEEP_FLOORS_RING << floors->long_level);
  if (age >= MIDDLE_UNTIL) {
    return AGE_OLD;
  }
  return age < YOUNG_UNTIL ? AGE_YOUNG : AGE_MIDDLE;
}

static bool is_no_working_day(seep_trial *trial, unsigned level)
{
  const seep_floors *floors = trial->floors;
  if (level <= floors->long_level || level > floors->long_level + 1u + DAILY_LEVELS) {
    return true;
  }
  double daily = seep_window_daily_share(floors);
  if (daily < DAILY_SHARE) {
    return true;
  }
  bool lasted = level == floors->long_level + 1u + DAILY_LEVELS && floors->closed >= DAILY_BUCKETS << level &&
                (daily >= DAILY_STEP || trial->window.even >= DAILY_EVEN);
  return lasted || fail(trial, SEEP_TEST_DAILY, daily, DAILY_SHARE);
}

static bool open_for_leak(seep_trial *trial, unsigned level)
{
  const seep_floors *floors = trial->floors;
  unsigned have = seep_floors_count(floors, level), first = floors->long_level;
  unsigned needed = level == first ? trial->proof : level > first + 1u ? LATER_BUCKETS : SEEP_FLOORS_RING;
  trial->window.count = 0;
  double rise = seep_window_rise(floors, level);
  if (level != first && rise < trial->minimum_growth && have == SEEP_FLOORS_RING) {
    return fail(trial, SEEP_TEST_GROWTH, rise, trial->minimum_growth);
  }
  unsigned count = level == first || have < needed ? needed : have;
  if (seep_window_open(&trial->window, floors, level, count)) {
    return true;
  }
  trial->window.count = 0;
  double hours_each = seep_floors_bucket_hours(floors, level);
  return fail(trial, SEEP_TEST_WATCHED, (floors->closed >> level) * hours_each, needed * hours_each);
}

bool seep_trial_leak(seep_trial *trial, unsigned level)
{
  unsigned first = trial->floors->long_level;
  const demands *asked = level < first        ? &suspicion
                         : level == first     ? &first_proof
                         : level == first + 1 ? &second_proof
                                              : &later_proof;
  double before;
  if (!open_for_leak(trial, level) || !grows(trial, asked) ||
      !keeps_its_pace(trial, -1.0, age_demanded(trial->floors, level)) ||
      !is_new(trial, asked, level < first, &before) || !is_no_working_day(trial, level)) {
    return false;
  }
  trial->failed = SEEP_TEST_PASSED;
  return true;
}

unsigned seep_trial_closes(const seep_floors *floors, unsigned level)
{
  return level == floors->long_level ? 2 : 3;
}

/* What was taken back of old ground is no news: the stake is asked of what is new as well. */
static bool endangers(seep_trial *trial, const demands *asked, double stake, double *from)
{
  double before;
  double now = seep_window_now(&trial->window);
  if (!grows(trial, asked) || !keeps_its_pace(trial, now, AGE_RAPID) ||
      !is_new(trial, asked, true, &before)) {
    return false;
  }
  *from = before > trial->window.g[0] ? before : trial->window.g[0];
  double taken = share(trial, now - *from);
  if (taken < stake) {
    return fail(trial, SEEP_TEST_STAKE, taken, stake);
  }
  trial->failed = SEEP_TEST_PASSED;
  return true;
}

static bool open_for_rapid(seep_trial *trial, unsigned level, unsigned least_buckets, double stake)
{
  unsigned have = seep_floors_count(trial->floors, level);
  trial->window.count = 0;
  if (have < least_buckets) {
    double hours_each = seep_floors_bucket_hours(trial->floors, level);
    return fail(trial, SEEP_TEST_WATCHED, have * hours_each, least_buckets * hours_each);
  }
  double taken = share(trial, seep_window_rise(trial->floors, level));
  if (taken < stake && !trial->thorough) {
    return fail(trial, SEEP_TEST_STAKE, taken, stake);
  }
  return seep_window_open(&trial->window, trial->floors, level, have);
}

bool seep_trial_rapid_now(seep_trial *trial)
{
  double from;
  if (!open_for_rapid(trial, 0, FAST_BUCKETS, STAKE_FAST)) {
    return false;
  }
  seep_window whole = trial->window;
  seep_window_cut(&trial->window, &whole, FAST_BUCKETS);
  return endangers(trial, &fast, STAKE_FAST, &from);
}

bool seep_trial_rapid_amount(seep_trial *trial, unsigned level, double *from)
{
  unsigned least_buckets = level == 0 ? LEAST_BASE_BUCKETS : LEAST_BUCKETS;
  if (level >= AMOUNT_LEVELS || !open_for_rapid(trial, level, least_buckets, STAKE_ALARMING)) {
    return false;
  }
  seep_window whole = trial->window;
  const demands *asked = level < BRIEF_LEVELS ? &dangerous : &devouring;
  double stake = trial->thorough ? STAKE_AMOUNT : STAKE_ALARMING;
  for (unsigned count = whole.count & ~1u; count >= least_buckets; count -= 2) {
    seep_window_cut(&trial->window, &whole, count);
    if (endangers(trial, asked, stake, from)) {
      return true;
    }
  }
  return false;
}

bool seep_trial_is_danger(const seep_trial *trial, double from, double now)
{
  return share(trial, now - from) >= STAKE_AMOUNT;
}
