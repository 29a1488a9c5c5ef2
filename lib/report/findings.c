/*
 * Sentences from facts, and nothing else: who asked Windows, and how, is not known here. One function for
 * each subject; those about Windows' event log are in findings_events.c. What could not be asked is never
 * taken for good nor for trouble. A fault of the account that asks is no fault of the service, which runs
 * under another one: such findings are notes.
 */
#include "report/findings.h"

#include <string.h>

#include "base/text.h"
#include "capture/wpr.h"
#include "report/findings_private.h"
#include "report/human.h"

/* Below it Windows itself has been seen to write its Event 2004 (reference: event-log, 2.5). */
#define LITTLE_COMMIT_BYTES (UINT64_C(256) * 1024 * 1024)
/* Beyond it a page file that Windows manages is made larger (the same place). */
#define HIGH_COMMIT_PERCENT 90u

void seep_findings__set(seep_doctor_finding *out, seep_finding_level level, const char *state,
                        const char *consequence, const char *cure)
{
  out->level = level;
  seep_text_copy(out->state, sizeof out->state, state);
  out->consequence = consequence;
  out->cure = cure;
}

void seep_findings__good(seep_doctor_finding *out, const char *state)
{
  seep_findings__set(out, SEEP_FINDING_GOOD, state, NULL, NULL);
}

static const char *ask_again(const seep_doctor_facts *facts)
{
  return facts->is_administrator == SEEP_YES ? SEEP_FINDINGS_LOOK_BY_HAND : SEEP_FINDINGS_ASK_AGAIN;
}

void seep_findings__unknown(const seep_doctor_facts *facts, seep_doctor_finding *out, const char *state)
{
  seep_findings__set(out, SEEP_FINDING_NOTE, state, SEEP_FINDINGS_NOBODY_KNOWS, ask_again(facts));
}

/* Words from outside: nothing in them acts on a terminal or a table, and the sentence keeps its form. */
static void append_foreign(seep_doctor_finding *out, const char *text)
{
  seep_writer writer;
  size_t used = strlen(out->state);
  size_t left = strlen(text);
  seep_writer_init(&writer, out->state + used, sizeof out->state - used);
  while (left > 0) {
    uint32_t point = 0;
    size_t length = seep_text_character(text, left, &point);
    bool good = length > 0 && !seep_text_is_control(point);
    seep_writer_bytes(&writer, good ? text : "?", good ? length : 1);
    length = length > 0 ? length : 1;
    text += length;
    left -= length;
  }
  for (used += writer.length; used > 0 && strchr(".: ", out->state[used - 1]) != NULL; used--) {
    out->state[used - 1] = '\0';
  }
}

/* ---- the service and the recorder ---- */

static void about_service(const seep_doctor_facts *facts, seep_doctor_finding *out)
{
  static const char blind[] = "Nothing on this server is watched";
  out->subject = "service";
  if (facts->service_installed == SEEP_NO) {
    seep_findings__set(out, SEEP_FINDING_TROUBLE, "It is not registered", blind,
                       "Run as administrator: seepwatch install, then: sc start seepwatch");
  } else if (facts->service_running == SEEP_NO) {
    seep_findings__set(
        out, SEEP_FINDING_TROUBLE, "It does not run", blind,
        "Run as administrator: sc start seepwatch; if it stops again, its last events in the Application log "
        "say why");
  } else if (facts->service_running == SEEP_NOT_KNOWN) {
    seep_findings__unknown(facts, out, "Whether it runs could not be asked");
  } else if (facts->service_automatic == SEEP_NO) {
    seep_findings__set(out, SEEP_FINDING_NOTE, "It runs, but does not start with Windows",
                       "After the next restart of the server nothing is watched",
                       "Run as administrator: sc config seepwatch start= auto");
  } else if (facts->service_automatic == SEEP_NOT_KNOWN) {
    seep_findings__unknown(facts, out, "It runs; whether it starts with Windows could not be asked");
  } else {
    seep_findings__good(out, "It runs, and starts with Windows");
  }
}

