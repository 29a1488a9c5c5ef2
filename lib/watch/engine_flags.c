/*
 * Tracing flags in the registry: set for the image of a process whose heap leaks, kept until the restarted
 * process has been recorded, taken back then, after their time, when the configuration no longer wants them,
 * and before an uninstall. The journal comes first and goes last: an earlier life's flag is found again by
 * it. Every edit is read back; what is there afterwards counts, not what was said.
 */
#include "watch/engine_internal.h"

#include <string.h>

#include "watch/recording_notices.h"

#define TRY_AGAIN_MS (10 * SEEP_MS_PER_MINUTE)
#define OFFER_AGAIN_MS SEEP_MS_PER_HOUR

static const char expired[] = "nobody restarted the program and let it grow again in time";
static const char unwanted[] = "the configuration does not want it any more";

/* ---- the registry, through the executor ---- */

/* KEEP only reads. SEEP_OK and *state filled. */
static seep_status edit_flag(seep_engine *engine, const char *image, seep_tracing_flag_edit edit,
                             uint32_t number, seep_tracing_flag_state *state)
{
  seep_command command = {.kind = SEEP_COMMAND_FLAG};
  command.as.flag.image = image;
  command.as.flag.edit = edit;
  command.as.flag.number = number;
  command.as.flag.done = SEEP_UNSUPPORTED; /* who does not know the command has done nothing */
  seep_engine__emit(engine, &command);
  *state = command.as.flag.state;
  return command.as.flag.done;
}

static void remove_journal(seep_engine *engine, int64_t id)
{
  seep_command command = {.kind = SEEP_COMMAND_JOURNAL_REMOVE};
  command.as.journal.id = id;
  if (id != 0) {
    seep_engine__emit(engine, &command);
  }
}

static seep_status add_journal(seep_engine *engine, const seep_promise_flag *promise, int64_t *id)
{
  char text[SEEP_PROMISE_SIZE];
  seep_command command = {.kind = SEEP_COMMAND_JOURNAL_ADD};
  if (engine->storage_down || !seep_promise_write_flag(promise, text, sizeof text)) {
    return SEEP_LIMIT;
  }
  command.as.journal.kind = SEEP_PROMISE_FLAG;
  command.as.journal.text = text;
  command.as.journal.done = SEEP_UNSUPPORTED;
  seep_engine__emit(engine, &command);
  *id = command.as.journal.id;
  return command.as.journal.done;
}

/* ---- which there are ---- */

seep_engine_flag *seep_engine__flag_of_image(seep_engine *engine, const char *image)
{
  for (size_t i = 0; i < SEEP_ENGINE_FLAGS; i++) {
    if (engine->flags[i].is_used && seep_text_equal_ignoring_case(engine->flags[i].promise.image, image)) {
      return &engine->flags[i];
    }
  }
  return NULL;
}

static seep_engine_flag *free_flag(seep_engine *engine)
{
  for (size_t i = 0; i < SEEP_ENGINE_FLAGS; i++) {
    if (!engine->flags[i].is_used) {
      return &engine->flags[i];
    }
  }
  return NULL;
}

size_t seep_engine_flags(const seep_engine *engine)
{
  size_t count = 0;
  for (size_t i = 0; i < SEEP_ENGINE_FLAGS; i++) {
    count += engine->flags[i].is_used && engine->flags[i].ending == NULL;
  }
  return count;
}

size_t seep_engine_flags_left(const seep_engine *engine)
{
  size_t count = 0;
  for (size_t i = 0; i < SEEP_ENGINE_FLAGS; i++) {
    count += engine->flags[i].is_used;
  }
  return count;
}

/* Of a process that was started after it was set. */
static seep_engine_flag *flag_of_slot(seep_engine *engine, size_t slot)
{
  const seep_process *process = seep_process_table_at(engine->table, slot);
  seep_engine_flag *flag = seep_engine__flag_of_image(engine, process->name);
  /* The one it was set for was there before, whatever a clock that was set since says. */
  bool other = flag != NULL && (process->key.pid != flag->promise.key.pid ||
                                process->key.created != flag->promise.key.created);
  bool after = other && process->key.created > seep_wall_to_filetime(flag->promise.set);
  return after && flag->ending == NULL ? flag : NULL;
}

