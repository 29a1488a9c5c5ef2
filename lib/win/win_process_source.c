/*
 * One call brings all processes: no process is opened, so protected ones are seen like any other and nothing
 * changes in the system by looking. The bytes are handed on as they are; observe/snapshot reads them. The
 * buffer is kept between polls and only grows, because the poll must still work when memory is short.
 */
#include "win/win_process_source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <windows.h>
/* psapi.h needs windows.h before it */
#include <psapi.h>

#include "win/win_error.h"
#include "win/win_late.h"

/* About 400 processes with 10 threads each fit the first size; the limit is far above what Windows can hold
 * alive. */
#define FIRST_BYTES ((size_t)1024 * 1024)
#define MAXIMUM_BYTES ((size_t)256 * 1024 * 1024)
#define GRANULARITY_BYTES ((size_t)64 * 1024)

typedef struct source {
  seep_win_late_query_system_information query;
  uint8_t *data;
  size_t size;
} source;

static size_t round_up(size_t bytes)
{
  return (bytes + GRANULARITY_BYTES - 1) / GRANULARITY_BYTES * GRANULARITY_BYTES;
}

/* A quarter of headroom: processes may be born between the answer and the next try. */
static size_t next_size(size_t size, size_t wanted)
{
  size_t base = wanted > size && wanted <= MAXIMUM_BYTES ? wanted : size;
  size_t grown = round_up(base + base / 4);
  return grown > MAXIMUM_BYTES ? MAXIMUM_BYTES : grown;
}

/* The old bytes are not needed, so they are given back first: both at once is what a server without memory
 * lacks. */
static seep_status resize(source *self, size_t bytes, seep_error *error)
{
  if (self->data != NULL) {
    VirtualFree(self->data, 0, MEM_RELEASE);
  }
  self->size = 0;
  self->data = VirtualAlloc(NULL, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  if (self->data == NULL) {
    return seep_win_error_set(error, GetLastError(), "VirtualAlloc", NULL);
  }
  self->size = bytes;
  return SEEP_OK;
}

static seep_status query_processes(source *self, size_t *used, seep_error *error)
{
  if (self->data == NULL) {
    seep_status status = resize(self, FIRST_BYTES, error);
    if (status != SEEP_OK) {
      return status;
    }
  }
  for (;;) {
    ULONG returned = 0;
    LONG result = self->query(SEEP_WIN_LATE_PROCESS_INFORMATION, self->data, (ULONG)self->size, &returned);
    if (result >= 0) {
      *used = returned > 0 && returned <= self->size ? returned : self->size;
      return SEEP_OK;
    }
    if (result != SEEP_WIN_LATE_STATUS_LENGTH_MISMATCH) {
      return seep_win_error_set_nt(error, result, "NtQuerySystemInformation", NULL);
    }
    if (self->size >= MAXIMUM_BYTES) {
      return seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_NT, (int64_t)(uint32_t)result,
                            "NtQuerySystemInformation", "more than 256 MB of processes");
    }
    seep_status status = resize(self, next_size(self->size, returned), error);
    if (status != SEEP_OK) {
      return status;
    }
  }
}

static seep_status query_memory(seep_system_memory *memory, seep_error *error)
{
  PERFORMANCE_INFORMATION info = {0};
  if (!GetPerformanceInfo(&info, sizeof info)) {
    return seep_win_error_set(error, GetLastError(), "GetPerformanceInfo", NULL);
  }
  uint64_t page_bytes = info.PageSize;
  memory->commit_total_bytes = info.CommitTotal * page_bytes;
  memory->commit_limit_bytes = info.CommitLimit * page_bytes;
  memory->physical_total_bytes = info.PhysicalTotal * page_bytes;
  memory->physical_available_bytes = info.PhysicalAvailable * page_bytes;
  memory->paged_pool_bytes = info.KernelPaged * page_bytes;
  memory->nonpaged_pool_bytes = info.KernelNonpaged * page_bytes;
  return SEEP_OK;
}

static seep_status fetch(void *context, seep_process_bytes *out, seep_error *error)
{
  source *self = context;
  seep_system_memory memory;
  seep_status status = query_memory(&memory, error);
  if (status != SEEP_OK) {
    return status;
  }
  size_t used = 0;
  status = query_processes(self, &used, error);
  if (status != SEEP_OK) {
    return status;
  }
  out->data = self->data;
  out->size = used;
  out->base_address = (uint64_t)(uintptr_t)self->data;
  out->memory = memory;
  return SEEP_OK;
}

seep_status seep_win_process_source_new(seep_process_source *port, seep_error *error)
{
  source *self = calloc(1, sizeof *self);
  if (self == NULL) {
    return seep_win_error_set(error, ERROR_NOT_ENOUGH_MEMORY, "process source", NULL);
  }
  self->query = seep_win_late_find_query_system_information();
  if (self->query == NULL) {
    free(self);
    return seep_win_error_set(error, ERROR_PROC_NOT_FOUND, "GetProcAddress", "NtQuerySystemInformation");
  }
  seep_status status = resize(self, FIRST_BYTES, error);
  if (status != SEEP_OK) {
    free(self);
    return status;
  }
  port->context = self;
  port->fetch = fetch;
  return SEEP_OK;
}

void seep_win_process_source_free(seep_process_source *port)
{
  source *self = port->context;
  if (self == NULL) {
    return;
  }
  if (self->data != NULL) {
    VirtualFree(self->data, 0, MEM_RELEASE);
  }
  free(self);
  port->context = NULL;
  port->fetch = NULL;
}
