#include "report/trace_holders.h"

#include <stdbool.h>

uint64_t seep_trace_holders_bytes(const seep_answer *answer, seep_trace_view view, size_t holder)
{
  return holder < answer->module_count ? answer->modules[holder].views[view].blamed_bytes
                                       : answer->views[view].bucket_bytes[holder - answer->module_count];
}

size_t seep_trace_holders_next(const seep_answer *answer, seep_trace_view view, size_t last)
{
  size_t best = SEEP_TRACE_HOLDER_NONE;
  uint64_t best_bytes = 0;
  const bool is_first = last == SEEP_TRACE_HOLDER_NONE;
  const uint64_t bound = is_first ? UINT64_MAX : seep_trace_holders_bytes(answer, view, last);
  for (size_t i = 0; i < answer->module_count + SEEP_BUCKETS; i++) {
    uint64_t bytes = seep_trace_holders_bytes(answer, view, i);
    bool is_behind = is_first || bytes < bound || (bytes == bound && i > last);
    if (is_behind && bytes > best_bytes) {
      best = i;
      best_bytes = bytes;
    }
  }
  return best;
}

static seep_answer_bucket bucket_of_stack(const seep_answer_stack *stack)
{
  bool has_stack = stack->kind == SEEP_TRACE_SITE_STACK || stack->kind == SEEP_TRACE_SITE_KERNEL_ONLY;
  if (!has_stack || stack->frame_count == 0) {
    return SEEP_BUCKET_NO_STACK;
  }
  if (stack->culprit < stack->frame_count) {
    return stack->frames[stack->culprit].placed.place == SEEP_FRAME_MANAGED ? SEEP_BUCKET_MANAGED
                                                                            : SEEP_BUCKET_UNKNOWN;
  }
  for (size_t i = 0; i < stack->frame_count; i++) {
    if (stack->frames[i].placed.place != SEEP_FRAME_KERNEL) {
      return SEEP_BUCKET_RUNTIME;
    }
  }
  return SEEP_BUCKET_KERNEL;
}

size_t seep_trace_holders_of_stack(const seep_answer *answer, const seep_answer_stack *stack)
{
  if (stack->culprit < stack->frame_count) {
    const seep_placed_frame *placed = &stack->frames[stack->culprit].placed;
    if (placed->place == SEEP_FRAME_MODULE && placed->module < answer->module_count) {
      return placed->module;
    }
  }
  return answer->module_count + (size_t)bucket_of_stack(stack);
}
