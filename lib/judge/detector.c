/*
 * From trials of single windows (judge/trial.h) to verdicts: what must agree how often, when a case is over,
 * what is remembered of it. A sample that closes no bucket costs two comparisons.
 */
#include "judge/detector.h"

#include <string.h>

#include "judge/trial.h"

/* The level that confirms first leaves room for one above it. */
#define MOST_LONG_LEVEL (SEEP_FLOORS_LEVELS - 2u)

/* Buckets of the first proof. */
#define LEAST_PROOF 12u
#define MOST_PROOF 24u

/* Suspicion begins two levels below the first that may confirm: 4 h where that is 19 h. A suspect is cleared
 * when its shortest window has not looked like a leak for its own length. */
#define SUSPICION_LEVELS 2u
#define CLEARED_AFTER SEEP_FLOORS_RING

/* A case is over when its floor lies below half of what had grown in two closes of its window, or has not
 * risen for so long by this part of the rise that called it: rapid growth for the window that called it, a
 * leak for at least so many observation times (three days), for a weekend's rest is not its end. */
#define RELEASED_CLOSES 2
#define RELEASED_SHARE 0.5
#define RISE_THAT_COUNTS 0.02
#define REST_OF_A_LEAK 4.2

/* Half-width of the slope's interval in mean deviations of the slopes in eight parts of the window.
 * Unreleased floors are no independent draws: the factor is measured, so that 19 of 20 steady leaks lie
 * within. */
#define INTERVAL_FACTOR 1.3
#define LEAST_INTERVAL 0.035 /* of the slope: the ends of a window fall anywhere on a stair or a tooth */

/* Base buckets of growth that no floor shows: the newest one's own, and half of the next. */
#define UNSEEN_BUCKETS 1.5

/* Rapid growth stands on short evidence: never more than even odds. */
#define MOST_RAPID_CONFIDENCE 0.5

/* Within what no arithmetic overflows with. */
static int64_t bucket_of(const seep_detector_settings *settings)
{
  int64_t bucket_ms = settings->bucket_ms;
  return bucket_ms < 1 ? 1 : bucket_ms > SEEP_MS_PER_DAY ? SEEP_MS_PER_DAY : bucket_ms;
}

/* The longest buckets of which a dozen are no longer than the observation time: twelve to two dozen of them
 * are its proof, and sixteen of twice that length the next. */
static unsigned long_level_of(const seep_detector_settings *settings)
{
  unsigned level = 0;
  while (level < MOST_LONG_LEVEL &&
         (bucket_of(settings) * LEAST_PROOF << (level + 1)) <= settings->observation_ms) {
    level++;
  }
  return level;
}

/* How many of them are at least as long. */
static unsigned proof_of(const seep_detector_settings *settings, const seep_floors *floors)
{
  int64_t each_ms = seep_floors_bucket_ms(floors, floors->long_level);
  int64_t buckets = settings->observation_ms / each_ms + (settings->observation_ms % each_ms != 0);
  return buckets < LEAST_PROOF ? LEAST_PROOF : buckets > MOST_PROOF ? MOST_PROOF : (unsigned)buckets;
}

static unsigned first_suspicious(const seep_detector *detector)
{
  unsigned first = detector->floors.long_level;
  return first > SUSPICION_LEVELS ? first - SUSPICION_LEVELS : 0;
}

void seep_detector_init(seep_detector *detector, seep_mono now, double high_water)
{
  memset(detector, 0, sizeof *detector);
  detector->floors.last = now;
  detector->high_water = high_water;
}

/* Nothing that was seen counts any more; what is called stays called. */
static void start_afresh(seep_detector *detector, const seep_detector_settings *settings, seep_mono now)
{
  seep_floors_init(&detector->floors, now, bucket_of(settings), long_level_of(settings));
  detector->proof = (uint8_t)proof_of(settings, &detector->floors);
  memset(detector->alike, 0, sizeof detector->alike);
  detector->fast = 0;
  detector->alarming_on = 0;
  detector->begun = true;
  detector->risen_ms = 0;
}

/* Field by field: to clear the room for a window costs as much as a trial. */
static void set_trial(seep_trial *trial, const seep_detector *detector,
                      const seep_detector_settings *settings, uint64_t headroom)
{
  trial->floors = &detector->floors;
  trial->proof = detector->proof;
  trial->minimum_growth = settings->minimum_growth;
  trial->minimum_slope_per_hour = settings->minimum_slope_per_hour;
  trial->high_water = detector->high_water;
  trial->headroom = headroom == SEEP_HEADROOM_UNKNOWN ? -1.0 : (double)headroom;
  trial->thorough = false;
  trial->window.count = 0;
  trial->failed = SEEP_TEST_WATCHED;
  trial->measured = trial->needed = 0.0;
}

