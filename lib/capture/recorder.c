/*
 * What the recorder makes of requests, time and interruptions; see the header for its promises. The answers
 * of wpr are read in recorder_answers.c, the transitions both use are in recorder_moves.c. A wpr call is only
 * ever asked for where none is out: two at once under one name would fail each other.
 */
#include "capture/recorder.h"

#include <string.h>

#include "capture/recorder_private.h"

/* A recording that has run for so long is worth saving for its own sake. */
#define WORTH_SAVING_MS (60 * SEEP_MS_PER_SECOND)

bool seep_recorder_init(seep_recorder *recorder, const char *capture_folder, const char *temporary_folder,
                        char path_separator)
{
  if (!seep_recorder__folders_fit(capture_folder, temporary_folder)) {
    return false;
  }
  memset(recorder, 0, sizeof *recorder);
  recorder->path_separator = path_separator;
  seep_text_copy(recorder->capture_folder, sizeof recorder->capture_folder, capture_folder);
  seep_text_copy(recorder->temporary_folder, sizeof recorder->temporary_folder, temporary_folder);
  seep_writer writer;
  seep_writer_init(&writer, recorder->profile_path, sizeof recorder->profile_path);
  seep_writer_text(&writer, temporary_folder);
  seep_writer_bytes(&writer, &path_separator, 1);
  seep_writer_text(&writer, "Seepwatch.wprp");
  return !writer.cut;
}

bool seep_recorder_is_idle(const seep_recorder *recorder)
{
  return recorder->state == SEEP_RECORDER_IDLE;
}

/* In a call, or waiting to make it once more. */
static seep_recorder_state stage_of(const seep_recorder *recorder)
{
  return recorder->state == SEEP_RECORDER_WAITING ? recorder->resume : recorder->state;
}

bool seep_recorder_is_saving(const seep_recorder *recorder)
{
  seep_recorder_state stage = stage_of(recorder);
  return stage == SEEP_RECORDER_LAST_SNAPSHOT || stage == SEEP_RECORDER_SAVING ||
         stage == SEEP_RECORDER_KEEPING || (stage == SEEP_RECORDER_CLEARING && recorder->saved);
}

/* ---- a request ---- */

static const char *why_not_free(const seep_recorder *recorder)
{
  if (recorder->shutting_down) {
    return "the service is stopping";
  }
  if (recorder->lingering) {
    return "an earlier recording could not be ended yet";
  }
  return recorder->state != SEEP_RECORDER_IDLE ? "another recording is under way" : NULL;
}

/* Also by an earlier life of the service. A time in the future comes from a clock that was set: it counts for
 * nothing. */
static bool was_recorded_lately(const seep_recorder__turn *turn)
{
  const seep_recorder_event *event = turn->event;
  int64_t ago_ms = event->wall.ms - event->last.ms;
  return event->last.ms > 0 && ago_ms >= 0 && ago_ms < turn->settings->cool_down_ms;
}

/* What protects the server, and its administrator's patience. */
static const char *why_not_so_soon(const seep_recorder__turn *turn)
{
  const seep_recorder_target *target = &turn->event->target;
  if (!target->flagged &&
      (seep_recorder__is_cooling(turn->recorder, target->image, turn->now) || was_recorded_lately(turn))) {
    return "this program had a recording, or a try at one, only a while ago";
  }
  if (turn->settings->per_day > 0 && turn->event->recent >= turn->settings->per_day) {
    return "this server has had as many recordings in a day as are allowed";
  }
  return NULL;
}

static unsigned buffers_of(const seep_recorder__turn *turn)
{
  const seep_recorder_settings *settings = turn->settings;
  return seep_profile_buffers(settings->buffers, turn->event->available_bytes,
                              settings->minimum_commit_bytes);
}

static const char *why_no_room(const seep_recorder__turn *turn)
{
  const seep_recorder_settings *settings = turn->settings;
  const seep_recorder_event *event = turn->event;
  /* Raw and saved files exist together for a while. */
  if (event->free_bytes < settings->minimum_free_bytes || event->free_bytes / 2 < settings->maximum_bytes) {
    return "the capture volume has too little free space";
  }
  if (event->shelf_full) {
    return "the folder of finished captures has used up its quota";
  }
  if (event->available_bytes < settings->minimum_commit_bytes || buffers_of(turn) == 0) {
    return "too little memory can be committed for a recording's buffers";
  }
  return NULL;
}

