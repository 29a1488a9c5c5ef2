/*
 * Takes the records one by one: processes and images to their tables, memory events into the line where they
 * wait for their stacks, stacks to their events; and lets those that have their stack, or have waited long
 * enough, take effect. The rest of the work is in instances, stacks, delay, figures and replay; other records
 * are in analysis_facts, the end in analysis_result.
 *
 * When the budget is used up no more memory events are looked at: what has taken effect by then stays valid.
 * Names still are, in the room that the maps then give back, for many recordings name their modules, their
 * processes and their stacks only at the end.
 */
#include "trace/analysis.h"

#include <stdlib.h>
#include <string.h>

#include "trace/analysis_private.h"
#include "trace/replay.h"

#define TICKS_PER_SECOND_BY_DEFAULT 10000000u
#define CLOCK_QPC 1u
#define CLOCK_CYCLES 3u
#define FILETIME_PER_SECOND 10000000.0
#define SECONDS_TO_SPARE 60.0

seep_trace_analysis *seep_trace_analysis_new(const seep_trace_analysis_options *options)
{
  if (!seep_trace_budget_take(options->budget, sizeof(seep_trace_analysis))) {
    return NULL;
  }
  seep_trace_analysis *analysis = calloc(1, sizeof *analysis);
  if (analysis == NULL) {
    seep_trace_budget_give(options->budget, sizeof *analysis);
    return NULL;
  }
  /* Where it lies is not known to whoever made the file. */
  uint64_t seed = (uint64_t)(uintptr_t)analysis * UINT64_C(0x9E3779B97F4A7C15);
  analysis->budget = options->budget;
  analysis->has_pid = options->has_pid;
  analysis->pid = options->pid;
  analysis->seed = seed;
  analysis->page_shift = SEEP_TRACE_PAGE_SHIFT;
  analysis->latest_ticks = UINT64_MAX;
  analysis->second_ticks = TICKS_PER_SECOND_BY_DEFAULT;
  seep_arena_init(&analysis->arena, options->budget);
  seep_instances_init(&analysis->instances, options->budget, &analysis->arena, seed);
  seep_stacks_init(&analysis->stacks, options->budget, &analysis->arena, options->maximum_stacks, seed);
  seep_figures_init(&analysis->figures, options->budget, seed);
  seep_delay_init(&analysis->delay, options->budget);
  analysis->modules = seep_trace_modules_new(options->budget);
  bool has_name = true;
  if (options->process_name != NULL) {
    size_t size = strlen(options->process_name) + 1;
    char *copy = seep_arena_take(&analysis->arena, size);
    has_name = copy != NULL;
    if (copy != NULL) {
      memcpy(copy, options->process_name, size);
    }
    analysis->process_name = copy;
  }
  if (analysis->modules == NULL || analysis->stacks.failed || !has_name) {
    seep_trace_analysis_free(analysis);
    return NULL;
  }
  return analysis;
}

void seep_trace_analysis_free(seep_trace_analysis *analysis)
{
  if (analysis == NULL) {
    return;
  }
  seep_trace_budget *budget = analysis->budget;
  seep_trace_modules_free(analysis->modules);
  seep_delay_fini(&analysis->delay);
  seep_figures_fini(&analysis->figures);
  seep_stacks_fini(&analysis->stacks);
  seep_instances_fini(&analysis->instances);
  seep_arena_fini(&analysis->arena);
  seep_trace_budget_release(budget, (void **)&analysis->working_sets, &analysis->working_sets_capacity, 1);
  free(analysis);
  seep_trace_budget_give(budget, sizeof(seep_trace_analysis));
}

