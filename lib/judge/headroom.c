/*
 * Time to exhaustion and its severity. Says how soon, never whether: the detector decides that. Called per
 * verdict and once per poll for the whole system's commit.
 */
#include "judge/headroom.h"

#include "base/clock.h"

/* Beyond ten years a forecast from one window's slope means nothing. */
#define FARTHEST_HOURS (10.0 * 365.25 * 24.0)

int64_t seep_headroom_time_left_ms(uint64_t headroom_bytes, double slope_bytes_per_hour)
{
  if (!(slope_bytes_per_hour > 0.0)) { /* not a number ends here as well */
    return SEEP_TIME_LEFT_UNKNOWN;
  }
  double hours = (double)headroom_bytes / slope_bytes_per_hour;
  if (!(hours <= FARTHEST_HOURS)) {
    return SEEP_TIME_LEFT_UNKNOWN;
  }
  return (int64_t)(hours * (double)SEEP_MS_PER_HOUR);
}

int seep_headroom_severity(int64_t time_left_ms, uint64_t headroom_bytes, uint64_t commit_limit_bytes)
{
  /* A limit of 0 is an unknown limit: then only the time speaks. */
  if (commit_limit_bytes > 0 && (double)headroom_bytes < (double)commit_limit_bytes * 0.10) {
    return 1;
  }
  if (time_left_ms < 0) {
    return 4;
  }
  if (time_left_ms < 6 * SEEP_MS_PER_HOUR) {
    return 1;
  }
  if (time_left_ms < 7 * SEEP_MS_PER_DAY) {
    return 2;
  }
  return time_left_ms < 90 * SEEP_MS_PER_DAY ? 3 : 4;
}
