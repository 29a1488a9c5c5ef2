/*
 * The tree of a segment heap's large blocks, whole and spoiled, and segment heaps of which something cannot
 * be read: every walk ends, and what is called complete has been seen whole.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/memory/heap_rig.h"

/* ---- the tree of large blocks ---- */

static void encoded(const char *layout, unsigned p)
{
  heap_rig at;
  heap_rig_segment(&at, layout, p);
  uint64_t field = at.process.segment.root + p;
  image_put(&at.image, field, image_get(&at.image, field, p) | 1, p);
  heap_rig_list_and_walk(&at);
  heap_rig_check_problem(&at, "the tree of its large blocks is encoded");
  assert_int_equal(at.heap.large_blocks, 0);
  assert_int_equal(at.heap.segments, 3);
  heap_rig_end(&at);
}

static void test_encoded_tree(void **state)
{
  (void)state;
  heap_rig_each_segment(encoded);
}

static void tree_circles(const char *layout, unsigned p)
{
  heap_rig at;
  heap_rig_segment(&at, layout, p);
  uint64_t root = image_get(&at.image, at.process.segment.root, p);
  uint64_t last = at.process.segment.last_node; /* a leaf on the right */
  const uint64_t targets[] = {root, last, image_get(&at.image, root, p), last + 1, 8, UINT64_MAX - 7};
  for (unsigned side = 0; side < 2; side++) {
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
      image_put(&at.image, last + side * p, targets[i], p);
      heap_rig_list_and_walk(&at);
      heap_rig_check_problem(&at, "the tree of its large blocks is broken");
      assert_int_equal(at.heap.large_blocks, 7); /* none twice: the leaf is visited last */
      assert_true(at.probe.reads < 40);
      heap_rig_check_honest(&at);
      heap_rig_end_walk(&at);
    }
    image_put(&at.image, last + side * p, 0, p);
  }
  heap_rig_list_and_walk(&at);
  assert_true(at.heap.complete);
  heap_rig_end(&at);
}

static void test_tree_circles(void **state)
{
  (void)state;
  heap_rig_each_segment(tree_circles);
}

/* Without regions no tag tells that a node was met before. */
static void test_tree_circle_without_regions(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_segment(&at, "20348/22000+", 8);
  at.image.no_region_list = true;
  image_put(&at.image, at.process.segment.last_node + 8, image_get(&at.image, at.process.segment.root, 8), 8);
  heap_rig_list_and_walk(&at);
  assert_false(at.heap.complete);
  assert_true(at.probe.reads < 100);
  heap_rig_end(&at);
}

/* A chain to the left with a child to the right at every step: twice `steps` blocks, and as many children as
 * steps wait on the way. */
static void begin_deep(heap_rig *at, unsigned steps)
{
  heap_rig_empty_segment(at, "20348/22000+", 8);
  image_segment_heap *heap = &at->process.segment;
  for (unsigned i = 0; i < steps; i++) {
    uint64_t base = UINT64_C(0x100000000) + (steps - i) * UINT64_C(0x200000);
    uint64_t node = heap->address + 0x1000 + i * UINT64_C(0x80);
    image_segment_heap_large(&at->image, heap, base, 0x1000, node);
    image_segment_heap_large(&at->image, heap, base + 0x100000, 0x1000, node + 0x40);
  }
  heap_rig_list(at);
}

/* A balanced tree would have to be larger than memory to make 64 wait. */
static void test_deep_tree(void **state)
{
  (void)state;
  heap_rig at;
  begin_deep(&at, 60);
  heap_rig_walk(&at, HEAP_RIG_READS);
  assert_true(at.heap.complete);
  assert_int_equal(at.heap.large_blocks, 120);
  heap_rig_end(&at);
  begin_deep(&at, 70);
  heap_rig_walk(&at, HEAP_RIG_READS);
  heap_rig_check_problem(&at, "the tree of its large blocks is deeper than such trees are");
  heap_rig_end(&at);
}

/* An eighth of what is left stays for other heaps. */
static void test_long_tree_and_short_budget(void **state)
{
  (void)state;
  heap_rig at;
  begin_deep(&at, 60);
  heap_rig_walk(&at, 81);
  heap_rig_check_problem(&at, "it has more large blocks than may be read");
  assert_int_equal(at.heap.large_blocks, 69);
  assert_int_equal(at.probe.ended, SEEP_OK);
  heap_rig_end(&at);
}

typedef struct spoil {
  unsigned offset;
  uint64_t value;
  const char *problem;
} spoil;

