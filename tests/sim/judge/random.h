/*
 * Random numbers for simulations: the same on every platform and for all time, so that a series can be named
 * by (seed, family, index). A counter that is scrambled (the finaliser of a 64-bit hash); not for secrets.
 */
#ifndef SEEP_SIM_RANDOM_H
#define SEEP_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct sim_random {
  uint64_t state;
  double spare; /* the second half of a pair of normal numbers */
  bool has_spare;
} sim_random;

/* Neighbouring seeds give unrelated sequences. */
void sim_random_init(sim_random *random, uint64_t seed);
uint64_t sim_random_mix(uint64_t value);    /* one value scrambled */
double sim_random_unit(sim_random *random); /* [0, 1) */
double sim_random_uniform(sim_random *random, double low, double high);
double sim_random_spread(sim_random *random, double low, double high); /* uniform in the logarithm */
double sim_random_normal(sim_random *random);
double sim_random_exponential(sim_random *random, double mean);
double sim_random_pareto(sim_random *random, double shape);    /* from 0 on: classic minus 1 */
unsigned sim_random_below(sim_random *random, unsigned limit); /* limit > 0 */

#endif
