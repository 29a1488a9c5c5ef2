/*
 * The segment heap: page segments and the tree of large blocks. The layout has moved with almost every
 * version; it is recognised by the heap address that each context stores, which stands at the right place in
 * one row of the table alone, or, where there is none, by lists that close and segments that are aligned to
 * their size. No row was ever checked against real memory: all are [C], seen in public type dumps, but for
 * what is marked [I], inferred. Source: reference: memory-type, 4.
 */
#include "memory/heap_private.h"

#include <string.h>

#include "base/saturate.h"
#include "memory/heap_list.h"

typedef struct segment_layout {
  const char *name;
  unsigned pointer_bytes;
  uint16_t statistics;                            /* TotalReservedPages, then TotalCommittedPages */
  uint16_t tree;                                  /* see tree_words */
  uint16_t contexts, context_size, context_count; /* context_size 0: one list in the heap itself */
  uint16_t context_heap; /* inside a context: back pointer to the heap; 0: not read, or there is none */
  uint16_t list;         /* inside a context: SegmentListHead */
} segment_layout;

/* Rows with back pointers first: they prove more. */
static const segment_layout layouts[] = {
    /* [C] sizes 0x840, 0xA00, 0xA40: Windows 11 and newer, Server 2022. */
    {"20348/22000+", 8, 0x80, 0x48, 0x140, 0xC0, 2, 0x38, 0x48},
    /* [C] sizes 0x7C0, 0x800; [I] inside a context: read in newer dumps of the same size of it. */
    {"18362..19045", 8, 0x80, 0x48, 0x100, 0xC0, 2, 0x38, 0x48},
    /* [C]; [I] the list inside a context. */
    {"17763", 8, 0x18, 0x88, 0x0A8, 0x98, 2, 0x90, 0x20},
    /* [C]; Windows 11 and 32 bits were not seen. */
    {"18362..19045", 4, 0x80, 0x44, 0x100, 0x80, 2, 0x24, 0x44},
    {"17763", 4, 0x10, 0x50, 0x060, 0x50, 2, 0x4C, 0x14},
    /* [C] size 0x6C0; which builds is [I]. */
    {"1709..1803", 8, 0x18, 0x50, 0x070, 0x68, 2, 0, 0x20},
    /* [C] one list in the heap itself, no contexts. */
    {"14393", 8, 0x00, 0x38, 0, 0, 1, 0, 0x60},
    {"14393", 4, 0x00, 0x24, 0, 0, 1, 0, 0x38},
};

/* Of 14393, which keeps no SegmentMask where we look: 1 MB is the small size of later versions, [C]. A guess,
 * so it must be what the regions say too. */
#define SIZE_WITHOUT_CONTEXTS UINT64_C(0x100000)
/* [I] around the 1 MB and 16 MB that were seen. */
#define SIZE_MINIMUM UINT64_C(0x10000)
#define SIZE_MAXIMUM UINT64_C(0x10000000)

/* Children that wait while one is looked at. Each level of the tree adds one at most, and a balanced tree of
 * 2^32 nodes has 64 levels at most. */
#define TREE_WAITING 64u

/* VirtualAddress keeps other things in its low 16 bits, AllocatedPages in the low 12 of its word. */
#define BLOCK_ADDRESS_MASK (~UINT64_C(0xFFFF))
#define BLOCK_PAGES_SHIFT 12

#define TREE_WALKS 2u
#define PARENT_MASK (~UINT64_C(7)) /* Parent keeps the balance in its low bits */

static const char tree_broken[] = "the tree of its large blocks is broken";

typedef struct segment_walk {
  seep_probe *probe;
  seep_regions *regions;
  const uint8_t *head;
  seep_heap *heap;
  const segment_layout *layout;
  bool sums_known; /* all of the following lies in the list of regions */
  uint64_t reserved_bytes, committed_bytes;
  uint64_t large_reserved_bytes, large_committed_bytes;
} segment_walk;

/* What all rows have from `tree` on, a word each; minimum is odd when the tree is encoded. */
typedef struct tree_words {
  uint64_t root, minimum, reserved_pages, committed_pages;
} tree_words;

#define TREE_WORDS_BYTES 32u /* with the larger pointers */

static uint64_t word(const segment_walk *walk, const uint8_t *bytes, size_t offset)
{
  return seep_probe_word(bytes, offset, walk->heap->pointer_bytes);
}

