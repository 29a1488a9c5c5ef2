#include "standin/wpr/snapshot.h"

#include <windows.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standin/wpr/output.h"

#define LEAST_INTERVAL_S 5u
#define TICKS_PER_SECOND UINT64_C(10000000)
#define REQUESTS_BYTES 16384u

/* 901d2afa-4ff6-46d7-8d0e-53645e1a47f5 */
static const uint8_t provider[16] = {0xFA, 0x2A, 0x1D, 0x90, 0xF6, 0x4F, 0xD7, 0x46,
                                     0x8D, 0x0E, 0x53, 0x64, 0x5E, 0x1A, 0x47, 0xF5};

/* ---- processes ---- */

/* When the process was created, and the file name of its image; 0 when there is none. */
static uint64_t created(uint32_t pid, wchar_t image[STANDIN_PATH_UNITS])
{
  FILETIME start = {0, 0};
  FILETIME other;
  DWORD units = STANDIN_PATH_UNITS;
  DWORD exit_code = 0;
  HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
  image[0] = L'\0';
  if (process == NULL) {
    return 0;
  }
  bool runs = GetExitCodeProcess(process, &exit_code) && exit_code == STILL_ACTIVE &&
              GetProcessTimes(process, &start, &other, &other, &other);
  if (QueryFullProcessImageNameW(process, 0, image, &units)) {
    const wchar_t *name = wcsrchr(image, L'\\');
    if (name != NULL) {
      memmove(image, name + 1, (wcslen(name + 1) + 1) * sizeof *image);
    }
  }
  CloseHandle(process);
  return runs ? (uint64_t)start.dwHighDateTime << 32 | start.dwLowDateTime : 0;
}

static bool pid_file(wchar_t path[STANDIN_PATH_UNITS], const wpr_context *context, uint32_t pid)
{
  wchar_t name[64];
  swprintf(name, sizeof name / sizeof name[0], L"snapshot-%lu.state", (unsigned long)pid);
  return standin_files_join(path, context->folder, name);
}

static bool name_file(wchar_t path[STANDIN_PATH_UNITS], const wpr_context *context, const wchar_t *process)
{
  wchar_t safe[256];
  wchar_t name[300];
  wpr_recording_file_name(safe, sizeof safe / sizeof safe[0], process);
  swprintf(name, sizeof name / sizeof name[0], L"snapshot-name-%ls.state", safe);
  return standin_files_join(path, context->folder, name);
}

static uint64_t time_in(const wchar_t *path)
{
  char text[32] = "";
  standin_files_read(path, text, sizeof text);
  return strtoull(text, NULL, 10);
}

static bool write_time(const wchar_t *path, uint64_t time)
{
  char text[32];
  snprintf(text, sizeof text, "%" PRIu64 "\n", time);
  return standin_files_write(path, text);
}

/* By its PID since it was created, or by its name from before that. */
static bool is_enabled(const wpr_context *context, uint32_t pid)
{
  wchar_t image[STANDIN_PATH_UNITS];
  wchar_t path[STANDIN_PATH_UNITS];
  uint64_t start = created(pid, image);
  if (!pid_file(path, context, pid)) {
    return false;
  }
  if (start != 0 && standin_files_exists(path) && time_in(path) == start) {
    return true;
  }
  DeleteFileW(path); /* of a process that is gone, perhaps with another one under its id */
  return start != 0 && name_file(path, context, image) && standin_files_exists(path) && time_in(path) < start;
}

/* ---- verbs ---- */

static uint32_t fail(uint32_t code)
{
  wpr_output_error(code, NULL);
  return code;
}

static void say(const char *what, const char *of, const char *name)
{
  char text[400];
  snprintf(text, sizeof text, "Heap snapshot %s for %s %s.", what, of, name);
  wpr_output_say(text);
}

static uint32_t configure_name(const wpr_context *context, bool enable)
{
  wchar_t path[STANDIN_PATH_UNITS];
  char name[260];
  const wpr_command_line *line = &context->line;
  if (!name_file(path, context, line->process_name)) {
    return fail(WPR_BAD_ARGUMENT);
  }
  standin_files_narrow(line->process_name, name, sizeof name);
  if (line->action == NULL) {
    say(standin_files_exists(path) ? "is enabled" : "is disabled", "process", name);
    return 0;
  }
  if (!enable) {
    DeleteFileW(path);
  } else if (!write_time(path, standin_files_now())) {
    return fail(WPR_FAILED);
  }
  say(enable ? "was enabled" : "was disabled", "process", name);
  return 0;
}

