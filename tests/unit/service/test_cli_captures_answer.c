/* captures show, of recordings that have been read: what they show, that nobody is to blame, that it failed,
 * and names that were chosen to do harm. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/text.h"
#include "unit/service/polls.h"
#include "unit/service/spawn.h"

#define DATABASE "service_cli_captures_answer-" SPAWN_NAME ".db"

enum { NAMED = 1, NOBODY, FAILED, BEGUN, UNREAD, WILD };

static void add(seep_store *store, const seep_store_answer *answer)
{
  seep_store_capture capture = {.key = {.pid = 4242},
                                .image = "app.exe",
                                .kind = "heap",
                                .started = {POLLS_MIDNIGHT_MS},
                                .path = "C:\\captures\\x.etl.gz",
                                .outcome = "saved",
                                .readable = true};
  assert_int_equal(seep_store_capture_add(store, &capture, NULL), SEEP_OK);
  if (answer != NULL) {
    assert_int_equal(capture.id, answer->capture_id);
    assert_int_equal(seep_store_answer_set(store, answer, NULL), SEEP_OK);
  }
}

static int set_up(void **state)
{
  (void)state;
  const seep_store_answer named = {.capture_id = NAMED,
                                   .state = SEEP_STORE_ANSWER_MADE,
                                   .made = {POLLS_MIDNIGHT_MS},
                                   .told.verdict = "Contoso.dll has not given back 4 MB.",
                                   .told.certainty = "good",
                                   .told.culprit = "Contoso.dll",
                                   .told.place = "Cache::Insert+0x1f4",
                                   .told.company = "Contoso Ltd.",
                                   .told.version = "4.2.1107.0",
                                   .told.signature = "0123456789abcdef",
                                   .told.bytes = 4194304,
                                   .told.allocations = 1024,
                                   .told.share = 0.92};
  const seep_store_answer nobody = {.capture_id = NOBODY,
                                    .state = SEEP_STORE_ANSWER_MADE,
                                    .told.certainty = "nothing",
                                    .told.verdict = "All of it was given back.",
                                    .told.why = "nothing was allocated and kept while the recording ran"};
  const seep_store_answer failed = {
      .capture_id = FAILED, .state = SEEP_STORE_ANSWER_FAILED, .told.why = "reading it took too long"};
  const seep_store_answer begun = {
      .capture_id = BEGUN, .state = SEEP_STORE_ANSWER_BEGUN, .told.why = "its reader was ended"};
  const seep_store_answer wild = {.capture_id = WILD,
                                  .state = SEEP_STORE_ANSWER_MADE,
                                  .told.culprit = "a\x1B[2J\xE2\x80\xAE.dll",
                                  .told.place = "\"quoted\"\r\nevil+0x1",
                                  .told.signature = "ffffffffffffffff",
                                  .told.doubts = "%s%n \xFF",
                                  .told.bytes = 1,
                                  .told.allocations = 1,
                                  .told.share = 1};
  polls p;
  polls_remove(DATABASE);
  polls_open(&p, DATABASE, POLLS_MIDNIGHT_MS, 30000);
  add(p.store, &named);
  add(p.store, &nobody);
  add(p.store, &failed);
  add(p.store, &begun);
  add(p.store, NULL);
  add(p.store, &wild);
  polls_close(&p);
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  polls_remove(DATABASE);
  return 0;
}

static void test_a_culprit(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "captures", "show", "1", "--db", DATABASE);
  SAYS(result->out, "culprit        Contoso.dll, Cache::Insert+0x1f4\n");
  SAYS(result->out, "made by        Contoso Ltd., 4.2.1107.0\n");
  SAYS(result->out, "not given back 4.00 MB in 1024 allocations, 92 percent of all that is left\n");
  SAYS(result->out, "signature      0123456789abcdef\n");
  SAYS(result->out, "verdict        Contoso.dll has not given back 4 MB.\n");
  assert_null(strstr(result->out.text, "doubts"));
}

static void test_nobody_and_not_found_out(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "captures", "show", "2", "--db", DATABASE);
  SAYS(result->out, "culprit        nobody, nothing was allocated and kept while the recording ran\n");
  SAYS(result->out, "verdict        All of it was given back.\n");
  result = RUN(0, "captures", "show", "3", "--db", DATABASE);
  SAYS(result->out, "culprit        not found out, reading it took too long\n");
  result = RUN(0, "captures", "show", "4", "--db", DATABASE);
  SAYS(result->out, "culprit        not found out, its reader was ended\n");
  result = RUN(0, "captures", "show", "5", "--db", DATABASE);
  assert_null(strstr(result->out.text, "culprit"));
}

static void test_json(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "captures", "show", "1", "--json", "--db", DATABASE);
  cJSON *document = spawn_json(&result->out);
  const cJSON *answer = spawn_member(document, "answer");
  assert_string_equal(spawn_string(answer, "state"), "made");
  assert_string_equal(spawn_string(answer, "made"), "2026-03-01T00:00:00.000Z");
  assert_string_equal(spawn_string(answer, "certainty"), "good");
  assert_string_equal(spawn_string(answer, "culprit"), "Contoso.dll");
  assert_string_equal(spawn_string(answer, "place"), "Cache::Insert+0x1f4");
  assert_string_equal(spawn_string(answer, "company"), "Contoso Ltd.");
  assert_string_equal(spawn_string(answer, "file_version"), "4.2.1107.0");
  assert_string_equal(spawn_string(answer, "signature"), "0123456789abcdef");
  assert_true(spawn_number(answer, "bytes") == 4194304 && spawn_number(answer, "allocations") == 1024);
  assert_true(spawn_number(answer, "share") == 0.92);
  assert_true(cJSON_IsNull(spawn_member(answer, "why")) && cJSON_IsNull(spawn_member(answer, "doubts")));
  cJSON_Delete(document);
  result = RUN(0, "captures", "show", "3", "--json", "--db", DATABASE);
  document = spawn_json(&result->out);
  answer = spawn_member(document, "answer");
  assert_string_equal(spawn_string(answer, "state"), "failed");
  assert_true(cJSON_IsNull(spawn_member(answer, "bytes")) && cJSON_IsNull(spawn_member(answer, "share")));
  cJSON_Delete(document);
  result = RUN(0, "captures", "show", "5", "--json", "--db", DATABASE);
  document = spawn_json(&result->out);
  assert_true(cJSON_IsNull(spawn_member(document, "answer")));
  cJSON_Delete(document);
}

static void test_wild_names(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "captures", "show", "6", "--db", DATABASE);
  SAYS(result->out, "doubts         %s%n ");
  assert_null(strchr(result->out.text, '\x1B'));
  assert_null(strchr(result->out.text, '\r'));
  assert_null(strstr(result->out.text, "\xE2\x80\xAE"));
  assert_int_equal(seep_text_valid_prefix(result->out.text, result->out.size), result->out.size);
  result = RUN(0, "captures", "show", "6", "--json", "--db", DATABASE);
  cJSON *document = spawn_json(&result->out);
  SAYS(result->out, "\\\"quoted\\\"");
  cJSON_Delete(document);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_culprit),
                                     cmocka_unit_test(test_nobody_and_not_found_out),
                                     cmocka_unit_test(test_json), cmocka_unit_test(test_wild_names)};
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
