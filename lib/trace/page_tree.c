/* See page_tree.h. Every change takes the room that it may need beforehand, so that none stops half-way. */
#include "trace/page_tree.h"

#include <string.h>

#define STRIDE 3u /* items: more than a cache line */
#define NODE_CHUNK_SHIFT 6u

typedef seep_page_tree_node node;

static node *node_at(const seep_page_tree *tree, uint32_t index)
{
  return seep_pool_at(&tree->nodes, index);
}

static seep_page_run *leaf_item(const seep_page_tree *tree, const seep_page_path *path)
{
  uint32_t leaf = tree->height - 1;
  return &node_at(tree, path->node[leaf])->items[path->at[leaf]];
}

const seep_page_run *seep_page_tree_run(const seep_page_tree *tree, const seep_page_path *path)
{
  return leaf_item(tree, path);
}

void seep_page_tree_init(seep_page_tree *tree, seep_trace_budget *budget)
{
  const seep_page_tree empty = {.root = SEEP_POOL_NONE};
  *tree = empty;
  seep_pool_init(&tree->nodes, budget, sizeof(node), NODE_CHUNK_SHIFT);
}

void seep_page_tree_clear(seep_page_tree *tree)
{
  seep_pool_clear(&tree->nodes);
  seep_page_tree_init(tree, tree->nodes.budget);
}

/* ---- finding ---- */

/* The last item that does not begin behind the page; 0 when all do. Not by halves: there each look waits for
 * the one before, and so for memory; the first walk here touches nearly all that the second needs. */
static uint32_t last_not_behind(const node *in, uint64_t page)
{
  uint32_t at = 0;
  for (uint32_t i = STRIDE; i < in->count; i += STRIDE) {
    at += in->items[i].first_page <= page ? STRIDE : 0;
  }
  uint32_t end = at + STRIDE < in->count ? at + STRIDE : in->count;
  uint32_t passed = 0;
  for (uint32_t i = at + 1; i < end; i++) {
    passed += in->items[i].first_page <= page ? 1 : 0;
  }
  return at + passed;
}

bool seep_page_tree_seek(const seep_page_tree *tree, uint64_t page, seep_page_path *path)
{
  uint32_t index = tree->root;
  for (uint32_t level = 0; level < tree->height; level++) {
    const node *in = node_at(tree, index);
    path->node[level] = index;
    path->at[level] = last_not_behind(in, page);
    index = in->items[path->at[level]].owner;
  }
  return tree->height > 0 && leaf_item(tree, path)->first_page <= page;
}

/* The item after the path's in the lowest level that has one; NULL: the run is the last. A run that follows
 * begins where this item does. */
static const seep_page_run *item_after(const seep_page_tree *tree, const seep_page_path *path,
                                       uint32_t *level)
{
  for (uint32_t i = tree->height; i-- > 0;) {
    const node *in = node_at(tree, path->node[i]);
    if (path->at[i] + 1 < in->count) {
      *level = i;
      return &in->items[path->at[i] + 1];
    }
  }
  return NULL;
}

uint64_t seep_page_tree_next_page(const seep_page_tree *tree, const seep_page_path *path)
{
  uint32_t level = 0;
  const seep_page_run *next = item_after(tree, path, &level);
  return next != NULL ? next->first_page : SEEP_PAGE_MAP_END;
}

/* To the first item below the one at this level. */
static void descend(const seep_page_tree *tree, seep_page_path *path, uint32_t level)
{
  path->node[level + 1] = node_at(tree, path->node[level])->items[path->at[level]].owner;
  path->at[level + 1] = 0;
}

bool seep_page_tree_next(const seep_page_tree *tree, seep_page_path *path)
{
  uint32_t level = 0;
  if (item_after(tree, path, &level) == NULL) {
    return false;
  }
  path->at[level]++;
  for (; level + 1 < tree->height; level++) {
    descend(tree, path, level);
  }
  return true;
}

