/* What our own verb has written about a recording, read back, and whatever else may stand in that file. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/trace_json.h"
#include "report/trace_told.h"
#include "report/trace_words.h"
#include "unit/report/sample_answer.h"

static seep_trace_told take(const char *text)
{
  seep_trace_told answer;
  assert_int_equal(seep_trace_told_read(text, strlen(text), &answer, NULL), SEEP_OK);
  return answer;
}

static void a_culprit_with_its_module(void **state)
{
  (void)state;
  seep_trace_told answer =
      take("{\"schema\":1,\"verdict\":\"It leaks.\",\"culprit\":{\"certainty\":\"good\",\"name\":\"a.dll\","
           "\"module\":0,\"bucket\":null,\"place\":\"f+0x1\",\"bytes\":10,\"count\":2,\"share\":0.5,"
           "\"signature\":\"00ff\",\"doubts\":[]},\"modules\":[{\"company\":\"C\",\"file_version\":\"1\"}]}");
  assert_string_equal(answer.culprit, "a.dll");
  assert_string_equal(answer.company, "C");
  assert_string_equal(answer.version, "1");
  assert_string_equal(answer.doubts, "");
  assert_string_equal(answer.why, "");
  assert_true(answer.bytes == 10 && answer.allocations == 2 && answer.share == 0.5);
}

static void managed_code_is_somebody_other_buckets_are_nobody(void **state)
{
  (void)state;
  seep_trace_told answer = take("{\"schema\":1,\"culprit\":{\"certainty\":\"good\",\"name\":\"managed/JIT\","
                                "\"bucket\":\"managed/JIT\",\"module\":null}}");
  assert_string_equal(answer.culprit, "managed/JIT");
  answer =
      take("{\"schema\":1,\"culprit\":{\"certainty\":\"weak\",\"name\":\"unknown\",\"bucket\":\"unknown\","
           "\"module\":null,\"bytes\":5}}");
  assert_string_equal(answer.culprit, "");
  assert_non_null(strstr(answer.why, "unknown"));
}

/* It would be a false alarm about whoever kept most at the end. */
static void nobody_is_accused_of_what_does_not_grow(void **state)
{
  (void)state;
  seep_trace_told answer = take(
      "{\"schema\":1,\"culprit\":{\"certainty\":\"weak\",\"name\":\"a.dll\",\"module\":0,\"is_steady\":false,"
      "\"bytes\":5},\"modules\":[]}");
  assert_string_equal(answer.culprit, "");
  assert_non_null(strstr(answer.why, "a.dll"));
  answer = take("{\"schema\":1,\"culprit\":{\"certainty\":\"weak\",\"name\":\"a.dll\",\"module\":0,"
                "\"is_steady\":true},\"modules\":[]}");
  assert_string_equal(answer.culprit, "a.dll");
}

static void no_culprit_at_all(void **state)
{
  (void)state;
  seep_trace_told answer = take("{\"schema\":1,\"verdict\":\"Nothing.\",\"culprit\":null}");
  assert_string_equal(answer.certainty, "nothing");
  assert_string_equal(answer.culprit, "");
  assert_true(answer.why[0] != '\0');
}

/* The modules of a leaking process are a stranger's files. */
static void nothing_in_it_is_believed(void **state)
{
  (void)state;
  char *text = malloc(9000);
  assert_non_null(text);
  seep_trace_told answer =
      take("{\"schema\":1,\"verdict\":5,\"culprit\":{\"name\":[],\"module\":99,\"bytes\":-1,\"count\":1e300,"
           "\"share\":1e9,\"doubts\":{\"a\":7}},\"modules\":\"none\"}");
  assert_true(answer.bytes == 0 && answer.share == 1.0 && answer.allocations == UINT64_C(9007199254740992));
  assert_string_equal(answer.company, "");
  answer = take("{\"schema\":1,\"culprit\":{\"name\":\"a\",\"module\":-3},\"modules\":[]}");
  assert_string_equal(answer.company, "");
  size_t at = (size_t)snprintf(text, 9000, "{\"schema\":1,\"culprit\":{\"name\":\"");
  for (; at < 8000; at += 2) {
    memcpy(text + at, "\xC3\xA4", 2);
  }
  snprintf(text + at, 9000 - at, "\"}}");
  answer = take(text);
  assert_in_range(strlen(answer.culprit), sizeof answer.culprit - 3, sizeof answer.culprit - 1);
  assert_int_equal(seep_text_valid_prefix(answer.culprit, strlen(answer.culprit)), strlen(answer.culprit));
  free(text);
}

static void other_documents_are_refused(void **state)
{
  (void)state;
  static const char *const others[] = {
      "", "rubbish", "{}", "[1]", "{\"schema\":2}", "{\"schema\":\"1\"}", "{\"schema\":1", "null"};
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    seep_trace_told answer = {.bytes = 3};
    seep_error error = {0};
    assert_int_equal(seep_trace_told_read(others[i], strlen(others[i]), &answer, &error), SEEP_CORRUPT);
    assert_int_equal(error.status, SEEP_CORRUPT);
    assert_true(answer.bytes == 3);
  }
}

/* ---- what our own document says ---- */

typedef struct written {
  char *text;
  size_t size;
} written;

static void keep(void *context, const char *bytes, size_t length)
{
  written *to = context;
  char *grown = realloc(to->text, to->size + length + 1);
  assert_non_null(grown);
  memcpy(grown + to->size, bytes, length);
  to->text = grown;
  to->size += length;
  to->text[to->size] = '\0';
}

