/* Recorded series instead of simulated ones: a folder with index.csv (file,source,label,hours,...) and the
 * files it names (t_seconds,bytes with one line of headings). */
#ifndef SEEP_SIM_REAL_H
#define SEEP_SIM_REAL_H

#include <stdbool.h>
#include <stddef.h>

#include "candidate.h"
#include "series.h"

/* Prints who is flagged by whom; false when the folder can not be read. Counts of handles and of threads are
 * left out. */
bool lab_real(const char *folder, const sim_world *world, const judge_candidate *const *candidates,
              size_t candidate_count, bool markdown);

#endif
