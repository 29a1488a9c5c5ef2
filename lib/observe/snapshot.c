#include "observe/snapshot.h"

#include "base/cursor.h"

/* x64 sizes of SYSTEM_PROCESS_INFORMATION and SYSTEM_THREAD_INFORMATION; both compile-checked against
 * mingw-w64. */
#define RECORD_BYTES 0x100u
#define THREAD_BYTES 0x50u

enum field_offset {
  NEXT_ENTRY_OFFSET = 0x00,
  NUMBER_OF_THREADS = 0x04,
  CREATE_TIME = 0x20,
  USER_TIME = 0x28,
  KERNEL_TIME = 0x30,
  IMAGE_NAME_LENGTH = 0x38,
  IMAGE_NAME_BUFFER = 0x40,
  UNIQUE_PROCESS_ID = 0x50,
  PARENT_PROCESS_ID = 0x58,
  HANDLE_COUNT = 0x60,
  SESSION_ID = 0x64,
  WORKING_SET_SIZE = 0x90,
  PAGEFILE_USAGE = 0xB8,
  PRIVATE_PAGE_COUNT = 0xC8
};

void seep_snapshot_init(seep_snapshot *snapshot, const void *data, size_t size, uint64_t base_address)
{
  static const uint8_t nothing[1] = {0};
  snapshot->data = data != NULL ? data : nothing;
  snapshot->size = data != NULL ? size : 0;
  snapshot->base_address = base_address;
  snapshot->offset = 0;
  snapshot->count = 0;
  snapshot->done = false;
}

static seep_status corrupt(const seep_snapshot *snapshot, size_t field, const char *what, seep_error *error)
{
  return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, (int64_t)(snapshot->offset + field),
                        "read process snapshot", what);
}

/* The name's address is one of the process that asked the OS; *name becomes one of ours, or NULL for no name.
 */
static bool locate_name(const seep_snapshot *snapshot, uint64_t address, size_t bytes, const uint8_t **name)
{
  *name = NULL;
  if (bytes == 0) {
    return true;
  }
  if (address < snapshot->base_address) {
    return false;
  }
  uint64_t offset = address - snapshot->base_address;
  if (offset > snapshot->size || bytes > snapshot->size - offset) {
    return false;
  }
  *name = snapshot->data + offset;
  return true;
}

static void read_figures(seep_cursor *record, seep_process_sample *sample)
{
  sample->key.pid = (uint32_t)seep_cursor_u64_at(record, UNIQUE_PROCESS_ID);
  sample->key.created = seep_cursor_u64_at(record, CREATE_TIME);
  sample->parent_pid = (uint32_t)seep_cursor_u64_at(record, PARENT_PROCESS_ID);
  sample->session_id = seep_cursor_u32_at(record, SESSION_ID);
  sample->threads = seep_cursor_u32_at(record, NUMBER_OF_THREADS);
  sample->handles = seep_cursor_u32_at(record, HANDLE_COUNT);
  sample->commit_bytes = seep_cursor_u64_at(record, PAGEFILE_USAGE);
  if (sample->commit_bytes == 0) {
    sample->commit_bytes = seep_cursor_u64_at(record, PRIVATE_PAGE_COUNT);
  }
  sample->working_set_bytes = seep_cursor_u64_at(record, WORKING_SET_SIZE);
  sample->cpu_100ns = seep_cursor_u64_at(record, USER_TIME) + seep_cursor_u64_at(record, KERNEL_TIME);
}

seep_status seep_snapshot_next(seep_snapshot *snapshot, seep_process_sample *sample, seep_error *error)
{
  if (snapshot->done) {
    return SEEP_NOT_FOUND;
  }
  if (snapshot->count >= SEEP_SNAPSHOT_MAXIMUM_PROCESSES) {
    return seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_FORMAT, (int64_t)snapshot->offset,
                          "read process snapshot", "too many processes");
  }
  size_t left = snapshot->size - snapshot->offset;
  if (left < RECORD_BYTES) {
    return corrupt(snapshot, 0, "record does not fit", error);
  }
  seep_cursor record;
  seep_cursor_init(&record, snapshot->data + snapshot->offset, left);
  seep_process_sample found;
  read_figures(&record, &found);
  if (found.threads > (left - RECORD_BYTES) / THREAD_BYTES) {
    return corrupt(snapshot, NUMBER_OF_THREADS, "threads do not fit", error);
  }
  found.name_bytes = seep_cursor_u16_at(&record, IMAGE_NAME_LENGTH);
  uint64_t name_address = seep_cursor_u64_at(&record, IMAGE_NAME_BUFFER);
  if (!locate_name(snapshot, name_address, found.name_bytes, &found.name_utf16le)) {
    return corrupt(snapshot, IMAGE_NAME_BUFFER, "name outside the buffer", error);
  }
  /* A link below the record's own size would read bytes twice; a "negative" one is a huge unsigned number. */
  uint32_t next = seep_cursor_u32_at(&record, NEXT_ENTRY_OFFSET);
  if (next != 0 && (next < RECORD_BYTES || next >= left)) {
    return corrupt(snapshot, NEXT_ENTRY_OFFSET, "link to the next record", error);
  }
  snapshot->offset += next;
  snapshot->done = next == 0;
  snapshot->count++;
  *sample = found;
  return SEEP_OK;
}
