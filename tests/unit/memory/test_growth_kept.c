/* What becomes of a verdict: kept, kept as an earlier one, replaced by another kind, or withdrawn because the
 * memory comes and goes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/memory/growth_rig.h"

static growth_rig at;

static void test_a_verdict_is_given_up_when_the_kind_changes(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_UNKNOWN);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.90 * 2.0 / 3.0, 2);
  assert_true(at.growth.verdict.rows_grown_bytes[SEEP_USAGE_ROW_PRIVATE] ==
              (int64_t)(20 * MB)); /* the newest */
  growth_rig_step(&at, SEEP_TAG_UNKNOWN);
  growth_rig_expect(&at, SEEP_MEMORY_PRIVATE_DATA, 0.90, 2);
  growth_rig_expect_reason(&at, "directly (VirtualAlloc)");
}

static void test_undetermined_comparisons_leave_a_verdict_standing(void **state)
{
  (void)state;
  double trust = 0.90;
  growth_rig_begin(&at);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_doubtful_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.90, 2);
  assert_false(at.growth.verdict.earlier);
  trust *= 0.95;
  for (unsigned i = 2; i < 30; i++) {
    growth_rig_doubtful_step(&at, i % 2 == 0 ? SEEP_TAG_HEAP : SEEP_TAG_UNKNOWN);
    trust *= i <= 10 ? 0.95 : 1.0;
    growth_rig_expect(&at, SEEP_MEMORY_HEAP, trust, 2);
    assert_true(at.growth.verdict.earlier);
    growth_rig_expect_reason(&at, "blocks of ordinary size");
  }
  growth_rig_step(&at, SEEP_TAG_HEAP); /* and is as sure as ever once something agrees */
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.97, 3);
  assert_false(at.growth.verdict.earlier);
}

static void test_three_that_agree_outlast_one_that_tells_nothing(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_doubtful_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.97, 3);
}

static void test_undetermined_comparisons_alone_determine_nothing(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  for (int i = 0; i < 5; i++) {
    growth_rig_doubtful_step(&at, SEEP_TAG_HEAP);
    growth_rig_expect(&at, SEEP_MEMORY_UNDETERMINED, 0.0, i < 3 ? (unsigned)i + 1 : 3);
    growth_rig_expect_reason(&at, "Windows counts other growth");
  }
  growth_rig_begin(&at); /* another kind than before */
  at.now.commit_bytes = 0;
  inventory_commit(&at.now, SEEP_TAG_UNKNOWN, -(int64_t)(10 * MB));
  assert_int_equal(inventory_step(&at.growth, &at.now, SEEP_TAG_HEAP, 40 * MB), SEEP_GROWTH_KIND_COMPARED);
  assert_string_equal(at.growth.verdict.reason,
                      "the figures of two looks do not fit together; another look follows");

  growth_rig_begin(&at);
  for (int i = 0; i < 3; i++) {
    growth_rig_doubtful_step(&at, SEEP_TAG_HEAP);
  }
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_UNDETERMINED, 0.0, 3);
  growth_rig_doubtful_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_UNDETERMINED, 0.0, 3);
  assert_false(at.growth.verdict.earlier);
  growth_rig_doubtful_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP); /* the second one that tells something */
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.90, 2);
}

static void test_two_of_another_kind_take_an_earlier_verdicts_place(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  for (int i = 0; i < 4; i++) {
    growth_rig_doubtful_step(&at, SEEP_TAG_UNKNOWN);
  }
  growth_rig_step(&at, SEEP_TAG_UNKNOWN);
  growth_rig_doubtful_step(&at, SEEP_TAG_UNKNOWN);
  assert_int_equal(at.growth.verdict.kind, SEEP_MEMORY_HEAP);
  assert_true(at.growth.verdict.earlier);
  growth_rig_step(&at, SEEP_TAG_UNKNOWN);
  growth_rig_expect(&at, SEEP_MEMORY_PRIVATE_DATA, 0.90, 2);
  assert_false(at.growth.verdict.earlier);
}

static void test_several_other_kinds_leave_a_verdict_standing(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_UNKNOWN);
  growth_rig_step(&at, SEEP_TAG_STACK);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.90 * 2.0 / 3.0 * 0.95 * 0.95,
                    2); /* of when two of three agreed */
  assert_true(at.growth.verdict.earlier);
  growth_rig_step(&at, SEEP_TAG_MANAGED); /* none of those that told heap is left */
  assert_int_equal(at.growth.verdict.kind, SEEP_MEMORY_HEAP);
  assert_true(at.growth.verdict.earlier);
  growth_rig_step(&at, SEEP_TAG_STACK);
  growth_rig_expect(&at, SEEP_MEMORY_STACK, 0.90 * 2.0 / 3.0, 2);
}