bool seep_engine__has_flag(seep_engine *engine, size_t slot)
{
  return flag_of_slot(engine, slot) != NULL;
}

seep_engine_flag *seep_engine__flag_of(seep_engine *engine, seep_mono now, size_t slot)
{
  seep_engine_flag *flag = flag_of_slot(engine, slot);
  return flag != NULL && !flag->offered && now.ms >= flag->try_again.ms ? flag : NULL;
}

/* ---- setting ---- */

static const char *why_image_may_not(const seep_settings *settings, const char *image)
{
  if (!seep_tracing_flag_name_is_plain(image) || seep_tracing_flag_is_never(image)) {
    return "this program never gets a tracing flag";
  }
  if (strlen(image) >= SEEP_RECORDER_NAME_SIZE) {
    return "the name of this program is too long for a tracing flag of ours";
  }
  if (seep_settings_names_have(&settings->capture_flag_deny, image)) {
    return "capture.flag_deny keeps this program from getting a tracing flag";
  }
  if (settings->capture_flag_allow.count > 0 &&
      !seep_settings_names_have(&settings->capture_flag_allow, image)) {
    return "capture.flag_allow does not name this program";
  }
  return NULL;
}

static bool settings_want_flags(const seep_settings *settings)
{
  return settings->capture_enabled && (settings->capture_heap_method == SEEP_HEAP_METHOD_NEXT_START ||
                                       settings->capture_heap_method == SEEP_HEAP_METHOD_AUTO);
}

static seep_status role_of(seep_engine *engine, seep_process_key key, seep_port_process_role *role)
{
  seep_command command = {.kind = SEEP_COMMAND_ROLE};
  command.as.role.key = key;
  command.as.role.done = SEEP_UNSUPPORTED;
  seep_engine__emit(engine, &command);
  *role = command.as.role.role;
  return command.as.role.done;
}

void seep_engine__services_of(seep_engine *engine, seep_process_key key, char out[SEEP_PORT_SERVICES_SIZE])
{
  seep_port_process_role role;
  bool known = role_of(engine, key, &role) == SEEP_OK;
  seep_text_copy(out, SEEP_PORT_SERVICES_SIZE, known ? role.services : "");
}

static const char *why_process_may_not(seep_engine *engine, seep_process_key key,
                                       seep_port_process_role *role)
{
  if (role_of(engine, key, role) != SEEP_OK) {
    return "what this process is to Windows could not be found out, so no tracing flag was set for it";
  }
  if (role->is_critical || role->is_protected) {
    return "Windows needs or protects this process: it never gets a tracing flag";
  }
  return NULL;
}

/* false: it is still there. */
static bool undo(seep_engine *engine, const seep_engine_flag *flag, seep_tracing_flag_edit *edit)
{
  uint32_t number = 0, again = 0;
  seep_tracing_flag_state state = {0};
  if (edit_flag(engine, flag->promise.image, SEEP_TRACING_FLAG_KEEP, 0, &state) != SEEP_OK) {
    return false;
  }
  *edit = seep_tracing_flag_undo(&flag->promise.before, &state, &number);
  return *edit == SEEP_TRACING_FLAG_KEEP ||
         (edit_flag(engine, flag->promise.image, *edit, number, &state) == SEEP_OK &&
          seep_tracing_flag_undo(&flag->promise.before, &state, &again) == SEEP_TRACING_FLAG_KEEP);
}

