/* What a process is to Windows: may it be restarted, and as what. */
#ifndef SEEP_WIN_PROCESS_ROLE_H
#define SEEP_WIN_PROCESS_ROLE_H

#include <stdbool.h>

#include "port/tracing_flags.h"

/* As seep_tracing_flags.role. */
seep_status seep_win_process_role(seep_process_key key, seep_port_process_role *role, seep_error *error);

/* Adds a name to role->services. What does not fit whole is told by ", ..." at the end, and *full is set:
 * nothing is added from then on. */
void seep_win_process_role_add_service(seep_port_process_role *role, bool *full, const char *name);

#endif
