/* Configuration files as people write them: what is taken, what is refused, and what is said about it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings/keys.h"
#include "settings/settings.h"

static seep_settings settings; /* 35 KB: not on the stack of every test */
static seep_settings_problem problem;

static seep_status parse(const char *json)
{
  return seep_settings_parse(json, strlen(json), &settings, &problem);
}

static void is_refused(const char *json, seep_status status, unsigned line, const char *key,
                       const char *reason_part)
{
  memset(&settings, 0x5A, sizeof settings);
  memset(&problem, 0x5A, sizeof problem);
  seep_status got = parse(json);
  if (got != status || problem.line != line || strcmp(problem.key, key) != 0 ||
      strstr(problem.reason, reason_part) == NULL) {
    fail_msg("%s: status %d, line %u, key '%s', reason '%s'", json, (int)got, problem.line, problem.key,
             problem.reason);
  }
  for (size_t i = 0; i < sizeof settings; i++) {
    assert_int_equal(((const unsigned char *)&settings)[i], 0x5A);
  }
}

static void defaults_are_the_promised_ones(void **state)
{
  (void)state;
  seep_settings_defaults(&settings);
  assert_int_equal(settings.poll_interval_ms, 30000);
  assert_int_equal(settings.poll_urgent_interval_ms, 5000);
  assert_int_equal(settings.detector_bucket_ms, 60000);
  assert_int_equal(settings.detector_observation_ms, 68400000);
  assert_int_equal(settings.detector_minimum_slope_bytes_per_hour, 102400);
  assert_int_equal(settings.detector_minimum_growth_bytes, 8388608);
  assert_true(settings.detector_handles);
  assert_int_equal(settings.detector_minimum_handles, 500);
  assert_int_equal(settings.detector_minimum_system_growth_bytes, 67108864);
  assert_int_equal(settings.image_count, 0);
  assert_true(settings.memory_enabled);
  assert_int_equal(settings.memory_interval_ms, 300000);
  assert_int_equal(settings.memory_minimum_growth_bytes, 8388608);
  assert_int_equal(settings.memory_maximum_reads, 200000);
  assert_int_equal(settings.memory_maximum_ms, 1000);
  assert_true(settings.event2004_enabled);
  assert_int_equal(settings.event2004_urgent_ms, 3600000);
  assert_int_equal(settings.event2004_repeat_ms, 900000);
  assert_int_equal(settings.event2004_wait_ms, 60000);
  assert_true(settings.capture_enabled);
  assert_string_equal(settings.capture_instance, "Seepwatch");
  assert_int_equal(settings.capture_maximum_ms, 900000);
  assert_int_equal(settings.capture_maximum_bytes, 536870912);
  assert_int_equal(settings.capture_minimum_free_bytes, INT64_C(5368709120));
  assert_int_equal(settings.capture_folder_quota_bytes, INT64_C(4294967296));
  assert_int_equal(settings.capture_cool_down_ms, 86400000);
  assert_int_equal(settings.capture_start_deadline_ms, 120000);
  assert_int_equal(settings.capture_stop_deadline_ms, 1800000);
  assert_int_equal(settings.capture_cancel_deadline_ms, 60000);
  assert_int_equal(settings.capture_buffers, 64);
  assert_int_equal(settings.capture_heap_method, SEEP_HEAP_METHOD_AUTO);
  assert_int_equal(settings.capture_enough_growth_bytes, 268435456);
  assert_int_equal(settings.capture_minimum_commit_bytes, 536870912);
  assert_int_equal(settings.capture_folder_quota_count, 50);
  assert_int_equal(settings.capture_recordings_per_day, 6);
  assert_int_equal(settings.capture_sample_ppm, 1000000);
  assert_true(settings.capture_compress);
  assert_true(settings.capture_bounded_files);
  assert_int_equal(settings.capture_stop_patience_ms, 120000);
  assert_int_equal(settings.capture_stop_priority, SEEP_STOP_PRIORITY_HIGH);
  assert_int_equal(settings.capture_flag_expiry_ms, INT64_C(604800000));
  assert_int_equal(settings.capture_flag_allow.count, 0);
  assert_int_equal(settings.capture_flag_deny.count, 1);
  assert_string_equal(settings.capture_flag_deny.names[0], "svchost.exe");
  assert_int_equal(settings.store_retention_ms, INT64_C(1209600000));
  assert_int_equal(settings.store_hourly_ms, INT64_C(34560000000));
  assert_int_equal(settings.store_maximum_bytes, 268435456);
  assert_int_equal(settings.heartbeat_ms, 86400000);
  assert_int_equal(settings.alerts_per_hour, 60);
  assert_int_equal(settings.commit_percent, 90);
  assert_int_equal(settings.commit_percent_ms, 300000);
  assert_int_equal(settings.exhaustion_ms, 21600000);
  assert_string_equal(settings.metrics_textfile, "");
  assert_int_equal(settings.metrics_interval_ms, 60000);
  assert_int_equal(settings.own_private_bytes, 67108864);
  assert_int_equal(settings.own_cpu_permille, 20);
  assert_int_equal(settings.ignored.count, 0);
}

