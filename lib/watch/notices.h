/* Turns what the engine knows into alerts: which figure goes into which insert. No decisions. Inserts:
 * report/alert.c. */
#ifndef SEEP_WATCH_NOTICES_H
#define SEEP_WATCH_NOTICES_H

#include "base/clock.h"
#include "judge/detector.h"
#include "memory/growth.h"
#include "observe/exhaustion.h"
#include "observe/process_table.h"
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

typedef struct seep_notices_case {
  const seep_store_leak *leak;
  const seep_finding *finding;          /* NULL: the evidence is not known */
  const seep_system_memory *memory;     /* NULL: not known */
  double slopes_bytes_per_hour;         /* of all open cases together, this one included */
  const char *report;                   /* why it is told now: "first report" */
  const seep_growth_kind_verdict *kind; /* what leak->kind stands on; NULL: not known */
  bool kind_carried;                    /* it was found in the process before */
} seep_notices_case;
/* 204 when the leak's verdict is "rapid", else 200. The time left is that of all open cases together. */
void seep_notices_case_found(seep_alert *alert, const seep_notices_case *found);
/* 205 or 201 likewise. lasted_ms of running time: the wall clock may have been set since. */
void seep_notices_case_over(seep_alert *alert, const seep_store_leak *leak, int64_t lasted_ms);

typedef struct seep_notices_growth {
  const char *what; /* "commit that no process owns", "paged pool", "nonpaged pool" */
  const seep_finding *finding;
  seep_wall began;
  uint64_t now_bytes;
  uint64_t headroom_bytes; /* SEEP_HEADROOM_UNKNOWN */
} seep_notices_growth;
void seep_notices_system_growth(seep_alert *alert, const seep_notices_growth *growth);
void seep_notices_system_growth_over(seep_alert *alert, const char *what, uint64_t growth_bytes,
                                     int64_t lasted_ms, const char *ending);

void seep_notices_handles(seep_alert *alert, const seep_process *process, const seep_finding *finding,
                          seep_wall began);
void seep_notices_handles_over(seep_alert *alert, const seep_process *process, uint64_t growth,
                               int64_t lasted_ms, const char *ending);

/* raw_from: the oldest poll still there, 0 when there is none. */
void seep_notices_history(seep_alert *alert, uint64_t maximum_bytes, seep_wall raw_from,
                          int64_t retention_ms);

/* known: text naming the open leaks among the event's processes, or "". */
void seep_notices_exhaustion(seep_alert *alert, const seep_exhaustion *event, const char *known,
                             const char *follows);

#endif
