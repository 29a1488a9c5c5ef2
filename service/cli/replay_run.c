#include "replay_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/saturate.h"
#include "base/text.h"
#include "observe/samples_csv.h"

/* Marks a creation time that was made up of the name; no filetime before the year 30828 has it. */
#define MADE_UP (UINT64_C(1) << 63)
#define FIRST_PLACES 256u
#define PROGRESS_SAMPLES 65536u

/* One moment's samples. */
struct seep_replay_poll {
  seep_now now;
  bool begun;
  bool incomplete; /* a row that may belong here could not be read */
  seep_process_sample *samples;
  size_t count, capacity;
  size_t *names; /* where each one's name begins in text */
  size_t name_capacity;
  uint8_t *text; /* UTF-16LE */
  size_t text_size, text_capacity;
  bool *carried; /* from the poll before: its row was not there */
  size_t carried_capacity;
  size_t *places; /* hash index of samples: index + 1, 0 = empty */
  size_t place_count;
};

/* ---- a poll's samples ---- */

static seep_replay_poll *poll_new(void)
{
  seep_replay_poll *poll = calloc(1, sizeof *poll);
  if (poll != NULL) {
    poll->places = calloc(FIRST_PLACES, sizeof *poll->places);
    poll->place_count = FIRST_PLACES;
  }
  return poll;
}

static void poll_free(seep_replay_poll *poll)
{
  if (poll != NULL) {
    free(poll->samples);
    free(poll->names);
    free(poll->text);
    free(poll->carried);
    free(poll->places);
    free(poll);
  }
}

static size_t *place_of(const seep_replay_poll *poll, seep_process_key key)
{
  uint64_t mixed = (key.created ^ ((uint64_t)key.pid << 32 | key.pid)) * UINT64_C(0x9E3779B97F4A7C15);
  size_t place = (size_t)(mixed >> 32) & (poll->place_count - 1);
  while (poll->places[place] != 0) {
    seep_process_key there = poll->samples[poll->places[place] - 1].key;
    if (there.pid == key.pid && there.created == key.created) {
      break;
    }
    place = (place + 1) & (poll->place_count - 1);
  }
  return &poll->places[place];
}

static bool grow_places(seep_replay_poll *poll)
{
  if (poll->count * 2 < poll->place_count) {
    return true;
  }
  size_t *places = calloc(poll->place_count * 2, sizeof *places);
  if (places == NULL) {
    return false;
  }
  free(poll->places);
  poll->places = places;
  poll->place_count *= 2;
  for (size_t i = 0; i < poll->count; i++) {
    *place_of(poll, poll->samples[i].key) = i + 1;
  }
  return true;
}

static bool reserve(seep_replay_poll *poll, size_t text_bytes)
{
  void *samples = poll->samples, *names = poll->names, *text = poll->text, *carried = poll->carried;
  bool ok = seep_array_reserve(&samples, &poll->capacity, poll->count + 1, sizeof *poll->samples) &&
            seep_array_reserve(&names, &poll->name_capacity, poll->count + 1, sizeof *poll->names) &&
            seep_array_reserve(&carried, &poll->carried_capacity, poll->count + 1, sizeof *poll->carried) &&
            seep_array_reserve(&text, &poll->text_capacity, poll->text_size + text_bytes + 1, 1);
  poll->samples = samples;
  poll->names = names;
  poll->text = text;
  poll->carried = carried;
  return ok && grow_places(poll);
}

/* Behind what reserve made room for. */
static void append(seep_replay_poll *poll, const seep_process_sample *sample, bool carried)
{
  poll->samples[poll->count] = *sample;
  poll->names[poll->count] = poll->text_size;
  poll->carried[poll->count] = carried;
  poll->text_size += sample->name_bytes;
  poll->count++;
  *place_of(poll, sample->key) = poll->count;
}

/* The engine takes names as Windows gives them. Returns the bytes written; out has room for twice as many as
 * the name's. */
static size_t write_name(const char *name, size_t bytes, uint8_t *out)
{
  uint16_t units[SEEP_SAMPLES_CSV_NAME_BYTES + 1];
  size_t count = 0;
  while (count < bytes && (unsigned char)name[count] < 0x80) {
    out[2 * count] = (uint8_t)name[count];
    out[2 * count + 1] = 0;
    count++;
  }
  if (count == bytes) {
    return 2 * count;
  }
  count = seep_text_to_utf16(name, bytes, units, sizeof units / sizeof units[0]);
  for (size_t i = 0; i < count; i++) {
    out[2 * i] = (uint8_t)(units[i] & 0xFF);
    out[2 * i + 1] = (uint8_t)(units[i] >> 8);
  }
  return 2 * count;
}

static seep_process_key key_of(const seep_replay_sample *sample)
{
  seep_process_key key = {.pid = sample->pid, .created = sample->created};
  if (key.created == 0) {
    uint64_t hash = UINT64_C(0xCBF29CE484222325); /* FNV-1a */
    for (size_t i = 0; i < sample->name_bytes; i++) {
      hash = (hash ^ (unsigned char)sample->name[i]) * UINT64_C(0x100000001B3);
    }
    key.created = hash | MADE_UP;
  }
  return key;
}

