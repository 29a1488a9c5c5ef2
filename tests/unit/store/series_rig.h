/* A small world of processes that is recorded and remembered: what was put into a store can be compared with
 * what comes out, poll by poll. */
#ifndef SEEP_TESTS_SERIES_RIG_H
#define SEEP_TESTS_SERIES_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

#define SERIES_RIG_ALIVE 40u /* most processes at a time */
#define SERIES_RIG_POLLS 4000u

typedef struct series_rig_value {
  seep_process_key key;
  uint64_t commit_bytes;
} series_rig_value;

typedef struct series_rig_poll {
  seep_now now;
  bool gap;
  unsigned count;
  series_rig_value values[SERIES_RIG_ALIVE];
  seep_system_memory memory;
} series_rig_poll;

typedef struct series_rig {
  seep_store *store;
  uint64_t random;
  seep_now now;
  uint32_t next_pid;
  unsigned alive;
  seep_store_sample samples[SERIES_RIG_ALIVE];
  char names[SERIES_RIG_ALIVE][32];
  series_rig_poll *polls; /* what has been acknowledged */
  size_t poll_count;
  bool after_gap; /* the next poll will be */
} series_rig;

#define SERIES_RIG_INTERVAL_MS INT64_C(30000)

/* alive processes, at 2026-03-01T00:00:00Z. */
void series_rig_init(series_rig *rig, const char *path, unsigned alive, uint64_t seed);
void series_rig_fini(series_rig *rig);

/* A test's set-up and tear-down around a rig of its own; the file at path is gone before and after. */
int series_rig_set_up(void **state, const char *path);
int series_rig_tear_down(void **state, const char *path);

/* The first value that the stock library gives for a query, beside the open store. */
int64_t series_rig_ask(const char *path, const char *sql);

/* Opens the store anew, as a later life of the service does; killed: without closing it before. */
void series_rig_reopen(series_rig *rig, const char *path);

/* Time goes on by so much on both clocks; then some commits change, now and then a process ends and another
 * begins, and a poll is taken. */
seep_status series_rig_poll_after(series_rig *rig, int64_t wall_ms, int64_t mono_ms);
void series_rig_polls(series_rig *rig, unsigned count);

/* Reads everything and fails the test unless it is what was remembered, from poll `first` on. */
void series_rig_check(series_rig *rig, size_t first);

#endif
