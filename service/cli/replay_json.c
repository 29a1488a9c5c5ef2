#include "replay_json.h"

#include <float.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "base/text.h"
#include "judge/headroom.h"
#include "output.h"
#include "replay_words.h"
#include "report/explanation.h"

/* ---- members ---- */

static bool add_created(cJSON *object, seep_process_key key)
{
  seep_wall created;
  return seep_replay_run_created(key, &created) ? seep_output_add_seconds(object, "created_s", created.ms)
                                                : cJSON_AddNullToObject(object, "created_s") != NULL;
}

static bool add_null(cJSON *object, const char *key)
{
  return cJSON_AddNullToObject(object, key) != NULL;
}

/* JSON knows no infinity, and nothing that is no number. */
static bool add_digits(cJSON *object, const char *key, double value, const char *digits)
{
  return (value >= -DBL_MAX && value <= DBL_MAX ? cJSON_AddRawToObject(object, key, digits)
                                                : cJSON_AddNullToObject(object, key)) != NULL;
}

/* Bytes, and rates in whole bytes: more digits would say nothing. */
static bool add_whole(cJSON *object, const char *key, double value)
{
  char digits[400];
  snprintf(digits, sizeof digits, "%.0f", value);
  return add_digits(object, key, value, digits);
}

static bool add_share(cJSON *object, const char *key, double value)
{
  char digits[400];
  snprintf(digits, sizeof digits, "%.2f", value);
  return add_digits(object, key, value, digits);
}

static bool add_measure(cJSON *object, const char *key, double value)
{
  char digits[32];
  snprintf(digits, sizeof digits, "%.9g", value);
  return add_digits(object, key, value, digits);
}

static bool add_seconds_or_null(cJSON *object, const char *key, bool known, int64_t ms)
{
  return known ? seep_output_add_seconds(object, key, ms) : add_null(object, key);
}

/* Takes the item over; false when that, or the item itself, failed for memory. */
static bool add_item(cJSON *list, cJSON *item)
{
  if (item == NULL || !cJSON_AddItemToArray(list, item)) {
    cJSON_Delete(item);
    return false;
  }
  return true;
}

static cJSON *keep_if(cJSON *object, bool ok)
{
  if (!ok) {
    cJSON_Delete(object);
    object = NULL;
  }
  return object;
}

/* ---- verdicts ---- */

/* All processes that the case was about, each PID once. */
static bool add_pids(cJSON *object, const seep_replay_case *item)
{
  cJSON *list = cJSON_AddArrayToObject(object, "pids");
  bool ok = list != NULL;
  for (size_t i = 0; ok && i < item->life_count; i++) {
    size_t before = 0;
    while (item->lives[before].key.pid != item->lives[i].key.pid) {
      before++;
    }
    ok = before < i || add_item(list, cJSON_CreateNumber(item->lives[i].key.pid));
  }
  return ok;
}

/* Both ends 0: not known. */
static bool add_slope_range(cJSON *object, double low, double high)
{
  bool known = low != 0 || high != 0;
  return (known ? add_whole(object, "slope_low_bytes_per_hour", low)
                : add_null(object, "slope_low_bytes_per_hour")) &&
         (known ? add_whole(object, "slope_high_bytes_per_hour", high)
                : add_null(object, "slope_high_bytes_per_hour"));
}

static cJSON *case_json(const seep_replay_case *item)
{
  char reason[SEEP_REPLAY_SENTENCE_SIZE];
  const seep_store_leak *leak = &item->leak;
  cJSON *object = cJSON_CreateObject();
  bool closed = item->ending[0] != '\0';
  bool time_left = item->headroom_known && item->time_left_ms != SEEP_TIME_LEFT_UNKNOWN;
  bool ok =
      object != NULL && seep_output_add_text(object, "process", leak->image) &&
      seep_output_add_u64(object, "pid", item->lives[0].key.pid) && add_pids(object, item) &&
      add_created(object, item->lives[0].key) &&
      cJSON_AddStringToObject(object, "kind", seep_replay_case_is_rapid(item) ? "rapid" : "leak") != NULL &&
      seep_output_add_seconds(object, "began_s", item->began.ms) &&
      seep_output_add_seconds(object, "opened_s", item->opened.ms) &&
      add_whole(object, "slope_bytes_per_hour", item->slope_bytes_per_hour) &&
      add_slope_range(object, item->slope_low_bytes_per_hour, item->slope_high_bytes_per_hour) &&
      seep_output_add_u64(object, "growth_bytes", item->growth_bytes) &&
      seep_output_add_u64(object, "commit_bytes", item->commit_bytes) &&
      add_share(object, "confidence", item->confidence) &&
      add_seconds_or_null(object, "time_left_s", time_left, item->time_left_ms) &&
      cJSON_AddStringToObject(object, "reason", seep_replay_reason(item, reason, sizeof reason)) != NULL &&
      seep_output_add_text_or_null(object, "evidence", item->evidence) &&
      add_whole(object, "last_slope_bytes_per_hour", leak->slope_bytes_per_hour) &&
      seep_output_add_u64(object, "last_growth_bytes", leak->growth_bytes) &&
      add_seconds_or_null(object, "closed_s", closed, item->closed.ms) &&
      seep_output_add_text_or_null(object, "ending", item->ending);
  return keep_if(object, ok);
}

