/* event FILE.xml: the figures of the fixtures in text and JSON, every encoding they come in, the events 1003
 * and 1008, and what is refused. What the store has kept: test_cli_event_stored.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "unit/service/spawn.h"

#define FIXTURE(name) SEEP_FIXTURES "/event2004/" name
#define WIN10 FIXTURE("composed-win10-evtrender.xml")
#define WIN7 FIXTURE("composed-win7-eventviewer.xml")
#define CUT FIXTURE("seen-2026-evtrender-cut.xml")
#define SYSTEM_ONLY FIXTURE("seen-2015-server-systeminfo-only.xml")
#define NOTICE(name) FIXTURE("notices/" name)
#define FILE_NAME "service_cli_event-" SPAWN_NAME ".xml"

#define HEAD                                                                                                 \
  "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"                            \
  "<Provider Name='Microsoft-Windows-Resource-Exhaustion-Detector'/><EventID>2004</EventID></System>"        \
  "<UserData><MemoryExhaustionInfo "                                                                         \
  "xmlns='http://www.microsoft.com/Windows/Resource/Exhaustion/Detector/Events'>"
#define TAIL "</MemoryExhaustionInfo></UserData></Event>"

static const spawn_result *explain_text(int exit_code, const char *xml)
{
  spawn_file_write(FILE_NAME, xml, strlen(xml));
  const spawn_result *result = RUN(exit_code, "event", FILE_NAME);
  spawn_file_remove(FILE_NAME);
  return result;
}

static void test_text(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "event", WIN10);
  SAYS(result->out, "logged 2025-03-18T21:05:44.1876302Z, record 184467\n");
  SAYS(result->out, "commit limit            20.0 GB\n");
  SAYS(result->out, "commit charge           19.9 GB   99.44 % of the limit, 115 MB left\n");
  SAYS(result->out, "processes                   188\n");
  SAYS(result->out, "7364      13.0 GB      41877  2025-03-17T05:12:08.3317845Z  8.2.1.0             "
                    "O'Neil & Gr\xC3\xB6\xC3\x9F"
                    "e.exe\n");
  SAYS(result->out, "Agent%1.exe\n");
  SAYS(result->out, "nonpaged  EtwB 84.5 MB, ConT 29.8 MB, File 15.3 MB\n");
  SAYS(result->out, "e.exe (PID 7364) held 65.1 % of the commit charge, the largest share.\n");
}

static void test_text_of_cut_events(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "event", CUT);
  SAYS(result->out, "Processes that Windows named: 3\n");
  SAYS(result->out, "  paged     -\n  nonpaged  -\n");
  result = RUN(0, "event", SYSTEM_ONLY);
  SAYS(result->out, "Processes that Windows named: 0\n");
  SAYS(result->out, "commit limit            11.0 GB\n");
}

static void check_system(const cJSON *document)
{
  const cJSON *system = spawn_member(document, "system");
  assert_true(spawn_number(system, "commit_limit_bytes") == 21474234368.0);
  assert_true(spawn_number(system, "commit_charge_bytes") == 21353439232.0);
  assert_true(spawn_number(system, "process_commit_bytes") == 19873693696.0);
  assert_true(spawn_number(system, "paged_pool_bytes") == 512643072.0);
  assert_true(spawn_number(system, "nonpaged_pool_bytes") == 391643136.0);
  assert_true(spawn_number(system, "physical_bytes") == 17179267072.0);
  assert_true(spawn_number(system, "physical_used_bytes") == 16231043072.0);
  assert_true(spawn_number(system, "processes") == 188.0);
}

static void check_tag(const cJSON *tags, int index, const char *name, double bytes)
{
  const cJSON *tag = cJSON_GetArrayItem(tags, index);
  assert_string_equal(spawn_string(tag, "tag"), name);
  assert_true(spawn_number(tag, "bytes") == bytes);
}

static void test_json(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "event", "--json", WIN10);
  cJSON *document = spawn_json(&result->out);
  assert_true(spawn_number(document, "event_id") == 2004.0);
  assert_null(cJSON_GetObjectItem(document, "seen")); /* only the store knows that */
  assert_string_equal(spawn_string(document, "time"), "2025-03-18T21:05:44.1876302Z");
  assert_true(spawn_number(document, "record_id") == 184467.0);
  check_system(document);
  const cJSON *processes = spawn_member(document, "processes");
  assert_int_equal(cJSON_GetArraySize(processes), 4);
  const cJSON *first = cJSON_GetArrayItem(processes, 0);
  assert_string_equal(spawn_string(first, "name"), "O'Neil & Gr\xC3\xB6\xC3\x9F"
                                                   "e.exe");
  assert_true(spawn_number(first, "pid") == 7364.0);
  assert_string_equal(spawn_string(first, "created"), "2025-03-17T05:12:08.3317845Z");
  assert_true(spawn_number(first, "commit_bytes") == 13905170432.0);
  assert_true(spawn_number(first, "handles") == 41877.0);
  assert_string_equal(spawn_string(first, "version"), "8.2.1.0");
  assert_null(cJSON_GetObjectItem(first, "match"));
  assert_string_equal(spawn_string(cJSON_GetArrayItem(processes, 3), "name"), "Agent%1.exe");
  const cJSON *tags = spawn_member(document, "pool_tags");
  assert_int_equal(cJSON_GetArraySize(spawn_member(tags, "paged")), 3);
  check_tag(spawn_member(tags, "paged"), 1, "Ntff", 44105728.0);
  check_tag(spawn_member(tags, "nonpaged"), 0, "EtwB", 88604672.0);
  cJSON_Delete(document);
}

