#include "report/trace_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/human.h"
#include "report/trace_page_private.h"
#include "report/trace_words.h"

#define TEXT_SIZE 2048
#define NAME_BYTES 160u
#define PATH_BYTES 400u
#define OTHER_PROCESSES 10u
#define MISSING_SYMBOLS 40u

/* Of both views' stacks together; the graph has its own limits. */
#define STACKS_BYTES ((size_t)800 * 1024)
#define OTHER_STACKS_BYTES ((size_t)300 * 1024)

typedef struct writing {
  const seep_answer *answer;
  const seep_naming *naming;
  const seep_trace_page_options *options;
  seep_page page;
} writing;

/* ---- shared with the other files of the page ---- */

void seep_trace_page_name(seep_page *page, const char *text, size_t most_bytes)
{
  char cut[1024];
  size_t room = most_bytes + 1 < sizeof cut ? most_bytes + 1 : sizeof cut;
  size_t written = seep_text_copy(cut, room, text);
  seep_page_text(page, cut);
  if (text[written] != '\0') {
    seep_page_markup(page, "\xE2\x80\xA6");
  }
}

const char *seep_trace_page_percent(uint64_t part, uint64_t whole, char out[SEEP_TRACE_PAGE_PERCENT_SIZE])
{
  double share = whole > 0 ? (double)part / (double)whole : 0.0;
  if (part > 0 && share < 0.01) {
    return "under 1%";
  }
  unsigned percent = (unsigned)(share * 100.0 + 0.5);
  snprintf(out, SEEP_TRACE_PAGE_PERCENT_SIZE, "%u%%",
           part >= whole && whole > 0 ? 100u
           : percent > 99             ? 99u
                                      : percent);
  return out;
}

const char *seep_trace_page_id(seep_trace_view view)
{
  return view == SEEP_TRACE_VIEW_HEAP ? "heap" : "virtual";
}

seep_trace_page_kind seep_trace_page_kind_of(const seep_answer *answer, const seep_answer_frame *frame)
{
  switch (frame->placed.place) {
  case SEEP_FRAME_MANAGED:
    return SEEP_TRACE_PAGE_KIND_MANAGED;
  case SEEP_FRAME_UNKNOWN:
    return SEEP_TRACE_PAGE_KIND_UNKNOWN;
  case SEEP_FRAME_KERNEL:
    return SEEP_TRACE_PAGE_KIND_KERNEL;
  default:
    break;
  }
  uint32_t module = frame->placed.module;
  if (module >= answer->module_count) {
    return SEEP_TRACE_PAGE_KIND_UNKNOWN;
  }
  if (answer->culprit.certainty != SEEP_ANSWER_NOTHING && module == answer->culprit.module) {
    return SEEP_TRACE_PAGE_KIND_CULPRIT;
  }
  return answer->modules[module].is_runtime ? SEEP_TRACE_PAGE_KIND_RUNTIME : SEEP_TRACE_PAGE_KIND_MODULE;
}

const char *seep_trace_page_kind_text(seep_trace_page_kind kind)
{
  static const char *const texts[SEEP_TRACE_PAGE_KINDS] = {"the process",
                                                           "allocates for others (runtime)",
                                                           "another module",
                                                           "the culprit's module",
                                                           "managed/JIT",
                                                           "in no module",
                                                           "kernel",
                                                           "no stack",
                                                           "too small to be shown one by one"};
  return texts[kind];
}

/* ---- the verdict and its facts ---- */

static void fact(seep_page *page, const char *what, const char *text)
{
  if (text[0] != '\0') {
    seep_page_format(page, "<dt>%s</dt><dd>", what);
    seep_trace_page_name(page, text, PATH_BYTES);
    seep_page_markup(page, "</dd>\n");
  }
}

static void write_verdict(writing *w)
{
  char text[SEEP_TRACE_WORDS_SIZE];
  seep_writer writer;
  bool is_weak = w->answer->culprit.certainty == SEEP_ANSWER_WEAK;
  seep_writer_init(&writer, text, sizeof text);
  seep_trace_words_verdict(w->answer, &writer);
  seep_page_markup(&w->page, is_weak ? "<p class=\"verdict weak\">" : "<p class=\"verdict\">");
  seep_page_text(&w->page, text);
  seep_page_markup(&w->page, "</p>\n");
}

static void write_module_facts(writing *w, const seep_answer_module *module)
{
  fact(&w->page, "Version", module->file_version);
  fact(&w->page, "Company", module->company);
  fact(&w->page, "Product", module->product);
  fact(&w->page, "File", module->path);
}

