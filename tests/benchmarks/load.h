/*
 * A load: what a benchmark feeds to the store and to its peers. Series of whole pages, one per life of a
 * process, each seen at consecutive polls, and the system's six figures beside them. All of it lies in memory
 * before any clock is started, so that making it costs nobody time.
 */
#ifndef BENCHMARKS_LOAD_H
#define BENCHMARKS_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_FIGURES 6u
#define LOAD_INTERVAL_S 30u
#define LOAD_PAGE_BYTES 4096u

typedef struct load_series {
  uint32_t pid;
  uint64_t created;      /* FILETIME */
  char image[56];        /* ASCII */
  uint32_t first, count; /* polls at which it was there: first .. first + count - 1 */
  uint32_t *pages;       /* count values, from malloc */
} load_series;

typedef struct load {
  uint32_t polls;
  int64_t start_ms; /* wall time of poll 0 */
  load_series *series;
  size_t series_count, series_room;
  size_t samples;                  /* of all series, without the figures */
  uint32_t *figures[LOAD_FIGURES]; /* polls values each, in the order of seep_system_memory, in pages */
  bool has_figures;                /* false: the data has none; the arrays are there and hold a constant */
  size_t largest_poll;             /* most series at one poll */
} load;

/* Adds an empty series; its pages are allocated, not filled. Ends the program when memory is out, as all of
 * these do: a benchmark cannot go on. */
load_series *load_add(load *data, uint32_t first, uint32_t count);

/* Sorts by creation time, which is the order in which Windows lists processes, and counts. To be called once
 * after the last load_add. */
void load_finish(load *data);
void load_free(load *data);

/* The series of the folder's index.csv, each file one process; poll i holds its i-th sample rounded down to
 * the page. false when the folder has no index.csv. */
bool load_read_folder(load *data, const char *folder);

/* Walks poll by poll. present: indexes into data->series of those at hand, in the order of creation. */
typedef struct load_walk {
  const load *data;
  uint32_t poll;
  size_t next; /* first series that has not begun yet */
  size_t *present;
  size_t count;
} load_walk;

void load_walk_begin(load_walk *walk, const load *data);
bool load_walk_next(load_walk *walk); /* false after the last poll; walk->poll is the one it stands on */
void load_walk_end(load_walk *walk);

/* Never NULL. */
void *load_allocate(size_t count, size_t size);

#endif
