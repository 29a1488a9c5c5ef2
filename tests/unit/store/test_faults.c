/*
 * A day in the store's life with the nth call to a file failing, n = 1, 2, ... until none fails: once, for a
 * while, or for good. What returned OK must be there afterwards and nothing else, polls must be whole, the
 * one behind a lost one stands after a gap, a fault never costs the file, and when it is over the same store
 * goes on writing.
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
#include "poll_truth.h"
#include "store_files.h"

#define PATH "test_store_faults.db"
#define COPY "test_store_faults_copy.db"
#define POLLS 18u      /* two segments are packed and four hours end on the way */
#define LAST_POLLS 14u /* from here on nothing fails any more */
#define PRUNED_AT 11u
#define REOPENED_AT 9u

/* An hour is four polls, a segment six. Who is away comes back under his row only within one life, so that a
 * life is either interrupted or has such. */
static const poll_script interrupted = {10, 6, 15 * SEEP_MS_PER_MINUTE, false};
static const poll_script returning = {10, 6, 15 * SEEP_MS_PER_MINUTE, true};

typedef struct day {
  const poll_script *script;
  seep_store *store;
  poll_script_run *run;
  uint8_t polls[POLLS]; /* as poll_truth.h says */
  unsigned kept, lost;
  bool missed;      /* the poll before was lost, or there is none in this life */
  int64_t doubtful; /* number of the lost poll that may be there after a reopening all the same; -1: none */
  bool doubtful_missed;
  unsigned events, journal, leaks, lineages, exhaustions, tried;
} day;

static void assert_failure(seep_status status)
{
  if (status != SEEP_OS && status != SEEP_LIMIT && status != SEEP_NOT_FOUND) {
    fail_msg("a fault came back as %s", seep_status_text(status));
  }
}

static seep_wall moment_of(const day *d, size_t number)
{
  return (seep_wall){poll_script_wall(d->script, number)};
}

/* Opens; when that fails, once more without the fault. */
static void open_store(day *d, size_t number)
{
  seep_store_opening opening = {0};
  d->store = NULL;
  seep_status status = seep_store_open(PATH, moment_of(d, number), NULL, &d->store, &opening, NULL);
  assert_string_equal(opening.set_aside, "");
  if (status != SEEP_OK) {
    assert_failure(status);
    assert_null(d->store);
    fault_vfs_pause(true);
    assert_int_equal(seep_store_open(PATH, moment_of(d, number), NULL, &d->store, &opening, NULL), SEEP_OK);
    fault_vfs_pause(false);
    assert_string_equal(opening.set_aside, "");
  }
  d->run = poll_script_begin(d->script);
  d->missed = true;
}

static int64_t polls_in_file(void)
{
  poll_rows rows;
  const char *wrong = poll_truth_check_file(PATH, &rows);
  if (wrong != NULL) {
    fail_msg("%s", wrong);
  }
  return rows.last;
}

static void keep(day *d, size_t number, bool missed)
{
  d->polls[number] = missed ? POLL_KEPT | POLL_AFTER_GAP : POLL_KEPT;
  d->kept++;
}

static void append(day *d, size_t number)
{
  seep_status status = poll_script_append(d->run, d->store, number, NULL);
  if (status == SEEP_OK) {
    keep(d, number, d->missed);
    d->missed = false;
    d->doubtful = -1;
    return;
  }
  assert_failure(status);
  d->doubtful = (int64_t)number;
  d->doubtful_missed = d->missed;
  d->missed = true;
  d->lost++;
}

/* A log that could not be synced may still be whole: then its last poll comes back with the next opening. */
static void settle_doubt(day *d)
{
  fault_vfs_pause(true);
  int64_t found = polls_in_file();
  fault_vfs_pause(false);
  if (found == (int64_t)d->kept + 1 && d->doubtful >= 0) {
    keep(d, (size_t)d->doubtful, d->doubtful_missed);
    d->lost--;
  } else {
    assert_int_equal(found, d->kept);
  }
  d->doubtful = -1;
}

