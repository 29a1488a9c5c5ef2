/*
 * What watch/notices.c makes of figures and service/messages.mc of them: the kinds of memory, what is not
 * known, names that would like to be something else, and figures that cannot be. Each event as a whole stands
 * in config/events.md.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/alert.h"
#include "unit/report/rendering.h"
#include "unit/report/sample_alerts.h"
#include "watch/notices.h"

#define MB 1048576.0
#define GB 1073741824.0
#define NOON INT64_C(1795348800000) /* 2026-11-22T12:00:00Z */
#define FOLDER "C:\\data"

static seep_alert alert;

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

static unsigned lines_of(const char *text)
{
  unsigned lines = 0;
  for (; *text != '\0'; text++) {
    lines += *text == '\n';
  }
  return lines;
}

/* ---- cases ---- */

static const char *kind_of(const char *text, const seep_growth_kind_verdict *kind, bool carried)
{
  seep_store_leak leak = sample_leak("leak");
  seep_text_copy(leak.kind, sizeof leak.kind, text);
  seep_notices_case found = {.leak = &leak, .kind = kind, .kind_carried = carried};
  seep_notices_case_found(&alert, &found);
  return alert.inserts[3];
}

static void the_kind_of_memory_is_told_with_what_it_stands_on(void **state)
{
  (void)state;
  seep_growth_kind_verdict kind = {.kind = SEEP_MEMORY_HEAP,
                                   .confidence = 0.918,
                                   .reason = "large blocks",
                                   .size_from = 4194304,
                                   .size_to = 8388608};
  assert_string_equal(kind_of("Heap", &kind, false),
                      "Heap, 92 percent sure: large blocks; most of it in blocks of 4 to 8 MB");
  assert_string_equal(
      kind_of("Heap", &kind, true),
      "Heap, 92 percent sure: large blocks; most of it in blocks of 4 to 8 MB (found in the process "
      "before this one)");
  kind.earlier = true;
  assert_string_equal(
      kind_of("Heap", &kind, false),
      "Heap, 92 percent sure: large blocks; most of it in blocks of 4 to 8 MB (found earlier)");
  assert_string_equal(
      kind_of("Heap", &kind, true),
      "Heap, 92 percent sure: large blocks; most of it in blocks of 4 to 8 MB (found in the process "
      "before this one)");
  kind.earlier = false;
  kind.size_from = 0;
  kind.size_to = 4096;
  kind.confidence = 1.0;
  assert_string_equal(kind_of("Heap", &kind, false),
                      "Heap, 99 percent sure: large blocks; most of it in blocks of up to 4 KB");
  kind.size_to = 0;
  kind.confidence = 0.0;
  assert_string_equal(kind_of("undetermined", &kind, false), "undetermined: large blocks");
  kind.reason = NULL; /* nobody looks */
  assert_string_equal(kind_of("undetermined", &kind, false), "undetermined");
  assert_string_equal(kind_of("Managed Heap", NULL, false), "Managed Heap");
}

/* A rule in a central log that reads the one reads the other. */
static void rapid_growth_reads_like_a_leak(void **state)
{
  (void)state;
  static const uint32_t pairs[][2] = {{SEEP_ALERT_LEAK_FOUND, SEEP_ALERT_RAPID_GROWTH},
                                      {SEEP_ALERT_LEAK_OVER, SEEP_ALERT_RAPID_GROWTH_OVER}};
  for (size_t i = 0; i < 2; i++) {
    const seep_alert_definition *one = seep_alert_definition_of(pairs[i][0]);
    const seep_alert_definition *other = seep_alert_definition_of(pairs[i][1]);
    assert_int_equal(one->insert_count, other->insert_count);
    for (size_t n = 0; n < one->insert_count; n++) {
      assert_string_equal(one->insert_names[n], other->insert_names[n]);
    }
  }
}

static void what_is_not_known_is_a_dash(void **state)
{
  (void)state;
  seep_store_leak leak = sample_leak("leak");
  leak.id = 0;
  leak.services[0] = leak.told_because[0] = '\0';
  leak.system_limit_bytes = 0;
  const seep_notices_case found = {.leak = &leak, .data_folder = FOLDER};
  seep_notices_case_found(&alert, &found);
  assert_int_equal(alert.added, alert.insert_count);
  static const char *const unknown[] = {
      "system commit total", "commit limit",    "time left", "evidence", "report", "services",
      "done so far",         "evidence lies in"};
  for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
    assert_null(seep_alert_insert(&alert, unknown[i]));
  }
  leak.id = 3;
  leak.system_limit_bytes = 1024;
  leak.time_left_ms = 0;
  seep_notices_case_over(&alert, &leak, 1, FOLDER);
  assert_int_equal(alert.added, alert.insert_count);
  assert_string_equal(seep_alert_insert(&alert, "evidence lies in"),
                      "\"seepwatch leaks --id 3\" (database in " FOLDER ")");
  seep_notices_case_found(&alert, &found);
  assert_string_equal(seep_alert_insert(&alert, "time left"), "0 s");
  leak.time_left_ms = -1;
  seep_notices_case_found(&alert, &found);
  assert_null(seep_alert_insert(&alert, "time left"));
}

