/*
 * Events as the administrator reads them: watch/notices.c puts figures into inserts, service/messages.mc puts
 * the inserts into sentences. Each event about growth stands here word for word, so that a change of either
 * shows what it does to the whole; every other event is rendered too, with everything and with nothing known.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/alert.h"
#include "watch/notices.h"

#define MB 1048576.0
#define GB 1073741824.0
#define NOON INT64_C(1795348800000) /* 2026-11-22T12:00:00Z */

static char *catalogue;
static char rendered[16384];
static seep_alert alert;

static int load(void **state)
{
  (void)state;
  const size_t most = 1u << 20;
  FILE *stream = fopen(SEEP_MESSAGES, "rb");
  catalogue = malloc(most);
  if (stream == NULL || catalogue == NULL) {
    return -1;
  }
  catalogue[fread(catalogue, 1, most - 1, stream)] = '\0';
  fclose(stream);
  return 0;
}

static int unload(void **state)
{
  (void)state;
  free(catalogue);
  return 0;
}

/* As a reader that honours !S! does it: inserts are put in and not looked into again. Line ends become LF. */
static const char *render(const seep_alert *from)
{
  static const char heading[] = "Language=English\r\n";
  char wanted[32];
  snprintf(wanted, sizeof wanted, "\nMessageId=%u\r\n", (unsigned)from->id);
  const char *at = strstr(catalogue, wanted);
  assert_non_null(at);
  at = strstr(at, heading);
  assert_non_null(at);
  seep_writer writer;
  seep_writer_init(&writer, rendered, sizeof rendered);
  for (at += sizeof heading - 1; strncmp(at, ".\r\n", 3) != 0 || at[-1] != '\n';) {
    if (*at != '%') {
      seep_writer_bytes(&writer, at, *at != '\r');
      at++;
      continue;
    }
    char *end = NULL;
    unsigned long number = strtoul(at + 1, &end, 10);
    assert_true(number >= 1 && number <= from->insert_count);
    seep_writer_text(&writer, from->inserts[number - 1]);
    at = strncmp(end, "!S!", 3) == 0 ? end + 3 : end;
  }
  assert_false(writer.cut);
  return rendered;
}

static unsigned lines_of(const char *text)
{
  unsigned lines = 0;
  for (; *text != '\0'; text++) {
    lines += *text == '\n';
  }
  return lines;
}

/* ---- cases ---- */

static seep_store_leak leak_of(const char *verdict)
{
  seep_store_leak leak = {.key = {520, 0},
                          .image = "leaker.exe",
                          .began = {NOON - 17 * SEEP_MS_PER_HOUR},
                          .opened = {NOON},
                          .slope_bytes_per_hour = 180.0 * MB,
                          .slope_low_bytes_per_hour = 175.0 * MB,
                          .slope_high_bytes_per_hour = 186.0 * MB,
                          .growth_bytes = UINT64_C(3208642560),
                          .commit_bytes = UINT64_C(4294967296),
                          .confidence = 0.93,
                          .kind = "Private Data",
                          .ending = "it no longer grows"};
  leak.key.created = seep_wall_to_filetime((seep_wall){NOON - 2 * SEEP_MS_PER_DAY});
  seep_text_copy(leak.verdict, sizeof leak.verdict, verdict);
  return leak;
}

static seep_finding finding_of(double first, double part)
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

static const seep_system_memory memory = {.commit_total_bytes = UINT64_C(8589934592),
                                          .commit_limit_bytes = UINT64_C(17179869184)};

