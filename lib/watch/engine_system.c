/*
 * Growth in the system's own figures and in handle counts. See engine_system.h.
 *
 * Commit that no process owns is a difference of two readings. The totals and the list of processes are not
 * taken at the same instant: what started, ended or grew in between stands in one and not in the other, and
 * the difference is wrong by that much, for one poll, up or down. Floors take care of the upward ones only. A
 * wrong low value would be the floor of its bucket and lie under all the growth before it: it invents no leak
 * (one step is not even, and the next poll takes it back), but it hides one for the length of a window and
 * looks like a release to one already called. So the middle one of the newest three polls is judged. Where
 * processes come and go in nearly every poll two of three may be wrong in the same direction; these are
 * ordinary noise, which the detector weighs against the rise: a leak is then found later, none is found that
 * is not there.
 */
#include "watch/engine_system.h"

#include <stdlib.h>

#include "watch/engine_internal.h"
#include "watch/exhaustion_notices.h"
#include "watch/notices.h"

/* Nobody mends a driver within hours: what has doubled is told again after a day. */
#define TELL_AGAIN_MS SEEP_MS_PER_DAY

/* Where memory is short, asking for more at each poll and for each process helps nobody. */
#define TRY_AGAIN_MS (10 * SEEP_MS_PER_MINUTE)

/* The least rise counts only if it takes no longer than this. */
#define SYSTEM_GROWTH_HOURS 64.0
#define HANDLE_GROWTH_HOURS 250.0

/* Rapid growth is judged as if there were so many times the room. All the load of a server meets in these
 * figures, and on a small one the first morning of work, or a cache that fills, takes a tenth of the room
 * within the hour. There is no process here that must be recorded before it ends: growth that is told while
 * more than half of the room is left is told in time. */
#define ROOM_FOR_LOAD 5u

/* Five handles more in a hundred say nothing about a process with very many. */
#define HANDLE_GROWTH_OF_LEVEL 0.05

/* Pools are part of the commit that no process owns: where they grow at nearly its rate (reference:
 * detection, 7.2), it is one growth and is told as theirs. */
#define EXPLAINED 0.7

typedef enum next_word { SAY_NOTHING = 0, SAY_GROWTH, SAY_OVER } next_word;

static const char *const figure_names[SEEP_ENGINE_FIGURES] = {[SEEP_ENGINE_PAGED_POOL] = "paged pool",
                                                              [SEEP_ENGINE_NONPAGED_POOL] = "nonpaged pool",
                                                              [SEEP_ENGINE_UNOWNED_COMMIT] =
                                                                  "commit that no process owns"};

static bool is_called(const seep_engine_growth *growth)
{
  return growth->detector.level >= SEEP_LEVEL_RAPID;
}

/* One more value, and what must be said now. A growth stays to be said until said() is called. */
static next_word follow(seep_engine_growth *growth, const seep_detector_settings *settings, seep_mono now,
                        uint64_t value, uint64_t headroom)
{
  if (!growth->begun) {
    seep_detector_init(&growth->detector, now, 0);
    growth->begun = true;
  }
  bool was_called = is_called(growth);
  seep_verdict verdict = seep_detector_step(&growth->detector, settings, now, value, headroom, false);
  if (!is_called(growth)) {
    next_word word = growth->open && !growth->silent ? SAY_OVER : SAY_NOTHING;
    growth->open = false;
    growth->due = false;
    return word;
  }
  uint64_t grown = growth->detector.finding.growth;
  growth->greatest = was_called && grown < growth->greatest ? growth->greatest : grown;
  if (!growth->open || verdict == SEEP_VERDICT_LEAK || verdict == SEEP_VERDICT_DOUBLED) {
    growth->due = true;
  }
  bool soon = growth->open && !growth->silent && seep_mono_since(now, growth->told) < TELL_AGAIN_MS;
  return growth->due && !soon ? SAY_GROWTH : SAY_NOTHING;
}

static void said(seep_engine_growth *growth, seep_mono now, bool silent)
{
  growth->told = now;
  growth->open = true;
  growth->silent = silent;
  growth->due = false;
}

/* ---- the system's figures ---- */

