/* port/event_feed on Windows: a thread that keeps a subscription to Event 2004 alive, whatever happens to the
 * log. */
#ifndef SEEP_WIN_WIN_EVENT_FEED_H
#define SEEP_WIN_WIN_EVENT_FEED_H

#include "base/status.h"
#include "port/event_feed.h"

/* SEEP_NO_MEMORY, SEEP_OS. A missing wevtapi.dll is told through state(), like every other reason not to be
 * up. */
seep_status seep_win_event_feed_new(seep_event_feed *port, seep_error *error);

/* Stops, releases what new made and clears *port; nothing to do for a cleared one. */
void seep_win_event_feed_free(seep_event_feed *port);

/* As new, with the two things that tests change: the event log functions (win_late.h; NULL = System32's
 * wevtapi.dll), so that a stand-in can be bound without replacing system files, and how often the
 * subscription is made anew. */
struct seep_win_late_wevtapi;
seep_status seep_win_event_feed_new_on(seep_event_feed *port, const struct seep_win_late_wevtapi *api,
                                       unsigned renew_ms, seep_error *error);

#endif
