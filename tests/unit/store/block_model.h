/* What went into a block, and readings of the block that hold every value against it. Fails by cmocka's
 * asserts. */
#ifndef SEEP_TESTS_BLOCK_MODEL_H
#define SEEP_TESTS_BLOCK_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/block.h"

typedef struct block_model_list {
  seep_poll_entry *entries;
  size_t count;
} block_model_list;

typedef struct block_model {
  block_model_list lists[SEEP_BLOCK_MAXIMUM_POLLS];
  seep_block_time times[SEEP_BLOCK_MAXIMUM_POLLS];
  unsigned polls;
  uint8_t *bytes; /* the block */
  size_t size;
} block_model;

block_model *block_model_new(void);
void block_model_free(block_model *m);

/* Copies the entries. */
void block_model_add(block_model *m, const seep_block_time *time, const seep_poll_entry *entries,
                     size_t count);

/* Makes the block, by a builder to which so many polls are announced. */
void block_model_pack(block_model *m, unsigned announced);

/* Polls of random_polls.h, packed. */
block_model *block_model_random(uint64_t seed, size_t processes, unsigned polls);

typedef struct block_reading {
  const block_model *expected;
  const int64_t *wanted; /* NULL = all */
  size_t wanted_count;
  int64_t row; /* of the series before, and the poll it reached */
  unsigned end;
  size_t series, values;
  size_t series_limit; /* the visitor is out of memory then */
} block_reading;

/* A seep_block_visit whose context is a block_reading. */
bool block_model_check_series(void *context, const seep_block_series *series);

/* Begins *r and reads; wanted NULL = all. */
seep_status block_model_read(const block_model *m, const seep_block_view *view, const int64_t *wanted,
                             size_t count, block_reading *r);

/* These rows come with all of their values and nothing else does. */
void block_model_check_rows(const block_model *m, const seep_block_view *view, const int64_t *wanted,
                            size_t count);

/* The whole block, times too. */
seep_block_view block_model_check(const block_model *m);

#endif
