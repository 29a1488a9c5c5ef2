/*
 * Sends a control code to a service: control SERVICE CODE. sc.exe does this on Windows, but Wine's has no
 * "control". Exit codes: 0 accepted; 1 refused, with the error's number on stderr; 2 usage.
 */
#include <windows.h>

#include <stdio.h>
#include <wchar.h>

int wmain(int argument_count, wchar_t **arguments);

int wmain(int argument_count, wchar_t **arguments)
{
  if (argument_count != 3) {
    fprintf(stderr, "usage: control SERVICE CODE\n");
    return 2;
  }
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
  SC_HANDLE service = NULL;
  if (manager != NULL) {
    service = OpenServiceW(manager, arguments[1],
                           SERVICE_USER_DEFINED_CONTROL | SERVICE_PAUSE_CONTINUE | SERVICE_INTERROGATE);
  }
  SERVICE_STATUS status;
  if (service == NULL || !ControlService(service, (DWORD)wcstoul(arguments[2], NULL, 10), &status)) {
    fprintf(stderr, "control: error %lu\n", GetLastError());
    return 1;
  }
  return 0;
}
