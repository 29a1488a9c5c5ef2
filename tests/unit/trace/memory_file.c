#include "unit/trace/memory_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool grow(memory_file *file, size_t size)
{
  uint8_t *bytes = realloc(file->bytes, size);
  if (bytes == NULL) {
    return false;
  }
  memset(bytes + file->size, 0, size - file->size);
  file->bytes = bytes;
  file->size = size;
  return true;
}

bool memory_file_write(void *context, uint64_t offset, const void *bytes, size_t size)
{
  memory_file *file = context;
  size_t end = (size_t)offset + size;
  if ((file->limit != 0 && end > file->limit) || (end > file->size && !grow(file, end))) {
    return false;
  }
  memcpy(file->bytes + offset, bytes, size);
  return true;
}

memory_file memory_file_fixture(const char *name)
{
  memory_file file = {0};
  char path[1024];
  uint8_t chunk[4096];
  size_t count;
  snprintf(path, sizeof path, "%s/etl/%s", SEEP_FIXTURES, name);
  FILE *stream = fopen(path, "rb");
  if (stream == NULL) {
    return file;
  }
  while ((count = fread(chunk, 1, sizeof chunk, stream)) > 0 &&
         memory_file_write(&file, file.size, chunk, count)) {
  }
  fclose(stream);
  return file;
}

memory_file memory_file_copy(const uint8_t *bytes, size_t size)
{
  memory_file file = {0};
  file.bytes = malloc(size > 0 ? size : 1);
  if (file.bytes != NULL) {
    memcpy(file.bytes, bytes, size);
    file.size = size;
  }
  return file;
}

void memory_file_free(memory_file *file)
{
  free(file->bytes);
  file->bytes = NULL;
  file->size = 0;
}

void memory_file_put(memory_file *file, size_t offset, uint64_t value, size_t count)
{
  for (size_t i = 0; i < count && offset + i < file->size; i++) {
    file->bytes[offset + i] = (uint8_t)(value >> (8 * i));
  }
}
