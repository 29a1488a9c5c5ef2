/*
 * Two maps of pages for a process: what is committed, by its first owner, and what was reserved in sight of
 * the trace, which tells how far a release of size 0 goes and that memory given back without ever having been
 * committed is nothing strange. One map of blocks for all its heaps.
 */
#include "trace/replay.h"

#include "base/saturate.h"

/* A piece of memory remembers which allocation it is of and when that was: the number tells pieces of one
 * allocation from the neighbours of the same owner. */
#define BUCKET_BITS 5u
_Static_assert(SEEP_TRACE_BUCKETS == 1u << BUCKET_BITS, "a bucket fits its bits");

#define RESET_FLAGS 0x1080000u /* MEM_RESET and MEM_RESET_UNDO: change nothing here */

typedef struct replay {
  seep_trace_analysis *analysis;
  const seep_waiting *event;
  seep_instance *instance;
  seep_trace_view view;
} replay;

typedef struct range {
  uint64_t first, pages;
} range;

static bool is_heap(const seep_waiting *event)
{
  return event->kind != SEEP_TRACE_VIRTUAL_ALLOC && event->kind != SEEP_TRACE_VIRTUAL_FREE;
}

bool seep_replay_needs_stack(const seep_waiting *event)
{
  switch (event->kind) {
  case SEEP_TRACE_VIRTUAL_ALLOC:
    return (event->more.flags & SEEP_TRACE_MEMORY_COMMIT) != 0;
  case SEEP_TRACE_HEAP_ALLOC:
  case SEEP_TRACE_HEAP_REALLOC:
    return true;
  default:
    return false;
  }
}

static uint64_t bytes_of(const replay *now, uint64_t pages)
{
  unsigned shift = now->analysis->page_shift;
  return pages > UINT64_MAX >> shift ? UINT64_MAX : pages << shift;
}

/* size_bytes is not 0. What goes beyond the last address ends there. */
static range pages_of(const replay *now, uint64_t base, uint64_t size_bytes)
{
  unsigned shift = now->analysis->page_shift;
  uint64_t last = seep_saturate_add(base, size_bytes - 1) >> shift;
  return (range){.first = base >> shift, .pages = last - (base >> shift) + 1};
}

static uint32_t when(const replay *now)
{
  uint32_t bucket = seep_figures_bucket(&now->analysis->figures, now->event->ticks);
  return now->analysis->allocation << BUCKET_BITS | bucket;
}

/* The use that owns what the event allocates; SEEP_NO_USE: no room. */
static uint32_t owner(const replay *now)
{
  const seep_waiting *event = now->event;
  seep_stacks *stacks = &now->analysis->stacks;
  uint32_t node = SEEP_NODE_WITHOUT + (uint32_t)now->view;
  if (seep_delay_has(event, SEEP_HALF_USER)) {
    node = seep_stacks_target(stacks, event->nodes[SEEP_HALF_USER]);
  } else if (seep_delay_has(event, SEEP_HALF_KERNEL)) {
    node = seep_stacks_target(stacks, event->nodes[SEEP_HALF_KERNEL]);
  }
  return seep_figures_obtain(&now->analysis->figures, &stacks->nodes[node].first_use, node, event->instance,
                             now->view);
}

static void count_allocation(const replay *now, uint32_t use, uint64_t bytes)
{
  now->instance->shown.views[now->view].allocations++;
  uint64_t *sum = &now->instance->shown.views[now->view].allocated_bytes;
  *sum = seep_saturate_add(*sum, bytes);
  seep_figures_allocated(&now->analysis->figures, use, now->event->ticks, bytes);
}

static void count_free(const replay *now, uint64_t bytes)
{
  now->instance->shown.views[now->view].frees++;
  uint64_t *sum = &now->instance->shown.views[now->view].freed_bytes;
  *sum = seep_saturate_add(*sum, bytes);
}

static bool odd(const replay *now)
{
  now->instance->shown.views[now->view].odd++;
  return true;
}

