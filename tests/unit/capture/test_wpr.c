/*
 * What each build has, command lines with and without it, every exit code of the reference's table at every
 * verb, and raw file names.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "capture/wpr.h"

static void assert_arguments(const seep_wpr_command *command, const char *const *wanted, size_t count)
{
  assert_int_equal(command->argument_count, count);
  for (size_t i = 0; i < count; i++) {
    assert_string_equal(command->arguments[i], wanted[i]);
  }
}

static const seep_wpr_traits server_2016 = {.build = 14393};
static const seep_wpr_traits server_2019 = {.build = 17763, .instances = true, .snapshots = true};
static const seep_wpr_traits server_2022 = {
    .build = 20348, .instances = true, .skip_pdb = true, .snapshots = true};

static void builds(void **state)
{
  (void)state;
  static const seep_wpr_traits wanted[] = {
      {.build = 0, .instances = true}, /* not known: no more than Server 2019 is sure to have */
      {.build = 1},
      {.build = 14393},
      {.build = 17762},
      {.build = 17763, .instances = true, .snapshots = true},
      {.build = 18954, .instances = true, .snapshots = true},
      {.build = 18955, .instances = true, .skip_pdb = true, .snapshots = true},
      {.build = 26100, .instances = true, .skip_pdb = true, .snapshots = true},
      {.build = 4294967295u, .instances = true, .skip_pdb = true, .snapshots = true},
  };
  for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
    seep_wpr_traits traits = seep_wpr_traits_of(wanted[i].build);
    assert_int_equal(traits.build, wanted[i].build);
    assert_int_equal(traits.instances, wanted[i].instances);
    assert_int_equal(traits.skip_pdb, wanted[i].skip_pdb);
    assert_int_equal(traits.snapshots, wanted[i].snapshots);
  }
  assert_string_equal(seep_wpr_instance_in_effect(&server_2019, "Seepwatch"), "Seepwatch");
  assert_string_equal(seep_wpr_instance_in_effect(&server_2016, "Seepwatch"), "WprApp");
}

static void start_line(void **state)
{
  (void)state;
  static const char *const wanted[] = {
      "-start",   "C:\\t\\p.wprp!SeepVirtualAlloc", "-filemode", "-recordtempto", "C:\\t", "-instancename",
      "Seepwatch"};
  seep_wpr_command command;
  assert_true(
      seep_wpr_start(&command, &server_2022, "C:\\t\\p.wprp", "SeepVirtualAlloc", "C:\\t", "Seepwatch"));
  assert_int_equal(command.verb, SEEP_WPR_START);
  assert_arguments(&command, wanted, 7);
  /* The same where there are no instances: only the name at the end is missing. */
  assert_true(
      seep_wpr_start(&command, &server_2016, "C:\\t\\p.wprp", "SeepVirtualAlloc", "C:\\t", "Seepwatch"));
  assert_arguments(&command, wanted, 5);
}

static void stop_line(void **state)
{
  (void)state;
  static const char *const newest[] = {"-stop", "C:\\t\\a b.etl", "-skipPdbGen", "-instancename",
                                       "Seepwatch"};
  static const char *const older[] = {"-stop", "C:\\t\\a b.etl", "-instancename", "Seepwatch"};
  const seep_wpr_traits unknown = seep_wpr_traits_of(0);
  seep_wpr_command command;
  assert_true(seep_wpr_stop(&command, &server_2022, "C:\\t\\a b.etl", "Seepwatch"));
  assert_int_equal(command.verb, SEEP_WPR_STOP);
  assert_arguments(&command, newest, 5);
  assert_true(seep_wpr_stop(&command, &server_2019, "C:\\t\\a b.etl", "Seepwatch"));
  assert_arguments(&command, older, 4);
  assert_true(seep_wpr_stop(&command, &unknown, "C:\\t\\a b.etl", "Seepwatch"));
  assert_arguments(&command, older, 4);
  assert_true(seep_wpr_stop(&command, &server_2016, "C:\\t\\a b.etl", "Seepwatch"));
  assert_arguments(&command, older, 2);
}

