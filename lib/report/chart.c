#include "report/chart.h"

#include <stdio.h>
#include <string.h>

#include "report/axis.h"
#include "report/chart_private.h"
#include "report/human.h"

/* Times beyond are some broken clock's; the calendar ends there. */
#define LAST_YEAR_END_MS INT64_C(253402300799999)

#define PLOT_RIGHT_TENTHS ((int)SEEP_CHART_PLOT_TENTHS)
#define PLOT_BOTTOM_TENTHS ((int)SEEP_CHART_HEIGHT_TENTHS)
#define SPACE_ABOVE 16
#define SPACE_BELOW 44

static int64_t within_calendar(int64_t ms)
{
  return ms < 0 ? 0 : ms > LAST_YEAR_END_MS ? LAST_YEAR_END_MS : ms;
}

void seep_chart_init(seep_chart *chart, seep_wall from, seep_wall to)
{
  memset(chart, 0, sizeof *chart);
  chart->from.ms = within_calendar(from.ms);
  chart->to.ms = within_calendar(to.ms);
  if (chart->to.ms <= chart->from.ms) {
    chart->from.ms = chart->from.ms > 0 ? chart->from.ms - 1 : 0;
    chart->to.ms = chart->from.ms + 1;
  }
}

void seep_chart_widen(uint64_t *lowest, uint64_t *highest, uint64_t low, uint64_t high, bool first)
{
  *lowest = first || low < *lowest ? low : *lowest;
  *highest = first || high > *highest ? high : *highest;
}

/* What is before a gap and what is behind it may fall into one column; then the part before moves one column
 * to the left, so that the line can break between the two. */
static void split_at_gap(seep_chart *chart, size_t at)
{
  seep_chart_column *column = &chart->columns[at];
  seep_chart_column *before = &chart->columns[at - 1];
  if (before->count == 0) {
    *before = *column;
  } else if (column->count <= UINT32_MAX - before->count) {
    seep_chart_widen(&before->floor_bytes, &before->peak_bytes, column->floor_bytes, column->peak_bytes,
                     false);
    before->mean_sum += column->mean_sum;
    before->count += column->count;
  }
  memset(column, 0, sizeof *column);
}

void seep_chart_add(seep_chart *chart, seep_wall wall, uint64_t floor_bytes, uint64_t mean_bytes,
                    uint64_t peak_bytes, bool after_gap)
{
  if (wall.ms < chart->from.ms || wall.ms > chart->to.ms) {
    return;
  }
  int64_t span_ms = chart->to.ms - chart->from.ms;
  size_t at = (size_t)((wall.ms - chart->from.ms) * (int64_t)SEEP_CHART_COLUMNS / span_ms);
  at = at < SEEP_CHART_COLUMNS ? at : SEEP_CHART_COLUMNS - 1;
  seep_chart_column *column = &chart->columns[at];
  if (column->count == UINT32_MAX) {
    return;
  }
  if (after_gap && column->count > 0 && at > 0) {
    split_at_gap(chart, at);
  }
  uint64_t low = floor_bytes < mean_bytes ? floor_bytes : mean_bytes;
  uint64_t high = peak_bytes > mean_bytes ? peak_bytes : mean_bytes;
  seep_chart_widen(&column->floor_bytes, &column->peak_bytes, low, high, column->count == 0);
  seep_chart_widen(&chart->lowest_bytes, &chart->highest_bytes, low, high, chart->points == 0);
  if (column->count == 0) {
    column->after_gap = after_gap;
  }
  column->mean_sum += (double)mean_bytes;
  column->count++;
  chart->points++;
  chart->last_bytes = mean_bytes;
}

/* ---- shared with the curve and the marks ---- */

int seep_chart_x(const seep_chart *chart, seep_wall wall)
{
  return (int)((wall.ms - chart->from.ms) * PLOT_RIGHT_TENTHS / (chart->to.ms - chart->from.ms));
}

int seep_chart_y(const seep_axis_bytes *axis, double bytes)
{
  double part = (bytes - axis->bottom_bytes) / (axis->top_bytes - axis->bottom_bytes);
  part = part < 0 ? 0 : part > 1 ? 1 : part;
  return PLOT_BOTTOM_TENTHS - (int)(part * PLOT_BOTTOM_TENTHS + 0.5);
}

const char *seep_chart_moment(seep_wall wall, bool seconds, char out[SEEP_WALL_TEXT_SIZE])
{
  seep_wall_text(wall, out, SEEP_WALL_TEXT_SIZE);
  out[10] = ' ';
  out[seconds ? 19 : 16] = '\0';
  return out;
}

/* ---- axes ---- */

