/*
 * What happened, in lanes above the curve: one lane for each kind that occurs, each kind with a shape of its
 * own. Marks that would cover each other become one sign that says how many it stands for; so the number of
 * signs, and with the allowance for labels the size of the page, is bounded whatever comes in.
 */
#include "report/chart_private.h"

#include <string.h>

#include "report/human.h"

/* Signs are 10 units wide: closer together they are drawn as one. */
#define SLOT_TENTHS 120
#define SLOTS (SEEP_CHART_PLOT_TENTHS / SLOT_TENTHS + 1)

/* More lines through the plot than this would hide the curve; the lane has them all the same. */
#define MOST_LINES 24u

/* A label longer than this is cut, and all labels of a picture together take no more than the allowance:
 * what one process is called may be chosen to be long. */
#define LABEL_SIZE 160
#define LABEL_ALLOWANCE 16384u

#define PLOT_RIGHT_TENTHS ((int)SEEP_CHART_PLOT_TENTHS)

/* Marks of one kind that begin in the same place. */
typedef struct cluster {
  size_t count; /* 0: none */
  seep_wall from, to;
  bool open;         /* one of them has not ended */
  const char *label; /* of the one that began first */
} cluster;

typedef struct kind_traits {
  const char *one, *many;
  const char *lane;
  const char *style;
  bool span;
} kind_traits;

static const kind_traits traits[SEEP_CHART_MARK_KINDS] = {
    [SEEP_CHART_RESTART] = {"process start", "process starts", "Start", "start", false},
    [SEEP_CHART_LEAK] = {"leak case", "leak cases", "Leak", "leak", true},
    [SEEP_CHART_RECORDING] = {"recording", "recordings", "Recording", "recording", true},
    [SEEP_CHART_EXHAUSTION] = {"low-memory warning (Event 2004)", "low-memory warnings (Event 2004)",
                               "Event 2004", "exhaustion", false},
};

/* The part of a mark that lies on the axis; false when none does. */
static bool clip(const seep_chart *chart, const seep_chart_mark *mark, seep_wall *from, seep_wall *to)
{
  if ((unsigned)mark->kind >= SEEP_CHART_MARK_KINDS) {
    return false;
  }
  *from = mark->from;
  *to = traits[mark->kind].span && mark->to.ms > mark->from.ms ? mark->to : mark->from;
  if (from->ms > chart->to.ms || to->ms < chart->from.ms) {
    return false;
  }
  from->ms = from->ms < chart->from.ms ? chart->from.ms : from->ms;
  to->ms = to->ms > chart->to.ms ? chart->to.ms : to->ms;
  return true;
}

void seep_chart_marks_init(seep_chart_marks *marks, const seep_chart *chart, const seep_chart_mark *all,
                           size_t count)
{
  memset(marks, 0, sizeof *marks);
  marks->marks = all;
  marks->count = count;
  for (size_t i = 0; i < count; i++) {
    seep_wall from, to;
    if (clip(chart, &all[i], &from, &to)) {
      marks->shown[all[i].kind]++;
    }
  }
}

const char *seep_chart_marks_name(seep_chart_mark_kind kind, size_t count, char out[SEEP_CHART_NAME_SIZE])
{
  seep_writer writer;
  seep_writer_init(&writer, out, SEEP_CHART_NAME_SIZE);
  seep_writer_u64(&writer, count);
  seep_writer_format(&writer, " %s", count == 1 ? traits[kind].one : traits[kind].many);
  return out;
}

int seep_chart_marks_height(const seep_chart_marks *marks)
{
  int lanes = 0;
  for (int kind = 0; kind < SEEP_CHART_MARK_KINDS; kind++) {
    lanes += marks->shown[kind] > 0;
  }
  return lanes * SEEP_CHART_LANE;
}

static void join(cluster *into, const cluster *other)
{
  if (into->count == 0 || other->from.ms < into->from.ms) {
    into->from = other->from;
    into->label = other->label;
  }
  if (into->count == 0 || other->to.ms > into->to.ms) {
    into->to = other->to;
  }
  into->open = into->open || other->open;
  into->count += other->count;
}

