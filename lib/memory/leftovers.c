/*
 * What nothing has claimed, told by address, mark, shape and protection (reference: memory-type, 4.1, 5, 6
 * and 9). None of this proves anything as a heap's own lists do; so every rule is narrow, and what fits none
 * stays UNKNOWN. It must not touch what has a tag already.
 */
#include "memory/leftovers.h"

#include <string.h>

/* Pages that Windows maps into every process as private memory: user shared data (documented), and one of the
 * hypervisor's (measured). The latter was seen at other pages near it too; those stay UNKNOWN, a page each.
 */
static const uint64_t fixed_pages[] = {UINT64_C(0x7FFE0000), UINT64_C(0x7FFE9000)};

#define MARK_NT_SEGMENT UINT32_C(0xFFEEFFEE)
#define MARK_SEGMENT_HEAP UINT32_C(0xDDEEDDEE)
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

/* The first committed bytes, where a heap's header would be; a guard page would answer to nobody. */
static const seep_regions_row *row_to_sniff(const seep_regions *regions, const seep_allocation *allocation)
{
  const seep_regions_row *rows = regions->rows + allocation->first_row;
  for (uint32_t i = 0; i < allocation->row_count; i++) {
    if (rows[i].state == SEEP_REGION_COMMIT) {
      bool whole = rows[i].end - rows[i].base >= SNIFF_BYTES;
      return whole && rows[i].tag == SEEP_TAG_UNKNOWN && is_readable(&rows[i]) ? &rows[i] : NULL;
    }
  }
  return NULL;
}

static bool is_proven(const seep_leftovers_heaps *heaps, uint64_t address)
{
  size_t low = 0, high = heaps->proven_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (heaps->proven[middle] < address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < heaps->proven_count && heaps->proven[low] == address;
}

/* UNKNOWN: no mark of this width. The mark alone proves nothing: Wine's heaps have it too, and freed memory
 * may keep it. That a heap known to be one owns it is taken as proof (as public tools do); that the mark of a
 * segment heap's header means one that no list names is inferred. */
static seep_tag sniffed(const uint8_t *bytes, unsigned pointer_bytes, const seep_leftovers_heaps *heaps)
{
  size_t mark_offset = 2 * (size_t)pointer_bytes;
  size_t owner_offset = pointer_bytes == 8 ? 0x28 : 0x18;
  uint32_t mark = seep_probe_u32(bytes, mark_offset);
  if (mark == MARK_NT_SEGMENT) {
    bool owned = is_proven(heaps, seep_probe_word(bytes, owner_offset, pointer_bytes));
    return owned ? SEEP_TAG_HEAP : SEEP_TAG_HEAP_UNPROVEN;
  }
  return mark == MARK_SEGMENT_HEAP ? SEEP_TAG_HEAP_UNPROVEN : SEEP_TAG_UNKNOWN;
}

void seep_leftovers_sniff(seep_probe *probe, seep_regions *regions, const seep_leftovers_heaps *heaps)
{
  uint8_t bytes[SNIFF_BYTES];
  for (size_t i = 0; i < regions->allocation_count && probe->ended == SEEP_OK; i++) {
    const seep_allocation *allocation = &regions->allocations[i];
    const seep_regions_row *row = is_unclaimed(allocation) ? row_to_sniff(regions, allocation) : NULL;
    if (row == NULL || !seep_probe_read(probe, row->base, bytes, sizeof bytes)) {
      continue;
    }
    seep_tag tag = sniffed(bytes, heaps->pointer_bytes, heaps);
    if (tag == SEEP_TAG_UNKNOWN && heaps->pointer_bytes == 8 && heaps->both_widths) {
      tag = sniffed(bytes, 4, heaps);
    }
    if (tag != SEEP_TAG_UNKNOWN) {
      seep_regions_tag(regions, allocation->base, tag);
    }
  }
}

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

/* The .NET garbage collector's reserve. Of 64 bits since .NET 7 one of 256 GB or more (documented; with a
 * hard limit it may be smaller, and is then not told apart); before, one of the documented sizes of a
 * segment, committed from its beginning (the latter is inferred). */
static bool has_managed_shape(const seep_regions *regions, const seep_allocation *allocation,
                              unsigned pointer_bytes)
{
  static const uint64_t segments64[] = {256 * MIB, 1 * GIB, 2 * GIB, 4 * GIB};
  static const uint64_t segments32[] = {16 * MIB, 32 * MIB, 64 * MIB};
  const uint64_t *sizes = pointer_bytes == 8 ? segments64 : segments32;
  size_t count = pointer_bytes == 8 ? sizeof segments64 / sizeof segments64[0]
                                    : sizeof segments32 / sizeof segments32[0];
  const seep_regions_row *rows = regions->rows + allocation->first_row;
  uint64_t size_bytes = allocation->end - allocation->base;
  if (allocation->committed_bytes == 0 || allocation->committed_bytes == size_bytes) {
    return false;
  }
  if (pointer_bytes == 8 && size_bytes >= 256 * GIB) {
    return true;
  }
  for (size_t i = 0; i < count; i++) {
    if (size_bytes == sizes[i]) {
      return rows[0].state == SEEP_REGION_COMMIT && rows[0].protect == SEEP_REGION_PAGE_READWRITE;
    }
  }
  return false;
}

void seep_leftovers_tag_shapes(seep_regions *regions, unsigned runtimes, unsigned pointer_bytes)
{
  for (size_t i = 0; i < regions->allocation_count; i++) {
    const seep_allocation *allocation = &regions->allocations[i];
    if (!is_unclaimed(allocation)) {
      continue;
    }
    if (has_stack_shape(regions, allocation)) {
      seep_regions_tag(regions, allocation->base, SEEP_TAG_STACK_SHAPE);
    } else if ((runtimes & SEEP_RUNTIME_DOTNET) != 0 &&
               has_managed_shape(regions, allocation, pointer_bytes)) {
      seep_regions_tag(regions, allocation->base, SEEP_TAG_MANAGED);
    } else if ((allocation->allocation_protect & SEEP_REGION_PAGE_EXECUTE_ANY) != 0) {
      seep_regions_tag(regions, allocation->base, SEEP_TAG_CODE);
    }
  }
}
