/* Verdicts over several inventories: two of three, one that must agree, load, too little, and inventories
 * that could not be taken. What becomes of a verdict later is in test_growth_kept.c, what one comparison says
 * in test_growth_comparison.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "unit/memory/growth_rig.h"

static growth_rig at;

static void test_nothing_is_said_before_a_comparison(void **state)
{
  (void)state;
  seep_growth_kind_init(&at.growth);
  growth_rig_expect(&at, SEEP_MEMORY_UNDETERMINED, 0.0, 0);
  assert_string_equal(at.growth.verdict.reason, "it must grow by some more first");
  growth_rig_begin(&at);
  growth_rig_expect(&at, SEEP_MEMORY_UNDETERMINED, 0.0, 0);
  assert_string_equal(at.growth.verdict.reason, "it must grow by some more first");
  assert_true(at.growth.verdict.grown_bytes == 0 &&
              at.growth.verdict.rows_grown_bytes[SEEP_USAGE_ROW_HEAP] == 0);
}

static void test_one_comparison_is_not_enough_and_three_are_surer_than_two(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_UNDETERMINED, 0.0, 1);
  growth_rig_expect_reason(&at, "it must grow by some more first");
  assert_true(at.growth.verdict.grown_bytes == 20 * MB);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.90, 2);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.97, 3);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.97, 3);
}

static void test_two_of_three_are_enough_with_the_share_of_all_of_them(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_UNKNOWN);
  growth_rig_expect(&at, SEEP_MEMORY_UNDETERMINED, 0.0, 2);
  growth_rig_expect_reason(&at, "differs from one comparison to the next");
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.90 * 2.0 / 3.0, 2);
  assert_true(at.growth.verdict.rows_grown_bytes[SEEP_USAGE_ROW_HEAP] == (int64_t)(20 * MB));
  assert_true(at.growth.verdict.rows_grown_bytes[SEEP_USAGE_ROW_PRIVATE] == 0);
}

static void test_one_of_three_is_not_enough(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_UNKNOWN);
  at.now.runtimes = SEEP_RUNTIME_DOTNET;
  inventory_grow(&at.now, SEEP_TAG_MANAGED, 1, 20 * MB);
  assert_int_equal(growth_rig_add(&at), SEEP_GROWTH_KIND_COMPARED);
  growth_rig_expect(&at, SEEP_MEMORY_UNDETERMINED, 0.0, 3);
  growth_rig_expect_reason(&at, "differs from one comparison to the next");
}

static void test_mixed_twice_is_mixed(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  for (int i = 0; i < 2; i++) {
    inventory_grow(&at.now, SEEP_TAG_HEAP, 10, MB);
    inventory_grow(&at.now, SEEP_TAG_UNKNOWN, 10, MB);
    assert_int_equal(growth_rig_add(&at), SEEP_GROWTH_KIND_COMPARED);
    growth_rig_expect(&at, i == 0 ? SEEP_MEMORY_UNDETERMINED : SEEP_MEMORY_MIXED, i == 0 ? 0.0 : 0.90,
                      i == 0 ? 1 : 2);
  }
}

/* ---- load ---- */

static void load(seep_tag tag, uint64_t bytes)
{
  assert_int_equal(inventory_step(&at.growth, &at.now, tag, bytes), SEEP_GROWTH_KIND_TOO_MUCH);
}

static void test_more_growth_than_the_maximum_is_load(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  load(SEEP_TAG_UNKNOWN, MAXIMUM + MB);
  assert_int_equal(at.growth.comparison_count, 0);
  assert_true(at.growth.verdict.grown_bytes == 0);
  assert_int_equal(inventory_step(&at.growth, &at.now, SEEP_TAG_HEAP, MAXIMUM), SEEP_GROWTH_KIND_COMPARED);
  assert_true(at.growth.verdict.grown_bytes == MAXIMUM); /* since the load */
  inventory_grow(&at.now, SEEP_TAG_HEAP, 4096, MB);
  assert_int_equal(seep_growth_kind_add(&at.growth, &at.now, MINIMUM, UINT64_MAX), SEEP_GROWTH_KIND_COMPARED);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.90, 2);

  growth_rig_begin(&at); /* too little is too little, whatever the maximum is */
  inventory_grow(&at.now, SEEP_TAG_HEAP, 15, MB);
  assert_int_equal(seep_growth_kind_add(&at.growth, &at.now, MINIMUM, MB), SEEP_GROWTH_KIND_TOO_LITTLE);
}

