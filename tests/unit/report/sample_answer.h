/*
 * Answers made by hand, as trace/answer would make them from a trace: what the terminal, the document and the
 * page are tested with. Each stands by itself, for nobody frees it: the memory is the program's own. Sums
 * hold: stacks and the rest make up a view, curves end at what is left.
 */
#ifndef TEST_REPORT_SAMPLE_ANSWER_H
#define TEST_REPORT_SAMPLE_ANSWER_H

#include "trace/answer.h"
#include "trace/naming.h"

typedef enum sample_answer_kind {
  SAMPLE_ANSWER_HEAP = 0, /* w3wp.exe, pid 5200: a steady heap leak of Contoso.Pricing.dll, with symbols */
  SAMPLE_ANSWER_VIRTUAL,  /* a VirtualAlloc leak of Contoso.Imaging.dll, no symbol had, 32 bit */
  SAMPLE_ANSWER_MANAGED,  /* managed/JIT: .NET code allocates */
  SAMPLE_ANSWER_NOTHING,  /* memory was allocated, and all of it was given back */
  SAMPLE_ANSWER_NOBODY,   /* no process has memory events */
  SAMPLE_ANSWER_WEAK,     /* Fabrikam.Cache.dll, with every doubt and loss that there is */
  SAMPLE_ANSWER_HOSTILE,  /* every name is markup, control characters, malformed UTF-8 or very long */
  SAMPLE_ANSWERS
} sample_answer_kind;

/* The same answer every time. It must not be freed, and not be written to. */
const seep_answer *sample_answer(sample_answer_kind kind);

/* What naming found for it; hostile where the answer is. */
const seep_naming *sample_answer_naming(sample_answer_kind kind);

/* The name of a kind in the tests' files and messages: "heap". */
const char *sample_answer_name(sample_answer_kind kind);

/* An answer as large as they get: 2 views of `stacks` stacks of `frames` frames, 500 modules, 200 processes,
 * names as long as they get. Freed with free() of one block, which *block is. NULL: no memory. */
const seep_answer *sample_answer_huge(size_t stacks, size_t frames, void **block);

#endif
