/* Every subject, good, as a note and as trouble; and what holds of all sentences whatever the facts are. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/findings.h"

#define GB (UINT64_C(1024) * 1024 * 1024)
#define MB (UINT64_C(1024) * 1024)

static const char *const subjects[] = {"Event 2004", "event log", "detector log",  "event source",
                                       "service",    "recorder",  "privileges",    "data folder",
                                       "free disk",  "database",  "configuration", "commit"};
#define SUBJECTS (sizeof subjects / sizeof subjects[0])

/* A server on which everything works, asked by the service's own account. */
static seep_doctor_facts healthy(void)
{
  seep_doctor_facts facts = {.diagnosis = {SEEP_DIAGNOSIS_SERVICE_RUNNING,
                                           SEEP_DIAGNOSIS_POLICY_NOT_CONFIGURED,
                                           SEEP_DIAGNOSIS_POLICY_NOT_CONFIGURED},
                             .event_log_readable = SEEP_YES,
                             .detector_log = SEEP_YES,
                             .service_installed = SEEP_YES,
                             .service_running = SEEP_YES,
                             .service_automatic = SEEP_YES,
                             .source_registered = SEEP_YES,
                             .recorder_there = SEEP_YES,
                             .recorder_version = {10, 0, 20348, 1},
                             .privilege_debug = SEEP_YES,
                             .privilege_profile = SEEP_YES,
                             .is_service_account = SEEP_YES,
                             .is_administrator = SEEP_YES,
                             .data_folder_there = SEEP_YES,
                             .data_folder_writable = SEEP_YES,
                             .data_folder_private = SEEP_YES,
                             .data_folder = "C:\\ProgramData\\Seepwatch",
                             .free_bytes = 100 * GB,
                             .minimum_free_bytes = 5 * GB,
                             .database_readable = SEEP_YES,
                             .settings_valid = SEEP_YES,
                             .settings_there = SEEP_YES,
                             .capture_enabled = SEEP_YES,
                             .event2004_enabled = SEEP_YES,
                             .commit_limit_bytes = 64 * GB,
                             .commit_total_bytes = 16 * GB};
  return facts;
}

static void assert_sentence(const char *text, size_t size)
{
  size_t length = strlen(text);
  assert_true(length > 0 && length < size);
  assert_int_equal(seep_text_valid_prefix(text, length), length);
  if (strpbrk(text, "\t\r\n") != NULL || strchr(".:; ", text[length - 1]) != NULL) {
    fail_msg("not a sentence without its full stop: \"%s\"", text);
  }
}

static void assert_form(const seep_doctor_finding *finding)
{
  assert_sentence(finding->state, sizeof finding->state);
  if (finding->level == SEEP_FINDING_GOOD) {
    assert_null(finding->consequence);
    assert_null(finding->cure);
    return;
  }
  assert_non_null(finding->consequence);
  assert_non_null(finding->cure);
  assert_sentence(finding->consequence, 512);
  assert_sentence(finding->cure, 512);
}

/* The finding about a subject; the form of all is looked at on the way. */
static seep_doctor_finding about(const seep_doctor_facts *facts, const char *subject)
{
  seep_doctor_finding all[SEEP_FINDINGS_MAXIMUM], found = {0};
  memset(all, 0xA5, sizeof all);
  size_t count = seep_findings_of(facts, all);
  assert_int_equal(count, SUBJECTS);
  for (size_t i = 0; i < count; i++) {
    assert_string_equal(all[i].subject, subjects[i]);
    assert_form(&all[i]);
    if (strcmp(all[i].subject, subject) == 0) {
      found = all[i];
    }
  }
  assert_non_null(found.subject);
  return found;
}

static void expect(const seep_doctor_facts *facts, const char *subject, seep_finding_level level,
                   const char *state, const char *cure)
{
  seep_doctor_finding finding = about(facts, subject);
  if (finding.level != level || strstr(finding.state, state) == NULL) {
    fail_msg("%s: level %d, \"%s\"", subject, (int)finding.level, finding.state);
  }
  if (cure != NULL && (finding.cure == NULL || strstr(finding.cure, cure) == NULL)) {
    fail_msg("%s: cure \"%s\"", subject, finding.cure != NULL ? finding.cure : "none");
  }
}

