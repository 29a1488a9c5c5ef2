/* Opening: fresh, again, damaged, foreign, newer, read-only beside a writer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "store_files.h"

#define PATH "test_store_open.db"
/* `moment` as a file name's text. */
#define ASIDE PATH ".damaged-20260921T133320Z"

static const seep_wall moment = {INT64_C(1789997600000)};

static seep_status open_with(const char *path, seep_store **store, seep_store_opening *opening)
{
  seep_error error = {0};
  seep_status status = seep_store_open(path, moment, NULL, store, opening, &error);
  if (status != SEEP_OK) {
    assert_int_equal(error.status, status);
    assert_non_null(error.operation);
  }
  return status;
}

static int clean(void **state)
{
  (void)state;
  store_files_remove(PATH);
  store_files_remove(ASIDE);
  store_files_remove(ASIDE "-2");
  store_files_remove(ASIDE "-3");
  return 0;
}

/* A store with polls and one journal entry, closed. */
static void make_store(size_t polls)
{
  store_samples samples;
  seep_store *store = NULL;
  assert_int_equal(open_with(PATH, &store, NULL), SEEP_OK);
  seep_store_journal_entry entry = {.written = moment, .kind = "recording", .subject = "seepwatch-1"};
  assert_int_equal(seep_store_journal_add(store, &entry, NULL), SEEP_OK);
  store_samples_init(&samples);
  for (size_t i = 0; i < polls; i++) {
    int64_t wall_ms = moment.ms + (int64_t)i * STORE_FILES_INTERVAL_MS;
    assert_int_equal(store_files_append(store, &samples, STORE_FILES_SAMPLES, wall_ms, NULL), SEEP_OK);
  }
  seep_store_close(store);
}

static size_t journal_entries(seep_store *store)
{
  seep_store_journal_entry entries[8];
  size_t count = 0;
  assert_int_equal(seep_store_journal_list(store, entries, 8, &count, NULL), SEEP_OK);
  for (size_t i = 0; i < count; i++) {
    assert_string_equal(entries[i].kind, "recording");
    assert_string_equal(entries[i].subject, "seepwatch-1");
  }
  return count;
}

/* Opens what was damaged: must give an empty, working store and the old bytes under another name. */
static void assert_set_aside(const char *target, size_t rescued)
{
  size_t old_size = 0, aside_size = 0;
  uint8_t *old = store_files_read(PATH, &old_size);
  seep_store *store = NULL;
  seep_store_opening opening = {0};
  assert_int_equal(open_with(PATH, &store, &opening), SEEP_OK);
  assert_string_equal(opening.set_aside, target);
  assert_false(opening.created);
  uint8_t *aside = store_files_read(target, &aside_size);
  assert_int_equal(aside_size, old_size);
  assert_memory_equal(aside, old, old_size);
  assert_int_equal(store_files_reading(store, STORE_FILES_SAMPLES).polls, 0);
  assert_int_equal(journal_entries(store), rescued);
  seep_store_close(store);
  assert_int_equal(open_with(PATH, &store, &opening), SEEP_OK);
  assert_string_equal(opening.set_aside, "");
  assert_int_equal(journal_entries(store), rescued);
  seep_store_close(store);
  free(old);
  free(aside);
}

static void test_fresh(void **state)
{
  (void)state;
  seep_store *store = NULL;
  seep_store_opening opening = {0};
  assert_int_equal(open_with(PATH, &store, &opening), SEEP_OK);
  assert_true(opening.created);
  assert_string_equal(opening.set_aside, "");
  seep_store_close(store);
  /* A clean close leaves one file that carries everything, and reading it adds none. */
  assert_int_equal(seep_store_open_readonly(PATH, &store, NULL), SEEP_OK);
  assert_int_equal(store_files_reading(store, 1).status, SEEP_OK);
  assert_false(store_files_exist(PATH "-wal"));
  assert_false(store_files_exist(PATH "-shm"));
  seep_store_close(store);
  size_t size = 0;
  uint8_t *file = store_files_read(PATH, &size);
  assert_true(size > 100);
  assert_memory_equal(file + 68, "Seep", 4);
  assert_int_equal(file[63], 6);
  assert_int_equal(file[16] << 8 | file[17], 4096);
  assert_int_equal(file[18], 1); /* no write-ahead log any more */
  assert_int_equal(file[67], 1); /* incremental vacuum */
  free(file);
  assert_int_equal(open_with(PATH, &store, &opening), SEEP_OK);
  assert_false(opening.created);
  seep_store_close(store);
  seep_store_close(NULL);
}

