/* What a replay found, as one JSON document. Keys that are there stay, and keep their meaning. */
#ifndef SEEP_SERVICE_REPLAY_JSON_H
#define SEEP_SERVICE_REPLAY_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "replay_run.h"

/* explain: the image that was asked about; NULL = none. false when out of memory. */
bool seep_replay_json(const seep_replay_run *run, uint64_t skipped, const char *explain);

#endif
