/* The table of families, and which series belongs to which set. */
#include "families.h"

#include <string.h>

size_t sim_family_count(void)
{
  return sim__design_family_count + sim__leaking_family_count + sim__healthy_family_count +
         sim__unseen_family_count;
}

const sim_family *sim_family_at(size_t i)
{
  if (i < sim__design_family_count) {
    return &sim__design_families[i];
  }
  i -= sim__design_family_count;
  if (i < sim__leaking_family_count) {
    return &sim__leaking_families[i];
  }
  i -= sim__leaking_family_count;
  if (i < sim__healthy_family_count) {
    return &sim__healthy_families[i];
  }
  i -= sim__healthy_family_count;
  return i < sim__unseen_family_count ? &sim__unseen_families[i] : NULL;
}

const sim_family *sim_family_named(const char *name)
{
  for (size_t i = 0; i < sim_family_count(); i++) {
    if (strcmp(sim_family_at(i)->name, name) == 0) {
      return sim_family_at(i);
    }
  }
  return NULL;
}

bool sim_family_in_set(const sim_family *family, sim_set set)
{
  return set == SIM_HELD_OUT || family->origin != SIM_UNSEEN;
}

/* By the family's name, not its place, so that a new family changes no other family's series. The set has the
 * top byte for itself: no seed of one set reaches another's. */
static uint64_t seed_of(const sim_family *family, sim_set set, uint64_t seed, uint64_t index)
{
  uint64_t value = ((uint64_t)set + 1) << 56 | (seed & UINT64_C(0x00ffffffffffffff));
  for (const char *c = family->name; *c != '\0'; c++) {
    value = sim_random_mix(value) + (unsigned char)*c;
  }
  return sim_random_mix(value) + sim_random_mix(index + 1);
}

void sim_family_draw(const sim_family *family, const sim_world *world, sim_set set, uint64_t seed,
                     uint64_t index, sim_series *out)
{
  sim_series_begin(out, world, seed_of(family, set, seed, index));
  family->draw(out);
  sim_series_finish(out);
}
