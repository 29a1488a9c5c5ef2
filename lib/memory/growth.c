/*
 * One process's comparisons, and the verdict drawn from the last three. What a comparison says by itself is
 * in growth_comparison.c.
 */
#include "memory/growth_private.h"

#include <limits.h>
#include <string.h>

#define SHARE_OVERALL 0.7 /* of the growth since the oldest comparison that agrees */

#define LOOKS_UNTIL_EARLIER 2u
#define LOOKS_AGED 10u /* more of them do not make it older */
#define TRUST_OF_A_LOOK 0.95

static const double trust_of_agreeing[SEEP_GROWTH_KIND_COMPARISONS + 1] = {0.0, 0.80, 0.90, 0.97};

static const char nothing_compared[] = "it must grow by some more first";
static const char comes_and_goes[] = "what grows between two looks comes and goes, and does not add up";

static void say_undetermined(seep_growth_kind_verdict *out, const char *reason, unsigned comparisons)
{
  out->kind = SEEP_MEMORY_UNDETERMINED;
  out->confidence = 0.0;
  out->reason = reason;
  out->comparisons = comparisons;
  out->earlier = false;
  out->large_blocks = false;
  out->size_from = out->size_to = 0;
}

static void say(seep_growth_kind_verdict *out, const seep_growth_kind_comparison *newest, double confidence,
                unsigned agreeing)
{
  out->kind = newest->kind;
  out->confidence = confidence;
  out->reason = newest->reason;
  out->comparisons = agreeing;
  out->large_blocks = newest->large_blocks;
  out->size_from = newest->size_from;
  out->size_to = newest->size_to;
}

static int64_t row_grown(const seep_inventory *before, const seep_inventory *after, seep_usage_row row)
{
  seep_usage_sum was, is;
  seep_usage_row_sum(&before->usage, row, &was);
  seep_usage_row_sum(&after->usage, row, &is);
  bool more = is.committed_bytes >= was.committed_bytes;
  uint64_t bytes = more ? is.committed_bytes - was.committed_bytes : was.committed_bytes - is.committed_bytes;
  int64_t whole = bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes; /* mapped memory may be absurd */
  return more ? whole : -whole;
}

static void tell_growth(const seep_inventory *before, const seep_inventory *after,
                        const seep_growth_kind_differences *grown, seep_growth_kind_verdict *out)
{
  out->grown_bytes = grown->all > 0.0 ? (uint64_t)grown->all : 0;
  for (int row = 0; row < SEEP_USAGE_ROWS; row++) {
    out->rows_grown_bytes[row] = row_grown(before, after, (seep_usage_row)row);
  }
}

static double grown_of(const seep_growth_kind_differences *grown, seep_memory_kind kind, bool page_heap)
{
  switch (kind) {
  case SEEP_MEMORY_HEAP:
    return page_heap ? grown->heap + grown->unproven + grown->left : grown->heap;
  case SEEP_MEMORY_PRIVATE_DATA:
    return grown->left;
  case SEEP_MEMORY_MANAGED:
    return grown->managed;
  case SEEP_MEMORY_STACK:
    return grown->stack;
  case SEEP_MEMORY_UNDETERMINED:
  case SEEP_MEMORY_MIXED:
  default:
    return 0.0;
  }
}

/* ---- what is left out of the sum ---- */

/* Takes a step of one kind: to be left out, or to be counted. What goes back the way that something came
 * which was left out, as when load ends, is that again. */
static void step_aside(double *aside, double step, bool counts)
{
  if (!counts) {
    *aside += step;
  } else if (*aside > 0.0 && step < 0.0) {
    *aside = *aside + step > 0.0 ? *aside + step : 0.0;
  } else if (*aside < 0.0 && step > 0.0) {
    *aside = *aside + step < 0.0 ? *aside + step : 0.0;
  }
}

static void set_aside(seep_growth_kind_differences *aside, const seep_growth_kind_differences *step,
                      bool counts)
{
  step_aside(&aside->heap, step->heap, counts);
  step_aside(&aside->unproven, step->unproven, counts);
  step_aside(&aside->managed, step->managed, counts);
  step_aside(&aside->stack, step->stack, counts);
  step_aside(&aside->left, step->left, counts);
  aside->all = aside->heap + aside->unproven + aside->managed + aside->stack + aside->left;
}

