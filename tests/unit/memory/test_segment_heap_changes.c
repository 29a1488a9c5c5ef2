/*
 * Segment heaps of a process that does not wait: what the list of regions does not have, or has otherwise,
 * and trees that turn in the middle of a walk. Rotations are made as balanced trees make them, parents
 * included.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/memory/heap_rig.h"

#define PAGE UINT64_C(0x1000)

/* ---- between the list of regions and the walk ---- */

/* The heap is complete, its counters prove nothing any more. */
static void newer(bool large)
{
  heap_rig at;
  heap_rig_segment(&at, "20348/22000+", 8);
  image_segment_heap *heap = &at.process.segment;
  heap_rig_list(&at);
  uint64_t counters[4];
  for (unsigned i = 0; i < 4; i++) {
    uint64_t field = (i < 2 ? heap->statistics : heap->large_statistics) + (i % 2) * UINT64_C(8);
    counters[i] = image_get(&at.image, field, 8);
  }
  if (large) {
    image_segment_heap_large(&at.image, heap, heap->address + 0x40000000, 0x900000, at.process.tree + 0x800);
  } else {
    image_segment_heap_pages(&at.image, heap, 0, heap->address + 0x50000000, 0x3000);
  }
  for (unsigned i = 0; i < 4; i++) { /* as if they had not been counted yet */
    uint64_t field = (i < 2 ? heap->statistics : heap->large_statistics) + (i % 2) * UINT64_C(8);
    image_put(&at.image, field, counters[i], 8);
  }
  heap_rig_walk(&at, HEAP_RIG_READS);
  assert_true(at.heap.complete);
  assert_false(at.heap.counters_known);
  assert_int_equal(at.heap.large_blocks, 7);
  assert_int_equal(at.heap.segments, large ? 3 : 4);
  assert_int_equal(at.heap.unseen_bytes, large ? 0x900000 : 0x3000);
  assert_int_equal(heap_rig_tagged(&at, SEEP_TAG_HEAP_LARGE), 7);
  assert_int_equal(heap_rig_tagged(&at, SEEP_TAG_HEAP_PAGES), 3);
  heap_rig_end(&at);
}

static void test_newer_than_the_regions(void **state)
{
  (void)state;
  newer(true);
  newer(false);
}

/* No more of it than the page segment has room for. */
static void test_newer_page_segment_in_larger_memory(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_segment(&at, "20348/22000+", 8);
  image_segment_heap *heap = &at.process.segment;
  heap_rig_list(&at);
  image_segment_heap_pages(&at.image, heap, 0, heap->address + 0x50000000, 0x100000);
  image_find_region(&at.image, heap->address + 0x50000000)->size_bytes += 0x80000;
  heap_rig_walk(&at, HEAP_RIG_READS);
  assert_true(at.heap.complete && at.heap.unseen_bytes == 0x100000);
  heap_rig_end(&at);
}

/* What no region has now either is not newer than the list. */
static void untold(const char *layout, unsigned p)
{
  heap_rig at;
  heap_rig_segment(&at, layout, p);
  const image_segment_heap *heap = &at.process.segment;
  const uint64_t from[] = {heap->address, heap->address + 0x100000, heap->address + 0x4000000};
  for (unsigned i = 0; i < 3; i++) { /* the heap's own memory, a page segment, a large block */
    at.image.untold_from = from[i];
    at.image.untold_to = from[i] + 0x10000;
    heap_rig_list_and_walk(&at);
    heap_rig_check_problem(&at, "a part of it lies where no memory is");
    assert_int_equal(at.heap.unseen_bytes, i == 2 ? 0x801000 : 0);
    assert_int_equal(at.heap.segments, 3);
    assert_int_equal(at.heap.large_blocks, i == 2 ? 6 : 7);
    heap_rig_end_walk(&at);
  }
  at.image.untold_from = from[0];
  at.image.untold_to = from[0] + 0x10000;
  heap_rig_list(&at);
  at.image.untold_to = 0; /* it is there now */
  heap_rig_walk(&at, HEAP_RIG_READS);
  assert_true(at.heap.complete && !at.heap.counters_known);
  assert_int_equal(at.heap.unseen_bytes, 0x4000);
  heap_rig_end(&at);
}

