/*
 * What the files of the picture share: its measures, and how a time or a figure gets into it. Inside the
 * scaled group (class "s") a unit is a tenth of a unit of the picture, so that the paths need no fractions.
 */
#ifndef SEEP_REPORT_CHART_PRIVATE_H
#define SEEP_REPORT_CHART_PRIVATE_H

#include "base/text.h"
#include "report/axis.h"
#include "report/chart.h"

enum {
  SEEP_CHART_WIDTH = 980,
  SEEP_CHART_LEFT = 92, /* room for the figures and for the lanes' names */
  SEEP_CHART_COLUMN_TENTHS = 14,
  SEEP_CHART_PLOT_TENTHS = SEEP_CHART_COLUMN_TENTHS * (int)SEEP_CHART_COLUMNS,
  SEEP_CHART_HEIGHT_TENTHS = 2600,
  SEEP_CHART_LANE = 20
};

/* A time within the axis, in tenths from the plot's left edge. */
int seep_chart_x(const seep_chart *chart, seep_wall wall);

/* A figure, in tenths from the plot's upper edge. */
int seep_chart_y(const seep_axis_bytes *axis, double bytes);

/* Takes low .. high into lowest .. highest. first: those hold nothing yet. */
void seep_chart_widen(uint64_t *lowest, uint64_t *highest, uint64_t low, uint64_t high, bool first);

/* "2026-11-22 10:44:44" or, without the seconds, "2026-11-22 10:44". */
const char *seep_chart_moment(seep_wall wall, bool seconds, char out[SEEP_WALL_TEXT_SIZE]);

/* ---- chart_curve.c ---- */

typedef struct seep_chart_curve_traits {
  bool band;   /* somewhere floor and peak differ */
  bool gaps;   /* one is wide enough to be shaded */
  bool dotted; /* each column has a dot */
} seep_chart_curve_traits;

seep_chart_curve_traits seep_chart_curve_look(const seep_chart *chart);

/* Both in the plot's scaled group. */
void seep_chart_curve_write_gaps(const seep_chart *chart, seep_page *page);
void seep_chart_curve_write(const seep_chart *chart, const seep_axis_bytes *axis, seep_page *page);

/* ---- chart_marks.c ---- */

/* How many marks of each kind lie on the axis. */
typedef struct seep_chart_marks {
  const seep_chart_mark *marks;
  size_t count;
  size_t shown[SEEP_CHART_MARK_KINDS];
} seep_chart_marks;

void seep_chart_marks_init(seep_chart_marks *marks, const seep_chart *chart, const seep_chart_mark *all,
                           size_t count);

#define SEEP_CHART_NAME_SIZE 64

/* "1 leak case", "3 leak cases". */
const char *seep_chart_marks_name(seep_chart_mark_kind kind, size_t count, char out[SEEP_CHART_NAME_SIZE]);

/* Height of the lanes above the plot; 0 when there is no mark. */
int seep_chart_marks_height(const seep_chart_marks *marks);

/* Behind the curve, in the plot's scaled group; above the plot, from the picture's upper edge; and the sign
 * of one kind for the legend, around 130,70 in tenths. */
void seep_chart_marks_write_behind(const seep_chart_marks *marks, const seep_chart *chart, seep_page *page);
void seep_chart_marks_write_lanes(const seep_chart_marks *marks, const seep_chart *chart, seep_page *page);
void seep_chart_marks_write_sign(seep_chart_mark_kind kind, seep_page *page);

#endif