static void close_store(day *d)
{
  seep_store_close(d->store);
  poll_script_end(d->run);
}

static void write_others(day *d)
{
  seep_store_event event = {.wall = moment_of(d, 5), .event = 210, .level = "warning"};
  d->events += seep_store_event_add(d->store, &event, NULL) == SEEP_OK;
  seep_store_journal_entry entry = {.kind = "recording", .subject = "one"};
  d->journal += seep_store_journal_add(d->store, &entry, NULL) == SEEP_OK;
  seep_store_leak leak = {.image = "x.exe"};
  d->leaks += seep_store_leak_open(d->store, &leak, NULL) == SEEP_OK;
  const seep_store_lineage lineage = {.image = "x.exe", .seen = moment_of(d, 5)};
  d->lineages += seep_store_lineage_save(d->store, &lineage, NULL) == SEEP_OK;
  const seep_exhaustion diagnosis = {.process_count = 2, .paged_tag_count = 1};
  seep_store_exhaustion exhaustion = {.seen = moment_of(d, 5), .event = &diagnosis};
  d->exhaustions += seep_store_exhaustion_add(d->store, &exhaustion, NULL) == SEEP_OK;
  d->tried++;
}

/* The first segment goes, once it is packed. */
static void prune(day *d)
{
  const seep_store_limits limits = {.raw_from = moment_of(d, 7)};
  seep_store_pruned pruned = {.polls = 77};
  seep_status status = seep_store_prune(d->store, &limits, &pruned, NULL);
  if (status != SEEP_OK) {
    assert_failure(status);
    assert_int_equal(pruned.polls, 77);
  }
}

static void check(const day *d, const char *when)
{
  poll_rows rows;
  const char *wrong = poll_truth_check_file(PATH, &rows);
  if (wrong == NULL && rows.last != (int64_t)d->kept) {
    wrong = "polls that nobody acknowledged";
  }
  /* Rows are numbered by what was kept. */
  poll_truth truth = {d->script, d->polls, POLLS, 0};
  for (int64_t row = 0; wrong == NULL && truth.first < POLLS; truth.first++) {
    row += (d->polls[truth.first] & POLL_KEPT) != 0;
    if (row == rows.first) {
      break;
    }
  }
  wrong = wrong != NULL ? wrong : poll_truth_check(&truth, d->store);
  truth.first = 0;
  wrong = wrong != NULL ? wrong : poll_truth_check_processes(&truth, d->store);
  if (wrong != NULL) {
    fail_msg("%s: %s", when, wrong);
  }
}

static bool count_leak(void *context, const seep_store_leak *leak)
{
  (void)leak;
  ++*(unsigned *)context;
  return true;
}

static bool count_event(void *context, const seep_store_event *event)
{
  (void)event;
  ++*(unsigned *)context;
  return true;
}

static bool count_lineage(void *context, const seep_store_lineage *lineage)
{
  (void)lineage;
  ++*(unsigned *)context;
  return true;
}

/* Whole, or not there. */
static bool count_exhaustion(void *context, const seep_store_exhaustion *exhaustion)
{
  assert_int_equal(exhaustion->event->process_count, 2);
  assert_int_equal(exhaustion->event->paged_tag_count, 1);
  ++*(unsigned *)context;
  return true;
}

static void check_others(const day *d)
{
  seep_store_journal_entry entries[4];
  seep_store_filter filter;
  size_t count = 0;
  unsigned leaks = 0, events = 0, lineages = 0, exhaustions = 0;
  seep_store_filter_init(&filter);
  assert_int_equal(seep_store_journal_list(d->store, entries, 4, &count, NULL), SEEP_OK);
  assert_in_range(count, d->journal, d->tried);
  assert_int_equal(seep_store_leaks(d->store, count_leak, &leaks, NULL), SEEP_OK);
  assert_in_range(leaks, d->leaks, d->tried);
  assert_int_equal(seep_store_lineages(d->store, count_lineage, &lineages, NULL), SEEP_OK);
  assert_in_range(lineages, d->lineages, d->tried);
  assert_int_equal(seep_store_events(d->store, &filter, count_event, &events, NULL), SEEP_OK);
  assert_in_range(events, d->events, d->tried);
  assert_int_equal(seep_store_exhaustions(d->store, &filter, count_exhaustion, &exhaustions, NULL), SEEP_OK);
  assert_in_range(exhaustions, d->exhaustions, d->tried);
}

