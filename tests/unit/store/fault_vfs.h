/*
 * An SQLite file layer that passes everything on to the real one, but can fail the nth call of a kind, and
 * can tell what a power cut would leave: what was synced, and of what was written since, any part.
 */
#ifndef SEEP_TESTS_FAULT_VFS_H
#define SEEP_TESTS_FAULT_VFS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* Becomes SQLite's default file layer until fault_vfs_remove. Nothing is really synced: that is slow, and
 * this process does not crash. */
void fault_vfs_install(void);
void fault_vfs_remove(void);

/* From the nth call of the kind on so many fail, each with the code that fits it; half of what was to be
 * written is. nth = 0: nothing fails. */
typedef enum fault_kind {
  FAULT_CHANGE, /* write, sync, truncation, opening, deletion, growth of the shared index: an I/O error */
  FAULT_FULL,   /* write: the disk is full */
  FAULT_READ    /* read: an I/O error */
} fault_kind;
#define FAULT_FOR_GOOD UINT_MAX
void fault_vfs_arm(fault_kind kind, unsigned nth, unsigned times);
bool fault_vfs_fired(void);

/* Meanwhile nothing fails and nothing is counted, and what is opened is not remembered. */
void fault_vfs_pause(bool paused);

/* From now on unsynced writes are remembered; false: no more. One database at a time. */
void fault_vfs_remember(bool on);

/* After so many more changes the power is cut, for a copy under the name `target`: the living file goes on.
 * seed decides what of the unsynced writes is left. */
void fault_vfs_cut_after(unsigned changes, const char *target, uint64_t seed);
bool fault_vfs_was_cut(void);

#endif
