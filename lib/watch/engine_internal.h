/* Shared by engine.c (processes and cases), engine_recording.c (the recorder) and engine_events.c (the rest).
 */
#ifndef SEEP_WATCH_ENGINE_INTERNAL_H
#define SEEP_WATCH_ENGINE_INTERNAL_H

#include "judge/detector.h"
#include "observe/exhaustion.h"
#include "observe/process_table.h"
#include "watch/engine.h"

/* One look at the processes may fail when memory is short; this many in a row mean that nobody is watching.
 */
#define SEEP_ENGINE_BLIND_AFTER 3

/* How old the figures of an open case may be in the store. */
#define SEEP_ENGINE_CASE_STORED_MS (30 * SEEP_MS_PER_MINUTE)

/* A feed that lost its place looks back a day; 81 events in a night have been seen. */
#define SEEP_ENGINE_RECORDS_TOLD 256

#define SEEP_ENGINE_BOOKMARK_SIZE 1024

/* What the engine keeps beside each slot of the process table. */
typedef struct seep_engine_watch {
  seep_detector detector;
  seep_store_leak *leak; /* the open case; NULL for nearly everybody */
  seep_mono urgent_until;
  bool urgent;
  bool ignored;         /* by processes.ignore */
  bool wants_recording; /* the case is to be offered to the recorder, not before offer_after */
  bool refusal_told;    /* it was, and the administrator knows why nothing came of it */
  seep_mono offer_after;
  seep_mono leak_stored;
  seep_mono leak_began; /* what lasted how long is measured on this clock; the case's own times are names */
} seep_engine_watch;

struct seep_engine {
  seep_settings settings;
  seep_engine_emit emit;
  void *emit_context;
  char version[32];
  char data_folder[SEEP_RECORDER_PATH_SIZE];

  seep_process_table *table;
  seep_engine_watch *watches; /* parallel to the table's slots */
  size_t watch_capacity;
  seep_store_sample *samples; /* scratch of one poll */
  size_t *sample_slots;
  size_t sample_capacity;
  seep_system_memory memory; /* of the last poll; zeros when not known */
  bool memory_known;

  seep_recorder recorder;
  seep_recorder_actions actions; /* scratch: large, and needed when memory is short */
  seep_exhaustion exhaustion;    /* likewise */
  seep_alert alert;

  seep_mono started, next_heartbeat, urgent_until, feed_down_since, blind_since;
  bool urgent;                 /* polling faster */
  int64_t longest_interval_ms; /* in force since the last poll: that is when the next one was meant to come */
  bool look_failed;            /* since the last poll */
  bool feed_known, feed_up;
  seep_wall recovered_since; /* when the leftover being undone was made */
  seep_wall recording_started;
  bool storage_down, stopping;
  seep_wall storage_down_since;
  uint64_t history_told_bytes; /* the size limit of which event 111 has told; 0 = none */
  seep_mono history_short;     /* when polls did not reach back as far as they should, last */
  uint64_t polls, polls_lost, events_lost;
  unsigned polls_failed_in_row;
  uint64_t records_told[SEEP_ENGINE_RECORDS_TOLD]; /* ring of Event 2004 record ids */
  size_t records_next;
  seep_alert untold; /* an Event 2004 that the event log did not take; tried again every second */
  bool has_untold;
  bool bookmark_frozen;      /* a second one was refused while the first waited: the next start must read both
                                again */
  size_t held_bookmark_size; /* the newest one that may move once the waiting alert is told */
  char held_bookmark[SEEP_ENGINE_BOOKMARK_SIZE];
  bool usage_known;
  seep_own_usage usage;
  seep_mono cpu_mark_time;
  uint64_t cpu_mark;
  bool over_private, over_cpu;
};

void seep_engine__emit(seep_engine *engine, seep_command *command);
seep_status seep_engine__emit_alert(seep_engine *engine); /* engine->alert */
void seep_engine__emit_interval(seep_engine *engine);
int64_t seep_engine__interval_ms(const seep_engine *engine); /* in force */

/* One event for the recorder and all that follows from it. */
void seep_engine__recorder_step(seep_engine *engine, seep_now now, const seep_recorder_event *event);

/* Offers the fastest growing case that wants it to an idle recorder: one recording at a time, the worst
 * first. */
void seep_engine__offer_recording(seep_engine *engine, seep_now now);

#endif
