/* Processes and leak cases: the table, the detectors beside it, the poll. See engine.h. */
#include "watch/engine_internal.h"

#include <stdlib.h>
#include <string.h>

#include "memory/kind.h"
#include "watch/notices.h"

/* ---- emitting ---- */

void seep_engine__emit(seep_engine *engine, seep_command *command)
{
  engine->emit(engine->emit_context, command);
}

seep_status seep_engine__emit_alert(seep_engine *engine)
{
  seep_command command = {.kind = SEEP_COMMAND_ALERT};
  command.as.alert.alert = &engine->alert;
  command.as.alert.done = SEEP_OK;
  seep_engine__emit(engine, &command);
  return command.as.alert.done;
}

int64_t seep_engine__interval_ms(const seep_engine *engine)
{
  return engine->urgent ? engine->settings.poll_urgent_interval_ms : engine->settings.poll_interval_ms;
}

void seep_engine__emit_interval(seep_engine *engine)
{
  seep_command command = {.kind = SEEP_COMMAND_POLL_EVERY};
  command.as.interval_ms = seep_engine__interval_ms(engine);
  if (engine->longest_interval_ms < command.as.interval_ms) {
    engine->longest_interval_ms = command.as.interval_ms;
  }
  seep_engine__emit(engine, &command);
}

/* ---- life ---- */

seep_engine *seep_engine_new(const seep_engine_options *options, const seep_settings *settings)
{
  seep_engine *engine = calloc(1, sizeof *engine);
  if (engine == NULL) {
    return NULL;
  }
  engine->settings = *settings;
  engine->longest_interval_ms = settings->poll_interval_ms;
  engine->emit = options->emit;
  engine->emit_context = options->emit_context;
  seep_text_copy(engine->version, sizeof engine->version, options->version);
  seep_text_copy(engine->data_folder, sizeof engine->data_folder, options->data_folder);
  engine->table = seep_process_table_new();
  if (engine->table == NULL || !seep_recorder_init(&engine->recorder, options->capture_folder,
                                                   options->temporary_folder, options->path_separator)) {
    seep_engine_free(engine);
    return NULL;
  }
  return engine;
}

void seep_engine_free(seep_engine *engine)
{
  if (engine == NULL) {
    return;
  }
  for (size_t slot = 0; slot < engine->watch_capacity; slot++) {
    free(engine->watches[slot].leak);
  }
  seep_process_table_free(engine->table);
  free(engine->watches);
  free(engine->samples);
  free(engine->sample_slots);
  free(engine);
}

void seep_engine_start(seep_engine *engine, seep_now now)
{
  engine->started = now.mono;
  engine->cpu_mark_time = now.mono;
  engine->next_heartbeat.ms = now.mono.ms + engine->settings.heartbeat_ms;
  seep_notices_started(&engine->alert, engine->version, engine->data_folder, &engine->settings);
  seep_engine__emit_alert(engine);
  seep_engine__emit_interval(engine);
}

void seep_engine_settings(seep_engine *engine, seep_now now, const char *file, const seep_settings *settings,
                          const seep_settings_problem *problem)
{
  bool running = engine->polls > 0;
  if (settings->heartbeat_ms != engine->settings.heartbeat_ms) {
    engine->next_heartbeat.ms = now.mono.ms + settings->heartbeat_ms;
  }
  engine->settings = *settings;
  for (size_t slot = 0; slot < seep_process_table_slots(engine->table); slot++) {
    seep_process *process = seep_process_table_at(engine->table, slot);
    if (process != NULL) {
      engine->watches[slot].ignored = seep_settings_ignores(settings, process->name);
    }
  }
  if (problem != NULL) {
    seep_notices_settings_refused(&engine->alert, file, problem, settings);
  } else {
    seep_notices_settings(&engine->alert, file, settings, running);
  }
  seep_engine__emit_alert(engine);
  seep_engine__emit_interval(engine);
}

/* ---- leak cases ---- */

static void emit_leak(seep_engine *engine, seep_command_kind kind, seep_store_leak *leak)
{
  seep_command command = {.kind = kind};
  command.as.leak = leak;
  seep_engine__emit(engine, &command);
}