static void a_healthy_server_has_nothing_to_tell(void **state)
{
  (void)state;
  seep_doctor_facts facts = healthy();
  for (size_t i = 0; i < SUBJECTS; i++) {
    expect(&facts, subjects[i], SEEP_FINDING_GOOD, "", NULL);
  }
}

static void what_is_not_known_is_a_note(void **state)
{
  (void)state;
  seep_doctor_facts facts = {.free_bytes = UINT64_MAX, .minimum_free_bytes = UINT64_MAX};
  for (size_t i = 0; i < SUBJECTS; i++) {
    expect(&facts, subjects[i], SEEP_FINDING_NOTE, "could not be asked", "as administrator");
  }
}

/* Who is one already is not told to ask as administrator. */
static void an_administrator_is_told_something_else(void **state)
{
  (void)state;
  static const char *const own[] = {"event log",   "event source", "service",  "recorder",      "privileges",
                                    "data folder", "free disk",    "database", "configuration", "commit"};
  seep_doctor_facts facts = {
      .free_bytes = UINT64_MAX, .minimum_free_bytes = UINT64_MAX, .is_administrator = SEEP_YES};
  for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
    seep_doctor_finding finding = about(&facts, own[i]);
    assert_int_equal(finding.level, SEEP_FINDING_NOTE);
    assert_null(strstr(finding.cure, "as administrator"));
  }
}

static void event_2004_needs_the_service(void **state)
{
  (void)state;
  seep_doctor_facts facts = healthy();
  facts.diagnosis.service = SEEP_DIAGNOSIS_SERVICE_STOPPED;
  expect(&facts, "Event 2004", SEEP_FINDING_TROUBLE, "is stopped", "sc start DPS");
  facts.diagnosis.service = SEEP_DIAGNOSIS_SERVICE_DISABLED;
  expect(&facts, "Event 2004", SEEP_FINDING_TROUBLE, "is disabled", "sc config DPS start= auto");
  facts.diagnosis.service = SEEP_DIAGNOSIS_SERVICE_ABSENT;
  expect(&facts, "Event 2004", SEEP_FINDING_TROUBLE, "no Diagnostic Policy Service", "who removed it");
  facts.diagnosis.service = SEEP_DIAGNOSIS_SERVICE_UNKNOWN;
  expect(&facts, "Event 2004", SEEP_FINDING_NOTE, "could not be asked", NULL);
}

static void event_2004_needs_the_policies(void **state)
{
  (void)state;
  seep_doctor_facts facts = healthy();
  facts.diagnosis.scenario = SEEP_DIAGNOSIS_POLICY_DISABLED;
  expect(&facts, "Event 2004", SEEP_FINDING_TROUBLE, "'Configure Scenario Execution Level'",
         "Windows Resource Exhaustion Detection and Resolution");
  /* The policy for all scenarios rules over the other, whichever way it is set. */
  facts.diagnosis.all = SEEP_DIAGNOSIS_POLICY_ENABLED;
  expect(&facts, "Event 2004", SEEP_FINDING_GOOD, "no policy forbids", NULL);
  facts.diagnosis.scenario = SEEP_DIAGNOSIS_POLICY_ENABLED;
  facts.diagnosis.all = SEEP_DIAGNOSIS_POLICY_DISABLED;
  expect(&facts, "Event 2004", SEEP_FINDING_TROUBLE, "'Diagnostics: Configure scenario execution level'",
         "'Diagnostics: Configure scenario execution level'");
  facts.diagnosis.all = SEEP_DIAGNOSIS_POLICY_UNKNOWN;
  expect(&facts, "Event 2004", SEEP_FINDING_NOTE, "could not be asked", NULL);
  facts.diagnosis.service = SEEP_DIAGNOSIS_SERVICE_UNKNOWN;
  facts.diagnosis.scenario = SEEP_DIAGNOSIS_POLICY_DISABLED;
  expect(&facts, "Event 2004", SEEP_FINDING_TROUBLE, "is disabled", "Not Configured");
}

