/* The list of all samples, and those about Seepwatch itself: events 100 to 114. */
#include "unit/report/sample_alerts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "unit/report/pulses.h"
#include "unit/report/sample_server.h"
#include "watch/recording_notices.h"

#define NOON INT64_C(1795348800000) /* 2026-11-22T12:00:00Z */
#define DAY SEEP_MS_PER_DAY

const sample_alert *sample_alerts_at(size_t index)
{
  const sample_alert *const parts[] = {sample_alerts_of_service, sample_alerts_of_growth,
                                       sample_alerts_of_server, sample_alerts_of_recordings};
  for (size_t part = 0; part < sizeof parts / sizeof parts[0]; part++) {
    const sample_alert *sample = parts[part];
    for (; sample->id != 0 && index > 0; index--) {
      sample++;
    }
    if (sample->id != 0) {
      return sample;
    }
  }
  return NULL;
}

/* ---- start, stop, configuration ---- */

static void started(seep_alert *alert)
{
  sample_server_begin(NOON);
  sample_server_told(SEEP_ALERT_SERVICE_STARTED, alert);
}

static void stopped(seep_alert *alert)
{
  sample_server *server = sample_server_begin(NOON);
  server->now.mono.ms += 12 * DAY + 5 * SEEP_MS_PER_HOUR;
  seep_engine_stopped(server->engine, server->now, "the service was told to stop");
  sample_server_told(SEEP_ALERT_SERVICE_STOPPED, alert);
}

static void settings_at_start(seep_alert *alert)
{
  sample_server *server = sample_server_begin(NOON);
  sample_server_configure(server, NULL);
  sample_server_told(SEEP_ALERT_SETTINGS_LOADED, alert);
}

static void settings_changed(seep_alert *alert)
{
  sample_server *server = sample_server_begin(NOON);
  sample_server_poll(server, 1);
  seep_text_copy(server->settings.ignored.names[0], sizeof server->settings.ignored.names[0], "backup.exe");
  server->settings.ignored.count = 1;
  sample_server_configure(server, NULL);
  sample_server_told(SEEP_ALERT_SETTINGS_LOADED, alert);
}

static void settings_refused(seep_alert *alert)
{
  static const char json[] = "{\n  \"poll\": {\n    \"interval_s\": \"30\"\n  }\n}\n";
  sample_server *server = sample_server_begin(NOON);
  seep_settings read = server->settings;
  seep_settings_problem problem = {0};
  if (seep_settings_parse(json, sizeof json - 1, &read, &problem) != SEEP_OK) {
    sample_server_configure(server, &problem);
  }
  sample_server_told(SEEP_ALERT_SETTINGS_REFUSED, alert);
}

/* ---- alive ---- */

static seep_pulse pulse;

static void quiet(seep_alert *alert)
{
  seep_pulse_alert(pulses_quiet(&pulse), alert);
}

static void busy(seep_alert *alert)
{
  pulses_busy(&pulse);
  pulse.feed_trouble = NULL;
  pulse.last_exhaustion.ms -= DAY;
  seep_pulse_alert(&pulse, alert);
}

/* ---- leftovers, budget, store ---- */

static void recording_left_behind(seep_alert *alert)
{
  seep_settings settings;
  seep_settings_defaults(&settings);
  seep_recorder_action action = {
      .kind = SEEP_RECORDER_TELL,
      .outcome = SEEP_RECORDER_UNDONE,
      .reason = "a recording of an earlier run was still going and was cancelled",
  };
  seep_text_copy(action.instance, sizeof action.instance, "Seepwatch");
  seep_recording_notices_outcome(alert, &action, &settings, (seep_wall){NOON - SEEP_MS_PER_HOUR});
}

static void damaged_note(seep_alert *alert)
{
  sample_server *server = sample_server_begin(NOON);
  seep_engine_flag_known(server->engine, server->now, 3, NULL);
  sample_server_told(SEEP_ALERT_LEFTOVER_UNDONE, alert);
}

static void over_memory(seep_alert *alert)
{
  sample_server *server = sample_server_begin(NOON);
  seep_own_usage usage = {.private_bytes = server->settings.own_private_bytes + 9 * SAMPLE_MB};
  seep_engine_tick(server->engine, server->now, &usage, NULL);
  sample_server_told(SEEP_ALERT_OWN_BUDGET, alert);
}

static void over_cpu(seep_alert *alert)
{
  sample_server *server = sample_server_begin(NOON);
  seep_own_usage usage = {.private_bytes = 12 * SAMPLE_MB};
  seep_engine_tick(server->engine, server->now, &usage, NULL);
  server->now.mono.ms += 10 * SEEP_MS_PER_MINUTE;
  usage.cpu_100ns = UINT64_C(10000000) * 78; /* 78 s of 600 */
  seep_engine_tick(server->engine, server->now, &usage, NULL);
  sample_server_told(SEEP_ALERT_OWN_BUDGET, alert);
}

static void lose_store(sample_server *server)
{
  seep_error error;
  seep_error_set(&error, SEEP_LIMIT, SEEP_DOMAIN_SQLITE, 13, "append poll", NULL);
  seep_engine_storage(server->engine, server->now, false, "C:\\ProgramData\\Seepwatch\\seepwatch.db", &error);
}

static void storage_lost(seep_alert *alert)
{
  lose_store(sample_server_begin(NOON));
  sample_server_told(SEEP_ALERT_STORAGE_DEGRADED, alert);
}

