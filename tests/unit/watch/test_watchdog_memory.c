/* Looking into processes with the watchdog's real loop and workers: what is found, what fails, what is slow.
 * When it is done is the engine's: test_memory.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_memory.h"
#include "rig.h"
#include "watch/files.h"

static fake_memory memory;

/* As the rig's, and processes are looked into every two seconds. */
static const char settings_text[] =
    "{\"poll\":{\"interval_s\":1,\"urgent_interval_s\":1},"
    "\"detector\":{\"bucket_s\":1,\"observation_s\":64,\"minimum_slope_bytes_per_hour\":1048576,"
    "\"minimum_growth_bytes\":8388608},"
    "\"memory\":{\"interval_s\":2,\"minimum_growth_bytes\":1048576,\"maximum_ms\":777},"
    "\"capture\":{\"maximum_s\":20,\"minimum_free_bytes\":0,\"cool_down_s\":0,\"bounded_files\":false}}";

static int set_up(void **state)
{
  if (rig_set_up(state) != 0) {
    return -1;
  }
  rig *r = *state;
  rig_write("seepwatch.json", settings_text);
  fake_memory_init(&memory, &r->world,
                   fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB));
  r->process_memory = fake_memory_port(&memory);
  return 0;
}

static int tear_down(void **state)
{
  fake_memory_gate(&memory, false);
  int result = rig_tear_down(state);
  fake_memory_fini(&memory);
  return result;
}

/* Polls until so many looks have begun. */
static bool poll_until_looked(rig *r, unsigned looks)
{
  for (unsigned waited_ms = 0; waited_ms < RIG_PATIENCE_MS; waited_ms += 5) {
    if (fake_memory_wait_opened(&memory, looks, 5)) {
      return true;
    }
    seep_watchdog_post(r->watchdog, SEEP_CONTROL_POLL_NOW);
  }
  return false;
}

/* recorded: how what is recorded of it is told; profile: what wpr was started with. */
static void is_told_as(rig *r, const char *kind, const char *recorded, const char *profile)
{
  rig_start(r);
  const seep_alert *alert = rig_poll_until(r, SEEP_ALERT_LEAK_FOUND, 1);
  assert_non_null(alert);
  const char *told = seep_alert_insert(alert, "memory kind");
  assert_non_null(told);
  assert_non_null(strstr(told, " percent sure: "));
  assert_memory_equal(told, kind, strlen(kind));
  alert = rig_poll_until(r, SEEP_ALERT_RECORDING_STARTED, 1);
  assert_non_null(alert);
  assert_string_equal(seep_alert_insert(alert, "what is recorded"), recorded);
  assert_memory_equal(seep_alert_insert(alert, "memory kind"), kind, strlen(kind));
  (void)rig_stop(r);
  assert_int_equal(rig_calls_with(profile), 1);
  assert_true(memory.opened >= 3);
  assert_int_equal(memory.opened, memory.closed);
  assert_int_equal(memory.overlaps, 0);
  assert_int_equal(memory.maximum_ms, 777);
}

static void private_data_that_leaks_is_told(void **state)
{
  is_told_as(*state, "Private Data, ", "VirtualAllocation", "!SeepVirtualAlloc");
}

static void a_heap_that_leaks_is_told(void **state)
{
  memory.grows_heap = true;
  is_told_as(*state, "Heap, ", "the heap calls of this process, and VirtualAllocation", "!SeepHeap");
}

static void where_the_recorder_refuses_the_heap_pages_are_recorded(void **state)
{
  memory.grows_heap = true;
  rig_write("knobs.txt", "fail 1\n");
  is_told_as(*state, "Heap, ",
             "VirtualAllocation, for the recorder of this server refused to record the heap",
             "!SeepVirtualAlloc");
  assert_int_equal(rig_calls_with("!SeepHeap"), 1);
}

static void who_may_not_be_looked_into_is_told_and_recorded_all_the_same(void **state)
{
  rig *r = *state;
  memory.open_fault = (fake_fault){.fail_at = 1, .persistent = true};
  memory.open_status = SEEP_DENIED;
  rig_start(r);
  const seep_alert *alert = rig_poll_until(r, SEEP_ALERT_LEAK_FOUND, 1);
  assert_non_null(alert);
  assert_string_equal(seep_alert_insert(alert, "memory kind"),
                      "undetermined: Windows does not let this process be read");
  assert_non_null(rig_poll_until(r, SEEP_ALERT_RECORDING_STARTED, 1));
  (void)rig_stop(r);
  assert_int_equal(memory.open_fault.calls, 1);
  assert_int_equal(memory.closed, 0);
}

static void without_the_port_nobody_is_looked_into(void **state)
{
  rig *r = *state;
  memset(&r->process_memory, 0, sizeof r->process_memory);
  rig_start(r);
  const seep_alert *settings = fake_sink_wait(&r->sink, SEEP_ALERT_SETTINGS_LOADED, 1, RIG_PATIENCE_MS);
  assert_non_null(settings);
  assert_non_null(strstr(settings->inserts[1], "kind of memory off"));
  const seep_alert *alert = rig_poll_until(r, SEEP_ALERT_LEAK_FOUND, 1);
  assert_non_null(alert);
  assert_string_equal(seep_alert_insert(alert, "memory kind"), "undetermined");
  assert_non_null(rig_poll_until(r, SEEP_ALERT_RECORDING_STARTED, 1));
}

