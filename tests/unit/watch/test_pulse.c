/* Which open cases a pulse lists when there are more than it has room for, and in which order. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "engine_rig.h"

#define MOST 40
#define SLOW (2 * MB)
#define FAST (400 * MB)
#define STEP (UINT64_C(16) << 10)

static uint64_t commit_bytes[MOST];

/* Processes first .. MOST - 1 live, each of an image of its own, so that none succeeds another; each grows
 * slower than the one before it: those that end are the fastest. */
static void poll(engine_rig *r, unsigned polls, size_t first, uint64_t slowest)
{
  static seep_process_sample samples[MOST];
  static uint8_t names[MOST][4];
  const seep_system_memory *memory = &r->world.memory;
  for (unsigned k = 0; k < polls; k++) {
    fake_world_advance(&r->world, 1000);
    for (size_t i = first; i < MOST; i++) {
      names[i][0] = 'p';
      names[i][2] = (uint8_t)('A' + i);
      commit_bytes[i] += slowest + (MOST - i) * STEP;
      samples[i] = (seep_process_sample){.key = {(uint32_t)(1000 + i), 77},
                                         .commit_bytes = commit_bytes[i],
                                         .name_utf16le = names[i],
                                         .name_bytes = sizeof names[i]};
    }
    seep_engine_poll_samples(r->engine, engine_rig_now(r), &samples[first], MOST - first, memory);
  }
}

static int set_up(void **state)
{
  for (size_t i = 0; i < MOST; i++) {
    commit_bytes[i] = 100 * MB;
  }
  return engine_rig_set_up(state);
}

/* Live ones with falling slope, then as many that wait, with falling slope too. */
static void assert_order(const seep_pulse *pulse, size_t live)
{
  assert_int_equal(pulse->case_count, SEEP_PULSE_CASES);
  for (size_t i = 0; i < pulse->case_count; i++) {
    const seep_pulse_case *one = &pulse->cases[i];
    assert_int_equal(one->is_waiting, i >= live);
    if (i > 0 && i != live) {
      assert_true(one[-1].slope_bytes_per_hour >= one->slope_bytes_per_hour);
    }
  }
}

static void cases_that_wait_stand_behind_live_ones(void **state)
{
  engine_rig *r = *state;
  poll(r, 100, 0, SLOW);
  const seep_pulse *pulse = seep_engine_pulse(r->engine, engine_rig_now(r));
  assert_int_equal(pulse->open_leaks, MOST);
  assert_int_equal(pulse->rapid_leaks, 0);
  assert_order(pulse, SEEP_PULSE_CASES);
  /* The fastest seven end, and the slowest of all have a place; of ten that ended there is room for two. */
  poll(r, 1, 7, SLOW);
  pulse = seep_engine_pulse(r->engine, engine_rig_now(r));
  assert_int_equal(pulse->open_leaks, MOST);
  assert_order(pulse, SEEP_PULSE_CASES);
  poll(r, 1, 10, SLOW);
  pulse = seep_engine_pulse(r->engine, engine_rig_now(r));
  assert_int_equal(pulse->open_leaks, MOST);
  assert_order(pulse, 30);
}

static void rapid_cases_are_counted_beyond_the_list(void **state)
{
  engine_rig *r = *state;
  poll(r, 40, 0, FAST);
  const seep_pulse *pulse = seep_engine_pulse(r->engine, engine_rig_now(r));
  assert_int_equal(pulse->open_leaks, MOST);
  assert_int_equal(pulse->rapid_leaks, MOST);
  assert_int_equal(pulse->case_count, SEEP_PULSE_CASES);
  /* Counted anew each time; rapid growth ends with its process. */
  poll(r, 1, 5, FAST);
  assert_int_equal(seep_engine_pulse(r->engine, engine_rig_now(r))->rapid_leaks, MOST - 5);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, engine_rig_tear_down)
  const struct CMUnitTest tests[] = {TEST(cases_that_wait_stand_behind_live_ones),
                                     TEST(rapid_cases_are_counted_beyond_the_list)};
  return cmocka_run_group_tests_name("watch/pulse", tests, NULL, NULL);
}
