/*
 * Makes an answer of a finished analysis: lists the processes, chooses one, sums up all of its stacks, takes
 * down the largest, names the culprit. What the steps do is in the answer_* files beside this one.
 */
#include "trace/answer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "trace/answer_internal.h"
#include "base/sort.h"

#define NAME_BYTES 512u
#define PATH_BYTES 2048u

static int64_t duration_of(const seep_trace_header *header, const seep_trace_merged *merged)
{
  bool has_clock = seep_trace_elapsed_ms(header, 0, UINT64_MAX) > 0;
  if (!has_clock || merged->last_ticks < merged->first_ticks) {
    return -1;
  }
  return seep_trace_elapsed_ms(header, merged->first_ticks, merged->last_ticks);
}

/* ---- modules ---- */

/* A place of the sums and what decides where its module stands in the list. */
typedef struct listed {
  uint64_t steady_bytes, blamed_bytes, inclusive_bytes;
  uint32_t place;
} listed;

static_assert(sizeof(listed) <= SEEP_SORT_ITEM_BYTES, "sorted in place");

static bool worse(const void *a, const void *b)
{
  const listed *x = a;
  const listed *y = b;
  if (x->steady_bytes != y->steady_bytes) {
    return x->steady_bytes > y->steady_bytes;
  }
  if (x->blamed_bytes != y->blamed_bytes) {
    return x->blamed_bytes > y->blamed_bytes;
  }
  return x->inclusive_bytes != y->inclusive_bytes ? x->inclusive_bytes > y->inclusive_bytes
                                                  : x->place < y->place;
}

static bool fill_module(seep_answer *answer, const seep_answer__blame *blame, uint32_t place,
                        seep_answer_module *out)
{
  const seep_trace_module *module = seep_trace_modules_at(blame->modules, blame->used[place]);
  const char *path = module->dos_path[0] != '\0' ? module->dos_path : module->path;
  *out = (seep_answer_module){.name = seep_answer__text(answer, module->name, NAME_BYTES),
                              .path = seep_answer__text(answer, path, PATH_BYTES),
                              .company = seep_answer__text(answer, module->company, NAME_BYTES),
                              .product = seep_answer__text(answer, module->product, NAME_BYTES),
                              .description = seep_answer__text(answer, module->description, NAME_BYTES),
                              .file_version = seep_answer__text(answer, module->file_version, NAME_BYTES),
                              .size_bytes = module->size_bytes,
                              .timestamp = module->timestamp,
                              .has_pdb = module->has_pdb,
                              .pdb_age = module->pdb_age,
                              .pdb_name = seep_answer__text(answer, module->pdb_name, NAME_BYTES),
                              .is_runtime = seep_culprit_is_runtime(module->name)};
  memcpy(out->pdb_guid, module->pdb_guid, sizeof out->pdb_guid);
  for (size_t view = 0; view < SEEP_TRACE_VIEWS; view++) {
    const seep_answer__sums *sums = &blame->sums[view][place];
    out->views[view].blamed_bytes = sums->blamed_bytes;
    out->views[view].blamed_count = sums->blamed_count;
    out->views[view].inclusive_bytes = sums->inclusive_bytes;
    out->views[view].steady_bytes = sums->steady_bytes;
  }
  return out->name != NULL && out->path != NULL && out->company != NULL && out->product != NULL &&
         out->description != NULL && out->file_version != NULL && out->pdb_name != NULL;
}

/* The worst first, by the view that the process is judged by. */
static bool fill_modules(seep_answer *answer, seep_answer__blame *blame, seep_trace_view primary)
{
  size_t count = blame->used_count;
  listed *list = calloc(count + 1, sizeof *list);
  seep_answer_module *modules = seep_answer__take(answer, count, sizeof *modules);
  bool done = list != NULL && modules != NULL;
  for (size_t i = 0; i < count && done; i++) {
    const seep_answer__sums *sums = &blame->sums[primary][i];
    list[i] = (listed){.steady_bytes = sums->steady_bytes,
                       .blamed_bytes = sums->blamed_bytes,
                       .inclusive_bytes = sums->inclusive_bytes,
                       .place = (uint32_t)i};
  }
  if (done) {
    seep_sort(list, count, sizeof *list, worse);
  }
  for (size_t i = 0; i < count && done; i++) {
    blame->shown[list[i].place] = (uint32_t)i;
    done = fill_module(answer, blame, list[i].place, &modules[i]);
  }
  free(list);
  answer->modules = done ? modules : NULL;
  answer->module_count = done ? count : 0;
  return done;
}

/* ---- one process ---- */