/* ---- what a call stands on ---- */

static double deviation_of(const seep_shape *shape)
{
  double mean = (double)(shape->floors[SEEP_SHAPE_PARTS] - shape->floors[0]) / SEEP_SHAPE_PARTS, sum = 0.0;
  for (unsigned part = 0; part < SEEP_SHAPE_PARTS; part++) {
    double difference = (double)(shape->floors[part + 1] - shape->floors[part]) - mean;
    sum += difference < 0.0 ? -difference : difference;
  }
  return sum / SEEP_SHAPE_PARTS;
}

static void find(seep_detector *detector, const seep_window *window, seep_verdict_level level)
{
  seep_finding *finding = &detector->finding;
  double hours_a_part = window->hours_each * (window->count - 1) / SEEP_SHAPE_PARTS;
  double now = seep_window_now(window), confidence = window->even / SEEP_SHAPE_PARTS;
  seep_window_describe(window, &detector->floors, &finding->shape);
  double half = INTERVAL_FACTOR * deviation_of(&finding->shape) / hours_a_part;
  double slope = finding->shape.slope_per_hour;
  half = half > LEAST_INTERVAL * slope ? half : LEAST_INTERVAL * slope;
  finding->slope_per_hour = slope;
  finding->slope_low_per_hour = slope > half ? slope - half : 0.0;
  finding->slope_high_per_hour = slope + half;
  finding->growth = seep_window_whole(now - detector->called_from);
  confidence = level == SEEP_LEVEL_RAPID ? confidence * MOST_RAPID_CONFIDENCE : confidence;
  finding->confidence = (float)(confidence < 1.0 ? confidence : 1.0);
  detector->peak = now > detector->peak ? now : detector->peak;
}

static seep_verdict call(seep_detector *detector, const seep_window *window, seep_verdict_level level)
{
  const seep_floors *floors = &detector->floors;
  int64_t window_ms = (int64_t)window->count * seep_floors_bucket_ms(floors, window->level);
  bool fresh = detector->level < SEEP_LEVEL_RAPID;
  if (fresh) {
    detector->called_from = window->g[0];
    detector->peak = 0.0;
    detector->finding.began.ms = floors->last.ms - window_ms;
  }
  find(detector, window, level);
  detector->level = (uint8_t)level;
  detector->followed_on = (uint8_t)window->level;
  detector->rest_ms = window_ms;
  if (level == SEEP_LEVEL_LEAK) {
    double rest =
        REST_OF_A_LEAK * SEEP_FLOORS_RING * (double)seep_floors_bucket_ms(floors, floors->long_level);
    detector->rest_ms = rest > (double)window_ms ? (int64_t)rest : window_ms;
  }
  detector->risen_ms = seep_floors_watched_ms(floors);
  detector->risen_to = seep_window_now(window);
  detector->called_rise = window->rise;
  detector->told_growth = fresh ? (double)detector->finding.growth : detector->told_growth;
  detector->released = 0;
  detector->fast = 0;
  detector->alarming_on = 0;
  return level == SEEP_LEVEL_LEAK ? SEEP_VERDICT_LEAK : SEEP_VERDICT_RAPID;
}

/* ---- looking ---- */

static seep_verdict look_for_leak(seep_detector *detector, seep_trial *trial, unsigned closed, bool urgent)
{
  const seep_floors *floors = &detector->floors;
  for (unsigned level = first_suspicious(detector); level < SEEP_FLOORS_LEVELS; level++) {
    if ((closed >> level & 1u) == 0) {
      continue;
    }
    uint8_t *alike = &detector->alike[level];
    if (!seep_trial_leak(trial, level)) {
      *alike = 0;
      continue;
    }
    *alike = (uint8_t)(*alike < UINT8_MAX ? *alike + 1 : UINT8_MAX);
    if (level >= floors->long_level && (urgent || *alike >= seep_trial_closes(floors, level))) {
      return call(detector, &trial->window, SEEP_LEVEL_LEAK);
    }
  }
  return SEEP_VERDICT_NONE;
}

/* Of several levels that alarm the one that saw most of it. A level speaks when it closes; how much has been
 * taken is asked at every close of the base, so that a long window does not wait for its own. */
