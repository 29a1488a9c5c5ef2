/*
 * Heap snapshots (reference: wpr-and-ifeo, 9): the verbs that switch them on in a process and that ask for
 * one, and how a recording takes what was asked for. Which processes have them on is kept in the stand-ins'
 * folder with the process's start, so that it ends with the process; nothing is written into the registry.
 */
#ifndef WPR_SNAPSHOT_H
#define WPR_SNAPSHOT_H

#include <stdint.h>

#include "standin/etl_writer.h"
#include "standin/wpr/verbs.h"

uint32_t wpr_snapshot_config(wpr_context *context);
uint32_t wpr_snapshot_single(wpr_context *context);
uint32_t wpr_snapshot_periodic_on(wpr_context *context);
uint32_t wpr_snapshot_periodic_off(wpr_context *context);

#define WPR_SNAPSHOT_PIDS 8u

/* What a recording has been asked for so far; all zero at its start. */
typedef struct wpr_snapshot_requests {
  size_t read_bytes;
  uint32_t pids[WPR_SNAPSHOT_PIDS]; /* taken every interval_s; 0 = none */
  uint32_t interval_s;
  uint64_t next; /* FILETIME */
} wpr_snapshot_requests;

/* Reads new requests and writes an event for each snapshot that is due. */
void wpr_snapshot_requests_take(wpr_snapshot_requests *requests, const wchar_t *path, etl_writer *writer);

#endif
