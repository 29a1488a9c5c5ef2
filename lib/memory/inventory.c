/*
 * The order in which memory is claimed (reference: memory-type, 9): PEBs and TEBs, fixed addresses, heaps,
 * stacks, then what is left. It knows nothing of how a heap or a TEB is built, only what must be known for
 * Heap to be a measurement. What could not be read is never a reason to fail, always one to say so.
 */
#include "memory/inventory.h"

#include <string.h>

#include "base/saturate.h"
#include "memory/leftovers.h"
#include "memory/threads.h"

/* A process at work allocates and frees all the time: so much of its memory may come or go while it is looked
 * at, or a tenth of it. */
#define CHANGE_ALLOWED_BYTES (UINT64_C(16) << 20)

#define FLAG_PAGE_HEAP UINT32_C(0x02000000) /* of NtGlobalFlag; inferred from public code */

typedef struct taking {
  seep_probe probe;
  seep_regions regions;
  seep_threads threads;
  seep_inventory *out;
  seep_inventory_detail *detail; /* may be NULL */
  seep_inventory_gap gap;        /* the first one, */
  const char *problem;           /* in words */
  uint64_t proven[2 * SEEP_THREADS_LISTED_HEAPS + 2];
  size_t proven_count;
  uint64_t unseen_bytes;        /* of heaps, in memory that is newer than the list of regions */
  seep_threads_heaps before[2]; /* what PEB and PEB32 listed before the regions were; empty: not known */
} taking;

static const char heaps_changed[] = "its heaps changed while they were looked at";

static void note(taking *take, seep_inventory_gap gap, const char *problem)
{
  if (take->gap == SEEP_INVENTORY_COMPLETE) {
    take->gap = gap;
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
  /* One that proved itself may have private memory all the same: large blocks and further segments. */
  bool is_proven = heap.form == SEEP_HEAP_NT || heap.form == SEEP_HEAP_SEGMENT;
  take->out->heaps++;
  take->out->segment_heaps += heap.form == SEEP_HEAP_SEGMENT ? 1 : 0;
  if (!heap.complete) {
    take->out->heaps_unread++;
  }
  if (!heap.complete && (is_proven || !is_mapped(take, address))) {
    note(take, SEEP_INVENTORY_HEAP_OPEN,
         heap.problem != NULL ? heap.problem : "a heap could not be read to its end");
  }
  if (is_proven) {
    take->proven[take->proven_count++] = address;
  }
  take->unseen_bytes = seep_saturate_add(take->unseen_bytes, heap.unseen_bytes);
  if (take->detail != NULL && take->detail->heap_count < SEEP_INVENTORY_HEAPS) {
    take->detail->heaps[take->detail->heap_count++] = heap;
  }
}

/* A heap that was there before the regions were listed and is gone now: its memory may be in the list, and
 * nothing says any more whose it was. */
static bool has_lost_one(const seep_threads_heaps *before, const seep_threads_heaps *now)
{
  bool lost = before->problem != NULL && now->problem == NULL;
  for (size_t i = 0, j = 0; i < before->count && !lost; i++) {
    for (j = 0; j < now->count && now->addresses[j] != before->addresses[i]; j++) {
    }
    lost = j == now->count;
  }
  return lost;
}

static void take_heaps_of(taking *take, const seep_threads_peb *peb, const seep_threads_heaps *heaps)
{
  if (heaps->problem != NULL) {
    note(take, SEEP_INVENTORY_NOT_LISTED, heaps->problem);
  }
  if (heaps->count == 0 && peb->process_heap != 0) {
    take_heap(take, peb->process_heap, peb->pointer_bytes, false);
  }
  for (size_t i = 0; i < heaps->count; i++) {
    take_heap(take, heaps->addresses[i], peb->pointer_bytes, true);
  }
}

/* false: it could not be read. */
static bool take_peb(taking *take, uint64_t address, unsigned pointer_bytes, const seep_threads_heaps *before)
{
  seep_threads_peb peb;
  seep_threads_heaps heaps;
  if (!seep_threads_read_peb(&take->probe, address, pointer_bytes, &peb, &heaps)) {
    return false;
  }
  if ((peb.global_flag & FLAG_PAGE_HEAP) != 0) {
    take->out->page_heap = true;
  }
  take_heaps_of(take, &peb, &heaps);
  if (has_lost_one(before, &heaps)) {
    note(take, SEEP_INVENTORY_CHANGED, heaps_changed);
  }
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
    note(take, SEEP_INVENTORY_NOT_READ, "no PEB was found");
  } else if (!take_peb(take, threads->peb, take->out->pointer_bytes, &take->before[0])) {
    note(take, SEEP_INVENTORY_NOT_READ, "the PEB could not be read");
  }
  if (threads->peb32 != 0) {
    second = take_peb(take, threads->peb32, 4, &take->before[1]);
    take->out->wow64 = second && threads->peb != 0;
  }
  if (!second && (threads->peb32 != 0 || !threads->second_settled)) {
    note(take, SEEP_INVENTORY_NOT_READ, "there may be a second, 32-bit PEB, which could not be read");
  }
}

/* What speaks against calling any heap known, whatever the heaps themselves said: it goes before their words.
 */
