/* The document: its keys, its figures, and that it stays one whatever names are in it and however large it
 * is. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/text.h"
#include "report/trace_json.h"
#include "report/trace_words.h"
#include "unit/report/sample_answer.h"

typedef struct written {
  char *text;
  size_t size, capacity, largest_piece;
} written;

static void keep(void *context, const char *bytes, size_t length)
{
  written *to = context;
  if (to->size + length + 1 > to->capacity) {
    to->capacity = (to->size + length + 1) * 2;
    to->text = realloc(to->text, to->capacity);
    assert_non_null(to->text);
  }
  memcpy(to->text + to->size, bytes, length);
  to->size += length;
  to->text[to->size] = '\0';
  to->largest_piece = length > to->largest_piece ? length : to->largest_piece;
}

static written write_with(const seep_answer *answer, const seep_naming *naming,
                          const seep_trace_json_options *options)
{
  written to = {NULL, 0, 0, 0};
  assert_true(seep_trace_json_write(answer, naming, options, keep, &to));
  assert_int_equal(strlen(to.text), to.size);
  assert_int_equal(to.text[to.size - 1], '\n');
  return to;
}

static cJSON *document_of(sample_answer_kind kind, const seep_trace_json_options *options)
{
  written to = write_with(sample_answer(kind), sample_answer_naming(kind), options);
  cJSON *document = cJSON_ParseWithOpts(to.text, NULL, true);
  free(to.text);
  assert_non_null(document);
  return document;
}

static const cJSON *get(const cJSON *object, const char *key)
{
  const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, key);
  if (member == NULL) {
    fail_msg("no %s", key);
  }
  return member;
}

static double number(const cJSON *object, const char *key)
{
  assert_true(cJSON_IsNumber(get(object, key)));
  return get(object, key)->valuedouble;
}

static const char *string(const cJSON *object, const char *key)
{
  assert_true(cJSON_IsString(get(object, key)));
  return get(object, key)->valuestring;
}

static const seep_trace_json_options everything = {.file_name = "a.etl", .version = "1.2"};

static void test_the_document(void **state)
{
  (void)state;
  static const char *const keys[] = {"schema",  "version", "file",      "trace",   "verdict",
                                     "culprit", "process", "processes", "views",   "stacks",
                                     "modules", "symbols", "losses",    "warnings"};
  cJSON *document = document_of(SAMPLE_ANSWER_HEAP, &everything);
  const cJSON *member = document->child;
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++, member = member->next) {
    assert_string_equal(member->string, keys[i]);
  }
  assert_null(member);
  assert_true(number(document, "schema") == 1.0);
  assert_string_equal(string(document, "file"), "a.etl");
  const cJSON *trace = get(document, "trace");
  assert_true(number(trace, "os_build") == 20348.0);
  assert_true(number(trace, "cpus") == 8.0);
  assert_true(number(trace, "duration_s") == 720.0);
  assert_true(number(trace, "events") == 1204411.0);
  assert_true(number(trace, "events_lost") == 0.0);
  assert_true(number(trace, "buffers_lost") == 0.0);
  assert_true(cJSON_IsFalse(get(trace, "truncated")));
  assert_string_equal(string(trace, "started"), "2026-03-01T10:00:00.000Z");
  const cJSON *others = cJSON_GetArrayItem(get(trace, "providers"), 1);
  assert_true(cJSON_IsNull(get(others, "name")));
  assert_true(number(others, "events") == 5411.0);
  cJSON_Delete(document);
}

static void test_the_culprit(void **state)
{
  (void)state;
  cJSON *document = document_of(SAMPLE_ANSWER_HEAP, &everything);
  const cJSON *culprit = get(document, "culprit");
  assert_string_equal(string(culprit, "certainty"), "good");
  assert_string_equal(string(culprit, "name"), "Contoso.Pricing.dll");
  assert_string_equal(string(culprit, "view"), "heap");
  assert_string_equal(string(culprit, "place"), "PriceCache::Insert+0x1f4");
  assert_string_equal(string(culprit, "pattern"), "steady");
  assert_true(cJSON_IsNull(get(culprit, "bucket")));
  assert_true(number(culprit, "bytes") == 236.0 * 1048576.0);
  assert_true(number(culprit, "count") == 316411.0);
  const cJSON *module = cJSON_GetArrayItem(get(document, "modules"), (int)number(culprit, "module"));
  assert_string_equal(string(module, "name"), "Contoso.Pricing.dll");
  assert_string_equal(string(module, "company"), "Contoso Ltd.");
  assert_string_equal(string(module, "pdb_guid"), "44444444-4444-4444-4444-444444444444");
  assert_true(number(get(module, "heap"), "blamed_bytes") == 236.0 * 1048576.0);
  const cJSON *stack = cJSON_GetArrayItem(get(document, "stacks"), (int)number(culprit, "stack"));
  assert_string_equal(string(stack, "signature"), string(culprit, "signature"));
  cJSON_Delete(document);
  document = document_of(SAMPLE_ANSWER_MANAGED, &everything);
  culprit = get(document, "culprit");
  assert_true(cJSON_IsNull(get(culprit, "module")));
  assert_string_equal(string(culprit, "bucket"), seep_answer_bucket_text(SEEP_BUCKET_MANAGED));
  assert_string_equal(string(culprit, "name"), seep_answer_bucket_text(SEEP_BUCKET_MANAGED));
  cJSON_Delete(document);
  document = document_of(SAMPLE_ANSWER_WEAK, &everything);
  culprit = get(document, "culprit");
  assert_string_equal(string(culprit, "certainty"), "weak");
  assert_int_equal(cJSON_GetArraySize(get(culprit, "doubts")), 8);
  assert_string_equal(cJSON_GetArrayItem(get(culprit, "doubts"), 4)->valuestring, "the trace lasted 41 s");
  cJSON_Delete(document);
  static const sample_answer_kind innocent[] = {SAMPLE_ANSWER_NOTHING, SAMPLE_ANSWER_NOBODY};
  for (size_t i = 0; i < 2; i++) {
    document = document_of(innocent[i], &everything);
    assert_true(cJSON_IsNull(get(document, "culprit")));
    cJSON_Delete(document);
  }
}

static void test_processes(void **state)
{
  (void)state;
  cJSON *document = document_of(SAMPLE_ANSWER_HEAP, &everything);
  const cJSON *processes = get(document, "processes");
  assert_int_equal(cJSON_GetArraySize(processes), 3);
  const cJSON *shown = cJSON_GetArrayItem(processes, (int)number(document, "process"));
  assert_true(number(shown, "pid") == 5200.0);
  assert_string_equal(string(shown, "name"), "w3wp.exe");
  assert_true(number(shown, "commit_events") == 7680.0);
  assert_true(number(shown, "committed_bytes") == 480.0 * 1048576.0);
  assert_true(number(shown, "free_events") == 3840.0);
  assert_true(number(shown, "freed_bytes") == 240.0 * 1048576.0);
  const cJSON *other = cJSON_GetArrayItem(processes, 1);
  assert_true(number(other, "commit_events") == 16.0);
  assert_true(cJSON_IsNull(get(other, "committed_bytes")));
  cJSON_Delete(document);
  document = document_of(SAMPLE_ANSWER_NOBODY, &everything);
  assert_true(cJSON_IsNull(get(document, "process")));
  cJSON_Delete(document);
}

/* Beyond the 200 that are listed there may be the one that all is about. */
static void test_a_process_that_is_not_listed(void **state)
{
  (void)state;
  seep_answer answer = *sample_answer(SAMPLE_ANSWER_HEAP);
  answer.processes++;
  answer.process_count--;
  written to = write_with(&answer, NULL, &everything);
  cJSON *document = cJSON_Parse(to.text);
  free(to.text);
  assert_int_equal(cJSON_GetArraySize(get(document, "processes")), 3);
  assert_true(number(document, "process") == 2.0);
  assert_true(number(cJSON_GetArrayItem(get(document, "processes"), 2), "pid") == 5200.0);
  assert_true(cJSON_IsNull(get(document, "symbols"))); /* nobody looked for any */
  cJSON_Delete(document);
}

