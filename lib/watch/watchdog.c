#include "watch/watchdog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watch/files.h"
#include "watch/uv_error.h"
#include "watch/watchdog_internal.h"

#define SECOND_MS 1000
#define LOOKS 5

/* ---- settings ---- */

static void problem_from_error(seep_settings_problem *problem, const seep_error *error)
{
  memset(problem, 0, sizeof *problem);
  seep_error_text(error, problem->reason, sizeof problem->reason);
}

/* at_start: a refused file leaves the safe settings in force, later the ones that were. */
static void load_settings(seep_watchdog *watchdog, bool at_start)
{
  seep_settings settings;
  seep_settings_problem problem;
  seep_error error;
  char *text = NULL;
  size_t size = 0;
  char file[SEEP_WATCHDOG_PATH_SIZE + 64], before[sizeof settings.metrics_textfile];
  const seep_settings *in_force = seep_engine_settings_in_force(watchdog->engine);
  seep_text_copy(file, sizeof file, watchdog->settings_path);
  seep_status status = watchdog->folder_error.status;
  error = watchdog->folder_error;
  if (!watchdog->folder_unusable) {
    status = seep_files_read(watchdog->settings_path, SEEP_SETTINGS_MAXIMUM_BYTES, &text, &size, &error);
  }
  if (status == SEEP_NOT_FOUND && !watchdog->folder_unusable) {
    seep_settings_defaults(&settings);
    snprintf(file, sizeof file, "%s (not there: built-in defaults)", watchdog->settings_path);
    status = SEEP_OK;
  } else if (status != SEEP_OK) {
    problem_from_error(&problem, &error);
  } else {
    status = seep_settings_parse(text, size, &settings, &problem);
  }
  free(text);
  if (status != SEEP_OK) {
    if (at_start) {
      seep_settings_safe(&settings);
    } else {
      settings = *in_force;
    }
  }
  seep_text_copy(before, sizeof before, in_force->metrics_textfile);
  settings.memory_enabled = settings.memory_enabled && watchdog->options.process_memory.open != NULL;
  seep_engine_settings(watchdog->engine, seep_watchdog__now(watchdog), file, &settings,
                       status == SEEP_OK ? NULL : &problem);
  if (strcmp(before, in_force->metrics_textfile) != 0) {
    seep_watchdog__unpublish(watchdog, before);
  }
}

/* ---- polling ---- */

static void poll_worker(uv_work_t *work)
{
  seep_watchdog *watchdog = work->data;
  const seep_process_source *source = &watchdog->options.source;
  watchdog->poll_status = source->fetch(source->context, &watchdog->poll_bytes, &watchdog->poll_error);
  watchdog->poll_now = seep_watchdog__now(watchdog); /* the loop may be busy when the bytes are ready */
}

static void start_poll(seep_watchdog *watchdog);

/* What an earlier life left does not wait for ever for a look that never succeeds. */
static void note_look(seep_watchdog *watchdog)
{
  watchdog->seen = watchdog->seen || watchdog->poll_status == SEEP_OK;
  watchdog->looks_in_vain += watchdog->poll_status != SEEP_OK;
  watchdog->looked = watchdog->seen || watchdog->looks_in_vain >= LOOKS;
}

static void poll_finished(uv_work_t *work, int status)
{
  seep_watchdog *watchdog = work->data;
  watchdog->poll_in_flight = false;
  if (watchdog->stopping || status != 0) {
    return;
  }
  note_look(watchdog);
  if (watchdog->poll_status == SEEP_OK) {
    seep_engine_poll(watchdog->engine, watchdog->poll_now, &watchdog->poll_bytes);
  } else {
    seep_engine_poll_failed(watchdog->engine, watchdog->poll_now, &watchdog->poll_error);
  }
  seep_watchdog__settle(watchdog);
  if (watchdog->poll_again) {
    watchdog->poll_again = false;
    start_poll(watchdog);
  }
}

static void start_poll(seep_watchdog *watchdog)
{
  if (watchdog->stopping || watchdog->poll_in_flight) {
    return; /* a slow look is not made faster by a second one */
  }
  watchdog->poll_work.data = watchdog;
  watchdog->poll_in_flight =
      uv_queue_work(&watchdog->loop, &watchdog->poll_work, poll_worker, poll_finished) == 0;
}

static void poll_due(uv_timer_t *timer)
{
  start_poll(timer->data);
}

/* ---- the second ---- */

