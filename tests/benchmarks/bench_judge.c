/*
 * What a sample costs the judge, beside the reference detector and a linear regression: processor time at
 * several poll intervals over all families that the laboratory shows (tests/sim/judge), one process after the
 * other, and of a fleet whose processes take turns at each poll, so that states wait in memory, not in cache.
 * Prints lines `name value unit`.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "families.h"
#include "measure.h"
#include "score.h"

#define SEED 1
#define CANDIDATES 4
#define ROUNDS 3 /* of which the quickest counts: whatever made the others slower was not the candidate */
#define FLEET_PROCESSES 1000u
#define FLEET_POLLS 5760u /* two days */

static void forget(void *state)
{
  (void)state;
}

static int pass_over(void *state, const void *settings, int64_t t_ms, uint64_t bytes, uint64_t headroom_bytes)
{
  (void)state;
  (void)settings;
  (void)t_ms;
  (void)bytes;
  (void)headroom_bytes;
  return JUDGE_NONE;
}

static int pass_on(void *state, const void *settings, int64_t t_ms)
{
  (void)state;
  (void)settings;
  (void)t_ms;
  return JUDGE_NONE;
}

/* What the loop takes that calls the others. */
static const judge_candidate nobody = {
    .name = "nobody", .state_bytes = 1, .init = forget, .step = pass_over, .restart = pass_on};

static const char *const names[CANDIDATES - 1] = {"shipped", "ratchet", "regression"};
static const char *const prefixes[CANDIDATES] = {"", "ratchet_", "regression_", "loop_"};
static const judge_candidate *candidates[CANDIDATES];
static void *states[CANDIDATES]; /* FLEET_PROCESSES each */

static void *must(void *memory)
{
  if (memory == NULL) {
    measure_fail("out of memory", NULL);
  }
  return memory;
}

static void choose(void)
{
  for (size_t i = 0; i < CANDIDATES; i++) {
    candidates[i] = i < CANDIDATES - 1 ? judge_candidate_named(names[i]) : &nobody;
    if (candidates[i] == NULL) {
      measure_fail("no such candidate", prefixes[i]);
    }
    states[i] = must(calloc(FLEET_PROCESSES, candidates[i]->state_bytes));
  }
}

static double time_ns(const judge_candidate *candidate, void *state, const sim_series *series)
{
  double least = 0.0;
  for (unsigned round = 0; round < ROUNDS; round++) {
    lab_outcome outcome;
    memset(&outcome, 0, sizeof outcome);
    double before_us = measure_cpu_us();
    lab_run_at(candidate, state, series, NULL, &outcome);
    double took = (measure_cpu_us() - before_us) * 1e3;
    least = round == 0 || took < least ? took : least;
  }
  return least;
}

static void measure_interval(int64_t poll_ms, unsigned per_family)
{
  sim_world world = sim_world_usual();
  world.poll_ms = poll_ms;
  double took_ns[CANDIDATES] = {0.0}, samples = 0.0;
  for (size_t f = 0; f < sim_family_count(); f++) {
    const sim_family *family = sim_family_at(f);
    for (unsigned index = 0; sim_family_in_set(family, SIM_CHECK) && index < per_family; index++) {
      sim_series series;
      sim_family_draw(family, &world, SIM_CHECK, SEED, index, &series);
      samples += (double)series.count;
      for (size_t i = 0; i < CANDIDATES; i++) {
        took_ns[i] += time_ns(candidates[i], states[i], &series);
      }
      sim_series_free(&series);
    }
  }
  for (size_t i = 0; i < CANDIDATES; i++) {
    printf("%sns_per_sample_%ds %.1f ns\n", prefixes[i], (int)(poll_ms / 1000), took_ns[i] / samples);
  }
}

/* What every process holds at every poll, poll by poll; a series that ends too soon stays at its last value.
 */
static uint64_t *draw_fleet(const sim_world *world)
{
  uint64_t *bytes = must(malloc(sizeof *bytes * FLEET_POLLS * FLEET_PROCESSES));
  size_t family = 0;
  for (unsigned p = 0; p < FLEET_PROCESSES; p++) {
    sim_series series;
    do {
      family = (family + 1) % sim_family_count();
    } while (!sim_family_in_set(sim_family_at(family), SIM_CHECK));
    sim_family_draw(sim_family_at(family), world, SIM_CHECK, SEED, p, &series);
    for (size_t i = 0; i < FLEET_POLLS; i++) {
      bytes[i * FLEET_PROCESSES + p] = series.bytes[i < series.count ? i : series.count - 1];
    }
    sim_series_free(&series);
  }
  return bytes;
}

static void measure_fleet(void)
{
  sim_world world = sim_world_usual();
  uint64_t room = world.limit_bytes - world.other_bytes;
  uint64_t *bytes = draw_fleet(&world);
  for (size_t c = 0; c < CANDIDATES; c++) {
    const judge_candidate *candidate = candidates[c];
    char *state = states[c];
    for (size_t p = 0; p < FLEET_PROCESSES; p++) {
      candidate->init(state + p * candidate->state_bytes);
    }
    double before_us = measure_cpu_us();
    for (size_t i = 0; i < FLEET_POLLS; i++) {
      int64_t t_ms = (int64_t)i * world.poll_ms;
      for (size_t p = 0; p < FLEET_PROCESSES; p++) {
        uint64_t value = bytes[i * FLEET_PROCESSES + p];
        candidate->step(state + p * candidate->state_bytes, candidate->settings, t_ms, value,
                        room > value ? room - value : 1);
      }
    }
    double samples = (double)FLEET_POLLS * FLEET_PROCESSES;
    printf("%sns_per_sample_fleet %.1f ns\n", prefixes[c], (measure_cpu_us() - before_us) * 1e3 / samples);
  }
  free(bytes);
}

int main(void)
{
  choose();
  measure_interval(1000, 1);
  measure_interval(5000, 2);
  measure_interval(30000, 8);
  measure_interval(60000, 16);
  measure_interval(300000, 40);
  measure_fleet();
  for (size_t i = 0; i < CANDIDATES - 1; i++) {
    printf("%sstate_bytes %zu bytes\n", prefixes[i], candidates[i]->state_bytes);
  }
  for (size_t i = 0; i < CANDIDATES; i++) {
    free(states[i]);
  }
  return 0;
}
