/* Reads and regions that fail, one after the other, budgets of every size, memory that changes meanwhile,
 * lists of regions that lack something: an inventory ends, keeps its budget, and never calls a wrong sum
 * known. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/memory/inventory_rig.h"

#define PAGE UINT64_C(0x1000)
#define FIRST_READ_AFTER_REGIONS 3u /* before them the PEB and its list of heaps, where the PEB is known */

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
    assert_int_equal(rig_inventory.gap, SEEP_INVENTORY_TOO_LARGE);
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

/* ---- changes between the list of regions and the heaps ---- */

/* One change, made once the regions are listed. */
typedef struct change {
  void (*make)(memory_image *image, image_process *process, uint64_t count);
  image_process *process;
  uint64_t count;
} change;

static void make_change(memory_image *image, uint64_t number, void *context)
{
  change *what = context;
  if (number == FIRST_READ_AFTER_REGIONS) {
    what->make(image, what->process, what->count);
  }
}

/* An inventory of a process that changes so. What was committed when the regions were listed is in *process.
 */
static void take_while(memory_image *image, image_process *process,
                       void (*make)(memory_image *image, image_process *process, uint64_t count),
                       uint64_t count)
{
  change what = {make, process, count};
  rig_make(image, process, RIG_NT_64);
  image->before_read = make_change;
  image->before_read_context = &what;
  rig_take(image);
  image->before_read = NULL;
}

static void allocate_blocks(memory_image *image, image_process *process, uint64_t count)
{
  for (uint64_t i = 0; i < count; i++) {
    image_nt_heap_large(image, &process->nt[0], process->nt[0].address + 0x10000000 + i * 0x800000, 3,
                        0x400000);
  }
}

static void free_allocation(memory_image *image, uint64_t base)
{
  for (size_t i = 0; i < image->region_count; i++) {
    if (image->regions[i].allocation_base == base) {
      image->regions[i].state = SEEP_REGION_FREE;
      image->regions[i].type = 0;
    }
  }
}

/* The last blocks of the first heap, which are neighbours in its list. */
static void free_blocks(memory_image *image, image_process *process, uint64_t count)
{
  const uint64_t head = process->nt[0].large_list;
  for (uint64_t i = 0; i < count; i++) {
    uint64_t last = image_get(image, head + 8, 8), before = image_get(image, last + 8, 8);
    image_put(image, before, head, 8);
    image_put(image, head + 8, before, 8);
    free_allocation(image, last / 0x10000 * 0x10000);
  }
}

static void destroy_heap(memory_image *image, image_process *process, uint64_t count)
{
  (void)count;
  image_put(image, process->peb + 0xE8, 2, 4);
  image_put(image, process->array + 0x1010, 0, 8);
}

static void test_blocks_that_are_newer_than_the_regions(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  take_while(&image, &process, allocate_blocks, 4); /* 16 MB: a process at work */
  rig_expect_known(&process);
  image_fini(&image);
  take_while(&image, &process, allocate_blocks, 5);
  assert_false(rig_inventory.heaps_known);
  assert_string_equal(rig_inventory.problem, "its heaps changed while they were looked at");
  assert_int_equal(rig_inventory.gap, SEEP_INVENTORY_CHANGED);
  assert_true(rig_row(SEEP_USAGE_ROW_HEAP).committed_bytes == process.heap_committed_bytes);
  image_fini(&image);
}

/* They are in the list of regions and in no list of a heap: they must not be private data. */
static void test_blocks_that_are_freed_before_the_heap_is_read(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  take_while(&image, &process, free_blocks, 3); /* 12 MB */
  assert_true(rig_inventory.heaps_known);
  image_fini(&image);
  take_while(&image, &process, free_blocks, 5);
  assert_false(rig_inventory.heaps_known);
  assert_string_equal(rig_inventory.problem,
                      "memory that nothing claims could not be found again a moment later");
  image_fini(&image);
}

static void test_a_heap_that_is_destroyed_before_the_list_is_read(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  take_while(&image, &process, destroy_heap, 0);
  assert_false(rig_inventory.heaps_known);
  assert_string_equal(rig_inventory.problem, "its heaps changed while they were looked at");
  assert_int_equal(rig_inventory.gap, SEEP_INVENTORY_CHANGED);
  image_fini(&image);
}

