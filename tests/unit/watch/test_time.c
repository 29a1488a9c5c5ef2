/*
 * Time in the engine: distances are measured on the running clock alone, so that a wall clock set by a day, a
 * summer time that ends or a machine that slept changes no verdict; and a poll goes to the store with the
 * moment at which it was taken.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "engine_rig.h"

#define LIFE_POLLS 400u

/* At poll `at` (and back again at `back`, 0 = never) the wall clock is set; or nobody looks for gap_ms of
 * running time. */
typedef struct disturbance {
  unsigned at, back;
  int64_t wall_ms, gap_ms;
} disturbance;

/* What the engine did and when, by the running clock since the beginning; recorder and alerts included. */
typedef struct life {
  size_t count;
  seep_command_kind kinds[ENGINE_RIG_ORDER];
  int64_t at_ms[ENGINE_RIG_ORDER];
  size_t found, over;
  char lasted[SEEP_ALERT_INSERT_SIZE];
  char slope[SEEP_ALERT_INSERT_SIZE];
} life;

static life undisturbed, disturbed;

/* A process that leaks for 250 polls and then gives back, one that breathes, one that is calm; or, twin, all
 * but the first. */
static void live(life *l, const disturbance *d, bool leaking)
{
  void *state = NULL;
  assert_int_equal(engine_rig_set_up(&state), 0);
  engine_rig *r = state;
  int64_t begin_ms = r->world.mono_ms;
  fake_process *breathing = fake_world_add(&r->world, 5, "breathing.exe", 200 * MB, 4 * (int64_t)MB);
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  fake_process *leaky = fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, leaking ? 2 * (int64_t)MB : 0);
  for (unsigned i = 0; i < LIFE_POLLS; i++) {
    if (i == d->at) {
      r->world.wall_ms += d->wall_ms;
      r->world.mono_ms += d->gap_ms;
      r->world.wall_ms += d->gap_ms;
    }
    if (d->back != 0 && i == d->back) {
      r->world.wall_ms -= d->wall_ms;
    }
    if (i % 20 == 19) {
      breathing->commit_bytes = 200 * MB;
    }
    if (i == 250) {
      leaky->growth_per_second = 0;
      leaky->commit_bytes = 100 * MB;
    }
    engine_rig_poll(r, 1);
    seep_engine_tick(r->engine, engine_rig_now(r), NULL, NULL);
  }
  memset(l, 0, sizeof *l);
  l->count = r->order_count;
  for (size_t i = 0; i < l->count; i++) {
    l->kinds[i] = r->order[i];
    l->at_ms[i] = r->order_at[i] - begin_ms;
  }
  l->found = engine_rig_told(r, SEEP_ALERT_LEAK_FOUND);
  l->over = engine_rig_told(r, SEEP_ALERT_LEAK_OVER);
  const seep_alert *found = fake_sink_wait(&r->sink, SEEP_ALERT_LEAK_FOUND, 1, 0);
  const seep_alert *over = fake_sink_wait(&r->sink, SEEP_ALERT_LEAK_OVER, 1, 0);
  snprintf(l->slope, sizeof l->slope, "%s", found != NULL ? found->inserts[4] : "");
  snprintf(l->lasted, sizeof l->lasted, "%s", over != NULL ? over->inserts[5] : "");
  assert_true(l->count < ENGINE_RIG_ORDER);
  engine_rig_tear_down(&state);
}

static bool same_life(const life *a, const life *b)
{
  return a->count == b->count && memcmp(a->kinds, b->kinds, sizeof a->kinds) == 0 &&
         memcmp(a->at_ms, b->at_ms, sizeof a->at_ms) == 0 && a->found == b->found && a->over == b->over &&
         strcmp(a->lasted, b->lasted) == 0 && strcmp(a->slope, b->slope) == 0;
}

/* Hours of summer time, days, a clock that had lost its battery, one from the far future; for good or for a
 * while; before the leak is called, while the case is open and about when it ends. */
static const int64_t steps_ms[] = {SEEP_MS_PER_HOUR, -SEEP_MS_PER_HOUR,       SEEP_MS_PER_DAY,
                                   -SEEP_MS_PER_DAY, INT64_C(-1700000000000), 3650 * SEEP_MS_PER_DAY};
