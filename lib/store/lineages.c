/*
 * What images have shown in their earlier lives: at most SEEP_STORE_LINEAGES small rows, read once at a
 * start. The lists of figures are one blob each, floats in little-endian order.
 */
#include "store/store_internal.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cursor.h"

_Static_assert(sizeof(float) == 4, "a float is written as its 32 bits");

static void encode(const float *values, size_t count, uint8_t *out)
{
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, &values[i], sizeof bits);
    for (size_t b = 0; b < 4; b++) {
      *out++ = (uint8_t)(bits >> (8 * b));
    }
  }
}

/* false: not exactly so many, or one that is no number. */
static bool decode(const seep_store_query *query, int column, float *values, size_t count)
{
  const void *bytes = sqlite3_column_blob(query->statement, column);
  seep_cursor cursor;
  seep_cursor_init(&cursor, bytes,
                   bytes != NULL ? (size_t)sqlite3_column_bytes(query->statement, column) : 0);
  bool finite = true; /* NaN is on neither side of anything */
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = seep_cursor_u32(&cursor);
    memcpy(&values[i], &bits, sizeof bits);
    finite = finite && values[i] >= -FLT_MAX && values[i] <= FLT_MAX;
  }
  return finite && !cursor.failed && seep_cursor_left(&cursor) == 0;
}

static seep_status write_row(seep_store *store, const seep_store_lineage *lineage, seep_error *error)
{
  uint8_t rates[4 * SEEP_LINEAGE_LIVES];
  seep_store_query query;
  encode(lineage->lineage.rates, SEEP_LINEAGE_LIVES, rates);
  seep_store__query(&query, store, SEEP_SLOT_LINEAGE_SAVE,
                    "INSERT OR REPLACE INTO lineage(image, high_water, lives, quiet_lives, rates, seen_ms)"
                    " VALUES(?, ?, ?, ?, ?, ?)");
  seep_store__bind_text(&query, lineage->image);
  seep_store__bind_real(&query, lineage->lineage.high_water);
  seep_store__bind_i64(&query, lineage->lineage.lives);
  seep_store__bind_i64(&query, lineage->lineage.quiet_lives);
  seep_store__bind_bytes(&query, rates, sizeof rates, false);
  seep_store__bind_i64(&query, lineage->seen.ms);
  return seep_store__run(&query, "write lineage", error);
}

/* The newest is kept whatever it says: the clock may have been set back. */
static seep_status trim(seep_store *store, const char *newest, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_LINEAGE_TRIM,
                    "DELETE FROM lineage WHERE image IN (SELECT image FROM lineage WHERE image <> ?"
                    " ORDER BY seen_ms DESC, image LIMIT -1 OFFSET ?)");
  seep_store__bind_text(&query, newest);
  seep_store__bind_i64(&query, SEEP_STORE_LINEAGES - 1);
  return seep_store__run(&query, "write lineage", error);
}

seep_status seep_store_lineage_save(seep_store *store, const seep_store_lineage *lineage, seep_error *error)
{
  seep_status status = seep_store__begin(store, "write lineage", error);
  if (status != SEEP_OK) {
    return status;
  }
  status = write_row(store, lineage, error);
  if (status == SEEP_OK) {
    status = trim(store, lineage->image, error);
  }
  return seep_store__end(store, status, "write lineage", error);
}

static bool read_row(const seep_store_query *query, seep_store_lineage *out)
{
  sqlite3_stmt *row = query->statement;
  const int64_t lives = sqlite3_column_int64(row, 2), quiet = sqlite3_column_int64(row, 3);
  memset(out, 0, sizeof *out);
  seep_store__column_text(query, 0, out->image, sizeof out->image);
  out->lineage.high_water = sqlite3_column_double(row, 1);
  out->lineage.lives = (uint8_t)lives;
  out->lineage.quiet_lives = (uint8_t)quiet;
  out->seen = seep_store__column_wall(query, 5);
  const int length = sqlite3_column_bytes(row, 0);
  return length > 0 && strlen(out->image) == (size_t)length && lives >= 0 && lives <= SEEP_LINEAGE_LIVES &&
         quiet >= 0 && quiet <= UINT8_MAX && out->lineage.high_water >= 0 &&
         out->lineage.high_water <= DBL_MAX && decode(query, 4, out->lineage.rates, SEEP_LINEAGE_LIVES);
}

typedef struct lineages {
  seep_store_lineage *items;
  size_t count, capacity;
} lineages;

static seep_status read_all(seep_store *store, lineages *all, seep_error *error)
{
  seep_store_query query;
  bool enough_memory = true;
  seep_store__query(&query, store, SEEP_SLOT_LINEAGE_LIST,
                    "SELECT image, high_water, lives, quiet_lives, rates, seen_ms FROM lineage"
                    " ORDER BY seen_ms DESC, image");
  while (all->count < SEEP_STORE_LINEAGES && enough_memory && seep_store__row(&query)) {
    void *items = all->items;
    enough_memory = seep_array_reserve(&items, &all->capacity, all->count + 1, sizeof *all->items);
    all->items = items;
    if (enough_memory && read_row(&query, &all->items[all->count])) {
      all->count++;
    }
  }
  seep_status status = seep_store__finish(&query, "read lineages", error);
  return status == SEEP_OK && !enough_memory
             ? seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "read lineages", NULL)
             : status;
}

seep_status seep_store_lineages(seep_store *store, seep_store_lineage_visit visit, void *context,
                                seep_error *error)
{
  lineages all = {NULL, 0, 0};
  seep_status status = read_all(store, &all, error);
  for (size_t i = 0; status == SEEP_OK && i < all.count; i++) {
    if (!visit(context, &all.items[i])) {
      break;
    }
  }
  free(all.items);
  return status;
}
