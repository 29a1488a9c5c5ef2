/*
 * Reads a target's memory within a budget. The first failure that will not pass (denied, gone, the deadline,
 * the budget) sticks: later reads fail at once with the same status, so that walkers need not test for it
 * everywhere.
 */
#ifndef SEEP_MEMORY_PROBE_H
#define SEEP_MEMORY_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory/target.h"

typedef struct seep_probe {
  const seep_target *target;
  uint64_t reads, maximum_reads;
  seep_status ended; /* SEEP_OK; SEEP_LIMIT (maximum_reads), SEEP_TIMED_OUT, SEEP_DENIED or SEEP_GONE */
} seep_probe;

void seep_probe_init(seep_probe *probe, const seep_target *target, uint64_t maximum_reads);

/* Exactly `bytes` bytes, or false: `ended` says whether more may be asked for. A range that wraps around the
 * end of the address space is false without a read. */
bool seep_probe_read(seep_probe *probe, uint64_t address, void *out, size_t bytes);

/* The target's region that holds address, as it is now; false: there is none, or it may not be asked any
 * more. Not counted as a read: who asks has read what led there, so there are no more questions than reads.
 */
bool seep_probe_region(seep_probe *probe, uint64_t address, seep_region *out);

/* One pointer of 4 or 8 bytes. */
bool seep_probe_pointer(seep_probe *probe, uint64_t address, unsigned pointer_bytes, uint64_t *out);

/* Little-endian fields of bytes that have been read. The caller keeps offset + size inside. */
uint64_t seep_probe_word(const uint8_t *bytes, size_t offset, unsigned pointer_bytes);
uint32_t seep_probe_u32(const uint8_t *bytes, size_t offset);
uint16_t seep_probe_u16(const uint8_t *bytes, size_t offset);

#endif
