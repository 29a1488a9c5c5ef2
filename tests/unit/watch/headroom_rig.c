#include "headroom_rig.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>

#include <cmocka.h>

#include <string.h>

void server_start(server *s, double limit_gb, double percent)
{
  memset(s, 0, sizeof *s);
  seep_settings_defaults(&s->settings);
  s->settings.poll_interval_ms = POLL;
  s->settings.commit_percent = 90;
  s->settings.commit_percent_ms = 5 * MINUTE;
  s->settings.exhaustion_ms = DAY; /* longer than usual: a harder trial of what must stay quiet */
  s->limit = limit_gb * (double)GB;
  s->total = s->limit * percent / 100.0;
  s->random = 11;
}

double server_chance(server *s)
{
  s->random = s->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(s->random >> 40) / 16777216.0;
}

double server_left(const server *s)
{
  return s->limit > s->total ? s->limit - s->total : 0;
}

seep_headroom_word server_poll_after(server *s, int64_t ms)
{
  seep_system_memory memory = {.commit_total_bytes = (uint64_t)s->total,
                               .commit_limit_bytes = (uint64_t)s->limit};
  s->now.ms += ms;
  seep_headroom_word word =
      seep_engine_headroom_step(&s->state, &s->settings, s->now, &memory, s->told_slopes);
  if (word == SEEP_HEADROOM_WARN && s->warned++ == 0) {
    s->warned_at = s->now;
    s->warned_left = server_left(s);
  }
  s->over += word == SEEP_HEADROOM_OVER;
  return word;
}

seep_headroom_word server_poll(server *s)
{
  return server_poll_after(s, POLL);
}

void server_stay(server *s, int64_t ms)
{
  for (int64_t end = s->now.ms + ms; s->now.ms < end;) {
    server_poll(s);
  }
}

void server_stay_at(server *s, double percent, int64_t ms)
{
  s->total = s->limit * percent / 100.0;
  server_stay(s, ms);
}

void server_go_to(server *s, double percent, int64_t ms)
{
  double each = (s->limit * percent / 100.0 - s->total) * (double)POLL / (double)ms;
  for (int64_t end = s->now.ms + ms; s->now.ms < end;) {
    s->total += each;
    server_poll(s);
  }
}

double server_each_poll(double megabytes_per_hour)
{
  return megabytes_per_hour * (double)MB * (double)POLL / (double)HOUR;
}

void server_assert_quiet(const server *s)
{
  assert_int_equal(s->warned, 0);
  assert_int_equal(s->over, 0);
}

void server_assert_warned(const server *s, unsigned times, seep_headroom_reason reason)
{
  assert_int_equal(s->warned, times);
  assert_int_equal(s->state.reason, reason);
}

void server_leak(server *s, double megabytes_per_hour, double noise_megabytes, double until_left_megabytes)
{
  double floor = s->total;
  while (server_left(s) >= until_left_megabytes * (double)MB) {
    floor += server_each_poll(megabytes_per_hour);
    s->total = floor + noise_megabytes * (double)MB * server_chance(s);
    server_poll(s);
  }
}