bool seep_replay_run_created(seep_process_key key, seep_wall *created)
{
  *created = seep_wall_from_filetime(key.created);
  return (key.created & MADE_UP) == 0;
}

/* ---- what the engine says ---- */

static void note_poll(seep_replay_run *run, seep_command *command)
{
  const seep_store_poll *poll = &command->as.poll.content;
  for (size_t i = 0; i < poll->count; i++) {
    if (poll->samples[i].store_id == 0) {
      poll->samples[i].store_id = (int64_t)++run->series;
      if (run->options.explain != NULL &&
          seep_text_equal_ignoring_case(run->options.explain, poll->samples[i].name)) {
        run->no_memory = !seep_replay_watch_add(&run->watch, &poll->samples[i], poll->now) || run->no_memory;
      }
    }
  }
  command->as.poll.done = SEEP_OK;
}

/* What is true at the poll being judged. */
static seep_replay_moment moment_of(const seep_replay_run *run, seep_process_key key)
{
  seep_replay_moment moment = {.now = run->now->now.wall,
                               .watched = seep_replay_watch_find(&run->watch, key),
                               .headroom_known = run->known || run->options.headroom != NULL};
  if (run->known) {
    moment.headroom_bytes = seep_system_memory_headroom_bytes(&run->figures);
  } else if (run->options.headroom != NULL) {
    moment.headroom_bytes = *run->options.headroom;
  }
  return moment;
}

static void note_case(seep_replay_run *run, const seep_command *command)
{
  seep_store_leak *leak = command->as.leak;
  seep_replay_moment moment = moment_of(run, leak->key);
  if (command->kind == SEEP_COMMAND_LEAK_OPEN) {
    seep_replay_cases_open(&run->cases, leak, &moment);
  } else {
    seep_replay_cases_update(&run->cases, leak, &moment);
  }
  run->no_memory = run->no_memory || run->cases.no_memory;
}

/* Recordings are never begun, nobody can look into the processes of then, and nothing is remembered for
 * another life. */
static void emit(void *context, seep_command *command)
{
  seep_replay_run *run = context;
  switch (command->kind) {
  case SEEP_COMMAND_STORE_POLL:
    note_poll(run, command);
    break;
  case SEEP_COMMAND_LEAK_OPEN:
  case SEEP_COMMAND_LEAK_UPDATE:
    note_case(run, command);
    break;
  case SEEP_COMMAND_ALERT:
    seep_replay_cases_alert(&run->cases, command->as.alert.alert, run->now->now.wall);
    run->no_memory = run->no_memory || run->cases.no_memory;
    break;
  case SEEP_COMMAND_CAPTURE_ADD:
  case SEEP_COMMAND_ANSWER_KEEP:
  case SEEP_COMMAND_SIDECAR:
  case SEEP_COMMAND_JOURNAL_ADD:
  case SEEP_COMMAND_JOURNAL_REMOVE:
  case SEEP_COMMAND_FLAG:
  case SEEP_COMMAND_ROLE:
  case SEEP_COMMAND_EXHAUSTION:
  case SEEP_COMMAND_BOOKMARK:
  case SEEP_COMMAND_RECORDER:
  case SEEP_COMMAND_REQUEST_RECORDING:
  case SEEP_COMMAND_HISTORY_TOLD:
  case SEEP_COMMAND_LINEAGE_KEEP:
  case SEEP_COMMAND_TAKE_INVENTORY:
  case SEEP_COMMAND_POLL_EVERY:
    break;
  }
}

/* ---- polls ---- */

/* Who was there before and is not now may have been in the row that could not be read; once, or nobody would
 * ever end. */
static bool carry_over(seep_replay_poll *poll, const seep_replay_poll *before)
{
  for (size_t i = 0; i < before->count && poll->count < SEEP_SNAPSHOT_MAXIMUM_PROCESSES; i++) {
    const seep_process_sample *sample = &before->samples[i];
    if (before->carried[i] || *place_of(poll, sample->key) != 0) {
      continue;
    }
    if (!reserve(poll, sample->name_bytes)) {
      return false;
    }
    if (sample->name_bytes > 0) {
      memcpy(poll->text + poll->text_size, before->text + before->names[i], sample->name_bytes);
    }
    append(poll, sample, true);
  }
  return true;
}

/* What was asked for rules over the figures' own headroom; what else they tell stays. */
static void find_figures(seep_replay_run *run, const seep_replay_poll *poll)
{
  run->known = run->memory != NULL && run->memory(run->memory_context, poll->now.wall, &run->figures);
  if (!run->known) {
    run->polls_assumed += run->options.headroom == NULL;
  } else if (run->options.headroom != NULL) {
    uint64_t total = run->figures.commit_total_bytes, headroom = *run->options.headroom;
    run->figures.commit_limit_bytes = seep_saturate_add(total, headroom);
  }
}

