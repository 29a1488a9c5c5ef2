/*
 * The server's own commit headroom, before Windows says anything: Event 2004 comes with less than 256 MB left
 * (reference: event-log, 2.5), this warning while there is time. Private to the engine's files: what it
 * keeps, and what engine.c calls. Event 202 when it is needed, 209 when it is over; nothing else comes from
 * here.
 */
#ifndef SEEP_WATCH_ENGINE_HEADROOM_H
#define SEEP_WATCH_ENGINE_HEADROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "judge/detector.h"
#include "observe/system_memory.h"
#include "settings/settings.h"

typedef enum seep_headroom_word {
  SEEP_HEADROOM_QUIET = 0,
  SEEP_HEADROOM_WARN, /* event 202: for the first time, or because it has become much worse */
  SEEP_HEADROOM_OVER  /* event 209 */
} seep_headroom_word;

typedef enum seep_headroom_reason {
  SEEP_HEADROOM_LEVEL = 0, /* more than commit_percent of the limit for commit_percent_ms */
  SEEP_HEADROOM_NEAR,      /* so little is left that nobody may wait for that time to pass */
  SEEP_HEADROOM_PACE       /* the growth of the total reaches the limit within exhaustion_ms */
} seep_headroom_reason;

typedef struct seep_engine_headroom {
  seep_detector total; /* the commit of the whole system, judged like a process */
  bool begun;
  bool above;            /* commit_percent, */
  seep_mono above_since; /* without a break since then */
  bool open;             /* 202 stands */
  seep_mono opened, told;
  uint64_t told_left_bytes, least_left_bytes; /* at the last 202; since the first */
  seep_headroom_reason reason;                /* of the last SEEP_HEADROOM_WARN */
  double rate_per_hour;                       /* of the total then; 0 = not known to grow */
  seep_mono since;                            /* when that growth, or being above, began */
  int64_t time_left_ms; /* at this poll, by the total's rate or by told_slopes, whichever is worse, also while
                           nothing is open; SEEP_TIME_LEFT_UNKNOWN */

  /* Only for engine_headroom.c: the poll before, */
  seep_mono last;
  uint64_t last_total_bytes, last_left_bytes;
  double run_bytes; /* what has been used up from poll to poll without a break, */
  uint32_t run_polls;
  seep_mono run_since;
  bool cases_grow; /* told_slopes is more than nothing, */
  seep_mono cases_since;
  bool near_told; /* since 202 stands: it is told once that this has become the reason */
  bool calm;      /* nothing warns any more, */
  seep_mono calm_since;
  bool has_been_over;   /* a 202 before this one, */
  seep_mono over;       /* until then */
} seep_engine_headroom; /* all zeros: nothing seen yet */

/* One more poll whose figures are known. told_slopes: bytes per hour of all open cases together. Pure: no
 * alert is made here. Never WARN twice within 15 minutes, and not again before half of what was left when it
 * was said is gone, or the reason has become SEEP_HEADROOM_NEAR; never for figures that are zero. OVER at
 * least 15 minutes after the last WARN, when for 10 minutes (an hour where warnings follow each other) less
 * than commit_percent - 5 is used and nothing else warns. */
seep_headroom_word seep_engine_headroom_step(seep_engine_headroom *state, const seep_settings *settings,
                                             seep_mono now, const seep_system_memory *memory,
                                             double told_slopes);

#endif
