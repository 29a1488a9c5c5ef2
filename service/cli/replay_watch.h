/*
 * What --explain looks at: each process of one image from its first poll to its last, by what the engine says
 * about it. It decides nothing. To ask the engine costs as much as some thousand samples: once an hour of the
 * process's life, and at its end.
 */
#ifndef SEEP_SERVICE_REPLAY_WATCH_H
#define SEEP_SERVICE_REPLAY_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "judge/detector.h"
#include "store/store.h"
#include "watch/engine.h"

/* Further processes of the image are counted only. */
#define SEEP_REPLAY_WATCH_MAXIMUM 1000u
#define SEEP_REPLAY_WATCH_EVERY_MS SEEP_MS_PER_HOUR

/* How near to a verdict it was at some moment. */
typedef struct seep_replay_near {
  seep_assessment assessment;
  seep_wall at;
} seep_replay_near;

typedef struct seep_replay_watched {
  seep_process_key key;
  char name[256];
  seep_now first, last;
  uint64_t polls;
  uint64_t first_bytes, last_bytes;
  bool ended;
  /* What the engine said; meaningful when `explained`, which everybody is when the input has ended. */
  bool explained;
  seep_mono looked;
  seep_explanation newest;      /* in the end: at the last poll that had it */
  seep_replay_near leak, rapid; /* the nearest of all looks */
} seep_replay_watched;

typedef struct seep_replay_watch {
  seep_replay_watched *items; /* in the order of their first poll */
  size_t count, capacity;
  uint64_t left_out;
} seep_replay_watch;

/* false when out of memory. */
bool seep_replay_watch_add(seep_replay_watch *watch, const seep_store_sample *sample, seep_now now);

/* Before the engine has the next poll, which has this process with these bytes, or does not have it. */
void seep_replay_watch_next(seep_replay_watched *item, const seep_engine *engine, seep_now now,
                            const uint64_t *bytes);

/* The input ends: who lives is looked at for the last time. */
void seep_replay_watch_end(seep_replay_watch *watch, const seep_engine *engine);

/* The newest process under this key: its index and one; 0 = it is not looked at. */
size_t seep_replay_watch_find(const seep_replay_watch *watch, seep_process_key key);

void seep_replay_watch_fini(seep_replay_watch *watch);

#endif
