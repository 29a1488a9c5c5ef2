/*
 * One comparison of two inventories. Everything is decided by differences of committed bytes; reserves only
 * help to word the reason. The numbers come from another process or a file: sums beyond any address space are
 * refused before anything is computed with them.
 */
#include "memory/growth_private.h"

#include <string.h>

#define SHARE_NEEDED 0.7
#define SHARE_AGAINST 0.3 /* of the growth: more of it against the rest, and nothing fits together */

#define COUNTER_DIFFERENCE_SHARE 0.1
#define COUNTER_DIFFERENCE_BYTES 16777216.0

/* No address space has more: 128 TB on x64, 2^57 with five levels of page tables. */
#define SUM_MAXIMUM_BYTES (UINT64_C(1) << 57)

/* Segments of the .NET garbage collector are 16 MB and more (reference: memory-type, 6); a quarter of that
 * leaves room for such as are not committed to their end. */
#define DOTNET_SMALL_BYTES 4194304.0

#define OWN_ALLOCATOR_ALLOCATIONS 4.0 /* "a few": more are blocks of the program, not arenas */
#define SIZE_ALLOCATIONS 3u           /* fewer of one size are a coincidence */

#define TRUST_HEAPS_UNKNOWN 0.9
#define TRUST_COUNTER_UNKNOWN 0.95
#define TRUST_PAGE_HEAP 0.5
#define TRUST_SHAPE 0.9
#define TRUST_DOTNET 0.6
#define TRUST_MODULES_UNKNOWN 0.9

