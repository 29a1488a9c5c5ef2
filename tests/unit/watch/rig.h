/*
 * A watchdog with its real loop, real store and a real child process as recorder, in a folder of its own;
 * processes, clock, events and the event log are fakes. The clock moves a second at each look, so a minute of
 * leaking takes a second.
 */
#ifndef SEEP_TESTS_WATCH_RIG_H
#define SEEP_TESTS_WATCH_RIG_H

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "fakes.h"
#include "watch/watchdog.h"

#define MB (UINT64_C(1) << 20)
#define RIG_PATIENCE_MS 20000

typedef struct rig {
  fake_world world;
  fake_sink sink;
  fake_feed feed, notices;
  seep_process_memory process_memory; /* as options.process_memory; zeros at first: there is none */
  const seep_error *folder_error;     /* as options.data_folder_error */
  seep_tracing_flags flags;           /* these five as the options of their names; zeros at first */
  seep_child_guard child_guard;
  unsigned (*recorder_build)(const char *recorder_path);
  void (*background)(bool on);
  bool undo_only;
  bool reads;        /* finished recordings are read, by the fake recorder's "report" */
  unsigned stopping; /* how often options.stopping was called */
  seep_watchdog *watchdog;
  uv_thread_t thread;
  seep_status ended;
  uv_sem_t running;
} rig;

/* Once, before any test: a folder name of the test program's own, and the path of the fake recorder. */
void rig_prepare(const char *folder, const char *recorder);
const char *rig_path(const char *name);      /* in the folder; valid until the next call but two */
const char *rig_recorder(const char *other); /* from now on this one; returns the one before */

int rig_set_up(void **state);
int rig_tear_down(void **state);
void rig_empty_folder(void); /* and the configuration with short times in it */

void rig_start(rig *r);
unsigned rig_stop(rig *r);    /* returns how many milliseconds it took */
seep_status rig_wait(rig *r); /* for one that ends by itself: what it returned */

/* Looks again and again until the n-th alert of this id has come; NULL when it does not. */
const seep_alert *rig_poll_until(rig *r, uint32_t id, size_t n);
const seep_alert *rig_hurry_until(rig *r, uint32_t id, size_t n); /* the same with no pause between looks */
void rig_look(rig *r, unsigned times);                            /* and that often, which must be possible */

/* leaky.exe leaks as process 4242, from a start of the watchdog until its recording runs. */
void rig_begin_recording(rig *r);
/* That, ended at once, until this alert has come. */
const seep_alert *rig_record(rig *r, uint32_t end);
const char *rig_insert(const seep_alert *alert, const char *label); /* which it must have */

void rig_write_settings(void); /* the ones with short times */
/* The same detector, and of "capture" what a test of recordings needs with these members besides. */
void rig_configure_capture(const char *members);
void rig_write(const char *name, const char *text);
void rig_remove(const char *name);
unsigned rig_calls_of(const char *verb);    /* how often the recorder was called with this first argument */
unsigned rig_calls_with(const char *words); /* and how often with these anywhere in its arguments */
bool rig_is_there(const char *name);        /* a file with something in it */
size_t rig_count_files(const char *folder, const char *ending);
bool rig_temporary_is_empty(void);

/* Of the stopped watchdog. */
size_t rig_journal_entries(void);
void rig_journal_add(const char *kind, const char *subject, int64_t written_ms);
size_t rig_captures(seep_store_capture *out, size_t size); /* oldest first; returns how many there are */

#endif
