/* The flame graph: a tree of all stacks goes into the page as numbers, and the page's script draws what can
 * be seen of it. A node is five numbers (depth, name, kind, bytes, blocks), parents before their children,
 * largest children first. A kind of 16 and more is where the blame lies. Of the smallest, those of one parent
 * become one node, whose name is their number. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/human.h"
#include "report/trace_branches.h"
#include "report/trace_page_private.h"
#include "report/trace_words.h"

#define MAXIMUM_NODES ((size_t)5000) /* of a view, and at most as many again that stand for others */

/* Of all names of a view, as they are written. */
#define NAMES_BYTES ((size_t)300 * 1024)
#define LONGEST_NAME ((size_t)1000)
#define NAME_SIZE 1024

#define NO_NAME UINT32_MAX
#define BLAME 16u

typedef struct flame {
  const seep_answer *answer;
  seep_page *page;
  seep_trace_view view;
  seep_trace_branches branches;
  uint32_t *names; /* by branch: its name's number; NO_NAME: it is not in the graph */
  size_t *named;   /* by number, a branch that has the name */
  size_t kept, name_count;
  uint64_t dropped;
  uint64_t rest_bytes, rest_count; /* of stacks that the answer does not have in detail */
} flame;

/* ---- which ones ---- */

/* A branch has no more bytes than its parent, which stands before it: whatever the limit, parents are kept.
 */
static size_t count_above(const seep_trace_branches *branches, uint64_t bytes)
{
  size_t count = 0;
  for (size_t i = 0; i < branches->count; i++) {
    count += branches->all[i].bytes > bytes ? 1 : 0;
  }
  return count;
}

/* The least number of bytes that not too many have more than. */
static uint64_t find_limit(const seep_trace_branches *branches)
{
  uint64_t low = 0, high = UINT64_MAX;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    if (count_above(branches, middle) <= MAXIMUM_NODES) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

static void choose(flame *of)
{
  const uint64_t limit = find_limit(&of->branches);
  size_t room = MAXIMUM_NODES - count_above(&of->branches, limit); /* for those with just so many */
  for (size_t i = 0; i < of->branches.count; i++) {
    uint64_t bytes = of->branches.all[i].bytes;
    bool is_kept = bytes > limit || (bytes == limit && bytes > 0 && room > 0);
    if (is_kept) {
      room -= bytes == limit ? 1 : 0;
      of->named[of->kept++] = i;
    } else {
      of->dropped += bytes > 0 ? 1 : 0;
    }
    of->names[i] = is_kept ? 0 : NO_NAME;
  }
}

/* ---- their names ---- */

static int without_frame(const seep_trace_branch *branch)
{
  return branch->parent == SEEP_TRACE_BRANCH_NONE ? -1 : (int)branch->kind;
}

static int compare_names(const seep_trace_branch *a, const seep_trace_branch *b)
{
  if (a->frame == NULL || b->frame == NULL) {
    return a->frame != NULL ? 1 : b->frame != NULL ? -1 : without_frame(a) - without_frame(b);
  }
  return seep_trace_branches_compare(a->frame, b->frame);
}

/* Into a heap from which the last by name comes out first: qsort would need the branches behind its back. */
static void sink_down(const flame *of, size_t at, size_t count)
{
  for (size_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
    if (child + 1 < count &&
        compare_names(&of->branches.all[of->named[child]], &of->branches.all[of->named[child + 1]]) < 0) {
      child++;
    }
    if (compare_names(&of->branches.all[of->named[at]], &of->branches.all[of->named[child]]) >= 0) {
      return;
    }
    size_t swapped = of->named[at];
    of->named[at] = of->named[child];
    of->named[child] = swapped;
    at = child;
  }
}

static void sort_by_name(const flame *of)
{
  for (size_t i = of->kept / 2; i > 0; i--) {
    sink_down(of, i - 1, of->kept);
  }
  for (size_t left = of->kept; left > 1; left--) {
    size_t last = of->named[0];
    of->named[0] = of->named[left - 1];
    of->named[left - 1] = last;
    sink_down(of, 0, left - 1);
  }
}

static void number_names(flame *of)
{
  sort_by_name(of);
  for (size_t i = 0; i < of->kept; i++) {
    size_t at = of->named[i];
    bool is_new = of->name_count == 0 ||
                  compare_names(&of->branches.all[of->named[of->name_count - 1]], &of->branches.all[at]) != 0;
    if (is_new) {
      of->named[of->name_count++] = at;
    }
    of->names[at] = (uint32_t)(of->name_count - 1);
  }
}

static const char *name_of(const flame *of, size_t at, char out[NAME_SIZE])
{
  const seep_answer_process *process = &of->answer->process;
  const seep_trace_branch *branch = &of->branches.all[at];
  if (at == 0) {
    const char *name = process->name[0] != '\0' ? process->name : "process";
    snprintf(out, NAME_SIZE, "%.500s (%" PRIu32 ")", name, process->pid);
  } else if (branch->frame == NULL) {
    seep_text_copy(out, NAME_SIZE, seep_trace_words_site(branch->kind));
  } else {
    seep_trace_branches_name(of->answer, branch->frame, out, NAME_SIZE);
  }
  return out;
}

/* As a text of JSON that no HTML reader takes for markup, at most so many bytes of it between the quotes. */
static void write_quoted(seep_page *page, const char *text, size_t most)
{
  size_t left = strlen(text), written = 0;
  seep_page_markup(page, "\"");
  while (left > 0) {
    char escaped[8];
    seep_text_shown shown = seep_text_show(text, left);
    const char *bytes = shown.bytes;
    size_t size = shown.size;
    if (shown.point == '"' || shown.point == '\\' || shown.point == '<' || shown.point == '>' ||
        shown.point == '&' || shown.point == '\'') {
      snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)shown.point);
      bytes = escaped;
      size = 6;
    }
    if (written + size > most) {
      seep_page_markup(page, "\xE2\x80\xA6");
      break;
    }
    page->sink(page->context, bytes, size);
    written += size;
    text += shown.used;
    left -= shown.used;
  }
  seep_page_markup(page, "\"");
}