static const unsigned moments[] = {1, 20, 60, 200, 249, 260};

static void a_wall_clock_that_is_set_changes_no_verdict(void **state)
{
  (void)state;
  static const disturbance none = {.at = 0};
  live(&undisturbed, &none, true);
  assert_int_equal(undisturbed.found, 1);
  assert_int_equal(undisturbed.over, 1);
  assert_string_not_equal(undisturbed.lasted, "-");
  for (size_t i = 0; i < sizeof steps_ms / sizeof steps_ms[0]; i++) {
    for (size_t j = 0; j < sizeof moments / sizeof moments[0]; j++) {
      for (unsigned back = 0; back <= 1; back++) {
        disturbance d = {.at = moments[j], .back = back * (moments[j] + 30), .wall_ms = steps_ms[i]};
        live(&disturbed, &d, true);
        if (!same_life(&undisturbed, &disturbed)) {
          fail_msg("set by %lld ms at poll %u, back at %u: found %u, over %u, lasted %s, slope %s",
                   (long long)d.wall_ms, d.at, d.back, (unsigned)disturbed.found, (unsigned)disturbed.over,
                   disturbed.lasted, disturbed.slope);
        }
      }
    }
  }
}

static void a_wall_clock_that_is_set_makes_no_leak(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof steps_ms / sizeof steps_ms[0]; i++) {
    disturbance d = {.at = 60, .wall_ms = steps_ms[i]};
    live(&disturbed, &d, false);
    assert_int_equal(disturbed.found, 0);
    assert_int_equal(disturbed.over, 0);
  }
}

/* The running clock stands still while the machine sleeps: to the engine it is a wall clock set forward. */
static void a_machine_that_slept_is_judged_as_if_it_had_not(void **state)
{
  (void)state;
  static const disturbance none = {.at = 0};
  disturbance asleep = {.at = 60, .wall_ms = 8 * SEEP_MS_PER_HOUR};
  live(&undisturbed, &none, true);
  live(&disturbed, &asleep, true);
  assert_true(same_life(&undisturbed, &disturbed));
}

/* The twin of both: running time in which nobody looked does count, and is not bridged. */
static void running_time_without_a_look_starts_afresh(void **state)
{
  (void)state;
  static const disturbance none = {.at = 0};
  disturbance blind = {.at = 30, .gap_ms = 600 * SEEP_MS_PER_SECOND};
  live(&undisturbed, &none, true);
  live(&disturbed, &blind, true);
  assert_false(same_life(&undisturbed, &disturbed));
  assert_int_equal(disturbed.found, 1);
  for (size_t i = 0; i < disturbed.count; i++) {
    /* not before a window has been seen once more: what was seen on both sides of the gap is no rise */
    assert_true(disturbed.kinds[i] != SEEP_COMMAND_LEAK_OPEN || disturbed.at_ms[i] > 30000 + 600000 + 20000);
  }
}

static void a_step_while_nobody_looked_is_no_leak(void **state)
{
  engine_rig *r = *state;
  fake_process *process = fake_world_add(&r->world, 7, "batch.exe", 100 * MB, 0);
  engine_rig_poll(r, 40);
  r->world.mono_ms += 8 * SEEP_MS_PER_HOUR;
  r->world.wall_ms += 8 * SEEP_MS_PER_HOUR;
  process->commit_bytes = 900 * MB;
  engine_rig_poll(r, 200);
  assert_int_equal(r->leaks_opened, 0);
}

