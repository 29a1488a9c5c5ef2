/* What two inventories say by themselves: every kind with its twin that must not be called so. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "growth_inventories.h"

#define ONE 0.80 /* the confidence of one comparison in which nothing is doubtful */

static seep_inventory before, after;
static seep_growth_kind_verdict verdict;

static void begin(void)
{
  inventory_usual(&before);
  after = before;
}

static void grow(seep_tag tag, unsigned mebibytes)
{
  inventory_grow(&after, tag, mebibytes, MB);
}

static void expect(seep_memory_kind kind, double confidence, const char *reason)
{
  seep_growth_kind_between(&before, &after, MINIMUM, &verdict);
  assert_string_equal(seep_memory_kind_text(verdict.kind), seep_memory_kind_text(kind));
  assert_true(verdict.confidence > confidence - 1e-9 && verdict.confidence < confidence + 1e-9);
  if (strstr(verdict.reason, reason) == NULL) {
    fail_msg("\"%s\" is not in \"%s\"", reason, verdict.reason);
  }
}

static void expect_undetermined(const char *reason)
{
  expect(SEEP_MEMORY_UNDETERMINED, 0.0, reason);
  assert_true(verdict.size_from == 0 && verdict.size_to == 0 && !verdict.large_blocks);
}

static void test_heap_from_70_percent_on(void **state)
{
  (void)state;
  begin();
  grow(SEEP_TAG_HEAP, 70);
  grow(SEEP_TAG_UNKNOWN, 30);
  expect(SEEP_MEMORY_HEAP, ONE * 0.7, "heap segments");
  assert_int_equal(verdict.comparisons, 1);
  assert_true(verdict.grown_bytes == 100 * MB);
  assert_true(verdict.rows_grown_bytes[SEEP_USAGE_ROW_HEAP] == (int64_t)(70 * MB));
  assert_true(verdict.rows_grown_bytes[SEEP_USAGE_ROW_PRIVATE] == (int64_t)(30 * MB));

  begin();
  grow(SEEP_TAG_HEAP_LARGE, 69);
  grow(SEEP_TAG_UNKNOWN, 31);
  expect(SEEP_MEMORY_MIXED, ONE * 2.0 * 0.31, "none makes up 70 percent");
  assert_true(verdict.size_to == 0 && !verdict.large_blocks);
}

static void test_all_of_a_heap_counts(void **state)
{
  (void)state;
  static const seep_tag tags[] = {SEEP_TAG_HEAP, SEEP_TAG_HEAP_LARGE, SEEP_TAG_HEAP_FRONT_END,
                                  SEEP_TAG_HEAP_PAGES, SEEP_TAG_HEAP_TREE};
  for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
    begin();
    grow(tags[i], 20);
    expect(SEEP_MEMORY_HEAP, ONE, "heap");
  }
  begin(); /* shared with another process: not what this one leaks */
  grow(SEEP_TAG_HEAP_MAPPED, 20);
  expect_undetermined("mapped memory");
}

static void test_large_blocks_say_their_size(void **state)
{
  (void)state;
  begin();
  inventory_grow(&after, SEEP_TAG_HEAP_LARGE, 100, 4 * MB + 4 * KB);
  grow(SEEP_TAG_HEAP, 3);
  expect(SEEP_MEMORY_HEAP, ONE, "large that each has an allocation");
  assert_true(verdict.large_blocks);
  assert_true(verdict.size_from == 4 * MB && verdict.size_to == 8 * MB);

  begin(); /* small blocks: segments' sizes are the heap's business */
  inventory_grow(&after, SEEP_TAG_HEAP, 20, 16 * MB);
  inventory_grow(&after, SEEP_TAG_HEAP_LARGE, 2, MB);
  expect(SEEP_MEMORY_HEAP, ONE, "blocks of ordinary size");
  assert_false(verdict.large_blocks);
  assert_true(verdict.size_from == 0 && verdict.size_to == 0);
}

