/*
 * Heaps that lie. The first bytes choose a whole synthetic process, a budget and which read fails; each eight
 * bytes behind them spoil one thing: bytes of a structure, a pointer bent to another structure, a page that
 * cannot be read, a region. Whatever comes of it, the walk ends within its budget, counts nothing twice and
 * claims no memory that it does not count.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "../unit/memory/image.h"
#include "memory/heap.h"

#define HEAD_BYTES 6u
#define RECORD_BYTES 8u
#define RECORDS 64u
#define MAXIMUM_READS 4000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
  if (!condition) {
    abort();
  }
}

typedef struct subject {
  memory_image image;
  image_process process;
  seep_regions regions;
  uint64_t addresses[IMAGE_PROCESS_HEAPS];
  size_t count;
  unsigned pointer_bytes;
} subject;

static const struct {
  image_nt_layout layout;
  unsigned pointer_bytes;
} nt_kinds[] = {{IMAGE_NT_WINDOWS_7, 8},
                {IMAGE_NT_WINDOWS_7, 4},
                {IMAGE_NT_WINDOWS_8, 8},
                {IMAGE_NT_WINDOWS_8, 4},
                {IMAGE_NT_WINDOWS_8_SHORT, 8}};

#define NT_KINDS (sizeof nt_kinds / sizeof *nt_kinds)
#define SEGMENT_KINDS_64 5u
#define SEGMENT_KINDS_32 3u

static void build(subject *at, size_t kind)
{
  kind %= NT_KINDS + SEGMENT_KINDS_64 + SEGMENT_KINDS_32;
  if (kind < NT_KINDS) {
    at->pointer_bytes = nt_kinds[kind].pointer_bytes;
    image_init(&at->image, at->pointer_bytes);
    image_process_nt(&at->image, &at->process, nt_kinds[kind].layout, at->pointer_bytes);
    for (at->count = 0; at->count < at->process.nt_count; at->count++) {
      at->addresses[at->count] = at->process.nt[at->count].address;
    }
    return;
  }
  kind -= NT_KINDS;
  at->pointer_bytes = kind < SEGMENT_KINDS_64 ? 8 : 4;
  size_t row = kind < SEGMENT_KINDS_64 ? kind : kind - SEGMENT_KINDS_64;
  const char *layout = image_segment_layout(at->pointer_bytes, row);
  require(layout != NULL);
  image_init(&at->image, at->pointer_bytes);
  image_process_segment(&at->image, &at->process, layout, at->pointer_bytes);
  at->addresses[0] = at->process.segment.address;
  at->count = 1;
}

static void spoil_region(seep_region *region, uint32_t value)
{
  switch (value & 7u) {
  case 0:
    region->type = (value & 8u) != 0 ? SEEP_REGION_MAPPED : SEEP_REGION_IMAGE;
    break;
  case 1:
    region->state = SEEP_REGION_RESERVE;
    break;
  case 2:
    region->size_bytes = (uint64_t)(value >> 8) * IMAGE_PAGE;
    break;
  case 3:
    region->allocation_base = region->base;
    break;
  default:
    region->allocation_base += (uint64_t)(value >> 8) * IMAGE_PAGE;
    break;
  }
}

/* page, offset (2), kind, value (4) */
static void spoil(subject *at, const uint8_t *record)
{
  memory_image *image = &at->image;
  uint64_t page = image->pages[record[0] % image->page_count]->address;
  uint64_t address = page + (seep_probe_u16(record, 1) & (IMAGE_PAGE - 8));
  uint32_t value = seep_probe_u32(record, 4);
  uint64_t other = image->pages[(value >> 16) % image->page_count]->address + (value & (IMAGE_PAGE - 1));
  switch (record[3] & 7u) {
  case 0:
    image_put(image, address, value, 4);
    break;
  case 1:
    image_put(image, address, other, at->pointer_bytes);
    break;
  case 2:
    image_put(image, address + at->pointer_bytes, other, at->pointer_bytes);
    break;
  case 3: /* both directions at once: a list that is right in itself */
    image_put(image, address, other, at->pointer_bytes);
    image_put(image, other + at->pointer_bytes, address, at->pointer_bytes);
    break;
  case 4:
    image_put(image, address, image_get(image, address, at->pointer_bytes) + value, at->pointer_bytes);
    break;
  case 5:
    image_put(image, address, UINT64_MAX - value, at->pointer_bytes);
    break;
  case 6:
    image_hide(image, page, true);
    break;
  default:
    spoil_region(&image->regions[record[0] % image->region_count], value);
    break;
  }
}

static uint64_t tagged(const seep_regions *regions, seep_tag tag)
{
  uint64_t count = 0;
  for (size_t i = 0; i < regions->allocation_count; i++) {
    count += regions->allocations[i].tag == tag ? 1 : 0;
  }
  return count;
}

static void check(const subject *at, const seep_probe *probe, const seep_heap *heap)
{
  require(probe->reads <= probe->maximum_reads);
  require(heap->complete == (heap->problem == NULL));
  require(heap->layout != NULL && heap->segments + heap->large_blocks <= probe->reads);
  require(heap->form == SEEP_HEAP_NT || heap->form == SEEP_HEAP_SEGMENT || !heap->complete);
  if (heap->front_end != 0) {
    size_t index = seep_regions_find(&at->regions, heap->front_end);
    require(index != SEEP_REGIONS_NONE && at->regions.allocations[index].tag == SEEP_TAG_HEAP_FRONT_END);
  }
}

static void walk_all(subject *at, uint64_t maximum_reads)
{
  seep_probe probe;
  uint64_t blocks = 0, front_ends = 0;
  seep_probe_init(&probe, &at->image.target, maximum_reads);
  for (size_t i = 0; i < at->count; i++) {
    seep_heap heap;
    seep_heap_walk(&probe, &at->regions, at->addresses[i], at->pointer_bytes, true, &heap);
    seep_regions_settle(&at->regions);
    check(at, &probe, &heap);
    blocks += heap.large_blocks;
    front_ends += heap.front_end != 0 ? 1 : 0;
  }
  if (at->regions.known) {
    require(tagged(&at->regions, SEEP_TAG_HEAP_LARGE) == blocks);
    require(tagged(&at->regions, SEEP_TAG_HEAP_FRONT_END) == front_ends);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const seep_status failures[] = {SEEP_NOT_FOUND, SEEP_DENIED, SEEP_TIMED_OUT, SEEP_OS};
  subject at;
  if (size < HEAD_BYTES) {
    return 0;
  }
  build(&at, data[0]);
  at.image.no_region_list = (data[1] & 1u) != 0;
  at.image.fail_stays = (data[1] & 2u) != 0;
  at.image.fail_status = failures[data[1] >> 2 & 3u];
  at.image.fail_read = data[2];
  for (size_t i = 0; i < RECORDS && HEAD_BYTES + (i + 1) * RECORD_BYTES <= size; i++) {
    spoil(&at, data + HEAD_BYTES + i * RECORD_BYTES);
  }
  seep_regions_init(&at.regions);
  require(seep_regions_read(&at.regions, &at.image.target, 1000, NULL) == SEEP_OK);
  uint64_t maximum_reads = seep_probe_u16(data, 4);
  walk_all(&at, maximum_reads > 0 && maximum_reads < MAXIMUM_READS ? maximum_reads : MAXIMUM_READS);
  seep_regions_fini(&at.regions);
  image_fini(&at.image);
  return 0;
}