static void close_case(seep_engine *engine, seep_now now, seep_engine_watch *watch, const char *ending)
{
  seep_store_leak *leak = watch->leak;
  leak->closed = now.wall;
  seep_text_copy(leak->ending, sizeof leak->ending, ending);
  emit_leak(engine, SEEP_COMMAND_LEAK_UPDATE, leak);
  seep_notices_leak_over(&engine->alert, leak, seep_mono_since(now.mono, watch->leak_began));
  seep_engine__emit_alert(engine);
  free(leak);
  watch->leak = NULL;
  watch->wants_recording = false;
}

static void refresh_case(seep_store_leak *leak, const seep_verdict *verdict, const seep_process *process)
{
  leak->slope_bytes_per_hour = verdict->slope_bytes_per_hour;
  leak->growth_bytes = verdict->growth_bytes;
  leak->commit_bytes = process->commit_bytes;
  leak->confidence = verdict->confidence;
}

/* A case's figures move with every part of the window; on disk they need not. Its end is written in any case.
 */
static void store_case(seep_engine *engine, seep_now now, seep_engine_watch *watch)
{
  if (watch->leak->id != 0 && seep_mono_since(now.mono, watch->leak_stored) < SEEP_ENGINE_CASE_STORED_MS) {
    return;
  }
  watch->leak_stored = now.mono;
  emit_leak(engine, SEEP_COMMAND_LEAK_UPDATE, watch->leak);
}

static void open_case(seep_engine *engine, seep_now now, seep_engine_watch *watch,
                      const seep_verdict *verdict, const seep_process *process)
{
  seep_store_leak *leak = calloc(1, sizeof *leak);
  if (leak == NULL) {
    engine->events_lost++;
    return;
  }
  leak->key = process->key;
  seep_text_copy(leak->image, sizeof leak->image, process->name);
  leak->opened = now.wall;
  leak->began.ms = now.wall.ms - seep_mono_since(now.mono, verdict->began);
  watch->leak_began = verdict->began;
  seep_text_copy(leak->kind, sizeof leak->kind, seep_memory_kind_text(SEEP_MEMORY_UNDETERMINED));
  refresh_case(leak, verdict, process);
  watch->leak = leak;
  watch->wants_recording = true;
  watch->refusal_told = false;
  watch->offer_after = now.mono;
  watch->leak_stored = now.mono;
  emit_leak(engine, SEEP_COMMAND_LEAK_OPEN, leak);
  seep_notices_leak(&engine->alert, leak, engine->memory_known ? &engine->memory : NULL);
  seep_engine__emit_alert(engine);
}

static void judge(seep_engine *engine, seep_now now, size_t slot)
{
  const seep_process *process = seep_process_table_at(engine->table, slot);
  seep_engine_watch *watch = &engine->watches[slot];
  if (watch->urgent && now.mono.ms >= watch->urgent_until.ms) {
    watch->urgent = false;
  }
  const seep_detector_settings settings = {
      .window_ms = engine->settings.detector_window_ms,
      .minimum_slope_bytes_per_hour = engine->settings.detector_minimum_slope_bytes_per_hour,
      .minimum_growth_bytes = engine->settings.detector_minimum_growth_bytes,
      .start_up_ms = engine->settings.detector_start_up_ms,
      .confirmations = engine->settings.detector_confirmations};
  seep_verdict verdict =
      seep_detector_step(&watch->detector, &settings, now.mono, process->commit_bytes, watch->urgent);
  switch (verdict.kind) {
  case SEEP_VERDICT_LEAK:
  case SEEP_VERDICT_GROWING: /* without a case: memory was short when it was called, or it was ignored then */
    if (watch->leak != NULL) {
      refresh_case(watch->leak, &verdict, process);
      store_case(engine, now, watch);
    } else if (!watch->ignored) {
      open_case(engine, now, watch, &verdict, process);
    }
    break;
  case SEEP_VERDICT_OVER:
    if (watch->leak != NULL) {
      close_case(engine, now, watch, "it stopped growing or gave the memory back");
    }
    break;
  case SEEP_VERDICT_NONE:
  default:
    break;
  }
}

