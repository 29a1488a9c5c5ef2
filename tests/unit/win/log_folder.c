/*
 * The stand-in's logs as folders under the current one. Events are written beside their place and renamed,
 * because the stand-in may look at any moment.
 */
#include "log_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "base/clock.h"

#define ROOT "test-win-log"

static void write_file(const char *name, const char *text)
{
  char path[256];
  char temporary[256];
  snprintf(path, sizeof path, ROOT "/%s", name);
  snprintf(temporary, sizeof temporary, ROOT "/%s.tmp", name);
  FILE *file = fopen(temporary, "wb");
  if (file == NULL || fwrite(text, 1, strlen(text), file) != strlen(text) || fclose(file) != 0) {
    fprintf(stderr, "cannot write %s\n", temporary);
    abort();
  }
  remove(path);
  if (rename(temporary, path) != 0) {
    fprintf(stderr, "cannot rename to %s\n", path);
    abort();
  }
}

static void remove_all_events(const wchar_t *folder)
{
  WIN32_FIND_DATAW entry;
  wchar_t pattern[64];
  swprintf(pattern, 64, L"test-win-log\\%ls\\*.*", folder);
  HANDLE search = FindFirstFileW(pattern, &entry);
  if (search == INVALID_HANDLE_VALUE) {
    return;
  }
  do {
    wchar_t path[600];
    swprintf(path, 600, L"test-win-log\\%ls\\%ls", folder, entry.cFileName);
    DeleteFileW(path);
  } while (FindNextFileW(search, &entry));
  FindClose(search);
}

void log_folder_reset(void)
{
  wchar_t path[2048];
  CreateDirectoryW(L"test-win-log", NULL);
  CreateDirectoryW(L"test-win-log\\events", NULL);
  remove_all_events(L"events");
  log_folder_operational(false);
  remove(ROOT "/wevtapi-misuse.txt");
  log_folder_knobs(NULL);
  GetFullPathNameW(L"test-win-log", 2048, path, NULL);
  SetEnvironmentVariableW(L"SEEPWATCH_STANDIN", path);
}

void log_folder_operational(bool present)
{
  if (present) {
    CreateDirectoryW(L"test-win-log\\operational", NULL);
  } else {
    remove_all_events(L"operational");
    RemoveDirectoryW(L"test-win-log\\operational");
  }
}

static void put(const char *folder, const char *channel, uint64_t record_id, unsigned event_id,
                int64_t age_ms, const char *note)
{
  FILETIME now;
  char time[SEEP_WALL_TEXT_SIZE];
  char name[64];
  size_t size = strlen(note) + 1024;
  char *text = malloc(size);
  if (text == NULL) {
    abort();
  }
  GetSystemTimeAsFileTime(&now);
  seep_wall wall = seep_wall_from_filetime((uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime);
  wall.ms -= age_ms;
  snprintf(
      text, size,
      "<Event><System><Provider Name='Microsoft-Windows-Resource-Exhaustion-Detector'/><EventID>%u</EventID>"
      "<TimeCreated SystemTime='%s'/><EventRecordID>%llu</EventRecordID><Channel>%s</Channel></System>"
      "<UserData>%s</UserData></Event>",
      event_id, seep_wall_text(wall, time, sizeof time), (unsigned long long)record_id, channel, note);
  snprintf(name, sizeof name, "%s/%llu.xml", folder, (unsigned long long)record_id);
  write_file(name, text);
  free(text);
}

void log_folder_put(uint64_t record_id, unsigned event_id, int64_t age_ms, const char *note)
{
  put("events", "System", record_id, event_id, age_ms, note);
}

void log_folder_put_notice(uint64_t record_id, unsigned event_id, int64_t age_ms, const char *note)
{
  put("operational", "Microsoft-Windows-Resource-Exhaustion-Detector/Operational", record_id, event_id,
      age_ms, note);
}

void log_folder_remove(uint64_t record_id)
{
  char path[256];
  snprintf(path, sizeof path, ROOT "/events/%llu.xml", (unsigned long long)record_id);
  remove(path);
}

void log_folder_knobs(const char *text)
{
  if (text == NULL) {
    remove(ROOT "/wevtapi-knobs.txt");
  } else {
    write_file("wevtapi-knobs.txt", text);
  }
}

bool log_folder_misused(void)
{
  char line[256];
  FILE *file = fopen(ROOT "/wevtapi-misuse.txt", "rb");
  if (file == NULL) {
    return false;
  }
  while (fgets(line, sizeof line, file) != NULL) {
    fprintf(stderr, "stand-in: %s", line);
  }
  fclose(file);
  return true;
}