/* Passes items after which no page is free. */
static void pass_full(const seep_page_tree *tree, seep_page_path *path, uint32_t level)
{
  const node *in = node_at(tree, path->node[level]);
  uint32_t at = path->at[level];
  while (at + 1 < in->count && seep_page_run_end(&in->items[at]) == in->items[at + 1].first_page) {
    at++;
  }
  path->at[level] = at;
}

/* Goes down into a full subtree only where that is the last of its node, so at most once a level. */
void seep_page_tree_seek_gap(const seep_page_tree *tree, seep_page_path *path)
{
  uint32_t level = tree->height - 1;
  pass_full(tree, path, level);
  for (;;) {
    const seep_page_run *next = item_after(tree, path, &level);
    if (next == NULL || next->first_page != seep_page_run_end(leaf_item(tree, path))) {
      return;
    }
    path->at[level]++;
    pass_full(tree, path, level);
    while (level + 1 < tree->height) {
      descend(tree, path, level++);
      pass_full(tree, path, level);
    }
  }
}

/* ---- changing the tree ---- */

/* Room for one more run in the path's leaf: a node for each full one from there up, and for a new root. */
seep_status seep_page_tree_reserve(seep_page_tree *tree, const seep_page_path *path)
{
  uint32_t needed = tree->height == 0 ? 1 : 0;
  uint32_t level = tree->height;
  while (level > 0 && node_at(tree, path->node[level - 1])->count == SEEP_PAGE_TREE_ITEMS) {
    level--;
    needed++;
  }
  needed += tree->height > 0 && level == 0 ? 1 : 0;
  return seep_pool_reserve(&tree->nodes, needed);
}

/* What stands above a node. */
static seep_page_run summary(const seep_page_tree *tree, uint32_t index)
{
  const node *of = node_at(tree, index);
  seep_page_run sum = {.first_page = of->items[0].first_page, .owner = index};
  for (uint32_t i = 0; i < of->count; i++) {
    sum.pages += of->items[i].pages;
  }
  return sum;
}

static uint32_t new_node(seep_page_tree *tree)
{
  uint32_t index = seep_pool_take(&tree->nodes);
  node_at(tree, index)->count = 0;
  return index;
}

/* Where there is room. */
static void put_item(node *in, uint32_t at, const seep_page_run *item)
{
  memmove(&in->items[at + 1], &in->items[at], (in->count - at) * sizeof *item);
  in->items[at] = *item;
  in->count++;
}

static void cut_item(node *in, uint32_t at)
{
  in->count--;
  memmove(&in->items[at], &in->items[at + 1], (in->count - at) * sizeof in->items[0]);
}

/* Moves `moved` items from the end of left to the front of right. */
static void shift_right(node *left, node *right, uint32_t moved)
{
  memmove(&right->items[moved], &right->items[0], right->count * sizeof right->items[0]);
  memcpy(&right->items[0], &left->items[left->count - moved], moved * sizeof right->items[0]);
  left->count -= moved;
  right->count += moved;
}

static void shift_left(node *left, node *right, uint32_t moved)
{
  memcpy(&left->items[left->count], &right->items[0], moved * sizeof left->items[0]);
  left->count += moved;
  right->count -= moved;
  memmove(&right->items[0], &right->items[moved], right->count * sizeof right->items[0]);
}

/* Puts the item into a full node by making two of it; returns the new one, which is the right one. Where
 * items come in order, what stays behind is left fuller. */
static uint32_t split(seep_page_tree *tree, uint32_t index, uint32_t at, const seep_page_run *item)
{
  uint32_t added = new_node(tree);
  node *left = node_at(tree, index);
  node *right = node_at(tree, added);
  shift_right(left, right,
              at == SEEP_PAGE_TREE_ITEMS ? SEEP_PAGE_TREE_LEAST_ITEMS : SEEP_PAGE_TREE_ITEMS / 2);
  if (at <= left->count) {
    put_item(left, at, item);
  } else {
    put_item(right, at - left->count, item);
  }
  return added;
}

/* The pages of the path's run have become this many more (modulo 2^64: or fewer), or its first page another.
 */