static void note_alarming(seep_detector *detector, seep_trial *trial, unsigned closed)
{
  for (unsigned level = 0; closed >> level != 0; level++) {
    double from;
    if ((closed >> level & 1u) == 0) {
      continue;
    }
    bool own = detector->alarming_on == level + 1u;
    if (!seep_trial_rapid_amount(trial, level, &from)) {
      detector->alarming_on = own ? 0 : detector->alarming_on;
    } else if (own || detector->alarming_on == 0 || from < (double)detector->alarming_from) {
      detector->alarming_on = (uint8_t)(level + 1);
      detector->alarming_buckets = (uint8_t)trial->window.count;
      detector->alarming_from = (float)from;
      detector->alarming_step = (float)(trial->window.rise / (trial->window.count - 1) / (1u << level));
    }
  }
}

/* What is held now is the floor of a bucket half as long as the window's, so that a spike on top is none.
 * What such a floor can not show yet, and what will have grown when the base closes next, is put on it: of a
 * leak that leaves an hour that is a good part of an eighth. */
static bool is_danger_now(const seep_detector *detector, const seep_trial *trial)
{
  const seep_floors *floors = &detector->floors;
  unsigned level = detector->alarming_on > 1 ? detector->alarming_on - 2u : 0;
  double now = (double)seep_floors_low(floors, level, seep_floors_count(floors, level) - 1);
  return seep_trial_is_danger(trial, (double)detector->alarming_from,
                              now + UNSEEN_BUCKETS * (double)detector->alarming_step);
}

static seep_verdict look_for_rapid(seep_detector *detector, seep_trial *trial, unsigned closed, bool urgent)
{
  if (trial->headroom < 0.0) {
    return SEEP_VERDICT_NONE;
  }
  if ((closed & 1u) == 0 || !seep_trial_rapid_now(trial)) { /* or polls are too far apart for that */
    detector->fast = 0;
  } else if (++detector->fast >= SEEP_TRIAL_RAPID_CLOSES || urgent) {
    return call(detector, &trial->window, SEEP_LEVEL_RAPID);
  }
  note_alarming(detector, trial, closed);
  if (detector->alarming_on == 0 || !is_danger_now(detector, trial)) {
    return SEEP_VERDICT_NONE;
  }
  seep_window_open(&trial->window, &detector->floors, detector->alarming_on - 1u, detector->alarming_buckets);
  seep_window_measure(&trial->window);
  return call(detector, &trial->window, SEEP_LEVEL_RAPID);
}

static seep_verdict look_for_suspect(seep_detector *detector, unsigned closed)
{
  unsigned first = first_suspicious(detector);
  static const uint8_t none[SEEP_FLOORS_LEVELS] = {0};
  bool alike = memcmp(detector->alike, none, sizeof none) != 0;
  if (detector->level == SEEP_LEVEL_NONE) {
    detector->level = alike ? SEEP_LEVEL_SUSPECT : SEEP_LEVEL_NONE;
    detector->doubtful = 0;
    return alike ? SEEP_VERDICT_SUSPECT : SEEP_VERDICT_NONE;
  }
  if ((closed >> first & 1u) != 0) {
    detector->doubtful = alike ? 0 : (uint8_t)(detector->doubtful + 1);
    if (detector->doubtful >= CLEARED_AFTER) {
      detector->level = SEEP_LEVEL_NONE;
      return SEEP_VERDICT_CLEARED;
    }
  }
  return SEEP_VERDICT_NONE;
}

/* ---- following a case ---- */

static seep_verdict end_case(seep_detector *detector)
{
  detector->high_water = detector->peak > detector->high_water ? detector->peak : detector->high_water;
  detector->level = SEEP_LEVEL_NONE;
  detector->released = 0;
  memset(detector->alike, 0, sizeof detector->alike);
  return SEEP_VERDICT_OVER;
}

/* After a gap or a new start the window fills again, and until then there is nothing to say. */
static seep_verdict follow(seep_detector *detector, seep_window *window, unsigned closed)
{
  const seep_floors *floors = &detector->floors;
  unsigned level = detector->followed_on;
  if ((closed >> level & 1u) == 0 ||
      !seep_window_open(window, floors, level, seep_floors_count(floors, level))) {
    return SEEP_VERDICT_NONE;
  }
  double now = seep_window_now(window), grown = detector->peak - detector->called_from;
  int64_t watched_ms = seep_floors_watched_ms(floors);
  if (now >= detector->risen_to + RISE_THAT_COUNTS * detector->called_rise) {
    detector->risen_to = now;
    detector->risen_ms = watched_ms;
  }
  bool below = now < detector->called_from + RELEASED_SHARE * grown;
  detector->released = below ? (uint8_t)(detector->released + 1) : 0;
  if (detector->released >= RELEASED_CLOSES || watched_ms - detector->risen_ms >= detector->rest_ms) {
    return end_case(detector);
  }
  seep_window_measure(window);
  find(detector, window, (seep_verdict_level)detector->level);
  if ((double)detector->finding.growth >= 2.0 * detector->told_growth) {
    detector->told_growth = (double)detector->finding.growth;
    return SEEP_VERDICT_DOUBLED;
  }
  return SEEP_VERDICT_GROWING;
}

