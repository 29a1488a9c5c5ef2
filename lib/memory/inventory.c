/*
 * The order in which memory is claimed (reference: memory-type, 9): regions, threads, fixed addresses, heaps,
 * then what is left. It knows nothing of how a heap or a TEB is built, only what must be known for Heap to be
 * a measurement. What could not be read is never a reason to fail, always one to say so.
 */
#include "memory/inventory.h"

#include <stdlib.h>
#include <string.h>

#include "memory/leftovers.h"
#include "memory/threads.h"

#define FLAG_PAGE_HEAP UINT32_C(0x02000000) /* of NtGlobalFlag; inferred from public code */

typedef struct taking {
  seep_probe probe;
  seep_regions regions;
  seep_threads threads;
  seep_inventory *out;
  seep_inventory_detail *detail; /* may be NULL */
  const char *problem;           /* the first one */
  uint64_t proven[2 * SEEP_INVENTORY_LISTED_HEAPS + 2];
  size_t proven_count;
} taking;

static void note(taking *take, const char *problem)
{
  if (take->problem == NULL) {
    take->problem = problem;
  }
}

/* A heap that is shared with another process is in mapped memory: nothing private is missing then. */
static bool is_mapped(const taking *take, uint64_t address)
{
  size_t index = seep_regions_find(&take->regions, address);
  return index != SEEP_REGIONS_NONE && take->regions.allocations[index].type == SEEP_REGION_MAPPED;
}

static void take_heap(taking *take, uint64_t address, unsigned pointer_bytes, bool listed)
{
  seep_heap heap;
  seep_heap_walk(&take->probe, &take->regions, address, pointer_bytes, listed, &heap);
  take->out->heaps++;
  if (!heap.complete) {
    take->out->heaps_unread++;
  }
  if (!heap.complete && !is_mapped(take, address)) {
    note(take, heap.problem != NULL ? heap.problem : "a heap could not be read to its end");
  }
  if (heap.form == SEEP_HEAP_NT || heap.form == SEEP_HEAP_SEGMENT) {
    take->proven[take->proven_count++] = address;
  }
  if (take->detail != NULL && take->detail->heap_count < SEEP_INVENTORY_HEAPS) {
    take->detail->heaps[take->detail->heap_count++] = heap;
  }
}

/* The addresses in ProcessHeaps, as far as they can be believed; how many. */
static size_t read_list(taking *take, seep_inventory_peb *peb, uint64_t *heaps)
{
  uint8_t bytes[8 * SEEP_INVENTORY_LISTED_HEAPS] = {0};
  uint32_t count = peb->number_of_heaps;
  peb->list_readable = count == 0;
  if (count == 0) {
    note(take, "the list of heaps is empty");
    return 0;
  }
  if (count >= SEEP_INVENTORY_LISTED_HEAPS || count > peb->maximum_number_of_heaps) {
    note(take, "the list of heaps makes no sense");
    return 0;
  }
  if (!seep_probe_read(&take->probe, peb->process_heaps, bytes, (size_t)count * peb->pointer_bytes)) {
    note(take, "the list of heaps could not be read");
    return 0;
  }
  peb->list_readable = true;
  for (uint32_t i = 0; i < count; i++) {
    heaps[i] = seep_probe_word(bytes, (size_t)i * peb->pointer_bytes, peb->pointer_bytes);
  }
  if (heaps[0] != peb->process_heap) {
    note(take, "the list of heaps does not begin with the process heap");
    return 0;
  }
  return count;
}

static bool is_repeated(const uint64_t *heaps, size_t index)
{
  for (size_t i = 0; i < index; i++) {
    if (heaps[i] == heaps[index]) {
      return true;
    }
  }
  return false;
}

static void take_heaps_of(taking *take, seep_inventory_peb *peb)
{
  uint64_t heaps[SEEP_INVENTORY_LISTED_HEAPS] = {0};
  size_t count = read_list(take, peb, heaps);
  if (count == 0 && peb->process_heap != 0) {
    take_heap(take, peb->process_heap, peb->pointer_bytes, false);
  }
  for (size_t i = 0; i < count; i++) {
    if (heaps[i] == 0 || heaps[i] % SEEP_REGION_PAGE_BYTES != 0 || is_repeated(heaps, i)) {
      note(take, "the list of heaps has an entry that is none");
    } else {
      take_heap(take, heaps[i], peb->pointer_bytes, true);
    }
  }
}

