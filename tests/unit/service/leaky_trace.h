/* A trace of two minutes, as the ETL writer makes it, in which Leaky.dll of leaker.exe leaks. */
#ifndef TEST_SERVICE_LEAKY_TRACE_H
#define TEST_SERVICE_LEAKY_TRACE_H

#include <stdint.h>

#include "unit/trace/memory_file.h"

#define LEAKY_PID 4242u
#define LEAKY_NEIGHBOUR 99u
#define LEAKY_ALLOCATIONS 400u
#define LEAKY_KEPT (LEAKY_ALLOCATIONS - LEAKY_ALLOCATIONS / 4)
#define LEAKY_BLOCK_BYTES 65536u
#define LEAKY_EACH_MS 300u                                /* two minutes: long enough to be believed */
#define LEAKY_START_FILETIME UINT64_C(134000000000000000) /* 2025-08-18T14:13:20Z */
#define LEAKY_TICKS_PER_MS 10000u

/* Freed with memory_file_free. */
memory_file leaky_trace(void);

#endif
