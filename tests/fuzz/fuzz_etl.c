/* The ETL walker over any bytes: it must end, stay inside them and keep its sums. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "unit/trace/committed.h"
#include "trace/container.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool touch(void *context, const seep_trace_record *record)
{
  static volatile uint8_t sink;
  for (size_t i = 0; i < record->payload_bytes; i++) {
    sink = (uint8_t)(sink ^ record->payload[i]);
  }
  return seep_trace_committed_visit(context, record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  seep_trace_summary summary;
  seep_trace_committed committed;
  seep_trace_committed_init(&committed, 4242);
  if (seep_trace_walk(data, size, touch, &committed, &summary, NULL) == SEEP_OK) {
    /* No record is smaller than 8 bytes, no buffer smaller than its header. */
    if (summary.records > size / 8 || summary.buffers > size / 0x48 + 1 ||
        summary.kernel_records > summary.records ||
        committed.allocations + committed.frees + committed.malformed > summary.kernel_records) {
      abort();
    }
  }
  return 0;
}