static void write_grid(const seep_chart *chart, const seep_axis_bytes *axis, const seep_axis_moment *times,
                       size_t time_count, seep_page *page)
{
  seep_page_markup(page, "<path class=\"grid\" d=\"");
  for (size_t i = 0; i < axis->count; i++) {
    seep_page_format(page, "M0 %dH%d", seep_chart_y(axis, axis->ticks[i].bytes), PLOT_RIGHT_TENTHS);
  }
  for (size_t i = 0; i < time_count; i++) {
    seep_page_format(page, "M%d 0V%d", seep_chart_x(chart, times[i].wall), PLOT_BOTTOM_TENTHS);
  }
  seep_page_markup(page, "\"/>\n");
}

static void write_axis(const seep_chart *chart, const seep_axis_bytes *axis, const seep_axis_moment *times,
                       size_t time_count, seep_page *page)
{
  seep_page_format(page, "<path class=\"axis\" d=\"M0 %dH%d", PLOT_BOTTOM_TENTHS, PLOT_RIGHT_TENTHS);
  for (size_t i = 0; i < time_count; i++) {
    seep_page_format(page, "M%d %dv50", seep_chart_x(chart, times[i].wall), PLOT_BOTTOM_TENTHS);
  }
  if (axis->bottom_bytes > 0) { /* the sign of an axis that does not begin at nothing */
    seep_page_format(page, "M0 %dl-40-30l80-40l-80-40l40-30", PLOT_BOTTOM_TENTHS);
  }
  seep_page_markup(page, "\"/>\n");
}

static void write_labels(const seep_chart *chart, const seep_axis_bytes *axis, const seep_axis_moment *times,
                         size_t time_count, int top, seep_page *page)
{
  int bottom = top + PLOT_BOTTOM_TENTHS / 10;
  for (size_t i = 0; i < axis->count && chart->points > 0; i++) {
    int y = top + seep_chart_y(axis, axis->ticks[i].bytes) / 10 + 4;
    seep_page_format(page, "<text class=\"e\" x=\"%d\" y=\"%d\">%s</text>\n", SEEP_CHART_LEFT - 10, y,
                     axis->ticks[i].label);
  }
  for (size_t i = 0; i < time_count; i++) {
    int x = SEEP_CHART_LEFT + seep_chart_x(chart, times[i].wall) / 10;
    seep_page_format(page, "<text class=\"m\" x=\"%d\" y=\"%d\">%s</text>\n", x, bottom + 20, times[i].label);
    if (times[i].context[0] != '\0') {
      seep_page_format(page, "<text class=\"m\" x=\"%d\" y=\"%d\">%s</text>\n", x, bottom + 36,
                       times[i].context);
    }
  }
  seep_page_format(page, "<text class=\"e\" x=\"%d\" y=\"%d\">UTC</text>\n", SEEP_CHART_LEFT - 34,
                   bottom + 20);
}

/* ---- words around the picture ---- */

/* "2026-11-08 10:00 to 2026-11-22 10:00 UTC. Last 1.50 GB, lowest 200 MB, highest 1.60 GB." */
static void write_summary(const seep_chart *chart, seep_page *page)
{
  char from[SEEP_WALL_TEXT_SIZE];
  char to[SEEP_WALL_TEXT_SIZE];
  char last[SEEP_HUMAN_SIZE];
  char lowest[SEEP_HUMAN_SIZE];
  char highest[SEEP_HUMAN_SIZE];
  bool seconds = chart->to.ms - chart->from.ms < 2 * SEEP_MS_PER_HOUR;
  seep_page_format(page, "%s to %s UTC. ", seep_chart_moment(chart->from, seconds, from),
                   seep_chart_moment(chart->to, seconds, to));
  if (chart->points == 0) {
    seep_page_markup(page, "Nothing is known of this time.");
  } else {
    seep_page_format(page, "Last %s, lowest %s, highest %s.",
                     seep_human_bytes(chart->last_bytes, last, sizeof last),
                     seep_human_bytes(chart->lowest_bytes, lowest, sizeof lowest),
                     seep_human_bytes(chart->highest_bytes, highest, sizeof highest));
  }
}

static void write_description(const seep_chart *chart, const char *title, const seep_chart_marks *marks,
                              seep_page *page)
{
  seep_page_markup(page, " role=\"img\" aria-label=\"");
  seep_page_text(page, title);
  seep_page_markup(page, ": commit over time, ");
  write_summary(chart, page);
  for (int kind = 0; kind < SEEP_CHART_MARK_KINDS; kind++) {
    char name[SEEP_CHART_NAME_SIZE];
    if (marks->shown[kind] > 0) {
      seep_page_format(page, " %s.",
                       seep_chart_marks_name((seep_chart_mark_kind)kind, marks->shown[kind], name));
    }
  }
  seep_page_markup(page, "\">\n");
}

