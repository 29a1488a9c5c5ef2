/* The laboratory's tables, as aligned text or as Markdown. */
#ifndef SEEP_SIM_TABLES_H
#define SEEP_SIM_TABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "score.h"

typedef bool lab_group(const sim_family *family);
bool lab_is_design(const sim_family *family);
bool lab_is_own(const sim_family *family);
bool lab_is_unseen(const sim_family *family);
bool lab_is_healthy(const sim_family *family);
bool lab_is_any(const sim_family *family);

typedef struct lab_report {
  const lab_outcome *outcomes;
  size_t count;
  const judge_candidate *const *candidates;
  size_t candidate_count;
  bool markdown;
  bool no_costs; /* leave out what differs from machine to machine */
} lab_report;

/* What one candidate (its place in the report) makes of a family (its place in their list), or with -1 of all
 * families of the group. */
lab_total lab_total_of(const lab_report *report, size_t candidate, int64_t family, lab_group *group);

/* One row a candidate, over the families of the group; nothing when it has none. */
void lab_print_totals(const lab_report *report, const char *title, lab_group *group);
/* That for each origin of families and for all of them. */
void lab_print_by_origin(const lab_report *report);
/* Recall and time to the first call by the leak's rate. */
void lab_print_rates(const lab_report *report, const char *title, lab_group *group);
/* One table a candidate, one row a family. */
void lab_print_families(const lab_report *report);

/* For other tables: cells from left to right, each at least so wide; a negative width aligns to the left. */
void lab_heading(bool markdown, const char *title);
void lab_cell(bool markdown, int width, const char *text);
void lab_number(bool markdown, int width, int decimals, double value); /* not negative; NAN: - */
void lab_row_end(bool markdown);
void lab_rule(bool markdown, unsigned columns); /* below the first row, where the format wants one */

typedef struct lab_column {
  const char *title;
  int width;
} lab_column;

void lab_header(bool markdown, const lab_column *columns, unsigned count); /* the first row, with its rule */

#endif
