/* Carries out the engine's commands: alerts, files, the recorder's program; the store's part is in
 * watchdog_store.c. Decides nothing. */
#include "watch/watchdog_internal.h"

#include <string.h>

#include "watch/files.h"

#define RENAME_TRIES 5
#define RENAME_PAUSE_MS 100

seep_now seep_watchdog__now(const seep_watchdog *watchdog)
{
  const seep_clock *clock = &watchdog->options.clock;
  seep_now now = {clock->mono(clock->context), clock->wall(clock->context)};
  return now;
}

/* ---- alerts ---- */

static seep_status write_alert(seep_watchdog *watchdog, const seep_alert *alert, bool again)
{
  const char *inserts[SEEP_ALERT_INSERTS];
  seep_error error;
  for (size_t i = 0; i < alert->insert_count; i++) {
    inserts[i] = alert->inserts[i];
  }
  const seep_alert_sink *sink = &watchdog->options.sink;
  seep_status status =
      sink->write(sink->context, alert->id, (int)alert->level, inserts, alert->insert_count, &error);
  if (!again) {
    watchdog->alerts_lost += status != SEEP_OK;
    seep_watchdog__keep_event(watchdog, alert); /* all the more when the log refused it */
  }
  return status;
}

/* ---- recorder ---- */

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

