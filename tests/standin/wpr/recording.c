#include "standin/wpr/recording.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void wpr_recording_file_name(wchar_t *out, size_t out_units, const wchar_t *text)
{
  size_t i = 0;
  for (; text[i] != L'\0' && i + 1 < out_units; i++) {
    out[i] = text[i] < 32 || wcschr(L"\\/:*?\"<>|", text[i]) != NULL ? L'_' : text[i];
  }
  out[i] = L'\0';
}

static bool join(wchar_t path[STANDIN_PATH_UNITS], const wchar_t *folder, const wchar_t *instance,
                 const wchar_t *end)
{
  wchar_t safe[WPR_INSTANCE_UNITS];
  wchar_t name[WPR_INSTANCE_UNITS + 16];
  wpr_recording_file_name(safe, WPR_INSTANCE_UNITS, instance);
  swprintf(name, sizeof name / sizeof name[0], L"wpr-%ls.%ls", safe, end);
  return standin_files_join(path, folder, name);
}

bool wpr_recording_files_of(wpr_recording_files *files, const wchar_t *folder, const wchar_t *instance)
{
  return join(files->state, folder, instance, L"state") && join(files->lock, folder, instance, L"lock") &&
         join(files->stop, folder, instance, L"stop") && join(files->done, folder, instance, L"done") &&
         join(files->snapshots, folder, instance, L"snapshots") &&
         join(files->modules, folder, instance, L"modules");
}

HANDLE wpr_recording_lock(const wpr_recording_files *files)
{
  return CreateFileW(files->lock, GENERIC_WRITE, 0, NULL, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
}

/* The value of the index-th line that starts with key; empty when there is none. */
static void value_of(const char *text, const char *key, unsigned index, wchar_t *out, size_t out_units)
{
  char line[STANDIN_PATH_UNITS];
  size_t key_length = strlen(key);
  out[0] = L'\0';
  while (*text != '\0') {
    size_t length = strcspn(text, "\n");
    if (length < sizeof line && length > key_length && strncmp(text, key, key_length) == 0 &&
        text[key_length] == '=' && index-- == 0) {
      memcpy(line, text + key_length + 1, length - key_length - 1);
      line[length - key_length - 1] = '\0';
      standin_files_widen(line, out, out_units);
      return;
    }
    text += length + (text[length] == '\n' ? 1 : 0);
  }
}

static uint64_t number_of(const char *text, const char *key, unsigned index)
{
  wchar_t value[64];
  value_of(text, key, index, value, 64);
  return wcstoull(value, NULL, 10);
}

bool wpr_recording_load(wpr_recording *recording, const wchar_t *state_path)
{
  char text[16384];
  if (standin_files_read(state_path, text, sizeof text) == 0) {
    return false;
  }
  memset(recording, 0, sizeof *recording);
  recording->session_pid = (uint32_t)number_of(text, "session_pid", 0);
  recording->started = number_of(text, "started", 0);
  recording->file_mode = number_of(text, "file_mode", 0) != 0;
  recording->heap_by_flag = number_of(text, "heap_by_flag", 0) != 0;
  recording->has_snapshots = number_of(text, "has_snapshots", 0) != 0;
  recording->stack_of_heap_allocation = number_of(text, "heap_stack", 0) != 0;
  recording->stack_of_heap_reallocation = number_of(text, "heap_stack", 1) != 0;
  recording->stack_of_heap_free = number_of(text, "heap_stack", 2) != 0;
  for (unsigned i = 0; i < WPR_HEAP_PROCESS_LIMIT; i++) {
    recording->heap_pids[i] = (uint32_t)number_of(text, "heap_pid", i);
  }
  value_of(text, "profile", 0, recording->profile_id, 256);
  value_of(text, "folder", 0, recording->temporary_folder, STANDIN_PATH_UNITS);
  for (unsigned i = 0; i < WPR_COLLECTORS; i++) {
    value_of(text, "raw", i, recording->raw[i].path, STANDIN_PATH_UNITS);
    recording->raw[i].maximum_bytes = number_of(text, "maximum_bytes", i);
    recording->raw[i].is_sequential = number_of(text, "sequential", i) != 0;
  }
  return true;
}

typedef struct state_text {
  char bytes[16384];
  size_t used;
} state_text;

static void add_text(state_text *out, const char *key, const wchar_t *value)
{
  char narrow[STANDIN_PATH_UNITS * 3];
  standin_files_narrow(value, narrow, sizeof narrow);
  int added = snprintf(out->bytes + out->used, sizeof out->bytes - out->used, "%s=%s\n", key, narrow);
  out->used += added > 0 ? (size_t)added : 0;
  out->used = out->used < sizeof out->bytes ? out->used : sizeof out->bytes - 1;
}

static void add_number(state_text *out, const char *key, uint64_t value)
{
  wchar_t text[32];
  swprintf(text, sizeof text / sizeof text[0], L"%" PRIu64, value);
  add_text(out, key, text);
}

bool wpr_recording_save(const wpr_recording *recording, const wchar_t *state_path)
{
  static state_text out;
  out.used = 0;
  add_number(&out, "session_pid", recording->session_pid);
  add_number(&out, "started", recording->started);
  add_number(&out, "file_mode", recording->file_mode);
  add_number(&out, "heap_by_flag", recording->heap_by_flag);
  add_number(&out, "has_snapshots", recording->has_snapshots);
  add_number(&out, "heap_stack", recording->stack_of_heap_allocation);
  add_number(&out, "heap_stack", recording->stack_of_heap_reallocation);
  add_number(&out, "heap_stack", recording->stack_of_heap_free);
  for (size_t i = 0; i < WPR_HEAP_PROCESS_LIMIT; i++) {
    add_number(&out, "heap_pid", recording->heap_pids[i]);
  }
  add_text(&out, "profile", recording->profile_id);
  add_text(&out, "folder", recording->temporary_folder);
  for (size_t i = 0; i < WPR_COLLECTORS; i++) {
    add_text(&out, "raw", recording->raw[i].path);
    add_number(&out, "maximum_bytes", recording->raw[i].maximum_bytes);
    add_number(&out, "sequential", recording->raw[i].is_sequential);
  }
  return out.used + 1 < sizeof out.bytes && standin_files_write(state_path, out.bytes);
}

void wpr_recording_forget(const wpr_recording_files *files, const wpr_recording *recording,
                          bool with_raw_files)
{
  DeleteFileW(files->state);
  DeleteFileW(files->stop);
  DeleteFileW(files->done);
  DeleteFileW(files->snapshots);
  DeleteFileW(files->modules);
  for (size_t i = 0; with_raw_files && i < WPR_COLLECTORS; i++) {
    if (recording->raw[i].path[0] != L'\0') {
      DeleteFileW(recording->raw[i].path);
    }
  }
}
