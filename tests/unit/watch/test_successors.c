/* Cases that outlive their process: who takes them over, and who does not. Each trigger has its twin. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/text.h"
#include "engine_rig.h"

#define SLOW (2 * (int64_t)MB)
#define FAST (400 * (int64_t)MB)

static size_t leaks_told(engine_rig *r)
{
  return engine_rig_told(r, SEEP_ALERT_LEAK_FOUND);
}

static size_t leaks_over(engine_rig *r)
{
  return engine_rig_told(r, SEEP_ALERT_LEAK_OVER);
}

/* Something that is always there, and a leak of process 4242 that has been told. */
static void begin_leak(engine_rig *r)
{
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  engine_rig_poll(r, 1);
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, SLOW);
  engine_rig_poll(r, 100);
  assert_int_equal(leaks_told(r), 1);
  assert_int_equal(r->last_leak.key.pid, 4242);
}

static void end_process(engine_rig *r, uint32_t pid)
{
  fake_world_remove(&r->world, pid);
  engine_rig_poll(r, 1);
}

/* ---- a leak whose process ends ---- */

static void a_leak_waits_for_a_successor_and_is_given_up(void **state)
{
  engine_rig *r = *state;
  begin_leak(r);
  end_process(r, 4242);
  engine_rig_poll(r, 15);
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
  assert_int_equal(leaks_over(r), 0);
  engine_rig_poll(r, 2);
  assert_int_equal(seep_engine_open_leaks(r->engine), 0);
  assert_int_equal(leaks_over(r), 1);
  assert_string_equal(r->last_leak.ending, "the process ended");
  /* It grew to its end: what comes after it is told anew. */
  assert_false(engine_rig_lineage(r, "leaky.exe")->lineage.high_water > 0.0);
  fake_world_add(&r->world, 4243, "leaky.exe", 100 * MB, 0); /* too late */
  engine_rig_poll(r, 1);
  assert_int_equal(seep_engine_open_leaks(r->engine), 0);
}

static void rapid_growth_ends_with_its_process(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  fake_world_add(&r->world, 4242, "fast.exe", 100 * MB, FAST);
  engine_rig_poll(r, 40);
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
  fake_world_add(&r->world, 4243, "fast.exe", 100 * MB, FAST);
  end_process(r, 4242);
  assert_int_equal(seep_engine_open_leaks(r->engine), 0);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_RAPID_GROWTH_OVER), 1);
  assert_string_equal(r->last_leak.ending, "the process ended");
}

static void a_successor_that_grows_too_is_the_same_case(void **state)
{
  engine_rig *r = *state;
  begin_leak(r);
  end_process(r, 4242);
  engine_rig_poll(r, 10);
  fake_world_add(&r->world, 4243, "LEAKY.exe", 100 * MB, SLOW);
  engine_rig_poll(r, 1);
  assert_int_equal(r->last_leak.key.pid, 4243);
  assert_int_equal(r->last_leak.id, 1);
  engine_rig_poll(r, 300);
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
  assert_int_equal(r->leaks_opened, 1);
  assert_int_equal(leaks_told(r), 1);
  assert_int_equal(leaks_over(r), 0);
  seep_process_key key = {4243, UINT64_C(133600000000000000) + 4243};
  assert_int_equal(seep_engine_detector_of(r->engine, key)->level, SEEP_LEVEL_LEAK);
  engine_rig_poll(r, 3600); /* it has doubled, and more than an hour has passed */
  assert_int_equal(leaks_told(r), 2);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 2, "pid"), "4243");
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 2, "report"),
                      "this image leaked before: it is the same case after a restart");
  engine_rig_poll(r, 2 * 3600);
  assert_true(leaks_told(r) > 2);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 3, "report"),
                      "it has doubled since the last report");
}

static void a_successor_that_does_not_grow_ends_the_case_after_a_while(void **state)
{
  engine_rig *r = *state;
  begin_leak(r);
  fake_world_add(&r->world, 4243, "leaky.exe", 100 * MB, 0);
  end_process(r, 4242);
  engine_rig_poll(r, 125); /* two observation times are 128 s */
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
  assert_int_equal(r->requests, 1);
  engine_rig_poll(r, 5);
  assert_int_equal(seep_engine_open_leaks(r->engine), 0);
  assert_int_equal(leaks_over(r), 1);
  assert_string_equal(r->last_leak.ending, "after a restart it no longer grows");
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_OVER, 1, "pid"), "4243");
}

/* It fills up fast, rests, and then leaks on: its warm-up ends neither the case nor what is looked for. */
static void a_warm_up_of_the_successor_does_not_end_the_case(void **state)
{
  engine_rig *r = *state;
  begin_leak(r);
  end_process(r, 4242);
  fake_process *successor = fake_world_add(&r->world, 4243, "leaky.exe", 100 * MB, FAST);
  engine_rig_poll(r, 30);
  seep_process_key key = {4243, UINT64_C(133600000000000000) + 4243};
  assert_int_equal(seep_engine_detector_of(r->engine, key)->level, SEEP_LEVEL_RAPID);
  successor->growth_per_second = 0;
  engine_rig_poll(r, 60);
  assert_int_equal(seep_engine_detector_of(r->engine, key)->level, SEEP_LEVEL_NONE);
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
  assert_int_equal(leaks_over(r), 0);
  assert_false(engine_rig_lineage(r, "leaky.exe")->lineage.high_water > 0.0);
  engine_rig_poll(r, 200); /* and when it goes on resting the case ends as any other */
  assert_int_equal(seep_engine_open_leaks(r->engine), 0);
  assert_string_equal(r->last_leak.ending, "after a restart it no longer grows");
}

