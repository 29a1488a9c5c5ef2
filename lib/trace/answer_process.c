/*
 * Which process an answer is about, and the list of those that it could have been about. What a process that
 * has ended leaves behind is nobody's leak any more: one that lives goes before it.
 */
#include <string.h>

#include "base/saturate.h"
#include "base/text.h"
#include "trace/answer_internal.h"

#define MOST_PROCESSES 200u
#define NAME_BYTES 512u

bool seep_answer__has_events(const seep_trace_instance *instance, seep_trace_view view)
{
  return instance->views[view].allocations > 0 || instance->views[view].frees > 0 ||
         instance->views[view].unknown_frees > 0 || instance->views[view].odd > 0;
}

static bool has_memory_events(const seep_trace_instance *instance)
{
  return seep_answer__has_events(instance, SEEP_TRACE_VIEW_VIRTUAL) ||
         seep_answer__has_events(instance, SEEP_TRACE_VIEW_HEAP);
}

/* The views overlap: the larger one is the least that is there. */
static uint64_t live_bytes_of(const seep_trace_instance *instance)
{
  uint64_t pages = instance->views[SEEP_TRACE_VIEW_VIRTUAL].live_bytes;
  uint64_t blocks = instance->views[SEEP_TRACE_VIEW_HEAP].live_bytes;
  return pages > blocks ? pages : blocks;
}

seep_trace_view seep_answer__primary_view(const seep_trace_instance *instance,
                                          const uint64_t steady_bytes[SEEP_TRACE_VIEWS])
{
  uint64_t pages = steady_bytes[SEEP_TRACE_VIEW_VIRTUAL];
  uint64_t blocks = steady_bytes[SEEP_TRACE_VIEW_HEAP];
  bool has_heap = instance->views[SEEP_TRACE_VIEW_HEAP].allocations > 0;
  if (pages == 0 && blocks == 0) {
    pages = instance->views[SEEP_TRACE_VIEW_VIRTUAL].live_bytes;
    blocks = instance->views[SEEP_TRACE_VIEW_HEAP].live_bytes;
  }
  return has_heap && blocks >= pages / 2 + pages % 2 ? SEEP_TRACE_VIEW_HEAP : SEEP_TRACE_VIEW_VIRTUAL;
}

seep_answer__window seep_answer__instance_window(const seep_answer *answer,
                                                 const seep_trace_instance *instance)
{
  uint64_t first = answer->merged.first_ticks;
  int64_t from_ms = 0;
  int64_t to_ms = answer->duration_ms;
  if (instance->began_here) {
    from_ms = seep_trace_elapsed_ms(&answer->header, first, instance->from_ticks);
  }
  if (instance->ended_here) {
    to_ms = seep_trace_elapsed_ms(&answer->header, first, instance->to_ticks);
  }
  if (answer->losses.memory_limit) { /* nobody has looked at what came then */
    int64_t stop_ms = seep_trace_elapsed_ms(&answer->header, first, answer->losses.stop_ticks);
    to_ms = stop_ms < to_ms ? stop_ms : to_ms;
  }
  return seep_answer__window_of(answer->duration_ms, from_ms, to_ms);
}

bool seep_answer__describe_process(seep_answer *answer, const seep_trace_instance *instance,
                                   seep_answer_process *out)
{
  *out = (seep_answer_process){.pid = instance->pid,
                               .parent_pid = instance->parent_pid,
                               .session = instance->session,
                               .name = seep_answer__text(answer, instance->name, NAME_BYTES),
                               .began_here = instance->began_here,
                               .ended_here = instance->ended_here,
                               .is_wow64 = instance->is_wow64};
  for (size_t view = 0; view < SEEP_TRACE_VIEWS; view++) {
    out->live_bytes[view] = instance->views[view].live_bytes;
    out->allocations[view] = instance->views[view].allocations;
  }
  return out->name != NULL;
}

/* Puts an instance into a list that is sorted by live bytes, falling, and never grows beyond its bound. */
static void insert(const seep_trace_analysis *analysis, uint32_t *list, size_t *count, uint32_t index)
{
  uint64_t bytes = live_bytes_of(seep_trace_analysis_instance(analysis, index));
  size_t at = *count;
  while (at > 0 && live_bytes_of(seep_trace_analysis_instance(analysis, list[at - 1])) < bytes) {
    at--;
  }
  if (at >= MOST_PROCESSES) {
    return;
  }
  *count += *count < MOST_PROCESSES ? 1 : 0;
  memmove(&list[at + 1], &list[at], (*count - 1 - at) * sizeof *list);
  list[at] = index;
}

