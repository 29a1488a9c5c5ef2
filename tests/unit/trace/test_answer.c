/* Who leaks here: one process in detail, whom its stacks are blamed on, and how far that can be believed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "unit/trace/fake_analysis.h"
#include "unit/trace/module_maker.h"

#define MB UINT64_C(0x100000)
#define TRACE_MS INT64_C(600000)

/* Where the modules of every process lie. */
#define NTDLL UINT64_C(0x7FF800000000)
#define PRICING UINT64_C(0x7FF600000000)
#define ORDERS UINT64_C(0x7FF610000000)
#define PROGRAM UINT64_C(0x7FF700000000)
#define NOWHERE UINT64_C(0x1D000000000)
#define KERNEL UINT64_C(0xFFFFF80000000000)

static seep_trace_analysis *begin(uint32_t processes)
{
  seep_trace_analysis *fake = fake_new(TRACE_MS);
  for (uint32_t i = 0; i < processes; i++) {
    char path[64];
    module_there(fake->modules, i, NTDLL, MB, "\\SystemRoot\\System32\\ntdll.dll");
    module_there(fake->modules, i, PRICING, MB, "\\Device\\HarddiskVolume3\\app\\Contoso.Pricing.dll");
    module_there(fake->modules, i, ORDERS, MB, "\\Device\\HarddiskVolume3\\app\\Contoso.Orders.dll");
    (void)snprintf(path, sizeof path, "\\Device\\HarddiskVolume3\\app\\p%u.exe", (unsigned)i);
    module_there(fake->modules, i, PROGRAM, MB, path);
  }
  module_id(fake->modules, 100, PRICING, MB, 0x5A5A);
  module_pdb(fake->modules, 0, 100, PRICING, 0xAB, "Pricing.pdb");
  module_version(fake->modules, (uint32_t)MB, 0x5A5A, "Contoso Ltd.", "4.2.1107");
  module_finish(fake->modules);
  return fake;
}

static fake_site *stack_of(seep_trace_analysis *fake, uint32_t instance, seep_trace_view view,
                           uint64_t culprit, uint64_t offset)
{
  const uint64_t frames[] = {NTDLL + 0x10, culprit + offset, PROGRAM + 0x20, NTDLL + 0x30};
  return fake_stack(fake, instance, view, frames, 4);
}

static void leak(fake_site *site, unsigned count, uint64_t bytes)
{
  shape_blocks(&site->shape, count, 0.0, 1.0, SHAPE_NEVER, bytes);
}

static const seep_answer_options anything = {.has_pid = false};

static const seep_answer_module *module_named(const seep_answer *answer, const char *name)
{
  for (size_t i = 0; i < answer->module_count; i++) {
    if (strcmp(answer->modules[i].name, name) == 0) {
      return &answer->modules[i];
    }
  }
  return NULL;
}

static void the_culprit_and_all_about_it(void **state)
{
  (void)state;
  seep_trace_analysis *fake = begin(1);
  uint32_t w3wp = fake_instance(fake, 100, "w3wp.exe");
  fake->instances[w3wp].commit_at_end_bytes = 12345678;
  leak(stack_of(fake, w3wp, SEEP_TRACE_VIEW_VIRTUAL, PRICING, 0x1234), 1000, 4096);
  leak(stack_of(fake, w3wp, SEEP_TRACE_VIEW_VIRTUAL, PRICING, 0x5678), 3000, 4096);
  leak(stack_of(fake, w3wp, SEEP_TRACE_VIEW_VIRTUAL, ORDERS, 0x100), 500, 4096);
  fake_site *warm = stack_of(fake, w3wp, SEEP_TRACE_VIEW_VIRTUAL, ORDERS, 0x200);
  shape_blocks(&warm->shape, 100, 0.0, 0.05, SHAPE_NEVER, 4096);
  seep_answer answer;
  assert_int_equal(fake_answer(fake, &anything, &answer), SEEP_OK);
  assert_true(answer.has_process);
  assert_int_equal(answer.process.pid, 100);
  assert_string_equal(answer.process.name, "w3wp.exe");
  assert_int_equal(answer.commit_at_end_bytes, 12345678);
  assert_int_equal(answer.duration_ms, TRACE_MS);
  assert_int_equal(answer.culprit.certainty, SEEP_ANSWER_GOOD);
  assert_int_equal(answer.culprit.doubts, 0);
  assert_int_equal(answer.culprit.view, SEEP_TRACE_VIEW_VIRTUAL);
  assert_string_equal(seep_answer_culprit_name(&answer), "Contoso.Pricing.dll");
  assert_int_equal(answer.culprit.bytes, 4000 * 4096);
  assert_int_equal(answer.culprit.count, 4000);
  assert_true(answer.culprit.share > 0.86 && answer.culprit.share < 0.88);
  const seep_answer_module *module = &answer.modules[answer.culprit.module];
  assert_string_equal(module->company, "Contoso Ltd.");
  assert_string_equal(module->file_version, "4.2.1107");
  assert_string_equal(module->path, "\\Device\\HarddiskVolume3\\app\\Contoso.Pricing.dll");
  assert_int_equal(module->timestamp, 0x5A5A);
  assert_int_equal(module->size_bytes, MB);
  assert_true(module->has_pdb);
  assert_int_equal(module->pdb_guid[0], 0xAB);
  assert_string_equal(module->pdb_name, "Pricing.pdb");
  const seep_answer_view *view = &answer.views[SEEP_TRACE_VIEW_VIRTUAL];
  assert_int_equal(view->stack_count, 4);
  assert_int_equal(view->all_stacks, 4);
  assert_int_equal(view->other_bytes, 0);
  assert_int_equal(view->pattern, SEEP_GROWTH_STEADY);
  assert_int_equal(view->live_curve[SEEP_TRACE_BUCKETS - 1], view->live_bytes);
  const seep_answer_stack *stack = &view->stacks[answer.culprit.stack];
  assert_int_equal(answer.culprit.stack, 0);
  assert_int_equal(stack->live_bytes, 3000 * 4096);
  assert_int_equal(stack->pattern, SEEP_GROWTH_STEADY);
  double per_hour = 3000.0 * 4096.0 * 6.0;
  assert_true(stack->bytes_per_hour > 0.9 * per_hour && stack->bytes_per_hour < 1.1 * per_hour);
  assert_int_equal(stack->culprit, 1);
  assert_int_equal(stack->frame_count, 4);
  assert_int_equal(stack->frames[1].placed.offset, 0x5678);
  assert_int_equal(stack->frames[1].placed.module, answer.culprit.module);
  assert_true(stack->first_ms >= 0 && stack->first_ms < stack->last_ms && stack->last_ms <= TRACE_MS);
  assert_int_equal(view->stacks[3].pattern, SEEP_GROWTH_EARLY);
  assert_int_equal(view->stacks[3].steady_bytes, 0);
  seep_answer_free(&answer);
  seep_answer_free(&answer); /* twice does no harm */
  fake_free(fake);
}

