/*
 * EVT_HANDLE values that are numbers, not pointers: a handle that was closed, or never existed, is known as
 * such.
 */
#include "standin.h"

#define SLOTS 16384u

typedef struct slot {
  standin_kind kind; /* 0: free */
  void *object;
  EVT_HANDLE owner;
  uint32_t generation;
} slot;

static slot slots[SLOTS];
static size_t used_slots;

/* Multiples of 4 like real handles; the generation keeps an old value from meaning a new object. */
static EVT_HANDLE handle_of(size_t index)
{
  return (EVT_HANDLE)(uintptr_t)((((uint64_t)slots[index].generation << 20) | (index + 1)) << 2);
}

static slot *slot_of(EVT_HANDLE handle)
{
  uint64_t value = (uint64_t)(uintptr_t)handle >> 2;
  size_t index = (size_t)(value & 0xFFFFFu);
  if (index == 0 || index > SLOTS || slots[index - 1].kind == 0 || handle_of(index - 1) != handle) {
    return NULL;
  }
  return &slots[index - 1];
}

EVT_HANDLE standin_handles_add(standin_kind kind, void *object, EVT_HANDLE owner)
{
  for (size_t i = 0; i < SLOTS; i++) {
    if (slots[i].kind == 0) {
      slots[i].kind = kind;
      slots[i].object = object;
      slots[i].owner = owner;
      slots[i].generation++;
      used_slots++;
      return handle_of(i);
    }
  }
  return NULL;
}

void *standin_handles_get(EVT_HANDLE handle, standin_kind kind)
{
  slot *found = slot_of(handle);
  return found != NULL && found->kind == kind ? found->object : NULL;
}

bool standin_handles_kind(EVT_HANDLE handle, standin_kind *kind)
{
  slot *found = slot_of(handle);
  if (found != NULL) {
    *kind = found->kind;
  }
  return found != NULL;
}

void *standin_handles_take(EVT_HANDLE handle)
{
  slot *found = slot_of(handle);
  if (found == NULL) {
    return NULL;
  }
  void *object = found->object;
  found->kind = 0;
  found->object = NULL;
  found->owner = NULL;
  used_slots--;
  return object;
}

EVT_HANDLE standin_handles_owned(EVT_HANDLE owner)
{
  for (size_t i = 0; owner != NULL && i < SLOTS; i++) {
    if (slots[i].kind != 0 && slots[i].owner == owner) {
      return handle_of(i);
    }
  }
  return NULL;
}

size_t standin_handles_count(void)
{
  return used_slots;
}
