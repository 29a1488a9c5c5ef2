/*
 * Figures as these sentences need them, and what a verdict stands on. Whatever comes in may be a mistake of
 * the detector or of a file: a figure that can not be is left out, and the sentence still holds.
 */
#include "report/explanation.h"

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "report/explanation_private.h"
#include "report/human.h"

#define BYTES_LIMIT 18446744073709551616.0 /* 2^64: the first value that a uint64_t can not hold */
#define HANDLES_LIMIT 4294967296.0         /* 2^32: Windows counts them in 32 bits */

/* What a line that neither fades nor speeds up has for its age ratio, and how far from it is still even: the
 * square root of time would have 1.41, the square 3. */
#define SLOWER_BELOW 1.6
#define FASTER_ABOVE 2.6

/* ---- figures ---- */

bool seep_explanation__can_be(double value, seep_unit unit)
{
  /* Not a number ends here as well. */
  return value >= 0.0 && value < (unit == SEEP_UNIT_HANDLES ? HANDLES_LIMIT : BYTES_LIMIT);
}

static uint64_t whole(double value)
{
  return (uint64_t)(value + 0.5);
}

/* With fixed decimals, rounded here: the C libraries disagree on how printf rounds a tie. At most 3. */
static const char *figure(double value, unsigned decimals, char *out, size_t out_size)
{
  static const unsigned powers[] = {1, 10, 100, 1000};
  if (decimals == 0 || value >= BYTES_LIMIT / 1000.0) {
    snprintf(out, out_size, "%" PRIu64, whole(value));
    return out;
  }
  uint64_t parts = whole(value * powers[decimals]);
  snprintf(out, out_size, "%" PRIu64 ".%0*u", parts / powers[decimals], (int)decimals,
           (unsigned)(parts % powers[decimals]));
  return out;
}

const char *seep_explanation__amount(double value, seep_unit unit, char *out, size_t out_size)
{
  if (unit == SEEP_UNIT_HANDLES) {
    uint64_t handles = whole(value);
    snprintf(out, out_size, "%" PRIu64 " handle%s", handles, handles == 1 ? "" : "s");
    return out;
  }
  return seep_human_bytes(whole(value), out, out_size);
}

/* Handles come singly and slowly: below ten an hour the fraction matters. */
const char *seep_explanation__rate(double per_hour, seep_unit unit, char *out, size_t out_size)
{
  char text[SEEP_EXPLANATION__FIGURE_SIZE];
  if (unit == SEEP_UNIT_HANDLES && per_hour < 9.95) {
    snprintf(out, out_size, "%s handles per hour", figure(per_hour, 1, text, sizeof text));
  } else {
    snprintf(out, out_size, "%s per hour", seep_explanation__amount(per_hour, unit, text, sizeof text));
  }
  return out;
}

void seep_explanation__write_amount(seep_writer *writer, double value, seep_unit unit)
{
  char text[SEEP_EXPLANATION__FIGURE_SIZE];
  seep_writer_text(writer, seep_explanation__amount(value, unit, text, sizeof text));
}

void seep_explanation__write_figure(seep_writer *writer, double value, unsigned decimals)
{
  char text[SEEP_EXPLANATION__FIGURE_SIZE];
  seep_writer_text(writer, figure(value, decimals, text, sizeof text));
}

void seep_explanation__write_percent(seep_writer *writer, double share, unsigned decimals)
{
  seep_explanation__write_figure(writer, share * 100.0, decimals);
  seep_writer_text(writer, " percent");
}

void seep_explanation__write_duration(seep_writer *writer, int64_t ms)
{
  char text[SEEP_HUMAN_SIZE];
  seep_writer_text(writer, seep_human_duration(ms, text, sizeof text));
}

bool seep_explanation__is_window(int64_t ms)
{
  return ms > 0 && ms <= SEEP_EXPLANATION__LONGEST_MS;
}

const char *seep_explanation_rate(double per_hour, double low, double high, seep_unit unit, char *out,
                                  size_t out_size)
{
  char text[SEEP_EXPLANATION__FIGURE_SIZE], from[SEEP_EXPLANATION__FIGURE_SIZE],
      to[SEEP_EXPLANATION__FIGURE_SIZE];
  if (!seep_explanation__can_be(per_hour, unit)) {
    seep_text_copy(out, out_size, "-");
    return out;
  }
  seep_explanation__rate(per_hour, unit, text, sizeof text);
  if (!seep_explanation__can_be(low, unit) || !seep_explanation__can_be(high, unit) || low > high ||
      !(high > 0.0)) {
    seep_text_copy(out, out_size, text);
    return out;
  }
  /* "175 to 186 MB per hour": the unit once where both have the same. */
  seep_explanation__rate(low, unit, from, sizeof from);
  seep_explanation__rate(high, unit, to, sizeof to);
  if (strcmp(from, to) == 0) {
    seep_text_copy(out, out_size, text);
    return out;
  }
  const char *from_unit = strchr(from, ' ');
  const char *to_unit = strchr(to, ' ');
  size_t length = strcmp(from_unit, to_unit) == 0 ? (size_t)(from_unit - from) : strlen(from) - 9;
  snprintf(out, out_size, "%s (%.*s to %s)", text, (int)length, from, to);
  return out;
}

/* ---- what it stands on ---- */

/* One unit and one number of decimals for all parts of a list, from the largest of them. */
typedef struct list_scale {
  double divisor;
  unsigned decimals;
  const char *unit;
} list_scale;

