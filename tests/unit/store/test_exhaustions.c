/* Events 2004 across a reopening, at the ends of what their structure can hold, and damaged; how many are
 * kept; and what one costs while memory is short. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "store_files.h"

#define PATH "test_store_exhaustions.db"

static const seep_wall moment = {INT64_C(1790000000000)};

static seep_store *open_store(const char *path)
{
  seep_store *store = NULL;
  assert_int_equal(seep_store_open(path, moment, NULL, &store, NULL, NULL), SEEP_OK);
  return store;
}

static int clean(void **state)
{
  (void)state;
  store_files_remove(PATH);
  return 0;
}

/* ---- what was written, and what came back ---- */

static void fill(char *text, size_t size, char character)
{
  memset(text, character, size - 1);
  text[size - 1] = '\0';
}

/* Every slot, with texts that fill their room. */
static void make_full(seep_exhaustion *event)
{
  *event = (seep_exhaustion){.time_created = UINT64_C(133000000000000001),
                             .record_id = 4711,
                             .has_system = true,
                             .commit_limit_bytes = 1,
                             .commit_charge_bytes = INT64_MAX,
                             .process_commit_bytes = 3,
                             .paged_pool_bytes = 4,
                             .nonpaged_pool_bytes = 5,
                             .physical_bytes = 6,
                             .physical_used_bytes = 7,
                             .process_total = UINT32_MAX,
                             .process_count = SEEP_EXHAUSTION_PROCESSES,
                             .paged_tag_count = SEEP_EXHAUSTION_TAGS,
                             .nonpaged_tag_count = SEEP_EXHAUSTION_TAGS};
  for (size_t i = 0; i < SEEP_EXHAUSTION_PROCESSES; i++) {
    seep_exhaustion_process *process = &event->processes[i];
    fill(process->name, sizeof process->name, (char)('a' + i));
    fill(process->version, sizeof process->version, (char)('0' + i));
    process->key = (seep_process_key){UINT32_MAX - (uint32_t)i, UINT64_C(133000000000000000) + i};
    process->commit_bytes = UINT64_C(1) << (40 + i);
    process->handles = UINT32_MAX - (uint32_t)i;
    process->type_info = 1u << i;
  }
  for (size_t i = 0; i < SEEP_EXHAUSTION_TAGS; i++) {
    fill(event->paged_tags[i].name, sizeof event->paged_tags[i].name, (char)('p' + i));
    fill(event->nonpaged_tags[i].name, sizeof event->nonpaged_tags[i].name, (char)('P' + i));
    event->paged_tags[i].bytes = 100 + i;
    event->nonpaged_tags[i].bytes = 200 + i;
  }
}

typedef struct kept {
  seep_exhaustion events[4];
  seep_store_exhaustion list[4];
  size_t count, most;
  seep_store *store; /* asked again from inside the visit */
} kept;

static bool keep(void *context, const seep_store_exhaustion *exhaustion)
{
  kept *k = context;
  assert_true(k->count < 4);
  k->events[k->count] = *exhaustion->event;
  k->list[k->count++] = *exhaustion;
  if (k->store != NULL) {
    assert_int_equal(seep_store_value_set(k->store, "inside", "x", 1, NULL), SEEP_OK);
  }
  return k->most == 0 || k->count < k->most;
}

static void read_all(seep_store *store, kept *k)
{
  seep_store_filter filter;
  seep_store_filter_init(&filter);
  memset(k, 0, sizeof *k);
  assert_int_equal(seep_store_exhaustions(store, &filter, keep, k, NULL), SEEP_OK);
}

static void assert_same_tags(const seep_exhaustion_tag *a, const seep_exhaustion_tag *b, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    assert_string_equal(a[i].name, b[i].name);
    assert_true(a[i].bytes == b[i].bytes);
  }
}

