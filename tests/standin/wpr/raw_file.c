#include "standin/wpr/raw_file.h"

#include <stdlib.h>
#include <string.h>

#include "standin/wpr/identity.h"
#include "standin/wpr/output.h"

#define TICKS_PER_SECOND UINT64_C(10000000)
#define MODE_SEQUENTIAL 0x1u
#define MODE_CIRCULAR 0x2u
#define MODE_SYSTEM_LOGGER 0x02000000u
#define MODE_MERGED 0x10000u

/* Fields of the log file header, in the first record: 0x48 + 0x20 on. */
#define MODE_AT 0x88u
#define BUFFERS_WRITTEN_AT 0x8Cu

/* ---- writing ---- */

/* Where the buffer that belongs at `offset` really goes; false when the file is full. */
static bool place(const wpr_raw *raw, uint64_t *offset)
{
  uint64_t slots = raw->settings.maximum_bytes / WPR_RAW_BUFFER_BYTES;
  uint64_t index = *offset / WPR_RAW_BUFFER_BYTES;
  if (raw->settings.maximum_bytes == 0 || index < slots || index == 0) {
    return true;
  }
  if (raw->settings.is_sequential || slots < 2) {
    return false;
  }
  *offset = (1 + (index - 1) % (slots - 1)) * WPR_RAW_BUFFER_BYTES;
  return true;
}

static bool write_at(void *context, uint64_t offset, const void *bytes, size_t size)
{
  const wpr_raw *raw = context;
  LARGE_INTEGER at;
  DWORD written = 0;
  if (!place(raw, &offset)) {
    return true;
  }
  at.QuadPart = (LONGLONG)offset;
  return SetFilePointerEx(raw->file, at, NULL, FILE_BEGIN) &&
         WriteFile(raw->file, bytes, (DWORD)size, &written, NULL) && written == size;
}

bool wpr_raw_open(wpr_raw *raw, const wpr_raw_file *settings, const wpr_recording *recording, uint32_t build,
                  const char *logger_name)
{
  SYSTEM_INFO system;
  GetSystemInfo(&system);
  memset(raw, 0, sizeof *raw);
  raw->settings = *settings;
  if (settings->path[0] == L'\0') {
    return true;
  }
  bool is_ring = settings->maximum_bytes > 0 && !settings->is_sequential;
  etl_writer_settings header = {WPR_RAW_BUFFER_BYTES,
                                system.dwNumberOfProcessors,
                                build,
                                MODE_SYSTEM_LOGGER | (is_ring ? MODE_CIRCULAR : MODE_SEQUENTIAL),
                                recording->started,
                                logger_name};
  raw->file = CreateFileW(settings->path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_DELETE,
                          NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
  raw->is_open = raw->file != INVALID_HANDLE_VALUE && etl_writer_open(&raw->writer, &header, write_at, raw);
  raw->last_flush = standin_files_now();
  return raw->is_open;
}

void wpr_raw_flush(wpr_raw *raw, uint64_t bytes_per_s)
{
  uint64_t interval = WPR_RAW_BUFFER_BYTES * TICKS_PER_SECOND / (bytes_per_s > 0 ? bytes_per_s : 1);
  interval = interval < TICKS_PER_SECOND ? TICKS_PER_SECOND : interval;
  if (raw->is_open && standin_files_now() - raw->last_flush >= interval) {
    etl_writer_flush(&raw->writer);
    raw->last_flush = standin_files_now();
  }
}

bool wpr_raw_close(wpr_raw *raw, uint64_t end, uint32_t events_lost)
{
  bool written = true;
  if (raw->is_open) {
    written = etl_writer_close(&raw->writer, end, events_lost);
    CloseHandle(raw->file);
    raw->is_open = false;
  }
  return written;
}

/* ---- merging ---- */

/* Buffers are whole and stand for themselves: those of the other files can simply follow, without the header
 * that each of them begins with. */
static uint32_t append(const wchar_t *path, bool with_header, uint64_t limit_bytes, HANDLE to)
{
  uint32_t code = 0;
  DWORD read = 0;
  DWORD written = 0;
  uint64_t copied = 0;
  LARGE_INTEGER begin = {.QuadPart = with_header ? 0 : WPR_RAW_BUFFER_BYTES};
  HANDLE from =
      CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
  uint8_t *chunk = malloc(WPR_RAW_BUFFER_BYTES);
  if (from == INVALID_HANDLE_VALUE) {
    code = WPR_SESSION_DIED;
  } else if (chunk == NULL || !SetFilePointerEx(from, begin, NULL, FILE_BEGIN)) {
    code = WPR_FAILED;
  }
  while (code == 0 && ReadFile(from, chunk, WPR_RAW_BUFFER_BYTES, &read, NULL) && read > 0) {
    if (copied + read > limit_bytes) {
      code = WPR_DISK_FULL;
    } else if (!WriteFile(to, chunk, read, &written, NULL) || written != read) {
      code = GetLastError() == ERROR_DISK_FULL ? WPR_DISK_FULL : WPR_FAILED;
    }
    copied += read;
  }
  free(chunk);
  if (from != INVALID_HANDLE_VALUE) {
    CloseHandle(from);
  }
  return code;
}

static void patch(HANDLE file, LONGLONG offset, uint32_t clear, uint32_t value)
{
  LARGE_INTEGER at = {.QuadPart = offset};
  uint32_t word = 0;
  DWORD count = 0;
  if (SetFilePointerEx(file, at, NULL, FILE_BEGIN) && ReadFile(file, &word, 4, &count, NULL) && count == 4) {
    word = (word & ~clear) | value;
    SetFilePointerEx(file, at, NULL, FILE_BEGIN);
    WriteFile(file, &word, 4, &count, NULL);
  }
}

uint32_t wpr_raw_merge(const wpr_recording *recording, const wchar_t *output, const wchar_t *notes, bool half)
{
  LARGE_INTEGER size = {.QuadPart = 0};
  WIN32_FILE_ATTRIBUTE_DATA first;
  if (!GetFileAttributesExW(recording->raw[0].path, GetFileExInfoStandard, &first)) {
    return WPR_SESSION_DIED;
  }
  HANDLE to =
      CreateFileW(output, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
  if (to == INVALID_HANDLE_VALUE) {
    return WPR_PATH_MISSING;
  }
  uint32_t code = append(recording->raw[0].path, true, half ? first.nFileSizeLow / 2 : UINT64_MAX, to);
  for (size_t i = 1; i < WPR_COLLECTORS && code == 0; i++) {
    if (recording->raw[i].path[0] != L'\0') {
      code = append(recording->raw[i].path, false, UINT64_MAX, to);
    }
  }
  if (code == 0 && notes != NULL && !wpr_identity_append(recording, notes, to)) {
    code = WPR_FAILED;
  }
  if (code == 0 && GetFileSizeEx(to, &size)) {
    patch(to, MODE_AT, 0, MODE_MERGED);
    patch(to, BUFFERS_WRITTEN_AT, UINT32_MAX, (uint32_t)(size.QuadPart / WPR_RAW_BUFFER_BYTES));
  }
  CloseHandle(to);
  return code;
}