/* Returns whether the fault came. */
static bool live(day *d, fault_kind kind, unsigned nth, unsigned times)
{
  store_files_remove(PATH);
  fault_vfs_arm(kind, nth, times);
  open_store(d, 0);
  for (size_t number = 0; number < LAST_POLLS; number++) {
    append(d, number);
    if (number == REOPENED_AT && d->script == &interrupted) {
      close_store(d);
      open_store(d, number);
      settle_doubt(d);
    }
    if (number == 5) {
      write_others(d);
    }
    if (number == PRUNED_AT) {
      prune(d);
    }
  }
  bool fired = fault_vfs_fired();
  fault_vfs_arm(FAULT_CHANGE, 0, 0);
  for (size_t number = LAST_POLLS; number < POLLS; number++) {
    assert_int_equal(poll_script_append(d->run, d->store, number, NULL), SEEP_OK);
    keep(d, number, d->missed);
    d->missed = false;
  }
  return fired;
}

/* Looked at while it is open, after a clean close, and the others with it. */
static void look_back(day *d)
{
  check(d, "before closing");
  close_store(d);
  open_store(d, POLLS);
  check(d, "reopened");
  check_others(d);
  close_store(d);
}

static void run_faults(fault_kind kind, unsigned times, unsigned step, const poll_script *script)
{
  unsigned lives = 0, harmed = 0, lost = 0;
  /* Reads are few. */
  unsigned stride = kind == FAULT_READ ? step : step * STORE_FILES_THINNED;
  bool fired = true;
  for (unsigned nth = 1; fired; nth += stride) {
    day d = {.script = script, .doubtful = -1};
    fired = live(&d, kind, nth, times);
    lost += d.lost;
    harmed += d.lost > 0;
    lives++;
    if (!fired) {
      assert_int_equal(d.lost, 0);
      assert_int_equal(d.events + d.journal + d.leaks + d.lineages + d.exhaustions, 5);
    }
    if (times == 1) {
      assert_true(d.lost <= 1);
    }
    look_back(&d);
    assert_true(nth < 5000);
  }
  print_message("%u lives, %u of them lost %u polls\n", lives, harmed, lost);
  assert_true(lives * STORE_FILES_THINNED > 20);
  assert_true(harmed * STORE_FILES_THINNED > 3);
}

static void test_io_error_once(void **state)
{
  (void)state;
  run_faults(FAULT_CHANGE, 1, 1, &interrupted);
}

static void test_io_error_for_a_while(void **state)
{
  (void)state;
  run_faults(FAULT_CHANGE, 9, 3, &returning);
}

static void test_io_error_for_good(void **state)
{
  (void)state;
  run_faults(FAULT_CHANGE, FAULT_FOR_GOOD, 3, &interrupted);
}

static void test_disk_full_once(void **state)
{
  (void)state;
  run_faults(FAULT_FULL, 1, 1, &returning);
}

static void test_disk_full_for_a_while(void **state)
{
  (void)state;
  run_faults(FAULT_FULL, 4, 3, &interrupted);
}

static void test_disk_full_for_good(void **state)
{
  (void)state;
  run_faults(FAULT_FULL, FAULT_FOR_GOOD, 3, &returning);
}

static void test_read_error_once(void **state)
{
  (void)state;
  run_faults(FAULT_READ, 1, 1, &interrupted);
}

static void test_read_error_for_good(void **state)
{
  (void)state;
  run_faults(FAULT_READ, FAULT_FOR_GOOD, 1, &interrupted);
}

