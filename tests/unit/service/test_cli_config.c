/* config check, config print, config keys. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "unit/service/spawn.h"

#define SHIPPED SEEP_FIXTURES "/../../config/seepwatch.json"
#define FILE_NAME "service_cli_config.json"
#define OTHER_NAME "service_cli_config-" SPAWN_NAME ".json"

static void write_text(const char *path, const char *text)
{
  spawn_file_write(path, text, strlen(text));
}

static void test_shipped_file_is_fine(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "config", "check", SHIPPED);
  SAYS(result->out, "seepwatch.json is fine: poll 30 s, ");
  result = RUN(0, "config", "check", SHIPPED, "--json");
  cJSON *document = spawn_json(&result->out);
  assert_true(cJSON_IsTrue(spawn_member(document, "valid")));
  assert_non_null(strstr(spawn_string(document, "summary"), "poll 30 s"));
  cJSON_Delete(document);
}

static void test_missing_file(void **state)
{
  (void)state;
  const spawn_result *result = RUN(3, "config", "check", "service_cli_config-absent.json");
  SAYS(result->err, "seepwatch: config: ");
  SAYS(result->err, "service_cli_config-absent.json");
  SAYS(result->err, " (2)\n"); /* ENOENT, on every system we know */
  RUN(3, "config", "check", "service_cli_config-absent/seepwatch.json");
  RUN(3, "config", "print", "--config", "service_cli_config-absent.json");
  RUN(3, "config", "check", "");
}

static void test_value_out_of_bounds(void **state)
{
  (void)state;
  write_text(OTHER_NAME, "{\n  \"poll\": {\n    \"interval_s\": 0\n  }\n}\n");
  const spawn_result *result = RUN(4, "config", "check", OTHER_NAME);
  assert_int_equal(result->out.size, 0);
  SAYS(result->err, OTHER_NAME " line 3, key poll.interval_s: ");
  result = RUN(4, "config", "print", "--config", OTHER_NAME);
  assert_int_equal(result->out.size, 0);
  SAYS(result->err, OTHER_NAME " line 3, key poll.interval_s: ");
  result = RUN(4, "config", "check", OTHER_NAME, "--json");
  cJSON *document = spawn_json(&result->out);
  assert_true(cJSON_IsFalse(spawn_member(document, "valid")));
  assert_true(spawn_number(document, "line") == 3.0);
  assert_string_equal(spawn_string(document, "key"), "poll.interval_s");
  assert_string_not_equal(spawn_string(document, "reason"), "");
  cJSON_Delete(document);
  spawn_file_remove(OTHER_NAME);
}

static void test_unknown_key(void **state)
{
  (void)state;
  write_text(FILE_NAME, "{\r\n \"poll\": {\r\n  \"interval\": 30 } }\r\n");
  const spawn_result *result = RUN(4, "config", "check", FILE_NAME);
  SAYS(result->err, FILE_NAME " line 3, key poll.interval: ");
  spawn_file_remove(FILE_NAME);
}

/* Of an older configuration, and one inside the thresholds of an image. */
static void test_unknown_detector_keys(void **state)
{
  (void)state;
  write_text(FILE_NAME, "{ \"detector\": {\n  \"window_s\": 7200, \"start_up_s\": 0 } }\n");
  const spawn_result *result = RUN(0, "config", "check", FILE_NAME);
  SAYS(result->out, "keys of an earlier version without effect 2");
  write_text(FILE_NAME, "{ \"detector\": {\n  \"windows_s\": 7200 } }\n");
  result = RUN(4, "config", "check", FILE_NAME);
  SAYS(result->err, FILE_NAME " line 2, key detector.windows_s: is no key");
  write_text(FILE_NAME, "{ \"detector\": { \"images\": {\n \"java.exe\": {\n  \"window_s\": 7200 } } } }\n");
  result = RUN(4, "config", "check", FILE_NAME);
  SAYS(result->err, FILE_NAME " line 3, key detector.images.java.exe.window_s: is no key of an image");
  spawn_file_remove(FILE_NAME);
}

static void test_what_is_no_json(void **state)
{
  (void)state;
  write_text(FILE_NAME, "{\n \"poll\": {\n  \"interval_s\" 30 }\n}\n");
  const spawn_result *result = RUN(4, "config", "check", FILE_NAME);
  SAYS(result->err, FILE_NAME " line 3");
  write_text(FILE_NAME, "");
  RUN(4, "config", "check", FILE_NAME);
  spawn_file_write(FILE_NAME, "\xFF\xFE{\0}\0", 6);
  RUN(4, "config", "check", FILE_NAME);
  spawn_file_write(FILE_NAME, "{}\0{}", 5);
  RUN(4, "config", "check", FILE_NAME);
  spawn_file_remove(FILE_NAME);
}

static void test_too_large_file(void **state)
{
  (void)state;
  const size_t size = (size_t)1024 * 1024 + 1;
  char *spaces = malloc(size);
  assert_non_null(spaces);
  memset(spaces, ' ', size);
  spaces[0] = '{';
  spaces[1] = '}';
  spawn_file_write(FILE_NAME, spaces, size - 1);
  RUN(0, "config", "check", FILE_NAME);
  spawn_file_write(FILE_NAME, spaces, size);
  RUN(4, "config", "check", FILE_NAME);
  free(spaces);
  spawn_file_remove(FILE_NAME);
}

