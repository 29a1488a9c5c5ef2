/* PEBs, TEBs, stacks and whole processes of a synthetic image. Source of the offsets: reference: memory-type,
 * 2. */
#include "image.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define MEGABYTE UINT64_C(0x100000)

typedef struct peb_offsets {
  unsigned process_heap, global_flag, segment_reserve, number, maximum, heaps, build;
} peb_offsets;

static const peb_offsets peb_wide = {0x30, 0xBC, 0xC8, 0xE8, 0xEC, 0xF0, 0x120};
static const peb_offsets peb_narrow = {0x18, 0x68, 0x78, 0x88, 0x8C, 0x90, 0xAC};

typedef struct teb_offsets {
  unsigned exception_list, stack_base, stack_limit, self, peb, deallocation_stack;
} teb_offsets;

static const teb_offsets teb_wide = {0x00, 0x08, 0x10, 0x30, 0x60, 0x1478};
static const teb_offsets teb_narrow = {0x00, 0x04, 0x08, 0x18, 0x30, 0xE0C};

void image_peb(memory_image *image, uint64_t peb, unsigned pointer_bytes, uint16_t build, uint64_t array,
               const uint64_t *heaps, uint32_t heap_count)
{
  const peb_offsets *at = pointer_bytes == 8 ? &peb_wide : &peb_narrow;
  image_put(image, peb + at->process_heap, heap_count > 0 ? heaps[0] : 0, pointer_bytes);
  image_put(image, peb + at->segment_reserve, MEGABYTE, pointer_bytes);
  image_put(image, peb + at->number, heap_count, 4);
  image_put(image, peb + at->maximum, heap_count > 16 ? heap_count : 16, 4);
  image_put(image, peb + at->heaps, array, pointer_bytes);
  image_put(image, peb + at->build, build, 2);
  for (uint32_t i = 0; i < heap_count; i++) {
    image_put(image, array + (uint64_t)i * pointer_bytes, heaps[i], pointer_bytes);
  }
}

void image_peb_global_flag(memory_image *image, uint64_t peb, unsigned pointer_bytes, uint32_t flag)
{
  image_put(image, peb + (pointer_bytes == 8 ? peb_wide.global_flag : peb_narrow.global_flag), flag, 4);
}

void image_teb_fields_only(memory_image *image, uint64_t teb, unsigned pointer_bytes,
                           const image_teb_fields *fields)
{
  const teb_offsets *at = pointer_bytes == 8 ? &teb_wide : &teb_narrow;
  image_put(image, teb + at->exception_list, fields->exception_list, pointer_bytes);
  image_put(image, teb + at->stack_base, fields->stack_base, pointer_bytes);
  image_put(image, teb + at->stack_limit, fields->stack_limit, pointer_bytes);
  image_put(image, teb + at->self, teb, pointer_bytes);
  image_put(image, teb + at->peb, fields->peb, pointer_bytes);
  image_put(image, teb + at->deallocation_stack, fields->deallocation_stack, pointer_bytes);
}

void image_teb(memory_image *image, uint64_t teb, unsigned pointer_bytes, const image_teb_fields *fields)
{
  void *items = image->tebs;
  if (!seep_array_reserve(&items, &image->teb_capacity, image->teb_count + 1, sizeof *image->tebs)) {
    abort();
  }
  image->tebs = items;
  image->tebs[image->teb_count++] = teb;
  image->target.tebs = image->tebs;
  image->target.teb_count = image->teb_count;
  image_teb_fields_only(image, teb, pointer_bytes, fields);
}

uint64_t image_stack(memory_image *image, uint64_t base, uint64_t size_bytes, uint64_t committed_bytes)
{
  uint64_t guard_bytes = 3 * (uint64_t)IMAGE_PAGE;
  seep_region region = {.base = base,
                        .size_bytes = size_bytes - guard_bytes - committed_bytes,
                        .allocation_base = base,
                        .allocation_protect = SEEP_REGION_PAGE_READWRITE,
                        .state = SEEP_REGION_RESERVE,
                        .type = SEEP_REGION_PRIVATE,
                        .private_bytes = SEEP_REGION_BYTES_UNKNOWN};
  image_region(image, &region);
  region.base += region.size_bytes;
  region.size_bytes = guard_bytes;
  region.state = SEEP_REGION_COMMIT;
  region.protect = SEEP_REGION_PAGE_READWRITE | SEEP_REGION_PAGE_GUARD;
  image_region(image, &region);
  region.base += region.size_bytes;
  region.size_bytes = committed_bytes;
  region.protect = SEEP_REGION_PAGE_READWRITE;
  image_region(image, &region);
  return region.base;
}

/* What every process has: an image with the heaps' array in it, PEB and TEB, a stack, private data. Heaps lie
 * above `base`, everything else below. */