static list_scale scale_of(double largest, seep_unit unit)
{
  static const char *const units[] = {" bytes", " KB", " MB", " GB", " TB", " PB", " EB"};
  list_scale scale = {1.0, 0, ""};
  if (unit == SEEP_UNIT_HANDLES) {
    return scale;
  }
  size_t i = 0;
  while (largest / scale.divisor >= 1023.5 && i + 1 < sizeof units / sizeof units[0]) {
    scale.divisor *= 1024.0;
    i++;
  }
  double first = largest / scale.divisor;
  scale.unit = units[i];
  scale.decimals = i == 0 || first >= 99.95 ? 0 : first >= 9.995 ? 1 : 2;
  return scale;
}

/* ", in 7 of 8 equal parts of that time (by 41.0, 39.5 ... MB)". A part in which less than the list shows was
 * gained does not count. */
static void write_parts(seep_writer *writer, const float *floors, seep_unit unit)
{
  double gains[SEEP_SHAPE_PARTS], largest = 0.0;
  for (size_t i = 0; i < SEEP_SHAPE_PARTS; i++) {
    gains[i] = (double)floors[i + 1] - (double)floors[i];
    largest = gains[i] > largest ? gains[i] : largest;
  }
  list_scale scale = scale_of(largest, unit);
  double least = scale.decimals == 0 ? 0.5 : scale.decimals == 1 ? 0.05 : 0.005;
  unsigned grown = 0;
  for (size_t i = 0; i < SEEP_SHAPE_PARTS; i++) {
    gains[i] /= scale.divisor;
    grown += gains[i] >= least;
  }
  seep_writer_format(writer, ", in %u of %u equal parts of that time (by ", grown,
                     (unsigned)SEEP_SHAPE_PARTS);
  for (size_t i = 0; i < SEEP_SHAPE_PARTS; i++) {
    seep_writer_text(writer, i > 0 ? ", " : "");
    seep_writer_text(writer, gains[i] <= -least ? "-" : "");
    seep_explanation__write_figure(writer, fabs(gains[i]), scale.decimals);
  }
  seep_writer_text(writer, scale.unit);
  seep_writer_text(writer, ")");
}

static bool floors_can_be(const float *floors, seep_unit unit)
{
  bool can = floors[SEEP_SHAPE_PARTS] > floors[0]; /* none at all otherwise */
  for (size_t i = 0; i <= SEEP_SHAPE_PARTS; i++) {
    can = can && seep_explanation__can_be((double)floors[i], unit);
  }
  return can;
}

static void write_rise(seep_writer *writer, const seep_shape *shape, seep_unit unit)
{
  char from[SEEP_EXPLANATION__FIGURE_SIZE], to[SEEP_EXPLANATION__FIGURE_SIZE];
  seep_writer_text(writer, unit == SEEP_UNIT_HANDLES ? "what it opened and never closed rose by "
                                                     : "what it never gave back rose by ");
  seep_explanation__write_amount(writer, shape->rise, unit);
  if (!floors_can_be(shape->floors, unit)) {
    return;
  }
  seep_explanation__amount((double)shape->floors[0], unit, from, sizeof from);
  seep_explanation__amount((double)shape->floors[SEEP_SHAPE_PARTS], unit, to, sizeof to);
  if (strcmp(from, to) != 0) {
    seep_writer_format(writer, " from %s to %s", from, to);
  } else {
    seep_writer_format(writer, " to %s", to); /* a small rise of much: both look alike */
  }
  write_parts(writer, shape->floors, unit);
}

static void write_rest(seep_writer *writer, const seep_shape *shape, seep_unit unit)
{
  if (seep_explanation__can_be((double)shape->noise, unit)) {
    /* Only of the low points anything is known: between two of them much may have come and gone. */
    if (shape->noise >= 0.5f) {
      seep_writer_text(writer, "; its low points fell back by ");
      seep_explanation__write_amount(writer, (double)shape->noise, unit);
      seep_writer_text(writer, " on average");
    } else {
      seep_writer_text(writer, "; its low points never fell back");
    }
  }
  if (shape->age_ratio > 0.0f && shape->age_ratio < (float)SEEP_EXPLANATION__RATIO_MOST) {
    seep_writer_text(writer, "; seen over all the time it was watched the growth ");
    seep_writer_text(writer, (double)shape->age_ratio < SLOWER_BELOW   ? "has become slower"
                             : (double)shape->age_ratio > FASTER_ABOVE ? "has become faster"
                                                                       : "keeps its pace");
  }
  if (shape->daily_share > 0.0f && shape->daily_share <= 1.0f) {
    seep_writer_text(writer, "; ");
    seep_explanation__write_percent(writer, (double)shape->daily_share, 0);
    seep_writer_text(writer, " of it came in the same half of each day");
  }
}

void seep_explanation_evidence(const seep_shape *shape, seep_unit unit, seep_writer *writer)
{
  if (shape->window_ms == 0) {
    seep_writer_text(writer, "Nothing was measured");
    return;
  }
  if (!seep_explanation__is_window(shape->window_ms) || !seep_explanation__can_be(shape->rise, unit)) {
    seep_writer_text(writer, "The figures of this growth are not known");
    return;
  }
  seep_writer_text(writer, "In the last ");
  seep_explanation__write_duration(writer, shape->window_ms);
  if (shape->rise < 0.5) {
    seep_writer_text(writer, " it did not grow");
  } else {
    seep_writer_text(writer, " ");
    write_rise(writer, shape, unit);
  }
  write_rest(writer, shape, unit);
}