static void incomplete(const segment_walk *walk, const char *problem)
{
  seep_heap__incomplete(walk->heap, walk->probe, problem);
}

/* ---- which layout ---- */

static size_t list_offset(const segment_layout *layout, unsigned context)
{
  return (size_t)layout->contexts + (size_t)context * layout->context_size + layout->list;
}

/* 0: the context does not tell one that can be. */
static uint64_t segment_size(const segment_walk *walk, const segment_layout *layout, unsigned context)
{
  if (layout->context_size == 0) {
    return SIZE_WITHOUT_CONTEXTS;
  }
  size_t at = (size_t)layout->contexts + (size_t)context * layout->context_size;
  uint64_t mask = word(walk, walk->head, at); /* SegmentMask: minus the size */
  uint64_t size = (walk->heap->pointer_bytes == 4 ? UINT32_MAX : UINT64_MAX) - mask + 1;
  bool plausible = size >= SIZE_MINIMUM && size <= SIZE_MAXIMUM && (size & (size - 1)) == 0;
  return plausible ? size : 0;
}

static bool points_back(const segment_walk *walk, const segment_layout *layout)
{
  for (unsigned i = 0; i < layout->context_count; i++) {
    size_t at = (size_t)layout->contexts + (size_t)i * layout->context_size + layout->context_heap;
    if (word(walk, walk->head, at) != walk->heap->address) {
      return false;
    }
  }
  return true;
}

/* One of the head's two neighbours leads back to it and is aligned as a segment is. */
static bool neighbour_closes(const segment_walk *walk, uint64_t head, uint64_t node, uint64_t size, bool next)
{
  uint64_t link = 0;
  unsigned p = walk->heap->pointer_bytes;
  return node == head || (node != 0 && node % size == 0 &&
                          seep_probe_pointer(walk->probe, node + (next ? p : 0), p, &link) && link == head);
}

static bool closes(const segment_walk *walk, const segment_layout *layout)
{
  for (unsigned i = 0; i < layout->context_count; i++) {
    size_t at = list_offset(layout, i);
    uint64_t head = walk->heap->address + at, size = segment_size(walk, layout, i);
    uint64_t flink = word(walk, walk->head, at);
    uint64_t blink = word(walk, walk->head, at + walk->heap->pointer_bytes);
    if (size == 0 || (flink == head) != (blink == head) || !neighbour_closes(walk, head, flink, size, true) ||
        !neighbour_closes(walk, head, blink, size, false)) {
      return false;
    }
  }
  return true;
}

static const segment_layout *layout_of(const segment_walk *walk)
{
  for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
    const segment_layout *layout = &layouts[i];
    if (layout->pointer_bytes == walk->heap->pointer_bytes &&
        (layout->context_heap != 0 ? points_back(walk, layout) : closes(walk, layout))) {
      return layout;
    }
  }
  return NULL;
}

/* ---- page segments ---- */

static uint64_t committed_in(const seep_regions *regions, uint64_t base, uint64_t end)
{
  uint64_t bytes = 0;
  for (size_t i = seep_regions_find_row(regions, base); i < regions->row_count && regions->rows[i].base < end;
       i++) {
    const seep_regions_row *row = &regions->rows[i];
    uint64_t from = row->base > base ? row->base : base, to = row->end < end ? row->end : end;
    bytes += row->state == SEEP_REGION_COMMIT ? to - from : 0;
  }
  return bytes;
}

/* The heap's own memory or a page segment, of which it does not say how much is committed. */
static void count_unseen(const segment_walk *walk, uint64_t address, uint64_t maximum_bytes)
{
  uint64_t bytes = seep_heap__unseen(walk->heap, walk->probe, walk->regions, address);
  bytes = bytes < maximum_bytes ? bytes : maximum_bytes;
  walk->heap->unseen_bytes = seep_saturate_add(walk->heap->unseen_bytes, bytes);
}

