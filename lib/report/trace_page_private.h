/*
 * What the files of the page of an answer share: the page is trace_page.c's; flame graph, growth and stacks
 * have a file each. Every part keeps below a limit of its own, whatever names and numbers come in, and the
 * limits add up to less than the page's.
 */
#ifndef SEEP_REPORT_TRACE_PAGE_PRIVATE_H
#define SEEP_REPORT_TRACE_PAGE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "report/page.h"
#include "report/trace_holders.h"
#include "trace/answer.h"

extern const char seep_trace_page_style[];
extern const char seep_trace_page_script[];

/* Text from outside, escaped and cut with an ellipsis behind so many bytes, which are less than 1024. */
void seep_trace_page_name(seep_page *page, const char *text, size_t most_bytes);

#define SEEP_TRACE_PAGE_PERCENT_SIZE 16

/* "92%"; neither all nor nothing by rounding. */
const char *seep_trace_page_percent(uint64_t part, uint64_t whole, char out[SEEP_TRACE_PAGE_PERCENT_SIZE]);

/* "heap" or "virtual", for ids and classes. */
const char *seep_trace_page_id(seep_trace_view view);

/* What kind of code a frame is of: k0, k1 ... are its classes. */
typedef enum seep_trace_page_kind {
  SEEP_TRACE_PAGE_KIND_PROCESS = 0,
  SEEP_TRACE_PAGE_KIND_RUNTIME,
  SEEP_TRACE_PAGE_KIND_MODULE,
  SEEP_TRACE_PAGE_KIND_CULPRIT, /* the answer's culprit, when that is a module */
  SEEP_TRACE_PAGE_KIND_MANAGED,
  SEEP_TRACE_PAGE_KIND_UNKNOWN,
  SEEP_TRACE_PAGE_KIND_KERNEL,
  SEEP_TRACE_PAGE_KIND_NO_STACK,
  SEEP_TRACE_PAGE_KIND_OTHERS, /* several that are too small to be told one by one */
  SEEP_TRACE_PAGE_KINDS
} seep_trace_page_kind;

seep_trace_page_kind seep_trace_page_kind_of(const seep_answer *answer, const seep_answer_frame *frame);
const char *seep_trace_page_kind_text(seep_trace_page_kind kind);

/* ---- trace_flame.c ---- */

/* The graph's place, its tools and its data; nothing when nothing is left. Below 1.9 MB. */
bool seep_trace_flame_write(const seep_answer *answer, seep_page *page);

/* ---- trace_growth.c ---- */

/* Live bytes over the trace's time, by who holds them at its end. Below 20 KB.
 * false: no memory. */
bool seep_trace_growth_write(const seep_answer *answer, seep_trace_view view, seep_page *page);

/* ---- trace_page_stacks.c ---- */

/* The view's stacks, to be opened one by one; only so many as keep below most_bytes. */
void seep_trace_page_stacks_write(const seep_answer *answer, seep_trace_view view, size_t most_bytes,
                                  seep_page *page);

/* The largest as a tree of text, and who holds what is left. false: no memory. */
bool seep_trace_page_tree_write(const seep_answer *answer, seep_trace_view view, seep_page *page);
void seep_trace_page_holders_write(const seep_answer *answer, seep_trace_view view, seep_page *page);

#endif
