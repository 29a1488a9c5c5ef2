/*
 * What the watchdog writes for others to read: status.json, and the text file for Prometheus; and its two
 * feeds of Windows' events, each with a bookmark of its own. With the real loop and real files.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "base/text.h"
#include "rig.h"
#include "watch/files.h"

#define METRICS "here.prom"
#define OTHER "there.prom"

static char here[1024];

/* The absolute path of a file in the rig's folder, with slashes, which Windows takes too. */
static const char *absolute(const char *name, char *out, size_t size)
{
  snprintf(out, size, "%s/%s", here, rig_path(name));
  return out;
}

static void configure(const char *name)
{
  char text[2048], path[1500];
  snprintf(text, sizeof text,
           "{\"poll\":{\"interval_s\":1,\"urgent_interval_s\":1},\"capture\":{\"enabled\":false},"
           "\"metrics\":{\"interval_s\":5,\"textfile\":\"%s\"}}",
           name != NULL ? absolute(name, path, sizeof path) : "");
  rig_write("seepwatch.json", text);
}

/* The file's text once it has `words` in it; "" when that takes too long. The caller frees it. */
static char *wait_for_text(rig *r, const char *name, const char *words)
{
  for (unsigned tries = 0; tries < RIG_PATIENCE_MS / 50; tries++) {
    char *text = NULL, *grown;
    size_t size = 0;
    if (r->watchdog != NULL) {
      seep_watchdog_post(r->watchdog, SEEP_CONTROL_STATUS);
    }
    if (seep_files_read(rig_path(name), 1u << 20, &text, &size, NULL) == SEEP_OK &&
        (grown = realloc(text, size + 1)) != NULL) {
      text = grown;
      text[size] = '\0';
      if (strstr(text, words) != NULL) {
        return text;
      }
    }
    free(text);
    uv_sleep(50);
  }
  return calloc(1, 1);
}

static void both_files_say_how_things_are(void **state)
{
  rig *r = *state;
  configure(METRICS);
  rig_start(r);
  char *metrics = wait_for_text(r, METRICS, "seepwatch_up 1\n");
  assert_true(metrics[0] != '\0');
  assert_int_equal(metrics[strlen(metrics) - 1], '\n');
  free(metrics);
  char *status = wait_for_text(r, "status.json", "\"stopped\": false");
  assert_non_null(strstr(status, "\"version\": \"1.2.3\""));
  free(status);
  (void)rig_stop(r);
  metrics = wait_for_text(r, METRICS, "seepwatch_up 0\n");
  assert_true(metrics[0] != '\0');
  free(metrics);
  status = wait_for_text(r, "status.json", "\"stopped\": true");
  assert_true(status[0] != '\0');
  free(status);
  assert_int_equal(rig_count_files("", ".part"), 0);
}

static void without_a_name_there_is_no_text_file(void **state)
{
  rig *r = *state;
  configure(NULL);
  rig_start(r);
  free(wait_for_text(r, "status.json", "\"stopped\": false"));
  (void)rig_stop(r);
  assert_int_equal(rig_count_files("", ".prom"), 0);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_METRICS_FAILED), 0);
}

static void another_name_takes_the_old_file_away(void **state)
{
  rig *r = *state;
  configure(METRICS);
  rig_start(r);
  free(wait_for_text(r, METRICS, "seepwatch_up"));
  configure(OTHER);
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_RELOAD);
  free(wait_for_text(r, OTHER, "seepwatch_up"));
  (void)rig_stop(r);
  assert_false(rig_is_there(METRICS));
  assert_true(rig_is_there(OTHER));
}

static void a_text_file_that_can_not_be_written_is_told_once_and_so_is_its_return(void **state)
{
  rig *r = *state;
  configure("missing/" METRICS);
  rig_start(r);
  for (unsigned i = 0; i < 3; i++) {
    seep_watchdog_post(r->watchdog, SEEP_CONTROL_STATUS);
    assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_HEARTBEAT, i + 1, RIG_PATIENCE_MS));
    uv_sleep(50);
  }
  const seep_alert *alert = fake_sink_wait(&r->sink, SEEP_ALERT_METRICS_FAILED, 1, RIG_PATIENCE_MS);
  assert_non_null(alert);
  assert_non_null(strstr(rig_insert(alert, "path"), "missing/" METRICS));
  assert_int_equal(seep_files_make_folder(rig_path("missing"), NULL), SEEP_OK);
  free(wait_for_text(r, "missing/" METRICS, "seepwatch_up 1"));
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_METRICS_RESTORED, 1, RIG_PATIENCE_MS));
  (void)rig_stop(r);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_METRICS_FAILED), 1);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_METRICS_RESTORED), 1);
}

