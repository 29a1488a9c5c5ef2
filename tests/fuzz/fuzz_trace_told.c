/* The document that a reader of recordings leaves behind. */
#include <stddef.h>
#include <stdint.h>

#include "report/trace_told.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  seep_trace_told told;
  seep_error error = {0};
  (void)seep_trace_told_read((const char *)data, size, &told, &error);
  return 0;
}