static void test_regions_that_are_not_there_at_all(void **state)
{
  (void)state;
  heap_rig_each_segment(untold);
}

/* Where the heap does not tell how large page segments are, the regions must say the same as the guess. */
static void sized(const char *layout, unsigned p)
{
  heap_rig at;
  heap_rig_segment(&at, layout, p);
  bool is_told = at.process.segment.contexts == 2;
  uint64_t segment = image_get(&at.image, at.process.segment.list[0], p);
  image_find_region(&at.image, segment + 0x40000)->size_bytes += 0x100000;
  heap_rig_list_and_walk(&at);
  assert_true(at.heap.complete == is_told);
  if (!is_told) {
    heap_rig_check_problem(&at, "the size of its page segments is not known");
  }
  assert_int_equal(heap_rig_tag_at(&at, segment), SEEP_TAG_HEAP_PAGES);
  heap_rig_end_walk(&at);
  image_find_region(&at.image, segment + 0x40000)->size_bytes -= 0x100000;
  image_allocation(&at.image, segment - 0x10000, 0x10000, 0, 0); /* it begins inside an allocation */
  image_find_region(&at.image, segment)->allocation_base = segment - 0x10000;
  image_find_region(&at.image, segment + 0x40000)->allocation_base = segment - 0x10000;
  heap_rig_list_and_walk(&at);
  assert_true(at.heap.complete == is_told);
  heap_rig_end(&at);
}

static void test_size_of_page_segments(void **state)
{
  (void)state;
  heap_rig_each_segment(sized);
}

/* ---- memory of two heaps ---- */

/* The first heap's tree has nodes in a page segment of the second, which is walked later. */
static void two_heaps(const char *layout, unsigned p)
{
  heap_rig at;
  image_segment_heap second;
  heap_rig_segment(&at, layout, p);
  image_segment_heap *first = &at.process.segment;
  uint64_t base = first->address + 0x20000000;
  image_segment_heap_init(&at.image, &second, layout, p, base, 0x10000, 0x4000);
  image_segment_heap_pages(&at.image, &second, 0, base + 0x100000, 0x40000);
  image_segment_heap_large(&at.image, first, base + 0x1000000, 0x801000, base + 0x108000);
  image_segment_heap_large(&at.image, first, base + 0x2000000, 0x801000, base + 0x2000);
  heap_rig_list_and_walk(&at);
  assert_true(at.heap.complete && at.heap.large_blocks == 9);
  at.address = second.address;
  heap_rig_walk(&at, HEAP_RIG_READS);
  assert_true(at.heap.complete);
  assert_int_equal(at.heap.segments, 1);
  assert_true(seep_regions_is_heap(heap_rig_tag_at(&at, base + 0x108000)));
  assert_true(seep_regions_is_heap(heap_rig_tag_at(&at, base)));
  heap_rig_end(&at);
}

static void test_tree_in_another_heap(void **state)
{
  (void)state;
  heap_rig_each_segment(two_heaps);
}

/* ---- trees that contradict themselves ---- */

