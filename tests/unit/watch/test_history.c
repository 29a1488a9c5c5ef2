/* Event 111, "the size limit cuts the history short": once for each limit, over restarts too; and the twins
 * in which nothing is said. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "engine_rig.h"

#define LIMIT (256 * MB)
#define RETENTION_MS (14 * SEEP_MS_PER_DAY)

/* A prune after which polls reach back by reach_ms; then ten minutes pass. */
static void prune(engine_rig *r, uint64_t limit, bool capped, int64_t reach_ms)
{
  seep_store_pruned pruned = {.polls = 100, .capped = capped, .raw_from = {r->world.wall_ms - reach_ms}};
  seep_engine_history(r->engine, engine_rig_now(r), limit, &pruned);
  fake_world_advance(&r->world, 10 * SEEP_MS_PER_MINUTE);
}

static size_t told(engine_rig *r)
{
  return engine_rig_told(r, SEEP_ALERT_HISTORY_CUT_SHORT);
}

static void is_told_once_with_its_figures(void **state)
{
  engine_rig *r = *state;
  r->world.wall_ms = INT64_C(1795344284123);
  prune(r, LIMIT, true, 3 * SEEP_MS_PER_DAY);
  assert_int_equal(told(r), 1);
  const seep_alert *alert = fake_sink_wait(&r->sink, SEEP_ALERT_HISTORY_CUT_SHORT, 1, 0);
  assert_int_equal(alert->level, SEEP_ALERT_WARNING);
  assert_string_equal(alert->inserts[0], "256 MB (268435456 bytes)");
  assert_string_equal(alert->inserts[1], "2026-11-19T10:44:44.123Z");
  assert_string_equal(alert->inserts[2], "14");
  assert_int_equal(r->history_told, 1);
  assert_int_equal(r->history_told_bytes, LIMIT);
  for (int i = 0; i < 1000; i++) {
    prune(r, LIMIT, i % 6 == 0, 3 * SEEP_MS_PER_DAY);
  }
  assert_int_equal(told(r), 1);
  assert_int_equal(r->history_told, 1);
}

static void a_limit_that_suffices_is_not_told(void **state)
{
  engine_rig *r = *state;
  for (int i = 0; i < 300; i++) {
    prune(r, LIMIT, false, i * 10 * SEEP_MS_PER_MINUTE); /* a young history is short and not cut */
  }
  for (int i = 0; i < 300; i++) {
    prune(r, LIMIT, false, RETENTION_MS);
  }
  assert_int_equal(told(r), 0);
  assert_int_equal(r->history_told, 0);
}

static void a_history_without_any_poll_has_no_beginning(void **state)
{
  engine_rig *r = *state;
  seep_store_pruned pruned = {.capped = true};
  seep_engine_history(r->engine, engine_rig_now(r), LIMIT, &pruned);
  assert_string_equal(fake_sink_wait(&r->sink, SEEP_ALERT_HISTORY_CUT_SHORT, 1, 0)->inserts[1], "-");
}

static void what_an_earlier_life_told_is_not_told_again(void **state)
{
  engine_rig *r = *state;
  seep_engine_history_told(r->engine, engine_rig_now(r), LIMIT);
  for (int i = 0; i < 300; i++) {
    prune(r, LIMIT, true, 3 * SEEP_MS_PER_DAY);
  }
  assert_int_equal(told(r), 0);
  seep_engine_history_told(r->engine, engine_rig_now(r), 0); /* a store that remembers nothing */
  prune(r, LIMIT, true, 3 * SEEP_MS_PER_DAY);
  assert_int_equal(told(r), 1);
}