static void test_a_size_stands_out_only_when_most_is_of_it(void **state)
{
  (void)state;
  begin();
  inventory_grow(&after, SEEP_TAG_UNKNOWN, 400, 64 * KB); /* 25 MB */
  inventory_grow(&after, SEEP_TAG_UNKNOWN, 2, 4 * MB);
  expect(SEEP_MEMORY_PRIVATE_DATA, ONE, "outside of all heaps");
  assert_true(verdict.size_from == 32 * KB && verdict.size_to == 64 * KB);
  inventory_grow(&after, SEEP_TAG_UNKNOWN, 20, 2 * MB);
  inventory_grow(&after, SEEP_TAG_UNKNOWN, 20, 512 * KB);
  inventory_grow(&after, SEEP_TAG_UNKNOWN, 3, 16 * MB);
  expect(SEEP_MEMORY_PRIVATE_DATA, ONE, "outside of all heaps");
  assert_true(verdict.size_from == 0 && verdict.size_to == 0);

  begin(); /* two of a size are a coincidence */
  inventory_grow(&after, SEEP_TAG_UNKNOWN, 2, 16 * MB);
  expect(SEEP_MEMORY_PRIVATE_DATA, ONE, "outside of all heaps");
  assert_true(verdict.size_to == 0);
  inventory_grow(&after, SEEP_TAG_UNKNOWN, 1, 16 * MB);
  expect(SEEP_MEMORY_PRIVATE_DATA, ONE, "outside of all heaps");
  assert_true(verdict.size_from == 8 * MB && verdict.size_to == 16 * MB);
}

static void test_the_smallest_size_begins_at_nothing(void **state)
{
  (void)state;
  begin();
  inventory_grow(&after, SEEP_TAG_UNKNOWN, 5000, 4 * KB);
  expect(SEEP_MEMORY_PRIVATE_DATA, ONE, "outside of all heaps");
  assert_true(verdict.size_from == 0 && verdict.size_to == 4 * KB);
}

static void test_private_data_needs_all_heaps_in_both(void **state)
{
  (void)state;
  begin();
  grow(SEEP_TAG_UNKNOWN, 20);
  expect(SEEP_MEMORY_PRIVATE_DATA, ONE, "private memory outside of all heaps");
  after.heaps_known = false;
  after.problem = "the list of heaps cannot be read";
  expect_undetermined("the list of heaps cannot be read");
  after.heaps_known = true;
  after.problem = NULL;
  before.heaps_known = false;
  before.problem = "a heap has an unknown layout";
  expect_undetermined("a heap has an unknown layout");
  before.problem = NULL;
  expect_undetermined("what is left over may be heap");
  grow(SEEP_TAG_HEAP, 15); /* and neither is it called mixed */
  expect_undetermined("what is left over may be heap");
}

static void test_proven_heap_is_heap_even_when_not_all_are_known(void **state)
{
  (void)state;
  begin();
  grow(SEEP_TAG_HEAP_LARGE, 20);
  grow(SEEP_TAG_UNKNOWN, 5);
  after.heaps_known = false;
  expect(SEEP_MEMORY_HEAP, ONE * 0.8 * 0.9, "not every heap could be read");
  grow(SEEP_TAG_UNKNOWN, 5);
  expect_undetermined("may be heap");
}

static void test_what_looks_like_heap_is_neither_heap_nor_private_data(void **state)
{
  (void)state;
  begin();
  before.heaps_known = after.heaps_known = false;
  grow(SEEP_TAG_HEAP_UNPROVEN, 20);
  expect_undetermined("looks like heap");
  grow(SEEP_TAG_HEAP, 30);
  expect_undetermined("looks like heap");
  grow(SEEP_TAG_HEAP, 20);
  expect(SEEP_MEMORY_HEAP, ONE * 50.0 / 70.0 * 0.9, "heap segments");
}

static void test_page_heap(void **state)
{
  (void)state;
  begin();
  grow(SEEP_TAG_UNKNOWN, 20);
  before.page_heap = after.page_heap = true;
  before.heaps_known = after.heaps_known = false;
  expect(SEEP_MEMORY_HEAP, ONE * 0.5 * 0.9, "page heap is on");
  before.page_heap = false;
  expect_undetermined("page heap is on");
  before.page_heap = true;
  after.page_heap = false;
  expect_undetermined("page heap is on");
  after.page_heap = true;
  grow(SEEP_TAG_STACK, 20); /* neither heap nor stacks */
  expect_undetermined("page heap is on");
  grow(SEEP_TAG_STACK, 40);
  expect(SEEP_MEMORY_STACK, ONE * 0.75 * 0.9, "stacks");
}

static void test_managed(void **state)
{
  (void)state;
  begin();
  before.runtimes = after.runtimes = SEEP_RUNTIME_DOTNET;
  inventory_commit(&after, SEEP_TAG_MANAGED, 30 * (int64_t)MB);
  expect(SEEP_MEMORY_MANAGED, ONE * 0.9, ".NET");
  grow(SEEP_TAG_HEAP, 20);
  expect(SEEP_MEMORY_MIXED, ONE * 2.0 * 0.4, "none makes up");
}

