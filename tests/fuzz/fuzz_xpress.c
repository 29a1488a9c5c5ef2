/* seep_xpress_decode: two bytes say how much room there is, the rest is the stream. What fits into less room
 * must be the beginning of what fits into more. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trace/xpress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 2) {
    return 0;
  }
  size_t capacity = data[0] | (size_t)data[1] << 8, more = 0, less = 0;
  uint8_t *out = malloc(capacity + 1), *half = malloc(capacity / 2 + 1);
  if (out == NULL || half == NULL) {
    free(out);
    free(half);
    return 0;
  }
  seep_status status = seep_xpress_decode(data + 2, size - 2, out, capacity, &more);
  (void)seep_xpress_decode(data + 2, size - 2, half, capacity / 2, &less);
  if ((status != SEEP_OK && status != SEEP_LIMIT && status != SEEP_CORRUPT) || more > capacity ||
      less > capacity / 2 || less > more || memcmp(out, half, less) != 0) {
    abort();
  }
  free(out);
  free(half);
  return 0;
}
