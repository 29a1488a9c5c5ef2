/*
 * The engine's part in recordings: who is offered to the recorder and how its heap is to be recorded, what
 * the recorder's steps lead to. One at a time; a process restarted for its tracing flag first, then those
 * that Windows has named, then the fastest.
 */
#include "watch/engine_internal.h"

#include <string.h>

#include "capture/sampling.h"
#include "capture/shelf.h"
#include "report/explanation.h"
#include "report/sidecar.h"
#include "watch/recording_notices.h"

/* A case whose recording was refused or failed is offered again this much later: disk space comes back, a
 * cool-down ends, and the leak is still there. Doubles up to the second figure. */
#define OFFER_AGAIN_MS (10 * SEEP_MS_PER_MINUTE)
#define OFFER_AGAIN_MOST_MS (4 * SEEP_MS_PER_HOUR)
#define FLAG_AGAIN_MS SEEP_MS_PER_HOUR
/* After a transient answer of wpr; a service that is told to stop has no five seconds. */
#define RETRY_MS (5 * SEEP_MS_PER_SECOND)
#define STOPPING_RETRY_MS 300
#define RETRIES 3

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

/* ---- who is offered ---- */

static bool is_urgent(const seep_engine *engine, const seep_engine_case *open)
{
  return open->slot != SEEP_NO_SLOT && engine->watches[open->slot].urgent;
}

static bool may_be_offered(seep_engine *engine, seep_mono now, const seep_engine_case *open)
{
  return open->wants_recording && open->slot != SEEP_NO_SLOT && !open->carried &&
         !engine->watches[open->slot].ignored && now.ms >= open->offer_after.ms &&
         !seep_engine__has_flag(engine, open->slot) &&
         (is_urgent(engine, open) || seep_engine__kind_is_settled(engine, now, open));
}

static bool is_worse(const seep_engine *engine, const seep_engine_case *one, const seep_engine_case *other)
{
  bool urgent = is_urgent(engine, one);
  return urgent != is_urgent(engine, other)
             ? urgent
             : one->leak.slope_bytes_per_hour > other->leak.slope_bytes_per_hour;
}

static seep_engine_case *worst_case(seep_engine *engine, seep_mono now)
{
  seep_engine_case *worst = NULL;
  for (seep_engine_case *open = engine->cases; open != NULL; open = open->next) {
    if (may_be_offered(engine, now, open) && (worst == NULL || is_worse(engine, open, worst))) {
      worst = open;
    }
  }
  return worst;
}

/* A process that was started with its tracing flag set and grows again. */
static size_t flagged_slot(seep_engine *engine, seep_mono now, seep_engine_flag **flag)
{
  for (size_t slot = 0; seep_engine_flags(engine) > 0 && slot < seep_process_table_slots(engine->table);
       slot++) {
    bool grows = seep_process_table_at(engine->table, slot) != NULL && !engine->watches[slot].ignored &&
                 engine->watches[slot].detector.level >= SEEP_LEVEL_SUSPECT;
    *flag = grows ? seep_engine__flag_of(engine, now, slot) : NULL;
    if (*flag != NULL) {
      return slot;
    }
  }
  return SEEP_NO_SLOT;
}

static void request(seep_engine *engine, const seep_recorder_target *target)
{
  seep_command command = {.kind = SEEP_COMMAND_REQUEST_RECORDING};
  command.as.target = target;
  seep_engine__emit(engine, &command);
}

static bool offer_flagged(seep_engine *engine, seep_mono now)
{
  seep_engine_flag *flag = NULL;
  size_t slot = flagged_slot(engine, now, &flag);
  if (slot == SEEP_NO_SLOT) {
    return false;
  }
  const seep_process *process = seep_process_table_at(engine->table, slot);
  seep_engine_case *open = engine->watches[slot].open_case;
  seep_recorder_target target = {.case_id = open != NULL ? open->leak.id : 0,
                                 .key = process->key,
                                 .memory_kind = SEEP_MEMORY_HEAP,
                                 .memory_confidence = open != NULL ? open->kind.confidence : 0.0,
                                 .flagged = true,
                                 .urgent = engine->watches[slot].urgent};
  seep_text_copy(target.image, sizeof target.image, process->name);
  flag->offered = true;
  if (open != NULL) {
    open->wants_recording = false;
  }
  request(engine, &target);
  return true;
}

