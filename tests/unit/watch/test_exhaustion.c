/*
 * Event 2004 and the notices around it, through the engine: each is told once, to the right people, in the
 * right order with its bookmark, and without memory.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_rig.h"

#define OTHER_PROVIDER "Microsoft-Windows-Resource-Exhaustion-Resolver"
#define DETECTOR "Microsoft-Windows-Resource-Exhaustion-Detector"
#define NOBODY                                                                                               \
  (seep_process_key)                                                                                         \
  {                                                                                                          \
    4711, 0                                                                                                  \
  }

/* ---- counting allocations: the linker sends those of all our rooms here ---- */

#ifdef SEEP_COUNTS_ALLOCATIONS
static bool memory_is_out;
static unsigned asked;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
  asked++;
  return memory_is_out ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
  asked++;
  return memory_is_out ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
  asked++;
  return memory_is_out ? NULL : __real_realloc(old, size);
}
#endif

/* ---- making events ---- */

static const char *time_text(seep_filetime moment, char out[40])
{
  char wall[SEEP_WALL_TEXT_SIZE];
  seep_wall_text(seep_wall_from_filetime(moment), wall, sizeof wall);
  snprintf(out, 40, "%.23s%04uZ", wall, (unsigned)(moment % 10000));
  return out;
}

static seep_filetime logged(const engine_rig *r, int64_t ago_ms)
{
  return seep_wall_to_filetime((seep_wall){r->world.wall_ms - ago_ms});
}

static void tell_named(engine_rig *r, unsigned record, int64_t ago_ms, const char *name, seep_process_key key)
{
  char xml[2048], when[40], created[40];
  int length = snprintf(
      xml, sizeof xml,
      "<Event><System><Provider Name='" DETECTOR "'/><EventID>2004</EventID><TimeCreated SystemTime='%s'/>"
      "<EventRecordID>%u</EventRecordID></System><UserData><MemoryExhaustionInfo><SystemInfo>"
      "<SystemCommitLimit>34359738368</SystemCommitLimit><SystemCommitCharge>34300000000</SystemCommitCharge>"
      "<ProcessCommitCharge>3430000000</ProcessCommitCharge><NonPagedPoolUsage>20000000000</"
      "NonPagedPoolUsage>"
      "</SystemInfo><NonPagedPoolInfo><Tag_1><Name>Leak</Name><PoolUsed>15000000000</PoolUsed></Tag_1>"
      "</NonPagedPoolInfo><ProcessInfo><Process_1><Name>%s</Name><ID>%" PRIu32 "</ID><CreationTime>%s"
      "</CreationTime><CommitCharge>123456789</CommitCharge><HandleCount>360000</HandleCount></Process_1>"
      "</ProcessInfo></MemoryExhaustionInfo></UserData></Event>",
      time_text(logged(r, ago_ms), when), record, name, key.pid, time_text(key.created, created));
  seep_engine_exhaustion(r->engine, engine_rig_now(r), xml, (size_t)length, "mark", 4);
}

static void tell_event(engine_rig *r, unsigned record)
{
  tell_named(r, record, 0, "gone.exe", NOBODY);
}

static void tell_of_another(engine_rig *r, unsigned record)
{
  tell_named(r, record, 0, "other.exe", (seep_process_key){record, 0});
}

static void tell_notice(engine_rig *r, unsigned id, int64_t ago_ms)
{
  char xml[1024], when[40];
  int length = snprintf(xml, sizeof xml,
                        "<Event><System><Provider Name='" DETECTOR "'/><EventID>%u</EventID><TimeCreated "
                        "SystemTime='%s'/><EventRecordID>%u</EventRecordID></System><UserData><AnyName>"
                        "<SystemCommitLimit>1073741824</SystemCommitLimit><SystemCommitCharge>1000000000"
                        "</SystemCommitCharge><ErrorCode>1455</ErrorCode></AnyName></UserData></Event>",
                        id, time_text(logged(r, ago_ms), when), id);
  seep_engine_memory_notice(r->engine, engine_rig_now(r), xml, (size_t)length, "place", 5);
}

static void wait_ms(engine_rig *r, int64_t ms)
{
  r->world.mono_ms += ms;
  r->world.wall_ms += ms;
  seep_engine_tick(r->engine, engine_rig_now(r), NULL, NULL);
}

