/* The bytes are a block of the store; what is accepted must survive being written and read again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/poll_block.h"

#define MAXIMUM 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static seep_poll_entry entries[MAXIMUM], again[MAXIMUM];
  static uint8_t block[MAXIMUM * 24];
  size_t count = 0, count_again = 0, length = 0;
  if (seep_poll_block_decode(data, size, entries, MAXIMUM, &count, NULL) != SEEP_OK) {
    return 0;
  }
  if (seep_poll_block_encode(entries, count, block, sizeof block, &length, NULL) != SEEP_OK ||
      seep_poll_block_decode(block, length, again, MAXIMUM, &count_again, NULL) != SEEP_OK ||
      count_again != count || memcmp(entries, again, count * sizeof entries[0]) != 0) {
    abort();
  }
  return 0;
}
