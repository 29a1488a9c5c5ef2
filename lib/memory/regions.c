/*
 * Regions in order of address, grouped into allocations, and their tags. It asks the target for one region
 * after the other and believes nothing: what overlaps is clipped, what does not advance ends the list. It
 * must not read the process's bytes; what a region is used for is said by threads.c, the heap walkers and
 * leftovers.c.
 *
 * Splitting a region moves all rows behind it. So that a heap of thousands of page segments inside one region
 * does not cost the square of their number, ranges that need a split wait until there is one for about a
 * thousand rows, and are then worked in together.
 */
#include "memory/regions.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/saturate.h"

#define ROWS_PER_WAITING_RANGE 1024u

void seep_regions_init(seep_regions *regions)
{
  memset(regions, 0, sizeof *regions);
}

void seep_regions_fini(seep_regions *regions)
{
  free(regions->rows);
  free(regions->allocations);
  seep_regions_init(regions);
}

/* Memory for more rows or allocations: the casts are here, not at each call. */
static bool reserve_rows(seep_regions *regions, size_t needed)
{
  void *items = regions->rows;
  bool done = seep_array_reserve(&items, &regions->row_capacity, needed, sizeof *regions->rows);
  regions->rows = items;
  return done;
}

static bool reserve_allocations(seep_regions *regions, size_t needed)
{
  void *items = regions->allocations;
  bool done = seep_array_reserve(&items, &regions->allocation_capacity, needed, sizeof *regions->allocations);
  regions->allocations = items;
  return done;
}

static seep_tag first_tag(uint32_t type)
{
  switch (type) {
  case SEEP_REGION_PRIVATE:
    return SEEP_TAG_UNKNOWN;
  case SEEP_REGION_MAPPED:
    return SEEP_TAG_MAPPED;
  case SEEP_REGION_IMAGE:
    return SEEP_TAG_IMAGE;
  default:
    return SEEP_TAG_STRANGE;
  }
}

/* The same AllocationBase, without a hole and of one type: everything else is another allocation, whatever
 * the base says. */
static bool continues(const seep_regions *regions, const seep_region *region, uint64_t source_base)
{
  if (regions->allocation_count == 0) {
    return false;
  }
  const seep_allocation *last = &regions->allocations[regions->allocation_count - 1];
  return last->end == region->base && last->type == region->type && region->allocation_base == source_base;
}

static void begin_allocation(seep_regions *regions, const seep_region *region)
{
  seep_allocation *allocation = &regions->allocations[regions->allocation_count++];
  memset(allocation, 0, sizeof *allocation);
  allocation->base = region->base;
  allocation->end = region->base;
  allocation->first_row = (uint32_t)regions->row_count;
  allocation->type = region->type;
  allocation->allocation_protect = region->allocation_protect;
  allocation->private_bytes = region->private_bytes;
  allocation->tag = (uint8_t)first_tag(region->type);
}

/* A region that is not free, already clipped; *source_base is the AllocationBase of the last one. */
static bool add(seep_regions *regions, const seep_region *region, uint64_t *source_base)
{
  if (!reserve_rows(regions, regions->row_count + 1) ||
      !reserve_allocations(regions, regions->allocation_count + 1)) {
    return false;
  }
  if (!continues(regions, region, *source_base)) {
    /* A hole in an allocation: the list has changed while it was read, or lacks something. */
    bool is_rest = regions->allocation_count > 0 && region->allocation_base == *source_base;
    regions->cut = regions->cut || is_rest;
    begin_allocation(regions, region);
    *source_base = region->allocation_base;
  }
  seep_allocation *allocation = &regions->allocations[regions->allocation_count - 1];
  bool state_known = region->state == SEEP_REGION_COMMIT || region->state == SEEP_REGION_RESERVE;
  allocation->end = region->base + region->size_bytes;
  allocation->row_count++;
  if (region->state == SEEP_REGION_COMMIT) {
    allocation->committed_bytes += region->size_bytes;
  }
  seep_regions_row *row = &regions->rows[regions->row_count++];
  memset(row, 0, sizeof *row);
  row->base = region->base;
  row->end = allocation->end;
  row->allocation = (uint32_t)(regions->allocation_count - 1);
  row->protect = region->protect;
  row->state = region->state;
  row->tag = state_known ? allocation->tag : (uint8_t)SEEP_TAG_STRANGE;
  return true;
}

/* Only the OS knows how much of an image or a view has become private, but never more than there is of it. */
static void settle_private_bytes(seep_regions *regions)
{
  for (size_t i = 0; i < regions->allocation_count; i++) {
    seep_allocation *allocation = &regions->allocations[i];
    uint64_t size_bytes = allocation->end - allocation->base;
    if (allocation->type == SEEP_REGION_PRIVATE) {
      allocation->private_bytes = allocation->committed_bytes;
    } else if (allocation->private_bytes != SEEP_REGION_BYTES_UNKNOWN &&
               allocation->private_bytes > size_bytes) {
      allocation->private_bytes = size_bytes;
    }
  }
}

/* Cuts off what lies below address, where the last region ended, and what would wrap around. false: nothing
 * is left, the list does not advance. */
