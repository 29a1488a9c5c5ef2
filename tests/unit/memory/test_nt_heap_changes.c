/*
 * NT heaps of a process that does not wait: what the list of regions does not have, or has otherwise, and
 * what changes in the middle of a walk.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/memory/heap_rig.h"

/* ---- between the list of regions and the walk ---- */

static void newer(image_nt_layout layout, unsigned p)
{
  heap_rig at;
  heap_rig_nt(&at, layout, p);
  heap_rig_list(&at);
  uint64_t base = at.process.nt[0].address + UINT64_C(0x10000000);
  image_nt_heap_large(&at.image, &at.process.nt[0], base, 3, 0x200000);
  image_nt_heap_segment(&at.image, &at.process.nt[0], base + 0x1000000, 0x100000, 0x4000);
  heap_rig_walk(&at, HEAP_RIG_READS);
  assert_true(at.heap.complete);
  assert_int_equal(at.heap.segments, 4);
  assert_int_equal(at.heap.large_blocks, 5);
  assert_int_equal(heap_rig_tagged(&at, SEEP_TAG_HEAP_LARGE), 5);
  assert_int_equal(at.heap.unseen_bytes, 0x200000 + 0x4000); /* as the heap says */
  heap_rig_end_walk(&at);
  heap_rig_list_and_walk(&at);
  assert_true(at.heap.complete && at.heap.large_blocks == 6 && at.heap.unseen_bytes == 0);
  heap_rig_end(&at);
}

static void test_newer_than_the_regions(void **state)
{
  (void)state;
  heap_rig_each_nt(newer);
}

/* As in a dump whose list lost a part: what no region has now either is not newer than the list. */
static void test_regions_that_are_not_there_at_all(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 3; i++) {
    heap_rig at;
    heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
    const image_nt_heap *heap = &at.process.nt[0];
    const uint64_t from[] = {heap->last_large_block - 0xC000, heap->last_segment, 0};
    const uint64_t bytes[] = {0x405000, 0xC0000, heap->large_block_bytes + 0x80000 + 0x33000 + 0xC0000};
    at.image.untold_from = from[i];
    at.image.untold_to = i == 2 ? UINT64_MAX : from[i] + 0x200000;
    at.image.list_free = i == 1;
    heap_rig_list_and_walk(&at);
    assert_true(at.regions.known);
    heap_rig_check_problem(&at, "a part of it lies where no memory is");
    assert_int_equal(at.heap.unseen_bytes, bytes[i]);
    assert_int_equal(at.heap.segments, 3);
    heap_rig_end(&at);
  }
}

static seep_status (*image_tells)(void *context, uint64_t address, seep_region *out, seep_error *error);

static seep_status tell_reserved(void *context, uint64_t address, seep_region *out, seep_error *error)
{
  seep_status status = image_tells(context, address, out, error);
  out->state = SEEP_REGION_RESERVE;
  return status;
}

/* What is asked about newer memory: it must be committed, and what ends everything ends the walk. */
static void test_questions_about_newer_memory(void **state)
{
  (void)state;
  static const struct {
    seep_status status;
    const char *problem;
    seep_status ended;
  } cases[] = {{SEEP_OK, "a part of it lies where no memory is", SEEP_OK},
               {SEEP_NOT_FOUND, "a part of it lies where no memory is", SEEP_OK},
               {SEEP_OS, "a part of it lies where no memory is", SEEP_OK},
               {SEEP_DENIED, "its memory may not be read", SEEP_DENIED},
               {SEEP_GONE, "the process has ended", SEEP_GONE},
               {SEEP_TIMED_OUT, "the deadline passed", SEEP_TIMED_OUT}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    heap_rig at;
    heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
    heap_rig_list(&at);
    uint64_t base = at.process.nt[0].address + UINT64_C(0x10000000);
    image_nt_heap_large(&at.image, &at.process.nt[0], base, 3, 0x200000);
    image_nt_heap_large(&at.image, &at.process.nt[0], base + 0x1000000, 0, 0x300000);
    at.image.region_calls = 0;
    at.image.fail_region = 1; /* for the first of the two */
    at.image.fail_status = cases[i].status;
    if (cases[i].status == SEEP_OK) {
      image_tells = at.image.target.region;
      at.image.target.region = tell_reserved;
      at.image.fail_region = 0;
    }
    heap_rig_walk(&at, HEAP_RIG_READS);
    heap_rig_check_problem(&at, cases[i].problem);
    assert_int_equal(at.probe.ended, cases[i].ended);
    assert_int_equal(at.heap.unseen_bytes, cases[i].ended == SEEP_OK ? 0x500000 : 0x200000);
    assert_int_equal(at.image.region_calls, cases[i].ended == SEEP_OK ? 2 : 1);
    assert_int_equal(at.heap.large_blocks, 5);
    heap_rig_end(&at);
  }
}

