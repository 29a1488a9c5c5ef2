/*
 * Leak cases: what the detectors say becomes rows, alerts and wishes for a recording. Rapid growth ends with
 * its process; the case of a confirmed leak waits for the process's successor and goes on there, silently, so
 * that a service restarted every night is one case and not one each morning. What an image has shown over
 * several lives is judged here too, at each life's end.
 */
#include "watch/engine_internal.h"

#include <stdlib.h>
#include <string.h>

#include "judge/headroom.h"
#include "memory/kind.h"
#include "report/explanation.h"
#include "watch/notices.h"

#define RAPID "rapid" /* seep_store_leak.verdict */
#define LEAK "leak"

#define FIRST_REPORT "first report"
#define CONFIRMED_REPORT "rapid growth before, now confirmed as a leak"
#define DOUBLED_REPORT "it has doubled since the last report"
#define KIND_REPORT "the kind of memory is known now"
#define SUCCESSOR_REPORT "this image leaked before: it is the same case after a restart"

static bool is_leak(const seep_engine_case *open)
{
  return strcmp(open->leak.verdict, LEAK) == 0;
}

static bool is_ignored(const seep_engine *engine, const seep_engine_case *open)
{
  return open->slot != SEEP_NO_SLOT && engine->watches[open->slot].ignored;
}

/* ---- figures ---- */

static void take_finding(seep_engine_case *open, const seep_finding *finding, uint64_t commit_bytes)
{
  open->finding = *finding;
  open->greatest_bytes = finding->growth > open->greatest_bytes ? finding->growth : open->greatest_bytes;
  open->leak.slope_bytes_per_hour = finding->slope_per_hour;
  open->leak.slope_low_bytes_per_hour = finding->slope_low_per_hour;
  open->leak.slope_high_bytes_per_hour = finding->slope_high_per_hour;
  open->leak.growth_bytes = finding->growth;
  open->leak.confidence = (double)finding->confidence;
  open->leak.commit_bytes = commit_bytes;
}

static void take_beginning(seep_engine_case *open, seep_now now, seep_mono began)
{
  open->began = began;
  open->leak.began = seep_now_wall_of(now, began);
}

double seep_engine__slopes_together(const seep_engine *engine, const seep_engine_case *told)
{
  double sum = 0;
  for (const seep_engine_case *open = engine->cases; open != NULL; open = open->next) {
    if (open == told || (open->slot != SEEP_NO_SLOT && !open->carried)) {
      sum += open->leak.slope_bytes_per_hour;
    }
  }
  return sum;
}

/* ---- rows and alerts ---- */

/* What the alerts say in words, for those who read the store. */
static void write_words(seep_engine_case *open)
{
  seep_writer writer;
  seep_writer_init(&writer, open->leak.evidence, sizeof open->leak.evidence);
  seep_explanation_evidence(&open->finding.shape, SEEP_UNIT_BYTES, &writer);
  seep_writer_init(&writer, open->leak.kind_reason, sizeof open->leak.kind_reason);
  seep_notices_kind_reason(&open->kind, open->kind_carried, &writer);
  open->leak.kind_confidence = open->kind.confidence;
}

static void emit_leak(seep_engine *engine, seep_now now, seep_command_kind kind, seep_engine_case *open)
{
  seep_command command = {.kind = kind};
  write_words(open);
  command.as.leak = &open->leak;
  open->stored = now.mono;
  seep_engine__emit(engine, &command);
}

void seep_engine__store_case(seep_engine *engine, seep_now now, seep_engine_case *open)
{
  emit_leak(engine, now, SEEP_COMMAND_LEAK_UPDATE, open);
}

/* A case's figures move with every bucket; on disk they need not. What else changes is written in any case.
 */
static void store_figures(seep_engine *engine, seep_now now, seep_engine_case *open)
{
  if (open->leak.id == 0 || seep_mono_since(now.mono, open->stored) >= SEEP_ENGINE_CASE_STORED_MS) {
    emit_leak(engine, now, SEEP_COMMAND_LEAK_UPDATE, open);
  }
}