void seep_trace_analysis_filter(seep_trace_filter *filter)
{
  static const uint16_t hooks[] = {
      0x0262, 0x0263, 0x0280, 0x0281, 0x027D,         /* VirtualAlloc, VirtualFree, rundowns; working sets */
      0x0301, 0x0302, 0x0303, 0x0304, 0x030A,         /* processes; image load */
      0x0320, 0x0321,                                 /* process counters */
      0x1402, 0x1403, 0x1404,                         /* images */
      0x1820, 0x1822, 0x1823, 0x1824, 0x1825, 0x1826, /* stacks, and their keys */
      0x1021, 0x1022, 0x1023, 0x1024,                 /* heap; its creation changes nothing here */
      0x0B0A};                                        /* page size */
  for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
    seep_trace_filter_add(filter, hooks[i]);
  }
  filter->classic = true;
}

static uint64_t ticks_of_a_second(const seep_trace_header *header)
{
  if (header->clock_type == CLOCK_QPC && header->frequency_hz > 0) {
    return (uint64_t)header->frequency_hz;
  }
  if (header->clock_type == CLOCK_CYCLES && header->cpu_mhz > 0) {
    return (uint64_t)header->cpu_mhz * 1000000u;
  }
  return TICKS_PER_SECOND_BY_DEFAULT;
}

/* One damaged time can lie years ahead, and everything else would be the beginning of such a trace. The
 * header says when the recording was stopped, by another clock, which may have been set meanwhile: so only
 * what is beyond all measure is not believed. */
static uint64_t latest_believed(const seep_trace_header *header, uint64_t first_ticks, uint64_t second_ticks)
{
  double seconds = header->start != 0 && header->end > header->start
                       ? (double)(header->end - header->start) / FILETIME_PER_SECOND
                       : 0.0;
  double ticks = (seconds * 2.0 + SECONDS_TO_SPARE) * (double)second_ticks;
  bool is_bounded = seconds > 0.0 && ticks < (double)(UINT64_MAX / 2 - first_ticks / 2);
  return is_bounded ? first_ticks + (uint64_t)ticks : UINT64_MAX;
}

void seep_trace_analysis_begin(void *context, const seep_trace_header *header, uint64_t first_ticks,
                               uint64_t about_last_ticks)
{
  seep_trace_analysis *analysis = context;
  analysis->first_ticks = first_ticks;
  analysis->now_ticks = first_ticks;
  analysis->second_ticks = ticks_of_a_second(header);
  analysis->stacks.is_64_bit = header->pointer_bytes == 8;
  analysis->latest_ticks = latest_believed(header, first_ticks, analysis->second_ticks);
  seep_instances_clock(&analysis->instances, first_ticks, analysis->second_ticks);
  seep_figures_clock(&analysis->figures, first_ticks,
                     about_last_ticks < analysis->latest_ticks
                         ? about_last_ticks
                         : first_ticks + (analysis->latest_ticks - first_ticks) / 2);
}

/* ---- memory events and their stacks ---- */

bool seep_trace__stop(seep_trace_analysis *analysis)
{
  const seep_waiting *oldest = seep_delay_oldest(&analysis->delay);
  if (analysis->is_stopped) {
    analysis->is_full = true;
    return false;
  }
  analysis->is_stopped = true;
  analysis->losses.memory_limit = true;
  analysis->losses.stop_ticks = oldest != NULL ? oldest->ticks : analysis->now_ticks;
  return false;
}

static bool is_ready(const seep_trace_analysis *analysis, const seep_waiting *event)
{
  return seep_delay_has_own(event, SEEP_HALF_USER) ||
         (event->instance != SEEP_NO_INSTANCE && !seep_replay_needs_stack(event)) ||
         analysis->now_ticks - event->ticks > analysis->second_ticks;
}

/* What only reserves is not asked for a stack, and lacks none. */
static void count_stack(seep_trace_analysis *analysis, const seep_waiting *event)
{
  if (!seep_replay_needs_stack(event)) {
    return;
  }
  seep_trace_view view =
      event->kind == SEEP_TRACE_VIRTUAL_ALLOC ? SEEP_TRACE_VIEW_VIRTUAL : SEEP_TRACE_VIEW_HEAP;
  analysis->losses.memory_events++;
  if (event->has == 0) {
    analysis->losses.memory_events_without_stack++;
  } else {
    analysis->with_stack[view]++;
  }
}