/* An answer is about the address that was asked for, whatever size it tells; none is asked for at the end. */
static void test_answers_about_newer_memory(void **state)
{
  (void)state;
  memory_image image;
  seep_probe probe;
  seep_region region;
  image_init(&image, 8);
  image_allocation(&image, 0x20000, 0, 0x2000, 0x1000);
  seep_probe_init(&probe, &image.target, 0);
  assert_true(seep_probe_region(&probe, 0x21FFF, &region) && region.base == 0x20000);
  assert_false(seep_probe_region(&probe, 0x1FFFF, &region));
  assert_false(seep_probe_region(&probe, 0x23000, &region));
  image_find_region(&image, 0x20000)->size_bytes = UINT64_MAX;
  assert_false(seep_probe_region(&probe, 0x1FFFE, &region));
  assert_true(probe.reads == 0 && probe.ended == SEEP_OK);
  image.region_calls = 0;
  assert_false(seep_probe_read(&probe, 0x20000, &region, 1));
  assert_false(seep_probe_region(&probe, 0x20000, &region));
  assert_int_equal(image.region_calls, 0);
  image_fini(&image);
}

/* Parts of a heap's allocation have another allocation base, or a hole is between them. */
static void torn_segment(image_nt_layout layout, unsigned p)
{
  heap_rig at;
  heap_rig_nt(&at, layout, p);
  uint64_t last = at.process.nt[0].last_segment;
  image_find_region(&at.image, last + 0xC0000)->allocation_base = last + 0xC0000;
  heap_rig_list_and_walk(&at);
  heap_rig_check_problem(&at, "a segment says it is larger than its memory");
  assert_int_equal(heap_rig_tag_at(&at, last), SEEP_TAG_HEAP);
  assert_int_equal(heap_rig_tag_at(&at, last + 0xC0000), SEEP_TAG_UNKNOWN);
  assert_int_equal(at.heap.segments, 3);
  heap_rig_end(&at);
}

static void test_segment_larger_than_its_memory(void **state)
{
  (void)state;
  heap_rig_each_nt(torn_segment);
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_7, 8);
  uint64_t pages = at.process.nt[0].last_segment + 0x38;
  image_put(&at.image, pages, 0x200, 4); /* all of the 2 MB, as before */
  heap_rig_list_and_walk(&at);
  assert_true(at.heap.complete);
  heap_rig_end_walk(&at);
  image_put(&at.image, pages, 0x201, 4);
  heap_rig_list_and_walk(&at);
  heap_rig_check_problem(&at, "a segment says it is larger than its memory");
  heap_rig_end(&at);
}

/* A block grows in place, into its reserve; one that outgrows its allocation is another than the one listed.
 */
