/*
 * NT heaps of every known layout, whole and spoiled. The rule behind all of it: a heap that is called
 * complete has been seen whole, whatever failed or lied on the way.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/memory/dump_rig.h"
#include "unit/memory/heap_rig.h"

/* ---- whole heaps ---- */

static void whole(image_nt_layout layout, unsigned pointer_bytes)
{
  heap_rig at;
  heap_rig_nt(&at, layout, pointer_bytes);
  heap_rig_list_and_walk(&at);
  const seep_heap *heap = &at.heap;
  assert_int_equal(heap->form, SEEP_HEAP_NT);
  assert_string_equal(heap->layout, layout == IMAGE_NT_WINDOWS_7 ? "Windows 7" : "Windows 8 and later");
  assert_true(heap->complete);
  assert_true(heap->listed);
  assert_int_equal(heap->flags, 2);
  assert_int_equal(heap->segments, 3);
  assert_int_equal(heap->large_blocks, 5);
  assert_int_equal(heap->large_block_bytes, 5 * 0x401000 + 10 * 0x1000);
  assert_true(heap->front_end == at.process.nt[0].address + 0x700000);
  assert_true(heap->counters_known);
  uint64_t left_out = layout == IMAGE_NT_WINDOWS_7 ? 0 : 3 * 0x1000;
  assert_int_equal(heap->counted_reserved_bytes, 0x400000 - left_out);
  assert_int_equal(heap->counted_committed_bytes, 0x80000 + 0x33000 + 0xC0000);
  assert_int_equal(heap->counted_large_committed_bytes, heap->large_block_bytes);
  assert_int_equal(heap->counted_uncommitted_large_bytes, 0);
  assert_int_equal(heap_rig_tagged(&at, SEEP_TAG_HEAP), 3);
  assert_int_equal(heap_rig_tagged(&at, SEEP_TAG_HEAP_LARGE), 5);
  assert_int_equal(heap_rig_tagged(&at, SEEP_TAG_HEAP_FRONT_END), 1);
  assert_int_equal(heap_rig_tag_at(&at, at.process.private_data), SEEP_TAG_UNKNOWN);
  assert_int_equal(heap_rig_tag_at(&at, at.process.stack), SEEP_TAG_UNKNOWN);
  heap_rig_end(&at);
}

static void test_whole(void **state)
{
  (void)state;
  heap_rig_each_nt(whole);
}

static void small_and_mapped(image_nt_layout layout, unsigned pointer_bytes)
{
  heap_rig at;
  heap_rig_nt(&at, layout, pointer_bytes);
  heap_rig_list(&at);
  for (size_t i = 1; i < 3; i++) {
    seep_probe_init(&at.probe, &at.image.target, HEAP_RIG_READS);
    seep_heap_walk(&at.probe, &at.regions, at.process.nt[i].address, pointer_bytes, false, &at.heap);
    assert_true(at.heap.complete);
    assert_true(at.heap.counters_known);
    assert_false(at.heap.listed);
    assert_int_equal(at.heap.segments, 1);
    assert_int_equal(at.heap.large_blocks, 0);
    assert_int_equal(at.heap.front_end, 0);
    assert_int_equal(at.heap.flags, i == 1 ? 0x1002 : 0x8000);
    assert_int_equal(heap_rig_tag_at(&at, at.heap.address), i == 1 ? SEEP_TAG_HEAP : SEEP_TAG_HEAP_MAPPED);
  }
  heap_rig_end(&at);
}

static void test_small_and_mapped(void **state)
{
  (void)state;
  heap_rig_each_nt(small_and_mapped);
}

