/* What all verbs have in common: finding the verb, help, version, the refusal of arguments that make no
 * sense. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "unit/service/spawn.h"

static const char *const portable_verbs[] = {"config", "event",    "report",  "history", "top",
                                             "leaks",  "captures", "version", "help"};
#define VERB_COUNT (sizeof portable_verbs / sizeof portable_verbs[0])

#ifdef _WIN32
static const char *const windows_verbs[] = {"run", "service", "install", "uninstall", "status"};
#define WINDOWS_VERB_COUNT (sizeof windows_verbs / sizeof windows_verbs[0])
#endif

static void test_no_arguments(void **state)
{
  (void)state;
  const spawn_result *result = spawn_run(2, NULL, (const char *const[]){NULL}, __FILE__, __LINE__);
  SAYS(result->out, "usage: seepwatch VERB");
}

static void test_unknown_verb(void **state)
{
  (void)state;
  const spawn_result *result = RUN(2, "dance");
  assert_int_equal(result->out.size, 0);
  SAYS(result->err, "seepwatch: dance: no such verb");
  result = RUN(2, SPAWN_NAME);
  SAYS(result->err, "seepwatch: " SPAWN_NAME ": no such verb");
  RUN(2, "Version");
  RUN(2, "");
  RUN(2, "-x");
}

static void test_help_lists_all_verbs_and_exit_codes(void **state)
{
  (void)state;
  static const char *const ways[] = {"help", "--help", "-h"};
  for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++) {
    const spawn_result *result = RUN(0, ways[way]);
    SAYS(result->out,
         "Exit codes: 0 done, 2 usage, 3 not found, 4 bad or unsupported input, 5 access denied");
    for (size_t i = 0; i < VERB_COUNT; i++) {
      char line[32];
      snprintf(line, sizeof line, "\n  %-10s ", portable_verbs[i]);
      SAYS(result->out, line);
    }
  }
}

static void help_of(const char *verb)
{
  char usage[64], example[64];
  snprintf(usage, sizeof usage, "usage: seepwatch %s", verb);
  snprintf(example, sizeof example, "\nexample: ");
  const spawn_result *result = RUN(0, "help", verb);
  assert_memory_equal(result->out.text, usage, strlen(usage));
  SAYS(result->out, example);
  char first[4096];
  snprintf(first, sizeof first, "%s", result->out.text);
  result = RUN(0, verb, "--help");
  assert_string_equal(result->out.text, first);
  /* Whatever else stands there: somebody who asks for help gets help. */
  result = RUN(0, verb, "--nonsense", "--help");
  assert_string_equal(result->out.text, first);
}

static void test_help_of_each_verb(void **state)
{
  (void)state;
  for (size_t i = 0; i < VERB_COUNT; i++) {
    help_of(portable_verbs[i]);
  }
#ifdef _WIN32
  for (size_t i = 0; i < WINDOWS_VERB_COUNT; i++) {
    help_of(windows_verbs[i]);
  }
  const char *const both[] = {"status", "doctor"};
  for (size_t i = 0; i < sizeof both / sizeof both[0]; i++) {
    const spawn_result *result = RUN(0, "help", both[i]);
    SAYS(result->out, "\n--json: s");
    SAYS(result->out, "\nThe exit code is 0 ");
  }
#endif
}

static void test_help_of_no_verb(void **state)
{
  (void)state;
  const spawn_result *result = RUN(2, "help", "dance");
  SAYS(result->err, "seepwatch: help: dance: no such verb");
  RUN(2, "dance", "--help");
}

static void test_version(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "version");
  assert_memory_equal(result->out.text, "seepwatch ", 10);
  unsigned major, minor, patch;
  char end;
  assert_int_equal(sscanf(result->out.text + 10, "%u.%u.%u%c", &major, &minor, &patch, &end), 4);
  assert_int_equal(end, '\n');
  char text[64], plain[64];
  snprintf(text, sizeof text, "%u.%u.%u", major, minor, patch);
  snprintf(plain, sizeof plain, "%s", result->out.text);
  result = RUN(0, "--version");
  assert_string_equal(result->out.text, plain);
  result = RUN(0, "version", "--json");
  cJSON *document = spawn_json(&result->out);
  assert_string_equal(spawn_string(document, "version"), text);
  cJSON_Delete(document);
  RUN(2, "version", "7");
  RUN(2, "version", "--json", "--json");
}