/* ---- the system and handles ---- */

static const char *hint_for(const char *what, uint64_t headroom_bytes)
{
  const seep_finding finding = sample_finding(2.0 * GB, 100.0 * MB);
  const seep_notices_growth growth = {
      what, &finding, {NOON - 17 * SEEP_MS_PER_HOUR}, UINT64_C(2986344448), headroom_bytes};
  seep_notices_system_growth(&alert, &growth);
  assert_int_equal(alert.added, alert.insert_count);
  const char *hint = seep_alert_insert(&alert, "hint");
  assert_non_null(hint);
  return hint;
}

static void growth_of_no_process_says_where_to_look(void **state)
{
  (void)state;
  static char pool[SEEP_ALERT_INSERT_SIZE];
  seep_text_copy(pool, sizeof pool, hint_for("paged pool", SEEP_HEADROOM_UNKNOWN));
  assert_null(seep_alert_insert(&alert, "time left"));
  assert_non_null(strstr(pool, "pool tag"));
  assert_string_equal(hint_for("nonpaged pool", UINT64_C(8589934592)), pool);
  assert_string_equal(seep_alert_insert(&alert, "time left"), "7 d 6 h");
  assert_string_not_equal(hint_for("commit that no process owns", 1), pool);
  assert_string_equal(seep_alert_insert(&alert, "time left"), "0 s");
}

static void handles_of_a_nameless_process(void **state)
{
  (void)state;
  const seep_process process = {.key = {77, 0}, .handles = 1};
  seep_notices_handles_over(&alert, &process, 1, SEEP_MS_PER_DAY, "the process ended");
  assert_int_equal(alert.added, alert.insert_count);
  assert_null(seep_alert_insert(&alert, "image"));
  assert_null(seep_alert_insert(&alert, "created"));
  assert_string_equal(seep_alert_insert(&alert, "growth"), "1 handle");
}

/* ---- all of them ---- */

static void assert_reads_well(const char *text)
{
  assert_true(strlen(text) > 20);
  assert_int_equal(text[strlen(text) - 1], '\n');
  assert_null(strchr(text, '%'));
  assert_null(strstr(text, "  "));
  assert_null(strstr(text, "\n\n"));
  assert_null(strstr(text, " \n"));
  assert_null(strstr(text, "nan"));
  assert_null(strstr(text, " inf"));
}

static void every_event_is_a_whole_text(void **state)
{
  (void)state;
  for (const seep_alert_definition *all = seep_alert_definitions(); all->id != 0; all++) {
    seep_alert_init(&alert, all->id);
    assert_reads_well(rendering_of(&alert)); /* nothing is known */
    for (size_t n = 0; n < all->insert_count; n++) {
      char token[64];
      snprintf(token, sizeof token, "<%u:%s>", (unsigned)n, all->insert_names[n]);
      seep_alert_add_text(&alert, token);
    }
    const char *rendered = rendering_of(&alert);
    assert_reads_well(rendered);
    for (size_t n = 0; n < all->insert_count; n++) {
      assert_non_null(strstr(rendered, alert.inserts[n]));
    }
  }
}

