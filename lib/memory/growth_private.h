/* Shared by growth.c and growth_comparison.c alone. */
#ifndef SEEP_MEMORY_GROWTH_PRIVATE_H
#define SEEP_MEMORY_GROWTH_PRIVATE_H

#include "memory/growth.h"

void seep_growth_kind__sum_up(const seep_inventory *inventory, seep_growth_kind_sums *out);

/* What has grown since those sums until that inventory. */
void seep_growth_kind__differ(const seep_growth_kind_sums *before, const seep_inventory *after,
                              seep_growth_kind_differences *out);

/* A reason that promises another look, which two dumps do not have. */
extern const char seep_growth_kind__unfit[];

/* Why an inventory can be compared with nothing, as a literal; NULL: it can. */
const char *seep_growth_kind__unusable(const seep_inventory *inventory);

/* Compares two usable inventories. false: too little has grown to say anything; out->reason says so, and
 * nothing else in *out is decided. Fills in *grown in either case. */
bool seep_growth_kind__compare(const seep_inventory *before, const seep_inventory *after,
                               uint64_t minimum_growth_bytes, seep_growth_kind_differences *grown,
                               seep_growth_kind_comparison *out);

#endif
