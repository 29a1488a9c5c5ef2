/* The merge over any bytes, within any budget: two bytes at the end say how much. It must end, stay inside
 * the file and the budget, count as the walk does and visit nothing out of order without saying so. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trace/merge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BUDGET_UNIT_BYTES 16u

typedef struct seen {
  uint64_t records, late, newest;
} seen;

static bool see(void *context, const seep_trace_record *record)
{
  static volatile uint8_t sink;
  seen *self = context;
  self->records++;
  self->late += record->ticks < self->newest ? 1 : 0;
  self->newest = record->ticks > self->newest ? record->ticks : self->newest;
  for (size_t i = 0; i < record->payload_bytes; i++) {
    sink = (uint8_t)(sink ^ record->payload[i]);
  }
  return true;
}

static bool count_timed(void *context, const seep_trace_record *record)
{
  uint64_t *timed = context;
  *timed += record->is_kernel || record->guid != NULL ? 1 : 0;
  return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static seep_trace_filter filter;
  seep_trace_merged merged;
  seep_trace_summary walked;
  seen self = {0};
  uint64_t timed = 0;
  size_t units = size < 2 ? 0 : data[size - 2] | (size_t)data[size - 1] << 8;
  seep_trace_budget budget = {.limit_bytes = units * BUDGET_UNIT_BYTES};
  seep_trace_merge_options options = {.filter = &filter, .budget = &budget};
  memset(filter.hooks, 0xFF, sizeof filter.hooks);
  filter.classic = filter.manifest = true;
  memset(&walked, 0, sizeof walked);
  seep_status wanted = seep_trace_walk(data, size, count_timed, &timed, &walked, NULL);
  seep_status status = seep_trace_merge(data, size, &options, NULL, see, &self, &merged, NULL);
  if (budget.used_bytes != 0 || budget.peak_bytes > budget.limit_bytes ||
      (status != wanted && !(wanted == SEEP_OK && status == SEEP_LIMIT && budget.exceeded))) {
    abort();
  }
  if (status == SEEP_OK && (self.records != timed || self.late != merged.late_records ||
                            memcmp(&merged.summary, &walked, sizeof walked) != 0)) {
    abort();
  }
  return 0;
}