static void event_2004_may_lack_both(void **state)
{
  (void)state;
  seep_doctor_facts facts = healthy();
  facts.diagnosis.service = SEEP_DIAGNOSIS_SERVICE_DISABLED;
  facts.diagnosis.scenario = SEEP_DIAGNOSIS_POLICY_DISABLED;
  expect(&facts, "Event 2004", SEEP_FINDING_TROUBLE, "a policy forbids it as well", "sc start DPS");
  expect(&facts, "Event 2004", SEEP_FINDING_TROUBLE, "DPS", "'Configure Scenario Execution Level'");
  facts.diagnosis.all = SEEP_DIAGNOSIS_POLICY_DISABLED;
  expect(&facts, "Event 2004", SEEP_FINDING_TROUBLE, "a policy forbids it as well", "'Diagnostics:");
}

static void the_service_is_told_trouble_only(void **state)
{
  (void)state;
  seep_doctor_finding finding = {.subject = "untouched"};
  for (int service = SEEP_DIAGNOSIS_SERVICE_UNKNOWN; service <= SEEP_DIAGNOSIS_SERVICE_ABSENT; service++) {
    for (int scenario = 0; scenario <= SEEP_DIAGNOSIS_POLICY_DISABLED; scenario++) {
      for (int all = 0; all <= SEEP_DIAGNOSIS_POLICY_DISABLED; all++) {
        seep_doctor_facts facts = healthy();
        facts.diagnosis = (seep_diagnosis){(seep_diagnosis_service)service, (seep_diagnosis_policy)scenario,
                                           (seep_diagnosis_policy)all};
        seep_doctor_finding same = about(&facts, "Event 2004");
        finding.subject = "untouched";
        bool told = seep_findings_diagnosis(&facts.diagnosis, &finding);
        assert_int_equal(told, same.level == SEEP_FINDING_TROUBLE);
        assert_string_equal(finding.subject, told ? "Event 2004" : "untouched");
        if (told) {
          assert_string_equal(finding.state, same.state);
          assert_string_equal(finding.cure, same.cure);
        }
      }
    }
  }
}

static void the_event_log_has_reasons(void **state)
{
  (void)state;
  static const struct {
    uint32_t code;
    const char *state, *cure;
  } rows[] = {
      {0, "without saying why", "sc query EventLog"}, {5, "access is denied (error 5)", "wevtutil gl System"},
      {126, "wevtapi.dll is missing", "Repair"},      {1722, "does not answer", "sc start EventLog"},
      {15007, "no such log", "in a minute"},          {UINT32_MAX, "error 4294967295", NULL}};
  seep_doctor_facts facts = healthy();
  facts.event_log_readable = SEEP_NO;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    facts.event_log_code = rows[i].code;
    expect(&facts, "event log", SEEP_FINDING_TROUBLE, rows[i].state, rows[i].cure);
  }
  /* What an ordinary user is denied, the service may still have. */
  facts.event_log_code = 5;
  facts.is_service_account = SEEP_NO;
  facts.is_administrator = SEEP_NO;
  expect(&facts, "event log", SEEP_FINDING_NOTE, "access is denied", NULL);
  facts.event_log_code = 1722;
  expect(&facts, "event log", SEEP_FINDING_TROUBLE, "does not answer", NULL);
}

static void the_detector_log_may_be_absent(void **state)
{
  (void)state;
  seep_doctor_facts facts = healthy();
  facts.detector_log = SEEP_NO;
  expect(&facts, "detector log", SEEP_FINDING_NOTE, "Resource-Exhaustion-Detector/Operational",
         "None is needed");
}

static void the_event_source_is_needed(void **state)
{
  (void)state;
  seep_doctor_facts facts = healthy();
  facts.source_registered = SEEP_NO;
  expect(&facts, "event source", SEEP_FINDING_TROUBLE, "no message file", "EventMessageFile");
}

static void the_service_must_run(void **state)
{
  (void)state;
  seep_doctor_facts facts = healthy();
  facts.service_automatic = SEEP_NO;
  expect(&facts, "service", SEEP_FINDING_NOTE, "does not start with Windows", "start= auto");
  facts.service_automatic = SEEP_NOT_KNOWN;
  expect(&facts, "service", SEEP_FINDING_NOTE, "could not be asked", NULL);
  facts.service_running = SEEP_NO;
  expect(&facts, "service", SEEP_FINDING_TROUBLE, "does not run", "sc start seepwatch");
  facts.service_installed = SEEP_NO;
  expect(&facts, "service", SEEP_FINDING_TROUBLE, "not registered", "seepwatch install");
}

