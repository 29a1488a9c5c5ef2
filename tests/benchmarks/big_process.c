#include "big_process.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "measure.h"

#define PAGE UINT64_C(0x1000)
#define GRANULE UINT64_C(0x10000)
#define MIXED_BASE UINT64_C(0x20000000000) /* above the small process */
#define BLOCK_BASE UINT64_C(0x30000000000)
#define BLOCK_STRIDE UINT64_C(0x120000)
#define BLOCK_COMMITTED UINT64_C(0x101000) /* of 1 MB, with the entry's page */
#define ENTRY_BYTES 0x40u                  /* _HEAP_VIRTUAL_ALLOC_ENTRY (reference: memory-type, 3) */
#define LIST_BLINK 8u

/* ---- regions ---- */

static void add(big_process *big, const seep_region *region)
{
  void *items = big->regions;
  if (!seep_array_reserve(&items, &big->capacity, big->count + 1, sizeof *big->regions)) {
    measure_fail("out of memory", NULL);
  }
  big->regions = items;
  big->regions[big->count++] = *region;
  big->in_use += region->state != SEEP_REGION_FREE ? 1 : 0;
}

static uint64_t add_part(big_process *big, uint64_t allocation, uint64_t base, uint64_t pages, uint32_t state,
                         uint32_t type, uint32_t protect)
{
  seep_region region = {.base = base,
                        .size_bytes = pages * PAGE,
                        .allocation_base = allocation,
                        .allocation_protect = SEEP_REGION_PAGE_READWRITE,
                        .protect = state == SEEP_REGION_COMMIT ? protect : 0,
                        .state = state,
                        .type = type,
                        .private_bytes = type == SEEP_REGION_PRIVATE ? SEEP_REGION_BYTES_UNKNOWN : 0};
  if (pages > 0) {
    add(big, &region);
  }
  return base + pages * PAGE;
}

static void add_gap(big_process *big, uint64_t base, uint64_t end)
{
  seep_region gap = {.base = base, .size_bytes = end - base, .state = SEEP_REGION_FREE};
  if (end > base) {
    add(big, &gap);
  }
}

static int by_base(const void *left, const void *right)
{
  uint64_t a = ((const seep_region *)left)->base, b = ((const seep_region *)right)->base;
  return a < b ? -1 : a > b;
}

/* ---- the target ---- */

static seep_status ask_region(void *context, uint64_t address, seep_region *out, seep_error *error)
{
  big_process *big = context;
  (void)error;
  if (big->cursor > 0 && big->regions[big->cursor - 1].base >= address) {
    big->cursor = 0;
  }
  while (big->cursor < big->count &&
         big->regions[big->cursor].base + big->regions[big->cursor].size_bytes <= address) {
    big->cursor++;
  }
  if (big->cursor == big->count) {
    return SEEP_NOT_FOUND;
  }
  *out = big->regions[big->cursor];
  return SEEP_OK;
}

static void put(uint8_t *bytes, size_t offset, uint64_t value)
{
  for (size_t i = 0; i < 8; i++) {
    bytes[offset + i] = (uint8_t)(value >> (8 * i));
  }
}

/* Windows 8 and later put a large block up to 15 pages behind its reserve's beginning. */
static uint64_t lead_pages(uint64_t block)
{
  return block * 7 % 16;
}

static uint64_t entry_of(const big_process *big, uint64_t block)
{
  return block == big->blocks ? big->process.nt[0].large_list
                              : BLOCK_BASE + block * BLOCK_STRIDE + lead_pages(block) * PAGE;
}

static seep_status read_entry(const big_process *big, uint64_t address, void *out, size_t bytes)
{
  uint8_t entry[ENTRY_BYTES] = {0};
  uint64_t block = (address - BLOCK_BASE) / BLOCK_STRIDE;
  uint64_t offset = address - entry_of(big, block);
  if (block >= big->blocks || offset > ENTRY_BYTES || bytes > ENTRY_BYTES - offset) {
    return SEEP_NOT_FOUND;
  }
  put(entry, 0, entry_of(big, block + 1));
  put(entry, LIST_BLINK, block == 0 ? big->last : entry_of(big, block - 1));
  put(entry, 0x20, BLOCK_COMMITTED);
  put(entry, 0x28, BLOCK_COMMITTED + PAGE);
  memcpy(out, entry + offset, bytes);
  return SEEP_OK;
}

static seep_status ask_bytes(void *context, uint64_t address, void *out, size_t bytes)
{
  big_process *big = context;
  if (address >= BLOCK_BASE) {
    return read_entry(big, address, out, bytes);
  }
  return big->image.target.read(big->image.target.context, address, out, bytes);
}

