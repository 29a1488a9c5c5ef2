#include "standin/wpr/verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standin/wpr/output.h"
#include "standin/wpr/profile.h"
#include "standin/wpr/session.h"

#define PROFILE_FILE_LIMIT (256u * 1024u)
#define COPY_BYTES (1024u * 1024u)
#define SESSION_WAIT_S 60
#define MERGED_MODE_AT 0x88 /* LogFileMode in the first record: 0x48 + 0x20 + 0x20 */
#define MERGED_MODE 0x10000u

/* A profile as named on the command line, and what was found behind the name. */
typedef struct named_profile {
  wchar_t file[STANDIN_PATH_UNITS]; /* empty: built in */
  wchar_t name[WPR_PROFILE_NAME_SIZE];
  wpr_profile found;
} named_profile;

static void split_profile(const wchar_t *argument, named_profile *profile)
{
  const wchar_t *mark = wcsrchr(argument, L'!');
  size_t file_units = mark != NULL ? (size_t)(mark - argument) : 0;
  file_units = file_units < STANDIN_PATH_UNITS ? file_units : STANDIN_PATH_UNITS - 1;
  memcpy(profile->file, argument, file_units * sizeof *argument);
  profile->file[file_units] = L'\0';
  swprintf(profile->name, WPR_PROFILE_NAME_SIZE, L"%.100ls", mark != NULL ? mark + 1 : argument);
}

static uint32_t read_built_in(named_profile *profile)
{
  static const wchar_t *const names[] = {L"VirtualAllocation", L"Heap", L"GeneralProfile", L"CPU"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    size_t length = wcslen(names[i]);
    if (_wcsnicmp(profile->name, names[i], length) == 0 &&
        (profile->name[length] == L'\0' || profile->name[length] == L'.')) {
      profile->name[length] = L'\0';
      profile->found.detail = "Verbose";
      snprintf(profile->found.event_collector, sizeof profile->found.event_collector, "WPR Event Collector");
      return 0;
    }
  }
  return WPR_BAD_PROFILE;
}

static uint32_t read_profile(wpr_context *context, const wchar_t *argument, named_profile *profile)
{
  char name[WPR_PROFILE_NAME_SIZE * 3];
  split_profile(argument, profile);
  if (profile->file[0] == L'\0') {
    return read_built_in(profile);
  }
  if (!standin_files_exists(profile->file)) {
    return WPR_FILE_MISSING;
  }
  char *xml = malloc(PROFILE_FILE_LIMIT);
  if (xml == NULL) {
    return WPR_FAILED;
  }
  size_t size = standin_files_read(profile->file, xml, PROFILE_FILE_LIMIT);
  standin_files_narrow(profile->name, name, sizeof name);
  bool good = wpr_profile_read(xml, size, name, &profile->found);
  free(xml);
  if (!good) {
    memcpy(context->remark, profile->found.problem, sizeof context->remark);
    return WPR_BAD_PROFILE;
  }
  return 0;
}

/* Reads all profiles; the first one names the recording. */
static uint32_t read_profiles(wpr_context *context, named_profile *first)
{
  static named_profile others[WPR_PROFILE_LIMIT];
  for (size_t i = 0; i < context->line.profile_count; i++) {
    uint32_t code = read_profile(context, context->line.profiles[i], &others[i]);
    if (code != 0) {
      return code;
    }
    for (size_t k = 0; k < i; k++) {
      if (others[i].file[0] != L'\0' && _wcsicmp(others[i].file, others[k].file) == 0) {
        return WPR_FILE_NAMED_TWICE;
      }
    }
  }
  *first = others[0];
  return 0;
}

