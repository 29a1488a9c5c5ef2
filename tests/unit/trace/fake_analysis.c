#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/trace/fake_analysis.h"

#include <stdlib.h>
#include <string.h>

#define BEGAN UINT64_C(5000000)

seep_trace_analysis *fake_new(int64_t duration_ms)
{
  seep_trace_analysis *fake = calloc(1, sizeof *fake);
  assert_non_null(fake);
  fake->sites = calloc(FAKE_SITES, sizeof *fake->sites);
  fake->modules = seep_trace_modules_new(NULL);
  assert_non_null(fake->sites);
  assert_non_null(fake->modules);
  fake->header.clock_type = 1;
  fake->header.frequency_hz = 1000;
  fake->merged.first_ticks = BEGAN;
  fake->merged.last_ticks = BEGAN + (uint64_t)duration_ms;
  return fake;
}

void fake_free(seep_trace_analysis *fake)
{
  seep_trace_modules_free(fake->modules);
  free(fake->sites);
  free(fake);
}

uint32_t fake_instance(seep_trace_analysis *fake, uint32_t pid, const char *name)
{
  assert_true(fake->instance_count < FAKE_INSTANCES);
  fake->instances[fake->instance_count] = (seep_trace_instance){
      .pid = pid, .name = name, .from_ticks = BEGAN, .to_ticks = fake->merged.last_ticks};
  return (uint32_t)fake->instance_count++;
}

fake_site *fake_stack(seep_trace_analysis *fake, uint32_t instance, seep_trace_view view,
                      const uint64_t *frames, size_t count)
{
  assert_true(fake->site_count < FAKE_SITES && count <= FAKE_FRAMES);
  fake_site *made = &fake->sites[fake->site_count++];
  made->site = (seep_trace_site){.kind = SEEP_TRACE_SITE_STACK,
                                 .owner = instance,
                                 .frames_of = instance,
                                 .frames = made->frames,
                                 .frame_count = count,
                                 .pointer_bytes = 8,
                                 .view = view};
  memcpy(made->frames, frames, count * sizeof *frames);
  made->shape.random = fake->site_count * UINT64_C(0x9E3779B97F4A7C15);
  made->shape.last_ticks = fake->merged.last_ticks - BEGAN;
  return made;
}

fake_site *fake_stackless(seep_trace_analysis *fake, uint32_t instance, seep_trace_view view,
                          seep_trace_site_kind kind)
{
  const uint64_t none = 0;
  fake_site *made = fake_stack(fake, instance, view, &none, 0);
  made->site.kind = kind;
  return made;
}

static void sum_up(seep_trace_analysis *fake, fake_site *one)
{
  one->site.use = one->shape.use;
  seep_trace_use *use = &one->site.use;
  use->first_ticks += BEGAN;
  use->last_ticks += BEGAN;
  seep_trace_instance *owner = &fake->instances[one->site.owner];
  owner->views[one->site.view].allocations += use->allocations;
  owner->views[one->site.view].allocated_bytes += use->allocated_bytes;
  owner->views[one->site.view].frees += use->frees;
  owner->views[one->site.view].freed_bytes += use->freed_bytes;
  owner->views[one->site.view].live_count += use->live_count;
  owner->views[one->site.view].live_bytes += use->live_bytes;
}

seep_status fake_answer(seep_trace_analysis *fake, const seep_answer_options *options, seep_answer *answer)
{
  for (size_t i = 0; i < fake->instance_count; i++) {
    for (size_t view = 0; view < SEEP_TRACE_VIEWS; view++) {
      uint64_t odd = fake->instances[i].views[view].odd;
      memset(&fake->instances[i].views[view], 0, sizeof fake->instances[i].views[view]);
      fake->instances[i].views[view].odd = odd;
    }
  }
  for (size_t i = 0; i < fake->site_count; i++) {
    sum_up(fake, &fake->sites[i]);
  }
  return seep_answer_make(answer, fake, &fake->header, &fake->merged, options);
}

/* ---- what the answer asks for ---- */

size_t seep_trace_analysis_instances(const seep_trace_analysis *analysis)
{
  return analysis->instance_count;
}

const seep_trace_instance *seep_trace_analysis_instance(const seep_trace_analysis *analysis, uint32_t index)
{
  return &analysis->instances[index];
}

void seep_trace_analysis_sites(const seep_trace_analysis *analysis, uint32_t instance, seep_trace_view view,
                               seep_trace_site_visit visit, void *context)
{
  for (size_t i = 0; i < analysis->site_count; i++) {
    seep_trace_site lent = analysis->sites[i].site;
    if (lent.owner == instance && lent.view == view && !visit(context, &lent)) {
      return;
    }
  }
}

const seep_trace_modules *seep_trace_analysis_modules(const seep_trace_analysis *analysis)
{
  return analysis->modules;
}

const seep_trace_losses *seep_trace_analysis_losses(const seep_trace_analysis *analysis)
{
  return &analysis->losses;
}

uint64_t seep_trace_analysis_last_ticks(const seep_trace_analysis *analysis)
{
  return analysis->merged.last_ticks;
}
