/* Samples about growth: of processes, of what no process owns, of handles; events 200, 201 and 203 to 208. */
#include "unit/report/sample_alerts.h"

#include <string.h>

#include "base/text.h"
#include "unit/report/sample_server.h"
#include "watch/notices.h"

#define NOON INT64_C(1795348800000) /* 2026-11-22T12:00:00Z */
#define POLLS_PER_HOUR 120u

seep_store_leak sample_leak(const char *verdict)
{
  seep_store_leak leak = {.id = 17,
                          .key = {5200, 0},
                          .image = "w3wp.exe",
                          .began = {NOON - 17 * SEEP_MS_PER_HOUR},
                          .opened = {NOON},
                          .slope_bytes_per_hour = 180.0 * SAMPLE_MB,
                          .slope_low_bytes_per_hour = 175.0 * SAMPLE_MB,
                          .slope_high_bytes_per_hour = 186.0 * SAMPLE_MB,
                          .growth_bytes = UINT64_C(3208642560),
                          .commit_bytes = UINT64_C(4294967296),
                          .confidence = 0.93,
                          .kind = "Heap",
                          .ending = "it stopped growing or gave the memory back",
                          .services = "W3SVC, WAS",
                          .told_because = "first report",
                          .time_left_ms = INT64_C(81900000),
                          .system_commit_bytes = UINT64_C(8589934592),
                          .system_limit_bytes = UINT64_C(17179869184)};
  leak.key.created = seep_wall_to_filetime((seep_wall){NOON - 2 * SEEP_MS_PER_DAY});
  seep_text_copy(leak.verdict, sizeof leak.verdict, verdict);
  return leak;
}

seep_finding sample_finding(double first, double part)
{
  seep_finding finding = {
      .slope_per_hour = 8.0 * part / 17.0,
      .slope_low_per_hour = 7.9 * part / 17.0,
      .slope_high_per_hour = 8.2 * part / 17.0,
      .growth = (uint64_t)(8.0 * part),
      .confidence = 0.93f,
      .shape = {.window_ms = 17 * SEEP_MS_PER_HOUR, .rise = 8.0 * part, .even_parts = 8.0f}};
  for (size_t i = 0; i <= SEEP_SHAPE_PARTS; i++) {
    finding.shape.floors[i] = (float)(first + part * (double)i);
  }
  return finding;
}

/* ---- processes ---- */

static void known_kind(seep_alert *alert, const seep_store_leak *leak, seep_finding *finding)
{
  static const seep_growth_kind_verdict kind = {.kind = SEEP_MEMORY_HEAP,
                                                .confidence = 0.873,
                                                .reason = "the heaps have grown by as much as the process",
                                                .size_from = 524288,
                                                .size_to = 1048576};
  static const int uneven[] = {-7, 4, 11, -3, 6, -9, 2};
  for (size_t i = 1; i < SEEP_SHAPE_PARTS; i++) {
    finding->shape.floors[i] += (float)(uneven[i - 1] * (int64_t)SAMPLE_MB);
  }
  finding->shape.noise = (float)(3 * SAMPLE_MB);
  const seep_notices_case found = {.leak = leak,
                                   .finding = finding,
                                   .kind = &kind,
                                   .done = "its allocations are being recorded",
                                   .data_folder = "C:\\ProgramData\\Seepwatch"};
  seep_notices_case_found(alert, &found);
}

static void leak_of_known_kind(seep_alert *alert)
{
  const seep_store_leak leak = sample_leak("leak");
  seep_finding finding = sample_finding((double)SAMPLE_GB, 382.5 * SAMPLE_MB);
  known_kind(alert, &leak, &finding);
}

static void rapid_of_known_kind(seep_alert *alert)
{
  seep_store_leak leak = sample_leak("rapid");
  seep_finding finding = sample_finding((double)SAMPLE_GB, 40.0 * SAMPLE_MB);
  finding.shape.window_ms = 16 * SEEP_MS_PER_MINUTE;
  leak.began.ms = NOON - 16 * SEEP_MS_PER_MINUTE;
  leak.slope_bytes_per_hour = 1200.0 * SAMPLE_MB;
  leak.slope_low_bytes_per_hour = leak.slope_high_bytes_per_hour = 0.0;
  leak.growth_bytes = 320 * SAMPLE_MB;
  leak.commit_bytes = SAMPLE_GB + 340 * SAMPLE_MB;
  leak.confidence = 0.41;
  leak.time_left_ms = INT64_C(24540000);
  known_kind(alert, &leak, &finding);
}

/* A service that grows by so much, day and night, for `hours`; and some that do not. */
static sample_server *run(sample_process processes[4], int64_t bytes_per_hour, unsigned hours)
{
  sample_server *server = sample_server_begin(NOON - (int64_t)hours * SEEP_MS_PER_HOUR);
  seep_filetime created = seep_wall_to_filetime((seep_wall){NOON - 3 * SEEP_MS_PER_DAY});
  processes[0] = (sample_process){.name = "Agent Host.exe",
                                  .key = {3184, created},
                                  .commit_bytes = 412 * SAMPLE_MB,
                                  .bytes_per_hour = bytes_per_hour,
                                  .handles = 612};
  processes[1] = (sample_process){.name = "sqlservr.exe", .key = {2416, created}, .handles = 2900};
  processes[2] = (sample_process){.name = "lsass.exe", .key = {744, created}, .handles = 1400};
  processes[3] = (sample_process){.name = NULL};
  processes[1].commit_bytes = 6 * SAMPLE_GB;
  processes[2].commit_bytes = 60 * SAMPLE_MB;
  server->processes = processes;
  sample_server_poll(server, hours * POLLS_PER_HOUR);
  return server;
}

