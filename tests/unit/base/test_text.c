/* The UTF-16 codec loses nothing, and whatever is cut is cut between characters. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/text.h"

#define EURO "\xE2\x82\xAC"
#define GRIN "\xF0\x9F\x98\x80"

static void copies_and_cuts_between_characters(void **state)
{
  char out[8];
  (void)state;
  assert_int_equal(seep_text_copy(out, sizeof out, "abc"), 3);
  assert_string_equal(out, "abc");
  assert_int_equal(seep_text_copy(out, sizeof out, "abcdefg"), 7);
  assert_string_equal(out, "abcdefg");
  assert_int_equal(seep_text_copy(out, sizeof out, "abcdefgh"), 7);
  assert_int_equal(seep_text_copy(out, sizeof out, "abcde" EURO), 5);
  assert_string_equal(out, "abcde");
  assert_int_equal(seep_text_copy(out, 5, "a" GRIN), 1);
  assert_string_equal(out, "a");
  assert_int_equal(seep_text_copy(out, 1, "a"), 0);
  assert_string_equal(out, "");
  assert_int_equal(seep_text_copy_bytes(out, sizeof out, NULL, 0), 0);
  assert_string_equal(out, "");
}

static void copying_into_nothing_writes_nothing(void **state)
{
  char out[1] = {'x'};
  (void)state;
  assert_int_equal(seep_text_copy(out, 0, "abc"), 0);
  assert_int_equal(out[0], 'x');
}

static void utf16_becomes_utf8(void **state)
{
  static const uint8_t source[] = {'A', 0, 0xDF, 0x00, 0xAC, 0x20, 0x3D, 0xD8, 0x00, 0xDE, 'z'};
  char out[32];
  (void)state;
  assert_int_equal(seep_text_from_utf16le(source, sizeof source, NULL, 0), 10);
  assert_int_equal(seep_text_from_utf16le(source, sizeof source, out, sizeof out), 10);
  assert_string_equal(out, "A\xC3\x9F" EURO GRIN);
}

static void a_cut_conversion_keeps_whole_characters_and_tells_the_need(void **state)
{
  static const uint8_t source[] = {'A', 0, 0xAC, 0x20, 'B', 0};
  char out[8];
  (void)state;
  assert_int_equal(seep_text_from_utf16le(source, sizeof source, out, 4), 5);
  assert_string_equal(out, "A"); /* the euro needs 3 and a terminator; B must not slip in behind the gap */
  assert_int_equal(seep_text_from_utf16le(source, sizeof source, out, 5), 5);
  assert_string_equal(out, "A" EURO);
  assert_int_equal(seep_text_from_utf16le(source, sizeof source, out, 6), 5);
  assert_string_equal(out, "A" EURO "B");
}

static void every_pair_of_units_survives_a_round_trip(void **state)
{
  /* Each interesting unit beside each other one: lone and paired surrogates in every order. */
  static const uint16_t units[] = {0x0001, 0x0041, 0x007F, 0x0080, 0x07FF, 0x0800, 0xD7FF,
                                   0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xE000, 0xFFFD, 0xFFFF};
  size_t count = sizeof units / sizeof units[0];
  (void)state;
  for (size_t i = 0; i < count * count; i++) {
    uint16_t pair[2] = {units[i / count], units[i % count]};
    uint8_t source[4] = {(uint8_t)pair[0], (uint8_t)(pair[0] >> 8), (uint8_t)pair[1],
                         (uint8_t)(pair[1] >> 8)};
    char text[16];
    uint16_t back[4];
    size_t bytes = seep_text_from_utf16le(source, 4, text, sizeof text);
    assert_int_equal(seep_text_valid_prefix(text, bytes), bytes);
    assert_int_equal(seep_text_to_utf16(text, bytes, back, 4), 2);
    assert_memory_equal(back, pair, sizeof pair);
    assert_int_equal(back[2], 0);
  }
}

static void malformed_utf8_becomes_replacement_characters(void **state)
{
  static const struct {
    const char *text;
    size_t units;
  } cases[] = {{"\x80", 1},
               {"\xC3", 1},
               {"\xC0\x80", 2},
               {"\xE0\x80\x80", 3},
               {"\xF0\x80\x80\x80", 4},
               {"\xF4\x90\x80\x80", 4},
               {"\xF8\x88\x80\x80", 4},
               {"\xFF", 1},
               {"\xE2\x82", 2}};
  uint16_t out[8];
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    size_t size = strlen(cases[i].text);
    assert_int_equal(seep_text_valid_prefix(cases[i].text, size), 0);
    assert_int_equal(seep_text_to_utf16(cases[i].text, size, out, 8), cases[i].units);
    for (size_t unit = 0; unit < cases[i].units; unit++) {
      assert_int_equal(out[unit], 0xFFFD);
    }
  }
}

