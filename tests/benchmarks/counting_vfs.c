/* Each file keeps the real layer's methods but for two, so that nothing else differs from what is shipped. */
#include "counting_vfs.h"

#include <stddef.h>

#include <sqlite3.h>

/* Method tables the real layer uses: it has a few, one for each way of locking. */
#define TABLES 8

static sqlite3_vfs *real_vfs;
static sqlite3_vfs layer;
static const sqlite3_io_methods *originals[TABLES];
static sqlite3_io_methods copies[TABLES];
static size_t tables;
static int (*real_write)(sqlite3_file *, const void *, int, sqlite3_int64);
static int (*real_sync)(sqlite3_file *, int);
static uint64_t written, syncs;
static bool syncing = true;

static int count_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
  written += (uint64_t)size;
  return real_write(file, data, size, offset);
}

static int count_sync(sqlite3_file *file, int flags)
{
  syncs++;
  return syncing ? real_sync(file, flags) : SQLITE_OK;
}

static int open_counted(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
  (void)vfs;
  int rc = real_vfs->xOpen(real_vfs, name, file, flags, out_flags);
  const sqlite3_io_methods *methods = file->pMethods;
  if (methods == NULL) {
    return rc;
  }
  size_t i = 0;
  while (i < tables && originals[i] != methods) {
    i++;
  }
  if (i == tables) {
    /* Two tables with different writing functions would need a pointer each. */
    bool known = tables == 0 || (methods->xWrite == real_write && methods->xSync == real_sync);
    if (tables == TABLES || !known) {
      return SQLITE_INTERNAL;
    }
    real_write = methods->xWrite;
    real_sync = methods->xSync;
    originals[tables] = methods;
    copies[tables] = *methods;
    copies[tables].xWrite = count_write;
    copies[tables].xSync = count_sync;
    tables++;
  }
  file->pMethods = &copies[i];
  return rc;
}

void counting_vfs_install(void)
{
  real_vfs = sqlite3_vfs_find(NULL);
  layer = *real_vfs;
  layer.pNext = NULL;
  layer.zName = "counting";
  layer.xOpen = open_counted;
  sqlite3_vfs_register(&layer, 1);
}

uint64_t counting_vfs_written(void)
{
  return written;
}

uint64_t counting_vfs_syncs(void)
{
  return syncs;
}

void counting_vfs_sync(bool on)
{
  syncing = on;
}