static void note_general(taking *take)
{
  const seep_inventory_gap gap = take->gap;
  const char *problem = take->problem;
  take->gap = SEEP_INVENTORY_COMPLETE;
  switch (take->probe.ended) {
  case SEEP_OK:
    break;
  case SEEP_LIMIT:
    note(take, SEEP_INVENTORY_TOO_LARGE, "as many reads as are allowed were used up");
    break;
  case SEEP_TIMED_OUT:
    note(take, SEEP_INVENTORY_TOO_LARGE, "the time allowed for it has passed");
    break;
  case SEEP_DENIED:
    note(take, SEEP_INVENTORY_NOT_READ, "the memory of the process may not be read");
    break;
  case SEEP_GONE:
    note(take, SEEP_INVENTORY_NOT_READ, "the process ended while it was looked at");
    break;
  default:
    note(take, SEEP_INVENTORY_NOT_READ, "the memory of the process could not be read any further");
    break;
  }
  if (!take->regions.known) {
    note(take, SEEP_INVENTORY_NOT_READ, "there is no list of regions");
  } else if (take->regions.row_count == 0) {
    note(take, SEEP_INVENTORY_NOT_READ, "the list of regions is empty");
  } else if (take->regions.cut) {
    note(take, SEEP_INVENTORY_NOT_READ, "the list of regions is not complete");
  } else if (take->out->page_heap) {
    note(take, SEEP_INVENTORY_PAGE_HEAP, "page heap is on, each block has pages of its own");
  }
  note(take, gap, problem);
}

/* Private memory that heaps are known to have. */
static uint64_t heap_bytes(const seep_regions *regions)
{
  uint64_t bytes = 0;
  for (size_t i = 0; i < regions->row_count; i++) {
    const seep_regions_row *row = &regions->rows[i];
    if (row->state == SEEP_REGION_COMMIT && seep_regions_is_heap((seep_tag)row->tag) &&
        regions->allocations[row->allocation].type == SEEP_REGION_PRIVATE) {
      bytes = seep_saturate_add(bytes, row->end - row->base);
    }
  }
  return bytes;
}

static bool is_much(uint64_t bytes, uint64_t of_bytes)
{
  uint64_t tenth = of_bytes / 10;
  return bytes > (tenth > CHANGE_ALLOWED_BYTES ? tenth : CHANGE_ALLOWED_BYTES);
}

static void take_leftovers(taking *take)
{
  unsigned width = take->threads.peb32 != 0 ? 4 : take->out->pointer_bytes;
  seep_regions_settle(&take->regions);
  if (is_much(take->unseen_bytes, heap_bytes(&take->regions))) {
    note(take, SEEP_INVENTORY_CHANGED, heaps_changed);
  }
  seep_threads_tag_stacks(&take->threads, &take->regions);
  note_general(take);
  /* The end of the budget, from here on, changes nothing any more about heaps. */
  if (take->gap != SEEP_INVENTORY_COMPLETE && !take->out->page_heap) {
    seep_leftovers_heaps heaps = {take->proven, take->proven_count, take->out->pointer_bytes,
                                  take->threads.peb32 != 0 || !take->threads.second_settled};
    seep_leftovers_sniff(&take->probe, &take->regions, &heaps);
  }
  seep_leftovers_tag_shapes(&take->regions, take->out->runtimes, width);
  if (take->gap == SEEP_INVENTORY_COMPLETE) {
    /* A heap may have freed it before its lists were read: then it is in no list, and not private data. */
    uint64_t left_bytes = 0;
    uint64_t gone_bytes = seep_leftovers_gone_bytes(take->probe.target, &take->regions, &left_bytes);
    if (is_much(gone_bytes, left_bytes)) {
      note(take, SEEP_INVENTORY_CHANGED,
           "memory that nothing claims could not be found again a moment later");
    }
  }
}

static void conclude(taking *take)
{
  seep_inventory *out = take->out;
  out->regions_known = take->regions.known;
  out->regions_cut = take->regions.cut;
  out->gap = take->gap;
  out->problem = take->problem;
  out->heaps_known = take->gap == SEEP_INVENTORY_COMPLETE;
  out->reads = take->probe.reads;
  seep_usage_sum_up(&out->usage, &take->regions);
}

/* Only where the OS says where the PEB is, as it does of live processes: a dump does not change. */
static void list_heaps_before(taking *take, size_t which, uint64_t peb, unsigned pointer_bytes)
{
  seep_threads_peb unused;
  if (peb != 0) {
    seep_threads_read_peb(&take->probe, peb, pointer_bytes, &unused, &take->before[which]);
  }
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
  list_heaps_before(&take, 0, target->peb, target->pointer_bytes);
  list_heaps_before(&take, 1, target->pointer_bytes == 8 ? target->peb32 : 0, 4);
  seep_regions_init(&take.regions);
  seep_status status = seep_regions_read(&take.regions, target, limits->maximum_regions, error);
  if (status == SEEP_OK) {
    seep_threads_find(&take.probe, &take.regions, &take.threads);
    seep_leftovers_tag_fixed(&take.regions);
    take_pebs(&take);
    take_leftovers(&take);
    conclude(&take);
  }
  seep_threads_fini(&take.threads);
  seep_regions_fini(&take.regions);
  return status;
}
