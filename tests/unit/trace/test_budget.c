/* What is taken, given back and refused; and arrays that grow within it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "trace/budget.h"

static void takes_up_to_the_limit(void **state)
{
  (void)state;
  seep_trace_budget budget = {.limit_bytes = 100};
  assert_true(seep_trace_budget_take(&budget, 60));
  assert_true(seep_trace_budget_take(&budget, 40));
  assert_true(seep_trace_budget_take(&budget, 0));
  assert_false(budget.exceeded);
  assert_false(seep_trace_budget_take(&budget, 1));
  assert_true(budget.exceeded);
  assert_int_equal(budget.used_bytes, 100);
  seep_trace_budget_give(&budget, 70);
  assert_false(seep_trace_budget_take(&budget, SIZE_MAX));
  assert_true(seep_trace_budget_take(&budget, 5));
  assert_int_equal(budget.used_bytes, 35);
  assert_int_equal(budget.peak_bytes, 100);
  assert_true(budget.exceeded); /* it was, once */
  seep_trace_budget_give(&budget, 36);
  assert_int_equal(budget.used_bytes, 0);
}

static void gives_nothing_at_limit_0_and_all_without_one(void **state)
{
  (void)state;
  seep_trace_budget budget = {0};
  void *items = NULL;
  size_t capacity = 0;
  assert_false(seep_trace_budget_take(&budget, 1));
  assert_false(seep_trace_budget_reserve(&budget, &items, &capacity, 1, 8));
  assert_null(items);
  assert_true(seep_trace_budget_take(NULL, SIZE_MAX));
  seep_trace_budget_give(NULL, SIZE_MAX);
  assert_true(seep_trace_budget_reserve(NULL, &items, &capacity, 1000, 8));
  assert_true(capacity >= 1000);
  seep_trace_budget_release(NULL, &items, &capacity, 8);
  assert_null(items);
  assert_int_equal(capacity, 0);
}

static void counts_what_arrays_take(void **state)
{
  (void)state;
  seep_trace_budget budget = {.limit_bytes = 100000};
  void *items = NULL;
  size_t capacity = 0;
  for (uint32_t i = 0; i < 5000; i++) {
    assert_true(seep_trace_budget_reserve(&budget, &items, &capacity, i + 1, sizeof i));
    assert_true(capacity > i);
    assert_int_equal(budget.used_bytes, capacity * sizeof i);
    ((uint32_t *)items)[i] = i;
  }
  for (uint32_t i = 0; i < 5000; i++) {
    assert_int_equal(((uint32_t *)items)[i], i);
  }
  assert_true(capacity <= 2 * 5000);
  assert_int_equal(budget.peak_bytes, (capacity + capacity / 2) * 4); /* both while it moved */
  assert_false(budget.exceeded);
  seep_trace_budget_release(&budget, &items, &capacity, sizeof(uint32_t));
  assert_int_equal(budget.used_bytes, 0);
  assert_null(items);
}

static void leaves_an_array_that_may_not_grow(void **state)
{
  (void)state;
  seep_trace_budget budget = {.limit_bytes = 1000};
  void *items = NULL;
  size_t capacity = 0;
  assert_true(seep_trace_budget_reserve(&budget, &items, &capacity, 10, 8));
  const void *before = items;
  size_t before_capacity = capacity;
  const size_t needed[] = {before_capacity + 1, SIZE_MAX / 8, SIZE_MAX / 4, SIZE_MAX};
  for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
    budget.exceeded = false;
    assert_false(seep_trace_budget_reserve(&budget, &items, &capacity, needed[i], 8));
    assert_true(budget.exceeded);
    assert_ptr_equal(items, before);
    assert_int_equal(capacity, before_capacity);
    assert_int_equal(budget.used_bytes, before_capacity * 8);
  }
  seep_trace_budget_release(&budget, &items, &capacity, 8);
  assert_int_equal(budget.used_bytes, 0);
}

static void gives_nothing_when_the_limit_sinks_below_what_is_used(void **state)
{
  (void)state;
  seep_trace_budget budget = {.limit_bytes = 1000};
  assert_true(seep_trace_budget_take(&budget, 600));
  assert_int_equal(seep_trace_budget_left(&budget), 400);
  budget.limit_bytes = 500;
  assert_int_equal(seep_trace_budget_left(&budget), 0);
  assert_false(seep_trace_budget_take(&budget, 1));
  assert_true(budget.exceeded);
  seep_trace_budget_give(&budget, 600);
  assert_true(seep_trace_budget_take(&budget, 500));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_up_to_the_limit),
      cmocka_unit_test(gives_nothing_at_limit_0_and_all_without_one),
      cmocka_unit_test(counts_what_arrays_take),
      cmocka_unit_test(leaves_an_array_that_may_not_grow),
      cmocka_unit_test(gives_nothing_when_the_limit_sinks_below_what_is_used),
  };
  return cmocka_run_group_tests_name("trace budget", tests, NULL, NULL);
}
