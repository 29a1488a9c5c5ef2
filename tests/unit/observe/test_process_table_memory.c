/*
 * The table's dealings with the allocator: none in a poll of known processes, and none lost or half done when
 * memory runs out. The module is compiled into this test with allocation functions that count and fail on
 * demand.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

static unsigned allocations;
static unsigned fail_at; /* the nth allocation and all later ones fail; 0 = never */

static int refused(void)
{
  allocations++;
  return fail_at != 0 && allocations >= fail_at;
}

static void *counted_malloc(size_t size)
{
  return refused() ? NULL : malloc(size);
}

static void *counted_calloc(size_t count, size_t size)
{
  return refused() ? NULL : calloc(count, size);
}

static void *counted_realloc(void *old, size_t size)
{
  return refused() ? NULL : realloc(old, size);
}

#undef malloc
#undef calloc
#undef realloc
#define malloc counted_malloc
#define calloc counted_calloc
#define realloc counted_realloc
#include "observe/process_table.c"

static seep_status observe(seep_process_table *table, uint32_t pid)
{
  seep_process_sample sample = {0};
  size_t slot;
  bool born;
  sample.key.pid = pid;
  sample.key.created = 1;
  sample.commit_bytes = pid;
  return seep_process_table_observe(table, &sample, &slot, &born);
}

static void a_poll_of_known_processes_allocates_nothing(void **state)
{
  (void)state;
  fail_at = 0;
  seep_process_table *table = seep_process_table_new();
  assert_non_null(table);
  for (unsigned poll = 0; poll < 3; poll++) {
    allocations = 0;
    seep_process_table_begin(table);
    for (uint32_t pid = 0; pid < 5000; pid++) {
      assert_int_equal(observe(table, pid), SEEP_OK);
    }
    seep_process_table_end(table, NULL, NULL);
    assert_true(poll == 0 ? allocations >= 5000 : allocations == 0);
  }
  allocations = 0;
  seep_process_table_begin(table);
  seep_process_table_end(table, NULL, NULL);
  assert_int_equal(seep_process_table_count(table), 0);
  assert_int_equal(allocations, 0); /* deaths need no memory either */
  seep_process_table_free(table);
}

static void every_refused_allocation_leaves_the_table_as_it_was(void **state)
{
  unsigned n = 1;
  bool fired = true;
  (void)state;
  for (; fired; n++) {
    allocations = 0;
    fail_at = n;
    seep_process_table *table = seep_process_table_new();
    uint32_t known = 0;
    seep_status status = table != NULL ? SEEP_OK : SEEP_NO_MEMORY;
    if (table != NULL) {
      seep_process_table_begin(table);
    }
    while (status == SEEP_OK && known < 300) { /* past the first growth at 256 */
      status = observe(table, known);
      known += status == SEEP_OK;
    }
    fired = allocations >= n;
    assert_int_equal(status, fired ? SEEP_NO_MEMORY : SEEP_OK);
    fail_at = 0;
    if (table != NULL) {
      assert_int_equal(seep_process_table_count(table), known);
      seep_process_key absent = {known, 1};
      assert_true(seep_process_table_find(table, absent) == SEEP_NO_SLOT);
      for (uint32_t pid = 0; pid < known; pid++) {
        assert_int_equal(observe(table, pid), SEEP_OK);
      }
      assert_int_equal(seep_process_table_count(table), known);
      assert_int_equal(observe(table, known), SEEP_OK); /* memory is back */
    }
    seep_process_table_free(table);
  }
  assert_true(n > 300);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_poll_of_known_processes_allocates_nothing),
      cmocka_unit_test(every_refused_allocation_leaves_the_table_as_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
