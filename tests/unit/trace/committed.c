/*
 * Sums what one process committed and gave back, from the two records the kernel writes for VirtualAlloc and
 * VirtualFree (reference: etl-format, 2.4). The opcode decides which of the two it is and only then the flags
 * count: the placeholder calls reuse flag bits, 0x4000 means "decommit" in a free alone. The record's header
 * has no process: the owner stands in the payload. Nothing is known here about stacks, and nothing is
 * remembered between records.
 */
#include "unit/trace/committed.h"

#include "base/cursor.h"
#include "base/saturate.h"

#define HOOK_VIRTUAL_ALLOC 0x0262u /* group 2, opcodes 98 and 99 */
#define HOOK_VIRTUAL_FREE 0x0263u

#define MEM_COMMIT_BIT UINT32_C(0x1000)
#define MEM_RESERVE_BIT UINT32_C(0x2000)
#define MEM_DECOMMIT_BIT UINT32_C(0x4000)
#define MEM_RELEASE_BIT UINT32_C(0x8000)
#define MEM_PHYSICAL_BIT UINT32_C(0x400000)
#define MEM_LARGE_PAGES_BIT UINT32_C(0x20000000)

/* MEM_PHYSICAL alone is AWE, an address range whose pages the process maps by hand: not a commit. */
static bool commits(uint32_t flags)
{
  return (flags & MEM_COMMIT_BIT) != 0 &&
         ((flags & MEM_PHYSICAL_BIT) == 0 || (flags & MEM_LARGE_PAGES_BIT) != 0);
}

static void take_allocation(seep_trace_committed *committed, uint64_t size_bytes, uint32_t flags)
{
  if (commits(flags)) {
    committed->allocations++;
    committed->committed_bytes = seep_saturate_add(committed->committed_bytes, size_bytes);
  } else if ((flags & (MEM_COMMIT_BIT | MEM_RESERVE_BIT)) == 0 && (flags & MEM_RELEASE_BIT) != 0) {
    committed->malformed++;
  }
}

static void take_free(seep_trace_committed *committed, uint64_t size_bytes, uint32_t flags)
{
  if ((flags & (MEM_DECOMMIT_BIT | MEM_RELEASE_BIT)) == 0) {
    committed->malformed++;
    return;
  }
  committed->frees++;
  committed->freed_bytes = seep_saturate_add(committed->freed_bytes, size_bytes);
}

void seep_trace_committed_init(seep_trace_committed *committed, uint32_t pid)
{
  const seep_trace_committed none = {.pid = pid};
  *committed = none;
}

bool seep_trace_committed_visit(void *context, const seep_trace_record *record)
{
  seep_trace_committed *committed = context;
  seep_cursor payload;
  if (!record->is_kernel || (record->hook_id != HOOK_VIRTUAL_ALLOC && record->hook_id != HOOK_VIRTUAL_FREE)) {
    return true;
  }
  size_t pointer = record->pointer_bytes;
  seep_cursor_init(&payload, record->payload, record->payload_bytes);
  uint64_t size_bytes = pointer == 8 ? seep_cursor_u64_at(&payload, 8) : seep_cursor_u32_at(&payload, 4);
  uint32_t owner = seep_cursor_u32_at(&payload, 2 * pointer);
  uint32_t flags = seep_cursor_u32_at(&payload, 2 * pointer + 4);
  if (payload.failed) {
    committed->malformed++;
  } else if (owner == committed->pid && record->hook_id == HOOK_VIRTUAL_ALLOC) {
    take_allocation(committed, size_bytes, flags);
  } else if (owner == committed->pid) {
    take_free(committed, size_bytes, flags);
  }
  return true;
}
