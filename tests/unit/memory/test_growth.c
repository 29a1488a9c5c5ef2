/* Verdicts over several inventories: two of three, one that must agree, shrinking, memory that comes and
 * goes, and inventories that could not be taken. What one comparison says is in test_growth_comparison.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "growth_inventories.h"

static seep_growth_kind growth;
static seep_inventory now;

static void begin(void)
{
  seep_growth_kind_init(&growth);
  inventory_usual(&now);
  assert_true(seep_growth_kind_add(&growth, &now, MINIMUM));
}

static void step(seep_tag tag)
{
  assert_true(inventory_step(&growth, &now, tag, 20 * MB));
}

static void expect(seep_memory_kind kind, double confidence, unsigned comparisons)
{
  assert_string_equal(seep_memory_kind_text(growth.verdict.kind), seep_memory_kind_text(kind));
  assert_true(growth.verdict.confidence > confidence - 1e-9 && growth.verdict.confidence < confidence + 1e-9);
  assert_int_equal(growth.verdict.comparisons, comparisons);
}

static void expect_reason(const char *part)
{
  assert_non_null(strstr(growth.verdict.reason, part));
}

static void test_nothing_is_said_before_a_comparison(void **state)
{
  (void)state;
  seep_growth_kind_init(&growth);
  expect(SEEP_MEMORY_UNDETERMINED, 0.0, 0);
  assert_string_equal(growth.verdict.reason, "nothing has been compared yet");
  begin();
  expect(SEEP_MEMORY_UNDETERMINED, 0.0, 0);
  assert_string_equal(growth.verdict.reason, "nothing has been compared yet");
  assert_true(growth.verdict.grown_bytes == 0 && growth.verdict.rows_grown_bytes[SEEP_USAGE_ROW_HEAP] == 0);
}

static void test_one_comparison_is_not_enough_and_three_are_surer_than_two(void **state)
{
  (void)state;
  begin();
  step(SEEP_TAG_HEAP);
  expect(SEEP_MEMORY_UNDETERMINED, 0.0, 1);
  expect_reason("a second one must agree");
  assert_true(growth.verdict.grown_bytes == 20 * MB);
  step(SEEP_TAG_HEAP);
  expect(SEEP_MEMORY_HEAP, 0.90, 2);
  step(SEEP_TAG_HEAP);
  expect(SEEP_MEMORY_HEAP, 0.97, 3);
  step(SEEP_TAG_HEAP);
  expect(SEEP_MEMORY_HEAP, 0.97, 3);
}

static void test_two_of_three_are_enough_with_the_share_of_all_of_them(void **state)
{
  (void)state;
  begin();
  step(SEEP_TAG_HEAP);
  step(SEEP_TAG_UNKNOWN);
  expect(SEEP_MEMORY_UNDETERMINED, 0.0, 2);
  expect_reason("differs from one comparison to the next");
  step(SEEP_TAG_HEAP);
  expect(SEEP_MEMORY_HEAP, 0.90 * 2.0 / 3.0, 2);
  assert_true(growth.verdict.rows_grown_bytes[SEEP_USAGE_ROW_HEAP] == (int64_t)(20 * MB));
  assert_true(growth.verdict.rows_grown_bytes[SEEP_USAGE_ROW_PRIVATE] == 0);
}

static void test_one_of_three_is_not_enough(void **state)
{
  (void)state;
  begin();
  step(SEEP_TAG_HEAP);
  step(SEEP_TAG_UNKNOWN);
  now.runtimes = SEEP_RUNTIME_DOTNET;
  inventory_grow(&now, SEEP_TAG_MANAGED, 1, 20 * MB);
  assert_true(seep_growth_kind_add(&growth, &now, MINIMUM));
  expect(SEEP_MEMORY_UNDETERMINED, 0.0, 3);
  expect_reason("differs from one comparison to the next");
}

static void test_a_verdict_is_given_up_when_the_kind_changes(void **state)
{
  (void)state;
  begin();
  step(SEEP_TAG_HEAP);
  step(SEEP_TAG_HEAP);
  step(SEEP_TAG_UNKNOWN);
  expect(SEEP_MEMORY_HEAP, 0.90 * 2.0 / 3.0, 2);
  assert_true(growth.verdict.rows_grown_bytes[SEEP_USAGE_ROW_PRIVATE] == (int64_t)(20 * MB)); /* the newest */
  step(SEEP_TAG_UNKNOWN);
  expect(SEEP_MEMORY_PRIVATE_DATA, 0.90, 2);
  expect_reason("private memory outside of all heaps");
}

