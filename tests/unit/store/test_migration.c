/*
 * Files of versions 1 to 4, written by these versions themselves (tests/fixtures/store): everything in
 * them is there afterwards. Whatever fails on the way leaves them as they were. Files of a version to come
 * stay untouched.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>
#include <zlib.h>

#include "fault_vfs.h"
#include "poll_truth.h"
#include "store_files.h"

#define PATH "test_store_migration.db"
#define COPY "test_store_migration_copy.db"
#define FIXTURES SEEP_FIXTURES "/store/"
#define CLOSED_POLLS 300u
#define KILLED_POLLS 50u
#define MORE 3u

typedef struct fixture {
  int version;
  const char *name;
  size_t polls;
} fixture;

static const fixture closed_1 = {1, "version1.db", CLOSED_POLLS};
static const fixture killed_1 = {1, "version1-killed.db", KILLED_POLLS};
static const fixture closed_2 = {2, "version2.db", CLOSED_POLLS};
static const fixture killed_2 = {2, "version2-killed.db", KILLED_POLLS};
static const fixture closed_3 = {3, "version3.db", CLOSED_POLLS};
static const fixture killed_3 = {3, "version3-killed.db", KILLED_POLLS};
static const fixture closed_4 = {4, "version4.db", CLOSED_POLLS};
static const fixture killed_4 = {4, "version4-killed.db", KILLED_POLLS};

/* As the fixtures' README says. */
static const poll_script script = {20, 0, 5 * SEEP_MS_PER_MINUTE, true};

static seep_wall moment_of(size_t number)
{
  return (seep_wall){poll_script_wall(&script, number)};
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

static void unpack_store(const fixture *f)
{
  char log[100];
  store_files_remove(PATH);
  snprintf(log, sizeof log, "%s-wal", f->name);
  assert_true(unpack(f->name, PATH));
  (void)unpack(log, PATH "-wal");
}

static void tell_truth(uint8_t *polls, size_t count)
{
  for (size_t number = 0; number < count; number++) {
    bool lost = (number >= 30 && number < 34) || number == 40;
    bool gap = number == 0 || number == 34; /* one poll missed was no gap yet */
    polls[number] = lost ? 0 : gap ? POLL_KEPT | POLL_AFTER_GAP : POLL_KEPT;
  }
}

/* ---- what stands beside the polls ---- */

typedef struct count {
  const fixture *f;
  unsigned leaks, captures, events, lineages;
} count;

/* Version 3 gave them verdicts and limits of the slope; those from before are leaks, and nobody knew them. */
static void check_verdict(const fixture *f, const seep_store_leak *leak)
{
  const double i = f->version < 3 ? 0 : (double)leak->id;
  assert_string_equal(leak->verdict, i == 3 ? "rapid" : "leak");
  assert_true(leak->slope_low_bytes_per_hour == 1.25 * i && leak->slope_high_bytes_per_hour == 1.75 * i);
}

/* What the alerts said no version before 5 kept. */
static void check_untold(const seep_store_leak *leak)
{
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
  check_untold(leak);
  assert_string_equal(leak->kind, "heap");
  assert_string_equal(leak->ending, i == 2 ? "" : "exited");
  return true;
}

/* Version 4 gave them this; those from before are not known to be whole. The second file was removed, and
 * nobody could read it. */
static void check_keeping(const fixture *f, const seep_store_capture *capture)
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
  c->lineages++;
  if (c->f != NULL) {
    char image[64];
    int64_t i = 3 - (int64_t)c->lineages; /* newest first */
    snprintf(image, sizeof image, "lineage-%" PRId64 ".exe", i);
    assert_string_equal(lineage->image, image);
    assert_true(lineage->seen.ms == 8000 * i && lineage->lineage.high_water == 1048576.0 * (double)i);
    assert_true(lineage->lineage.lives == 3 && lineage->lineage.quiet_lives == i);
    assert_true(lineage->lineage.rates[0] == (float)i && lineage->lineage.rates[2] == 3);
  }
  return true;
}