static const char *insert(engine_rig *r, size_t n, const char *label)
{
  return engine_rig_insert(r, SEEP_ALERT_EXHAUSTION, n, label);
}

#define told(r, id) ((int)engine_rig_told((r), (id)))

/* ---- one event ---- */

static void it_is_told_and_kept_before_its_bookmark_moves(void **state)
{
  engine_rig *r = *state;
  fake_process *slow = fake_world_add(&r->world, 77, "slow.exe", 100 * MB, 0);
  engine_rig_poll(r, 2);
  r->order_count = 0;
  tell_named(r, 5, 0, "slow.exe", (seep_process_key){77, slow->created});
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 1);
  assert_int_equal(r->order[0], SEEP_COMMAND_ALERT);
  assert_int_equal(r->order[1], SEEP_COMMAND_EXHAUSTION);
  assert_int_equal(r->order[2], SEEP_COMMAND_BOOKMARK);
  assert_string_equal(r->bookmark, "mark");
  assert_true(r->exhaustions[0].told);
  assert_int_equal(r->exhaustions[0].matches[0], SEEP_STORE_MATCH_EXACT);
  assert_int_equal(r->interval_ms, 500); /* watched more closely */
  assert_string_equal(insert(r, 1, "record id"), "5");
  assert_string_equal(insert(r, 1, "process 1"), "slow.exe (77) 118 MB and 360000 handles");
  assert_string_equal(insert(r, 1, "explained"),
                      "3.19 GB, 10.0 percent of what is committed; they do not explain it: 28.7 GB lies "
                      "elsewhere, most of it in the pools of the kernel and its drivers");
  assert_string_equal(insert(r, 1, "pools"), "nonpaged 18.6 GB (largest tags: Leak 14.0 GB); paged 0 bytes");
  assert_string_equal(insert(r, 1, "told late"), "");
  tell_event(r, 5); /* the same record once more, as after a restart of the event log */
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 1);
  assert_int_equal(r->bookmarks, 2);
  assert_int_equal(r->exhaustion_count, 1);
  wait_ms(r, r->settings.event2004_urgent_ms + 1);
  assert_int_equal(r->interval_ms, 1000);
}

static void a_process_is_found_by_its_name_alone_and_that_is_said(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 70, "slow.exe", 50 * MB, 0);
  fake_world_add(&r->world, 77, "Slow.exe", 100 * MB, 0);
  engine_rig_poll(r, 2);
  tell_named(r, 5, 0, "SLOW.EXE", NOBODY);
  assert_int_equal(r->exhaustions[0].matches[0], SEEP_STORE_MATCH_NAME);
  assert_string_equal(insert(r, 1, "process 1"),
                      "SLOW.EXE (4711) 118 MB and 360000 handles, matched by its name only");
  tell_named(r, 6, 0, "never.exe", (seep_process_key){9, 9});
  assert_int_equal(r->exhaustions[1].matches[0], SEEP_STORE_MATCH_NONE);
  assert_string_equal(insert(r, 2, "process 1"),
                      "never.exe (9) 118 MB and 360000 handles, no longer running or never seen");
  /* A PID that somebody else has now is nobody's. */
  tell_named(r, 7, 0, "other.exe", (seep_process_key){77, 99});
  assert_int_equal(r->exhaustions[2].matches[0], SEEP_STORE_MATCH_NONE);
}

static void what_leaks_among_the_named_is_said(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  engine_rig_poll(r, 120);
  tell_named(r, 5, 0, "leaky.exe", (seep_process_key){4242, leaky->created});
  assert_memory_equal(insert(r, 1, "known leaks among them"), "leaky.exe (4242) ", 17);
}

/* ---- late ---- */

static void an_old_event_is_told_as_late_and_makes_nobody_urgent(void **state)
{
  engine_rig *r = *state;
  fake_process *slow = fake_world_add(&r->world, 77, "slow.exe", 100 * MB, 0);
  engine_rig_poll(r, 2);
  tell_named(r, 5, 3 * SEEP_MS_PER_HOUR, "slow.exe", (seep_process_key){77, slow->created});
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 1);
  assert_memory_equal(insert(r, 1, "told late"), "3 h after it was logged", 23);
  assert_int_equal(r->interval_ms, 1000);
  tell_of_another(r, 6); /* its twin, just now */
  assert_string_equal(insert(r, 2, "told late"), "");
  assert_int_equal(r->interval_ms, 500);
}