static bool add_cases(cJSON *document, const seep_replay_run *run)
{
  cJSON *list = cJSON_AddArrayToObject(document, "leaks");
  bool ok = list != NULL;
  for (size_t i = 0; ok && i < run->cases.count; i++) {
    ok = add_item(list, case_json(&run->cases.items[i]));
  }
  return ok;
}

/* ---- the system, handles ---- */

/* Inserts as they read in the event; null: the event has no such one. */
static cJSON *notice_json(const seep_replay_notice *notice)
{
  static const char *const keys[] = {"what",   "process",   "pid",      "rate",   "growth",
                                     "ending", "time_left", "evidence", "handles"};
  static const char *const labels[] = {"what",   "image",     "pid",      "rate",       "growth",
                                       "ending", "time left", "evidence", "handles now"};
  cJSON *object = cJSON_CreateObject();
  bool ok = object != NULL && seep_output_add_u64(object, "id", notice->alert.id) &&
            seep_output_add_seconds(object, "at_s", notice->at.ms) &&
            cJSON_AddBoolToObject(object, "again", notice->again) != NULL;
  for (size_t i = 0; ok && i < sizeof keys / sizeof keys[0]; i++) {
    const char *text = seep_alert_insert(&notice->alert, labels[i]);
    ok = seep_output_add_text_or_null(object, keys[i], text != NULL ? text : "");
  }
  return keep_if(object, ok);
}

static bool add_notices(cJSON *document, const seep_replay_cases *cases)
{
  cJSON *list = cJSON_AddArrayToObject(document, "system");
  bool ok = list != NULL && seep_output_add_u64(document, "system_left_out", cases->notices_left_out);
  for (size_t i = 0; ok && i < cases->notice_count; i++) {
    ok = add_item(list, notice_json(&cases->notices[i]));
  }
  return ok;
}

/* ---- why, and why not ---- */

/* at NULL: of the end. */
static bool add_assessment(cJSON *document, const char *key, const seep_assessment *assessment, bool rapid,
                           const seep_wall *at)
{
  char text[SEEP_REPLAY_SENTENCE_SIZE];
  const seep_shape *shape = &assessment->shape;
  cJSON *object = cJSON_AddObjectToObject(document, key);
  bool passed = assessment->failed == SEEP_TEST_PASSED;
  return object != NULL && (at == NULL || seep_output_add_seconds(object, "at_s", at->ms)) &&
         seep_output_add_text_or_null(object, "failed",
                                      passed ? "" : seep_explanation_test_name(assessment->failed)) &&
         (passed ? add_null(object, "measured") : add_measure(object, "measured", assessment->measured)) &&
         (passed ? add_null(object, "needed") : add_measure(object, "needed", assessment->needed)) &&
         seep_output_add_text_or_null(object, "why_not",
                                      seep_replay_why_not(assessment, rapid, text, sizeof text)) &&
         seep_output_add_seconds(object, "window_s", shape->window_ms) &&
         add_whole(object, "rise_bytes", shape->rise) &&
         add_whole(object, "slope_bytes_per_hour", shape->slope_per_hour) &&
         seep_output_add_text_or_null(object, "evidence",
                                      seep_replay_evidence(assessment, text, sizeof text));
}

static bool add_explanation(cJSON *object, const seep_replay_watched *w)
{
  if (!w->explained) {
    return add_null(object, "at_end") && add_null(object, "nearest_leak") &&
           add_null(object, "nearest_rapid");
  }
  cJSON *end = cJSON_AddObjectToObject(object, "at_end");
  return end != NULL && seep_output_add_text(end, "level", seep_replay_level(w->newest.level)) &&
         seep_output_add_seconds(end, "watched_s", w->newest.watched_ms) &&
         add_assessment(end, "leak", &w->newest.leak, false, NULL) &&
         add_assessment(end, "rapid", &w->newest.rapid, true, NULL) &&
         add_assessment(object, "nearest_leak", &w->leak.assessment, false, &w->leak.at) &&
         add_assessment(object, "nearest_rapid", &w->rapid.assessment, true, &w->rapid.at);
}

