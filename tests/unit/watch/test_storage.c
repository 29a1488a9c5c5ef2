/*
 * The watchdog and its file: all that is said is in it, also what the event log refused; a full disk is said
 * once, leaves no poll half-written and is got over; a history that the size limit cuts short is said once,
 * and not again after a restart.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "rig.h"
#include "unit/store/fault_vfs.h"
#include "watch/files.h"

#define FORM                                                                                                 \
  "{\"poll\":{\"interval_s\":1,\"urgent_interval_s\":1},"                                                    \
  "\"detector\":{\"bucket_s\":1,\"observation_s\":64,\"minimum_slope_bytes_per_hour\":1048576,"              \
  "\"minimum_growth_bytes\":8388608},"                                                                       \
  "\"capture\":{\"enabled\":false},\"store\":{%s}}"

/* ---- what the file says after the watchdog has stopped ---- */

#define EVENTS 300u

typedef struct kept {
  size_t count;
  seep_store_event events[EVENTS];
} kept;

static kept found;

static bool keep(void *context, const seep_store_event *event)
{
  kept *k = context;
  if (event->event != 0 && k->count < EVENTS) {
    k->events[k->count++] = *event;
  }
  return true;
}

static seep_store *open_store(void)
{
  seep_store *store = NULL;
  assert_int_equal(seep_store_open_readonly(rig_path("seepwatch.db"), &store, NULL), SEEP_OK);
  return store;
}

static void read_events(void)
{
  seep_store_filter all;
  seep_store *store = open_store();
  seep_store_filter_init(&all);
  found.count = 0;
  assert_int_equal(seep_store_events(store, &all, keep, &found, NULL), SEEP_OK);
  seep_store_close(store);
}

static const seep_store_event *event_of(uint32_t id, size_t n)
{
  for (size_t i = 0; i < found.count; i++) {
    if (found.events[i].event == id && --n == 0) {
      return &found.events[i];
    }
  }
  return NULL;
}

static void look(rig *r, unsigned polls)
{
  for (unsigned i = 0; i < polls; i++) {
    uv_mutex_lock(&r->world.lock);
    unsigned before = r->world.fetch_fault.calls, now = before;
    uv_mutex_unlock(&r->world.lock);
    seep_watchdog_post(r->watchdog, SEEP_CONTROL_POLL_NOW);
    for (unsigned waited_ms = 0; now == before && waited_ms < RIG_PATIENCE_MS; waited_ms++) {
      uv_sleep(1);
      uv_mutex_lock(&r->world.lock);
      now = r->world.fetch_fault.calls;
      uv_mutex_unlock(&r->world.lock);
    }
  }
}

/* ---- events ---- */

static void all_that_is_said_is_kept(void **state)
{
  rig *r = *state;
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  rig_start(r);
  assert_non_null(rig_poll_until(r, SEEP_ALERT_RECORDING_SAVED, 1));
  (void)rig_stop(r);
  read_events();
  assert_int_equal(found.count, r->sink.count);
  for (size_t i = 0; i < found.count; i++) {
    assert_int_equal(found.events[i].event, r->sink.alerts[i].id);
    assert_string_equal(found.events[i].level, seep_alert_level_text(r->sink.alerts[i].level));
    assert_true(i == 0 || found.events[i].wall.ms >= found.events[i - 1].wall.ms);
    assert_true(found.events[i].wall.ms >= INT64_C(1795344000000));
  }
  assert_int_equal(found.events[0].event, SEEP_ALERT_SETTINGS_LOADED); /* said before there was a store */
  assert_int_equal(found.events[found.count - 1].event, SEEP_ALERT_SERVICE_STOPPED);
  const seep_store_event *leak = event_of(SEEP_ALERT_LEAK_FOUND, 1);
  assert_non_null(leak);
  assert_string_equal(leak->level, "warning");
  assert_string_equal(leak->image, "leaky.exe");
  assert_int_equal(leak->pid, 4242);
  assert_non_null(strstr(leak->text, "image: leaky.exe; pid: 4242; created: "));
  assert_string_equal(found.events[0].image, "");
  assert_int_equal(found.events[0].pid, 0);
}