static void a_leak(void **state)
{
  (void)state;
  seep_store_leak leak = leak_of("leak");
  seep_finding finding = finding_of(GB, 382.5 * MB);
  finding.shape.noise = (float)(3.0 * MB);
  seep_growth_kind_verdict kind = {.kind = SEEP_MEMORY_PRIVATE_DATA,
                                   .confidence = 0.873,
                                   .reason = "private memory outside of all heaps",
                                   .size_from = 524288,
                                   .size_to = 1048576};
  seep_notices_case found = {.leak = &leak,
                             .finding = &finding,
                             .memory = &memory,
                             .slopes_bytes_per_hour = 360.0 * MB,
                             .report = "first report",
                             .kind = &kind};
  seep_notices_case_found(&alert, &found);
  assert_int_equal(alert.id, SEEP_ALERT_LEAK_FOUND);
  assert_int_equal(alert.added, alert.insert_count);
  assert_string_equal(
      render(&alert),
      "leaker.exe (process 520) is leaking memory.\n"
      "It grows by 180 MB per hour (175 to 186 MB per hour) and has grown by 2.99 GB (3208642560 bytes) "
      "since "
      "2026-11-21T19:00:00.000Z.\n"
      "Time until the commit limit at the rate of all reported growth together: 22 h 45 min\n"
      "Why this report: first report\n"
      "Evidence: In the last 17 h what it never gave back rose by 2.99 GB from 1.00 GB to 3.99 GB, in 8 of 8 "
      "equal "
      "parts of that time (by 383, 383, 383, 383, 383, 383, 383, 383 MB); its low points fell back by 3.00 "
      "MB on "
      "average\n"
      "Confidence: 0.93\n"
      "Its commit now: 4.00 GB (4294967296 bytes)\n"
      "Kind of memory: Private Data, 87 percent sure: private memory outside of all heaps; most of it in "
      "allocations "
      "of 512 KB to 1 MB\n"
      "Committed in the whole system: 8.00 GB (8589934592 bytes) of 16.0 GB (17179869184 bytes)\n"
      "The process started at 2026-11-20T12:00:00.000Z.\n"
      "What to do: restart this process or its service before that time runs out.\n"
      "Events 300 to 303 tell whether a recording for its developers was made. Event 201 tells when the leak "
      "is "
      "over.\n");
  seep_notices_case_over(&alert, &leak, 20 * SEEP_MS_PER_HOUR);
  assert_int_equal(alert.id, SEEP_ALERT_LEAK_OVER);
  assert_string_equal(render(&alert), "leaker.exe (process 520) is no longer counted as leaking.\n"
                                      "Reason: it no longer grows\n"
                                      "It had grown by 2.99 GB (3208642560 bytes) in all within 20 h.\n"
                                      "The process started at 2026-11-20T12:00:00.000Z.\n");
}

static void rapid_growth(void **state)
{
  (void)state;
  seep_store_leak leak = leak_of("rapid");
  seep_finding finding = finding_of(GB, 40.0 * MB);
  finding.shape.window_ms = 16 * SEEP_MS_PER_MINUTE;
  leak.slope_bytes_per_hour = 1200.0 * MB;
  leak.slope_low_bytes_per_hour = leak.slope_high_bytes_per_hour = 0.0;
  seep_text_copy(leak.kind, sizeof leak.kind, "undetermined");
  seep_growth_kind_verdict kind = {.reason = "Windows does not let this process be read"};
  seep_notices_case found = {.leak = &leak,
                             .finding = &finding,
                             .memory = &memory,
                             .slopes_bytes_per_hour = 1200.0 * MB,
                             .report = "first report",
                             .kind = &kind};
  seep_notices_case_found(&alert, &found);
  assert_int_equal(alert.id, SEEP_ALERT_RAPID_GROWTH);
  assert_int_equal(alert.added, alert.insert_count);
  assert_string_equal(
      render(&alert),
      "leaker.exe (process 520) is growing dangerously fast. It is not proven yet that this is a leak.\n"
      "It grows by 1.17 GB per hour and has grown by 2.99 GB (3208642560 bytes) since "
      "2026-11-21T19:00:00.000Z.\n"
      "Time until the commit limit at the rate of all reported growth together: 6 h 49 min\n"
      "The evidence is still short. It is told now because so much of the memory that is left is going\n"
      "that waiting for proof would be dangerous.\n"
      "If the growth ends then event 205 withdraws this report. If it proves to be a leak then event 200 "
      "confirms "
      "it.\n"
      "Why this report: first report\n"
      "Evidence so far: In the last 16 min what it never gave back rose by 320 MB from 1.00 GB to 1.31 GB, "
      "in 8 of 8 "
      "equal parts of that time (by 40.0, 40.0, 40.0, 40.0, 40.0, 40.0, 40.0, 40.0 MB); its low points "
      "never fell back\n"
      "Confidence: 0.93\n"
      "Its commit now: 4.00 GB (4294967296 bytes)\n"
      "Kind of memory: undetermined: Windows does not let this process be read\n"
      "Committed in the whole system: 8.00 GB (8589934592 bytes) of 16.0 GB (17179869184 bytes)\n"
      "The process started at 2026-11-20T12:00:00.000Z.\n"
      "What to do: find out whether this process has a reason to grow now such as a large job or a cache "
      "that "
      "fills.\n"
      "If it has none or if the time runs short then restart it or its service.\n"
      "Events 300 to 303 tell whether a recording for its developers was made.\n");
  seep_notices_case_over(&alert, &leak, 40 * SEEP_MS_PER_MINUTE);
  assert_int_equal(alert.id, SEEP_ALERT_RAPID_GROWTH_OVER);
  assert_string_equal(
      render(&alert),
      "The report of rapid growth of leaker.exe (process 520) is withdrawn. It was not confirmed as a leak.\n"
      "Reason: it no longer grows\n"
      "It had grown by 2.99 GB (3208642560 bytes) in all within 40 min.\n"
      "The process started at 2026-11-20T12:00:00.000Z.\n");
}

