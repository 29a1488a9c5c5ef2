/* How another service is, asked with the least rights: nothing here can change one. */
#ifndef SEEP_WIN_WIN_SERVICE_H
#define SEEP_WIN_WIN_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct seep_win_service_state {
  uint32_t state; /* SERVICE_STOPPED ... SERVICE_PAUSED */
  uint32_t pid;   /* 0 when it does not run */
  uint32_t exit_code;
} seep_win_service_state;

/* name: the short one, UTF-8. SEEP_NOT_FOUND: there is no such service; SEEP_DENIED. */
seep_status seep_win_service_state_of(const char *name, seep_win_service_state *out, seep_error *error);

/* *start_type: SERVICE_AUTO_START, SERVICE_DEMAND_START, SERVICE_DISABLED ... */
seep_status seep_win_service_start_type_of(const char *name, uint32_t *start_type, seep_error *error);

/* It runs, or is about to. */
bool seep_win_service_runs(const seep_win_service_state *state);

/* "running", "stop pending" ...; "unknown" for what Windows does not document. Never NULL. */
const char *seep_win_service_state_text(uint32_t state);

#endif
