/*
 * How the watchdog and the server are at one moment: the one set of facts behind event 104 (daily, and on
 * control 129), `seepwatch status` and the Prometheus text file, so that the three can not contradict each
 * other. The engine fills it in, the watchdog adds what only it knows.
 */
#ifndef SEEP_REPORT_PULSE_H
#define SEEP_REPORT_PULSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/text.h"
#include "judge/headroom.h"
#include "observe/snapshot.h"
#include "observe/system_memory.h"
#include "report/alert.h"

#define SEEP_PULSE_CASES 32
#define SEEP_PULSE_SIZE (128u * 1024u) /* of any text: always enough, whatever the names are */

typedef struct seep_pulse_case {
  char image[256];
  seep_process_key key;
  bool is_rapid;   /* "rapid", else "leak" */
  bool is_waiting; /* its process has ended; it may come back */
  char memory_kind[24];
  char services[192];
  double slope_bytes_per_hour;
  uint64_t growth_bytes, commit_bytes;
  seep_wall began;
} seep_pulse_case;

typedef struct seep_pulse {
  char version[32];
  char host[256];         /* "" = not known */
  char data_folder[1024]; /* cut if it is longer */
  seep_wall now;
  int64_t write_interval_ms; /* between two of the file that it is kept in; 0 = not known */
  bool stopped;              /* the last word of a service that has ended */
  int64_t uptime_ms;
  /* looking */
  uint64_t polls, polls_failed;
  seep_wall last_poll; /* 0 = none yet */
  int64_t poll_interval_ms;
  size_t processes, suspects, open_leaks;
  size_t rapid_leaks; /* of the open ones; those that are not listed included */
  /* the system */
  bool memory_known;
  seep_system_memory memory;
  uint64_t owned_bytes;  /* commit of all processes together */
  int64_t time_left_ms;  /* until the commit limit, by the growth that is told; SEEP_TIME_LEFT_UNKNOWN */
  bool headroom_warning; /* event 202 stands */
  /* Event 2004 */
  bool feed_wanted, feed_known, feed_up;
  bool notices_up;          /* the detector's own log is read too */
  const char *feed_trouble; /* why Windows may never write one, a literal; NULL = nothing known */
  uint64_t exhaustions;     /* Events 2004 since the start */
  seep_wall last_exhaustion;
  /* recording */
  bool capture_enabled;
  const char *recorder;     /* "idle", "recording", ... a literal */
  char recorded_image[256]; /* "" when idle */
  uint32_t recorded_pid;
  uint64_t recordings_saved, recordings_failed; /* since the start */
  size_t flags;                                 /* tracing flags that wait for a restart */
  /* ourselves */
  bool usage_known;
  uint64_t own_private_bytes, own_cpu_100ns;
  uint32_t own_handles;
  uint64_t events_lost, alerts_held_back;
  bool storage_ok;
  uint64_t database_bytes; /* 0 = not known */
  /* cases, fastest growing first, those that wait behind all others; open_leaks may be more */
  size_t case_count;
  seep_pulse_case cases[SEEP_PULSE_CASES];
} seep_pulse; /* about 30 KB: give it storage that exists beforehand */

/* Event 104; inserts as report/alert.c has them. */
void seep_pulse_alert(const seep_pulse *pulse, seep_alert *alert);

/* One JSON object, "schema": 1, keys never renamed, what is not known is null; sizes in bytes, times in ISO
 * 8601 UTC, durations in _ms. What `status` shows. */
void seep_pulse_json(const seep_pulse *pulse, seep_writer *writer);

/* The same in lines for people, without a heading: "label: value". Harmless for a terminal. */
void seep_pulse_text(const seep_pulse *pulse, seep_writer *writer);

#endif