/* There, and with a version. */
static void recorder_known(const unsigned version[4], seep_doctor_finding *out)
{
  seep_wpr_traits traits = seep_wpr_traits_of(version[2]);
  seep_writer writer;
  seep_findings__set(out, SEEP_FINDING_GOOD, "", NULL, NULL);
  seep_writer_init(&writer, out->state, sizeof out->state);
  seep_writer_format(&writer, "wpr.exe %u.%u.%u.%u is there", version[0], version[1], version[2], version[3]);
  if (!traits.instances) {
    out->level = SEEP_FINDING_NOTE;
    out->consequence =
        "It knows one recording at a time for the whole server, so that anybody's 'wpr -cancel' "
        "ends one of Seepwatch, and it takes no heap snapshots";
    out->cure = "None on this version of Windows; Server 2019 and later keep recordings apart";
    seep_writer_text(&writer, ", an old one");
  }
}

static void about_recorder(const seep_doctor_facts *facts, seep_doctor_finding *out)
{
  const unsigned *version = facts->recorder_version;
  out->subject = "recorder";
  if (facts->capture_enabled == SEEP_NO) {
    seep_findings__set(
        out, SEEP_FINDING_NOTE, "Recording is switched off (capture.enabled is false)",
        "Leaks are found and told, but no call stacks are recorded: which module leaks stays unknown",
        "None is needed where that is wanted; else set capture.enabled to true, and ask again");
    return;
  }
  if (facts->recorder_there == SEEP_NO) {
    seep_findings__set(
        out, SEEP_FINDING_TROUBLE, "There is no wpr.exe in the folder System32",
        "Leaks are found and told, but no call stacks are recorded: which module leaks stays unknown",
        "Windows has wpr.exe from Server 2016 on; to live without it set capture.enabled to false");
    return;
  }
  if (facts->recorder_there == SEEP_NOT_KNOWN) {
    seep_findings__unknown(facts, out, "Whether wpr.exe is there could not be asked");
    return;
  }
  if ((version[0] | version[1] | version[2] | version[3]) == 0) {
    seep_findings__set(
        out, SEEP_FINDING_NOTE, "wpr.exe is there, but its version could not be read",
        "It is taken for that of Server 2019, without heap snapshots; an older one would refuse to record "
        "(event 302)",
        "Look at the details of wpr.exe in System32: a file with no version is not the one of Windows");
    return;
  }
  recorder_known(version, out);
}

#define DEBUG_NAME "SeDebugPrivilege"
#define PROFILE_NAME "SeSystemProfilePrivilege"
#define NOT_LOOKED_INTO                                                                                      \
  "Processes of other accounts cannot be looked into: their kind of leak stays undetermined"

static void privileges_missing(bool debug, bool profile, bool of_service, seep_doctor_finding *out)
{
  seep_writer writer;
  seep_findings__set(
      out, of_service ? SEEP_FINDING_TROUBLE : SEEP_FINDING_NOTE, "",
      "This account may be refused 'seepwatch memory --pid' and wpr.exe; nothing follows for the service, "
      "which runs as LocalSystem",
      SEEP_FINDINGS_ASK_AGAIN "; what is missing there too, a policy has taken from administrators");
  if (of_service) {
    out->consequence = NOT_LOOKED_INTO;
    out->cure = "Look at the user rights 'Debug programs' and 'Profile system performance' in the group "
                "policies of this server, and at: sc qprivs seepwatch";
  }
  if (of_service && !profile) {
    out->consequence = debug
                           ? "wpr.exe refuses to record (0xC5585011): leaks are found, but not who allocates"
                           : "wpr.exe refuses to record (0xC5585011), and processes of other accounts "
                             "cannot be looked into: leaks are found, but neither kind nor origin";
  }
  seep_writer_init(&writer, out->state, sizeof out->state);
  seep_writer_format(&writer, "%s does not hold %s%s%s",
                     of_service ? "The service's account" : "The account that asks", debug ? "" : DEBUG_NAME,
                     debug || profile ? "" : " and ", profile ? "" : PROFILE_NAME);
}

