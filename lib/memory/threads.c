/*
 * PEBs, TEBs and stacks. Everything here was measured on dumps of Windows 7 to 11 (reference: memory-type,
 * 2), but for the 32-bit TEB of a running WOW64 process, which is inferred from one Windows 7 dump and public
 * code. A TEB's fields are another process's bytes: an address in them is only ever looked up or read.
 */
#include "memory/threads.h"

#include <string.h>

#define TEB_EXCEPTION_LIST 0u /* of a 64-bit TEB: in a WOW64 process the thread's 32-bit TEB */

typedef struct teb_layout {
  size_t stack_limit, self, peb, bytes;
} teb_layout;

static const teb_layout teb64 = {0x10, 0x30, 0x60, 0x68};
static const teb_layout teb32 = {0x08, 0x18, 0x30, 0x34};

typedef struct peb_layout {
  size_t process_heap, global_flag, number_of_heaps, maximum_number_of_heaps, process_heaps, build, bytes;
} peb_layout;

static const peb_layout peb64 = {0x30, 0xBC, 0xE8, 0xEC, 0xF0, 0x120, 0x122};
static const peb_layout peb32 = {0x18, 0x68, 0x88, 0x8C, 0x90, 0xAC, 0xAE};

#define TEB_BYTES 0x68u
#define PEB_BYTES 0x122u

typedef struct teb {
  uint64_t first, stack_limit, peb;
} teb;

static bool read_teb(seep_probe *probe, uint64_t address, unsigned pointer_bytes, teb *out)
{
  const teb_layout *layout = pointer_bytes == 8 ? &teb64 : &teb32;
  uint8_t bytes[TEB_BYTES];
  if (address == 0 || !seep_probe_read(probe, address, bytes, layout->bytes) ||
      seep_probe_word(bytes, layout->self, pointer_bytes) != address) {
    return false;
  }
  out->first = seep_probe_word(bytes, TEB_EXCEPTION_LIST, pointer_bytes);
  out->stack_limit = seep_probe_word(bytes, layout->stack_limit, pointer_bytes);
  out->peb = seep_probe_word(bytes, layout->peb, pointer_bytes);
  return true;
}

/* StackBase is of no use: that of a WOW64 thread's 64-bit stack does not lie at a region's end. */
static void tag_thread(seep_regions *regions, uint64_t address, const teb *fields)
{
  seep_regions_tag(regions, address, SEEP_TAG_TEB);
  seep_regions_tag(regions, fields->stack_limit, SEEP_TAG_STACK);
}

/* *unsure: this thread has a second TEB as it seems, and it did not prove itself. */
static void visit_second(seep_probe *probe, seep_regions *regions, uint64_t address, seep_threads *out,
                         bool *unsure)
{
  teb second;
  /* The field is 0 in every 64-bit process of the dumps; under Wine it leads into the stack. That a 32-bit
   * TEB begins a page is inferred from all TEBs there, of either width. */
  if (address == 0 || address > UINT32_MAX || address % SEEP_REGION_PAGE_BYTES != 0) {
    return;
  }
  if (!read_teb(probe, address, 4, &second)) {
    *unsure = true;
    return;
  }
  tag_thread(regions, address, &second);
  if (out->peb32 == 0) {
    out->peb32 = second.peb;
  }
}

void seep_threads_tag(seep_probe *probe, seep_regions *regions, seep_threads *out)
{
  const seep_target *target = probe->target;
  bool unsure = false;
  memset(out, 0, sizeof *out);
  out->peb = target->peb;
  out->peb32 = target->pointer_bytes == 8 ? target->peb32 : 0;
  for (size_t i = 0; i < target->teb_count; i++) {
    teb fields;
    if (!read_teb(probe, target->tebs[i], target->pointer_bytes, &fields)) {
      continue;
    }
    out->proven++;
    if (out->peb == 0) {
      out->peb = fields.peb;
    }
    tag_thread(regions, target->tebs[i], &fields);
    if (target->pointer_bytes == 8) {
      visit_second(probe, regions, fields.first, out, &unsure);
    }
  }
  if (out->peb != 0) {
    seep_regions_tag(regions, out->peb, SEEP_TAG_TEB);
  }
  if (out->peb32 != 0) {
    seep_regions_tag(regions, out->peb32, SEEP_TAG_TEB);
  }
  out->second_settled = target->pointer_bytes == 4 || out->peb32 != 0 || (out->proven > 0 && !unsure);
}

bool seep_threads_read_peb(seep_probe *probe, uint64_t address, unsigned pointer_bytes,
                           seep_inventory_peb *out)
{
  const peb_layout *layout = pointer_bytes == 8 ? &peb64 : &peb32;
  uint8_t bytes[PEB_BYTES];
  memset(out, 0, sizeof *out);
  if (!seep_probe_read(probe, address, bytes, layout->bytes)) {
    return false;
  }
  out->address = address;
  out->pointer_bytes = pointer_bytes;
  out->process_heap = seep_probe_word(bytes, layout->process_heap, pointer_bytes);
  out->global_flag = seep_probe_u32(bytes, layout->global_flag);
  out->number_of_heaps = seep_probe_u32(bytes, layout->number_of_heaps);
  out->maximum_number_of_heaps = seep_probe_u32(bytes, layout->maximum_number_of_heaps);
  out->process_heaps = seep_probe_word(bytes, layout->process_heaps, pointer_bytes);
  out->build = seep_probe_u16(bytes, layout->build);
  return true;
}