static uint64_t plus(uint64_t a, uint64_t b)
{
  return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

static double minus(uint64_t after, uint64_t before)
{
  return after >= before ? (double)(after - before) : -(double)(before - after);
}

static double tag_grown(const seep_inventory *before, const seep_inventory *after, seep_tag tag)
{
  return minus(after->usage.tags[tag].committed_bytes, before->usage.tags[tag].committed_bytes);
}

static uint64_t committed(const seep_usage *usage, seep_usage_row row)
{
  seep_usage_sum sum;
  seep_usage_row_sum(usage, row, &sum);
  return sum.committed_bytes;
}

static void sum_up(const seep_usage *usage, seep_growth_kind_sums *out)
{
  uint64_t left = committed(usage, SEEP_USAGE_ROW_PRIVATE);
  uint64_t tebs = usage->tags[SEEP_TAG_TEB].committed_bytes;
  tebs = tebs < left ? tebs : left; /* VMMap counts them as Private Data; they come and go with threads */
  out->heap_bytes = committed(usage, SEEP_USAGE_ROW_HEAP);
  out->unproven_bytes = committed(usage, SEEP_USAGE_ROW_UNPROVEN);
  out->managed_bytes = committed(usage, SEEP_USAGE_ROW_MANAGED);
  out->stack_bytes = plus(committed(usage, SEEP_USAGE_ROW_STACK), tebs);
  out->private_bytes = left - tebs;
  out->all_bytes =
      plus(plus(plus(out->heap_bytes, out->unproven_bytes), plus(out->managed_bytes, out->stack_bytes)),
           out->private_bytes);
}

void seep_growth_kind__differ(const seep_growth_kind_sums *before, const seep_inventory *after,
                              seep_growth_kind__differences *out)
{
  seep_growth_kind_sums now;
  sum_up(&after->usage, &now);
  out->all = minus(now.all_bytes, before->all_bytes);
  out->heap = minus(now.heap_bytes, before->heap_bytes);
  out->unproven = minus(now.unproven_bytes, before->unproven_bytes);
  out->managed = minus(now.managed_bytes, before->managed_bytes);
  out->stack = minus(now.stack_bytes, before->stack_bytes);
  out->left = minus(now.private_bytes, before->private_bytes);
}

static double shrunk(double difference)
{
  return difference < 0.0 ? -difference : 0.0;
}

/* What the regions say is charged to the process alone: with pages of images and mapped files that have
 * become its own. */
static uint64_t charged_bytes(const seep_usage *usage)
{
  uint64_t bytes = 0;
  for (unsigned tag = 0; tag < SEEP_TAGS; tag++) {
    bytes = plus(bytes, usage->tags[tag].private_bytes);
  }
  return bytes;
}

const char *seep_growth_kind__unusable(const seep_inventory *inventory)
{
  if (!inventory->regions_known) {
    return "there is no list of the process's regions";
  }
  if (inventory->regions_cut) {
    return "the process has more regions than may be looked at in the time there is";
  }
  seep_growth_kind_sums sums;
  sum_up(&inventory->usage, &sums);
  bool sane = sums.all_bytes <= SUM_MAXIMUM_BYTES && charged_bytes(&inventory->usage) <= SUM_MAXIMUM_BYTES &&
              inventory->commit_bytes <= SUM_MAXIMUM_BYTES;
  return sane ? NULL : "the regions' sizes add up to more than an address space holds";
}

static bool counters_known(const seep_inventory *before, const seep_inventory *after)
{
  return before->commit_bytes != 0 && after->commit_bytes != 0;
}

/* Whether the OS's own counter has grown by something else than the regions. */
static bool counters_differ(const seep_inventory *before, const seep_inventory *after)
{
  if (!counters_known(before, after)) {
    return false;
  }
  double regions = minus(charged_bytes(&after->usage), charged_bytes(&before->usage));
  double counter = minus(after->commit_bytes, before->commit_bytes);
  double difference = regions > counter ? regions - counter : counter - regions;
  double larger = regions > counter ? regions : counter;
  return difference > COUNTER_DIFFERENCE_BYTES && difference > COUNTER_DIFFERENCE_SHARE * larger;
}

static void decide(seep_growth_kind_comparison *out, seep_memory_kind kind, double share, double trust,
                   const char *reason)
{
  out->kind = kind;
  out->share = share < 1.0 ? share : 1.0;
  out->trust *= trust;
  out->reason = reason;
}

static void undecided(seep_growth_kind_comparison *out, const char *reason)
{
  decide(out, SEEP_MEMORY_UNDETERMINED, 0.0, 1.0, reason);
}

/* Why heaps cannot be told from the rest in one of the two; NULL: they can. */
static const char *heaps_problem(const seep_inventory *before, const seep_inventory *after)
{
  const seep_inventory *wrong = !after->heaps_known ? after : before;
  if (wrong->heaps_known) {
    return NULL;
  }
  return wrong->problem != NULL ? wrong->problem
                                : "not every heap could be read, and what is left over may be heap";
}

/* Whether it was committed inside reserves that were there before, or in a few large new ones. */
static bool is_inside_reserves(const seep_usage_sum *before, const seep_usage_sum *after)
{
  double committed_bytes = minus(after->committed_bytes, before->committed_bytes);
  double total_bytes = minus(after->total_bytes, before->total_bytes);
  double allocations = minus(after->allocations, before->allocations);
  return allocations <= OWN_ALLOCATOR_ALLOCATIONS &&
         (total_bytes < committed_bytes / 2.0 || total_bytes >= committed_bytes * 2.0);
}

static void decide_private(const seep_inventory *before, const seep_inventory *after, double grown,
                           double share, seep_growth_kind_comparison *out)
{
  const seep_usage_sum *was = &before->usage.tags[SEEP_TAG_UNKNOWN],
                       *is = &after->usage.tags[SEEP_TAG_UNKNOWN];
  double allocations = minus(is->allocations, was->allocations);
  unsigned runtimes = before->runtimes | after->runtimes;
  double trust = before->modules_known && after->modules_known ? 1.0 : TRUST_MODULES_UNKNOWN;
  const char *reason = "private memory outside of all heaps";
  if (tag_grown(before, after, SEEP_TAG_CODE) >= SHARE_NEEDED * grown) {
    decide(out, SEEP_MEMORY_PRIVATE_DATA, share, 1.0,
           "executable memory, as just-in-time compilers allocate it");
    return;
  }
  if ((runtimes & SEEP_RUNTIME_DOTNET) != 0) {
    if (tag_grown(before, after, SEEP_TAG_UNKNOWN) > allocations * DOTNET_SMALL_BYTES) {
      undecided(out, "private memory outside of all heaps, which may be the heap of .NET");
      return;
    }
    trust = TRUST_DOTNET;
    reason = "private memory outside of all heaps, in small allocations; .NET is loaded, and a part may be "
             "its own";
  } else if ((runtimes & SEEP_RUNTIME_JAVA) != 0) {
    reason = "private memory outside of all heaps; Java is loaded, and its own heap is such memory";
  } else if ((runtimes & SEEP_RUNTIME_V8) != 0) {
    reason = "private memory outside of all heaps; V8 is loaded, and its own heap is such memory";
  } else if (is_inside_reserves(was, is)) {
    reason = "private memory outside of all heaps, committed inside a few large reserves, as an allocator of "
             "the program's own does";
  }
  decide(out, SEEP_MEMORY_PRIVATE_DATA, share, trust, reason);
}

static const char *heap_reason(bool large, bool all_read)
{
  if (large) {
    return all_read
               ? "heap blocks so large that each has an allocation of its own"
               : "heap blocks so large that each has an allocation of its own; not every heap could be read";
  }
  return all_read ? "heap segments, so blocks of ordinary size"
                  : "heap segments, so blocks of ordinary size; not every heap could be read";
}

/* What keeps the sums from being believed; NULL: nothing. */
static const char *contradiction(const seep_inventory *before, const seep_inventory *after,
                                 const seep_growth_kind__differences *grown)
{
  if (counters_differ(before, after)) {
    return "the process's commit charge has not grown as its private memory has: sections of the page file, "
           "copied pages, or regions that were not seen";
  }
  double strange = minus(committed(&after->usage, SEEP_USAGE_ROW_STRANGE),
                         committed(&before->usage, SEEP_USAGE_ROW_STRANGE));
  if (strange > SHARE_AGAINST * grown->all) {
    return "memory of a type that is not known has grown";
  }
  double against = shrunk(grown->heap) + shrunk(grown->unproven) + shrunk(grown->managed) +
                   shrunk(grown->stack) + shrunk(grown->left);
  if (against > SHARE_AGAINST * grown->all) {
    return "one kind of memory has shrunk while another has grown, or it is taken for another kind than "
           "before";
  }
  return NULL;
}

static double largest(const seep_growth_kind__differences *grown)
{
  const double kinds[] = {grown->unproven, grown->managed, grown->stack, grown->left};
  double most = grown->heap;
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    most = kinds[i] > most ? kinds[i] : most;
  }
  return most;
}

