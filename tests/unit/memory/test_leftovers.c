/* What no thread and no heap claims: stacks, the .NET heap and code by shape, fixed pages, marks of heaps. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "memory/leftovers.h"
#include "unit/memory/inventory_rig.h"

#define MEGABYTE UINT64_C(0x100000)
#define PAGE UINT64_C(0x1000)

static void add_region(memory_image *image, uint64_t base, uint64_t size, uint64_t allocation,
                       uint32_t allocation_protect, uint32_t protect)
{
  seep_region region = {.base = base,
                        .size_bytes = size,
                        .allocation_base = allocation,
                        .allocation_protect = allocation_protect,
                        .protect = protect,
                        .state = protect != 0 ? SEEP_REGION_COMMIT : SEEP_REGION_RESERVE,
                        .type = SEEP_REGION_PRIVATE,
                        .private_bytes = SEEP_REGION_BYTES_UNKNOWN};
  image_region(image, &region);
}

/* Four regions of these protections, 0: reserve; of no bytes: none. */
static void add_shape(memory_image *image, uint64_t base, uint32_t protect, const uint64_t *sizes,
                      const uint32_t *protects)
{
  uint64_t at = base;
  for (size_t i = 0; i < 4; i++) {
    if (sizes[i] > 0) {
      add_region(image, at, sizes[i], base, protect, protects[i]);
    }
    at += sizes[i];
  }
}

static void test_stacks_by_shape(void **state)
{
  (void)state;
  static const struct {
    uint32_t protect;
    uint64_t sizes[4];
    uint32_t protects[4];
    bool is_stack;
  } shapes[] = {
      {4, {0xf5000, 0x3000, 0x8000, 0}, {0, 0x104, 4, 0}, true},      /* Windows 11 */
      {4, {0x3e000, 0x1000, 0x1000, 0}, {0, 0x104, 4, 0}, true},      /* 32 bits */
      {2, {0xfd000, 0x1000, 0x1000, 0x1000}, {0, 0x102, 2, 0}, true}, /* a shadow stack */
      {2, {0xfd000, 0x1000, 0x1000, 0x2000}, {0, 0x102, 2, 0}, false},
      {4, {0xf5000, 0x3000, 0x8000, 0x1000}, {0, 0x104, 4, 0}, false}, /* more behind it */
      {4, {0xf5000, 0x3000, 0x8000, 0}, {0, 0x101, 4, 0}, false},
      {4, {0xf5000, 0x3000, 0x8000, 0}, {0, 1, 4, 0}, false}, /* as heaps guard */
      {4, {0xf5000, 0x3000, 0x8000, 0}, {0, 0x104, 2, 0}, false},
      {4, {0xf5000, 0x3000, 0x8000, 0}, {4, 0x104, 4, 0}, false}, /* in the middle */
      {4, {0xf5000, 0x3000, 0x8000, 0}, {0, 0x104, 0, 0}, false},
      {4, {0xf5000, 0x11000, 0x8000, 0}, {0, 0x104, 4, 0}, false}, /* larger than guards are */
      {0x40, {0xf5000, 0x3000, 0x8000, 0}, {0, 0x140, 0x40, 0}, false},
      {4, {0, 0x3000, 0x8000, 0}, {0, 0x104, 4, 0}, false},
  };
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    memory_image image;
    image_process process;
    rig_make(&image, &process, RIG_NT_64);
    add_shape(&image, 0x10000000, shapes[i].protect, shapes[i].sizes, shapes[i].protects);
    rig_take(&image);
    assert_int_equal(rig_inventory.usage.tags[SEEP_TAG_STACK_SHAPE].allocations, shapes[i].is_stack);
    assert_int_equal(rig_inventory.usage.tags[SEEP_TAG_STACK].allocations, 1);
    image_fini(&image);
  }
}

