/*
 * A B+tree of runs of pages that never overlap: what the page map is made of. Knows nothing of owners; who
 * inserts sees to it that runs are disjoint. Private to this room.
 *
 * Leaves and inner nodes have the same form: an item of an inner node is the run from its child's first page,
 * with as many pages as there are in the child's runs and the child's number as the owner. First pages of
 * inner items are exact, so two items of which one ends, by that count, where the other begins have no gap in
 * or between them: what looks for a gap passes whole subtrees.
 */
#ifndef SEEP_TRACE_PAGE_TREE_H
#define SEEP_TRACE_PAGE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "trace/budget.h"
#include "trace/page_map.h"
#include "trace/pool.h"

#define SEEP_PAGE_TREE_ITEMS 42u /* of a node, which is about 1 KB */
/* Of nodes but the root, and there are fewer than 2^32 of them: 10 levels at the most. */
#define SEEP_PAGE_TREE_LEAST_ITEMS (SEEP_PAGE_TREE_ITEMS / 3)
#define SEEP_PAGE_TREE_MAXIMUM_HEIGHT 12u

typedef struct seep_page_tree_node {
  uint32_t count;
  seep_page_run items[SEEP_PAGE_TREE_ITEMS];
} seep_page_tree_node;

typedef struct seep_page_tree {
  seep_pool nodes; /* seep_page_tree_node */
  uint32_t root;
  uint32_t height; /* levels: 0 = no run, 1 = the root is a leaf */
  uint64_t pages;  /* in all runs */
  size_t runs;
} seep_page_tree;

/* A run, as the items that lead to it; [0] is in the root. Void after insert and erase. */
typedef struct seep_page_path {
  uint32_t node[SEEP_PAGE_TREE_MAXIMUM_HEIGHT];
  uint32_t at[SEEP_PAGE_TREE_MAXIMUM_HEIGHT];
} seep_page_path;

static inline uint64_t seep_page_run_end(const seep_page_run *run)
{
  return run->first_page + run->pages;
}

/* Takes no room yet. */
void seep_page_tree_init(seep_page_tree *tree, seep_trace_budget *budget);
void seep_page_tree_clear(seep_page_tree *tree);

/* To the last run that does not begin behind the page. false: there is none; the path is the first run then,
 * if there are any. */
bool seep_page_tree_seek(const seep_page_tree *tree, uint64_t page, seep_page_path *path);

/* To the next run; false: it is the last. */
bool seep_page_tree_next(const seep_page_tree *tree, seep_page_path *path);

/* To the run after which the first free page from the path's run on comes. */
void seep_page_tree_seek_gap(const seep_page_tree *tree, seep_page_path *path);

/* Valid until the tree is changed. */
const seep_page_run *seep_page_tree_run(const seep_page_tree *tree, const seep_page_path *path);

/* Where the run after the path's begins; SEEP_PAGE_MAP_END: nowhere. */
uint64_t seep_page_tree_next_page(const seep_page_tree *tree, const seep_page_path *path);

/* Room for an insert with this path. SEEP_LIMIT, SEEP_NO_MEMORY: the runs are as they were. */
seep_status seep_page_tree_reserve(seep_page_tree *tree, const seep_page_path *path);

/* Behind the path's run, or, when there is no run before, in front of all. */
void seep_page_tree_insert(seep_page_tree *tree, const seep_page_path *path, bool is_first,
                           const seep_page_run *run);
void seep_page_tree_erase(seep_page_tree *tree, const seep_page_path *path);

/* Where the run does not reach its neighbours. */
void seep_page_tree_resize(seep_page_tree *tree, const seep_page_path *path, uint64_t first_page,
                           uint64_t pages);

#endif