static void note_telling(seep_engine *engine, seep_now now, seep_engine_case *open, const char *report)
{
  seep_store_leak *leak = &open->leak;
  const seep_system_memory *memory = &engine->memory;
  bool known = engine->memory_known && memory->commit_limit_bytes > 0;
  /* All of them eat the same headroom; never later than this one alone would have it. */
  double own = leak->slope_bytes_per_hour, all = seep_engine__slopes_together(engine, open);
  leak->told = now.wall;
  leak->times_told++;
  seep_text_copy(leak->told_because, sizeof leak->told_because, report);
  leak->system_commit_bytes = known ? memory->commit_total_bytes : 0;
  leak->system_limit_bytes = known ? memory->commit_limit_bytes : 0;
  leak->time_left_ms =
      known ? seep_headroom_time_left_ms(seep_system_memory_headroom_bytes(memory), all > own ? all : own)
            : SEEP_TIME_LEFT_UNKNOWN;
  /* Windows is asked once, and not for what is held back: five hundred may leak at once. */
  if (!open->services_asked && open->slot != SEEP_NO_SLOT &&
      seep_engine__may_tell(engine, SEEP_ALERT_LEAK_FOUND)) {
    open->services_asked = true;
    seep_engine__services_of(engine, leak->key, leak->services);
  }
  open->told = now.mono;
  open->told_growth_bytes = leak->growth_bytes;
  open->moved = false;
  open->doubled = false;
  open->kind_told = open->kind_told || seep_engine__kind_is_known(open);
}

/* The row says what the alert says, and is there before it. row: how it is written. */
static void tell_case(seep_engine *engine, seep_now now, seep_command_kind row, seep_engine_case *open,
                      const char *report)
{
  note_telling(engine, now, open, report);
  emit_leak(engine, now, row, open);
  /* The growth is that of the process it is about now: so is its beginning. */
  seep_store_leak told = open->leak;
  told.began = seep_now_wall_of(now, open->finding.began);
  const seep_notices_case found = {.leak = &told,
                                   .finding = &open->finding,
                                   .kind = &open->kind,
                                   .kind_carried = open->kind_carried,
                                   .done = seep_engine__done_so_far(engine, open),
                                   .data_folder = engine->data_folder};
  seep_notices_case_found(&engine->alert, &found);
  seep_engine__emit_alert(engine);
}

void seep_engine__tell_kind(seep_engine *engine, seep_now now, seep_engine_case *open)
{
  bool own = !open->carried && !open->kind_carried;
  if (open->opened && !open->kind_told && own && seep_engine__kind_is_known(open) &&
      !is_ignored(engine, open)) {
    tell_case(engine, now, SEEP_COMMAND_LEAK_UPDATE, open, KIND_REPORT);
  }
}

static void open_row(seep_engine *engine, seep_now now, seep_engine_case *open)
{
  open->opened = true;
  tell_case(engine, now, SEEP_COMMAND_LEAK_OPEN, open, FIRST_REPORT);
}

/* ---- opening and closing ---- */

/* A case about the process, so far without a row, a slot or an alert. NULL: no memory. */
static seep_engine_case *new_case(seep_engine *engine, seep_now now, const seep_process *process,
                                  const seep_finding *finding, const char *verdict)
{
  seep_engine_case *open = calloc(1, sizeof *open);
  if (open == NULL) {
    engine->events_lost++;
    return NULL;
  }
  open->slot = SEEP_NO_SLOT;
  open->leak.key = process->key;
  open->leak.opened = now.wall;
  seep_text_copy(open->leak.image, sizeof open->leak.image, process->name);
  seep_text_copy(open->leak.kind, sizeof open->leak.kind, seep_memory_kind_text(SEEP_MEMORY_UNDETERMINED));
  seep_text_copy(open->leak.verdict, sizeof open->leak.verdict, verdict);
  take_beginning(open, now, finding->began);
  take_finding(open, finding, process->commit_bytes);
  open->wants_recording = true;
  open->offer_after = now.mono;
  open->called = now.mono;
  open->next = engine->cases;
  engine->cases = open;
  return open;
}

static void take_slot(seep_engine *engine, seep_engine_case *open, size_t slot)
{
  open->slot = slot;
  engine->watches[slot].open_case = open;
}

static void forget_case(seep_engine *engine, seep_engine_case *open)
{
  seep_engine_case **link = &engine->cases;
  while (*link != open) {
    link = &(*link)->next;
  }
  *link = open->next;
  if (open->slot != SEEP_NO_SLOT) {
    engine->watches[open->slot].open_case = NULL;
  }
  free(open);
}

/* Where growth has ended by itself is known ground for the next life of the image too. Where a process ended
 * while it grew is none: its successor's leak must be told anew. */
