/*
 * The curve itself: the columns' means as a line, their floors and peaks as a band, both in pieces that end
 * where a gap begins. Paths are written step by step; nothing of the picture is kept.
 */
#include "report/chart_private.h"

#include <string.h>

#include "report/human.h"

/* The figures of so many columns share one tooltip. */
#define TIP_COLUMNS 8u
/* Up to here each column gets a dot: a line alone would hide how little is known. */
#define DOTTED_COLUMNS 80u
/* A narrower gap is the break in the line only. */
#define SHADED_GAP_COLUMNS 4u

#define PLOT_BOTTOM_TENTHS ((int)SEEP_CHART_HEIGHT_TENTHS)

/* The first column from `at` on of which something is known; SEEP_CHART_COLUMNS when there is none. */
static size_t next_known(const seep_chart *chart, size_t at)
{
  while (at < SEEP_CHART_COLUMNS && chart->columns[at].count == 0) {
    at++;
  }
  return at;
}

/* A piece of the curve without a gap in it: its known columns are first .. last. */
typedef struct run {
  size_t first, last;
  size_t next; /* where the run behind it begins, or SEEP_CHART_COLUMNS */
} run;

static bool run_at(const seep_chart *chart, size_t at, run *found)
{
  found->first = next_known(chart, at);
  if (found->first == SEEP_CHART_COLUMNS) {
    return false;
  }
  found->last = found->first;
  found->next = next_known(chart, found->first + 1);
  while (found->next < SEEP_CHART_COLUMNS && !chart->columns[found->next].after_gap) {
    found->last = found->next;
    found->next = next_known(chart, found->next + 1);
  }
  return true;
}

static size_t known_columns(const seep_chart *chart)
{
  size_t count = 0;
  for (size_t i = 0; i < SEEP_CHART_COLUMNS; i++) {
    count += chart->columns[i].count > 0;
  }
  return count;
}

static double mean_of(const seep_chart_column *column)
{
  return column->mean_sum / (double)column->count;
}

/* A double next to 2^64 is no uint64_t any more. */
static uint64_t whole_bytes(double bytes)
{
  return bytes >= 18446744073709551615.0 ? UINT64_MAX : (uint64_t)bytes;
}

static int middle_of(size_t column)
{
  return (int)column * SEEP_CHART_COLUMN_TENTHS + SEEP_CHART_COLUMN_TENTHS / 2;
}

/* Writes a path in relative steps, which are the shortest. */
typedef struct pen {
  seep_page *page;
  int x, y;
} pen;

static void pen_move(pen *at, int x, int y)
{
  seep_page_format(at->page, "M%d %d", x, y);
  at->x = x;
  at->y = y;
}

static void pen_line(pen *at, int x, int y)
{
  if (y == at->y) {
    seep_page_format(at->page, "h%d", x - at->x);
  } else if (x == at->x) {
    seep_page_format(at->page, "v%d", y - at->y);
  } else {
    seep_page_format(at->page, y < at->y ? "l%d%d" : "l%d %d", x - at->x, y - at->y);
  }
  at->x = x;
  at->y = y;
}

/* Along the peaks and back along the floors. */
static void write_band_of(const seep_chart *chart, const seep_axis_bytes *axis, const run *piece, pen *at)
{
  const seep_chart_column *columns = chart->columns;
  const int half = SEEP_CHART_COLUMN_TENTHS / 2;
  /* Half a column more at both ends: a run of one column has a width too. */
  pen_move(at, middle_of(piece->first) - half, seep_chart_y(axis, (double)columns[piece->first].peak_bytes));
  for (size_t i = piece->first; i <= piece->last; i++) {
    if (columns[i].count > 0) {
      pen_line(at, middle_of(i), seep_chart_y(axis, (double)columns[i].peak_bytes));
    }
  }
  pen_line(at, middle_of(piece->last) + half, at->y);
  pen_line(at, at->x, seep_chart_y(axis, (double)columns[piece->last].floor_bytes));
  for (size_t i = piece->last + 1; i-- > piece->first;) {
    if (columns[i].count > 0) {
      pen_line(at, middle_of(i), seep_chart_y(axis, (double)columns[i].floor_bytes));
    }
  }
  pen_line(at, middle_of(piece->first) - half, at->y);
  seep_page_markup(at->page, "z");
}

static bool has_band(const seep_chart *chart, const run *piece)
{
  bool found = false;
  for (size_t i = piece->first; i <= piece->last && !found; i++) {
    found = chart->columns[i].floor_bytes < chart->columns[i].peak_bytes;
  }
  return found;
}

static void write_band(const seep_chart *chart, const seep_axis_bytes *axis, seep_page *page)
{
  pen at = {page, 0, 0};
  run piece;
  seep_page_markup(page, "<path class=\"band\" d=\"");
  for (size_t i = 0; run_at(chart, i, &piece); i = piece.next) {
    if (has_band(chart, &piece)) {
      write_band_of(chart, axis, &piece, &at);
    }
  }
  seep_page_markup(page, "\"/>\n");
}

