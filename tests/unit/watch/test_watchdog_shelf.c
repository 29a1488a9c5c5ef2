/*
 * Finished recordings make room for others in the watchdog's real folder: the oldest first, never the newest
 * of an image, never a stranger's file; side-cars go with them and their rows say when.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "rig.h"
#include "watch/files.h"

#define OLDEST "captures/20250101T000000Z-alpha.exe-11-heap"
#define SECOND "captures/20250102T000000Z-alpha.exe-11-virtualalloc"
#define NEWEST "captures/20250104T000000Z-Alpha.exe-12-heap"
#define OTHERS                                                                                               \
  "captures/20240101T000000Z-beta.exe-9-snapshot" /* older than all, and the newest of its image */

/* What goes and stays with its recording. */
static const char *const beside[] = {".json", ".answer.json", ".html"};
#define BESIDES (sizeof beside / sizeof beside[0])

static void fill(const char *stem, const char *ending, size_t bytes)
{
  char name[120];
  char *text = malloc(bytes + 1);
  assert_non_null(text);
  memset(text, 'x', bytes);
  text[bytes] = '\0';
  snprintf(name, sizeof name, "%s%s", stem, ending);
  rig_write(name, text);
  for (size_t i = 0; i < BESIDES; i++) {
    snprintf(name, sizeof name, "%s%s", stem, beside[i]);
    rig_write(name, "{}");
  }
  free(text);
}

static void add_row(seep_store *store, const char *stem)
{
  static seep_store_capture row;
  char name[120];
  memset(&row, 0, sizeof row);
  snprintf(name, sizeof name, "%s.etl.gz", stem);
  seep_text_copy(row.path, sizeof row.path, rig_path(name));
  seep_text_copy(row.image, sizeof row.image, "alpha.exe");
  seep_text_copy(row.outcome, sizeof row.outcome, "saved");
  assert_int_equal(seep_store_capture_add(store, &row, NULL), SEEP_OK);
}

/* Four recordings of two images, two of them in the store, and files that are nobody's business. */
static void fill_the_shelf(size_t bytes)
{
  seep_store *store = NULL;
  seep_wall now = {1};
  assert_int_equal(seep_files_make_folder(rig_path("captures"), NULL), SEEP_OK);
  fill(OLDEST, ".etl.gz", bytes);
  fill(SECOND, ".etl.gz", bytes);
  fill(NEWEST, ".etl", bytes);
  fill(OTHERS, ".etl.gz", bytes);
  fill("captures/other", ".etl", bytes);
  rig_write("captures/notes.txt", "mine");
  assert_int_equal(seep_store_open(rig_path("seepwatch.db"), now, NULL, &store, NULL, NULL), SEEP_OK);
  add_row(store, OLDEST);
  add_row(store, SECOND);
  seep_store_close(store);
}

static void is_still_there(const char *stem, const char *ending)
{
  char name[120];
  snprintf(name, sizeof name, "%s%s", stem, ending);
  assert_true(rig_is_there(name));
  for (size_t i = 0; i < BESIDES; i++) {
    snprintf(name, sizeof name, "%s%s", stem, beside[i]);
    assert_true(rig_is_there(name));
  }
}

/* What never goes. */
static void others_are_still_there(void)
{
  is_still_there(NEWEST, ".etl");
  is_still_there(OTHERS, ".etl.gz");
  is_still_there("captures/other", ".etl");
  assert_true(rig_is_there("captures/notes.txt"));
}

/* So many of the oldest are gone, the row of each says when; the next one is there and its row says nothing.
 */
static void have_gone(const rig *r, size_t gone)
{
  static const char *const stems[] = {OLDEST, SECOND};
  static seep_store_capture rows[3];
  assert_int_equal(rig_captures(rows, 3), 3);
  for (size_t i = 0; i < 2; i++) {
    char name[120];
    bool went = i < gone;
    if (!went) {
      is_still_there(stems[i], ".etl.gz");
    }
    snprintf(name, sizeof name, "%s.etl.gz", stems[i]);
    assert_string_equal(rows[i].path, rig_path(name));
    assert_int_equal(rig_is_there(name), !went);
    for (size_t b = 0; b < BESIDES; b++) {
      snprintf(name, sizeof name, "%s%s", stems[i], beside[b]);
      assert_int_equal(rig_is_there(name), !went);
    }
    assert_int_equal(rows[i].removed.ms > r->world.wall_ms - SEEP_MS_PER_DAY, went);
  }
  assert_int_equal(rows[2].removed.ms, 0);
  assert_true(seep_files_size(rows[2].path) > 0);
}

static void shelf_test(rig *r, size_t bytes, const char *quota, size_t gone)
{
  fill_the_shelf(bytes);
  rig_configure_capture(quota);
  (void)rig_record(r, SEEP_ALERT_RECORDING_SAVED);
  (void)rig_stop(r);
  others_are_still_there();
  have_gone(r, gone);
}

static void beyond_their_number_the_oldest_go(void **state)
{
  shelf_test(*state, 100, "\"folder_quota_count\":4", 1);
}

static void within_it_none_goes(void **state)
{
  shelf_test(*state, 100, "\"folder_quota_count\":5", 0);
}

/* Four of 300000, and the new one: three fit beside it. */
static void beyond_their_size_the_oldest_go(void **state)
{
  shelf_test(*state, 300000, "\"folder_quota_bytes\":1048576", 1);
}

/* What never goes counts: both others must. */
static void a_shelf_with_room_for_the_newest_alone(void **state)
{
  shelf_test(*state, 100, "\"folder_quota_count\":3", 2);
}

static void a_full_shelf_refuses(void **state)
{
  rig *r = *state;
  fill_the_shelf(100);
  rig_configure_capture("\"folder_quota_count\":2");
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  rig_start(r);
  const seep_alert *refused = rig_hurry_until(r, SEEP_ALERT_RECORDING_REFUSED, 1);
  assert_non_null(refused);
  assert_non_null(strstr(rig_insert(refused, "reason"), "used up its quota"));
  (void)rig_stop(r);
  others_are_still_there();
  assert_int_equal(rig_calls_of("-"), 0);
}

/* A recording that is refused for another reason needs no room. */
static void nothing_goes_for_a_recording_that_is_not_made(void **state)
{
  rig *r = *state;
  fill_the_shelf(100);
  rig_configure_capture("\"folder_quota_count\":4,\"enabled\":false");
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  rig_start(r);
  assert_non_null(rig_hurry_until(r, SEEP_ALERT_RECORDING_REFUSED, 1));
  (void)rig_stop(r);
  others_are_still_there();
  is_still_there(OLDEST, ".etl.gz");
}

#define shelf_case(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      shelf_case(beyond_their_number_the_oldest_go),
      shelf_case(within_it_none_goes),
      shelf_case(beyond_their_size_the_oldest_go),
      shelf_case(a_shelf_with_room_for_the_newest_alone),
      shelf_case(a_full_shelf_refuses),
      shelf_case(nothing_goes_for_a_recording_that_is_not_made),
  };
  if (argc < 2) {
    fprintf(stderr, "usage: test_watch_watchdog_shelf PATH-OF-FAKE-RECORDER\n");
    return 2;
  }
  rig_prepare("watchdog-shelf-test", argv[1]);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
