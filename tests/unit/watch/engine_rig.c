#include "engine_rig.h"

#include <stdarg.h>
#include <setjmp.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void carry_alert(engine_rig *r, seep_command *command)
{
  const char *inserts[SEEP_ALERT_INSERTS];
  const seep_alert *alert = command->as.alert.alert;
  for (size_t i = 0; i < alert->insert_count; i++) {
    inserts[i] = alert->inserts[i];
    assert_true(inserts[i][0] != '\0');
  }
  if (command->as.alert.held_back) {
    r->alerts_held_back++;
    return;
  }
  command->as.alert.done = r->alert_answer;
  if (r->alert_answer == SEEP_OK) {
    fake_sink_keep(&r->sink, alert->id, (int)alert->level, inserts, alert->insert_count);
  }
}

static void carry_poll(engine_rig *r, seep_command *command)
{
  const seep_store_poll *poll = &command->as.poll.content;
  r->polls_stored++;
  r->samples_last = poll->count;
  r->poll_now = poll->now;
  r->poll_interval_ms = poll->interval_ms;
  r->poll_memory_known = poll->memory != NULL;
  for (size_t i = 0; i < poll->count; i++) {
    if (poll->samples[i].store_id == 0) {
      poll->samples[i].store_id = ++r->next_row;
    }
  }
  command->as.poll.done = r->poll_answer;
}

static void keep_lineage(engine_rig *r, const seep_store_lineage *lineage)
{
  size_t place = 0;
  while (place < r->lineage_count && strcmp(r->lineages[place].image, lineage->image) != 0) {
    place++;
  }
  assert_true(place < ENGINE_RIG_LINEAGES);
  r->lineages[place] = *lineage;
  r->lineage_count += place == r->lineage_count;
  r->lineages_kept++;
}

static void add_promise(engine_rig *r, seep_command *command)
{
  command->as.journal.done = r->journal_answer;
  if (r->journal_answer == SEEP_OK) {
    assert_true(r->journal_count < ENGINE_RIG_PROMISES);
    assert_string_equal(command->as.journal.kind, SEEP_PROMISE_FLAG);
    seep_text_copy(r->journal[r->journal_count++], SEEP_PROMISE_SIZE, command->as.journal.text);
    command->as.journal.id = (int64_t)r->journal_count;
  }
}

static void carry_flag(engine_rig *r, seep_command *command)
{
  const seep_tracing_flags flags = fake_registry_port(&r->registry);
  command->as.flag.done = SEEP_OK;
  if (command->as.flag.edit != SEEP_TRACING_FLAG_KEEP) {
    command->as.flag.done = flags.edit(flags.context, command->as.flag.image, command->as.flag.edit,
                                       command->as.flag.number, NULL);
  }
  if (command->as.flag.done == SEEP_OK) {
    command->as.flag.done = flags.read(flags.context, command->as.flag.image, &command->as.flag.state, NULL);
  }
}

static void carry(void *context, seep_command *command)
{
  engine_rig *r = context;
  if (r->order_count < ENGINE_RIG_ORDER) {
    r->order_at[r->order_count] = r->world.mono_ms;
    r->order[r->order_count++] = command->kind;
  }
  switch (command->kind) {
  case SEEP_COMMAND_ALERT:
    carry_alert(r, command);
    break;
  case SEEP_COMMAND_STORE_POLL:
    carry_poll(r, command);
    break;
  case SEEP_COMMAND_LEAK_OPEN:
    command->as.leak->id = ++r->next_leak_id;
    r->last_leak = *command->as.leak;
    r->leaks_opened++;
    break;
  case SEEP_COMMAND_LEAK_UPDATE:
    r->last_leak = *command->as.leak;
    r->leaks_updated++;
    break;
  case SEEP_COMMAND_EXHAUSTION:
    assert_true(r->exhaustion_count < ENGINE_RIG_EXHAUSTIONS);
    r->exhaustions[r->exhaustion_count] = *command->as.exhaustion;
    r->exhaustion_records[r->exhaustion_count++] = command->as.exhaustion->event->record_id;
    break;
  case SEEP_COMMAND_BOOKMARK:
    if (command->as.bookmark.feed == SEEP_FEED_NOTICES) {
      r->notices_bookmarks++;
      break;
    }
    r->bookmarks++;
    snprintf(r->bookmark, sizeof r->bookmark, "%.*s", (int)command->as.bookmark.length,
             command->as.bookmark.text);
    break;
  case SEEP_COMMAND_REQUEST_RECORDING:
    r->requests++;
    r->target = *command->as.target;
    break;
  case SEEP_COMMAND_TAKE_INVENTORY:
    r->inventories++;
    r->inventory_of = command->as.inventory_of;
    break;
  case SEEP_COMMAND_POLL_EVERY:
    r->interval_ms = command->as.interval_ms;
    break;
  case SEEP_COMMAND_HISTORY_TOLD:
    r->history_told++;
    r->history_told_bytes = command->as.history_told_bytes;
    break;
  case SEEP_COMMAND_LINEAGE_KEEP:
    keep_lineage(r, command->as.lineage);
    break;
  case SEEP_COMMAND_ANSWER_KEEP:
    r->answers++;
    r->last_answer = *command->as.answer;
    break;
  case SEEP_COMMAND_CAPTURE_ADD:
    r->captures++;
    r->last_capture = *command->as.capture;
    break;
  case SEEP_COMMAND_SIDECAR:
    r->sidecars++;
    seep_text_copy(r->sidecar_path, sizeof r->sidecar_path, command->as.sidecar.path);
    seep_text_copy_bytes(r->sidecar, sizeof r->sidecar, command->as.sidecar.text, command->as.sidecar.length);
    break;
  case SEEP_COMMAND_JOURNAL_ADD:
    add_promise(r, command);
    break;
  case SEEP_COMMAND_JOURNAL_REMOVE:
    assert_true(command->as.journal.id > 0 && command->as.journal.id <= (int64_t)r->journal_count);
    r->journal[command->as.journal.id - 1][0] = '\0';
    break;
  case SEEP_COMMAND_FLAG:
    carry_flag(r, command);
    break;
  case SEEP_COMMAND_ROLE:
    command->as.role.role = r->registry.role;
    command->as.role.done = r->registry.role_answer;
    break;
  case SEEP_COMMAND_RECORDER:
    break;
  }
}

