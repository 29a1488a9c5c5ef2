/*
 * The watchdog at work: a libuv loop that owns the engine, the store and the recorder's child process. It
 * carries out the engine's commands and feeds it what happens. One thread; others reach it through
 * seep_watchdog_post alone.
 */
#ifndef SEEP_WATCH_WATCHDOG_H
#define SEEP_WATCH_WATCHDOG_H

#include "base/status.h"
#include "port/alert_sink.h"
#include "port/child_guard.h"
#include "port/clock.h"
#include "port/diagnosis.h"
#include "port/event_feed.h"
#include "port/own_usage.h"
#include "port/process_memory.h"
#include "port/process_source.h"
#include "port/tracer.h"
#include "port/tracing_flags.h"
#include "store/store.h"

typedef enum seep_control {
  SEEP_CONTROL_STOP = 0,
  SEEP_CONTROL_RELOAD,
  SEEP_CONTROL_POLL_NOW,
  SEEP_CONTROL_STATUS,
  SEEP_CONTROL_ABANDON,
  SEEP_CONTROL_SAVE_NOW
} seep_control;

typedef struct seep_watchdog_options {
  const char *version;
  const char *data_folder; /* exists; holds seepwatch.db and captures; UTF-8, absolute */
  const seep_error
      *data_folder_error; /* NULL, or why nothing in that folder may be trusted or written: then history
                           * stays in memory, nothing is recorded, the safe settings apply */
  const char *settings_path;
  const char *recorder_path; /* absolute path of wpr.exe; need not exist */
  char path_separator;
  seep_process_source source;
  seep_process_memory process_memory; /* open NULL: there is none, and memory.enabled counts as false */
  seep_event_feed feeds[SEEP_FEEDS];  /* start NULL: there is none */
  seep_diagnosis_source diagnosis;    /* read NULL: nobody knows */
  seep_alert_sink sink;
  seep_clock clock; /* asked by the loop and, once per look, by its worker thread */
  seep_own_usage_source usage;
  const seep_tracer *tracer;    /* NULL: a child process of recorder_path */
  const char *reader_path;      /* of the program whose verb `report` reads recordings: this one; NULL: nobody
                                 * reads them */
  const seep_tracer *reader;    /* NULL: a child process of reader_path */
  seep_child_guard child_guard; /* for those children; zeros = none */
  seep_tracing_flags flags;     /* read NULL: no tracing flag is ever set */
  unsigned (*recorder_build)(
      const char *recorder_path); /* third part of its file version, 0 = not known; or NULL */
  void (*background)(bool on);    /* lowers and restores the calling thread's priority; or NULL */
  bool undo_only; /* take back what earlier lives have left, tracing flags too, and stop by itself */
  const seep_store_files *store_files; /* NULL: the C library's rename */
  void (*running)(void *context);      /* recovery has begun, polling works: RUNNING may be reported */
  void (*stopping)(void *context);     /* a stop takes longer, but goes on; several times a second */
  void *running_context;               /* of both */
} seep_watchdog_options;

typedef struct seep_watchdog seep_watchdog;

/* Copies options' texts. SEEP_NO_MEMORY, SEEP_OS. Nothing runs yet, controls may already be posted. */
seep_status seep_watchdog_new(const seep_watchdog_options *options, seep_watchdog **out, seep_error *error);

/* With undo_only: SEEP_TIMED_OUT when something could not be taken back.
 * Blocks until a STOP has been carried out (within 5 s; with a recording that is being saved, within
 * capture.stop_patience_s), then everything is closed. */
seep_status seep_watchdog_run(seep_watchdog *watchdog, seep_error *error);

/* Any thread, between new and free. Never blocks. */
void seep_watchdog_post(seep_watchdog *watchdog, seep_control control);

/* After run: a worker that hangs in the system was not waited for any longer. Nothing that the options name
 * may be freed, and the process is to be ended without waiting for its threads. */
bool seep_watchdog_is_abandoned(const seep_watchdog *watchdog);

/* An abandoned one is left as it is. */
void seep_watchdog_free(seep_watchdog *watchdog);

#endif
