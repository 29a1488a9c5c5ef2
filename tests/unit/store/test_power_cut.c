/*
 * The power fails at any instant: of what was not synced any part is gone, down to single sectors. What was
 * acknowledged must be there, complete, and the file must open as it is.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fault_vfs.h"
#include "poll_truth.h"
#include "store_files.h"

#define PATH "test_store_power.db"
#define LEFT "test_store_power_left.db"
#define POLLS 420u
#define REOPENED_EVERY 40u
#define KEPT_POLLS 150u

/* Segments of nine polls, six polls an hour. */
static const poll_script script = {30, 9, 10 * SEEP_MS_PER_MINUTE, false};

static uint64_t random_state;

static unsigned random_below(unsigned bound)
{
  random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (unsigned)(random_state >> 33) % bound;
}

typedef struct power {
  seep_store *store;
  poll_script_run *run;
  uint8_t polls[POLLS];
  bool prunes;
  unsigned cuts, extra;
} power;

static seep_wall moment_of(size_t number)
{
  return (seep_wall){poll_script_wall(&script, number)};
}

static void arm(void)
{
  fault_vfs_cut_after(1 + random_below(40 * STORE_FILES_THINNED), LEFT, random_state);
}

static void look_at_what_is_left(power *p, size_t acknowledged)
{
  seep_store *store = NULL;
  seep_store_opening opening = {0};
  poll_rows rows;
  /* The shared index beside it is no file that outlives a power cut. */
  remove(LEFT "-shm");
  assert_int_equal(seep_store_open(LEFT, moment_of(acknowledged), NULL, &store, &opening, NULL), SEEP_OK);
  assert_string_equal(opening.set_aside, "");
  const char *wrong = poll_truth_check_file(LEFT, &rows);
  if (wrong != NULL) {
    fail_msg("after %zu polls: %s", acknowledged, wrong);
  }
  assert_in_range(rows.last, acknowledged, acknowledged + 1);
  assert_true(p->prunes || rows.first <= 1);
  poll_truth truth = {&script, p->polls, (size_t)rows.last, rows.first > 0 ? (size_t)rows.first - 1 : 0};
  assert_true(truth.first == 0 || truth.first + KEPT_POLLS <= acknowledged);
  wrong = poll_truth_check(&truth, store);
  if (wrong != NULL) {
    fail_msg("after %zu polls: %s", acknowledged, wrong);
  }
  seep_store_close(store);
  p->extra += (size_t)rows.last > acknowledged;
  p->cuts++;
}

/* After each call of the store: was there a cut in it? The living file must not notice that it is looked at,
 * so its unsynced writes are kept while the other is opened. */
static void after_call(power *p, size_t acknowledged)
{
  if (fault_vfs_was_cut()) {
    fault_vfs_pause(true);
    look_at_what_is_left(p, acknowledged);
    fault_vfs_pause(false);
    arm();
  }
}

static void open_store(power *p, size_t number)
{
  seep_store_opening opening = {0};
  assert_int_equal(seep_store_open(PATH, moment_of(number), NULL, &p->store, &opening, NULL), SEEP_OK);
  assert_string_equal(opening.set_aside, "");
  p->run = poll_script_begin(&script);
  after_call(p, number);
}

static void close_store(power *p, size_t number)
{
  seep_store_close(p->store);
  poll_script_end(p->run);
  after_call(p, number);
}

static void prune(power *p, size_t number)
{
  if (p->prunes && number > KEPT_POLLS && number % 8 == 0) {
    const seep_store_limits limits = {.raw_from = moment_of(number - KEPT_POLLS)};
    seep_store_pruned pruned;
    assert_int_equal(seep_store_prune(p->store, &limits, &pruned, NULL), SEEP_OK);
    after_call(p, number + 1);
  }
}

static void run_power(bool prunes, uint64_t seed)
{
  power p = {.prunes = prunes};
  random_state = seed;
  for (size_t number = 0; number < POLLS; number++) {
    p.polls[number] = number % REOPENED_EVERY == 0 ? POLL_KEPT | POLL_AFTER_GAP : POLL_KEPT;
  }
  store_files_remove(PATH);
  store_files_remove(LEFT);
  fault_vfs_remember(true);
  arm();
  for (size_t number = 0; number < POLLS; number++) {
    if (number % REOPENED_EVERY == 0) {
      if (number > 0) {
        close_store(&p, number);
      }
      open_store(&p, number);
    }
    assert_int_equal(poll_script_append(p.run, p.store, number, NULL), SEEP_OK);
    after_call(&p, number);
    prune(&p, number);
  }
  close_store(&p, POLLS);
  fault_vfs_remember(false);
  store_files_remove(PATH);
  store_files_remove(LEFT);
  print_message("%u power cuts, %u left a poll not yet acknowledged\n", p.cuts, p.extra);
  assert_true(p.cuts * STORE_FILES_THINNED > 50);
}

static void test_power_cut(void **state)
{
  (void)state;
  run_power(false, 1);
}

static void test_power_cut_while_pruning(void **state)
{
  (void)state;
  run_power(true, 2);
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
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_power_cut),
      cmocka_unit_test(test_power_cut_while_pruning),
  };
  return cmocka_run_group_tests_name("store/power_cut", tests, set_up, tear_down);
}