static const char *kind_of(const char *text, const seep_growth_kind_verdict *kind, bool carried)
{
  seep_store_leak leak = leak_of("leak");
  seep_text_copy(leak.kind, sizeof leak.kind, text);
  seep_notices_case found = {.leak = &leak, .kind = kind, .kind_carried = carried};
  seep_notices_case_found(&alert, &found);
  return alert.inserts[3];
}

static void the_kind_of_memory_is_told_with_what_it_stands_on(void **state)
{
  (void)state;
  seep_growth_kind_verdict kind = {.kind = SEEP_MEMORY_HEAP,
                                   .confidence = 0.918,
                                   .reason = "large blocks",
                                   .size_from = 4194304,
                                   .size_to = 8388608};
  assert_string_equal(kind_of("Heap", &kind, false),
                      "Heap, 92 percent sure: large blocks; most of it in blocks of 4 to 8 MB");
  assert_string_equal(
      kind_of("Heap", &kind, true),
      "Heap, 92 percent sure: large blocks; most of it in blocks of 4 to 8 MB (found in the process "
      "before this one)");
  kind.earlier = true;
  assert_string_equal(
      kind_of("Heap", &kind, false),
      "Heap, 92 percent sure: large blocks; most of it in blocks of 4 to 8 MB (found earlier)");
  assert_string_equal(
      kind_of("Heap", &kind, true),
      "Heap, 92 percent sure: large blocks; most of it in blocks of 4 to 8 MB (found in the process "
      "before this one)");
  kind.earlier = false;
  kind.size_from = 0;
  kind.size_to = 4096;
  kind.confidence = 1.0;
  assert_string_equal(kind_of("Heap", &kind, false),
                      "Heap, 99 percent sure: large blocks; most of it in blocks of up to 4 KB");
  kind.size_to = 0;
  kind.confidence = 0.0;
  assert_string_equal(kind_of("undetermined", &kind, false), "undetermined: large blocks");
  kind.reason = NULL; /* nobody looks */
  assert_string_equal(kind_of("undetermined", &kind, false), "undetermined");
  assert_string_equal(kind_of("Managed Heap", NULL, false), "Managed Heap");
}

/* A rule in a central log that reads the one reads the other. */
static void rapid_growth_reads_like_a_leak(void **state)
{
  (void)state;
  static const uint32_t pairs[][2] = {{SEEP_ALERT_LEAK_FOUND, SEEP_ALERT_RAPID_GROWTH},
                                      {SEEP_ALERT_LEAK_OVER, SEEP_ALERT_RAPID_GROWTH_OVER}};
  for (size_t i = 0; i < 2; i++) {
    const seep_alert_definition *one = seep_alert_definition_of(pairs[i][0]);
    const seep_alert_definition *other = seep_alert_definition_of(pairs[i][1]);
    assert_int_equal(one->insert_count, other->insert_count);
    for (size_t n = 0; n < one->insert_count; n++) {
      assert_string_equal(one->insert_names[n], other->insert_names[n]);
    }
  }
}

static const char *time_left(double own, double all, const seep_system_memory *known)
{
  seep_store_leak leak = leak_of("leak");
  leak.slope_bytes_per_hour = own;
  seep_notices_case found = {.leak = &leak, .memory = known, .slopes_bytes_per_hour = all};
  seep_notices_case_found(&alert, &found);
  assert_int_equal(alert.added, alert.insert_count);
  return alert.inserts[10];
}

