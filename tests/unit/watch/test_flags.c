/*
 * Tracing flags: set where the heap leaks and the configuration or the recorder leaves that way alone, never
 * elsewhere; journalled first; kept over restarts of the service; taken back when they have served, are not
 * wanted any more or too old. The registry and the store are fakes that can fail at each call.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "capture/promise.h"
#include "memory_rig.h"
#include "recording_rig.h"

#define NEXT_START (SUSPECT + 60)

static void method(engine_rig *r, seep_heap_method which)
{
  r->settings.capture_heap_method = (uint32_t)which;
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
}

/* A leak of that kind, called, with its recording asked for. */
static fake_process *leak(engine_rig *r, const char *image, memory_rig_grown how)
{
  fake_process *leaky = memory_rig_leak(r, 4242, image);
  memory_rig_poll(r, CALLED, leaky, how);
  assert_int_equal(r->leaks_opened, 1);
  return leaky;
}

/* And its recording has begun. */
static fake_process *recorded_leak(engine_rig *r, const char *image, memory_rig_grown how)
{
  fake_process *leaky = leak(r, image, how);
  recording_rig_request(r);
  recording_rig_exited(r, 0);
  return leaky;
}

static void end_recording(engine_rig *r)
{
  recording_rig_save_now(r);
  recording_rig_exited(r, 0);
  recording_rig_kept(r, 100);
}

static size_t promises(const engine_rig *r)
{
  size_t count = 0;
  for (size_t i = 0; i < r->journal_count; i++) {
    count += r->journal[i][0] != '\0';
  }
  return count;
}

static bool is_flagged(const engine_rig *r, const char *image)
{
  const seep_tracing_flag_state state = fake_registry_get(&r->registry, image);
  return seep_tracing_flag_is_set(&state);
}

static void nothing_is_set(engine_rig *r)
{
  assert_int_equal(promises(r), 0);
  assert_int_equal(r->registry.edits, 0);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_FLAG_SET), 0);
}

/* The administrator restarts it. */
static fake_process *restart(engine_rig *r, uint32_t pid, const char *image)
{
  fake_world_remove(&r->world, 4242);
  fake_world_advance(&r->world, 1000);
  fake_process *next = memory_rig_leak(r, pid, image);
  next->created = seep_wall_to_filetime((seep_wall){r->world.wall_ms});
  return next;
}

static void tick(engine_rig *r)
{
  seep_engine_tick(r->engine, engine_rig_now(r), NULL, NULL);
}

/* ---- the whole way ---- */

static void a_restarted_program_is_recorded_and_the_flag_taken_back(void **state)
{
  engine_rig *r = *state;
  method(r, SEEP_HEAP_METHOD_NEXT_START);
  recorded_leak(r, "leaky.exe", HEAP_GROWS);
  assert_true(is_flagged(r, "leaky.exe"));
  assert_int_equal(promises(r), 1);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_FLAG_SET, 1, "restart"),
                      "end leaky.exe (process 4242) and start it again");
  assert_int_equal(r->requests, 1); /* VirtualAlloc meanwhile */
  assert_false(r->target.flagged);
  end_recording(r);
  assert_string_equal(r->last_capture.kind, "virtualalloc");
  assert_true(is_flagged(r, "leaky.exe"));
  engine_rig_poll(r, 5);

  fake_process *next = restart(r, 5, "LEAKY.exe");
  memory_rig_poll(r, 5, next, HEAP_GROWS);
  assert_int_equal(r->requests, 1); /* it has to grow again first */
  memory_rig_poll(r, SUSPECT, next, HEAP_GROWS);
  assert_int_equal(r->requests, 2);
  assert_true(r->target.flagged);
  assert_int_equal(r->target.key.pid, 5);
  recording_rig_record(r);
  assert_string_equal(r->last_capture.kind, "heap");
  assert_false(is_flagged(r, "leaky.exe"));
  assert_false(fake_registry_get(&r->registry, "leaky.exe").key_exists);
  assert_int_equal(promises(r), 0);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_FLAG_TAKEN_BACK), 1);
  assert_non_null(strstr(engine_rig_insert(r, SEEP_ALERT_FLAG_TAKEN_BACK, 1, "result"), "key were removed"));
  memory_rig_poll(r, 60, next, HEAP_GROWS);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_FLAG_SET), 1); /* and that was that */
}