#define EVERY_KIND (~0u)

/* `inventory` takes the place of the last one. The step between the two counts for those kinds (bits) alone:
 * for and against the one that a comparison of the two has told, or all when the process has shrunk. */
static void move_on(seep_growth_kind *growth, const seep_inventory *inventory, unsigned kinds)
{
  seep_growth_kind_comparison *oldest = &growth->evidence.oldest;
  seep_growth_kind_sums before;
  seep_growth_kind_differences step;
  seep_growth_kind__sum_up(&growth->last, &before);
  seep_growth_kind__differ(&before, inventory, &step);
  for (size_t i = 0; i < growth->comparison_count; i++) {
    seep_growth_kind_comparison *comparison = &growth->comparisons[i];
    set_aside(&comparison->aside, &step, (kinds >> comparison->kind & 1u) != 0);
  }
  set_aside(&oldest->aside, &step, (kinds >> oldest->kind & 1u) != 0);
  growth->last = *inventory;
}

/* ---- the verdict ---- */

/* The kind's share of what has grown since that comparison began; 0 when nothing has. */
static double overall_share(const seep_growth_kind *growth, const seep_growth_kind_comparison *oldest)
{
  const seep_growth_kind_differences *aside = &oldest->aside;
  seep_growth_kind_differences grown;
  seep_growth_kind__differ(&oldest->before, &growth->last, &grown);
  grown.all -= aside->all;
  if (grown.all <= 0.0) {
    return 0.0;
  }
  if (oldest->kind == SEEP_MEMORY_MIXED) {
    return 1.0;
  }
  grown.heap -= aside->heap;
  grown.unproven -= aside->unproven;
  grown.managed -= aside->managed;
  grown.stack -= aside->stack;
  grown.left -= aside->left;
  return grown_of(&grown, oldest->kind, growth->last.page_heap) / grown.all;
}

/* What the comparisons that say `kind` make evident; there is at least one. */
static void gather(const seep_growth_kind *growth, seep_memory_kind kind, seep_growth_kind_evidence *out)
{
  const seep_growth_kind_comparison *newest = NULL, *oldest = NULL;
  double shares = 0.0, trust = 1.0;
  unsigned others = 0, others_between = 0;
  memset(out, 0, sizeof *out);
  for (size_t i = 0; i < growth->comparison_count; i++) {
    const seep_growth_kind_comparison *comparison = &growth->comparisons[i];
    if (comparison->kind == kind) {
      newest = newest == NULL ? comparison : newest;
      oldest = comparison;
      shares += comparison->share;
      trust = comparison->trust < trust ? comparison->trust : trust;
      others_between = others;
      out->agreeing++;
    } else if (comparison->kind != SEEP_MEMORY_UNDETERMINED) {
      others++;
    }
  }
  out->oldest = *oldest;
  out->newest = *newest;
  out->share = shares / (double)(out->agreeing + others_between);
  out->trust = trust * trust_of_agreeing[out->agreeing];
}
static bool adds_up(const seep_growth_kind *growth, const seep_growth_kind_evidence *evidence)
{
  return overall_share(growth, &evidence->oldest) >= SHARE_OVERALL;
}

static double trust_of_age(unsigned looks)
{
  double trust = 1.0;
  for (unsigned i = 0; i < looks && i < LOOKS_AGED; i++) {
    trust *= TRUST_OF_A_LOOK;
  }
  return trust;
}

