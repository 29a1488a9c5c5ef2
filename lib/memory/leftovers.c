/*
 * What nothing has claimed, told by address, mark, shape and protection (reference: memory-type, 4.1, 5, 6
 * and 9). None of this proves anything as a heap's own lists do; so every rule is narrow, and what fits none
 * stays UNKNOWN. It must not touch what has a tag already.
 */
#include "memory/leftovers.h"

#include "base/saturate.h"
#include "memory/heap.h"

/* Pages that Windows maps into every process as private memory: user shared data (documented), and one of the
 * hypervisor's (measured). The latter was seen at other pages near it too; those stay UNKNOWN, a page each.
 */
static const uint64_t fixed_pages[] = {UINT64_C(0x7FFE0000), UINT64_C(0x7FFE9000)};

#define SNIFF_BYTES 0x40u

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

/* Guard pages of a stack: 3 on x64, 1 of 32 bits, by the dumps; a program may ask for more
 * (SetThreadStackGuarantee), how many is a guess. */
#define GUARD_PAGES 16u

static bool is_unclaimed(const seep_allocation *allocation)
{
  return allocation->type == SEEP_REGION_PRIVATE && !allocation->tagged &&
         allocation->tag == SEEP_TAG_UNKNOWN;
}

void seep_leftovers_tag_fixed(seep_regions *regions)
{
  for (size_t i = 0; i < sizeof fixed_pages / sizeof fixed_pages[0]; i++) {
    size_t index = seep_regions_find(regions, fixed_pages[i]);
    if (index != SEEP_REGIONS_NONE && regions->allocations[index].base == fixed_pages[i] &&
        is_unclaimed(&regions->allocations[index])) {
      seep_regions_tag(regions, fixed_pages[i], SEEP_TAG_OTHER);
    }
  }
}

static bool is_readable(const seep_regions_row *row)
{
  return row->state == SEEP_REGION_COMMIT &&
         (row->protect & (SEEP_REGION_PAGE_GUARD | SEEP_REGION_PAGE_NOACCESS)) == 0;
}

static const seep_regions_row *first_committed_row(const seep_regions *regions,
                                                   const seep_allocation *allocation)
{
  const seep_regions_row *rows = regions->rows + allocation->first_row;
  for (uint32_t i = 0; i < allocation->row_count; i++) {
    if (rows[i].state == SEEP_REGION_COMMIT) {
      return &rows[i];
    }
  }
  return NULL;
}

/* ---- the largest of the unclaimed ---- */

/* Sizes, the least of those kept on top of a binary heap. */
typedef struct largest {
  uint64_t bytes[SEEP_LEFTOVERS_LOOKS];
  size_t count, wanted;
} largest;

static void sink(largest *kept, uint64_t bytes)
{
  size_t place = 0;
  for (size_t child = 1; child < kept->count; child = 2 * place + 1) {
    if (child + 1 < kept->count && kept->bytes[child + 1] < kept->bytes[child]) {
      child++;
    }
    if (kept->bytes[child] >= bytes) {
      break;
    }
    kept->bytes[place] = kept->bytes[child];
    place = child;
  }
  kept->bytes[place] = bytes;
}

static void keep(largest *kept, uint64_t bytes)
{
  if (kept->count < kept->wanted) {
    size_t place = kept->count++;
    for (; place > 0 && kept->bytes[(place - 1) / 2] > bytes; place = (place - 1) / 2) {
      kept->bytes[place] = kept->bytes[(place - 1) / 2];
    }
    kept->bytes[place] = bytes;
  } else if (kept->count > 0 && bytes > kept->bytes[0]) {
    sink(kept, bytes);
  }
}

/* Which allocations are among the largest, so that they can be gone through in order of address: those of
 * more than `least`, and the first `ties` of just so much. */
typedef struct choice {
  uint64_t least;
  size_t ties;
} choice;

/* Something committed, and unclaimed where it begins. */
static const seep_regions_row *candidate(const seep_regions *regions, const seep_allocation *allocation)
{
  const seep_regions_row *row = is_unclaimed(allocation) ? first_committed_row(regions, allocation) : NULL;
  return row != NULL && row->tag == SEEP_TAG_UNKNOWN ? row : NULL;
}

static choice choose(const seep_regions *regions, size_t wanted)
{
  largest kept = {.wanted = wanted < SEEP_LEFTOVERS_LOOKS ? wanted : SEEP_LEFTOVERS_LOOKS};
  for (size_t i = 0; i < regions->allocation_count; i++) {
    if (candidate(regions, &regions->allocations[i]) != NULL) {
      keep(&kept, regions->allocations[i].committed_bytes);
    }
  }
  choice chosen = {kept.count > 0 ? kept.bytes[0] : UINT64_MAX, 0};
  for (size_t i = 0; i < kept.count; i++) {
    chosen.ties += kept.bytes[i] == chosen.least ? 1 : 0;
  }
  return chosen;
}