static void test_block_that_grew(void **state)
{
  (void)state;
  for (unsigned pages = 1; pages <= 20; pages++) {
    heap_rig at;
    heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
    const image_nt_heap *heap = &at.process.nt[0];
    heap_rig_list(&at);
    size_t index = seep_regions_find(&at.regions, heap->last_large_block);
    uint64_t room = at.regions.allocations[index].end - at.regions.allocations[index].base;
    uint64_t grown = 0x405000 + pages * UINT64_C(0x1000);
    image_put(&at.image, heap->last_large_block + 0x20, grown, 8);
    image_put(&at.image, heap->last_large_block + 0x28, grown, 8);
    heap_rig_walk(&at, HEAP_RIG_READS);
    assert_true(at.heap.complete == (grown <= room));
    assert_int_equal(at.heap.large_blocks, 5);
    assert_int_equal(at.heap.large_block_bytes, heap->large_block_bytes);
    assert_int_equal(heap_rig_tag_at(&at, heap->last_large_block), SEEP_TAG_HEAP_LARGE);
    heap_rig_end(&at);
  }
}

/* ---- memory of two heaps ---- */

/* A part that another heap claimed first, as for the nodes of its tree, is no less a heap's. */
static void test_memory_of_another_heap(void **state)
{
  (void)state;
  static const seep_tag tags[] = {SEEP_TAG_HEAP_TREE, SEEP_TAG_HEAP, SEEP_TAG_HEAP_PAGES};
  for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
    heap_rig at;
    heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
    heap_rig_list(&at);
    assert_true(seep_regions_tag(&at.regions, at.process.nt[0].address, tags[i]));
    assert_true(seep_regions_tag(&at.regions, at.process.nt[0].last_segment, tags[i]));
    assert_true(seep_regions_tag(&at.regions, at.process.nt[0].last_large_block, tags[i]));
    heap_rig_walk(&at, HEAP_RIG_READS);
    assert_true(at.heap.complete);
    assert_int_equal(at.heap.segments, 3);
    assert_int_equal(at.heap.large_blocks, 4);
    assert_int_equal(heap_rig_tag_at(&at, at.process.nt[0].last_large_block), tags[i]);
    heap_rig_end(&at);
  }
}

/* ---- in the middle of the walk ---- */

/* A block is added just before that read. */
typedef struct late_block {
  heap_rig *rig;
  uint64_t number;
} late_block;

static void add_late(memory_image *image, uint64_t number, void *context)
{
  const late_block *late = context;
  image_nt_heap *heap = &late->rig->process.nt[0];
  if (number == late->number) {
    image_nt_heap_large(image, heap, heap->address + UINT64_C(0x10000000), 3, 0x200000);
  }
}

static void test_block_added_on_the_way(void **state)
{
  (void)state;
  unsigned seen = 0;
  for (uint64_t number = 1; number < 20; number++) {
    heap_rig at;
    heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
    late_block late = {&at, number};
    heap_rig_list(&at);
    at.image.before_read = add_late;
    at.image.before_read_context = &late;
    heap_rig_walk(&at, HEAP_RIG_READS);
    assert_true(at.heap.complete && at.heap.large_blocks == 5);
    assert_true(at.heap.unseen_bytes == 0 || at.heap.unseen_bytes == 0x200000);
    seen += at.heap.unseen_bytes != 0 ? 1 : 0;
    heap_rig_end(&at);
  }
  assert_true(seen > 0 && seen < 19);
}

static void unlink_node(memory_image *image, uint64_t node)
{
  uint64_t next = image_get(image, node, 8), before = image_get(image, node + 8, 8);
  image_put(image, before, next, 8);
  image_put(image, next + 8, before, 8);
  image_hide(image, node, true);
}

/* The third block is freed between the read of the second and its own. */
static void free_third(memory_image *image, uint64_t number, void *context)
{
  heap_rig *at = context;
  (void)number;
  uint64_t third = at->process.nt[1].last_large_block; /* kept there by the test */
  if (third != 0 && heap_rig_tag_at(at, heap_rig_block_at(at, 1)) == SEEP_TAG_HEAP_LARGE) {
    at->process.nt[1].last_large_block = 0;
    unlink_node(image, third);
  }
}

