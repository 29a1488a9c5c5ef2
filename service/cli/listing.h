/*
 * How a list from the store is written: JSON is one document, {"VERB": [...]}, CSV and the table go out as
 * their rows come.
 */
#ifndef SEEP_SERVICE_LISTING_H
#define SEEP_SERVICE_LISTING_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "base/status.h"
#include "query.h"
#include "store/store.h"

typedef struct seep_listing {
  bool csv;
  cJSON *array; /* NULL unless JSON */
  bool no_memory;
} seep_listing;

/* Neither JSON nor CSV. */
bool seep_listing_is_table(const seep_listing *listing);

/* One record for JSON or CSV; takes the object, which may be NULL. filled: it is whole. false: no more is
 * wanted. */
bool seep_listing_keep(seep_listing *listing, cJSON *object, bool filled);

/* Writes the heading and each row. */
typedef seep_status (*seep_listing_read)(seep_listing *listing, seep_store *store, void *context,
                                         seep_error *error);

/* Opens the store, has it read, and says the last word; an exit code. */
int seep_listing_write(const seep_query *query, seep_listing_read read, void *context);

#endif
