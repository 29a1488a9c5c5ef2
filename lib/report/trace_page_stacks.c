/* The parts of the page that tell of one view: its stacks, each to be opened, the largest of them as a tree
 * of text, and a table of who holds what is left. */
#include <inttypes.h>
#include <string.h>

#include "report/human.h"
#include "report/trace_lines.h"
#include "report/trace_page_private.h"
#include "report/trace_tree.h"
#include "report/trace_words.h"

#define TEXT_SIZE 2048
#define NAME_BYTES 160u  /* in a table's row */
#define FRAME_BYTES 400u /* of one frame */
#define MAXIMUM_HOLDERS 25u
#define TREE_WIDTH 120u

/* What a stack takes beside its frames, and a frame at most, as escaped as can be. */
#define STACK_ROOM ((size_t)4096)
#define FRAME_ROOM ((size_t)FRAME_BYTES * 6 + 64)

/* Counts what goes by, so that the caller can stop in time. */
typedef struct counting {
  seep_page *page;
  size_t bytes;
} counting;

static void count_and_pass(void *context, const char *bytes, size_t length)
{
  counting *count = context;
  count->bytes += length;
  count->page->sink(count->page->context, bytes, length);
}

/* ---- stacks ---- */

static void write_place(const seep_answer *answer, const seep_answer_stack *stack, seep_page *page)
{
  char text[TEXT_SIZE];
  if (stack->kind != SEEP_TRACE_SITE_STACK || stack->frame_count == 0) {
    seep_page_text(page, seep_trace_words_site(stack->kind));
    return;
  }
  size_t at = stack->culprit < stack->frame_count ? stack->culprit : 0;
  seep_trace_page_name(page, seep_answer_frame_text(answer, &stack->frames[at], text, sizeof text),
                       FRAME_BYTES);
}

static void write_facts(const seep_answer_stack *stack, seep_page *page)
{
  char one[SEEP_HUMAN_SIZE], other[SEEP_HUMAN_SIZE];
  seep_page_format(page, "<p class=\"soft\">Allocated %s in %" PRIu64 " allocations",
                   seep_human_bytes(stack->allocated_bytes, one, sizeof one), stack->allocations);
  seep_page_format(page, ", given back %s in %" PRIu64 " releases",
                   seep_human_bytes(stack->freed_bytes, one, sizeof one), stack->frees);
  seep_page_format(page, ". First %s after the beginning, last %s.",
                   seep_human_duration(stack->first_ms, one, sizeof one),
                   seep_human_duration(stack->last_ms, other, sizeof other));
  seep_page_format(page, " Pattern: %s.", seep_trace_words_pattern(stack->pattern));
  if (stack->bytes_per_hour > 0.0) {
    seep_page_format(page, " %s.", seep_human_rate(stack->bytes_per_hour, one, sizeof one));
  }
  if (stack->is_remote) {
    seep_page_markup(page, " Another process allocated it here: the stack is that one's.");
  }
  seep_page_markup(page, " Signature: <code>");
  seep_trace_page_name(page, stack->signature, SEEP_SIGNATURE_SIZE);
  seep_page_markup(page, "</code></p>\n");
}

static void write_frames(const seep_answer *answer, const seep_answer_stack *stack, size_t most_bytes,
                         counting *count, seep_page *page)
{
  char text[TEXT_SIZE];
  seep_page_markup(page, "<ol class=\"frames\">");
  for (size_t i = 0; i < stack->frame_count; i++) {
    if (count->bytes + FRAME_ROOM > most_bytes) {
      seep_page_format(page, "<li>... %zu more</li>", stack->frame_count - i);
      break;
    }
    bool is_culprit = i == stack->culprit;
    seep_page_format(page, "<li class=\"k%d\">%s", (int)seep_trace_page_kind_of(answer, &stack->frames[i]),
                     is_culprit ? "<b>" : "");
    seep_trace_page_name(page, seep_answer_frame_text(answer, &stack->frames[i], text, sizeof text),
                         FRAME_BYTES);
    seep_page_markup(page, is_culprit ? "</b></li>\n" : "</li>\n");
  }
  seep_page_markup(page, "</ol>");
}

static void write_stack(const seep_answer *answer, const seep_answer_view *view,
                        const seep_answer_stack *stack, size_t most_bytes, counting *count, seep_page *page)
{
  char bytes[SEEP_HUMAN_SIZE], percent[SEEP_TRACE_PAGE_PERCENT_SIZE];
  seep_page_format(page,
                   "<details><summary><span class=\"n\">%s</span><span class=\"n\">%s</span>"
                   "<span class=\"n\">%" PRIu64 "</span><span>%s</span><span class=\"place\">",
                   seep_human_bytes(stack->live_bytes, bytes, sizeof bytes),
                   seep_trace_page_percent(stack->live_bytes, view->live_bytes, percent), stack->live_count,
                   seep_growth_pattern_text(stack->pattern));
  write_place(answer, stack, page);
  seep_page_markup(page, "</span></summary><div class=\"inside\">");
  write_facts(stack, page);
  if (stack->frame_count > 0) {
    write_frames(answer, stack, most_bytes, count, page);
  }
  seep_page_markup(page, "</div></details>\n");
}