static void safe_only_switches_recording_and_looking_into_processes_off(void **state)
{
  (void)state;
  static seep_settings safe;
  seep_settings_defaults(&settings);
  seep_settings_safe(&safe);
  assert_false(safe.capture_enabled);
  assert_false(safe.memory_enabled);
  assert_string_equal(safe.metrics_textfile, "");
  safe.capture_enabled = true;
  safe.memory_enabled = true;
  assert_memory_equal(&safe, &settings, sizeof safe);
}

static void absent_keys_keep_their_defaults(void **state)
{
  (void)state;
  static seep_settings defaults;
  seep_settings_defaults(&defaults);
  assert_int_equal(parse("{}"), SEEP_OK);
  assert_memory_equal(&settings, &defaults, sizeof settings);
  assert_int_equal(parse("\xEF\xBB\xBF { \"poll\": {} }\r\n"), SEEP_OK);
  assert_memory_equal(&settings, &defaults, sizeof settings);
}

static void values_are_taken(void **state)
{
  (void)state;
  assert_int_equal(
      parse("{\"$schema\": \"x\", \"$comment\": \"a\",\n"
            " \"poll\": {\"$comment\": \"b\", \"$comment\": \"c\", \"interval_s\": 60, "
            "\"urgent_interval_s\": 1e1},\n"
            " \"capture\": {\"enabled\": false, \"instance\": \"A-b_9\", \"heap_method\": \"off\", "
            "\"minimum_free_bytes\": -0},\n"
            " \"store\": {\"retention_days\": 3650, \"hourly_days\": 1}, \"alerts\": {\"heartbeat_hours\": "
            "1.0, \"maximum_per_hour\": 0, \"commit_percent\": 75, \"exhaustion_hours\": 168},\n"
            " \"metrics\": {\"textfile\": \"C:\\\\m\\\\s.prom\", \"interval_s\": 5},\n"
            " \"event2004\": {\"repeat_s\": 0, \"wait_s\": 3600},\n"
            " \"detector\": {\"minimum_growth_bytes\": 1125899906842624, \"handles\": false},\n"
            " \"processes\": {\"ignore\": [\"Back\\u0075p.exe\", \"sp\xC3\xA4t.exe\"]}}"),
      SEEP_OK);
  assert_int_equal(settings.poll_interval_ms, 60000);
  assert_int_equal(settings.poll_urgent_interval_ms, 10000);
  assert_false(settings.capture_enabled);
  assert_string_equal(settings.capture_instance, "A-b_9");
  assert_int_equal(settings.capture_heap_method, SEEP_HEAP_METHOD_OFF);
  assert_int_equal(settings.capture_minimum_free_bytes, 0);
  assert_int_equal(settings.store_retention_ms, INT64_C(315360000000));
  assert_int_equal(settings.store_hourly_ms, 86400000);
  assert_int_equal(settings.heartbeat_ms, 3600000);
  assert_int_equal(settings.alerts_per_hour, 0);
  assert_int_equal(settings.commit_percent, 75);
  assert_int_equal(settings.exhaustion_ms, INT64_C(604800000));
  assert_string_equal(settings.metrics_textfile, "C:\\m\\s.prom");
  assert_int_equal(settings.metrics_interval_ms, 5000);
  assert_int_equal(settings.event2004_repeat_ms, 0);
  assert_int_equal(settings.event2004_wait_ms, 3600000);
  assert_int_equal(settings.detector_minimum_growth_bytes, INT64_C(1125899906842624));
  assert_false(settings.detector_handles);
  assert_int_equal(settings.ignored.count, 2);
  assert_true(seep_settings_ignores(&settings, "BACKUP.EXE"));
  assert_true(seep_settings_ignores(&settings, "sp\xC3\xA4t.exe"));
  assert_false(seep_settings_ignores(&settings, "backup"));
  assert_false(seep_settings_ignores(&settings, ""));
}

