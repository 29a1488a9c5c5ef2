/*
 * Goes through every site of a process once and sums up whom it is blamed on. Sums are kept for the modules
 * that stacks really go through: a trace can name millions of others.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/saturate.h"
#include "trace/answer_internal.h"
#include "base/sort.h"

enum { MAKER_NOT_ASKED = 0, MAKER_NO, MAKER_YES };

bool seep_answer__blame_init(seep_answer__blame *blame, const seep_trace_analysis *analysis,
                             const seep_answer__window *window)
{
  memset(blame, 0, sizeof *blame);
  blame->modules = seep_trace_analysis_modules(analysis);
  blame->window = *window;
  blame->makers = calloc(seep_trace_analysis_instances(analysis) + 1, sizeof *blame->makers);
  blame->places = calloc(seep_trace_modules_count(blame->modules) + 1, sizeof *blame->places);
  blame->used = calloc(SEEP_ANSWER__MODULES, sizeof *blame->used);
  blame->shown = calloc(SEEP_ANSWER__MODULES, sizeof *blame->shown);
  blame->stamps = calloc(SEEP_ANSWER__MODULES, sizeof *blame->stamps);
  bool done = blame->makers != NULL && blame->places != NULL && blame->used != NULL && blame->shown != NULL &&
              blame->stamps != NULL;
  for (size_t view = 0; view < SEEP_TRACE_VIEWS; view++) {
    blame->sums[view] = calloc(SEEP_ANSWER__KEYS, sizeof *blame->sums[view]);
    done = done && blame->sums[view] != NULL;
  }
  return done;
}

void seep_answer__blame_fini(seep_answer__blame *blame)
{
  free(blame->makers);
  free(blame->places);
  free(blame->used);
  free(blame->shown);
  free(blame->stamps);
  for (size_t view = 0; view < SEEP_TRACE_VIEWS; view++) {
    free(blame->sums[view]);
    free(blame->totals[view].candidates);
  }
}

/* Its place in the sums; false: there are too many. */
static bool place_of(seep_answer__blame *blame, uint32_t module, uint32_t *place)
{
  if (blame->places[module] == 0) {
    if (blame->used_count >= SEEP_ANSWER__MODULES) {
      return false;
    }
    blame->used[blame->used_count++] = module;
    blame->places[module] = (uint32_t)blame->used_count;
  }
  *place = blame->places[module] - 1;
  return true;
}

static seep_answer__key bucket_key(seep_answer_bucket bucket)
{
  return SEEP_ANSWER__MODULES + (seep_answer__key)bucket;
}

static seep_answer__key key_of(seep_answer__blame *blame, const seep_placed_frame *culprit)
{
  uint32_t place;
  if (culprit->place == SEEP_FRAME_MODULE && place_of(blame, culprit->module, &place)) {
    return place;
  }
  return bucket_key(culprit->place == SEEP_FRAME_MANAGED ? SEEP_BUCKET_MANAGED : SEEP_BUCKET_UNKNOWN);
}

/* Of a stack that nobody on it is to blame for. */
static seep_answer_bucket nobody(const seep_placed_frame *placed, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (placed[i].place != SEEP_FRAME_KERNEL) {
      return SEEP_BUCKET_RUNTIME;
    }
  }
  return SEEP_BUCKET_KERNEL;
}

static bool makes_code(seep_answer__blame *blame, uint32_t instance)
{
  uint8_t *known = &blame->makers[instance];
  if (*known == MAKER_NOT_ASKED) {
    *known = seep_culprit_makes_code(blame->modules, instance) ? MAKER_YES : MAKER_NO;
  }
  return *known == MAKER_YES;
}

size_t seep_answer__blame_site(seep_answer__blame *blame, const seep_trace_site *site, size_t *culprit,
                               seep_answer__key *key)
{
  size_t count =
      site->frame_count < SEEP_TRACE_MAXIMUM_FRAMES ? site->frame_count : SEEP_TRACE_MAXIMUM_FRAMES;
  bool has_stack = site->kind == SEEP_TRACE_SITE_STACK || site->kind == SEEP_TRACE_SITE_KERNEL_ONLY;
  *culprit = SEEP_CULPRIT_NONE;
  *key = bucket_key(SEEP_BUCKET_NO_STACK);
  if (!has_stack || count == 0) {
    return 0;
  }
  seep_culprit_place(blame->modules, site->frames_of, makes_code(blame, site->frames_of),
                     site->use.last_ticks, site->frames, count, site->pointer_bytes, blame->placed);
  if (site->kind == SEEP_TRACE_SITE_STACK) {
    *culprit = seep_culprit_find(blame->modules, blame->placed, count);
  }
  if (*culprit != SEEP_CULPRIT_NONE) {
    *key = key_of(blame, &blame->placed[*culprit]);
  } else {
    *key = bucket_key(nobody(blame->placed, count));
  }
  return count;
}

