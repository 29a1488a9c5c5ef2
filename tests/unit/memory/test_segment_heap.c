/*
 * Segment heaps of every known layout, whole and spoiled. As with NT heaps: what is called complete has been
 * seen whole. These layouts were never checked against real memory; the tests show that code and reference
 * say the same, and that anything else is refused.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "unit/memory/heap_rig.h"

/* ---- whole heaps ---- */

static void whole(const char *layout, unsigned p)
{
  heap_rig at;
  heap_rig_segment(&at, layout, p);
  heap_rig_list_and_walk(&at);
  const seep_heap *heap = &at.heap;
  assert_int_equal(heap->form, SEEP_HEAP_SEGMENT);
  assert_string_equal(heap->layout, layout);
  assert_true(heap->complete);
  assert_int_equal(heap->segments, 3);
  assert_int_equal(heap->large_blocks, 7);
  heap_rig_check_honest(&at);
  assert_int_equal(heap_rig_tag_at(&at, heap->address), SEEP_TAG_HEAP);
  assert_int_equal(heap_rig_tag_at(&at, at.process.tree), SEEP_TAG_HEAP_TREE);
  assert_int_equal(heap_rig_tagged_bytes(&at, SEEP_TAG_HEAP_LARGE), heap->large_block_bytes);
  assert_true(heap->counters_known);
  uint64_t pages = heap_rig_tagged_bytes(&at, SEEP_TAG_HEAP_PAGES);
  assert_int_equal(pages, strcmp(layout, "14393") == 0 ? 0x300000 : 0x1200000);
  assert_int_equal(heap->counted_reserved_bytes, pages + 0x10000);
  assert_int_equal(heap->counted_committed_bytes, 0x40000 + 0x50000 + 0x70000 + 0x4000);
  assert_int_equal(heap->counted_large_reserved_bytes, heap->large_block_bytes);
  assert_int_equal(heap->counted_large_committed_bytes, heap->large_block_bytes);
  heap_rig_end(&at);
}

static void test_whole(void **state)
{
  (void)state;
  heap_rig_each_segment(whole);
}

static void empty(const char *layout, unsigned p)
{
  heap_rig at;
  heap_rig_empty_segment(&at, layout, p);
  heap_rig_list_and_walk(&at);
  assert_true(at.heap.complete);
  assert_string_equal(at.heap.layout, layout);
  assert_int_equal(at.heap.segments, 0);
  assert_int_equal(at.heap.large_blocks, 0);
  assert_true(at.heap.counters_known);
  heap_rig_end(&at);
}

static void test_empty(void **state)
{
  (void)state;
  heap_rig_each_segment(empty);
}

/* Whether the first two counters include large blocks is not known: both are taken, nothing else is. */
static void counters(const char *layout, unsigned p)
{
  heap_rig at;
  heap_rig_segment(&at, layout, p);
  image_segment_heap *heap = &at.process.segment;
  uint64_t large_pages = heap->large_block_bytes / IMAGE_PAGE;
  uint64_t reserved = image_get(&at.image, heap->statistics, p);
  uint64_t committed = image_get(&at.image, heap->statistics + p, p);
  image_put(&at.image, heap->statistics, reserved + large_pages, p);
  image_put(&at.image, heap->statistics + p, committed + large_pages, p);
  heap_rig_list_and_walk(&at);
  assert_true(at.heap.counters_known);
  heap_rig_end_walk(&at);
  image_put(&at.image, heap->statistics + p, committed, p); /* one with, one without */
  heap_rig_list_and_walk(&at);
  assert_false(at.heap.counters_known);
  heap_rig_end_walk(&at);
  image_put(&at.image, heap->statistics, reserved + 1, p);
  image_put(&at.image, heap->statistics + p, committed, p);
  heap_rig_list_and_walk(&at);
  assert_true(at.heap.complete);
  assert_false(at.heap.counters_known);
  heap_rig_end_walk(&at);
  image_put(&at.image, heap->statistics, reserved, p);
  image_put(&at.image, heap->large_statistics + p, p == 8 ? UINT64_MAX : UINT32_MAX, p);
  heap_rig_list_and_walk(&at);
  assert_false(at.heap.counters_known);
  heap_rig_end(&at);
}

static void test_counters(void **state)
{
  (void)state;
  heap_rig_each_segment(counters);
}

static void test_without_regions(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_segment(&at, "18362..19045", 8);
  at.image.no_region_list = true;
  heap_rig_list_and_walk(&at);
  assert_true(at.heap.complete);
  assert_int_equal(at.heap.segments, 3);
  assert_int_equal(at.heap.large_blocks, 7);
  assert_int_equal(at.heap.large_block_bytes, at.process.segment.large_block_bytes);
  assert_false(at.heap.counters_known);
  heap_rig_end_walk(&at);
  image_put(&at.image, at.process.segment.last_node + 0x20, 0xFFF, 8); /* no pages */
  heap_rig_list_and_walk(&at);
  heap_rig_check_problem(&at, "a large block tells no size that can be");
  heap_rig_end(&at);
}

