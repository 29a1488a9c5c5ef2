/*
 * Who is in a scenario and when their turn comes. What comes of it is only ever told to the stage, which
 * keeps the ledger.
 */
#include "standin/etl_scenario.h"

#include <stdlib.h>
#include <string.h>

#include "standin/etl_play.h"
#include "standin/etl_xpress.h"

#define START_FILETIME UINT64_C(133480000000000000)
#define TICKS_PER_MS 10000u
#define MAXIMUM_PROCESSES 8u
#define MAXIMUM_STACKS 20000u
#define PID_USED_AGAIN 7340u

static const etl_plan plans[] = {{"leak", ETL_HABIT_KEEP, 0, 1, 50, 6, 16, false},
                                 {"small leak", ETL_HABIT_KEEP, 0, 3, 8, 1, 2, false},
                                 {"transient", ETL_HABIT_TRANSIENT, 0, 0, 240, 1, 16, false},
                                 {"warm-up", ETL_HABIT_EARLY, 0, 2, 90, 1, 8, false},
                                 {"cache", ETL_HABIT_REPLACE, 0, 2, 120, 1, 4, false},
                                 {"late burst", ETL_HABIT_LATE, 0, 0, 90, 1, 4, false},
                                 {"stairs", ETL_HABIT_STAIRS, 0, 3, 60, 1, 2, false},
                                 {"pieces", ETL_HABIT_PIECES, 0, 2, 80, 1, 40, false},
                                 {"committed again", ETL_HABIT_AGAIN, 0, 0, 25, 1, 40, false},
                                 {"before the trace", ETL_HABIT_BEFORE, 0, 0, 12, 1, 16, false},
                                 {"from outside", ETL_HABIT_KEEP, 0, 1, 4, 1, 1, true},
                                 {"leak", ETL_HABIT_KEEP, 1, 1, 90, 200, 480, false},
                                 {"small leak", ETL_HABIT_KEEP, 1, 3, 20, 16, 64, false},
                                 {"transient", ETL_HABIT_TRANSIENT, 1, 0, 500, 16, 480, false},
                                 {"warm-up", ETL_HABIT_EARLY, 1, 2, 150, 16, 300, false},
                                 {"cache", ETL_HABIT_REPLACE, 1, 2, 250, 16, 200, false},
                                 {"late burst", ETL_HABIT_LATE, 1, 0, 150, 16, 200, false},
                                 {"stairs", ETL_HABIT_STAIRS, 1, 3, 80, 16, 64, false},
                                 {"resize", ETL_HABIT_RESIZE, 1, 0, 120, 16, 200, false},
                                 {"own heap", ETL_HABIT_DESTROY, 1, 2, 60, 16, 200, false},
                                 {"before the trace", ETL_HABIT_BEFORE, 1, 0, 30, 16, 64, false},
                                 {"allocated twice", ETL_HABIT_TWICE, 1, 3, 3, 16, 64, false}};
#define PLANS (sizeof plans / sizeof plans[0])

/* What its parent writes into a process before it starts. */
static const etl_plan by_parent = {"by its parent", ETL_HABIT_KEEP, 0, 0, 0, 1, 4, true};

/* More transient sites than there are plans, when asked for. */
static const etl_plan more_stacks[2] = {{"transient", ETL_HABIT_TRANSIENT, 0, 2, 400, 1, 8, false},
                                        {"transient", ETL_HABIT_TRANSIENT, 1, 2, 800, 16, 300, false}};

static void check(etl_play *self, bool done)
{
  self->failed = self->failed || !done;
}

/* ---- the cast ---- */

static void add_actor(etl_play *self, unsigned process, const etl_plan *what)
{
  etl_actor *who = &self->actors[self->actor_count++];
  uint64_t limit = self->stage.options.events / 400 + 2;
  who->plan = what;
  who->process = process;
  who->site =
      etl_stage_add_site(&self->stage, process, what->view, what->behaviour, what->program, what->is_remote);
  who->held_limit = (unsigned)(limit < ETL_PLAY_HELD ? limit : ETL_PLAY_HELD);
  who->held_limit = what->what == ETL_HABIT_TRANSIENT && who->held_limit > 8 ? 8 : who->held_limit;
  bool holds = what->what == ETL_HABIT_TRANSIENT || what->what == ETL_HABIT_REPLACE ||
               what->what == ETL_HABIT_RESIZE || what->what == ETL_HABIT_TWICE;
  who->held = holds ? calloc(ETL_PLAY_HELD, sizeof *who->held) : NULL;
  self->failed = self->failed || (holds && who->held == NULL);
}

static bool is_wanted(const etl_play *self, unsigned process, const etl_plan *what)
{
  unsigned view_bit = what->view == 0 ? ETL_SCENARIO_VIRTUAL : ETL_SCENARIO_HEAP;
  bool is_here = !what->is_remote || (process == 0 && self->process_count > 1);
  return is_here && ((unsigned)self->stage.options.kind & view_bit) != 0;
}