/* What has grown by so much since then is what the report says of the process it names. */
static void the_growth_of_a_successor_is_told_since_its_own_beginning(void **state)
{
  engine_rig *r = *state;
  char restarted[SEEP_WALL_TEXT_SIZE];
  begin_leak(r);
  engine_rig_poll(r, 200);
  end_process(r, 4242);
  (void)seep_wall_text(engine_rig_now(r).wall, restarted, sizeof restarted);
  fake_process *successor = fake_world_add(&r->world, 4243, "leaky.exe", 100 * MB, SLOW);
  engine_rig_poll(r, 3500);
  assert_int_equal(leaks_told(r), 2);
  assert_true(strcmp(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 2, "since"), restarted) >= 0);
  assert_true(r->last_leak.began.ms < engine_rig_now(r).wall.ms - 3600 * SEEP_MS_PER_SECOND);
  successor->growth_per_second = 0;
  successor->commit_bytes = 100 * MB;
  engine_rig_poll(r, 40);
  assert_int_equal(leaks_over(r), 1);
  assert_non_null(strstr(engine_rig_insert(r, SEEP_ALERT_LEAK_OVER, 1, "lasted"), "58 min"));
}

static void ask_in_vain(engine_rig *r)
{
  seep_error error = {SEEP_LIMIT, SEEP_DOMAIN_SQLITE, 13, "insert", ""};
  seep_recorder_event request = {.kind = SEEP_RECORDER_REQUEST, .free_bytes = UINT64_MAX};
  request.target = r->target;
  seep_engine_storage(r->engine, engine_rig_now(r), false, "seepwatch.db", &error);
  seep_engine_recorder(r->engine, engine_rig_now(r), &request);
  seep_engine_storage(r->engine, engine_rig_now(r), true, "", NULL);
}

/* The wish for a recording goes over with the case; a successor is recorded when it has been called itself.
 */
static void a_successor_is_recorded_once_it_is_called(void **state)
{
  engine_rig *r = *state;
  begin_leak(r);
  assert_int_equal(r->requests, 1);
  end_process(r, 4242);
  fake_world_add(&r->world, 4243, "leaky.exe", 100 * MB, SLOW);
  engine_rig_poll(r, 100);
  assert_int_equal(r->last_leak.key.pid, 4243);
  ask_in_vain(r); /* for the process that has ended */
  engine_rig_poll(r, 290); /* not before five minutes are over */
  end_process(r, 4243);
  fake_world_add(&r->world, 4244, "leaky.exe", 100 * MB, SLOW);
  engine_rig_poll(r, 50);
  assert_int_equal(r->requests, 1);
  engine_rig_poll(r, 650); /* it is called, and fifteen minutes are over */
  assert_int_equal(r->requests, 2);
  assert_int_equal(r->target.key.pid, 4244);
}

static void a_leak_that_is_ignored_by_now_waits_for_nobody(void **state)
{
  engine_rig *r = *state;
  begin_leak(r);
  r->settings.ignored.count = 1;
  seep_text_copy(r->settings.ignored.names[0], sizeof r->settings.ignored.names[0], "leaky.exe");
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  end_process(r, 4242);
  assert_int_equal(seep_engine_open_leaks(r->engine), 0);
  assert_int_equal(leaks_over(r), 1);
}

static void another_image_is_no_successor(void **state)
{
  engine_rig *r = *state;
  begin_leak(r);
  fake_world_add(&r->world, 4243, "leaky2.exe", 100 * MB, 0);
  end_process(r, 4242);
  engine_rig_poll(r, 18);
  assert_int_equal(seep_engine_open_leaks(r->engine), 0);
  assert_string_equal(r->last_leak.ending, "the process ended");
}

/* ---- overlapping lives ---- */

/* The other process is there so many seconds before the leak ends. */
static void overlap(engine_rig *r, unsigned seconds)
{
  begin_leak(r);
  engine_rig_poll(r, 400);
  fake_world_add(&r->world, 4243, "leaky.exe", 100 * MB, 0);
  engine_rig_poll(r, seconds);
  end_process(r, 4242);
  engine_rig_poll(r, 18);
}

static void a_successor_may_be_born_before_the_end(void **state)
{
  engine_rig *r = *state;
  overlap(r, 290);
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
  assert_int_equal(r->last_leak.key.pid, 4243);
}

static void who_has_long_been_there_is_no_successor(void **state)
{
  engine_rig *r = *state;
  overlap(r, 310);
  assert_int_equal(seep_engine_open_leaks(r->engine), 0);
}