static void assert_same(const seep_exhaustion *a, const seep_exhaustion *b)
{
  assert_true(a->time_created == b->time_created && a->record_id == b->record_id);
  assert_int_equal(a->has_system, b->has_system);
  assert_true(a->commit_limit_bytes == b->commit_limit_bytes);
  assert_true(a->commit_charge_bytes == b->commit_charge_bytes);
  assert_true(a->process_commit_bytes == b->process_commit_bytes);
  assert_true(a->paged_pool_bytes == b->paged_pool_bytes && a->nonpaged_pool_bytes == b->nonpaged_pool_bytes);
  assert_true(a->physical_bytes == b->physical_bytes && a->physical_used_bytes == b->physical_used_bytes);
  assert_int_equal(a->process_total, b->process_total);
  assert_int_equal(a->process_count, b->process_count);
  for (size_t i = 0; i < a->process_count; i++) {
    const seep_exhaustion_process *one = &a->processes[i], *other = &b->processes[i];
    assert_string_equal(one->name, other->name);
    assert_string_equal(one->version, other->version);
    assert_true(one->key.pid == other->key.pid && one->key.created == other->key.created);
    assert_true(one->commit_bytes == other->commit_bytes && one->handles == other->handles);
    assert_int_equal(one->type_info, other->type_info);
  }
  assert_int_equal(a->paged_tag_count, b->paged_tag_count);
  assert_int_equal(a->nonpaged_tag_count, b->nonpaged_tag_count);
  assert_same_tags(a->paged_tags, b->paged_tags, a->paged_tag_count);
  assert_same_tags(a->nonpaged_tags, b->nonpaged_tags, a->nonpaged_tag_count);
}

static void test_round_trip(void **state)
{
  (void)state;
  seep_store *store = open_store(PATH);
  seep_exhaustion full, empty = {.process_count = 0}, strange = {.process_count = 2, .paged_tag_count = 1};
  make_full(&full);
  snprintf(strange.processes[0].name, sizeof strange.processes[0].name, "\xED\xA0\x80\x1B\".exe");
  strange.processes[0].commit_bytes = UINT64_MAX;
  strange.commit_limit_bytes = UINT64_MAX;
  snprintf(strange.paged_tags[0].name, sizeof strange.paged_tags[0].name, "\xFF");
  seep_store_exhaustion written[] = {{.seen = {1000},
                                      .told = true,
                                      .event = &full,
                                      .matches = {SEEP_STORE_MATCH_EXACT, SEEP_STORE_MATCH_NAME,
                                                  SEEP_STORE_MATCH_NONE, SEEP_STORE_MATCH_EXACT}},
                                     {.seen = {-5}, .event = &empty},
                                     {.seen = {3000}, .event = &strange}};
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(seep_store_exhaustion_add(store, &written[i], NULL), SEEP_OK);
    assert_int_equal(written[i].id, i + 1);
  }
  seep_store_close(store);
  assert_int_equal(seep_store_open_readonly(PATH, &store, NULL), SEEP_OK);
  static kept k;
  read_all(store, &k);
  seep_store_close(store);
  assert_int_equal(k.count, 3);
  /* Beyond 2^63 - 1 no number is kept. */
  strange.processes[0].commit_bytes = strange.commit_limit_bytes = INT64_MAX;
  for (size_t i = 0; i < 3; i++) {
    assert_true(k.list[i].id == written[i].id && k.list[i].seen.ms == written[i].seen.ms);
    assert_int_equal(k.list[i].told, written[i].told);
    assert_same(&k.events[i], written[i].event);
    assert_memory_equal(k.list[i].matches, written[i].matches, sizeof written[i].matches);
  }
}