static void test_an_earlier_verdict_is_withdrawn_when_it_comes_and_goes(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_doubtful_step(&at, SEEP_TAG_UNKNOWN);
  growth_rig_doubtful_step(&at, SEEP_TAG_UNKNOWN);
  growth_rig_shrink(&at, SEEP_TAG_HEAP, 39 * MB);
  growth_rig_doubtful_step(&at, SEEP_TAG_UNKNOWN);
  assert_int_equal(at.growth.verdict.kind, SEEP_MEMORY_HEAP); /* 1 MB is left */
  growth_rig_shrink(&at, SEEP_TAG_HEAP, MB);
  growth_rig_doubtful_step(&at, SEEP_TAG_UNKNOWN);
  growth_rig_expect(&at, SEEP_MEMORY_UNDETERMINED, 0.0, 3);
  assert_false(at.growth.verdict.earlier);
}

static void test_looks_that_fail_make_a_verdict_an_earlier_one(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  seep_growth_kind_failed(&at.growth, SEEP_TIMED_OUT);
  assert_false(at.growth.verdict.earlier);
  at.now.regions_cut = true;
  assert_int_equal(growth_rig_add(&at), SEEP_GROWTH_KIND_UNUSABLE);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.90 * 0.95 * 0.95, 2);
  assert_true(at.growth.verdict.earlier);
  at.now.regions_cut = false;
  for (int i = 0; i < 5; i++) { /* nothing grows any more, so nothing could be compared */
    assert_int_equal(growth_rig_add(&at), SEEP_GROWTH_KIND_TOO_LITTLE);
  }
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.90 * 0.95 * 0.95, 2);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.97, 3);
  assert_false(at.growth.verdict.earlier);
}

/* Heaps that could not be read once are taken for private data then, and for heap again after. */
static void test_a_change_of_class_unmakes_no_verdict(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  at.now.heaps_known = false;
  inventory_commit(&at.now, SEEP_TAG_HEAP, -(int64_t)(45 * MB));
  inventory_commit(&at.now, SEEP_TAG_UNKNOWN, 44 * (int64_t)MB);
  assert_int_equal(growth_rig_add(&at), SEEP_GROWTH_KIND_BASELINE);
  growth_rig_doubtful_step(&at, SEEP_TAG_UNKNOWN);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.90, 2);
  at.now.heaps_known = true;
  inventory_commit(&at.now, SEEP_TAG_UNKNOWN, -(int64_t)(44 * MB));
  inventory_commit(&at.now, SEEP_TAG_HEAP, 43 * (int64_t)MB);
  assert_int_equal(growth_rig_add(&at), SEEP_GROWTH_KIND_BASELINE);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.97, 3);

  growth_rig_begin(&at); /* both in one look each, and then the leak is given back */
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  inventory_commit(&at.now, SEEP_TAG_HEAP, -(int64_t)(30 * MB));
  inventory_grow(&at.now, SEEP_TAG_UNKNOWN, 60, MB);
  assert_int_equal(growth_rig_add(&at), SEEP_GROWTH_KIND_COMPARED); /* does not fit together */
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.90, 2);
  inventory_commit(&at.now, SEEP_TAG_HEAP, 30 * (int64_t)MB);
  growth_rig_shrink(&at, SEEP_TAG_UNKNOWN, 60 * MB);
  growth_rig_shrink(&at, SEEP_TAG_HEAP, 40 * MB);
  growth_rig_doubtful_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_UNDETERMINED, 0.0, 3);
}

static void test_what_grows_again_keeps_its_verdict(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_shrink(&at, SEEP_TAG_HEAP, 30 * MB);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.90, 2);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.97, 3);
}

static void test_what_shrinks_besides_changes_nothing(void **state)
{
  (void)state;
  seep_growth_kind_init(&at.growth);
  inventory_usual(&at.now);
  inventory_grow(&at.now, SEEP_TAG_UNKNOWN, 100, MB);
  assert_int_equal(growth_rig_add(&at), SEEP_GROWTH_KIND_BASELINE);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_shrink(&at, SEEP_TAG_UNKNOWN,
                    50 * MB); /* more than all that has grown until then, and less than in the end */
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.97, 3);
}

static void test_a_process_that_has_shrunk_over_all_leaks_nothing(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_shrink(&at, SEEP_TAG_HEAP, 49 * MB);
  growth_rig_step(&at, SEEP_TAG_HEAP); /* 11 MB above where it began */
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.97, 3);

  growth_rig_begin(&at);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_shrink(&at, SEEP_TAG_HEAP, 45 * MB);
  growth_rig_shrink(&at, SEEP_TAG_UNKNOWN, 5 * MB);
  growth_rig_shrink(&at, SEEP_TAG_STACK, MB / 2);
  inventory_commit(&at.now, SEEP_TAG_UNKNOWN, -(int64_t)(5 * MB) + (int64_t)(MB / 2));
  assert_int_equal(growth_rig_add(&at), SEEP_GROWTH_KIND_BASELINE);
  inventory_commit(&at.now, SEEP_TAG_HEAP, 15 * (int64_t)MB);
  assert_int_equal(seep_growth_kind_add(&at.growth, &at.now, 15 * MB, MAXIMUM), SEEP_GROWTH_KIND_COMPARED);
  growth_rig_expect(&at, SEEP_MEMORY_UNDETERMINED, 0.0, 3); /* as large as it was when it began to grow */
  growth_rig_expect_reason(&at, "comes and goes");
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.97, 3); /* that adds up again */
}

