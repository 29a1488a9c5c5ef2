#include "unit/report/sample_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define POLL_MS 30000
#define MOST_PROCESSES 128
#define MOST_NAME 64
#define MOST_IDS 64

static sample_server server;
static seep_alert told[MOST_IDS]; /* the last of each id */
static size_t told_count;
static int64_t next_leak;

static void keep(const seep_alert *alert)
{
  size_t place = 0;
  while (place < told_count && told[place].id != alert->id) {
    place++;
  }
  assert_true(place < MOST_IDS);
  told[place] = *alert;
  told_count += place == told_count;
}

/* The world says yes to everything, and records nothing. */
static void carry(void *context, seep_command *command)
{
  (void)context;
  switch (command->kind) {
  case SEEP_COMMAND_ALERT:
    command->as.alert.done = SEEP_OK;
    if (!command->as.alert.held_back) {
      keep(command->as.alert.alert);
    }
    break;
  case SEEP_COMMAND_STORE_POLL:
    command->as.poll.done = SEEP_OK;
    break;
  case SEEP_COMMAND_LEAK_OPEN:
    command->as.leak->id = next_leak++;
    break;
  case SEEP_COMMAND_JOURNAL_ADD:
    command->as.journal.id = 1;
    command->as.journal.done = SEEP_OK;
    break;
  case SEEP_COMMAND_ROLE:
    command->as.role.done = SEEP_GONE;
    break;
  case SEEP_COMMAND_FLAG:
    command->as.flag.done = SEEP_DENIED;
    break;
  default:
    break;
  }
}

sample_server *sample_server_begin(int64_t wall_ms)
{
  static const seep_engine_options options = {.version = "0.1.0",
                                              .data_folder = "C:\\ProgramData\\Seepwatch",
                                              .capture_folder = "C:\\ProgramData\\Seepwatch\\captures",
                                              .temporary_folder =
                                                  "C:\\ProgramData\\Seepwatch\\captures\\temporary",
                                              .path_separator = '\\',
                                              .emit = carry};
  seep_engine_free(server.engine);
  memset(&server, 0, sizeof server);
  told_count = 0;
  next_leak = 17;
  server.now = (seep_now){{SEEP_MS_PER_HOUR}, {wall_ms}};
  seep_settings_defaults(&server.settings);
  server.outside_bytes = UINT64_C(1479745536);
  server.nonpaged_bytes = UINT64_C(391643136);
  server.limit_bytes = UINT64_C(21474234368);
  server.engine = seep_engine_new(&options, &server.settings);
  assert_non_null(server.engine);
  seep_engine_start(server.engine, server.now);
  return &server;
}

void sample_server_configure(sample_server *of, const seep_settings_problem *problem)
{
  seep_engine_settings(of->engine, of->now, SAMPLE_CONFIGURATION, &of->settings, problem);
}

/* Of a loss all bits above are set, which is what adding it needs. */
static uint64_t in_one_poll(int64_t per_hour)
{
  return (uint64_t)(per_hour * POLL_MS / SEEP_MS_PER_HOUR);
}

static uint64_t look(sample_server *of, seep_process_sample *samples, size_t *count)
{
  static uint16_t names[MOST_PROCESSES][MOST_NAME];
  uint64_t owned = 0;
  for (sample_process *process = of->processes; process != NULL && process->name != NULL; process++) {
    size_t place = (*count)++;
    assert_true(place < MOST_PROCESSES);
    size_t units = seep_text_to_utf16(process->name, strlen(process->name), names[place], MOST_NAME);
    samples[place] = (seep_process_sample){.key = process->key,
                                           .threads = 12,
                                           .handles = process->handles,
                                           .commit_bytes = process->commit_bytes,
                                           .name_utf16le = (const uint8_t *)names[place],
                                           .name_bytes = 2 * units};
    owned += process->commit_bytes;
    process->commit_bytes += in_one_poll(process->bytes_per_hour);
    process->handles += process->handles_per_poll;
  }
  return owned;
}

void sample_server_poll(sample_server *of, unsigned polls)
{
  for (unsigned i = 0; i < polls; i++) {
    static seep_process_sample samples[MOST_PROCESSES];
    size_t count = 0;
    uint64_t owned = look(of, samples, &count);
    seep_system_memory memory = {.commit_total_bytes = owned + of->outside_bytes,
                                 .commit_limit_bytes = of->limit_bytes,
                                 .physical_total_bytes = UINT64_C(17179267072),
                                 .physical_available_bytes = UINT64_C(948224000),
                                 .paged_pool_bytes = UINT64_C(512643072),
                                 .nonpaged_pool_bytes = of->nonpaged_bytes};
    seep_engine_poll_samples(of->engine, of->now, samples, count, &memory);
    of->outside_bytes += in_one_poll(of->nonpaged_per_hour) + in_one_poll(of->shared_per_hour);
    of->nonpaged_bytes += in_one_poll(of->nonpaged_per_hour);
    sample_server_tick(of, POLL_MS);
  }
}

void sample_server_tick(sample_server *of, int64_t later_ms)
{
  of->now.mono.ms += later_ms;
  of->now.wall.ms += later_ms;
  seep_engine_tick(of->engine, of->now, NULL, NULL);
}

void sample_server_told(uint32_t id, seep_alert *alert)
{
  for (size_t i = 0; i < told_count; i++) {
    if (told[i].id == id) {
      *alert = told[i];
      return;
    }
  }
  fail_msg("event %u has not been told", (unsigned)id);
}
