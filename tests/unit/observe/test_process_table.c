/* Births, deaths and PID reuse; slots that stay; five thousand processes that come and go. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "observe/process_table.h"

typedef struct death_log {
  size_t count;
  size_t last_slot;
  seep_process_key last_key;
  char last_name[32];
  int64_t last_store_id;
} death_log;

static void note_death(void *context, size_t slot, const seep_process *process)
{
  death_log *deaths = context;
  deaths->count++;
  deaths->last_slot = slot;
  deaths->last_key = process->key;
  deaths->last_store_id = process->store_id;
  seep_text_copy(deaths->last_name, sizeof deaths->last_name, process->name);
}

static const uint8_t name_a[] = {'a', 0, '.', 0, 'e', 0, 'x', 0, 'e', 0};
static const uint8_t name_euro[] = {0xAC, 0x20, 0x00, 0xD8}; /* a euro sign and a lone surrogate */

static seep_process_sample sample_of(uint32_t pid, seep_filetime created, uint64_t commit_bytes)
{
  seep_process_sample sample = {0};
  sample.key.pid = pid;
  sample.key.created = created;
  sample.commit_bytes = commit_bytes;
  sample.handles = pid * 2;
  sample.parent_pid = 4;
  sample.name_utf16le = name_a;
  sample.name_bytes = sizeof name_a;
  return sample;
}

static size_t observe(seep_process_table *table, uint32_t pid, seep_filetime created, bool expect_born)
{
  seep_process_sample sample = sample_of(pid, created, pid * UINT64_C(1000));
  size_t slot = SEEP_NO_SLOT;
  bool born = !expect_born;
  assert_int_equal(seep_process_table_observe(table, &sample, &slot, &born), SEEP_OK);
  assert_int_equal(born, expect_born);
  assert_true(slot < seep_process_table_slots(table));
  return slot;
}

static void a_first_sight_is_a_birth_and_a_second_is_not(void **state)
{
  seep_process_table *table = seep_process_table_new();
  seep_process_sample sample = sample_of(8, 100, 4096);
  size_t slot = SEEP_NO_SLOT;
  bool born = false;
  (void)state;
  assert_non_null(table);
  assert_int_equal(seep_process_table_count(table), 0);
  seep_process_table_begin(table);
  assert_int_equal(seep_process_table_observe(table, &sample, &slot, &born), SEEP_OK);
  assert_true(born);
  seep_process *process = seep_process_table_at(table, slot);
  assert_non_null(process);
  assert_string_equal(process->name, "a.exe");
  assert_true(process->commit_bytes == 4096 && process->handles == 16 && process->parent_pid == 4);
  assert_int_equal(process->store_id, 0);
  process->store_id = 77;
  seep_process_table_end(table, NULL, NULL);

  size_t again = SEEP_NO_SLOT;
  sample.commit_bytes = 8192;
  seep_process_table_begin(table);
  assert_int_equal(seep_process_table_observe(table, &sample, &again, &born), SEEP_OK);
  assert_false(born);
  assert_int_equal(again, slot);
  process = seep_process_table_at(table, slot);
  assert_true(process->commit_bytes == 8192);
  assert_int_equal(process->store_id, 77);
  assert_int_equal(seep_process_table_count(table), 1);
  seep_process_table_free(table);
}

static void names_become_utf8_and_may_be_missing(void **state)
{
  seep_process_table *table = seep_process_table_new();
  seep_process_sample sample = sample_of(0, 0, 0);
  size_t slot;
  bool born;
  (void)state;
  assert_non_null(table);
  seep_process_table_begin(table);
  sample.name_utf16le = NULL;
  sample.name_bytes = 0;
  assert_int_equal(seep_process_table_observe(table, &sample, &slot, &born), SEEP_OK);
  assert_string_equal(seep_process_table_at(table, slot)->name, "");
  sample.key.pid = 9;
  sample.name_utf16le = name_euro;
  sample.name_bytes = sizeof name_euro;
  assert_int_equal(seep_process_table_observe(table, &sample, &slot, &born), SEEP_OK);
  assert_string_equal(seep_process_table_at(table, slot)->name, "\xE2\x82\xAC\xED\xA0\x80");
  seep_process_table_free(table);
}

static void a_process_that_is_not_seen_dies_once(void **state)
{
  seep_process_table *table = seep_process_table_new();
  death_log deaths = {0};
  (void)state;
  assert_non_null(table);
  seep_process_table_begin(table);
  size_t first = observe(table, 4, 1, true);
  size_t second = observe(table, 8, 2, true);
  seep_process_table_at(table, second)->store_id = 5;
  seep_process_table_end(table, note_death, &deaths);
  assert_int_equal(deaths.count, 0);

  seep_process_table_begin(table);
  assert_int_equal(observe(table, 4, 1, false), first);
  seep_process_table_end(table, note_death, &deaths);
  assert_int_equal(deaths.count, 1);
  assert_int_equal(deaths.last_slot, second);
  assert_int_equal(deaths.last_key.pid, 8);
  assert_int_equal(deaths.last_store_id, 5);
  assert_string_equal(deaths.last_name, "a.exe");
  assert_null(seep_process_table_at(table, second));
  assert_int_equal(seep_process_table_count(table), 1);

  seep_process_table_end(table, note_death, &deaths);
  assert_int_equal(deaths.count, 1);
  seep_process_table_free(table);
}

