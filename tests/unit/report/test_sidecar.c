/* The side-car, parsed back by somebody else's JSON: everything known, nothing known, and hostile texts at
 * the bounds of their structures. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "report/alert.h"
#include "report/sidecar.h"

static cJSON *written(const seep_sidecar *sidecar)
{
  static char text[SEEP_SIDECAR_SIZE];
  seep_writer writer;
  const char *end = NULL;
  seep_writer_init(&writer, text, sizeof text);
  seep_sidecar_write(sidecar, &writer);
  assert_false(writer.cut);
  assert_int_equal(strlen(text), writer.length);
  assert_int_equal(seep_text_valid_prefix(text, writer.length), writer.length);
  cJSON *document = cJSON_ParseWithOpts(text, &end, 0);
  if (document == NULL || strcmp(end, "\n") != 0) {
    fail_msg("not one JSON document: %s", text);
  }
  return document;
}

/* "file.bytes": the member, which must be there. */
static const cJSON *member(const cJSON *document, const char *path)
{
  char part[64];
  const char *dot = strchr(path, '.');
  if (dot != NULL) {
    snprintf(part, sizeof part, "%.*s", (int)(dot - path), path);
    document = cJSON_GetObjectItemCaseSensitive(document, part);
    path = dot + 1;
  }
  const cJSON *found = cJSON_GetObjectItemCaseSensitive(document, path);
  if (found == NULL) {
    fail_msg("no member %s", path);
  }
  return found;
}

static void assert_text(const cJSON *document, const char *path, const char *text)
{
  assert_string_equal(cJSON_GetStringValue(member(document, path)), text);
}

static void assert_number(const cJSON *document, const char *path, double value)
{
  assert_true(cJSON_IsNumber(member(document, path)));
  assert_true(member(document, path)->valuedouble == value);
}

static void assert_nulls(const cJSON *document, const char *const *paths, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (!cJSON_IsNull(member(document, paths[i]))) {
      fail_msg("%s is not null", paths[i]);
    }
  }
}

static const seep_recorder_kept kept = {
    .path = "C:\\captures\\x.etl.gz",
    .bytes = 1234,
    .etl_bytes = UINT64_C(4294967296),
    .sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    .readable = true,
    .events = 10,
    .target_events = 9,
    .target_heap_events = 8,
    .events_lost = 7,
    .buffers_lost = 6};

static seep_sidecar everything(void)
{
  return (seep_sidecar){.version = "1.2.3",
                        .host = "SERVER",
                        .recorder_build = 20348,
                        .case_id = 7,
                        .verdict = "leak",
                        .began = {INT64_C(1772323200000)},
                        .opened = {INT64_C(1772323230500)},
                        .slope_bytes_per_hour = 0.1,
                        .slope_low_bytes_per_hour = -1e300,
                        .slope_high_bytes_per_hour = 12345678901234.5,
                        .growth_bytes = 2097152,
                        .commit_bytes = 4194304,
                        .confidence = 0.97,
                        .memory_kind = "Heap",
                        .memory_confidence = 0.92,
                        .memory_reason = "most of the growth is in heaps",
                        .evidence = "In the last 17 h it grew",
                        .headroom_bytes = 0,
                        .key = {4242, UINT64_C(134167968000000000)},
                        .image = "app.exe",
                        .kind = "heap",
                        .stepped_down = false,
                        .flagged = true,
                        .started = {INT64_C(1772323260000)},
                        .ended = {INT64_C(1772323320000)},
                        .duration_ms = 60000,
                        .outcome = "saved",
                        .ending = "it grew enough",
                        .file_name = "x.etl.gz",
                        .kept = &kept};
}

