/*
 * The stand-in's folder on disk: where it is, its knobs, and the list of what the caller did wrong.
 */
#include "standin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KNOBS L"wevtapi-knobs.txt"
#define MISUSE L"wevtapi-misuse.txt"
#define LARGEST_FILE (4u * 1024u * 1024u)
#define FAULTS 16
#define KNOB_NAME_SIZE 64

bool standin_folder_path(const wchar_t *relative, wchar_t *out)
{
  DWORD units = GetEnvironmentVariableW(L"SEEPWATCH_STANDIN", out, STANDIN_PATH_UNITS);
  if (units == 0) {
    wcscpy(out, L"C:\\ProgramData\\SeepwatchStandin");
    units = (DWORD)wcslen(out);
  }
  if (units + wcslen(relative) + 2 > STANDIN_PATH_UNITS) {
    return false;
  }
  out[units] = L'\\';
  wcscpy(out + units + 1, relative);
  return true;
}

char *standin_folder_read(const wchar_t *path, size_t *size)
{
  HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                            OPEN_EXISTING, 0, NULL);
  if (file == INVALID_HANDLE_VALUE) {
    return NULL;
  }
  LARGE_INTEGER length;
  char *text = NULL;
  if (GetFileSizeEx(file, &length) && length.QuadPart <= LARGEST_FILE) {
    text = malloc((size_t)length.QuadPart + 1);
  }
  DWORD read = 0;
  if (text != NULL && !ReadFile(file, text, (DWORD)length.QuadPart, &read, NULL)) {
    free(text);
    text = NULL;
  }
  CloseHandle(file);
  if (text != NULL) {
    text[read] = '\0';
    *size = read;
  }
  return text;
}

static bool find_knob(const char *text, const char *name, long long *value)
{
  size_t length = strlen(name);
  for (const char *line = text; line != NULL && *line != '\0';) {
    if (strncmp(line, name, length) == 0 && line[length] == '=') {
      *value = strtoll(line + length + 1, NULL, 0);
      return true;
    }
    line = strchr(line, '\n');
    line = line != NULL ? line + 1 : NULL;
  }
  return false;
}

bool standin_folder_knob(standin_log log, const char *name, long long *value)
{
  char full_name[KNOB_NAME_SIZE];
  wchar_t path[STANDIN_PATH_UNITS];
  size_t size = 0;
  char *text = standin_folder_path(KNOBS, path) ? standin_folder_read(path, &size) : NULL;
  snprintf(full_name, sizeof full_name, "%s%s", log == STANDIN_OPERATIONAL ? "operational_" : "", name);
  bool found = text != NULL && find_knob(text, full_name, value);
  free(text);
  return found;
}

static FILETIME knobs_written(void)
{
  wchar_t path[STANDIN_PATH_UNITS];
  WIN32_FILE_ATTRIBUTE_DATA data = {0};
  if (standin_folder_path(KNOBS, path)) {
    GetFileAttributesExW(path, GetFileExInfoStandard, &data);
  }
  return data.ftLastWriteTime;
}

typedef struct fault {
  standin_log log;
  char name[KNOB_NAME_SIZE];
  FILETIME written;
  long long used;
} fault;

static fault *fault_of(standin_log log, const char *name)
{
  static fault faults[FAULTS];
  for (size_t i = 0; i < FAULTS; i++) {
    if (faults[i].name[0] == '\0') {
      snprintf(faults[i].name, sizeof faults[i].name, "%s", name);
      faults[i].log = log;
    }
    if (faults[i].log == log && strcmp(faults[i].name, name) == 0) {
      return &faults[i];
    }
  }
  return NULL;
}

bool standin_folder_fault(standin_log log, const char *name, DWORD *code)
{
  long long value = 0;
  long long times = 0;
  char times_name[KNOB_NAME_SIZE];
  snprintf(times_name, sizeof times_name, "%s_times", name);
  if (!standin_folder_knob(log, name, &value)) {
    return false;
  }
  *code = (DWORD)value;
  if (!standin_folder_knob(log, times_name, &times)) {
    return true;
  }
  fault *state = fault_of(log, name);
  if (state == NULL) {
    return true;
  }
  FILETIME written = knobs_written();
  if (CompareFileTime(&written, &state->written) != 0) {
    state->written = written;
    state->used = 0;
  }
  return state->used++ < times;
}

void standin_folder_misuse(const char *what)
{
  wchar_t path[STANDIN_PATH_UNITS];
  if (!standin_folder_path(MISUSE, path)) {
    return;
  }
  HANDLE file =
      CreateFileW(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_ALWAYS, 0, NULL);
  if (file == INVALID_HANDLE_VALUE) {
    return;
  }
  char line[256];
  int length = snprintf(line, sizeof line, "pid %lu: %s\r\n", (unsigned long)GetCurrentProcessId(), what);
  DWORD written = 0;
  WriteFile(file, line, (DWORD)(length < (int)sizeof line ? length : (int)sizeof line - 1), &written, NULL);
  CloseHandle(file);
}