/* from <= seen < to; a visitor that has seen enough, and one that writes. */
static void test_filter(void **state)
{
  (void)state;
  seep_store *store = open_store(PATH);
  const seep_exhaustion event = {.time_created = 1};
  for (int64_t i = 1; i <= 3; i++) {
    seep_store_exhaustion exhaustion = {.seen = {1000 * i}, .event = &event};
    assert_int_equal(seep_store_exhaustion_add(store, &exhaustion, NULL), SEEP_OK);
  }
  static kept k;
  seep_store_filter filter;
  seep_store_filter_init(&filter);
  filter.from.ms = 2000;
  filter.to.ms = 3000;
  k = (kept){.store = store};
  assert_int_equal(seep_store_exhaustions(store, &filter, keep, &k, NULL), SEEP_OK);
  assert_true(k.count == 1 && k.list[0].id == 2);
  seep_store_filter_init(&filter);
  k = (kept){.most = 2};
  assert_int_equal(seep_store_exhaustions(store, &filter, keep, &k, NULL), SEEP_OK);
  assert_int_equal(k.count, 2);
  seep_store_close(store);
}

/* ---- by somebody else's hand ---- */

static void test_damaged(void **state)
{
  (void)state;
  static seep_exhaustion full;
  static kept k;
  seep_store *store = open_store(PATH);
  make_full(&full);
  seep_store_exhaustion exhaustion = {.seen = {1000}, .event = &full};
  assert_int_equal(seep_store_exhaustion_add(store, &exhaustion, NULL), SEEP_OK);
  store_files_sql(
      PATH, "UPDATE exhaustion SET commit_limit_bytes = 'much', record_id = -3,"
            " seen_ms = 9223372036854775807 - 1, processes = 1e30;"
            "DELETE FROM exhaustion_entry WHERE part = 0 AND rank = 1;"
            "UPDATE exhaustion_entry SET name = X'FF00FF', matched = 99, pid = -1, created = 'x'"
            " WHERE part = 0 AND rank = 2;"
            "UPDATE exhaustion_entry SET matched = -1, name = hex(zeroblob(5000))"
            " WHERE part = 0 AND rank = 3;"
            "INSERT INTO exhaustion_entry SELECT exhaustion, 7, rank, name, bytes, pid, created, handles,"
            " version, type_info, matched FROM exhaustion_entry WHERE part = 0;"
            "INSERT INTO exhaustion_entry SELECT exhaustion, 1, rank + 3, name, bytes, pid, created,"
            " handles, version, type_info, matched FROM exhaustion_entry WHERE part = 1;"
            "INSERT INTO exhaustion_entry SELECT exhaustion, 0, rank + 100, name, bytes, pid, created,"
            " handles, version, type_info, matched FROM exhaustion_entry WHERE part = 0;"
            "INSERT INTO exhaustion_entry VALUES('who', 'what', 'where', '', 0, 0, 0, 0, '', 0, 0)");
  read_all(store, &k);
  assert_int_equal(k.count, 1);
  const seep_exhaustion *back = &k.events[0];
  assert_true(back->commit_limit_bytes == 0 && back->record_id == 0 && back->physical_bytes == 6);
  assert_int_equal(back->process_count, SEEP_EXHAUSTION_PROCESSES - 1);
  assert_string_equal(back->processes[0].name, "\xFF");
  assert_true(back->processes[0].key.created == 0 && back->processes[0].commit_bytes == UINT64_C(1) << 41);
  assert_int_equal(k.list[0].matches[0], SEEP_STORE_MATCH_NONE);
  assert_int_equal(k.list[0].matches[1], SEEP_STORE_MATCH_NONE);
  assert_int_equal(strlen(back->processes[1].name), SEEP_EXHAUSTION_NAME_SIZE - 1);
  assert_string_equal(back->processes[4].name, full.processes[5].name);
  assert_int_equal(back->paged_tag_count, SEEP_EXHAUSTION_TAGS);
  assert_same_tags(back->paged_tags, full.paged_tags, SEEP_EXHAUSTION_TAGS);
  /* The event alone is gone: what it named stands in nobody's way. */
  store_files_sql(PATH, "DELETE FROM exhaustion");
  read_all(store, &k);
  assert_int_equal(k.count, 0);
  assert_int_equal(seep_store_exhaustion_add(store, &exhaustion, NULL), SEEP_OK);
  read_all(store, &k);
  assert_int_equal(k.count, 1);
  assert_same(&k.events[0], &full);
  seep_store_close(store);
}

