#include "migration_rig.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <zlib.h>

#include "poll_truth.h"
#include "store_files.h"

#define FIXTURES SEEP_FIXTURES "/store/"

const migration_fixture migration_closed[] = {
    {0, NULL, 0},
    {1, "version1.db", MIGRATION_CLOSED_POLLS},
    {2, "version2.db", MIGRATION_CLOSED_POLLS},
    {3, "version3.db", MIGRATION_CLOSED_POLLS},
    {4, "version4.db", MIGRATION_CLOSED_POLLS},
    {5, "version5.db", MIGRATION_CLOSED_POLLS},
};
const migration_fixture migration_killed[] = {
    {0, NULL, 0},
    {1, "version1-killed.db", MIGRATION_KILLED_POLLS},
    {2, "version2-killed.db", MIGRATION_KILLED_POLLS},
    {3, "version3-killed.db", MIGRATION_KILLED_POLLS},
    {4, "version4-killed.db", MIGRATION_KILLED_POLLS},
    {5, "version5-killed.db", MIGRATION_KILLED_POLLS},
};

const poll_script migration_script = {20, 0, 5 * SEEP_MS_PER_MINUTE, true};

seep_wall migration_moment(size_t number)
{
  return (seep_wall){poll_script_wall(&migration_script, number)};
}

static bool unpack(const char *name, const char *target)
{
  char path[600];
  uint8_t *bytes = malloc((size_t)4 << 20);
  assert_non_null(bytes);
  snprintf(path, sizeof path, FIXTURES "%s.gz", name);
  gzFile file = gzopen(path, "rb");
  int size = file != NULL ? gzread(file, bytes, 4u << 20) : -1;
  if (file != NULL) {
    gzclose(file);
  }
  if (size > 0) {
    store_files_write(target, bytes, (size_t)size);
  }
  free(bytes);
  return size > 0;
}

void migration_unpack(const migration_fixture *f, const char *path)
{
  char log[100], target[100];
  store_files_remove(path);
  snprintf(log, sizeof log, "%s-wal", f->name);
  snprintf(target, sizeof target, "%s-wal", path);
  assert_true(unpack(f->name, path));
  (void)unpack(log, target);
}

void migration_truth(uint8_t *polls, size_t count)
{
  for (size_t number = 0; number < count; number++) {
    bool lost = (number >= 30 && number < 34) || number == 40;
    bool gap = number == 0 || number == 34; /* one poll missed was no gap yet */
    polls[number] = lost ? 0 : gap ? POLL_KEPT | POLL_AFTER_GAP : POLL_KEPT;
  }
}

/* ---- what stands beside the polls ---- */

typedef struct count {
  const migration_fixture *f;
  unsigned leaks, captures, events, lineages;
} count;

/* Version 3 gave them verdicts and limits of the slope; those from before are leaks, and nobody knew them. */
static void check_verdict(const migration_fixture *f, const seep_store_leak *leak)
{
  const double i = f->version < 3 ? 0 : (double)leak->id;
  assert_string_equal(leak->verdict, i == 3 ? "rapid" : "leak");
  assert_true(leak->slope_low_bytes_per_hour == 1.25 * i && leak->slope_high_bytes_per_hour == 1.75 * i);
}

/* What the alerts said no version before 5 kept. */
static void check_told(const migration_fixture *f, const seep_store_leak *leak)
{
  const double i = (double)leak->id;
  if (f->version >= 5) {
    assert_true(leak->kind_confidence == 0.125 * i && leak->times_told == (unsigned)leak->id);
    assert_true(leak->told.ms == 2500 * leak->id && leak->time_left_ms == 60000 * leak->id);
    assert_true(leak->system_commit_bytes == 4096 * (uint64_t)leak->id);
    assert_true(leak->system_limit_bytes == 8192 * (uint64_t)leak->id);
    assert_string_equal(leak->kind_reason, "it grew");
    assert_string_equal(leak->services, "A, B");
    assert_string_equal(leak->evidence, "seen");
    assert_string_equal(leak->told_because, "it was found");
    return;
  }
  assert_true(leak->kind_confidence == 0 && leak->times_told == 0 && leak->told.ms == 0);
  assert_true(leak->time_left_ms == -1 && leak->system_commit_bytes == 0 && leak->system_limit_bytes == 0);
  assert_string_equal(leak->kind_reason, "");
  assert_string_equal(leak->services, "");
  assert_string_equal(leak->evidence, "");
  assert_string_equal(leak->told_because, "");
}

