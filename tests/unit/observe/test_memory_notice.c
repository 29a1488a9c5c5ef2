/* Events 1003 and 1008: no real record is known, so every shape they could have, and everything hostile. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "observe/exhaustion.h"
#include "observe/memory_notice.h"

#define PROVIDER "<Provider Name='Microsoft-Windows-Resource-Exhaustion-Detector'/>"
#define SYSTEM(id) "<System>" PROVIDER "<EventID>" id "</EventID></System>"
#define EVENT(id, body) "<Event>" SYSTEM(id) body "</Event>"
#define USER(id, body) EVENT(id, "<UserData><Any>" body "</Any></UserData>")
#define DATA(id, body) EVENT(id, "<EventData>" body "</EventData>")
#define LIMIT "<SystemCommitLimit>2000</SystemCommitLimit>"
#define CHARGE "<SystemCommitCharge>1900</SystemCommitCharge>"

static seep_memory_notice notice;
static char file_text[8192];

/* Parses an exactly-sized copy, so that a sanitizer sees the first byte read too far. */
static seep_status parse_bytes(const char *text, size_t size, seep_error *error)
{
  char *copy = malloc(size > 0 ? size : 1);
  assert_non_null(copy);
  memcpy(copy, text, size);
  seep_status status = seep_memory_notice_parse(copy, size, &notice, error);
  free(copy);
  return status;
}

static void parse_ok(const char *text)
{
  memset(&notice, 0xA5, sizeof notice);
  assert_int_equal(parse_bytes(text, strlen(text), NULL), SEEP_OK);
}

static size_t read_fixture(const char *name)
{
  char path[1024];
  snprintf(path, sizeof path, "%s/event2004/%s", SEEP_FIXTURES, name);
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  size_t size = fread(file_text, 1, sizeof file_text - 1, file);
  fclose(file);
  assert_in_range(size, 500, sizeof file_text - 2);
  file_text[size] = '\0';
  return size;
}

static seep_filetime filetime(const char *text)
{
  seep_filetime value = 0;
  assert_true(seep_filetime_parse(text, strlen(text), &value));
  return value;
}

static void check_commit(uint64_t limit, uint64_t charge)
{
  assert_true(notice.has_commit == (limit != 0 && charge != 0));
  assert_true(notice.commit_limit_bytes == limit);
  assert_true(notice.commit_charge_bytes == charge);
}

static void the_composed_files(void **state)
{
  (void)state;
  (void)read_fixture("notices/composed-1003-userdata.xml");
  parse_ok(file_text);
  assert_int_equal(notice.event_id, 1003);
  assert_true(notice.time_created == filetime("2025-03-18T21:05:42.9403117Z"));
  assert_int_equal(notice.record_id, 318);
  check_commit(21474234368, 21353439232);
  assert_false(notice.has_error);
  (void)read_fixture("notices/composed-1003-eventviewer.xml");
  parse_ok(file_text);
  assert_int_equal(notice.event_id, 1003);
  assert_true(notice.time_created == filetime("2013-02-11T08:14:26.187500000Z"));
  check_commit(8586842112, 8383418368);
  (void)read_fixture("notices/composed-1008-eventdata.xml");
  parse_ok(file_text);
  assert_int_equal(notice.event_id, 1008);
  assert_int_equal(notice.record_id, 319);
  check_commit(0, 0);
  assert_true(notice.has_error);
  assert_int_equal(notice.error_code, 1455);
}

static void values_wherever_they_stand_under_user_data(void **state)
{
  (void)state;
  parse_ok(USER("1003", LIMIT CHARGE));
  check_commit(2000, 1900);
  parse_ok(USER("1003", CHARGE "<Other>7</Other>" LIMIT));
  check_commit(2000, 1900);
  parse_ok(EVENT("1003", "<UserData>" LIMIT CHARGE "</UserData>"));
  check_commit(2000, 1900);
  parse_ok(USER("1003", "<A><B>" LIMIT "</B></A><C>" CHARGE "</C>"));
  check_commit(2000, 1900);
  parse_ok(USER("1008", "<ErrorCode>8</ErrorCode>"));
  assert_true(notice.has_error && notice.error_code == 8);
  /* the order of System and data does not matter either */
  parse_ok("<Event><UserData><Any>" LIMIT CHARGE "</Any></UserData>" SYSTEM("1003") "</Event>");
  check_commit(2000, 1900);
}

