/* A leak case as a JSON record, and as a CSV row of the same beginning. */
#ifndef SEEP_SERVICE_LEAKS_RECORD_H
#define SEEP_SERVICE_LEAKS_RECORD_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "leaks_facts.h"

/* The names of the row's members, in their order. Scripts know them: more are added at the end only. */
extern const char seep_leaks_record_columns[];

/* Each adds the members; false when out of memory. */
bool seep_leaks_record_fill_row(cJSON *object, const seep_store_leak *leak);
bool seep_leaks_record_fill(cJSON *object, const seep_leaks_fact *fact);

#endif