static void the_recorder_has_a_version(void **state)
{
  (void)state;
  static const unsigned old[4] = {10, 0, 14393, 0}, none[4] = {0, 0, 0, 0}, first[4] = {10, 0, 17763, 0};
  seep_doctor_facts facts = healthy();
  expect(&facts, "recorder", SEEP_FINDING_GOOD, "wpr.exe 10.0.20348.1", NULL);
  memcpy(facts.recorder_version, first, sizeof first);
  expect(&facts, "recorder", SEEP_FINDING_GOOD, "10.0.17763.0", NULL);
  memcpy(facts.recorder_version, old, sizeof old);
  expect(&facts, "recorder", SEEP_FINDING_NOTE, "10.0.14393.0", "Server 2019");
  memcpy(facts.recorder_version, none, sizeof none);
  expect(&facts, "recorder", SEEP_FINDING_NOTE, "version could not be read", "wpr.exe");
  facts.recorder_there = SEEP_NO;
  expect(&facts, "recorder", SEEP_FINDING_TROUBLE, "no wpr.exe", "Server 2016");
}

static void privileges_of_the_service_count(void **state)
{
  (void)state;
  seep_doctor_facts facts = healthy();
  facts.privilege_profile = SEEP_NO;
  expect(&facts, "privileges", SEEP_FINDING_TROUBLE, "service's account does not hold SeSystemProfile",
         "Profile system performance");
  assert_non_null(strstr(about(&facts, "privileges").consequence, "0xC5585011"));
  facts.privilege_debug = SEEP_NO;
  expect(&facts, "privileges", SEEP_FINDING_TROUBLE, "SeDebugPrivilege and SeSystemProfilePrivilege", NULL);
  facts.privilege_profile = SEEP_YES;
  expect(&facts, "privileges", SEEP_FINDING_TROUBLE, "does not hold SeDebugPrivilege", NULL);
  assert_null(strstr(about(&facts, "privileges").consequence, "wpr.exe"));
  /* Those of anybody else say nothing about the service. */
  facts.is_service_account = SEEP_NO;
  expect(&facts, "privileges", SEEP_FINDING_NOTE, "The account that asks does not hold SeDebugPrivilege",
         "as administrator");
  facts.privilege_debug = SEEP_YES;
  expect(&facts, "privileges", SEEP_FINDING_GOOD, "that of the service was not asked", NULL);
}

static void the_data_folder_is_private(void **state)
{
  (void)state;
  seep_doctor_facts facts = healthy();
  expect(&facts, "data folder", SEEP_FINDING_GOOD, "C:\\ProgramData\\Seepwatch", NULL);
  facts.data_folder_writable = SEEP_NO;
  expect(&facts, "data folder", SEEP_FINDING_TROUBLE, "cannot be written", "event 107");
  facts.is_administrator = SEEP_NO;
  facts.data_folder_private = SEEP_NOT_KNOWN;
  expect(&facts, "data folder", SEEP_FINDING_NOTE, "may not write", "as administrator");
  facts.data_folder_private = SEEP_NO;
  expect(&facts, "data folder", SEEP_FINDING_TROUBLE, "Others than SYSTEM", "sc start seepwatch");
  facts.data_folder_there = SEEP_NO;
  expect(&facts, "data folder", SEEP_FINDING_TROUBLE, "is not there", "event 107");
  facts.service_running = SEEP_NO;
  expect(&facts, "data folder", SEEP_FINDING_NOTE, "not there yet", "None is needed");
}

static void the_disk_has_room(void **state)
{
  (void)state;
  seep_doctor_facts facts = healthy();
  expect(&facts, "free disk", SEEP_FINDING_GOOD,
         "100 GB are free for the data folder; recordings need 5.00 GB", NULL);
  facts.free_bytes = 5 * GB - 1;
  expect(&facts, "free disk", SEEP_FINDING_TROUBLE, "are free", "capture.minimum_free_bytes");
  facts.free_bytes = UINT64_MAX;
  expect(&facts, "free disk", SEEP_FINDING_NOTE, "could not be asked", NULL);
}

