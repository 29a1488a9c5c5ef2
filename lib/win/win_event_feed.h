/* port/event_feed on Windows: a thread that keeps a subscription to what Windows' exhaustion detector writes
 * alive, whatever happens to the log. Two feeds, because one missing log would fail a common subscription;
 * each has its own thread, buffers and bookmark. */
#ifndef SEEP_WIN_WIN_EVENT_FEED_H
#define SEEP_WIN_WIN_EVENT_FEED_H

#include "base/status.h"
#include "port/event_feed.h"

typedef enum seep_win_feed_kind {
  SEEP_WIN_FEED_EXHAUSTION = 0, /* Event 2004 in System */
  /* Events 1003 and 1008 in the detector's Operational log. Not every Windows has that log: state() tells
   * Windows' code 15007 once, and it is looked for again as seldom as a working subscription is renewed. */
  SEEP_WIN_FEED_NOTICES
} seep_win_feed_kind;

/* SEEP_NO_MEMORY, SEEP_OS. A missing wevtapi.dll is told through state(), like every other reason not to be
 * up. */
seep_status seep_win_event_feed_new(seep_event_feed *port, seep_win_feed_kind kind, seep_error *error);

/* Stops, releases what new made and clears *port; nothing to do for a cleared one. */
void seep_win_event_feed_free(seep_event_feed *port);

/* As new, with the two things that tests change: the event log functions (win_late.h; NULL = System32's
 * wevtapi.dll), so that a stand-in can be bound without replacing system files, and how often the
 * subscription is made anew. */
struct seep_win_late_wevtapi;
seep_status seep_win_event_feed_new_on(seep_event_feed *port, seep_win_feed_kind kind,
                                       const struct seep_win_late_wevtapi *api, unsigned renew_ms,
                                       seep_error *error);

#endif