static void a_poll_is_stored_with_the_moment_it_was_taken(void **state)
{
  engine_rig *r = *state;
  seep_error error = {SEEP_OS, SEEP_DOMAIN_NT, 0xC000009A, "NtQuerySystemInformation", ""};
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  engine_rig_poll(r, 3);
  seep_now before = r->poll_now;
  assert_int_equal(before.mono.ms, r->world.mono_ms);
  assert_int_equal(before.wall.ms, r->world.wall_ms);
  assert_int_equal(r->poll_interval_ms, 1000);
  /* Looks that failed are not stored, and the one after them does not fill their place. */
  for (int i = 0; i < 4; i++) {
    fake_world_advance(&r->world, 1000);
    seep_engine_poll_failed(r->engine, engine_rig_now(r), &error);
  }
  assert_int_equal(r->polls_stored, 3);
  engine_rig_poll(r, 1);
  assert_int_equal(r->polls_stored, 4);
  assert_int_equal(r->poll_now.mono.ms - before.mono.ms, 5000);
  assert_int_equal(r->poll_interval_ms, 0);
  /* A clock that is set shows in the name and not in the distance. */
  before = r->poll_now;
  r->world.wall_ms -= SEEP_MS_PER_DAY;
  engine_rig_poll(r, 1);
  assert_int_equal(r->poll_interval_ms, 1000);
  assert_int_equal(r->poll_now.mono.ms - before.mono.ms, 1000);
  assert_int_equal(r->poll_now.wall.ms - before.wall.ms, 1000 - SEEP_MS_PER_DAY);
}

static const char event_2004[] =
    "<Event><System><Provider Name='Microsoft-Windows-Resource-Exhaustion-Detector'/><EventID>2004</EventID>"
    "<EventRecordID>12</EventRecordID></System></Event>";

static void a_shorter_interval_makes_no_gap_of_the_longer_one_before(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  r->settings.poll_interval_ms = 30000;
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  fake_world_advance(&r->world, 30000);
  engine_rig_look(r);
  fake_world_advance(&r->world, 30000);
  engine_rig_look(r);
  assert_int_equal(r->poll_interval_ms, 30000);
  /* The event comes 29 s after a look, which is followed by one at once. */
  fake_world_advance(&r->world, 29000);
  seep_engine_exhaustion(r->engine, engine_rig_now(r), event_2004, sizeof event_2004 - 1, "mark", 4);
  assert_int_equal(r->interval_ms, 500);
  engine_rig_look(r);
  assert_int_equal(r->poll_interval_ms, 30000);
  fake_world_advance(&r->world, 500);
  engine_rig_look(r);
  assert_int_equal(r->poll_interval_ms, 500);
  /* And back: the timer begins its longer turn at once. */
  r->world.mono_ms += r->settings.event2004_urgent_ms;
  seep_engine_tick(r->engine, engine_rig_now(r), NULL, NULL);
  engine_rig_look(r);
  assert_int_equal(r->poll_interval_ms, 30000);
}

/* One alone too, which leaves just twice the interval between two polls; and a cut snapshot is a failed look.
 */
static void a_failed_look_is_a_gap(void **state)
{
  engine_rig *r = *state;
  seep_error error = {SEEP_OS, SEEP_DOMAIN_NT, 0xC000009A, "NtQuerySystemInformation", ""};
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  engine_rig_poll(r, 2);
  fake_world_advance(&r->world, 1000);
  seep_engine_poll_failed(r->engine, engine_rig_now(r), &error);
  seep_engine_exhaustion(r->engine, engine_rig_now(r), event_2004, sizeof event_2004 - 1, "mark", 4);
  engine_rig_poll(r, 1);
  assert_int_equal(r->poll_interval_ms, 0);
  engine_rig_poll(r, 1);
  assert_int_equal(r->poll_interval_ms, 500);
  r->world.cut = true;
  engine_rig_poll(r, 1);
  r->world.cut = false;
  engine_rig_poll(r, 1);
  assert_int_equal(r->poll_interval_ms, 0);
}

#define time_test(f) cmocka_unit_test_setup_teardown(f, engine_rig_set_up, engine_rig_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_wall_clock_that_is_set_changes_no_verdict),
      cmocka_unit_test(a_wall_clock_that_is_set_makes_no_leak),
      cmocka_unit_test(a_machine_that_slept_is_judged_as_if_it_had_not),
      cmocka_unit_test(running_time_without_a_look_starts_afresh),
      time_test(a_step_while_nobody_looked_is_no_leak),
      time_test(a_poll_is_stored_with_the_moment_it_was_taken),
      time_test(a_shorter_interval_makes_no_gap_of_the_longer_one_before),
      time_test(a_failed_look_is_a_gap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
