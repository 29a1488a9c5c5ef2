/*
 * Where Windows is short of memory and does not say who holds it: the detector's own notices (1003: memory is
 * short, 1008: nobody can say why), told only where no Event 2004 follows, Events 2004 that can not be read,
 * servers on which none is written, and the feeds of all that.
 */
#include "watch/engine_internal.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/saturate.h"
#include "base/text.h"
#include "watch/exhaustion_notices.h"

#define FILETIME_PER_MS 10000

/* ---- notices without a diagnosis ---- */

void seep_engine__drop_notice(seep_engine *engine)
{
  seep_engine_exhaustions *state = &engine->exhaustions;
  state->undiagnosed.waits = false;
  seep_engine__emit_bookmark(engine, SEEP_FEED_NOTICES, state->notices_held.text, state->notices_held.size);
  state->notices_held.size = 0;
  seep_engine__release_bookmark(engine);
}

/* Is told when it is due. What is told already within the time for repetitions is only counted. */
void seep_engine__expect_diagnosis(seep_engine *engine, seep_now now, const seep_memory_notice *notice,
                                   const char *reason, int64_t wait_ms)
{
  seep_engine_undiagnosed *waiting = &engine->exhaustions.undiagnosed;
  waiting->notice = *notice;
  waiting->late_ms = seep_engine__late_ms(now, notice->time_created);
  waiting->fresh = seep_engine__is_fresh(engine, now, notice->time_created);
  seep_text_copy(waiting->reason, sizeof waiting->reason, reason);
  if (waiting->told_any && seep_mono_since(now.mono, waiting->told) < engine->settings.event2004_repeat_ms) {
    waiting->counted++;
    if (!waiting->waits) {
      seep_engine__drop_notice(engine);
    }
    return;
  }
  if (!waiting->waits || wait_ms == 0) {
    waiting->due.ms = now.mono.ms + wait_ms;
  }
  waiting->again = waiting->waits && waiting->again;
  waiting->waits = true;
}

static void write_undiagnosed(seep_engine *engine)
{
  const seep_engine_undiagnosed *waiting = &engine->exhaustions.undiagnosed;
  char known_text[SEEP_ALERT_INSERT_SIZE], reason[SEEP_ALERT_INSERT_SIZE + 64];
  seep_writer known;
  seep_notices_undiagnosed notice = {.reason = waiting->reason,
                                     .notice = &waiting->notice,
                                     .memory = engine->memory_known ? &engine->memory : NULL,
                                     .known = known_text,
                                     .done = waiting->fresh
                                                 ? "all processes are watched more closely for a while"
                                                 : "nothing because of it: it is old",
                                     .late_ms = waiting->late_ms};
  if (waiting->counted > 0) {
    snprintf(reason, sizeof reason, "%s (%u more since the last report)", waiting->reason, waiting->counted);
    notice.reason = reason;
  }
  seep_writer_init(&known, known_text, sizeof known_text);
  seep_engine__write_open_leaks(engine, &known);
  seep_engine__find_largest(engine, notice.largest);
  seep_notices_undiagnosed_memory(&engine->alert, &notice);
}

/* at_once: those that were only counted too. */
void seep_engine__tell_undiagnosed(seep_engine *engine, seep_now now, bool at_once)
{
  seep_engine_undiagnosed *waiting = &engine->exhaustions.undiagnosed;
  bool over = at_once || seep_mono_since(now.mono, waiting->told) >= engine->settings.event2004_repeat_ms;
  if (!waiting->waits && waiting->counted > 0 && over) {
    waiting->waits = true;
    waiting->again = false;
    waiting->due = now.mono;
    waiting->counted--; /* the newest is the one told */
  }
  if (!waiting->waits || now.mono.ms < waiting->due.ms) {
    return;
  }
  write_undiagnosed(engine);
  bool again = waiting->again;
  waiting->again = true;
  if (seep_engine__emit_again(engine, &engine->alert, again) == SEEP_OK) {
    waiting->told_any = true;
    waiting->told = now.mono;
    waiting->counted = 0;
    seep_engine__drop_notice(engine);
  }
}

/* The diagnosis and the notice come through two doors: either may be first. A later one than this notice's
 * own says as much. */
