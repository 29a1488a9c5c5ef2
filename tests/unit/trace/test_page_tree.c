/* What the tree behind the page map promises itself: sums and first pages above are exact, nodes are not too
 * empty, and none is lost. A map whose tree breaks them may only be slow. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "trace/page_tree.h"

#define PLACES 6000u
#define PLACE_PAGES 4u

/* Runs of 1 to 4 pages, each in a place of its own; 0: none there. */
static uint32_t pages_at[PLACES];

static uint64_t next_random(uint64_t *state)
{
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

static const seep_page_tree_node *node_of(const seep_page_tree *tree, uint32_t index)
{
  return seep_pool_at(&tree->nodes, index);
}

/* One level: nodes from left to right, by the items above them. */
static void check_level(const seep_page_tree *tree, uint32_t level, const uint32_t *above, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    const seep_page_tree_node *node = node_of(tree, above[i]);
    uint32_t least = level > 0 ? SEEP_PAGE_TREE_LEAST_ITEMS : tree->height > 1 ? 2 : 1;
    assert_in_range(node->count, least, SEEP_PAGE_TREE_ITEMS);
    for (uint32_t k = 0; level + 1 < tree->height && k < node->count; k++) {
      const seep_page_tree_node *below = node_of(tree, node->items[k].owner);
      uint64_t pages = 0;
      for (uint32_t n = 0; n < below->count; n++) {
        pages += below->items[n].pages;
      }
      assert_int_equal(node->items[k].pages, pages);
      assert_int_equal(node->items[k].first_page, below->items[0].first_page);
    }
  }
}

static void check(const seep_page_tree *tree)
{
  static uint32_t level_nodes[2][PLACES];
  size_t count = tree->height > 0 ? 1 : 0;
  size_t nodes = 0;
  level_nodes[0][0] = tree->root;
  for (uint32_t level = 0; level < tree->height; level++) {
    const uint32_t *here = level_nodes[level % 2];
    uint32_t *below = level_nodes[(level + 1) % 2];
    size_t below_count = 0;
    check_level(tree, level, here, count);
    nodes += count;
    for (size_t i = 0; level + 1 < tree->height && i < count; i++) {
      for (uint32_t k = 0; k < node_of(tree, here[i])->count; k++) {
        below[below_count++] = node_of(tree, here[i])->items[k].owner;
      }
    }
    count = below_count;
  }
  assert_int_equal(nodes, tree->nodes.used - tree->nodes.free_count);
}

static void check_runs(const seep_page_tree *tree)
{
  seep_page_path path;
  size_t runs = 0;
  uint64_t pages = 0;
  bool more = tree->runs > 0;
  assert_false(seep_page_tree_seek(tree, 0, &path) && pages_at[0] == 0);
  for (uint32_t place = 0; place < PLACES; place++) {
    if (pages_at[place] == 0) {
      continue;
    }
    assert_true(more);
    const seep_page_run *run = seep_page_tree_run(tree, &path);
    assert_int_equal(run->first_page, (uint64_t)place * PLACE_PAGES);
    assert_int_equal(run->pages, pages_at[place]);
    pages += run->pages;
    runs++;
    more = seep_page_tree_next(tree, &path);
  }
  assert_false(more);
  assert_int_equal(tree->runs, runs);
  assert_int_equal(tree->pages, pages);
}

/* To another number of pages, which may be none. */
static void change(seep_page_tree *tree, uint32_t place, uint32_t pages)
{
  seep_page_path path;
  const seep_page_run run = {.first_page = (uint64_t)place * PLACE_PAGES, .pages = pages, .owner = place};
  bool before = seep_page_tree_seek(tree, run.first_page, &path);
  if (pages_at[place] == 0 && pages > 0) {
    assert_int_equal(seep_page_tree_reserve(tree, &path), SEEP_OK);
    seep_page_tree_insert(tree, &path, !before, &run);
  } else if (pages > 0) {
    seep_page_tree_resize(tree, &path, run.first_page, pages);
  } else if (pages_at[place] > 0) {
    seep_page_tree_erase(tree, &path);
  }
  pages_at[place] = pages;
}

static void keeps_its_sums(void **state)
{
  (void)state;
  seep_trace_budget budget = {.limit_bytes = (size_t)16 << 20};
  seep_page_tree tree;
  uint64_t random = 2024;
  seep_page_tree_init(&tree, &budget);
  for (unsigned i = 0; i < 60000; i++) {
    /* it fills, empties, and fills again */
    unsigned fill = i / 20000 == 1 ? 10 : 80;
    uint32_t place = (uint32_t)(next_random(&random) % PLACES);
    bool wanted = next_random(&random) % 100 < fill;
    change(&tree, place, wanted ? 1 + (uint32_t)(next_random(&random) % PLACE_PAGES) : 0);
    if (i % 101 == 0) {
      check(&tree);
      check_runs(&tree);
    }
  }
  assert_true(tree.height >= 3);
  for (uint32_t i = 0; i < PLACES; i++) {
    change(&tree, i, 0);
  }
  check(&tree);
  assert_int_equal(tree.height, 0);
  assert_int_equal(tree.pages, 0);
  seep_page_tree_clear(&tree);
  assert_int_equal(budget.used_bytes, 0);
}

/* In order, both ways: what stays behind keeps its promises too. */
static void grows_in_order(void **state)
{
  (void)state;
  for (unsigned down = 0; down < 2; down++) {
    seep_trace_budget budget = {.limit_bytes = (size_t)16 << 20};
    seep_page_tree tree;
    seep_page_tree_init(&tree, &budget);
    for (uint32_t i = 0; i < PLACES; i++) {
      change(&tree, down != 0 ? PLACES - 1 - i : i, PLACE_PAGES);
      if (i % 53 == 0) {
        check(&tree);
      }
    }
    check_runs(&tree);
    for (uint32_t i = 0; i < PLACES; i++) {
      change(&tree, i, 0);
      if (i % 53 == 0) {
        check(&tree);
      }
    }
    assert_int_equal(tree.runs, 0);
    seep_page_tree_clear(&tree);
    assert_int_equal(budget.used_bytes, 0);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_its_sums),
      cmocka_unit_test(grows_in_order),
  };
  return cmocka_run_group_tests_name("trace page tree", tests, NULL, NULL);
}
