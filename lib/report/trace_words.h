/*
 * An answer of trace/answer in sentences; one place, so that the alert, the terminal and the page say the
 * same thing the same way. Names are any bytes: whoever shows them makes them presentable.
 */
#ifndef SEEP_REPORT_TRACE_WORDS_H
#define SEEP_REPORT_TRACE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "trace/answer.h"
#include "trace/naming.h"

#define SEEP_TRACE_WORDS_SIZE 1024

/* One sentence, for a person who reads nothing else: "Contoso.Pricing.dll 4.2.1107 (Contoso Ltd.) has not
 * given back 236 MB in 316411 allocations of w3wp.exe (process 5200), 92 percent of all that the trace of 12
 * min shows, and goes on steadily." Also when there is nothing to tell. */
void seep_trace_words_verdict(const seep_answer *answer, seep_writer *out);

/* The stack that the sentence is about: the culprit's largest one; NULL: it has none in detail. */
const seep_answer_stack *seep_trace_words_stack(const seep_answer *answer);

/* Where in the culprit: "PriceCache::Insert+0x1f4", "+0x1a2b"; "" when there is no such place. */
void seep_trace_words_place(const seep_answer *answer, seep_writer *out);

/* The doubts, each a clause with its figure, joined by "; "; "" when there are none. */
void seep_trace_words_doubts(const seep_answer *answer, seep_writer *out);

/* What a pattern means, in a clause: "steady: goes on from the beginning to the end". */
const char *seep_trace_words_pattern(seep_growth_pattern pattern);

/* "heap", "VirtualAlloc"; and what must stand beside the two. */
const char *seep_trace_words_view(seep_trace_view view);
#define SEEP_TRACE_WORDS_ONE_MEMORY                                                                          \
  "Both are views of the same memory: what a heap gets from VirtualAlloc is in both."

/* What stands in the place of a stack without frames: "(its stack was lost)". */
const char *seep_trace_words_site(seep_trace_site_kind kind);

/* Why a module's functions have no sure names: "not there". */
const char *seep_trace_words_no_names(seep_naming_result result);

/* What the trace lost and what could not be read, one sentence each, visited in order of weight; always at
 * least one. */
#define SEEP_TRACE_WORDS_NOTHING_LOST "Nothing was lost."
typedef void (*seep_trace_words_visit)(void *context, const char *sentence);
void seep_trace_words_losses(const seep_answer *answer, seep_trace_words_visit visit, void *context);

#endif
