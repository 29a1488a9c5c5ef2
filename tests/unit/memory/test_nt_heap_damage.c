/*
 * NT heaps whose links lie, whose memory is not there, and reads that fail: every walk ends, and what is
 * called complete has been seen whole.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/memory/heap_rig.h"

/* ---- links that lie ---- */

static void check_broken_large(heap_rig *at, uint64_t expected_blocks)
{
  heap_rig_list_and_walk(at);
  heap_rig_check_problem(at, "its list of large blocks is broken");
  assert_int_equal(at->heap.large_blocks, expected_blocks);
  assert_int_equal(heap_rig_tagged(at, SEEP_TAG_HEAP_LARGE), expected_blocks);
  assert_true(at->probe.reads < 40);
  heap_rig_check_honest(at);
  heap_rig_end_walk(at);
}

static void circles(image_nt_layout layout, unsigned p)
{
  heap_rig at;
  heap_rig_nt(&at, layout, p);
  uint64_t first = heap_rig_block_at(&at, 0), second = heap_rig_block_at(&at, 1),
           last = heap_rig_block_at(&at, 4);
  image_put(&at.image, last, first, p); /* a circle without the head: seen from the tail it is whole */
  check_broken_large(&at, 5);
  image_put(&at.image, last, last, p); /* linked to itself, forwards */
  check_broken_large(&at, 5);
  image_put(&at.image, last + p, last, p); /* and backwards: no way leads to it and on */
  check_broken_large(&at, 4);
  image_put(&at.image, second, second, p);
  check_broken_large(&at, 2);
  image_put(&at.image, second + p, second, p);
  check_broken_large(&at, 1);
  image_put(&at.image, first, first, p);
  image_put(&at.image, first + p, first, p);
  check_broken_large(&at, 0);
  image_fini(&at.image);
}

static void test_circles(void **state)
{
  (void)state;
  heap_rig_each_nt(circles);
}

/* The way from the head is whole, only the head does not say so. */
static void test_head_must_lead_back(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
  const image_nt_heap *heap = &at.process.nt[0];
  image_put(&at.image, heap->large_list + 8, heap_rig_block_at(&at, 0), 8);
  check_broken_large(&at, 5);
  image_put(&at.image, heap->large_list + 8, heap->last_large_block, 8);
  image_put(&at.image, heap->segment_list + 8, heap->address + 0x18, 8);
  heap_rig_list_and_walk(&at);
  heap_rig_check_problem(&at, "its list of segments is broken");
  heap_rig_end(&at);
}

static void segment_circles(image_nt_layout layout, unsigned p)
{
  heap_rig at;
  heap_rig_nt(&at, layout, p);
  uint64_t entry = p == 8 ? 0x18 : 0x10;
  uint64_t last = at.process.nt[0].last_segment + entry;
  const uint64_t targets[] = {last,
                              at.process.nt[0].address + entry,
                              at.process.nt[1].address + entry,
                              at.process.nt[1].segment_list,
                              0,
                              1,
                              4,
                              UINT32_MAX - 3,
                              UINT64_MAX - 7};
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    image_put(&at.image, last, targets[i], p);
    heap_rig_list_and_walk(&at);
    heap_rig_check_problem(&at, "its list of segments is broken");
    assert_int_equal(at.heap.segments, 3);
    assert_false(at.heap.counters_known);
    heap_rig_end_walk(&at);
  }
  image_fini(&at.image);
}

static void test_segment_circles(void **state)
{
  (void)state;
  heap_rig_each_nt(segment_circles);
}

/* The first segment is the heap: a list without it is not the heap's. */
static void test_own_segment_must_be_listed(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
  const image_nt_heap *heap = &at.process.nt[0];
  uint64_t second = image_get(&at.image, heap->address + 0x18, 8);
  image_put(&at.image, heap->segment_list, second, 8);
  image_put(&at.image, second + 8, heap->segment_list, 8);
  heap_rig_list_and_walk(&at);
  heap_rig_check_problem(&at, "its list of segments is broken");
  assert_int_equal(at.heap.segments, 2);
  heap_rig_end(&at);
}