/* ---- written ---- */

static unsigned kind_of(const flame *of, size_t at)
{
  const seep_trace_branch *branch = &of->branches.all[at];
  if (at == 0) {
    return SEEP_TRACE_PAGE_KIND_PROCESS;
  }
  if (branch->frame == NULL) {
    return SEEP_TRACE_PAGE_KIND_NO_STACK;
  }
  return (unsigned)seep_trace_page_kind_of(of->answer, branch->frame) | (branch->is_culprit ? BLAME : 0u);
}

static void write_node(const flame *of, size_t depth, uint32_t name, unsigned kind, uint64_t bytes,
                       uint64_t count)
{
  seep_page_format(of->page, "%s%zu,%" PRIu32 ",%u,%" PRIu64 ",%" PRIu64, depth > 0 ? "," : "", depth, name,
                   kind, bytes, count);
}

/* Those children that are not in the graph, as one. */
static void write_others(const flame *of, size_t parent, size_t depth)
{
  uint32_t together = 0;
  uint64_t bytes = 0, count = 0;
  for (size_t at = of->branches.all[parent].first; at != SEEP_TRACE_BRANCH_NONE;
       at = of->branches.all[at].next) {
    if (of->names[at] == NO_NAME && of->branches.all[at].bytes > 0) {
      together++;
      bytes += of->branches.all[at].bytes;
      count += of->branches.all[at].count;
    }
  }
  if (parent == 0 && of->rest_bytes > 0) {
    const seep_answer_view *view = &of->answer->views[of->view];
    size_t rest = view->all_stacks > view->stack_count ? view->all_stacks - view->stack_count : 1;
    together += rest < UINT32_MAX / 2 ? (uint32_t)rest : UINT32_MAX / 2;
    bytes += of->rest_bytes;
    count += of->rest_count;
  }
  if (together > 0) {
    write_node(of, depth, together, SEEP_TRACE_PAGE_KIND_OTHERS, bytes, count);
  }
}

static size_t kept_from(const flame *of, size_t at)
{
  while (at != SEEP_TRACE_BRANCH_NONE && of->names[at] == NO_NAME) {
    at = of->branches.all[at].next;
  }
  return at;
}

static void write_nodes(const flame *of)
{
  size_t at = 0, depth = 0;
  while (at != SEEP_TRACE_BRANCH_NONE) {
    const seep_trace_branch *branch = &of->branches.all[at];
    write_node(of, depth, of->names[at], kind_of(of, at), branch->bytes, branch->count);
    size_t next = kept_from(of, branch->first);
    if (next != SEEP_TRACE_BRANCH_NONE) {
      depth++;
      at = next;
      continue;
    }
    write_others(of, at, depth + 1);
    next = at == 0 ? SEEP_TRACE_BRANCH_NONE : kept_from(of, branch->next);
    while (next == SEEP_TRACE_BRANCH_NONE && at != 0) {
      at = of->branches.all[at].parent;
      write_others(of, at, depth);
      depth--;
      next = at == 0 ? SEEP_TRACE_BRANCH_NONE : kept_from(of, of->branches.all[at].next);
    }
    at = next;
  }
}

static void write_names(const flame *of)
{
  char name[NAME_SIZE];
  size_t most = of->name_count > 0 ? NAMES_BYTES / of->name_count : LONGEST_NAME;
  most = most < LONGEST_NAME ? most : LONGEST_NAME;
  for (size_t i = 0; i < of->name_count; i++) {
    seep_page_markup(of->page, i > 0 ? ",\n" : "");
    write_quoted(of->page, name_of(of, of->named[i], name), most);
  }
}