static void the_time_left_is_that_of_all_cases(void **state)
{
  (void)state;
  assert_string_equal(time_left(1.0 * GB, 4.0 * GB, &memory), "2 h");
  assert_string_equal(time_left(1.0 * GB, 0.0, &memory), "8 h"); /* never later than this one alone */
  assert_string_equal(time_left(1.0 * GB, NAN, &memory), "8 h");
  assert_string_equal(time_left(NAN, 1.0 * GB, &memory), "-");
  assert_string_equal(time_left(-1.0, -1.0, &memory), "-");
  assert_string_equal(time_left(INFINITY, INFINITY, &memory), "0 s");
  assert_string_equal(time_left(1.0 * GB, 4.0 * GB, NULL), "-");
  assert_string_equal(alert.inserts[8], "-");
  assert_string_equal(alert.inserts[9], "-");
  assert_string_equal(alert.inserts[12], "-"); /* no finding, no report */
  assert_string_equal(alert.inserts[13], "-");
  seep_system_memory full = {.commit_total_bytes = 2, .commit_limit_bytes = 1};
  assert_string_equal(time_left(1.0 * GB, 4.0 * GB, &full), "0 s");
  seep_system_memory unknown = {.commit_total_bytes = 0};
  assert_string_equal(time_left(1.0 * GB, 4.0 * GB, &unknown), "-");
}

/* ---- the system and handles ---- */

static void growth_of_no_process(void **state)
{
  (void)state;
  seep_finding finding = finding_of(2.0 * GB, 100.0 * MB);
  seep_notices_growth growth = {"commit that no process owns",
                                &finding,
                                {NOON - 17 * SEEP_MS_PER_HOUR},
                                UINT64_C(2986344448),
                                UINT64_C(8589934592)};
  seep_notices_system_growth(&alert, &growth);
  assert_int_equal(alert.id, SEEP_ALERT_SYSTEM_GROWTH);
  assert_int_equal(alert.added, alert.insert_count);
  assert_string_equal(
      render(&alert),
      "Memory that is counted to no process keeps growing: commit that no process owns.\n"
      "It grows by 47.1 MB per hour (46.5 to 48.2 MB per hour) and has grown by 800 MB (838860800 bytes) "
      "since "
      "2026-11-21T19:00:00.000Z.\n"
      "It is now: 2.78 GB (2986344448 bytes)\n"
      "Time until the commit limit at this rate: 7 d 6 h\n"
      "Evidence: In the last 17 h what it never gave back rose by 800 MB from 2.00 GB to 2.78 GB, in 8 of 8 "
      "equal "
      "parts of that time (by 100, 100, 100, 100, 100, 100, 100, 100 MB); its low points never fell back\n"
      "What to look at: if event 203 names a pool too then go on there by pool tag (poolmon, or !poolused in "
      "a kernel "
      "debugger). Otherwise it may be zombie processes (ended, but their objects remain; about 79 KB each "
      "were seen), "
      "shared sections or page tables: stop services one at a time and see when it falls. Event 207 may name "
      "a "
      "process that holds ever more handles.\n"
      "What to do: find out what holds it before that time runs out. A restart of the server gives time.\n"
      "Nothing is recorded for this growth. Event 206 tells when it is over.\n");
  static const char *const pools[] = {"paged pool", "nonpaged pool"};
  for (size_t i = 0; i < 2; i++) {
    growth.what = pools[i];
    growth.headroom_bytes = SEEP_HEADROOM_UNKNOWN;
    seep_notices_system_growth(&alert, &growth);
    assert_string_equal(alert.inserts[0], pools[i]);
    assert_string_equal(alert.inserts[5], "-");
    assert_string_equal(
        alert.inserts[7],
        "pool belongs to the kernel and its drivers. Look with poolmon (or !poolused in a kernel "
        "debugger) which pool tag grows from one look to the next. An Event 2004 names the three "
        "largest tags of each pool.");
  }
  seep_notices_system_growth_over(&alert, "paged pool", UINT64_C(838860800), SEEP_MS_PER_DAY,
                                  "it no longer grows");
  assert_int_equal(alert.id, SEEP_ALERT_SYSTEM_GROWTH_OVER);
  assert_string_equal(render(&alert),
                      "Memory that is counted to no process is no longer reported as growing: paged pool.\n"
                      "Reason: it no longer grows\n"
                      "It had grown by 800 MB (838860800 bytes) in all within 1 d.\n");
}

