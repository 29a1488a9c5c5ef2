#include "replay_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/text.h"
#include "judge/headroom.h"
#include "output.h"
#include "report/human.h"

#define SENTENCE_SIZE 640
/* Times before 1971 are taken for seconds since a beginning of the input's own. */
#define NAMED_FROM_MS (365 * SEEP_MS_PER_DAY)

/* ---- sentences ---- */

/* "2026-03-01 00:10" or "at 2 h 5 min". Returns out. */
static const char *time_text(seep_wall wall, char *out, size_t out_size)
{
  char duration[SEEP_HUMAN_SIZE];
  if (wall.ms >= NAMED_FROM_MS) {
    return seep_output_minute(wall, out, out_size);
  }
  if (wall.ms < 0) {
    snprintf(out, out_size, "%" PRId64 " s", wall.ms / SEEP_MS_PER_SECOND);
  } else {
    snprintf(out, out_size, "at %s", seep_human_duration(wall.ms, duration, sizeof duration));
  }
  return out;
}

static void write_time_left(const seep_replay_case *item, seep_writer *writer)
{
  char duration[SEEP_HUMAN_SIZE];
  if (!item->headroom_known) {
    seep_writer_text(writer, "time to exhaustion is not known: the input has no system figures "
                             "(--headroom-bytes)");
  } else if (item->time_left_ms == SEEP_TIME_LEFT_UNKNOWN) {
    seep_writer_text(writer, "at this rate the commit limit is more than ten years away");
  } else {
    seep_writer_format(writer, "at this rate the commit limit is reached in %s",
                       seep_human_duration(item->time_left_ms, duration, sizeof duration));
  }
}

/* Why it was called, from what the verdict says of itself. Returns out. */
static const char *reason_text(const seep_replay_case *item, char *out, size_t out_size)
{
  char bytes[SEEP_HUMAN_SIZE], rate[SEEP_HUMAN_SIZE], duration[SEEP_HUMAN_SIZE];
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  seep_writer_format(&writer,
                     "in %s it grew by %s and gave none of that back, %s, evenly (confidence %.2f); ",
                     seep_human_duration(item->grown_ms, duration, sizeof duration),
                     seep_human_bytes(item->growth_bytes, bytes, sizeof bytes),
                     seep_human_rate(item->slope_bytes_per_hour, rate, sizeof rate), item->confidence);
  write_time_left(item, &writer);
  return out;
}

static bool is_case_of(const seep_replay_run *run, size_t i, const seep_replay_watched *watched)
{
  return run->cases[i].watched > 0 && &run->watch.items[run->cases[i].watched - 1] == watched;
}

static size_t count_cases(const seep_replay_run *run, const seep_replay_watched *watched)
{
  size_t count = 0;
  for (size_t i = 0; i < run->case_count; i++) {
    count += is_case_of(run, i, watched);
  }
  return count;
}

static void write_too_early(const seep_replay_watched *w, const seep_settings *settings, seep_writer *writer)
{
  char window[SEEP_HUMAN_SIZE], start_up[SEEP_HUMAN_SIZE];
  seep_writer_format(writer,
                     "not called: it was not seen long enough; a window of %s is needed, after the first %s, "
                     "which are left out, and it had %u of %d parts of it",
                     seep_human_duration(settings->detector_window_ms, window, sizeof window),
                     seep_human_duration(settings->detector_start_up_ms, start_up, sizeof start_up), w->parts,
                     SEEP_DETECTOR_BUCKETS);
}

/* Why nothing was called, as far as growth and rate tell. */
static const char *not_called_text(const seep_replay_watched *w, const seep_settings *settings, char *out,
                                   size_t out_size)
{
  char bytes[SEEP_HUMAN_SIZE], rate[SEEP_HUMAN_SIZE], window[SEEP_HUMAN_SIZE], needed[SEEP_HUMAN_SIZE],
      needed_rate[SEEP_HUMAN_SIZE];
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  if (w->parts < SEEP_DETECTOR_BUCKETS && w->best_growth_bytes == 0) {
    write_too_early(w, settings, &writer);
    return out;
  }
  seep_writer_format(&writer, "not called: in a window of %s it grew by %s at most, %s; it needs %s and %s",
                     seep_human_duration(settings->detector_window_ms, window, sizeof window),
                     seep_human_bytes(w->best_growth_bytes, bytes, sizeof bytes),
                     seep_human_rate(w->best_slope_bytes_per_hour, rate, sizeof rate),
                     seep_human_bytes(settings->detector_minimum_growth_bytes, needed, sizeof needed),
                     seep_human_rate((double)settings->detector_minimum_slope_bytes_per_hour, needed_rate,
                                     sizeof needed_rate));
  if (w->best_growth_bytes >= settings->detector_minimum_growth_bytes &&
      w->best_slope_bytes_per_hour >= (double)settings->detector_minimum_slope_bytes_per_hour) {
    seep_writer_text(&writer, ", and that evenly, without fading and above what it ever held before, which "
                              "this was not");
  }
  return out;
}

