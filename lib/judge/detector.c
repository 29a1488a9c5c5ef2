/*
 * The detector's arithmetic: closes buckets, keeps two rings of floors and puts seven questions to each: to
 * the window at each close of a bucket, and to the newest sixteen parts of the watched life at each close of
 * a part. All seven must agree, several closes in a row. The life sees what drowns in the window's noise: a
 * slow leak under deep sawteeth.
 *
 * f[i] is the least commit of bucket i, g[i] = min(f[i..last]) what bucket i held and nobody gave back since:
 * the unreleased floor. g never falls, so growth is g's rise and noise is f - g. The numbers below come from
 * measurements over labelled series (reference: detection, 3 and 6), unless their comment says otherwise.
 */
#include "judge/detector.h"

#include <assert.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#define BUCKETS SEEP_DETECTOR_BUCKETS
#define HALF 8u
#define LAST_STEPS 4u /* from the end of the third quarter to the end */
#define LIFE SEEP_DETECTOR_LIFE

static_assert(BUCKETS == 2 * HALF && BUCKETS == 4 * LAST_STEPS, "the parts of a window");

/* T1 size: the rise against the level (a thousandth: 20 MB in a process of 20 GB) and against the mean of f -
 * g. */
#define RISE_OF_LEVEL 0.001
#define RISE_OF_NOISE 3.0

/* T2 evenness: R^2 / sum(r^2) over eight parts; 8 is a straight line, 1 a single step. A ramp over half the
 * window reaches 4.57 wherever it lies, four equal steps reach 4. The reference has 4.8; noise on such a ramp
 * passed that in 2 of 10,000 series and 5.4 in none, and a straight line is called no later for it. */
#define PARTS 8u
#define EVEN_PARTS 5.4

/* T3 no fade inside the window: second half against the first, last quarter against its share. */
#define SECOND_HALF 0.6
#define LAST_QUARTER 0.35

/* T4 no fade over the watched life T: growth in [T/2, T] against growth in [T/4, T/2]. A straight line
 * doubles, a square root gives 1.41, a logarithm 1, a filling cache less. Ours: the window's noise is held
 * against the younger and for the older growth; and a rate now that is no less than the rate in [T/4, T/2]
 * passes too. */
#define AGE_DOUBLING 1.5
#define AGE_DOUBT 1.0
#define AGE_RATE 1.0

/* T5 novelty: how far, in parts of the rise, the floor must stand above what was held before the window, and
 * above the beginning of the window itself (the first six buckets: a rise that began later has too few parts
 * for T2). Ours: the more was given back since the old peak, the further above it; no day is exactly like the
 * one before. */
#define NOVELTY_BEFORE 0.5
#define NOVELTY_OF_RELEASE 0.25
#define NOVELTY_INSIDE 0.25
#define NOVELTY_BUCKETS 6u

/* Ours: once called, a window that rises by less than this part of the minimum slope is quiet. */
#define QUIET_SLOPE 0.25

/* The life's ring is not folded beyond this many buckets a part. With buckets of 1 ms, which nobody wants, it
 * then stops after 25 days; with the shortest window that the settings allow it holds 68 years. */
#define LONGEST_PART (1u << 25)

/* A longer hole between two samples is not bridged. */
#define GAP_BUCKETS 3u

/* Sixteen equal spans of time, oldest first: of the window, or of the life. */
typedef struct floors {
  uint64_t f[BUCKETS];
  uint64_t g[BUCKETS];
  unsigned buckets_each;
  double hours_each;
} floors;

static uint64_t elapsed_ms(seep_mono now, seep_mono then)
{
  return (uint64_t)now.ms - (uint64_t)then.ms; /* unsigned: defined for any two moments with now >= then */
}

static uint64_t least(uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
  return a > b ? a : b;
}

/* The i-th oldest floor in the window's ring. */
static uint64_t floor_at(const seep_detector *detector, unsigned i)
{
  return detector->floors[(detector->floor_next + BUCKETS - detector->floor_count + i) % BUCKETS];
}

