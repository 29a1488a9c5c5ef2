/* Reads and regions that fail, one after the other, budgets of every size, memory that changes meanwhile: an
 * inventory ends, keeps its budget, and never calls a wrong sum known. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/memory/inventory_rig.h"

/* Every read in turn, and from every one on; how many inventories were known nevertheless. */
static unsigned fail_each_read(rig_kind kind, seep_status status, bool stays, bool peb_known)
{
  unsigned known = 0;
  uint64_t reads = 1;
  for (uint64_t fail = 0; fail <= reads; fail++) {
    memory_image image;
    image_process process;
    rig_make(&image, &process, kind);
    image.fail_read = fail;
    image.fail_status = status;
    image.fail_stays = stays;
    image.target.peb = peb_known ? process.peb : 0;
    rig_take(&image);
    if (fail == 0) { /* the first one is whole: it says how many reads there are */
      rig_expect_known(&process);
      reads = rig_inventory.reads;
    } else if (rig_inventory.heaps_known) {
      assert_true(rig_sums_are_right(&process));
      known++;
    }
    seep_usage_sum all = rig_inventory.usage.types[0];
    assert_true(rig_row(SEEP_USAGE_ROW_HEAP).committed_bytes <= process.heap_committed_bytes);
    assert_true(all.committed_bytes >= process.heap_committed_bytes + process.private_data_committed_bytes);
    image_fini(&image);
  }
  return known;
}

static void test_a_failing_read_never_makes_a_wrong_sum_known(void **state)
{
  (void)state;
  for (int kind = 0; kind < RIG_KINDS; kind++) {
    for (int peb_known = 0; peb_known < 2; peb_known++) {
      /* NT processes have a mapped heap, which may fail: so there must be some. */
      unsigned known = fail_each_read((rig_kind)kind, SEEP_NOT_FOUND, false, peb_known != 0);
      assert_true(known > 0 || kind == RIG_SEGMENT_64 || kind == RIG_SEGMENT_32);
      fail_each_read((rig_kind)kind, SEEP_NOT_FOUND, true, peb_known != 0);
    }
    /* What does not pass by ends everything; the mapped heap is no exception. */
    assert_int_equal(fail_each_read((rig_kind)kind, SEEP_DENIED, false, false), 0);
    assert_string_equal(rig_inventory.problem, "the memory of the process may not be read");
    assert_int_equal(fail_each_read((rig_kind)kind, SEEP_GONE, false, true), 0);
    assert_string_equal(rig_inventory.problem, "the process ended while it was looked at");
    assert_int_equal(fail_each_read((rig_kind)kind, SEEP_TIMED_OUT, false, false), 0);
    assert_string_equal(rig_inventory.problem, "the time allowed for it has passed");
  }
}

static void test_any_budget_is_kept_and_none_makes_a_wrong_sum_known(void **state)
{
  (void)state;
  for (int kind = 0; kind < RIG_KINDS; kind++) {
    bool known = false;
    for (uint64_t reads = 0; !known; reads++) {
      memory_image image;
      image_process process;
      rig_make(&image, &process, (rig_kind)kind);
      seep_inventory_limits limits = {reads, 100000};
      assert_int_equal(seep_inventory_take(&image.target, &limits, &rig_inventory, &rig_detail, NULL),
                       SEEP_OK);
      assert_true(image.reads <= reads && rig_inventory.reads == image.reads);
      known = rig_inventory.heaps_known;
      if (known) {
        rig_expect_known(&process);
      } else {
        assert_non_null(rig_inventory.problem);
        assert_true(rig_row(SEEP_USAGE_ROW_HEAP).committed_bytes <= process.heap_committed_bytes);
      }
      assert_true(reads < 1000);
      image_fini(&image);
    }
  }
}

static void test_regions_that_fail_or_end_too_early(void **state)
{
  (void)state;
  const seep_status statuses[] = {SEEP_DENIED, SEEP_GONE, SEEP_OS, SEEP_TIMED_OUT};
  for (size_t i = 0; i < 4; i++) {
    for (uint64_t fail = 1; fail < 12; fail++) {
      memory_image image;
      image_process process;
      rig_make(&image, &process, RIG_NT_64);
      image.fail_region = fail;
      image.fail_status = statuses[i];
      image.fail_stays = true;
      seep_status status = seep_inventory_take(&image.target, &rig_plenty, &rig_inventory, &rig_detail, NULL);
      assert_int_equal(status, statuses[i] == SEEP_TIMED_OUT ? SEEP_OK : statuses[i]);
      assert_false(rig_inventory.heaps_known);
      assert_int_equal(rig_inventory.regions_cut, status == SEEP_OK);
      image_fini(&image);
    }
  }
  for (size_t maximum = 0;; maximum++) {
    memory_image image;
    image_process process;
    rig_make(&image, &process, RIG_SEGMENT_64);
    seep_inventory_limits limits = {100000, maximum};
    assert_int_equal(seep_inventory_take(&image.target, &limits, &rig_inventory, NULL, NULL), SEEP_OK);
    assert_int_equal(rig_inventory.regions_cut, maximum < image.region_count);
    assert_int_equal(rig_inventory.heaps_known, !rig_inventory.regions_cut);
    bool over = !rig_inventory.regions_cut;
    image_fini(&image);
    if (over) {
      break;
    }
  }
}

static void scribble(memory_image *image, uint64_t number, void *context)
{
  const image_process *process = context;
  uint64_t at = process->nt[0].address + (number * 0x9E3779B1u) % 0x300 / 8 * 8;
  image_put(image, at, number * 0x1357 * IMAGE_PAGE + process->nt[0].address, 8);
}

/* It may hide its front end, which only its heap's own word leads to; nothing else that lists lead to. */
static void test_a_process_that_changes_all_the_time(void **state)
{
  (void)state;
  for (uint64_t start = 0; start < 40; start++) {
    memory_image image;
    image_process process;
    rig_make(&image, &process, RIG_NT_64);
    image.before_read = scribble;
    image.before_read_context = &process;
    image.reads = start;
    rig_take(&image);
    assert_true(rig_inventory.reads < 1000);
    uint64_t heap_bytes = rig_row(SEEP_USAGE_ROW_HEAP).committed_bytes, front_end_bytes = 0x2000;
    assert_true(heap_bytes <= process.heap_committed_bytes);
    assert_true(!rig_inventory.heaps_known || heap_bytes >= process.heap_committed_bytes - front_end_bytes);
    image_fini(&image);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_failing_read_never_makes_a_wrong_sum_known),
      cmocka_unit_test(test_any_budget_is_kept_and_none_makes_a_wrong_sum_known),
      cmocka_unit_test(test_regions_that_fail_or_end_too_early),
      cmocka_unit_test(test_a_process_that_changes_all_the_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