static void before_an_uninstall_both_are_removed(void **state)
{
  rig *r = *state;
  configure(METRICS);
  rig_start(r);
  free(wait_for_text(r, METRICS, "seepwatch_up"));
  (void)rig_stop(r);
  assert_true(rig_is_there("status.json"));
  r->undo_only = true;
  rig_start(r);
  assert_int_equal(rig_wait(r), SEEP_OK);
  assert_false(rig_is_there(METRICS));
  assert_false(rig_is_there("status.json"));
}

/* ---- feeds ---- */

static const char exhaustion[] =
    "<Event><System><Provider Name='Microsoft-Windows-Resource-Exhaustion-Detector'/><EventID>2004</EventID>"
    "<EventRecordID>12</EventRecordID></System></Event>";
static const char notice[] =
    "<Event><System><Provider Name='Microsoft-Windows-Resource-Exhaustion-Detector'/><EventID>1008</EventID>"
    "<EventRecordID>12</EventRecordID></System></Event>";

static void each_feed_has_a_bookmark_of_its_own(void **state)
{
  rig *r = *state;
  rig_start(r);
  assert_true(r->notices.running);
  r->notices.sink->event(r->notices.sink->context, notice, sizeof notice - 1, "<Notices/>", 10);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_UNDIAGNOSED, 1, RIG_PATIENCE_MS));
  r->feed.sink->event(r->feed.sink->context, exhaustion, sizeof exhaustion - 1, "<System/>", 9);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_EXHAUSTION, 1, RIG_PATIENCE_MS));
  (void)rig_stop(r);
  assert_false(r->notices.running);
  rig_start(r);
  (void)rig_stop(r);
  assert_string_equal(r->feed.bookmark, "<System/>");
  assert_string_equal(r->notices.bookmark, "<Notices/>");
}

/* As the feed hands it over when Windows does not give its text. */
static void an_event_without_its_text_is_told_too(void **state)
{
  rig *r = *state;
  rig_start(r);
  assert_true(r->feed.sink->event(r->feed.sink->context, NULL, 0, "<System/>", 9));
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_UNDIAGNOSED, 1, RIG_PATIENCE_MS));
  (void)rig_stop(r);
  rig_start(r);
  (void)rig_stop(r);
  assert_string_equal(r->feed.bookmark, "<System/>");
}

static void a_notices_feed_that_does_not_start_is_no_news(void **state)
{
  rig *r = *state;
  r->notices.start_fault.fail_at = 1;
  rig_start(r);
  r->feed.sink->event(r->feed.sink->context, exhaustion, sizeof exhaustion - 1, "<System/>", 9);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_EXHAUSTION, 1, RIG_PATIENCE_MS));
  (void)rig_stop(r);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_FEED_LOST), 0);
}

#define publish_test(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int main(int argc, char **argv)
{
  size_t size = sizeof here;
  if (argc < 2 || uv_cwd(here, &size) != 0) {
    return 2;
  }
  for (char *at = here; *at != '\0'; at++) {
    *at = *at == '\\' ? '/' : *at;
  }
  rig_prepare("watchdog_publish.tmp", argv[1]);
  const struct CMUnitTest tests[] = {
      publish_test(both_files_say_how_things_are),
      publish_test(without_a_name_there_is_no_text_file),
      publish_test(another_name_takes_the_old_file_away),
      publish_test(a_text_file_that_can_not_be_written_is_told_once_and_so_is_its_return),
      publish_test(before_an_uninstall_both_are_removed),
      publish_test(each_feed_has_a_bookmark_of_its_own),
      publish_test(an_event_without_its_text_is_told_too),
      publish_test(a_notices_feed_that_does_not_start_is_no_news),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
