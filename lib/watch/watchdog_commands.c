/* Carries out the engine's commands: store, alerts, files, the recorder's program. Decides nothing. */
#include "watch/watchdog_internal.h"

#include <string.h>

#include "watch/files.h"

#define STORE_RETRY_MS SEEP_MS_PER_MINUTE
#define POLLS_PER_PRUNE 20
#define PRUNED_AT_ONCE 100
/* History that can only be kept in memory must not become the leak. */
#define MEMORY_STORE_BYTES (8u * 1024u * 1024u)
#define RENAME_TRIES 5
#define RENAME_PAUSE_MS 100

seep_now seep_watchdog__now(const seep_watchdog *watchdog)
{
  const seep_clock *clock = &watchdog->options.clock;
  seep_now now = {clock->mono(clock->context), clock->wall(clock->context)};
  return now;
}

/* ---- store ---- */

/* The engine hears of it from settle: a command must not call back into it. */
static void note_storage(seep_watchdog *watchdog, bool ok, const seep_error *error)
{
  if (ok && watchdog->storage_noted && !watchdog->storage_ok) {
    return;
  }
  watchdog->storage_noted = true;
  watchdog->storage_ok = ok;
  if (!ok) {
    watchdog->storage_error = *error;
  }
}

void seep_watchdog__open_store(seep_watchdog *watchdog)
{
  seep_store_opening opening;
  seep_error error = {0};
  seep_now now = seep_watchdog__now(watchdog);
  seep_store *store = NULL;
  memset(&opening, 0, sizeof opening);
  seep_status status = watchdog->folder_error.status;
  error = watchdog->folder_error;
  if (!watchdog->folder_unusable) {
    status = seep_store_open(watchdog->store_path, now.wall, watchdog->options.store_files, &store, &opening,
                             &error);
  }
  if (opening.set_aside[0] != '\0') {
    seep_text_copy(watchdog->set_aside, sizeof watchdog->set_aside, opening.set_aside);
  }
  if (status != SEEP_OK) {
    if (watchdog->store == NULL) {
      (void)seep_store_open(":memory:", now.wall, NULL, &watchdog->store, &opening, NULL);
      watchdog->store_exchanged = true;
    }
    watchdog->store_is_file = false;
    watchdog->store_retry.ms = now.mono.ms + STORE_RETRY_MS;
    note_storage(watchdog, false, &error);
    return;
  }
  seep_store_close(watchdog->store);
  watchdog->store = store;
  watchdog->store_is_file = true;
  watchdog->store_exchanged = true;
  note_storage(watchdog, true, NULL);
}

/* Books a write that failed; that all is well is said by the poll alone, which always writes. A file store
 * that fails stays in use: it may have room again later. */
static void note_store(seep_watchdog *watchdog, seep_status status, const seep_error *error)
{
  if (status == SEEP_OK) {
    return;
  }
  note_storage(watchdog, false, error);
  if (status == SEEP_CORRUPT && watchdog->store_is_file) {
    seep_store_close(watchdog->store);
    watchdog->store = NULL;
    watchdog->store_is_file = false;
    watchdog->store_retry.ms = 0; /* the next poll opens it, and opening sets a damaged file aside */
  }
}

static void prune(seep_watchdog *watchdog, seep_wall wall)
{
  const seep_settings *settings = seep_engine_settings_in_force(watchdog->engine);
  seep_wall cutoff = {wall.ms - settings->store_retention_ms};
  uint64_t maximum_bytes = settings->store_maximum_bytes;
  unsigned removed = 0;
  if (++watchdog->polls_since_prune < POLLS_PER_PRUNE) {
    return;
  }
  watchdog->polls_since_prune = 0;
  if (!watchdog->store_is_file && maximum_bytes > MEMORY_STORE_BYTES) {
    maximum_bytes = MEMORY_STORE_BYTES;
  }
  seep_error error;
  note_store(watchdog,
             seep_store_prune(watchdog->store, cutoff, maximum_bytes, PRUNED_AT_ONCE, &removed, &error),
             &error);
}