static void plain_lines(void **state)
{
  (void)state;
  static const struct {
    seep_wpr_verb verb;
    size_t count;
    const char *wanted[7];
  } lines[] = {
      {SEEP_WPR_CANCEL, 3, {"-cancel", "-instancename", "Seepwatch"}},
      {SEEP_WPR_STATUS, 3, {"-status", "-instancename", "Seepwatch"}},
      {SEEP_WPR_SNAPSHOT_ENABLE,
       7,
       {"-snapshotconfig", "heap", "-pid", "4294967295", "enable", "-instancename", "Seepwatch"}},
      {SEEP_WPR_SNAPSHOT, 5, {"-singlesnapshot", "heap", "4294967295", "-instancename", "Seepwatch"}},
      {SEEP_WPR_SNAPSHOT_DISABLE,
       7,
       {"-snapshotconfig", "heap", "-pid", "4294967295", "disable", "-instancename", "Seepwatch"}},
  };
  seep_wpr_command command;
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    assert_true(seep_wpr_plain(&command, &server_2022, lines[i].verb, UINT32_MAX, "Seepwatch"));
    assert_int_equal(command.verb, lines[i].verb);
    assert_arguments(&command, lines[i].wanted, lines[i].count);
    assert_true(seep_wpr_plain(&command, &server_2016, lines[i].verb, UINT32_MAX, "Seepwatch"));
    assert_int_equal(command.verb, lines[i].verb);
    assert_arguments(&command, lines[i].wanted, lines[i].count - 2);
  }
  /* A start without a profile and a stop without a file are no commands. */
  assert_false(seep_wpr_plain(&command, &server_2022, SEEP_WPR_START, 0, "Seepwatch"));
  assert_int_equal(command.argument_count, 0);
  assert_false(seep_wpr_plain(&command, &server_2016, SEEP_WPR_STOP, 0, "Seepwatch"));
  assert_int_equal(command.argument_count, 0);
}

static void verb_texts(void **state)
{
  (void)state;
  static const char *const wanted[SEEP_WPR_VERBS] = {"-start",
                                                     "-stop",
                                                     "-cancel",
                                                     "-status",
                                                     "-snapshotconfig heap ... enable",
                                                     "-singlesnapshot heap ...",
                                                     "-snapshotconfig heap ... disable"};
  for (int verb = 0; verb < SEEP_WPR_VERBS; verb++) {
    assert_string_equal(seep_wpr_verb_text((seep_wpr_verb)verb), wanted[verb]);
  }
}

/* The longest text that fits, and its twin that is one byte longer. */
static void long_paths(void **state)
{
  (void)state;
  static char path[SEEP_WPR_ARGUMENT_SIZE + 1];
  seep_wpr_command command;
  memset(path, 'a', sizeof path);
  path[SEEP_WPR_ARGUMENT_SIZE - 1] = '\0';
  assert_true(seep_wpr_stop(&command, &server_2019, path, "Seepwatch"));
  assert_string_equal(command.arguments[1], path);
  path[SEEP_WPR_ARGUMENT_SIZE - 1] = 'a';
  path[SEEP_WPR_ARGUMENT_SIZE] = '\0';
  assert_false(seep_wpr_stop(&command, &server_2019, path, "Seepwatch"));
  assert_int_equal(command.argument_count, 0);
  assert_false(seep_wpr_start(&command, &server_2019, "p", "n", path, "Seepwatch"));
  assert_int_equal(command.argument_count, 0);
  path[SEEP_WPR_ARGUMENT_SIZE - 3] = '\0'; /* + "!n" + the terminator is exactly full */
  assert_true(seep_wpr_start(&command, &server_2019, path, "n", "t", "Seepwatch"));
  assert_int_equal(strlen(command.arguments[1]), SEEP_WPR_ARGUMENT_SIZE - 1);
  assert_false(seep_wpr_start(&command, &server_2019, path, "nn", "t", "Seepwatch"));
}

