#include "unsynced.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_files.h"

#define SECTOR_BYTES 512u

static void forget_writes(unsynced_file *file)
{
  for (size_t i = 0; i < file->count; i++) {
    free(file->writes[i].bytes);
  }
  free(file->writes);
  file->writes = NULL;
  file->count = file->capacity = 0;
}

void unsynced_forget(unsynced_file *file)
{
  forget_writes(file);
  free(file->bytes);
  memset(file, 0, sizeof *file);
}

void unsynced_open(unsynced_file *file, const char *path)
{
  if (file->there && !file->deleted) {
    return;
  }
  unsynced_forget(file);
  file->there = true;
  file->bytes = store_files_read(path, &file->size);
}

static unsynced_write *add(unsynced_file *file)
{
  if (file->count == file->capacity) {
    file->capacity = file->capacity * 2 + 32;
    file->writes = realloc(file->writes, file->capacity * sizeof *file->writes);
    if (file->writes == NULL) {
      abort();
    }
  }
  return &file->writes[file->count++];
}

void unsynced_write_add(unsynced_file *file, const void *bytes, size_t size, int64_t offset)
{
  unsynced_write write = {offset, size, malloc(size + 1)};
  if (write.bytes == NULL) {
    abort();
  }
  memcpy(write.bytes, bytes, size);
  *add(file) = write;
}

void unsynced_truncate(unsynced_file *file, int64_t size)
{
  *add(file) = (unsynced_write){size, 0, NULL};
}

void unsynced_delete(unsynced_file *file)
{
  file->deleted = true;
}

/* Growing fills with zeros, as file systems do. */
static void resize(uint8_t **bytes, size_t *size, size_t wanted)
{
  uint8_t *resized = realloc(*bytes, wanted + 1);
  if (resized == NULL) {
    abort();
  }
  if (wanted > *size) {
    memset(resized + *size, 0, wanted - *size);
  }
  *bytes = resized;
  *size = wanted;
}

static void put(uint8_t **bytes, size_t *size, const unsynced_write *write, size_t from, size_t length)
{
  size_t end = (size_t)write->offset + from + length;
  if (end > *size) {
    resize(bytes, size, end);
  }
  memcpy(*bytes + write->offset + from, write->bytes + from, length);
}

void unsynced_sync(unsynced_file *file)
{
  if (file->deleted) {
    unsynced_forget(file);
    return;
  }
  for (size_t i = 0; i < file->count; i++) {
    const unsynced_write *write = &file->writes[i];
    if (write->bytes == NULL) {
      resize(&file->bytes, &file->size, (size_t)write->offset);
    } else {
      put(&file->bytes, &file->size, write, 0, write->size);
    }
  }
  forget_writes(file);
}

static unsigned random_below(uint64_t *state, unsigned bound)
{
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (unsigned)(*state >> 33) % bound;
}

/* Nothing of what was not synced, all of it, some of the writes, or some of their sectors. */
typedef enum remains { NOTHING, EVERYTHING, WRITES, SECTORS, WAYS } remains;

static void put_part(uint8_t **bytes, size_t *size, const unsynced_write *write, remains way, uint64_t *state)
{
  if (way == EVERYTHING || (way == WRITES && random_below(state, 2) == 0)) {
    put(bytes, size, write, 0, write->size);
  }
  for (size_t from = 0; way == SECTORS && from < write->size; from += SECTOR_BYTES) {
    size_t length = write->size - from < SECTOR_BYTES ? write->size - from : SECTOR_BYTES;
    if (random_below(state, 2) == 0) {
      put(bytes, size, write, from, length);
    }
  }
}

void unsynced_cut(const unsynced_file *file, const char *path, uint64_t *random_state)
{
  remains way = (remains)random_below(random_state, WAYS);
  remove(path);
  if (!file->there || (file->deleted && random_below(random_state, 2) == 0)) {
    return;
  }
  size_t size = 0;
  uint8_t *bytes = NULL;
  resize(&bytes, &size, file->size);
  if (file->size > 0) {
    memcpy(bytes, file->bytes, file->size);
  }
  for (size_t i = 0; i < file->count; i++) {
    const unsynced_write *write = &file->writes[i];
    if (write->bytes != NULL) {
      put_part(&bytes, &size, write, way, random_state);
    } else if (way != NOTHING && (way == EVERYTHING || random_below(random_state, 2) == 0)) {
      resize(&bytes, &size, (size_t)write->offset);
    }
  }
  store_files_write(path, bytes, size);
  free(bytes);
}