/* What was held once and given back is no news later. */
static void remember(seep_detector *detector, uint64_t floor)
{
  detector->older_peak = most(detector->older_peak, floor);
  uint64_t released = detector->older_peak - floor;
  if (released > detector->released_bytes) {
    detector->released_bytes = released;
    detector->released_peak = detector->older_peak;
  }
}

static void forget_window(seep_detector *detector)
{
  for (unsigned i = 0; i < detector->floor_count; i++) {
    remember(detector, floor_at(detector, i));
  }
  detector->floor_count = 0;
  detector->floor_next = 0;
  detector->agreeing = 0;
  detector->life_agreeing = 0;
  detector->quiet = 0;
}

static void forget_all(seep_detector *detector, seep_mono now)
{
  forget_window(detector);
  detector->life_count = 0;
  detector->life_merge = 1;
  detector->life_fill = 0;
  detector->bucket_start = now;
  detector->empty_bucket = true;
}

void seep_detector_init(seep_detector *detector, seep_mono now)
{
  memset(detector, 0, sizeof *detector);
  detector->first = now;
  detector->last = now;
  forget_all(detector, now);
}

/* One more bucket into the ring of the whole life; true when that completed a part. A full ring is folded in
 * half; the part just filled then goes on filling, as it is half of a new one. */
static bool life_add(seep_detector *detector, uint64_t floor)
{
  if (detector->life_merge > LONGEST_PART) {
    return false;
  }
  detector->life_floor = detector->life_fill == 0 ? floor : least(detector->life_floor, floor);
  detector->life_fill++;
  if (detector->life_fill < detector->life_merge) {
    return false;
  }
  if (detector->life_count == LIFE) {
    for (size_t i = 0; i < LIFE / 2; i++) {
      detector->life[i] = least(detector->life[2 * i], detector->life[2 * i + 1]);
    }
    detector->life_count = LIFE / 2;
    detector->life_merge *= 2;
    return false;
  }
  detector->life[detector->life_count++] = detector->life_floor;
  detector->life_fill = 0;
  return true;
}

static void window_add(seep_detector *detector, uint64_t floor)
{
  if (detector->floor_count == BUCKETS) {
    remember(detector, detector->floors[detector->floor_next]);
  } else {
    detector->floor_count++;
  }
  detector->floors[detector->floor_next] = floor;
  detector->floor_next = (detector->floor_next + 1) % BUCKETS;
}

/* A bucket without a sample has the floor of the one before it, which bucket_floor still holds: nothing was
 * seen to be released or taken. Returns life_add's answer. */
static bool close_bucket(seep_detector *detector, const seep_detector_settings *settings)
{
  bool part = life_add(detector, detector->bucket_floor);
  if (settings->start_up_ms <= 0 ||
      elapsed_ms(detector->bucket_start, detector->first) >= (uint64_t)settings->start_up_ms) {
    window_add(detector, detector->bucket_floor);
  }
  detector->bucket_start.ms += detector->bucket_ms;
  detector->empty_bucket = true;
  return part;
}

static void finish_floors(const seep_detector *detector, floors *out, unsigned buckets_each)
{
  uint64_t unreleased = UINT64_MAX;
  for (unsigned i = BUCKETS; i-- > 0;) {
    unreleased = least(unreleased, out->f[i]);
    out->g[i] = unreleased;
  }
  out->buckets_each = buckets_each;
  out->hours_each = (double)buckets_each * (double)detector->bucket_ms / (double)SEEP_MS_PER_HOUR;
}

static bool read_window(const seep_detector *detector, floors *out)
{
  if (detector->floor_count < BUCKETS) {
    return false;
  }
  for (unsigned i = 0; i < BUCKETS; i++) {
    out->f[i] = floor_at(detector, i);
  }
  finish_floors(detector, out, 1);
  return true;
}