static void the_text_needs_no_terminator(void **state)
{
  (void)state;
  static const char json[] = "{\"poll\": {\"interval_s\": 60}}";
  size_t size = sizeof json - 1;
  for (size_t length = 0; length <= size; length++) {
    char *exact = malloc(length > 0 ? length : 1); /* so that the sanitizer sees a read behind the end */
    assert_non_null(exact);
    memcpy(exact, json, length);
    assert_int_equal(seep_settings_parse(exact, length, &settings, &problem),
                     length == size ? SEEP_OK : SEEP_CORRUPT);
    free(exact);
  }
  assert_int_equal(settings.poll_interval_ms, 60000);
}

static void what_is_not_json_is_refused(void **state)
{
  (void)state;
  is_refused("", SEEP_CORRUPT, 0, "", "empty");
  is_refused(" \r\n\t", SEEP_CORRUPT, 0, "", "empty");
  is_refused("\xEF\xBB\xBF", SEEP_CORRUPT, 0, "", "empty");
  is_refused("{\n\"poll\": {\n\"interval_s\": 30\n\"urgent_interval_s\": 5}}", SEEP_CORRUPT, 4, "",
             "comma is missing");
  is_refused("{} x", SEEP_CORRUPT, 1, "", "more text");
  is_refused("{\n\"a\": \"\xE4\"}", SEEP_CORRUPT, 2, "", "UTF-8");
  is_refused("{\n\n\"a\": \"\xED\xA0\x80\"}", SEEP_CORRUPT, 3, "", "UTF-8");
  is_refused("\xFF\xFEx", SEEP_CORRUPT, 1, "", "UTF-16");
  is_refused("\xFE\xFFx", SEEP_CORRUPT, 1, "", "UTF-16");
  is_refused("[[[[[[[[[[[[[[[[[[[[", SEEP_LIMIT, 1, "", "too deep");
  is_refused("[]", SEEP_INVALID, 1, "", "one object");
  is_refused("null", SEEP_INVALID, 1, "", "one object");
  assert_int_equal(seep_settings_parse("{\n}\0", 4, &settings, &problem), SEEP_CORRUPT);
  assert_int_equal(problem.line, 2);
  assert_non_null(strstr(problem.reason, "NUL"));
  assert_int_equal(seep_settings_parse("{\0}\0", 4, &settings, &problem), SEEP_CORRUPT);
  assert_int_equal(seep_settings_parse(NULL, 0, &settings, &problem), SEEP_CORRUPT);
}

static void size_is_bounded(void **state)
{
  (void)state;
  char *text = malloc(SEEP_SETTINGS_MAXIMUM_BYTES + 1);
  assert_non_null(text);
  memset(text, ' ', SEEP_SETTINGS_MAXIMUM_BYTES + 1);
  memcpy(text, "{}", 2);
  assert_int_equal(seep_settings_parse(text, SEEP_SETTINGS_MAXIMUM_BYTES, &settings, &problem), SEEP_OK);
  assert_int_equal(seep_settings_parse(text, SEEP_SETTINGS_MAXIMUM_BYTES + 1, &settings, &problem),
                   SEEP_LIMIT);
  free(text);
}

static void unknown_and_doubled_keys_are_refused(void **state)
{
  (void)state;
  is_refused("{\n\n\"pol\": {}}", SEEP_INVALID, 3, "pol", "no group");
  is_refused("{\"Poll\": {}}", SEEP_INVALID, 1, "Poll", "no group");
  is_refused("{\"poll.interval_s\": 30}", SEEP_INVALID, 1, "poll.interval_s", "no group");
  is_refused("{\"poll\": {\n\"interval\": 30}}", SEEP_INVALID, 2, "poll.interval", "no key");
  is_refused("{\"poll\": {\n\"interval\\u0007\": 30}}", SEEP_INVALID, 2, "poll.interval?", "no key");
  is_refused("{\"poll\": {\"interval_s\": 30,\n\"interval_s\": 30}}", SEEP_INVALID, 2, "poll.interval_s",
             "more than once");
  is_refused("{\"poll\": {\"interval_s\": 30,\n\"interv\\u0061l_s\": 30}}", SEEP_INVALID, 2,
             "poll.interval_s", "more than once");
  is_refused("{\"poll\": {},\n\"store\": {},\n\"poll\": {}}", SEEP_INVALID, 3, "poll", "more than once");
  is_refused("{\"poll\": {\"$comment\":\n 1}}", SEEP_INVALID, 1, "poll.$comment", "text");
  is_refused("{\"$schema\": {}}", SEEP_INVALID, 1, "$schema", "text");
  /* The first problem by line, although a later one is of another kind. */
  is_refused("{\"poll\": {\n\"interval_s\": 0,\n\"x\": 1}}", SEEP_INVALID, 2, "poll.interval_s",
             "from 1 to 3600");
}