static void test_load_neither_makes_nor_unmakes_a_verdict(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  load(SEEP_TAG_UNKNOWN, 1000 * MB);
  load(SEEP_TAG_UNKNOWN, 1000 * MB);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.90, 2);
  load(SEEP_TAG_HEAP, 1000 * MB);
  growth_rig_shrink(&at, SEEP_TAG_HEAP, 900 * MB); /* it goes as it came */
  growth_rig_shrink(&at, SEEP_TAG_UNKNOWN, 1500 * MB);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.97, 3);

  seep_growth_kind_init(&at.growth);
  inventory_usual(&at.now);
  inventory_grow(&at.now, SEEP_TAG_HEAP, 20, MB);
  assert_int_equal(growth_rig_add(&at), SEEP_GROWTH_KIND_BASELINE);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  load(SEEP_TAG_HEAP, 1000 * MB);
  growth_rig_shrink(&at, SEEP_TAG_HEAP, 1060 * MB); /* the leak goes with it */
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_UNDETERMINED, 0.0, 3);
  growth_rig_expect_reason(&at, "comes and goes");
}

static void test_less_growth_than_the_minimum_adds_up(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  assert_int_equal(inventory_step(&at.growth, &at.now, SEEP_TAG_HEAP, 8 * MB), SEEP_GROWTH_KIND_TOO_LITTLE);
  assert_int_equal(inventory_step(&at.growth, &at.now, SEEP_TAG_HEAP, 7 * MB), SEEP_GROWTH_KIND_TOO_LITTLE);
  assert_int_equal(at.growth.comparison_count, 0);
  assert_int_equal(inventory_step(&at.growth, &at.now, SEEP_TAG_HEAP, MB), SEEP_GROWTH_KIND_COMPARED);
  assert_true(at.growth.verdict.grown_bytes == 16 * MB);
  assert_int_equal(at.growth.inventories, 4);
}

static void test_a_minimum_of_nothing_still_needs_growth(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  assert_int_equal(seep_growth_kind_add(&at.growth, &at.now, 0, MAXIMUM), SEEP_GROWTH_KIND_TOO_LITTLE);
  inventory_commit(&at.now, SEEP_TAG_HEAP, 4096);
  assert_int_equal(seep_growth_kind_add(&at.growth, &at.now, 0, MAXIMUM), SEEP_GROWTH_KIND_COMPARED);
  assert_true(at.growth.verdict.grown_bytes == 4096);
}

static void test_what_has_shrunk_is_compared_from_where_it_is(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  growth_rig_shrink(&at, SEEP_TAG_HEAP, 5 * MB);
  /* only just above where it began */
  assert_int_equal(inventory_step(&at.growth, &at.now, SEEP_TAG_HEAP, 15 * MB), SEEP_GROWTH_KIND_TOO_LITTLE);
  assert_int_equal(inventory_step(&at.growth, &at.now, SEEP_TAG_HEAP, MB), SEEP_GROWTH_KIND_COMPARED);
  assert_true(at.growth.verdict.grown_bytes == 16 * MB);
}

static void test_the_most_doubtful_comparison_counts(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  at.now.heaps_known = false;
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.90 * 0.90, 2);
  at.now.heaps_known = true;
  growth_rig_step(&at, SEEP_TAG_HEAP); /* from an inventory that did not know them */
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.97 * 0.90, 3);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.97, 3);
}

static void test_the_words_are_those_of_the_newest_that_agrees(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_step(&at, SEEP_TAG_HEAP_LARGE);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.90, 2);
  assert_true(at.growth.verdict.large_blocks && at.growth.verdict.size_to == MB);
  growth_rig_expect_reason(&at, "large blocks from malloc");
  growth_rig_step(&at, SEEP_TAG_UNKNOWN);
  assert_true(at.growth.verdict.large_blocks && at.growth.verdict.size_to == MB);
  growth_rig_expect_reason(&at, "large blocks from malloc");
}

