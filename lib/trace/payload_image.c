/*
 * Payloads about modules: where one was loaded, what a merge found out about its file, and what paths of the
 * recording machine are called there (reference: etl-format, 2.2 and 2.6).
 */
#include "trace/payload.h"

#include "trace/payload_internal.h"

enum { GUID_BYTES = 16 };
enum { PAGE_BYTES_LEAST = 4096, PAGE_BYTES_MOST = 65536 };

bool seep_trace_take_image(const seep_trace_record *record, unsigned payload_pointer_bytes,
                           seep_trace_image *out)
{
  unsigned pointer_bytes = seep_trace__pointer_bytes(record, payload_pointer_bytes);
  seep_cursor payload = seep_trace__payload(record);
  const seep_trace_image none = {.pid = record->pid, .path = seep_trace__no_text(true)};
  *out = none;
  out->base = seep_trace__pointer(&payload, pointer_bytes);
  out->size_bytes =
      record->version == 0 ? seep_cursor_u32(&payload) : seep_trace__pointer(&payload, pointer_bytes);
  if (record->version >= 1) {
    out->pid = seep_cursor_u32(&payload);
  }
  if (record->version >= 2) {
    out->checksum = seep_cursor_u32(&payload);
    out->timestamp = seep_cursor_u32(&payload);
    /* Signature, the base that its file asks for, four reserved numbers. */
    seep_cursor_skip(&payload, 4u + pointer_bytes + 4u * 4u);
  }
  out->path = seep_trace__wide(&payload);
  out->left_bytes = seep_cursor_left(&payload);
  return !payload.failed;
}

bool seep_trace_take_image_id(const seep_trace_record *record, seep_trace_image_id *out)
{
  unsigned pointer_bytes = seep_trace__pointer_bytes(record, 0);
  seep_cursor payload = seep_trace__payload(record);
  out->base = seep_trace__pointer(&payload, pointer_bytes);
  out->size_bytes = seep_trace__pointer(&payload, pointer_bytes);
  out->pid = seep_cursor_u32(&payload);
  out->timestamp = seep_cursor_u32(&payload);
  out->original_name = seep_trace__wide(&payload);
  return !payload.failed;
}

/* Linkers write the path of the machine that they ran on: it says nothing here, and a debugger leaves it out
 * too. */
static void drop_folders(seep_trace_text *path)
{
  size_t start = path->size;
  while (start > 0 && path->bytes[start - 1] != '\\' && path->bytes[start - 1] != '/') {
    start--;
  }
  path->bytes += start;
  path->size -= start;
}

bool seep_trace_take_pdb_id(const seep_trace_record *record, seep_trace_pdb_id *out)
{
  static const uint8_t no_guid[GUID_BYTES] = {0};
  unsigned pointer_bytes = seep_trace__pointer_bytes(record, 0);
  seep_cursor payload = seep_trace__payload(record);
  out->base = seep_trace__pointer(&payload, pointer_bytes);
  out->pid = seep_cursor_u32(&payload);
  out->guid = seep_cursor_bytes(&payload, GUID_BYTES);
  out->age = seep_cursor_u32(&payload);
  out->name = seep_trace__narrow(&payload);
  if (out->guid == NULL) {
    out->guid = no_guid;
  }
  drop_folders(&out->name);
  return !payload.failed;
}

bool seep_trace_take_file_version(const seep_trace_record *record, seep_trace_file_version *out)
{
  seep_cursor payload = seep_trace__payload(record);
  out->image_size_bytes = seep_cursor_u32(&payload);
  out->timestamp = seep_cursor_u32(&payload);
  out->original_name = seep_trace__wide(&payload);
  out->description = seep_trace__wide(&payload);
  out->file_version = seep_trace__wide(&payload);
  (void)seep_trace__wide(&payload); /* the version in numbers */
  (void)seep_trace__wide(&payload); /* language */
  out->product = seep_trace__wide(&payload);
  out->company = seep_trace__wide(&payload);
  return !payload.failed;
}

bool seep_trace_take_volume(const seep_trace_record *record, seep_trace_volume *out)
{
  seep_cursor payload = seep_trace__payload(record);
  out->device_path = seep_trace__wide(&payload);
  out->dos_path = seep_trace__wide(&payload);
  return !payload.failed && out->device_path.size != 0; /* "\??\" is mapped to nothing (seen) */
}

bool seep_trace_take_paths(const seep_trace_record *record, seep_trace_paths *out)
{
  seep_cursor payload = seep_trace__payload(record);
  out->system = seep_trace__wide(&payload);
  out->windows = seep_trace__wide(&payload);
  return !payload.failed && out->system.size != 0 && out->windows.size != 0;
}

bool seep_trace_take_page_bytes(const seep_trace_record *record, uint32_t *page_bytes)
{
  seep_cursor payload = seep_trace__payload(record);
  seep_cursor_skip(&payload, 3u * 4u); /* clock rate, processors, memory */
  uint32_t bytes = seep_cursor_u32(&payload);
  bool makes_sense = bytes >= PAGE_BYTES_LEAST && bytes <= PAGE_BYTES_MOST && (bytes & (bytes - 1)) == 0;
  *page_bytes = bytes;
  return !payload.failed && makes_sense;
}
