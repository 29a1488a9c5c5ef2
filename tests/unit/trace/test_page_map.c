/* The page map against cells in an array: at the address space's ends, in depth, and without room. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "trace/page_map.h"
#include "unit/trace/failing_storage.h"
#include "unit/trace/page_model.h"

#define PLENTY ((size_t)64 << 20)
#define SPREAD_CELLS 150u

static page_model model;

static uint64_t next_random(uint64_t *state)
{
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

/* Something on a few cells, now and then on many or none; a little more is added than removed. */
static seep_status random_step(uint64_t *random)
{
  seep_status status = SEEP_OK;
  size_t from = (size_t)(next_random(random) % model.cells);
  size_t most = next_random(random) % 64 == 0 ? model.cells : 6;
  size_t to = from + (size_t)(next_random(random) % most);
  to = to < model.cells ? to : model.cells;
  uint32_t owner = 1 + (uint32_t)(next_random(random) % 3);
  if (next_random(random) % 9 < 5) {
    assert_true(page_model_add(&model, from, to, owner, (uint32_t)(next_random(random) % 2), &status));
  } else {
    assert_true(page_model_remove(&model, from, to, &status));
  }
  return status;
}

static void finish(const seep_trace_budget *budget)
{
  assert_true(page_model_matches(&model));
  page_model_fini(&model);
  assert_int_equal(budget->used_bytes, 0);
}

static void does_what_cells_do_at_the_ends(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed <= 20; seed++) {
    seep_trace_budget budget = {.limit_bytes = PLENTY};
    uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15);
    assert_true(page_model_init(&model, &budget, SPREAD_CELLS, true));
    for (unsigned i = 0; i < 1500; i++) {
      assert_int_equal(random_step(&random), SEEP_OK);
      assert_true(page_model_find(&model, (size_t)(next_random(&random) % SPREAD_CELLS)));
      assert_true(page_model_matches(&model));
    }
    finish(&budget);
  }
}

static void does_what_cells_do_in_a_deep_tree(void **state)
{
  (void)state;
  seep_trace_budget budget = {.limit_bytes = PLENTY};
  uint64_t random = 88172645463325252u;
  seep_status status = SEEP_OK;
  assert_true(page_model_init(&model, &budget, PAGE_MODEL_CELLS, false));
  for (uint32_t i = 0; i < PAGE_MODEL_CELLS; i++) {
    assert_true(page_model_add(&model, i, i + 1, 1 + i % 3, i % 2, &status));
  }
  assert_int_equal(seep_page_map_runs(model.map), PAGE_MODEL_CELLS);
  for (unsigned i = 0; i < 30000; i++) {
    assert_int_equal(random_step(&random), SEEP_OK);
    assert_true(page_model_find(&model, (size_t)(next_random(&random) % model.cells)));
    assert_true(i % 499 != 0 || page_model_matches(&model));
  }
  /* One by one, so that nodes merge on all levels, from the middle to both ends. */
  for (size_t i = 0; i < PAGE_MODEL_CELLS; i++) {
    size_t cell = PAGE_MODEL_CELLS / 2 + (i % 2 == 0 ? i / 2 : SIZE_MAX - i / 2);
    assert_true(page_model_remove(&model, cell, cell + 1, &status));
    assert_true(i % 97 != 0 || page_model_matches(&model));
  }
  assert_int_equal(seep_page_map_runs(model.map), 0);
  finish(&budget);
}

