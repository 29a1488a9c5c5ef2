/* Runs a program (wpr.exe, or ourselves to read a recording): one call at a time, both its pipes drained,
 * with a deadline. */
#ifndef SEEP_PORT_TRACER_H
#define SEEP_PORT_TRACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Saving a large trace takes minutes at normal priority on a busy server, and much less at a high one
 * (reference: wpr-and-ifeo, 11.5 and 11.6). */
typedef enum seep_tracer_priority {
  SEEP_TRACER_PRIORITY_NORMAL = 0,
  SEEP_TRACER_PRIORITY_LOW,
  SEEP_TRACER_PRIORITY_HIGH,
  SEEP_TRACER_PRIORITY_IDLE /* only where nobody else wants the processor */
} seep_tracer_priority;

typedef struct seep_tracer_call {
  const char *const *arguments; /* after the program's name, NULL-terminated, UTF-8; borrowed */
  int64_t deadline_ms;
  bool kill_at_deadline;         /* with all it has started; else it is left alone then */
  seep_tracer_priority priority; /* wished for; a refusal is no error */
  uint64_t maximum_memory_bytes; /* not 0: it and all it starts may commit no more, and end when we do; a
                                  * refusal is no error */
} seep_tracer_call;

typedef struct seep_tracer_result {
  bool timed_out; /* killed at the deadline, or left running where killing would do harm */
  uint32_t exit_code;
  char output[1024]; /* the last of what it printed, both streams, for people only */
} seep_tracer_result;

typedef void (*seep_tracer_done)(void *context, const seep_tracer_result *result);

typedef struct seep_tracer {
  void *context;
  /* When it returns SEEP_OK, done is called exactly once, on the loop thread and never from inside run;
   * otherwise never. SEEP_NOT_FOUND: no such program; SEEP_BUSY: a call is out; SEEP_DENIED, SEEP_NO_MEMORY,
   * SEEP_OS: it could not be started. */
  seep_status (*run)(void *context, const seep_tracer_call *call, seep_tracer_done done, void *done_context,
                     seep_error *error);
  /* Gives up waiting: done is not called any more; the program is ended, or left to finish by itself. */
  void (*detach)(void *context, bool kill);
} seep_tracer;

#endif
