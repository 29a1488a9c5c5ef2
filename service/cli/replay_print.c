#include "replay_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "output.h"
#include "replay_words.h"
#include "report/human.h"

static void print_count(uint64_t count, const char *one, const char *many, const char *behind)
{
  printf("%" PRIu64 " %s%s", count, count == 1 ? one : many, behind);
}

static void print_period(const seep_replay_run *run)
{
  char from[SEEP_REPLAY_TIME_SIZE], to[SEEP_REPLAY_TIME_SIZE], duration[SEEP_HUMAN_SIZE];
  if (run->polls > 0) {
    printf("%s to %s, %s of running time\n", seep_replay_time(run->first.wall, from, sizeof from),
           seep_replay_time(run->last.wall, to, sizeof to),
           seep_human_duration(seep_mono_since(run->last.mono, run->first.mono), duration, sizeof duration));
  }
  print_count(run->series, "process", "processes", ", ");
  print_count(run->polls, "poll", "polls", ", ");
  print_count(run->samples, "sample", "samples", "\n");
  if (run->pid_0 > 0) {
    printf("%" PRIu64 " rows of PID 0 are left out: the idle process commits nothing\n", run->pid_0);
  }
  if (run->polls_assumed > 0) {
    printf("rapid growth is judged by an assumed headroom of %s%s: --headroom-bytes gives another\n",
           seep_human_bytes(SEEP_REPLAY_HEADROOM_BYTES, duration, sizeof duration),
           run->polls_assumed < run->polls ? " where the input has no system figures" : "");
  }
}

/* The system's apart: it is neither a leak of a process nor rapid growth. */
static void print_system(const seep_replay_cases *cases)
{
  uint64_t called = 0;
  for (size_t i = 0; i < cases->notice_count; i++) {
    const seep_replay_notice *notice = &cases->notices[i];
    called += notice->alert.id == SEEP_ALERT_SYSTEM_GROWTH && !notice->again;
  }
  if (called > 0) {
    fputs("memory that no process owns: ", stdout);
    print_count(called, "case of growth", "cases of growth", " would have been called\n");
  }
}

/* "no leak would have been called", "1 leak and 2 cases of rapid growth would have been called". */
static void print_summary(const seep_replay_run *run)
{
  size_t rapid = 0;
  for (size_t i = 0; i < run->cases.count; i++) {
    rapid += seep_replay_case_is_rapid(&run->cases.items[i]);
  }
  size_t leaks = run->cases.count - rapid;
  if (leaks == 0) {
    fputs("no leak", stdout);
  } else {
    print_count(leaks, "leak", "leaks", "");
  }
  if (rapid > 0) {
    fputs(" and ", stdout);
    print_count(rapid, "case of rapid growth", "cases of rapid growth", "");
  }
  puts(" would have been called");
}

/* Evidence, where there is some, says how much it grew. */
static void print_because(const seep_replay_case *item, const char *seen, const char *because)
{
  char text[SEEP_REPLAY_SENTENCE_SIZE];
  if (item->evidence[0] == '\0') {
    printf("%s%s\n", because, seep_replay_reason(item, text, sizeof text));
    return;
  }
  printf("%s%s\n", seen, item->evidence);
  printf("%s%s\n", because, seep_replay_pace(item, text, sizeof text));
}

static void print_case(const seep_replay_case *item)
{
  char name[SEEP_OUTPUT_NAME_SIZE], time[SEEP_REPLAY_TIME_SIZE], bytes[SEEP_HUMAN_SIZE];
  printf("\n%s: %s (%" PRIu32 ")\n", seep_replay_case_is_rapid(item) ? "rapid growth" : "leak",
         seep_output_presentable(item->leak.image, true, name, sizeof name), item->lives[0].key.pid);
  printf("  called  %s, with %s committed\n", seep_replay_when(item->opened, time, sizeof time),
         seep_human_bytes(item->commit_bytes, bytes, sizeof bytes));
  print_because(item, "  seen    ", "  that is ");
  if (item->life_count > 1) {
    printf("  went on over %zu restart%s, at last as (%" PRIu32 ")\n", item->life_count - 1,
           item->life_count > 2 ? "s" : "", item->lives[item->life_count - 1].key.pid);
  }
  if (item->ending[0] != '\0') {
    printf("  over    %s: %s\n", seep_replay_when(item->closed, time, sizeof time), item->ending);
  } else {
    printf("  grown by %s when the input ends; the case is open\n",
           seep_human_bytes(item->leak.growth_bytes, bytes, sizeof bytes));
  }
}

