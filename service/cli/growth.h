/*
 * How much one series has grown over the time it was watched, told so that a spike, the phase of a sawtooth
 * and noise hardly count: floors are compared, and what was held before and given back is no growth. For
 * ranking, not for a verdict: that is judge/detector.h. Fixed memory, however long the series.
 */
#ifndef SEEP_SERVICE_GROWTH_H
#define SEEP_SERVICE_GROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Equal parts of the time; pairs merge when all are used, so that 65 to 128 are in use after a while. */
#define SEEP_GROWTH_PARTS 128u

typedef struct seep_growth {
  int64_t first_ms, last_ms; /* running time of the first and newest figure */
  int64_t part_ms;
  size_t used;
  uint64_t floors[SEEP_GROWTH_PARTS]; /* UINT64_MAX: nothing is known of this part */
} seep_growth;

typedef struct seep_growth_result {
  bool known; /* false: figures in fewer than four parts of the time */
  int64_t watched_ms;
  /* The lowest of the last quarter less the lowest of the first, of the whole time; or the same of its newest
   * half, quarter, eighth or sixteenth when that is more and the floor rose in every quarter of it. What goes
   * no higher than an earlier floor that was given back is not counted, but over the whole time it is when
   * the floor rose in every quarter. Negative when it shrank. */
  int64_t grown_bytes;
  double bytes_per_hour; /* between the two lowest moments; 0 when it has not grown */
} seep_growth_result;

void seep_growth_init(seep_growth *growth, int64_t running_ms);

/* running_ms never goes back. */
void seep_growth_add(seep_growth *growth, int64_t running_ms, uint64_t floor_bytes);

seep_growth_result seep_growth_measure(const seep_growth *growth);

#endif