/* ---- processes ---- */

static void begin(big_process *big)
{
  memset(big, 0, sizeof *big);
  image_init(&big->image, 8);
  image_process_nt(&big->image, &big->process, IMAGE_NT_WINDOWS_8, 8);
  big->last = big->process.nt[0].last_large_block;
  big->heap_committed_bytes = big->process.heap_committed_bytes;
  big->target = big->image.target;
  big->target.context = big;
  big->target.region = ask_region;
  big->target.read = ask_bytes;
  big->target.modules_known = true;
  qsort(big->image.regions, big->image.region_count, sizeof *big->image.regions, by_base);
  uint64_t end = 0;
  for (size_t i = 0; i < big->image.region_count; i++) {
    add_gap(big, end, big->image.regions[i].base);
    add(big, &big->image.regions[i]);
    end = big->image.regions[i].base + big->image.regions[i].size_bytes;
  }
}

static uint32_t draw(uint64_t *seed, uint32_t below)
{
  *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(*seed >> 33) % below;
}

/* An image or a file: a few regions of changing protection. */
static uint64_t add_view(big_process *big, uint64_t base, unsigned parts, uint32_t type, uint64_t *seed)
{
  static const uint32_t protects[] = {SEEP_REGION_PAGE_READONLY, SEEP_REGION_PAGE_READWRITE, 0x20};
  uint64_t at = base;
  for (unsigned i = 0; i < parts; i++) {
    at = add_part(big, base, at, 1 + draw(seed, 64), SEEP_REGION_COMMIT, type, protects[i % 3]);
  }
  return at;
}

/* A block of VirtualAlloc, a reserve of which a part is committed, or one with holes. */
static uint64_t add_private(big_process *big, uint64_t base, uint64_t *seed)
{
  uint32_t kind = draw(seed, 4);
  uint64_t at = add_part(big, base, base, 1 + draw(seed, 255), SEEP_REGION_COMMIT, SEEP_REGION_PRIVATE,
                         SEEP_REGION_PAGE_READWRITE);
  if (kind >= 2) {
    at = add_part(big, base, at, 1 + draw(seed, 255), SEEP_REGION_RESERVE, SEEP_REGION_PRIVATE, 0);
  }
  if (kind == 3) {
    at = add_part(big, base, at, 1 + draw(seed, 15), SEEP_REGION_COMMIT, SEEP_REGION_PRIVATE,
                  SEEP_REGION_PAGE_READWRITE);
  }
  return at;
}

void big_process_mixed(big_process *big, size_t regions, bool readable)
{
  uint64_t seed = 1, base = MIXED_BASE;
  begin(big);
  if (!readable) {
    image_put(&big->image, big->last, big->last, 8); /* leads to itself */
  }
  uint64_t end = big->regions[big->count - 1].base + big->regions[big->count - 1].size_bytes;
  while (big->in_use < regions) {
    add_gap(big, end, base);
    uint32_t kind = draw(&seed, 40);
    if (kind == 0 || kind == 1) {
      end = add_view(big, base, 9, SEEP_REGION_IMAGE, &seed);
    } else if (kind < 10) {
      end = add_view(big, base, 1, SEEP_REGION_MAPPED, &seed);
    } else {
      end = add_private(big, base, &seed);
    }
    base = (end + (1 + draw(&seed, 2)) * GRANULE - 1) / GRANULE * GRANULE;
  }
}

void big_process_blocks(big_process *big, uint64_t blocks)
{
  begin(big);
  big->blocks = blocks;
  image_put(&big->image, big->last, entry_of(big, 0), 8);
  image_put(&big->image, big->process.nt[0].large_list + LIST_BLINK, entry_of(big, blocks - 1), 8);
  uint64_t end = big->regions[big->count - 1].base + big->regions[big->count - 1].size_bytes;
  for (uint64_t block = 0; block < blocks; block++) {
    uint64_t base = BLOCK_BASE + block * BLOCK_STRIDE;
    add_gap(big, end, base);
    end = add_part(big, base, base, lead_pages(block), SEEP_REGION_RESERVE, SEEP_REGION_PRIVATE, 0);
    end = add_part(big, base, end, BLOCK_COMMITTED / PAGE, SEEP_REGION_COMMIT, SEEP_REGION_PRIVATE,
                   SEEP_REGION_PAGE_READWRITE);
    end = add_part(big, base, end, 1, SEEP_REGION_RESERVE, SEEP_REGION_PRIVATE, 0);
  }
  big->heap_committed_bytes += blocks * BLOCK_COMMITTED;
}

void big_process_free(big_process *big)
{
  free(big->regions);
  image_fini(&big->image);
}