/* A backlog told at the start must not hide what happens now. */
static void news_is_no_repetition_of_what_was_told_late(void **state)
{
  engine_rig *r = *state;
  tell_named(r, 5, 20 * SEEP_MS_PER_HOUR, "gone.exe", NOBODY);
  tell_named(r, 6, 19 * SEEP_MS_PER_HOUR, "gone.exe", NOBODY); /* but this is one */
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 1);
  assert_string_equal(insert(r, 1, "what follows"), "nothing because of it: it is old");
  wait_ms(r, 1000);
  tell_event(r, 7);
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 2);
  assert_string_equal(insert(r, 2, "repeated"), "1");
  assert_memory_equal(insert(r, 2, "what follows"), "the named processes are watched more closely", 44);
}

static void an_event_from_the_future_is_not_late(void **state)
{
  engine_rig *r = *state;
  tell_named(r, 5, -SEEP_MS_PER_DAY, "slow.exe", NOBODY);
  assert_string_equal(insert(r, 1, "told late"), "");
  assert_int_equal(r->interval_ms, 500);
}

static void what_an_earlier_life_told_is_not_told_again(void **state)
{
  engine_rig *r = *state;
  seep_engine_exhaustion_known(r->engine, engine_rig_now(r), 5, logged(r, 0) / 10000 * 10000);
  tell_event(r, 5);
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 0);
  assert_int_equal(r->bookmarks, 1);
  tell_event(r, 6);
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 1);
}

static void a_log_that_began_anew_is_told_under_its_old_numbers(void **state)
{
  engine_rig *r = *state;
  seep_engine_exhaustion_known(r->engine, engine_rig_now(r), 5, logged(r, SEEP_MS_PER_DAY));
  tell_event(r, 5);
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 1);
}

/* ---- again and again ---- */

static void repetitions_are_counted_and_told_together(void **state)
{
  engine_rig *r = *state;
  tell_event(r, 100);
  for (unsigned i = 1; i <= 16; i++) {
    wait_ms(r, 20 * SEEP_MS_PER_SECOND);
    tell_event(r, 100 + i);
  }
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 1);
  assert_int_equal(r->bookmarks, 17);
  assert_int_equal(r->exhaustion_count, 17);
  assert_false(r->exhaustions[16].told);
  wait_ms(r,
          r->settings.event2004_repeat_ms); /* nothing more comes, and yet it is told how many there were */
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 2);
  assert_string_equal(insert(r, 2, "record id"), "116");
  assert_string_equal(insert(r, 2, "repeated"), "15");
  wait_ms(r, 10 * r->settings.event2004_repeat_ms);
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 2);
}

static void another_culprit_is_no_repetition(void **state)
{
  engine_rig *r = *state;
  tell_event(r, 1);
  tell_of_another(r, 2);
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 2);
  tell_of_another(r, 2);
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 2);
}

static void with_no_time_for_repetitions_each_is_told(void **state)
{
  engine_rig *r = *state;
  r->settings.event2004_repeat_ms = 0;
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  tell_event(r, 1);
  tell_event(r, 2);
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 2);
}

/* ---- a log that does not take it ---- */

static void what_the_log_did_not_take_is_told_later_and_its_bookmark_waits(void **state)
{
  engine_rig *r = *state;
  r->alert_answer = SEEP_OS;
  tell_of_another(r, 5);
  tell_of_another(r, 6); /* one waits, others are counted */
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 0);
  assert_int_equal(r->bookmarks, 0);
  assert_int_equal(r->exhaustion_count, 0); /* not kept as told either: the next start may have to tell it */
  r->alert_answer = SEEP_OK;
  tell_of_another(r, 7); /* told, and yet the bookmark must not pass what is still untold */
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 1);
  assert_string_equal(insert(r, 1, "repeated"), "1");
  assert_int_equal(r->bookmarks, 0);
  wait_ms(r, 1000);
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 2);
  assert_string_equal(insert(r, 2, "record id"), "5");
  assert_int_equal(r->exhaustion_records[1], 5);
  assert_int_equal(r->bookmarks, 1);
  tell_of_another(r, 8);
  assert_int_equal(r->bookmarks, 2);
}

