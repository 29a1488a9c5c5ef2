/* The table of WinDbg's !address -summary, in WinDbg's columns: usage, type, state, protection, and the
 * largest region of each usage. Rows without regions are left out, as WinDbg does. */
#ifndef SEEP_SERVICE_MEMORY_ADDRESS_H
#define SEEP_SERVICE_MEMORY_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "memory/usage.h"

/* pointer_bytes 8: numbers have a backtick between their halves. */
void seep_memory_address(const seep_usage *usage, unsigned pointer_bytes);

/* "MEM_PRIVATE", "MEM_MAPPED", "MEM_IMAGE": of seep_usage.types. index is below SEEP_MEMORY_ADDRESS_TYPES. */
#define SEEP_MEMORY_ADDRESS_TYPES 3u
const char *seep_memory_address_type(unsigned index);

#define SEEP_MEMORY_ADDRESS_PROTECT_SIZE 128

/* The name of seep_usage.protects[index]: PAGE_* as WinDbg writes it, such as "PAGE_READWRITE|PAGE_GUARD",
 * bits without a name in hexadecimal; "others" for what was collected. NULL: there is no such row. Returns
 * out. */
const char *seep_memory_address_protect(const seep_usage *usage, size_t index,
                                        char out[SEEP_MEMORY_ADDRESS_PROTECT_SIZE]);

#endif
