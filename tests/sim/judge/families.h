/*
 * Labelled families of commit-size series: what the detector is developed and measured with. A family is a
 * kind of behaviour; (set, seed, family, index) names one series for ever.
 *
 * Three sets that share no series: TUNE to set constants by, CHECK to see whether that helped, HELD_OUT to
 * report. About a fifth of the families, leaking and healthy ones, are drawn in HELD_OUT only, so that nobody
 * fits a constant to them without noticing; HELD_OUT draws all other families as well.
 */
#ifndef SEEP_SIM_FAMILIES_H
#define SEEP_SIM_FAMILIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "series.h"

typedef enum sim_set { SIM_TUNE, SIM_CHECK, SIM_HELD_OUT } sim_set;

typedef enum sim_origin {
  SIM_DESIGN, /* the reference's 25 (reference: detection-lab) */
  SIM_OWN,
  SIM_UNSEEN /* ours, and only in SIM_HELD_OUT */
} sim_origin;

typedef struct sim_family {
  const char *name;
  sim_origin origin;
  bool leak;
  void (*draw)(sim_series *s);
} sim_family;

size_t sim_family_count(void);
const sim_family *sim_family_at(size_t i);
const sim_family *sim_family_named(const char *name); /* NULL: none */
bool sim_family_in_set(const sim_family *family, sim_set set);

/* One series, finished; the caller frees it. */
void sim_family_draw(const sim_family *family, const sim_world *world, sim_set set, uint64_t seed,
                     uint64_t index, sim_series *out);

/* The parts of the table, each from a file of its own. */
extern const sim_family sim__design_families[];
extern const size_t sim__design_family_count;
extern const sim_family sim__leaking_families[];
extern const size_t sim__leaking_family_count;
extern const sim_family sim__healthy_families[];
extern const size_t sim__healthy_family_count;
extern const sim_family sim__unseen_families[];
extern const size_t sim__unseen_family_count;

#endif