static bool clip(seep_region *region, uint64_t address)
{
  uint64_t end = seep_saturate_add(region->base, region->size_bytes);
  if (region->base < address) {
    region->base = address;
  }
  if (end <= region->base) {
    return false;
  }
  region->size_bytes = end - region->base;
  return true;
}

typedef struct reading {
  const seep_target *target;
  size_t maximum_regions;
  uint64_t address;     /* where the last region ended */
  uint64_t source_base; /* AllocationBase of the last one in use */
} reading;

/* One region. false: the reading is over, with *status. */
static bool read_one(seep_regions *regions, reading *at, seep_status *status, seep_error *error)
{
  seep_region region;
  *status = at->target->region(at->target->context, at->address, &region, error);
  if (*status != SEEP_OK) {
    return false;
  }
  bool is_free = region.state == SEEP_REGION_FREE;
  /* Between two regions in use there is one free one at most: so the free ones are bounded too. */
  if (!clip(&region, at->address) || (!is_free && regions->row_count >= at->maximum_regions) ||
      regions->free_regions > at->maximum_regions) {
    regions->cut = true;
    return false;
  }
  at->address = region.base + region.size_bytes;
  if (is_free) {
    regions->free_regions++;
    regions->free_bytes += region.size_bytes;
    return true;
  }
  if (!add(regions, &region, &at->source_base)) {
    *status = seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "keep the list of regions", NULL);
    return false;
  }
  return true;
}

seep_status seep_regions_read(seep_regions *regions, const seep_target *target, size_t maximum_regions,
                              seep_error *error)
{
  reading at = {target, maximum_regions < UINT32_MAX / 2 ? maximum_regions : UINT32_MAX / 2, 0, 0};
  seep_status status = SEEP_OK;
  while (at.address != UINT64_MAX && read_one(regions, &at, &status, error)) {
  }
  settle_private_bytes(regions);
  if (status == SEEP_UNSUPPORTED && at.address == 0) {
    return SEEP_OK; /* known stays false */
  }
  regions->known = true;
  if (status == SEEP_TIMED_OUT || status == SEEP_UNSUPPORTED) {
    regions->cut = true;
    status = SEEP_OK;
  }
  return status == SEEP_NOT_FOUND ? SEEP_OK : status;
}

size_t seep_regions_find(const seep_regions *regions, uint64_t address)
{
  size_t low = 0, high = regions->allocation_count; /* the first one that ends above address */
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (regions->allocations[middle].end > address) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  bool found = low < regions->allocation_count && regions->allocations[low].base <= address;
  return found ? low : SEEP_REGIONS_NONE;
}