bool seep_answer__list_processes(seep_answer *answer, const seep_trace_analysis *analysis)
{
  uint32_t list[MOST_PROCESSES];
  size_t count = 0;
  size_t instances = seep_trace_analysis_instances(analysis);
  for (uint32_t i = 0; i < instances; i++) {
    if (has_memory_events(seep_trace_analysis_instance(analysis, i))) {
      insert(analysis, list, &count, i);
    }
  }
  seep_answer_process *processes = seep_answer__take(answer, count, sizeof *processes);
  if (processes == NULL) {
    return false;
  }
  for (size_t i = 0; i < count; i++) {
    const seep_trace_instance *instance = seep_trace_analysis_instance(analysis, list[i]);
    if (!seep_answer__describe_process(answer, instance, &processes[i])) {
      return false;
    }
  }
  answer->processes = processes;
  answer->process_count = count;
  return true;
}

typedef struct summing {
  seep_answer__window window;
  uint64_t steady_bytes[SEEP_TRACE_VIEWS];
} summing;

static bool add_steady(void *context, const seep_trace_site *site)
{
  summing *sum = context;
  uint64_t curve[SEEP_TRACE_BUCKETS];
  if (site->use.live_bytes > 0) {
    seep_answer__curve(site->use.change_bytes, curve);
    seep_answer__growth growth =
        seep_answer__growth_of(&sum->window, site->use.live_bytes, curve, site->use.kept_bytes, false);
    sum->steady_bytes[site->view] = seep_saturate_add(sum->steady_bytes[site->view], growth.steady_bytes);
  }
  return true;
}

/* Why one process is shown rather than another: steady growth before none, living before ended, more before
 * less. */
typedef struct rank {
  unsigned grade;
  uint64_t bytes;
} rank;

static rank rank_of(const seep_answer *answer, const seep_trace_analysis *analysis, uint32_t index)
{
  const seep_trace_instance *instance = seep_trace_analysis_instance(analysis, index);
  summing sum = {.window = seep_answer__instance_window(answer, instance)};
  for (seep_trace_view view = 0; view < SEEP_TRACE_VIEWS; view++) {
    seep_trace_analysis_sites(analysis, index, view, add_steady, &sum);
  }
  uint64_t steady_bytes = sum.steady_bytes[seep_answer__primary_view(instance, sum.steady_bytes)];
  bool is_steady = steady_bytes > 0;
  return (rank){.grade = (is_steady ? 2u : 0u) + (instance->ended_here ? 0u : 1u),
                .bytes = is_steady ? steady_bytes : live_bytes_of(instance)};
}

static bool is_asked_for(const seep_trace_instance *instance, const seep_answer_options *options)
{
  return (!options->has_pid || instance->pid == options->pid) &&
         (options->process_name == NULL ||
          seep_text_equal_ignoring_case(instance->name, options->process_name));
}

/* By PID the last that had it; by name the one with the most live bytes. */
static rank rank_when_asked(const seep_trace_instance *instance, const seep_answer_options *options)
{
  if (options->has_pid) {
    return (rank){.bytes = instance->from_ticks};
  }
  return (rank){.grade = (has_memory_events(instance) ? 2u : 0u) + (instance->ended_here ? 0u : 1u),
                .bytes = live_bytes_of(instance)};
}

uint32_t seep_answer__choose_process(const seep_answer *answer, const seep_trace_analysis *analysis,
                                     const seep_answer_options *options)
{
  bool is_asked = options->has_pid || options->process_name != NULL;
  size_t instances = seep_trace_analysis_instances(analysis);
  uint32_t best = UINT32_MAX;
  rank best_rank = {.grade = 0};
  for (uint32_t i = 0; i < instances; i++) {
    const seep_trace_instance *instance = seep_trace_analysis_instance(analysis, i);
    if (is_asked ? !is_asked_for(instance, options) : !has_memory_events(instance)) {
      continue;
    }
    rank its = is_asked ? rank_when_asked(instance, options) : rank_of(answer, analysis, i);
    bool is_better = its.grade != best_rank.grade ? its.grade > best_rank.grade : its.bytes > best_rank.bytes;
    bool is_later = options->has_pid && its.bytes == best_rank.bytes;
    if (best == UINT32_MAX || is_better || is_later) {
      best = i;
      best_rank = its;
    }
  }
  return best;
}