static void legend_entry(seep_page *page, const char *sign, const char *name)
{
  seep_page_format(
      page,
      "<li><svg viewBox=\"0 0 26 14\" aria-hidden=\"true\"><g transform=\"scale(.1)\">%s</g></svg>"
      "%s</li>\n",
      sign, name);
}

static void write_legend(const seep_chart *chart, const seep_chart_marks *marks, seep_page *page)
{
  seep_chart_curve_traits curve = seep_chart_curve_look(chart);
  seep_page_markup(page, "<ul class=\"legend\">\n");
  if (chart->points > 0) {
    legend_entry(page,
                 curve.dotted
                     ? "<path class=\"mean\" d=\"M20 70h220\"/><path class=\"dots\" d=\"M130 70h0\"/>"
                     : "<path class=\"mean\" d=\"M20 70h220\"/>",
                 curve.band ? "Mean commit" : "Commit");
  }
  if (curve.band) {
    legend_entry(page, "<path class=\"band\" d=\"M10 10h240v120h-240z\"/>", "Lowest to highest");
  }
  if (curve.gaps) {
    legend_entry(page, "<path class=\"gap\" stroke-width=\"130\" d=\"M10 70h240\"/>", "Nothing known");
  }
  for (int kind = 0; kind < SEEP_CHART_MARK_KINDS; kind++) {
    char name[SEEP_CHART_NAME_SIZE];
    if (marks->shown[kind] > 0) {
      seep_page_markup(page,
                       "<li><svg viewBox=\"0 0 26 14\" aria-hidden=\"true\"><g transform=\"scale(.1)\">");
      seep_chart_marks_write_sign((seep_chart_mark_kind)kind, page);
      seep_page_format(page, "</g></svg>%s</li>\n",
                       seep_chart_marks_name((seep_chart_mark_kind)kind, marks->shown[kind], name));
    }
  }
  seep_page_markup(page, "</ul>\n");
}

static void write_plot(const seep_chart *chart, const seep_axis_bytes *axis, const seep_chart_marks *marks,
                       int top, seep_page *page)
{
  seep_axis_moment times[SEEP_AXIS_TICKS];
  size_t time_count = seep_axis_times_choose(chart->from, chart->to, times);
  seep_page_format(page, "<g class=\"s\" transform=\"translate(%d %d) scale(.1)\">\n", SEEP_CHART_LEFT, top);
  write_grid(chart, axis, times, time_count, page);
  seep_chart_marks_write_behind(marks, chart, page);
  seep_chart_curve_write_gaps(chart, page);
  write_axis(chart, axis, times, time_count, page);
  seep_chart_curve_write(chart, axis, page);
  seep_page_markup(page, "</g>\n");
  write_labels(chart, axis, times, time_count, top, page);
  if (chart->points == 0) {
    seep_page_format(page, "<text class=\"m big\" x=\"%d\" y=\"%d\">Nothing is known of this time</text>\n",
                     SEEP_CHART_LEFT + PLOT_RIGHT_TENTHS / 20, top + PLOT_BOTTOM_TENTHS / 20);
  }
}

void seep_chart_write(const seep_chart *chart, const char *title, const seep_chart_mark *marks,
                      size_t mark_count, seep_page *page)
{
  seep_axis_bytes axis;
  seep_chart_marks on_axis;
  seep_axis_bytes_choose(&axis, chart->lowest_bytes, chart->highest_bytes);
  seep_chart_marks_init(&on_axis, chart, marks, mark_count);
  int top = seep_chart_marks_height(&on_axis) + SPACE_ABOVE;
  seep_page_markup(page, "<figure>\n<figcaption><b>");
  seep_page_text(page, title);
  seep_page_markup(page, "</b><span>");
  write_summary(chart, page);
  if (axis.bottom_bytes > 0) {
    seep_page_format(page, " The scale begins at %s, not at 0.", axis.ticks[0].label);
  }
  seep_page_markup(page, "</span></figcaption>\n<div class=\"wide\">");
  seep_page_format(page, "<svg viewBox=\"0 0 %d %d\"", SEEP_CHART_WIDTH,
                   top + PLOT_BOTTOM_TENTHS / 10 + SPACE_BELOW);
  write_description(chart, title, &on_axis, page);
  write_plot(chart, &axis, &on_axis, top, page);
  seep_chart_marks_write_lanes(&on_axis, chart, page);
  seep_page_markup(page, "</svg></div>\n");
  write_legend(chart, &on_axis, page);
  seep_page_markup(page, "</figure>\n");
}