static void leak_of_unknown_kind(seep_alert *alert)
{
  sample_process processes[4];
  run(processes, 24 * (int64_t)SAMPLE_MB, 24);
  sample_server_told(SEEP_ALERT_LEAK_FOUND, alert);
}

static void leak_over(seep_alert *alert)
{
  sample_process processes[4];
  sample_server *server = run(processes, 24 * (int64_t)SAMPLE_MB, 24);
  processes[0].bytes_per_hour = 0;
  processes[0].commit_bytes = 430 * SAMPLE_MB;
  sample_server_poll(server, 12 * POLLS_PER_HOUR);
  sample_server_told(SEEP_ALERT_LEAK_OVER, alert);
}

/* ---- the system, and handles ---- */

/* Of the kernel's pool, or of what neither it nor a process has. */
static sample_server *run_outside(int64_t pool_per_hour, int64_t shared_per_hour)
{
  static sample_process processes[4];
  sample_server *server = run(processes, 0, 1);
  server->nonpaged_per_hour = pool_per_hour;
  server->shared_per_hour = shared_per_hour;
  sample_server_poll(server, 30 * POLLS_PER_HOUR);
  return server;
}

static void pool_grows(seep_alert *alert)
{
  run_outside(30 * (int64_t)SAMPLE_MB, 0);
  sample_server_told(SEEP_ALERT_SYSTEM_GROWTH, alert);
}

static void unowned_grows(seep_alert *alert)
{
  run_outside(0, 60 * (int64_t)SAMPLE_MB);
  sample_server_told(SEEP_ALERT_SYSTEM_GROWTH, alert);
}

static void pool_over(seep_alert *alert)
{
  sample_server *server = run_outside(30 * (int64_t)SAMPLE_MB, 0);
  server->nonpaged_per_hour = 0;
  server->outside_bytes -= 600 * SAMPLE_MB;
  server->nonpaged_bytes -= 600 * SAMPLE_MB;
  sample_server_poll(server, 12 * POLLS_PER_HOUR);
  sample_server_told(SEEP_ALERT_SYSTEM_GROWTH_OVER, alert);
}

static sample_server *run_handles(sample_process processes[4])
{
  sample_server *server = run(processes, 0, 1);
  processes[0].handles_per_poll = 2;
  sample_server_poll(server, 30 * POLLS_PER_HOUR);
  return server;
}

static void handles_grow(seep_alert *alert)
{
  sample_process processes[4];
  run_handles(processes);
  sample_server_told(SEEP_ALERT_HANDLE_GROWTH, alert);
}

static void handles_over(seep_alert *alert)
{
  sample_process processes[4];
  sample_server *server = run_handles(processes);
  processes[0] = processes[2];
  processes[2].name = NULL;
  sample_server_poll(server, 2);
  sample_server_told(SEEP_ALERT_HANDLE_GROWTH_OVER, alert);
}

/* ---- a night: rapid growth, until the process is restarted ---- */

static void night(bool restarted)
{
  static sample_process processes[4];
  sample_server *server = run(processes, 0, 1);
  processes[0].bytes_per_hour = 3 * (int64_t)SAMPLE_GB;
  sample_server_poll(server, 2 * POLLS_PER_HOUR);
  if (restarted) {
    processes[0].key.created += 1;
    processes[0].bytes_per_hour = 0;
    sample_server_poll(server, 2);
  }
}

static void rapid_of_unknown_kind(seep_alert *alert)
{
  night(false);
  sample_server_told(SEEP_ALERT_RAPID_GROWTH, alert);
}

static void rapid_over(seep_alert *alert)
{
  night(true);
  sample_server_told(SEEP_ALERT_RAPID_GROWTH_OVER, alert);
}

const sample_alert sample_alerts_of_growth[] = {
    {SEEP_ALERT_LEAK_FOUND, "leak found", "When the kind of memory is known", leak_of_known_kind},
    {SEEP_ALERT_LEAK_FOUND, "leak found", "When it is not", leak_of_unknown_kind},
    {SEEP_ALERT_LEAK_OVER, "leak over", NULL, leak_over},
    {SEEP_ALERT_SYSTEM_GROWTH, "memory of no process grows", "A pool of the kernel", pool_grows},
    {SEEP_ALERT_SYSTEM_GROWTH, "memory of no process grows", "Anything else", unowned_grows},
    {SEEP_ALERT_RAPID_GROWTH, "rapid growth", "When the kind of memory is known", rapid_of_known_kind},
    {SEEP_ALERT_RAPID_GROWTH, "rapid growth", "When it is not, and told again", rapid_of_unknown_kind},
    {SEEP_ALERT_RAPID_GROWTH_OVER, "rapid growth over", NULL, rapid_over},
    {SEEP_ALERT_SYSTEM_GROWTH_OVER, "memory of no process no longer grows", NULL, pool_over},
    {SEEP_ALERT_HANDLE_GROWTH, "handles grow", NULL, handles_grow},
    {SEEP_ALERT_HANDLE_GROWTH_OVER, "handles no longer grow", NULL, handles_over},
    {0, NULL, NULL, NULL}};