static bool is_chosen(choice *chosen, const seep_allocation *allocation)
{
  if (allocation->committed_bytes == chosen->least && chosen->ties > 0) {
    chosen->ties--;
    return true;
  }
  return allocation->committed_bytes > chosen->least;
}

/* ---- marks ---- */

static bool is_proven(const seep_leftovers_heaps *heaps, uint64_t address)
{
  for (size_t i = 0; i < heaps->proven_count; i++) {
    if (heaps->proven[i] == address) {
      return true;
    }
  }
  return false;
}

/* UNKNOWN: no mark of this width. The mark alone proves nothing: Wine's heaps have it too, and freed memory
 * may keep it. That a heap known to be one owns it is taken as proof (as public tools do); that the mark of a
 * segment heap's header means one that no list names is inferred. */
static seep_tag sniffed(const uint8_t *bytes, unsigned pointer_bytes, const seep_leftovers_heaps *heaps)
{
  size_t mark_offset = 2 * (size_t)pointer_bytes;
  size_t owner_offset = pointer_bytes == 8 ? 0x28 : 0x18;
  uint32_t mark = seep_probe_u32(bytes, mark_offset);
  if (mark == SEEP_HEAP_MARK_NT) {
    bool owned = is_proven(heaps, seep_probe_word(bytes, owner_offset, pointer_bytes));
    return owned ? SEEP_TAG_HEAP : SEEP_TAG_HEAP_UNPROVEN;
  }
  return mark == SEEP_HEAP_MARK_SEGMENT ? SEEP_TAG_HEAP_UNPROVEN : SEEP_TAG_UNKNOWN;
}

/* The mark in the first committed bytes, where a heap's header would be; a guard page would answer to nobody.
 */
static seep_tag sniff_at(seep_probe *probe, const seep_regions_row *row, const seep_leftovers_heaps *heaps)
{
  uint8_t bytes[SNIFF_BYTES];
  if (!is_readable(row) || row->end - row->base < SNIFF_BYTES ||
      !seep_probe_read(probe, row->base, bytes, sizeof bytes)) {
    return SEEP_TAG_UNKNOWN;
  }
  seep_tag tag = sniffed(bytes, heaps->pointer_bytes, heaps);
  if (tag == SEEP_TAG_UNKNOWN && heaps->pointer_bytes == 8 && heaps->both_widths) {
    tag = sniffed(bytes, 4, heaps);
  }
  return tag;
}

void seep_leftovers_sniff(seep_probe *probe, seep_regions *regions, const seep_leftovers_heaps *heaps)
{
  uint64_t left = probe->maximum_reads > probe->reads ? probe->maximum_reads - probe->reads : 0;
  choice chosen = choose(regions, left < SEEP_LEFTOVERS_LOOKS ? (size_t)left : SEEP_LEFTOVERS_LOOKS);
  for (size_t i = 0; i < regions->allocation_count && probe->ended == SEEP_OK; i++) {
    const seep_allocation *allocation = &regions->allocations[i];
    const seep_regions_row *row = candidate(regions, allocation);
    seep_tag tag =
        row != NULL && is_chosen(&chosen, allocation) ? sniff_at(probe, row, heaps) : SEEP_TAG_UNKNOWN;
    if (tag != SEEP_TAG_UNKNOWN) {
      seep_regions_tag(regions, allocation->base, tag);
    }
  }
}

/* ---- shapes ---- */

/* Reserve, then a few guard pages, then committed memory of the same protection up to the end (measured on
 * Windows 7 to 11). A shadow stack is the same in read-only memory and has one reserved page behind (measured
 * on one Windows 11 dump). Heaps guard with PAGE_NOACCESS, and a guard page elsewhere is no stack's. */
static bool has_stack_shape(const seep_regions *regions, const seep_allocation *allocation)
{
  const seep_regions_row *rows = regions->rows + allocation->first_row;
  uint32_t last = allocation->row_count;
  bool shadow = allocation->allocation_protect == SEEP_REGION_PAGE_READONLY;
  if (shadow && last == 4 && rows[3].state == SEEP_REGION_RESERVE &&
      rows[3].end - rows[3].base == SEEP_REGION_PAGE_BYTES) {
    last--;
  }
  if (last != 3 || (!shadow && allocation->allocation_protect != SEEP_REGION_PAGE_READWRITE)) {
    return false;
  }
  return rows[0].state == SEEP_REGION_RESERVE && rows[1].state == SEEP_REGION_COMMIT &&
         rows[1].protect == (allocation->allocation_protect | SEEP_REGION_PAGE_GUARD) &&
         rows[1].end - rows[1].base <= GUARD_PAGES * SEEP_REGION_PAGE_BYTES &&
         rows[2].state == SEEP_REGION_COMMIT && rows[2].protect == allocation->allocation_protect;
}

/* The documented sizes of a segment of the .NET garbage collector before .NET 7. */
#define SEGMENT_SIZES 4u