static void a_summary_that_the_log_did_not_take_is_told_later(void **state)
{
  engine_rig *r = *state;
  tell_event(r, 1);
  tell_event(r, 2);
  tell_event(r, 1); /* read again: it is not the newest because of that */
  r->alert_answer = SEEP_OS;
  wait_ms(r, r->settings.event2004_repeat_ms);
  wait_ms(r, 1000);
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 1);
  r->alert_answer = SEEP_OK;
  wait_ms(r, 1000);
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 2);
  assert_string_equal(insert(r, 2, "record id"), "2");
  wait_ms(r, SEEP_MS_PER_HOUR);
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 2);
}

static void what_was_only_counted_is_told_at_the_end(void **state)
{
  engine_rig *r = *state;
  tell_event(r, 1);
  tell_event(r, 2);
  seep_engine_stopped(r->engine, engine_rig_now(r), "test");
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 2);
  assert_int_equal(told(r, SEEP_ALERT_SERVICE_STOPPED), 1);
}

static void a_waiting_event_lets_the_newest_bookmark_move_once_it_is_told(void **state)
{
  engine_rig *r = *state;
  r->alert_answer = SEEP_OS;
  tell_of_another(r, 5);
  r->alert_answer = SEEP_OK;
  tell_of_another(r, 6);
  assert_int_equal(r->bookmarks, 0);
  wait_ms(r, 1000);
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 2);
  assert_int_equal(r->bookmarks, 1);
  tell_of_another(r, 7);
  assert_int_equal(r->bookmarks, 2);
}

/* ---- what can not be read ---- */

static void an_event_that_can_not_be_read_is_told_as_such(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 70, "small.exe", 50 * MB, 0);
  fake_world_add(&r->world, 77, "large.exe", 100 * MB, 0);
  engine_rig_poll(r, 2);
  seep_engine_exhaustion(r->engine, engine_rig_now(r), "<Eve", 4, "mark", 4);
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 1);
  assert_int_equal(r->bookmarks, 1);
  assert_int_equal(r->interval_ms, 500);
  assert_memory_equal(engine_rig_insert(r, SEEP_ALERT_UNDIAGNOSED, 1, "reason"),
                      "an Event 2004 came that cannot be read, for its XML is damaged: ", 64);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_UNDIAGNOSED, 1, "process 1"), "large.exe (77) 100 MB");
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_UNDIAGNOSED, 1, "process 2"), "small.exe (70) 50.0 MB");
  seep_engine_exhaustion(r->engine, engine_rig_now(r), NULL, 0, "mark", 4); /* larger than any can be */
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 1);                     /* counted */
  seep_engine_exhaustion(r->engine, engine_rig_now(r), NULL, 0, "mark", 4);
  wait_ms(r, r->settings.event2004_repeat_ms);
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 2);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_UNDIAGNOSED, 2, "reason"),
                      "an Event 2004 came whose text could not be had or is larger than any can be (1 more "
                      "since the last report)");
}

static void the_bookmark_of_one_that_can_not_be_read_waits_too(void **state)
{
  engine_rig *r = *state;
  r->alert_answer = SEEP_OS;
  seep_engine_exhaustion(r->engine, engine_rig_now(r), "<Eve", 4, "mark", 4);
  assert_int_equal(r->bookmarks, 0);
  r->alert_answer = SEEP_OK;
  wait_ms(r, 1000);
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 1);
  assert_int_equal(r->bookmarks, 1);
}

static void a_foreign_event_is_not_told_but_passed(void **state)
{
  engine_rig *r = *state;
  static const char foreign[] =
      "<Event><System><Provider Name='" OTHER_PROVIDER "'/><EventID>2004</EventID></System></Event>";
  seep_engine_exhaustion(r->engine, engine_rig_now(r), "<Event/>", 8, "mark", 4);
  seep_engine_exhaustion(r->engine, engine_rig_now(r), foreign, sizeof foreign - 1, "mark", 4);
  seep_engine_memory_notice(r->engine, engine_rig_now(r), foreign, sizeof foreign - 1, "mark", 4);
  wait_ms(r, r->settings.event2004_wait_ms + 1);
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 0);
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 0);
  assert_int_equal(r->bookmarks, 2);
  assert_int_equal(r->notices_bookmarks, 1);
  assert_int_equal(r->interval_ms, 1000);
}

/* ---- notices ---- */

