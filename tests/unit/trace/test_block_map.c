/* The block map against a table of all blocks that there can be; then many, many heaps, and no room. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "trace/block_map.h"
#include "unit/trace/failing_storage.h"

#define PLENTY ((size_t)64 << 20)
#define HEAPS 6u
#define ADDRESSES 400u

/* A block that was seen by a walk is marked; size 0 is a size like others. */
typedef struct model {
  seep_block_map *map;
  size_t count;
  bool present[HEAPS][ADDRESSES], seen[HEAPS][ADDRESSES];
  seep_block blocks[HEAPS][ADDRESSES];
  bool fails;
  size_t visits;
} model;

static model all;

static uint64_t next_random(uint64_t *state)
{
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

static uint64_t heap_of(size_t heap)
{
  const uint64_t heaps[HEAPS] = {0, 1, 0x1F0000, UINT64_C(1) << 32, UINT64_MAX - 1, UINT64_MAX};
  return heaps[heap];
}

/* Close ones, far ones and the largest; never 0. */
static uint64_t address_of(size_t address)
{
  switch (address % 3) {
  case 0:
    return 16 * (uint64_t)address + 16;
  case 1:
    return (uint64_t)address << 40;
  default:
    return UINT64_MAX - (address - 2);
  }
}

static bool is_equal(const seep_block *a, const seep_block *b)
{
  return a->heap == b->heap && a->address == b->address && a->size_bytes == b->size_bytes &&
         a->owner == b->owner && a->when == b->when;
}

/* Each must be one that is there and has not been shown. */
static bool see(void *context, const seep_block *block)
{
  model *of = context;
  bool known = false;
  for (size_t h = 0; h < HEAPS; h++) {
    for (size_t a = 0; heap_of(h) == block->heap && a < ADDRESSES; a++) {
      if (address_of(a) == block->address) {
        known = of->present[h][a] && !of->seen[h][a] && is_equal(block, &of->blocks[h][a]);
        of->seen[h][a] = true;
      }
    }
  }
  of->fails = of->fails || !known;
  of->visits++;
  return true;
}

static void begin_walk(void)
{
  memset(all.seen, 0, sizeof all.seen);
  all.fails = false;
  all.visits = 0;
}

static void check_all(void)
{
  begin_walk();
  seep_block_map_each(all.map, see, &all);
  assert_false(all.fails);
  assert_int_equal(all.visits, all.count);
  assert_int_equal(seep_block_map_count(all.map), all.count);
}

static bool begin(seep_trace_budget *budget, uint64_t seed)
{
  memset(&all, 0, sizeof all);
  all.map = seep_block_map_new(budget, seed);
  return all.map != NULL;
}

static void finish(const seep_trace_budget *budget)
{
  check_all();
  seep_block_map_free(all.map);
  assert_int_equal(budget->used_bytes, 0);
}

static seep_status put(size_t h, size_t a, uint64_t size_bytes, uint32_t owner)
{
  const seep_block untouched = {.heap = 77, .address = 78, .size_bytes = 79, .owner = 80, .when = 81};
  const seep_block block = {
      .heap = heap_of(h), .address = address_of(a), .size_bytes = size_bytes, .owner = owner, .when = ~owner};
  seep_block old = untouched;
  bool replaced = !all.present[h][a];
  seep_status status = seep_block_map_put(all.map, &block, &replaced, &old);
  if (status != SEEP_OK) {
    assert_false(all.present[h][a]);
    return status;
  }
  assert_int_equal(replaced, all.present[h][a]);
  assert_true(is_equal(&old, replaced ? &all.blocks[h][a] : &untouched));
  all.count += replaced ? 0 : 1;
  all.present[h][a] = true;
  all.blocks[h][a] = block;
  return SEEP_OK;
}

static void take(size_t h, size_t a)
{
  seep_block old = {0};
  bool taken = seep_block_map_take(all.map, heap_of(h), address_of(a), &old);
  assert_int_equal(taken, all.present[h][a]);
  assert_true(!taken || is_equal(&old, &all.blocks[h][a]));
  all.count -= taken ? 1 : 0;
  all.present[h][a] = false;
}

static void drop(size_t h)
{
  size_t expected = 0;
  begin_walk();
  for (size_t a = 0; a < ADDRESSES; a++) {
    expected += all.present[h][a] ? 1 : 0;
  }
  assert_int_equal(seep_block_map_drop_heap(all.map, heap_of(h), see, &all), expected);
  assert_int_equal(all.visits, expected);
  assert_false(all.fails);
  all.count -= expected;
  memset(all.present[h], 0, sizeof all.present[h]);
}

static seep_status random_step(uint64_t *random)
{
  size_t h = (size_t)(next_random(random) % HEAPS);
  size_t a = (size_t)(next_random(random) % ADDRESSES);
  uint64_t kind = next_random(random) % 400;
  if (kind == 0) {
    drop(h);
  } else if (kind < 150) {
    take(h, a);
  } else {
    return put(h, a, next_random(random) >> (kind % 64), (uint32_t)kind);
  }
  return SEEP_OK;
}

static void does_what_a_table_does(void **state)
{
  (void)state;
  const uint64_t seeds[] = {0, 1, UINT64_MAX, 0x123456789ABCDEF};
  for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
    seep_trace_budget budget = {.limit_bytes = PLENTY};
    uint64_t random = i + 1;
    assert_true(begin(&budget, seeds[i]));
    for (unsigned step = 0; step < 20000; step++) {
      assert_int_equal(random_step(&random), SEEP_OK);
      if (step % 997 == 0) {
        check_all();
      }
    }
    assert_true(all.count > 100);
    finish(&budget);
  }
}

