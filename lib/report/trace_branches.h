/*
 * Stacks of an answer as one tree, from what began them inwards: common callers are one branch. Functions,
 * not addresses: two calls of one function by another are one branch. Private: of trace_tree.c, which shows
 * it as text, and of trace_flame.c, which shows it as a picture.
 */
#ifndef SEEP_REPORT_TRACE_BRANCHES_H
#define SEEP_REPORT_TRACE_BRANCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/answer.h"

#define SEEP_TRACE_BRANCH_NONE SIZE_MAX

/* Branch 0 is above all stacks and has no frame; a branch comes behind the one that it grows from. */
typedef struct seep_trace_branch {
  const seep_answer_frame *frame; /* NULL: branch 0, or a stack that has no frames */
  seep_trace_site_kind kind;      /* of a stack that has no frames */
  bool is_culprit;                /* here lies the blame, when it is the answer's culprit's */
  uint64_t bytes, count;          /* live, of this branch and all that grows from it */
  size_t parent, first, next;     /* SEEP_TRACE_BRANCH_NONE: none; children have the most bytes first */
} seep_trace_branch;

typedef struct seep_trace_branches {
  seep_trace_branch *all; /* owned */
  size_t count;
} seep_trace_branches;

typedef enum seep_trace_branches_reach {
  SEEP_TRACE_TO_CULPRIT = 0, /* frames down to the culprit's; stacks without frames are left out */
  SEEP_TRACE_TO_ALLOCATION   /* all frames of all stacks */
} seep_trace_branches_reach;

/* Of the view's first `stacks` stacks. false: no memory; nothing needs freeing then. */
bool seep_trace_branches_grow(seep_trace_branches *branches, const seep_answer *answer, seep_trace_view view,
                              size_t stacks, seep_trace_branches_reach reach);
void seep_trace_branches_free(seep_trace_branches *branches);

/* An order of functions: 0 = the same one. */
int seep_trace_branches_compare(const seep_answer_frame *a, const seep_answer_frame *b);

/* "module!function", without the place in it; else as seep_answer_frame_text has it. Returns out. */
const char *seep_trace_branches_name(const seep_answer *answer, const seep_answer_frame *frame, char *out,
                                     size_t out_size);

#endif