/* ---- JSON ---- */

static bool add_created(cJSON *object, seep_process_key key)
{
  seep_wall created;
  return seep_replay_run_created(key, &created) ? seep_output_add_seconds(object, "created_s", created.ms)
                                                : cJSON_AddNullToObject(object, "created_s") != NULL;
}

/* A rate in whole bytes: more digits would say nothing. */
static bool add_rate(cJSON *object, const char *key, double bytes_per_hour)
{
  char digits[64];
  snprintf(digits, sizeof digits, "%.0f", bytes_per_hour);
  return cJSON_AddRawToObject(object, key, digits) != NULL;
}

static bool add_seconds_or_null(cJSON *object, const char *key, bool known, int64_t ms)
{
  return known ? seep_output_add_seconds(object, key, ms) : cJSON_AddNullToObject(object, key) != NULL;
}

static cJSON *case_json(const seep_replay_case *item)
{
  char reason[SENTENCE_SIZE], confidence[16];
  const seep_store_leak *leak = &item->leak;
  cJSON *object = cJSON_CreateObject();
  snprintf(confidence, sizeof confidence, "%.2f", item->confidence);
  bool time_left = item->headroom_known && item->time_left_ms != SEEP_TIME_LEFT_UNKNOWN;
  bool ok = object != NULL && seep_output_add_text(object, "process", leak->image) &&
            seep_output_add_u64(object, "pid", leak->key.pid) && add_created(object, leak->key) &&
            cJSON_AddStringToObject(object, "kind", "leak") != NULL &&
            seep_output_add_seconds(object, "began_s", leak->began.ms) &&
            seep_output_add_seconds(object, "opened_s", leak->opened.ms) &&
            add_rate(object, "slope_bytes_per_hour", item->slope_bytes_per_hour) &&
            seep_output_add_u64(object, "growth_bytes", item->growth_bytes) &&
            seep_output_add_u64(object, "commit_bytes", item->commit_bytes) &&
            cJSON_AddRawToObject(object, "confidence", confidence) != NULL &&
            add_seconds_or_null(object, "time_left_s", time_left, item->time_left_ms) &&
            cJSON_AddStringToObject(object, "reason", reason_text(item, reason, sizeof reason)) != NULL &&
            add_rate(object, "last_slope_bytes_per_hour", leak->slope_bytes_per_hour) &&
            seep_output_add_u64(object, "last_growth_bytes", leak->growth_bytes) &&
            add_seconds_or_null(object, "closed_s", item->closed, leak->closed.ms) &&
            seep_output_add_text_or_null(object, "ending", leak->ending);
  if (!ok) {
    cJSON_Delete(object);
    object = NULL;
  }
  return object;
}

