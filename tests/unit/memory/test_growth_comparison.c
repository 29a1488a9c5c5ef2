/* What two inventories say by themselves: every kind with its twin that must not be called so. Figures that
 * do not fit together are in test_growth_doubts.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "unit/memory/growth_pair.h"

static growth_pair at;

static void test_heap_from_70_percent_on(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  growth_pair_grow(&at, SEEP_TAG_HEAP, 70);
  growth_pair_grow(&at, SEEP_TAG_UNKNOWN, 30);
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE * 0.7,
                     "many blocks of ordinary size from malloc, new or HeapAlloc");
  assert_int_equal(at.verdict.comparisons, 1);
  assert_true(at.verdict.grown_bytes == 100 * MB);
  assert_true(at.verdict.rows_grown_bytes[SEEP_USAGE_ROW_HEAP] == (int64_t)(70 * MB));
  assert_true(at.verdict.rows_grown_bytes[SEEP_USAGE_ROW_PRIVATE] == (int64_t)(30 * MB));

  growth_pair_begin(&at);
  growth_pair_grow(&at, SEEP_TAG_HEAP_LARGE, 69);
  growth_pair_grow(&at, SEEP_TAG_UNKNOWN, 31);
  growth_pair_expect(&at, SEEP_MEMORY_MIXED, ONE * 2.0 * 0.31, "none makes up 70 percent");
  assert_true(at.verdict.size_to == 0 && !at.verdict.large_blocks);
}

static void test_all_of_a_heap_counts(void **state)
{
  (void)state;
  static const seep_tag tags[] = {SEEP_TAG_HEAP, SEEP_TAG_HEAP_LARGE, SEEP_TAG_HEAP_FRONT_END,
                                  SEEP_TAG_HEAP_PAGES, SEEP_TAG_HEAP_TREE};
  for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
    growth_pair_begin(&at);
    growth_pair_grow(&at, tags[i], 20);
    growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE, "blocks");
  }
  growth_pair_begin(&at); /* shared with another process: not what this one leaks */
  growth_pair_grow(&at, SEEP_TAG_HEAP_MAPPED, 20);
  growth_pair_expect_undetermined(&at, "mapped memory");
}

static void test_large_blocks_say_their_size(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  inventory_grow(&at.after, SEEP_TAG_HEAP_LARGE, 100, 4 * MB + 4 * KB);
  growth_pair_grow(&at, SEEP_TAG_HEAP, 3);
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE, "large blocks from malloc, new or HeapAlloc");
  assert_true(at.verdict.large_blocks);
  assert_true(at.verdict.size_from == 4 * MB && at.verdict.size_to == 8 * MB);

  growth_pair_begin(&at); /* small blocks: segments' sizes are the heap's business */
  inventory_grow(&at.after, SEEP_TAG_HEAP, 20, 16 * MB);
  inventory_grow(&at.after, SEEP_TAG_HEAP_LARGE, 2, MB);
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE, "many blocks of ordinary size");
  assert_false(at.verdict.large_blocks);
  assert_true(at.verdict.size_from == 0 && at.verdict.size_to == 0);
}

static void test_a_size_stands_out_only_when_most_is_of_it(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  inventory_grow(&at.after, SEEP_TAG_UNKNOWN, 400, 64 * KB); /* 25 MB */
  inventory_grow(&at.after, SEEP_TAG_UNKNOWN, 2, 4 * MB);
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE, "not from a heap");
  assert_true(at.verdict.size_from == 32 * KB && at.verdict.size_to == 64 * KB);
  inventory_grow(&at.after, SEEP_TAG_UNKNOWN, 20, 2 * MB);
  inventory_grow(&at.after, SEEP_TAG_UNKNOWN, 20, 512 * KB);
  inventory_grow(&at.after, SEEP_TAG_UNKNOWN, 3, 16 * MB);
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE, "not from a heap");
  assert_true(at.verdict.size_from == 0 && at.verdict.size_to == 0);

  growth_pair_begin(&at); /* two of a size are a coincidence */
  inventory_grow(&at.after, SEEP_TAG_UNKNOWN, 2, 16 * MB);
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE, "not from a heap");
  assert_true(at.verdict.size_to == 0);
  inventory_grow(&at.after, SEEP_TAG_UNKNOWN, 1, 16 * MB);
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE, "not from a heap");
  assert_true(at.verdict.size_from == 8 * MB && at.verdict.size_to == 16 * MB);
}

