/* Which kind of memory grows: whose memory the engine asks for and when, and what comes of the answers. The
 * inventories are made up; what is concluded from real ones is memory/growth's and has its own tests. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_rig.h"

#define SUSPECT 17 /* polls until a process that grows by 2 MB a second is suspect, */
#define CALLED 69  /* and until it is called a leak */
#define INTERVAL 10
#define MANY 70

/* As the rig, and processes are looked into every ten seconds when they have grown by 16 MB. */
static int set_up(void **state)
{
  engine_rig *r;
  if (engine_rig_set_up(state) != 0) {
    return -1;
  }
  r = *state;
  r->settings.memory_enabled = true;
  r->settings.memory_interval_ms = 1000 * INTERVAL;
  r->settings.memory_minimum_growth_bytes = 16 * MB;
  engine_rig_restart(r);
  return 0;
}

static fake_process *add_leak(engine_rig *r, uint32_t pid, const char *name)
{
  return fake_world_add(&r->world, pid, name, 100 * MB, 2 * (int64_t)MB);
}

static seep_process_key key_of(const fake_process *process)
{
  seep_process_key key = {process->pid, process->created};
  return key;
}

/* ---- made-up inventories ---- */

static void put_tag(seep_inventory *inventory, seep_tag tag, uint64_t bytes)
{
  seep_usage_sum *sum = &inventory->usage.tags[tag];
  sum->allocations = sum->regions = 1;
  sum->total_bytes = sum->committed_bytes = sum->private_bytes = bytes;
  inventory->commit_bytes += bytes;
}

static seep_inventory inventory_of(uint64_t heap_bytes, uint64_t private_bytes)
{
  seep_inventory inventory = {.regions_known = true,
                              .heaps_known = true,
                              .pointer_bytes = 8,
                              .modules_known = true,
                              .heaps = 1,
                              .threads = 1};
  put_tag(&inventory, SEEP_TAG_HEAP, heap_bytes);
  put_tag(&inventory, SEEP_TAG_UNKNOWN, private_bytes);
  return inventory;
}

static void answer(engine_rig *r, const seep_inventory *inventory)
{
  seep_engine_inventory(r->engine, engine_rig_now(r), r->inventory_of, SEEP_OK, inventory);
}

static void answer_heap(engine_rig *r, uint64_t heap_bytes)
{
  seep_inventory inventory = inventory_of(heap_bytes, 50 * MB);
  answer(r, &inventory);
}

static void refuse(engine_rig *r, seep_status status)
{
  seep_engine_inventory(r->engine, engine_rig_now(r), r->inventory_of, status, NULL);
}

typedef enum memory_grown { HEAP_GROWS, PRIVATE_GROWS, BOTH_GROW, HEAPS_UNKNOWN } memory_grown;

/* So many polls; whatever is asked for is answered with what the process has grown by. */
static void poll_answering(engine_rig *r, unsigned polls, const fake_process *process, memory_grown how)
{
  for (unsigned i = 0; i < polls; i++) {
    size_t before = r->inventories;
    engine_rig_poll(r, 1);
    if (r->inventories == before) {
      continue;
    }
    uint64_t grown = process->commit_bytes - 100 * MB;
    seep_inventory inventory = how == HEAP_GROWS ? inventory_of(50 * MB + grown, 50 * MB)
                               : how == PRIVATE_GROWS
                                   ? inventory_of(50 * MB, 50 * MB + grown)
                                   : inventory_of(50 * MB + grown / 2, 50 * MB + grown / 2);
    if (how == HEAPS_UNKNOWN) {
      inventory.heaps_known = false;
      inventory.problem = "a test";
    }
    answer(r, &inventory);
  }
}

/* ---- when it is asked ---- */