static void test_json_of_the_other_form(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "event", WIN7, "--json");
  cJSON *document = spawn_json(&result->out);
  assert_string_equal(spawn_string(document, "time"), "2013-02-11T08:14:27.4312500Z");
  const cJSON *processes = spawn_member(document, "processes");
  assert_int_equal(cJSON_GetArraySize(processes), 4);
  assert_string_equal(spawn_string(cJSON_GetArrayItem(processes, 1), "name"), "Q&A \"Desk's\" Tool.exe");
  assert_true(spawn_number(cJSON_GetArrayItem(processes, 0), "commit_bytes") == 3912167424.0);
  cJSON_Delete(document);
}

/* What the event does not hold is null or an empty list, never an invented zero. */
static void test_json_of_missing_parts(void **state)
{
  (void)state;
  spawn_file_write(FILE_NAME, HEAD TAIL, sizeof(HEAD TAIL) - 1);
  const spawn_result *result = RUN(0, "event", FILE_NAME, "--json");
  cJSON *document = spawn_json(&result->out);
  assert_true(cJSON_IsNull(spawn_member(document, "time")));
  assert_true(cJSON_IsNull(spawn_member(document, "record_id")));
  assert_true(cJSON_IsNull(spawn_member(document, "system")));
  assert_int_equal(cJSON_GetArraySize(spawn_member(document, "processes")), 0);
  assert_int_equal(cJSON_GetArraySize(spawn_member(spawn_member(document, "pool_tags"), "paged")), 0);
  cJSON_Delete(document);
  result = RUN(0, "event", FILE_NAME);
  SAYS(result->out, "logged -, record -\n");
  SAYS(result->out, "commit limit and charge are not in this event\n");
  spawn_file_remove(FILE_NAME);
}

/* A limit and a charge alone, and of a process its name alone. */
static void test_missing_figures(void **state)
{
  static const char xml[] =
      HEAD "<SystemInfo><SystemCommitLimit>2097152</SystemCommitLimit><SystemCommitCharge>1048576"
           "</SystemCommitCharge></SystemInfo><ProcessInfo><Process_1><Name>a.exe</Name></Process_1>"
           "</ProcessInfo><PagedPoolInfo><Tag_1><Name>Ntff</Name></Tag_1></PagedPoolInfo>" TAIL;
  static const char *const figures[] = {"process_commit_bytes", "paged_pool_bytes",    "nonpaged_pool_bytes",
                                        "physical_bytes",       "physical_used_bytes", "processes"};
  static const char *const of_process[] = {"pid", "created", "commit_bytes", "handles", "version"};
  (void)state;
  spawn_file_write(FILE_NAME, xml, sizeof xml - 1);
  const spawn_result *result = RUN(0, "event", FILE_NAME, "--json");
  cJSON *document = spawn_json(&result->out);
  const cJSON *system = spawn_member(document, "system");
  const cJSON *process = cJSON_GetArrayItem(spawn_member(document, "processes"), 0);
  const cJSON *tags = spawn_member(spawn_member(document, "pool_tags"), "paged");
  assert_true(spawn_number(system, "commit_limit_bytes") == 2097152.0);
  for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
    assert_true(cJSON_IsNull(spawn_member(system, figures[i])));
  }
  assert_string_equal(spawn_string(process, "name"), "a.exe");
  for (size_t i = 0; i < sizeof of_process / sizeof of_process[0]; i++) {
    assert_true(cJSON_IsNull(spawn_member(process, of_process[i])));
  }
  assert_true(cJSON_IsNull(spawn_member(cJSON_GetArrayItem(tags, 0), "bytes")));
  cJSON_Delete(document);
  result = RUN(0, "event", FILE_NAME);
  SAYS(result->out, "  owned by processes            -\n"
                    "  paged pool                    -\n"
                    "  nonpaged pool                 -\n"
                    "  physical memory               -\n"
                    "  processes                     -\n");
  SAYS(result->out,
       "           -            -          -  -                             -                   a.exe");
  SAYS(result->out, "  paged     Ntff -\n");
  assert_null(strstr(result->out.text, "the largest share"));
  assert_null(strstr(result->out.text, "Less than half"));
  spawn_file_remove(FILE_NAME);
}

