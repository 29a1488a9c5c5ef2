/*
 * All processes of a part of the store with what their figures sum up to: read once, a bounded amount per
 * process. What ranks processes (top, the page of history) starts here.
 */
#ifndef SEEP_SERVICE_ROSTER_H
#define SEEP_SERVICE_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "growth.h"
#include "series.h"
#include "store/store.h"

/* What a young process takes is start-up, not growth. */
#define SEEP_ROSTER_START_UP_MS (30 * SEEP_MS_PER_MINUTE)

typedef struct seep_roster_entry {
  int64_t row;
  seep_process_key key;
  char *name;            /* owned */
  seep_wall first, last; /* as the store has seen it; last INT64_MAX: it was there at the newest poll, or
                          * that was not read (hours alone, an end before it, a damaged store) */
  uint64_t figures;      /* 0: none of it was read */
  seep_wall from, to;    /* of all figures, also where the clock was set back; an hour's figure reaches to
                          * the hour's end */
  uint64_t first_bytes, last_bytes, lowest_bytes, peak_bytes;
  seep_growth *growth; /* owned; without start-up; NULL: never seen beyond it */
  /* For the page (history_lines.h): */
  uint64_t leaked_bytes;          /* the growth of its largest leak case; 0 = none */
  size_t line;                    /* the line that it is part of; SIZE_MAX = none */
  struct seep_roster_entry *next; /* in the same line */
} seep_roster_entry;

typedef struct seep_roster {
  seep_roster_entry *entries; /* by row */
  size_t count;
  bool no_memory;
} seep_roster;

/* Lists the processes and reads their figures. *roster needs seep_roster_free, whatever comes back.
 * SEEP_CORRUPT: what could be read is there. */
seep_status seep_roster_read(seep_roster *roster, seep_store *store, const seep_store_filter *filter,
                             seep_series_kind kind, seep_error *error);
void seep_roster_free(seep_roster *roster);

/* NULL for a process that came after the roster was read. */
seep_roster_entry *seep_roster_find(const seep_roster *roster, int64_t row);

/* The newest row of the process with this key; NULL when there is none. Goes through all of them. */
seep_roster_entry *seep_roster_find_process(const seep_roster *roster, seep_process_key key);

/* Known only with figures from long enough after the start-up. */
seep_growth_result seep_roster_growth(const seep_roster_entry *entry);

#endif
