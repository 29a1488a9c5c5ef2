/*
 * Raw times of a trace as times of day and as durations. Three clocks occur, of any frequency (reference:
 * etl-format, 1.5); all three numbers come from the file, so that every product here can overflow and every
 * divisor can be 0. Called by whoever shows a time.
 */
#include "trace/container.h"
#include "base/saturate.h"
#include "trace/container_internal.h"

#define FILETIMES_PER_SECOND UINT64_C(10000000)
#define HZ_PER_MHZ UINT64_C(1000000)

enum { CLOCK_COUNTER = 1, CLOCK_SYSTEM_TIME = 2, CLOCK_PROCESSOR = 3 };

/* Ticks of the clock in a second; 0: it is none that we know, or it has no frequency. */
static uint64_t ticks_per_second(const seep_trace_header *header)
{
  switch (header->clock_type) {
  case CLOCK_COUNTER:
    return header->frequency_hz > 0 ? (uint64_t)header->frequency_hz : 0;
  case CLOCK_SYSTEM_TIME:
    return FILETIMES_PER_SECOND;
  case CLOCK_PROCESSOR:
    return header->cpu_mhz * HZ_PER_MHZ;
  default:
    return 0;
  }
}

/* value * times / by, saturated, without a product that is wider than its type; by is not 0. */
static uint64_t scale(uint64_t value, uint64_t times, uint64_t by)
{
  uint64_t whole = value / by, rest = value % by;
  if (whole > UINT64_MAX / times) {
    return UINT64_MAX;
  }
  /* Only a frequency that no machine has gets in here: its last digits do not matter. */
  while (rest > UINT64_MAX / times) {
    rest >>= 1;
    by >>= 1;
  }
  uint64_t part = rest * times / by;
  whole *= times;
  return seep_saturate_add(whole, part);
}

seep_filetime seep_trace_filetime(const seep_trace_header *header, uint64_t ticks)
{
  uint64_t per_second = ticks_per_second(header);
  if (header->clock_type == CLOCK_SYSTEM_TIME) {
    return ticks;
  }
  if (per_second == 0) {
    return header->start;
  }
  if (ticks < header->first_ticks) {
    uint64_t before = scale(header->first_ticks - ticks, FILETIMES_PER_SECOND, per_second);
    return before < header->start ? header->start - before : 0;
  }
  uint64_t after = scale(ticks - header->first_ticks, FILETIMES_PER_SECOND, per_second);
  return seep_saturate_add(header->start, after);
}

int64_t seep_trace_elapsed_ms(const seep_trace_header *header, uint64_t from_ticks, uint64_t to_ticks)
{
  uint64_t per_second = ticks_per_second(header);
  uint64_t between = from_ticks < to_ticks ? to_ticks - from_ticks : from_ticks - to_ticks;
  uint64_t elapsed_ms = per_second != 0 ? scale(between, UINT64_C(1000), per_second) : 0;
  int64_t bounded = elapsed_ms < INT64_MAX ? (int64_t)elapsed_ms : INT64_MAX;
  return from_ticks <= to_ticks ? bounded : -bounded;
}

bool seep_trace__ticks_of(const seep_trace_header *header, seep_filetime filetime, uint64_t *ticks)
{
  uint64_t per_second = ticks_per_second(header);
  if (header->clock_type == CLOCK_SYSTEM_TIME) {
    *ticks = filetime;
    return true;
  }
  if (per_second == 0 || filetime < header->start) {
    return false;
  }
  *ticks = seep_saturate_add(header->first_ticks,
                             scale(filetime - header->start, per_second, FILETIMES_PER_SECOND));
  return true;
}