/* Numbers beyond 2^53 come out digit by digit. */
static void test_json_of_large_numbers(void **state)
{
  (void)state;
  const char xml[] = HEAD "<SystemInfo><SystemCommitLimit>9007199254740993</SystemCommitLimit>"
                          "<SystemCommitCharge>9007199254740995</SystemCommitCharge></SystemInfo>" TAIL;
  spawn_file_write(FILE_NAME, xml, sizeof xml - 1);
  const spawn_result *result = RUN(0, "event", FILE_NAME, "--json");
  SAYS(result->out, "9007199254740993,");
  SAYS(result->out, "9007199254740995,");
  result = RUN(0, "event", FILE_NAME);
  SAYS(result->out, "above the limit\n");
  spawn_file_remove(FILE_NAME);
}

/* A name may hold what acts on a terminal: an escape (U+009B) and a change of direction. */
static void test_names_cannot_act_on_the_terminal(void **state)
{
  (void)state;
  const char name[] = HEAD "<ProcessInfo><Process_1><Name>a&#x9B;2Jb&#x202E;exe.txt</Name><ID>7</ID>"
                           "<CommitCharge>1048576</CommitCharge></Process_1></ProcessInfo>" TAIL;
  const spawn_result *result = explain_text(0, name);
  SAYS(result->out, "a\xEF\xBF\xBD"
                    "2Jb\xEF\xBF\xBD"
                    "exe.txt\n");
}

static void test_notice_in_text(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "event", NOTICE("composed-1003-userdata.xml"));
  SAYS(result->out, "Event 1003: Windows was told that virtual memory is short\n"
                    "  logged 2025-03-18T21:05:42.9403117Z, record 318\n");
  SAYS(result->out, "commit limit            20.0 GB\n");
  SAYS(result->out, "commit charge           19.9 GB   99.44 % of the limit, 115 MB left\n");
  SAYS(result->out, "An Event 2004 in the System log should follow");
  result = RUN(0, "event", NOTICE("composed-1003-eventviewer.xml"));
  SAYS(result->out, "97.63 % of the limit, 194 MB left\n");
  result = RUN(0, "event", NOTICE("composed-1008-eventdata.xml"));
  SAYS(result->out, "Event 1008: Windows could not find out why virtual memory is short\n");
  SAYS(result->out, "Error\n  1455: Windows' detector itself got no memory\n");
  SAYS(result->out, "no Event 2004 names\n");
  assert_null(strstr(result->out.text, "commit limit"));
}

