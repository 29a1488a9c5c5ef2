/*
 * Findings about Windows' event log: does Windows write an Event 2004 at all, can it be read, and are our own
 * events shown as they should be (reference: event-log, 2.6, 3.6 and 4.2).
 */
#include "report/findings.h"

#include "base/text.h"
#include "report/findings_private.h"

/* ---- Event 2004 ---- */

#define NO_2004 "Windows writes no Event 2004: "
#define DPS "the Diagnostic Policy Service (DPS)"
#define START_DPS "Run as administrator: sc config DPS start= auto, then: sc start DPS"
#define FIND_DPS                                                                                             \
  "DPS belongs to every Windows Server: find out who removed it, and bring it back or count on Seepwatch's " \
  "own alerts alone"
#define POLICIES                                                                                             \
  "Computer Configuration > Administrative Templates > System > Troubleshooting and Diagnostics"
#define SET_SCENARIO                                                                                         \
  "In the group policy " POLICIES " > Windows Resource Exhaustion Detection and Resolution set 'Configure "  \
  "Scenario Execution Level' to Not Configured or Enabled"
#define SET_ALL                                                                                              \
  "In the group policy " POLICIES " set 'Diagnostics: Configure scenario execution level' to Not "           \
  "Configured or Enabled"
#define NO_NAMES                                                                                             \
  "When commit runs out, Windows does not name the processes that took it; Seepwatch's own alerts about "    \
  "leaks and about the commit that is left still come"

#define UNSURE                                                                                               \
  "When commit runs out, Windows may not name the processes that took it; Seepwatch's own alerts come all "  \
  "the same"

typedef enum policy { POLICY_UNKNOWN = 0, POLICY_ALLOWS, POLICY_FORBIDS, POLICY_FORBIDS_ALL } policy;

/* The one for all scenarios, once it is set, rules over the one for this scenario. */
static policy policy_in_effect(const seep_diagnosis *diagnosis)
{
  if (diagnosis->all == SEEP_DIAGNOSIS_POLICY_DISABLED) {
    return POLICY_FORBIDS_ALL;
  }
  if (diagnosis->all == SEEP_DIAGNOSIS_POLICY_ENABLED) {
    return POLICY_ALLOWS;
  }
  if (diagnosis->scenario == SEEP_DIAGNOSIS_POLICY_DISABLED) {
    return POLICY_FORBIDS;
  }
  bool unknown =
      diagnosis->all == SEEP_DIAGNOSIS_POLICY_UNKNOWN || diagnosis->scenario == SEEP_DIAGNOSIS_POLICY_UNKNOWN;
  return unknown ? POLICY_UNKNOWN : POLICY_ALLOWS;
}

static void policy_forbids(const seep_diagnosis *diagnosis, seep_doctor_finding *out)
{
  if (policy_in_effect(diagnosis) == POLICY_FORBIDS_ALL) {
    seep_findings__set(
        out, SEEP_FINDING_TROUBLE,
        NO_2004 "the policy 'Diagnostics: Configure scenario execution level' is disabled, and with it every "
                "diagnosis of Windows",
        NO_NAMES, SET_ALL);
    return;
  }
  seep_findings__set(
      out, SEEP_FINDING_TROUBLE,
      NO_2004 "the policy 'Configure Scenario Execution Level' of Windows Resource Exhaustion Detection and "
              "Resolution is disabled",
      NO_NAMES, SET_SCENARIO);
}