static void a_suspect_is_asked_for_and_again_when_it_has_grown(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = add_leak(r, 4242, "leaky.exe");
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  engine_rig_poll(r, SUSPECT - 1);
  assert_int_equal(r->inventories, 0);
  engine_rig_poll(r, 1);
  assert_int_equal(seep_engine_suspects(r->engine), 1);
  assert_int_equal(r->inventories, 1);
  assert_int_equal(r->inventory_of.pid, 4242);
  assert_int_equal(r->inventory_of.created, leaky->created);
  engine_rig_poll(r, INTERVAL + 2);
  assert_int_equal(r->inventories, 1); /* it has not been answered */
  answer_heap(r, 100 * MB);
  assert_int_equal(r->inventories, 1); /* one in a poll */
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventories, 2);
  answer_heap(r, 120 * MB);
  engine_rig_poll(r, INTERVAL - 1);
  assert_int_equal(r->inventories, 2);
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventories, 3);
}

static void take_minimum_growth(engine_rig *r, uint64_t bytes)
{
  r->settings.memory_minimum_growth_bytes = bytes;
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
}

static void nobody_is_asked_for_again_without_growth(void **state)
{
  engine_rig *r = *state;
  add_leak(r, 4242, "leaky.exe");
  take_minimum_growth(r, 30 * MB);
  engine_rig_poll(r, SUSPECT);
  answer_heap(r, 100 * MB);
  engine_rig_poll(r, 14); /* the time has passed, the growth is 28 MB */
  assert_int_equal(r->inventories, 1);
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventories, 2);
  answer_heap(r, 130 * MB);
  take_minimum_growth(r, 300 * MB);
  engine_rig_poll(r, 149);
  assert_int_equal(seep_engine_looked_into(r->engine), 1);
  assert_int_equal(r->inventories, 2);
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventories, 3);
}

static void looks_are_rarer_the_more_has_grown(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = add_leak(r, 4242, "leaky.exe");
  poll_answering(r, CALLED, leaky, HEAP_GROWS);
  uint64_t first_bytes = (100 + 2 * SUSPECT) * MB;
  leaky->growth_per_second = 20 * (int64_t)MB;
  poll_answering(r, 100, leaky, HEAP_GROWS);
  uint64_t last_bytes = 0;
  for (unsigned i = 0; i < 3; i++) {
    size_t before = r->inventories;
    while (r->inventories == before) {
      poll_answering(r, 1, leaky, HEAP_GROWS);
    }
    if (last_bytes != 0) {
      uint64_t quarter = (leaky->commit_bytes - first_bytes) / 4;
      uint64_t grown = leaky->commit_bytes - last_bytes;
      assert_true(grown >= quarter && grown < quarter + 30 * MB);
    }
    last_bytes = leaky->commit_bytes;
  }
}

static void what_was_given_back_is_no_reason_to_wait(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = add_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  leaky->commit_bytes += 400 * MB;
  answer_heap(r, 100 * MB);
  engine_rig_poll(r, 1);
  answer_heap(r, 500 * MB);
  leaky->commit_bytes -= 390 * MB;
  engine_rig_poll(r, 1);
  size_t before = r->inventories;
  engine_rig_poll(r, 25); /* 50 MB from there, and 150 MB since the first; 195 s to where it has been */
  assert_int_equal(seep_engine_looked_into(r->engine), 1);
  assert_int_equal(r->inventories, before + 1);
}

static void while_it_grows_rapidly_five_times_as_often(void **state)
{
  engine_rig *r = *state;
  r->settings.detector_observation_ms = 6400000;
  engine_rig_restart(r);
  r->world.memory.commit_limit_bytes = UINT64_C(9) << 30;
  fake_process *leaky = fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 20 * (int64_t)MB);
  poll_answering(r, 30, leaky, HEAP_GROWS);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_RAPID_GROWTH), 1);
  size_t before = r->inventories;
  while (r->inventories == before) {
    poll_answering(r, 1, leaky, HEAP_GROWS);
    assert_true(leaky->commit_bytes < 2000 * MB);
  }
  leaky->commit_bytes += 1000 * MB;
  engine_rig_poll(r, INTERVAL / 5 - 1);
  assert_int_equal(r->inventories, before + 1);
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventories, before + 2);
}

