/*
 * An answer of trace/answer as one HTML file that an administrator can send to a vendor: the verdict in a
 * sentence, the growth, a flame graph of what was not given back that one can click through and search, the
 * stacks, how it was measured, what was lost. Nothing is fetched from anywhere; the one script is our own and
 * the page says everything that matters without it too.
 */
#ifndef SEEP_REPORT_TRACE_PAGE_H
#define SEEP_REPORT_TRACE_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "report/chart.h"
#include "report/page.h"
#include "trace/answer.h"
#include "trace/naming.h"

typedef struct seep_trace_page_options {
  const char *file_name;    /* of the trace; any bytes */
  const char *version;      /* of Seepwatch */
  const seep_chart *commit; /* the process's commit from the store, days before and after; NULL: not known */
  const seep_chart_mark *marks;
  size_t mark_count;
} seep_trace_page_options;

/* What the address of the page may end with, so that somebody can be sent to a place in it: #view=virtual (or
 * heap), #zoom=12 (a bar, by its number in this page), #search=text; joined by &. The page keeps it current.
 *
 * naming may be NULL. Below 4 MB whatever comes in. false: no memory. */
bool seep_trace_page_write(const seep_answer *answer, const seep_naming *naming,
                           const seep_trace_page_options *options, seep_page_sink sink, void *context);

#endif
