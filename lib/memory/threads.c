/*
 * PEBs, TEBs and stacks. Everything here was measured on dumps of Windows 7 to 11 (reference: memory-type,
 * 2), but for the 32-bit TEB of a running WOW64 process, which is inferred from one Windows 7 dump and public
 * code. A TEB's fields are another process's bytes: an address in them is only ever looked up or read.
 */
#include "memory/threads.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

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

/* StackBase is of no use: that of a WOW64 thread's 64-bit stack does not lie at a region's end. Without
 * memory for it the stack is left to its shape. */
static void take_thread(seep_regions *regions, uint64_t address, const teb *fields, seep_threads *out)
{
  void *items = out->stack_limits;
  seep_regions_tag(regions, address, SEEP_TAG_TEB);
  if (seep_array_reserve(&items, &out->stack_capacity, out->stack_count + 1, sizeof *out->stack_limits)) {
    out->stack_limits = items;
    out->stack_limits[out->stack_count++] = fields->stack_limit;
  }
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
  take_thread(regions, address, &second, out);
  if (out->peb32 == 0) {
    out->peb32 = second.peb;
  }
}

void seep_threads_find(seep_probe *probe, seep_regions *regions, seep_threads *out)
{
  const seep_target *target = probe->target;
  const uint64_t last_read = probe->reads + probe->maximum_reads / 4;
  const bool native = target->pointer_bytes == 4 || (target->peb32_settled && target->peb32 == 0);
  bool unsure = false;
  memset(out, 0, sizeof *out);
  out->peb = target->peb;
  out->peb32 = target->pointer_bytes == 8 ? target->peb32 : 0;
  for (size_t i = 0; i < target->teb_count && probe->reads < last_read; i++) {
    teb fields;
    if (!read_teb(probe, target->tebs[i], target->pointer_bytes, &fields)) {
      continue;
    }
    out->proven++;
    if (out->peb == 0) {
      out->peb = fields.peb;
    }
    take_thread(regions, target->tebs[i], &fields, out);
    if (!native) {
      visit_second(probe, regions, fields.first, out, &unsure);
    }
  }
  if (out->peb != 0) {
    seep_regions_tag(regions, out->peb, SEEP_TAG_TEB);
  }
  if (out->peb32 != 0) {
    seep_regions_tag(regions, out->peb32, SEEP_TAG_TEB);
  }
  out->second_settled = native || out->peb32 != 0 || (out->proven > 0 && !unsure);
}

void seep_threads_fini(seep_threads *threads)
{
  free(threads->stack_limits);
  memset(threads, 0, sizeof *threads);
}

void seep_threads_tag_stacks(const seep_threads *threads, seep_regions *regions)
{
  seep_regions_settle(regions);
  for (size_t i = 0; i < threads->stack_count; i++) {
    size_t row = seep_regions_find_row(regions, threads->stack_limits[i]);
    if (row != SEEP_REGIONS_NONE && regions->rows[row].tag == SEEP_TAG_UNKNOWN) {
      seep_regions_tag(regions, threads->stack_limits[i], SEEP_TAG_STACK);
    }
  }
}

static bool read_fields(seep_probe *probe, uint64_t address, unsigned pointer_bytes, seep_threads_peb *out)
{
  const peb_layout *layout = pointer_bytes == 8 ? &peb64 : &peb32;
  uint8_t bytes[PEB_BYTES];
  if (!seep_probe_read(probe, address, bytes, layout->bytes)) {
    return false;
  }
  memset(out, 0, sizeof *out);
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

static bool is_listed(const seep_threads_heaps *heaps, uint64_t address)
{
  for (size_t i = 0; i < heaps->count; i++) {
    if (heaps->addresses[i] == address) {
      return true;
    }
  }
  return false;
}

static const char *read_heaps(seep_probe *probe, seep_threads_peb *peb, seep_threads_heaps *heaps)
{
  uint8_t bytes[8 * SEEP_THREADS_LISTED_HEAPS];
  const char *problem = NULL;
  const uint32_t count = peb->number_of_heaps;
  heaps->count = 0;
  peb->list_readable = count == 0;
  if (count == 0) {
    return "the list of heaps is empty";
  }
  if (count >= SEEP_THREADS_LISTED_HEAPS || count > peb->maximum_number_of_heaps) {
    return "the list of heaps makes no sense";
  }
  if (!seep_probe_read(probe, peb->process_heaps, bytes, (size_t)count * peb->pointer_bytes)) {
    return "the list of heaps could not be read";
  }
  peb->list_readable = true;
  if (seep_probe_word(bytes, 0, peb->pointer_bytes) != peb->process_heap) {
    return "the list of heaps does not begin with the process heap";
  }
  for (uint32_t i = 0; i < count; i++) {
    uint64_t heap = seep_probe_word(bytes, (size_t)i * peb->pointer_bytes, peb->pointer_bytes);
    if (heap == 0 || heap % SEEP_REGION_PAGE_BYTES != 0 || is_listed(heaps, heap)) {
      problem = "the list of heaps has an entry that is none";
    } else {
      heaps->addresses[heaps->count++] = heap;
    }
  }
  return problem;
}

bool seep_threads_read_peb(seep_probe *probe, uint64_t address, unsigned pointer_bytes, seep_threads_peb *out,
                           seep_threads_heaps *heaps)
{
  seep_threads_peb again;
  memset(out, 0, sizeof *out);
  heaps->count = 0;
  heaps->problem = "the PEB could not be read";
  if (!read_fields(probe, address, pointer_bytes, out)) {
    return false;
  }
  heaps->problem = read_heaps(probe, out, heaps);
  if (heaps->problem != NULL && read_fields(probe, address, pointer_bytes, &again)) {
    *out = again;
    heaps->problem = read_heaps(probe, out, heaps);
  }
  return true;
}
