#include "unit/report/pulses.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

/* 2026-03-01T00:00:00Z */
#define BEGAN_MS INT64_C(1772323200000)

const seep_pulse *pulses_nothing(seep_pulse *pulse)
{
  memset(pulse, 0, sizeof *pulse);
  pulse->time_left_ms = SEEP_TIME_LEFT_UNKNOWN;
  return pulse;
}

const seep_pulse *pulses_quiet(seep_pulse *pulse)
{
  pulses_nothing(pulse);
  seep_text_copy(pulse->version, sizeof pulse->version, "1.2.3");
  seep_text_copy(pulse->host, sizeof pulse->host, "SERVER-7");
  seep_text_copy(pulse->data_folder, sizeof pulse->data_folder, "C:\\ProgramData\\Seepwatch");
  pulse->now.ms = BEGAN_MS + 30000;
  pulse->write_interval_ms = 60000;
  pulse->uptime_ms = INT64_C(183600000); /* 2 d 3 h */
  pulse->polls = 6120;
  pulse->polls_failed = 2;
  pulse->last_poll.ms = BEGAN_MS + 20500;
  pulse->poll_interval_ms = 30000;
  pulse->processes = 212;
  pulse->suspects = 3;
  pulse->memory_known = true;
  pulse->memory = (seep_system_memory){.commit_total_bytes = UINT64_C(12) << 30,
                                       .commit_limit_bytes = UINT64_C(16) << 30,
                                       .physical_total_bytes = UINT64_C(8) << 30,
                                       .physical_available_bytes = UINT64_C(2) << 30,
                                       .paged_pool_bytes = UINT64_C(300) << 20,
                                       .nonpaged_pool_bytes = UINT64_C(200) << 20};
  pulse->owned_bytes = UINT64_C(11) << 30;
  pulse->feed_wanted = pulse->feed_known = pulse->feed_up = true;
  pulse->capture_enabled = true;
  pulse->recorder = "idle";
  pulse->usage_known = true;
  pulse->own_private_bytes = UINT64_C(12) << 20;
  pulse->own_cpu_100ns = UINT64_C(123456789);
  pulse->own_handles = 190;
  pulse->storage_ok = true;
  pulse->database_bytes = UINT64_C(40) << 20;
  return pulse;
}

seep_pulse_case *pulses_case(seep_pulse *pulse, const char *image, uint32_t pid, double slope)
{
  seep_pulse_case *one = &pulse->cases[pulse->case_count++];
  memset(one, 0, sizeof *one);
  seep_text_copy(one->image, sizeof one->image, image);
  one->key = (seep_process_key){pid, UINT64_C(134167968000000000) + pid};
  one->slope_bytes_per_hour = slope;
  one->growth_bytes = UINT64_C(3) << 29;
  one->commit_bytes = UINT64_C(2) << 30;
  one->began.ms = BEGAN_MS - (int64_t)pid * 1000;
  seep_text_copy(one->memory_kind, sizeof one->memory_kind, "Heap");
  pulse->open_leaks = pulse->open_leaks > pulse->case_count ? pulse->open_leaks : pulse->case_count;
  return one;
}

