#include "leaks_show.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "capture_record.h"
#include "output.h"
#include "report/human.h"

#define TEXT_SIZE 2048

static void say(const char *label, const char *format, ...) SEEP_PRINTF_LIKE(2, 3);

static void say(const char *label, const char *format, ...)
{
  char text[TEXT_SIZE], clean[TEXT_SIZE];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  printf("  %-14s %s\n", label, seep_output_presentable(text, true, clean, sizeof clean));
}

/* Nothing for nothing. */
static void say_if(const char *label, const char *text)
{
  if (text[0] != '\0') {
    say(label, "%s", text);
  }
}

/* ---- the case ---- */

static void say_process(const seep_store_leak *leak)
{
  char created[SEEP_WALL_TEXT_SIZE];
  const seep_process_key key = leak->key;
  printf("Leak case %" PRId64 "\n", leak->id);
  say("process", "%s", leak->image);
  say("pid", "%" PRIu32 "%s%s", key.pid, key.created != 0 ? ", created " : "",
      key.created != 0 ? seep_wall_text(seep_wall_from_filetime(key.created), created, sizeof created) : "");
  say_if("services", leak->services);
}

static void say_times(const seep_store_leak *leak)
{
  char time[SEEP_WALL_TEXT_SIZE], lasted[SEEP_HUMAN_SIZE];
  if (leak->closed.ms == 0) {
    say("state", "open");
  } else {
    say("state", "over since %s%s%s", seep_wall_text(leak->closed, time, sizeof time),
        leak->ending[0] != '\0' ? ": " : "", leak->ending);
  }
  say("growing since", "%s", seep_wall_text(leak->began, time, sizeof time));
  say("found", "%s%s%s%s", seep_wall_text(leak->opened, time, sizeof time),
      leak->opened.ms > leak->began.ms ? ", " : "",
      leak->opened.ms > leak->began.ms
          ? seep_human_duration(leak->opened.ms - leak->began.ms, lasted, sizeof lasted)
          : "",
      leak->opened.ms > leak->began.ms ? " later" : "");
}

static void say_rate(const seep_store_leak *leak)
{
  char rate[SEEP_HUMAN_SIZE], low[SEEP_HUMAN_SIZE], high[SEEP_HUMAN_SIZE];
  seep_human_rate(leak->slope_bytes_per_hour, rate, sizeof rate);
  if (leak->slope_low_bytes_per_hour == 0 && leak->slope_high_bytes_per_hour == 0) {
    say("rate", "%s", rate);
    return;
  }
  say("rate", "%s (between %s and %s)", rate,
      seep_human_rate(leak->slope_low_bytes_per_hour, low, sizeof low),
      seep_human_rate(leak->slope_high_bytes_per_hour, high, sizeof high));
}

static void say_findings(const seep_store_leak *leak)
{
  char sure[SEEP_HUMAN_SURE_SIZE], growth[SEEP_HUMAN_SIZE], commit[SEEP_HUMAN_SIZE];
  say("verdict", "%s", seep_human_sure(leak->verdict, leak->confidence, sure, sizeof sure));
  say_rate(leak);
  say("grown by", "%s, to a commit of %s", seep_human_bytes(leak->growth_bytes, growth, sizeof growth),
      seep_human_bytes(leak->commit_bytes, commit, sizeof commit));
  if (leak->kind[0] != '\0') {
    say("memory", "%s%s%s", seep_human_sure(leak->kind, leak->kind_confidence, sure, sizeof sure),
        leak->kind_reason[0] != '\0' ? ": " : "", leak->kind_reason);
  }
  say_if("evidence", leak->evidence);
}