/* Of the last node, whose block is 0x807 pages. */
static void test_block_must_fit_its_memory(void **state)
{
  (void)state;
  static const spoil cases[] = {
      {0x20, UINT64_C(0x808) << 12, "a large block says it is larger than its memory"},
      {0x20, UINT64_C(0xFFFFFFFFFFFFF) << 12, "a large block says it is larger than its memory"},
      {0x20, 0xFFF, "a large block says it is larger than its memory"},
      {0x18, UINT64_C(0x1E340000000), "a large block lies inside the heap itself"},
      {0x18, UINT64_C(0x1E33F000000),
       "a large block lies in memory that is used for something else"}, /* image */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    heap_rig at;
    heap_rig_segment(&at, "18362..19045", 8);
    image_put(&at.image, at.process.segment.last_node + cases[i].offset, cases[i].value, 8);
    heap_rig_list_and_walk(&at);
    heap_rig_check_problem(&at, cases[i].problem);
    assert_int_equal(at.heap.large_blocks, 6);
    assert_int_equal(at.heap.segments, 3);
    heap_rig_end(&at);
  }
}

/* A block counts for no more than is committed of it. */
static void test_block_that_is_not_all_committed(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_segment(&at, "18362..19045", 8);
  uint64_t base = image_get(&at.image, at.process.segment.last_node + 0x18, 8) & ~UINT64_C(0xFFFF);
  seep_region reserve = *image_find_region(&at.image, base);
  image_find_region(&at.image, base)->size_bytes = 0x100000;
  reserve.base += 0x100000;
  reserve.size_bytes -= 0x100000;
  reserve.state = SEEP_REGION_RESERVE;
  image_region(&at.image, &reserve);
  heap_rig_list_and_walk(&at);
  assert_true(at.heap.complete && at.heap.large_blocks == 7);
  assert_int_equal(at.heap.large_block_bytes, at.process.segment.large_block_bytes - reserve.size_bytes);
  heap_rig_end(&at);
}

/* The memory that a refused node lies in is not claimed by it. */
static void test_refused_node_claims_nothing(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_segment(&at, "18362..19045", 8);
  uint64_t node = at.process.private_data + 0x100;
  image_put(&at.image, node + 0x18, at.process.array, 8);
  image_put(&at.image, node + 0x20, 1 << 12, 8);
  image_put(&at.image, at.process.segment.last_node, node, 8);
  heap_rig_list_and_walk(&at);
  assert_false(at.heap.complete);
  heap_rig_check_honest(&at);
  heap_rig_end(&at);
}

/* ---- 32 bits ---- */

static void test_wrap_around(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_segment(&at, "18362..19045", 4);
  image_segment_heap *heap = &at.process.segment;
  image_allocation(&at.image, UINT64_C(0xFFF00000), 0, 0x200000, 0); /* as no 32-bit process has it */
  uint64_t node = UINT64_C(0xFFFFFFF4);                              /* 12 of its 20 bytes lie below 4 GB */
  image_put(&at.image, node + 0xC, UINT64_C(0xFFF00000), 4);
  image_put(&at.image, node + 0x10, 1 << 12, 4);
  image_put(&at.image, heap->last_node, node, 4);
  heap_rig_list_and_walk(&at);
  heap_rig_check_problem(&at, "the tree of its large blocks is broken");
  assert_int_equal(at.heap.large_blocks, 7);
  assert_int_equal(heap_rig_tag_at(&at, UINT64_C(0xFFF00000)), SEEP_TAG_UNKNOWN);
  heap_rig_end(&at);
}

/* ---- the n-th read fails ---- */

static void check_nth(const char *layout, unsigned p, seep_status status, bool stays)
{
  heap_rig at;
  heap_rig_segment(&at, layout, p);
  heap_rig_check_each_read_failing(&at, 12, status, stays);
  image_fini(&at.image);
}

static void nth_read(const char *layout, unsigned p)
{
  check_nth(layout, p, SEEP_NOT_FOUND, false);
  check_nth(layout, p, SEEP_NOT_FOUND, true);
  check_nth(layout, p, SEEP_OS, false);
  check_nth(layout, p, SEEP_DENIED, false);
  check_nth(layout, p, SEEP_GONE, false);
  check_nth(layout, p, SEEP_TIMED_OUT, true);
}

static void test_nth_read_fails(void **state)
{
  (void)state;
  heap_rig_each_segment(nth_read);
}

static void any_budget(const char *layout, unsigned p)
{
  heap_rig at;
  heap_rig_segment(&at, layout, p);
  for (uint64_t n = 0; n < 40; n++) {
    heap_rig_list(&at);
    heap_rig_walk(&at, n);
    heap_rig_check_honest(&at);
    assert_true(n < 30 || at.heap.complete);
    heap_rig_end_walk(&at);
  }
  image_fini(&at.image);
}

static void test_any_budget(void **state)
{
  (void)state;
  heap_rig_each_segment(any_budget);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_encoded_tree),
      cmocka_unit_test(test_tree_circles),
      cmocka_unit_test(test_tree_circle_without_regions),
      cmocka_unit_test(test_deep_tree),
      cmocka_unit_test(test_long_tree_and_short_budget),
      cmocka_unit_test(test_block_must_fit_its_memory),
      cmocka_unit_test(test_block_that_is_not_all_committed),
      cmocka_unit_test(test_refused_node_claims_nothing),
      cmocka_unit_test(test_wrap_around),
      cmocka_unit_test(test_nth_read_fails),
      cmocka_unit_test(test_any_budget),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
