/*
 * Is it a leak or a cache? Two curves decide: what was alive as time went on, and of what is there at the end
 * when it was allocated. What came in the first tenth of the process's time is its beginning, what came in
 * the last tenth (or the last ten seconds) may yet be given back; of what lies between
 *   - only what is spread over time counts, not what came in a few moments;
 *   - the live bytes must have risen by it, or it has only taken the place of something (a cache that renews
 *     itself is as large as ever, and all of it is new);
 *   - what was added early must have survived;
 *   - the rise must go on: one whose last third is less than half of what went before flattens, unless
 *     chance alone would do that to so few allocations.
 * If that is at least a fifth of what is left, the growth is steady.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/answer_internal.h"

#define PARTS ((size_t)SEEP_TRACE_BUCKETS)
#define LATE_MS INT64_C(10000)

/* Between beginning and end there must be so many parts, or they tell nothing. */
#define LEAST_PARTS 6u

/* So many of the largest parts do not say what is usual; a part counts for so many usual ones at most. */
#define MOMENTS 4u
#define USUAL_TIMES 8.0

/* Rises that differ by less than so many times what chance makes of them are the same. */
#define CHANCE_TIMES_SQUARED 2.25 /* one and a half times */

/* Of what is left, steady growth has at least one part in so many. */
#define STEADY_PART 5u

const char *seep_growth_pattern_text(seep_growth_pattern pattern)
{
  switch (pattern) {
  case SEEP_GROWTH_STEADY:
    return "steady";
  case SEEP_GROWTH_EARLY:
    return "early";
  case SEEP_GROWTH_LATE:
    return "late";
  case SEEP_GROWTH_BURST:
    return "burst";
  default:
    return "none";
  }
}

static double least(double a, double b)
{
  return a < b ? a : b;
}

static double most(double a, double b)
{
  return a > b ? a : b;
}

static size_t part_of(int64_t ms, int64_t duration_ms)
{
  if (ms <= 0) {
    return 0;
  }
  return ms >= duration_ms ? PARTS - 1 : (size_t)((double)ms * (double)PARTS / (double)duration_ms);
}

seep_answer__window seep_answer__window_of(int64_t duration_ms, int64_t from_ms, int64_t to_ms)
{
  seep_answer__window window = {.end = PARTS};
  size_t recent = 0;
  if (duration_ms > 0) {
    window.part_hours = (double)duration_ms / (double)PARTS / (double)SEEP_MS_PER_HOUR;
    window.first = part_of(from_ms, duration_ms);
    window.end = part_of(to_ms, duration_ms) + 1;
    window.end = window.end > window.first ? window.end : window.first + 1;
    int64_t part_ms = duration_ms / (int64_t)PARTS;
    recent = part_ms > 0 ? (size_t)(LATE_MS / part_ms) : PARTS;
    recent += part_ms > 0 && LATE_MS % part_ms != 0 ? 1 : 0;
  }
  size_t length = window.end - window.first;
  size_t tenth = length / 10 > 0 ? length / 10 : 1;
  size_t quarter = length / 4 > 0 ? length / 4 : 1;
  size_t late = recent > tenth ? recent : tenth;
  late = late < quarter ? late : quarter;
  window.early_end = window.first + tenth;
  window.late_begin = window.end - (late < length ? late : length);
  window.late_begin = window.late_begin > window.early_end ? window.late_begin : window.early_end;
  return window;
}

void seep_answer__curve(const int64_t change[SEEP_TRACE_BUCKETS], uint64_t curve[SEEP_TRACE_BUCKETS])
{
  int64_t live = 0;
  for (size_t i = 0; i < PARTS; i++) {
    bool wraps = change[i] > 0 ? live > INT64_MAX - change[i] : live < INT64_MIN - change[i];
    live = wraps ? (change[i] > 0 ? INT64_MAX : INT64_MIN) : live + change[i];
    curve[i] = live > 0 ? (uint64_t)live : 0;
  }
}

