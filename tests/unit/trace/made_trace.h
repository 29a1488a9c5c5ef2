/*
 * Made traces (tests/standin/etl_scenario.h) in memory, the ways in which a file of the same records can look
 * different, and the reader's answer held against the known one.
 */
#ifndef TEST_TRACE_MADE_TRACE_H
#define TEST_TRACE_MADE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "standin/etl_scenario.h"
#include "trace/analysis.h"
#include "unit/trace/memory_file.h"

typedef struct made_trace {
  etl_scenario_options options;
  memory_file file;
  etl_scenario_answer answer;
} made_trace;

/* Fails the test when it cannot be made. */
void made_trace_make(made_trace *made, const etl_scenario_options *options);
void made_trace_free(made_trace *made);

/* The file as a ring leaves it: the buffer that follows the header is the shift-th of what was written. */
void made_trace_turn(made_trace *made, size_t shift);

/* Ends in the middle of the last buffer, as when the recorder was killed. What was in that buffer must not
 * matter: made_trace_pad has put one there. */
void made_trace_pad(made_trace *made);
void made_trace_cut(made_trace *made);

/* What the reader found, by the made trace's own numbers. */
typedef struct made_reading {
  uint32_t only_pid; /* 0 = all processes were read */
  seep_trace_budget budget;
  seep_trace_analysis *analysis; /* owned */
  seep_trace_merged merged;
} made_reading;

/* only_pid: that process alone, or 0. */
void made_reading_read(made_reading *reading, const made_trace *made, size_t limit_bytes, uint32_t only_pid);
void made_reading_free(made_reading *reading);

/* How much of what was read is not as it must be; each is printed. */
size_t made_reading_compare(const made_reading *reading, const made_trace *made);

#endif