static void wrong_types_are_refused(void **state)
{
  (void)state;
  is_refused("{\"poll\": 30}", SEEP_INVALID, 1, "poll", "object");
  is_refused("{\"poll\": null}", SEEP_INVALID, 1, "poll", "object");
  is_refused("{\"poll\": [{}]}", SEEP_INVALID, 1, "poll", "object");
  is_refused("{\"poll\": {\"interval_s\": \"30\"}}", SEEP_INVALID, 1, "poll.interval_s", "whole number");
  is_refused("{\"poll\": {\"interval_s\": true}}", SEEP_INVALID, 1, "poll.interval_s", "whole number");
  is_refused("{\"poll\": {\"interval_s\": null}}", SEEP_INVALID, 1, "poll.interval_s", "whole number");
  is_refused("{\"poll\": {\"interval_s\": {}}}", SEEP_INVALID, 1, "poll.interval_s", "whole number");
  is_refused("{\"capture\": {\"enabled\": 1}}", SEEP_INVALID, 1, "capture.enabled", "true or false");
  is_refused("{\"capture\": {\"enabled\": \"true\"}}", SEEP_INVALID, 1, "capture.enabled", "true or false");
  is_refused("{\"capture\": {\"heap_method\": true}}", SEEP_INVALID, 1, "capture.heap_method",
             "must be one of \"auto\", \"live\"");
  is_refused("{\"capture\": {\"heap_method\": \"alive\"}}", SEEP_INVALID, 1, "capture.heap_method", "one of");
  is_refused("{\"capture\": {\"instance\": 7}}", SEEP_INVALID, 1, "capture.instance", "letters");
  is_refused("{\"processes\": {\"ignore\": \"a.exe\"}}", SEEP_INVALID, 1, "processes.ignore", "list");
  is_refused("{\"processes\": {\"ignore\": [\n\"a.exe\",\n7]}}", SEEP_INVALID, 3, "processes.ignore",
             "image names");
}

static void numbers_are_held_to_their_bounds(void **state)
{
  (void)state;
  for (const seep_key *key = seep_keys_table(); key->section != NULL; key++) {
    char json[160];
    char path[80];
    if (key->type > SEEP_KEY_U32) {
      continue;
    }
    seep_keys_path(key, path, sizeof path);
    snprintf(json, sizeof json, "{\"%s\": {\"%s\": %" PRIu64 "}}", key->section, key->name, key->maximum + 1);
    is_refused(json, SEEP_INVALID, 1, path, "must be from");
    snprintf(json, sizeof json, "{\"%s\": {\"%s\": %" PRId64 "}}", key->section, key->name,
             (int64_t)key->minimum - 1);
    is_refused(json, SEEP_INVALID, 1, path, "must be from");
    snprintf(json, sizeof json, "{\"%s\": {\"%s\": %" PRIu64 ".5}}", key->section, key->name, key->minimum);
    is_refused(json, SEEP_INVALID, 1, path, "must be a whole number, not ");
    assert_true(key->minimum <= key->default_value && key->default_value <= key->maximum);
  }
  is_refused("{\"capture\": {\"minimum_free_bytes\": 9007199254740993}}", SEEP_INVALID, 1,
             "capture.minimum_free_bytes", "must be from 0 to 1125899906842624");
  is_refused("{\"capture\": {\"minimum_free_bytes\": 1e30}}", SEEP_INVALID, 1, "capture.minimum_free_bytes",
             "must be from");
  is_refused("{\"capture\": {\"minimum_free_bytes\": 1e-99}}", SEEP_INVALID, 1, "capture.minimum_free_bytes",
             "must be a whole number");
  is_refused("{\"capture\": {\"minimum_free_bytes\": 1e999}}", SEEP_CORRUPT, 1, "", "not a number");
  is_refused("{\"detector\": {\"minimum_slope_bytes_per_hour\": 0}}", SEEP_INVALID, 1,
             "detector.minimum_slope_bytes_per_hour", "stays level");
}

