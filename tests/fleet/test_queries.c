/*
 * What the shipped samples make an engine collect: Windows Event Forwarding, Azure Monitor Agent and the
 * OpenTelemetry Collector must all select our source in Application and Event 2004 in System, exactly these,
 * and be written in words that their owners document.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/text.h"
#include "fleet_file.h"
#include "observe/xml.h"
#include "report/alert.h"
#include "selection.h"

#define DETECTOR "Microsoft-Windows-Resource-Exhaustion-Detector"

static char source[64]; /* our event source, as service/wiring.c registers it */

static int load(void **state)
{
  (void)state;
  size_t size = 0;
  char *text = fleet_file(SEEP_ROOT "/service/wiring.c", &size);
  const char *at = strstr(text, "#define SOURCE \"");
  if (at != NULL) {
    at += strlen("#define SOURCE \"");
    (void)seep_text_copy_bytes(source, sizeof source, at, strcspn(at, "\""));
  }
  free(text);
  return source[0] != '\0' ? 0 : -1;
}

static void assert_selects_ours(const selection *found, size_t count)
{
  assert_int_equal(count, 2);
  assert_string_equal(found[0].channel, "Application");
  assert_string_equal(found[0].provider, source);
  assert_int_equal(found[0].event_id, 0);
  assert_string_equal(found[1].channel, "System");
  assert_string_equal(found[1].provider, DETECTOR);
  assert_int_equal(found[1].event_id, 2004);
}

/* ---- Windows Event Forwarding ---- */

/* In the order of Microsoft's own sample (Wecutil.exe in the Windows documentation). */
static const char *const subscription_elements[] = {"Subscription",
                                                    "SubscriptionId",
                                                    "SubscriptionType",
                                                    "Description",
                                                    "Enabled",
                                                    "Uri",
                                                    "ConfigurationMode",
                                                    "Delivery",
                                                    "Batching",
                                                    "MaxItems",
                                                    "MaxLatencyTime",
                                                    "PushSettings",
                                                    "Heartbeat",
                                                    "Expires",
                                                    "Query",
                                                    "ReadExistingEvents",
                                                    "TransportName",
                                                    "ContentFormat",
                                                    "Locale",
                                                    "LogFile",
                                                    "AllowedSourceNonDomainComputers",
                                                    "AllowedSourceDomainComputers"};

static size_t place_of(seep_xml_slice name)
{
  for (size_t i = 0; i < sizeof subscription_elements / sizeof subscription_elements[0]; i++) {
    if (seep_xml_slice_is(name, subscription_elements[i])) {
      return i;
    }
  }
  fail_msg("%.*s is no element of a subscription", (int)name.size, name.data);
  return 0;
}

/* The text of one element of the subscription. */
static void subscription_text(const char *element, char *out, size_t out_size)
{
  size_t size = 0;
  char *text = fleet_file(SEEP_ROOT "/config/fleet/wef-subscription.xml", &size);
  seep_xml reader;
  seep_xml_init(&reader, text, size);
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  seep_xml_token token = seep_xml_next(&reader);
  size_t inside = 0;
  for (; token != SEEP_XML_END && token != SEEP_XML_ERROR; token = seep_xml_next(&reader)) {
    if (token == SEEP_XML_OPEN && seep_xml_slice_is(reader.name, element)) {
      inside = reader.depth;
    } else if (token == SEEP_XML_TEXT && inside != 0 && inside == reader.depth) {
      seep_xml_write_text(&reader, &writer);
    } else if (token == SEEP_XML_CLOSE && seep_xml_slice_is(reader.name, element)) {
      break;
    }
  }
  assert_int_equal(token, SEEP_XML_CLOSE);
  assert_false(writer.cut);
  free(text);
}

