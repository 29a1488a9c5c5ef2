/* All that the store knows about leak cases: the rows themselves, and what was told, recorded and diagnosed
 * about each. */
#ifndef SEEP_SERVICE_LEAKS_FACTS_H
#define SEEP_SERVICE_LEAKS_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "store/store.h"

/* An Event 2004 that names the process. */
typedef struct seep_leaks_naming {
  int64_t id;
  seep_wall seen;
  seep_filetime came; /* 0 = not known */
  uint64_t record_id; /* 0 = not known */
  bool told, has_system;
  uint64_t commit_limit_bytes, commit_charge_bytes; /* has_system */
  seep_store_match match;
  size_t rank; /* 1 = named first */
  uint64_t commit_bytes;
  uint32_t handles;
} seep_leaks_naming;

typedef struct seep_leaks_recording {
  seep_store_capture capture;
  seep_store_answer answer; /* capture_id 0: nobody has begun to find out what it shows */
} seep_leaks_recording;

typedef struct seep_leaks_fact {
  seep_store_leak leak;
  char told_image[256]; /* as alerts write its name */
  seep_store_event *alerts;
  seep_leaks_recording *captures;
  seep_leaks_naming *namings;
  size_t alert_count, capture_count, naming_count;
  size_t alert_capacity, capture_capacity, naming_capacity;
} seep_leaks_fact;

typedef struct seep_leaks_facts {
  seep_leaks_fact *items;
  size_t count, capacity;
  bool no_memory;   /* something is missing because of that */
} seep_leaks_facts; /* all zeros: nothing yet */

/* One more case, so far with its row alone; false when out of memory. */
bool seep_leaks_facts_add(seep_leaks_facts *facts, const seep_store_leak *leak);

/* The rest, for all of them at once. What could be read is there whatever comes back, which is the first
 * failure. */
seep_status seep_leaks_facts_gather(seep_leaks_facts *facts, seep_store *store, seep_error *error);

void seep_leaks_facts_fini(seep_leaks_facts *facts);

/* What the alerts said is known only of a case that was told. -1: not known. */
int64_t seep_leaks_time_left_ms(const seep_store_leak *leak);

#endif