/* ---- which layout ---- */

/* A heap of no known layout: neither back pointers nor lists are where any row has them. */
static void unknown(const char *layout, unsigned p)
{
  heap_rig at;
  heap_rig_segment(&at, layout, p);
  image_segment_heap *heap = &at.process.segment;
  for (unsigned i = 0; i < heap->contexts; i++) {
    if (heap->context_heap[i] != 0) {
      image_put(&at.image, heap->context_heap[i], heap->address + 0x10, p);
    } else {
      image_put(&at.image, heap->list[i], heap->address + 8, p);
    }
  }
  heap_rig_list_and_walk(&at);
  assert_int_equal(at.heap.form, SEEP_HEAP_SEGMENT);
  assert_string_equal(at.heap.layout, "");
  heap_rig_check_problem(&at, "it is a segment heap of an unknown layout");
  assert_int_equal(heap_rig_tagged_bytes(&at, SEEP_TAG_HEAP), 0x10000); /* its own allocation */
  assert_int_equal(heap_rig_tagged_bytes(&at, SEEP_TAG_HEAP_PAGES), 0);
  heap_rig_end(&at);
}

static void test_unknown_layout(void **state)
{
  (void)state;
  heap_rig_each_segment(unknown);
}

/* One context that points back is no proof. */
static void one_context(const char *layout, unsigned p)
{
  heap_rig at;
  heap_rig_segment(&at, layout, p);
  image_segment_heap *heap = &at.process.segment;
  uint64_t spoilt = heap->context_heap[1] != 0 ? heap->context_heap[1] : heap->list[heap->contexts - 1] + p;
  image_put(&at.image, spoilt, heap->address + 0x1000, p);
  heap_rig_list_and_walk(&at);
  assert_string_equal(at.heap.layout, "");
  assert_false(at.heap.complete);
  heap_rig_end(&at);
}

static void test_both_contexts_must_prove(void **state)
{
  (void)state;
  heap_rig_each_segment(one_context);
}

/* Rows without back pointers are proven by the alignment of their segments too. */
static void test_list_closure(void **state)
{
  (void)state;
  static const char *const names[] = {"14393", "1709..1803"};
  for (size_t i = 0; i < 2; i++) {
    heap_rig at;
    heap_rig_segment(&at, names[i], 8);
    uint64_t head = at.process.segment.list[0], wrong = at.process.private_data + 0x8000;
    image_put(&at.image, head, wrong, 8);
    image_put(&at.image, head + 8, wrong, 8);
    image_put(&at.image, wrong, head, 8);
    image_put(&at.image, wrong + 8, head, 8);
    heap_rig_list_and_walk(&at);
    assert_string_equal(at.heap.layout, "");
    assert_int_equal(heap_rig_tag_at(&at, wrong), SEEP_TAG_UNKNOWN);
    heap_rig_end_walk(&at);
    image_put(&at.image, head, at.process.private_data, 8); /* aligned, but leads nowhere */
    image_put(&at.image, head + 8, at.process.private_data, 8);
    heap_rig_list_and_walk(&at);
    assert_string_equal(at.heap.layout, "");
    heap_rig_end(&at);
  }
}

/* ---- page segments ---- */

static void test_segments_must_be_aligned(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_segment(&at, "18362..19045", 8);
  uint64_t head = at.process.segment.list[0], wrong = at.process.private_data + 0x8000;
  uint64_t last = image_get(&at.image, head + 8, 8);
  image_put(&at.image, last, wrong, 8);
  image_put(&at.image, wrong, head, 8);
  image_put(&at.image, wrong + 8, last, 8);
  image_put(&at.image, head + 8, wrong, 8);
  heap_rig_list_and_walk(&at);
  heap_rig_check_problem(&at, "a list of its page segments is broken");
  assert_int_equal(at.heap.segments, 3);
  assert_int_equal(heap_rig_tag_at(&at, wrong), SEEP_TAG_UNKNOWN);
  assert_int_equal(at.heap.large_blocks, 7);
  heap_rig_end(&at);
}

static void test_size_must_be_told(void **state)
{
  (void)state;
  static const uint64_t masks[] = {
      0, UINT64_MAX, UINT64_C(0xFFFFFFFFFFFFF000), UINT64_C(0xFFFFFFFFFFE80000), UINT64_C(0xFFFFFFFF00000000),
      1};
  for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
    heap_rig at;
    heap_rig_segment(&at, "20348/22000+", 8);
    image_put(&at.image, at.process.segment.context[0], masks[i], 8);
    heap_rig_list_and_walk(&at);
    heap_rig_check_problem(&at, "it does not tell the size of its page segments");
    assert_int_equal(at.heap.segments, 1); /* of the other context */
    heap_rig_end(&at);
  }
}

