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
  b.settings = (seep_recorder_settings){.enabled = true,
                                        .instance = "Seepwatch",
                                        .maximum_ms = 600000,
                                        .maximum_bytes = 2 * GIB,
                                        .enough_growth_bytes = 256 * (GIB / 1024),
                                        .minimum_free_bytes = 10 * GIB,
                                        .folder_quota_bytes = 20 * GIB,
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
                                    .folder_bytes = 20 * GIB - 1,
                                    .journal_ready = true,
                                    .wall = {INT64_C(1795344284000)}};
  return seep_recorder_init(&b.recorder, "C:\\captures", "C:\\captures\\working", '\\') ? 0 : -1;
}

static const char *action_word(const seep_recorder_action *action)
{
  static const char *const kinds[] = {"JOURNAL_ADD", "REMOVE", "PROFILE", NULL, "DELETE", "KEEP", NULL};
  static const char *const verbs[] = {"start", "stop", "cancel", "status"};
  static const char *const outcomes[] = {"STARTED", "SAVED", "FAILED", "REFUSED", "UNDONE", "ABANDONED"};
  if (action->kind == SEEP_RECORDER_RUN) {
    assert_int_equal(action->command.verb, action->verb);
    assert_true(action->command.argument_count >= 3);
    assert_int_equal(action->kill_at_deadline, action->verb != SEEP_WPR_STOP);
    return verbs[action->verb];
  }
  if (action->kind == SEEP_RECORDER_TELL) {
    assert_non_null(action->reason);
    assert_true(strlen(action->reason) > 5);
    return outcomes[action->outcome];
  }
  return kinds[action->kind];
}

/* Feeds the event; afterwards b.line names what it led to. */
static const char *feed(const seep_recorder_event *event)
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

const char *saved(uint64_t output_bytes)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_TOOL_EXITED, .output_bytes = output_bytes};
  return feed(&event);
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
  seep_recorder_event event = {.kind = SEEP_RECORDER_TICK, .raw_bytes = raw_bytes, .free_bytes = free_bytes};
  b.now.ms += after_ms;
  return feed(&event);
}

const char *wait_ms(int64_t after_ms)
{
  return tick(after_ms, 0, 100 * GIB);
}

const char *gone(uint32_t pid, seep_filetime created)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_TARGET_GONE, .target = {.key = {pid, created}}};
  return feed(&event);
}

const char *recover(const char *instance)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_RECOVER, .journal_id = 31};
  seep_text_copy(event.instance, sizeof event.instance, instance);
  return feed(&event);
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

void next_program(void)
{
  seep_text_copy(b.request.target.image, sizeof b.request.target.image, "second.exe");
  b.request.target.key.pid = 5;
}
