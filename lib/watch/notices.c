#include "watch/notices.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "judge/headroom.h"
#include "memory/kind.h"
#include "report/explanation.h"
#include "report/human.h"

static void add_summary(seep_alert *alert, const seep_settings *settings)
{
  char text[SEEP_ALERT_INSERT_SIZE];
  seep_writer summary;
  seep_writer_init(&summary, text, sizeof text);
  seep_settings_summary(settings, &summary);
  seep_alert_add_text(alert, text);
}

void seep_notices_started(seep_alert *alert, const char *version, const char *data_folder,
                          const seep_settings *settings)
{
  seep_alert_init(alert, SEEP_ALERT_SERVICE_STARTED);
  seep_alert_add_text(alert, version);
  seep_alert_add_duration(alert, settings->poll_interval_ms);
  seep_alert_add_text(alert, data_folder);
  add_summary(alert, settings);
}

void seep_notices_stopped(seep_alert *alert, const char *reason, int64_t ran_ms)
{
  seep_alert_init(alert, SEEP_ALERT_SERVICE_STOPPED);
  seep_alert_add_text(alert, reason);
  seep_alert_add_duration(alert, ran_ms);
}

void seep_notices_settings(seep_alert *alert, const char *file, const seep_settings *settings, bool changed)
{
  seep_alert_init(alert, SEEP_ALERT_SETTINGS_LOADED);
  seep_alert_add_text(alert, file);
  add_summary(alert, settings);
  seep_alert_add_text(alert, changed ? "again, while running" : "at the start");
}

void seep_notices_settings_refused(seep_alert *alert, const char *file, const seep_settings_problem *problem,
                                   const seep_settings *running)
{
  seep_alert_init(alert, SEEP_ALERT_SETTINGS_REFUSED);
  seep_alert_add_text(alert, file);
  seep_alert_add_u64(alert, problem->line);
  seep_alert_add_text(alert, problem->key);
  seep_alert_add_text(alert, problem->reason);
  add_summary(alert, running);
}

/* ---- growth: of processes, of the system, of handles ---- */

/* Zero is how a moment comes here that nobody knows. */
static void add_moment(seep_alert *alert, seep_wall moment)
{
  if (moment.ms != 0) {
    seep_alert_add_wall(alert, moment);
  } else {
    seep_alert_add_text(alert, NULL);
  }
}

static void add_rate(seep_alert *alert, double per_hour, double low, double high, seep_unit unit)
{
  char text[SEEP_EXPLANATION_RATE_SIZE];
  seep_alert_add_text(alert, seep_explanation_rate(per_hour, low, high, unit, text, sizeof text));
}

static void add_evidence(seep_alert *alert, const seep_finding *finding, seep_unit unit)
{
  char text[SEEP_ALERT_INSERT_SIZE];
  seep_writer writer;
  seep_writer_init(&writer, text, sizeof text);
  if (finding != NULL) {
    seep_explanation_evidence(&finding->shape, unit, &writer);
  }
  seep_alert_add_text(alert, text);
}

static void add_handles(seep_alert *alert, uint64_t handles)
{
  char text[SEEP_HUMAN_SIZE];
  snprintf(text, sizeof text, "%" PRIu64 " handle%s", handles, handles == 1 ? "" : "s");
  seep_alert_add_text(alert, text);
}

static void add_process(seep_alert *alert, const char *image, seep_process_key key)
{
  seep_alert_add_text(alert, image);
  seep_alert_add_u64(alert, key.pid);
  seep_alert_add_filetime(alert, key.created);
}

static bool is_rapid(const seep_store_leak *leak)
{
  return strcmp(leak->verdict, "rapid") == 0;
}

static void add_headroom(seep_alert *alert, const seep_store_leak *leak)
{
  bool known = leak->system_limit_bytes > 0;
  if (known) {
    seep_alert_add_bytes(alert, leak->system_commit_bytes);
    seep_alert_add_bytes(alert, leak->system_limit_bytes);
  } else {
    seep_alert_add_text(alert, NULL);
    seep_alert_add_text(alert, NULL);
  }
  seep_alert_add_duration(alert, known ? leak->time_left_ms : SEEP_TIME_LEFT_UNKNOWN);
}