static void test_the_dotnet_heap_by_shape(void **state)
{
  (void)state;
  static const struct {
    unsigned bytes;
    uint64_t leading, committed, total;
    bool is_managed;
  } shapes[] = {
      {8, 0, 0x400000, UINT64_C(1) << 38, true}, /* 256 GB of regions */
      {8, 0x10000, 0x400000, (UINT64_C(1) << 38) + 0x10000, true},
      {8, 0, 0, UINT64_C(1) << 38, false}, /* somebody's reserve without commit */
      {8, 0, 0x400000, (UINT64_C(1) << 38) - 0x1000, false},
      {8, 0, 0x400000, 256 * MEGABYTE, true}, /* a segment */
      {8, 0, 0x400000, 4096 * MEGABYTE, true},
      {8, 0x1000, 0x400000, 256 * MEGABYTE, false},
      {8, 0, 256 * MEGABYTE, 256 * MEGABYTE, false}, /* all committed: a block */
      {8, 0, 0x400000, 16 * MEGABYTE, false},
      {4, 0, 0x400000, 16 * MEGABYTE, true},
      {4, 0, 0x400000, 256 * MEGABYTE, false},
  };
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    for (int loaded = 0; loaded < 2; loaded++) {
      memory_image image;
      image_process process;
      uint64_t base = shapes[i].bytes == 8 ? UINT64_C(0x30000000000) : UINT64_C(0x40000000);
      rig_make(&image, &process, shapes[i].bytes == 8 ? RIG_NT_64 : RIG_NT_32);
      image_allocation(&image, base, shapes[i].leading, shapes[i].committed,
                       shapes[i].total - shapes[i].leading - shapes[i].committed);
      image.target.runtimes = loaded != 0 ? SEEP_RUNTIME_DOTNET : SEEP_RUNTIME_V8;
      rig_take(&image);
      bool managed = loaded != 0 && shapes[i].is_managed;
      assert_true(rig_committed(SEEP_TAG_MANAGED) == (managed ? shapes[i].committed : 0));
      assert_int_equal(rig_inventory.usage.tags[SEEP_TAG_MANAGED].allocations, managed);
      assert_true(rig_inventory.heaps_known);
      image_fini(&image);
    }
  }
}