/* id 0: the entry of the recording under way. */
static void remove_journal(seep_watchdog *watchdog, int64_t id)
{
  seep_error error = {0};
  int64_t which = id != 0 ? id : watchdog->journal_id;
  if (which != 0) {
    seep_status status =
        watchdog->store != NULL ? seep_store_journal_remove(watchdog->store, which, &error) : SEEP_GONE;
    if (status != SEEP_OK) {
      watchdog->journal_remove_again = which;
    } else if (watchdog->journal_remove_again == which) {
      watchdog->journal_remove_again = 0;
    }
    if (status != SEEP_GONE) {
      note_store(watchdog, status, &error);
    }
  }
  watchdog->journal_id = id == 0 ? 0 : watchdog->journal_id;
}

static void store_poll(seep_watchdog *watchdog, seep_command *command)
{
  seep_now now = seep_watchdog__now(watchdog);
  seep_error error = {0};
  if (!watchdog->store_is_file && now.mono.ms >= watchdog->store_retry.ms) {
    seep_watchdog__open_store(watchdog);
  }
  if (watchdog->store == NULL) {
    return;
  }
  for (size_t i = 0; watchdog->store_exchanged && i < command->as.poll.count; i++) {
    command->as.poll.samples[i].store_id = 0;
  }
  seep_status status = seep_store_append_poll(watchdog->store, now.wall, command->as.poll.memory,
                                              command->as.poll.samples, command->as.poll.count, &error);
  command->as.poll.done = status;
  note_store(watchdog, status, &error);
  if (status == SEEP_OK && watchdog->store_is_file) {
    note_storage(watchdog, true, NULL);
    if (watchdog->journal_remove_again != 0) {
      remove_journal(watchdog, watchdog->journal_remove_again);
    }
  }
  if (watchdog->store != NULL) {
    prune(watchdog, now.wall);
  }
}

/* Small rows. A case's id from another store would name a stranger's row: those wait until the engine has
 * been told. */