static void cuts_ranges_at_the_end(void **state)
{
  (void)state;
  seep_trace_budget budget = {.limit_bytes = PLENTY};
  seep_page_map *map = seep_page_map_new(&budget);
  seep_page_run range = {.first_page = SEEP_PAGE_MAP_END - 3, .pages = UINT64_MAX, .owner = 7, .when = 9};
  seep_page_run found = {0};
  uint64_t pages = 1;
  assert_non_null(map);
  assert_int_equal(seep_page_map_remove(map, 0, UINT64_MAX, NULL, NULL, &pages), SEEP_OK);
  assert_int_equal(pages, 0);
  assert_int_equal(seep_page_map_add(map, &range, &pages), SEEP_OK);
  assert_int_equal(pages, 3);
  assert_true(seep_page_map_find(map, SEEP_PAGE_MAP_END - 1, &found));
  assert_int_equal(found.first_page + found.pages, SEEP_PAGE_MAP_END);
  assert_false(seep_page_map_find(map, SEEP_PAGE_MAP_END, &found));
  assert_false(seep_page_map_find(map, UINT64_MAX, &found));
  const uint64_t beyond[] = {SEEP_PAGE_MAP_END, SEEP_PAGE_MAP_END + 1, UINT64_MAX};
  for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
    range.first_page = beyond[i];
    assert_int_equal(seep_page_map_add(map, &range, &pages), SEEP_OK);
    assert_int_equal(pages, 0);
    assert_int_equal(seep_page_map_remove(map, beyond[i], 5, NULL, NULL, &pages), SEEP_OK);
    assert_int_equal(pages, 0);
  }
  const seep_page_run all = {.first_page = 0, .pages = SEEP_PAGE_MAP_END, .owner = 8};
  assert_int_equal(seep_page_map_add(map, &all, &pages), SEEP_OK);
  assert_int_equal(pages, SEEP_PAGE_MAP_END - 3);
  const seep_page_run nothing = {.first_page = 5, .owner = 8};
  assert_int_equal(seep_page_map_add(map, &nothing, &pages), SEEP_OK);
  assert_int_equal(pages, 0);
  assert_int_equal(seep_page_map_pages(map), SEEP_PAGE_MAP_END);
  assert_int_equal(seep_page_map_remove(map, 1, UINT64_MAX, NULL, NULL, &pages), SEEP_OK);
  assert_int_equal(pages, SEEP_PAGE_MAP_END - 1);
  assert_int_equal(seep_page_map_runs(map), 1);
  seep_page_map_free(map);
  seep_page_map_free(NULL);
  assert_int_equal(budget.used_bytes, 0);
}

static void joins_only_what_is_alike(void **state)
{
  (void)state;
  seep_trace_budget budget = {.limit_bytes = PLENTY};
  seep_status status = SEEP_OK;
  assert_true(page_model_init(&model, &budget, 20, false));
  assert_true(page_model_add(&model, 0, 2, 1, 5, &status));
  assert_true(page_model_add(&model, 4, 6, 1, 5, &status));
  assert_int_equal(seep_page_map_runs(model.map), 2);
  assert_true(page_model_add(&model, 2, 4, 1, 5, &status)); /* both neighbours */
  assert_int_equal(seep_page_map_runs(model.map), 1);
  assert_true(page_model_add(&model, 6, 7, 1, 6, &status)); /* another time */
  assert_true(page_model_add(&model, 7, 8, 2, 6, &status)); /* another owner */
  assert_int_equal(seep_page_map_runs(model.map), 3);
  assert_true(page_model_add(&model, 9, 10, 2, 6, &status));
  assert_true(page_model_add(&model, 8, 9, 2, 6, &status));
  assert_int_equal(seep_page_map_runs(model.map), 3);
  assert_true(page_model_add(&model, 12, 13, 3, 1, &status));
  assert_true(page_model_add(&model, 11, 12, 3, 1, &status)); /* the right one only */
  assert_int_equal(seep_page_map_runs(model.map), 4);
  finish(&budget);
}

static void refuses_a_split_without_room_and_nothing_else(void **state)
{
  (void)state;
  seep_trace_budget budget = {.limit_bytes = PLENTY};
  seep_status status = SEEP_OK;
  size_t refused = 0;
  assert_true(page_model_init(&model, &budget, PAGE_MODEL_CELLS, false));
  for (size_t i = 0; i + 3 < PAGE_MODEL_CELLS; i += 4) {
    assert_true(page_model_add(&model, i, i + 3, 1, 0, &status));
  }
  budget.limit_bytes = budget.used_bytes;
  for (size_t i = 0; i + 3 < PAGE_MODEL_CELLS; i += 4) {
    size_t runs = seep_page_map_runs(model.map);
    assert_true(page_model_remove(&model, i + 1, i + 2, &status));
    assert_true(status == SEEP_OK || status == SEEP_LIMIT);
    assert_int_equal(seep_page_map_runs(model.map), status == SEEP_OK ? runs + 1 : runs);
    refused += status == SEEP_LIMIT ? 1 : 0;
  }
  assert_true(refused > 0 && budget.exceeded);
  assert_true(page_model_matches(&model));
  for (size_t i = 0; i + 3 < PAGE_MODEL_CELLS; i += 4) { /* an edge, then what is left */
    assert_true(page_model_remove(&model, i, i + 1, &status));
    assert_int_equal(status, SEEP_OK);
    assert_true(page_model_remove(&model, i, i + 4, &status));
    assert_int_equal(status, SEEP_OK);
  }
  assert_int_equal(seep_page_map_runs(model.map), 0);
  finish(&budget);
}

