/* Everything that is not a poll, a recording or an Event 2004: the store, our own budget, the seconds, the
 * end. */
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

/* ---- the store ---- */

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
    snprintf(text, sizeof text, "%.1f percent of one core", (double)permille / 10.0);
    seep_alert_add_text(&engine->alert, text);
    snprintf(text, sizeof text, "%.1f percent of one core", (double)engine->settings.own_cpu_permille / 10.0);
    seep_alert_add_text(&engine->alert, text);
    seep_engine__emit_alert(engine);
  }
  engine->over_cpu = over;
  engine->cpu_mark = engine->usage.cpu_100ns;
  engine->cpu_mark_time = now.mono;
}

void seep_engine_status(seep_engine *engine, seep_now now)
{
  seep_pulse_alert(seep_engine_pulse(engine, now), &engine->alert);
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
  seep_engine__outlet_time(engine, now);
  seep_engine__tend_exhaustions(engine, now);
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
  engine->has_stopped = true;
  seep_engine__end_exhaustions(engine, now);
  seep_engine__outlet_end(engine);
  seep_notices_stopped(&engine->alert, reason, seep_mono_since(now.mono, engine->started));
  seep_engine__emit_alert(engine);
}

void seep_engine_count_lost(seep_engine *engine, uint64_t events)
{
  engine->events_lost += events;
}

void seep_engine_database(seep_engine *engine, uint64_t bytes)
{
  engine->database_bytes = bytes;
}

void seep_engine_metrics_written(seep_engine *engine, seep_now now, bool ok, const seep_error *error)
{
  if (ok == !engine->metrics_down || engine->settings.metrics_textfile[0] == '\0') {
    return;
  }
  engine->metrics_down = !ok;
  seep_alert_init(&engine->alert, ok ? SEEP_ALERT_METRICS_RESTORED : SEEP_ALERT_METRICS_FAILED);
  seep_alert_add_text(&engine->alert, engine->settings.metrics_textfile);
  if (ok) {
    seep_alert_add_wall(&engine->alert, engine->metrics_down_since);
  } else {
    engine->metrics_down_since = now.wall;
    seep_alert_add_error(&engine->alert, error);
  }
  seep_engine__emit_alert(engine);
}