/* Each stack counts once for every module on it, and for one culprit. */
static void sums_of_modules(void **state)
{
  (void)state;
  seep_trace_analysis *fake = begin(1);
  uint32_t w3wp = fake_instance(fake, 100, "w3wp.exe");
  leak(stack_of(fake, w3wp, SEEP_TRACE_VIEW_VIRTUAL, PRICING, 1), 1000, 4096);
  leak(stack_of(fake, w3wp, SEEP_TRACE_VIEW_VIRTUAL, ORDERS, 1), 500, 4096);
  const uint64_t both[] = {ORDERS + 5, PRICING + 5, PRICING + 6, PRICING + 5};
  leak(fake_stack(fake, w3wp, SEEP_TRACE_VIEW_VIRTUAL, both, 4), 300, 4096);
  fake_site *given_back = stack_of(fake, w3wp, SEEP_TRACE_VIEW_VIRTUAL, PROGRAM, 7);
  shape_blocks(&given_back->shape, 100, 0.0, 0.5, 0.1, 4096);
  seep_answer answer;
  assert_int_equal(fake_answer(fake, &anything, &answer), SEEP_OK);
  assert_int_equal(answer.module_count, 4);
  const seep_answer_module *pricing = module_named(&answer, "Contoso.Pricing.dll");
  const seep_answer_module *orders = module_named(&answer, "Contoso.Orders.dll");
  const seep_answer_module *ntdll = module_named(&answer, "ntdll.dll");
  assert_ptr_equal(pricing, &answer.modules[0]); /* the worst first */
  assert_ptr_equal(orders, &answer.modules[1]);
  assert_int_equal(pricing->views[SEEP_TRACE_VIEW_VIRTUAL].blamed_bytes, 1000 * 4096);
  assert_int_equal(pricing->views[SEEP_TRACE_VIEW_VIRTUAL].inclusive_bytes, 1300 * 4096);
  assert_int_equal(orders->views[SEEP_TRACE_VIEW_VIRTUAL].blamed_bytes, 800 * 4096);
  assert_int_equal(orders->views[SEEP_TRACE_VIEW_VIRTUAL].blamed_count, 800);
  assert_int_equal(orders->views[SEEP_TRACE_VIEW_VIRTUAL].inclusive_bytes, 800 * 4096);
  assert_int_equal(ntdll->views[SEEP_TRACE_VIEW_VIRTUAL].blamed_bytes, 0);
  assert_int_equal(ntdll->views[SEEP_TRACE_VIEW_VIRTUAL].inclusive_bytes, 1500 * 4096);
  assert_int_equal(pricing->views[SEEP_TRACE_VIEW_HEAP].inclusive_bytes, 0);
  assert_true(ntdll->is_runtime);
  assert_false(pricing->is_runtime);
  const seep_answer_view *view = &answer.views[SEEP_TRACE_VIEW_VIRTUAL];
  assert_int_equal(view->all_stacks, 4);
  assert_int_equal(view->stack_count, 3); /* the one that gave all back is not shown */
  seep_answer_free(&answer);
  fake_free(fake);
}