static void test_the_smallest_size_begins_at_nothing(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  inventory_grow(&at.after, SEEP_TAG_UNKNOWN, 5000, 4 * KB);
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE, "not from a heap");
  assert_true(at.verdict.size_from == 0 && at.verdict.size_to == 4 * KB);
}

static void test_private_data_needs_all_heaps_in_both(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  growth_pair_grow(&at, SEEP_TAG_UNKNOWN, 20);
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE,
                     "memory it gets from Windows directly (VirtualAlloc), not from a heap");
  at.after.heaps_known = false;
  at.after.gap = SEEP_INVENTORY_NOT_LISTED;
  growth_pair_expect_undetermined(&at, "its heaps could not be listed");
  at.after.heaps_known = true;
  at.after.gap = SEEP_INVENTORY_COMPLETE;
  at.before.heaps_known = false;
  at.before.gap = SEEP_INVENTORY_HEAP_OPEN;
  growth_pair_expect_undetermined(&at, "one of its heaps could not be read in full");
  growth_pair_grow(&at, SEEP_TAG_HEAP, 15); /* and neither is it called mixed */
  growth_pair_expect_undetermined(&at, "one of its heaps could not be read in full");
}

/* What was wrong exactly is for those who look closer: whoever is woken by it gets one of a few clauses. */
static void test_gaps_in_words_for_people(void **state)
{
  (void)state;
  static const struct {
    seep_inventory_gap gap;
    const char *reason;
  } cases[] = {{SEEP_INVENTORY_NOT_READ, "its memory could not be read in full"},
               {SEEP_INVENTORY_NOT_LISTED, "its heaps could not be listed"},
               {SEEP_INVENTORY_HEAP_OPEN, "one of its heaps could not be read in full"},
               {SEEP_INVENTORY_TOO_LARGE, "it has too much memory for one look"},
               {SEEP_INVENTORY_CHANGED, "its memory changed while it was looked at"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    growth_pair_begin(&at);
    growth_pair_grow(&at, SEEP_TAG_UNKNOWN, 20);
    at.after.heaps_known = false;
    at.after.gap = cases[i].gap;
    growth_pair_expect_undetermined(&at, cases[i].reason);
    assert_string_equal(at.verdict.reason, cases[i].reason);
    at.before.heaps_known = false; /* the newer one's counts */
    at.before.gap = i == 0 ? SEEP_INVENTORY_CHANGED : SEEP_INVENTORY_NOT_READ;
    growth_pair_expect_undetermined(&at, cases[i].reason);
    growth_pair_grow(&at, SEEP_TAG_HEAP, 100); /* and what is proven is proven */
    growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE * 100.0 / 120.0 * 0.9, "; not every heap could be read");
  }
}

static void test_segment_heaps_are_a_doubt(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  growth_pair_grow(&at, SEEP_TAG_HEAP, 20);
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE, "blocks");
  at.after.segment_heaps = 1;
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE * 0.9, "blocks");
  at.before.segment_heaps = 3;
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE * 0.9, "blocks");
  at.after.segment_heaps = 0;
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE * 0.9, "blocks");
  inventory_grow(&at.after, SEEP_TAG_UNKNOWN, 100, MB); /* what they do not own may be theirs */
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE * 0.9 * 100.0 / 120.0, "not from a heap");
}

static void test_reasons_can_be_read_at_night(void **state)
{
  (void)state;
  static const char *const words[] = {"%", "PEB", "commit charge", "segment"};
  for (unsigned tag = 0; tag < SEEP_TAGS; tag++) {
    for (unsigned facts = 0; facts < 16; facts++) {
      growth_pair_begin(&at);
      inventory_grow(&at.after, (seep_tag)tag, 100, MB);
      at.before.runtimes = at.after.runtimes = facts % 2 != 0 ? SEEP_RUNTIME_DOTNET : 0;
      at.before.page_heap = at.after.page_heap = (facts & 2) != 0;
      at.after.heaps_known = (facts & 4) == 0;
      at.after.regions_known = (facts & 8) == 0;
      seep_growth_kind_between(&at.before, &at.after, MINIMUM, &at.verdict);
      for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_null(strstr(at.verdict.reason, words[i]));
      }
    }
  }
}

