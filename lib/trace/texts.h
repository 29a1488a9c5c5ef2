/*
 * Texts that are kept once, however often a trace repeats them. Private to this room.
 */
#ifndef SEEP_TRACE_TEXTS_H
#define SEEP_TRACE_TEXTS_H

#include <stddef.h>
#include <stdint.h>

#include "trace/arena.h"

typedef struct seep_texts_slot {
  uint64_t hash;
  const char *text;
} seep_texts_slot;

typedef struct seep_texts {
  seep_arena *arena;      /* borrowed: the texts live as long as it does */
  seep_texts_slot *slots; /* open addressing; a power of two of them, at most half of them used */
  size_t slot_count, count;
} seep_texts;

/* Takes no room yet. */
void seep_texts_init(seep_texts *texts, seep_arena *arena);
void seep_texts_fini(seep_texts *texts); /* not the texts themselves */

/* A copy. Equal texts nearly always come back as the same pointer, but whoever must be sure compares them: a
 * file that was made to fill the table gets more copies. NULL: no room. */
const char *seep_texts_keep(seep_texts *texts, const char *text);

#endif
