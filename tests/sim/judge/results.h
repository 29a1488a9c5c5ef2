/*
 * The page RESULTS.md: what the shipped detector reaches, beside the other candidates and beside the goals.
 * Its draws, and with them all of its figures but those of cost, are the same each time and everywhere.
 */
#ifndef SEEP_SIM_RESULTS_H
#define SEEP_SIM_RESULTS_H

#include <stdbool.h>

/* To standard output, as Markdown. shipped_only: only the tables, only their rows of the shipped detector,
 * without costs, for comparing with a page; quick: of those only the sections that take little time. */
bool lab_results(unsigned jobs, bool shipped_only, bool quick);

#endif
