/*
 * One pull subscription to Event 2004 in the System log: open it, drain it, close it, again from where it
 * was. It has no thread and no patience: every failure goes up to win_event_feed, which waits and tries
 * again. For win_event_feed.c only.
 */
#ifndef SEEP_WIN_WIN_EVENT_READER_H
#define SEEP_WIN_WIN_EVENT_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "win/win_late.h"

typedef struct seep_win_event_reader seep_win_event_reader;

/* What the reader needs from its owner while it drains. xml and bookmark: UTF-8, borrowed for the call. */
typedef struct seep_win_event_reader_sink {
  void *context;
  void (*event)(void *context, const char *xml, size_t xml_size, const char *bookmark, size_t bookmark_size);
  bool (*cancelled)(void *context);
} seep_win_event_reader_sink;

/* signal: an auto-reset event of the owner; it is set when there may be something to drain. api: copied, or
 * NULL for System32's, which is loaded now and, if that fails, again at each open. SEEP_NO_MEMORY. */
seep_status seep_win_event_reader_new(HANDLE signal, const seep_win_late_wevtapi *api,
                                      seep_win_event_reader **out, seep_error *error);
void seep_win_event_reader_free(seep_win_event_reader *reader);

/* Where to begin: an earlier bookmark, or NULL for the last 24 hours. The reader must be closed. */
seep_status seep_win_event_reader_begin(seep_win_event_reader *reader, const char *bookmark,
                                        seep_error *error);

/* Subscribes after the last event given out, and sets the signal. */
seep_status seep_win_event_reader_open(seep_win_event_reader *reader, seep_error *error);
void seep_win_event_reader_close(seep_win_event_reader *reader);

/* Gives out what is there, oldest first. SEEP_OK: nothing left, wait for the signal. SEEP_CANCELLED: the sink
 * said so. Anything else: the subscription is worth nothing any more. */
seep_status seep_win_event_reader_drain(seep_win_event_reader *reader, const seep_win_event_reader_sink *sink,
                                        seep_error *error);

#endif