/* "4 MB", "4": the ends of size classes are powers of two. */
static void write_size(seep_writer *writer, uint64_t bytes, bool with_unit)
{
  static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB", "PB", "EB"};
  size_t unit = 0;
  while (bytes >= 1024 && bytes % 1024 == 0) {
    bytes /= 1024;
    unit++;
  }
  seep_writer_format(writer, "%" PRIu64, bytes);
  if (with_unit) {
    seep_writer_format(writer, " %s", units[unit]);
  }
}

/* "4 to 8 MB", "512 KB to 1 MB", "up to 4 KB". */
static void write_sizes(seep_writer *writer, uint64_t from, uint64_t to)
{
  uint64_t unit = 1;
  while (to / unit >= 1024) {
    unit *= 1024;
  }
  if (from > 0) {
    write_size(writer, from, from < unit);
    seep_writer_text(writer, " to ");
  } else {
    seep_writer_text(writer, "up to ");
  }
  write_size(writer, to, true);
}

void seep_notices_kind_reason(const seep_growth_kind_verdict *kind, bool carried, seep_writer *writer)
{
  if (kind->reason == NULL) {
    return;
  }
  seep_writer_text(writer, kind->reason);
  if (kind->size_to > 0) {
    seep_writer_format(writer, "; most of it in %s of ",
                       kind->kind == SEEP_MEMORY_HEAP ? "blocks" : "allocations");
    write_sizes(writer, kind->size_from, kind->size_to);
  }
  if (carried) {
    seep_writer_text(writer, " (found in the process before this one)");
  } else if (kind->earlier) {
    seep_writer_text(writer, " (found earlier)");
  }
}

/* "Heap, 92 percent sure: what it stands on; most of it in blocks of 4 to 8 MB", "undetermined: why". */
static void add_kind(seep_alert *alert, const seep_notices_case *found)
{
  char text[SEEP_ALERT_INSERT_SIZE], sure[SEEP_HUMAN_SURE_SIZE];
  const seep_growth_kind_verdict *kind = found->kind;
  seep_writer writer;
  seep_writer_init(&writer, text, sizeof text);
  seep_writer_text(
      &writer, seep_human_sure(found->leak->kind, kind != NULL ? kind->confidence : 0.0, sure, sizeof sure));
  if (kind != NULL && kind->reason != NULL) {
    seep_writer_text(&writer, ": ");
    seep_notices_kind_reason(kind, found->kind_carried, &writer);
  }
  seep_alert_add_text(alert, text);
}

static void add_where(seep_alert *alert, const seep_store_leak *leak, const char *data_folder)
{
  char text[SEEP_ALERT_INSERT_SIZE];
  seep_writer writer;
  seep_writer_init(&writer, text, sizeof text);
  if (leak->id != 0) {
    seep_writer_format(&writer, "\"seepwatch leaks --id %" PRId64 "\" (database in %s)", leak->id,
                       data_folder);
  }
  seep_alert_add_text(alert, text);
}

void seep_notices_case_found(seep_alert *alert, const seep_notices_case *found)
{
  const seep_store_leak *leak = found->leak;
  char confidence[16];
  bool known = leak->confidence >= 0.0 && leak->confidence <= 1.0;
  snprintf(confidence, sizeof confidence, "%.2f", known ? leak->confidence : 0.0);
  seep_alert_init(alert, is_rapid(leak) ? SEEP_ALERT_RAPID_GROWTH : SEEP_ALERT_LEAK_FOUND);
  add_process(alert, leak->image, leak->key);
  add_kind(alert, found);
  add_rate(alert, leak->slope_bytes_per_hour, leak->slope_low_bytes_per_hour, leak->slope_high_bytes_per_hour,
           SEEP_UNIT_BYTES);
  seep_alert_add_bytes(alert, leak->growth_bytes);
  add_moment(alert, leak->began);
  seep_alert_add_bytes(alert, leak->commit_bytes);
  add_headroom(alert, leak);
  seep_alert_add_text(alert, known ? confidence : NULL);
  add_evidence(alert, found->finding, SEEP_UNIT_BYTES);
  seep_alert_add_text(alert, leak->told_because);
  seep_alert_add_text(alert, leak->services);
  seep_alert_add_text(alert, found->done);
  add_where(alert, leak, found->data_folder);
}

