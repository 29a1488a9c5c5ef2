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

typedef enum wpr_verb {
  WPR_VERB_NONE = 0,
  WPR_VERB_HELP,
  WPR_VERB_START,
  WPR_VERB_STOP,
  WPR_VERB_CANCEL,
  WPR_VERB_STATUS,
  WPR_VERB_HEAP_CONFIG,
  WPR_VERB_SNAPSHOT_CONFIG,
  WPR_VERB_SINGLE_SNAPSHOT,
  WPR_VERB_PERIODIC_ON,
  WPR_VERB_PERIODIC_OFF,
  WPR_VERBS
} wpr_verb;

/* How a verb is made to misbehave. */
typedef struct wpr_forced {
  bool is_set; /* the call ends with this exit code and does nothing else */
  uint32_t exit_code;
  uint32_t times;  /* only the first n calls; 0 = every call */
  uint32_t hang_s; /* it sleeps first, whatever comes then */
} wpr_forced;

typedef enum wpr_clearing { WPR_CLEARING_WRITES_0 = 0, WPR_CLEARING_VALUE, WPR_CLEARING_KEY } wpr_clearing;

typedef struct wpr_knobs {
  wpr_forced forced[WPR_VERBS];
  uint32_t stop_slow_s;
  uint32_t version; /* build number of wpr.exe */
  bool localised, stdout_empty, success_text;
  uint32_t raw_bytes_per_s;
  bool no_events, foreign_cancel;
  uint32_t events_lost;
  wpr_clearing clearing; /* what -heaptracingconfig X disable does with the value */
  bool refuses_rings;    /* profiles with MaximumFileSize */
  bool takes_over_heap;  /* a second heap session ends the first one's events instead of failing */
  bool stop_disk_full, raw_left, makes_pdb_folder;
  bool no_identity;         /* -stop merges nothing about modules into the trace */
  bool stop_keeps_existing; /* -stop onto an existing file fails */
  uint32_t status_idle_exit;
  bool instance_last_only;
  bool ignores_skip_pdb; /* builds that do not know -skipPdbGen */
  uint32_t session_slots;
  bool privilege;
} wpr_knobs;

void wpr_knobs_load(wpr_knobs *knobs, const wchar_t *folder);

/* Whether this call of the verb must end with the exit code set for it; counts the calls in the folder. The
 * count starts again when a call finds the knob not set. */
bool wpr_knobs_take_forced(const wpr_knobs *knobs, const wchar_t *folder, wpr_verb verb);

#endif
