/* Runs the recorder program (wpr.exe): one call at a time, both its pipes drained, with a deadline. */
#ifndef SEEP_PORT_TRACER_H
#define SEEP_PORT_TRACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct seep_tracer_result {
  bool timed_out; /* killed at the deadline, or left running where killing would do harm */
  uint32_t exit_code;
  char output[1024]; /* the last of what it printed, both streams, for people only */
} seep_tracer_result;

typedef void (*seep_tracer_done)(void *context, const seep_tracer_result *result);

typedef struct seep_tracer {
  void *context;
  /* arguments: after the program's name, NULL-terminated, UTF-8. When it returns SEEP_OK, done is called
   * exactly once, on the loop thread and never from inside run; otherwise never. SEEP_NOT_FOUND: no such
   * program; SEEP_BUSY: a call is out; SEEP_DENIED, SEEP_NO_MEMORY, SEEP_OS: it could not be started. */
  seep_status (*run)(void *context, const char *const *arguments, int64_t deadline_ms, bool kill_at_deadline,
                     seep_tracer_done done, void *done_context, seep_error *error);
  /* Gives up waiting: done is not called any more; the program is ended, or left to finish by itself. */
  void (*detach)(void *context, bool kill);
} seep_tracer;

#endif
