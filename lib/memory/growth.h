/*
 * Which kind of memory grows: decided by what has grown between inventories of one process, never by totals.
 * Each inventory is compared with the one before when the process has grown enough in between; a kind needs a
 * share of at least 70 % in two of the last three comparisons that told one. Everything else is mixed, or
 * undetermined with the reason. Pure; about 5 KB of fixed memory for one process.
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
 * Over time. A verdict also needs what it stands on to add up: since the oldest comparison that agrees began,
 * the process must have grown, and 70 % of that must be of the kind; else what grows comes and goes. Left out
 * of that sum is what no comparison that agrees has seen: growth by load, and comparisons that told nothing
 * or another kind. A kind that was determined stays until two comparisons determine another one, or until it
 * comes and goes; comparisons that tell nothing, or each something else, do not push it out.
 *
 * Confidence = share * comparisons * doubts * age, a number between 0 and 1:
 * - share: of the kind, the mean of the comparisons since the oldest that agrees, of which those that told
 *   another kind count as none of it; or its share of the sum above when that is smaller. When mixed: twice
 *   what the largest kind leaves over. At most 1.
 * - comparisons that agree: one (between two dumps) 0.80, two 0.90, three 0.97.
 * - doubts, multiplied: not every heap could be read 0.90; the OS's own counter is not known 0.95; a segment
 *   heap is there, whose layouts were never checked on real memory, 0.90; page heap 0.50; told by shape alone
 *   (a managed heap, stacks that no listed thread claims) 0.90; Private Data with .NET loaded 0.60, inside a
 *   few large reserves with no runtime known that has such 0.80, with modules not known, so that .NET may be
 *   loaded, 0.90. The most doubtful one of the comparisons that agree counts.
 * - age, once a verdict is an earlier one: 0.95 for each look since that has not confirmed it, ten at most.
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
  bool earlier;         /* found earlier: the last two looks at least, of those that there should have been a
                         * comparison of, told nothing or something else */
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

/* Of sums that are at most 2^57 bytes, and of differences added up: doubles hold both. */
typedef struct seep_growth_kind_differences {
  double all, heap, unproven, managed, stack;
  double left; /* what none of the others claims */
} seep_growth_kind_differences;

typedef struct seep_growth_kind_comparison {
  seep_memory_kind kind; /* of this comparison alone */
  double share;          /* of that kind; 0 when undetermined */
  double trust;          /* the doubts multiplied */
  const char *reason;
  seep_growth_kind_sums before;
  seep_growth_kind_differences aside; /* since then, and not to be counted for this kind or against it */
  bool large_blocks;
  uint64_t size_from, size_to;
} seep_growth_kind_comparison;

/* What a verdict stands on, also when the comparisons are gone. */
typedef struct seep_growth_kind_evidence {
  seep_growth_kind_comparison oldest; /* that agrees; its kind is UNDETERMINED when there is no verdict */
  seep_growth_kind_comparison newest; /* that agrees */
  double share, trust;                /* of all that agree, without age */
  unsigned agreeing;
  unsigned looks_since; /* that have not confirmed it */
} seep_growth_kind_evidence;

typedef struct seep_growth_kind {
  seep_inventory last; /* the one to compare with; valid when inventories > 0 */
  unsigned inventories;
  /* Newest first. Those that told nothing make room before those that told a kind. */
  seep_growth_kind_comparison comparisons[SEEP_GROWTH_KIND_COMPARISONS];
  size_t comparison_count; /* 3 when there were more */
  seep_growth_kind_evidence evidence;
  seep_growth_kind_verdict verdict;
} seep_growth_kind;

/* What has become of an inventory. */
typedef enum seep_growth_kind_taken {
  SEEP_GROWTH_KIND_COMPARED = 0,
  SEEP_GROWTH_KIND_BASELINE,   /* it is the one to compare with: the first one that can be compared, or the
                                * process has shrunk since the one before */
  SEEP_GROWTH_KIND_TOO_LITTLE, /* the one before stays the one to compare with */
  SEEP_GROWTH_KIND_TOO_MUCH,   /* that is load and not the leak: it is the one to compare with, and was not
                                * compared itself */
  SEEP_GROWTH_KIND_UNUSABLE    /* without a list of regions, with one that was cut, or absurd; forgotten */
} seep_growth_kind_taken;

/* The verdict is undetermined: "not known yet: it must grow by some more first". */
void seep_growth_kind_init(seep_growth_kind *growth);

/* Takes a further inventory of the same process. With less growth of private memory than minimum_growth_bytes
 * since the one before it is TOO_LITTLE, else with more than maximum_growth_bytes TOO_MUCH (UINT64_MAX: no
 * such limit). The verdict may have changed after COMPARED, after UNUSABLE, and after the first BASELINE; it
 * never loses a kind but as told above. */
seep_growth_kind_taken seep_growth_kind_add(seep_growth_kind *growth, const seep_inventory *inventory,
                                            uint64_t minimum_growth_bytes, uint64_t maximum_growth_bytes);

/* The inventory could not be taken at all. A verdict that stands on comparisons stays, an earlier one in the
 * end; else the reason is that of seep_growth_kind_failure_text. */
void seep_growth_kind_failed(seep_growth_kind *growth, seep_status status);

/* Why there is no inventory, as a literal clause for people; status is SEEP_DENIED (protected or not
 * permitted), SEEP_GONE, or anything else. Never NULL. */
const char *seep_growth_kind_failure_text(seep_status status);

/* The verdict of two inventories alone, as of two dumps: like one comparison, with the confidence of one. */
void seep_growth_kind_between(const seep_inventory *before, const seep_inventory *after,
                              uint64_t minimum_growth_bytes, seep_growth_kind_verdict *out);

#endif
