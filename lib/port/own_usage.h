/* What the watchdog itself costs. */
#ifndef SEEP_PORT_OWN_USAGE_H
#define SEEP_PORT_OWN_USAGE_H

#include <stdint.h>

#include "base/status.h"

typedef struct seep_own_usage {
  uint64_t private_bytes;
  uint64_t cpu_100ns; /* kernel + user since the process began */
  uint32_t handles;
} seep_own_usage;

typedef struct seep_own_usage_source {
  void *context;
  seep_status (*read)(void *context, seep_own_usage *out);
} seep_own_usage_source;

#endif
