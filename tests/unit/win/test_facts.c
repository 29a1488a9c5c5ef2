/*
 * What is told about this machine. The event logs are a library of our own here, and HKEY_LOCAL_MACHINE is
 * led to a key of the user where the test is about the registry.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <string.h>
#include <wchar.h>

#include <windows.h>
/* it needs windows.h before it */
#include <aclapi.h>

#include "on_wine.h"
#include "win/win_facts.h"
#include "win/win_folder_rights.h"
#include "win/win_folders.h"
#include "win/win_late.h"

#define ROOT L"Software\\test-win-facts"
#define SOURCE L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\test-win-facts"

/* ---- event logs ---- */

static struct {
  DWORD system_code, detector_code; /* 0: the subscription is made */
  bool silent;                      /* NULL without a code, as Wine has it */
  int opened, closed;
} logs;

static EVT_HANDLE WINAPI fake_subscribe(EVT_HANDLE session, HANDLE signal, LPCWSTR channel, LPCWSTR query,
                                        EVT_HANDLE bookmark, PVOID context, EVT_SUBSCRIBE_CALLBACK callback,
                                        DWORD flags)
{
  bool is_system = wcsstr(query, L"Path=\"System\"") != NULL;
  DWORD code = is_system ? logs.system_code : logs.detector_code;
  assert_true(session == NULL && channel == NULL && bookmark == NULL && context == NULL && callback == NULL);
  assert_non_null(signal);
  assert_int_equal(flags, EvtSubscribeToFutureEvents);
  assert_true(is_system ||
              wcsstr(query, L"Microsoft-Windows-Resource-Exhaustion-Detector/Operational") != NULL);
  if (logs.silent || code != 0) {
    SetLastError(logs.silent ? GetLastError() : code);
    return NULL;
  }
  logs.opened++;
  return (EVT_HANDLE)&logs;
}

static BOOL WINAPI fake_close(EVT_HANDLE object)
{
  assert_ptr_equal(object, &logs);
  logs.closed++;
  return TRUE;
}

static seep_doctor_facts read_fake_logs(void)
{
  const seep_win_late_wevtapi api = {.subscribe = fake_subscribe, .close = fake_close};
  seep_doctor_facts facts = {.event_log_code = 77};
  seep_win_facts_read_logs(&api, &facts);
  assert_int_equal(logs.opened, logs.closed);
  return facts;
}

static void both_logs_are_there(void **state)
{
  (void)state;
  memset(&logs, 0, sizeof logs);
  seep_doctor_facts facts = read_fake_logs();
  assert_int_equal(facts.event_log_readable, SEEP_YES);
  assert_int_equal(facts.event_log_code, 0);
  assert_int_equal(facts.detector_log, SEEP_YES);
  assert_int_equal(logs.opened, 2);
}

static void each_log_has_its_own_fault(void **state)
{
  (void)state;
  memset(&logs, 0, sizeof logs);
  logs.system_code = ERROR_ACCESS_DENIED;
  seep_doctor_facts facts = read_fake_logs();
  assert_int_equal(facts.event_log_readable, SEEP_NO);
  assert_int_equal(facts.event_log_code, ERROR_ACCESS_DENIED);
  assert_int_equal(facts.detector_log, SEEP_YES);
  logs.system_code = 0;
  logs.detector_code = ERROR_EVT_CHANNEL_NOT_FOUND;
  facts = read_fake_logs();
  assert_int_equal(facts.event_log_readable, SEEP_YES);
  assert_int_equal(facts.detector_log, SEEP_NO);
  logs.detector_code = RPC_S_SERVER_UNAVAILABLE;
  assert_int_equal(read_fake_logs().detector_log, SEEP_NOT_KNOWN);
}

static void a_library_that_does_not_say_why(void **state)
{
  (void)state;
  memset(&logs, 0, sizeof logs);
  logs.silent = true;
  SetLastError(ERROR_FILE_NOT_FOUND); /* somebody else's */
  seep_doctor_facts facts = read_fake_logs();
  assert_int_equal(facts.event_log_readable, SEEP_NO);
  assert_int_equal(facts.event_log_code, 0);
  assert_int_equal(facts.detector_log, SEEP_NOT_KNOWN);
}

/* ---- the event source ---- */

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