static void test_stacks_with_their_tebs(void **state)
{
  (void)state;
  begin();
  inventory_grow(&after, SEEP_TAG_STACK, 1500, 16 * KB);
  inventory_grow(&after, SEEP_TAG_TEB, 6, 2 * MB);
  expect(SEEP_MEMORY_STACK, ONE, "threads that are not ended");
  assert_true(verdict.rows_grown_bytes[SEEP_USAGE_ROW_PRIVATE] == (int64_t)(12 * MB)); /* as VMMap has it */
  grow(SEEP_TAG_UNKNOWN, 20);
  expect(SEEP_MEMORY_MIXED, ONE * 2.0 * (1.0 - 35.4375 / 55.4375), "none makes up");

  begin(); /* nobody lists the threads */
  inventory_grow(&after, SEEP_TAG_STACK_SHAPE, 1500, 16 * KB);
  expect(SEEP_MEMORY_STACK, ONE * 0.9, "threads that are not ended");
}

static void test_code(void **state)
{
  (void)state;
  begin();
  grow(SEEP_TAG_CODE, 20);
  before.runtimes = after.runtimes = SEEP_RUNTIME_DOTNET;
  expect(SEEP_MEMORY_PRIVATE_DATA, ONE, "just-in-time");
  after.heaps_known = false; /* there are executable heaps */
  expect_undetermined("may be heap");
  after.heaps_known = true;
  before.runtimes = after.runtimes = 0;
  grow(SEEP_TAG_UNKNOWN, 20);
  expect(SEEP_MEMORY_PRIVATE_DATA, ONE, "private memory outside of all heaps");
}

static void test_dotnet_may_have_allocated_it(void **state)
{
  (void)state;
  begin();
  after.runtimes = SEEP_RUNTIME_DOTNET;
  inventory_grow(&after, SEEP_TAG_UNKNOWN, 8, 4 * MB);
  expect(SEEP_MEMORY_PRIVATE_DATA, ONE * 0.6, ".NET is loaded");
  inventory_commit(&after, SEEP_TAG_UNKNOWN, 4096);
  expect_undetermined("may be the heap of .NET");

  begin(); /* a segment that fills up */
  before.runtimes = after.runtimes = SEEP_RUNTIME_DOTNET;
  inventory_commit(&after, SEEP_TAG_UNKNOWN, 20 * (int64_t)MB);
  expect_undetermined("may be the heap of .NET");
  before.runtimes = after.runtimes = 0;
  expect(SEEP_MEMORY_PRIVATE_DATA, ONE, "outside of all heaps");
  before.modules_known = false; /* and it may be loaded */
  expect(SEEP_MEMORY_PRIVATE_DATA, ONE * 0.9, "outside of all heaps");
}

static void test_other_runtimes_are_named(void **state)
{
  (void)state;
  begin();
  grow(SEEP_TAG_UNKNOWN, 20);
  expect(SEEP_MEMORY_PRIVATE_DATA, ONE, "outside of all heaps");
  assert_null(strstr(verdict.reason, "loaded"));
  after.runtimes = SEEP_RUNTIME_JAVA;
  expect(SEEP_MEMORY_PRIVATE_DATA, ONE, "Java is loaded");
  after.runtimes = SEEP_RUNTIME_V8;
  expect(SEEP_MEMORY_PRIVATE_DATA, ONE, "V8 is loaded");
  grow(SEEP_TAG_HEAP, 80);
  expect(SEEP_MEMORY_HEAP, ONE * 0.8, "heap segments");
}

