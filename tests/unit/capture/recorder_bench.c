#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "recorder_bench.h"

bench b;

int set_up(void **state)
{
  (void)state;
  memset(&b, 0, sizeof b);
  b.settings = (seep_recorder_settings){
      .enabled = true,
      .wpr = {.build = 20348, .instances = true, .skip_pdb = true, .snapshots = true},
      .instance = "Seepwatch",
      .maximum_ms = 600000,
      .maximum_bytes = 2 * GIB,
      .enough_growth_bytes = 256 * (GIB / 1024),
      .minimum_free_bytes = 10 * GIB,
      .minimum_commit_bytes = 2 * GIB,
      .buffers = 64,
      .per_day = 4,
      .cool_down_ms = 3600000,
      .start_deadline_ms = 60000,
      .stop_deadline_ms = 1800000,
      .cancel_deadline_ms = 120000,
      .retry_ms = 5000,
      .retries = 3};
  b.now.ms = 1000000;
  b.request = (seep_recorder_event){.kind = SEEP_RECORDER_REQUEST,
                                    .target = {.case_id = 7, .key = {4242, 133000000}, .image = "leaky.exe"},
                                    .free_bytes = 10 * GIB,
                                    .available_bytes = 100 * GIB,
                                    .recent = 3,
                                    .journal_ready = true,
                                    .wall = {INT64_C(1795344284000)}};
  b.kept = (seep_recorder_event){.kind = SEEP_RECORDER_KEPT,
                                 .kept = {.path = "C:\\captures\\kept.etl.gz",
                                          .bytes = 100,
                                          .etl_bytes = 1000,
                                          .sha256 = "ab",
                                          .readable = true,
                                          .events = 10,
                                          .target_events = 5,
                                          .target_heap_events = 3}};
  b.left = (seep_recorder_event){.kind = SEEP_RECORDER_RECOVER,
                                 .journal_id = 31,
                                 .target_lives = true,
                                 .promise = {.instance = "Old_one",
                                             .case_id = 7,
                                             .key = {4242, 133000000},
                                             .image = "leaky.exe",
                                             .file = "20261122T104444Z-leaky.exe-4242-virtualalloc.etl",
                                             .requested = {INT64_C(1795344284000)}}};
  return seep_recorder_init(&b.recorder, "C:\\captures", "C:\\captures\\working", '\\') ? 0 : -1;
}

static const char *action_word(const seep_recorder_action *action)
{
  static const char *const kinds[] = {"JOURNAL_ADD", "REMOVE", "PROFILE",      NULL,
                                      "DELETE",      "KEEP",   "KEEP_BRIEFLY", NULL};
  static const char *const verbs[SEEP_WPR_VERBS] = {"start",  "stop",     "cancel", "status",
                                                    "enable", "snapshot", "disable"};
  static const char *const outcomes[] = {"STARTED", "SAVED", "FAILED", "REFUSED", "UNDONE", "ABANDONED"};
  if (action->kind == SEEP_RECORDER_RUN) {
    assert_int_equal(action->command.verb, action->verb);
    assert_true(action->command.argument_count >= (b.recorder.traits.instances ? 3u : 1u));
    assert_int_equal(action->kill_at_deadline, action->verb != SEEP_WPR_STOP);
    return verbs[action->verb];
  }
  if (action->kind == SEEP_RECORDER_JOURNAL_ADD) {
    seep_promise_recording promise;
    assert_true(seep_promise_read_recording(action->promise, &promise));
    assert_string_equal(promise.instance, action->instance);
    assert_int_equal(promise.kind, action->recording);
    assert_non_null(strstr(b.recorder.output, promise.file));
  }
  if (action->kind == SEEP_RECORDER_TELL) {
    assert_non_null(action->reason);
    assert_true(strlen(action->reason) > 5);
    assert_int_equal(action->ending != NULL, action->outcome == SEEP_RECORDER_SAVED);
    return outcomes[action->outcome];
  }
  return kinds[action->kind];
}

/* Feeds the event; afterwards b.line names what it led to. */
const char *feed(const seep_recorder_event *event)
{
  seep_writer writer;
  seep_recorder_step(&b.recorder, &b.settings, b.now, event, &b.actions);
  seep_writer_init(&writer, b.line, sizeof b.line);
  for (size_t i = 0; i < b.actions.count; i++) {
    seep_writer_text(&writer, i > 0 ? " " : "");
    seep_writer_text(&writer, action_word(&b.actions.items[i]));
  }
  return b.line;
}

const char *request(void)
{
  return feed(&b.request);
}

const char *exited(uint32_t code)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_TOOL_EXITED, .exit_code = code};
  return feed(&event);
}

const char *stopped(uint64_t output_bytes)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_TOOL_EXITED, .output_bytes = output_bytes};
  return feed(&event);
}

const char *not_running(uint64_t output_bytes)
{
  seep_recorder_event event = {
      .kind = SEEP_RECORDER_TOOL_EXITED, .exit_code = IDLE_CODE, .output_bytes = output_bytes};
  return feed(&event);
}

const char *kept(void)
{
  return feed(&b.kept);
}

const char *failed(seep_status status)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_TOOL_FAILED, .tool_status = status};
  return feed(&event);
}

const char *plain(seep_recorder_event_kind kind)
{
  seep_recorder_event event = {.kind = kind};
  return feed(&event);
}

const char *tick(int64_t after_ms, uint64_t raw_bytes, uint64_t free_bytes)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_TICK,
                               .raw_bytes = raw_bytes,
                               .free_bytes = free_bytes,
                               .available_bytes = UINT64_MAX};
  b.now.ms += after_ms;
  return feed(&event);
}

const char *wait_ms(int64_t after_ms)
{
  return tick(after_ms, 1, 100 * GIB);
}

const char *retry(void)
{
  return wait_ms(RETRY_MOST_MS);
}

const char *gone(uint32_t pid, seep_filetime created)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_TARGET_GONE, .target = {.key = {pid, created}}};
  return feed(&event);
}

const char *recover(void)
{
  return feed(&b.left);
}

const seep_recorder_action *last(void)
{
  assert_true(b.actions.count > 0);
  return &b.actions.items[b.actions.count - 1];
}

void assert_idle(bool idle)
{
  assert_int_equal(seep_recorder_is_idle(&b.recorder), idle);
}

void start_recording(void)
{
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
  assert_string_equal(exited(0), "STARTED");
}

void start_saving(void)
{
  start_recording();
  assert_string_equal(wait_ms(600000), "stop");
}

void save(void)
{
  start_saving();
  assert_string_equal(stopped(1000), "KEEP");
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
}

void use_old_wpr(void)
{
  b.settings.wpr = (seep_wpr_traits){.build = 14393};
}

const char *request_heap(seep_recorder_heap how)
{
  b.settings.heap = how;
  b.request.target.memory_kind = SEEP_MEMORY_HEAP;
  return request();
}

void next_program(void)
{
  seep_text_copy(b.request.target.image, sizeof b.request.target.image, "second.exe");
  b.request.target.key.pid = 5;
}
