/*
 * What a test asks of the stand-in: wpr-knobs.txt in the stand-ins' folder, one name=value per line, read
 * anew at each use so that a test can turn them while a service runs. Unknown names are ignored;
 * README-recorder.md lists them.
 */
#ifndef WPR_KNOBS_H
#define WPR_KNOBS_H

#include <stdbool.h>
#include <stdint.h>
#include <wchar.h>

/* An exit code that a verb is made to give. */
typedef struct wpr_forced {
  bool is_set;
  uint32_t exit_code;
  uint32_t times; /* only the first n calls; 0 = every call */
} wpr_forced;

typedef struct wpr_knobs {
  wpr_forced start, stop, cancel, status;
  uint32_t start_hang_s, stop_slow_s;
  uint32_t version; /* build number of wpr.exe */
  bool localised, stdout_empty;
  uint32_t raw_bytes_per_s;
  bool no_events, foreign_cancel;
  uint32_t events_lost;
  bool disable_deletes; /* -heaptracingconfig X disable deletes the value instead of writing 0 */
} wpr_knobs;

void wpr_knobs_load(wpr_knobs *knobs, const wchar_t *folder);

/* Whether this call of the verb must end with forced->exit_code; counts the calls in the folder. The count
 * starts again when a call finds the knob not set. */
bool wpr_knobs_take_forced(const wpr_forced *forced, const wchar_t *folder, const wchar_t *verb);

#endif
