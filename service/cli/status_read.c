#include "status_read.h"

#include <string.h>

#include "base/text.h"

#define SCHEMA 1

/* 2^64 and 2^63: the first values that the types can not hold. */
#define U64_END 18446744073709551616.0
#define I64_END 9223372036854775808.0

/* ---- members of any object, or of none ---- */

static const cJSON *member(const cJSON *object, const char *key)
{
  return cJSON_GetObjectItemCaseSensitive(object, key);
}

static uint64_t read_u64(const cJSON *object, const char *key)
{
  const cJSON *item = member(object, key);
  if (!cJSON_IsNumber(item) || !(item->valuedouble > 0)) {
    return 0;
  }
  return item->valuedouble < U64_END ? (uint64_t)item->valuedouble : UINT64_MAX;
}

static size_t read_size(const cJSON *object, const char *key)
{
  uint64_t value = read_u64(object, key);
  return value < SIZE_MAX ? (size_t)value : SIZE_MAX;
}

static uint32_t read_u32(const cJSON *object, const char *key)
{
  uint64_t value = read_u64(object, key);
  return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static int64_t read_ms(const cJSON *object, const char *key, int64_t otherwise)
{
  const cJSON *item = member(object, key);
  if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0)) {
    return otherwise;
  }
  return item->valuedouble < I64_END ? (int64_t)item->valuedouble : INT64_MAX;
}

static bool read_flag(const cJSON *object, const char *key)
{
  return cJSON_IsTrue(member(object, key));
}

static void read_text(const cJSON *object, const char *key, char *out, size_t out_size)
{
  const char *text = cJSON_GetStringValue(member(object, key));
  seep_text_copy(out, out_size, text != NULL ? text : "");
}

/* NULL when it is no text. */
static const char *keep_text(const cJSON *object, const char *key, char *out, size_t out_size)
{
  read_text(object, key, out, out_size);
  return cJSON_IsString(member(object, key)) ? out : NULL;
}

static seep_filetime read_filetime(const cJSON *object, const char *key)
{
  const char *text = cJSON_GetStringValue(member(object, key));
  seep_filetime filetime = 0;
  if (text != NULL) {
    (void)seep_filetime_parse(text, strlen(text), &filetime);
  }
  return filetime;
}

static seep_wall read_wall(const cJSON *object, const char *key)
{
  seep_filetime filetime = read_filetime(object, key);
  return filetime != 0 ? seep_wall_from_filetime(filetime) : (seep_wall){0};
}

/* ---- the parts ---- */

static void read_looking(const cJSON *document, seep_pulse *pulse)
{
  const cJSON *part = member(document, "looking");
  pulse->polls = read_u64(part, "polls");
  pulse->polls_failed = read_u64(part, "polls_failed");
  pulse->last_poll = read_wall(part, "last_poll");
  pulse->poll_interval_ms = read_ms(part, "interval_ms", 0);
  pulse->processes = read_size(part, "processes");
  pulse->suspects = read_size(part, "suspects");
}

static void read_memory(const cJSON *document, seep_pulse *pulse)
{
  const cJSON *part = member(document, "memory");
  pulse->memory_known = cJSON_IsObject(part);
  pulse->memory.commit_total_bytes = read_u64(part, "commit_bytes");
  pulse->memory.commit_limit_bytes = read_u64(part, "commit_limit_bytes");
  pulse->memory.physical_total_bytes = read_u64(part, "physical_bytes");
  pulse->memory.physical_available_bytes = read_u64(part, "physical_available_bytes");
  pulse->memory.paged_pool_bytes = read_u64(part, "paged_pool_bytes");
  pulse->memory.nonpaged_pool_bytes = read_u64(part, "nonpaged_pool_bytes");
  pulse->owned_bytes = read_u64(part, "in_processes_bytes");
}

static void read_event2004(const cJSON *document, seep_pulse *pulse, seep_status_words *words)
{
  const cJSON *part = member(document, "event_2004");
  pulse->feed_wanted = read_flag(part, "wanted");
  pulse->feed_known = cJSON_IsBool(member(part, "received"));
  pulse->feed_up = read_flag(part, "received");
  pulse->notices_up = read_flag(part, "detector_log");
  pulse->feed_trouble = keep_text(part, "trouble", words->feed_trouble, sizeof words->feed_trouble);
  pulse->exhaustions = read_u64(part, "since_start");
  pulse->last_exhaustion = read_wall(part, "last");
}

