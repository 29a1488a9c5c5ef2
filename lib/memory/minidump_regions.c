/*
 * A minidump's list of regions (MemoryInfoList), read from the file when asked for: nothing but, where the
 * file's order is not by address, an order is kept. Entries that make no sense and those that begin inside a
 * lower one are left out.
 */
#include <stdlib.h>

#include "memory/minidump_private.h"

enum { LEAD_BYTES = 16, ENTRY_BYTES = 48 };

static uint64_t end_of(const seep_region *region)
{
  return region->base + region->size_bytes;
}

static void decode(const seep_minidump *dump, seep_cursor *entry, seep_region *out)
{
  *out = (seep_region){
      .base = seep_minidump__address(dump, seep_cursor_u64_at(entry, 0)),
      .allocation_base = seep_minidump__address(dump, seep_cursor_u64_at(entry, 8)),
      .allocation_protect = seep_cursor_u32_at(entry, 16),
      .size_bytes = seep_cursor_u64_at(entry, 24),
      .state = seep_cursor_u32_at(entry, 32),
      .protect = seep_cursor_u32_at(entry, 36),
      .type = seep_cursor_u32_at(entry, 40),
      .private_bytes = SEEP_REGION_BYTES_UNKNOWN,
  };
  if (out->state == SEEP_REGION_FREE) {
    out->type = 0; /* undefined there, as is where and how it was allocated */
    out->allocation_base = 0;
    out->allocation_protect = 0;
  }
}

static bool is_usable(const seep_region *region)
{
  return region->size_bytes > 0 && region->base <= UINT64_MAX - region->size_bytes;
}

static bool is_readable(const seep_region *region)
{
  return region->state == SEEP_REGION_COMMIT && region->type == SEEP_REGION_PRIVATE &&
         (region->protect & (SEEP_REGION_PAGE_GUARD | SEEP_REGION_PAGE_NOACCESS)) == 0;
}

/* A pass over the list: the first learns whether its order can be used, the second collects one. */
typedef struct pass {
  seep_minidump *dump;
  uint64_t end; /* of the entry before */
  bool sorted;
  seep_minidump__key *keys;
  size_t key_count;
} pass;

static seep_status check(void *context, uint64_t index, seep_cursor *entry)
{
  pass *at = context;
  seep_region region;
  (void)index;
  decode(at->dump, entry, &region);
  at->sorted = at->sorted && is_usable(&region) && region.base >= at->end;
  if (is_usable(&region)) {
    uint64_t sum = at->dump->readable_bytes + (is_readable(&region) ? region.size_bytes : 0);
    at->dump->readable_bytes = sum >= at->dump->readable_bytes ? sum : UINT64_MAX;
    at->end = end_of(&region);
  }
  return SEEP_OK;
}

static seep_status collect(void *context, uint64_t index, seep_cursor *entry)
{
  pass *at = context;
  seep_region region;
  decode(at->dump, entry, &region);
  if (is_usable(&region)) {
    at->keys[at->key_count++] = (seep_minidump__key){region.base, end_of(&region), (uint32_t)index};
  }
  return SEEP_OK;
}

static seep_status put_in_order(pass *at, const seep_minidump__list *list, seep_error *error)
{
  seep_minidump *dump = at->dump;
  dump->region_order = calloc((size_t)list->count, sizeof *dump->region_order);
  at->keys = calloc((size_t)list->count, sizeof *at->keys);
  if (dump->region_order == NULL || at->keys == NULL) {
    return seep_minidump__fail(error, SEEP_NO_MEMORY, list->offset, "the order of regions");
  }
  seep_status status = seep_minidump__walk(dump, list, collect, at, error);
  if (status != SEEP_OK) {
    return status;
  }
  seep_minidump__sort(at->keys, at->key_count);
  uint64_t end = 0;
  dump->regions_usable = 0;
  for (size_t i = 0; i < at->key_count; i++) {
    if (at->keys[i].base >= end) {
      dump->region_order[dump->regions_usable++] = at->keys[i].index;
      end = at->keys[i].end;
    }
  }
  return SEEP_OK;
}

