#include "watch/exhaustion_notices.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/saturate.h"
#include "base/text.h"
#include "report/human.h"

/* So many are worth a word: 16 million is the most a process can have. */
#define MANY_HANDLES 10000u

/* Of a name that is one of many things in an insert. */
#define NAME_SIZE 120

static void begin(seep_writer *writer, char *text)
{
  seep_writer_init(writer, text, SEEP_ALERT_INSERT_SIZE);
}

static void write_bytes(seep_writer *writer, const char *before, uint64_t bytes)
{
  char text[SEEP_HUMAN_SIZE];
  seep_writer_format(writer, "%s%s", before, seep_human_bytes(bytes, text, sizeof text));
}

/* Cut between characters. */
static void write_process(seep_writer *writer, const char *name, uint32_t pid, uint64_t commit_bytes)
{
  char cut[NAME_SIZE];
  seep_text_copy(cut, sizeof cut, name);
  seep_writer_format(writer, "%s (%" PRIu32 ")", cut, pid);
  write_bytes(writer, " ", commit_bytes);
}

/* Percent of the whole with one digit behind the point; "less than 0.1" rather than 0. */
static void write_percent(seep_writer *writer, uint64_t part, uint64_t whole)
{
  double percent = whole > 0 ? 100.0 * (double)part / (double)whole : 0.0;
  seep_writer_format(writer, percent < 0.1 ? "less than 0.1 percent" : "%.1f percent", percent);
}

static void add_percent(seep_alert *alert, uint64_t part, uint64_t whole)
{
  char text[SEEP_ALERT_INSERT_SIZE];
  seep_writer writer;
  begin(&writer, text);
  write_percent(&writer, part, whole);
  seep_alert_add_text(alert, text);
}

static void add_late(seep_alert *alert, int64_t late_ms)
{
  char text[SEEP_ALERT_INSERT_SIZE], duration[SEEP_HUMAN_SIZE];
  if (late_ms < 0) {
    seep_alert_add_text(alert, NULL);
    return;
  }
  snprintf(text, sizeof text, "%s after it was logged, because Seepwatch or the event log did not run",
           seep_human_duration(late_ms, duration, sizeof duration));
  seep_alert_add_text(alert, text);
}

/* ---- processes ---- */

static void write_named(seep_writer *writer, const seep_exhaustion_process *process, seep_store_match match)
{
  write_process(writer, process->name, process->key.pid, process->commit_bytes);
  if (process->handles >= MANY_HANDLES) {
    seep_writer_format(writer, " and %" PRIu32 " handles", process->handles);
  }
  if (process->version[0] != '\0' && strcmp(process->version, "0.0.0.0") != 0) {
    char version[41];
    seep_text_copy(version, sizeof version, process->version);
    seep_writer_format(writer, ", version %s", version);
  }
  seep_writer_text(writer, match == SEEP_STORE_MATCH_NAME   ? ", matched by its name only"
                           : match == SEEP_STORE_MATCH_NONE ? ", no longer running or never seen"
                                                            : "");
}

/* An undocumented field ranks what has grown (reference: event-log, 1.4): a hint, never a fact. */
static bool seems_to_grow_most(const seep_exhaustion_process *process)
{
  return (process->type_info & 0x80u) != 0 && (process->type_info >> 3 & 7u) == 1;
}

static void add_named(seep_alert *alert, const seep_notices_exhaustion *came)
{
  char text[SEEP_ALERT_INSERT_SIZE];
  seep_writer writer;
  for (size_t i = 0; i < SEEP_NOTICES_LARGEST; i++) {
    begin(&writer, text);
    if (i < came->event->process_count) {
      write_named(&writer, &came->event->processes[i], came->matches[i]);
    }
    seep_alert_add_text(alert, text);
  }
}

static void add_others(seep_alert *alert, const seep_notices_exhaustion *came)
{
  char text[SEEP_ALERT_INSERT_SIZE];
  seep_writer writer;
  begin(&writer, text);
  for (size_t i = 0; i < came->event->process_count; i++) {
    const seep_exhaustion_process *process = &came->event->processes[i];
    if (i >= SEEP_NOTICES_LARGEST) {
      seep_writer_text(&writer, writer.length > 0 ? "; " : "");
      write_named(&writer, process, came->matches[i]);
    }
  }
  for (size_t i = 0; i < came->event->process_count; i++) {
    if (seems_to_grow_most(&came->event->processes[i])) {
      char name[NAME_SIZE];
      seep_text_copy(name, sizeof name, came->event->processes[i].name);
      seep_writer_format(&writer, "%sWindows seems to rank %s first by growth", writer.length > 0 ? "; " : "",
                         name);
    }
  }
  seep_alert_add_text(alert, text);
}

