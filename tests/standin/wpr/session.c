#include "standin/wpr/session.h"

#include <windows.h>
#include <tlhelp32.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standin/wpr/knobs.h"
#include "standin/wpr/raw_file.h"
#include "standin/wpr/snapshot.h"
#include "standin/wpr/target.h"

#define TICK_MS 250
#define LIMIT_TICKS (10 * 60 * 1000 / TICK_MS)
#define START_WAIT_MS 10000
#define TICKS_PER_SECOND UINT64_C(10000000)
#define BACKGROUND_PER_TICK 400000u /* records; about 16 MB */

typedef struct session {
  wchar_t folder[STANDIN_PATH_UNITS];
  const wchar_t *instance;
  wpr_recording_files files;
  wpr_recording recording;
  wpr_knobs knobs;
  wpr_raw raw[WPR_COLLECTORS];
  wpr_targets *targets;
  wpr_snapshot_requests requests;
} session;

static bool open_session(session *self, const wchar_t *instance)
{
  static const char *const collectors[WPR_COLLECTORS] = {"System", "Event", "Heap"};
  char name[WPR_INSTANCE_UNITS * 3];
  char logger[WPR_INSTANCE_UNITS * 3 + 64];
  self->instance = instance;
  standin_files_narrow(instance, name, sizeof name);
  if (!standin_files_folder(self->folder) || !wpr_recording_files_of(&self->files, self->folder, instance) ||
      !wpr_recording_load(&self->recording, self->files.state)) {
    return false;
  }
  wpr_knobs_load(&self->knobs, self->folder);
  self->targets = wpr_targets_new(self->folder, &self->recording);
  if (self->targets == NULL) {
    return false;
  }
  /* The event collector's file comes last: whoever waits for the session waits for that one. */
  static const wpr_collector_kind order[WPR_COLLECTORS] = {WPR_COLLECTOR_SYSTEM, WPR_COLLECTOR_HEAP,
                                                           WPR_COLLECTOR_EVENT};
  for (size_t i = 0; i < WPR_COLLECTORS; i++) {
    snprintf(logger, sizeof logger, "WPR_initiated_%s_WPR %s Collector", name, collectors[order[i]]);
    if (!wpr_raw_open(&self->raw[order[i]], &self->recording.raw[order[i]], &self->recording,
                      self->knobs.version, logger)) {
      return false;
    }
  }
  wpr_targets_rundown(&self->raw[WPR_COLLECTOR_SYSTEM].writer, ETL_WRITER_DCSTART);
  return true;
}

/* A whole machine's events grow the raw file at the rate of the knob, whatever the targets do. */
static void write_background(session *self)
{
  etl_writer *writer = &self->raw[WPR_COLLECTOR_SYSTEM].writer;
  uint64_t now = standin_files_now();
  uint64_t elapsed = now > self->recording.started ? now - self->recording.started : 0;
  uint64_t wanted = self->knobs.raw_bytes_per_s * elapsed / TICKS_PER_SECOND;
  for (uint32_t i = 0; i < BACKGROUND_PER_TICK; i++) {
    if ((uint64_t)writer->buffers * WPR_RAW_BUFFER_BYTES + writer->used >= wanted ||
        !etl_writer_add_background(writer, now)) {
      break;
    }
  }
}

static void record(session *self)
{
  if (self->knobs.no_events) {
    return;
  }
  wpr_raw *heap = &self->raw[WPR_COLLECTOR_HEAP];
  bool has_heap = heap->is_open && wpr_session_owns_heap(self->folder, self->instance);
  wpr_targets_poll(self->targets, &self->raw[WPR_COLLECTOR_SYSTEM].writer, has_heap ? &heap->writer : NULL);
  if (self->recording.has_snapshots) {
    wpr_snapshot_requests_take(&self->requests, self->files.snapshots,
                               &self->raw[WPR_COLLECTOR_EVENT].writer);
  }
  write_background(self);
  for (size_t i = 0; i < WPR_COLLECTORS; i++) {
    wpr_raw_flush(&self->raw[i], self->knobs.raw_bytes_per_s);
  }
}