static void test_an_allocator_of_its_own(void **state)
{
  (void)state;
  begin(); /* in a reserve that was there */
  before.usage.tags[SEEP_TAG_UNKNOWN].total_bytes += 1024 * MB;
  after = before;
  inventory_commit(&after, SEEP_TAG_UNKNOWN, 32 * (int64_t)MB);
  expect(SEEP_MEMORY_PRIVATE_DATA, ONE, "an allocator of the program's own");

  begin(); /* in two new ones */
  inventory_grow(&after, SEEP_TAG_UNKNOWN, 2, 16 * MB);
  after.usage.tags[SEEP_TAG_UNKNOWN].total_bytes += 1024 * MB;
  expect(SEEP_MEMORY_PRIVATE_DATA, ONE, "an allocator of the program's own");

  begin(); /* large blocks, and nothing reserved besides */
  inventory_grow(&after, SEEP_TAG_UNKNOWN, 2, 16 * MB);
  expect(SEEP_MEMORY_PRIVATE_DATA, ONE, "private memory outside of all heaps");
  assert_null(strstr(verdict.reason, "allocator"));

  begin(); /* many with much reserve: the program's blocks, however wasteful */
  inventory_grow(&after, SEEP_TAG_UNKNOWN, 320, 64 * KB);
  after.usage.tags[SEEP_TAG_UNKNOWN].total_bytes += 300 * MB;
  expect(SEEP_MEMORY_PRIVATE_DATA, ONE, "private memory outside of all heaps");
  assert_null(strstr(verdict.reason, "allocator"));
}

static void test_no_region_list_or_a_part_of_it(void **state)
{
  (void)state;
  seep_inventory *const both[] = {&before, &after};
  for (size_t i = 0; i < 2; i++) {
    begin();
    grow(SEEP_TAG_HEAP, 20);
    both[i]->regions_cut = true;
    expect_undetermined("more regions than may be looked at");
    assert_int_equal(verdict.comparisons, 0);
    assert_true(verdict.grown_bytes == 0);
    both[i]->regions_known = false;
    expect_undetermined("no list of the process's regions");
  }
}

static void test_the_counter_must_have_grown_as_well(void **state)
{
  (void)state;
  begin();
  grow(SEEP_TAG_HEAP, 100);
  after.commit_bytes += 16 * MB; /* not more than the floor */
  expect(SEEP_MEMORY_HEAP, ONE, "heap");
  after.commit_bytes += 4096;
  expect_undetermined("commit charge");

  begin();
  grow(SEEP_TAG_HEAP, 1000);
  after.commit_bytes -= 100 * MB; /* a tenth */
  expect(SEEP_MEMORY_HEAP, ONE, "heap");
  after.commit_bytes -= 4096;
  expect_undetermined("commit charge");
  after.commit_bytes = 0; /* not known: nothing to check it by */
  expect(SEEP_MEMORY_HEAP, ONE * 0.95, "heap");
}

static void test_copied_pages_of_images_are_in_the_counter(void **state)
{
  (void)state;
  begin();
  grow(SEEP_TAG_HEAP, 40);
  after.usage.tags[SEEP_TAG_IMAGE].private_bytes += 30 * MB;
  after.commit_bytes += 30 * MB;
  expect(SEEP_MEMORY_HEAP, ONE, "heap");
  after.usage.tags[SEEP_TAG_IMAGE].private_bytes = 0;
  expect_undetermined("commit charge");
}

static void test_the_counter_alone_has_grown(void **state)
{
  (void)state;
  begin();
  after.commit_bytes += 100 * MB;
  expect_undetermined("commit charge");
  assert_int_equal(verdict.comparisons, 1);
  assert_true(verdict.grown_bytes == 0);
  after.commit_bytes -= 90 * MB;
  expect_undetermined("too little private memory");
  assert_int_equal(verdict.comparisons, 0);
}

static void test_growth_that_is_not_private(void **state)
{
  (void)state;
  begin();
  after.usage.tags[SEEP_TAG_MAPPED].committed_bytes += 100 * MB;
  expect_undetermined("mapped memory");
  assert_true(verdict.rows_grown_bytes[SEEP_USAGE_ROW_MAPPED] == (int64_t)(100 * MB));
  begin();
  after.usage.tags[SEEP_TAG_IMAGE].committed_bytes += 100 * MB;
  expect_undetermined("too little private memory");
  grow(SEEP_TAG_HEAP, 15);
  expect_undetermined("too little private memory");
  grow(SEEP_TAG_HEAP, 1);
  expect(SEEP_MEMORY_HEAP, ONE, "heap");
}

/* Old memory that is taken for another kind than before: an unreadable heap's became readable. */
static void test_a_change_of_class_is_no_growth(void **state)
{
  (void)state;
  begin();
  grow(SEEP_TAG_UNKNOWN, 100);
  before = after;
  before.heaps_known = false;
  inventory_commit(&after, SEEP_TAG_UNKNOWN, -(int64_t)(100 * MB));
  grow(SEEP_TAG_HEAP, 100);
  expect_undetermined("too little private memory");
  grow(SEEP_TAG_HEAP, 20); /* 600 % of the growth would be heap */
  expect_undetermined("taken for another kind");
  grow(SEEP_TAG_UNKNOWN, 20);
  expect_undetermined("taken for another kind");
}

