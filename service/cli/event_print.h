/*
 * How one Event 2004 is shown, be it from a file or from the store: in lines for people, or as one JSON
 * document. What the event does not hold is said to be missing, never an invented zero.
 */
#ifndef SEEP_SERVICE_EVENT_PRINT_H
#define SEEP_SERVICE_EVENT_PRINT_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "observe/exhaustion.h"
#include "store/store.h"

#define SEEP_EVENT_PRINT_TIME_SIZE 40

/* stored: what the store knows beyond the event; NULL when it comes from a file. To the standard output. */
void seep_event_print_text(const seep_exhaustion *event, const seep_store_exhaustion *stored);

/* false when out of memory, with nothing written. */
bool seep_event_print_json(const seep_exhaustion *event, const seep_store_exhaustion *stored);

/* "  logged TIME, record N" and its line end. */
void seep_event_print_logged(seep_filetime time_created, uint64_t record_id);

/* Limit, charge and what is left, in two lines. */
void seep_event_print_commit(uint64_t limit_bytes, uint64_t charge_bytes);

/* With all seven digits of the fraction, because a PID with this exact time identifies a process; "-" for 0.
 * Returns out. */
const char *seep_event_print_time(seep_filetime filetime, char out[SEEP_EVENT_PRINT_TIME_SIZE]);
bool seep_event_print_add_time(cJSON *object, const char *key, seep_filetime filetime); /* 0 is null */

/* The process that holds most; NULL when the event names none. */
const seep_exhaustion_process *seep_event_print_largest(const seep_exhaustion *event);

/* "exact", "name", "none": stable, for JSON and CSV. */
const char *seep_event_print_match(seep_store_match match);

double seep_event_print_percent(uint64_t part, uint64_t whole); /* 0 of nothing */

/* The document and a line end; false when out of memory or NULL. Frees it. */
bool seep_event_print_document(cJSON *document, bool filled);

#endif