/* A literal reason, or NULL when nothing speaks against it. */
static const char *why_not(const seep_recorder__turn *turn)
{
  const char *occupied = why_not_free(turn->recorder);
  if (occupied != NULL) {
    return occupied;
  }
  if (!turn->settings->enabled) {
    return "recording is switched off in the configuration";
  }
  if (!seep_wpr_instance_is_valid(turn->settings->instance)) {
    return "the configured instance name cannot be used";
  }
  const char *soon = why_not_so_soon(turn);
  if (soon != NULL) {
    return soon;
  }
  if (!turn->event->journal_ready) {
    return "the store cannot keep the note that would undo it after a crash";
  }
  return why_no_room(turn);
}

static seep_profile_kind best_kind(const seep_recorder__turn *turn)
{
  const seep_recorder_settings *settings = turn->settings;
  const seep_recorder_target *target = &turn->event->target;
  if (settings->heap == SEEP_RECORDER_HEAP_OFF) {
    return SEEP_PROFILE_VIRTUALALLOC;
  }
  if (target->flagged) {
    return SEEP_PROFILE_HEAP_BY_FLAG;
  }
  if (target->memory_kind != SEEP_MEMORY_HEAP || settings->heap == SEEP_RECORDER_HEAP_FLAG) {
    return SEEP_PROFILE_VIRTUALALLOC;
  }
  return settings->heap == SEEP_RECORDER_HEAP_SNAPSHOT && settings->wpr.snapshots ? SEEP_PROFILE_SNAPSHOT
                                                                                  : SEEP_PROFILE_HEAP;
}

static void on_request(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  const seep_recorder_event *event = turn->event;
  const char *reason = why_not(turn);
  if (reason != NULL) {
    seep_recorder_action *told = seep_recorder__tell(turn, SEEP_RECORDER_REFUSED, reason);
    told->target = event->target;
    return;
  }
  seep_recorder__prepare(recorder, (uint64_t)event->wall.ms ^ ((uint64_t)event->target.key.pid << 32));
  recorder->target = event->target;
  recorder->journal_id = 0;
  recorder->traits = turn->settings->wpr;
  recorder->buffers = buffers_of(turn);
  recorder->requested = event->wall;
  seep_text_copy(recorder->instance, sizeof recorder->instance,
                 seep_wpr_instance_in_effect(&recorder->traits, turn->settings->instance));
  seep_recorder__choose(turn, best_kind(turn));
  seep_recorder__name_output(recorder);
  if (!seep_recorder__add_promise(turn)) {
    turn->actions->count = 0;
    seep_recorder__tell(turn, SEEP_RECORDER_REFUSED, "the note that would undo it cannot be worded");
    return;
  }
  if (recorder->recording == SEEP_PROFILE_SNAPSHOT) {
    seep_recorder__begin_enable(turn);
  } else {
    seep_recorder__begin_start(turn);
  }
}

/* ---- time and interruptions ---- */

/* At a stop raw and merged files exist together: below the floor saving would fill the disk, cancelling frees
 * it. */
static bool give_up_for_disk(const seep_recorder__turn *turn)
{
  if (turn->event->free_bytes >= turn->settings->minimum_free_bytes / 2) {
    return false;
  }
  if (!seep_recorder__has_vanished(turn)) {
    turn->recorder->verb = SEEP_WPR_CANCEL; /* no call of wpr's failed: name the one that follows */
    seep_recorder__blame(turn, SEEP_RECORDER_FAILED,
                         "the disk was filling up; the recording was given up to free it", 0);
    seep_recorder__begin_cancel(turn);
  }
  return true;
}

/* What has been leaked since the recording began. */
static bool has_enough(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  uint64_t commit_bytes = turn->event->commit_bytes;
  if (recorder->commit_bytes == 0) {
    recorder->commit_bytes = commit_bytes;
  }
  return commit_bytes > recorder->commit_bytes &&
         commit_bytes - recorder->commit_bytes >= turn->settings->enough_growth_bytes;
}

/* Files that are bounded stay where they are at the limit. Well beyond it they are not bounded after all. */
static bool has_grown_too_large(const seep_recorder__turn *turn)
{
  uint64_t limit_bytes = turn->settings->maximum_bytes;
  uint64_t raw_bytes = turn->recorder->raw_bytes;
  return turn->recorder->ring ? raw_bytes > limit_bytes && raw_bytes - limit_bytes > limit_bytes / 8
                              : raw_bytes >= limit_bytes;
}

