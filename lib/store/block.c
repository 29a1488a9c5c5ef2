/* Reads blocks. The directory is walked anew for each reading: it is a few dozen numbers. */
#include "store/block_internal.h"

#include <stdlib.h>

#include <zlib.h>

#include "base/cursor.h"
#include "store/varint.h"

void seep_block__models_init(seep_block_models *models)
{
  seep_series_models_init(&models->series);
  seep_series_number_init(&models->step);
  seep_series_number_init(&models->first);
  seep_series_number_init(&models->count);
  seep_bit_model_init(&models->whole, 1);
}

uint32_t seep_block__check(const uint8_t *bytes, size_t size)
{
  return (uint32_t)crc32(0, bytes, (uInt)size);
}

static seep_status corrupt(seep_error *error, size_t offset)
{
  return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, (int64_t)offset, "decode polls", NULL);
}

/* One entry of the directory. */
typedef struct group {
  int64_t row, last; /* rows of the group lie between them, both included */
  uint64_t series, size;
} group;

static void next_group(seep_cursor *cursor, group *g)
{
  uint64_t step = seep_varint_get(cursor);
  g->series = seep_varint_get(cursor);
  g->size = seep_varint_get(cursor);
  if (step > (uint64_t)(SEEP_POLL_LAST_ROW - g->row) || g->series == 0 || g->series > SEEP_BLOCK_GROUP) {
    cursor->failed = true;
    return;
  }
  g->row += (int64_t)step;
}

seep_status seep_block_open(seep_block_view *view, const uint8_t *bytes, size_t size, seep_error *error)
{
  seep_cursor cursor;
  seep_cursor_init(&cursor, bytes, size);
  if (size > 0 && bytes[0] != SEEP_BLOCK_FORMAT) {
    return seep_error_set(error, SEEP_UNSUPPORTED, SEEP_DOMAIN_FORMAT, 0, "decode polls", NULL);
  }
  seep_cursor_skip(&cursor, 1);
  uint64_t polls = seep_varint_get(&cursor);
  uint64_t body = seep_varint_get(&cursor);
  uint64_t groups = seep_varint_get(&cursor);
  if (cursor.failed || polls == 0 || polls > SEEP_BLOCK_MAXIMUM_POLLS || body > size ||
      groups > SEEP_BLOCK_MAXIMUM_GROUPS) {
    return corrupt(error, cursor.position);
  }
  *view = (seep_block_view){.bytes = bytes, .size = size, .polls = (unsigned)polls, .groups = (size_t)groups};
  view->times_size = (size_t)body;
  view->directory = cursor.position;
  group g = {SEEP_POLL_FIRST_ROW, SEEP_POLL_LAST_ROW, 0, 0};
  for (uint64_t i = 0; i < groups && !cursor.failed; i++) {
    next_group(&cursor, &g);
    if (g.size > size - body) {
      return corrupt(error, cursor.position);
    }
    body += g.size;
  }
  view->checks = cursor.position;
  seep_cursor_skip(&cursor, (size_t)(groups + 1) * SEEP_BLOCK_CHECK_BYTES);
  size_t guarded = cursor.position;
  uint32_t check = seep_cursor_u32(&cursor);
  view->times = cursor.position;
  if (cursor.failed || seep_cursor_left(&cursor) != body || check != seep_block__check(bytes, guarded)) {
    return corrupt(error, cursor.position);
  }
  return SEEP_OK;
}

static bool is_whole(const seep_block_view *view, size_t part, size_t at, size_t size)
{
  seep_cursor cursor;
  seep_cursor_init(&cursor, view->bytes, view->size);
  seep_cursor_seek(&cursor, view->checks + part * SEEP_BLOCK_CHECK_BYTES);
  return seep_cursor_u32(&cursor) == seep_block__check(view->bytes + at, size);
}

seep_status seep_block_times(const seep_block_view *view, seep_block_time *times, seep_error *error)
{
  uint64_t values[SEEP_BLOCK_MAXIMUM_POLLS];
  seep_bit_decoder decoder;
  if (!is_whole(view, 0, view->times, view->times_size)) {
    return corrupt(error, view->times);
  }
  seep_series_models *models = malloc(sizeof *models);
  if (models == NULL) {
    return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "decode polls", NULL);
  }
  seep_bit_decoder_init(&decoder, view->bytes + view->times, view->times_size);
  for (unsigned what = 0; what < 3; what++) {
    seep_series_models_init(models);
    seep_series_decode(&decoder, models, values, view->polls);
    for (unsigned i = 0; i < view->polls; i++) {
      if (what == 0) {
        times[i].wall_ms = (int64_t)values[i];
      } else if (what == 1) {
        times[i].elapsed_ms = (int64_t)values[i] - 1;
      } else {
        times[i].after_gap = values[i] != 0;
      }
    }
  }
  free(models);
  return SEEP_OK;
}