static void service_missing(const seep_diagnosis *diagnosis, seep_doctor_finding *out)
{
  policy in_effect = policy_in_effect(diagnosis);
  seep_writer writer;
  seep_findings__set(out, SEEP_FINDING_TROUBLE, "", NO_NAMES, START_DPS);
  if (in_effect == POLICY_FORBIDS) {
    out->cure = START_DPS ". " SET_SCENARIO;
  } else if (in_effect == POLICY_FORBIDS_ALL) {
    out->cure = START_DPS ". " SET_ALL;
  }
  seep_writer_init(&writer, out->state, sizeof out->state);
  if (diagnosis->service == SEEP_DIAGNOSIS_SERVICE_STOPPED) {
    seep_writer_text(&writer, NO_2004 DPS " is stopped");
  } else if (diagnosis->service == SEEP_DIAGNOSIS_SERVICE_DISABLED) {
    seep_writer_text(&writer, NO_2004 DPS " is disabled and does not run");
  } else {
    seep_writer_text(&writer, NO_2004 "there is no Diagnostic Policy Service (DPS) on this server");
    out->cure = FIND_DPS;
  }
  if (in_effect == POLICY_FORBIDS || in_effect == POLICY_FORBIDS_ALL) {
    seep_writer_text(&writer, ", and a policy forbids it as well");
  }
}

void seep_findings__event_2004(const seep_diagnosis *diagnosis, seep_doctor_finding *out)
{
  policy in_effect = policy_in_effect(diagnosis);
  bool forbidden = in_effect == POLICY_FORBIDS || in_effect == POLICY_FORBIDS_ALL;
  out->subject = "Event 2004";
  switch (diagnosis->service) {
  case SEEP_DIAGNOSIS_SERVICE_STOPPED:
  case SEEP_DIAGNOSIS_SERVICE_DISABLED:
  case SEEP_DIAGNOSIS_SERVICE_ABSENT:
    service_missing(diagnosis, out);
    return;
  default:
    break;
  }
  if (forbidden) {
    policy_forbids(diagnosis, out);
  } else if (diagnosis->service != SEEP_DIAGNOSIS_SERVICE_RUNNING) {
    seep_findings__set(out, SEEP_FINDING_NOTE,
                       "Whether the Diagnostic Policy Service (DPS) runs could not be asked", UNSURE,
                       "Look as administrator with: sc query DPS");
  } else if (in_effect == POLICY_UNKNOWN) {
    seep_findings__set(
        out, SEEP_FINDING_NOTE,
        "The Diagnostic Policy Service (DPS) runs; whether a policy forbids Event 2004 could not be asked",
        UNSURE,
        "Look as administrator at HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WDI: a value "
        "ScenarioExecutionEnabled of 0 there, or below {3af8b24a-c441-4fa4-8c5c-bed591bfa867}, forbids it");
  } else {
    seep_findings__good(out, "The Diagnostic Policy Service (DPS) runs and no policy forbids Event 2004");
  }
}

#define SWITCHED_OFF "Event 2004 is switched off (event2004.enabled is false)"

void seep_findings__event_2004_off(seep_doctor_finding *out)
{
  out->subject = "Event 2004";
  seep_findings__set(
      out, SEEP_FINDING_NOTE, SWITCHED_OFF,
      "Whether Windows writes one is not looked at, and Seepwatch does not tell which processes it names; "
      "its "
      "own alerts about leaks and about the commit that is left still come",
      "None is needed where that is wanted; else set event2004.enabled to true, and ask again");
}

bool seep_findings_diagnosis(const seep_diagnosis *diagnosis, seep_doctor_finding *out)
{
  seep_doctor_finding finding = {0};
  seep_findings__event_2004(diagnosis, &finding);
  if (finding.level != SEEP_FINDING_TROUBLE) {
    return false;
  }
  *out = finding;
  return true;
}

/* ---- the event log ---- */

typedef struct log_code {
  uint32_t code;
  const char *meaning, *cure;
} log_code;

#define ASK_EVENT_LOG                                                                                        \
  "Look with: sc query EventLog; after a start of Windows ask again in a minute, else run as "               \
  "administrator: sc start EventLog"

