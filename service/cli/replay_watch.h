/*
 * What --explain looks at: the detector of each process of one image, from its first poll to its last, by the
 * facts that the detector shows of itself. It decides nothing.
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

typedef struct seep_replay_watched {
  seep_process_key key;
  char name[256];
  seep_now first, last;
  uint64_t polls;
  uint64_t first_bytes, last_bytes;
  bool ended;
  unsigned parts; /* of a window that it had when it was seen last, at most SEEP_DETECTOR_BUCKETS */
  /* The largest unreleased growth over a whole window; 0 = none. */
  uint64_t best_growth_bytes;
  double best_slope_bytes_per_hour;
  seep_mono bucket_start; /* of the detector's bucket that was looked at last */
} seep_replay_watched;

typedef struct seep_replay_watch {
  seep_replay_watched *items; /* in the order of their first poll */
  size_t count, capacity;
  uint64_t left_out;
} seep_replay_watch;

/* false when out of memory. */
bool seep_replay_watch_add(seep_replay_watch *watch, const seep_store_sample *sample, seep_now now);

/* After each poll. */
void seep_replay_watch_look(seep_replay_watch *watch, const seep_engine *engine, seep_now now);

/* The process that lives under this key: its index and one; 0 = it is not looked at. */
size_t seep_replay_watch_find(const seep_replay_watch *watch, seep_process_key key);

void seep_replay_watch_fini(seep_replay_watch *watch);

#endif
