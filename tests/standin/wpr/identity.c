#include "standin/wpr/identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standin/etl_payload.h"
#include "standin/etl_records.h"
#include "standin/wpr/file_facts.h"
#include "standin/wpr/raw_file.h"

#define NOTES_BYTES (512u * 1024u)
#define FILES 256u       /* that versions are told of */
#define END_TIME_AT 0x78 /* in the log file header */
#define OPCODE_SYSTEM_PATHS 33u

/* SystemConfigEx: 9b79ee91-b5fd-41c0-a243-4248e266e9d0 */
static const uint8_t system_class[16] = {0x91, 0xEE, 0x79, 0x9B, 0xFD, 0xB5, 0xC0, 0x41,
                                         0xA2, 0x43, 0x42, 0x48, 0xE2, 0x66, 0xE9, 0xD0};

/* ---- what the session leaves ---- */

bool wpr_identity_note(const wchar_t *notes, uint32_t pid, uint64_t base, uint64_t size_bytes,
                       const wchar_t *path)
{
  char narrow[STANDIN_PATH_UNITS * 3];
  char line[STANDIN_PATH_UNITS * 3 + 64];
  standin_files_narrow(path, narrow, sizeof narrow);
  snprintf(line, sizeof line, "%" PRIu32 " %" PRIx64 " %" PRIu64 " %s\n", pid, base, size_bytes, narrow);
  return standin_files_append(notes, line);
}

bool wpr_identity_device(wchar_t out[WPR_DEVICE_UNITS], const wchar_t *path)
{
  wchar_t drive = (wchar_t)(path[0] >= L'a' && path[0] <= L'z' ? path[0] - L'a' + L'A' : path[0]);
  if (drive < L'A' || drive > L'Z' || path[1] != L':') {
    return false;
  }
  swprintf(out, WPR_DEVICE_UNITS, L"\\Device\\HarddiskVolume%u", (unsigned)(drive - L'A' + 1));
  return true;
}

/* ---- the merge ---- */

typedef struct merge {
  HANDLE trace;
  LONGLONG begin; /* of our buffers in it */
  uint64_t when;  /* FILETIME of all records: the end of the recording */
  etl_writer writer;
  uint32_t told[FILES][2]; /* size and time stamp of files whose version was told */
  size_t told_count;
  bool drives[26]; /* that modules lie on */
} merge;

/* The header buffer is the trace's own; ours follow what is there. */
static bool write_behind(void *context, uint64_t offset, const void *bytes, size_t size)
{
  const merge *self = context;
  LARGE_INTEGER at = {.QuadPart = self->begin + (LONGLONG)offset - (LONGLONG)WPR_RAW_BUFFER_BYTES};
  DWORD written = 0;
  return offset == 0 || (SetFilePointerEx(self->trace, at, NULL, FILE_BEGIN) &&
                         WriteFile(self->trace, bytes, (DWORD)size, &written, NULL) && written == size);
}

static uint64_t next_ticks(merge *self)
{
  return etl_writer_ticks(&self->writer, self->when);
}

static bool is_told(merge *self, const wpr_file_facts *facts)
{
  for (size_t i = 0; i < self->told_count; i++) {
    if (self->told[i][0] == facts->size_bytes && self->told[i][1] == facts->timestamp) {
      return true;
    }
  }
  if (self->told_count < FILES) {
    self->told[self->told_count][0] = facts->size_bytes;
    self->told[self->told_count++][1] = facts->timestamp;
  }
  return false;
}