static void services_are_named(void **state)
{
  engine_rig *r = *state;
  strcpy(r->registry.role.services, "Spooler, Fax");
  method(r, SEEP_HEAP_METHOD_NEXT_START);
  recorded_leak(r, "leaky.exe", HEAP_GROWS);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_FLAG_SET, 1, "restart"),
                      "restart the service Spooler, Fax");
}

/* wpr refuses the heap of a running process: recorded is VirtualAlloc, and the flag is the way that is left.
 */
static void a_recorder_that_refuses_the_heap_leads_to_the_flag(void **state)
{
  engine_rig *r = *state;
  r->settings.capture_bounded_files = false;
  method(r, SEEP_HEAP_METHOD_AUTO);
  leak(r, "leaky.exe", HEAP_GROWS);
  nothing_is_set(r);
  recording_rig_request(r);
  recording_rig_exited(r, REFUSES_HEAP);
  recording_rig_exited(r, 0); /* the cancel */
  recording_rig_exited(r, 0); /* the start of the other */
  recording_rig_save_now(r);
  recording_rig_exited(r, 0);
  nothing_is_set(r);
  recording_rig_kept(r, 100);
  assert_true(is_flagged(r, "leaky.exe"));
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_FLAG_SET), 1);
}

static void a_recorder_that_takes_the_heap_does_not(void **state)
{
  engine_rig *r = *state;
  method(r, SEEP_HEAP_METHOD_AUTO);
  leak(r, "leaky.exe", HEAP_GROWS);
  recording_rig_record(r);
  assert_string_equal(r->last_capture.kind, "heap");
  nothing_is_set(r);
}

static void only_auto_and_next_start_set_it(void **state)
{
  static const seep_heap_method others[] = {SEEP_HEAP_METHOD_LIVE, SEEP_HEAP_METHOD_SNAPSHOT,
                                            SEEP_HEAP_METHOD_OFF};
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    void *own = NULL;
    assert_int_equal(memory_rig_set_up(&own), 0);
    engine_rig *r = own;
    method(r, others[i]);
    leak(r, "leaky.exe", HEAP_GROWS);
    recording_rig_record(r);
    nothing_is_set(r);
    engine_rig_tear_down(&own);
  }
}

/* ---- who never gets one ---- */

static void other_kinds_of_memory_need_none(void **state)
{
  engine_rig *r = *state;
  method(r, SEEP_HEAP_METHOD_NEXT_START);
  recorded_leak(r, "leaky.exe", PRIVATE_GROWS);
  assert_int_equal(r->requests, 1);
  nothing_is_set(r);
}

/* Each time: it is said why, and VirtualAlloc is recorded all the same. */
static void spares(engine_rig *r, const char *image, const char *reason)
{
  method(r, SEEP_HEAP_METHOD_NEXT_START);
  recorded_leak(r, image, HEAP_GROWS);
  nothing_is_set(r);
  assert_int_equal(r->requests, 1);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_RECORDING_REFUSED), 1);
  assert_non_null(strstr(engine_rig_insert(r, SEEP_ALERT_RECORDING_REFUSED, 1, "reason"), reason));
}

static void what_windows_needs_is_spared(void **state)
{
  spares(*state, "LSASS.exe", "never");
}

static void the_denied_are_spared(void **state)
{
  spares(*state, "svchost.exe", "flag_deny");
}

static void who_is_not_among_the_allowed_is_spared(void **state)
{
  engine_rig *r = *state;
  r->settings.capture_flag_allow.count = 1;
  strcpy(r->settings.capture_flag_allow.names[0], "other.exe");
  spares(r, "leaky.exe", "flag_allow");
}