/* grown->all is above 0, or else the counters differ. */
static void decide_kind(const seep_inventory *before, const seep_inventory *after,
                        const seep_growth_kind__differences *grown, seep_growth_kind_comparison *out)
{
  const char *problem = contradiction(before, after, grown);
  const double need = SHARE_NEEDED * grown->all;
  if (problem != NULL) {
    undecided(out, problem);
  } else if (grown->managed >= need) {
    decide(out, SEEP_MEMORY_MANAGED, grown->managed / grown->all, TRUST_SHAPE,
           "memory shaped like the heap of .NET, which is loaded");
  } else if (grown->stack >= need) {
    decide(out, SEEP_MEMORY_STACK, grown->stack / grown->all,
           tag_grown(before, after, SEEP_TAG_STACK_SHAPE) > 0.5 * grown->stack ? TRUST_SHAPE : 1.0,
           "stacks of threads that are not ended");
  } else if (before->page_heap && after->page_heap && grown->heap + grown->unproven + grown->left >= need) {
    decide(out, SEEP_MEMORY_HEAP, (grown->heap + grown->unproven + grown->left) / grown->all, TRUST_PAGE_HEAP,
           "page heap is on, where heap blocks and the program's own allocations look alike: probably heap");
  } else if (before->page_heap || after->page_heap) {
    undecided(out, "page heap is on, where heap blocks and the program's own allocations look alike");
  } else if (grown->heap >= need) {
    decide(out, SEEP_MEMORY_HEAP, grown->heap / grown->all, 1.0,
           heap_reason(out->large_blocks, heaps_problem(before, after) == NULL));
  } else if (grown->heap + grown->unproven >= need) {
    undecided(out, "it looks like heap, and that cannot be proven");
  } else if (heaps_problem(before, after) != NULL) {
    undecided(out, heaps_problem(before, after));
  } else if (grown->left >= need) {
    decide_private(before, after, grown->left, grown->left / grown->all, out);
  } else {
    decide(out, SEEP_MEMORY_MIXED, 2.0 * (1.0 - largest(grown) / grown->all), 1.0,
           "several kinds of memory grow, and none makes up 70 percent");
  }
}