static bool stop_at_third(void *context, const seep_block *block)
{
  (void)block;
  return ++*(unsigned *)context < 3;
}

static void knows_its_edges(void **state)
{
  (void)state;
  seep_trace_budget budget = {.limit_bytes = PLENTY};
  seep_block nowhere = {.heap = 1, .size_bytes = 5};
  seep_block old = {0};
  bool replaced = true;
  unsigned visited = 0;
  assert_true(begin(&budget, 5));
  assert_false(seep_block_map_take(all.map, 1, 16, &old));
  assert_int_equal(seep_block_map_drop_heap(all.map, 1, NULL, NULL), 0);
  assert_int_equal(seep_block_map_put(all.map, &nowhere, &replaced, &old), SEEP_INVALID);
  assert_false(replaced);
  assert_false(seep_block_map_take(all.map, 1, 0, &old));
  for (size_t a = 0; a < 10; a++) {
    assert_int_equal(put(2, a, UINT64_MAX, UINT32_MAX), SEEP_OK);
  }
  seep_block_map_each(all.map, stop_at_third, &visited);
  assert_int_equal(visited, 3);
  visited = 0;
  assert_int_equal(seep_block_map_drop_heap(all.map, heap_of(2), stop_at_third, &visited), 10);
  assert_int_equal(visited, 10); /* its answer is ignored */
  assert_int_equal(seep_block_map_count(all.map), 0);
  seep_block_map_free(all.map);
  seep_block_map_free(NULL);
  assert_int_equal(budget.used_bytes, 0);
}

/* Each created, given one block and destroyed, beside a large one: neither time nor room grows with them. */
static void forgets_heaps_that_come_and_go(void **state)
{
  (void)state;
  seep_trace_budget budget = {.limit_bytes = PLENTY};
  seep_block_map *map = seep_block_map_new(&budget, 99);
  seep_block old = {0};
  bool replaced = false;
  assert_non_null(map);
  for (uint64_t i = 1; i <= 100000; i++) {
    const seep_block block = {.heap = 7, .address = i * 16, .size_bytes = i};
    assert_int_equal(seep_block_map_put(map, &block, &replaced, &old), SEEP_OK);
  }
  size_t before_bytes = budget.used_bytes;
  for (uint64_t i = 1; i <= 200000; i++) {
    const seep_block block = {.heap = i << 16, .address = 16, .size_bytes = i};
    assert_int_equal(seep_block_map_put(map, &block, &replaced, &old), SEEP_OK);
    if (i % 2 == 0) {
      assert_int_equal(seep_block_map_drop_heap(map, i << 16, NULL, NULL), 1);
    } else {
      assert_true(seep_block_map_take(map, i << 16, 16, &old));
      assert_int_equal(seep_block_map_drop_heap(map, i << 16, NULL, NULL), 0);
    }
  }
  assert_int_equal(seep_block_map_count(map), 100000);
  assert_true(budget.used_bytes - before_bytes < 4096);
  assert_int_equal(seep_block_map_drop_heap(map, 7, NULL, NULL), 100000);
  seep_block_map_free(map);
  assert_int_equal(budget.used_bytes, 0);
}