static void test_notice_in_json(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "event", "--json", NOTICE("composed-1003-userdata.xml"));
  cJSON *document = spawn_json(&result->out);
  assert_true(spawn_number(document, "event_id") == 1003.0);
  assert_string_equal(spawn_string(document, "time"), "2025-03-18T21:05:42.9403117Z");
  assert_true(spawn_number(document, "record_id") == 318.0);
  assert_true(spawn_number(document, "commit_limit_bytes") == 21474234368.0);
  assert_true(spawn_number(document, "commit_charge_bytes") == 21353439232.0);
  assert_true(cJSON_IsNull(spawn_member(document, "error_code")));
  cJSON_Delete(document);
  static const char bare[] = "<Event><System><Provider "
                             "Name='Microsoft-Windows-Resource-Exhaustion-Detector'/><EventID>1008</EventID>"
                             "</System></Event>";
  spawn_file_write(FILE_NAME, bare, sizeof bare - 1);
  result = RUN(0, "event", "--json", FILE_NAME);
  document = spawn_json(&result->out);
  assert_true(cJSON_IsNull(spawn_member(document, "record_id")));
  cJSON_Delete(document);
  spawn_file_remove(FILE_NAME);
  result = RUN(0, "event", "--json", NOTICE("composed-1008-eventdata.xml"));
  document = spawn_json(&result->out);
  assert_true(spawn_number(document, "event_id") == 1008.0);
  assert_true(cJSON_IsNull(spawn_member(document, "commit_limit_bytes")));
  assert_true(cJSON_IsNull(spawn_member(document, "commit_charge_bytes")));
  assert_true(spawn_number(document, "error_code") == 1455.0);
  cJSON_Delete(document);
}