void seep_trace_page_stacks_write(const seep_answer *answer, seep_trace_view which, size_t most_bytes,
                                  seep_page *page)
{
  const seep_answer_view *view = &answer->views[which];
  counting count = {.page = page};
  seep_page counted = {count_and_pass, &count};
  size_t shown = 0;
  if (view->stack_count == 0) {
    return;
  }
  seep_page_format(page, "<h3>Stacks, %s</h3>\n", seep_trace_words_view(which));
  seep_page_markup(page, "<div class=\"stacks\"><div class=\"row names\"><span class=\"n\">bytes</span>"
                         "<span class=\"n\">share</span><span class=\"n\">blocks</span><span>pattern</span>"
                         "<span>where</span></div>\n");
  for (; shown < view->stack_count && count.bytes + STACK_ROOM + FRAME_ROOM < most_bytes; shown++) {
    write_stack(answer, view, &view->stacks[shown], most_bytes - STACK_ROOM, &count, &counted);
  }
  seep_page_markup(page, "</div>\n");
  size_t all = view->all_stacks > view->stack_count ? view->all_stacks : view->stack_count;
  if (shown < all) {
    seep_page_format(page, "<p class=\"soft\">Those with the most steady growth: %zu of %zu.</p>\n", shown,
                     all);
  }
}

/* ---- the tree ---- */

static void put_escaped(void *context, const char *bytes, size_t length)
{
  char text[SEEP_TRACE_LINES_SIZE];
  if (length == 1 && bytes[0] == '\n') {
    seep_page_markup(context, "\n");
  } else {
    seep_text_copy_bytes(text, sizeof text, bytes, length);
    seep_page_text(context, text);
  }
}

bool seep_trace_page_tree_write(const seep_answer *answer, seep_trace_view view, seep_page *page)
{
  const seep_trace_lines lines = {put_escaped, page, TREE_WIDTH};
  if (answer->views[view].stack_count == 0) {
    return true;
  }
  seep_page_format(page,
                   "<details class=\"tree\" open=\"open\"><summary>The largest stacks as text, %s"
                   "</summary>\n<pre>",
                   seep_trace_words_view(view));
  bool written = seep_trace_tree_write(answer, view, SEEP_TRACE_TREE_STACKS, &lines);
  seep_page_markup(page, "</pre></details>\n");
  return written;
}

/* ---- holders ---- */

static void write_cell(const char *text, seep_page *page)
{
  seep_page_markup(page, "<td>");
  seep_trace_page_name(page, text, NAME_BYTES);
  seep_page_markup(page, "</td>");
}

static void write_figures(uint64_t bytes, uint64_t all, uint64_t count, const char *steady, seep_page *page)
{
  char text[SEEP_HUMAN_SIZE], percent[SEEP_TRACE_PAGE_PERCENT_SIZE];
  seep_page_format(page,
                   "<td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%" PRIu64 "</td>"
                   "<td class=\"n\">%s</td>",
                   seep_human_bytes(bytes, text, sizeof text), seep_trace_page_percent(bytes, all, percent),
                   count, steady);
}

static void write_holder(const seep_answer *answer, seep_trace_view which, size_t holder, seep_page *page)
{
  char steady[SEEP_HUMAN_SIZE], inclusive[SEEP_HUMAN_SIZE];
  const seep_answer_view *view = &answer->views[which];
  seep_page_markup(page, "<tr>");
  if (holder < answer->module_count) {
    const seep_answer_module *module = &answer->modules[holder];
    write_cell(module->name, page);
    write_cell(module->file_version, page);
    write_cell(module->company, page);
    write_figures(module->views[which].blamed_bytes, view->live_bytes, module->views[which].blamed_count,
                  seep_human_bytes(module->views[which].steady_bytes, steady, sizeof steady), page);
    seep_page_format(page, "<td class=\"n\">%s</td>",
                     seep_human_bytes(module->views[which].inclusive_bytes, inclusive, sizeof inclusive));
  } else {
    size_t bucket = holder - answer->module_count;
    seep_page_format(page, "<td>(%s)</td><td></td><td></td>",
                     seep_answer_bucket_text((seep_answer_bucket)bucket));
    write_figures(view->bucket_bytes[bucket], view->live_bytes, view->bucket_count[bucket], "-", page);
    seep_page_markup(page, "<td class=\"n\">-</td>");
  }
  seep_page_markup(page, "</tr>\n");
}

void seep_trace_page_holders_write(const seep_answer *answer, seep_trace_view view, seep_page *page)
{
  static const char *const columns[] = {"Module", "Version", "Company", "Bytes",
                                        "Share",  "Blocks",  "Steady",  "On its stacks"};
  static const bool numeric[] = {false, false, false, true, true, true, true, true};
  size_t holder = seep_trace_holders_next(answer, view, SEEP_TRACE_HOLDER_NONE), shown = 0;
  if (holder == SEEP_TRACE_HOLDER_NONE) {
    return;
  }
  seep_page_format(page, "<h3>Who holds what is left, %s</h3>\n", seep_trace_words_view(view));
  seep_page_table_begin(page, columns, numeric, 8);
  for (; holder != SEEP_TRACE_HOLDER_NONE && shown < MAXIMUM_HOLDERS; shown++) {
    write_holder(answer, view, holder, page);
    holder = seep_trace_holders_next(answer, view, holder);
  }
  seep_page_table_end(page);
  size_t more = 0;
  for (; holder != SEEP_TRACE_HOLDER_NONE; more++) {
    holder = seep_trace_holders_next(answer, view, holder);
  }
  if (more > 0) {
    seep_page_format(page, "<p class=\"soft\">%zu more have less.</p>\n", more);
  }
}
