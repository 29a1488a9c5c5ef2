/*
 * The feeds of Windows' own events: kept running while the configuration wants them, each from its own
 * bookmark; what they bring goes through the inbox to the engine.
 */
#include "watch/watchdog_internal.h"

#define FEED_RETRY_MS 30000
#define DIAGNOSIS_PATIENCE_MS (5u * 60u * 1000u)
#define DIAGNOSIS_RETRY_MS 30000
#define DIAGNOSIS_AGAIN_MS (60u * 60u * 1000u)

const char *seep_watchdog__bookmark_name(seep_feed feed)
{
  static const char *const names[SEEP_FEEDS] = {
      [SEEP_FEED_EXHAUSTION] = "event2004.bookmark", [SEEP_FEED_NOTICES] = "notices.bookmark"};
  return names[feed];
}

static bool take_event(void *context, const char *xml, size_t xml_size, const char *bookmark,
                       size_t bookmark_size)
{
  seep_watchdog_feed *feed = context;
  /* One without a text goes the way of one whose text is too long: that it came is what counts. */
  size_t text_bytes = xml != NULL ? xml_size : SEEP_INBOX_TEXT_BYTES + 1;
  bool taken =
      seep_inbox_put_event(feed->watchdog->inbox, feed->which, xml, text_bytes, bookmark, bookmark_size);
  seep_watchdog__wake(feed->watchdog);
  return taken;
}

static void take_state(void *context, bool up, const seep_error *error)
{
  seep_watchdog_feed *feed = context;
  seep_inbox_put_feed(feed->watchdog->inbox, feed->which, up, error);
  seep_watchdog__wake(feed->watchdog);
}

void seep_watchdog__make_feeds(seep_watchdog *watchdog)
{
  for (int which = 0; which < SEEP_FEEDS; which++) {
    seep_watchdog_feed *feed = &watchdog->feeds[which];
    feed->watchdog = watchdog;
    feed->which = (seep_feed)which;
    feed->sink = (seep_event_feed_sink){feed, take_event, take_state};
  }
}

static void start(seep_watchdog *watchdog, seep_watchdog_feed *feed)
{
  char bookmark[SEEP_INBOX_BOOKMARK_BYTES];
  size_t length = 0;
  seep_error error = {0};
  const seep_event_feed *port = &watchdog->options.feeds[feed->which];
  bool known = watchdog->store != NULL &&
               seep_store_value_get(watchdog->store, seep_watchdog__bookmark_name(feed->which), bookmark,
                                    sizeof bookmark, &length, NULL) == SEEP_OK;
  seep_status status = port->start(port->context, &feed->sink, known ? bookmark : NULL, &error);
  feed->running = status == SEEP_OK;
  if (status != SEEP_OK) {
    seep_engine_feed_state(watchdog->engine, seep_watchdog__now(watchdog), feed->which, false, &error);
  }
}

/* All are asked before any is waited for: a hanging event log service holds the loop for one second, not for
 * one after the other. */
void seep_watchdog__stop_feeds(seep_watchdog *watchdog)
{
  const seep_event_feed *ports = watchdog->options.feeds;
  for (int which = 0; which < SEEP_FEEDS; which++) {
    if (watchdog->feeds[which].running && ports[which].begin_stop != NULL) {
      ports[which].begin_stop(ports[which].context);
    }
  }
  for (int which = 0; which < SEEP_FEEDS; which++) {
    if (watchdog->feeds[which].running) {
      watchdog->feeds[which].running = false;
      ports[which].stop(ports[which].context);
    }
  }
}

void seep_watchdog__keep_feeds(seep_watchdog *watchdog)
{
  bool wanted = seep_engine_settings_in_force(watchdog->engine)->event2004_enabled && !watchdog->stopping &&
                !watchdog->options.undo_only;
  if (!wanted && !watchdog->stopping) {
    seep_watchdog__stop_feeds(watchdog);
  }
  for (int which = 0; wanted && which < SEEP_FEEDS; which++) {
    seep_watchdog_feed *feed = &watchdog->feeds[which];
    if (watchdog->options.feeds[which].start == NULL || uv_now(&watchdog->loop) < feed->retry_ms) {
      continue;
    }
    if (!feed->running) {
      feed->retry_ms = uv_now(&watchdog->loop) + FEED_RETRY_MS;
      start(watchdog, feed);
    }
  }
}

void seep_watchdog__retry_feeds(seep_watchdog *watchdog)
{
  for (int which = 0; which < SEEP_FEEDS; which++) {
    watchdog->feeds[which].retry_ms = 0;
  }
}

void seep_watchdog__take_event(seep_watchdog *watchdog, const seep_inbox_item *item)
{
  seep_now now = seep_watchdog__now(watchdog);
  const char *text = item->oversized ? NULL : item->text;
  if (item->feed == SEEP_FEED_NOTICES) {
    seep_engine_memory_notice(watchdog->engine, now, text, item->text_bytes, item->bookmark,
                              item->bookmark_bytes);
  } else {
    seep_engine_exhaustion(watchdog->engine, now, text, item->text_bytes, item->bookmark,
                           item->bookmark_bytes);
  }
}

/* After a boot the service that writes them may be started later than we are. */
static bool may_be_starting(const seep_diagnosis *diagnosis)
{
  return diagnosis->service == SEEP_DIAGNOSIS_SERVICE_STOPPED;
}

void seep_watchdog__read_diagnosis(seep_watchdog *watchdog)
{
  const seep_diagnosis_source *source = &watchdog->options.diagnosis;
  seep_diagnosis diagnosis = {0};
  uint64_t passed_ms = uv_now(&watchdog->loop) - watchdog->began_ms;
  if (source->read == NULL || watchdog->options.undo_only || passed_ms < watchdog->diagnosis_due_ms) {
    return;
  }
  source->read(source->context, &diagnosis);
  if (may_be_starting(&diagnosis) && passed_ms < DIAGNOSIS_PATIENCE_MS) {
    watchdog->diagnosis_due_ms = passed_ms + DIAGNOSIS_RETRY_MS;
    return;
  }
  watchdog->diagnosis_due_ms = passed_ms + DIAGNOSIS_AGAIN_MS;
  seep_engine_diagnosis(watchdog->engine, &diagnosis);
}