static void a_notice_without_a_diagnosis_is_told_after_a_while(void **state)
{
  engine_rig *r = *state;
  tell_notice(r, 1003, 0);
  assert_int_equal(r->interval_ms, 500); /* at once */
  assert_int_equal(r->notices_bookmarks, 0);
  wait_ms(r, r->settings.event2004_wait_ms - 1);
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 0);
  wait_ms(r, 1);
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 1);
  assert_memory_equal(engine_rig_insert(r, SEEP_ALERT_UNDIAGNOSED, 1, "commit limit"), "1.00 GB", 7);
  assert_int_equal(r->notices_bookmarks, 1);
  wait_ms(r, SEEP_MS_PER_HOUR);
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 1);
}

static void a_notice_with_its_diagnosis_is_not_told(void **state)
{
  engine_rig *r = *state;
  tell_notice(r, 1003, 0);
  wait_ms(r, 2000);
  tell_event(r, 5); /* after it */
  assert_int_equal(r->notices_bookmarks, 1);
  wait_ms(r, 10 * SEEP_MS_PER_MINUTE);
  tell_event(r, 6);
  tell_notice(r, 1003, 1000); /* before it was logged, and yet it comes later */
  wait_ms(r, 10 * SEEP_MS_PER_MINUTE);
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 0);
  assert_int_equal(r->notices_bookmarks, 2);
}

static void what_an_earlier_life_told_answers_a_notice_too(void **state)
{
  engine_rig *r = *state;
  seep_engine_exhaustion_known(r->engine, engine_rig_now(r), 5, logged(r, SEEP_MS_PER_HOUR));
  tell_notice(r, 1003, SEEP_MS_PER_HOUR + 1000);
  wait_ms(r, 10 * SEEP_MS_PER_MINUTE);
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 0);
}

static void a_clock_that_was_ahead_answers_no_later_notice(void **state)
{
  engine_rig *r = *state;
  tell_named(r, 5, -SEEP_MS_PER_DAY, "gone.exe", NOBODY);
  wait_ms(r, 10 * SEEP_MS_PER_MINUTE);
  tell_notice(r, 1008, 0);
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 1);
}

static void the_same_notice_again_is_not_told_again(void **state)
{
  engine_rig *r = *state;
  seep_filetime moment = logged(r, 0);
  tell_notice(r, 1008, 0);
  wait_ms(r, 2 * r->settings.event2004_repeat_ms);
  tell_notice(r, 1008, (int64_t)((logged(r, 0) - moment) / 10000));
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 1);
  assert_int_equal(r->notices_bookmarks, 2);
}

static void notices_that_were_only_counted_are_told_too(void **state)
{
  engine_rig *r = *state;
  tell_notice(r, 1008, 0);
  wait_ms(r, 1000);
  tell_notice(r, 1008, 0);
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 1);
  wait_ms(r, r->settings.event2004_repeat_ms);
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 2);
  wait_ms(r, SEEP_MS_PER_HOUR);
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 2);
}

static void waiting_makes_nothing_late(void **state)
{
  engine_rig *r = *state;
  r->settings.event2004_wait_ms = 10 * SEEP_MS_PER_MINUTE;
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  tell_notice(r, 1003, 0);
  wait_ms(r, 10 * SEEP_MS_PER_MINUTE);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_UNDIAGNOSED, 1, "told late"), "");
}

/* A night's backlog, read at the start through two doors. */
static void of_a_backlog_each_notice_finds_a_diagnosis(void **state)
{
  engine_rig *r = *state;
  for (int i = 10; i > 0; i--) {
    tell_named(r, 100 - (unsigned)i, i * SEEP_MS_PER_HOUR, "gone.exe", NOBODY);
  }
  for (int i = 10; i > 0; i--) {
    tell_notice(r, 1003, i * SEEP_MS_PER_HOUR + 1000);
  }
  wait_ms(r, 10 * SEEP_MS_PER_MINUTE);
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 0);
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 1);
}

static void a_failed_diagnosis_is_told_at_once(void **state)
{
  engine_rig *r = *state;
  tell_notice(r, 1003, 0);
  tell_notice(r, 1008, 0);
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 1);
  assert_non_null(strstr(engine_rig_insert(r, SEEP_ALERT_UNDIAGNOSED, 1, "reason"), "1455"));
  assert_int_equal(r->notices_bookmarks, 1);
}

