/*
 * The NT heap: segments, large blocks, the low fragmentation heap and the counters. Everything read here is
 * stored plainly; what Windows encodes (the blocks inside a segment) is not needed. Which layout it is, the
 * heap tells itself: by where its second mark lies, and by counters and a front end that agree with what was
 * walked. Source: reference: memory-type, 3; [C] seen in public type dumps, [M] measured on real memory,
 * [I] inferred.
 */
#include "memory/heap_private.h"

#include "base/saturate.h"
#include "memory/heap_list.h"

#define MARK_HEAP UINT32_C(0xEEFFEEFF)
#define FRONT_END_LOW_FRAGMENTATION 2u

typedef struct nt_layout {
  const char *name;
  unsigned pointer_bytes;
  uint16_t mark;         /* Signature */
  uint16_t large_list;   /* VirtualAllocdBlocks */
  uint16_t segment_list; /* SegmentList */
  uint16_t front_end[2]; /* FrontEndHeap; its type byte lies pointer_bytes + 2 behind. Candidates; 0: none */
  uint16_t counters[2];  /* TotalMemoryReserved, -Committed, -LargeUCR, TotalSizeInVirtualBlocks; the same */
} nt_layout;

static const nt_layout layouts[] = {
    /* [C] several type dumps of 8 to 11. The second candidates: one dump of 8.x without CommitLimitData.
     * Server 2016 (14393) is not verified behind SegmentList. */
    {"Windows 8 and later", 8, 0x98, 0x110, 0x120, {0x198, 0x170}, {0x238, 0x210}},
    /* [C] the same sources; no 32-bit dump of the short variant was seen. */
    {"Windows 8 and later", 4, 0x60, 0x9C, 0xA4, {0xE4, 0}, {0x1F4, 0}},
    /* [M] on real headers: owner, pages, lists, counters. The front end is [C]. */
    {"Windows 7", 8, 0xA0, 0x118, 0x128, {0x178, 0}, {0x188, 0}},
    /* [M] the same; the front end is [I]. */
    {"Windows 7", 4, 0x64, 0xA0, 0xA8, {0xD4, 0}, {0xDC, 0}},
};

/* What all versions have in common: _HEAP_SEGMENT, with which a heap begins, and _HEAP_VIRTUAL_ALLOC_ENTRY.
 * [M] for the segment, [C] for the entry. */
typedef struct nt_common {
  uint16_t mark, entry, owner, pages, uncommitted_pages, segment_bytes, flags;
  uint16_t commit, reserve, block_bytes;
} nt_common;

static const nt_common common_64 = {0x10, 0x18, 0x28, 0x38, 0x50, 0x54, 0x70, 0x20, 0x28, 0x30};
static const nt_common common_32 = {0x08, 0x10, 0x18, 0x20, 0x2C, 0x30, 0x40, 0x10, 0x14, 0x18};

#define NODE_BYTES 0x54u /* the largest of segment_bytes and block_bytes */

typedef struct nt_walk {
  seep_probe *probe;
  seep_regions *regions;
  const uint8_t *head;
  seep_heap *heap;
  const nt_layout *layout;
  const nt_common *common;
  bool own_seen;         /* the first segment is in the list */
  bool segments_whole;   /* the list of segments was read to its end */
  bool by_regions_known; /* every segment is an allocation of its own in the list of regions */
  uint64_t by_regions_reserved_bytes, by_regions_committed_bytes;
  bool by_pages_known; /* every segment's own counts make sense */
  uint64_t by_pages_reserved_bytes, by_pages_committed_bytes;
} nt_walk;

static uint64_t word(const nt_walk *walk, const uint8_t *bytes, size_t offset)
{
  return seep_probe_word(bytes, offset, walk->heap->pointer_bytes);
}

static void incomplete(const nt_walk *walk, const char *problem)
{
  seep_heap__incomplete(walk->heap, walk->probe, problem);
}

