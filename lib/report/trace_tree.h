/* The largest stacks of a view as a tree, from what began them down to the culprits: common callers are
 * written once. Part of trace_table.c's output. */
#ifndef SEEP_REPORT_TRACE_TREE_H
#define SEEP_REPORT_TRACE_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "report/trace_lines.h"
#include "trace/answer.h"

#define SEEP_TRACE_TREE_STACKS 10u

/* Of the view's first `stacks` stacks, at most SEEP_TRACE_TREE_STACKS. Nothing is written when none of them
 * has frames. false: no memory. */
bool seep_trace_tree_write(const seep_answer *answer, seep_trace_view view, size_t stacks,
                           const seep_trace_lines *lines);

#endif
