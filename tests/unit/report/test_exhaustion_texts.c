/*
 * What watch/exhaustion_notices.c makes of events and figures about the whole server: which of them are told
 * and how, and that nothing that an event, a process or Windows says makes an insert empty, too long, cut
 * within a character, or more than one line.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "judge/headroom.h"
#include "unit/report/rendering.h"
#include "watch/exhaustion_notices.h"
#include "watch/recording_notices.h"

#define GB (UINT64_C(1) << 30)

static seep_alert alert;
static seep_exhaustion event;
static seep_store_match matches[SEEP_EXHAUSTION_PROCESSES];

static int load(void **state)
{
  (void)state;
  return rendering_open(SEEP_MESSAGES) ? 0 : -1;
}

static int unload(void **state)
{
  (void)state;
  rendering_close();
  return 0;
}

static const char *insert(const char *label)
{
  const char *text = seep_alert_insert(&alert, label);
  return text != NULL ? text : "-";
}

static unsigned lines_of(const char *text)
{
  unsigned lines = 0;
  for (; *text != '\0'; text++) {
    lines += *text == '\n';
  }
  return lines;
}

static void assert_sound(void)
{
  static seep_alert empty;
  assert_int_equal(alert.added, alert.insert_count);
  for (size_t i = 0; i < alert.insert_count; i++) {
    const char *text = alert.inserts[i];
    size_t left = strlen(text);
    assert_in_range(left, 1, SEEP_ALERT_INSERT_SIZE - 1);
    if (seep_text_valid_prefix(text, left) != left) {
      fail_msg("event %u, insert %zu is no well-formed text: %s", (unsigned)alert.id, i + 1, text);
    }
    while (left > 0) {
      uint32_t point = 0;
      size_t bytes = seep_text_character(text, left, &point);
      assert_false(seep_text_is_control(point));
      text += bytes;
      left -= bytes;
    }
  }
  seep_alert_init(&empty, alert.id);
  unsigned lines = lines_of(rendering_of(&empty));
  assert_int_equal(lines_of(rendering_of(&alert)), lines);
}

/* As much of it as there is room for, after `lead` letters, so that it is cut at each of its bytes in turn.
 */
static void fill(char *out, size_t size, size_t lead, const char *unit)
{
  size_t length = strlen(unit);
  size_t at = lead < size - 1 ? lead : size - 1;
  memset(out, 'x', at);
  for (; at + length < size; at += length) {
    memcpy(out + at, unit, length);
  }
  out[at] = '\0';
}

static const char *const units[] = {"%1%n!S!",          "\"'&<>",          "\xC3\xB6",     "\xE2\x82\xAC",
                                    "\xF0\x9F\x98\x80", "a\r\n\t\x01\x7F", "\xE2\x80\xAE", "; ",
                                    "%{S-1-5-18}"};

static void fill_event(size_t lead, const char *unit)
{
  memset(&event, 0xFF, sizeof event);
  event.has_system = true;
  event.process_count = SEEP_EXHAUSTION_PROCESSES;
  event.paged_tag_count = event.nonpaged_tag_count = SEEP_EXHAUSTION_TAGS;
  for (size_t i = 0; i < SEEP_EXHAUSTION_PROCESSES; i++) {
    fill(event.processes[i].name, sizeof event.processes[i].name, lead, unit);
    fill(event.processes[i].version, sizeof event.processes[i].version, lead, unit);
    event.processes[i].type_info = 0x88;
    matches[i] = i % 2 == 0 ? SEEP_STORE_MATCH_NAME : SEEP_STORE_MATCH_NONE;
  }
  for (size_t i = 0; i < SEEP_EXHAUSTION_TAGS; i++) {
    fill(event.paged_tags[i].name, sizeof event.paged_tags[i].name, lead, unit);
    fill(event.nonpaged_tags[i].name, sizeof event.nonpaged_tags[i].name, lead, unit);
  }
}

static void nothing_breaks_an_event_2004(void **state)
{
  (void)state;
  char text[SEEP_ALERT_INSERT_SIZE];
  for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
    for (size_t lead = 0; lead < 48; lead++) {
      fill_event(lead, units[u]);
      fill(text, sizeof text, lead, units[u]);
      const seep_notices_exhaustion came = {.event = &event,
                                            .matches = matches,
                                            .known = text,
                                            .follows = text,
                                            .repeated = UINT32_MAX,
                                            .late_ms = INT64_MAX,
                                            .evidence = text};
      seep_notices_exhaustion_came(&alert, &came);
      assert_sound();
      event.process_commit_bytes = event.paged_pool_bytes = event.nonpaged_pool_bytes = lead;
      seep_notices_exhaustion_came(&alert, &came);
      assert_sound();
    }
  }
}