/* keep = the raw files are complete and wait for a stop. */
static int end_session(session *self, bool keep)
{
  etl_writer *writer = &self->raw[WPR_COLLECTOR_SYSTEM].writer;
  bool written = true;
  record(self);
  wpr_targets_images(self->targets, writer, self->files.modules);
  wpr_targets_rundown(writer, ETL_WRITER_DCEND);
  for (size_t i = 0; i < WPR_COLLECTORS; i++) {
    written = wpr_raw_close(&self->raw[i], standin_files_now(), self->knobs.events_lost) && written;
  }
  wpr_targets_free(self->targets);
  if (keep && written) {
    standin_files_write(self->files.done, "done\n");
  }
  return written ? 0 : 1;
}

int wpr_session_run(const wchar_t *instance)
{
  static session self;
  if (!open_session(&self, instance)) {
    return 1;
  }
  for (unsigned tick = 0; tick < LIMIT_TICKS; tick++) {
    Sleep(TICK_MS);
    wpr_knobs_load(&self.knobs, self.folder);
    if (!standin_files_exists(self.files.state)) {
      return end_session(&self, false);
    }
    if (self.knobs.foreign_cancel) {
      int result = end_session(&self, false);
      wpr_recording_forget(&self.files, &self.recording, true);
      return result;
    }
    if (standin_files_exists(self.files.stop)) {
      break;
    }
    record(&self);
  }
  return end_session(&self, true);
}

/* A process that is in no job, to be the parent of one that is not in ours; NULL when there is none. */
static HANDLE find_parent(void)
{
  PROCESSENTRY32W entry;
  HANDLE found = NULL;
  HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
  if (snapshot == INVALID_HANDLE_VALUE) {
    return NULL;
  }
  entry.dwSize = sizeof entry;
  for (BOOL more = Process32FirstW(snapshot, &entry); more && found == NULL;
       more = Process32NextW(snapshot, &entry)) {
    BOOL in_job = TRUE;
    found = OpenProcess(PROCESS_CREATE_PROCESS | PROCESS_QUERY_INFORMATION, FALSE, entry.th32ProcessID);
    if (found != NULL && (!IsProcessInJob(found, NULL, &in_job) || in_job)) {
      CloseHandle(found);
      found = NULL;
    }
  }
  CloseHandle(snapshot);
  return found;
}

static bool spawn_under(HANDLE parent, const wchar_t *program, wchar_t *command_line, DWORD flags,
                        PROCESS_INFORMATION *process)
{
  STARTUPINFOEXW startup;
  SIZE_T size = 0;
  memset(&startup, 0, sizeof startup);
  startup.StartupInfo.cb = sizeof startup;
  InitializeProcThreadAttributeList(NULL, 1, 0, &size);
  startup.lpAttributeList = malloc(size);
  if (startup.lpAttributeList == NULL ||
      !InitializeProcThreadAttributeList(startup.lpAttributeList, 1, 0, &size)) {
    free(startup.lpAttributeList);
    return false;
  }
  bool started =
      UpdateProcThreadAttribute(startup.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_PARENT_PROCESS, &parent,
                                sizeof parent, NULL, NULL) &&
      CreateProcessW(program, command_line, NULL, NULL, FALSE, flags | EXTENDED_STARTUPINFO_PRESENT, NULL,
                     NULL, &startup.StartupInfo, process);
  DeleteProcThreadAttributeList(startup.lpAttributeList);
  free(startup.lpAttributeList);
  return started;
}

/* A real session is the kernel's and in nobody's job. So the process that plays it is outside any job that
 * lets it go, else the child of a process that is in none. It has no handles of ours: the caller's pipes must
 * close when wpr.exe ends. */