/* The signs of one kind, from left to right; returns their number. */
static size_t gather(const seep_chart_marks *marks, const seep_chart *chart, seep_chart_mark_kind kind,
                     cluster clusters[SLOTS])
{
  memset(clusters, 0, SLOTS * sizeof clusters[0]);
  for (size_t i = 0; i < marks->count; i++) {
    const seep_chart_mark *mark = &marks->marks[i];
    cluster one = {.count = 1, .label = mark->label, .open = traits[kind].span && mark->to.ms == INT64_MAX};
    if (mark->kind == kind && clip(chart, mark, &one.from, &one.to)) {
      join(&clusters[seep_chart_x(chart, one.from) / SLOT_TENTHS], &one);
    }
  }
  size_t count = 0;
  for (size_t i = 0; i < SLOTS; i++) {
    if (clusters[i].count == 0) {
      continue;
    }
    cluster *before = count > 0 ? &clusters[count - 1] : NULL;
    if (before != NULL &&
        seep_chart_x(chart, clusters[i].from) - seep_chart_x(chart, before->from) < SLOT_TENTHS) {
      join(before, &clusters[i]);
    } else {
      clusters[count++] = clusters[i];
    }
  }
  return count;
}

/* ---- behind the curve ---- */

static void write_tint(const cluster *clusters, size_t count, const seep_chart *chart, seep_page *page)
{
  seep_page_markup(page, "<path class=\"tint\" d=\"");
  for (size_t i = 0; i < count; i++) {
    int from = seep_chart_x(chart, clusters[i].from);
    int to = clusters[i].open ? PLOT_RIGHT_TENTHS : seep_chart_x(chart, clusters[i].to);
    seep_page_format(page, "M%d 0H%dV%dH%dz", from, to, (int)SEEP_CHART_HEIGHT_TENTHS, from);
  }
  seep_page_markup(page, "\"/>\n");
}

static void write_lines(const cluster *clusters, size_t count, const seep_chart *chart, const char *style,
                        seep_page *page)
{
  seep_page_format(page, "<path class=\"%s-at\" d=\"", style);
  for (size_t i = 0; i < count; i++) {
    seep_page_format(page, "M%d 0V%d", seep_chart_x(chart, clusters[i].from), (int)SEEP_CHART_HEIGHT_TENTHS);
  }
  seep_page_markup(page, "\"/>\n");
}

void seep_chart_marks_write_behind(const seep_chart_marks *marks, const seep_chart *chart, seep_page *page)
{
  static const seep_chart_mark_kind order[] = {SEEP_CHART_LEAK, SEEP_CHART_RESTART, SEEP_CHART_EXHAUSTION};
  cluster clusters[SLOTS];
  for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
    if (marks->shown[order[i]] == 0) {
      continue;
    }
    size_t count = gather(marks, chart, order[i], clusters);
    if (traits[order[i]].span) {
      write_tint(clusters, count, chart, page);
    } else if (count <= MOST_LINES) {
      write_lines(clusters, count, chart, traits[order[i]].style, page);
    }
  }
}

/* ---- the lanes ---- */

/* A triangle for a start, a rising wedge for a leak, a bar with round ends for a recording, a diamond for an
 * exhaustion. y is the lane's middle; what goes on is given an arrow's head. */
static void write_shape(seep_chart_mark_kind kind, int from, int to, int y, bool open, seep_page *page)
{
  int width = to - from > 60 ? to - from : 60;
  seep_page_format(page, "<path class=\"%s\" d=\"", traits[kind].style);
  switch (kind) {
  case SEEP_CHART_RESTART:
    seep_page_format(page, "M%d %dl55 100h-110z", from, y - 50);
    break;
  case SEEP_CHART_LEAK:
    seep_page_format(page, "M%d %dv-25l%d-85v110z", from, y + 55, width);
    break;
  case SEEP_CHART_RECORDING:
    width -= 60;
    seep_page_format(page, "M%d %dh%da30 30 0 0 1 0 60h-%da30 30 0 0 1 0-60z", from + 30, y - 30, width,
                     width);
    break;
  default:
    seep_page_format(page, "M%d %dl58 58l-58 58l-58-58z", from, y - 58);
    break;
  }
  if (open) {
    seep_page_format(page, "M%d %dl70 55l-70 55z", from + width + 40, y - 55);
  }
  seep_page_markup(page, "\">");
}