static void test_no_folder_no_path(void **state)
{
  (void)state;
  seep_store *store = NULL;
  assert_int_equal(open_with("no-such-folder/x.db", &store, NULL), SEEP_NOT_FOUND);
  assert_int_equal(open_with("", &store, NULL), SEEP_INVALID);
  assert_int_equal(seep_store_open_readonly(PATH, &store, NULL), SEEP_NOT_FOUND);
  assert_false(store_files_exist(PATH));
  assert_null(store);
}

static void test_empty_file_is_begun(void **state)
{
  (void)state;
  seep_store *store = NULL;
  seep_store_opening opening = {0};
  store_files_write(PATH, "", 0);
  assert_int_equal(seep_store_open_readonly(PATH, &store, NULL), SEEP_NOT_FOUND);
  assert_int_equal(open_with(PATH, &store, &opening), SEEP_OK);
  assert_string_equal(opening.set_aside, "");
  seep_store_close(store);
}

static void test_random_bytes(void **state)
{
  (void)state;
  uint8_t bytes[10000];
  uint32_t random = 1;
  for (size_t i = 0; i < sizeof bytes; i++) {
    random = random * 1664525u + 1013904223u;
    bytes[i] = (uint8_t)(random >> 24);
  }
  static const char *const targets[] = {ASIDE, ASIDE "-2", ASIDE "-3"};
  static const size_t sizes[] = {sizeof bytes, 50, 5000};
  for (size_t i = 0; i < 3; i++) {
    store_files_remove(PATH);
    store_files_write(PATH, bytes, sizes[i]);
    store_files_write(PATH "-wal", bytes, 300);
    seep_store *store = NULL;
    assert_int_equal(seep_store_open_readonly(PATH, &store, NULL), SEEP_CORRUPT);
    assert_set_aside(targets[i], 0);
  }
  assert_true(store_files_exist(ASIDE));
}

static void test_foreign_database(void **state)
{
  (void)state;
  store_files_sql(PATH, "CREATE TABLE journal(id INTEGER, written_ms INTEGER, kind TEXT, subject TEXT);"
                        "INSERT INTO journal VALUES(1, 2, 'theirs', 'not ours to undo')");
  seep_store *store = NULL;
  assert_int_equal(seep_store_open_readonly(PATH, &store, NULL), SEEP_CORRUPT);
  assert_set_aside(ASIDE, 0);
}

static void test_missing_table(void **state)
{
  (void)state;
  make_store(3);
  store_files_sql(PATH, "DROP TABLE poll");
  assert_set_aside(ASIDE, 1);
  clean(state);
  make_store(3);
  store_files_sql(PATH, "DROP TABLE lineage");
  assert_set_aside(ASIDE, 1);
}

static void test_truncated(void **state)
{
  (void)state;
  make_store(200);
  size_t size = 0;
  uint8_t *file = store_files_read(PATH, &size);
  assert_true(size > 40000);
  store_files_write(PATH, file, size / 2 / 4096 * 4096);
  free(file);
  seep_store *store = NULL;
  assert_int_equal(open_with(PATH, &store, NULL), SEEP_OK);
  seep_store_close(store);
  assert_true(store_files_exist(ASIDE));
}

/* Pages of samples overwritten while the mark of a clean stop is missing; the journal is carried over. */
static void test_damaged_pages(void **state)
{
  (void)state;
  make_store(200);
  store_files_sql(PATH, "UPDATE value SET value = '0' WHERE name = 'store.clean'");
  size_t size = 0;
  uint8_t *file = store_files_read(PATH, &size);
  memset(file + size - 5 * 4096, 0xA5, 3 * 4096);
  store_files_write(PATH, file, size);
  free(file);
  assert_set_aside(ASIDE, 1);
}