static void the_database_tells_its_problem(void **state)
{
  (void)state;
  seep_doctor_facts facts = healthy();
  facts.database_readable = SEEP_NO;
  seep_text_copy(facts.database_problem, sizeof facts.database_problem,
                 "open: database disk image is malformed.");
  expect(&facts, "database", SEEP_FINDING_TROUBLE, "read: open: database disk image is malformed",
         "set aside");
  facts.database_readable = SEEP_NOT_KNOWN;
  expect(&facts, "database", SEEP_FINDING_NOTE, "could not be asked: open", NULL);
  facts.database_readable = SEEP_NO;
  facts.database_fault = SEEP_DOCTOR_DATABASE_MISSING;
  expect(&facts, "database", SEEP_FINDING_TROUBLE, "there is none", "event 107");
}

/* Only a damaged file is set aside: another version's is whole, and each way has its own cure. */
static void another_versions_database_is_not_damaged(void **state)
{
  (void)state;
  seep_doctor_facts facts = healthy();
  facts.database_readable = SEEP_NO;
  facts.database_fault = SEEP_DOCTOR_DATABASE_OLDER;
  expect(&facts, "database", SEEP_FINDING_NOTE, "older Seepwatch",
         "service converts it when it starts: start the service");
  assert_null(strstr(about(&facts, "database").cure, "set aside"));
  facts.database_fault = SEEP_DOCTOR_DATABASE_NEWER;
  expect(&facts, "database", SEEP_FINDING_TROUBLE, "newer Seepwatch", "Install the newer Seepwatch");
  assert_null(strstr(about(&facts, "database").cure, "set aside"));
}

/* What is switched off on purpose needs neither wpr.exe nor room. */
static void recording_may_be_switched_off(void **state)
{
  (void)state;
  seep_doctor_facts facts = healthy();
  facts.capture_enabled = SEEP_NO;
  expect(&facts, "recorder", SEEP_FINDING_NOTE, "Recording is switched off", "capture.enabled");
  expect(&facts, "free disk", SEEP_FINDING_GOOD, "Recording is switched off", NULL);
  facts.recorder_there = SEEP_NO;
  facts.free_bytes = 0;
  facts.privilege_profile = SEEP_NO;
  expect(&facts, "recorder", SEEP_FINDING_NOTE, "Recording is switched off", "capture.enabled");
  expect(&facts, "free disk", SEEP_FINDING_GOOD, "Recording is switched off", NULL);
  expect(&facts, "privileges", SEEP_FINDING_NOTE, "SeSystemProfilePrivilege", NULL);
  assert_non_null(strstr(about(&facts, "privileges").consequence, "switched off"));
  facts.privilege_debug = SEEP_NO;
  expect(&facts, "privileges", SEEP_FINDING_TROUBLE, "SeDebugPrivilege", NULL);
  assert_null(strstr(about(&facts, "privileges").consequence, "wpr.exe"));
  /* Where the switch is not known, it is taken for on. */
  facts.capture_enabled = SEEP_NOT_KNOWN;
  expect(&facts, "recorder", SEEP_FINDING_TROUBLE, "no wpr.exe", NULL);
  expect(&facts, "free disk", SEEP_FINDING_TROUBLE, "are free", NULL);
}

static void event_2004_may_be_switched_off(void **state)
{
  (void)state;
  static const char *const logs[] = {"event log", "detector log"};
  seep_doctor_facts facts = healthy();
  for (int fault = 0; fault < 2; fault++) {
    facts.event2004_enabled = SEEP_NO;
    expect(&facts, "Event 2004", SEEP_FINDING_NOTE, "switched off (event2004.enabled", "event2004.enabled");
    for (size_t i = 0; i < sizeof logs / sizeof logs[0]; i++) {
      expect(&facts, logs[i], SEEP_FINDING_GOOD, "Event 2004 is switched off", NULL);
    }
    facts.diagnosis.service = SEEP_DIAGNOSIS_SERVICE_STOPPED;
    facts.event_log_readable = SEEP_NO;
    facts.detector_log = SEEP_NO;
  }
  facts.event2004_enabled = SEEP_NOT_KNOWN;
  expect(&facts, "Event 2004", SEEP_FINDING_TROUBLE, "is stopped", NULL);
  expect(&facts, "event log", SEEP_FINDING_TROUBLE, "cannot be read", NULL);
}

