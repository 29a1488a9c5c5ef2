/*
 * Counts, decodes nothing but the owner of a piece of virtual memory. What the heap's events look like has
 * not been seen in a real file (reference: etl-format, 2.4 and 2.5), so every form in which they are said to
 * come counts: kernel records of the heap group and of the heap ranges in the memory group, classic and
 * manifest events of the three providers. A form without a process in its header cannot be counted.
 */
#include "trace/tally.h"

#include <string.h>

#include "base/cursor.h"

#define HOOK_VIRTUAL_ALLOC 0x0262u
#define HOOK_VIRTUAL_FREE 0x0263u
#define HOOK_HEAP_RANGE_FIRST 0x0264u /* group 2, opcodes 100 to 104 */
#define HOOK_HEAP_RANGE_LAST 0x0268u
#define HOOK_HEAP_FIRST 0x1020u /* group 16, opcodes 32 to 58 */
#define HOOK_HEAP_LAST 0x103Au
#define NOBODY UINT32_MAX

/* As they stand in a header: the first three fields little-endian. */
static const uint8_t providers[][16] = {
    /* heap, 222962ab-6180-4b88-a825-346b75f2a24a */
    {0xab, 0x62, 0x29, 0x22, 0x80, 0x61, 0x88, 0x4b, 0xa8, 0x25, 0x34, 0x6b, 0x75, 0xf2, 0xa2, 0x4a},
    /* heap ranges, d781ca11-61c0-4387-b83d-af52d3d2dd6a */
    {0x11, 0xca, 0x81, 0xd7, 0xc0, 0x61, 0x87, 0x43, 0xb8, 0x3d, 0xaf, 0x52, 0xd3, 0xd2, 0xdd, 0x6a},
    /* heap snapshots, 901d2afa-4ff6-46d7-8d0e-53645e1a47f5 */
    {0xfa, 0x2a, 0x1d, 0x90, 0xf6, 0x4f, 0xd7, 0x46, 0x8d, 0x0e, 0x53, 0x64, 0x5e, 0x1a, 0x47, 0xf5}};

static bool is_heap(const seep_trace_record *record)
{
  if (record->is_kernel) {
    unsigned hook = record->hook_id;
    return (hook >= HOOK_HEAP_FIRST && hook <= HOOK_HEAP_LAST) ||
           (hook >= HOOK_HEAP_RANGE_FIRST && hook <= HOOK_HEAP_RANGE_LAST);
  }
  for (size_t i = 0; record->guid != NULL && i < sizeof providers / sizeof providers[0]; i++) {
    if (memcmp(record->guid, providers[i], sizeof providers[i]) == 0) {
      return true;
    }
  }
  return false;
}

/* NOBODY when the payload is too short to name one. */
static uint32_t owner_of(const seep_trace_record *record)
{
  seep_cursor payload;
  seep_cursor_init(&payload, record->payload, record->payload_bytes);
  uint32_t owner = seep_cursor_u32_at(&payload, 2 * (size_t)record->pointer_bytes);
  return payload.failed ? NOBODY : owner;
}

void seep_trace_tally_init(seep_trace_tally *tally, uint32_t pid)
{
  const seep_trace_tally none = {.pid = pid};
  *tally = none;
}

bool seep_trace_tally_visit(void *context, const seep_trace_record *record)
{
  seep_trace_tally *tally = context;
  if (tally->pid == NOBODY) {
    return true;
  }
  if (record->is_kernel && (record->hook_id == HOOK_VIRTUAL_ALLOC || record->hook_id == HOOK_VIRTUAL_FREE)) {
    tally->memory_events += owner_of(record) == tally->pid ? 1 : 0;
  } else if (record->pid == tally->pid && is_heap(record)) {
    tally->heap_events++;
  }
  return true;
}
