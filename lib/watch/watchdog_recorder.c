/*
 * The recorder's hand: runs wpr, keeps its promises in the journal, writes its profile, has finished traces
 * kept by a worker, and feeds the recorder with what came of it. Decides nothing.
 */
#include "watch/watchdog_internal.h"

#include <string.h>

#include "watch/files.h"

/* The machine's start is known to the second, and journal times come from a clock that is set now and then.
 */
#define REBOOT_SLACK_MS (2 * SEEP_MS_PER_MINUTE)

static void push_pending(seep_watchdog *watchdog, const seep_recorder_event *event)
{
  if (watchdog->pending_count < SEEP_WATCHDOG_PENDING) {
    watchdog->pending[watchdog->pending_count++] = *event;
  }
}

static void tool_could_not_run(seep_watchdog *watchdog, seep_status status)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_TOOL_FAILED, .tool_status = status};
  watchdog->skip_actions = true;
  push_pending(watchdog, &event);
}

/* ---- wpr ---- */

static void tool_done(void *context, const seep_tracer_result *result)
{
  seep_watchdog *watchdog = context;
  seep_recorder_event event = {.kind = result->timed_out ? SEEP_RECORDER_TOOL_TIMED_OUT
                                                         : SEEP_RECORDER_TOOL_EXITED,
                               .exit_code = result->exit_code};
  event.output_bytes = seep_files_size(seep_engine_recorder_of(watchdog->engine)->output_temporary);
  seep_engine_recorder(watchdog->engine, seep_watchdog__now(watchdog), &event);
  seep_watchdog__settle(watchdog);
}

static seep_tracer_priority priority_of(const seep_watchdog *watchdog, seep_wpr_verb verb)
{
  if (verb != SEEP_WPR_STOP) {
    return SEEP_TRACER_PRIORITY_NORMAL;
  }
  switch ((seep_stop_priority)seep_engine_settings_in_force(watchdog->engine)->capture_stop_priority) {
  case SEEP_STOP_PRIORITY_HIGH:
    return SEEP_TRACER_PRIORITY_HIGH;
  case SEEP_STOP_PRIORITY_LOW:
    return SEEP_TRACER_PRIORITY_LOW;
  case SEEP_STOP_PRIORITY_NORMAL:
  default:
    return SEEP_TRACER_PRIORITY_NORMAL;
  }
}

seep_status seep_watchdog__run_wpr(seep_watchdog *watchdog, const seep_wpr_command *command,
                                   int64_t deadline_ms, bool kill_at_deadline, seep_tracer_done done)
{
  const char *arguments[SEEP_WPR_MAXIMUM_ARGUMENTS + 1] = {NULL};
  for (size_t i = 0; i < command->argument_count; i++) {
    arguments[i] = command->arguments[i];
  }
  const seep_tracer_call call = {.arguments = arguments,
                                 .deadline_ms = deadline_ms,
                                 .kill_at_deadline = kill_at_deadline,
                                 .priority = priority_of(watchdog, command->verb)};
  return watchdog->tracer.run(watchdog->tracer.context, &call, done, watchdog, NULL);
}

static void run_tool(seep_watchdog *watchdog, const seep_recorder_action *action)
{
  if (action->command.verb == SEEP_WPR_STOP) {
    /* What wpr does with an existing output file is not known: there is none, also none of an earlier
     * attempt. */
    (void)seep_files_remove(seep_engine_recorder_of(watchdog->engine)->output_temporary);
  }
  seep_status status = seep_watchdog__run_wpr(watchdog, &action->command, action->deadline_ms,
                                              action->kill_at_deadline, tool_done);
  if (status != SEEP_OK) {
    tool_could_not_run(watchdog, status);
  }
}

void seep_watchdog__read_recorder_build(seep_watchdog *watchdog)
{
  if (watchdog->options.recorder_build != NULL) {
    seep_engine_recorder_build(watchdog->engine, watchdog->options.recorder_build(watchdog->recorder_path));
  }
}

/* ---- journal and profile ---- */

static void add_journal(seep_watchdog *watchdog, const seep_recorder_action *action)
{
  int64_t id = 0;
  seep_status status = seep_watchdog__add_journal(watchdog, SEEP_PROMISE_RECORDING, action->promise, &id);
  if (status != SEEP_OK) {
    /* No promise, no deed. Busy is not told as such: the recorder would try again the call that depends on
     * it. */
    tool_could_not_run(watchdog, status == SEEP_BUSY ? SEEP_OS : status);
    return;
  }
  watchdog->journal_id = id;
}