/* NULL when it cannot be known. */
static const seep_own_usage *read_usage(const seep_watchdog *watchdog, seep_own_usage *usage)
{
  const seep_own_usage_source *source = &watchdog->options.usage;
  return source->read != NULL && source->read(source->context, usage) == SEEP_OK ? usage : NULL;
}

static void second_passed(uv_timer_t *timer)
{
  seep_watchdog *watchdog = timer->data;
  seep_now now = seep_watchdog__now(watchdog);
  seep_own_usage usage;
  seep_recorder_event measures;
  bool busy = !seep_engine_recorder_is_idle(watchdog->engine);
  if (watchdog->finished) {
    seep_watchdog__tend_stop(watchdog);
    return;
  }
  memset(&measures, 0, sizeof measures);
  if (busy) {
    measures.output_bytes = seep_files_size(seep_engine_recorder_of(watchdog->engine)->output_temporary);
    measures.raw_bytes =
        seep_files_raw_bytes(watchdog->temporary_folder, seep_engine_recorder_of(watchdog->engine)->instance);
    measures.free_bytes = seep_files_free_bytes(watchdog->data_folder);
  }
  seep_engine_count_lost(watchdog->engine, watchdog->alerts_lost);
  watchdog->alerts_lost = 0;
  seep_watchdog__keep_feeds(watchdog);
  seep_watchdog__read_diagnosis(watchdog);
  seep_watchdog__tend_analysis(watchdog);
  seep_engine_tick(watchdog->engine, now, read_usage(watchdog, &usage), busy ? &measures : NULL);
  seep_watchdog__settle(watchdog);
  seep_watchdog__publish(watchdog, false);
  seep_watchdog__tend_stop(watchdog);
}

/* ---- what comes from other threads ---- */

/* Only while the handle is open: whoever comes after that has come too late. */
void seep_watchdog__wake(seep_watchdog *watchdog)
{
  uv_mutex_lock(&watchdog->post_lock);
  if (watchdog->accepting) {
    uv_async_send(&watchdog->wake);
  }
  uv_mutex_unlock(&watchdog->post_lock);
}

static void handle_item(seep_watchdog *watchdog, const seep_inbox_item *item)
{
  seep_now now = seep_watchdog__now(watchdog);
  seep_recorder_event order = {.kind = item->kind == SEEP_INBOX_ABANDON ? SEEP_RECORDER_ABANDON
                                                                        : SEEP_RECORDER_SAVE_NOW};
  seep_own_usage usage;
  switch (item->kind) {
  case SEEP_INBOX_EVENT:
    seep_watchdog__take_event(watchdog, item);
    start_poll(watchdog);
    break;
  case SEEP_INBOX_FEED_UP:
  case SEEP_INBOX_FEED_DOWN:
    seep_engine_feed_state(watchdog->engine, now, item->feed, item->kind == SEEP_INBOX_FEED_UP, &item->error);
    break;
  case SEEP_INBOX_RELOAD:
    load_settings(watchdog, false);
    seep_watchdog__retry_feeds(watchdog); /* event2004.enabled may have changed */
    watchdog->diagnosis_due_ms = 0;       /* nor has anybody been told who did not listen */
    watchdog->publication.due_ms = 0;
    break;
  case SEEP_INBOX_POLL_NOW:
    watchdog->poll_again = watchdog->poll_in_flight;
    start_poll(watchdog);
    break;
  case SEEP_INBOX_STATUS:
    seep_engine_tick(watchdog->engine, now, read_usage(watchdog, &usage), NULL);
    seep_engine_status(watchdog->engine, now);
    seep_watchdog__publish(watchdog, true);
    break;
  case SEEP_INBOX_ABANDON:
  case SEEP_INBOX_SAVE_NOW:
    seep_engine_recorder(watchdog->engine, now, &order);
    break;
  case SEEP_INBOX_STOP:
    seep_watchdog__begin_stop(watchdog);
    break;
  }
}

static void woken(uv_async_t *async)
{
  seep_watchdog *watchdog = async->data;
  const seep_inbox_item *item;
  while (!watchdog->finished && (item = seep_inbox_take(watchdog->inbox)) != NULL) {
    if (!watchdog->stopping) {
      handle_item(watchdog, item);
      seep_watchdog__settle(watchdog);
    }
  }
}

void seep_watchdog_post(seep_watchdog *watchdog, seep_control control)
{
  static const seep_inbox_kind kinds[] = {SEEP_INBOX_STOP,   SEEP_INBOX_RELOAD,  SEEP_INBOX_POLL_NOW,
                                          SEEP_INBOX_STATUS, SEEP_INBOX_ABANDON, SEEP_INBOX_SAVE_NOW};
  seep_inbox_put(watchdog->inbox, kinds[control]);
  seep_watchdog__wake(watchdog);
}