/* Raw files: in the folder asked for, else where TEMP points; in memory mode where nobody looks for them. */
static bool choose_raw_files(const wpr_context *context, const wpr_profile *profile, wpr_recording *recording)
{
  wchar_t folder[STANDIN_PATH_UNITS];
  wchar_t collector[WPR_PROFILE_NAME_SIZE];
  wchar_t name[WPR_INSTANCE_UNITS + WPR_PROFILE_NAME_SIZE + 64];
  wchar_t safe[WPR_INSTANCE_UNITS + WPR_PROFILE_NAME_SIZE + 64];
  const char *const collectors[WPR_RAW_FILES] = {"WPR System Collector", profile->event_collector};
  if (!recording->file_mode) {
    memcpy(folder, context->folder, sizeof folder);
  } else if (context->line.record_to != NULL) {
    swprintf(folder, STANDIN_PATH_UNITS, L"%.900ls", context->line.record_to);
  } else if (GetTempPathW(STANDIN_PATH_UNITS, folder) == 0) {
    return false;
  }
  for (size_t i = 0; i < WPR_RAW_FILES; i++) {
    standin_files_widen(collectors[i], collector, WPR_PROFILE_NAME_SIZE);
    swprintf(name, sizeof name / sizeof name[0], L"%lsWPR_initiated_%ls_%ls.etl",
             recording->file_mode ? L"" : L"memory-", context->line.instance, collector);
    wpr_recording_file_name(safe, sizeof safe / sizeof safe[0], name);
    if (!standin_files_join(recording->raw[i], folder, safe)) {
      return false;
    }
  }
  return true;
}

uint32_t wpr_verbs_start(wpr_context *context)
{
  static wpr_recording recording;
  static named_profile profile;
  const wpr_command_line *line = &context->line;
  if (standin_files_exists(context->files.state)) {
    wpr_output_error(WPR_ALREADY_RUNNING, NULL);
    return WPR_ALREADY_RUNNING;
  }
  uint32_t code = read_profiles(context, &profile);
  recording.file_mode = line->file_mode;
  recording.started = standin_files_now();
  if (code == 0) {
    swprintf(recording.profile_id, 256, L"%ls.%hs.%ls", profile.name, profile.found.detail,
             line->file_mode ? L"File" : L"Memory");
    if (line->record_to != NULL) {
      swprintf(recording.temporary_folder, STANDIN_PATH_UNITS, L"%.900ls", line->record_to);
    }
    bool has_folder = line->record_to == NULL || standin_files_exists(line->record_to);
    code = has_folder && choose_raw_files(context, &profile.found, &recording) ? 0 : WPR_PATH_MISSING;
  }
  if (code == 0 && !wpr_session_spawn(&recording, &context->files, line->instance)) {
    wpr_recording_forget(&context->files, &recording, true);
    code = WPR_FAILED;
  }
  if (code != 0) {
    wpr_output_error(code, recording.profile_id[0] != L'\0' ? recording.profile_id : profile.name);
  }
  return code;
}

/* Slow on purpose where the knob says so, with progress all the way. */
static void show_progress(const wpr_context *context)
{
  unsigned steps = context->knobs.stop_slow_s > 0 ? context->knobs.stop_slow_s * 4 : 4;
  for (unsigned i = 0; i <= steps; i++) {
    wpr_output_progress(i * 99 / steps);
    if (context->knobs.stop_slow_s > 0) {
      Sleep(250);
    }
  }
}

static uint32_t copy_bytes(HANDLE from, HANDLE to)
{
  uint32_t code = 0;
  DWORD read = 0;
  DWORD written = 0;
  uint8_t *chunk = malloc(COPY_BYTES);
  if (chunk == NULL) {
    return WPR_FAILED;
  }
  while (code == 0 && ReadFile(from, chunk, COPY_BYTES, &read, NULL) && read > 0) {
    if (!WriteFile(to, chunk, read, &written, NULL) || written != read) {
      code = GetLastError() == ERROR_DISK_FULL ? WPR_DISK_FULL : WPR_FAILED;
    }
  }
  free(chunk);
  return code;
}

