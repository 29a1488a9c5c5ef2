#include "bench.h"

#include <string.h>

void bench_set_up(bench *b)
{
  memset(b, 0, sizeof *b);
  b->settings = (seep_detector_settings){.bucket_ms = MINUTE,
                                         .observation_ms = OBSERVATION,
                                         .minimum_slope_per_hour = 102400.0,
                                         .minimum_growth = 8.0 * MB};
  b->poll_ms = 30 * SEEP_MS_PER_SECOND;
  b->value = 500.0 * MB;
  b->room = -1.0;
  b->random = UINT64_C(88172645463325252);
  for (unsigned i = 0; i < BENCH_VERDICTS; i++) {
    b->first_ms[i] = -1;
  }
  seep_detector_init(&b->detector, (seep_mono){0}, 0.0);
}

void bench_new_life(bench *b, double high_water)
{
  seep_detector_init(&b->detector, (seep_mono){b->now_ms}, high_water);
}

double bench_random(uint64_t *random)
{
  *random ^= *random << 13;
  *random ^= *random >> 7;
  *random ^= *random << 17;
  return (double)(*random >> 11) / 9007199254740992.0;
}

static void note(bench *b, seep_verdict verdict)
{
  static const char letters[] = " SRLGDOC";
  size_t length = strlen(b->trace);
  bool repeated = verdict == SEEP_VERDICT_GROWING && length > 0 && b->trace[length - 1] == 'G';
  if (!repeated && length + 1 < sizeof b->trace) {
    b->trace[length] = letters[verdict];
  }
  if (b->count[verdict]++ == 0) {
    b->first_ms[verdict] = b->now_ms;
    b->found[verdict] = b->detector.finding;
  }
}

seep_verdict bench_step(bench *b)
{
  double swing = b->noise > 0.0 ? b->noise * (2.0 * bench_random(&b->random) - 1.0) : 0.0;
  double value = b->value + swing > 0.0 ? b->value + swing : 0.0;
  uint64_t headroom = SEEP_HEADROOM_UNKNOWN;
  if (b->room >= 0.0) {
    headroom = b->room > value ? (uint64_t)(b->room - value) : 0;
  }
  seep_verdict verdict = seep_detector_step(&b->detector, &b->settings, (seep_mono){b->now_ms},
                                            (uint64_t)value, headroom, b->urgent);
  if (verdict != SEEP_VERDICT_NONE) {
    note(b, verdict);
  }
  b->now_ms += b->poll_ms;
  return verdict;
}

void bench_run(bench *b, int64_t for_ms, double per_hour)
{
  double from = b->value;
  int64_t begun_ms = b->now_ms;
  while (b->now_ms - begun_ms < for_ms) {
    b->value = from + per_hour * (double)(b->now_ms - begun_ms) / (double)HOUR;
    bench_step(b);
  }
  b->value = from + per_hour * (double)for_ms / (double)HOUR;
}

unsigned bench_calls(const bench *b)
{
  return b->count[SEEP_VERDICT_RAPID] + b->count[SEEP_VERDICT_LEAK];
}