static bool is_wanted(const seep_trace_analysis *analysis, uint32_t pid)
{
  return !analysis->has_pid || pid == analysis->pid;
}

bool seep_trace__apply_oldest(seep_trace_analysis *analysis, const seep_waiting *oldest)
{
  if (oldest->instance == SEEP_NO_INSTANCE) {
    analysis->losses.malformed++; /* nobody says whose heap it was */
  } else if (oldest->instance != SEEP_DELAY_UNWANTED && is_wanted(analysis, oldest->pid) &&
             !analysis->instances.items[oldest->instance].is_excluded) {
    if (!seep_replay_apply(analysis, oldest)) {
      return seep_trace__stop(analysis);
    }
    count_stack(analysis, oldest);
  }
  seep_delay_pass(&analysis->delay);
  return true;
}

/* Processes that have ended, and that no event which still waits concerns. */
static void clear_ended(seep_trace_analysis *analysis)
{
  const seep_waiting *oldest = seep_delay_oldest(&analysis->delay);
  uint64_t until = oldest != NULL ? oldest->ticks : analysis->now_ticks;
  uint32_t ended = seep_instances_next_ended(&analysis->instances, until);
  while (ended != SEEP_NO_INSTANCE) {
    seep_replay_tally(analysis, ended);
    ended = seep_instances_next_ended(&analysis->instances, until);
  }
}

static bool apply_ready(seep_trace_analysis *analysis)
{
  const seep_waiting *oldest = seep_delay_oldest(&analysis->delay);
  while (oldest != NULL && is_ready(analysis, oldest)) {
    clear_ended(analysis);
    if (!seep_trace__apply_oldest(analysis, oldest)) {
      return false;
    }
    oldest = seep_delay_oldest(&analysis->delay);
  }
  return true;
}

/* Finds the instance of an event. One that is not looked at stands in the line all the same, for its stack
 * would else be taken for that of another event of the same moment. false: no room. */
static bool find_instance(seep_trace_analysis *analysis, seep_waiting *event)
{
  event->instance = SEEP_NO_INSTANCE;
  if (event->pid == SEEP_DELAY_NOBODY) {
    return true;
  }
  if (!is_wanted(analysis, event->pid)) {
    event->instance = SEEP_DELAY_UNWANTED;
    return true;
  }
  event->instance = seep_instances_obtain(&analysis->instances, event->pid, event->ticks);
  if (event->instance == SEEP_NO_INSTANCE) {
    return seep_trace__stop(analysis);
  }
  if (analysis->instances.items[event->instance].is_excluded) {
    event->instance = SEEP_DELAY_UNWANTED;
  }
  return true;
}

/* Puts an event into the line; a full one lets its oldest go without its stack. */
static bool enqueue(seep_trace_analysis *analysis, seep_waiting *event)
{
  if (!find_instance(analysis, event)) {
    return false;
  }
  while (!seep_delay_push(&analysis->delay, event)) {
    const seep_waiting *oldest = seep_delay_oldest(&analysis->delay);
    if (oldest == NULL) {
      return seep_trace__stop(analysis);
    }
    if (!seep_trace__apply_oldest(analysis, oldest)) {
      return false;
    }
  }
  return true;
}

bool seep_trace__malformed(seep_trace_analysis *analysis)
{
  analysis->losses.malformed++;
  return true;
}

static bool on_virtual(seep_trace_analysis *analysis, const seep_trace_record *record, seep_trace_kind kind)
{
  seep_trace_memory memory;
  if (!seep_trace_take_memory(record, &memory)) {
    return seep_trace__malformed(analysis);
  }
  seep_waiting event = {.ticks = analysis->now_ticks,
                        .address = memory.base,
                        .size_bytes = memory.size_bytes,
                        .more = {.flags = memory.flags},
                        .pid = memory.pid,
                        .tid = record->tid,
                        .processor = record->processor,
                        .kind = (uint8_t)kind};
  return enqueue(analysis, &event);
}