/* Sizes of header and entries are the file's; zero is no list that can be used. */
static seep_status open_list(seep_minidump *dump, const seep_minidump_stream *stream,
                             seep_minidump__list *list, seep_error *error)
{
  seep_cursor lead;
  if (stream == NULL || seep_minidump__present(dump, stream) < LEAD_BYTES) {
    dump->cut_short = dump->cut_short || stream != NULL;
    return SEEP_OK;
  }
  seep_status status = seep_minidump__look(dump, stream->offset, LEAD_BYTES, &lead, error);
  if (status != SEEP_OK) {
    return status;
  }
  dump->region_header_bytes = seep_cursor_u32(&lead);
  dump->region_entry_bytes = seep_cursor_u32(&lead);
  dump->regions_announced = seep_cursor_u64(&lead);
  if (dump->region_header_bytes < LEAD_BYTES || dump->region_entry_bytes < ENTRY_BYTES) {
    return SEEP_OK;
  }
  list->entry_bytes = dump->region_entry_bytes;
  list->announced = dump->regions_announced;
  return seep_minidump__fit(dump, stream, dump->region_header_bytes, list, error);
}

seep_status seep_minidump__take_regions(seep_minidump *dump, seep_error *error)
{
  seep_minidump__list list = {.wanted_bytes = ENTRY_BYTES};
  pass at = {.dump = dump, .sorted = true};
  seep_status status = open_list(dump, seep_minidump__find(dump, SEEP_MINIDUMP__REGIONS), &list, error);
  if (status != SEEP_OK || list.count == 0) {
    return status;
  }
  dump->region_offset = list.offset;
  dump->region_count = list.count;
  dump->regions_usable = list.count;
  status = seep_minidump__walk(dump, &list, check, &at, error);
  if (status == SEEP_OK && !at.sorted) {
    status = put_in_order(&at, &list, error);
    free(at.keys);
  }
  dump->region_list = dump->regions_usable > 0;
  return status;
}

static seep_status region_at(const seep_minidump *dump, uint64_t place, seep_region *out, seep_error *error)
{
  uint64_t index = dump->region_order != NULL ? dump->region_order[place] : place;
  seep_cursor entry;
  seep_status status = seep_minidump__look(dump, dump->region_offset + index * dump->region_entry_bytes,
                                           ENTRY_BYTES, &entry, error);
  if (status == SEEP_OK) {
    decode(dump, &entry, out);
  }
  return status;
}

/* The first region that ends behind address; *place is regions_usable when there is none. */
static seep_status search(const seep_minidump *dump, uint64_t address, uint64_t *place, seep_region *out,
                          seep_error *error)
{
  uint64_t low = 0, high = dump->regions_usable;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    seep_region region;
    seep_status status = region_at(dump, middle, &region, error);
    if (status != SEEP_OK) {
      return status;
    }
    if (end_of(&region) > address) {
      high = middle;
      *out = region;
    } else {
      low = middle + 1;
    }
  }
  *place = low;
  return SEEP_OK;
}

seep_status seep_minidump__region(void *context, uint64_t address, seep_region *out, seep_error *error)
{
  seep_minidump *dump = context;
  uint64_t place = dump->region_next;
  seep_region region = {0};
  seep_status status = SEEP_OK;
  bool is_next = address >= dump->region_next_address && place < dump->regions_usable;
  if (!dump->region_list) {
    return SEEP_UNSUPPORTED;
  }
  if (is_next) {
    status = region_at(dump, place, &region, error);
    is_next = status == SEEP_OK && end_of(&region) > address;
  }
  if (!is_next && status == SEEP_OK) {
    status = search(dump, address, &place, &region, error);
  }
  if (status != SEEP_OK) {
    return status;
  }
  if (place == dump->regions_usable) {
    /* Above the end of a list that the file cuts short there may be anything, and where an entry was left out
     * is not known. */
    return dump->regions_usable < dump->regions_announced ? SEEP_UNSUPPORTED : SEEP_NOT_FOUND;
  }
  dump->region_next = place + 1;
  dump->region_next_address = end_of(&region);
  *out = region;
  return SEEP_OK;
}
