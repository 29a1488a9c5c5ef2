/* Which event a document holds, and what is said when it is not the one that is wanted. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "observe/event_header.h"
#include "observe/exhaustion.h"

#define DETECTOR "Microsoft-Windows-Resource-Exhaustion-Detector"
#define EVENT(provider, id)                                                                                  \
  "<Event><System><Provider Name='" provider "'/><EventID>" id "</EventID></System></Event>"
#define DEEP_EVENT_DEPTH 2u

static seep_event_header header;

static seep_status see(const char *text, seep_error *error)
{
  seep_xml xml;
  seep_xml_token token;
  seep_xml_init(&xml, text, strlen(text));
  seep_event_header_init(&header, 1003, 1008);
  do {
    token = seep_xml_next(&xml);
    seep_event_header_see(&header, &xml, token);
  } while (token != SEEP_XML_END && token != SEEP_XML_ERROR);
  assert_int_equal(token, SEEP_XML_END);
  assert_int_equal(header.event_depth, 0);
  return seep_event_header_judge(&header, "Event 1003 or 1008", error);
}

static void the_values(void **state)
{
  (void)state;
  assert_int_equal(
      see("<e:Event xmlns:e='u'><e:System><e:Provider Guid='{0}' Name=\"" DETECTOR "\"/><e:EventID "
          "Qualifiers='0'>\n10<!-- x -->08 </e:EventID><e:TimeCreated SystemTime=' "
          "2025-03-18T21:05:44.1876302Z'/><e:EventRecordID>18446744073709551615</e:EventRecordID></e:System>"
          "<e:UserData><e:EventID>3</e:EventID></e:UserData></e:Event>",
          NULL),
      SEEP_OK);
  assert_string_equal(header.first.provider, DETECTOR);
  assert_int_equal(header.first.event_id, 1008);
  assert_true(header.first.record_id == UINT64_MAX);
  assert_true(header.first.time_created % 10000000 == 1876302);
}

/* EventID inside of EventID, at the wrong depth, or in a second System that is none. */
static void only_the_right_place_counts(void **state)
{
  (void)state;
  assert_int_equal(see("<Event><EventID>5</EventID><System><Provider Name='" DETECTOR "'><EventID>6</EventID>"
                       "</Provider><EventID>10<EventID>7</EventID>03</EventID></System><Systems><EventID>8"
                       "</EventID></Systems></Event>",
                       NULL),
                   SEEP_OK);
  assert_int_equal(header.first.event_id, 1003);
}

static void what_is_said(void **state)
{
  static const struct {
    const char *xml, *says;
  } cases[] = {
      {"<a/>", "no Event element"},
      {"<Events/>", "no Event element"},
      {"<a><Event/></a>", "no Event element"},
      {"<Event/>", "not Event 1003 or 1008 of " DETECTOR ", but event 0 of no provider"},
      {EVENT(DETECTOR, "2004"), "not Event 1003 or 1008 of " DETECTOR ", but event 2004 of " DETECTOR},
      {EVENT("ESENT", "1003"), "not Event 1003 or 1008 of " DETECTOR ", but event 1003 of ESENT"},
      {EVENT(DETECTOR " ", "1003"),
       "not Event 1003 or 1008 of " DETECTOR ", but event 1003 of " DETECTOR " "},
      {"<Events>" EVENT("ESENT", "642") EVENT("x", "1003") "</Events>",
       "none of 2 events is Event 1003 or 1008 of " DETECTOR "; the first is event 642 of ESENT"},
      {"<Events>" EVENT("ESENT", "642") EVENT(DETECTOR, "1003") EVENT(DETECTOR, "1008") "</Events>",
       "3 events, and 2 of them Event 1003 or 1008; save one alone"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    seep_error error = {0};
    assert_int_equal(see(cases[i].xml, &error), SEEP_UNSUPPORTED);
    assert_int_equal(error.status, SEEP_UNSUPPORTED);
    assert_string_equal(error.subject, cases[i].says);
  }
}

static void a_long_provider_is_cut_and_matches_nothing(void **state)
{
  char xml[1024];
  seep_writer writer;
  seep_error error = {0};
  (void)state;
  seep_writer_init(&writer, xml, sizeof xml);
  seep_writer_text(&writer, "<Event><System><Provider Name='" DETECTOR);
  for (size_t i = 0; i < 100; i++) {
    seep_writer_text(&writer, "\xE2\x82\xAC");
  }
  seep_writer_text(&writer, "'/><EventID>1003</EventID></System></Event>");
  assert_int_equal(see(xml, &error), SEEP_UNSUPPORTED);
  size_t length = strlen(header.first.provider);
  assert_in_range(length, sizeof header.first.provider - 4, sizeof header.first.provider - 1);
  assert_int_equal(seep_text_valid_prefix(header.first.provider, length), length);
}

static void the_depth_of_the_open_event(void **state)
{
  static const char text[] = "<Events>" EVENT("x", "1") "</Events>";
  seep_xml xml;
  (void)state;
  seep_xml_init(&xml, text, sizeof text - 1);
  seep_event_header_init(&header, 1, 1);
  seep_event_header_see(&header, &xml, seep_xml_next(&xml));
  assert_int_equal(header.event_depth, 0);
  seep_event_header_see(&header, &xml, seep_xml_next(&xml));
  assert_int_equal(header.event_depth, DEEP_EVENT_DEPTH);
}

static void what_no_event_is(void **state)
{
  static const char nul[] = "<a>\0</a>";
  seep_error error = {0};
  (void)state;
  assert_int_equal(seep_event_header_admit(nul, sizeof nul - 1, &error), SEEP_CORRUPT);
  assert_int_equal(error.code, 3);
  assert_int_equal(seep_event_header_admit(nul, SEEP_EXHAUSTION_MAXIMUM_BYTES + 1, &error), SEEP_LIMIT);
  assert_int_equal(seep_event_header_admit(nul, 3, &error), SEEP_OK);
  assert_int_equal(seep_event_header_admit(NULL, 0, &error), SEEP_OK);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_values),
      cmocka_unit_test(only_the_right_place_counts),
      cmocka_unit_test(what_is_said),
      cmocka_unit_test(a_long_provider_is_cut_and_matches_nothing),
      cmocka_unit_test(the_depth_of_the_open_event),
      cmocka_unit_test(what_no_event_is),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
