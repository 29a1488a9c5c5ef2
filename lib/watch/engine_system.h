/*
 * Growth that the processes' commit does not show: in the system's own figures (commit that no process owns,
 * paged and nonpaged pool) and in handle counts. Private to the engine's files: what it keeps, and what
 * engine.c calls. No command but alerts comes from here: nothing is recorded for it and the store has no row.
 */
#ifndef SEEP_WATCH_ENGINE_SYSTEM_H
#define SEEP_WATCH_ENGINE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "judge/detector.h"
#include "watch/engine.h"

/* A process with fewer handles is not judged for them: nobody runs out of that few, and the state of a
 * detector for each process would cost more than it finds. */
#define SEEP_ENGINE_HANDLES_FROM 1000u

typedef enum seep_engine_figure {
  SEEP_ENGINE_PAGED_POOL = 0,
  SEEP_ENGINE_NONPAGED_POOL,
  SEEP_ENGINE_UNOWNED_COMMIT, /* after the pools, which are part of it */
  SEEP_ENGINE_FIGURES
} seep_engine_figure;

/* One figure that may grow, and what was said about it. */
typedef struct seep_engine_growth {
  seep_detector detector;
  seep_mono told;    /* last */
  uint64_t greatest; /* what it had grown by at most, since it was called */
  bool begun;
  bool open;   /* told, and not yet that it is over */
  bool silent; /* open, but told as a part of something else: its end is not told either */
  bool due;    /* it has doubled or has been confirmed since, but too soon to say so */
} seep_engine_growth;

typedef struct seep_engine_system {
  seep_engine_growth figures[SEEP_ENGINE_FIGURES];
  uint64_t unowned[2]; /* of the two polls before, newest first */
  unsigned unowned_count;
  seep_mono handles_short; /* when there was no memory for a seep_engine_handles */
  bool handles_are_short;
} seep_engine_system; /* all zeros: nothing seen yet */

/* Of one process; a value of its own only because most processes need none. */
typedef struct seep_engine_handles {
  seep_engine_growth growth;
} seep_engine_handles;

/* Once in each poll whose system figures are known (engine->memory), when all processes have been taken.
 * owned_bytes: the commit of all processes of this poll together. Polls without figures change nothing. */
void seep_engine__judge_system(seep_engine *engine, seep_now now, uint64_t owned_bytes);

/* Once for each process in each poll, ignored or not. Allocates when its handles first reach
 * SEEP_ENGINE_HANDLES_FROM. */
void seep_engine__judge_handles(seep_engine *engine, seep_now now, size_t slot);

/* Frees the slot's state, if it has one. died: the process has ended (and its slot of the table still holds
 * it); an open growth is then told to be over. Otherwise nothing is said and `now` does not matter. */
void seep_engine__forget_handles(seep_engine *engine, seep_now now, size_t slot, bool died);

#endif
