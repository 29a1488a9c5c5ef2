/* Replay of VirtualAlloc and VirtualFree: who owns which page, and what an odd event does not do. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/trace/analysis_rig.h"

#define PAGE UINT64_C(4096)
#define BASE UINT64_C(0x10000000)
#define PID 40u
#define A UINT64_C(0x7FF700001000)
#define B UINT64_C(0x7FF700002000)

static seep_trace_use use_of(const rig *made, uint64_t frame)
{
  return rig_site(made, rig_instance(made, PID, 0), SEEP_TRACE_VIEW_VIRTUAL, SEEP_TRACE_SITE_STACK, frame)
      .use;
}

#define VIEW(made) (rig_shown((made), PID)->views[SEEP_TRACE_VIEW_VIRTUAL])

static void test_commit_is_live_until_freed(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_commit(&made, PID, BASE, 4 * PAGE, A);
  made.now += 5 * RIG_SECOND;
  rig_commit(&made, PID, BASE + 64 * PAGE, PAGE, A);
  rig_virtual_free(&made, PID, BASE, 4 * PAGE, RIG_RELEASE);
  rig_finish(&made);
  seep_trace_use use = use_of(&made, A);
  assert_int_equal(use.allocations, 2);
  assert_int_equal(use.allocated_bytes, 5 * PAGE);
  assert_int_equal(use.frees, 1);
  assert_int_equal(use.freed_bytes, 4 * PAGE);
  assert_int_equal(use.live_count, 1);
  assert_int_equal(use.live_bytes, PAGE);
  assert_int_equal(use.kept_bytes[0], 0);
  assert_int_equal(use.kept_bytes[5], PAGE);
  assert_int_equal(use.change_bytes[0], 4 * PAGE);
  assert_int_equal(use.change_bytes[5], -3 * (int64_t)PAGE);
  assert_int_equal(use.first_ticks, RIG_FIRST);
  assert_true(use.last_ticks > RIG_FIRST + 5 * RIG_SECOND);
  assert_int_equal(VIEW(&made).live_bytes, PAGE);
  assert_int_equal(VIEW(&made).allocations, 2);
  assert_int_equal(VIEW(&made).frees, 1);
  assert_int_equal(VIEW(&made).odd, 0);
  rig_stop(&made);
}

static void test_recommit_keeps_the_first_owner(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_commit(&made, PID, BASE, 2 * PAGE, A);
  rig_commit(&made, PID, BASE, 2 * PAGE, B);
  rig_commit(&made, PID, BASE + PAGE, 2 * PAGE, B);
  rig_finish(&made);
  assert_int_equal(use_of(&made, A).live_bytes, 2 * PAGE);
  assert_int_equal(use_of(&made, B).live_bytes, PAGE);
  assert_int_equal(use_of(&made, B).allocations, 1);
  assert_int_equal(VIEW(&made).allocations, 2);
  rig_stop(&made);
}

static void test_recommit_alone_is_no_site(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_commit(&made, PID, BASE, 2 * PAGE, A);
  rig_commit(&made, PID, BASE, PAGE, B);
  rig_finish(&made);
  assert_int_equal(rig_sites(&made, rig_instance(&made, PID, 0), SEEP_TRACE_VIEW_VIRTUAL), 1);
  rig_stop(&made);
}

static void test_decommit_cuts_a_hole(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_commit(&made, PID, BASE, 8 * PAGE, A);
  rig_virtual_free(&made, PID, BASE + 2 * PAGE, 3 * PAGE, RIG_DECOMMIT);
  rig_commit(&made, PID, BASE + 3 * PAGE, PAGE, B);
  rig_finish(&made);
  seep_trace_use use = use_of(&made, A);
  assert_int_equal(use.live_bytes, 5 * PAGE);
  assert_int_equal(use.live_count, 2); /* the pieces have another's page between them */
  assert_int_equal(use.kept_bytes[0], 5 * PAGE);
  assert_int_equal(use_of(&made, B).live_bytes, PAGE);
  rig_stop(&made);
}

