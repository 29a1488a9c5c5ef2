/*
 * Everything that must survive, in one SQLite file: the time series, the leak cases, the captures, the undo
 * journal, the event bookmark. One thread uses a store. Each call is one transaction and durable when it
 * returns OK.
 *
 * A file that is not ours or is damaged is set aside under a new name, never deleted, and a fresh one begun.
 * A file from a newer Seepwatch is left alone (SEEP_UNSUPPORTED).
 */
#ifndef SEEP_STORE_STORE_H
#define SEEP_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/status.h"
#include "judge/lineage.h"
#include "observe/exhaustion.h"
#include "observe/snapshot.h"
#include "observe/system_memory.h"
#include "report/trace_told.h"

typedef struct seep_store seep_store;

typedef struct seep_store_opening {
  bool created;        /* the file did not exist */
  char set_aside[512]; /* where a damaged file went; "" when there was none */
} seep_store_opening;

/* How a file is renamed, since C's rename knows no UTF-8 on Windows. Both paths are UTF-8, `to` does not
 * exist. SEEP_NOT_FOUND when `from` is not there; anything else but OK leaves `from` where it was. */
typedef struct seep_store_files {
  void *context;
  seep_status (*rename)(void *context, const char *from, const char *to, seep_error *error);
} seep_store_files;

/* path: UTF-8; ":memory:" gives a store that lasts as long as the process (degraded service). Creates the
 * file and brings an older schema up to date in one transaction. *out is the caller's, freed by
 * seep_store_close. A file that is no store of ours, or found damaged, is renamed with the logs beside it to
 * PATH.damaged-TIME (-2, -3
 * ... when taken) by files->rename (files NULL: C's rename); entries of the undo journal that it still gives
 * are carried over into the fresh file. After an unclean stop the whole file is read once to check it. files
 * is used during the call only; opening may be NULL and is filled on failure too. SEEP_UNSUPPORTED: newer
 * schema. SEEP_DENIED, SEEP_NOT_FOUND (no such folder), SEEP_BUSY, SEEP_LIMIT (disk full), SEEP_OS. */
seep_status seep_store_open(const char *path, seep_wall now, const seep_store_files *files, seep_store **out,
                            seep_store_opening *opening, seep_error *error);

/* For the verbs: no writing, no creation, works beside a running service. SEEP_NOT_FOUND also for an empty
 * file, SEEP_CORRUPT for one that is no store, SEEP_UNSUPPORTED for another version's, SEEP_DENIED also for
 * one with a log beside it in a folder where nothing may be written. */
seep_status seep_store_open_readonly(const char *path, seep_store **out, seep_error *error);

/* Writes the log back and removes it, unless a reader is at work: then the log is truncated where that can
 * be. A file closed so is one piece. Never waits. store may be NULL. */
void seep_store_close(seep_store *store);

/* ---- time series ---- */

typedef struct seep_store_sample {
  seep_process_key key;
  const char *name;      /* UTF-8; used at the first sight only; what it holds is stored as it is */
  uint64_t commit_bytes; /* kept to the page: the store counts in pages of 4096 bytes, rounded down */
  int64_t store_id;      /* in: 0 or what an earlier append filled in; out: the process's row */
} seep_store_sample;

typedef struct seep_store_poll {
  seep_now now;                     /* wall names the poll; mono spaces it from the one before */
  int64_t interval_ms;              /* at which polls were meant to come: later than twice that is a gap */
  const seep_system_memory *memory; /* NULL: not known */
  seep_store_sample *samples;       /* all processes of the moment, each once */
  size_t count;
} seep_store_poll;

/* One poll in one transaction. On failure nothing of it is kept, and the poll after it stands behind a gap.
 * samples' store_id are valid only after OK, and are left as they were otherwise. SEEP_INVALID: a process
 * twice; SEEP_LIMIT: the disk is full, or more processes than SEEP_SNAPSHOT_MAXIMUM_PROCESSES. Now and then
 * (about once an hour) an append also packs the polls that have gathered and adds up their hours. */
seep_status seep_store_append_poll(seep_store *store, const seep_store_poll *poll, seep_error *error);

typedef struct seep_store_limits {
  seep_wall raw_from;     /* polls before this go, in packs of some hours */
  seep_wall hourly_from;  /* hours and events before this go */
  uint64_t maximum_bytes; /* of the file without the log beside it; 0 = no limit */
} seep_store_limits;

typedef struct seep_store_pruned {
  uint64_t polls, hours;
  bool capped;        /* polls or hours younger than the limits' ages had to go because of maximum_bytes */
  seep_wall raw_from; /* the oldest poll still there; 0 when there is none */
} seep_store_pruned;

