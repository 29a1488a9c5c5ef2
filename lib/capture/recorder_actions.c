/*
 * Words the recorder's orders, names its files and remembers which programs had their turn. The only place
 * where a program's name, which anybody may choose, gets near a path.
 */
#include "capture/recorder_private.h"

#include <string.h>

/* "20261122T104444Z-" + image + "-4294967295" + "-virtualalloc.etl"; the longest name in either folder. */
#define IMAGE_CHARACTERS 40
#define FILE_NAME_SIZE (17 + IMAGE_CHARACTERS + 11 + 17 + 1)

seep_recorder_action *seep_recorder__add(const seep_recorder__turn *turn, seep_recorder_action_kind kind)
{
  const seep_recorder *recorder = turn->recorder;
  /* No turn asks for more than four actions; the last slot is the backstop. */
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

void seep_recorder__run(const seep_recorder__turn *turn, seep_wpr_verb verb)
{
  seep_recorder *recorder = turn->recorder;
  seep_recorder_action *action = seep_recorder__add(turn, SEEP_RECORDER_RUN);
  recorder->verb = verb;
  action->verb = verb;
  switch (verb) {
  case SEEP_WPR_START:
    seep_wpr_start(&action->command, recorder->profile_path, seep_profile_name(recorder->recording),
                   recorder->temporary_folder, recorder->instance);
    action->deadline_ms = turn->settings->start_deadline_ms;
    action->kill_at_deadline = true;
    break;
  case SEEP_WPR_STOP:
    /* Killed in the middle of merging, wpr would lose the recording and leave its sessions behind. */
    seep_wpr_stop(&action->command, recorder->output_temporary, recorder->instance);
    action->deadline_ms = turn->settings->stop_deadline_ms;
    action->kill_at_deadline = false;
    break;
  case SEEP_WPR_CANCEL:
  case SEEP_WPR_STATUS:
  default:
    seep_wpr_cancel(&action->command, recorder->instance);
    action->deadline_ms = turn->settings->cancel_deadline_ms;
    action->kill_at_deadline = true;
    break;
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

static bool is_plain(unsigned char c)
{
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

/* An image name is whatever its program was called: only harmless characters get into a path. */
static void write_clean_image(seep_writer *writer, const char *image)
{
  size_t written = 0;
  for (size_t i = 0; image[i] != '\0' && written < IMAGE_CHARACTERS; i++) {
    unsigned char c = (unsigned char)image[i];
    if ((c & 0xC0) == 0x80) {
      continue; /* one mark for a whole character */
    }
    bool plain = is_plain(c) && !(c == '.' && written == 0);
    char kept = plain ? (char)c : '_';
    seep_writer_bytes(writer, &kept, 1);
    written++;
  }
  if (written == 0) {
    seep_writer_text(writer, "process");
  }
}

static void write_path(char *out, const char *folder, char separator, const char *name)
{
  seep_writer writer;
  seep_writer_init(&writer, out, SEEP_RECORDER_PATH_SIZE);
  seep_writer_text(&writer, folder);
  seep_writer_bytes(&writer, &separator, 1);
  seep_writer_text(&writer, name);
}

void seep_recorder__name_output(seep_recorder *recorder)
{
  char name[FILE_NAME_SIZE];
  char time[SEEP_WALL_TEXT_SIZE];
  seep_writer writer;
  seep_writer_init(&writer, name, sizeof name);
  seep_writer_text(&writer, seep_wall_file_text(recorder->requested, time, sizeof time));
  seep_writer_text(&writer, "-");
  write_clean_image(&writer, recorder->target.image);
  seep_writer_text(&writer, "-");
  seep_writer_u64(&writer, recorder->target.key.pid);
  seep_writer_format(&writer, "-%s.etl", seep_profile_kind_text(recorder->recording));
  write_path(recorder->output, recorder->capture_folder, recorder->path_separator, name);
  write_path(recorder->output_temporary, recorder->temporary_folder, recorder->path_separator, name);
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
