/*
 * The only door into the loop from other threads. Events lie in a bounded queue whose slots exist before they
 * are needed (an Event 2004 comes when memory has run out); a full one says so and the sender keeps the
 * event. Controls are flags and the feed's state is the latest one, so neither can be lost. Nobody blocks.
 * uv_async_send coalesces: the receiver drains everything at each wake-up.
 */
#ifndef SEEP_WATCH_INBOX_H
#define SEEP_WATCH_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "port/event_feed.h"

#define SEEP_INBOX_SLOTS 16
#define SEEP_INBOX_TEXT_BYTES (32u * 1024u)
#define SEEP_INBOX_BOOKMARK_BYTES 1024u

typedef enum seep_inbox_kind {
  SEEP_INBOX_EVENT = 0, /* of `feed`: text and bookmark */
  SEEP_INBOX_FEED_UP,
  SEEP_INBOX_FEED_DOWN, /* error */
  SEEP_INBOX_STOP,
  SEEP_INBOX_RELOAD,   /* paramchange */
  SEEP_INBOX_POLL_NOW, /* control 128 */
  SEEP_INBOX_STATUS,   /* control 129 */
  SEEP_INBOX_ABANDON,  /* control 130 */
  SEEP_INBOX_SAVE_NOW  /* control 131 */
} seep_inbox_kind;

typedef struct seep_inbox_item {
  seep_inbox_kind kind;
  seep_feed feed; /* EVENT, FEED_* */
  bool oversized; /* EVENT: the text did not fit and is empty */
  seep_error error;
  size_t text_bytes, bookmark_bytes;
  char text[SEEP_INBOX_TEXT_BYTES];
  char bookmark[SEEP_INBOX_BOOKMARK_BYTES];
} seep_inbox_item;

typedef struct seep_inbox seep_inbox;

seep_inbox *seep_inbox_new(void);
void seep_inbox_free(seep_inbox *inbox);

/* Any thread. A control: twice before it is taken is once. */
void seep_inbox_put(seep_inbox *inbox, seep_inbox_kind kind);
/* The state as it is now; error may be NULL. */
void seep_inbox_put_feed(seep_inbox *inbox, seep_feed feed, bool up, const seep_error *error);
/* false = no room at the moment. Of one too large for any slot only that it came is passed on. */
bool seep_inbox_put_event(seep_inbox *inbox, seep_feed feed, const char *text, size_t text_bytes,
                          const char *bookmark, size_t bookmark_bytes);

/* The loop's thread: what is most urgent (a STOP, other controls, the feed's state, then events by age),
 * valid until the next take; NULL when there is nothing. */
const seep_inbox_item *seep_inbox_take(seep_inbox *inbox);

#endif
