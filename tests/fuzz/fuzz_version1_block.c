/* The bytes are a block of version 1: what is accepted keeps the rules of its entries, and less room for them
 * is told as a limit. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "store/version1_block.h"

#define MAXIMUM 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static seep_version1_entry entries[MAXIMUM];
  size_t count = 0, again = 0;
  if (seep_version1_block_decode(data, size, entries, MAXIMUM, &count, NULL) != SEEP_OK) {
    return 0;
  }
  if (count > MAXIMUM || count != seep_version1_block_count(data, size)) {
    abort();
  }
  for (size_t i = 0; i < count; i++) {
    if (entries[i].process <= (i > 0 ? entries[i - 1].process : 0)) {
      abort();
    }
  }
  if (count > 0 && seep_version1_block_decode(data, size, entries, count - 1, &again, NULL) != SEEP_LIMIT) {
    abort();
  }
  return 0;
}
