/* Everything that is not a poll or a recording: Event 2004, the feed, the store, our own budget, the
 * heartbeat. */
#include "watch/engine_internal.h"

#include <stdio.h>
#include <string.h>

#include "report/human.h"
#include "watch/notices.h"

#define OWN_CPU_WINDOW_MS (10 * SEEP_MS_PER_MINUTE)
/* The oldest poll goes a little before or after its time: this much less than the full retention is full. */
#define HISTORY_SLACK_MS (2 * SEEP_MS_PER_HOUR)
/* At a limit that just about suffices, full and cut short follow each other within hours. */
#define HISTORY_FULL_FOR_MS SEEP_MS_PER_DAY

/* ---- Event 2004 ---- */

static size_t find_named(seep_engine *engine, const seep_exhaustion_process *named)
{
  size_t slot = seep_process_table_find(engine->table, named->key);
  if (slot != SEEP_NO_SLOT) {
    return slot;
  }
  /* The event's time may have lost its last digits: the PID with a creation time within 10 ms is the same
   * process. */
  for (size_t i = 0; i < seep_process_table_slots(engine->table); i++) {
    const seep_process *process = seep_process_table_at(engine->table, i);
    if (process != NULL && process->key.pid == named->key.pid) {
      uint64_t a = process->key.created, b = named->key.created;
      return (a > b ? a - b : b - a) < 100000u ? i : SEEP_NO_SLOT;
    }
  }
  return SEEP_NO_SLOT;
}

static void raise_urgency(seep_engine *engine, seep_now now, seep_writer *known)
{
  const seep_exhaustion *event = &engine->exhaustion;
  for (size_t i = 0; i < event->process_count; i++) {
    size_t slot = find_named(engine, &event->processes[i]);
    if (slot == SEEP_NO_SLOT) {
      continue;
    }
    seep_engine_watch *watch = &engine->watches[slot];
    watch->urgent = true;
    watch->urgent_until.ms = now.mono.ms + engine->settings.event2004_urgent_ms;
    if (watch->open_case != NULL) {
      const seep_store_leak *leak = &watch->open_case->leak;
      char rate[SEEP_HUMAN_SIZE];
      seep_writer_format(known, "%s%.100s (%u) %s", known->length > 0 ? "; " : "", leak->image,
                         (unsigned)leak->key.pid,
                         seep_human_rate(leak->slope_bytes_per_hour, rate, sizeof rate));
    }
  }
}

static void hold_bookmark(seep_engine *engine, const char *bookmark, size_t size)
{
  if (size > 0 && size <= sizeof engine->held_bookmark) {
    memcpy(engine->held_bookmark, bookmark, size);
    engine->held_bookmark_size = size;
  }
}

/* A bookmark may move only past what has been told: while an alert waits, the newest one waits with it. */
static void keep_bookmark(seep_engine *engine, const char *bookmark, size_t size)
{
  if (engine->has_untold) {
    hold_bookmark(engine, bookmark, size);
  } else if (size > 0 && !engine->bookmark_frozen) {
    seep_command command = {.kind = SEEP_COMMAND_BOOKMARK};
    command.as.bookmark.text = bookmark;
    command.as.bookmark.length = size;
    seep_engine__emit(engine, &command);
  }
}

static bool told_before(const seep_engine *engine, uint64_t record)
{
  for (size_t i = 0; record != 0 && i < SEEP_ENGINE_RECORDS_TOLD; i++) {
    if (engine->records_told[i] == record) {
      return true;
    }
  }
  return false;
}

static void remember_record(seep_engine *engine, uint64_t record)
{
  engine->records_told[engine->records_next] = record;
  engine->records_next = (engine->records_next + 1) % SEEP_ENGINE_RECORDS_TOLD;
}

/* The alert in engine->alert did not reach the log. One waits; a second one is left to the next start, which
 * reads it again because no bookmark moves any more. */
static void keep_untold(seep_engine *engine, const char *bookmark, size_t size)
{
  if (engine->has_untold) {
    engine->bookmark_frozen = true;
    return;
  }
  engine->untold = engine->alert;
  engine->has_untold = true;
  engine->held_bookmark_size = 0;
  hold_bookmark(engine, bookmark, size);
}

static void tell_untold(seep_engine *engine)
{
  if (!engine->has_untold) {
    return;
  }
  seep_command command = {.kind = SEEP_COMMAND_ALERT};
  command.as.alert.alert = &engine->untold;
  command.as.alert.again = true;
  seep_engine__emit(engine, &command);
  if (command.as.alert.done == SEEP_OK) {
    engine->has_untold = false;
    keep_bookmark(engine, engine->held_bookmark, engine->held_bookmark_size);
  }
}

