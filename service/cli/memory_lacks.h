/*
 * What one look could not find out: each lack a clause with its consequence and the cure that its cause asks
 * for. Rights, bytes that a dump has not, a heap that nobody here can decode and a list that broke while it
 * was read are four different things, and only the right advice helps.
 */
#ifndef SEEP_SERVICE_MEMORY_LACKS_H
#define SEEP_SERVICE_MEMORY_LACKS_H

#include "base/text.h"
#include "memory_look.h"

/* Looks at what is in *look alone. */
void seep_memory_lacks_collect(seep_memory_look *look);

/* One more; what does not fit is left out. */
void seep_memory_lacks_add(seep_memory_look *look, const char *format, ...) SEEP_PRINTF_LIKE(2, 3);

#endif
