#include "replay_cases.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "judge/headroom.h"

bool seep_replay_case_is_rapid(const seep_replay_case *item)
{
  return strcmp(item->leak.verdict, "rapid") == 0;
}

bool seep_replay_case_is_of(const seep_replay_case *item, size_t watched)
{
  for (size_t i = 0; i < item->life_count; i++) {
    if (item->lives[i].watched == watched) {
      return true;
    }
  }
  return false;
}

bool seep_replay_case_is_since(const seep_replay_case *item, size_t watched)
{
  return item->lives[0].watched == watched;
}

/* ---- entries ---- */

/* Without creation times a process that came back under its PID has the same key: who looks at it knows. */
static bool add_life(seep_replay_case *item, seep_process_key key, size_t watched)
{
  void *lives = item->lives;
  seep_replay_life *last = item->life_count > 0 ? &item->lives[item->life_count - 1] : NULL;
  bool same = last != NULL && last->key.pid == key.pid && last->key.created == key.created;
  if (same && (watched == 0 || last->watched == 0 || watched == last->watched)) {
    last->watched = watched > 0 ? watched : last->watched;
    return true;
  }
  if (!seep_array_reserve(&lives, &item->life_capacity, item->life_count + 1, sizeof *item->lives)) {
    return false;
  }
  item->lives = lives;
  item->lives[item->life_count++] = (seep_replay_life){.key = key, .watched = watched};
  return true;
}

/* All that grow take from the same headroom. */
static double slopes_together(const seep_replay_cases *cases)
{
  double sum = 0;
  for (size_t i = 0; i < cases->count; i++) {
    sum += cases->items[i].ending[0] == '\0' ? cases->items[i].leak.slope_bytes_per_hour : 0.0;
  }
  return sum;
}

/* The case of this number has a new verdict. false: not enough memory, nothing has changed. */
static bool add_entry(seep_replay_cases *cases, const seep_store_leak *leak, const seep_replay_moment *moment)
{
  void *items = cases->items;
  if (!seep_array_reserve(&items, &cases->capacity, cases->count + 1, sizeof *cases->items)) {
    return false;
  }
  cases->items = items;
  seep_replay_case *item = &cases->items[cases->count];
  *item = (seep_replay_case){.leak = *leak,
                             .began = leak->began,
                             .opened = moment->now,
                             .slope_bytes_per_hour = leak->slope_bytes_per_hour,
                             .slope_low_bytes_per_hour = leak->slope_low_bytes_per_hour,
                             .slope_high_bytes_per_hour = leak->slope_high_bytes_per_hour,
                             .confidence = leak->confidence,
                             .growth_bytes = leak->growth_bytes,
                             .commit_bytes = leak->commit_bytes,
                             .grown_ms = moment->now.ms - leak->began.ms,
                             .headroom_known = moment->headroom_known,
                             .time_left_ms = SEEP_TIME_LEFT_UNKNOWN};
  if (!add_life(item, leak->key, moment->watched)) {
    return false;
  }
  cases->newest[leak->id - 1] = cases->count++;
  cases->untold = cases->count;
  item->together_bytes_per_hour = slopes_together(cases);
  if (moment->headroom_known) {
    item->time_left_ms = seep_headroom_time_left_ms(moment->headroom_bytes, item->together_bytes_per_hour);
  }
  return true;
}

static void close_entry(seep_replay_case *item, seep_wall now, const char *ending)
{
  item->closed = now;
  seep_text_copy(item->ending, sizeof item->ending, ending);
}

void seep_replay_cases_open(seep_replay_cases *cases, seep_store_leak *leak, const seep_replay_moment *moment)
{
  void *newest = cases->newest;
  if (!seep_array_reserve(&newest, &cases->case_capacity, cases->case_count + 1, sizeof *cases->newest)) {
    cases->no_memory = true;
    return;
  }
  cases->newest = newest;
  leak->id = (int64_t)cases->case_count + 1;
  if (!add_entry(cases, leak, moment)) {
    leak->id = 0;
    cases->no_memory = true;
    return;
  }
  cases->case_count++;
}

