/* Whole made traces against their known answers (tests/standin/etl_scenario.h). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "standin/etl_xpress.h"
#include "trace/answer.h"
#include "trace/xpress.h"
#include "unit/trace/made_trace.h"

#define MEMORY_BYTES ((size_t)256 * 1024 * 1024)

static etl_scenario_options small_trace(uint64_t seed)
{
  etl_scenario_options options;
  etl_scenario_defaults(&options);
  options.seed = seed;
  options.events = 4000;
  options.buffer_bytes = 16384;
  return options;
}

static void read_and_compare(made_trace *made)
{
  made_reading reading;
  made_reading_read(&reading, made, MEMORY_BYTES, 0);
  assert_int_equal(made_reading_compare(&reading, made), 0);
  made_reading_free(&reading);
  assert_int_equal(reading.budget.used_bytes, 0);
}

static void check_options(const etl_scenario_options *options)
{
  made_trace made;
  made_trace_make(&made, options);
  read_and_compare(&made);
  made_trace_free(&made);
}

static void every_kind_gives_its_known_answer(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed <= 12; seed++) {
    etl_scenario_options options = small_trace(seed);
    options.kind = (etl_scenario_kind)(1 + seed % 3);
    options.processors = (unsigned)(1 + seed * 5 % 9);
    options.is_keyed = seed % 4 == 1;
    check_options(&options);
  }
}

static void both_sessions_are_read_as_one(void **state)
{
  (void)state;
  for (uint64_t seed = 20; seed < 26; seed++) {
    etl_scenario_options options = small_trace(seed);
    options.processors = (unsigned)(1 + seed % 5);
    options.is_keyed = seed % 2 == 0;
    check_options(&options);
  }
}

static void records_of_a_32_bit_process_stand_beside_others(void **state)
{
  (void)state;
  for (uint64_t seed = 30; seed < 36; seed++) {
    etl_scenario_options options = small_trace(seed);
    options.is_wow64 = true;
    options.is_keyed = seed % 3 == 0;
    check_options(&options);
  }
}

static void compressed_buffers_hold_the_same(void **state)
{
  (void)state;
  for (uint64_t seed = 40; seed < 44; seed++) {
    etl_scenario_options options = small_trace(seed);
    options.is_packed = true;
    options.is_keyed = seed % 2 == 0;
    check_options(&options);
  }
}

static void keys_are_used_again(void **state)
{
  (void)state;
  etl_scenario_options options = small_trace(50);
  options.events = 12000;
  options.is_keyed = true;
  options.stacks = 300; /* a multiple of the keys that there are */
  check_options(&options);
}

static void old_processor_numbers_and_raw_files_are_read(void **state)
{
  (void)state;
  etl_scenario_options options = small_trace(60);
  options.has_old_index = true;
  options.is_raw = true;
  check_options(&options);
}

static void a_tidy_trace_has_no_lost_stacks(void **state)
{
  (void)state;
  etl_scenario_options options = small_trace(61);
  made_reading reading;
  made_trace made;
  options.is_tidy = true;
  made_trace_make(&made, &options);
  made_reading_read(&reading, &made, MEMORY_BYTES, 0);
  assert_int_equal(made_reading_compare(&reading, &made), 0);
  assert_int_equal(seep_trace_analysis_losses(reading.analysis)->memory_events_without_stack, 0);
  assert_int_equal(reading.merged.summary.loss_flagged_buffers, 0);
  made_reading_free(&reading);
  made_trace_free(&made);
}

static void losses_are_told(void **state)
{
  (void)state;
  etl_scenario_options options = small_trace(63);
  made_reading reading;
  made_trace made;
  made_trace_make(&made, &options);
  made_reading_read(&reading, &made, MEMORY_BYTES, 0);
  assert_true(made.answer.buffers_lost > 0);
  assert_true(reading.merged.summary.loss_flagged_buffers > 0);
  assert_true(seep_trace_analysis_losses(reading.analysis)->memory_events_without_stack > 0);
  made_reading_free(&reading);
  made_trace_free(&made);
}

