#include "held_bytes.h"

#include <malloc.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);

static size_t held, start, peak;

static void *count(void *memory)
{
  held += memory != NULL ? malloc_usable_size(memory) : 0;
  peak = held > peak ? held : peak;
  return memory;
}

void *__wrap_malloc(size_t size)
{
  return count(__real_malloc(size));
}

void *__wrap_calloc(size_t number, size_t size)
{
  return count(__real_calloc(number, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
  size_t before = memory != NULL ? malloc_usable_size(memory) : 0;
  void *after = __real_realloc(memory, size);
  if (after != NULL) {
    count(after);
    held -= before;
  }
  return after;
}

void __wrap_free(void *memory)
{
  held -= memory != NULL ? malloc_usable_size(memory) : 0;
  __real_free(memory);
}

void held_bytes_begin(void)
{
  start = peak = held;
}

size_t held_bytes_peak(void)
{
  return peak - start;
}