static void nobody_is_asked_for_who_is_ignored(void **state)
{
  engine_rig *r = *state;
  r->settings.ignored_count = 1;
  snprintf(r->settings.ignored[0], sizeof r->settings.ignored[0], "LEAKY.exe");
  engine_rig_restart(r);
  add_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED + 20);
  assert_int_equal(r->inventories, 0);
}

static void switched_off_nobody_is_asked_for_and_no_recording_waits(void **state)
{
  engine_rig *r = *state;
  r->settings.memory_enabled = false;
  engine_rig_restart(r);
  add_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  assert_int_equal(r->leaks_opened, 1);
  assert_int_equal(r->inventories, 0);
  assert_int_equal(r->requests, 1);
  assert_int_equal(r->target.memory_kind, SEEP_MEMORY_UNDETERMINED);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 1, "memory kind"), "undetermined");
}

static void switched_off_while_running_it_forgets_and_takes_no_answer(void **state)
{
  engine_rig *r = *state;
  add_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  assert_int_equal(r->inventories, 1);
  assert_int_equal(r->requests, 0);
  r->settings.memory_enabled = false;
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  engine_rig_poll(r, 1);
  assert_int_equal(seep_engine_looked_into(r->engine), 0);
  assert_int_equal(r->requests, 1);
  answer_heap(r, 100 * MB);
  r->settings.memory_enabled = true;
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventories, 2);
}

static void one_at_a_time_and_everybody_in_turn(void **state)
{
  engine_rig *r = *state;
  add_leak(r, 1001, "a.exe");
  add_leak(r, 1002, "b.exe");
  engine_rig_poll(r, SUSPECT + INTERVAL + 2);
  assert_int_equal(seep_engine_suspects(r->engine), 2);
  assert_int_equal(r->inventories, 1);
  uint32_t first = r->inventory_of.pid;
  answer_heap(r, 100 * MB);
  engine_rig_poll(r, 1); /* the first is due again, the second was never asked for */
  assert_int_equal(r->inventories, 2);
  assert_int_not_equal(r->inventory_of.pid, first);
  engine_rig_poll(r, 2 * INTERVAL);
  answer_heap(r, 100 * MB);
  engine_rig_poll(r, 1); /* both are due */
  assert_int_equal(r->inventories, 3);
  assert_int_equal(r->inventory_of.pid, first);
}

static void rapid_growth_comes_first(void **state)
{
  engine_rig *r = *state;
  r->settings.detector_observation_ms = 640000;
  engine_rig_restart(r);
  r->world.memory.commit_limit_bytes = UINT64_C(9) << 30;
  fake_world_add(&r->world, 1001, "a.exe", 100 * MB, (int64_t)MB / 16);
  fake_world_add(&r->world, 1002, "b.exe", 100 * MB, (int64_t)MB / 16);
  while (r->inventories == 0) {
    engine_rig_poll(r, 1);
    assert_true(r->polls_stored < 600);
  }
  fake_world_add(&r->world, 1003, "c.exe", 100 * MB, 20 * (int64_t)MB);
  engine_rig_poll(r, 60);
  assert_int_equal(seep_engine_suspects(r->engine), 2);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_RAPID_GROWTH), 1);
  answer_heap(r, 100 * MB);
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventory_of.pid, 1003);
}

/* ---- answers that are none ---- */

static void who_is_denied_is_never_asked_for_again(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = add_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, SUSPECT);
  refuse(r, SEEP_DENIED);
  assert_int_equal(seep_engine_looked_into(r->engine), 0);
  engine_rig_poll(r, CALLED - SUSPECT);
  assert_int_equal(r->leaks_opened, 1);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 1, "memory kind"),
                      "undetermined: the process may not be read");
  assert_int_equal(r->requests, 1); /* no answer can come: nothing to wait for */
  engine_rig_poll(r, 50);
  leaky->commit_bytes = 100 * MB; /* a case that ends and another one */
  leaky->growth_per_second = 0;
  engine_rig_poll(r, 200);
  assert_int_equal(seep_engine_open_leaks(r->engine), 0);
  leaky->commit_bytes = 400 * MB;
  leaky->growth_per_second = 2 * (int64_t)MB;
  engine_rig_poll(r, 100);
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
  assert_int_equal(r->inventories, 1);
}

