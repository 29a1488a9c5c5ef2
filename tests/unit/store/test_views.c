/* What the stock sqlite3 shell finds in the file: names and columns of the views are an interface. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "unit/store/series_rig.h"
#include "unit/store/store_files.h"

#define PATH "test_views.db"

static int set_up(void **state)
{
  return series_rig_set_up(state, PATH);
}

static int tear_down(void **state)
{
  return series_rig_tear_down(state, PATH);
}

static void add_cases(series_rig *rig)
{
  const seep_filetime created = seep_wall_to_filetime((seep_wall){INT64_C(1772323100000)});
  seep_store_leak leak = {.key = {4, created},
                          .image = "app.exe",
                          .began = {INT64_C(1772323200000)},
                          .opened = {INT64_C(1772326800000)},
                          .verdict = "rapid",
                          .slope_bytes_per_hour = 1048576,
                          .slope_low_bytes_per_hour = 1e6,
                          .slope_high_bytes_per_hour = 1.5e6,
                          .growth_bytes = 4096,
                          .commit_bytes = 8192,
                          .confidence = 0.5,
                          .kind = "undetermined",
                          .kind_confidence = 0.25,
                          .kind_reason = "too little grew",
                          .services = "A, B",
                          .evidence = "12 floors",
                          .times_told = 2,
                          .told = {INT64_C(1772326860000)},
                          .told_because = "it doubled",
                          .time_left_ms = 7999,
                          .system_commit_bytes = 11,
                          .system_limit_bytes = 12};
  seep_store_capture capture = {.key = {4, created},
                                .image = "app.exe",
                                .kind = "virtualalloc",
                                .started = {INT64_C(1772326800000)},
                                .ended = {INT64_C(1772326860000)},
                                .bytes = 77,
                                .path = "C:\\x.etl",
                                .outcome = "saved",
                                .ending = "it grew enough",
                                .sha256 = "5ec1",
                                .etl_bytes = 99,
                                .readable = true,
                                .events = 9,
                                .target_events = 8,
                                .events_lost = 1};
  seep_store_event event = {.wall = {INT64_C(1772326800000)},
                            .event = 210,
                            .level = "warning",
                            .image = "app.exe",
                            .pid = 4,
                            .text = "commit charge: 1 GB"};
  assert_int_equal(seep_store_leak_open(rig->store, &leak, NULL), SEEP_OK);
  capture.leak_id = leak.id;
  assert_int_equal(seep_store_capture_add(rig->store, &capture, NULL), SEEP_OK);
  assert_int_equal(seep_store_event_add(rig->store, &event, NULL), SEEP_OK);
}

static void add_exhaustion(series_rig *rig)
{
  seep_exhaustion event = {
      .time_created = seep_wall_to_filetime((seep_wall){INT64_C(1772326800000)}),
      .record_id = 77,
      .has_system = true,
      .commit_limit_bytes = 1,
      .commit_charge_bytes = 2,
      .process_commit_bytes = 3,
      .paged_pool_bytes = 4,
      .nonpaged_pool_bytes = 5,
      .physical_bytes = 6,
      .physical_used_bytes = 7,
      .process_total = 8,
      .process_count = 1,
      .paged_tag_count = 1,
      .nonpaged_tag_count = 1,
      .processes = {{.name = "app.exe",
                     .key = {4, seep_wall_to_filetime((seep_wall){INT64_C(1772323100000)})},
                     .commit_bytes = 9,
                     .handles = 10,
                     .version = "1.2.3.4",
                     .type_info = 11}},
      .paged_tags = {{"MmSt", 12}},
      .nonpaged_tags = {{"Even", 13}}};
  seep_store_exhaustion exhaustion = {
      .seen = {INT64_C(1772326860000)}, .told = true, .event = &event, .matches = {SEEP_STORE_MATCH_EXACT}};
  assert_int_equal(seep_store_exhaustion_add(rig->store, &exhaustion, NULL), SEEP_OK);
  event.has_system = false;
  event.record_id = event.time_created = 0;
  exhaustion.told = false;
  assert_int_equal(seep_store_exhaustion_add(rig->store, &exhaustion, NULL), SEEP_OK);
}

/* Columns and the first row, as the shell prints them with headings. */
static void assert_view(const char *view, const char *columns, const char *row)
{
  sqlite3 *db = NULL;
  sqlite3_stmt *statement = NULL;
  char sql[100], heading[600] = "", values[600] = "";
  snprintf(sql, sizeof sql, "SELECT * FROM %s LIMIT 1", view);
  assert_int_equal(sqlite3_open_v2(PATH, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
  for (int i = 0; i < sqlite3_column_count(statement); i++) {
    const char *text = (const char *)sqlite3_column_text(statement, i);
    size_t used = strlen(heading), said = strlen(values);
    snprintf(heading + used, sizeof heading - used, "%s%s", i > 0 ? "|" : "",
             sqlite3_column_name(statement, i));
    snprintf(values + said, sizeof values - said, "%s%s", i > 0 ? "|" : "", text != NULL ? text : "");
  }
  sqlite3_finalize(statement);
  sqlite3_close(db);
  assert_string_equal(heading, columns);
  assert_string_equal(values, row);
}

static void test_views(void **state)
{
  series_rig *rig = *state;
  seep_system_memory memory = {40960, 81920, 4096, 4096, 8192, 4096};
  series_rig_init(rig, PATH, 1, 41);
  rig->samples[0].key.created = seep_wall_to_filetime((seep_wall){INT64_C(1772323100000)});
  for (unsigned i = 0; i < 121; i++) {
    rig->samples[0].commit_bytes = i == 60 ? 81920 : 40960;
    seep_store_poll poll = {rig->now, 30000, &memory, rig->samples, 1};
    assert_int_equal(seep_store_append_poll(rig->store, &poll, NULL), SEEP_OK);
    rig->now.wall.ms += 30000;
    rig->now.mono.ms += 30000;
  }
  add_cases(rig);
  assert_view("processes", "process|image|pid|created|first_seen|last_seen",
              "1|image-1.exe|4|2026-02-28T23:58:20Z|2026-03-01T00:00:00Z|");
  assert_view("hourly", "hour|process|image|pid|floor_bytes|mean_bytes|peak_bytes",
              "2026-03-01T00:00:00Z|1|image-1.exe|4|40960|40960|81920");
  assert_view("system_hourly", "hour|figure|floor_bytes|mean_bytes|peak_bytes",
              "2026-03-01T00:00:00Z|commit_total|40960|40960|40960");
  assert_view(
      "leaks",
      "id|image|pid|created|began|opened|closed|slope_bytes_per_hour|growth_bytes|commit_bytes|"
      "confidence|kind|ending|verdict|slope_low_bytes_per_hour|slope_high_bytes_per_hour|kind_confidence|"
      "kind_reason|services|evidence|times_told|told|told_because|time_left_s|system_commit_bytes|"
      "system_limit_bytes",
      "1|app.exe|4|2026-02-28T23:58:20Z|2026-03-01T00:00:00Z|2026-03-01T01:00:00Z||1048576.0|4096|8192|"
      "0.5|undetermined||rapid|1000000.0|1500000.0|0.25|too little grew|A, B|12 floors|2|"
      "2026-03-01T01:01:00Z|it doubled|7|11|12");
  static const char captures[] = "id|leak|image|pid|created|kind|started|ended|bytes|path|outcome|ending|"
                                 "sha256|etl_bytes|events|target_events|events_lost|buffers_lost|removed";
  assert_view("captures", captures,
              "1|1|app.exe|4|2026-02-28T23:58:20Z|virtualalloc|2026-03-01T01:00:00Z|2026-03-01T01:01:00Z|77|"
              "C:\\x.etl|saved|it grew enough|5ec1|99|9|8|1|0|");
  /* What is not known is null, and a file that went has its time. */
  const seep_wall removed = {INT64_C(1772326890000)};
  assert_int_equal(seep_store_capture_removed(rig->store, "C:\\x.etl", removed, NULL), SEEP_OK);
  store_files_sql(PATH, "UPDATE capture SET readable = 0, etl_bytes = 0");
  assert_view("captures", captures,
              "1|1|app.exe|4|2026-02-28T23:58:20Z|virtualalloc|2026-03-01T01:00:00Z|2026-03-01T01:01:00Z|77|"
              "C:\\x.etl|saved|it grew enough|5ec1||||||2026-03-01T01:01:30Z");
  assert_view("events", "id|time|event|level|image|pid|text",
              "1|2026-03-01T01:00:00Z|210|warning|app.exe|4|commit charge: 1 GB");
}

static void test_exhaustion_views(void **state)
{
  series_rig *rig = *state;
  static const char events[] = "id|time|seen|told|record_id|commit_limit_bytes|commit_charge_bytes|"
                               "process_commit_bytes|paged_pool_bytes|nonpaged_pool_bytes|physical_bytes|"
                               "physical_used_bytes|processes";
  static const char names[] =
      "exhaustion|time|part|rank|name|bytes|pid|created|handles|version|type_info|matched";
  series_rig_init(rig, PATH, 1, 42);
  add_exhaustion(rig);
  assert_view("exhaustions", events, "1|2026-03-01T01:00:00Z|2026-03-01T01:01:00Z|1|77|1|2|3|4|5|6|7|8");
  assert_view("exhaustions WHERE id = 2", events, "2||2026-03-01T01:01:00Z|0|||||||||");
  assert_view("exhaustion_named", names,
              "1|2026-03-01T01:00:00Z|process|1|app.exe|9|4|2026-02-28T23:58:20Z|10|1.2.3.4|11|exact");
  assert_view("exhaustion_named WHERE part LIKE 'paged%'", names,
              "1|2026-03-01T01:00:00Z|paged pool tag|1|MmSt|12||||||");
  assert_view("exhaustion_named WHERE part LIKE 'non%'", names,
              "1|2026-03-01T01:00:00Z|nonpaged pool tag|1|Even|13||||||");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_views, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_exhaustion_views, set_up, tear_down)};
  return cmocka_run_group_tests_name("store/views", tests, NULL, NULL);
}
