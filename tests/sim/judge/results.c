#include "results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"
#include "run.h"
#include "rush.h"
#include "tables.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SEED 11u /* of the draws of this page; never one to choose constants by */
#define MOST_RUSHES 24

/* Straight leaks at one rate: whatever else goes on in them, there is a true rate to tell. */
static const char *const steady[] = {
    "fast-linear",           "medium-linear",           "slow-linear",
    "gc-rising-floor",       "slow-on-daily",           "late-onset",
    "working-week-steady",   "linear-20-mb-per-minute", "linear-2-mb-per-minute",
    "linear-12-mb-per-hour", "linear-1-mb-per-hour",    "linear-half-mb-per-hour"};

typedef struct draw {
  lab_plan plan;
  lab_outcome *outcomes;
  lab_report report;
} draw;

typedef struct results {
  unsigned jobs;
  bool shipped_only, quick;
  draw check, held_out, months, small, every_5_s, every_5_min;
  lab_rush_row rushes[MOST_RUSHES];
  size_t rush_count;
} results;

/* ---- what is run ---- */

static bool is_shipped(const judge_candidate *candidate)
{
  return strcmp(candidate->name, "shipped") == 0;
}

/* The reference detector; its variants have longer names. */
static bool is_ratchet(const judge_candidate *candidate)
{
  return strcmp(candidate->name, "ratchet") == 0;
}

static bool is_baseline(const judge_candidate *candidate)
{
  return !is_shipped(candidate) && strncmp(candidate->name, "ratchet", strlen("ratchet")) != 0;
}

/* The place of the shipped detector in a report. */
static size_t shipped_of(const lab_report *report)
{
  size_t i = 0;
  while (i + 1 < report->candidate_count && !is_shipped(report->candidates[i])) {
    i++;
  }
  return i;
}

/* Candidates and families are still to be chosen. */
static void plan_of(const results *self, lab_plan *plan, sim_set set, unsigned per_family)
{
  *plan = (lab_plan){
      .world = sim_world_usual(), .set = set, .seed = SEED, .per_family = per_family, .jobs = self->jobs};
}

/* everyone: not only the shipped detector and the reference. */
static bool run(const results *self, draw *out, lab_group *group, bool everyone)
{
  lab_plan *plan = &out->plan;
  for (size_t i = 0; i < judge_candidate_count() && plan->candidate_count < LAB_MOST_CANDIDATES; i++) {
    const judge_candidate *candidate = judge_candidate_at(i);
    if (is_shipped(candidate) || (!self->shipped_only && (everyone || is_ratchet(candidate)))) {
      plan->candidates[plan->candidate_count++] = candidate;
    }
  }
  for (uint32_t i = 0; i < sim_family_count() && plan->family_count < LAB_MOST_FAMILIES; i++) {
    if (sim_family_in_set(sim_family_at(i), plan->set) && group(sim_family_at(i))) {
      plan->families[plan->family_count++] = i;
    }
  }
  out->outcomes = lab_plan_run(plan);
  out->report = (lab_report){.outcomes = out->outcomes,
                             .count = lab_plan_outcomes(plan),
                             .candidates = plan->candidates,
                             .candidate_count = plan->candidate_count,
                             .markdown = true,
                             .no_costs = true};
  return out->outcomes != NULL;
}

static void run_rushes(results *self)
{
  static const struct {
    uint64_t limit_gib, other_gib;
    double mb_per_minute;
  } wanted[] = {{64, 20, 100.0}, {64, 20, 200.0}, {64, 20, 400.0}, {64, 20, 800.0},
                {16, 6, 100.0},  {16, 6, 200.0},  {16, 6, 400.0},  {16, 6, 800.0}};
  for (size_t i = 0; i < COUNT(wanted); i++) {
    for (size_t c = 0; c < self->check.report.candidate_count; c++) {
      const judge_candidate *candidate = self->check.report.candidates[c];
      if ((is_shipped(candidate) || is_ratchet(candidate)) && self->rush_count < MOST_RUSHES) {
        lab_rush_row *row = &self->rushes[self->rush_count++];
        row->candidate = candidate;
        row->rush = (lab_rush){.limit_gib = wanted[i].limit_gib,
                               .other_gib = wanted[i].other_gib,
                               .mb_per_minute = wanted[i].mb_per_minute};
        lab_rush_measure(candidate, &row->rush);
      }
    }
  }
}

