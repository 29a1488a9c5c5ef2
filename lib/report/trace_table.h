/* An answer of trace/answer for a terminal: verdict, a table of modules, a table of stacks, the largest ones
 * as a small tree, what was lost. Plain text without control characters; UTF-8 only in names. */
#ifndef SEEP_REPORT_TRACE_TABLE_H
#define SEEP_REPORT_TRACE_TABLE_H

#include <stddef.h>

#include "report/page.h"
#include "trace/answer.h"
#include "trace/naming.h"

typedef struct seep_trace_table_options {
  size_t top;   /* stacks and modules shown; 0 = 10 */
  size_t width; /* columns of the terminal; 0 = 100 */
} seep_trace_table_options;

void seep_trace_table_write(const seep_answer *answer, const seep_naming *naming,
                            const seep_trace_table_options *options, seep_page_sink sink, void *context);

#endif
