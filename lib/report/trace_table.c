#include "report/trace_table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/human.h"
#include "report/trace_holders.h"
#include "report/trace_lines.h"
#include "report/trace_tree.h"
#include "report/trace_words.h"

#define DEFAULT_TOP 10u
#define DEFAULT_WIDTH 100u
#define MINIMUM_WIDTH 60u
#define MAXIMUM_WIDTH 240u

#define OTHER_VIEW_TOP 5u  /* modules of the view that the culprit is not in */
#define OTHER_PROCESSES 5u /* listed beside the one in detail */
#define MISSING_SYMBOLS 5u /* files that are asked for */
#define NAME_SIZE 256u
#define SUMS_INDENT 16u

typedef struct table {
  const seep_answer *answer;
  const seep_naming *naming;
  seep_trace_lines lines;
  size_t top;
} table;

static void put_format(const table *t, const char *format, ...) SEEP_PRINTF_LIKE(2, 3);

static void put_format(const table *t, const char *format, ...)
{
  char line[SEEP_TRACE_LINES_SIZE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  seep_trace_lines_put(&t->lines, line);
}

static void put_empty(const table *t)
{
  seep_trace_lines_put(&t->lines, "");
}

static const char *plural(uint64_t count)
{
  return count == 1 ? "" : "s";
}

static unsigned percent_of(uint64_t part, uint64_t whole)
{
  return whole > 0 ? (unsigned)((double)part / (double)whole * 100.0 + 0.5) : 0u;
}

static seep_trace_view other_view(seep_trace_view view)
{
  return view == SEEP_TRACE_VIEW_HEAP ? SEEP_TRACE_VIEW_VIRTUAL : SEEP_TRACE_VIEW_HEAP;
}

/* ---- the verdict ---- */

static void put_verdict(const table *t)
{
  char text[SEEP_TRACE_WORDS_SIZE];
  seep_writer writer;
  seep_writer_init(&writer, text, sizeof text);
  seep_trace_words_verdict(t->answer, &writer);
  seep_trace_lines_wrap(&t->lines, 0, "", text);
  seep_writer_init(&writer, text, sizeof text);
  seep_trace_words_place(t->answer, &writer);
  if (text[0] != '\0') {
    put_format(t, "  where      %s", text);
    put_format(t, "  signature  %s",
               t->answer->views[t->answer->culprit.view].stacks[t->answer->culprit.stack].signature);
  }
  seep_writer_init(&writer, text, sizeof text);
  seep_trace_words_doubts(t->answer, &writer);
  if (text[0] != '\0') {
    seep_trace_lines_wrap(&t->lines, 13, "  doubts", text);
  }
}

/* ---- the process ---- */

static void put_view_sums(const table *t, seep_trace_view which)
{
  char allocated[SEEP_HUMAN_SIZE], freed[SEEP_HUMAN_SIZE], left[SEEP_HUMAN_SIZE];
  const seep_answer_view *view = &t->answer->views[which];
  if (!view->has_events) {
    put_format(t, "  %-12s  not in the trace", seep_trace_words_view(which));
    return;
  }
  put_format(t, "  %-12s  allocated  %s in %" PRIu64 " allocation%s", seep_trace_words_view(which),
             seep_human_bytes(view->allocated_bytes, allocated, sizeof allocated), view->allocations,
             plural(view->allocations));
  put_format(t, "  %-12s  given back %s in %" PRIu64 " release%s", "",
             seep_human_bytes(view->freed_bytes, freed, sizeof freed), view->frees, plural(view->frees));
  put_format(t, "  %-12s  left       %s in %" PRIu64 " block%s", "",
             seep_human_bytes(view->live_bytes, left, sizeof left), view->live_count,
             plural(view->live_count));
  if (view->live_bytes > 0) {
    seep_trace_lines_wrap(&t->lines, SUMS_INDENT, "", seep_trace_words_pattern(view->pattern));
  }
  if (view->odd > 0) {
    char odd[128];
    snprintf(odd, sizeof odd, "%" PRIu64 " event%s contradict%s others and %s not in the sums", view->odd,
             plural(view->odd), view->odd == 1 ? "s" : "", view->odd == 1 ? "is" : "are");
    seep_trace_lines_wrap(&t->lines, SUMS_INDENT, "", odd);
  }
}

static void put_process(const table *t)
{
  char commit[SEEP_HUMAN_SIZE];
  const seep_answer *answer = t->answer;
  const seep_answer_process *process = &answer->process;
  if (!answer->has_process) {
    return;
  }
  put_empty(t);
  put_format(t, "Process %" PRIu32 "%s%.*s%s%s%s", process->pid, process->name[0] != '\0' ? ", " : "",
             (int)NAME_SIZE, process->name, process->is_wow64 ? ", 32 bit" : "",
             process->began_here ? ", began during the trace" : "",
             process->ended_here ? ", ended during it" : "");
  put_view_sums(t, SEEP_TRACE_VIEW_VIRTUAL);
  put_view_sums(t, SEEP_TRACE_VIEW_HEAP);
  if (answer->views[SEEP_TRACE_VIEW_VIRTUAL].has_events && answer->views[SEEP_TRACE_VIEW_HEAP].has_events) {
    seep_trace_lines_wrap(&t->lines, 2, "", SEEP_TRACE_WORDS_ONE_MEMORY);
  }
  if (answer->commit_at_end_bytes > 0) {
    put_format(t, "  commit        %s at the trace's end, as Windows says",
               seep_human_bytes(answer->commit_at_end_bytes, commit, sizeof commit));
  }
}

static uint64_t left_in(const seep_answer_process *process)
{
  uint64_t heap = process->live_bytes[SEEP_TRACE_VIEW_HEAP],
           all = process->live_bytes[SEEP_TRACE_VIEW_VIRTUAL];
  return heap > all ? heap : all;
}

static void put_other_processes(const table *t)
{
  const seep_answer *answer = t->answer;
  char bytes[SEEP_HUMAN_SIZE];
  size_t told = 0;
  for (size_t i = 0; i < answer->process_count && told < OTHER_PROCESSES; i++) {
    const seep_answer_process *process = &answer->processes[i];
    bool is_other = !answer->has_process || process->pid != answer->process.pid;
    if (is_other && left_in(process) > 0) {
      if (told++ == 0) {
        put_empty(t);
        put_format(t, "%s",
                   answer->has_process ? "Other processes with memory left" : "Processes with memory left");
      }
      put_format(t, "%10s  %-8" PRIu32 " %s", seep_human_bytes(left_in(process), bytes, sizeof bytes),
                 process->pid, process->name);
    }
  }
}

/* ---- who holds it ---- */

static void put_module_row(const table *t, seep_trace_view view, const seep_answer_module *module)
{
  char bytes[SEEP_HUMAN_SIZE], steady[SEEP_HUMAN_SIZE];
  const bool has_steady = module->views[view].steady_bytes > 0;
  put_format(t, "%10s  %4u%%  %10" PRIu64 "  %10s  %.*s%s%.*s%s%.*s",
             seep_human_bytes(module->views[view].blamed_bytes, bytes, sizeof bytes),
             percent_of(module->views[view].blamed_bytes, t->answer->views[view].live_bytes),
             module->views[view].blamed_count,
             has_steady ? seep_human_bytes(module->views[view].steady_bytes, steady, sizeof steady) : "-",
             (int)NAME_SIZE, module->name, module->file_version[0] != '\0' ? " " : "", (int)NAME_SIZE,
             module->file_version, module->company[0] != '\0' ? ", " : "", (int)NAME_SIZE, module->company);
}

static void put_bucket_row(const table *t, seep_trace_view which, seep_answer_bucket bucket)
{
  char bytes[SEEP_HUMAN_SIZE];
  const seep_answer_view *view = &t->answer->views[which];
  put_format(t, "%10s  %4u%%  %10" PRIu64 "  %10s  (%s)",
             seep_human_bytes(view->bucket_bytes[bucket], bytes, sizeof bytes),
             percent_of(view->bucket_bytes[bucket], view->live_bytes), view->bucket_count[bucket], "",
             seep_answer_bucket_text(bucket));
}

static void put_holders(const table *t, seep_trace_view view, size_t top)
{
  const seep_answer *answer = t->answer;
  size_t row = seep_trace_holders_next(answer, view, SEEP_TRACE_HOLDER_NONE), shown = 0;
  if (row == SEEP_TRACE_HOLDER_NONE) {
    return;
  }
  put_empty(t);
  put_format(t, "Who holds what is left (%s)", seep_trace_words_view(view));
  put_format(t, "%10s  %5s  %10s  %10s  %s", "bytes", "share", "blocks", "steady", "module");
  for (; row != SEEP_TRACE_HOLDER_NONE && shown < top;
       row = seep_trace_holders_next(answer, view, row), shown++) {
    if (row < answer->module_count) {
      put_module_row(t, view, &answer->modules[row]);
    } else {
      put_bucket_row(t, view, (seep_answer_bucket)(row - answer->module_count));
    }
  }
  size_t more = 0;
  for (; row != SEEP_TRACE_HOLDER_NONE; row = seep_trace_holders_next(answer, view, row)) {
    more++;
  }
  if (more > 0) {
    put_format(t, "%10s  %zu more with less", "", more);
  }
}

/* ---- stacks ---- */

static const char *place_of(const table *t, const seep_answer_stack *stack, char *out, size_t out_size)
{
  if (stack->kind != SEEP_TRACE_SITE_STACK) {
    return seep_trace_words_site(stack->kind);
  }
  size_t at = stack->culprit < stack->frame_count ? stack->culprit : 0;
  return stack->frame_count > 0 ? seep_answer_frame_text(t->answer, &stack->frames[at], out, out_size)
                                : seep_trace_words_site(stack->kind);
}

static void put_stacks(const table *t, seep_trace_view which)
{
  char bytes[SEEP_HUMAN_SIZE], place[SEEP_TRACE_LINES_SIZE / 2];
  const seep_answer_view *view = &t->answer->views[which];
  size_t count = view->stack_count < t->top ? view->stack_count : t->top;
  if (count == 0) {
    return;
  }
  put_empty(t);
  put_format(t, "Stacks (%s): %zu of %zu, most steady growth first", seep_trace_words_view(which), count,
             view->all_stacks > count ? view->all_stacks : count);
  put_format(t, "%10s  %5s  %10s  %-7s  %s", "bytes", "share", "blocks", "pattern", "where");
  for (size_t i = 0; i < count; i++) {
    const seep_answer_stack *stack = &view->stacks[i];
    put_format(t, "%10s  %4u%%  %10" PRIu64 "  %-7s  %s",
               seep_human_bytes(stack->live_bytes, bytes, sizeof bytes),
               percent_of(stack->live_bytes, view->live_bytes), stack->live_count,
               seep_growth_pattern_text(stack->pattern), place_of(t, stack, place, sizeof place));
  }
  put_empty(t);
  if (!seep_trace_tree_write(t->answer, which, count, &t->lines)) {
    put_format(t, "(there was no memory to draw the stacks as a tree)");
  }
}

/* ---- the trace and its losses ---- */

static void put_trace(const table *t)
{
  char started[SEEP_WALL_TEXT_SIZE], lasted[SEEP_HUMAN_SIZE];
  const seep_trace_header *header = &t->answer->header;
  const seep_trace_summary *summary = &t->answer->merged.summary;
  bool ended = header->end >= header->start;
  int64_t lasted_ms = ended ? (int64_t)((header->end - header->start) / 10000u) : 0;
  put_empty(t);
  put_format(t, "Trace of Windows %u.%u build %" PRIu32 ", %" PRIu32 " processor%s", header->os_major,
             header->os_minor, header->os_build, header->processors, plural(header->processors));
  put_format(t, "  started    %s",
             seep_wall_text(seep_wall_from_filetime(header->start), started, sizeof started));
  put_format(t, "  lasted     %s",
             ended ? seep_human_duration(lasted_ms, lasted, sizeof lasted)
                   : "unknown: it was not stopped properly");
  put_format(t, "  events     %" PRIu64 " in %" PRIu64 " buffer%s", summary->records, summary->buffers,
             plural(summary->buffers));
  put_format(t, "  lost       %" PRIu32 " event%s, %" PRIu32 " buffer%s", header->events_lost,
             plural(header->events_lost), header->buffers_lost, plural(header->buffers_lost));
}

static void put_loss(void *context, const char *sentence)
{
  const table *t = context;
  seep_trace_lines_wrap(&t->lines, 2, "-", sentence);
}

/* ---- symbols ---- */

static bool lacks_names(const seep_naming_module *named)
{
  return named->result != SEEP_NAMED_PDB && named->result != SEEP_NAMED_BREAKPAD;
}

/* Not cut: it is there to be copied. */
static void put_key(const table *t, const char *key)
{
  char line[SEEP_SYMBOL_KEY_SIZE + 8];
  seep_trace_lines whole = t->lines;
  whole.width = sizeof line;
  snprintf(line, sizeof line, "  %s", key);
  seep_trace_lines_put(&whole, line);
}

static void put_symbols_head(const table *t, size_t lacking, size_t count, bool has_keys)
{
  char text[320];
  snprintf(text, sizeof text, "Function names: %zu of %zu module%s %s none, or guesses (~). %s", lacking,
           count, plural(count), lacking == 1 ? "has" : "have",
           has_keys ? "Whoever made a module has the file with its names, Microsoft those of Windows. Put "
                      "them into a folder, below it under these paths, and give the folder with --symbols:"
                    : "The trace does not tell which files have them.");
  put_empty(t);
  seep_trace_lines_wrap(&t->lines, 0, "", text);
}

static void put_symbols(const table *t)
{
  size_t lacking = 0, keys = 0, told = 0;
  const size_t count = t->naming != NULL ? t->naming->count : 0;
  for (size_t i = 0; i < count; i++) {
    bool lacks = lacks_names(&t->naming->modules[i]);
    lacking += lacks ? 1 : 0;
    keys += lacks && t->naming->modules[i].key[0] != '\0' ? 1 : 0;
  }
  if (lacking == 0) {
    return;
  }
  put_symbols_head(t, lacking, count, keys > 0);
  for (size_t i = 0; i < count && told < MISSING_SYMBOLS; i++) {
    const seep_naming_module *named = &t->naming->modules[i];
    if (lacks_names(named) && named->key[0] != '\0') {
      told++;
      put_key(t, named->key);
      put_format(t, "      %s; %" PRIu64 " frame%s", seep_trace_words_no_names(named->result), named->frames,
                 plural(named->frames));
    }
  }
  if (keys > 0 && told < lacking) {
    put_format(t, "  ... and %zu more (--json lists them)", lacking - told);
  }
}

void seep_trace_table_write(const seep_answer *answer, const seep_naming *naming,
                            const seep_trace_table_options *options, seep_page_sink sink, void *context)
{
  size_t width = options->width > 0 ? options->width : DEFAULT_WIDTH;
  width = width < MINIMUM_WIDTH ? MINIMUM_WIDTH : width > MAXIMUM_WIDTH ? MAXIMUM_WIDTH : width;
  table t = {.answer = answer,
             .naming = naming,
             .lines = {sink, context, width},
             .top = options->top > 0 ? options->top : DEFAULT_TOP};
  const seep_trace_view view = answer->culprit.view;
  put_verdict(&t);
  put_process(&t);
  if (answer->has_process) {
    put_holders(&t, view, t.top);
    put_stacks(&t, view);
    put_holders(&t, other_view(view), OTHER_VIEW_TOP);
  }
  put_other_processes(&t);
  put_trace(&t);
  put_empty(&t);
  put_format(&t, "What was lost");
  seep_trace_words_losses(answer, put_loss, &t);
  put_symbols(&t);
}