/* NULL while it may go on. */
static const char *why_end(const seep_recorder__turn *turn)
{
  const seep_recorder_settings *settings = turn->settings;
  bool enough = has_enough(turn);
  if (seep_mono_since(turn->now, turn->recorder->started) >= settings->maximum_ms) {
    return "it had run for as long as is configured";
  }
  if (has_grown_too_large(turn)) {
    return "its files had grown to the size that is configured";
  }
  uint64_t floor_bytes = settings->minimum_free_bytes / 2;
  if (turn->event->free_bytes - floor_bytes <
      turn->recorder->raw_bytes) { /* the floor itself was looked at */
    return "the volume was running out of room for saving it";
  }
  if (turn->event->available_bytes < settings->minimum_commit_bytes / 2) {
    return "the server was running out of memory that can be committed, and the end of a recording frees its "
           "buffers";
  }
  return enough ? "the process has grown by as much as is wanted in a trace" : NULL;
}

static void take_raw_bytes(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  if (turn->event->raw_bytes != UINT64_MAX) {
    recorder->raw_bytes = turn->event->raw_bytes;
    recorder->looks_in_vain = recorder->raw_bytes > 0          ? 0
                              : recorder->looks_in_vain < 1000 ? recorder->looks_in_vain + 1
                                                               : 1000;
  }
}

static void on_tick(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  take_raw_bytes(turn);
  if (recorder->state == SEEP_RECORDER_RECORDING) {
    const char *ending = give_up_for_disk(turn) ? NULL : why_end(turn);
    if (ending != NULL) {
      seep_recorder__begin_save(turn, ending);
    }
  } else if (recorder->state == SEEP_RECORDER_WAITING) {
    bool recording = recorder->resume == SEEP_RECORDER_FIRST_SNAPSHOT ||
                     recorder->resume == SEEP_RECORDER_LAST_SNAPSHOT ||
                     recorder->resume == SEEP_RECORDER_SAVING;
    if (!(recording && give_up_for_disk(turn)) && turn->now.ms >= recorder->retry_at.ms) {
      seep_recorder__call_again(turn);
    }
  }
}

static void call_off_waiting(const seep_recorder__turn *turn, const char *reason)
{
  seep_recorder *recorder = turn->recorder;
  bool saving = recorder->resume == SEEP_RECORDER_LAST_SNAPSHOT || recorder->resume == SEEP_RECORDER_SAVING;
  bool left_alone = recorder->resume == SEEP_RECORDER_RECOVERING || (saving && recorder->shutting_down) ||
                    (recorder->resume == SEEP_RECORDER_CLEARING && recorder->saved);
  if (!left_alone) {
    seep_recorder__blame(turn, SEEP_RECORDER_ABANDONED, reason, 0);
  }
  switch (recorder->resume) {
  case SEEP_RECORDER_ENABLING:
    seep_recorder__settle(turn); /* nothing was started yet */
    break;
  case SEEP_RECORDER_LAST_SNAPSHOT:
  case SEEP_RECORDER_SAVING:
    if (!recorder->shutting_down) {
      seep_recorder__begin_cancel(turn);
    } else if (recorder->resume == SEEP_RECORDER_SAVING) {
      seep_recorder__call_again(turn); /* what is being saved is saved */
    } else {
      seep_recorder__begin_stop(turn);
    }
    break;
  case SEEP_RECORDER_STARTING:
  case SEEP_RECORDER_FIRST_SNAPSHOT:
    seep_recorder__begin_cancel(turn);
    break;
  default:
    seep_recorder__call_again(turn);
    break;
  }
}

/* Ends a recording on purpose. What is being saved is left to be saved, what is being cancelled anyway is
 * hurried. */
static void call_off(const seep_recorder__turn *turn, const char *reason)
{
  seep_recorder *recorder = turn->recorder;
  switch (recorder->state) {
  case SEEP_RECORDER_ENABLING:
  case SEEP_RECORDER_STARTING:
  case SEEP_RECORDER_FIRST_SNAPSHOT:
  case SEEP_RECORDER_CANCELLING:
  case SEEP_RECORDER_CLEARING:
    if (!recorder->saved) { /* a call is out; its answer brings the rest */
      seep_recorder__blame(turn, SEEP_RECORDER_ABANDONED, reason, 0);
    }
    break;
  case SEEP_RECORDER_RECORDING:
    if (!seep_recorder__has_vanished(turn)) {
      seep_recorder__blame(turn, SEEP_RECORDER_ABANDONED, reason, 0);
      seep_recorder__begin_cancel(turn);
    }
    break;
  case SEEP_RECORDER_WAITING:
    call_off_waiting(turn, reason);
    break;
  case SEEP_RECORDER_IDLE:
  case SEEP_RECORDER_LAST_SNAPSHOT:
  case SEEP_RECORDER_SAVING:
  case SEEP_RECORDER_KEEPING:
  case SEEP_RECORDER_RECOVERING:
  default:
    break;
  }
}

