/*
 * The watchdog's hand in the store: which one is in use, what is written into it, what is made of a refusal.
 * Nothing here calls the engine but seep_watchdog__tell_* and the taking over: the rest runs inside its
 * commands.
 */
#include "watch/watchdog_internal.h"

#include <stdlib.h>
#include <string.h>

#define STORE_RETRY_MS SEEP_MS_PER_MINUTE
#define POLLS_PER_PRUNE 20
/* History that can only be kept in memory must not become the leak. */
#define MEMORY_STORE_BYTES (8u * 1024u * 1024u)
#define KNOWN_EXHAUSTIONS_MS (25 * SEEP_MS_PER_HOUR)
#define HISTORY_TOLD "history.capped" /* its name in the store */

/* The engine hears of it from settle: a command must not call back into it. */
static void note_storage(seep_watchdog *watchdog, bool ok, const seep_error *error)
{
  if (ok && watchdog->storage_noted && !watchdog->storage_ok) {
    return;
  }
  watchdog->storage_noted = true;
  watchdog->storage_ok = ok;
  if (!ok) {
    watchdog->storage_error = *error;
  }
}

void seep_watchdog__open_store(seep_watchdog *watchdog)
{
  seep_store_opening opening;
  seep_error error = {0};
  seep_now now = seep_watchdog__now(watchdog);
  seep_store *store = NULL;
  memset(&opening, 0, sizeof opening);
  seep_status status = watchdog->folder_error.status;
  error = watchdog->folder_error;
  if (!watchdog->folder_unusable) {
    status = seep_store_open(watchdog->store_path, now.wall, watchdog->options.store_files, &store, &opening,
                             &error);
  }
  if (opening.set_aside[0] != '\0') {
    seep_text_copy(watchdog->set_aside, sizeof watchdog->set_aside, opening.set_aside);
  }
  if (status != SEEP_OK) {
    if (watchdog->store == NULL) {
      (void)seep_store_open(":memory:", now.wall, NULL, &watchdog->store, &opening, NULL);
      watchdog->store_exchanged = true;
    }
    watchdog->store_is_file = false;
    watchdog->store_retry.ms = now.mono.ms + STORE_RETRY_MS;
    note_storage(watchdog, false, &error);
    return;
  }
  seep_store_close(watchdog->store);
  watchdog->store = store;
  watchdog->store_is_file = true;
  watchdog->store_exchanged = true;
  watchdog->prune_noted = false;
  watchdog->events_wait = false;
  note_storage(watchdog, true, NULL);
}

/* Books a write that failed; that all is well is said by the poll alone, which always writes. A file store
 * that fails stays in use: it may have room again later. */
static void note_store(seep_watchdog *watchdog, seep_status status, const seep_error *error)
{
  if (status == SEEP_OK) {
    return;
  }
  note_storage(watchdog, false, error);
  if (status == SEEP_CORRUPT && watchdog->store_is_file) {
    seep_store_close(watchdog->store);
    watchdog->store = NULL;
    watchdog->store_is_file = false;
    watchdog->store_retry.ms = 0; /* the next poll opens it, and opening sets a damaged file aside */
  }
}

/* ---- what was said ---- */

/* Writes down the alerts that wait. false when the store refused one: then they stay, in order. */
static bool keep_events(seep_watchdog *watchdog)
{
  while (watchdog->event_count > 0 && watchdog->store != NULL && watchdog->store_is_file) {
    seep_error error = {0};
    seep_status status = seep_store_event_add(watchdog->store, &watchdog->events[0], &error);
    if (status != SEEP_OK && status != SEEP_INVALID) { /* invalid will not be better next time */
      watchdog->events_wait = true;
      note_store(watchdog, status, &error);
      return false;
    }
    watchdog->event_count--;
    memmove(watchdog->events, watchdog->events + 1, watchdog->event_count * sizeof watchdog->events[0]);
  }
  return true;
}

void seep_watchdog__keep_event(seep_watchdog *watchdog, const seep_alert *alert)
{
  const char *image = seep_alert_insert(alert, "image");
  const char *pid = seep_alert_insert(alert, "pid");
  if (watchdog->event_count == SEEP_WATCHDOG_EVENTS) {
    watchdog->event_count--; /* the newest tell more about what is going on */
    memmove(watchdog->events, watchdog->events + 1, watchdog->event_count * sizeof watchdog->events[0]);
  }
  seep_store_event *event = &watchdog->events[watchdog->event_count++];
  memset(event, 0, sizeof *event);
  event->wall = seep_watchdog__now(watchdog).wall;
  event->event = alert->id;
  seep_text_copy(event->level, sizeof event->level, seep_alert_level_text(alert->level));
  seep_text_copy(event->image, sizeof event->image, image != NULL ? image : "");
  event->pid = pid != NULL ? (uint32_t)strtoul(pid, NULL, 10) : 0;
  (void)seep_alert_text(alert, event->text, sizeof event->text);
  if (!watchdog->events_wait) {
    (void)keep_events(watchdog);
  }
}

