/* How things are, for event 104, `status` and the text file alike. See report/pulse.h. */
#include "watch/engine_internal.h"

#include <string.h>

#include "base/text.h"

static const char *recorder_word(const seep_engine *engine)
{
  switch (engine->recorder.state) {
  case SEEP_RECORDER_IDLE:
    return "idle";
  case SEEP_RECORDER_RECORDING:
    return "recording";
  case SEEP_RECORDER_SAVING:
  case SEEP_RECORDER_KEEPING:
  case SEEP_RECORDER_LAST_SNAPSHOT:
    return "saving";
  case SEEP_RECORDER_RECOVERING:
    return "undoing what an earlier run left";
  case SEEP_RECORDER_CANCELLING:
  case SEEP_RECORDER_CLEARING:
    return "ending";
  case SEEP_RECORDER_ENABLING:
  case SEEP_RECORDER_STARTING:
  case SEEP_RECORDER_FIRST_SNAPSHOT:
  case SEEP_RECORDER_WAITING:
  default:
    return "starting";
  }
}

static bool is_rapid(const seep_engine_case *open)
{
  return strcmp(open->leak.verdict, "rapid") == 0;
}

static void take_case(seep_pulse_case *into, const seep_engine_case *open)
{
  const seep_store_leak *leak = &open->leak;
  memset(into, 0, sizeof *into);
  seep_text_copy(into->image, sizeof into->image, leak->image);
  seep_text_copy(into->memory_kind, sizeof into->memory_kind, leak->kind);
  seep_text_copy(into->services, sizeof into->services, leak->services);
  into->key = leak->key;
  into->is_rapid = is_rapid(open);
  into->is_waiting = open->slot == SEEP_NO_SLOT;
  into->slope_bytes_per_hour = leak->slope_bytes_per_hour;
  into->growth_bytes = leak->growth_bytes;
  into->commit_bytes = leak->commit_bytes;
  into->began = leak->began;
}

/* What has ended keeps its slope, but grows no longer: it stands behind whatever is alive. */
static bool goes_before(const seep_pulse_case *one, const seep_engine_case *open)
{
  bool waiting = open->slot == SEEP_NO_SLOT;
  return one->is_waiting == waiting ? one->slope_bytes_per_hour >= open->leak.slope_bytes_per_hour : waiting;
}

/* The fastest, in order, without sorting all: there may be hundreds. */
static void take_cases(seep_pulse *pulse, const seep_engine *engine)
{
  pulse->case_count = pulse->rapid_leaks = 0;
  for (const seep_engine_case *open = engine->cases; open != NULL; open = open->next) {
    size_t place = pulse->case_count;
    pulse->rapid_leaks += is_rapid(open);
    while (place > 0 && !goes_before(&pulse->cases[place - 1], open)) {
      place--;
    }
    if (place == SEEP_PULSE_CASES) {
      continue;
    }
    size_t behind = pulse->case_count - place;
    if (pulse->case_count == SEEP_PULSE_CASES) {
      behind--; /* the slowest falls out */
    } else {
      pulse->case_count++;
    }
    memmove(&pulse->cases[place + 1], &pulse->cases[place], behind * sizeof pulse->cases[0]);
    take_case(&pulse->cases[place], open);
  }
}

static void take_memory(seep_pulse *pulse, const seep_engine *engine)
{
  double slopes = seep_engine__slopes_together(engine, NULL);
  pulse->memory_known = engine->memory_known && engine->memory.commit_limit_bytes > 0;
  pulse->memory = engine->memory;
  pulse->owned_bytes = engine->owned_bytes;
  pulse->headroom_warning = engine->headroom.open;
  pulse->time_left_ms =
      pulse->memory_known
          ? seep_headroom_time_left_ms(seep_system_memory_headroom_bytes(&engine->memory), slopes)
          : SEEP_TIME_LEFT_UNKNOWN;
}

const seep_pulse *seep_engine_pulse(seep_engine *engine, seep_now now)
{
  seep_pulse *pulse = &engine->pulse;
  const seep_recorder *recorder = &engine->recorder;
  bool idle = seep_recorder_is_idle(recorder);
  seep_text_copy(pulse->version, sizeof pulse->version, engine->version);
  seep_text_copy(pulse->host, sizeof pulse->host, engine->host);
  seep_text_copy(pulse->data_folder, sizeof pulse->data_folder, engine->data_folder);
  pulse->now = now.wall;
  pulse->stopped = engine->has_stopped;
  pulse->uptime_ms = seep_mono_since(now.mono, engine->started);
  pulse->polls = engine->polls;
  pulse->polls_failed = engine->polls_lost;
  pulse->last_poll = engine->last_poll;
  pulse->write_interval_ms = engine->settings.metrics_interval_ms;
  pulse->poll_interval_ms = seep_engine__interval_ms(engine);
  pulse->processes = seep_process_table_count(engine->table);
  pulse->suspects = seep_engine_suspects(engine);
  pulse->open_leaks = seep_engine_open_leaks(engine);
  take_memory(pulse, engine);
  pulse->feed_wanted = engine->settings.event2004_enabled;
  pulse->feed_known = engine->feed_known;
  pulse->feed_up = engine->feed_up;
  pulse->notices_up = engine->notices_up;
  pulse->feed_trouble = engine->feed_trouble;
  pulse->exhaustions = engine->exhaustions.total;
  pulse->last_exhaustion = engine->exhaustions.last;
  pulse->capture_enabled = engine->settings.capture_enabled;
  pulse->recorder = recorder_word(engine);
  seep_text_copy(pulse->recorded_image, sizeof pulse->recorded_image, idle ? "" : recorder->target.image);
  pulse->recorded_pid = idle ? 0 : recorder->target.key.pid;
  pulse->recordings_saved = engine->recordings_saved;
  pulse->recordings_failed = engine->recordings_failed;
  pulse->flags = seep_engine_flags(engine);
  pulse->usage_known = engine->usage_known;
  pulse->own_private_bytes = engine->usage.private_bytes;
  pulse->own_cpu_100ns = engine->usage.cpu_100ns;
  pulse->own_handles = engine->usage.handles;
  pulse->events_lost = engine->events_lost;
  pulse->alerts_held_back = engine->outlet.held_back_ever;
  pulse->storage_ok = !engine->storage_down;
  pulse->database_bytes = engine->database_bytes;
  take_cases(pulse, engine);
  return pulse;
}
