/* The engine's part in recordings: which case is offered, what the recorder's steps lead to. */
#include "watch/engine_internal.h"

#include "watch/notices.h"

/* A case whose recording was refused or failed is offered again this much later: disk space comes back, a
 * cool-down ends, and the leak is still there. */
#define OFFER_AGAIN_MS SEEP_MS_PER_HOUR
/* After a transient answer of wpr; a service that is told to stop has no five seconds. */
#define RETRY_MS (5 * SEEP_MS_PER_SECOND)
#define STOPPING_RETRY_MS 300

static bool may_be_offered(const seep_engine *engine, seep_mono now, const seep_engine_case *open)
{
  return open->wants_recording && open->slot != SEEP_NO_SLOT && !open->carried &&
         !engine->watches[open->slot].ignored && now.ms >= open->offer_after.ms &&
         seep_engine__kind_is_settled(engine, now, open);
}

void seep_engine__offer_recording(seep_engine *engine, seep_now now)
{
  seep_engine_case *worst = NULL;
  if (engine->stopping || !seep_recorder_is_idle(&engine->recorder)) {
    return;
  }
  for (seep_engine_case *open = engine->cases; open != NULL; open = open->next) {
    if (may_be_offered(engine, now.mono, open) &&
        (worst == NULL || open->leak.slope_bytes_per_hour > worst->leak.slope_bytes_per_hour)) {
      worst = open;
    }
  }
  if (worst == NULL) {
    return;
  }
  worst->wants_recording = false;
  seep_recorder_target target = {.case_id = worst->leak.id,
                                 .key = worst->leak.key,
                                 .memory_kind = worst->kind.kind,
                                 .memory_confidence = worst->kind.confidence};
  seep_text_copy(target.image, sizeof target.image, worst->leak.image);
  seep_command command = {.kind = SEEP_COMMAND_REQUEST_RECORDING};
  command.as.target = &target;
  seep_engine__emit(engine, &command);
}

static seep_recorder_settings recorder_settings(const seep_settings *from, bool stopping)
{
  seep_recorder_settings to = {.enabled = from->capture_enabled,
                               .heap = from->capture_heap_method != SEEP_HEAP_METHOD_OFF,
                               .maximum_ms = from->capture_maximum_ms,
                               .maximum_bytes = from->capture_maximum_bytes,
                               .enough_growth_bytes = from->capture_enough_growth_bytes,
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

/* The case that was to be recorded, which may be about another process by now. NULL: it is closed. */
static seep_engine_case *case_of(const seep_engine *engine, const seep_recorder_target *target)
{
  for (seep_engine_case *open = engine->cases; open != NULL; open = open->next) {
    if ((target->case_id != 0 && open->leak.id == target->case_id) ||
        (open->leak.key.pid == target->key.pid && open->leak.key.created == target->key.created)) {
      return open;
    }
  }
  return NULL;
}

/* Keeps the case's wish alive. false: the administrator has been told already that nothing is recorded. */
static bool note_refusal(seep_engine *engine, seep_now now, const seep_recorder_action *action)
{
  seep_engine_case *open = case_of(engine, &action->target);
  if (open == NULL) {
    return true;
  }
  bool known = open->refusal_told && action->outcome == SEEP_RECORDER_REFUSED;
  open->wants_recording = true;
  open->refusal_told = true;
  open->offer_after.ms = now.mono.ms + OFFER_AGAIN_MS;
  return !known;
}

static void store_capture(seep_engine *engine, seep_now now, const seep_recorder_action *action)
{
  const seep_engine_case *open = case_of(engine, &action->target);
  seep_store_capture capture = {.leak_id = open != NULL ? open->leak.id : action->target.case_id,
                                .key = action->target.key,
                                .started = engine->recording_started,
                                .ended = now.wall,
                                .bytes = action->bytes};
  bool saved = action->outcome == SEEP_RECORDER_SAVED;
  seep_text_copy(capture.image, sizeof capture.image, action->target.image);
  seep_text_copy(capture.kind, sizeof capture.kind, seep_profile_kind_text(action->recording));
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