/* ---- pages ---- */

static bool reserve(const replay *now, range pages)
{
  seep_instance *instance = now->instance;
  if (instance->reservations == NULL) {
    instance->reservations = seep_page_map_new(now->analysis->budget);
  }
  if (instance->reservations == NULL) {
    return false;
  }
  uint64_t added = 0, removed;
  const seep_page_run run = {
      .first_page = pages.first, .pages = pages.pages, .owner = instance->reservation_count++};
  if (seep_page_map_add(instance->reservations, &run, &added) != SEEP_OK) {
    return false;
  }
  /* A reservation that stands where one was means that the release of that one was not seen. */
  return added == pages.pages || (seep_page_map_remove(instance->reservations, pages.first, pages.pages, NULL,
                                                       NULL, &removed) == SEEP_OK &&
                                  seep_page_map_add(instance->reservations, &run, &added) == SEEP_OK);
}

static bool commit(const replay *now, range pages)
{
  seep_instance *instance = now->instance;
  if (instance->committed == NULL) {
    instance->committed = seep_page_map_new(now->analysis->budget);
  }
  uint32_t use = owner(now);
  if (instance->committed == NULL || use == SEEP_NO_USE) {
    return false;
  }
  now->analysis->allocation++;
  const seep_page_run run = {
      .first_page = pages.first, .pages = pages.pages, .owner = use, .when = when(now)};
  uint64_t added = 0;
  seep_status status = seep_page_map_add(instance->committed, &run, &added);
  if (added > 0) {
    count_allocation(now, use, bytes_of(now, added));
  }
  return status == SEEP_OK;
}

static bool virtual_alloc(const replay *now)
{
  const seep_waiting *event = now->event;
  uint32_t flags = event->more.flags;
  uint32_t asked = flags & (SEEP_TRACE_MEMORY_COMMIT | SEEP_TRACE_MEMORY_RESERVE);
  if (asked == 0 && (flags & RESET_FLAGS) != 0) {
    return true;
  }
  if (asked == 0 || (flags & SEEP_TRACE_MEMORY_RELEASE) != 0 || event->size_bytes == 0) {
    return odd(now);
  }
  if ((flags & SEEP_TRACE_MEMORY_PHYSICAL) != 0 && (flags & SEEP_TRACE_MEMORY_LARGE_PAGES) == 0) {
    return true; /* a window for physical pages: costs no commit */
  }
  range pages = pages_of(now, event->address, event->size_bytes);
  if ((asked & SEEP_TRACE_MEMORY_RESERVE) != 0 && !reserve(now, pages)) {
    return false;
  }
  return (asked & SEEP_TRACE_MEMORY_COMMIT) == 0 || commit(now, pages);
}

static void on_taken(void *context, const seep_page_run *piece)
{
  const replay *now = context;
  seep_figures_freed(&now->analysis->figures, piece->owner, now->event->ticks, bytes_of(now, piece->pages));
}

static bool find_reservation(const replay *now, uint64_t page, seep_page_run *run)
{
  return now->instance->reservations != NULL && seep_page_map_find(now->instance->reservations, page, run);
}

/* What a free is about; false: its size is not known. */
static bool range_of_free(const replay *now, range *pages)
{
  const seep_waiting *event = now->event;
  seep_page_run run;
  uint64_t first = event->address >> now->analysis->page_shift;
  if (event->size_bytes != 0) {
    *pages = pages_of(now, event->address, event->size_bytes);
    return true;
  }
  if (!find_reservation(now, first, &run)) {
    return false;
  }
  *pages = (range){.first = first, .pages = run.first_page + run.pages - first};
  return true;
}

/* Nothing in the range was committed in sight of the trace. */
static void free_nothing(const replay *now, range pages)
{
  seep_page_run run;
  if (!find_reservation(now, pages.first, &run)) {
    uint64_t *sum = &now->instance->shown.views[now->view].unknown_freed_bytes;
    now->instance->shown.views[now->view].unknown_frees++;
    *sum = seep_saturate_add(*sum, bytes_of(now, pages.pages));
  }
}

