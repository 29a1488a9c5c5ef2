/* The page around tables and pictures: well-formed whatever the names hold, and nothing fetched or run. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "markup.h"
#include "report/page.h"

#define SPARE "\xEF\xBF\xBD" /* U+FFFD */

static markup out;
static seep_page page;

static int forget(void **state)
{
  (void)state;
  memset(&out, 0, sizeof out);
  page.sink = markup_sink;
  page.context = &out;
  return 0;
}

static void text_becomes(const char *text, const char *expected)
{
  forget(NULL);
  seep_page_text(&page, text);
  assert_string_equal(out.text, expected);
}

static void signs_of_markup_are_escaped(void **state)
{
  (void)state;
  text_becomes("plain.exe", "plain.exe");
  text_becomes("", "");
  text_becomes(NULL, "");
  text_becomes("\"><script>alert('1')</script>&amp;",
               "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;");
}

static void what_can_not_be_seen_is_replaced(void **state)
{
  (void)state;
  text_becomes("a\x01"
               "b\tc\nd\re\x7F",
               "a" SPARE "b" SPARE "c" SPARE "d" SPARE "e" SPARE);
  text_becomes("\xC2\x80\xC2\x9F\xC2\xA0", SPARE SPARE "\xC2\xA0");
  text_becomes("gpj\xE2\x80\xAE.exe", "gpj" SPARE ".exe"); /* right-to-left override */
  text_becomes("\xE2\x80\x8E\xE2\x80\x8F\xE2\x80\xAA\xE2\x81\xA6\xE2\x81\xA9\xD8\x9C",
               SPARE SPARE SPARE SPARE SPARE SPARE);
  text_becomes("\xE2\x80\xA8\xE2\x80\xA9", SPARE SPARE);                          /* line and paragraph */
  text_becomes("\xED\xA0\x80|\xED\xBF\xBF", SPARE "|" SPARE);                     /* lone surrogates */
  text_becomes("\xEF\xBF\xBE\xF4\x8F\xBF\xBF", SPARE SPARE);                      /* noncharacters */
  text_becomes("\xD7\xA9\xD7\x9C \xE2\x80\x93", "\xD7\xA9\xD7\x9C \xE2\x80\x93"); /* letters stay */
  text_becomes("\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80");
}

static void broken_bytes_are_replaced_one_by_one(void **state)
{
  (void)state;
  text_becomes("\xFF\xC3", SPARE SPARE);
  text_becomes("a\xC3<", "a" SPARE "&lt;");
  text_becomes("\xE2\x82", SPARE SPARE);
  text_becomes("\xC0\xBC", SPARE SPARE); /* an overlong < */
  text_becomes("\xF4\x90\x80\x80", SPARE SPARE SPARE SPARE);
  text_becomes("\xBF", SPARE);
}

/* Each pair of bytes, between two letters: no pair brings a sign of markup or broken UTF-8 out. */
static void no_two_bytes_get_through(void **state)
{
  (void)state;
  for (unsigned first = 1; first < 256; first++) {
    forget(NULL);
    for (unsigned second = 1; second < 256; second++) {
      char text[5] = {'a', (char)first, (char)second, 'b', '\0'};
      seep_page_text(&page, text);
    }
    markup_check(out.text);
    assert_int_equal(strcspn(out.text, "<>\"'\n\r\t"), out.length);
    assert_true(markup_count(out.text, "a") >= 255);
  }
}

static void write_a_page(const char *name)
{
  static const bool numeric[] = {false, true, false};
  const char *columns[] = {"Process", "PID", name};
  const char *cells[] = {name, "4120", NULL};
  seep_page_begin(&page, markup_sink, &out, name, name);
  seep_page_heading(&page, name);
  seep_page_paragraph(&page, name);
  seep_page_markup(&page, "<hr/>");
  seep_page_table_begin(&page, columns, numeric, 3);
  seep_page_table_row(&page, cells, numeric, 3);
  seep_page_table_row(&page, cells, NULL, 3);
  seep_page_table_end(&page);
  seep_page_end(&page, name);
}

