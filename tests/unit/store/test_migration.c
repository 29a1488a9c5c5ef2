/*
 * Files of earlier versions: everything in them is there afterwards, and what was added can be used. Files of
 * a version to come stay untouched.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "migration_rig.h"
#include "poll_truth.h"
#include "store_files.h"

#define PATH "test_store_migration.db"
#define COPY "test_store_migration_copy.db"

/* Everything that has a definition, and the columns of the tables that later versions added to. */
static void describe(const char *path, char *out, size_t out_size)
{
  static const char *const queries[] = {
      "SELECT sql FROM sqlite_master WHERE type = 'view' ORDER BY name",
      "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY name",
      "SELECT name || ' ' || type || ' ' || ifnull(dflt_value, '-') FROM pragma_table_info('leak')",
      "SELECT name || ' ' || type || ' ' || ifnull(dflt_value, '-') FROM pragma_table_info('capture')",
      "SELECT sql FROM sqlite_master WHERE name LIKE 'exhaustion%' OR name LIKE 'answer%' ORDER BY name"};
  sqlite3 *db = NULL;
  size_t used = 0;
  assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
  for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, queries[i], -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
      int length =
          snprintf(out + used, out_size - used, "%s\n", (const char *)sqlite3_column_text(statement, 0));
      assert_true(length > 1 && (size_t)length < out_size - used);
      used += (size_t)length;
    }
    sqlite3_finalize(statement);
  }
  sqlite3_close(db);
}

/* An upgraded file is made like a new one. */
static void check_schema(void)
{
  static char upgraded[16384], fresh[16384];
  seep_store *store = NULL;
  store_files_remove(COPY);
  assert_int_equal(seep_store_open(COPY, migration_moment(0), NULL, &store, NULL, NULL), SEEP_OK);
  seep_store_close(store);
  describe(PATH, upgraded, sizeof upgraded);
  describe(COPY, fresh, sizeof fresh);
  assert_non_null(strstr(fresh, "removed_ms INTEGER 0\n"));
  assert_non_null(strstr(fresh, "time_left_ms INTEGER -1\n"));
  assert_non_null(strstr(fresh, "exhaustion_entry\n"));
  assert_non_null(strstr(fresh, "CREATE TABLE answer("));
  assert_string_equal(upgraded, fresh);
}

static void migrate(const migration_fixture *f)
{
  const size_t polls = f->polls;
  seep_store *store = NULL;
  seep_store_opening opening = {0};
  migration_unpack(f, PATH);
  assert_int_equal(seep_store_open_readonly(PATH, &store, NULL), SEEP_UNSUPPORTED);
  migration_unpack(f, PATH);
  assert_int_equal(seep_store_open(PATH, migration_moment(f->polls), NULL, &store, &opening, NULL), SEEP_OK);
  assert_string_equal(opening.set_aside, "");
  assert_false(opening.created);
  migration_check(f, PATH, store, 0);
  /* It goes on, and nothing is left of the old tables. */
  poll_script_run *run = poll_script_begin(&migration_script);
  for (size_t i = 0; i < MIGRATION_MORE; i++) {
    assert_int_equal(poll_script_append(run, store, polls + i, NULL), SEEP_OK);
  }
  poll_script_end(run);
  migration_check(f, PATH, store, MIGRATION_MORE);
  seep_store_journal_entry entry = {.kind = "recording"};
  assert_int_equal(seep_store_journal_add(store, &entry, NULL), SEEP_OK);
  assert_int_equal(entry.id, 4); /* a third was once there */
  assert_int_equal(seep_store_journal_remove(store, entry.id, NULL), SEEP_OK);
  seep_store_close(store);
  assert_int_equal(seep_store_open_readonly(PATH, &store, NULL), SEEP_OK);
  migration_check(f, PATH, store, MIGRATION_MORE);
  seep_store_close(store);
  check_schema();
}

static void test_closed(void **state)
{
  (void)state;
  for (int version = 1; version <= MIGRATION_NEWEST; version++) {
    migrate(&migration_closed[version]);
  }
}

