/* Replay of heap events: blocks by process, heap and address. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/trace/analysis_rig.h"

#define PID 40u
#define HEAP UINT64_C(0x1E000000)
#define OTHER_HEAP UINT64_C(0x1F000000)
#define BLOCK UINT64_C(0x1E001000)
#define A UINT64_C(0x7FF700001000)
#define B UINT64_C(0x7FF700002000)

static seep_trace_use use_of(const rig *made, uint64_t frame)
{
  return rig_site(made, rig_instance(made, PID, 0), SEEP_TRACE_VIEW_HEAP, SEEP_TRACE_SITE_STACK, frame).use;
}

#define VIEW(made) (rig_shown((made), PID)->views[SEEP_TRACE_VIEW_HEAP])

static void test_a_block_is_live_until_freed(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_block(&made, HEAP, BLOCK, 100, A);
  made.now += 3 * RIG_SECOND;
  rig_block(&made, HEAP, BLOCK + 256, 50, A);
  rig_heap_free(&made, HEAP, BLOCK);
  rig_finish(&made);
  seep_trace_use use = use_of(&made, A);
  assert_int_equal(use.allocations, 2);
  assert_int_equal(use.allocated_bytes, 150);
  assert_int_equal(use.freed_bytes, 100);
  assert_int_equal(use.live_count, 1);
  assert_int_equal(use.live_bytes, 50);
  assert_int_equal(use.kept_bytes[3], 50);
  assert_int_equal(use.change_bytes[3], -50);
  assert_int_equal(VIEW(&made).live_count, 1);
  assert_int_equal(VIEW(&made).frees, 1);
  assert_int_equal(VIEW(&made).unknown_frees, 0);
  /* The other view has nothing of it. */
  assert_int_equal(rig_shown(&made, PID)->views[SEEP_TRACE_VIEW_VIRTUAL].allocations, 0);
  rig_stop(&made);
}

static void test_free_of_an_unknown_block(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_block(&made, HEAP, BLOCK, 100, A);
  rig_heap_free(&made, OTHER_HEAP, BLOCK);
  rig_heap_free(&made, HEAP, BLOCK + 8);
  rig_finish(&made);
  assert_int_equal(VIEW(&made).unknown_frees, 2);
  assert_int_equal(VIEW(&made).live_bytes, 100);
  rig_stop(&made);
}

static void test_allocated_twice_is_a_missed_free(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_block(&made, HEAP, BLOCK, 100, A);
  rig_block(&made, HEAP, BLOCK, 30, B);
  rig_finish(&made);
  assert_int_equal(VIEW(&made).odd, 1);
  assert_int_equal(VIEW(&made).frees, 1);
  assert_int_equal(use_of(&made, A).live_bytes, 0);
  assert_int_equal(use_of(&made, A).freed_bytes, 100);
  assert_int_equal(use_of(&made, B).live_bytes, 30);
  rig_stop(&made);
}

static void test_address_zero_is_odd(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_heap_alloc(&made, HEAP, 0, 100);
  rig_heap_realloc(&made, HEAP, BLOCK, 0, 100);
  rig_heap_free(&made, HEAP, 0);
  rig_finish(&made);
  assert_int_equal(VIEW(&made).odd, 3);
  assert_int_equal(VIEW(&made).allocations, 0);
  assert_int_equal(VIEW(&made).unknown_frees, 0);
  rig_stop(&made);
}

static void test_realloc_in_place_keeps_the_stack(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_block(&made, HEAP, BLOCK, 100, A);
  made.now += 2 * RIG_SECOND;
  uint64_t event = made.now;
  rig_heap_realloc(&made, HEAP, BLOCK, BLOCK, 160);
  rig_one_frame(&made, event, PID, B);
  event = made.now;
  rig_heap_realloc(&made, HEAP, BLOCK, BLOCK, 150);
  rig_one_frame(&made, event, PID, B);
  rig_finish(&made);
  seep_trace_use use = use_of(&made, A);
  assert_int_equal(use.live_bytes, 150);
  assert_int_equal(use.live_count, 1);
  assert_int_equal(use.allocations, 1);
  assert_int_equal(use.allocated_bytes, 160);
  assert_int_equal(use.freed_bytes, 10);
  assert_int_equal(use.kept_bytes[0], 150);
  assert_int_equal(use.change_bytes[2], 50);
  assert_int_equal(VIEW(&made).allocated_bytes, 160);
  assert_int_equal(VIEW(&made).freed_bytes, 10);
  assert_int_equal(rig_sites(&made, rig_instance(&made, PID, 0), SEEP_TRACE_VIEW_HEAP), 1);
  rig_stop(&made);
}

static void test_realloc_in_place_of_an_unknown_block_stays_unknown(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_heap_realloc(&made, HEAP, BLOCK, BLOCK, 160);
  rig_finish(&made);
  assert_int_equal(VIEW(&made).live_bytes, 0);
  assert_int_equal(VIEW(&made).allocations, 0);
  rig_stop(&made);
}

