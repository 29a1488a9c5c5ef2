/*
 * The end of an analysis, and what can be asked of it then. Nothing here needs room but the sorting of the
 * modules, and by then the largest tables have been given back: what was learnt before the budget was used up
 * can be told.
 */
#include <string.h>

#include "trace/analysis_private.h"
#include "trace/replay.h"

#define INSTANCES_WITH_COMMIT 4096u /* that the newest working sets are searched for */

static bool loses_events(const seep_trace_merged *merged)
{
  const seep_trace_summary *summary = &merged->summary;
  return summary->header.events_lost > 0 || summary->header.buffers_lost > 0 || summary->bad_buffers > 0 ||
         summary->unread_buffers > 0 || summary->loss_flagged_buffers > 0 || summary->bad_records > 0 ||
         summary->truncated;
}

/* Events without a stack. A recording that never had one for such events was told to take none; one that had,
 * or that lost anything, lost these. Those join the others whose stack is lost. */
static void settle_stackless(seep_trace_analysis *analysis, const seep_trace_merged *merged)
{
  for (unsigned view = 0; view < SEEP_TRACE_VIEWS; view++) {
    if (analysis->with_stack[view] > 0 || merged == NULL || loses_events(merged)) {
      seep_figures_move(&analysis->figures, &analysis->stacks.nodes[SEEP_NODE_WITHOUT + view].first_use,
                        &analysis->stacks.nodes[SEEP_NODE_LOST].first_use, SEEP_NODE_LOST);
    }
  }
}

void seep_trace__settle_memory(seep_trace_analysis *analysis)
{
  seep_delay_fini(&analysis->delay);
  for (size_t i = 0; i < analysis->instances.count; i++) {
    seep_replay_tally(analysis, (uint32_t)i);
  }
}

static void settle_instances(seep_trace_analysis *analysis)
{
  size_t searched = 0;
  for (size_t i = 0; i < analysis->instances.count; i++) {
    seep_instance *instance = &analysis->instances.items[i];
    seep_trace_instance *shown = &instance->shown;
    if (analysis->process_name != NULL && !instance->is_excluded) {
      seep_trace__exclude_by_name(analysis, instance);
    }
    if (instance->is_excluded) {
      memset(shown->views, 0, sizeof shown->views);
    }
    bool is_there = !shown->ended_here;
    shown->to_ticks = is_there ? analysis->last_ticks : shown->to_ticks;
    if (is_there && analysis->has_working_sets && shown->commit_at_end_bytes == 0 &&
        searched++ < INSTANCES_WITH_COMMIT) {
      uint64_t bytes;
      bool has = seep_trace_take_commit(&analysis->working_sets_record, SEEP_TRACE_WORKING_SETS, shown->pid,
                                        1u << analysis->page_shift, &bytes);
      shown->commit_at_end_bytes = has ? bytes : 0;
    }
  }
}

/* From here on uses hang on their instances and not on their nodes. */
static void link_uses(seep_trace_analysis *analysis)
{
  for (size_t i = 0; i < analysis->instances.count; i++) {
    for (unsigned view = 0; view < SEEP_TRACE_VIEWS; view++) {
      analysis->instances.items[i].first_use[view] = SEEP_NO_USE;
    }
  }
  for (size_t i = analysis->figures.use_count; i > 0; i--) {
    seep_use *use = &analysis->figures.uses[i - 1];
    seep_instance *instance = &analysis->instances.items[use->instance];
    if (use->joined == i - 1 && !instance->is_excluded &&
        seep_figures_at(&analysis->figures, (uint32_t)(i - 1))->allocations > 0) {
      use->next = instance->first_use[use->view];
      instance->first_use[use->view] = (uint32_t)(i - 1);
    }
  }
}

static uint32_t pid_of(void *context, uint32_t instance)
{
  const seep_trace_analysis *analysis = context;
  return instance < analysis->instances.count ? analysis->instances.items[instance].shown.pid : 0;
}