static void test_pieces_of_one_allocation_count_once(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_commit(&made, PID, BASE, 8 * PAGE, A);
  rig_virtual_free(&made, PID, BASE + 2 * PAGE, PAGE, RIG_DECOMMIT);
  rig_finish(&made);
  assert_int_equal(use_of(&made, A).live_count, 1);
  rig_stop(&made);
}

static void test_neighbours_of_one_owner_count_apart(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_commit(&made, PID, BASE, PAGE, A);
  rig_commit(&made, PID, BASE + PAGE, PAGE, A);
  rig_finish(&made);
  assert_int_equal(use_of(&made, A).live_count, 2);
  rig_stop(&made);
}

static void test_release_goes_across_commits(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_virtual_alloc(&made, PID, BASE, 16 * PAGE, RIG_RESERVE);
  rig_commit(&made, PID, BASE, 2 * PAGE, A);
  rig_commit(&made, PID, BASE + 8 * PAGE, 2 * PAGE, B);
  rig_virtual_free(&made, PID, BASE, 16 * PAGE, RIG_RELEASE);
  rig_finish(&made);
  assert_int_equal(use_of(&made, A).live_bytes, 0);
  assert_int_equal(use_of(&made, B).freed_bytes, 2 * PAGE);
  assert_int_equal(VIEW(&made).frees, 1);
  assert_int_equal(VIEW(&made).freed_bytes, 4 * PAGE);
  rig_stop(&made);
}

static void test_sizes_round_to_pages(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_commit(&made, PID, BASE + 100, PAGE, A);
  rig_finish(&made);
  assert_int_equal(use_of(&made, A).live_bytes, 2 * PAGE);
  rig_stop(&made);
}

static void test_reserve_costs_nothing(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_virtual_alloc(&made, PID, BASE, 16 * PAGE, RIG_RESERVE);
  rig_virtual_free(&made, PID, BASE, 16 * PAGE, RIG_RELEASE);
  rig_finish(&made);
  assert_int_equal(VIEW(&made).allocations, 0);
  assert_int_equal(VIEW(&made).unknown_frees, 0);
  rig_stop(&made);
}

static void test_free_from_before_the_trace_is_unknown(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_virtual_free(&made, PID, BASE, 16 * PAGE, RIG_RELEASE);
  rig_virtual_free(&made, PID, BASE + 100 * PAGE, 2 * PAGE, RIG_DECOMMIT);
  rig_finish(&made);
  assert_int_equal(VIEW(&made).unknown_frees, 2);
  assert_int_equal(VIEW(&made).unknown_freed_bytes, 18 * PAGE);
  assert_int_equal(VIEW(&made).frees, 0);
  rig_stop(&made);
}

static void test_a_released_reservation_is_forgotten(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_virtual_alloc(&made, PID, BASE, 16 * PAGE, RIG_RESERVE);
  rig_virtual_free(&made, PID, BASE, 16 * PAGE, RIG_RELEASE);
  rig_virtual_free(&made, PID, BASE, 16 * PAGE, RIG_RELEASE);
  rig_finish(&made);
  assert_int_equal(VIEW(&made).unknown_frees, 1);
  rig_stop(&made);
}

static void test_release_of_no_size_ends_with_the_reservation(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_virtual_alloc(&made, PID, BASE, 16 * PAGE, RIG_RESERVE);
  rig_virtual_alloc(&made, PID, BASE + 16 * PAGE, 16 * PAGE, RIG_RESERVE);
  rig_commit(&made, PID, BASE, 2 * PAGE, A);
  rig_commit(&made, PID, BASE + 16 * PAGE, 2 * PAGE, B);
  rig_virtual_free(&made, PID, BASE, 0, RIG_RELEASE);
  rig_finish(&made);
  assert_int_equal(use_of(&made, A).live_bytes, 0);
  assert_int_equal(use_of(&made, B).live_bytes, 2 * PAGE);
  assert_int_equal(VIEW(&made).odd, 0);
  rig_stop(&made);
}

