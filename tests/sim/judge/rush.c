#include "rush.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "score.h"
#include "series.h"

#define SEED UINT64_C(0x5eed0412)
#define ONSET_S (12.0 * SIM_HOUR)

static void draw(const lab_rush *rush, const sim_world *world, uint64_t index, sim_series *s)
{
  double room_mb = (double)(world->limit_bytes - world->other_bytes) / SIM_MB;
  double days = (ONSET_S + room_mb / rush->mb_per_minute * 60.0) / SIM_DAY + 0.01;
  sim_series_begin(s, world, sim_random_mix(SEED + index));
  sim_series_last(s, days, days);
  double level = sim_spread(s, 50.0, 1000.0), onset_s = ONSET_S + sim_uniform(s, 0.0, 120.0);
  sim_add_level(s, level);
  sim_add_start_up(s, level);
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_add_line(s, onset_s, rush->mb_per_minute * 60.0);
  sim_leaks(s, onset_s, rush->mb_per_minute * 60.0);
  sim_series_finish(s);
}

void lab_rush_measure(const judge_candidate *candidate, lab_rush *rush)
{
  double minutes[LAB_RUSH_SERIES], eaten[LAB_RUSH_SERIES], ends[LAB_RUSH_SERIES];
  sim_world world = sim_world_usual();
  world.limit_bytes = rush->limit_gib << 30;
  world.other_bytes = rush->other_gib << 30;
  void *state = malloc(candidate->state_bytes);
  if (state == NULL) {
    fputs("out of memory\n", stderr);
    exit(EXIT_FAILURE);
  }
  rush->called = rush->early = 0;
  for (unsigned i = 0; i < LAB_RUSH_SERIES; i++) {
    sim_series s;
    lab_outcome out;
    memset(&out, 0, sizeof out);
    draw(rush, &world, i, &s);
    lab_run_at(candidate, state, &s, NULL, &out);
    eaten[i] = lab_share_eaten(&s, &out);
    ends[i] = ((double)s.exhausted_ms / 1000.0 - s.onset_s) / 60.0;
    rush->early += out.early;
    if (out.called && !out.early) {
      minutes[rush->called++] = ((double)out.call_ms / 1000.0 - s.onset_s) / 60.0;
    }
    sim_series_free(&s);
  }
  free(state);
  rush->exhausted_min = lab_percentile(ends, LAB_RUSH_SERIES, 0.5);
  rush->median_min = lab_percentile(minutes, rush->called, 0.5);
  rush->worst_min = lab_percentile(minutes, rush->called, 1.0);
  rush->median_eaten = lab_percentile(eaten, LAB_RUSH_SERIES, 0.5);
  rush->worst_eaten = lab_percentile(eaten, LAB_RUSH_SERIES, 1.0);
}
