/* Numbers for the laboratory's families. Knows nothing of memory. */
#include "random.h"

#include <math.h>

#define STRIDE UINT64_C(0x9e3779b97f4a7c15) /* odd, bits evenly spread: 2^64 divided by the golden ratio */

uint64_t sim_random_mix(uint64_t value)
{
  value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
  return value ^ (value >> 31);
}

void sim_random_init(sim_random *random, uint64_t seed)
{
  *random = (sim_random){.state = sim_random_mix(seed + STRIDE)};
}

double sim_random_unit(sim_random *random)
{
  random->state += STRIDE;
  return (double)(sim_random_mix(random->state) >> 11) / 9007199254740992.0;
}

double sim_random_uniform(sim_random *random, double low, double high)
{
  return low + (high - low) * sim_random_unit(random);
}

double sim_random_spread(sim_random *random, double low, double high)
{
  return exp(sim_random_uniform(random, log(low), log(high)));
}

/* A point drawn in the unit disc, stretched: no sine, so the sequence hangs on nothing a libm may round. */
double sim_random_normal(sim_random *random)
{
  if (random->has_spare) {
    random->has_spare = false;
    return random->spare;
  }
  double x, y, square;
  do {
    x = sim_random_uniform(random, -1.0, 1.0);
    y = sim_random_uniform(random, -1.0, 1.0);
    square = x * x + y * y;
  } while (square >= 1.0 || square == 0.0);
  double scale = sqrt(-2.0 * log(square) / square);
  random->spare = y * scale;
  random->has_spare = true;
  return x * scale;
}

double sim_random_exponential(sim_random *random, double mean)
{
  return -mean * log(1.0 - sim_random_unit(random));
}

double sim_random_pareto(sim_random *random, double shape)
{
  return pow(1.0 - sim_random_unit(random), -1.0 / shape) - 1.0;
}

unsigned sim_random_below(sim_random *random, unsigned limit)
{
  return (unsigned)(sim_random_unit(random) * (double)limit);
}