static void instance_names(void **state)
{
  (void)state;
  static const char *const bad[] = {"",    "WprApp", "wprapp",   "a b", "a!b", "-a",
                                    "a/b", "a\\b",   "\xc3\xa4", "a#b", "a.b"};
  char name[65];
  seep_wpr_command command;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_false(seep_wpr_instance_is_valid(bad[i]));
    assert_false(seep_wpr_plain(&command, &server_2019, SEEP_WPR_CANCEL, 0, bad[i]));
    assert_int_equal(command.argument_count, 0);
    assert_false(seep_wpr_stop(&command, &server_2022, "o", bad[i]));
    assert_int_equal(command.argument_count, 0);
    /* Where the name is not used it does not matter. */
    assert_true(seep_wpr_plain(&command, &server_2016, SEEP_WPR_CANCEL, 0, bad[i]));
    assert_int_equal(command.argument_count, 1);
    assert_true(seep_wpr_stop(&command, &server_2016, "o", bad[i]));
    assert_int_equal(command.argument_count, 2);
  }
  assert_true(seep_wpr_instance_is_valid("S"));
  assert_true(seep_wpr_instance_is_valid("Seep-watch_09"));
  assert_true(seep_wpr_instance_is_valid("WprApp2"));
  memset(name, 'x', sizeof name);
  name[63] = '\0';
  assert_true(seep_wpr_instance_is_valid(name));
  name[63] = 'x';
  name[64] = '\0';
  assert_false(seep_wpr_instance_is_valid(name));
}

#define DONE SEEP_WPR_DONE
#define NOT SEEP_WPR_NOT_RUNNING
#define TAKEN SEEP_WPR_ALREADY_RUNNING
#define AGAIN SEEP_WPR_TRANSIENT
#define ROOM SEEP_WPR_NO_ROOM
#define REFUSED SEEP_WPR_REFUSED

/* At start, stop, cancel, and each of the snapshot verbs: what the recorder stands on. */
static const struct {
  uint32_t code;
  seep_wpr_answer start, stop, cancel, snapshot;
} codes[] = {
    {0, DONE, DONE, DONE, DONE},
    {0xC5583000u, NOT, NOT, NOT, NOT},
    {0xC5583001u, TAKEN, TAKEN, TAKEN, TAKEN},
    {0xC5583014u, TAKEN, TAKEN, TAKEN, TAKEN},
    {0xC5583017u, REFUSED, REFUSED, REFUSED, REFUSED},
    {0xC558300Cu, REFUSED, REFUSED, REFUSED, REFUSED},
    {0xC5580601u, AGAIN, AGAIN, AGAIN, AGAIN},
    {0xC5580612u, REFUSED, REFUSED, REFUSED, REFUSED},
    {0xC5585011u, REFUSED, REFUSED, REFUSED, REFUSED},
    {0xC5600602u, REFUSED, REFUSED, NOT, REFUSED},
    {0x800705AAu, ROOM, AGAIN, AGAIN, AGAIN},
    {0x80070008u, ROOM, AGAIN, AGAIN, ROOM},
    {0x800700B7u, REFUSED, REFUSED, REFUSED, REFUSED},
    {0x80071069u, REFUSED, REFUSED, AGAIN, REFUSED},
    {0x80010106u, REFUSED, REFUSED, REFUSED, REFUSED},
    {0x80070522u, REFUSED, REFUSED, REFUSED, REFUSED},
    {0x80070070u, ROOM, ROOM, ROOM, ROOM},
    {0x80070032u, REFUSED, REFUSED, REFUSED, REFUSED},
    {0x800705B4u, AGAIN, AGAIN, AGAIN, AGAIN},
    {0x80070005u, REFUSED, REFUSED, REFUSED, REFUSED},
};