static void give_life(etl_play *self, unsigned process)
{
  const etl_stage_process *body = &self->stage.processes[process];
  bool is_narrow = body->shown.is_wow64;
  etl_places *pages = &self->lives[process].pages;
  pages->base = body->pages_base + (uint64_t)ETL_PLAY_REGIONS * ETL_PLAY_REGION_PAGES * ETL_PLAY_PAGE;
  /* As VirtualAlloc does; a 32-bit process that does much would soon have no addresses left. */
  bool is_tight = is_narrow && self->stage.options.events > 100000;
  pages->stride = is_tight ? 2 * ETL_PLAY_PAGE : 16 * ETL_PLAY_PAGE;
  pages->limit = is_tight ? 88000 : (is_narrow ? 11000 : 8000000);
  for (unsigned i = 0; i < ETL_LEDGER_HEAPS; i++) {
    etl_places *blocks = &self->lives[process].blocks[i];
    blocks->base = body->heap_bases[i];
    blocks->stride = ETL_LEDGER_BLOCK_STRIDE;
    blocks->limit = i == 1 ? 4096 : (is_narrow ? 1500000 : 8000000);
  }
  etl_stage_cast_sites(&self->stage, process);
  self->lives[process].first_actor = self->actor_count;
  for (size_t i = 0; i < PLANS; i++) {
    if (is_wanted(self, process, &plans[i])) {
      add_actor(self, process, &plans[i]);
      self->lives[process].weight += plans[i].weight;
    }
  }
  self->lives[process].actor_count = self->actor_count - self->lives[process].first_actor;
  if (body->from > 0 && is_wanted(self, 0, &plans[0])) {
    add_actor(self, process, &by_parent);
  }
}

/* All at the same turn: they are many, and their turns are few. */
static void add_more_stacks(etl_play *self)
{
  self->lives[0].more_count = self->stage.options.stacks;
  for (unsigned view = 0; view < 2; view++) {
    self->lives[0].more_first[view] = self->actor_count;
    for (unsigned i = 0; is_wanted(self, 0, &more_stacks[view]) && i < self->stage.options.stacks; i++) {
      add_actor(self, 0, &more_stacks[view]);
    }
  }
}

static bool allocate(etl_play *self)
{
  const etl_scenario_options *options = &self->stage.options;
  size_t most = (ETL_PLAY_PROCESSES) * (PLANS + 4) + 2 * (size_t)options->stacks;
  self->actors = calloc(most, sizeof *self->actors);
  self->stage.sites = calloc(most, sizeof *self->stage.sites);
  self->stage.uses = calloc(most, sizeof *self->stage.uses);
  self->stage.processes = calloc(ETL_PLAY_PROCESSES, sizeof *self->stage.processes);
  return self->actors != NULL && self->stage.sites != NULL && self->stage.uses != NULL &&
         self->stage.processes != NULL;
}

static void cast(etl_play *self)
{
  static const char *const names[MAXIMUM_PROCESSES] = {"inventory.exe", "w3wp.exe",   "sqlservr.exe",
                                                       "spooler.exe",   "mailer.exe", "indexer.exe",
                                                       "gateway.exe",   "monitor.exe"};
  const etl_scenario_options *options = &self->stage.options;
  etl_stage_cast(&self->stage, self->process_count++, "orders.exe", 4312, 0, 2);
  for (unsigned i = 0; i < options->processes; i++) {
    etl_stage_cast(&self->stage, self->process_count++, names[i], 5000 + 36 * i, 0, 2);
  }
  if (!options->is_tidy && options->processes > 0) {
    etl_stage_cast(&self->stage, self->process_count++, "batch.exe", PID_USED_AGAIN, 0.1, 0.35);
    etl_stage_cast(&self->stage, self->process_count++, "report.exe", PID_USED_AGAIN, 0.5, 2);
    etl_stage_cast(&self->stage, self->process_count++, "gone.exe", 9120, 0, 0.7);
  }
  self->stage.process_count = self->process_count;
  for (unsigned i = 0; i < self->process_count; i++) {
    give_life(self, i);
  }
  add_more_stacks(self);
}

/* ---- the play ---- */

static etl_actor *whose_turn(etl_play *self, unsigned process)
{
  const etl_actor *first = &self->actors[self->lives[process].first_actor];
  unsigned more[2] = {0, 0};
  for (unsigned view = 0; view < 2; view++) {
    bool has_more = self->lives[process].more_count > 0 && is_wanted(self, process, &more_stacks[view]);
    more[view] = has_more ? more_stacks[view].weight : 0;
  }
  uint32_t draw = etl_stage_random(&self->stage, self->lives[process].weight + more[0] + more[1]);
  for (unsigned view = 0; view < 2; view++) {
    if (draw < more[view]) {
      return &self->actors[self->lives[process].more_first[view] +
                           etl_stage_random(&self->stage, (uint32_t)self->lives[process].more_count)];
    }
    draw -= more[view];
  }
  size_t index = 0;
  while (draw >= first[index].plan->weight) {
    draw -= first[index].plan->weight;
    index++;
  }
  return &self->actors[self->lives[process].first_actor + index];
}