static void make_damaged(size_t page)
{
  size_t size = 0;
  store_files_remove(PATH);
  make_store(200);
  uint8_t *file = store_files_read(PATH, &size);
  assert_true(size > (page + 1) * 4096);
  memset(file + page * 4096, 0xA5, 4096);
  store_files_write(PATH, file, size);
  free(file);
}

/* The same damage after a clean stop is met in use, unless the little that is looked at in any case has it:
 * then the next opening looks at everything. */
static void test_damage_met_in_use(void **state)
{
  (void)state;
  bool met = false;
  /* The first pages are the tables' roots. */
  for (size_t page = 24; page < 30 && !met; page++) {
    seep_store *store = NULL;
    seep_store_opening opening = {0};
    make_damaged(page);
    assert_int_equal(open_with(PATH, &store, &opening), SEEP_OK);
    met = opening.set_aside[0] == '\0' &&
          store_files_reading(store, STORE_FILES_SAMPLES).status == SEEP_CORRUPT;
    seep_store_close(store);
    if (met) {
      assert_int_equal(open_with(PATH, &store, &opening), SEEP_OK);
      assert_string_equal(opening.set_aside, ASIDE);
      seep_store_close(store);
    }
    store_files_remove(ASIDE);
  }
  assert_true(met);
}

/* SQLite itself sees nothing wrong in a column that has another name. */
static void test_renamed_column(void **state)
{
  static const char *const columns[] = {"told_because", "after_gap", "nonpaged_pool_bytes", "quiet_lives"};
  for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
    size_t size = 0, found = 0;
    const size_t length = strlen(columns[i]);
    seep_store *store = NULL;
    make_store(3);
    uint8_t *file = store_files_read(PATH, &size);
    for (size_t at = 0; at + length < size; at++) { /* in views too, and where a page was free */
      if (memcmp(file + at, columns[i], length) == 0) {
        file[at + 2] ^= 1;
        found++;
      }
    }
    assert_true(found > 0);
    store_files_write(PATH, file, size);
    free(file);
    assert_int_equal(seep_store_open_readonly(PATH, &store, NULL), SEEP_CORRUPT);
    assert_set_aside(ASIDE, 1);
    clean(state);
  }
}

static void test_newer_is_left_alone(void **state)
{
  (void)state;
  make_store(3);
  store_files_sql(PATH, "PRAGMA user_version=7");
  size_t before_size = 0, after_size = 0;
  uint8_t *before = store_files_read(PATH, &before_size);
  seep_store *store = NULL;
  seep_store_opening opening = {0};
  assert_int_equal(open_with(PATH, &store, &opening), SEEP_UNSUPPORTED);
  assert_int_equal(seep_store_open_readonly(PATH, &store, NULL), SEEP_UNSUPPORTED);
  assert_null(store);
  assert_string_equal(opening.set_aside, "");
  uint8_t *after = store_files_read(PATH, &after_size);
  assert_int_equal(after_size, before_size);
  assert_memory_equal(after, before, before_size);
  free(before);
  free(after);
}

typedef struct rename_plan {
  unsigned calls, fail_at;
} rename_plan;

static seep_status planned_rename(void *context, const char *from, const char *to, seep_error *error)
{
  rename_plan *plan = context;
  if (++plan->calls == plan->fail_at) {
    return seep_error_set(error, SEEP_DENIED, SEEP_DOMAIN_NONE, 5, "rename", from);
  }
  return rename(from, to) == 0 ? SEEP_OK
                               : seep_error_set(error, SEEP_NOT_FOUND, SEEP_DOMAIN_NONE, 2, "rename", from);
}