static void test_block_freed_on_the_way(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
  heap_rig_list(&at);
  at.process.nt[1].last_large_block = heap_rig_block_at(&at, 2);
  at.image.before_read = free_third;
  at.image.before_read_context = &at;
  heap_rig_walk(&at, HEAP_RIG_READS);
  assert_true(at.heap.complete);
  assert_int_equal(at.process.nt[1].last_large_block, 0);
  assert_int_equal(at.heap.large_blocks, 4);
  heap_rig_end(&at);
}

/* Every read finds the list changed: the last node leads on and on. */
static void grow_always(memory_image *image, uint64_t number, void *context)
{
  heap_rig *at = context;
  if (number < 5000) {
    image_nt_heap *heap = &at->process.nt[0];
    uint64_t base = heap->address + UINT64_C(0x100000000) + number * UINT64_C(0x100000);
    image_nt_heap_large(image, heap, base, 0, 0x1000);
  }
}

static void test_list_that_grows_while_it_is_read(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
  heap_rig_list(&at);
  at.image.before_read = grow_always;
  at.image.before_read_context = &at;
  heap_rig_walk(&at, 1000);
  assert_false(at.heap.complete);
  assert_int_equal(at.heap.large_blocks, 5); /* the new ones are in none of the sums */
  heap_rig_end(&at);
}

/* The last link never stands still, and is never right. */
static void wave(memory_image *image, uint64_t number, void *context)
{
  const heap_rig *at = context;
  image_put(image, at->process.nt[0].last_large_block, at->process.private_data + number * 0x10, 8);
}

static void test_link_that_always_changes(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
  heap_rig_list(&at);
  at.image.before_read = wave;
  at.image.before_read_context = &at;
  heap_rig_walk(&at, HEAP_RIG_READS);
  heap_rig_check_problem(&at, "its list of large blocks is broken");
  assert_int_equal(at.heap.large_blocks, 5);
  assert_true(at.probe.reads > 30 && at.probe.reads < 60); /* it was asked again, but not for ever */
  heap_rig_end(&at);
}

/* The list leads in a circle by changing behind our back: links always fit, and never end. */
static void turn(memory_image *image, uint64_t number, void *context)
{
  heap_rig *at = context;
  const image_nt_heap *heap = &at->process.nt[0];
  uint64_t a = image_get(image, heap->large_list, 8);
  uint64_t b = heap->last_large_block;
  (void)number;
  image_put(image, a, b, 8);
  image_put(image, b, a, 8);
  image_put(image, a + 8, at->heap.large_blocks <= 1 ? heap->large_list : b, 8);
  image_put(image, b + 8, a, 8);
}

static void test_circle_made_on_the_way(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
  heap_rig_list(&at);
  at.image.before_read = turn;
  at.image.before_read_context = &at;
  heap_rig_walk(&at, 2000);
  assert_false(at.heap.complete);
  assert_true(at.heap.large_blocks <= 5); /* none was counted twice */
  assert_true(at.heap.large_blocks == heap_rig_tagged(&at, SEEP_TAG_HEAP_LARGE));
  assert_true(at.probe.reads < 50);
  heap_rig_end(&at);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_newer_than_the_regions),
      cmocka_unit_test(test_regions_that_are_not_there_at_all),
      cmocka_unit_test(test_questions_about_newer_memory),
      cmocka_unit_test(test_answers_about_newer_memory),
      cmocka_unit_test(test_segment_larger_than_its_memory),
      cmocka_unit_test(test_block_that_grew),
      cmocka_unit_test(test_memory_of_another_heap),
      cmocka_unit_test(test_block_added_on_the_way),
      cmocka_unit_test(test_block_freed_on_the_way),
      cmocka_unit_test(test_list_that_grows_while_it_is_read),
      cmocka_unit_test(test_link_that_always_changes),
      cmocka_unit_test(test_circle_made_on_the_way),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
