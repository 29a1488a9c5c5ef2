/* The tables of RESULTS.md that no other command prints. Markdown, to standard output. */
#ifndef SEEP_SIM_PAGE_H
#define SEEP_SIM_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "rush.h"
#include "tables.h"

/* One table for the leaking families and one for the healthy: a row for each family and each of these
 * candidates (their places in the report). */
void lab_page_families(const lab_report *report, const size_t *candidates, size_t count);

/* How true the rates are that come with a candidate's leak verdicts on these families; as a table, with a row
 * for each family and one for all. */
lab_honesty lab_page_honesty(const lab_report *report, size_t candidate, const char *const *families,
                             size_t count);
void lab_page_rates_told(const lab_report *report, size_t candidate, const char *const *families,
                         size_t count);

/* One row for each measurement; named by candidate. */
typedef struct lab_rush_row {
  const judge_candidate *candidate;
  lab_rush rush;
} lab_rush_row;
void lab_page_rush(const lab_rush_row *rows, size_t count);

void lab_page_costs(const lab_report *report);

#endif
