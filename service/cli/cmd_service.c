/* The verbs around the service itself: run it in a console, register it, remove it. Windows only. */
#include "cli.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "base/text.h"
#include "scm.h"
#include "watch/watchdog.h"
#include "win/win_error.h"
#include "win/win_wide.h"
#include "wiring.h"

#define RESTART_DELAY_MS 60000
#define FAILURES_FORGOTTEN_AFTER_S 86400
/* What Windows itself allowed before build 15063; since then it is 10 s unless a service asks for more. */
#define PRESHUTDOWN_MS 180000
/* Without any sign of life from the service. */
#define STOP_PATIENCE_MS 30000
/* Signs of life or not: capture.stop_patience_s at its largest, and what comes after. */
#define STOP_AT_LONGEST_MS 3700000
#define CLOSE_PATIENCE_MS 6000

static int fail_error(const char *verb, seep_status status, const seep_error *error)
{
  char why[SEEP_ERROR_SUBJECT_SIZE + 128];
  seep_error_text(error, why, sizeof why);
  return seep_cli_fail(verb, seep_cli_exit_code(status), "failed", why);
}

/* ---- run ---- */

/* Windows hands no context to a console handler, which runs on a thread of its own. */
static struct {
  CRITICAL_SECTION lock;
  seep_watchdog *watchdog; /* NULL once it takes no controls any more */
  HANDLE stopped;
} console;

static BOOL WINAPI console_control(DWORD control)
{
  EnterCriticalSection(&console.lock);
  if (console.watchdog != NULL) {
    seep_watchdog_post(console.watchdog, SEEP_CONTROL_STOP);
  }
  LeaveCriticalSection(&console.lock);
  if (control != CTRL_C_EVENT && control != CTRL_BREAK_EVENT) {
    /* The window closes or the session ends: Windows ends the process as soon as this returns. */
    WaitForSingleObject(console.stopped, CLOSE_PATIENCE_MS);
  }
  return TRUE;
}

static seep_status run_in_console(seep_watchdog *watchdog, seep_error *error)
{
  InitializeCriticalSection(&console.lock);
  console.stopped = CreateEventW(NULL, TRUE, FALSE, NULL);
  console.watchdog = watchdog;
  (void)SetConsoleCtrlHandler(console_control, TRUE);
  seep_status status = seep_watchdog_run(watchdog, error);
  EnterCriticalSection(&console.lock);
  console.watchdog = NULL;
  LeaveCriticalSection(&console.lock);
  return status;
}

int seep_cmd_run(int argc, char **argv)
{
  seep_wiring_options options = {.echo = true};
  seep_wiring *wiring = NULL;
  seep_error error = {0};
  for (int i = 1; i < argc; i++) {
    bool has_value = i + 1 < argc;
    if (strcmp(argv[i], "--data") == 0 && has_value) {
      options.data_folder = argv[++i];
    } else if (strcmp(argv[i], "--config") == 0 && has_value) {
      options.settings_path = argv[++i];
    } else {
      return seep_cli_fail(argv[0], SEEP_EXIT_USAGE, argv[i], "unknown option, or its value is missing");
    }
  }
  seep_status status = seep_wiring_new(&options, &wiring, &error);
  if (status == SEEP_OK) {
    status = run_in_console(seep_wiring_watchdog(wiring), &error);
  }
  bool is_free = seep_wiring_free(wiring);
  if (console.stopped != NULL) {
    SetEvent(console.stopped);
  }
  int code = status == SEEP_OK ? SEEP_EXIT_DONE : fail_error(argv[0], status, &error);
  if (!is_free) {
    seep_wiring_end_process(code);
  }
  return code;
}

/* ---- install, uninstall ---- */

