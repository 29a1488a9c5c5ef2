#include "standin/wpr/verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standin/wpr/output.h"
#include "standin/wpr/profile.h"
#include "standin/wpr/raw_file.h"
#include "standin/wpr/session.h"

#define PROFILE_FILE_LIMIT (256u * 1024u)
#define SESSION_WAIT_S 60

/* A profile as named on the command line, and what was found behind the name. */
typedef struct named_profile {
  wchar_t file[STANDIN_PATH_UNITS]; /* empty: built in */
  wchar_t name[WPR_PROFILE_NAME_SIZE];
  wpr_profile found;
} named_profile;

void wpr_verbs_remark(wpr_context *context, const char *text)
{
  size_t used = strlen(context->remark);
  snprintf(context->remark + used, sizeof context->remark - used, "%s%s", used > 0 ? "; " : "", text);
}

/* ---- start ---- */

static void split_profile(const wchar_t *argument, named_profile *profile)
{
  const wchar_t *mark = wcsrchr(argument, L'!');
  size_t file_units = mark != NULL ? (size_t)(mark - argument) : 0;
  file_units = file_units < STANDIN_PATH_UNITS ? file_units : STANDIN_PATH_UNITS - 1;
  memcpy(profile->file, argument, file_units * sizeof *argument);
  profile->file[file_units] = L'\0';
  swprintf(profile->name, WPR_PROFILE_NAME_SIZE, L"%.100ls", mark != NULL ? mark + 1 : argument);
}

static void name_collector(wpr_profile *profile, wpr_collector_kind kind, const char *name)
{
  snprintf(profile->collectors[kind].name, sizeof profile->collectors[kind].name, "%s", name);
}

