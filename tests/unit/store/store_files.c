#include "store_files.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};

void store_files_remove(const char *path)
{
  char name[600];
  for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
    snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
    remove(name);
  }
}

uint8_t *store_files_read(const char *path, size_t *size)
{
  FILE *file = fopen(path, "rb");
  uint8_t *data = NULL;
  *size = 0;
  if (file == NULL) {
    return NULL;
  }
  for (;;) {
    data = realloc(data, *size + 65536);
    if (data == NULL) {
      abort();
    }
    size_t got = fread(data + *size, 1, 65536, file);
    *size += got;
    if (got < 65536) {
      break;
    }
  }
  fclose(file);
  return data;
}

void store_files_write(const char *path, const void *data, size_t size)
{
  FILE *file = fopen(path, "wb");
  if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
    abort();
  }
}

bool store_files_exist(const char *path)
{
  FILE *file = fopen(path, "rb");
  if (file != NULL) {
    fclose(file);
  }
  return file != NULL;
}

void store_files_copy(const char *from, const char *to)
{
  char source[600], target[600];
  store_files_remove(to);
  for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
    size_t size = 0;
    if (i == 2) {
      continue; /* made anew from the log */
    }
    snprintf(source, sizeof source, "%s%s", from, suffixes[i]);
    snprintf(target, sizeof target, "%s%s", to, suffixes[i]);
    uint8_t *data = store_files_read(source, &size);
    if (data != NULL) {
      store_files_write(target, data, size);
    }
    free(data);
  }
}

void store_files_sql(const char *path, const char *sql)
{
  sqlite3 *db = NULL;
  if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
    fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
    abort();
  }
  sqlite3_close(db);
}

void store_samples_init(store_samples *samples)
{
  memset(samples, 0, sizeof *samples);
  for (uint32_t i = 0; i < STORE_FILES_SAMPLES; i++) {
    uint32_t pid = 4 * (i + 1);
    snprintf(samples->names[i], sizeof samples->names[i], "process-%" PRIu32 ".exe", pid);
    samples->list[i].key.pid = pid;
    samples->list[i].key.created = UINT64_C(133000000000000000) + pid;
    samples->list[i].name = samples->names[i];
  }
}

uint64_t store_samples_commit(uint32_t pid, int64_t wall_ms)
{
  /* Mixed well, so that blocks do not shrink to nothing and fill pages as real ones do. */
  uint64_t mixed = (uint64_t)wall_ms * UINT64_C(0x9E3779B97F4A7C15) + pid;
  mixed = (mixed ^ mixed >> 31) * UINT64_C(0xBF58476D1CE4E5B9);
  return (mixed ^ mixed >> 27) % 1000000u * 4096u;
}

void store_samples_fill(store_samples *samples, size_t count, int64_t wall_ms)
{
  for (size_t i = 0; i < count; i++) {
    samples->list[i].commit_bytes = store_samples_commit(samples->list[i].key.pid, wall_ms);
  }
}

seep_status store_files_append(seep_store *store, store_samples *samples, size_t count, int64_t wall_ms,
                               seep_error *error)
{
  store_samples_fill(samples, count, wall_ms);
  const seep_store_poll poll = {.now = {{wall_ms}, {wall_ms}},
                                .interval_ms = STORE_FILES_INTERVAL_MS,
                                .samples = samples->list,
                                .count = count};
  return seep_store_append_poll(store, &poll, error);
}

static bool visit(void *context, const seep_store_point *point)
{
  store_reading *reading = context;
  if (reading->points == 0 || point->wall.ms != reading->wall_ms) {
    reading->broken += reading->points > 0 && reading->in_poll != reading->processes;
    reading->broken += reading->points > 0 && point->wall.ms < reading->wall_ms;
    reading->polls++;
    reading->in_poll = 0;
    reading->wall_ms = point->wall.ms;
  }
  char name[32];
  snprintf(name, sizeof name, "process-%" PRIu32 ".exe", point->process->key.pid);
  reading->in_poll++;
  reading->points++;
  reading->broken += point->commit_bytes != store_samples_commit(point->process->key.pid, point->wall.ms);
  reading->broken += point->process->key.created != UINT64_C(133000000000000000) + point->process->key.pid;
  reading->broken += strcmp(point->process->name, name) != 0;
  return true;
}

store_reading store_files_reading(seep_store *store, size_t processes)
{
  store_reading reading = {.processes = processes};
  seep_store_filter filter;
  seep_store_filter_init(&filter);
  reading.status = seep_store_history(store, &filter, visit, &reading, NULL);
  reading.broken += reading.points > 0 && reading.in_poll != processes;
  return reading;
}
