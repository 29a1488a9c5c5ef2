/* Any bytes as a trace: merged and analysed within 16 MB, it must end, and its sums must agree. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "trace/analysis.h"

#define LIMIT_BYTES ((size_t)16 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
  if (!holds) {
    abort();
  }
}

typedef struct sums {
  const seep_trace_analysis *analysis;
  uint64_t live_count, allocations, bytes_of_frames;
} sums;

static bool add_site(void *context, const seep_trace_site *site)
{
  sums *sum = context;
  sum->live_count += site->use.live_count;
  sum->allocations += site->use.allocations;
  require(site->use.allocations > 0 && site->use.first_ticks <= site->use.last_ticks);
  require(site->frame_count <= SEEP_TRACE_MAXIMUM_FRAMES);
  require(site->frames_of < seep_trace_analysis_instances(sum->analysis));
  for (size_t i = 0; i < site->frame_count; i++) {
    uint64_t base;
    sum->bytes_of_frames += site->frames[i] & 1;
    (void)seep_trace_modules_find(seep_trace_analysis_modules(sum->analysis), site->frames_of,
                                  site->frames[i], site->use.last_ticks, &base);
  }
  return true;
}

static void look_at(const seep_trace_analysis *analysis)
{
  for (uint32_t i = 0; i < seep_trace_analysis_instances(analysis); i++) {
    const seep_trace_instance *shown = seep_trace_analysis_instance(analysis, i);
    for (unsigned view = 0; view < SEEP_TRACE_VIEWS; view++) {
      sums sum = {.analysis = analysis};
      seep_trace_analysis_sites(analysis, i, (seep_trace_view)view, add_site, &sum);
      require(sum.live_count == shown->views[view].live_count);
      require(sum.allocations == shown->views[view].allocations);
      require(shown->name != NULL);
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  seep_trace_budget budget = {.limit_bytes = LIMIT_BYTES};
  seep_trace_filter filter;
  seep_trace_filter_init(&filter);
  seep_trace_analysis_filter(&filter);
  const seep_trace_analysis_options options = {.budget = &budget, .maximum_stacks = 1000};
  const seep_trace_merge_options merging = {.filter = &filter, .budget = &budget};
  seep_trace_analysis *analysis = seep_trace_analysis_new(&options);
  seep_trace_merged merged;
  seep_error error;
  require(analysis != NULL);
  if (seep_trace_merge(data, size, &merging, seep_trace_analysis_begin, seep_trace_analysis_visit, analysis,
                       &merged, &error) == SEEP_OK &&
      seep_trace_analysis_finish(analysis, &merged, &error) == SEEP_OK) {
    look_at(analysis);
  }
  seep_trace_analysis_free(analysis);
  require(budget.used_bytes == 0 && budget.peak_bytes <= LIMIT_BYTES);
  return 0;
}
