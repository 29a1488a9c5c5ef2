/* Two inventories that do not fit together, or that the OS's own counter contradicts: nothing is said of
 * them. Each with its twin, of which something is. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/memory/growth_pair.h"

static growth_pair at;

static void test_no_region_list_or_a_part_of_it(void **state)
{
  (void)state;
  seep_inventory *const both[] = {&at.before, &at.after};
  for (size_t i = 0; i < 2; i++) {
    growth_pair_begin(&at);
    growth_pair_grow(&at, SEEP_TAG_HEAP, 20);
    both[i]->regions_cut = true;
    growth_pair_expect_undetermined(&at, "too much memory for one look");
    assert_int_equal(at.verdict.comparisons, 0);
    assert_true(at.verdict.grown_bytes == 0);
    both[i]->regions_known = false;
    growth_pair_expect_undetermined(&at, "its memory could not be read in full");
  }
}

static void test_the_counter_must_have_grown_as_well(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  growth_pair_grow(&at, SEEP_TAG_HEAP, 100);
  at.after.commit_bytes += 16 * MB; /* not more than the floor */
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE, "blocks");
  at.after.commit_bytes += 4096;
  growth_pair_expect_undetermined(&at, "Windows counts other growth than was found in its memory");

  growth_pair_begin(&at);
  growth_pair_grow(&at, SEEP_TAG_HEAP, 1000);
  at.after.commit_bytes -= 100 * MB; /* a tenth */
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE, "blocks");
  at.after.commit_bytes -= 4096;
  growth_pair_expect_undetermined(&at, "Windows counts other growth than was found in its memory");
  at.after.commit_bytes = 0; /* not known: nothing to check it by */
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE * 0.95, "blocks");
}

static void test_copied_pages_of_images_are_in_the_counter(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  growth_pair_grow(&at, SEEP_TAG_HEAP, 40);
  at.after.usage.tags[SEEP_TAG_IMAGE].private_bytes += 30 * MB;
  at.after.commit_bytes += 30 * MB;
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE, "blocks");
  at.after.usage.tags[SEEP_TAG_IMAGE].private_bytes = 0;
  growth_pair_expect_undetermined(&at, "Windows counts other growth than was found in its memory");
}

static void test_the_counter_alone_has_grown(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  at.after.commit_bytes += 100 * MB;
  growth_pair_expect_undetermined(&at, "Windows counts other growth than was found in its memory");
  assert_int_equal(at.verdict.comparisons, 1);
  assert_true(at.verdict.grown_bytes == 0);
  at.after.commit_bytes -= 90 * MB;
  growth_pair_expect_undetermined(&at, "too little private memory");
  assert_int_equal(at.verdict.comparisons, 0);
}

static void test_growth_that_is_not_private(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  at.after.usage.tags[SEEP_TAG_MAPPED].committed_bytes += 100 * MB;
  growth_pair_expect_undetermined(&at, "mapped memory");
  assert_true(at.verdict.rows_grown_bytes[SEEP_USAGE_ROW_MAPPED] == (int64_t)(100 * MB));
  growth_pair_begin(&at);
  at.after.usage.tags[SEEP_TAG_IMAGE].committed_bytes += 100 * MB;
  growth_pair_expect_undetermined(&at, "too little private memory");
  growth_pair_grow(&at, SEEP_TAG_HEAP, 15);
  growth_pair_expect_undetermined(&at, "too little private memory");
  growth_pair_grow(&at, SEEP_TAG_HEAP, 1);
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE, "blocks");
}

/* Old memory that is taken for another kind than before: an unreadable heap's became readable. */
static void test_a_change_of_class_is_no_growth(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  growth_pair_grow(&at, SEEP_TAG_UNKNOWN, 100);
  at.before = at.after;
  at.before.heaps_known = false;
  inventory_commit(&at.after, SEEP_TAG_UNKNOWN, -(int64_t)(100 * MB));
  growth_pair_grow(&at, SEEP_TAG_HEAP, 100);
  growth_pair_expect_undetermined(&at, "too little private memory");
  growth_pair_grow(&at, SEEP_TAG_HEAP, 20); /* 600 % of the growth would be heap */
  growth_pair_expect_undetermined(&at, "the figures of the two do not fit together");
  growth_pair_grow(&at, SEEP_TAG_UNKNOWN, 20);
  growth_pair_expect_undetermined(&at, "the figures of the two do not fit together");
}

static void test_a_little_shrinking_is_no_change_of_class(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  growth_pair_grow(&at, SEEP_TAG_HEAP, 26);
  inventory_commit(&at.after, SEEP_TAG_UNKNOWN, -(int64_t)(6 * MB));
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE, "blocks");
  inventory_commit(&at.after, SEEP_TAG_UNKNOWN, -(int64_t)(1 * MB));
  growth_pair_expect_undetermined(&at, "the figures of the two do not fit together");
}

static void test_memory_of_no_known_type(void **state)
{
  (void)state;
  growth_pair_begin(&at);
  growth_pair_grow(&at, SEEP_TAG_HEAP, 20);
  at.after.usage.tags[SEEP_TAG_STRANGE].committed_bytes += 6 * MB;
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE, "blocks");
  at.after.usage.tags[SEEP_TAG_STRANGE].committed_bytes += 4096;
  growth_pair_expect_undetermined(&at, "type that is not known");
}

static void test_sums_beyond_any_address_space(void **state)
{
  (void)state;
  static const uint64_t absurd[] = {UINT64_MAX, UINT64_C(1) << 63, (UINT64_C(1) << 57) + 1};
  for (size_t i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
    growth_pair_begin(&at);
    at.after.usage.tags[SEEP_TAG_HEAP].committed_bytes = absurd[i];
    at.after.usage.tags[SEEP_TAG_UNKNOWN].committed_bytes = absurd[i];
    growth_pair_expect_undetermined(&at, "more than an address space holds");
    growth_pair_begin(&at);
    at.before.usage.tags[SEEP_TAG_MAPPED].private_bytes = absurd[i];
    growth_pair_grow(&at, SEEP_TAG_HEAP, 20);
    growth_pair_expect_undetermined(&at, "more than an address space holds");
    growth_pair_begin(&at);
    at.before.commit_bytes = absurd[i];
    growth_pair_expect_undetermined(&at, "more than an address space holds");
  }
  growth_pair_begin(&at); /* reserves and mapped files decide nothing, whatever they are */
  growth_pair_grow(&at, SEEP_TAG_HEAP, 20);
  at.after.usage.tags[SEEP_TAG_MAPPED].committed_bytes = UINT64_MAX;
  at.after.usage.tags[SEEP_TAG_UNKNOWN].total_bytes = UINT64_MAX;
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE, "blocks");
  assert_true(at.verdict.rows_grown_bytes[SEEP_USAGE_ROW_MAPPED] == INT64_MAX);
  at.before.usage.tags[SEEP_TAG_IMAGE].committed_bytes = UINT64_MAX;
  growth_pair_expect(&at, SEEP_MEMORY_HEAP, ONE, "blocks");
  assert_true(at.verdict.rows_grown_bytes[SEEP_USAGE_ROW_IMAGE] == -INT64_MAX);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
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
