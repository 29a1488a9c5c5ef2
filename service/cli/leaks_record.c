#include "leaks_record.h"

#include "capture_answer.h"
#include "capture_record.h"
#include "event_print.h"
#include "output.h"

const char seep_leaks_record_columns[] =
    "id,process,pid,created,began,opened,closed,slope_bytes_per_hour,growth_bytes,commit_bytes,confidence,"
    "kind,ending,verdict,slope_low_bytes_per_hour,slope_high_bytes_per_hour,kind_confidence,kind_reason,"
    "services,evidence,times_told,told,told_because,time_left_s,system_commit_bytes,system_limit_bytes";

/* ---- the case ---- */

static bool add_number_if(cJSON *object, const char *key, bool known, double value)
{
  return (known ? cJSON_AddNumberToObject(object, key, value) : cJSON_AddNullToObject(object, key)) != NULL;
}

/* What every version knew. */
static bool add_case(cJSON *object, const seep_store_leak *leak)
{
  /* Both 0: nobody knew them. */
  const bool limits = leak->slope_low_bytes_per_hour != 0 || leak->slope_high_bytes_per_hour != 0;
  return seep_output_add_u64(object, "id", (uint64_t)leak->id) &&
         seep_output_add_process(object, leak->key, leak->image) &&
         seep_output_add_wall_or_null(object, "began", leak->began) &&
         seep_output_add_wall_or_null(object, "opened", leak->opened) &&
         seep_output_add_wall_or_null(object, "closed", leak->closed) &&
         cJSON_AddNumberToObject(object, "slope_bytes_per_hour", leak->slope_bytes_per_hour) != NULL &&
         seep_output_add_u64(object, "growth_bytes", leak->growth_bytes) &&
         seep_output_add_u64(object, "commit_bytes", leak->commit_bytes) &&
         cJSON_AddNumberToObject(object, "confidence", leak->confidence) != NULL &&
         seep_output_add_text_or_null(object, "kind", leak->kind) &&
         seep_output_add_text_or_null(object, "ending", leak->ending) &&
         seep_output_add_text(object, "verdict", leak->verdict) &&
         add_number_if(object, "slope_low_bytes_per_hour", limits, leak->slope_low_bytes_per_hour) &&
         add_number_if(object, "slope_high_bytes_per_hour", limits, leak->slope_high_bytes_per_hour);
}

static bool add_findings(cJSON *object, const seep_store_leak *leak)
{
  return add_number_if(object, "kind_confidence", leak->kind_confidence != 0, leak->kind_confidence) &&
         seep_output_add_text_or_null(object, "kind_reason", leak->kind_reason) &&
         seep_output_add_text_or_null(object, "services", leak->services) &&
         seep_output_add_text_or_null(object, "evidence", leak->evidence);
}

static bool add_telling(cJSON *object, const seep_store_leak *leak, const char *times, const char *last,
                        const char *because)
{
  return seep_output_add_u64(object, times, leak->times_told) &&
         seep_output_add_wall_or_null(object, last, leak->told) &&
         seep_output_add_text_or_null(object, because, leak->told_because);
}

static bool add_told(cJSON *object, const seep_store_leak *leak)
{
  cJSON *told = cJSON_AddObjectToObject(object, "told");
  return told != NULL && add_telling(told, leak, "times", "last", "because");
}

/* As it was when it was told last. */
static bool add_headroom(cJSON *object, const seep_store_leak *leak)
{
  static const char left[] = "time_left_s";
  const int64_t left_ms = seep_leaks_time_left_ms(leak);
  return (left_ms >= 0 ? seep_output_add_seconds(object, left, left_ms)
                       : cJSON_AddNullToObject(object, left) != NULL) &&
         seep_output_add_u64_if(object, "system_commit_bytes", leak->system_commit_bytes > 0,
                                leak->system_commit_bytes) &&
         seep_output_add_u64_if(object, "system_limit_bytes", leak->system_limit_bytes > 0,
                                leak->system_limit_bytes);
}

bool seep_leaks_record_fill_row(cJSON *object, const seep_store_leak *leak)
{
  return add_case(object, leak) && add_findings(object, leak) &&
         add_telling(object, leak, "times_told", "told", "told_because") && add_headroom(object, leak);
}

/* ---- what belongs to it ---- */

static bool add_alerts(cJSON *object, const seep_leaks_fact *fact)
{
  cJSON *list = cJSON_AddArrayToObject(object, "alerts");
  bool ok = list != NULL;
  for (size_t i = 0; ok && i < fact->alert_count; i++) {
    const seep_store_event *alert = &fact->alerts[i];
    cJSON *item = seep_output_append_object(list);
    ok = item != NULL && seep_output_add_u64(item, "id", (uint64_t)alert->id) &&
         seep_output_add_wall_or_null(item, "time", alert->wall) &&
         seep_output_add_u64(item, "event", alert->event) &&
         seep_output_add_text(item, "level", alert->level) && seep_output_add_text(item, "text", alert->text);
  }
  return ok;
}

static bool add_captures(cJSON *object, const seep_leaks_fact *fact)
{
  cJSON *list = cJSON_AddArrayToObject(object, "captures");
  bool ok = list != NULL;
  for (size_t i = 0; ok && i < fact->capture_count; i++) {
    cJSON *item = seep_output_append_object(list);
    const seep_leaks_recording *recording = &fact->captures[i];
    ok = item != NULL && seep_capture_record_fill(item, &recording->capture) &&
         seep_capture_answer_add(item, recording->answer.capture_id != 0 ? &recording->answer : NULL);
  }
  return ok;
}

static bool add_naming(cJSON *item, const seep_leaks_naming *naming)
{
  const seep_wall came = naming->came != 0 ? seep_wall_from_filetime(naming->came) : (seep_wall){0};
  const bool system = naming->has_system;
  return seep_output_add_u64(item, "id", (uint64_t)naming->id) &&
         seep_output_add_wall_or_null(item, "time", came) &&
         seep_output_add_wall_or_null(item, "seen", naming->seen) &&
         seep_output_add_u64_if(item, "record_id", naming->record_id > 0, naming->record_id) &&
         cJSON_AddBoolToObject(item, "told", naming->told) != NULL &&
         seep_output_add_text(item, "match", seep_event_print_match(naming->match)) &&
         seep_output_add_u64(item, "rank", naming->rank) &&
         seep_output_add_u64_if(item, "commit_bytes", naming->commit_bytes > 0, naming->commit_bytes) &&
         seep_output_add_u64_if(item, "handles", naming->handles > 0, naming->handles) &&
         seep_output_add_u64_if(item, "system_commit_bytes", system, naming->commit_charge_bytes) &&
         seep_output_add_u64_if(item, "system_limit_bytes", system, naming->commit_limit_bytes);
}

static bool add_namings(cJSON *object, const seep_leaks_fact *fact)
{
  cJSON *list = cJSON_AddArrayToObject(object, "exhaustions");
  bool ok = list != NULL;
  for (size_t i = 0; ok && i < fact->naming_count; i++) {
    cJSON *item = seep_output_append_object(list);
    ok = item != NULL && add_naming(item, &fact->namings[i]);
  }
  return ok;
}

bool seep_leaks_record_fill(cJSON *object, const seep_leaks_fact *fact)
{
  const seep_store_leak *leak = &fact->leak;
  return add_case(object, leak) && add_findings(object, leak) && add_told(object, leak) &&
         add_headroom(object, leak) && add_alerts(object, fact) && add_captures(object, fact) &&
         add_namings(object, fact);
}
