/* `seepwatch captures`: the recordings made, as a list; show and export have files of their own. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "capture_record.h"
#include "capture_verbs.h"
#include "cli.h"
#include "listing.h"
#include "output.h"
#include "query.h"
#include "report/human.h"
#include "store/store.h"

static void write_row(const seep_store_capture *capture)
{
  char started[SEEP_WALL_TEXT_SIZE], bytes[SEEP_HUMAN_SIZE], name[SEEP_OUTPUT_NAME_SIZE],
      path[SEEP_OUTPUT_NAME_SIZE], outcome[640], kind[96], loss[SEEP_CAPTURE_RECORD_LOSS_SIZE];
  (void)seep_capture_record_loss(capture, loss, sizeof loss);
  printf("%6" PRId64 "  %-24s  %-7s  %-14s  %12s  %10" PRIu32 "  %s  %s%s%s  %s\n", capture->id,
         seep_wall_text(capture->started, started, sizeof started), seep_capture_record_state(capture),
         seep_output_presentable(capture->kind, true, kind, sizeof kind),
         seep_human_bytes(capture->bytes, bytes, sizeof bytes), capture->key.pid,
         seep_output_presentable(capture->image, true, name, sizeof name),
         seep_output_presentable(capture->outcome, true, outcome, sizeof outcome),
         loss[0] != '\0' ? ", " : "", loss,
         capture->path[0] != '\0' ? seep_output_presentable(capture->path, true, path, sizeof path) : "-");
}

static bool list_capture(void *context, const seep_store_capture *capture)
{
  seep_listing *listing = context;
  if (seep_listing_is_table(listing)) {
    write_row(capture);
    return !ferror(stdout);
  }
  cJSON *object = cJSON_CreateObject();
  return seep_listing_keep(listing, object, object != NULL && seep_capture_record_fill(object, capture));
}

static seep_status read_captures(seep_listing *listing, seep_store *store, void *context, seep_error *error)
{
  (void)context;
  if (listing->csv) {
    puts(seep_capture_record_columns);
  } else if (seep_listing_is_table(listing)) {
    printf("%6s  %-24s  %-7s  %-14s  %12s  %10s  %s  %s  %s\n", "id", "started", "state", "kind", "size",
           "pid", "process", "outcome", "file");
  }
  return seep_store_captures(store, list_capture, listing, error);
}

static int list(int first, int argc, char **argv)
{
  seep_query query = {.verb = "captures"};
  int code = seep_query_parse(&query, 0, first, argc, argv);
  return code == SEEP_EXIT_DONE ? seep_listing_write(&query, read_captures, NULL) : code;
}

int seep_cmd_captures(int argc, char **argv)
{
  if (argc < 2 || argv[1][0] == '-') {
    return list(1, argc, argv);
  }
  if (strcmp(argv[1], "list") == 0) {
    return list(2, argc, argv);
  }
  if (strcmp(argv[1], "show") == 0) {
    return seep_capture_show(2, argc, argv);
  }
  if (strcmp(argv[1], "export") == 0) {
    return seep_capture_export(2, argc, argv);
  }
  return seep_cli_fail("captures", SEEP_EXIT_USAGE, argv[1], "say: captures list, show or export");
}