static void the_subscription_is_made_of_documented_elements(void **state)
{
  (void)state;
  size_t size = 0;
  char *text = fleet_file(SEEP_ROOT "/config/fleet/wef-subscription.xml", &size);
  seep_xml reader;
  seep_xml_init(&reader, text, size);
  size_t next = 0;
  unsigned elements = 0;
  seep_xml_token token = seep_xml_next(&reader);
  for (; token != SEEP_XML_END; token = seep_xml_next(&reader)) {
    if (token == SEEP_XML_ERROR) {
      fail_msg("wef-subscription.xml: %s at byte %u", reader.problem, (unsigned)reader.position);
    }
    if (token == SEEP_XML_OPEN) {
      size_t place = place_of(reader.name);
      assert_true(place >= next);
      next = place + 1;
      elements++;
    }
  }
  assert_in_range(elements, 15, sizeof subscription_elements / sizeof subscription_elements[0]);
  free(text);

  char value[128];
  subscription_text("SubscriptionType", value, sizeof value);
  assert_string_equal(value, "SourceInitiated");
  /* Delivery settings of one's own are refused in any other mode. */
  subscription_text("ConfigurationMode", value, sizeof value);
  assert_string_equal(value, "Custom");
}

static size_t subscription_selections(selection found[SELECTIONS])
{
  char query[2048];
  subscription_text("Query", query, sizeof query);
  const char *list = query + strspn(query, " \r\n");
  return selection_of_list(list, strlen(list), found);
}

static void the_subscription_selects_ours(void **state)
{
  (void)state;
  selection found[SELECTIONS];
  assert_selects_ours(found, subscription_selections(found));
}

static bool taken(const char *channel, const char *provider, unsigned id)
{
  char xml[1024];
  selection found[SELECTIONS];
  size_t count = subscription_selections(found);
  bool any = false;
  snprintf(xml, sizeof xml,
           "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
           "<Provider Name='%s'/><EventID Qualifiers='32768'>%u</EventID><Level>3</Level>"
           "<Channel>%s</Channel><Computer>srv.example</Computer></System>"
           "<EventData><Data>a.exe</Data></EventData></Event>",
           provider, id, channel);
  for (size_t i = 0; i < count; i++) {
    any = any || selection_takes(&found[i], xml, strlen(xml));
  }
  return any;
}

static void every_event_of_ours_is_taken_and_no_other(void **state)
{
  (void)state;
  unsigned events = 0;
  for (const seep_alert_definition *event = seep_alert_definitions(); event->id != 0; event++) {
    assert_true(taken("Application", source, event->id));
    events++;
  }
  assert_true(events > 30);
  assert_true(taken("System", DETECTOR, 2004));
  assert_false(taken("System", DETECTOR, 2005));
  assert_false(taken("Application", DETECTOR, 2004));
  assert_false(taken("System", source, 200));
  assert_false(taken("Application", "seepwatch2", 200));
  assert_false(taken("Application", "Application Error", 1000));
}

/* Composed from recorded ones, in both styles that Windows has. */
static void events_2004_of_both_styles_are_taken(void **state)
{
  (void)state;
  static const char *const files[] = {"composed-win10-evtrender.xml", "composed-win7-eventviewer.xml"};
  selection found[SELECTIONS];
  assert_int_equal(subscription_selections(found), 2);
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    char path[512];
    size_t size = 0;
    snprintf(path, sizeof path, SEEP_FIXTURES "/event2004/%s", files[i]);
    char *text = fleet_file(path, &size);
    assert_false(selection_takes(&found[0], text, size));
    assert_true(selection_takes(&found[1], text, size));
    free(text);
  }
}

static void other_forms_of_a_query_are_not_understood(void **state)
{
  (void)state;
  static const char *const wrong[] = {"*",
                                      "*[System[Provider[@Name='seepwatch]]]",
                                      "*[System[Provider[@Name='']]]",
                                      "*[System[Provider[@Name='seepwatch']]",
                                      "*[System[Provider[@Name='seepwatch']]] ",
                                      "*[System[Provider[@Name='seepwatch'] or EventID=2004]]",
                                      "*[System[Provider[@Name='seepwatch'] and EventID=]]"};
  selection found;
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    assert_false(selection_of_xpath("Application", wrong[i], &found));
  }
  assert_true(selection_of_xpath("Application", "*[System[Provider[@Name='seepwatch']]]", &found));
}

