/*
 * What others read of us without asking: status.json in the data folder for `seepwatch status`, and the text
 * file for Prometheus where the configuration names one. Written beside and renamed, so that nobody reads a
 * half; by a worker, because the text file may lie on a disk that does not answer.
 */
#include "watch/watchdog_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/metrics.h"
#include "watch/files.h"

static seep_status replace(const char *path, const char *text, size_t length, seep_error *error)
{
  char partial[SEEP_WATCHDOG_PATH_SIZE + 8];
  snprintf(partial, sizeof partial, "%s.part", path);
  seep_status status = seep_files_write(partial, text, length, error);
  if (status == SEEP_OK) {
    status = seep_files_rename(partial, path, error);
  }
  if (status != SEEP_OK) {
    (void)seep_files_remove(partial);
  }
  return status;
}

static void write_texts(seep_watchdog_publication *publication)
{
  if (publication->status_path[0] != '\0') {
    (void)replace(publication->status_path, publication->status_text, publication->status_bytes, NULL);
  }
  publication->done = SEEP_OK;
  if (publication->metrics_path[0] != '\0') {
    publication->done = replace(publication->metrics_path, publication->metrics_text,
                                publication->metrics_bytes, &publication->error);
  }
}

/* The file, and the log beside it that holds what was written last. */
static uint64_t database_bytes(const seep_watchdog *watchdog)
{
  char log[SEEP_WATCHDOG_PATH_SIZE + 8];
  snprintf(log, sizeof log, "%s-wal", watchdog->store_path);
  return watchdog->store_is_file ? seep_files_size(watchdog->store_path) + seep_files_size(log) : 0;
}

static void compose(seep_watchdog *watchdog)
{
  seep_watchdog_publication *publication = &watchdog->publication;
  seep_writer writer;
  seep_engine_database(watchdog->engine, database_bytes(watchdog));
  const seep_pulse *pulse = seep_engine_pulse(watchdog->engine, seep_watchdog__now(watchdog));
  seep_writer_init(&writer, publication->status_text, sizeof publication->status_text);
  seep_pulse_json(pulse, &writer);
  publication->status_bytes = writer.length;
  seep_writer_init(&writer, publication->metrics_text, sizeof publication->metrics_text);
  seep_metrics_write(pulse, &writer);
  publication->metrics_bytes = writer.length;
  seep_text_copy(publication->metrics_path, sizeof publication->metrics_path,
                 seep_engine_settings_in_force(watchdog->engine)->metrics_textfile);
  publication->status_path[0] = '\0';
  if (!watchdog->folder_unusable) {
    (void)seep_files_join(publication->status_path, sizeof publication->status_path, watchdog->data_folder,
                          watchdog->options.path_separator, "status.json");
  }
}

static void publish_worker(uv_work_t *work)
{
  seep_watchdog *watchdog = work->data;
  write_texts(&watchdog->publication);
}

static void published(uv_work_t *work, int status)
{
  seep_watchdog *watchdog = work->data;
  seep_watchdog_publication *publication = &watchdog->publication;
  const char *wanted = seep_engine_settings_in_force(watchdog->engine)->metrics_textfile;
  publication->in_flight = false;
  if (strcmp(publication->metrics_path, wanted) != 0) {
    seep_watchdog__unpublish(watchdog, publication->metrics_path); /* not wanted any more by now */
  }
  if (watchdog->finished) {
    seep_watchdog__publish_last(watchdog); /* it could not be written while this one was out */
  }
  if (watchdog->stopping || status != 0 || strcmp(publication->metrics_path, wanted) != 0) {
    return;
  }
  seep_engine_metrics_written(watchdog->engine, seep_watchdog__now(watchdog), publication->done == SEEP_OK,
                              &publication->error);
  seep_watchdog__settle(watchdog);
  if (publication->again) {
    publication->again = false;
    seep_watchdog__publish(watchdog, true);
  }
}

void seep_watchdog__publish(seep_watchdog *watchdog, bool at_once)
{
  seep_watchdog_publication *publication = &watchdog->publication;
  uint64_t now_ms = uv_now(&watchdog->loop);
  publication->again = publication->again || (at_once && publication->in_flight);
  if (watchdog->options.undo_only || watchdog->stopping || publication->in_flight ||
      (!at_once && now_ms < publication->due_ms)) {
    return;
  }
  publication->due_ms =
      now_ms + (uint64_t)seep_engine_settings_in_force(watchdog->engine)->metrics_interval_ms;
  compose(watchdog);
  publication->work.data = watchdog;
  publication->in_flight = uv_queue_work(&watchdog->loop, &publication->work, publish_worker, published) == 0;
}

void seep_watchdog__publish_last(seep_watchdog *watchdog)
{
  if (!watchdog->publication.in_flight && !watchdog->options.undo_only) {
    compose(watchdog);
    write_texts(&watchdog->publication);
  }
}

void seep_watchdog__unpublish(seep_watchdog *watchdog, const char *metrics_path)
{
  char path[SEEP_WATCHDOG_PATH_SIZE];
  if (metrics_path[0] != '\0') {
    (void)seep_files_remove(metrics_path);
  }
  if (watchdog->options.undo_only && !watchdog->folder_unusable &&
      seep_files_join(path, sizeof path, watchdog->data_folder, watchdog->options.path_separator,
                      "status.json")) {
    (void)seep_files_remove(path);
  }
}
