#include "standin/wpr/command_line.h"

#include <stdlib.h>
#include <string.h>

/* Builds that know an option (reference: wpr-and-ifeo, 3). */
#define FIRST_WITH_INSTANCES 17763u
#define FIRST_WITH_SNAPSHOTS 17763u
#define FIRST_WITH_SKIP_PDB 18955u

/* Where an option may stand, as a bit per verb. */
#define ON(verb) (1u << (verb))
#define ON_RECORDINGS (ON(WPR_VERB_START) | ON(WPR_VERB_STOP) | ON(WPR_VERB_CANCEL) | ON(WPR_VERB_STATUS))
#define ON_SNAPSHOTS                                                                                         \
  (ON(WPR_VERB_SNAPSHOT_CONFIG) | ON(WPR_VERB_SINGLE_SNAPSHOT) | ON(WPR_VERB_PERIODIC_ON) |                  \
   ON(WPR_VERB_PERIODIC_OFF))

typedef enum option_kind {
  OPTION_VERB,
  OPTION_PROFILE,
  OPTION_FILE_MODE,
  OPTION_RECORD_TO,
  OPTION_INSTANCE,
  OPTION_SKIP_PDB,
  OPTION_BY_NAME,
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
    {L"snapshotconfig", OPTION_VERB, WPR_VERB_SNAPSHOT_CONFIG, 0, FIRST_WITH_SNAPSHOTS},
    {L"singlesnapshot", OPTION_VERB, WPR_VERB_SINGLE_SNAPSHOT, 0, FIRST_WITH_SNAPSHOTS},
    {L"enableperiodicsnapshot", OPTION_VERB, WPR_VERB_PERIODIC_ON, 0, FIRST_WITH_SNAPSHOTS},
    {L"disableperiodicsnapshot", OPTION_VERB, WPR_VERB_PERIODIC_OFF, 0, FIRST_WITH_SNAPSHOTS},
    {L"name", OPTION_BY_NAME, WPR_VERB_NONE, ON(WPR_VERB_SNAPSHOT_CONFIG), FIRST_WITH_SNAPSHOTS},
    {L"pid", OPTION_IGNORED, WPR_VERB_NONE, ON(WPR_VERB_SNAPSHOT_CONFIG), FIRST_WITH_SNAPSHOTS},
    {L"filemode", OPTION_FILE_MODE, WPR_VERB_NONE, ON(WPR_VERB_START), 0},
    {L"recordtempto", OPTION_RECORD_TO, WPR_VERB_NONE, ON(WPR_VERB_START), 0},
    {L"instancename", OPTION_INSTANCE, WPR_VERB_NONE, ON_RECORDINGS | ON_SNAPSHOTS, FIRST_WITH_INSTANCES},
    {L"skipPdbGen", OPTION_SKIP_PDB, WPR_VERB_NONE, ON(WPR_VERB_STOP), FIRST_WITH_SKIP_PDB},
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
  case OPTION_SKIP_PDB:
    line->skip_pdb = true;
    return true;
  case OPTION_BY_NAME:
    return take_value(in, &line->process_name);
  case OPTION_IGNORED:
  default:
    return true;
  }
}

static bool is_known(size_t index, const wpr_knobs *knobs)
{
  return knobs->version >= options[index].since ||
         (options[index].kind == OPTION_SKIP_PDB && knobs->ignores_skip_pdb);
}

static bool take_argument(reader *in, const wpr_knobs *knobs)
{
  const wchar_t *argument = in->arguments[in->at];
  wpr_command_line *line = in->line;
  if (argument[0] != L'-') {
    bool allowed = line->verb != WPR_VERB_NONE && line->verb != WPR_VERB_START &&
                   line->positional_count < WPR_POSITIONAL_LIMIT;
    if (allowed) {
      line->positional[line->positional_count++] = argument;
    }
    return allowed;
  }
  for (size_t i = 0; i < OPTIONS; i++) {
    if (_wcsicmp(options[i].name, argument + 1) == 0 && is_known(i, knobs)) {
      return take_option(in, i);
    }
  }
  return false;
}

/* The last positional, if it is a verb of its own: it is no positional then. */
static void cut_action(wpr_command_line *line)
{
  const wchar_t *last = line->positional_count > 0 ? line->positional[line->positional_count - 1] : L"";
  if (_wcsicmp(last, L"enable") == 0 || _wcsicmp(last, L"disable") == 0) {
    line->action = last;
    line->positional_count--;
  }
}

static bool read_number(const wchar_t *text, uint32_t *value)
{
  wchar_t *end = NULL;
  *value = (uint32_t)wcstoul(text, &end, 10);
  return end != text && *end == L'\0' && *value > 0;
}

/* "heap", then for a periodic snapshot its interval, then process ids. */
static bool read_heap_arguments(wpr_command_line *line)
{
  size_t at = 1;
  if (line->positional_count == 0 || _wcsicmp(line->positional[0], L"heap") != 0) {
    return false;
  }
  if (line->verb == WPR_VERB_PERIODIC_ON &&
      (line->positional_count < 2 || !read_number(line->positional[at++], &line->interval_s))) {
    return false;
  }
  while (at < line->positional_count) {
    if (!read_number(line->positional[at++], &line->pids[line->pid_count++])) {
      return false;
    }
  }
  return true;
}

static bool is_complete(wpr_command_line *line)
{
  switch (line->verb) {
  case WPR_VERB_STOP:
    return line->positional_count >= 1 && line->positional_count <= 2;
  case WPR_VERB_CANCEL:
    return line->positional_count == 0;
  case WPR_VERB_HEAP_CONFIG:
    cut_action(line);
    return line->positional_count == 1;
  case WPR_VERB_SNAPSHOT_CONFIG:
    cut_action(line);
    /* By name or by process, not both; only names can be asked. */
    return read_heap_arguments(line) && (line->process_name != NULL) == (line->pid_count == 0) &&
           (line->process_name != NULL || line->action != NULL);
  case WPR_VERB_SINGLE_SNAPSHOT:
  case WPR_VERB_PERIODIC_ON:
    return read_heap_arguments(line) && line->pid_count > 0;
  case WPR_VERB_PERIODIC_OFF:
    return read_heap_arguments(line) && line->pid_count == 0;
  case WPR_VERB_NONE:
    return false;
  case WPR_VERB_START:
  case WPR_VERB_STATUS:
  case WPR_VERB_HELP:
  case WPR_VERBS:
  default:
    return true;
  }
}

bool wpr_command_line_read(wpr_command_line *line, wchar_t **arguments, size_t count, const wpr_knobs *knobs)
{
  reader in = {line, arguments, count, 0};
  memset(line, 0, sizeof *line);
  line->instance = L"WprApp";
  for (; in.at < count; in.at++) {
    size_t argument = in.at;
    if (!take_argument(&in, knobs)) {
      line->invalid = arguments[argument][0] == L'-' ? arguments[argument] + 1 : arguments[argument];
      return false;
    }
  }
  if (!is_complete(line)) {
    line->invalid = count > 0 ? arguments[0] : L"";
    return false;
  }
  if (line->instance_not_last && knobs->instance_last_only) {
    line->invalid = L"instancename";
    return false;
  }
  return true;
}
