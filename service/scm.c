#include "scm.h"

#include <windows.h>

#include "cli/cli.h"
#include "watch/watchdog.h"
#include "wiring.h"

/* Wait hints: how long the SCM should believe us before it thinks we hang. A start opens the database and may
 * repair it; a stop is done within 5 s. */
#define START_HINT_MS 30000
#define STOP_HINT_MS 6000 /* again and again while a recording is being saved */

/* User-defined controls (sc control seepwatch N). */
#define CONTROL_POLL_NOW 128
#define CONTROL_STATUS 129
#define CONTROL_ABANDON 130
#define CONTROL_SAVE_NOW 131

/* One service per process: the SCM calls back without a context at the start. Guarded by `lock`. */
static struct {
  CRITICAL_SECTION lock;
  SERVICE_STATUS_HANDLE handle;
  SERVICE_STATUS status;
  seep_watchdog *watchdog; /* NULL before and after it can take controls */
  int exit_code;
} scm;

/* The only place that talks to the SCM; called with the lock held. */
static void report(DWORD state, DWORD wait_hint_ms)
{
  bool pending = state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING;
  scm.status.dwCheckPoint = !pending                             ? 0
                            : scm.status.dwCurrentState == state ? scm.status.dwCheckPoint + 1
                                                                 : 1;
  scm.status.dwCurrentState = state;
  scm.status.dwWaitHint = wait_hint_ms;
  scm.status.dwControlsAccepted =
      state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_PRESHUTDOWN | SERVICE_ACCEPT_PARAMCHANGE
                               : 0;
  (void)SetServiceStatus(scm.handle, &scm.status);
}

static void set_state(DWORD state, DWORD wait_hint_ms)
{
  EnterCriticalSection(&scm.lock);
  report(state, wait_hint_ms);
  LeaveCriticalSection(&scm.lock);
}

/* With the lock held. false: the watchdog takes no controls (yet, or any more). */
static bool post(seep_control control)
{
  if (scm.watchdog == NULL) {
    return false;
  }
  seep_watchdog_post(scm.watchdog, control);
  return true;
}

static DWORD handle_control(DWORD control)
{
  switch (control) {
  case SERVICE_CONTROL_STOP:
  case SERVICE_CONTROL_PRESHUTDOWN:
    report(SERVICE_STOP_PENDING, STOP_HINT_MS);
    (void)post(SEEP_CONTROL_STOP);
    return NO_ERROR;
  case SERVICE_CONTROL_INTERROGATE:
    (void)SetServiceStatus(scm.handle, &scm.status);
    return NO_ERROR;
  case SERVICE_CONTROL_PARAMCHANGE:
    return post(SEEP_CONTROL_RELOAD) ? NO_ERROR : ERROR_SERVICE_CANNOT_ACCEPT_CTRL;
  case CONTROL_POLL_NOW:
    return post(SEEP_CONTROL_POLL_NOW) ? NO_ERROR : ERROR_SERVICE_CANNOT_ACCEPT_CTRL;
  case CONTROL_STATUS:
    return post(SEEP_CONTROL_STATUS) ? NO_ERROR : ERROR_SERVICE_CANNOT_ACCEPT_CTRL;
  case CONTROL_ABANDON:
    return post(SEEP_CONTROL_ABANDON) ? NO_ERROR : ERROR_SERVICE_CANNOT_ACCEPT_CTRL;
  case CONTROL_SAVE_NOW:
    return post(SEEP_CONTROL_SAVE_NOW) ? NO_ERROR : ERROR_SERVICE_CANNOT_ACCEPT_CTRL;
  default:
    return ERROR_CALL_NOT_IMPLEMENTED;
  }
}

static DWORD WINAPI control_handler(DWORD control, DWORD event_type, LPVOID event_data, LPVOID context)
{
  (void)event_type;
  (void)event_data;
  (void)context;
  EnterCriticalSection(&scm.lock);
  DWORD answer = handle_control(control);
  LeaveCriticalSection(&scm.lock);
  return answer;
}

static void watchdog_running(void *context)
{
  (void)context;
  set_state(SERVICE_RUNNING, 0);
}

/* Each call is a checkpoint: the SCM sees that we do not hang. */
static void watchdog_stopping(void *context)
{
  (void)context;
  set_state(SERVICE_STOP_PENDING, STOP_HINT_MS);
}

static void stopped(seep_status status, const seep_error *error)
{
  EnterCriticalSection(&scm.lock);
  scm.exit_code = seep_cli_exit_code(status);
  scm.status.dwWin32ExitCode = NO_ERROR;
  if (status != SEEP_OK) {
    bool windows = error->domain == SEEP_DOMAIN_WIN32 && error->code > 0;
    scm.status.dwWin32ExitCode = windows ? (DWORD)error->code : ERROR_SERVICE_SPECIFIC_ERROR;
    scm.status.dwServiceSpecificExitCode = windows ? 0 : (DWORD)scm.exit_code;
  }
  report(SERVICE_STOPPED, 0);
  LeaveCriticalSection(&scm.lock);
}

static VOID WINAPI service_main(DWORD argc, LPWSTR *argv)
{
  seep_error error = {0};
  seep_wiring *wiring = NULL;
  (void)argc;
  (void)argv;
  scm.handle = RegisterServiceCtrlHandlerExW(SEEP_SERVICE_NAME, control_handler, NULL);
  if (scm.handle == NULL) {
    return;
  }
  set_state(SERVICE_START_PENDING, START_HINT_MS);
  seep_wiring_options options = {.running = watchdog_running, .stopping = watchdog_stopping};
  seep_status status = seep_wiring_new(&options, &wiring, &error);
  if (status == SEEP_OK) {
    EnterCriticalSection(&scm.lock);
    scm.watchdog = seep_wiring_watchdog(wiring);
    LeaveCriticalSection(&scm.lock);
    set_state(SERVICE_START_PENDING, START_HINT_MS);
    status = seep_watchdog_run(scm.watchdog, &error);
    EnterCriticalSection(&scm.lock);
    scm.watchdog = NULL;
    LeaveCriticalSection(&scm.lock);
  }
  bool is_free = seep_wiring_free(wiring);
  stopped(status, &error); /* last: after this the process may end at any moment */
  if (!is_free) {
    seep_wiring_end_process(scm.exit_code);
  }
}

int seep_scm_service(int argc, char **argv)
{
  static wchar_t name[] = SEEP_SERVICE_NAME;
  const SERVICE_TABLE_ENTRYW table[] = {{name, service_main}, {NULL, NULL}};
  if (argc > 1) {
    return seep_cli_fail(argv[0], SEEP_EXIT_USAGE, argv[1], "this verb takes no arguments");
  }
  InitializeCriticalSection(&scm.lock);
  scm.status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
  if (!StartServiceCtrlDispatcherW(table)) {
    DWORD code = GetLastError();
    if (code == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
      return seep_cli_fail(argv[0], SEEP_EXIT_USAGE, "not started by the service control manager",
                           "use 'sc start seepwatch', or 'seepwatch run' for a console");
    }
    return seep_cli_fail(argv[0], SEEP_EXIT_FAILED, "service control manager",
                         "the dispatcher could not be started");
  }
  return scm.exit_code;
}