static void move(rig *made)
{
  uint64_t event = made->now;
  rig_heap_realloc(made, HEAP, BLOCK, BLOCK + 512, 200);
  rig_one_frame(made, event, PID, B);
}

static void test_realloc_that_moves(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_block(&made, HEAP, BLOCK, 100, A);
  move(&made);
  rig_finish(&made);
  assert_int_equal(use_of(&made, A).live_bytes, 0);
  assert_int_equal(use_of(&made, A).freed_bytes, 100);
  assert_int_equal(use_of(&made, B).live_bytes, 200);
  assert_int_equal(VIEW(&made).live_count, 1);
  assert_int_equal(VIEW(&made).odd, 0);
  rig_stop(&made);
}

static void test_realloc_that_moves_and_tells_both_ways(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_block(&made, HEAP, BLOCK, 100, A);
  rig_block(&made, HEAP, BLOCK + 512, 200, A);
  rig_heap_free(&made, HEAP, BLOCK);
  move(&made);
  rig_finish(&made);
  assert_int_equal(use_of(&made, A).live_bytes, 200);
  assert_int_equal(VIEW(&made).live_count, 1);
  assert_int_equal(VIEW(&made).allocations, 2);
  assert_int_equal(VIEW(&made).odd, 0);
  rig_stop(&made);
}

static void test_realloc_that_moves_an_unknown_block(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  move(&made);
  rig_finish(&made);
  assert_int_equal(use_of(&made, B).live_bytes, 200);
  rig_stop(&made);
}

static void test_destroy_drops_that_heap_alone(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_block(&made, HEAP, BLOCK, 100, A);
  rig_block(&made, HEAP, BLOCK + 512, 10, B);
  rig_block(&made, OTHER_HEAP, BLOCK, 7, A);
  rig_heap_destroy(&made, HEAP);
  rig_finish(&made);
  assert_int_equal(use_of(&made, A).live_bytes, 7);
  assert_int_equal(use_of(&made, B).live_bytes, 0);
  assert_int_equal(VIEW(&made).frees, 2);
  assert_int_equal(VIEW(&made).freed_bytes, 110);
  rig_stop(&made);
}

static void test_a_wow64_process(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  made.is_32_bit = true;
  uint64_t event = rig_block(&made, 0x500000, 0x501000, 64, 0x401000);
  (void)event;
  made.is_32_bit = false;
  rig_process(&made, SEEP_TRACE_PROCESS_DCEND, PID, "old.exe", 2);
  rig_finish(&made);
  assert_true(rig_shown(&made, PID)->is_wow64);
  assert_string_equal(rig_shown(&made, PID)->name, "old.exe");
  assert_int_equal(use_of(&made, 0x401000).live_bytes, 64);
  rig_stop(&made);
}

static void test_a_header_without_process_takes_it_from_the_stack(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  made.heap_pid = RIG_NOBODY;
  uint64_t event = made.now;
  rig_heap_alloc(&made, HEAP, BLOCK, 100);
  rig_one_frame(&made, event, PID, A);
  rig_finish(&made);
  assert_int_equal(use_of(&made, A).live_bytes, 100);
  rig_stop(&made);
}

static void test_without_process_and_stack_it_is_nobodys(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  made.heap_pid = RIG_NOBODY;
  rig_heap_alloc(&made, HEAP, BLOCK, 100);
  rig_finish(&made);
  assert_int_equal(seep_trace_analysis_instances(made.analysis), 0);
  assert_int_equal(seep_trace_analysis_losses(made.analysis)->malformed, 1);
  rig_stop(&made);
}

static void test_hostile_sizes_do_not_go_round(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_block(&made, HEAP, BLOCK, UINT64_MAX, A);
  rig_block(&made, HEAP, BLOCK + 512, UINT64_MAX, A);
  rig_finish(&made);
  assert_true(use_of(&made, A).live_bytes == UINT64_MAX);
  assert_true(VIEW(&made).allocated_bytes == UINT64_MAX);
  rig_stop(&made);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_block_is_live_until_freed),
      cmocka_unit_test(test_free_of_an_unknown_block),
      cmocka_unit_test(test_allocated_twice_is_a_missed_free),
      cmocka_unit_test(test_address_zero_is_odd),
      cmocka_unit_test(test_realloc_in_place_keeps_the_stack),
      cmocka_unit_test(test_realloc_in_place_of_an_unknown_block_stays_unknown),
      cmocka_unit_test(test_realloc_that_moves),
      cmocka_unit_test(test_realloc_that_moves_and_tells_both_ways),
      cmocka_unit_test(test_realloc_that_moves_an_unknown_block),
      cmocka_unit_test(test_destroy_drops_that_heap_alone),
      cmocka_unit_test(test_a_wow64_process),
      cmocka_unit_test(test_a_header_without_process_takes_it_from_the_stack),
      cmocka_unit_test(test_without_process_and_stack_it_is_nobodys),
      cmocka_unit_test(test_hostile_sizes_do_not_go_round),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
