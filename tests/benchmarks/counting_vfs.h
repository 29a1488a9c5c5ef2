/* SQLite's own file layer with a counter in front: how many bytes are written to the volume, to whichever of
 * a database's files. */
#ifndef BENCHMARKS_COUNTING_VFS_H
#define BENCHMARKS_COUNTING_VFS_H

#include <stdbool.h>
#include <stdint.h>

/* Becomes the default for databases opened from now on. */
void counting_vfs_install(void);

/* Bytes written and syncs asked for since the program began. */
uint64_t counting_vfs_written(void);
uint64_t counting_vfs_syncs(void);

/* Without syncs (for files whose making is not measured) the same is written, only faster. */
void counting_vfs_sync(bool on);

#endif
