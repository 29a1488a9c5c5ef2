/*
 * Brings the history of a version 1 file over: its polls are appended anew, one after the other. It kept no
 * running time, so the distances are the wall clock's, and whatever is more than ten minutes apart is a gap.
 */
#include "store/schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "store/version1_block.h"

#define INTERVAL_MS (5 * SEEP_MS_PER_MINUTE)

typedef struct old_process {
  int64_t row; /* in process_1 */
  int64_t store_id;
  seep_process_key key;
  char *name;
} old_process;

typedef struct converter {
  old_process *processes; /* by row */
  size_t count, capacity;
  seep_version1_entry *entries;
  seep_store_sample *samples;
  size_t *owners; /* of samples: their place in processes */
  size_t room;
} converter;

static void converter_fini(converter *c)
{
  for (size_t i = 0; i < c->count; i++) {
    free(c->processes[i].name);
  }
  free(c->processes);
  free(c->entries);
  free(c->samples);
  free(c->owners);
}

static seep_status no_memory(seep_error *error)
{
  return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "bring store up to date", NULL);
}

static bool add_process(converter *c, const seep_store_query *query)
{
  void *processes = c->processes;
  bool ok = seep_array_reserve(&processes, &c->capacity, c->count + 1, sizeof *c->processes);
  c->processes = processes;
  if (!ok) {
    return false;
  }
  const char *text = (const char *)sqlite3_column_text(query->statement, 3);
  text = text != NULL ? text : "";
  size_t size = strlen(text) + 1;
  old_process process = {.row = sqlite3_column_int64(query->statement, 0), .name = malloc(size)};
  if (process.name == NULL) {
    return false;
  }
  memcpy(process.name, text, size);
  process.key.pid = (uint32_t)sqlite3_column_int64(query->statement, 1);
  process.key.created = seep_store__column_u64(query, 2);
  c->processes[c->count++] = process;
  return true;
}

static seep_status list_processes(seep_store *store, converter *c, seep_error *error)
{
  seep_store_query query;
  bool enough_memory = true;
  seep_store__query(&query, store, SEEP_SLOT_VERSION1_PROCESSES,
                    "SELECT id, pid, created, name FROM process_1 ORDER BY id");
  while (enough_memory && seep_store__row(&query)) {
    enough_memory = add_process(c, &query);
  }
  seep_status status = seep_store__finish(&query, "bring store up to date", error);
  return status == SEEP_OK && !enough_memory ? no_memory(error) : status;
}

static bool reserve(converter *c, size_t count)
{
  if (count <= c->room && c->entries != NULL) {
    return true;
  }
  free(c->entries);
  free(c->samples);
  free(c->owners);
  c->room = count + count / 4 + 64;
  c->entries = malloc(c->room * sizeof *c->entries);
  c->samples = malloc(c->room * sizeof *c->samples);
  c->owners = malloc(c->room * sizeof *c->owners);
  return c->entries != NULL && c->samples != NULL && c->owners != NULL;
}

/* Both lists ascend by row. An entry whose process is not there any more is left out. */
static size_t make_samples(converter *c, size_t entry_count)
{
  size_t count = 0, at = 0;
  for (size_t i = 0; i < entry_count; i++) {
    while (at < c->count && c->processes[at].row < c->entries[i].process) {
      at++;
    }
    if (at == c->count) {
      break;
    }
    if (c->processes[at].row == c->entries[i].process) {
      const old_process *process = &c->processes[at];
      c->samples[count] =
          (seep_store_sample){process->key, process->name, c->entries[i].commit_bytes, process->store_id};
      c->owners[count++] = at;
    }
  }
  return count;
}

static bool take_memory(const seep_store_query *query, seep_system_memory *memory)
{
  memory->commit_total_bytes = seep_store__column_u64(query, 3);
  memory->commit_limit_bytes = seep_store__column_u64(query, 4);
  memory->physical_total_bytes = seep_store__column_u64(query, 5);
  memory->physical_available_bytes = seep_store__column_u64(query, 6);
  memory->paged_pool_bytes = seep_store__column_u64(query, 7);
  memory->nonpaged_pool_bytes = seep_store__column_u64(query, 8);
  return sqlite3_column_type(query->statement, 3) != SQLITE_NULL;
}

/* A poll that cannot be decoded is left out: it could not be read before either. */
static seep_status convert_poll(seep_store *store, converter *c, const seep_store_query *query,
                                seep_error *error)
{
  const uint8_t *block = sqlite3_column_blob(query->statement, 2);
  size_t size = block != NULL ? (size_t)sqlite3_column_bytes(query->statement, 2) : 0;
  size_t count = seep_version1_block_count(block, size);
  seep_system_memory memory;
  bool known = take_memory(query, &memory);
  int64_t wall_ms = sqlite3_column_int64(query->statement, 1);
  if (count > SEEP_VERSION1_BLOCK_MAXIMUM_COUNT) {
    return SEEP_OK;
  }
  if (!reserve(c, count)) {
    return no_memory(error);
  }
  seep_status status = seep_version1_block_decode(block, size, c->entries, c->room, &count, NULL);
  if (status != SEEP_OK) {
    return status == SEEP_NO_MEMORY ? no_memory(error) : SEEP_OK;
  }
  seep_store_poll poll = {.now = {{wall_ms}, {wall_ms}},
                          .interval_ms = INTERVAL_MS,
                          .memory = known ? &memory : NULL,
                          .samples = c->samples,
                          .count = make_samples(c, count)};
  status = seep_store__append(store, &poll, false, error);
  if (status == SEEP_INVALID) {
    /* One process under two numbers: not a file of ours as it was. */
    return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_NONE, 0, "bring store up to date", NULL);
  }
  for (size_t i = 0; i < poll.count && status == SEEP_OK; i++) {
    c->processes[c->owners[i]].store_id = c->samples[i].store_id;
  }
  return status;
}

seep_status seep_version1__convert(seep_store *store, seep_error *error)
{
  converter c;
  seep_store_query query;
  memset(&c, 0, sizeof c);
  seep_status status = list_processes(store, &c, error);
  seep_status converted = SEEP_OK;
  if (status == SEEP_OK) {
    seep_store__query(
        &query, store, SEEP_SLOT_VERSION1_POLL,
        "SELECT id, wall_ms, block, commit_total_bytes, commit_limit_bytes, physical_total_bytes,"
        " physical_available_bytes, paged_pool_bytes, nonpaged_pool_bytes FROM poll_1 ORDER BY id");
    while (converted == SEEP_OK && seep_store__row(&query)) {
      converted = convert_poll(store, &c, &query, error);
    }
    status = seep_store__finish(&query, "bring store up to date", converted == SEEP_OK ? error : NULL);
  }
  converter_fini(&c);
  /* The transaction is not committed yet: what is remembered must come from the file. */
  seep_store__series_free(&store->series);
  sqlite3_finalize(store->statements[SEEP_SLOT_VERSION1_PROCESSES]);
  sqlite3_finalize(store->statements[SEEP_SLOT_VERSION1_POLL]);
  store->statements[SEEP_SLOT_VERSION1_PROCESSES] = NULL;
  store->statements[SEEP_SLOT_VERSION1_POLL] = NULL;
  return converted != SEEP_OK ? converted : status;
}