static bool has_diagnosis(const seep_engine *engine, const seep_memory_notice *notice)
{
  uint64_t wait = (uint64_t)engine->settings.event2004_wait_ms * FILETIME_PER_MS;
  return engine->exhaustions.newest != 0 && notice->time_created != 0 &&
         seep_saturate_add(engine->exhaustions.newest, wait) >= notice->time_created;
}

/* The same notice once more, from a feed that has lost its place. */
static bool was_read(seep_engine_undiagnosed *state, const seep_memory_notice *notice)
{
  for (size_t i = 0; notice->record_id != 0 && i < SEEP_ENGINE_NOTICES_READ; i++) {
    if (state->read[i].record == notice->record_id && state->read[i].logged == notice->time_created) {
      return true;
    }
  }
  state->read[state->read_next].record = notice->record_id;
  state->read[state->read_next].logged = notice->time_created;
  state->read_next = (state->read_next + 1) % SEEP_ENGINE_NOTICES_READ;
  return false;
}

void seep_engine_memory_notice(seep_engine *engine, seep_now now, const char *xml, size_t xml_size,
                               const char *bookmark, size_t bookmark_size)
{
  seep_engine_undiagnosed *state = &engine->exhaustions.undiagnosed;
  seep_memory_notice notice;
  char reason[SEEP_ALERT_INSERT_SIZE];
  bool readable = xml != NULL && seep_memory_notice_parse(xml, xml_size, &notice, NULL) == SEEP_OK;
  engine->events_lost += !readable;
  seep_engine__hold(&engine->exhaustions.notices_held, bookmark, bookmark_size);
  if (!readable || was_read(state, &notice) || has_diagnosis(engine, &notice)) {
    if (!state->waits) {
      seep_engine__drop_notice(engine);
    }
    return;
  }
  if (seep_engine__is_fresh(engine, now, notice.time_created)) {
    seep_engine__become_urgent(engine, now);
  }
  if (notice.event_id == 1008) {
    snprintf(reason, sizeof reason,
             "Windows tried to find out which processes hold it and failed (code %" PRIu32 ")",
             notice.error_code);
  } else {
    snprintf(reason, sizeof reason,
             "Windows noticed it (event 1003) but did not say which processes hold it");
  }
  seep_engine__expect_diagnosis(engine, now, &notice, reason,
                                notice.event_id == 1008 ? 0 : engine->settings.event2004_wait_ms);
  seep_engine__tell_undiagnosed(engine, now, false);
}

/* ---- whether there will be any ---- */

void seep_engine_diagnosis(seep_engine *engine, const seep_diagnosis *diagnosis)
{
  seep_doctor_finding finding;
  engine->feed_trouble = NULL;
  if (!seep_findings_diagnosis(diagnosis, &finding) || !engine->settings.event2004_enabled) {
    return;
  }
  engine->feed_trouble = "Windows writes none on this server as it is set up: see event 214";
  if (!engine->no_diagnosis_told) {
    engine->no_diagnosis_told = true;
    seep_notices_no_diagnosis(&engine->alert, &finding);
    seep_engine__emit_alert(engine);
  }
}

/* ---- the feeds ---- */

void seep_engine_feed_state(seep_engine *engine, seep_now now, seep_feed feed, bool up,
                            const seep_error *error)
{
  if (feed == SEEP_FEED_NOTICES) {
    engine->notices_up = up;
    return;
  }
  bool was_up = !engine->feed_known || engine->feed_up;
  engine->feed_known = true;
  engine->feed_up = up;
  if (!up && was_up) {
    engine->feed_down_since = now.mono;
    seep_alert_init(&engine->alert, SEEP_ALERT_FEED_LOST);
    seep_alert_add_error(&engine->alert, error);
    seep_alert_add_text(&engine->alert, "leaks are still found and event 202 still warns of low memory");
    seep_engine__emit_alert(engine);
  } else if (up && !was_up) {
    seep_alert_init(&engine->alert, SEEP_ALERT_FEED_RESTORED);
    seep_alert_add_duration(&engine->alert, seep_mono_since(now.mono, engine->feed_down_since));
    seep_engine__emit_alert(engine);
  }
}