void seep_engine_exhaustion(seep_engine *engine, seep_now now, const char *xml, size_t xml_size,
                            const char *bookmark, size_t bookmark_size)
{
  char known_text[SEEP_ALERT_INSERT_SIZE];
  seep_writer known;
  if (seep_exhaustion_parse(xml, xml_size, &engine->exhaustion, NULL) != SEEP_OK) {
    engine->events_lost++;
    keep_bookmark(engine, bookmark, bookmark_size); /* it will not get better by being read again */
    return;
  }
  if (told_before(engine, engine->exhaustion.record_id)) {
    keep_bookmark(engine, bookmark, bookmark_size);
    return;
  }
  remember_record(engine, engine->exhaustion.record_id);
  seep_writer_init(&known, known_text, sizeof known_text);
  raise_urgency(engine, now, &known);
  engine->urgent = true;
  engine->urgent_until.ms = now.mono.ms + engine->settings.event2004_urgent_ms;
  seep_notices_exhaustion(&engine->alert, &engine->exhaustion, known_text,
                          engine->settings.capture_enabled
                              ? "the named processes are watched more closely; one that leaks is recorded"
                              : "the named processes are watched more closely; recording is switched off");
  if (seep_engine__emit_alert(engine) == SEEP_OK) {
    keep_bookmark(engine, bookmark, bookmark_size);
  } else {
    keep_untold(engine, bookmark, bookmark_size);
  }
  seep_engine__emit_interval(engine);
}

void seep_engine_feed_state(seep_engine *engine, seep_now now, bool up, const seep_error *error)
{
  bool was_up = !engine->feed_known || engine->feed_up;
  engine->feed_known = true;
  engine->feed_up = up;
  if (!up && was_up) {
    engine->feed_down_since = now.mono;
    seep_alert_init(&engine->alert, SEEP_ALERT_FEED_LOST);
    seep_alert_add_error(&engine->alert, error);
    seep_alert_add_text(&engine->alert, "Event 2004 is not seen meanwhile; polling and leak detection go on");
    seep_engine__emit_alert(engine);
  } else if (up && !was_up) {
    seep_alert_init(&engine->alert, SEEP_ALERT_FEED_RESTORED);
    seep_alert_add_duration(&engine->alert, seep_mono_since(now.mono, engine->feed_down_since));
    seep_engine__emit_alert(engine);
  }
}

void seep_engine_storage(seep_engine *engine, seep_now now, bool ok, const char *what,
                         const seep_error *error)
{
  if (!ok && !engine->storage_down) {
    engine->storage_down_since = now.wall;
    seep_alert_init(&engine->alert, SEEP_ALERT_STORAGE_DEGRADED);
    seep_alert_add_text(&engine->alert, what);
    seep_alert_add_error(&engine->alert, error);
    seep_alert_add_text(&engine->alert,
                        "watching goes on from memory; nothing is recorded until the store works");
    seep_engine__emit_alert(engine);
  } else if (ok && engine->storage_down) {
    seep_alert_init(&engine->alert, SEEP_ALERT_STORAGE_RECOVERED);
    seep_alert_add_wall(&engine->alert, engine->storage_down_since);
    seep_engine__emit_alert(engine);
    seep_lineages_save_all(&engine->lineages); /* what was refused is not known */
  }
  engine->storage_down = !ok;
}

/* ---- history ---- */

static void remember_history_told(seep_engine *engine, uint64_t maximum_bytes)
{
  if (engine->history_told_bytes == maximum_bytes) {
    return;
  }
  seep_command command = {.kind = SEEP_COMMAND_HISTORY_TOLD};
  engine->history_told_bytes = maximum_bytes;
  command.as.history_told_bytes = maximum_bytes;
  seep_engine__emit(engine, &command);
}

void seep_engine_history_told(seep_engine *engine, seep_now now, uint64_t maximum_bytes)
{
  engine->history_told_bytes = maximum_bytes;
  engine->history_short = now.mono;
}

void seep_engine_history(seep_engine *engine, seep_now now, uint64_t maximum_bytes,
                         const seep_store_pruned *pruned)
{
  int64_t full_ms = engine->settings.store_retention_ms - HISTORY_SLACK_MS;
  bool reaches_back = pruned->raw_from.ms != 0 && now.wall.ms - pruned->raw_from.ms >= full_ms;
  if (engine->history_told_bytes != maximum_bytes) {
    remember_history_told(engine, 0);
  }
  if (pruned->capped || !reaches_back) {
    engine->history_short = now.mono;
  } else if (seep_mono_since(now.mono, engine->history_short) >= HISTORY_FULL_FOR_MS) {
    remember_history_told(engine, 0);
  }
  if (pruned->capped && engine->history_told_bytes == 0) {
    seep_notices_history(&engine->alert, maximum_bytes, pruned->raw_from,
                         engine->settings.store_retention_ms);
    seep_engine__emit_alert(engine);
    remember_history_told(engine, maximum_bytes);
  }
}

/* ---- lineages ---- */

void seep_engine_lineage_known(seep_engine *engine, const seep_store_lineage *lineage)
{
  seep_lineages_known(&engine->lineages, lineage);
}

void seep_engine__keep_lineages(seep_engine *engine)
{
  const seep_store_lineage *lineage;
  for (unsigned kept = 0; kept < SEEP_ENGINE_LINEAGES_KEPT && !engine->storage_down &&
                          (lineage = seep_lineages_next_unsaved(&engine->lineages)) != NULL;
       kept++) {
    seep_command command = {.kind = SEEP_COMMAND_LINEAGE_KEEP};
    command.as.lineage = lineage;
    seep_engine__emit(engine, &command);
  }
}