static void say_told(const seep_store_leak *leak)
{
  char time[SEEP_WALL_TEXT_SIZE], left[SEEP_HUMAN_SIZE], commit[SEEP_HUMAN_SIZE], limit[SEEP_HUMAN_SIZE];
  if (leak->times_told == 0) {
    say("told", "not known");
    return;
  }
  say("told", "%u time%s, last %s%s%s", leak->times_told, leak->times_told == 1 ? "" : "s",
      seep_wall_text(leak->told, time, sizeof time), leak->told_because[0] != '\0' ? ": " : "",
      leak->told_because);
  if (seep_leaks_time_left_ms(leak) >= 0) {
    say("time left then", "%s until the commit limit",
        seep_human_duration(seep_leaks_time_left_ms(leak), left, sizeof left));
  }
  if (leak->system_limit_bytes > 0) {
    say("system then", "commit %s of %s", seep_human_bytes(leak->system_commit_bytes, commit, sizeof commit),
        seep_human_bytes(leak->system_limit_bytes, limit, sizeof limit));
  }
}

/* ---- what belongs to it ---- */

static void head(const char *what, size_t count)
{
  printf("\n%s:%s\n", what, count == 0 ? " none" : "");
}

static void say_captures(const seep_leaks_fact *fact)
{
  char time[SEEP_WALL_TEXT_SIZE], bytes[SEEP_HUMAN_SIZE], number[24];
  head("Recordings", fact->capture_count);
  for (size_t i = 0; i < fact->capture_count; i++) {
    const seep_store_capture *capture = &fact->captures[i].capture;
    const seep_trace_told *told = &fact->captures[i].answer.told;
    snprintf(number, sizeof number, "%" PRId64, capture->id);
    say(number, "%s, %s, %s, %s: %s", seep_wall_text(capture->started, time, sizeof time), capture->kind,
        seep_capture_record_state(capture), seep_human_bytes(capture->bytes, bytes, sizeof bytes),
        capture->outcome);
    say_if("", capture->path);
    if (told->culprit[0] != '\0') {
      say("", "culprit %s%s%s", told->culprit, told->place[0] != '\0' ? ", " : "", told->place);
    }
  }
  if (fact->capture_count > 0) {
    puts("  seepwatch captures show ID says all about one.");
  }
}

static void say_namings(const seep_leaks_fact *fact)
{
  char time[SEEP_WALL_TEXT_SIZE], bytes[SEEP_HUMAN_SIZE], commit[SEEP_HUMAN_SIZE], limit[SEEP_HUMAN_SIZE],
      number[24];
  head("Events 2004 that name it", fact->naming_count);
  for (size_t i = 0; i < fact->naming_count; i++) {
    const seep_leaks_naming *naming = &fact->namings[i];
    const bool system = naming->has_system;
    const seep_wall came = naming->came != 0 ? seep_wall_from_filetime(naming->came) : naming->seen;
    snprintf(number, sizeof number, "%" PRId64, naming->id);
    say(number, "%s, as number %zu with %s, %" PRIu32 " handles%s%s%s%s",
        seep_wall_text(came, time, sizeof time), naming->rank,
        seep_human_bytes(naming->commit_bytes, bytes, sizeof bytes), naming->handles,
        system ? "; system commit " : "",
        system ? seep_human_bytes(naming->commit_charge_bytes, commit, sizeof commit) : "",
        system ? " of " : "",
        system ? seep_human_bytes(naming->commit_limit_bytes, limit, sizeof limit) : "");
  }
}

static void say_alerts(const seep_leaks_fact *fact)
{
  char time[SEEP_WALL_TEXT_SIZE];
  head("Events about it in the event log", fact->alert_count);
  for (size_t i = 0; i < fact->alert_count; i++) {
    const seep_store_event *alert = &fact->alerts[i];
    char number[24];
    snprintf(number, sizeof number, "%" PRIu32, alert->event);
    say(number, "%s, %s", seep_wall_text(alert->wall, time, sizeof time), alert->level);
    say_if("", alert->text);
  }
}

void seep_leaks_show(const seep_leaks_fact *fact)
{
  say_process(&fact->leak);
  say_times(&fact->leak);
  say_findings(&fact->leak);
  say_told(&fact->leak);
  say_captures(fact);
  say_namings(fact);
  say_alerts(fact);
}
