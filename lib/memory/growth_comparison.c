/*
 * One comparison of two inventories. Everything is decided by differences of committed bytes; reserves only
 * help to word the reason. The numbers come from another process or a file: sums beyond any address space are
 * refused before anything is computed with them.
 */
#include "memory/growth_private.h"

#include <string.h>

#include "base/saturate.h"

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
#define TRUST_SEGMENT_HEAP 0.9
#define TRUST_PAGE_HEAP 0.5
#define TRUST_SHAPE 0.9
#define TRUST_DOTNET 0.6
#define TRUST_RESERVES 0.8 /* a .NET program in one file has its runtime in it, and no module says so */
#define TRUST_MODULES_UNKNOWN 0.9

/* Beginnings of reasons: literals, as they are put together by the compiler. */
#define DIRECTLY "memory it gets from Windows directly (VirtualAlloc), not from a heap"
#define PAGE_HEAP                                                                                            \
  "page heap, a debugging option, is on for this program (gflags): heap blocks and other memory look alike"

const char seep_growth_kind__unfit[] = "the figures of two looks do not fit together; another look follows";

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

void seep_growth_kind__sum_up(const seep_inventory *inventory, seep_growth_kind_sums *out)
{
  const seep_usage *usage = &inventory->usage;
  uint64_t left = committed(usage, SEEP_USAGE_ROW_PRIVATE);
  uint64_t tebs = usage->tags[SEEP_TAG_TEB].committed_bytes;
  tebs = tebs < left ? tebs : left; /* VMMap counts them as Private Data; they come and go with threads */
  out->heap_bytes = committed(usage, SEEP_USAGE_ROW_HEAP);
  out->unproven_bytes = committed(usage, SEEP_USAGE_ROW_UNPROVEN);
  out->managed_bytes = committed(usage, SEEP_USAGE_ROW_MANAGED);
  out->stack_bytes = seep_saturate_add(committed(usage, SEEP_USAGE_ROW_STACK), tebs);
  out->private_bytes = left - tebs;
  out->all_bytes = 0;
  const uint64_t parts[] = {out->heap_bytes, out->unproven_bytes, out->managed_bytes, out->stack_bytes,
                            out->private_bytes};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    out->all_bytes = seep_saturate_add(out->all_bytes, parts[i]);
  }
}

void seep_growth_kind__differ(const seep_growth_kind_sums *before, const seep_inventory *after,
                              seep_growth_kind_differences *out)
{
  seep_growth_kind_sums now;
  seep_growth_kind__sum_up(after, &now);
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
    bytes = seep_saturate_add(bytes, usage->tags[tag].private_bytes);
  }
  return bytes;
}