static void write_stack_facts(writing *w, const seep_answer_stack *stack)
{
  char text[SEEP_HUMAN_SIZE];
  fact(&w->page, "Growth", seep_trace_words_pattern(stack->pattern));
  if (stack->bytes_per_hour > 0.0) {
    fact(&w->page, "Speed", seep_human_rate(stack->bytes_per_hour, text, sizeof text));
  }
  seep_page_markup(&w->page, "<dt>Signature</dt><dd><code id=\"signature\">");
  seep_page_text(&w->page, stack->signature);
  seep_page_markup(&w->page, "</code><button id=\"copy\" type=\"button\" hidden=\"hidden\">Copy</button>"
                             "<br/><span class=\"soft\">the same on every server that has this leak"
                             "</span></dd>\n");
}

static void write_culprit(writing *w)
{
  char text[TEXT_SIZE], bytes[SEEP_HUMAN_SIZE], percent[SEEP_TRACE_PAGE_PERCENT_SIZE];
  seep_writer writer;
  const seep_answer *answer = w->answer;
  const seep_answer_culprit *culprit = &answer->culprit;
  const seep_answer_view *view = &answer->views[culprit->view];
  if (!answer->has_process || culprit->certainty == SEEP_ANSWER_NOTHING) {
    return;
  }
  seep_page_markup(&w->page, "<dl>\n");
  fact(&w->page, "Who", seep_answer_culprit_name(answer));
  if (culprit->module < answer->module_count) {
    write_module_facts(w, &answer->modules[culprit->module]);
  }
  seep_writer_init(&writer, text, sizeof text);
  seep_trace_words_place(answer, &writer);
  fact(&w->page, "Where", text);
  seep_writer_init(&writer, text, sizeof text);
  seep_writer_format(&writer, "%s in %" PRIu64 " allocation%s, %s of what is left (%s)",
                     seep_human_bytes(culprit->bytes, bytes, sizeof bytes), culprit->count,
                     culprit->count == 1 ? "" : "s",
                     seep_trace_page_percent(culprit->bytes, view->live_bytes, percent),
                     seep_trace_words_view(culprit->view));
  fact(&w->page, "Not given back", text);
  if (culprit->stack < view->stack_count) {
    write_stack_facts(w, &view->stacks[culprit->stack]);
  }
  seep_writer_init(&writer, text, sizeof text);
  seep_trace_words_doubts(answer, &writer);
  fact(&w->page, "Doubts", text);
  seep_page_markup(&w->page, "</dl>\n");
}

/* ---- growth ---- */

static seep_trace_view other_view(seep_trace_view view)
{
  return view == SEEP_TRACE_VIEW_HEAP ? SEEP_TRACE_VIEW_VIRTUAL : SEEP_TRACE_VIEW_HEAP;
}

static bool write_growth(writing *w)
{
  const seep_trace_view view = w->answer->culprit.view;
  const bool is_any = w->answer->views[0].live_bytes > 0 || w->answer->views[1].live_bytes > 0;
  bool written = true;
  if (is_any || w->options->commit != NULL) {
    seep_page_heading(&w->page, "How it grew");
  }
  if (is_any) {
    written = seep_trace_growth_write(w->answer, view, &w->page);
  }
  if (w->options->commit != NULL) {
    seep_chart_write(w->options->commit, "Commit of the process, before and after the trace",
                     w->options->marks, w->options->mark_count, &w->page);
  }
  return written;
}

/* ---- views, stacks, processes ---- */

static bool write_views(writing *w)
{
  const seep_trace_view views[SEEP_TRACE_VIEWS] = {w->answer->culprit.view,
                                                   other_view(w->answer->culprit.view)};
  bool written = true;
  for (size_t i = 0; i < SEEP_TRACE_VIEWS && written; i++) {
    written = seep_trace_page_tree_write(w->answer, views[i], &w->page);
  }
  for (size_t i = 0; i < SEEP_TRACE_VIEWS; i++) {
    seep_trace_page_holders_write(w->answer, views[i], &w->page);
  }
  for (size_t i = 0; i < SEEP_TRACE_VIEWS; i++) {
    seep_trace_page_stacks_write(w->answer, views[i], i == 0 ? STACKS_BYTES : OTHER_STACKS_BYTES, &w->page);
  }
  return written;
}

