/*
 * The merge: opens each buffer when it has come to the buffer's first time, and takes the earliest record of
 * all that are open, by a heap. When an open buffer has no room left in the budget the next one is visited at
 * once instead, as it lies, which needs none: the order suffers then, and is counted, but nothing is lost.
 * Called by the analysis of a trace.
 */
#include "trace/merge.h"

#include <stdlib.h>
#include <string.h>

#include "trace/container_internal.h"
#include "trace/framing.h"
#include "trace/merge_index.h"
#include "trace/merge_open.h"

#define HEADER_BYTES ((size_t)SEEP_TRACE__BUFFER_HEADER_BYTES)
/* What is looked through for the newest time of a file whose header does not tell its end. */
#define LATEST_BUFFERS 32u
#define LATEST_BYTES ((uint64_t)16 * 1024 * 1024)
/* Visited records between two questions whether to stop: millions can wait in buffers that are open. */
#define RECORDS_BETWEEN_QUESTIONS 65536u

typedef struct candidate {
  uint64_t ticks; /* of its next record */
  size_t slot;
} candidate;

typedef struct merge {
  const uint8_t *data;
  size_t size;
  unsigned format;
  const seep_trace_merge_options *options;
  seep_trace_visit visit;
  void *context;
  seep_trace_merged *merged;
  seep_trace__index index;
  size_t next_entry;
  seep_trace__slots slots;
  candidate *heap; /* owned: the earliest first */
  size_t open, heap_capacity;
  uint8_t *spare; /* owned: room to unpack any one buffer, for when there is no more */
  uint64_t newest, done_bytes, visited;
  bool ended, cancelled;
} merge;

void seep_trace_filter_init(seep_trace_filter *filter)
{
  memset(filter, 0, sizeof *filter);
}

void seep_trace_filter_add(seep_trace_filter *filter, uint16_t hook_id)
{
  filter->hooks[hook_id / 8u] = (uint8_t)(filter->hooks[hook_id / 8u] | 1u << (hook_id % 8u));
}

/* ---- the heap ---- */

static bool precedes(const merge *self, candidate a, candidate b)
{
  return a.ticks != b.ticks
             ? a.ticks < b.ticks
             : seep_trace__entry_precedes(&self->slots.items[a.slot].entry, &self->slots.items[b.slot].entry);
}

/* Puts it where it belongs at or below the hole. */
static void sink(merge *self, size_t hole, candidate item)
{
  for (size_t child = 2 * hole + 1; child < self->open; child = 2 * hole + 1) {
    if (child + 1 < self->open && precedes(self, self->heap[child + 1], self->heap[child])) {
      child++;
    }
    if (!precedes(self, self->heap[child], item)) {
      break;
    }
    self->heap[hole] = self->heap[child];
    hole = child;
  }
  self->heap[hole] = item;
}

static bool add_candidate(merge *self, size_t slot)
{
  candidate item = {.ticks = self->slots.items[slot].wanted[0].ticks, .slot = slot};
  void *heap = self->heap;
  bool grown = seep_trace_budget_reserve(self->options->budget, &heap, &self->heap_capacity, self->open + 1,
                                         sizeof *self->heap);
  self->heap = heap;
  if (!grown) {
    return false;
  }
  size_t hole = self->open++;
  while (hole > 0 && precedes(self, item, self->heap[(hole - 1) / 2])) {
    self->heap[hole] = self->heap[(hole - 1) / 2];
    hole = (hole - 1) / 2;
  }
  self->heap[hole] = item;
  return true;
}

/* ---- visiting ---- */

static void visit_record(merge *self, const seep_trace__part *part, const uint8_t *data,
                         const seep_trace__framed *framed)
{
  seep_trace_record record;
  if (!seep_trace__decode(data, framed, part->processor, &record)) {
    return;
  }
  self->merged->late_records += record.ticks < self->newest ? 1 : 0;
  self->newest = record.ticks > self->newest ? record.ticks : self->newest;
  self->ended = !self->visit(self->context, &record);
}

/* What is wanted of a buffer as it lies there, whose records have been counted. */
static void visit_directly(merge *self, const seep_trace__part *part)
{
  seep_trace__framed framed;
  bool any = false;
  for (size_t at = HEADER_BYTES;
       at < part->end && !self->ended &&
       seep_trace__frame(part->data + at, part->end - at, &framed) == SEEP_TRACE__RECORD;
       at += seep_trace__step(&framed)) {
    if (seep_trace__is_wanted(self->options->filter, &framed)) {
      visit_record(self, part, part->data + at, &framed);
      any = true;
    }
  }
  self->merged->forced_buffers += any ? 1 : 0;
}

