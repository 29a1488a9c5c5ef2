/* What the event feed's tests do to the stand-in's logs: a fresh folder, events, knobs. */
#ifndef TESTS_WIN_LOG_FOLDER_H
#define TESTS_WIN_LOG_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Empties the folder, which lies under the current one, and makes it the stand-in's. There is no Operational
 * log then. */
void log_folder_reset(void);

/* An event of the exhaustion detector in System, logged age_ms ago; note goes into the text, after the system
 * part. */
void log_folder_put(uint64_t record_id, unsigned event_id, int64_t age_ms, const char *note);
void log_folder_remove(uint64_t record_id);

/* Creates the detector's Operational log, or removes it with all that is in it. */
void log_folder_operational(bool present);
/* As log_folder_put, there. */
void log_folder_put_notice(uint64_t record_id, unsigned event_id, int64_t age_ms, const char *note);

/* The whole knobs file; NULL takes it away. */
void log_folder_knobs(const char *text);

/* Whether the stand-in complained about how it was used. */
bool log_folder_misused(void);

#endif