/* The newest sixteen parts, if they all lie behind the start-up. Parts as long as a bucket would be the
 * window again. */
static bool read_life(const seep_detector *detector, const seep_detector_settings *settings, floors *out)
{
  if (detector->life_count < BUCKETS || detector->life_merge == 1) {
    return false;
  }
  double before = (double)(detector->life_count - BUCKETS) * (double)detector->life_merge;
  if (before * (double)detector->bucket_ms < (double)settings->start_up_ms) {
    return false;
  }
  for (unsigned i = 0; i < BUCKETS; i++) {
    out->f[i] = detector->life[detector->life_count - BUCKETS + i];
  }
  finish_floors(detector, out, detector->life_merge);
  return true;
}

static uint64_t rise_of(const floors *window)
{
  return window->g[BUCKETS - 1] - window->g[0];
}

static double slope_of(const floors *window)
{
  return (double)rise_of(window) / (window->hours_each * (BUCKETS - 1));
}

static double noise_of(const floors *window)
{
  double noise = 0.0;
  for (unsigned i = 0; i < BUCKETS; i++) {
    noise += (double)(window->f[i] - window->g[i]) / BUCKETS;
  }
  return noise;
}

/* T1. Also the two thresholds of the administrator. */
static bool rises_enough(const seep_detector_settings *settings, const floors *window)
{
  uint64_t rise = rise_of(window);
  return rise > 0 && rise >= settings->minimum_growth_bytes &&
         slope_of(window) >= (double)settings->minimum_slope_bytes_per_hour &&
         (double)rise >= RISE_OF_LEVEL * (double)window->g[BUCKETS - 1] &&
         (double)rise >= RISE_OF_NOISE * noise_of(window);
}

/* T2's measure: over how many equal parts the rise is spread, 1 to PARTS; 0 when there is none. */
static double spread_of(const floors *window)
{
  double squares = 0.0;
  uint64_t before = window->g[0];
  for (unsigned part = 1; part <= PARTS; part++) {
    uint64_t here = window->g[part * BUCKETS / PARTS - 1];
    double rise = (double)(here - before);
    squares += rise * rise;
    before = here;
  }
  double whole = (double)rise_of(window);
  return squares > 0.0 ? whole * whole / squares : 0.0;
}

/* T3. */
static bool keeps_on(const floors *window)
{
  const uint64_t *g = window->g;
  double first_half = (double)(g[HALF] - g[0]);
  double second_half = (double)(g[BUCKETS - 1] - g[HALF]);
  double last_quarter = (double)(g[BUCKETS - 1] - g[BUCKETS - 1 - LAST_STEPS]);
  return second_half >= SECOND_HALF * first_half &&
         last_quarter >= LAST_QUARTER * (double)rise_of(window) / 4.0;
}

/* The life's unreleased floor at a moment counted in parts. A growing part's least is at its beginning, so
 * part i stands for the moment i; in between is a straight line. */
static double life_at(const double *g, unsigned parts, double moment)
{
  unsigned i = (unsigned)moment;
  i = i < parts - 2 ? i : parts - 2;
  return g[i] + (moment - (double)i) * (g[i + 1] - g[i]);
}

/* T4, in two ways of which one is enough. The growth itself is what tells a logarithm from a line. The rate
 * of the window's second half lets a leak pass that starts long after other growth has ended. */
static bool outlives_start(const seep_detector *detector, const floors *window)
{
  unsigned parts = detector->life_count;
  if (parts < PARTS) {
    return true;
  }
  double g[LIFE];
  uint64_t now = window->f[BUCKETS - 1];
  uint64_t unreleased = detector->life_fill > 0 ? least(now, detector->life_floor) : now;
  for (unsigned i = parts; i-- > 0;) {
    unreleased = least(unreleased, detector->life[i]);
    g[i] = (double)unreleased;
  }
  double merge = (double)detector->life_merge;
  double age = (double)parts + (double)detector->life_fill / merge;
  double half = life_at(g, parts, age / 2.0);
  double earlier = half - life_at(g, parts, age / 4.0);
  double earlier_per_bucket = earlier / (age / 4.0 * merge);
  double recent_per_bucket = (double)(window->g[BUCKETS - 1] - window->g[HALF]) /
                             ((double)window->buckets_each * (BUCKETS - 1 - HALF));
  double doubt = AGE_DOUBT * noise_of(window);
  return (double)now - half - doubt >= AGE_DOUBLING * (earlier + doubt) ||
         recent_per_bucket >= AGE_RATE * earlier_per_bucket;
}