static void what_the_log_refuses_is_kept_all_the_more(void **state)
{
  rig *r = *state;
  r->sink.fault = (fake_fault){.fail_at = 1, .persistent = true};
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  rig_start(r);
  look(r, 100);
  (void)rig_stop(r);
  assert_int_equal(r->sink.count, 0);
  read_events();
  assert_non_null(event_of(SEEP_ALERT_SERVICE_STARTED, 1));
  assert_non_null(event_of(SEEP_ALERT_LEAK_FOUND, 1));
  assert_null(event_of(SEEP_ALERT_LEAK_FOUND, 2));
  assert_non_null(event_of(SEEP_ALERT_SERVICE_STOPPED, 1));
}

/* An Event 2004 that waits for the event log is tried every second; it is one event all the same. */
static void what_is_told_later_is_kept_once(void **state)
{
  static const char xml[] = "<Event><System><Provider "
                            "Name='Microsoft-Windows-Resource-Exhaustion-Detector'/><EventID>2004</EventID>"
                            "<EventRecordID>12</EventRecordID></System></Event>";
  rig *r = *state;
  rig_start(r);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_SERVICE_STARTED, 1, RIG_PATIENCE_MS));
  look(r, 2);
  r->sink.fault = (fake_fault){.fail_at = 1};
  assert_true(r->feed.sink->event(r->feed.sink->context, xml, sizeof xml - 1, "<BookmarkList/>", 15));
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_EXHAUSTION, 1, RIG_PATIENCE_MS));
  (void)rig_stop(r);
  assert_int_equal(r->sink.fault.fired, 1);
  read_events();
  assert_non_null(event_of(SEEP_ALERT_EXHAUSTION, 1));
  assert_null(event_of(SEEP_ALERT_EXHAUSTION, 2));
}

static void a_damaged_file_is_named_in_the_fresh_one(void **state)
{
  rig *r = *state;
  rig_write("seepwatch.db",
            "this is not a database, however long one looks at it; it has more than a header's "
            "length of text in it, so that it is read as a damaged file");
  rig_start(r);
  assert_non_null(rig_poll_until(r, SEEP_ALERT_STORAGE_RECOVERED, 1));
  (void)rig_stop(r);
  read_events();
  const seep_store_event *event = event_of(SEEP_ALERT_STORAGE_DEGRADED, 1);
  assert_non_null(event);
  assert_non_null(strstr(event->text, "seepwatch.db.damaged-"));
  assert_null(event_of(SEEP_ALERT_STORAGE_DEGRADED, 2));
}

/* ---- a full disk ---- */

typedef struct polls {
  size_t count, gaps, points, crooked; /* crooked: polls that do not have all processes */
  int64_t wall_ms;
  size_t in_poll;
} polls;

static bool count_point(void *context, const seep_store_point *point)
{
  polls *p = context;
  if (p->count == 0 || point->wall.ms != p->wall_ms) {
    p->crooked += p->count > 0 && p->in_poll != 2;
    p->gaps += point->after_gap;
    p->wall_ms = point->wall.ms;
    p->in_poll = 0;
    p->count++;
  }
  p->in_poll++;
  p->points++;
  return true;
}

static void a_full_disk_is_said_once_and_got_over(void **state)
{
  rig *r = *state;
  fake_process *leaky = fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 0);
  fault_vfs_install();
  rig_start(r);
  look(r, 10);
  fault_vfs_arm(FAULT_FULL, 1, FAULT_FOR_GOOD);
  uv_mutex_lock(&r->world.lock);
  leaky->growth_per_second = 2 * (int64_t)MB;
  uv_mutex_unlock(&r->world.lock);
  assert_non_null(rig_poll_until(r, SEEP_ALERT_STORAGE_DEGRADED, 1));
  assert_non_null(rig_poll_until(r, SEEP_ALERT_LEAK_FOUND, 1)); /* watching goes on */
  look(r, 100);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_STORAGE_DEGRADED), 1);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_STORAGE_RECOVERED), 0);
  assert_true(fault_vfs_fired());
  fault_vfs_arm(FAULT_FULL, 0, 0);
  assert_non_null(rig_poll_until(r, SEEP_ALERT_STORAGE_RECOVERED, 1));
  look(r, 10);
  (void)rig_stop(r);
  fault_vfs_remove();
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_STORAGE_DEGRADED), 1);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_STORAGE_RECOVERED), 1);
  read_events();
  assert_non_null(event_of(SEEP_ALERT_STORAGE_DEGRADED, 1));
  assert_non_null(event_of(SEEP_ALERT_LEAK_FOUND, 1));
  assert_non_null(event_of(SEEP_ALERT_STORAGE_RECOVERED, 1));
  assert_int_equal(found.count, r->sink.count);
  polls p = {0};
  seep_store_filter all;
  seep_store *store = open_store();
  seep_store_filter_init(&all);
  assert_int_equal(seep_store_history(store, &all, count_point, &p, NULL), SEEP_OK);
  seep_store_close(store);
  assert_true(p.count >= 15);
  assert_int_equal(p.crooked, 0);
  assert_int_equal(p.points, 2 * p.count);
  assert_int_equal(p.gaps, 2); /* the first poll, and the one after the full disk */
}