static bool run_slow_ones(results *self)
{
  plan_of(self, &self->held_out.plan, SIM_HELD_OUT, 30);
  plan_of(self, &self->months.plan, SIM_CHECK, 40);
  self->months.plan.world.stretch = 6.0;
  plan_of(self, &self->every_5_s.plan, SIM_CHECK, 10);
  self->every_5_s.plan.world.poll_ms = 5000;
  return run(self, &self->held_out, lab_is_any, true) && run(self, &self->months, lab_is_healthy, false) &&
         run(self, &self->every_5_s, lab_is_any, false);
}

static bool run_all(results *self)
{
  plan_of(self, &self->check.plan, SIM_CHECK, 40);
  plan_of(self, &self->small.plan, SIM_CHECK, 20);
  self->small.plan.world.limit_bytes = UINT64_C(16) << 30;
  self->small.plan.world.other_bytes = UINT64_C(6) << 30;
  plan_of(self, &self->every_5_min.plan, SIM_CHECK, 40);
  self->every_5_min.plan.world.poll_ms = 300000;
  bool ok = run(self, &self->check, lab_is_any, true) && run(self, &self->small, lab_is_any, false) &&
            run(self, &self->every_5_min, lab_is_any, false) && (self->quick || run_slow_ones(self));
  if (ok) {
    run_rushes(self);
  }
  return ok;
}

/* ---- the goals ---- */

typedef struct measured {
  lab_total design, unseen, check, held_out, small, one_mb;
  lab_honesty honesty;
  size_t bytes;
} measured;

static void goal(const char *what, const char *wanted, const char *reached, bool met)
{
  lab_cell(true, 0, what);
  lab_cell(true, 0, wanted);
  lab_cell(true, 0, reached);
  lab_cell(true, 0, met ? "met" : "**not met**");
  lab_row_end(true);
}

/* One figure for the reference's families, for all of CHECK and for those never tuned with. */
static void goal_of_three(const char *what, const char *wanted, double a, double b, double c, bool met)
{
  char text[160];
  snprintf(text, sizeof text, "design %.3f, CHECK %.3f, never tuned with %.3f", a, b, c);
  goal(what, wanted, text, met);
}

static double rapid_days(const lab_total *t)
{
  return t->rapid_episodes > 0 ? t->healthy_days / (double)t->rapid_episodes : t->healthy_days;
}

static void goals_of_quality(const measured *m)
{
  char text[160];
  goal_of_three("Leak verdicts: precision", ">= 0.99", m->design.leak_precision, m->check.leak_precision,
                m->unseen.leak_precision,
                m->design.leak_precision >= 0.99 && m->check.leak_precision >= 0.99 &&
                    m->unseen.leak_precision >= 0.99);
  double a = rapid_days(&m->design), b = rapid_days(&m->check), c = rapid_days(&m->unseen);
  snprintf(text, sizeof text, "design %.0f, CHECK %.0f, never tuned with %.0f", a, b, c);
  goal("Healthy process-days for one false rapid growth", ">= 300", text, a >= 300 && b >= 300 && c >= 300);
  goal_of_three("Recall of either verdict", ">= 0.99", m->design.recall, m->check.recall, m->unseen.recall,
                m->design.recall >= 0.99 && m->check.recall >= 0.99 && m->unseen.recall >= 0.99);
  snprintf(text, sizeof text, "%u in CHECK, %u in HELD-OUT, %u on a small server", m->check.early,
           m->held_out.early, m->small.early);
  goal("Leaks called before they began", "0", text, m->check.early + m->held_out.early + m->small.early == 0);
  snprintf(text, sizeof text, "%.1f h", m->check.at_least_10_mb_per_hour.median_h);
  goal("Leaks of 10 MB/h and more, CHECK: median time to the first verdict", "< 24 h", text,
       m->check.at_least_10_mb_per_hour.median_h < 24.0);
  snprintf(text, sizeof text, "%.1f h", m->one_mb.delay.median_h);
  goal("Steady leaks of 1 MB/h: the same", "< 48 h", text, m->one_mb.delay.median_h < 48.0);
  snprintf(text, sizeof text, "%.3f in CHECK, %.3f in HELD-OUT", m->check.worst_eaten,
           m->held_out.worst_eaten);
  goal("Largest share of 44 GB of headroom gone before a leak was called", "<= 0.125", text,
       m->check.worst_eaten <= 0.125 && m->held_out.worst_eaten <= 0.125);
  snprintf(text, sizeof text, "%.1f %% of %u; rates told are off by %.1f %% (median)",
           100.0 * m->honesty.within / m->honesty.verdicts, m->honesty.verdicts,
           100.0 * m->honesty.median_error);
  goal("Steady leaks: true rate within the interval told", ">= 95 %", text,
       (double)m->honesty.within >= 0.95 * m->honesty.verdicts);
}