seep_now engine_rig_now(const engine_rig *r)
{
  seep_now now = {{r->world.mono_ms}, {r->world.wall_ms}};
  return now;
}

void engine_rig_look(engine_rig *r)
{
  seep_process_bytes bytes;
  fake_world_bytes(&r->world, &bytes);
  seep_engine_poll(r->engine, engine_rig_now(r), &bytes);
}

void engine_rig_poll(engine_rig *r, unsigned polls)
{
  for (unsigned i = 0; i < polls; i++) {
    fake_world_advance(&r->world, 1000);
    engine_rig_look(r);
  }
}

size_t engine_rig_told(engine_rig *r, uint32_t id)
{
  return fake_sink_count_of(&r->sink, id);
}

const char *engine_rig_insert(engine_rig *r, uint32_t id, size_t n, const char *label)
{
  const seep_alert *alert = fake_sink_wait(&r->sink, id, n, 0);
  const char *insert = alert != NULL ? seep_alert_insert(alert, label) : NULL;
  return insert != NULL ? insert : "";
}

const seep_store_lineage *engine_rig_lineage(const engine_rig *r, const char *image)
{
  for (size_t i = 0; i < r->lineage_count; i++) {
    if (strcmp(r->lineages[i].image, image) == 0) {
      return &r->lineages[i];
    }
  }
  return NULL;
}

static void begin(engine_rig *r)
{
  seep_engine_options options = {.version = "9.8.7",
                                 .data_folder = "/data",
                                 .capture_folder = "/data/captures",
                                 .temporary_folder = "/data/captures/temporary",
                                 .path_separator = '/',
                                 .host = r->host,
                                 .emit = carry,
                                 .emit_context = r};
  r->engine = seep_engine_new(&options, &r->settings);
  assert_non_null(r->engine);
  seep_engine_start(r->engine, engine_rig_now(r));
}

void engine_rig_restart(engine_rig *r)
{
  seep_engine_free(r->engine);
  begin(r);
  for (size_t i = 0; i < r->lineage_count; i++) {
    seep_engine_lineage_known(r->engine, &r->lineages[i]);
  }
}

int engine_rig_set_up(void **state)
{
  engine_rig *r = calloc(1, sizeof *r);
  if (r == NULL) {
    return -1;
  }
  fake_world_init(&r->world);
  fake_sink_init(&r->sink);
  seep_settings_defaults(&r->settings);
  r->settings.poll_interval_ms = 1000;
  r->settings.poll_urgent_interval_ms = 500;
  r->settings.detector_bucket_ms = 1000;
  r->settings.detector_observation_ms = 64000;
  r->settings.detector_minimum_growth_bytes = 8 * MB;
  r->settings.detector_minimum_slope_bytes_per_hour = 10 * MB;
  r->settings.memory_enabled = false;
  begin(r);
  *state = r;
  return 0;
}

int engine_rig_tear_down(void **state)
{
  engine_rig *r = *state;
  seep_engine_free(r->engine);
  fake_sink_fini(&r->sink);
  fake_world_fini(&r->world);
  free(r);
  return 0;
}