static void growth_of_handles(void **state)
{
  (void)state;
  char name[] = "server.exe";
  seep_process process = {
      .key = {77, seep_wall_to_filetime((seep_wall){NOON - SEEP_MS_PER_DAY})}, .handles = 3600, .name = name};
  seep_finding finding = finding_of(2000.0, 200.0);
  finding.shape.noise = 21.0f;
  seep_notices_handles(&alert, &process, &finding, (seep_wall){NOON - 17 * SEEP_MS_PER_HOUR});
  assert_int_equal(alert.id, SEEP_ALERT_HANDLE_GROWTH);
  assert_int_equal(alert.added, alert.insert_count);
  assert_string_equal(
      render(&alert),
      "server.exe (process 77) opens more and more handles and does not close them.\n"
      "It has 3600 handles now.\n"
      "They grow by 94 handles per hour (93 to 96 handles per hour) and have grown by 1600 handles since "
      "2026-11-21T19:00:00.000Z.\n"
      "Evidence: In the last 17 h what it opened and never closed rose by 1600 handles from 2000 handles to "
      "3600 "
      "handles, in 8 of 8 equal parts of that time (by 200, 200, 200, 200, 200, 200, 200, 200); its low "
      "points "
      "fell back by 21 handles on average\n"
      "The process started at 2026-11-21T12:00:00.000Z.\n"
      "What to do: tell its developers. Restart this process or its service at a time that suits.\n"
      "Nothing is recorded for this growth. Event 208 tells when it is over.\n");
  process.name = NULL;
  process.key.created = 0;
  seep_notices_handles_over(&alert, &process, 1, SEEP_MS_PER_DAY, "the process ended");
  assert_int_equal(alert.id, SEEP_ALERT_HANDLE_GROWTH_OVER);
  assert_int_equal(alert.added, alert.insert_count);
  assert_string_equal(render(&alert), "The handles of - (process 77) are no longer reported as growing.\n"
                                      "Reason: the process ended\n"
                                      "They had grown by 1 handle in all within 1 d.\n"
                                      "The process started at -.\n");
}

/* ---- all of them ---- */

static void assert_reads_well(const char *text)
{
  assert_true(strlen(text) > 20);
  assert_int_equal(text[strlen(text) - 1], '\n');
  assert_null(strchr(text, '%'));
  assert_null(strstr(text, "  "));
  assert_null(strstr(text, "\n\n"));
  assert_null(strstr(text, " \n"));
  assert_null(strstr(text, "nan"));
  assert_null(strstr(text, " inf"));
}

static void every_event_is_a_whole_text(void **state)
{
  (void)state;
  for (const seep_alert_definition *all = seep_alert_definitions(); all->id != 0; all++) {
    seep_alert_init(&alert, all->id);
    render(&alert); /* nothing is known */
    assert_reads_well(rendered);
    for (size_t n = 0; n < all->insert_count; n++) {
      char token[64];
      snprintf(token, sizeof token, "<%u:%s>", (unsigned)n, all->insert_names[n]);
      seep_alert_add_text(&alert, token);
    }
    render(&alert);
    assert_reads_well(rendered);
    for (size_t n = 0; n < all->insert_count; n++) {
      assert_non_null(strstr(rendered, alert.inserts[n]));
    }
  }
}