/* Into another heap's list, as the pointers of a heap shared with another process may lead. */
static void test_links_into_another_heap(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
  image_nt_heap *other = &at.process.nt[1];
  uint64_t foreign =
      image_nt_heap_large(&at.image, other, other->address + UINT64_C(0x20000000), 2, 0x300000);
  uint64_t last = at.process.nt[0].last_large_block;
  image_put(&at.image, last, foreign, 8);
  check_broken_large(&at, 5);
  image_put(&at.image, at.process.nt[0].large_list, other->large_list, 8);
  image_put(&at.image, at.process.nt[0].large_list + 8, other->large_list, 8);
  heap_rig_list_and_walk(&at);
  heap_rig_check_problem(&at, "its list of large blocks is broken");
  assert_int_equal(at.heap.large_blocks, 0);
  assert_int_equal(heap_rig_tag_at(&at, foreign), SEEP_TAG_UNKNOWN);
  heap_rig_end(&at);
}

/* A node that would wrap around the end of 32 bits, although the memory up there can be read with 64. */
static void test_wrap_around(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 4);
  const image_nt_heap *heap = &at.process.nt[0];
  image_allocation(&at.image, UINT64_C(0xFFFF0000), 0, 0x20000, 0);
  uint64_t node = UINT64_C(0xFFFFFFF0); /* 16 of its 24 bytes lie below 4 GB */
  image_put(&at.image, node, heap->large_list, 4);
  image_put(&at.image, node + 4, heap->last_large_block, 4);
  image_put(&at.image, node + 0x10, 0x1000, 4);
  image_put(&at.image, node + 0x14, 0x1000, 4);
  image_put(&at.image, heap->last_large_block, node, 4);
  check_broken_large(&at, 5);
  image_put(&at.image, heap->large_list + 4, node,
            4); /* from the tail as well: four, and the fifth by the head */
  check_broken_large(&at, 5);
  static const uint64_t low[] = {0, 4, 8, 0xC, UINT32_MAX};
  for (size_t i = 0; i < sizeof low / sizeof *low; i++) {
    image_put(&at.image, heap->last_large_block, low[i], 4);
    image_put(&at.image, heap->large_list + 4, low[i], 4);
    check_broken_large(&at, 5);
  }
  image_fini(&at.image);
}

/* ---- what is left of a list ---- */

static void torn(image_nt_layout layout, unsigned p)
{
  heap_rig at;
  heap_rig_nt(&at, layout, p);
  uint64_t hidden = heap_rig_block_at(&at, 2);
  image_hide(&at.image, hidden, true); /* paged out, or not in the dump */
  check_broken_large(&at, 4);
  image_hide(&at.image, hidden, false);
  image_put(&at.image, heap_rig_block_at(&at, 1), 0,
            p); /* seen from the tail it is whole, but only from there */
  check_broken_large(&at, 5);
  image_fini(&at.image);
}

static void test_torn_list_is_read_from_both_ends(void **state)
{
  (void)state;
  heap_rig_each_nt(torn);
}

#define MANY 1000u

static void begin_many(heap_rig *at)
{
  heap_rig_nt(at, IMAGE_NT_WINDOWS_8, 8);
  for (unsigned i = 0; i < MANY; i++) {
    uint64_t base = at->process.nt[0].address + UINT64_C(0x100000000) + i * UINT64_C(0x200000);
    image_nt_heap_large(&at->image, &at->process.nt[0], base, i % 16, 0x101000);
  }
  heap_rig_list(at);
}

/* Half of the budget from the head, half from the tail, where the new blocks are; an eighth of what is left
 * stays for the heaps behind this one. */
static void test_long_list_and_short_budget(void **state)
{
  (void)state;
  heap_rig at;
  begin_many(&at);
  heap_rig_walk(&at, 600);
  heap_rig_check_problem(&at, "it has more large blocks than may be read");
  assert_true(at.heap.large_blocks > 500 && at.heap.large_blocks < 600);
  assert_int_equal(heap_rig_tag_at(&at, at.process.nt[0].last_large_block), SEEP_TAG_HEAP_LARGE);
  assert_int_equal(heap_rig_tag_at(&at, heap_rig_block_at(&at, 0)), SEEP_TAG_HEAP_LARGE);
  assert_int_equal(at.probe.ended, SEEP_OK);
  heap_rig_check_honest(&at);
  uint64_t left = 600 - at.probe.reads;
  seep_heap_walk(&at.probe, &at.regions, at.process.nt[1].address, 8, true, &at.heap);
  assert_true(at.heap.complete && left > 10);
  heap_rig_end(&at);
}

