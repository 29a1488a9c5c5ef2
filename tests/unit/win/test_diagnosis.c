/*
 * The policies that switch Event 2004 off, in a registry of our own: HKEY_LOCAL_MACHINE is led to a key of
 * the user for the life of this process, so no policy of the machine is touched. And the service DPS as it
 * is.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <windows.h>

#include "on_wine.h"
#include "win/win_diagnosis.h"
#include "win/win_service.h"

#define ROOT L"Software\\test-win-diagnosis"
#define ALL L"SOFTWARE\\Policies\\Microsoft\\Windows\\WDI"
#define SCENARIO ALL L"\\{3af8b24a-c441-4fa4-8c5c-bed591bfa867}"

static seep_diagnosis read_it(void)
{
  seep_diagnosis_source source;
  seep_diagnosis out;
  memset(&source, 0xA5, sizeof source);
  memset(&out, 0xA5, sizeof out);
  seep_win_diagnosis_init(&source);
  source.read(source.context, &out);
  return out;
}

static int begin(void **state)
{
  HKEY root = NULL;
  (void)state;
  (void)RegDeleteTreeW(HKEY_CURRENT_USER, ROOT);
  if (RegCreateKeyExW(HKEY_CURRENT_USER, ROOT, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &root, NULL) != 0 ||
      RegOverridePredefKey(HKEY_LOCAL_MACHINE, root) != 0) {
    return -1;
  }
  RegCloseKey(root);
  return 0;
}

static int end(void **state)
{
  (void)state;
  (void)RegOverridePredefKey(HKEY_LOCAL_MACHINE, NULL);
  return RegDeleteTreeW(HKEY_CURRENT_USER, ROOT) == 0 ? 0 : -1;
}

static void write_value(const wchar_t *path, DWORD type, const void *data, DWORD bytes)
{
  HKEY key = NULL;
  assert_int_equal(RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, 0, KEY_SET_VALUE, NULL, &key, NULL), 0);
  assert_int_equal(RegSetValueExW(key, L"ScenarioExecutionEnabled", 0, type, data, bytes), 0);
  RegCloseKey(key);
}

static void write_number(const wchar_t *path, DWORD value)
{
  write_value(path, REG_DWORD, &value, sizeof value);
}

static void no_key_is_not_configured(void **state)
{
  (void)state;
  seep_diagnosis found = read_it();
  assert_int_equal(found.scenario, SEEP_DIAGNOSIS_POLICY_NOT_CONFIGURED);
  assert_int_equal(found.all, SEEP_DIAGNOSIS_POLICY_NOT_CONFIGURED);
}

static void no_value_is_not_configured(void **state)
{
  HKEY key = NULL;
  (void)state;
  assert_int_equal(RegCreateKeyExW(HKEY_LOCAL_MACHINE, SCENARIO, 0, NULL, 0, KEY_READ, NULL, &key, NULL), 0);
  RegCloseKey(key);
  seep_diagnosis found = read_it();
  assert_int_equal(found.scenario, SEEP_DIAGNOSIS_POLICY_NOT_CONFIGURED);
  assert_int_equal(found.all, SEEP_DIAGNOSIS_POLICY_NOT_CONFIGURED);
}

static void each_policy_stands_for_itself(void **state)
{
  (void)state;
  write_number(SCENARIO, 0);
  seep_diagnosis found = read_it();
  assert_int_equal(found.scenario, SEEP_DIAGNOSIS_POLICY_DISABLED);
  assert_int_equal(found.all, SEEP_DIAGNOSIS_POLICY_NOT_CONFIGURED);
  write_number(SCENARIO, 1);
  write_number(ALL, 0);
  found = read_it();
  assert_int_equal(found.scenario, SEEP_DIAGNOSIS_POLICY_ENABLED);
  assert_int_equal(found.all, SEEP_DIAGNOSIS_POLICY_DISABLED);
  write_number(ALL, 1);
  assert_int_equal(read_it().all, SEEP_DIAGNOSIS_POLICY_ENABLED);
}

static void what_is_no_number_is_unknown(void **state)
{
  (void)state;
  static const wchar_t word[] = L"0", sentence[] = L"switched off for good";
  static const BYTE short_number[] = {0, 0};
  write_value(SCENARIO, REG_SZ, word, sizeof word);
  write_value(ALL, REG_SZ, sentence, sizeof sentence);
  assert_int_equal(read_it().scenario, SEEP_DIAGNOSIS_POLICY_UNKNOWN);
  assert_int_equal(read_it().all, SEEP_DIAGNOSIS_POLICY_UNKNOWN);
  write_value(SCENARIO, REG_DWORD, short_number, sizeof short_number);
  assert_int_equal(read_it().scenario, SEEP_DIAGNOSIS_POLICY_UNKNOWN);
}

static void asking_leaves_no_handle(void **state)
{
  (void)state;
  DWORD before = 0, after = 0;
  write_number(ALL, 1);
  (void)read_it(); /* the connection to the service control manager stays */
  assert_true(GetProcessHandleCount(GetCurrentProcess(), &before));
  for (int i = 0; i < 20; i++) {
    (void)read_it();
  }
  assert_true(GetProcessHandleCount(GetCurrentProcess(), &after));
  assert_true(after < before + 10);
}

