#include "event_print.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "output.h"
#include "report/human.h"

/* Names were chosen by other programs. A byte that would act on a terminal becomes three. */
#define NAME_SIZE ((size_t)3 * SEEP_EXHAUSTION_NAME_SIZE)
#define COUNT_SIZE 12 /* of 32 bits */

/* ---- shared ---- */

const char *seep_event_print_time(seep_filetime filetime, char out[SEEP_EVENT_PRINT_TIME_SIZE])
{
  char wall[SEEP_WALL_TEXT_SIZE];
  if (filetime == 0) {
    return "-";
  }
  (void)seep_wall_text(seep_wall_from_filetime(filetime), wall, sizeof wall);
  snprintf(out, SEEP_EVENT_PRINT_TIME_SIZE, "%.23s%04uZ", wall, (unsigned)(filetime % 10000));
  return out;
}

double seep_event_print_percent(uint64_t part, uint64_t whole)
{
  return whole == 0 ? 0.0 : 100.0 * (double)part / (double)whole;
}

const seep_exhaustion_process *seep_event_print_largest(const seep_exhaustion *event)
{
  const seep_exhaustion_process *found = NULL;
  for (size_t i = 0; i < event->process_count; i++) {
    if (found == NULL || event->processes[i].commit_bytes > found->commit_bytes) {
      found = &event->processes[i];
    }
  }
  return found;
}

const char *seep_event_print_match(seep_store_match match)
{
  switch (match) {
  case SEEP_STORE_MATCH_EXACT:
    return "exact";
  case SEEP_STORE_MATCH_NAME:
    return "name";
  case SEEP_STORE_MATCH_NONE:
  default:
    return "none";
  }
}

static const char *shown(const char *text, char *out, size_t out_size)
{
  return seep_output_presentable(text, true, out, out_size);
}

/* ---- for people ---- */

static const char *match_words(seep_store_match match)
{
  switch (match) {
  case SEEP_STORE_MATCH_EXACT:
    return "exactly";
  case SEEP_STORE_MATCH_NAME:
    return "by name only (weak)";
  case SEEP_STORE_MATCH_NONE:
  default:
    return "not known";
  }
}

void seep_event_print_logged(seep_filetime time_created, uint64_t record_id)
{
  char time[SEEP_EVENT_PRINT_TIME_SIZE];
  printf("  logged %s, record ", seep_event_print_time(time_created, time));
  if (record_id != 0) {
    printf("%" PRIu64 "\n", record_id);
  } else {
    puts("-");
  }
}

/* 0 is not known, as in all of an event. */
static const char *bytes_or_dash(uint64_t bytes, char *out, size_t out_size)
{
  return bytes != 0 ? seep_human_bytes(bytes, out, out_size) : "-";
}

static const char *u32_or_dash(uint32_t value, char out[COUNT_SIZE])
{
  snprintf(out, COUNT_SIZE, "%" PRIu32, value);
  return value != 0 ? out : "-";
}

static void print_bytes(const char *label, uint64_t bytes)
{
  char text[SEEP_HUMAN_SIZE];
  printf("  %-18s %12s", label, bytes_or_dash(bytes, text, sizeof text));
}

/* The line's end too. */
static void print_share(uint64_t part, uint64_t whole, const char *of_what)
{
  if (part != 0 && whole != 0) {
    printf("   %.1f %% %s", seep_event_print_percent(part, whole), of_what);
  }
  putchar('\n');
}

void seep_event_print_commit(uint64_t limit_bytes, uint64_t charge_bytes)
{
  char left[SEEP_HUMAN_SIZE];
  print_bytes("commit limit", limit_bytes);
  putchar('\n');
  print_bytes("commit charge", charge_bytes);
  if (charge_bytes > limit_bytes) {
    puts("   above the limit");
  } else {
    printf("   %.2f %% of the limit, %s left\n", seep_event_print_percent(charge_bytes, limit_bytes),
           seep_human_bytes(limit_bytes - charge_bytes, left, sizeof left));
  }
}

static void print_system(const seep_exhaustion *event)
{
  char count[COUNT_SIZE];
  puts("\nSystem");
  if (!event->has_system) {
    puts("  commit limit and charge are not in this event");
    return;
  }
  seep_event_print_commit(event->commit_limit_bytes, event->commit_charge_bytes);
  print_bytes("owned by processes", event->process_commit_bytes);
  print_share(event->process_commit_bytes, event->commit_charge_bytes, "of the charge");
  print_bytes("paged pool", event->paged_pool_bytes);
  putchar('\n');
  print_bytes("nonpaged pool", event->nonpaged_pool_bytes);
  putchar('\n');
  print_bytes("physical memory", event->physical_bytes);
  print_share(event->physical_used_bytes, event->physical_bytes, "in use");
  printf("  %-18s %12s\n", "processes", u32_or_dash(event->process_total, count));
}