static bool virtual_free(const replay *now)
{
  seep_instance *instance = now->instance;
  uint32_t flags = now->event->more.flags;
  range pages;
  if ((flags & (SEEP_TRACE_MEMORY_DECOMMIT | SEEP_TRACE_MEMORY_RELEASE)) == 0 ||
      (flags & (SEEP_TRACE_MEMORY_COMMIT | SEEP_TRACE_MEMORY_RESERVE)) != 0 || !range_of_free(now, &pages)) {
    return odd(now);
  }
  uint64_t removed = 0, unused;
  seep_status status = SEEP_OK;
  if (instance->committed != NULL) {
    replay taken = *now;
    status = seep_page_map_remove(instance->committed, pages.first, pages.pages, on_taken, &taken, &removed);
  }
  if (removed > 0) {
    count_free(now, bytes_of(now, removed));
  } else if (status == SEEP_OK) {
    free_nothing(now, pages);
  }
  if (status == SEEP_OK && (flags & SEEP_TRACE_MEMORY_RELEASE) != 0 && instance->reservations != NULL) {
    status = seep_page_map_remove(instance->reservations, pages.first, pages.pages, NULL, NULL, &unused);
  }
  return status == SEEP_OK;
}

/* ---- blocks ---- */

static seep_block_map *blocks_of(const replay *now)
{
  seep_instance *instance = now->instance;
  if (instance->blocks == NULL) {
    instance->blocks = seep_block_map_new(now->analysis->budget, now->analysis->seed);
  }
  return instance->blocks;
}

static void free_block(const replay *now, const seep_block *block)
{
  seep_figures_freed(&now->analysis->figures, block->owner, now->event->ticks, block->size_bytes);
  count_free(now, block->size_bytes);
}

/* keep: a block that stands there already stays, and the event only tells of it again; else it must have been
 * freed unseen. */
static bool insert_block(const replay *now, bool keep)
{
  seep_block_map *blocks = blocks_of(now);
  uint32_t use = owner(now);
  if (blocks == NULL || use == SEEP_NO_USE) {
    return false;
  }
  const seep_waiting *event = now->event;
  now->analysis->allocation++;
  const seep_block block = {.heap = event->heap,
                            .address = event->address,
                            .size_bytes = event->size_bytes,
                            .owner = use,
                            .when = when(now)};
  seep_block old;
  bool replaced = false;
  if (seep_block_map_put(blocks, &block, &replaced, &old) != SEEP_OK) {
    return false;
  }
  if (replaced && keep) {
    seep_block unused;
    return seep_block_map_put(blocks, &old, &replaced, &unused) == SEEP_OK;
  }
  if (replaced) {
    free_block(now, &old);
    (void)odd(now);
  }
  count_allocation(now, use, event->size_bytes);
  return true;
}

static bool resize_block(const replay *now)
{
  const seep_waiting *event = now->event;
  seep_block block, unused;
  bool replaced;
  if (now->instance->blocks == NULL ||
      !seep_block_map_take(now->instance->blocks, event->heap, event->address, &block)) {
    return true; /* from before the trace, and stays so */
  }
  uint64_t old_bytes = block.size_bytes;
  block.size_bytes = event->size_bytes;
  seep_figures_resized(&now->analysis->figures, block.owner, event->ticks, old_bytes, block.size_bytes);
  uint64_t *sum = block.size_bytes >= old_bytes ? &now->instance->shown.views[now->view].allocated_bytes
                                                : &now->instance->shown.views[now->view].freed_bytes;
  *sum = seep_saturate_add(*sum, block.size_bytes >= old_bytes ? block.size_bytes - old_bytes
                                                               : old_bytes - block.size_bytes);
  return seep_block_map_put(now->instance->blocks, &block, &replaced, &unused) == SEEP_OK;
}

