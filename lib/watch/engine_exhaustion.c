/*
 * Event 2004: Windows says that memory runs out, and names processes. Told at least once, for its bookmark
 * moves only when it has been told or counted into one that was; and, by the records kept in the store, not
 * twice. What Windows can not say, or we can not read, is engine_notices.c's.
 */
#include "watch/engine_exhaustion.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "capture/sampling.h"
#include "watch/engine_internal.h"
#include "watch/exhaustion_notices.h"

/* ---- told before ---- */

static bool told_before(const seep_engine_exhaustions *state)
{
  const seep_exhaustion *event = &state->at_hand.event;
  for (size_t i = 0; event->record_id != 0 && i < SEEP_ENGINE_RECORDS_TOLD; i++) {
    if (state->told_records[i].record == event->record_id &&
        state->told_records[i].logged == event->time_created) {
      return true;
    }
  }
  return false;
}

/* What Windows was expected to say has been said. A clock that was ahead must not answer for all time. */
static void note_diagnosis(seep_engine *engine, seep_now now, seep_filetime logged)
{
  seep_engine_exhaustions *state = &engine->exhaustions;
  seep_filetime latest = seep_wall_to_filetime(now.wall);
  seep_filetime bounded = logged < latest ? logged : latest;
  state->newest = bounded > state->newest ? bounded : state->newest;
}

void seep_engine_exhaustion_known(seep_engine *engine, seep_now now, uint64_t record_id, seep_filetime logged)
{
  seep_engine_exhaustions *state = &engine->exhaustions;
  state->told_records[state->told_next].record = record_id;
  state->told_records[state->told_next].logged = logged;
  state->told_next = (state->told_next + 1) % SEEP_ENGINE_RECORDS_TOLD;
  note_diagnosis(engine, now, logged);
}

static void store_exhaustion(seep_engine *engine, const seep_engine_named_event *exhaustion, bool told)
{
  seep_store_exhaustion row = {.seen = exhaustion->seen, .told = told, .event = &exhaustion->event};
  memcpy(row.matches, exhaustion->matches, sizeof row.matches);
  seep_command command = {.kind = SEEP_COMMAND_EXHAUSTION};
  command.as.exhaustion = &row;
  seep_engine__emit(engine, &command);
}

/* ---- telling ---- */

static bool was_told_of(const seep_engine_exhaustions *state, seep_process_key key)
{
  for (size_t i = 0; i < state->told_of_count; i++) {
    if (state->told_of[i].pid == key.pid && state->told_of[i].created == key.created) {
      return true;
    }
  }
  return false;
}

/* 81 in a night, always about the same processes (reference: event-log, 2.5): every one of its first three
 * was among those told last. News is no repetition of what was told late. */
static bool is_repetition(const seep_engine *engine, seep_now now)
{
  const seep_engine_exhaustions *state = &engine->exhaustions;
  const seep_exhaustion *event = &state->at_hand.event;
  if (!state->told_any || seep_mono_since(now.mono, state->told) >= engine->settings.event2004_repeat_ms ||
      (state->at_hand.fresh && !state->told_fresh) ||
      (event->process_count == 0 && state->told_of_count > 0)) {
    return false;
  }
  for (size_t i = 0; i < event->process_count && i < SEEP_NOTICES_LARGEST; i++) {
    if (!was_told_of(state, event->processes[i].key)) {
      return false;
    }
  }
  return true;
}

static void note_told(seep_engine *engine, seep_now now, const seep_engine_named_event *exhaustion)
{
  seep_engine_exhaustions *state = &engine->exhaustions;
  state->told_any = true;
  state->told_fresh = exhaustion->fresh;
  state->told = now.mono;
  state->counted = 0;
  state->counted_again = false;
  state->told_of_count = exhaustion->event.process_count;
  for (size_t i = 0; i < state->told_of_count; i++) {
    state->told_of[i] = exhaustion->event.processes[i].key;
  }
}

static void count(seep_engine_exhaustions *state)
{
  state->counted++;
  state->newest_counted = state->at_hand;
}

static const char *what_follows(const seep_engine *engine, bool fresh)
{
  if (!fresh) {
    return "nothing because of it: it is old";
  }
  bool records = engine->settings.capture_enabled && !engine->storage_down &&
                 seep_sampling_takes_part(engine->host, engine->settings.capture_sample_ppm);
  return records
             ? "the named processes are watched more closely; one that leaks is recorded"
             : "the named processes are watched more closely; nothing is recorded on this server at present";
}

/* Into engine->alert. */
static void write_came(seep_engine *engine, const seep_engine_named_event *exhaustion, const char *known,
                       unsigned repeated)
{
  const seep_notices_exhaustion came = {.event = &exhaustion->event,
                                        .matches = exhaustion->matches,
                                        .known = known,
                                        .follows = what_follows(engine, exhaustion->fresh),
                                        .repeated = repeated,
                                        .late_ms = exhaustion->late_ms,
                                        .evidence = "\"seepwatch event latest\" and \"seepwatch top\""};
  seep_notices_exhaustion_came(&engine->alert, &came);
}

/* The alert in engine->alert did not reach the log. */
static void keep_untold(seep_engine *engine, seep_now now, const char *bookmark, size_t size)
{
  seep_engine_exhaustions *state = &engine->exhaustions;
  if (state->has_untold) {
    count(state);
  } else {
    state->untold = engine->alert;
    state->untold_exhaustion = state->at_hand;
    state->has_untold = true;
    note_told(engine, now, &state->at_hand);
  }
  seep_engine__keep_bookmark(engine, bookmark, size);
}

