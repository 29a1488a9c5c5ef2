/*
 * One job for one call. It gets no limits of itself: with JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE our own end,
 * which closes all our handles, would end a -stop in the middle of a merge. A child that nobody misses is
 * confined: it gets that very limit, and one for the memory that it commits (documented: a commit beyond
 * JobMemoryLimit fails inside the child). Nor may its members be kept from
 * leaving or joining anything: since Windows 8 jobs nest, so it does not matter whether the service itself
 * was put into one. Wine 8 has all that is used here.
 */
#include "win/win_job.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <windows.h>

/* For people who look: libuv ends a process with the same code. */
#define ENDED_EXIT_CODE 1u

static bool assign(HANDLE job, DWORD pid)
{
  HANDLE process = OpenProcess(PROCESS_SET_QUOTA | PROCESS_TERMINATE, FALSE, pid);
  bool assigned = process != NULL && AssignProcessToJobObject(job, process);
  if (process != NULL) {
    CloseHandle(process);
  }
  return assigned;
}

static void *take(void *context, unsigned process_id)
{
  (void)context;
  HANDLE job = CreateJobObjectW(NULL, NULL);
  if (job != NULL && !assign(job, process_id)) {
    CloseHandle(job);
    job = NULL;
  }
  return job;
}

static void confine(void *context, void *group, uint64_t maximum_bytes)
{
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;
  (void)context;
  memset(&limits, 0, sizeof limits);
  limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_JOB_MEMORY;
  limits.JobMemoryLimit = maximum_bytes > SIZE_MAX ? SIZE_MAX : (SIZE_T)maximum_bytes;
  (void)SetInformationJobObject(group, JobObjectExtendedLimitInformation, &limits, sizeof limits);
}

static void end(void *context, void *group)
{
  (void)context;
  (void)TerminateJobObject(group, ENDED_EXIT_CODE);
}

static void leave(void *context, void *group)
{
  (void)context;
  CloseHandle(group);
}

void seep_win_job_guard(seep_child_guard *guard)
{
  *guard = (seep_child_guard){.context = NULL, .take = take, .confine = confine, .end = end, .leave = leave};
}
