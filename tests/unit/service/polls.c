#include "unit/service/polls.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "unit/service/spawn.h"

void polls_remove(const char *path)
{
  static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
  for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
    char name[256];
    snprintf(name, sizeof name, "%s%s", path, endings[i]);
    spawn_file_remove(name);
  }
}

void polls_open(polls *p, const char *path, int64_t start_ms, int64_t interval_ms)
{
  polls_remove(path);
  *p = (polls){.now = {{1000000}, {start_ms}}, .interval_ms = interval_ms};
  assert_int_equal(seep_store_open(path, p->now.wall, NULL, &p->store, NULL, NULL), SEEP_OK);
}

void polls_close(polls *p)
{
  seep_store_close(p->store);
  p->store = NULL;
}

void polls_add(polls *p, seep_store_sample *samples, size_t count, const seep_system_memory *memory)
{
  seep_store_poll poll = {
      .now = p->now, .interval_ms = p->interval_ms, .memory = memory, .samples = samples, .count = count};
  seep_error error = {0};
  char text[256];
  if (seep_store_append_poll(p->store, &poll, &error) != SEEP_OK) {
    fail_msg("%s", seep_error_text(&error, text, sizeof text));
  }
  polls_skip(p, p->interval_ms);
}

void polls_skip(polls *p, int64_t ms)
{
  p->now.mono.ms += ms;
  p->now.wall.ms += ms;
}

void polls_prune(polls *p, int64_t from_ms)
{
  seep_store_pruned pruned = {0};
  seep_store_limits limits = {.raw_from = {from_ms}, .hourly_from = {INT64_MIN}};
  do {
    assert_int_equal(seep_store_prune(p->store, &limits, &pruned, NULL), SEEP_OK);
  } while (pruned.polls > 0);
}

seep_process_key polls_key(uint32_t pid, int64_t created_ms)
{
  return (seep_process_key){.pid = pid, .created = seep_wall_to_filetime((seep_wall){created_ms})};
}
