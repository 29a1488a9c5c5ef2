/* Interning of stacks alone: what is one node and what is not, and that hostile keys and frames end. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "trace/stacks.h"

#define A UINT64_C(0x7FF700001000)
#define KERNEL UINT64_C(0xFFFFF80000001000)
#define MANY 20000u

typedef struct bench {
  seep_trace_budget budget;
  seep_arena arena;
  seep_stacks stacks;
  seep_figures figures;
} bench;

static void set_up(bench *made, size_t maximum)
{
  made->budget = (seep_trace_budget){.limit_bytes = (size_t)64 * 1024 * 1024};
  seep_arena_init(&made->arena, &made->budget);
  seep_stacks_init(&made->stacks, &made->budget, &made->arena, maximum, 99);
  seep_figures_init(&made->figures, &made->budget, 99);
  assert_false(made->stacks.failed);
}

static void tear_down(bench *made)
{
  seep_stacks_fini(&made->stacks);
  seep_figures_fini(&made->figures);
  seep_arena_fini(&made->arena);
  assert_int_equal(made->budget.used_bytes, 0);
}

static size_t as_bytes(const uint64_t *frames, size_t count, unsigned pointer_bytes, uint8_t *out)
{
  for (size_t i = 0; i < count; i++) {
    for (unsigned k = 0; k < pointer_bytes; k++) {
      *out++ = (uint8_t)(frames[i] >> 8 * k);
    }
  }
  return count;
}

static uint32_t intern(bench *made, uint32_t frames_of, const uint64_t *frames, size_t count,
                       unsigned pointer_bytes)
{
  uint8_t bytes[64 * 8 + 1];
  as_bytes(frames, count, pointer_bytes, bytes + 1); /* at an odd address */
  return seep_stacks_intern(&made->stacks, frames_of, bytes + 1, count, pointer_bytes);
}

static void test_the_same_frames_are_one_node(void **state)
{
  (void)state;
  bench made;
  set_up(&made, 0);
  uint64_t frames[12];
  for (size_t i = 0; i < 12; i++) {
    frames[i] = A + i;
  }
  uint32_t first = intern(&made, 1, frames, 12, 8);
  assert_int_equal(intern(&made, 1, frames, 12, 8), first);
  assert_int_not_equal(intern(&made, 2, frames, 12, 8), first);
  assert_int_not_equal(intern(&made, 1, frames, 11, 8), first);
  frames[11]++;
  assert_int_not_equal(intern(&made, 1, frames, 12, 8), first);
  frames[11]--;
  frames[0]++;
  assert_int_not_equal(intern(&made, 1, frames, 12, 8), first);
  tear_down(&made);
}

static void test_pointer_sizes_are_apart(void **state)
{
  (void)state;
  bench made;
  set_up(&made, 0);
  const uint64_t frames[] = {0x401000, 0x402000};
  uint32_t narrow = intern(&made, 1, frames, 2, 4);
  assert_int_not_equal(intern(&made, 1, frames, 2, 8), narrow);
  assert_int_equal(made.stacks.nodes[narrow].frames[1], 0x402000);
  tear_down(&made);
}

/* A 32-bit process there has no kernel addresses in its frames, wherever they point, and its stacks come with
 * both widths: from its heap, and from the kernel. */
static void test_pointer_sizes_are_one_on_64_bit_windows(void **state)
{
  (void)state;
  bench made;
  set_up(&made, 0);
  made.stacks.is_64_bit = true;
  const uint64_t frames[] = {0x90001000, 0x401000, 0x402000, 0xFFFF1000};
  uint32_t narrow = intern(&made, 1, frames, 4, 4);
  assert_int_equal(intern(&made, 1, frames, 4, 8), narrow);
  assert_int_equal(made.stacks.nodes[narrow].kind, SEEP_NODE_FRAMES);
  assert_int_equal(made.stacks.nodes[narrow].frame_count, 4);
  assert_int_equal(made.stacks.nodes[narrow].pointer_bytes, 8);
  tear_down(&made);
}

static void test_leading_kernel_frames_make_no_difference(void **state)
{
  (void)state;
  bench made;
  set_up(&made, 0);
  const uint64_t frames[] = {KERNEL, KERNEL + 8, A, A + 1};
  uint32_t with = intern(&made, 1, frames, 4, 8);
  assert_int_equal(intern(&made, 1, frames + 2, 2, 8), with);
  assert_int_equal(made.stacks.nodes[with].kind, SEEP_NODE_FRAMES);
  const uint64_t kernel[] = {KERNEL, KERNEL + 8};
  uint32_t without = intern(&made, 1, kernel, 2, 8);
  assert_int_equal(made.stacks.nodes[without].kind, SEEP_NODE_KERNEL);
  assert_int_equal(made.stacks.nodes[without].frame_count, 2);
  assert_int_equal(intern(&made, 1, kernel, 0, 8), SEEP_NODE_NONE);
  tear_down(&made);
}

