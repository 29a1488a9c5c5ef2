/*
 * Unbiased interrupt time leaves out sleep and hibernation, as seep_mono promises; GetTickCount64 would count
 * them. Both calls read shared pages and are cheap enough for every event of the loop.
 */
#include "win/win_clock.h"

#include <stddef.h>
#include <stdint.h>

#include <windows.h>

#define HUNDRED_NS_PER_MS 10000

static seep_mono mono(void *context)
{
  (void)context;
  ULONGLONG time_100ns = 0;
  /* Fails for a NULL argument only. */
  QueryUnbiasedInterruptTime(&time_100ns);
  seep_mono now = {(int64_t)(time_100ns / HUNDRED_NS_PER_MS)};
  return now;
}

static seep_wall wall(void *context)
{
  (void)context;
  FILETIME time;
  GetSystemTimePreciseAsFileTime(&time);
  return seep_wall_from_filetime((seep_filetime)time.dwHighDateTime << 32 | time.dwLowDateTime);
}

void seep_win_clock_init(seep_clock *port)
{
  port->context = NULL;
  port->mono = mono;
  port->wall = wall;
}
