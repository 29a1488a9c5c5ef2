/*
 * Events of Windows' resource exhaustion detector as they happen. A feed owns a thread and its recovery; the
 * sink is called on that thread and must copy and return at once. The bookmark is moved by whoever wrote the
 * alert: it is handed over with each event and given back at the next start, so an event is told at least
 * once and, with its record id, at most once.
 */
#ifndef SEEP_PORT_EVENT_FEED_H
#define SEEP_PORT_EVENT_FEED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* Two feeds with the same functions, each with a bookmark of its own. */
typedef enum seep_feed {
  SEEP_FEED_EXHAUSTION = 0, /* Event 2004 in the System log */
  SEEP_FEED_NOTICES,        /* 1003 and 1008 in the detector's own log, which need not exist */
  SEEP_FEEDS
} seep_feed;

typedef struct seep_event_feed_sink {
  void *context;
  /* xml and bookmark: UTF-8, borrowed for the call; bookmark_size 0 when it could not be made. xml NULL and
   * xml_size 0: an event came whose text could not be had. false: no room now; the feed keeps the event and
   * offers it again, until it is taken or the feed stops. */
  bool (*event)(void *context, const char *xml, size_t xml_size, const char *bookmark, size_t bookmark_size);
  /* up = false: no events until it is up again; error says why. Called on changes only. */
  void (*state)(void *context, bool up, const seep_error *error);
} seep_event_feed_sink;

typedef struct seep_event_feed {
  void *context;
  /* Starts the thread. A subscription that fails is not an error here: it is told through state() and tried
   * again. bookmark: text of an earlier one, or NULL for the first run ever. The sink must live until stop
   * returns. */
  seep_status (*start)(void *context, const seep_event_feed_sink *sink, const char *bookmark,
                       seep_error *error);
  /* Asks the thread to end and returns at once; the second that stop may take begins here, so several feeds
   * end within one. NULL: there is no such step. May be called without a start. */
  void (*begin_stop)(void *context);
  /* Ends the thread within a second; afterwards the sink is not called. May be called without a start, and
   * without begin_stop. */
  void (*stop)(void *context);
} seep_event_feed;

#endif
