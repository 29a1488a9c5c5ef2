/*
 * What an Event 2004, a notice and our own warning have in common: who is meant, how late it is, bookmarks.
 */
#include "watch/engine_internal.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "report/human.h"

/* An event read so much later than it was logged is told as late. */
#define LATE_MS (2 * SEEP_MS_PER_MINUTE)

/* A creation time whose last digits were lost still names the process. */
#define SAME_MOMENT_100NS 100000u

/* ---- who is meant ---- */

static uint64_t distance(uint64_t a, uint64_t b)
{
  return a > b ? a - b : b - a;
}

/* By name the largest: that is why Windows has listed it. A list cut by hand, or a process that was started
 * again since, can not be found otherwise. */
static size_t find_by_name(const seep_engine *engine, const char *name)
{
  size_t found = SEEP_NO_SLOT;
  uint64_t largest = 0;
  for (size_t i = 0; name[0] != '\0' && i < seep_process_table_slots(engine->table); i++) {
    const seep_process *process = seep_process_table_at(engine->table, i);
    if (process != NULL && process->commit_bytes >= largest &&
        seep_text_equal_ignoring_case(process->name, name)) {
      found = i;
      largest = process->commit_bytes;
    }
  }
  return found;
}

static size_t find_named(const seep_engine *engine, const seep_exhaustion_process *named,
                         seep_store_match *match)
{
  *match = SEEP_STORE_MATCH_EXACT;
  size_t slot = seep_process_table_find(engine->table, named->key);
  for (size_t i = 0; slot == SEEP_NO_SLOT && i < seep_process_table_slots(engine->table); i++) {
    const seep_process *process = seep_process_table_at(engine->table, i);
    if (process != NULL && process->key.pid == named->key.pid && named->key.created != 0 &&
        distance(process->key.created, named->key.created) < SAME_MOMENT_100NS) {
      slot = i;
    }
  }
  if (slot == SEEP_NO_SLOT) {
    slot = find_by_name(engine, named->name);
    *match = slot != SEEP_NO_SLOT ? SEEP_STORE_MATCH_NAME : SEEP_STORE_MATCH_NONE;
  }
  return slot;
}

static void write_known(seep_writer *known, const seep_engine_case *open)
{
  char rate[SEEP_HUMAN_SIZE], name[120];
  const seep_store_leak *leak = &open->leak;
  seep_text_copy(name, sizeof name, leak->image);
  seep_writer_format(known, "%s%s (%" PRIu32 ") %s%s", known->length > 0 ? "; " : "", name, leak->key.pid,
                     seep_human_rate(leak->slope_bytes_per_hour, rate, sizeof rate),
                     strcmp(leak->verdict, "rapid") == 0 ? " (rapid growth, not proven)" : "");
}

/* What has been told of, and is about a process that runs. */
static bool is_known(const seep_engine *engine, const seep_engine_case *open)
{
  return open != NULL && open->opened && open->slot != SEEP_NO_SLOT && !engine->watches[open->slot].ignored;
}

/* Finds the named ones, makes them urgent where the event is news, and says which of them are known to leak.
 */
void seep_engine__match_named(seep_engine *engine, seep_now now, seep_engine_named_event *exhaustion,
                              seep_writer *known)
{
  size_t slots[SEEP_EXHAUSTION_PROCESSES];
  memset(exhaustion->matches, 0, sizeof exhaustion->matches); /* SEEP_STORE_MATCH_NONE */
  for (size_t i = 0; i < exhaustion->event.process_count; i++) {
    bool twice = false;
    slots[i] = find_named(engine, &exhaustion->event.processes[i], &exhaustion->matches[i]);
    for (size_t before = 0; before < i; before++) {
      twice = twice || slots[before] == slots[i];
    }
    if (slots[i] == SEEP_NO_SLOT || twice) {
      continue;
    }
    seep_engine_watch *watch = &engine->watches[slots[i]];
    if (exhaustion->fresh) {
      watch->urgent = true;
      watch->urgent_until.ms = now.mono.ms + engine->settings.event2004_urgent_ms;
    }
    if (is_known(engine, watch->open_case)) {
      write_known(known, watch->open_case);
    }
  }
}