static void test_an_inventory_that_was_cut_is_compared_with_nothing(void **state)
{
  (void)state;
  growth_rig_begin(&at);
  at.now.regions_cut = true;
  assert_int_equal(inventory_step(&at.growth, &at.now, SEEP_TAG_HEAP, 20 * MB), SEEP_GROWTH_KIND_UNUSABLE);
  growth_rig_expect(&at, SEEP_MEMORY_UNDETERMINED, 0.0, 0);
  growth_rig_expect_reason(&at, "too much memory for one look");
  at.now.regions_cut = false;
  growth_rig_step(&at, SEEP_TAG_HEAP);
  assert_true(at.growth.verdict.grown_bytes == 40 * MB); /* since the last whole one */
  growth_rig_step(&at, SEEP_TAG_HEAP);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.90, 2);
  at.now.regions_cut = true;
  assert_int_equal(inventory_step(&at.growth, &at.now, SEEP_TAG_UNKNOWN, 20 * MB), SEEP_GROWTH_KIND_UNUSABLE);
  growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.90, 2);
}

static void test_a_whole_inventory_takes_the_place_of_one_that_was_cut(void **state)
{
  (void)state;
  seep_growth_kind_init(&at.growth);
  inventory_usual(&at.now);
  at.now.regions_cut = true;
  assert_int_equal(growth_rig_add(&at), SEEP_GROWTH_KIND_UNUSABLE);
  growth_rig_expect_reason(&at, "too much memory for one look");
  at.now.regions_cut = false;
  assert_int_equal(inventory_step(&at.growth, &at.now, SEEP_TAG_HEAP, 20 * MB), SEEP_GROWTH_KIND_BASELINE);
  assert_int_equal(at.growth.comparison_count, 0);
  assert_string_equal(at.growth.verdict.reason, "it must grow by some more first");
  growth_rig_step(&at, SEEP_TAG_HEAP);
  assert_int_equal(at.growth.comparison_count, 1);
  assert_true(at.growth.verdict.grown_bytes == 20 * MB);
}