static void write_means(const seep_chart *chart, const seep_axis_bytes *axis, seep_page *page)
{
  pen at = {page, 0, 0};
  run piece;
  seep_page_markup(page, "<path class=\"mean\" d=\"");
  for (size_t begin = 0; run_at(chart, begin, &piece); begin = piece.next) {
    pen_move(&at, middle_of(piece.first), seep_chart_y(axis, mean_of(&chart->columns[piece.first])));
    for (size_t i = piece.first + 1; i <= piece.last; i++) {
      if (chart->columns[i].count > 0) {
        pen_line(&at, middle_of(i), seep_chart_y(axis, mean_of(&chart->columns[i])));
      }
    }
  }
  seep_page_markup(page, "\"/>\n");
}

/* A column that stands alone between two gaps would be no line at all. */
static void write_dots(const seep_chart *chart, const seep_axis_bytes *axis, seep_page *page)
{
  bool all = known_columns(chart) <= DOTTED_COLUMNS;
  run piece;
  seep_page_markup(page, "<path class=\"dots\" d=\"");
  for (size_t begin = 0; run_at(chart, begin, &piece); begin = piece.next) {
    for (size_t i = piece.first; i <= piece.last && (all || piece.first == piece.last); i++) {
      if (chart->columns[i].count > 0) {
        seep_page_format(page, "M%d %dh0", middle_of(i), seep_chart_y(axis, mean_of(&chart->columns[i])));
      }
    }
  }
  seep_page_markup(page, "\"/>\n");
}

static bool is_wide(const run *piece)
{
  return piece->next < SEEP_CHART_COLUMNS && piece->next - piece->last >= SHADED_GAP_COLUMNS;
}

void seep_chart_curve_write_gaps(const seep_chart *chart, seep_page *page)
{
  run piece;
  seep_page_format(page, "<path class=\"gap\" stroke-width=\"%d\" d=\"", PLOT_BOTTOM_TENTHS);
  for (size_t begin = 0; run_at(chart, begin, &piece); begin = piece.next) {
    if (is_wide(&piece)) {
      seep_page_format(page, "M%d %dH%d", middle_of(piece.last + 1), PLOT_BOTTOM_TENTHS / 2,
                       middle_of(piece.next - 1));
    }
  }
  seep_page_markup(page, "\"/>\n");
}

seep_chart_curve_traits seep_chart_curve_look(const seep_chart *chart)
{
  seep_chart_curve_traits traits = {.dotted = known_columns(chart) <= DOTTED_COLUMNS};
  run piece;
  for (size_t begin = 0; run_at(chart, begin, &piece); begin = piece.next) {
    traits.band = traits.band || has_band(chart, &piece);
    traits.gaps = traits.gaps || is_wide(&piece);
  }
  return traits;
}

/* ---- tooltips of the curve ---- */

static bool add_up(const seep_chart *chart, size_t first, seep_chart_column *sum)
{
  memset(sum, 0, sizeof *sum);
  for (size_t i = first; i < first + TIP_COLUMNS; i++) {
    const seep_chart_column *column = &chart->columns[i];
    if (column->count > 0) {
      seep_chart_widen(&sum->floor_bytes, &sum->peak_bytes, column->floor_bytes, column->peak_bytes,
                       sum->count == 0);
      sum->mean_sum += mean_of(column);
      sum->count++;
    }
  }
  return sum->count > 0;
}

static seep_wall column_begin(const seep_chart *chart, size_t column)
{
  int64_t span_ms = chart->to.ms - chart->from.ms;
  seep_wall wall = {chart->from.ms + span_ms * (int64_t)column / (int64_t)SEEP_CHART_COLUMNS};
  return wall;
}

static void write_tip(const seep_chart *chart, size_t first, const seep_chart_column *sum, seep_page *page)
{
  char moment[SEEP_WALL_TEXT_SIZE];
  char mean[SEEP_HUMAN_SIZE];
  char low[SEEP_HUMAN_SIZE];
  char high[SEEP_HUMAN_SIZE];
  bool seconds = chart->to.ms - chart->from.ms < 2 * SEEP_MS_PER_HOUR;
  seep_page_format(page, "<path d=\"M%d 0h%dV%dh-%dz\"><title>%s UTC: %s",
                   (int)first * SEEP_CHART_COLUMN_TENTHS, (int)TIP_COLUMNS * SEEP_CHART_COLUMN_TENTHS,
                   PLOT_BOTTOM_TENTHS, (int)TIP_COLUMNS * SEEP_CHART_COLUMN_TENTHS,
                   seep_chart_moment(column_begin(chart, first), seconds, moment),
                   seep_human_bytes(whole_bytes(mean_of(sum)), mean, sizeof mean));
  seep_human_bytes(sum->floor_bytes, low, sizeof low);
  seep_human_bytes(sum->peak_bytes, high, sizeof high);
  if (strcmp(low, high) != 0) {
    seep_page_format(page, " (%s to %s)", low, high);
  }
  seep_page_markup(page, "</title></path>\n");
}

static void write_tips(const seep_chart *chart, seep_page *page)
{
  seep_page_markup(page, "<g class=\"tips\">\n");
  for (size_t first = 0; first < SEEP_CHART_COLUMNS; first += TIP_COLUMNS) {
    seep_chart_column sum;
    if (add_up(chart, first, &sum)) {
      write_tip(chart, first, &sum, page);
    }
  }
  seep_page_markup(page, "</g>\n");
}

void seep_chart_curve_write(const seep_chart *chart, const seep_axis_bytes *axis, seep_page *page)
{
  write_band(chart, axis, page);
  write_means(chart, axis, page);
  write_dots(chart, axis, page);
  write_tips(chart, page);
}
