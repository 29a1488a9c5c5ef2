/* What a process is to Windows. A service of this test's own is this program once more: registered, started
 * by the service manager, deleted again. Levels of protection and processes that Windows stops with are not
 * to be had here: those need Windows. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>
/* winsvc.h needs windows.h before it */
#include <winsvc.h>

#include "memory_child.h"
#include "win/win_process_role.h"
#include "win/win_tracing_flags.h"

#define SERVICES 12u
#define SOON_MS 20000u

static seep_port_process_role expect_role(seep_process_key key)
{
  seep_port_process_role role;
  seep_error error = {0};
  memset(&role, 0x5A, sizeof role);
  if (seep_win_process_role(key, &role, &error) != SEEP_OK) {
    char text[400];
    fail_msg("%s", seep_error_text(&error, text, sizeof text));
  }
  return role;
}

static void expect_gone(seep_process_key key)
{
  seep_port_process_role role = {.services = "untouched"};
  seep_error error = {0};
  assert_int_equal(seep_win_process_role(key, &role, &error), SEEP_GONE);
  assert_int_equal(error.status, SEEP_GONE);
  assert_string_equal(role.services, "untouched");
}

static void this_program_is_nothing_special(void **state)
{
  seep_process_key key = {GetCurrentProcessId(), 0};
  seep_tracing_flags port;
  seep_port_process_role same = {.is_critical = true};
  (void)state;
  seep_port_process_role role = expect_role(key);
  assert_false(role.is_critical);
  assert_false(role.is_protected);
  assert_string_equal(role.services, "");
  seep_win_tracing_flags_init(&port);
  assert_int_equal(port.role(port.context, key, &same, NULL), SEEP_OK);
  assert_false(same.is_critical);
}

static void another_creation_time_is_another_process(void **state)
{
  memory_child one;
  (void)state;
  memory_child_start(&one, NULL);
  seep_process_key key = {one.truth.pid, one.truth.created};
  (void)expect_role(key);
  key.created++;
  expect_gone(key);
  key.created--;
  memory_child_end(&one);
  expect_gone(key);
}

static void a_pid_that_nobody_has_is_gone(void **state)
{
  (void)state;
  expect_gone((seep_process_key){0x7FFFFFF0u, 0});
  expect_gone((seep_process_key){0, 0});
}

static void what_may_not_be_asked_is_protected(void **state)
{
  memory_child closed;
  (void)state;
  memory_child_start(&closed, L"D:P");
  seep_port_process_role role = expect_role((seep_process_key){closed.truth.pid, closed.truth.created});
  assert_true(role.is_protected);
  assert_string_equal(role.services, "");
  memory_child_end(&closed);
}

static void add(seep_port_process_role *role, bool *full, const char *name, size_t times)
{
  while (times-- > 0) {
    seep_win_process_role_add_service(role, full, name);
  }
}

static void names_are_cut_at_a_whole_one(void **state)
{
  seep_port_process_role role = {.services = ""};
  bool full = false;
  (void)state;
  add(&role, &full, "Dhcp", 1);
  assert_string_equal(role.services, "Dhcp");
  add(&role, &full, "EventLog", 1);
  assert_string_equal(role.services, "Dhcp, EventLog");
  add(&role, &full, "a name of 20 letters", 20);
  assert_true(full);
  size_t length = strlen(role.services);
  assert_in_range(length, SEEP_PORT_SERVICES_SIZE - 30, SEEP_PORT_SERVICES_SIZE - 1);
  assert_string_equal(role.services + length - 12, "letters, ...");
  add(&role, &full, "b", 1);
  assert_int_equal(strlen(role.services), length);
}

/* However long the names are, the mark fits behind the last whole one. */
static void every_length_keeps_room_for_the_mark(void **state)
{
  (void)state;
  for (size_t size = 1; size < SEEP_PORT_SERVICES_SIZE + 20; size++) {
    char name[SEEP_PORT_SERVICES_SIZE + 21] = "";
    seep_port_process_role role = {.services = ""};
    bool full = false;
    memset(name, 'n', size);
    name[size] = '\0';
    add(&role, &full, name, 1);
    assert_string_equal(role.services, full ? "..." : name);
    assert_true(full == (size + sizeof ", ..." > SEEP_PORT_SERVICES_SIZE));
    add(&role, &full, name, 200);
    assert_true(full);
    assert_string_equal(role.services + strlen(role.services) - 3, "...");
  }
}

/* The service's side: reports as running and ends when told to. All services of the test share a process. */
static HANDLE stopped;

static DWORD WINAPI control(DWORD code, DWORD event, void *data, void *context)
{
  SERVICE_STATUS_HANDLE *handle = context;
  SERVICE_STATUS status = {.dwServiceType = SERVICE_WIN32_SHARE_PROCESS, .dwCurrentState = SERVICE_STOPPED};
  (void)event;
  (void)data;
  if (code == SERVICE_CONTROL_STOP) {
    SetServiceStatus(*handle, &status);
    SetEvent(stopped);
  }
  return NO_ERROR;
}

