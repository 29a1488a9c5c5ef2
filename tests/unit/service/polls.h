/* Makes databases for the verbs to read, with the store itself: a clock that goes on from poll to poll. */
#ifndef TEST_SERVICE_POLLS_H
#define TEST_SERVICE_POLLS_H

#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

#define POLLS_MIDNIGHT_MS INT64_C(1772323200000) /* 2026-03-01T00:00:00Z */
#define POLLS_MB UINT64_C(1048576)

typedef struct polls {
  seep_store *store;
  seep_now now;
  int64_t interval_ms;
} polls;

/* A fresh file; whatever is there goes. */
void polls_open(polls *p, const char *path, int64_t start_ms, int64_t interval_ms);
void polls_close(polls *p);

/* One poll of these processes now; time moves on by the interval. memory may be NULL. */
void polls_add(polls *p, seep_store_sample *samples, size_t count, const seep_system_memory *memory);

/* As when the machine sleeps or the service is down. */
void polls_skip(polls *p, int64_t ms);

/* Deletes polls before `from`, as often as it takes. */
void polls_prune(polls *p, int64_t from_ms);

seep_process_key polls_key(uint32_t pid, int64_t created_ms);

/* The file and what SQLite puts beside it. */
void polls_remove(const char *path);

#endif
