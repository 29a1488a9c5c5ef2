/*
 * The text of the verb `memory`: what the process is, the answer, what grew, VMMap's table, that of WinDbg
 * (memory_address.h), the heaps and what is missing.
 */
#ifndef SEEP_SERVICE_MEMORY_TABLES_H
#define SEEP_SERVICE_MEMORY_TABLES_H

#include "memory_look.h"

/* since NULL: one look alone. */
void seep_memory_tables(const seep_memory_look *look, const seep_memory_since *since);

#endif