static bool see_exhaustion(void *context, const seep_store_exhaustion *exhaustion)
{
  (void)exhaustion;
  ++*(unsigned *)context;
  return true;
}

/* Version 1 kept no events, versions 1 and 2 no lineages, none before 5 Events 2004. */
static void check_added(const fixture *f, seep_store *store)
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
  assert_int_equal(exhaustions, 0);
}

static void check_others(const fixture *f, seep_store *store)
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

/* Everything that the fixture has; `more` polls were appended by this version. */
static void check_store(const fixture *f, const char *path, seep_store *store, size_t more)
{
  const size_t polls = f->polls;
  uint8_t known[CLOSED_POLLS + MORE];
  poll_rows rows;
  tell_truth(known, polls + more);
  if (more > 0) {
    known[polls] |= POLL_AFTER_GAP;
  }
  const poll_truth truth = {&script, known, polls + more, 0};
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

/* Everything that has a definition, and the columns of the tables that later versions added to. */
static void describe(const char *path, char *out, size_t out_size)
{
  static const char *const queries[] = {
      "SELECT sql FROM sqlite_master WHERE type = 'view' ORDER BY name",
      "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY name",
      "SELECT name || ' ' || type || ' ' || ifnull(dflt_value, '-') FROM pragma_table_info('leak')",
      "SELECT name || ' ' || type || ' ' || ifnull(dflt_value, '-') FROM pragma_table_info('capture')",
      "SELECT sql FROM sqlite_master WHERE name LIKE 'exhaustion%' ORDER BY name"};
  sqlite3 *db = NULL;
  size_t used = 0;
  assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
  for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, queries[i], -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
      int length =
          snprintf(out + used, out_size - used, "%s\n", (const char *)sqlite3_column_text(statement, 0));
      assert_true(length > 1 && (size_t)length < out_size - used);
      used += (size_t)length;
    }
    sqlite3_finalize(statement);
  }
  sqlite3_close(db);
}

/* An upgraded file is made like a new one. */
static void check_schema(void)
{
  static char upgraded[16384], fresh[16384];
  seep_store *store = NULL;
  store_files_remove(COPY);
  assert_int_equal(seep_store_open(COPY, moment_of(0), NULL, &store, NULL, NULL), SEEP_OK);
  seep_store_close(store);
  describe(PATH, upgraded, sizeof upgraded);
  describe(COPY, fresh, sizeof fresh);
  assert_non_null(strstr(fresh, "removed_ms INTEGER 0\n"));
  assert_non_null(strstr(fresh, "time_left_ms INTEGER -1\n"));
  assert_non_null(strstr(fresh, "exhaustion_entry\n"));
  assert_string_equal(upgraded, fresh);
}

static void migrate(const fixture *f)
{
  const size_t polls = f->polls;
  seep_store *store = NULL;
  seep_store_opening opening = {0};
  unpack_store(f);
  assert_int_equal(seep_store_open_readonly(PATH, &store, NULL), SEEP_UNSUPPORTED);
  unpack_store(f);
  assert_int_equal(seep_store_open(PATH, moment_of(f->polls), NULL, &store, &opening, NULL), SEEP_OK);
  assert_string_equal(opening.set_aside, "");
  assert_false(opening.created);
  check_store(f, PATH, store, 0);
  /* It goes on, and nothing is left of the old tables. */
  poll_script_run *run = poll_script_begin(&script);
  for (size_t i = 0; i < MORE; i++) {
    assert_int_equal(poll_script_append(run, store, polls + i, NULL), SEEP_OK);
  }
  poll_script_end(run);
  check_store(f, PATH, store, MORE);
  seep_store_journal_entry entry = {.kind = "recording"};
  assert_int_equal(seep_store_journal_add(store, &entry, NULL), SEEP_OK);
  assert_int_equal(entry.id, 4); /* a third was once there */
  assert_int_equal(seep_store_journal_remove(store, entry.id, NULL), SEEP_OK);
  seep_store_close(store);
  assert_int_equal(seep_store_open_readonly(PATH, &store, NULL), SEEP_OK);
  check_store(f, PATH, store, MORE);
  seep_store_close(store);
  check_schema();
}