/* At which step: memory/inventory's own tests go through all of them. Here it is the watchdog that goes on.
 */
static void a_look_that_fails_on_its_way_harms_nobody(void **state)
{
  static const uint64_t steps[] = {1, 2, 4, 9, 20, 45};
  rig *r = *state;
  for (size_t i = 0; i < 2 * sizeof steps / sizeof steps[0]; i++) {
    uint64_t step = steps[i / 2];
    memory.fail_read = i % 2 == 0 ? step : 0;
    memory.fail_region = i % 2 == 0 ? 0 : step;
    memory.fail_status = i % 2 == 0 ? SEEP_NOT_FOUND : SEEP_OS;
    memory.fail_stays = i % 3 == 0;
    unsigned before = memory.opened;
    rig_start(r);
    assert_true(poll_until_looked(r, before + 2));
    rig_look(r, 3);
    (void)rig_stop(r);
    assert_int_equal(memory.opened, memory.closed);
    assert_int_equal(memory.overlaps, 0);
  }
}

static void a_look_that_cannot_begin_is_tried_again(void **state)
{
  static const seep_status statuses[] = {SEEP_GONE, SEEP_NO_MEMORY, SEEP_OS, SEEP_TIMED_OUT};
  rig *r = *state;
  for (unsigned fail = 1; fail <= 4; fail++) {
    memory.open_fault = (fake_fault){.fail_at = fail};
    memory.open_status = statuses[fail - 1];
    unsigned before = memory.opened;
    rig_start(r);
    assert_true(poll_until_looked(r, before + fail + 1));
    (void)rig_stop(r);
    assert_int_equal(memory.open_fault.fired, 1);
    assert_int_equal(memory.opened, memory.closed);
  }
}

static void no_poll_waits_for_a_slow_look(void **state)
{
  rig *r = *state;
  fake_memory_gate(&memory, true);
  rig_start(r);
  assert_true(poll_until_looked(r, 1));
  rig_look(r, 30);
  assert_int_equal(memory.opened, 1); /* nor does a second look begin meanwhile */
  fake_memory_gate(&memory, false);
  assert_true(poll_until_looked(r, 2));
  (void)rig_stop(r);
  assert_int_equal(memory.overlaps, 0);
}

static void who_ends_while_looked_into_is_no_mishap(void **state)
{
  rig *r = *state;
  fake_memory_gate(&memory, true);
  rig_start(r);
  assert_true(poll_until_looked(r, 1));
  fake_world_remove(&r->world, 4242);
  rig_look(r, 3);
  fake_memory_gate(&memory, false);
  rig_look(r, 20);
  (void)rig_stop(r);
  assert_int_equal(memory.opened, 1);
  assert_int_equal(memory.closed, 1);
}

static bool opened_gate, closed_before_that;

/* The last one to close a database takes its write-ahead log away. */
static void open_gate_soon(void *context)
{
  uv_sleep(600);
  bool is_open = seep_files_size(rig_path("seepwatch.db-wal")) > 0;
  bool is_there = seep_files_size(rig_path("seepwatch.db")) > 0;
  closed_before_that = is_there && !is_open;
  opened_gate = true;
  fake_memory_gate(context, false);
}

static void a_stop_waits_for_the_look_under_way(void **state)
{
  rig *r = *state;
  uv_thread_t opener;
  fake_memory_gate(&memory, true);
  rig_start(r);
  assert_true(poll_until_looked(r, 1));
  assert_int_equal(uv_thread_create(&opener, open_gate_soon, &memory), 0);
  unsigned took_ms = rig_stop(r);
  uv_thread_join(&opener);
  assert_true(took_ms >= 400 && took_ms < 5000);
  assert_true(opened_gate && closed_before_that);
  assert_int_equal(memory.closed, 1);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_SERVICE_STOPPED), 1);
}

#define memory_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      memory_test(private_data_that_leaks_is_told),
      memory_test(a_heap_that_leaks_is_told),
      memory_test(where_the_recorder_refuses_the_heap_pages_are_recorded),
      memory_test(who_may_not_be_looked_into_is_told_and_recorded_all_the_same),
      memory_test(without_the_port_nobody_is_looked_into),
      memory_test(a_look_that_fails_on_its_way_harms_nobody),
      memory_test(a_look_that_cannot_begin_is_tried_again),
      memory_test(no_poll_waits_for_a_slow_look),
      memory_test(who_ends_while_looked_into_is_no_mishap),
      memory_test(a_stop_waits_for_the_look_under_way),
  };
  if (argc < 2) {
    fprintf(stderr, "usage: test_watch_watchdog_memory PATH-OF-FAKE-RECORDER\n");
    return 2;
  }
  rig_prepare("watchdog-memory-test", argv[1]);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