/* ---- what speaks against it before anybody asks the recorder ---- */

static void tell_refused(seep_engine *engine, const seep_engine_case *open, const char *reason)
{
  seep_recording_notices_refused(&engine->alert, open->leak.image, open->leak.key, reason);
  seep_engine__emit_alert(engine);
}

/* Where the flag is the way to record a heap. What keeps it from being set may pass: it is told once, and
 * tried again. */
static void set_wanted_flags(seep_engine *engine, seep_now now)
{
  for (seep_engine_case *open = engine->cases; open != NULL; open = open->next) {
    if (!open->flag_wanted || open->slot == SEEP_NO_SLOT || now.mono.ms < open->flag_after.ms) {
      continue;
    }
    const char *why = seep_engine__set_flag(engine, now, open);
    open->flag_wanted = why != NULL;
    open->flag_after.ms = now.mono.ms + FLAG_AGAIN_MS;
    if (why != NULL && !open->flag_told) {
      open->flag_told = true;
      tell_refused(engine, open, why);
    }
  }
}

static void pre_empt(seep_engine *engine, seep_now now, const seep_engine_case *urgent)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_PRE_EMPT, .target = {.key = urgent->leak.key}};
  event.target.urgent = true;
  seep_engine__recorder_step(engine, now, &event);
}

void seep_engine__offer_recording(seep_engine *engine, seep_now now)
{
  if (engine->stopping) {
    return;
  }
  set_wanted_flags(engine, now);
  seep_engine_case *worst = worst_case(engine, now.mono);
  if (!seep_recorder_is_idle(&engine->recorder)) {
    /* One that the recorder has refused before, for a cool-down as a rule, must not cost another its
     * recording. */
    if (worst != NULL && is_urgent(engine, worst) && worst->refusals == 0) {
      pre_empt(engine, now, worst);
    }
    return;
  }
  bool takes_part = seep_sampling_takes_part(engine->host, engine->settings.capture_sample_ppm);
  if (takes_part && offer_flagged(engine, now.mono)) {
    return;
  }
  if (worst == NULL) {
    return;
  }
  worst->wants_recording = false;
  if (!takes_part) {
    if (engine->settings.capture_enabled) {
      tell_refused(engine, worst,
                   "this server does not belong to the share of the fleet that records "
                   "(capture.sample_rate)");
    }
    return;
  }
  seep_recorder_target target = {.case_id = worst->leak.id,
                                 .key = worst->leak.key,
                                 .memory_kind = worst->kind.kind,
                                 .memory_confidence = worst->kind.confidence,
                                 .urgent = is_urgent(engine, worst)};
  seep_text_copy(target.image, sizeof target.image, worst->leak.image);
  request(engine, &target);
}

const char *seep_engine__done_so_far(seep_engine *engine, const seep_engine_case *open)
{
  const seep_recorder *recorder = &engine->recorder;
  bool is_target = recorder->target.key.pid == open->leak.key.pid &&
                   recorder->target.key.created == open->leak.key.created;
  if (!engine->settings.capture_enabled) {
    return "it is watched; recording is switched off in the configuration (capture.enabled)";
  }
  if (engine->storage_down) {
    return "it is watched; nothing is recorded while the store does not work (event 107)";
  }
  if (!seep_sampling_takes_part(engine->host, engine->settings.capture_sample_ppm)) {
    return "it is watched; this server records nothing (capture.sample_rate)";
  }
  if (!seep_recorder_is_idle(recorder) && is_target) {
    return "its allocations are being recorded";
  }
  if (open->recorded) {
    return "its allocations were recorded: see event 301 and \"seepwatch captures list\"";
  }
  if (open->refusals > 0) {
    return "recording it was refused or failed so far (events 302 and 303) and is tried again";
  }
  if (seep_engine__flag_of_image(engine, open->leak.image) != NULL) {
    return "the tracing flag of this program is set: it is recorded after its next start (event 304)";
  }
  if (seep_recorder_is_idle(recorder) && seep_engine__kind_is_known(open)) {
    return "its allocations are about to be recorded: event 300 tells when";
  }
  return seep_recorder_is_idle(recorder)
             ? "its allocations are recorded as soon as the kind of memory that grows is known (event 300)"
             : "its allocations are recorded when another recording has ended";
}

/* ---- the recorder's settings ---- */