/* ---- polls ---- */

/* Room for one more process in every array that runs beside the table. */
static bool reserve(seep_engine *engine, size_t slots, size_t samples)
{
  if (slots > engine->watch_capacity) {
    size_t capacity = slots + slots / 4 + 64;
    seep_engine_watch *watches = realloc(engine->watches, capacity * sizeof *watches);
    if (watches == NULL) {
      return false;
    }
    memset(watches + engine->watch_capacity, 0, (capacity - engine->watch_capacity) * sizeof *watches);
    engine->watches = watches;
    engine->watch_capacity = capacity;
  }
  if (samples > engine->sample_capacity) {
    size_t capacity = samples + samples / 4 + 64;
    seep_store_sample *grown = realloc(engine->samples, capacity * sizeof *grown);
    if (grown == NULL) {
      return false;
    }
    engine->samples = grown;
    size_t *slot_list = realloc(engine->sample_slots, capacity * sizeof *slot_list);
    if (slot_list == NULL) {
      return false;
    }
    engine->sample_slots = slot_list;
    engine->sample_capacity = capacity;
  }
  return true;
}

static seep_status take_sample(seep_engine *engine, seep_now now, const seep_process_sample *sample,
                               size_t count)
{
  size_t slot;
  bool born;
  if (sample->key.pid == 0) {
    return SEEP_OK; /* the idle process commits nothing */
  }
  /* Before the table takes it: a slot without room beside it must not exist. */
  if (!reserve(engine, seep_process_table_slots(engine->table) + 1, count + 1)) {
    return SEEP_NO_MEMORY;
  }
  seep_status status = seep_process_table_observe(engine->table, sample, &slot, &born);
  if (status != SEEP_OK) {
    return status;
  }
  if (born) {
    const seep_process *process = seep_process_table_at(engine->table, slot);
    memset(&engine->watches[slot], 0, sizeof engine->watches[slot]);
    seep_detector_init(&engine->watches[slot].detector, now.mono);
    engine->watches[slot].ignored = seep_settings_ignores(&engine->settings, process->name);
  }
  engine->sample_slots[count] = slot;
  return SEEP_OK;
}

typedef struct death_context {
  seep_engine *engine;
  seep_now now;
} death_context;

static void process_died(void *context, size_t slot, const seep_process *process)
{
  death_context *death = context;
  seep_engine *engine = death->engine;
  seep_engine_watch *watch = &engine->watches[slot];
  if (!seep_recorder_is_idle(&engine->recorder)) {
    seep_recorder_event event = {.kind = SEEP_RECORDER_TARGET_GONE};
    event.target.key = process->key;
    seep_engine__recorder_step(engine, death->now, &event);
  }
  if (watch->leak != NULL) {
    close_case(engine, death->now, watch, "the process ended");
  }
  memset(watch, 0, sizeof *watch);
}

static void store_poll(seep_engine *engine, seep_now now, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    const seep_process *process = seep_process_table_at(engine->table, engine->sample_slots[i]);
    engine->samples[i] = (seep_store_sample){.key = process->key,
                                             .name = process->name,
                                             .commit_bytes = process->commit_bytes,
                                             .store_id = process->store_id};
  }
  seep_command command = {.kind = SEEP_COMMAND_STORE_POLL};
  command.as.poll.content =
      (seep_store_poll){.now = now,
                        .interval_ms = engine->look_failed ? 0 : engine->longest_interval_ms,
                        .memory = engine->memory_known ? &engine->memory : NULL,
                        .samples = engine->samples,
                        .count = count};
  command.as.poll.done = SEEP_OS;
  engine->longest_interval_ms = seep_engine__interval_ms(engine);
  engine->look_failed = false;
  seep_engine__emit(engine, &command);
  for (size_t i = 0; i < count && command.as.poll.done == SEEP_OK; i++) {
    seep_process_table_at(engine->table, engine->sample_slots[i])->store_id = engine->samples[i].store_id;
  }
}

