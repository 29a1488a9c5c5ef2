#include "report/human.h"

#include <float.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"

const char *seep_human_bytes(uint64_t bytes, char *out, size_t out_size)
{
  static const char *const units[] = {"KB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1024) {
    snprintf(out, out_size, "%" PRIu64 " byte%s", bytes, bytes == 1 ? "" : "s");
    return out;
  }
  double value = (double)bytes / 1024.0;
  size_t unit = 0;
  /* 1023.5 would be shown as "1024": it belongs to the next unit. */
  while (value >= 1023.5 && unit + 1 < sizeof units / sizeof units[0]) {
    value /= 1024.0;
    unit++;
  }
  /* Rounded here and printed as integers: the C libraries disagree on how printf rounds a tie. */
  unsigned hundredths = (unsigned)(value * 100.0 + 0.5);
  unsigned tenths = (unsigned)(value * 10.0 + 0.5);
  if (hundredths < 1000) {
    snprintf(out, out_size, "%u.%02u %s", hundredths / 100, hundredths % 100, units[unit]);
  } else if (tenths < 1000) {
    snprintf(out, out_size, "%u.%u %s", tenths / 10, tenths % 10, units[unit]);
  } else {
    snprintf(out, out_size, "%u %s", (unsigned)(value + 0.5), units[unit]);
  }
  return out;
}

const char *seep_human_rate(double bytes_per_hour, char *out, size_t out_size)
{
  /* 2^64: the first value that a uint64_t can not hold. */
  const double limit = 18446744073709551616.0;
  double size = bytes_per_hour < 0 ? -bytes_per_hour : bytes_per_hour;
  if (!(size <= DBL_MAX)) { /* infinite, or not a number: any comparison with that is false */
    snprintf(out, out_size, "-");
    return out;
  }
  uint64_t whole = size + 0.5 >= limit ? UINT64_MAX : (uint64_t)(size + 0.5);
  char bytes[SEEP_HUMAN_SIZE];
  seep_human_bytes(whole, bytes, sizeof bytes);
  snprintf(out, out_size, "%s%s per hour", bytes_per_hour < 0 && whole > 0 ? "-" : "", bytes);
  return out;
}

/* The two largest units, the second only when it is not zero. Nothing is rounded up: a deadline never looks
 * later. */
const char *seep_human_duration(int64_t ms, char *out, size_t out_size)
{
  static const struct {
    int64_t ms;
    const char *name;
  } units[] = {{SEEP_MS_PER_DAY, "d"},
               {SEEP_MS_PER_HOUR, "h"},
               {SEEP_MS_PER_MINUTE, "min"},
               {SEEP_MS_PER_SECOND, "s"}};
  const size_t last = sizeof units / sizeof units[0] - 1;
  if (ms < 0) {
    snprintf(out, out_size, "-");
    return out;
  }
  if (ms > 0 && ms < SEEP_MS_PER_SECOND) {
    snprintf(out, out_size, "%" PRId64 " ms", ms);
    return out;
  }
  size_t unit = 0;
  while (unit < last && ms < units[unit].ms) {
    unit++;
  }
  int64_t first = ms / units[unit].ms;
  int64_t second = unit < last ? ms % units[unit].ms / units[unit + 1].ms : 0;
  if (second > 0) {
    snprintf(out, out_size, "%" PRId64 " %s %" PRId64 " %s", first, units[unit].name, second,
             units[unit + 1].name);
  } else {
    snprintf(out, out_size, "%" PRId64 " %s", first, units[unit].name);
  }
  return out;
}

const char *seep_human_sure(const char *what, double confidence, char *out, size_t out_size)
{
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  seep_writer_text(&writer, what);
  if (confidence > 0.0) {
    seep_writer_format(&writer, ", %u percent sure",
                       confidence < 0.99 ? (unsigned)(confidence * 100.0 + 0.5) : 99u);
  }
  return out;
}