static void keep_high_water(seep_engine *engine, seep_now now, const seep_engine_case *open)
{
  double peak = engine->watches[open->slot].detector.peak;
  seep_lineage lineage = seep_lineages_of(&engine->lineages, open->leak.image);
  if (peak > lineage.high_water) {
    lineage.high_water = peak;
    engine->events_lost += !seep_lineages_set(&engine->lineages, open->leak.image, &lineage, now.wall);
  }
}

static void close_case(seep_engine *engine, seep_now now, seep_engine_case *open, const char *ending)
{
  /* One that has waited for a successor in vain was over when its process ended. */
  int64_t waited_ms = open->slot == SEEP_NO_SLOT ? seep_mono_since(now.mono, open->ended) : 0;
  open->leak.closed.ms = now.wall.ms - waited_ms;
  open->leak.growth_bytes = open->greatest_bytes; /* what it has given back since was grown all the same */
  seep_text_copy(open->leak.ending, sizeof open->leak.ending, ending);
  emit_leak(engine, now, SEEP_COMMAND_LEAK_UPDATE, open);
  seep_notices_case_over(&engine->alert, &open->leak,
                         seep_mono_since(now.mono, open->finding.began) - waited_ms, engine->data_folder);
  seep_engine__emit_alert(engine);
  forget_case(engine, open);
}

static void close_ended_growth(seep_engine *engine, seep_now now, seep_engine_case *open, const char *ending)
{
  keep_high_water(engine, now, open);
  close_case(engine, now, open, ending);
}

void seep_engine__free_cases(seep_engine *engine)
{
  for (seep_engine_case *open = engine->cases, *next; open != NULL; open = next) {
    next = open->next;
    free(open);
  }
  engine->cases = NULL;
}

/* ---- while the process lives ---- */

static void open_case(seep_engine *engine, seep_now now, size_t slot)
{
  const seep_detector *detector = &engine->watches[slot].detector;
  seep_engine_case *open = new_case(engine, now, seep_process_table_at(engine->table, slot),
                                    &detector->finding, detector->level == SEEP_LEVEL_LEAK ? LEAK : RAPID);
  if (open != NULL) {
    take_slot(engine, open, slot);
    seep_engine__take_kind(engine, now, open, slot);
    open->confirmed = detector->level == SEEP_LEVEL_LEAK;
    open_row(engine, now, open);
  }
}

static void confirm(seep_engine *engine, seep_now now, seep_engine_case *open, seep_mono began)
{
  seep_text_copy(open->leak.verdict, sizeof open->leak.verdict, LEAK);
  if (began.ms < open->began.ms) {
    take_beginning(open, now, began);
  }
  tell_case(engine, now, SEEP_COMMAND_LEAK_UPDATE, open, CONFIRMED_REPORT);
}

/* It has doubled since it was told: for a process that it was never told of, since that was called. */
static bool is_due(const seep_engine_case *open, seep_now now)
{
  bool doubled = open->moved ? open->doubled : open->leak.growth_bytes / 2 >= open->told_growth_bytes;
  return doubled && seep_mono_since(now.mono, open->told) >= SEEP_ENGINE_TOLD_AGAIN_MS;
}

static void refresh_case(seep_engine *engine, seep_now now, seep_engine_case *open, seep_verdict verdict)
{
  const seep_detector *detector = &engine->watches[open->slot].detector;
  const seep_process *process = seep_process_table_at(engine->table, open->slot);
  open->greatest_bytes = open->carried ? 0 : open->greatest_bytes; /* of the process before */
  open->carried = false;
  open->confirmed = detector->level == SEEP_LEVEL_LEAK;
  open->doubled = open->doubled || verdict == SEEP_VERDICT_DOUBLED;
  take_finding(open, &detector->finding, process->commit_bytes);
  seep_engine__take_kind(engine, now, open, open->slot);
  if (is_ignored(engine, open)) {
    store_figures(engine, now, open);
  } else if (detector->level == SEEP_LEVEL_LEAK && !is_leak(open)) {
    confirm(engine, now, open, detector->finding.began);
  } else {
    if (is_due(open, now)) {
      tell_case(engine, now, SEEP_COMMAND_LEAK_UPDATE, open, open->moved ? SUCCESSOR_REPORT : DOUBLED_REPORT);
    }
    seep_engine__tell_kind(engine, now, open);
    store_figures(engine, now, open);
  }
}

/* The process's own growth is over. A leak of its image that was not its own yet is not over with a warm-up:
 * it waits again for what the process does. */