static void write_sums(writing *w)
{
  static const char *const columns[] = {"View",     "Allocated", "Allocations", "Given back",
                                        "Releases", "Left",      "Blocks left"};
  static const bool numeric[] = {false, true, true, true, true, true, true};
  char figures[6][SEEP_HUMAN_SIZE];
  seep_page_table_begin(&w->page, columns, numeric, 7);
  for (unsigned i = 0; i < SEEP_TRACE_VIEWS; i++) {
    const seep_answer_view *view = &w->answer->views[i];
    const char *cells[7] = {
        seep_trace_words_view((seep_trace_view)i), "not in the trace", "", "", "", "", ""};
    if (view->has_events) {
      cells[1] = seep_human_bytes(view->allocated_bytes, figures[0], SEEP_HUMAN_SIZE);
      cells[3] = seep_human_bytes(view->freed_bytes, figures[2], SEEP_HUMAN_SIZE);
      cells[5] = seep_human_bytes(view->live_bytes, figures[4], SEEP_HUMAN_SIZE);
      snprintf(figures[1], SEEP_HUMAN_SIZE, "%" PRIu64, view->allocations);
      snprintf(figures[3], SEEP_HUMAN_SIZE, "%" PRIu64, view->frees);
      snprintf(figures[5], SEEP_HUMAN_SIZE, "%" PRIu64, view->live_count);
      cells[2] = figures[1];
      cells[4] = figures[3];
      cells[6] = figures[5];
    }
    seep_page_table_row(&w->page, cells, numeric, 7);
  }
  seep_page_table_end(&w->page);
}

static bool write_process(writing *w)
{
  char text[TEXT_SIZE], bytes[SEEP_HUMAN_SIZE];
  seep_writer writer;
  const seep_answer_process *process = &w->answer->process;
  if (!w->answer->has_process) {
    return true;
  }
  seep_page_heading(&w->page, "The process");
  seep_writer_init(&writer, text, sizeof text);
  seep_writer_format(&writer, "%.*s%sprocess %" PRIu32 "%s%s%s", (int)NAME_BYTES, process->name,
                     process->name[0] != '\0' ? ", " : "", process->pid, process->is_wow64 ? ", 32 bit" : "",
                     process->began_here ? ", began during the trace" : "",
                     process->ended_here ? ", ended during it" : "");
  if (w->answer->commit_at_end_bytes > 0) {
    seep_writer_format(&writer, "; commit %s at the trace's end, as Windows says",
                       seep_human_bytes(w->answer->commit_at_end_bytes, bytes, sizeof bytes));
  }
  seep_writer_text(&writer, ".");
  seep_page_paragraph(&w->page, text);
  write_sums(w);
  return seep_trace_growth_write(w->answer, other_view(w->answer->culprit.view), &w->page);
}

static void write_other_processes(writing *w)
{
  static const char *const columns[] = {"Process", "PID", "Left, VirtualAlloc", "Left, heap"};
  static const bool numeric[] = {false, true, true, true};
  const seep_answer *answer = w->answer;
  size_t shown = 0;
  for (size_t i = 0; i < answer->process_count && shown < OTHER_PROCESSES; i++) {
    const seep_answer_process *process = &answer->processes[i];
    char name[NAME_BYTES], pid[16], left[SEEP_TRACE_VIEWS][SEEP_HUMAN_SIZE];
    const char *cells[4] = {name, pid, left[0], left[1]};
    if (answer->has_process && process->pid == answer->process.pid) {
      continue;
    }
    if (shown++ == 0) {
      seep_page_markup(&w->page, "<h3>Other processes in the trace</h3>\n");
      seep_page_table_begin(&w->page, columns, numeric, 4);
    }
    seep_text_copy(name, sizeof name, process->name);
    snprintf(pid, sizeof pid, "%" PRIu32, process->pid);
    for (size_t view = 0; view < SEEP_TRACE_VIEWS; view++) {
      seep_human_bytes(process->live_bytes[view], left[view], SEEP_HUMAN_SIZE);
    }
    seep_page_table_row(&w->page, cells, numeric, 4);
  }
  if (shown > 0) {
    seep_page_table_end(&w->page);
  }
}

/* ---- how it was measured, and what was not ---- */

static void write_measure(writing *w)
{
  char text[TEXT_SIZE], started[SEEP_WALL_TEXT_SIZE];
  const seep_trace_header *header = &w->answer->header;
  const seep_trace_summary *summary = &w->answer->merged.summary;
  seep_page_heading(&w->page, "How it was measured");
  seep_page_markup(&w->page, "<dl>\n");
  fact(&w->page, "Trace", w->options->file_name != NULL ? w->options->file_name : "");
  fact(&w->page, "Session", header->logger_name);
  snprintf(text, sizeof text, "Windows %u.%u build %" PRIu32 ", %" PRIu32 " processors", header->os_major,
           header->os_minor, header->os_build, header->processors);
  fact(&w->page, "System", text);
  if (header->start != 0) {
    fact(&w->page, "Started",
         seep_wall_text(seep_wall_from_filetime(header->start), started, sizeof started));
  }
  if (w->answer->duration_ms >= 0) {
    fact(&w->page, "Lasted", seep_human_duration(w->answer->duration_ms, text, sizeof text));
  }
  snprintf(text, sizeof text, "%" PRIu64 ", of them %" PRIu64 " allocations, in %" PRIu64 " buffers",
           summary->records, w->answer->losses.memory_events, summary->buffers);
  fact(&w->page, "Events", text);
  seep_page_markup(&w->page, "</dl>\n");
  if (!w->answer->has_process) {
    return;
  }
  seep_page_paragraph(
      &w->page,
      "Windows recorded each allocation with the stack that it came from, and each release. What was "
      "allocated during the trace and not given back before its end is what this page calls left. "
      "Memory from before the trace is not in it, and what is left is not always a leak: a cache "
      "that fills looks the same for a while.");
  seep_page_paragraph(
      &w->page, "VirtualAlloc is what the process got from Windows, in pages; heap is what its code got from "
                "its heaps, in blocks. " SEEP_TRACE_WORDS_ONE_MEMORY " The figures are never to be added.");
}