static void write_profile(seep_watchdog *watchdog, const seep_profile *profile)
{
  char text[SEEP_PROFILE_SIZE];
  seep_writer writer;
  seep_writer_init(&writer, text, sizeof text);
  seep_profile_write(&writer, profile);
  seep_status status = writer.cut ? SEEP_LIMIT
                                  : seep_files_write(seep_engine_recorder_of(watchdog->engine)->profile_path,
                                                     text, writer.length, NULL);
  if (status != SEEP_OK) {
    tool_could_not_run(watchdog, status);
  }
}

/* ---- keeping ---- */

static void keep_worker(uv_work_t *work)
{
  seep_watchdog *watchdog = work->data;
  watchdog->keep_status = seep_keeper_keep(&watchdog->keep, &watchdog->kept, NULL);
}

static void keep_finished(uv_work_t *work, int status)
{
  seep_watchdog *watchdog = work->data;
  seep_recorder_event event = {.kind = SEEP_RECORDER_KEPT};
  watchdog->keep_in_flight = false;
  if (watchdog->finished) {
    return;
  }
  event.tool_status = status == 0 ? watchdog->keep_status : SEEP_CANCELLED;
  event.kept = watchdog->kept;
  seep_engine_recorder(watchdog->engine, seep_watchdog__now(watchdog), &event);
  seep_watchdog__make_room(watchdog);
  seep_watchdog__settle(watchdog);
}

static void begin_keeping(seep_watchdog *watchdog)
{
  const seep_recorder *recorder = seep_engine_recorder_of(watchdog->engine);
  const seep_settings *settings = seep_engine_settings_in_force(watchdog->engine);
  seep_keeper_request *keep = &watchdog->keep;
  watchdog->keep_stop = 0;
  *keep = (seep_keeper_request){.compress = settings->capture_compress,
                                .minimum_free_bytes = settings->capture_minimum_free_bytes / 2,
                                .pid = recorder->target.key.pid,
                                .background = watchdog->options.background,
                                .stop = &watchdog->keep_stop};
  seep_text_copy(keep->fresh, sizeof keep->fresh, recorder->output_temporary);
  seep_text_copy(keep->plain, sizeof keep->plain, recorder->output);
  memset(&watchdog->kept, 0, sizeof watchdog->kept);
  (void)seep_files_join(keep->partial, sizeof keep->partial, watchdog->temporary_folder,
                        watchdog->options.path_separator, "keeping.gz.part");
  watchdog->keep_work.data = watchdog;
  watchdog->keep_in_flight =
      uv_queue_work(&watchdog->loop, &watchdog->keep_work, keep_worker, keep_finished) == 0;
  if (!watchdog->keep_in_flight) {
    seep_recorder_event event = {.kind = SEEP_RECORDER_KEPT, .tool_status = SEEP_OS};
    push_pending(watchdog, &event);
  }
}

/* ---- actions ---- */

void seep_watchdog__carry_recorder(seep_watchdog *watchdog, const seep_recorder_action *action)
{
  if (watchdog->skip_actions) {
    return;
  }
  switch (action->kind) {
  case SEEP_RECORDER_JOURNAL_ADD:
    add_journal(watchdog, action);
    break;
  case SEEP_RECORDER_JOURNAL_REMOVE:
    seep_watchdog__remove_journal_later(watchdog,
                                        action->journal_id != 0 ? action->journal_id : watchdog->journal_id);
    break;
  case SEEP_RECORDER_WRITE_PROFILE:
    write_profile(watchdog, &action->profile);
    break;
  case SEEP_RECORDER_RUN:
    run_tool(watchdog, action);
    break;
  case SEEP_RECORDER_DELETE_RAW:
    (void)seep_files_clean_temporary(watchdog->temporary_folder, watchdog->capture_folder,
                                     watchdog->options.path_separator, action->instance);
    break;
  case SEEP_RECORDER_KEEP:
    begin_keeping(watchdog);
    break;
  case SEEP_RECORDER_KEEP_BRIEFLY:
    watchdog->keep_stop = 1;
    break;
  case SEEP_RECORDER_TELL:
  default:
    break;
  }
}

/* ---- what it is fed with ---- */

