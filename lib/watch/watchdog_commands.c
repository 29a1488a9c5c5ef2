/* Carries out the engine's commands; the recorder's part is in watchdog_recorder.c, the store's in
 * watchdog_store.c. Decides nothing. */
#include "watch/watchdog_internal.h"

#include <string.h>

#include "watch/files.h"

seep_now seep_watchdog__now(const seep_watchdog *watchdog)
{
  const seep_clock *clock = &watchdog->options.clock;
  seep_now now = {clock->mono(clock->context), clock->wall(clock->context)};
  return now;
}

/* ---- alerts ---- */

/* Who only takes back what was left is no watchdog that has started, stopped or read a configuration. */
static bool is_worth_telling(const seep_watchdog *watchdog, uint32_t id)
{
  return !watchdog->options.undo_only || id == SEEP_ALERT_LEFTOVER_UNDONE ||
         id == SEEP_ALERT_FLAG_TAKEN_BACK || id == SEEP_ALERT_RECORDING_FAILED;
}

static seep_status write_alert(seep_watchdog *watchdog, const seep_alert *alert, bool again, bool held_back)
{
  if (!is_worth_telling(watchdog, alert->id)) {
    return SEEP_OK;
  }
  if (held_back) {
    seep_watchdog__keep_event(watchdog, alert);
    return SEEP_OK;
  }
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

/* ---- tracing flags ---- */

static void edit_flag(seep_watchdog *watchdog, seep_command *command)
{
  const seep_tracing_flags *flags = &watchdog->options.flags;
  seep_status status = SEEP_UNSUPPORTED;
  if (flags->read != NULL) {
    status = command->as.flag.edit != SEEP_TRACING_FLAG_KEEP
                 ? flags->edit(flags->context, command->as.flag.image, command->as.flag.edit,
                               command->as.flag.number, NULL)
                 : SEEP_OK;
  }
  if (status == SEEP_OK) {
    status = flags->read(flags->context, command->as.flag.image, &command->as.flag.state, NULL);
  }
  command->as.flag.done = status;
}

/* ---- beside a finished recording ---- */

/* Its name is there only when it is whole. Without it the recording is as good as before. */
static void write_sidecar(seep_watchdog *watchdog, const seep_command *command)
{
  char partial[SEEP_WATCHDOG_PATH_SIZE];
  if (seep_files_join(partial, sizeof partial, watchdog->temporary_folder, watchdog->options.path_separator,
                      "sidecar.json.part") &&
      seep_files_write(partial, command->as.sidecar.text, command->as.sidecar.length, NULL) == SEEP_OK &&
      seep_files_rename(partial, command->as.sidecar.path, NULL) != SEEP_OK) {
    (void)seep_files_remove(partial);
  }
}

void seep_watchdog__carry_out(void *context, seep_command *command)
{
  seep_watchdog *watchdog = context;
  switch (command->kind) {
  case SEEP_COMMAND_ALERT:
    command->as.alert.done =
        write_alert(watchdog, command->as.alert.alert, command->as.alert.again, command->as.alert.held_back);
    break;
  case SEEP_COMMAND_STORE_POLL:
    seep_watchdog__store_poll(watchdog, command);
    break;
  case SEEP_COMMAND_LEAK_OPEN:
  case SEEP_COMMAND_LEAK_UPDATE:
  case SEEP_COMMAND_CAPTURE_ADD:
  case SEEP_COMMAND_EXHAUSTION:
  case SEEP_COMMAND_BOOKMARK:
  case SEEP_COMMAND_LINEAGE_KEEP:
    seep_watchdog__store_row(watchdog, command);
    break;
  case SEEP_COMMAND_ANSWER_KEEP:
    seep_watchdog__keep_answer(watchdog, command->as.answer);
    break;
  case SEEP_COMMAND_SIDECAR:
    write_sidecar(watchdog, command);
    break;
  case SEEP_COMMAND_JOURNAL_ADD:
    command->as.journal.done = seep_watchdog__add_journal(watchdog, command->as.journal.kind,
                                                          command->as.journal.text, &command->as.journal.id);
    break;
  case SEEP_COMMAND_JOURNAL_REMOVE:
    seep_watchdog__remove_journal(watchdog, command->as.journal.id);
    break;
  case SEEP_COMMAND_FLAG:
    edit_flag(watchdog, command);
    break;
  case SEEP_COMMAND_ROLE:
    if (watchdog->options.flags.role != NULL) {
      command->as.role.done = watchdog->options.flags.role(
          watchdog->options.flags.context, command->as.role.key, &command->as.role.role, NULL);
    }
    break;
  case SEEP_COMMAND_HISTORY_TOLD:
    seep_watchdog__store_history_told(watchdog, command->as.history_told_bytes);
    break;
  case SEEP_COMMAND_RECORDER:
    seep_watchdog__carry_recorder(watchdog, command->as.recorder);
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

void seep_watchdog__settle(seep_watchdog *watchdog)
{
  seep_recorder_event event;
  watchdog->skip_actions = false;
  seep_watchdog__tend_journal(watchdog);
  seep_watchdog__tell_storage(watchdog);
  seep_watchdog__tell_history(watchdog);
  seep_watchdog__begin_inventory(watchdog);
  while (seep_watchdog__next_recorder_event(watchdog, &event)) {
    seep_engine_recorder(watchdog->engine, seep_watchdog__now(watchdog), &event);
    watchdog->skip_actions = false;
    seep_watchdog__tend_journal(watchdog);
    seep_watchdog__tell_storage(watchdog);
  }
}