/* Whether a page segment always has an allocation of its own is not known: it is tagged as a range. */
static void claim_segment(segment_walk *walk, uint64_t segment, uint64_t size_bytes)
{
  size_t index = seep_regions_find(walk->regions, segment);
  if (index == SEEP_REGIONS_NONE) {
    walk->sums_known = false;
    count_unseen(walk, segment, size_bytes);
    return;
  }
  const seep_allocation *allocation = &walk->regions->allocations[index];
  uint64_t end = segment + size_bytes;
  if (allocation->type != SEEP_REGION_PRIVATE ||
      (allocation->tagged && !seep_regions_is_heap((seep_tag)allocation->tag))) {
    incomplete(walk, "a page segment lies in memory that is used for something else");
    return;
  }
  if (end > allocation->end) {
    incomplete(walk, "a page segment is larger than its memory");
    end = allocation->end;
  }
  bool is_whole = segment == allocation->base && end == allocation->end;
  if (!is_whole && walk->layout->context_size == 0) {
    incomplete(walk, "the size of its page segments is not known");
  }
  walk->reserved_bytes += size_bytes;
  walk->committed_bytes += committed_in(walk->regions, segment, end);
  if (is_whole) {
    seep_regions_tag(walk->regions, segment, SEEP_TAG_HEAP_PAGES);
  } else if (seep_regions_tag_range(walk->regions, segment, end, SEEP_TAG_HEAP_PAGES) != SEEP_OK) {
    incomplete(walk, "there was not enough memory to note its page segments");
  }
}

static void walk_segments(segment_walk *walk, unsigned context)
{
  uint8_t bytes[16];
  size_t at = list_offset(walk->layout, context);
  uint64_t size_bytes = segment_size(walk, walk->layout, context);
  if (size_bytes == 0) {
    incomplete(walk, "it does not tell the size of its page segments");
    return;
  }
  seep_heap_list list = {.probe = walk->probe,
                         .head = walk->heap->address + at,
                         .pointer_bytes = walk->heap->pointer_bytes,
                         .node_bytes = (size_t)2 * walk->heap->pointer_bytes};
  list.maximum =
      seep_heap__nodes_allowed(walk->probe, SEEP_HEAP_MAXIMUM_PAGE_SEGMENTS - walk->heap->segments);
  seep_heap_list_init(&list, word(walk, walk->head, at),
                      word(walk, walk->head, at + walk->heap->pointer_bytes));
  seep_heap_list_step step = SEEP_HEAP_LIST_NODE;
  while ((step = seep_heap_list_next(&list, bytes)) == SEEP_HEAP_LIST_NODE) {
    uint64_t last = walk->heap->pointer_bytes == 4 ? UINT32_MAX : UINT64_MAX;
    if (list.node % size_bytes != 0 || list.node > last - (size_bytes - 1)) {
      step = SEEP_HEAP_LIST_BROKEN;
      break;
    }
    walk->heap->segments++;
    claim_segment(walk, list.node, size_bytes);
  }
  if (step != SEEP_HEAP_LIST_END) {
    incomplete(walk, step == SEEP_HEAP_LIST_LIMIT ? "it has more page segments than may be read"
                                                  : "a list of its page segments is broken");
  }
}

/* ---- large blocks ---- */

/* The tree's nodes come from a heap that no list names: their allocation is told by them alone. */
static void tag_node(const segment_walk *walk, uint64_t node)
{
  size_t index = seep_regions_find(walk->regions, node);
  if (index != SEEP_REGIONS_NONE && walk->regions->allocations[index].type == SEEP_REGION_PRIVATE) {
    seep_regions_tag(walk->regions, node, SEEP_TAG_HEAP_TREE);
  }
}

typedef struct tree_step {
  uint64_t node, parent;
} tree_step;

typedef struct tree_walk {
  tree_step waiting[TREE_WAITING];
  size_t waiting_count;
  uint64_t visited, maximum;
  uint64_t again; /* so many blocks may be met that a walk before this one has tagged */
  bool moved;     /* what is wrong may be the moment only */
  /* Brent: every node is compared with one of the past, which moves on at each power of two. It finds the
   * circles that lead through blocks the regions do not know. */
  uint64_t marker, marker_at;
} tree_walk;

static tree_words tree_words_of(const segment_walk *walk, const uint8_t *bytes)
{
  size_t p = walk->heap->pointer_bytes;
  return (tree_words){word(walk, bytes, 0), word(walk, bytes, p), word(walk, bytes, 2 * p),
                      word(walk, bytes, 3 * p)};
}

static void claim_block(segment_walk *walk, uint64_t node, uint64_t block, size_t index, uint64_t block_bytes)
{
  const seep_allocation *allocation = &walk->regions->allocations[index];
  if (block_bytes == 0 || block_bytes > allocation->end - allocation->base) {
    incomplete(walk, "a large block says it is larger than its memory");
    return;
  }
  walk->large_reserved_bytes += allocation->end - allocation->base;
  walk->large_committed_bytes += allocation->committed_bytes;
  seep_regions_tag(walk->regions, block, SEEP_TAG_HEAP_LARGE);
  seep_heap__count_block(walk->heap, block_bytes < allocation->committed_bytes ? block_bytes
                                                                               : allocation->committed_bytes);
  tag_node(walk, node);
}