static bool see_leak(void *context, const seep_store_leak *leak)
{
  count *c = context;
  char image[64];
  int64_t i = ++c->leaks;
  snprintf(image, sizeof image, "leak-%" PRId64 "-\xC3\xA4.exe", i);
  assert_true(leak->id == i && leak->key.pid == 4 * i);
  assert_true(leak->key.created == UINT64_C(133000000000000000) + (uint64_t)i);
  assert_string_equal(leak->image, image);
  assert_true(leak->began.ms == 1000 * i && leak->opened.ms == 2000 * i);
  assert_true(leak->closed.ms == (i == 2 ? 0 : 3000 * i));
  assert_true(leak->slope_bytes_per_hour == 1.5 * (double)i && leak->confidence == 0.25 * (double)i);
  assert_true(leak->growth_bytes == 4096 * (uint64_t)i && leak->commit_bytes == 1000003 * (uint64_t)i);
  check_verdict(c->f, leak);
  check_told(c->f, leak);
  assert_string_equal(leak->kind, "heap");
  assert_string_equal(leak->ending, i == 2 ? "" : "exited");
  return true;
}

/* Version 4 gave them this; those from before are not known to be whole. The second file was removed, and
 * nobody could read it. */
static void check_keeping(const migration_fixture *f, const seep_store_capture *capture)
{
  const bool kept = f->version >= 4, readable = kept && capture->id == 1;
  assert_string_equal(capture->ending, kept ? "it grew enough" : "");
  assert_string_equal(capture->sha256, !kept ? "" : capture->id == 1 ? "5ec11" : "5ec12");
  assert_true(capture->etl_bytes == (kept ? 987654321 * (uint64_t)capture->id : 0));
  assert_true(capture->readable == readable && capture->events == (readable ? 77 : 0));
  assert_true(capture->target_events == (readable ? 66 : 0) && capture->events_lost == (readable ? 5 : 0));
  assert_true(capture->buffers_lost == readable && capture->removed.ms == (kept && !readable ? 9000 : 0));
}

static bool see_capture(void *context, const seep_store_capture *capture)
{
  count *c = context;
  char image[64], path[64];
  int64_t i = ++c->captures;
  snprintf(image, sizeof image, "capture-%" PRId64 ".exe", i);
  snprintf(path, sizeof path, "C:\\captures\\%" PRId64 "-\xC3\xA4.etl", i);
  assert_true(capture->id == i && capture->leak_id == i && capture->key.pid == 8 * i);
  assert_true(capture->key.created == UINT64_C(133000000000000000) + (uint64_t)i);
  assert_true(capture->started.ms == 4000 * i && capture->ended.ms == 5000 * i);
  assert_true(capture->bytes == 123456789 * (uint64_t)i);
  assert_string_equal(capture->image, image);
  assert_string_equal(capture->path, path);
  assert_string_equal(capture->kind, "virtualalloc");
  assert_string_equal(capture->outcome, "saved");
  check_keeping(c->f, capture);
  return true;
}

static bool see_event(void *context, const seep_store_event *event)
{
  count *c = context;
  char image[64], text[64];
  int64_t i = ++c->events;
  snprintf(image, sizeof image, "event-%" PRId64 ".exe", i);
  snprintf(text, sizeof text, "told %" PRId64, i);
  assert_true(event->id == i && event->wall.ms == 7000 * i && event->event == 210 && event->pid == 4 * i);
  assert_string_equal(event->level, "warning");
  assert_string_equal(event->image, image);
  assert_string_equal(event->text, text);
  return true;
}

