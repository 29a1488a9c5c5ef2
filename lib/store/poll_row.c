#include "store/poll_row.h"

#include <stdlib.h>

#include <zlib.h>

#include "base/cursor.h"
#include "store/series_codec.h"

#define WHOLE 5u
#define CHANGES 6u
#define CHECK_BYTES 4u
/* A number at worst: ten bits and a half for each of its ten bits with models, the others plain. */
#define NUMBER_BYTES 20u

size_t seep_poll_row_bound(size_t before_count, size_t count)
{
  /* An entry before is gone (one number) or stays (two numbers and a bit at most), a new one takes two. */
  return 1 + (3 + (before_count + count) * 2) * NUMBER_BYTES + CHECK_BYTES + 8;
}

/* What is learned while a poll is coded. */
typedef struct models {
  seep_series_number counts, stayed, unchanged, step, row, pages;
  seep_bit_model fell;
} models;

static void models_init(models *m)
{
  seep_series_number_init(&m->counts);
  seep_series_number_init(&m->stayed);
  seep_series_number_init(&m->unchanged);
  seep_series_number_init(&m->step);
  seep_series_number_init(&m->row);
  seep_series_number_init(&m->pages);
  seep_bit_model_init(&m->fell, 1);
}

static size_t put_check(uint8_t *out, size_t length)
{
  uint32_t check = (uint32_t)crc32(0, out, (uInt)length);
  for (unsigned i = 0; i < CHECK_BYTES; i++) {
    out[length++] = (uint8_t)(check >> (8 * i));
  }
  return length;
}

typedef struct tally {
  size_t gone, changed, added;
} tally;

/* What has become of the entries: +1 gone, 0 still there, -1 the entry is new. */
static int compare(const seep_poll_entry *before, size_t before_count, size_t b,
                   const seep_poll_entry *entries, size_t count, size_t e)
{
  if (b < before_count && (e == count || before[b].row < entries[e].row)) {
    return 1;
  }
  return b < before_count && before[b].row == entries[e].row ? 0 : -1;
}

static tally count_changes(const seep_poll_entry *before, size_t before_count, const seep_poll_entry *entries,
                           size_t count)
{
  tally t = {0, 0, 0};
  for (size_t b = 0, e = 0; b < before_count || e < count;) {
    int fate = compare(before, before_count, b, entries, count, e);
    t.gone += fate > 0;
    t.added += fate < 0;
    t.changed += fate == 0 && before[b].pages != entries[e].pages;
    b += fate >= 0;
    e += fate <= 0;
  }
  return t;
}

static void put_gone(seep_bit_encoder *encoder, models *m, const seep_poll_entry *before, size_t before_count,
                     const seep_poll_entry *entries, size_t count)
{
  size_t stayed = 0;
  for (size_t b = 0, e = 0; b < before_count;) {
    int fate = compare(before, before_count, b, entries, count, e);
    if (fate > 0) {
      seep_series_encode_number(encoder, &m->stayed, stayed);
      stayed = 0;
    }
    stayed += fate == 0;
    b += fate >= 0;
    e += fate <= 0;
  }
}

static void put_changed(seep_bit_encoder *encoder, models *m, const seep_poll_entry *before,
                        size_t before_count, const seep_poll_entry *entries, size_t count)
{
  size_t unchanged = 0;
  for (size_t b = 0, e = 0; b < before_count;) {
    int fate = compare(before, before_count, b, entries, count, e);
    if (fate == 0 && before[b].pages != entries[e].pages) {
      bool fell = entries[e].pages < before[b].pages;
      seep_series_encode_number(encoder, &m->unchanged, unchanged);
      seep_bit_encode(encoder, &m->fell, fell);
      seep_series_encode_number(
          encoder, &m->step, fell ? before[b].pages - entries[e].pages : entries[e].pages - before[b].pages);
      unchanged = 0;
    } else {
      unchanged += fate == 0;
    }
    b += fate >= 0;
    e += fate <= 0;
  }
}

static void put_added(seep_bit_encoder *encoder, models *m, const seep_poll_entry *before,
                      size_t before_count, const seep_poll_entry *entries, size_t count)
{
  int64_t row = SEEP_POLL_FIRST_ROW - 1;
  for (size_t b = 0, e = 0; e < count;) {
    int fate = compare(before, before_count, b, entries, count, e);
    if (fate < 0) {
      seep_series_encode_number(encoder, &m->row, (uint64_t)(entries[e].row - row));
      seep_series_encode_number(encoder, &m->pages, entries[e].pages);
      row = entries[e].row;
    }
    b += fate >= 0;
    e += fate <= 0;
  }
}

size_t seep_poll_row_encode(const seep_poll_entry *before, size_t before_count,
                            const seep_poll_entry *entries, size_t count, uint8_t *out)
{
  models m;
  seep_bit_encoder encoder;
  before_count = before != NULL ? before_count : 0;
  tally t = count_changes(before, before_count, entries, count);
  models_init(&m);
  out[0] = before != NULL ? CHANGES : WHOLE;
  seep_bit_encoder_init(&encoder, out + 1, seep_poll_row_bound(before_count, count) - 1 - CHECK_BYTES);
  if (before != NULL) {
    seep_series_encode_number(&encoder, &m.counts, t.gone);
    put_gone(&encoder, &m, before, before_count, entries, count);
    seep_series_encode_number(&encoder, &m.counts, t.changed);
    put_changed(&encoder, &m, before, before_count, entries, count);
  }
  seep_series_encode_number(&encoder, &m.counts, t.added);
  put_added(&encoder, &m, before, before_count, entries, count);
  return put_check(out, 1 + seep_bit_encoder_finish(&encoder));
}