static void test_mixed_twice_is_mixed(void **state)
{
  (void)state;
  begin();
  for (int i = 0; i < 2; i++) {
    inventory_grow(&now, SEEP_TAG_HEAP, 10, MB);
    inventory_grow(&now, SEEP_TAG_UNKNOWN, 10, MB);
    assert_true(seep_growth_kind_add(&growth, &now, MINIMUM));
    expect(i == 0 ? SEEP_MEMORY_UNDETERMINED : SEEP_MEMORY_MIXED, i == 0 ? 0.0 : 0.90, i == 0 ? 1 : 2);
  }
}

static void test_an_undetermined_comparison_leaves_two_others_standing(void **state)
{
  (void)state;
  begin();
  step(SEEP_TAG_HEAP);
  step(SEEP_TAG_HEAP);
  now.commit_bytes += 100 * MB;
  step(SEEP_TAG_HEAP);
  expect(SEEP_MEMORY_HEAP, 0.90, 2);
  now.commit_bytes += 100 * MB;
  step(SEEP_TAG_HEAP);
  expect(SEEP_MEMORY_UNDETERMINED, 0.0, 3);
  expect_reason("commit charge");
}

static void test_less_growth_than_the_minimum_adds_up(void **state)
{
  (void)state;
  begin();
  assert_false(inventory_step(&growth, &now, SEEP_TAG_HEAP, 8 * MB));
  assert_false(inventory_step(&growth, &now, SEEP_TAG_HEAP, 7 * MB));
  assert_int_equal(growth.comparison_count, 0);
  assert_true(inventory_step(&growth, &now, SEEP_TAG_HEAP, MB));
  assert_true(growth.verdict.grown_bytes == 16 * MB);
  assert_int_equal(growth.inventories, 4);
}

static void test_a_minimum_of_nothing_still_needs_growth(void **state)
{
  (void)state;
  begin();
  assert_false(seep_growth_kind_add(&growth, &now, 0));
  inventory_commit(&now, SEEP_TAG_HEAP, 4096);
  assert_true(seep_growth_kind_add(&growth, &now, 0));
  assert_true(growth.verdict.grown_bytes == 4096);
}

static void test_what_has_shrunk_is_compared_from_where_it_is(void **state)
{
  (void)state;
  begin();
  inventory_commit(&now, SEEP_TAG_HEAP, -(int64_t)(5 * MB));
  assert_false(seep_growth_kind_add(&growth, &now, MINIMUM));
  assert_false(inventory_step(&growth, &now, SEEP_TAG_HEAP, 15 * MB)); /* only just above where it began */
  assert_true(inventory_step(&growth, &now, SEEP_TAG_HEAP, MB));
  assert_true(growth.verdict.grown_bytes == 16 * MB);
}

static void test_what_grows_again_keeps_its_verdict(void **state)
{
  (void)state;
  begin();
  step(SEEP_TAG_HEAP);
  step(SEEP_TAG_HEAP);
  inventory_commit(&now, SEEP_TAG_HEAP, -(int64_t)(30 * MB));
  assert_false(seep_growth_kind_add(&growth, &now, MINIMUM));
  expect(SEEP_MEMORY_HEAP, 0.90, 2);
  step(SEEP_TAG_HEAP);
  expect(SEEP_MEMORY_HEAP, 0.97, 3);
}

static void test_what_shrinks_besides_changes_nothing(void **state)
{
  (void)state;
  seep_growth_kind_init(&growth);
  inventory_usual(&now);
  inventory_grow(&now, SEEP_TAG_UNKNOWN, 100, MB);
  assert_true(seep_growth_kind_add(&growth, &now, MINIMUM));
  step(SEEP_TAG_HEAP);
  step(SEEP_TAG_HEAP);
  inventory_commit(&now, SEEP_TAG_UNKNOWN, -(int64_t)(100 * MB)); /* more than all that has grown */
  assert_false(seep_growth_kind_add(&growth, &now, MINIMUM));
  step(SEEP_TAG_HEAP);
  expect(SEEP_MEMORY_HEAP, 0.97, 3);
}