static void what_fails_is_tried_again_after_the_interval(void **state)
{
  static const seep_status failures[] = {SEEP_OS, SEEP_NO_MEMORY, SEEP_TIMED_OUT, SEEP_GONE, SEEP_CANCELLED};
  for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
    void *own = NULL;
    assert_int_equal(set_up(&own), 0);
    engine_rig *r = own;
    add_leak(r, 4242, "leaky.exe");
    engine_rig_poll(r, SUSPECT);
    refuse(r, failures[i]);
    engine_rig_poll(r, INTERVAL - 1);
    assert_int_equal(r->inventories, 1);
    engine_rig_poll(r, 1);
    assert_int_equal(r->inventories, 2);
    engine_rig_tear_down(&own);
  }
  (void)state;
}

/* The next poll tells that it has ended, or that it has not: then there was another reason. */
static void who_is_said_to_be_gone_and_is_not_is_not_told_as_such(void **state)
{
  engine_rig *r = *state;
  add_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, SUSPECT);
  refuse(r, SEEP_GONE);
  engine_rig_poll(r, CALLED - SUSPECT);
  assert_string_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 1, "memory kind"),
                      "undetermined: nothing has been compared yet");
}

static void a_verdict_survives_a_look_that_fails(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = add_leak(r, 4242, "leaky.exe");
  poll_answering(r, CALLED, leaky, HEAP_GROWS);
  assert_string_equal(r->last_leak.kind, "Heap");
  size_t before = r->inventories;
  while (r->inventories == before) {
    engine_rig_poll(r, 1);
  }
  refuse(r, SEEP_DENIED);
  engine_rig_poll(r, 40);
  assert_string_equal(r->last_leak.kind, "Heap");
  assert_int_equal(r->inventories, before + 1);
}

/* ---- bounds ---- */

static seep_process_sample samples[MANY];

/* Decoded samples: the rig's world is too small for so many. */
static void poll_many(engine_rig *r, uint64_t growth_bytes)
{
  fake_world_advance(&r->world, 1000);
  for (size_t i = 0; i < MANY; i++) {
    samples[i].commit_bytes += growth_bytes;
  }
  seep_engine_poll_samples(r->engine, engine_rig_now(r), samples, MANY, &r->world.memory);
}

static void begin_many(engine_rig *r)
{
  for (uint32_t i = 0; i < MANY; i++) {
    samples[i] = (seep_process_sample){.key = {1000 + i, 7000 + i},
                                       .commit_bytes = 100 * MB,
                                       .name_utf16le = (const uint8_t *)"x\0",
                                       .name_bytes = 2};
  }
  r->settings.memory_interval_ms = 3600000;
  engine_rig_restart(r);
}

static void sixty_four_at_most(void **state)
{
  engine_rig *r = *state;
  bool asked[MANY] = {false};
  size_t distinct = 0;
  begin_many(r);
  for (unsigned i = 0; i < 200; i++) {
    size_t before = r->inventories;
    poll_many(r, MB);
    assert_true(r->inventories <= before + 1);
    assert_true(seep_engine_looked_into(r->engine) <= 64);
    if (r->inventories > before) {
      bool *it = &asked[r->inventory_of.pid - 1000];
      distinct += !*it;
      *it = true;
      answer_heap(r, 100 * MB);
    }
  }
  assert_int_equal(seep_engine_looked_into(r->engine), 64);
  assert_int_equal(distinct, 64);
  assert_int_equal(r->inventories, 64);
}