static void test_closed(void **state)
{
  (void)state;
  migrate(&closed_1);
  migrate(&closed_2);
  migrate(&closed_3);
  migrate(&closed_4);
}

static void test_killed(void **state)
{
  (void)state;
  migrate(&killed_1);
  migrate(&killed_2);
  migrate(&killed_3);
  migrate(&killed_4);
}

static bool keep_removal(void *context, const seep_store_capture *capture)
{
  seep_wall *removed = context;
  assert_in_range(capture->id, 1, 3);
  removed[capture->id - 1] = capture->removed;
  return true;
}

static bool keep_time_left(void *context, const seep_store_leak *leak)
{
  *(int64_t *)context = leak->time_left_ms;
  return true;
}

/* What version 5 added. */
static void add_diagnosis(seep_store *store)
{
  const seep_exhaustion event = {.record_id = 9, .process_count = 1, .processes = {{.name = "new.exe"}}};
  seep_store_exhaustion exhaustion = {.event = &event};
  seep_store_filter filter;
  unsigned exhaustions = 0;
  seep_store_filter_init(&filter);
  assert_int_equal(seep_store_exhaustion_add(store, &exhaustion, NULL), SEEP_OK);
  assert_int_equal(exhaustion.id, 1);
  assert_int_equal(seep_store_exhaustions(store, &filter, see_exhaustion, &exhaustions, NULL), SEEP_OK);
  assert_int_equal(exhaustions, 1);
  int64_t left = 0; /* of the last case */
  assert_int_equal(seep_store_leaks(store, keep_time_left, &left, NULL), SEEP_OK);
  assert_int_equal(left, 5000);
}

/* What was added can be written into an upgraded file as into a new one. */
static void test_new_columns(void **state)
{
  (void)state;
  const fixture *const fixtures[] = {&killed_1, &closed_2, &killed_3, &closed_4};
  for (size_t i = 0; i < 4; i++) {
    seep_store *store = NULL;
    count c = {.lineages = 0};
    unpack_store(fixtures[i]);
    assert_int_equal(seep_store_open(PATH, moment_of(300), NULL, &store, NULL, NULL), SEEP_OK);
    seep_store_leak leak = {
        .image = "new.exe", .verdict = "rapid", .slope_low_bytes_per_hour = 1, .time_left_ms = 5000};
    assert_int_equal(seep_store_leak_open(store, &leak, NULL), SEEP_OK);
    assert_int_equal(leak.id, 4);
    const seep_store_lineage lineage = {.image = "new.exe", .seen = {1}};
    assert_int_equal(seep_store_lineage_save(store, &lineage, NULL), SEEP_OK);
    assert_int_equal(seep_store_lineages(store, see_lineage, &c, NULL), SEEP_OK);
    assert_int_equal(c.lineages, fixtures[i]->version < 3 ? 1 : 3);
    seep_store_capture capture = {
        .path = "D:\\3.etl.gz", .started = {9000}, .sha256 = "ab", .readable = true, .events_lost = 7};
    unsigned recent = 0;
    assert_int_equal(seep_store_capture_add(store, &capture, NULL), SEEP_OK);
    assert_int_equal(capture.id, 3);
    assert_int_equal(seep_store_captures_since(store, (seep_wall){8000}, &recent, NULL), SEEP_OK);
    assert_int_equal(recent, 2);
    /* An old row can be marked like a new one. */
    assert_int_equal(seep_store_capture_removed(store, "C:\\captures\\1-\xC3\xA4.etl", (seep_wall){77}, NULL),
                     SEEP_OK);
    seep_wall removed[3] = {{0}};
    assert_int_equal(seep_store_captures(store, keep_removal, removed, NULL), SEEP_OK);
    assert_true(removed[0].ms == 77 && removed[2].ms == 0);
    assert_true(removed[1].ms == (fixtures[i]->version < 4 ? 0 : 9000));
    add_diagnosis(store);
    seep_store_close(store);
  }
}

