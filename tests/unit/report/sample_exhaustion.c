/* Samples about the memory of the whole server: events 202 and 209 to 214. Windows' events are those of
 * tests/fixtures/event2004, read by the engine as the real ones are. */
#include "unit/report/sample_alerts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "unit/report/sample_server.h"

#define POLLS_PER_HOUR 120u
#define EVENT INT64_C(1742331944187) /* 2025-03-18T21:05:44.187Z, of the fixtures */

static char xml[16384];

static size_t read_event(const char *name)
{
  char path[512];
  snprintf(path, sizeof path, "%s/event2004/%s", SEEP_FIXTURES, name);
  FILE *stream = fopen(path, "rb");
  assert_non_null(stream);
  size_t size = fread(xml, 1, sizeof xml - 1, stream);
  fclose(stream);
  assert_in_range(size, 1, sizeof xml - 2);
  xml[size] = '\0';
  return size;
}

/* Puts another text in the place of what stands between `before` and the next of `end`. Returns the new size.
 */
static size_t put(const char *before, const char *text, char end)
{
  char *at = strstr(xml, before);
  assert_non_null(at);
  at += strlen(before);
  char *rest = strchr(at, end);
  assert_non_null(rest);
  size_t rest_size = strlen(rest) + 1, size = strlen(text);
  assert_true((size_t)(at - xml) + size + rest_size <= sizeof xml);
  memmove(at + size, rest, rest_size);
  memcpy(at, text, size);
  return strlen(xml);
}

static seep_filetime moment(const char *text)
{
  seep_filetime filetime = 0;
  assert_true(seep_filetime_parse(text, strlen(text), &filetime));
  return filetime;
}

/* The server of the composed Event 2004 `ms` before it, with what it names and a dozen of others. */
static sample_server *begin(sample_process processes[16], int64_t ms)
{
  sample_server *server = sample_server_begin(EVENT - ms);
  memset(processes, 0, 16 * sizeof *processes);
  processes[0] = (sample_process){.name = "O'Neil & Gr\xC3\xB6\xC3\x9F"
                                          "e.exe",
                                  .key = {7364, moment("2025-03-17T05:12:08.3317845Z")},
                                  .commit_bytes = UINT64_C(13905170432),
                                  .handles = 41877};
  processes[1] = (sample_process){.name = "java.exe",
                                  .key = {2196, moment("2025-03-02T22:40:55.0096412Z")},
                                  .commit_bytes = UINT64_C(2870153216),
                                  .handles = 3120};
  processes[2] = (sample_process){.name = "vmmem",
                                  .key = {6104, moment("2025-03-02T22:41:30.7752208Z")},
                                  .commit_bytes = UINT64_C(1073741824)};
  processes[3] = (sample_process){.name = "Agent%1.exe",
                                  .key = {9988, moment("2025-03-18T20:58:01.4400913Z")},
                                  .commit_bytes = UINT64_C(201715712),
                                  .handles = 744};
  for (uint32_t i = 4; i < 13; i++) {
    processes[i] = (sample_process){.name = "svchost.exe",
                                    .key = {1000 + 4 * i, moment("2025-03-02T22:40:01.0000000Z")},
                                    .commit_bytes = UINT64_C(202545834),
                                    .handles = 500};
  }
  server->processes = processes;
  return server;
}

/* The evening before it: one process grows until memory is as short as the event says. */
static sample_server *evening(sample_process processes[16], unsigned hours, int64_t bytes_per_hour)
{
  sample_server *server = begin(processes, (int64_t)hours * SEEP_MS_PER_HOUR);
  processes[0].bytes_per_hour = bytes_per_hour;
  processes[0].commit_bytes -= (uint64_t)(bytes_per_hour * (int64_t)hours);
  sample_server_poll(server, hours * POLLS_PER_HOUR);
  return server;
}

static void take(sample_server *server, size_t size)
{
  seep_engine_exhaustion(server->engine, server->now, xml, size, "bookmark", 8);
}

/* ---- before Windows says anything ---- */

static void growth_will_fill_it(seep_alert *alert)
{
  sample_process processes[16];
  sample_server *server = begin(processes, 12 * SEEP_MS_PER_HOUR);
  processes[0].commit_bytes = 3 * SAMPLE_GB;
  processes[0].bytes_per_hour = 2 * (int64_t)SAMPLE_GB;
  sample_server_poll(server, 4 * POLLS_PER_HOUR);
  sample_server_told(SEEP_ALERT_HEADROOM, alert);
}