static void the_service_is_as_windows_has_it(void **state)
{
  (void)state;
  seep_win_service_state dps;
  seep_status status = seep_win_service_state_of("DPS", &dps, NULL);
  seep_diagnosis_service found = read_it().service;
  if (on_wine()) {
    assert_int_equal(status, SEEP_NOT_FOUND);
    assert_int_equal(found, SEEP_DIAGNOSIS_SERVICE_ABSENT);
    return;
  }
  assert_int_equal(status, SEEP_OK);
  assert_int_equal(found == SEEP_DIAGNOSIS_SERVICE_RUNNING, seep_win_service_runs(&dps));
}

/* EventLog is a service of every Windows, and of Wine. */
static void a_service_tells_how_it_is(void **state)
{
  (void)state;
  seep_win_service_state found = {0};
  uint32_t start_type = UINT32_MAX;
  seep_error error = {0};
  assert_int_equal(seep_win_service_state_of("eventlog", &found, &error), SEEP_OK);
  assert_true(found.state >= SERVICE_STOPPED && found.state <= SERVICE_PAUSED);
  assert_int_equal(seep_win_service_start_type_of("eventlog", &start_type, &error), SEEP_OK);
  assert_true(start_type <= SERVICE_DISABLED);
  assert_int_equal(seep_win_service_state_of("test-win-none", &found, &error), SEEP_NOT_FOUND);
  assert_int_equal(error.code, ERROR_SERVICE_DOES_NOT_EXIST);
  assert_int_equal(seep_win_service_start_type_of("test-win-none", &start_type, NULL), SEEP_NOT_FOUND);
  assert_string_equal(seep_win_service_state_text(SERVICE_RUNNING), "running");
  assert_string_equal(seep_win_service_state_text(UINT32_MAX), "unknown");
}

static void starting_is_running(void **state)
{
  (void)state;
  static const uint32_t running[] = {SERVICE_RUNNING, SERVICE_START_PENDING, SERVICE_CONTINUE_PENDING};
  static const uint32_t not_running[] = {SERVICE_STOPPED, SERVICE_STOP_PENDING, SERVICE_PAUSED,
                                         SERVICE_PAUSE_PENDING};
  for (size_t i = 0; i < sizeof running / sizeof running[0]; i++) {
    assert_true(seep_win_service_runs(&(seep_win_service_state){.state = running[i]}));
  }
  for (size_t i = 0; i < sizeof not_running / sizeof not_running[0]; i++) {
    assert_false(seep_win_service_runs(&(seep_win_service_state){.state = not_running[i]}));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(no_key_is_not_configured, begin, end),
      cmocka_unit_test_setup_teardown(no_value_is_not_configured, begin, end),
      cmocka_unit_test_setup_teardown(each_policy_stands_for_itself, begin, end),
      cmocka_unit_test_setup_teardown(what_is_no_number_is_unknown, begin, end),
      cmocka_unit_test_setup_teardown(asking_leaves_no_handle, begin, end),
      cmocka_unit_test(the_service_is_as_windows_has_it),
      cmocka_unit_test(a_service_tells_how_it_is),
      cmocka_unit_test(starting_is_running)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