static bool see_lineage(void *context, const seep_store_lineage *lineage)
{
  count *c = context;
  char image[64];
  int64_t i = 3 - (int64_t)++c->lineages; /* newest first */
  snprintf(image, sizeof image, "lineage-%" PRId64 ".exe", i);
  assert_string_equal(lineage->image, image);
  assert_true(lineage->seen.ms == 8000 * i && lineage->lineage.high_water == 1048576.0 * (double)i);
  assert_true(lineage->lineage.lives == 3 && lineage->lineage.quiet_lives == i);
  assert_true(lineage->lineage.rates[0] == (float)i && lineage->lineage.rates[2] == 3);
  return true;
}

static bool see_exhaustion(void *context, const seep_store_exhaustion *exhaustion)
{
  (void)exhaustion;
  ++*(unsigned *)context;
  return true;
}

/* Version 1 kept no events, versions 1 and 2 no lineages, none before 5 Events 2004. */
static void check_added(const migration_fixture *f, seep_store *store)
{
  count c = {.f = f};
  seep_store_filter filter;
  seep_store_filter_init(&filter);
  assert_int_equal(seep_store_events(store, &filter, see_event, &c, NULL), SEEP_OK);
  assert_int_equal(c.events, f->version == 1 ? 0 : 2);
  assert_int_equal(seep_store_lineages(store, see_lineage, &c, NULL), SEEP_OK);
  assert_int_equal(c.lineages, f->version < 3 ? 0 : 2);
  unsigned exhaustions = 0;
  assert_int_equal(seep_store_exhaustions(store, &filter, see_exhaustion, &exhaustions, NULL), SEEP_OK);
  assert_int_equal(exhaustions, f->version < 5 ? 0 : 1);
  seep_store_answer answer;
  assert_int_equal(seep_store_answer_get(store, 1, &answer, NULL), SEEP_NOT_FOUND);
}

static void check_others(const migration_fixture *f, seep_store *store)
{
  count c = {.f = f};
  seep_store_journal_entry entries[4];
  size_t journal = 0, length = 0;
  char value[32];
  assert_int_equal(seep_store_leaks(store, see_leak, &c, NULL), SEEP_OK);
  assert_int_equal(c.leaks, 3);
  assert_int_equal(seep_store_captures(store, see_capture, &c, NULL), SEEP_OK);
  assert_int_equal(c.captures, 2);
  assert_int_equal(seep_store_journal_list(store, entries, 4, &journal, NULL), SEEP_OK);
  assert_int_equal(journal, 2);
  for (size_t i = 0; i < 2; i++) {
    assert_true(entries[i].id == (int64_t)i + 1 && entries[i].written.ms == 6000 * ((int64_t)i + 1));
    assert_string_equal(entries[i].kind, "recording");
    assert_string_equal(entries[i].subject, i == 0 ? "seepwatch-1" : "seepwatch-2");
  }
  assert_int_equal(seep_store_value_get(store, "events.bookmark", value, sizeof value, &length, NULL),
                   SEEP_OK);
  assert_int_equal(length, 13);
  assert_memory_equal(value, "<Bookmark/>\0x", 14);
  assert_int_equal(seep_store_value_get(store, "stop.clean", value, sizeof value, &length, NULL), SEEP_OK);
  assert_int_equal(length, 0);
}

void migration_check(const migration_fixture *f, const char *path, seep_store *store, size_t more)
{
  const size_t polls = f->polls;
  uint8_t known[MIGRATION_CLOSED_POLLS + MIGRATION_MORE];
  poll_rows rows;
  migration_truth(known, polls + more);
  if (more > 0) {
    known[polls] |= POLL_AFTER_GAP;
  }
  const poll_truth truth = {&migration_script, known, polls + more, 0};
  const char *wrong = poll_truth_check_file(path, &rows);
  wrong = wrong != NULL ? wrong : poll_truth_check(&truth, store);
  if (wrong == NULL && more == 0) {
    wrong = poll_truth_check_processes(&truth, store);
  }
  if (wrong != NULL) {
    fail_msg("%s", wrong);
  }
  assert_true(rows.first == 1 && rows.last == (int64_t)(polls + more - 5));
  check_others(f, store);
  check_added(f, store);
}
