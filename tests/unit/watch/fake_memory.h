/*
 * A fake of port/process_memory for tests of the watchdog: one process of the fake world can be looked into.
 * Its address space is tests/unit/memory/image.h's, with whole NT heaps, and grows as its commit does, by
 * Private Data or by large blocks of a heap. It can be slow, refuse its n-th look, and fail a look's n-th
 * read or region.
 */
#ifndef SEEP_TESTS_WATCH_FAKE_MEMORY_H
#define SEEP_TESTS_WATCH_FAKE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "../memory/image.h"
#include "fakes.h"
#include "port/process_memory.h"

typedef struct fake_memory {
  uv_mutex_t lock; /* the loop's worker and the test's thread both look */
  uv_cond_t changed;
  fake_world *world;
  seep_process_key key; /* who can be looked into; anybody else is gone */
  memory_image image;
  image_process process;
  bool grows_heap; /* else Private Data */
  uint64_t next_base, taken_bytes;
  fake_fault open_fault; /* answers with open_status */
  seep_status open_status;
  uint64_t fail_read, fail_region; /* of each look, as in image.h */
  seep_status fail_status;
  bool fail_stays;
  bool gate_closed; /* a look waits in it, with the process open */
  bool inside;      /* one is being looked at */
  unsigned opened, closed, overlaps;
  int64_t maximum_ms; /* as given last */
} fake_memory;

/* process: in the world already; it has grown by nothing so far. */
void fake_memory_init(fake_memory *memory, fake_world *world, const fake_process *process);
void fake_memory_fini(fake_memory *memory);
seep_process_memory fake_memory_port(fake_memory *memory);

void fake_memory_gate(fake_memory *memory, bool closed);
/* Waits until so many looks have begun; false when they do not come. */
bool fake_memory_wait_opened(fake_memory *memory, unsigned looks, unsigned timeout_ms);

#endif
