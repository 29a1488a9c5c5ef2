/*
 * A day in the store's life with the nth change to a file failing, n = 1, 2, ... until none fails: once, or
 * from then on. What returned OK must be there afterwards, polls must be whole, and a failed write never
 * costs the file.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "fault_vfs.h"
#include "store_files.h"

#define PATH "test_store_faults.db"
#define PROCESSES 12u
#define POLLS 6

static const seep_wall moment = {INT64_C(1790000000000)};

typedef struct deeds {
  bool opened;
  unsigned polls, polls_tried, retries_failed, journal, leaks;
} deeds;

static void append(seep_store *store, store_samples *samples, int64_t i, deeds *done)
{
  seep_wall wall = {moment.ms + i * 30000};
  store_samples_fill(samples, PROCESSES, wall.ms);
  done->polls_tried++;
  seep_status status = seep_store_append_poll(store, wall, NULL, samples->list, PROCESSES, NULL);
  if (status != SEEP_OK) {
    assert_true(status == SEEP_OS || status == SEEP_LIMIT || status == SEEP_NOT_FOUND);
    status = seep_store_append_poll(store, wall, NULL, samples->list, PROCESSES, NULL);
    done->retries_failed += status != SEEP_OK;
  }
  done->polls += status == SEEP_OK;
}

static void live(deeds *done)
{
  store_samples samples;
  seep_store *store = NULL;
  seep_store_opening opening = {0};
  store_samples_init(&samples);
  done->opened = seep_store_open(PATH, moment, NULL, &store, &opening, NULL) == SEEP_OK;
  assert_string_equal(opening.set_aside, "");
  if (!done->opened) {
    assert_null(store);
    return;
  }
  for (int64_t i = 0; i < POLLS / 2; i++) {
    append(store, &samples, i, done);
  }
  seep_store_journal_entry entry = {.written = moment, .kind = "recording", .subject = "one"};
  done->journal += seep_store_journal_add(store, &entry, NULL) == SEEP_OK;
  seep_store_leak leak = {.image = "x.exe"};
  done->leaks += seep_store_leak_open(store, &leak, NULL) == SEEP_OK;
  for (int64_t i = POLLS / 2; i < POLLS; i++) {
    append(store, &samples, i, done);
  }
  store_reading reading = store_files_reading(store, PROCESSES);
  if (reading.status == SEEP_OK) {
    assert_int_equal(reading.broken, 0);
    assert_int_equal(reading.polls, done->polls);
  }
  seep_store_close(store);
}

static bool count_leak(void *context, const seep_store_leak *leak)
{
  (void)leak;
  ++*(unsigned *)context;
  return true;
}

static void look_back(const deeds *done)
{
  seep_store *store = NULL;
  seep_store_opening opening = {0};
  assert_int_equal(seep_store_open(PATH, moment, NULL, &store, &opening, NULL), SEEP_OK);
  assert_string_equal(opening.set_aside, "");
  store_reading reading = store_files_reading(store, PROCESSES);
  assert_int_equal(reading.status, SEEP_OK);
  assert_int_equal(reading.broken, 0);
  /* One that failed at its very last step may be there all the same, but whole. */
  assert_in_range(reading.polls, done->polls, done->polls_tried);
  seep_store_journal_entry entries[4];
  size_t count = 0;
  assert_int_equal(seep_store_journal_list(store, entries, 4, &count, NULL), SEEP_OK);
  assert_in_range(count, done->journal, done->opened ? 1 : 0);
  unsigned leaks = 0;
  assert_int_equal(seep_store_leaks(store, count_leak, &leaks, NULL), SEEP_OK);
  assert_in_range(leaks, done->leaks, done->opened ? 1 : 0);
  seep_store_close(store);
}

static void run_faults(int rc, bool persistent)
{
  unsigned n = 1;
  unsigned damaged_lives = 0;
  for (;; n++) {
    deeds done = {0};
    store_files_remove(PATH);
    fault_vfs_arm(n, rc, persistent);
    live(&done);
    bool fired = fault_vfs_fired();
    fault_vfs_arm(0, SQLITE_OK, false);
    if (done.opened && !persistent) {
      /* A fault that has passed is over: the second attempt is taken. */
      assert_int_equal(done.retries_failed, 0);
      assert_int_equal(done.polls, POLLS);
    }
    damaged_lives += !done.opened || done.polls < POLLS;
    look_back(&done);
    if (!fired) {
      assert_int_equal(done.polls, POLLS);
      break;
    }
    assert_true(n < 2000);
  }
  assert_true(n > 30);
  assert_true(damaged_lives > 5);
}

static void test_io_error_once(void **state)
{
  (void)state;
  run_faults(SQLITE_IOERR_WRITE, false);
}

static void test_io_error_for_good(void **state)
{
  (void)state;
  run_faults(SQLITE_IOERR_WRITE, true);
}

static void test_disk_full_once(void **state)
{
  (void)state;
  run_faults(SQLITE_FULL, false);
}

static void test_disk_full_for_good(void **state)
{
  (void)state;
  run_faults(SQLITE_FULL, true);
}

/* The status that the caller acts on. */
static void test_statuses(void **state)
{
  (void)state;
  store_samples samples;
  seep_store *store = NULL;
  seep_error error = {0};
  store_samples_init(&samples);
  assert_int_equal(seep_store_open(PATH, moment, NULL, &store, NULL, NULL), SEEP_OK);
  fault_vfs_arm(1, SQLITE_FULL, true);
  assert_int_equal(seep_store_append_poll(store, moment, NULL, samples.list, PROCESSES, &error), SEEP_LIMIT);
  assert_int_equal(error.domain, SEEP_DOMAIN_SQLITE);
  assert_int_equal(error.code, SQLITE_FULL);
  fault_vfs_arm(1, SQLITE_IOERR_WRITE, true);
  assert_int_equal(seep_store_value_set(store, "a", "b", 1, &error), SEEP_OS);
  assert_int_equal(error.code, SQLITE_IOERR_WRITE);
  fault_vfs_arm(0, SQLITE_OK, false);
  assert_int_equal(seep_store_append_poll(store, moment, NULL, samples.list, PROCESSES, &error), SEEP_OK);
  seep_store_close(store);
}

static int set_up(void **state)
{
  (void)state;
  fault_vfs_install();
  store_files_remove(PATH);
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  fault_vfs_remove();
  store_files_remove(PATH);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_io_error_once),  cmocka_unit_test(test_io_error_for_good),
      cmocka_unit_test(test_disk_full_once), cmocka_unit_test(test_disk_full_for_good),
      cmocka_unit_test(test_statuses),
  };
  return cmocka_run_group_tests_name("store/faults", tests, set_up, tear_down);
}
