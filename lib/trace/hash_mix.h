/* Mixing of keys for the hash tables of this room. Not secret against somebody who can watch a run; the
 * tables bound what a bad hash could cost. */
#ifndef SEEP_TRACE_HASH_MIX_H
#define SEEP_TRACE_HASH_MIX_H

#include <stdint.h>

/* Every bit of the value reaches every bit of the result; a bijection for a given seed. */
static inline uint64_t seep_hash_mix(uint64_t value, uint64_t seed)
{
  uint64_t mixed = value ^ seed;
  mixed = (mixed ^ mixed >> 30) * UINT64_C(0xD6E8FEB86659FD93);
  mixed = (mixed ^ mixed >> 32) * UINT64_C(0xC2B2AE3D27D4EB4F);
  return mixed ^ mixed >> 29;
}

#endif
