/*
 * The stacks that people are shown. The sites are gone through twice more, once to know how much room the
 * frames need and once to take them down: what an analysis lends is gone after the call.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "trace/answer_internal.h"
#include "base/sort.h"

/* A site that was chosen. */
typedef struct chosen {
  size_t ordinal, position; /* position: in the view's stacks */
  size_t first_frame, frame_count;
} chosen;

static_assert(sizeof(chosen) <= SEEP_SORT_ITEM_BYTES, "sorted in place");

typedef struct filling {
  const seep_answer *answer;
  seep_answer__blame *blame;
  uint64_t view_bytes;
  chosen *sites; /* by ordinal */
  size_t count, next, ordinal;
  size_t frame_count;
  seep_answer_stack *stacks;
  seep_answer_frame *frames;
} filling;

static bool by_ordinal(const void *a, const void *b)
{
  return ((const chosen *)a)->ordinal < ((const chosen *)b)->ordinal;
}

/* The chosen one that this site is, or NULL. */
static chosen *step(filling *fill)
{
  size_t ordinal = fill->ordinal++;
  if (fill->next >= fill->count || fill->sites[fill->next].ordinal != ordinal) {
    return NULL;
  }
  return &fill->sites[fill->next++];
}

static bool count_frames(void *context, const seep_trace_site *site)
{
  filling *fill = context;
  chosen *one = step(fill);
  if (one != NULL) {
    size_t culprit;
    seep_answer__key key;
    one->first_frame = fill->frame_count;
    one->frame_count = seep_answer__blame_site(fill->blame, site, &culprit, &key);
    fill->frame_count += one->frame_count;
  }
  return fill->next < fill->count;
}

/* From the trace's modules to the answer's. */
static seep_answer_frame shown_frame(const seep_answer__blame *blame, const seep_placed_frame *placed)
{
  seep_answer_frame frame = {.placed = *placed};
  uint32_t place = placed->module != SEEP_TRACE_NO_MODULE ? blame->places[placed->module] : 0;
  frame.placed.module = place > 0 ? blame->shown[place - 1] : SEEP_TRACE_NO_MODULE;
  if (place == 0 && placed->place == SEEP_FRAME_MODULE) {
    frame.placed.place = SEEP_FRAME_UNKNOWN;
  }
  return frame;
}

static void fill_use(const filling *fill, const seep_trace_use *use, seep_answer_stack *stack)
{
  const seep_answer *answer = fill->answer;
  uint64_t began = answer->merged.first_ticks;
  stack->live_bytes = use->live_bytes;
  stack->live_count = use->live_count;
  stack->allocations = use->allocations;
  stack->allocated_bytes = use->allocated_bytes;
  stack->frees = use->frees;
  stack->freed_bytes = use->freed_bytes;
  stack->share = fill->view_bytes > 0 ? (double)use->live_bytes / (double)fill->view_bytes : 0.0;
  stack->first_ms = seep_trace_elapsed_ms(&answer->header, began, use->first_ticks);
  stack->last_ms = seep_trace_elapsed_ms(&answer->header, began, use->last_ticks);
  seep_answer__curve(use->change_bytes, stack->live_curve);
  memcpy(stack->kept_bytes, use->kept_bytes, sizeof stack->kept_bytes);
  seep_answer__growth growth = seep_answer__growth_of(&fill->blame->window, use->live_bytes,
                                                      stack->live_curve, stack->kept_bytes, true);
  stack->pattern = growth.pattern;
  stack->steady_bytes = growth.steady_bytes;
  stack->bytes_per_hour = growth.bytes_per_hour;
}

static bool take_down(void *context, const seep_trace_site *site)
{
  filling *fill = context;
  const chosen *one = step(fill);
  if (one == NULL) {
    return fill->next < fill->count;
  }
  seep_answer_stack *stack = &fill->stacks[one->position];
  seep_answer_frame *frames = fill->frames + one->first_frame;
  seep_answer__key key;
  size_t count = seep_answer__blame_site(fill->blame, site, &stack->culprit, &key);
  count = count < one->frame_count ? count : one->frame_count;
  stack->kind = site->kind;
  stack->is_remote = site->is_remote;
  seep_culprit_signature(fill->blame->modules, fill->blame->placed, count, stack->culprit, stack->signature);
  for (size_t i = 0; i < count; i++) {
    frames[i] = shown_frame(fill->blame, &fill->blame->placed[i]);
  }
  stack->frames = frames;
  stack->frame_count = count;
  fill_use(fill, &site->use, stack);
  return fill->next < fill->count;
}

/* Takes the first candidates that are large enough; the largest of the one to be kept in any case, if need be
 * in the last one's stead. */
static void choose(filling *fill, const seep_answer__totals *totals, const seep_answer__choice *choice,
                   size_t most, size_t *kept)
{
  *kept = SIZE_MAX;
  for (size_t i = 0; i < totals->count && most > 0; i++) {
    const seep_answer__candidate *candidate = &totals->candidates[i];
    bool keep = candidate->key == choice->keep && *kept == SIZE_MAX;
    if (candidate->live_bytes < choice->minimum_bytes || (fill->count == most && !keep)) {
      continue;
    }
    fill->count -= fill->count == most ? 1 : 0;
    *kept = keep ? fill->count : *kept;
    fill->sites[fill->count] = (chosen){.ordinal = candidate->ordinal, .position = fill->count};
    fill->count++;
  }
}

static bool run(seep_answer *answer, filling *fill, const seep_trace_analysis *analysis, uint32_t instance,
                seep_trace_view view)
{
  seep_answer__storage *storage = seep_answer__storage_of(answer);
  seep_sort(fill->sites, fill->count, sizeof *fill->sites, by_ordinal);
  seep_trace_analysis_sites(analysis, instance, view, count_frames, fill);
  fill->stacks = seep_answer__take(answer, fill->count, sizeof *fill->stacks);
  fill->frames = seep_answer__take(answer, fill->frame_count, sizeof *fill->frames);
  if (storage == NULL || fill->stacks == NULL || fill->frames == NULL) {
    return false;
  }
  fill->next = 0;
  fill->ordinal = 0;
  seep_trace_analysis_sites(analysis, instance, view, take_down, fill);
  storage->frames[view] = fill->frames;
  storage->frame_counts[view] = fill->frame_count;
  seep_answer_view *out = &answer->views[view];
  out->stacks = fill->stacks;
  out->stack_count = fill->count;
  uint64_t shown_bytes = 0;
  for (size_t i = 0; i < fill->count; i++) {
    shown_bytes += fill->stacks[i].live_bytes;
  }
  out->other_bytes = out->live_bytes > shown_bytes ? out->live_bytes - shown_bytes : 0;
  return true;
}

bool seep_answer__fill_stacks(seep_answer *answer, seep_answer__blame *blame,
                              const seep_trace_analysis *analysis, uint32_t instance, seep_trace_view view,
                              const seep_answer__choice *choice, size_t *kept)
{
  const seep_answer__totals *totals = &blame->totals[view];
  size_t most = choice->maximum_stacks < totals->count ? choice->maximum_stacks : totals->count;
  filling fill = {.answer = answer, .blame = blame, .view_bytes = answer->views[view].live_bytes};
  *kept = SIZE_MAX;
  if (most == 0) {
    answer->views[view].other_bytes = answer->views[view].live_bytes;
    return true;
  }
  fill.sites = calloc(most, sizeof *fill.sites);
  if (fill.sites == NULL) {
    return false;
  }
  choose(&fill, totals, choice, most, kept);
  bool done = run(answer, &fill, analysis, instance, view);
  free(fill.sites);
  return done;
}
