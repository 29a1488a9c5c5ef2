/*
 * The memory in a minidump: both kinds of lists become one index by address without overlaps, and reading
 * goes through it. What the file does not hold is not in the index. Where two ranges claim the same address
 * the one listed first has it, whole or in pieces.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/saturate.h"
#include "memory/minidump_private.h"

enum {
  RANGE_BYTES = 16,  /* of both lists */
  MEMORY64_LEAD = 16 /* count and BaseRva, 64 bits each */
};

/* A list while it is read. */
typedef struct taking {
  seep_minidump *dump;
  bool is64;
  uint64_t offset; /* Memory64List: where the data of the next range begins */
  bool sorted;     /* so far, without overlaps */
} taking;

static seep_status take_range(void *context, uint64_t index, seep_cursor *entry)
{
  taking *at = context;
  seep_minidump *dump = at->dump;
  uint64_t address = seep_minidump__address(dump, seep_cursor_u64(entry));
  uint64_t bytes = at->is64 ? seep_cursor_u64(entry) : seep_cursor_u32(entry);
  uint64_t offset = at->is64 ? at->offset : seep_cursor_u32(entry);
  uint64_t present = offset < dump->file.size_bytes ? dump->file.size_bytes - offset : 0;
  (void)index;
  present = present < bytes ? present : bytes;
  at->offset = seep_saturate_add(offset, bytes);
  dump->listed_ranges++;
  dump->listed_bytes = seep_saturate_add(dump->listed_bytes, bytes);
  dump->bytes_in_file = seep_saturate_add(dump->bytes_in_file, present);
  dump->whole_ranges += present == bytes ? 1 : 0;
  dump->partial_ranges += present < bytes && present > 0 ? 1 : 0;
  dump->cut_short = dump->cut_short || present < bytes;
  if (present == 0 || address > UINT64_MAX - present) {
    return SEEP_OK;
  }
  if (dump->range_count > 0) {
    const seep_minidump_range *last = &dump->ranges[dump->range_count - 1];
    at->sorted = at->sorted && address >= last->address + last->bytes;
  }
  dump->ranges[dump->range_count++] = (seep_minidump_range){address, present, offset};
  return SEEP_OK;
}

static seep_status open_list64(seep_minidump *dump, const seep_minidump_stream *stream,
                               seep_minidump__list *list, uint64_t *offset, seep_error *error)
{
  seep_cursor lead;
  *list = (seep_minidump__list){.entry_bytes = RANGE_BYTES, .wanted_bytes = RANGE_BYTES};
  if (seep_minidump__present(dump, stream) < MEMORY64_LEAD) {
    dump->cut_short = true;
    return SEEP_OK;
  }
  seep_status status = seep_minidump__look(dump, stream->offset, MEMORY64_LEAD, &lead, error);
  if (status != SEEP_OK) {
    return status;
  }
  list->announced = seep_cursor_u64(&lead);
  *offset = seep_cursor_u64(&lead);
  return seep_minidump__fit(dump, stream, MEMORY64_LEAD, list, error);
}

static seep_status take_list(taking *at, const seep_minidump_stream *stream, seep_error *error)
{
  seep_minidump *dump = at->dump;
  seep_minidump__list list;
  at->is64 = stream->type == SEEP_MINIDUMP__MEMORY64;
  seep_status status = at->is64 ? open_list64(dump, stream, &list, &at->offset, error)
                                : seep_minidump__open_list(dump, stream, RANGE_BYTES, &list, error);
  if (status != SEEP_OK || list.count == 0) {
    return status;
  }
  if (dump->range_count + list.count > SEEP_MINIDUMP_MAXIMUM_ENTRIES) {
    return seep_minidump__fail(error, SEEP_LIMIT, stream->offset, "more than four million memory ranges");
  }
  void *items = dump->ranges;
  if (!seep_array_resize(&items, dump->range_count + (size_t)list.count, sizeof *dump->ranges)) {
    return seep_minidump__fail(error, SEEP_NO_MEMORY, stream->offset, "the index of memory ranges");
  }
  dump->ranges = items;
  return seep_minidump__walk(dump, &list, take_range, at, error);
}

/* A walk over all ranges in order of address. Of those that hold the present address, the one listed first is
 * on top of a heap of their indices. */
typedef struct sweep {
  const seep_minidump_range *listed;
  const seep_minidump__key *keys;
  uint32_t *open;
  size_t open_count;
  seep_minidump_range *out;
  size_t out_count, out_capacity;
} sweep;

static void push(sweep *at, uint32_t index)
{
  size_t place = at->open_count++;
  while (place > 0 && at->open[(place - 1) / 2] > index) {
    at->open[place] = at->open[(place - 1) / 2];
    place = (place - 1) / 2;
  }
  at->open[place] = index;
}

static void pop(sweep *at)
{
  uint32_t last = at->open[--at->open_count];
  size_t place = 0;
  for (size_t child = 1; child < at->open_count; child = 2 * place + 1) {
    if (child + 1 < at->open_count && at->open[child + 1] < at->open[child]) {
      child++;
    }
    if (at->open[child] >= last) {
      break;
    }
    at->open[place] = at->open[child];
    place = child;
  }
  at->open[place] = last;
}

static uint64_t end_of(const seep_minidump_range *range)
{
  return range->address + range->bytes;
}

