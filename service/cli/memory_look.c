#include "memory_look.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli.h"
#include "memory_lacks.h"
#include "output.h"

#ifdef _WIN32
#include "port/process_memory.h"
#include "win/win_process_memory.h"
#endif

/* Of a dump or by hand: nobody waits for the process meanwhile. 10 million reads of a dump take seconds. */
#define MAXIMUM_READS UINT64_C(10000000)
#define MAXIMUM_REGIONS ((size_t)SEEP_MINIDUMP_MAXIMUM_ENTRIES)
#define MAXIMUM_LIVE_MS 30000

/* Of which growth on the kind is told: the service's own default. */
#define MINIMUM_GROWTH_BYTES (UINT64_C(8) * 1024 * 1024)

/* ---- looking ---- */

/* Between the inventory and the target: an inventory does not say how reading failed. */
typedef struct witness {
  const seep_target *target;
  seep_memory_failures *failures;
} witness;

static seep_status witnessed(const witness *between, seep_status status)
{
  between->failures->denied = between->failures->denied || status == SEEP_DENIED;
  between->failures->gone = between->failures->gone || status == SEEP_GONE;
  between->failures->timed_out = between->failures->timed_out || status == SEEP_TIMED_OUT;
  return status;
}

static seep_status region_of(void *context, uint64_t address, seep_region *out, seep_error *error)
{
  const witness *between = context;
  return witnessed(between, between->target->region(between->target->context, address, out, error));
}

static seep_status read_of(void *context, uint64_t address, void *out, size_t bytes)
{
  const witness *between = context;
  return witnessed(between, between->target->read(between->target->context, address, out, bytes));
}

static seep_status take(seep_memory_look *look, const seep_target *target, seep_error *error)
{
  const seep_inventory_limits limits = {MAXIMUM_READS, MAXIMUM_REGIONS};
  witness between = {target, &look->failures};
  seep_target watched = *target;
  watched.context = &between;
  watched.region = region_of;
  watched.read = read_of;
  seep_status status = seep_inventory_take(&watched, &limits, &look->inventory, &look->detail, error);
  look->failures.used_up = look->inventory.reads >= MAXIMUM_READS;
  if (status == SEEP_OK) {
    seep_memory_lacks_collect(look);
  }
  return status;
}

static void start(seep_memory_look *look)
{
  memset(look, 0, sizeof *look);
}

/* "why (123)", "why (corrupt at byte 32)", "why (unsupported)". */
static int fail_reading(const char *path, const seep_error *error)
{
  char why[SEEP_ERROR_SUBJECT_SIZE + 64];
  seep_writer writer;
  seep_writer_init(&writer, why, sizeof why);
  seep_writer_text(&writer, error->subject[0] != '\0' ? error->subject : "cannot be read");
  if (error->domain == SEEP_DOMAIN_FORMAT) {
    seep_writer_format(&writer, " (%s at byte %" PRId64 ")", seep_status_text(error->status), error->code);
  } else if (error->code != 0) {
    seep_writer_format(&writer, " (%" PRId64 ")", error->code);
  } else {
    seep_writer_format(&writer, " (%s)", seep_status_text(error->status));
  }
  return seep_cli_fail_reading(SEEP_MEMORY_VERB, seep_cli_exit_code(error->status), path, why);
}

static const uint8_t *bytes_at(void *context, uint64_t offset, size_t bytes)
{
  const seep_mapping *mapping = context;
  bool inside = offset <= mapping->size_bytes && bytes <= mapping->size_bytes - offset;
  return inside ? mapping->data + offset : NULL;
}

static void prepare_for_loss(seep_memory_look *look)
{
  char path[SEEP_OUTPUT_NAME_SIZE];
  snprintf(look->loss, sizeof look->loss,
           "seepwatch: " SEEP_MEMORY_VERB ": reading %s: the file was cut off while it was read, or its disk "
           "failed\n",
           seep_output_presentable(look->path, true, path, sizeof path));
  seep_mapping_on_loss(&look->mapping, look->loss, SEEP_EXIT_FAILED);
}