static void what_is_no_module_has_a_bucket(void **state)
{
  static const struct {
    uint64_t frames[3];
    size_t count;
    seep_trace_site_kind kind;
    seep_answer_bucket bucket;
  } sites[] = {
      {{NTDLL + 1, NOWHERE, PROGRAM + 3}, 3, SEEP_TRACE_SITE_STACK, SEEP_BUCKET_UNKNOWN},
      {{NTDLL + 1, NTDLL + 2, KERNEL + 4}, 3, SEEP_TRACE_SITE_STACK, SEEP_BUCKET_RUNTIME},
      {{KERNEL + 1, KERNEL + 2, 0}, 2, SEEP_TRACE_SITE_KERNEL_ONLY, SEEP_BUCKET_KERNEL},
      {{KERNEL + 1, KERNEL + 2, 0}, 2, SEEP_TRACE_SITE_STACK, SEEP_BUCKET_KERNEL},
      {{0}, 0, SEEP_TRACE_SITE_STACK, SEEP_BUCKET_NO_STACK},
      {{0}, 0, SEEP_TRACE_SITE_NO_STACK, SEEP_BUCKET_NO_STACK},
      {{0}, 0, SEEP_TRACE_SITE_LOST, SEEP_BUCKET_NO_STACK},
      {{0}, 0, SEEP_TRACE_SITE_OVERFLOW, SEEP_BUCKET_NO_STACK},
  };
  (void)state;
  for (size_t i = 0; i < sizeof sites / sizeof sites[0]; i++) {
    seep_trace_analysis *fake = begin(1);
    uint32_t w3wp = fake_instance(fake, 100, "w3wp.exe");
    fake_site *site = fake_stack(fake, w3wp, SEEP_TRACE_VIEW_HEAP, sites[i].frames, sites[i].count);
    site->site.kind = sites[i].kind;
    leak(site, 1000, 100);
    leak(stack_of(fake, w3wp, SEEP_TRACE_VIEW_HEAP, PRICING, 1), 100, 100);
    seep_answer answer;
    assert_int_equal(fake_answer(fake, &anything, &answer), SEEP_OK);
    const seep_answer_view *view = &answer.views[SEEP_TRACE_VIEW_HEAP];
    for (size_t bucket = 0; bucket < SEEP_BUCKETS; bucket++) {
      assert_int_equal(view->bucket_bytes[bucket], bucket == (size_t)sites[i].bucket ? 100000 : 0);
    }
    assert_int_equal(view->bucket_count[sites[i].bucket], 1000);
    assert_int_equal(answer.culprit.module, SEEP_TRACE_NO_MODULE);
    assert_int_equal(answer.culprit.bucket, sites[i].bucket);
    assert_string_equal(seep_answer_culprit_name(&answer), seep_answer_bucket_text(sites[i].bucket));
    assert_int_equal(answer.culprit.certainty, SEEP_ANSWER_WEAK); /* nobody is named */
    bool lost = (answer.culprit.doubts & SEEP_DOUBT_STACKS_LOST) != 0;
    assert_int_equal(lost, sites[i].bucket == SEEP_BUCKET_NO_STACK);
    seep_answer_free(&answer);
    fake_free(fake);
  }
}

static void managed_code_is_believed(void **state)
{
  (void)state;
  seep_trace_analysis *fake = fake_new(TRACE_MS);
  module_there(fake->modules, 0, NTDLL, MB, "\\x\\ntdll.dll");
  module_there(fake->modules, 0, PROGRAM, MB, "\\x\\coreclr.dll");
  module_finish(fake->modules);
  uint32_t dotnet = fake_instance(fake, 100, "dotnet.exe");
  const uint64_t frames[] = {NTDLL + 1, PROGRAM + 4, NOWHERE, NOWHERE + 400};
  leak(fake_stack(fake, dotnet, SEEP_TRACE_VIEW_VIRTUAL, frames, 4), 1000, 65536);
  seep_answer answer;
  assert_int_equal(fake_answer(fake, &anything, &answer), SEEP_OK);
  assert_int_equal(answer.culprit.certainty, SEEP_ANSWER_GOOD);
  assert_string_equal(seep_answer_culprit_name(&answer), "managed/JIT");
  assert_int_equal(answer.culprit.stack, 0);
  seep_answer_free(&answer);
  fake_free(fake);
}

/* A cache holds more than the leak, and is not what is asked for. */
static void steady_goes_before_large(void **state)
{
  (void)state;
  seep_trace_analysis *fake = begin(1);
  uint32_t w3wp = fake_instance(fake, 100, "w3wp.exe");
  fake_site *cache = stack_of(fake, w3wp, SEEP_TRACE_VIEW_VIRTUAL, ORDERS, 1);
  shape_blocks(&cache->shape, 4000, 0.0, 1.0, 0.4, 65536);
  leak(stack_of(fake, w3wp, SEEP_TRACE_VIEW_VIRTUAL, PRICING, 1), 1000, 4096);
  seep_answer answer;
  assert_int_equal(fake_answer(fake, &anything, &answer), SEEP_OK);
  assert_string_equal(seep_answer_culprit_name(&answer), "Contoso.Pricing.dll");
  assert_true(answer.culprit.share < 0.1);
  assert_int_equal(answer.culprit.doubts & SEEP_DOUBT_SPREAD, 0); /* it has all of what grows */
  assert_int_equal(answer.culprit.certainty, SEEP_ANSWER_GOOD);
  assert_true(answer.views[0].stacks[0].live_bytes < answer.views[0].stacks[1].live_bytes);
  seep_answer_free(&answer);
  fake_free(fake);
}

