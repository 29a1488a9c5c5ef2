/*
 * The arithmetic of config/fleet/README.md stands on the size of our events. Here each event is put together
 * as a receiver gets it - envelope, inserts of ordinary length, text from service/messages.mc - and measured;
 * the README's table may round up, but neither promise less nor frighten with twice as much.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fleet_file.h"
#include "report/alert.h"
#include "settings/settings.h"

static char *catalogue;

static int load(void **state)
{
  (void)state;
  size_t size = 0;
  catalogue = fleet_file(SEEP_ROOT "/service/messages.mc", &size);
  return 0;
}

static int unload(void **state)
{
  (void)state;
  free(catalogue);
  return 0;
}

/* ---- inserts as they ordinarily are ---- */

static const struct {
  const char *part; /* of an insert's label */
  const char *value;
} samples[] = {
    {"largest", "sqlservr.exe (1820) 42.1 GB, w3wp.exe (4312) 3.98 GB, MsMpEng.exe (2204) 412 MB"},
    {"other processes", "MsMpEng.exe (2204) 412 MB, svchost.exe (1012) 220 MB, dwm.exe (988) 190 MB"},
    {"recordings", "3 saved and 1 failed"},
    {"recorder", "idle"},
    {"pid", "4312"},
    {"created", "2026-11-22T12:00:00Z"},
    {"since", "2026-11-22T12:00:00Z"},
    {"event time", "2026-11-22T12:00:00Z"},
    {"record id", "184467"},
    {"polls", "2880"},
    {"processes", "142"},
    {"open leaks", "1"},
    {"percent", "83"},
    {"uptime", "31 d 4 h"},
    {"lasted", "3 d 7 h"},
    {"duration", "14 min 52 s"},
    {"time left", "2 d 5 h"},
    {"confidence", "93 % that it is no noise"},
    {"slope", "180 MB per hour"},
    {"rate", "180 MB per hour"},
    {"image", "w3wp.exe"},
    {"signature", "9f86d081884c7d659a2feaa0c55ad015"},
    {"path", "C:\\ProgramData\\Seepwatch\\captures\\2026-11-22T120000Z-w3wp.exe-4312-virtualalloc.etl.gz"},
    {"recording",
     "C:\\ProgramData\\Seepwatch\\captures\\2026-11-22T120000Z-w3wp.exe-4312-virtualalloc.etl.gz"},
    {"evidence lies in",
     "C:\\ProgramData\\Seepwatch\\ (\"seepwatch leaks\" and \"seepwatch history\" read it)"},
    {"evidence",
     "it was smallest at 1.00 GB in the first eighth of 17 h, and never below 3.61 GB in the last; "
     "each eighth was above the one before, and noise is 3 MB"},
    {"report", "it grows steadily, by more than 8 MB and faster than 100 KB per hour, for longer than 19 h"},
    {"services", "W3SVC, WAS"},
    {"done", "looked into twice; the kind of memory is known; a recording was begun at 12:00"},
    {"follows",
     "the processes above are looked at every 5 s for an hour, and a recording of the first is begun"},
    {"growing", "w3wp.exe (4312) 180 MB per hour"},
    {"process ", "sqlservr.exe (process 1820), 42.1 GB, since 2026-11-01, 18 days older than the event"},
    {"pools", "paged 489 MB (MmSt 67 MB, Ntff 42 MB), nonpaged 373 MB (EtwB 84 MB, ConT 30 MB)"},
    {"explained", "93 % of what is committed belongs to processes"},
    {"leaking", "w3wp.exe (4312) 180 MB per hour"},
    {"remark", "half of the bytes lie in 12 allocations of the same size; some calls have no symbol"},
    {"reason", "the process has ended, and its successor has not grown for 19 h"},
    {"function", "CCache::Insert+0x1f4"},
    {"module", "fancycache.dll"},
    {"company", "Contoso Software GmbH"},
    {"version", "4.2.1099.0"},
    {"what is recorded", "calls of VirtualAlloc with their stacks"},
    {"events", "1284412 events of 38112 allocations"},
};

static const char *sample_of(const char *label)
{
  for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
    if (strstr(label, samples[i].part) != NULL) {
      return samples[i].value;
    }
  }
  return "15.9 GB (17179869184 bytes)";
}

/* ---- an event as a receiver gets it, in characters ---- */

