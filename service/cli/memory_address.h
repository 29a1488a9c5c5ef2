/* The table of WinDbg's !address -summary, in WinDbg's columns: usage, type, state, protection, and the
 * largest region of each usage. Rows without regions are left out, as WinDbg does. */
#ifndef SEEP_SERVICE_MEMORY_ADDRESS_H
#define SEEP_SERVICE_MEMORY_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "memory/usage.h"

/* pointer_bytes 8: numbers have a backtick between their halves. */
void seep_memory_address(const seep_usage *usage, unsigned pointer_bytes);

#define SEEP_MEMORY_ADDRESS_PROTECT_SIZE 128

/* PAGE_* as WinDbg writes it, such as "PAGE_READWRITE|PAGE_GUARD"; bits without a name in hexadecimal.
 * Returns out. */
const char *seep_memory_address_protect(uint32_t protect, char *out, size_t out_size);

#endif