static void test_proven_heap_is_heap_even_when_not_all_are_known(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  growth_pair_grow(&at, SEEP_TAG_HEAP_LARGE, 20);
  growth_pair_grow(&at, SEEP_TAG_UNKNOWN, 5);
  at.after.heaps_known = false;
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE * 0.8 * 0.9, "not every heap could be read");
  growth_pair_grow(&at, SEEP_TAG_UNKNOWN, 5);
  growth_pair_expect_undetermined(&at, "one of its heaps could not be read in full");
}

static void test_what_looks_like_heap_is_neither_heap_nor_private_data(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  at.before.heaps_known = at.after.heaps_known = false;
  growth_pair_grow(&at, SEEP_TAG_HEAP_UNPROVEN, 20);
  growth_pair_expect_undetermined(&at, "looks like heap");
  growth_pair_grow(&at, SEEP_TAG_HEAP, 30);
  growth_pair_expect_undetermined(&at, "looks like heap");
  growth_pair_grow(&at, SEEP_TAG_HEAP, 20);
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE * 50.0 / 70.0 * 0.9,
                     "many blocks of ordinary size from malloc, new or HeapAlloc");
}

static void test_page_heap(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  growth_pair_grow(&at, SEEP_TAG_UNKNOWN, 20);
  at.before.page_heap = at.after.page_heap = true;
  at.before.heaps_known = at.after.heaps_known = false;
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE * 0.5 * 0.9,
                     "page heap, a debugging option, is on for this program (gflags)");
  at.before.page_heap = false;
  growth_pair_expect_undetermined(&at, "page heap, a debugging option, is on for this program (gflags)");
  at.before.page_heap = true;
  at.after.page_heap = false;
  growth_pair_expect_undetermined(&at, "page heap, a debugging option, is on for this program (gflags)");
  at.after.page_heap = true;
  growth_pair_grow(&at, SEEP_TAG_STACK, 20); /* neither heap nor stacks */
  growth_pair_expect_undetermined(&at, "page heap, a debugging option, is on for this program (gflags)");
  growth_pair_grow(&at, SEEP_TAG_STACK, 40);
  growth_pair_expect(&at, SEEP_MEMORY_STACK, ONE * 0.75 * 0.9, "never ended");
}

static void test_managed(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  at.before.runtimes = at.after.runtimes = SEEP_RUNTIME_DOTNET;
  inventory_commit(&at.after, SEEP_TAG_MANAGED, 30 * (int64_t)MB);
  growth_pair_expect(&at, SEEP_MEMORY_MANAGED, ONE * 0.9, ".NET");
  growth_pair_grow(&at, SEEP_TAG_HEAP, 20);
  growth_pair_expect(&at, SEEP_MEMORY_MIXED, ONE * 2.0 * 0.4, "none makes up");
}

static void test_stacks_with_their_tebs(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  inventory_grow(&at.after, SEEP_TAG_STACK, 1500, 16 * KB);
  inventory_grow(&at.after, SEEP_TAG_TEB, 6, 2 * MB);
  growth_pair_expect(&at, SEEP_MEMORY_STACK, ONE, "its threads are started and never ended");
  assert_true(at.verdict.rows_grown_bytes[SEEP_USAGE_ROW_PRIVATE] ==
              (int64_t)(12 * MB)); /* as VMMap has it */
  growth_pair_grow(&at, SEEP_TAG_UNKNOWN, 20);
  growth_pair_expect(&at, SEEP_MEMORY_MIXED, ONE * 2.0 * (1.0 - 35.4375 / 55.4375), "none makes up");

  growth_pair_begin(&at); /* nobody lists the threads */
  inventory_grow(&at.after, SEEP_TAG_STACK_SHAPE, 1500, 16 * KB);
  growth_pair_expect(&at, SEEP_MEMORY_STACK, ONE * 0.9, "its threads are started and never ended");
}

static void test_code(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  growth_pair_grow(&at, SEEP_TAG_CODE, 20);
  at.before.runtimes = at.after.runtimes = SEEP_RUNTIME_DOTNET;
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE,
                     "just-in-time compilers allocate it; a script or .NET engine");
  at.after.heaps_known = false; /* there are executable heaps */
  growth_pair_expect_undetermined(&at, "one of its heaps could not be read in full");
  at.after.heaps_known = true;
  at.before.runtimes = at.after.runtimes = 0;
  growth_pair_grow(&at, SEEP_TAG_UNKNOWN, 20);
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE,
                     "memory it gets from Windows directly (VirtualAlloc), not from a heap");
}

