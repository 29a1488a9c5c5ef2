/* "reading 45%" on a terminal while long work goes on: on stderr, never into a file or a pipe, and gone when
 * the work is done. */
#ifndef SEEP_SERVICE_REPORT_PROGRESS_H
#define SEEP_SERVICE_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct seep_report_progress {
  bool is_terminal;
  const char *what; /* a literal; NULL: nothing is shown now */
  uint64_t began_ns;
  unsigned shown; /* percent */
  bool is_shown;
} seep_report_progress;

void seep_report_progress_init(seep_report_progress *progress);

/* Another piece of work, a word or two for it. */
void seep_report_progress_begin(seep_report_progress *progress, const char *what);

/* total 0: not known. */
void seep_report_progress_tell(seep_report_progress *progress, uint64_t done, uint64_t total);

/* Before anything else is written. */
void seep_report_progress_end(seep_report_progress *progress);

#endif