static void the_order_of_buffers_in_the_file_does_not_matter(void **state)
{
  (void)state;
  for (uint64_t seed = 70; seed < 76; seed++) {
    etl_scenario_options options = small_trace(seed);
    made_trace made;
    options.kind = seed % 2 == 0 ? ETL_SCENARIO_VIRTUAL : ETL_SCENARIO_HEAP;
    options.is_packed = seed % 3 == 0;
    made_trace_make(&made, &options);
    made_trace_turn(&made, (size_t)(seed - 69) * 7 % made.answer.buffers);
    read_and_compare(&made);
    made_trace_free(&made);
  }
}

static void a_file_that_was_cut_short_is_read_to_there(void **state)
{
  (void)state;
  etl_scenario_options options = small_trace(80);
  made_reading reading;
  made_trace made;
  made_trace_make(&made, &options);
  made_trace_pad(&made);
  made_trace_cut(&made);
  made_reading_read(&reading, &made, MEMORY_BYTES, 0);
  assert_int_equal(made_reading_compare(&reading, &made), 0);
  assert_true(reading.merged.summary.truncated);
  made_reading_free(&reading);
  made_trace_free(&made);
}

/* What is not looked at must not change what is: stacks of other processes do not become this one's. */
static void one_process_alone_is_read_as_among_all(void **state)
{
  (void)state;
  for (uint64_t seed = 82; seed < 88; seed++) {
    etl_scenario_options options = small_trace(seed);
    made_reading reading;
    made_trace made;
    options.is_keyed = seed % 2 == 0;
    options.kind = (etl_scenario_kind)(1 + seed % 3);
    made_trace_make(&made, &options);
    made_reading_read(&reading, &made, MEMORY_BYTES, made.answer.processes[seed % 4].pid);
    assert_int_equal(made_reading_compare(&reading, &made), 0);
    made_reading_free(&reading);
    made_trace_free(&made);
  }
}

/* Literals alone, short and long matches, and those that need every form of a length. */
static void packed_bytes_unpack_to_the_same(void **state)
{
  static const size_t sizes[] = {0, 1, 31, 32, 33, 300, 5000, 200000};
  (void)state;
  for (size_t i = 0; i < 5 * sizeof sizes / sizeof sizes[0]; i++) {
    size_t size = sizes[i / 5];
    size_t room = size + size / 8 + 8;
    uint8_t *bytes = malloc(size + 1);
    uint8_t *packed = malloc(room);
    uint8_t *again = malloc(size + 1);
    uint32_t random = 12345;
    size_t written = 0;
    assert_true(bytes != NULL && packed != NULL && again != NULL);
    for (size_t k = 0; k < size; k++) {
      const uint8_t kinds[5] = {(uint8_t)(random >> 16), 0, (uint8_t)(random >> 30), (uint8_t)(k % 7),
                                k > 40 && random >> 26 != 0 ? bytes[k - 40] : (uint8_t)(random >> 16)};
      bytes[k] = kinds[i % 5];
      random = random * 1664525u + 1013904223u;
    }
    size_t packed_bytes = etl_xpress_pack(bytes, size, packed, room);
    assert_true(packed_bytes > 0);
    assert_int_equal(seep_xpress_decode(packed, packed_bytes, again, size, &written), SEEP_OK);
    assert_int_equal(written, size);
    assert_memory_equal(again, bytes, size);
    assert_int_equal(etl_xpress_pack(bytes, size, packed, packed_bytes - 1), 0);
    free(bytes);
    free(packed);
    free(again);
  }
}

/* ---- the answer that people are shown ---- */

/* Live bytes that a module of this name is blamed for, as known and as answered. */
static uint64_t known_blame(const made_trace *made, unsigned view, const char *module)
{
  uint64_t bytes = 0;
  for (size_t i = 0; i < made->answer.site_count; i++) {
    const etl_scenario_site *site = &made->answer.sites[i];
    bool is_its = site->module != NULL && strcmp(site->module, module) == 0;
    bytes += site->process == 0 && site->view == view && is_its ? site->use.live_bytes : 0;
  }
  return bytes;
}