static void begin_process(etl_play *self, unsigned process)
{
  size_t last = self->lives[process].first_actor + self->lives[process].actor_count;
  etl_held got;
  for (unsigned i = 0; i < 3 && last < self->actor_count && self->actors[last].plan == &by_parent; i++) {
    etl_habits_obtain(self, &self->actors[last], &got);
  }
  check(self, etl_stage_begin_process(&self->stage, &self->stage.processes[process], false));
}

static void come_and_go(etl_play *self, double from, double to)
{
  for (unsigned i = 0; i < self->process_count; i++) {
    etl_stage_process *process = &self->stage.processes[i];
    if (process->from > 0 && process->from >= from && process->from < to) {
      begin_process(self, i);
    }
    if (process->is_running && process->to < to) {
      check(self, etl_stage_end_process(&self->stage, process, false));
    }
  }
}

/* Half of all is done by the process under test. */
static unsigned choose_process(etl_play *self)
{
  unsigned process =
      etl_stage_random(&self->stage, 2) == 0 ? 0 : etl_stage_random(&self->stage, self->process_count);
  return self->stage.processes[process].is_running ? process : 0;
}

static void take_turns(etl_play *self)
{
  const etl_scenario_options *options = &self->stage.options;
  uint64_t span = options->duration_ms * TICKS_PER_MS;
  uint64_t next_report = 0;
  uint64_t next_gap = options->events / 3;
  while (self->stage.events < options->events && !self->failed) {
    double before = self->progress;
    self->progress = (double)self->stage.events / (double)options->events;
    check(self,
          etl_stage_move_on(&self->stage, self->stage.start + (uint64_t)(self->progress * (double)span)));
    come_and_go(self, before, self->progress);
    if (self->stage.events >= next_report) {
      check(self, etl_stage_working_sets(&self->stage));
      next_report += options->events / 40 + 1;
    }
    if (self->stage.events >= next_gap && !options->is_tidy) {
      check(self, etl_stage_gap(&self->stage));
      next_gap += options->events / 3 + 1;
    }
    if (!etl_habits_act(self, whose_turn(self, choose_process(self))) ||
        etl_stage_random(&self->stage, 8) == 0) {
      check(self, etl_stage_background(&self->stage, 1));
    }
  }
}

static void open_stage(etl_play *self)
{
  check(self, etl_records_add_cpu(&self->stage.writer, etl_writer_ticks(&self->stage.writer, self->stage.now),
                                  self->stage.options.processors, ETL_PLAY_PAGE));
  for (unsigned i = 0; i < self->process_count; i++) {
    if (self->stage.processes[i].from <= 0) {
      check(self, etl_stage_begin_process(&self->stage, &self->stage.processes[i], true));
    }
  }
}

static void close_stage(etl_play *self)
{
  check(self,
        etl_stage_move_on(&self->stage, self->stage.start + self->stage.options.duration_ms * TICKS_PER_MS));
  for (unsigned i = 0; i < self->process_count; i++) {
    if (self->stage.processes[i].is_running) {
      check(self, etl_stage_end_process(&self->stage, &self->stage.processes[i], true));
    }
  }
  check(self, etl_stage_finish(&self->stage));
}

/* ---- all together ---- */

static void forget(etl_play *self)
{
  for (size_t i = 0; i < self->actor_count; i++) {
    free(self->actors[i].held);
  }
  for (unsigned i = 0; i < self->process_count; i++) {
    etl_ledger_fini(&self->stage.processes[i].ledger);
    free(self->lives[i].pages.free_places);
    free(self->lives[i].blocks[0].free_places);
    free(self->lives[i].blocks[1].free_places);
  }
  free(self->actors);
  free(self->stage.sites);
  free(self->stage.uses);
  free(self->stage.processes);
  self->stage.sites = NULL;
}

/* One whole telling of the story, into the writer as it stands. */
static bool tell(etl_play *self, const etl_scenario_options *options, const etl_writer *writer)
{
  memset(self, 0, sizeof *self);
  self->stage.options = *options;
  self->stage.writer = *writer;
  self->stage.start = START_FILETIME;
  self->stage.now = START_FILETIME;
  self->stage.random = options->seed * UINT64_C(0x9E3779B97F4A7C15) + UINT64_C(0x2545F4914F6CDD1D);
  self->stage.random += self->stage.random == 0;
  self->failed = !allocate(self);
  if (!self->failed) {
    cast(self);
    open_stage(self);
    take_turns(self);
    close_stage(self);
  }
  return !self->failed;
}