static void end_growth(seep_engine *engine, seep_now now, seep_engine_case *open)
{
  if (!is_leak(open) || open->confirmed) {
    close_ended_growth(engine, now, open, "it stopped growing or gave the memory back");
  } else if (!open->carried) {
    open->carried = true;
    open->calm = now.mono;
  }
}

void seep_engine__follow_case(seep_engine *engine, seep_now now, size_t slot, seep_verdict verdict)
{
  const seep_engine_watch *watch = &engine->watches[slot];
  seep_engine_case *open = watch->open_case;
  switch (verdict) {
  case SEEP_VERDICT_RAPID:
  case SEEP_VERDICT_LEAK:
  case SEEP_VERDICT_GROWING: /* without a case: memory was short when it was called, or it was ignored then */
  case SEEP_VERDICT_DOUBLED:
    if (open != NULL) {
      refresh_case(engine, now, open, verdict);
    } else if (!watch->ignored) {
      open_case(engine, now, slot);
    }
    break;
  case SEEP_VERDICT_SUSPECT: /* whoever was called is so no longer */
  case SEEP_VERDICT_OVER:
    if (open != NULL) {
      end_growth(engine, now, open);
    }
    break;
  case SEEP_VERDICT_CLEARED:
  case SEEP_VERDICT_NONE:
  default:
    break;
  }
}

/* ---- when it ends ---- */

/* Overlapping recycling begins a life a little before the other has ended. */
static seep_mono latest_beginning(const seep_engine_watch *watch, seep_mono ended)
{
  int64_t overlap_ms = seep_mono_since(ended, watch->born) / 4;
  seep_mono latest = {watch->born.ms +
                      (overlap_ms < SEEP_ENGINE_OVERLAP_MS ? overlap_ms : SEEP_ENGINE_OVERLAP_MS)};
  return latest;
}

/* true: with this life so many of the image have grown alike that it leaks; *finding says how. */
static bool lineage_leaks(seep_engine *engine, seep_now now, const seep_engine_watch *watch,
                          const char *image, seep_finding *finding)
{
  if (!seep_lineages_follows(&engine->lineages, image, latest_beginning(watch, now.mono))) {
    return false;
  }
  const seep_lineage before = seep_lineages_of(&engine->lineages, image);
  seep_lineage lineage = before;
  seep_verdict verdict = seep_lineage_ended(&lineage, &watch->detector,
                                            &engine->thresholds[watch->thresholds], now.mono, finding);
  engine->events_lost += !seep_lineages_set(&engine->lineages, image, &lineage, now.wall);
  if (memcmp(before.rates, lineage.rates, sizeof before.rates) != 0) { /* it counted */
    seep_lineages_ended(&engine->lineages, image, now.mono);
  }
  return verdict == SEEP_VERDICT_LEAK && !watch->ignored;
}

/* The case that a verdict about the image belongs to: a leak's, or rapid growth of the successor. NULL: none.
 */
static seep_engine_case *case_of_image(const seep_engine *engine, const char *image, seep_mono ended)
{
  for (seep_engine_case *open = engine->cases; open != NULL; open = open->next) {
    if (seep_text_equal_ignoring_case(open->leak.image, image)) {
      const seep_engine_watch *watch = open->slot != SEEP_NO_SLOT ? &engine->watches[open->slot] : NULL;
      if (is_leak(open) ||
          (watch != NULL && !watch->there_before && watch->born.ms >= ended.ms - SEEP_ENGINE_OVERLAP_MS)) {
        return open;
      }
    }
  }
  return NULL;
}

/* The lineage's verdict, for a case that is open already. */
static void confirm_by_lineage(seep_engine *engine, seep_now now, seep_engine_case *open,
                               const seep_finding *finding)
{
  open->calm = now.mono;
  if (open->carried || open->slot == SEEP_NO_SLOT) { /* else the figures are its own process's */
    take_finding(open, finding, open->leak.commit_bytes);
  }
  if (!is_leak(open)) {
    confirm(engine, now, open, finding->began);
  } else if (open->opened) {
    store_figures(engine, now, open);
  }
}

static void wait_for_successor(seep_engine *engine, seep_now now, seep_engine_case *open)
{
  if (open->slot != SEEP_NO_SLOT) {
    engine->watches[open->slot].open_case = NULL;
  }
  if (!open->carried) {
    open->calm = now.mono;
  }
  open->slot = SEEP_NO_SLOT;
  open->ended = now.mono;
}