static void WINAPI serve(DWORD count, wchar_t **arguments)
{
  static SERVICE_STATUS_HANDLE handles[SERVICES];
  static LONG used;
  SERVICE_STATUS status = {.dwServiceType = SERVICE_WIN32_SHARE_PROCESS,
                           .dwCurrentState = SERVICE_RUNNING,
                           .dwControlsAccepted = SERVICE_ACCEPT_STOP};
  LONG slot = InterlockedIncrement(&used) - 1;
  if (count > 0 && slot < (LONG)SERVICES) {
    handles[slot] = RegisterServiceCtrlHandlerExW(arguments[0], control, &handles[slot]);
    SetServiceStatus(handles[slot], &status);
  }
}

static void service_name(unsigned i, wchar_t *out, size_t units)
{
  char name[64];
  snprintf(name, sizeof name, "seepwatch-test-role-%02u", i);
  for (size_t at = 0; at < units && (at == 0 || name[at - 1] != '\0'); at++) {
    out[at] = (wchar_t)(unsigned char)name[at];
  }
}

static int be_services(void)
{
  static wchar_t names[SERVICES][64];
  SERVICE_TABLE_ENTRYW table[SERVICES + 1] = {{0}};
  stopped = CreateEventW(NULL, FALSE, FALSE, NULL);
  for (unsigned i = 0; i < SERVICES; i++) {
    service_name(i, names[i], 64);
    table[i].lpServiceName = names[i];
    table[i].lpServiceProc = serve;
  }
  return StartServiceCtrlDispatcherW(table) ? 0 : 1;
}

static DWORD wait_running(SC_HANDLE service)
{
  SERVICE_STATUS_PROCESS now = {0};
  DWORD needed;
  for (unsigned waited = 0; waited < SOON_MS; waited += 50) {
    if (QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)&now, sizeof now, &needed) &&
        now.dwCurrentState == SERVICE_RUNNING) {
      return now.dwProcessId;
    }
    Sleep(50);
  }
  return 0;
}

/* Whole names, in the order that the service manager has, cut with a mark: 12 names of 22 characters do not
 * fit. */
static void judge_names(const char *services, unsigned running)
{
  static const size_t name_length = sizeof "seepwatch-test-role-00" - 1;
  const char *at = services;
  unsigned count = 0;
  while (strncmp(at, "seepwatch-test-role-", 20) == 0) {
    count++;
    at += name_length;
    at += strncmp(at, ", ", 2) == 0 ? 2 : 0;
  }
  if (running * (name_length + 2) <= SEEP_PORT_SERVICES_SIZE) {
    assert_string_equal(at, "");
    assert_int_equal(count, running);
  } else {
    assert_string_equal(at, "...");
    assert_in_range(count, 6, SEEP_PORT_SERVICES_SIZE / name_length);
  }
}

static void the_services_of_a_process_are_named(void **state)
{
  SC_HANDLE services[SERVICES] = {NULL};
  wchar_t path[1024], command[1100], name[64];
  DWORD pid[SERVICES] = {0};
  SERVICE_STATUS status;
  unsigned together = 0;
  (void)state;
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);
  assert_non_null(manager);
  assert_in_range(GetModuleFileNameW(NULL, path, 1024), 1, 1023);
  command[0] = L'\0';
  wcscat(wcscat(wcscat(command, L"\""), path), L"\" services");
  for (unsigned i = 0; i < SERVICES; i++) {
    service_name(i, name, 64);
    services[i] =
        CreateServiceW(manager, name, name, SERVICE_ALL_ACCESS, SERVICE_WIN32_SHARE_PROCESS,
                       SERVICE_DEMAND_START, SERVICE_ERROR_IGNORE, command, NULL, NULL, NULL, NULL, NULL);
    assert_non_null(services[i]);
    if (StartServiceW(services[i], 0, NULL)) {
      pid[i] = wait_running(services[i]);
    }
    together += pid[i] != 0 && pid[i] == pid[0] ? 1 : 0;
    if (together <= i) {
      print_message("each service runs in a process of its own here (Wine 8)\n");
      break;
    }
  }
  seep_port_process_role role = expect_role((seep_process_key){pid[0], 0});
  print_message("%u services in one process: %s\n", together, role.services);
  for (unsigned i = 0; i < SERVICES && services[i] != NULL; i++) {
    ControlService(services[i], SERVICE_CONTROL_STOP, &status);
    DeleteService(services[i]);
    CloseServiceHandle(services[i]);
  }
  CloseServiceHandle(manager);
  assert_int_not_equal(pid[0], 0);
  judge_names(role.services, together);
  assert_false(role.is_critical);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(this_program_is_nothing_special),
      cmocka_unit_test(another_creation_time_is_another_process),
      cmocka_unit_test(a_pid_that_nobody_has_is_gone),
      cmocka_unit_test(what_may_not_be_asked_is_protected),
      cmocka_unit_test(names_are_cut_at_a_whole_one),
      cmocka_unit_test(every_length_keeps_room_for_the_mark),
      cmocka_unit_test(the_services_of_a_process_are_named),
  };
  if (argc == 2 && strcmp(argv[1], "child") == 0) {
    return memory_child_be();
  }
  if (argc == 2 && strcmp(argv[1], "services") == 0) {
    return be_services();
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}