/* ---- the system, handles ---- */

static void print_insert(const seep_alert *alert, const char *label)
{
  const char *text = seep_alert_insert(alert, label);
  char shown[SEEP_OUTPUT_NAME_SIZE];
  if (text != NULL) {
    printf("  %s: %s\n", label, seep_output_presentable(text, true, shown, sizeof shown));
  }
}

static void print_notice(const seep_replay_notice *notice)
{
  static const char *const labels[] = {"rate", "growth", "handles now", "time left", "evidence", "ending"};
  const seep_alert *alert = &notice->alert;
  char time[SEEP_REPLAY_TIME_SIZE], name[SEEP_OUTPUT_NAME_SIZE];
  const char *image = seep_alert_insert(alert, "image"), *pid = seep_alert_insert(alert, "pid");
  const char *what = image != NULL ? image : seep_alert_insert(alert, "what");
  bool over = alert->id == SEEP_ALERT_SYSTEM_GROWTH_OVER || alert->id == SEEP_ALERT_HANDLE_GROWTH_OVER;
  printf("\n%s: %s", image != NULL ? "handles" : "system",
         seep_output_presentable(what != NULL ? what : "-", true, name, sizeof name));
  if (image != NULL && pid != NULL) {
    printf(" (%s)", pid);
  }
  printf("\n  %s: %s\n",
         over            ? "over"
         : notice->again ? "told again"
                         : "called",
         seep_replay_when(notice->at, time, sizeof time));
  for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
    print_insert(alert, labels[i]);
  }
}

static void print_notices(const seep_replay_cases *cases)
{
  for (size_t i = 0; i < cases->notice_count; i++) {
    print_notice(&cases->notices[i]);
  }
  if (cases->notices_left_out > 0) {
    printf("\n%" PRIu64 " further events of the system and of handles are not shown\n",
           cases->notices_left_out);
  }
}

/* ---- why, and why not ---- */

static void print_verdicts(const seep_replay_run *run, size_t watched)
{
  char time[SEEP_REPLAY_TIME_SIZE];
  for (size_t i = 0; i < run->cases.count; i++) {
    const seep_replay_case *item = &run->cases.items[i];
    if (!seep_replay_case_is_of(item, watched)) {
      continue;
    }
    const char *what = seep_replay_case_is_rapid(item) ? "rapid growth" : "a leak";
    seep_replay_when(item->opened, time, sizeof time);
    if (seep_replay_case_is_since(item, watched)) {
      printf("  called %s %s\n", what, time);
      print_because(item, "    ", "    ");
    } else { /* it was not there when that was called */
      printf("  took over from (%" PRIu32 "), which was called %s %s\n", item->lives[0].key.pid, what, time);
    }
    if (item->ending[0] != '\0') {
      printf("    over %s: %s\n", seep_replay_when(item->closed, time, sizeof time), item->ending);
    }
  }
}

/* What it shows, or which test it failed. Returns out, which has room for SEEP_REPLAY_SENTENCE_SIZE. */
static const char *judgement(const seep_assessment *assessment, bool rapid, char *out)
{
  return assessment->failed != SEEP_TEST_PASSED
             ? seep_replay_why_not(assessment, rapid, out, SEEP_REPLAY_SENTENCE_SIZE)
             : seep_replay_evidence(assessment, out, SEEP_REPLAY_SENTENCE_SIZE);
}

