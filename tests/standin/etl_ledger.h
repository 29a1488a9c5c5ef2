/*
 * What a reader of a made trace must find out about one process: every page and every block with its owner,
 * in plain arrays, counted at the end by going over them. Slow to think of, hard to get wrong; shares nothing
 * with lib/trace (reference: etl-format, 3.2).
 */
#ifndef STANDIN_ETL_LEDGER_H
#define STANDIN_ETL_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ETL_LEDGER_HEAPS 2u
#define ETL_LEDGER_PAGE_BYTES 4096u
#define ETL_LEDGER_BLOCK_STRIDE 512u /* addresses of a heap's blocks are multiples of it from its base */

typedef struct etl_ledger_use {
  uint64_t allocations, allocated_bytes; /* that got at least one page or block */
  uint64_t freed_bytes;
  uint64_t live_bytes;
  uint64_t live_count; /* blocks; allocations of pages, once more for each time another one lies between */
} etl_ledger_use;

typedef struct etl_ledger_totals {
  uint64_t live_bytes; /* kept up to date; etl_ledger_count must come to the same */
  uint64_t unknown_frees, unknown_freed_bytes;
  uint64_t twice; /* blocks that were allocated where one already was */
} etl_ledger_totals;

typedef struct etl_ledger_page {
  uint32_t allocation; /* number of the one that committed it */
  uint16_t owner;      /* + 1; 0 = not committed */
  uint16_t is_reserved;
} etl_ledger_page;

typedef struct etl_ledger_block {
  uint32_t size_bytes;
  uint32_t owner; /* + 1; 0 = none here */
} etl_ledger_block;

typedef struct etl_ledger_heap {
  uint64_t base;
  etl_ledger_block *blocks; /* owned */
  size_t count;
} etl_ledger_heap;

typedef struct etl_ledger {
  uint64_t pages_base;
  etl_ledger_page *pages; /* owned */
  size_t page_count;
  uint32_t allocation;
  etl_ledger_heap heaps[ETL_LEDGER_HEAPS];
  etl_ledger_totals totals[2]; /* pages, blocks */
  etl_ledger_use *uses;        /* by owner; borrowed */
  bool failed;                 /* no memory: everything it says is wrong */
} etl_ledger;

/* Addresses below pages_base are memory from before the trace. */
void etl_ledger_init(etl_ledger *ledger, uint64_t pages_base, const uint64_t heap_bases[ETL_LEDGER_HEAPS],
                     etl_ledger_use *uses);
void etl_ledger_fini(etl_ledger *ledger);

/* A VirtualAlloc or VirtualFree event. */
void etl_ledger_commit(etl_ledger *ledger, unsigned owner, uint64_t address, uint64_t size_bytes,
                       uint32_t flags);
void etl_ledger_give_back(etl_ledger *ledger, uint64_t address, uint64_t size_bytes, uint32_t flags);

/* Heap events; a block of a size of 0 is not one. */
void etl_ledger_put(etl_ledger *ledger, unsigned heap, unsigned owner, uint64_t address, uint32_t size_bytes);
void etl_ledger_take(etl_ledger *ledger, unsigned heap, uint64_t address);
/* Same address: only the size changes. Else the old one goes, and the new one comes unless it is there. */
void etl_ledger_move(etl_ledger *ledger, unsigned heap, unsigned owner, uint64_t from, uint64_t to,
                     uint32_t size_bytes);
void etl_ledger_destroy(etl_ledger *ledger, unsigned heap);

/* Counts what is there into the owners' live_* and returns it by pages and blocks. */
void etl_ledger_count(etl_ledger *ledger, uint64_t live_bytes[2], uint64_t live_count[2]);

#endif
