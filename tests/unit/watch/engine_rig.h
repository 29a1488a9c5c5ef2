/* The engine alone, for tests: simulated time, no loop, no files. What it emits is counted and the last of
 * each kind kept. */
#ifndef SEEP_TESTS_WATCH_ENGINE_RIG_H
#define SEEP_TESTS_WATCH_ENGINE_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fake_registry.h"
#include "fakes.h"
#include "report/sidecar.h"
#include "watch/engine.h"

#define MB (UINT64_C(1) << 20)
#define ENGINE_RIG_ORDER 4096
#define ENGINE_RIG_LINEAGES 16
#define ENGINE_RIG_PROMISES 32
#define ENGINE_RIG_EXHAUSTIONS 512

typedef struct engine_rig {
  fake_world world;
  fake_sink sink;
  seep_engine *engine;
  seep_settings settings;
  seep_command_kind order[ENGINE_RIG_ORDER]; /* kinds of commands in the order they came */
  int64_t order_at[ENGINE_RIG_ORDER];        /* at which running time */
  size_t order_count;
  size_t polls_stored, samples_last;
  seep_now poll_now; /* of the last poll stored */
  int64_t poll_interval_ms;
  bool poll_memory_known;
  seep_status poll_answer, alert_answer;
  seep_store_leak last_leak;
  size_t leaks_opened, leaks_updated, requests, bookmarks, history_told;
  uint64_t history_told_bytes;
  seep_recorder_target target;
  fake_registry registry;
  char journal[ENGINE_RIG_PROMISES][SEEP_PROMISE_SIZE]; /* by id - 1; "" = removed */
  size_t journal_count;
  seep_status journal_answer;
  seep_store_capture last_capture;
  seep_store_answer last_answer;
  size_t captures, sidecars, answers;
  char sidecar[SEEP_SIDECAR_SIZE]; /* the last one */
  char sidecar_path[512];
  const char *host;   /* of the next engine; NULL = not known */
  size_t inventories; /* asked for; the test answers */
  seep_process_key inventory_of;
  seep_store_lineage lineages[ENGINE_RIG_LINEAGES]; /* what has been kept, each image once */
  size_t lineage_count, lineages_kept;
  int64_t interval_ms, next_leak_id, next_row;
  char bookmark[64];
  size_t notices_bookmarks, alerts_held_back;
  seep_store_exhaustion exhaustions[ENGINE_RIG_EXHAUSTIONS]; /* their events are not kept, but for */
  uint64_t exhaustion_records[ENGINE_RIG_EXHAUSTIONS];
  size_t exhaustion_count;
} engine_rig;

/* A started engine that looks every second, calls rapid growth after a quarter of a minute and a leak after
 * little more than a whole one. It does not look into processes. */
int engine_rig_set_up(void **state);
int engine_rig_tear_down(void **state);

/* The service is started again: another engine, which is told of the lineages that were kept. */
void engine_rig_restart(engine_rig *r);

seep_now engine_rig_now(const engine_rig *r);
/* That many looks, a second apart on both clocks. */
void engine_rig_poll(engine_rig *r, unsigned polls);
/* One look now, without time passing before it. */
void engine_rig_look(engine_rig *r);
size_t engine_rig_told(engine_rig *r, uint32_t id); /* how many alerts with this id */
/* What the n-th of them says there; "" when it has not come. */
const char *engine_rig_insert(engine_rig *r, uint32_t id, size_t n, const char *label);
const seep_store_lineage *engine_rig_lineage(const engine_rig *r, const char *image); /* NULL: not kept */

#endif
