#include "report/trace_tree.h"

#include <stdio.h>

#include "base/text.h"
#include "report/human.h"
#include "report/trace_branches.h"

#define MAXIMUM_LINES 60u

/* Of a chain without forks that is longer than both ends, the middle is left out. */
#define CHAIN_END 4u

#define NOBODY SEEP_TRACE_BRANCH_NONE

typedef seep_trace_branch node;

typedef struct tree {
  const seep_answer *answer;
  const node *nodes;
  size_t count;
} tree;

/* ---- writing ---- */

static bool is_only_child(const tree *all, size_t at)
{
  size_t parent = all->nodes[at].parent;
  return all->nodes[parent].first == at && all->nodes[at].next == NOBODY;
}

static bool is_root(const tree *all, size_t at)
{
  return all->nodes[at].parent == 0;
}

/* How many nodes of the same chain stand before and behind this one; more than a chain's end does not matter.
 */
static size_t before(const tree *all, size_t at)
{
  size_t count = 0;
  while (count < CHAIN_END && !is_root(all, at) && is_only_child(all, at)) {
    at = all->nodes[at].parent;
    count++;
  }
  return count;
}

static size_t behind(const tree *all, size_t at)
{
  size_t count = 0;
  while (count < CHAIN_END && all->nodes[at].first != NOBODY && is_only_child(all, all->nodes[at].first)) {
    at = all->nodes[at].first;
    count++;
  }
  return count;
}

/* Outermost branch first; at most SEEP_TRACE_TREE_STACKS branches lead to a node. */
static void write_branches(const tree *all, size_t at, seep_writer *out)
{
  const char *parts[SEEP_TRACE_TREE_STACKS];
  size_t count = 0;
  bool is_itself = true;
  for (; !is_root(all, at) && count < SEEP_TRACE_TREE_STACKS; at = all->nodes[at].parent) {
    bool goes_on = all->nodes[at].next != NOBODY;
    if (!is_only_child(all, at)) {
      parts[count++] = is_itself ? (goes_on ? "|- " : "`- ") : (goes_on ? "|  " : "   ");
    }
    is_itself = false;
  }
  while (count > 0) {
    seep_writer_text(out, parts[--count]);
  }
}

static void write_node(const tree *all, size_t at, bool is_left_out, const seep_trace_lines *lines)
{
  char line[SEEP_TRACE_LINES_SIZE], name[SEEP_TRACE_LINES_SIZE / 2], bytes[SEEP_HUMAN_SIZE];
  const node *here = &all->nodes[at];
  seep_writer writer;
  seep_writer_init(&writer, line, sizeof line);
  seep_writer_format(&writer, "%10s  ",
                     is_left_out ? "" : seep_human_bytes(here->bytes, bytes, sizeof bytes));
  write_branches(all, at, &writer);
  if (is_left_out) {
    seep_writer_text(&writer, "...");
  } else {
    seep_writer_text(&writer, here->is_culprit ? "=> " : "");
    seep_writer_text(&writer, seep_trace_branches_name(all->answer, here->frame, name, sizeof name));
  }
  seep_trace_lines_put(lines, line);
}

static size_t next_of(const tree *all, size_t at)
{
  if (all->nodes[at].first != NOBODY) {
    return all->nodes[at].first;
  }
  while (at != 0 && all->nodes[at].next == NOBODY) {
    at = all->nodes[at].parent;
  }
  return at != 0 ? all->nodes[at].next : NOBODY;
}

static void write_all(const tree *all, const seep_trace_lines *lines)
{
  size_t written = 0;
  for (size_t at = all->nodes[0].first; at != NOBODY; at = next_of(all, at)) {
    size_t above = before(all, at);
    bool is_middle = above >= CHAIN_END - 1 && behind(all, at) >= CHAIN_END - 1;
    if (is_middle && above >= CHAIN_END) {
      continue; /* the first of the middle has told of the others */
    }
    if (written++ == MAXIMUM_LINES) {
      seep_trace_lines_put(lines,
                           "            ... the tree goes on; the page (--html) and --json have all of it");
      return;
    }
    write_node(all, at, is_middle, lines);
  }
}

bool seep_trace_tree_write(const seep_answer *answer, seep_trace_view view, size_t stacks,
                           const seep_trace_lines *lines)
{
  seep_trace_branches branches;
  size_t count = stacks < SEEP_TRACE_TREE_STACKS ? stacks : SEEP_TRACE_TREE_STACKS;
  if (!seep_trace_branches_grow(&branches, answer, view, count, SEEP_TRACE_TO_CULPRIT)) {
    return false;
  }
  const tree all = {.answer = answer, .nodes = branches.all, .count = branches.count};
  if (all.count > 1) {
    seep_trace_lines_put(lines, "     bytes  from the outermost caller to the culprit (=>)");
    write_all(&all, lines);
  }
  seep_trace_branches_free(&branches);
  return true;
}
