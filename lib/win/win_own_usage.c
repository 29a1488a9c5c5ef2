/*
 * Three documented calls on the pseudo handle of this process; none can fail for lack of rights.
 */
#include "win/win_own_usage.h"

#include <stddef.h>

#include <windows.h>
/* psapi.h needs windows.h before it */
#include <psapi.h>

#include "win/win_error.h"

static uint64_t time_100ns(FILETIME time)
{
  return (uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime;
}

static seep_status read_usage(void *context, seep_own_usage *out)
{
  (void)context;
  HANDLE self = GetCurrentProcess();
  PROCESS_MEMORY_COUNTERS counters = {0};
  FILETIME created, ended, kernel, user;
  DWORD handles = 0;
  counters.cb = sizeof counters;
  if (!GetProcessMemoryInfo(self, &counters, sizeof counters) ||
      !GetProcessTimes(self, &created, &ended, &kernel, &user) || !GetProcessHandleCount(self, &handles)) {
    return seep_win_error_status(GetLastError());
  }
  out->private_bytes = counters.PagefileUsage;
  out->cpu_100ns = time_100ns(kernel) + time_100ns(user);
  out->handles = handles;
  return SEEP_OK;
}

void seep_win_own_usage_init(seep_own_usage_source *port)
{
  port->context = NULL;
  port->read = read_usage;
}