/* ---- life ---- */

static bool take_options(seep_watchdog *watchdog, const seep_watchdog_options *options)
{
  char separator = options->path_separator;
  watchdog->options = *options;
  if (options->data_folder_error != NULL) {
    watchdog->folder_unusable = true;
    watchdog->folder_error = *options->data_folder_error;
  }
  seep_text_copy(watchdog->version, sizeof watchdog->version, options->version);
  return strlen(options->data_folder) < sizeof watchdog->data_folder &&
         strlen(options->settings_path) < sizeof watchdog->settings_path &&
         strlen(options->recorder_path) < sizeof watchdog->recorder_path &&
         seep_text_copy(watchdog->data_folder, sizeof watchdog->data_folder, options->data_folder) > 0 &&
         seep_text_copy(watchdog->settings_path, sizeof watchdog->settings_path, options->settings_path) >
             0 &&
         seep_text_copy(watchdog->recorder_path, sizeof watchdog->recorder_path, options->recorder_path) >
             0 &&
         seep_files_join(watchdog->store_path, sizeof watchdog->store_path, options->data_folder, separator,
                         "seepwatch.db") &&
         seep_files_join(watchdog->capture_folder, sizeof watchdog->capture_folder, options->data_folder,
                         separator, "captures") &&
         seep_files_join(watchdog->temporary_folder, sizeof watchdog->temporary_folder,
                         watchdog->capture_folder, separator, "temporary");
}

static seep_status make_loop(seep_watchdog *watchdog, seep_error *error)
{
  /* Four workers, so that no poll waits for a look into a process, a trace that is being compressed or a disk
   * that does not answer. */
  (void)uv_os_setenv("UV_THREADPOOL_SIZE", "4");
  int code = uv_loop_init(&watchdog->loop);
  if (code != 0) {
    return seep_uv_error_set(error, code, "uv_loop_init", NULL);
  }
  watchdog->loop_ready = true;
  code = uv_async_init(&watchdog->loop, &watchdog->wake, woken);
  if (code != 0) {
    return seep_uv_error_set(error, code, "uv_async_init", NULL);
  }
  (void)uv_timer_init(&watchdog->loop, &watchdog->poll_timer);
  (void)uv_timer_init(&watchdog->loop, &watchdog->second_timer);
  watchdog->wake.data = watchdog->poll_timer.data = watchdog->second_timer.data = watchdog;
  return SEEP_OK;
}

static seep_status make_parts(seep_watchdog *watchdog, seep_error *error)
{
  seep_settings settings;
  char host[256] = "";
  size_t host_size = sizeof host;
  (void)uv_os_gethostname(host, &host_size);
  seep_engine_options engine = {.version = watchdog->version,
                                .data_folder = watchdog->data_folder,
                                .capture_folder = watchdog->capture_folder,
                                .temporary_folder = watchdog->temporary_folder,
                                .host = host,
                                .path_separator = watchdog->options.path_separator,
                                .emit = seep_watchdog__carry_out,
                                .emit_context = watchdog};
  seep_watchdog__make_feeds(watchdog);
  seep_settings_safe(&settings);
  watchdog->inbox = seep_inbox_new();
  watchdog->engine = seep_engine_new(&engine, &settings);
  if (watchdog->options.tracer != NULL) {
    watchdog->tracer = *watchdog->options.tracer;
  } else {
    watchdog->child = seep_child_new(&watchdog->loop, watchdog->recorder_path, watchdog->temporary_folder,
                                     &watchdog->options.child_guard, &watchdog->tracer);
  }
  bool reads = seep_watchdog__make_reader(watchdog);
  if (watchdog->inbox == NULL || watchdog->engine == NULL || watchdog->tracer.run == NULL || !reads) {
    return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "watchdog", NULL);
  }
  return SEEP_OK;
}

seep_status seep_watchdog_new(const seep_watchdog_options *options, seep_watchdog **out, seep_error *error)
{
  seep_watchdog *watchdog = calloc(1, sizeof *watchdog);
  if (watchdog == NULL || uv_mutex_init(&watchdog->post_lock) != 0) {
    free(watchdog);
    return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "watchdog", NULL);
  }
  watchdog->accepting = true;
  seep_status status = take_options(watchdog, options)
                           ? make_loop(watchdog, error)
                           : seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_NONE, SEEP_WATCHDOG_PATH_SIZE,
                                            "path too long", options->data_folder);
  if (status == SEEP_OK) {
    status = make_parts(watchdog, error);
  }
  if (status != SEEP_OK) {
    seep_watchdog_free(watchdog);
    return status;
  }
  *out = watchdog;
  return SEEP_OK;
}