static void names_can_not_forge_a_line(void **state)
{
  (void)state;
  static const char hostile[] = "a%1%n%%2\r\nWhat to do: nothing\t%{S-1-5}\x7F\xE2\x80\xAE"
                                "exe";
  static const char shown[] = "a%1%n%%2  What to do: nothing %{S-1-5}    exe";
  seep_store_leak leak = leak_of("rapid");
  seep_notices_case found = {.leak = &leak, .report = "first report"};
  seep_notices_case_found(&alert, &found);
  unsigned lines = lines_of(render(&alert));
  seep_text_copy(leak.image, sizeof leak.image, hostile);
  seep_notices_case_found(&alert, &found);
  assert_string_equal(alert.inserts[0], shown);
  assert_int_equal(lines_of(render(&alert)), lines);
  assert_memory_equal(rendered, shown, sizeof shown - 1);

  char name[3 * SEEP_ALERT_INSERT_SIZE];
  memset(name, 'x', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  seep_process process = {.key = {UINT32_MAX, UINT64_MAX}, .handles = UINT32_MAX, .name = name};
  seep_notices_handles_over(&alert, &process, UINT64_MAX, INT64_MAX, name);
  assert_int_equal(strlen(alert.inserts[0]), SEEP_ALERT_INSERT_SIZE - 1);
  assert_string_equal(alert.inserts[3], "18446744073709551615 handles");
  assert_int_equal(lines_of(render(&alert)), 4);
}

static void extremes_are_told_or_left_out(void **state)
{
  (void)state;
  static const double figures[] = {0.0, -0.0, -1.0, 1e-300, DBL_MAX, -DBL_MAX, NAN, INFINITY, -INFINITY};
  static const int64_t moments[] = {0, 1, -1, INT64_MAX, INT64_MIN};
  char name[] = "a.exe";
  for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
    for (size_t m = 0; m < sizeof moments / sizeof moments[0]; m++) {
      double figure = figures[i];
      float single = figure > (double)FLT_MAX    ? (float)INFINITY
                     : figure < -(double)FLT_MAX ? -(float)INFINITY
                                                 : (float)figure;
      seep_store_leak leak = leak_of(m % 2 == 0 ? "leak" : "rapid");
      leak.began.ms = moments[m];
      leak.key.created = m % 2 == 0 ? 0 : UINT64_MAX;
      leak.slope_bytes_per_hour = leak.slope_low_bytes_per_hour = leak.slope_high_bytes_per_hour = figure;
      leak.growth_bytes = leak.commit_bytes = m % 2 == 0 ? 0 : UINT64_MAX;
      leak.confidence = figure;
      seep_finding finding = {.slope_per_hour = figure,
                              .slope_low_per_hour = figure,
                              .slope_high_per_hour = figure,
                              .growth = UINT64_MAX,
                              .shape = {.window_ms = moments[m], .rise = figure, .noise = single}};
      finding.shape.floors[SEEP_SHAPE_PARTS] = single;
      seep_system_memory all = {UINT64_MAX, UINT64_MAX, 0, 0, 0, 0};
      seep_growth_kind_verdict kind = {.kind = SEEP_MEMORY_HEAP,
                                       .confidence = figure,
                                       .reason = "a reason",
                                       .size_from = m % 2 == 0 ? 0 : UINT64_MAX,
                                       .size_to = UINT64_MAX};
      seep_notices_case found = {.leak = &leak,
                                 .finding = &finding,
                                 .memory = &all,
                                 .slopes_bytes_per_hour = figure,
                                 .report = "",
                                 .kind = &kind};
      seep_notices_case_found(&alert, &found);
      assert_int_equal(alert.added, alert.insert_count);
      assert_reads_well(render(&alert));
      assert_int_equal(strcmp(alert.inserts[11], "-") != 0, figure >= 0.0 && figure <= 1.0);
      assert_int_equal(strcmp(alert.inserts[6], "-") == 0, moments[m] == 0);
      seep_notices_case_over(&alert, &leak, moments[m]);
      assert_reads_well(render(&alert));
      seep_notices_growth growth = {NULL, &finding, {moments[m]}, UINT64_MAX, (uint64_t)moments[m]};
      seep_notices_system_growth(&alert, &growth);
      assert_int_equal(alert.added, alert.insert_count);
      assert_reads_well(render(&alert));
      seep_process process = {.key = {0, 0}, .handles = UINT32_MAX, .name = name};
      seep_notices_handles(&alert, &process, &finding, (seep_wall){moments[m]});
      assert_int_equal(alert.added, alert.insert_count);
      assert_reads_well(render(&alert));
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_leak),
      cmocka_unit_test(rapid_growth),
      cmocka_unit_test(the_kind_of_memory_is_told_with_what_it_stands_on),
      cmocka_unit_test(rapid_growth_reads_like_a_leak),
      cmocka_unit_test(the_time_left_is_that_of_all_cases),
      cmocka_unit_test(growth_of_no_process),
      cmocka_unit_test(growth_of_handles),
      cmocka_unit_test(every_event_is_a_whole_text),
      cmocka_unit_test(names_can_not_forge_a_line),
      cmocka_unit_test(extremes_are_told_or_left_out),
  };
  return cmocka_run_group_tests(tests, load, unload);
}
