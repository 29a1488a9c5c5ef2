/* port/alert_sink on Windows: the Application event log, through one source handle that is kept. */
#ifndef SEEP_WIN_WIN_ALERT_SINK_H
#define SEEP_WIN_WIN_ALERT_SINK_H

#include "base/status.h"
#include "port/alert_sink.h"

/* source: the registered event source, UTF-8. Succeeds also while the event log service is not up yet: the
 * source is then opened by the first write that can. SEEP_NO_MEMORY. */
seep_status seep_win_alert_sink_new(seep_alert_sink *port, const char *source, seep_error *error);

/* Releases what new made and clears *port; nothing to do for a cleared one. */
void seep_win_alert_sink_free(seep_alert_sink *port);

#endif
