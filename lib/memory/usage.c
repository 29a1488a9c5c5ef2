/*
 * The sums over one process's tagged regions, and how tags fall into the rows of the two tables people know.
 * It must not know where a region comes from, nor how it got its tag. Bytes are summed by region, as a part
 * of an allocation may have a tag of its own; such an allocation is counted once for each of its tags.
 */
#include "memory/usage.h"

#include <string.h>

#include "base/saturate.h"

/* Windows has eleven protections and three modifiers; a hostile list may have more than fit. */
#define PROTECTS_KEPT 64u

_Static_assert(SEEP_TAGS <= 32, "a bit for each tag");

typedef struct protects {
  struct {
    uint32_t protect;
    uint64_t regions, bytes;
  } kept[PROTECTS_KEPT];
  size_t count;
  uint64_t other_regions, other_bytes;
} protects;

static void add_to(uint64_t *sum, uint64_t bytes)
{
  *sum = seep_saturate_add(*sum, bytes);
}

static seep_usage_sum *sum_of_type(seep_usage *usage, uint32_t type)
{
  switch (type) {
  case SEEP_REGION_PRIVATE:
    return &usage->types[0];
  case SEEP_REGION_MAPPED:
    return &usage->types[1];
  case SEEP_REGION_IMAGE:
    return &usage->types[2];
  default:
    return NULL; /* STRANGE alone has it */
  }
}

static void add_protect(protects *all, uint32_t protect, uint64_t bytes)
{
  size_t i = 0;
  while (i < all->count && all->kept[i].protect != protect) {
    i++;
  }
  if (i == PROTECTS_KEPT) {
    all->other_regions++;
    add_to(&all->other_bytes, bytes);
    return;
  }
  if (i == all->count) {
    all->count++;
    all->kept[i].protect = protect;
  }
  all->kept[i].regions++;
  add_to(&all->kept[i].bytes, bytes);
}

static void add_region(seep_usage_sum *sum, uint64_t bytes, bool committed)
{
  if (sum == NULL) {
    return;
  }
  sum->regions++;
  add_to(&sum->total_bytes, bytes);
  if (committed) {
    add_to(&sum->committed_bytes, bytes);
  }
}

static void add_row(seep_usage *usage, protects *all, const seep_regions_row *row, uint32_t type)
{
  uint64_t bytes = row->end - row->base;
  bool committed = row->state == SEEP_REGION_COMMIT;
  if (!committed && row->state != SEEP_REGION_RESERVE) {
    /* Nobody knows whether such bytes exist: a region without bytes. */
    usage->tags[row->tag].regions++;
    return;
  }
  add_region(&usage->tags[row->tag], bytes, committed);
  add_region(sum_of_type(usage, type), bytes, committed);
  add_region(committed ? &usage->commit : &usage->reserve, bytes, committed);
  if (committed) {
    add_protect(all, row->protect, bytes);
  }
  if (bytes > usage->largest[row->tag].bytes) {
    usage->largest[row->tag].base = row->base;
    usage->largest[row->tag].bytes = bytes;
  }
}

static void add_private_bytes(seep_usage_sum *sum, uint64_t bytes)
{
  if (sum == NULL) {
    return;
  }
  if (bytes == SEEP_REGION_BYTES_UNKNOWN) {
    sum->private_bytes_unknown = true;
  } else {
    add_to(&sum->private_bytes, bytes);
  }
}

/* seen has a bit for each tag in this allocation, committed what is committed with it. */
static void add_allocation(seep_usage *usage, const seep_allocation *allocation, uint32_t seen,
                           const uint64_t *committed)
{
  bool is_private = allocation->type == SEEP_REGION_PRIVATE;
  seep_usage_sum *type = sum_of_type(usage, allocation->type);
  if (type != NULL) {
    type->allocations++;
  }
  add_private_bytes(type, allocation->private_bytes);
  for (unsigned tag = 0; seen >> tag != 0; tag++) {
    if ((seen >> tag & 1) == 0) {
      continue;
    }
    usage->tags[tag].allocations++;
    if (is_private) {
      add_private_bytes(&usage->tags[tag], committed[tag]);
    }
    if (is_private && committed[tag] > 0) {
      usage->sizes[tag][seep_usage_size_class(committed[tag])]++;
    }
  }
  if (!is_private) { /* its private pages may lie anywhere in it */
    add_private_bytes(&usage->tags[allocation->tag], allocation->private_bytes);
  }
}

static size_t largest_protect(const protects *all)
{
  size_t best = 0;
  for (size_t i = 1; i < all->count; i++) {
    best = all->kept[i].bytes > all->kept[best].bytes ? i : best;
  }
  return best;
}

