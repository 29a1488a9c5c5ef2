/* Whole synthetic processes, sound and with lists that lie: every layout, both widths, WOW64, PEB and TEB.
 * The rule all of it is about: Heap is called known only when its sum is right to the byte. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/memory/inventory_rig.h"

#define PAGE UINT64_C(0x1000)

static void test_nt_heaps_of_every_layout(void **state)
{
  (void)state;
  for (int layout = 0; layout < IMAGE_NT_LAYOUTS; layout++) {
    for (unsigned bytes = 4; bytes <= 8; bytes += 4) {
      memory_image image;
      image_process process;
      if (layout == IMAGE_NT_WINDOWS_8_SHORT && bytes == 4) {
        continue; /* nobody has seen one */
      }
      image_init(&image, bytes);
      image_process_nt(&image, &process, (image_nt_layout)layout, bytes);
      image.target.runtimes = SEEP_RUNTIME_JAVA;
      image.target.modules_known = true;
      image.target.commit_bytes = 4711;
      rig_take(&image);
      rig_expect_known(&process);
      assert_true(rig_committed(SEEP_TAG_HEAP_MAPPED) == process.mapped_heap_committed_bytes);
      assert_true(rig_committed(SEEP_TAG_STACK) == process.stack_committed_bytes);
      assert_true(rig_committed(SEEP_TAG_TEB) == 6 * PAGE &&
                  rig_inventory.usage.tags[SEEP_TAG_TEB].allocations == 1);
      assert_int_equal(rig_inventory.heaps, 3);
      assert_int_equal(rig_inventory.threads, 1);
      assert_true(rig_inventory.pointer_bytes == bytes && !rig_inventory.wow64 && !rig_inventory.page_heap);
      assert_true(rig_inventory.runtimes == SEEP_RUNTIME_JAVA && rig_inventory.modules_known);
      assert_true(rig_inventory.commit_bytes == 4711 && rig_inventory.reads == image.reads);
      assert_true(rig_detail.peb_count == 1 && rig_detail.pebs[0].list_readable);
      assert_true(rig_detail.pebs[0].address == process.peb && rig_detail.pebs[0].number_of_heaps == 3);
      assert_true(rig_detail.heap_count == 3 && rig_detail.heaps[0].address == process.nt[0].address);
      assert_true(rig_detail.heaps[0].listed &&
                  rig_detail.heaps[0].large_blocks == process.nt[0].large_blocks);
      image_fini(&image);
    }
  }
}

static void test_segment_heaps_of_every_layout(void **state)
{
  (void)state;
  for (unsigned bytes = 4; bytes <= 8; bytes += 4) {
    for (size_t i = 0; image_segment_layout(bytes, i) != NULL; i++) {
      memory_image image;
      image_process process;
      image_init(&image, bytes);
      image_process_segment(&image, &process, image_segment_layout(bytes, i), bytes);
      rig_take(&image);
      rig_expect_known(&process);
      assert_int_equal(rig_inventory.heaps, 1);
      assert_string_equal(rig_detail.heaps[0].layout, image_segment_layout(bytes, i));
      assert_true(rig_inventory.usage.tags[SEEP_TAG_HEAP_PAGES].allocations == process.segment.page_segments);
      assert_true(rig_inventory.usage.tags[SEEP_TAG_HEAP_LARGE].allocations == process.segment.large_blocks);
      image_fini(&image);
    }
  }
}

static void test_detail_is_not_needed(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  image_init(&image, 8);
  image_process_nt(&image, &process, IMAGE_NT_WINDOWS_8, 8);
  assert_int_equal(seep_inventory_take(&image.target, &rig_plenty, &rig_inventory, NULL, NULL), SEEP_OK);
  rig_expect_known(&process);
  image_fini(&image);
}

static void test_without_regions_heaps_are_found_but_nothing_is_summed_up(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  rig_make(&image, &process, RIG_NT_64);
  image.no_region_list = true;
  rig_take(&image);
  assert_false(rig_inventory.regions_known || rig_inventory.heaps_known);
  assert_string_equal(rig_inventory.problem, "there is no list of regions");
  assert_int_equal(rig_inventory.gap, SEEP_INVENTORY_NOT_READ);
  assert_true(rig_row(SEEP_USAGE_ROW_HEAP).total_bytes == 0);
  assert_true(rig_inventory.heaps == 3 && rig_detail.heaps[0].large_blocks == process.nt[0].large_blocks);
  image_fini(&image);
}