/* ---- blindness ---- */

void seep_engine_poll_failed(seep_engine *engine, seep_now now, const seep_error *error)
{
  engine->polls_lost++;
  engine->look_failed = true;
  if (engine->polls_failed_in_row++ == 0) {
    engine->blind_since = now.mono;
  }
  if (engine->polls_failed_in_row == SEEP_ENGINE_BLIND_AFTER) {
    seep_alert_init(&engine->alert, SEEP_ALERT_BLIND);
    seep_alert_add_u64(&engine->alert, engine->polls_failed_in_row);
    seep_alert_add_error(&engine->alert, error);
    seep_engine__emit_alert(engine);
  }
}

/* ---- time ---- */

static void check_own_budget(seep_engine *engine, seep_now now)
{
  bool over = engine->usage.private_bytes > engine->settings.own_private_bytes;
  if (over && !engine->over_private) {
    seep_alert_init(&engine->alert, SEEP_ALERT_OWN_BUDGET);
    seep_alert_add_text(&engine->alert, "private bytes");
    seep_alert_add_bytes(&engine->alert, engine->usage.private_bytes);
    seep_alert_add_bytes(&engine->alert, engine->settings.own_private_bytes);
    seep_engine__emit_alert(engine);
  }
  engine->over_private = over;
  int64_t passed_ms = seep_mono_since(now.mono, engine->cpu_mark_time);
  if (passed_ms < OWN_CPU_WINDOW_MS) {
    return;
  }
  uint64_t permille = (engine->usage.cpu_100ns - engine->cpu_mark) / 10u / (uint64_t)passed_ms;
  over = permille > engine->settings.own_cpu_permille;
  if (over && !engine->over_cpu) {
    char text[48];
    seep_alert_init(&engine->alert, SEEP_ALERT_OWN_BUDGET);
    seep_alert_add_text(&engine->alert, "CPU time over ten minutes");
    snprintf(text, sizeof text, "%u permille of one core", (unsigned)permille);
    seep_alert_add_text(&engine->alert, text);
    snprintf(text, sizeof text, "%u permille of one core", (unsigned)engine->settings.own_cpu_permille);
    seep_alert_add_text(&engine->alert, text);
    seep_engine__emit_alert(engine);
  }
  engine->over_cpu = over;
  engine->cpu_mark = engine->usage.cpu_100ns;
  engine->cpu_mark_time = now.mono;
}

void seep_engine_status(seep_engine *engine, seep_now now)
{
  seep_notices_pulse pulse = {.uptime_ms = seep_mono_since(now.mono, engine->started),
                              .polls = engine->polls,
                              .polls_lost = engine->polls_lost,
                              .events_lost = engine->events_lost,
                              .processes = seep_process_table_count(engine->table),
                              .open_leaks = seep_engine_open_leaks(engine),
                              .usage_known = engine->usage_known,
                              .usage = engine->usage,
                              .memory = engine->memory};
  seep_notices_heartbeat(&engine->alert, &pulse);
  seep_engine__emit_alert(engine);
}

void seep_engine_tick(seep_engine *engine, seep_now now, const seep_own_usage *usage,
                      const seep_recorder_event *measures)
{
  if (usage != NULL) {
    engine->usage = *usage;
    engine->usage_known = true;
    check_own_budget(engine, now);
  }
  tell_untold(engine);
  if (engine->urgent && now.mono.ms >= engine->urgent_until.ms) {
    engine->urgent = false;
    seep_engine__emit_interval(engine);
  }
  seep_engine__tend_flags(engine, now);
  if (!seep_recorder_is_idle(&engine->recorder) && measures != NULL) {
    seep_recorder_event event = *measures;
    size_t slot = seep_process_table_find(engine->table, engine->recorder.target.key);
    event.kind = SEEP_RECORDER_TICK;
    event.commit_bytes = slot != SEEP_NO_SLOT ? seep_process_table_at(engine->table, slot)->commit_bytes : 0;
    seep_engine_recorder(engine, now, &event);
  }
  if (now.mono.ms >= engine->next_heartbeat.ms && !engine->stopping) {
    engine->next_heartbeat.ms = now.mono.ms + engine->settings.heartbeat_ms;
    seep_engine_status(engine, now);
  }
}

void seep_engine_stop(seep_engine *engine, seep_now now)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_SHUT_DOWN};
  engine->stopping = true;
  seep_engine_recorder(engine, now, &event);
  seep_engine__keep_lineages(engine);
}

void seep_engine_stopped(seep_engine *engine, seep_now now, const char *reason)
{
  seep_notices_stopped(&engine->alert, reason, seep_mono_since(now.mono, engine->started));
  seep_engine__emit_alert(engine);
}

void seep_engine_count_lost(seep_engine *engine, uint64_t events)
{
  engine->events_lost += events;
}
