/*
 * What the engine says while it is fed from a file, gathered: one entry per verdict. A case that is called
 * rapid growth first and confirmed as a leak later is two of them, a case that goes on over a restart of its
 * process stays one, and that a case has doubled is no new one. Alerts about the system and about handles are
 * kept as they are.
 */
#ifndef SEEP_SERVICE_REPLAY_CASES_H
#define SEEP_SERVICE_REPLAY_CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/alert.h"
#include "store/store.h"

/* Further ones are counted only. */
#define SEEP_REPLAY_NOTICES_MAXIMUM 1000u

/* One process that a case was about. */
typedef struct seep_replay_life {
  seep_process_key key;
  size_t watched; /* index in the watch's items and one; 0 = not asked about */
} seep_replay_life;

typedef struct seep_replay_case {
  seep_store_leak leak; /* as the service would have stored it last; closed and ending are not the entry's */
  seep_replay_life *lives; /* the process that was called first, then its successors */
  size_t life_count, life_capacity;
  seep_wall began, opened, closed; /* closed: once `ending` is not empty */
  char ending[64];
  double slope_bytes_per_hour, slope_low_bytes_per_hour, slope_high_bytes_per_hour; /* when it was called; */
  double confidence;                                                                /* so are these: */
  uint64_t growth_bytes, commit_bytes;
  int64_t grown_ms; /* in which it had grown by that */
  bool headroom_known;
  double together_bytes_per_hour;        /* the slopes of all cases open then, this one included */
  int64_t time_left_ms;                  /* at which this is left; SEEP_TIME_LEFT_UNKNOWN: over ten years */
  char evidence[SEEP_ALERT_INSERT_SIZE]; /* "": there was no alert with any */
} seep_replay_case;

typedef struct seep_replay_notice {
  seep_wall at;
  bool again; /* told before, and not over since: it has doubled */
  seep_alert alert;
} seep_replay_notice;

typedef struct seep_replay_cases {
  seep_replay_case *items; /* in the order in which they were called */
  size_t count, capacity;
  seep_replay_notice *notices; /* events 203 and 206 to 208 */
  size_t notice_count, notice_capacity;
  uint64_t notices_left_out;
  bool no_memory;
  /* Its own: */
  size_t *newest; /* by the case's number, from 1: its newest entry's index */
  size_t case_count, case_capacity;
  size_t untold; /* index and one of the entry whose alert is still to come; 0 = none */
} seep_replay_cases;

/* What is true when the engine says something. */
typedef struct seep_replay_moment {
  seep_wall now;
  size_t watched; /* of the process that the command is about, as in seep_replay_life */
  bool headroom_known;
  uint64_t headroom_bytes;
} seep_replay_moment;

/* Numbers the case. */
void seep_replay_cases_open(seep_replay_cases *cases, seep_store_leak *leak,
                            const seep_replay_moment *moment);
void seep_replay_cases_update(seep_replay_cases *cases, const seep_store_leak *leak,
                              const seep_replay_moment *moment);
/* Any alert; most are about neither. */
void seep_replay_cases_alert(seep_replay_cases *cases, const seep_alert *alert, seep_wall now);

bool seep_replay_case_is_rapid(const seep_replay_case *item);
/* Whether the entry is about the process that is looked at as `watched` (index and one). */
bool seep_replay_case_is_of(const seep_replay_case *item, size_t watched);
/* Whether it was called while that process was the one it is about; else it is a successor. */
bool seep_replay_case_is_since(const seep_replay_case *item, size_t watched);

void seep_replay_cases_fini(seep_replay_cases *cases);

#endif