static void fill_view(seep_answer *answer, const seep_answer__blame *blame,
                      const seep_trace_instance *instance, seep_trace_view view)
{
  seep_answer_view *out = &answer->views[view];
  const seep_answer__totals *totals = &blame->totals[view];
  out->has_events = seep_answer__has_events(instance, view);
  out->allocations = instance->views[view].allocations;
  out->allocated_bytes = instance->views[view].allocated_bytes;
  out->frees = instance->views[view].frees;
  out->freed_bytes = instance->views[view].freed_bytes;
  out->live_count = instance->views[view].live_count;
  out->live_bytes = instance->views[view].live_bytes;
  out->unknown_frees = instance->views[view].unknown_frees;
  out->unknown_freed_bytes = instance->views[view].unknown_freed_bytes;
  out->odd = instance->views[view].odd;
  out->steady_bytes = totals->steady_bytes;
  out->all_stacks = totals->all_sites;
  memcpy(out->live_curve, totals->curve, sizeof out->live_curve);
  out->pattern =
      seep_answer__growth_of(&blame->window, out->live_bytes, totals->curve, totals->kept, false).pattern;
  for (size_t i = 0; i < SEEP_BUCKETS; i++) {
    out->bucket_bytes[i] = blame->sums[view][SEEP_ANSWER__MODULES + i].blamed_bytes;
    out->bucket_count[i] = blame->sums[view][SEEP_ANSWER__MODULES + i].blamed_count;
  }
}

static seep_answer__choice choice_of(const seep_answer_options *options)
{
  size_t most = options->maximum_stacks > 0 ? options->maximum_stacks : SEEP_ANSWER_STACKS;
  return (seep_answer__choice){.maximum_stacks =
                                   most < SEEP_ANSWER_STACKS_MAXIMUM ? most : SEEP_ANSWER_STACKS_MAXIMUM,
                               .minimum_bytes = options->minimum_bytes,
                               .keep = SEEP_ANSWER__KEYS};
}

static bool detail(seep_answer *answer, seep_answer__blame *blame, const seep_trace_analysis *analysis,
                   uint32_t index, const seep_answer_options *options)
{
  const seep_trace_instance *instance = seep_trace_analysis_instance(analysis, index);
  uint64_t steady_bytes[SEEP_TRACE_VIEWS];
  for (seep_trace_view view = 0; view < SEEP_TRACE_VIEWS; view++) {
    if (!seep_answer__blame_view(blame, analysis, index, view)) {
      return false;
    }
    fill_view(answer, blame, instance, view);
    steady_bytes[view] = answer->views[view].steady_bytes;
  }
  seep_trace_view primary = seep_answer__primary_view(instance, steady_bytes);
  if (!fill_modules(answer, blame, primary)) {
    return false;
  }
  seep_answer__key worst = seep_answer__worst(blame, primary);
  seep_answer__accuse(answer, blame, primary, worst);
  for (seep_trace_view view = 0; view < SEEP_TRACE_VIEWS; view++) {
    seep_answer__choice choice = choice_of(options);
    size_t kept;
    choice.keep = view == primary ? worst : choice.keep;
    if (!seep_answer__fill_stacks(answer, blame, analysis, index, view, &choice, &kept)) {
      return false;
    }
    answer->culprit.stack = view == primary ? kept : answer->culprit.stack;
  }
  return true;
}

static bool detail_process(seep_answer *answer, const seep_trace_analysis *analysis, uint32_t index,
                           const seep_answer_options *options)
{
  const seep_trace_instance *instance = seep_trace_analysis_instance(analysis, index);
  answer->commit_at_end_bytes = instance->commit_at_end_bytes;
  answer->has_process = seep_answer__has_events(instance, SEEP_TRACE_VIEW_VIRTUAL) ||
                        seep_answer__has_events(instance, SEEP_TRACE_VIEW_HEAP);
  if (!seep_answer__describe_process(answer, instance, &answer->process)) {
    return false;
  }
  seep_answer__window window = seep_answer__instance_window(answer, instance);
  seep_answer__blame *blame = malloc(sizeof *blame);
  if (blame == NULL) {
    return false;
  }
  bool done =
      seep_answer__blame_init(blame, analysis, &window) && detail(answer, blame, analysis, index, options);
  seep_answer__blame_fini(blame);
  free(blame);
  return done;
}

static void begin(seep_answer *answer, const seep_trace_analysis *analysis, const seep_trace_header *header,
                  const seep_trace_merged *merged)
{
  *answer = (seep_answer){.header = *header, .merged = *merged};
  if (seep_trace_analysis_last_ticks(analysis) < merged->last_ticks) { /* it does not believe a later one */
    answer->merged.last_ticks = seep_trace_analysis_last_ticks(analysis);
  }
  answer->duration_ms = duration_of(header, &answer->merged);
  answer->process.name = "";
  answer->culprit.module = SEEP_TRACE_NO_MODULE;
  answer->culprit.bucket = SEEP_BUCKET_NO_STACK;
  answer->culprit.stack = SIZE_MAX;
}

seep_status seep_answer_make(seep_answer *answer, const seep_trace_analysis *analysis,
                             const seep_trace_header *header, const seep_trace_merged *merged,
                             const seep_answer_options *options)
{
  begin(answer, analysis, header, merged);
  answer->losses = *seep_trace_analysis_losses(analysis);
  if (!seep_answer__list_processes(answer, analysis)) {
    return SEEP_NO_MEMORY;
  }
  uint32_t index = seep_answer__choose_process(answer, analysis, options);
  if (index == UINT32_MAX) {
    bool is_asked = options->has_pid || options->process_name != NULL;
    return is_asked ? SEEP_NOT_FOUND : SEEP_OK;
  }
  return detail_process(answer, analysis, index, options) ? SEEP_OK : SEEP_NO_MEMORY;
}