/* The twin: a disk with room. */
static seep_store_answer_state state_of_first_answer(void)
{
  seep_store_answer answer = {0};
  seep_store *store = NULL;
  assert_int_equal(seep_store_open_readonly(rig_path("seepwatch.db"), &store, NULL), SEEP_OK);
  assert_int_equal(seep_store_answer_get(store, 1, &answer, NULL), SEEP_OK);
  seep_store_close(store);
  return answer.state;
}

/* The recording is read while the disk is full: what it shows is told, and written down as soon as it can be.
 */
static void an_answer_waits_for_room(void **state)
{
  rig *r = *state;
  r->reads = true;
  fault_vfs_install();
  rig_write("knobs.txt", "read_hang 2\n");
  assert_non_null(rig_record(r, SEEP_ALERT_RECORDING_SAVED));
  for (unsigned waited_ms = 0; rig_calls_of("report ") == 0 && waited_ms < 10000; waited_ms += 20) {
    uv_sleep(20);
  }
  assert_int_equal(rig_calls_of("report "), 1);
  fault_vfs_arm(FAULT_FULL, 1, FAULT_FOR_GOOD);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_CULPRIT, 1, 10000));
  uv_sleep(1500);
  assert_int_equal(state_of_first_answer(), SEEP_STORE_ANSWER_BEGUN);
  fault_vfs_arm(FAULT_FULL, 0, 0);
  uv_sleep(1500);
  assert_int_equal(state_of_first_answer(), SEEP_STORE_ANSWER_MADE);
  (void)rig_stop(r);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_CULPRIT), 1);
  fault_vfs_remove();
}

static void a_disk_with_room_is_not_mentioned(void **state)
{
  rig *r = *state;
  fake_world_add(&r->world, 4242, "calm-too.exe", 100 * MB, 0);
  rig_start(r);
  look(r, 50);
  (void)rig_stop(r);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_STORAGE_DEGRADED), 0);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_STORAGE_RECOVERED), 0);
  polls p = {0};
  seep_store_filter all;
  seep_store *store = open_store();
  seep_store_filter_init(&all);
  assert_int_equal(seep_store_history(store, &all, count_point, &p, NULL), SEEP_OK);
  seep_store_close(store);
  assert_true(p.count >= 45);
  assert_int_equal(p.gaps, 1);
}

/* ---- looks that fail ---- */

static polls poll_every_30_seconds(rig *r, unsigned failing)
{
  polls p = {0};
  seep_store_filter all;
  fake_world_add(&r->world, 4242, "calm-too.exe", 100 * MB, 0);
  rig_write("seepwatch.json", "{}");
  r->world.step_ms = 30 * SEEP_MS_PER_SECOND;
  r->world.fetch_fault.fail_at = failing;
  rig_start(r);
  look(r, 20);
  (void)rig_stop(r);
  seep_store *store = open_store();
  seep_store_filter_init(&all);
  assert_int_equal(seep_store_history(store, &all, count_point, &p, NULL), SEEP_OK);
  seep_store_close(store);
  assert_int_equal(r->world.fetch_fault.fired, failing != 0);
  assert_int_equal(p.crooked, 0);
  assert_true(p.count >= 15);
  return p;
}

static void one_look_that_fails_is_a_gap(void **state)
{
  assert_int_equal(poll_every_30_seconds(*state, 10).gaps, 2);
}

static void without_it_there_is_none(void **state)
{
  assert_int_equal(poll_every_30_seconds(*state, 0).gaps, 1);
}

/* ---- a history cut short ---- */

static void set_store(const char *members)
{
  char text[600];
  snprintf(text, sizeof text, FORM, members);
  rig_write("seepwatch.json", text);
}

static void set_limit(unsigned bytes)
{
  char members[64];
  snprintf(members, sizeof members, "\"maximum_bytes\":%u", bytes);
  set_store(members);
}