typedef struct visiting {
  seep_answer__blame *blame;
  seep_trace_view view;
  bool no_memory;
} visiting;

/* Every module on the stack, once. */
static void add_inclusive(seep_answer__blame *blame, seep_trace_view view, size_t count, uint64_t bytes)
{
  blame->stamp++;
  for (size_t i = 0; i < count; i++) {
    uint32_t place;
    if (blame->placed[i].module == SEEP_TRACE_NO_MODULE ||
        !place_of(blame, blame->placed[i].module, &place) || blame->stamps[place] == blame->stamp) {
      continue;
    }
    blame->stamps[place] = blame->stamp;
    uint64_t *sum = &blame->sums[view][place].inclusive_bytes;
    *sum = seep_saturate_add(*sum, bytes);
  }
}

static void add_curves(seep_answer__totals *totals, const uint64_t *curve, const uint64_t *kept)
{
  for (size_t i = 0; i < SEEP_TRACE_BUCKETS; i++) {
    totals->curve[i] = seep_saturate_add(totals->curve[i], curve[i]);
    totals->kept[i] = seep_saturate_add(totals->kept[i], kept[i]);
  }
}

static bool add_site(void *context, const seep_trace_site *site)
{
  visiting *visit = context;
  seep_answer__blame *blame = visit->blame;
  seep_answer__totals *totals = &blame->totals[visit->view];
  const seep_trace_use *use = &site->use;
  uint64_t curve[SEEP_TRACE_BUCKETS];
  size_t ordinal = totals->all_sites++;
  seep_answer__curve(use->change_bytes, curve);
  add_curves(totals, curve, use->kept_bytes);
  if (use->live_bytes == 0) {
    return true;
  }
  if (!seep_array_reserve((void **)&totals->candidates, &totals->capacity, totals->count + 1,
                          sizeof *totals->candidates)) {
    visit->no_memory = true;
    return false;
  }
  size_t culprit;
  seep_answer__key key;
  size_t count = seep_answer__blame_site(blame, site, &culprit, &key);
  uint64_t steady =
      seep_answer__growth_of(&blame->window, use->live_bytes, curve, use->kept_bytes, false).steady_bytes;
  seep_answer__sums *sums = &blame->sums[visit->view][key];
  sums->blamed_bytes = seep_saturate_add(sums->blamed_bytes, use->live_bytes);
  sums->blamed_count = seep_saturate_add(sums->blamed_count, use->live_count);
  sums->steady_bytes = seep_saturate_add(sums->steady_bytes, steady);
  totals->steady_bytes = seep_saturate_add(totals->steady_bytes, steady);
  add_inclusive(blame, visit->view, count, use->live_bytes);
  totals->candidates[totals->count++] = (seep_answer__candidate){
      .steady_bytes = steady, .live_bytes = use->live_bytes, .ordinal = ordinal, .key = key};
  return true;
}

static bool larger(const void *a, const void *b)
{
  const seep_answer__candidate *x = a;
  const seep_answer__candidate *y = b;
  if (x->steady_bytes != y->steady_bytes) {
    return x->steady_bytes > y->steady_bytes;
  }
  return x->live_bytes != y->live_bytes ? x->live_bytes > y->live_bytes : x->ordinal < y->ordinal;
}

static_assert(sizeof(seep_answer__candidate) <= SEEP_SORT_ITEM_BYTES, "sorted in place");

bool seep_answer__blame_view(seep_answer__blame *blame, const seep_trace_analysis *analysis,
                             uint32_t instance, seep_trace_view view)
{
  visiting visit = {.blame = blame, .view = view};
  seep_trace_analysis_sites(analysis, instance, view, add_site, &visit);
  seep_answer__totals *totals = &blame->totals[view];
  seep_sort(totals->candidates, totals->count, sizeof *totals->candidates, larger);
  return !visit.no_memory;
}
