/* Any bytes as a process snapshot: it must end, stay ended, and lend only names that lie inside the input. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "observe/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The corpus is written for a buffer at this address, so that names are found and not only refused. */
#define BASE_ADDRESS UINT64_C(0x10000)

/* Keeps the reads of lent names from being optimised away. */
static volatile uint8_t sink;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  seep_snapshot snapshot;
  seep_process_sample sample;
  seep_error error;
  seep_status status;
  size_t records = 0;
  seep_snapshot_init(&snapshot, data, size, BASE_ADDRESS);
  while ((status = seep_snapshot_next(&snapshot, &sample, &error)) == SEEP_OK) {
    for (size_t i = 0; i < sample.name_bytes; i++) {
      sink = sample.name_utf16le[i];
    }
    records++;
  }
  if (seep_snapshot_next(&snapshot, &sample, &error) != status || snapshot.count != records ||
      records > size / 0x100) {
    abort();
  }
  return 0;
}
