/*
 * What the laboratory asks of anything that claims to find leaks: fixed memory per process, one sample at a
 * time, a level for an answer. Samples come in order, t from 0; the headroom is what the machine can still
 * commit, the process's own part already taken away.
 */
#ifndef SEEP_SIM_CANDIDATE_H
#define SEEP_SIM_CANDIDATE_H

#include <stddef.h>
#include <stdint.h>

enum { JUDGE_NONE = 0, JUDGE_SUSPECT = 1, JUDGE_RAPID = 2, JUDGE_LEAK = 3 };

typedef struct judge_rate {
  double per_hour, low_per_hour, high_per_hour; /* bytes */
} judge_rate;

typedef struct judge_candidate {
  const char *name;
  size_t state_bytes;
  const void *settings;
  void (*init)(void *state);
  /* The level at this sample; an older level need not be repeated. */
  int (*step)(void *state, const void *settings, int64_t t_ms, uint64_t bytes, uint64_t headroom_bytes);
  /* The process has ended and a successor of the same image begins with the next sample. */
  int (*restart)(void *state, const void *settings, int64_t t_ms);
  /* What the leak verdict that `step` has just given says of the rate. NULL: it says nothing. */
  judge_rate (*rate)(const void *state);
} judge_candidate;

size_t judge_candidate_count(void);
const judge_candidate *judge_candidate_at(size_t i);
const judge_candidate *judge_candidate_named(const char *name); /* NULL: none */

#endif
