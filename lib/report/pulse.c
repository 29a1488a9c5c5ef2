#include "report/pulse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/human.h"
#include "report/pulse_private.h"

#define LEAKING_SHOWN 5
/* "; and 18446744073709551615 more" */
#define MORE_SIZE 32

size_t seep_pulse__cases(const seep_pulse *pulse)
{
  return pulse->case_count < SEEP_PULSE_CASES ? pulse->case_count : SEEP_PULSE_CASES;
}

size_t seep_pulse__open(const seep_pulse *pulse)
{
  size_t listed = seep_pulse__cases(pulse);
  return pulse->open_leaks > listed ? pulse->open_leaks : listed;
}

size_t seep_pulse__rapid(const seep_pulse *pulse)
{
  size_t open = seep_pulse__open(pulse), rapid = 0;
  for (size_t i = 0; i < seep_pulse__cases(pulse); i++) {
    rapid += pulse->cases[i].is_rapid;
  }
  rapid = pulse->rapid_leaks > rapid ? pulse->rapid_leaks : rapid;
  return rapid < open ? rapid : open;
}

const char *seep_pulse__image(const seep_pulse_case *one)
{
  return one->image[0] != '\0' ? one->image : "unknown";
}

uint64_t seep_pulse__unowned_bytes(const seep_pulse *pulse)
{
  uint64_t total = pulse->memory.commit_total_bytes;
  return total > pulse->owned_bytes ? total - pulse->owned_bytes : 0;
}

bool seep_pulse__is_recording(const seep_pulse *pulse)
{
  return pulse->recorder != NULL && strcmp(pulse->recorder, "idle") != 0;
}

/* ---- phrases that alert and status have in common ---- */

void seep_pulse__write_recorder(const seep_pulse *pulse, seep_writer *writer)
{
  if (seep_pulse__is_recording(pulse)) {
    seep_writer_text(writer, pulse->recorder);
    if (pulse->recorded_image[0] != '\0') {
      /* "recording x.exe (12)", but "saving: x.exe (12)": it is not the process that is saved */
      seep_writer_text(writer, strcmp(pulse->recorder, "recording") == 0 ? " " : ": ");
      seep_writer_format(writer, "%s (%" PRIu32 ")", pulse->recorded_image, pulse->recorded_pid);
    }
  } else if (!pulse->capture_enabled) {
    seep_writer_text(writer, "switched off");
  } else {
    seep_writer_text(writer, pulse->recorder != NULL ? pulse->recorder : "");
  }
}

void seep_pulse__write_recordings(const seep_pulse *pulse, seep_writer *writer)
{
  bool one = pulse->flags == 1;
  seep_writer_format(
      writer, "%" PRIu64 " saved, %" PRIu64 " failed since the start; %zu tracing flag%s for a restart",
      pulse->recordings_saved, pulse->recordings_failed, pulse->flags, one ? " waits" : "s wait");
}

static void write_exhaustions(const seep_pulse *pulse, seep_writer *writer)
{
  char last[SEEP_WALL_TEXT_SIZE];
  seep_writer_format(writer, "%" PRIu64 " since the start", pulse->exhaustions);
  if (pulse->last_exhaustion.ms != 0) {
    seep_writer_format(writer, ", the last at %s", seep_wall_text(pulse->last_exhaustion, last, sizeof last));
  }
}

void seep_pulse__write_event2004(const seep_pulse *pulse, seep_writer *writer)
{
  if (!pulse->feed_wanted) {
    seep_writer_text(writer, "not listened to");
  } else if (!pulse->feed_known) {
    seep_writer_text(writer, "not yet known whether it is received");
  } else {
    seep_writer_text(writer, pulse->feed_up ? "received" : "not received at present");
  }
  if (pulse->exhaustions > 0) {
    seep_writer_text(writer, "; ");
    write_exhaustions(pulse, writer);
  } else if (pulse->feed_wanted && pulse->feed_known && pulse->feed_up) {
    seep_writer_text(writer, "; none since the start");
  }
  if (pulse->feed_trouble != NULL && pulse->feed_trouble[0] != '\0') {
    seep_writer_format(writer, "; %s", pulse->feed_trouble);
  }
}

void seep_pulse__write_database(const seep_pulse *pulse, seep_writer *writer)
{
  char size[SEEP_HUMAN_SIZE];
  seep_writer_text(writer, pulse->storage_ok ? "works" : "does not work: see event 107");
  if (pulse->database_bytes > 0) {
    seep_writer_format(writer, pulse->storage_ok ? ", %s" : " (%s)",
                       seep_human_bytes(pulse->database_bytes, size, sizeof size));
  }
}