static bool on_heap(seep_trace_analysis *analysis, const seep_trace_record *record, seep_trace_kind kind)
{
  seep_trace_heap heap;
  if (!seep_trace_take_heap(record, kind, &heap)) {
    return seep_trace__malformed(analysis);
  }
  seep_waiting event = {.ticks = analysis->now_ticks,
                        .heap = heap.heap,
                        .address = heap.address,
                        .size_bytes = heap.size_bytes,
                        .more = {.old_address = heap.old_address},
                        .pid = record->pid,
                        .tid = record->tid,
                        .processor = record->processor,
                        .kind = (uint8_t)kind};
  return enqueue(analysis, &event);
}

static unsigned half_of(const seep_trace_analysis *analysis, const seep_trace_stack *stack,
                        seep_trace_kind kind)
{
  if (kind != SEEP_TRACE_STACK) {
    return kind == SEEP_TRACE_STACK_KEY_KERNEL ? SEEP_HALF_KERNEL : SEEP_HALF_USER;
  }
  uint64_t outermost = seep_trace_frame(stack->frames, stack->pointer_bytes, stack->frame_count - 1);
  unsigned kernel_bytes = seep_stacks_kernel_bytes(&analysis->stacks, stack->pointer_bytes);
  return seep_trace_is_kernel_address(outermost, kernel_bytes) ? SEEP_HALF_KERNEL : SEEP_HALF_USER;
}

/* Whose modules the stack's frames lie in. An event that did not say whose it is learns it here. */
static uint32_t frames_of(seep_trace_analysis *analysis, seep_waiting *event, const seep_trace_stack *stack)
{
  if (event->pid == stack->pid && event->instance != SEEP_NO_INSTANCE) {
    return event->instance;
  }
  uint32_t instance = seep_instances_obtain(&analysis->instances, stack->pid, event->ticks);
  if (event->instance == SEEP_NO_INSTANCE && instance != SEEP_NO_INSTANCE) {
    event->pid = stack->pid;
    event->instance = instance;
  }
  return instance;
}

static bool attach(seep_trace_analysis *analysis, seep_waiting *event, const seep_trace_stack *stack,
                   seep_trace_kind kind, unsigned half)
{
  uint32_t instance = frames_of(analysis, event, stack);
  if (instance == SEEP_NO_INSTANCE) {
    return seep_trace__stop(analysis);
  }
  bool is_own = event->pid == stack->pid;
  uint32_t node = SEEP_NODE_NONE;
  if (seep_delay_has(event, half) && (!is_own || seep_delay_has_own(event, half))) {
    return true;
  }
  if (seep_replay_needs_stack(event)) {
    node = kind == SEEP_TRACE_STACK ? seep_stacks_intern(&analysis->stacks, instance, stack->frames,
                                                         stack->frame_count, stack->pointer_bytes)
                                    : seep_stacks_refer(&analysis->stacks, instance, stack->key, half);
  }
  if (node == SEEP_NODE_NO_ROOM) {
    return seep_trace__stop(analysis);
  }
  seep_delay_attach(event, half, node, is_own);
  return true;
}

static bool on_stack(seep_trace_analysis *analysis, const seep_trace_record *record, seep_trace_kind kind)
{
  seep_trace_stack stack;
  if (!seep_trace_take_stack(record, &stack)) {
    return seep_trace__malformed(analysis);
  }
  analysis->losses.stacks++;
  if (kind == SEEP_TRACE_STACK && stack.frame_count == 0) {
    return seep_trace__malformed(analysis);
  }
  bool is_waiting = false;
  unsigned half = half_of(analysis, &stack, kind);
  seep_waiting *event = seep_delay_find(&analysis->delay, &stack, record->processor, half, &is_waiting);
  if (event == NULL) {
    analysis->losses.stacks_unmatched++;
    return true;
  }
  if (!is_waiting || event->instance == SEEP_DELAY_UNWANTED) {
    seep_delay_attach(event, half, SEEP_NODE_NONE, event->pid == stack.pid);
    return true;
  }
  return attach(analysis, event, &stack, kind, half);
}