static void test_the_peb_is_taken_from_a_teb_that_proves_itself(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  rig_make(&image, &process, RIG_NT_64);
  image.target.peb = 0;
  rig_take(&image);
  rig_expect_known(&process);
  image_put(&image, process.teb + 0x30, process.teb + 8, 8); /* Self */
  rig_take(&image);
  assert_false(rig_inventory.heaps_known);
  assert_string_equal(rig_inventory.problem, "no PEB was found");
  assert_int_equal(rig_inventory.gap, SEEP_INVENTORY_NOT_READ);
  assert_true(rig_inventory.heaps == 0 && rig_detail.peb_count == 0);
  assert_true(rig_committed(SEEP_TAG_STACK) == 0 && rig_committed(SEEP_TAG_TEB) == 0);
  assert_true(rig_committed(SEEP_TAG_STACK_SHAPE) == process.stack_committed_bytes);
  /* Windows says where the PEB is: then the heaps can be found, but nobody says that there is no second. */
  image.target.peb = process.peb;
  rig_take(&image);
  assert_int_equal(rig_inventory.heaps, 3);
  assert_false(rig_inventory.heaps_known);
  assert_true(rig_committed(SEEP_TAG_TEB) == 6 * PAGE);
  image_hide(&image, process.peb, true);
  rig_take(&image);
  assert_string_equal(rig_inventory.problem, "the PEB could not be read");
  image_fini(&image);
}

static void test_wow64_has_two_of_everything(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  rig_make_wow64(&image, &process);
  rig_take(&image);
  rig_expect_known(&process);
  assert_true(rig_inventory.wow64 && rig_detail.peb_count == 2);
  assert_true(rig_detail.pebs[1].pointer_bytes == 4 && rig_detail.pebs[1].address == 0x7E002000);
  assert_int_equal(rig_inventory.heaps, 4);
  assert_int_equal(rig_inventory.usage.tags[SEEP_TAG_STACK].allocations, 2);
  assert_int_equal(rig_inventory.usage.tags[SEEP_TAG_TEB].allocations, 2);

  image_hide(&image, 0x7E004000, true); /* the 32-bit TEB */
  rig_take(&image);
  assert_false(rig_inventory.heaps_known || rig_inventory.wow64);
  assert_int_equal(rig_detail.peb_count, 1);
  image.target.peb32 = 0x7E002000; /* but Windows says where the PEB is */
  rig_take(&image);
  rig_expect_known(&process);
  assert_true(rig_inventory.wow64);

  image_hide(&image, 0x7E002000, true);
  rig_take(&image);
  assert_false(rig_inventory.heaps_known || rig_inventory.wow64);
  assert_string_equal(rig_inventory.problem, "there may be a second, 32-bit PEB, which could not be read");
  image_fini(&image);
}

static void test_what_looks_like_no_teb_is_no_second_one(void **state)
{
  (void)state;
  const uint64_t first[] = {0, 0x21fea0 /* as under Wine */, UINT64_C(0x1E340000000), UINT64_MAX};
  for (size_t i = 0; i < 4; i++) {
    memory_image image;
    image_process process;
    rig_make(&image, &process, RIG_NT_64);
    image_put(&image, process.teb, first[i], 8);
    rig_take(&image);
    rig_expect_known(&process);
    image_fini(&image);
  }
}

static void test_page_heap_says_that_nothing_is_known(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  rig_make(&image, &process, RIG_NT_32);
  image_peb_global_flag(&image, process.peb, 4, 0x02000070);
  rig_take(&image);
  assert_true(rig_inventory.page_heap && !rig_inventory.heaps_known);
  assert_string_equal(rig_inventory.problem, "page heap is on, each block has pages of its own");
  assert_int_equal(rig_inventory.gap, SEEP_INVENTORY_PAGE_HEAP);
  image_peb_global_flag(&image, process.peb, 4, 0x70);
  rig_take(&image);
  assert_false(rig_inventory.page_heap);
  rig_expect_known(&process);
  image_fini(&image);
}

/* The process heap alone is known then; the second private heap and its mark are left. */
static void expect_process_heap_alone(const image_process *process, const char *problem)
{
  assert_false(rig_inventory.heaps_known);
  assert_string_equal(rig_inventory.problem, problem);
  assert_int_equal(rig_inventory.heaps, 1);
  assert_true(rig_detail.heap_count == 1 && !rig_detail.heaps[0].listed);
  assert_true(rig_row(SEEP_USAGE_ROW_HEAP).committed_bytes == process->heap_committed_bytes - 0x5000);
  assert_true(rig_committed(SEEP_TAG_HEAP_UNPROVEN) == 0x5000);
  assert_true(rig_committed(SEEP_TAG_UNKNOWN) == process->private_data_committed_bytes);
}

