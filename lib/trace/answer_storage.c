/* Where an answer keeps its texts and arrays: one arena, given back as a whole. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "trace/answer_internal.h"

/* The longest text that is kept whole: a path; nobody reads more. */
#define TEXT_BYTES 4096u

seep_answer__storage *seep_answer__storage_of(seep_answer *answer)
{
  if (answer->storage == NULL) {
    seep_answer__storage *made = calloc(1, sizeof *made);
    if (made == NULL) {
      return NULL;
    }
    seep_arena_init(&made->arena, NULL);
    seep_texts_init(&made->texts, &made->arena);
    answer->storage = made;
  }
  return answer->storage;
}

void *seep_answer__take(seep_answer *answer, size_t count, size_t item_size)
{
  seep_answer__storage *storage = seep_answer__storage_of(answer);
  if (storage == NULL || count > SIZE_MAX / 2 / item_size) {
    return NULL;
  }
  return seep_arena_take(&storage->arena, count * item_size);
}

const char *seep_answer__text(seep_answer *answer, const char *text, size_t most_bytes)
{
  char cut[TEXT_BYTES];
  seep_answer__storage *storage = seep_answer__storage_of(answer);
  size_t room = most_bytes < sizeof cut ? most_bytes + 1 : sizeof cut;
  if (storage == NULL) {
    return NULL;
  }
  (void)seep_text_copy(cut, room, text);
  return seep_texts_keep(&storage->texts, cut);
}

void seep_answer_free(seep_answer *answer)
{
  seep_answer__storage *storage = answer->storage;
  if (storage != NULL) {
    seep_texts_fini(&storage->texts);
    seep_arena_fini(&storage->arena);
    free(storage);
  }
  *answer = (seep_answer){.storage = NULL};
}

/* C++ names reach a few hundred bytes; those that templates blow up beyond this are cut. */
#define SYMBOL_BYTES 1024u

bool seep_answer_name_frame(seep_answer *answer, const seep_answer_frame *frame, const char *symbol,
                            uint64_t symbol_offset, bool is_guess)
{
  seep_answer__storage *storage = answer->storage;
  for (size_t view = 0; storage != NULL && view < SEEP_TRACE_VIEWS; view++) {
    uintptr_t at = (uintptr_t)frame;
    uintptr_t first = (uintptr_t)storage->frames[view];
    size_t bytes = storage->frame_counts[view] * sizeof *frame;
    if (at < first || at - first >= bytes) {
      continue;
    }
    const char *name = seep_answer__text(answer, symbol, SYMBOL_BYTES);
    if (name == NULL) {
      return false;
    }
    seep_answer_frame *named = &storage->frames[view][(at - first) / sizeof *frame];
    named->symbol = name;
    named->symbol_offset = symbol_offset;
    named->is_guess = is_guess;
    return true;
  }
  return false;
}
