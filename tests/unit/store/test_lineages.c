/* What is kept of images from life to life: as it was, newest first, bounded, and past whatever was damaged.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <float.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store_files.h"

#define PATH "test_store_lineages.db"
#define COPY "test_store_lineages_copy.db"

static const seep_wall moment = {INT64_C(1790000000000)};

static seep_store *open_store(const char *path)
{
  seep_store *store = NULL;
  assert_int_equal(seep_store_open(path, moment, NULL, &store, NULL, NULL), SEEP_OK);
  return store;
}

static int clean(void **state)
{
  (void)state;
  store_files_remove(PATH);
  store_files_remove(COPY);
  return 0;
}

static seep_store_lineage lineage_of(const char *image, int64_t seen_ms)
{
  seep_store_lineage lineage = {.seen = {seen_ms}};
  snprintf(lineage.image, sizeof lineage.image, "%s", image);
  lineage.lineage.high_water = 1.5e9 + (double)seen_ms;
  lineage.lineage.lives = 3;
  lineage.lineage.quiet_lives = 2;
  for (size_t i = 0; i < SEEP_LINEAGE_LIVES; i++) {
    lineage.lineage.rates[i] = (float)seen_ms + 0.1f * (float)i;
  }
  return lineage;
}

static void assert_same(const seep_store_lineage *found, const seep_store_lineage *expected)
{
  assert_string_equal(found->image, expected->image);
  assert_true(found->seen.ms == expected->seen.ms);
  assert_true(found->lineage.high_water == expected->lineage.high_water);
  assert_int_equal(found->lineage.lives, expected->lineage.lives);
  assert_int_equal(found->lineage.quiet_lives, expected->lineage.quiet_lives);
  assert_memory_equal(found->lineage.rates, expected->lineage.rates, sizeof found->lineage.rates);
}

static void save(seep_store *store, const seep_store_lineage *lineage)
{
  assert_int_equal(seep_store_lineage_save(store, lineage, NULL), SEEP_OK);
}

typedef struct visit {
  seep_store_lineage list[8]; /* the first of them */
  size_t count, most;
  int64_t last_ms;
  seep_store *store; /* changed from inside the visit */
} visit;

static bool keep(void *context, const seep_store_lineage *lineage)
{
  visit *v = context;
  if (v->count < 8) {
    v->list[v->count] = *lineage;
  }
  assert_true(v->count == 0 || lineage->seen.ms <= v->last_ms);
  v->last_ms = lineage->seen.ms;
  if (v->store != NULL) {
    seep_store_lineage changed = *lineage;
    changed.lineage.lives = 0;
    changed.seen.ms += 1000000;
    save(v->store, &changed);
  }
  return ++v->count != v->most;
}

static size_t read_all(seep_store *store, visit *v)
{
  assert_int_equal(seep_store_lineages(store, keep, v, NULL), SEEP_OK);
  return v->count;
}

static void test_kept_as_they_are(void **state)
{
  (void)state;
  seep_store *store = open_store(PATH);
  visit none = {.count = 0};
  assert_int_equal(read_all(store, &none), 0);
  seep_store_lineage a = lineage_of("a.exe", 1000), b = lineage_of("sp\xC3\xA4t\xED\xA0\x80.exe", 3000),
                     longest = lineage_of("", 2000);
  memset(longest.image, 'n', sizeof longest.image - 1);
  longest.lineage = (seep_lineage){.lives = SEEP_LINEAGE_LIVES, .quiet_lives = UINT8_MAX};
  longest.lineage.rates[0] = FLT_MAX;
  longest.lineage.rates[SEEP_LINEAGE_LIVES - 1] = -1e-30f;
  save(store, &a);
  save(store, &b);
  save(store, &longest);
  /* What save has returned from is there after a kill. */
  store_files_copy(PATH, COPY);
  seep_store *copy = open_store(COPY);
  visit v = {.count = 0};
  assert_int_equal(read_all(copy, &v), 3);
  assert_same(&v.list[0], &b);
  assert_same(&v.list[1], &longest);
  assert_same(&v.list[2], &a);
  seep_store_close(copy);
  /* Replaced, not doubled; and the order goes by what was seen. */
  a = lineage_of("a.exe", 5000);
  save(store, &a);
  seep_store_close(store);
  assert_int_equal(seep_store_open_readonly(PATH, &store, NULL), SEEP_OK);
  v = (visit){.count = 0};
  assert_int_equal(read_all(store, &v), 3);
  assert_same(&v.list[0], &a);
  seep_error error = {0};
  assert_int_equal(seep_store_lineage_save(store, &a, &error), SEEP_DENIED);
  assert_int_equal(error.status, SEEP_DENIED);
  v = (visit){.most = 2};
  assert_int_equal(read_all(store, &v), 2);
  seep_store_close(store);
}

static void test_visitor_may_change_the_store(void **state)
{
  (void)state;
  seep_store *store = open_store(PATH);
  for (int64_t i = 0; i < 5; i++) {
    char image[16];
    snprintf(image, sizeof image, "%" PRId64 ".exe", i);
    const seep_store_lineage lineage = lineage_of(image, i);
    save(store, &lineage);
  }
  visit v = {.store = store};
  assert_int_equal(read_all(store, &v), 5);
  assert_int_equal(v.list[4].lineage.lives, 3); /* as it was when the visit began */
  v = (visit){.count = 0};
  assert_int_equal(read_all(store, &v), 5);
  assert_int_equal(v.list[4].lineage.lives, 0);
  seep_store_close(store);
}

