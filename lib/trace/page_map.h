/*
 * Which pages of a process somebody has committed, and who was first: disjoint runs of pages in order, each
 * with its owner. Runs are cut where a part of one is given back; both rests keep the owner. A tree, so that
 * millions of runs are no problem; all its room comes from a budget.
 */
#ifndef SEEP_TRACE_PAGE_MAP_H
#define SEEP_TRACE_PAGE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "trace/budget.h"

typedef struct seep_page_map seep_page_map;

typedef struct seep_page_run {
  uint64_t first_page, pages; /* never empty; first_page + pages <= SEEP_PAGE_MAP_END */
  uint32_t owner;
  uint32_t when; /* the caller's */
} seep_page_run;

/* One past the last page of a 64-bit address space, at 4 KB a page and at any larger size. */
#define SEEP_PAGE_MAP_END (UINT64_C(1) << 52)

/* NULL when there is no room. */
seep_page_map *seep_page_map_new(seep_trace_budget *budget);
void seep_page_map_free(seep_page_map *map);

/* Called for each piece that was given back, in order; a piece may be a part of a run. */
typedef void (*seep_page_map_taken)(void *context, const seep_page_run *piece);

/* Gives every page of the range that has no owner to this one; pages that have one keep it. Ranges that go
 * beyond the end are cut. *added: the pages it got. SEEP_OK, or SEEP_LIMIT (budget) or SEEP_NO_MEMORY: then a
 * part may have been added, and *added says how much. */
seep_status seep_page_map_add(seep_page_map *map, const seep_page_run *range, uint64_t *added);

/* Takes the range away from whoever has it. *removed: pages. taken may be NULL. Splitting a run may need
 * room: statuses as above. */
seep_status seep_page_map_remove(seep_page_map *map, uint64_t first_page, uint64_t pages,
                                 seep_page_map_taken taken, void *context, uint64_t *removed);

/* The run that has this page; false: none. */
bool seep_page_map_find(const seep_page_map *map, uint64_t page, seep_page_run *run);

/* All runs in order; return false to stop. */
typedef bool (*seep_page_map_visit)(void *context, const seep_page_run *run);
void seep_page_map_each(const seep_page_map *map, seep_page_map_visit visit, void *context);

uint64_t seep_page_map_pages(const seep_page_map *map); /* in all runs */
size_t seep_page_map_runs(const seep_page_map *map);

#endif