static void test_a_list_that_makes_no_sense_is_not_believed(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  rig_make(&image, &process, RIG_NT_64);
  const uint64_t number = process.peb + 0xE8, maximum = process.peb + 0xEC;
  image_put(&image, number, 0, 4);
  rig_take(&image);
  expect_process_heap_alone(&process, "the list of heaps is empty");
  assert_true(rig_detail.pebs[0].list_readable);
  image_put(&image, number, 17, 4);
  rig_take(&image);
  expect_process_heap_alone(&process, "the list of heaps makes no sense");
  assert_false(rig_detail.pebs[0].list_readable);
  image_put(&image, maximum, 5000, 4);
  image_put(&image, number, 1000, 4);
  rig_take(&image);
  expect_process_heap_alone(&process, "the list of heaps makes no sense");
  image_put(&image, number, 999, 4); /* still allowed, but there are not so many */
  rig_take(&image);
  expect_process_heap_alone(&process, "the list of heaps could not be read");
  image_put(&image, number, 3, 4);
  rig_take(&image);
  rig_expect_known(&process);
  image_put(&image, process.array + 0x1000, process.nt[1].address, 8);
  rig_take(&image);
  expect_process_heap_alone(&process, "the list of heaps does not begin with the process heap");
  image_fini(&image);
}

static void test_entries_that_are_no_heaps(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  rig_make(&image, &process, RIG_NT_64);
  const uint64_t bad[] = {0, process.nt[1].address + 8, process.nt[0].address /* a second time */};
  for (size_t i = 0; i < 3; i++) {
    image_put(&image, process.array + 0x1010, bad[i], 8);
    rig_take(&image);
    assert_false(rig_inventory.heaps_known);
    assert_string_equal(rig_inventory.problem, "the list of heaps has an entry that is none");
    assert_int_equal(rig_inventory.gap, SEEP_INVENTORY_NOT_LISTED);
    assert_int_equal(rig_inventory.heaps, 2);
    assert_true(rig_committed(SEEP_TAG_HEAP_UNPROVEN) == 0x5000); /* the one that is missing now */
  }
  image_put(&image, process.array + 0x1010, process.private_data, 8);
  rig_take(&image);
  assert_false(rig_inventory.heaps_known);
  assert_int_equal(rig_inventory.heaps_unread, 1);
  image_fini(&image);
}

static void test_a_list_that_is_not_there(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  rig_make(&image, &process, RIG_NT_64);
  image_hide(&image, process.array + 0x1000, true);
  rig_take(&image);
  expect_process_heap_alone(&process, "the list of heaps could not be read");
  image_hide(&image, process.nt[0].address, true); /* and no heap either: its own allocation is left */
  rig_take(&image);
  assert_false(rig_inventory.heaps_known);
  assert_int_equal(rig_inventory.heaps_unread, 1);
  assert_true(rig_row(SEEP_USAGE_ROW_HEAP).committed_bytes == 0x80000);
  /* Three marks: two segments of the heap that could not be read, and the second heap. */
  assert_int_equal(rig_inventory.usage.tags[SEEP_TAG_HEAP_UNPROVEN].allocations, 3);
  image_fini(&image);
}

static void test_a_mapped_heap_may_be_unreadable(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  rig_make(&image, &process, RIG_NT_64);
  image_hide(&image, process.nt[2].address, true);
  rig_take(&image);
  assert_true(rig_inventory.heaps_known && rig_sums_are_right(&process));
  assert_int_equal(rig_inventory.heaps_unread, 1);
  assert_true(rig_committed(SEEP_TAG_HEAP_MAPPED) == process.mapped_heap_committed_bytes);
  image_hide(&image, process.nt[1].address, true);
  rig_take(&image);
  assert_false(rig_inventory.heaps_known);
  assert_string_equal(rig_inventory.problem, "its first page could not be read");
  assert_int_equal(rig_inventory.gap, SEEP_INVENTORY_HEAP_OPEN);
  image_fini(&image);
}

/* It is mapped, its large blocks are private: not to know them is not to know the heap. */
static void test_a_mapped_heap_may_have_private_blocks(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  rig_make(&image, &process, RIG_NT_64);
  uint64_t base = process.nt[0].address + 0x10000000;
  uint64_t first = image_nt_heap_large(&image, &process.nt[2], base, 3, 0x401000);
  image_nt_heap_large(&image, &process.nt[2], base + 0x800000, 3, 0x401000);
  process.heap_committed_bytes += UINT64_C(2) * 0x401000;
  process.heap_total_bytes += UINT64_C(2) * (0x401000 + 4 * PAGE);
  rig_take(&image);
  rig_expect_known(&process);
  image_hide(&image, first, true);
  rig_take(&image);
  assert_false(rig_inventory.heaps_known);
  assert_string_equal(rig_inventory.problem, "its list of large blocks is broken");
  assert_int_equal(rig_inventory.gap, SEEP_INVENTORY_HEAP_OPEN);
  image_fini(&image);
}

