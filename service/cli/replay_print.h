/* What a replay found, for people to read. */
#ifndef SEEP_SERVICE_REPLAY_PRINT_H
#define SEEP_SERVICE_REPLAY_PRINT_H

#include "replay_run.h"

/* explain: the image that was asked about; NULL = none. */
void seep_replay_print_text(const seep_replay_run *run, const char *explain);

#endif
