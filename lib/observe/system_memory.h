/* The system's own memory figures at the moment of a poll. Values only. */
#ifndef SEEP_OBSERVE_SYSTEM_MEMORY_H
#define SEEP_OBSERVE_SYSTEM_MEMORY_H

#include <stdint.h>

/* Source: GetPerformanceInfo (documented, psapi); pages already turned into bytes. */
typedef struct seep_system_memory {
  uint64_t commit_total_bytes;
  uint64_t commit_limit_bytes;
  uint64_t physical_total_bytes;
  uint64_t physical_available_bytes;
  uint64_t paged_pool_bytes;
  uint64_t nonpaged_pool_bytes;
} seep_system_memory;

/* Commit that may still be handed out; 0 when the total has passed the limit. */
static inline uint64_t seep_system_memory_headroom_bytes(const seep_system_memory *memory)
{
  return memory->commit_limit_bytes > memory->commit_total_bytes
             ? memory->commit_limit_bytes - memory->commit_total_bytes
             : 0;
}

#endif