/* "<pid> <base> <size> <path>" of the notes. */
static bool tell_module(merge *self, const char *line)
{
  static wpr_file_facts facts;
  wchar_t path[STANDIN_PATH_UNITS];
  wchar_t device[WPR_DEVICE_UNITS];
  char *rest = NULL;
  uint32_t pid = (uint32_t)strtoul(line, &rest, 10);
  uint64_t base = strtoull(rest, &rest, 16);
  uint64_t size_bytes = strtoull(rest, &rest, 10);
  standin_files_widen(rest + (*rest == ' '), path, STANDIN_PATH_UNITS);
  if (wpr_identity_device(device, path)) {
    self->drives[(path[0] | 0x20) - L'a'] = true;
  }
  if (!wpr_file_facts_read(path, &facts)) {
    return true; /* gone meanwhile: nothing is told of it */
  }
  const char *slash = strrchr(rest, '\\');
  etl_records_module module = {.name = facts.original_name[0] != '\0' ? facts.original_name
                                       : slash != NULL                ? slash + 1
                                                                      : "",
                               .company = facts.company,
                               .product = facts.product,
                               .description = facts.description,
                               .version = facts.version,
                               .pdb_name = facts.has_pdb ? facts.pdb_name : NULL,
                               .base = base,
                               .size_bytes = (uint32_t)size_bytes,
                               .timestamp = facts.timestamp,
                               .pdb_age = facts.pdb_age};
  memcpy(module.pdb_guid, facts.pdb_guid, sizeof module.pdb_guid);
  return etl_records_add_identity(&self->writer, next_ticks(self), pid, &module) &&
         (!facts.has_version || is_told(self, &facts) ||
          etl_records_add_version(&self->writer, next_ticks(self), &module));
}

static bool tell_modules(merge *self, const wchar_t *notes)
{
  bool done = true;
  char *text = malloc(NOTES_BYTES);
  if (text == NULL) {
    return false;
  }
  standin_files_read(notes, text, NOTES_BYTES);
  for (char *line = text, *end = NULL; done && (end = strchr(line, '\n')) != NULL; line = end + 1) {
    *end = '\0';
    done = tell_module(self, line);
  }
  free(text);
  return done;
}

static bool tell_volumes(merge *self)
{
  bool done = true;
  for (unsigned i = 0; i < sizeof self->drives / sizeof self->drives[0] && done; i++) {
    wchar_t wide[WPR_DEVICE_UNITS];
    char device[WPR_DEVICE_UNITS + 8];
    char drive[] = "A:\\";
    wchar_t path[] = L"A:\\";
    drive[0] = (char)('A' + i);
    path[0] = (wchar_t)(L'A' + i);
    if (self->drives[i] && wpr_identity_device(wide, path)) {
      snprintf(device, sizeof device, "%ls\\", wide);
      done = etl_records_add_volume(&self->writer, next_ticks(self), device, drive);
    }
  }
  return done;
}

static bool tell_paths(merge *self)
{
  wchar_t wide[STANDIN_PATH_UNITS];
  char system[STANDIN_PATH_UNITS];
  char windows[STANDIN_PATH_UNITS];
  etl_payload data;
  GetSystemDirectoryW(wide, STANDIN_PATH_UNITS);
  standin_files_narrow(wide, system, sizeof system);
  GetWindowsDirectoryW(wide, STANDIN_PATH_UNITS);
  standin_files_narrow(wide, windows, sizeof windows);
  data.size = 0;
  etl_payload_text(&data, system, 2);
  etl_payload_text(&data, windows, 2);
  etl_writer_record record = {.form = ETL_WRITER_CLASSIC,
                              .hook = OPCODE_SYSTEM_PATHS,
                              .version = 2,
                              .guid = system_class,
                              .payload = data.bytes,
                              .payload_bytes = data.size};
  return etl_writer_put(&self->writer, next_ticks(self), &record);
}

/* When the recording ended, from the header of its first raw file. */
static uint64_t end_of(HANDLE trace)
{
  LARGE_INTEGER at = {.QuadPart = END_TIME_AT};
  uint64_t end = 0;
  DWORD read = 0;
  return SetFilePointerEx(trace, at, NULL, FILE_BEGIN) && ReadFile(trace, &end, sizeof end, &read, NULL) &&
                 read == sizeof end
             ? end
             : 0;
}

bool wpr_identity_append(const wpr_recording *recording, const wchar_t *notes, HANDLE trace)
{
  static merge self;
  LARGE_INTEGER size = {.QuadPart = 0};
  const etl_writer_settings settings = {.buffer_bytes = WPR_RAW_BUFFER_BYTES,
                                        .processors = 1,
                                        .start_filetime = recording->started,
                                        .logger_name = ""};
  memset(&self, 0, sizeof self);
  self.trace = trace;
  self.when = end_of(trace);
  if (!GetFileSizeEx(trace, &size)) {
    return false;
  }
  self.begin = size.QuadPart;
  bool done = etl_writer_open(&self.writer, &settings, write_behind, &self) && tell_modules(&self, notes) &&
              tell_volumes(&self) && tell_paths(&self);
  return etl_writer_close(&self.writer, self.when, 0) && done;
}
