/* Sums of sizes that come from another process or a file: one that does not fit stays at the largest number
 * there is, rather than to begin again at 0. */
#ifndef SEEP_BASE_SATURATE_H
#define SEEP_BASE_SATURATE_H

#include <stdint.h>

static inline uint64_t seep_saturate_add(uint64_t a, uint64_t b)
{
  return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

#endif