static const uint64_t segments64[SEGMENT_SIZES] = {256 * MIB, 1 * GIB, 2 * GIB, 4 * GIB};
static const uint64_t segments32[SEGMENT_SIZES] = {16 * MIB, 32 * MIB, 64 * MIB}; /* nothing has 0 bytes */

/* Which of the sizes it has, committed from its beginning on (the latter is inferred); SEGMENT_SIZES: none.
 */
static unsigned segment_size(const seep_regions *regions, const seep_allocation *allocation,
                             unsigned pointer_bytes)
{
  const uint64_t *sizes = pointer_bytes == 8 ? segments64 : segments32;
  const seep_regions_row *first = regions->rows + allocation->first_row;
  unsigned size = 0;
  while (size < SEGMENT_SIZES && allocation->end - allocation->base != sizes[size]) {
    size++;
  }
  return first->state == SEEP_REGION_COMMIT && first->protect == SEEP_REGION_PAGE_READWRITE ? size
                                                                                            : SEGMENT_SIZES;
}

static bool is_full(const seep_allocation *allocation)
{
  return allocation->committed_bytes == allocation->end - allocation->base;
}

/* Notes the sizes of which there is a segment that still has a reserve. */
static void note_segments(const seep_regions *regions, unsigned pointer_bytes, bool *noted)
{
  for (size_t i = 0; i < regions->allocation_count; i++) {
    const seep_allocation *allocation = &regions->allocations[i];
    if (is_unclaimed(allocation) && !is_full(allocation)) {
      noted[segment_size(regions, allocation, pointer_bytes)] = true;
    }
  }
}

/* The .NET garbage collector's reserve. Of 64 bits since .NET 7 one of 256 GB or more (documented; with a
 * hard limit it may be smaller, and is then not told apart); before, one or more segments. One that is
 * committed to its end looks like a block of the program's: it is a segment when another one of that size
 * still has a reserve, as the one has that objects are made in (inferred). */
static bool has_managed_shape(const seep_regions *regions, const seep_allocation *allocation,
                              unsigned pointer_bytes, const bool *noted)
{
  if (is_full(allocation)) {
    unsigned size = segment_size(regions, allocation, pointer_bytes);
    return size < SEGMENT_SIZES && noted[size];
  }
  bool region = pointer_bytes == 8 && allocation->end - allocation->base >= 256 * GIB;
  return allocation->committed_bytes > 0 &&
         (region || segment_size(regions, allocation, pointer_bytes) < SEGMENT_SIZES);
}

void seep_leftovers_tag_shapes(seep_regions *regions, unsigned runtimes, unsigned pointer_bytes)
{
  const bool dotnet = (runtimes & SEEP_RUNTIME_DOTNET) != 0;
  bool noted[SEGMENT_SIZES + 1] = {false}; /* the last one: of no such size */
  if (dotnet) {
    note_segments(regions, pointer_bytes, noted);
  }
  for (size_t i = 0; i < regions->allocation_count; i++) {
    const seep_allocation *allocation = &regions->allocations[i];
    if (!is_unclaimed(allocation)) {
      continue;
    }
    if (has_stack_shape(regions, allocation)) {
      seep_regions_tag(regions, allocation->base, SEEP_TAG_STACK_SHAPE);
    } else if (dotnet && has_managed_shape(regions, allocation, pointer_bytes, noted)) {
      seep_regions_tag(regions, allocation->base, SEEP_TAG_MANAGED);
    } else if ((allocation->allocation_protect & SEEP_REGION_PAGE_EXECUTE_ANY) != 0) {
      seep_regions_tag(regions, allocation->base, SEEP_TAG_CODE);
    }
  }
}

/* ---- a second look ---- */

/* Is what begins at this row still committed? A failure is an answer too: nobody can say that it is. */
static bool is_there(const seep_target *target, const seep_regions_row *row)
{
  seep_region region;
  return target->region(target->context, row->base, &region, NULL) == SEEP_OK && region.base <= row->base &&
         region.state == SEEP_REGION_COMMIT;
}

uint64_t seep_leftovers_gone_bytes(const seep_target *target, const seep_regions *regions,
                                   uint64_t *left_bytes)
{
  choice chosen = choose(regions, SEEP_LEFTOVERS_LOOKS);
  uint64_t gone_bytes = 0;
  *left_bytes = 0;
  for (size_t i = 0; i < regions->allocation_count; i++) {
    const seep_allocation *allocation = &regions->allocations[i];
    const seep_regions_row *row = candidate(regions, allocation);
    if (row == NULL) {
      continue;
    }
    *left_bytes = seep_saturate_add(*left_bytes, allocation->committed_bytes);
    if (is_chosen(&chosen, allocation) && !is_there(target, row)) {
      gone_bytes = seep_saturate_add(gone_bytes, allocation->committed_bytes);
    }
  }
  return gone_bytes;
}