/* The profile privilege is for wpr.exe alone. */
static void recording_needs_none(const seep_doctor_facts *facts, bool debug, bool of_service,
                                 seep_doctor_finding *out)
{
  if (facts->capture_enabled != SEEP_NO || !of_service) {
    return;
  }
  if (debug) {
    out->level = SEEP_FINDING_NOTE;
    out->consequence = "None while recording is switched off (capture.enabled is false); wpr.exe needs it";
  } else {
    out->consequence = NOT_LOOKED_INTO;
  }
}

static void about_privileges(const seep_doctor_facts *facts, seep_doctor_finding *out)
{
  bool of_service = facts->is_service_account == SEEP_YES;
  bool debug = facts->privilege_debug != SEEP_NO;
  bool profile = facts->privilege_profile != SEEP_NO;
  out->subject = "privileges";
  if (!debug || !profile) {
    privileges_missing(debug, profile, of_service, out);
    recording_needs_none(facts, debug, of_service, out);
  } else if (facts->privilege_debug == SEEP_NOT_KNOWN || facts->privilege_profile == SEEP_NOT_KNOWN) {
    seep_findings__unknown(facts, out, "Which privileges this account holds could not be asked");
  } else if (of_service) {
    seep_findings__good(out, "The service's account holds " DEBUG_NAME " and " PROFILE_NAME);
  } else {
    seep_findings__good(out, "The account that asks holds " DEBUG_NAME " and " PROFILE_NAME
                             "; that of the service was not asked");
  }
}

/* ---- what it keeps, and where ---- */

static void folder_not_there(const seep_doctor_facts *facts, seep_doctor_finding *out)
{
  if (facts->service_running == SEEP_YES) {
    seep_findings__set(out, SEEP_FINDING_TROUBLE, "The service runs, but its data folder is not there: ",
                       "The history is kept in memory only and nothing is recorded",
                       "Look for event 107, which says why; then: sc stop seepwatch, sc start seepwatch");
  } else {
    seep_findings__set(out, SEEP_FINDING_NOTE, "It is not there yet: ", "There is no history to look at",
                       "None is needed: the service makes it when it starts");
  }
  append_foreign(out, facts->data_folder);
}

static void about_data_folder(const seep_doctor_facts *facts, seep_doctor_finding *out)
{
  out->subject = "data folder";
  if (facts->data_folder_there == SEEP_NO) {
    folder_not_there(facts, out);
    return;
  }
  if (facts->data_folder_private == SEEP_NO) {
    seep_findings__set(
        out, SEEP_FINDING_TROUBLE, "Others than SYSTEM and Administrators may get into it, or own it: ",
        "Recordings and names of processes can be read by them, and what the service believes can be forged",
        "Run as administrator: sc stop seepwatch, sc start seepwatch: it sets the rights again; if event 107 "
        "says that it refuses the folder, give that another name first");
  } else if (facts->data_folder_writable == SEEP_NO && facts->is_administrator == SEEP_NO) {
    seep_findings__set(out, SEEP_FINDING_NOTE, "This account may not write to it, as it should be: ",
                       "What the service's own account may do there could not be seen",
                       SEEP_FINDINGS_ASK_AGAIN);
  } else if (facts->data_folder_writable == SEEP_NO) {
    seep_findings__set(
        out, SEEP_FINDING_TROUBLE,
        "It cannot be written to: ", "The history is kept in memory only and nothing is recorded",
        "Look for event 107, which says why, and at the rights of the folder: SYSTEM and Administrators need "
        "full control");
  } else if (facts->data_folder_there == SEEP_YES && facts->data_folder_writable == SEEP_YES &&
             facts->data_folder_private == SEEP_YES) {
    seep_findings__good(out, "It can be written to, and only SYSTEM and Administrators get in: ");
  } else {
    seep_findings__unknown(facts, out, "Who may get into it could not be asked: ");
  }
  append_foreign(out, facts->data_folder);
}

