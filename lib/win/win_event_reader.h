/*
 * One pull subscription to events of Windows' exhaustion detector: open it, drain it, close it, again from
 * where it was. It has no thread and little patience: every failure but a moment's lack of memory goes up to
 * win_event_feed, which waits and tries again. For win_event_feed.c only.
 */
#ifndef SEEP_WIN_WIN_EVENT_READER_H
#define SEEP_WIN_WIN_EVENT_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "win/win_event_feed.h"
#include "win/win_late.h"

typedef struct seep_win_event_reader seep_win_event_reader;

/* What the reader needs from its owner while it drains. xml and bookmark: UTF-8, borrowed for the call; xml
 * NULL for an event whose text could not be had. */
typedef struct seep_win_event_reader_sink {
  void *context;
  void (*event)(void *context, const char *xml, size_t xml_size, const char *bookmark, size_t bookmark_size);
  /* Waits that long, 0 = not at all. true: stop. */
  bool (*cancelled)(void *context, unsigned wait_ms);
} seep_win_event_reader_sink;

/* signal: an auto-reset event of the owner; it is set when there may be something to drain. api: copied, or
 * NULL for System32's, which is loaded now and, if that fails, again at each open. SEEP_NO_MEMORY. */
seep_status seep_win_event_reader_new(HANDLE signal, seep_win_feed_kind kind,
                                      const seep_win_late_wevtapi *api, seep_win_event_reader **out,
                                      seep_error *error);
void seep_win_event_reader_free(seep_win_event_reader *reader);

/* Where to begin: an earlier bookmark, or NULL for the last 24 hours. The reader must be closed. */
seep_status seep_win_event_reader_begin(seep_win_event_reader *reader, const char *bookmark,
                                        seep_error *error);

/* Subscribes after the last event given out, and sets the signal. */
seep_status seep_win_event_reader_open(seep_win_event_reader *reader, seep_error *error);
/* The same for a reader that is open. SEEP_NO_MEMORY: it goes on with the subscription it has. After any
 * other failure it is closed. */
seep_status seep_win_event_reader_renew(seep_win_event_reader *reader, seep_error *error);
void seep_win_event_reader_close(seep_win_event_reader *reader);

/* Gives out what is there, oldest first. SEEP_OK: nothing left, wait for the signal. SEEP_CANCELLED: the sink
 * said so. Anything else: the subscription is worth nothing any more. */
seep_status seep_win_event_reader_drain(seep_win_event_reader *reader, const seep_win_event_reader_sink *sink,
                                        seep_error *error);

#endif