static void the_configuration_tells_its_problem(void **state)
{
  (void)state;
  seep_doctor_facts facts = healthy();
  facts.settings_valid = SEEP_NO;
  seep_text_copy(facts.settings_problem, sizeof facts.settings_problem,
                 "line 3, key poll.interval_s: too small");
  expect(&facts, "configuration", SEEP_FINDING_TROUBLE, "refused: line 3, key poll.interval_s: too small",
         "config check");
  facts.settings_valid = SEEP_NOT_KNOWN;
  expect(&facts, "configuration", SEEP_FINDING_NOTE, "could not be asked: line 3", NULL);
  facts.settings_there = SEEP_NO;
  expect(&facts, "configuration", SEEP_FINDING_GOOD, "built-in defaults", NULL);
}

static void commit_runs_short(void **state)
{
  (void)state;
  seep_doctor_facts facts = healthy();
  expect(&facts, "commit", SEEP_FINDING_GOOD, "48.0 GB of the commit limit of 64.0 GB are left (75 percent)",
         NULL);
  facts.commit_total_bytes = 60 * GB;
  expect(&facts, "commit", SEEP_FINDING_NOTE, "4.00 GB", "seepwatch top");
  facts.commit_total_bytes = 64 * GB - 256 * MB;
  expect(&facts, "commit", SEEP_FINDING_NOTE, "256 MB", NULL);
  facts.commit_total_bytes++;
  expect(&facts, "commit", SEEP_FINDING_TROUBLE, "are left (0 percent)", "seepwatch top");
  facts.commit_total_bytes = UINT64_MAX;
  expect(&facts, "commit", SEEP_FINDING_TROUBLE, "0 bytes of the commit limit", NULL);
}

/* Paths and problems are somebody else's words, of any length. */
static void foreign_words_do_no_harm(void **state)
{
  (void)state;
  seep_doctor_facts facts = healthy();
  facts.database_readable = SEEP_NO;
  facts.settings_valid = SEEP_NO;
  seep_text_copy(facts.database_problem, sizeof facts.database_problem,
                 "a\tb\r\n\x1b[2Jc\xff\xe2\x80\xae"
                 "d...");
  expect(&facts, "database", SEEP_FINDING_TROUBLE, "a?b???[2Jc??d", NULL);
  seep_text_copy(facts.settings_problem, sizeof facts.settings_problem, " . . :");
  expect(&facts, "configuration", SEEP_FINDING_TROUBLE, "The file is refused", NULL);
  for (size_t length = 0; length < sizeof facts.data_folder; length++) {
    for (size_t i = 0; i < length; i++) {
      facts.data_folder[i] = "\xc3\xa9."[i % 3];
    }
    facts.data_folder[length] = '\0';
    expect(&facts, "data folder", SEEP_FINDING_GOOD, "It can be written to", NULL);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_healthy_server_has_nothing_to_tell),
                                     cmocka_unit_test(what_is_not_known_is_a_note),
                                     cmocka_unit_test(an_administrator_is_told_something_else),
                                     cmocka_unit_test(event_2004_needs_the_service),
                                     cmocka_unit_test(event_2004_needs_the_policies),
                                     cmocka_unit_test(event_2004_may_lack_both),
                                     cmocka_unit_test(the_service_is_told_trouble_only),
                                     cmocka_unit_test(the_event_log_has_reasons),
                                     cmocka_unit_test(the_detector_log_may_be_absent),
                                     cmocka_unit_test(the_event_source_is_needed),
                                     cmocka_unit_test(the_service_must_run),
                                     cmocka_unit_test(the_recorder_has_a_version),
                                     cmocka_unit_test(privileges_of_the_service_count),
                                     cmocka_unit_test(the_data_folder_is_private),
                                     cmocka_unit_test(the_disk_has_room),
                                     cmocka_unit_test(the_database_tells_its_problem),
                                     cmocka_unit_test(another_versions_database_is_not_damaged),
                                     cmocka_unit_test(recording_may_be_switched_off),
                                     cmocka_unit_test(event_2004_may_be_switched_off),
                                     cmocka_unit_test(the_configuration_tells_its_problem),
                                     cmocka_unit_test(commit_runs_short),
                                     cmocka_unit_test(foreign_words_do_no_harm)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