/* The earliest record of all open buffers. */
static void visit_next(merge *self)
{
  candidate item = self->heap[0];
  seep_trace__open *open = &self->slots.items[item.slot];
  size_t at = open->wanted[open->next++].offset;
  seep_trace__framed framed;
  if (seep_trace__frame(open->part.data + at, open->part.end - at, &framed) == SEEP_TRACE__RECORD) {
    visit_record(self, &open->part, open->part.data + at, &framed);
  }
  if (open->next < open->count) {
    item.ticks = open->wanted[open->next].ticks;
    sink(self, 0, item);
    return;
  }
  seep_trace__slots_give(&self->slots, item.slot);
  self->open--;
  if (self->open > 0) {
    sink(self, 0, self->heap[self->open]);
  }
}

/* ---- opening ---- */

/* The index has seen all buffers and knows the largest; but what it saw need not be there any longer, should
 * somebody write to the file. */
static seep_trace__packing packing_of(const merge *self, const seep_trace__part *part)
{
  if (!seep_trace__is_compressed(part)) {
    return SEEP_TRACE__PACKING_READABLE;
  }
  seep_trace__packing packing = seep_trace__packing_of(part, self->format);
  return packing == SEEP_TRACE__PACKING_READABLE &&
                 seep_trace__unpacked_bytes(part) > self->index.largest_unpacked_bytes
             ? SEEP_TRACE__PACKING_BAD
             : packing;
}

/* Unpacked where it can stay, or in the spare room. */
static void unpack(merge *self, size_t slot, seep_trace__part *part)
{
  bool stays = slot != SEEP_TRACE__NO_SLOT &&
               seep_trace__open_hold(&self->slots, slot, seep_trace__unpacked_bytes(part));
  seep_trace__unpack(part, stays ? self->slots.items[slot].room : self->spare, &self->merged->summary);
}

static bool is_spare(const merge *self, const seep_trace__part *part)
{
  return self->spare != NULL && part->data == self->spare;
}

/* A part that can be read: counts it, and keeps or visits what is wanted. */
static void read_part(merge *self, const seep_trace__entry *entry, seep_trace__part *part)
{
  size_t slot = seep_trace__slots_take(&self->slots);
  if (seep_trace__is_compressed(part)) {
    unpack(self, slot, part);
  }
  if (!seep_trace__open_scan(&self->slots, slot, part, self->options->filter, self->merged) ||
      slot == SEEP_TRACE__NO_SLOT || is_spare(self, part)) {
    visit_directly(self, part);
  } else {
    seep_trace__open *open = &self->slots.items[slot];
    open->entry = *entry;
    open->part = *part;
    if (open->count > 0 && add_candidate(self, slot)) {
      return;
    }
    if (open->count > 0) {
      visit_directly(self, part);
    }
  }
  if (slot != SEEP_TRACE__NO_SLOT) {
    seep_trace__slots_give(&self->slots, slot);
  }
}

static void ask_whether_to_stop(merge *self)
{
  const seep_trace_merge_options *options = self->options;
  if (options->stopped != NULL && options->stopped(options->watcher)) {
    self->ended = self->cancelled = true;
  }
}

static void open_next(merge *self)
{
  const seep_trace_merge_options *options = self->options;
  const seep_trace__entry *entry = &self->index.entries[self->next_entry++];
  seep_trace_summary ignored = {0};
  seep_trace__part part;
  if (!seep_trace__take_part(self->data + entry->offset, self->size - (size_t)entry->offset, &part,
                             &ignored)) {
    return;
  }
  self->done_bytes += part.bytes;
  seep_trace__count_part(&part, &self->merged->summary);
  seep_trace__packing packing = packing_of(self, &part);
  seep_trace__count_packing(packing, &self->merged->summary);
  if (packing == SEEP_TRACE__PACKING_READABLE) {
    read_part(self, entry, &part);
  }
  if (options->progress != NULL) {
    options->progress(options->watcher, self->done_bytes, self->size);
  }
  ask_whether_to_stop(self);
}

/* ---- the whole ---- */

