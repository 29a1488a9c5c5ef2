/*
 * Event 2004, the notices around it, and what the engine keeps of them. Everything lies in the engine from
 * the start: when such an event comes there is no memory to be had. Private to the engine's files.
 */
#ifndef SEEP_WATCH_ENGINE_EXHAUSTION_H
#define SEEP_WATCH_ENGINE_EXHAUSTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "observe/exhaustion.h"
#include "observe/memory_notice.h"
#include "report/alert.h"
#include "store/store.h"

/* A feed that lost its place looks back a day; 81 events in a night have been seen. */
#define SEEP_ENGINE_RECORDS_TOLD 256

#define SEEP_ENGINE_NOTICES_READ 64

#define SEEP_ENGINE_BOOKMARK_SIZE 1024

typedef struct seep_engine_bookmark {
  size_t size; /* 0: none */
  char text[SEEP_ENGINE_BOOKMARK_SIZE];
} seep_engine_bookmark;

/* Windows is short of memory, and what it says about that is missing or can not be read. */
typedef struct seep_engine_undiagnosed {
  bool waits; /* to be told when it is due, unless an Event 2004 comes before */
  bool again; /* the event log did not take it */
  seep_mono due;
  seep_memory_notice notice; /* the newest, told or counted; its event id 0: an Event 2004 that is no XML */
  int64_t late_ms;           /* of it, when it was read; -1 = it is not */
  bool fresh;                /* likewise */
  char reason[SEEP_ALERT_INSERT_SIZE];
  bool told_any;
  seep_mono told;   /* last, */
  unsigned counted; /* and others since */
  struct {
    uint64_t record; /* 0: none */
    seep_filetime logged;
  } read[SEEP_ENGINE_NOTICES_READ]; /* ring of notices */
  size_t read_next;
} seep_engine_undiagnosed;

/* One event, and who it means. */
typedef struct seep_engine_named_event {
  seep_exhaustion event;
  seep_store_match matches[SEEP_EXHAUSTION_PROCESSES];
  seep_wall seen;
  int64_t late_ms; /* when it was seen; -1 = it is not late */
  bool fresh;      /* new enough to make anybody urgent */
} seep_engine_named_event;

typedef struct seep_engine_exhaustions {
  seep_engine_named_event at_hand;
  /* Ring of those told or counted. A log that was replaced begins its ids anew, so the time counts too. */
  struct {
    uint64_t record; /* 0: none */
    seep_filetime logged;
  } told_records[SEEP_ENGINE_RECORDS_TOLD];
  size_t told_next;
  uint64_t total;       /* of this life */
  seep_wall last;       /* the newest of these was logged */
  seep_filetime newest; /* likewise, as the event says */
  /* Others that name the same processes are counted for a while; the newest of them is told then. */
  bool told_any, told_fresh;
  seep_mono told;
  seep_process_key told_of[SEEP_EXHAUSTION_PROCESSES];
  size_t told_of_count;
  unsigned counted;   /* since then */
  bool counted_again; /* the event log did not take it */
  seep_engine_named_event newest_counted;
  /* One that the event log did not take is tried again every second, and no bookmark moves past it; others
   * that it does not take meanwhile are counted. */
  bool has_untold;
  seep_alert untold;
  seep_engine_named_event untold_exhaustion;
  seep_engine_bookmark held; /* the newest that may move once what waits is told */
  seep_engine_undiagnosed undiagnosed;
  seep_engine_bookmark notices_held; /* of the notice that waits */
} seep_engine_exhaustions;           /* all zeros: nothing came yet */

#endif
