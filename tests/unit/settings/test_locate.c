/* The strict JSON walker: what it takes, what it refuses, and on which line. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "settings/locate.h"

static seep_locate_token walk(seep_locate *locate, const char *json)
{
  seep_locate_token token;
  seep_locate_init(locate, json, strlen(json));
  do {
    token = seep_locate_next(locate);
  } while (token == SEEP_LOCATE_KEY || token == SEEP_LOCATE_ELEMENT);
  return token;
}

static void tokens_come_with_their_lines(void **state)
{
  (void)state;
  static const char json[] = "{\n \"a\": {\"b\"\n:1},\r\n\"c\": [\n\n 1, {\"d\": []},\n \"x,:\\\"{\"]\n}\n";
  static const struct {
    seep_locate_token token;
    unsigned line;
  } expected[] = {{SEEP_LOCATE_KEY, 2},     {SEEP_LOCATE_KEY, 2},     {SEEP_LOCATE_KEY, 4},
                  {SEEP_LOCATE_ELEMENT, 6}, {SEEP_LOCATE_ELEMENT, 6}, {SEEP_LOCATE_KEY, 6},
                  {SEEP_LOCATE_ELEMENT, 7}};
  seep_locate locate;
  seep_locate_init(&locate, json, sizeof json - 1);
  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
    assert_int_equal(seep_locate_next(&locate), expected[i].token);
    assert_int_equal(locate.token_line, expected[i].line);
  }
  assert_int_equal(seep_locate_next(&locate), SEEP_LOCATE_END);
  assert_int_equal(seep_locate_next(&locate), SEEP_LOCATE_END);
}

static void valid_texts_pass(void **state)
{
  (void)state;
  static const char *const texts[] = {"{}",
                                      "[]",
                                      " 0 ",
                                      "-0",
                                      "1.5e-3",
                                      "1E+99",
                                      "\"\"",
                                      "\"\\u00e4\\ud83d\\ude00\\n\\/\"",
                                      "[[], {}, [null, true, false]]",
                                      "{\"\": {\"\": 0}}"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    seep_locate locate;
    assert_int_equal(walk(&locate, texts[i]), SEEP_LOCATE_END);
  }
}

static void faults_are_found_on_their_line(void **state)
{
  (void)state;
  static const struct {
    const char *json;
    unsigned line;
    const char *reason; /* a part of it */
  } cases[] = {{"", 1, "too early"},
               {"{", 1, "too early"},
               {"{\"a\": 1,\n", 2, "too early"},
               {"{\"a", 1, "too early"},
               {"{\"a\\", 1, "too early"},
               {"{\"a\\u12", 1, "too early"},
               {"\"\\ud800", 1, "too early"},
               {"{\"a\": 1\n\"b\": 2}", 2, "comma is missing"},
               {"{\"a\": 1,\n}", 2, "comma too many"},
               {"[1,\n]", 2, "one too many"},
               {"[1,,2]", 1, "value is expected"},
               {"[1}", 1, "does not match"},
               {"{\"a\": 1]", 1, "does not match"},
               {"{\"a\" 1}", 1, "colon"},
               {"{\"a\":}", 1, "value is missing"},
               {"{a: 1}", 1, "double quotes"},
               {"{'a': 1}", 1, "double quotes"},
               {"{\n// x\n}", 2, "comments"},
               {"{\"a\": 1 # x\n}", 1, "comments"},
               {"{} {}", 1, "more text"},
               {"{}}", 1, "more text"},
               {"{\"a\": True}", 1, "value is expected"},
               {"{\"a\": NaN}", 1, "value is expected"},
               {"{\"a\": nul}", 1, "value is expected"},
               {"{\"a\": .5}", 1, "value is expected"},
               {"{\"a\": +5}", 1, "value is expected"},
               {"{\"a\": 05}", 1, "not a number"},
               {"{\"a\": 5.}", 1, "not a number"},
               {"{\"a\": -}", 1, "not a number"},
               {"{\"a\": 5e}", 1, "not a number"},
               {"{\"a\": 1e100}", 1, "not a number"},
               {"{\"a\": 100000000000000000000000000000000}", 1, "not a number"},
               {"{\"a\": 0x10}", 1, "comma is missing"},
               {"{\"a\": \"x\ny\"}", 1, "inside a text"},
               {"{\"a\": \"C:\\Windows\"}", 1, "\\\\"},
               {"{\"a\": \"\\u12g4\"}", 1, "hexadecimal"},
               {"{\"a\\u0000\": 1}", 1, "u0000"},
               {"[\"\\ud800\"]", 1, "surrogate"},
               {"[\"\\udc00\\ud800\"]", 1, "surrogate"},
               {"[\"\\ud800\\u0041 \"]", 1, "surrogate"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    seep_locate locate;
    assert_int_equal(walk(&locate, cases[i].json), SEEP_LOCATE_FAULT);
    assert_non_null(locate.reason);
    if (strstr(locate.reason, cases[i].reason) == NULL || locate.token_line != cases[i].line) {
      fail_msg("%s: line %u, %s", cases[i].json, locate.token_line, locate.reason);
    }
    assert_int_equal(seep_locate_next(&locate), SEEP_LOCATE_FAULT);
  }
}