/* Large blocks of a heap are in both views: the heap's stacks are the better ones, unless it has little. */
static void the_view_that_is_judged_by(void **state)
{
  static const struct {
    unsigned heap_blocks;
    seep_trace_view view;
  } cases[] = {{0, SEEP_TRACE_VIEW_VIRTUAL},
               {400, SEEP_TRACE_VIEW_VIRTUAL},
               {600, SEEP_TRACE_VIEW_HEAP},
               {2000, SEEP_TRACE_VIEW_HEAP}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    seep_trace_analysis *fake = begin(1);
    uint32_t w3wp = fake_instance(fake, 100, "w3wp.exe");
    leak(stack_of(fake, w3wp, SEEP_TRACE_VIEW_VIRTUAL, PRICING, 1), 1000, 4096);
    leak(stack_of(fake, w3wp, SEEP_TRACE_VIEW_HEAP, ORDERS, 1), cases[i].heap_blocks, 4096);
    seep_answer answer;
    assert_int_equal(fake_answer(fake, &anything, &answer), SEEP_OK);
    assert_int_equal(answer.culprit.view, cases[i].view);
    assert_string_equal(seep_answer_culprit_name(&answer),
                        cases[i].view == SEEP_TRACE_VIEW_HEAP ? "Contoso.Orders.dll" : "Contoso.Pricing.dll");
    assert_int_equal(answer.views[SEEP_TRACE_VIEW_HEAP].has_events, cases[i].heap_blocks > 0);
    seep_answer_free(&answer);
    fake_free(fake);
  }
}

/* What a program has filled at its start says nothing about where the leak is. */
static void the_view_in_which_something_grows(void **state)
{
  (void)state;
  for (seep_trace_view leaking = 0; leaking < SEEP_TRACE_VIEWS; leaking++) {
    seep_trace_view other = leaking == SEEP_TRACE_VIEW_HEAP ? SEEP_TRACE_VIEW_VIRTUAL : SEEP_TRACE_VIEW_HEAP;
    seep_trace_analysis *fake = begin(1);
    uint32_t w3wp = fake_instance(fake, 100, "w3wp.exe");
    leak(stack_of(fake, w3wp, leaking, PRICING, 1), 1000, 4096);
    shape_blocks(&stack_of(fake, w3wp, other, ORDERS, 1)->shape, 9000, 0.0, 0.05, SHAPE_NEVER, 4096);
    seep_answer answer;
    assert_int_equal(fake_answer(fake, &anything, &answer), SEEP_OK);
    assert_int_equal(answer.culprit.view, leaking);
    assert_string_equal(seep_answer_culprit_name(&answer), "Contoso.Pricing.dll");
    assert_int_equal(answer.culprit.certainty, SEEP_ANSWER_GOOD);
    seep_answer_free(&answer);
    fake_free(fake);
  }
}

typedef void (*spoil)(seep_trace_analysis *fake);

static void lose_events(seep_trace_analysis *fake)
{
  fake->header.events_lost = 1;
}

static void lose_buffers(seep_trace_analysis *fake)
{
  fake->header.buffers_lost = 1;
}

static void flag_a_loss(seep_trace_analysis *fake)
{
  fake->merged.summary.loss_flagged_buffers = 1;
}

static void be_short(seep_trace_analysis *fake)
{
  fake->header.frequency_hz = 20000;
}

static void be_damaged(seep_trace_analysis *fake)
{
  fake->merged.summary.bad_buffers = 1;
}

static void be_cut(seep_trace_analysis *fake)
{
  fake->merged.summary.truncated = true;
}

static void be_unread(seep_trace_analysis *fake)
{
  fake->merged.summary.unread_buffers = 1;
}

static void run_out_of_room(seep_trace_analysis *fake)
{
  fake->losses.memory_limit = true;
  fake->losses.stop_ticks = fake->merged.last_ticks;
}

/* What did not grow any more because nobody looked has not become flat. */
static void run_out_of_room_half_way(seep_trace_analysis *fake)
{
  memset(&fake->sites[0].shape.use, 0, sizeof fake->sites[0].shape.use);
  shape_blocks(&fake->sites[0].shape, 1000, 0.0, 0.5, SHAPE_NEVER, 4096);
  fake->losses.memory_limit = true;
  fake->losses.stop_ticks =
      fake->merged.first_ticks + (fake->merged.last_ticks - fake->merged.first_ticks) / 2;
}

static void end_early(seep_trace_analysis *fake)
{
  fake->merged.ended_early = true;
}

static void end_process(seep_trace_analysis *fake)
{
  fake->instances[0].ended_here = true;
}

static void lose_stacks(seep_trace_analysis *fake)
{
  leak(fake_stackless(fake, 0, SEEP_TRACE_VIEW_VIRTUAL, SEEP_TRACE_SITE_LOST), 150, 4096);
}

static void lose_few_stacks(seep_trace_analysis *fake)
{
  leak(fake_stackless(fake, 0, SEEP_TRACE_VIEW_VIRTUAL, SEEP_TRACE_SITE_LOST), 100, 4096);
}