static void read_recorder(const cJSON *document, seep_pulse *pulse, seep_status_words *words)
{
  const cJSON *part = member(document, "recorder");
  pulse->capture_enabled = read_flag(part, "enabled");
  pulse->recorder = keep_text(part, "state", words->recorder, sizeof words->recorder);
  read_text(part, "process", pulse->recorded_image, sizeof pulse->recorded_image);
  pulse->recorded_pid = read_u32(part, "pid");
  pulse->recordings_saved = read_u64(part, "saved");
  pulse->recordings_failed = read_u64(part, "failed");
  pulse->flags = read_size(part, "tracing_flags");
}

static void read_own(const cJSON *document, seep_pulse *pulse)
{
  const cJSON *part = member(document, "own");
  uint64_t cpu_ms = read_u64(part, "cpu_ms");
  pulse->usage_known = cJSON_IsNumber(member(part, "private_bytes"));
  pulse->own_private_bytes = read_u64(part, "private_bytes");
  pulse->own_cpu_100ns = cpu_ms < UINT64_MAX / 10000u ? cpu_ms * 10000u : UINT64_MAX;
  pulse->own_handles = read_u32(part, "handles");
  pulse->events_lost = read_u64(part, "events_lost");
  pulse->alerts_held_back = read_u64(part, "alerts_held_back");
}

static void read_case(const cJSON *part, seep_pulse_case *one)
{
  const char *verdict = cJSON_GetStringValue(member(part, "verdict"));
  const cJSON *slope = member(part, "slope_bytes_per_hour");
  read_text(part, "process", one->image, sizeof one->image);
  one->key.pid = read_u32(part, "pid");
  one->key.created = read_filetime(part, "created");
  one->is_rapid = verdict != NULL && strcmp(verdict, "rapid") == 0;
  one->is_waiting = read_flag(part, "waiting");
  read_text(part, "memory_kind", one->memory_kind, sizeof one->memory_kind);
  read_text(part, "services", one->services, sizeof one->services);
  one->slope_bytes_per_hour = cJSON_IsNumber(slope) ? slope->valuedouble : 0.0;
  one->growth_bytes = read_u64(part, "growth_bytes");
  one->commit_bytes = read_u64(part, "commit_bytes");
  one->began = read_wall(part, "began");
}

static void read_cases(const cJSON *document, seep_pulse *pulse)
{
  const cJSON *part = NULL;
  pulse->open_leaks = read_size(document, "open_leaks");
  pulse->rapid_leaks = read_size(document, "rapid_leaks");
  cJSON_ArrayForEach(part, member(document, "cases"))
  {
    if (pulse->case_count == SEEP_PULSE_CASES) {
      break;
    }
    read_case(part, &pulse->cases[pulse->case_count++]);
  }
}

const char *seep_status_read(const cJSON *document, seep_pulse *pulse, seep_status_words *words)
{
  const cJSON *database = member(document, "database");
  memset(pulse, 0, sizeof *pulse);
  if (!cJSON_IsObject(document) || !cJSON_IsNumber(member(document, "schema"))) {
    return "is no status of Seepwatch";
  }
  if (read_u64(document, "schema") != SCHEMA) {
    return "was written by another version of Seepwatch, in a way that this one does not know";
  }
  pulse->now = read_wall(document, "now");
  if (pulse->now.ms == 0) {
    return "does not say of when it is";
  }
  read_text(document, "version", pulse->version, sizeof pulse->version);
  read_text(document, "host", pulse->host, sizeof pulse->host);
  read_text(document, "data_folder", pulse->data_folder, sizeof pulse->data_folder);
  pulse->write_interval_ms = read_ms(document, "write_interval_ms", 0);
  pulse->stopped = read_flag(document, "stopped");
  pulse->uptime_ms = read_ms(document, "uptime_ms", -1);
  pulse->time_left_ms = read_ms(document, "time_left_ms", SEEP_TIME_LEFT_UNKNOWN);
  pulse->headroom_warning = read_flag(document, "headroom_warning");
  read_looking(document, pulse);
  read_memory(document, pulse);
  read_event2004(document, pulse, words);
  read_recorder(document, pulse, words);
  read_own(document, pulse);
  pulse->storage_ok = read_flag(database, "works");
  pulse->database_bytes = read_u64(database, "bytes");
  read_cases(document, pulse);
  return NULL;
}
