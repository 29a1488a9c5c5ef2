#include "base/clock.h"

#include <stdio.h>

/* 1601-01-01 to 1970-01-01 in milliseconds (134,774 days). */
#define EPOCH_GAP_MS INT64_C(11644473600000)
#define YEAR_9999_MS INT64_C(253402300799999)

typedef struct civil {
  int64_t year;
  unsigned month, day, hour, minute, second, ms;
} civil;

/* Days since 1970-01-01 <-> civil date, proleptic Gregorian, counted in 400-year eras that begin on 1 March.
 */
static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
  year -= month <= 2;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
  static const unsigned char days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[month - 1];
}

static civil civil_from_wall(seep_wall wall)
{
  int64_t ms = wall.ms < -EPOCH_GAP_MS ? -EPOCH_GAP_MS : wall.ms > YEAR_9999_MS ? YEAR_9999_MS : wall.ms;
  int64_t days = ms / SEEP_MS_PER_DAY;
  int64_t rest = ms % SEEP_MS_PER_DAY;
  if (rest < 0) {
    rest += SEEP_MS_PER_DAY;
    days--;
  }
  int64_t z = days + 719468;
  int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  int64_t day_of_era = z - era * 146097;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted_month = (5 * day_of_year + 2) / 153;
  civil c;
  c.day = (unsigned)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  c.month = (unsigned)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  c.year = year_of_era + era * 400 + (c.month <= 2);
  c.hour = (unsigned)(rest / SEEP_MS_PER_HOUR);
  c.minute = (unsigned)(rest / SEEP_MS_PER_MINUTE % 60);
  c.second = (unsigned)(rest / SEEP_MS_PER_SECOND % 60);
  c.ms = (unsigned)(rest % SEEP_MS_PER_SECOND);
  return c;
}

seep_wall seep_wall_from_filetime(seep_filetime filetime)
{
  int64_t ms = (int64_t)(filetime / 10000) - EPOCH_GAP_MS;
  seep_wall wall = {ms < 0 ? 0 : ms > YEAR_9999_MS ? YEAR_9999_MS : ms};
  return wall;
}

seep_filetime seep_wall_to_filetime(seep_wall wall)
{
  int64_t ms = wall.ms < 0 ? 0 : wall.ms > YEAR_9999_MS ? YEAR_9999_MS : wall.ms;
  return (seep_filetime)(ms + EPOCH_GAP_MS) * 10000;
}

const char *seep_wall_text(seep_wall wall, char *out, size_t out_size)
{
  civil c = civil_from_wall(wall);
  snprintf(out, out_size, "%04d-%02u-%02uT%02u:%02u:%02u.%03uZ", (int)c.year, c.month, c.day, c.hour,
           c.minute, c.second, c.ms);
  return out;
}

const char *seep_wall_file_text(seep_wall wall, char *out, size_t out_size)
{
  civil c = civil_from_wall(wall);
  snprintf(out, out_size, "%04d%02u%02uT%02u%02u%02uZ", (int)c.year, c.month, c.day, c.hour, c.minute,
           c.second);
  return out;
}

/* Reads exactly `digits` decimal digits at *position. */
static bool parse_digits(const char *text, size_t length, size_t *position, size_t digits, unsigned *value)
{
  unsigned result = 0;
  if (digits > length - *position) {
    return false;
  }
  for (size_t i = 0; i < digits; i++) {
    char c = text[*position + i];
    if (c < '0' || c > '9') {
      return false;
    }
    result = result * 10 + (unsigned)(c - '0');
  }
  *position += digits;
  *value = result;
  return true;
}

static bool parse_mark(const char *text, size_t length, size_t *position, char mark)
{
  if (*position >= length || text[*position] != mark) {
    return false;
  }
  (*position)++;
  return true;
}

/* 0 to 9 fraction digits, given back in units of 100 ns (later digits are dropped). */
static bool parse_fraction(const char *text, size_t length, size_t *position, uint64_t *ticks)
{
  uint64_t value = 0;
  size_t digits = 0;
  if (!parse_mark(text, length, position, '.')) {
    *ticks = 0;
    return true;
  }
  while (*position < length && text[*position] >= '0' && text[*position] <= '9') {
    if (digits < 7) {
      value = value * 10 + (uint64_t)(text[*position] - '0');
    }
    digits++;
    (*position)++;
  }
  if (digits == 0 || digits > 9) {
    return false;
  }
  for (size_t i = digits; i < 7; i++) {
    value *= 10;
  }
  *ticks = value;
  return true;
}

bool seep_filetime_parse(const char *text, size_t length, seep_filetime *filetime)
{
  unsigned year, month, day, hour, minute, second;
  uint64_t ticks;
  size_t at = 0;
  bool ok = parse_digits(text, length, &at, 4, &year) && parse_mark(text, length, &at, '-') &&
            parse_digits(text, length, &at, 2, &month) && parse_mark(text, length, &at, '-') &&
            parse_digits(text, length, &at, 2, &day) && parse_mark(text, length, &at, 'T') &&
            parse_digits(text, length, &at, 2, &hour) && parse_mark(text, length, &at, ':') &&
            parse_digits(text, length, &at, 2, &minute) && parse_mark(text, length, &at, ':') &&
            parse_digits(text, length, &at, 2, &second) && parse_fraction(text, length, &at, &ticks) &&
            parse_mark(text, length, &at, 'Z') && at == length;
  if (!ok || year < 1601 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
      hour > 23 || minute > 59 || second > 60) {
    return false;
  }
  int64_t seconds = days_from_civil((int64_t)year, month, day) * 86400 + (int64_t)hour * 3600 +
                    (int64_t)minute * 60 + (int64_t)second + EPOCH_GAP_MS / SEEP_MS_PER_SECOND;
  *filetime = (seep_filetime)seconds * 10000000u + ticks;
  return true;
}