static void bounds_themselves_are_taken(void **state)
{
  (void)state;
  for (const seep_key *key = seep_keys_table(); key->section != NULL; key++) {
    char json[200];
    if (key->type > SEEP_KEY_U32 || strcmp(key->section, "poll") == 0 ||
        strcmp(key->name, "observation_s") == 0 || strcmp(key->name, "bucket_s") == 0) {
      continue; /* these depend on each other: they have tests of their own */
    }
    uint64_t bounds[] = {key->minimum, key->maximum};
    for (size_t i = 0; i < 2; i++) {
      snprintf(json, sizeof json, "{\"%s\": {\"%s\": %" PRIu64 "}}", key->section, key->name, bounds[i]);
      assert_int_equal(parse(json), SEEP_OK);
      assert_int_equal(seep_keys_get(key, &settings), bounds[i]);
    }
  }
}

static void names_are_checked(void **state)
{
  (void)state;
  is_refused("{\"capture\": {\"instance\": \"\"}}", SEEP_INVALID, 1, "capture.instance", "1 to 40");
  is_refused("{\"capture\": {\"instance\": \"a b\"}}", SEEP_INVALID, 1, "capture.instance", "1 to 40");
  is_refused("{\"capture\": {\"instance\": \"\xC3\xA4\"}}", SEEP_INVALID, 1, "capture.instance", "1 to 40");
  is_refused("{\"capture\": {\"instance\": \"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddE\"}}", SEEP_INVALID, 1,
             "capture.instance", "1 to 40");
  assert_int_equal(parse("{\"capture\": {\"instance\": \"aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd\"}}"),
                   SEEP_OK);
  is_refused("{\"processes\": {\"ignore\": [\"\"]}}", SEEP_INVALID, 1, "processes.ignore", "image names");
  is_refused("{\"processes\": {\"ignore\": [\"C:\\\\a.exe\"]}}", SEEP_INVALID, 1, "processes.ignore",
             "folders");
  is_refused("{\"processes\": {\"ignore\": [\"*.exe\"]}}", SEEP_INVALID, 1, "processes.ignore", "wildcards");
  is_refused("{\"processes\": {\"ignore\": [\"a\\n\"]}}", SEEP_INVALID, 1, "processes.ignore", "image names");
}

static void ignored_images_are_bounded(void **state)
{
  (void)state;
  char json[2048];
  seep_writer writer;
  for (size_t count = SEEP_SETTINGS_IGNORED; count <= SEEP_SETTINGS_IGNORED + 1; count++) {
    seep_writer_init(&writer, json, sizeof json);
    seep_writer_text(&writer, "{\"processes\": {\"ignore\": [");
    for (size_t i = 0; i < count; i++) {
      seep_writer_format(&writer, "%s\"%zu.exe\"", i > 0 ? ",\n" : "", i);
    }
    seep_writer_text(&writer, "]}}");
    assert_false(writer.cut);
    if (count == SEEP_SETTINGS_IGNORED) {
      assert_int_equal(parse(json), SEEP_OK);
      assert_true(seep_settings_ignores(&settings, "63.exe"));
    } else {
      is_refused(json, SEEP_INVALID, 65, "processes.ignore", "64");
    }
  }
  char name[SEEP_SETTINGS_NAME_SIZE + 1];
  memset(name, 'n', sizeof name - 1);
  for (size_t length = SEEP_SETTINGS_NAME_SIZE - 1; length <= SEEP_SETTINGS_NAME_SIZE; length++) {
    name[length] = '\0';
    name[length - 1] = 'n';
    snprintf(json, sizeof json, "{\"processes\": {\"ignore\": [\"%s\"]}}", name);
    assert_int_equal(parse(json), length < SEEP_SETTINGS_NAME_SIZE ? SEEP_OK : SEEP_INVALID);
    name[length] = 'n';
  }
}

static void keys_of_earlier_versions_have_no_effect(void **state)
{
  (void)state;
  assert_int_equal(parse("{\"detector\": {\"window_s\": 7200, \"start_up_s\": 1800, \"confirmations\": 3,"
                         " \"bucket_s\": 30}, \"poll\": {\"interval_s\": 7}}"),
                   SEEP_OK);
  assert_int_equal(settings.retired_keys, 3);
  assert_int_equal(settings.detector_bucket_ms, 30000);
  assert_int_equal(settings.poll_interval_ms, 7000);
  is_refused("{\"detector\": {\n\"window_s\": \"long\"}}", SEEP_INVALID, 2, "detector.window_s", "is no key");
  is_refused("{\"poll\": {\n\"window_s\": 1}}", SEEP_INVALID, 2, "poll.window_s", "is no key");
}

