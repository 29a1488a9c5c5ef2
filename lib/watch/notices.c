#include "watch/notices.h"

#include <inttypes.h>
#include <stdio.h>

#include "judge/headroom.h"
#include "report/human.h"

static void add_summary(seep_alert *alert, const seep_settings *settings)
{
  char text[SEEP_ALERT_INSERT_SIZE];
  seep_writer summary;
  seep_writer_init(&summary, text, sizeof text);
  seep_settings_summary(settings, &summary);
  seep_alert_add_text(alert, text);
}

void seep_notices_started(seep_alert *alert, const char *version, const char *data_folder,
                          const seep_settings *settings)
{
  seep_alert_init(alert, SEEP_ALERT_SERVICE_STARTED);
  seep_alert_add_text(alert, version);
  seep_alert_add_duration(alert, settings->poll_interval_ms);
  seep_alert_add_text(alert, data_folder);
  add_summary(alert, settings);
}

void seep_notices_stopped(seep_alert *alert, const char *reason, int64_t ran_ms)
{
  seep_alert_init(alert, SEEP_ALERT_SERVICE_STOPPED);
  seep_alert_add_text(alert, reason);
  seep_alert_add_duration(alert, ran_ms);
}

void seep_notices_settings(seep_alert *alert, const char *file, const seep_settings *settings, bool changed)
{
  seep_alert_init(alert, SEEP_ALERT_SETTINGS_LOADED);
  seep_alert_add_text(alert, file);
  add_summary(alert, settings);
  seep_alert_add_text(alert, changed ? "changed while running" : "-");
}

void seep_notices_settings_refused(seep_alert *alert, const char *file, const seep_settings_problem *problem,
                                   const seep_settings *running)
{
  seep_alert_init(alert, SEEP_ALERT_SETTINGS_REFUSED);
  seep_alert_add_text(alert, file);
  seep_alert_add_u64(alert, problem->line);
  seep_alert_add_text(alert, problem->key);
  seep_alert_add_text(alert, problem->reason);
  add_summary(alert, running);
}

void seep_notices_heartbeat(seep_alert *alert, const seep_notices_pulse *pulse)
{
  char text[96];
  seep_alert_init(alert, SEEP_ALERT_HEARTBEAT);
  seep_alert_add_duration(alert, pulse->uptime_ms);
  seep_alert_add_u64(alert, pulse->polls);
  seep_alert_add_u64(alert, pulse->processes);
  seep_alert_add_u64(alert, pulse->open_leaks);
  if (pulse->usage_known) {
    seep_alert_add_bytes(alert, pulse->usage.private_bytes);
    snprintf(text, sizeof text, "%" PRIu64 ".%03u s", pulse->usage.cpu_100ns / 10000000u,
             (unsigned)(pulse->usage.cpu_100ns / 10000u % 1000u));
    seep_alert_add_text(alert, text);
  } else {
    seep_alert_add_text(alert, "-");
    seep_alert_add_text(alert, "-");
  }
  seep_alert_add_bytes(alert, pulse->memory.commit_total_bytes);
  seep_alert_add_bytes(alert, pulse->memory.commit_limit_bytes);
  snprintf(text, sizeof text, "%" PRIu64 " polls and %" PRIu64 " events", pulse->polls_lost,
           pulse->events_lost);
  seep_alert_add_text(alert, text);
}

void seep_notices_leak(seep_alert *alert, const seep_store_leak *leak, const seep_system_memory *memory)
{
  char confidence[16];
  snprintf(confidence, sizeof confidence, "%.2f", leak->confidence);
  seep_alert_init(alert, SEEP_ALERT_LEAK_FOUND);
  seep_alert_add_text(alert, leak->image);
  seep_alert_add_u64(alert, leak->key.pid);
  seep_alert_add_filetime(alert, leak->key.created);
  seep_alert_add_text(alert, leak->kind);
  seep_alert_add_rate(alert, leak->slope_bytes_per_hour);
  seep_alert_add_bytes(alert, leak->growth_bytes);
  seep_alert_add_wall(alert, leak->began);
  seep_alert_add_bytes(alert, leak->commit_bytes);
  if (memory != NULL) {
    seep_alert_add_bytes(alert, memory->commit_total_bytes);
    seep_alert_add_bytes(alert, memory->commit_limit_bytes);
    seep_alert_add_duration(alert, seep_headroom_time_left_ms(seep_system_memory_headroom_bytes(memory),
                                                              leak->slope_bytes_per_hour));
  } else {
    for (unsigned i = 0; i < 3; i++) {
      seep_alert_add_text(alert, NULL);
    }
  }
  seep_alert_add_text(alert, confidence);
}

