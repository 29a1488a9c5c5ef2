#include "heap_rig.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

void heap_rig_nt(heap_rig *rig, image_nt_layout layout, unsigned pointer_bytes)
{
  memset(rig, 0, sizeof *rig);
  image_init(&rig->image, pointer_bytes);
  image_process_nt(&rig->image, &rig->process, layout, pointer_bytes);
  rig->address = rig->process.nt[0].address;
  rig->pointer_bytes = pointer_bytes;
}

void heap_rig_segment(heap_rig *rig, const char *layout, unsigned pointer_bytes)
{
  memset(rig, 0, sizeof *rig);
  image_init(&rig->image, pointer_bytes);
  image_process_segment(&rig->image, &rig->process, layout, pointer_bytes);
  rig->address = rig->process.segment.address;
  rig->pointer_bytes = pointer_bytes;
}

void heap_rig_empty_segment(heap_rig *rig, const char *layout, unsigned pointer_bytes)
{
  memset(rig, 0, sizeof *rig);
  image_init(&rig->image, pointer_bytes);
  rig->address = 0x10000000;
  rig->pointer_bytes = pointer_bytes;
  image_segment_heap_init(&rig->image, &rig->process.segment, layout, pointer_bytes, rig->address, 0x10000,
                          0x8000);
}

void heap_rig_list(heap_rig *rig)
{
  seep_regions_init(&rig->regions);
  assert_int_equal(seep_regions_read(&rig->regions, &rig->image.target, 100000, NULL), SEEP_OK);
}

void heap_rig_walk(heap_rig *rig, uint64_t maximum_reads)
{
  rig->image.reads = 0;
  seep_probe_init(&rig->probe, &rig->image.target, maximum_reads);
  seep_heap_walk(&rig->probe, &rig->regions, rig->address, rig->pointer_bytes, true, &rig->heap);
  seep_regions_settle(&rig->regions);
  assert_true(rig->heap.address == rig->address && rig->heap.pointer_bytes == rig->pointer_bytes);
  assert_true(rig->heap.complete == (rig->heap.problem == NULL));
  assert_true(rig->probe.reads <= maximum_reads && rig->probe.reads == rig->image.reads);
}

void heap_rig_list_and_walk(heap_rig *rig)
{
  heap_rig_list(rig);
  heap_rig_walk(rig, HEAP_RIG_READS);
}

void heap_rig_end_walk(heap_rig *rig)
{
  seep_regions_fini(&rig->regions);
}

void heap_rig_end(heap_rig *rig)
{
  heap_rig_end_walk(rig);
  image_fini(&rig->image);
}

void heap_rig_each_nt(heap_rig_nt_function function)
{
  for (unsigned i = 0; i < IMAGE_NT_LAYOUTS; i++) {
    for (unsigned p = 4; p <= 8; p += 4) {
      if (i != IMAGE_NT_WINDOWS_8_SHORT || p == 8) {
        function((image_nt_layout)i, p);
      }
    }
  }
}

void heap_rig_each_segment(heap_rig_segment_function function)
{
  for (unsigned p = 4; p <= 8; p += 4) {
    size_t count = 0;
    for (; image_segment_layout(p, count) != NULL; count++) {
      function(image_segment_layout(p, count), p);
    }
    assert_int_equal(count, p == 8 ? 5 : 3);
  }
}

uint64_t heap_rig_block_at(heap_rig *rig, unsigned index)
{
  unsigned p = rig->process.nt[0].pointer_bytes;
  uint64_t node = image_get(&rig->image, rig->process.nt[0].large_list, p);
  while (index-- > 0) {
    node = image_get(&rig->image, node, p);
  }
  return node;
}

seep_tag heap_rig_tag_at(const heap_rig *rig, uint64_t address)
{
  size_t row = seep_regions_find_row(&rig->regions, address);
  assert_true(row != SEEP_REGIONS_NONE);
  return (seep_tag)rig->regions.rows[row].tag;
}

uint64_t heap_rig_tagged(const heap_rig *rig, seep_tag tag)
{
  uint64_t count = 0;
  for (size_t i = 0; i < rig->regions.allocation_count; i++) {
    count += rig->regions.allocations[i].tag == tag ? 1 : 0;
  }
  return count;
}

uint64_t heap_rig_tagged_bytes(const heap_rig *rig, seep_tag tag)
{
  uint64_t bytes = 0;
  for (size_t i = 0; i < rig->regions.row_count; i++) {
    const seep_regions_row *row = &rig->regions.rows[i];
    bytes += row->tag == tag ? row->end - row->base : 0;
  }
  return bytes;
}

void heap_rig_check_problem(const heap_rig *rig, const char *problem)
{
  assert_false(rig->heap.complete);
  assert_string_equal(rig->heap.problem, problem);
}

void heap_rig_check_honest(const heap_rig *rig)
{
  const image_nt_heap *nt = &rig->process.nt[0];
  const image_segment_heap *segment = &rig->process.segment;
  bool is_nt = rig->process.nt_count > 0;
  uint64_t segments = is_nt ? nt->segments : segment->page_segments;
  uint64_t blocks = is_nt ? nt->large_blocks : segment->large_blocks;
  uint64_t block_bytes = is_nt ? nt->large_block_bytes : segment->large_block_bytes;
  uint64_t heap_bytes = 0;
  for (unsigned tag = SEEP_TAG_HEAP; tag <= SEEP_TAG_HEAP_TREE; tag++) {
    heap_bytes += heap_rig_tagged_bytes(rig, (seep_tag)tag);
  }
  assert_true(rig->heap.segments <= segments && rig->heap.large_blocks <= blocks);
  assert_true(rig->heap.large_block_bytes <= block_bytes);
  assert_int_equal(heap_rig_tag_at(rig, rig->process.private_data), SEEP_TAG_UNKNOWN);
  assert_int_equal(heap_rig_tag_at(rig, rig->process.stack), SEEP_TAG_UNKNOWN);
  if (rig->heap.complete) {
    assert_int_equal(rig->heap.segments, segments);
    assert_int_equal(rig->heap.large_blocks, blocks);
    assert_int_equal(rig->heap.large_block_bytes, block_bytes);
  }
  if (rig->heap.complete && !is_nt) {
    assert_int_equal(heap_bytes, rig->process.heap_total_bytes);
  }
}

void heap_rig_check_each_read_failing(heap_rig *rig, uint64_t least, seep_status status, bool stays)
{
  heap_rig_list_and_walk(rig);
  uint64_t reads = rig->probe.reads;
  heap_rig_end_walk(rig);
  assert_true(reads >= least);
  for (uint64_t n = 1; n <= reads + 1; n++) {
    rig->image.fail_read = n;
    rig->image.fail_status = status;
    rig->image.fail_stays = stays;
    heap_rig_list_and_walk(rig);
    heap_rig_check_honest(rig);
    assert_true(rig->heap.complete == (n > reads));
    heap_rig_end_walk(rig);
  }
}
