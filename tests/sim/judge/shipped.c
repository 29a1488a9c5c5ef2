/* Holds lib/judge's detector to the laboratory's interface. It has one verdict, and knows neither headroom
 * nor lineage: a restarted process is a new one. */
#include "shipped.h"

#include <stdbool.h>
#include <string.h>

#include "judge/detector.h"

typedef struct shipped_state {
  seep_detector detector;
  bool begun;
} shipped_state;

/* The defaults of lib/settings. */
static const seep_detector_settings usual = {.window_ms = 2 * SEEP_MS_PER_HOUR,
                                             .minimum_slope_bytes_per_hour = UINT64_C(10) << 20,
                                             .minimum_growth_bytes = UINT64_C(64) << 20,
                                             .start_up_ms = 30 * SEEP_MS_PER_MINUTE,
                                             .confirmations = 3};

static void shipped_init(void *state)
{
  memset(state, 0, sizeof(shipped_state));
}

static int shipped_step(void *state, const void *settings, int64_t t_ms, uint64_t bytes,
                        uint64_t headroom_bytes)
{
  (void)headroom_bytes;
  shipped_state *self = state;
  if (!self->begun) {
    seep_detector_init(&self->detector, (seep_mono){t_ms});
    self->begun = true;
  }
  seep_verdict verdict = seep_detector_step(&self->detector, settings, (seep_mono){t_ms}, bytes, false);
  bool leaks = verdict.kind == SEEP_VERDICT_LEAK || verdict.kind == SEEP_VERDICT_GROWING;
  return leaks ? JUDGE_LEAK : JUDGE_NONE;
}

static int shipped_restart(void *state, const void *settings, int64_t t_ms)
{
  (void)settings;
  (void)t_ms;
  shipped_init(state);
  return JUDGE_NONE;
}

const judge_candidate shipped_detector = {.name = "shipped",
                                          .state_bytes = sizeof(shipped_state),
                                          .settings = &usual,
                                          .init = shipped_init,
                                          .step = shipped_step,
                                          .restart = shipped_restart};