static void test_a_reservation_whose_release_was_missed_is_replaced(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_virtual_alloc(&made, PID, BASE, 16 * PAGE, RIG_RESERVE);
  rig_virtual_alloc(&made, PID, BASE, 4 * PAGE, RIG_RESERVE);
  rig_commit(&made, PID, BASE, PAGE, A);
  rig_commit(&made, PID, BASE + 8 * PAGE, PAGE, B);
  rig_virtual_free(&made, PID, BASE, 0, RIG_RELEASE);
  rig_finish(&made);
  assert_int_equal(use_of(&made, A).live_bytes, 0);
  assert_int_equal(use_of(&made, B).live_bytes, PAGE);
  rig_stop(&made);
}

static void test_release_of_no_size_elsewhere_is_odd(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_commit(&made, PID, BASE, 2 * PAGE, A);
  rig_virtual_free(&made, PID, BASE, 0, RIG_RELEASE);
  rig_finish(&made);
  assert_int_equal(use_of(&made, A).live_bytes, 2 * PAGE);
  assert_int_equal(VIEW(&made).odd, 1);
  rig_stop(&made);
}

static void test_contradictions_are_odd(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_commit(&made, PID, BASE, 2 * PAGE, A);
  rig_virtual_alloc(&made, PID, BASE + 64 * PAGE, PAGE, RIG_RELEASE);
  rig_virtual_alloc(&made, PID, BASE + 64 * PAGE, PAGE, RIG_RELEASE | RIG_COMMIT);
  rig_virtual_alloc(&made, PID, BASE + 64 * PAGE, PAGE, 0);
  rig_virtual_alloc(&made, PID, BASE + 64 * PAGE, 0, RIG_COMMIT);
  rig_virtual_free(&made, PID, BASE, 2 * PAGE, 0);
  rig_virtual_free(&made, PID, BASE, 2 * PAGE, RIG_COMMIT);
  rig_finish(&made);
  assert_int_equal(VIEW(&made).odd, 6);
  assert_int_equal(VIEW(&made).live_bytes, 2 * PAGE);
  rig_stop(&made);
}

static void test_reset_and_physical_change_nothing(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_virtual_alloc(&made, PID, BASE, PAGE, 0x80000);
  rig_virtual_alloc(&made, PID, BASE, PAGE, 0x1000000);
  rig_virtual_alloc(&made, PID, BASE, PAGE, RIG_RESERVE | SEEP_TRACE_MEMORY_PHYSICAL);
  rig_virtual_alloc(&made, PID, BASE, PAGE, RIG_COMMIT | SEEP_TRACE_MEMORY_PHYSICAL);
  rig_finish(&made);
  assert_int_equal(VIEW(&made).allocations, 0);
  assert_int_equal(VIEW(&made).odd, 0);
  rig_stop(&made);
}

static void test_large_pages_and_placeholders_are_memory(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_virtual_alloc(&made, PID, BASE, 512 * PAGE,
                    RIG_COMMIT | SEEP_TRACE_MEMORY_PHYSICAL | SEEP_TRACE_MEMORY_LARGE_PAGES);
  /* 0x4000 of an allocation replaces a placeholder; it gives nothing back. */
  rig_virtual_alloc(&made, PID, BASE + 1024 * PAGE, PAGE, RIG_COMMIT | RIG_RESERVE | 0x4000);
  rig_finish(&made);
  assert_int_equal(VIEW(&made).live_bytes, 513 * PAGE);
  rig_stop(&made);
}

static void test_a_range_beyond_the_last_address_is_cut(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_commit(&made, PID, UINT64_MAX - PAGE, UINT64_MAX, A);
  rig_commit(&made, PID, 0, UINT64_MAX, B);
  rig_finish(&made);
  assert_int_equal(use_of(&made, A).live_bytes, 2 * PAGE);
  assert_true(use_of(&made, B).live_bytes > UINT64_MAX / 2);
  rig_stop(&made);
}

