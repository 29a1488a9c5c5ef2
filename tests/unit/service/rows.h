/* CSV for a replay, made row by row, and what the replay says of it. */
#ifndef TEST_SERVICE_ROWS_H
#define TEST_SERVICE_ROWS_H

#include <stdint.h>

#include "base/text.h"
#include "unit/service/polls.h"
#include "unit/service/spawn.h"

#define ROWS_HEAD "t_s,pid,process,commit_bytes\n"
#define ROWS_STEP_S 60
#define ROWS_POLLS 2400 /* forty hours: long enough to confirm a leak by the shipped values */
#define ROWS_END_S ((ROWS_POLLS - 1) * ROWS_STEP_S)

/* What the functions here write into, up to rows_write. */
extern seep_writer rows_writer;
void rows_begin(const char *head);
void rows_add(int64_t t_s, uint32_t pid, const char *process, uint64_t commit_bytes);
void rows_write(const char *path);

/* 60 MB an hour, and the same growth given back each hour. */
uint64_t rows_leaking(unsigned poll);
uint64_t rows_healthy(unsigned poll);
/* Polls of leaky.exe (4242) and healthy.exe (77). */
void rows_twins(unsigned from, unsigned to);

/* The document of replay --json; option and value may be NULL. Freed with cJSON_Delete. */
cJSON *rows_replayed(int exit_code, const char *path, const char *option, const char *value);
/* Its list of verdicts, of so many; the test fails when there are more or fewer. */
const cJSON *rows_leaks(const cJSON *document, int count);
const cJSON *rows_leak(const cJSON *document, int index);

#endif
