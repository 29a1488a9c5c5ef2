/* Shared by growth.c and growth_comparison.c alone. */
#ifndef SEEP_MEMORY_GROWTH_PRIVATE_H
#define SEEP_MEMORY_GROWTH_PRIVATE_H

#include "memory/growth.h"

/* Of sums that are at most 2^57 bytes, which doubles hold. */
typedef struct seep_growth_kind__differences {
  double all, heap, unproven, managed, stack;
  double left; /* what none of the others claims */
} seep_growth_kind__differences;

/* What has grown since those sums until that inventory. */
void seep_growth_kind__differ(const seep_growth_kind_sums *before, const seep_inventory *after,
                              seep_growth_kind__differences *out);

/* Why an inventory can be compared with nothing, as a literal; NULL: it can. */
const char *seep_growth_kind__unusable(const seep_inventory *inventory);

/* Compares two usable inventories. false: too little has grown to say anything; out->reason says so, and
 * nothing else in *out is decided. Fills in *grown in either case. */
bool seep_growth_kind__compare(const seep_inventory *before, const seep_inventory *after,
                               uint64_t minimum_growth_bytes, seep_growth_kind__differences *grown,
                               seep_growth_kind_comparison *out);

#endif
