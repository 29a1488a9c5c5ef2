/* Live bytes over the trace, one layer upon the other: those who hold most of it at the end, and all others.
 * Made of the stacks in detail; what the view has besides is the others'. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"
#include "report/axis.h"
#include "report/human.h"
#include "report/trace_page_private.h"
#include "report/trace_words.h"

#define LAYERS 6u /* the last is all others' */
#define OTHERS (LAYERS - 1)

enum { WIDTH = 980, LEFT = 92, TOP = 14, PLOT_WIDTH = 840, PLOT_HEIGHT = 220, HEIGHT = 264 };

typedef struct growth {
  const seep_answer *answer;
  seep_trace_view view;
  size_t holders[OTHERS];
  size_t count;                                  /* of holders */
  uint64_t layers[LAYERS][SEEP_TRACE_BUCKETS];   /* bytes */
  uint64_t tops[LAYERS + 1][SEEP_TRACE_BUCKETS]; /* summed up; tops[0] is the ground */
  seep_axis_bytes axis;
} growth;

/* ---- sums ---- */

static size_t layer_of(const growth *of, size_t holder)
{
  for (size_t i = 0; i < of->count; i++) {
    if (of->holders[i] == holder) {
      return i;
    }
  }
  return OTHERS;
}

static size_t culprit_of(const growth *of)
{
  const seep_answer_culprit *culprit = &of->answer->culprit;
  if (culprit->certainty == SEEP_ANSWER_NOTHING) {
    return SEEP_TRACE_HOLDER_NONE;
  }
  return culprit->module < of->answer->module_count ? culprit->module
                                                    : of->answer->module_count + (size_t)culprit->bucket;
}

static void fill_layers(growth *of)
{
  const seep_answer_view *view = &of->answer->views[of->view];
  size_t holder = culprit_of(of);
  if (holder != SEEP_TRACE_HOLDER_NONE) {
    of->holders[of->count++] = holder; /* at the bottom and in the same colour on every page */
  }
  holder = seep_trace_holders_next(of->answer, of->view, SEEP_TRACE_HOLDER_NONE);
  while (holder != SEEP_TRACE_HOLDER_NONE && of->count < OTHERS) {
    if (layer_of(of, holder) == OTHERS) {
      of->holders[of->count++] = holder;
    }
    holder = seep_trace_holders_next(of->answer, of->view, holder);
  }
  for (size_t i = 0; i < view->stack_count; i++) {
    size_t layer = layer_of(of, seep_trace_holders_of_stack(of->answer, &view->stacks[i]));
    for (size_t k = 0; k < SEEP_TRACE_BUCKETS; k++) {
      of->layers[layer][k] = seep_saturate_add(of->layers[layer][k], view->stacks[i].live_curve[k]);
    }
  }
}

static uint64_t sum_up(growth *of)
{
  const seep_answer_view *view = &of->answer->views[of->view];
  uint64_t highest = 0;
  for (size_t k = 0; k < SEEP_TRACE_BUCKETS; k++) {
    for (size_t i = 0; i < LAYERS; i++) {
      of->tops[i + 1][k] = seep_saturate_add(of->tops[i][k], of->layers[i][k]);
    }
    if (of->tops[LAYERS][k] < view->live_curve[k]) {
      of->layers[OTHERS][k] += view->live_curve[k] - of->tops[LAYERS][k];
      of->tops[LAYERS][k] = view->live_curve[k];
    }
    highest = of->tops[LAYERS][k] > highest ? of->tops[LAYERS][k] : highest;
  }
  return highest;
}

/* ---- the picture ---- */

/* Tenths of a unit, so that no number needs a fraction. */
static int x_of(size_t part)
{
  return LEFT * 10 + (int)(part * PLOT_WIDTH * 10 / SEEP_TRACE_BUCKETS);
}

static int y_of(const growth *of, double bytes)
{
  double share = (bytes - of->axis.bottom_bytes) / (of->axis.top_bytes - of->axis.bottom_bytes);
  share = share < 0.0 ? 0.0 : share > 1.0 ? 1.0 : share;
  return TOP * 10 + (int)((1.0 - share) * PLOT_HEIGHT * 10 + 0.5);
}

static const char *name_of(const growth *of, size_t layer)
{
  const seep_answer *answer = of->answer;
  if (layer >= of->count) {
    return "all others";
  }
  size_t holder = of->holders[layer];
  if (holder >= answer->module_count) {
    return seep_answer_bucket_text((seep_answer_bucket)(holder - answer->module_count));
  }
  return answer->modules[holder].name[0] != '\0' ? answer->modules[holder].name : "a module without a name";
}

