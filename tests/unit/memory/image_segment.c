/* Builds segment heaps in a synthetic process: page segments and the tree of large blocks. Source of the
 * offsets: reference: memory-type, 4; what it does not give is put where it fits and not read by anybody. */
#include "image.h"

#include <stdlib.h>
#include <string.h>

typedef struct segment_offsets {
  unsigned pointer_bytes;
  const char *layout;
  unsigned statistics, root, large_statistics; /* reserved, then committed */
  unsigned contexts, context_size, context_count;
  unsigned context_heap, list; /* inside a context; context_heap 0: there is none */
} segment_offsets;

static const segment_offsets table[] = {
    {8, "14393", 0x00, 0x38, 0x48, 0x000, 0x00, 1, 0x00, 0x60},
    {8, "1709..1803", 0x18, 0x50, 0x60, 0x070, 0x68, 2, 0x00, 0x20},
    {8, "17763", 0x18, 0x88, 0x98, 0x0A8, 0x98, 2, 0x90, 0x20},
    {8, "18362..19045", 0x80, 0x48, 0x58, 0x100, 0xC0, 2, 0x38, 0x48},
    {8, "20348/22000+", 0x80, 0x48, 0x58, 0x140, 0xC0, 2, 0x38, 0x48},
    {4, "14393", 0x00, 0x24, 0x2C, 0x000, 0x00, 1, 0x00, 0x38},
    {4, "17763", 0x10, 0x50, 0x58, 0x060, 0x50, 2, 0x4C, 0x14},
    {4, "18362..19045", 0x80, 0x44, 0x4C, 0x100, 0x80, 2, 0x24, 0x44},
};

#define ROWS (sizeof table / sizeof *table)

static void require(bool condition)
{
  if (!condition) {
    abort();
  }
}

const char *image_segment_layout(unsigned pointer_bytes, size_t index)
{
  for (size_t i = 0; i < ROWS; i++) {
    if (table[i].pointer_bytes == pointer_bytes && index-- == 0) {
      return table[i].layout;
    }
  }
  return NULL;
}

static size_t row_of(const char *layout, unsigned pointer_bytes)
{
  for (size_t i = 0; i < ROWS; i++) {
    if (table[i].pointer_bytes == pointer_bytes && strcmp(table[i].layout, layout) == 0) {
      return i;
    }
  }
  abort();
}

static void count_pages(memory_image *image, uint64_t field, uint64_t bytes, unsigned p)
{
  image_put(image, field, image_get(image, field, p) + bytes / IMAGE_PAGE, p);
}

static void init_context(memory_image *image, image_segment_heap *heap, const segment_offsets *at,
                         unsigned index)
{
  unsigned p = heap->pointer_bytes;
  uint64_t context = heap->address + at->contexts + (uint64_t)index * at->context_size;
  uint64_t head = context + at->list;
  heap->context[index] = context;
  heap->list[index] = head;
  image_put(image, head, head, p);
  image_put(image, head + p, head, p);
  if (at->context_count == 2) {
    image_put(image, context, ~(uint64_t)0 << (index == 0 ? 20 : 24), p); /* SegmentMask */
  }
  if (at->context_heap != 0) {
    heap->context_heap[index] = context + at->context_heap;
    image_put(image, heap->context_heap[index], heap->address, p);
  }
}

void image_segment_heap_init(memory_image *image, image_segment_heap *heap, const char *layout,
                             unsigned pointer_bytes, uint64_t address, uint64_t reserved_bytes,
                             uint64_t committed_bytes)
{
  memset(heap, 0, sizeof *heap);
  heap->row = row_of(layout, pointer_bytes);
  const segment_offsets *at = &table[heap->row];
  heap->address = address;
  heap->pointer_bytes = pointer_bytes;
  heap->layout = at->layout;
  heap->contexts = at->context_count;
  heap->root = address + at->root;
  heap->statistics = address + at->statistics;
  heap->large_statistics = address + at->large_statistics;
  image_allocation(image, address, 0, committed_bytes, reserved_bytes - committed_bytes);
  image_put(image, address + (pointer_bytes == 8 ? 0x10u : 0x08u), 0xDDEEDDEE, 4);
  for (unsigned i = 0; i < at->context_count; i++) {
    init_context(image, heap, at, i);
  }
  count_pages(image, heap->statistics, reserved_bytes, pointer_bytes);
  count_pages(image, heap->statistics + pointer_bytes, committed_bytes, pointer_bytes);
}

void image_segment_heap_pages(memory_image *image, image_segment_heap *heap, unsigned context,
                              uint64_t address, uint64_t committed_bytes)
{
  unsigned p = heap->pointer_bytes;
  uint64_t size_bytes = context == 0 ? UINT64_C(0x100000) : UINT64_C(0x1000000);
  require(context < heap->contexts && address % size_bytes == 0 && committed_bytes <= size_bytes);
  image_allocation(image, address, 0, committed_bytes, size_bytes - committed_bytes);
  uint64_t head = heap->list[context];
  uint64_t tail = image_get(image, head + p, p);
  image_put(image, address, head, p);
  image_put(image, address + p, tail, p);
  image_put(image, tail, address, p);
  image_put(image, head + p, address, p);
  image_put(image, address + 2 * p, 0x5EED5EED5EED5EED, p); /* the signature needs a secret to be checked */
  count_pages(image, heap->statistics, size_bytes, p);
  count_pages(image, heap->statistics + p, committed_bytes, p);
  heap->page_segments++;
}

/* By address, without balance: the walker must not care. */
static void insert_node(memory_image *image, const image_segment_heap *heap, uint64_t node, uint64_t key)
{
  unsigned p = heap->pointer_bytes;
  uint64_t link = heap->root, parent = 0;
  while (image_get(image, link, p) != 0) {
    parent = image_get(image, link, p);
    bool left = key < (image_get(image, parent + 3 * p, p) & ~UINT64_C(0xFFFF));
    link = left ? parent : parent + p;
  }
  image_put(image, link, node, p);
  image_put(image, node + 2 * p, parent, p);
  uint64_t minimum = image_get(image, heap->root + p, p);
  if (minimum == 0 || key < (image_get(image, minimum + 3 * p, p) & ~UINT64_C(0xFFFF))) {
    image_put(image, heap->root + p, node, p);
  }
}

void image_segment_heap_large(memory_image *image, image_segment_heap *heap, uint64_t base,
                              uint64_t committed_bytes, uint64_t node)
{
  unsigned p = heap->pointer_bytes;
  require(base % 0x10000 == 0 && committed_bytes % IMAGE_PAGE == 0);
  image_allocation(image, base, 0, committed_bytes, 0);
  image_put(image, node + 3 * p, base | 0x123, p); /* 0x123 bytes of it are unused */
  image_put(image, node + 4 * p, committed_bytes / IMAGE_PAGE << 12, p);
  insert_node(image, heap, node, base);
  count_pages(image, heap->large_statistics, committed_bytes, p);
  count_pages(image, heap->large_statistics + p, committed_bytes, p);
  heap->large_blocks++;
  heap->large_block_bytes += committed_bytes;
  heap->last_node = node;
}
