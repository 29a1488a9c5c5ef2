/*
 * Which kind of memory grows: decided by what has grown between inventories of one process, never by totals.
 * Each inventory is compared with the one before when the process has grown enough in between; a kind needs a
 * share of at least 70 % in two of the last three comparisons. Everything else is mixed, or undetermined with
 * the reason. Pure; about 5 KB of fixed memory for one process.
 *
 * One comparison (reference: memory-type, 9, stages 5 and 6). The growth is that of all private memory:
 * heaps, what looks like heap, managed heaps, stacks (with the TEBs that come with them) and what is left
 * over.
 * - HEAP: 70 % of it are proven heaps, even when not every heap could be read, as what is proven is a lower
 *   bound. MANAGED and STACK likewise.
 * - PRIVATE_DATA: 70 % are left over, and every heap was read in both inventories: what could not be
 *   classified is never called Private Data. With .NET loaded only when the new allocations are smaller than
 *   those of its garbage collector.
 * - Page heap: regions tell nothing of heaps then; HEAP with half the confidence, or undetermined.
 * - MIXED: everything was classified and no kind has 70 %.
 * - Undetermined also when the sums do not fit together: the list of regions was cut, the OS's own counter
 *   says otherwise (by 10 % and 16 MB), or other kinds have shrunk by 30 % of the growth, as they do when old
 *   memory is taken for another kind than before.
 *
 * Confidence = share * comparisons * doubts, a number between 0 and 1:
 * - share: of the kind, the mean of the comparisons that agree, or its share of all that has grown since the
 *   oldest of them began when that is smaller (memory that comes and goes grows in every comparison, and
 *   does not add up). When mixed: twice what the largest kind leaves over. At most 1.
 * - comparisons that agree: one (between two dumps) 0.80, two 0.90, three 0.97.
 * - doubts, multiplied: not every heap could be read 0.90; the OS's own counter is not known 0.95; page heap
 *   0.50; told by shape alone (a managed heap, stacks that no listed thread claims) 0.90; Private Data with
 *   .NET loaded 0.60, or with modules not known, so that it may be, 0.90. The most doubtful one of the
 *   comparisons that agree counts.
 */
#ifndef SEEP_MEMORY_GROWTH_H
#define SEEP_MEMORY_GROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory/inventory.h"
#include "memory/kind.h"

#define SEEP_GROWTH_KIND_COMPARISONS 3u

typedef struct seep_growth_kind_verdict {
  seep_memory_kind kind;
  double confidence;  /* 0 to 1; 0 when undetermined */
  const char *reason; /* a literal clause for people, without full stop: what it stands on, or why there is no
                       * answer. Never NULL */
  unsigned comparisons; /* 0 to 3: those that agree; when undetermined, all there are */
  /* Of the newest comparison; 0 without one. */
  uint64_t grown_bytes;                      /* private memory */
  int64_t rows_grown_bytes[SEEP_USAGE_ROWS]; /* committed, by VMMap's rows */
  /* Of the newest comparison that agrees. */
  bool large_blocks;           /* HEAP: mostly blocks with an allocation of their own */
  uint64_t size_from, size_to; /* committed bytes, above the one and up to the other, of the allocations that
                                * most of the growth is made of: large blocks of a heap, or Private Data. 0,
                                * 0: no size stands out */
} seep_growth_kind_verdict;

/* Private committed bytes by kind. */
typedef struct seep_growth_kind_sums {
  uint64_t all_bytes;
  uint64_t heap_bytes, unproven_bytes, managed_bytes;
  uint64_t stack_bytes; /* with TEBs */
  uint64_t private_bytes;
} seep_growth_kind_sums;

typedef struct seep_growth_kind_comparison {
  seep_memory_kind kind; /* of this comparison alone */
  double share;          /* of that kind; 0 when undetermined */
  double trust;          /* the doubts multiplied */
  const char *reason;
  seep_growth_kind_sums before;
  bool large_blocks;
  uint64_t size_from, size_to;
} seep_growth_kind_comparison;

typedef struct seep_growth_kind {
  seep_inventory last; /* the one to compare with; valid when inventories > 0 */
  unsigned inventories;
  seep_growth_kind_comparison comparisons[SEEP_GROWTH_KIND_COMPARISONS]; /* newest first */
  size_t comparison_count;
  seep_growth_kind_verdict verdict;
} seep_growth_kind;

/* The verdict is undetermined: "nothing has been compared yet". */
void seep_growth_kind_init(seep_growth_kind *growth);

/* Takes a further inventory of the same process. With less growth than minimum_growth_bytes since the one
 * before nothing is decided, and the one before stays the one to compare with; when the process has shrunk
 * below it, this one is. An inventory without a list of regions, or with one that was cut, is compared with
 * nothing: verdicts that stand on comparisons stay, else the reason says so. true: the verdict has been made
 * anew (it may be the same). */
bool seep_growth_kind_add(seep_growth_kind *growth, const seep_inventory *inventory,
                          uint64_t minimum_growth_bytes);

/* The inventory could not be taken at all: status is SEEP_DENIED (protected or not permitted), SEEP_GONE, or
 * anything else. A verdict that stands on comparisons stays; else the reason says what went wrong. */
void seep_growth_kind_failed(seep_growth_kind *growth, seep_status status);

/* The verdict of two inventories alone, as of two dumps: like one comparison, with the confidence of one. */
void seep_growth_kind_between(const seep_inventory *before, const seep_inventory *after,
                              uint64_t minimum_growth_bytes, seep_growth_kind_verdict *out);

#endif
