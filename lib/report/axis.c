#include "report/axis.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

/* Enough to read a value off, few enough to stay out of the curve's way. */
#define MOST_FIGURES 6.0
/* So many labels of the longest kind stand side by side without touching. */
#define MOST_INTERVALS 9

#define ONE_MB 1048576.0
#define UNITS 7

/* Of the height, what a curve needs to be read; below it the axis leaves 0. */
#define READABLE_PART 0.05
/* Of the value, and at the least in bytes: what comes and goes in a process that does nothing special. Drawn
 * large it would look like a drama, so it is left to be the flat line that it is. */
#define UNREST_PART 0.002
#define UNREST_BYTES ONE_MB
/* Of the range, left free above and below the curve. */
#define MARGIN_PART 0.05

static double floor_of(double value)
{
  double whole = (double)(int64_t)value;
  return whole > value ? whole - 1 : whole;
}

static double ceiling_of(double value)
{
  return -floor_of(-value);
}

static double unit_bytes(unsigned unit)
{
  double bytes = 1;
  for (unsigned i = 0; i < unit; i++) {
    bytes *= 1024;
  }
  return bytes;
}

/* The smallest step in tenths of the unit (1, 2, 5, 10, 20 ...) that crosses the range in few enough. */
static unsigned step_tenths(double low, double high, unsigned unit)
{
  static const unsigned factors[] = {1, 2, 5};
  /* 0.1 byte is no figure. */
  for (unsigned power = unit == 0 ? 10 : 1; power <= 10000; power *= 10) {
    for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++) {
      double step = factors[i] * power * unit_bytes(unit) / 10;
      if (ceiling_of(high / step) - floor_of(low / step) <= MOST_FIGURES) {
        return factors[i] * power;
      }
    }
  }
  return 10000;
}

static unsigned unit_for(double low, double high)
{
  unsigned unit = 0;
  while (unit + 1 < UNITS && high >= unit_bytes(unit + 1)) {
    unit++;
  }
  /* A far-off beginning can make even a tenth of the unit too coarse a step. */
  while (unit > 0 && (high - low) / (unit_bytes(unit) / 10) < MOST_FIGURES / 2) {
    unit--;
  }
  return unit;
}

void seep_axis_bytes_choose(seep_axis_bytes *axis, uint64_t lowest_bytes, uint64_t highest_bytes)
{
  static const char *const names[UNITS] = {"bytes", "KB", "MB", "GB", "TB", "PB", "EB"};
  double low = (double)lowest_bytes;
  double high = (double)highest_bytes;
  double range = high - low;
  double unrest = high * UNREST_PART > UNREST_BYTES ? high * UNREST_PART : UNREST_BYTES;
  if (range < high * READABLE_PART && range > unrest) {
    low -= range * MARGIN_PART;
    high += range * MARGIN_PART;
  } else {
    low = 0;
    high = high > 0 ? high * (1 + MARGIN_PART) : ONE_MB;
  }
  unsigned unit = unit_for(low, high);
  unsigned tenths = step_tenths(low, high, unit);
  double step = tenths * unit_bytes(unit) / 10;
  uint64_t first = (uint64_t)floor_of(low / step);
  uint64_t last = (uint64_t)ceiling_of(high / step);
  axis->count = 0;
  for (uint64_t i = first; i <= last && axis->count < SEEP_AXIS_TICKS; i++) {
    seep_axis_figure *tick = &axis->ticks[axis->count++];
    seep_writer label;
    tick->bytes = (double)i * step;
    seep_writer_init(&label, tick->label, sizeof tick->label);
    seep_writer_u64(&label, i * tenths / 10);
    if (tenths % 10 != 0 && i > 0) {
      seep_writer_format(&label, ".%u", (unsigned)(i * tenths % 10));
    }
    if (i > 0) {
      seep_writer_format(&label, " %s", names[unit]);
    }
  }
  axis->bottom_bytes = axis->ticks[0].bytes;
  axis->top_bytes = axis->ticks[axis->count - 1].bytes;
}

/* ---- times ---- */

typedef struct date {
  unsigned year, month, day;
  char clock[9]; /* "10:44:30" */
} date;

static unsigned number(const char *digits, size_t count)
{
  unsigned value = 0;
  for (size_t i = 0; i < count; i++) {
    value = value * 10 + (unsigned)(digits[i] - '0');
  }
  return value;
}

/* Through the text, whose form is fixed, so that the calendar stays in one place. */
static date date_of(seep_wall wall)
{
  char text[SEEP_WALL_TEXT_SIZE];
  date result;
  seep_wall_text(wall, text, sizeof text);
  result.year = number(text, 4);
  result.month = number(text + 5, 2);
  result.day = number(text + 8, 2);
  seep_text_copy_bytes(result.clock, sizeof result.clock, text + 11, 8);
  return result;
}

/* months: since the year 0. false behind the year 9999. */
static bool month_begin(unsigned months, seep_wall *wall)
{
  char text[SEEP_WALL_TEXT_SIZE];
  seep_writer writer;
  seep_filetime filetime;
  seep_writer_init(&writer, text, sizeof text);
  seep_writer_format(&writer, "%04u-%02u-01T00:00:00Z", months / 12, months % 12 + 1);
  if (!seep_filetime_parse(text, writer.length, &filetime)) {
    return false;
  }
  *wall = seep_wall_from_filetime(filetime);
  return true;
}