static bool pools_explain(const seep_engine_system *system)
{
  double explained = 0;
  for (size_t figure = 0; figure < SEEP_ENGINE_UNOWNED_COMMIT; figure++) {
    const seep_engine_growth *pool = &system->figures[figure];
    explained += is_called(pool) ? pool->detector.finding.slope_per_hour : 0;
  }
  double whole = system->figures[SEEP_ENGINE_UNOWNED_COMMIT].detector.finding.slope_per_hour;
  return explained > 0 && explained >= EXPLAINED * whole;
}

static uint64_t headroom_of(const seep_system_memory *memory)
{
  return memory->commit_limit_bytes != 0 ? seep_system_memory_headroom_bytes(memory) : SEEP_HEADROOM_UNKNOWN;
}

static void judge_figure(seep_engine *engine, seep_now now, seep_engine_figure figure, uint64_t value)
{
  seep_engine_growth *growth = &engine->system.figures[figure];
  double least = (double)engine->settings.detector_minimum_system_growth_bytes;
  const seep_detector_settings settings = {.bucket_ms = engine->settings.detector_bucket_ms,
                                           .observation_ms = engine->settings.detector_observation_ms,
                                           .minimum_slope_per_hour = least / SYSTEM_GROWTH_HOURS,
                                           .minimum_growth = least};
  uint64_t headroom = headroom_of(&engine->memory);
  uint64_t judged_by =
      headroom < SEEP_HEADROOM_UNKNOWN / ROOM_FOR_LOAD ? headroom * ROOM_FOR_LOAD : SEEP_HEADROOM_UNKNOWN;
  next_word word = follow(growth, &settings, now.mono, value, judged_by);
  const seep_finding *finding = &growth->detector.finding;
  if (word == SAY_OVER) {
    seep_notices_system_growth_over(&engine->alert, figure_names[figure], growth->greatest,
                                    seep_mono_since(now.mono, finding->began),
                                    "it stopped growing or was given back");
    seep_engine__emit_alert(engine);
  } else if (word == SAY_GROWTH && figure == SEEP_ENGINE_UNOWNED_COMMIT && pools_explain(&engine->system)) {
    said(growth, now.mono, !growth->open || growth->silent); /* who was told of it is told of its end */
  } else if (word == SAY_GROWTH) {
    const seep_notices_growth notice = {.what = figure_names[figure],
                                        .finding = finding,
                                        .began = seep_now_wall_of(now, growth->detector.finding.began),
                                        .now_bytes = value,
                                        .headroom_bytes = headroom};
    said(growth, now.mono, false);
    seep_notices_system_growth(&engine->alert, &notice);
    seep_engine__emit_alert(engine);
  }
}

static uint64_t middle(uint64_t a, uint64_t b, uint64_t c)
{
  uint64_t low = a < b ? a : b;
  uint64_t high = a < b ? b : a;
  return c < low ? low : c > high ? high : c;
}

void seep_engine__judge_system(seep_engine *engine, seep_now now, uint64_t owned_bytes)
{
  seep_engine_system *system = &engine->system;
  const seep_system_memory *memory = &engine->memory;
  if (memory->commit_total_bytes == 0) {
    return; /* no system commits nothing: these are not figures */
  }
  /* Nor has any system an empty pool; taken for one it would end what was called. */
  if (memory->paged_pool_bytes != 0) {
    judge_figure(engine, now, SEEP_ENGINE_PAGED_POOL, memory->paged_pool_bytes);
  }
  if (memory->nonpaged_pool_bytes != 0) {
    judge_figure(engine, now, SEEP_ENGINE_NONPAGED_POOL, memory->nonpaged_pool_bytes);
  }
  uint64_t unowned = memory->commit_total_bytes > owned_bytes ? memory->commit_total_bytes - owned_bytes : 0;
  /* The first two as they are: so its buckets end with those of the pools, which then are told first. */
  uint64_t value =
      system->unowned_count == 2 ? middle(unowned, system->unowned[0], system->unowned[1]) : unowned;
  judge_figure(engine, now, SEEP_ENGINE_UNOWNED_COMMIT, value);
  system->unowned_count += system->unowned_count < 2;
  system->unowned[1] = system->unowned[0];
  system->unowned[0] = unowned;
}

/* ---- what is left ---- */