static uint32_t configure_pid(const wpr_context *context, uint32_t pid, bool enable)
{
  wchar_t path[STANDIN_PATH_UNITS];
  wchar_t image[STANDIN_PATH_UNITS];
  char name[16];
  uint64_t start = created(pid, image);
  if (!pid_file(path, context, pid) || (enable && start == 0)) {
    return fail(WPR_BAD_ARGUMENT);
  }
  if (!enable) {
    DeleteFileW(path);
  } else if (!write_time(path, start)) {
    return fail(WPR_FAILED);
  }
  snprintf(name, sizeof name, "%" PRIu32, pid);
  say(enable ? "was enabled" : "was disabled", "pid", name);
  return 0;
}

uint32_t wpr_snapshot_config(wpr_context *context)
{
  const wpr_command_line *line = &context->line;
  bool enable = line->action != NULL && _wcsicmp(line->action, L"enable") == 0;
  uint32_t code = 0;
  if (line->process_name != NULL) {
    return configure_name(context, enable);
  }
  if (line->pid_count > WPR_SNAPSHOT_PIDS) {
    return fail(WPR_BAD_ARGUMENT);
  }
  for (size_t i = 0; i < line->pid_count && code == 0; i++) {
    code = configure_pid(context, line->pids[i], enable);
  }
  return code;
}

/* Hands the session what it is asked for; it looks there at every tick and once more at its end. */
static uint32_t request(const wpr_context *context, uint32_t interval_s)
{
  const wpr_command_line *line = &context->line;
  char text[256];
  if (!standin_files_exists(context->files.state)) {
    return fail(WPR_NOT_RUNNING);
  }
  if (line->pid_count > WPR_SNAPSHOT_PIDS) {
    return fail(WPR_BAD_ARGUMENT);
  }
  int used = snprintf(text, sizeof text, "%s %" PRIu32,
                      line->verb == WPR_VERB_SINGLE_SNAPSHOT ? "single" : "every", interval_s);
  for (size_t i = 0; i < line->pid_count; i++) {
    if (!is_enabled(context, line->pids[i])) {
      return fail(WPR_NOT_FOUND);
    }
    used += snprintf(text + used, sizeof text - (size_t)used, " %" PRIu32, line->pids[i]);
  }
  snprintf(text + used, sizeof text - (size_t)used, "\n");
  return standin_files_append(context->files.snapshots, text) ? 0 : fail(WPR_FAILED);
}

uint32_t wpr_snapshot_single(wpr_context *context)
{
  return request(context, 0);
}

uint32_t wpr_snapshot_periodic_on(wpr_context *context)
{
  return context->line.interval_s < LEAST_INTERVAL_S ? fail(WPR_BAD_ARGUMENT)
                                                     : request(context, context->line.interval_s);
}

uint32_t wpr_snapshot_periodic_off(wpr_context *context)
{
  return request(context, 0);
}

/* ---- in the session ---- */

static void write_snapshot(etl_writer *writer, uint32_t pid)
{
  static const char payload[] = "stand-in snapshot";
  etl_writer_event event = {
      .id = 1, .pid = pid, .tid = pid, .payload = payload, .payload_bytes = sizeof payload};
  memcpy(event.provider, provider, sizeof provider);
  etl_writer_add_event(writer, standin_files_now(), &event);
}

/* "single 0 <pid>..." or "every <seconds> <pid>...". */
static void take_request(wpr_snapshot_requests *requests, const char *line, etl_writer *writer)
{
  bool is_single = strncmp(line, "single ", 7) == 0;
  char *rest = NULL;
  size_t count = 0;
  uint32_t interval_s = (uint32_t)strtoul(strchr(line, ' '), &rest, 10);
  if (!is_single) {
    memset(requests->pids, 0, sizeof requests->pids);
    requests->interval_s = interval_s;
    requests->next = standin_files_now() + interval_s * TICKS_PER_SECOND;
  }
  for (; *rest == ' ' && count < WPR_SNAPSHOT_PIDS; count++) {
    uint32_t pid = (uint32_t)strtoul(rest, &rest, 10);
    if (is_single) {
      write_snapshot(writer, pid);
    } else {
      requests->pids[count] = pid;
    }
  }
}

void wpr_snapshot_requests_take(wpr_snapshot_requests *requests, const wchar_t *path, etl_writer *writer)
{
  static char text[REQUESTS_BYTES];
  size_t size = standin_files_read(path, text, sizeof text);
  while (requests->read_bytes < size && strchr(text + requests->read_bytes, '\n') != NULL) {
    const char *line = text + requests->read_bytes;
    if (strchr(line, ' ') != NULL) {
      take_request(requests, line, writer);
    }
    requests->read_bytes += (size_t)(strchr(line, '\n') - line) + 1;
  }
  if (requests->interval_s == 0 || standin_files_now() < requests->next) {
    return;
  }
  requests->next += requests->interval_s * TICKS_PER_SECOND;
  for (size_t i = 0; i < WPR_SNAPSHOT_PIDS && requests->pids[i] != 0; i++) {
    write_snapshot(writer, requests->pids[i]);
  }
}
