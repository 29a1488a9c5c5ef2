/* What the event feed's tests do to the stand-in's log: a fresh folder, events, knobs. */
#ifndef TESTS_WIN_LOG_FOLDER_H
#define TESTS_WIN_LOG_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Empties the folder, which lies under the current one, and makes it the stand-in's. */
void log_folder_reset(void);

/* An event of the exhaustion detector, logged age_ms ago; note goes into the text, after the system part. */
void log_folder_put(uint64_t record_id, unsigned event_id, int64_t age_ms, const char *note);
void log_folder_remove(uint64_t record_id);

/* The whole knobs file; NULL takes it away. */
void log_folder_knobs(const char *text);

/* Whether the stand-in complained about how it was used. */
bool log_folder_misused(void);

#endif