static void test_many_stacks_are_found_again(void **state)
{
  (void)state;
  bench made;
  set_up(&made, MANY);
  for (unsigned round = 0; round < 2; round++) {
    for (uint32_t i = 0; i < MANY; i++) {
      const uint64_t frames[] = {A, A + i, A + i / 7};
      assert_int_equal(intern(&made, 0, frames, 3, 8), SEEP_NODES_FIXED + i);
    }
  }
  const uint64_t more = A;
  assert_int_equal(intern(&made, 0, &more, 1, 8), SEEP_NODE_OVERFLOW);
  assert_int_equal(made.stacks.overflowed, 1);
  tear_down(&made);
}

static void test_one_key_waits_once(void **state)
{
  (void)state;
  bench made;
  set_up(&made, 0);
  uint32_t user = seep_stacks_refer(&made.stacks, 1, 5, 1);
  assert_int_equal(seep_stacks_refer(&made.stacks, 1, 5, 1), user);
  assert_int_not_equal(seep_stacks_refer(&made.stacks, 1, 5, 0), user);
  assert_int_not_equal(seep_stacks_refer(&made.stacks, 2, 5, 1), user);
  assert_int_not_equal(seep_stacks_refer(&made.stacks, 1, 6, 1), user);
  assert_int_equal(seep_stacks_target(&made.stacks, user), user);
  assert_int_equal(seep_stacks_finish(&made.stacks, &made.figures), 2);
  assert_int_equal(seep_stacks_target(&made.stacks, user), SEEP_NODE_LOST);
  tear_down(&made);
}

static void define(bench *made, uint64_t key, const uint64_t *frames, size_t count)
{
  uint8_t bytes[64 * 8];
  as_bytes(frames, count, 8, bytes);
  assert_true(seep_stacks_define(&made->stacks, &made->figures, key, bytes, count, 8));
}

static void test_keys_used_again_take_no_more_slots(void **state)
{
  (void)state;
  bench made;
  set_up(&made, 0);
  const uint64_t frame = A;
  define(&made, 5, &frame, 1); /* before any use: nothing */
  uint32_t last = 0;
  for (unsigned i = 0; i < MANY; i++) {
    uint32_t node = seep_stacks_refer(&made.stacks, 1, 5, 1);
    assert_int_not_equal(node, last);
    define(&made, 5, &frame, 1);
    assert_int_equal(made.stacks.nodes[seep_stacks_target(&made.stacks, node)].frames[0], A);
    last = node;
  }
  assert_int_equal(made.stacks.slots_used, 2);
  assert_int_equal(made.stacks.keys_used, 1);
  assert_int_equal(seep_stacks_finish(&made.stacks, &made.figures), 0);
  tear_down(&made);
}

static void test_figures_of_keys_are_used_again(void **state)
{
  (void)state;
  bench made;
  set_up(&made, 0);
  const uint64_t frame = A;
  for (unsigned i = 0; i < MANY; i++) {
    uint32_t node = seep_stacks_refer(&made.stacks, 1, 5, 1);
    uint32_t use =
        seep_figures_obtain(&made.figures, &made.stacks.nodes[node].first_use, node, 1, SEEP_TRACE_VIEW_HEAP);
    assert_int_not_equal(use, SEEP_NO_USE);
    seep_figures_allocated(&made.figures, use, i, 10);
    define(&made, 5, &frame, 1);
    assert_int_equal(seep_figures_at(&made.figures, use)->allocations, i + 1);
    assert_int_equal(seep_figures_at(&made.figures, use)->allocated_bytes, (i + 1) * 10);
  }
  assert_true(made.figures.item_count <= 2);
  tear_down(&made);
}

static void test_a_definition_without_frames_is_lost(void **state)
{
  (void)state;
  bench made;
  set_up(&made, 0);
  uint32_t node = seep_stacks_refer(&made.stacks, 1, 5, 1);
  define(&made, 5, NULL, 0);
  assert_int_equal(seep_stacks_target(&made.stacks, node), SEEP_NODE_LOST);
  tear_down(&made);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_same_frames_are_one_node),
      cmocka_unit_test(test_pointer_sizes_are_apart),
      cmocka_unit_test(test_pointer_sizes_are_one_on_64_bit_windows),
      cmocka_unit_test(test_leading_kernel_frames_make_no_difference),
      cmocka_unit_test(test_many_stacks_are_found_again),
      cmocka_unit_test(test_one_key_waits_once),
      cmocka_unit_test(test_keys_used_again_take_no_more_slots),
      cmocka_unit_test(test_figures_of_keys_are_used_again),
      cmocka_unit_test(test_a_definition_without_frames_is_lost),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