void seep_engine__judge_headroom(seep_engine *engine, seep_now now)
{
  seep_engine_headroom *state = &engine->headroom;
  seep_headroom_word word = seep_engine_headroom_step(state, &engine->settings, now.mono, &engine->memory,
                                                      seep_engine__slopes_together(engine, NULL));
  if (word == SEEP_HEADROOM_OVER) {
    seep_notices_headroom_over(&engine->alert, &engine->memory, seep_mono_since(now.mono, state->opened),
                               state->least_left_bytes);
    seep_engine__emit_alert(engine);
  } else if (word == SEEP_HEADROOM_WARN) {
    char text[SEEP_ALERT_INSERT_SIZE];
    seep_writer growing;
    seep_notices_headroom low = {.state = state,
                                 .settings = &engine->settings,
                                 .memory = &engine->memory,
                                 .now = now,
                                 .growing = text,
                                 .owned_bytes = engine->owned_bytes,
                                 .done = engine->cases != NULL
                                             ? "events 200 and 204 tell what is being done about each"
                                             : "all processes are watched; none of them is known to leak",
                                 .evidence = "\"seepwatch top\" and \"seepwatch history --system\""};
    seep_writer_init(&growing, text, sizeof text);
    seep_engine__write_open_leaks(engine, &growing);
    seep_engine__find_largest(engine, low.largest);
    seep_notices_headroom_low(&engine->alert, &low);
    seep_engine__emit_alert(engine);
  }
}

/* ---- handles ---- */

static void end_handles(seep_engine *engine, seep_now now, size_t slot, const char *ending)
{
  seep_engine_watch *watch = &engine->watches[slot];
  if (watch->handles != NULL && watch->handles->growth.open) {
    const seep_engine_growth *growth = &watch->handles->growth;
    seep_notices_handles_over(&engine->alert, seep_process_table_at(engine->table, slot), growth->greatest,
                              seep_mono_since(now.mono, growth->detector.finding.began), ending);
    seep_engine__emit_alert(engine);
  }
  free(watch->handles);
  watch->handles = NULL;
}

/* False while there is nothing to judge with: too few handles, or no memory. */
static bool has_handles(seep_engine_system *system, seep_mono now, seep_engine_watch *watch, uint32_t handles)
{
  if (watch->handles != NULL) {
    return true;
  }
  bool wait = system->handles_are_short && seep_mono_since(now, system->handles_short) < TRY_AGAIN_MS;
  if (handles < SEEP_ENGINE_HANDLES_FROM || wait) {
    return false;
  }
  watch->handles = calloc(1, sizeof *watch->handles);
  system->handles_are_short = watch->handles == NULL;
  system->handles_short = now;
  return watch->handles != NULL;
}

void seep_engine__judge_handles(seep_engine *engine, seep_now now, size_t slot)
{
  seep_engine_watch *watch = &engine->watches[slot];
  const seep_process *process = seep_process_table_at(engine->table, slot);
  if (watch->ignored || !engine->settings.detector_handles) {
    end_handles(engine, now, slot, "the settings no longer have its handles judged");
    return;
  }
  if (!has_handles(&engine->system, now.mono, watch, process->handles)) {
    return;
  }
  seep_engine_growth *growth = &watch->handles->growth;
  double least = (double)engine->settings.detector_minimum_handles;
  double of_level = HANDLE_GROWTH_OF_LEVEL * (double)process->handles;
  const seep_detector_settings settings = {.bucket_ms = engine->settings.detector_bucket_ms,
                                           .observation_ms = engine->settings.detector_observation_ms,
                                           .minimum_slope_per_hour = least / HANDLE_GROWTH_HOURS,
                                           .minimum_growth = of_level > least ? of_level : least};
  next_word word = follow(growth, &settings, now.mono, process->handles, SEEP_HEADROOM_UNKNOWN);
  const seep_finding *finding = &growth->detector.finding;
  if (word == SAY_OVER) {
    seep_notices_handles_over(&engine->alert, process, growth->greatest,
                              seep_mono_since(now.mono, finding->began), "it stopped growing or closed them");
    seep_engine__emit_alert(engine);
  } else if (word == SAY_GROWTH) {
    said(growth, now.mono, false);
    seep_notices_handles(&engine->alert, process, finding,
                         seep_now_wall_of(now, growth->detector.finding.began));
    seep_engine__emit_alert(engine);
  }
}

void seep_engine__forget_handles(seep_engine *engine, seep_now now, size_t slot, bool died)
{
  if (died) {
    end_handles(engine, now, slot, "the process ended");
    return;
  }
  free(engine->watches[slot].handles);
  engine->watches[slot].handles = NULL;
}
