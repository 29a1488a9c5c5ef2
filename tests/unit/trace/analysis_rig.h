/*
 * Feeds an analysis with records made here, one by one, at a clock that the test moves. Times are ticks of
 * 100 ns. Addresses from 0xFFFF800000000000 on are the kernel's.
 */
#ifndef TEST_TRACE_ANALYSIS_RIG_H
#define TEST_TRACE_ANALYSIS_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/analysis.h"
#include "trace/payload.h"

#define RIG_MS UINT64_C(10000)
#define RIG_SECOND UINT64_C(10000000)
#define RIG_FIRST (100 * RIG_SECOND)
#define RIG_LENGTH (32 * RIG_SECOND) /* a bucket is a second */
#define RIG_KERNEL UINT64_C(0xFFFFF80000001000)
#define RIG_NOBODY UINT32_MAX

enum { RIG_COMMIT = 0x1000, RIG_RESERVE = 0x2000, RIG_DECOMMIT = 0x4000, RIG_RELEASE = 0x8000 };

typedef struct rig {
  seep_trace_budget budget;
  seep_trace_analysis *analysis;
  seep_trace_merged merged; /* what finish is given */
  uint64_t now;
  uint16_t processor;
  bool is_32_bit;    /* records with pointers of 4 bytes */
  uint32_t heap_pid; /* in the headers of heap events; RIG_NOBODY: a header without */
  uint32_t tid;      /* of what has one */
  bool goes_on;      /* what the last visit said */
} rig;

void rig_start(rig *made);
void rig_start_with(rig *made, const seep_trace_analysis_options *options, size_t limit_bytes);
void rig_finish(rig *made);
void rig_stop(rig *made); /* frees all; the budget must be even */

/* Records, at now; each moves now on by a tick. */
void rig_virtual_alloc(rig *made, uint32_t pid, uint64_t base, uint64_t size, uint32_t flags);
void rig_virtual_free(rig *made, uint32_t pid, uint64_t base, uint64_t size, uint32_t flags);
void rig_heap_alloc(rig *made, uint64_t heap, uint64_t address, uint64_t size);
void rig_heap_realloc(rig *made, uint64_t heap, uint64_t old_address, uint64_t address, uint64_t size);
void rig_heap_free(rig *made, uint64_t heap, uint64_t address);
void rig_heap_destroy(rig *made, uint64_t heap);
void rig_process(rig *made, seep_trace_kind kind, uint32_t pid, const char *name, uint32_t flags);
void rig_image(rig *made, seep_trace_kind kind, uint32_t pid, uint64_t base);
void rig_stack(rig *made, uint64_t event_ticks, uint32_t pid, const uint64_t *frames, size_t count);
void rig_key(rig *made, uint64_t event_ticks, uint32_t pid, uint64_t key, bool is_user);
void rig_definition(rig *made, uint64_t key, const uint64_t *frames, size_t count);
void rig_raw(rig *made, uint16_t hook, uint32_t pid, const void *payload, size_t size);

/* An allocation and its user stack, of one frame. Returns the time of the allocation. */
uint64_t rig_commit(rig *made, uint32_t pid, uint64_t base, uint64_t size, uint64_t frame);
uint64_t rig_block(rig *made, uint64_t heap, uint64_t address, uint64_t size, uint64_t frame);
void rig_one_frame(rig *made, uint64_t event_ticks, uint32_t pid, uint64_t frame);

/* Once finished. The instance of a PID and its order among those; fails the test when there is none. */
uint32_t rig_instance(const rig *made, uint32_t pid, unsigned which);
const seep_trace_instance *rig_shown(const rig *made, uint32_t pid);

/* The only site of this kind whose innermost frame is this (0: has none); use.allocations 0: there is none.
 */
seep_trace_site rig_site(const rig *made, uint32_t instance, seep_trace_view view, seep_trace_site_kind kind,
                         uint64_t frame);
size_t rig_sites(const rig *made, uint32_t instance, seep_trace_view view);

#endif