/* ---- limits ---- */

typedef struct ends {
  size_t count;
  int64_t first, last;
} ends;

static bool note_ends(void *context, const seep_store_exhaustion *exhaustion)
{
  ends *e = context;
  e->first = e->count == 0 ? exhaustion->id : e->first;
  e->last = exhaustion->id;
  e->count++;
  return true;
}

/* The oldest go, whatever the clock said; a file that somebody has filled comes down bit by bit. */
static void test_how_many_are_kept(void **state)
{
  (void)state;
  seep_store *store = open_store(PATH);
  const seep_exhaustion event = {.process_count = 1};
  seep_store_exhaustion exhaustion = {.seen = {9}, .event = &event};
  assert_int_equal(seep_store_exhaustion_add(store, &exhaustion, NULL), SEEP_OK);
  store_files_sql(
      PATH, "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 5149)"
            " INSERT INTO exhaustion SELECT i, 10000 - i, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM n;"
            "INSERT INTO exhaustion_entry SELECT id, 0, 1, 'a.exe', 0, 0, 0, 0, '', 0, 0 FROM exhaustion"
            " WHERE id > 1");
  static const size_t left[] = {SEEP_STORE_EXHAUSTIONS + 50, SEEP_STORE_EXHAUSTIONS, SEEP_STORE_EXHAUSTIONS};
  for (size_t i = 0; i < 3; i++) {
    seep_store_filter filter;
    ends e = {.count = 0};
    seep_store_filter_init(&filter);
    assert_int_equal(seep_store_exhaustion_add(store, &exhaustion, NULL), SEEP_OK);
    assert_int_equal(exhaustion.id, 5150 + i);
    assert_int_equal(seep_store_exhaustions(store, &filter, note_ends, &e, NULL), SEEP_OK);
    assert_int_equal(e.count, left[i]);
    assert_true(e.last == exhaustion.id && e.first == e.last - (int64_t)left[i] + 1);
  }
  seep_store_close(store);
}

/* Written while memory is short: what SQLite asks for meanwhile is no more than some pages, and the
 * statements are there already. */
static void test_small_allocations(void **state)
{
  (void)state;
  static seep_exhaustion full;
  seep_store *store = open_store(PATH);
  seep_store_exhaustion exhaustion = {.seen = {1000}, .event = &full};
  make_full(&full);
  sqlite3_int64 before = 0, most = 0, largest_before = 0, largest = 0;
  assert_int_equal(sqlite3_status64(SQLITE_STATUS_MALLOC_SIZE, &largest_before, &largest, 1), SQLITE_OK);
  assert_int_equal(sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &before, &most, 1), SQLITE_OK);
  assert_int_equal(seep_store_exhaustion_add(store, &exhaustion, NULL), SEEP_OK);
  assert_int_equal(sqlite3_status64(SQLITE_STATUS_MALLOC_SIZE, &largest_before, &largest, 0), SQLITE_OK);
  sqlite3_int64 now = 0;
  assert_int_equal(sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &now, &most, 0), SQLITE_OK);
  print_message("largest allocation %lld bytes, at most %lld bytes more in use\n", (long long)largest,
                (long long)(most - before));
  assert_in_range(largest, 1, 8192);
  assert_in_range(most - before, 1, 24576);
  seep_store_close(store);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, clean, clean)
  const struct CMUnitTest tests[] = {TEST(test_round_trip), TEST(test_filter), TEST(test_damaged),
                                     TEST(test_how_many_are_kept), TEST(test_small_allocations)};
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 1); /* some builds do not count */
  return cmocka_run_group_tests_name("store/exhaustions", tests, NULL, NULL);
}