static void rank_protects(seep_usage *usage, protects *all)
{
  while (all->count > 0) {
    size_t best = largest_protect(all);
    bool collects = usage->protect_count == SEEP_USAGE_PROTECTS;
    size_t to = collects ? SEEP_USAGE_PROTECTS - 1 : usage->protect_count++;
    usage->protects_collected = usage->protects_collected || collects;
    if (!collects) {
      usage->protects[to].protect = all->kept[best].protect;
    }
    usage->protects[to].regions += all->kept[best].regions;
    add_to(&usage->protects[to].bytes, all->kept[best].bytes);
    all->kept[best] = all->kept[--all->count];
  }
  if (all->other_regions > 0) { /* then all places are taken */
    usage->protects_collected = true;
    usage->protects[SEEP_USAGE_PROTECTS - 1].regions += all->other_regions;
    add_to(&usage->protects[SEEP_USAGE_PROTECTS - 1].bytes, all->other_bytes);
  }
}

void seep_usage_sum_up(seep_usage *usage, const seep_regions *regions)
{
  protects all;
  memset(usage, 0, sizeof *usage);
  memset(&all, 0, sizeof all);
  usage->free_regions = regions->free_regions;
  usage->free_bytes = regions->free_bytes;
  for (size_t i = 0; i < regions->allocation_count; i++) {
    const seep_allocation *allocation = &regions->allocations[i];
    const seep_regions_row *rows = regions->rows + allocation->first_row;
    uint64_t committed[SEEP_TAGS] = {0};
    uint32_t seen = 0;
    for (uint32_t row = 0; row < allocation->row_count; row++) {
      unsigned tag = rows[row].tag;
      add_row(usage, &all, &rows[row], allocation->type);
      seen |= UINT32_C(1) << tag;
      committed[tag] += rows[row].state == SEEP_REGION_COMMIT ? rows[row].end - rows[row].base : 0;
    }
    add_allocation(usage, allocation, seen, committed);
  }
  rank_protects(usage, &all);
}

static void add_sum(seep_usage_sum *out, const seep_usage_sum *sum)
{
  add_to(&out->allocations, sum->allocations);
  add_to(&out->regions, sum->regions);
  add_to(&out->total_bytes, sum->total_bytes);
  add_to(&out->committed_bytes, sum->committed_bytes);
  add_to(&out->private_bytes, sum->private_bytes);
  out->private_bytes_unknown = out->private_bytes_unknown || sum->private_bytes_unknown;
}

const char *seep_usage_row_text(seep_usage_row row)
{
  static const char *const texts[SEEP_USAGE_ROWS] = {
      [SEEP_USAGE_ROW_IMAGE] = "Image",
      [SEEP_USAGE_ROW_MAPPED] = "Mapped File + Shareable",
      [SEEP_USAGE_ROW_HEAP] = "Heap",
      [SEEP_USAGE_ROW_UNPROVEN] = "Heap (unproven)",
      [SEEP_USAGE_ROW_MANAGED] = "Managed Heap",
      [SEEP_USAGE_ROW_STACK] = "Stack",
      [SEEP_USAGE_ROW_PRIVATE] = "Private Data",
      [SEEP_USAGE_ROW_STRANGE] = "Unclassified",
  };
  return (unsigned)row < SEEP_USAGE_ROWS ? texts[row] : "Unclassified";
}

seep_usage_row seep_usage_row_of(seep_tag tag)
{
  switch (tag) {
  case SEEP_TAG_IMAGE:
    return SEEP_USAGE_ROW_IMAGE;
  case SEEP_TAG_MAPPED:
  case SEEP_TAG_HEAP_MAPPED:
    return SEEP_USAGE_ROW_MAPPED;
  case SEEP_TAG_HEAP:
  case SEEP_TAG_HEAP_LARGE:
  case SEEP_TAG_HEAP_FRONT_END:
  case SEEP_TAG_HEAP_PAGES:
  case SEEP_TAG_HEAP_TREE:
    return SEEP_USAGE_ROW_HEAP;
  case SEEP_TAG_HEAP_UNPROVEN:
    return SEEP_USAGE_ROW_UNPROVEN;
  case SEEP_TAG_STACK:
  case SEEP_TAG_STACK_SHAPE:
    return SEEP_USAGE_ROW_STACK;
  case SEEP_TAG_MANAGED:
    return SEEP_USAGE_ROW_MANAGED;
  case SEEP_TAG_UNKNOWN:
  case SEEP_TAG_TEB:
  case SEEP_TAG_OTHER:
  case SEEP_TAG_CODE:
    return SEEP_USAGE_ROW_PRIVATE;
  case SEEP_TAG_STRANGE:
  case SEEP_TAGS:
  default:
    return SEEP_USAGE_ROW_STRANGE;
  }
}