/* Deletes what is older than the limits, then, while the file is larger than maximum_bytes, the oldest polls,
 * and hours only when a day of polls is all that is left; before either, Events 2004 beyond an eighth of it.
 * Processes go when nothing names them any more. Leaks, captures and journal are never touched. A bounded
 * piece of work per call; room that many deletions freed is given back to the volume bit by bit. */
seep_status seep_store_prune(seep_store *store, const seep_store_limits *limits, seep_store_pruned *pruned,
                             seep_error *error);

/* ---- leak cases ---- */

typedef struct seep_store_leak {
  int64_t id;
  seep_process_key key;
  char image[256];
  seep_wall began, opened, closed; /* closed.ms = 0 while open */
  char verdict[16];                /* "rapid" or "leak" */
  double slope_bytes_per_hour;
  double slope_low_bytes_per_hour, slope_high_bytes_per_hour; /* both 0: not known */
  uint64_t growth_bytes;
  uint64_t commit_bytes;
  double confidence;
  char kind[24];   /* kind of memory, seep_memory_kind_text */
  char ending[64]; /* why it was closed: "" while open */
  /* What the alerts about it said beyond that; "" and 0 = not known. */
  double kind_confidence;
  char kind_reason[256];
  char services[192]; /* that its process hosts, "A, B" */
  char evidence[512]; /* what the verdict stands on, in words */
  unsigned times_told;
  seep_wall told;                                   /* last, */
  char told_because[64];                            /* why it was, */
  int64_t time_left_ms;                             /* and until the commit limit then; -1 = not known */
  uint64_t system_commit_bytes, system_limit_bytes; /* likewise */
} seep_store_leak;

seep_status seep_store_leak_open(seep_store *store, seep_store_leak *leak,
                                 seep_error *error); /* fills leak->id */
/* Everything but the id may have changed, the process too. SEEP_NOT_FOUND when there is no such case. */
seep_status seep_store_leak_update(seep_store *store, const seep_store_leak *leak, seep_error *error);

/* At a start: closes every case still open (its process belongs to an earlier life of the service). */
seep_status seep_store_leak_close_all(seep_store *store, seep_wall now, const char *ending, unsigned *closed,
                                      seep_error *error);

/* ---- lineages: what an image has shown in its earlier lives ---- */

#define SEEP_STORE_LINEAGES 1024

typedef struct seep_store_lineage {
  char image[256]; /* folded by the caller, so that one image is one row */
  seep_lineage lineage;
  seep_wall seen; /* when it changed last */
} seep_store_lineage;

/* Inserts or replaces. Of more than SEEP_STORE_LINEAGES those seen longest ago go. */
seep_status seep_store_lineage_save(seep_store *store, const seep_store_lineage *lineage, seep_error *error);

/* Newest seen first. A row that can not be decoded is passed over. */
typedef bool (*seep_store_lineage_visit)(void *context, const seep_store_lineage *lineage);
seep_status seep_store_lineages(seep_store *store, seep_store_lineage_visit visit, void *context,
                                seep_error *error);

/* ---- captures ---- */

typedef struct seep_store_capture {
  int64_t id;
  int64_t leak_id; /* 0 = none */
  seep_process_key key;
  char image[256];
  char kind[24]; /* "virtualalloc", "heap", "snapshot" */
  seep_wall started, ended;
  uint64_t bytes;     /* of the file as it is kept */
  char path[512];     /* of the saved file; "" when there is none. It stays when the file has been removed */
  char outcome[160];  /* "saved", or why not */
  char ending[128];   /* why it ended when it did; "" = not known */
  char sha256[65];    /* of the file as kept; "" = not known */
  uint64_t etl_bytes; /* uncompressed; 0 = not known */
  bool readable;      /* the next four are known */
  uint64_t events, target_events; /* in it, and of the process */
  uint64_t events_lost, buffers_lost;
  seep_wall removed; /* the file, to make room for others; 0 = it was not */
} seep_store_capture;

seep_status seep_store_capture_add(seep_store *store, seep_store_capture *capture, seep_error *error);

/* The file of this path has been removed. SEEP_OK also when no row has it. */
seep_status seep_store_capture_removed(seep_store *store, const char *path, seep_wall when,
                                       seep_error *error);

/* How many recordings began at this time or later, saved or not. */
seep_status seep_store_captures_since(seep_store *store, seep_wall since, unsigned *count, seep_error *error);