/* A segment or block that is in no region. */
static void count_unseen(const nt_walk *walk, uint64_t address, uint64_t committed_bytes)
{
  if (walk->regions->known) {
    seep_heap__unseen(walk->heap, walk->probe, walk->regions, address);
    walk->heap->unseen_bytes = seep_saturate_add(walk->heap->unseen_bytes, committed_bytes);
  }
}

static seep_heap_list list_at(const nt_walk *walk, uint16_t offset)
{
  seep_heap_list list = {
      .probe = walk->probe, .head = walk->heap->address + offset, .pointer_bytes = walk->heap->pointer_bytes};
  return list;
}

static void start(const nt_walk *walk, seep_heap_list *list, uint16_t offset)
{
  seep_heap_list_init(list, word(walk, walk->head, offset),
                      word(walk, walk->head, (size_t)offset + walk->heap->pointer_bytes));
}

/* ---- segments ---- */

typedef struct segment_size {
  uint64_t reserved_bytes, committed_bytes;
} segment_size;

/* As the segment itself says; it is added to the sums. */
static segment_size size_of(nt_walk *walk, const uint8_t *bytes)
{
  uint32_t pages = seep_probe_u32(bytes, walk->common->pages);
  uint32_t uncommitted = seep_probe_u32(bytes, walk->common->uncommitted_pages);
  uint64_t committed = uncommitted <= pages ? pages - uncommitted : 0;
  segment_size size = {pages * SEEP_REGION_PAGE_BYTES, committed * SEEP_REGION_PAGE_BYTES};
  walk->by_pages_known = walk->by_pages_known && pages > 0 && uncommitted <= pages;
  walk->by_pages_reserved_bytes += size.reserved_bytes;
  walk->by_pages_committed_bytes += size.committed_bytes;
  return size;
}

static void claim_segment(nt_walk *walk, uint64_t segment, segment_size size)
{
  size_t index = seep_regions_find(walk->regions, segment);
  if (index == SEEP_REGIONS_NONE) {
    walk->by_regions_known = false;
    count_unseen(walk, segment, size.committed_bytes);
    return;
  }
  const seep_allocation *allocation = &walk->regions->allocations[index];
  walk->by_regions_known = walk->by_regions_known && segment == allocation->base;
  walk->by_regions_reserved_bytes += allocation->end - allocation->base;
  walk->by_regions_committed_bytes += allocation->committed_bytes;
  if (!seep_regions_tag(walk->regions, segment, SEEP_TAG_HEAP) &&
      !seep_regions_is_heap((seep_tag)allocation->tag)) {
    incomplete(walk, "a segment lies in memory that is used for something else");
  } else if (size.reserved_bytes > allocation->end - segment) {
    incomplete(walk, "a segment says it is larger than its memory");
  }
}

static bool is_segment(const nt_walk *walk, uint64_t segment, const uint8_t *bytes)
{
  return segment % SEEP_REGION_PAGE_BYTES == 0 &&
         seep_probe_u32(bytes, walk->common->mark) == SEEP_HEAP_MARK_NT &&
         word(walk, bytes, walk->common->owner) == walk->heap->address;
}

static void walk_segments(nt_walk *walk)
{
  uint8_t bytes[NODE_BYTES];
  seep_heap_list list = list_at(walk, walk->layout->segment_list);
  list.lead_bytes = walk->common->entry;
  list.node_bytes = walk->common->segment_bytes;
  list.maximum = seep_heap__nodes_allowed(walk->probe, SEEP_HEAP_MAXIMUM_SEGMENTS);
  start(walk, &list, walk->layout->segment_list);
  seep_heap_list_step step = SEEP_HEAP_LIST_NODE;
  while ((step = seep_heap_list_next(&list, bytes)) == SEEP_HEAP_LIST_NODE) {
    uint64_t segment = list.node - walk->common->entry;
    if (!is_segment(walk, segment, bytes)) {
      step = SEEP_HEAP_LIST_BROKEN;
      break;
    }
    walk->own_seen = walk->own_seen || segment == walk->heap->address;
    walk->heap->segments++;
    claim_segment(walk, segment, size_of(walk, bytes));
  }
  walk->segments_whole = step == SEEP_HEAP_LIST_END && walk->own_seen;
  if (step == SEEP_HEAP_LIST_LIMIT) {
    incomplete(walk, "it has more segments than may be read");
  } else if (!walk->segments_whole) {
    incomplete(walk, "its list of segments is broken");
  }
}