static void test_failures_give_the_reason_until_something_was_compared(void **state)
{
  (void)state;
  static const struct {
    seep_status status;
    const char *reason;
  } cases[] = {{SEEP_DENIED, "Windows does not let this process be read"},
               {SEEP_GONE, "the process has ended"},
               {SEEP_TIMED_OUT, "looking at the process's memory took too long"},
               {SEEP_NO_MEMORY, "there was no memory left to look at the process with"},
               {SEEP_OS, "the process's memory could not be looked at"},
               {SEEP_UNSUPPORTED, "the process's memory could not be looked at"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    seep_growth_kind_init(&at.growth);
    seep_growth_kind_failed(&at.growth, cases[i].status);
    growth_rig_expect(&at, SEEP_MEMORY_UNDETERMINED, 0.0, 0);
    assert_string_equal(at.growth.verdict.reason, cases[i].reason);
    assert_string_equal(seep_growth_kind_failure_text(cases[i].status), cases[i].reason);
    inventory_usual(&at.now);
    assert_int_equal(growth_rig_add(&at), SEEP_GROWTH_KIND_BASELINE);
    assert_string_equal(at.growth.verdict.reason, "it must grow by some more first");
    growth_rig_step(&at, SEEP_TAG_HEAP);
    seep_growth_kind_failed(&at.growth, cases[i].status);
    growth_rig_expect_reason(&at, "it must grow by some more first");
    growth_rig_step(&at, SEEP_TAG_HEAP);
    seep_growth_kind_failed(&at.growth, cases[i].status);
    growth_rig_expect(&at, SEEP_MEMORY_HEAP, 0.90, 2);
    growth_rig_expect_reason(&at, "blocks of ordinary size");
  }
}

/* ---- whatever the sums are ---- */

static uint64_t seed = 20240229;

static uint64_t draw(uint64_t below)
{
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return below == 0 ? seed : seed % below;
}

/* Small, large, absurd and saturated sums alike. */
static uint64_t draw_bytes(void)
{
  static const uint64_t limits[] = {1,         64 * MB,           64 * MB,          64 * MB,
                                    1024 * MB, UINT64_C(1) << 40, UINT64_C(1) << 57};
  uint64_t which = draw(24);
  return which == 0 ? UINT64_MAX - draw(2) : which == 1 ? draw(0) : draw(limits[which % 7]);
}

static void draw_facts(seep_inventory *out)
{
  out->regions_known = draw(16) != 0;
  out->regions_cut = draw(16) == 0;
  out->heaps_known = draw(4) != 0;
  out->gap = out->heaps_known ? SEEP_INVENTORY_COMPLETE : (seep_inventory_gap)(1 + draw(6));
  out->page_heap = draw(8) == 0;
  out->modules_known = draw(2) == 0;
  out->runtimes = draw(2) == 0 ? 0 : (unsigned)draw(8);
  out->commit_bytes = draw(4) == 0 ? draw_bytes() : 0;
}

static void draw_absurd(seep_inventory *out)
{
  memset(out, 0, sizeof *out);
  for (unsigned tag = 0; tag < SEEP_TAGS; tag++) {
    out->usage.tags[tag].committed_bytes = draw_bytes();
    out->usage.tags[tag].private_bytes = draw_bytes();
    out->usage.tags[tag].total_bytes = draw_bytes();
    out->usage.tags[tag].allocations = draw_bytes();
    out->usage.sizes[tag][draw(SEEP_USAGE_SIZES)] = (uint32_t)draw(UINT32_MAX);
  }
  draw_facts(out);
}

/* What comes after `before`: mostly one tag grows, else anything may have become of it. */
static void draw_next(const seep_inventory *before, unsigned favourite, seep_inventory *out)
{
  if (draw(16) == 0) {
    draw_absurd(out);
    return;
  }
  *out = *before;
  for (unsigned tag = 0; tag < SEEP_TAGS; tag++) {
    uint64_t bytes = draw(tag == favourite ? 256 * MB : draw(4) == 0 ? 64 * MB : 4 * MB);
    seep_usage_sum *sum = &out->usage.tags[tag];
    bool less = draw(16) == 0 && bytes < sum->committed_bytes;
    sum->committed_bytes += less ? (uint64_t)0 - bytes : bytes;
    sum->private_bytes = sum->committed_bytes;
    sum->total_bytes += draw(4 * bytes + 1);
    sum->allocations += draw(100);
    out->usage.sizes[tag][draw(SEEP_USAGE_SIZES)] += (uint32_t)draw(100);
  }
  if (draw(4) == 0) {
    draw_facts(out);
  }
}

static void check_verdict(const seep_growth_kind_verdict *verdict)
{
  assert_non_null(verdict->reason);
  assert_true(verdict->confidence >= 0.0 && verdict->confidence <= 1.0); /* no NaN either */
  assert_true((verdict->kind == SEEP_MEMORY_UNDETERMINED) == !(verdict->confidence > 0.0));
  assert_true(verdict->kind <= SEEP_MEMORY_STACK && verdict->comparisons <= SEEP_GROWTH_KIND_COMPARISONS);
  assert_true(verdict->size_from <= verdict->size_to);
  assert_true(!verdict->earlier || verdict->kind != SEEP_MEMORY_UNDETERMINED);
}

static bool could_be_private(const seep_inventory *a, const seep_inventory *b)
{
  return a->heaps_known && b->heaps_known && !a->page_heap && !b->page_heap && a->regions_known &&
         b->regions_known && !a->regions_cut && !b->regions_cut;
}

static void test_no_sums_break_it(void **state)
{
  (void)state;
  static seep_inventory drawn[2];
  unsigned seen[SEEP_MEMORY_STACK + 1] = {0}, seen_over_time[SEEP_MEMORY_STACK + 1] = {0};
  unsigned taken_as[SEEP_GROWTH_KIND_UNUSABLE + 1] = {0}, earlier = 0, favourite = 0;
  for (unsigned i = 0; i < 40000; i++) {
    seep_growth_kind_verdict verdict;
    if (i % 50 == 0) {
      seep_growth_kind_init(&at.growth);
      memset(drawn, 0, sizeof drawn);
      favourite = (unsigned)draw(SEEP_TAGS);
      for (int facts = 0; facts < 2; facts++) {
        draw_facts(&drawn[facts]);
      }
    }
    const seep_inventory *before = &drawn[(i + 1) % 2], *after = &drawn[i % 2];
    draw_next(before, favourite, &drawn[i % 2]);
    uint64_t minimum = draw(8) == 0 ? draw(0) : draw(64 * MB);
    seep_growth_kind_between(before, after, minimum, &verdict);
    check_verdict(&verdict);
    assert_true(verdict.kind != SEEP_MEMORY_PRIVATE_DATA || could_be_private(before, after));
    assert_true(verdict.kind != SEEP_MEMORY_MIXED || could_be_private(before, after));
    seen[verdict.kind]++;

    seep_inventory last = at.growth.last;
    uint64_t maximum = draw(4) == 0 ? draw(256 * MB) : UINT64_MAX;
    seep_memory_kind kind = at.growth.verdict.kind;
    seep_growth_kind_taken taken = seep_growth_kind_add(&at.growth, after, minimum, maximum);
    check_verdict(&at.growth.verdict);
    taken_as[taken]++;
    earlier += at.growth.verdict.earlier ? 1 : 0;
    if (kind != SEEP_MEMORY_UNDETERMINED && at.growth.verdict.kind == SEEP_MEMORY_UNDETERMINED) {
      growth_rig_expect_reason(&at, "comes and goes");
    }
    const seep_growth_kind_comparison *newest = &at.growth.comparisons[0];
    seep_growth_kind_between(&last, after, minimum, &verdict);
    if (taken == SEEP_GROWTH_KIND_COMPARED && verdict.kind != SEEP_MEMORY_UNDETERMINED) {
      assert_int_equal(newest->kind, verdict.kind);
      assert_true(newest->kind != SEEP_MEMORY_PRIVATE_DATA || could_be_private(&last, after));
      assert_true(newest->share >= 0.0 && newest->share <= 1.0);
    }
    seen_over_time[at.growth.verdict.kind]++;
  }
  for (int kind = 0; kind <= SEEP_MEMORY_STACK; kind++) { /* or it would have shown nothing */
    assert_true(seen[kind] > 20);
    assert_true(seen_over_time[kind] > 20);
  }
  for (int taken = 0; taken <= SEEP_GROWTH_KIND_UNUSABLE; taken++) {
    assert_true(taken_as[taken] > 20);
  }
  assert_true(earlier > 20);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nothing_is_said_before_a_comparison),
      cmocka_unit_test(test_one_comparison_is_not_enough_and_three_are_surer_than_two),
      cmocka_unit_test(test_two_of_three_are_enough_with_the_share_of_all_of_them),
      cmocka_unit_test(test_one_of_three_is_not_enough),
      cmocka_unit_test(test_mixed_twice_is_mixed),
      cmocka_unit_test(test_more_growth_than_the_maximum_is_load),
      cmocka_unit_test(test_load_neither_makes_nor_unmakes_a_verdict),
      cmocka_unit_test(test_less_growth_than_the_minimum_adds_up),
      cmocka_unit_test(test_a_minimum_of_nothing_still_needs_growth),
      cmocka_unit_test(test_what_has_shrunk_is_compared_from_where_it_is),
      cmocka_unit_test(test_the_most_doubtful_comparison_counts),
      cmocka_unit_test(test_the_words_are_those_of_the_newest_that_agrees),
      cmocka_unit_test(test_an_inventory_that_was_cut_is_compared_with_nothing),
      cmocka_unit_test(test_a_whole_inventory_takes_the_place_of_one_that_was_cut),
      cmocka_unit_test(test_failures_give_the_reason_until_something_was_compared),
      cmocka_unit_test(test_no_sums_break_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