static void test_everything_known(void **state)
{
  (void)state;
  const seep_sidecar sidecar = everything();
  cJSON *document = written(&sidecar);
  assert_number(document, "schema", 1);
  assert_text(document, "seepwatch.version", "1.2.3");
  assert_text(document, "seepwatch.host", "SERVER");
  assert_number(document, "seepwatch.recorder_build", 20348);
  assert_number(document, "case.id", 7);
  assert_text(document, "case.verdict", "leak");
  assert_text(document, "case.began", "2026-03-01T00:00:00.000Z");
  assert_text(document, "case.opened", "2026-03-01T00:00:30.500Z");
  assert_number(document, "case.slope_bytes_per_hour", 0.1);
  assert_number(document, "case.slope_low_bytes_per_hour", -1e300);
  assert_number(document, "case.slope_high_bytes_per_hour", 12345678901234.5);
  assert_number(document, "case.growth_bytes", 2097152);
  assert_number(document, "case.commit_bytes", 4194304);
  assert_number(document, "case.confidence", 0.97);
  assert_text(document, "case.memory_kind", "Heap");
  assert_number(document, "case.memory_confidence", 0.92);
  assert_text(document, "case.memory_reason", "most of the growth is in heaps");
  assert_text(document, "case.evidence", "In the last 17 h it grew");
  assert_number(document, "case.headroom_bytes", 0);
  assert_text(document, "recording.process", "app.exe");
  assert_number(document, "recording.pid", 4242);
  assert_text(document, "recording.created", "2026-03-01T00:00:00.000Z");
  assert_text(document, "recording.kind", "heap");
  assert_text(document, "recording.kind_meaning", "heap calls of the process, with stacks");
  assert_true(cJSON_IsFalse(member(document, "recording.heap_refused")));
  assert_true(cJSON_IsTrue(member(document, "recording.by_tracing_flag")));
  assert_text(document, "recording.started", "2026-03-01T00:01:00.000Z");
  assert_text(document, "recording.ended", "2026-03-01T00:02:00.000Z");
  assert_number(document, "recording.duration_ms", 60000);
  assert_text(document, "recording.outcome", "saved");
  assert_text(document, "recording.ended_because", "it grew enough");
  assert_text(document, "file.name", "x.etl.gz");
  assert_number(document, "file.bytes", 1234);
  assert_number(document, "file.etl_bytes", 4294967296.0);
  assert_text(document, "file.sha256", kept.sha256);
  assert_true(cJSON_IsTrue(member(document, "file.compressed")));
  assert_number(document, "trace.events", 10);
  assert_number(document, "trace.target_events", 9);
  assert_number(document, "trace.target_heap_events", 8);
  assert_number(document, "trace.events_lost", 7);
  assert_number(document, "trace.buffers_lost", 6);
  cJSON_Delete(document);
}

static void test_nothing_known(void **state)
{
  (void)state;
  static const char *const nulls[] = {"seepwatch.version",
                                      "seepwatch.host",
                                      "seepwatch.recorder_build",
                                      "case",
                                      "recording.process",
                                      "recording.pid",
                                      "recording.created",
                                      "recording.kind",
                                      "recording.kind_meaning",
                                      "recording.started",
                                      "recording.ended",
                                      "recording.duration_ms",
                                      "recording.outcome",
                                      "recording.ended_because",
                                      "file.name",
                                      "file.bytes",
                                      "file.etl_bytes",
                                      "file.sha256",
                                      "file.compressed",
                                      "trace"};
  const seep_recorder_kept lost = {.bytes = 5, .sha256 = "ab"};
  seep_sidecar sidecar = {.duration_ms = -1, .image = "", .kind = ""};
  for (int i = 0; i < 2; i++) {
    cJSON *document = written(&sidecar);
    assert_number(document, "schema", 1);
    assert_nulls(document, nulls, sizeof nulls / sizeof nulls[0]);
    assert_true(cJSON_IsFalse(member(document, "recording.heap_refused")));
    cJSON_Delete(document);
    sidecar.kept = &lost; /* there was one, and it is not kept */
  }
}

/* A case whose memory nobody looked at, and a file that is no trace. */
static void test_partly_known(void **state)
{
  (void)state;
  static const char *const nulls[] = {"case.verdict",
                                      "case.began",
                                      "case.opened",
                                      "case.slope_bytes_per_hour",
                                      "case.confidence",
                                      "case.memory_kind",
                                      "case.memory_reason",
                                      "case.memory_confidence",
                                      "case.evidence",
                                      "case.headroom_bytes",
                                      "case.slope_low_bytes_per_hour",
                                      "case.slope_high_bytes_per_hour",
                                      "file.sha256",
                                      "file.etl_bytes",
                                      "trace",
                                      "recording.kind_meaning"};
  const seep_recorder_kept plain = {.path = "/x.etl", .bytes = UINT64_MAX, .events = 5};
  const seep_sidecar sidecar = {.case_id = INT64_MIN,
                                .slope_bytes_per_hour = (double)NAN,
                                .confidence = (double)INFINITY,
                                .headroom_bytes = UINT64_MAX,
                                .key = {UINT32_MAX, UINT64_MAX},
                                .kind = "something else",
                                .stepped_down = true,
                                .file_name = "x.etl",
                                .kept = &plain};
  cJSON *document = written(&sidecar);
  assert_nulls(document, nulls, sizeof nulls / sizeof nulls[0]);
  assert_number(document, "case.growth_bytes", 0);
  assert_text(document, "recording.kind", "something else");
  assert_true(cJSON_IsTrue(member(document, "recording.heap_refused")));
  assert_number(document, "recording.pid", 4294967295.0);
  assert_number(document, "file.bytes", 18446744073709551615.0);
  assert_true(cJSON_IsFalse(member(document, "file.compressed")));
  cJSON_Delete(document);
  /* The slope is known and one of its limits is not finite. */
  seep_sidecar steep = everything();
  steep.slope_high_bytes_per_hour = (double)INFINITY;
  document = written(&steep);
  assert_number(document, "case.slope_low_bytes_per_hour", -1e300);
  assert_true(cJSON_IsNull(member(document, "case.slope_high_bytes_per_hour")));
  cJSON_Delete(document);
}