/* Journal, registry, and a look at what is there now. */
static const char *write_flag(seep_engine *engine, seep_engine_flag *flag)
{
  uint32_t number = 0;
  seep_tracing_flag_state now = {0};
  seep_promise_flag *promise = &flag->promise;
  if (edit_flag(engine, promise->image, SEEP_TRACING_FLAG_KEEP, 0, &promise->before) != SEEP_OK) {
    return "the registry could not be read, so no tracing flag was set";
  }
  seep_tracing_flag_edit edit = seep_tracing_flag_set(&promise->before, &number);
  if (edit == SEEP_TRACING_FLAG_REFUSE) {
    return "the registry holds a TracingFlags of another type: nothing was changed";
  }
  if (add_journal(engine, promise, &flag->journal_id) != SEEP_OK) {
    return "the store cannot keep the note that would take the tracing flag back after a crash";
  }
  if (edit_flag(engine, promise->image, edit, number, &now) == SEEP_OK && seep_tracing_flag_is_set(&now)) {
    return NULL;
  }
  /* Half done is undone, now or later. */
  if (undo(engine, flag, &edit)) {
    remove_journal(engine, flag->journal_id);
  } else {
    flag->is_used = true;
    flag->ending = "it could not be set in full";
  }
  return "Windows did not let the tracing flag be set in the registry";
}

const char *seep_engine__set_flag(seep_engine *engine, seep_now now, const seep_engine_case *open)
{
  seep_port_process_role role;
  const char *image = open->leak.image;
  const char *why = why_image_may_not(&engine->settings, image);
  if (why != NULL || seep_engine__flag_of_image(engine, image) != NULL) {
    return why;
  }
  seep_engine_flag *flag = free_flag(engine);
  if (flag == NULL) {
    return "enough other programs wait for a restart with a tracing flag";
  }
  why = why_process_may_not(engine, open->leak.key, &role);
  if (why != NULL) {
    return why;
  }
  memset(flag, 0, sizeof *flag);
  seep_text_copy(flag->promise.image, sizeof flag->promise.image, image);
  flag->promise.set = now.wall;
  flag->promise.expires.ms = now.wall.ms + engine->settings.capture_flag_expiry_ms;
  flag->promise.case_id = open->leak.id;
  flag->promise.key = open->leak.key;
  why = write_flag(engine, flag);
  if (why == NULL) {
    flag->is_used = true;
    seep_recording_notices_flag_set(&engine->alert, &flag->promise, role.services);
    seep_engine__emit_alert(engine);
  }
  return why;
}

/* ---- taking back ---- */

static const char *result_of(seep_tracing_flag_edit edit)
{
  switch (edit) {
  case SEEP_TRACING_FLAG_WRITE:
    return "the bit was cleared, the others in the value stay";
  case SEEP_TRACING_FLAG_DELETE:
    return "the value was removed, which had not been there before";
  case SEEP_TRACING_FLAG_DELETE_KEY:
    return "the value and its key were removed, which had not been there before";
  case SEEP_TRACING_FLAG_KEEP:
  case SEEP_TRACING_FLAG_REFUSE:
  default:
    return "nothing: it was not there any more, or is not ours";
  }
}

static void tell_taken_back(seep_engine *engine, const seep_engine_flag *flag, const char *result)
{
  seep_recording_notices_flag_taken_back(&engine->alert, flag->promise.image, flag->ending, result);
  seep_engine__emit_alert(engine);
}

static void take_back(seep_engine *engine, seep_now now, seep_engine_flag *flag, const char *reason)
{
  seep_tracing_flag_edit edit = SEEP_TRACING_FLAG_KEEP;
  flag->ending = reason;
  if (undo(engine, flag, &edit)) {
    remove_journal(engine, flag->journal_id);
    tell_taken_back(engine, flag, result_of(edit));
    flag->is_used = false;
    return;
  }
  flag->try_again.ms = now.mono.ms + TRY_AGAIN_MS;
  if (!flag->stuck_told) {
    flag->stuck_told = true;
    tell_taken_back(engine, flag,
                    "Windows did not let it be taken back; that is tried again every ten minutes");
  }
}

void seep_engine__flag_served(seep_engine *engine, seep_now now, const char *image)
{
  seep_engine_flag *flag = seep_engine__flag_of_image(engine, image);
  if (flag != NULL && flag->ending == NULL) {
    take_back(engine, now, flag, "the recording after the restart has ended");
  }
}

