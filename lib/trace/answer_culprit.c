/*
 * Who is named, and how far that can be believed. Named is whoever has the most steady growth; only when
 * nothing grows steadily, whoever has the most that is left.
 */
#include "base/saturate.h"
#include "trace/answer_internal.h"

#define SHORT_MS INT64_C(60000)

#define MUCH_MISSING 0.01 /* of the trace */
#define MUCH_FALSE 0.1    /* of what the culprit has */

seep_answer__key seep_answer__worst(const seep_answer__blame *blame, seep_trace_view view)
{
  const seep_answer__sums *sums = blame->sums[view];
  seep_answer__key worst = SEEP_ANSWER__MODULES;
  for (seep_answer__key key = 0; key < SEEP_ANSWER__KEYS; key++) {
    bool more = sums[key].steady_bytes != sums[worst].steady_bytes
                    ? sums[key].steady_bytes > sums[worst].steady_bytes
                    : sums[key].blamed_bytes > sums[worst].blamed_bytes;
    worst = more ? key : worst;
  }
  return worst;
}

static double part_of(uint64_t missing, uint64_t there)
{
  return missing > 0 ? (double)missing / ((double)missing + (double)there) : 0.0;
}

/* How much of the trace was lost while it was recorded: by whatever count says most. */
static double lost_part(const seep_answer *answer)
{
  const seep_trace_summary *summary = &answer->merged.summary;
  double events = part_of(answer->header.events_lost, summary->records);
  double buffers = part_of(answer->header.buffers_lost, summary->buffers);
  double flagged = part_of(summary->loss_flagged_buffers, summary->buffers);
  double more = events > buffers ? events : buffers;
  return more > flagged ? more : flagged;
}

/* How much of it could not be read. A bad record takes the rest of its buffer with it. */
static double unread_part(const seep_trace_summary *summary)
{
  uint64_t unread = seep_saturate_add(summary->bad_buffers, summary->unread_buffers);
  return part_of(seep_saturate_add(unread, summary->bad_records), summary->buffers);
}

/* What was given back in events that are missing still counts as left: of all that was allocated about the
 * part that is missing. That must be small beside what the culprit has; and where one event in a hundred is
 * missing, much else may be wrong. */
static bool matters(double missing_part, uint64_t allocated_bytes, uint64_t culprit_bytes)
{
  double falsely_left = missing_part * (double)allocated_bytes;
  return missing_part > 0.0 &&
         (missing_part >= MUCH_MISSING || falsely_left >= MUCH_FALSE * (double)culprit_bytes);
}

static uint32_t doubts_about_trace(const seep_answer *answer, uint64_t allocated_bytes,
                                   uint64_t culprit_bytes)
{
  const seep_trace_summary *summary = &answer->merged.summary;
  uint32_t doubts = 0;
  if (matters(lost_part(answer), allocated_bytes, culprit_bytes)) {
    doubts |= SEEP_DOUBT_EVENTS_LOST;
  }
  if (answer->duration_ms >= 0 && answer->duration_ms < SHORT_MS) {
    doubts |= SEEP_DOUBT_SHORT;
  }
  if (summary->truncated || matters(unread_part(summary), allocated_bytes, culprit_bytes)) {
    doubts |= SEEP_DOUBT_DAMAGED;
  }
  if (answer->losses.memory_limit || answer->merged.ended_early || answer->merged.forced_buffers > 0) {
    doubts |= SEEP_DOUBT_BUDGET;
  }
  if (answer->process.ended_here) {
    doubts |= SEEP_DOUBT_ENDED;
  }
  return doubts;
}

/* One of these is enough to believe little; of the others it takes two. Lost stacks are none of them: what
 * has no stack counts against the culprit as if it were another's, so that it is spread before that could
 * change who is named. */
#define HEAVY_DOUBTS ((uint32_t)(SEEP_DOUBT_NOT_STEADY | SEEP_DOUBT_SPREAD))

static seep_answer_certainty certainty_of(const seep_answer_culprit *culprit)
{
  uint32_t light = culprit->doubts & ~HEAVY_DOUBTS;
  bool two_light = (light & (light - 1)) != 0; /* more than one bit */
  bool is_named = culprit->module != SEEP_TRACE_NO_MODULE || culprit->bucket == SEEP_BUCKET_MANAGED;
  bool is_weak = (culprit->doubts & HEAVY_DOUBTS) != 0 || (light != 0 && two_light) || !is_named;
  return is_weak ? SEEP_ANSWER_WEAK : SEEP_ANSWER_GOOD;
}

void seep_answer__accuse(seep_answer *answer, const seep_answer__blame *blame, seep_trace_view view,
                         seep_answer__key key)
{
  const seep_answer_view *shown = &answer->views[view];
  const seep_answer__sums *sums = &blame->sums[view][key];
  seep_answer_culprit *culprit = &answer->culprit;
  bool is_module = key < SEEP_ANSWER__MODULES;
  culprit->view = view;
  culprit->doubts = doubts_about_trace(answer, shown->allocated_bytes, sums->blamed_bytes);
  if (sums->blamed_bytes == 0) {
    culprit->certainty = SEEP_ANSWER_NOTHING;
    return;
  }
  culprit->module = is_module ? blame->shown[key] : SEEP_TRACE_NO_MODULE;
  culprit->bucket = is_module ? SEEP_BUCKET_MANAGED : (seep_answer_bucket)(key - SEEP_ANSWER__MODULES);
  culprit->bytes = sums->blamed_bytes;
  culprit->count = sums->blamed_count;
  culprit->share = shown->live_bytes > 0 ? (double)sums->blamed_bytes / (double)shown->live_bytes : 0.0;
  if (shown->bucket_bytes[SEEP_BUCKET_NO_STACK] > shown->live_bytes / 10) {
    culprit->doubts |= SEEP_DOUBT_STACKS_LOST;
  }
  if (sums->steady_bytes == 0 || sums->steady_bytes < sums->blamed_bytes / 5) {
    culprit->doubts |= SEEP_DOUBT_NOT_STEADY;
  }
  /* Of what it was chosen by. */
  uint64_t all = shown->steady_bytes > 0 ? shown->steady_bytes : shown->live_bytes;
  uint64_t its = shown->steady_bytes > 0 ? sums->steady_bytes : sums->blamed_bytes;
  if (its < all / 2) {
    culprit->doubts |= SEEP_DOUBT_SPREAD;
  }
  culprit->certainty = certainty_of(culprit);
}