/* Not known whether that happens: a page segment inside a larger allocation, and one larger than its own. */
static void test_segment_and_allocation_differ(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_segment(&at, "17763", 8);
  image_segment_heap *heap = &at.process.segment;
  uint64_t base = heap->address + 0x30000000;
  image_segment_heap_pages(&at.image, heap, 0, base + 0x100000, 0x8000);
  seep_region *region = image_find_region(&at.image, base + 0x108000);
  assert_non_null(region);
  region->size_bytes += 0x80000; /* more reserve behind it, of the same allocation */
  heap_rig_list_and_walk(&at);
  assert_true(at.heap.complete);
  assert_int_equal(at.heap.segments, 4);
  assert_int_equal(heap_rig_tag_at(&at, base + 0x1FFFFF), SEEP_TAG_HEAP_PAGES);
  assert_int_equal(heap_rig_tag_at(&at, base + 0x200000), SEEP_TAG_UNKNOWN);
  assert_true(at.heap.counters_known);
  heap_rig_end_walk(&at);
  region = image_find_region(&at.image, base + 0x108000);
  region->size_bytes = 0x10000;
  heap_rig_list_and_walk(&at);
  heap_rig_check_problem(&at, "a page segment is larger than its memory");
  assert_int_equal(heap_rig_tag_at(&at, base + 0x117FFF), SEEP_TAG_HEAP_PAGES);
  heap_rig_end(&at);
}

static void test_segment_in_other_memory(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_segment(&at, "20348/22000+", 8);
  uint64_t segment = image_get(&at.image, at.process.segment.list[0], 8);
  for (size_t i = 0; i < at.image.region_count; i++) {
    if (at.image.regions[i].allocation_base == segment) {
      at.image.regions[i].type = SEEP_REGION_MAPPED;
    }
  }
  heap_rig_list_and_walk(&at);
  heap_rig_check_problem(&at, "a page segment lies in memory that is used for something else");
  assert_int_equal(heap_rig_tag_at(&at, segment), SEEP_TAG_MAPPED);
  heap_rig_end_walk(&at);
  for (size_t i = 0; i < at.image.region_count; i++) {
    if (at.image.regions[i].allocation_base == segment) {
      at.image.regions[i].type = SEEP_REGION_PRIVATE;
    }
  }
  heap_rig_list(&at);
  assert_true(seep_regions_tag(&at.regions, segment, SEEP_TAG_STACK));
  heap_rig_walk(&at, HEAP_RIG_READS);
  heap_rig_check_problem(&at, "a page segment lies in memory that is used for something else");
  assert_int_equal(heap_rig_tag_at(&at, segment), SEEP_TAG_STACK);
  heap_rig_end(&at);
}

/* A part of an allocation that is a stack's is not the heap's because it is a part only. */
static void test_page_segment_inside_a_stack(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_segment(&at, "20348/22000+", 8);
  uint64_t segment = image_get(&at.image, at.process.segment.list[0], 8);
  image_find_region(&at.image, segment + 0x40000)->size_bytes += 0x10000;
  heap_rig_list(&at);
  assert_true(seep_regions_tag(&at.regions, segment, SEEP_TAG_STACK));
  heap_rig_walk(&at, HEAP_RIG_READS);
  heap_rig_check_problem(&at, "a page segment lies in memory that is used for something else");
  heap_rig_end(&at);
}

static void list_circles(const char *layout, unsigned p)
{
  heap_rig at;
  heap_rig_segment(&at, layout, p);
  image_segment_heap *heap = &at.process.segment;
  uint64_t first = image_get(&at.image, heap->list[0], p), second = image_get(&at.image, first, p);
  const uint64_t targets[] = {first, second, heap->address, 0, UINT32_MAX & ~UINT64_C(0xFFFFF)};
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    image_put(&at.image, second, targets[i], p); /* 14393: the third follows; else: the head */
    heap_rig_list_and_walk(&at);
    assert_false(at.heap.complete);
    assert_true(at.probe.reads < 40);
    heap_rig_check_honest(&at);
    heap_rig_end_walk(&at);
  }
  image_fini(&at.image);
}

static void test_list_circles(void **state)
{
  (void)state;
  heap_rig_each_segment(list_circles);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_whole),
      cmocka_unit_test(test_empty),
      cmocka_unit_test(test_counters),
      cmocka_unit_test(test_without_regions),
      cmocka_unit_test(test_unknown_layout),
      cmocka_unit_test(test_both_contexts_must_prove),
      cmocka_unit_test(test_list_closure),
      cmocka_unit_test(test_segments_must_be_aligned),
      cmocka_unit_test(test_size_must_be_told),
      cmocka_unit_test(test_segment_and_allocation_differ),
      cmocka_unit_test(test_segment_in_other_memory),
      cmocka_unit_test(test_page_segment_inside_a_stack),
      cmocka_unit_test(test_list_circles),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
