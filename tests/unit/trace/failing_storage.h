/* The storage of the trace's containers over a system that has no memory when a test says so: linked in its
 * place. */
#ifndef FAILING_STORAGE_H
#define FAILING_STORAGE_H

#include <stdint.h>

/* This many requests succeed, then one fails, and all after it succeed. UINT64_MAX, as at first: none fails.
 */
extern uint64_t failing_storage_after;

#endif
