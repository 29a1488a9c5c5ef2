/*
 * Lives are judged by their whole-life floors, at four moments: after the start (an eighth of the life), at
 * three eighths, three quarters, and the end. Constants: tests/sim/judge, families of recycled workers.
 */
#include "judge/lineage.h"

#include <string.h>

#include "judge/window.h"

#define LIVES_NEEDED 3u
#define QUIET_LIVES 4u /* a long weekend of daily lives */
#define LEAST_PARTS 8u
#define LEAST_OBSERVATION 0.234 /* of sixteen long buckets: 4 h where the observation time is 19 h */

#define AFTER_START 0.125
#define EARLY 0.375
#define LATE 0.75

#define RISE_OF_LEVEL 0.03

/* Growth from three eighths to three quarters against growth from one eighth to three: 1.5 for a line, 1.1
 * for what fills up with a time constant of one life, 0.6 for a square root. */
#define LATER_GROWTH 1.3

/* The lives' rates may differ with the work of the day. */
#define RATES_ALIKE 30.0f

#define CONFIDENCE 0.8f

typedef struct life {
  double g[SEEP_FLOORS_LIFE];
  unsigned parts;
  double hours; /* of the parts: the one that was still open is left out */
} life;

static double level_at(const life *it, double share)
{
  return seep_window_at(it->g, it->parts, share * it->parts - 1.0);
}

/* Of the lives that a verdict stands on. */
static void range_of(const seep_lineage *lineage, float *slowest, float *fastest)
{
  *slowest = *fastest = lineage->rates[0];
  for (unsigned i = 1; i < LIVES_NEEDED; i++) {
    *slowest = lineage->rates[i] < *slowest ? lineage->rates[i] : *slowest;
    *fastest = lineage->rates[i] > *fastest ? lineage->rates[i] : *fastest;
  }
}

static void count_life(seep_lineage *lineage, double per_hour)
{
  memmove(lineage->rates + 1, lineage->rates, (SEEP_LINEAGE_LIVES - 1) * sizeof lineage->rates[0]);
  lineage->rates[0] = (float)per_hour;
  lineage->lives = (uint8_t)(lineage->lives < SEEP_LINEAGE_LIVES ? lineage->lives + 1 : SEEP_LINEAGE_LIVES);
  lineage->quiet_lives = 0;
}

static void describe(const seep_lineage *lineage, const life *it, seep_mono now, seep_finding *finding)
{
  float slowest, fastest;
  double rise = it->g[it->parts - 1] - level_at(it, AFTER_START);
  int64_t lasted_ms = (int64_t)(it->hours * (double)SEEP_MS_PER_HOUR);
  range_of(lineage, &slowest, &fastest);
  memset(finding, 0, sizeof *finding);
  finding->began.ms = now.ms - lasted_ms;
  finding->slope_per_hour = (double)lineage->rates[0];
  finding->slope_low_per_hour = (double)slowest;
  finding->slope_high_per_hour = (double)fastest;
  finding->growth = seep_window_whole(rise);
  finding->confidence = CONFIDENCE;
  double squares = 0.0;
  for (unsigned part = 0; part <= SEEP_SHAPE_PARTS; part++) {
    double share = AFTER_START + (1.0 - AFTER_START) * part / SEEP_SHAPE_PARTS;
    finding->shape.floors[part] = (float)level_at(it, share);
    double step = part > 0 ? (double)(finding->shape.floors[part] - finding->shape.floors[part - 1]) : 0.0;
    squares += step * step;
  }
  finding->shape.window_ms = (int64_t)((double)lasted_ms * (1.0 - AFTER_START));
  finding->shape.rise = rise;
  finding->shape.slope_per_hour = finding->slope_per_hour;
  finding->shape.even_parts = squares > 0.0 ? (float)(rise * rise / squares) : 0.0f;
}

seep_verdict seep_lineage_ended(seep_lineage *lineage, const seep_detector *ended,
                                const seep_detector_settings *settings, seep_mono now, seep_finding *finding)
{
  const seep_floors *floors = &ended->floors;
  life it = {.parts = floors->life_count,
             .hours = (double)floors->life_count * (double)floors->life_part * (double)floors->bucket_ms /
                      (double)SEEP_MS_PER_HOUR};
  double observation_hours = SEEP_FLOORS_RING * seep_floors_bucket_hours(floors, floors->long_level);
  if (it.parts < LEAST_PARTS || it.hours < LEAST_OBSERVATION * observation_hours) {
    return SEEP_VERDICT_NONE;
  }
  seep_window_unreleased(floors->life, it.parts, it.g);
  double start = level_at(&it, AFTER_START), early = level_at(&it, EARLY), late = level_at(&it, LATE);
  double end = it.g[it.parts - 1], rise = end - start, per_hour = rise / (it.hours * (1.0 - AFTER_START));
  if (rise < settings->minimum_growth || rise < RISE_OF_LEVEL * end ||
      per_hour < settings->minimum_slope_per_hour) {
    lineage->quiet_lives++;
    if (lineage->quiet_lives > QUIET_LIVES) {
      lineage->lives = lineage->quiet_lives = 0;
    }
    return SEEP_VERDICT_NONE;
  }
  if (late - early < LATER_GROWTH * (early - start)) {
    lineage->lives = lineage->quiet_lives = 0;
    return SEEP_VERDICT_NONE;
  }
  float slowest, fastest;
  count_life(lineage, per_hour);
  range_of(lineage, &slowest, &fastest);
  if (lineage->lives < LIVES_NEEDED || fastest > RATES_ALIKE * slowest) {
    return SEEP_VERDICT_NONE;
  }
  describe(lineage, &it, now, finding);
  return SEEP_VERDICT_LEAK;
}
