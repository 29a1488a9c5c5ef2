/*
 * Many polls as one block: each process's commits side by side, packed by series_codec.h. Groups of
 * SEEP_BLOCK_GROUP processes can be read without the others. A pure codec over memory; it knows nothing of
 * SQLite.
 *
 * Layout: format u8 (4); varints: polls, bytes of the times, groups, then for each group its first row less
 * that of the group before (the first: less SEEP_POLL_FIRST_ROW), its series, its bytes; a u32 CRC-32 for the
 * times and one for each group; a u32 CRC-32 of all before; the times; the groups. All u32 little-endian.
 */
#ifndef SEEP_STORE_BLOCK_H
#define SEEP_STORE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "store/poll_row.h"

#define SEEP_BLOCK_MAXIMUM_POLLS 1024u
#define SEEP_BLOCK_GROUP 32u
#define SEEP_BLOCK_MAXIMUM_VALUES (UINT64_C(1) << 23) /* twenty times what the store puts into one */

typedef struct seep_block_time {
  int64_t wall_ms;
  int64_t elapsed_ms; /* running time since the poll before; negative: not known */
  bool after_gap;
} seep_block_time;

/* ---- making one ---- */

typedef struct seep_block_builder seep_block_builder;

/* polls: how many will be added, 1 to SEEP_BLOCK_MAXIMUM_POLLS. NULL when out of memory or out of bounds. */
seep_block_builder *seep_block_builder_new(unsigned polls);
void seep_block_builder_free(seep_block_builder *builder);

/* The next poll; entries as poll_row.h says. SEEP_LIMIT beyond the announced polls, SEEP_NO_MEMORY. */
seep_status seep_block_builder_add(seep_block_builder *builder, const seep_block_time *time,
                                   const seep_poll_entry *entries, size_t count, seep_error *error);

/* *bytes is malloc'ed and the caller's. At least one poll has been added; none can be any more. SEEP_LIMIT:
 * more than SEEP_BLOCK_MAXIMUM_VALUES, or too many rows. Wall times before 1970 become 0, running times of
 * more than 140,000 years unknown. */
seep_status seep_block_builder_finish(seep_block_builder *builder, uint8_t **bytes, size_t *size,
                                      seep_error *error);

/* ---- reading one; the bytes are hostile ---- */

typedef struct seep_block_view {
  const uint8_t *bytes;
  size_t size;
  unsigned polls;
  size_t groups;
  size_t directory; /* offsets */
  size_t checks;
  size_t times, times_size;
} seep_block_view;

/* bytes stay borrowed. SEEP_CORRUPT with the byte offset, SEEP_UNSUPPORTED for a format that is not ours yet.
 */
seep_status seep_block_open(seep_block_view *view, const uint8_t *bytes, size_t size, seep_error *error);

/* times: room for view->polls. */
seep_status seep_block_times(const seep_block_view *view, seep_block_time *times, seep_error *error);

typedef struct seep_block_series {
  int64_t row;
  unsigned first, count; /* polls first to first + count - 1 of the block have it */
  const uint64_t *pages; /* count of them; valid during the visit */
} seep_block_series;

/* By row; a row that was away in between comes once for each stay. The visitor returns false when out of
 * memory. */
typedef bool (*seep_block_visit)(void *context, const seep_block_series *series);

/* wanted: ascending rows, the others are passed over and whole groups of others not even decoded; NULL = all.
 */
seep_status seep_block_read(const seep_block_view *view, const int64_t *wanted, size_t wanted_count,
                            seep_block_visit visit, void *context, seep_error *error);

#endif