/* status: what taking the samples ended with; error is filled unless it is SEEP_OK or SEEP_NO_MEMORY. */
static void end_poll(seep_engine *engine, seep_now now, seep_status status, seep_error *error, size_t count,
                     const seep_system_memory *memory)
{
  if (status != SEEP_OK) {
    /* A cut snapshot must not look like the death of everybody behind the cut: no end(), no deaths, no
     * judgement. */
    if (status == SEEP_NO_MEMORY) {
      seep_error_set(error, status, SEEP_DOMAIN_NONE, 0, "process table", NULL);
    }
    seep_engine_poll_failed(engine, now, error);
    return;
  }
  death_context death = {engine, now};
  seep_process_table_end(engine->table, process_died, &death);
  engine->memory = memory != NULL ? *memory : (seep_system_memory){0};
  engine->memory_known = memory != NULL;
  engine->polls++;
  if (engine->polls_failed_in_row >= SEEP_ENGINE_BLIND_AFTER) {
    seep_alert_init(&engine->alert, SEEP_ALERT_BLIND_OVER);
    seep_alert_add_duration(&engine->alert, seep_mono_since(now.mono, engine->blind_since));
    seep_engine__emit_alert(engine);
  }
  engine->polls_failed_in_row = 0;
  store_poll(engine, now, count);
  for (size_t i = 0; i < count; i++) {
    judge(engine, now, engine->sample_slots[i]);
  }
  seep_engine__offer_recording(engine, now);
}

void seep_engine_poll(seep_engine *engine, seep_now now, const seep_process_bytes *bytes)
{
  seep_snapshot snapshot;
  seep_process_sample sample;
  seep_error error = {0};
  size_t count = 0;
  seep_status status;
  seep_snapshot_init(&snapshot, bytes->data, bytes->size, bytes->base_address);
  seep_process_table_begin(engine->table);
  while ((status = seep_snapshot_next(&snapshot, &sample, &error)) == SEEP_OK) {
    status = take_sample(engine, now, &sample, count);
    if (status != SEEP_OK) {
      break;
    }
    count += sample.key.pid != 0;
  }
  end_poll(engine, now, status == SEEP_NOT_FOUND ? SEEP_OK : status, &error, count, &bytes->memory);
}

void seep_engine_poll_samples(seep_engine *engine, seep_now now, const seep_process_sample *samples,
                              size_t count, const seep_system_memory *memory)
{
  seep_error error = {0};
  size_t taken = 0;
  seep_status status = SEEP_OK;
  seep_process_table_begin(engine->table);
  for (size_t i = 0; i < count && status == SEEP_OK; i++) {
    status = take_sample(engine, now, &samples[i], taken);
    taken += status == SEEP_OK && samples[i].key.pid != 0;
  }
  end_poll(engine, now, status, &error, taken, memory);
}

void seep_engine_store_exchanged(seep_engine *engine)
{
  engine->recorder.target.case_id = 0;
  for (size_t slot = 0; slot < seep_process_table_slots(engine->table); slot++) {
    seep_process *process = seep_process_table_at(engine->table, slot);
    if (process != NULL) {
      process->store_id = 0;
      if (engine->watches[slot].leak != NULL) {
        engine->watches[slot].leak->id = 0;
      }
    }
  }
}

/* ---- questions ---- */

bool seep_engine_recorder_is_idle(const seep_engine *engine)
{
  return seep_recorder_is_idle(&engine->recorder);
}

const seep_settings *seep_engine_settings_in_force(const seep_engine *engine)
{
  return &engine->settings;
}

const seep_recorder *seep_engine_recorder_of(const seep_engine *engine)
{
  return &engine->recorder;
}

const seep_detector *seep_engine_detector_of(const seep_engine *engine, seep_process_key key)
{
  size_t slot = seep_process_table_find(engine->table, key);
  return slot != SEEP_NO_SLOT ? &engine->watches[slot].detector : NULL;
}

size_t seep_engine_open_leaks(const seep_engine *engine)
{
  size_t open = 0;
  for (size_t slot = 0; slot < seep_process_table_slots(engine->table) && slot < engine->watch_capacity;
       slot++) {
    open += engine->watches[slot].leak != NULL;
  }
  return open;
}