static void write_loss(void *context, const char *sentence)
{
  seep_page *page = context;
  seep_page_markup(page, "<li>");
  seep_page_text(page, sentence);
  seep_page_markup(page, "</li>\n");
}

static bool lacks_names(const seep_naming_module *named)
{
  return named->result != SEEP_NAMED_PDB && named->result != SEEP_NAMED_BREAKPAD;
}

static void write_missing(writing *w, const seep_naming_module *named)
{
  static const bool numeric[] = {false, true, false, false};
  const seep_answer *answer = w->answer;
  char name[NAME_BYTES], frames[24];
  const char *cells[4] = {name, frames, seep_trace_words_no_names(named->result), named->key};
  seep_text_copy(name, sizeof name,
                 named->module < answer->module_count ? answer->modules[named->module].name : "");
  snprintf(frames, sizeof frames, "%" PRIu64, named->frames);
  seep_page_table_row(&w->page, cells, numeric, 4);
}

static void write_symbols(writing *w)
{
  static const char *const columns[] = {"Module", "Frames", "Its symbols", "The file that would help"};
  static const bool numeric[] = {false, true, false, false};
  size_t lacking = 0;
  const size_t count = w->naming != NULL ? w->naming->count : 0;
  for (size_t i = 0; i < count; i++) {
    const seep_naming_module *named = &w->naming->modules[i];
    if (!lacks_names(named)) {
      continue;
    }
    if (lacking++ == 0) {
      seep_page_heading(&w->page, "Function names that are missing");
      seep_page_paragraph(&w->page,
                          "Modules without symbols show places as module+0x12; a ~ is a guess. In a "
                          "folder that --symbols names these files would give the names; each "
                          "module's maker has its own, Microsoft those of Windows.");
      seep_page_table_begin(&w->page, columns, numeric, 4);
    }
    if (lacking <= MISSING_SYMBOLS) {
      write_missing(w, named);
    }
  }
  if (lacking > 0) {
    seep_page_table_end(&w->page);
  }
  if (lacking > MISSING_SYMBOLS) {
    seep_page_format(&w->page, "<p class=\"soft\">... and %zu more.</p>\n", lacking - MISSING_SYMBOLS);
  }
}

static void begin_page(writing *w, const seep_page_extra *extra, seep_page_sink sink, void *context)
{
  char title[TEXT_SIZE];
  seep_writer writer;
  const seep_answer_process *process = &w->answer->process;
  seep_writer_init(&writer, title, sizeof title);
  seep_writer_text(&writer, "Memory that was not given back");
  if (w->answer->has_process) {
    seep_writer_format(&writer, ": %.*s%sprocess %" PRIu32, (int)NAME_BYTES, process->name,
                       process->name[0] != '\0' ? ", " : "", process->pid);
  }
  seep_page_begin_scripted(&w->page, sink, context, title, NULL, extra);
}

bool seep_trace_page_write(const seep_answer *answer, const seep_naming *naming,
                           const seep_trace_page_options *options, seep_page_sink sink, void *context)
{
  const seep_page_extra extra = {seep_trace_page_style, seep_trace_page_script};
  writing w = {.answer = answer, .naming = naming, .options = options};
  char footer[128];
  begin_page(&w, &extra, sink, context);
  write_verdict(&w);
  write_culprit(&w);
  bool written =
      write_growth(&w) && seep_trace_flame_write(answer, &w.page) && write_views(&w) && write_process(&w);
  write_other_processes(&w);
  write_measure(&w);
  seep_page_heading(&w.page, "What was lost");
  seep_page_markup(&w.page, "<ul>\n");
  seep_trace_words_losses(answer, write_loss, &w.page);
  seep_page_markup(&w.page, "</ul>\n");
  write_symbols(&w);
  if (answer->views[0].live_bytes > 0 || answer->views[1].live_bytes > 0) {
    seep_page_script(&w.page, &extra);
  }
  snprintf(footer, sizeof footer, "Seepwatch %.64s", options->version != NULL ? options->version : "");
  seep_page_end(&w.page, footer);
  return written;
}
