#include "watch/lineages.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"

#define NOBODY ((size_t)-1)
#define NAME_SIZE sizeof((seep_store_lineage *)NULL)->image

/* ASCII only, like every comparison of image names. Returns the name's hash. */
static uint32_t fold(const char *image, char *folded)
{
  uint32_t hash = UINT32_C(2166136261);
  size_t length = seep_text_copy(folded, NAME_SIZE, image);
  for (size_t i = 0; i < length; i++) {
    if (folded[i] >= 'A' && folded[i] <= 'Z') {
      folded[i] = (char)(folded[i] - 'A' + 'a');
    }
    hash = (hash ^ (uint8_t)folded[i]) * UINT32_C(16777619);
  }
  return hash;
}

static size_t find(const seep_lineages *lineages, const char *folded, uint32_t hash)
{
  for (size_t i = 0; i < lineages->count; i++) {
    if (lineages->hashes[i] == hash && strcmp(lineages->items[i].kept.image, folded) == 0) {
      return i;
    }
  }
  return NOBODY;
}

static bool same(const seep_lineage *a, const seep_lineage *b)
{
  return memcmp(&a->high_water, &b->high_water, sizeof a->high_water) == 0 &&
         memcmp(a->rates, b->rates, sizeof a->rates) == 0 && a->lives == b->lives &&
         a->quiet_lives == b->quiet_lives;
}

/* No life that grew, no case. */
static bool is_nothing(const seep_lineage *lineage)
{
  return lineage->lives == 0 && !(lineage->high_water > 0.0);
}

static void note_unsaved(seep_lineages *lineages, seep_lineages_item *item)
{
  lineages->unsaved += !item->unsaved;
  item->unsaved = true;
}

static size_t oldest(const seep_lineages *lineages)
{
  size_t found = 0;
  for (size_t i = 1; i < lineages->count; i++) {
    if (lineages->items[i].kept.seen.ms < lineages->items[found].kept.seen.ms) {
      found = i;
    }
  }
  return found;
}

/* An empty place, the oldest one's where there is no more room. NOBODY: no memory. */
static size_t make_place(seep_lineages *lineages)
{
  if (lineages->count == SEEP_STORE_LINEAGES) {
    size_t place = oldest(lineages);
    lineages->unsaved -= lineages->items[place].unsaved;
    return place;
  }
  void *items = lineages->items;
  if (!seep_array_reserve(&items, &lineages->capacity, lineages->count + 1, sizeof *lineages->items)) {
    return NOBODY;
  }
  lineages->items = items;
  return lineages->count++;
}

static seep_lineages_item *add(seep_lineages *lineages, const char *folded, uint32_t hash)
{
  size_t place = make_place(lineages);
  if (place == NOBODY) {
    return NULL;
  }
  seep_lineages_item *item = &lineages->items[place];
  memset(item, 0, sizeof *item);
  seep_text_copy(item->kept.image, NAME_SIZE, folded);
  lineages->hashes[place] = hash;
  return item;
}

void seep_lineages_free(seep_lineages *lineages)
{
  free(lineages->items);
  memset(lineages, 0, sizeof *lineages);
}

seep_lineage seep_lineages_of(const seep_lineages *lineages, const char *image)
{
  char folded[NAME_SIZE];
  size_t found = find(lineages, folded, fold(image, folded));
  return found != NOBODY ? lineages->items[found].kept.lineage : (seep_lineage){0};
}

void seep_lineages_seen(seep_lineages *lineages, const char *image, seep_wall now)
{
  char folded[NAME_SIZE];
  size_t found = find(lineages, folded, fold(image, folded));
  if (found != NOBODY) {
    lineages->items[found].kept.seen = now;
  }
}

bool seep_lineages_set(seep_lineages *lineages, const char *image, const seep_lineage *lineage, seep_wall now)
{
  char folded[NAME_SIZE];
  uint32_t hash = fold(image, folded);
  size_t found = find(lineages, folded, hash);
  if (folded[0] == '\0' || (found == NOBODY && is_nothing(lineage))) {
    return true;
  }
  seep_lineages_item *item = found != NOBODY ? &lineages->items[found] : add(lineages, folded, hash);
  if (item == NULL) {
    return false;
  }
  item->kept.seen = now;
  if (!same(&item->kept.lineage, lineage)) {
    item->kept.lineage = *lineage;
    note_unsaved(lineages, item);
  }
  return true;
}

void seep_lineages_ended(seep_lineages *lineages, const char *image, seep_mono ended)
{
  char folded[NAME_SIZE];
  size_t found = find(lineages, folded, fold(image, folded));
  if (found != NOBODY) {
    lineages->items[found].ended = ended;
    lineages->items[found].has_ended = true;
  }
}

bool seep_lineages_follows(const seep_lineages *lineages, const char *image, seep_mono born)
{
  char folded[NAME_SIZE];
  size_t found = find(lineages, folded, fold(image, folded));
  return found == NOBODY || !lineages->items[found].has_ended || born.ms >= lineages->items[found].ended.ms;
}

void seep_lineages_known(seep_lineages *lineages, const seep_store_lineage *known)
{
  char folded[NAME_SIZE];
  uint32_t hash = fold(known->image, folded);
  size_t found = find(lineages, folded, hash);
  if (found != NOBODY) {
    seep_lineage *lineage = &lineages->items[found].kept.lineage;
    if (known->lineage.high_water > lineage->high_water) {
      lineage->high_water = known->lineage.high_water;
    }
    return;
  }
  if (folded[0] == '\0' || (lineages->count == SEEP_STORE_LINEAGES &&
                            lineages->items[oldest(lineages)].kept.seen.ms >= known->seen.ms)) {
    return;
  }
  seep_lineages_item *item = add(lineages, folded, hash);
  if (item != NULL) {
    item->kept.lineage = known->lineage;
    item->kept.seen = known->seen;
  }
}

void seep_lineages_save_all(seep_lineages *lineages)
{
  for (size_t i = 0; i < lineages->count; i++) {
    note_unsaved(lineages, &lineages->items[i]);
  }
}

const seep_store_lineage *seep_lineages_next_unsaved(seep_lineages *lineages)
{
  for (size_t i = 0; i < lineages->count && lineages->unsaved > 0; i++) {
    if (lineages->items[i].unsaved) {
      lineages->items[i].unsaved = false;
      lineages->unsaved--;
      return &lineages->items[i].kept;
    }
  }
  return NULL;
}