static seep_status open_service(DWORD manager_access, DWORD access, SC_HANDLE *manager, SC_HANDLE *service,
                                seep_error *error)
{
  *service = NULL;
  *manager = OpenSCManagerW(NULL, NULL, manager_access);
  if (*manager == NULL) {
    return seep_win_error_set(error, GetLastError(), "OpenSCManager", "");
  }
  *service = OpenServiceW(*manager, SEEP_SERVICE_NAME, access);
  return *service != NULL ? SEEP_OK : seep_win_error_set(error, GetLastError(), "OpenService", "seepwatch");
}

static void close_service(SC_HANDLE manager, SC_HANDLE service)
{
  if (service != NULL) {
    CloseServiceHandle(service);
  }
  if (manager != NULL) {
    CloseServiceHandle(manager);
  }
}

/* Description, restart after a crash (three times, a minute apart), the same for an end with an error code,
 * and the time for a stop when Windows shuts down. */
static seep_status describe_service(SC_HANDLE service, seep_error *error)
{
  static wchar_t text[] =
      L"Watches all processes for memory leaks, records the guilty call stacks and tells in the "
      L"Application event log.";
  SERVICE_DESCRIPTIONW description = {text};
  SC_ACTION restart = {SC_ACTION_RESTART, RESTART_DELAY_MS};
  SC_ACTION actions[3] = {restart, restart, restart};
  SERVICE_FAILURE_ACTIONSW failure = {
      .dwResetPeriod = FAILURES_FORGOTTEN_AFTER_S, .cActions = 3, .lpsaActions = actions};
  SERVICE_FAILURE_ACTIONS_FLAG flag = {TRUE};
  SERVICE_PRESHUTDOWN_INFO shutdown = {PRESHUTDOWN_MS};
  if (!ChangeServiceConfig2W(service, SERVICE_CONFIG_DESCRIPTION, &description) ||
      !ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &failure)) {
    return seep_win_error_set(error, GetLastError(), "ChangeServiceConfig2", "seepwatch");
  }
  /* Wine knows no failure flag; without it only crashes restart the service, which is no reason to fail. */
  (void)ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &flag);
  /* A recording that is being saved at a planned restart needs more than the 10 s. Refused, it is no reason
   * to fail either: what is cut off is found and finished at the next start. */
  (void)ChangeServiceConfig2W(service, SERVICE_CONFIG_PRESHUTDOWN_INFO, &shutdown);
  return SEEP_OK;
}

/* "C:\Program Files\Seepwatch\seepwatch.exe" service: quoted, or a space in the path would choose another
 * program. */
static wchar_t *service_command_line(void)
{
  static const wchar_t tail[] = L"\" service";
  DWORD size = 260;
  wchar_t *line = NULL;
  for (;;) {
    wchar_t *grown = realloc(line, ((size_t)size + 1 + sizeof tail / sizeof tail[0]) * sizeof *line);
    if (grown == NULL) {
      free(line);
      return NULL;
    }
    line = grown;
    DWORD length = GetModuleFileNameW(NULL, line + 1, size);
    if (length > 0 && length < size) {
      line[0] = L'"';
      memcpy(line + 1 + length, tail, sizeof tail);
      return line;
    }
    if (length == 0 || size > 32768) {
      free(line);
      return NULL;
    }
    size *= 2;
  }
}

/* A path with a space and without quotes lets a program beside it be started in its place. Windows Installer
 * writes it so where the installer's engine does not quote (Wine's); a path that somebody quoted is left as
 * it is. */
static seep_status quote_path(SC_HANDLE service, seep_error *error)
{
  DWORD needed = 0;
  (void)QueryServiceConfigW(service, NULL, 0, &needed);
  QUERY_SERVICE_CONFIGW *config = malloc(needed > 0 ? needed : 1);
  wchar_t *line = service_command_line();
  seep_status status = SEEP_OK;
  if (config == NULL || line == NULL) {
    status = seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "service path", "");
  } else if (!QueryServiceConfigW(service, config, needed, &needed)) {
    status = seep_win_error_set(error, GetLastError(), "QueryServiceConfig", "seepwatch");
  } else if (config->lpBinaryPathName[0] != L'"' &&
             !ChangeServiceConfigW(service, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, line,
                                   NULL, NULL, NULL, NULL, NULL, NULL)) {
    status = seep_win_error_set(error, GetLastError(), "ChangeServiceConfig", "seepwatch");
  }
  free(line);
  free(config);
  return status;
}