/* When the newest recording of this image began, saved or not; ASCII case ignored. 0: there is none. */
seep_status seep_store_capture_newest(seep_store *store, const char *image, seep_wall *started,
                                      seep_error *error);

/* The newest readable recording since then whose file is there and of which nobody has begun to find out what
 * it shows. SEEP_NOT_FOUND: there is none. */
seep_status seep_store_capture_unanswered(seep_store *store, seep_wall since, seep_store_capture *capture,
                                          seep_error *error);

/* The newest recording of this path. SEEP_NOT_FOUND: there is none. */
seep_status seep_store_capture_by_path(seep_store *store, const char *path, int64_t *id, seep_error *error);

/* ---- what a recording shows ---- */

typedef enum seep_store_answer_state {
  SEEP_STORE_ANSWER_BEGUN = 1, /* and never ended: whoever read the trace was ended meanwhile */
  SEEP_STORE_ANSWER_MADE = 2,
  SEEP_STORE_ANSWER_FAILED = 3 /* why tells */
} seep_store_answer_state;

typedef struct seep_store_answer {
  int64_t capture_id;
  seep_store_answer_state state;
  seep_wall made;
  seep_trace_told told; /* of one that is not MADE: why */
} seep_store_answer;

/* Inserts or replaces. */
seep_status seep_store_answer_set(seep_store *store, const seep_store_answer *answer, seep_error *error);
seep_status seep_store_answer_forget(seep_store *store, int64_t capture_id, seep_error *error);

/* SEEP_NOT_FOUND: nobody has begun. */
seep_status seep_store_answer_get(seep_store *store, int64_t capture_id, seep_store_answer *answer,
                                  seep_error *error);

/* ---- undo journal: written before, removed after ---- */

#define SEEP_JOURNAL_TEXT_SIZE 1024

typedef struct seep_store_journal_entry {
  int64_t id;
  seep_wall written;
  char kind[32];                        /* SEEP_PROMISE_RECORDING, SEEP_PROMISE_FLAG (capture/promise.h) */
  char subject[SEEP_JOURNAL_TEXT_SIZE]; /* what capture/promise writes; earlier versions: the instance name */
} seep_store_journal_entry;

seep_status seep_store_journal_add(seep_store *store, seep_store_journal_entry *entry,
                                   seep_error *error); /* fills id */
seep_status seep_store_journal_remove(seep_store *store, int64_t id,
                                      seep_error *error); /* OK when it is not there */

/* Oldest first, at most `size` entries; *count = how many were filled. */
seep_status seep_store_journal_list(seep_store *store, seep_store_journal_entry *entries, size_t size,
                                    size_t *count, seep_error *error);

/* ---- small values: the event bookmark, the marks of a clean stop ---- */

/* Names beginning "store." are the store's own.
 * SEEP_NOT_FOUND when absent. *length = bytes without terminator; SEEP_LIMIT when it does not fit. */
seep_status seep_store_value_get(seep_store *store, const char *name, char *out, size_t out_size,
                                 size_t *length, seep_error *error);
seep_status seep_store_value_set(seep_store *store, const char *name, const char *value, size_t length,
                                 seep_error *error);

/* ---- reading, for the verbs; visitors return false to stop ----
 * A visitor may take its time and may call the store: nothing is held open meanwhile. */

typedef bool (*seep_store_leak_visit)(void *context, const seep_store_leak *leak);
seep_status seep_store_leaks(seep_store *store, seep_store_leak_visit visit, void *context,
                             seep_error *error);

typedef bool (*seep_store_capture_visit)(void *context, const seep_store_capture *capture);
seep_status seep_store_captures(seep_store *store, seep_store_capture_visit visit, void *context,
                                seep_error *error);

/* ---- reading the time series ---- */

typedef struct seep_store_filter {
  const char *image;  /* NULL = all; ASCII case ignored; * and ? stand for any characters and any one */
  uint32_t pid;       /* 0 = all */
  seep_wall from, to; /* from <= time < to */
  bool system;        /* the system's figures instead of processes; image then filters their names */
} seep_store_filter;

/* A filter that lets every process and all of time through. */
void seep_store_filter_init(seep_store_filter *filter);

/* A week more at both ends, for finding processes by seep_store_processes: where the clock was set, first and
 * last need not enclose a process's polls. Points and hours are found so anyway. */
void seep_store_filter_widen(seep_store_filter *filter);

/* The system's figures are read like processes, with PID 0 and these names, in the order of
 * seep_system_memory's members. */
#define SEEP_STORE_FIGURES 6
extern const char *const seep_store_figure_names[SEEP_STORE_FIGURES]; /* "[commit_total]" ... */

