/*
 * Ours: a load through the real engine (decoding, process table, detector, store) into a store on disk, then
 * everything read back and compared, then a fortnight of it read as the verbs would.
 *   bench_store fleet|FOLDER FILE [DAYS]
 * prints `name value unit` lines; exit code 1 when one sample came back different, or anything failed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "counting_vfs.h"
#include "file_parts.h"
#include "fortnight.h"
#include "measure.h"
#include "poll_bytes.h"
#include "read_back.h"
#include "settings/settings.h"
#include "store/store.h"
#include "watch/engine.h"

#define INTERVAL_MS (LOAD_INTERVAL_S * SEEP_MS_PER_SECOND)
#define POLLS_PER_PRUNE 20 /* as the watchdog does it */

typedef struct service {
  seep_store *store;
  seep_settings settings;
  seep_now now;
  uint32_t polls;
  double append_us, append_most_us; /* of the polls alone: append and prune */
  uint64_t case_bytes;              /* written on behalf of leak cases and events */
  unsigned cases;
} service;

static void fail(const char *what, const seep_error *error)
{
  char text[512];
  measure_fail(what, seep_error_text(error, text, sizeof text));
}

static void store_poll(service *self, seep_command *command)
{
  seep_error error = {0};
  double before_us = measure_cpu_us();
  command->as.poll.done = seep_store_append_poll(self->store, &command->as.poll.content, &error);
  if (command->as.poll.done != SEEP_OK) {
    fail("append", &error);
  }
  if (++self->polls % POLLS_PER_PRUNE == 0) {
    const seep_store_limits limits = {.raw_from = {self->now.wall.ms - self->settings.store_retention_ms},
                                      .hourly_from = {self->now.wall.ms - self->settings.store_hourly_ms},
                                      .maximum_bytes = self->settings.store_maximum_bytes};
    seep_store_pruned pruned;
    if (seep_store_prune(self->store, &limits, &pruned, &error) != SEEP_OK) {
      fail("prune", &error);
    }
  }
  double took_us = measure_cpu_us() - before_us;
  self->append_us += took_us;
  self->append_most_us = took_us > self->append_most_us ? took_us : self->append_most_us;
}

static void store_case(service *self, seep_command *command)
{
  seep_error error = {0};
  uint64_t before = counting_vfs_written();
  seep_status status = command->as.leak->id == 0
                           ? seep_store_leak_open(self->store, command->as.leak, &error)
                           : seep_store_leak_update(self->store, command->as.leak, &error);
  if (status != SEEP_OK) {
    fail("leak", &error);
  }
  self->case_bytes += counting_vfs_written() - before;
}

/* As the service does: what goes into the event log is kept beside the history. */
static void store_event(service *self, const seep_alert *alert)
{
  seep_error error = {0};
  uint64_t before = counting_vfs_written();
  seep_store_event event = {.wall = self->now.wall, .event = alert->id};
  const char *image = seep_alert_insert(alert, "image");
  seep_text_copy(event.level, sizeof event.level, seep_alert_level_text(alert->level));
  seep_text_copy(event.image, sizeof event.image, image != NULL ? image : "");
  seep_alert_text(alert, event.text, sizeof event.text);
  if (seep_store_event_add(self->store, &event, &error) != SEEP_OK) {
    fail("event", &error);
  }
  self->case_bytes += counting_vfs_written() - before;
}

static void carry_out(void *context, seep_command *command)
{
  service *self = context;
  switch (command->kind) {
  case SEEP_COMMAND_STORE_POLL:
    store_poll(self, command);
    break;
  case SEEP_COMMAND_LEAK_OPEN:
    self->cases++;
    store_case(self, command);
    break;
  case SEEP_COMMAND_LEAK_UPDATE:
    store_case(self, command);
    break;
  case SEEP_COMMAND_ALERT:
    store_event(self, command->as.alert.alert);
    break;
  case SEEP_COMMAND_CAPTURE_ADD:
  case SEEP_COMMAND_BOOKMARK:
  case SEEP_COMMAND_RECORDER:
  case SEEP_COMMAND_REQUEST_RECORDING:
  case SEEP_COMMAND_HISTORY_TOLD:
  case SEEP_COMMAND_POLL_EVERY:
  default:
    break;
  }
}

