/*
 * `seepwatch status`: what Windows says of the service, and what the service has said of itself last, in the
 * file status.json of its data folder. Portable: whoever calls it has asked Windows.
 */
#ifndef SEEP_SERVICE_STATUS_PRINT_H
#define SEEP_SERVICE_STATUS_PRINT_H

#include <stdbool.h>

#include "base/clock.h"

#define SEEP_STATUS_MAXIMUM_BYTES (1024u * 1024u)

/* service_json: one JSON value, NULL = null; service_text: lines for people, "" = none. Prints either
 *   {"service": ..., "age_ms": ..., "old": ..., "watchdog": {...}}, watchdog as seep_pulse_json has it, or
 *   the text, a line that says how old the facts are, and the lines of seep_pulse_text.
 * Facts are old when they are older than three of the intervals in which they are written and the service has
 * not said that it stops; they are shown all the same. Exit code: 0 when the facts were shown, old or not,
 * and also when there is no such file yet, but a service (service_json): a line of the text says so, and the
 * watchdog is null. 3 when there is neither, 4 when the file is damaged, 5 and 6 when it cannot be read. Then
 * the service's part is shown, the watchdog is null, and why is said on the standard error output. */
int seep_status_print(const char *verb, const char *path, const char *service_json, const char *service_text,
                      bool json);

/* The same at another moment than now. */
int seep_status_print_at(const char *verb, const char *path, const char *service_json,
                         const char *service_text, bool json, seep_wall now);

#endif
