#include "watch/inbox.h"

#include <stdlib.h>
#include <string.h>

#include <uv.h>

struct seep_inbox {
  uv_mutex_t lock;
  size_t first, count;
  bool controls[SEEP_INBOX_SAVE_NOW + 1]; /* by kind */
  bool feed_told;                         /* feed_up and feed_error have not been taken yet */
  bool feed_up;
  seep_error feed_error;
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

void seep_inbox_put(seep_inbox *inbox, seep_inbox_kind kind)
{
  uv_mutex_lock(&inbox->lock);
  inbox->controls[kind] = true;
  uv_mutex_unlock(&inbox->lock);
}

void seep_inbox_put_feed(seep_inbox *inbox, bool up, const seep_error *error)
{
  static const seep_error none;
  uv_mutex_lock(&inbox->lock);
  inbox->feed_told = true;
  inbox->feed_up = up;
  inbox->feed_error = error != NULL ? *error : none;
  uv_mutex_unlock(&inbox->lock);
}

static void fill(seep_inbox_item *item, const char *text, size_t text_bytes, const char *bookmark,
                 size_t bookmark_bytes)
{
  item->kind = SEEP_INBOX_EVENT;
  memcpy(item->text, text, text_bytes);
  item->text_bytes = text_bytes;
  if (bookmark_bytes > 0) {
    memcpy(item->bookmark, bookmark, bookmark_bytes);
  }
  item->bookmark_bytes = bookmark_bytes;
}

bool seep_inbox_put_event(seep_inbox *inbox, const char *text, size_t text_bytes, const char *bookmark,
                          size_t bookmark_bytes)
{
  bool taken = true;
  uv_mutex_lock(&inbox->lock);
  if (text_bytes > SEEP_INBOX_TEXT_BYTES || bookmark_bytes > SEEP_INBOX_BOOKMARK_BYTES) {
    inbox->lost++;
  } else if (inbox->count == SEEP_INBOX_SLOTS) {
    taken = false;
  } else {
    fill(&inbox->slots[(inbox->first + inbox->count) % SEEP_INBOX_SLOTS], text, text_bytes, bookmark,
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

const seep_inbox_item *seep_inbox_take(seep_inbox *inbox)
{
  uv_mutex_lock(&inbox->lock);
  const seep_inbox_item *result = take_control(inbox);
  if (result == NULL && inbox->feed_told) {
    inbox->feed_told = false;
    inbox->out.kind = inbox->feed_up ? SEEP_INBOX_FEED_UP : SEEP_INBOX_FEED_DOWN;
    inbox->out.error = inbox->feed_error;
    result = &inbox->out;
  } else if (result == NULL && inbox->count > 0) {
    const seep_inbox_item *item = &inbox->slots[inbox->first];
    fill(&inbox->out, item->text, item->text_bytes, item->bookmark, item->bookmark_bytes);
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
