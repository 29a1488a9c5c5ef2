#include "unit/trace/made_trace.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/merge.h"

#define SHOWN_MISTAKES 12u

void made_trace_make(made_trace *made, const etl_scenario_options *options)
{
  memset(made, 0, sizeof *made);
  made->options = *options;
  assert_true(etl_scenario_make(options, memory_file_write, &made->file, &made->answer));
  assert_int_equal(made->file.size, made->answer.file_bytes);
}

void made_trace_free(made_trace *made)
{
  etl_scenario_answer_free(&made->answer);
  memory_file_free(&made->file);
}

static size_t buffer_bytes_at(const memory_file *file, size_t offset)
{
  const uint8_t *at = file->bytes + offset;
  return at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

void made_trace_turn(made_trace *made, size_t shift)
{
  memory_file turned = memory_file_copy(made->file.bytes, made->file.size);
  size_t header = buffer_bytes_at(&made->file, 0);
  size_t first = header;
  assert_non_null(turned.bytes);
  for (size_t i = 0; i < shift && first < made->file.size; i++) {
    first += buffer_bytes_at(&made->file, first);
  }
  memcpy(turned.bytes + header, made->file.bytes + first, made->file.size - first);
  memcpy(turned.bytes + header + (made->file.size - first), made->file.bytes + header, first - header);
  memory_file_free(&made->file);
  made->file = turned;
}

/* A copy of the header buffer's bytes, as a buffer without records. */
void made_trace_pad(made_trace *made)
{
  size_t size = buffer_bytes_at(&made->file, 0);
  size_t at = made->file.size;
  uint8_t *copy = malloc(size);
  assert_non_null(copy);
  memcpy(copy, made->file.bytes, size);
  assert_true(memory_file_write(&made->file, at, copy, size));
  memory_file_put(&made->file, at + 0x30, 0x48, 4);
  memory_file_put(&made->file, at + 0x18, 99999, 8);
  memory_file_put(&made->file, at + 0x36, 0, 2);
  free(copy);
}

void made_trace_cut(made_trace *made)
{
  memory_file cut = memory_file_copy(made->file.bytes, made->file.size - 100);
  memory_file_free(&made->file);
  made->file = cut;
}

/* ---- reading ---- */

void made_reading_read(made_reading *reading, const made_trace *made, size_t limit_bytes, uint32_t only_pid)
{
  seep_trace_filter filter;
  seep_error error;
  memset(reading, 0, sizeof *reading);
  reading->budget.limit_bytes = limit_bytes;
  reading->only_pid = only_pid;
  seep_trace_analysis_options options = {
      .has_pid = only_pid != 0, .pid = only_pid, .budget = &reading->budget};
  seep_trace_merge_options merge = {.filter = &filter, .budget = &reading->budget};
  reading->analysis = seep_trace_analysis_new(&options);
  assert_non_null(reading->analysis);
  seep_trace_filter_init(&filter);
  seep_trace_analysis_filter(&filter);
  assert_int_equal(seep_trace_merge(made->file.bytes, made->file.size, &merge, seep_trace_analysis_begin,
                                    seep_trace_analysis_visit, reading->analysis, &reading->merged, &error),
                   SEEP_OK);
  assert_int_equal(seep_trace_analysis_finish(reading->analysis, &reading->merged, &error), SEEP_OK);
}

void made_reading_free(made_reading *reading)
{
  seep_trace_analysis_free(reading->analysis);
  memset(reading, 0, sizeof *reading);
}

/* ---- comparing ---- */

typedef struct comparison {
  const made_trace *made;
  unsigned process; /* of the made trace */
  unsigned view;
  etl_ledger_use *found; /* by site */
  size_t *times;         /* by site: how often it came */
  size_t mistakes;
} comparison;

static void mistake(comparison *self, const char *what, const char *where, uint64_t expected, uint64_t found)
{
  if (expected != found) {
    self->mistakes++;
    if (self->mistakes <= SHOWN_MISTAKES) {
      print_message("seed %" PRIu64 ", %s, view %u, %s: %s is %" PRIu64 ", must be %" PRIu64 "\n",
                    self->made->options.seed, self->made->answer.processes[self->process].name, self->view,
                    where, what, found, expected);
    }
  }
}

/* The site whose frames these are; those without a whole stack are one per view and reason. */
static size_t site_of(const comparison *self, const seep_trace_site *site)
{
  bool is_stack = site->kind == SEEP_TRACE_SITE_STACK;
  etl_scenario_stack_kind kind = is_stack                                    ? ETL_SCENARIO_STACK
                                 : site->kind == SEEP_TRACE_SITE_KERNEL_ONLY ? ETL_SCENARIO_KERNEL_ONLY
                                                                             : ETL_SCENARIO_LOST;
  for (size_t i = 0; i < self->made->answer.site_count; i++) {
    const etl_scenario_site *known = &self->made->answer.sites[i];
    bool is_same = known->process == self->process && known->view == self->view && known->kind == kind;
    if (is_same &&
        (!is_stack || (known->frame_count == site->frame_count && known->is_remote == site->is_remote &&
                       memcmp(known->frames, site->frames, sizeof *site->frames * site->frame_count) == 0))) {
      return i;
    }
  }
  return SIZE_MAX;
}

static bool on_site(void *context, const seep_trace_site *site)
{
  comparison *self = context;
  size_t index = site_of(self, site);
  if (index == SIZE_MAX) {
    mistake(self, "bytes of a stack that nobody has", "", 0, site->use.live_bytes + 1);
    return true;
  }
  etl_ledger_use *found = &self->found[index];
  if (++self->times[index] > 1 && site->kind == SEEP_TRACE_SITE_STACK) {
    mistake(self, "times that one stack comes", self->made->answer.sites[index].behaviour, 1,
            self->times[index]);
  }
  found->live_bytes += site->use.live_bytes;
  found->live_count += site->use.live_count;
  found->allocations += site->use.allocations;
  found->allocated_bytes += site->use.allocated_bytes;
  found->freed_bytes += site->use.freed_bytes;
  return true;
}

static void compare_sites(comparison *self, const made_reading *reading, uint32_t instance)
{
  memset(self->found, 0, self->made->answer.site_count * sizeof *self->found);
  memset(self->times, 0, self->made->answer.site_count * sizeof *self->times);
  seep_trace_analysis_sites(reading->analysis, instance, (seep_trace_view)self->view, on_site, self);
  for (size_t i = 0; i < self->made->answer.site_count; i++) {
    const etl_scenario_site *known = &self->made->answer.sites[i];
    const etl_ledger_use *found = &self->found[i];
    if (known->process != self->process || known->view != self->view) {
      continue;
    }
    mistake(self, "live_bytes", known->behaviour, known->use.live_bytes, found->live_bytes);
    mistake(self, "live_count", known->behaviour, known->use.live_count, found->live_count);
    mistake(self, "allocations", known->behaviour, known->use.allocations, found->allocations);
    if (self->view == 0) { /* blocks that change their size in place are counted either way */
      mistake(self, "allocated_bytes", known->behaviour, known->use.allocated_bytes, found->allocated_bytes);
      mistake(self, "freed_bytes", known->behaviour, known->use.freed_bytes, found->freed_bytes);
    }
  }
}

static void compare_instance(comparison *self, const made_reading *reading, uint32_t index)
{
  const seep_trace_instance *found = seep_trace_analysis_instance(reading->analysis, index);
  const etl_scenario_process *known = &self->made->answer.processes[self->process];
  for (self->view = 0; self->view < 2; self->view++) {
    const etl_ledger_totals *totals = &known->totals[self->view];
    mistake(self, "live_bytes", "in all", known->live_bytes[self->view], found->views[self->view].live_bytes);
    mistake(self, "live_count", "in all", known->live_count[self->view], found->views[self->view].live_count);
    mistake(self, "unknown_frees", "in all", totals->unknown_frees, found->views[self->view].unknown_frees);
    mistake(self, "unknown_freed_bytes", "in all", totals->unknown_freed_bytes,
            found->views[self->view].unknown_freed_bytes);
    mistake(self, "odd", "in all", totals->twice, found->views[self->view].odd);
    compare_sites(self, reading, index);
  }
  mistake(self, "began_here", "", known->began_here, found->began_here);
  mistake(self, "ended_here", "", known->ended_here, found->ended_here);
  mistake(self, "is_wow64", "", known->is_wow64, found->is_wow64);
  mistake(self, "commit_at_end", "", known->ended_here ? 0 : known->commit_bytes,
          known->ended_here ? 0 : found->commit_at_end_bytes);
}

static uint32_t instance_of(const made_reading *reading, const etl_scenario_process *known)
{
  for (uint32_t i = 0; i < seep_trace_analysis_instances(reading->analysis); i++) {
    const seep_trace_instance *found = seep_trace_analysis_instance(reading->analysis, i);
    if (found->pid == known->pid && strcmp(found->name, known->name) == 0) {
      return i;
    }
  }
  return UINT32_MAX;
}

size_t made_reading_compare(const made_reading *reading, const made_trace *made)
{
  comparison self = {.made = made};
  const seep_trace_losses *losses = seep_trace_analysis_losses(reading->analysis);
  self.found = calloc(made->answer.site_count, sizeof *self.found);
  self.times = calloc(made->answer.site_count, sizeof *self.times);
  assert_non_null(self.found);
  assert_non_null(self.times);
  for (self.process = 0; self.process < made->answer.process_count; self.process++) {
    if (reading->only_pid != 0 && reading->only_pid != made->answer.processes[self.process].pid) {
      continue;
    }
    uint32_t instance = instance_of(reading, &made->answer.processes[self.process]);
    mistake(&self, "missing", "", 0, instance == UINT32_MAX);
    if (instance != UINT32_MAX) {
      compare_instance(&self, reading, instance);
    }
  }
  self.process = 0;
  if (reading->only_pid == 0) {
    mistake(&self, "instances", "", made->answer.process_count,
            seep_trace_analysis_instances(reading->analysis));
  }
  mistake(&self, "malformed", "", 0, losses->malformed);
  mistake(&self, "bad buffers", "", 0, reading->merged.summary.bad_buffers);
  mistake(&self, "bad records", "", 0, reading->merged.summary.bad_records);
  mistake(&self, "late records", "", 0, reading->merged.late_records);
  mistake(&self, "buffers lost", "", made->answer.buffers_lost, reading->merged.summary.header.buffers_lost);
  mistake(&self, "events lost", "", made->answer.events_lost, reading->merged.summary.header.events_lost);
  free(self.found);
  free(self.times);
  return self.mistakes;
}