static void test_mixed_memory_comes_and_goes_as_well(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  for (int i = 0; i < 3; i++) {
    inventory_grow(&at.now, SEEP_TAG_HEAP, 10, MB);
    inventory_grow(&at.now, SEEP_TAG_UNKNOWN, 10, MB);
    assert_int_equal(growth_rig_add(&at), SEEP_GROWTH_KIND_COMPARED);
    assert_int_equal(at.growth.verdict.kind, i == 1 ? SEEP_MEMORY_MIXED : SEEP_MEMORY_UNDETERMINED);
    if (i == 1) {
      inventory_commit(&at.now, SEEP_TAG_HEAP, -(int64_t)(30 * MB));
      inventory_commit(&at.now, SEEP_TAG_UNKNOWN, -(int64_t)(30 * MB));
      assert_int_equal(growth_rig_add(&at), SEEP_GROWTH_KIND_BASELINE);
    }
  }
  growth_rig_expect_reason(&at, "comes and goes");
}

/* A cache in the heap that is filled and emptied, while private memory leaks slowly: each comparison from
 * where it was emptied sees mostly heap. */
static void breathe(uint64_t heap_bytes, uint64_t leaked_bytes)
{
  inventory_grow(&at.now, SEEP_TAG_UNKNOWN, (unsigned)(leaked_bytes / MB), MB);
  inventory_commit(&at.now, SEEP_TAG_HEAP, (int64_t)heap_bytes);
  assert_int_equal(growth_rig_add(&at), SEEP_GROWTH_KIND_COMPARED);
  inventory_commit(&at.now, SEEP_TAG_HEAP, -(int64_t)heap_bytes);
  assert_int_equal(growth_rig_add(&at), SEEP_GROWTH_KIND_BASELINE);
}

static void test_memory_that_comes_and_goes_is_not_what_leaks(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  breathe(40 * MB, 16 * MB);
  breathe(40 * MB, 16 * MB);
  breathe(40 * MB, 16 * MB);
  assert_int_not_equal(at.growth.verdict.kind, SEEP_MEMORY_HEAP);

  growth_rig_begin(&at); /* 75 % heap each time, and not 70 % when taken together */
  breathe(45 * MB, 15 * MB);
  breathe(45 * MB, 15 * MB);
  growth_rig_expect(&at, SEEP_MEMORY_UNDETERMINED, 0.0, 2);
  growth_rig_expect_reason(&at, "comes and goes");

  growth_rig_begin(&at); /* a heap that leaks and breathes */
  for (int i = 0; i < 3; i++) {
    inventory_commit(&at.now, SEEP_TAG_HEAP, 16 * (int64_t)MB);
    breathe(40 * MB, 4 * MB);
  }
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.97 * 88.0 / 100.0, 3);
}

/* Two that do not add up take nobody's place. */
static void test_what_comes_and_goes_replaces_nothing(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  growth_rig_step(&at, SEEP_TAG_UNKNOWN);
  growth_rig_step(&at, SEEP_TAG_UNKNOWN);
  breathe(45 * MB, 15 * MB);
  breathe(45 * MB, 15 * MB);
  assert_int_equal(at.growth.verdict.kind, SEEP_MEMORY_PRIVATE_DATA);
  assert_true(at.growth.verdict.earlier);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  assert_int_equal(at.growth.verdict.kind, SEEP_MEMORY_PRIVATE_DATA);
  growth_rig_step(&at, SEEP_TAG_HEAP); /* two that do */
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.97, 3);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_verdict_is_given_up_when_the_kind_changes),
      cmocka_unit_test(test_undetermined_comparisons_leave_a_verdict_standing),
      cmocka_unit_test(test_three_that_agree_outlast_one_that_tells_nothing),
      cmocka_unit_test(test_undetermined_comparisons_alone_determine_nothing),
      cmocka_unit_test(test_two_of_another_kind_take_an_earlier_verdicts_place),
      cmocka_unit_test(test_several_other_kinds_leave_a_verdict_standing),
      cmocka_unit_test(test_an_earlier_verdict_is_withdrawn_when_it_comes_and_goes),
      cmocka_unit_test(test_looks_that_fail_make_a_verdict_an_earlier_one),
      cmocka_unit_test(test_a_change_of_class_unmakes_no_verdict),
      cmocka_unit_test(test_what_grows_again_keeps_its_verdict),
      cmocka_unit_test(test_what_shrinks_besides_changes_nothing),
      cmocka_unit_test(test_a_process_that_has_shrunk_over_all_leaks_nothing),
      cmocka_unit_test(test_mixed_memory_comes_and_goes_as_well),
      cmocka_unit_test(test_memory_that_comes_and_goes_is_not_what_leaks),
      cmocka_unit_test(test_what_comes_and_goes_replaces_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