static seep_recorder_heap heap_of(uint32_t method)
{
  switch ((seep_heap_method)method) {
  case SEEP_HEAP_METHOD_AUTO:
  case SEEP_HEAP_METHOD_LIVE:
    return SEEP_RECORDER_HEAP_LIVE;
  case SEEP_HEAP_METHOD_SNAPSHOT:
    return SEEP_RECORDER_HEAP_SNAPSHOT;
  case SEEP_HEAP_METHOD_NEXT_START: /* what was not restarted for it */
    return SEEP_RECORDER_HEAP_FLAG;
  case SEEP_HEAP_METHOD_OFF:
  default:
    return SEEP_RECORDER_HEAP_OFF;
  }
}

static seep_recorder_settings recorder_settings(const seep_engine *engine)
{
  const seep_settings *from = &engine->settings;
  seep_recorder_settings to = {.enabled = from->capture_enabled,
                               .wpr = seep_wpr_traits_of(engine->recorder_build),
                               .heap = heap_of(from->capture_heap_method),
                               .ring = from->capture_bounded_files,
                               .maximum_ms = from->capture_maximum_ms,
                               .maximum_bytes = from->capture_maximum_bytes,
                               .enough_growth_bytes = from->capture_enough_growth_bytes,
                               .minimum_free_bytes = from->capture_minimum_free_bytes,
                               .minimum_commit_bytes = from->capture_minimum_commit_bytes,
                               .buffers = from->capture_buffers,
                               .per_day = from->capture_recordings_per_day,
                               .cool_down_ms = from->capture_cool_down_ms,
                               .start_deadline_ms = from->capture_start_deadline_ms,
                               .stop_deadline_ms = from->capture_stop_deadline_ms,
                               .cancel_deadline_ms = from->capture_cancel_deadline_ms,
                               .retry_ms = engine->stopping ? STOPPING_RETRY_MS : RETRY_MS,
                               .retries = RETRIES};
  seep_text_copy(to.instance, sizeof to.instance, from->capture_instance);
  return to;
}

void seep_engine_recorder_build(seep_engine *engine, unsigned build)
{
  engine->recorder_build = build;
}

/* ---- what its steps lead to ---- */

/* Half as much more or less by chance, so that a fleet does not move in step; the case's own figures are
 * chance enough. */
static int64_t pause_ms(const seep_engine_case *open)
{
  int64_t pause = OFFER_AGAIN_MS;
  for (unsigned i = 0; i < open->refusals && pause < OFFER_AGAIN_MOST_MS; i++) {
    pause *= 2;
  }
  uint64_t chance = (open->leak.key.created ^ open->leak.commit_bytes / 4096) * UINT64_C(0x9E3779B97F4A7C15);
  return pause / 2 + (int64_t)((chance >> 40) % (uint64_t)pause);
}

/* Keeps the case's wish alive. false: the administrator has been told already that nothing is recorded. */
static bool note_refusal(seep_engine *engine, seep_now now, const seep_recorder_action *action)
{
  seep_engine_case *open = case_of(engine, &action->target);
  seep_engine_flag *flag =
      action->target.flagged ? seep_engine__flag_of_image(engine, action->target.image) : NULL;
  bool flag_known = flag != NULL && flag->refusal_told && action->outcome == SEEP_RECORDER_REFUSED;
  if (flag != NULL) {
    flag->refusal_told = true;
  }
  if (open == NULL) {
    return !flag_known;
  }
  bool known = open->refusal_told && action->outcome == SEEP_RECORDER_REFUSED;
  open->wants_recording = true;
  open->refusal_told = true;
  open->offer_after.ms = now.mono.ms + pause_ms(open);
  open->refusals++;
  return !known;
}

/* Given up for another's sake, or because its process ended: whoever the case is about by then is still to be
 * recorded. */
static void keep_turn(seep_engine *engine, const seep_recorder_action *action)
{
  seep_engine_case *open = engine->recorder.turn_kept ? case_of(engine, &action->target) : NULL;
  if (open != NULL) {
    open->wants_recording = true;
  }
}

/* A flag is set for one recording. One that was only put off is still to come. */
static void note_flagged(seep_engine *engine, seep_now now, const seep_recorder_action *action)
{
  bool ended = action->outcome == SEEP_RECORDER_SAVED || action->outcome == SEEP_RECORDER_FAILED;
  bool put_off = action->outcome == SEEP_RECORDER_REFUSED || action->outcome == SEEP_RECORDER_ABANDONED;
  if (action->target.flagged && ended) {
    seep_engine__flag_served(engine, now, action->target.image);
  } else if (action->target.flagged && put_off) {
    seep_engine__flag_put_off(engine, now, action->target.image);
  }
}

