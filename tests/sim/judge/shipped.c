/* Holds lib/judge to the laboratory's interface, lineage and all: what the service runs, with the shipped
 * thresholds. */
#include "shipped.h"

#include <stdbool.h>
#include <string.h>

#include "judge/detector.h"
#include "judge/lineage.h"

typedef struct shipped_state {
  seep_detector detector;
  seep_lineage lineage;
  bool begun;
} shipped_state;

static const seep_detector_settings usual = {.bucket_ms = SEEP_MS_PER_MINUTE,
                                             .observation_ms = 68400 * SEEP_MS_PER_SECOND,
                                             .minimum_slope_per_hour = 102400.0,
                                             .minimum_growth = 8.0 * 1048576.0};

static void shipped_init(void *state)
{
  memset(state, 0, sizeof(shipped_state));
}

static int shipped_step(void *state, const void *settings, int64_t t_ms, uint64_t bytes,
                        uint64_t headroom_bytes)
{
  shipped_state *self = state;
  if (!self->begun) {
    seep_detector_init(&self->detector, (seep_mono){t_ms}, self->lineage.high_water);
    self->begun = true;
  }
  seep_verdict v =
      seep_detector_step(&self->detector, settings, (seep_mono){t_ms}, bytes, headroom_bytes, false);
  switch (v) {
  case SEEP_VERDICT_SUSPECT:
    return JUDGE_SUSPECT;
  case SEEP_VERDICT_RAPID:
    return JUDGE_RAPID;
  case SEEP_VERDICT_LEAK:
    return JUDGE_LEAK;
  default:
    return JUDGE_NONE;
  }
}

static int shipped_restart(void *state, const void *settings, int64_t t_ms)
{
  shipped_state *self = state;
  seep_finding finding;
  seep_verdict v = seep_lineage_ended(&self->lineage, &self->detector, settings, (seep_mono){t_ms}, &finding);
  self->begun = false;
  return v == SEEP_VERDICT_LEAK ? JUDGE_LEAK : JUDGE_NONE;
}

static judge_rate shipped_rate(const void *state)
{
  const seep_finding *finding = &((const shipped_state *)state)->detector.finding;
  return (judge_rate){finding->slope_per_hour, finding->slope_low_per_hour, finding->slope_high_per_hour};
}

const judge_candidate shipped_detector = {.name = "shipped",
                                          .state_bytes = sizeof(shipped_state),
                                          .settings = &usual,
                                          .init = shipped_init,
                                          .step = shipped_step,
                                          .restart = shipped_restart,
                                          .rate = shipped_rate};