static void tell_untold(seep_engine *engine)
{
  seep_engine_exhaustions *state = &engine->exhaustions;
  if (state->has_untold && seep_engine__emit_again(engine, &state->untold, true) == SEEP_OK) {
    state->has_untold = false;
    store_exhaustion(engine, &state->untold_exhaustion, true);
    seep_engine__release_bookmark(engine);
  }
}

/* Those that were only counted, with what the newest of them says. */
static void tell_counted(seep_engine *engine, seep_now now)
{
  seep_engine_exhaustions *state = &engine->exhaustions;
  char text[SEEP_ALERT_INSERT_SIZE];
  seep_writer known;
  if (state->counted == 0) {
    return;
  }
  seep_writer_init(&known, text, sizeof text);
  seep_engine__write_open_leaks(engine, &known);
  write_came(engine, &state->newest_counted, text, state->counted - 1); /* the newest is the one told */
  if (seep_engine__emit_again(engine, &engine->alert, state->counted_again) == SEEP_OK) {
    note_told(engine, now, &state->newest_counted);
  } else {
    state->counted_again = true;
  }
}

/* ---- events ---- */

static void take_unreadable(seep_engine *engine, seep_now now, const seep_error *error)
{
  static const seep_memory_notice none;
  char reason[SEEP_ALERT_INSERT_SIZE], why[256];
  engine->events_lost++;
  if (error == NULL) {
    seep_text_copy(reason, sizeof reason,
                   "an Event 2004 came whose text could not be had or is larger than any can be");
  } else {
    snprintf(reason, sizeof reason, "an Event 2004 came that cannot be read, for its XML is damaged: %s",
             seep_error_text(error, why, sizeof why));
  }
  seep_engine__become_urgent(engine, now);
  seep_engine__expect_diagnosis(engine, now, &none, reason, 0);
  seep_engine__tell_undiagnosed(engine, now, false);
}

/* false: there is nothing to tell of it. */
static bool read_event(seep_engine *engine, seep_now now, const char *xml, size_t xml_size)
{
  seep_engine_named_event *exhaustion = &engine->exhaustions.at_hand;
  seep_error error;
  seep_status status =
      xml != NULL ? seep_exhaustion_parse(xml, xml_size, &exhaustion->event, &error) : SEEP_LIMIT;
  if (status == SEEP_UNSUPPORTED) { /* whole, and not what was asked for */
    engine->events_lost++;
  } else if (status != SEEP_OK) {
    take_unreadable(engine, now, xml != NULL ? &error : NULL);
  }
  if (status != SEEP_OK) {
    return false;
  }
  exhaustion->seen = now.wall;
  exhaustion->late_ms = seep_engine__late_ms(now, exhaustion->event.time_created);
  exhaustion->fresh = seep_engine__is_fresh(engine, now, exhaustion->event.time_created);
  note_diagnosis(engine, now, exhaustion->event.time_created);
  engine->feed_trouble = NULL; /* Windows does write them */
  if (engine->exhaustions.undiagnosed.notice.event_id != 0) {
    engine->exhaustions.undiagnosed.counted = 0;
    if (engine->exhaustions.undiagnosed.waits) {
      seep_engine__drop_notice(engine);
    }
  }
  return !told_before(&engine->exhaustions);
}

static void tell_event(seep_engine *engine, seep_now now, const char *bookmark, size_t bookmark_size)
{
  seep_engine_exhaustions *state = &engine->exhaustions;
  char text[SEEP_ALERT_INSERT_SIZE];
  seep_writer known;
  seep_writer_init(&known, text, sizeof text);
  seep_engine__match_named(engine, now, &state->at_hand, &known);
  if (is_repetition(engine, now)) {
    count(state);
    if (!state->has_untold) { /* the next start must not take for told what that one waits with */
      store_exhaustion(engine, &state->at_hand, false);
    }
    seep_engine__keep_bookmark(engine, bookmark, bookmark_size);
    return;
  }
  write_came(engine, &state->at_hand, text, state->counted);
  if (seep_engine__emit_alert(engine) != SEEP_OK) {
    keep_untold(engine, now, bookmark, bookmark_size);
    return;
  }
  store_exhaustion(engine, &state->at_hand, true);
  seep_engine__keep_bookmark(engine, bookmark, bookmark_size);
  note_told(engine, now, &state->at_hand);
}

void seep_engine_exhaustion(seep_engine *engine, seep_now now, const char *xml, size_t xml_size,
                            const char *bookmark, size_t bookmark_size)
{
  seep_engine_exhaustions *state = &engine->exhaustions;
  if (!read_event(engine, now, xml, xml_size)) {
    seep_engine__keep_bookmark(engine, bookmark,
                               bookmark_size); /* it will not get better by being read again */
    return;
  }
  const seep_exhaustion *event = &state->at_hand.event;
  seep_engine_exhaustion_known(engine, now, event->record_id, event->time_created);
  state->total++;
  state->last = event->time_created != 0 ? seep_wall_from_filetime(event->time_created) : now.wall;
  tell_event(engine, now, bookmark, bookmark_size);
  if (state->at_hand.fresh) {
    seep_engine__become_urgent(engine, now);
  }
}

/* ---- later ---- */

void seep_engine__tend_exhaustions(seep_engine *engine, seep_now now)
{
  const seep_engine_exhaustions *state = &engine->exhaustions;
  tell_untold(engine);
  if (seep_mono_since(now.mono, state->told) >= engine->settings.event2004_repeat_ms) {
    tell_counted(engine, now);
  }
  seep_engine__tell_undiagnosed(engine, now, false);
}

void seep_engine__end_exhaustions(seep_engine *engine, seep_now now)
{
  tell_untold(engine);
  tell_counted(engine, now);
  seep_engine__tell_undiagnosed(engine, now, true);
}
