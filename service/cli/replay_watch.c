#include "replay_watch.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/text.h"

bool seep_replay_watch_add(seep_replay_watch *watch, const seep_store_sample *sample, seep_now now)
{
  void *items = watch->items;
  if (watch->count == SEEP_REPLAY_WATCH_MAXIMUM) {
    watch->left_out++;
    return true;
  }
  if (!seep_array_reserve(&items, &watch->capacity, watch->count + 1, sizeof *watch->items)) {
    return false;
  }
  watch->items = items;
  seep_replay_watched *item = &watch->items[watch->count++];
  *item = (seep_replay_watched){.key = sample->key,
                                .first = now,
                                .last = now,
                                .polls = 1,
                                .first_bytes = sample->commit_bytes,
                                .last_bytes = sample->commit_bytes,
                                .looked = now.mono};
  seep_text_copy(item->name, sizeof item->name, sample->name);
  return true;
}

/* 1: as good as passed. Some tests ask for at least so much, some for at most so much. */
static double nearness(const seep_assessment *assessment)
{
  double measured = assessment->measured, needed = assessment->needed;
  if (!(measured > 0) || !(needed > 0)) {
    return 0;
  }
  return measured < needed ? measured / needed : needed / measured;
}

/* The tests are put one after the other: who fails a later one has come farther. */
static bool is_nearer(const seep_assessment *a, const seep_assessment *b)
{
  if (a->failed != b->failed) {
    return a->failed > b->failed;
  }
  return a->failed != SEEP_TEST_PASSED && nearness(a) > nearness(b);
}

static void keep_nearest(seep_replay_near *near_to, const seep_assessment *assessment, seep_wall at,
                         bool first)
{
  if (first || is_nearer(assessment, &near_to->assessment)) {
    *near_to = (seep_replay_near){.assessment = *assessment, .at = at};
  }
}

/* How often it was seen so is counted only until it is called. */
static void settle(seep_assessment *assessment, bool called)
{
  if (called && assessment->failed == SEEP_TEST_AGAIN) {
    assessment->failed = SEEP_TEST_PASSED;
  }
}

/* The engine stands at the last poll that had the process. */
static void look(seep_replay_watched *item, const seep_engine *engine)
{
  item->looked = item->last.mono;
  if (!seep_engine_explain(engine, item->key, &item->newest)) {
    return;
  }
  settle(&item->newest.leak, item->newest.level == SEEP_LEVEL_LEAK);
  settle(&item->newest.rapid, item->newest.level >= SEEP_LEVEL_RAPID);
  keep_nearest(&item->leak, &item->newest.leak, item->last.wall, !item->explained);
  keep_nearest(&item->rapid, &item->newest.rapid, item->last.wall, !item->explained);
  item->explained = true;
}

void seep_replay_watch_next(seep_replay_watched *item, const seep_engine *engine, seep_now now,
                            const uint64_t *bytes)
{
  if (item->ended) {
    return;
  }
  if (bytes == NULL || seep_mono_since(item->last.mono, item->looked) >= SEEP_REPLAY_WATCH_EVERY_MS) {
    look(item, engine);
  }
  if (bytes == NULL) {
    item->ended = true;
    return;
  }
  item->last = now;
  item->last_bytes = *bytes;
  item->polls++;
}

void seep_replay_watch_end(seep_replay_watch *watch, const seep_engine *engine)
{
  for (size_t i = 0; i < watch->count; i++) {
    if (!watch->items[i].ended) {
      look(&watch->items[i], engine);
    }
  }
}

size_t seep_replay_watch_find(const seep_replay_watch *watch, seep_process_key key)
{
  for (size_t i = watch->count; i > 0; i--) {
    const seep_replay_watched *item = &watch->items[i - 1];
    if (item->key.pid == key.pid && item->key.created == key.created) {
      return i;
    }
  }
  return 0;
}

void seep_replay_watch_fini(seep_replay_watch *watch)
{
  free(watch->items);
}
