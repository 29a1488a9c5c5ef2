/* A hash table with bounded search; see texts.h. */
#include "trace/texts.h"

#include <stdbool.h>
#include <string.h>

#define LEAST_SLOTS ((size_t)256)

/* So many slots are looked at for a text, whatever a file's author has computed: then it is stored again. */
#define MOST_PROBES 32u

void seep_texts_init(seep_texts *texts, seep_arena *arena)
{
  *texts = (seep_texts){.arena = arena};
}

void seep_texts_fini(seep_texts *texts)
{
  seep_trace_budget_release(texts->arena->budget, (void **)&texts->slots, &texts->slot_count,
                            sizeof *texts->slots);
  seep_texts_init(texts, texts->arena);
}

/* FNV-1a and a last mixing, so that the low bits depend on everything. */
static uint64_t hash_of(const char *text, size_t length)
{
  uint64_t hash = UINT64_C(0xCBF29CE484222325);
  for (size_t i = 0; i < length; i++) {
    hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001B3);
  }
  hash ^= hash >> 29;
  hash *= UINT64_C(0xBF58476D1CE4E5B9);
  return hash ^ hash >> 32;
}

/* The text's slot, or a free one, or NULL: too many others are in the way. text NULL: only a free one. */
static seep_texts_slot *find_slot(seep_texts_slot *slots, size_t slot_count, uint64_t hash, const char *text)
{
  for (size_t i = 0; i < MOST_PROBES; i++) {
    seep_texts_slot *slot = &slots[((size_t)hash + i) & (slot_count - 1)];
    bool is_it = slot->text != NULL && text != NULL && slot->hash == hash && strcmp(slot->text, text) == 0;
    if (slot->text == NULL || is_it) {
      return slot;
    }
  }
  return NULL;
}

/* Twice the slots; false: no room, and the table is as it was. */
static bool grow_table(seep_texts *texts)
{
  seep_trace_budget *budget = texts->arena->budget;
  size_t needed = texts->slot_count > 0 ? texts->slot_count * 2 : LEAST_SLOTS;
  size_t slot_count = 0;
  seep_texts_slot *slots = NULL;
  if (!seep_trace_budget_reserve(budget, (void **)&slots, &slot_count, needed, sizeof *slots)) {
    return false;
  }
  for (size_t i = 0; i < slot_count; i++) {
    slots[i] = (seep_texts_slot){.text = NULL};
  }
  size_t count = 0;
  for (size_t i = 0; i < texts->slot_count; i++) {
    const seep_texts_slot *old = &texts->slots[i];
    seep_texts_slot *slot = old->text != NULL ? find_slot(slots, slot_count, old->hash, NULL) : NULL;
    if (slot != NULL) {
      *slot = *old;
      count++;
    }
  }
  seep_trace_budget_release(budget, (void **)&texts->slots, &texts->slot_count, sizeof *slots);
  texts->slots = slots;
  texts->slot_count = slot_count;
  texts->count = count;
  return true;
}

const char *seep_texts_keep(seep_texts *texts, const char *text)
{
  if (text[0] == '\0') {
    return "";
  }
  if (texts->count >= texts->slot_count / 2 && !grow_table(texts)) {
    return NULL;
  }
  size_t length = strlen(text);
  uint64_t hash = hash_of(text, length);
  seep_texts_slot *slot = find_slot(texts->slots, texts->slot_count, hash, text);
  if (slot != NULL && slot->text != NULL) {
    return slot->text;
  }
  char *copy = seep_arena_take(texts->arena, length + 1);
  if (copy == NULL) {
    return NULL;
  }
  memcpy(copy, text, length + 1);
  if (slot != NULL) {
    *slot = (seep_texts_slot){hash, copy};
    texts->count++;
  }
  return copy;
}