seep_status seep_watchdog__run_wpr(seep_watchdog *watchdog, const seep_wpr_command *command,
                                   int64_t deadline_ms, bool kill_at_deadline, seep_tracer_done done)
{
  const char *arguments[SEEP_WPR_MAXIMUM_ARGUMENTS + 1] = {NULL};
  for (size_t i = 0; i < command->argument_count; i++) {
    arguments[i] = command->arguments[i];
  }
  return watchdog->tracer.run(watchdog->tracer.context, arguments, deadline_ms, kill_at_deadline, done,
                              watchdog, NULL);
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

static void add_journal(seep_watchdog *watchdog, const seep_recorder_action *action)
{
  seep_error error = {0};
  seep_store_journal_entry entry = {.written = seep_watchdog__now(watchdog).wall};
  seep_text_copy(entry.kind, sizeof entry.kind, "recording");
  seep_text_copy(entry.subject, sizeof entry.subject, action->instance);
  seep_status status = watchdog->store != NULL && watchdog->store_is_file
                           ? seep_store_journal_add(watchdog->store, &entry, &error)
                           : SEEP_GONE;
  if (status != SEEP_OK) {
    /* No promise, no deed. Busy is not told as such: the recorder would try again the call that depends on
     * it. */
    tool_could_not_run(watchdog, status == SEEP_BUSY ? SEEP_OS : status);
    return;
  }
  watchdog->journal_id = entry.id;
}

static void write_profile(seep_watchdog *watchdog)
{
  char text[SEEP_PROFILE_SIZE];
  seep_writer writer;
  const seep_settings *settings = seep_engine_settings_in_force(watchdog->engine);
  const seep_recorder *recorder = seep_engine_recorder_of(watchdog->engine);
  const seep_profile profile = {.kind = recorder->recording,
                                .pid = recorder->target.key.pid,
                                .buffers = settings->capture_buffers,
                                .buffer_kilobytes = 1024};
  seep_writer_init(&writer, text, sizeof text);
  seep_profile_write(&writer, &profile);
  seep_status status =
      writer.cut ? SEEP_LIMIT : seep_files_write(recorder->profile_path, text, writer.length, NULL);
  if (status != SEEP_OK) {
    tool_could_not_run(watchdog, status);
  }
}

bool seep_watchdog__keep_output(seep_watchdog *watchdog)
{
  if (watchdog->unkept_from[0] != '\0' &&
      seep_files_rename(watchdog->unkept_from, watchdog->unkept_to, NULL) == SEEP_OK) {
    watchdog->unkept_from[0] = '\0';
  }
  return watchdog->unkept_from[0] == '\0';
}

static void carry_recorder(seep_watchdog *watchdog, const seep_recorder_action *action)
{
  const seep_recorder *recorder = seep_engine_recorder_of(watchdog->engine);
  if (watchdog->skip_actions) {
    return;
  }
  switch (action->kind) {
  case SEEP_RECORDER_JOURNAL_ADD:
    add_journal(watchdog, action);
    break;
  case SEEP_RECORDER_JOURNAL_REMOVE:
    seep_watchdog__remove_journal(watchdog, action->journal_id);
    break;
  case SEEP_RECORDER_WRITE_PROFILE:
    write_profile(watchdog);
    break;
  case SEEP_RECORDER_RUN:
    run_tool(watchdog, action);
    break;
  case SEEP_RECORDER_DELETE_RAW:
    (void)seep_files_clean_temporary(watchdog->temporary_folder, watchdog->capture_folder,
                                     watchdog->options.path_separator, action->instance,
                                     watchdog->unkept_from[0] != '\0' ? watchdog->unkept_from : NULL);
    break;
  case SEEP_RECORDER_KEEP_OUTPUT:
    seep_text_copy(watchdog->unkept_from, sizeof watchdog->unkept_from, recorder->output_temporary);
    seep_text_copy(watchdog->unkept_to, sizeof watchdog->unkept_to, recorder->output);
    for (int tries = 0; tries < RENAME_TRIES && !seep_watchdog__keep_output(watchdog); tries++) {
      uv_sleep(RENAME_PAUSE_MS);
    }
    break;
  case SEEP_RECORDER_TELL:
  default:
    break;
  }
}

void seep_watchdog__carry_out(void *context, seep_command *command)
{
  seep_watchdog *watchdog = context;
  switch (command->kind) {
  case SEEP_COMMAND_ALERT:
    command->as.alert.done = write_alert(watchdog, command->as.alert.alert, command->as.alert.again);
    break;
  case SEEP_COMMAND_STORE_POLL:
    seep_watchdog__store_poll(watchdog, command);
    break;
  case SEEP_COMMAND_LEAK_OPEN:
  case SEEP_COMMAND_LEAK_UPDATE:
  case SEEP_COMMAND_CAPTURE_ADD:
  case SEEP_COMMAND_BOOKMARK:
  case SEEP_COMMAND_LINEAGE_KEEP:
    seep_watchdog__store_row(watchdog, command);
    break;
  case SEEP_COMMAND_HISTORY_TOLD:
    seep_watchdog__store_history_told(watchdog, command->as.history_told_bytes);
    break;
  case SEEP_COMMAND_RECORDER:
    carry_recorder(watchdog, command->as.recorder);
    break;
  case SEEP_COMMAND_REQUEST_RECORDING:
    watchdog->request = *command->as.target;
    watchdog->request_waiting = true;
    break;
  case SEEP_COMMAND_TAKE_INVENTORY:
    watchdog->inventory_of = command->as.inventory_of;
    watchdog->inventory_wanted = true;
    break;
  case SEEP_COMMAND_POLL_EVERY:
    uv_timer_set_repeat(&watchdog->poll_timer, (uint64_t)command->as.interval_ms);
    uv_timer_again(&watchdog->poll_timer);
    break;
  }
}

/* ---- feeding back ---- */

static bool next_recovery(seep_watchdog *watchdog, seep_recorder_event *event)
{
  if (watchdog->recovery_next >= watchdog->recovery_count || watchdog->stopping ||
      !seep_engine_recorder_is_idle(watchdog->engine)) {
    return false;
  }
  const seep_store_journal_entry *entry = &watchdog->recoveries[watchdog->recovery_next++];
  memset(event, 0, sizeof *event);
  event->kind = SEEP_RECORDER_RECOVER;
  event->journal_id = entry->id;
  event->wall = entry->written;
  seep_text_copy(event->instance, sizeof event->instance, entry->subject);
  return true;
}

static bool next_event(seep_watchdog *watchdog, seep_recorder_event *event)
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
    memset(event, 0, sizeof *event);
    event->kind = SEEP_RECORDER_REQUEST;
    event->target = watchdog->request;
    event->free_bytes = seep_files_free_bytes(watchdog->data_folder);
    event->folder_bytes = seep_files_folder_bytes(watchdog->capture_folder);
    return true;
  }
  return false;
}

void seep_watchdog__settle(seep_watchdog *watchdog)
{
  seep_recorder_event event;
  watchdog->skip_actions = false;
  seep_watchdog__tell_storage(watchdog);
  seep_watchdog__tell_history(watchdog);
  seep_watchdog__begin_inventory(watchdog);
  while (next_event(watchdog, &event)) {
    seep_engine_recorder(watchdog->engine, seep_watchdog__now(watchdog), &event);
    watchdog->skip_actions = false;
    seep_watchdog__tell_storage(watchdog);
  }
}
