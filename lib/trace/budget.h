/*
 * How much memory the reading of one trace may take in all. Everything that grows with what is in a trace
 * takes its room from here, so that no file, however made, can take more. Plain data of one thread.
 */
#ifndef SEEP_TRACE_BUDGET_H
#define SEEP_TRACE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

typedef struct seep_trace_budget {
  size_t limit_bytes; /* 0 = none: everything fails */
  size_t used_bytes, peak_bytes;
  bool exceeded; /* something was refused for the limit's sake, and not because the system had no memory */
} seep_trace_budget;

/* 0 also when the limit has been lowered below what is used. */
size_t seep_trace_budget_left(const seep_trace_budget *budget);

/* false, and exceeded set, when it would go beyond the limit: nothing has been taken then. */
bool seep_trace_budget_take(seep_trace_budget *budget, size_t bytes);
void seep_trace_budget_give(seep_trace_budget *budget, size_t bytes);

/* seep_array_reserve within the budget: growing takes what the array becomes larger by, and while it is
 * moved, for a moment, both. budget NULL: no bound. */
bool seep_trace_budget_reserve(seep_trace_budget *budget, void **items, size_t *capacity, size_t needed,
                               size_t item_size);

/* free() of such an array, its room given back; *items NULL and *capacity 0 afterwards. */
void seep_trace_budget_release(seep_trace_budget *budget, void **items, size_t *capacity, size_t item_size);

#endif
