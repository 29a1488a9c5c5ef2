/* The least that a reader of a trace can do: markers and sizes, nothing checked. What the others are measured
 * by. */
#ifndef BENCHMARKS_BARE_SCAN_H
#define BENCHMARKS_BARE_SCAN_H

#include <stddef.h>
#include <stdint.h>

/* Records of all buffers; none of them is compressed. */
uint64_t bare_scan_records(const uint8_t *data, size_t size);

#endif