/* Without a list of regions there are figures, and nothing that regions would have to prove. */
static void test_without_regions(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
  at.image.no_region_list = true;
  heap_rig_list_and_walk(&at);
  assert_false(at.regions.known);
  assert_true(at.heap.complete);
  assert_int_equal(at.heap.segments, 3);
  assert_int_equal(at.heap.large_blocks, 5);
  assert_int_equal(at.heap.front_end, 0);
  assert_true(at.heap.counters_known); /* by the segments' own words */
  heap_rig_end_walk(&at);

  uint64_t counters = at.process.nt[0].counters;
  uint64_t reserved_bytes = image_get(&at.image, counters, 8);
  uint64_t committed_bytes = image_get(&at.image, counters + 8, 8);
  image_put(&at.image, counters, 0, 8); /* as much as the regions say */
  image_put(&at.image, counters + 8, 0, 8);
  heap_rig_list_and_walk(&at);
  assert_true(at.heap.complete);
  assert_false(at.heap.counters_known);
  heap_rig_end_walk(&at);

  uint64_t uncommitted = at.process.nt[0].last_segment + 0x50; /* one page more than there are in it */
  uint64_t pages = image_get(&at.image, at.process.nt[0].last_segment + 0x38, 4);
  image_put(&at.image, counters, reserved_bytes, 8);
  image_put(&at.image, counters + 8, committed_bytes - 0xC0000 - 0x1000, 8);
  image_put(&at.image, uncommitted, pages + 1, 4);
  heap_rig_list_and_walk(&at);
  assert_false(at.heap.counters_known);
  heap_rig_end_walk(&at);

  image_put(&at.image, at.process.nt[0].last_large_block + 0x20, 0, 8);
  heap_rig_list_and_walk(&at);
  heap_rig_check_problem(&at, "a large block tells no size that can be");
  assert_int_equal(at.heap.large_blocks, 4);
  heap_rig_end(&at);
}

/* ---- real ones ---- */

/* Headers of two heaps of a 32-bit program on 64-bit Windows 7, out of a dump without a list of regions. That
 * lists close, owners are right and counters equal the segments' own page counts is evidence for both rows of
 * Windows 7: nothing was made to fit here. */
static void test_real_windows_7(void **state)
{
  (void)state;
  static const struct {
    uint64_t address;
    unsigned pointer_bytes;
    uint32_t flags;
    uint64_t reserved_bytes, committed_bytes, uncommitted_large_bytes;
  } expected[] = {{0x8B0000, 4, 0x40000062, 0x100000, 0x8000, 0xF8000},
                  {0x10000, 8, 0x40008060, 0x10000, 0x1000, 0}};
  dump_rig rig;
  seep_minidump dump;
  seep_target target;
  seep_regions regions;
  dump_rig_load(&rig, "real-win7-wow64-notepad-heapheaders.dmp");
  assert_int_equal(seep_minidump_open(&dump, &rig.window, NULL), SEEP_OK);
  seep_minidump_target(&dump, &target);
  seep_regions_init(&regions);
  for (size_t i = 0; i < 2; i++) {
    seep_probe probe;
    seep_heap heap;
    seep_probe_init(&probe, &target, HEAP_RIG_READS);
    seep_heap_walk(&probe, &regions, expected[i].address, expected[i].pointer_bytes, true, &heap);
    assert_int_equal(heap.form, SEEP_HEAP_NT);
    assert_string_equal(heap.layout, "Windows 7");
    assert_true(heap.complete);
    assert_int_equal(heap.flags, expected[i].flags);
    assert_int_equal(heap.segments, 1);
    assert_int_equal(heap.large_blocks, 0);
    assert_true(heap.counters_known);
    assert_int_equal(heap.counted_reserved_bytes, expected[i].reserved_bytes);
    assert_int_equal(heap.counted_committed_bytes, expected[i].committed_bytes);
    assert_int_equal(heap.counted_uncommitted_large_bytes, expected[i].uncommitted_large_bytes);
  }
  seep_regions_fini(&regions);
  seep_minidump_fini(&dump);
  dump_rig_free(&rig);
}

/* ---- what is not the heap it says ---- */