static void values_as_named_data(void **state)
{
  (void)state;
  parse_ok(DATA("1003", "<Data Name='SystemCommitCharge'>1900</Data><Data Type='x' "
                        "Name=\"SystemCommitLimit\">2000</Data>"));
  check_commit(2000, 1900);
  parse_ok(DATA("1008", "<Data Name='Error&#67;ode'> 1455\r\n</Data>"));
  assert_true(notice.has_error && notice.error_code == 1455);
  /* without names nothing says what is what */
  parse_ok(DATA("1003", "<Data>2000</Data><Data>1900</Data><SystemCommitLimit>5</SystemCommitLimit>"));
  check_commit(0, 0);
  parse_ok(DATA("1003", "<Item Name='SystemCommitLimit'>5</Item><Data name='SystemCommitLimit'>5</Data>"
                        "<Data Name='SystemCommitLimits'>5</Data><Data Name=''>5</Data>"));
  check_commit(0, 0);
}

static void equal_names_elsewhere_are_not_taken(void **state)
{
  (void)state;
  parse_ok(EVENT("1003",
                 LIMIT CHARGE "<ProcessingErrorData><ErrorCode>15003</ErrorCode></ProcessingErrorData>"
                              "<UserData/><RenderingInfo>" LIMIT "</RenderingInfo>"));
  check_commit(0, 0);
  assert_false(notice.has_error);
  parse_ok("<Event><System>" PROVIDER "<EventID>1003</EventID>" LIMIT CHARGE "</System>"
           "<Other><UserData>" LIMIT CHARGE "</UserData></Other></Event>");
  check_commit(0, 0);
  /* what stands inside a value is no value */
  parse_ok(
      USER("1003", "<SystemCommitLimit>20<SystemCommitCharge>5</SystemCommitCharge>00</SystemCommitLimit>"));
  check_commit(2000, 0);
}

static void prefixes_comments_cdata_and_entities(void **state)
{
  (void)state;
  parse_ok("<e:Event xmlns:e='u'><e:System><e:Provider "
           "Name='Microsoft-Windows-Resource-Exhaustion-Detector'/><e:EventID "
           "Qualifiers=''>10<!-- 0 -->03</e:EventID></e:System><e:UserData><m:X xmlns:m='v'>"
           "<m:SystemCommitLimit>2<![CDATA[00]]>0</m:SystemCommitLimit>"
           "<m:SystemCommitCharge>19&#48;&#x30;</m:SystemCommitCharge></m:X></e:UserData></e:Event>");
  assert_int_equal(notice.event_id, 1003);
  check_commit(2000, 1900);
}

static void missing_values_are_zero(void **state)
{
  (void)state;
  parse_ok(EVENT("1003", ""));
  assert_int_equal(notice.event_id, 1003);
  assert_true(notice.time_created == 0 && notice.record_id == 0);
  check_commit(0, 0);
  assert_false(notice.has_error);
  parse_ok(USER("1003", LIMIT));
  check_commit(2000, 0);
  parse_ok(USER("1003", CHARGE "<SystemCommitLimit></SystemCommitLimit>"));
  check_commit(0, 1900);
  parse_ok(USER("1008", "<ErrorCode/>"));
  assert_false(notice.has_error);
  parse_ok(USER("1008", "<ErrorCode>0</ErrorCode>"));
  assert_true(notice.has_error && notice.error_code == 0);
}

static uint64_t limit_of(const char *digits)
{
  char text[1024];
  snprintf(text, sizeof text, USER("1003", "<SystemCommitLimit>%s</SystemCommitLimit>"), digits);
  parse_ok(text);
  return notice.commit_limit_bytes;
}

static void hostile_numbers(void **state)
{
  static const char *const absent[] = {
      "18446744073709551616",
      "99999999999999999999999999",
      "-1",
      "+1",
      "0x10",
      "1 2",
      "1.5",
      "1e3",
      "x",
      "%1",
      "000000000000000000000000000000000000000000000000000000000000000000000000000000000042"};
  (void)state;
  assert_true(limit_of("18446744073709551615") == UINT64_MAX);
  assert_true(limit_of("000000000000000000000042") == 42);
  for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
    assert_true(limit_of(absent[i]) == 0);
  }
  parse_ok(USER("1008", "<ErrorCode>4294967295</ErrorCode>"));
  assert_true(notice.has_error && notice.error_code == UINT32_MAX);
  parse_ok(USER("1008", "<ErrorCode>4294967296</ErrorCode>"));
  assert_true(!notice.has_error && notice.error_code == 0);
  /* the last one counts, even when it says nothing */
  parse_ok(USER("1003", LIMIT CHARGE "<SystemCommitLimit>many</SystemCommitLimit>"));
  check_commit(0, 1900);
}