/* reference: event-log, 3.1 and 3.6 */
static const log_code log_codes[] = {
    {0, "Windows refuses without saying why (no error code)", ASK_EVENT_LOG},
    {5, "access is denied (error 5), so its access rights have been changed",
     "Look for a policy that sets the access rights of the System log (wevtutil gl System shows them): by "
     "default every service may read it"},
    {126, "wevtapi.dll is missing (error 126)", "Repair Windows: the library is part of it"},
    {127, "wevtapi.dll is not that of this Windows (error 127)",
     "Repair Windows: a file in System32 has been replaced"},
    {1717, "the event log service does not answer (error 1717)", ASK_EVENT_LOG},
    {1722, "the event log service does not answer (error 1722)", ASK_EVENT_LOG},
    {15007, "Windows says that there is no such log (error 15007)", ASK_EVENT_LOG},
};

void seep_findings__event_log(const seep_doctor_facts *facts, seep_doctor_finding *out)
{
  static const char lost[] = "Seepwatch does not get Windows' Event 2004; what it sees itself it still tells";
  seep_writer writer;
  out->subject = "event log";
  if (facts->event2004_enabled == SEEP_NO) {
    seep_findings__good(out, "The System log need not be read: " SWITCHED_OFF);
    return;
  }
  if (facts->event_log_readable == SEEP_YES) {
    seep_findings__good(out, "The System log can be read");
    return;
  }
  if (facts->event_log_readable == SEEP_NOT_KNOWN) {
    seep_findings__unknown(facts, out, "Whether the System log can be read could not be asked");
    return;
  }
  bool asked_for_others = facts->is_service_account == SEEP_YES || facts->is_administrator != SEEP_NO ||
                          facts->event_log_code != 5;
  seep_findings__set(out, asked_for_others ? SEEP_FINDING_TROUBLE : SEEP_FINDING_NOTE, "", lost,
                     ASK_EVENT_LOG);
  seep_writer_init(&writer, out->state, sizeof out->state);
  seep_writer_text(&writer, "The System log cannot be read: ");
  for (size_t i = 0; i < sizeof log_codes / sizeof log_codes[0]; i++) {
    if (log_codes[i].code == facts->event_log_code) {
      seep_writer_text(&writer, log_codes[i].meaning);
      out->cure = log_codes[i].cure;
      return;
    }
  }
  seep_writer_format(&writer, "error %lu", (unsigned long)facts->event_log_code);
}

void seep_findings__detector_log(const seep_doctor_facts *facts, seep_doctor_finding *out)
{
  out->subject = "detector log";
  if (facts->event2004_enabled == SEEP_NO) {
    seep_findings__good(out,
                        "The log of Windows' resource exhaustion detector need not be read: " SWITCHED_OFF);
  } else if (facts->detector_log == SEEP_YES) {
    seep_findings__good(out, "The log of Windows' resource exhaustion detector is there");
  } else if (facts->detector_log == SEEP_NO) {
    seep_findings__set(
        out, SEEP_FINDING_NOTE,
        "There is no log Microsoft-Windows-Resource-Exhaustion-Detector/Operational on this server",
        "Seepwatch is not told when Windows runs short of memory and then cannot say why (events 1003 and "
        "1008)",
        "None is needed: Event 2004 itself goes to the System log");
  } else {
    seep_findings__set(
        out, SEEP_FINDING_NOTE,
        "Whether the log of Windows' resource exhaustion detector is there could not be asked",
        "Seepwatch may not be told when Windows runs short of memory and then cannot say why",
        "Ask again as administrator; what is said of the event log here holds for this one as well");
  }
}

void seep_findings__event_source(const seep_doctor_facts *facts, seep_doctor_finding *out)
{
  out->subject = "event source";
  if (facts->source_registered == SEEP_YES) {
    seep_findings__good(out, "It is registered, so that alerts are shown with their texts");
  } else if (facts->source_registered == SEEP_NO) {
    seep_findings__set(
        out, SEEP_FINDING_TROUBLE,
        "The event source seepwatch names no message file, or one that is not there",
        "Alerts are written, but readers show 'the description cannot be found' in place of their texts",
        "Install or repair with the MSI, or set EventMessageFile (REG_EXPAND_SZ) to the path of "
        "seepwatch.exe in HKLM\\SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\seepwatch");
  } else {
    seep_findings__unknown(facts, out, "Whether the event source is registered could not be asked");
  }
}
