/* The census of any bytes: it must end, stay inside them, and its sums must agree with each other. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "trace/census.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t sum(const uint64_t *counts, size_t count)
{
  uint64_t total = 0;
  for (size_t i = 0; i < count; i++) {
    total += counts[i];
  }
  return total;
}

static uint64_t table_sum(const seep_trace_census_table *table)
{
  uint64_t total = table->uncounted;
  for (size_t i = 0; i < table->count; i++) {
    total += table->rows[i].count;
  }
  return total;
}

static void check_sums(const seep_trace_census *census)
{
  uint64_t records = census->summary.records;
  uint64_t decoded = census->processes_decoded + census->images_decoded;
  if (sum(census->by_header_type, 256) != records ||
      table_sum(&census->hooks) != census->summary.kernel_records ||
      table_sum(&census->hooks) + table_sum(&census->classics) + table_sum(&census->providers) > records ||
      table_sum(&census->versions) > table_sum(&census->hooks) || table_sum(&census->trailing) != decoded ||
      sum(census->by_sid_form, SEEP_TRACE_SID_ZERO_POINTER + 1) != census->processes_decoded ||
      decoded + table_sum(&census->failed) > records) {
    abort();
  }
}

static void check_stacks(const seep_trace_census *census)
{
  const seep_trace_census_stacks *stacks = &census->stacks;
  uint64_t named = stacks->by_opcode[0] + stacks->by_opcode[5] + stacks->by_opcode[6];
  if (stacks->matched + stacks->unmatched != named || stacks->ambiguous > stacks->matched ||
      table_sum(&stacks->by_hook) != stacks->matched || stacks->keys > stacks->definitions ||
      stacks->undefined_references > stacks->references || (named != 0 && !census->has_stacks)) {
    abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static seep_trace_census census;
  unsigned pointer_bytes = (unsigned)(size % 3) * 4; /* 0, 4, 8 */
  if (seep_trace_census_take(&census, data, size, pointer_bytes, NULL) == SEEP_OK) {
    check_sums(&census);
    check_stacks(&census);
    if (census.first_ticks > census.last_ticks || census.memory_short ||
        census.first_image_count > census.images_decoded) {
      abort();
    }
  }
  seep_trace_census_free(&census);
  return 0;
}