/* ---- the undo journal ---- */

seep_status seep_watchdog__add_journal(seep_watchdog *watchdog, const char *kind, const char *text,
                                       int64_t *id)
{
  seep_error error = {0};
  seep_store_journal_entry entry = {.written = seep_watchdog__now(watchdog).wall};
  seep_text_copy(entry.kind, sizeof entry.kind, kind);
  seep_text_copy(entry.subject, sizeof entry.subject, text);
  seep_status status = watchdog->store != NULL && watchdog->store_is_file
                           ? seep_store_journal_add(watchdog->store, &entry, &error)
                           : SEEP_GONE;
  *id = entry.id;
  return status;
}

void seep_watchdog__remove_journal_later(seep_watchdog *watchdog, int64_t id)
{
  size_t place = 0;
  while (place < SEEP_WATCHDOG_REMOVALS && watchdog->journal_remove_again[place] != 0 &&
         watchdog->journal_remove_again[place] != id) {
    place++;
  }
  if (id != 0 &&
      place < SEEP_WATCHDOG_REMOVALS) { /* else the next start finds it, and that nothing is left of it */
    watchdog->journal_remove_again[place] = id;
  }
  if (id == watchdog->journal_id) {
    watchdog->journal_id = 0;
  }
}

/* A row that was refused, and then the promises whose recording it is about. */
void seep_watchdog__tend_journal(seep_watchdog *watchdog)
{
  seep_error error = {0};
  if (watchdog->capture_waits && watchdog->store != NULL && watchdog->store_is_file) {
    seep_status status = seep_store_capture_add(watchdog->store, &watchdog->capture, &error);
    watchdog->capture_waits = status != SEEP_OK && status != SEEP_INVALID;
  }
  for (size_t i = 0; !watchdog->capture_waits && i < SEEP_WATCHDOG_REMOVALS; i++) {
    seep_watchdog__remove_journal(watchdog, watchdog->journal_remove_again[i]);
  }
}

void seep_watchdog__remove_journal(seep_watchdog *watchdog, int64_t id)
{
  seep_error error = {0};
  if (id == 0) {
    return;
  }
  seep_status status =
      watchdog->store != NULL ? seep_store_journal_remove(watchdog->store, id, &error) : SEEP_GONE;
  for (size_t i = 0; status == SEEP_OK && i < SEEP_WATCHDOG_REMOVALS; i++) {
    if (watchdog->journal_remove_again[i] == id) {
      watchdog->journal_remove_again[i] = 0;
    }
  }
  if (status != SEEP_OK) {
    seep_watchdog__remove_journal_later(watchdog, id);
  }
  if (status != SEEP_GONE) {
    note_store(watchdog, status, &error);
  }
  if (id == watchdog->journal_id) {
    watchdog->journal_id = 0;
  }
}

/* ---- polls ---- */

/* What it led to is told to the engine by settle. History in memory is cut short without a word: that it is
 * there only has been said. */
static void prune(seep_watchdog *watchdog, seep_wall now)
{
  const seep_settings *settings = seep_engine_settings_in_force(watchdog->engine);
  seep_store_limits limits = {.raw_from = {now.ms - settings->store_retention_ms},
                              .hourly_from = {now.ms - seep_settings_hourly_ms(settings)},
                              .maximum_bytes = settings->store_maximum_bytes};
  seep_error error = {0};
  if (++watchdog->polls_since_prune < POLLS_PER_PRUNE) {
    return;
  }
  watchdog->polls_since_prune = 0;
  if (!watchdog->store_is_file && limits.maximum_bytes > MEMORY_STORE_BYTES) {
    limits.maximum_bytes = MEMORY_STORE_BYTES;
  }
  seep_status status = seep_store_prune(watchdog->store, &limits, &watchdog->pruned, &error);
  watchdog->prune_noted = status == SEEP_OK && watchdog->store_is_file;
  watchdog->pruned_to_bytes = limits.maximum_bytes;
  note_store(watchdog, status, &error);
}

void seep_watchdog__store_poll(seep_watchdog *watchdog, seep_command *command)
{
  const seep_store_poll *poll = &command->as.poll.content;
  seep_error error = {0};
  if (!watchdog->store_is_file && seep_watchdog__now(watchdog).mono.ms >= watchdog->store_retry.ms) {
    seep_watchdog__open_store(watchdog);
  }
  if (watchdog->store == NULL) {
    return;
  }
  for (size_t i = 0; watchdog->store_exchanged && i < poll->count; i++) {
    poll->samples[i].store_id = 0;
  }
  seep_status status = seep_store_append_poll(watchdog->store, poll, &error);
  command->as.poll.done = status;
  note_store(watchdog, status, &error);
  if (status == SEEP_OK && watchdog->store_is_file) {
    watchdog->events_wait = false;
    if (keep_events(watchdog)) {
      note_storage(watchdog, true, NULL);
    }
    seep_watchdog__tend_journal(watchdog);
  }
  if (watchdog->store != NULL) {
    prune(watchdog, poll->now.wall);
  }
}