static void a_case_takes_the_place_of_a_suspect(void **state)
{
  engine_rig *r = *state;
  r->settings.detector_observation_ms = 640000;
  begin_many(r);
  r->world.memory.commit_limit_bytes = UINT64_C(9) << 30;
  for (unsigned i = 0; i < 600 && r->inventories < 64; i++) {
    size_t before = r->inventories;
    poll_many(r, MB / 16);
    if (r->inventories > before) {
      answer_heap(r, 100 * MB);
    }
  }
  assert_int_equal(r->inventories, 64);
  assert_int_equal(r->leaks_opened, 0);
  size_t last = MANY;
  while (last-- > 0 && r->inventories == 64) { /* somebody who was not asked for yet among them */
    for (unsigned i = 0; i < 60 && r->leaks_opened == MANY - 1 - last; i++) {
      samples[last].commit_bytes += 20 * MB;
      poll_many(r, MB / 16);
    }
  }
  assert_int_equal(r->inventories, 65);
  assert_int_equal(r->inventory_of.pid, r->last_leak.key.pid);
  assert_int_equal(seep_engine_looked_into(r->engine), 64);
}

/* ---- what an answer changes ---- */

static void a_kind_known_at_the_opening_is_told_and_nothing_waits(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = add_leak(r, 4242, "leaky.exe");
  poll_answering(r, CALLED, leaky, HEAP_GROWS);
  assert_int_equal(r->leaks_opened, 1);
  assert_int_equal(r->leaks_updated, 0);
  assert_string_equal(r->last_leak.kind, "Heap");
  const char *told = engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 1, "memory kind");
  assert_memory_equal(told, "Heap, ", 6);
  assert_non_null(strstr(told, " percent sure: "));
  assert_int_equal(r->requests, 1);
  assert_int_equal(r->target.memory_kind, SEEP_MEMORY_HEAP);
  assert_true(r->target.memory_confidence > 0.5 && r->target.memory_confidence <= 1.0);
}

static void the_row_follows_the_kind_and_is_not_written_for_nothing(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = add_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  assert_int_equal(r->leaks_opened, 1);
  assert_string_equal(r->last_leak.kind, "undetermined");
  assert_memory_equal(engine_rig_insert(r, SEEP_ALERT_LEAK_FOUND, 1, "memory kind"), "undetermined: ", 14);
  size_t updated = r->leaks_updated;
  answer_heap(r, leaky->commit_bytes - 50 * MB);
  assert_int_equal(r->leaks_updated, updated); /* still undetermined */
  while (strcmp(r->last_leak.kind, "undetermined") == 0) {
    poll_answering(r, 1, leaky, HEAP_GROWS);
    assert_true(r->inventories < 10);
  }
  assert_string_equal(r->last_leak.kind, "Heap");
  assert_int_equal(r->leaks_updated, updated + 1);
  leaky->growth_per_second = 10 * (int64_t)MB;
  poll_answering(r, 60, leaky, HEAP_GROWS);
  assert_int_equal(r->leaks_updated, updated + 1);
}

static void a_recording_waits_for_the_kind_and_no_longer(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = add_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  answer_heap(r, (50 + 2 * SUSPECT) * MB); /* as it was when it was asked for */
  assert_int_equal(r->leaks_opened, 1);
  assert_int_equal(r->requests, 0);
  while (strcmp(r->last_leak.kind, "undetermined") == 0) {
    assert_int_equal(r->requests, 0);
    poll_answering(r, 1, leaky, HEAP_GROWS);
    assert_true(r->inventories < 10);
  }
  assert_string_equal(r->last_leak.kind, "Heap");
  assert_int_equal(r->inventories, 3); /* two comparisons */
  assert_int_equal(r->requests, 1);    /* with the answer, not at the next poll */
  assert_int_equal(r->target.memory_kind, SEEP_MEMORY_HEAP);
  assert_int_equal(r->target.case_id, r->last_leak.id);
}

static void a_recording_does_not_wait_for_ever(void **state)
{
  engine_rig *r = *state;
  add_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  engine_rig_poll(r, 299);
  assert_int_equal(r->leaks_opened, 1);
  assert_int_equal(r->requests, 0);
  engine_rig_poll(r, 1);
  assert_int_equal(r->requests, 1);
  assert_int_equal(r->target.memory_kind, SEEP_MEMORY_UNDETERMINED);
  assert_true(r->target.memory_confidence == 0.0);
}