static void write_moments(const cluster *sign, seep_chart_mark_kind kind, seep_page *page)
{
  char from[SEEP_WALL_TEXT_SIZE];
  char to[SEEP_WALL_TEXT_SIZE];
  char name[SEEP_CHART_NAME_SIZE];
  char lasted[SEEP_HUMAN_SIZE];
  seep_page_markup(page, seep_chart_marks_name(kind, sign->count, name));
  seep_page_format(page, ", %s", seep_chart_moment(sign->from, true, from));
  if (sign->open) {
    seep_page_markup(page, " UTC, not over");
  } else if (sign->to.ms > sign->from.ms) {
    seep_page_format(page, " to %s UTC", seep_chart_moment(sign->to, true, to));
  } else {
    seep_page_markup(page, " UTC");
  }
  if (sign->count == 1 && !sign->open && sign->to.ms > sign->from.ms) {
    seep_page_format(page, ", %s", seep_human_duration(sign->to.ms - sign->from.ms, lasted, sizeof lasted));
  }
}

static void write_label(const cluster *sign, size_t *allowance, seep_page *page)
{
  char label[LABEL_SIZE];
  if (sign->label == NULL || sign->label[0] == '\0' || *allowance < LABEL_SIZE) {
    return;
  }
  *allowance -= seep_text_copy(label, sizeof label, sign->label);
  seep_page_markup(page, sign->count > 1 ? "; the first: " : ": ");
  seep_page_text(page, label);
}

static void write_lane(const seep_chart_marks *marks, const seep_chart *chart, seep_chart_mark_kind kind,
                       int middle, size_t *allowance, seep_page *page)
{
  cluster clusters[SLOTS];
  size_t count = gather(marks, chart, kind, clusters);
  seep_page_format(page, "<text class=\"e\" x=\"%d\" y=\"%d\">%s</text>\n", SEEP_CHART_LEFT - 10, middle + 4,
                   traits[kind].lane);
  seep_page_format(page,
                   "<g class=\"s\" transform=\"translate(%d 0) scale(.1)\">\n"
                   "<path class=\"lane\" d=\"M0 %dH%d\"/>\n",
                   SEEP_CHART_LEFT, middle * 10, PLOT_RIGHT_TENTHS);
  for (size_t i = 0; i < count; i++) {
    const cluster *sign = &clusters[i];
    write_shape(kind, seep_chart_x(chart, sign->from), seep_chart_x(chart, sign->to), middle * 10, sign->open,
                page);
    seep_page_markup(page, "<title>");
    write_moments(sign, kind, page);
    write_label(sign, allowance, page);
    seep_page_markup(page, "</title></path>\n");
  }
  seep_page_markup(page, "</g>\n");
}

void seep_chart_marks_write_lanes(const seep_chart_marks *marks, const seep_chart *chart, seep_page *page)
{
  size_t allowance = LABEL_ALLOWANCE;
  int middle = SEEP_CHART_LANE / 2;
  for (int kind = 0; kind < SEEP_CHART_MARK_KINDS; kind++) {
    if (marks->shown[kind] > 0) {
      write_lane(marks, chart, (seep_chart_mark_kind)kind, middle, &allowance, page);
      middle += SEEP_CHART_LANE;
    }
  }
}

void seep_chart_marks_write_sign(seep_chart_mark_kind kind, seep_page *page)
{
  bool span = traits[kind].span;
  write_shape(kind, span ? 20 : 130, span ? 240 : 130, 70, false, page);
  seep_page_markup(page, "</path>");
}