static seep_doctor_facts read_all(const char *folder)
{
  seep_doctor_facts facts = {.free_bytes = 12, .settings_valid = SEEP_NO, .database_readable = SEEP_NO};
  seep_win_facts_read("test-win-facts", folder, &facts);
  assert_int_equal(facts.free_bytes, 12);
  assert_int_equal(facts.settings_valid, SEEP_NO);
  assert_int_equal(facts.database_readable, SEEP_NO);
  return facts;
}

static seep_known source_with(DWORD type, const wchar_t *value, size_t units)
{
  HKEY key = NULL;
  assert_int_equal(RegCreateKeyExW(HKEY_LOCAL_MACHINE, SOURCE, 0, NULL, 0, KEY_SET_VALUE, NULL, &key, NULL),
                   0);
  assert_int_equal(
      RegSetValueExW(key, L"EventMessageFile", 0, type, (const BYTE *)value, (DWORD)(units * sizeof *value)),
      0);
  RegCloseKey(key);
  return read_all(".").source_registered;
}

#define WITH(type, text) source_with(type, text, sizeof(text) / sizeof(wchar_t))

static void the_source_names_files_that_are_there(void **state)
{
  (void)state;
  HKEY key = NULL;
  assert_int_equal(read_all(".").source_registered, SEEP_NO); /* no key */
  assert_int_equal(RegCreateKeyExW(HKEY_LOCAL_MACHINE, SOURCE, 0, NULL, 0, KEY_READ, NULL, &key, NULL), 0);
  RegCloseKey(key);
  assert_int_equal(read_all(".").source_registered, SEEP_NO); /* no value */
  assert_int_equal(WITH(REG_EXPAND_SZ, L"%SystemRoot%\\System32\\kernel32.dll"), SEEP_YES);
  assert_int_equal(WITH(REG_SZ, L"C:\\windows\\system32\\kernel32.dll;%windir%\\system32\\ntdll.dll;"),
                   SEEP_YES);
  assert_int_equal(WITH(REG_SZ, L"%SystemRoot%\\System32\\kernel32.dll;C:\\test-win-none.dll"), SEEP_NO);
  assert_int_equal(WITH(REG_SZ, L";"), SEEP_NO);
  assert_int_equal(WITH(REG_SZ, L""), SEEP_NO);
  assert_int_equal(WITH(REG_BINARY, L"C:\\windows\\system32\\kernel32.dll"), SEEP_NO);
  /* Without a terminator. */
  assert_int_equal(source_with(REG_SZ, L"C:\\windows\\system32\\kernel32.dllxxx", 32), SEEP_YES);
}

static void a_value_without_end_is_not_known(void **state)
{
  static wchar_t value[6000];
  (void)state;
  wmemset(value, L'x', 5999);
  assert_int_equal(source_with(REG_SZ, value, 6000), SEEP_NOT_KNOWN);
  /* Short in the registry, endless once it is expanded. */
  value[4000] = L'\0';
  for (size_t i = 0; i < 40; i++) {
    memcpy(value + i * 5, L"%ENV%", 5 * sizeof(wchar_t));
  }
  static wchar_t variable[1000];
  wmemset(variable, L'y', 999);
  assert_true(SetEnvironmentVariableW(L"ENV", variable));
  assert_int_equal(source_with(REG_EXPAND_SZ, value, 201), SEEP_NOT_KNOWN);
  assert_true(SetEnvironmentVariableW(L"ENV", NULL));
}

/* ---- the data folder ---- */

static void a_folder_is_looked_at_and_left_alone(void **state)
{
  (void)state;
  seep_win_folder_rights rights = seep_win_folder_rights_of("test-win-facts-folder");
  assert_int_equal(rights.there, SEEP_NO);
  assert_int_equal(rights.writable, SEEP_NOT_KNOWN);
  assert_int_equal(GetFileAttributesW(L"test-win-facts-folder"), INVALID_FILE_ATTRIBUTES);
  /* Made anew, because Wine 8 adds the parent's entries to those of an existing folder. */
  assert_int_equal(seep_win_folders_protect("test-win-facts-folder", NULL), SEEP_OK);
  rights = seep_win_folder_rights_of("test-win-facts-folder");
  assert_true(RemoveDirectoryW(L"test-win-facts-folder"));
  assert_int_equal(rights.there, SEEP_YES);
  assert_int_equal(rights.writable, SEEP_YES);
  assert_int_equal(rights.is_private, SEEP_YES);
}

