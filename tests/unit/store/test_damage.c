/*
 * Bytes that tip over, pages overwritten, files cut: opening either works, and then what is read is right or
 * left out, or the file is set aside with every byte of it kept and a fresh one begun. It never crashes, and
 * what is begun or kept can be written to.
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

#include "poll_truth.h"
#include "store/schema.h"
#include "store_files.h"

#define PATH "test_store_damage.db"
#define POLLS 290u
#define LOGGED_FROM 225u /* when a crash came, the later polls would be in the log */

/* Blocks of 25 polls, hours of six. */
static const poll_script script = {40, 25, 10 * SEEP_MS_PER_MINUTE, false};

static uint64_t random_state = 4711;

static size_t random_below(size_t bound)
{
  random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (size_t)(random_state >> 33) % bound;
}

static seep_wall moment_of(size_t number)
{
  return (seep_wall){poll_script_wall(&script, number)};
}

/* ---- a good store, closed and as a crash leaves it ---- */

typedef struct bytes {
  uint8_t *data;
  size_t size;
} bytes;

typedef struct image {
  bytes file, log;
} image;

static image closed, crashed;

static const seep_exhaustion diagnosis = {
    .process_count = 2, .processes = {{.name = "x.exe"}, {.name = "y.exe"}}, .paged_tag_count = 1};

static bytes read_file(const char *path)
{
  bytes b = {NULL, 0};
  b.data = store_files_read(path, &b.size);
  return b;
}

static int make_images(void **state)
{
  (void)state;
  seep_store *store = NULL;
  store_files_remove(PATH);
  assert_int_equal(seep_store_open(PATH, moment_of(0), NULL, &store, NULL, NULL), SEEP_OK);
  poll_script_run *run = poll_script_begin(&script);
  seep_store_journal_entry entry = {.written = moment_of(0), .kind = "recording", .subject = "seepwatch-1"};
  assert_int_equal(seep_store_journal_add(store, &entry, NULL), SEEP_OK);
  for (size_t number = 0; number < POLLS; number++) {
    if (number == LOGGED_FROM) {
      seep_store_close(store);
      assert_int_equal(seep_store_open(PATH, moment_of(number), NULL, &store, NULL, NULL), SEEP_OK);
    }
    assert_int_equal(poll_script_append(run, store, number, NULL), SEEP_OK);
    seep_store_event event = {.wall = moment_of(number), .event = 210, .level = "warning"};
    seep_store_leak leak = {.image = "x.exe"};
    seep_store_exhaustion exhaustion = {.seen = moment_of(number), .event = &diagnosis};
    if (number % 10 == 0) {
      assert_int_equal(seep_store_event_add(store, &event, NULL), SEEP_OK);
      assert_int_equal(seep_store_leak_open(store, &leak, NULL), SEEP_OK);
      assert_int_equal(seep_store_exhaustion_add(store, &exhaustion, NULL), SEEP_OK);
    }
  }
  crashed = (image){read_file(PATH), read_file(PATH "-wal")};
  poll_script_end(run);
  seep_store_close(store);
  closed = (image){read_file(PATH), {NULL, 0}};
  assert_true(crashed.file.size > 100000 && crashed.log.size > 100000);
  return 0;
}

static int forget_images(void **state)
{
  (void)state;
  free(closed.file.data);
  free(crashed.file.data);
  free(crashed.log.data);
  store_files_remove(PATH);
  return 0;
}

/* ---- what comes of it ---- */

typedef struct tally {
  unsigned opened, set_aside, newer, left_out, silent, strange, wrong;
  const char *what; /* was done to it */
} tally;

typedef struct reading {
  size_t points, strange, wrong;
} reading;

/* Whether it is a point of the script; *right: with its figure. The rows that say who a process is carry no
 * checksum, nor do SQLite's pages: damage there gives a stranger, but never a figure to one who is known. */
static bool is_known(const seep_store_point *point, bool *right)
{
  int64_t since = point->wall.ms - poll_script_wall(&script, 0);
  unsigned slot = point->process->key.pid / 4 - 1;
  poll_script_process wanted;
  char name[POLL_SCRIPT_NAME_SIZE];
  if (since < 0 || since % script.step_ms != 0 || since / script.step_ms >= (int64_t)POLLS ||
      slot >= script.processes ||
      !poll_script_look(&script, (size_t)(since / script.step_ms), slot, &wanted) ||
      wanted.key.created != point->process->key.created) {
    return false;
  }
  poll_script_name(slot, name);
  *right = wanted.commit_bytes == point->commit_bytes;
  return strcmp(point->process->name, name) == 0;
}