void seep_usage_row_sum(const seep_usage *usage, seep_usage_row row, seep_usage_sum *out)
{
  memset(out, 0, sizeof *out);
  for (int tag = 0; tag < SEEP_TAGS; tag++) {
    if (seep_usage_row_of((seep_tag)tag) == row) {
      add_sum(out, &usage->tags[tag]);
    }
  }
}

const char *seep_usage_address_text(seep_usage_address row)
{
  static const char *const texts[SEEP_USAGE_ADDRESS_ROWS] = {
      [SEEP_USAGE_ADDRESS_UNKNOWN] = "<unknown>",   [SEEP_USAGE_ADDRESS_IMAGE] = "Image",
      [SEEP_USAGE_ADDRESS_MAPPED] = "Mapped",       [SEEP_USAGE_ADDRESS_HEAP] = "Heap",
      [SEEP_USAGE_ADDRESS_HEAP_UNPROVEN] = "Heap?", [SEEP_USAGE_ADDRESS_STACK] = "Stack",
      [SEEP_USAGE_ADDRESS_STACK_SHAPE] = "Stack?",  [SEEP_USAGE_ADDRESS_TEB] = "TEB",
      [SEEP_USAGE_ADDRESS_OTHER] = "Other",
  };
  return (unsigned)row < SEEP_USAGE_ADDRESS_ROWS ? texts[row] : "Other";
}

seep_usage_address seep_usage_address_of(seep_tag tag)
{
  switch (tag) {
  case SEEP_TAG_UNKNOWN:
  case SEEP_TAG_MANAGED:
  case SEEP_TAG_CODE:
    return SEEP_USAGE_ADDRESS_UNKNOWN;
  case SEEP_TAG_IMAGE:
    return SEEP_USAGE_ADDRESS_IMAGE;
  case SEEP_TAG_MAPPED:
    return SEEP_USAGE_ADDRESS_MAPPED;
  case SEEP_TAG_HEAP:
  case SEEP_TAG_HEAP_LARGE:
  case SEEP_TAG_HEAP_FRONT_END:
  case SEEP_TAG_HEAP_PAGES:
  case SEEP_TAG_HEAP_TREE:
  case SEEP_TAG_HEAP_MAPPED:
    return SEEP_USAGE_ADDRESS_HEAP;
  case SEEP_TAG_HEAP_UNPROVEN:
    return SEEP_USAGE_ADDRESS_HEAP_UNPROVEN;
  case SEEP_TAG_STACK:
    return SEEP_USAGE_ADDRESS_STACK;
  case SEEP_TAG_STACK_SHAPE:
    return SEEP_USAGE_ADDRESS_STACK_SHAPE;
  case SEEP_TAG_TEB:
    return SEEP_USAGE_ADDRESS_TEB;
  case SEEP_TAG_OTHER:
  case SEEP_TAG_STRANGE: /* <unknown> is for private memory, which nobody can say of this one */
  case SEEP_TAGS:
  default:
    return SEEP_USAGE_ADDRESS_OTHER;
  }
}

void seep_usage_address_sum(const seep_usage *usage, seep_usage_address row, seep_usage_sum *out)
{
  memset(out, 0, sizeof *out);
  for (int tag = 0; tag < SEEP_TAGS; tag++) {
    if (seep_usage_address_of((seep_tag)tag) == row) {
      add_sum(out, &usage->tags[tag]);
    }
  }
}

void seep_usage_address_largest(const seep_usage *usage, seep_usage_address row, uint64_t *base,
                                uint64_t *bytes)
{
  *base = 0;
  *bytes = 0;
  for (int tag = 0; tag < SEEP_TAGS; tag++) {
    if (seep_usage_address_of((seep_tag)tag) == row && usage->largest[tag].bytes > *bytes) {
      *base = usage->largest[tag].base;
      *bytes = usage->largest[tag].bytes;
    }
  }
}

unsigned seep_usage_size_class(uint64_t committed_bytes)
{
  unsigned size_class = 0;
  while (size_class + 1 < SEEP_USAGE_SIZES && committed_bytes > (SEEP_REGION_PAGE_BYTES << size_class)) {
    size_class++;
  }
  return size_class;
}

uint64_t seep_usage_size_end(unsigned size_class)
{
  return size_class + 1 < SEEP_USAGE_SIZES ? SEEP_REGION_PAGE_BYTES << size_class : UINT64_MAX;
}