static void every_code(void **state)
{
  (void)state;
  const char *unknown = seep_wpr_meaning(0xDEADBEEFu);
  assert_true(strlen(unknown) > 10);
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    assert_int_equal(seep_wpr_classify(SEEP_WPR_START, codes[i].code), codes[i].start);
    assert_int_equal(seep_wpr_classify(SEEP_WPR_STOP, codes[i].code), codes[i].stop);
    assert_int_equal(seep_wpr_classify(SEEP_WPR_CANCEL, codes[i].code), codes[i].cancel);
    for (int verb = SEEP_WPR_SNAPSHOT_ENABLE; verb <= SEEP_WPR_SNAPSHOT_DISABLE; verb++) {
      assert_int_equal(seep_wpr_classify((seep_wpr_verb)verb, codes[i].code), codes[i].snapshot);
    }
    const char *meaning = seep_wpr_meaning(codes[i].code);
    assert_string_not_equal(meaning, unknown);
    assert_int_equal(meaning[strlen(meaning) - 1], '.');
    for (size_t j = 0; j < i; j++) {
      assert_string_not_equal(meaning, seep_wpr_meaning(codes[j].code));
    }
  }
  assert_non_null(strstr(seep_wpr_meaning(0xC5600602u), "Server 2016"));
  assert_int_equal(seep_wpr_classify(SEEP_WPR_STATUS, 0), SEEP_WPR_DONE);
  assert_int_equal(seep_wpr_classify(SEEP_WPR_STATUS, 0xC5583000u), SEEP_WPR_NOT_RUNNING);
  assert_int_equal(seep_wpr_classify(SEEP_WPR_STATUS, 0xC5580601u), SEEP_WPR_TRANSIENT);
  assert_int_equal(seep_wpr_classify(SEEP_WPR_STATUS, 0xC5600602u), SEEP_WPR_NOT_RUNNING);
  assert_int_equal(seep_wpr_classify((seep_wpr_verb)SEEP_WPR_VERBS, 0), SEEP_WPR_REFUSED);
}

static void unknown_codes(void **state)
{
  (void)state;
  static const uint32_t unknown[] = {1, 2, 0xC5583002u, 0x80004005u, 0xFFFFFFFFu, 0xC000013Au};
  for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
    for (int verb = SEEP_WPR_START; verb < SEEP_WPR_VERBS; verb++) {
      assert_int_equal(seep_wpr_classify((seep_wpr_verb)verb, unknown[i]), SEEP_WPR_REFUSED);
    }
  }
}

static void raw_files(void **state)
{
  (void)state;
  static const char *const ours[] = {"WPR_initiated_Seepwatch_WPR System Collector.etl",
                                     "WPR_initiated_Seepwatch_WPR Event Collector.etl",
                                     "wpr_INITIATED_seepWATCH_x.ETL"};
  static const char *const others[] = {"",
                                       "WPR_initiated_",
                                       "WPR_initiated_Seepwatch",
                                       "WPR_initiated_Seepwatch.etl",
                                       "WPR_initiated_Seepwatch_.etl",
                                       "WPR_initiated_Seepwatch_x",
                                       "WPR_initiated_Seepwatch_x.etl2",
                                       "WPR_initiated_Seepwatch2_x.etl",
                                       "WPR_initiated_Seepwatc_x.etl",
                                       "WPR_initiated_WprApp_WPR System Collector.etl",
                                       "xWPR_initiated_Seepwatch_x.etl",
                                       "WPR_initiated_Seepwatch_..\\x.etl",
                                       "WPR_initiated_Seepwatch_../x.etl",
                                       "WPR_initiated_Seepwatch_x:y.etl",
                                       "20261122T104444Z-a.exe-1-virtualalloc.etl"};
  for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
    assert_true(seep_wpr_is_raw_file(ours[i], "Seepwatch"));
  }
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    assert_false(seep_wpr_is_raw_file(others[i], "Seepwatch"));
  }
  assert_false(seep_wpr_is_raw_file("WPR_initiated__x.etl", ""));
  assert_true(seep_wpr_is_raw_file("WPR_initiated_WprApp_WPR System Collector.etl", "WprApp"));
  assert_false(seep_wpr_is_raw_file("WPR_initiated_Seepwatch_x.etl", "WprApp"));
  assert_false(seep_wpr_is_raw_file("WPR_initiated_WprApp_x.txt", "WprApp"));
  assert_false(seep_wpr_is_raw_file("WPR_initiated_a b_x.etl", "a b"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(builds),         cmocka_unit_test(start_line), cmocka_unit_test(stop_line),
      cmocka_unit_test(plain_lines),    cmocka_unit_test(verb_texts), cmocka_unit_test(long_paths),
      cmocka_unit_test(instance_names), cmocka_unit_test(every_code), cmocka_unit_test(unknown_codes),
      cmocka_unit_test(raw_files),
  };
  return cmocka_run_group_tests_name("capture_wpr", tests, NULL, NULL);
}