static void a_reused_pid_is_another_process(void **state)
{
  seep_process_table *table = seep_process_table_new();
  seep_process_key old_key = {8, 2};
  seep_process_key new_key = {8, 3};
  death_log deaths = {0};
  (void)state;
  assert_non_null(table);
  seep_process_table_begin(table);
  size_t old_slot = observe(table, 8, 2, true);
  seep_process_table_at(table, old_slot)->store_id = 5;
  seep_process_table_end(table, note_death, &deaths);

  seep_process_table_begin(table);
  size_t new_slot = observe(table, 8, 3, true);
  assert_int_not_equal(new_slot, old_slot); /* the old one is still there until the poll ends */
  assert_int_equal(seep_process_table_at(table, new_slot)->store_id, 0);
  seep_process_table_end(table, note_death, &deaths);
  assert_int_equal(deaths.count, 1);
  assert_true(deaths.last_key.created == 2);
  assert_int_equal(seep_process_table_find(table, old_key), SEEP_NO_SLOT);
  assert_int_equal(seep_process_table_find(table, new_key), new_slot);
  seep_process_table_free(table);
}

static void a_freed_slot_is_used_again_and_starts_clean(void **state)
{
  seep_process_table *table = seep_process_table_new();
  (void)state;
  assert_non_null(table);
  seep_process_table_begin(table);
  size_t slot = observe(table, 8, 2, true);
  seep_process_table_at(table, slot)->store_id = 5;
  seep_process_table_end(table, NULL, NULL);
  seep_process_table_begin(table);
  seep_process_table_end(table, NULL, NULL);
  assert_int_equal(seep_process_table_count(table), 0);
  seep_process_table_begin(table);
  assert_int_equal(observe(table, 12, 9, true), slot);
  assert_int_equal(seep_process_table_at(table, slot)->store_id, 0);
  assert_int_equal(seep_process_table_slots(table), 1);
  seep_process_table_free(table);
}

static void an_abandoned_poll_kills_nobody(void **state)
{
  seep_process_table *table = seep_process_table_new();
  death_log deaths = {0};
  (void)state;
  assert_non_null(table);
  seep_process_table_begin(table);
  observe(table, 4, 1, true);
  observe(table, 8, 2, true);
  seep_process_table_end(table, note_death, &deaths);
  seep_process_table_begin(table); /* the snapshot turned out corrupt: no end */
  observe(table, 4, 1, false);
  seep_process_table_begin(table);
  observe(table, 4, 1, false);
  observe(table, 8, 2, false);
  seep_process_table_end(table, note_death, &deaths);
  assert_int_equal(deaths.count, 0);
  seep_process_table_free(table);
}

static void unknown_slots_and_keys_are_answered(void **state)
{
  seep_process_table *table = seep_process_table_new();
  seep_process_key key = {1, 1};
  (void)state;
  assert_non_null(table);
  assert_null(seep_process_table_at(table, 0));
  assert_null(seep_process_table_at(table, SEEP_NO_SLOT));
  assert_int_equal(seep_process_table_find(table, key), SEEP_NO_SLOT);
  seep_process_table_free(table);
  seep_process_table_free(NULL);
}

#define ALIVE 5000u
#define POLLS 60u

typedef struct expected {
  seep_process_key key;
  size_t slot;
} expected;

static uint32_t next_random(uint32_t *seed)
{
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 8;
}

/* The model is a plain array of what must be in the table; each poll replaces a twelfth of it, often reusing
 * PIDs. */
static void five_thousand_processes_with_churn(void **state)
{
  seep_process_table *table = seep_process_table_new();
  expected *model = calloc(ALIVE, sizeof *model);
  uint32_t seed = 7;
  (void)state;
  assert_non_null(table);
  assert_non_null(model);
  for (uint32_t poll = 0; poll < POLLS; poll++) {
    death_log deaths = {0};
    size_t replaced = 0;
    seep_process_table_begin(table);
    for (size_t i = 0; i < ALIVE; i++) {
      bool birth = poll == 0 || next_random(&seed) % 12 == 0;
      if (birth) {
        model[i].key.pid = (uint32_t)i * 4;
        model[i].key.created = poll * UINT64_C(100000000) + next_random(&seed) % 1000;
        replaced += poll > 0;
      }
      size_t slot = observe(table, model[i].key.pid, model[i].key.created, birth);
      assert_true(birth || slot == model[i].slot);
      model[i].slot = slot;
    }
    seep_process_table_end(table, note_death, &deaths);
    assert_int_equal(deaths.count, replaced);
    assert_int_equal(seep_process_table_count(table), ALIVE);
    for (size_t i = 0; i < ALIVE; i++) {
      assert_int_equal(seep_process_table_find(table, model[i].key), model[i].slot);
      assert_int_equal(seep_process_table_at(table, model[i].slot)->key.pid, model[i].key.pid);
    }
  }
  assert_true(seep_process_table_slots(table) < ALIVE * 5 / 4); /* freed slots were reused */
  seep_process_table_free(table);
  free(model);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_first_sight_is_a_birth_and_a_second_is_not),
      cmocka_unit_test(names_become_utf8_and_may_be_missing),
      cmocka_unit_test(a_process_that_is_not_seen_dies_once),
      cmocka_unit_test(a_reused_pid_is_another_process),
      cmocka_unit_test(a_freed_slot_is_used_again_and_starts_clean),
      cmocka_unit_test(an_abandoned_poll_kills_nobody),
      cmocka_unit_test(unknown_slots_and_keys_are_answered),
      cmocka_unit_test(five_thousand_processes_with_churn),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
