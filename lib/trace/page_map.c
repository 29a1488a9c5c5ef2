/*
 * What a map of owners adds to a tree of runs: gaps are looked for and filled, neighbours that are alike
 * become one run, and runs are cut. A range that is added again and again costs no walk over all its runs:
 * the tree goes from gap to gap.
 */
#include "trace/page_map.h"

#include "trace/page_tree.h"
#include "trace/storage.h"

struct seep_page_map {
  seep_trace_budget *budget; /* borrowed */
  seep_page_tree tree;
};

seep_page_map *seep_page_map_new(seep_trace_budget *budget)
{
  void *room = NULL;
  size_t bytes = 0;
  if (seep_storage_resize(budget, &room, &bytes, sizeof(seep_page_map)) != SEEP_OK) {
    return NULL;
  }
  seep_page_map *map = room;
  map->budget = budget;
  seep_page_tree_init(&map->tree, budget);
  return map;
}

void seep_page_map_free(seep_page_map *map)
{
  if (map != NULL) {
    seep_page_tree_clear(&map->tree);
    seep_storage_free(map->budget, map, sizeof *map);
  }
}

static uint64_t cut_end(uint64_t first_page, uint64_t pages)
{
  if (first_page >= SEEP_PAGE_MAP_END) {
    return first_page;
  }
  return pages < SEEP_PAGE_MAP_END - first_page ? first_page + pages : SEEP_PAGE_MAP_END;
}

/* The first gap from gap->first_page on, up to `end` at the most: gap's pages are set, 0 when there is none.
 * is_first: it lies in front of all runs; otherwise the path is the run before it. */
static void find_gap(const seep_page_tree *tree, uint64_t end, seep_page_run *gap, seep_page_path *path,
                     bool *is_first)
{
  uint64_t gap_end = SEEP_PAGE_MAP_END;
  *is_first = !seep_page_tree_seek(tree, gap->first_page, path);
  if (!*is_first) {
    if (seep_page_run_end(seep_page_tree_run(tree, path)) > gap->first_page) {
      seep_page_tree_seek_gap(tree, path);
      gap->first_page = seep_page_run_end(seep_page_tree_run(tree, path));
    }
    gap_end = seep_page_tree_next_page(tree, path);
  } else if (tree->runs > 0) {
    gap_end = seep_page_tree_run(tree, path)->first_page;
  }
  gap_end = gap_end < end ? gap_end : end;
  gap->pages = gap->first_page < gap_end ? gap_end - gap->first_page : 0;
}

static bool is_same(const seep_page_run *a, const seep_page_run *b)
{
  return a->owner == b->owner && a->when == b->when;
}

/* Puts a run into a gap, found as above, and makes one of it and its neighbours where they are alike. */
static seep_status fill_gap(seep_page_tree *tree, const seep_page_path *path, bool is_first,
                            const seep_page_run *run)
{
  uint64_t end = seep_page_run_end(run);
  seep_page_run left = {.pages = 0}, right = {.pages = 0};
  seep_page_path right_path;
  if (!is_first) {
    left = *seep_page_tree_run(tree, path);
  }
  if ((is_first ? tree->runs > 0 : seep_page_tree_next_page(tree, path) == end) &&
      seep_page_tree_seek(tree, end, &right_path)) {
    right = *seep_page_tree_run(tree, &right_path);
  }
  bool joins_left = left.pages > 0 && seep_page_run_end(&left) == run->first_page && is_same(&left, run);
  bool joins_right = right.pages > 0 && right.first_page == end && is_same(&right, run);
  if (joins_left && joins_right) {
    seep_page_path left_path;
    seep_page_tree_erase(tree, &right_path);
    (void)seep_page_tree_seek(tree, left.first_page, &left_path);
    seep_page_tree_resize(tree, &left_path, left.first_page, left.pages + run->pages + right.pages);
  } else if (joins_left) {
    seep_page_tree_resize(tree, path, left.first_page, left.pages + run->pages);
  } else if (joins_right) {
    seep_page_tree_resize(tree, &right_path, run->first_page, run->pages + right.pages);
  } else {
    seep_status status = seep_page_tree_reserve(tree, path);
    if (status != SEEP_OK) {
      return status;
    }
    seep_page_tree_insert(tree, path, is_first, run);
  }
  return SEEP_OK;
}

