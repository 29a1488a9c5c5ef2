/* Synthetic processes for tests of inventories, and questions about the last inventory. */
#include "unit/memory/inventory_rig.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define MEGABYTE UINT64_C(0x100000)
#define PAGE UINT64_C(0x1000)

const seep_inventory_limits rig_plenty = {1000000, 1000000};

seep_inventory rig_inventory;
seep_inventory_detail rig_detail;

void rig_take(memory_image *image)
{
  memset(&rig_inventory, 0xa5, sizeof rig_inventory);
  memset(&rig_detail, 0xa5, sizeof rig_detail);
  assert_int_equal(seep_inventory_take(&image->target, &rig_plenty, &rig_inventory, &rig_detail, NULL),
                   SEEP_OK);
  assert_int_equal(rig_inventory.heaps_known, rig_inventory.problem == NULL);
}

seep_usage_sum rig_row(seep_usage_row which)
{
  seep_usage_sum sum;
  seep_usage_row_sum(&rig_inventory.usage, which, &sum);
  return sum;
}

uint64_t rig_committed(seep_tag tag)
{
  return rig_inventory.usage.tags[tag].committed_bytes;
}

bool rig_sums_are_right(const image_process *process)
{
  seep_usage_sum heap = rig_row(SEEP_USAGE_ROW_HEAP);
  return heap.total_bytes == process->heap_total_bytes &&
         heap.committed_bytes == process->heap_committed_bytes &&
         rig_committed(SEEP_TAG_UNKNOWN) == process->private_data_committed_bytes;
}

void rig_expect_known(const image_process *process)
{
  if (rig_inventory.problem != NULL) {
    print_error("not known: %s\n", rig_inventory.problem);
  }
  assert_true(rig_inventory.heaps_known && rig_inventory.regions_known && !rig_inventory.regions_cut);
  assert_int_equal(rig_inventory.heaps_unread, 0);
  assert_true(rig_sums_are_right(process));
}

/* A 32-bit process on 64-bit Windows: its own heaps are the second PEB's. */
void rig_make_wow64(memory_image *image, image_process *process)
{
  image_init(image, 8);
  image_process_nt(image, process, IMAGE_NT_WINDOWS_8, 8);
  const uint64_t block = 0x7E000000, peb = block + 0x2000, teb = block + 0x4000, array = 0x7D000000;
  const uint64_t heaps[] = {0x10000000};
  image_nt_heap heap;
  image_allocation(image, block, 0x2000, 0x4000, 0x1FA000);
  image_allocation_as(image, array, 0, PAGE, 0, SEEP_REGION_IMAGE, SEEP_REGION_PAGE_READWRITE);
  uint64_t limit = image_stack(image, 0x7C000000, MEGABYTE, 0x9000);
  image_teb_fields narrow = {.peb = peb, .stack_limit = limit};
  image_teb_fields_only(image, teb, 4, &narrow);
  image_peb(image, peb, 4, 19045, array, heaps, 1);
  image_put(image, process->teb, teb, 8); /* ExceptionList of the 64-bit TEB */
  image_nt_heap_init(image, &heap, IMAGE_NT_WINDOWS_8, 4, heaps[0], MEGABYTE, 0x60000, SEEP_REGION_PRIVATE,
                     2);
  image_nt_heap_segment(image, &heap, 0x11000000, 2 * MEGABYTE, 0x90000);
  image_nt_heap_large(image, &heap, 0x12000000, 5, 0x200000);
  process->heap_total_bytes += image_total_bytes(image, heaps[0]) + image_total_bytes(image, 0x11000000) +
                               image_total_bytes(image, 0x12000000);
  process->heap_committed_bytes += 0x60000 + 0x90000 + 0x200000;
}

void rig_make(memory_image *image, image_process *process, rig_kind kind)
{
  unsigned bytes = kind == RIG_NT_32 || kind == RIG_SEGMENT_32 ? 4 : 8;
  if (kind == RIG_WOW64) {
    rig_make_wow64(image, process);
    return;
  }
  image_init(image, bytes);
  if (kind == RIG_SEGMENT_64 || kind == RIG_SEGMENT_32) {
    image_process_segment(image, process, image_segment_layout(bytes, 0), bytes);
  } else {
    image_process_nt(image, process, IMAGE_NT_WINDOWS_8, bytes);
  }
}