static void look_closer(seep_replay_run *run, const seep_replay_poll *poll)
{
  for (size_t i = 0; i < run->watch.count; i++) {
    seep_replay_watched *item = &run->watch.items[i];
    size_t place = item->ended ? 0 : *place_of(poll, item->key);
    seep_replay_watch_next(item, run->engine, poll->now,
                           place > 0 ? &poll->samples[place - 1].commit_bytes : NULL);
  }
}

static void judge_poll(seep_replay_run *run)
{
  seep_replay_poll *poll = run->now;
  if (!poll->begun) {
    return;
  }
  if (poll->incomplete && !carry_over(poll, run->before)) {
    run->no_memory = true;
    return;
  }
  for (size_t i = 0; i < poll->count; i++) {
    poll->samples[i].name_utf16le = poll->text + poll->names[i];
  }
  find_figures(run, poll);
  look_closer(run, poll);
  if (run->polls == 0) {
    run->first = poll->now;
    seep_engine_start(run->engine, poll->now);
  }
  seep_engine_poll_samples(run->engine, poll->now, poll->samples, poll->count,
                           run->known ? &run->figures : NULL);
  run->last = poll->now;
  run->polls++;
}

/* The poll at hand is judged, the next one begins. */
static void turn(seep_replay_run *run, seep_now now, bool incomplete)
{
  judge_poll(run);
  seep_replay_poll *poll = run->before;
  run->before = run->now;
  run->now = poll;
  memset(poll->places, 0, poll->place_count * sizeof *poll->places);
  poll->count = 0;
  poll->text_size = 0;
  poll->now = now;
  poll->begun = true;
  poll->incomplete = incomplete;
}

const char *seep_replay_run_take(seep_replay_run *run, const seep_replay_sample *sample)
{
  seep_now now = {{sample->running_ms}, sample->wall};
  seep_process_sample taken = {.key = key_of(sample), .commit_bytes = sample->commit_bytes};
  size_t name_bytes =
      sample->name_bytes < SEEP_SAMPLES_CSV_NAME_BYTES ? sample->name_bytes : SEEP_SAMPLES_CSV_NAME_BYTES;
  if (sample->pid == 0) {
    run->pid_0++;
    return NULL;
  }
  if (run->now->begun && now.mono.ms < run->now->now.mono.ms) {
    return "it goes back in time; rows are to be in the order of time";
  }
  if (!run->now->begun || now.mono.ms != run->now->now.mono.ms || now.wall.ms != run->now->now.wall.ms) {
    turn(run, now, run->missed);
  }
  run->missed = false;
  seep_replay_poll *poll = run->now;
  if (poll->count >= SEEP_SNAPSHOT_MAXIMUM_PROCESSES) {
    return "there are more than 100000 processes in this poll";
  }
  if (*place_of(poll, taken.key) != 0) {
    return "this process was in this poll already";
  }
  if (!reserve(poll, 2 * name_bytes)) {
    run->no_memory = true;
    return NULL;
  }
  taken.name_bytes = write_name(sample->name, name_bytes, poll->text + poll->text_size);
  append(poll, &taken, false);
  run->samples++;
  if (run->options.progress != NULL && run->samples % PROGRESS_SAMPLES == 0) {
    run->options.progress(run->options.progress_context);
  }
  return NULL;
}

void seep_replay_run_missed(seep_replay_run *run)
{
  run->now->incomplete = true;
  run->missed = true;
}

bool seep_replay_run_end(seep_replay_run *run)
{
  judge_poll(run);
  if (run->now->begun) {
    seep_replay_watch_end(&run->watch, run->engine);
  }
  run->now->begun = false;
  return !run->no_memory;
}

/* ---- life ---- */

bool seep_replay_run_init(seep_replay_run *run, const seep_replay_options *options)
{
  *run = (seep_replay_run){.settings = *options->settings, .options = *options};
  run->settings.capture_enabled = false;
  run->settings.memory_enabled = false;
  seep_engine_options engine = {.version = "replay",
                                .data_folder = "replay",
                                .capture_folder = "replay",
                                .temporary_folder = "replay",
                                .path_separator = '/',
                                .emit = emit,
                                .emit_context = run};
  run->engine = seep_engine_new(&engine, &run->settings);
  run->now = poll_new();
  run->before = poll_new();
  if (run->engine != NULL) {
    seep_engine_assume_headroom(run->engine,
                                options->headroom != NULL ? *options->headroom : SEEP_REPLAY_HEADROOM_BYTES);
  }
  return run->engine != NULL && run->now != NULL && run->now->places != NULL && run->before != NULL &&
         run->before->places != NULL;
}

void seep_replay_run_fini(seep_replay_run *run)
{
  seep_engine_free(run->engine);
  poll_free(run->now);
  poll_free(run->before);
  seep_replay_cases_fini(&run->cases);
  seep_replay_watch_fini(&run->watch);
}