static uint64_t answered_blame(const seep_answer *answer, unsigned view, const char *module)
{
  uint64_t bytes = 0;
  for (size_t i = 0; i < answer->module_count; i++) {
    bytes += strcmp(answer->modules[i].name, module) == 0 ? answer->modules[i].views[view].blamed_bytes : 0;
  }
  return bytes;
}

static uint64_t known_without_stack(const made_trace *made, unsigned view, etl_scenario_stack_kind kind)
{
  uint64_t bytes = 0;
  for (size_t i = 0; i < made->answer.site_count; i++) {
    const etl_scenario_site *site = &made->answer.sites[i];
    bytes += site->process == 0 && site->view == view && site->kind == kind ? site->use.live_bytes : 0;
  }
  return bytes;
}

static void check_view(const made_trace *made, const seep_answer *answer, unsigned view)
{
  static const char *const modules[] = {"orders.exe",        "contoso.pricing.dll", "contoso.cache.dll",
                                        "fabrikam.odbc.dll", "ntdll.dll",           "ucrtbase.dll"};
  const etl_scenario_process *known = &made->answer.processes[0];
  assert_int_equal(answer->views[view].live_bytes, known->live_bytes[view]);
  assert_int_equal(answer->views[view].live_count, known->live_count[view]);
  assert_int_equal(answer->views[view].unknown_frees, known->totals[view].unknown_frees);
  for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
    assert_int_equal(answered_blame(answer, view, modules[i]), known_blame(made, view, modules[i]));
  }
  assert_int_equal(answer->views[view].bucket_bytes[SEEP_BUCKET_NO_STACK],
                   known_without_stack(made, view, ETL_SCENARIO_LOST));
  assert_int_equal(answer->views[view].bucket_bytes[SEEP_BUCKET_KERNEL],
                   known_without_stack(made, view, ETL_SCENARIO_KERNEL_ONLY));
  assert_int_equal(answer->views[view].bucket_bytes[SEEP_BUCKET_UNKNOWN], 0);
  assert_int_equal(answer->views[view].bucket_bytes[SEEP_BUCKET_MANAGED], 0);
}

static const seep_answer_stack *stack_of(const seep_answer *answer, const etl_scenario_site *site)
{
  const seep_answer_view *view = &answer->views[site->view];
  for (size_t i = 0; i < view->stack_count; i++) {
    const seep_answer_stack *stack = &view->stacks[i];
    const seep_answer_frame *frame =
        stack->culprit < stack->frame_count ? &stack->frames[stack->culprit] : NULL;
    if (frame != NULL && frame->placed.place == SEEP_FRAME_MODULE && frame->placed.offset == site->offset &&
        strcmp(answer->modules[frame->placed.module].name, site->module) == 0) {
      return stack;
    }
  }
  return NULL;
}

/* What growth must look like; NONE = must only not be steady. */
static bool pattern_of(const char *behaviour, seep_growth_pattern *pattern)
{
  static const struct {
    const char *behaviour;
    seep_growth_pattern pattern;
  } known[] = {{"leak", SEEP_GROWTH_STEADY},   {"small leak", SEEP_GROWTH_STEADY},
               {"warm-up", SEEP_GROWTH_EARLY}, {"late burst", SEEP_GROWTH_LATE},
               {"cache", SEEP_GROWTH_NONE},    {"transient", SEEP_GROWTH_NONE}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (strcmp(known[i].behaviour, behaviour) == 0) {
      *pattern = known[i].pattern;
      return true;
    }
  }
  return false;
}

static void check_stacks(const made_trace *made, const seep_answer *answer)
{
  seep_growth_pattern pattern = SEEP_GROWTH_NONE;
  for (size_t i = 0; i < made->answer.site_count; i++) {
    const etl_scenario_site *site = &made->answer.sites[i];
    if (site->process != 0 || site->kind != ETL_SCENARIO_STACK || site->use.live_bytes == 0) {
      continue;
    }
    const seep_answer_stack *stack = stack_of(answer, site);
    assert_non_null(stack);
    assert_int_equal(stack->live_bytes, site->use.live_bytes);
    assert_int_equal(stack->live_count, site->use.live_count);
    assert_int_equal(stack->is_remote, site->is_remote);
    assert_int_equal(stack->frame_count, site->frame_count);
    if (!pattern_of(site->behaviour, &pattern)) {
      continue;
    }
    bool is_right =
        pattern == SEEP_GROWTH_NONE ? stack->pattern != SEEP_GROWTH_STEADY : stack->pattern == pattern;
    if (!is_right) {
      print_message("seed %u, view %u: %s looks %s\n", (unsigned)made->options.seed, site->view,
                    site->behaviour, seep_growth_pattern_text(stack->pattern));
    }
    assert_true(is_right);
  }
}