static bool was_rebooted(const seep_watchdog *watchdog, seep_wall since)
{
  double uptime_s = 0;
  if (uv_uptime(&uptime_s) != 0) {
    return false;
  }
  int64_t began_ms = seep_watchdog__now(watchdog).wall.ms - (int64_t)(uptime_s * 1000.0);
  return since.ms + REBOOT_SLACK_MS < began_ms;
}

/* Under its plain name, or packed already. */
static bool is_finished(const seep_watchdog *watchdog, const char *file)
{
  char path[SEEP_WATCHDOG_PATH_SIZE + 4];
  if (!seep_files_join(path, SEEP_WATCHDOG_PATH_SIZE, watchdog->capture_folder,
                       watchdog->options.path_separator, file)) {
    return false;
  }
  bool plain = seep_files_size(path) > 0;
  memcpy(path + strlen(path), ".gz", sizeof ".gz");
  return plain || seep_files_size(path) > 0;
}

static void measure_recovery(seep_watchdog *watchdog, seep_recorder_event *event)
{
  const seep_promise_recording *promise = &event->promise;
  char path[SEEP_WATCHDOG_PATH_SIZE];
  char separator = watchdog->options.path_separator;
  event->raw_bytes = seep_files_raw_bytes(watchdog->temporary_folder, promise->instance);
  event->rebooted = was_rebooted(watchdog, promise->requested.ms > 0 ? promise->requested : event->wall);
  event->target_lives = promise->key.pid != 0 &&
                        (!watchdog->seen || seep_engine_detector_of(watchdog->engine, promise->key) != NULL);
  if (promise->file[0] != '\0') {
    event->output_bytes =
        seep_files_join(path, sizeof path, watchdog->temporary_folder, separator, promise->file)
            ? seep_files_size(path)
            : 0;
    event->finished = is_finished(watchdog, promise->file);
  }
}

/* Not before the first look at the processes: whether the one that was recorded is still there counts. */
static bool next_recovery(seep_watchdog *watchdog, seep_recorder_event *event)
{
  while (watchdog->recovery_next < watchdog->recovery_count &&
         strcmp(watchdog->recoveries[watchdog->recovery_next].kind, SEEP_PROMISE_FLAG) == 0) {
    watchdog->recovery_next++;
  }
  if (watchdog->recovery_next >= watchdog->recovery_count || watchdog->stopping || !watchdog->looked ||
      !seep_engine_recorder_is_idle(watchdog->engine)) {
    return false;
  }
  const seep_store_journal_entry *entry = &watchdog->recoveries[watchdog->recovery_next++];
  memset(event, 0, sizeof *event);
  event->kind = SEEP_RECORDER_RECOVER;
  event->journal_id = entry->id;
  event->wall = entry->written;
  event->promise_damaged = !seep_promise_read_recording(entry->subject, &event->promise);
  if (!event->promise_damaged) {
    measure_recovery(watchdog, event);
  }
  return true;
}

static void fill_request(seep_watchdog *watchdog, seep_recorder_event *event)
{
  seep_wall day_ago = {seep_watchdog__now(watchdog).wall.ms - SEEP_MS_PER_DAY};
  memset(event, 0, sizeof *event);
  event->kind = SEEP_RECORDER_REQUEST;
  event->target = watchdog->request;
  event->free_bytes = seep_files_free_bytes(watchdog->data_folder);
  event->shelf_full = !seep_watchdog__has_room(watchdog, event->target.image);
  if (watchdog->store != NULL) {
    (void)seep_store_captures_since(watchdog->store, day_ago, &event->recent, NULL);
    (void)seep_store_capture_newest(watchdog->store, event->target.image, &event->last, NULL);
  }
  seep_watchdog__read_recorder_build(watchdog);
}

bool seep_watchdog__next_recorder_event(seep_watchdog *watchdog, seep_recorder_event *event)
{
  if (watchdog->pending_count > 0) {
    *event = watchdog->pending[0];
    watchdog->pending_count--;
    memmove(watchdog->pending, watchdog->pending + 1, watchdog->pending_count * sizeof watchdog->pending[0]);
    return true;
  }
  if (next_recovery(watchdog, event)) {
    return true;
  }
  if (watchdog->request_waiting) {
    watchdog->request_waiting = false;
    fill_request(watchdog, event);
    return true;
  }
  return false;
}