static seep_trace_told told_of(const seep_answer *answer, const seep_naming *naming)
{
  written to = {NULL, 0};
  seep_trace_told told;
  seep_error error = {0};
  const seep_trace_json_options options = {.is_short = true, .file_name = "a.etl", .version = "1"};
  assert_true(seep_trace_json_write(answer, naming, &options, keep, &to));
  assert_true(to.size <= SEEP_TRACE_JSON_SHORT_BYTES);
  assert_int_equal(seep_trace_told_read(to.text, to.size, &told, &error), SEEP_OK);
  free(to.text);
  return told;
}

static void expect_words(void (*write)(const seep_answer *answer, seep_writer *out),
                         const seep_answer *answer, const char *told)
{
  char text[SEEP_TRACE_WORDS_SIZE];
  seep_writer writer;
  seep_writer_init(&writer, text, sizeof text);
  write(answer, &writer);
  assert_string_equal(told, text);
}

static void a_sample_is_told_as_it_is(sample_answer_kind kind)
{
  const seep_answer *answer = sample_answer(kind);
  const seep_answer_culprit *culprit = &answer->culprit;
  const seep_answer_stack *stack = seep_trace_words_stack(answer);
  seep_trace_told told = told_of(answer, sample_answer_naming(kind));
  print_message("%s\n", sample_answer_name(kind));
  expect_words(seep_trace_words_verdict, answer, told.verdict);
  expect_words(seep_trace_words_place, answer, told.place);
  expect_words(seep_trace_words_doubts, answer, told.doubts);
  assert_string_equal(told.certainty, culprit->certainty == SEEP_ANSWER_GOOD ? "good" : "weak");
  if ((culprit->doubts & SEEP_DOUBT_NOT_STEADY) == 0) {
    assert_string_equal(told.culprit, seep_answer_culprit_name(answer));
    assert_string_equal(told.why, "");
  } else {
    assert_string_equal(told.culprit, "");
    assert_non_null(strstr(told.why, seep_answer_culprit_name(answer)));
  }
  assert_string_equal(told.signature, stack != NULL ? stack->signature : "");
  assert_true(told.bytes == culprit->bytes && told.bytes > 0);
  assert_true(told.allocations == culprit->count);
  assert_true(told.share > culprit->share - 0.001 && told.share < culprit->share + 0.001);
  bool is_module = culprit->module < answer->module_count;
  assert_string_equal(told.company, is_module ? answer->modules[culprit->module].company : "");
  assert_string_equal(told.version, is_module ? answer->modules[culprit->module].file_version : "");
}

static void a_document_of_ours_is_told_as_it_is(void **state)
{
  (void)state;
  static const sample_answer_kind kinds[] = {SAMPLE_ANSWER_HEAP, SAMPLE_ANSWER_VIRTUAL, SAMPLE_ANSWER_MANAGED,
                                             SAMPLE_ANSWER_WEAK};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    a_sample_is_told_as_it_is(kinds[i]);
  }
  seep_trace_told told = told_of(sample_answer(SAMPLE_ANSWER_HEAP), NULL);
  assert_string_equal(told.culprit, "Contoso.Pricing.dll");
  assert_string_equal(told.company, "Contoso Ltd.");
  assert_string_equal(told_of(sample_answer(SAMPLE_ANSWER_MANAGED), NULL).culprit, "managed/JIT");
}

static void a_document_of_ours_without_a_culprit(void **state)
{
  (void)state;
  static const sample_answer_kind kinds[] = {SAMPLE_ANSWER_NOTHING, SAMPLE_ANSWER_NOBODY};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    seep_trace_told told = told_of(sample_answer(kinds[i]), NULL);
    expect_words(seep_trace_words_verdict, sample_answer(kinds[i]), told.verdict);
    assert_string_equal(told.certainty, "nothing");
    assert_string_equal(told.culprit, "");
    assert_true(told.why[0] != '\0' && told.bytes == 0);
  }
  /* Every bucket but code that a runtime makes: something is left, and nobody is named. */
  seep_answer answer = *sample_answer(SAMPLE_ANSWER_MANAGED);
  for (int bucket = SEEP_BUCKET_MANAGED + 1; bucket < SEEP_BUCKETS; bucket++) {
    answer.culprit.bucket = (seep_answer_bucket)bucket;
    seep_trace_told told = told_of(&answer, NULL);
    assert_string_equal(told.culprit, "");
    assert_non_null(strstr(told.why, seep_answer_bucket_text(answer.culprit.bucket)));
    assert_true(told.bytes == answer.culprit.bytes);
  }
}

/* Every text fits, cut at a character's end at worst. */
static void hostile_names_are_told_as_text(void **state)
{
  (void)state;
  const seep_answer *answer = sample_answer(SAMPLE_ANSWER_HOSTILE);
  seep_trace_told told = told_of(answer, sample_answer_naming(SAMPLE_ANSWER_HOSTILE));
  const char *const texts[] = {told.verdict, told.culprit, told.place, told.company, told.version};
  assert_true(told.culprit[0] != '\0' && told.bytes == answer->culprit.bytes);
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    assert_int_equal(seep_text_valid_prefix(texts[i], strlen(texts[i])), strlen(texts[i]));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_culprit_with_its_module),
                                     cmocka_unit_test(managed_code_is_somebody_other_buckets_are_nobody),
                                     cmocka_unit_test(nobody_is_accused_of_what_does_not_grow),
                                     cmocka_unit_test(no_culprit_at_all),
                                     cmocka_unit_test(nothing_in_it_is_believed),
                                     cmocka_unit_test(a_document_of_ours_is_told_as_it_is),
                                     cmocka_unit_test(a_document_of_ours_without_a_culprit),
                                     cmocka_unit_test(hostile_names_are_told_as_text),
                                     cmocka_unit_test(other_documents_are_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