static void goals_of_haste(const results *self)
{
  char text[160];
  unsigned in_time = 0, series = 0;
  double slowest_min = 0.0, most_eaten = 0.0;
  for (size_t i = 0; i < self->rush_count; i++) {
    const lab_rush *r = &self->rushes[i].rush;
    if (is_shipped(self->rushes[i].candidate) && r->exhausted_min <= 240.0) {
      in_time += r->worst_min <= 15.0 ? r->called : 0;
      series += LAB_RUSH_SERIES;
      slowest_min = fmax(slowest_min, r->worst_min);
      most_eaten = fmax(most_eaten, r->worst_eaten);
    }
  }
  snprintf(text, sizeof text, "%u of %u, slowest %.0f min, at most %.1f %% of the headroom gone", in_time,
           series, slowest_min, 100.0 * most_eaten);
  goal("Leaks that exhaust 44 or 10 GB within 4 h, called within 15 min", "all", text, in_time == series);
}

static lab_total of_shipped(const draw *drawn, lab_group *group)
{
  return lab_total_of(&drawn->report, shipped_of(&drawn->report), -1, group);
}

static bool is_one_mb_per_hour(const sim_family *family)
{
  return strcmp(family->name, "linear-1-mb-per-hour") == 0;
}

static void print_goals(const results *self)
{
  measured m = {.design = of_shipped(&self->check, lab_is_design),
                .one_mb = of_shipped(&self->check, is_one_mb_per_hour),
                .unseen = of_shipped(&self->held_out, lab_is_unseen),
                .check = of_shipped(&self->check, lab_is_any),
                .held_out = of_shipped(&self->held_out, lab_is_any),
                .small = of_shipped(&self->small, lab_is_any)};
  size_t shipped = shipped_of(&self->check.report);
  m.honesty = lab_page_honesty(&self->check.report, shipped, steady, COUNT(steady));
  m.bytes = self->check.report.candidates[shipped]->state_bytes;
  puts("| goal | wanted | reached by `shipped` | |\n|---|---|---|---|");
  goals_of_quality(&m);
  goals_of_haste(self);
  char text[160];
  snprintf(text, sizeof text, "%.0f ns, %zu bytes", m.check.nanoseconds_per_sample, m.bytes);
  goal("Cost of a sample at 30 s, and state", "<= 100 ns, <= 2048 bytes", text,
       m.check.nanoseconds_per_sample <= 100.0 && m.bytes <= 2048);
}

/* ---- the page ---- */

static void print_head(const results *self)
{
  puts("# What the detector reaches\n\n"
       "Made by `sh tests/sim/judge/results`, which takes a minute or two; edit nothing here. The draws are\n"
       "fixed: all figures but those of cost come out the same each time, and a test (`sim_judge_results`)\n"
       "fails when the rows of `shipped` are no longer what the code gives. Families, candidates, columns:\n"
       "[README.md](README.md).\n");
  printf("- Set CHECK: the families that constants were chosen with, in other series; %u a family.\n"
         "- Set HELD-OUT: also families that nothing was chosen with, not shown one by one; %u a family.\n"
         "- Seed %u. A poll every 30 s, commit limit 64 GiB, 20 GiB of it used by others, unless said.\n"
         "- Recorded series are not in here: they lie outside of the project (`seep_lab real`).\n\n"
         "## Goals\n\n",
         self->check.plan.per_family, self->held_out.plan.per_family, SEED);
  print_goals(self);
}