static void print_judgement(const char *when, const seep_assessment *assessment, bool rapid)
{
  char text[SEEP_REPLAY_SENTENCE_SIZE];
  if (judgement(assessment, rapid, text)[0] != '\0') {
    printf("    %s%s\n", when, text);
  }
}

/* Where it came nearer than it was in the end. */
static void print_nearest(const seep_replay_near *near_to, const seep_assessment *end, bool rapid)
{
  char time[SEEP_REPLAY_TIME_SIZE], nearest[SEEP_REPLAY_SENTENCE_SIZE], said[SEEP_REPLAY_SENTENCE_SIZE];
  judgement(&near_to->assessment, rapid, nearest);
  if (strcmp(nearest, judgement(end, rapid, said)) != 0) {
    printf("    nearest to %s, %s: %s\n", rapid ? "rapid growth" : "a leak",
           seep_replay_when(near_to->at, time, sizeof time), nearest);
  }
}

static const char *level_words(seep_verdict_level level)
{
  switch (level) {
  case SEEP_LEVEL_SUSPECT:
    return "suspected, but not called";
  case SEEP_LEVEL_RAPID:
    return "rapid growth, not proven yet";
  case SEEP_LEVEL_LEAK:
    return "a leak";
  case SEEP_LEVEL_NONE:
  default:
    return "nothing to be called";
  }
}

/* What is called stays called for a while after its newest window no longer looks like it. */
static void print_explanation(const seep_replay_run *run, size_t watched)
{
  const seep_replay_watched *w = &run->watch.items[watched - 1];
  seep_verdict_level level = w->newest.level;
  printf("  %s: %s\n", w->ended ? "when it ended" : "when the input ends", level_words(level));
  print_judgement(level == SEEP_LEVEL_LEAK ? "its newest window alone: " : "", &w->newest.leak, false);
  if (level != SEEP_LEVEL_LEAK) {
    print_judgement(level == SEEP_LEVEL_RAPID ? "its newest window alone: " : "", &w->newest.rapid, true);
  }
  if (seep_replay_count_kind(run, watched, false) == 0) {
    print_nearest(&w->leak, &w->newest.leak, false);
  }
  if (seep_replay_count(run, watched) == 0) {
    print_nearest(&w->rapid, &w->newest.rapid, true);
  }
}

static void print_watched(const seep_replay_run *run, size_t watched)
{
  char name[SEEP_OUTPUT_NAME_SIZE], from[SEEP_REPLAY_TIME_SIZE], to[SEEP_REPLAY_TIME_SIZE],
      first[SEEP_HUMAN_SIZE], last[SEEP_HUMAN_SIZE];
  const seep_replay_watched *w = &run->watch.items[watched - 1];
  printf("\n%s (%" PRIu32 "): %s to %s, ", seep_output_presentable(w->name, true, name, sizeof name),
         w->key.pid, seep_replay_time(w->first.wall, from, sizeof from),
         seep_replay_time(w->last.wall, to, sizeof to));
  print_count(w->polls, "poll", "polls", ", ");
  printf("%s at first, %s at last\n", seep_human_bytes(w->first_bytes, first, sizeof first),
         seep_human_bytes(w->last_bytes, last, sizeof last));
  print_verdicts(run, watched);
  if (seep_settings_ignores(&run->settings, w->name)) {
    puts("  " SEEP_REPLAY_IGNORED);
  }
  if (w->explained) {
    print_explanation(run, watched);
  }
}

void seep_replay_print_text(const seep_replay_run *run, const char *explain)
{
  print_period(run);
  print_summary(run);
  print_system(&run->cases);
  for (size_t i = 0; i < run->cases.count; i++) {
    print_case(&run->cases.items[i]);
  }
  print_notices(&run->cases);
  if (explain == NULL) {
    return;
  }
  for (size_t i = 0; i < run->watch.count; i++) {
    print_watched(run, i + 1);
  }
  if (run->watch.left_out > 0) {
    printf("\n%" PRIu64 " further processes of that name are not shown\n", run->watch.left_out);
  }
}
