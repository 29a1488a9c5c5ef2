/*
 * Where Seepwatch's files live and who may touch them. The data folder holds what the service believes and
 * does (the undo journal, the configuration), so only SYSTEM and Administrators get in. Paths are UTF-8 and
 * of any length.
 */
#ifndef SEEP_WIN_WIN_FOLDERS_H
#define SEEP_WIN_WIN_FOLDERS_H

#include "base/status.h"

/* Each hands over a path without a final backslash, to be released with free(). SEEP_NO_MEMORY, SEEP_OS. */
seep_status seep_win_folders_system(char **path, seep_error *error); /* ...\Windows\System32 */
seep_status seep_win_folders_data(char **path,
                                  seep_error *error); /* ...\ProgramData\Seepwatch; not created */

/* Creates the folder (its parent must exist) for SYSTEM and Administrators only, or sets exactly these rights
 * again on an existing one. SEEP_DENIED when the path is a link or a mount point, or belongs to somebody else
 * than SYSTEM, Administrators or the caller: any user may create folders in ProgramData, and what lies inside
 * could be planted. */
seep_status seep_win_folders_protect(const char *path, seep_error *error);

/* The data folder, captures in it, and captures\temporary in that. */
seep_status seep_win_folders_create_data(const char *data_path, seep_error *error);

/* One watchdog per data folder: two would undo each other's recordings. Held until seep_win_folders_unlock,
 * or the process's end however that comes. SEEP_BUSY when another process holds it. */
seep_status seep_win_folders_lock(const char *data_path, void **lock, seep_error *error);
void seep_win_folders_unlock(void *lock); /* NULL is fine */

/* Gives a file another name on the same volume; on disk when it returns. SEEP_BUSY when that name is taken.
 */
seep_status seep_win_folders_rename(const char *from, const char *to, seep_error *error);

#endif