static void a_page_is_whole_and_on_its_own(void **state)
{
  (void)state;
  write_a_page("billing.exe");
  markup_check(out.text);
  assert_int_equal(strncmp(out.text, "<!DOCTYPE html>\n<html lang=\"en\">", 32), 0);
  assert_string_equal(out.text + out.length - 8, "</html>\n");
  assert_non_null(strstr(out.text, "<meta charset=\"utf-8\"/>"));
  assert_non_null(strstr(out.text, "<title>billing.exe</title>"));
  assert_non_null(strstr(out.text, "<h1>billing.exe</h1>"));
  assert_non_null(strstr(out.text, "<h2>billing.exe</h2>"));
  assert_non_null(strstr(out.text, "<footer>billing.exe</footer>"));
  assert_non_null(strstr(out.text, "<th scope=\"col\" class=\"n\">PID</th>"));
  assert_int_equal(markup_count(out.text, "<td class=\"n\">4120</td>"), 1);
  assert_int_equal(markup_count(out.text, "<td>4120</td>"), 1);
  assert_int_equal(markup_count(out.text, "<td></td>"), 2);
  static const char *const foreign[] = {"<script", "://", "src=", "href", "url(", "@import", "<link", "on="};
  for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
    assert_null(strstr(out.text, foreign[i]));
  }
}

static void light_dark_and_paper_are_provided_for(void **state)
{
  (void)state;
  write_a_page("x");
  assert_non_null(strstr(out.text, "<meta name=\"color-scheme\" content=\"light dark\"/>"));
  assert_non_null(strstr(out.text, "@media screen and (prefers-color-scheme:dark)"));
  assert_non_null(strstr(out.text, "@media print"));
  /* The two sets of colours hold the same names: none is forgotten in the dark. */
  char light[1024];
  char dark[1024];
  markup_between(out.text, ":root{color-scheme:light dark;", "}", light, sizeof light);
  markup_between(out.text, "prefers-color-scheme:dark){:root{", "}", dark, sizeof dark);
  assert_true(markup_count(light, "--") >= 10);
  assert_int_equal(markup_count(light, "--"), markup_count(dark, "--"));
  /* Every colour that is used is given. */
  for (const char *use = strstr(out.text, "var("); use != NULL; use = strstr(use + 1, "var(")) {
    char name[32];
    char given[40];
    markup_between(use, "var(", ")", name, sizeof name);
    snprintf(given, sizeof given, "%s:", name);
    assert_non_null(strstr(light, given));
    assert_non_null(strstr(dark, given));
  }
}

static void hostile_names_stay_text(void **state)
{
  (void)state;
  char longest[256];
  memset(longest, '"', 255);
  longest[255] = '\0';
  static const char *const names[] = {"</title><script>x</script>", "</style>\"'><b onload=x>",
                                      "\xED\xA0\x80\xE2\x80\xAE\x01\xFF", "--><!--", "]]>&lt"};
  for (size_t i = 0; i <= sizeof names / sizeof names[0]; i++) {
    forget(NULL);
    write_a_page(i < sizeof names / sizeof names[0] ? names[i] : longest);
    markup_check(out.text);
    assert_null(strstr(out.text, "<script"));
    assert_null(strstr(out.text, "<b "));
    assert_null(strstr(out.text, "<!--"));
    assert_null(strstr(out.text, "\xE2\x80\xAE"));
    assert_true(out.length < 32768);
  }
}

static void what_is_not_given_leaves_no_trace(void **state)
{
  (void)state;
  seep_page_begin(&page, markup_sink, &out, "t", NULL);
  seep_page_end(&page, "");
  markup_check(out.text);
  assert_null(strstr(out.text, "<p"));
  assert_null(strstr(out.text, "<footer"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(signs_of_markup_are_escaped, forget),
      cmocka_unit_test_setup(what_can_not_be_seen_is_replaced, forget),
      cmocka_unit_test_setup(broken_bytes_are_replaced_one_by_one, forget),
      cmocka_unit_test_setup(no_two_bytes_get_through, forget),
      cmocka_unit_test_setup(a_page_is_whole_and_on_its_own, forget),
      cmocka_unit_test_setup(light_dark_and_paper_are_provided_for, forget),
      cmocka_unit_test_setup(hostile_names_stay_text, forget),
      cmocka_unit_test_setup(what_is_not_given_leaves_no_trace, forget),
  };
  return cmocka_run_group_tests_name("report/page", tests, NULL, NULL);
}
