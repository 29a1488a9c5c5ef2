/* What an alert about a leak says beyond its figures, and that its row in the store says the same. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "engine_rig.h"

static const char *of_leak(engine_rig *r, const char *label)
{
  size_t told = engine_rig_told(r, SEEP_ALERT_LEAK_FOUND);
  return engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, told, label);
}

static fake_process *leak(engine_rig *r)
{
  fake_process *process = fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  engine_rig_poll(r, 120);
  assert_true(engine_rig_told(r, SEEP_ALERT_LEAK_FOUND) > 0);
  return process;
}

static void the_services_of_the_process_are_named(void **state)
{
  engine_rig *r = *state;
  strcpy(r->registry.role.services, "Spooler, Fax");
  (void)leak(r);
  assert_string_equal(of_leak(r, "services"), "Spooler, Fax");
  assert_string_equal(r->last_leak.services, "Spooler, Fax");
}

static void services_that_nobody_knows_are_left_out(void **state)
{
  engine_rig *r = *state;
  strcpy(r->registry.role.services, "Spooler");
  r->registry.role_answer = SEEP_DENIED;
  (void)leak(r);
  assert_string_equal(of_leak(r, "services"), "");
  assert_string_equal(r->last_leak.services, "");
}

static void the_row_says_what_was_told(void **state)
{
  engine_rig *r = *state;
  r->world.memory =
      (seep_system_memory){.commit_limit_bytes = 64 * 1024 * MB, .commit_total_bytes = 16 * 1024 * MB};
  (void)leak(r);
  assert_string_equal(r->last_leak.told_because, of_leak(r, "report"));
  assert_string_equal(r->last_leak.evidence, of_leak(r, "evidence"));
  assert_int_equal(r->last_leak.system_limit_bytes, 64 * 1024 * MB);
  assert_int_equal(r->last_leak.system_commit_bytes, 16 * 1024 * MB);
  assert_true(r->last_leak.time_left_ms > 0);
  assert_true(r->last_leak.told.ms > 0);
  assert_int_equal(r->last_leak.times_told,
                   engine_rig_told(r, SEEP_ALERT_LEAK_FOUND) + engine_rig_told(r, SEEP_ALERT_RAPID_GROWTH));
}

static void the_alert_says_where_to_look(void **state)
{
  engine_rig *r = *state;
  fake_process *process = leak(r);
  assert_string_equal(of_leak(r, "evidence lies in"), "\"seepwatch leaks --id 1\" (database in /data)");
  process->growth_per_second = 0;
  process->commit_bytes = 100 * MB;
  engine_rig_poll(r, 60);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_OVER, 1, "evidence lies in"),
                      "\"seepwatch leaks --id 1\" (database in /data)");
}

static void what_is_being_done_follows_the_configuration(void **state)
{
  engine_rig *r = *state;
  (void)leak(r);
  assert_string_equal(of_leak(r, "done so far"),
                      "its allocations are recorded as soon as the kind of memory that grows is known (event "
                      "300)");
}

static void where_nothing_is_recorded_that_is_said(void **state)
{
  engine_rig *r = *state;
  r->settings.capture_enabled = false;
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  (void)leak(r);
  assert_memory_equal(of_leak(r, "done so far"), "it is watched; recording is switched off", 40);
}

#define telling_test(f) cmocka_unit_test_setup_teardown(f, engine_rig_set_up, engine_rig_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      telling_test(the_services_of_the_process_are_named),
      telling_test(services_that_nobody_knows_are_left_out),
      telling_test(the_row_says_what_was_told),
      telling_test(the_alert_says_where_to_look),
      telling_test(what_is_being_done_follows_the_configuration),
      telling_test(where_nothing_is_recorded_that_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