void seep_replay_cases_update(seep_replay_cases *cases, const seep_store_leak *leak,
                              const seep_replay_moment *moment)
{
  if (leak->id <= 0 || (uint64_t)leak->id > cases->case_count) {
    return; /* there was no memory for it */
  }
  size_t at = cases->newest[leak->id - 1];
  if (strcmp(cases->items[at].leak.verdict, leak->verdict) != 0) {
    close_entry(&cases->items[at], moment->now, "it was confirmed as a leak");
    cases->no_memory = !add_entry(cases, leak, moment) || cases->no_memory;
    at = cases->newest[leak->id - 1];
  }
  seep_replay_case *item = &cases->items[at];
  cases->no_memory = !add_life(item, leak->key, moment->watched) || cases->no_memory;
  item->leak = *leak;
  if (leak->ending[0] != '\0') {
    close_entry(item, leak->closed, leak->ending);
  }
}

/* ---- alerts ---- */

static bool same_insert(const seep_alert *a, const seep_alert *b, const char *label)
{
  const char *in_a = seep_alert_insert(a, label), *in_b = seep_alert_insert(b, label);
  return in_a == NULL || in_b == NULL ? in_a == in_b : strcmp(in_a, in_b) == 0;
}

static bool is_of_the_system(const seep_alert *alert)
{
  return alert->id == SEEP_ALERT_SYSTEM_GROWTH || alert->id == SEEP_ALERT_SYSTEM_GROWTH_OVER;
}

static bool same_subject(const seep_alert *a, const seep_alert *b)
{
  return is_of_the_system(a) == is_of_the_system(b) && same_insert(a, b, "what") &&
         same_insert(a, b, "image") && same_insert(a, b, "pid") && same_insert(a, b, "created");
}

/* The newest one about the same decides: an end makes the next one new. */
static bool is_told_again(const seep_replay_cases *cases, const seep_alert *alert)
{
  for (size_t i = cases->notice_count; i > 0; i--) {
    const seep_alert *before = &cases->notices[i - 1].alert;
    if (same_subject(before, alert)) {
      return before->id == alert->id;
    }
  }
  return false;
}

static void keep_notice(seep_replay_cases *cases, const seep_alert *alert, seep_wall now)
{
  void *notices = cases->notices;
  if (cases->notice_count == SEEP_REPLAY_NOTICES_MAXIMUM) {
    cases->notices_left_out++;
    return;
  }
  if (!seep_array_reserve(&notices, &cases->notice_capacity, cases->notice_count + 1,
                          sizeof *cases->notices)) {
    cases->no_memory = true;
    return;
  }
  cases->notices = notices;
  bool again = is_told_again(cases, alert);
  cases->notices[cases->notice_count++] = (seep_replay_notice){.at = now, .again = again, .alert = *alert};
}

void seep_replay_cases_alert(seep_replay_cases *cases, const seep_alert *alert, seep_wall now)
{
  const char *evidence;
  switch (alert->id) {
  case SEEP_ALERT_LEAK_FOUND:
  case SEEP_ALERT_RAPID_GROWTH:
    evidence = seep_alert_insert(alert, "evidence");
    if (cases->untold > 0 && evidence != NULL) {
      seep_replay_case *item = &cases->items[cases->untold - 1];
      seep_text_copy(item->evidence, sizeof item->evidence, evidence);
    }
    cases->untold = 0;
    break;
  case SEEP_ALERT_SYSTEM_GROWTH:
  case SEEP_ALERT_SYSTEM_GROWTH_OVER:
  case SEEP_ALERT_HANDLE_GROWTH:
  case SEEP_ALERT_HANDLE_GROWTH_OVER:
    keep_notice(cases, alert, now);
    break;
  default:
    break;
  }
}

void seep_replay_cases_fini(seep_replay_cases *cases)
{
  for (size_t i = 0; i < cases->count; i++) {
    free(cases->items[i].lives);
  }
  free(cases->items);
  free(cases->newest);
  free(cases->notices);
}