/* ---- large blocks ---- */

/* The links have proven the block, so its allocation is the heap's whatever size it tells. */
static void claim_block(const nt_walk *walk, uint64_t block, size_t index, uint64_t commit_bytes)
{
  const seep_allocation *allocation = &walk->regions->allocations[index];
  uint64_t there_bytes = allocation->committed_bytes;
  seep_regions_tag(walk->regions, block, SEEP_TAG_HEAP_LARGE);
  seep_heap__count_block(walk->heap, commit_bytes < there_bytes ? commit_bytes : there_bytes);
  if (commit_bytes > allocation->end - allocation->base) {
    incomplete(walk, "a large block says it is larger than its memory");
  }
}

/* A block lies somewhere in the first pages of its allocation (Windows 8 and later choose at random, [C]):
 * the list of regions alone knows where that begins. false: it was met before, as an allocation's tag says
 * without memory of ours; that takes a list that changes while it is read. */
static bool take_block(const nt_walk *walk, uint64_t block, const uint8_t *bytes)
{
  uint64_t commit_bytes = word(walk, bytes, walk->common->commit);
  bool sized = commit_bytes > 0 && word(walk, bytes, walk->common->reserve) >= commit_bytes;
  size_t index = SEEP_REGIONS_NONE;
  seep_heap_place place = seep_heap__place(walk->heap, walk->probe, walk->regions, block, &index);
  if (place == SEEP_HEAP_PLACE_OPEN) {
    claim_block(walk, block, index, commit_bytes);
  } else if (place == SEEP_HEAP_PLACE_UNSEEN && walk->regions->known) {
    count_unseen(walk, block, sized ? commit_bytes : 0);
  } else if (place == SEEP_HEAP_PLACE_UNSEEN && sized) {
    seep_heap__count_block(walk->heap, commit_bytes);
  }
  if (!sized && place != SEEP_HEAP_PLACE_MET) {
    incomplete(walk, "a large block tells no size that can be");
  }
  return place != SEEP_HEAP_PLACE_MET;
}

static seep_heap_list_step follow_blocks(const nt_walk *walk, seep_heap_list *list)
{
  uint8_t bytes[NODE_BYTES];
  list->node_bytes = walk->common->block_bytes;
  start(walk, list, walk->layout->large_list);
  seep_heap_list_step step = SEEP_HEAP_LIST_NODE;
  while ((step = seep_heap_list_next(list, bytes)) == SEEP_HEAP_LIST_NODE) {
    if (!take_block(walk, list->node, bytes)) {
      return SEEP_HEAP_LIST_BROKEN;
    }
  }
  return step;
}

/* New blocks are linked at the tail: what leaks is there. So half of what may be read goes to the way from
 * the tail when the way from the head is too long, or broken. Two ways that meet have seen all. */
static void walk_large_blocks(const nt_walk *walk)
{
  uint64_t allowed = seep_heap__nodes_allowed(walk->probe, SEEP_HEAP_MAXIMUM_LARGE_BLOCKS);
  seep_heap_list forward = list_at(walk, walk->layout->large_list);
  forward.maximum = allowed - allowed / 2;
  seep_heap_list_step step = follow_blocks(walk, &forward);
  if (step == SEEP_HEAP_LIST_END) {
    return;
  }
  if (step == SEEP_HEAP_LIST_BROKEN) {
    incomplete(walk, "its list of large blocks is broken");
  }
  seep_heap_list backward = list_at(walk, walk->layout->large_list);
  backward.backwards = true;
  backward.maximum = seep_heap__nodes_allowed(walk->probe, SEEP_HEAP_MAXIMUM_LARGE_BLOCKS - forward.count);
  backward.stop_node = forward.count > 0 ? forward.node : 0;
  backward.stop_link = forward.link;
  step = follow_blocks(walk, &backward);
  if (step == SEEP_HEAP_LIST_LIMIT) {
    incomplete(walk, "it has more large blocks than may be read");
  } else if (step == SEEP_HEAP_LIST_BROKEN) {
    incomplete(walk, "its list of large blocks is broken");
  }
}