static void about_free_disk(const seep_doctor_facts *facts, seep_doctor_finding *out)
{
  char free_text[SEEP_HUMAN_SIZE], needed[SEEP_HUMAN_SIZE];
  seep_writer writer;
  out->subject = "free disk";
  if (facts->capture_enabled == SEEP_NO) {
    seep_findings__good(out, "Recording is switched off (capture.enabled is false): it needs no room");
    return;
  }
  if (facts->free_bytes == UINT64_MAX || facts->minimum_free_bytes == UINT64_MAX) {
    seep_findings__unknown(facts, out, "How much room is free for the data folder could not be asked");
    return;
  }
  seep_findings__set(out, SEEP_FINDING_GOOD, "", NULL, NULL);
  if (facts->free_bytes < facts->minimum_free_bytes) {
    seep_findings__set(out, SEEP_FINDING_TROUBLE, "",
                       "Recordings are refused (event 303); leaks are still found and told",
                       "Make room on the volume of the data folder, or lower capture.minimum_free_bytes");
  }
  seep_writer_init(&writer, out->state, sizeof out->state);
  seep_writer_format(&writer, "%s are free for the data folder; recordings need %s",
                     seep_human_bytes(facts->free_bytes, free_text, sizeof free_text),
                     seep_human_bytes(facts->minimum_free_bytes, needed, sizeof needed));
}

static void database_not_known(const seep_doctor_facts *facts, seep_doctor_finding *out)
{
  seep_findings__set(out, SEEP_FINDING_NOTE,
                     facts->database_problem[0] != '\0' ? "Whether it is sound could not be asked: "
                                                        : "Whether it is sound could not be asked",
                     "There may be no history to look at",
                     facts->is_administrator == SEEP_YES
                         ? "Ask again later; none is needed before the service has run, which makes the file"
                         : SEEP_FINDINGS_ASK_AGAIN);
  append_foreign(out, facts->database_problem);
}

static void database_not_readable(const seep_doctor_facts *facts, seep_doctor_finding *out)
{
  static const char not_shown[] = "History, leaks and recordings so far cannot be shown";
  switch (facts->database_fault) {
  case SEEP_DOCTOR_DATABASE_MISSING:
    seep_findings__set(out, SEEP_FINDING_TROUBLE, "The service runs, but there is none",
                       "There is no history to look at, and the service may keep its own in memory only",
                       "Look for event 107, which says why; then: sc stop seepwatch, sc start seepwatch");
    break;
  case SEEP_DOCTOR_DATABASE_OLDER:
    seep_findings__set(out, SEEP_FINDING_NOTE, "It is that of an older Seepwatch", not_shown,
                       "The service converts it when it starts: start the service (sc start seepwatch)");
    break;
  case SEEP_DOCTOR_DATABASE_NEWER:
    seep_findings__set(out, SEEP_FINDING_TROUBLE, "It is that of a newer Seepwatch",
                       "This one can neither show what is in it nor keep history there",
                       "Install the newer Seepwatch, which reads it");
    break;
  case SEEP_DOCTOR_DATABASE_DAMAGED:
  default:
    seep_findings__set(
        out, SEEP_FINDING_TROUBLE,
        facts->database_problem[0] != '\0' ? "It cannot be read: " : "It cannot be read", not_shown,
        "Look for event 107; a damaged file is set aside and begun anew when the service starts: sc stop "
        "seepwatch, sc start seepwatch");
    append_foreign(out, facts->database_problem);
    break;
  }
}

static void about_database(const seep_doctor_facts *facts, seep_doctor_finding *out)
{
  out->subject = "database";
  if (facts->database_readable == SEEP_YES) {
    seep_findings__good(out, "It can be read");
  } else if (facts->database_readable == SEEP_NO) {
    database_not_readable(facts, out);
  } else {
    database_not_known(facts, out);
  }
}

