/* What wpr.exe was asked to do: one verb and its options, checked against what the chosen build knows. */
#ifndef WPR_COMMAND_LINE_H
#define WPR_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#include "standin/wpr/knobs.h"

#define WPR_PROFILE_LIMIT 16
#define WPR_POSITIONAL_LIMIT 24

typedef struct wpr_command_line {
  wpr_verb verb;
  const wchar_t *instance;
  bool instance_not_last; /* the documentation asks for the last place */
  const wchar_t *profiles[WPR_PROFILE_LIMIT];
  size_t profile_count;
  bool file_mode, skip_pdb;
  const wchar_t *record_to;
  const wchar_t *positional[WPR_POSITIONAL_LIMIT]; /* after the verb: output file and description, ... */
  size_t positional_count;
  /* Of the snapshot verbs. */
  const wchar_t *process_name; /* NULL = by PID */
  uint32_t pids[WPR_POSITIONAL_LIMIT];
  size_t pid_count;
  uint32_t interval_s;
  const wchar_t *action;  /* enable, disable, or NULL to ask; of -heaptracingconfig too */
  const wchar_t *invalid; /* the argument that is not understood */
} wpr_command_line;

/* arguments without the program's name. false = invalid command syntax. */
bool wpr_command_line_read(wpr_command_line *line, wchar_t **arguments, size_t count, const wpr_knobs *knobs);

#endif
