#include "standin/etl_ledger.h"

#include <stdlib.h>
#include <string.h>

#define COMMIT 0x1000u
#define RESERVE 0x2000u
#define RELEASE 0x8000u

void etl_ledger_init(etl_ledger *ledger, uint64_t pages_base, const uint64_t heap_bases[ETL_LEDGER_HEAPS],
                     etl_ledger_use *uses)
{
  memset(ledger, 0, sizeof *ledger);
  ledger->pages_base = pages_base;
  ledger->uses = uses;
  for (unsigned i = 0; i < ETL_LEDGER_HEAPS; i++) {
    ledger->heaps[i].base = heap_bases[i];
  }
}

void etl_ledger_fini(etl_ledger *ledger)
{
  free(ledger->pages);
  for (unsigned i = 0; i < ETL_LEDGER_HEAPS; i++) {
    free(ledger->heaps[i].blocks);
  }
  memset(ledger, 0, sizeof *ledger);
}

/* An array of at least `needed` items, the new ones zero. */
static bool grow(void **items, size_t *count, size_t needed, size_t item_size)
{
  if (needed <= *count) {
    return true;
  }
  size_t larger = needed + needed / 2 + 1024;
  uint8_t *moved = realloc(*items, larger * item_size);
  if (moved == NULL) {
    return false;
  }
  memset(moved + *count * item_size, 0, (larger - *count) * item_size);
  *items = moved;
  *count = larger;
  return true;
}

/* ---- pages ---- */

/* First and one past the last page of a range, counted from the base; false: it lies before the base. */
static bool page_range(const etl_ledger *ledger, uint64_t address, uint64_t size_bytes, size_t *first,
                       size_t *end)
{
  if (address < ledger->pages_base) {
    return false;
  }
  uint64_t offset = address - ledger->pages_base;
  *first = (size_t)(offset / ETL_LEDGER_PAGE_BYTES);
  *end = (size_t)((offset + size_bytes + ETL_LEDGER_PAGE_BYTES - 1) / ETL_LEDGER_PAGE_BYTES);
  return true;
}

void etl_ledger_commit(etl_ledger *ledger, unsigned owner, uint64_t address, uint64_t size_bytes,
                       uint32_t flags)
{
  size_t first = 0;
  size_t end = 0;
  uint64_t got = 0;
  if (!page_range(ledger, address, size_bytes, &first, &end)) {
    return;
  }
  if (!grow((void **)&ledger->pages, &ledger->page_count, end, sizeof *ledger->pages)) {
    ledger->failed = true;
    return;
  }
  ledger->allocation++;
  for (size_t i = first; i < end; i++) {
    etl_ledger_page *page = &ledger->pages[i];
    page->is_reserved = page->is_reserved != 0 || (flags & RESERVE) != 0;
    if ((flags & COMMIT) != 0 && page->owner == 0) {
      page->owner = (uint16_t)(owner + 1);
      page->allocation = ledger->allocation;
      got++;
    }
  }
  ledger->totals[0].live_bytes += got * ETL_LEDGER_PAGE_BYTES;
  ledger->uses[owner].allocations += got > 0;
  ledger->uses[owner].allocated_bytes += got * ETL_LEDGER_PAGE_BYTES;
}

void etl_ledger_give_back(etl_ledger *ledger, uint64_t address, uint64_t size_bytes, uint32_t flags)
{
  size_t first = 0;
  size_t end = 0;
  uint64_t given = 0;
  bool is_known = false;
  bool is_inside = page_range(ledger, address, size_bytes, &first, &end);
  for (size_t i = first; is_inside && i < end && i < ledger->page_count; i++) {
    etl_ledger_page *page = &ledger->pages[i];
    is_known = is_known || page->is_reserved != 0;
    if (page->owner != 0) {
      ledger->uses[page->owner - 1].freed_bytes += ETL_LEDGER_PAGE_BYTES;
      page->owner = 0;
      given++;
    }
    page->is_reserved = (flags & RELEASE) != 0 ? 0 : page->is_reserved;
  }
  ledger->totals[0].live_bytes -= given * ETL_LEDGER_PAGE_BYTES;
  if (given == 0 && !is_known) {
    uint64_t begin = address / ETL_LEDGER_PAGE_BYTES;
    uint64_t beyond = (address + size_bytes + ETL_LEDGER_PAGE_BYTES - 1) / ETL_LEDGER_PAGE_BYTES;
    ledger->totals[0].unknown_frees++;
    ledger->totals[0].unknown_freed_bytes += (beyond - begin) * ETL_LEDGER_PAGE_BYTES;
  }
}