static void print_process(const seep_exhaustion_process *process, const char *known)
{
  char bytes[SEEP_HUMAN_SIZE], created[SEEP_EVENT_PRINT_TIME_SIZE], version[NAME_SIZE], name[NAME_SIZE];
  char pid[COUNT_SIZE], handles[COUNT_SIZE];
  printf("  %10s %12s %10s  %-28s  %-18s  ", u32_or_dash(process->key.pid, pid),
         bytes_or_dash(process->commit_bytes, bytes, sizeof bytes), u32_or_dash(process->handles, handles),
         seep_event_print_time(process->key.created, created),
         process->version[0] != '\0' ? shown(process->version, version, sizeof version) : "-");
  if (known != NULL) {
    printf("%-19s  ", known);
  }
  puts(process->name[0] != '\0' ? shown(process->name, name, sizeof name) : "-");
}

static void print_processes(const seep_exhaustion *event, const seep_store_exhaustion *stored)
{
  printf("\nProcesses that Windows named: %u\n", (unsigned)event->process_count);
  if (event->process_count == 0) {
    return;
  }
  printf("  %10s %12s %10s  %-28s  %-18s  ", "PID", "commit", "handles", "created", "version");
  if (stored != NULL) {
    printf("%-19s  ", "known to Seepwatch");
  }
  puts("name");
  for (size_t i = 0; i < event->process_count; i++) {
    print_process(&event->processes[i], stored != NULL ? match_words(stored->matches[i]) : NULL);
  }
  if (stored != NULL) {
    puts("  exactly: by PID and creation time among the processes watched then");
  }
}

static void print_tags(const char *label, const seep_exhaustion_tag *tags, size_t count)
{
  char bytes[SEEP_HUMAN_SIZE], name[NAME_SIZE];
  printf("  %-9s", label);
  for (size_t i = 0; i < count; i++) {
    printf("%s %s %s", i > 0 ? "," : "", shown(tags[i].name, name, sizeof name),
           bytes_or_dash(tags[i].bytes, bytes, sizeof bytes));
  }
  puts(count > 0 ? "" : " -");
}

/* TypeInfo is undocumented; in all known records bit 0x80 marks a second list, ranked in bits 3-5, that fits
 * growth (reference: event-log, 1.4). Said as a guess. */
static void print_growth_hint(const seep_exhaustion *event)
{
  char name[NAME_SIZE];
  for (size_t i = 0; i < event->process_count; i++) {
    const seep_exhaustion_process *process = &event->processes[i];
    if ((process->type_info & 0x80) != 0 && (process->type_info >> 3 & 7) == 1) {
      printf("  Windows seems to rank %s (PID %" PRIu32
             ") first by growth; that field is undocumented: a hint only.\n",
             shown(process->name, name, sizeof name), process->key.pid);
    }
  }
}

static void print_meaning(const seep_exhaustion *event)
{
  char name[NAME_SIZE], pid[COUNT_SIZE];
  const seep_exhaustion_process *top = seep_event_print_largest(event);
  puts("\nWhat it means\n"
       "  The system could hardly commit more memory: allocations and new processes were about to fail.\n"
       "  This is about commit (memory plus page files promised), not about free physical memory.");
  if (top != NULL && top->commit_bytes > 0 && event->commit_charge_bytes > 0) {
    printf("  %s (PID %s) held %.1f %% of the commit charge, the largest share.\n",
           shown(top->name, name, sizeof name), u32_or_dash(top->key.pid, pid),
           seep_event_print_percent(top->commit_bytes, event->commit_charge_bytes));
  }
  print_growth_hint(event);
  if (event->has_system && event->process_commit_bytes > 0 &&
      event->process_commit_bytes < event->commit_charge_bytes / 2) {
    puts("  Less than half of the charge belongs to processes: suspect shared sections, drivers and the "
         "pools as well.");
  }
}

void seep_event_print_text(const seep_exhaustion *event, const seep_store_exhaustion *stored)
{
  char seen[SEEP_WALL_TEXT_SIZE];
  puts("Event 2004: Windows ran low on virtual memory");
  seep_event_print_logged(event->time_created, event->record_id);
  if (stored != NULL) {
    printf("  seen %s, %s\n", seep_wall_text(stored->seen, seen, sizeof seen),
           stored->told ? "told in an alert of its own"
                        : "not told in an alert of its own: counted into another one");
  }
  print_system(event);
  print_processes(event, stored);
  puts("\nLargest pool tags");
  print_tags("paged", event->paged_tags, event->paged_tag_count);
  print_tags("nonpaged", event->nonpaged_tags, event->nonpaged_tag_count);
  print_meaning(event);
}