static size_t escaped_length(const char *text)
{
  size_t length = 0;
  for (; *text != '\0'; text++) {
    length += *text == '<' || *text == '>' ? 4 : *text == '&' ? 5 : 1;
  }
  return length;
}

static size_t text_length(const seep_alert *alert)
{
  static const char heading[] = "Language=English\r\n";
  char wanted[32];
  snprintf(wanted, sizeof wanted, "\nMessageId=%u\r\n", (unsigned)alert->id);
  const char *at = strstr(catalogue, wanted);
  assert_non_null(at);
  at = strstr(at, heading);
  assert_non_null(at);
  size_t length = 0;
  for (at += sizeof heading - 1; strncmp(at, ".\r\n", 3) != 0 || at[-1] != '\n'; at++) {
    if (*at != '%') {
      length++;
      continue;
    }
    char *end = NULL;
    unsigned long number = strtoul(at + 1, &end, 10);
    assert_in_range(number, 1, alert->insert_count);
    length += escaped_length(alert->inserts[number - 1]);
    at = (strncmp(end, "!S!", 3) == 0 ? end + 3 : end) - 1;
  }
  return length;
}

static size_t envelope_length(void)
{
  /* The form is in the reference: event-log, 4.1. */
  static const char envelope[] =
      "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
      "Name='seepwatch'/>"
      "<EventID Qualifiers='32768'>200</EventID><Version>0</Version><Level>3</Level><Task>0</Task>"
      "<Opcode>0</Opcode><Keywords>0x80000000000000</Keywords>"
      "<TimeCreated SystemTime='2026-11-22T12:00:00.1234567Z'/><EventRecordID>123456</EventRecordID>"
      "<Correlation/><Execution ProcessID='0' ThreadID='0'/><Channel>Application</Channel>"
      "<Computer>server-0001.corp.example.com</Computer><Security/></System><EventData></EventData></Event>";
  return sizeof envelope - 1;
}

static size_t rendering_length(void)
{
  static const char rendering[] =
      "<RenderingInfo "
      "Culture='en-US'><Message></Message><Level>Warning</Level><Task></Task><Opcode>Info</Opcode>"
      "<Channel></Channel><Provider></Provider><Keywords><Keyword>Classic</Keyword></Keywords></"
      "RenderingInfo>";
  return sizeof rendering - 1;
}

static void measure(uint32_t id, size_t *events, size_t *rendered)
{
  static seep_alert alert;
  const seep_alert_definition *definition = seep_alert_definition_of(id);
  seep_alert_init(&alert, id);
  *events = envelope_length();
  for (size_t i = 0; i < definition->insert_count; i++) {
    seep_alert_add_text(&alert, sample_of(definition->insert_names[i]));
    *events += strlen("<Data></Data>") + escaped_length(alert.inserts[i]);
  }
  *rendered = *events + rendering_length() + text_length(&alert);
}

static void the_readme_tells_the_size_of_events(void **state)
{
  (void)state;
  size_t size = 0;
  char *text = fleet_file(SEEP_ROOT "/config/fleet/README.md", &size);
  const char *at = strstr(text, "| id | event |");
  assert_non_null(at);
  char line[512];
  unsigned rows = 0;
  (void)fleet_line(&at, line, sizeof line);
  (void)fleet_line(&at, line, sizeof line);
  while (fleet_line(&at, line, sizeof line) != NULL && line[0] == '|') {
    unsigned id = 0, events_told = 0, rendered_told = 0;
    assert_int_equal(sscanf(line, "| %u | %*[^|] | %u | %u |", &id, &events_told, &rendered_told), 3);
    size_t events = 0, rendered = 0;
    assert_non_null(seep_alert_definition_of(id));
    measure(id, &events, &rendered);
    if (events > events_told || events_told > 2 * events || rendered > rendered_told ||
        rendered_told > 2 * rendered) {
      fail_msg("event %u has %u and %u characters, the README says %u and %u", id, (unsigned)events,
               (unsigned)rendered, events_told, rendered_told);
    }
    rows++;
  }
  assert_in_range(rows, 8, 40);
  free(text);
}

/* Of an event, as the README's table has it rendered. */
static unsigned told_characters(const char *text, uint32_t id)
{
  char row[32];
  unsigned events = 0, rendered = 0;
  snprintf(row, sizeof row, "\n| %u | ", (unsigned)id);
  const char *at = strstr(text, row);
  assert_non_null(at);
  assert_int_equal(sscanf(at, "\n| %*u | %*[^|] | %u | %u |", &events, &rendered), 2);
  return rendered;
}

