#include "watch/inbox.h"

#include <stdlib.h>
#include <string.h>

#include <uv.h>

struct seep_inbox {
  uv_mutex_t lock;
  size_t first, count;
  bool controls[SEEP_INBOX_SAVE_NOW + 1]; /* by kind */
  struct {
    bool told; /* the other two have not been taken yet */
    bool up;
    seep_error error;
  } feeds[SEEP_FEEDS];
  seep_inbox_item out; /* what take gave out last; senders may fill its slot again */
  seep_inbox_item slots[SEEP_INBOX_SLOTS];
};

seep_inbox *seep_inbox_new(void)
{
  seep_inbox *inbox = malloc(sizeof *inbox);
  if (inbox == NULL) {
    return NULL;
  }
  memset(inbox, 0, sizeof *inbox); /* touches the slots: they are ours before memory is short */
  if (uv_mutex_init(&inbox->lock) != 0) {
    free(inbox);
    return NULL;
  }
  return inbox;
}

void seep_inbox_free(seep_inbox *inbox)
{
  if (inbox != NULL) {
    uv_mutex_destroy(&inbox->lock);
    free(inbox);
  }
}

void seep_inbox_put(seep_inbox *inbox, seep_inbox_kind kind)
{
  uv_mutex_lock(&inbox->lock);
  inbox->controls[kind] = true;
  uv_mutex_unlock(&inbox->lock);
}

void seep_inbox_put_feed(seep_inbox *inbox, seep_feed feed, bool up, const seep_error *error)
{
  static const seep_error none;
  uv_mutex_lock(&inbox->lock);
  inbox->feeds[feed].told = true;
  inbox->feeds[feed].up = up;
  inbox->feeds[feed].error = error != NULL ? *error : none;
  uv_mutex_unlock(&inbox->lock);
}

static void fill(seep_inbox_item *item, seep_feed feed, const char *text, size_t text_bytes,
                 const char *bookmark, size_t bookmark_bytes)
{
  item->kind = SEEP_INBOX_EVENT;
  item->feed = feed;
  item->oversized = text_bytes > SEEP_INBOX_TEXT_BYTES;
  item->text_bytes = item->oversized ? 0 : text_bytes;
  item->bookmark_bytes = bookmark_bytes <= SEEP_INBOX_BOOKMARK_BYTES ? bookmark_bytes : 0;
  if (item->text_bytes > 0) {
    memcpy(item->text, text, item->text_bytes);
  }
  if (item->bookmark_bytes > 0) {
    memcpy(item->bookmark, bookmark, item->bookmark_bytes);
  }
}

bool seep_inbox_put_event(seep_inbox *inbox, seep_feed feed, const char *text, size_t text_bytes,
                          const char *bookmark, size_t bookmark_bytes)
{
  uv_mutex_lock(&inbox->lock);
  bool taken = inbox->count < SEEP_INBOX_SLOTS;
  if (taken) {
    fill(&inbox->slots[(inbox->first + inbox->count) % SEEP_INBOX_SLOTS], feed, text, text_bytes, bookmark,
         bookmark_bytes);
    inbox->count++;
  }
  uv_mutex_unlock(&inbox->lock);
  return taken;
}

/* With the lock held; NULL when no control waits. */
static const seep_inbox_item *take_control(seep_inbox *inbox)
{
  for (int kind = SEEP_INBOX_STOP; kind <= SEEP_INBOX_SAVE_NOW; kind++) {
    if (inbox->controls[kind]) {
      inbox->controls[kind] = false;
      inbox->out.kind = (seep_inbox_kind)kind;
      return &inbox->out;
    }
  }
  return NULL;
}

/* Likewise; NULL when no feed's state waits. */
static const seep_inbox_item *take_feed(seep_inbox *inbox)
{
  for (int feed = 0; feed < SEEP_FEEDS; feed++) {
    if (inbox->feeds[feed].told) {
      inbox->feeds[feed].told = false;
      inbox->out.kind = inbox->feeds[feed].up ? SEEP_INBOX_FEED_UP : SEEP_INBOX_FEED_DOWN;
      inbox->out.feed = (seep_feed)feed;
      inbox->out.error = inbox->feeds[feed].error;
      return &inbox->out;
    }
  }
  return NULL;
}

static const seep_inbox_item *take_event(seep_inbox *inbox)
{
  if (inbox->count == 0) {
    return NULL;
  }
  const seep_inbox_item *item = &inbox->slots[inbox->first];
  fill(&inbox->out, item->feed, item->text, item->text_bytes, item->bookmark, item->bookmark_bytes);
  inbox->out.oversized = item->oversized;
  inbox->first = (inbox->first + 1) % SEEP_INBOX_SLOTS;
  inbox->count--;
  return &inbox->out;
}

const seep_inbox_item *seep_inbox_take(seep_inbox *inbox)
{
  uv_mutex_lock(&inbox->lock);
  const seep_inbox_item *result = take_control(inbox);
  if (result == NULL) {
    result = take_feed(inbox);
  }
  if (result == NULL) {
    result = take_event(inbox);
  }
  uv_mutex_unlock(&inbox->lock);
  return result;
}