seep_status seep_trace_analysis_finish(seep_trace_analysis *analysis, const seep_trace_merged *merged,
                                       seep_error *error)
{
  if (analysis->is_finished) {
    return SEEP_OK;
  }
  const seep_waiting *oldest = seep_delay_oldest(&analysis->delay);
  while (oldest != NULL && !analysis->is_stopped && seep_trace__apply_oldest(analysis, oldest)) {
    oldest = seep_delay_oldest(&analysis->delay);
  }
  analysis->is_finished = true;
  analysis->last_ticks = analysis->now_ticks;
  if (merged != NULL && merged->last_ticks > analysis->last_ticks) {
    analysis->last_ticks = merged->last_ticks;
  }
  if (analysis->last_ticks > analysis->latest_ticks) {
    analysis->last_ticks = analysis->first_ticks + (analysis->latest_ticks - analysis->first_ticks) / 2;
  }
  seep_trace__settle_memory(analysis);
  analysis->losses.keys_undefined = seep_stacks_finish(&analysis->stacks, &analysis->figures);
  analysis->losses.overflowed_stacks = analysis->stacks.overflowed;
  settle_stackless(analysis, merged);
  settle_instances(analysis);
  link_uses(analysis);
  seep_status status = seep_trace_modules_finish(analysis->modules, pid_of, analysis);
  return status == SEEP_OK
             ? SEEP_OK
             : seep_error_set(error, status, SEEP_DOMAIN_NONE, 0, "sorting the modules of a trace", NULL);
}

size_t seep_trace_analysis_instances(const seep_trace_analysis *analysis)
{
  return analysis->instances.count;
}

const seep_trace_instance *seep_trace_analysis_instance(const seep_trace_analysis *analysis, uint32_t index)
{
  return &analysis->instances.items[index].shown;
}

static seep_trace_site_kind kind_of_node(const seep_trace_analysis *analysis, uint32_t node)
{
  switch (node) {
  case SEEP_NODE_LOST:
    return SEEP_TRACE_SITE_LOST;
  case SEEP_NODE_OVERFLOW:
    return SEEP_TRACE_SITE_OVERFLOW;
  default:
    break;
  }
  switch (analysis->stacks.nodes[node].kind) {
  case SEEP_NODE_FRAMES:
    return SEEP_TRACE_SITE_STACK;
  case SEEP_NODE_KERNEL:
    return SEEP_TRACE_SITE_KERNEL_ONLY;
  default:
    return SEEP_TRACE_SITE_NO_STACK;
  }
}

void seep_trace_analysis_sites(const seep_trace_analysis *analysis, uint32_t instance, seep_trace_view view,
                               seep_trace_site_visit visit, void *context)
{
  bool goes_on = true;
  uint32_t index = analysis->instances.items[instance].first_use[view];
  for (; goes_on && index != SEEP_NO_USE; index = analysis->figures.uses[index].next) {
    const seep_use *use = &analysis->figures.uses[index];
    const seep_node *node = &analysis->stacks.nodes[use->node];
    bool has_frames = node->kind == SEEP_NODE_FRAMES || node->kind == SEEP_NODE_KERNEL;
    seep_trace_site site = {.kind = kind_of_node(analysis, use->node),
                            .owner = instance,
                            .frames_of = has_frames ? node->frames_of : instance,
                            .frames = node->frames,
                            .frame_count = node->frame_count,
                            .pointer_bytes = node->pointer_bytes,
                            .view = view,
                            .use = analysis->figures.items[use->figures]};
    site.is_remote = site.frames_of != instance;
    goes_on = visit(context, &site);
  }
}

const seep_trace_modules *seep_trace_analysis_modules(const seep_trace_analysis *analysis)
{
  return analysis->modules;
}

const seep_trace_losses *seep_trace_analysis_losses(const seep_trace_analysis *analysis)
{
  return &analysis->losses;
}

uint64_t seep_trace_analysis_first_ticks(const seep_trace_analysis *analysis)
{
  return analysis->first_ticks;
}

uint64_t seep_trace_analysis_last_ticks(const seep_trace_analysis *analysis)
{
  return analysis->last_ticks;
}