static void test_a_little_shrinking_is_no_change_of_class(void **state)
{
  (void)state;
  begin();
  grow(SEEP_TAG_HEAP, 26);
  inventory_commit(&after, SEEP_TAG_UNKNOWN, -(int64_t)(6 * MB));
  expect(SEEP_MEMORY_HEAP, ONE, "heap");
  inventory_commit(&after, SEEP_TAG_UNKNOWN, -(int64_t)(1 * MB));
  expect_undetermined("taken for another kind");
}

static void test_memory_of_no_known_type(void **state)
{
  (void)state;
  begin();
  grow(SEEP_TAG_HEAP, 20);
  after.usage.tags[SEEP_TAG_STRANGE].committed_bytes += 6 * MB;
  expect(SEEP_MEMORY_HEAP, ONE, "heap");
  after.usage.tags[SEEP_TAG_STRANGE].committed_bytes += 4096;
  expect_undetermined("type that is not known");
}

static void test_sums_beyond_any_address_space(void **state)
{
  (void)state;
  static const uint64_t absurd[] = {UINT64_MAX, UINT64_C(1) << 63, (UINT64_C(1) << 57) + 1};
  for (size_t i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
    begin();
    after.usage.tags[SEEP_TAG_HEAP].committed_bytes = absurd[i];
    after.usage.tags[SEEP_TAG_UNKNOWN].committed_bytes = absurd[i];
    expect_undetermined("more than an address space holds");
    begin();
    before.usage.tags[SEEP_TAG_MAPPED].private_bytes = absurd[i];
    grow(SEEP_TAG_HEAP, 20);
    expect_undetermined("more than an address space holds");
    begin();
    before.commit_bytes = absurd[i];
    expect_undetermined("more than an address space holds");
  }
  begin(); /* reserves and mapped files decide nothing, whatever they are */
  grow(SEEP_TAG_HEAP, 20);
  after.usage.tags[SEEP_TAG_MAPPED].committed_bytes = UINT64_MAX;
  after.usage.tags[SEEP_TAG_UNKNOWN].total_bytes = UINT64_MAX;
  expect(SEEP_MEMORY_HEAP, ONE, "heap");
  assert_true(verdict.rows_grown_bytes[SEEP_USAGE_ROW_MAPPED] == INT64_MAX);
  before.usage.tags[SEEP_TAG_IMAGE].committed_bytes = UINT64_MAX;
  expect(SEEP_MEMORY_HEAP, ONE, "heap");
  assert_true(verdict.rows_grown_bytes[SEEP_USAGE_ROW_IMAGE] == -INT64_MAX);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_heap_from_70_percent_on),
      cmocka_unit_test(test_all_of_a_heap_counts),
      cmocka_unit_test(test_large_blocks_say_their_size),
      cmocka_unit_test(test_a_size_stands_out_only_when_most_is_of_it),
      cmocka_unit_test(test_the_smallest_size_begins_at_nothing),
      cmocka_unit_test(test_private_data_needs_all_heaps_in_both),
      cmocka_unit_test(test_proven_heap_is_heap_even_when_not_all_are_known),
      cmocka_unit_test(test_what_looks_like_heap_is_neither_heap_nor_private_data),
      cmocka_unit_test(test_page_heap),
      cmocka_unit_test(test_managed),
      cmocka_unit_test(test_stacks_with_their_tebs),
      cmocka_unit_test(test_code),
      cmocka_unit_test(test_dotnet_may_have_allocated_it),
      cmocka_unit_test(test_other_runtimes_are_named),
      cmocka_unit_test(test_an_allocator_of_its_own),
      cmocka_unit_test(test_no_region_list_or_a_part_of_it),
      cmocka_unit_test(test_the_counter_must_have_grown_as_well),
      cmocka_unit_test(test_copied_pages_of_images_are_in_the_counter),
      cmocka_unit_test(test_the_counter_alone_has_grown),
      cmocka_unit_test(test_growth_that_is_not_private),
      cmocka_unit_test(test_a_change_of_class_is_no_growth),
      cmocka_unit_test(test_a_little_shrinking_is_no_change_of_class),
      cmocka_unit_test(test_memory_of_no_known_type),
      cmocka_unit_test(test_sums_beyond_any_address_space),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