static void nearly_full(seep_alert *alert)
{
  sample_process processes[16];
  sample_server *server = begin(processes, 12 * SEEP_MS_PER_HOUR);
  processes[0].commit_bytes -= 1 * SAMPLE_GB;
  sample_server_poll(server, POLLS_PER_HOUR);
  sample_server_told(SEEP_ALERT_HEADROOM, alert);
}

static void almost_nothing_left(seep_alert *alert)
{
  sample_process processes[16];
  sample_server *server = begin(processes, 12 * SEEP_MS_PER_HOUR);
  sample_server_poll(server, 4);
  sample_server_told(SEEP_ALERT_HEADROOM, alert);
}

static void enough_again(seep_alert *alert)
{
  sample_process processes[16];
  sample_server *server = evening(processes, 4, SAMPLE_GB);
  processes[0].key.created += 1;
  processes[0].commit_bytes = 300 * SAMPLE_MB;
  processes[0].bytes_per_hour = 0;
  sample_server_poll(server, 2 * POLLS_PER_HOUR);
  sample_server_told(SEEP_ALERT_HEADROOM_OVER, alert);
}

/* ---- Event 2004 ---- */

static void exhausted(seep_alert *alert)
{
  sample_process processes[16];
  sample_server *server = evening(processes, 4, SAMPLE_GB);
  take(server, read_event("composed-win10-evtrender.xml"));
  sample_server_told(SEEP_ALERT_EXHAUSTION, alert);
}

/* All processes together hold 7.3 GB. */
static void exhausted_by_others(seep_alert *alert, const char *nonpaged_pool, const char *largest_tag)
{
  sample_process processes[16];
  sample_server *server = begin(processes, SEEP_MS_PER_HOUR);
  processes[0].commit_bytes = UINT64_C(3005170432);
  server->outside_bytes += UINT64_C(10900000000);
  sample_server_poll(server, POLLS_PER_HOUR);
  read_event("composed-win10-evtrender.xml");
  put("<ProcessCommitCharge>", "7873693696", '<');
  put("<NonPagedPoolUsage>", nonpaged_pool, '<');
  put("<Name>EtwB</Name><PoolUsed>", largest_tag, '<');
  size_t size = put("<CommitCharge>", "3005170432", '<');
  take(server, size);
  sample_server_told(SEEP_ALERT_EXHAUSTION, alert);
}

static void exhausted_by_a_pool(seep_alert *alert)
{
  exhausted_by_others(alert, "11208245248", "10836643136");
}

static void exhausted_by_nobody(seep_alert *alert)
{
  exhausted_by_others(alert, "391643136", "88604672");
}

/* The server was restarted meanwhile: nobody of that evening is there any more. */
static void exhausted_before_the_start(seep_alert *alert)
{
  sample_process processes[16];
  sample_server *server = begin(processes, -14 * SEEP_MS_PER_MINUTE);
  for (size_t i = 0; i < 13; i++) {
    processes[i].key.created = moment("2025-03-18T21:18:00.0000000Z") + i;
  }
  processes[0] = processes[12];
  processes[12].name = NULL;
  processes[1].commit_bytes = 400 * SAMPLE_MB;
  sample_server_poll(server, 2);
  take(server, read_event("composed-win10-evtrender.xml"));
  sample_server_told(SEEP_ALERT_EXHAUSTION, alert);
}

static void exhausted_again(seep_alert *alert)
{
  sample_process processes[16];
  sample_server *server = evening(processes, 4, SAMPLE_GB);
  take(server, read_event("composed-win10-evtrender.xml"));
  processes[0].bytes_per_hour = 0;
  for (unsigned i = 0; i < 7; i++) {
    char record[16], wall[SEEP_WALL_TEXT_SIZE];
    sample_server_poll(server, 4);
    snprintf(record, sizeof record, "%u", 184470 + 2 * i);
    put("<EventRecordID>", record, '<');
    take(server, put("SystemTime='", seep_wall_text(server->now.wall, wall, sizeof wall), '\''));
  }
  sample_server_poll(server, POLLS_PER_HOUR / 2);
  sample_server_told(SEEP_ALERT_EXHAUSTION, alert);
}

/* ---- its feed ---- */

static sample_server *lose_feed(void)
{
  sample_server *server = sample_server_begin(EVENT);
  seep_error error;
  seep_error_set(&error, SEEP_OS, SEEP_DOMAIN_WIN32, 1722, "EvtSubscribe", "System");
  seep_engine_feed_state(server->engine, server->now, SEEP_FEED_EXHAUSTION, false, &error);
  return server;
}

