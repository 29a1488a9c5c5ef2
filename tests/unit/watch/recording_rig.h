/* The engine's rig with its recorder driven by hand: what wpr and the keeping of a trace answer. */
#ifndef SEEP_TESTS_WATCH_RECORDING_RIG_H
#define SEEP_TESTS_WATCH_RECORDING_RIG_H

#include "engine_rig.h"

#define REFUSES_HEAP UINT32_C(0xC5580612)

/* What the engine asked for last reaches the recorder, with room for everything. */
void recording_rig_request(engine_rig *r);
void recording_rig_exited(engine_rig *r, uint32_t code);
void recording_rig_save_now(engine_rig *r);
/* The trace is in its place; readable, with that many events about the process. */
void recording_rig_kept(engine_rig *r, uint64_t target_events);

/* A whole good one: asked for, started, ended by hand, saved, kept. */
void recording_rig_record(engine_rig *r);

#endif