static bool see_point(void *context, const seep_store_point *point)
{
  reading *r = context;
  bool right = true;
  r->points++;
  r->strange += !is_known(point, &right);
  r->wrong += !right;
  return true;
}

static size_t all_points(void)
{
  poll_script_process process;
  size_t points = 0;
  for (size_t number = 0; number < POLLS; number++) {
    for (unsigned slot = 0; slot < script.processes; slot++) {
      points += poll_script_look(&script, number, slot, &process);
    }
  }
  return points;
}

static bool see_process(void *context, const seep_store_process *process)
{
  *(size_t *)context += strlen(process->name);
  return true;
}

static bool see_hour(void *context, const seep_store_hour *hour)
{
  *(size_t *)context += hour->mean_bytes > 0;
  return true;
}

static bool see_event(void *context, const seep_store_event *event)
{
  *(size_t *)context += strlen(event->text);
  return true;
}

static bool see_exhaustion(void *context, const seep_store_exhaustion *exhaustion)
{
  const seep_exhaustion *event = exhaustion->event;
  for (size_t i = 0; i < event->process_count; i++) {
    *(size_t *)context += strlen(event->processes[i].name);
  }
  return true;
}

static bool see_leak(void *context, const seep_store_leak *leak)
{
  *(size_t *)context += strlen(leak->image);
  return true;
}

static void assert_bearable(seep_status status)
{
  /* SQLite takes some page numbers beyond the end for a full disk. */
  if (status != SEEP_OK && status != SEEP_CORRUPT && status != SEEP_LIMIT) {
    fail_msg("damage came back as %s", seep_status_text(status));
  }
}

/* Everything else that can be asked and done; only that it ends well is looked at. */
static void use(seep_store *store)
{
  seep_store_filter filter;
  size_t sum = 0;
  seep_store_journal_entry entries[4];
  seep_store_pruned pruned;
  seep_store_filter_init(&filter);
  assert_bearable(seep_store_processes(store, &filter, see_process, &sum, NULL));
  assert_bearable(seep_store_hours(store, &filter, see_hour, &sum, NULL));
  assert_bearable(seep_store_events(store, &filter, see_event, &sum, NULL));
  assert_bearable(seep_store_leaks(store, see_leak, &sum, NULL));
  assert_bearable(seep_store_exhaustions(store, &filter, see_exhaustion, &sum, NULL));
  seep_store_exhaustion exhaustion = {.event = &diagnosis};
  assert_bearable(seep_store_exhaustion_add(store, &exhaustion, NULL));
  assert_bearable(seep_store_journal_list(store, entries, 4, &sum, NULL));
  poll_script_run *run = poll_script_begin(&script);
  for (size_t number = POLLS; number < POLLS + 12; number++) {
    assert_bearable(poll_script_append(run, store, number, NULL));
  }
  poll_script_end(run);
  const seep_store_limits limits = {moment_of(POLLS / 2), moment_of(POLLS / 2), 60000};
  assert_bearable(seep_store_prune(store, &limits, &pruned, NULL));
}

static void assert_kept(const char *path, const bytes *wanted)
{
  bytes found = read_file(path);
  if (wanted->data != NULL) {
    assert_int_equal(found.size, wanted->size);
    assert_memory_equal(found.data, wanted->data, wanted->size);
  }
  free(found.data);
}

static void look(const image *damaged, tally *t)
{
  seep_store *store = NULL;
  seep_store_opening opening = {0};
  seep_store_filter filter;
  reading r = {0, 0, 0};
  store_files_remove(PATH);
  store_files_write(PATH, damaged->file.data, damaged->file.size);
  if (damaged->log.data != NULL) {
    store_files_write(PATH "-wal", damaged->log.data, damaged->log.size);
  }
  seep_status status = seep_store_open(PATH, moment_of(POLLS), NULL, &store, &opening, NULL);
  if (status == SEEP_UNSUPPORTED) {
    assert_kept(PATH, &damaged->file);
    t->newer++;
    return;
  }
  if (status != SEEP_OK) {
    fail_msg("%s: not opened: %s", t->what, seep_status_text(status));
  }
  seep_store_filter_init(&filter);
  status = seep_store_history(store, &filter, see_point, &r, NULL);
  assert_bearable(status);
  t->strange += r.strange > 0;
  t->wrong += r.wrong > 0;
  if (opening.set_aside[0] != '\0') {
    char log[600];
    snprintf(log, sizeof log, "%s-wal", opening.set_aside);
    assert_kept(opening.set_aside, &damaged->file);
    assert_kept(log, &damaged->log);
    assert_int_equal(r.points, 0);
    t->set_aside++;
  } else {
    t->opened++;
    t->left_out += status == SEEP_CORRUPT;
    t->silent += status == SEEP_OK && damaged->log.data == NULL && r.points < all_points();
  }
  use(store);
  seep_store_close(store);
  if (opening.set_aside[0] != '\0') {
    store_files_remove(opening.set_aside);
  }
}