static bool is_shown(const growth *of, size_t layer)
{
  for (size_t k = 0; k < SEEP_TRACE_BUCKETS; k++) {
    if (of->layers[layer][k] > 0) {
      return true;
    }
  }
  return false;
}

/* From the beginning, when nothing of the trace was there, to the end and back along the layer below. */
static void write_layer(const growth *of, size_t layer, seep_page *page)
{
  seep_page_format(page, "<path class=\"layer h%zu\" d=\"M%d %d", layer, x_of(0), y_of(of, 0.0));
  for (size_t k = 0; k < SEEP_TRACE_BUCKETS; k++) {
    seep_page_format(page, "L%d %d", x_of(k + 1), y_of(of, (double)of->tops[layer + 1][k]));
  }
  for (size_t k = SEEP_TRACE_BUCKETS; k > 0; k--) {
    seep_page_format(page, "L%d %d", x_of(k), y_of(of, (double)of->tops[layer][k - 1]));
  }
  seep_page_markup(page, "Z\"/>");
}

static void write_axes(const growth *of, seep_page *page)
{
  char label[SEEP_HUMAN_SIZE];
  const unsigned quarters = 4;
  for (size_t i = 0; i < of->axis.count; i++) {
    int y = y_of(of, of->axis.ticks[i].bytes);
    seep_page_format(page,
                     "<line class=\"tick\" x1=\"%d\" x2=\"%d\" y1=\"%d.%d\" y2=\"%d.%d\"/>"
                     "<text class=\"e\" x=\"%d\" y=\"%d\">%s</text>",
                     LEFT, LEFT + PLOT_WIDTH, y / 10, y % 10, y / 10, y % 10, LEFT - 8, y / 10 + 4,
                     of->axis.ticks[i].label);
  }
  for (unsigned i = 0; i <= quarters; i++) {
    const char *text = i == 0 ? "start" : i == quarters ? "end" : "";
    if (of->answer->duration_ms > 0 && i > 0) {
      int64_t ms = of->answer->duration_ms / quarters * i;
      text = seep_human_duration(i == quarters ? of->answer->duration_ms : ms, label, sizeof label);
    }
    seep_page_format(page, "<text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>",
                     i == 0          ? "b"
                     : i == quarters ? "e"
                                     : "m",
                     LEFT + (int)(i * PLOT_WIDTH / quarters), TOP + PLOT_HEIGHT + 18, text);
  }
}

static void write_legend(const growth *of, seep_page *page)
{
  char bytes[SEEP_HUMAN_SIZE];
  seep_page_markup(page, "<ul class=\"legend\">");
  for (size_t i = LAYERS; i > 0; i--) {
    if (is_shown(of, i - 1)) {
      uint64_t left = of->layers[i - 1][SEEP_TRACE_BUCKETS - 1];
      seep_page_format(page, "<li><i class=\"h%zu\"></i><span>", i - 1);
      seep_trace_page_name(page, name_of(of, i - 1), 80);
      seep_page_format(page, ", %s</span></li>", seep_human_bytes(left, bytes, sizeof bytes));
    }
  }
  seep_page_markup(page, "</ul>");
}

static void write_picture(const growth *of, seep_page *page)
{
  seep_page_format(page,
                   "<figure class=\"growth\"><figcaption><b>Allocated during the trace and not given back: %s"
                   "</b></figcaption><div class=\"wide\"><svg viewBox=\"0 0 %d %d\" role=\"img\" "
                   "aria-label=\"Live bytes over the trace, by who holds them at its end\">",
                   seep_trace_words_view(of->view), WIDTH, HEIGHT);
  write_axes(of, page);
  seep_page_markup(page, "<g transform=\"scale(.1)\">");
  for (size_t i = 0; i < LAYERS; i++) {
    if (is_shown(of, i)) {
      write_layer(of, i, page);
    }
  }
  seep_page_markup(page, "</g></svg></div>");
  write_legend(of, page);
  seep_page_markup(page, "</figure>\n");
}

bool seep_trace_growth_write(const seep_answer *answer, seep_trace_view view, seep_page *page)
{
  growth *of = calloc(1, sizeof *of);
  if (of == NULL) {
    return false;
  }
  of->answer = answer;
  of->view = view;
  fill_layers(of);
  uint64_t highest = sum_up(of);
  if (highest > 0) {
    seep_axis_bytes_choose(&of->axis, 0, highest);
    write_picture(of, page);
  }
  free(of);
  return true;
}