static void test_other_forms(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
  const image_nt_heap *heap = &at.process.nt[0];
  image_put(&at.image, heap->signature, 0, 4); /* as under Wine */
  heap_rig_list_and_walk(&at);
  assert_int_equal(at.heap.form, SEEP_HEAP_SIGNATURE_ONLY);
  assert_string_equal(at.heap.layout, "");
  assert_false(at.heap.complete);
  assert_int_equal(at.heap.segments, 0);
  assert_int_equal(heap_rig_tag_at(&at, heap->address), SEEP_TAG_HEAP);
  assert_int_equal(heap_rig_tagged(&at, SEEP_TAG_HEAP), 1);
  heap_rig_end_walk(&at);

  image_put(&at.image, heap->signature, 0xEEFFEEFF, 4);
  image_put(&at.image, heap->owner, heap->address + 0x1000, 8);
  heap_rig_list_and_walk(&at);
  assert_int_equal(at.heap.form, SEEP_HEAP_SIGNATURE_ONLY);
  heap_rig_end_walk(&at);

  image_put(&at.image, heap->address + 0x10, 0x12345678, 4);
  heap_rig_list_and_walk(&at);
  assert_int_equal(at.heap.form, SEEP_HEAP_STRANGE);
  heap_rig_check_problem(&at, "its first page has no mark of a heap");
  heap_rig_end_walk(&at);

  image_hide(&at.image, heap->address, true);
  heap_rig_list_and_walk(&at);
  assert_int_equal(at.heap.form, SEEP_HEAP_UNREADABLE);
  heap_rig_check_problem(&at, "its first page could not be read");
  assert_int_equal(heap_rig_tag_at(&at, heap->address), SEEP_TAG_HEAP);
  heap_rig_end(&at);
}

static void test_heap_in_other_memory(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
  heap_rig_list(&at);
  assert_true(seep_regions_tag(&at.regions, at.process.nt[0].address, SEEP_TAG_STACK));
  heap_rig_walk(&at, HEAP_RIG_READS);
  heap_rig_check_problem(&at, "it lies in memory that is used for something else");
  assert_int_equal(heap_rig_tag_at(&at, at.process.nt[0].address), SEEP_TAG_STACK);
  heap_rig_end(&at);
}

static void test_address_at_the_end(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
  heap_rig_list(&at);
  static const uint64_t addresses[] = {UINT64_C(0xFFFFFE00), UINT64_MAX - 0x10, 0};
  for (size_t i = 0; i < 3; i++) {
    for (unsigned p = 4; p <= 8; p += 4) {
      seep_probe_init(&at.probe, &at.image.target, HEAP_RIG_READS);
      seep_heap_walk(&at.probe, &at.regions, addresses[i], p, true, &at.heap);
      assert_int_equal(at.heap.form, SEEP_HEAP_UNREADABLE);
      assert_false(at.heap.complete);
    }
  }
  heap_rig_end(&at);
}

static void test_form_texts(void **state)
{
  (void)state;
  assert_string_equal(seep_heap_form_text(SEEP_HEAP_NT), "NT heap");
  assert_string_equal(seep_heap_form_text(SEEP_HEAP_SEGMENT), "segment heap");
  assert_string_equal(seep_heap_form_text(SEEP_HEAP_UNREADABLE), "unreadable");
  assert_string_equal(seep_heap_form_text(SEEP_HEAP_SIGNATURE_ONLY), "signature only");
  assert_string_equal(seep_heap_form_text((seep_heap_form)77), "not recognised");
}

/* ---- what must agree ---- */

static void test_front_end_must_be_an_allocation(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
  const image_nt_heap *heap = &at.process.nt[0];
  uint64_t right = image_get(&at.image, heap->front_end, 8);
  const uint64_t wrong[] = {right + 0x1000, 0, heap->address, at.process.array};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    image_put(&at.image, heap->front_end, wrong[i], 8);
    heap_rig_list_and_walk(&at);
    assert_int_equal(at.heap.front_end, 0);
    assert_true(at.heap.complete);
    assert_int_equal(heap_rig_tagged(&at, SEEP_TAG_HEAP_FRONT_END), 0);
    heap_rig_end_walk(&at);
  }
  image_put(&at.image, heap->front_end, right, 8);
  image_put(&at.image, heap->front_end_type, 1, 1); /* another kind of front end */
  heap_rig_list_and_walk(&at);
  assert_int_equal(at.heap.front_end, 0);
  heap_rig_end(&at);
}

