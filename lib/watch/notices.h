/* Turns what the engine knows into alerts: which figure goes into which insert. No decisions. Inserts:
 * report/alert.c. */
#ifndef SEEP_WATCH_NOTICES_H
#define SEEP_WATCH_NOTICES_H

#include "base/clock.h"
#include "judge/detector.h"
#include "memory/growth.h"
#include "observe/process_table.h"
#include "observe/system_memory.h"
#include "report/alert.h"
#include "settings/settings.h"
#include "store/store.h"

void seep_notices_started(seep_alert *alert, const char *version, const char *data_folder,
                          const seep_settings *settings);
void seep_notices_stopped(seep_alert *alert, const char *reason, int64_t ran_ms);
void seep_notices_settings(seep_alert *alert, const char *file, const seep_settings *settings, bool changed);
void seep_notices_settings_refused(seep_alert *alert, const char *file, const seep_settings_problem *problem,
                                   const seep_settings *running);

/* Why this kind of memory is believed to grow, or why none: a clause; nothing when nothing was looked at. */
void seep_notices_kind_reason(const seep_growth_kind_verdict *kind, bool carried, seep_writer *writer);

typedef struct seep_notices_case {
  const seep_store_leak *leak;          /* with what is told of it now */
  const seep_finding *finding;          /* NULL: the evidence is not known */
  const seep_growth_kind_verdict *kind; /* what leak->kind stands on; NULL: not known */
  bool kind_carried;                    /* it was found in the process before */
  const char *done;                     /* what is being done about it */
  const char *data_folder;
} seep_notices_case;
/* 204 when the leak's verdict is "rapid", else 200. */
void seep_notices_case_found(seep_alert *alert, const seep_notices_case *found);
/* 205 or 201 likewise. lasted_ms of running time: the wall clock may have been set since. */
void seep_notices_case_over(seep_alert *alert, const seep_store_leak *leak, int64_t lasted_ms,
                            const char *data_folder);

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

#endif