static void mark_as_merged(HANDLE file)
{
  LARGE_INTEGER at;
  DWORD count = 0;
  uint8_t mode[4];
  at.QuadPart = MERGED_MODE_AT;
  if (SetFilePointerEx(file, at, NULL, FILE_BEGIN) && ReadFile(file, mode, 4, &count, NULL) && count == 4) {
    mode[2] |= (uint8_t)(MERGED_MODE >> 16);
    SetFilePointerEx(file, at, NULL, FILE_BEGIN);
    WriteFile(file, mode, 4, &count, NULL);
  }
}

/* The merge: the system collector's file under the new name, marked as merged. */
static uint32_t merge(const wpr_recording *recording, const wchar_t *output)
{
  HANDLE from = CreateFileW(recording->raw[0], GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
                            OPEN_EXISTING, 0, NULL);
  if (from == INVALID_HANDLE_VALUE) {
    return WPR_SESSION_DIED;
  }
  uint32_t code = WPR_PATH_MISSING;
  HANDLE to =
      CreateFileW(output, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
  if (to != INVALID_HANDLE_VALUE) {
    code = copy_bytes(from, to);
    mark_as_merged(to);
    CloseHandle(to);
  }
  CloseHandle(from);
  return code;
}

uint32_t wpr_verbs_stop(wpr_context *context)
{
  static wpr_recording recording;
  uint32_t code = 0;
  if (!wpr_recording_load(&recording, context->files.state)) {
    wpr_output_error(WPR_NOT_RUNNING, NULL);
    return WPR_NOT_RUNNING;
  }
  wpr_output_say("Press Ctrl+C to cancel the stop operation.");
  wpr_output_progress(0);
  standin_files_write(context->files.stop, "stop\n");
  bool ended = wpr_session_wait(&recording, &context->files, SESSION_WAIT_S);
  if (!ended || !standin_files_exists(context->files.done)) {
    wpr_recording_forget(&context->files, &recording, false);
    code = WPR_SESSION_DIED;
  } else {
    show_progress(context);
    code = merge(&recording, context->line.positional[0]);
  }
  if (code != 0) {
    wpr_output_say("");
    wpr_output_error(code, NULL);
    return code;
  }
  wpr_recording_forget(&context->files, &recording, true);
  wpr_output_progress(100);
  wpr_output_say("");
  wpr_output_say("The trace was successfully saved.");
  return 0;
}

uint32_t wpr_verbs_cancel(wpr_context *context)
{
  static wpr_recording recording;
  if (!wpr_recording_load(&recording, context->files.state)) {
    wpr_output_error(WPR_NOT_RUNNING, NULL);
    return WPR_NOT_RUNNING;
  }
  /* Without its state the session ends; only then its files can go. */
  DeleteFileW(context->files.state);
  wpr_session_wait(&recording, &context->files, SESSION_WAIT_S);
  wpr_recording_forget(&context->files, &recording, true);
  return 0;
}

uint32_t wpr_verbs_status(wpr_context *context)
{
  static wpr_recording recording;
  char text[STANDIN_PATH_UNITS * 3];
  char folder[STANDIN_PATH_UNITS * 2];
  wpr_output_banner();
  if (!wpr_recording_load(&recording, context->files.state)) {
    wpr_output_say("WPR is not recording");
    return 0;
  }
  uint64_t seconds = (standin_files_now() - recording.started) / 10000000u;
  wpr_output_say("WPR recording is in progress...");
  snprintf(text, sizeof text,
           "\r\nTime since start        : %02" PRIu64 ":%02" PRIu64 ":%02" PRIu64
           "\r\nDropped event           : %" PRIu32 "\r\nLogging mode            : %s",
           seconds / 3600, seconds / 60 % 60, seconds % 60, context->knobs.events_lost,
           recording.file_mode ? "File" : "Memory");
  wpr_output_say(text);
  if (recording.temporary_folder[0] != L'\0') {
    standin_files_narrow(recording.temporary_folder, folder, sizeof folder);
    snprintf(text, sizeof text, "Temp Folder     : %s", folder);
    wpr_output_say(text);
  }
  return 0;
}