static bytes copy_of(const bytes *b)
{
  bytes copy = {malloc(b->size + 1), b->size};
  if (copy.data == NULL) {
    abort();
  }
  if (b->size > 0) {
    memcpy(copy.data, b->data, b->size);
  }
  return copy;
}

static void report(const tally *t)
{
  print_message("%s: %u opened (%u said that something is left out, %u silently), %u set aside, %u taken for "
                "newer, %u with strangers\n",
                t->what, t->opened, t->left_out, t->silent, t->set_aside, t->newer, t->strange);
}

typedef void (*damage)(bytes *b);

static void flip_bit(bytes *b)
{
  b->data[random_below(b->size)] ^= (uint8_t)(1u << random_below(8));
}

static void overwrite(bytes *b)
{
  size_t at = random_below(b->size);
  size_t length = 1 + random_below(6000);
  uint8_t value = (uint8_t)random_below(256);
  for (size_t i = at; i < b->size && i < at + length; i++) {
    b->data[i] = (i & 1) != 0 ? value : (uint8_t)random_below(256);
  }
}

static void zero_page(bytes *b)
{
  size_t page = random_below(b->size / 4096);
  memset(b->data + page * 4096, 0, 4096);
}

static void cut(bytes *b)
{
  b->size = random_below(b->size);
}

static void run_damage(const char *what, const image *good, bool in_log, damage how, unsigned times)
{
  tally t = {.what = what};
  for (unsigned i = 0; i < times; i += STORE_FILES_THINNED) {
    image damaged = {copy_of(&good->file), {NULL, 0}};
    if (good->log.data != NULL) {
      damaged.log = copy_of(&good->log);
    }
    how(in_log ? &damaged.log : &damaged.file);
    look(&damaged, &t);
    free(damaged.file.data);
    free(damaged.log.data);
  }
  report(&t);
  assert_int_equal(t.wrong, 0);
  assert_in_range(t.strange + t.silent, 0, times / 8);
}

static void test_flipped_bits(void **state)
{
  (void)state;
  run_damage("a bit, closed", &closed, false, flip_bit, 200);
  run_damage("a bit, crashed", &crashed, false, flip_bit, 50);
  run_damage("a bit of the log", &crashed, true, flip_bit, 50);
}

static void test_overwritten(void **state)
{
  (void)state;
  run_damage("overwritten, closed", &closed, false, overwrite, 80);
  run_damage("a page of zeros, closed", &closed, false, zero_page, 40);
  run_damage("overwritten, crashed", &crashed, false, overwrite, 30);
  run_damage("overwritten log", &crashed, true, overwrite, 30);
}

static void test_cut(void **state)
{
  (void)state;
  run_damage("cut, closed", &closed, false, cut, 40);
  run_damage("cut, crashed", &crashed, false, cut, 20);
  run_damage("log cut", &crashed, true, cut, 20);
}

/* The hundred bytes that SQLite and we know the file by. */
static void test_header(void **state)
{
  (void)state;
  tally t = {.what = "header"};
  for (size_t at = 0; at < 100; at += at < 60 ? STORE_FILES_THINNED : 1) {
    image damaged = {copy_of(&closed.file), {NULL, 0}};
    damaged.file.data[at] ^= (uint8_t)(at % 2 == 0 ? 0xFF : 1u << random_below(8));
    look(&damaged, &t);
    free(damaged.file.data);
  }
  report(&t);
  assert_int_equal(t.wrong, 0);
  assert_in_range(t.newer, 1, 4); /* the version */
}

/* An earlier version's number on today's tables would otherwise be converted into an error. */
static void test_an_earlier_version_is_believed_by_its_tables(void **state)
{
  (void)state;
  tally t = {.what = "version"};
  for (uint8_t version = 1; version < SEEP_SCHEMA_VERSION; version++) {
    image damaged = {copy_of(&closed.file), {NULL, 0}};
    damaged.file.data[63] = version; /* the last byte of user_version */
    look(&damaged, &t);
    free(damaged.file.data);
  }
  report(&t);
  assert_int_equal(t.set_aside, SEEP_SCHEMA_VERSION - 1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_flipped_bits),
      cmocka_unit_test(test_overwritten),
      cmocka_unit_test(test_cut),
      cmocka_unit_test(test_header),
      cmocka_unit_test(test_an_earlier_version_is_believed_by_its_tables),
  };
  return cmocka_run_group_tests_name("store/damage", tests, make_images, forget_images);
}