static void a_notice_that_the_log_did_not_take_is_told_later(void **state)
{
  engine_rig *r = *state;
  r->alert_answer = SEEP_OS;
  tell_notice(r, 1008, 0);
  wait_ms(r, 1000);
  assert_int_equal(r->notices_bookmarks, 0);
  r->alert_answer = SEEP_OK;
  wait_ms(r, 1000);
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 1);
  assert_int_equal(r->notices_bookmarks, 1);
}

/* ---- whether there will be any ---- */

static void a_server_without_diagnosis_is_told_once(void **state)
{
  engine_rig *r = *state;
  const seep_diagnosis good = {.service = SEEP_DIAGNOSIS_SERVICE_RUNNING,
                               .scenario = SEEP_DIAGNOSIS_POLICY_NOT_CONFIGURED,
                               .all = SEEP_DIAGNOSIS_POLICY_NOT_CONFIGURED};
  const seep_diagnosis unknown = {.service = SEEP_DIAGNOSIS_SERVICE_UNKNOWN};
  seep_diagnosis off = good;
  off.scenario = SEEP_DIAGNOSIS_POLICY_DISABLED;
  seep_engine_diagnosis(r->engine, &good);
  seep_engine_diagnosis(r->engine, &unknown); /* nobody knows: no word */
  assert_int_equal(told(r, SEEP_ALERT_NO_DIAGNOSIS), 0);
  assert_null(seep_engine_pulse(r->engine, engine_rig_now(r))->feed_trouble);
  seep_engine_diagnosis(r->engine, &off);
  assert_int_equal(told(r, SEEP_ALERT_NO_DIAGNOSIS), 1);
  assert_non_null(seep_engine_pulse(r->engine, engine_rig_now(r))->feed_trouble);
  r->settings.event2004_enabled = false; /* nobody wants them */
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  seep_engine_diagnosis(r->engine, &off);
  assert_int_equal(told(r, SEEP_ALERT_NO_DIAGNOSIS), 1);
}

static void a_missing_log_of_the_detector_is_no_news(void **state)
{
  engine_rig *r = *state;
  seep_error missing = {SEEP_NOT_FOUND, SEEP_DOMAIN_WIN32, 15007, "EvtSubscribe", "log"};
  seep_engine_feed_state(r->engine, engine_rig_now(r), SEEP_FEED_NOTICES, false, &missing);
  assert_int_equal(told(r, SEEP_ALERT_FEED_LOST), 0);
  seep_engine_feed_state(r->engine, engine_rig_now(r), SEEP_FEED_EXHAUSTION, false, &missing);
  assert_int_equal(told(r, SEEP_ALERT_FEED_LOST), 1);
}

/* ---- before Windows says anything ---- */

#define GB (UINT64_C(1) << 30)

static void the_servers_own_warning_comes_first_and_ends(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 70, "small.exe", 50 * MB, 0);
  fake_world_add(&r->world, 77, "large.exe", 4 * GB, 0);
  r->world.memory = (seep_system_memory){.commit_limit_bytes = 16 * GB,
                                         .commit_total_bytes = 15 * GB,
                                         .paged_pool_bytes = GB,
                                         .nonpaged_pool_bytes = 2 * GB};
  engine_rig_poll(r, 290);
  assert_int_equal(told(r, SEEP_ALERT_HEADROOM), 0);
  engine_rig_poll(r, 20);
  assert_int_equal(told(r, SEEP_ALERT_HEADROOM), 1);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_HEADROOM, 1, "reason"),
                      "more than 90 percent of the limit has been in use for 5 min");
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_HEADROOM, 1, "percent used"), "93.8 percent");
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_HEADROOM, 1, "largest processes"),
                      "large.exe (77) 4.00 GB; small.exe (70) 50.0 MB");
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_HEADROOM, 1, "outside of processes"),
                      "11.0 GB, of it nonpaged pool 2.00 GB and paged pool 1.00 GB");
  assert_true(seep_engine_pulse(r->engine, engine_rig_now(r))->headroom_warning);
  r->world.memory.commit_total_bytes = 8 * GB;
  engine_rig_poll(r, 2000);
  assert_int_equal(told(r, SEEP_ALERT_HEADROOM), 1);
  assert_int_equal(told(r, SEEP_ALERT_HEADROOM_OVER), 1);
  assert_memory_equal(engine_rig_insert(r, SEEP_ALERT_HEADROOM_OVER, 1, "least left"), "1.00 GB", 7);
  assert_false(seep_engine_pulse(r->engine, engine_rig_now(r))->headroom_warning);
}