/* For a reason that is not this program's: it may be recorded at any time. */
static void call_off_keeping_turn(const seep_recorder__turn *turn, const char *reason)
{
  if (turn->recorder->failure_reason == NULL) {
    turn->recorder->turn_kept = true;
  }
  call_off(turn, reason);
}

static bool is_target(const seep_recorder *recorder, const seep_process_key *key)
{
  return key->pid == recorder->target.key.pid && key->created == recorder->target.key.created;
}

/* Ends it and keeps it, as soon as there is something to keep. */
static void save_now(const seep_recorder__turn *turn, const char *ending)
{
  seep_recorder *recorder = turn->recorder;
  if (recorder->state == SEEP_RECORDER_RECORDING) {
    seep_recorder__begin_save(turn, ending);
  } else if (stage_of(recorder) == SEEP_RECORDER_FIRST_SNAPSHOT && recorder->failure_reason == NULL) {
    recorder->ending = ending;
    if (recorder->state == SEEP_RECORDER_WAITING) {
      seep_recorder__begin_recording(turn); /* which begins to end at once */
    }
  }
}

static void on_target_gone(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  seep_recorder_state stage = stage_of(recorder);
  if (stage == SEEP_RECORDER_IDLE || !is_target(recorder, &turn->event->target.key)) {
    return;
  }
  recorder->target_gone = true;
  if (stage == SEEP_RECORDER_RECORDING || stage == SEEP_RECORDER_FIRST_SNAPSHOT) {
    save_now(turn, SEEP_RECORDER__TARGET_ENDED); /* what it did until its end is in there */
  } else if (stage != SEEP_RECORDER_RECOVERING && !seep_recorder_is_saving(recorder)) {
    call_off_keeping_turn(turn, "the process ended before the recording began");
  }
}

/* Too short a recording shows nothing: it is given up. */
static void on_pre_empt(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  bool own = recorder->target.urgent || is_target(recorder, &turn->event->target.key);
  if (own || recorder->lingering || recorder->state == SEEP_RECORDER_IDLE ||
      stage_of(recorder) == SEEP_RECORDER_RECOVERING || seep_recorder_is_saving(recorder)) {
    return;
  }
  if (recorder->state == SEEP_RECORDER_RECORDING &&
      seep_mono_since(turn->now, recorder->started) >= WORTH_SAVING_MS) {
    seep_recorder__begin_save(turn, "a process that Windows itself has named needed the recorder");
  } else {
    call_off_keeping_turn(turn, "a process that Windows itself has named has the recorder now");
  }
}

static void on_shut_down(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  if (recorder->state == SEEP_RECORDER_KEEPING && !recorder->shutting_down) {
    seep_recorder__add(turn, SEEP_RECORDER_KEEP_BRIEFLY);
  }
  recorder->shutting_down = true;
  call_off(turn, "the service was stopping");
}

void seep_recorder_step(seep_recorder *recorder, const seep_recorder_settings *settings, seep_mono now,
                        const seep_recorder_event *event, seep_recorder_actions *actions)
{
  seep_recorder__turn turn = {
      .recorder = recorder, .settings = settings, .event = event, .actions = actions, .now = now};
  actions->count = 0;
  switch (event->kind) {
  case SEEP_RECORDER_REQUEST:
    on_request(&turn);
    break;
  case SEEP_RECORDER_TOOL_EXITED:
    seep_recorder__on_tool_exited(&turn);
    break;
  case SEEP_RECORDER_TOOL_FAILED:
    seep_recorder__on_tool_failed(&turn);
    break;
  case SEEP_RECORDER_TOOL_TIMED_OUT:
    seep_recorder__on_tool_timed_out(&turn);
    break;
  case SEEP_RECORDER_TICK:
    on_tick(&turn);
    break;
  case SEEP_RECORDER_TARGET_GONE:
    on_target_gone(&turn);
    break;
  case SEEP_RECORDER_ABANDON:
    call_off(&turn, "the administrator abandoned the recording");
    break;
  case SEEP_RECORDER_SAVE_NOW:
    save_now(&turn, "the administrator ended it");
    break;
  case SEEP_RECORDER_PRE_EMPT:
    on_pre_empt(&turn);
    break;
  case SEEP_RECORDER_KEPT:
    seep_recorder__on_kept(&turn);
    break;
  case SEEP_RECORDER_RECOVER:
    seep_recorder__on_recover(&turn);
    break;
  case SEEP_RECORDER_SHUT_DOWN:
    on_shut_down(&turn);
    break;
  default:
    break;
  }
}