static void another_limit_is_told_when_it_is_reached(void **state)
{
  engine_rig *r = *state;
  prune(r, LIMIT, true, 3 * SEEP_MS_PER_DAY);
  prune(r, 2 * LIMIT, false, 3 * SEEP_MS_PER_DAY); /* raised, and not reached yet */
  assert_int_equal(told(r), 1);
  assert_int_equal(r->history_told_bytes, 0);
  prune(r, 2 * LIMIT, true, 6 * SEEP_MS_PER_DAY);
  assert_int_equal(told(r), 2);
  assert_int_equal(r->history_told_bytes, 2 * LIMIT);
  prune(r, 2 * LIMIT, true, 6 * SEEP_MS_PER_DAY);
  assert_int_equal(told(r), 2);
  prune(r, LIMIT, true, 6 * SEEP_MS_PER_DAY); /* back to the first one: it was changed, and is reached */
  assert_int_equal(told(r), 3);
  assert_string_equal(fake_sink_wait(&r->sink, SEEP_ALERT_HISTORY_CUT_SHORT, 3, 0)->inserts[0],
                      "256 MB (268435456 bytes)");
}

static void it_is_forgotten_once_polls_have_reached_back_for_a_day(void **state)
{
  engine_rig *r = *state;
  prune(r, LIMIT, true, 3 * SEEP_MS_PER_DAY);
  for (int i = 0; i < 150; i++) {
    prune(r, LIMIT, false, RETENTION_MS);
  }
  assert_int_equal(r->history_told_bytes, 0);
  assert_int_equal(told(r), 1);
  prune(r, LIMIT, true, 13 * SEEP_MS_PER_DAY);
  assert_int_equal(told(r), 2);
}

/* Twins: almost full is not full, full for an hour is not for a day, and at a limit that just about suffices
 * the event does not come every hour. */
static void it_is_not_forgotten_too_soon(void **state)
{
  engine_rig *r = *state;
  prune(r, LIMIT, true, 3 * SEEP_MS_PER_DAY);
  for (int i = 0; i < 300; i++) {
    prune(r, LIMIT, false, RETENTION_MS - 3 * SEEP_MS_PER_HOUR);
  }
  assert_int_equal(r->history_told_bytes, LIMIT);
  for (int i = 0; i < 300; i++) {
    prune(r, LIMIT, i % 12 == 0, RETENTION_MS - (i % 2) * SEEP_MS_PER_MINUTE);
  }
  assert_int_equal(r->history_told_bytes, LIMIT);
  assert_int_equal(told(r), 1);
}

/* An earlier life's word is not forgotten because this life has only just begun to count. */
static void a_restart_begins_the_day_anew(void **state)
{
  engine_rig *r = *state;
  fake_world_advance(&r->world, 2 * SEEP_MS_PER_DAY);
  seep_engine_history_told(r->engine, engine_rig_now(r), LIMIT);
  prune(r, LIMIT, false, RETENTION_MS);
  assert_int_equal(r->history_told, 0);
  for (int i = 0; i < 150; i++) {
    prune(r, LIMIT, false, RETENTION_MS);
  }
  assert_int_equal(r->history_told, 1);
  assert_int_equal(r->history_told_bytes, 0);
}

static void a_log_that_refuses_it_is_not_asked_for_ever(void **state)
{
  engine_rig *r = *state;
  size_t before = r->order_count;
  r->alert_answer = SEEP_OS;
  for (int i = 0; i < 50; i++) {
    prune(r, LIMIT, true, 3 * SEEP_MS_PER_DAY);
  }
  assert_int_equal(r->order_count - before, 2); /* the alert and what is to be remembered */
}

#define history_test(f) cmocka_unit_test_setup_teardown(f, engine_rig_set_up, engine_rig_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      history_test(is_told_once_with_its_figures),
      history_test(a_limit_that_suffices_is_not_told),
      history_test(a_history_without_any_poll_has_no_beginning),
      history_test(what_an_earlier_life_told_is_not_told_again),
      history_test(another_limit_is_told_when_it_is_reached),
      history_test(it_is_forgotten_once_polls_have_reached_back_for_a_day),
      history_test(it_is_not_forgotten_too_soon),
      history_test(a_restart_begins_the_day_anew),
      history_test(a_log_that_refuses_it_is_not_asked_for_ever),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
