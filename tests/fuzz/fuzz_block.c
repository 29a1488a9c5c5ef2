/*
 * A block of polls. The first byte says what the rest is: a block as it is; one whose checksums are put right
 * first, so that the code behind them is reached; or the material of polls, which must come out of their
 * block as they went in. What is accepted reads the same by rows as it does whole.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/cursor.h"
#include "store/block.h"
#include "store/varint.h"

#define PAGES_MAXIMUM ((UINT64_C(1) << 52) - 1)
#define VALUES_LIMIT 60000u /* then the visitor is out of memory: a few bytes may say a million values */
#define ROWS 64u
#define POLLS 40u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
  if (!condition) {
    abort();
  }
}

/* ---- reading ---- */

/* What has been seen as one number that any difference changes. */
typedef struct digest {
  const int64_t *only; /* take only this row; NULL = all */
  size_t values, series, polls;
  uint64_t sum;
} digest;

static bool take_series(void *context, const seep_block_series *series)
{
  digest *d = context;
  require(series->count > 0 && series->first < d->polls && series->count <= d->polls - series->first);
  require(series->row >= SEEP_POLL_FIRST_ROW);
  uint64_t sum = d->sum * 31 + (uint64_t)series->row;
  sum = sum * 31 + series->first;
  for (unsigned i = 0; i < series->count; i++) {
    require(series->pages[i] <= PAGES_MAXIMUM);
    sum = sum * 31 + series->pages[i];
  }
  if (d->only == NULL || *d->only == series->row) {
    d->sum = sum;
    d->series++;
  }
  d->values += series->count;
  return d->values < VALUES_LIMIT;
}

static void check_row(const seep_block_view *view, int64_t row)
{
  digest all = {&row, 0, 0, view->polls, 0}, one = {NULL, 0, 0, view->polls, 0};
  require(seep_block_read(view, NULL, 0, take_series, &all, NULL) == SEEP_OK);
  require(seep_block_read(view, &row, 1, take_series, &one, NULL) == SEEP_OK);
  require(all.sum == one.sum && all.series == one.series);
}

static void read_block(const uint8_t *bytes, size_t size)
{
  static seep_block_time times[SEEP_BLOCK_MAXIMUM_POLLS];
  seep_block_view view;
  seep_status status = seep_block_open(&view, bytes, size, NULL);
  if (status != SEEP_OK) {
    require(status == SEEP_CORRUPT || status == SEEP_UNSUPPORTED);
    return;
  }
  require(view.polls > 0 && view.polls <= SEEP_BLOCK_MAXIMUM_POLLS && view.groups <= size);
  status = seep_block_times(&view, times, NULL);
  require(status == SEEP_OK || status == SEEP_CORRUPT);
  digest all = {NULL, 0, 0, view.polls, 0};
  status = seep_block_read(&view, NULL, 0, take_series, &all, NULL);
  require(status == SEEP_OK || status == SEEP_CORRUPT || all.values >= VALUES_LIMIT);
  for (int64_t row = SEEP_POLL_FIRST_ROW; status == SEEP_OK && row < 40; row += row < 6 ? 1 : 11) {
    check_row(&view, row);
  }
}

/* ---- checksums ---- */

static void put_check(uint8_t *at, const uint8_t *bytes, size_t size)
{
  uint32_t check = (uint32_t)crc32(0, bytes, (uInt)size);
  for (unsigned i = 0; i < 4; i++) {
    at[i] = (uint8_t)(check >> (8 * i));
  }
}

/* Puts right what block.h says is checked, as far as the header's numbers lead into the bytes, and tells
 * where the last part ends: bytes behind it would be refused whatever they are. */
static size_t repair(uint8_t *bytes, size_t size)
{
  seep_cursor cursor;
  uint64_t sizes[512] = {0};
  seep_cursor_init(&cursor, bytes, size);
  seep_cursor_skip(&cursor, 1);
  seep_varint_get(&cursor);
  sizes[0] = seep_varint_get(&cursor);
  uint64_t groups = seep_varint_get(&cursor);
  if (cursor.failed || groups > 500) {
    return size;
  }
  for (size_t i = 1; i <= groups; i++) {
    seep_varint_get(&cursor);
    seep_varint_get(&cursor);
    sizes[i] = seep_varint_get(&cursor);
  }
  size_t checks = cursor.position;
  seep_cursor_skip(&cursor, ((size_t)groups + 2) * 4);
  for (size_t i = 0; i <= groups && !cursor.failed; i++) {
    const uint8_t *part = seep_cursor_bytes(&cursor, (size_t)sizes[i]);
    if (part != NULL) {
      put_check(bytes + checks + i * 4, part, (size_t)sizes[i]);
    }
  }
  if (checks + ((size_t)groups + 2) * 4 <= size) {
    put_check(bytes + checks + ((size_t)groups + 1) * 4, bytes, checks + ((size_t)groups + 1) * 4);
  }
  return cursor.failed ? size : cursor.position;
}

