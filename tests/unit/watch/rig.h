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
  fake_feed feed;
  seep_process_memory process_memory; /* as options.process_memory; zeros at first: there is none */
  const seep_error *folder_error;     /* as options.data_folder_error */
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
unsigned rig_stop(rig *r); /* returns how many milliseconds it took */

/* Looks again and again until the n-th alert of this id has come; NULL when it does not. */
const seep_alert *rig_poll_until(rig *r, uint32_t id, size_t n);

void rig_write_settings(void); /* the ones with short times */
void rig_write(const char *name, const char *text);
void rig_remove(const char *name);
unsigned rig_calls_of(const char *verb);    /* how often the recorder was called with this first argument */
unsigned rig_calls_with(const char *words); /* and how often with these anywhere in its arguments */
bool rig_temporary_is_empty(void);
size_t rig_journal_entries(void); /* of the stopped watchdog */

#endif
