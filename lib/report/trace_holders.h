/* Who holds what is left of a view: modules, and behind them the buckets (trace/answer.h), in one row of
 * numbers. Private: of trace_table.c and of the page. */
#ifndef SEEP_REPORT_TRACE_HOLDERS_H
#define SEEP_REPORT_TRACE_HOLDERS_H

#include <stddef.h>
#include <stdint.h>

#include "trace/answer.h"

#define SEEP_TRACE_HOLDER_NONE SIZE_MAX

uint64_t seep_trace_holders_bytes(const seep_answer *answer, seep_trace_view view, size_t holder);

/* The one that follows `last` in the order of bytes, largest first; after SEEP_TRACE_HOLDER_NONE the largest.
 * SEEP_TRACE_HOLDER_NONE: no other has any. */
size_t seep_trace_holders_next(const seep_answer *answer, seep_trace_view view, size_t last);

/* Who is to blame for a stack. */
size_t seep_trace_holders_of_stack(const seep_answer *answer, const seep_answer_stack *stack);

#endif