static double f_score(const lab_total *t)
{
  return t->found > 0 ? 2.0 * t->precision * t->recall / (t->precision + t->recall) : 0.0;
}

/* The best baseline but the one at this place: by the balance of precision and recall over all families. */
static size_t best_baseline(const lab_report *report, size_t but)
{
  size_t best = report->candidate_count;
  double most = -1.0;
  for (size_t i = 0; i < report->candidate_count; i++) {
    lab_total t = lab_total_of(report, i, -1, lab_is_any);
    if (i != but && is_baseline(report->candidates[i]) && f_score(&t) > most) {
      most = f_score(&t);
      best = i;
    }
  }
  return best;
}

static void print_families(const lab_report *report)
{
  size_t chosen[4] = {shipped_of(report)}, count = 1;
  for (size_t i = 0; i < report->candidate_count; i++) {
    if (is_ratchet(report->candidates[i])) {
      chosen[count++] = i;
    }
  }
  size_t best = best_baseline(report, report->candidate_count);
  if (best < report->candidate_count) {
    chosen[count++] = best;
    chosen[count++] = best_baseline(report, best);
  }
  puts("\n## Families, set CHECK\n\n"
       "`shipped`, the reference detector and the two baselines that balance precision and recall best.\n"
       "Baselines have one verdict, which counts as a leak. Hours are from onset to the first call, and to\n"
       "the leak verdict; eaten is the largest share of the headroom gone before the first call.");
  lab_page_families(report, chosen, count);
}

static void print_main(const results *self)
{
  puts("\n## Totals, set CHECK");
  lab_print_by_origin(&self->check.report);
  if (!self->quick) {
    puts("\n## Totals, set HELD-OUT");
    lab_print_by_origin(&self->held_out.report);
  }
  puts("\n## By rate, set CHECK\n\nRecall, then median / p90 hours from onset to the first call.");
  lab_print_rates(&self->check.report, "All", lab_is_any);
  print_families(&self->check.report);
}

static void print_worlds(const results *self)
{
  puts("\n## A small server: limit 16 GiB, 6 GiB used by others");
  lab_print_totals(&self->small.report, "All", lab_is_any);
  puts("\n## A poll every 5 min");
  lab_print_totals(&self->every_5_min.report, "All", lab_is_any);
  if (!self->quick) {
    puts("\n## A poll every 5 s");
    lab_print_totals(&self->every_5_s.report, "All", lab_is_any);
    puts("\n## Months: healthy families, watched six times as long");
    lab_print_by_origin(&self->months.report);
  }
}

static void print_all(const results *self)
{
  if (!self->shipped_only) {
    print_head(self);
  }
  print_main(self);
  printf(
      "\n## Leaks that leave little time\n\n"
      "Straight leaks that begin in a process 12 h old, %u of each; minutes from onset to the first call.\n"
      "Eaten: share of the headroom gone by then, or in all where no call came.\n\n",
      LAB_RUSH_SERIES);
  lab_page_rush(self->rushes, self->rush_count);
  puts(
      "\n## Is the rate that is told true?\n\n"
      "Leaks at one steady rate, set CHECK: how often the true rate lies between the two limits that come "
      "with\n"
      "the leak verdict (they are meant to hold it in 95 % of cases), and how far off the rate itself is.\n");
  lab_page_rates_told(&self->check.report, shipped_of(&self->check.report), steady, COUNT(steady));
  print_worlds(self);
  if (!self->shipped_only) {
    puts("\n## Costs\n\n"
         "Processor time on the machine that made this page, the laboratory's own few ns included;\n"
         "`sh tests/bench judge` measures more closely.\n");
    lab_page_costs(&self->check.report);
  }
}

bool lab_results(unsigned jobs, bool shipped_only, bool quick)
{
  static results self;
  draw *const draws[] = {&self.check, &self.held_out,  &self.months,
                         &self.small, &self.every_5_s, &self.every_5_min};
  self = (results){.jobs = jobs, .shipped_only = shipped_only, .quick = quick && shipped_only};
  bool ok = run_all(&self);
  if (ok) {
    print_all(&self);
  }
  for (size_t i = 0; i < COUNT(draws); i++) {
    free(draws[i]->outcomes);
  }
  return ok;
}