/* An option at the end of the line, an empty value, a value out of its bounds, an option of another verb. */
static void test_senseless_arguments(void **state)
{
  (void)state;
  static const char *const lines[][6] = {
      {"config"},
      {"config", "check"},
      {"config", "dance"},
      {"config", "check", "a.json", "b.json"},
      {"config", "check", "--config", "a.json"},
      {"config", "print", "--config"},
      {"config", "print", "a.json"},
      {"config", "keys", "more"},
      {"event"},
      {"event", "--json"},
      {"event", "a.xml", "b.xml"},
      {"event", "a.xml", "--csv"},
      {"report"},
      {"report", "--json"},
      {"report", "a.etl", "b.etl"},
      {"report", "a.etl", "--pid"},
      {"report", "a.etl", "--pid", ""},
      {"report", "a.etl", "--pid", "app.exe"},
      {"report", "a.etl", "--pid", "-1"},
      {"report", "a.etl", "--pid", "4294967296"},
      {"report", "a.etl", "--hours", "1"},
      {"history", "--db"},
      {"history", "--db", ""},
      {"history", "--process"},
      {"history", "--process", ""},
      {"history", "--pid"},
      {"history", "--pid", "0"},
      {"history", "--pid", "4294967296"},
      {"history", "--pid", "12x"},
      {"history", "--hours"},
      {"history", "--hours", "-1"},
      {"history", "--hours", "876001"},
      {"history", "--hours", "99999999999999999999"},
      {"history", "--json", "--csv"},
      {"history", "app.exe"},
      {"leaks", "--db"},
      {"leaks", "--pid", "1"},
      {"leaks", "--json", "--csv"},
      {"leaks", "list"},
      {"captures", "dance"},
      {"captures", ""},
      {"captures", "--dance"},
      {"captures", "--verify"},
      {"captures", "list", "--db"},
      {"captures", "list", "--hours", "1"},
      {"captures", "list", "--csv", "--json"},
      {"captures", "list", "1"},
      {"captures", "show"},
      {"captures", "show", "--json"},
      {"captures", "show", ""},
      {"captures", "show", "0"},
      {"captures", "show", "-1"},
      {"captures", "show", "1x"},
      {"captures", "show", "newest"},
      {"captures", "show", "99999999999999999999"},
      {"captures", "show", "1", "2"},
      {"captures", "show", "1", "--csv"},
      {"captures", "export"},
      {"captures", "export", "1"},
      {"captures", "export", "1", ""},
      {"captures", "export", "x", "out.etl"},
      {"captures", "export", "1", "out.etl", "more.etl"},
      {"captures", "export", "1", "out.etl", "--csv"},
      {"captures", "export", "1", "out.etl", "--verify"},
#ifdef _WIN32
      {"run", "--data"},
      {"run", "--config"},
      {"run", "--dance"},
      {"install", "now"},
      {"uninstall", "now"},
      {"status", "--csv"},
#endif
  };
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    const spawn_result *result = spawn_run(2, NULL, lines[i], __FILE__, __LINE__);
    assert_int_equal(result->out.size, 0);
  }
}

int main(int argc, char **argv)
{
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_no_arguments),        cmocka_unit_test(test_unknown_verb),
      cmocka_unit_test(test_help_of_each_verb),   cmocka_unit_test(test_help_lists_all_verbs_and_exit_codes),
      cmocka_unit_test(test_help_of_no_verb),     cmocka_unit_test(test_version),
      cmocka_unit_test(test_senseless_arguments),
  };
  return cmocka_run_group_tests_name("service cli", tests, NULL, NULL);
}
