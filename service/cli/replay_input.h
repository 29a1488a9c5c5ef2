/*
 * Where a replay's rows come from: CSV or a store, told apart by the first bytes. Rows are handed on as they
 * are read; a file of any length needs no more memory than one poll.
 */
#ifndef SEEP_SERVICE_REPLAY_INPUT_H
#define SEEP_SERVICE_REPLAY_INPUT_H

#include <stdint.h>

#include "replay_run.h"

typedef struct seep_replay_input {
  uint64_t skipped; /* rows; the first ten have been named on stderr */
  const char *path; /* "-" is the standard input */
} seep_replay_input;

/* Feeds all of it to the run and ends it. SEEP_EXIT_DONE; 4 when rows were skipped or it could be read in
 * part only: the run holds what could be read then. Anything else than these has been said and *any is false
 * when there is nothing to show. */
int seep_replay_input_read(seep_replay_input *input, const char *path, seep_replay_run *run, bool *any);

#endif
