/* Turns what the engine knows into alerts: which figure goes into which insert. No decisions. Inserts:
 * report/alert.c. */
#ifndef SEEP_WATCH_NOTICES_H
#define SEEP_WATCH_NOTICES_H

#include "base/clock.h"
#include "capture/recorder.h"
#include "observe/exhaustion.h"
#include "observe/system_memory.h"
#include "port/own_usage.h"
#include "report/alert.h"
#include "settings/settings.h"
#include "store/store.h"

void seep_notices_started(seep_alert *alert, const char *version, const char *data_folder,
                          const seep_settings *settings);
void seep_notices_stopped(seep_alert *alert, const char *reason, int64_t ran_ms);
void seep_notices_settings(seep_alert *alert, const char *file, const seep_settings *settings, bool changed);
void seep_notices_settings_refused(seep_alert *alert, const char *file, const seep_settings_problem *problem,
                                   const seep_settings *running);

typedef struct seep_notices_pulse {
  int64_t uptime_ms;
  uint64_t polls, polls_lost, events_lost;
  size_t processes, open_leaks;
  bool usage_known;
  seep_own_usage usage;
  seep_system_memory memory;
} seep_notices_pulse;
void seep_notices_heartbeat(seep_alert *alert, const seep_notices_pulse *pulse);

/* memory NULL: not known. */
void seep_notices_leak(seep_alert *alert, const seep_store_leak *leak, const seep_system_memory *memory);
/* lasted_ms of running time: the wall clock may have been set since. */
void seep_notices_leak_over(seep_alert *alert, const seep_store_leak *leak, int64_t lasted_ms);

/* raw_from: the oldest poll still there, 0 when there is none. */
void seep_notices_history(seep_alert *alert, uint64_t maximum_bytes, seep_wall raw_from,
                          int64_t retention_ms);

/* known: text naming the open leaks among the event's processes, or "". */
void seep_notices_exhaustion(seep_alert *alert, const seep_exhaustion *event, const char *known,
                             const char *follows);

/* since: for a leftover, when it was made. */
void seep_notices_recording(seep_alert *alert, const seep_recorder_action *action, const char *path,
                            const seep_settings *settings, seep_wall since);

#endif
