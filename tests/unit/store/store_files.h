/* What the store's tests share: files by plain C, samples whose figures can be told again, raw SQL for
 * damage. */
#ifndef SEEP_TESTS_STORE_FILES_H
#define SEEP_TESTS_STORE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

/* Through Wine files are slow: long series of tries are made there with only each so many'th. */
#ifdef _WIN32
#define STORE_FILES_THINNED 5u
#else
#define STORE_FILES_THINNED 1u
#endif

/* Removes a database and the files beside it. */
void store_files_remove(const char *path);

/* The file and its log or journal, as a crash or a power cut would leave them. */
void store_files_copy(const char *from, const char *to);

/* malloc'ed; *size = 0 and NULL when there is no such file. */
uint8_t *store_files_read(const char *path, size_t *size);
void store_files_write(const char *path, const void *data, size_t size);
bool store_files_exist(const char *path);

void store_files_sql(const char *path, const char *sql);

/* PIDs 4, 8, ... with the commit that store_samples_commit gives; names "process-4.exe". */
#define STORE_FILES_SAMPLES 64u
typedef struct store_samples {
  seep_store_sample list[STORE_FILES_SAMPLES];
  char names[STORE_FILES_SAMPLES][32];
} store_samples;

void store_samples_init(store_samples *samples);
void store_samples_fill(store_samples *samples, size_t count, int64_t wall_ms);
uint64_t store_samples_commit(uint32_t pid, int64_t wall_ms);

/* Fills and appends; both clocks show wall_ms, no figures of the system. */
#define STORE_FILES_INTERVAL_MS 30000
seep_status store_files_append(seep_store *store, store_samples *samples, size_t count, int64_t wall_ms,
                               seep_error *error);

/* Reads everything back. `broken` counts points that are not what store_samples_fill made for `processes`
 * processes and polls that do not have exactly so many. */
typedef struct store_reading {
  size_t processes;
  size_t polls, points, broken;
  int64_t wall_ms;
  size_t in_poll;
  seep_status status;
} store_reading;

store_reading store_files_reading(seep_store *store, size_t processes);

#endif
