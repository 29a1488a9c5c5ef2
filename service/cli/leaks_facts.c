#include "leaks_facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "report/alert.h"

/* That a case is over is said after its row has been written: the alert is a little later than the closing.
 * Nobody else has the PID and the name so soon. */
#define AFTER_CLOSING_MS SEEP_MS_PER_MINUTE

/* ---- the cases ---- */

/* Room for one more; NULL when out of memory. */
static void *append(void **items, size_t *count, size_t *capacity, size_t size)
{
  if (!seep_array_reserve(items, capacity, *count + 1, size)) {
    return NULL;
  }
  return (char *)*items + size * (*count)++;
}

/* In an alert some characters of a name are others. */
static void write_as_told(const char *image, char *out, size_t out_size)
{
  seep_alert alert;
  seep_alert_init(&alert, SEEP_ALERT_LEAK_FOUND);
  seep_alert_add_text(&alert, image);
  seep_text_copy(out, out_size, alert.inserts[0]);
}

bool seep_leaks_facts_add(seep_leaks_facts *facts, const seep_store_leak *leak)
{
  void *items = facts->items;
  seep_leaks_fact *fact = append(&items, &facts->count, &facts->capacity, sizeof *fact);
  facts->items = items;
  if (fact == NULL) {
    facts->no_memory = true;
    return false;
  }
  memset(fact, 0, sizeof *fact);
  fact->leak = *leak;
  write_as_told(leak->image, fact->told_image, sizeof fact->told_image);
  return true;
}

void seep_leaks_facts_fini(seep_leaks_facts *facts)
{
  for (size_t i = 0; i < facts->count; i++) {
    free(facts->items[i].alerts);
    free(facts->items[i].captures);
    free(facts->items[i].namings);
  }
  free(facts->items);
}

/* ---- what belongs to them ---- */

static bool is_about(const seep_leaks_fact *fact, const seep_store_event *event)
{
  const seep_store_leak *leak = &fact->leak;
  return event->pid == leak->key.pid && event->wall.ms >= leak->opened.ms &&
         (leak->closed.ms == 0 || event->wall.ms <= leak->closed.ms + AFTER_CLOSING_MS) &&
         seep_text_equal_ignoring_case(event->image, fact->told_image);
}

static bool keep_alert(void *context, const seep_store_event *event)
{
  seep_leaks_facts *facts = context;
  for (size_t i = 0; i < facts->count && !facts->no_memory; i++) {
    seep_leaks_fact *fact = &facts->items[i];
    if (!is_about(fact, event)) {
      continue;
    }
    void *items = fact->alerts;
    seep_store_event *kept = append(&items, &fact->alert_count, &fact->alert_capacity, sizeof *kept);
    fact->alerts = items;
    facts->no_memory = kept == NULL;
    if (kept != NULL) {
      *kept = *event;
    }
  }
  return !facts->no_memory;
}

typedef struct gathering {
  seep_leaks_facts *facts;
  seep_store *store;
} gathering;

static bool keep_capture(void *context, const seep_store_capture *capture)
{
  const gathering *all = context;
  seep_leaks_facts *facts = all->facts;
  for (size_t i = 0; i < facts->count && !facts->no_memory; i++) {
    seep_leaks_fact *fact = &facts->items[i];
    if (capture->leak_id != fact->leak.id) {
      continue;
    }
    void *items = fact->captures;
    seep_leaks_recording *kept = append(&items, &fact->capture_count, &fact->capture_capacity, sizeof *kept);
    fact->captures = items;
    facts->no_memory = kept == NULL;
    if (kept != NULL) {
      *kept = (seep_leaks_recording){.capture = *capture};
      (void)seep_store_answer_get(all->store, capture->id, &kept->answer, NULL);
    }
  }
  return !facts->no_memory;
}

static seep_leaks_naming naming_of(const seep_store_exhaustion *exhaustion, size_t index)
{
  const seep_exhaustion *event = exhaustion->event;
  return (seep_leaks_naming){.id = exhaustion->id,
                             .seen = exhaustion->seen,
                             .came = event->time_created,
                             .record_id = event->record_id,
                             .told = exhaustion->told,
                             .has_system = event->has_system,
                             .commit_limit_bytes = event->commit_limit_bytes,
                             .commit_charge_bytes = event->commit_charge_bytes,
                             .match = exhaustion->matches[index],
                             .rank = index + 1,
                             .commit_bytes = event->processes[index].commit_bytes,
                             .handles = event->processes[index].handles};
}

static bool keep_naming(void *context, const seep_store_exhaustion *exhaustion)
{
  seep_leaks_facts *facts = context;
  const seep_exhaustion *event = exhaustion->event;
  for (size_t i = 0; i < facts->count * event->process_count && !facts->no_memory; i++) {
    seep_leaks_fact *fact = &facts->items[i / event->process_count];
    const size_t index = i % event->process_count;
    const seep_process_key key = event->processes[index].key, own = fact->leak.key;
    /* A creation time nobody knows is nobody's. */
    if (own.created == 0 || key.created != own.created || key.pid != own.pid) {
      continue;
    }
    void *items = fact->namings;
    seep_leaks_naming *kept = append(&items, &fact->naming_count, &fact->naming_capacity, sizeof *kept);
    fact->namings = items;
    facts->no_memory = kept == NULL;
    if (kept != NULL) {
      *kept = naming_of(exhaustion, index);
    }
  }
  return !facts->no_memory;
}

static void note_failure(seep_status *first, seep_error *error, seep_status status, const seep_error *failure)
{
  if (*first == SEEP_OK && status != SEEP_OK) {
    *first = status;
    *error = *failure;
  }
}

seep_status seep_leaks_facts_gather(seep_leaks_facts *facts, seep_store *store, seep_error *error)
{
  seep_status status = SEEP_OK;
  seep_error each = {0};
  gathering here = {facts, store};
  seep_store_filter all, since;
  seep_store_filter_init(&all);
  seep_store_filter_init(&since);
  since.from.ms = INT64_MAX;
  for (size_t i = 0; i < facts->count; i++) {
    const int64_t opened_ms = facts->items[i].leak.opened.ms;
    since.from.ms = opened_ms < since.from.ms ? opened_ms : since.from.ms;
  }
  if (facts->count > 0) {
    note_failure(&status, error, seep_store_events(store, &since, keep_alert, facts, &each), &each);
    note_failure(&status, error, seep_store_captures(store, keep_capture, &here, &each), &each);
    note_failure(&status, error, seep_store_exhaustions(store, &all, keep_naming, facts, &each), &each);
  }
  return status;
}

/* ---- in words ---- */

int64_t seep_leaks_time_left_ms(const seep_store_leak *leak)
{
  return leak->times_told > 0 && leak->time_left_ms >= 0 ? leak->time_left_ms : -1;
}