/* After a crash the whole file is read: a read that fails there says nothing about the file. */
static void test_read_error_after_a_crash(void **state)
{
  (void)state;
  day d = {.script = &returning, .doubtful = -1};
  store_files_remove(PATH);
  open_store(&d, 0);
  for (size_t number = 0; number < POLLS; number++) {
    append(&d, number);
  }
  bool fired = true;
  unsigned nth = 1;
  for (; fired; nth += STORE_FILES_THINNED) {
    store_files_copy(PATH, COPY);
    seep_store *store = NULL;
    seep_store_opening opening = {0};
    fault_vfs_arm(FAULT_READ, nth, 1);
    seep_status status = seep_store_open(COPY, moment_of(&d, POLLS), NULL, &store, &opening, NULL);
    fired = fault_vfs_fired();
    fault_vfs_arm(FAULT_READ, 0, 0);
    if (opening.set_aside[0] != '\0') {
      store_files_remove(opening.set_aside);
      fail_msg("read %u failed once, and the file was set aside", nth);
    }
    if (status != SEEP_OK) {
      assert_failure(status);
      assert_int_equal(seep_store_open(COPY, moment_of(&d, POLLS), NULL, &store, &opening, NULL), SEEP_OK);
    }
    assert_int_equal(poll_script_append(d.run, store, POLLS, NULL), SEEP_OK);
    seep_store_close(store);
  }
  assert_true(nth > 10);
  close_store(&d);
  store_files_remove(COPY);
}

/* Closing with everything failing: nothing of what was acknowledged is lost, and it is not waited for. */
static void test_closing(void **state)
{
  (void)state;
  bool fired = true;
  for (unsigned nth = 1; fired; nth += STORE_FILES_THINNED) {
    day d = {.script = &interrupted, .doubtful = -1};
    store_files_remove(PATH);
    open_store(&d, 0);
    for (size_t number = 0; number < POLLS; number++) {
      append(&d, number);
    }
    assert_int_equal(d.kept, POLLS);
    fault_vfs_arm(FAULT_CHANGE, nth, FAULT_FOR_GOOD);
    close_store(&d);
    fired = fault_vfs_fired();
    fault_vfs_arm(FAULT_CHANGE, 0, 0);
    open_store(&d, POLLS);
    check(&d, "reopened");
    close_store(&d);
    assert_true(nth < 1000);
  }
}

/* The status that the caller acts on. */
static void test_statuses(void **state)
{
  (void)state;
  store_samples samples;
  seep_store *store = NULL;
  seep_error error = {0};
  store_samples_init(&samples);
  store_files_remove(PATH);
  assert_int_equal(seep_store_open(PATH, (seep_wall){1000}, NULL, &store, NULL, NULL), SEEP_OK);
  fault_vfs_arm(FAULT_FULL, 1, FAULT_FOR_GOOD);
  assert_int_equal(store_files_append(store, &samples, 12, 1000, &error), SEEP_LIMIT);
  assert_int_equal(error.domain, SEEP_DOMAIN_SQLITE);
  assert_int_equal(error.code, SQLITE_FULL);
  fault_vfs_arm(FAULT_CHANGE, 1, FAULT_FOR_GOOD);
  assert_int_equal(seep_store_value_set(store, "a", "b", 1, &error), SEEP_OS);
  assert_int_equal(error.code, SQLITE_IOERR_WRITE);
  fault_vfs_arm(FAULT_CHANGE, 0, 0);
  assert_int_equal(store_files_append(store, &samples, 12, 31000, &error), SEEP_OK);
  seep_store_close(store);
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
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_io_error_once),
      cmocka_unit_test(test_io_error_for_a_while),
      cmocka_unit_test(test_io_error_for_good),
      cmocka_unit_test(test_disk_full_once),
      cmocka_unit_test(test_disk_full_for_a_while),
      cmocka_unit_test(test_disk_full_for_good),
      cmocka_unit_test(test_read_error_once),
      cmocka_unit_test(test_read_error_for_good),
      cmocka_unit_test(test_read_error_after_a_crash),
      cmocka_unit_test(test_closing),
      cmocka_unit_test(test_statuses),
  };
  return cmocka_run_group_tests_name("store/faults", tests, set_up, tear_down);
}