static bool is_of(seep_memory_kind kind, unsigned tag)
{
  if (kind == SEEP_MEMORY_HEAP) {
    return tag == SEEP_TAG_HEAP_LARGE;
  }
  return kind == SEEP_MEMORY_PRIVATE_DATA && (tag == SEEP_TAG_UNKNOWN || tag == SEEP_TAG_CODE);
}

/* Allocations of that size that there are more of than before. */
static uint64_t more_of_size(const seep_usage *before, const seep_usage *after, seep_memory_kind kind,
                             unsigned size)
{
  uint64_t was = 0, is = 0;
  for (unsigned tag = 0; tag < SEEP_TAGS; tag++) {
    was += is_of(kind, tag) ? before->sizes[tag][size] : 0;
    is += is_of(kind, tag) ? after->sizes[tag][size] : 0;
  }
  return is > was ? is - was : 0;
}

/* The size class that most of the new bytes are in, each allocation taken as three quarters of its class's
 * upper end, which is its middle. */
static void find_size(const seep_inventory *before, const seep_inventory *after,
                      seep_growth_kind_comparison *out)
{
  double all = 0.0, most = 0.0;
  unsigned best = 0;
  for (unsigned size = 0; size < SEEP_USAGE_SIZES; size++) {
    uint64_t more = more_of_size(&before->usage, &after->usage, out->kind, size);
    double bytes = (double)more * 0.75 * (double)seep_usage_size_end(size);
    all += bytes;
    if (more >= SIZE_ALLOCATIONS && bytes > most) {
      most = bytes;
      best = size;
    }
  }
  if (most > 0.5 * all) {
    out->size_from = best == 0 ? 0 : seep_usage_size_end(best - 1);
    out->size_to = seep_usage_size_end(best);
  }
}

/* NULL: they have grown enough to say something. */
static const char *too_little(const seep_inventory *before, const seep_inventory *after,
                              const seep_growth_kind__differences *grown, uint64_t minimum_growth_bytes)
{
  double need = minimum_growth_bytes > 0 ? (double)minimum_growth_bytes : 1.0;
  bool counter_alone =
      minus(after->commit_bytes, before->commit_bytes) >= need && counters_differ(before, after);
  if (grown->all >= need || counter_alone) {
    return NULL;
  }
  double mapped = minus(committed(&after->usage, SEEP_USAGE_ROW_MAPPED),
                        committed(&before->usage, SEEP_USAGE_ROW_MAPPED));
  return mapped >= need
             ? "what has grown is mapped memory, a file or a section of the page file, and not private"
             : "too little private memory has grown between the two";
}

bool seep_growth_kind__compare(const seep_inventory *before, const seep_inventory *after,
                               uint64_t minimum_growth_bytes, seep_growth_kind__differences *grown,
                               seep_growth_kind_comparison *out)
{
  memset(out, 0, sizeof *out);
  sum_up(&before->usage, &out->before);
  seep_growth_kind__differ(&out->before, after, grown);
  out->reason = too_little(before, after, grown, minimum_growth_bytes);
  if (out->reason != NULL) {
    return false;
  }
  out->trust = heaps_problem(before, after) == NULL ? 1.0 : TRUST_HEAPS_UNKNOWN;
  out->trust *= counters_known(before, after) ? 1.0 : TRUST_COUNTER_UNKNOWN;
  double large = tag_grown(before, after, SEEP_TAG_HEAP_LARGE);
  out->large_blocks = grown->heap > 0.0 && large > 0.5 * grown->heap;
  decide_kind(before, after, grown, out);
  out->large_blocks = out->large_blocks && out->kind == SEEP_MEMORY_HEAP;
  find_size(before, after, out);
  return true;
}