static const char *worst_of(const etl_scenario_answer *answer)
{
  const etl_scenario_site *worst = NULL;
  for (size_t i = 0; i < answer->site_count; i++) {
    const etl_scenario_site *site = &answer->sites[i];
    bool is_leak = site->process == 0 && strcmp(site->behaviour, "leak") == 0;
    if (is_leak && (worst == NULL || site->use.live_bytes > worst->use.live_bytes)) {
      worst = site;
    }
  }
  return worst != NULL ? worst->module : NULL;
}

static void answer_process(etl_scenario_process *out, etl_stage_process *process)
{
  *out = process->shown;
  etl_ledger_count(&process->ledger, out->live_bytes, out->live_count);
  memcpy(out->totals, process->ledger.totals, sizeof out->totals);
}

/* The sites become the answer's. */
static bool give_answer(etl_play *self, etl_scenario_answer *answer)
{
  answer->processes = calloc(self->process_count, sizeof *answer->processes);
  if (answer->processes == NULL) {
    return false;
  }
  answer->process_count = self->process_count;
  for (unsigned i = 0; i < self->process_count; i++) {
    answer_process(&answer->processes[i], &self->stage.processes[i]);
    self->failed = self->failed || self->stage.processes[i].ledger.failed;
  }
  answer->sites = self->stage.sites;
  answer->site_count = self->stage.site_count;
  self->stage.sites = NULL;
  for (size_t i = 0; i < answer->site_count; i++) {
    answer->sites[i].use = self->stage.uses[i];
  }
  answer->culprit = worst_of(answer);
  answer->memory_events = self->stage.events;
  return !self->failed;
}

static bool are_possible(const etl_scenario_options *options)
{
  return options->processors > 0 && options->processes <= MAXIMUM_PROCESSES &&
         options->stacks <= MAXIMUM_STACKS && options->kind >= ETL_SCENARIO_VIRTUAL &&
         options->kind <= ETL_SCENARIO_BOTH;
}

static bool open_writer(etl_writer *writer, const etl_scenario_options *options, etl_writer_sink sink,
                        void *context)
{
  bool has_heap = options->kind != ETL_SCENARIO_VIRTUAL;
  uint32_t mode = 0x02000001u | (options->is_raw ? 0 : 0x00010000u);
  etl_writer_settings settings = {options->buffer_bytes,
                                  options->processors,
                                  20348,
                                  mode,
                                  START_FILETIME,
                                  options->is_raw ? "NT Kernel Logger" : "Relogger"};
  etl_writer_layout layout = {.lanes = options->processors,
                              .sessions = options->kind == ETL_SCENARIO_BOTH ? 2 : 1,
                              .pack = options->is_packed ? etl_xpress_pack : NULL,
                              .first_sequence = (uint32_t)(options->seed % 3 * 900),
                              .has_old_index = options->has_old_index,
                              .group_masks = {0, 0x800000u, has_heap ? 0x20u : 0}};
  return etl_writer_open_layout(writer, &settings, &layout, sink, context);
}

void etl_scenario_defaults(etl_scenario_options *options)
{
  *options = (etl_scenario_options){.seed = 1,
                                    .events = 100000,
                                    .kind = ETL_SCENARIO_BOTH,
                                    .processors = 4,
                                    .processes = 2,
                                    .buffer_bytes = 65536,
                                    .duration_ms = 600000};
}

bool etl_scenario_make(const etl_scenario_options *options, etl_writer_sink sink, void *context,
                       etl_scenario_answer *answer)
{
  etl_writer writer;
  memset(answer, 0, sizeof *answer);
  etl_play *self = are_possible(options) ? malloc(sizeof *self) : NULL;
  if (self == NULL) {
    return false;
  }
  bool done = open_writer(&writer, options, sink, context);
  bool goes_on = done;
  while (goes_on) {
    done = tell(self, options, &writer);
    writer = self->stage.writer;
    goes_on = done && etl_writer_next_session(&writer);
    done = done && (goes_on || give_answer(self, answer));
    forget(self);
  }
  answer->events_lost = options->is_tidy ? 0 : (uint32_t)(options->seed % 5);
  answer->buffers_lost = writer.buffers_lost;
  done =
      etl_writer_close(&writer, START_FILETIME + options->duration_ms * TICKS_PER_MS, answer->events_lost) &&
      done;
  answer->buffers = writer.buffers;
  answer->file_bytes = writer.file_bytes;
  free(self);
  return done;
}

void etl_scenario_answer_free(etl_scenario_answer *answer)
{
  free(answer->processes);
  free(answer->sites);
  memset(answer, 0, sizeof *answer);
}
