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
         join(files->stop, folder, instance, L"stop") && join(files->done, folder, instance, L"done");
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

bool wpr_recording_load(wpr_recording *recording, const wchar_t *state_path)
{
  char text[8192];
  wchar_t value[64];
  if (standin_files_read(state_path, text, sizeof text) == 0) {
    return false;
  }
  value_of(text, "session_pid", 0, value, 64);
  recording->session_pid = (uint32_t)wcstoul(value, NULL, 10);
  value_of(text, "started", 0, value, 64);
  recording->started = wcstoull(value, NULL, 10);
  value_of(text, "mode", 0, value, 64);
  recording->file_mode = wcscmp(value, L"File") == 0;
  value_of(text, "profile", 0, recording->profile_id, 256);
  value_of(text, "folder", 0, recording->temporary_folder, STANDIN_PATH_UNITS);
  for (unsigned i = 0; i < WPR_RAW_FILES; i++) {
    value_of(text, "raw", i, recording->raw[i], STANDIN_PATH_UNITS);
  }
  return true;
}

bool wpr_recording_save(const wpr_recording *recording, const wchar_t *state_path)
{
  char text[8192];
  char value[STANDIN_PATH_UNITS * 3];
  int used = snprintf(text, sizeof text, "session_pid=%" PRIu32 "\nstarted=%" PRIu64 "\nmode=%s\n",
                      recording->session_pid, recording->started, recording->file_mode ? "File" : "Memory");
  const wchar_t *const values[] = {recording->profile_id, recording->temporary_folder, recording->raw[0],
                                   recording->raw[1]};
  static const char *const keys[] = {"profile", "folder", "raw", "raw"};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    standin_files_narrow(values[i], value, sizeof value);
    if (used < 0 || (size_t)used >= sizeof text) {
      return false;
    }
    used += snprintf(text + used, sizeof text - (size_t)used, "%s=%s\n", keys[i], value);
  }
  return used > 0 && (size_t)used < sizeof text && standin_files_write(state_path, text);
}

void wpr_recording_forget(const wpr_recording_files *files, const wpr_recording *recording,
                          bool with_raw_files)
{
  DeleteFileW(files->state);
  DeleteFileW(files->stop);
  DeleteFileW(files->done);
  for (size_t i = 0; with_raw_files && i < WPR_RAW_FILES; i++) {
    DeleteFileW(recording->raw[i]);
  }
}