static void test_dotnet_may_have_allocated_it(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  at.after.runtimes = SEEP_RUNTIME_DOTNET;
  inventory_grow(&at.after, SEEP_TAG_UNKNOWN, 8, 4 * MB);
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE * 0.6, ".NET is loaded");
  inventory_commit(&at.after, SEEP_TAG_UNKNOWN, 4096);
  growth_pair_expect_undetermined(&at, "may be the heap of .NET");

  growth_pair_begin(&at); /* a segment that fills up */
  at.before.runtimes = at.after.runtimes = SEEP_RUNTIME_DOTNET;
  inventory_commit(&at.after, SEEP_TAG_UNKNOWN, 20 * (int64_t)MB);
  growth_pair_expect_undetermined(&at, "may be the heap of .NET");
  at.before.runtimes = at.after.runtimes = 0;
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE * 0.8, "not from a heap");
  at.before.modules_known = false; /* and it may be loaded */
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE * 0.8 * 0.9, "not from a heap");
}

static void test_other_runtimes_are_named(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  growth_pair_grow(&at, SEEP_TAG_UNKNOWN, 20);
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE, "not from a heap");
  assert_null(strstr(at.verdict.reason, "loaded"));
  at.after.runtimes = SEEP_RUNTIME_JAVA;
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE, "Java is loaded");
  at.after.runtimes = SEEP_RUNTIME_V8;
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE, "V8 is loaded");
  growth_pair_grow(&at, SEEP_TAG_HEAP, 80);
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE * 0.8,
                     "many blocks of ordinary size from malloc, new or HeapAlloc");
}

/* A .NET program in one file has no module that says so: its heap grows inside a reserve. */
static void test_growth_inside_a_few_large_reserves_may_be_a_runtimes(void **state)
{
  (void)state;
  static const char own[] = ", inside a few large reserves, as a language runtime or an allocator of its own "
                            "does";
  growth_pair_begin(&at); /* in a reserve that was there */
  at.before.usage.tags[SEEP_TAG_UNKNOWN].total_bytes += 1024 * MB;
  at.after = at.before;
  inventory_commit(&at.after, SEEP_TAG_UNKNOWN, 32 * (int64_t)MB);
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE * 0.8, own);
  at.after.modules_known = false;
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE * 0.8 * 0.9, own);
  at.after.modules_known = true;
  at.before.runtimes = at.after.runtimes = SEEP_RUNTIME_V8; /* that is whose it may be */
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE, "V8 is loaded");

  growth_pair_begin(&at); /* in two new ones */
  inventory_grow(&at.after, SEEP_TAG_UNKNOWN, 2, 16 * MB);
  at.after.usage.tags[SEEP_TAG_UNKNOWN].total_bytes += 1024 * MB;
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE * 0.8, own);

  growth_pair_begin(&at); /* large blocks, and nothing reserved besides */
  inventory_grow(&at.after, SEEP_TAG_UNKNOWN, 2, 16 * MB);
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE, "not from a heap");
  assert_null(strstr(at.verdict.reason, "reserves"));

  growth_pair_begin(&at); /* many with much reserve: the program's blocks, however wasteful */
  inventory_grow(&at.after, SEEP_TAG_UNKNOWN, 320, 64 * KB);
  at.after.usage.tags[SEEP_TAG_UNKNOWN].total_bytes += 300 * MB;
  growth_pair_expect(&at, SEEP_MEMORY_PRIVATE_DATA, ONE, "not from a heap");
  assert_null(strstr(at.verdict.reason, "reserves"));
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
      cmocka_unit_test(test_gaps_in_words_for_people),
      cmocka_unit_test(test_segment_heaps_are_a_doubt),
      cmocka_unit_test(test_reasons_can_be_read_at_night),
      cmocka_unit_test(test_proven_heap_is_heap_even_when_not_all_are_known),
      cmocka_unit_test(test_what_looks_like_heap_is_neither_heap_nor_private_data),
      cmocka_unit_test(test_page_heap),
      cmocka_unit_test(test_managed),
      cmocka_unit_test(test_stacks_with_their_tebs),
      cmocka_unit_test(test_code),
      cmocka_unit_test(test_dotnet_may_have_allocated_it),
      cmocka_unit_test(test_other_runtimes_are_named),
      cmocka_unit_test(test_growth_inside_a_few_large_reserves_may_be_a_runtimes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