static void storage_back(seep_alert *alert)
{
  sample_server *server = sample_server_begin(NOON);
  lose_store(server);
  seep_engine_storage(server->engine, server->now, true, "", NULL);
  sample_server_told(SEEP_ALERT_STORAGE_RECOVERED, alert);
}

static void go_blind(sample_server *server)
{
  seep_error error;
  seep_error_set(&error, SEEP_OS, SEEP_DOMAIN_NT, INT64_C(0xC000009A), "NtQuerySystemInformation", NULL);
  for (int i = 0; i < 3; i++) {
    seep_engine_poll_failed(server->engine, server->now, &error);
    sample_server_tick(server, 30 * SEEP_MS_PER_SECOND);
  }
}

static void blind(seep_alert *alert)
{
  go_blind(sample_server_begin(NOON));
  sample_server_told(SEEP_ALERT_BLIND, alert);
}

static void sees_again(seep_alert *alert)
{
  sample_process processes[] = {{.name = "services.exe", .key = {812, 1}, .commit_bytes = 9 * SAMPLE_MB},
                                {0}};
  sample_server *server = sample_server_begin(NOON);
  go_blind(server);
  server->processes = processes;
  sample_server_poll(server, 1);
  sample_server_told(SEEP_ALERT_BLIND_OVER, alert);
}

static void history_cut(seep_alert *alert)
{
  sample_server *server = sample_server_begin(NOON);
  seep_store_pruned pruned = {.capped = true, .raw_from = {NOON - 9 * DAY}};
  seep_engine_history(server->engine, server->now, server->settings.store_maximum_bytes, &pruned);
  sample_server_told(SEEP_ALERT_HISTORY_CUT_SHORT, alert);
}

/* After an update every worker leaks: all of them are found out within a few minutes. */
static void held_back(seep_alert *alert)
{
  static sample_process workers[84];
  for (uint32_t i = 0; i < 83; i++) {
    workers[i] = (sample_process){.name = "worker.exe",
                                  .key = {4000 + 4 * i, 1 + i},
                                  .commit_bytes = (40 + i) * SAMPLE_MB,
                                  .bytes_per_hour = (int64_t)SAMPLE_MB};
  }
  sample_server *server = sample_server_begin(NOON - 21 * SEEP_MS_PER_HOUR);
  server->processes = workers;
  sample_server_poll(server, 21 * 120);
  server->processes = NULL;
  sample_server_tick(server, SEEP_MS_PER_HOUR);
  sample_server_told(SEEP_ALERT_HELD_BACK, alert);
}

static sample_server *lose_metrics(void)
{
  sample_server *server = sample_server_begin(NOON);
  seep_error error;
  seep_text_copy(server->settings.metrics_textfile, sizeof server->settings.metrics_textfile,
                 "C:\\Metrics\\seepwatch.prom");
  sample_server_configure(server, NULL);
  seep_error_set(&error, SEEP_DENIED, SEEP_DOMAIN_UV, -4092, "open", "C:\\Metrics\\seepwatch.prom.part");
  seep_engine_metrics_written(server->engine, server->now, false, &error);
  return server;
}

static void metrics_lost(seep_alert *alert)
{
  lose_metrics();
  sample_server_told(SEEP_ALERT_METRICS_FAILED, alert);
}

static void metrics_back(seep_alert *alert)
{
  sample_server *server = lose_metrics();
  seep_engine_metrics_written(server->engine, server->now, true, NULL);
  sample_server_told(SEEP_ALERT_METRICS_RESTORED, alert);
}

const sample_alert sample_alerts_of_service[] = {
    {SEEP_ALERT_SERVICE_STARTED, "Seepwatch started", NULL, started},
    {SEEP_ALERT_SERVICE_STOPPED, "Seepwatch stopped", NULL, stopped},
    {SEEP_ALERT_SETTINGS_LOADED, "configuration read", "At the start", settings_at_start},
    {SEEP_ALERT_SETTINGS_LOADED, "configuration read", "After `sc control seepwatch paramchange`",
     settings_changed},
    {SEEP_ALERT_SETTINGS_REFUSED, "configuration refused", NULL, settings_refused},
    {SEEP_ALERT_HEARTBEAT, "alive", "On a server that is well", quiet},
    {SEEP_ALERT_HEARTBEAT, "alive", "On one with leaks", busy},
    {SEEP_ALERT_LEFTOVER_UNDONE, "leftovers put in order", "A recording", recording_left_behind},
    {SEEP_ALERT_LEFTOVER_UNDONE, "leftovers put in order", "A note that cannot be read", damaged_note},
    {SEEP_ALERT_OWN_BUDGET, "own budget exceeded", "Memory", over_memory},
    {SEEP_ALERT_OWN_BUDGET, "own budget exceeded", "Processor time", over_cpu},
    {SEEP_ALERT_STORAGE_DEGRADED, "database does not work", NULL, storage_lost},
    {SEEP_ALERT_STORAGE_RECOVERED, "database works again", NULL, storage_back},
    {SEEP_ALERT_BLIND, "processes cannot be seen", NULL, blind},
    {SEEP_ALERT_BLIND_OVER, "processes are seen again", NULL, sees_again},
    {SEEP_ALERT_HISTORY_CUT_SHORT, "history cut short", NULL, history_cut},
    {SEEP_ALERT_HELD_BACK, "alerts held back", NULL, held_back},
    {SEEP_ALERT_METRICS_FAILED, "metrics file cannot be written", NULL, metrics_lost},
    {SEEP_ALERT_METRICS_RESTORED, "metrics file is written again", NULL, metrics_back},
    {0, NULL, NULL, NULL}};