static bool on_definition(seep_trace_analysis *analysis, const seep_trace_record *record)
{
  seep_trace_definition definition;
  if (!seep_trace_take_definition(record, &definition)) {
    return seep_trace__malformed(analysis);
  }
  return seep_stacks_define(&analysis->stacks, &analysis->figures, definition.key, definition.frames,
                            definition.frame_count, definition.pointer_bytes) ||
         seep_trace__stop(analysis);
}

/* What happens to memory; false: stopped. */
static bool on_memory(seep_trace_analysis *analysis, const seep_trace_record *record, seep_trace_kind kind)
{
  switch (kind) {
  case SEEP_TRACE_VIRTUAL_ALLOC:
  case SEEP_TRACE_VIRTUAL_FREE:
    return on_virtual(analysis, record, kind);
  case SEEP_TRACE_HEAP_ALLOC:
  case SEEP_TRACE_HEAP_REALLOC:
  case SEEP_TRACE_HEAP_FREE:
  case SEEP_TRACE_HEAP_DESTROY:
    return on_heap(analysis, record, kind);
  case SEEP_TRACE_STACK:
  case SEEP_TRACE_STACK_KEY_KERNEL:
  case SEEP_TRACE_STACK_KEY_USER:
    return on_stack(analysis, record, kind);
  case SEEP_TRACE_VIRTUAL_RUNDOWN:
    analysis->losses.undocumented++;
    return true;
  default:
    return true;
  }
}

/* What there is, and what it is called; false: stopped. */
static bool on_fact(seep_trace_analysis *analysis, const seep_trace_record *record, seep_trace_kind kind)
{
  switch (kind) {
  case SEEP_TRACE_STACK_DEFINITION:
    return on_definition(analysis, record);
  case SEEP_TRACE_PROCESS_START:
  case SEEP_TRACE_PROCESS_END:
  case SEEP_TRACE_PROCESS_DCSTART:
  case SEEP_TRACE_PROCESS_DCEND:
    return seep_trace__on_process(analysis, record, kind);
  case SEEP_TRACE_IMAGE_LOAD:
  case SEEP_TRACE_IMAGE_UNLOAD:
  case SEEP_TRACE_IMAGE_DCSTART:
  case SEEP_TRACE_IMAGE_DCEND:
    return seep_trace__on_image(analysis, record, kind);
  case SEEP_TRACE_IMAGE_ID:
  case SEEP_TRACE_PDB_ID:
  case SEEP_TRACE_FILE_VERSION:
  case SEEP_TRACE_VOLUME:
  case SEEP_TRACE_SYSTEM_PATHS:
    return seep_trace__on_module_fact(analysis, record, kind);
  case SEEP_TRACE_CPU:
    return seep_trace__on_page_size(analysis, record);
  case SEEP_TRACE_PROCESS_COUNTERS:
    return seep_trace__on_counters(analysis, record);
  case SEEP_TRACE_WORKING_SETS:
    return seep_trace__on_working_sets(analysis, record);
  default:
    return true;
  }
}

bool seep_trace_analysis_visit(void *context, const seep_trace_record *record)
{
  seep_trace_analysis *analysis = context;
  seep_trace_kind kind = seep_trace_kind_of(record);
  if (analysis->is_full || analysis->is_finished) {
    return false;
  }
  if (record->ticks > analysis->now_ticks) {
    analysis->now_ticks = record->ticks;
  }
  /* A 32-bit relogger says in the header that all is narrow (reference: etl-format, 1.4). */
  analysis->stacks.is_64_bit =
      analysis->stacks.is_64_bit || (record->is_kernel && record->pointer_bytes == 8);
  if (analysis->is_stopped) {
    return on_fact(analysis, record, kind);
  }
  if (!on_memory(analysis, record, kind) || !on_fact(analysis, record, kind) || !apply_ready(analysis)) {
    seep_trace__settle_memory(analysis);
  }
  return true;
}