static void lose_stacks_of_many(seep_trace_analysis *fake)
{
  leak(fake_stackless(fake, 0, SEEP_TRACE_VIEW_VIRTUAL, SEEP_TRACE_SITE_LOST), 700, 4096);
  leak(stack_of(fake, 0, SEEP_TRACE_VIEW_VIRTUAL, ORDERS, 1), 700, 4096);
}

static void lose_one_of_millions(seep_trace_analysis *fake)
{
  fake->header.events_lost = 1;
  fake->merged.summary.records = 10000000;
  fake->merged.summary.buffers = 10000;
}

static void lose_a_buffer_of_thousands(seep_trace_analysis *fake)
{
  fake->header.buffers_lost = 1;
  fake->merged.summary.loss_flagged_buffers = 2;
  fake->merged.summary.records = 10000000;
  fake->merged.summary.buffers = 10000;
}

static void read_all_but_one_record(seep_trace_analysis *fake)
{
  fake->merged.summary.bad_records = 1;
  fake->merged.summary.buffers = 10000;
}

static void lose_one_in_a_hundred(seep_trace_analysis *fake)
{
  fake->header.events_lost = 1000;
  fake->merged.summary.records = 99000;
}

/* One in a thousand of two hundred times what is left: a fifth of it may be there no more. */
static void lose_few_where_much_comes_and_goes(seep_trace_analysis *fake)
{
  fake->header.events_lost = 1000;
  fake->merged.summary.records = 999000;
  shape_blocks(&stack_of(fake, 0, SEEP_TRACE_VIEW_VIRTUAL, ORDERS, 1)->shape, 1000, 0.0, 0.9, 0.01,
               200 * 4096);
}

static void spread(seep_trace_analysis *fake)
{
  leak(stack_of(fake, 0, SEEP_TRACE_VIEW_VIRTUAL, ORDERS, 1), 900, 4096);
  leak(stack_of(fake, 0, SEEP_TRACE_VIEW_VIRTUAL, PROGRAM, 1), 900, 4096);
}

static void not_steady(seep_trace_analysis *fake)
{
  memset(&fake->sites[0].shape.use, 0, sizeof fake->sites[0].shape.use);
  shape_blocks(&fake->sites[0].shape, 1000, 0.0, 0.05, SHAPE_NEVER, 4096);
}

static void two_light_doubts(seep_trace_analysis *fake)
{
  lose_events(fake);
  be_cut(fake);
}

static void nothing_wrong(seep_trace_analysis *fake)
{
  (void)fake;
}

static void each_doubt_has_its_cause(void **state)
{
  static const struct {
    spoil how;
    uint32_t doubts;
    seep_answer_certainty certainty;
  } cases[] = {
      {nothing_wrong, 0, SEEP_ANSWER_GOOD},
      {lose_events, SEEP_DOUBT_EVENTS_LOST, SEEP_ANSWER_GOOD},
      {lose_buffers, SEEP_DOUBT_EVENTS_LOST, SEEP_ANSWER_GOOD},
      {flag_a_loss, SEEP_DOUBT_EVENTS_LOST, SEEP_ANSWER_GOOD},
      {be_short, SEEP_DOUBT_SHORT, SEEP_ANSWER_GOOD},
      {be_damaged, SEEP_DOUBT_DAMAGED, SEEP_ANSWER_GOOD},
      {be_cut, SEEP_DOUBT_DAMAGED, SEEP_ANSWER_GOOD},
      {be_unread, SEEP_DOUBT_DAMAGED, SEEP_ANSWER_GOOD},
      {run_out_of_room, SEEP_DOUBT_BUDGET, SEEP_ANSWER_GOOD},
      {run_out_of_room_half_way, SEEP_DOUBT_BUDGET, SEEP_ANSWER_GOOD},
      {end_early, SEEP_DOUBT_BUDGET, SEEP_ANSWER_GOOD},
      {end_process, SEEP_DOUBT_ENDED, SEEP_ANSWER_GOOD},
      {lose_few_stacks, 0, SEEP_ANSWER_GOOD},
      {lose_stacks, SEEP_DOUBT_STACKS_LOST, SEEP_ANSWER_GOOD},
      {lose_stacks_of_many, SEEP_DOUBT_STACKS_LOST | SEEP_DOUBT_SPREAD, SEEP_ANSWER_WEAK},
      {lose_one_of_millions, 0, SEEP_ANSWER_GOOD},
      {lose_a_buffer_of_thousands, 0, SEEP_ANSWER_GOOD},
      {read_all_but_one_record, 0, SEEP_ANSWER_GOOD},
      {lose_one_in_a_hundred, SEEP_DOUBT_EVENTS_LOST, SEEP_ANSWER_GOOD},
      {lose_few_where_much_comes_and_goes, SEEP_DOUBT_EVENTS_LOST, SEEP_ANSWER_GOOD},
      {spread, SEEP_DOUBT_SPREAD, SEEP_ANSWER_WEAK},
      {not_steady, SEEP_DOUBT_NOT_STEADY, SEEP_ANSWER_WEAK},
      {two_light_doubts, SEEP_DOUBT_EVENTS_LOST | SEEP_DOUBT_DAMAGED, SEEP_ANSWER_WEAK},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    seep_trace_analysis *fake = begin(1);
    uint32_t w3wp = fake_instance(fake, 100, "w3wp.exe");
    leak(stack_of(fake, w3wp, SEEP_TRACE_VIEW_VIRTUAL, PRICING, 1), 1000, 4096);
    cases[i].how(fake);
    seep_answer answer;
    assert_int_equal(fake_answer(fake, &anything, &answer), SEEP_OK);
    assert_string_equal(seep_answer_culprit_name(&answer), "Contoso.Pricing.dll");
    assert_int_equal(answer.culprit.doubts, cases[i].doubts);
    assert_int_equal(answer.culprit.certainty, cases[i].certainty);
    seep_answer_free(&answer);
    fake_free(fake);
  }
}

