/* The mappings whose loss is spoken for. For mapping_posix.c and mapping_windows.c alone; one thread. */
#ifndef SEEP_SERVICE_MAPPING_LOSS_H
#define SEEP_SERVICE_MAPPING_LOSS_H

#include "mapping.h"

void seep_mapping_loss_add(seep_mapping *mapping);
void seep_mapping_loss_remove(const seep_mapping *mapping); /* no matter whether it was added */

/* The mapping that holds address, or NULL. May be called where a page has just failed to be read. */
const seep_mapping *seep_mapping_loss_find(const void *address);

#endif
