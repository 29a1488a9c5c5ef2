/* Where alerts go: the Application event log on Windows. */
#ifndef SEEP_PORT_ALERT_SINK_H
#define SEEP_PORT_ALERT_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct seep_alert_sink {
  void *context;
  /* level: 0 information, 1 warning, 2 error. inserts: UTF-8, none empty. Called on the loop thread; must not
   * block long and must work when memory is short. */
  seep_status (*write)(void *context, uint32_t id, int level, const char *const *inserts, size_t insert_count,
                       seep_error *error);
} seep_alert_sink;

#endif