typedef struct seep_store_process {
  int64_t row; /* negative for the system's figures */
  seep_process_key key;
  const char *name;
  seep_wall first;
  seep_wall
      last; /* the last poll that had it; INT64_MAX while it lives and until the hour of its end is over */
} seep_store_process;

/* Processes that lived at some time of the filter's range by their first and last, oldest row first. Where
 * the clock was set back a process may have polls outside of these two. */
typedef bool (*seep_store_process_visit)(void *context, const seep_store_process *process);
seep_status seep_store_processes(seep_store *store, const seep_store_filter *filter,
                                 seep_store_process_visit visit, void *context, seep_error *error);

typedef struct seep_store_point {
  const seep_store_process *process;
  seep_wall wall;
  /* Running time since the first poll visited: distances between polls are to be taken from here, the wall
   * clock may have been set. Over a restart of the service it is the wall clock's difference, or 0 when that
   * is negative. */
  int64_t running_ms;
  /* Polls were missed between this one and the one before, the machine slept, the clock was set, or the
   * service was not there. True for the first poll visited. */
  bool after_gap;
  uint64_t commit_bytes;
} seep_store_point;

/* When the newest poll was taken, newest in the order of writing: one that a wrong clock dated into the
 * future is not. SEEP_NOT_FOUND when there is none. */
seep_status seep_store_newest(seep_store *store, seep_wall *newest, seep_error *error);

/* Every poll kept, in the order in which they were taken, within a poll by row. What can not be decoded is
 * left out; SEEP_CORRUPT at the end then says so, with its row. Polls taken after the call began may be left
 * out. */
typedef bool (*seep_store_point_visit)(void *context, const seep_store_point *point);
seep_status seep_store_history(seep_store *store, const seep_store_filter *filter,
                               seep_store_point_visit visit, void *context, seep_error *error);

typedef struct seep_store_hour {
  const seep_store_process *process;
  seep_wall hour; /* its beginning */
  uint64_t floor_bytes, mean_bytes, peak_bytes;
} seep_store_hour;

/* The hours' figures, by time, within an hour by row. An hour is added up some time after it is over. */
typedef bool (*seep_store_hour_visit)(void *context, const seep_store_hour *hour);
seep_status seep_store_hours(seep_store *store, const seep_store_filter *filter, seep_store_hour_visit visit,
                             void *context, seep_error *error);

/* ---- what was said in the event log ---- */

typedef struct seep_store_event {
  int64_t id;
  seep_wall wall;
  uint32_t event;  /* the id in the event log: 210 = an Event 2004 came */
  char level[16];  /* "information", "warning", "error" */
  char image[256]; /* "" when the event is about no process */
  uint32_t pid;
  char text[1024];
} seep_store_event;

seep_status seep_store_event_add(seep_store *store, seep_store_event *event,
                                 seep_error *error); /* fills id */

/* Of the filter only the times count. Oldest first. */
typedef bool (*seep_store_event_visit)(void *context, const seep_store_event *event);
seep_status seep_store_events(seep_store *store, const seep_store_filter *filter,
                              seep_store_event_visit visit, void *context, seep_error *error);

/* ---- Events 2004 ---- */

typedef enum seep_store_match {
  SEEP_STORE_MATCH_NONE = 0, /* no such process was known */
  SEEP_STORE_MATCH_NAME,     /* one of that name: weak */
  SEEP_STORE_MATCH_EXACT     /* by PID and creation time */
} seep_store_match;

typedef struct seep_store_exhaustion {
  int64_t id;
  seep_wall seen;               /* when it was read, which may be long after event->time_created */
  bool told;                    /* in an alert of its own; else counted into another one */
  const seep_exhaustion *event; /* reading: valid during the visit */
  seep_store_match matches[SEEP_EXHAUSTION_PROCESSES];
} seep_store_exhaustion;

/* Fills id. They go with the told events (limits' hourly_from), and of more than SEEP_STORE_EXHAUSTIONS the
 * oldest. Names longer than the event structure has are cut there already. */
#define SEEP_STORE_EXHAUSTIONS 5000
seep_status seep_store_exhaustion_add(seep_store *store, seep_store_exhaustion *exhaustion,
                                      seep_error *error);

/* Oldest first; of the filter only the times count, and `seen` is what they are compared with. */
typedef bool (*seep_store_exhaustion_visit)(void *context, const seep_store_exhaustion *exhaustion);
seep_status seep_store_exhaustions(seep_store *store, const seep_store_filter *filter,
                                   seep_store_exhaustion_visit visit, void *context, seep_error *error);

#endif