static int by_size(const void *a, const void *b)
{
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Of at most PARTS numbers; sorts them. */
static double median(double *numbers, size_t count)
{
  qsort(numbers, count, sizeof *numbers, by_size);
  return count % 2 != 0 ? numbers[count / 2] : (numbers[count / 2 - 1] + numbers[count / 2]) / 2.0;
}

static double median_of_curve(const uint64_t *curve, size_t count)
{
  double numbers[SEEP_TRACE_BUCKETS];
  for (size_t i = 0; i < count; i++) {
    numbers[i] = (double)curve[i];
  }
  return median(numbers, count);
}

/* What lies between beginning and end, with the curve one part before it. */
typedef struct middle {
  size_t count;
  double before;         /* live bytes where it begins */
  const uint64_t *curve; /* at the end of each of its parts */
  double kept[SEEP_TRACE_BUCKETS];
} middle;

static double live_after(const middle *span, size_t parts)
{
  return parts == 0 ? span->before : (double)span->curve[parts - 1];
}

/* Cuts what came in a few moments down to what is usual; returns what is left. */
static double spread_of(middle *span)
{
  double sorted[SEEP_TRACE_BUCKETS];
  double usual = 0.0;
  double sum = 0.0;
  memcpy(sorted, span->kept, span->count * sizeof *sorted);
  qsort(sorted, span->count, sizeof *sorted, by_size);
  for (size_t i = 0; i + MOMENTS < span->count; i++) {
    usual += sorted[i];
  }
  usual /= (double)(span->count - MOMENTS);
  for (size_t i = 0; i < span->count; i++) {
    span->kept[i] = least(span->kept[i], usual * USUAL_TIMES);
    sum += span->kept[i];
  }
  return sum;
}

/* How far a part's rise is off by chance, as a square: half the mean of the squares of what it differs by
 * from the one before, so that a rise that changes slowly has next to none. */
static double scatter_squared(const middle *span)
{
  double squares = 0.0;
  for (size_t i = 1; i < span->count; i++) {
    double here = live_after(span, i + 1) - live_after(span, i);
    double before = live_after(span, i) - live_after(span, i - 1);
    squares += (here - before) * (here - before);
  }
  return squares / (2.0 * (double)(span->count - 1));
}

static bool flattens(const middle *span)
{
  size_t third = span->count / 3;
  double parts = (double)third;
  double times = (double)(span->count - third) / parts; /* thirds before the last one */
  double before = (live_after(span, span->count - third) - live_after(span, 0)) / times;
  double last = live_after(span, span->count) - live_after(span, span->count - third);
  double chance_squared = scatter_squared(span) * (parts + parts / times);
  double apart = before - last;
  return last < before / 2.0 && apart * apart > CHANCE_TIMES_SQUARED * chance_squared;
}

/* Much was added in the first half, and hardly anything of it is there at the end. */
static bool was_replaced(const middle *span, double spread)
{
  size_t half = span->count / 2;
  double added = live_after(span, half) - live_after(span, 0);
  double kept = 0.0;
  for (size_t i = 0; i < half; i++) {
    kept += span->kept[i];
  }
  return added > spread / 4.0 && kept < added / 4.0;
}

/* How much the live bytes rose, from the medians of the first and of the last third, so that no moment
 * decides. */
static double rise_of(const middle *span)
{
  size_t third = span->count / 3;
  double low = median_of_curve(span->curve, third);
  double high = median_of_curve(span->curve + span->count - third, third);
  return (high - low) * (double)span->count / (double)(span->count - third);
}

static uint64_t steady_of(const seep_answer__window *window, const uint64_t *curve, const uint64_t *kept,
                          uint64_t live_bytes)
{
  middle span = {.count = window->late_begin - window->early_end};
  if (span.count < LEAST_PARTS) {
    return 0;
  }
  span.curve = curve + window->early_end;
  span.before = (double)curve[window->early_end - 1];
  for (size_t i = 0; i < span.count; i++) {
    span.kept[i] = (double)kept[window->early_end + i];
  }
  double spread = spread_of(&span);
  double rise = rise_of(&span);
  if (spread <= 0.0 || rise < spread / 2.0 || was_replaced(&span, spread) || flattens(&span)) {
    return 0;
  }
  double steady = least(spread, rise);
  return steady < (double)live_bytes ? (uint64_t)steady : live_bytes;
}

/* By how much the live bytes rose in that part. */
static double rise_in(const uint64_t *curve, size_t part)
{
  return (double)curve[part] - (part > 0 ? (double)curve[part - 1] : 0.0);
}

/* Does the memory come from one or two moments? A cache that renews itself may look like it, but has not
 * grown then. */
static bool is_burst(const seep_answer__window *window, const uint64_t *curve, const uint64_t *kept,
                     double between)
{
  size_t largest = window->early_end;
  size_t second = window->early_end;
  for (size_t i = window->early_end + 1; i < window->late_begin; i++) {
    if (kept[i] > kept[largest]) {
      second = largest;
      largest = i;
    } else if (second == largest || kept[i] > kept[second]) {
      second = i;
    }
  }
  double both = (double)kept[largest] + (second != largest ? (double)kept[second] : 0.0);
  double rise = rise_in(curve, largest) + (second != largest ? rise_in(curve, second) : 0.0);
  return both >= between / 2.0 && rise >= both / 2.0;
}

/* What not steady growth is called: by where most of it lies. */
static seep_growth_pattern unsteady_pattern(const seep_answer__window *window, const uint64_t *curve,
                                            const uint64_t *kept)
{
  double early = 0.0;
  double late = 0.0;
  double between = 0.0;
  for (size_t i = 0; i < PARTS; i++) {
    double bytes = (double)kept[i];
    early += i < window->early_end ? bytes : 0.0;
    late += i >= window->late_begin ? bytes : 0.0;
    between += i >= window->early_end && i < window->late_begin ? bytes : 0.0;
  }
  if (early >= late && early >= between) {
    return SEEP_GROWTH_EARLY;
  }
  if (late >= between) {
    return SEEP_GROWTH_LATE;
  }
  if (is_burst(window, curve, kept, between)) {
    return SEEP_GROWTH_BURST;
  }
  /* Spread, and yet not steady: a cache, if it was there before the end. */
  size_t before_end = window->first + (window->end - window->first) * 2 / 3;
  return curve[before_end] >= curve[window->end - 1] / 2 ? SEEP_GROWTH_EARLY : SEEP_GROWTH_LATE;
}

/* The median of the slopes between any two parts of the time in which it grew. */
static double slope_of(const seep_answer__window *window, const uint64_t *curve, const uint64_t *kept)
{
  double slopes[SEEP_TRACE_BUCKETS * (SEEP_TRACE_BUCKETS - 1) / 2];
  size_t count = 0;
  size_t from = window->early_end;
  size_t to = window->late_begin;
  while (from < to && kept[from] == 0) {
    from++;
  }
  while (to > from && kept[to - 1] == 0) {
    to--;
  }
  for (size_t i = from; i < to; i++) {
    for (size_t j = i + 1; j < to; j++) {
      slopes[count++] = ((double)curve[j] - (double)curve[i]) / (double)(j - i);
    }
  }
  if (count == 0 || window->part_hours <= 0.0) {
    return 0.0;
  }
  qsort(slopes, count, sizeof *slopes, by_size);
  return most(slopes[count / 2], 0.0) / window->part_hours;
}

seep_answer__growth seep_answer__growth_of(const seep_answer__window *window, uint64_t live_bytes,
                                           const uint64_t curve[SEEP_TRACE_BUCKETS],
                                           const uint64_t kept[SEEP_TRACE_BUCKETS], bool with_slope)
{
  seep_answer__growth growth = {.pattern = SEEP_GROWTH_NONE};
  if (live_bytes == 0) {
    return growth;
  }
  growth.steady_bytes = steady_of(window, curve, kept, live_bytes);
  if (growth.steady_bytes >= live_bytes / STEADY_PART && growth.steady_bytes > 0) {
    growth.pattern = SEEP_GROWTH_STEADY;
    growth.bytes_per_hour = with_slope ? slope_of(window, curve, kept) : 0.0;
  } else {
    growth.pattern = unsteady_pattern(window, curve, kept);
  }
  return growth;
}