/* The part of a range from `from` to `to`; one piece with the part before it when that ends there. */
static bool put(sweep *at, const seep_minidump_range *range, uint64_t from, uint64_t to)
{
  uint64_t offset = range->offset + (from - range->address);
  seep_minidump_range *last = at->out_count > 0 ? &at->out[at->out_count - 1] : NULL;
  if (last != NULL && end_of(last) == from && last->offset + last->bytes == offset) {
    last->bytes += to - from;
    return true;
  }
  void *items = at->out;
  if (!seep_array_reserve(&items, &at->out_capacity, at->out_count + 1, sizeof *at->out)) {
    return false;
  }
  at->out = items;
  at->out[at->out_count++] = (seep_minidump_range){from, to - from, offset};
  return true;
}

/* Each turn ends a range or reaches the next one's begin: at most two turns a range. */
static bool run(sweep *at, size_t count)
{
  size_t next = 0;
  uint64_t address = 0;
  while (next < count || at->open_count > 0) {
    if (at->open_count == 0) {
      address = at->keys[next].base;
    }
    while (next < count && at->keys[next].base <= address) {
      push(at, at->keys[next++].index);
    }
    const seep_minidump_range *top = &at->listed[at->open[0]];
    if (end_of(top) <= address) {
      pop(at);
      continue;
    }
    uint64_t stop = end_of(top);
    stop = next < count && at->keys[next].base < stop ? at->keys[next].base : stop;
    if (!put(at, top, address, stop)) {
      return false;
    }
    address = stop;
  }
  return true;
}

/* Puts the ranges in order of address and takes overlaps out. */
static seep_status settle(seep_minidump *dump, seep_error *error)
{
  size_t count = dump->range_count;
  sweep at = {.listed = dump->ranges};
  seep_minidump__key *keys = calloc(count, sizeof *keys);
  bool done = false;
  at.open = calloc(count, sizeof *at.open);
  if (keys != NULL && at.open != NULL) {
    for (size_t i = 0; i < count; i++) {
      keys[i] = (seep_minidump__key){dump->ranges[i].address, end_of(&dump->ranges[i]), (uint32_t)i};
    }
    seep_minidump__sort(keys, count);
    at.keys = keys;
    done = run(&at, count);
  }
  free(keys);
  free(at.open);
  if (!done) {
    free(at.out);
    return seep_minidump__fail(error, SEEP_NO_MEMORY, 0, "the index of memory ranges");
  }
  free(dump->ranges);
  dump->ranges = at.out;
  dump->range_count = at.out_count;
  return SEEP_OK;
}

seep_status seep_minidump__take_ranges(seep_minidump *dump, seep_error *error)
{
  const seep_minidump_stream *lists[2] = {seep_minidump__find(dump, SEEP_MINIDUMP__MEMORY),
                                          seep_minidump__find(dump, SEEP_MINIDUMP__MEMORY64)};
  taking at = {.dump = dump, .sorted = true};
  seep_status status = SEEP_OK;
  if (lists[0] != NULL && lists[1] != NULL && lists[1] < lists[0]) {
    const seep_minidump_stream *first = lists[1];
    lists[1] = lists[0];
    lists[0] = first;
  }
  for (size_t i = 0; i < 2 && status == SEEP_OK; i++) {
    status = lists[i] != NULL ? take_list(&at, lists[i], error) : SEEP_OK;
  }
  return status == SEEP_OK && !at.sorted ? settle(dump, error) : status;
}

/* The range that holds address, or range_count. */
static size_t find(const seep_minidump *dump, uint64_t address)
{
  size_t low = 0, high = dump->range_count; /* the first one that ends behind address */
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (end_of(&dump->ranges[middle]) > address) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low < dump->range_count && dump->ranges[low].address <= address ? low : dump->range_count;
}

/* Does one range after the other, without a gap, cover all of it? */
static bool is_covered(const seep_minidump *dump, size_t range, uint64_t address, size_t bytes)
{
  if (range == dump->range_count || address > UINT64_MAX - bytes) {
    return false;
  }
  uint64_t end = end_of(&dump->ranges[range]);
  while (end < address + bytes && ++range < dump->range_count && dump->ranges[range].address == end) {
    end = end_of(&dump->ranges[range]);
  }
  return end >= address + bytes;
}

seep_status seep_minidump__read(void *context, uint64_t address, void *out, size_t bytes)
{
  const seep_minidump *dump = context;
  uint8_t *to = out;
  size_t range = bytes > 0 ? find(dump, address) : 0;
  if (bytes > 0 && !is_covered(dump, range, address, bytes)) {
    return SEEP_NOT_FOUND;
  }
  while (bytes > 0) {
    const seep_minidump_range *from = &dump->ranges[range];
    uint64_t left = end_of(from) - address;
    size_t piece = bytes < SEEP_MINIDUMP_WINDOW_BYTES ? bytes : SEEP_MINIDUMP_WINDOW_BYTES;
    seep_cursor window;
    piece = left < piece ? (size_t)left : piece;
    if (seep_minidump__look(dump, from->offset + (address - from->address), piece, &window, NULL) !=
        SEEP_OK) {
      return SEEP_NOT_FOUND;
    }
    memcpy(to, window.data, piece);
    to += piece;
    bytes -= piece;
    address += piece;
    range += piece == left ? 1 : 0;
  }
  return SEEP_OK;
}
