/*
 * A scenario while it is being played: who acts, by which plan, and what they have. Private to etl_scenario.c
 * and etl_habits.c.
 */
#ifndef STANDIN_ETL_PLAY_H
#define STANDIN_ETL_PLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "standin/etl_stage.h"

#define ETL_PLAY_PAGE 4096u
#define ETL_PLAY_REGIONS 16u /* of 256 pages, at the beginning of the address space: for commits in pieces   \
                              */
#define ETL_PLAY_REGION_PAGES 256u
#define ETL_PLAY_HELD 64u
#define ETL_PLAY_PROCESSES 12u

typedef enum etl_habit {
  ETL_HABIT_KEEP,      /* allocates and never gives back */
  ETL_HABIT_TRANSIENT, /* gives back soon */
  ETL_HABIT_EARLY,     /* keeps, but only in the beginning */
  ETL_HABIT_REPLACE,   /* as many as it may have; each new one replaces the oldest */
  ETL_HABIT_LATE,      /* keeps, but only at the end */
  ETL_HABIT_STAIRS,    /* keeps, all at once, now and then */
  ETL_HABIT_PIECES,    /* pages: reserves, commits and decommits parts, releases over all */
  ETL_HABIT_AGAIN,     /* pages: commits what is committed */
  ETL_HABIT_BEFORE,    /* gives back what was there before the trace */
  ETL_HABIT_RESIZE,    /* blocks: reallocations, in place and moving */
  ETL_HABIT_DESTROY,   /* blocks: a heap of its own, destroyed as a whole */
  ETL_HABIT_TWICE      /* blocks: allocates where a block is: its free was not seen */
} etl_habit;

typedef struct etl_plan {
  const char *behaviour;
  etl_habit what;
  unsigned view, program;
  unsigned weight;      /* how often its turn comes */
  unsigned least, most; /* pages, or bytes of a block */
  bool is_remote;
} etl_plan;

typedef struct etl_held {
  uint64_t address;
  uint32_t size_bytes;
} etl_held;

typedef struct etl_actor {
  const etl_plan *plan;
  unsigned site, process;
  etl_held *held; /* owned; a ring */
  unsigned held_first, held_count, held_limit;
  unsigned stairs; /* climbed */
} etl_actor;

/* Places to allocate at: those that were given back first, so that addresses come again. */
typedef struct etl_places {
  uint64_t base, stride;
  uint32_t used, limit;
  uint32_t *free_places; /* owned */
  size_t free_count, free_capacity;
} etl_places;

typedef struct etl_play {
  etl_stage stage;
  etl_actor *actors; /* owned */
  size_t actor_count;
  struct {
    size_t first_actor, actor_count, more_first[2], more_count;
    unsigned weight;
    etl_places pages, blocks[ETL_LEDGER_HEAPS];
    uint64_t before; /* memory from before the trace, so far given back */
    bool is_reserved[ETL_PLAY_REGIONS];
    bool has_heap;
  } lives[ETL_PLAY_PROCESSES];
  unsigned process_count;
  double progress;
  bool failed;
} etl_play;

/* Takes its turn; false: it has nothing to do now. */
bool etl_habits_act(etl_play *self, etl_actor *who);

/* Pages or a block for an actor that keeps it; false: there is no place left. */
bool etl_habits_obtain(etl_play *self, const etl_actor *who, etl_held *got);

#endif
