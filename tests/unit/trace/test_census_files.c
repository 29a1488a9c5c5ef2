/*
 * `report FILE --events --json` of real files against what an independent parser has found in them: every
 * key, every number, nothing more and nothing less. The files of tests/fixtures/etl are always there; larger
 * ones lie in the folder that the environment variable SEEPWATCH_SAMPLES names, or the test says that they
 * are skipped.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <zlib.h>

#include "base/sha256.h"
#include "cli/trace_events_json.h"
#include "unit/trace/json_lines.h"
#include "unit/trace/memory_file.h"

enum { PATH_SIZE = 1024, FIXTURES = 17, SAMPLES = 20 };

/* A file, unpacked when it is packed: zlib's reader takes both. bytes is NULL when it is not there. */
static memory_file open_file(const char *folder, const char *name)
{
  static uint8_t chunk[65536];
  char path[PATH_SIZE];
  memory_file file = {0};
  int count = 0;
  snprintf(path, sizeof path, "%s/etl/%s", folder, name);
  gzFile stream = gzopen(path, "rb");
  while (stream != NULL && (count = gzread(stream, chunk, sizeof chunk)) > 0) {
    assert_true(memory_file_write(&file, file.size, chunk, (size_t)count));
  }
  if (stream != NULL) {
    assert_int_equal(count, 0);
    gzclose(stream);
  }
  return file;
}

static char *census_as_text(const memory_file *file, unsigned payload_pointer_bits)
{
  char sha256[SEEP_SHA256_TEXT_SIZE];
  seep_sha256 digest;
  seep_trace_census *census = malloc(sizeof *census);
  assert_non_null(census);
  seep_sha256_init(&digest);
  seep_sha256_add(&digest, file->bytes, file->size);
  const seep_trace_events_file facts = {.size_bytes = file->size,
                                        .sha256 = seep_sha256_text(&digest, sha256),
                                        .payload_pointer_bits = payload_pointer_bits};
  assert_int_equal(seep_trace_census_take(census, file->bytes, file->size, payload_pointer_bits / 8, NULL),
                   SEEP_OK);
  cJSON *object = seep_trace_events_json(census, &facts);
  assert_non_null(object);
  char *text = cJSON_PrintUnformatted(object);
  assert_non_null(text);
  cJSON_Delete(object);
  seep_trace_census_free(census);
  free(census);
  return text;
}

static size_t compare(const char *folder, const char *name, const char *entry, const char *stored_as)
{
  json_lines expected = {0}, found = {0};
  memory_file file = open_file(folder, stored_as);
  assert_non_null(file.bytes);
  const char *bits = json_lines_find(entry, "payload_pointer_bits");
  char *text = census_as_text(&file, bits != NULL ? (unsigned)strtoul(bits, NULL, 10) : 0);
  assert_non_null(json_lines_add(&expected, "", entry));
  assert_non_null(json_lines_add(&found, "", text));
  json_lines_drop(&expected, "/stored_as = "); /* where it lies, not what it is */
  assert_true(expected.count > 60);
  size_t differences = json_lines_differences(&expected, &found);
  if (differences != 0) {
    printf("%s: %zu differences\n", name, differences);
  }
  cJSON_free(text);
  json_lines_free(&expected);
  json_lines_free(&found);
  memory_file_free(&file);
  return differences;
}

/* Returns how many files there are in the folder's expected.json, all of which agree; 0: no such folder. */
static size_t compare_folder(const char *folder)
{
  memory_file file = open_file(folder, "expected.json");
  size_t files = 0, differences = 0;
  const cJSON *entry = NULL;
  if (file.bytes == NULL) {
    return 0;
  }
  assert_true(memory_file_write(&file, file.size, "", 1)); /* its end */
  cJSON *document = cJSON_Parse((const char *)file.bytes);
  assert_non_null(document);
  const char *texts = json_lines_find((const char *)file.bytes, "files");
  assert_non_null(texts);
  cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(document, "files"))
  {
    const cJSON *stored = cJSON_GetObjectItemCaseSensitive(entry, "stored_as");
    const char *text = json_lines_find(texts, entry->string);
    assert_non_null(text);
    differences += compare(folder, entry->string, text, stored->valuestring);
    files++;
  }
  assert_int_equal(differences, 0);
  cJSON_Delete(document);
  memory_file_free(&file);
  return files;
}

static void fixtures_are_counted_exactly(void **state)
{
  (void)state;
  assert_int_equal(compare_folder(SEEP_FIXTURES), FIXTURES);
}

static void samples_are_counted_exactly(void **state)
{
  (void)state;
  const char *folder = getenv("SEEPWATCH_SAMPLES");
  if (folder == NULL || folder[0] == '\0') {
    printf("skipped: SEEPWATCH_SAMPLES names no folder with larger traces\n");
    skip();
    return;
  }
  size_t files = compare_folder(folder);
  if (files == 0) {
    printf("skipped: there is no etl/expected.json in the folder that SEEPWATCH_SAMPLES names\n");
    skip();
    return;
  }
  assert_int_equal(files, SAMPLES);
}

/* The comparison itself: it must see a number that differs by one where a double would not. */
static void the_comparison_sees_the_last_digit(void **state)
{
  (void)state;
  json_lines a = {0}, b = {0};
  assert_non_null(
      json_lines_add(&a, "", "{\"t\": 132391907725000000, \"l\": [], \"x\": {\"y\": [1, null]}}"));
  assert_non_null(json_lines_add(&b, "", "{\"x\":{\"y\":[1,null]},\"l\":[],\"t\":132391907725000001}"));
  assert_int_equal(json_lines_differences(&a, &b), 2);
  json_lines_drop(&a, "/t = ");
  json_lines_drop(&b, "/t = ");
  assert_int_equal(json_lines_differences(&a, &b), 0);
  assert_int_equal(a.count, 3);
  json_lines_free(&a);
  json_lines_free(&b);
}

/* What a file's damage leaves out is said. */
static void a_cut_file_warns(void **state)
{
  (void)state;
  memory_file file = memory_file_fixture("s4-waasmedic.etl");
  assert_non_null(file.bytes);
  file.size -= 5000;
  char *text = census_as_text(&file, 0);
  assert_non_null(strstr(text, "the file is cut short"));
  assert_null(strstr(text, "\"warnings\":[]"));
  cJSON_free(text);
  memory_file_free(&file);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_comparison_sees_the_last_digit),
      cmocka_unit_test(fixtures_are_counted_exactly),
      cmocka_unit_test(samples_are_counted_exactly),
      cmocka_unit_test(a_cut_file_warns),
  };
  return cmocka_run_group_tests_name("trace census of real files", tests, NULL, NULL);
}