static void store_row(seep_watchdog *watchdog, seep_command *command)
{
  seep_error error = {0};
  seep_status status = SEEP_OK;
  bool names_a_case = command->kind != SEEP_COMMAND_BOOKMARK;
  if (!names_a_case && command->as.bookmark.length <= sizeof watchdog->bookmark) {
    memcpy(watchdog->bookmark, command->as.bookmark.text, command->as.bookmark.length);
    watchdog->bookmark_bytes = command->as.bookmark.length;
  }
  if (watchdog->store == NULL || (names_a_case && watchdog->store_exchanged)) {
    return;
  }
  switch (command->kind) {
  case SEEP_COMMAND_LEAK_OPEN:
  case SEEP_COMMAND_LEAK_UPDATE:
    status = command->as.leak->id == 0 ? seep_store_leak_open(watchdog->store, command->as.leak, &error)
                                       : seep_store_leak_update(watchdog->store, command->as.leak, &error);
    break;
  case SEEP_COMMAND_CAPTURE_ADD:
    status = seep_store_capture_add(watchdog->store, command->as.capture, &error);
    break;
  default:
    status = seep_store_value_set(watchdog->store, SEEP_WATCHDOG_BOOKMARK, command->as.bookmark.text,
                                  command->as.bookmark.length, &error);
    break;
  }
  note_store(watchdog, status, &error);
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
  watchdog->alerts_lost += status != SEEP_OK && !again;
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
  char text[SEEP_WPR_PROFILE_SIZE];
  seep_writer writer;
  const seep_settings *settings = seep_engine_settings_in_force(watchdog->engine);
  seep_wpr_profile profile = {.buffers = settings->capture_buffers, .buffer_kilobytes = 1024};
  seep_writer_init(&writer, text, sizeof text);
  seep_wpr_profile_virtualalloc(&writer, &profile);
  seep_status status = writer.cut ? SEEP_LIMIT
                                  : seep_files_write(seep_engine_recorder_of(watchdog->engine)->profile_path,
                                                     text, writer.length, NULL);
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
    remove_journal(watchdog, action->journal_id);
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
    store_poll(watchdog, command);
    break;
  case SEEP_COMMAND_LEAK_OPEN:
  case SEEP_COMMAND_LEAK_UPDATE:
  case SEEP_COMMAND_CAPTURE_ADD:
  case SEEP_COMMAND_BOOKMARK:
    store_row(watchdog, command);
    break;
  case SEEP_COMMAND_RECORDER:
    carry_recorder(watchdog, command->as.recorder);
    break;
  case SEEP_COMMAND_REQUEST_RECORDING:
    watchdog->request = *command->as.target;
    watchdog->request_waiting = true;
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

/* A recording is under way: its promise, carried over from a damaged file, has another number here. Whatever
 * else is there is for the next start. */
static void adopt_journal(seep_watchdog *watchdog)
{
  const char *instance = seep_engine_recorder_of(watchdog->engine)->instance;
  watchdog->journal_id = 0;
  for (size_t i = 0; i < watchdog->recovery_count; i++) {
    if (strcmp(watchdog->recoveries[i].subject, instance) == 0) {
      watchdog->journal_id = watchdog->recoveries[i].id;
    }
  }
  watchdog->recovery_count = 0;
}

void seep_watchdog__take_over_store(seep_watchdog *watchdog)
{
  unsigned closed = 0;
  watchdog->store_exchanged = false;
  watchdog->recovery_next = 0;
  watchdog->recovery_count = 0;
  watchdog->journal_remove_again = 0;
  if (watchdog->store == NULL) {
    return;
  }
  (void)seep_store_leak_close_all(watchdog->store, seep_watchdog__now(watchdog).wall,
                                  "the service was restarted", &closed, NULL);
  if (watchdog->store_is_file && watchdog->bookmark_bytes > 0) {
    (void)seep_store_value_set(watchdog->store, SEEP_WATCHDOG_BOOKMARK, watchdog->bookmark,
                               watchdog->bookmark_bytes, NULL);
  }
  (void)seep_store_journal_list(watchdog->store, watchdog->recoveries, SEEP_WATCHDOG_RECOVERIES,
                                &watchdog->recovery_count, NULL);
  if (!seep_engine_recorder_is_idle(watchdog->engine)) {
    adopt_journal(watchdog);
  }
}

static void tell_storage(seep_watchdog *watchdog)
{
  seep_now now = seep_watchdog__now(watchdog);
  if (watchdog->store_exchanged) {
    seep_watchdog__take_over_store(watchdog);
    seep_engine_store_exchanged(watchdog->engine);
  }
  if (!watchdog->storage_noted) {
    return;
  }
  watchdog->storage_noted = false;
  if (watchdog->set_aside[0] != '\0') {
    seep_error moved;
    seep_error_set(&moved, SEEP_CORRUPT, SEEP_DOMAIN_NONE, 0,
                   "a fresh file was begun and the damaged one kept as", watchdog->set_aside);
    watchdog->set_aside[0] = '\0';
    seep_engine_storage(watchdog->engine, now, true, "",
                        NULL); /* news, also when the damage itself was told */
    seep_engine_storage(watchdog->engine, now, false, watchdog->store_path, &moved);
  }
  seep_engine_storage(watchdog->engine, now, watchdog->storage_ok, watchdog->store_path,
                      &watchdog->storage_error);
}

void seep_watchdog__settle(seep_watchdog *watchdog)
{
  seep_recorder_event event;
  watchdog->skip_actions = false;
  tell_storage(watchdog);
  while (next_event(watchdog, &event)) {
    seep_engine_recorder(watchdog->engine, seep_watchdog__now(watchdog), &event);
    watchdog->skip_actions = false;
    tell_storage(watchdog);
  }
}