/* From the evidence and, where there is none, from the comparisons. */
static void judge(seep_growth_kind *growth)
{
  seep_growth_kind_evidence *evidence = &growth->evidence;
  unsigned decided = 0;
  if (evidence->oldest.kind != SEEP_MEMORY_UNDETERMINED) {
    double share = overall_share(growth, &evidence->oldest);
    if (share >= SHARE_OVERALL) {
      bool earlier = evidence->looks_since >= LOOKS_UNTIL_EARLIER;
      share = evidence->share < share ? evidence->share : share;
      say(&growth->verdict, &evidence->newest,
          share * evidence->trust * (earlier ? trust_of_age(evidence->looks_since) : 1.0),
          evidence->agreeing);
      growth->verdict.earlier = earlier;
      return;
    }
    evidence->oldest.kind = SEEP_MEMORY_UNDETERMINED;
    say_undetermined(&growth->verdict, comes_and_goes, (unsigned)growth->comparison_count);
    return;
  }
  for (size_t i = 0; i < growth->comparison_count; i++) {
    decided += growth->comparisons[i].kind != SEEP_MEMORY_UNDETERMINED ? 1 : 0;
  }
  const seep_growth_kind_comparison *newest = &growth->comparisons[0];
  const char *reason = newest->kind == SEEP_MEMORY_UNDETERMINED ? newest->reason : nothing_compared;
  say_undetermined(&growth->verdict,
                   decided >= 2 ? "the kind differs from one comparison to the next" : reason,
                   (unsigned)growth->comparison_count);
}

/* Two comparisons that say the same, and add up or have nothing to replace, are the evidence from now on. */
static void conclude(seep_growth_kind *growth, const seep_growth_kind_comparison *newest)
{
  seep_growth_kind_evidence *evidence = &growth->evidence;
  unsigned votes[SEEP_MEMORY_STACK + 1] = {0};
  unsigned looks_since = evidence->looks_since + (evidence->looks_since < LOOKS_AGED ? 1u : 0u);
  if (newest->kind == evidence->oldest.kind) {
    looks_since = 0;
    evidence->newest = *newest;
  }
  evidence->looks_since = looks_since;
  for (size_t i = 0; i < growth->comparison_count; i++) {
    votes[growth->comparisons[i].kind]++;
  }
  for (int kind = SEEP_MEMORY_UNDETERMINED + 1; kind <= SEEP_MEMORY_STACK; kind++) {
    seep_growth_kind_evidence found;
    if (votes[kind] < 2) {
      continue;
    }
    gather(growth, (seep_memory_kind)kind, &found);
    found.looks_since = newest->kind == (seep_memory_kind)kind ? 0 : looks_since;
    bool other =
        evidence->oldest.kind != SEEP_MEMORY_UNDETERMINED && evidence->oldest.kind != (seep_memory_kind)kind;
    if (!other || adds_up(growth, &found)) {
      *evidence = found;
    }
  }
  judge(growth);
}

/* The oldest that told nothing makes room, else the oldest; one that tells nothing takes nobody's place who
 * told something. */
static void keep(seep_growth_kind *growth, const seep_growth_kind_comparison *newest)
{
  seep_growth_kind_comparison *comparisons = growth->comparisons;
  size_t place = growth->comparison_count;
  if (place < SEEP_GROWTH_KIND_COMPARISONS) {
    growth->comparison_count++;
  } else {
    while (place > 0 && comparisons[place - 1].kind != SEEP_MEMORY_UNDETERMINED) {
      place--;
    }
    if (place == 0 && newest->kind == SEEP_MEMORY_UNDETERMINED) {
      return;
    }
    place = place > 0 ? place - 1 : SEEP_GROWTH_KIND_COMPARISONS - 1;
  }
  memmove(comparisons + 1, comparisons, sizeof comparisons[0] * place);
  comparisons[0] = *newest;
}

/* A look that told nothing, not even in a comparison. */
static void pass_over(seep_growth_kind *growth, const char *reason)
{
  seep_growth_kind_evidence *evidence = &growth->evidence;
  if (growth->comparison_count == 0) {
    say_undetermined(&growth->verdict, reason, 0);
  } else if (evidence->oldest.kind != SEEP_MEMORY_UNDETERMINED) {
    evidence->looks_since += evidence->looks_since < LOOKS_AGED ? 1u : 0u;
    judge(growth);
  }
}

/* ---- inventories ---- */

void seep_growth_kind_init(seep_growth_kind *growth)
{
  memset(growth, 0, sizeof *growth);
  growth->verdict.reason = nothing_compared;
}

