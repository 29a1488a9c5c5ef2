/*
 * Whatever fails on the way to this version leaves a file of an earlier one as it was, or whole and of this
 * one.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include <sqlite3.h>

#include "fault_vfs.h"
#include "migration_rig.h"
#include "store_files.h"

#define PATH "test_store_migration_faults.db"
#define COPY "test_store_migration_faults_copy.db"

/* A sum over every row of the fixture's file, without the mark of a clean stop; 0: it is of another version.
 */
static uint64_t sum_old(const migration_fixture *f, const char *path)
{
  static const char *const queries[] = {"SELECT * FROM process ORDER BY id",
                                        "SELECT * FROM poll ORDER BY id",
                                        "SELECT * FROM leak ORDER BY id",
                                        "SELECT * FROM capture ORDER BY id",
                                        "SELECT * FROM journal ORDER BY id",
                                        "SELECT * FROM value WHERE name <> 'store.clean' ORDER BY name",
                                        "SELECT * FROM image ORDER BY id",
                                        "SELECT * FROM block ORDER BY id",
                                        "SELECT * FROM hour ORDER BY 1, 2",
                                        "SELECT * FROM event ORDER BY id",
                                        "SELECT * FROM sqlite_master ORDER BY name",
                                        "SELECT * FROM lineage ORDER BY image",
                                        "SELECT * FROM exhaustion ORDER BY id",
                                        "SELECT * FROM exhaustion_entry ORDER BY 1, 2, 3"};
  const size_t query_count = f->version == 1 ? 6 : f->version == 2 ? 11 : f->version < 5 ? 12 : 14;
  sqlite3 *db = NULL;
  sqlite3_stmt *statement = NULL;
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
  int version = sqlite3_column_int(statement, 0);
  sqlite3_finalize(statement);
  uint64_t sum = UINT64_C(14695981039346656037);
  for (size_t i = 0; version == f->version && i < query_count; i++) {
    assert_int_equal(sqlite3_prepare_v2(db, queries[i], -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
      for (int column = 0; column < sqlite3_column_count(statement); column++) {
        const uint8_t *bytes = sqlite3_column_blob(statement, column);
        int size = sqlite3_column_bytes(statement, column);
        for (int b = 0; b < size; b++) {
          sum = (sum ^ bytes[b]) * UINT64_C(1099511628211);
        }
        sum = (sum ^ 0x100) * UINT64_C(1099511628211);
      }
    }
    sqlite3_finalize(statement);
  }
  sqlite3_close(db);
  return version == f->version ? sum : 0;
}

/* least: so many openings are refused at least, which shows that the faults met the way and not its end. */
static void run_faults(const migration_fixture *f, fault_kind kind, unsigned times, unsigned step,
                       unsigned least)
{
  migration_unpack(f, PATH);
  const uint64_t sum = sum_old(f, PATH);
  assert_true(sum != 0);
  bool fired = true;
  unsigned refused = 0, committed = 0;
  for (unsigned nth = 1; fired; nth += step * STORE_FILES_THINNED) {
    seep_store *store = NULL;
    seep_store_opening opening = {0};
    migration_unpack(f, PATH);
    fault_vfs_arm(kind, nth, times);
    seep_status status = seep_store_open(PATH, migration_moment(f->polls), NULL, &store, &opening, NULL);
    fired = fault_vfs_fired();
    fault_vfs_arm(kind, 0, 0);
    assert_string_equal(opening.set_aside, "");
    if (status != SEEP_OK) {
      assert_true(status == SEEP_OS || status == SEEP_LIMIT || status == SEEP_NOT_FOUND);
      store_files_copy(PATH, COPY);
      uint64_t left = sum_old(f, COPY);
      assert_true(left == sum || left == 0); /* 0: the very last sync failed, and all of it is done */
      committed += left == 0;
      refused++;
      assert_int_equal(seep_store_open(PATH, migration_moment(f->polls), NULL, &store, &opening, NULL),
                       SEEP_OK);
      assert_string_equal(opening.set_aside, "");
    }
    migration_check(f, PATH, store, 0);
    seep_store_close(store);
    assert_true(nth < 5000);
  }
  print_message("%s: %u openings refused, %u of them after the last write\n", f->name, refused, committed);
  assert_true(refused * STORE_FILES_THINNED > least);
  assert_true(committed <= refused / 2);
}

/* The newest of the old versions and the oldest are put to every fault, those between to each third. */
static void test_io_error(void **state)
{
  (void)state;
  run_faults(&migration_killed[1], FAULT_CHANGE, 1, 1, 5);
  run_faults(&migration_killed[2], FAULT_CHANGE, 1, 3, 2);
  run_faults(&migration_killed[3], FAULT_CHANGE, 1, 3, 2);
  run_faults(&migration_killed[4], FAULT_CHANGE, 1, 3, 2);
  run_faults(&migration_killed[5], FAULT_CHANGE, 1, 1, 5);
  run_faults(&migration_closed[1], FAULT_CHANGE, FAULT_FOR_GOOD, 9, 5);
  run_faults(&migration_closed[2], FAULT_CHANGE, FAULT_FOR_GOOD, 3, 2);
  run_faults(&migration_closed[3], FAULT_CHANGE, FAULT_FOR_GOOD, 3, 2);
  run_faults(&migration_closed[4], FAULT_CHANGE, FAULT_FOR_GOOD, 3, 2);
  run_faults(&migration_closed[5], FAULT_CHANGE, FAULT_FOR_GOOD, 1, 5);
}

static void test_disk_full(void **state)
{
  (void)state;
  run_faults(&migration_killed[1], FAULT_FULL, FAULT_FOR_GOOD, 2, 5);
  run_faults(&migration_killed[2], FAULT_FULL, FAULT_FOR_GOOD, 3, 2);
  run_faults(&migration_killed[3], FAULT_FULL, FAULT_FOR_GOOD, 3, 2);
  run_faults(&migration_killed[4], FAULT_FULL, FAULT_FOR_GOOD, 3, 2);
  run_faults(&migration_killed[5], FAULT_FULL, FAULT_FOR_GOOD, 1, 5);
  run_faults(&migration_closed[1], FAULT_FULL, 1, 9, 5);
  run_faults(&migration_closed[2], FAULT_FULL, 1, 3, 2);
  run_faults(&migration_closed[3], FAULT_FULL, 1, 3, 2);
  run_faults(&migration_closed[4], FAULT_FULL, 1, 3, 2);
  run_faults(&migration_closed[5], FAULT_FULL, 1, 1, 5);
}

static void test_read_error(void **state)
{
  (void)state;
  run_faults(&migration_killed[1], FAULT_READ, 1, 2, 5);
  run_faults(&migration_killed[2], FAULT_READ, 1, 3, 2);
  run_faults(&migration_killed[3], FAULT_READ, 1, 3, 2);
  run_faults(&migration_killed[4], FAULT_READ, 1, 3, 2);
  run_faults(&migration_killed[5], FAULT_READ, 1, 1, 5);
  run_faults(&migration_closed[1], FAULT_READ, FAULT_FOR_GOOD, 3, 5);
  run_faults(&migration_closed[2], FAULT_READ, FAULT_FOR_GOOD, 3, 2);
  run_faults(&migration_closed[3], FAULT_READ, FAULT_FOR_GOOD, 3, 2);
  run_faults(&migration_closed[4], FAULT_READ, FAULT_FOR_GOOD, 3, 2);
  run_faults(&migration_closed[5], FAULT_READ, FAULT_FOR_GOOD, 1, 5);
}

/* The power fails on the way: the file is of one version or the other, and whole. */
static void cut_power(const migration_fixture *f, unsigned least)
{
  bool was_cut = true;
  unsigned changes = 1, old = 0;
  for (; was_cut; changes += STORE_FILES_THINNED) {
    seep_store *store = NULL;
    seep_store_opening opening = {0};
    migration_unpack(f, PATH);
    store_files_remove(COPY);
    fault_vfs_remember(true);
    fault_vfs_cut_after(changes, COPY, changes * UINT64_C(7919));
    assert_int_equal(seep_store_open(PATH, migration_moment(f->polls), NULL, &store, &opening, NULL),
                     SEEP_OK);
    seep_store_close(store);
    was_cut = fault_vfs_was_cut();
    fault_vfs_remember(false);
    if (!was_cut) {
      break;
    }
    old += sum_old(f, COPY) != 0;
    assert_int_equal(seep_store_open(COPY, migration_moment(f->polls), NULL, &store, &opening, NULL),
                     SEEP_OK);
    assert_string_equal(opening.set_aside, "");
    migration_check(f, COPY, store, 0);
    seep_store_close(store);
  }
  print_message("%s: %u power cuts, %u left the old version\n", f->name, changes / STORE_FILES_THINNED, old);
  assert_in_range(old * STORE_FILES_THINNED, least, changes - least);
}

static void test_power_cut(void **state)
{
  (void)state;
  cut_power(&migration_killed[1], 10);
  cut_power(&migration_killed[2], 5);
  cut_power(&migration_killed[3], 5);
  cut_power(&migration_killed[4], 5);
  cut_power(&migration_killed[5], 5);
  cut_power(&migration_closed[2], 5);
  cut_power(&migration_closed[3], 5);
  cut_power(&migration_closed[4], 5);
  cut_power(&migration_closed[5], 5);
}

static int set_up(void **state)
{
  (void)state;
  fault_vfs_install();
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  fault_vfs_remove();
  store_files_remove(PATH);
  store_files_remove(COPY);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_io_error),
      cmocka_unit_test(test_disk_full),
      cmocka_unit_test(test_read_error),
      cmocka_unit_test(test_power_cut),
  };
  return cmocka_run_group_tests_name("store/migration_faults", tests, set_up, tear_down);
}