/* What counts at all for this image. */
static bool add_needed(cJSON *object, const seep_settings *settings, const char *image)
{
  const seep_settings_image *own = seep_settings_image_of(settings, image);
  return seep_output_add_u64(object, "needed_growth_bytes",
                             own != NULL ? own->minimum_growth_bytes
                                         : settings->detector_minimum_growth_bytes) &&
         seep_output_add_u64(object, "needed_slope_bytes_per_hour",
                             own != NULL ? own->minimum_slope_bytes_per_hour
                                         : settings->detector_minimum_slope_bytes_per_hour);
}

static cJSON *watched_json(const seep_replay_run *run, size_t watched)
{
  char text[SEEP_REPLAY_SENTENCE_SIZE] = "";
  const seep_replay_watched *w = &run->watch.items[watched - 1];
  const seep_shape *shape = &w->leak.assessment.shape;
  size_t verdicts = seep_replay_count(run, watched);
  cJSON *object = cJSON_CreateObject();
  if (verdicts == 0 && seep_settings_ignores(&run->settings, w->name)) {
    seep_text_copy(text, sizeof text, SEEP_REPLAY_IGNORED);
  } else if (verdicts == 0 && w->explained) {
    seep_replay_why_not(&w->leak.assessment, false, text, sizeof text);
  }
  bool ok = object != NULL && seep_output_add_text(object, "process", w->name) &&
            seep_output_add_u64(object, "pid", w->key.pid) && add_created(object, w->key) &&
            seep_output_add_seconds(object, "from_s", w->first.wall.ms) &&
            seep_output_add_seconds(object, "to_s", w->last.wall.ms) &&
            cJSON_AddBoolToObject(object, "ended", w->ended) != NULL &&
            seep_output_add_u64(object, "polls", w->polls) &&
            seep_output_add_u64(object, "first_bytes", w->first_bytes) &&
            seep_output_add_u64(object, "last_bytes", w->last_bytes) &&
            seep_output_add_u64(object, "verdicts", verdicts) &&
            add_whole(object, "window_growth_bytes", shape->rise) &&
            add_whole(object, "window_slope_bytes_per_hour", shape->slope_per_hour) &&
            add_needed(object, &run->settings, w->name) &&
            seep_output_add_text_or_null(object, "not_called", text) && add_explanation(object, w);
  return keep_if(object, ok);
}

static bool add_watched(cJSON *document, const seep_replay_watch *watch, const seep_replay_run *run)
{
  cJSON *list = cJSON_AddArrayToObject(document, "explained");
  bool ok = list != NULL && seep_output_add_u64(document, "explained_left_out", watch->left_out);
  for (size_t i = 0; ok && i < watch->count; i++) {
    ok = add_item(list, watched_json(run, i + 1));
  }
  return ok;
}

/* ---- the document ---- */

/* null: the system's own figures, poll by poll. */
static bool add_headroom(cJSON *document, const seep_replay_run *run)
{
  bool assumed = run->polls_assumed > 0;
  const uint64_t *given = run->options.headroom;
  return (given != NULL || assumed ? seep_output_add_u64(document, "headroom_bytes",
                                                         given != NULL ? *given : SEEP_REPLAY_HEADROOM_BYTES)
                                   : add_null(document, "headroom_bytes")) &&
         cJSON_AddBoolToObject(document, "headroom_assumed", assumed) != NULL;
}

bool seep_replay_json(const seep_replay_run *run, uint64_t skipped, const char *explain)
{
  cJSON *document = cJSON_CreateObject();
  bool any = run->polls > 0;
  bool ok =
      document != NULL && seep_output_add_u64(document, "series", run->series) &&
      seep_output_add_u64(document, "samples", run->samples) &&
      seep_output_add_u64(document, "polls", run->polls) &&
      add_seconds_or_null(document, "from_s", any, run->first.wall.ms) &&
      add_seconds_or_null(document, "to_s", any, run->last.wall.ms) &&
      seep_output_add_seconds(document, "running_s", seep_mono_since(run->last.mono, run->first.mono)) &&
      seep_output_add_u64(document, "skipped_rows", skipped) &&
      seep_output_add_u64(document, "pid_0_rows", run->pid_0) && add_headroom(document, run) &&
      add_cases(document, run) && add_notices(document, &run->cases) &&
      (explain == NULL || add_watched(document, &run->watch, run)) && seep_output_json(document);
  cJSON_Delete(document);
  if (ok) {
    putchar('\n');
  }
  return ok;
}