/* The first row that ends above address; row_count when there is none. */
static size_t row_from(const seep_regions *regions, uint64_t address)
{
  size_t low = 0, high = regions->row_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (regions->rows[middle].end > address) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

size_t seep_regions_find_row(const seep_regions *regions, uint64_t address)
{
  size_t row = row_from(regions, address);
  return row < regions->row_count && regions->rows[row].base <= address ? row : SEEP_REGIONS_NONE;
}

bool seep_regions_is_heap(seep_tag tag)
{
  return tag >= SEEP_TAG_HEAP && tag <= SEEP_TAG_HEAP_UNPROVEN;
}

/* What a tag becomes on memory of this type; the type's own tag where it does not apply. */
static seep_tag tag_on(uint32_t type, seep_tag tag)
{
  if (type == SEEP_REGION_PRIVATE) {
    return tag;
  }
  return type == SEEP_REGION_MAPPED && seep_regions_is_heap(tag) ? SEEP_TAG_HEAP_MAPPED : first_tag(type);
}

static bool is_waiting(const seep_regions *regions, uint64_t base, uint64_t end)
{
  for (size_t i = 0; i < regions->waiting_count; i++) {
    if (regions->waiting[i].base < end && regions->waiting[i].end > base) {
      return true;
    }
  }
  return false;
}

bool seep_regions_tag(seep_regions *regions, uint64_t address, seep_tag tag)
{
  size_t index = seep_regions_find(regions, address);
  if (index == SEEP_REGIONS_NONE) {
    return false;
  }
  seep_allocation *allocation = &regions->allocations[index];
  seep_tag wanted = tag_on(allocation->type, tag);
  if (!allocation->tagged && wanted != (seep_tag)allocation->tag) {
    if (is_waiting(regions, allocation->base, allocation->end)) {
      seep_regions_settle(regions);
    }
    seep_regions_row *rows = regions->rows + allocation->first_row;
    for (uint32_t i = 0; i < allocation->row_count; i++) {
      rows[i].tag = rows[i].tag == allocation->tag ? (uint8_t)wanted : rows[i].tag;
    }
    allocation->tag = (uint8_t)wanted;
    allocation->tagged = true;
  }
  bool applies = wanted == tag || (wanted == SEEP_TAG_HEAP_MAPPED && seep_regions_is_heap(tag));
  return applies && (seep_tag)allocation->tag == wanted;
}

/* Only private memory is ever UNKNOWN. */
static void tag_rows(seep_regions *regions, uint64_t base, uint64_t end, seep_tag tag)
{
  for (size_t i = row_from(regions, base); i < regions->row_count && regions->rows[i].base < end; i++) {
    if (regions->rows[i].tag == SEEP_TAG_UNKNOWN) {
      regions->rows[i].tag = (uint8_t)tag;
    }
  }
}

/* An address where a row that has no tag yet must be split. */
static bool splits(const seep_regions *regions, uint64_t address)
{
  size_t row = seep_regions_find_row(regions, address);
  return row != SEEP_REGIONS_NONE && regions->rows[row].base != address &&
         regions->rows[row].tag == SEEP_TAG_UNKNOWN;
}

seep_status seep_regions_tag_range(seep_regions *regions, uint64_t base, uint64_t end, seep_tag tag)
{
  if (base >= end) {
    return SEEP_OK;
  }
  if (!is_waiting(regions, base, end) && !splits(regions, base) && !splits(regions, end)) {
    tag_rows(regions, base, end, tag);
    return SEEP_OK;
  }
  /* The room for both cuts of every range is taken now, so that working them in cannot fail. */
  if (!reserve_rows(regions, regions->row_count + 2 * (regions->waiting_count + 1))) {
    return SEEP_NO_MEMORY;
  }
  regions->waiting[regions->waiting_count++] = (seep_regions_range){base, end, (uint8_t)tag};
  if (regions->waiting_count == SEEP_REGIONS_WAITING ||
      regions->waiting_count > regions->row_count / ROWS_PER_WAITING_RANGE) {
    seep_regions_settle(regions);
  }
  return SEEP_OK;
}

static int by_address(const void *left, const void *right)
{
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

/* Moves the rows apart from the last one on, and cuts on the way; cuts are sorted, each splits a row. */
static void split_rows(seep_regions *regions, const uint64_t *cuts, size_t count)
{
  seep_regions_row *rows = regions->rows;
  size_t from = regions->row_count, to = from + count;
  regions->row_count = to;
  while (count > 0) {
    seep_regions_row row = rows[--from];
    while (count > 0 && cuts[count - 1] > row.base) {
      rows[--to] = row;
      rows[to].base = cuts[--count];
      row.end = rows[to].base;
    }
    rows[--to] = row;
  }
}

static void count_rows(seep_regions *regions)
{
  for (size_t i = 0; i < regions->allocation_count; i++) {
    regions->allocations[i].row_count = 0;
  }
  for (size_t i = 0; i < regions->row_count; i++) {
    seep_allocation *allocation = &regions->allocations[regions->rows[i].allocation];
    allocation->first_row = allocation->row_count++ == 0 ? (uint32_t)i : allocation->first_row;
  }
}

void seep_regions_settle(seep_regions *regions)
{
  uint64_t cuts[2 * SEEP_REGIONS_WAITING];
  size_t count = 0, kept = 0;
  if (regions->waiting_count == 0) {
    return;
  }
  for (size_t i = 0; i < regions->waiting_count; i++) {
    cuts[count++] = regions->waiting[i].base;
    cuts[count++] = regions->waiting[i].end;
  }
  qsort(cuts, count, sizeof *cuts, by_address);
  for (size_t i = 0; i < count; i++) {
    if ((kept == 0 || cuts[kept - 1] != cuts[i]) && splits(regions, cuts[i])) {
      cuts[kept++] = cuts[i];
    }
  }
  if (kept > 0) {
    split_rows(regions, cuts, kept);
    count_rows(regions);
  }
  for (size_t i = 0; i < regions->waiting_count; i++) {
    tag_rows(regions, regions->waiting[i].base, regions->waiting[i].end, (seep_tag)regions->waiting[i].tag);
  }
  regions->waiting_count = 0;
}

const char *seep_regions_tag_text(seep_tag tag)
{
  static const char *const texts[SEEP_TAGS] = {
      [SEEP_TAG_UNKNOWN] = "Unknown",
      [SEEP_TAG_IMAGE] = "Image",
      [SEEP_TAG_MAPPED] = "Mapped",
      [SEEP_TAG_HEAP] = "Heap",
      [SEEP_TAG_HEAP_LARGE] = "Heap block",
      [SEEP_TAG_HEAP_FRONT_END] = "Heap front end",
      [SEEP_TAG_HEAP_PAGES] = "Heap pages",
      [SEEP_TAG_HEAP_TREE] = "Heap tree",
      [SEEP_TAG_HEAP_MAPPED] = "Mapped heap",
      [SEEP_TAG_HEAP_UNPROVEN] = "Unproven heap",
      [SEEP_TAG_STACK] = "Stack",
      [SEEP_TAG_STACK_SHAPE] = "Probable stack",
      [SEEP_TAG_TEB] = "TEB",
      [SEEP_TAG_OTHER] = "Other",
      [SEEP_TAG_MANAGED] = "Managed heap",
      [SEEP_TAG_CODE] = "Code",
      [SEEP_TAG_STRANGE] = "Unclassified",
  };
  return (unsigned)tag < SEEP_TAGS ? texts[tag] : "Unclassified";
}