/* Whichever renaming fails, the files are back where they were and nothing was begun. */
static void test_rename_fails(void **state)
{
  (void)state;
  for (unsigned fail_at = 1; fail_at <= 4; fail_at++) {
    clean(NULL);
    store_files_write(PATH, "no database at all", 18);
    store_files_write(PATH "-wal", "log", 3);
    store_files_write(PATH "-shm", "shm", 3);
    rename_plan plan = {0, fail_at};
    const seep_store_files files = {&plan, planned_rename};
    seep_store *store = NULL;
    seep_store_opening opening = {0};
    seep_error error = {0};
    assert_int_equal(seep_store_open(PATH, moment, &files, &store, &opening, &error), SEEP_DENIED);
    assert_int_equal(error.code, 5);
    assert_string_equal(opening.set_aside, "");
    size_t size = 0;
    uint8_t *bytes = store_files_read(PATH, &size);
    assert_int_equal(size, 18);
    assert_memory_equal(bytes, "no database at all", 18);
    free(bytes);
    bytes = store_files_read(PATH "-wal", &size);
    assert_int_equal(size, 3);
    free(bytes);
    plan.fail_at = 0;
    assert_int_equal(seep_store_open(PATH, moment, &files, &store, &opening, &error), SEEP_OK);
    assert_string_equal(opening.set_aside, ASIDE);
    assert_true(store_files_exist(ASIDE "-wal"));
    seep_store_close(store);
  }
}

static void test_readonly_beside_writer(void **state)
{
  (void)state;
  store_samples samples;
  seep_store *writer = NULL, *reader = NULL;
  store_samples_init(&samples);
  assert_int_equal(open_with(PATH, &writer, NULL), SEEP_OK);
  for (int64_t i = 1; i <= 5; i++) {
    assert_int_equal(store_files_append(writer, &samples, 6, i * 1000, NULL), SEEP_OK);
    if (reader == NULL) {
      assert_int_equal(seep_store_open_readonly(PATH, &reader, NULL), SEEP_OK);
    }
    store_reading reading = store_files_reading(reader, 6);
    assert_int_equal(reading.status, SEEP_OK);
    assert_int_equal(reading.polls, (size_t)i);
    assert_int_equal(reading.broken, 0);
  }
  const seep_store_limits limits = {{9000}, {9000}, 0};
  seep_store_pruned pruned;
  seep_store_journal_entry entry = {.kind = "x"};
  seep_store_event event = {.level = "error"};
  assert_int_equal(store_files_append(reader, &samples, 6, 9000, NULL), SEEP_DENIED);
  assert_int_equal(seep_store_prune(reader, &limits, &pruned, NULL), SEEP_DENIED);
  assert_int_equal(seep_store_event_add(reader, &event, NULL), SEEP_DENIED);
  assert_int_equal(seep_store_journal_add(reader, &entry, NULL), SEEP_DENIED);
  assert_int_equal(seep_store_value_set(reader, "x", "y", 1, NULL), SEEP_DENIED);
  seep_store_close(reader);
  seep_store_close(writer);
  assert_int_equal(seep_store_open_readonly(PATH, &reader, NULL), SEEP_OK);
  assert_int_equal(store_files_reading(reader, 6).polls, 5);
  seep_store_close(reader);
}

static void test_memory(void **state)
{
  (void)state;
  seep_store *store = NULL;
  seep_store_opening opening = {0};
  assert_int_equal(open_with(":memory:", &store, &opening), SEEP_OK);
  assert_true(opening.created);
  store_samples samples;
  store_samples_init(&samples);
  assert_int_equal(store_files_append(store, &samples, 9, 1000, NULL), SEEP_OK);
  assert_int_equal(store_files_reading(store, 9).points, 9);
  const seep_store_limits limits = {{2000}, {2000}, 0};
  seep_store_pruned pruned;
  assert_int_equal(seep_store_prune(store, &limits, &pruned, NULL), SEEP_OK);
  assert_true(pruned.raw_from.ms == 1000); /* the newest polls stay until they are packed */
  seep_store_close(store);
  assert_false(store_files_exist(":memory:"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, clean, clean)
  const struct CMUnitTest tests[] = {
      TEST(test_fresh),
      TEST(test_no_folder_no_path),
      TEST(test_empty_file_is_begun),
      TEST(test_random_bytes),
      TEST(test_foreign_database),
      TEST(test_missing_table),
      TEST(test_truncated),
      TEST(test_damaged_pages),
      TEST(test_damage_met_in_use),
      TEST(test_renamed_column),
      TEST(test_newer_is_left_alone),
      TEST(test_rename_fails),
      TEST(test_readonly_beside_writer),
      TEST(test_memory),
  };
  return cmocka_run_group_tests_name("store/open", tests, NULL, NULL);
}
