/* From a file to an answer: made traces, whose culprit and whose sums by module are known. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/text.h"
#include "trace/answer.h"
#include "unit/trace/made_trace.h"

static etl_scenario_options trace_of(uint64_t seed, etl_scenario_kind kind)
{
  etl_scenario_options options;
  etl_scenario_defaults(&options);
  options.seed = seed;
  options.events = 20000;
  options.kind = kind;
  options.buffer_bytes = 65536;
  return options;
}

static seep_status read(const made_trace *made, const seep_answer_request *request, seep_answer *answer)
{
  return seep_answer_read(answer, made->file.bytes, made->file.size, request, NULL);
}

/* What the sites that blame a module for memory of the process under test have in all. */
static uint64_t known_bytes(const made_trace *made, unsigned view, const char *module)
{
  uint64_t sum = 0;
  for (size_t i = 0; i < made->answer.site_count; i++) {
    const etl_scenario_site *site = &made->answer.sites[i];
    if (site->process == 0 && site->view == view && site->kind == ETL_SCENARIO_STACK &&
        seep_text_equal_ignoring_case(site->module, module)) {
      sum += site->use.live_bytes;
    }
  }
  return sum;
}

static void compare_modules(const made_trace *made, const seep_answer *answer)
{
  for (unsigned view = 0; view < SEEP_TRACE_VIEWS; view++) {
    uint64_t blamed = 0;
    for (size_t i = 0; i < answer->module_count; i++) {
      const seep_answer_module *module = &answer->modules[i];
      assert_int_equal(module->views[view].blamed_bytes, known_bytes(made, view, module->name));
      assert_true(module->views[view].steady_bytes <= module->views[view].blamed_bytes);
      assert_true(module->views[view].blamed_bytes <= module->views[view].inclusive_bytes);
      blamed += module->views[view].blamed_bytes;
    }
    for (size_t i = 0; i < SEEP_BUCKETS; i++) {
      blamed += answer->views[view].bucket_bytes[i];
    }
    assert_int_equal(blamed, answer->views[view].live_bytes);
    assert_int_equal(blamed, made->answer.processes[0].live_bytes[view]);
  }
}

static void the_leak_of_a_made_trace_is_named(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed <= 9; seed++) {
    made_trace made;
    etl_scenario_options options = trace_of(seed, (etl_scenario_kind)(1 + seed % 3));
    options.is_wow64 = seed % 4 == 0;
    options.is_keyed = seed % 2 == 0;
    options.is_raw = seed % 5 == 0;
    made_trace_make(&made, &options);
    const seep_answer_request request = {
        .options = {.has_pid = true, .pid = made.answer.processes[0].pid, .maximum_stacks = 2000}};
    seep_answer answer;
    assert_int_equal(read(&made, &request, &answer), SEEP_OK);
    assert_true(answer.has_process);
    assert_string_equal(answer.process.name, made.answer.processes[0].name);
    assert_string_equal(seep_answer_culprit_name(&answer), made.answer.culprit);
    const uint64_t *live_bytes = made.answer.processes[0].live_bytes;
    bool by_heap = options.kind != ETL_SCENARIO_VIRTUAL && live_bytes[1] * 2 >= live_bytes[0];
    assert_int_equal(answer.culprit.view, by_heap ? SEEP_TRACE_VIEW_HEAP : SEEP_TRACE_VIEW_VIRTUAL);
    compare_modules(&made, &answer);
    const seep_answer_module *culprit = &answer.modules[answer.culprit.module];
    assert_int_equal(culprit->company[0] != '\0', !options.is_raw);
    assert_int_equal(culprit->has_pdb, !options.is_raw);
    const seep_answer_stack *stack = &answer.views[answer.culprit.view].stacks[answer.culprit.stack];
    assert_int_equal(stack->pattern, SEEP_GROWTH_STEADY);
    seep_answer_free(&answer);
    made_trace_free(&made);
  }
}

/* Nobody says which process: the one that leaks is found among the busy ones. */
static void the_leaking_process_is_found(void **state)
{
  (void)state;
  for (uint64_t seed = 20; seed < 26; seed++) {
    made_trace made;
    etl_scenario_options options = trace_of(seed, ETL_SCENARIO_BOTH);
    made_trace_make(&made, &options);
    const seep_answer_request request = {.maximum_memory_bytes = (size_t)64 * 1024 * 1024};
    seep_answer answer;
    assert_int_equal(read(&made, &request, &answer), SEEP_OK);
    assert_int_equal(answer.process.pid, made.answer.processes[0].pid);
    assert_string_equal(seep_answer_culprit_name(&answer), made.answer.culprit);
    assert_true(answer.process_count > 1);
    seep_answer_free(&answer);
    made_trace_free(&made);
  }
}

static bool stop_at_once(void *context)
{
  unsigned *asked = context;
  return ++*asked > 1;
}

static void requests_that_come_to_nothing(void **state)
{
  (void)state;
  made_trace made;
  etl_scenario_options options = trace_of(3, ETL_SCENARIO_VIRTUAL);
  made_trace_make(&made, &options);
  seep_answer answer;
  const seep_answer_request unknown = {.options = {.process_name = "nobody.exe"}};
  assert_int_equal(read(&made, &unknown, &answer), SEEP_NOT_FOUND);
  assert_true(answer.process_count > 1); /* who there is, all the same */
  assert_false(answer.has_process);
  seep_answer_free(&answer);
  unsigned asked = 0;
  const seep_answer_request stopped = {.stopped = stop_at_once, .watcher = &asked};
  assert_int_equal(read(&made, &stopped, &answer), SEEP_CANCELLED);
  seep_answer_free(&answer);
  const seep_answer_request tiny = {.maximum_memory_bytes = 1000};
  assert_int_equal(read(&made, &tiny, &answer), SEEP_LIMIT);
  seep_answer_free(&answer);
  seep_error error;
  const seep_answer_request any = {.maximum_memory_bytes = 0};
  assert_int_equal(seep_answer_read(&answer, (const uint8_t *)"no trace", 8, &any, &error), SEEP_CORRUPT);
  assert_int_equal(error.status, SEEP_CORRUPT);
  seep_answer_free(&answer);
  made_trace_free(&made);
}

/* With any amount of memory: an answer that says how much of the trace it is of, or an honest status. */
static void with_little_memory(void **state)
{
  (void)state;
  made_trace made;
  etl_scenario_options options = trace_of(5, ETL_SCENARIO_BOTH);
  made_trace_make(&made, &options);
  unsigned whole = 0;
  unsigned partial = 0;
  for (size_t limit = 64 * 1024; limit < (size_t)16 * 1024 * 1024; limit += limit / 8) {
    const seep_answer_request request = {.maximum_memory_bytes = limit};
    seep_answer answer;
    seep_status status = read(&made, &request, &answer);
    assert_true(status == SEEP_OK || status == SEEP_LIMIT || status == SEEP_NO_MEMORY);
    bool is_partial = status == SEEP_OK && (answer.losses.memory_limit || answer.merged.ended_early);
    assert_true(!is_partial || answer.process_count == 0 || (answer.culprit.doubts & SEEP_DOUBT_BUDGET) != 0);
    partial += is_partial ? 1 : 0;
    whole += status == SEEP_OK && !is_partial ? 1 : 0;
    seep_answer_free(&answer);
  }
  assert_true(partial > 0);
  assert_true(whole > 0);
  made_trace_free(&made);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_leak_of_a_made_trace_is_named),
      cmocka_unit_test(the_leaking_process_is_found),
      cmocka_unit_test(requests_that_come_to_nothing),
      cmocka_unit_test(with_little_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