static void critical_processes_are_spared(void **state)
{
  engine_rig *r = *state;
  r->registry.role.is_critical = true;
  spares(r, "leaky.exe", "needs or protects");
}

static void protected_processes_are_spared(void **state)
{
  engine_rig *r = *state;
  r->registry.role.is_protected = true;
  spares(r, "leaky.exe", "needs or protects");
}

static void who_cannot_be_asked_about_is_spared(void **state)
{
  engine_rig *r = *state;
  r->registry.role_answer = SEEP_DENIED;
  spares(r, "leaky.exe", "could not be found out");
}

static void a_value_of_another_type_is_left_alone(void **state)
{
  engine_rig *r = *state;
  fake_registry_put(&r->registry, "leaky.exe", SEEP_TRACING_FLAG_OTHER, 0, false);
  spares(r, "leaky.exe", "another type");
}

static void without_a_journal_nothing_is_set(void **state)
{
  engine_rig *r = *state;
  r->journal_answer = SEEP_OS;
  spares(r, "leaky.exe", "take the tracing flag back");
}

/* ---- failures ---- */

/* Every call to the registry fails in turn, once and for good: no flag without its journal entry, none left.
 */
static void a_registry_that_fails_leaves_no_flag_without_a_promise(void **state)
{
  (void)state;
  for (unsigned n = 1; n <= 6; n++) {
    for (int persistent = 0; persistent <= 1; persistent++) {
      void *own = NULL;
      assert_int_equal(memory_rig_set_up(&own), 0);
      engine_rig *r = own;
      r->registry.fault = (fake_fault){.fail_at = n, .persistent = persistent != 0};
      method(r, SEEP_HEAP_METHOD_NEXT_START);
      recorded_leak(r, "leaky.exe", HEAP_GROWS);
      assert_true(!is_flagged(r, "leaky.exe") || promises(r) == 1);
      assert_int_equal(engine_rig_told(r, SEEP_ALERT_FLAG_SET),
                       is_flagged(r, "leaky.exe") && seep_engine_flags(r->engine));
      r->registry.fault = (fake_fault){0};
      seep_engine_take_back_flags(r->engine, engine_rig_now(r));
      assert_false(is_flagged(r, "leaky.exe"));
      assert_int_equal(promises(r), 0);
      engine_rig_tear_down(&own);
    }
  }
}

static void what_cannot_be_taken_back_is_told_once_and_tried_again(void **state)
{
  engine_rig *r = *state;
  method(r, SEEP_HEAP_METHOD_NEXT_START);
  recorded_leak(r, "leaky.exe", HEAP_GROWS);
  r->registry.fault = (fake_fault){.fail_at = 1, .persistent = true};
  method(r, SEEP_HEAP_METHOD_OFF);
  tick(r);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_FLAG_TAKEN_BACK), 1);
  assert_non_null(strstr(engine_rig_insert(r, SEEP_ALERT_FLAG_TAKEN_BACK, 1, "result"), "tried again"));
  for (int minute = 0; minute < 30; minute++) {
    fake_world_advance(&r->world, 60000);
    tick(r);
  }
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_FLAG_TAKEN_BACK), 1);
  assert_int_equal(promises(r), 1);
  r->registry.fault = (fake_fault){0};
  fake_world_advance(&r->world, 600000);
  tick(r);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_FLAG_TAKEN_BACK), 2);
  assert_false(is_flagged(r, "leaky.exe"));
  assert_int_equal(promises(r), 0);
}

/* ---- how it ends without a recording ---- */