static void test_hostile_texts(void **state)
{
  (void)state;
  static const struct {
    const char *text, *parsed;
  } texts[] = {
      {"say \"hi\" \\ /", "say \"hi\" \\ /"},
      {"\x01\x1B[2J\t\r\n\x7F", "\x01\x1B[2J\t\r\n\x7F"},
      {"\xC2\x9B\xE2\x80\xAE.exe\xE2\x80\xA8", "\xC2\x9B\xE2\x80\xAE.exe\xE2\x80\xA8"},
      {"\xFF\xC3", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"a\xC0\xAF"
       "b\xE6\x97",
       "a\xEF\xBF\xBD\xEF\xBF\xBD"
       "b\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"Gr\xC3\xB6\xC3\x9F"
       "e \xF0\x9F\x98\x80",
       "Gr\xC3\xB6\xC3\x9F"
       "e \xF0\x9F\x98\x80"},
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    seep_sidecar sidecar = everything();
    sidecar.image = sidecar.host = sidecar.evidence = texts[i].text;
    cJSON *document = written(&sidecar);
    assert_text(document, "recording.process", texts[i].parsed);
    assert_text(document, "seepwatch.host", texts[i].parsed);
    assert_text(document, "case.evidence", texts[i].parsed);
    cJSON_Delete(document);
  }
}

/* JSON has no way to parse half a pair; it is there by its number all the same. */
static void test_escapes(void **state)
{
  (void)state;
  char text[SEEP_SIDECAR_SIZE];
  seep_writer writer;
  const seep_sidecar sidecar = {.image = "a\xED\xA0\x80z\xED\xBF\xBF\x1F\xE2\x80\xAE\"\\"};
  seep_writer_init(&writer, text, sizeof text);
  seep_sidecar_write(&sidecar, &writer);
  assert_non_null(strstr(text, "\"process\": \"a\\ud800z\\udfff\\u001f\\u202e\\\"\\\\\",\n"));
  for (const char *at = text; *at != '\0'; at++) {
    assert_true((unsigned char)*at >= 0x20 || *at == '\n');
  }
}

/* As long as their structures let them be, of what takes most room when written. */
static void test_bounds(void **state)
{
  (void)state;
  static char alert[SEEP_ALERT_INSERT_SIZE], host[256], image[SEEP_RECORDER_NAME_SIZE], outcome[160],
      ending[128], file[SEEP_RECORDER_PATH_SIZE + 4], kind[24], verdict[16], version[32];
  const struct {
    char *text;
    size_t size;
  } texts[] = {{alert, sizeof alert},     {host, sizeof host},       {image, sizeof image},
               {outcome, sizeof outcome}, {ending, sizeof ending},   {file, sizeof file},
               {kind, sizeof kind},       {verdict, sizeof verdict}, {version, sizeof version}};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    memset(texts[i].text, 1, texts[i].size - 1);
  }
  seep_recorder_kept largest = {.readable = true, .path = "x"};
  memset(largest.sha256, 'f', sizeof largest.sha256 - 1);
  largest.bytes = largest.etl_bytes = largest.events = largest.target_events = UINT64_MAX;
  largest.target_heap_events = largest.events_lost = largest.buffers_lost = UINT64_MAX;
  const double longest = -1.2345678901234567e-300;
  const seep_sidecar sidecar = {.version = version,
                                .host = host,
                                .recorder_build = UINT32_MAX,
                                .case_id = INT64_MIN,
                                .verdict = verdict,
                                .began = {INT64_MAX},
                                .opened = {INT64_MAX},
                                .slope_bytes_per_hour = longest,
                                .slope_low_bytes_per_hour = longest,
                                .slope_high_bytes_per_hour = longest,
                                .growth_bytes = UINT64_MAX,
                                .commit_bytes = UINT64_MAX,
                                .confidence = longest,
                                .memory_kind = kind,
                                .memory_confidence = longest,
                                .memory_reason = alert,
                                .evidence = alert,
                                .headroom_bytes = UINT64_MAX - 1,
                                .key = {UINT32_MAX, UINT64_MAX},
                                .image = image,
                                .kind = kind,
                                .started = {INT64_MAX},
                                .ended = {INT64_MIN},
                                .duration_ms = INT64_MAX,
                                .outcome = outcome,
                                .ending = ending,
                                .file_name = file,
                                .kept = &largest};
  cJSON *document = written(&sidecar);
  assert_text(document, "case.evidence", alert);
  assert_text(document, "file.name", file);
  cJSON_Delete(document);
}

static void test_a_cut_is_told(void **state)
{
  (void)state;
  char text[200];
  seep_writer writer;
  const seep_sidecar sidecar = everything();
  seep_writer_init(&writer, text, sizeof text);
  seep_sidecar_write(&sidecar, &writer);
  assert_true(writer.cut);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_everything_known), cmocka_unit_test(test_nothing_known),
      cmocka_unit_test(test_partly_known),     cmocka_unit_test(test_hostile_texts),
      cmocka_unit_test(test_escapes),          cmocka_unit_test(test_bounds),
      cmocka_unit_test(test_a_cut_is_told),
  };
  return cmocka_run_group_tests_name("report/sidecar", tests, NULL, NULL);
}
