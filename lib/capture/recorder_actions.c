/*
 * Words the recorder's orders, names its files and remembers which programs had their turn. The only place
 * where a program's name, which anybody may choose, gets near a path.
 */
#include "capture/recorder_private.h"

#include <string.h>

#include "capture/shelf.h"

/* "20261122T104444Z-" + image + "-4294967295" + "-virtualalloc.etl"; the longest name in either folder. */
#define FILE_NAME_SIZE (17 + SEEP_SHELF_IMAGE_CHARACTERS + 11 + 17 + 1)

seep_recorder_action *seep_recorder__add(const seep_recorder__turn *turn, seep_recorder_action_kind kind)
{
  const seep_recorder *recorder = turn->recorder;
  /* No turn asks for more than six actions; the last slot is the backstop. */
  size_t slot = turn->actions->count < SEEP_RECORDER_MAXIMUM_ACTIONS ? turn->actions->count++
                                                                     : SEEP_RECORDER_MAXIMUM_ACTIONS - 1;
  seep_recorder_action *action = &turn->actions->items[slot];
  memset(action, 0, sizeof *action);
  action->kind = kind;
  action->journal_id = recorder->journal_id;
  action->target = recorder->target;
  action->recording = recorder->recording;
  action->stepped_down = recorder->stepped_down;
  action->reason = "";
  seep_text_copy(action->instance, sizeof action->instance, recorder->instance);
  return action;
}

/* An image that is no plain file name would make the whole entry unreadable: it is cleaned. */
bool seep_recorder__add_promise(const seep_recorder__turn *turn)
{
  const seep_recorder *recorder = turn->recorder;
  seep_recorder_action *action = seep_recorder__add(turn, SEEP_RECORDER_JOURNAL_ADD);
  seep_promise_recording promise = {.case_id = recorder->target.case_id,
                                    .key = recorder->target.key,
                                    .kind = recorder->recording,
                                    .requested = recorder->requested};
  seep_text_copy(promise.instance, sizeof promise.instance, recorder->instance);
  seep_text_copy(promise.file, sizeof promise.file, recorder->output + strlen(recorder->capture_folder) + 1);
  if (seep_tracing_flag_name_is_plain(recorder->target.image)) {
    seep_text_copy(promise.image, sizeof promise.image, recorder->target.image);
  } else {
    (void)seep_shelf_image(recorder->target.image, promise.image, sizeof promise.image);
  }
  return seep_promise_write_recording(&promise, action->promise, sizeof action->promise);
}

static void word_command(const seep_recorder *recorder, seep_wpr_verb verb, seep_wpr_command *command)
{
  if (verb == SEEP_WPR_START) {
    seep_wpr_start(command, &recorder->traits, recorder->profile_path, seep_profile_name(recorder->recording),
                   recorder->temporary_folder, recorder->instance);
  } else if (verb == SEEP_WPR_STOP) {
    seep_wpr_stop(command, &recorder->traits, recorder->output_temporary, recorder->instance);
  } else {
    seep_wpr_plain(command, &recorder->traits, verb, recorder->target.key.pid, recorder->instance);
  }
}

void seep_recorder__run(const seep_recorder__turn *turn, seep_wpr_verb verb)
{
  seep_recorder_action *action = seep_recorder__add(turn, SEEP_RECORDER_RUN);
  turn->recorder->verb = verb;
  action->verb = verb;
  word_command(turn->recorder, verb, &action->command);
  action->kill_at_deadline = true;
  action->deadline_ms = turn->settings->cancel_deadline_ms;
  if (verb == SEEP_WPR_START) {
    action->deadline_ms = turn->settings->start_deadline_ms;
  } else if (verb == SEEP_WPR_STOP) {
    /* Killed in the middle of merging, wpr would lose the recording and leave its sessions behind. */
    action->deadline_ms = turn->settings->stop_deadline_ms;
    action->kill_at_deadline = false;
  }
}

seep_recorder_action *seep_recorder__tell(const seep_recorder__turn *turn, seep_recorder_outcome outcome,
                                          const char *reason)
{
  seep_recorder_action *action = seep_recorder__add(turn, SEEP_RECORDER_TELL);
  action->outcome = outcome;
  action->reason = reason;
  return action;
}

/* ---- files ---- */

static bool write_path(char *out, const char *folder, char separator, const char *name)
{
  seep_writer writer;
  seep_writer_init(&writer, out, SEEP_RECORDER_PATH_SIZE);
  seep_writer_text(&writer, folder);
  seep_writer_bytes(&writer, &separator, 1);
  seep_writer_text(&writer, name);
  return !writer.cut;
}

void seep_recorder__take_name(seep_recorder *recorder, const char *file)
{
  char separator = recorder->path_separator;
  if (file[0] == '\0' || !write_path(recorder->output, recorder->capture_folder, separator, file) ||
      !write_path(recorder->output_temporary, recorder->temporary_folder, separator, file)) {
    recorder->output[0] = '\0';
    recorder->output_temporary[0] = '\0';
  }
}

void seep_recorder__name_output(seep_recorder *recorder)
{
  char name[FILE_NAME_SIZE];
  char time[SEEP_WALL_TEXT_SIZE], image[SEEP_SHELF_IMAGE_SIZE];
  seep_writer writer;
  seep_writer_init(&writer, name, sizeof name);
  seep_writer_text(&writer, seep_wall_file_text(recorder->requested, time, sizeof time));
  seep_writer_text(&writer, "-");
  seep_writer_text(&writer, seep_shelf_image(recorder->target.image, image, sizeof image));
  seep_writer_text(&writer, "-");
  seep_writer_u64(&writer, recorder->target.key.pid);
  seep_writer_format(&writer, "-%s.etl", seep_profile_kind_text(recorder->recording));
  seep_recorder__take_name(recorder, name);
}

bool seep_recorder__folders_fit(const char *capture_folder, const char *temporary_folder)
{
  size_t room = SEEP_RECORDER_PATH_SIZE - FILE_NAME_SIZE - 1; /* the separator */
  return strlen(capture_folder) <= room && strlen(temporary_folder) <= room;
}

/* ---- cool-down ---- */

bool seep_recorder__is_cooling(const seep_recorder *recorder, const char *image, seep_mono now)
{
  for (size_t i = 0; i < SEEP_RECORDER_COOLED; i++) {
    if (recorder->cooled[i].image[0] != '\0' && now.ms < recorder->cooled[i].until.ms &&
        seep_text_equal_ignoring_case(recorder->cooled[i].image, image)) {
      return true;
    }
  }
  return false;
}

void seep_recorder__cool(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  size_t slot = 0;
  while (slot < SEEP_RECORDER_COOLED &&
         !seep_text_equal_ignoring_case(recorder->cooled[slot].image, recorder->target.image)) {
    slot++;
  }
  if (slot == SEEP_RECORDER_COOLED) {
    slot = recorder->cooled_next;
    recorder->cooled_next = (recorder->cooled_next + 1) % SEEP_RECORDER_COOLED;
  }
  seep_text_copy(recorder->cooled[slot].image, sizeof recorder->cooled[slot].image, recorder->target.image);
  recorder->cooled[slot].until.ms = turn->now.ms + turn->settings->cool_down_ms;
}