void seep_notices_case_over(seep_alert *alert, const seep_store_leak *leak, int64_t lasted_ms,
                            const char *data_folder)
{
  seep_alert_init(alert, is_rapid(leak) ? SEEP_ALERT_RAPID_GROWTH_OVER : SEEP_ALERT_LEAK_OVER);
  add_process(alert, leak->image, leak->key);
  seep_alert_add_text(alert, leak->ending);
  seep_alert_add_bytes(alert, leak->growth_bytes);
  seep_alert_add_duration(alert, lasted_ms);
  add_where(alert, leak, data_folder);
}

/* Where to look on (reference: users-and-peers, 0.6; detection, 7.2; event-log, 1.2). */
static const char *hint_for(const char *what)
{
  if (what != NULL && strstr(what, "pool") != NULL) {
    return "pool belongs to the kernel and its drivers. Look with poolmon (or !poolused in a kernel "
           "debugger) "
           "which pool tag grows from one look to the next. An Event 2004 names the three largest tags of "
           "each pool.";
  }
  return "if another event 203 names a pool then go on there by pool tag (poolmon, or !poolused in a kernel "
         "debugger). Otherwise it may be zombie processes (ended, but their objects remain; about 79 KB each "
         "were seen), shared sections or page tables: stop services one at a time and see when it falls. "
         "Event 207 may name a process that holds ever more handles.";
}

void seep_notices_system_growth(seep_alert *alert, const seep_notices_growth *growth)
{
  const seep_finding *finding = growth->finding;
  bool known = growth->headroom_bytes != SEEP_HEADROOM_UNKNOWN;
  seep_alert_init(alert, SEEP_ALERT_SYSTEM_GROWTH);
  seep_alert_add_text(alert, growth->what);
  add_rate(alert, finding->slope_per_hour, finding->slope_low_per_hour, finding->slope_high_per_hour,
           SEEP_UNIT_BYTES);
  seep_alert_add_bytes(alert, finding->growth);
  add_moment(alert, growth->began);
  seep_alert_add_bytes(alert, growth->now_bytes);
  seep_alert_add_duration(alert,
                          known ? seep_headroom_time_left_ms(growth->headroom_bytes, finding->slope_per_hour)
                                : SEEP_TIME_LEFT_UNKNOWN);
  add_evidence(alert, finding, SEEP_UNIT_BYTES);
  seep_alert_add_text(alert, hint_for(growth->what));
}

void seep_notices_system_growth_over(seep_alert *alert, const char *what, uint64_t growth_bytes,
                                     int64_t lasted_ms, const char *ending)
{
  seep_alert_init(alert, SEEP_ALERT_SYSTEM_GROWTH_OVER);
  seep_alert_add_text(alert, what);
  seep_alert_add_bytes(alert, growth_bytes);
  seep_alert_add_duration(alert, lasted_ms);
  seep_alert_add_text(alert, ending);
}

void seep_notices_handles(seep_alert *alert, const seep_process *process, const seep_finding *finding,
                          seep_wall began)
{
  seep_alert_init(alert, SEEP_ALERT_HANDLE_GROWTH);
  add_process(alert, process->name, process->key);
  add_handles(alert, process->handles);
  add_rate(alert, finding->slope_per_hour, finding->slope_low_per_hour, finding->slope_high_per_hour,
           SEEP_UNIT_HANDLES);
  add_handles(alert, finding->growth);
  add_moment(alert, began);
  add_evidence(alert, finding, SEEP_UNIT_HANDLES);
}

void seep_notices_handles_over(seep_alert *alert, const seep_process *process, uint64_t growth,
                               int64_t lasted_ms, const char *ending)
{
  seep_alert_init(alert, SEEP_ALERT_HANDLE_GROWTH_OVER);
  add_process(alert, process->name, process->key);
  add_handles(alert, growth);
  seep_alert_add_duration(alert, lasted_ms);
  seep_alert_add_text(alert, ending);
}

/* ---- the rest ---- */

void seep_notices_history(seep_alert *alert, uint64_t maximum_bytes, seep_wall raw_from, int64_t retention_ms)
{
  seep_alert_init(alert, SEEP_ALERT_HISTORY_CUT_SHORT);
  seep_alert_add_bytes(alert, maximum_bytes);
  add_moment(alert, raw_from);
  seep_alert_add_u64(alert, (uint64_t)(retention_ms / SEEP_MS_PER_DAY));
}