static void a_flag_expires(void **state)
{
  engine_rig *r = *state;
  r->settings.capture_flag_expiry_ms = 2 * SEEP_MS_PER_HOUR;
  method(r, SEEP_HEAP_METHOD_NEXT_START);
  recorded_leak(r, "leaky.exe", HEAP_GROWS);
  fake_world_advance(&r->world, 2 * SEEP_MS_PER_HOUR - 30000);
  tick(r);
  assert_true(is_flagged(r, "leaky.exe"));
  fake_world_advance(&r->world, 60000);
  tick(r);
  assert_false(is_flagged(r, "leaky.exe"));
  assert_non_null(strstr(engine_rig_insert(r, SEEP_ALERT_FLAG_TAKEN_BACK, 1, "reason"), "in time"));
}

/* A clock that was set far back must not keep it for ever. */
static void a_clock_set_back_does_not_keep_it(void **state)
{
  engine_rig *r = *state;
  method(r, SEEP_HEAP_METHOD_NEXT_START);
  recorded_leak(r, "leaky.exe", HEAP_GROWS);
  r->world.wall_ms -= 30 * SEEP_MS_PER_DAY;
  tick(r);
  assert_false(is_flagged(r, "leaky.exe"));
}

static void a_configuration_that_does_not_want_it_ends_it(void **state)
{
  engine_rig *r = *state;
  method(r, SEEP_HEAP_METHOD_NEXT_START);
  recorded_leak(r, "leaky.exe", HEAP_GROWS);
  tick(r);
  assert_true(is_flagged(r, "leaky.exe"));
  r->settings.capture_flag_deny.count = 1;
  strcpy(r->settings.capture_flag_deny.names[0], "leaky.exe");
  method(r, SEEP_HEAP_METHOD_NEXT_START);
  tick(r);
  assert_false(is_flagged(r, "leaky.exe"));
  assert_int_equal(promises(r), 0);
}

static void an_uninstall_takes_all_back(void **state)
{
  engine_rig *r = *state;
  fake_registry_put(&r->registry, "leaky.exe", SEEP_TRACING_FLAG_NUMBER, 6, true);
  method(r, SEEP_HEAP_METHOD_NEXT_START);
  recorded_leak(r, "leaky.exe", HEAP_GROWS);
  assert_int_equal(fake_registry_get(&r->registry, "leaky.exe").number, 7);
  seep_engine_take_back_flags(r->engine, engine_rig_now(r));
  assert_int_equal(fake_registry_get(&r->registry, "leaky.exe").number, 6);
  assert_true(fake_registry_get(&r->registry, "leaky.exe").has_more);
  assert_int_equal(seep_engine_flags_left(r->engine), 0);
}

/* Somebody else has it set: it is used and stays. */
static void a_strangers_flag_stays(void **state)
{
  engine_rig *r = *state;
  fake_registry_put(&r->registry, "leaky.exe", SEEP_TRACING_FLAG_NUMBER, 1, false);
  method(r, SEEP_HEAP_METHOD_NEXT_START);
  recorded_leak(r, "leaky.exe", HEAP_GROWS);
  seep_engine_take_back_flags(r->engine, engine_rig_now(r));
  assert_true(is_flagged(r, "leaky.exe"));
  assert_int_equal(promises(r), 0);
}

/* ---- over restarts of the service ---- */

static void tell_promise(engine_rig *r, size_t which)
{
  seep_promise_flag promise;
  assert_true(seep_promise_read_flag(r->journal[which], &promise));
  seep_engine_flag_known(r->engine, engine_rig_now(r), (int64_t)which + 1, &promise);
}

static void waiting_outlives_the_service(void **state)
{
  engine_rig *r = *state;
  method(r, SEEP_HEAP_METHOD_NEXT_START);
  recorded_leak(r, "leaky.exe", HEAP_GROWS);
  fake_process *next = restart(r, 5, "leaky.exe"); /* while nobody watches */
  engine_rig_restart(r);
  tell_promise(r, 0);
  assert_int_equal(seep_engine_flags(r->engine), 1);
  r->requests = 0;
  memory_rig_poll(r, NEXT_START, next, HEAP_GROWS);
  assert_int_equal(r->requests, 1);
  assert_true(r->target.flagged);
  recording_rig_record(r);
  assert_false(is_flagged(r, "leaky.exe"));
  assert_int_equal(promises(r), 0);
}