/* As with a process whose heaps nobody can decode. */
static void after_three_comparisons_nothing_more_is_waited_for(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = add_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  refuse(r, SEEP_OS);
  int64_t opened_ms = r->world.mono_ms;
  while (r->requests == 0) {
    poll_answering(r, 1, leaky, HEAPS_UNKNOWN);
    assert_true(r->world.mono_ms - opened_ms < 200000);
  }
  assert_int_equal(r->inventories, 5); /* one refused, one to begin with, three compared */
  assert_string_equal(r->last_leak.kind, "undetermined");
}

static void mixed_is_an_answer_only_after_three_comparisons(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = add_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  refuse(r, SEEP_OS);
  while (r->requests == 0) {
    poll_answering(r, 1, leaky, BOTH_GROW);
    assert_true(r->inventories < 10);
  }
  assert_int_equal(r->inventories, 5);
  assert_int_equal(r->target.memory_kind, SEEP_MEMORY_MIXED);
  assert_string_equal(r->last_leak.kind, "mixed");
}

static void while_the_service_stops_nothing_begins(void **state)
{
  engine_rig *r = *state;
  add_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, CALLED);
  seep_engine_stop(r->engine, engine_rig_now(r));
  refuse(r, SEEP_OS);
  engine_rig_poll(r, 2 * INTERVAL);
  assert_int_equal(r->inventories, 1);
  refuse(r, SEEP_DENIED);
  engine_rig_poll(r, 1);
  assert_int_equal(r->requests, 0);
}

/* ---- ends ---- */

static void who_ends_while_an_inventory_is_out_is_forgotten(void **state)
{
  engine_rig *r = *state;
  seep_process_key key = key_of(add_leak(r, 4242, "leaky.exe"));
  engine_rig_poll(r, SUSPECT);
  assert_int_equal(seep_engine_looked_into(r->engine), 1);
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  add_leak(r, 4243, "other.exe");
  fake_world_remove(&r->world, 4242);
  engine_rig_poll(r, SUSPECT);
  assert_int_equal(seep_engine_suspects(r->engine), 1);
  assert_int_equal(seep_engine_looked_into(r->engine), 0);
  assert_int_equal(r->inventories, 1); /* the one that is out comes first */
  seep_inventory inventory = inventory_of(100 * MB, 0);
  seep_engine_inventory(r->engine, engine_rig_now(r), key, SEEP_OK, &inventory);
  assert_int_equal(seep_engine_looked_into(r->engine), 0);
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventories, 2);
  assert_int_equal(r->inventory_of.pid, 4243);
  fake_world_remove(&r->world, 4243);
  engine_rig_poll(r, 1);
  refuse(r, SEEP_GONE);
  assert_int_equal(seep_engine_looked_into(r->engine), 0);
}

static void another_process_under_the_same_pid_does_not_inherit_an_answer(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = add_leak(r, 4242, "leaky.exe");
  seep_process_key old = key_of(leaky);
  engine_rig_poll(r, SUSPECT);
  leaky->created += 10000000;
  leaky->commit_bytes = 100 * MB;
  engine_rig_poll(r, SUSPECT);
  assert_int_equal(r->inventories, 1);
  seep_engine_inventory(r->engine, engine_rig_now(r), old, SEEP_DENIED, NULL);
  engine_rig_poll(r, 1);
  assert_int_equal(r->inventories, 2);
  assert_int_equal(r->inventory_of.created, leaky->created);
}

static void whose_suspicion_is_cleared_is_forgotten(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = add_leak(r, 4242, "leaky.exe");
  engine_rig_poll(r, SUSPECT);
  answer_heap(r, 100 * MB);
  leaky->growth_per_second = 0;
  leaky->commit_bytes = 100 * MB;
  engine_rig_poll(r, 100);
  assert_int_equal(seep_engine_suspects(r->engine), 0);
  assert_int_equal(seep_engine_looked_into(r->engine), 0);
  assert_int_equal(r->inventories, 1);
  assert_int_equal(r->leaks_opened, 0);
}

