/* The engine's part in recordings: which case is offered, what the recorder's steps lead to. */
#include "watch/engine_internal.h"

#include "watch/notices.h"

/* A case whose recording was refused or failed is offered again this much later: disk space comes back, a
 * cool-down ends, and the leak is still there. */
#define OFFER_AGAIN_MS SEEP_MS_PER_HOUR
/* After a transient answer of wpr; a service that is told to stop has no five seconds. */
#define RETRY_MS (5 * SEEP_MS_PER_SECOND)
#define STOPPING_RETRY_MS 300

void seep_engine__offer_recording(seep_engine *engine, seep_now now)
{
  seep_engine_watch *worst = NULL;
  if (engine->stopping || !seep_recorder_is_idle(&engine->recorder)) {
    return;
  }
  for (size_t slot = 0; slot < seep_process_table_slots(engine->table); slot++) {
    seep_engine_watch *watch = &engine->watches[slot];
    if (seep_process_table_at(engine->table, slot) != NULL && watch->wants_recording && watch->leak != NULL &&
        !watch->ignored && now.mono.ms >= watch->offer_after.ms &&
        (worst == NULL || watch->leak->slope_bytes_per_hour > worst->leak->slope_bytes_per_hour)) {
      worst = watch;
    }
  }
  if (worst == NULL) {
    return;
  }
  worst->wants_recording = false;
  seep_recorder_target target = {.case_id = worst->leak->id, .key = worst->leak->key};
  seep_text_copy(target.image, sizeof target.image, worst->leak->image);
  seep_command command = {.kind = SEEP_COMMAND_REQUEST_RECORDING};
  command.as.target = &target;
  seep_engine__emit(engine, &command);
}

static seep_recorder_settings recorder_settings(const seep_settings *from, bool stopping)
{
  seep_recorder_settings to = {.enabled = from->capture_enabled,
                               .maximum_ms = from->capture_maximum_ms,
                               .maximum_bytes = from->capture_maximum_bytes,
                               .minimum_free_bytes = from->capture_minimum_free_bytes,
                               .folder_quota_bytes = from->capture_folder_quota_bytes,
                               .cool_down_ms = from->capture_cool_down_ms,
                               .start_deadline_ms = from->capture_start_deadline_ms,
                               .stop_deadline_ms = from->capture_stop_deadline_ms,
                               .cancel_deadline_ms = from->capture_cancel_deadline_ms,
                               .retry_ms = stopping ? STOPPING_RETRY_MS : RETRY_MS,
                               .retries = 3};
  seep_text_copy(to.instance, sizeof to.instance, from->capture_instance);
  return to;
}

/* Keeps the case's wish alive. false: the administrator has been told already that nothing is recorded. */
static bool note_refusal(seep_engine *engine, seep_now now, const seep_recorder_action *action)
{
  size_t slot = seep_process_table_find(engine->table, action->target.key);
  if (slot == SEEP_NO_SLOT || engine->watches[slot].leak == NULL) {
    return true;
  }
  seep_engine_watch *watch = &engine->watches[slot];
  bool known = watch->refusal_told && action->outcome == SEEP_RECORDER_REFUSED;
  watch->wants_recording = true;
  watch->refusal_told = true;
  watch->offer_after.ms = now.mono.ms + OFFER_AGAIN_MS;
  return !known;
}

static void store_capture(seep_engine *engine, seep_now now, const seep_recorder_action *action)
{
  size_t slot = seep_process_table_find(engine->table, action->target.key);
  const seep_store_leak *leak = slot != SEEP_NO_SLOT ? engine->watches[slot].leak : NULL;
  seep_store_capture capture = {.leak_id = leak != NULL ? leak->id : action->target.case_id,
                                .key = action->target.key,
                                .started = engine->recording_started,
                                .ended = now.wall,
                                .bytes = action->bytes};
  bool saved = action->outcome == SEEP_RECORDER_SAVED;
  seep_text_copy(capture.image, sizeof capture.image, action->target.image);
  seep_text_copy(capture.kind, sizeof capture.kind, "virtualalloc");
  seep_text_copy(capture.path, sizeof capture.path, saved ? engine->recorder.output : "");
  seep_text_copy(capture.outcome, sizeof capture.outcome, saved ? "saved" : action->reason);
  seep_command command = {.kind = SEEP_COMMAND_CAPTURE_ADD};
  command.as.capture = &capture;
  seep_engine__emit(engine, &command);
}

static void tell_recording(seep_engine *engine, seep_now now, const seep_recorder_action *action)
{
  bool tell = true;
  switch (action->outcome) {
  case SEEP_RECORDER_STARTED:
    engine->recording_started = now.wall;
    break;
  case SEEP_RECORDER_SAVED:
    store_capture(engine, now, action);
    break;
  case SEEP_RECORDER_FAILED:
    if (action->target.key.pid != 0) { /* not one that an earlier life left */
      store_capture(engine, now, action);
      tell = note_refusal(engine, now, action);
    }
    break;
  case SEEP_RECORDER_REFUSED:
    tell = note_refusal(engine, now, action);
    break;
  case SEEP_RECORDER_UNDONE:
  case SEEP_RECORDER_ABANDONED:
    break;
  }
  if (tell) {
    seep_notices_recording(&engine->alert, action, engine->recorder.output, &engine->settings,
                           engine->recovered_since);
    seep_engine__emit_alert(engine);
  }
}

void seep_engine__recorder_step(seep_engine *engine, seep_now now, const seep_recorder_event *event)
{
  seep_recorder_settings settings = recorder_settings(&engine->settings, engine->stopping);
  seep_recorder_step(&engine->recorder, &settings, now.mono, event, &engine->actions);
  for (size_t i = 0; i < engine->actions.count; i++) {
    const seep_recorder_action *action = &engine->actions.items[i];
    if (action->kind == SEEP_RECORDER_TELL) {
      tell_recording(engine, now, action);
    } else {
      seep_command command = {.kind = SEEP_COMMAND_RECORDER};
      command.as.recorder = action;
      seep_engine__emit(engine, &command);
    }
  }
}

void seep_engine_recorder(seep_engine *engine, seep_now now, seep_recorder_event *event)
{
  event->journal_ready = !engine->storage_down;
  if (event->kind == SEEP_RECORDER_REQUEST) {
    engine->recording_started = now.wall; /* until it has really started */
    if (seep_recorder_is_idle(&engine->recorder)) {
      engine->recovered_since = now.wall; /* should it have to be undone later in this life */
    }
  }
  if (event->kind == SEEP_RECORDER_RECOVER) {
    engine->recovered_since = event->wall;
  } else {
    event->wall = now.wall;
  }
  seep_engine__recorder_step(engine, now, event);
}