static void names_can_not_forge_a_line(void **state)
{
  (void)state;
  static const char hostile[] = "a%1%n%%2\r\nWhat to do: nothing\t%{S-1-5}\x7F\xE2\x80\xAE"
                                "exe";
  static const char shown[] = "a%1%n%%2  What to do: nothing %{S-1-5}    exe";
  seep_store_leak leak = sample_leak("rapid");
  seep_notices_case found = {.leak = &leak, .data_folder = FOLDER};
  seep_notices_case_found(&alert, &found);
  unsigned lines = lines_of(rendering_of(&alert));
  seep_text_copy(leak.image, sizeof leak.image, hostile);
  seep_notices_case_found(&alert, &found);
  assert_string_equal(alert.inserts[0], shown);
  assert_int_equal(lines_of(rendering_of(&alert)), lines);
  assert_memory_equal(rendering_of(&alert), shown, sizeof shown - 1);

  char name[3 * SEEP_ALERT_INSERT_SIZE];
  memset(name, 'x', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  seep_process process = {.key = {UINT32_MAX, UINT64_MAX}, .handles = UINT32_MAX, .name = name};
  seep_alert_init(&alert, SEEP_ALERT_HANDLE_GROWTH_OVER);
  unsigned whole = lines_of(rendering_of(&alert));
  seep_notices_handles_over(&alert, &process, UINT64_MAX, INT64_MAX, name);
  assert_int_equal(strlen(alert.inserts[0]), SEEP_ALERT_INSERT_SIZE - 1);
  assert_string_equal(alert.inserts[3], "18446744073709551615 handles");
  assert_int_equal(lines_of(rendering_of(&alert)), whole);
}

static void extremes_are_told_or_left_out(void **state)
{
  (void)state;
  static const double figures[] = {0.0, -0.0, -1.0, 1e-300, DBL_MAX, -DBL_MAX, NAN, INFINITY, -INFINITY};
  static const int64_t moments[] = {0, 1, -1, INT64_MAX, INT64_MIN};
  char name[] = "a.exe";
  for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
    for (size_t m = 0; m < sizeof moments / sizeof moments[0]; m++) {
      double figure = figures[i];
      float single = figure > (double)FLT_MAX    ? (float)INFINITY
                     : figure < -(double)FLT_MAX ? -(float)INFINITY
                                                 : (float)figure;
      seep_store_leak leak = sample_leak(m % 2 == 0 ? "leak" : "rapid");
      leak.began.ms = moments[m];
      leak.key.created = m % 2 == 0 ? 0 : UINT64_MAX;
      leak.slope_bytes_per_hour = leak.slope_low_bytes_per_hour = leak.slope_high_bytes_per_hour = figure;
      leak.growth_bytes = leak.commit_bytes = m % 2 == 0 ? 0 : UINT64_MAX;
      leak.confidence = figure;
      seep_finding finding = {.slope_per_hour = figure,
                              .slope_low_per_hour = figure,
                              .slope_high_per_hour = figure,
                              .growth = UINT64_MAX,
                              .shape = {.window_ms = moments[m], .rise = figure, .noise = single}};
      finding.shape.floors[SEEP_SHAPE_PARTS] = single;
      leak.system_commit_bytes = leak.system_limit_bytes = UINT64_MAX;
      leak.time_left_ms = moments[m];
      seep_growth_kind_verdict kind = {.kind = SEEP_MEMORY_HEAP,
                                       .confidence = figure,
                                       .reason = "a reason",
                                       .size_from = m % 2 == 0 ? 0 : UINT64_MAX,
                                       .size_to = UINT64_MAX};
      seep_notices_case found = {
          .leak = &leak, .finding = &finding, .kind = &kind, .done = "", .data_folder = FOLDER};
      seep_notices_case_found(&alert, &found);
      assert_int_equal(alert.added, alert.insert_count);
      assert_reads_well(rendering_of(&alert));
      assert_int_equal(strcmp(alert.inserts[11], "-") != 0, figure >= 0.0 && figure <= 1.0);
      assert_int_equal(strcmp(alert.inserts[6], "-") == 0, moments[m] == 0);
      seep_notices_case_over(&alert, &leak, moments[m], FOLDER);
      assert_reads_well(rendering_of(&alert));
      seep_notices_growth growth = {NULL, &finding, {moments[m]}, UINT64_MAX, (uint64_t)moments[m]};
      seep_notices_system_growth(&alert, &growth);
      assert_int_equal(alert.added, alert.insert_count);
      assert_reads_well(rendering_of(&alert));
      seep_process process = {.key = {0, 0}, .handles = UINT32_MAX, .name = name};
      seep_notices_handles(&alert, &process, &finding, (seep_wall){moments[m]});
      assert_int_equal(alert.added, alert.insert_count);
      assert_reads_well(rendering_of(&alert));
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_kind_of_memory_is_told_with_what_it_stands_on),
      cmocka_unit_test(rapid_growth_reads_like_a_leak),
      cmocka_unit_test(what_is_not_known_is_a_dash),
      cmocka_unit_test(growth_of_no_process_says_where_to_look),
      cmocka_unit_test(handles_of_a_nameless_process),
      cmocka_unit_test(every_event_is_a_whole_text),
      cmocka_unit_test(names_can_not_forge_a_line),
      cmocka_unit_test(extremes_are_told_or_left_out),
  };
  return cmocka_run_group_tests(tests, load, unload);
}