static void test_standard_input(void **state)
{
  (void)state;
  const char text[] = "{\n \"poll\": { \"interval_s\": 20 } }";
  const spawn_input input = {text, sizeof text - 1, NULL};
  const spawn_result *result = RUN_WITH(0, &input, "config", "check", "-");
  SAYS(result->out, "poll 20 s");
  result = RUN_WITH(0, &input, "config", "print", "--config", "-");
  cJSON *document = spawn_json(&result->out);
  assert_true(spawn_number(spawn_member(document, "poll"), "interval_s") == 20.0);
  cJSON_Delete(document);
}

static void test_print_is_what_the_service_would_use(void **state)
{
  (void)state;
  write_text(FILE_NAME, "\xEF\xBB\xBF{ \"poll\": { \"interval_s\": 17 },\n"
                        "  \"detector\": { \"images\": { \"java.exe\": { \"observation_s\": 7200 } } },\n"
                        "  \"processes\": { \"ignore\": [ \"Gr\xC3\xB6\xC3\x9F"
                        "e.exe\" ] } }");
  const spawn_result *result = RUN(0, "config", "print", "--config", FILE_NAME);
  cJSON *document = spawn_json(&result->out);
  assert_true(spawn_number(spawn_member(document, "poll"), "interval_s") == 17.0);
  assert_true(spawn_number(spawn_member(document, "detector"), "observation_s") == 68400.0);
  const cJSON *java = spawn_member(spawn_member(spawn_member(document, "detector"), "images"), "java.exe");
  assert_true(spawn_number(java, "observation_s") == 7200.0);
  assert_true(spawn_number(java, "minimum_growth_bytes") == 8388608.0);
  const cJSON *ignored = spawn_member(spawn_member(document, "processes"), "ignore");
  assert_int_equal(cJSON_GetArraySize(ignored), 1);
  assert_string_equal(cJSON_GetArrayItem(ignored, 0)->valuestring, "Gr\xC3\xB6\xC3\x9F"
                                                                   "e.exe");
  cJSON_Delete(document);
  spawn_file_remove(FILE_NAME);
}

/* What print says passes check, and printed again it is the same; so is the shipped file, letter by letter.
 */
static void test_print_round_trip(void **state)
{
  (void)state;
  size_t size = 0;
  char *shipped = spawn_file_read(SHIPPED, &size);
  const spawn_result *result = RUN(0, "config", "print", "--config", SHIPPED);
  assert_string_equal(result->out.text, shipped);
  spawn_file_write(OTHER_NAME, result->out.text, result->out.size);
  RUN(0, "config", "check", OTHER_NAME);
  result = RUN(0, "config", "print", "--config", OTHER_NAME, "--json");
  assert_string_equal(result->out.text, shipped);
  free(shipped);
  spawn_file_remove(OTHER_NAME);
}

/* Every key of the effective configuration is explained: "group.name" in the first column. */
static void test_keys_explains_every_key(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "config", "print", "--config", SHIPPED);
  cJSON *document = spawn_json(&result->out);
  result = RUN(0, "config", "keys");
  SAYS(result->out, "| key | default | bounds | meaning |\n");
  unsigned count = 0;
  for (const cJSON *group = document->child; group != NULL; group = group->next) {
    for (const cJSON *key = group->child; key != NULL; key = key->next) {
      char row[128] = "\n| `";
      strncat(row, group->string, 40);
      strncat(row, ".", 2);
      strncat(row, key->string, 60);
      strncat(row, "` | ", 5);
      SAYS(result->out, row);
      count++;
    }
  }
  assert_true(count > 20);
  cJSON_Delete(document);
}

static void test_full_disk(void **state)
{
  (void)state;
  const spawn_input input = {NULL, 0, "/dev/full"};
  if (!spawn_file_exists("/dev/full")) {
    skip();
  }
  RUN_WITH(6, &input, "config", "print", "--config", SHIPPED);
  RUN_WITH(6, &input, "config", "check", SHIPPED, "--json");
  RUN_WITH(6, &input, "config", "check", SHIPPED);
  RUN_WITH(6, &input, "config", "keys");
}

int main(int argc, char **argv)
{
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_shipped_file_is_fine),
      cmocka_unit_test(test_missing_file),
      cmocka_unit_test(test_value_out_of_bounds),
      cmocka_unit_test(test_unknown_key),
      cmocka_unit_test(test_unknown_detector_keys),
      cmocka_unit_test(test_what_is_no_json),
      cmocka_unit_test(test_too_large_file),
      cmocka_unit_test(test_standard_input),
      cmocka_unit_test(test_print_is_what_the_service_would_use),
      cmocka_unit_test(test_print_round_trip),
      cmocka_unit_test(test_keys_explains_every_key),
      cmocka_unit_test(test_full_disk),
  };
  return cmocka_run_group_tests_name("service cli config", tests, NULL, NULL);
}