static double sum_of(const cJSON *array)
{
  double sum = 0.0;
  const cJSON *item = NULL;
  cJSON_ArrayForEach(item, array)
  {
    sum += item->valuedouble;
  }
  return sum;
}

static void test_stacks(void **state)
{
  (void)state;
  cJSON *document = document_of(SAMPLE_ANSWER_HEAP, &everything);
  const cJSON *stacks = get(document, "stacks");
  assert_int_equal(cJSON_GetArraySize(stacks), 6);
  const cJSON *stack = cJSON_GetArrayItem(stacks, 0);
  const cJSON *frames = get(stack, "frames");
  assert_int_equal(cJSON_GetArraySize(frames), 8);
  assert_string_equal(cJSON_GetArrayItem(frames, (int)number(stack, "culprit"))->valuestring,
                      "Contoso.Pricing.dll!PriceCache::Insert+0x1f4");
  assert_true(number(stack, "bytes") == 198.0 * 1048576.0);
  assert_true(number(stack, "count") == 270411.0);
  assert_int_equal(cJSON_GetArraySize(get(stack, "live_curve")), SEEP_TRACE_BUCKETS);
  assert_true(sum_of(get(stack, "kept_bytes")) == number(stack, "bytes"));
  const cJSON *guess = cJSON_GetArrayItem(get(cJSON_GetArrayItem(stacks, 2), "frames"), 2);
  assert_string_equal(guess->valuestring, "Contoso.Web.dll!~WebInitialize+0x13f0");
  const cJSON *lost = cJSON_GetArrayItem(stacks, 4);
  assert_string_equal(string(lost, "kind"), "lost");
  assert_true(cJSON_IsNull(get(lost, "culprit")));
  const cJSON *other = cJSON_GetArrayItem(stacks, 5);
  assert_string_equal(string(other, "view"), "virtual");
  assert_true(number(other, "id") == 5.0);
  const cJSON *heap = get(get(document, "views"), "heap");
  assert_true(number(heap, "all_stacks") == 42.0);
  assert_int_equal(cJSON_GetArraySize(get(heap, "buckets")), SEEP_BUCKETS);
  cJSON_Delete(document);
  document = document_of(SAMPLE_ANSWER_VIRTUAL, &everything);
  frames = get(cJSON_GetArrayItem(get(document, "stacks"), 0), "frames");
  assert_string_equal(cJSON_GetArrayItem(frames, 1)->valuestring, "Contoso.Imaging.dll+0x1f02");
  cJSON_Delete(document);
}