void seep_engine__flag_put_off(seep_engine *engine, seep_now now, const char *image)
{
  seep_engine_flag *flag = seep_engine__flag_of_image(engine, image);
  if (flag != NULL && flag->ending == NULL) {
    flag->offered = false;
    flag->try_again.ms = now.mono.ms + OFFER_AGAIN_MS;
  }
}

/* NULL: it may go on waiting. */
static const char *why_over(const seep_engine *engine, seep_now now, const seep_engine_flag *flag)
{
  if (flag->ending != NULL) {
    return now.mono.ms >= flag->try_again.ms ? flag->ending : NULL;
  }
  if (!settings_want_flags(&engine->settings) ||
      why_image_may_not(&engine->settings, flag->promise.image) != NULL) {
    return unwanted;
  }
  /* A clock that was set back must not keep a flag for ever: its time is never longer than it was given. */
  int64_t left_ms = flag->promise.expires.ms - now.wall.ms;
  bool over = left_ms <= 0 || left_ms > flag->promise.expires.ms - flag->promise.set.ms + SEEP_MS_PER_DAY;
  return over && !flag->offered ? expired : NULL;
}

void seep_engine__tend_flags(seep_engine *engine, seep_now now)
{
  for (size_t i = 0; i < SEEP_ENGINE_FLAGS; i++) {
    seep_engine_flag *flag = &engine->flags[i];
    const char *reason = flag->is_used ? why_over(engine, now, flag) : NULL;
    if (reason != NULL) {
      take_back(engine, now, flag, reason);
    } else if (flag->is_used && flag->journal_id == 0) { /* in another store by now */
      (void)add_journal(engine, &flag->promise, &flag->journal_id);
    }
  }
}

void seep_engine_take_back_flags(seep_engine *engine, seep_now now)
{
  for (size_t i = 0; i < SEEP_ENGINE_FLAGS; i++) {
    if (engine->flags[i].is_used) {
      take_back(engine, now, &engine->flags[i], "Seepwatch is being removed from this server");
    }
  }
}

/* ---- from an earlier life ---- */

static void tell_unreadable(seep_engine *engine, seep_now now)
{
  seep_alert_init(&engine->alert, SEEP_ALERT_LEFTOVER_UNDONE);
  seep_alert_add_text(&engine->alert, "tracing flag");
  seep_alert_add_text(&engine->alert, NULL);
  seep_alert_add_wall(&engine->alert, now.wall);
  seep_alert_add_text(&engine->alert,
                      "its note is damaged and was dropped: look in the registry under Image File Execution "
                      "Options for a TracingFlags that should not be there");
  seep_engine__emit_alert(engine);
}

void seep_engine_flag_known(seep_engine *engine, seep_now now, int64_t journal_id,
                            const seep_promise_flag *promise)
{
  seep_tracing_flag_state state = {0};
  if (promise == NULL) {
    remove_journal(engine, journal_id);
    tell_unreadable(engine, now);
    return;
  }
  seep_engine_flag *flag = seep_engine__flag_of_image(engine, promise->image);
  if (flag != NULL) { /* another store has taken the place of the one before */
    flag->journal_id = journal_id;
    return;
  }
  flag = free_flag(engine);
  if (flag == NULL) {
    return; /* the next start finds it */
  }
  memset(flag, 0, sizeof *flag);
  flag->is_used = true;
  flag->journal_id = journal_id;
  flag->promise = *promise;
  bool known = edit_flag(engine, promise->image, SEEP_TRACING_FLAG_KEEP, 0, &state) == SEEP_OK;
  if (known && !seep_tracing_flag_is_set(&state)) {
    take_back(engine, now, flag, "it was gone when Seepwatch was started again");
  } else {
    seep_engine__tend_flags(engine, now);
  }
}

void seep_engine__forget_flag_rows(seep_engine *engine)
{
  for (size_t i = 0; i < SEEP_ENGINE_FLAGS; i++) {
    engine->flags[i].journal_id = 0;
  }
}