seep_status seep_page_map_add(seep_page_map *map, const seep_page_run *range, uint64_t *added)
{
  seep_page_run gap = *range;
  uint64_t end = cut_end(range->first_page, range->pages);
  *added = 0;
  while (gap.first_page < end) {
    seep_page_path path;
    bool is_first = false;
    find_gap(&map->tree, end, &gap, &path, &is_first);
    if (gap.pages == 0) {
      break;
    }
    seep_status status = fill_gap(&map->tree, &path, is_first, &gap);
    if (status != SEEP_OK) {
      return status;
    }
    *added += gap.pages;
    gap.first_page += gap.pages;
  }
  return SEEP_OK;
}

/* Takes a piece, never empty, out of the path's run. */
static seep_status cut_run(seep_page_tree *tree, const seep_page_path *path, const seep_page_run *piece)
{
  const seep_page_run run = *seep_page_tree_run(tree, path);
  seep_page_run rest = run;
  rest.first_page = seep_page_run_end(piece);
  rest.pages = seep_page_run_end(&run) - rest.first_page;
  uint64_t left_pages = piece->first_page - run.first_page;
  if (left_pages == 0 && rest.pages == 0) {
    seep_page_tree_erase(tree, path);
  } else if (left_pages == 0) {
    seep_page_tree_resize(tree, path, rest.first_page, rest.pages);
  } else if (rest.pages == 0) {
    seep_page_tree_resize(tree, path, run.first_page, left_pages);
  } else {
    seep_status status = seep_page_tree_reserve(tree, path);
    if (status != SEEP_OK) {
      return status;
    }
    seep_page_tree_resize(tree, path, run.first_page, left_pages);
    seep_page_tree_insert(tree, path, false, &rest);
  }
  return SEEP_OK;
}

/* To the run that has the page, or else the first one behind it; false: there is neither. */
static bool seek_touched(const seep_page_tree *tree, uint64_t page, seep_page_path *path)
{
  if (tree->runs == 0) {
    return false;
  }
  bool before = seep_page_tree_seek(tree, page, path);
  return !before || seep_page_run_end(seep_page_tree_run(tree, path)) > page ||
         seep_page_tree_next(tree, path);
}

seep_status seep_page_map_remove(seep_page_map *map, uint64_t first_page, uint64_t pages,
                                 seep_page_map_taken taken, void *context, uint64_t *removed)
{
  uint64_t end = cut_end(first_page, pages);
  seep_page_path path;
  *removed = 0;
  while (first_page < end && seek_touched(&map->tree, first_page, &path)) {
    seep_page_run piece = *seep_page_tree_run(&map->tree, &path);
    uint64_t piece_end = seep_page_run_end(&piece) < end ? seep_page_run_end(&piece) : end;
    piece.first_page = piece.first_page > first_page ? piece.first_page : first_page;
    if (piece.first_page >= end) {
      break;
    }
    piece.pages = piece_end - piece.first_page;
    seep_status status = cut_run(&map->tree, &path, &piece);
    if (status != SEEP_OK) {
      return status;
    }
    *removed += piece.pages;
    first_page = piece_end;
    if (taken != NULL) {
      taken(context, &piece);
    }
  }
  return SEEP_OK;
}

bool seep_page_map_find(const seep_page_map *map, uint64_t page, seep_page_run *run)
{
  seep_page_path path;
  if (!seep_page_tree_seek(&map->tree, page, &path)) {
    return false;
  }
  const seep_page_run *found = seep_page_tree_run(&map->tree, &path);
  if (seep_page_run_end(found) <= page) {
    return false;
  }
  *run = *found;
  return true;
}

void seep_page_map_each(const seep_page_map *map, seep_page_map_visit visit, void *context)
{
  seep_page_path path;
  bool more = map->tree.runs > 0;
  (void)seep_page_tree_seek(&map->tree, 0, &path);
  while (more) {
    more = visit(context, seep_page_tree_run(&map->tree, &path)) && seep_page_tree_next(&map->tree, &path);
  }
}

uint64_t seep_page_map_pages(const seep_page_map *map)
{
  return map->tree.pages;
}

size_t seep_page_map_runs(const seep_page_map *map)
{
  return map->tree.runs;
}
