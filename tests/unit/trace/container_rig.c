#include "unit/trace/container_rig.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

bool container_rig_count(void *context, const seep_trace_record *record)
{
  container_tally *seen = context;
  seen->by_type[record->header_type]++;
  seen->processors |= UINT64_C(1) << (record->processor & 63u);
  seen->records++;
  seen->last = *record;
  return seen->stop_after == 0 || seen->records < seen->stop_after;
}

memory_file container_rig_file(const uint8_t *records, size_t size)
{
  static const uint8_t header[0x48] = {0};
  static const uint8_t filler[BUFFER_BYTES];
  memory_file fixture = memory_file_fixture("s4-WindowsUpdate.etl");
  memory_file file = {0};
  assert_non_null(fixture.bytes);
  assert_true(memory_file_write(&file, 0, fixture.bytes, BUFFER_BYTES));
  assert_true(memory_file_write(&file, BUFFER_BYTES, filler, sizeof filler));
  assert_true(memory_file_write(&file, BUFFER_BYTES, header, sizeof header));
  assert_true(memory_file_write(&file, BUFFER_BYTES + sizeof header, records, size));
  memory_file_put(&file, BUFFER_BYTES + 0x00, BUFFER_BYTES, 4);
  memory_file_put(&file, BUFFER_BYTES + 0x28, 2051, 2); /* processor 3, as Windows 7 writes it */
  memory_file_put(&file, BUFFER_BYTES + 0x30, 0x48 + size, 4);
  memory_file_put(&file, BUFFER_BYTES + 0x34, 2, 2); /* events lost */
  memory_file_free(&fixture);
  return file;
}

seep_trace_summary container_rig_walk(const memory_file *file, container_tally *seen)
{
  seep_trace_summary summary;
  memset(seen, 0, sizeof *seen);
  assert_int_equal(seep_trace_walk(file->bytes, file->size, container_rig_count, seen, &summary, NULL),
                   SEEP_OK);
  return summary;
}