static void nothing_kept_is_no_culprit(void **state)
{
  (void)state;
  seep_trace_analysis *fake = begin(1);
  uint32_t w3wp = fake_instance(fake, 100, "w3wp.exe");
  shape_blocks(&stack_of(fake, w3wp, SEEP_TRACE_VIEW_VIRTUAL, PRICING, 1)->shape, 100, 0.0, 0.5, 0.1, 4096);
  seep_answer answer;
  assert_int_equal(fake_answer(fake, &anything, &answer), SEEP_OK);
  assert_true(answer.has_process);
  assert_int_equal(answer.culprit.certainty, SEEP_ANSWER_NOTHING);
  assert_int_equal(answer.culprit.stack, SIZE_MAX);
  assert_int_equal(answer.culprit.module, SEEP_TRACE_NO_MODULE);
  assert_string_equal(seep_answer_culprit_name(&answer), "none");
  assert_int_equal(answer.views[0].stack_count, 0);
  assert_int_equal(answer.views[0].allocations, 100);
  assert_int_equal(answer.views[0].pattern, SEEP_GROWTH_NONE);
  seep_answer_free(&answer);
  fake_free(fake);
}

/* ---- which process ---- */

static seep_trace_analysis *begin_with_four(void)
{
  seep_trace_analysis *fake = begin(4);
  uint32_t cache = fake_instance(fake, 100, "cache.exe");
  uint32_t leaking = fake_instance(fake, 101, "leak.exe");
  uint32_t ended = fake_instance(fake, 102, "LEAK.exe");
  (void)fake_instance(fake, 103, "idle.exe");
  fake_site *early = stack_of(fake, cache, SEEP_TRACE_VIEW_VIRTUAL, ORDERS, 1);
  shape_blocks(&early->shape, 9000, 0.0, 0.05, SHAPE_NEVER, 4096);
  leak(stack_of(fake, leaking, SEEP_TRACE_VIEW_VIRTUAL, PRICING, 1), 1000, 4096);
  leak(stack_of(fake, ended, SEEP_TRACE_VIEW_HEAP, PRICING, 1), 5000, 4096);
  fake->instances[ended].ended_here = true;
  return fake;
}

static void the_process_with_the_most_steady_bytes(void **state)
{
  (void)state;
  seep_trace_analysis *fake = begin_with_four();
  seep_answer answer;
  assert_int_equal(fake_answer(fake, &anything, &answer), SEEP_OK);
  assert_string_equal(answer.process.name, "leak.exe");
  assert_int_equal(answer.process_count, 3);
  assert_string_equal(answer.processes[0].name, "cache.exe");
  assert_string_equal(answer.processes[1].name, "LEAK.exe");
  assert_true(answer.processes[1].ended_here);
  assert_int_equal(answer.processes[1].live_bytes[SEEP_TRACE_VIEW_HEAP], 5000 * 4096);
  assert_int_equal(answer.processes[1].allocations[SEEP_TRACE_VIEW_HEAP], 5000);
  assert_int_equal(answer.processes[2].pid, 101);
  seep_answer_free(&answer);
  fake->instances[1].ended_here =
      true; /* the larger of those that have ended, before one that is steady in no way */
  assert_int_equal(fake_answer(fake, &anything, &answer), SEEP_OK);
  assert_string_equal(answer.process.name, "LEAK.exe");
  assert_int_equal(answer.culprit.doubts, SEEP_DOUBT_ENDED);
  seep_answer_free(&answer);
  fake_free(fake);
}

