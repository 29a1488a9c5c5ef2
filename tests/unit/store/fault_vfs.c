#include "fault_vfs.h"

#include <string.h>

#include <sqlite3.h>

/* SQLite allocates szOsFile bytes: ours, then the real layer's. */
typedef struct fault_file {
  sqlite3_file base;
  sqlite3_file *real;
} fault_file;

static sqlite3_vfs *real_vfs;
static sqlite3_vfs fault_layer;
static unsigned countdown;
static int fault_rc;
static bool fault_persistent;
static bool fault_has_fired;

static bool fails(void)
{
  if (countdown == 0) {
    return false;
  }
  if (countdown > 1) {
    countdown--;
    return false;
  }
  countdown = fault_persistent ? 1 : 0;
  fault_has_fired = true;
  return true;
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
  return real_of(file)->pMethods->xRead(real_of(file), data, size, offset);
}

static int file_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
  return fails() ? fault_rc : real_of(file)->pMethods->xWrite(real_of(file), data, size, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
  return fails() ? fault_rc : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
  return fails() ? fault_rc : real_of(file)->pMethods->xSync(real_of(file), flags);
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
  fault_file *ours = (fault_file *)(void *)file;
  ours->base.pMethods = NULL;
  ours->real = (sqlite3_file *)(void *)(ours + 1);
  if (fails()) {
    return SQLITE_CANTOPEN;
  }
  int rc = real_vfs->xOpen(real_vfs, name, ours->real, flags, out_flags);
  if (ours->real->pMethods != NULL) {
    ours->base.pMethods = &methods;
  }
  return rc;
}

void fault_vfs_install(void)
{
  real_vfs = sqlite3_vfs_find(NULL);
  fault_layer = *real_vfs;
  fault_layer.pNext = NULL;
  fault_layer.zName = "fault";
  fault_layer.szOsFile = (int)sizeof(fault_file) + real_vfs->szOsFile;
  fault_layer.xOpen = layer_open;
  fault_vfs_arm(0, SQLITE_OK, false);
  sqlite3_vfs_register(&fault_layer, 1);
}

void fault_vfs_remove(void)
{
  sqlite3_vfs_unregister(&fault_layer);
  sqlite3_vfs_register(real_vfs, 1);
}

void fault_vfs_arm(unsigned nth, int rc, bool persistent)
{
  countdown = nth;
  fault_rc = rc;
  fault_persistent = persistent;
  fault_has_fired = false;
}

bool fault_vfs_fired(void)
{
  return fault_has_fired;
}