/* ---- faults on the way ---- */

/* A sum over every row of the fixture's file, without the mark of a clean stop; 0: it is of another version.
 */
static uint64_t sum_old(const fixture *f, const char *path)
{
  static const char *const queries[] = {"SELECT * FROM process ORDER BY id",
                                        "SELECT * FROM poll ORDER BY id",
                                        "SELECT * FROM leak ORDER BY id",
                                        "SELECT * FROM capture ORDER BY id",
                                        "SELECT * FROM journal ORDER BY id",
                                        "SELECT * FROM value WHERE name <> 'store.clean' ORDER BY name",
                                        "SELECT * FROM image ORDER BY id",
                                        "SELECT * FROM block ORDER BY id",
                                        "SELECT * FROM hour ORDER BY 1, 2",
                                        "SELECT * FROM event ORDER BY id",
                                        "SELECT * FROM sqlite_master ORDER BY name",
                                        "SELECT * FROM lineage ORDER BY image"};
  const size_t query_count = f->version == 1 ? 6 : f->version == 2 ? 11 : 12;
  sqlite3 *db = NULL;
  sqlite3_stmt *statement = NULL;
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
  int version = sqlite3_column_int(statement, 0);
  sqlite3_finalize(statement);
  uint64_t sum = UINT64_C(14695981039346656037);
  for (size_t i = 0; version == f->version && i < query_count; i++) {
    assert_int_equal(sqlite3_prepare_v2(db, queries[i], -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
      for (int column = 0; column < sqlite3_column_count(statement); column++) {
        const uint8_t *bytes = sqlite3_column_blob(statement, column);
        int size = sqlite3_column_bytes(statement, column);
        for (int b = 0; b < size; b++) {
          sum = (sum ^ bytes[b]) * UINT64_C(1099511628211);
        }
        sum = (sum ^ 0x100) * UINT64_C(1099511628211);
      }
    }
    sqlite3_finalize(statement);
  }
  sqlite3_close(db);
  return version == f->version ? sum : 0;
}

/* least: so many openings are refused at least, which shows that the faults met the way and not its end. */
static void run_faults(const fixture *f, fault_kind kind, unsigned times, unsigned step, unsigned least)
{
  unpack_store(f);
  const uint64_t sum = sum_old(f, PATH);
  assert_true(sum != 0);
  bool fired = true;
  unsigned refused = 0, committed = 0;
  for (unsigned nth = 1; fired; nth += step * STORE_FILES_THINNED) {
    seep_store *store = NULL;
    seep_store_opening opening = {0};
    unpack_store(f);
    fault_vfs_arm(kind, nth, times);
    seep_status status = seep_store_open(PATH, moment_of(f->polls), NULL, &store, &opening, NULL);
    fired = fault_vfs_fired();
    fault_vfs_arm(kind, 0, 0);
    assert_string_equal(opening.set_aside, "");
    if (status != SEEP_OK) {
      assert_true(status == SEEP_OS || status == SEEP_LIMIT || status == SEEP_NOT_FOUND);
      store_files_copy(PATH, COPY);
      uint64_t left = sum_old(f, COPY);
      assert_true(left == sum || left == 0); /* 0: the very last sync failed, and all of it is done */
      committed += left == 0;
      refused++;
      assert_int_equal(seep_store_open(PATH, moment_of(f->polls), NULL, &store, &opening, NULL), SEEP_OK);
      assert_string_equal(opening.set_aside, "");
    }
    check_store(f, PATH, store, 0);
    seep_store_close(store);
    assert_true(nth < 5000);
  }
  print_message("%s: %u openings refused, %u of them after the last write\n", f->name, refused, committed);
  assert_true(refused * STORE_FILES_THINNED > least);
  assert_true(committed <= refused / 2);
}

/* The newest of the old versions and the oldest are put to every fault, those between to each third. */
static void test_io_error(void **state)
{
  (void)state;
  run_faults(&killed_1, FAULT_CHANGE, 1, 1, 5);
  run_faults(&killed_2, FAULT_CHANGE, 1, 3, 2);
  run_faults(&killed_3, FAULT_CHANGE, 1, 3, 2);
  run_faults(&killed_4, FAULT_CHANGE, 1, 1, 5);
  run_faults(&closed_1, FAULT_CHANGE, FAULT_FOR_GOOD, 9, 5);
  run_faults(&closed_2, FAULT_CHANGE, FAULT_FOR_GOOD, 3, 2);
  run_faults(&closed_3, FAULT_CHANGE, FAULT_FOR_GOOD, 3, 2);
  run_faults(&closed_4, FAULT_CHANGE, FAULT_FOR_GOOD, 1, 5);
}

static void test_disk_full(void **state)
{
  (void)state;
  run_faults(&killed_1, FAULT_FULL, FAULT_FOR_GOOD, 2, 5);
  run_faults(&killed_2, FAULT_FULL, FAULT_FOR_GOOD, 3, 2);
  run_faults(&killed_3, FAULT_FULL, FAULT_FOR_GOOD, 3, 2);
  run_faults(&killed_4, FAULT_FULL, FAULT_FOR_GOOD, 1, 5);
  run_faults(&closed_1, FAULT_FULL, 1, 9, 5);
  run_faults(&closed_2, FAULT_FULL, 1, 3, 2);
  run_faults(&closed_3, FAULT_FULL, 1, 3, 2);
  run_faults(&closed_4, FAULT_FULL, 1, 1, 5);
}

static void test_read_error(void **state)
{
  (void)state;
  run_faults(&killed_1, FAULT_READ, 1, 2, 5);
  run_faults(&killed_2, FAULT_READ, 1, 3, 2);
  run_faults(&killed_3, FAULT_READ, 1, 3, 2);
  run_faults(&killed_4, FAULT_READ, 1, 1, 5);
  run_faults(&closed_1, FAULT_READ, FAULT_FOR_GOOD, 3, 5);
  run_faults(&closed_2, FAULT_READ, FAULT_FOR_GOOD, 3, 2);
  run_faults(&closed_3, FAULT_READ, FAULT_FOR_GOOD, 3, 2);
  run_faults(&closed_4, FAULT_READ, FAULT_FOR_GOOD, 1, 5);
}

/* The power fails on the way: the file is of one version or the other, and whole. */
static void cut_power(const fixture *f, unsigned least)
{
  bool was_cut = true;
  unsigned changes = 1, old = 0;
  for (; was_cut; changes += STORE_FILES_THINNED) {
    seep_store *store = NULL;
    seep_store_opening opening = {0};
    unpack_store(f);
    store_files_remove(COPY);
    fault_vfs_remember(true);
    fault_vfs_cut_after(changes, COPY, changes * UINT64_C(7919));
    assert_int_equal(seep_store_open(PATH, moment_of(f->polls), NULL, &store, &opening, NULL), SEEP_OK);
    seep_store_close(store);
    was_cut = fault_vfs_was_cut();
    fault_vfs_remember(false);
    if (!was_cut) {
      break;
    }
    old += sum_old(f, COPY) != 0;
    assert_int_equal(seep_store_open(COPY, moment_of(f->polls), NULL, &store, &opening, NULL), SEEP_OK);
    assert_string_equal(opening.set_aside, "");
    check_store(f, COPY, store, 0);
    seep_store_close(store);
  }
  print_message("%s: %u power cuts, %u left the old version\n", f->name, changes / STORE_FILES_THINNED, old);
  assert_in_range(old * STORE_FILES_THINNED, least, changes - least);
}

static void test_power_cut(void **state)
{
  (void)state;
  cut_power(&killed_1, 10);
  cut_power(&killed_2, 5);
  cut_power(&killed_3, 5);
  cut_power(&killed_4, 5);
  cut_power(&closed_2, 5);
  cut_power(&closed_3, 5);
  cut_power(&closed_4, 5);
}

/* ---- what version 1 could not read, and what this version does not know ---- */

static void test_unreadable_poll(void **state)
{
  (void)state;
  uint8_t known[CLOSED_POLLS];
  seep_store *store = NULL;
  unpack_store(&closed_1);
  /* Of the first thirty the number is the row less one. */
  store_files_sql(PATH, "UPDATE poll SET block = X'0107000000789c' WHERE id = 8;"
                        "UPDATE poll SET block = X'' WHERE id = 12;"
                        "UPDATE poll SET block = X'01FFFFFFFF' WHERE id = 13");
  assert_int_equal(seep_store_open(PATH, moment_of(CLOSED_POLLS), NULL, &store, NULL, NULL), SEEP_OK);
  tell_truth(known, CLOSED_POLLS);
  known[7] = known[11] = known[12] = 0;
  known[13] |= POLL_AFTER_GAP;
  const poll_truth truth = {&script, known, CLOSED_POLLS, 0};
  const char *wrong = poll_truth_check(&truth, store);
  if (wrong != NULL) {
    fail_msg("%s", wrong);
  }
  seep_store_close(store);
}

static void assert_same_file(const char *path, const uint8_t *bytes, size_t size)
{
  size_t found_size = 0;
  uint8_t *found = store_files_read(path, &found_size);
  assert_int_equal(found_size, size);
  assert_memory_equal(found, bytes, size);
  free(found);
}

/* Closed, and with its log beside it. */
static void test_newer(void **state)
{
  (void)state;
  for (int logged = 0; logged < 2; logged++) {
    sqlite3 *db = NULL;
    seep_store *store = NULL;
    seep_store_opening opening = {0};
    unpack_store(&closed_4);
    assert_int_equal(sqlite3_open(PATH, &db), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (logged) {
      assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL), SQLITE_OK);
    }
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=6", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    size_t size = 0, log_size = 0;
    uint8_t *bytes = store_files_read(PATH, &size);
    uint8_t *log = store_files_read(PATH "-wal", &log_size);
    assert_int_equal(log != NULL, logged);
    seep_error error = {0};
    assert_int_equal(seep_store_open(PATH, moment_of(0), NULL, &store, &opening, &error), SEEP_UNSUPPORTED);
    assert_null(store);
    assert_string_equal(opening.set_aside, "");
    assert_int_equal(error.status, SEEP_UNSUPPORTED);
    assert_int_equal(seep_store_open_readonly(PATH, &store, NULL), SEEP_UNSUPPORTED);
    assert_same_file(PATH, bytes, size);
    if (logged) {
      assert_same_file(PATH "-wal", log, log_size);
    }
    free(bytes);
    free(log);
  }
}

static int set_up(void **state)
{
  (void)state;
  fault_vfs_install();
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  fault_vfs_remove();
  store_files_remove(PATH);
  store_files_remove(COPY);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_closed),      cmocka_unit_test(test_killed),
      cmocka_unit_test(test_new_columns), cmocka_unit_test(test_io_error),
      cmocka_unit_test(test_disk_full),   cmocka_unit_test(test_read_error),
      cmocka_unit_test(test_power_cut),   cmocka_unit_test(test_unreadable_poll),
      cmocka_unit_test(test_newer),
  };
  return cmocka_run_group_tests_name("store/migration", tests, set_up, tear_down);
}
