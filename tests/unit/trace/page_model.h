/*
 * A page map and the plainest thing that does the same: an array of cells, each with an owner or none. Bounds
 * of cells are where ranges may begin and end. Every operation is done on both and compared; used by the unit
 * tests and the fuzz target.
 */
#ifndef PAGE_MODEL_H
#define PAGE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/page_map.h"

#define PAGE_MODEL_CELLS 4096u

typedef struct page_model {
  seep_page_map *map;
  size_t cells;
  uint64_t bounds[PAGE_MODEL_CELLS + 1];
  uint32_t owner[PAGE_MODEL_CELLS]; /* 0: none */
  uint32_t when[PAGE_MODEL_CELLS];
} page_model;

/* `cells` cells over the whole address space. spread: single pages at its begin, its end and in between, and
 * larger and larger ones; otherwise single pages, and a last cell of all the others. */
bool page_model_init(page_model *model, seep_trace_budget *budget, size_t cells, bool spread);
void page_model_fini(page_model *model);

/* On cells from..to-1. false: the map did something else than it promises. */
bool page_model_add(page_model *model, size_t from, size_t to, uint32_t owner, uint32_t when,
                    seep_status *status);
bool page_model_remove(page_model *model, size_t from, size_t to, seep_status *status);

bool page_model_find(const page_model *model, size_t cell);
/* All of it: runs, their order, what they cover, the sums. */
bool page_model_matches(const page_model *model);

#endif