static uint64_t newest_of_latest(merge *self)
{
  seep_trace_merged seen = {0};
  uint64_t looked_at_bytes = 0;
  for (size_t i = 0; i < self->index.count && i < LATEST_BUFFERS && looked_at_bytes < LATEST_BYTES; i++) {
    const seep_trace__entry *entry = &self->index.entries[self->index.count - 1 - i];
    seep_trace__part part;
    if (!seep_trace__take_part(self->data + entry->offset, self->size - (size_t)entry->offset, &part,
                               &seen.summary) ||
        packing_of(self, &part) != SEEP_TRACE__PACKING_READABLE) {
      continue;
    }
    if (seep_trace__is_compressed(&part)) {
      seep_trace__unpack(&part, self->spare, &seen.summary);
    }
    looked_at_bytes += part.end;
    (void)seep_trace__open_scan(&self->slots, SEEP_TRACE__NO_SLOT, &part, self->options->filter, &seen);
  }
  return seen.last_ticks;
}

static uint64_t about_last_ticks(merge *self)
{
  const seep_trace_header *header = &self->merged->summary.header;
  uint64_t last_start = self->index.count > 0 ? self->index.entries[self->index.count - 1].ticks : 0;
  uint64_t last = 0;
  if (header->end <= header->start || !seep_trace__ticks_of(header, header->end, &last)) {
    last = newest_of_latest(self);
  }
  return last > last_start ? last : last_start;
}

static seep_status prepare(merge *self, seep_error *error)
{
  seep_trace_budget *budget = self->options->budget;
  size_t room = 0;
  seep_status status = seep_trace__read_first(self->data, self->size, &self->merged->summary.header, error);
  if (status == SEEP_OK) {
    status = seep_trace__index_make(&self->index, self->data, self->size, self->options, error);
    room = self->index.largest_unpacked_bytes;
  }
  if (status != SEEP_OK || room == 0) {
    return status;
  }
  if (!seep_trace_budget_take(budget, room)) {
    return seep_trace__no_merge_room(budget, "unpacked buffer of the trace", error);
  }
  self->spare = malloc(room);
  if (self->spare == NULL) {
    seep_trace_budget_give(budget, room);
    return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "unpacked buffer of the trace", NULL);
  }
  return SEEP_OK;
}

static void run(merge *self)
{
  while (!self->ended) {
    while (!self->ended && self->next_entry < self->index.count &&
           (self->open == 0 || self->index.entries[self->next_entry].ticks <= self->heap[0].ticks)) {
      open_next(self);
    }
    if (self->ended || self->open == 0) {
      break;
    }
    visit_next(self);
    if (++self->visited % RECORDS_BETWEEN_QUESTIONS == 0) {
      ask_whether_to_stop(self);
    }
  }
}

static void release(merge *self)
{
  seep_trace_budget *budget = self->options->budget;
  void *heap = self->heap;
  if (self->spare != NULL) {
    free(self->spare);
    seep_trace_budget_give(budget, self->index.largest_unpacked_bytes);
  }
  seep_trace_budget_release(budget, &heap, &self->heap_capacity, sizeof *self->heap);
  seep_trace__slots_release(&self->slots);
  seep_trace__index_release(&self->index, budget);
}

seep_status seep_trace_merge(const uint8_t *data, size_t size, const seep_trace_merge_options *options,
                             seep_trace_merge_begin begin, seep_trace_visit visit, void *context,
                             seep_trace_merged *merged, seep_error *error)
{
  merge self = {.data = data, .size = size, .options = options, .visit = visit, .context = context};
  memset(merged, 0, sizeof *merged);
  self.merged = merged;
  self.format = seep_trace__format(data, size);
  seep_trace__slots_init(&self.slots, options->budget);
  seep_status status = prepare(&self, error);
  if (status == SEEP_OK) {
    merged->first_ticks = merged->summary.header.first_ticks;
    if (begin != NULL) {
      begin(context, &merged->summary.header, merged->first_ticks, about_last_ticks(&self));
    }
    run(&self);
    merged->ended_early = self.ended;
    merged->summary.truncated = merged->summary.truncated || self.index.end.truncated;
    merged->summary.bad_buffers += self.index.end.bad_buffers;
  }
  release(&self);
  if (self.cancelled) {
    return seep_error_set(error, SEEP_CANCELLED, SEEP_DOMAIN_NONE, 0, "reading the trace", NULL);
  }
  return status;
}
