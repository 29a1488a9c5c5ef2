/* The sentences about what a replay found, which its text and its JSON share. */
#ifndef SEEP_SERVICE_REPLAY_WORDS_H
#define SEEP_SERVICE_REPLAY_WORDS_H

#include <stddef.h>

#include "replay_run.h"

#define SEEP_REPLAY_SENTENCE_SIZE 1024
#define SEEP_REPLAY_TIME_SIZE 64

/* Why nobody is told, whatever the engine thinks of it. */
#define SEEP_REPLAY_IGNORED "never called: processes.ignore names this image"

/* "2026-03-01 00:10", or "2 h 5 min" where the input counts from a beginning of its own. Returns out. */
const char *seep_replay_time(seep_wall wall, char *out, size_t out_size);
/* The same as a moment: "2026-03-01 00:10", "at 2 h 5 min". Returns out. */
const char *seep_replay_when(seep_wall wall, char *out, size_t out_size);

/* How fast it grew when it was called, and what time was left. Returns out. */
const char *seep_replay_pace(const seep_replay_case *item, char *out, size_t out_size);
/* The same behind how much it had grown, and in which time. Returns out. */
const char *seep_replay_reason(const seep_replay_case *item, char *out, size_t out_size);

/* Which test it failed and by how much; "" when it failed none. Returns out. */
const char *seep_replay_why_not(const seep_assessment *assessment, bool rapid, char *out, size_t out_size);

/* What the process held on to in the window looked at; "" when there was none. Returns out. */
const char *seep_replay_evidence(const seep_assessment *assessment, char *out, size_t out_size);

/* "none", "suspect", "rapid", "leak". */
const char *seep_replay_level(seep_verdict_level level);

/* How many entries are about this process: all of them, or only one kind's. */
size_t seep_replay_count(const seep_replay_run *run, size_t watched);
size_t seep_replay_count_kind(const seep_replay_run *run, size_t watched, bool rapid);

#endif
