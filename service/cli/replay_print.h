/* What a replay found, as one JSON document or for people. */
#ifndef SEEP_SERVICE_REPLAY_PRINT_H
#define SEEP_SERVICE_REPLAY_PRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "replay_run.h"

/* explain: the image that was asked about; NULL = none. false when out of memory. */
bool seep_replay_print_json(const seep_replay_run *run, uint64_t skipped, const char *explain);
void seep_replay_print_text(const seep_replay_run *run, const char *explain);

#endif
