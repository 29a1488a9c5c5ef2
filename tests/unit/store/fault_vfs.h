/* An SQLite file layer that passes everything on to the real one, and fails the nth call that changes a file.
 */
#ifndef SEEP_TESTS_FAULT_VFS_H
#define SEEP_TESTS_FAULT_VFS_H

#include <stdbool.h>

/* Becomes SQLite's default file layer until fault_vfs_remove. */
void fault_vfs_install(void);
void fault_vfs_remove(void);

/* The nth write, sync, truncation or opening from now on fails with rc (openings with SQLITE_CANTOPEN);
 * persistent: and all later ones too. nth = 0: nothing fails. */
void fault_vfs_arm(unsigned nth, int rc, bool persistent);
bool fault_vfs_fired(void);

#endif
