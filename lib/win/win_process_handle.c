/*
 * A process that has exited stays while anybody has a handle of it, and fails in many ways that look like
 * refusals. Whoever takes it for one that may not be looked at never looks again, so the two are told apart
 * here, once for everybody.
 */
#include "win/win_process_handle.h"

#include "win/win_error.h"

#define ENDED_MEANWHILE "ended while it was looked at"

static seep_status gone(const char *operation, const char *subject, seep_error *error)
{
  return seep_error_set(error, SEEP_GONE, SEEP_DOMAIN_NONE, 0, operation, subject);
}

HANDLE seep_win_process_handle_open(DWORD access, uint32_t pid)
{
  HANDLE process = OpenProcess(access | SYNCHRONIZE, FALSE, pid);
  return process != NULL || GetLastError() != ERROR_ACCESS_DENIED ? process : OpenProcess(access, FALSE, pid);
}

/* Waiting tells it surely, where the right to wait was granted; a process can exit with the code that means
 * it has not. The code is set before the process can be waited for, so it tells some that are just ending. */
bool seep_win_process_handle_has_exited(HANDLE process)
{
  DWORD code = STILL_ACTIVE;
  return WaitForSingleObject(process, 0) == WAIT_OBJECT_0 ||
         (GetExitCodeProcess(process, &code) && code != STILL_ACTIVE);
}

/* Of a process that grants nothing else. */
static bool has_exited_unseen(uint32_t pid)
{
  HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, pid);
  bool exited = process != NULL && WaitForSingleObject(process, 0) == WAIT_OBJECT_0;
  if (process != NULL) {
    CloseHandle(process);
  }
  return exited;
}

seep_status seep_win_process_handle_refused(DWORD code, uint32_t pid, seep_error *error)
{
  /* The first is what OpenProcess has for a PID that nobody has. */
  return code == ERROR_INVALID_PARAMETER || (code == ERROR_ACCESS_DENIED && has_exited_unseen(pid))
             ? gone("OpenProcess", NULL, error)
             : seep_win_error_set(error, code, "OpenProcess", NULL);
}

seep_status seep_win_process_handle_failed(HANDLE process, DWORD code, bool granted, const char *operation,
                                           seep_error *error)
{
  if (seep_win_process_handle_has_exited(process)) {
    return gone(operation, ENDED_MEANWHILE, error);
  }
  if (code == ERROR_ACCESS_DENIED && granted) {
    return seep_error_set(error, SEEP_OS, SEEP_DOMAIN_WIN32, (int64_t)code, operation,
                          "refused, though the right to it was granted: it may be ending");
  }
  return seep_win_error_set(error, code, operation, NULL);
}

seep_status seep_win_process_handle_check(HANDLE process, seep_process_key *key, seep_error *error)
{
  FILETIME created, ended, kernel, user;
  if (!GetProcessTimes(process, &created, &ended, &kernel, &user)) {
    return seep_win_process_handle_failed(process, GetLastError(), true, "GetProcessTimes", error);
  }
  seep_filetime began = (seep_filetime)created.dwHighDateTime << 32 | created.dwLowDateTime;
  if ((key->created != 0 && key->created != began) || GetProcessId(process) != key->pid ||
      seep_win_process_handle_has_exited(process)) {
    return gone("OpenProcess", NULL, error);
  }
  key->created = began;
  return SEEP_OK;
}
