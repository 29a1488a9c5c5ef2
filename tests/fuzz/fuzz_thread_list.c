/* Any bytes as a list of threads: it must end, write no more than there is room for, and give no zeros. The
 * first byte is the PID that is asked for. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "memory/thread_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM 3u
#define UNTOUCHED UINT64_C(0x1122334455667788)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  uint64_t tebs[ROOM + 1] = {0, 0, 0, UNTOUCHED};
  size_t found = 0;
  size_t counted = 0;
  if (size == 0) {
    return 0;
  }
  seep_status status = seep_thread_list_tebs(data + 1, size - 1, data[0], tebs, ROOM, &found, NULL);
  if (status != SEEP_OK && status != SEEP_NOT_FOUND && status != SEEP_CORRUPT) {
    abort();
  }
  for (size_t i = 0; i < ROOM; i++) {
    if ((tebs[i] != 0) != (i < found)) {
      abort();
    }
  }
  if (tebs[ROOM] != UNTOUCHED || found > size / 0x88 ||
      seep_thread_list_tebs(data + 1, size - 1, data[0], NULL, 0, &counted, NULL) != status ||
      counted != found) {
    abort();
  }
  return 0;
}
