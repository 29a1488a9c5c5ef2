/* What recordings show: kept across a reopening, and which of them nobody has looked into yet. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "store_files.h"

#define PATH "test_store_answers.db"

static const seep_wall moment = {INT64_C(1790000000000)};

static seep_store *open_store(void)
{
  seep_store *store = NULL;
  assert_int_equal(seep_store_open(PATH, moment, NULL, &store, NULL, NULL), SEEP_OK);
  return store;
}

static int clean(void **state)
{
  (void)state;
  store_files_remove(PATH);
  return 0;
}

static int64_t add_capture(seep_store *store, int64_t started_ms, const char *path, bool readable)
{
  seep_store_capture capture = {.started = {started_ms}, .outcome = "saved", .readable = readable};
  snprintf(capture.path, sizeof capture.path, "%s", path);
  assert_int_equal(seep_store_capture_add(store, &capture, NULL), SEEP_OK);
  return capture.id;
}

static int64_t next_unanswered(seep_store *store, int64_t since_ms)
{
  seep_store_capture capture = {0};
  seep_status status = seep_store_capture_unanswered(store, (seep_wall){since_ms}, &capture, NULL);
  return status == SEEP_OK ? capture.id : 0;
}

static void begin(seep_store *store, int64_t id)
{
  const seep_store_answer begun = {.capture_id = id, .state = SEEP_STORE_ANSWER_BEGUN};
  assert_int_equal(seep_store_answer_set(store, &begun, NULL), SEEP_OK);
}

static void test_an_answer_comes_back_as_it_was(void **state)
{
  (void)state;
  const seep_store_answer told = {.capture_id = 1,
                                  .state = SEEP_STORE_ANSWER_MADE,
                                  .made = {5000},
                                  .told.why = "why",
                                  .told.verdict = "Contoso.dll has not given back 4 MB",
                                  .told.certainty = "good",
                                  .told.culprit = "Contoso'; DROP TABLE answer; --.dll",
                                  .told.place = "Cache::Insert+0x1f4",
                                  .told.company = "Contoso \xC3\xA4",
                                  .told.version = "4.2",
                                  .told.signature = "0123456789abcdef",
                                  .told.bytes = UINT64_C(1) << 62,
                                  .told.allocations = 12345,
                                  .told.share = 0.875,
                                  .told.doubts = "short"};
  seep_store *store = open_store();
  seep_store_answer back;
  assert_int_equal(add_capture(store, 1000, "C:\\1.etl", true), 1);
  assert_int_equal(seep_store_answer_get(store, 1, &back, NULL), SEEP_NOT_FOUND);
  begin(store, 1);
  assert_int_equal(seep_store_answer_get(store, 1, &back, NULL), SEEP_OK);
  assert_int_equal(back.state, SEEP_STORE_ANSWER_BEGUN);
  assert_int_equal(seep_store_answer_set(store, &told, NULL), SEEP_OK);
  seep_store_close(store);
  store = open_store();
  memset(&back, 0xFF, sizeof back);
  assert_int_equal(seep_store_answer_get(store, 1, &back, NULL), SEEP_OK);
  assert_true(back.capture_id == 1 && back.state == SEEP_STORE_ANSWER_MADE && back.made.ms == 5000);
  assert_true(back.told.bytes == told.told.bytes && back.told.allocations == 12345 &&
              back.told.share == 0.875);
  assert_string_equal(back.told.why, told.told.why);
  assert_string_equal(back.told.verdict, told.told.verdict);
  assert_string_equal(back.told.certainty, told.told.certainty);
  assert_string_equal(back.told.culprit, told.told.culprit);
  assert_string_equal(back.told.place, told.told.place);
  assert_string_equal(back.told.company, told.told.company);
  assert_string_equal(back.told.version, told.told.version);
  assert_string_equal(back.told.signature, told.told.signature);
  assert_string_equal(back.told.doubts, told.told.doubts);
  seep_store_close(store);
}

static void test_the_newest_unanswered_comes_first_and_each_once(void **state)
{
  (void)state;
  seep_store *store = open_store();
  assert_int_equal(next_unanswered(store, 0), 0);
  int64_t first = add_capture(store, 1000, "C:\\1.etl", true);
  int64_t second = add_capture(store, 2000, "C:\\2.etl.gz", true);
  assert_int_equal(next_unanswered(store, 0), second);
  begin(store, second);
  assert_int_equal(next_unanswered(store, 0), first);
  begin(store, first);
  assert_int_equal(next_unanswered(store, 0), 0); /* begun is enough: it may be what ended us */
  assert_int_equal(seep_store_answer_forget(store, second, NULL), SEEP_OK);
  assert_int_equal(next_unanswered(store, 0), second);
  assert_int_equal(seep_store_answer_forget(store, 99, NULL), SEEP_OK);
  seep_store_close(store);
}

static void test_what_cannot_be_read_is_not_asked_for(void **state)
{
  (void)state;
  seep_store *store = open_store();
  (void)add_capture(store, 1000, "", true);             /* no file */
  (void)add_capture(store, 1000, "C:\\2.etl", false);   /* no trace */
  (void)add_capture(store, 1000, "C:\\gone.etl", true); /* made room for others */
  int64_t old = add_capture(store, 500, "C:\\old.etl", true);
  assert_int_equal(seep_store_capture_removed(store, "C:\\gone.etl", moment, NULL), SEEP_OK);
  assert_int_equal(next_unanswered(store, 501), 0);
  assert_int_equal(next_unanswered(store, 500), old);
  seep_store_close(store);
}

static void test_a_recording_is_found_by_its_path(void **state)
{
  (void)state;
  seep_store *store = open_store();
  int64_t id = 77;
  assert_int_equal(seep_store_capture_by_path(store, "C:\\1.etl", &id, NULL), SEEP_NOT_FOUND);
  (void)add_capture(store, 1000, "", true);
  assert_int_equal(seep_store_capture_by_path(store, "", &id, NULL), SEEP_NOT_FOUND);
  assert_int_equal(id, 77);
  (void)add_capture(store, 1000, "C:\\1.etl", true);
  int64_t again = add_capture(store, 2000, "C:\\1.etl", true);
  (void)add_capture(store, 3000, "C:\\3.etl", true);
  assert_int_equal(seep_store_capture_by_path(store, "C:\\1.etl", &id, NULL), SEEP_OK);
  assert_int_equal(id, again);
  seep_store_close(store);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_an_answer_comes_back_as_it_was, clean, clean),
      cmocka_unit_test_setup_teardown(test_the_newest_unanswered_comes_first_and_each_once, clean, clean),
      cmocka_unit_test_setup_teardown(test_what_cannot_be_read_is_not_asked_for, clean, clean),
      cmocka_unit_test_setup_teardown(test_a_recording_is_found_by_its_path, clean, clean)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
