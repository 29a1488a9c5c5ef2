/*
 * From a file in memory to an answer. One bound of memory for everything that grows with the file; the answer
 * itself comes on top, and is small.
 */
#include <stdlib.h>

#include "trace/answer.h"

#define MEMORY_BYTES ((size_t)1024 * 1024 * 1024)

/* Reads the file once. With `focus` only the process asked for is looked at, which takes far less memory. */
static seep_status read_once(seep_answer *answer, const uint8_t *data, size_t size,
                             const seep_answer_request *request, bool focus, seep_error *error)
{
  seep_trace_budget budget = {.limit_bytes = request->maximum_memory_bytes > 0 ? request->maximum_memory_bytes
                                                                               : MEMORY_BYTES};
  const seep_trace_analysis_options looking = {.has_pid = focus && request->options.has_pid,
                                               .pid = request->options.pid,
                                               .process_name = focus ? request->options.process_name : NULL,
                                               .budget = &budget};
  seep_trace_filter *filter = malloc(sizeof *filter);
  seep_trace_analysis *analysis = seep_trace_analysis_new(&looking);
  seep_trace_merged merged = {.first_ticks = 0};
  seep_status status = SEEP_OK;
  if (filter == NULL || analysis == NULL) {
    status = seep_error_set(error, budget.exceeded ? SEEP_LIMIT : SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0,
                            "analysing the trace", NULL);
    goto done;
  }
  seep_trace_filter_init(filter);
  seep_trace_analysis_filter(filter);
  const seep_trace_merge_options options = {.filter = filter,
                                            .budget = &budget,
                                            .stopped = request->stopped,
                                            .progress = request->progress,
                                            .watcher = request->watcher};
  status = seep_trace_merge(data, size, &options, seep_trace_analysis_begin, seep_trace_analysis_visit,
                            analysis, &merged, error);
  if (status == SEEP_OK) {
    status = seep_trace_analysis_finish(analysis, &merged, error);
  }
  if (status == SEEP_OK) {
    status = seep_answer_make(answer, analysis, &merged.summary.header, &merged, &request->options);
  }
done:
  seep_trace_analysis_free(analysis);
  free(filter);
  return status;
}

seep_status seep_answer_read(seep_answer *answer, const uint8_t *data, size_t size,
                             const seep_answer_request *request, seep_error *error)
{
  bool is_asked = request->options.has_pid || request->options.process_name != NULL;
  *answer = (seep_answer){.duration_ms = -1, .process = {.name = ""}};
  seep_status status = read_once(answer, data, size, request, is_asked, error);
  bool is_empty = status == SEEP_NOT_FOUND || (status == SEEP_OK && !answer->has_process);
  if (is_asked && is_empty) { /* once more, to say which processes there are */
    seep_answer_free(answer);
    status = read_once(answer, data, size, request, false, error);
  }
  return status;
}
