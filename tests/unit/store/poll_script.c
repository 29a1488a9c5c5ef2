#include "poll_script.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define BEGINNING_MS INT64_C(1790000000000)
#define FIRST_CREATED UINT64_C(133000000000000000)
#define NAMES 300u

static uint64_t mix(uint64_t a, uint64_t b)
{
  uint64_t mixed = a * UINT64_C(0x9E3779B97F4A7C15) + b;
  mixed = (mixed ^ mixed >> 31) * UINT64_C(0xBF58476D1CE4E5B9);
  return mixed ^ mixed >> 27;
}

int64_t poll_script_wall(const poll_script *script, size_t number)
{
  return BEGINNING_MS + (int64_t)number * script->step_ms;
}

bool poll_script_is_empty(const poll_script *script, size_t number)
{
  return script->empty_every > 0 && number % script->empty_every == script->empty_every - 1;
}

static uint64_t pages_of(size_t number, unsigned slot)
{
  switch (slot % 4) {
  case 0:
    return 1000 + slot;
  case 1:
    return 5000 + number / 3 * (slot % 7);
  case 2:
    return mix(number, slot) % (slot == 2 ? UINT64_C(1) << 40 : 1000000);
  default:
    return 300 + mix(number / 50, slot) % 1000;
  }
}

bool poll_script_look(const poll_script *script, size_t number, unsigned slot, poll_script_process *process)
{
  uint64_t epoch = script->empty_every > 0 ? number / script->empty_every : 0;
  uint64_t life = 5 + mix(slot, 1) % 60;
  uint64_t generation = slot % 4 == 0 ? 0 : (number + mix(slot, 2) % life) / life;
  bool away = script->away && slot % 5 == 3 && mix(number / 2, slot) % 4 == 0;
  bool unused = slot % 4 != 0 && mix(generation, slot) % 6 == 0;
  if (away || unused || poll_script_is_empty(script, number)) {
    return false;
  }
  process->key.pid = 4 * (slot + 1);
  process->key.created = FIRST_CREATED + (epoch * 100000 + generation) * 100000 + slot;
  process->commit_bytes = pages_of(number, slot) * 4096;
  return true;
}

void poll_script_name(unsigned slot, char name[POLL_SCRIPT_NAME_SIZE])
{
  snprintf(name, POLL_SCRIPT_NAME_SIZE, "script-%u-\xC3\xA4.exe", slot % NAMES);
}

bool poll_script_memory(const poll_script *script, size_t number, seep_system_memory *memory)
{
  memory->commit_total_bytes = mix(number, 101) % 1000000 * 4096;
  memory->commit_limit_bytes = UINT64_C(64) << 30;
  memory->physical_total_bytes = UINT64_C(32) << 30;
  memory->physical_available_bytes = mix(number, 102) % 1000000 * 4096;
  memory->paged_pool_bytes = (10000 + number) * 4096;
  memory->nonpaged_pool_bytes = (20000 + mix(number / 7, 103) % 50) * 4096;
  return number % 11 != 10 && !poll_script_is_empty(script, number);
}

/* What is remembered of each slot. */
typedef struct remembered {
  seep_filetime created;
  int64_t store_id;
} remembered;

struct poll_script_run {
  const poll_script *script;
  remembered *slots;
  seep_store_sample *samples;
  char (*names)[POLL_SCRIPT_NAME_SIZE];
};

poll_script_run *poll_script_begin(const poll_script *script)
{
  poll_script_run *run = calloc(1, sizeof *run);
  if (run == NULL) {
    abort();
  }
  run->script = script;
  run->slots = calloc(script->processes, sizeof *run->slots);
  run->samples = calloc(script->processes, sizeof *run->samples);
  run->names = calloc(script->processes, sizeof *run->names);
  if (run->slots == NULL || run->samples == NULL || run->names == NULL) {
    abort();
  }
  for (unsigned slot = 0; slot < script->processes; slot++) {
    poll_script_name(slot, run->names[slot]);
  }
  return run;
}

void poll_script_end(poll_script_run *run)
{
  free(run->slots);
  free(run->samples);
  free(run->names);
  free(run);
}

static size_t gather(poll_script_run *run, size_t number)
{
  size_t count = 0;
  for (unsigned slot = 0; slot < run->script->processes; slot++) {
    poll_script_process process;
    if (!poll_script_look(run->script, number, slot, &process)) {
      continue;
    }
    bool same = run->slots[slot].created == process.key.created;
    run->samples[count++] = (seep_store_sample){.key = process.key,
                                                .name = run->names[slot],
                                                .commit_bytes = process.commit_bytes,
                                                .store_id = same ? run->slots[slot].store_id : 0};
  }
  return count;
}

seep_status poll_script_append(poll_script_run *run, seep_store *store, size_t number, seep_error *error)
{
  seep_system_memory memory;
  bool known = poll_script_memory(run->script, number, &memory);
  int64_t wall_ms = poll_script_wall(run->script, number);
  const seep_store_poll poll = {.now = {{wall_ms - BEGINNING_MS + 5000}, {wall_ms}},
                                .interval_ms = run->script->step_ms,
                                .memory = known ? &memory : NULL,
                                .samples = run->samples,
                                .count = gather(run, number)};
  seep_status status = seep_store_append_poll(store, &poll, error);
  for (size_t i = 0; i < poll.count && status == SEEP_OK; i++) {
    unsigned slot = run->samples[i].key.pid / 4 - 1;
    run->slots[slot].created = run->samples[i].key.created;
    run->slots[slot].store_id = run->samples[i].store_id;
  }
  return status;
}
