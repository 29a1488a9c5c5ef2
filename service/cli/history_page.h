/* history --html: a chart for each line of processes, a summary above, the system's commit on top, with leak
 * cases, recordings and Event 2004 marked. */
#ifndef SEEP_SERVICE_HISTORY_PAGE_H
#define SEEP_SERVICE_HISTORY_PAGE_H

#include "query.h"
#include "series.h"
#include "store/store.h"

/* Writes query->html; returns an exit code, and what is wrong has been said. */
int seep_history_page(const seep_query *query, seep_store *store, const seep_store_filter *filter,
                      seep_series_kind kind);

#endif