/* Each file is refused as what it is: none of them is an event that the verb explains. */
static void test_neighbours(void **state)
{
  static const struct {
    const char *path, *says;
  } neighbours[] = {
      {FIXTURE("neighbours/application-popup-26.xml"), "but event 26 of Application Popup (unsupported)\n"},
      {FIXTURE("neighbours/detector-operational-1001-1002.xml"),
       "none of 11 events is Event 2004 of Microsoft-Windows-Resource-Exhaustion-Detector; the first is "
       "event "
       "1001 of Microsoft-Windows-Resource-Exhaustion-Detector (unsupported)\n"},
      {FIXTURE("neighbours/resolver-operational-1001-1002-1014-1015.xml"), "none of 13 events is Event 2004"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof neighbours / sizeof neighbours[0]; i++) {
    const spawn_result *result = RUN(4, "event", neighbours[i].path);
    assert_int_equal(result->out.size, 0);
    SAYS(result->err, neighbours[i].says);
  }
}

static void test_usage(void **state)
{
  (void)state;
  const spawn_result *result = RUN(2, "event");
  SAYS(result->err, "no file");
  result = RUN(2, "event", WIN10, WIN7);
  SAYS(result->err, "one file only");
  result = RUN(2, "event", WIN10, "--csv");
  SAYS(result->err, "unknown option");
  result = RUN(2, "event", "--json", "latest");
  SAYS(result->err, "say it before all options, or ./ before the name of a file");
  result = RUN(0, "help", "event");
  SAYS(result->out, "event latest [--db F] [--json]");
  SAYS(result->out, "--json: event_id, time, record_id, system");
  SAYS(result->out, "The exit code is 3 when");
}

/* The words of the verb do not hide files of that name. */
static void test_files_called_like_the_words(void **state)
{
  static const char xml[] = HEAD TAIL;
  (void)state;
  spawn_file_write("latest", xml, sizeof xml - 1);
  const spawn_result *result = RUN(0, "event", "./latest");
  SAYS(result->out, "Event 2004: Windows ran low on virtual memory\n");
  spawn_file_remove("latest");
  spawn_file_write("list", xml, sizeof xml - 1);
  RUN(0, "event", "./list");
  spawn_file_remove("list");
}

static void test_standard_input(void **state)
{
  (void)state;
  size_t size = 0;
  char *xml = spawn_file_read(WIN10, &size);
  const spawn_input input = {xml, size, NULL};
  const spawn_result *result = RUN_WITH(0, &input, "event", "-", "--json");
  cJSON *document = spawn_json(&result->out);
  check_system(document);
  cJSON_Delete(document);
  free(xml);
  result = RUN(4, "event", "-");
  SAYS(result->err, "seepwatch: event: reading standard input: ");
}

/* UTF-16LE with a byte order mark, as Event Viewer saves it; *size in bytes. For free(). */
static uint8_t *as_utf16(const char *xml, size_t *size)
{
  size_t units = seep_text_to_utf16(xml, strlen(xml), NULL, 0);
  uint16_t *wide = calloc(units + 1, sizeof *wide);
  uint8_t *bytes = calloc(units + 1, 2);
  assert_non_null(wide);
  assert_non_null(bytes);
  (void)seep_text_to_utf16(xml, strlen(xml), wide, units + 1);
  bytes[0] = 0xFF;
  bytes[1] = 0xFE;
  for (size_t i = 0; i < units; i++) {
    bytes[2 + 2 * i] = (uint8_t)(wide[i] & 0xFF);
    bytes[3 + 2 * i] = (uint8_t)(wide[i] >> 8);
  }
  free(wide);
  *size = 2 * units + 2;
  return bytes;
}

/* The letter U+011A has the byte 0x1A, at which Windows ends a text file: input must be read as it is. */
static void test_utf16(void **state)
{
  (void)state;
  static const char xml[] = HEAD "\r\n<ProcessInfo><Process_1><Name>\xC4\x9A.exe</Name><ID>7</ID>"
                                 "<CommitCharge>1048576</CommitCharge></Process_1></ProcessInfo>\r\n" TAIL;
  size_t size = 0;
  uint8_t *bytes = as_utf16(xml, &size);
  const spawn_input input = {(const char *)bytes, size, NULL};
  const spawn_result *result = RUN_WITH(0, &input, "event", "-");
  SAYS(result->out, "  \xC4\x9A.exe\n");
  spawn_file_write(FILE_NAME, bytes, size);
  result = RUN(0, "event", FILE_NAME);
  SAYS(result->out, "  \xC4\x9A.exe\n");
  memcpy(bytes, "\xFE\xFF", 2);
  spawn_file_write(FILE_NAME, bytes, size);
  result = RUN(4, "event", FILE_NAME);
  SAYS(result->err, "big-endian UTF-16");
  spawn_file_remove(FILE_NAME);
  free(bytes);
}

static void test_missing_file(void **state)
{
  (void)state;
  const spawn_result *result = RUN(3, "event", "service_cli_event-absent-" SPAWN_NAME ".xml");
  SAYS(result->err, "seepwatch: event: reading service_cli_event-absent-" SPAWN_NAME ".xml: ");
  SAYS(result->err, " (2)\n");
  result = RUN(3, "event", "service_cli_event-absent.xml", "--json");
  assert_int_equal(result->out.size, 0);
}

static void test_garbage(void **state)
{
  (void)state;
  explain_text(4, "");
  const spawn_result *result = explain_text(4, "no XML at all\n");
  assert_int_equal(result->out.size, 0);
  SAYS(result->err, "at byte ");
  explain_text(4, "<html><body>not found</body></html>");
  explain_text(4, HEAD);
  result = explain_text(4, "<Event><System><Provider Name='Microsoft-Windows-Resource-Exhaustion-Detector'/>"
                           "<EventID>2003</EventID></System></Event>");
  assert_int_equal(result->out.size, 0);
  SAYS(result->err, "but event 2003 of Microsoft-Windows-Resource-Exhaustion-Detector (unsupported)\n");
  RUN(4, "event", SEEP_FIXTURES "/etl/s4-waasmedic.etl");
}

static void test_too_large_file(void **state)
{
  (void)state;
  const size_t size = (size_t)600 * 1024;
  char *spaces = malloc(size);
  assert_non_null(spaces);
  memset(spaces, ' ', size);
  spawn_file_write(FILE_NAME, spaces, size);
  const spawn_result *result = RUN(4, "event", FILE_NAME);
  SAYS(result->err, "(limit)");
  free(spaces);
  spawn_file_remove(FILE_NAME);
}

int main(int argc, char **argv)
{
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_text),
      cmocka_unit_test(test_text_of_cut_events),
      cmocka_unit_test(test_json),
      cmocka_unit_test(test_json_of_the_other_form),
      cmocka_unit_test(test_json_of_missing_parts),
      cmocka_unit_test(test_missing_figures),
      cmocka_unit_test(test_json_of_large_numbers),
      cmocka_unit_test(test_names_cannot_act_on_the_terminal),
      cmocka_unit_test(test_notice_in_text),
      cmocka_unit_test(test_notice_in_json),
      cmocka_unit_test(test_neighbours),
      cmocka_unit_test(test_usage),
      cmocka_unit_test(test_files_called_like_the_words),
      cmocka_unit_test(test_standard_input),
      cmocka_unit_test(test_utf16),
      cmocka_unit_test(test_missing_file),
      cmocka_unit_test(test_garbage),
      cmocka_unit_test(test_too_large_file),
  };
  return cmocka_run_group_tests_name("service cli event", tests, NULL, NULL);
}