static void nothing_breaks_the_other_warnings(void **state)
{
  (void)state;
  static char name[3 * SEEP_ALERT_INSERT_SIZE], reason[SEEP_ALERT_INSERT_SIZE];
  const seep_system_memory memory = {UINT64_MAX, UINT64_MAX - 1, 0, 0, UINT64_MAX, UINT64_MAX};
  seep_settings settings;
  seep_settings_defaults(&settings);
  settings.commit_percent = UINT32_MAX;
  for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
    for (size_t lead = 0; lead < 300; lead += 7) {
      fill(name, sizeof name, lead, units[u]);
      fill(reason, sizeof reason, lead, units[u]);
      const seep_process process = {
          .key = {UINT32_MAX, UINT64_MAX}, .commit_bytes = UINT64_MAX, .name = name};
      const seep_memory_notice notice = {.time_created = UINT64_MAX, .has_commit = lead % 2 == 0};
      const seep_notices_undiagnosed undiagnosed = {.reason = reason,
                                                    .notice = &notice,
                                                    .memory = &memory,
                                                    .largest = {&process, &process, &process},
                                                    .known = reason,
                                                    .late_ms = INT64_MAX};
      seep_notices_undiagnosed_memory(&alert, &undiagnosed);
      assert_sound();
      const seep_engine_headroom headroom = {.reason = (seep_headroom_reason)(lead % 3),
                                             .rate_per_hour = INFINITY,
                                             .since = {0},
                                             .time_left_ms = INT64_MAX};
      const seep_notices_headroom low = {.state = &headroom,
                                         .settings = &settings,
                                         .memory = &memory,
                                         .now = {{INT64_MAX}, {INT64_MAX}},
                                         .largest = {&process, &process, &process},
                                         .growing = reason,
                                         .owned_bytes = lead,
                                         .done = reason,
                                         .evidence = reason};
      seep_notices_headroom_low(&alert, &low);
      assert_sound();
      seep_doctor_finding finding = {.consequence = reason, .cure = reason};
      fill(finding.state, sizeof finding.state, lead % sizeof finding.state, units[u]);
      seep_notices_no_diagnosis(&alert, &finding);
      assert_sound();
    }
  }
  seep_notices_headroom_over(&alert, &memory, INT64_MIN, UINT64_MAX);
  assert_sound();
}

/* What little may be known: an event without figures and processes, a server of which nothing is known. */
static void nothing_known(void **state)
{
  (void)state;
  static const seep_memory_notice notice;
  memset(&event, 0, sizeof event);
  const seep_notices_exhaustion came = {
      .event = &event, .matches = matches, .known = "", .follows = "", .late_ms = -1, .evidence = ""};
  seep_notices_exhaustion_came(&alert, &came);
  assert_sound();
  for (size_t i = 0; i < alert.insert_count; i++) {
    assert_string_equal(alert.inserts[i], i == 1 ? "0" : "-");
  }
  const seep_notices_undiagnosed undiagnosed = {
      .reason = "why", .notice = &notice, .known = "", .late_ms = -1};
  seep_notices_undiagnosed_memory(&alert, &undiagnosed);
  assert_sound();
  for (size_t i = 1; i < alert.insert_count; i++) {
    assert_string_equal(alert.inserts[i], "-");
  }
  static const seep_system_memory memory;
  static const seep_engine_headroom headroom = {.time_left_ms = SEEP_TIME_LEFT_UNKNOWN};
  seep_settings settings;
  seep_settings_defaults(&settings);
  const seep_notices_headroom low = {.state = &headroom,
                                     .settings = &settings,
                                     .memory = &memory,
                                     .growing = "",
                                     .done = NULL,
                                     .evidence = NULL};
  seep_notices_headroom_low(&alert, &low);
  assert_sound();
  assert_string_equal(insert("largest processes"), "-");
  assert_string_equal(insert("time left"), "-");
  assert_string_equal(insert("rate"), "-");
}

/* ---- do the processes explain it ---- */

static const char *explained(uint64_t charge, uint64_t owned, uint64_t paged, uint64_t nonpaged)
{
  memset(&event, 0, sizeof event);
  event.has_system = true;
  event.commit_limit_bytes = 100 * GB;
  event.commit_charge_bytes = charge;
  event.process_commit_bytes = owned;
  event.paged_pool_bytes = paged;
  event.nonpaged_pool_bytes = nonpaged;
  const seep_notices_exhaustion came = {
      .event = &event, .matches = matches, .known = "", .follows = "", .late_ms = -1, .evidence = ""};
  seep_notices_exhaustion_came(&alert, &came);
  assert_sound();
  return insert("explained");
}

static bool says(const char *text, const char *words)
{
  return strstr(text, words) != NULL;
}

static void where_the_memory_lies(void **state)
{
  (void)state;
  const char *text = explained(100 * GB, 90 * GB, GB, GB);
  assert_true(says(text, "90.0 GB") && says(text, "90.0 percent") && !says(text, "do not explain"));
  text = explained(100 * GB, 50 * GB, GB, GB);
  assert_false(says(text, "do not explain"));
  text = explained(100 * GB, 40 * GB, GB, 30 * GB);
  assert_true(says(text, "do not explain") && says(text, "60.0 GB") && says(text, "most of it in the pools"));
  text = explained(100 * GB, 40 * GB, GB, 20 * GB);
  assert_true(says(text, "do not explain") && says(text, "not in the pools"));
  text = explained(100 * GB, 1, 0, 0);
  assert_true(says(text, "less than 0.1 percent"));
  assert_string_equal(explained(100 * GB, 0, 0, 0), "-");
  text = explained(GB, 3 * GB, UINT64_MAX, UINT64_MAX); /* figures of different moments */
  assert_true(says(text, "300.0 percent") && !says(text, "do not explain"));
}

/* ---- names in the texts of recordings ---- */

static void nothing_breaks_a_tracing_flag(void **state)
{
  (void)state;
  char services[192];
  for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
    for (size_t lead = 0; lead < 8; lead++) {
      seep_promise_flag promise = {.key = {UINT32_MAX, UINT64_MAX}, .expires = {INT64_MAX}};
      fill(promise.image, sizeof promise.image, lead, units[u]);
      fill(services, sizeof services, lead, units[u]);
      seep_recording_notices_flag_set(&alert, &promise, services);
      assert_sound();
      seep_recording_notices_flag_set(&alert, &promise, "");
      assert_sound();
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_breaks_an_event_2004),
      cmocka_unit_test(nothing_breaks_the_other_warnings),
      cmocka_unit_test(nothing_known),
      cmocka_unit_test(where_the_memory_lies),
      cmocka_unit_test(nothing_breaks_a_tracing_flag),
  };
  return cmocka_run_group_tests(tests, load, unload);
}