/* ---- making ---- */

typedef struct made {
  seep_poll_entry lists[POLLS][ROWS];
  size_t counts[POLLS];
  seep_block_time times[POLLS];
  unsigned polls;
  size_t values;
} made;

/* Bits of two bytes a row: there or not, and how its pages go on from the poll before. */
static void make_poll(made *m, const uint8_t *data, size_t size, uint64_t *pages)
{
  size_t count = 0;
  for (size_t row = 0; row < ROWS && 2 * row + 1 < size; row++) {
    uint8_t how = data[2 * row], value = data[2 * row + 1];
    pages[row] = how & 2   ? pages[row] + value
                 : how & 4 ? (uint64_t)value << how % 47
                           : pages[row] - value % 2;
    pages[row] &= PAGES_MAXIMUM;
    if (how & 1) {
      m->lists[m->polls][count++] =
          (seep_poll_entry){SEEP_POLL_FIRST_ROW + (int64_t)(row * row * row), pages[row]};
    }
  }
  m->times[m->polls] = (seep_block_time){(int64_t)data[0] * 1000000, (int64_t)data[1] - 1, data[0] % 2 != 0};
  m->counts[m->polls++] = count;
  m->values += count;
}

typedef struct comparing {
  const made *m;
  size_t values;
  int64_t row;
} comparing;

static bool compare_series(void *context, const seep_block_series *series)
{
  comparing *c = context;
  require(series->row >= c->row);
  c->row = series->row;
  for (unsigned i = 0; i < series->count; i++) {
    const seep_poll_entry *list = c->m->lists[series->first + i];
    size_t k = 0;
    while (k < c->m->counts[series->first + i] && list[k].row != series->row) {
      k++;
    }
    require(k < c->m->counts[series->first + i] && list[k].pages == series->pages[i]);
  }
  c->values += series->count;
  return true;
}

static void check_made(const made *m, const uint8_t *bytes, size_t size)
{
  seep_block_time times[POLLS];
  seep_block_view view;
  comparing c = {m, 0, SEEP_POLL_FIRST_ROW};
  require(seep_block_open(&view, bytes, size, NULL) == SEEP_OK && view.polls == m->polls);
  require(seep_block_times(&view, times, NULL) == SEEP_OK);
  for (unsigned i = 0; i < m->polls; i++) {
    require(times[i].wall_ms == m->times[i].wall_ms && times[i].elapsed_ms == m->times[i].elapsed_ms &&
            times[i].after_gap == m->times[i].after_gap);
  }
  require(seep_block_read(&view, NULL, 0, compare_series, &c, NULL) == SEEP_OK && c.values == m->values);
  for (unsigned i = 0; i < ROWS; i += 9) {
    check_row(&view, SEEP_POLL_FIRST_ROW + (int64_t)i * i * i);
  }
}

static void make_block(const uint8_t *data, size_t size)
{
  static made m;
  uint64_t pages[ROWS] = {0};
  uint8_t *bytes = NULL;
  size_t length = 0;
  m.polls = 0;
  m.values = 0;
  for (size_t step = size > 0 ? 2 + 2 * (data[0] % ROWS) : 2; size >= step && m.polls < POLLS; size -= step) {
    make_poll(&m, data, step, pages);
    data += step;
  }
  if (m.polls == 0) {
    return;
  }
  seep_block_builder *builder = seep_block_builder_new(m.polls);
  require(builder != NULL);
  for (unsigned i = 0; i < m.polls; i++) {
    require(seep_block_builder_add(builder, &m.times[i], m.lists[i], m.counts[i], NULL) == SEEP_OK);
  }
  require(seep_block_builder_finish(builder, &bytes, &length, NULL) == SEEP_OK);
  check_made(&m, bytes, length);
  free(bytes);
  seep_block_builder_free(builder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1 || size > 4096) {
    return 0;
  }
  if (data[0] % 3 == 2) {
    make_block(data + 1, size - 1);
    return 0;
  }
  size_t length = size - 1;
  uint8_t *bytes = malloc(size);
  require(bytes != NULL);
  memcpy(bytes, data + 1, length);
  if (data[0] % 3 == 1) {
    length = repair(bytes, length);
  }
  /* Moved to the end of the heap block: a byte too far is a sanitizer's finding. */
  memmove(bytes + size - length, bytes, length);
  read_block(bytes + size - length, length);
  free(bytes);
  return 0;
}