static void test_the_most_doubtful_comparison_counts(void **state)
{
  (void)state;
  begin();
  step(SEEP_TAG_HEAP);
  now.heaps_known = false;
  step(SEEP_TAG_HEAP);
  expect(SEEP_MEMORY_HEAP, 0.90 * 0.90, 2);
  now.heaps_known = true;
  step(SEEP_TAG_HEAP); /* from an inventory that did not know them */
  step(SEEP_TAG_HEAP);
  expect(SEEP_MEMORY_HEAP, 0.97 * 0.90, 3);
  step(SEEP_TAG_HEAP);
  step(SEEP_TAG_HEAP);
  expect(SEEP_MEMORY_HEAP, 0.97, 3);
}

static void test_the_words_are_those_of_the_newest_that_agrees(void **state)
{
  (void)state;
  begin();
  step(SEEP_TAG_HEAP);
  step(SEEP_TAG_HEAP_LARGE);
  expect(SEEP_MEMORY_HEAP, 0.90, 2);
  assert_true(growth.verdict.large_blocks && growth.verdict.size_to == MB);
  expect_reason("an allocation of its own");
  step(SEEP_TAG_UNKNOWN);
  assert_true(growth.verdict.large_blocks && growth.verdict.size_to == MB);
  expect_reason("an allocation of its own");
}

/* A cache in the heap that is filled and emptied, while private memory leaks slowly: each comparison from
 * where it was emptied sees mostly heap. */
static void breathe(uint64_t heap_bytes, uint64_t leaked_bytes)
{
  inventory_grow(&now, SEEP_TAG_UNKNOWN, (unsigned)(leaked_bytes / MB), MB);
  inventory_commit(&now, SEEP_TAG_HEAP, (int64_t)heap_bytes);
  assert_true(seep_growth_kind_add(&growth, &now, MINIMUM));
  inventory_commit(&now, SEEP_TAG_HEAP, -(int64_t)heap_bytes);
  assert_false(seep_growth_kind_add(&growth, &now, MINIMUM));
}

static void test_memory_that_comes_and_goes_is_not_what_leaks(void **state)
{
  (void)state;
  begin();
  breathe(40 * MB, 16 * MB);
  breathe(40 * MB, 16 * MB);
  breathe(40 * MB, 16 * MB);
  assert_int_not_equal(growth.verdict.kind, SEEP_MEMORY_HEAP);

  begin(); /* 75 % heap each time, and not half of it when taken together */
  breathe(45 * MB, 15 * MB);
  breathe(45 * MB, 15 * MB);
  double confidence = growth.verdict.confidence;
  expect(SEEP_MEMORY_HEAP, 0.90 * 45.0 / 75.0, 2);
  breathe(45 * MB, 15 * MB);
  assert_true(growth.verdict.confidence < confidence);
  breathe(30 * MB, 12 * MB);
  expect(SEEP_MEMORY_UNDETERMINED, 0.0, 3);
  expect_reason("comes and goes");
}

static void test_an_inventory_that_was_cut_is_compared_with_nothing(void **state)
{
  (void)state;
  begin();
  now.regions_cut = true;
  step(SEEP_TAG_HEAP); /* says so: there is no comparison yet */
  expect(SEEP_MEMORY_UNDETERMINED, 0.0, 0);
  expect_reason("more regions than may be looked at");
  now.regions_cut = false;
  step(SEEP_TAG_HEAP);
  assert_true(growth.verdict.grown_bytes == 40 * MB); /* since the last whole one */
  step(SEEP_TAG_HEAP);
  expect(SEEP_MEMORY_HEAP, 0.90, 2);
  now.regions_cut = true;
  assert_false(inventory_step(&growth, &now, SEEP_TAG_UNKNOWN, 20 * MB));
  expect(SEEP_MEMORY_HEAP, 0.90, 2);
}

static void test_a_whole_inventory_takes_the_place_of_one_that_was_cut(void **state)
{
  (void)state;
  seep_growth_kind_init(&growth);
  inventory_usual(&now);
  now.regions_cut = true;
  assert_true(seep_growth_kind_add(&growth, &now, MINIMUM));
  expect_reason("more regions than may be looked at");
  now.regions_cut = false;
  step(SEEP_TAG_HEAP);
  assert_int_equal(growth.comparison_count, 0);
  assert_string_equal(growth.verdict.reason, "nothing has been compared yet");
  step(SEEP_TAG_HEAP);
  assert_int_equal(growth.comparison_count, 1);
  assert_true(growth.verdict.grown_bytes == 20 * MB);
}