static void count_unlisted(segment_walk *walk, uint64_t block, uint64_t block_bytes)
{
  walk->sums_known = false;
  if (block_bytes == 0) {
    incomplete(walk, "a large block tells no size that can be");
  } else if (walk->regions->known) {
    seep_heap__unseen(walk->heap, walk->probe, walk->regions, block);
    walk->heap->unseen_bytes = seep_saturate_add(walk->heap->unseen_bytes, block_bytes);
  } else {
    seep_heap__count_block(walk->heap, block_bytes);
  }
}

/* false: this walk met the block before, the tree is none. An allocation's tag says so without memory of
 * ours. */
static bool take_block(segment_walk *walk, tree_walk *tree, uint64_t node, const uint8_t *bytes)
{
  size_t p = walk->heap->pointer_bytes, index = SEEP_REGIONS_NONE;
  uint64_t block = word(walk, bytes, 3 * p) & BLOCK_ADDRESS_MASK;
  uint64_t block_bytes = (word(walk, bytes, 4 * p) >> BLOCK_PAGES_SHIFT) * SEEP_REGION_PAGE_BYTES;
  switch (seep_heap__place(walk->heap, walk->probe, walk->regions, block, &index)) {
  case SEEP_HEAP_PLACE_UNSEEN:
    count_unlisted(walk, block, block_bytes);
    return true;
  case SEEP_HEAP_PLACE_OPEN:
    claim_block(walk, node, block, index, block_bytes);
    return true;
  case SEEP_HEAP_PLACE_MET:
    return tree->again > 0 && tree->again-- > 0;
  default:
    return true;
  }
}

/* NULL, or why the tree cannot be walked any further. A node tells its parent (but for those that tell
 * nothing): one that tells another has moved since it was found, and others may have moved to where this walk
 * has been. */
static const char *visit_node(segment_walk *walk, tree_walk *tree, tree_step step)
{
  uint8_t bytes[40];
  size_t p = walk->heap->pointer_bytes, size = 5 * p;
  uint64_t node = step.node, last = p == 4 ? UINT32_MAX : UINT64_MAX;
  if (tree->visited >= tree->maximum) {
    return "it has more large blocks than may be read";
  }
  if (node == tree->marker || node % p != 0 || node > last - (size - 1) ||
      !seep_probe_read(walk->probe, node, bytes, size)) {
    return tree_broken;
  }
  uint64_t parent = word(walk, bytes, 2 * p) & PARENT_MASK;
  bool is_here = parent == 0 || parent == (step.parent & PARENT_MASK);
  tree->moved = !is_here || !take_block(walk, tree, node, bytes);
  if (tree->moved) {
    return tree_broken;
  }
  if (++tree->visited == tree->marker_at) {
    tree->marker = node;
    tree->marker_at *= 2;
  }
  for (size_t i = 2; i-- > 0;) { /* Right, then Left, which is taken next */
    uint64_t child = word(walk, bytes, i * p);
    if (child != 0 && tree->waiting_count == TREE_WAITING) {
      return "the tree of its large blocks is deeper than such trees are";
    }
    if (child != 0) {
      tree->waiting[tree->waiting_count++] = (tree_step){child, node};
    }
  }
  return NULL;
}

/* NULL, or why the tree is not known to the last node. */
static const char *follow_tree(segment_walk *walk, tree_walk *tree, const tree_words *words)
{
  const char *problem = NULL;
  if ((words->minimum & 1) != 0) {
    return "the tree of its large blocks is encoded";
  }
  if (words->root == 0 && (words->reserved_pages != 0 || words->committed_pages != 0)) {
    tree->moved = true;
    return "it counts large blocks and has no tree of them";
  }
  if (words->root != 0) {
    tree->waiting[tree->waiting_count++] = (tree_step){words->root, 0};
  }
  while (tree->waiting_count > 0 && problem == NULL) {
    problem = visit_node(walk, tree, tree->waiting[--tree->waiting_count]);
  }
  return problem;
}

