#include "unit/store/block_model.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "unit/store/random_polls.h"

void block_model_add(block_model *m, const seep_block_time *time, const seep_poll_entry *entries,
                     size_t count)
{
  block_model_list *list = &m->lists[m->polls];
  list->entries = calloc(count + 1, sizeof *entries);
  assert_non_null(list->entries);
  if (count > 0) {
    memcpy(list->entries, entries, count * sizeof *entries);
  }
  list->count = count;
  m->times[m->polls++] = *time;
}

void block_model_pack(block_model *m, unsigned announced)
{
  seep_block_builder *builder = seep_block_builder_new(announced);
  assert_non_null(builder);
  for (unsigned i = 0; i < m->polls; i++) {
    assert_int_equal(
        seep_block_builder_add(builder, &m->times[i], m->lists[i].entries, m->lists[i].count, NULL), SEEP_OK);
  }
  assert_int_equal(seep_block_builder_finish(builder, &m->bytes, &m->size, NULL), SEEP_OK);
  seep_block_builder_free(builder);
}

block_model *block_model_new(void)
{
  block_model *m = calloc(1, sizeof *m);
  assert_non_null(m);
  return m;
}

void block_model_free(block_model *m)
{
  for (unsigned i = 0; i < m->polls; i++) {
    free(m->lists[i].entries);
  }
  free(m->bytes);
  free(m);
}

block_model *block_model_random(uint64_t seed, size_t processes, unsigned polls)
{
  static random_polls source;
  block_model *m = block_model_new();
  random_polls_init(&source, seed, processes);
  for (unsigned i = 0; i < polls; i++) {
    seep_block_time time = {INT64_C(1790000000000) + (int64_t)i * 10000 + (int64_t)(source.state % 50),
                            i == 0 ? -1 : 10000 + (int64_t)(source.state >> 8) % 20, i % 97 == 0};
    block_model_add(m, &time, source.entries, source.count);
    random_polls_next(&source);
  }
  block_model_pack(m, polls);
  return m;
}

static bool is_wanted(const int64_t *wanted, size_t count, int64_t row)
{
  bool found = wanted == NULL;
  for (size_t i = 0; i < count && !found; i++) {
    found = wanted[i] == row;
  }
  return found;
}

static const seep_poll_entry *find(const block_model_list *list, int64_t row)
{
  for (size_t i = 0; i < list->count; i++) {
    if (list->entries[i].row == row) {
      return &list->entries[i];
    }
  }
  return NULL;
}

/* Ascending and apart, each value the right one: with the right count of them, then nothing is missing. */
bool block_model_check_series(void *context, const seep_block_series *series)
{
  block_reading *r = context;
  assert_true(series->row > r->row || (series->row == r->row && series->first > r->end));
  assert_true(series->count > 0 && series->first + series->count <= r->expected->polls);
  assert_true(is_wanted(r->wanted, r->wanted_count, series->row));
  for (unsigned i = 0; i < series->count; i++) {
    const seep_poll_entry *entry = find(&r->expected->lists[series->first + i], series->row);
    assert_non_null(entry);
    assert_true(entry->pages == series->pages[i]);
  }
  r->row = series->row;
  r->end = series->first + series->count;
  r->series++;
  r->values += series->count;
  return r->series != r->series_limit;
}

seep_status block_model_read(const block_model *m, const seep_block_view *view, const int64_t *wanted,
                             size_t count, block_reading *r)
{
  *r = (block_reading){.expected = m, .wanted = wanted, .wanted_count = count, .row = INT64_MIN};
  return seep_block_read(view, wanted, count, block_model_check_series, r, NULL);
}

void block_model_check_rows(const block_model *m, const seep_block_view *view, const int64_t *wanted,
                            size_t count)
{
  size_t expected = 0;
  block_reading r;
  for (unsigned i = 0; i < m->polls; i++) {
    for (size_t k = 0; k < m->lists[i].count; k++) {
      expected += is_wanted(wanted, count, m->lists[i].entries[k].row);
    }
  }
  assert_int_equal(block_model_read(m, view, wanted, count, &r), SEEP_OK);
  assert_int_equal(r.values, expected);
}

static void check_times(const block_model *m, const seep_block_view *view)
{
  static seep_block_time times[SEEP_BLOCK_MAXIMUM_POLLS];
  assert_int_equal(seep_block_times(view, times, NULL), SEEP_OK);
  for (unsigned i = 0; i < m->polls; i++) {
    assert_true(times[i].wall_ms == m->times[i].wall_ms);
    assert_true(times[i].elapsed_ms == (m->times[i].elapsed_ms < 0 ? -1 : m->times[i].elapsed_ms));
    assert_int_equal(times[i].after_gap, m->times[i].after_gap);
  }
}

seep_block_view block_model_check(const block_model *m)
{
  seep_block_view view;
  assert_int_equal(seep_block_open(&view, m->bytes, m->size, NULL), SEEP_OK);
  assert_int_equal(view.polls, m->polls);
  check_times(m, &view);
  block_model_check_rows(m, &view, NULL, 0);
  return view;
}
