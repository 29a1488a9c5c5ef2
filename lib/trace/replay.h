/*
 * Applies memory events, in the order of time, to the maps of the process whose memory it is: pages that are
 * committed and blocks of heaps, each with the use (trace/figures) that it came from (reference: etl-format,
 * 3.2 steps 6 and 7).
 */
#ifndef SEEP_TRACE_REPLAY_H
#define SEEP_TRACE_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/analysis_private.h"

/* Does the event wait for a stack at all? */
bool seep_replay_needs_stack(const seep_waiting *event);

/* false: no room; what was done so far has been counted. */
bool seep_replay_apply(seep_trace_analysis *analysis, const seep_waiting *event);

/* Counts what an instance still has, and gives its maps back. Needs no room. */
void seep_replay_tally(seep_trace_analysis *analysis, uint32_t instance);

#endif
