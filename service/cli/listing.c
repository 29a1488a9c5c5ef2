#include "listing.h"

#include <stdio.h>

#include "cli.h"
#include "output.h"

bool seep_listing_is_table(const seep_listing *listing)
{
  return listing->array == NULL && !listing->csv;
}

bool seep_listing_keep(seep_listing *listing, cJSON *object, bool filled)
{
  if (filled && listing->csv) {
    seep_output_csv_record(object);
    cJSON_Delete(object);
    return !ferror(stdout);
  }
  bool ok = filled && cJSON_AddItemToArray(listing->array, object);
  if (!ok) {
    cJSON_Delete(object);
    listing->no_memory = true;
  }
  return ok;
}

static int write_list(const seep_query *query, seep_store *store, seep_listing_read read, void *context)
{
  seep_error error = {0};
  seep_listing l = {.csv = query->csv};
  cJSON *document = NULL;
  if (query->json) {
    document = cJSON_CreateObject();
    l.array = document != NULL ? cJSON_AddArrayToObject(document, query->verb) : NULL;
    l.no_memory = l.array == NULL;
  }
  seep_status status = l.no_memory ? SEEP_OK : read(&l, store, context, &error);
  if (query->json && !l.no_memory) {
    l.no_memory = !seep_output_json(document);
    putchar('\n');
  }
  cJSON_Delete(document);
  if (l.no_memory) {
    status = seep_error_set(&error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "write output", NULL);
  }
  return seep_query_finish(query, status, &error);
}

int seep_listing_write(const seep_query *query, seep_listing_read read, void *context)
{
  seep_store *store = NULL;
  int code = seep_query_open_store(query, &store);
  if (code == SEEP_EXIT_DONE) {
    code = write_list(query, store, read, context);
  }
  seep_store_close(store);
  return code;
}