/* T5. The window is held against the highest floors before it. Parts of the life hold against older parts: a
 * bucket's floor is no measure for a leak that is smaller than the swings from bucket to bucket. */
static bool is_new(const seep_detector *detector, const floors *window)
{
  double now = (double)window->f[BUCKETS - 1];
  double rise = (double)rise_of(window);
  uint64_t inside = 0;
  for (unsigned i = 0; i < NOVELTY_BUCKETS; i++) {
    inside = most(inside, window->f[i]);
  }
  if (now < (double)inside + NOVELTY_INSIDE * rise) {
    return false;
  }
  uint64_t before = detector->over_peak;
  if (window->buckets_each == 1) {
    before = most(before, detector->older_peak);
    double released = (double)detector->released_bytes;
    if (released > 0.0 && now < (double)detector->released_peak + NOVELTY_OF_RELEASE * released) {
      return false;
    }
  } else {
    for (unsigned i = 0; i < detector->life_count - BUCKETS; i++) {
      before = most(before, detector->life[i]);
    }
  }
  return before == 0 || now >= (double)before + NOVELTY_BEFORE * rise;
}

static bool is_leak(const seep_detector *detector, const seep_detector_settings *settings,
                    const floors *window)
{
  return rises_enough(settings, window) && spread_of(window) >= EVEN_PARTS && keeps_on(window) &&
         outlives_start(detector, window) && is_new(detector, window);
}

/* T7: counts closes in a row. */
static bool agrees_long_enough(unsigned *agreeing, bool leak, const seep_detector_settings *settings,
                               bool urgent)
{
  if (!leak) {
    *agreeing = 0;
    return false;
  }
  *agreeing += *agreeing < UINT_MAX ? 1 : 0;
  return urgent || *agreeing >= settings->confirmations;
}

static seep_verdict figures(const seep_detector *detector, const floors *window, seep_verdict_kind kind)
{
  seep_verdict verdict = {.kind = kind, .began = detector->began};
  verdict.slope_bytes_per_hour = slope_of(window);
  verdict.confidence = spread_of(window) / PARTS;
  uint64_t now = window->g[BUCKETS - 1];
  verdict.growth_bytes = now > detector->called_from_bytes ? now - detector->called_from_bytes : 0;
  return verdict;
}

static seep_verdict call(seep_detector *detector, const floors *window)
{
  detector->called = true;
  detector->called_on_life = window->buckets_each > 1;
  detector->called_from_bytes = window->g[0];
  detector->called_peak_bytes = window->f[BUCKETS - 1];
  detector->quiet = 0;
  uint64_t window_ms = (uint64_t)detector->bucket_ms * BUCKETS * window->buckets_each;
  detector->began.ms = (int64_t)((uint64_t)detector->bucket_start.ms - window_ms);
  return figures(detector, window, SEEP_VERDICT_LEAK);
}

/* part: a part of the life has just ended. */
static seep_verdict look_for_leak(seep_detector *detector, const seep_detector_settings *settings,
                                  bool urgent, bool part)
{
  floors window;
  if (read_window(detector, &window) &&
      agrees_long_enough(&detector->agreeing, is_leak(detector, settings, &window), settings, urgent)) {
    return call(detector, &window);
  }
  if (part && read_life(detector, settings, &window) &&
      agrees_long_enough(&detector->life_agreeing, is_leak(detector, settings, &window), settings, urgent)) {
    return call(detector, &window);
  }
  return (seep_verdict){.kind = SEEP_VERDICT_NONE};
}