/* A second walk adds to the first: what is tagged stays, what no tag can tell is counted afresh. */
static tree_walk begin_tree(segment_walk *walk, uint64_t unseen_bytes)
{
  tree_walk tree = {.marker_at = 1};
  walk->heap->unseen_bytes = unseen_bytes;
  if (!walk->regions->known) {
    walk->heap->large_blocks = 0;
    walk->heap->large_block_bytes = 0;
  }
  tree.again = walk->heap->large_blocks;
  tree.maximum = seep_heap__nodes_allowed(walk->probe, SEEP_HEAP_MAXIMUM_LARGE_BLOCKS);
  return tree;
}

/* When the tree moved meanwhile it is walked once more. Blocks that come and go show in the words behind the
 * root, and are a reason to do so, but none to give up: they do in a process at work. */
static void walk_tree(segment_walk *walk)
{
  uint8_t bytes[TREE_WORDS_BYTES];
  uint64_t at = walk->layout->tree, unseen_bytes = walk->heap->unseen_bytes;
  tree_words now = tree_words_of(walk, walk->head + at);
  const char *problem = NULL;
  for (unsigned i = 0; i < TREE_WALKS; i++) {
    tree_words before = now;
    tree_walk tree = begin_tree(walk, unseen_bytes);
    problem = follow_tree(walk, &tree, &before);
    if (problem != NULL && !tree.moved) {
      break;
    }
    if (!seep_probe_read(walk->probe, walk->heap->address + at, bytes,
                         (size_t)4 * walk->heap->pointer_bytes)) {
      problem = "the root of its large blocks could not be read again";
      break;
    }
    now = tree_words_of(walk, bytes);
    bool is_last = i + 1 == TREE_WALKS;
    bool same = is_last ? now.root == before.root : memcmp(&now, &before, sizeof now) == 0;
    if (problem == NULL && same) {
      return;
    }
    problem = problem != NULL ? problem : "the tree of its large blocks changed while it was read";
  }
  incomplete(walk, problem);
}

/* ---- counters ---- */

/* Whether the pages of large blocks are counted in the first two is not known, so both are right. */
static void find_counters(segment_walk *walk)
{
  seep_heap *heap = walk->heap;
  size_t p = heap->pointer_bytes, at = walk->layout->statistics;
  tree_words tree = tree_words_of(walk, walk->head + walk->layout->tree);
  size_t index = seep_regions_find(walk->regions, heap->address);
  if (!heap->complete || !walk->sums_known || index == SEEP_REGIONS_NONE) {
    return;
  }
  const seep_allocation *own = &walk->regions->allocations[index];
  uint64_t reserved_bytes = walk->reserved_bytes + (own->end - own->base);
  uint64_t committed_bytes = walk->committed_bytes + own->committed_bytes;
  uint64_t counted[4] = {word(walk, walk->head, at), word(walk, walk->head, at + p), tree.reserved_pages,
                         tree.committed_pages};
  for (size_t i = 0; i < 4; i++) {
    if (counted[i] > UINT64_MAX / SEEP_REGION_PAGE_BYTES) {
      return;
    }
    counted[i] *= SEEP_REGION_PAGE_BYTES;
  }
  bool without = counted[0] == reserved_bytes && counted[1] == committed_bytes;
  bool with = counted[0] == reserved_bytes + walk->large_reserved_bytes &&
              counted[1] == committed_bytes + walk->large_committed_bytes;
  if ((!without && !with) || counted[2] != walk->large_reserved_bytes ||
      counted[3] != walk->large_committed_bytes) {
    return;
  }
  heap->counters_known = true;
  heap->counted_reserved_bytes = counted[0];
  heap->counted_committed_bytes = counted[1];
  heap->counted_large_reserved_bytes = counted[2];
  heap->counted_large_committed_bytes = counted[3];
}

bool seep_heap__walk_segment(seep_probe *probe, seep_regions *regions, const uint8_t *head, seep_heap *heap)
{
  segment_walk walk = {.probe = probe, .regions = regions, .head = head, .heap = heap, .sums_known = true};
  walk.layout = layout_of(&walk);
  if (walk.layout == NULL) {
    return false;
  }
  heap->form = SEEP_HEAP_SEGMENT;
  heap->layout = walk.layout->name;
  if (seep_regions_find(regions, heap->address) == SEEP_REGIONS_NONE) {
    count_unseen(&walk, heap->address, UINT64_MAX);
  }
  for (unsigned i = 0; i < walk.layout->context_count; i++) {
    walk_segments(&walk, i);
  }
  walk_tree(&walk);
  find_counters(&walk);
  return true;
}