/* The crash came between the journal and the registry, or somebody has taken it back. */
static void a_flag_that_is_not_there_is_forgotten(void **state)
{
  engine_rig *r = *state;
  method(r, SEEP_HEAP_METHOD_NEXT_START);
  recorded_leak(r, "leaky.exe", HEAP_GROWS);
  r->registry.count = 0;
  engine_rig_restart(r);
  tell_promise(r, 0);
  assert_int_equal(seep_engine_flags_left(r->engine), 0);
  assert_int_equal(promises(r), 0);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_FLAG_TAKEN_BACK), 1);
}

static void one_that_is_not_wanted_after_a_restart_is_taken_back(void **state)
{
  engine_rig *r = *state;
  method(r, SEEP_HEAP_METHOD_NEXT_START);
  recorded_leak(r, "leaky.exe", HEAP_GROWS);
  r->settings.capture_enabled = false;
  engine_rig_restart(r);
  tell_promise(r, 0);
  assert_false(is_flagged(r, "leaky.exe"));
  assert_int_equal(promises(r), 0);
}

static void a_damaged_promise_is_told(void **state)
{
  engine_rig *r = *state;
  strcpy(r->journal[0], "damaged");
  r->journal_count = 1;
  seep_engine_flag_known(r->engine, engine_rig_now(r), 1, NULL);
  assert_int_equal(promises(r), 0);
  assert_non_null(
      strstr(engine_rig_insert(r, SEEP_ALERT_LEFTOVER_UNDONE, 1, "what was done"), "TracingFlags"));
}

/* A damaged database was set aside: the new one gets the promise, once. */
static void another_store_gets_the_promise(void **state)
{
  engine_rig *r = *state;
  method(r, SEEP_HEAP_METHOD_NEXT_START);
  recorded_leak(r, "leaky.exe", HEAP_GROWS);
  r->journal[0][0] = '\0';
  seep_engine_store_exchanged(r->engine);
  tick(r);
  tick(r);
  assert_int_equal(promises(r), 1);
  assert_int_equal(r->journal_count, 2);
  seep_engine_take_back_flags(r->engine, engine_rig_now(r));
  assert_int_equal(promises(r), 0);
}

#define flag_test(f) cmocka_unit_test_setup_teardown(f, memory_rig_set_up, engine_rig_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      flag_test(a_restarted_program_is_recorded_and_the_flag_taken_back),
      flag_test(services_are_named),
      flag_test(a_recorder_that_refuses_the_heap_leads_to_the_flag),
      flag_test(a_recorder_that_takes_the_heap_does_not),
      cmocka_unit_test(only_auto_and_next_start_set_it),
      flag_test(other_kinds_of_memory_need_none),
      flag_test(what_windows_needs_is_spared),
      flag_test(the_denied_are_spared),
      flag_test(who_is_not_among_the_allowed_is_spared),
      flag_test(critical_processes_are_spared),
      flag_test(protected_processes_are_spared),
      flag_test(who_cannot_be_asked_about_is_spared),
      flag_test(a_value_of_another_type_is_left_alone),
      flag_test(without_a_journal_nothing_is_set),
      cmocka_unit_test(a_registry_that_fails_leaves_no_flag_without_a_promise),
      flag_test(what_cannot_be_taken_back_is_told_once_and_tried_again),
      flag_test(a_flag_expires),
      flag_test(a_clock_set_back_does_not_keep_it),
      flag_test(a_configuration_that_does_not_want_it_ends_it),
      flag_test(an_uninstall_takes_all_back),
      flag_test(a_strangers_flag_stays),
      flag_test(waiting_outlives_the_service),
      flag_test(a_flag_that_is_not_there_is_forgotten),
      flag_test(one_that_is_not_wanted_after_a_restart_is_taken_back),
      flag_test(a_damaged_promise_is_told),
      flag_test(another_store_gets_the_promise),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