static void feed_lost(seep_alert *alert)
{
  lose_feed();
  sample_server_told(SEEP_ALERT_FEED_LOST, alert);
}

static void feed_back(seep_alert *alert)
{
  sample_server *server = lose_feed();
  sample_server_tick(server, 4 * SEEP_MS_PER_MINUTE);
  seep_engine_feed_state(server->engine, server->now, SEEP_FEED_EXHAUSTION, true, NULL);
  sample_server_told(SEEP_ALERT_FEED_RESTORED, alert);
}

/* ---- memory is short, and Windows does not say why ---- */

static void notice(seep_alert *alert, const char *name)
{
  sample_process processes[16];
  sample_server *server = evening(processes, 4, SAMPLE_GB);
  size_t size = read_event(name);
  seep_engine_memory_notice(server->engine, server->now, xml, size, "bookmark", 8);
  sample_server_poll(server, 4);
  sample_server_told(SEEP_ALERT_UNDIAGNOSED, alert);
}

static void nothing_followed(seep_alert *alert)
{
  notice(alert, "notices/composed-1003-userdata.xml");
}

static void diagnosis_failed(seep_alert *alert)
{
  notice(alert, "notices/composed-1008-eventdata.xml");
}

static void unreadable(seep_alert *alert)
{
  sample_process processes[16];
  sample_server *server = evening(processes, 4, SAMPLE_GB);
  take(server, read_event("composed-win10-evtrender.xml") / 2);
  sample_server_told(SEEP_ALERT_UNDIAGNOSED, alert);
}

static void diagnose(seep_alert *alert, const seep_diagnosis *diagnosis)
{
  sample_server *server = sample_server_begin(EVENT);
  seep_engine_diagnosis(server->engine, diagnosis);
  sample_server_told(SEEP_ALERT_NO_DIAGNOSIS, alert);
}

static void service_stopped(seep_alert *alert)
{
  const seep_diagnosis diagnosis = {.service = SEEP_DIAGNOSIS_SERVICE_STOPPED};
  diagnose(alert, &diagnosis);
}

static void policy_disabled(seep_alert *alert)
{
  const seep_diagnosis diagnosis = {.service = SEEP_DIAGNOSIS_SERVICE_RUNNING,
                                    .scenario = SEEP_DIAGNOSIS_POLICY_DISABLED};
  diagnose(alert, &diagnosis);
}

const sample_alert sample_alerts_of_server[] = {
    {SEEP_ALERT_HEADROOM, "memory runs short", "When growth will use up what is left", growth_will_fill_it},
    {SEEP_ALERT_HEADROOM, "memory runs short", "When nearly all is in use", nearly_full},
    {SEEP_ALERT_HEADROOM, "memory runs short", "When almost nothing is left", almost_nothing_left},
    {SEEP_ALERT_HEADROOM_OVER, "memory no longer short", NULL, enough_again},
    {SEEP_ALERT_EXHAUSTION, "Event 2004 received", "When the processes explain it", exhausted},
    {SEEP_ALERT_EXHAUSTION, "Event 2004 received", "When the kernel's pools do", exhausted_by_a_pool},
    {SEEP_ALERT_EXHAUSTION, "Event 2004 received", "When neither does", exhausted_by_nobody},
    {SEEP_ALERT_EXHAUSTION, "Event 2004 received", "When it is read after a restart of the server",
     exhausted_before_the_start},
    {SEEP_ALERT_EXHAUSTION, "Event 2004 received", "When it has come again and again", exhausted_again},
    {SEEP_ALERT_FEED_LOST, "Event 2004 not received", NULL, feed_lost},
    {SEEP_ALERT_FEED_RESTORED, "Event 2004 received again", NULL, feed_back},
    {SEEP_ALERT_UNDIAGNOSED, "memory short, and Windows does not say why", "When no Event 2004 has followed",
     nothing_followed},
    {SEEP_ALERT_UNDIAGNOSED, "memory short, and Windows does not say why", "When Windows' diagnosis failed",
     diagnosis_failed},
    {SEEP_ALERT_UNDIAGNOSED, "memory short, and Windows does not say why",
     "When the Event 2004 cannot be read", unreadable},
    {SEEP_ALERT_NO_DIAGNOSIS, "no Event 2004 on this server", "When its service does not run",
     service_stopped},
    {SEEP_ALERT_NO_DIAGNOSIS, "no Event 2004 on this server", "When a policy forbids it", policy_disabled},
    {0, NULL, NULL, NULL}};
