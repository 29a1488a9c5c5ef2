#include "watch/inbox.h"

#include <stdlib.h>
#include <string.h>

#include <uv.h>

struct seep_inbox {
  uv_mutex_t lock;
  size_t first, count;
  bool stop; /* kept apart from the slots: a full queue must not swallow it */
  uint64_t lost;
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

/* With the lock held: the next free slot, or NULL and one more lost. */
static seep_inbox_item *claim(seep_inbox *inbox, seep_inbox_kind kind)
{
  if (inbox->count == SEEP_INBOX_SLOTS) {
    inbox->lost++;
    return NULL;
  }
  seep_inbox_item *item = &inbox->slots[(inbox->first + inbox->count) % SEEP_INBOX_SLOTS];
  inbox->count++;
  item->kind = kind;
  item->text_bytes = 0;
  item->bookmark_bytes = 0;
  return item;
}

bool seep_inbox_put(seep_inbox *inbox, seep_inbox_kind kind)
{
  bool fits = true;
  uv_mutex_lock(&inbox->lock);
  if (kind == SEEP_INBOX_STOP) {
    inbox->stop = true;
  } else {
    fits = claim(inbox, kind) != NULL;
  }
  uv_mutex_unlock(&inbox->lock);
  return fits;
}

bool seep_inbox_put_event(seep_inbox *inbox, const char *text, size_t text_bytes, const char *bookmark,
                          size_t bookmark_bytes)
{
  seep_inbox_item *item = NULL;
  uv_mutex_lock(&inbox->lock);
  if (text_bytes > sizeof item->text || bookmark_bytes > sizeof item->bookmark) {
    inbox->lost++;
  } else {
    item = claim(inbox, SEEP_INBOX_EVENT);
  }
  if (item != NULL) {
    memcpy(item->text, text, text_bytes);
    item->text_bytes = text_bytes;
    if (bookmark_bytes > 0) {
      memcpy(item->bookmark, bookmark, bookmark_bytes);
    }
    item->bookmark_bytes = bookmark_bytes;
  }
  uv_mutex_unlock(&inbox->lock);
  return item != NULL;
}

bool seep_inbox_put_feed(seep_inbox *inbox, bool up, const seep_error *error)
{
  uv_mutex_lock(&inbox->lock);
  seep_inbox_item *item = claim(inbox, up ? SEEP_INBOX_FEED_UP : SEEP_INBOX_FEED_DOWN);
  if (item != NULL) {
    memset(&item->error, 0, sizeof item->error);
    if (error != NULL) {
      item->error = *error;
    }
  }
  uv_mutex_unlock(&inbox->lock);
  return item != NULL;
}

const seep_inbox_item *seep_inbox_take(seep_inbox *inbox)
{
  const seep_inbox_item *result = NULL;
  uv_mutex_lock(&inbox->lock);
  if (inbox->stop) {
    inbox->stop = false;
    inbox->out.kind = SEEP_INBOX_STOP;
    result = &inbox->out;
  } else if (inbox->count > 0) {
    const seep_inbox_item *item = &inbox->slots[inbox->first];
    inbox->out.kind = item->kind;
    inbox->out.error = item->error;
    inbox->out.text_bytes = item->text_bytes;
    inbox->out.bookmark_bytes = item->bookmark_bytes;
    memcpy(inbox->out.text, item->text, item->text_bytes);
    memcpy(inbox->out.bookmark, item->bookmark, item->bookmark_bytes);
    inbox->first = (inbox->first + 1) % SEEP_INBOX_SLOTS;
    inbox->count--;
    result = &inbox->out;
  }
  uv_mutex_unlock(&inbox->lock);
  return result;
}

uint64_t seep_inbox_lost(seep_inbox *inbox)
{
  uv_mutex_lock(&inbox->lock);
  uint64_t lost = inbox->lost;
  inbox->lost = 0;
  uv_mutex_unlock(&inbox->lock);
  return lost;
}