const seep_pulse *pulses_busy(seep_pulse *pulse)
{
  pulses_quiet(pulse);
  seep_pulse_case *rapid = pulses_case(pulse, "W3WP.exe", 1234, 180.0 * 1048576);
  rapid->is_rapid = true;
  seep_text_copy(rapid->services, sizeof rapid->services, "W3SVC, WAS");
  seep_pulse_case *second = pulses_case(pulse, "w3wp.exe", 1300, 20.0 * 1048576);
  seep_text_copy(second->services, sizeof second->services, "W3SVC, WAS");
  pulses_case(pulse, "w3wp.exe", 1400, 10.0 * 1048576);
  pulses_case(pulse, "app.exe", 77, 1048576.0)->is_waiting = true;
  pulse->open_leaks = 6;
  pulse->rapid_leaks = 2; /* one of them is not listed */
  pulse->time_left_ms = INT64_C(12000000);
  pulse->headroom_warning = true;
  pulse->notices_up = true;
  pulse->feed_trouble = "the Diagnostic Policy Service does not run";
  pulse->exhaustions = 3;
  pulse->last_exhaustion.ms = BEGAN_MS + 1;
  pulse->recorder = "recording";
  seep_text_copy(pulse->recorded_image, sizeof pulse->recorded_image, "W3WP.exe");
  pulse->recorded_pid = 1234;
  pulse->recordings_saved = 2;
  pulse->recordings_failed = 1;
  pulse->flags = 1;
  pulse->events_lost = 4;
  pulse->alerts_held_back = 5;
  return pulse;
}

/* Each name as long as it can be, of what its kind of writer needs most room for. */
static void fill(char *out, size_t size, size_t number)
{
  static const char *const worst[] = {"\x01",         "\"",           "\\", "\xFF",
                                      "\xED\xA0\x80", "\xE2\x80\xAE", "\n", "{} = #"};
  const char *unit = worst[number % (sizeof worst / sizeof worst[0])];
  size_t length = strlen(unit);
  size_t at = 0;
  for (; at + length < size; at += length) {
    memcpy(out + at, unit, length);
  }
  memset(out + at, 'x', size - 1 - at);
  out[size - 1] = '\0';
}

const seep_pulse *pulses_hostile(seep_pulse *pulse)
{
  static const double slopes[] = {HUGE_VAL, 1e300, 1.5e19, -HUGE_VAL};
  pulses_busy(pulse);
  for (size_t i = 0; i < SEEP_PULSE_CASES; i++) {
    seep_pulse_case *one = &pulse->cases[i];
    fill(one->image, sizeof one->image, i);
    fill(one->services, sizeof one->services, i / 8);
    fill(one->memory_kind, sizeof one->memory_kind, i);
    one->image[i % 4] = (char)('a' + i); /* so that they are 32 names */
    one->key = (seep_process_key){UINT32_MAX, UINT64_MAX};
    one->slope_bytes_per_hour = i == 5 ? NAN : slopes[i % 4];
    one->growth_bytes = one->commit_bytes = UINT64_MAX;
    one->began.ms = i == 7 ? INT64_MIN : i == 8 ? 0 : INT64_MAX;
    one->is_waiting = false;
  }
  fill(pulse->version, sizeof pulse->version, 1);
  fill(pulse->host, sizeof pulse->host, 0);
  fill(pulse->data_folder, sizeof pulse->data_folder, 0);
  fill(pulse->recorded_image, sizeof pulse->recorded_image, 0);
  pulse->case_count = pulse->open_leaks = pulse->rapid_leaks = SIZE_MAX; /* more than there is room for */
  pulse->now.ms = pulse->last_poll.ms = pulse->last_exhaustion.ms = INT64_MAX;
  pulse->uptime_ms = pulse->time_left_ms = pulse->poll_interval_ms = pulse->write_interval_ms = INT64_MAX;
  memset(&pulse->memory, 0xFF, sizeof pulse->memory);
  pulse->owned_bytes = 1;
  pulse->own_cpu_100ns = pulse->own_private_bytes = pulse->database_bytes = UINT64_MAX;
  pulse->own_handles = UINT32_MAX;
  pulse->polls = pulse->polls_failed = pulse->events_lost = pulse->alerts_held_back = UINT64_MAX;
  pulse->exhaustions = pulse->recordings_saved = pulse->recordings_failed = UINT64_MAX;
  pulse->flags = pulse->processes = pulse->suspects = SIZE_MAX;
  return pulse;
}

const seep_pulse *pulses_stopped(seep_pulse *pulse)
{
  pulses_busy(pulse);
  pulse->stopped = true;
  return pulse;
}
