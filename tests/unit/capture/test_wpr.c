/*
 * Command lines, every exit code of the reference's table at every verb, raw file names, and the profile: its
 * structure is checked by a small reader that keeps a stack of elements.
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

static void start_line(void **state)
{
  (void)state;
  static const char *const wanted[] = {
      "-start",   "C:\\t\\p.wprp!SeepVirtualAlloc", "-filemode", "-recordtempto", "C:\\t", "-instancename",
      "Seepwatch"};
  seep_wpr_command command;
  assert_true(seep_wpr_start(&command, "C:\\t\\p.wprp", "SeepVirtualAlloc", "C:\\t", "Seepwatch"));
  assert_int_equal(command.verb, SEEP_WPR_START);
  assert_arguments(&command, wanted, 7);
}

static void other_lines(void **state)
{
  (void)state;
  static const char *const stop[] = {"-stop", "C:\\t\\a b.etl", "-instancename", "Seepwatch"};
  static const char *const cancel[] = {"-cancel", "-instancename", "Seepwatch"};
  static const char *const status[] = {"-status", "-instancename", "Seepwatch"};
  seep_wpr_command command;
  assert_true(seep_wpr_stop(&command, "C:\\t\\a b.etl", "Seepwatch"));
  assert_int_equal(command.verb, SEEP_WPR_STOP);
  assert_arguments(&command, stop, 4);
  assert_true(seep_wpr_cancel(&command, "Seepwatch"));
  assert_int_equal(command.verb, SEEP_WPR_CANCEL);
  assert_arguments(&command, cancel, 3);
  assert_true(seep_wpr_status(&command, "Seepwatch"));
  assert_int_equal(command.verb, SEEP_WPR_STATUS);
  assert_arguments(&command, status, 3);
  assert_string_equal(seep_wpr_verb_text(SEEP_WPR_START), "-start");
  assert_string_equal(seep_wpr_verb_text(SEEP_WPR_STOP), "-stop");
  assert_string_equal(seep_wpr_verb_text(SEEP_WPR_CANCEL), "-cancel");
  assert_string_equal(seep_wpr_verb_text(SEEP_WPR_STATUS), "-status");
}

/* The longest text that fits, and its twin that is one byte longer. */
static void long_paths(void **state)
{
  (void)state;
  static char path[SEEP_WPR_ARGUMENT_SIZE + 1];
  seep_wpr_command command;
  memset(path, 'a', sizeof path);
  path[SEEP_WPR_ARGUMENT_SIZE - 1] = '\0';
  assert_true(seep_wpr_stop(&command, path, "Seepwatch"));
  assert_string_equal(command.arguments[1], path);
  path[SEEP_WPR_ARGUMENT_SIZE - 1] = 'a';
  path[SEEP_WPR_ARGUMENT_SIZE] = '\0';
  assert_false(seep_wpr_stop(&command, path, "Seepwatch"));
  assert_int_equal(command.argument_count, 0);
  assert_false(seep_wpr_start(&command, "p", "n", path, "Seepwatch"));
  assert_int_equal(command.argument_count, 0);
  path[SEEP_WPR_ARGUMENT_SIZE - 3] = '\0'; /* + "!n" + the terminator is exactly full */
  assert_true(seep_wpr_start(&command, path, "n", "t", "Seepwatch"));
  assert_int_equal(strlen(command.arguments[1]), SEEP_WPR_ARGUMENT_SIZE - 1);
  assert_false(seep_wpr_start(&command, path, "nn", "t", "Seepwatch"));
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
    assert_false(seep_wpr_cancel(&command, bad[i]));
    assert_int_equal(command.argument_count, 0);
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

/* At start, stop and cancel: what the recorder stands on. */
static const struct {
  uint32_t code;
  seep_wpr_answer start, stop, cancel;
} codes[] = {
    {0, DONE, DONE, DONE},
    {0xC5583000u, NOT, NOT, NOT},
    {0xC5583001u, TAKEN, TAKEN, TAKEN},
    {0xC5583014u, TAKEN, TAKEN, TAKEN},
    {0xC5583017u, REFUSED, REFUSED, REFUSED},
    {0xC558300Cu, REFUSED, REFUSED, REFUSED},
    {0xC5580601u, AGAIN, AGAIN, AGAIN},
    {0xC5580612u, REFUSED, REFUSED, REFUSED},
    {0xC5585011u, REFUSED, REFUSED, REFUSED},
    {0xC5600602u, REFUSED, REFUSED, NOT},
    {0x800705AAu, ROOM, AGAIN, AGAIN},
    {0x80070008u, ROOM, ROOM, ROOM},
    {0x800700B7u, REFUSED, REFUSED, REFUSED},
    {0x80071069u, REFUSED, REFUSED, AGAIN},
    {0x80010106u, REFUSED, REFUSED, REFUSED},
    {0x80070522u, REFUSED, REFUSED, REFUSED},
    {0x80070070u, ROOM, ROOM, ROOM},
    {0x80070032u, REFUSED, REFUSED, REFUSED},
    {0x800705B4u, AGAIN, AGAIN, AGAIN},
    {0x80070005u, REFUSED, REFUSED, REFUSED},
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
}

static void unknown_codes(void **state)
{
  (void)state;
  static const uint32_t unknown[] = {1, 2, 0xC5583002u, 0x80004005u, 0xFFFFFFFFu, 0xC000013Au};
  for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
    for (int verb = SEEP_WPR_START; verb <= SEEP_WPR_STATUS; verb++) {
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
  assert_false(seep_wpr_is_raw_file("WPR_initiated_WprApp_x.etl", "WprApp"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(start_line),     cmocka_unit_test(other_lines), cmocka_unit_test(long_paths),
      cmocka_unit_test(instance_names), cmocka_unit_test(every_code),  cmocka_unit_test(unknown_codes),
      cmocka_unit_test(raw_files),
  };
  return cmocka_run_group_tests_name("capture_wpr", tests, NULL, NULL);
}
