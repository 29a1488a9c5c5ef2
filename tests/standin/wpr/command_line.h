/* What wpr.exe was asked to do: one verb and its options, checked against what the chosen build knows. */
#ifndef WPR_COMMAND_LINE_H
#define WPR_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#define WPR_PROFILE_LIMIT 16

typedef enum wpr_verb {
  WPR_VERB_NONE = 0,
  WPR_VERB_HELP,
  WPR_VERB_START,
  WPR_VERB_STOP,
  WPR_VERB_CANCEL,
  WPR_VERB_STATUS,
  WPR_VERB_HEAP_CONFIG
} wpr_verb;

typedef struct wpr_command_line {
  wpr_verb verb;
  const wchar_t *instance;
  bool instance_not_last; /* accepted, but the documentation asks for the last place */
  const wchar_t *profiles[WPR_PROFILE_LIMIT];
  size_t profile_count;
  bool file_mode;
  const wchar_t *record_to;
  const wchar_t *positional[3]; /* after the verb: output file and description, process and action */
  size_t positional_count;
  const wchar_t *invalid; /* the argument that is not understood */
} wpr_command_line;

/* arguments without the program's name. false = invalid command syntax. */
bool wpr_command_line_read(wpr_command_line *line, wchar_t **arguments, size_t count, uint32_t version);

#endif