static void depth_is_bounded(void **state)
{
  (void)state;
  char json[2 * SEEP_LOCATE_DEPTH + 3];
  seep_locate locate;
  memset(json, '[', SEEP_LOCATE_DEPTH);
  memset(json + SEEP_LOCATE_DEPTH, ']', SEEP_LOCATE_DEPTH);
  json[2 * SEEP_LOCATE_DEPTH] = '\0';
  assert_int_equal(walk(&locate, json), SEEP_LOCATE_END);
  /* A fault at the deepest level is a fault, not the limit. */
  json[SEEP_LOCATE_DEPTH] = '}';
  assert_int_equal(walk(&locate, json), SEEP_LOCATE_FAULT);
  memset(json, '[', sizeof json - 1);
  json[sizeof json - 1] = '\0';
  assert_int_equal(walk(&locate, json), SEEP_LOCATE_LIMIT);
  assert_int_equal(seep_locate_next(&locate), SEEP_LOCATE_LIMIT);
}

static void number_of_values_is_bounded(void **state)
{
  (void)state;
  static char json[2 * SEEP_LOCATE_VALUES + 8];
  seep_locate locate;
  size_t at = 0;
  json[at++] = '[';
  for (size_t i = 0; i < SEEP_LOCATE_VALUES; i++) {
    memcpy(json + at, "0,", 2);
    at += 2;
  }
  memcpy(json + at - 1, "]", 2);
  assert_int_equal(walk(&locate, json), SEEP_LOCATE_END);
  memcpy(json + at - 1, ",0]", 4);
  assert_int_equal(walk(&locate, json), SEEP_LOCATE_LIMIT);
}

static void offsets_become_lines(void **state)
{
  (void)state;
  static const char text[] = "a\nb\r\n\nc";
  assert_int_equal(seep_locate_line_of(text, sizeof text - 1, 0), 1);
  assert_int_equal(seep_locate_line_of(text, sizeof text - 1, 1), 1);
  assert_int_equal(seep_locate_line_of(text, sizeof text - 1, 2), 2);
  assert_int_equal(seep_locate_line_of(text, sizeof text - 1, 6), 4);
  assert_int_equal(seep_locate_line_of(text, sizeof text - 1, 1000), 4);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tokens_come_with_their_lines),   cmocka_unit_test(valid_texts_pass),
      cmocka_unit_test(faults_are_found_on_their_line), cmocka_unit_test(depth_is_bounded),
      cmocka_unit_test(number_of_values_is_bounded),    cmocka_unit_test(offsets_become_lines),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