static bool spawn(wchar_t *command_line, PROCESS_INFORMATION *process)
{
  wchar_t program[STANDIN_PATH_UNITS];
  STARTUPINFOW startup;
  DWORD flags = DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP | CREATE_SUSPENDED;
  memset(&startup, 0, sizeof startup);
  startup.cb = sizeof startup;
  DWORD length = GetModuleFileNameW(NULL, program, STANDIN_PATH_UNITS);
  if (length == 0 || length >= STANDIN_PATH_UNITS) {
    return false;
  }
  if (CreateProcessW(program, command_line, NULL, NULL, FALSE, flags | CREATE_BREAKAWAY_FROM_JOB, NULL, NULL,
                     &startup, process)) {
    return true;
  }
  HANDLE parent = find_parent();
  bool started = parent != NULL && spawn_under(parent, program, command_line, flags, process);
  if (parent != NULL) {
    CloseHandle(parent);
  }
  return started ||
         CreateProcessW(program, command_line, NULL, NULL, FALSE, flags, NULL, NULL, &startup, process);
}

bool wpr_session_spawn(wpr_recording *recording, const wpr_recording_files *files, const wchar_t *instance)
{
  wchar_t command_line[WPR_INSTANCE_UNITS + 64];
  PROCESS_INFORMATION process;
  DWORD ended = WAIT_TIMEOUT;
  swprintf(command_line, sizeof command_line / sizeof command_line[0], L"wpr.exe %ls \"%ls\"",
           WPR_SESSION_VERB, instance);
  DeleteFileW(files->stop);
  DeleteFileW(files->done);
  DeleteFileW(files->snapshots);
  DeleteFileW(files->modules);
  if (!spawn(command_line, &process)) {
    return false;
  }
  recording->session_pid = process.dwProcessId;
  bool saved = wpr_recording_save(recording, files->state);
  ResumeThread(process.hThread);
  for (unsigned waited = 0; waited < START_WAIT_MS && ended == WAIT_TIMEOUT; waited += 50) {
    if (standin_files_exists(recording->raw[WPR_COLLECTOR_EVENT].path)) {
      break;
    }
    ended = WaitForSingleObject(process.hProcess, 50);
  }
  CloseHandle(process.hThread);
  CloseHandle(process.hProcess);
  return saved && ended == WAIT_TIMEOUT;
}

/* ---- the machine's one heap session ---- */

static bool owner_file(wchar_t path[STANDIN_PATH_UNITS], const wchar_t *folder)
{
  return standin_files_join(path, folder, L"wpr-heap-session.txt");
}

void wpr_session_take_heap(const wchar_t *folder, const wchar_t *instance)
{
  wchar_t path[STANDIN_PATH_UNITS];
  char name[WPR_INSTANCE_UNITS * 3];
  standin_files_narrow(instance, name, sizeof name);
  if (owner_file(path, folder)) {
    standin_files_write(path, name);
  }
}

bool wpr_session_owns_heap(const wchar_t *folder, const wchar_t *instance)
{
  wchar_t path[STANDIN_PATH_UNITS];
  char name[WPR_INSTANCE_UNITS * 3];
  char owner[WPR_INSTANCE_UNITS * 3] = "";
  standin_files_narrow(instance, name, sizeof name);
  return owner_file(path, folder) && standin_files_read(path, owner, sizeof owner) > 0 &&
         strcmp(owner, name) == 0;
}

bool wpr_session_wait(const wpr_recording *recording, const wpr_recording_files *files, unsigned seconds)
{
  HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, recording->session_pid);
  if (process == NULL) {
    return true;
  }
  bool ended = false;
  for (unsigned waited = 0; waited < seconds * 10 && !ended; waited++) {
    ended = WaitForSingleObject(process, 100) == WAIT_OBJECT_0 || standin_files_exists(files->done);
  }
  CloseHandle(process);
  return ended;
}
