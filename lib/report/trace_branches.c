#include "report/trace_branches.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define NONE SEEP_TRACE_BRANCH_NONE

static bool is_named(const seep_answer_frame *frame)
{
  return frame->symbol != NULL && frame->symbol[0] != '\0' && !frame->is_guess;
}

static int order_of(uint64_t a, uint64_t b)
{
  return a < b ? -1 : a > b ? 1 : 0;
}

int seep_trace_branches_compare(const seep_answer_frame *a, const seep_answer_frame *b)
{
  int order = order_of(a->placed.module, b->placed.module);
  order = order != 0 ? order : order_of(a->placed.place, b->placed.place);
  order = order != 0 ? order : order_of(is_named(a), is_named(b));
  if (order != 0) {
    return order;
  }
  if (is_named(a)) {
    return a->symbol == b->symbol ? 0 : strcmp(a->symbol, b->symbol);
  }
  order = order_of(a->placed.offset, b->placed.offset);
  return order != 0 ? order : order_of(a->placed.address, b->placed.address);
}

static size_t add_child(seep_trace_branches *branches, size_t parent, const seep_trace_branch *wanted)
{
  size_t at = branches->count++;
  branches->all[at] = *wanted;
  branches->all[at].parent = parent;
  branches->all[at].first = NONE;
  branches->all[at].next = branches->all[parent].first;
  branches->all[parent].first = at;
  return at;
}

static size_t child_for_frame(seep_trace_branches *branches, size_t parent, const seep_answer_frame *frame)
{
  size_t at = branches->all[parent].first;
  while (at != NONE && (branches->all[at].frame == NULL ||
                        seep_trace_branches_compare(branches->all[at].frame, frame) != 0)) {
    at = branches->all[at].next;
  }
  return at != NONE ? at : add_child(branches, parent, &(seep_trace_branch){.frame = frame});
}

static size_t child_without_frame(seep_trace_branches *branches, seep_trace_site_kind kind)
{
  size_t at = branches->all[0].first;
  while (at != NONE && (branches->all[at].frame != NULL || branches->all[at].kind != kind)) {
    at = branches->all[at].next;
  }
  return at != NONE ? at : add_child(branches, 0, &(seep_trace_branch){.kind = kind});
}

static void add_to(seep_trace_branch *branch, const seep_answer_stack *stack)
{
  branch->bytes += stack->live_bytes;
  branch->count += stack->live_count;
}

static void add_stack(seep_trace_branches *branches, const seep_answer_stack *stack, size_t innermost,
                      bool is_culprits)
{
  size_t at = 0;
  for (size_t i = stack->frame_count; i > innermost; i--) {
    at = child_for_frame(branches, at, &stack->frames[i - 1]);
    add_to(&branches->all[at], stack);
    if (is_culprits && i - 1 == stack->culprit) {
      branches->all[at].is_culprit = true;
    }
  }
}

/* Is it the answer's culprit that this stack leads to? */
static bool leads_to_culprit(const seep_answer *answer, const seep_answer_stack *stack)
{
  const seep_answer_culprit *culprit = &answer->culprit;
  if (culprit->certainty == SEEP_ANSWER_NOTHING || stack->culprit >= stack->frame_count) {
    return false;
  }
  const seep_placed_frame *placed = &stack->frames[stack->culprit].placed;
  if (culprit->module != SEEP_TRACE_NO_MODULE) {
    return placed->module == culprit->module;
  }
  return (placed->place == SEEP_FRAME_MANAGED && culprit->bucket == SEEP_BUCKET_MANAGED) ||
         (placed->place == SEEP_FRAME_UNKNOWN && culprit->bucket == SEEP_BUCKET_UNKNOWN);
}

/* The list is backwards by now, so that equal ones come out in the order they came in. There are no more
 * children than stacks, so that this is never slow. */
static void sort_children(seep_trace_branches *branches, size_t parent)
{
  size_t sorted = NONE;
  size_t at = branches->all[parent].first;
  while (at != NONE) {
    size_t next = branches->all[at].next;
    size_t *link = &sorted;
    while (*link != NONE && branches->all[*link].bytes > branches->all[at].bytes) {
      link = &branches->all[*link].next;
    }
    branches->all[at].next = *link;
    *link = at;
    at = next;
  }
  branches->all[parent].first = sorted;
}

bool seep_trace_branches_grow(seep_trace_branches *branches, const seep_answer *answer, seep_trace_view view,
                              size_t stacks, seep_trace_branches_reach reach)
{
  const seep_answer_view *of = &answer->views[view];
  const size_t count = stacks < of->stack_count ? stacks : of->stack_count;
  size_t most = 1;
  for (size_t i = 0; i < count; i++) {
    most += of->stacks[i].frame_count > 0 ? of->stacks[i].frame_count : 1;
  }
  *branches = (seep_trace_branches){.all = calloc(most, sizeof *branches->all), .count = 1};
  if (branches->all == NULL) {
    return false;
  }
  branches->all[0] = (seep_trace_branch){.parent = NONE, .first = NONE, .next = NONE};
  for (size_t i = 0; i < count; i++) {
    const seep_answer_stack *stack = &of->stacks[i];
    bool to_culprit = reach == SEEP_TRACE_TO_CULPRIT && stack->culprit < stack->frame_count;
    if (stack->frame_count > 0) {
      add_to(&branches->all[0], stack);
      add_stack(branches, stack, to_culprit ? stack->culprit : 0,
                view == answer->culprit.view && leads_to_culprit(answer, stack));
    } else if (reach == SEEP_TRACE_TO_ALLOCATION) {
      add_to(&branches->all[0], stack);
      add_to(&branches->all[child_without_frame(branches, stack->kind)], stack);
    }
  }
  for (size_t i = 0; i < branches->count; i++) {
    sort_children(branches, i);
  }
  return true;
}

void seep_trace_branches_free(seep_trace_branches *branches)
{
  free(branches->all);
  *branches = (seep_trace_branches){.all = NULL};
}

const char *seep_trace_branches_name(const seep_answer *answer, const seep_answer_frame *frame, char *out,
                                     size_t out_size)
{
  seep_answer_frame whole = *frame;
  if (is_named(frame)) {
    whole.symbol_offset = 0;
  }
  return seep_answer_frame_text(answer, &whole, out, out_size);
}