/* ---- small rows ---- */

/* A case's id from another store would name a stranger's row: those wait until the engine has been told. */
void seep_watchdog__store_row(seep_watchdog *watchdog, seep_command *command)
{
  seep_error error = {0};
  seep_status status = SEEP_OK;
  bool is_bookmark = command->kind == SEEP_COMMAND_BOOKMARK;
  bool names_a_case =
      !is_bookmark && command->kind != SEEP_COMMAND_LINEAGE_KEEP && command->kind != SEEP_COMMAND_EXHAUSTION;
  seep_watchdog_feed *feed = is_bookmark ? &watchdog->feeds[command->as.bookmark.feed] : NULL;
  if (is_bookmark && command->as.bookmark.length <= sizeof feed->bookmark) {
    memcpy(feed->bookmark, command->as.bookmark.text, command->as.bookmark.length);
    feed->bookmark_bytes = command->as.bookmark.length;
  }
  if (watchdog->store == NULL || (names_a_case && watchdog->store_exchanged)) {
    return;
  }
  switch (command->kind) {
  case SEEP_COMMAND_LEAK_OPEN:
  case SEEP_COMMAND_LEAK_UPDATE:
    status = command->as.leak->id == 0 ? seep_store_leak_open(watchdog->store, command->as.leak, &error)
                                       : seep_store_leak_update(watchdog->store, command->as.leak, &error);
    break;
  case SEEP_COMMAND_CAPTURE_ADD:
    status = seep_store_capture_add(watchdog->store, command->as.capture, &error);
    watchdog->capture_waits = status != SEEP_OK && status != SEEP_INVALID;
    watchdog->capture = *command->as.capture;
    watchdog->reader.due_ms = 0;
    break;
  case SEEP_COMMAND_LINEAGE_KEEP:
    status = seep_store_lineage_save(watchdog->store, command->as.lineage, &error);
    break;
  case SEEP_COMMAND_EXHAUSTION:
    status = seep_store_exhaustion_add(watchdog->store, command->as.exhaustion, &error);
    break;
  default:
    status = seep_store_value_set(watchdog->store, seep_watchdog__bookmark_name(feed->which),
                                  command->as.bookmark.text, command->as.bookmark.length, &error);
    break;
  }
  note_store(watchdog, status, &error);
}

void seep_watchdog__store_history_told(seep_watchdog *watchdog, uint64_t maximum_bytes)
{
  char text[24];
  seep_writer writer;
  seep_error error = {0};
  watchdog->history_told_bytes = maximum_bytes;
  if (watchdog->store == NULL || !watchdog->store_is_file) {
    return;
  }
  seep_writer_init(&writer, text, sizeof text);
  seep_writer_u64(&writer, maximum_bytes);
  note_store(watchdog, seep_store_value_set(watchdog->store, HISTORY_TOLD, text, writer.length, &error),
             &error);
}

/* ---- another store ---- */

/* A fresh file in the place of a damaged one knows nothing of what has been said. */
static void take_over_history_told(seep_watchdog *watchdog)
{
  char text[24];
  size_t length = 0;
  if (!watchdog->store_is_file) {
    return;
  }
  if (seep_store_value_get(watchdog->store, HISTORY_TOLD, text, sizeof text, &length, NULL) == SEEP_OK) {
    watchdog->history_told_bytes = strtoull(text, NULL, 10);
    seep_engine_history_told(watchdog->engine, seep_watchdog__now(watchdog), watchdog->history_told_bytes);
  } else if (watchdog->history_told_bytes != 0) {
    seep_watchdog__store_history_told(watchdog, watchdog->history_told_bytes);
  }
}

static bool take_over_lineage(void *context, const seep_store_lineage *lineage)
{
  seep_engine_lineage_known(context, lineage);
  return true;
}

static bool take_over_exhaustion(void *context, const seep_store_exhaustion *exhaustion)
{
  seep_watchdog *watchdog = context;
  seep_engine_exhaustion_known(watchdog->engine, seep_watchdog__now(watchdog), exhaustion->event->record_id,
                               exhaustion->event->time_created);
  return true;
}

