/*
 * The processes a stand-in recording describes: those that publish their allocations (leaker-<pid>.log in the
 * stand-ins' folder). Their lines become VirtualAlloc and VirtualFree records with stacks, and heap records
 * where the recording asks for that process's; their real modules become image records. Everything else on
 * the machine appears as a process record only.
 */
#ifndef WPR_TARGET_H
#define WPR_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <wchar.h>

#include "standin/etl_writer.h"
#include "standin/wpr/recording.h"

typedef struct wpr_targets wpr_targets;

/* NULL without memory. What was allocated before the recording started is known but not recorded. recording
 * stays the caller's. */
wpr_targets *wpr_targets_new(const wchar_t *folder, const wpr_recording *recording);
void wpr_targets_free(wpr_targets *targets);

/* A record for each running process, at the start or at the end of the recording. */
void wpr_targets_rundown(etl_writer *writer, etl_writer_moment moment);

/* Reads what was published since the last call. heap: of the heap collector; NULL without one. */
void wpr_targets_poll(wpr_targets *targets, etl_writer *writer, etl_writer *heap);

/* Image records of all targets: what is loaded now, or was when the process was last seen. notes: where the
 * same is kept for the merge (identity.h). */
void wpr_targets_images(wpr_targets *targets, etl_writer *writer, const wchar_t *notes);

#endif