/* The list as it is while another thread makes a heap; it is right again when it is read a second time. */
static void spoil_list(memory_image *image, uint64_t number, void *context)
{
  change *what = context;
  bool spoiled =
      number < (what->count == 0 ? 4 : 3); /* no list is read where the PEB says that it is empty */
  uint64_t address = what->count == 0 ? what->process->array + 0x1010 : what->process->peb + 0xE8;
  uint64_t right = what->count == 0 ? what->process->nt[1].address : 3;
  image_put(image, address, spoiled ? 0 : right, what->count == 0 ? 8 : 4);
}

static void test_a_list_that_is_wrong_for_a_moment_is_read_again(void **state)
{
  (void)state;
  for (uint64_t which = 0; which < 2; which++) {
    memory_image image;
    image_process process;
    change what = {NULL, &process, which};
    rig_make(&image, &process, RIG_NT_64);
    image.target.peb = 0; /* a TEB, then PEB and list, then both again */
    image.before_read = spoil_list;
    image.before_read_context = &what;
    rig_take(&image);
    rig_expect_known(&process);
    image_fini(&image);
  }
}

/* ---- lists of regions that lack something ---- */

static seep_status (*tell_all)(void *context, uint64_t address, seep_region *out, seep_error *error);
static uint64_t hidden_from, hidden_to;

static seep_status tell_some(void *context, uint64_t address, seep_region *out, seep_error *error)
{
  seep_status status = tell_all(context, address, out, error);
  while (status == SEEP_OK && out->base >= hidden_from && out->base < hidden_to) {
    status = tell_all(context, out->base + out->size_bytes, out, error);
  }
  return status;
}

static void take_without(memory_image *image, uint64_t from, uint64_t to)
{
  hidden_from = from;
  hidden_to = to;
  tell_all = image->target.region;
  image->target.region = tell_some;
  rig_take(image);
  image->target.region = tell_all;
}

static void test_regions_that_are_not_told(void **state)
{
  (void)state;
  memory_image image;
  image_process process;
  rig_make(&image, &process, RIG_NT_64);
  take_without(&image, 0, UINT64_MAX);
  assert_true(!rig_inventory.heaps_known && rig_inventory.usage.commit.regions == 0);
  assert_string_equal(rig_inventory.problem, "the list of regions is empty");

  uint64_t heap = process.nt[0].address;
  seep_region middle = *image_find_region(&image, heap), rest = middle;
  image_find_region(&image, heap)->size_bytes = PAGE;
  middle.base = heap + PAGE;
  middle.size_bytes = PAGE;
  rest.base = heap + 2 * PAGE;
  rest.size_bytes -= 2 * PAGE;
  image_region(&image, &middle);
  image_region(&image, &rest);
  take_without(&image, 0, 0);
  rig_expect_known(&process);
  take_without(&image, middle.base, rest.base);
  assert_true(rig_inventory.regions_cut && !rig_inventory.heaps_known);
  assert_string_equal(rig_inventory.problem, "the list of regions is not complete");
  image_fini(&image);
}

/* ---- threads ---- */

static void test_threads_do_not_eat_the_budget_up(void **state)
{
  (void)state;
  static uint64_t tebs[1000];
  memory_image image;
  image_process process;
  rig_make(&image, &process, RIG_NT_64);
  for (size_t i = 0; i < 1000; i++) {
    tebs[i] = process.teb;
  }
  image.target.tebs = tebs;
  image.target.teb_count = 1000;
  seep_inventory_limits limits = {400, 100000};
  assert_int_equal(seep_inventory_take(&image.target, &limits, &rig_inventory, &rig_detail, NULL), SEEP_OK);
  rig_expect_known(&process);
  assert_true(rig_inventory.reads > 100 && rig_inventory.reads < 200);
  image_fini(&image);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_failing_read_never_makes_a_wrong_sum_known),
      cmocka_unit_test(test_any_budget_is_kept_and_none_makes_a_wrong_sum_known),
      cmocka_unit_test(test_regions_that_fail_or_end_too_early),
      cmocka_unit_test(test_a_process_that_changes_all_the_time),
      cmocka_unit_test(test_blocks_that_are_newer_than_the_regions),
      cmocka_unit_test(test_blocks_that_are_freed_before_the_heap_is_read),
      cmocka_unit_test(test_a_heap_that_is_destroyed_before_the_list_is_read),
      cmocka_unit_test(test_a_list_that_is_wrong_for_a_moment_is_read_again),
      cmocka_unit_test(test_regions_that_are_not_told),
      cmocka_unit_test(test_threads_do_not_eat_the_budget_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
