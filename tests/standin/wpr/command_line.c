#include "standin/wpr/command_line.h"

#include <string.h>

/* Builds that know an option (reference: wpr-and-ifeo, 3). */
#define FIRST_WITH_INSTANCES 17763u
#define FIRST_WITH_SKIP_PDB 18955u

/* Where an option may stand, as a bit per verb. */
#define ON(verb) (1u << (verb))
#define ON_RECORDINGS (ON(WPR_VERB_START) | ON(WPR_VERB_STOP) | ON(WPR_VERB_CANCEL) | ON(WPR_VERB_STATUS))

typedef enum option_kind {
  OPTION_VERB,
  OPTION_PROFILE,
  OPTION_FILE_MODE,
  OPTION_RECORD_TO,
  OPTION_INSTANCE,
  OPTION_IGNORED
} option_kind;

static const struct {
  const wchar_t *name;
  option_kind kind;
  wpr_verb verb;  /* of OPTION_VERB */
  unsigned verbs; /* that take it */
  uint32_t since;
} options[] = {
    {L"start", OPTION_PROFILE, WPR_VERB_START, 0, 0},
    {L"stop", OPTION_VERB, WPR_VERB_STOP, 0, 0},
    {L"cancel", OPTION_VERB, WPR_VERB_CANCEL, 0, 0},
    {L"status", OPTION_VERB, WPR_VERB_STATUS, 0, 0},
    {L"help", OPTION_VERB, WPR_VERB_HELP, 0, 0},
    {L"heaptracingconfig", OPTION_VERB, WPR_VERB_HEAP_CONFIG, 0, 0},
    {L"filemode", OPTION_FILE_MODE, WPR_VERB_NONE, ON(WPR_VERB_START), 0},
    {L"recordtempto", OPTION_RECORD_TO, WPR_VERB_NONE, ON(WPR_VERB_START), 0},
    {L"instancename", OPTION_INSTANCE, WPR_VERB_NONE, ON_RECORDINGS, FIRST_WITH_INSTANCES},
    {L"skipPdbGen", OPTION_IGNORED, WPR_VERB_NONE, ON(WPR_VERB_STOP), FIRST_WITH_SKIP_PDB},
    {L"force", OPTION_IGNORED, WPR_VERB_NONE, ON(WPR_VERB_STOP), 0},
    {L"compress", OPTION_IGNORED, WPR_VERB_NONE, ON(WPR_VERB_STOP), 0},
    {L"details", OPTION_IGNORED, WPR_VERB_NONE, ON(WPR_VERB_STATUS), 0},
};

#define OPTIONS (sizeof options / sizeof options[0])

typedef struct reader {
  wpr_command_line *line;
  wchar_t **arguments;
  size_t count, at;
} reader;

static bool take_value(reader *in, const wchar_t **value)
{
  if (in->at + 1 >= in->count || in->arguments[in->at + 1][0] == L'-') {
    return false;
  }
  *value = in->arguments[++in->at];
  return true;
}

static bool take_option(reader *in, size_t index)
{
  wpr_command_line *line = in->line;
  bool names_verb = options[index].kind == OPTION_VERB || options[index].kind == OPTION_PROFILE;
  if (names_verb && line->verb != WPR_VERB_NONE &&
      !(line->verb == WPR_VERB_START && options[index].verb == WPR_VERB_START)) {
    return false;
  }
  if (!names_verb && (options[index].verbs & ON(line->verb)) == 0) {
    return false;
  }
  switch (options[index].kind) {
  case OPTION_PROFILE:
    line->verb = WPR_VERB_START;
    return line->profile_count < WPR_PROFILE_LIMIT && take_value(in, &line->profiles[line->profile_count++]);
  case OPTION_VERB:
    line->verb = options[index].verb;
    return true;
  case OPTION_FILE_MODE:
    line->file_mode = true;
    return true;
  case OPTION_RECORD_TO:
    return take_value(in, &line->record_to);
  case OPTION_INSTANCE:
    line->instance_not_last = in->at + 2 < in->count;
    return take_value(in, &line->instance);
  case OPTION_IGNORED:
  default:
    return true;
  }
}

static bool take_argument(reader *in, uint32_t version)
{
  const wchar_t *argument = in->arguments[in->at];
  wpr_command_line *line = in->line;
  if (argument[0] != L'-') {
    bool allowed = line->verb != WPR_VERB_NONE && line->verb != WPR_VERB_START && line->positional_count < 3;
    if (allowed) {
      line->positional[line->positional_count++] = argument;
    }
    return allowed;
  }
  for (size_t i = 0; i < OPTIONS; i++) {
    if (_wcsicmp(options[i].name, argument + 1) == 0 && version >= options[i].since) {
      return take_option(in, i);
    }
  }
  return false;
}

static bool is_complete(const wpr_command_line *line)
{
  const wchar_t *action = line->positional_count > 1 ? line->positional[1] : L"";
  switch (line->verb) {
  case WPR_VERB_STOP:
    return line->positional_count >= 1 && line->positional_count <= 2;
  case WPR_VERB_CANCEL:
    return line->positional_count == 0;
  case WPR_VERB_HEAP_CONFIG:
    return line->positional_count == 1 ||
           (line->positional_count == 2 &&
            (_wcsicmp(action, L"enable") == 0 || _wcsicmp(action, L"disable") == 0));
  case WPR_VERB_NONE:
    return false;
  case WPR_VERB_START:
  case WPR_VERB_STATUS:
  case WPR_VERB_HELP:
  default:
    return true;
  }
}

bool wpr_command_line_read(wpr_command_line *line, wchar_t **arguments, size_t count, uint32_t version)
{
  reader in = {line, arguments, count, 0};
  memset(line, 0, sizeof *line);
  line->instance = L"WprApp";
  for (; in.at < count; in.at++) {
    size_t argument = in.at;
    if (!take_argument(&in, version)) {
      line->invalid = arguments[argument][0] == L'-' ? arguments[argument] + 1 : arguments[argument];
      return false;
    }
  }
  if (!is_complete(line)) {
    line->invalid = count > 0 ? arguments[0] : L"";
    return false;
  }
  return true;
}
