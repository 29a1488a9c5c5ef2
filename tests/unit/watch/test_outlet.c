/* How alerts leave: so many in an hour about processes, and what is held back is counted and said. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "engine_rig.h"

#define MANY 14

static void limit(engine_rig *r, uint32_t per_hour)
{
  r->settings.alerts_per_hour = per_hour;
  r->settings.capture_enabled = false;
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
}

static void let_many_leak(engine_rig *r)
{
  static char names[MANY][16];
  for (uint32_t i = 0; i < MANY; i++) {
    snprintf(names[i], sizeof names[i], "leaky%u.exe", (unsigned)i);
    fake_world_add(&r->world, 1000 + i, names[i], 100 * MB, 2 * (int64_t)MB);
  }
  engine_rig_poll(r, 150);
}

static void pass_an_hour(engine_rig *r)
{
  r->world.mono_ms += SEEP_MS_PER_HOUR;
  r->world.wall_ms += SEEP_MS_PER_HOUR;
  seep_engine_tick(r->engine, engine_rig_now(r), NULL, NULL);
}

static void what_is_beyond_the_limit_is_held_back_and_counted(void **state)
{
  engine_rig *r = *state;
  limit(r, 10);
  let_many_leak(r);
  assert_int_equal(r->leaks_opened, MANY); /* nothing of them is lost */
  size_t told = engine_rig_told(r, SEEP_ALERT_LEAK_FOUND) + engine_rig_told(r, SEEP_ALERT_RAPID_GROWTH);
  assert_int_equal(told, 10);
  assert_true(r->alerts_held_back >= MANY - 10);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_HELD_BACK), 0);
  size_t held_back = r->alerts_held_back;
  pass_an_hour(r);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_HELD_BACK), 1);
  char number[24];
  snprintf(number, sizeof number, "%u", (unsigned)held_back);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_HELD_BACK, 1, "alerts"), number);
  assert_non_null(strstr(engine_rig_insert(r, SEEP_ALERT_HELD_BACK, 1, "which"), "event 20"));
  assert_int_equal(seep_engine_pulse(r->engine, engine_rig_now(r))->alerts_held_back, held_back);
  pass_an_hour(r);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_HELD_BACK), 1); /* nothing was held back in this one */
}

static void within_the_limit_nothing_is_held_back(void **state)
{
  engine_rig *r = *state;
  limit(r, 10000);
  let_many_leak(r);
  assert_int_equal(r->alerts_held_back, 0);
  pass_an_hour(r);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_HELD_BACK), 0);
}

static void zero_is_any_number(void **state)
{
  engine_rig *r = *state;
  limit(r, 0);
  let_many_leak(r);
  assert_int_equal(r->alerts_held_back, 0);
}

static size_t told_of_processes(engine_rig *r)
{
  return engine_rig_told(r, SEEP_ALERT_LEAK_FOUND) + engine_rig_told(r, SEEP_ALERT_LEAK_OVER) +
         engine_rig_told(r, SEEP_ALERT_RAPID_GROWTH) + engine_rig_told(r, SEEP_ALERT_RAPID_GROWTH_OVER);
}

static void the_next_hour_has_room_again(void **state)
{
  engine_rig *r = *state;
  limit(r, 1);
  let_many_leak(r);
  assert_true(r->alerts_held_back > 0);
  assert_int_equal(told_of_processes(r), 1);
  pass_an_hour(r);
  r->world.process_count = 1;
  engine_rig_poll(r, 400);
  assert_int_equal(told_of_processes(r), 2);
}

/* Those about the server are what the others would drown. */
static void alerts_about_the_server_always_leave(void **state)
{
  engine_rig *r = *state;
  limit(r, 1);
  let_many_leak(r);
  size_t held_back = r->alerts_held_back;
  seep_engine_status(r->engine, engine_rig_now(r));
  seep_engine_exhaustion(r->engine, engine_rig_now(r), NULL, 0, "mark", 4);
  seep_engine_storage(r->engine, engine_rig_now(r), false, "file", NULL);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_HEARTBEAT), 1);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_UNDIAGNOSED), 1);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_STORAGE_DEGRADED), 1);
  assert_int_equal(r->alerts_held_back, held_back);
}

#define outlet_test(f) cmocka_unit_test_setup_teardown(f, engine_rig_set_up, engine_rig_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      outlet_test(what_is_beyond_the_limit_is_held_back_and_counted),
      outlet_test(within_the_limit_nothing_is_held_back),
      outlet_test(zero_is_any_number),
      outlet_test(the_next_hour_has_room_again),
      outlet_test(alerts_about_the_server_always_leave),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
