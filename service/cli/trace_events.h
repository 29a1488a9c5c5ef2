/* `report FILE.etl --events`: what is in a trace, counted: for somebody who asks whether a file can answer at
 * all, and for checks of the reader itself. */
#ifndef SEEP_CLI_TRACE_EVENTS_H
#define SEEP_CLI_TRACE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Counts the trace that the bytes are (unpacked already) and prints it: JSON, or a short table.
 * payload_pointer_bits: 0, 32 or 64 (--payload-pointer-bits). The exit code of the verb. */
int seep_trace_events_run(const char *verb, const uint8_t *data, size_t size, unsigned payload_pointer_bits,
                          bool json);

#endif