static void answer_is_the_known_one(uint64_t seed, etl_scenario_kind kind)
{
  etl_scenario_options options = small_trace(seed);
  seep_answer_request request = {.options = {.has_pid = false}}; /* it is the one that leaks most */
  seep_answer answer;
  seep_error error;
  made_trace made;
  options.events = 24000;
  options.kind = kind;
  options.is_wow64 = seed % 4 == 3;
  made_trace_make(&made, &options);
  assert_int_equal(seep_answer_read(&answer, made.file.bytes, made.file.size, &request, &error), SEEP_OK);
  assert_string_equal(answer.process.name, "orders.exe");
  assert_int_equal(answer.process.pid, made.answer.processes[0].pid);
  assert_int_equal(answer.process_count, made.answer.process_count);
  assert_string_equal(seep_answer_culprit_name(&answer), made.answer.culprit);
  for (unsigned view = 0; view < SEEP_TRACE_VIEWS; view++) {
    check_view(&made, &answer, view);
  }
  check_stacks(&made, &answer);
  seep_answer_free(&answer);
  made_trace_free(&made);
}

static void culprit_and_blame_are_the_known_ones(void **state)
{
  (void)state;
  for (uint64_t seed = 90; seed < 96; seed++) {
    answer_is_the_known_one(seed, (etl_scenario_kind)(1 + seed % 3));
  }
}

/* A process id that was used again: the last process that had it. */
static void a_process_id_means_the_last_that_had_it(void **state)
{
  (void)state;
  etl_scenario_options options = small_trace(98);
  seep_answer_request request = {.options = {.has_pid = true}};
  seep_answer answer;
  seep_error error;
  made_trace made;
  options.events = 12000;
  made_trace_make(&made, &options);
  const etl_scenario_process *later = &made.answer.processes[made.answer.process_count - 2];
  assert_string_equal(later->name, "report.exe");
  request.options.pid = later->pid;
  assert_int_equal(seep_answer_read(&answer, made.file.bytes, made.file.size, &request, &error), SEEP_OK);
  assert_string_equal(answer.process.name, later->name);
  assert_int_equal(answer.views[SEEP_TRACE_VIEW_VIRTUAL].live_bytes, later->live_bytes[0]);
  assert_int_equal(answer.views[SEEP_TRACE_VIEW_HEAP].live_bytes, later->live_bytes[1]);
  seep_answer_free(&answer);
  made_trace_free(&made);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_kind_gives_its_known_answer),
                                     cmocka_unit_test(both_sessions_are_read_as_one),
                                     cmocka_unit_test(records_of_a_32_bit_process_stand_beside_others),
                                     cmocka_unit_test(compressed_buffers_hold_the_same),
                                     cmocka_unit_test(keys_are_used_again),
                                     cmocka_unit_test(old_processor_numbers_and_raw_files_are_read),
                                     cmocka_unit_test(a_tidy_trace_has_no_lost_stacks),
                                     cmocka_unit_test(losses_are_told),
                                     cmocka_unit_test(the_order_of_buffers_in_the_file_does_not_matter),
                                     cmocka_unit_test(a_file_that_was_cut_short_is_read_to_there),
                                     cmocka_unit_test(packed_bytes_unpack_to_the_same),
                                     cmocka_unit_test(one_process_alone_is_read_as_among_all),
                                     cmocka_unit_test(culprit_and_blame_are_the_known_ones),

                                     cmocka_unit_test(a_process_id_means_the_last_that_had_it)};
  return cmocka_run_group_tests_name("trace/made traces", tests, NULL, NULL);
}