static void about_settings(const seep_doctor_facts *facts, seep_doctor_finding *out)
{
  bool has_problem = facts->settings_problem[0] != '\0';
  out->subject = "configuration";
  if (facts->settings_there == SEEP_NO) {
    seep_findings__good(out, "There is no file: the built-in defaults are in force");
    return;
  }
  if (facts->settings_valid == SEEP_YES) {
    seep_findings__good(out, "The file is valid");
    return;
  }
  if (facts->settings_valid == SEEP_NO) {
    seep_findings__set(
        out, SEEP_FINDING_TROUBLE, has_problem ? "The file is refused: " : "The file is refused",
        "A service that starts with it watches with the defaults, records nothing and looks into no process; "
        "one that runs goes on with what it had",
        "Correct it until 'seepwatch config check FILE' is content, then run as administrator: sc control "
        "seepwatch paramchange");
  } else {
    seep_findings__set(out, SEEP_FINDING_NOTE,
                       has_problem ? "Whether it is valid could not be asked: "
                                   : "Whether it is valid could not be asked",
                       SEEP_FINDINGS_NOBODY_KNOWS, ask_again(facts));
  }
  append_foreign(out, facts->settings_problem);
}

static void about_commit(const seep_doctor_facts *facts, seep_doctor_finding *out)
{
  static const char cure[] =
      "Look who took it: seepwatch top, seepwatch leaks; a larger page file gives time, not a cure";
  char left_text[SEEP_HUMAN_SIZE], limit_text[SEEP_HUMAN_SIZE];
  uint64_t limit = facts->commit_limit_bytes;
  seep_writer writer;
  out->subject = "commit";
  if (limit == 0) {
    seep_findings__unknown(facts, out, "How much memory is committed could not be asked");
    return;
  }
  uint64_t left = limit > facts->commit_total_bytes ? limit - facts->commit_total_bytes : 0;
  double percent_left = (double)left / (double)limit * 100.0;
  seep_findings__set(out, SEEP_FINDING_GOOD, "", NULL, NULL);
  if (left < LITTLE_COMMIT_BYTES) {
    seep_findings__set(
        out, SEEP_FINDING_TROUBLE, "",
        "New processes and allocations fail at any moment, those of Seepwatch too; Windows writes Event 2004 "
        "at about this point",
        cure);
  } else if (percent_left < 100.0 - HIGH_COMMIT_PERCENT) {
    seep_findings__set(
        out, SEEP_FINDING_NOTE, "",
        "Windows now enlarges a page file that it manages; where it cannot, allocations fail once nothing is "
        "left",
        cure);
  }
  seep_writer_init(&writer, out->state, sizeof out->state);
  seep_writer_format(&writer, "%s of the commit limit of %s are left (%u percent)",
                     seep_human_bytes(left, left_text, sizeof left_text),
                     seep_human_bytes(limit, limit_text, sizeof limit_text), (unsigned)percent_left);
}

/* ---- all ---- */

size_t seep_findings_of(const seep_doctor_facts *facts, seep_doctor_finding out[SEEP_FINDINGS_MAXIMUM])
{
  static void (*const subjects[])(const seep_doctor_facts *facts,
                                  seep_doctor_finding *out) = {seep_findings__event_log,
                                                               seep_findings__detector_log,
                                                               seep_findings__event_source,
                                                               about_service,
                                                               about_recorder,
                                                               about_privileges,
                                                               about_data_folder,
                                                               about_free_disk,
                                                               about_database,
                                                               about_settings,
                                                               about_commit};
  const size_t count = sizeof subjects / sizeof subjects[0];
  _Static_assert(1 + sizeof subjects / sizeof subjects[0] <= SEEP_FINDINGS_MAXIMUM, "room for all");
  memset(out, 0, (count + 1) * sizeof *out);
  if (facts->event2004_enabled == SEEP_NO) {
    seep_findings__event_2004_off(&out[0]);
  } else {
    seep_findings__event_2004(&facts->diagnosis, &out[0]);
  }
  for (size_t i = 0; i < count; i++) {
    subjects[i](facts, &out[i + 1]);
  }
  return count + 1;
}