/* false: it could not be read. */
static bool take_peb(taking *take, uint64_t address, unsigned pointer_bytes)
{
  seep_inventory_peb peb;
  if (!seep_threads_read_peb(&take->probe, address, pointer_bytes, &peb)) {
    return false;
  }
  if ((peb.global_flag & FLAG_PAGE_HEAP) != 0) {
    take->out->page_heap = true;
  }
  take_heaps_of(take, &peb);
  if (take->detail != NULL) {
    take->detail->pebs[take->detail->peb_count++] = peb;
  }
  return true;
}

static void take_pebs(taking *take)
{
  const seep_threads *threads = &take->threads;
  bool second = false;
  if (threads->peb == 0) {
    note(take, "no PEB was found");
  } else if (!take_peb(take, threads->peb, take->out->pointer_bytes)) {
    note(take, "the PEB could not be read");
  }
  if (threads->peb32 != 0) {
    second = take_peb(take, threads->peb32, 4);
    take->out->wow64 = second && threads->peb != 0;
  }
  if (!second && (threads->peb32 != 0 || !threads->second_settled)) {
    note(take, "there may be a second, 32-bit PEB, which could not be read");
  }
}

/* Why no heap can be called known, whatever the heaps themselves said; NULL: nothing of the kind. */
static const char *general_problem(const taking *take)
{
  switch (take->probe.ended) {
  case SEEP_OK:
    break;
  case SEEP_LIMIT:
    return "as many reads as are allowed were used up";
  case SEEP_TIMED_OUT:
    return "the time allowed for it has passed";
  case SEEP_DENIED:
    return "the memory of the process may not be read";
  case SEEP_GONE:
    return "the process ended while it was looked at";
  default:
    return "the memory of the process could not be read any further";
  }
  if (!take->regions.known) {
    return "there is no list of regions";
  }
  if (take->regions.cut) {
    return "the list of regions is not complete";
  }
  return take->out->page_heap ? "page heap is on, each block has pages of its own" : NULL;
}

static int by_address(const void *left, const void *right)
{
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

static void take_leftovers(taking *take)
{
  const char *general = general_problem(take);
  unsigned width = take->threads.peb32 != 0 ? 4 : take->out->pointer_bytes;
  /* What happens from here on, such as the end of the budget, changes nothing any more about heaps. */
  take->problem = general != NULL ? general : take->problem;
  seep_regions_settle(&take->regions);
  if (take->problem != NULL && !take->out->page_heap) {
    qsort(take->proven, take->proven_count, sizeof *take->proven, by_address);
    seep_leftovers_heaps heaps = {take->proven, take->proven_count, take->out->pointer_bytes,
                                  take->threads.peb32 != 0 || !take->threads.second_settled};
    seep_leftovers_sniff(&take->probe, &take->regions, &heaps);
  }
  seep_leftovers_tag_shapes(&take->regions, take->out->runtimes, width);
}

static void conclude(taking *take)
{
  seep_inventory *out = take->out;
  out->regions_known = take->regions.known;
  out->regions_cut = take->regions.cut;
  out->problem = take->problem;
  out->heaps_known = out->problem == NULL;
  out->reads = take->probe.reads;
  seep_usage_sum_up(&out->usage, &take->regions);
}

seep_status seep_inventory_take(const seep_target *target, const seep_inventory_limits *limits,
                                seep_inventory *out, seep_inventory_detail *detail, seep_error *error)
{
  taking take = {.out = out, .detail = detail};
  memset(out, 0, sizeof *out);
  if (detail != NULL) {
    memset(detail, 0, sizeof *detail);
  }
  out->pointer_bytes = target->pointer_bytes;
  out->runtimes = target->runtimes;
  out->modules_known = target->modules_known;
  out->commit_bytes = target->commit_bytes;
  out->threads = target->teb_count < UINT32_MAX ? (uint32_t)target->teb_count : UINT32_MAX;
  seep_probe_init(&take.probe, target, limits->maximum_reads);
  seep_regions_init(&take.regions);
  seep_status status = seep_regions_read(&take.regions, target, limits->maximum_regions, error);
  if (status == SEEP_OK) {
    seep_threads_tag(&take.probe, &take.regions, &take.threads);
    seep_leftovers_tag_fixed(&take.regions);
    take_pebs(&take);
    take_leftovers(&take);
    conclude(&take);
  }
  seep_regions_fini(&take.regions);
  return status;
}