static bool heap_realloc(const replay *now)
{
  const seep_waiting *event = now->event;
  seep_block old;
  if (event->address == 0) {
    return odd(now);
  }
  if (event->address == event->more.old_address) {
    return resize_block(now);
  }
  if (now->instance->blocks != NULL && event->more.old_address != 0 &&
      seep_block_map_take(now->instance->blocks, event->heap, event->more.old_address, &old)) {
    free_block(now, &old);
  }
  return insert_block(now, true);
}

static bool heap_free(const replay *now)
{
  const seep_waiting *event = now->event;
  seep_block old;
  if (event->address == 0) {
    return odd(now);
  }
  if (now->instance->blocks != NULL &&
      seep_block_map_take(now->instance->blocks, event->heap, event->address, &old)) {
    free_block(now, &old);
  } else {
    now->instance->shown.views[now->view].unknown_frees++;
  }
  return true;
}

static bool on_dropped(void *context, const seep_block *block)
{
  free_block(context, block);
  return true;
}

static bool heap_destroy(const replay *now)
{
  replay dropped = *now;
  if (now->instance->blocks != NULL) {
    (void)seep_block_map_drop_heap(now->instance->blocks, now->event->heap, on_dropped, &dropped);
  }
  return true;
}

bool seep_replay_apply(seep_trace_analysis *analysis, const seep_waiting *event)
{
  replay now = {.analysis = analysis,
                .event = event,
                .instance = &analysis->instances.items[event->instance],
                .view = is_heap(event) ? SEEP_TRACE_VIEW_HEAP : SEEP_TRACE_VIEW_VIRTUAL};
  analysis->has_replayed = true;
  switch (event->kind) {
  case SEEP_TRACE_VIRTUAL_ALLOC:
    return virtual_alloc(&now);
  case SEEP_TRACE_VIRTUAL_FREE:
    return virtual_free(&now);
  case SEEP_TRACE_HEAP_ALLOC:
    return event->address == 0 ? odd(&now) : insert_block(&now, false);
  case SEEP_TRACE_HEAP_REALLOC:
    return heap_realloc(&now);
  case SEEP_TRACE_HEAP_FREE:
    return heap_free(&now);
  default:
    return heap_destroy(&now);
  }
}

/* ---- what remains ---- */

typedef struct remains {
  replay now;
  bool has_last;
  seep_page_run last;
} remains;

static void count_kept(const replay *now, uint32_t use, uint32_t made, uint64_t bytes, bool first)
{
  now->instance->shown.views[now->view].live_count += first ? 1 : 0;
  uint64_t *sum = &now->instance->shown.views[now->view].live_bytes;
  *sum = seep_saturate_add(*sum, bytes);
  seep_figures_kept(&now->analysis->figures, use, made % SEEP_TRACE_BUCKETS, bytes, first);
}

static bool on_run(void *context, const seep_page_run *run)
{
  remains *left = context;
  bool is_first = !left->has_last || left->last.owner != run->owner || left->last.when != run->when;
  count_kept(&left->now, run->owner, run->when, bytes_of(&left->now, run->pages), is_first);
  left->has_last = true;
  left->last = *run;
  return true;
}

static bool on_block(void *context, const seep_block *block)
{
  const remains *left = context;
  count_kept(&left->now, block->owner, block->when, block->size_bytes, true);
  return true;
}

void seep_replay_tally(seep_trace_analysis *analysis, uint32_t instance)
{
  remains left = {.now = {.analysis = analysis, .instance = &analysis->instances.items[instance]}};
  if (left.now.instance->is_tallied) {
    return;
  }
  left.now.instance->is_tallied = true;
  if (left.now.instance->committed != NULL) {
    left.now.view = SEEP_TRACE_VIEW_VIRTUAL;
    seep_page_map_each(left.now.instance->committed, on_run, &left);
  }
  if (left.now.instance->blocks != NULL) {
    left.now.view = SEEP_TRACE_VIEW_HEAP;
    seep_block_map_each(left.now.instance->blocks, on_block, &left);
  }
  seep_instances_drop_maps(left.now.instance);
}
