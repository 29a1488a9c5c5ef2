/* One recording as the store knows it: which one is meant, what has become of its file, its JSON record. */
#ifndef SEEP_SERVICE_CAPTURE_RECORD_H
#define SEEP_SERVICE_CAPTURE_RECORD_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "query.h"
#include "store/store.h"

/* The names of the record's members, in their order, for CSV. */
extern const char seep_capture_record_columns[];

/* "kept"; "removed", to make room for others; "failed", there never was a file. */
const char *seep_capture_record_state(const seep_store_capture *capture);

bool seep_capture_record_is_kept(const seep_store_capture *capture);

/* Adds the members; false when out of memory. */
bool seep_capture_record_fill(cJSON *object, const seep_store_capture *capture);

/* "12 events and 3 buffers lost"; "" when nothing was lost or nobody knows. Returns out. */
#define SEEP_CAPTURE_RECORD_LOSS_SIZE 80
const char *seep_capture_record_loss(const seep_store_capture *capture, char *out, size_t out_size);

/* The recording that the query's first operand names: an id, or "latest" - the newest, or the newest whose
 * file is kept. *answer: what it shows, capture_id 0 when nobody has begun to find out; NULL: not wanted.
 * SEEP_EXIT_DONE, or what is wrong has been said. */
int seep_capture_record_find(const seep_query *query, bool latest_kept, seep_store_capture *capture,
                             seep_store_answer *answer);

#endif