static void a_folder_for_everybody_is_not_private(void **state)
{
  (void)state;
  BYTE world[SECURITY_MAX_SID_SIZE];
  DWORD size = sizeof world;
  PACL list = NULL;
  assert_true(CreateWellKnownSid(WinWorldSid, NULL, world, &size));
  EXPLICIT_ACCESSW entry = {.grfAccessPermissions = GENERIC_ALL, .grfAccessMode = SET_ACCESS};
  entry.Trustee.TrusteeForm = TRUSTEE_IS_SID;
  entry.Trustee.ptstrName = (LPWSTR)(void *)world;
  assert_int_equal(SetEntriesInAclW(1, &entry, NULL, &list), ERROR_SUCCESS);
  assert_true(CreateDirectoryW(L"test-win-facts-open", NULL));
  wchar_t name[] = L"test-win-facts-open";
  assert_int_equal(
      SetNamedSecurityInfoW(name, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, list, NULL),
      ERROR_SUCCESS);
  LocalFree(list);
  seep_win_folder_rights rights = seep_win_folder_rights_of("test-win-facts-open");
  assert_true(RemoveDirectoryW(L"test-win-facts-open"));
  assert_int_equal(rights.there, SEEP_YES);
  assert_int_equal(rights.is_private, SEEP_NO);
}

static void a_file_is_no_folder(void **state)
{
  (void)state;
  HANDLE file = CreateFileW(L"test-win-facts.txt", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
  assert_true(file != INVALID_HANDLE_VALUE);
  CloseHandle(file);
  assert_int_equal(seep_win_folder_rights_of("test-win-facts.txt").there, SEEP_NO);
  assert_true(DeleteFileW(L"test-win-facts.txt"));
}

/* ---- this machine ---- */

static void this_machine_tells_what_it_can(void **state)
{
  (void)state;
  seep_doctor_facts facts = read_all("test-win-facts-none");
  assert_int_equal(facts.service_installed, SEEP_NO);
  assert_int_equal(facts.service_running, SEEP_NO);
  assert_true(facts.commit_limit_bytes > facts.commit_total_bytes && facts.commit_total_bytes > 0);
  assert_true(facts.is_administrator != SEEP_NOT_KNOWN && facts.is_service_account == SEEP_NO);
  assert_true(facts.privilege_debug != SEEP_NOT_KNOWN && facts.privilege_profile != SEEP_NOT_KNOWN);
  assert_true(facts.recorder_there != SEEP_NOT_KNOWN);
  assert_int_equal(facts.data_folder_there, SEEP_NO);
  size_t length = strlen(facts.data_folder);
  assert_true(length > 20 && facts.data_folder[1] == ':');
  assert_string_equal(facts.data_folder + length - 20, "\\test-win-facts-none");
  if (on_wine()) {
    assert_int_equal(facts.diagnosis.service, SEEP_DIAGNOSIS_SERVICE_ABSENT);
  } else {
    assert_int_equal(facts.event_log_readable, SEEP_YES);
  }
}

static void asking_leaves_no_handle(void **state)
{
  (void)state;
  DWORD before = 0, after = 0;
  (void)read_all(".");
  assert_true(GetProcessHandleCount(GetCurrentProcess(), &before));
  for (int i = 0; i < 20; i++) {
    (void)read_all(".");
  }
  assert_true(GetProcessHandleCount(GetCurrentProcess(), &after));
  assert_true(after < before + 10);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_logs_are_there),
      cmocka_unit_test(each_log_has_its_own_fault),
      cmocka_unit_test(a_library_that_does_not_say_why),
      cmocka_unit_test_setup_teardown(the_source_names_files_that_are_there, begin, end),
      cmocka_unit_test_setup_teardown(a_value_without_end_is_not_known, begin, end),
      cmocka_unit_test(a_folder_is_looked_at_and_left_alone),
      cmocka_unit_test(a_folder_for_everybody_is_not_private),
      cmocka_unit_test(a_file_is_no_folder),
      cmocka_unit_test(this_machine_tells_what_it_can),
      cmocka_unit_test(asking_leaves_no_handle)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
