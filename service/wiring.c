#include "wiring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <uv.h>

#include "base/text.h"
#include "message_text.h"
#include "version.h"
#include "watch/files.h"
#include "win/win_alert_sink.h"
#include "win/win_clock.h"
#include "win/win_background.h"
#include "win/win_diagnosis.h"
#include "win/win_event_feed.h"
#include "win/win_file_version.h"
#include "win/win_folders.h"
#include "win/win_job.h"
#include "win/win_own_usage.h"
#include "win/win_process_memory.h"
#include "win/win_process_source.h"
#include "win/win_tracing_flags.h"

#define PATH_SIZE 1024
#define SOURCE "seepwatch"

struct seep_wiring {
  seep_watchdog *watchdog;
  seep_process_source source;
  seep_process_memory process_memory;
  seep_event_feed feeds[SEEP_FEEDS];
  seep_diagnosis_source diagnosis;
  seep_alert_sink log;
  seep_clock clock;
  seep_own_usage_source usage;
  seep_store_files files;
  void *lock;
  char data_folder[PATH_SIZE], settings_path[PATH_SIZE], recorder_path[PATH_SIZE], own_path[PATH_SIZE];
};

/* The event log, and for `run` the same text on the console. */
static seep_status write_and_echo(void *context, uint32_t id, int level, const char *const *inserts,
                                  size_t insert_count, seep_error *error)
{
  static const char *const levels[] = {"Information", "Warning", "Error"};
  seep_wiring *wiring = context;
  char now[SEEP_WALL_TEXT_SIZE];
  char *text = seep_message_text(id, level, inserts, insert_count);
  seep_wall_text(wiring->clock.wall(wiring->clock.context), now, sizeof now);
  printf("%s %s %u: %s\n", now, levels[level], (unsigned)id, text != NULL ? text : "(no text)");
  fflush(stdout);
  free(text);
  return wiring->log.write(wiring->log.context, id, level, inserts, insert_count, error);
}

static seep_status rename_file(void *context, const char *from, const char *to, seep_error *error)
{
  (void)context;
  return seep_win_folders_rename(from, to, error);
}

static unsigned recorder_build(const char *recorder_path)
{
  seep_win_file_version version;
  return seep_win_file_version_read(recorder_path, &version, NULL) == SEEP_OK ? version.parts[2] : 0;
}

static seep_status find_paths(seep_wiring *wiring, const seep_wiring_options *options, seep_error *error)
{
  char *folder = NULL;
  char *system = NULL;
  seep_status status = seep_win_folders_system(&system, error);
  if (status == SEEP_OK && !seep_files_join(wiring->recorder_path, PATH_SIZE, system, '\\', "wpr.exe")) {
    status = seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_NONE, 0, "path too long", system);
  }
  free(system);
  if (status == SEEP_OK && options->data_folder == NULL) {
    status = seep_win_folders_data(&folder, error);
  }
  if (status == SEEP_OK) {
    seep_text_copy(wiring->data_folder, PATH_SIZE, folder != NULL ? folder : options->data_folder);
    if (options->settings_path != NULL) {
      seep_text_copy(wiring->settings_path, PATH_SIZE, options->settings_path);
    } else if (!seep_files_join(wiring->settings_path, PATH_SIZE, wiring->data_folder, '\\',
                                "seepwatch.json")) {
      status = seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_NONE, 0, "path too long", wiring->data_folder);
    }
  }
  free(folder);
  return status;
}

static seep_status make_feeds(seep_wiring *wiring, seep_error *error)
{
  /* Without it a notice of Windows that no Event 2004 follows is missed. */
  if (seep_win_event_feed_new(&wiring->feeds[SEEP_FEED_NOTICES], SEEP_WIN_FEED_NOTICES, NULL) != SEEP_OK) {
    memset(&wiring->feeds[SEEP_FEED_NOTICES], 0, sizeof wiring->feeds[SEEP_FEED_NOTICES]);
  }
  seep_win_diagnosis_init(&wiring->diagnosis);
  return seep_win_event_feed_new(&wiring->feeds[SEEP_FEED_EXHAUSTION], SEEP_WIN_FEED_EXHAUSTION, error);
}

