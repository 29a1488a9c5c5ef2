/* port/own_usage on Windows: what this very process uses; the watchdog holds itself to the budget it
 * promises. */
#ifndef SEEP_WIN_WIN_OWN_USAGE_H
#define SEEP_WIN_WIN_OWN_USAGE_H

#include "port/own_usage.h"

/* private_bytes is the commit charge, as the poll sees it for other processes. */
void seep_win_own_usage_init(seep_own_usage_source *port);

#endif