static void begin_process(memory_image *image, image_process *process, unsigned pointer_bytes, uint64_t base)
{
  memset(process, 0, sizeof *process);
  process->array = base - 0x1000000;
  image_allocation_as(image, process->array, 0, 0x2000, 0, SEEP_REGION_IMAGE, SEEP_REGION_PAGE_READWRITE);
  uint64_t block = base - 0xC00000; /* PEB and TEBs share one reserve */
  image_allocation(image, block, 0x4000, 0x6000, 0x200000 - 0xA000);
  process->peb = block + 0x4000;
  process->teb = block + 0x6000;
  process->stack = base - 0x800000;
  uint64_t limit = image_stack(image, process->stack, MEGABYTE, 0x8000);
  image_teb_fields fields = {.peb = process->peb,
                             .stack_base = process->stack + MEGABYTE,
                             .stack_limit = limit,
                             .deallocation_stack = process->stack};
  image_teb(image, process->teb, pointer_bytes, &fields);
  process->stack_committed_bytes = image_committed_bytes(image, process->stack);
  process->private_data = base - 0x600000;
  image_allocation(image, process->private_data, 0, 3 * MEGABYTE, 2 * MEGABYTE);
  process->private_data_total_bytes = 5 * MEGABYTE;
  process->private_data_committed_bytes = 3 * MEGABYTE;
  image->target.peb = process->peb;
}

/* Heaps are the private memory from base on. */
static void sum_heaps(memory_image *image, image_process *process, uint64_t base)
{
  for (size_t i = 0; i < image->region_count; i++) {
    const seep_region *region = &image->regions[i];
    bool committed = region->state == SEEP_REGION_COMMIT;
    if (region->base >= base && region->type == SEEP_REGION_PRIVATE) {
      process->heap_total_bytes += region->size_bytes;
      process->heap_committed_bytes += committed ? region->size_bytes : 0;
    } else if (region->base >= base && committed) {
      process->mapped_heap_committed_bytes += region->size_bytes;
    }
  }
}

static uint64_t first_heap(unsigned pointer_bytes)
{
  return pointer_bytes == 8 ? UINT64_C(0x1E340000000) : UINT64_C(0x20000000);
}

void image_process_nt(memory_image *image, image_process *process, image_nt_layout layout,
                      unsigned pointer_bytes)
{
  uint64_t base = first_heap(pointer_bytes);
  begin_process(image, process, pointer_bytes, base);
  image_nt_heap *heap = &process->nt[0];
  image_nt_heap_init(image, heap, layout, pointer_bytes, base, MEGABYTE, 0x80000, SEEP_REGION_PRIVATE, 2);
  image_nt_heap_segment(image, heap, base + 0x200000, MEGABYTE, 0x33000);
  image_nt_heap_segment(image, heap, base + 0x400000, 2 * MEGABYTE, 0xC0000);
  for (unsigned i = 0; i < 5; i++) {
    uint64_t at = base + 0x1000000 + i * UINT64_C(0x800000);
    unsigned leading_pages = layout == IMAGE_NT_WINDOWS_7 ? 0 : (i * 7) % 16;
    image_nt_heap_large(image, heap, at, leading_pages, 0x401000 + i * UINT64_C(0x1000));
  }
  image_nt_heap_front_end(image, heap, base + 0x700000, 0x32000, 0x2000);
  image_nt_heap_init(image, &process->nt[1], layout, pointer_bytes, base + 0x800000, 0x10000, 0x5000,
                     SEEP_REGION_PRIVATE, 0x1002);
  image_nt_heap_init(image, &process->nt[2], layout, pointer_bytes, base + 0x900000, 0x10000, 0x5000,
                     SEEP_REGION_MAPPED, 0x8000);
  process->nt_count = 3;
  const uint64_t heaps[] = {process->nt[0].address, process->nt[2].address, process->nt[1].address};
  uint16_t build = layout == IMAGE_NT_WINDOWS_7 ? 7601 : layout == IMAGE_NT_WINDOWS_8 ? 22631 : 9600;
  image_peb(image, process->peb, pointer_bytes, build, process->array + 0x1000, heaps, 3);
  sum_heaps(image, process, base);
}

void image_process_segment(memory_image *image, image_process *process, const char *layout,
                           unsigned pointer_bytes)
{
  uint64_t base = first_heap(pointer_bytes);
  begin_process(image, process, pointer_bytes, base);
  image_segment_heap *heap = &process->segment;
  image_segment_heap_init(image, heap, layout, pointer_bytes, base, 0x10000, 0x4000);
  image_segment_heap_pages(image, heap, 0, base + MEGABYTE, 0x40000);
  image_segment_heap_pages(image, heap, 0, base + 3 * MEGABYTE, 0x50000);
  image_segment_heap_pages(image, heap, heap->contexts - 1, base + 0x1000000, 0x70000);
  process->tree = base + 0x20000;
  image_allocation(image, process->tree, 0, 0x1000, 0xF000);
  static const unsigned order[] = {3, 1, 5, 0, 2, 4, 6}; /* so that nodes have left and right children */
  for (unsigned i = 0; i < 7; i++) {
    uint64_t at = base + 0x4000000 + order[i] * UINT64_C(0x1000000);
    uint64_t nodes = i < 4 ? base + 0x1000 : process->tree; /* in the heap, and outside of it */
    image_segment_heap_large(image, heap, at, 0x801000 + order[i] * UINT64_C(0x1000),
                             nodes + i * UINT64_C(0x40));
  }
  const uint64_t heaps[] = {heap->address};
  image_peb(image, process->peb, pointer_bytes, 22631, process->array + 0x1000, heaps, 1);
  sum_heaps(image, process, base);
}