/* As far back as a feed looks that has lost its place, and a little more. */
static void take_over_exhaustions(seep_watchdog *watchdog)
{
  seep_store_filter filter;
  seep_store_filter_init(&filter);
  filter.from.ms = seep_watchdog__now(watchdog).wall.ms - KNOWN_EXHAUSTIONS_MS;
  (void)seep_store_exhaustions(watchdog->store, &filter, take_over_exhaustion, watchdog, NULL);
}

/* A recording is under way: its promise, carried over from a damaged file, has another number here. Other
 * recordings' are for the next start. */
static void adopt_journal(seep_watchdog *watchdog)
{
  const char *instance = seep_engine_recorder_of(watchdog->engine)->instance;
  seep_promise_recording promise;
  watchdog->journal_id = 0;
  for (size_t i = 0; i < watchdog->recovery_count; i++) {
    const seep_store_journal_entry *entry = &watchdog->recoveries[i];
    if (strcmp(entry->kind, SEEP_PROMISE_RECORDING) == 0 &&
        seep_promise_read_recording(entry->subject, &promise) && strcmp(promise.instance, instance) == 0) {
      watchdog->journal_id = entry->id;
    }
  }
  watchdog->recovery_next = watchdog->recovery_count;
}

/* Tracing flags go to the engine at once; recordings wait for their turn. */
static void tell_flags(seep_watchdog *watchdog)
{
  seep_promise_flag promise;
  watchdog->flags_to_tell = false;
  for (size_t i = 0; i < watchdog->recovery_count; i++) {
    const seep_store_journal_entry *entry = &watchdog->recoveries[i];
    if (strcmp(entry->kind, SEEP_PROMISE_FLAG) == 0) {
      bool readable = seep_promise_read_flag(entry->subject, &promise);
      seep_engine_flag_known(watchdog->engine, seep_watchdog__now(watchdog), entry->id,
                             readable ? &promise : NULL);
    }
  }
}

void seep_watchdog__take_over_store(seep_watchdog *watchdog)
{
  unsigned closed = 0;
  watchdog->store_exchanged = false;
  watchdog->recovery_next = 0;
  watchdog->recovery_count = 0;
  memset(watchdog->journal_remove_again, 0, sizeof watchdog->journal_remove_again);
  if (watchdog->store == NULL) {
    return;
  }
  (void)seep_store_leak_close_all(watchdog->store, seep_watchdog__now(watchdog).wall,
                                  "the service was restarted", &closed, NULL);
  for (int which = 0; which < SEEP_FEEDS && watchdog->store_is_file; which++) {
    const seep_watchdog_feed *feed = &watchdog->feeds[which];
    if (feed->bookmark_bytes > 0) {
      (void)seep_store_value_set(watchdog->store, seep_watchdog__bookmark_name(feed->which), feed->bookmark,
                                 feed->bookmark_bytes, NULL);
    }
  }
  take_over_history_told(watchdog);
  if (watchdog->store == NULL) {
    return;
  }
  (void)seep_store_lineages(watchdog->store, take_over_lineage, watchdog->engine, NULL);
  take_over_exhaustions(watchdog);
  watchdog->journal_known =
      seep_store_journal_list(watchdog->store, watchdog->recoveries, SEEP_WATCHDOG_RECOVERIES,
                              &watchdog->recovery_count, NULL) == SEEP_OK &&
      watchdog->store_is_file;
  watchdog->flags_to_tell = true;
  if (!seep_engine_recorder_is_idle(watchdog->engine)) {
    adopt_journal(watchdog);
  }
}

void seep_watchdog__tell_storage(seep_watchdog *watchdog)
{
  seep_now now = seep_watchdog__now(watchdog);
  if (watchdog->store_exchanged) {
    seep_watchdog__take_over_store(watchdog);
    seep_engine_store_exchanged(watchdog->engine);
  }
  if (watchdog->flags_to_tell) {
    tell_flags(watchdog);
  }
  if (!watchdog->storage_noted) {
    return;
  }
  watchdog->storage_noted = false;
  if (watchdog->set_aside[0] != '\0') {
    seep_error moved;
    seep_error_set(&moved, SEEP_CORRUPT, SEEP_DOMAIN_NONE, 0,
                   "a fresh file was begun and the damaged one kept as", watchdog->set_aside);
    watchdog->set_aside[0] = '\0';
    seep_engine_storage(watchdog->engine, now, true, "",
                        NULL); /* news, also when the damage itself was told */
    seep_engine_storage(watchdog->engine, now, false, watchdog->store_path, &moved);
  }
  seep_engine_storage(watchdog->engine, now, watchdog->storage_ok, watchdog->store_path,
                      &watchdog->storage_error);
}

void seep_watchdog__tell_history(seep_watchdog *watchdog)
{
  if (watchdog->prune_noted) {
    watchdog->prune_noted = false;
    seep_engine_history(watchdog->engine, seep_watchdog__now(watchdog), watchdog->pruned_to_bytes,
                        &watchdog->pruned);
  }
}