/* When the service starts, everybody is seen for the first time. */
static void who_was_there_at_the_first_look_is_no_successor(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, SLOW);
  fake_world_add(&r->world, 4243, "leaky.exe", 100 * MB, 0);
  engine_rig_poll(r, 100);
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
  end_process(r, 4242);
  engine_rig_poll(r, 18);
  assert_int_equal(seep_engine_open_leaks(r->engine), 0);
}

static void of_several_the_one_born_nearest_to_the_end_succeeds(void **state)
{
  engine_rig *r = *state;
  begin_leak(r);
  fake_world_add(&r->world, 4243, "leaky.exe", 100 * MB, 0);
  engine_rig_poll(r, 60);
  fake_world_add(&r->world, 4244, "leaky.exe", 100 * MB, 0);
  engine_rig_poll(r, 5);
  end_process(r, 4242);
  assert_int_equal(r->last_leak.key.pid, 4244);
}

static void siblings_have_cases_of_their_own(void **state)
{
  engine_rig *r = *state;
  begin_leak(r);
  fake_world_add(&r->world, 4243, "leaky.exe", 100 * MB, SLOW);
  engine_rig_poll(r, 100);
  assert_int_equal(r->leaks_opened, 2);
  assert_int_equal(leaks_told(r), 2);
  end_process(r, 4242); /* its sibling is young enough, but has a case */
  engine_rig_poll(r, 18);
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
  assert_int_equal(leaks_over(r), 1);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_OVER, 1, "pid"), "4242");
}

/* Two at once: each new worker takes over one case. */
static void a_farm_that_is_restarted_keeps_its_cases(void **state)
{
  engine_rig *r = *state;
  begin_leak(r);
  fake_world_add(&r->world, 4243, "leaky.exe", 100 * MB, SLOW);
  engine_rig_poll(r, 100);
  fake_world_remove(&r->world, 4242);
  fake_world_remove(&r->world, 4243);
  fake_world_add(&r->world, 4244, "leaky.exe", 100 * MB, SLOW);
  fake_world_add(&r->world, 4245, "leaky.exe", 100 * MB, SLOW);
  engine_rig_poll(r, 100);
  assert_int_equal(seep_engine_open_leaks(r->engine), 2);
  assert_int_equal(r->leaks_opened, 2);
  assert_int_equal(leaks_told(r), 2);
  assert_int_equal(leaks_over(r), 0);
}

/* ---- the store ---- */

static void a_waiting_case_and_the_lineages_go_over_to_another_store(void **state)
{
  engine_rig *r = *state;
  begin_leak(r);
  end_process(r, 4242);
  assert_true(r->lineages_kept > 0);
  r->lineages_kept = 0;
  engine_rig_poll(r, 2);
  assert_int_equal(r->lineages_kept, 0);
  seep_engine_store_exchanged(r->engine);
  fake_world_add(&r->world, 4243, "leaky.exe", 100 * MB, SLOW);
  engine_rig_poll(r, 1);
  assert_int_equal(r->last_leak.id, 0); /* the update asks for a new row */
  assert_int_equal(r->last_leak.key.pid, 4243);
  assert_int_equal(r->lineages_kept, 1);
}

/* Also those that nothing new is said about for a long time. */
static void open_cases_are_written_into_another_store_at_once(void **state)
{
  engine_rig *r = *state;
  begin_leak(r);
  fake_world_add(&r->world, 4243, "leaky.exe", 100 * MB, 0);
  end_process(r, 4242);
  size_t updated = r->leaks_updated;
  engine_rig_poll(r, 5);
  assert_int_equal(r->leaks_updated, updated);
  seep_engine_store_exchanged(r->engine);
  engine_rig_poll(r, 1);
  assert_int_equal(r->leaks_updated, updated + 1);
  assert_int_equal(r->last_leak.id, 0);
}

#define successor_test(f) cmocka_unit_test_setup_teardown(f, engine_rig_set_up, engine_rig_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      successor_test(a_leak_waits_for_a_successor_and_is_given_up),
      successor_test(rapid_growth_ends_with_its_process),
      successor_test(a_successor_that_grows_too_is_the_same_case),
      successor_test(a_successor_that_does_not_grow_ends_the_case_after_a_while),
      successor_test(a_warm_up_of_the_successor_does_not_end_the_case),
      successor_test(the_growth_of_a_successor_is_told_since_its_own_beginning),
      successor_test(a_successor_is_recorded_once_it_is_called),
      successor_test(a_leak_that_is_ignored_by_now_waits_for_nobody),
      successor_test(another_image_is_no_successor),
      successor_test(a_successor_may_be_born_before_the_end),
      successor_test(who_has_long_been_there_is_no_successor),
      successor_test(who_was_there_at_the_first_look_is_no_successor),
      successor_test(of_several_the_one_born_nearest_to_the_end_succeeds),
      successor_test(siblings_have_cases_of_their_own),
      successor_test(a_farm_that_is_restarted_keeps_its_cases),
      successor_test(open_cases_are_written_into_another_store_at_once),
      successor_test(a_waiting_case_and_the_lineages_go_over_to_another_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