static void stays_whole_while_the_budget_comes_and_goes(void **state)
{
  (void)state;
  seep_trace_budget budget = {.limit_bytes = PLENTY};
  uint64_t random = 12345;
  size_t refused = 0;
  assert_true(page_model_init(&model, &budget, PAGE_MODEL_CELLS, false));
  for (unsigned i = 0; i < 30000; i++) {
    if (i % 50 == 0) {
      budget.limit_bytes = budget.used_bytes + (size_t)(next_random(&random) % 4) * 1024;
    }
    seep_status status = random_step(&random);
    assert_true(status == SEEP_OK || status == SEEP_LIMIT);
    refused += status == SEEP_LIMIT ? 1 : 0;
    assert_true(i % 499 != 0 || page_model_matches(&model));
  }
  assert_true(refused > 0);
  finish(&budget);
}

/* The n-th request for memory fails, for every n that there is. */
static void survives_any_request_that_fails(void **state)
{
  (void)state;
  bool failed = true;
  for (uint64_t n = 0; failed; n++) {
    seep_trace_budget budget = {.limit_bytes = PLENTY};
    uint64_t random = 777;
    failing_storage_after = n;
    bool made = page_model_init(&model, &budget, PAGE_MODEL_CELLS, false);
    failed = !made;
    for (unsigned i = 0; made && i < 3000; i++) {
      seep_status status = random_step(&random);
      assert_true(status == SEEP_OK || (!failed && status == SEEP_NO_MEMORY));
      assert_true(status == SEEP_OK || page_model_matches(&model));
      failed = failed || status != SEEP_OK;
    }
    failing_storage_after = UINT64_MAX;
    assert_false(budget.exceeded);
    assert_true(made || n == 0);
    assert_true(!made || page_model_matches(&model));
    page_model_fini(&model);
    assert_int_equal(budget.used_bytes, 0);
    assert_true(failed || n > 5);
  }
}

static bool stop_at_third(void *context, const seep_page_run *run)
{
  (void)run;
  return ++*(unsigned *)context < 3;
}

/* 40,000 runs without a gap and as many ranges over all of them: a walk each time would outlast the test. */
static void passes_what_is_full(void **state)
{
  (void)state;
  seep_trace_budget budget = {.limit_bytes = PLENTY};
  seep_page_map *map = seep_page_map_new(&budget);
  seep_page_run run = {.pages = 1};
  unsigned visited = 0;
  uint64_t pages = 0;
  assert_non_null(map);
  for (uint32_t i = 0; i < 40000; i++) {
    run.first_page = i;
    run.owner = i;
    assert_int_equal(seep_page_map_add(map, &run, &pages), SEEP_OK);
    assert_int_equal(pages, 1);
  }
  for (uint32_t i = 0; i < 40000; i++) {
    const seep_page_run all = {.first_page = i % 7, .pages = 40001 - i % 7, .owner = 40000 + i};
    assert_int_equal(seep_page_map_add(map, &all, &pages), SEEP_OK);
    assert_int_equal(pages, 1);
    assert_int_equal(seep_page_map_remove(map, 40000, 1, NULL, NULL, &pages), SEEP_OK);
    assert_int_equal(pages, 1);
  }
  seep_page_map_each(map, stop_at_third, &visited);
  assert_int_equal(visited, 3);
  assert_int_equal(seep_page_map_runs(map), 40000);
  seep_page_map_free(map);
  assert_int_equal(budget.used_bytes, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(does_what_cells_do_at_the_ends),
      cmocka_unit_test(does_what_cells_do_in_a_deep_tree),
      cmocka_unit_test(cuts_ranges_at_the_end),
      cmocka_unit_test(joins_only_what_is_alike),
      cmocka_unit_test(refuses_a_split_without_room_and_nothing_else),
      cmocka_unit_test(stays_whole_while_the_budget_comes_and_goes),
      cmocka_unit_test(survives_any_request_that_fails),
      cmocka_unit_test(passes_what_is_full),
  };
  return cmocka_run_group_tests_name("trace page map", tests, NULL, NULL);
}