/* ---- front end and counters ---- */

/* Only with its own allocation of private memory is it believed: where it lies in the heap is not certain. */
static void find_front_end(const nt_walk *walk)
{
  for (size_t i = 0; i < 2 && walk->heap->front_end == 0; i++) {
    uint16_t offset = walk->layout->front_end[i];
    if (offset == 0 || walk->head[offset + walk->heap->pointer_bytes + 2] != FRONT_END_LOW_FRAGMENTATION) {
      continue;
    }
    uint64_t address = word(walk, walk->head, offset);
    size_t index = seep_regions_find(walk->regions, address);
    if (index == SEEP_REGIONS_NONE) {
      continue;
    }
    const seep_allocation *allocation = &walk->regions->allocations[index];
    if (allocation->base == address && allocation->type == SEEP_REGION_PRIVATE && !allocation->tagged) {
      seep_regions_tag(walk->regions, address, SEEP_TAG_HEAP_FRONT_END);
      walk->heap->front_end = address;
    }
  }
}

/* The same figure by the regions or by the segments' own words: Windows 8 and later leave the last page of a
 * reserve out of the segment. */
static bool agrees(const nt_walk *walk, uint64_t counted, uint64_t by_regions, uint64_t by_pages)
{
  return (walk->by_regions_known && counted == by_regions) || (walk->by_pages_known && counted == by_pages);
}

static void find_counters(const nt_walk *walk)
{
  seep_heap *heap = walk->heap;
  for (size_t i = 0; i < 2 && walk->segments_whole && !heap->counters_known; i++) {
    size_t at = walk->layout->counters[i], p = heap->pointer_bytes;
    if (at == 0) {
      continue;
    }
    uint64_t reserved_bytes = word(walk, walk->head, at);
    uint64_t committed_bytes = word(walk, walk->head, at + p);
    if (!agrees(walk, reserved_bytes, walk->by_regions_reserved_bytes, walk->by_pages_reserved_bytes) ||
        !agrees(walk, committed_bytes, walk->by_regions_committed_bytes, walk->by_pages_committed_bytes)) {
      continue;
    }
    heap->counters_known = true;
    heap->counted_reserved_bytes = reserved_bytes;
    heap->counted_committed_bytes = committed_bytes;
    heap->counted_uncommitted_large_bytes = word(walk, walk->head, at + 2 * p);
    heap->counted_large_committed_bytes = word(walk, walk->head, at + 3 * p);
  }
}

static const nt_layout *layout_of(const uint8_t *head, unsigned pointer_bytes)
{
  for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
    if (layouts[i].pointer_bytes == pointer_bytes && seep_probe_u32(head, layouts[i].mark) == MARK_HEAP) {
      return &layouts[i];
    }
  }
  return NULL;
}

bool seep_heap__walk_nt(seep_probe *probe, seep_regions *regions, const uint8_t *head, seep_heap *heap)
{
  nt_walk walk = {.probe = probe, .regions = regions, .head = head, .heap = heap};
  walk.layout = layout_of(head, heap->pointer_bytes);
  walk.common = heap->pointer_bytes == 4 ? &common_32 : &common_64;
  walk.by_regions_known = true;
  walk.by_pages_known = true;
  if (walk.layout == NULL || word(&walk, head, walk.common->owner) != heap->address) {
    return false;
  }
  heap->form = SEEP_HEAP_NT;
  heap->layout = walk.layout->name;
  heap->flags = seep_probe_u32(head, walk.common->flags);
  walk_segments(&walk);
  walk_large_blocks(&walk);
  find_front_end(&walk);
  find_counters(&walk);
  return true;
}