static void test_counters_must_agree(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
  const image_nt_heap *heap = &at.process.nt[0];
  for (unsigned i = 0; i < 2; i++) {
    uint64_t field = heap->counters + i * UINT64_C(8), right = image_get(&at.image, field, 8);
    image_put(&at.image, field, right + 0x1000, 8);
    heap_rig_list_and_walk(&at);
    assert_false(at.heap.counters_known);
    assert_int_equal(at.heap.counted_committed_bytes, 0);
    assert_true(at.heap.complete);
    heap_rig_end_walk(&at);
    image_put(&at.image, field, right, 8);
  }
  image_put(&at.image, heap->counters, 0x400000,
            8); /* with the last page of each reserve: the regions' sum */
  heap_rig_list_and_walk(&at);
  assert_true(at.heap.counters_known);
  heap_rig_end(&at);
}

typedef struct spoil {
  uint64_t offset, value;
  uint64_t lost_bytes; /* of the block's committed bytes, 0x405000, are not counted */
  const char *problem; /* NULL: none */
} spoil;

/* Of the newest block, to whose allocation belongs a page of reserve. The links have proven it: it is the
 * heap's whatever size it tells, and counts for no more than there is. */
static void test_block_must_fit_its_memory(void **state)
{
  (void)state;
  static const spoil cases[] = {
      {0x20, 0x404000, 0x1000, NULL},
      {0x28, 0x405000, 0, NULL},
      {0x20, 0, 0x405000, "a large block tells no size that can be"},
      {0x20, UINT64_MAX, 0, "a large block says it is larger than its memory"},
      {0x28, 0x1000, 0, "a large block tells no size that can be"}, /* reserve less than commit */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    heap_rig at;
    heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
    const image_nt_heap *heap = &at.process.nt[0];
    image_put(&at.image, heap->last_large_block + 0x28, UINT64_MAX, 8);
    image_put(&at.image, heap->last_large_block + cases[i].offset, cases[i].value, 8);
    heap_rig_list_and_walk(&at);
    assert_true(at.heap.complete == (cases[i].problem == NULL));
    if (cases[i].problem != NULL) {
      heap_rig_check_problem(&at, cases[i].problem);
    }
    assert_int_equal(at.heap.large_blocks, 5);
    assert_int_equal(at.heap.large_block_bytes, heap->large_block_bytes - cases[i].lost_bytes);
    assert_int_equal(heap_rig_tagged(&at, SEEP_TAG_HEAP_LARGE), 5);
    heap_rig_end(&at);
  }
}

/* A list that is right in itself, through memory that is none of the heap's. */
static void test_block_in_other_memory(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 3; i++) {
    heap_rig at;
    heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
    image_nt_heap *heap = &at.process.nt[0];
    /* A stack; mapped memory of another process's view; the inside of the heap. */
    static const char *const problems[] = {"a large block lies in memory that is used for something else",
                                           "a large block lies in memory that is used for something else",
                                           "a large block lies inside the heap itself"};
    const uint64_t places[] = {at.process.stack + 0xFF000, at.process.nt[2].address + 0x2000,
                               heap->address + 0x2000};
    image_put(&at.image, places[i], heap->large_list, 8);
    image_put(&at.image, places[i] + 8, heap->last_large_block, 8);
    image_put(&at.image, places[i] + 0x20, 0x1000, 8);
    image_put(&at.image, places[i] + 0x28, 0x1000, 8);
    image_put(&at.image, heap->last_large_block, places[i], 8);
    image_put(&at.image, heap->large_list + 8, places[i], 8);
    heap_rig_list(&at);
    assert_true(seep_regions_tag(&at.regions, at.process.stack, SEEP_TAG_STACK));
    heap_rig_walk(&at, HEAP_RIG_READS);
    heap_rig_check_problem(&at, problems[i]);
    assert_int_equal(at.heap.large_blocks, 5);
    assert_int_equal(heap_rig_tag_at(&at, at.process.stack), SEEP_TAG_STACK);
    heap_rig_end(&at);
  }
}