static void test_failures_give_the_reason_until_something_was_compared(void **state)
{
  (void)state;
  static const struct {
    seep_status status;
    const char *reason;
  } cases[] = {{SEEP_DENIED, "the process may not be read"},
               {SEEP_GONE, "the process has ended"},
               {SEEP_TIMED_OUT, "looking at the process's memory took too long"},
               {SEEP_NO_MEMORY, "there was no memory left to look at the process with"},
               {SEEP_OS, "the process's memory could not be looked at"},
               {SEEP_UNSUPPORTED, "the process's memory could not be looked at"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    seep_growth_kind_init(&growth);
    seep_growth_kind_failed(&growth, cases[i].status);
    expect(SEEP_MEMORY_UNDETERMINED, 0.0, 0);
    assert_string_equal(growth.verdict.reason, cases[i].reason);
    inventory_usual(&now);
    assert_true(seep_growth_kind_add(&growth, &now, MINIMUM));
    assert_string_equal(growth.verdict.reason, "nothing has been compared yet");
    step(SEEP_TAG_HEAP);
    seep_growth_kind_failed(&growth, cases[i].status);
    expect_reason("a second one must agree");
    step(SEEP_TAG_HEAP);
    seep_growth_kind_failed(&growth, cases[i].status);
    expect(SEEP_MEMORY_HEAP, 0.90, 2);
    expect_reason("heap segments");
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
  static const char problem[] = "a heap could not be read";
  out->regions_known = draw(16) != 0;
  out->regions_cut = draw(16) == 0;
  out->heaps_known = draw(4) != 0;
  out->problem = out->heaps_known || draw(2) == 0 ? NULL : problem;
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
  unsigned favourite = 0;
  for (unsigned i = 0; i < 40000; i++) {
    seep_growth_kind_verdict verdict;
    if (i % 50 == 0) {
      seep_growth_kind_init(&growth);
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

    seep_inventory last = growth.last;
    bool made = seep_growth_kind_add(&growth, after, minimum);
    check_verdict(&growth.verdict);
    const seep_growth_kind_comparison *newest = &growth.comparisons[0];
    if (made && growth.comparison_count > 0) {
      assert_true(newest->kind != SEEP_MEMORY_PRIVATE_DATA || could_be_private(&last, after));
      assert_true(newest->share >= 0.0 && newest->share <= 1.0);
    }
    seen_over_time[growth.verdict.kind]++;
  }
  for (int kind = 0; kind <= SEEP_MEMORY_STACK; kind++) { /* or it would have shown nothing */
    assert_true(seen[kind] > 20);
    assert_true(seen_over_time[kind] > 20);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nothing_is_said_before_a_comparison),
      cmocka_unit_test(test_one_comparison_is_not_enough_and_three_are_surer_than_two),
      cmocka_unit_test(test_two_of_three_are_enough_with_the_share_of_all_of_them),
      cmocka_unit_test(test_one_of_three_is_not_enough),
      cmocka_unit_test(test_a_verdict_is_given_up_when_the_kind_changes),
      cmocka_unit_test(test_mixed_twice_is_mixed),
      cmocka_unit_test(test_an_undetermined_comparison_leaves_two_others_standing),
      cmocka_unit_test(test_less_growth_than_the_minimum_adds_up),
      cmocka_unit_test(test_a_minimum_of_nothing_still_needs_growth),
      cmocka_unit_test(test_what_has_shrunk_is_compared_from_where_it_is),
      cmocka_unit_test(test_what_grows_again_keeps_its_verdict),
      cmocka_unit_test(test_what_shrinks_besides_changes_nothing),
      cmocka_unit_test(test_the_most_doubtful_comparison_counts),
      cmocka_unit_test(test_the_words_are_those_of_the_newest_that_agrees),
      cmocka_unit_test(test_memory_that_comes_and_goes_is_not_what_leaks),
      cmocka_unit_test(test_an_inventory_that_was_cut_is_compared_with_nothing),
      cmocka_unit_test(test_a_whole_inventory_takes_the_place_of_one_that_was_cut),
      cmocka_unit_test(test_failures_give_the_reason_until_something_was_compared),
      cmocka_unit_test(test_no_sums_break_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