/* Journal first: what an earlier life left is undone before new work. A database that was set aside took its
 * journal along, so raw files under our own instance's name tell of a leftover too. */
static void list_recoveries(seep_watchdog *watchdog)
{
  seep_watchdog__take_over_store(watchdog);
  for (size_t i = 0; i < watchdog->recovery_count; i++) {
    if (strcmp(watchdog->recoveries[i].kind, SEEP_PROMISE_RECORDING) == 0) {
      return;
    }
  }
  uint64_t raw_bytes = seep_files_raw_bytes(
      watchdog->temporary_folder, seep_engine_settings_in_force(watchdog->engine)->capture_instance);
  if (watchdog->recovery_count < SEEP_WATCHDOG_RECOVERIES && raw_bytes > 0 && raw_bytes != UINT64_MAX) {
    seep_store_journal_entry *entry = &watchdog->recoveries[watchdog->recovery_count++];
    memset(entry, 0, sizeof *entry);
    entry->written = seep_watchdog__now(watchdog).wall; /* it is older, nobody knows how much */
    seep_text_copy(entry->kind, sizeof entry->kind, SEEP_PROMISE_RECORDING);
    seep_text_copy(entry->subject, sizeof entry->subject,
                   seep_engine_settings_in_force(watchdog->engine)->capture_instance);
  }
}

/* One that cannot be made shows when a recording is to begin: it is refused with the reason. */
static void make_folders(seep_watchdog *watchdog)
{
  if (seep_files_make_folder(watchdog->capture_folder, NULL) == SEEP_OK) {
    (void)seep_files_make_folder(watchdog->temporary_folder, NULL);
  }
}

seep_status seep_watchdog_run(seep_watchdog *watchdog, seep_error *error)
{
  uv_timer_start(&watchdog->poll_timer, poll_due, 0, SECOND_MS);
  watchdog->began_ms = uv_now(&watchdog->loop);
  load_settings(watchdog, true);
  seep_watchdog__read_recorder_build(watchdog);
  seep_engine_start(watchdog->engine, seep_watchdog__now(watchdog));
  seep_watchdog__open_store(watchdog);
  if (!watchdog->folder_unusable) {
    make_folders(watchdog);
    (void)seep_watchdog__clean_analysis(watchdog);
    list_recoveries(watchdog);
  }
  seep_watchdog__read_diagnosis(watchdog);
  seep_watchdog__settle(watchdog);
  seep_watchdog__keep_feeds(watchdog);
  uv_timer_start(&watchdog->second_timer, second_passed, SECOND_MS, SECOND_MS);
  start_poll(watchdog);
  if (watchdog->options.running != NULL) {
    watchdog->options.running(watchdog->options.running_context);
  }
  uv_async_send(&watchdog->wake); /* controls posted before the loop ran */
  int code = uv_run(&watchdog->loop, UV_RUN_DEFAULT);
  if (watchdog->abandoned) {
    return SEEP_OK; /* everything is told and closed */
  }
  if (code == 0 && watchdog->options.undo_only && !watchdog->undone) {
    return seep_error_set(error, SEEP_TIMED_OUT, SEEP_DOMAIN_NONE, 0,
                          "take back what an earlier run has left", watchdog->data_folder);
  }
  return code == 0 ? SEEP_OK : seep_error_set(error, SEEP_OS, SEEP_DOMAIN_UV, code, "uv_run", NULL);
}

static void close_handle(uv_handle_t *handle, void *context)
{
  (void)context;
  if (!uv_is_closing(handle)) {
    uv_close(handle, NULL);
  }
}

bool seep_watchdog_is_abandoned(const seep_watchdog *watchdog)
{
  return watchdog->abandoned;
}

void seep_watchdog_free(seep_watchdog *watchdog)
{
  if (watchdog == NULL || watchdog->abandoned) {
    return;
  }
  seep_child_free(watchdog->child);
  seep_child_free(watchdog->reader.child);
  if (watchdog->loop_ready) {
    uv_walk(&watchdog->loop, close_handle, NULL);
    (void)uv_run(&watchdog->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&watchdog->loop);
  }
  seep_store_close(watchdog->store);
  seep_engine_free(watchdog->engine);
  seep_inbox_free(watchdog->inbox);
  uv_mutex_destroy(&watchdog->post_lock);
  free(watchdog);
}