static void test_segment_in_other_memory(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_7, 8);
  heap_rig_list(&at);
  assert_true(seep_regions_tag(&at.regions, at.process.nt[0].last_segment, SEEP_TAG_TEB));
  heap_rig_walk(&at, HEAP_RIG_READS);
  heap_rig_check_problem(&at, "a segment lies in memory that is used for something else");
  assert_int_equal(heap_rig_tag_at(&at, at.process.nt[0].last_segment), SEEP_TAG_TEB);
  heap_rig_end(&at);
}

/* A segment that begins inside its allocation: the allocation's size says nothing about the counters then. */
static void test_segment_inside_its_allocation(void **state)
{
  (void)state;
  heap_rig at;
  heap_rig_nt(&at, IMAGE_NT_WINDOWS_7, 8);
  const image_nt_heap *heap = &at.process.nt[0];
  uint64_t base = heap->last_segment - 0x10000;
  for (size_t i = 0; i < at.image.region_count; i++) {
    seep_region *region = &at.image.regions[i];
    region->allocation_base = region->allocation_base == heap->last_segment ? base : region->allocation_base;
  }
  image_allocation(&at.image, base, 0x10000, 0, 0);
  heap_rig_list_and_walk(&at);
  assert_true(at.heap.complete && at.heap.counters_known);
  assert_int_equal(heap_rig_tag_at(&at, base), SEEP_TAG_HEAP);
  heap_rig_end_walk(&at);
  image_put(&at.image, heap->counters, image_get(&at.image, heap->counters, 8) + 0x10000, 8);
  heap_rig_list_and_walk(&at);
  assert_false(at.heap.counters_known);
  heap_rig_end(&at);
}

static void test_segments_must_be_owned(void **state)
{
  (void)state;
  static const unsigned offsets[] = {0x10, 0x28}; /* mark, owner */
  for (size_t i = 0; i < 2; i++) {
    heap_rig at;
    heap_rig_nt(&at, IMAGE_NT_WINDOWS_8, 8);
    image_put(&at.image, at.process.nt[0].last_segment + offsets[i], at.process.nt[1].address, 8);
    heap_rig_list_and_walk(&at);
    heap_rig_check_problem(&at, "its list of segments is broken");
    assert_int_equal(at.heap.segments, 2);
    assert_int_equal(heap_rig_tag_at(&at, at.process.nt[0].last_segment), SEEP_TAG_UNKNOWN);
    assert_false(at.heap.counters_known);
    assert_int_equal(at.heap.large_blocks, 5); /* the other list is none the worse */
    heap_rig_end(&at);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_whole),
      cmocka_unit_test(test_small_and_mapped),
      cmocka_unit_test(test_without_regions),
      cmocka_unit_test(test_real_windows_7),
      cmocka_unit_test(test_other_forms),
      cmocka_unit_test(test_heap_in_other_memory),
      cmocka_unit_test(test_address_at_the_end),
      cmocka_unit_test(test_form_texts),
      cmocka_unit_test(test_front_end_must_be_an_allocation),
      cmocka_unit_test(test_counters_must_agree),
      cmocka_unit_test(test_block_must_fit_its_memory),
      cmocka_unit_test(test_block_in_other_memory),
      cmocka_unit_test(test_segment_in_other_memory),
      cmocka_unit_test(test_segment_inside_its_allocation),
      cmocka_unit_test(test_segments_must_be_owned),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