seep_verdict seep_detector_step(seep_detector *detector, const seep_detector_settings *settings,
                                seep_mono now, uint64_t value, uint64_t headroom, bool urgent)
{
  if (!detector->begun || detector->floors.bucket_ms != bucket_of(settings) ||
      detector->observation_ms != settings->observation_ms) {
    start_afresh(detector, settings, now);
    detector->observation_ms = settings->observation_ms;
  }
  if (now.ms < detector->floors.last.ms) {
    return SEEP_VERDICT_NONE;
  }
  unsigned closed = seep_floors_add(&detector->floors, now, (float)value);
  if (closed == 0) {
    return SEEP_VERDICT_NONE;
  }
  seep_trial trial;
  set_trial(&trial, detector, settings, headroom);
  seep_verdict verdict = SEEP_VERDICT_NONE;
  if (detector->level != SEEP_LEVEL_LEAK) {
    verdict = look_for_leak(detector, &trial, closed, urgent);
  }
  if (verdict == SEEP_VERDICT_NONE && detector->level < SEEP_LEVEL_RAPID) {
    verdict = look_for_rapid(detector, &trial, closed, urgent);
    return verdict != SEEP_VERDICT_NONE ? verdict : look_for_suspect(detector, closed);
  }
  return verdict != SEEP_VERDICT_NONE ? verdict : follow(detector, &trial.window, closed);
}

/* ---- explaining ---- */

/* The one that came further, and of two that failed the same test the one that came nearer. */
static void keep_nearer(seep_assessment *best, const seep_trial *trial, unsigned level, bool first)
{
  bool nearer = first || trial->failed > best->failed;
  if (!nearer && trial->failed == best->failed) {
    nearer = trial->failed == SEEP_TEST_DAILY
                 ? trial->measured < best->measured
                 : trial->measured * best->needed > best->measured * trial->needed;
  }
  if (!nearer) {
    return;
  }
  memset(best, 0, sizeof *best);
  best->failed = trial->failed;
  best->measured = trial->measured;
  best->needed = trial->needed;
  seep_window window = trial->window;
  if (window.count != 0 ||
      seep_window_open(&window, trial->floors, level, seep_floors_count(trial->floors, level))) {
    seep_window_measure(&window);
    seep_window_describe(&window, trial->floors, &best->shape);
  }
}

static void not_often_enough(seep_trial *trial, unsigned closes, unsigned needed)
{
  if (trial->failed == SEEP_TEST_PASSED && closes < needed) {
    trial->failed = SEEP_TEST_AGAIN;
    trial->measured = closes;
    trial->needed = needed;
  }
}

void seep_detector_explain(const seep_detector *detector, const seep_detector_settings *settings,
                           uint64_t headroom, seep_explanation *out)
{
  const seep_floors *floors = &detector->floors;
  memset(out, 0, sizeof *out);
  out->level = (seep_verdict_level)detector->level;
  if (!detector->begun) {
    return;
  }
  seep_trial trial;
  set_trial(&trial, detector, settings, headroom);
  double from;
  trial.thorough = true;
  out->watched_ms = seep_floors_watched_ms(floors);
  for (unsigned level = floors->long_level; level < SEEP_FLOORS_LEVELS; level++) {
    seep_trial_leak(&trial, level);
    not_often_enough(&trial, detector->alike[level], seep_trial_closes(floors, level));
    keep_nearer(&out->leak, &trial, level, level == floors->long_level);
  }
  seep_trial_rapid_now(&trial);
  not_often_enough(&trial, detector->fast, SEEP_TRIAL_RAPID_CLOSES);
  keep_nearer(&out->rapid, &trial, 0, true);
  for (unsigned level = 0; level < SEEP_FLOORS_LEVELS; level++) {
    seep_trial_rapid_amount(&trial, level, &from);
    keep_nearer(&out->rapid, &trial, level, false);
  }
}