static void test_limits(void **state)
{
  (void)state;
  const seep_trace_json_options few = {.maximum_stacks = 1, .maximum_frames = 2};
  cJSON *document = document_of(SAMPLE_ANSWER_HEAP, &few);
  const cJSON *stacks = get(document, "stacks");
  assert_int_equal(cJSON_GetArraySize(stacks), 2); /* one of each view */
  const cJSON *stack = cJSON_GetArrayItem(stacks, 0);
  assert_int_equal(cJSON_GetArraySize(get(stack, "frames")), 2);
  assert_true(number(stack, "all_frames") == 8.0);
  assert_true(cJSON_IsNull(get(stack, "culprit"))); /* the third frame */
  assert_true(cJSON_IsNull(get(document, "file")));
  cJSON_Delete(document);
}

static void test_warnings(void **state)
{
  (void)state;
  static const char *const notes[] = {"The packed file is cut.", "The store is not there."};
  const seep_trace_json_options noted = {.notes = notes, .note_count = 2};
  cJSON *document = document_of(SAMPLE_ANSWER_VIRTUAL, &everything);
  assert_int_equal(cJSON_GetArraySize(get(document, "warnings")), 0); /* nothing was lost */
  cJSON_Delete(document);
  document = document_of(SAMPLE_ANSWER_WEAK, &noted);
  assert_int_equal(cJSON_GetArraySize(get(document, "warnings")), 16);
  assert_string_equal(cJSON_GetArrayItem(get(document, "warnings"), 15)->valuestring, notes[1]);
  assert_true(number(get(document, "losses"), "analysed_to_s") == 31.0);
  assert_true(number(get(document, "trace"), "duration_s") == 41.0); /* its header was never completed */
  cJSON_Delete(document);
}

static void test_symbols(void **state)
{
  (void)state;
  cJSON *document = document_of(SAMPLE_ANSWER_VIRTUAL, &everything);
  const cJSON *symbols = get(document, "symbols");
  assert_int_equal(cJSON_GetArraySize(symbols), 4);
  assert_string_equal(string(cJSON_GetArrayItem(symbols, 0), "result"), "none");
  assert_string_equal(string(cJSON_GetArrayItem(symbols, 0), "key"),
                      "Contoso.Imaging.dll/65000003203000/Contoso.Imaging.dll");
  assert_true(cJSON_IsNull(get(cJSON_GetArrayItem(symbols, 2), "key")));
  assert_string_equal(string(cJSON_GetArrayItem(symbols, 3), "result"), "broken");
  cJSON_Delete(document);
}