/* ---- JSON ---- */

bool seep_event_print_add_time(cJSON *object, const char *key, seep_filetime filetime)
{
  char text[SEEP_EVENT_PRINT_TIME_SIZE];
  return (filetime == 0
              ? cJSON_AddNullToObject(object, key)
              : cJSON_AddStringToObject(object, key, seep_event_print_time(filetime, text))) != NULL;
}

/* Of an event the parser leaves 0 what is not in it, and no figure of a real one is 0. */
static bool add_figure(cJSON *object, const char *key, uint64_t value)
{
  return seep_output_add_u64_if(object, key, value != 0, value);
}

static bool add_system(cJSON *document, const seep_exhaustion *event)
{
  if (!event->has_system) {
    return cJSON_AddNullToObject(document, "system") != NULL;
  }
  cJSON *system = cJSON_AddObjectToObject(document, "system");
  return system != NULL && seep_output_add_u64(system, "commit_limit_bytes", event->commit_limit_bytes) &&
         seep_output_add_u64(system, "commit_charge_bytes", event->commit_charge_bytes) &&
         add_figure(system, "process_commit_bytes", event->process_commit_bytes) &&
         add_figure(system, "paged_pool_bytes", event->paged_pool_bytes) &&
         add_figure(system, "nonpaged_pool_bytes", event->nonpaged_pool_bytes) &&
         add_figure(system, "physical_bytes", event->physical_bytes) &&
         add_figure(system, "physical_used_bytes", event->physical_used_bytes) &&
         add_figure(system, "processes", event->process_total);
}

static bool add_processes(cJSON *document, const seep_exhaustion *event, const seep_store_exhaustion *stored)
{
  cJSON *array = cJSON_AddArrayToObject(document, "processes");
  bool ok = array != NULL;
  for (size_t i = 0; ok && i < event->process_count; i++) {
    const seep_exhaustion_process *process = &event->processes[i];
    cJSON *object = seep_output_append_object(array);
    ok =
        object != NULL && seep_output_add_text_or_null(object, "name", process->name) &&
        add_figure(object, "pid", process->key.pid) &&
        seep_event_print_add_time(object, "created", process->key.created) &&
        add_figure(object, "commit_bytes", process->commit_bytes) &&
        add_figure(object, "handles", process->handles) &&
        seep_output_add_text_or_null(object, "version", process->version) &&
        (stored == NULL || seep_output_add_text(object, "match", seep_event_print_match(stored->matches[i])));
  }
  return ok;
}

static bool add_tags(cJSON *pools, const char *key, const seep_exhaustion_tag *tags, size_t count)
{
  cJSON *array = cJSON_AddArrayToObject(pools, key);
  bool ok = array != NULL;
  for (size_t i = 0; ok && i < count; i++) {
    cJSON *object = seep_output_append_object(array);
    ok = object != NULL && seep_output_add_text_or_null(object, "tag", tags[i].name) &&
         add_figure(object, "bytes", tags[i].bytes);
  }
  return ok;
}

static bool add_pool_tags(cJSON *document, const seep_exhaustion *event)
{
  cJSON *pools = cJSON_AddObjectToObject(document, "pool_tags");
  return pools != NULL && add_tags(pools, "paged", event->paged_tags, event->paged_tag_count) &&
         add_tags(pools, "nonpaged", event->nonpaged_tags, event->nonpaged_tag_count);
}

static bool add_stored(cJSON *document, const seep_store_exhaustion *stored)
{
  return seep_output_add_u64(document, "id", (uint64_t)stored->id) &&
         seep_output_add_wall_or_null(document, "seen", stored->seen) &&
         cJSON_AddBoolToObject(document, "told", stored->told) != NULL;
}

bool seep_event_print_document(cJSON *document, bool filled)
{
  char *text = filled ? cJSON_Print(document) : NULL;
  if (text != NULL) {
    puts(text);
    cJSON_free(text);
  }
  cJSON_Delete(document);
  return text != NULL;
}

bool seep_event_print_json(const seep_exhaustion *event, const seep_store_exhaustion *stored)
{
  cJSON *document = cJSON_CreateObject();
  bool ok = document != NULL && seep_output_add_u64(document, "event_id", 2004) &&
            (stored == NULL || add_stored(document, stored)) &&
            seep_event_print_add_time(document, "time", event->time_created) &&
            add_figure(document, "record_id", event->record_id) && add_system(document, event) &&
            add_processes(document, event, stored) && add_pool_tags(document, event);
  return seep_event_print_document(document, ok);
}
