#include "page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Cells as wide as their text: the page is made to be rendered. */
static void text(const char *value)
{
  lab_cell(true, 0, value);
}

static void number(int decimals, double value)
{
  lab_number(true, 0, decimals, value);
}

static void header(const char *const *titles, unsigned count)
{
  for (unsigned i = 0; i < count; i++) {
    text(titles[i]);
  }
  lab_row_end(true);
  lab_rule(true, count);
}

static double share(double part, double whole)
{
  return whole > 0.0 ? part / whole : NAN;
}

static void leaking_row(const lab_total *t)
{
  number(2, t->recall);
  number(2, t->leak_recall);
  number(0, t->early);
  number(1, t->delay.median_h);
  number(1, t->delay.p90_h);
  number(1, t->leak_delay.median_h);
  number(1, t->leak_delay.p90_h);
  number(2, t->worst_eaten);
}

static void healthy_row(const lab_total *t)
{
  number(2, share(t->false_leak, t->healthy));
  number(2, share(t->false_rapid, t->healthy));
  number(0, (double)t->leak_episodes);
  number(0, (double)t->rapid_episodes);
  number(0, t->healthy_days);
}

static void rows_of_families(const lab_report *report, bool leaking, const size_t *candidates, size_t count)
{
  for (size_t f = 0; f < sim_family_count(); f++) {
    const sim_family *family = sim_family_at(f);
    for (size_t i = 0; i < count && family->leak == leaking; i++) {
      lab_total t = lab_total_of(report, candidates[i], (int64_t)f, NULL);
      if (t.leaks + t.healthy == 0) {
        continue;
      }
      text(family->name);
      text(report->candidates[candidates[i]]->name);
      (leaking ? leaking_row : healthy_row)(&t);
      lab_row_end(true);
    }
  }
}

void lab_page_families(const lab_report *report, const size_t *candidates, size_t count)
{
  static const char *const leaking[] = {"family", "candidate", "recall",     "leak recall", "early",
                                        "med h",  "p90 h",     "leak med h", "leak p90 h",  "eaten max"};
  static const char *const healthy[] = {"family",        "candidate",      "false leak",  "false rapid",
                                        "leak episodes", "rapid episodes", "process-days"};
  lab_heading(true, "Leaking families");
  header(leaking, COUNT(leaking));
  rows_of_families(report, true, candidates, count);
  lab_heading(true, "Healthy families");
  header(healthy, COUNT(healthy));
  rows_of_families(report, false, candidates, count);
}

typedef struct selection {
  uint32_t candidate;
  const char *const *families;
  size_t count;
} selection;

static bool is_selected(const lab_outcome *outcome, const void *context)
{
  const selection *wanted = context;
  for (size_t i = 0; i < wanted->count && outcome->candidate == wanted->candidate; i++) {
    if (strcmp(sim_family_at(outcome->family)->name, wanted->families[i]) == 0) {
      return true;
    }
  }
  return false;
}

lab_honesty lab_page_honesty(const lab_report *report, size_t candidate, const char *const *families,
                             size_t count)
{
  selection wanted = {(uint32_t)candidate, families, count};
  return lab_judge_rates(report->outcomes, report->count, is_selected, &wanted);
}

static void honesty_row(const char *title, const char *candidate, lab_honesty h)
{
  text(title);
  text(candidate);
  number(0, h.verdicts);
  number(0, h.within);
  number(2, share(h.within, h.verdicts));
  number(1, 100.0 * h.median_error);
  number(1, 100.0 * h.median_half_interval);
  lab_row_end(true);
}

void lab_page_rates_told(const lab_report *report, size_t candidate, const char *const *families,
                         size_t count)
{
  static const char *const titles[] = {"family", "candidate",       "leak verdicts",          "within",
                                       "share",  "median error, %", "median half interval, %"};
  const char *name = report->candidates[candidate]->name;
  header(titles, COUNT(titles));
  for (size_t i = 0; i < count; i++) {
    honesty_row(families[i], name, lab_page_honesty(report, candidate, &families[i], 1));
  }
  honesty_row("all of these", name, lab_page_honesty(report, candidate, families, count));
}

void lab_page_rush(const lab_rush_row *rows, size_t count)
{
  static const char *const titles[] = {"headroom GB", "MB/min",   "candidate", "exhausted after min",
                                       "called",      "early",    "med min",   "worst min",
                                       "eaten med",   "eaten max"};
  header(titles, COUNT(titles));
  for (size_t i = 0; i < count; i++) {
    const lab_rush *r = &rows[i].rush;
    number(0, (double)(r->limit_gib - r->other_gib));
    number(0, r->mb_per_minute);
    text(rows[i].candidate->name);
    number(0, r->exhausted_min);
    number(2, share(r->called, LAB_RUSH_SERIES));
    number(0, r->early);
    number(1, r->median_min);
    number(1, r->worst_min);
    number(3, r->median_eaten);
    number(3, r->worst_eaten);
    lab_row_end(true);
  }
}

void lab_page_costs(const lab_report *report)
{
  static const char *const titles[] = {"candidate", "ns per sample", "bytes of state"};
  header(titles, COUNT(titles));
  for (size_t i = 0; i < report->candidate_count; i++) {
    text(report->candidates[i]->name);
    number(0, lab_total_of(report, i, -1, lab_is_any).nanoseconds_per_sample);
    number(0, (double)report->candidates[i]->state_bytes);
    lab_row_end(true);
  }
}
