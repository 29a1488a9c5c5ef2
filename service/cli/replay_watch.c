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
                                .first_bytes = sample->commit_bytes,
                                .last_bytes = sample->commit_bytes};
  seep_text_copy(item->name, sizeof item->name, sample->name);
  return true;
}

/* What the newest floor holds more than the lowest: all of it was kept to the window's end. */
static void measure_window(seep_replay_watched *item, const seep_detector *detector)
{
  uint64_t lowest = UINT64_MAX;
  if (detector->floor_count < SEEP_DETECTOR_BUCKETS || detector->bucket_start.ms == item->bucket_start.ms) {
    return;
  }
  item->bucket_start = detector->bucket_start;
  for (unsigned i = 0; i < SEEP_DETECTOR_BUCKETS; i++) {
    lowest = detector->floors[i] < lowest ? detector->floors[i] : lowest;
  }
  unsigned newest = (detector->floor_next + SEEP_DETECTOR_BUCKETS - 1) % SEEP_DETECTOR_BUCKETS;
  uint64_t growth = detector->floors[newest] - lowest;
  if (growth > item->best_growth_bytes) {
    double hours = (double)detector->bucket_ms * (SEEP_DETECTOR_BUCKETS - 1) / (double)SEEP_MS_PER_HOUR;
    item->best_growth_bytes = growth;
    item->best_slope_bytes_per_hour = (double)growth / hours;
  }
}

void seep_replay_watch_look(seep_replay_watch *watch, const seep_engine *engine, seep_now now)
{
  for (size_t i = 0; i < watch->count; i++) {
    seep_replay_watched *item = &watch->items[i];
    const seep_detector *detector = item->ended ? NULL : seep_engine_detector_of(engine, item->key);
    if (detector == NULL) {
      item->ended = true;
      continue;
    }
    item->parts = detector->floor_count;
    item->last = now;
    item->polls++;
    measure_window(item, detector);
  }
}

size_t seep_replay_watch_find(const seep_replay_watch *watch, seep_process_key key)
{
  for (size_t i = watch->count; i > 0; i--) {
    const seep_replay_watched *item = &watch->items[i - 1];
    if (!item->ended && item->key.pid == key.pid && item->key.created == key.created) {
      return i;
    }
  }
  return 0;
}

void seep_replay_watch_fini(seep_replay_watch *watch)
{
  free(watch->items);
}
