/*
 * Command lines and exit codes of wpr.exe. Facts: reference wpr-and-ifeo, 2.1 (grammar), 3 (which build has
 * what), 4 (raw files), 6 (exit codes), 9 (snapshots). An option that a build is not known to have stays out:
 * what an older one makes of it is not known.
 */
#include "capture/wpr.h"

#include <string.h>

#define DEFAULT_INSTANCE "WprApp"

/* ---- what a build has ---- */

seep_wpr_traits seep_wpr_traits_of(unsigned build)
{
  return (seep_wpr_traits){.build = build,
                           .instances = build == 0 || build >= 17763,
                           .skip_pdb = build >= 18955,
                           .snapshots = build >= 17763};
}

const char *seep_wpr_instance_in_effect(const seep_wpr_traits *traits, const char *configured)
{
  return traits->instances ? configured : DEFAULT_INSTANCE;
}

/* ---- command lines ---- */

static void begin(seep_wpr_command *command, seep_wpr_verb verb, const char *option)
{
  command->verb = verb;
  command->argument_count = 1;
  seep_text_copy(command->arguments[0], SEEP_WPR_ARGUMENT_SIZE, option);
}

static bool add(seep_wpr_command *command, const char *text)
{
  if (command->argument_count == SEEP_WPR_MAXIMUM_ARGUMENTS || strlen(text) >= SEEP_WPR_ARGUMENT_SIZE) {
    return false;
  }
  seep_text_copy(command->arguments[command->argument_count++], SEEP_WPR_ARGUMENT_SIZE, text);
  return true;
}

/* The instance is documented as the last parameter; builds differ in whether they take it elsewhere. */
static bool finish(seep_wpr_command *command, bool complete, const seep_wpr_traits *traits,
                   const char *instance)
{
  if (complete && traits->instances) {
    complete =
        seep_wpr_instance_is_valid(instance) && add(command, "-instancename") && add(command, instance);
  }
  if (!complete) {
    command->argument_count = 0;
  }
  return complete;
}

bool seep_wpr_start(seep_wpr_command *command, const seep_wpr_traits *traits, const char *profile_path,
                    const char *profile_name, const char *temporary_folder, const char *instance)
{
  char profile[SEEP_WPR_ARGUMENT_SIZE];
  seep_writer writer;
  seep_writer_init(&writer, profile, sizeof profile);
  seep_writer_text(&writer, profile_path);
  seep_writer_text(&writer, "!");
  seep_writer_text(&writer, profile_name);
  begin(command, SEEP_WPR_START, "-start");
  bool complete = !writer.cut && add(command, profile) && add(command, "-filemode") &&
                  add(command, "-recordtempto") && add(command, temporary_folder);
  return finish(command, complete, traits, instance);
}

bool seep_wpr_stop(seep_wpr_command *command, const seep_wpr_traits *traits, const char *output_path,
                   const char *instance)
{
  begin(command, SEEP_WPR_STOP, "-stop");
  bool complete = add(command, output_path) && (!traits->skip_pdb || add(command, "-skipPdbGen"));
  return finish(command, complete, traits, instance);
}

/* By process id a switch takes effect at once and writes nothing into the registry; by name it would. */
static bool add_about_process(seep_wpr_command *command, seep_wpr_verb verb, uint32_t pid)
{
  char number[16];
  seep_writer writer;
  seep_writer_init(&writer, number, sizeof number);
  seep_writer_u64(&writer, pid);
  if (verb == SEEP_WPR_SNAPSHOT) {
    begin(command, verb, "-singlesnapshot");
    return add(command, "heap") && add(command, number);
  }
  begin(command, verb, "-snapshotconfig");
  return add(command, "heap") && add(command, "-pid") && add(command, number) &&
         add(command, verb == SEEP_WPR_SNAPSHOT_ENABLE ? "enable" : "disable");
}

