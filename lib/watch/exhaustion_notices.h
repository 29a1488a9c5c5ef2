/* Events about the memory of the whole server: 202, 209, 210, 213 and 214. Which figure goes into which
 * insert; no decisions. Inserts: report/alert.c. */
#ifndef SEEP_WATCH_EXHAUSTION_NOTICES_H
#define SEEP_WATCH_EXHAUSTION_NOTICES_H

#include "observe/exhaustion.h"
#include "observe/memory_notice.h"
#include "observe/process_table.h"
#include "observe/system_memory.h"
#include "report/alert.h"
#include "report/findings.h"
#include "store/store.h"
#include "watch/engine_headroom.h"

#define SEEP_NOTICES_LARGEST 3

typedef struct seep_notices_exhaustion {
  const seep_exhaustion *event;
  const seep_store_match *matches; /* parallel to its processes */
  const char *known;               /* the open leaks among them, or "" */
  const char *follows;
  unsigned repeated; /* others since the last report */
  int64_t late_ms;   /* since it was logged; -1 = just now, or not known */
  const char *evidence;
} seep_notices_exhaustion;
void seep_notices_exhaustion_came(seep_alert *alert, const seep_notices_exhaustion *came);

typedef struct seep_notices_undiagnosed {
  const char *reason;
  const seep_memory_notice *notice; /* its zeros are unknowns */
  const seep_system_memory *memory; /* used where the notice has no figures; NULL: not known */
  const seep_process *largest[SEEP_NOTICES_LARGEST]; /* NULL where there are fewer */
  const char *known;                                 /* open leaks, or "" */
  const char *done;
  int64_t late_ms;
} seep_notices_undiagnosed;
void seep_notices_undiagnosed_memory(seep_alert *alert, const seep_notices_undiagnosed *notice);

typedef struct seep_notices_headroom {
  const seep_engine_headroom *state;
  const seep_settings *settings;
  const seep_system_memory *memory;
  seep_now now;
  const seep_process *largest[SEEP_NOTICES_LARGEST];
  const char *growing; /* open leaks, or "" */
  uint64_t owned_bytes;
  const char *done;
  const char *evidence;
} seep_notices_headroom;
void seep_notices_headroom_low(seep_alert *alert, const seep_notices_headroom *low);
void seep_notices_headroom_over(seep_alert *alert, const seep_system_memory *memory, int64_t lasted_ms,
                                uint64_t least_left_bytes);

void seep_notices_no_diagnosis(seep_alert *alert, const seep_doctor_finding *finding);

#endif