void seep_engine__end_life(seep_engine *engine, seep_now now, size_t slot, const seep_process *process)
{
  seep_engine_watch *watch = &engine->watches[slot];
  seep_engine_case *open = watch->open_case;
  seep_finding finding;
  if (lineage_leaks(engine, now, watch, process->name, &finding)) {
    seep_engine_case *known = open != NULL ? open : case_of_image(engine, process->name, now.mono);
    if (known != NULL) {
      confirm_by_lineage(engine, now, known, &finding);
    } else {
      open = new_case(engine, now, process, &finding, LEAK);
      if (open != NULL) {
        seep_engine__take_kind(engine, now, open, slot);
      }
    }
  }
  if (open == NULL) {
    return;
  }
  if (is_leak(open) && !watch->ignored) {
    wait_for_successor(engine, now, open);
  } else {
    close_case(engine, now, open, "the process ended");
  }
}

/* ---- from process to process ---- */

/* Of several the one whose birth is nearest to the end of the case's process. */
static size_t find_successor(seep_engine *engine, const seep_engine_case *open)
{
  size_t found = SEEP_NO_SLOT;
  int64_t nearest_ms = INT64_MAX;
  for (size_t slot = 0; slot < seep_process_table_slots(engine->table); slot++) {
    const seep_engine_watch *watch = &engine->watches[slot];
    const seep_process *process = seep_process_table_at(engine->table, slot);
    int64_t later_ms = seep_mono_since(watch->born, open->ended);
    int64_t distance_ms = later_ms < 0 ? -later_ms : later_ms;
    if (process != NULL && later_ms >= -SEEP_ENGINE_OVERLAP_MS && distance_ms < nearest_ms &&
        !watch->there_before && !watch->ignored && watch->open_case == NULL &&
        seep_text_equal_ignoring_case(process->name, open->leak.image)) {
      found = slot;
      nearest_ms = distance_ms;
    }
  }
  return found;
}

static void go_over(seep_engine *engine, seep_now now, seep_engine_case *open, size_t slot)
{
  const seep_process *process = seep_process_table_at(engine->table, slot);
  take_slot(engine, open, slot);
  open->leak.key = process->key;
  open->leak.commit_bytes = process->commit_bytes;
  open->leak.services[0] = '\0';
  open->services_asked = false;
  open->carried = true;
  open->confirmed = false;
  open->doubled = false;
  open->kind_carried = true;
  open->moved = open->opened;
  seep_engine__take_kind(engine, now, open, slot);
}

static void tend_waiting(seep_engine *engine, seep_now now, seep_engine_case *open)
{
  int64_t patience_ms = SEEP_ENGINE_SUCCESSOR_BUCKETS * engine->settings.detector_bucket_ms;
  size_t slot = find_successor(engine, open);
  if (slot != SEEP_NO_SLOT) {
    go_over(engine, now, open, slot);
  }
  if (!open->opened) {
    open_row(engine, now, open);
  } else if (slot != SEEP_NO_SLOT) {
    emit_leak(engine, now, SEEP_COMMAND_LEAK_UPDATE, open);
  } else if (seep_mono_since(now.mono, open->ended) >= patience_ms) {
    close_case(engine, now, open, "the process ended");
  }
}

static void tend_carried(seep_engine *engine, seep_now now, seep_engine_case *open)
{
  const seep_engine_watch *watch = &engine->watches[open->slot];
  int64_t patience_ms = SEEP_ENGINE_CALM_OBSERVATIONS * engine->thresholds[watch->thresholds].observation_ms;
  if (watch->detector.level >= SEEP_LEVEL_SUSPECT) {
    open->calm = now.mono;
  } else if (seep_mono_since(now.mono, open->calm) >= patience_ms) {
    close_case(engine, now, open, "after a restart it no longer grows");
  }
}

void seep_engine__tend_cases(seep_engine *engine, seep_now now)
{
  for (seep_engine_case *open = engine->cases, *next; open != NULL; open = next) {
    next = open->next;
    if (open->opened && open->leak.id == 0 && !engine->storage_down) {
      emit_leak(engine, now, SEEP_COMMAND_LEAK_UPDATE, open); /* another store does not know it yet */
    }
    if (open->slot == SEEP_NO_SLOT) {
      tend_waiting(engine, now, open);
    } else if (open->carried) {
      tend_carried(engine, now, open);
    }
  }
}