static void test_killed(void **state)
{
  (void)state;
  for (int version = 1; version <= MIGRATION_NEWEST; version++) {
    migrate(&migration_killed[version]);
  }
}

static bool count_exhaustion(void *context, const seep_store_exhaustion *exhaustion)
{
  (void)exhaustion;
  ++*(unsigned *)context;
  return true;
}

static bool count_lineage(void *context, const seep_store_lineage *lineage)
{
  (void)lineage;
  ++*(unsigned *)context;
  return true;
}

static bool keep_removal(void *context, const seep_store_capture *capture)
{
  seep_wall *removed = context;
  assert_in_range(capture->id, 1, 3);
  removed[capture->id - 1] = capture->removed;
  return true;
}

static bool keep_time_left(void *context, const seep_store_leak *leak)
{
  *(int64_t *)context = leak->time_left_ms;
  return true;
}

/* What version 5 added. */
static void add_diagnosis(seep_store *store)
{
  const seep_exhaustion event = {.record_id = 9, .process_count = 1, .processes = {{.name = "new.exe"}}};
  seep_store_exhaustion exhaustion = {.event = &event};
  seep_store_filter filter;
  unsigned exhaustions = 0;
  seep_store_filter_init(&filter);
  assert_int_equal(seep_store_exhaustion_add(store, &exhaustion, NULL), SEEP_OK);
  assert_int_equal(seep_store_exhaustions(store, &filter, count_exhaustion, &exhaustions, NULL), SEEP_OK);
  assert_int_equal(exhaustion.id, exhaustions);
  int64_t left = 0; /* of the last case */
  assert_int_equal(seep_store_leaks(store, keep_time_left, &left, NULL), SEEP_OK);
  assert_int_equal(left, 5000);
}

/* What version 6 added, of the one recording that can be read and is there: the third. */
static void add_answer(seep_store *store)
{
  const seep_store_answer told = {
      .capture_id = 3, .state = SEEP_STORE_ANSWER_MADE, .told.culprit = "new.dll"};
  seep_store_capture capture;
  seep_store_answer answer;
  assert_int_equal(seep_store_capture_unanswered(store, (seep_wall){0}, &capture, NULL), SEEP_OK);
  assert_int_equal(capture.id, 3);
  assert_int_equal(seep_store_answer_set(store, &told, NULL), SEEP_OK);
  assert_int_equal(seep_store_capture_unanswered(store, (seep_wall){0}, &capture, NULL), SEEP_NOT_FOUND);
  assert_int_equal(seep_store_answer_get(store, 3, &answer, NULL), SEEP_OK);
  assert_string_equal(answer.told.culprit, "new.dll");
}

/* What was added can be written into an upgraded file as into a new one. */
static void test_new_columns(void **state)
{
  (void)state;
  const migration_fixture *const fixtures[] = {&migration_killed[1], &migration_closed[2],
                                               &migration_killed[3], &migration_closed[4],
                                               &migration_killed[5]};
  for (size_t i = 0; i < sizeof fixtures / sizeof fixtures[0]; i++) {
    seep_store *store = NULL;
    unsigned lineages = 0;
    migration_unpack(fixtures[i], PATH);
    assert_int_equal(seep_store_open(PATH, migration_moment(300), NULL, &store, NULL, NULL), SEEP_OK);
    seep_store_leak leak = {
        .image = "new.exe", .verdict = "rapid", .slope_low_bytes_per_hour = 1, .time_left_ms = 5000};
    assert_int_equal(seep_store_leak_open(store, &leak, NULL), SEEP_OK);
    assert_int_equal(leak.id, 4);
    const seep_store_lineage lineage = {.image = "new.exe", .seen = {1}};
    assert_int_equal(seep_store_lineage_save(store, &lineage, NULL), SEEP_OK);
    assert_int_equal(seep_store_lineages(store, count_lineage, &lineages, NULL), SEEP_OK);
    assert_int_equal(lineages, fixtures[i]->version < 3 ? 1 : 3);
    seep_store_capture capture = {
        .path = "D:\\3.etl.gz", .started = {9000}, .sha256 = "ab", .readable = true, .events_lost = 7};
    unsigned recent = 0;
    assert_int_equal(seep_store_capture_add(store, &capture, NULL), SEEP_OK);
    assert_int_equal(capture.id, 3);
    assert_int_equal(seep_store_captures_since(store, (seep_wall){8000}, &recent, NULL), SEEP_OK);
    assert_int_equal(recent, 2);
    /* An old row can be marked like a new one. */
    assert_int_equal(seep_store_capture_removed(store, "C:\\captures\\1-\xC3\xA4.etl", (seep_wall){77}, NULL),
                     SEEP_OK);
    seep_wall removed[3] = {{0}};
    assert_int_equal(seep_store_captures(store, keep_removal, removed, NULL), SEEP_OK);
    assert_true(removed[0].ms == 77 && removed[2].ms == 0);
    assert_true(removed[1].ms == (fixtures[i]->version < 4 ? 0 : 9000));
    add_diagnosis(store);
    add_answer(store);
    seep_store_close(store);
  }
}

