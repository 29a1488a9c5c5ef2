#include "memory_look.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli.h"
#include "report/human.h"

#ifdef _WIN32
#include "port/process_memory.h"
#include "win/win_process_memory.h"
#endif

/* Of a dump or by hand: nobody waits for the process meanwhile. 10 million reads of a dump take seconds. */
#define MAXIMUM_READS UINT64_C(10000000)
#define MAXIMUM_REGIONS ((size_t)SEEP_MINIDUMP_MAXIMUM_ENTRIES)
#define MAXIMUM_LIVE_MS 30000

#define LOSS_MESSAGE                                                                                         \
  "seepwatch: " SEEP_MEMORY_VERB ": reading the dump: the file was cut off while it was read, or its disk "  \
  "failed\n"

/* ---- what is not known ---- */

static void lack(seep_memory_look *look, const char *format, ...) SEEP_PRINTF_LIKE(2, 3);

static void lack(seep_memory_look *look, const char *format, ...)
{
  if (look->lack_count < SEEP_MEMORY_LACKS) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(look->lacks[look->lack_count++], SEEP_MEMORY_LACK_SIZE, format, arguments);
    va_end(arguments);
  }
}

static bool any_heap_is(const seep_memory_look *look, seep_heap_form form)
{
  for (size_t i = 0; i < look->detail.heap_count; i++) {
    if (look->detail.heaps[i].form == form) {
      return true;
    }
  }
  return false;
}

static const char *cure_for_heaps(const seep_memory_look *look)
{
  if (look->inventory.page_heap) {
    return "switch page heap off for this program and look again";
  }
  if (any_heap_is(look, SEEP_HEAP_STRANGE) || any_heap_is(look, SEEP_HEAP_SIGNATURE_ONLY)) {
    return "a debugger with Windows' symbols can tell more of this heap";
  }
  return look->path != NULL ? "a dump with all memory has it: take one with procdump -ma"
                            : "run this as an administrator, or take a dump with procdump -ma";
}

static void collect_heap_lacks(seep_memory_look *look)
{
  const seep_inventory *inventory = &look->inventory;
  char bytes[SEEP_HUMAN_SIZE];
  if (inventory->regions_known && !inventory->heaps_known) {
    lack(look, "Heap is a lower bound, and Private Data may hold heap memory: %s; %s",
         inventory->problem != NULL ? inventory->problem : "not every heap could be read",
         cure_for_heaps(look));
  }
  uint64_t unproven = inventory->usage.tags[SEEP_TAG_HEAP_UNPROVEN].committed_bytes;
  if (unproven > 0) {
    lack(look,
         "%s look like a heap's memory, but no heap that could be read claims them: they are in Heap "
         "(unproven), and count for nothing in a verdict",
         seep_human_bytes(unproven, bytes, sizeof bytes));
  }
}

static void collect_other_lacks(seep_memory_look *look)
{
  const seep_inventory *inventory = &look->inventory;
  char bytes[SEEP_HUMAN_SIZE];
  uint64_t shaped = inventory->usage.tags[SEEP_TAG_STACK_SHAPE].total_bytes;
  if (shaped > 0) {
    lack(look, "%s are laid out like a stack, but no listed thread claims them: they are counted as Stack",
         seep_human_bytes(shaped, bytes, sizeof bytes));
  }
  if (look->path == NULL && !inventory->modules_known) {
    lack(look,
         "the list of modules: whether .NET, Java or V8 is in the process is not known, and a .NET heap "
         "would be in Private Data");
  }
  if (inventory->regions_known && inventory->commit_bytes == 0) {
    lack(look, "Windows' own count of private commit: the sums could not be checked against it");
  }
}

static void collect_lacks(seep_memory_look *look)
{
  const char *clauses[SEEP_MEMORY_LACKS];
  size_t count = 0;
  if (look->path != NULL) {
    count = seep_minidump_lacks(&look->dump, clauses, SEEP_MEMORY_LACKS);
  }
  for (size_t i = 0; i < count && i < SEEP_MEMORY_LACKS; i++) {
    lack(look, "%s", clauses[i]);
  }
  if (look->inventory.regions_cut) {
    lack(look, "all regions: there are more than %zu, or time ran out: every sum is a lower bound",
         MAXIMUM_REGIONS);
  }
  collect_heap_lacks(look);
  collect_other_lacks(look);
}

/* ---- looking ---- */

static seep_status take(seep_memory_look *look, const seep_target *target, seep_error *error)
{
  const seep_inventory_limits limits = {MAXIMUM_READS, MAXIMUM_REGIONS};
  seep_status status = seep_inventory_take(target, &limits, &look->inventory, &look->detail, error);
  if (status == SEEP_OK) {
    collect_lacks(look);
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

int seep_memory_look_at_dump(seep_memory_look *look, const char *path)
{
  seep_error error = {0};
  seep_target target;
  start(look);
  look->path = path;
  seep_mapping_on_loss(LOSS_MESSAGE, SEEP_EXIT_FAILED);
  seep_status status = seep_mapping_open(&look->mapping, path, &error);
  if (status == SEEP_OK) {
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
      seep_writer_text(&writer, "; run this as an administrator (a protected process lets nobody look)");
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
  status = port.open(port.context, (seep_process_key){.pid = pid}, MAXIMUM_LIVE_MS, &target, &error);
  if (status == SEEP_OK) {
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

static const char *moment(uint32_t unix_s, char *out, size_t out_size)
{
  char text[SEEP_WALL_TEXT_SIZE];
  (void)seep_wall_text((seep_wall){(int64_t)unix_s * SEEP_MS_PER_SECOND}, text, sizeof text);
  snprintf(out, out_size, "%.19sZ", text);
  return out;
}

static const char *identity(const seep_minidump *dump, char *out, size_t out_size)
{
  char created[SEEP_WALL_TEXT_SIZE];
  snprintf(out, out_size, "process %" PRIu32 " of %s", dump->pid,
           moment(dump->created_s, created, sizeof created));
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
    return refuse_since("the older dump belongs here", moment(a->time_s, first, sizeof first),
                        moment(b->time_s, second, sizeof second));
  }
  if (!tells_process(a) || !tells_process(b)) {
    lack(newer,
         "whether both dumps are of one process: %s dump has no PID and creation time; between two processes "
         "growth would mean nothing",
         tells_process(a) ? "this" : "the older");
  }
  if (a->time_s == 0 || b->time_s == 0) {
    lack(newer, "which dump is the older one: a dump does not say when it was written");
  }
  return SEEP_EXIT_DONE;
}

const char *seep_memory_look_runtime(const seep_inventory *inventory, unsigned index)
{
  static const char *const names[SEEP_MEMORY_RUNTIMES] = {".NET", "Java", "V8"};
  return (inventory->runtimes >> index & 1u) != 0 ? names[index] : NULL;
}
