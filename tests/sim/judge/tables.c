/* Prints sums over outcomes. Decides nothing. */
#include "tables.h"

#include <math.h>
#include <stdio.h>

#define NAME_WIDTH (-26)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool lab_is_design(const sim_family *family)
{
  return family->origin == SIM_DESIGN;
}

bool lab_is_own(const sim_family *family)
{
  return family->origin == SIM_OWN;
}

bool lab_is_unseen(const sim_family *family)
{
  return family->origin == SIM_UNSEEN;
}

bool lab_is_healthy(const sim_family *family)
{
  return !family->leak;
}

bool lab_is_any(const sim_family *family)
{
  (void)family;
  return true;
}

void lab_heading(bool markdown, const char *title)
{
  printf("\n%s%s%s\n%s", markdown ? "**" : "", title, markdown ? "**" : "", markdown ? "\n" : "");
}

void lab_cell(bool markdown, int width, const char *text)
{
  if (markdown) {
    printf("| %s ", text);
  } else {
    printf("%*s ", width, text);
  }
}

void lab_number(bool markdown, int width, int decimals, double value)
{
  char text[32] = "-";
  if (value >= 0.0) { /* what is not a number is not */
    snprintf(text, sizeof text, "%.*f", decimals, value);
  }
  lab_cell(markdown, width, text);
}

void lab_row_end(bool markdown)
{
  puts(markdown ? "|" : "");
}

void lab_rule(bool markdown, unsigned columns)
{
  if (!markdown) {
    return;
  }
  for (unsigned i = 0; i < columns; i++) {
    fputs(i == 0 ? "|---" : "|---:", stdout);
  }
  puts("|");
}

void lab_header(bool markdown, const lab_column *columns, unsigned count)
{
  for (unsigned i = 0; i < count; i++) {
    lab_cell(markdown, columns[i].width, columns[i].title);
  }
  lab_row_end(markdown);
  lab_rule(markdown, count);
}

/* Which outcomes a sum is over. */
typedef struct choice {
  uint32_t candidate;
  int64_t family; /* -1: those of the group */
  lab_group *group;
} choice;

static bool is_chosen(const lab_outcome *outcome, const void *context)
{
  const choice *wanted = context;
  if (outcome->candidate != wanted->candidate) {
    return false;
  }
  return wanted->family >= 0 ? (int64_t)outcome->family == wanted->family
                             : wanted->group(sim_family_at(outcome->family));
}

lab_total lab_total_of(const lab_report *report, size_t candidate, int64_t family, lab_group *group)
{
  choice wanted = {(uint32_t)candidate, family, group};
  return lab_add_up(report->outcomes, report->count, is_chosen, &wanted);
}

static double ratio(double part, double whole)
{
  return whole > 0.0 ? part / whole : NAN;
}

#define COST_COLUMNS 2

static void print_total(const lab_report *report, size_t candidate, const lab_total *t)
{
  bool md = report->markdown;
  lab_cell(md, NAME_WIDTH, report->candidates[candidate]->name);
  lab_number(md, 6, 3, t->leaks > 0 ? t->precision : NAN);
  lab_number(md, 6, 3, t->recall);
  lab_number(md, 6, 3, ratio(t->false_any, t->healthy));
  lab_number(md, 9, 3, t->leaks > 0 ? t->leak_precision : NAN);
  lab_number(md, 11, 3, t->leak_recall);
  lab_number(md, 10, 0, t->false_leak);
  lab_number(md, 13, 4, ratio((double)t->leak_episodes, t->healthy_days));
  lab_number(md, 11, 0, t->false_rapid);
  lab_number(md, 14, 4, ratio((double)t->rapid_episodes, t->healthy_days));
  lab_number(md, 5, 0, t->early);
  lab_number(md, 8, 1, t->delay.median_h);
  lab_number(md, 7, 1, t->delay.p90_h);
  lab_number(md, 10, 1, t->leak_delay.median_h);
  lab_number(md, 10, 1, t->leak_delay.p90_h);
  lab_number(md, 9, 2, t->leaks > 0 ? t->worst_eaten : NAN);
  if (!report->no_costs) {
    lab_number(md, 6, 0, t->nanoseconds_per_sample);
    lab_number(md, 6, 0, (double)report->candidates[candidate]->state_bytes);
  }
  lab_row_end(md);
}