/* Well-formed UTF-8 without anything that acts on a terminal. */
static void test_hostile_names(void **state)
{
  (void)state;
  written to = write_with(sample_answer(SAMPLE_ANSWER_HOSTILE), sample_answer_naming(SAMPLE_ANSWER_HOSTILE),
                          &everything);
  for (size_t at = 0; at < to.size;) {
    uint32_t point = 0;
    size_t used = seep_text_character(to.text + at, to.size - at, &point);
    assert_true(used > 0);
    assert_true(point == '\n' || !seep_text_is_control(point));
    assert_false(seep_text_is_surrogate(point));
    at += used;
  }
  cJSON *document = cJSON_ParseWithOpts(to.text, NULL, true);
  assert_non_null(document);
  assert_memory_equal(string(get(document, "culprit"), "name"), "<script>alert(1)</script>\"'&\x1B[31m\r\n",
                      33);
  cJSON_Delete(document);
  free(to.text);
}

/* In pieces of a bounded size, however long names are. */
static void test_the_largest_answer(void **state)
{
  (void)state;
  void *block = NULL;
  const seep_answer *answer = sample_answer_huge(60, SEEP_TRACE_MAXIMUM_FRAMES, &block);
  assert_non_null(answer);
  written to = write_with(answer, NULL, &everything);
  assert_true(to.largest_piece <= 65536);
  cJSON *document = cJSON_ParseWithOpts(to.text, NULL, true);
  assert_non_null(document);
  assert_int_equal(cJSON_GetArraySize(get(document, "stacks")), 120);
  assert_int_equal(cJSON_GetArraySize(get(document, "modules")), 500);
  cJSON_Delete(document);
  free(to.text);
  free(block);
}

/* The service reads it, and gives it no more room. */
static void test_the_short_form_has_a_bound(void **state)
{
  (void)state;
  static const char worst[] = {'\x1B', '\x80', '"', 'H', '\xFF'};
  const seep_trace_json_options brief = {.is_short = true, .maximum_stacks = 2000, .file_name = "a.etl"};
  for (size_t i = 0; i < sizeof worst; i++) {
    void *block = NULL;
    const seep_answer *answer = sample_answer_huge(60, SEEP_TRACE_MAXIMUM_FRAMES, &block);
    assert_non_null(answer);
    char *text = (char *)(uintptr_t)answer->modules[0].name; /* of everything */
    memset(text, worst[i], strlen(text));
    seep_naming_module *named = calloc(500, sizeof *named);
    assert_non_null(named);
    for (uint32_t m = 0; m < 500; m++) {
      named[m].module = 499 - m;
      memset(named[m].key, worst[i], sizeof named[m].key - 1);
    }
    const seep_naming naming = {.modules = named, .count = 500};
    written to = write_with(answer, &naming, &brief);
    assert_true(to.size < SEEP_TRACE_JSON_SHORT_BYTES);
    cJSON *document = cJSON_ParseWithOpts(to.text, NULL, true);
    assert_non_null(document);
    assert_int_equal(cJSON_GetArraySize(get(document, "stacks")), 20);
    assert_int_equal(cJSON_GetArraySize(get(document, "modules")), 50);
    assert_int_equal(cJSON_GetArraySize(get(document, "symbols")), 50);
    assert_true(cJSON_IsNull(get(cJSON_GetArrayItem(get(document, "symbols"), 0), "module")));
    cJSON_Delete(document);
    free(to.text);
    free(named);
    free(block);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_document),
      cmocka_unit_test(test_the_culprit),
      cmocka_unit_test(test_processes),
      cmocka_unit_test(test_a_process_that_is_not_listed),
      cmocka_unit_test(test_stacks),
      cmocka_unit_test(test_limits),
      cmocka_unit_test(test_warnings),
      cmocka_unit_test(test_symbols),
      cmocka_unit_test(test_hostile_names),
      cmocka_unit_test(test_the_largest_answer),
      cmocka_unit_test(test_the_short_form_has_a_bound),
  };
  return cmocka_run_group_tests_name("report trace_json", tests, NULL, NULL);
}