/* ---- what version 1 could not read, and what this version does not know ---- */

static void test_unreadable_poll(void **state)
{
  (void)state;
  uint8_t known[MIGRATION_CLOSED_POLLS];
  seep_store *store = NULL;
  migration_unpack(&migration_closed[1], PATH);
  /* Of the first thirty the number is the row less one. */
  store_files_sql(PATH, "UPDATE poll SET block = X'0107000000789c' WHERE id = 8;"
                        "UPDATE poll SET block = X'' WHERE id = 12;"
                        "UPDATE poll SET block = X'01FFFFFFFF' WHERE id = 13");
  assert_int_equal(seep_store_open(PATH, migration_moment(MIGRATION_CLOSED_POLLS), NULL, &store, NULL, NULL),
                   SEEP_OK);
  migration_truth(known, MIGRATION_CLOSED_POLLS);
  known[7] = known[11] = known[12] = 0;
  known[13] |= POLL_AFTER_GAP;
  const poll_truth truth = {&migration_script, known, MIGRATION_CLOSED_POLLS, 0};
  const char *wrong = poll_truth_check(&truth, store);
  if (wrong != NULL) {
    fail_msg("%s", wrong);
  }
  seep_store_close(store);
}

static void assert_same_file(const char *path, const uint8_t *bytes, size_t size)
{
  size_t found_size = 0;
  uint8_t *found = store_files_read(path, &found_size);
  assert_int_equal(found_size, size);
  assert_memory_equal(found, bytes, size);
  free(found);
}

/* Closed, and with its log beside it. */
static void test_newer(void **state)
{
  (void)state;
  for (int logged = 0; logged < 2; logged++) {
    sqlite3 *db = NULL;
    seep_store *store = NULL;
    seep_store_opening opening = {0};
    migration_unpack(&migration_closed[4], PATH);
    assert_int_equal(sqlite3_open(PATH, &db), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (logged) {
      assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL), SQLITE_OK);
    }
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=7", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    size_t size = 0, log_size = 0;
    uint8_t *bytes = store_files_read(PATH, &size);
    uint8_t *log = store_files_read(PATH "-wal", &log_size);
    assert_int_equal(log != NULL, logged);
    seep_error error = {0};
    assert_int_equal(seep_store_open(PATH, migration_moment(0), NULL, &store, &opening, &error),
                     SEEP_UNSUPPORTED);
    assert_null(store);
    assert_string_equal(opening.set_aside, "");
    assert_int_equal(error.status, SEEP_UNSUPPORTED);
    assert_int_equal(seep_store_open_readonly(PATH, &store, NULL), SEEP_UNSUPPORTED);
    assert_same_file(PATH, bytes, size);
    if (logged) {
      assert_same_file(PATH "-wal", log, log_size);
    }
    free(bytes);
    free(log);
  }
}

static int tear_down(void **state)
{
  (void)state;
  store_files_remove(PATH);
  store_files_remove(COPY);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_closed),      cmocka_unit_test(test_killed),
      cmocka_unit_test(test_new_columns), cmocka_unit_test(test_unreadable_poll),
      cmocka_unit_test(test_newer),
  };
  return cmocka_run_group_tests_name("store/migration", tests, NULL, tear_down);
}