static void add_largest(seep_alert *alert, const seep_process *const largest[SEEP_NOTICES_LARGEST])
{
  char text[SEEP_ALERT_INSERT_SIZE];
  seep_writer writer;
  for (size_t i = 0; i < SEEP_NOTICES_LARGEST; i++) {
    begin(&writer, text);
    if (largest[i] != NULL) {
      write_process(&writer, largest[i]->name, largest[i]->key.pid, largest[i]->commit_bytes);
    }
    seep_alert_add_text(alert, text);
  }
}

/* ---- what is not the processes' ---- */

static void write_tags(seep_writer *writer, const char *pool, uint64_t bytes, const seep_exhaustion_tag *tags,
                       size_t count)
{
  write_bytes(writer, pool, bytes);
  for (size_t i = 0; i < count; i++) {
    seep_writer_format(writer, "%s%s", i == 0 ? " (largest tags: " : ", ", tags[i].name);
    write_bytes(writer, " ", tags[i].bytes);
  }
  seep_writer_text(writer, count > 0 ? ")" : "");
}

static void add_explained(seep_alert *alert, const seep_exhaustion *event)
{
  char text[SEEP_ALERT_INSERT_SIZE];
  seep_writer writer;
  begin(&writer, text);
  if (event->has_system && event->process_commit_bytes > 0) {
    uint64_t charge = event->commit_charge_bytes, owned = event->process_commit_bytes;
    uint64_t rest = charge > owned ? charge - owned : 0;
    write_bytes(&writer, "", owned);
    seep_writer_text(&writer, ", ");
    write_percent(&writer, owned, charge);
    seep_writer_text(&writer, " of what is committed");
    if (owned < charge / 2) {
      uint64_t pools = seep_saturate_add(event->paged_pool_bytes, event->nonpaged_pool_bytes);
      write_bytes(&writer, "; they do not explain it: ", rest);
      seep_writer_text(&writer, pools >= rest / 2
                                    ? " lies elsewhere, most of it in the pools of the kernel and its drivers"
                                    : " lies elsewhere, and most of it not in the pools either: look for "
                                      "shared sections, large page tables and ended processes whose handles "
                                      "are still held");
    }
  }
  seep_alert_add_text(alert, text);
}

static void add_pools(seep_alert *alert, const seep_exhaustion *event)
{
  char text[SEEP_ALERT_INSERT_SIZE];
  seep_writer writer;
  begin(&writer, text);
  if (event->paged_pool_bytes > 0 || event->nonpaged_pool_bytes > 0 || event->paged_tag_count > 0 ||
      event->nonpaged_tag_count > 0) {
    write_tags(&writer, "nonpaged ", event->nonpaged_pool_bytes, event->nonpaged_tags,
               event->nonpaged_tag_count);
    write_tags(&writer, "; paged ", event->paged_pool_bytes, event->paged_tags, event->paged_tag_count);
  }
  seep_alert_add_text(alert, text);
}

/* ---- events ---- */

void seep_notices_exhaustion_came(seep_alert *alert, const seep_notices_exhaustion *came)
{
  char text[SEEP_ALERT_INSERT_SIZE];
  const seep_exhaustion *event = came->event;
  seep_alert_init(alert, SEEP_ALERT_EXHAUSTION);
  seep_alert_add_filetime(alert, event->time_created);
  seep_alert_add_u64(alert, event->record_id);
  if (event->has_system) {
    seep_alert_add_bytes(alert, event->commit_charge_bytes);
    seep_alert_add_bytes(alert, event->commit_limit_bytes);
  } else {
    seep_alert_add_text(alert, NULL);
    seep_alert_add_text(alert, NULL);
  }
  add_named(alert, came);
  seep_alert_add_text(alert, came->known);
  seep_alert_add_text(alert, came->follows);
  add_others(alert, came);
  add_explained(alert, event);
  add_pools(alert, event);
  snprintf(text, sizeof text, "%u", came->repeated);
  seep_alert_add_text(alert, came->repeated > 0 ? text : NULL);
  add_late(alert, came->late_ms);
  seep_alert_add_text(alert, came->evidence);
}

void seep_notices_undiagnosed_memory(seep_alert *alert, const seep_notices_undiagnosed *notice)
{
  seep_alert_init(alert, SEEP_ALERT_UNDIAGNOSED);
  seep_alert_add_text(alert, notice->reason);
  seep_alert_add_filetime(alert, notice->notice->time_created);
  if (notice->notice->has_commit) {
    seep_alert_add_bytes(alert, notice->notice->commit_charge_bytes);
    seep_alert_add_bytes(alert, notice->notice->commit_limit_bytes);
  } else if (notice->memory != NULL) {
    seep_alert_add_bytes(alert, notice->memory->commit_total_bytes);
    seep_alert_add_bytes(alert, notice->memory->commit_limit_bytes);
  } else {
    seep_alert_add_text(alert, NULL);
    seep_alert_add_text(alert, NULL);
  }
  add_largest(alert, notice->largest);
  seep_alert_add_text(alert, notice->known);
  add_late(alert, notice->late_ms);
  seep_alert_add_text(alert, notice->done);
}