static void test_pages_are_as_large_as_the_trace_says(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  uint8_t cpu[20 + 512 + 268 + 64] = {0};
  cpu[13] = 0x40; /* 16 KB */
  rig_raw(&made, 0x0B0A, 4, cpu, sizeof cpu);
  rig_commit(&made, PID, BASE, 1, A);
  cpu[13] = 0x10; /* too late: pages have been counted */
  rig_raw(&made, 0x0B0A, 4, cpu, sizeof cpu);
  rig_finish(&made);
  assert_int_equal(use_of(&made, A).live_bytes, 16384);
  rig_stop(&made);
}

static void test_processes_do_not_share_addresses(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_commit(&made, PID, BASE, PAGE, A);
  rig_commit(&made, PID + 1, BASE, PAGE, A);
  rig_virtual_free(&made, PID + 1, BASE, PAGE, RIG_RELEASE);
  rig_finish(&made);
  assert_int_equal(VIEW(&made).live_bytes, PAGE);
  assert_int_equal(rig_shown(&made, PID + 1)->views[SEEP_TRACE_VIEW_VIRTUAL].live_bytes, 0);
  rig_stop(&made);
}

static void test_32_bit_records(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  made.is_32_bit = true;
  uint64_t event = made.now;
  rig_virtual_alloc(&made, PID, BASE, PAGE, RIG_COMMIT);
  const uint64_t frames[] = {0x80001000, 0x401000, 0x402000};
  rig_stack(&made, event, PID, frames, 3);
  rig_finish(&made);
  seep_trace_site site =
      rig_site(&made, rig_instance(&made, PID, 0), SEEP_TRACE_VIEW_VIRTUAL, SEEP_TRACE_SITE_STACK, 0x401000);
  assert_int_equal(site.frame_count, 2);
  assert_int_equal(site.pointer_bytes, 4);
  assert_int_equal(site.use.live_bytes, PAGE);
  rig_stop(&made);
}

static void test_malformed_payloads_are_counted(void **state)
{
  (void)state;
  rig made;
  rig_start(&made);
  rig_raw(&made, 0x0262, RIG_NOBODY, "short", 5);
  rig_raw(&made, 0x0280, RIG_NOBODY, "any", 3);
  rig_finish(&made);
  assert_int_equal(seep_trace_analysis_losses(made.analysis)->malformed, 1);
  assert_int_equal(seep_trace_analysis_losses(made.analysis)->undocumented, 1);
  rig_stop(&made);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_commit_is_live_until_freed),
      cmocka_unit_test(test_recommit_keeps_the_first_owner),
      cmocka_unit_test(test_recommit_alone_is_no_site),
      cmocka_unit_test(test_decommit_cuts_a_hole),
      cmocka_unit_test(test_pieces_of_one_allocation_count_once),
      cmocka_unit_test(test_neighbours_of_one_owner_count_apart),
      cmocka_unit_test(test_release_goes_across_commits),
      cmocka_unit_test(test_sizes_round_to_pages),
      cmocka_unit_test(test_reserve_costs_nothing),
      cmocka_unit_test(test_free_from_before_the_trace_is_unknown),
      cmocka_unit_test(test_a_released_reservation_is_forgotten),
      cmocka_unit_test(test_release_of_no_size_ends_with_the_reservation),
      cmocka_unit_test(test_a_reservation_whose_release_was_missed_is_replaced),
      cmocka_unit_test(test_release_of_no_size_elsewhere_is_odd),
      cmocka_unit_test(test_contradictions_are_odd),
      cmocka_unit_test(test_reset_and_physical_change_nothing),
      cmocka_unit_test(test_large_pages_and_placeholders_are_memory),
      cmocka_unit_test(test_a_range_beyond_the_last_address_is_cut),
      cmocka_unit_test(test_pages_are_as_large_as_the_trace_says),
      cmocka_unit_test(test_processes_do_not_share_addresses),
      cmocka_unit_test(test_32_bit_records),
      cmocka_unit_test(test_malformed_payloads_are_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
