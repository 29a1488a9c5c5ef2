#include "trace_events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/sha256.h"
#include "cli.h"
#include "output.h"
#include "report/human.h"
#include "trace/census.h"
#include "trace_events_json.h"

enum { LABEL_WIDTH = 26 };

static void say(const char *label, uint64_t count)
{
  printf("  %-*s %" PRIu64 "\n", LABEL_WIDTH, label, count);
}

static void say_if(const char *label, uint64_t count)
{
  if (count != 0) {
    say(label, count);
  }
}

static uint64_t sum(const uint64_t *counts, size_t count)
{
  uint64_t total = 0;
  for (size_t i = 0; i < count; i++) {
    total += counts[i];
  }
  return total;
}

static void print_file(const seep_trace_census *census, size_t size)
{
  char human[SEEP_HUMAN_SIZE];
  const seep_trace_header *header = &census->summary.header;
  printf("Trace of Windows %u.%u build %" PRIu32 ", %s in %" PRIu64 " buffers\n", (unsigned)header->os_major,
         (unsigned)header->os_minor, header->os_build, seep_human_bytes(size, human, sizeof human),
         census->summary.buffers);
  say_if("packed buffers", census->summary.compressed_buffers);
  say("records", census->summary.records);
  for (unsigned type = 0; type < 256; type++) {
    if (census->by_header_type[type] != 0) {
      say(seep_trace_census_type_text((uint8_t)type), census->by_header_type[type]);
    }
  }
  say("events lost", header->events_lost);
  say("buffers lost", header->buffers_lost);
  say_if("buffers that tell of losses", census->summary.loss_flagged_buffers);
}

static void print_events(const seep_trace_census *census)
{
  const seep_trace_census_stacks *stacks = &census->stacks;
  printf("Events\n");
  say("processes", sum(census->processes, 256));
  say("modules", sum(census->images, 256));
  say("module identities", sum(census->image_ids, 256));
  say("VirtualAlloc", census->virtual_allocs);
  say("VirtualFree", census->virtual_frees);
  say("heap", census->heap_events);
  say("stacks", stacks->matched + stacks->unmatched);
  say_if("without their event", stacks->unmatched);
  say_if("of keys never defined", stacks->undefined_references);
  say_if("steps back in time", census->backward_steps);
}

static void print_table(const seep_trace_census *census, size_t size)
{
  print_file(census, size);
  print_events(census);
  for (size_t i = 0; seep_trace_events_warning(census, i) != NULL; i++) {
    printf("%sNote: %s.\n", i == 0 ? "\n" : "", seep_trace_events_warning(census, i));
  }
}

static bool print_json(const seep_trace_census *census, const uint8_t *data, size_t size,
                       unsigned payload_pointer_bits)
{
  char sha256[SEEP_SHA256_TEXT_SIZE];
  seep_sha256 digest;
  seep_sha256_init(&digest);
  seep_sha256_add(&digest, data, size);
  const seep_trace_events_file file = {.size_bytes = size,
                                       .sha256 = seep_sha256_text(&digest, sha256),
                                       .payload_pointer_bits = payload_pointer_bits};
  cJSON *object = seep_trace_events_json(census, &file);
  bool printed = object != NULL && seep_output_json(object);
  cJSON_Delete(object);
  if (printed) {
    putchar('\n');
  }
  return printed;
}

int seep_trace_events_run(const char *verb, const uint8_t *data, size_t size, unsigned payload_pointer_bits,
                          bool json)
{
  char text[SEEP_ERROR_SUBJECT_SIZE + 128];
  seep_error error = {0};
  seep_trace_census *census = calloc(1, sizeof *census);
  int exit_code = SEEP_EXIT_DONE;
  seep_status status = census == NULL
                           ? seep_error_set(&error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "census", NULL)
                           : seep_trace_census_take(census, data, size, payload_pointer_bits / 8, &error);
  if (status != SEEP_OK) {
    exit_code = seep_cli_fail(verb, seep_cli_exit_code(status), "counting the events",
                              seep_error_text(&error, text, sizeof text));
  } else if (!json) {
    print_table(census, size);
  } else if (!print_json(census, data, size, payload_pointer_bits)) {
    exit_code = seep_cli_fail(verb, SEEP_EXIT_FAILED, "writing JSON", "out of memory");
  }
  if (census != NULL) {
    seep_trace_census_free(census);
  }
  free(census);
  return exit_code;
}