/* Where the heap's calls can only be recorded after a restart. Not before the recorder has taken this case:
 * what keeps it from recording, a cool-down or the day's number, speaks against a flag as well. */
static void note_heap_left_out(seep_engine *engine, seep_now now, const seep_recorder_action *action)
{
  seep_engine_case *open = case_of(engine, &action->target);
  bool ended = action->outcome == SEEP_RECORDER_SAVED || action->outcome == SEEP_RECORDER_FAILED;
  uint32_t method = engine->settings.capture_heap_method;
  bool by_choice = method == SEEP_HEAP_METHOD_NEXT_START && action->outcome == SEEP_RECORDER_STARTED &&
                   action->target.memory_kind == SEEP_MEMORY_HEAP;
  bool by_refusal = method == SEEP_HEAP_METHOD_AUTO && ended && action->stepped_down;
  if ((by_choice || by_refusal) && !action->target.flagged && open != NULL) {
    open->flag_wanted = true;
    set_wanted_flags(engine, now);
  }
}

static const char *outcome_text(const seep_recorder_action *action)
{
  return action->outcome == SEEP_RECORDER_SAVED ? "saved" : action->reason;
}

static void store_capture(seep_engine *engine, seep_now now, const seep_recorder_action *action)
{
  const seep_engine_case *open = case_of(engine, &action->target);
  const seep_recorder_kept *kept = &action->kept;
  seep_store_capture capture = {.leak_id = open != NULL ? open->leak.id : action->target.case_id,
                                .key = action->target.key,
                                .started = engine->recording_started,
                                .ended = now.wall,
                                .bytes = kept->bytes,
                                .etl_bytes = kept->etl_bytes,
                                .readable = kept->readable,
                                .events = kept->events,
                                .target_events = kept->target_events + kept->target_heap_events,
                                .events_lost = kept->events_lost,
                                .buffers_lost = kept->buffers_lost};
  seep_text_copy(capture.image, sizeof capture.image, action->target.image);
  seep_text_copy(capture.kind, sizeof capture.kind, seep_profile_kind_text(action->recording));
  seep_text_copy(capture.path, sizeof capture.path, kept->path);
  seep_text_copy(capture.outcome, sizeof capture.outcome, outcome_text(action));
  seep_text_copy(capture.ending, sizeof capture.ending, action->ending != NULL ? action->ending : "");
  seep_text_copy(capture.sha256, sizeof capture.sha256, kept->sha256);
  seep_command command = {.kind = SEEP_COMMAND_CAPTURE_ADD};
  command.as.capture = &capture;
  seep_engine__emit(engine, &command);
}

static void add_case(const seep_engine *engine, const seep_engine_case *open, seep_sidecar *sidecar,
                     char *evidence, size_t evidence_size)
{
  seep_writer writer;
  seep_writer_init(&writer, evidence, evidence_size);
  seep_explanation_evidence(&open->finding.shape, SEEP_UNIT_BYTES, &writer);
  sidecar->case_id = open->leak.id;
  sidecar->verdict = open->leak.verdict;
  sidecar->began = open->leak.began;
  sidecar->opened = open->leak.opened;
  sidecar->slope_bytes_per_hour = open->leak.slope_bytes_per_hour;
  sidecar->slope_low_bytes_per_hour = open->leak.slope_low_bytes_per_hour;
  sidecar->slope_high_bytes_per_hour = open->leak.slope_high_bytes_per_hour;
  sidecar->growth_bytes = open->leak.growth_bytes;
  sidecar->commit_bytes = open->leak.commit_bytes;
  sidecar->confidence = open->leak.confidence;
  sidecar->memory_kind = open->leak.kind;
  sidecar->memory_confidence = open->kind.confidence;
  sidecar->memory_reason = open->kind.reason;
  sidecar->evidence = evidence;
  sidecar->headroom_bytes = engine->headroom_bytes;
}

