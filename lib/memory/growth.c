/*
 * One process's comparisons, and the verdict drawn from the last three. What a comparison says by itself is
 * in growth_comparison.c.
 */
#include "memory/growth_private.h"

#include <limits.h>
#include <string.h>

#define SHARE_OVERALL 0.5 /* of all growth since the oldest comparison that agrees */

static const double trust_of_agreeing[SEEP_GROWTH_KIND_COMPARISONS + 1] = {0.0, 0.80, 0.90, 0.97};

static const char nothing_compared[] = "nothing has been compared yet";

static void say_undetermined(seep_growth_kind_verdict *out, const char *reason, unsigned comparisons)
{
  out->kind = SEEP_MEMORY_UNDETERMINED;
  out->confidence = 0.0;
  out->reason = reason;
  out->comparisons = comparisons;
  out->large_blocks = false;
  out->size_from = out->size_to = 0;
}

static void say(seep_growth_kind_verdict *out, const seep_growth_kind_comparison *newest, double share,
                double trust, unsigned agreeing)
{
  out->kind = newest->kind;
  out->confidence = share * trust * trust_of_agreeing[agreeing];
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
                        const seep_growth_kind__differences *grown, seep_growth_kind_verdict *out)
{
  out->grown_bytes = grown->all > 0.0 ? (uint64_t)grown->all : 0;
  for (int row = 0; row < SEEP_USAGE_ROWS; row++) {
    out->rows_grown_bytes[row] = row_grown(before, after, (seep_usage_row)row);
  }
}

static double grown_of(const seep_growth_kind__differences *grown, seep_memory_kind kind, bool page_heap)
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

/* The kind's share of what has grown from `before` until now; 1 when that says nothing. */
static double overall_share(const seep_growth_kind *growth, const seep_growth_kind_comparison *oldest)
{
  seep_growth_kind__differences grown;
  if (oldest->kind == SEEP_MEMORY_MIXED) {
    return 1.0;
  }
  seep_growth_kind__differ(&oldest->before, &growth->last, &grown);
  if (grown.all <= 0.0) {
    return 1.0;
  }
  return grown_of(&grown, oldest->kind, growth->last.page_heap) / grown.all;
}

/* The verdict of the comparisons that say `kind`; there are at least two. */
static void conclude_kind(seep_growth_kind *growth, seep_memory_kind kind)
{
  const seep_growth_kind_comparison *newest = NULL, *oldest = NULL;
  double shares = 0.0, trust = 1.0;
  unsigned agreeing = 0;
  for (size_t i = 0; i < growth->comparison_count; i++) {
    const seep_growth_kind_comparison *comparison = &growth->comparisons[i];
    if (comparison->kind == kind) {
      newest = newest == NULL ? comparison : newest;
      oldest = comparison;
      shares += comparison->share;
      trust = comparison->trust < trust ? comparison->trust : trust;
      agreeing++;
    }
  }
  double overall = overall_share(growth, oldest);
  double mean = shares / (double)agreeing;
  if (overall < SHARE_OVERALL) {
    say_undetermined(&growth->verdict, "what grows between two looks comes and goes, and does not add up",
                     (unsigned)growth->comparison_count);
    return;
  }
  say(&growth->verdict, newest, mean < overall ? mean : overall, trust, agreeing);
}

static void conclude(seep_growth_kind *growth)
{
  unsigned votes[SEEP_MEMORY_STACK + 1] = {0}, decided = 0;
  for (size_t i = 0; i < growth->comparison_count; i++) {
    seep_memory_kind kind = growth->comparisons[i].kind;
    votes[kind]++;
    decided += kind != SEEP_MEMORY_UNDETERMINED ? 1 : 0;
  }
  for (int kind = SEEP_MEMORY_UNDETERMINED + 1; kind <= SEEP_MEMORY_STACK; kind++) {
    if (votes[kind] >= 2) {
      conclude_kind(growth, (seep_memory_kind)kind);
      return;
    }
  }
  const seep_growth_kind_comparison *newest = &growth->comparisons[0];
  const char *reason = newest->reason;
  if (decided >= 2) {
    reason = "the kind differs from one comparison to the next";
  } else if (newest->kind != SEEP_MEMORY_UNDETERMINED) {
    reason = "only one comparison has told a kind so far, and a second one must agree";
  }
  say_undetermined(&growth->verdict, reason, (unsigned)growth->comparison_count);
}

void seep_growth_kind_init(seep_growth_kind *growth)
{
  memset(growth, 0, sizeof *growth);
  growth->verdict.reason = nothing_compared;
}

/* There is nothing to compare it with, or it can be compared with nothing. */
static bool keep_alone(seep_growth_kind *growth, const seep_inventory *inventory, const char *problem)
{
  if (growth->inventories == 1 || seep_growth_kind__unusable(&growth->last) != NULL) {
    growth->last = *inventory;
  }
  if (growth->comparison_count > 0) {
    return false;
  }
  say_undetermined(&growth->verdict, problem != NULL ? problem : nothing_compared, 0);
  return true;
}

bool seep_growth_kind_add(seep_growth_kind *growth, const seep_inventory *inventory,
                          uint64_t minimum_growth_bytes)
{
  const char *problem = seep_growth_kind__unusable(inventory);
  bool first = growth->inventories == 0;
  growth->inventories += growth->inventories < UINT_MAX ? 1u : 0u;
  if (first || problem != NULL || seep_growth_kind__unusable(&growth->last) != NULL) {
    return keep_alone(growth, inventory, problem);
  }
  seep_growth_kind__differences grown;
  seep_growth_kind_comparison newest;
  if (!seep_growth_kind__compare(&growth->last, inventory, minimum_growth_bytes, &grown, &newest)) {
    if (grown.all < 0.0) {
      growth->last = *inventory;
    }
    return false;
  }
  memmove(growth->comparisons + 1, growth->comparisons,
          sizeof growth->comparisons[0] * (SEEP_GROWTH_KIND_COMPARISONS - 1));
  growth->comparison_count += growth->comparison_count < SEEP_GROWTH_KIND_COMPARISONS ? 1 : 0;
  growth->comparisons[0] = newest;
  tell_growth(&growth->last, inventory, &grown, &growth->verdict);
  growth->last = *inventory;
  conclude(growth);
  return true;
}

void seep_growth_kind_failed(seep_growth_kind *growth, seep_status status)
{
  const char *reason;
  switch (status) {
  case SEEP_DENIED:
    reason = "the process may not be read";
    break;
  case SEEP_GONE:
    reason = "the process has ended";
    break;
  case SEEP_TIMED_OUT:
    reason = "looking at the process's memory took too long";
    break;
  case SEEP_NO_MEMORY:
    reason = "there was no memory left to look at the process with";
    break;
  default:
    reason = "the process's memory could not be looked at";
    break;
  }
  if (growth->comparison_count == 0) {
    say_undetermined(&growth->verdict, reason, 0);
  }
}

void seep_growth_kind_between(const seep_inventory *before, const seep_inventory *after,
                              uint64_t minimum_growth_bytes, seep_growth_kind_verdict *out)
{
  seep_growth_kind__differences grown;
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
    say_undetermined(out, comparison.reason, enough ? 1 : 0);
    return;
  }
  say(out, &comparison, comparison.share, comparison.trust, 1);
}
