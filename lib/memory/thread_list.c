/*
 * One process's part of the system's list of threads. Records are chained by offsets, threads follow theirs;
 * each must lie in front of the next, so that no byte is read twice and a chain ends. That the list is the
 * one of x64 is taken for granted, which is what this program is built for.
 */
#include "memory/thread_list.h"

#include "base/cursor.h"

/* x64 sizes of SYSTEM_PROCESS_INFORMATION and SYSTEM_EXTENDED_THREAD_INFORMATION: the latter is the thread
 * record of the plain list (0x50) with seven more words behind it. */
#define RECORD_BYTES 0x100u
#define THREAD_BYTES 0x88u

enum field_offset {
  NEXT_ENTRY_OFFSET = 0x00,
  NUMBER_OF_THREADS = 0x04,
  UNIQUE_PROCESS_ID = 0x50,
  THREAD_TEB_BASE_ADDRESS = 0x68
};

static seep_status corrupt(size_t offset, const char *what, seep_error *error)
{
  return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, (int64_t)offset, "read thread list", what);
}

/* The record at the cursor's position has `size` bytes with all that follows it. */
static seep_status read_threads(seep_cursor *list, size_t size, uint64_t *out, size_t count, size_t *found,
                                seep_error *error)
{
  size_t record = list->position;
  size_t announced = seep_cursor_u32_at(list, record + NUMBER_OF_THREADS);
  size_t room = (size - RECORD_BYTES) / THREAD_BYTES;
  for (size_t i = 0; i < announced && i < room; i++) {
    size_t thread = record + RECORD_BYTES + i * THREAD_BYTES;
    uint64_t teb = seep_cursor_u64_at(list, thread + THREAD_TEB_BASE_ADDRESS);
    if (teb == 0) {
      continue;
    }
    if (*found < count) {
      out[*found] = teb;
    }
    (*found)++;
  }
  return announced > room ? corrupt(record + NUMBER_OF_THREADS, "threads do not fit", error) : SEEP_OK;
}

seep_status seep_thread_list_tebs(const void *data, size_t size, uint32_t pid, uint64_t *out, size_t count,
                                  size_t *found, seep_error *error)
{
  *found = 0;
  seep_cursor list;
  seep_cursor_init(&list, data, size);
  for (;;) {
    size_t left = seep_cursor_left(&list);
    size_t record = list.position;
    if (left < RECORD_BYTES) {
      return corrupt(record, "record does not fit", error);
    }
    /* A link below the record's own size would read bytes twice; a "negative" one is a huge unsigned number.
     */
    size_t next = seep_cursor_u32_at(&list, record + NEXT_ENTRY_OFFSET);
    if (next != 0 && (next < RECORD_BYTES || next >= left)) {
      return corrupt(record + NEXT_ENTRY_OFFSET, "link to the next record", error);
    }
    if (seep_cursor_u64_at(&list, record + UNIQUE_PROCESS_ID) == pid) {
      return read_threads(&list, next != 0 ? next : left, out, count, found, error);
    }
    if (next == 0) {
      return seep_error_set(error, SEEP_NOT_FOUND, SEEP_DOMAIN_NONE, 0, "read thread list",
                            "no such process");
    }
    seep_cursor_skip(&list, next);
  }
}