/* The first wanted row that is not below `row`. */
static size_t first_wanted(const int64_t *wanted, size_t count, int64_t row)
{
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (wanted[middle] < row) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

typedef struct reading {
  const int64_t *wanted; /* NULL = all */
  size_t wanted_count;
  seep_block_visit visit;
  void *context;
  seep_block_models *models;
  uint64_t *pages;
  uint64_t values; /* decoded so far: bytes of a few hundred KB could hold hundreds of millions */
} reading;

static bool is_wanted(const reading *r, int64_t row)
{
  size_t at = r->wanted != NULL ? first_wanted(r->wanted, r->wanted_count, row) : 0;
  return r->wanted == NULL || (at < r->wanted_count && r->wanted[at] == row);
}

static seep_status read_group(const seep_block_view *view, reading *r, const group *g, size_t at,
                              seep_error *error)
{
  seep_bit_decoder decoder;
  int64_t row = g->row;
  seep_block__models_init(r->models);
  seep_bit_decoder_init(&decoder, view->bytes + at, (size_t)g->size);
  for (uint64_t i = 0; i < g->series; i++) {
    uint64_t first = 0, count = view->polls;
    row += (int64_t)seep_series_decode_number(&decoder, &r->models->step);
    if (r->wanted != NULL && row > r->wanted[r->wanted_count - 1]) {
      break; /* rows ascend: the rest is for others */
    }
    if (!seep_bit_decode(&decoder, &r->models->whole)) {
      first = seep_series_decode_number(&decoder, &r->models->first);
      count = seep_series_decode_number(&decoder, &r->models->count);
    }
    r->values += count;
    if (r->values > SEEP_BLOCK_MAXIMUM_VALUES || first >= view->polls || count == 0 ||
        count > view->polls - first || row > g->last) {
      return corrupt(error, at);
    }
    seep_series_decode(&decoder, &r->models->series, r->pages, (size_t)count);
    seep_block_series series = {row, (unsigned)first, (unsigned)count, r->pages};
    if (is_wanted(r, row) && !r->visit(r->context, &series)) {
      return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "decode polls", NULL);
    }
  }
  return SEEP_OK;
}

/* Rows of a group lie between its first and the next group's first, both included: a row that was away may be
 * in two. */
static bool group_matters(const reading *r, int64_t first, bool has_next, int64_t next)
{
  size_t at = r->wanted != NULL ? first_wanted(r->wanted, r->wanted_count, first) : 0;
  return r->wanted == NULL || (at < r->wanted_count && (!has_next || r->wanted[at] <= next));
}

static seep_status read_groups(const seep_block_view *view, reading *r, seep_error *error)
{
  seep_cursor cursor;
  group g = {SEEP_POLL_FIRST_ROW, SEEP_POLL_LAST_ROW, 0, 0}, next = g;
  seep_status status = SEEP_OK;
  size_t at = view->times + view->times_size;
  seep_cursor_init(&cursor, view->bytes, view->size);
  seep_cursor_seek(&cursor, view->directory);
  if (view->groups > 0) {
    next_group(&cursor, &next);
  }
  for (size_t i = 0; i < view->groups && status == SEEP_OK; i++) {
    bool has_next = i + 1 < view->groups;
    g = next;
    if (has_next) {
      next_group(&cursor, &next);
      g.last = next.row;
    }
    if (group_matters(r, g.row, has_next, next.row)) {
      status =
          is_whole(view, i + 1, at, (size_t)g.size) ? read_group(view, r, &g, at, error) : corrupt(error, at);
    }
    at += (size_t)g.size;
  }
  return status;
}

seep_status seep_block_read(const seep_block_view *view, const int64_t *wanted, size_t wanted_count,
                            seep_block_visit visit, void *context, seep_error *error)
{
  reading r = {wanted, wanted_count, visit, context, malloc(sizeof *r.models), NULL, 0};
  r.pages = malloc(view->polls * sizeof *r.pages);
  seep_status status = SEEP_NO_MEMORY;
  if (r.models != NULL && r.pages != NULL) {
    status = read_groups(view, &r, error);
  } else {
    seep_error_set(error, status, SEEP_DOMAIN_NONE, 0, "decode polls", NULL);
  }
  free(r.models);
  free(r.pages);
  return status;
}