static void write_sidecar(seep_engine *engine, seep_now now, const seep_recorder_action *action)
{
  char path[SEEP_RECORDER_PATH_SIZE + 8], evidence[SEEP_ALERT_INSERT_SIZE];
  const seep_engine_case *open = case_of(engine, &action->target);
  const char *name = strrchr(action->kept.path, engine->recorder.path_separator);
  seep_writer writer;
  seep_sidecar sidecar = {.version = engine->version,
                          .host = engine->host,
                          .recorder_build = engine->recorder_build,
                          .headroom_bytes = SEEP_HEADROOM_UNKNOWN,
                          .key = action->target.key,
                          .image = action->target.image,
                          .kind = seep_profile_kind_text(action->recording),
                          .stepped_down = action->stepped_down,
                          .flagged = action->target.flagged,
                          .started = engine->recording_started,
                          .ended = now.wall,
                          .duration_ms = action->duration_ms,
                          .outcome = outcome_text(action),
                          .ending = action->ending,
                          .file_name = name != NULL ? name + 1 : action->kept.path,
                          .kept = &action->kept};
  if (!seep_shelf_beside_name(action->kept.path, SEEP_BESIDE_SIDECAR, path, sizeof path)) {
    return;
  }
  if (open != NULL) {
    add_case(engine, open, &sidecar, evidence, sizeof evidence);
  }
  seep_writer_init(&writer, engine->sidecar, sizeof engine->sidecar);
  seep_sidecar_write(&sidecar, &writer);
  seep_command command = {.kind = SEEP_COMMAND_SIDECAR};
  command.as.sidecar.path = path;
  command.as.sidecar.text = engine->sidecar;
  command.as.sidecar.length = writer.length;
  seep_engine__emit(engine, &command);
}

static void note_recorded(seep_engine *engine, const seep_recorder_action *action)
{
  seep_engine_case *open = case_of(engine, &action->target);
  if (open != NULL) {
    open->recorded = true;
  }
}

static void tell_recording(seep_engine *engine, seep_now now, const seep_recorder_action *action)
{
  bool tell = true;
  switch (action->outcome) {
  case SEEP_RECORDER_STARTED:
    engine->recording_started = now.wall;
    break;
  case SEEP_RECORDER_SAVED:
    engine->recordings_saved++;
    note_recorded(engine, action);
    store_capture(engine, now, action);
    write_sidecar(engine, now, action);
    break;
  case SEEP_RECORDER_FAILED:
    engine->recordings_failed++;
    /* Not what an earlier life left, unless it left a file. */
    if (engine->recorder.journal_id == 0 || action->kept.path[0] != '\0') {
      store_capture(engine, now, action);
      write_sidecar(engine, now, action);
      tell = note_refusal(engine, now, action);
    }
    break;
  case SEEP_RECORDER_REFUSED:
    tell = note_refusal(engine, now, action);
    break;
  case SEEP_RECORDER_ABANDONED:
    keep_turn(engine, action);
    break;
  case SEEP_RECORDER_UNDONE:
  default:
    break;
  }
  if (tell) {
    seep_recording_notices_outcome(&engine->alert, action, &engine->settings, engine->recovered_since);
    seep_engine__emit_alert(engine);
  }
  note_flagged(engine, now, action);
  note_heap_left_out(engine, now, action);
}

void seep_engine__recorder_step(seep_engine *engine, seep_now now, const seep_recorder_event *event)
{
  seep_recorder_settings settings = recorder_settings(engine);
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

uint64_t seep_engine_available_bytes(const seep_engine *engine)
{
  return engine->memory_known && engine->memory.commit_limit_bytes > 0
             ? seep_system_memory_headroom_bytes(&engine->memory)
             : UINT64_MAX;
}

void seep_engine_recorder(seep_engine *engine, seep_now now, seep_recorder_event *event)
{
  event->journal_ready = !engine->storage_down;
  event->available_bytes = seep_engine_available_bytes(engine);
  if (event->kind == SEEP_RECORDER_REQUEST) {
    engine->recording_started = now.wall; /* until it has really started */
    if (seep_recorder_is_idle(&engine->recorder)) {
      engine->recovered_since = now.wall; /* should it have to be undone later in this life */
    }
  }
  if (event->kind == SEEP_RECORDER_RECOVER) {
    engine->recovered_since = event->wall;
    engine->recording_started = event->finished ? event->promise.requested : event->wall;
  } else {
    event->wall = now.wall;
  }
  seep_engine__recorder_step(engine, now, event);
}