static void the_process_that_was_asked_for(void **state)
{
  static const struct {
    seep_answer_options options;
    seep_status status;
    uint32_t pid;
    bool has_process;
  } cases[] = {
      {{.has_pid = true, .pid = 100}, SEEP_OK, 100, true},
      {{.has_pid = true, .pid = 102}, SEEP_OK, 102, true},
      {{.has_pid = true, .pid = 103}, SEEP_OK, 103, false},
      {{.has_pid = true, .pid = 999}, SEEP_NOT_FOUND, 0, false},
      {{.process_name = "CACHE.EXE"}, SEEP_OK, 100, true},
      {{.process_name = "leak.exe"}, SEEP_OK, 101, true}, /* it lives */
      {{.process_name = "idle.exe"}, SEEP_OK, 103, false},
      {{.process_name = "cache"}, SEEP_NOT_FOUND, 0, false},
      {{.has_pid = true, .pid = 100, .process_name = "leak.exe"}, SEEP_NOT_FOUND, 0, false},
      {{.has_pid = true, .pid = 102, .process_name = "leak.exe"}, SEEP_OK, 102, true},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    seep_trace_analysis *fake = begin_with_four();
    seep_answer answer;
    assert_int_equal(fake_answer(fake, &cases[i].options, &answer), cases[i].status);
    assert_int_equal(answer.process.pid, cases[i].pid);
    assert_int_equal(answer.has_process, cases[i].has_process);
    assert_int_equal(answer.process_count, 3); /* whatever was asked for */
    assert_int_equal(answer.duration_ms, TRACE_MS);
    assert_non_null(answer.process.name);
    if (!cases[i].has_process) {
      assert_int_equal(answer.culprit.certainty, SEEP_ANSWER_NOTHING);
      assert_string_equal(seep_answer_culprit_name(&answer), "none");
    }
    seep_answer_free(&answer);
    fake_free(fake);
  }
}

static void a_pid_that_was_used_again_is_the_last_ones(void **state)
{
  (void)state;
  seep_trace_analysis *fake = begin(2);
  uint32_t second = fake_instance(fake, 100, "second.exe");
  uint32_t first = fake_instance(fake, 100, "first.exe");
  fake->instances[second].from_ticks += 5000;
  leak(stack_of(fake, first, SEEP_TRACE_VIEW_VIRTUAL, PRICING, 1), 1000, 4096);
  leak(stack_of(fake, second, SEEP_TRACE_VIEW_VIRTUAL, PRICING, 1), 10, 4096);
  const seep_answer_options options = {.has_pid = true, .pid = 100};
  seep_answer answer;
  assert_int_equal(fake_answer(fake, &options, &answer), SEEP_OK);
  assert_string_equal(answer.process.name, "second.exe");
  seep_answer_free(&answer);
  fake_free(fake);
}

static void a_trace_without_anything(void **state)
{
  (void)state;
  seep_trace_analysis *fake = fake_new(TRACE_MS);
  module_finish(fake->modules);
  (void)fake_instance(fake, 1, "idle.exe");
  fake->header.frequency_hz = 0;
  seep_answer answer;
  assert_int_equal(fake_answer(fake, &anything, &answer), SEEP_OK);
  assert_false(answer.has_process);
  assert_int_equal(answer.process_count, 0);
  assert_int_equal(answer.duration_ms, -1);
  assert_string_equal(answer.process.name, "");
  seep_answer_free(&answer);
  fake_free(fake);
}

/* ---- bounds ---- */

static void only_so_many_stacks(void **state)
{
  (void)state;
  seep_trace_analysis *fake = begin(1);
  uint32_t w3wp = fake_instance(fake, 100, "w3wp.exe");
  /* The culprit's are many and small, another's few and large. */
  for (unsigned i = 0; i < 3000; i++) {
    leak(stack_of(fake, w3wp, SEEP_TRACE_VIEW_VIRTUAL, PRICING, i), 200, 100);
  }
  for (unsigned i = 0; i < 20; i++) {
    leak(stack_of(fake, w3wp, SEEP_TRACE_VIEW_VIRTUAL, ORDERS, i), 200, 1000);
  }
  static const size_t asked[] = {0, 1, 5, 10000};
  static const size_t shown[] = {SEEP_ANSWER_STACKS, 1, 5, SEEP_ANSWER_STACKS_MAXIMUM};
  for (size_t i = 0; i < 4; i++) {
    const seep_answer_options options = {.maximum_stacks = asked[i]};
    seep_answer answer;
    assert_int_equal(fake_answer(fake, &options, &answer), SEEP_OK);
    const seep_answer_view *view = &answer.views[SEEP_TRACE_VIEW_VIRTUAL];
    assert_int_equal(view->stack_count, shown[i]);
    assert_int_equal(view->all_stacks, 3020);
    uint64_t sum = view->other_bytes;
    for (size_t at = 0; at < view->stack_count; at++) {
      sum += view->stacks[at].live_bytes;
      assert_true(at == 0 || view->stacks[at].steady_bytes <= view->stacks[at - 1].steady_bytes);
    }
    assert_int_equal(sum, view->live_bytes);
    assert_string_equal(seep_answer_culprit_name(&answer), "Contoso.Pricing.dll");
    const seep_answer_stack *stack = &view->stacks[answer.culprit.stack]; /* is shown in any case */
    assert_int_equal(stack->frames[stack->culprit].placed.module, answer.culprit.module);
    seep_answer_free(&answer);
  }
  const seep_answer_options large = {.minimum_bytes = 100000};
  seep_answer answer;
  assert_int_equal(fake_answer(fake, &large, &answer), SEEP_OK);
  assert_int_equal(answer.views[0].stack_count, 20);
  assert_int_equal(answer.views[0].other_bytes, 3000 * 200 * 100);
  assert_int_equal(answer.culprit.stack, SIZE_MAX);
  seep_answer_free(&answer);
  fake_free(fake);
}