static void observation_and_bucket_go_together(void **state)
{
  (void)state;
  assert_int_equal(parse("{\"detector\": {\"bucket_s\": 1, \"observation_s\": 16384}}"), SEEP_OK);
  assert_int_equal(parse("{\"detector\": {\"bucket_s\": 3600, \"observation_s\": 2592000}}"), SEEP_OK);
  is_refused("{\"detector\": {\"bucket_s\": 1,\n\"observation_s\": 16385}}", SEEP_INVALID, 2,
             "detector.observation_s",
             "observation_s (16385) must not be longer than 16384 times detector.bucket_s");
  is_refused("{\"detector\":\n{\"bucket_s\": 3}}", SEEP_INVALID, 2, "detector.bucket_s",
             "observation_s (68400) must not be longer than 16384 times detector.bucket_s");
  is_refused("{\"detector\": {\"images\":\n{\"java.exe\": {\"observation_s\": 2592000}}}}", SEEP_INVALID, 1,
             "detector.images",
             "observation_s of java.exe (2592000) must not be longer than 16384 times detector.bucket_s");
}

static void keys_that_contradict_are_refused(void **state)
{
  (void)state;
  is_refused("{\"poll\": {\"interval_s\": 60,\n\"urgent_interval_s\": 61}}", SEEP_INVALID, 2,
             "poll.urgent_interval_s",
             "poll.urgent_interval_s (61) must not be longer than poll.interval_s (60)");
  is_refused("{\n\"poll\": {\n\"interval_s\": 4}}", SEEP_INVALID, 3, "poll.interval_s",
             "poll.urgent_interval_s (5)");
  assert_int_equal(parse("{\"poll\": {\"interval_s\": 5}}"), SEEP_OK);
}

/* ---- thresholds of single images ---- */

#define IMAGES(members) "{\"detector\": {\n\"images\": {" members "}}}"
#define JAVA(members) IMAGES("\n\"java.exe\": {" members "}")

static void image_is(const char *image, uint64_t slope, uint64_t growth, int64_t observation_ms)
{
  const seep_settings_image *found = seep_settings_image_of(&settings, image);
  assert_non_null(found);
  assert_int_equal(found->minimum_slope_bytes_per_hour, slope);
  assert_int_equal(found->minimum_growth_bytes, growth);
  assert_int_equal(found->observation_ms, observation_ms);
}

/* Whether the general ones stand before or behind them. */
static void images_have_thresholds_of_their_own(void **state)
{
  (void)state;
  assert_int_equal(parse("{\"detector\": {\"minimum_growth_bytes\": 1000, \"images\": {\"$comment\": \"x\",\n"
                         "\"Java.exe\": {\"observation_s\": 7200, \"minimum_growth_bytes\": 1},\n"
                         "\"sp\xC3\xA4t.exe\": {\"$comment\": \"y\", \"minimum_slope_bytes_per_hour\": 5},\n"
                         "\"c.exe\": {}}, \"observation_s\": 3600}}"),
                   SEEP_OK);
  assert_int_equal(settings.image_count, 3);
  image_is("JAVA.EXE", 102400, 1, 7200000);
  image_is("sp\xC3\xA4t.exe", 5, 1000, 3600000);
  image_is("c.exe", 102400, 1000, 3600000);
  assert_null(seep_settings_image_of(&settings, "java"));
  assert_null(seep_settings_image_of(&settings, ""));
  assert_int_equal(parse(IMAGES("")), SEEP_OK);
  assert_int_equal(settings.image_count, 0);
  assert_null(seep_settings_image_of(&settings, "java.exe"));
}