static seep_status create_service(SC_HANDLE manager, SC_HANDLE *service, seep_error *error)
{
  wchar_t *line = service_command_line();
  if (line == NULL) {
    return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "own path", "");
  }
  *service = CreateServiceW(manager, SEEP_SERVICE_NAME, SEEP_SERVICE_DISPLAY_NAME, SERVICE_ALL_ACCESS,
                            SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, line, NULL,
                            NULL, NULL, NULL, NULL);
  DWORD code = GetLastError();
  free(line);
  return *service != NULL ? SEEP_OK : seep_win_error_set(error, code, "CreateService", "seepwatch");
}

int seep_cmd_install(int argc, char **argv)
{
  SC_HANDLE manager, service;
  seep_error error = {0};
  if (argc > 1) {
    return seep_cli_fail(argv[0], SEEP_EXIT_USAGE, argv[1], "this verb takes no arguments");
  }
  seep_status status =
      open_service(SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE,
                   SERVICE_CHANGE_CONFIG | SERVICE_QUERY_CONFIG | SERVICE_START, &manager, &service, &error);
  bool created = false;
  if (status != SEEP_OK && manager != NULL && error.code == ERROR_SERVICE_DOES_NOT_EXIST) {
    status = create_service(manager, &service, &error);
    created = status == SEEP_OK;
  }
  if (status == SEEP_OK) {
    status = quote_path(service, &error);
  }
  if (status == SEEP_OK) {
    status = describe_service(service, &error);
  }
  close_service(manager, service);
  if (status != SEEP_OK) {
    return fail_error(argv[0], status, &error);
  }
  printf("%s\n", created ? "service seepwatch registered; start it with: sc start seepwatch"
                         : "service seepwatch was registered already: description and recovery actions set");
  return SEEP_EXIT_DONE;
}

static bool query_status(SC_HANDLE service, SERVICE_STATUS_PROCESS *now, seep_error *error)
{
  DWORD needed = 0;
  if (QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)now, sizeof *now, &needed)) {
    return true;
  }
  (void)seep_win_error_set(error, GetLastError(), "QueryServiceStatusEx", "seepwatch");
  return false;
}

/* A service that is still starting refuses the control, so it is sent until it is obeyed. One that saves a
 * recording may take an hour, but its check point moves on all the while. */
static seep_status wait_for_stopped(SC_HANDLE service, seep_error *error)
{
  const ULONGLONG begun_ms = GetTickCount64();
  ULONGLONG changed_ms = begun_ms, now_ms = begun_ms;
  SERVICE_STATUS_PROCESS now, before = {0};
  SERVICE_STATUS status;
  while (now_ms - changed_ms < STOP_PATIENCE_MS && now_ms - begun_ms < STOP_AT_LONGEST_MS) {
    if (!query_status(service, &now, error)) {
      return error->status;
    }
    if (now.dwCurrentState == SERVICE_STOPPED) {
      return SEEP_OK;
    }
    if (now.dwCurrentState != SERVICE_STOP_PENDING) {
      (void)ControlService(service, SERVICE_CONTROL_STOP, &status);
    }
    if (now.dwCurrentState != before.dwCurrentState || now.dwCheckPoint != before.dwCheckPoint) {
      changed_ms = now_ms;
      before = now;
    }
    Sleep(100);
    now_ms = GetTickCount64();
  }
  return seep_error_set(error, SEEP_TIMED_OUT, SEEP_DOMAIN_NONE, 0, "stopping the service", "seepwatch");
}

/* STOPPED is said a moment before the process ends, and only then can its file be replaced or removed: waits
 * for both. */
