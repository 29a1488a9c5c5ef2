#include "standin/wpr/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standin/etl_writer.h"
#include "standin/wpr/knobs.h"
#include "standin/wpr/target.h"

#define TICK_MS 250
#define LIMIT_TICKS (10 * 60 * 1000 / TICK_MS)
#define START_WAIT_MS 10000
#define BUFFER_BYTES 65536u
#define TICKS_PER_SECOND UINT64_C(10000000)
#define BACKGROUND_PER_TICK 400000u /* records; about 16 MB */
#define LOG_FILE_MODE 0x02000001u   /* sequential file, system logger */

typedef struct session {
  wchar_t folder[STANDIN_PATH_UNITS];
  wpr_recording_files files;
  wpr_recording recording;
  wpr_knobs knobs;
  HANDLE raw;
  etl_writer writer;
  wpr_targets *targets;
  uint64_t last_flush;
} session;

static bool write_raw(void *context, uint64_t offset, const void *bytes, size_t size)
{
  LARGE_INTEGER at;
  DWORD written = 0;
  at.QuadPart = (LONGLONG)offset;
  return SetFilePointerEx(context, at, NULL, FILE_BEGIN) &&
         WriteFile(context, bytes, (DWORD)size, &written, NULL) && written == size;
}

static HANDLE create_raw(const wchar_t *path)
{
  return CreateFileW(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
                     CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
}

/* The event collector's raw file: a header buffer and nothing else, as when no provider says anything. */
static bool write_empty_raw(const wchar_t *path, const etl_writer_settings *settings)
{
  etl_writer writer;
  HANDLE file = create_raw(path);
  if (file == INVALID_HANDLE_VALUE) {
    return false;
  }
  bool written = etl_writer_open(&writer, settings, write_raw, file);
  written = etl_writer_close(&writer, settings->start_filetime, 0) && written;
  CloseHandle(file);
  return written;
}

static bool open_session(session *self, const wchar_t *instance)
{
  char name[WPR_INSTANCE_UNITS * 3];
  char logger[WPR_INSTANCE_UNITS * 3 + 64];
  SYSTEM_INFO system;
  GetSystemInfo(&system);
  standin_files_narrow(instance, name, sizeof name);
  snprintf(logger, sizeof logger, "WPR_initiated_%s_WPR System Collector", name);
  if (!standin_files_folder(self->folder) || !wpr_recording_files_of(&self->files, self->folder, instance) ||
      !wpr_recording_load(&self->recording, self->files.state)) {
    return false;
  }
  wpr_knobs_load(&self->knobs, self->folder);
  etl_writer_settings settings = {BUFFER_BYTES,  system.dwNumberOfProcessors, self->knobs.version,
                                  LOG_FILE_MODE, self->recording.started,     logger};
  self->raw = create_raw(self->recording.raw[0]);
  self->targets = wpr_targets_new(self->folder, self->recording.started);
  if (self->raw == INVALID_HANDLE_VALUE || self->targets == NULL ||
      !etl_writer_open(&self->writer, &settings, write_raw, self->raw)) {
    return false;
  }
  if (!write_empty_raw(self->recording.raw[1], &settings)) {
    return false;
  }
  wpr_targets_rundown(&self->writer, ETL_WRITER_DCSTART);
  return true;
}

/* A whole machine's events grow the raw file at the rate of the knob, whatever the targets do. */
static void write_background(session *self)
{
  uint64_t now = standin_files_now();
  uint64_t elapsed = now > self->recording.started ? now - self->recording.started : 0;
  uint64_t wanted = self->knobs.raw_bytes_per_s * elapsed / TICKS_PER_SECOND;
  for (uint32_t i = 0; i < BACKGROUND_PER_TICK; i++) {
    if ((uint64_t)self->writer.buffers * BUFFER_BYTES + self->writer.used >= wanted ||
        !etl_writer_add_background(&self->writer, now)) {
      break;
    }
  }
}

static void record(session *self)
{
  if (self->knobs.no_events) {
    return;
  }
  wpr_targets_poll(self->targets, &self->writer);
  write_background(self);
  /* A flushed buffer takes its full size on disk: not so often that this alone exceeds the rate. */
  uint64_t rate = self->knobs.raw_bytes_per_s > 0 ? self->knobs.raw_bytes_per_s : 1;
  uint64_t interval = BUFFER_BYTES * TICKS_PER_SECOND / rate;
  interval = interval < TICKS_PER_SECOND ? TICKS_PER_SECOND : interval;
  if (standin_files_now() - self->last_flush >= interval) {
    etl_writer_flush(&self->writer);
    self->last_flush = standin_files_now();
  }
}

/* keep = the raw files are complete and wait for a stop. */
static int end_session(session *self, bool keep)
{
  record(self);
  wpr_targets_images(self->targets, &self->writer);
  wpr_targets_rundown(&self->writer, ETL_WRITER_DCEND);
  bool written = etl_writer_close(&self->writer, standin_files_now(), self->knobs.events_lost);
  CloseHandle(self->raw);
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
  self.last_flush = standin_files_now();
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

/* Outside any job that lets it go, without handles of ours: the caller's pipes must close when wpr.exe ends.
 */
static HANDLE spawn(wchar_t *command_line, PROCESS_INFORMATION *process)
{
  wchar_t program[STANDIN_PATH_UNITS];
  STARTUPINFOW startup;
  DWORD flags = DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP | CREATE_SUSPENDED;
  memset(&startup, 0, sizeof startup);
  startup.cb = sizeof startup;
  DWORD length = GetModuleFileNameW(NULL, program, STANDIN_PATH_UNITS);
  if (length == 0 || length >= STANDIN_PATH_UNITS) {
    return NULL;
  }
  if (!CreateProcessW(program, command_line, NULL, NULL, FALSE, flags | CREATE_BREAKAWAY_FROM_JOB, NULL, NULL,
                      &startup, process) &&
      !CreateProcessW(program, command_line, NULL, NULL, FALSE, flags, NULL, NULL, &startup, process)) {
    return NULL;
  }
  return process->hProcess;
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
  if (spawn(command_line, &process) == NULL) {
    return false;
  }
  recording->session_pid = process.dwProcessId;
  bool saved = wpr_recording_save(recording, files->state);
  ResumeThread(process.hThread);
  for (unsigned waited = 0; waited < START_WAIT_MS && ended == WAIT_TIMEOUT; waited += 50) {
    if (standin_files_exists(recording->raw[WPR_RAW_FILES - 1])) {
      break;
    }
    ended = WaitForSingleObject(process.hProcess, 50);
  }
  CloseHandle(process.hThread);
  CloseHandle(process.hProcess);
  return saved && ended == WAIT_TIMEOUT;
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
