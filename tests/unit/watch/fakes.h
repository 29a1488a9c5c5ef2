/*
 * Fakes of the ports, for tests of the watchdog: deterministic, in one process, each able to fail its n-th
 * call (and every later one when `persistent`). The recorder's fake is a program of its own: fake_recorder.c.
 * The process source builds the same bytes that NtQuerySystemInformation fills.
 */
#ifndef SEEP_TESTS_WATCH_FAKES_H
#define SEEP_TESTS_WATCH_FAKES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "port/alert_sink.h"
#include "port/clock.h"
#include "port/event_feed.h"
#include "port/process_source.h"
#include "report/alert.h"

/* Counts down to the call that fails; 0 = never. */
typedef struct fake_fault {
  unsigned fail_at;
  bool persistent;
  unsigned calls;
  unsigned fired;
} fake_fault;

bool fake_fault_fires(fake_fault *fault);

/* ---- processes ---- */

#define FAKE_PROCESSES 16

typedef struct fake_process {
  uint32_t pid;
  uint64_t created;
  const char *name; /* ASCII */
  uint64_t commit_bytes;
  int64_t growth_per_second; /* added for each second that the clock moves */
} fake_process;

typedef struct fake_world {
  uv_mutex_t lock; /* the loop's worker and the test's thread both look */
  fake_process processes[FAKE_PROCESSES];
  size_t process_count;
  seep_system_memory memory;
  int64_t mono_ms, wall_ms;
  int64_t step_ms; /* the clock moves this far at each fetch */
  bool cut;        /* hand out a buffer cut in the middle */
  fake_fault fetch_fault;
  uv_sem_t *hangs; /* if not NULL, a fetch posts the first and returns when the second has been posted */
  uint8_t buffer[FAKE_PROCESSES * 0x200];
} fake_world;

void fake_world_init(fake_world *world);
void fake_world_fini(fake_world *world);
fake_process *fake_world_add(fake_world *world, uint32_t pid, const char *name, uint64_t commit_bytes,
                             int64_t growth_per_second);
void fake_world_remove(fake_world *world, uint32_t pid);
/* Builds the buffer as it is now; used by the port and, directly, by tests of the engine. */
void fake_world_bytes(fake_world *world, seep_process_bytes *out);
void fake_world_advance(fake_world *world, int64_t ms);
seep_process_source fake_world_source(fake_world *world);
seep_clock fake_world_clock(fake_world *world);

/* ---- alerts ---- */

#define FAKE_ALERTS 256

typedef struct fake_sink {
  uv_mutex_t lock;
  uv_cond_t changed;
  size_t count;
  seep_alert alerts[FAKE_ALERTS];
  fake_fault fault;
} fake_sink;

void fake_sink_init(fake_sink *sink);
void fake_sink_fini(fake_sink *sink);
void fake_sink_keep(fake_sink *sink, uint32_t id, int level, const char *const *inserts, size_t insert_count);
seep_alert_sink fake_sink_port(fake_sink *sink);
size_t fake_sink_count_of(fake_sink *sink, uint32_t id);
/* Waits up to timeout_ms for the n-th alert of this id; NULL when it does not come. */
const seep_alert *fake_sink_wait(fake_sink *sink, uint32_t id, size_t n, unsigned timeout_ms);

/* ---- event feed ---- */

typedef struct fake_feed {
  const seep_event_feed_sink *sink;
  char bookmark[256]; /* what start was given; "" for none */
  fake_fault start_fault;
  bool running;
  bool asked; /* to stop: one that is not asked first goes on, so that a test sees it */
} fake_feed;

seep_event_feed fake_feed_port(fake_feed *feed);

#endif