/* More modules than anybody has: what is beyond the bound lies in none, and nothing breaks. */
static void more_modules_than_are_summed(void **state)
{
  enum { MODULES = 9000, EACH = 8 };
  (void)state;
  seep_trace_analysis *fake = fake_new(TRACE_MS);
  char path[32];
  for (uint32_t i = 0; i < MODULES; i++) {
    (void)snprintf(path, sizeof path, "\\x\\%u.dll", (unsigned)i);
    module_there(fake->modules, 0, PRICING + i * MB, MB, path);
  }
  module_finish(fake->modules);
  uint32_t huge = fake_instance(fake, 100, "huge.exe");
  for (uint32_t i = 0; i < MODULES / EACH; i++) {
    uint64_t frames[EACH];
    for (uint32_t at = 0; at < EACH; at++) {
      frames[at] = PRICING + (i * EACH + at) * MB + 5;
    }
    leak(fake_stack(fake, huge, SEEP_TRACE_VIEW_VIRTUAL, frames, EACH), 100, 4096);
  }
  const seep_answer_options options = {.maximum_stacks = 2000};
  seep_answer answer;
  assert_int_equal(fake_answer(fake, &options, &answer), SEEP_OK);
  assert_int_equal(answer.module_count, 8192);
  assert_int_equal(answer.views[0].bucket_bytes[SEEP_BUCKET_UNKNOWN], (MODULES - 8192) / EACH * 100 * 4096);
  for (size_t i = 0; i < answer.views[0].stack_count; i++) {
    for (size_t at = 0; at < EACH; at++) {
      const seep_placed_frame *placed = &answer.views[0].stacks[i].frames[at].placed;
      assert_true(placed->module < answer.module_count || placed->place == SEEP_FRAME_UNKNOWN);
    }
  }
  seep_answer_free(&answer);
  fake_free(fake);
}

/* Whether a process makes its own code takes a walk over all that it has loaded: not one for each stack. */
static void many_modules_and_many_stacks_outside_of_them(void **state)
{
  enum { MODULES = 50000, STACKS = 4000 };
  (void)state;
  seep_trace_analysis *fake = fake_new(TRACE_MS);
  for (uint32_t i = 0; i < MODULES; i++) {
    module_there(fake->modules, 0, PRICING + i * MB, MB, i + 1 < MODULES ? "\\x\\y.dll" : "\\x\\coreclr.dll");
  }
  module_finish(fake->modules);
  uint32_t huge = fake_instance(fake, 100, "huge.exe");
  for (uint32_t i = 0; i < STACKS; i++) {
    const uint64_t frame = NOWHERE + i * 16;
    shape_blocks(&fake_stack(fake, huge, SEEP_TRACE_VIEW_VIRTUAL, &frame, 1)->shape, 2, 0.0, 1.0, SHAPE_NEVER,
                 64);
  }
  seep_answer answer;
  assert_int_equal(fake_answer(fake, &anything, &answer), SEEP_OK);
  assert_int_equal(answer.culprit.bucket, SEEP_BUCKET_MANAGED);
  assert_int_equal(answer.views[0].bucket_count[SEEP_BUCKET_MANAGED], 2 * STACKS);
  seep_answer_free(&answer);
  fake_free(fake);
}

/* Frames lie in the modules of whoever allocated. */
static void memory_that_another_process_allocated(void **state)
{
  (void)state;
  seep_trace_analysis *fake = begin(2);
  uint32_t owner = fake_instance(fake, 100, "owner.exe");
  uint32_t other = fake_instance(fake, 101, "other.exe");
  fake_site *site = stack_of(fake, owner, SEEP_TRACE_VIEW_VIRTUAL, PROGRAM, 1);
  site->site.is_remote = true;
  site->site.frames_of = other;
  leak(site, 1000, 4096);
  seep_answer answer;
  assert_int_equal(fake_answer(fake, &anything, &answer), SEEP_OK);
  assert_string_equal(answer.process.name, "owner.exe");
  assert_string_equal(seep_answer_culprit_name(&answer), "p1.exe");
  assert_true(answer.views[0].stacks[0].is_remote);
  seep_answer_free(&answer);
  fake_free(fake);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_culprit_and_all_about_it),
      cmocka_unit_test(sums_of_modules),
      cmocka_unit_test(what_is_no_module_has_a_bucket),
      cmocka_unit_test(managed_code_is_believed),
      cmocka_unit_test(steady_goes_before_large),
      cmocka_unit_test(the_view_that_is_judged_by),
      cmocka_unit_test(the_view_in_which_something_grows),
      cmocka_unit_test(each_doubt_has_its_cause),
      cmocka_unit_test(nothing_kept_is_no_culprit),
      cmocka_unit_test(the_process_with_the_most_steady_bytes),
      cmocka_unit_test(the_process_that_was_asked_for),
      cmocka_unit_test(a_pid_that_was_used_again_is_the_last_ones),
      cmocka_unit_test(a_trace_without_anything),
      cmocka_unit_test(only_so_many_stacks),
      cmocka_unit_test(more_modules_than_are_summed),
      cmocka_unit_test(many_modules_and_many_stacks_outside_of_them),
      cmocka_unit_test(memory_that_another_process_allocated),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