static void a_case_that_is_over_is_forgotten(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = add_leak(r, 4242, "leaky.exe");
  poll_answering(r, CALLED, leaky, HEAP_GROWS);
  assert_int_equal(seep_engine_looked_into(r->engine), 1);
  leaky->growth_per_second = 0;
  leaky->commit_bytes = 100 * MB;
  engine_rig_poll(r, 100);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_OVER), 1);
  assert_string_equal(r->last_leak.kind, "Heap"); /* the row of the closed case keeps it */
  assert_int_equal(seep_engine_looked_into(r->engine), 0);
}

static void a_successor_keeps_the_kind_until_it_has_one_of_its_own(void **state)
{
  engine_rig *r = *state;
  fake_process *leaky = add_leak(r, 4242, "leaky.exe");
  poll_answering(r, CALLED, leaky, HEAP_GROWS);
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  fake_world_remove(&r->world, 4242);
  engine_rig_poll(r, 2);
  leaky = add_leak(r, 5000, "leaky.exe");
  engine_rig_poll(r, 1);
  assert_int_equal(r->last_leak.key.pid, 5000);
  assert_string_equal(r->last_leak.kind, "Heap");
  while (r->inventory_of.pid != 5000) { /* it has an open case: it is asked for before it is suspect */
    engine_rig_poll(r, 1);
    assert_true(leaky->commit_bytes < 120 * MB);
  }
  answer_heap(r, leaky->commit_bytes - 50 * MB);
  assert_string_equal(r->last_leak.kind, "Heap");
  while (strcmp(r->last_leak.kind, "Heap") == 0) {
    poll_answering(r, 1, leaky, PRIVATE_GROWS);
    assert_true(leaky->commit_bytes < 400 * MB);
  }
  assert_string_equal(r->last_leak.kind, "Private Data");
  assert_int_equal(r->last_leak.key.pid, 5000);
  assert_int_equal(r->leaks_opened, 1);
}

#define memory_test(f) cmocka_unit_test_setup_teardown(f, set_up, engine_rig_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      memory_test(a_suspect_is_asked_for_and_again_when_it_has_grown),
      memory_test(nobody_is_asked_for_again_without_growth),
      memory_test(looks_are_rarer_the_more_has_grown),
      memory_test(what_was_given_back_is_no_reason_to_wait),
      memory_test(while_it_grows_rapidly_five_times_as_often),
      memory_test(nobody_is_asked_for_who_is_ignored),
      memory_test(switched_off_nobody_is_asked_for_and_no_recording_waits),
      memory_test(switched_off_while_running_it_forgets_and_takes_no_answer),
      memory_test(one_at_a_time_and_everybody_in_turn),
      memory_test(rapid_growth_comes_first),
      memory_test(who_is_denied_is_never_asked_for_again),
      memory_test(what_fails_is_tried_again_after_the_interval),
      memory_test(who_is_said_to_be_gone_and_is_not_is_not_told_as_such),
      memory_test(a_verdict_survives_a_look_that_fails),
      memory_test(sixty_four_at_most),
      memory_test(a_case_takes_the_place_of_a_suspect),
      memory_test(a_kind_known_at_the_opening_is_told_and_nothing_waits),
      memory_test(the_row_follows_the_kind_and_is_not_written_for_nothing),
      memory_test(a_recording_waits_for_the_kind_and_no_longer),
      memory_test(a_recording_does_not_wait_for_ever),
      memory_test(after_three_comparisons_nothing_more_is_waited_for),
      memory_test(mixed_is_an_answer_only_after_three_comparisons),
      memory_test(while_the_service_stops_nothing_begins),
      memory_test(who_ends_while_an_inventory_is_out_is_forgotten),
      memory_test(another_process_under_the_same_pid_does_not_inherit_an_answer),
      memory_test(whose_suspicion_is_cleared_is_forgotten),
      memory_test(a_case_that_is_over_is_forgotten),
      memory_test(a_successor_keeps_the_kind_until_it_has_one_of_its_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