/* What the answer does not have in detail hangs on the process itself, as one. */
static void add_rest(flame *of)
{
  const seep_answer_view *view = &of->answer->views[of->view];
  seep_trace_branch *root = &of->branches.all[0];
  of->rest_bytes = view->live_bytes > root->bytes ? view->live_bytes - root->bytes : 0;
  of->rest_count = view->live_count > root->count ? view->live_count - root->count : 0;
  root->bytes += of->rest_bytes;
  root->count += of->rest_count;
}

static bool write_view(flame *of, bool is_first)
{
  const seep_answer_view *view = &of->answer->views[of->view];
  if (!seep_trace_branches_grow(&of->branches, of->answer, of->view, view->stack_count,
                                SEEP_TRACE_TO_ALLOCATION)) {
    return false;
  }
  of->names = calloc(of->branches.count, sizeof *of->names);
  of->named = calloc(MAXIMUM_NODES + 1, sizeof *of->named);
  bool has_room = of->names != NULL && of->named != NULL;
  if (has_room) {
    add_rest(of);
    choose(of);
    number_names(of);
    seep_page_format(of->page, "%s{\"id\":\"%s\",\"title\":\"%s\",\"names\":[", is_first ? "" : ",",
                     seep_trace_page_id(of->view), seep_trace_words_view(of->view));
    write_names(of);
    seep_page_markup(of->page, "],\n\"nodes\":[");
    write_nodes(of);
    seep_page_format(of->page, "],\"dropped\":%" PRIu64 "}\n", of->dropped);
  }
  free(of->names);
  free(of->named);
  seep_trace_branches_free(&of->branches);
  return has_room;
}

static void write_kinds(seep_page *page)
{
  seep_page_markup(page, "\"kinds\":[");
  for (unsigned i = 0; i < SEEP_TRACE_PAGE_KINDS; i++) {
    seep_page_markup(page, i > 0 ? "," : "");
    write_quoted(page, seep_trace_page_kind_text((seep_trace_page_kind)i), LONGEST_NAME);
  }
  seep_page_markup(page, "]");
}

/* ---- the graph's place ---- */

static void write_place(const seep_answer *answer, seep_page *page)
{
  seep_page_heading(page, "Where it was allocated");
  seep_page_markup(
      page, "<div id=\"graph\" hidden=\"hidden\">\n<p class=\"soft\">Each bar is a function; below it are "
            "those that it called, down to the allocation. The wider, the more memory that came this way is "
            "still there. A click on a bar, or Enter, makes it as wide as the page; another one, or Escape, "
            "goes back. Arrow keys go from bar to bar.</p>\n<div class=\"tools\"><span role=\"group\" "
            "aria-label=\"View\" id=\"views\"></span><label>Search <input id=\"search\" type=\"search\" "
            "autocomplete=\"off\" spellcheck=\"false\" placeholder=\"module or function\"/></label>"
            "<button id=\"back\" type=\"button\">Show all</button></div>\n<p id=\"found\" class=\"soft\" "
            "role=\"status\"></p>\n<div id=\"flame\" role=\"tree\" aria-label=\"Memory by who allocated it\">"
            "</div>\n<div id=\"tip\" hidden=\"hidden\"></div>\n<ul class=\"legend\">");
  for (unsigned i = SEEP_TRACE_PAGE_KIND_RUNTIME; i < SEEP_TRACE_PAGE_KINDS; i++) {
    bool is_used = i != SEEP_TRACE_PAGE_KIND_CULPRIT || answer->culprit.module < answer->module_count;
    if (is_used) {
      seep_page_format(page, "<li><i class=\"k%u\"></i>%s</li>", i,
                       seep_trace_page_kind_text((seep_trace_page_kind)i));
    }
  }
  seep_page_markup(page, "<li><i class=\"k0 blame\"></i>where the blame lies</li></ul>\n</div>\n");
}

bool seep_trace_flame_write(const seep_answer *answer, seep_page *page)
{
  const seep_trace_view order[SEEP_TRACE_VIEWS] = {
      answer->culprit.view,
      answer->culprit.view == SEEP_TRACE_VIEW_HEAP ? SEEP_TRACE_VIEW_VIRTUAL : SEEP_TRACE_VIEW_HEAP};
  bool is_first = true, has_room = true;
  if (answer->views[0].live_bytes == 0 && answer->views[1].live_bytes == 0) {
    return true;
  }
  write_place(answer, page);
  seep_page_markup(page, "<script type=\"application/json\" id=\"data\">{");
  write_kinds(page);
  seep_page_markup(page, ",\"views\":[\n");
  for (size_t i = 0; i < SEEP_TRACE_VIEWS && has_room; i++) {
    if (answer->views[order[i]].live_bytes > 0) {
      flame of = {.answer = answer, .page = page, .view = order[i]};
      has_room = write_view(&of, is_first);
      is_first = false;
    }
  }
  seep_page_markup(page, "]}</script>\n");
  return has_room;
}