/* More than a megabyte that no prune takes away; event 0 is nobody's. */
static void fill_store(rig *r)
{
  seep_store *store = NULL;
  seep_store_event event = {.event = 0, .level = "information"};
  event.wall.ms = r->world.wall_ms;
  memset(event.text, 'x', sizeof event.text - 1);
  assert_int_equal(seep_store_open(rig_path("seepwatch.db"), event.wall, NULL, &store, NULL, NULL), SEEP_OK);
  for (unsigned i = 0; i < 1200; i++) {
    assert_int_equal(seep_store_event_add(store, &event, NULL), SEEP_OK);
  }
  seep_store_close(store);
}

static void a_history_cut_short_is_said_once_for_each_limit(void **state)
{
  rig *r = *state;
  set_limit(1u << 20);
  fill_store(r);
  r->world.step_ms = SEEP_MS_PER_HOUR; /* a day of polls stays whatever the limit */
  rig_start(r);
  const seep_alert *alert = rig_poll_until(r, SEEP_ALERT_HISTORY_CUT_SHORT, 1);
  assert_non_null(alert);
  assert_string_equal(alert->inserts[0], "1.00 MB (1048576 bytes)");
  assert_string_equal(alert->inserts[2], "14");
  look(r, 60);
  (void)rig_stop(r);
  rig_start(r); /* another life, the same limit */
  look(r, 60);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_HISTORY_CUT_SHORT), 1);
  set_limit(100u << 20);
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_RELOAD);
  look(r, 60);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_HISTORY_CUT_SHORT), 1);
  (void)rig_stop(r);
  set_limit(1u << 20);
  rig_start(r);
  assert_non_null(rig_poll_until(r, SEEP_ALERT_HISTORY_CUT_SHORT, 2));
  (void)rig_stop(r);
  read_events();
  assert_non_null(event_of(SEEP_ALERT_HISTORY_CUT_SHORT, 2));
  assert_null(event_of(SEEP_ALERT_HISTORY_CUT_SHORT, 3));
}

static void a_limit_that_suffices_is_not_mentioned(void **state)
{
  rig *r = *state;
  set_limit(100u << 20);
  fill_store(r);
  r->world.step_ms = SEEP_MS_PER_HOUR;
  rig_start(r);
  look(r, 100);
  (void)rig_stop(r);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_HISTORY_CUT_SHORT), 0);
}

/* ---- ages ---- */

/* How many points of a process that went after ten hours are left after a hundred. */
static size_t points_left(rig *r, const char *store_members)
{
  polls p = {0};
  seep_store_filter gone;
  set_store(store_members);
  r->world.step_ms = SEEP_MS_PER_HOUR;
  fake_world_add(&r->world, 4242, "gone.exe", 100 * MB, 0);
  rig_start(r);
  look(r, 10);
  fake_world_remove(&r->world, 4242);
  look(r, 90);
  (void)rig_stop(r);
  seep_store *store = open_store();
  seep_store_filter_init(&gone);
  gone.image = "gone.exe";
  assert_int_equal(seep_store_history(store, &gone, count_point, &p, NULL), SEEP_OK);
  seep_store_close(store);
  return p.points;
}

static void old_polls_go(void **state)
{
  assert_int_equal(points_left(*state, "\"retention_days\":1,\"hourly_days\":1"), 0);
}

/* The twin; and hours kept shorter than polls do not take the polls' processes with them. */
static void young_polls_stay(void **state)
{
  assert_true(points_left(*state, "\"retention_days\":14,\"hourly_days\":1") >= 9);
}

#define storage_test(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      storage_test(all_that_is_said_is_kept),
      storage_test(what_the_log_refuses_is_kept_all_the_more),
      storage_test(what_is_told_later_is_kept_once),
      storage_test(a_damaged_file_is_named_in_the_fresh_one),
      storage_test(a_full_disk_is_said_once_and_got_over),
      storage_test(an_answer_waits_for_room),
      storage_test(a_disk_with_room_is_not_mentioned),
      storage_test(one_look_that_fails_is_a_gap),
      storage_test(without_it_there_is_none),
      storage_test(a_history_cut_short_is_said_once_for_each_limit),
      storage_test(a_limit_that_suffices_is_not_mentioned),
      storage_test(old_polls_go),
      storage_test(young_polls_stay),
  };
  if (argc < 2) {
    fprintf(stderr, "usage: test_watch_storage PATH-OF-FAKE-RECORDER\n");
    return 2;
  }
  rig_prepare("storage-test", argv[1]);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