static void refresh(seep_page_tree *tree, const seep_page_path *path, uint64_t more_pages)
{
  tree->pages += more_pages;
  for (uint32_t level = tree->height - 1; level-- > 0;) {
    seep_page_run *item = &node_at(tree, path->node[level])->items[path->at[level]];
    item->pages += more_pages;
    item->first_page = node_at(tree, path->node[level + 1])->items[0].first_page;
  }
}

static void grow_root(seep_page_tree *tree, uint32_t right)
{
  uint32_t index = new_node(tree);
  node *root = node_at(tree, index);
  root->items[0] = summary(tree, tree->root);
  root->items[1] = summary(tree, right);
  root->count = 2;
  tree->root = index;
  tree->height++;
}

void seep_page_tree_insert(seep_page_tree *tree, const seep_page_path *path, bool is_first,
                           const seep_page_run *run)
{
  seep_page_run item = *run;
  tree->runs++;
  tree->pages += run->pages;
  if (tree->height == 0) {
    tree->root = new_node(tree);
    tree->height = 1;
    put_item(node_at(tree, tree->root), 0, run);
    return;
  }
  uint32_t level = tree->height - 1;
  for (uint32_t i = 0; i < level; i++) {
    seep_page_run *above = &node_at(tree, path->node[i])->items[path->at[i]];
    above->pages += run->pages;
    above->first_page = run->first_page < above->first_page ? run->first_page : above->first_page;
  }
  uint32_t at = is_first ? 0 : path->at[level] + 1;
  while (node_at(tree, path->node[level])->count == SEEP_PAGE_TREE_ITEMS) {
    uint32_t right = split(tree, path->node[level], at, &item);
    if (level == 0) {
      grow_root(tree, right);
      return;
    }
    level--;
    node_at(tree, path->node[level])->items[path->at[level]] = summary(tree, path->node[level + 1]);
    item = summary(tree, right);
    at = path->at[level] + 1;
  }
  put_item(node_at(tree, path->node[level]), at, &item);
}

/* Makes one of two neighbours, or spreads their items evenly over both. true: one. */
static bool balance(seep_page_tree *tree, node *parent, uint32_t left_at)
{
  seep_page_run *items = &parent->items[left_at];
  node *left = node_at(tree, items[0].owner);
  node *right = node_at(tree, items[1].owner);
  uint32_t total = left->count + right->count;
  bool merge = total <= SEEP_PAGE_TREE_ITEMS;
  if (merge) {
    shift_left(left, right, right->count);
  } else if (left->count < total / 2) {
    shift_left(left, right, total / 2 - left->count);
  } else {
    shift_right(left, right, left->count - total / 2);
  }
  items[0] = summary(tree, items[0].owner);
  if (merge) {
    seep_pool_give(&tree->nodes, items[1].owner);
    cut_item(parent, left_at + 1);
  } else {
    items[1] = summary(tree, items[1].owner);
  }
  return merge;
}

void seep_page_tree_erase(seep_page_tree *tree, const seep_page_path *path)
{
  uint32_t level = tree->height - 1;
  uint64_t pages = leaf_item(tree, path)->pages;
  cut_item(node_at(tree, path->node[level]), path->at[level]);
  tree->runs--;
  refresh(tree, path, 0 - pages);
  while (level > 0 && node_at(tree, path->node[level])->count < SEEP_PAGE_TREE_LEAST_ITEMS) {
    level--;
    uint32_t at = path->at[level];
    if (!balance(tree, node_at(tree, path->node[level]), at > 0 ? at - 1 : at)) {
      break;
    }
  }
  const node *root = node_at(tree, tree->root);
  if (root->count == 0 || (root->count == 1 && tree->height > 1)) {
    uint32_t only = root->items[0].owner;
    seep_pool_give(&tree->nodes, tree->root);
    tree->root = only; /* of no meaning when the height becomes 0 */
    tree->height--;
  }
}

void seep_page_tree_resize(seep_page_tree *tree, const seep_page_path *path, uint64_t first_page,
                           uint64_t pages)
{
  seep_page_run *run = leaf_item(tree, path);
  uint64_t more_pages = pages - run->pages;
  run->first_page = first_page;
  run->pages = pages;
  refresh(tree, path, more_pages);
}
