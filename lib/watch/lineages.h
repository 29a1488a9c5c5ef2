/*
 * What the images of this machine have shown in their earlier lives, by image name, case ignored: at most
 * SEEP_STORE_LINEAGES of them, whoever was not seen for longest goes. Private to the engine. An image of
 * which nothing is worth remembering takes no room.
 */
#ifndef SEEP_WATCH_LINEAGES_H
#define SEEP_WATCH_LINEAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "judge/lineage.h"
#include "store/store.h"

typedef struct seep_lineages_item {
  seep_store_lineage kept;
  seep_mono ended; /* the last life that counted, in this life of the service */
  bool has_ended;
  bool unsaved;
} seep_lineages_item;

typedef struct seep_lineages {
  seep_lineages_item *items;
  uint32_t hashes[SEEP_STORE_LINEAGES]; /* of the items' names: a search looks at nothing else */
  size_t count, capacity, unsaved;
} seep_lineages; /* all zeros: none */

void seep_lineages_free(seep_lineages *lineages);

/* All zeros when nothing is known, and for the nameless. */
seep_lineage seep_lineages_of(const seep_lineages *lineages, const char *image);

/* The image is alive: that it was seen counts when the oldest has to go. */
void seep_lineages_seen(seep_lineages *lineages, const char *image, seep_wall now);

/* Takes note of a lineage; what has changed is to be saved. false: no memory, and nothing has changed. */
bool seep_lineages_set(seep_lineages *lineages, const char *image, const seep_lineage *lineage,
                       seep_wall now);

/* A life that counts has ended. seep_lineages_follows: whether one that was born then came after it. Lives
 * side by side have seen the same load: they are one witness, however many they are. */
void seep_lineages_ended(seep_lineages *lineages, const char *image, seep_mono ended);
bool seep_lineages_follows(const seep_lineages *lineages, const char *image, seep_mono born);

/* What the store knows. Of an image known already the newer is here; only how high it stood is taken. */
void seep_lineages_known(seep_lineages *lineages, const seep_store_lineage *known);

/* Another store knows nothing yet, and one that has failed may have lost something. */
void seep_lineages_save_all(seep_lineages *lineages);

/* One that is to be saved; it then counts as saved. NULL: none. Valid until the next call. */
const seep_store_lineage *seep_lineages_next_unsaved(seep_lineages *lineages);

#endif