/* Nodes that do not tell their parents, as some dumps have them, prove less, and are enough. */
static void without_parents(const char *layout, unsigned p)
{
  heap_rig at;
  heap_rig_segment(&at, layout, p);
  uint64_t wrong = at.process.segment.last_node + 2 * p, right = image_get(&at.image, wrong, p);
  image_put(&at.image, wrong, right | 3, p); /* with balance and colour */
  heap_rig_list_and_walk(&at);
  assert_true(at.heap.complete);
  heap_rig_end_walk(&at);
  image_put(&at.image, wrong, 0, p);
  heap_rig_list_and_walk(&at);
  assert_true(at.heap.complete);
  heap_rig_end_walk(&at);
  const uint64_t parents[] = {at.process.segment.last_node, image_get(&at.image, at.process.segment.root, p),
                              right + 8, 8};
  for (size_t i = 0; i < 4; i++) {
    image_put(&at.image, wrong, parents[i], p);
    heap_rig_list_and_walk(&at);
    heap_rig_check_problem(&at, "the tree of its large blocks is broken");
    assert_int_equal(at.heap.large_blocks, 6); /* not the one that is not proven */
    assert_true(at.probe.reads < 40);
    heap_rig_check_honest(&at);
    heap_rig_end_walk(&at);
  }
  image_put(&at.image, wrong, right, p);
  uint64_t root = image_get(&at.image, at.process.segment.root, p);
  image_put(&at.image, root + 2 * p, right, p); /* a root has none */
  heap_rig_list_and_walk(&at);
  heap_rig_check_problem(&at, "the tree of its large blocks is broken");
  assert_int_equal(at.heap.large_blocks, 0);
  heap_rig_end(&at);
}

static void test_parents(void **state)
{
  (void)state;
  heap_rig_each_segment(without_parents);
}

/* As where a build nobody has seen keeps its tree elsewhere. */
static void no_root(const char *layout, unsigned p)
{
  heap_rig at;
  heap_rig_segment(&at, layout, p);
  const image_segment_heap *heap = &at.process.segment;
  image_put(&at.image, heap->root, 0, p);
  image_put(&at.image, heap->root + p, 0, p);
  for (unsigned i = 0; i < 3; i++) {
    heap_rig_list_and_walk(&at);
    assert_true(at.heap.complete == (i == 2));
    if (i < 2) {
      heap_rig_check_problem(&at, "it counts large blocks and has no tree of them");
    }
    assert_int_equal(at.heap.large_blocks, 0);
    heap_rig_end_walk(&at);
    image_put(&at.image, heap->large_statistics + i * p, 0, p);
  }
  image_fini(&at.image);
}

static void test_counted_blocks_without_a_tree(void **state)
{
  (void)state;
  heap_rig_each_segment(no_root);
}

/* ---- in the middle of the walk ---- */

typedef struct turning {
  heap_rig *rig;
  uint64_t from, to; /* reads before which it turns */
  unsigned where;    /* which link; see turn */
  bool right;        /* which way, the first time and each second time */
} turning;

static void put_parent(memory_image *image, uint64_t node, uint64_t parent)
{
  if (node != 0) {
    image_put(image, node + 16, parent, 8);
  }
}

/* The node below the link goes down, its left child (or the right one) comes up. */
static void rotate(memory_image *image, uint64_t link, uint64_t parent, bool right)
{
  uint64_t down = image_get(image, link, 8), from = right ? 0 : 8, to = right ? 8 : 0;
  uint64_t up = down != 0 ? image_get(image, down + from, 8) : 0;
  if (up == 0) {
    return;
  }
  uint64_t inner = image_get(image, up + to, 8);
  image_put(image, down + from, inner, 8);
  put_parent(image, inner, down);
  image_put(image, up + to, down, 8);
  put_parent(image, down, up);
  image_put(image, link, up, 8);
  put_parent(image, up, parent);
}

static void turn(memory_image *image, uint64_t number, void *context)
{
  const turning *how = context;
  uint64_t link = how->rig->process.segment.root, root = image_get(image, link, 8);
  if (number >= how->from && number <= how->to) {
    /* 0: the root itself; 1, 2: below its left and its right */
    bool below = how->where > 0, right = how->right == ((number - how->from) % 2 == 0);
    rotate(image, below ? root + (how->where - 1) * UINT64_C(8) : link, below ? root : 0, right);
  }
}

static void begin_turning(heap_rig *at, turning *how)
{
  heap_rig_segment(at, "20348/22000+", 8);
  heap_rig_list(at);
  how->rig = at;
  at->image.before_read = turn;
  at->image.before_read_context = how;
}