static void utf16_output_is_cut_between_characters(void **state)
{
  uint16_t out[3] = {7, 7, 7};
  (void)state;
  assert_int_equal(seep_text_to_utf16("a" GRIN, 5, NULL, 0), 3);
  assert_int_equal(seep_text_to_utf16("a" GRIN, 5, out, 3), 3);
  assert_int_equal(out[0], 'a');
  assert_int_equal(out[1], 0);
  assert_int_equal(out[2], 7);
}

static void valid_prefix_stops_at_the_first_bad_byte(void **state)
{
  (void)state;
  assert_int_equal(seep_text_valid_prefix("ab" EURO "\xFFz", 7), 5);
  assert_int_equal(seep_text_valid_prefix("ab" EURO, 4), 2);
  assert_int_equal(seep_text_valid_prefix("", 0), 0);
}

static void folds_ascii_case_only(void **state)
{
  (void)state;
  assert_true(seep_text_equal_ignoring_case("W3WP.exe", "w3wp.EXE"));
  assert_true(seep_text_equal_ignoring_case("", ""));
  assert_false(seep_text_equal_ignoring_case("a", "ab"));
  assert_false(seep_text_equal_ignoring_case("ab", "a"));
  assert_false(seep_text_equal_ignoring_case("[", "{"));
  assert_false(seep_text_equal_ignoring_case("\xC3\x84", "\xC3\xA4"));
}

static void the_writer_composes_and_stops_when_full(void **state)
{
  char out[12];
  seep_writer writer;
  (void)state;
  seep_writer_init(&writer, out, sizeof out);
  seep_writer_text(&writer, "n=");
  seep_writer_u64(&writer, 18446744);
  assert_string_equal(out, "n=18446744");
  assert_false(writer.cut);
  seep_writer_text(&writer, EURO);
  assert_true(writer.cut);
  seep_writer_text(&writer, "x");
  assert_string_equal(out, "n=18446744");
  assert_int_equal(writer.length, 10);
}

static void the_writer_prints_the_extremes(void **state)
{
  char out[64];
  seep_writer writer;
  (void)state;
  seep_writer_init(&writer, out, sizeof out);
  seep_writer_u64(&writer, UINT64_MAX);
  seep_writer_text(&writer, " ");
  seep_writer_i64(&writer, INT64_MIN);
  assert_string_equal(out, "18446744073709551615 -9223372036854775808");
}

static void a_long_format_fits_if_there_is_room(void **state)
{
  char source[900];
  char out[1000];
  seep_writer writer;
  (void)state;
  memset(source, 'y', sizeof source - 1);
  source[sizeof source - 1] = '\0';
  seep_writer_init(&writer, out, sizeof out);
  seep_writer_format(&writer, "<%s>", source);
  assert_false(writer.cut);
  assert_int_equal(writer.length, sizeof source + 1);
  assert_int_equal(out[writer.length - 1], '>');
}

static void a_cut_format_keeps_whole_characters(void **state)
{
  (void)state;
  for (size_t size = 1; size < 12; size++) {
    char out[12];
    seep_writer writer;
    seep_writer_init(&writer, out, size);
    seep_writer_format(&writer, "%s", "a" EURO GRIN "bc");
    assert_int_equal(writer.cut, size < 11);
    assert_int_equal(writer.length, strlen(out));
    assert_int_equal(seep_text_valid_prefix(out, writer.length), writer.length);
    seep_writer_format(&writer, "%d", 5);
    assert_int_equal(writer.cut, size < 12);
  }
}

static void a_writer_without_room_is_cut_from_the_start(void **state)
{
  seep_writer writer;
  (void)state;
  seep_writer_init(&writer, NULL, 0);
  seep_writer_text(&writer, "a");
  seep_writer_format(&writer, "%d", 1);
  assert_true(writer.cut);
  assert_int_equal(writer.length, 0);
}