/* Above the level is another beginning than that of the growth. */
static seep_mono since_of(const seep_engine_headroom *state)
{
  return state->reason == SEEP_HEADROOM_LEVEL ? state->above_since : state->since;
}

static void add_reason(seep_alert *alert, const seep_notices_headroom *low)
{
  char text[SEEP_ALERT_INSERT_SIZE], duration[SEEP_HUMAN_SIZE];
  const seep_engine_headroom *state = low->state;
  switch (state->reason) {
  case SEEP_HEADROOM_PACE:
    snprintf(text, sizeof text, "at the present growth the limit is reached in %s",
             seep_human_duration(state->time_left_ms, duration, sizeof duration));
    break;
  case SEEP_HEADROOM_NEAR:
    snprintf(text, sizeof text, "so little is left that programs may fail at any moment");
    break;
  case SEEP_HEADROOM_LEVEL:
  default:
    snprintf(text, sizeof text, "more than %u percent of the limit has been in use for %s",
             (unsigned)low->settings->commit_percent,
             seep_human_duration(seep_mono_since(low->now.mono, since_of(state)), duration, sizeof duration));
    break;
  }
  seep_alert_add_text(alert, text);
}

static void add_outside(seep_alert *alert, const seep_notices_headroom *low)
{
  char text[SEEP_ALERT_INSERT_SIZE];
  const seep_system_memory *memory = low->memory;
  seep_writer writer;
  uint64_t total = memory->commit_total_bytes;
  begin(&writer, text);
  write_bytes(&writer, "", total > low->owned_bytes ? total - low->owned_bytes : 0);
  write_bytes(&writer, ", of it nonpaged pool ", memory->nonpaged_pool_bytes);
  write_bytes(&writer, " and paged pool ", memory->paged_pool_bytes);
  seep_alert_add_text(alert, text);
}

void seep_notices_headroom_low(seep_alert *alert, const seep_notices_headroom *low)
{
  char text[SEEP_ALERT_INSERT_SIZE];
  const seep_system_memory *memory = low->memory;
  const seep_engine_headroom *state = low->state;
  seep_writer writer;
  seep_alert_init(alert, SEEP_ALERT_HEADROOM);
  add_reason(alert, low);
  seep_alert_add_bytes(alert, memory->commit_total_bytes);
  seep_alert_add_bytes(alert, memory->commit_limit_bytes);
  seep_alert_add_bytes(alert, seep_system_memory_headroom_bytes(memory));
  add_percent(alert, memory->commit_total_bytes, memory->commit_limit_bytes);
  seep_alert_add_duration(alert, state->time_left_ms);
  if (state->rate_per_hour > 0.0) {
    seep_alert_add_rate(alert, state->rate_per_hour);
  } else {
    seep_alert_add_text(alert, NULL);
  }
  seep_alert_add_wall(alert, seep_now_wall_of(low->now, since_of(state)));
  begin(&writer, text);
  for (size_t i = 0; i < SEEP_NOTICES_LARGEST && low->largest[i] != NULL; i++) {
    seep_writer_text(&writer, i > 0 ? "; " : "");
    write_process(&writer, low->largest[i]->name, low->largest[i]->key.pid, low->largest[i]->commit_bytes);
  }
  seep_alert_add_text(alert, text);
  seep_alert_add_text(alert, low->growing);
  add_outside(alert, low);
  seep_alert_add_text(alert, low->done);
  seep_alert_add_text(alert, low->evidence);
}

void seep_notices_headroom_over(seep_alert *alert, const seep_system_memory *memory, int64_t lasted_ms,
                                uint64_t least_left_bytes)
{
  seep_alert_init(alert, SEEP_ALERT_HEADROOM_OVER);
  seep_alert_add_bytes(alert, memory->commit_total_bytes);
  seep_alert_add_bytes(alert, memory->commit_limit_bytes);
  add_percent(alert, memory->commit_total_bytes, memory->commit_limit_bytes);
  seep_alert_add_duration(alert, lasted_ms);
  seep_alert_add_bytes(alert, least_left_bytes);
}

void seep_notices_no_diagnosis(seep_alert *alert, const seep_doctor_finding *finding)
{
  seep_alert_init(alert, SEEP_ALERT_NO_DIAGNOSIS);
  seep_alert_add_text(alert, finding->state);
  seep_alert_add_text(alert, finding->consequence);
  seep_alert_add_text(alert, finding->cure);
}
