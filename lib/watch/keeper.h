/*
 * Puts a finished trace in its place. A recording is never lost here: first it gets its final, uncompressed
 * name (a rename), then it is read once - its events are counted, its digest taken - and compressed under a
 * temporary name; only when the compressed file is whole and on disk the plain one goes. Ended anywhere,
 * there is a finished file under its name. Runs on a worker thread.
 */
#ifndef SEEP_WATCH_KEEPER_H
#define SEEP_WATCH_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "capture/recorder.h"

typedef struct seep_keeper_request {
  char fresh[SEEP_RECORDER_PATH_SIZE];   /* where wpr put it; not there: it has its final name already */
  char plain[SEEP_RECORDER_PATH_SIZE];   /* final name, ".etl" */
  char partial[SEEP_RECORDER_PATH_SIZE]; /* temporary name for the compressed file, same volume;
                                          * what an earlier life left there is replaced */
  bool compress;
  uint64_t minimum_free_bytes; /* compressed only where this stays free even if nothing becomes smaller */
  uint32_t pid;                /* whose events are counted */
  void (*background)(bool on); /* lowers the calling thread's priority, once, and restores it, once: at the
                                * latest at the end, at once when stopped; or NULL */
  volatile int *stop; /* becomes non-zero: end soon, keep the plain file. Written by another thread */
} seep_keeper_request;

/* Fills *kept (all of it; path "" when nothing is kept) and returns why it is not as wished: SEEP_OK;
 * SEEP_CANCELLED; SEEP_LIMIT: no room to compress it; or what compressing failed with: the plain file is
 * kept. SEEP_NOT_FOUND: neither fresh nor plain nor plain + ".gz" is there. SEEP_BUSY with path "": fresh is
 * there and its final name is taken, both stay; with a path: that file is whole, but the plain one beside it
 * could not be removed, or is not the same recording. A packed file that an earlier life made is taken as it
 * is. A file that cannot be read as a trace is kept too (kept->readable false); so is one with compressed
 * buffers, whose events nobody has counted. A virus scanner may hold a fresh file for a while: the rename is
 * tried for ten seconds. */
seep_status seep_keeper_keep(const seep_keeper_request *request, seep_recorder_kept *kept, seep_error *error);

#endif