/* Once: whenever it happens nothing is lost, the second walk sees it all. */
static void test_tree_that_turns_once(void **state)
{
  (void)state;
  unsigned again = 0;
  for (unsigned i = 0; i < 6; i++) {
    for (uint64_t number = 1; number < 30; number++) {
      heap_rig at;
      turning how = {NULL, number, number, i / 2, i % 2 != 0};
      begin_turning(&at, &how);
      heap_rig_walk(&at, HEAP_RIG_READS);
      assert_true(at.heap.complete);
      heap_rig_check_honest(&at);
      again += at.probe.reads > 17 ? 1 : 0;
      heap_rig_end(&at);
    }
  }
  assert_true(again > 20);
}

/* From then on always, to and fro: in the end nothing can be said, but never anything wrong. */
static void test_tree_that_always_turns(void **state)
{
  (void)state;
  unsigned incomplete = 0;
  for (unsigned i = 0; i < 6; i++) {
    for (uint64_t number = 1; number < 30; number++) {
      heap_rig at;
      turning how = {NULL, number, UINT64_MAX, i / 2, i % 2 != 0};
      begin_turning(&at, &how);
      heap_rig_walk(&at, HEAP_RIG_READS);
      heap_rig_check_honest(&at);
      assert_true(at.probe.reads < 60);
      incomplete += at.heap.complete ? 0 : 1;
      heap_rig_end(&at);
    }
  }
  assert_true(incomplete > 20);
}

/* Reads of the whole heap: the head, three segments and two ends of lists, seven blocks, the root. */
#define WHOLE_READS 14u

/* Each time the root is about to be read again. */
static void change_root(memory_image *image, uint64_t number, void *context)
{
  const heap_rig *at = context;
  if (number == WHOLE_READS || number == WHOLE_READS + 8) {
    rotate(image, at->process.segment.root, 0, number == WHOLE_READS);
  }
}

static void test_root_that_always_changes(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_segment(&at, "20348/22000+", 8);
  heap_rig_list_and_walk(&at);
  assert_int_equal(at.probe.reads, WHOLE_READS);
  heap_rig_end_walk(&at);
  heap_rig_list(&at);
  at.image.before_read = change_root;
  at.image.before_read_context = &at;
  heap_rig_walk(&at, HEAP_RIG_READS);
  heap_rig_check_problem(&at, "the tree of its large blocks changed while it was read");
  assert_int_equal(at.heap.large_blocks, 7);
  heap_rig_check_honest(&at);
  heap_rig_end(&at);
}

/* A tree by the blocks' places: 1 at the root, right of it 3, which has 2 on its left and 6 on its right,
 * left of that 5, left of that 4. */
static void begin_chain(heap_rig *at)
{
  static const unsigned order[] = {1, 3, 2, 6, 5, 4};
  heap_rig_empty_segment(at, "20348/22000+", 8);
  for (unsigned i = 0; i < 6; i++) {
    image_segment_heap_large(&at->image, &at->process.segment, UINT64_C(0x100000000) + order[i] * 0x100000,
                             PAGE, at->address + 0x1000 + order[i] * UINT64_C(0x40));
  }
  heap_rig_list(at);
}

static uint64_t chain_node(const heap_rig *at, unsigned place)
{
  return at->address + 0x1000 + place * UINT64_C(0x40);
}

/* When 1, 3, 2 and 6 are read 3 is freed, and 4, the next in order, takes its place. No parent that is read
 * from then on says so, nor does the root: the counters do. */
static void free_third(memory_image *image, uint64_t number, void *context)
{
  const heap_rig *at = context;
  uint64_t next = chain_node(at, 4), counters = at->process.segment.large_statistics;
  if (number != 8) { /* before it the head and the ends of two lists as well */
    return;
  }
  image_put(image, chain_node(at, 5), 0, 8);
  image_put(image, next, chain_node(at, 2), 8);
  image_put(image, next + 8, chain_node(at, 6), 8);
  put_parent(image, chain_node(at, 2), next);
  put_parent(image, chain_node(at, 6), next);
  put_parent(image, next, chain_node(at, 1));
  image_put(image, chain_node(at, 1) + 8, next, 8);
  for (unsigned i = 0; i < 2; i++) {
    image_put(image, counters + i * UINT64_C(8), image_get(image, counters + i * UINT64_C(8), 8) - 1, 8);
  }
}