void seep_notices_leak_over(seep_alert *alert, const seep_store_leak *leak, int64_t lasted_ms)
{
  seep_alert_init(alert, SEEP_ALERT_LEAK_OVER);
  seep_alert_add_text(alert, leak->image);
  seep_alert_add_u64(alert, leak->key.pid);
  seep_alert_add_filetime(alert, leak->key.created);
  seep_alert_add_text(alert, leak->ending);
  seep_alert_add_bytes(alert, leak->growth_bytes);
  seep_alert_add_duration(alert, lasted_ms);
}

void seep_notices_history(seep_alert *alert, uint64_t maximum_bytes, seep_wall raw_from, int64_t retention_ms)
{
  seep_alert_init(alert, SEEP_ALERT_HISTORY_CUT_SHORT);
  seep_alert_add_bytes(alert, maximum_bytes);
  if (raw_from.ms != 0) {
    seep_alert_add_wall(alert, raw_from);
  } else {
    seep_alert_add_text(alert, NULL);
  }
  seep_alert_add_u64(alert, (uint64_t)(retention_ms / SEEP_MS_PER_DAY));
}

void seep_notices_exhaustion(seep_alert *alert, const seep_exhaustion *event, const char *known,
                             const char *follows)
{
  seep_alert_init(alert, SEEP_ALERT_EXHAUSTION);
  seep_alert_add_filetime(alert, event->time_created);
  seep_alert_add_u64(alert, event->record_id);
  if (event->has_system) {
    seep_alert_add_bytes(alert, event->commit_charge_bytes);
    seep_alert_add_bytes(alert, event->commit_limit_bytes);
  } else {
    seep_alert_add_text(alert, "-");
    seep_alert_add_text(alert, "-");
  }
  for (size_t i = 0; i < 3; i++) {
    char text[SEEP_ALERT_INSERT_SIZE];
    char bytes[SEEP_HUMAN_SIZE];
    text[0] = '\0';
    if (i < event->process_count) {
      const seep_exhaustion_process *process = &event->processes[i];
      size_t length = seep_text_copy(text, sizeof text - 80, process->name); /* leaves room for the figures */
      snprintf(text + length, sizeof text - length, " (%" PRIu32 ") %s", process->key.pid,
               seep_human_bytes(process->commit_bytes, bytes, sizeof bytes));
    }
    seep_alert_add_text(alert, text);
  }
  seep_alert_add_text(alert, known);
  seep_alert_add_text(alert, follows);
}

static void add_target(seep_alert *alert, const seep_recorder_target *target)
{
  seep_alert_add_text(alert, target->image);
  seep_alert_add_u64(alert, target->key.pid);
}

void seep_notices_recording(seep_alert *alert, const seep_recorder_action *action, const char *path,
                            const seep_settings *settings, seep_wall since)
{
  switch (action->outcome) {
  case SEEP_RECORDER_STARTED:
    seep_alert_init(alert, SEEP_ALERT_RECORDING_STARTED);
    add_target(alert, &action->target);
    seep_alert_add_text(alert, "VirtualAllocation");
    seep_alert_add_text(alert, action->instance);
    seep_alert_add_u64(alert, (uint64_t)(settings->capture_maximum_ms / SEEP_MS_PER_SECOND));
    seep_alert_add_bytes(alert, settings->capture_maximum_bytes);
    break;
  case SEEP_RECORDER_SAVED:
    seep_alert_init(alert, SEEP_ALERT_RECORDING_SAVED);
    add_target(alert, &action->target);
    seep_alert_add_text(alert, path);
    seep_alert_add_bytes(alert, action->bytes);
    seep_alert_add_duration(alert, action->duration_ms);
    break;
  case SEEP_RECORDER_FAILED:
    seep_alert_init(alert, SEEP_ALERT_RECORDING_FAILED);
    add_target(alert, &action->target);
    seep_alert_add_text(alert, seep_wpr_verb_text(action->verb));
    if (action->exit_code != 0) {
      seep_alert_add_code(alert, action->exit_code);
      seep_alert_add_text(alert, seep_wpr_meaning(action->exit_code));
    } else {
      seep_alert_add_text(alert, "-");
      seep_alert_add_text(alert, "-");
    }
    seep_alert_add_text(alert, action->reason);
    break;
  case SEEP_RECORDER_UNDONE:
    seep_alert_init(alert, SEEP_ALERT_LEFTOVER_UNDONE);
    seep_alert_add_text(alert, "recording");
    seep_alert_add_text(alert, action->instance);
    seep_alert_add_wall(alert, since);
    seep_alert_add_text(alert, action->reason);
    break;
  case SEEP_RECORDER_REFUSED:
  case SEEP_RECORDER_ABANDONED:
  default:
    seep_alert_init(alert, SEEP_ALERT_RECORDING_REFUSED);
    add_target(alert, &action->target);
    seep_alert_add_text(alert, action->reason);
    break;
  }
}