int seep_memory_look_at_dump(seep_memory_look *look, const char *path)
{
  seep_error error = {0};
  seep_target target;
  start(look);
  look->path = path;
  seep_status status = seep_mapping_open(&look->mapping, path, &error);
  if (status == SEEP_OK) {
    prepare_for_loss(look);
    const seep_minidump_file file = {&look->mapping, look->mapping.size_bytes, bytes_at};
    status = seep_minidump_open(&look->dump, &file, &error);
  }
  if (status == SEEP_OK) {
    seep_minidump_target(&look->dump, &target);
    status = take(look, &target, &error);
  }
  return status == SEEP_OK ? SEEP_EXIT_DONE : fail_reading(path, &error);
}

#ifdef _WIN32

static int fail_looking(uint32_t pid, const seep_error *error)
{
  char what[64], why[SEEP_ERROR_SUBJECT_SIZE + 192];
  seep_writer writer;
  snprintf(what, sizeof what, "looking at process %" PRIu32, pid);
  seep_writer_init(&writer, why, sizeof why);
  if (error->status == SEEP_GONE) {
    seep_writer_text(&writer, "no such process");
  } else {
    char text[SEEP_ERROR_SUBJECT_SIZE + 96];
    seep_writer_text(&writer, seep_error_text(error, text, sizeof text));
    if (error->status == SEEP_DENIED) {
      seep_writer_text(&writer, "; run this from an elevated prompt; a protected process lets nobody look");
    }
  }
  return seep_cli_fail(SEEP_MEMORY_VERB, seep_cli_exit_code(error->status), what, why);
}

int seep_memory_look_at_process(seep_memory_look *look, uint32_t pid)
{
  seep_error error = {0};
  seep_process_memory port;
  seep_target target;
  start(look);
  look->pid = pid;
  seep_status status = seep_win_process_memory_new(&port, &error);
  if (status != SEEP_OK) {
    return fail_looking(pid, &error);
  }
  seep_win_process_memory_allow_debug();
  status = port.open(port.context, (seep_process_key){.pid = pid}, MAXIMUM_LIVE_MS, &target, &error);
  if (status == SEEP_OK) {
    look->created = target.created != 0 ? seep_wall_from_filetime(target.created) : (seep_wall){0};
    seep_text_copy(look->image, sizeof look->image, target.image != NULL ? target.image : "");
    status = take(look, &target, &error);
    port.close(port.context, &target);
  }
  seep_win_process_memory_free(&port);
  error.status = status;
  return status == SEEP_OK ? SEEP_EXIT_DONE : fail_looking(pid, &error);
}

#else

int seep_memory_look_at_process(seep_memory_look *look, uint32_t pid)
{
  start(look);
  look->pid = pid;
  return seep_cli_fail(SEEP_MEMORY_VERB, SEEP_EXIT_USAGE, "--pid",
                       "a running process can be looked at on Windows only; elsewhere give a dump of it");
}

#endif

void seep_memory_look_close(seep_memory_look *look)
{
  seep_minidump_fini(&look->dump);
  seep_mapping_close(&look->mapping);
}

/* ---- two looks ---- */

static int refuse_since(const char *fault, const char *older, const char *newer)
{
  char why[320];
  snprintf(why, sizeof why, "%s: %s before, %s now", fault, older, newer);
  return seep_cli_fail(SEEP_MEMORY_VERB, SEEP_EXIT_USAGE, "--since", why);
}

static const char *written(const seep_minidump *dump, char *out)
{
  return seep_memory_look_moment(seep_memory_look_wall(dump->time_s), out);
}

static const char *identity(const seep_minidump *dump, char *out, size_t out_size)
{
  char created[SEEP_MEMORY_MOMENT_SIZE];
  const bool known = dump->created_s != 0;
  snprintf(out, out_size, "process %" PRIu32 "%s%s", dump->pid, known ? " of " : "",
           known ? seep_memory_look_moment(seep_memory_look_wall(dump->created_s), created) : "");
  return out;
}

static const char *view(const seep_memory_look *look)
{
  return look->inventory.pointer_bytes == 4 ? "a 32-bit view" : "a 64-bit view";
}

static bool tells_process(const seep_minidump *dump)
{
  return dump->process_known && dump->pid != 0 && dump->created_s != 0;
}