static uint64_t count_pages(etl_ledger *ledger, uint64_t *pieces)
{
  uint64_t bytes = 0;
  uint32_t last = 0; /* allocation that the committed page before belongs to */
  for (size_t i = 0; i < ledger->page_count; i++) {
    const etl_ledger_page *page = &ledger->pages[i];
    if (page->owner != 0) {
      etl_ledger_use *use = &ledger->uses[page->owner - 1];
      use->live_bytes += ETL_LEDGER_PAGE_BYTES;
      use->live_count += page->allocation != last;
      *pieces += page->allocation != last;
      bytes += ETL_LEDGER_PAGE_BYTES;
      last = page->allocation;
    }
  }
  return bytes;
}

/* ---- blocks ---- */

/* The place of an address; NULL when it is none of the heap's, or there was no memory for it. */
static etl_ledger_block *block_at(etl_ledger *ledger, unsigned heap, uint64_t address, bool make)
{
  etl_ledger_heap *in = &ledger->heaps[heap];
  size_t index = (size_t)((address - in->base) / ETL_LEDGER_BLOCK_STRIDE);
  if (address < in->base || (!make && index >= in->count)) {
    return NULL;
  }
  if (!grow((void **)&in->blocks, &in->count, index + 1, sizeof *in->blocks)) {
    ledger->failed = true;
    return NULL;
  }
  return &in->blocks[index];
}

static bool remove_block(etl_ledger *ledger, etl_ledger_block *block)
{
  if (block == NULL || block->owner == 0) {
    return false;
  }
  ledger->uses[block->owner - 1].freed_bytes += block->size_bytes;
  ledger->totals[1].live_bytes -= block->size_bytes;
  block->owner = 0;
  return true;
}

static void insert_block(etl_ledger *ledger, etl_ledger_block *block, unsigned owner, uint32_t size_bytes)
{
  block->owner = owner + 1;
  block->size_bytes = size_bytes;
  ledger->totals[1].live_bytes += size_bytes;
  ledger->uses[owner].allocations++;
  ledger->uses[owner].allocated_bytes += size_bytes;
}

void etl_ledger_put(etl_ledger *ledger, unsigned heap, unsigned owner, uint64_t address, uint32_t size_bytes)
{
  etl_ledger_block *block = block_at(ledger, heap, address, true);
  if (block != NULL) {
    ledger->totals[1].twice += remove_block(ledger, block);
    insert_block(ledger, block, owner, size_bytes);
  }
}

void etl_ledger_take(etl_ledger *ledger, unsigned heap, uint64_t address)
{
  if (!remove_block(ledger, block_at(ledger, heap, address, false))) {
    ledger->totals[1].unknown_frees++;
  }
}

void etl_ledger_move(etl_ledger *ledger, unsigned heap, unsigned owner, uint64_t from, uint64_t to,
                     uint32_t size_bytes)
{
  etl_ledger_block *block = block_at(ledger, heap, to, true);
  if (block == NULL) {
    return;
  }
  if (from == to) {
    ledger->totals[1].live_bytes += block->owner != 0 ? (uint64_t)size_bytes - block->size_bytes : 0;
    block->size_bytes = size_bytes;
    return;
  }
  remove_block(ledger, block_at(ledger, heap, from, false));
  block = block_at(ledger, heap, to, true);
  if (block->owner == 0) {
    insert_block(ledger, block, owner, size_bytes);
  }
}

void etl_ledger_destroy(etl_ledger *ledger, unsigned heap)
{
  etl_ledger_heap *in = &ledger->heaps[heap];
  for (size_t i = 0; i < in->count; i++) {
    remove_block(ledger, &in->blocks[i]);
  }
}

static uint64_t count_blocks(etl_ledger *ledger, uint64_t *count)
{
  uint64_t bytes = 0;
  for (unsigned heap = 0; heap < ETL_LEDGER_HEAPS; heap++) {
    for (size_t i = 0; i < ledger->heaps[heap].count; i++) {
      const etl_ledger_block *block = &ledger->heaps[heap].blocks[i];
      if (block->owner != 0) {
        ledger->uses[block->owner - 1].live_bytes += block->size_bytes;
        ledger->uses[block->owner - 1].live_count++;
        bytes += block->size_bytes;
        (*count)++;
      }
    }
  }
  return bytes;
}

void etl_ledger_count(etl_ledger *ledger, uint64_t live_bytes[2], uint64_t live_count[2])
{
  live_count[0] = 0;
  live_count[1] = 0;
  live_bytes[0] = count_pages(ledger, &live_count[0]);
  live_bytes[1] = count_blocks(ledger, &live_count[1]);
}