static uint32_t read_built_in(named_profile *profile)
{
  static const wchar_t *const names[] = {L"VirtualAllocation", L"Heap", L"HeapSnapshot", L"GeneralProfile",
                                         L"CPU"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    size_t length = wcslen(names[i]);
    if (_wcsnicmp(profile->name, names[i], length) == 0 &&
        (profile->name[length] == L'\0' || profile->name[length] == L'.')) {
      wpr_profile *found = &profile->found;
      profile->name[length] = L'\0';
      found->detail = "Verbose";
      name_collector(found, WPR_COLLECTOR_EVENT, "WPR Event Collector");
      found->has_snapshots = wcscmp(names[i], L"HeapSnapshot") == 0;
      if (wcscmp(names[i], L"Heap") == 0) {
        name_collector(found, WPR_COLLECTOR_HEAP, "WPR Heap Collector");
        found->heap_by_flag = true;
        found->stack_of_heap_allocation = true;
        found->stack_of_heap_reallocation = true;
      }
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
  bool good = wpr_profile_read(xml, size, name, context->line.file_mode, &profile->found);
  free(xml);
  if (!good) {
    wpr_verbs_remark(context, profile->found.problem);
    return WPR_BAD_PROFILE;
  }
  if (profile->found.has_limits && context->knobs.refuses_rings) {
    wpr_verbs_remark(context, "MaximumFileSize");
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
  /* What the profile calls the kernel's collector is not used. */
  const char *const collectors[WPR_COLLECTORS] = {"WPR System Collector",
                                                  profile->collectors[WPR_COLLECTOR_EVENT].name,
                                                  profile->collectors[WPR_COLLECTOR_HEAP].name};
  if (!recording->file_mode) {
    memcpy(folder, context->folder, sizeof folder);
  } else if (context->line.record_to != NULL) {
    swprintf(folder, STANDIN_PATH_UNITS, L"%.900ls", context->line.record_to);
  } else if (GetTempPathW(STANDIN_PATH_UNITS, folder) == 0) {
    return false;
  }
  for (size_t i = 0; i < WPR_COLLECTORS; i++) {
    wpr_raw_file *raw = &recording->raw[i];
    if (collectors[i][0] == '\0' && i == WPR_COLLECTOR_HEAP) {
      continue;
    }
    standin_files_widen(collectors[i], collector, WPR_PROFILE_NAME_SIZE);
    swprintf(name, sizeof name / sizeof name[0], L"%lsWPR_initiated_%ls_%ls.etl",
             recording->file_mode ? L"" : L"memory-", context->line.instance, collector);
    wpr_recording_file_name(safe, sizeof safe / sizeof safe[0], name);
    if (!standin_files_join(raw->path, folder, safe)) {
      return false;
    }
    raw->maximum_bytes = recording->file_mode ? profile->collectors[i].maximum_bytes : 0;
    raw->is_sequential = profile->collectors[i].is_sequential;
  }
  return true;
}

static bool has_other_heap_session(const wpr_context *context)
{
  static wpr_recording other;
  WIN32_FIND_DATAW entry;
  wchar_t path[STANDIN_PATH_UNITS];
  bool found = false;
  if (!standin_files_join(path, context->folder, L"wpr-*.state")) {
    return false;
  }
  HANDLE search = FindFirstFileW(path, &entry);
  if (search == INVALID_HANDLE_VALUE) {
    return false;
  }
  do {
    found = standin_files_join(path, context->folder, entry.cFileName) && wpr_recording_load(&other, path) &&
            other.raw[WPR_COLLECTOR_HEAP].path[0] != L'\0';
  } while (!found && FindNextFileW(search, &entry));
  FindClose(search);
  return found;
}

/* What the machine and the caller must have; 0 or the exit code. */
static uint32_t check_means(const wpr_context *context, const wpr_profile *profile)
{
  bool with_heap = profile->collectors[WPR_COLLECTOR_HEAP].name[0] != '\0';
  if (!context->knobs.privilege) {
    return WPR_NO_PRIVILEGE;
  }
  if (context->knobs.session_slots < (with_heap ? 3u : 2u)) {
    return WPR_NO_SLOTS;
  }
  if (with_heap && !context->knobs.takes_over_heap && has_other_heap_session(context)) {
    return WPR_HEAP_SESSION_RUNS;
  }
  return 0;
}

static void take_profile(const wpr_profile *profile, wpr_recording *recording)
{
  memcpy(recording->heap_pids, profile->heap_pids, sizeof recording->heap_pids);
  recording->heap_by_flag = profile->heap_by_flag;
  recording->has_snapshots = profile->has_snapshots;
  recording->stack_of_heap_allocation = profile->stack_of_heap_allocation;
  recording->stack_of_heap_reallocation = profile->stack_of_heap_reallocation;
  recording->stack_of_heap_free = profile->stack_of_heap_free;
}

/* Fills the recording; 0 or the exit code. */
static uint32_t prepare(wpr_context *context, named_profile *profile, wpr_recording *recording)
{
  const wpr_command_line *line = &context->line;
  recording->file_mode = line->file_mode;
  recording->started = standin_files_now();
  uint32_t code = read_profiles(context, profile);
  if (code != 0) {
    return code;
  }
  swprintf(recording->profile_id, 256, L"%ls.%hs.%ls", profile->name, profile->found.detail,
           line->file_mode ? L"File" : L"Memory");
  if (line->record_to != NULL) {
    swprintf(recording->temporary_folder, STANDIN_PATH_UNITS, L"%.900ls", line->record_to);
  }
  code = check_means(context, &profile->found);
  if (code != 0) {
    return code;
  }
  take_profile(&profile->found, recording);
  bool has_folder = line->record_to == NULL || standin_files_exists(line->record_to);
  return has_folder && choose_raw_files(context, &profile->found, recording) ? 0 : WPR_PATH_MISSING;
}

uint32_t wpr_verbs_start(wpr_context *context)
{
  static wpr_recording recording;
  static named_profile profile;
  if (standin_files_exists(context->files.state)) {
    wpr_output_error(WPR_ALREADY_RUNNING, NULL);
    return WPR_ALREADY_RUNNING;
  }
  uint32_t code = prepare(context, &profile, &recording);
  if (code == 0 && recording.raw[WPR_COLLECTOR_HEAP].path[0] != L'\0') {
    wpr_session_take_heap(context->folder, context->line.instance);
  }
  if (code == 0 && !wpr_session_spawn(&recording, &context->files, context->line.instance)) {
    wpr_recording_forget(&context->files, &recording, true);
    code = WPR_FAILED;
  }
  if (code != 0) {
    wpr_output_error(code, recording.profile_id[0] != L'\0' ? recording.profile_id : profile.name);
  } else {
    wpr_output_say_done("Recording has started.");
  }
  return code;
}

/* ---- stop and cancel ---- */

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

/* Symbols of .NET Framework native images, beside the trace. */
static void make_pdb_folder(const wchar_t *output)
{
  wchar_t path[STANDIN_PATH_UNITS];
  wchar_t file[STANDIN_PATH_UNITS];
  swprintf(path, STANDIN_PATH_UNITS, L"%.900ls.NGENPDB", output);
  CreateDirectoryW(path, NULL);
  if (standin_files_join(file, path, L"standin.ni.pdb")) {
    standin_files_write(file, "stand-in\n");
  }
}

/* For tests to see how the caller started this call. */
static void remark_process(wpr_context *context)
{
  char text[64];
  BOOL in_job = FALSE;
  DWORD class = GetPriorityClass(GetCurrentProcess());
  const char *priority = class == HIGH_PRIORITY_CLASS           ? "high"
                         : class == ABOVE_NORMAL_PRIORITY_CLASS ? "above normal"
                         : class == NORMAL_PRIORITY_CLASS       ? "normal"
                         : class == BELOW_NORMAL_PRIORITY_CLASS ? "below normal"
                         : class == IDLE_PRIORITY_CLASS         ? "idle"
                                                                : "unknown";
  IsProcessInJob(GetCurrentProcess(), NULL, &in_job);
  snprintf(text, sizeof text, "priority %s, in %s", priority, in_job ? "a job" : "no job");
  wpr_verbs_remark(context, text);
}

/* Ends the session and puts its raw files together; 0 or the exit code. */
static uint32_t save(const wpr_context *context, wpr_recording *recording)
{
  const wchar_t *output = context->line.positional[0];
  wpr_output_say("Press Ctrl+C to cancel the stop operation.");
  wpr_output_progress(0);
  standin_files_write(context->files.stop, "stop\n");
  bool ended = wpr_session_wait(recording, &context->files, SESSION_WAIT_S);
  if (!ended || !standin_files_exists(context->files.done)) {
    wpr_recording_forget(&context->files, recording, false);
    return WPR_SESSION_DIED;
  }
  show_progress(context);
  return wpr_raw_merge(recording, output, context->knobs.no_identity ? NULL : context->files.modules,
                       context->knobs.stop_disk_full);
}

uint32_t wpr_verbs_stop(wpr_context *context)
{
  static wpr_recording recording;
  const wchar_t *output = context->line.positional[0];
  remark_process(context);
  if (!wpr_recording_load(&recording, context->files.state)) {
    wpr_output_error(WPR_NOT_RUNNING, NULL);
    return WPR_NOT_RUNNING;
  }
  bool is_kept = context->knobs.stop_keeps_existing && standin_files_exists(output);
  uint32_t code = is_kept ? WPR_FILE_EXISTS : save(context, &recording);
  if (code != 0) {
    wpr_output_say("");
    wpr_output_error(code, NULL);
    return code;
  }
  if (context->knobs.makes_pdb_folder && !context->line.skip_pdb) {
    make_pdb_folder(output);
  }
  wpr_recording_forget(&context->files, &recording, !context->knobs.raw_left);
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
  wpr_recording_forget(&context->files, &recording, !context->knobs.raw_left);
  wpr_output_say_done("The recording was cancelled.");
  return 0;
}

/* ---- status ---- */

uint32_t wpr_verbs_status(wpr_context *context)
{
  static wpr_recording recording;
  char text[STANDIN_PATH_UNITS * 3];
  char folder[STANDIN_PATH_UNITS * 2];
  wpr_output_banner();
  if (!wpr_recording_load(&recording, context->files.state)) {
    wpr_output_say("WPR is not recording");
    if (context->knobs.status_idle_exit != 0) {
      wpr_output_error(context->knobs.status_idle_exit, NULL);
    }
    return context->knobs.status_idle_exit;
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