bool seep_wpr_plain(seep_wpr_command *command, const seep_wpr_traits *traits, seep_wpr_verb verb,
                    uint32_t pid, const char *instance)
{
  bool complete = false; /* for START and STOP, which say more than this */
  begin(command, verb, seep_wpr_verb_text(verb));
  if (verb == SEEP_WPR_CANCEL || verb == SEEP_WPR_STATUS) {
    complete = true;
  } else if (verb == SEEP_WPR_SNAPSHOT_ENABLE || verb == SEEP_WPR_SNAPSHOT ||
             verb == SEEP_WPR_SNAPSHOT_DISABLE) {
    complete = add_about_process(command, verb, pid);
  }
  return finish(command, complete, traits, instance);
}

static bool is_instance_character(char c)
{
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool seep_wpr_instance_is_valid(const char *instance)
{
  size_t length = 0;
  while (instance[length] != '\0') {
    if (!is_instance_character(instance[length]) || length == 63) {
      return false;
    }
    length++;
  }
  /* A leading '-' would read as an option. */
  return length > 0 && instance[0] != '-' && !seep_text_equal_ignoring_case(instance, DEFAULT_INSTANCE);
}

const char *seep_wpr_verb_text(seep_wpr_verb verb)
{
  switch (verb) {
  case SEEP_WPR_START:
    return "-start";
  case SEEP_WPR_STOP:
    return "-stop";
  case SEEP_WPR_CANCEL:
    return "-cancel";
  case SEEP_WPR_SNAPSHOT_ENABLE:
    return "-snapshotconfig heap ... enable";
  case SEEP_WPR_SNAPSHOT:
    return "-singlesnapshot heap ...";
  case SEEP_WPR_SNAPSHOT_DISABLE:
    return "-snapshotconfig heap ... disable";
  case SEEP_WPR_STATUS:
  default:
    return "-status";
  }
}

/* ---- exit codes ---- */

#define DONE SEEP_WPR_DONE
#define IDLE SEEP_WPR_NOT_RUNNING
#define TAKEN SEEP_WPR_ALREADY_RUNNING
#define AGAIN SEEP_WPR_TRANSIENT
#define ROOM SEEP_WPR_NO_ROOM
#define NEVER SEEP_WPR_REFUSED

#define COLUMNS 5
static const unsigned char columns[SEEP_WPR_VERBS] = {0, 1, 2, 3, 4, 4, 4};

typedef struct exit_meaning {
  uint32_t code;
  seep_wpr_answer answers[COLUMNS]; /* at start, stop, cancel, status, and the three snapshot verbs */
  const char *meaning;
} exit_meaning;

/* Reference: wpr-and-ifeo, 6. Three judgements of our own: a wpr that does not know the option -instancename
 * cannot be recording under an instance name, so a cancel that fails for it has nothing to end; a cancel that
 * trips over a dead session or a lack of resources is worth another try; so is anything that ran into a
 * time-out of Windows' own. What a snapshot verb returns is known for the time-out
 * alone; the others stand for what they mean elsewhere. */
static const exit_meaning exit_meanings[] = {
    {0x00000000u, {DONE, DONE, DONE, DONE, DONE}, "The call succeeded."},
    {0xC5583000u, {IDLE, IDLE, IDLE, IDLE, IDLE}, "Nothing is being recorded under this instance name."},
    {0xC5583001u, {TAKEN, TAKEN, TAKEN, TAKEN, TAKEN}, "This instance is recording already."},
    {0xC5583014u,
     {TAKEN, TAKEN, TAKEN, TAKEN, TAKEN},
     "An event session of this name exists already: another tool's, or what a crashed recorder left behind."},
    {0xC5583017u,
     {NEVER, NEVER, NEVER, NEVER, NEVER},
     "A recording of the next shutdown has been armed on this server and is in the way."},
    {0xC558300Cu,
     {NEVER, NEVER, NEVER, NEVER, NEVER},
     "A provider that the profile names is not running: profile and Windows version do not fit together."},
    {0xC5580601u,
     {AGAIN, AGAIN, AGAIN, AGAIN, AGAIN},
     "Another wpr process is busy with the same instance name right now."},
    {0xC5580612u,
     {NEVER, NEVER, NEVER, NEVER, NEVER},
     "An event session was left without providers: the profile does not suit this wpr, or a process it names "
     "is gone."},
    {0xC5585011u,
     {NEVER, NEVER, NEVER, NEVER, NEVER},
     "The account lacks the right to profile system performance, or is not elevated."},
    {0xC5600602u,
     {NEVER, NEVER, IDLE, IDLE, NEVER},
     "This wpr does not know one of the options; the one of Windows Server 2016 has no -instancename."},
    {0x800705AAu,
     {ROOM, AGAIN, AGAIN, AGAIN, AGAIN},
     "Windows is short of system resources, often because too many event sessions are open (64 is the "
     "limit)."},
    {0x80070008u,
     {ROOM, AGAIN, AGAIN, ROOM, ROOM},
     "There is not enough memory for the recording's buffers."},
    {0x800700B7u,
     {NEVER, NEVER, NEVER, NEVER, NEVER},
     "A file of that name exists already, or a profile file was named twice."},
    {0x80071069u,
     {NEVER, NEVER, AGAIN, NEVER, NEVER},
     "An event session of the recording ended before it was saved, often because the disk was full."},
    {0x80010106u,
     {NEVER, NEVER, NEVER, NEVER, NEVER},
     "Symbol files for managed code could not be made while saving; a restart of the server has helped "
     "elsewhere."},
    {0x80070522u,
     {NEVER, NEVER, NEVER, NEVER, NEVER},
     "The account lacks a required privilege; inside a container no recording is possible, use the host."},
    {0x80070005u, {NEVER, NEVER, NEVER, NEVER, NEVER}, "Access was denied."},
    {0x80070070u, {ROOM, ROOM, ROOM, ROOM, ROOM}, "The disk is full."},
    {0x80070032u,
     {NEVER, NEVER, NEVER, NEVER, NEVER},
     "This Windows does not support something the profile asks for."},
    {0x800705B4u, {AGAIN, AGAIN, AGAIN, AGAIN, AGAIN}, "The operation ran into a time-out of Windows' own."},
};

static const exit_meaning *find_meaning(uint32_t exit_code)
{
  for (size_t i = 0; i < sizeof exit_meanings / sizeof exit_meanings[0]; i++) {
    if (exit_meanings[i].code == exit_code) {
      return &exit_meanings[i];
    }
  }
  return NULL;
}

seep_wpr_answer seep_wpr_classify(seep_wpr_verb verb, uint32_t exit_code)
{
  const exit_meaning *found = find_meaning(exit_code);
  return found != NULL && (unsigned)verb < SEEP_WPR_VERBS ? found->answers[columns[verb]] : SEEP_WPR_REFUSED;
}

const char *seep_wpr_meaning(uint32_t exit_code)
{
  const exit_meaning *found = find_meaning(exit_code);
  return found != NULL ? found->meaning
                       : "The recorder failed with a code that Seepwatch has no explanation for.";
}

/* ---- raw files ---- */

/* Consumes prefix from *text, ignoring ASCII case. */
static bool take(const char **text, const char *prefix)
{
  size_t i = 0;
  for (; prefix[i] != '\0'; i++) {
    char pair[2][2] = {{(*text)[i], '\0'}, {prefix[i], '\0'}};
    if ((*text)[i] == '\0' || !seep_text_equal_ignoring_case(pair[0], pair[1])) {
      return false;
    }
  }
  *text += i;
  return true;
}

/* Of which form the collector's part is depends on the Windows build, so any is taken. An instance "a"
 * therefore also owns the files of an instance "a_b": harmless, the folder we look into holds only our own.
 */
bool seep_wpr_is_raw_file(const char *file_name, const char *instance)
{
  const char *rest = file_name;
  bool known = seep_wpr_instance_is_valid(instance) || strcmp(instance, DEFAULT_INSTANCE) == 0;
  if (!known || !take(&rest, "WPR_initiated_") || !take(&rest, instance) || !take(&rest, "_")) {
    return false;
  }
  size_t length = strlen(rest);
  return length > 4 && strpbrk(rest, "/\\:") == NULL &&
         seep_text_equal_ignoring_case(rest + length - 4, ".etl");
}