static void faults_of_images_are_told_with_their_place(void **state)
{
  (void)state;
  const char *const observation = "detector.images.java.exe.observation_s";
  is_refused("{\"detector\": {\"images\": []}}", SEEP_INVALID, 1, "detector.images", "object of image names");
  is_refused(IMAGES("\n\"java.exe\": 7"), SEEP_INVALID, 3, "detector.images.java.exe", "object");
  is_refused(JAVA("\"observation_s\": 15"), SEEP_INVALID, 3, observation, "from 16 to 2592000, not 15");
  is_refused(JAVA("\n\n\"observation_s\": \"1\""), SEEP_INVALID, 5, observation, "whole number");
  is_refused(JAVA("\"minimum_growth_bytes\": 1.5"), SEEP_INVALID, 3,
             "detector.images.java.exe.minimum_growth_bytes", "whole number, not 1.5");
  is_refused(JAVA("\"minimum_slope_bytes_per_hour\": 0"), SEEP_INVALID, 3,
             "detector.images.java.exe.minimum_slope_bytes_per_hour", "stays level");
  is_refused(JAVA("\"observation_s\": 16,\n\"observation_s\": 16"), SEEP_INVALID, 4, observation,
             "more than once");
  is_refused(JAVA("\"bucket_s\": 60"), SEEP_INVALID, 3, "detector.images.java.exe.bucket_s", "no key");
  is_refused(JAVA("\"$comment\": 1"), SEEP_INVALID, 3, "detector.images.java.exe.$comment", "text");
  is_refused(IMAGES("\n\"$comment\": {}"), SEEP_INVALID, 3, "detector.images.$comment", "text");
  is_refused(IMAGES("\"a.exe\": {},\n\"A.EXE\": {}"), SEEP_INVALID, 3, "detector.images.A.EXE",
             "more than once");
  is_refused(IMAGES("\n\"\": {}"), SEEP_INVALID, 3, "detector.images", "image names");
  is_refused(IMAGES("\n\"*.exe\": {}"), SEEP_INVALID, 3, "detector.images.*.exe", "wildcards");
  is_refused(IMAGES("\n\"C:\\\\a.exe\": {}"), SEEP_INVALID, 3, "detector.images.C:\\a.exe", "folders");
  is_refused(IMAGES("\"a\\n\": {}"), SEEP_INVALID, 2, "detector.images.a?", "image names");
  /* What stands behind them is told at its own place. */
  is_refused("{\"detector\": {\"images\": {\"a.exe\": {\n\"observation_s\": 16}},\n\"x\": 1}}", SEEP_INVALID,
             3, "detector.x", "no key");
}

static void the_number_of_images_is_bounded(void **state)
{
  (void)state;
  static char json[8192];
  seep_writer writer;
  for (size_t count = SEEP_SETTINGS_IMAGES; count <= SEEP_SETTINGS_IMAGES + 1; count++) {
    seep_writer_init(&writer, json, sizeof json);
    seep_writer_text(&writer, "{\"detector\": {\"images\": {");
    for (size_t i = 0; i < count; i++) {
      seep_writer_format(&writer, "%s\"%zu.exe\": {\"observation_s\": %zu}", i > 0 ? ",\n" : "", i, 100 + i);
    }
    seep_writer_text(&writer, "}}}");
    assert_false(writer.cut);
    if (count == SEEP_SETTINGS_IMAGES) {
      assert_int_equal(parse(json), SEEP_OK);
      image_is("63.exe", 102400, 8388608, 163000);
    } else {
      is_refused(json, SEEP_INVALID, 65, "detector.images", "64");
    }
  }
}

/* The longest name still leaves room for the key in what is said. */
static void long_image_names_are_told_whole(void **state)
{
  (void)state;
  char json[600], name[SEEP_SETTINGS_NAME_SIZE + 1], key[400];
  memset(name, 'n', sizeof name - 1);
  name[SEEP_SETTINGS_NAME_SIZE] = '\0';
  snprintf(json, sizeof json, "{\"detector\": {\"images\": {\"%s\": {}}}}", name);
  assert_int_equal(parse(json), SEEP_INVALID);
  name[SEEP_SETTINGS_NAME_SIZE - 1] = '\0';
  snprintf(json, sizeof json, "{\"detector\": {\"images\": {\"%s\": {}}}}", name);
  assert_int_equal(parse(json), SEEP_OK);
  image_is(name, 102400, 8388608, 68400000);
  snprintf(json, sizeof json, "{\"detector\": {\"images\": {\"%s\": {\"minimum_slope_bytes_per_hour\": 0}}}}",
           name);
  snprintf(key, sizeof key, "detector.images.%s.minimum_slope_bytes_per_hour", name);
  is_refused(json, SEEP_INVALID, 1, key, "stays level");
}

