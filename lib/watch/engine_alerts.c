/*
 * How alerts leave: those about processes are limited in number, because a bad update can make five hundred
 * processes leak in one poll, and an event log full of one story has lost all others. What is held back is in
 * the store as ever; event 112 says how many, and of which kind.
 *
 * Alerts about the server and about ourselves are few by their nature and never held back.
 */
#include "watch/engine_internal.h"

#include <string.h>

#include "base/text.h"

static bool is_limited(uint32_t id)
{
  switch (id) {
  case SEEP_ALERT_LEFTOVER_UNDONE:
  case SEEP_ALERT_LEAK_FOUND:
  case SEEP_ALERT_LEAK_OVER:
  case SEEP_ALERT_RAPID_GROWTH:
  case SEEP_ALERT_RAPID_GROWTH_OVER:
  case SEEP_ALERT_HANDLE_GROWTH:
  case SEEP_ALERT_HANDLE_GROWTH_OVER:
  case SEEP_ALERT_RECORDING_STARTED:
  case SEEP_ALERT_RECORDING_SAVED:
  case SEEP_ALERT_RECORDING_FAILED:
  case SEEP_ALERT_RECORDING_REFUSED:
  case SEEP_ALERT_FLAG_SET:
  case SEEP_ALERT_FLAG_TAKEN_BACK:
  case SEEP_ALERT_CULPRIT:
  case SEEP_ALERT_NO_CULPRIT:
    return true;
  default:
    return false;
  }
}

static void count_held_back(seep_engine_outlet *outlet, uint32_t id)
{
  outlet->held_back++;
  outlet->held_back_ever++;
  for (size_t i = 0; i < SEEP_ENGINE_ALERT_KINDS; i++) {
    if (outlet->kinds[i].id == id || outlet->kinds[i].id == 0) {
      outlet->kinds[i].id = id;
      outlet->kinds[i].count++;
      return;
    }
  }
}

bool seep_engine__may_tell(const seep_engine *engine, uint32_t id)
{
  unsigned most = engine->settings.alerts_per_hour;
  return !is_limited(id) || most == 0 || engine->outlet.sent < most;
}

static bool may_leave(seep_engine *engine, uint32_t id)
{
  seep_engine_outlet *outlet = &engine->outlet;
  bool may = seep_engine__may_tell(engine, id);
  outlet->sent += may && is_limited(id);
  if (!may) {
    count_held_back(outlet, id);
  }
  return may;
}

seep_status seep_engine__emit_alert(seep_engine *engine)
{
  seep_command command = {.kind = SEEP_COMMAND_ALERT};
  command.as.alert.alert = &engine->alert;
  command.as.alert.held_back = !may_leave(engine, engine->alert.id);
  command.as.alert.done = SEEP_OK;
  seep_engine__emit(engine, &command);
  return command.as.alert.done;
}

/* false: the event log does not take it. */
static bool tell_held_back(seep_engine *engine)
{
  char text[SEEP_ALERT_INSERT_SIZE];
  seep_engine_outlet *outlet = &engine->outlet;
  seep_writer writer;
  seep_writer_init(&writer, text, sizeof text);
  for (size_t i = 0; i < SEEP_ENGINE_ALERT_KINDS && outlet->kinds[i].id != 0; i++) {
    seep_writer_format(&writer, "%sevent %u: %u", i > 0 ? "; " : "", (unsigned)outlet->kinds[i].id,
                       outlet->kinds[i].count);
  }
  seep_alert_init(&engine->alert, SEEP_ALERT_HELD_BACK);
  seep_alert_add_u64(&engine->alert, outlet->held_back);
  seep_alert_add_text(&engine->alert, text);
  seep_alert_add_wall(&engine->alert, outlet->hour_wall);
  seep_alert_add_u64(&engine->alert, engine->settings.alerts_per_hour);
  return seep_engine__emit_alert(engine) == SEEP_OK;
}

void seep_engine__outlet_time(seep_engine *engine, seep_now now)
{
  seep_engine_outlet *outlet = &engine->outlet;
  if (outlet->begun && seep_mono_since(now.mono, outlet->hour) < SEEP_MS_PER_HOUR) {
    return;
  }
  bool told = outlet->held_back > 0 && tell_held_back(engine);
  if (outlet->held_back == 0 || told) {
    outlet->hour_wall = now.wall;
    outlet->held_back = 0;
    memset(outlet->kinds, 0, sizeof outlet->kinds);
  }
  outlet->begun = true;
  outlet->hour = now.mono;
  outlet->sent = 0;
}

void seep_engine__outlet_end(seep_engine *engine)
{
  if (engine->outlet.held_back > 0) {
    (void)tell_held_back(engine);
  }
}
