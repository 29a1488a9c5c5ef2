/*
 * What is on a disk and what may be: a file's bytes as of the last sync, and the writes since, of which a
 * power cut leaves any part. A deletion is on the disk with the next sync of anything.
 */
#ifndef SEEP_TESTS_UNSYNCED_H
#define SEEP_TESTS_UNSYNCED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct unsynced_write {
  int64_t offset;
  size_t size; /* 0: a truncation to offset */
  uint8_t *bytes;
} unsynced_write;

typedef struct unsynced_file {
  bool there, deleted; /* deleted: but that is not on the disk yet */
  uint8_t *bytes;      /* as of the last sync */
  size_t size;
  unsynced_write *writes;
  size_t count, capacity;
} unsynced_file;

/* Opened: it is on the disk as it is there now, if it was not known before. */
void unsynced_open(unsynced_file *file, const char *path);
void unsynced_write_add(unsynced_file *file, const void *bytes, size_t size, int64_t offset);
void unsynced_truncate(unsynced_file *file, int64_t size);
void unsynced_delete(unsynced_file *file);
void unsynced_sync(unsynced_file *file);
void unsynced_forget(unsynced_file *file);

/* Writes what a power cut leaves to path, or removes it. */
void unsynced_cut(const unsynced_file *file, const char *path, uint64_t *random_state);

#endif