static void test_bounded(void **state)
{
  (void)state;
  seep_store *store = open_store(":memory:");
  char image[16];
  for (int64_t i = 1; i <= SEEP_STORE_LINEAGES + 3; i++) {
    snprintf(image, sizeof image, "%" PRId64 ".exe", i);
    const seep_store_lineage lineage = lineage_of(image, i == 1 ? 1000000 : 1000 * i);
    save(store, &lineage);
  }
  visit v = {.count = 0};
  assert_int_equal(read_all(store, &v), SEEP_STORE_LINEAGES);
  assert_true(v.last_ms == 5000); /* 2 to 4 went, the first was seen later */
  /* The clock was set back: the newest takes the place of the oldest all the same. */
  const seep_store_lineage early = lineage_of("early.exe", -7);
  save(store, &early);
  v = (visit){.count = 0};
  assert_int_equal(read_all(store, &v), SEEP_STORE_LINEAGES);
  assert_true(v.last_ms == -7);
  const seep_store_lineage earlier = lineage_of("earlier.exe", -8);
  save(store, &earlier);
  v = (visit){.count = 0};
  assert_int_equal(read_all(store, &v), SEEP_STORE_LINEAGES);
  assert_true(v.last_ms == -8);
  seep_store_close(store);
}

/* Each of these rows is passed over, and the others are still told. */
static void test_damaged_rows(void **state)
{
  (void)state;
  static const char *const damage[] = {
      "UPDATE lineage SET rates = X'' WHERE image = 'b.exe'",
      "UPDATE lineage SET rates = zeroblob(15) WHERE image = 'b.exe'",
      "UPDATE lineage SET rates = zeroblob(17) WHERE image = 'b.exe'",
      "UPDATE lineage SET rates = zeroblob(1000000) WHERE image = 'b.exe'",
      "UPDATE lineage SET rates = 'text' WHERE image = 'b.exe'",
      "UPDATE lineage SET rates = X'0000C07F000000000000000000000000' WHERE image = 'b.exe'", /* not a number
                                                                                               */
      "UPDATE lineage SET rates = X'0000807F000000000000000000000000' WHERE image = 'b.exe'", /* infinite */
      "UPDATE lineage SET lives = 5 WHERE image = 'b.exe'",
      "UPDATE lineage SET lives = 256 WHERE image = 'b.exe'",
      "UPDATE lineage SET lives = -1 WHERE image = 'b.exe'",
      "UPDATE lineage SET quiet_lives = 256 WHERE image = 'b.exe'",
      "UPDATE lineage SET quiet_lives = -1 WHERE image = 'b.exe'",
      "UPDATE lineage SET high_water = -1 WHERE image = 'b.exe'",
      "UPDATE lineage SET high_water = 9e999 WHERE image = 'b.exe'",
      "UPDATE lineage SET image = '' WHERE image = 'b.exe'",
      "UPDATE lineage SET image = printf('%0256d', 1) WHERE image = 'b.exe'",
      "UPDATE lineage SET image = CAST(X'620063' AS TEXT) WHERE image = 'b.exe'"};
  for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
    store_files_remove(PATH);
    seep_store *store = open_store(PATH);
    const seep_store_lineage list[] = {lineage_of("a.exe", 1), lineage_of("b.exe", 2),
                                       lineage_of("c.exe", 3)};
    for (size_t k = 0; k < 3; k++) {
      save(store, &list[k]);
    }
    seep_store_close(store);
    store_files_sql(PATH, damage[i]);
    store = open_store(PATH);
    visit v = {.count = 0};
    if (read_all(store, &v) != 2) {
      fail_msg("%s: %zu rows", damage[i], v.count);
    }
    assert_same(&v.list[0], &list[2]);
    assert_same(&v.list[1], &list[0]);
    seep_store_close(store);
  }
}

/* Times that one can not reckon with, and more rows than there may be. */
static void test_hostile_file(void **state)
{
  (void)state;
  seep_store *store = open_store(PATH);
  const seep_store_lineage lineage = lineage_of("a.exe", 1);
  save(store, &lineage);
  seep_store_close(store);
  store_files_sql(PATH, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
                        " INSERT INTO lineage SELECT i, 0, 0, 0, rates, 9223372036854775807 FROM n, lineage");
  store = open_store(PATH);
  visit v = {.count = 0};
  assert_int_equal(read_all(store, &v), SEEP_STORE_LINEAGES);
  assert_true(v.list[0].seen.ms > 0 && v.list[0].seen.ms < INT64_MAX / 2);
  save(store, &lineage);
  v = (visit){.count = 0};
  assert_int_equal(read_all(store, &v), SEEP_STORE_LINEAGES);
  assert_true(v.last_ms == 1);
  seep_store_close(store);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, clean, clean)
  const struct CMUnitTest tests[] = {TEST(test_kept_as_they_are), TEST(test_visitor_may_change_the_store),
                                     TEST(test_bounded), TEST(test_damaged_rows), TEST(test_hostile_file)};
  return cmocka_run_group_tests_name("store/lineages", tests, NULL, NULL);
}