static void what_is_written_reads_back(void **state)
{
  (void)state;
  static char text[SEEP_SETTINGS_TEXT_SIZE];
  static seep_settings back;
  seep_writer writer;
  seep_settings_defaults(&settings);
  for (const seep_key *key = seep_keys_table(); key->section != NULL; key++) {
    if (key->type <= SEEP_KEY_U32) {
      seep_keys_set(key, &settings, key->minimum + (key->maximum - key->minimum) / 2);
    }
  }
  settings.poll_urgent_interval_ms = 7000;
  settings.capture_enabled = false;
  settings.capture_sample_ppm = 120;
  settings.capture_flag_deny.count = SEEP_SETTINGS_IGNORED;
  for (size_t i = 0; i < SEEP_SETTINGS_IGNORED; i++) {
    memset(settings.capture_flag_deny.names[i], 'z', SEEP_SETTINGS_NAME_SIZE - 1);
  }
  settings.ignored.count = SEEP_SETTINGS_IGNORED;
  for (size_t i = 0; i < SEEP_SETTINGS_IGNORED; i++) {
    memset(settings.ignored.names[i], 'x', SEEP_SETTINGS_NAME_SIZE - 1);
  }
  memcpy(settings.ignored.names[1], "\xC3\xA4\xE2\x82\xAC%{}", 8);
  memset(settings.metrics_textfile, '\\',
         sizeof settings.metrics_textfile - 1); /* as long as can be written */
  for (size_t i = 1; i < sizeof settings.metrics_textfile - 6; i += 2) {
    settings.metrics_textfile[i] = 'd';
  }
  memcpy(settings.metrics_textfile, "C:", 2);
  memcpy(settings.metrics_textfile + 2, "\\", 1);
  memcpy(settings.metrics_textfile + sizeof settings.metrics_textfile - 7, "x.prom", 7);
  settings.image_count = SEEP_SETTINGS_IMAGES;
  for (size_t i = 0; i < SEEP_SETTINGS_IMAGES; i++) {
    seep_settings_image *image = &settings.images[i];
    memset(image->name, 'y', SEEP_SETTINGS_NAME_SIZE - 1);
    snprintf(image->name, sizeof image->name, "%02zu", i);
    image->name[2] = 'y';
    image->minimum_slope_bytes_per_hour = UINT64_C(1125899906842624) - i;
    image->minimum_growth_bytes = UINT64_C(1125899906842623) - i;
    image->observation_ms = INT64_C(2592000000) - 1000 * (int64_t)i;
  }
  seep_writer_init(&writer, text, sizeof text);
  seep_settings_write(&settings, &writer);
  assert_false(writer.cut);
  seep_status status = seep_settings_parse(text, writer.length, &back, &problem);
  if (status != SEEP_OK) {
    fail_msg("line %u, %s: %s", problem.line, problem.key, problem.reason);
  }
  assert_memory_equal(&back, &settings, sizeof back);
}

static void the_summary_is_one_line(void **state)
{
  (void)state;
  char text[512];
  seep_writer writer;
  seep_settings_defaults(&settings);
  seep_writer_init(&writer, text, sizeof text);
  seep_settings_summary(&settings, &writer);
  assert_string_equal(
      text,
      "poll 30 s, bucket 60 s, observation 68400 s, slope 100 KB/h, growth 8 MB, images with thresholds of "
      "their own 0, kind of memory on, Event 2004 on, recording on (900 s or 512 MB at most), history 14 d, "
      "by the hour 400 d, "
      "images ignored 0");
  seep_settings_safe(&settings);
  settings.event2004_enabled = false;
  settings.detector_minimum_growth_bytes = 1025;
  settings.image_count = 2;
  seep_writer_init(&writer, text, sizeof text);
  seep_settings_summary(&settings, &writer);
  assert_string_equal(
      text, "poll 30 s, bucket 60 s, observation 68400 s, slope 100 KB/h, growth 1025 bytes, images with "
            "thresholds of their own 2, kind of memory off, Event 2004 off, recording off, history 14 d, by "
            "the hour 400 d, images "
            "ignored 0");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(defaults_are_the_promised_ones),
      cmocka_unit_test(safe_only_switches_recording_and_looking_into_processes_off),
      cmocka_unit_test(absent_keys_keep_their_defaults),
      cmocka_unit_test(values_are_taken),
      cmocka_unit_test(the_text_needs_no_terminator),
      cmocka_unit_test(what_is_not_json_is_refused),
      cmocka_unit_test(size_is_bounded),
      cmocka_unit_test(unknown_and_doubled_keys_are_refused),
      cmocka_unit_test(wrong_types_are_refused),
      cmocka_unit_test(numbers_are_held_to_their_bounds),
      cmocka_unit_test(bounds_themselves_are_taken),
      cmocka_unit_test(observation_and_bucket_go_together),
      cmocka_unit_test(keys_of_earlier_versions_have_no_effect),
      cmocka_unit_test(names_are_checked),
      cmocka_unit_test(ignored_images_are_bounded),
      cmocka_unit_test(keys_that_contradict_are_refused),
      cmocka_unit_test(images_have_thresholds_of_their_own),
      cmocka_unit_test(faults_of_images_are_told_with_their_place),
      cmocka_unit_test(the_number_of_images_is_bounded),
      cmocka_unit_test(long_image_names_are_told_whole),
      cmocka_unit_test(what_is_written_reads_back),
      cmocka_unit_test(the_summary_is_one_line),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
