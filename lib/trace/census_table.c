/*
 * Tables of a census: how many there were of each thing that is not known beforehand. Sorted and searched by
 * halves; a file that makes up ever new things fills a table once and no more.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "trace/census_internal.h"

static const uint8_t no_guid[16] = {0};

static int compare(const seep_trace_census_row *row, const uint8_t *guid, uint32_t number)
{
  int order = memcmp(row->guid, guid, sizeof row->guid);
  if (order != 0) {
    return order;
  }
  return row->number < number ? -1 : row->number > number;
}

/* The first row that does not come before it. */
static size_t find(const seep_trace_census_table *table, const uint8_t *guid, uint32_t number)
{
  size_t low = 0, high = table->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (compare(&table->rows[middle], guid, number) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* The room doubles: a table starts at 16 rows, so it is full when the count is a power of two from there on.
 */
static bool make_room(seep_trace_census_table *table)
{
  enum { START = 16 };
  size_t count = table->count;
  if (count != 0 && (count < START || (count & (count - 1)) != 0)) {
    return true;
  }
  void *rows = table->rows;
  if (!seep_array_resize(&rows, count == 0 ? START : 2 * count, sizeof *table->rows)) {
    return false;
  }
  table->rows = rows;
  return true;
}

bool seep_trace__census_add(seep_trace_census_table *table, const uint8_t *guid, uint32_t number,
                            uint64_t count)
{
  const uint8_t *name = guid != NULL ? guid : no_guid;
  if (table->last < table->count && compare(&table->rows[table->last], name, number) == 0) {
    table->rows[table->last].count += count;
    return true;
  }
  size_t at = find(table, name, number);
  if (at == table->count || compare(&table->rows[at], name, number) != 0) {
    if (table->count >= SEEP_TRACE_CENSUS_ROWS) {
      table->uncounted += count;
      return true;
    }
    if (!make_room(table)) {
      return false;
    }
    memmove(&table->rows[at + 1], &table->rows[at], (table->count - at) * sizeof *table->rows);
    memcpy(table->rows[at].guid, name, sizeof table->rows[at].guid);
    table->rows[at].number = number;
    table->rows[at].count = 0;
    table->count++;
  }
  table->rows[at].count += count;
  table->last = at;
  return true;
}