static void test_many_segments_and_short_budget(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
  for (unsigned i = 0; i < 100; i++) {
    image_nt_heap_segment(&at.image, &at.process.nt[0], at.address + (i + 1) * UINT64_C(0x100000000),
                          0x100000, 0x2000);
  }
  heap_rig_list(&at);
  heap_rig_walk(&at, 81); /* one for the head, and an eighth is left for others */
  heap_rig_check_problem(&at, "it has more segments than may be read");
  assert_int_equal(at.heap.segments, 70);
  assert_int_equal(at.heap.large_blocks, 5);
  assert_false(at.heap.counters_known);
  heap_rig_check_honest(&at);
  heap_rig_end_walk(&at);
  heap_rig_list_and_walk(&at);
  assert_true(at.heap.complete && at.heap.counters_known);
  heap_rig_end(&at);
}

/* The two ways meet: everything has been seen. */
static void test_two_ways_meet(void **state)
{
  (void)state;
  heap_rig at;
  begin_many(&at);
  heap_rig_walk(&at, 1400); /* the way from the head ends at 700 */
  assert_true(at.heap.complete);
  heap_rig_check_honest(&at);
  assert_int_equal(heap_rig_tagged(&at, SEEP_TAG_HEAP_LARGE), MANY + 5);
  assert_true(at.probe.reads < MANY + 30);
  heap_rig_end(&at);
}

/* ---- the n-th read fails ---- */

static void check_nth(image_nt_layout layout, unsigned p, seep_status status, bool stays)
{
  heap_rig at;
  heap_rig_nt(&at, layout, p);
  heap_rig_check_each_read_failing(&at, 10, status, stays);
  image_fini(&at.image);
}

static void nth_read(image_nt_layout layout, unsigned p)
{
  check_nth(layout, p, SEEP_NOT_FOUND, false);
  check_nth(layout, p, SEEP_NOT_FOUND, true);
  check_nth(layout, p, SEEP_OS, true);
  check_nth(layout, p, SEEP_DENIED, false);
  check_nth(layout, p, SEEP_GONE, false);
  check_nth(layout, p, SEEP_TIMED_OUT, true);
}

static void test_nth_read_fails(void **state)
{
  (void)state;
  heap_rig_each_nt(nth_read);
}

static void any_budget(image_nt_layout layout, unsigned p)
{
  heap_rig at;
  heap_rig_nt(&at, layout, p);
  heap_rig_list_and_walk(&at);
  uint64_t reads = at.probe.reads;
  heap_rig_end_walk(&at);
  for (uint64_t n = 0; n < reads + 10; n++) {
    heap_rig_list(&at);
    heap_rig_walk(&at, n);
    heap_rig_check_honest(&at); /* two ways that meet need fewer reads than one way */
    assert_true(at.heap.complete ? n >= reads - 2 : n <= reads);
    heap_rig_end_walk(&at);
  }
  image_fini(&at.image);
}

static void test_any_budget(void **state)
{
  (void)state;
  heap_rig_each_nt(any_budget);
}

static void test_reasons_that_end_a_walk(void **state)
{
  (void)state;
  static const struct {
    seep_status status;
    const char *problem;
  } reasons[] = {{SEEP_DENIED, "its memory may not be read"},
                 {SEEP_GONE, "the process has ended"},
                 {SEEP_TIMED_OUT, "the deadline passed"}};
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_7, 4);
  for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
    at.image.fail_read = 4;
    at.image.fail_status = reasons[i].status;
    heap_rig_list_and_walk(&at);
    heap_rig_check_problem(&at, reasons[i].problem);
    heap_rig_end_walk(&at);
  }
  at.image.fail_read = 0;
  heap_rig_list(&at);
  heap_rig_walk(&at, 1);
  heap_rig_check_problem(&at, "it has more segments than may be read");
  assert_int_equal(at.probe.ended, SEEP_OK); /* nothing was refused */
  heap_rig_end_walk(&at);
  heap_rig_list(&at);
  heap_rig_walk(&at, 0);
  heap_rig_check_problem(&at, "the budget of reads was used up");
  heap_rig_end(&at);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_circles),
      cmocka_unit_test(test_head_must_lead_back),
      cmocka_unit_test(test_segment_circles),
      cmocka_unit_test(test_own_segment_must_be_listed),
      cmocka_unit_test(test_links_into_another_heap),
      cmocka_unit_test(test_wrap_around),
      cmocka_unit_test(test_torn_list_is_read_from_both_ends),
      cmocka_unit_test(test_long_list_and_short_budget),
      cmocka_unit_test(test_many_segments_and_short_budget),
      cmocka_unit_test(test_two_ways_meet),
      cmocka_unit_test(test_nth_read_fails),
      cmocka_unit_test(test_any_budget),
      cmocka_unit_test(test_reasons_that_end_a_walk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