void seep_engine__write_open_leaks(const seep_engine *engine, seep_writer *known)
{
  for (const seep_engine_case *open = engine->cases; open != NULL; open = open->next) {
    if (is_known(engine, open)) {
      write_known(known, open);
    }
  }
}

/* The largest processes of the last poll, NULL where there are fewer. */
void seep_engine__find_largest(const seep_engine *engine, const seep_process *largest[SEEP_ENGINE_LARGEST])
{
  memset(largest, 0, SEEP_ENGINE_LARGEST * sizeof *largest);
  for (size_t i = 0; i < seep_process_table_slots(engine->table); i++) {
    const seep_process *process = seep_process_table_at(engine->table, i);
    for (size_t place = 0; process != NULL && place < SEEP_ENGINE_LARGEST; place++) {
      if (largest[place] == NULL || process->commit_bytes > largest[place]->commit_bytes) {
        const seep_process *smaller = largest[place];
        largest[place] = process;
        process = smaller;
      }
    }
  }
}

void seep_engine__become_urgent(seep_engine *engine, seep_now now)
{
  engine->urgent = true;
  engine->urgent_until.ms = now.mono.ms + engine->settings.event2004_urgent_ms;
  seep_engine__emit_interval(engine);
}

/* ---- when ---- */

/* How long ago by the wall clock; 0 when it does not say, or seems to come from the future. */
static int64_t age_ms(seep_now now, seep_filetime logged)
{
  int64_t age = logged != 0 ? now.wall.ms - seep_wall_from_filetime(logged).ms : 0;
  return age > 0 ? age : 0;
}

int64_t seep_engine__late_ms(seep_now now, seep_filetime logged)
{
  int64_t age = age_ms(now, logged);
  return age >= LATE_MS ? age : -1;
}

bool seep_engine__is_fresh(const seep_engine *engine, seep_now now, seep_filetime logged)
{
  return age_ms(now, logged) < engine->settings.event2004_urgent_ms;
}

/* ---- bookmarks ---- */

void seep_engine__emit_bookmark(seep_engine *engine, seep_feed feed, const char *text, size_t size)
{
  seep_command command = {.kind = SEEP_COMMAND_BOOKMARK};
  command.as.bookmark.feed = feed;
  command.as.bookmark.text = text;
  command.as.bookmark.length = size;
  if (size > 0) {
    seep_engine__emit(engine, &command);
  }
}

void seep_engine__hold(seep_engine_bookmark *held, const char *text, size_t size)
{
  if (size > 0 && size <= sizeof held->text) {
    memcpy(held->text, text, size);
    held->size = size;
  }
}

/* An Event 2004 that could not be read waits to be told as such. */
static bool unreadable_waits(const seep_engine_exhaustions *state)
{
  return state->undiagnosed.waits && state->undiagnosed.notice.event_id == 0;
}

void seep_engine__keep_bookmark(seep_engine *engine, const char *text, size_t size)
{
  seep_engine_exhaustions *state = &engine->exhaustions;
  if (state->has_untold || unreadable_waits(state)) {
    seep_engine__hold(&state->held, text, size);
  } else {
    seep_engine__emit_bookmark(engine, SEEP_FEED_EXHAUSTION, text, size);
  }
}

void seep_engine__release_bookmark(seep_engine *engine)
{
  seep_engine_exhaustions *state = &engine->exhaustions;
  if (!state->has_untold && !unreadable_waits(state)) {
    seep_engine__emit_bookmark(engine, SEEP_FEED_EXHAUSTION, state->held.text, state->held.size);
    state->held.size = 0;
  }
}

/* ---- telling again ---- */

seep_status seep_engine__emit_again(seep_engine *engine, const seep_alert *alert, bool again)
{
  seep_command command = {.kind = SEEP_COMMAND_ALERT};
  command.as.alert.alert = alert;
  command.as.alert.again = again;
  seep_engine__emit(engine, &command);
  return command.as.alert.done;
}
