/*
 * Tells by one mark which kind of heap lies at an address, and leaves the rest to nt_heap.c or
 * segment_heap.c. Both kinds keep their mark at the same place in every version of Windows that is supported:
 * it is the layout behind it that changes. Source: reference: memory-type, 3 and 4.
 */
#include "memory/heap.h"

#include <string.h>

#include "base/saturate.h"
#include "memory/heap_private.h"

void seep_heap__incomplete(seep_heap *heap, const seep_probe *probe, const char *problem)
{
  heap->complete = false;
  if (heap->problem != NULL) {
    return;
  }
  switch (probe->ended) {
  case SEEP_LIMIT:
    heap->problem = "the budget of reads was used up";
    break;
  case SEEP_TIMED_OUT:
    heap->problem = "the deadline passed";
    break;
  case SEEP_DENIED:
    heap->problem = "its memory may not be read";
    break;
  case SEEP_GONE:
    heap->problem = "the process has ended";
    break;
  default:
    heap->problem = problem;
    break;
  }
}

uint64_t seep_heap__nodes_allowed(const seep_probe *probe, uint64_t maximum)
{
  uint64_t left = probe->maximum_reads > probe->reads ? probe->maximum_reads - probe->reads : 0;
  uint64_t allowed = left - left / 8;
  return allowed < maximum ? allowed : maximum;
}

void seep_heap__count_block(seep_heap *heap, uint64_t bytes)
{
  heap->large_blocks++;
  heap->large_block_bytes = seep_saturate_add(heap->large_block_bytes, bytes);
}

seep_heap_place seep_heap__place(seep_heap *heap, const seep_probe *probe, const seep_regions *regions,
                                 uint64_t block, size_t *index)
{
  *index = seep_regions_find(regions, block);
  if (*index == SEEP_REGIONS_NONE) {
    return SEEP_HEAP_PLACE_UNSEEN;
  }
  const seep_allocation *allocation = &regions->allocations[*index];
  seep_tag tag = (seep_tag)allocation->tag;
  if (*index == seep_regions_find(regions, heap->address)) {
    seep_heap__incomplete(heap, probe, "a large block lies inside the heap itself");
    return SEEP_HEAP_PLACE_WRONG;
  }
  if (allocation->tagged && seep_regions_is_heap(tag)) {
    return tag == SEEP_TAG_HEAP_LARGE ? SEEP_HEAP_PLACE_MET : SEEP_HEAP_PLACE_HEAP;
  }
  if (allocation->tagged || allocation->type != SEEP_REGION_PRIVATE) {
    seep_heap__incomplete(heap, probe, "a large block lies in memory that is used for something else");
    return SEEP_HEAP_PLACE_WRONG;
  }
  return SEEP_HEAP_PLACE_OPEN;
}

uint64_t seep_heap__unseen(seep_heap *heap, seep_probe *probe, const seep_regions *regions, uint64_t address)
{
  seep_region region;
  if (!regions->known) {
    return 0;
  }
  if (!seep_probe_region(probe, address, &region) || region.state != SEEP_REGION_COMMIT) {
    seep_heap__incomplete(heap, probe, "a part of it lies where no memory is");
    return 0;
  }
  return region.size_bytes - (address - region.base);
}

/* The heap's own allocation. Where the list of regions does not have it, the walkers say so. */
static void tag_own(const seep_probe *probe, seep_regions *regions, seep_heap *heap)
{
  bool tagged = seep_regions_tag(regions, heap->address, SEEP_TAG_HEAP);
  size_t index = seep_regions_find(regions, heap->address);
  if (!tagged && index != SEEP_REGIONS_NONE &&
      !seep_regions_is_heap((seep_tag)regions->allocations[index].tag)) {
    seep_heap__incomplete(heap, probe, "it lies in memory that is used for something else");
  }
}

static bool read_head(seep_probe *probe, const seep_heap *heap, uint8_t *head)
{
  uint64_t last = heap->pointer_bytes == 4 ? UINT32_MAX : UINT64_MAX;
  return heap->address <= last - (SEEP_HEAP_HEAD_BYTES - 1) &&
         seep_probe_read(probe, heap->address, head, SEEP_HEAP_HEAD_BYTES);
}

void seep_heap_walk(seep_probe *probe, seep_regions *regions, uint64_t address, unsigned pointer_bytes,
                    bool listed, seep_heap *out)
{
  uint8_t head[SEEP_HEAP_HEAD_BYTES];
  memset(out, 0, sizeof *out);
  out->address = address;
  out->pointer_bytes = pointer_bytes;
  out->listed = listed;
  out->layout = "";
  out->complete = true;
  tag_own(probe, regions, out);
  if (!read_head(probe, out, head)) {
    seep_heap__incomplete(out, probe, "its first page could not be read");
    return;
  }
  uint32_t mark = seep_probe_u32(head, (size_t)2 * pointer_bytes);
  if (mark == SEEP_HEAP_MARK_NT && !seep_heap__walk_nt(probe, regions, head, out)) {
    out->form = SEEP_HEAP_SIGNATURE_ONLY;
    seep_heap__incomplete(out, probe, "it has the mark of a heap's segment, and nothing else of a heap");
  } else if (mark == SEEP_HEAP_MARK_SEGMENT && !seep_heap__walk_segment(probe, regions, head, out)) {
    out->form = SEEP_HEAP_SEGMENT;
    seep_heap__incomplete(out, probe, "it is a segment heap of an unknown layout");
  } else if (mark != SEEP_HEAP_MARK_NT && mark != SEEP_HEAP_MARK_SEGMENT) {
    out->form = SEEP_HEAP_STRANGE;
    seep_heap__incomplete(out, probe, "its first page has no mark of a heap");
  }
}

const char *seep_heap_form_text(seep_heap_form form)
{
  static const char *const texts[] = {
      [SEEP_HEAP_UNREADABLE] = "unreadable",         [SEEP_HEAP_STRANGE] = "not recognised",
      [SEEP_HEAP_SIGNATURE_ONLY] = "signature only", [SEEP_HEAP_NT] = "NT heap",
      [SEEP_HEAP_SEGMENT] = "segment heap",
  };
  return (unsigned)form < sizeof texts / sizeof *texts ? texts[form] : "not recognised";
}