/* There is nothing to compare it with, or it can be compared with nothing. */
static seep_growth_kind_taken keep_alone(seep_growth_kind *growth, const seep_inventory *inventory,
                                         const char *problem)
{
  if (growth->inventories == 1 || seep_growth_kind__unusable(&growth->last) != NULL) {
    growth->last = *inventory;
  }
  if (problem != NULL) {
    pass_over(growth, problem);
    return SEEP_GROWTH_KIND_UNUSABLE;
  }
  say_undetermined(&growth->verdict, nothing_compared, 0); /* nothing can have been compared before */
  return SEEP_GROWTH_KIND_BASELINE;
}

seep_growth_kind_taken seep_growth_kind_add(seep_growth_kind *growth, const seep_inventory *inventory,
                                            uint64_t minimum_growth_bytes, uint64_t maximum_growth_bytes)
{
  const char *problem = seep_growth_kind__unusable(inventory);
  bool first = growth->inventories == 0;
  growth->inventories += growth->inventories < UINT_MAX ? 1u : 0u;
  if (first || problem != NULL || seep_growth_kind__unusable(&growth->last) != NULL) {
    return keep_alone(growth, inventory, problem);
  }
  seep_growth_kind_differences grown;
  seep_growth_kind_comparison newest;
  bool enough = seep_growth_kind__compare(&growth->last, inventory, minimum_growth_bytes, &grown, &newest);
  if (!enough && grown.all >= 0.0) {
    return SEEP_GROWTH_KIND_TOO_LITTLE;
  }
  if (!enough) { /* where not the same could be read, it shows nothing of one kind or another */
    move_on(growth, inventory, growth->last.heaps_known == inventory->heaps_known ? EVERY_KIND : 0u);
    return SEEP_GROWTH_KIND_BASELINE;
  }
  if (maximum_growth_bytes != UINT64_MAX && grown.all > (double)maximum_growth_bytes) {
    move_on(growth, inventory, 0u);
    return SEEP_GROWTH_KIND_TOO_MUCH;
  }
  tell_growth(&growth->last, inventory, &grown, &growth->verdict);
  move_on(growth, inventory, newest.kind == SEEP_MEMORY_UNDETERMINED ? 0u : 1u << newest.kind);
  keep(growth, &newest);
  conclude(growth, &newest);
  return SEEP_GROWTH_KIND_COMPARED;
}

const char *seep_growth_kind_failure_text(seep_status status)
{
  switch (status) {
  case SEEP_DENIED:
    return "Windows does not let this process be read";
  case SEEP_GONE:
    return "the process has ended";
  case SEEP_TIMED_OUT:
    return "looking at the process's memory took too long";
  case SEEP_NO_MEMORY:
    return "there was no memory left to look at the process with";
  default:
    return "the process's memory could not be looked at";
  }
}

void seep_growth_kind_failed(seep_growth_kind *growth, seep_status status)
{
  pass_over(growth, seep_growth_kind_failure_text(status));
}

void seep_growth_kind_between(const seep_inventory *before, const seep_inventory *after,
                              uint64_t minimum_growth_bytes, seep_growth_kind_verdict *out)
{
  seep_growth_kind_differences grown;
  seep_growth_kind_comparison comparison;
  memset(out, 0, sizeof *out);
  const char *problem = seep_growth_kind__unusable(after);
  problem = problem != NULL ? problem : seep_growth_kind__unusable(before);
  if (problem != NULL) {
    say_undetermined(out, problem, 0);
    return;
  }
  bool enough = seep_growth_kind__compare(before, after, minimum_growth_bytes, &grown, &comparison);
  tell_growth(before, after, &grown, out);
  if (comparison.kind == SEEP_MEMORY_UNDETERMINED) {
    const char *reason = comparison.reason;
    say_undetermined(
        out, reason == seep_growth_kind__unfit ? "the figures of the two do not fit together" : reason,
        enough ? 1 : 0);
    return;
  }
  say(out, &comparison, comparison.share * comparison.trust * trust_of_agreeing[1], 1);
}
