#include "report/json_text.h"
#include "report/pulse_private.h"

static void add_looking(seep_json_text *json, const seep_pulse *p)
{
  seep_json_text_open_object(json, "looking");
  seep_json_text_add_u64(json, "polls", true, p->polls);
  seep_json_text_add_u64(json, "polls_failed", true, p->polls_failed);
  seep_json_text_add_wall(json, "last_poll", p->last_poll.ms != 0, p->last_poll);
  seep_json_text_add_i64(json, "interval_ms", p->poll_interval_ms > 0, p->poll_interval_ms);
  seep_json_text_add_u64(json, "processes", true, p->processes);
  seep_json_text_add_u64(json, "suspects", true, p->suspects);
  seep_json_text_close_object(json);
}

static void add_memory(seep_json_text *json, const seep_pulse *p)
{
  const seep_system_memory *memory = &p->memory;
  const bool owned = p->processes > 0; /* before the first look nobody has been asked */
  if (!p->memory_known) {
    seep_json_text_add_null(json, "memory");
    return;
  }
  seep_json_text_open_object(json, "memory");
  seep_json_text_add_u64(json, "commit_bytes", true, memory->commit_total_bytes);
  seep_json_text_add_u64(json, "commit_limit_bytes", true, memory->commit_limit_bytes);
  seep_json_text_add_u64(json, "headroom_bytes", true, seep_system_memory_headroom_bytes(memory));
  seep_json_text_add_u64(json, "in_processes_bytes", owned, p->owned_bytes);
  seep_json_text_add_u64(json, "outside_of_processes_bytes", owned, seep_pulse__unowned_bytes(p));
  seep_json_text_add_u64(json, "physical_bytes", true, memory->physical_total_bytes);
  seep_json_text_add_u64(json, "physical_available_bytes", true, memory->physical_available_bytes);
  seep_json_text_add_u64(json, "paged_pool_bytes", memory->paged_pool_bytes != 0, memory->paged_pool_bytes);
  seep_json_text_add_u64(json, "nonpaged_pool_bytes", memory->nonpaged_pool_bytes != 0,
                         memory->nonpaged_pool_bytes);
  seep_json_text_close_object(json);
}

static void add_event2004(seep_json_text *json, const seep_pulse *p)
{
  seep_json_text_open_object(json, "event_2004");
  seep_json_text_add_flag(json, "wanted", true, p->feed_wanted);
  seep_json_text_add_flag(json, "received", p->feed_known, p->feed_up);
  seep_json_text_add_flag(json, "detector_log", true, p->notices_up);
  seep_json_text_add(json, "trouble", p->feed_trouble);
  seep_json_text_add_u64(json, "since_start", true, p->exhaustions);
  seep_json_text_add_wall(json, "last", p->last_exhaustion.ms != 0, p->last_exhaustion);
  seep_json_text_close_object(json);
}

static void add_recorder(seep_json_text *json, const seep_pulse *p)
{
  const bool target = p->recorded_image[0] != '\0';
  seep_json_text_open_object(json, "recorder");
  seep_json_text_add_flag(json, "enabled", true, p->capture_enabled);
  seep_json_text_add(json, "state", p->recorder);
  seep_json_text_add(json, "process", p->recorded_image);
  seep_json_text_add_u64(json, "pid", target, p->recorded_pid);
  seep_json_text_add_u64(json, "saved", true, p->recordings_saved);
  seep_json_text_add_u64(json, "failed", true, p->recordings_failed);
  seep_json_text_add_u64(json, "tracing_flags", true, p->flags);
  seep_json_text_close_object(json);
}

static void add_own(seep_json_text *json, const seep_pulse *p)
{
  const bool known = p->usage_known;
  seep_json_text_open_object(json, "own");
  seep_json_text_add_u64(json, "private_bytes", known, p->own_private_bytes);
  seep_json_text_add_u64(json, "cpu_ms", known, p->own_cpu_100ns / 10000u);
  seep_json_text_add_u64(json, "handles", known, p->own_handles);
  seep_json_text_add_u64(json, "events_lost", true, p->events_lost);
  seep_json_text_add_u64(json, "alerts_held_back", true, p->alerts_held_back);
  seep_json_text_close_object(json);
}

static void add_database(seep_json_text *json, const seep_pulse *p)
{
  seep_json_text_open_object(json, "database");
  seep_json_text_add_flag(json, "works", true, p->storage_ok);
  seep_json_text_add_u64(json, "bytes", p->database_bytes != 0, p->database_bytes);
  seep_json_text_close_object(json);
}

static void add_case(seep_json_text *json, const seep_pulse_case *one)
{
  const seep_filetime created = one->key.created;
  seep_json_text_open_object(json, NULL);
  seep_json_text_add(json, "process", one->image);
  seep_json_text_add_u64(json, "pid", true, one->key.pid);
  seep_json_text_add_wall(json, "created", created != 0, seep_wall_from_filetime(created));
  seep_json_text_add(json, "verdict", one->is_rapid ? "rapid" : "leak");
  seep_json_text_add_flag(json, "waiting", true, one->is_waiting);
  seep_json_text_add(json, "memory_kind", one->memory_kind);
  seep_json_text_add(json, "services", one->services);
  seep_json_text_add_real(json, "slope_bytes_per_hour", true, one->slope_bytes_per_hour);
  seep_json_text_add_u64(json, "growth_bytes", true, one->growth_bytes);
  seep_json_text_add_u64(json, "commit_bytes", true, one->commit_bytes);
  seep_json_text_add_wall(json, "began", one->began.ms != 0, one->began);
  seep_json_text_close_object(json);
}

void seep_pulse_json(const seep_pulse *pulse, seep_writer *writer)
{
  seep_json_text json = {.writer = writer, .no_halves = true};
  seep_json_text_open_object(&json, NULL);
  seep_json_text_add_u64(&json, "schema", true, 1);
  seep_json_text_add(&json, "version", pulse->version);
  seep_json_text_add(&json, "host", pulse->host);
  seep_json_text_add(&json, "data_folder", pulse->data_folder);
  seep_json_text_add_wall(&json, "now", pulse->now.ms != 0, pulse->now);
  seep_json_text_add_i64(&json, "write_interval_ms", pulse->write_interval_ms > 0, pulse->write_interval_ms);
  seep_json_text_add_flag(&json, "stopped", true, pulse->stopped);
  seep_json_text_add_i64(&json, "uptime_ms", pulse->uptime_ms >= 0, pulse->uptime_ms);
  add_looking(&json, pulse);
  add_memory(&json, pulse);
  seep_json_text_add_i64(&json, "time_left_ms", pulse->time_left_ms >= 0, pulse->time_left_ms);
  seep_json_text_add_flag(&json, "headroom_warning", true, pulse->headroom_warning);
  add_event2004(&json, pulse);
  add_recorder(&json, pulse);
  add_own(&json, pulse);
  add_database(&json, pulse);
  seep_json_text_add_u64(&json, "open_leaks", true, seep_pulse__open(pulse));
  seep_json_text_add_u64(&json, "rapid_leaks", true, seep_pulse__rapid(pulse));
  seep_json_text_open_array(&json, "cases");
  for (size_t i = 0; i < seep_pulse__cases(pulse); i++) {
    add_case(&json, &pulse->cases[i]);
  }
  seep_json_text_close_array(&json);
  seep_json_text_close_object(&json);
  seep_writer_text(writer, "\n");
}