static seep_status stop_and_wait(SC_HANDLE service, seep_error *error)
{
  SERVICE_STATUS_PROCESS now = {0};
  HANDLE process = NULL;
  if (!query_status(service, &now, error)) {
    return error->status;
  }
  if (now.dwProcessId != 0) {
    process = OpenProcess(SYNCHRONIZE, FALSE, now.dwProcessId);
  }
  seep_status result = wait_for_stopped(service, error);
  if (process != NULL) {
    if (result == SEEP_OK && WaitForSingleObject(process, STOP_PATIENCE_MS) != WAIT_OBJECT_0) {
      result = seep_error_set(error, SEEP_TIMED_OUT, SEEP_DOMAIN_NONE, 0, "waiting for the end of",
                              "seepwatch.exe");
    }
    CloseHandle(process);
  }
  return result;
}

/* Recordings and tracing flags that the service has left behind, through its journal. */
static seep_status undo_leftovers(seep_error *error)
{
  seep_wiring *wiring = NULL;
  seep_wiring_options options = {.undo_only = true};
  seep_status status = seep_wiring_new(&options, &wiring, error);
  if (status == SEEP_OK) {
    status = seep_watchdog_run(seep_wiring_watchdog(wiring), error);
  }
  (void)seep_wiring_free(wiring);
  return status;
}

/* Without a service there may still be what it has left behind. */
static int uninstall_without_service(const char *verb, bool undo_only, const seep_error *missing)
{
  seep_error error = {0};
  seep_status status = undo_leftovers(&error);
  if (status != SEEP_OK) {
    return fail_error(verb, status, &error);
  }
  printf("no service seepwatch; nothing of its recordings and tracing flags is left\n");
  if (!undo_only) {
    (void)fail_error(verb, missing->status, missing);
  }
  return undo_only ? SEEP_EXIT_DONE : SEEP_EXIT_NOT_FOUND;
}

static int fail_service(const char *verb, seep_status status, const seep_error *error)
{
  int exit_code =
      error->code == ERROR_SERVICE_DOES_NOT_EXIST ? SEEP_EXIT_NOT_FOUND : seep_cli_exit_code(status);
  (void)fail_error(verb, status, error);
  return exit_code;
}

static const char *uninstalled_text(bool stop_only, bool undo_only)
{
  if (stop_only) {
    return "service seepwatch stopped";
  }
  return undo_only ? "service seepwatch stopped; nothing of its recordings and tracing flags is left"
                   : "service seepwatch removed; its data and configuration stay";
}

int seep_cmd_uninstall(int argc, char **argv)
{
  SC_HANDLE manager, service;
  seep_error error = {0};
  bool stop_only = argc == 2 && strcmp(argv[1], "--stop-only") == 0;
  bool undo_only = argc == 2 && strcmp(argv[1], "--undo-only") == 0;
  if (argc > 1 && !stop_only && !undo_only) {
    return seep_cli_fail(argv[0], SEEP_EXIT_USAGE, argv[1], "unknown option");
  }
  seep_status status = open_service(SC_MANAGER_CONNECT, SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE,
                                    &manager, &service, &error);
  if (status != SEEP_OK && error.code == ERROR_SERVICE_DOES_NOT_EXIST && !stop_only) {
    close_service(manager, service);
    return uninstall_without_service(argv[0], undo_only, &error);
  }
  if (status == SEEP_OK) {
    status = stop_and_wait(service, &error);
  }
  if (status == SEEP_OK && !stop_only) {
    status = undo_leftovers(&error);
  }
  if (status == SEEP_OK && !stop_only && !undo_only && !DeleteService(service)) {
    status = seep_win_error_set(&error, GetLastError(), "DeleteService", "seepwatch");
  }
  close_service(manager, service);
  if (status != SEEP_OK) {
    return fail_service(argv[0], status, &error);
  }
  printf("%s\n", uninstalled_text(stop_only, undo_only));
  return SEEP_EXIT_DONE;
}
