#include "fault_vfs.h"

#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "unsynced.h"

/* SQLite allocates szOsFile bytes: ours, then the real layer's. */
typedef struct fault_file {
  sqlite3_file base;
  sqlite3_file *real;
  unsynced_file *unsynced; /* NULL: not remembered */
} fault_file;

static sqlite3_vfs *real_vfs;
static sqlite3_vfs fault_layer;

static struct {
  fault_kind kind;
  unsigned countdown, times;
  bool fired, paused;
} fault;

/* The database, its log and its journal, told apart by their names. */
#define FILES 3
static const char *const suffixes[FILES] = {"", "-wal", "-journal"};
static unsynced_file files[FILES];
static bool remembering;
static struct {
  unsigned countdown;
  char target[200];
  uint64_t seed;
  bool done;
} cut;

static void count_change(void)
{
  if (cut.countdown == 0 || --cut.countdown > 0) {
    return;
  }
  for (size_t i = 0; i < FILES; i++) {
    char path[240];
    snprintf(path, sizeof path, "%s%s", cut.target, suffixes[i]);
    unsynced_cut(&files[i], path, &cut.seed);
  }
  cut.done = true;
}

static unsynced_file *file_named(const char *name)
{
  size_t length = name != NULL ? strlen(name) : 0;
  if (name == NULL || !remembering || fault.paused) {
    return NULL;
  }
  for (size_t i = 1; i < FILES; i++) {
    size_t suffix = strlen(suffixes[i]);
    if (length > suffix && strcmp(name + length - suffix, suffixes[i]) == 0) {
      return &files[i];
    }
  }
  return &files[0];
}

static bool fails(fault_kind kind)
{
  if (fault.countdown == 0 || fault.paused || kind != fault.kind) {
    return false;
  }
  if (fault.countdown > 1) {
    fault.countdown--;
    return false;
  }
  fault.times -= fault.times != FAULT_FOR_GOOD;
  fault.countdown = fault.times > 0 ? 1 : 0;
  fault.fired = true;
  return true;
}

static fault_file *ours_of(sqlite3_file *file)
{
  return (fault_file *)(void *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
  return ((fault_file *)(void *)file)->real;
}

static int file_close(sqlite3_file *file)
{
  return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
  return fails(FAULT_READ) ? SQLITE_IOERR_READ
                           : real_of(file)->pMethods->xRead(real_of(file), data, size, offset);
}

static int file_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
  int rc = fails(FAULT_FULL) ? SQLITE_FULL : fails(FAULT_CHANGE) ? SQLITE_IOERR_WRITE : SQLITE_OK;
  int written = rc == SQLITE_OK ? size : size / 2;
  int real_rc = real_of(file)->pMethods->xWrite(real_of(file), data, written, offset);
  if (ours_of(file)->unsynced != NULL) {
    unsynced_write_add(ours_of(file)->unsynced, data, (size_t)written, offset);
    count_change();
  }
  return rc != SQLITE_OK ? rc : real_rc;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
  if (fails(FAULT_CHANGE)) {
    return SQLITE_IOERR_TRUNCATE;
  }
  if (ours_of(file)->unsynced != NULL) {
    unsynced_truncate(ours_of(file)->unsynced, size);
    count_change();
  }
  return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
  (void)flags;
  if (fails(FAULT_CHANGE)) {
    return SQLITE_IOERR_FSYNC;
  }
  if (ours_of(file)->unsynced != NULL) {
    count_change();
    unsynced_sync(ours_of(file)->unsynced);
    for (size_t i = 0; i < FILES; i++) {
      if (files[i].deleted) {
        unsynced_sync(&files[i]);
      }
    }
  }
  return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
  return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
  return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
  return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_lock(sqlite3_file *file, int *out)
{
  return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
  return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int file_sector_size(sqlite3_file *file)
{
  return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_characteristics(sqlite3_file *file)
{
  return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int page, int page_size, int extend, void volatile **out)
{
  if (extend != 0 && fails(FAULT_CHANGE)) {
    return SQLITE_IOERR_SHMSIZE;
  }
  return real_of(file)->pMethods->xShmMap(real_of(file), page, page_size, extend, out);
}

static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
  return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
  real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int remove_it)
{
  return real_of(file)->pMethods->xShmUnmap(real_of(file), remove_it);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

static int layer_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
  (void)vfs;
  fault_file *ours = ours_of(file);
  ours->base.pMethods = NULL;
  ours->unsynced = NULL;
  ours->real = (sqlite3_file *)(void *)(ours + 1);
  if (fails(FAULT_CHANGE)) {
    return SQLITE_CANTOPEN;
  }
  unsynced_file *unsynced = file_named(name);
  if (unsynced != NULL) {
    unsynced_open(unsynced, name);
  }
  int rc = real_vfs->xOpen(real_vfs, name, ours->real, flags, out_flags);
  if (ours->real->pMethods != NULL) {
    ours->base.pMethods = &methods;
    ours->unsynced = unsynced;
  }
  return rc;
}

static int layer_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
  (void)vfs;
  if (fails(FAULT_CHANGE)) {
    return SQLITE_IOERR_DELETE;
  }
  unsynced_file *unsynced = file_named(name);
  if (unsynced != NULL) {
    unsynced_delete(unsynced);
    count_change();
    if (sync_folder) {
      unsynced_sync(unsynced);
    }
  }
  return real_vfs->xDelete(real_vfs, name, 0);
}

/* What the system said last has nothing to do with a fault of ours: "no such file", which is 2 everywhere. */
static int layer_last_error(sqlite3_vfs *vfs, int size, char *text)
{
  (void)vfs;
  return fault.fired ? 2 : real_vfs->xGetLastError(real_vfs, size, text);
}

void fault_vfs_install(void)
{
  real_vfs = sqlite3_vfs_find(NULL);
  fault_layer = *real_vfs;
  fault_layer.pNext = NULL;
  fault_layer.zName = "fault";
  fault_layer.szOsFile = (int)sizeof(fault_file) + real_vfs->szOsFile;
  fault_layer.xOpen = layer_open;
  fault_layer.xDelete = layer_delete;
  fault_layer.xGetLastError = layer_last_error;
  fault_vfs_arm(FAULT_CHANGE, 0, 0);
  sqlite3_vfs_register(&fault_layer, 1);
}

void fault_vfs_remove(void)
{
  fault_vfs_remember(false);
  sqlite3_vfs_unregister(&fault_layer);
  sqlite3_vfs_register(real_vfs, 1);
}

void fault_vfs_arm(fault_kind kind, unsigned nth, unsigned times)
{
  fault.kind = kind;
  fault.countdown = nth;
  fault.times = times;
  fault.fired = false;
}

void fault_vfs_pause(bool paused)
{
  fault.paused = paused;
}

bool fault_vfs_fired(void)
{
  return fault.fired;
}

void fault_vfs_remember(bool on)
{
  for (size_t i = 0; i < FILES; i++) {
    unsynced_forget(&files[i]);
  }
  memset(&cut, 0, sizeof cut);
  remembering = on;
}

void fault_vfs_cut_after(unsigned changes, const char *target, uint64_t seed)
{
  cut.countdown = changes;
  cut.seed = seed;
  cut.done = false;
  snprintf(cut.target, sizeof cut.target, "%s", target);
}

bool fault_vfs_was_cut(void)
{
  return cut.done;
}