/* Runs all polls; returns the CPU time of all of them, the closing of the store included. */
static double run(service *self, const load *data, seep_engine *engine)
{
  double total_us = 0, before_us;
  poll_bytes buffer;
  load_walk walk;
  poll_bytes_begin(&buffer, data);
  load_walk_begin(&walk, data);
  self->now = (seep_now){{1}, {data->start_ms}};
  seep_engine_start(engine, self->now);
  while (load_walk_next(&walk)) {
    seep_process_bytes bytes;
    poll_bytes_build(&buffer, &walk, &bytes);
    self->now.mono.ms = 1 + (int64_t)walk.poll * INTERVAL_MS;
    self->now.wall.ms = data->start_ms + (int64_t)walk.poll * INTERVAL_MS;
    before_us = measure_cpu_us();
    seep_engine_poll(engine, self->now, &bytes);
    total_us += measure_cpu_us() - before_us;
  }
  before_us = measure_cpu_us();
  seep_store_close(self->store);
  double closing_us = measure_cpu_us() - before_us;
  self->append_us += closing_us;
  load_walk_end(&walk);
  poll_bytes_end(&buffer);
  return total_us + closing_us;
}

static void measure_day(const load *data, const char *path)
{
  service self = {0};
  seep_error error = {0};
  seep_store_opening opening;
  seep_settings_safe(&self.settings);
  const seep_engine_options options = {.version = "bench",
                                       .data_folder = ".",
                                       .capture_folder = "/captures",
                                       .temporary_folder = "/temporary",
                                       .path_separator = '/',
                                       .emit = carry_out,
                                       .emit_context = &self};
  measure_remove_database(path);
  if (seep_store_open(path, (seep_wall){data->start_ms}, NULL, &self.store, &opening, &error) != SEEP_OK) {
    fail("open", &error);
  }
  seep_engine *engine = seep_engine_new(&options, &self.settings);
  if (engine == NULL) {
    measure_fail("out of memory", NULL);
  }
  uint64_t written = counting_vfs_written(), syncs = counting_vfs_syncs();
  double total_us = run(&self, data, engine), polls = data->polls;
  written = counting_vfs_written() - written;
  seep_engine_free(engine);
  uint64_t bytes = measure_file_bytes(path);
  uint64_t samples = data->samples + (data->has_figures ? (uint64_t)data->polls * LOAD_FIGURES : 0);
  printf("samples %" PRIu64 " samples\n", samples);
  printf("file %" PRIu64 " bytes\n", bytes);
  file_parts(path, "", (double)samples);
  printf("file_bytes_per_sample %.3f bytes\n", (double)bytes / (double)samples);
  printf("cpu_us_per_poll %.1f us\n", total_us / polls);
  printf("store_cpu_us_per_poll %.1f us\n", self.append_us / polls);
  printf("store_cpu_us_longest %.0f us\n", self.append_most_us);
  printf("pages_per_poll %.2f pages\n", (double)written / 4096 / polls);
  printf("case_pages_per_poll %.2f pages\n", (double)self.case_bytes / 4096 / polls);
  printf("syncs_per_poll %.2f syncs\n", (double)(counting_vfs_syncs() - syncs) / polls);
  printf("cases %u cases\n", self.cases);
  fflush(stdout);
}

int main(int argc, char **argv)
{
  load data;
  if (argc < 3) {
    fprintf(stderr, "usage: bench_store fleet|FOLDER FILE [DAYS]\n");
    return 2;
  }
  unsigned days = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
  measure_load(&data, argv[1]);
  counting_vfs_install();
  measure_day(&data, argv[2]);
  uint64_t wrong = read_back(&data, argv[2]);
  printf("different_samples %" PRIu64 " samples\n", wrong);
  measure_remove_database(argv[2]);
  if (days > 0) {
    wrong += fortnight(&data, argv[2], days);
    measure_remove_database(argv[2]);
  }
  load_free(&data);
  return wrong == 0 ? 0 : 1;
}
