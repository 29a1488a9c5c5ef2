/* Builds NT heaps in a synthetic process: segments, large blocks, front end and counters, linked as Windows
 * links them. Source of the offsets: reference: memory-type, 3. */
#include "image.h"

#include <stdlib.h>
#include <string.h>

typedef struct nt_offsets {
  unsigned pointer_bytes;
  image_nt_layout layout;
  unsigned signature, threshold, large_list, segment_list, front_end, front_end_type, counters;
} nt_offsets;

static const nt_offsets nt_table[] = {
    {8, IMAGE_NT_WINDOWS_7, 0xA0, 0x9C, 0x118, 0x128, 0x178, 0x182, 0x188},
    {4, IMAGE_NT_WINDOWS_7, 0x64, 0x60, 0x0A0, 0x0A8, 0x0D4, 0x0DA, 0x0DC},
    {8, IMAGE_NT_WINDOWS_8, 0x98, 0x94, 0x110, 0x120, 0x198, 0x1A2, 0x238},
    {4, IMAGE_NT_WINDOWS_8, 0x60, 0x5C, 0x09C, 0x0A4, 0x0E4, 0x0EA, 0x1F4},
    {8, IMAGE_NT_WINDOWS_8_SHORT, 0x98, 0x94, 0x110, 0x120, 0x170, 0x17A, 0x210},
};

/* Of _HEAP_SEGMENT and _HEAP_VIRTUAL_ALLOC_ENTRY, by pointer size: 64 bits, 32 bits. */
typedef struct common_offsets {
  unsigned mark, entry, owner, base, pages, first, last, uncommitted, flags, commit, reserve;
} common_offsets;

static const common_offsets wide = {0x10, 0x18, 0x28, 0x30, 0x38, 0x40, 0x48, 0x50, 0x70, 0x20, 0x28};
static const common_offsets narrow = {0x08, 0x10, 0x18, 0x1C, 0x20, 0x24, 0x28, 0x2C, 0x40, 0x10, 0x14};

static const common_offsets *common(unsigned pointer_bytes)
{
  return pointer_bytes == 8 ? &wide : &narrow;
}

static const nt_offsets *offsets_of(image_nt_layout layout, unsigned pointer_bytes)
{
  for (size_t i = 0; i < sizeof nt_table / sizeof *nt_table; i++) {
    if (nt_table[i].layout == layout && nt_table[i].pointer_bytes == pointer_bytes) {
      return &nt_table[i];
    }
  }
  abort();
}

static void empty_list(memory_image *image, uint64_t head, unsigned p)
{
  image_put(image, head, head, p);
  image_put(image, head + p, head, p);
}

static void link_tail(memory_image *image, uint64_t head, uint64_t node, unsigned p)
{
  uint64_t tail = image_get(image, head + p, p);
  image_put(image, node, head, p);
  image_put(image, node + p, tail, p);
  image_put(image, tail, node, p);
  image_put(image, head + p, node, p);
}

static void count(memory_image *image, const image_nt_heap *heap, unsigned index, uint64_t bytes)
{
  uint64_t field = heap->counters + (uint64_t)index * heap->pointer_bytes;
  image_put(image, field, image_get(image, field, heap->pointer_bytes) + bytes, heap->pointer_bytes);
}

/* Header, list entry and counters of one segment whose memory is there. */
static void add_segment(memory_image *image, image_nt_heap *heap, uint64_t address, uint64_t reserved_bytes,
                        uint64_t committed_bytes)
{
  unsigned p = heap->pointer_bytes;
  const common_offsets *at = common(p);
  uint64_t usable_bytes = reserved_bytes;
  if (heap->layout != IMAGE_NT_WINDOWS_7) {
    usable_bytes -= IMAGE_PAGE;
  }
  image_put(image, address + at->mark, 0xFFEEFFEE, 4);
  image_put(image, address + at->owner, heap->address, p);
  image_put(image, address + at->base, address, p);
  image_put(image, address + at->pages, usable_bytes / IMAGE_PAGE, 4);
  image_put(image, address + at->first, address + (p == 8 ? 0x70 : 0x40), p);
  image_put(image, address + at->last, address + usable_bytes, p);
  image_put(image, address + at->uncommitted, (usable_bytes - committed_bytes) / IMAGE_PAGE, 4);
  link_tail(image, heap->segment_list, address + at->entry, p);
  count(image, heap, 0, usable_bytes);
  count(image, heap, 1, committed_bytes);
  heap->segments++;
  heap->last_segment = address;
}

void image_nt_heap_init(memory_image *image, image_nt_heap *heap, image_nt_layout layout,
                        unsigned pointer_bytes, uint64_t address, uint64_t reserved_bytes,
                        uint64_t committed_bytes, uint32_t type, uint32_t flags)
{
  const nt_offsets *at = offsets_of(layout, pointer_bytes);
  memset(heap, 0, sizeof *heap);
  heap->address = address;
  heap->pointer_bytes = pointer_bytes;
  heap->layout = layout;
  heap->signature = address + at->signature;
  heap->owner = address + common(pointer_bytes)->owner;
  heap->segment_list = address + at->segment_list;
  heap->large_list = address + at->large_list;
  heap->front_end = address + at->front_end;
  heap->front_end_type = address + at->front_end_type;
  heap->counters = address + at->counters;
  image_allocation_as(image, address, 0, committed_bytes, reserved_bytes - committed_bytes, type,
                      SEEP_REGION_PAGE_READWRITE);
  image_put(image, heap->signature, 0xEEFFEEFF, 4);
  image_put(image, address + at->threshold, pointer_bytes == 8 ? 0xFF00 : 0xFE00, 4);
  image_put(image, address + common(pointer_bytes)->flags, flags, 4);
  empty_list(image, heap->segment_list, pointer_bytes);
  empty_list(image, heap->large_list, pointer_bytes);
  add_segment(image, heap, address, reserved_bytes, committed_bytes);
}

void image_nt_heap_segment(memory_image *image, image_nt_heap *heap, uint64_t address,
                           uint64_t reserved_bytes, uint64_t committed_bytes)
{
  image_allocation(image, address, 0, committed_bytes, reserved_bytes - committed_bytes);
  add_segment(image, heap, address, reserved_bytes, committed_bytes);
}

uint64_t image_nt_heap_large(memory_image *image, image_nt_heap *heap, uint64_t base, unsigned leading_pages,
                             uint64_t committed_bytes)
{
  unsigned p = heap->pointer_bytes;
  uint64_t leading_bytes = (uint64_t)leading_pages * IMAGE_PAGE;
  uint64_t entry = base + leading_bytes;
  image_allocation(image, base, leading_bytes, committed_bytes, IMAGE_PAGE);
  image_put(image, entry + common(p)->commit, committed_bytes, p);
  image_put(image, entry + common(p)->reserve, committed_bytes, p);
  link_tail(image, heap->large_list, entry, p);
  count(image, heap, 3, committed_bytes);
  heap->large_blocks++;
  heap->large_block_bytes += committed_bytes;
  heap->last_large_block = entry;
  return entry;
}

void image_nt_heap_front_end(memory_image *image, image_nt_heap *heap, uint64_t address,
                             uint64_t reserved_bytes, uint64_t committed_bytes)
{
  image_allocation(image, address, 0, committed_bytes, reserved_bytes - committed_bytes);
  image_put(image, heap->front_end, address, heap->pointer_bytes);
  image_put(image, heap->front_end_type, 2, 1);
}
