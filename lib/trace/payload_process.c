/*
 * Payloads about processes: start, end and rundown in every version that Windows has written, and the
 * counters that a process leaves (reference: etl-format, 2.1). The SID in the middle has no length of its
 * own, may be absent, and in files that tools have made stands behind a pointer that says it is not there.
 */
#include "trace/payload.h"

#include "trace/payload_internal.h"

enum { SID_REVISION = 1, SID_AUTHORITIES_LIMIT = 15, SID_FIXED_BYTES = 8, SID_ABSENT_BYTES = 4 };

static bool is_sid(const uint8_t *bytes, size_t left)
{
  return left >= SID_FIXED_BYTES && bytes[0] == SID_REVISION && bytes[1] <= SID_AUTHORITIES_LIMIT &&
         (bytes[2] | bytes[3] | bytes[4] | bytes[5]) == 0;
}

/* Moves behind the SID; false when what stands there is none. */
static bool skip_sid(seep_cursor *payload, unsigned pointer_bytes, seep_trace_sid_form *form)
{
  size_t user_bytes = 2u * pointer_bytes; /* TOKEN_USER: a pointer, and attributes of the same width */
  size_t left = payload->failed ? 0 : seep_cursor_left(payload);
  const uint8_t *blob = payload->data + payload->position;
  if (left > user_bytes && is_sid(blob + user_bytes, left - user_bytes)) {
    size_t sid_bytes = SID_FIXED_BYTES + 4u * (size_t)blob[user_bytes + 1];
    seep_cursor pointer = *payload;
    *form = seep_trace__pointer(&pointer, pointer_bytes) != 0 ? SEEP_TRACE_SID_TOKEN
                                                              : SEEP_TRACE_SID_ZERO_POINTER;
    seep_cursor_skip(payload, user_bytes + sid_bytes);
    return !payload->failed;
  }
  *form = SEEP_TRACE_SID_NONE;
  return seep_cursor_u32(payload) == 0 && !payload->failed;
}

/* What stands before the SID. Version 0 has two pointers there and nothing else. */
static void take_numbers(seep_cursor *payload, unsigned version, unsigned pointer_bytes,
                         seep_trace_process *out)
{
  if (version == 0) {
    out->pid = (uint32_t)seep_trace__pointer(payload, pointer_bytes);
    out->parent_pid = (uint32_t)seep_trace__pointer(payload, pointer_bytes);
    return;
  }
  seep_cursor_skip(payload, pointer_bytes); /* the page directory, later a key: neither is a name */
  out->pid = seep_cursor_u32(payload);
  out->parent_pid = seep_cursor_u32(payload);
  out->session = seep_cursor_u32(payload);
  (void)seep_cursor_u32(payload); /* exit status */
  if (version >= 3) {
    seep_cursor_skip(payload, pointer_bytes); /* DirectoryTableBase */
  }
  if (version >= 4) {
    out->flags = seep_cursor_u32(payload);
  }
}

static void take_texts(seep_cursor *payload, unsigned version, seep_trace_process *out)
{
  out->image_name = seep_trace__narrow(payload);
  if (version >= 2) {
    out->command_line = seep_trace__wide(payload);
  }
  if (version >= 4) {
    (void)seep_trace__wide(payload); /* the package's full name */
    (void)seep_trace__wide(payload); /* the application's */
  }
  if (version >= 5 && seep_cursor_left(payload) >= 8) {
    seep_cursor_skip(payload, 8); /* when it ended */
  }
}

bool seep_trace_take_process(const seep_trace_record *record, unsigned payload_pointer_bytes,
                             seep_trace_process *out)
{
  unsigned pointer_bytes = seep_trace__pointer_bytes(record, payload_pointer_bytes);
  seep_cursor payload = seep_trace__payload(record);
  const seep_trace_process nobody = {.image_name = seep_trace__no_text(false),
                                     .command_line = seep_trace__no_text(true)};
  *out = nobody;
  take_numbers(&payload, record->version, pointer_bytes, out);
  if (payload.failed || !skip_sid(&payload, pointer_bytes, &out->sid_form)) {
    return false;
  }
  take_texts(&payload, record->version, out);
  out->left_bytes = seep_cursor_left(&payload);
  return !payload.failed;
}

/* Of the process that ended, or that is there when the recording does. */
static bool take_counters(const seep_trace_record *record, uint32_t pid, uint64_t *commit_bytes)
{
  seep_cursor payload = seep_trace__payload(record);
  unsigned pointer_bytes = seep_trace__pointer_bytes(record, 0);
  uint32_t owner = seep_cursor_u32(&payload);
  seep_cursor_skip(&payload, 3u * 4u + 7u * (size_t)pointer_bytes); /* to PagefileUsage */
  *commit_bytes = seep_trace__pointer(&payload, pointer_bytes);
  return !payload.failed && owner == pid;
}

static uint64_t bytes_of_pages(uint64_t pages, uint32_t page_bytes)
{
  return page_bytes != 0 && pages > UINT64_MAX / page_bytes ? UINT64_MAX : pages * page_bytes;
}

/* One entry for each process. How many there are the payload's size says better than its count does. */
static bool take_working_set(const seep_trace_record *record, uint32_t pid, uint32_t page_bytes,
                             uint64_t *commit_bytes)
{
  seep_cursor payload = seep_trace__payload(record);
  unsigned pointer_bytes = seep_trace__pointer_bytes(record, 0);
  size_t fields = record->version >= 2 ? 8 : 4;
  uint32_t count = seep_cursor_u32(&payload);
  for (uint32_t i = 0; i < count && !payload.failed; i++) {
    uint32_t owner = seep_cursor_u32(&payload);
    seep_cursor_skip(&payload, pointer_bytes); /* the working set */
    uint64_t pages = seep_trace__pointer(&payload, pointer_bytes);
    seep_cursor_skip(&payload, (fields - 2) * pointer_bytes);
    if (owner == pid && !payload.failed) {
      *commit_bytes = bytes_of_pages(pages, page_bytes);
      return true;
    }
  }
  return false;
}

bool seep_trace_take_commit(const seep_trace_record *record, seep_trace_kind kind, uint32_t pid,
                            uint32_t page_bytes, uint64_t *commit_bytes)
{
  *commit_bytes = 0;
  return kind == SEEP_TRACE_WORKING_SETS ? take_working_set(record, pid, page_bytes, commit_bytes)
                                         : take_counters(record, pid, commit_bytes);
}