/* Of the program that reads recordings; without it nobody does. */
static const char *own_path(seep_wiring *wiring)
{
  size_t size = PATH_SIZE;
  return uv_exepath(wiring->own_path, &size) == 0 && size + 1 < PATH_SIZE ? wiring->own_path : NULL;
}

static seep_status build(seep_wiring *wiring, const seep_wiring_options *options, seep_error *error)
{
  seep_status status = find_paths(wiring, options, error);
  if (status != SEEP_OK) {
    return status;
  }
  /* A data folder that cannot be made or protected, or that somebody else planted, is not the end: the
   * watchdog then keeps its history in memory, records nothing and says so (event 107). */
  seep_error folder_error;
  bool folder_usable = seep_win_folders_create_data(wiring->data_folder, &folder_error) == SEEP_OK;
  if (folder_usable && seep_win_folders_lock(wiring->data_folder, &wiring->lock, error) == SEEP_BUSY) {
    return SEEP_BUSY;
  }
  seep_win_clock_init(&wiring->clock);
  seep_win_own_usage_init(&wiring->usage);
  wiring->files.rename = rename_file;
  status = seep_win_alert_sink_new(&wiring->log, SOURCE, error);
  if (status == SEEP_OK) {
    status = seep_win_process_source_new(&wiring->source, error);
  }
  if (status == SEEP_OK) {
    status = make_feeds(wiring, error);
  }
  if (status != SEEP_OK) {
    return status;
  }
  /* Without it the kind of memory stays undetermined, which event 102 shows, and all else works. */
  if (seep_win_process_memory_new(&wiring->process_memory, NULL) != SEEP_OK) {
    memset(&wiring->process_memory, 0, sizeof wiring->process_memory);
  }
  seep_watchdog_options watchdog = {.version = SEEP_VERSION,
                                    .data_folder = wiring->data_folder,
                                    .data_folder_error = folder_usable ? NULL : &folder_error,
                                    .settings_path = wiring->settings_path,
                                    .recorder_path = wiring->recorder_path,
                                    .reader_path = own_path(wiring),
                                    .path_separator = '\\',
                                    .source = wiring->source,
                                    .process_memory = wiring->process_memory,
                                    .diagnosis = wiring->diagnosis,
                                    .sink = wiring->log,
                                    .clock = wiring->clock,
                                    .usage = wiring->usage,
                                    .store_files = &wiring->files,
                                    .recorder_build = recorder_build,
                                    .background = seep_win_background,
                                    .undo_only = options->undo_only,
                                    .running = options->running,
                                    .stopping = options->stopping};
  memcpy(watchdog.feeds, wiring->feeds, sizeof watchdog.feeds);
  seep_win_job_guard(&watchdog.child_guard);
  seep_win_tracing_flags_init(&watchdog.flags);
  if (options->echo) {
    watchdog.sink.context = wiring;
    watchdog.sink.write = write_and_echo;
  }
  return seep_watchdog_new(&watchdog, &wiring->watchdog, error);
}

seep_status seep_wiring_new(const seep_wiring_options *options, seep_wiring **out, seep_error *error)
{
  seep_wiring *wiring = calloc(1, sizeof *wiring);
  if (wiring == NULL) {
    return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "wiring", NULL);
  }
  seep_status status = build(wiring, options, error);
  if (status != SEEP_OK) {
    (void)seep_wiring_free(wiring);
    return status;
  }
  *out = wiring;
  return SEEP_OK;
}

seep_watchdog *seep_wiring_watchdog(seep_wiring *wiring)
{
  return wiring->watchdog;
}

void seep_wiring_end_process(int exit_code)
{
  fflush(stdout);
  fflush(stderr);
  TerminateProcess(GetCurrentProcess(), (UINT)exit_code);
}

bool seep_wiring_free(seep_wiring *wiring)
{
  if (wiring == NULL) {
    return true;
  }
  if (wiring->watchdog != NULL && seep_watchdog_is_abandoned(wiring->watchdog)) {
    return false;
  }
  seep_watchdog_free(wiring->watchdog);
  for (int feed = 0; feed < SEEP_FEEDS; feed++) {
    seep_win_event_feed_free(&wiring->feeds[feed]);
  }
  seep_win_process_memory_free(&wiring->process_memory);
  seep_win_process_source_free(&wiring->source);
  seep_win_alert_sink_free(&wiring->log);
  seep_win_folders_unlock(wiring->lock);
  free(wiring);
  return true;
}
