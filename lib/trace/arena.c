/* Chunks in a list; only the first is filled, larger pieces have one of their own behind it. See arena.h. */
#include "trace/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)64 * 1024)

typedef union chunk_head {
  struct {
    struct seep_arena_chunk *next;
    size_t size, used; /* bytes after the head */
  } is;
  uint64_t number; /* for their alignment */
  double fraction;
} chunk_head;

struct seep_arena_chunk {
  chunk_head head;
};

typedef struct seep_arena_chunk chunk;

#define FIRST_BYTES (CHUNK_BYTES - sizeof(chunk))
#define ALIGNMENT ((size_t)8)

void seep_arena_init(seep_arena *arena, seep_trace_budget *budget)
{
  *arena = (seep_arena){.budget = budget};
}

void seep_arena_fini(seep_arena *arena)
{
  chunk *next = NULL;
  for (chunk *one = arena->chunks; one != NULL; one = next) {
    next = one->head.is.next;
    seep_trace_budget_give(arena->budget, sizeof *one + one->head.is.size);
    free(one);
  }
  arena->chunks = NULL;
}

static chunk *add_chunk(seep_arena *arena, size_t bytes)
{
  size_t size = bytes > CHUNK_BYTES / 4 ? bytes : FIRST_BYTES;
  if (!seep_trace_budget_take(arena->budget, sizeof(chunk) + size)) {
    return NULL;
  }
  chunk *made = malloc(sizeof *made + size);
  if (made == NULL) {
    seep_trace_budget_give(arena->budget, sizeof *made + size);
    return NULL;
  }
  made->head.is.size = size;
  made->head.is.used = 0;
  chunk *first = arena->chunks;
  struct seep_arena_chunk **link = first == NULL || bytes != size ? &arena->chunks : &first->head.is.next;
  made->head.is.next = *link;
  *link = made;
  return made;
}

void *seep_arena_take(seep_arena *arena, size_t bytes)
{
  chunk *from = arena->chunks;
  if (bytes > SIZE_MAX / 2) {
    return NULL;
  }
  size_t rounded = (bytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
  if (from == NULL || rounded > from->head.is.size - from->head.is.used) {
    from = add_chunk(arena, rounded);
  }
  if (from == NULL) {
    return NULL;
  }
  unsigned char *room = (unsigned char *)(from + 1) + from->head.is.used;
  from->head.is.used += rounded;
  return memset(room, 0, rounded);
}
