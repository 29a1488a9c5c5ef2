/* Processes and polls: the table, the detectors beside it, what each is judged by. See engine.h. */
#include "watch/engine_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"
#include "watch/notices.h"

/* ---- emitting ---- */

void seep_engine__emit(seep_engine *engine, seep_command *command)
{
  engine->emit(engine->emit_context, command);
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

/* ---- settings ---- */

static void take_settings(seep_engine *engine, const seep_settings *settings)
{
  engine->settings = *settings;
  for (size_t i = 0; i <= settings->image_count; i++) {
    engine->thresholds[i] = (seep_detector_settings){
        .bucket_ms = settings->detector_bucket_ms,
        .observation_ms = i > 0 ? settings->images[i - 1].observation_ms : settings->detector_observation_ms,
        .minimum_slope_per_hour = (double)(i > 0 ? settings->images[i - 1].minimum_slope_bytes_per_hour
                                                 : settings->detector_minimum_slope_bytes_per_hour),
        .minimum_growth = (double)(i > 0 ? settings->images[i - 1].minimum_growth_bytes
                                         : settings->detector_minimum_growth_bytes)};
  }
}

/* What of the settings depends on the process's name alone. */
static void look_up(const seep_engine *engine, seep_engine_watch *watch, const char *image)
{
  const seep_settings_image *own = seep_settings_image_of(&engine->settings, image);
  watch->ignored = seep_settings_ignores(&engine->settings, image);
  watch->thresholds = (uint8_t)(own != NULL ? own - engine->settings.images + 1 : 0);
}

void seep_engine_settings(seep_engine *engine, seep_now now, const char *file, const seep_settings *settings,
                          const seep_settings_problem *problem)
{
  bool running = engine->polls > 0;
  if (strcmp(settings->metrics_textfile, engine->settings.metrics_textfile) != 0) {
    engine->metrics_down = false; /* of another file nothing is known */
  }
  if (settings->heartbeat_ms != engine->settings.heartbeat_ms) {
    engine->next_heartbeat.ms = now.mono.ms + settings->heartbeat_ms;
  }
  take_settings(engine, settings);
  for (size_t slot = 0; slot < seep_process_table_slots(engine->table); slot++) {
    seep_process *process = seep_process_table_at(engine->table, slot);
    if (process != NULL) {
      look_up(engine, &engine->watches[slot], process->name);
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

/* ---- life ---- */

seep_engine *seep_engine_new(const seep_engine_options *options, const seep_settings *settings)
{
  seep_engine *engine = calloc(1, sizeof *engine);
  if (engine == NULL) {
    return NULL;
  }
  take_settings(engine, settings);
  engine->headroom_bytes = engine->assumed_headroom = SEEP_HEADROOM_UNKNOWN;
  engine->longest_interval_ms = settings->poll_interval_ms;
  engine->emit = options->emit;
  engine->emit_context = options->emit_context;
  seep_text_copy(engine->version, sizeof engine->version, options->version);
  seep_text_copy(engine->data_folder, sizeof engine->data_folder, options->data_folder);
  seep_text_copy(engine->host, sizeof engine->host, options->host != NULL ? options->host : "");
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
    seep_engine__forget_handles(engine, (seep_now){{0}, {0}}, slot, false);
    seep_engine__forget_memory(engine, slot);
  }
  seep_engine__free_cases(engine);
  seep_lineages_free(&engine->lineages);
  seep_process_table_free(engine->table);
  free(engine->watches);
  free(engine->samples);
  free(engine->sample_slots);
  free(engine);
}

void seep_engine_start(seep_engine *engine, seep_now now)
{
  engine->started = now.mono;
  seep_engine__outlet_time(engine, now);
  engine->cpu_mark_time = now.mono;
  engine->next_heartbeat.ms = now.mono.ms + engine->settings.heartbeat_ms;
  seep_notices_started(&engine->alert, engine->version, engine->data_folder, &engine->settings);
  seep_engine__emit_alert(engine);
  seep_engine__emit_interval(engine);
}

/* ---- judging ---- */

void seep_engine_assume_headroom(seep_engine *engine, uint64_t bytes)
{
  engine->assumed_headroom = bytes;
}

/* Figures that could not be read are zeros: no limit is no knowledge, not no room. */
static uint64_t headroom(const seep_engine *engine)
{
  return engine->memory_known && engine->memory.commit_limit_bytes > 0
             ? seep_system_memory_headroom_bytes(&engine->memory)
             : engine->assumed_headroom;
}

/* Old ground is an image's only while one process of it runs: svchost.exe or java.exe is many programs. */
static bool has_siblings(seep_engine *engine, size_t slot)
{
  const char *name = seep_process_table_at(engine->table, slot)->name;
  for (size_t other = 0; other < seep_process_table_slots(engine->table); other++) {
    const seep_process *process = seep_process_table_at(engine->table, other);
    if (other != slot && process != NULL && seep_text_equal_ignoring_case(process->name, name)) {
      return true;
    }
  }
  return false;
}

static void greet(seep_engine *engine, size_t slot)
{
  seep_engine_watch *watch = &engine->watches[slot];
  seep_lineage lineage =
      seep_lineages_of(&engine->lineages, seep_process_table_at(engine->table, slot)->name);
  watch->newborn = false;
  if (lineage.high_water > 0.0 && !has_siblings(engine, slot)) {
    watch->detector.high_water = lineage.high_water;
  }
}

static void judge(seep_engine *engine, seep_now now, size_t slot)
{
  const seep_process *process = seep_process_table_at(engine->table, slot);
  seep_engine_watch *watch = &engine->watches[slot];
  if (watch->urgent && now.mono.ms >= watch->urgent_until.ms) {
    watch->urgent = false;
  }
  if (watch->newborn) { /* now that the dead of this poll are gone */
    greet(engine, slot);
  }
  seep_verdict verdict =
      seep_detector_step(&watch->detector, &engine->thresholds[watch->thresholds], now.mono,
                         process->commit_bytes, engine->headroom_bytes, watch->urgent);
  if (verdict != SEEP_VERDICT_NONE) {
    seep_engine__follow_case(engine, now, slot, verdict);
  }
  seep_engine__judge_handles(engine, now, slot);
}

/* Everybody seen in this poll, and then the system. */
static void judge_all(seep_engine *engine, seep_now now, size_t count)
{
  uint64_t owned_bytes = 0;
  engine->headroom_bytes = headroom(engine);
  for (size_t i = 0; i < count; i++) {
    owned_bytes = seep_saturate_add(owned_bytes, engine->samples[i].commit_bytes);
    judge(engine, now, engine->sample_slots[i]);
  }
  engine->owned_bytes = owned_bytes;
  if (engine->memory_known) {
    seep_engine__judge_system(engine, now, owned_bytes);
    seep_engine__judge_headroom(engine, now);
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

static void begin_watch(seep_engine *engine, seep_now now, size_t slot)
{
  const seep_process *process = seep_process_table_at(engine->table, slot);
  seep_engine_watch *watch = &engine->watches[slot];
  memset(watch, 0, sizeof *watch);
  seep_detector_init(&watch->detector, now.mono, 0.0);
  watch->newborn = true;
  seep_lineages_seen(&engine->lineages, process->name, now.wall);
  watch->born = now.mono;
  watch->there_before = engine->polls == 0;
  look_up(engine, watch, process->name);
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
    begin_watch(engine, now, slot);
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
  seep_engine__forget_handles(engine, death->now, slot, true);
  seep_engine__end_life(engine, death->now, slot, process);
  seep_engine__forget_memory(engine, slot);
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
  engine->last_poll = now.wall;
  seep_engine__outlet_time(engine, now);
  if (engine->polls_failed_in_row >= SEEP_ENGINE_BLIND_AFTER) {
    seep_alert_init(&engine->alert, SEEP_ALERT_BLIND_OVER);
    seep_alert_add_duration(&engine->alert, seep_mono_since(now.mono, engine->blind_since));
    seep_engine__emit_alert(engine);
  }
  engine->polls_failed_in_row = 0;
  store_poll(engine, now, count);
  seep_engine__tend_cases(engine, now);
  judge_all(engine, now, count);
  seep_engine__keep_lineages(engine);
  seep_engine__look_into_memory(engine, now);
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
  engine->recorder.journal_id = 0;
  seep_engine__forget_flag_rows(engine);
  for (size_t slot = 0; slot < seep_process_table_slots(engine->table); slot++) {
    seep_process *process = seep_process_table_at(engine->table, slot);
    if (process != NULL) {
      process->store_id = 0;
    }
  }
  for (seep_engine_case *open = engine->cases; open != NULL; open = open->next) {
    open->leak.id = 0;
  }
  seep_lineages_save_all(&engine->lineages);
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

bool seep_engine_explain(const seep_engine *engine, seep_process_key key, seep_explanation *out)
{
  size_t slot = seep_process_table_find(engine->table, key);
  if (slot == SEEP_NO_SLOT) {
    return false;
  }
  const seep_engine_watch *watch = &engine->watches[slot];
  seep_detector_explain(&watch->detector, &engine->thresholds[watch->thresholds], engine->headroom_bytes,
                        out);
  return true;
}

size_t seep_engine_open_leaks(const seep_engine *engine)
{
  size_t count = 0;
  for (const seep_engine_case *open = engine->cases; open != NULL; open = open->next) {
    count++;
  }
  return count;
}

size_t seep_engine_suspects(const seep_engine *engine)
{
  size_t count = 0;
  for (size_t slot = 0; slot < seep_process_table_slots(engine->table) && slot < engine->watch_capacity;
       slot++) {
    count += seep_process_table_at(engine->table, slot) != NULL && !engine->watches[slot].ignored &&
             engine->watches[slot].detector.level == SEEP_LEVEL_SUSPECT;
  }
  return count;
}