/* A segment that is full is one as long as another of its size is not. */
static void test_a_full_segment_is_known_by_its_neighbour(void **state)
{
  (void)state;
  static const struct {
    unsigned bytes, runtimes;
    uint64_t full, other_leading, other_committed, other_total;
    bool is_managed, is_other_managed;
  } cases[] = {
      {8, SEEP_RUNTIME_DOTNET, 256 * MEGABYTE, 0, 0x400000, 256 * MEGABYTE, true, true},
      {8, SEEP_RUNTIME_DOTNET, 256 * MEGABYTE, 0, 0x400000, 1024 * MEGABYTE, false, true}, /* another size */
      {8, SEEP_RUNTIME_DOTNET, 256 * MEGABYTE, 0x1000, 0x400000, 256 * MEGABYTE, false, false},
      {8, SEEP_RUNTIME_DOTNET, 256 * MEGABYTE, 0, 256 * MEGABYTE, 256 * MEGABYTE, false,
       false},                                                                           /* two blocks */
      {8, SEEP_RUNTIME_DOTNET, 64 * MEGABYTE, 0, 0x400000, 64 * MEGABYTE, false, false}, /* of no such size */
      {8, SEEP_RUNTIME_DOTNET, 256 * MEGABYTE, 0, 0x400000, UINT64_C(1) << 38, false, true}, /* no segments */
      {8, SEEP_RUNTIME_V8, 256 * MEGABYTE, 0, 0x400000, 256 * MEGABYTE, false, false},
      {4, SEEP_RUNTIME_DOTNET, 16 * MEGABYTE, 0, 0x400000, 16 * MEGABYTE, true, true},
      {4, SEEP_RUNTIME_DOTNET, 256 * MEGABYTE, 0, 0x400000, 256 * MEGABYTE, false, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    for (int behind = 0; behind < 2; behind++) {
      memory_image image;
      image_process process;
      uint64_t base = cases[i].bytes == 8 ? UINT64_C(0x30000000000) : UINT64_C(0x40000000);
      uint64_t other = behind != 0 ? base + cases[i].full : base - cases[i].other_total;
      rig_make(&image, &process, cases[i].bytes == 8 ? RIG_NT_64 : RIG_NT_32);
      image_allocation(&image, base, 0, cases[i].full, 0);
      image_allocation(&image, other, cases[i].other_leading, cases[i].other_committed,
                       cases[i].other_total - cases[i].other_leading - cases[i].other_committed);
      image.target.runtimes = cases[i].runtimes;
      rig_take(&image);
      uint64_t expected = (cases[i].is_managed ? cases[i].full : 0) +
                          (cases[i].is_other_managed ? cases[i].other_committed : 0);
      assert_true(rig_committed(SEEP_TAG_MANAGED) == expected);
      image_fini(&image);
    }
  }
}

static void test_code_and_fixed_pages(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  rig_make(&image, &process, RIG_NT_64);
  add_region(&image, 0x7FFE0000, PAGE, 0x7FFE0000, 2, 2);
  add_region(&image, 0x7FFE2000, PAGE, 0x7FFE2000, 2, 2); /* not known what it is */
  add_region(&image, 0x7FFE9000, PAGE, 0x7FFE9000, 2, 2);
  add_region(&image, 0x20000000, PAGE, 0x20000000, 0x40, 0x20);
  add_region(&image, 0x20001000, 2 * PAGE, 0x20000000, 0x40, 4);
  add_region(&image, 0x21000000, PAGE, 0x21000000, 4, 0x20); /* allocated for data */
  rig_take(&image);
  assert_true(rig_committed(SEEP_TAG_OTHER) == 2 * PAGE);
  assert_int_equal(rig_inventory.usage.tags[SEEP_TAG_OTHER].allocations, 2);
  assert_true(rig_committed(SEEP_TAG_CODE) == 3 * PAGE);
  assert_true(rig_committed(SEEP_TAG_UNKNOWN) == process.private_data_committed_bytes + 2 * PAGE);
  assert_true(rig_inventory.heaps_known);
  image_fini(&image);
}

static void test_what_lies_across_a_fixed_page_is_not_windows_own(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  rig_make(&image, &process, RIG_NT_64);
  image_allocation(&image, 0x7FFD0000, 0, 0x20000, 0);
  rig_take(&image);
  assert_true(rig_committed(SEEP_TAG_OTHER) == 0);
  assert_true(rig_committed(SEEP_TAG_UNKNOWN) == process.private_data_committed_bytes + 0x20000);
  image_fini(&image);
}

/* A page segment that is a part of an allocation, in a process of so many regions that splits wait. */
static void test_a_page_segment_is_cut_out_of_a_large_process(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  image_init(&image, 8);
  image_process_segment(&image, &process, "20348/22000+", 8);
  uint64_t segment = process.segment.address + 3 * MEGABYTE; /* 0x50000 of its megabyte are committed */
  seep_region *rest = image_find_region(&image, segment + 0x50000);
  assert_non_null(rest);
  rest->size_bytes += MEGABYTE;
  process.private_data_committed_bytes += 1500 * PAGE;
  for (uint64_t i = 0; i < 1500; i++) {
    image_allocation(&image, 0x10000000 + i * 0x10000, 0, PAGE, 0);
  }
  rig_take(&image);
  rig_expect_known(&process);
  assert_true(rig_inventory.usage.tags[SEEP_TAG_HEAP_PAGES].allocations == process.segment.page_segments);
  image_fini(&image);
}

static void test_an_executable_heap_is_a_heap(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  rig_make(&image, &process, RIG_NT_64);
  for (size_t i = 0; i < image.region_count; i++) {
    if (image.regions[i].allocation_base == process.nt[1].address) {
      image.regions[i].allocation_protect = 0x40;
    }
  }
  rig_take(&image);
  rig_expect_known(&process);
  assert_true(rig_committed(SEEP_TAG_CODE) == 0);
  image_fini(&image);
}

/* The sniff reads no guard page, nothing that has a tag, and one piece of each of the others. */
static void test_the_sniff_is_sparing(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  rig_make(&image, &process, RIG_NT_64);
  rig_take(&image);
  image_put(&image, process.peb + 0xE8, 0, 4);
  rig_take(&image);
  uint64_t before = rig_inventory.reads;
  add_region(&image, 0x10000000, PAGE, 0x10000000, 4, 0x104);
  add_region(&image, 0x11000000, PAGE, 0x11000000, 4, 1);
  add_region(&image, 0x12000000, PAGE, 0x12000000, 4, 0);
  rig_take(&image);
  assert_true(rig_inventory.reads == before);
  add_region(&image, 0x13000000, PAGE, 0x13000000, 4, 0);
  add_region(&image, 0x13001000, PAGE, 0x13000000, 4, 4);
  add_region(&image, 0x13002000, PAGE, 0x13000000, 4, 2);
  image_put(&image, 0x13001010, 0xDDEEDDEE, 4); /* a segment heap that nobody lists */
  rig_take(&image);
  assert_true(rig_inventory.reads == before + 1);
  assert_true(rig_committed(SEEP_TAG_HEAP_UNPROVEN) == 0x5000 + 2 * PAGE);
  image_fini(&image);
}

/* More than it may read: the largest are read, wherever they lie. */
static void test_the_sniff_begins_with_the_largest(void **state)
{
  (void)state;
  enum { SMALL = 5000, LARGE = 20 };
  memory_image image;
  image_process process;
  rig_make(&image, &process, RIG_NT_64);
  image_put(&image, process.peb + 0xE8, 0, 4);
  rig_take(&image);
  const uint64_t before = rig_inventory.reads, base = 0x10000000, granule = 0x10000;
  for (uint64_t i = 0; i < SMALL + LARGE; i++) {
    bool large = i % 251 == 250; /* scattered among the others */
    add_region(&image, base + i * granule, large ? 2 * PAGE : PAGE, base + i * granule, 4, 4);
    image_put(&image, base + i * granule + 0x10, 0xDDEEDDEE, 4);
  }
  rig_take(&image);
  /* The process's own private memory and one small heap were read before too. */
  assert_true(rig_inventory.reads > before && rig_inventory.reads <= before + SEEP_LEFTOVERS_LOOKS);
  uint64_t found = rig_inventory.usage.tags[SEEP_TAG_HEAP_UNPROVEN].allocations;
  assert_true(found >= SEEP_LEFTOVERS_LOOKS - 5 && found <= SEEP_LEFTOVERS_LOOKS);
  assert_true(rig_committed(SEEP_TAG_HEAP_UNPROVEN) >= (found - 1 + LARGE) * PAGE);

  /* So it is when the budget is the limit: only the large ones, and what is larger yet. */
  seep_inventory_limits limits = {before + LARGE, 100000};
  assert_int_equal(seep_inventory_take(&image.target, &limits, &rig_inventory, NULL, NULL), SEEP_OK);
  assert_true(rig_inventory.reads == before + LARGE);
  assert_true(rig_committed(SEEP_TAG_HEAP_UNPROVEN) >= (LARGE - 5) * 2 * PAGE);
  image_fini(&image);
}

/* A segment of the 32-bit side is known by its owner in the 64-bit view too. */
static void test_both_widths_are_sniffed_for_in_wow64(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  rig_make_wow64(&image, &process);
  image_put(&image, 0x10000000 + 0xA4, 0x123450, 4); /* the list of segments */
  rig_take(&image);
  assert_false(rig_inventory.heaps_known);
  assert_true(rig_row(SEEP_USAGE_ROW_HEAP).committed_bytes == process.heap_committed_bytes);
  image_fini(&image);
}

static void test_page_heap_is_not_sniffed_at(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  rig_make(&image, &process, RIG_NT_64);
  image_peb_global_flag(&image, process.peb, 8, 0x02000000);
  image_put(&image, process.peb + 0xE8, 0, 4);
  rig_take(&image);
  assert_true(rig_inventory.page_heap && rig_committed(SEEP_TAG_HEAP_UNPROVEN) == 0);
  image_fini(&image);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_stacks_by_shape),
      cmocka_unit_test(test_the_dotnet_heap_by_shape),
      cmocka_unit_test(test_a_full_segment_is_known_by_its_neighbour),
      cmocka_unit_test(test_code_and_fixed_pages),
      cmocka_unit_test(test_what_lies_across_a_fixed_page_is_not_windows_own),
      cmocka_unit_test(test_a_page_segment_is_cut_out_of_a_large_process),
      cmocka_unit_test(test_an_executable_heap_is_a_heap),
      cmocka_unit_test(test_the_sniff_is_sparing),
      cmocka_unit_test(test_the_sniff_begins_with_the_largest),
      cmocka_unit_test(test_both_widths_are_sniffed_for_in_wow64),
      cmocka_unit_test(test_page_heap_is_not_sniffed_at),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