const char *seep_growth_kind__unusable(const seep_inventory *inventory)
{
  if (!inventory->regions_known) {
    return "its memory could not be read in full";
  }
  if (inventory->regions_cut) {
    return "it has too much memory for one look";
  }
  seep_growth_kind_sums sums;
  seep_growth_kind__sum_up(inventory, &sums);
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

static bool heaps_known(const seep_inventory *before, const seep_inventory *after)
{
  return before->heaps_known && after->heaps_known;
}

/* Why heaps cannot be told from the rest in one of the two, in words for an alert: what exactly was wrong is
 * for those who look closer, and in seep_inventory.problem. */
static const char *heaps_problem(const seep_inventory *before, const seep_inventory *after)
{
  switch (!after->heaps_known ? after->gap : before->gap) {
  case SEEP_INVENTORY_NOT_READ:
    return "its memory could not be read in full";
  case SEEP_INVENTORY_NOT_LISTED:
    return "its heaps could not be listed";
  case SEEP_INVENTORY_TOO_LARGE:
    return "it has too much memory for one look";
  case SEEP_INVENTORY_CHANGED:
    return "its memory changed while it was looked at";
  case SEEP_INVENTORY_HEAP_OPEN:
  case SEEP_INVENTORY_PAGE_HEAP:
  case SEEP_INVENTORY_COMPLETE:
  default:
    return "one of its heaps could not be read in full";
  }
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

/* What it says of the program's own data, and how far that is to be believed. */
static const char *private_reason(const seep_inventory *before, const seep_inventory *after, double *trust)
{
  const unsigned runtimes = before->runtimes | after->runtimes;
  if ((runtimes & SEEP_RUNTIME_DOTNET) != 0) {
    *trust = TRUST_DOTNET;
    return DIRECTLY ", in small allocations; .NET is loaded, and a part may be its own";
  }
  *trust = before->modules_known && after->modules_known ? 1.0 : TRUST_MODULES_UNKNOWN;
  if ((runtimes & SEEP_RUNTIME_JAVA) != 0) {
    return DIRECTLY "; Java is loaded, and its own heap is such memory";
  }
  if ((runtimes & SEEP_RUNTIME_V8) != 0) {
    return DIRECTLY "; V8 is loaded, and its own heap is such memory";
  }
  if (is_inside_reserves(&before->usage.tags[SEEP_TAG_UNKNOWN], &after->usage.tags[SEEP_TAG_UNKNOWN])) {
    *trust *= TRUST_RESERVES;
    return DIRECTLY ", inside a few large reserves, as a language runtime or an allocator of its own does";
  }
  return DIRECTLY;
}

static void decide_private(const seep_inventory *before, const seep_inventory *after, double grown,
                           double share, seep_growth_kind_comparison *out)
{
  const bool dotnet = ((before->runtimes | after->runtimes) & SEEP_RUNTIME_DOTNET) != 0;
  double allocations = minus(after->usage.tags[SEEP_TAG_UNKNOWN].allocations,
                             before->usage.tags[SEEP_TAG_UNKNOWN].allocations);
  double trust = 1.0;
  const char *reason =
      "executable memory, as just-in-time compilers allocate it; a script or .NET engine may "
      "be making code without end";
  if (tag_grown(before, after, SEEP_TAG_CODE) < SHARE_NEEDED * grown) {
    if (dotnet && tag_grown(before, after, SEEP_TAG_UNKNOWN) > allocations * DOTNET_SMALL_BYTES) {
      undecided(out, DIRECTLY ", which may be the heap of .NET");
      return;
    }
    reason = private_reason(before, after, &trust);
  }
  decide(out, SEEP_MEMORY_PRIVATE_DATA, share, trust, reason);
}

static const char *heap_reason(bool large, bool all_read)
{
  if (large) {
    return all_read ? "large blocks from malloc, new or HeapAlloc"
                    : "large blocks from malloc, new or HeapAlloc; not every heap could be read";
  }
  return all_read
             ? "many blocks of ordinary size from malloc, new or HeapAlloc"
             : "many blocks of ordinary size from malloc, new or HeapAlloc; not every heap could be read";
}

/* What keeps the sums from being believed; NULL: nothing. */
static const char *contradiction(const seep_inventory *before, const seep_inventory *after,
                                 const seep_growth_kind_differences *grown)
{
  if (counters_differ(before, after)) {
    return "Windows counts other growth than was found in its memory";
  }
  double strange = minus(committed(&after->usage, SEEP_USAGE_ROW_STRANGE),
                         committed(&before->usage, SEEP_USAGE_ROW_STRANGE));
  if (strange > SHARE_AGAINST * grown->all) {
    return "memory of a type that is not known has grown";
  }
  double against = shrunk(grown->heap) + shrunk(grown->unproven) + shrunk(grown->managed) +
                   shrunk(grown->stack) + shrunk(grown->left);
  if (against > SHARE_AGAINST * grown->all) {
    return seep_growth_kind__unfit;
  }
  return NULL;
}

static double largest(const seep_growth_kind_differences *grown)
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
                        const seep_growth_kind_differences *grown, seep_growth_kind_comparison *out)
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
           "its threads are started and never ended");
  } else if (before->page_heap && after->page_heap && grown->heap + grown->unproven + grown->left >= need) {
    decide(out, SEEP_MEMORY_HEAP, (grown->heap + grown->unproven + grown->left) / grown->all, TRUST_PAGE_HEAP,
           PAGE_HEAP "; probably heap");
  } else if (before->page_heap || after->page_heap) {
    undecided(out, PAGE_HEAP);
  } else if (grown->heap >= need) {
    decide(out, SEEP_MEMORY_HEAP, grown->heap / grown->all, 1.0,
           heap_reason(out->large_blocks, heaps_known(before, after)));
  } else if (grown->heap + grown->unproven >= need) {
    undecided(out, "it looks like heap, and that cannot be proven");
  } else if (!heaps_known(before, after)) {
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
                              const seep_growth_kind_differences *grown, uint64_t minimum_growth_bytes)
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
                               uint64_t minimum_growth_bytes, seep_growth_kind_differences *grown,
                               seep_growth_kind_comparison *out)
{
  memset(out, 0, sizeof *out);
  seep_growth_kind__sum_up(before, &out->before);
  seep_growth_kind__differ(&out->before, after, grown);
  out->reason = too_little(before, after, grown, minimum_growth_bytes);
  if (out->reason != NULL) {
    return false;
  }
  out->trust = heaps_known(before, after) ? 1.0 : TRUST_HEAPS_UNKNOWN;
  out->trust *= counters_known(before, after) ? 1.0 : TRUST_COUNTER_UNKNOWN;
  out->trust *= before->segment_heaps == 0 && after->segment_heaps == 0 ? 1.0 : TRUST_SEGMENT_HEAP;
  double large = tag_grown(before, after, SEEP_TAG_HEAP_LARGE);
  out->large_blocks = grown->heap > 0.0 && large > 0.5 * grown->heap;
  decide_kind(before, after, grown, out);
  out->large_blocks = out->large_blocks && out->kind == SEEP_MEMORY_HEAP;
  find_size(before, after, out);
  return true;
}
