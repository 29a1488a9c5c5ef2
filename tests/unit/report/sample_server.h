/*
 * A server in simulated time with the real engine on it, for the samples of alerts: what the engine says by
 * itself is taken from its mouth and not written down a second time. There is one server at a time.
 */
#ifndef TEST_REPORT_SAMPLE_SERVER_H
#define TEST_REPORT_SAMPLE_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "watch/engine.h"

#define SAMPLE_MB (UINT64_C(1) << 20)
#define SAMPLE_GB (UINT64_C(1) << 30)

#define SAMPLE_CONFIGURATION "C:\\ProgramData\\Seepwatch\\seepwatch.json"

typedef struct sample_process {
  const char *name; /* NULL: no more of them */
  seep_process_key key;
  uint64_t commit_bytes;
  int64_t bytes_per_hour; /* it grows by this from poll to poll */
  uint32_t handles;
  uint32_t handles_per_poll;
} sample_process;

typedef struct sample_server {
  seep_engine *engine;
  seep_settings settings;
  seep_now now;
  sample_process *processes; /* ended by one without a name; they may come and go between polls */
  uint64_t outside_bytes;    /* that no process owns, the nonpaged pool among it: */
  uint64_t nonpaged_bytes;   /* it grows by */
  int64_t nonpaged_per_hour; /* this, or */
  int64_t shared_per_hour;   /* the rest outside of processes by this */
  uint64_t limit_bytes;
} sample_server;

/* A server with the shipped settings, with 20 GB to commit; nothing has been seen yet. Event 100 has been
 * told. */
sample_server *sample_server_begin(int64_t wall_ms);

/* The same engine with `settings` changed. */
void sample_server_configure(sample_server *server, const seep_settings_problem *problem);

/* Polls, 30 s apart, each followed by a tick. */
void sample_server_poll(sample_server *server, unsigned polls);
void sample_server_tick(sample_server *server, int64_t later_ms);

/* The last alert with this id that went out; fails the test when there has been none. */
void sample_server_told(uint32_t id, seep_alert *alert);

#endif