/* ---- Azure Monitor Agent ---- */

static const cJSON *only(const cJSON *parent, const char *name)
{
  const cJSON *array = cJSON_GetObjectItemCaseSensitive(parent, name);
  assert_true(cJSON_IsArray(array));
  assert_int_equal(cJSON_GetArraySize(array), 1);
  return cJSON_GetArrayItem(array, 0);
}

static const char *text_of(const cJSON *parent, const char *name)
{
  const char *text =
      cJSON_GetStringValue(name != NULL ? cJSON_GetObjectItemCaseSensitive(parent, name) : parent);
  assert_non_null(text);
  return text;
}

static void the_data_collection_rule_selects_ours(void **state)
{
  (void)state;
  size_t size = 0;
  char *text = fleet_file(SEEP_ROOT "/config/fleet/azure-monitor-dcr.json", &size);
  cJSON *rule = cJSON_Parse(text);
  assert_non_null(rule);
  const cJSON *properties = cJSON_GetObjectItemCaseSensitive(rule, "properties");
  const cJSON *input = only(cJSON_GetObjectItemCaseSensitive(properties, "dataSources"), "windowsEventLogs");
  const cJSON *target = only(cJSON_GetObjectItemCaseSensitive(properties, "destinations"), "logAnalytics");
  const cJSON *flow = only(properties, "dataFlows");
  assert_string_equal(text_of(only(input, "streams"), NULL), text_of(only(flow, "streams"), NULL));
  assert_string_equal(text_of(only(flow, "destinations"), NULL), text_of(target, "name"));

  selection found[SELECTIONS];
  size_t count = 0;
  const cJSON *query = NULL;
  cJSON_ArrayForEach(query, cJSON_GetObjectItemCaseSensitive(input, "xPathQueries"))
  {
    char channel[64];
    const char *both = text_of(query, NULL);
    const char *mark = strchr(both, '!');
    assert_non_null(mark);
    assert_true(count < SELECTIONS);
    (void)seep_text_copy_bytes(channel, sizeof channel, both, (size_t)(mark - both));
    assert_true(selection_of_xpath(channel, mark + 1, &found[count]));
    count++;
  }
  assert_selects_ours(found, count);
  cJSON_Delete(rule);
  free(text);
}

/* ---- OpenTelemetry Collector ---- */

static void the_collector_selects_ours(void **state)
{
  (void)state;
  static const char end[] = "</QueryList>";
  size_t size = 0;
  char *text = fleet_file(SEEP_ROOT "/config/fleet/otel-collector.yaml", &size);
  selection found[SELECTIONS];
  size_t count = 0;
  for (const char *at = strstr(text, "<QueryList>"); at != NULL; at = strstr(at + 1, "<QueryList>")) {
    const char *behind = strstr(at, end);
    assert_non_null(behind);
    selection one[SELECTIONS];
    assert_int_equal(selection_of_list(at, (size_t)(behind - at) + sizeof end - 1, one), 1);
    assert_true(count < SELECTIONS);
    found[count++] = one[0];
  }
  assert_selects_ours(found, count);
  free(text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_subscription_is_made_of_documented_elements),
      cmocka_unit_test(the_subscription_selects_ours),
      cmocka_unit_test(every_event_of_ours_is_taken_and_no_other),
      cmocka_unit_test(events_2004_of_both_styles_are_taken),
      cmocka_unit_test(other_forms_of_a_query_are_not_understood),
      cmocka_unit_test(the_data_collection_rule_selects_ours),
      cmocka_unit_test(the_collector_selects_ours),
  };
  return cmocka_run_group_tests(tests, load, NULL);
}