int seep_memory_look_check_since(const seep_memory_look *older, seep_memory_look *newer)
{
  const seep_minidump *a = &older->dump, *b = &newer->dump;
  char first[96], second[96];
  bool pids_differ = a->pid != 0 && b->pid != 0 && a->pid != b->pid;
  bool times_differ = a->created_s != 0 && b->created_s != 0 && a->created_s != b->created_s;
  if (pids_differ || times_differ) {
    return refuse_since("the dumps are of two processes", identity(a, first, sizeof first),
                        identity(b, second, sizeof second));
  }
  if (older->inventory.pointer_bytes != newer->inventory.pointer_bytes) {
    return refuse_since("the dumps were not taken alike", view(older), view(newer));
  }
  if (a->time_s != 0 && b->time_s != 0 && a->time_s > b->time_s) {
    return refuse_since("the older dump belongs here", written(a, first), written(b, second));
  }
  if (!tells_process(a) || !tells_process(b)) {
    seep_memory_lacks_add(
        newer,
        "whether both dumps are of one process: %s dump has no PID and creation time; between two processes "
        "growth would mean nothing",
        tells_process(a) ? "this" : "the older");
  }
  if (a->time_s == 0 || b->time_s == 0) {
    seep_memory_lacks_add(newer, "which dump is the older one: a dump does not say when it was written");
  }
  for (size_t i = 0; i < older->lack_count; i++) {
    seep_memory_lacks_add(newer, "the older dump: %s", older->lacks[i]);
  }
  return SEEP_EXIT_DONE;
}

/* A verdict that was not come to by comparing has no bytes, which must not be taken for growth of none. */
static bool is_told(const seep_memory_look *older, const seep_memory_look *newer,
                    const seep_growth_kind_verdict *verdict)
{
  const seep_inventory *before = &older->inventory, *after = &newer->inventory;
  if (!before->regions_known || !after->regions_known || before->regions_cut || after->regions_cut) {
    return false;
  }
  for (int i = 0; i < SEEP_USAGE_ROWS; i++) {
    seep_usage_sum was, is;
    seep_usage_row_sum(&before->usage, (seep_usage_row)i, &was);
    seep_usage_row_sum(&after->usage, (seep_usage_row)i, &is);
    if (was.committed_bytes != is.committed_bytes && verdict->rows_grown_bytes[i] == 0) {
      return false;
    }
  }
  return true;
}

void seep_memory_look_compare(const seep_memory_look *older, const seep_memory_look *newer,
                              seep_memory_since *out)
{
  out->older = older;
  seep_growth_kind_between(&older->inventory, &newer->inventory, MINIMUM_GROWTH_BYTES, &out->verdict);
  out->is_measured = is_told(older, newer, &out->verdict);
}

/* ---- what a look says ---- */

bool seep_memory_look_is_whole(const seep_memory_look *look)
{
  return look->inventory.regions_known && !look->inventory.regions_cut && look->inventory.heaps_known;
}

bool seep_memory_look_heaps(const seep_memory_look *look, uint32_t *count)
{
  *count = 0;
  for (size_t i = 0; i < look->detail.peb_count; i++) {
    const seep_threads_peb *peb = &look->detail.pebs[i];
    if (peb->number_of_heaps >= SEEP_THREADS_LISTED_HEAPS ||
        peb->number_of_heaps > peb->maximum_number_of_heaps) {
      return false;
    }
    *count += peb->number_of_heaps;
  }
  return look->detail.peb_count > 0;
}

seep_wall seep_memory_look_wall(uint32_t unix_s)
{
  return (seep_wall){(int64_t)unix_s * SEEP_MS_PER_SECOND};
}

const char *seep_memory_look_moment(seep_wall wall, char out[SEEP_MEMORY_MOMENT_SIZE])
{
  char text[SEEP_WALL_TEXT_SIZE];
  if (wall.ms == 0) {
    return "not known";
  }
  snprintf(out, SEEP_MEMORY_MOMENT_SIZE, "%.19sZ", seep_wall_text(wall, text, sizeof text));
  return out;
}

const char *seep_memory_look_runtime(const seep_inventory *inventory, unsigned index)
{
  static const char *const names[SEEP_MEMORY_RUNTIMES] = {".NET", "Java", "V8"};
  return (inventory->runtimes >> index & 1u) != 0 ? names[index] : NULL;
}