/* What the budget of a whole analysis is reckoned with. */
static void takes_little_room_and_leaves_no_marks(void **state)
{
  (void)state;
  enum { LIVE = 100000 };
  seep_trace_budget budget = {.limit_bytes = PLENTY};
  seep_block_map *map = seep_block_map_new(&budget, 3);
  seep_block old = {0};
  bool replaced = false;
  assert_non_null(map);
  for (uint64_t i = 1; i <= LIVE; i++) {
    const seep_block block = {.heap = i % 3, .address = i * 32, .size_bytes = i};
    assert_int_equal(seep_block_map_put(map, &block, &replaced, &old), SEEP_OK);
    assert_true(i < 20000 || budget.used_bytes <= i * 50);
    assert_true(i < 20000 || budget.peak_bytes <= i * 60);
  }
  size_t full_bytes = budget.used_bytes;
  for (uint64_t i = 1; i <= 4 * LIVE; i++) { /* as many as there are, again and again others */
    const seep_block block = {.heap = (i + LIVE) % 3, .address = (i + LIVE) * 32, .size_bytes = i};
    assert_true(seep_block_map_take(map, i % 3, i * 32, &old));
    assert_false(seep_block_map_take(map, i % 3, i * 32, &old));
    assert_int_equal(seep_block_map_put(map, &block, &replaced, &old), SEEP_OK);
    assert_false(replaced);
  }
  assert_int_equal(budget.used_bytes, full_bytes);
  seep_block_map_free(map);
  assert_int_equal(budget.used_bytes, 0);
}

static void changes_nothing_without_room(void **state)
{
  (void)state;
  seep_trace_budget budget = {.limit_bytes = PLENTY};
  uint64_t random = 4711;
  size_t refused = 0;
  assert_true(begin(&budget, 17));
  for (unsigned i = 0; i < 20000; i++) {
    if (i % 40 == 0) {
      budget.limit_bytes = budget.used_bytes + (size_t)(next_random(&random) % 8) * 512;
    }
    seep_status status = random_step(&random);
    assert_true(status == SEEP_OK || status == SEEP_LIMIT);
    refused += status == SEEP_LIMIT ? 1 : 0;
    if (i % 499 == 0) {
      check_all();
    }
  }
  assert_true(refused > 0 && budget.exceeded);
  finish(&budget);
}

static void survives_any_request_that_fails(void **state)
{
  (void)state;
  bool failed = true;
  for (uint64_t n = 0; failed; n++) {
    seep_trace_budget budget = {.limit_bytes = PLENTY};
    uint64_t random = 31;
    failing_storage_after = n;
    bool made = begin(&budget, n);
    failed = !made;
    for (unsigned i = 0; made && i < 3000; i++) {
      seep_status status = random_step(&random);
      assert_true(status == SEEP_OK || (!failed && status == SEEP_NO_MEMORY));
      failed = failed || status != SEEP_OK;
    }
    failing_storage_after = UINT64_MAX;
    assert_false(budget.exceeded);
    assert_true(made || n == 0);
    if (made) {
      finish(&budget);
    }
    assert_int_equal(budget.used_bytes, 0);
    assert_true(failed || n > 10);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(does_what_a_table_does),
      cmocka_unit_test(knows_its_edges),
      cmocka_unit_test(forgets_heaps_that_come_and_go),
      cmocka_unit_test(takes_little_room_and_leaves_no_marks),
      cmocka_unit_test(changes_nothing_without_room),
      cmocka_unit_test(survives_any_request_that_fails),
  };
  return cmocka_run_group_tests_name("trace block map", tests, NULL, NULL);
}