/* A day on which everything comes as often as it can: two lines of the README, reckoned again. */
static void the_ceiling_is_what_the_defaults_allow(void **state)
{
  (void)state;
  static const unsigned notices = 289, notice_characters = 6500, hours = 24, servers = 10000;
  size_t size = 0, plain = 0, held_back = 0;
  char *text = fleet_file(SEEP_ROOT "/config/fleet/README.md", &size);
  char expected[160];
  seep_settings settings;
  seep_settings_defaults(&settings);
  measure(SEEP_ALERT_HELD_BACK, &plain, &held_back);
  const unsigned about_processes = hours * settings.alerts_per_hour;
  /* Each Event 2004 may name others than the one before it, and is answered then. */
  const double events = about_processes + hours + 2 * notices;
  const double characters =
      (double)about_processes * told_characters(text, SEEP_ALERT_RAPID_GROWTH) + hours * (double)held_back +
      notices * (double)(told_characters(text, SEEP_ALERT_EXHAUSTION) + notice_characters);
  snprintf(expected, sizeof expected,
           "\n| ceiling | %u,%03u | see below, with the defaults | %.1f million | %.0f MB |\n",
           (unsigned)events / 1000, (unsigned)events % 1000, characters / 1e6, 2 * characters / 1e6);
  print_message("%s", expected + 1);
  assert_non_null(strstr(text, expected));
  snprintf(expected, sizeof expected,
           "\n| all of them at the ceiling | %.1f million | %.0f | %.0f GB | %.0f GB |\n",
           events * servers / 1e6, events * servers / 86400, 2 * characters * servers / 1e9,
           2 * characters * servers / 3e9);
  print_message("%s", expected + 1);
  assert_non_null(strstr(text, expected));
  free(text);
}

/* Every insert as long as it may be: what the README calls the largest event there can be. */
static void no_event_is_larger_than_the_readme_says(void **state)
{
  (void)state;
  size_t size = 0;
  char *text = fleet_file(SEEP_ROOT "/config/fleet/README.md", &size);
  const char *at = strstr(text, "The largest event there can be has ");
  assert_non_null(at);
  unsigned told = 0;
  assert_int_equal(sscanf(at, "The largest event there can be has %u characters", &told), 1);
  static seep_alert alert;
  static char full[SEEP_ALERT_INSERT_SIZE];
  memset(full, 'x', sizeof full - 1);
  size_t largest = 0;
  for (const seep_alert_definition *event = seep_alert_definitions(); event->id != 0; event++) {
    char wanted[32];
    snprintf(wanted, sizeof wanted, "\nMessageId=%u\r\n", (unsigned)event->id);
    if (strstr(catalogue, wanted) == NULL) {
      fail_msg("event %u has no text", (unsigned)event->id);
    }
    seep_alert_init(&alert, event->id);
    for (size_t i = 0; i < event->insert_count; i++) {
      seep_alert_add_text(&alert, full);
    }
    size_t length = envelope_length() + rendering_length() + text_length(&alert) +
                    event->insert_count * (strlen("<Data></Data>") + SEEP_ALERT_INSERT_SIZE - 1);
    largest = length > largest ? length : largest;
  }
  print_message("the largest event there can be has %u characters\n", (unsigned)largest);
  assert_in_range(largest, told / 2, told);
  free(text);
}

/* For whoever corrects the README: what the table should say. */
static void sizes_are_printed(void **state)
{
  (void)state;
  for (const seep_alert_definition *event = seep_alert_definitions(); event->id != 0; event++) {
    size_t events = 0, rendered = 0;
    measure(event->id, &events, &rendered);
    print_message("%u: %u characters, with its text %u\n", (unsigned)event->id, (unsigned)events,
                  (unsigned)rendered);
    assert_true(events > envelope_length() && rendered > events);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sizes_are_printed),
      cmocka_unit_test(the_readme_tells_the_size_of_events),
      cmocka_unit_test(the_ceiling_is_what_the_defaults_allow),
      cmocka_unit_test(no_event_is_larger_than_the_readme_says),
  };
  return cmocka_run_group_tests(tests, load, unload);
}