/* ---- without memory ---- */

static size_t read_fixture(const char *name, char *out, size_t size)
{
  char path[512];
  snprintf(path, sizeof path, "%s/event2004/%s", SEEP_FIXTURES, name);
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  size_t length = fread(out, 1, size, file);
  fclose(file);
  return length;
}

#ifndef SEEP_COUNTS_ALLOCATIONS
static void no_memory_is_asked_for(void **state)
{
  (void)state;
  (void)read_fixture;
  print_message("this linker can not count allocations\n");
  skip();
}
#else
static void no_memory_is_asked_for(void **state)
{
  engine_rig *r = *state;
  static char xml[32768];
  fake_world_add(&r->world, 77, "slow.exe", 100 * MB, 0);
  engine_rig_poll(r, 2);
  size_t length = read_fixture("composed-win10-evtrender.xml", xml, sizeof xml);
  asked = 0;
  memory_is_out = true;
  seep_engine_exhaustion(r->engine, engine_rig_now(r), xml, length, "mark", 4);
  seep_engine_exhaustion(r->engine, engine_rig_now(r), "<Eve", 4, "mark", 4);
  tell_notice(r, 1008, 0);
  seep_engine_status(r->engine, engine_rig_now(r));
  unsigned count = asked;
  memory_is_out = false;
  assert_int_equal(count, 0);
  assert_int_equal(told(r, SEEP_ALERT_EXHAUSTION), 1);
  assert_int_equal(told(r, SEEP_ALERT_UNDIAGNOSED), 1);
  assert_int_equal(told(r, SEEP_ALERT_HEARTBEAT), 1);
  void *volatile some = malloc(1);
  free(some);
  assert_true(asked > count); /* the counting works */
}
#endif

#define exhaustion_test(f) cmocka_unit_test_setup_teardown(f, engine_rig_set_up, engine_rig_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      exhaustion_test(it_is_told_and_kept_before_its_bookmark_moves),
      exhaustion_test(a_process_is_found_by_its_name_alone_and_that_is_said),
      exhaustion_test(what_leaks_among_the_named_is_said),
      exhaustion_test(an_old_event_is_told_as_late_and_makes_nobody_urgent),
      exhaustion_test(news_is_no_repetition_of_what_was_told_late),
      exhaustion_test(an_event_from_the_future_is_not_late),
      exhaustion_test(what_an_earlier_life_told_is_not_told_again),
      exhaustion_test(a_log_that_began_anew_is_told_under_its_old_numbers),
      exhaustion_test(repetitions_are_counted_and_told_together),
      exhaustion_test(another_culprit_is_no_repetition),
      exhaustion_test(with_no_time_for_repetitions_each_is_told),
      exhaustion_test(what_the_log_did_not_take_is_told_later_and_its_bookmark_waits),
      exhaustion_test(a_summary_that_the_log_did_not_take_is_told_later),
      exhaustion_test(what_was_only_counted_is_told_at_the_end),
      exhaustion_test(a_waiting_event_lets_the_newest_bookmark_move_once_it_is_told),
      exhaustion_test(an_event_that_can_not_be_read_is_told_as_such),
      exhaustion_test(the_bookmark_of_one_that_can_not_be_read_waits_too),
      exhaustion_test(a_foreign_event_is_not_told_but_passed),
      exhaustion_test(a_notice_without_a_diagnosis_is_told_after_a_while),
      exhaustion_test(a_notice_with_its_diagnosis_is_not_told),
      exhaustion_test(what_an_earlier_life_told_answers_a_notice_too),
      exhaustion_test(a_clock_that_was_ahead_answers_no_later_notice),
      exhaustion_test(the_same_notice_again_is_not_told_again),
      exhaustion_test(notices_that_were_only_counted_are_told_too),
      exhaustion_test(waiting_makes_nothing_late),
      exhaustion_test(of_a_backlog_each_notice_finds_a_diagnosis),
      exhaustion_test(a_failed_diagnosis_is_told_at_once),
      exhaustion_test(a_notice_that_the_log_did_not_take_is_told_later),
      exhaustion_test(a_server_without_diagnosis_is_told_once),
      exhaustion_test(a_missing_log_of_the_detector_is_no_news),
      exhaustion_test(the_servers_own_warning_comes_first_and_ends),
      exhaustion_test(no_memory_is_asked_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