static void characters_are_told_with_their_bytes(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    size_t left, used;
    uint32_t point;
  } cases[] = {{"A", 1, 1, 'A'},
               {"\xC3\xB6z", 3, 2, 0xF6},
               {"\xE2\x80\xAE", 3, 3, 0x202E},
               {"\xF0\x9F\x98\x80", 4, 4, 0x1F600},
               {"\xED\xA0\x80", 3, 3, 0xD800}, /* a surrogate of its own */
               {"\xE2\x80\xAE", 2, 0, 0},
               {"\x80", 1, 0, 0},
               {"\xC0\x80", 2, 0, 0},
               {"\xFF", 1, 0, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    uint32_t point = 0;
    assert_int_equal(seep_text_character(cases[i].text, cases[i].left, &point), cases[i].used);
    assert_int_equal(point, cases[i].point);
  }
}

static void controls_are_what_is_not_seen(void **state)
{
  (void)state;
  static const uint32_t unseen[] = {0,      0x1B,   0x1F,   0x7F,   0x9B,   0x61C, 0x200E,
                                    0x2028, 0x2029, 0x202A, 0x202E, 0x2066, 0x2069};
  static const uint32_t seen[] = {' ', '~', 0xA0, 0xF6, 0x2010, 0x202F, 0x2065, 0x206A, 0x1F600};
  for (size_t i = 0; i < sizeof unseen / sizeof unseen[0]; i++) {
    assert_true(seep_text_is_control(unseen[i]));
  }
  for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
    assert_false(seep_text_is_control(seen[i]));
  }
}

static void what_can_not_be_shown_is_replaced(void **state)
{
  (void)state;
  static const char replaced[] = "\xEF\xBF\xBD";
  static const struct {
    const char *text;
    size_t left, used;
    uint32_t point;
    const char *shown; /* NULL = as it is */
  } cases[] = {{"A", 1, 1, 'A', NULL},
               {"\\", 1, 1, '\\', NULL},
               {"\xC3\xB6z", 3, 2, 0xF6, NULL},
               {"\xF0\x9F\x98\x80", 4, 4, 0x1F600, NULL},
               {replaced, 3, 3, 0xFFFD, NULL},
               {"\n", 1, 1, '\n', replaced},
               {"", 1, 1, 0, replaced}, /* a zero within a text with a length */
               {"\xC2\x9B", 2, 2, 0x9B, replaced},
               {"\xE2\x80\xAEz", 4, 3, 0x202E, replaced},
               {"\xED\x9F\xBF", 3, 3, 0xD7FF, NULL},
               {"\xED\xA0\x80", 3, 3, 0xD800, replaced},
               {"\xED\xBF\xBF", 3, 3, 0xDFFF, replaced},
               {"\xEE\x80\x80", 3, 3, 0xE000, NULL},
               {"\xE2\x80\xAE", 2, 1, 0xFFFD, replaced},
               {"\x80", 1, 1, 0xFFFD, replaced},
               {"\xC0\x80", 2, 1, 0xFFFD, replaced},
               {"\xFF", 1, 1, 0xFFFD, replaced}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    seep_text_shown shown = seep_text_show(cases[i].text, cases[i].left);
    assert_int_equal(shown.used, cases[i].used);
    assert_int_equal(shown.point, cases[i].point);
    assert_int_equal(seep_text_is_surrogate(shown.point), shown.point >= 0xD800 && shown.point <= 0xDFFF);
    assert_int_equal(shown.size, cases[i].shown != NULL ? 3 : cases[i].used);
    assert_memory_equal(shown.bytes, cases[i].shown != NULL ? cases[i].shown : cases[i].text, shown.size);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(copies_and_cuts_between_characters),
      cmocka_unit_test(copying_into_nothing_writes_nothing),
      cmocka_unit_test(utf16_becomes_utf8),
      cmocka_unit_test(a_cut_conversion_keeps_whole_characters_and_tells_the_need),
      cmocka_unit_test(every_pair_of_units_survives_a_round_trip),
      cmocka_unit_test(malformed_utf8_becomes_replacement_characters),
      cmocka_unit_test(utf16_output_is_cut_between_characters),
      cmocka_unit_test(valid_prefix_stops_at_the_first_bad_byte),
      cmocka_unit_test(characters_are_told_with_their_bytes),
      cmocka_unit_test(controls_are_what_is_not_seen),
      cmocka_unit_test(what_can_not_be_shown_is_replaced),
      cmocka_unit_test(folds_ascii_case_only),
      cmocka_unit_test(the_writer_composes_and_stops_when_full),
      cmocka_unit_test(the_writer_prints_the_extremes),
      cmocka_unit_test(a_long_format_fits_if_there_is_room),
      cmocka_unit_test(a_cut_format_keeps_whole_characters),
      cmocka_unit_test(a_writer_without_room_is_cut_from_the_start),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
