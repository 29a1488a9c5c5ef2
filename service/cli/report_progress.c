#include "report_progress.h"

#include <stdio.h>

#ifdef _WIN32
#include <io.h>
#else
#include <unistd.h>
#endif

#include <uv.h>

/* What is done sooner is not told of. */
#define PATIENCE_NS UINT64_C(700000000)

/* As long as the longest line that is shown. */
#define BLANK "                                                  "

static bool is_terminal(void)
{
#ifdef _WIN32
  return _isatty(_fileno(stderr)) != 0;
#else
  return isatty(STDERR_FILENO) == 1;
#endif
}

void seep_report_progress_init(seep_report_progress *progress)
{
  *progress = (seep_report_progress){.is_terminal = is_terminal()};
}

void seep_report_progress_begin(seep_report_progress *progress, const char *what)
{
  seep_report_progress_end(progress);
  progress->what = what;
  progress->began_ns = uv_hrtime();
}

void seep_report_progress_tell(seep_report_progress *progress, uint64_t done, uint64_t total)
{
  if (!progress->is_terminal || progress->what == NULL || uv_hrtime() - progress->began_ns < PATIENCE_NS) {
    return;
  }
  unsigned percent = total > 0 && done <= total ? (unsigned)((double)done / (double)total * 100.0) : 0;
  if (progress->is_shown && percent == progress->shown) {
    return;
  }
  progress->is_shown = true;
  progress->shown = percent;
  if (total > 0) {
    fprintf(stderr, "\rseepwatch: %s: %u%% ", progress->what, percent);
  } else {
    fprintf(stderr, "\rseepwatch: %s ... ", progress->what);
  }
  fflush(stderr);
}

void seep_report_progress_end(seep_report_progress *progress)
{
  if (progress->is_shown) {
    fputs("\r" BLANK "\r", stderr);
    fflush(stderr);
  }
  progress->what = NULL;
  progress->is_shown = false;
}