static void test_block_freed_on_the_way(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 2; i++) {
    heap_rig at;
    begin_chain(&at);
    at.image.no_region_list = i == 1;
    at.image.before_read = free_third;
    at.image.before_read_context = &at;
    heap_rig_end_walk(&at);
    heap_rig_list_and_walk(&at);
    assert_true(at.heap.complete);
    assert_int_equal(at.probe.reads, 9 + 6);
    /* All that were there when the regions were listed; without these, all that are there now. */
    assert_int_equal(at.heap.large_blocks, i == 0 ? 6 : 5);
    assert_int_equal(at.heap.large_block_bytes, (i == 0 ? 6 : 5) * PAGE);
    assert_int_equal(heap_rig_tagged(&at, SEEP_TAG_HEAP_LARGE), i == 0 ? 6 : 0);
    heap_rig_end(&at);
  }
}

/* What is newer than the regions is met by both walks, and summed up once. */
static void add_block(memory_image *image, uint64_t number, void *context)
{
  heap_rig *at = context;
  if (number == 1 || number == 8) {
    uint64_t base = UINT64_C(0x200000000) + number * 0x100000;
    image_segment_heap_large(image, &at->process.segment, base, number * PAGE,
                             at->address + 0x2000 + number * 0x40);
  }
}

static void test_block_added_on_the_way(void **state)
{
  (void)state;
  heap_rig at;
  begin_chain(&at);
  at.image.before_read = add_block;
  at.image.before_read_context = &at;
  heap_rig_walk(&at, HEAP_RIG_READS);
  assert_true(at.heap.complete && at.heap.large_blocks == 6);
  assert_int_equal(at.heap.unseen_bytes, 9 * PAGE);
  heap_rig_end(&at);
}

/* A tree that first turns, and then leads in a circle through blocks that the first walk has tagged. */
static void bend(memory_image *image, uint64_t number, void *context)
{
  const heap_rig *at = context;
  if (number == 9) { /* about to read 4, the last one */
    put_parent(image, chain_node(at, 4), chain_node(at, 1));
  } else if (number == 11) {
    put_parent(image, chain_node(at, 4), 0);
    put_parent(image, chain_node(at, 3), 0);
    image_put(image, chain_node(at, 4), chain_node(at, 3), 8);
  }
}

static void test_circle_in_the_second_walk(void **state)
{
  (void)state;
  heap_rig at;
  begin_chain(&at);
  at.image.before_read = bend;
  at.image.before_read_context = &at;
  heap_rig_walk(&at, HEAP_RIG_READS);
  heap_rig_check_problem(&at, "the tree of its large blocks is broken");
  assert_int_equal(at.heap.large_blocks, 6);
  assert_true(at.probe.reads < 30);
  heap_rig_end(&at);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_newer_than_the_regions),
      cmocka_unit_test(test_newer_page_segment_in_larger_memory),
      cmocka_unit_test(test_regions_that_are_not_there_at_all),
      cmocka_unit_test(test_size_of_page_segments),
      cmocka_unit_test(test_tree_in_another_heap),
      cmocka_unit_test(test_parents),
      cmocka_unit_test(test_counted_blocks_without_a_tree),
      cmocka_unit_test(test_tree_that_turns_once),
      cmocka_unit_test(test_tree_that_always_turns),
      cmocka_unit_test(test_root_that_always_changes),
      cmocka_unit_test(test_block_freed_on_the_way),
      cmocka_unit_test(test_block_added_on_the_way),
      cmocka_unit_test(test_circle_in_the_second_walk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
