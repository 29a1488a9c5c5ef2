/* The verbs that act on a recording. Each returns the exit code; the caller holds the instance's lock. */
#ifndef WPR_VERBS_H
#define WPR_VERBS_H

#include <stdint.h>

#include "standin/wpr/command_line.h"
#include "standin/wpr/knobs.h"
#include "standin/wpr/recording.h"

typedef struct wpr_context {
  wchar_t folder[STANDIN_PATH_UNITS];
  wpr_recording_files files;
  wpr_knobs knobs;
  wpr_command_line line;
  char remark[320]; /* for the call log: why, or what was odd */
} wpr_context;

/* Adds to what the call log will say about this call. */
void wpr_verbs_remark(wpr_context *context, const char *text);

uint32_t wpr_verbs_start(wpr_context *context);
uint32_t wpr_verbs_stop(wpr_context *context);
uint32_t wpr_verbs_cancel(wpr_context *context);
uint32_t wpr_verbs_status(wpr_context *context);

#endif