static void other_events_are_unsupported(void **state)
{
  static const char *const cases[] = {
      "<Event/>",
      "<x/>",
      "<Events/>",
      USER("2004", LIMIT CHARGE),
      USER("1001", ""),
      USER("10030", ""),
      USER("4294968299", ""), /* 2^32 + 1003 */
      USER("", ""),
      "<Event><System><EventID>1003</EventID></System></Event>",
      "<Event><System><Provider Name='Microsoft-Windows-Resource-Exhaustion-Resolver'/>"
      "<EventID>1003</EventID></System></Event>",
      "<Event><System>" PROVIDER "<Provider Name='x'/><EventID>1003</EventID></System></Event>",
      "<Event><UserData>" SYSTEM("1003") "</UserData></Event>",
      "<x><Event>" SYSTEM("1003") "</Event></x>",
      "<Events><x>" EVENT("1003", "") "</x></Events>",
      "<Events>" EVENT("1003", "") EVENT("1008", "") "</Events>",
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    seep_error error = {0};
    seep_memory_notice before;
    memset(&notice, 0xA5, sizeof notice);
    before = notice;
    assert_int_equal(parse_bytes(cases[i], strlen(cases[i]), &error), SEEP_UNSUPPORTED);
    assert_int_equal(error.status, SEEP_UNSUPPORTED);
    assert_true(error.subject[0] != '\0');
    assert_memory_equal(&before, &notice, sizeof notice);
  }
}

static void every_prefix_is_refused(void **state)
{
  size_t size = read_fixture("notices/composed-1003-userdata.xml");
  seep_memory_notice before;
  (void)state;
  memset(&notice, 0xA5, sizeof notice);
  before = notice;
  for (size_t cut = 0; cut < size; cut++) {
    seep_error error = {0};
    assert_int_equal(parse_bytes(file_text, cut, &error), SEEP_CORRUPT);
    assert_int_equal(error.domain, SEEP_DOMAIN_FORMAT);
    assert_true(error.code >= 0 && (size_t)error.code <= cut);
  }
  assert_memory_equal(&before, &notice, sizeof notice);
}

static void every_changed_byte_is_survived(void **state)
{
  static const char changes[] = {'\0', '<', '>', '&', '\'', '9', '\x80'};
  size_t size = read_fixture("notices/composed-1008-eventdata.xml");
  (void)state;
  for (size_t at = 0; at < size; at++) {
    char original = file_text[at];
    for (size_t i = 0; i < sizeof changes; i++) {
      file_text[at] = changes[i];
      seep_status status = parse_bytes(file_text, size, NULL);
      assert_true(status == SEEP_OK || status == SEEP_CORRUPT || status == SEEP_UNSUPPORTED);
      assert_true(changes[i] != '\0' || status == SEEP_CORRUPT);
    }
    file_text[at] = original;
  }
}

static void broken_and_too_large(void **state)
{
  static const char text[] = EVENT("1003", "");
  size_t size = SEEP_EXHAUSTION_MAXIMUM_BYTES + 1;
  char *large = malloc(size);
  seep_error error = {0};
  (void)state;
  assert_non_null(large);
  memset(large, ' ', size);
  memcpy(large, text, sizeof text - 1);
  assert_int_equal(seep_memory_notice_parse(large, size, &notice, &error), SEEP_LIMIT);
  assert_int_equal(error.status, SEEP_LIMIT);
  assert_int_equal(seep_memory_notice_parse(large, size - 1, &notice, NULL), SEEP_OK);
  free(large);
  assert_int_equal(seep_memory_notice_parse(NULL, 0, &notice, &error), SEEP_CORRUPT);
  assert_int_equal(parse_bytes("\xFF\xFE<\0E\0", 6, &error), SEEP_CORRUPT);
  assert_int_equal(error.code, 3);
  assert_int_equal(parse_bytes("<!DOCTYPE Event><Event/>", 24, &error), SEEP_CORRUPT);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_composed_files),
      cmocka_unit_test(values_wherever_they_stand_under_user_data),
      cmocka_unit_test(values_as_named_data),
      cmocka_unit_test(equal_names_elsewhere_are_not_taken),
      cmocka_unit_test(prefixes_comments_cdata_and_entities),
      cmocka_unit_test(missing_values_are_zero),
      cmocka_unit_test(hostile_numbers),
      cmocka_unit_test(other_events_are_unsupported),
      cmocka_unit_test(every_prefix_is_refused),
      cmocka_unit_test(every_changed_byte_is_survived),
      cmocka_unit_test(broken_and_too_large),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
