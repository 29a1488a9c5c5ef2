/* How a site's memory comes and goes in a trace of our own making: blocks with a beginning and an end, summed
 * up as an analysis does. Times are fractions of the trace, 0 to 1. */
#ifndef SEEP_TEST_GROWTH_SHAPE_H
#define SEEP_TEST_GROWTH_SHAPE_H

#include <stdint.h>

#include "trace/analysis.h"

#define SHAPE_NEVER 2.0

typedef struct growth_shape {
  seep_trace_use use;
  uint64_t random;     /* state; set it before a shape is drawn */
  uint64_t last_ticks; /* of the trace, which begins at 0; for the use's first and last */
} growth_shape;

/* 0 to 1. */
double shape_random(growth_shape *shape);

/* A block from then until then; SHAPE_NEVER: it is never given back. */
void shape_block(growth_shape *shape, double from, double until, uint64_t bytes);

/* count blocks at random times between two, each living so long (SHAPE_NEVER) give or take a fifth. */
void shape_blocks(growth_shape *shape, unsigned count, double from, double to, double life, uint64_t bytes);

/* A cache that fills as 1 - exp(-t / tau): count blocks, all kept. */
void shape_filling(growth_shape *shape, unsigned count, double tau, uint64_t bytes);

#endif