void lab_print_totals(const lab_report *report, const char *title, lab_group *group)
{
  static const lab_column columns[] = {{"candidate", NAME_WIDTH},
                                       {"prec", 6},
                                       {"recall", 6},
                                       {"FPR", 6},
                                       {"leak prec", 9},
                                       {"leak recall", 11},
                                       {"false leak", 10},
                                       {"false leak/pd", 13},
                                       {"false rapid", 11},
                                       {"false rapid/pd", 14},
                                       {"early", 5},
                                       {"median h", 8},
                                       {"p90 h", 7},
                                       {"leak med h", 10},
                                       {"leak p90 h", 10},
                                       {"eaten max", 9},
                                       {"ns", 6},
                                       {"bytes", 6}};
  bool md = report->markdown;
  lab_total any = lab_total_of(report, 0, -1, group);
  if (any.leaks + any.healthy == 0) {
    return;
  }
  char heading[160];
  snprintf(heading, sizeof heading, "%s: %u leaking and %u healthy series, %.0f healthy process-days", title,
           any.leaks, any.healthy, any.healthy_days);
  lab_heading(md, heading);
  lab_header(md, columns, COUNT(columns) - (report->no_costs ? COST_COLUMNS : 0));
  for (size_t i = 0; i < report->candidate_count; i++) {
    lab_total t = lab_total_of(report, i, -1, group);
    print_total(report, i, &t);
  }
}

void lab_print_by_origin(const lab_report *report)
{
  lab_print_totals(report, "Design families", lab_is_design);
  lab_print_totals(report, "Own families", lab_is_own);
  lab_print_totals(report, "Families never tuned with", lab_is_unseen);
  lab_print_totals(report, "All", lab_is_any);
}

static void cell_of_delay(bool md, const lab_delay *delay)
{
  char text[48] = "-";
  if (delay->found > 0) {
    snprintf(text, sizeof text, "%.2f %.1f / %.1f", ratio(delay->found, delay->leaks), delay->median_h,
             delay->p90_h);
  } else if (delay->leaks > 0) {
    snprintf(text, sizeof text, "0.00");
  }
  lab_cell(md, 18, text);
}

void lab_print_rates(const lab_report *report, const char *title, lab_group *group)
{
  static const lab_column columns[] = {{"candidate", NAME_WIDTH}, {">= 1 GB/h", 18}, {">= 100 MB/h", 18},
                                       {">= 10 MB/h", 18},        {">= 1 MB/h", 18}, {"< 1 MB/h", 18},
                                       {"all >= 10 MB/h", 18}};
  bool md = report->markdown;
  if (lab_total_of(report, 0, -1, group).leaks == 0) {
    return;
  }
  char heading[160];
  snprintf(heading, sizeof heading, "%s: by rate, recall and median / p90 hours from onset to call", title);
  lab_heading(md, heading);
  lab_header(md, columns, COUNT(columns));
  for (size_t i = 0; i < report->candidate_count; i++) {
    lab_total t = lab_total_of(report, i, -1, group);
    lab_cell(md, NAME_WIDTH, report->candidates[i]->name);
    for (unsigned class = 0; class < LAB_RATE_CLASSES; class ++) {
      cell_of_delay(md, &t.by_rate[class]);
    }
    cell_of_delay(md, &t.at_least_10_mb_per_hour);
    lab_row_end(md);
  }
}

static void print_family(bool md, const sim_family *family, const lab_total *t)
{
  lab_cell(md, NAME_WIDTH, family->name);
  lab_cell(md, -7, family->leak ? "leak" : "healthy");
  lab_number(md, 4, 0, t->leaks + t->healthy);
  lab_number(md, 6, 2, t->recall);
  lab_number(md, 11, 2, t->leak_recall);
  lab_number(md, 10, 2, ratio(t->false_leak, t->healthy));
  lab_number(md, 11, 2, ratio(t->false_rapid, t->healthy));
  lab_number(md, 8, 0, family->leak ? NAN : (double)(t->leak_episodes + t->rapid_episodes));
  lab_number(md, 5, 0, family->leak ? (double)t->early : NAN);
  lab_number(md, 8, 1, t->delay.median_h);
  lab_number(md, 7, 1, t->delay.p90_h);
  lab_number(md, 10, 1, t->leak_delay.median_h);
  lab_number(md, 10, 1, t->leak_delay.p90_h);
  lab_number(md, 9, 2, family->leak ? t->worst_eaten : NAN);
  lab_row_end(md);
}

void lab_print_families(const lab_report *report)
{
  static const lab_column columns[] = {
      {"family", NAME_WIDTH}, {"kind", -7},        {"n", 4},           {"recall", 6},   {"leak recall", 11},
      {"false leak", 10},     {"false rapid", 11}, {"episodes", 8},    {"early", 5},    {"median h", 8},
      {"p90 h", 7},           {"leak med h", 10},  {"leak p90 h", 10}, {"eaten max", 9}};
  bool md = report->markdown;
  for (size_t i = 0; i < report->candidate_count; i++) {
    lab_heading(md, report->candidates[i]->name);
    lab_header(md, columns, COUNT(columns));
    for (size_t f = 0; f < sim_family_count(); f++) {
      lab_total t = lab_total_of(report, i, (int64_t)f, lab_is_any);
      if (t.leaks + t.healthy > 0) {
        print_family(md, sim_family_at(f), &t);
      }
    }
  }
}