void seep_pulse__write_cpu(const seep_pulse *pulse, seep_writer *writer)
{
  seep_writer_format(writer, "%" PRIu64 ".%03u s", pulse->own_cpu_100ns / 10000000u,
                     (unsigned)(pulse->own_cpu_100ns / 10000u % 1000u));
}

/* ---- event 104 ---- */

/* "w3wp.exe (1234) 180 MB per hour" */
static void write_leaking_one(const seep_pulse_case *one, seep_writer *writer)
{
  char rate[SEEP_HUMAN_SIZE];
  seep_writer_format(writer, "%s (%" PRIu32 ") ", seep_pulse__image(one), one->key.pid);
  seep_writer_text(writer, one->is_waiting ? "has ended, and may come back"
                                           : seep_human_rate(one->slope_bytes_per_hour, rate, sizeof rate));
}

/* Whole entries only, and always room to say how many more there are. */
static void write_leaking(const seep_pulse *pulse, seep_writer *writer)
{
  char entry[SEEP_ALERT_INSERT_SIZE - MORE_SIZE];
  size_t open = seep_pulse__open(pulse);
  size_t shown = 0;
  if (open == 0) {
    seep_writer_text(writer, "nobody");
    return;
  }
  for (; shown < seep_pulse__cases(pulse) && shown < LEAKING_SHOWN; shown++) {
    seep_writer one;
    seep_writer_init(&one, entry, sizeof entry);
    seep_writer_text(&one, shown > 0 ? "; " : "");
    write_leaking_one(&pulse->cases[shown], &one);
    if (writer->length + one.length + MORE_SIZE > writer->size) {
      break;
    }
    seep_writer_text(writer, entry);
  }
  if (shown == 0) {
    seep_writer_format(writer, "%zu, none of them listed", open);
  } else if (open > shown) {
    seep_writer_format(writer, "; and %zu more", open - shown);
  }
}

typedef void (*phrase)(const seep_pulse *pulse, seep_writer *writer);

static void add_phrase(seep_alert *alert, const seep_pulse *pulse, phrase write)
{
  char text[SEEP_ALERT_INSERT_SIZE];
  seep_writer writer;
  seep_writer_init(&writer, text, sizeof text);
  write(pulse, &writer);
  seep_alert_add_text(alert, text);
}

static void add_bytes(seep_alert *alert, bool known, uint64_t bytes)
{
  if (known) {
    seep_alert_add_bytes(alert, bytes);
  } else {
    seep_alert_add_text(alert, NULL);
  }
}

static void write_lost(const seep_pulse *pulse, seep_writer *writer)
{
  seep_writer_format(writer, "%" PRIu64 " polls and %" PRIu64 " events", pulse->polls_failed,
                     pulse->events_lost);
}

static void write_cpu_if_known(const seep_pulse *pulse, seep_writer *writer)
{
  if (pulse->usage_known) {
    seep_pulse__write_cpu(pulse, writer);
  }
}

void seep_pulse_alert(const seep_pulse *pulse, seep_alert *alert)
{
  const seep_system_memory *memory = &pulse->memory;
  seep_alert_init(alert, SEEP_ALERT_HEARTBEAT);
  seep_alert_add_duration(alert, pulse->uptime_ms);
  seep_alert_add_u64(alert, pulse->polls);
  seep_alert_add_u64(alert, pulse->processes);
  seep_alert_add_u64(alert, seep_pulse__open(pulse));
  add_bytes(alert, pulse->usage_known, pulse->own_private_bytes);
  add_phrase(alert, pulse, write_cpu_if_known);
  add_bytes(alert, pulse->memory_known, memory->commit_total_bytes);
  add_bytes(alert, pulse->memory_known, memory->commit_limit_bytes);
  add_phrase(alert, pulse, write_lost);
  add_bytes(alert, pulse->memory_known, seep_system_memory_headroom_bytes(memory));
  seep_alert_add_duration(alert, pulse->time_left_ms);
  add_phrase(alert, pulse, write_leaking);
  add_phrase(alert, pulse, seep_pulse__write_recorder);
  add_phrase(alert, pulse, seep_pulse__write_recordings);
  add_phrase(alert, pulse, seep_pulse__write_event2004);
  add_phrase(alert, pulse, seep_pulse__write_database);
}
