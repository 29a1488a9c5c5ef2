#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/store/series_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "unit/store/store_files.h"

#define MIDNIGHT_MS INT64_C(1772323200000)

static uint64_t next_random(series_rig *rig)
{
  rig->random ^= rig->random << 13;
  rig->random ^= rig->random >> 7;
  rig->random ^= rig->random << 17;
  return rig->random;
}

static void birth(series_rig *rig, unsigned slot)
{
  uint32_t pid = rig->next_pid++;
  snprintf(rig->names[slot], sizeof rig->names[slot], "image-%u.exe", (unsigned)(pid % 7));
  rig->samples[slot] = (seep_store_sample){.key = {pid * 4, UINT64_C(130000000000000000) + pid},
                                           .name = rig->names[slot],
                                           .commit_bytes = pid * 40960u};
}

static void open_store(series_rig *rig, const char *path)
{
  assert_int_equal(seep_store_open(path, rig->now.wall, NULL, &rig->store, NULL, NULL), SEEP_OK);
}

void series_rig_init(series_rig *rig, const char *path, unsigned alive, uint64_t seed)
{
  memset(rig, 0, sizeof *rig);
  rig->random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
  rig->now = (seep_now){{5000}, {MIDNIGHT_MS}};
  rig->alive = alive;
  rig->next_pid = 1;
  rig->after_gap = true;
  for (unsigned i = 0; i < alive; i++) {
    birth(rig, i);
  }
  rig->polls = calloc(SERIES_RIG_POLLS, sizeof *rig->polls);
  assert_non_null(rig->polls);
  open_store(rig, path);
}

void series_rig_fini(series_rig *rig)
{
  seep_store_close(rig->store);
  free(rig->polls);
}

int series_rig_set_up(void **state, const char *path)
{
  *state = calloc(1, sizeof(series_rig));
  store_files_remove(path);
  return *state == NULL;
}

int series_rig_tear_down(void **state, const char *path)
{
  series_rig_fini(*state);
  free(*state);
  store_files_remove(path);
  return 0;
}

int64_t series_rig_ask(const char *path, const char *sql)
{
  sqlite3 *db = NULL;
  sqlite3_stmt *statement = NULL;
  assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
  int64_t value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return value;
}

void series_rig_reopen(series_rig *rig, const char *path)
{
  for (unsigned i = 0; i < rig->alive; i++) {
    rig->samples[i].store_id = 0;
  }
  rig->after_gap = true;
  open_store(rig, path);
}

static void live(series_rig *rig)
{
  for (unsigned i = 0; i < rig->alive; i++) {
    uint64_t chance = next_random(rig) % 100;
    if (chance == 0) {
      birth(rig, i);
    } else if (chance < 30) {
      rig->samples[i].commit_bytes += 4096 * (next_random(rig) % 500);
    } else if (chance < 40 && rig->samples[i].commit_bytes > 4096 * 400) {
      rig->samples[i].commit_bytes -= 4096 * (next_random(rig) % 400);
    }
  }
}

seep_status series_rig_poll_after(series_rig *rig, int64_t wall_ms, int64_t mono_ms)
{
  rig->now.wall.ms += wall_ms;
  rig->now.mono.ms += mono_ms;
  live(rig);
  uint64_t total = (next_random(rig) % 1000000) * 4096;
  seep_system_memory memory = {total, total * 2, UINT64_C(1) << 34, total / 4096 * 1024 / 4096 * 4096,
                               8192,  4096};
  seep_store_poll poll = {rig->now, SERIES_RIG_INTERVAL_MS, &memory, rig->samples, rig->alive};
  seep_status status = seep_store_append_poll(rig->store, &poll, NULL);
  if (status != SEEP_OK) {
    rig->after_gap = true;
    return status;
  }
  assert_true(rig->poll_count < SERIES_RIG_POLLS);
  series_rig_poll *kept = &rig->polls[rig->poll_count++];
  kept->now = rig->now;
  kept->gap = rig->after_gap;
  kept->count = rig->alive;
  kept->memory = memory;
  for (unsigned i = 0; i < rig->alive; i++) {
    kept->values[i] = (series_rig_value){rig->samples[i].key, rig->samples[i].commit_bytes};
  }
  rig->after_gap = false;
  return SEEP_OK;
}

void series_rig_polls(series_rig *rig, unsigned count)
{
  for (unsigned i = 0; i < count; i++) {
    assert_int_equal(series_rig_poll_after(rig, SERIES_RIG_INTERVAL_MS, SERIES_RIG_INTERVAL_MS), SEEP_OK);
  }
}

/* ---- comparing ---- */

typedef struct comparing {
  const series_rig *rig;
  size_t first, poll;
  unsigned in_poll;
  bool system;
} comparing;

static uint64_t figure(const seep_system_memory *memory, const char *name)
{
  const uint64_t figures[SEEP_STORE_FIGURES] = {
      memory->commit_total_bytes,       memory->commit_limit_bytes, memory->physical_total_bytes,
      memory->physical_available_bytes, memory->paged_pool_bytes,   memory->nonpaged_pool_bytes};
  for (int i = 0; i < SEEP_STORE_FIGURES; i++) {
    if (strcmp(seep_store_figure_names[i], name) == 0) {
      return figures[i];
    }
  }
  fail_msg("no figure is called %s", name);
  return 0;
}

static uint64_t expected_of(const series_rig_poll *poll, const seep_store_point *point, bool system)
{
  if (system) {
    return figure(&poll->memory, point->process->name);
  }
  for (unsigned i = 0; i < poll->count; i++) {
    if (poll->values[i].key.pid == point->process->key.pid &&
        poll->values[i].key.created == point->process->key.created) {
      char name[32];
      snprintf(name, sizeof name, "image-%u.exe", (unsigned)(point->process->key.pid / 4 % 7));
      assert_string_equal(point->process->name, name);
      return poll->values[i].commit_bytes;
    }
  }
  fail_msg("poll at %lld has a process that it did not have", (long long)point->wall.ms);
  return 0;
}

static bool compare(void *context, const seep_store_point *point)
{
  comparing *c = context;
  unsigned expected = c->system ? SEEP_STORE_FIGURES : c->rig->polls[c->poll].count;
  if (c->in_poll == expected) {
    c->poll++;
    c->in_poll = 0;
  }
  assert_true(c->poll < c->rig->poll_count);
  const series_rig_poll *poll = &c->rig->polls[c->poll];
  assert_true(point->wall.ms == poll->now.wall.ms);
  assert_int_equal(point->after_gap, poll->gap || c->poll == c->first);
  assert_true(point->commit_bytes == expected_of(poll, point, c->system));
  c->in_poll++;
  return true;
}

static void check(series_rig *rig, size_t first, bool system)
{
  seep_store_filter filter;
  comparing c = {rig, first, first, 0, system};
  seep_store_filter_init(&filter);
  filter.system = system;
  filter.from = first < rig->poll_count ? rig->polls[first].now.wall : rig->now.wall;
  assert_int_equal(seep_store_history(rig->store, &filter, compare, &c, NULL), SEEP_OK);
  if (first < rig->poll_count) {
    assert_int_equal(c.poll, rig->poll_count - 1);
    assert_int_equal(c.in_poll, system ? SEEP_STORE_FIGURES : rig->polls[c.poll].count);
  }
}

void series_rig_check(series_rig *rig, size_t first)
{
  check(rig, first, false);
  check(rig, first, true);
}
