/* What the engine makes of a recording that has been read: one alert, and what the store is to keep. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "memory_rig.h"

static seep_store_capture capture_of(int64_t leak_id)
{
  return (seep_store_capture){.id = 3,
                              .leak_id = leak_id,
                              .key = {.pid = 4242, .created = UINT64_C(133000000000000000)},
                              .image = "leaky.exe",
                              .path = "/data/captures/x.etl.gz"};
}

static seep_store_answer named(void)
{
  return (seep_store_answer){.capture_id = 3,
                             .state = SEEP_STORE_ANSWER_MADE,
                             .told = {.culprit = "Contoso.dll", .place = "+0x10", .bytes = MB, .share = 0.5}};
}

static void answered(engine_rig *r, const seep_store_capture *capture, const seep_store_answer *answer)
{
  seep_engine_answered(r->engine, engine_rig_now(r), capture, answer);
}

static const char *insert(engine_rig *r, uint32_t id, const char *label)
{
  return engine_rig_insert(r, id, engine_rig_told(r, id), label);
}

static void a_culprit_is_told_and_kept(void **state)
{
  engine_rig *r = *state;
  const seep_store_capture capture = capture_of(0);
  const seep_store_answer answer = named();
  answered(r, &capture, &answer);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_CULPRIT), 1);
  assert_string_equal(insert(r, SEEP_ALERT_CULPRIT, "module"), "Contoso.dll");
  assert_string_equal(insert(r, SEEP_ALERT_CULPRIT, "company"), ""); /* not known */
  assert_string_equal(insert(r, SEEP_ALERT_CULPRIT, "share"), "50 percent");
  assert_string_equal(insert(r, SEEP_ALERT_CULPRIT, "memory kind"), ""); /* it was made for no case */
  assert_int_equal(r->answers, 1);
  assert_true(r->last_answer.capture_id == 3 && r->last_answer.state == SEEP_STORE_ANSWER_MADE);
  assert_true(r->last_answer.made.ms == engine_rig_now(r).wall.ms);
}

static void without_a_row_it_is_told_all_the_same(void **state)
{
  engine_rig *r = *state;
  const seep_store_capture capture = capture_of(0);
  seep_store_answer answer = named();
  answer.capture_id = 0;
  answered(r, &capture, &answer);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_CULPRIT), 1);
  assert_int_equal(r->answers, 0);
}

static void nobody_and_failure_are_told_as_such(void **state)
{
  engine_rig *r = *state;
  const seep_store_capture capture = capture_of(0);
  seep_store_answer answer = named();
  answer.told.culprit[0] = '\0';
  strcpy(answer.told.why, "nobody is to blame");
  strcpy(answer.told.verdict, "All was given back.");
  answered(r, &capture, &answer);
  assert_string_equal(insert(r, SEEP_ALERT_NO_CULPRIT, "reason"), "nobody is to blame");
  assert_string_equal(insert(r, SEEP_ALERT_NO_CULPRIT, "finding"), "All was given back.");
  assert_string_equal(insert(r, SEEP_ALERT_NO_CULPRIT, "recording"), "/data/captures/x.etl.gz");
  answer = named(); /* of a failure no name counts */
  answer.state = SEEP_STORE_ANSWER_FAILED;
  answered(r, &capture, &answer);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_NO_CULPRIT), 2);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_CULPRIT), 0);
  assert_int_equal(r->answers, 2);
}

/* The case knows it while it is open, and only its own. */
static void the_kind_of_memory_is_the_cases(void **state)
{
  engine_rig *r = *state;
  const fake_process *leaky = memory_rig_leak(r, 4242, "leaky.exe");
  memory_rig_poll(r, CALLED, leaky, HEAP_GROWS);
  assert_true(r->last_leak.id != 0);
  assert_string_equal(r->last_leak.kind, "Heap");
  const seep_store_capture own = capture_of(r->last_leak.id), other = capture_of(r->last_leak.id + 1);
  seep_store_capture namesake = own;
  strcpy(namesake.image, "calm.exe");
  const seep_store_answer answer = named();
  answered(r, &own, &answer);
  assert_memory_equal(insert(r, SEEP_ALERT_CULPRIT, "memory kind"), "Heap, ", 6); /* and how sure that is */
  answered(r, &other, &answer);
  assert_string_equal(insert(r, SEEP_ALERT_CULPRIT, "memory kind"), "");
  answered(r, &namesake, &answer);
  assert_string_equal(insert(r, SEEP_ALERT_CULPRIT, "memory kind"), "");
}

static void fill(char *text, size_t size, const char *pattern)
{
  const size_t length = strlen(pattern);
  for (size_t i = 0; i + 1 < size; i++) {
    text[i] = pattern[i % length];
  }
  text[size - 1] = '\0';
}

/* Names come from a stranger's program: longer than any insert, with line breaks, formats and no characters
 * at all. */
static void hostile_names_do_no_harm(void **state)
{
  engine_rig *r = *state;
  seep_store_capture capture = capture_of(0);
  seep_store_answer answer = named();
  fill(capture.image, sizeof capture.image, "a%n\r\n");
  fill(capture.path, sizeof capture.path, "\x1B[2J\xE2\x80\xAE");
  fill(answer.told.culprit, sizeof answer.told.culprit, "%s%n\n\xFF");
  fill(answer.told.place, sizeof answer.told.place, "\xC3");
  fill(answer.told.doubts, sizeof answer.told.doubts, "\r%5!S!");
  answer.told.bytes = answer.told.allocations = UINT64_MAX;
  answered(r, &capture, &answer);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_CULPRIT), 1);
  static const char *const labels[] = {"image", "module", "function or offset", "recording", "remark"};
  for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
    const char *text = insert(r, SEEP_ALERT_CULPRIT, labels[i]);
    assert_true(text[0] != '\0');
    assert_null(strpbrk(text, "\r\n\x1B"));
    assert_null(strstr(text, "\xE2\x80\xAE"));
  }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, engine_rig_set_up, engine_rig_tear_down)
  const struct CMUnitTest tests[] = {TEST(a_culprit_is_told_and_kept),
                                     TEST(without_a_row_it_is_told_all_the_same),
                                     TEST(nobody_and_failure_are_told_as_such),
                                     cmocka_unit_test_setup_teardown(the_kind_of_memory_is_the_cases,
                                                                     memory_rig_set_up, engine_rig_tear_down),
                                     TEST(hostile_names_do_no_harm)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