static cJSON *watched_json(const seep_replay_run *run, const seep_replay_watched *w)
{
  char text[SENTENCE_SIZE] = "";
  const seep_settings *settings = &run->settings;
  size_t verdicts = count_cases(run, w);
  cJSON *object = cJSON_CreateObject();
  if (verdicts == 0) {
    not_called_text(w, settings, text, sizeof text);
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
            seep_output_add_u64(object, "window_growth_bytes", w->best_growth_bytes) &&
            add_rate(object, "window_slope_bytes_per_hour", w->best_slope_bytes_per_hour) &&
            seep_output_add_u64(object, "needed_growth_bytes", settings->detector_minimum_growth_bytes) &&
            seep_output_add_u64(object, "needed_slope_bytes_per_hour",
                                settings->detector_minimum_slope_bytes_per_hour) &&
            seep_output_add_text_or_null(object, "not_called", text);
  if (!ok) {
    cJSON_Delete(object);
    object = NULL;
  }
  return object;
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

static bool add_lists(cJSON *document, const seep_replay_run *run, const char *explain)
{
  cJSON *list = cJSON_AddArrayToObject(document, "leaks");
  bool ok = list != NULL;
  for (size_t i = 0; ok && i < run->case_count; i++) {
    ok = add_item(list, case_json(&run->cases[i]));
  }
  if (!ok || explain == NULL) {
    return ok;
  }
  list = cJSON_AddArrayToObject(document, "explained");
  ok = list != NULL && seep_output_add_u64(document, "explained_left_out", run->watch.left_out);
  for (size_t i = 0; ok && i < run->watch.count; i++) {
    ok = add_item(list, watched_json(run, &run->watch.items[i]));
  }
  return ok;
}

bool seep_replay_print_json(const seep_replay_run *run, uint64_t skipped, const char *explain)
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
      seep_output_add_u64(document, "pid_0_rows", run->pid_0) && add_lists(document, run, explain) &&
      seep_output_json(document);
  cJSON_Delete(document);
  if (ok) {
    putchar('\n');
  }
  return ok;
}

/* ---- for people ---- */

static void print_count(uint64_t count, const char *one, const char *many, const char *behind)
{
  printf("%" PRIu64 " %s%s", count, count == 1 ? one : many, behind);
}

static void print_period(const seep_replay_run *run)
{
  char from[SEEP_HUMAN_SIZE + 8], to[SEEP_HUMAN_SIZE + 8], duration[SEEP_HUMAN_SIZE];
  if (run->polls > 0) {
    printf("%s to %s, %s of running time\n", time_text(run->first.wall, from, sizeof from),
           time_text(run->last.wall, to, sizeof to),
           seep_human_duration(seep_mono_since(run->last.mono, run->first.mono), duration, sizeof duration));
  }
  print_count(run->series, "process", "processes", ", ");
  print_count(run->polls, "poll", "polls", ", ");
  print_count(run->samples, "sample", "samples", "\n");
  if (run->pid_0 > 0) {
    printf("%" PRIu64 " rows of PID 0 are left out: the idle process commits nothing\n", run->pid_0);
  }
}

static void print_case(const seep_replay_case *item)
{
  char name[SEEP_OUTPUT_NAME_SIZE], text[SENTENCE_SIZE], time[SEEP_HUMAN_SIZE + 8], bytes[SEEP_HUMAN_SIZE];
  const seep_store_leak *leak = &item->leak;
  printf("\nleak: %s (%" PRIu32 ")\n", seep_output_presentable(leak->image, true, name, sizeof name),
         leak->key.pid);
  printf("  called  %s, with %s committed\n", time_text(leak->opened, time, sizeof time),
         seep_human_bytes(item->commit_bytes, bytes, sizeof bytes));
  printf("  because %s\n", reason_text(item, text, sizeof text));
  if (item->closed) {
    printf("  over    %s: %s\n", time_text(leak->closed, time, sizeof time), leak->ending);
  } else {
    printf("  grown by %s when the input ends; the case is open\n",
           seep_human_bytes(leak->growth_bytes, bytes, sizeof bytes));
  }
}

static void print_watched(const seep_replay_run *run, const seep_replay_watched *w)
{
  char name[SEEP_OUTPUT_NAME_SIZE], text[SENTENCE_SIZE], from[SEEP_HUMAN_SIZE + 8], to[SEEP_HUMAN_SIZE + 8],
      first[SEEP_HUMAN_SIZE], last[SEEP_HUMAN_SIZE];
  printf("\n%s (%" PRIu32 "): %s to %s, %" PRIu64 " polls, %s at first, %s at last\n",
         seep_output_presentable(w->name, true, name, sizeof name), w->key.pid,
         time_text(w->first.wall, from, sizeof from), time_text(w->last.wall, to, sizeof to), w->polls,
         seep_human_bytes(w->first_bytes, first, sizeof first),
         seep_human_bytes(w->last_bytes, last, sizeof last));
  if (count_cases(run, w) == 0) {
    printf("  %s\n", not_called_text(w, &run->settings, text, sizeof text));
  }
  for (size_t i = 0; i < run->case_count; i++) {
    const seep_replay_case *item = &run->cases[i];
    if (is_case_of(run, i, w)) {
      printf("  called %s: %s\n", time_text(item->leak.opened, from, sizeof from),
             reason_text(item, text, sizeof text));
      if (item->closed) {
        printf("  over %s: %s\n", time_text(item->leak.closed, to, sizeof to), item->leak.ending);
      }
    }
  }
}

void seep_replay_print_text(const seep_replay_run *run, const char *explain)
{
  print_period(run);
  if (run->case_count == 0) {
    puts("no leak would have been called");
  } else {
    print_count(run->case_count, "leak", "leaks", " would have been called\n");
  }
  for (size_t i = 0; i < run->case_count; i++) {
    print_case(&run->cases[i]);
  }
  if (explain == NULL) {
    return;
  }
  for (size_t i = 0; i < run->watch.count; i++) {
    print_watched(run, &run->watch.items[i]);
  }
  if (run->watch.left_out > 0) {
    printf("\n%" PRIu64 " further processes of that name are not shown\n", run->watch.left_out);
  }
}