/* As while a coroutine runs whose stack a program has taken from its heap. */
static void test_a_stack_inside_a_heap_leaves_the_heap_alone(void **state)
{
  (void)state;
  for (int kind = RIG_NT_64; kind <= RIG_SEGMENT_32; kind++) {
    const unsigned bytes = kind == RIG_NT_32 || kind == RIG_SEGMENT_32 ? 4 : 8;
    memory_image image;
    image_process process;
    rig_make(&image, &process, (rig_kind)kind);
    uint64_t heap = kind == RIG_NT_64 || kind == RIG_NT_32 ? process.nt[0].address : process.segment.address;
    uint64_t inside = kind == RIG_NT_64 || kind == RIG_NT_32 ? 0x210000 : 0x310000;
    image_put(&image, process.teb + (bytes == 8 ? 0x10 : 0x08), heap + inside, bytes);
    rig_take(&image);
    rig_expect_known(&process);
    assert_true(rig_committed(SEEP_TAG_STACK) == 0);
    image_fini(&image);
  }
}

static void test_the_os_may_say_that_there_is_no_second_peb(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  rig_make(&image, &process, RIG_NT_64);
  image.target.tebs = NULL;
  image.target.teb_count = 0;
  rig_take(&image);
  assert_string_equal(rig_inventory.problem, "there may be a second, 32-bit PEB, which could not be read");
  image.target.peb32_settled = true;
  rig_take(&image);
  rig_expect_known(&process);
  image_put(&image, process.teb, 0x7E004000, 8); /* looks like a 32-bit TEB, which cannot be read */
  image.target.tebs = image.tebs;
  image.target.teb_count = image.teb_count;
  rig_take(&image);
  rig_expect_known(&process);
  image.target.peb32_settled = false;
  rig_take(&image);
  assert_false(rig_inventory.heaps_known);
  image.target.peb32_settled = true;
  image.target.peb32 = 0x7E002000; /* there is one, but not to be read */
  rig_take(&image);
  assert_string_equal(rig_inventory.problem, "there may be a second, 32-bit PEB, which could not be read");
  image_fini(&image);
}

static void test_segments_that_a_broken_list_loses_are_found_by_their_owner(void **state)
{
  (void)state;
  for (unsigned bytes = 4; bytes <= 8; bytes += 4) {
    memory_image image;
    image_process process;
    rig_make(&image, &process, bytes == 4 ? RIG_NT_32 : RIG_NT_64);
    image_put(&image, process.nt[0].segment_list, 0x123450, bytes);
    rig_take(&image);
    assert_false(rig_inventory.heaps_known);
    assert_true(rig_row(SEEP_USAGE_ROW_HEAP).committed_bytes == process.heap_committed_bytes);
    assert_true(rig_committed(SEEP_TAG_HEAP_UNPROVEN) == 0);
    image_fini(&image);
  }
}

static void test_a_budget_that_ends_while_sniffing_keeps_the_first_reason(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  rig_make(&image, &process, RIG_NT_64);
  image_put(&image, process.peb + 0xE8, 0, 4);
  rig_take(&image);
  seep_inventory_limits limits = {rig_inventory.reads - 1, 100000};
  assert_int_equal(seep_inventory_take(&image.target, &limits, &rig_inventory, &rig_detail, NULL), SEEP_OK);
  assert_string_equal(rig_inventory.problem, "the list of heaps is empty");
  image_fini(&image);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nt_heaps_of_every_layout),
      cmocka_unit_test(test_segment_heaps_of_every_layout),
      cmocka_unit_test(test_detail_is_not_needed),
      cmocka_unit_test(test_without_regions_heaps_are_found_but_nothing_is_summed_up),
      cmocka_unit_test(test_the_peb_is_taken_from_a_teb_that_proves_itself),
      cmocka_unit_test(test_wow64_has_two_of_everything),
      cmocka_unit_test(test_what_looks_like_no_teb_is_no_second_one),
      cmocka_unit_test(test_page_heap_says_that_nothing_is_known),
      cmocka_unit_test(test_a_list_that_makes_no_sense_is_not_believed),
      cmocka_unit_test(test_entries_that_are_no_heaps),
      cmocka_unit_test(test_a_list_that_is_not_there),
      cmocka_unit_test(test_a_mapped_heap_may_be_unreadable),
      cmocka_unit_test(test_a_mapped_heap_may_have_private_blocks),
      cmocka_unit_test(test_a_stack_inside_a_heap_leaves_the_heap_alone),
      cmocka_unit_test(test_the_os_may_say_that_there_is_no_second_peb),
      cmocka_unit_test(test_segments_that_a_broken_list_loses_are_found_by_their_owner),
      cmocka_unit_test(test_a_budget_that_ends_while_sniffing_keeps_the_first_reason),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