/* Are the newest floors, all of so many, below half of what has grown since the beginning? */
static bool is_released(const seep_detector *detector, const floors *window, unsigned newest)
{
  uint64_t highest = 0;
  for (unsigned i = BUCKETS - newest; i < BUCKETS; i++) {
    highest = most(highest, window->f[i]);
  }
  uint64_t grown = detector->called_peak_bytes - detector->called_from_bytes;
  return highest < detector->called_from_bytes + grown / 2;
}

/* Released, or without a rise all over the window? Two floors in a row must say that half is gone, so that
 * one deep bucket ends nothing; two must say how high it stood, so that one high bucket does not make half
 * too much. */
static bool is_over(seep_detector *detector, const seep_detector_settings *settings, const floors *window)
{
  uint64_t standing = least(window->f[BUCKETS - 1], window->f[BUCKETS - 2]);
  detector->called_peak_bytes = most(detector->called_peak_bytes, standing);
  if (is_released(detector, window, 2)) {
    return true;
  }
  bool rises = slope_of(window) >= QUIET_SLOPE * (double)settings->minimum_slope_bytes_per_hour &&
               rise_of(window) > 0 && (double)rise_of(window) >= noise_of(window);
  return agrees_long_enough(&detector->quiet, !rises, settings, false);
}

static seep_verdict close_case(seep_detector *detector, const floors *window)
{
  detector->called = false;
  detector->over_peak = detector->called_peak_bytes;
  forget_window(detector);
  return figures(detector, window, SEEP_VERDICT_OVER);
}

/* A case is followed on the kind of window that called it. While that fills again after a gap there is
 * nothing to say: the case stays open. Parts of a long life last for hours: a whole window that lies below
 * half does not wait for two of them. */
static seep_verdict follow_leak(seep_detector *detector, const seep_detector_settings *settings, bool part)
{
  floors window;
  if (detector->called_on_life && read_window(detector, &window) && is_released(detector, &window, BUCKETS)) {
    return close_case(detector, &window);
  }
  bool full = detector->called_on_life ? part && read_life(detector, settings, &window)
                                       : read_window(detector, &window);
  if (!full) {
    return (seep_verdict){.kind = SEEP_VERDICT_NONE};
  }
  return is_over(detector, settings, &window) ? close_case(detector, &window)
                                              : figures(detector, &window, SEEP_VERDICT_GROWING);
}

seep_verdict seep_detector_step(seep_detector *detector, const seep_detector_settings *settings,
                                seep_mono now, uint64_t commit_bytes, bool urgent)
{
  seep_verdict verdict = {.kind = SEEP_VERDICT_NONE};
  if (now.ms < detector->last.ms) {
    return verdict;
  }
  int64_t bucket_ms = settings->window_ms >= BUCKETS ? settings->window_ms / BUCKETS : 1;
  bool unseen = detector->empty_bucket && detector->life_count == 0 && detector->life_fill == 0;
  if (unseen || bucket_ms != detector->bucket_ms ||
      elapsed_ms(now, detector->last) / GAP_BUCKETS > (uint64_t)bucket_ms) {
    forget_all(detector, now);
    detector->bucket_ms = bucket_ms;
  }
  detector->last = now;
  bool closed = false, part = false;
  while (elapsed_ms(now, detector->bucket_start) >= (uint64_t)bucket_ms) { /* at most GAP_BUCKETS + 1 times */
    part = close_bucket(detector, settings) || part;
    closed = true;
  }
  if (closed) {
    verdict = detector->called ? follow_leak(detector, settings, part)
                               : look_for_leak(detector, settings, urgent, part);
  }
  detector->bucket_floor =
      detector->empty_bucket ? commit_bytes : least(detector->bucket_floor, commit_bytes);
  detector->empty_bucket = false;
  return verdict;
}