static const char *month_name(unsigned month)
{
  static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return names[month - 1];
}

typedef struct step {
  int64_t ms;      /* 0: counted in months */
  unsigned months; /* 0: counted in ms */
} step;

static step step_for(int64_t span_ms)
{
  static const step steps[] = {{1 * SEEP_MS_PER_SECOND, 0},
                               {2 * SEEP_MS_PER_SECOND, 0},
                               {5 * SEEP_MS_PER_SECOND, 0},
                               {10 * SEEP_MS_PER_SECOND, 0},
                               {15 * SEEP_MS_PER_SECOND, 0},
                               {30 * SEEP_MS_PER_SECOND, 0},
                               {1 * SEEP_MS_PER_MINUTE, 0},
                               {2 * SEEP_MS_PER_MINUTE, 0},
                               {5 * SEEP_MS_PER_MINUTE, 0},
                               {10 * SEEP_MS_PER_MINUTE, 0},
                               {15 * SEEP_MS_PER_MINUTE, 0},
                               {30 * SEEP_MS_PER_MINUTE, 0},
                               {1 * SEEP_MS_PER_HOUR, 0},
                               {2 * SEEP_MS_PER_HOUR, 0},
                               {3 * SEEP_MS_PER_HOUR, 0},
                               {6 * SEEP_MS_PER_HOUR, 0},
                               {12 * SEEP_MS_PER_HOUR, 0},
                               {1 * SEEP_MS_PER_DAY, 0},
                               {2 * SEEP_MS_PER_DAY, 0},
                               {7 * SEEP_MS_PER_DAY, 0},
                               {14 * SEEP_MS_PER_DAY, 0},
                               {0, 1},
                               {0, 2},
                               {0, 3},
                               {0, 6},
                               {0, 12},
                               {0, 24},
                               {0, 60},
                               {0, 120},
                               {0, 240},
                               {0, 600},
                               {0, 1200},
                               {0, 2400},
                               {0, 6000},
                               {0, 12000}};
  const size_t last = sizeof steps / sizeof steps[0] - 1;
  size_t i = 0;
  while (i < last) {
    int64_t shortest_ms = steps[i].ms > 0 ? steps[i].ms : steps[i].months * 30 * SEEP_MS_PER_DAY;
    if (span_ms / shortest_ms < MOST_INTERVALS || span_ms == MOST_INTERVALS * shortest_ms) {
      break;
    }
    i++;
  }
  return steps[i];
}

/* Weeks begin on Mondays; 1970 began on a Thursday. */
static seep_wall first_in_ms(seep_wall from, int64_t step_ms)
{
  int64_t offset_ms = step_ms % (7 * SEEP_MS_PER_DAY) == 0 ? 4 * SEEP_MS_PER_DAY : 0;
  seep_wall first = {offset_ms};
  if (from.ms > offset_ms) {
    first.ms += (from.ms - offset_ms + step_ms - 1) / step_ms * step_ms;
  }
  return first;
}

static unsigned first_in_months(seep_wall from, unsigned step_months)
{
  date begin = date_of(from);
  unsigned months = begin.year * 12 + begin.month - 1;
  seep_wall wall;
  if (!month_begin(months, &wall) || wall.ms != from.ms) {
    months++;
  }
  return (months + step_months - 1) / step_months * step_months;
}

static void name_moment(seep_axis_moment *tick, step by)
{
  date at = date_of(tick->wall);
  seep_writer label;
  seep_writer context;
  seep_writer_init(&label, tick->label, sizeof tick->label);
  seep_writer_init(&context, tick->context, sizeof tick->context);
  if (by.months > 0 && by.months % 12 == 0) {
    seep_writer_format(&label, "%u", at.year);
  } else if (by.months > 0) {
    seep_writer_text(&label, month_name(at.month));
    seep_writer_format(&context, "%u", at.year);
  } else if (by.ms >= SEEP_MS_PER_DAY) {
    seep_writer_format(&label, "%u %s", at.day, month_name(at.month));
    seep_writer_format(&context, "%u", at.year);
  } else {
    seep_writer_bytes(&label, at.clock, by.ms < SEEP_MS_PER_MINUTE ? 8 : 5);
    seep_writer_format(&context, "%u %s %u", at.day, month_name(at.month), at.year);
  }
}

size_t seep_axis_times_choose(seep_wall from, seep_wall to, seep_axis_moment ticks[SEEP_AXIS_TICKS])
{
  step by = step_for(to.ms - from.ms);
  unsigned months = by.months > 0 ? first_in_months(from, by.months) : 0;
  seep_wall wall = {0};
  if (by.months == 0) {
    wall = first_in_ms(from, by.ms);
  }
  char known[sizeof ticks[0].context] = "";
  size_t count = 0;
  while (count < SEEP_AXIS_TICKS && (by.months == 0 || month_begin(months, &wall)) && wall.ms <= to.ms) {
    seep_axis_moment *tick = &ticks[count++];
    tick->wall = wall;
    name_moment(tick, by);
    if (strcmp(known, tick->context) == 0) {
      tick->context[0] = '\0';
    } else {
      seep_text_copy(known, sizeof known, tick->context);
    }
    wall.ms += by.ms;
    months += by.months;
  }
  return count;
}
