/* The registry's tracing flags by image, and what is known of a process that is to be restarted for one. All
 * calls are short and made on the loop thread. */
#ifndef SEEP_PORT_TRACING_FLAGS_H
#define SEEP_PORT_TRACING_FLAGS_H

#include <stdbool.h>

#include "base/status.h"
#include "capture/tracing_flag.h"
#include "observe/snapshot.h"

#define SEEP_PORT_SERVICES_SIZE 192

typedef struct seep_port_process_role {
  bool is_critical;                       /* Windows stops when it ends */
  bool is_protected;                      /* it may not be looked into, so it must not be changed */
  char services[SEEP_PORT_SERVICES_SIZE]; /* names of the services it hosts, "A, B"; "" when none */
} seep_port_process_role;

typedef struct seep_tracing_flags {
  void *context; /* all functions NULL: there is no registry here */
  /* SEEP_OK also where key or value do not exist. SEEP_DENIED, SEEP_OS. image is a plain file name, UTF-8. */
  seep_status (*read)(void *context, const char *image, seep_tracing_flag_state *state, seep_error *error);
  /* edit WRITE (makes the key where it is not there), DELETE or DELETE_KEY. What is gone already is no error.
   */
  seep_status (*edit)(void *context, const char *image, seep_tracing_flag_edit edit, uint32_t number,
                      seep_error *error);
  /* SEEP_GONE when it is not there any more. A process that may not be asked is told as protected. */
  seep_status (*role)(void *context, seep_process_key key, seep_port_process_role *role, seep_error *error);
} seep_tracing_flags;

#endif