/* ---- reading ---- */

bool seep_poll_row_is_whole(const uint8_t *bytes, size_t size)
{
  return size > 0 && bytes[0] == WHOLE;
}

/* Copies those that stay; false when the numbers do not fit what there is. */
static bool take_staying(seep_bit_decoder *decoder, models *m, const seep_poll_entry *before,
                         size_t before_count, seep_poll_entry *entries, size_t room, size_t *count)
{
  size_t at = 0;
  uint64_t gone = seep_series_decode_number(decoder, &m->counts);
  for (uint64_t i = 0; i <= gone; i++) {
    /* Behind the last gone one all the rest stays. */
    uint64_t stay = i < gone ? seep_series_decode_number(decoder, &m->stayed) : before_count - at;
    if (stay > before_count - at || (i < gone && stay == before_count - at)) {
      return false;
    }
    for (uint64_t k = 0; k < stay; k++) {
      if (*count < room) {
        entries[*count] = before[at];
      }
      (*count)++;
      at++;
    }
    at += i < gone;
  }
  return true;
}

static bool take_changes(seep_bit_decoder *decoder, models *m, seep_poll_entry *entries, size_t count)
{
  size_t at = 0;
  uint64_t changed = seep_series_decode_number(decoder, &m->counts);
  for (uint64_t i = 0; i < changed; i++) {
    uint64_t skip = seep_series_decode_number(decoder, &m->unchanged);
    bool fell = seep_bit_decode(decoder, &m->fell) != 0;
    uint64_t step = seep_series_decode_number(decoder, &m->step);
    if (skip >= count - at) {
      return false;
    }
    at += (size_t)skip;
    uint64_t pages = entries[at].pages + (fell ? 0 - step : step);
    if (pages >> SEEP_SERIES_VALUE_BITS != 0) {
      return false;
    }
    entries[at++].pages = pages;
  }
  return true;
}

static bool take_added(seep_bit_decoder *decoder, models *m, seep_poll_entry *entries, size_t from, size_t to)
{
  int64_t row = SEEP_POLL_FIRST_ROW - 1;
  for (size_t i = from; i < to; i++) {
    uint64_t step = seep_series_decode_number(decoder, &m->row);
    uint64_t pages = seep_series_decode_number(decoder, &m->pages);
    if (step == 0 || step > (uint64_t)(SEEP_POLL_LAST_ROW - row)) {
      return false;
    }
    row += (int64_t)step;
    entries[i].row = row;
    entries[i].pages = pages;
  }
  return true;
}

static int compare_rows(const void *a, const void *b)
{
  int64_t left = ((const seep_poll_entry *)a)->row;
  int64_t right = ((const seep_poll_entry *)b)->row;
  return (left > right) - (left < right);
}

static bool ascends(const seep_poll_entry *entries, size_t count)
{
  for (size_t i = 1; i < count; i++) {
    if (entries[i - 1].row >= entries[i].row) {
      return false;
    }
  }
  return true;
}

/* New processes have the highest rows, so hardly ever is there anything to sort. */
static bool put_in_order(seep_poll_entry *entries, size_t count)
{
  if (!ascends(entries, count)) {
    qsort(entries, count, sizeof *entries, compare_rows);
  }
  return ascends(entries, count);
}

static seep_status corrupt(seep_error *error, size_t offset)
{
  return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, (int64_t)offset, "decode poll", NULL);
}

static bool check_is_right(const uint8_t *bytes, size_t size)
{
  seep_cursor cursor;
  seep_cursor_init(&cursor, bytes, size);
  seep_cursor_seek(&cursor, size - CHECK_BYTES);
  return seep_cursor_u32(&cursor) == (uint32_t)crc32(0, bytes, (uInt)(size - CHECK_BYTES));
}

seep_status seep_poll_row_decode(const uint8_t *bytes, size_t size, const seep_poll_entry *before,
                                 size_t before_count, seep_poll_entry *entries, size_t room, size_t *count,
                                 seep_error *error)
{
  models m;
  seep_bit_decoder decoder;
  size_t staying = 0;
  if (size < 1 + CHECK_BYTES || (bytes[0] != WHOLE && bytes[0] != CHANGES)) {
    return corrupt(error, 0);
  }
  if (!check_is_right(bytes, size)) {
    return corrupt(error, size);
  }
  models_init(&m);
  seep_bit_decoder_init(&decoder, bytes + 1, size - 1 - CHECK_BYTES);
  if (bytes[0] == CHANGES && !take_staying(&decoder, &m, before, before_count, entries, room, &staying)) {
    return corrupt(error, 1);
  }
  if (staying <= room && bytes[0] == CHANGES && !take_changes(&decoder, &m, entries, staying)) {
    return corrupt(error, 1);
  }
  uint64_t added = staying <= room ? seep_series_decode_number(&decoder, &m.counts) : 0;
  if (staying > room || added > room - staying) {
    return seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_FORMAT, 1, "decode poll", NULL);
  }
  size_t total = staying + (size_t)added;
  if (!take_added(&decoder, &m, entries, staying, total) || !put_in_order(entries, total)) {
    return corrupt(error, 1);
  }
  *count = total;
  return SEEP_OK;
}
