#include "rig.h"

#include <stdarg.h>
#include <setjmp.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "watch/files.h"

static const char *recorder_path;
static char folder_name[64];

void rig_prepare(const char *folder, const char *recorder)
{
  seep_text_copy(folder_name, sizeof folder_name, folder);
  recorder_path = recorder;
}

const char *rig_recorder(const char *other)
{
  const char *before = recorder_path;
  recorder_path = other;
  return before;
}

const char *rig_path(const char *name)
{
  static char paths[3][300];
  static unsigned next;
  char *path = paths[next++ % 3];
  snprintf(path, sizeof paths[0], "%s/%s", folder_name, name);
  return path;
}

static const char settings_text[] =
    "{\"poll\":{\"interval_s\":1,\"urgent_interval_s\":1},"
    "\"detector\":{\"bucket_s\":1,\"observation_s\":64,\"minimum_slope_bytes_per_hour\":1048576,"
    "\"minimum_growth_bytes\":8388608},"
    "\"capture\":{\"maximum_s\":20,\"minimum_free_bytes\":0,\"cool_down_s\":0}}";

static void remove_tree(const char *folder)
{
  uv_fs_t request;
  uv_dirent_t entry;
  char path[600];
  if (uv_fs_scandir(NULL, &request, folder, 0, NULL) >= 0) {
    while (uv_fs_scandir_next(&request, &entry) == 0) {
      uv_fs_t remove;
      snprintf(path, sizeof path, "%.300s/%.250s", folder, entry.name);
      if (entry.type == UV_DIRENT_DIR) {
        remove_tree(path);
        uv_fs_rmdir(NULL, &remove, path, NULL);
      } else {
        uv_fs_unlink(NULL, &remove, path, NULL);
      }
      uv_fs_req_cleanup(&remove);
    }
  }
  uv_fs_req_cleanup(&request);
}

void rig_write(const char *name, const char *text)
{
  assert_int_equal(seep_files_write(rig_path(name), text, strlen(text), NULL), SEEP_OK);
}

void rig_write_settings(void)
{
  rig_write("seepwatch.json", settings_text);
}

void rig_remove(const char *name)
{
  (void)seep_files_remove(rig_path(name));
}

void rig_empty_folder(void)
{
  remove_tree(folder_name);
  assert_int_equal(seep_files_make_folder(folder_name, NULL), SEEP_OK);
  rig_write_settings();
}

/* Lines of the recorder's calls that have these words: at their beginning, or anywhere. */
static unsigned count_calls(const char *words, bool anywhere)
{
  char *text = NULL;
  size_t size = 0, length = strlen(words);
  unsigned count = 0;
  if (seep_files_read(rig_path("calls.txt"), 100000, &text, &size, NULL) != SEEP_OK) {
    return 0;
  }
  for (size_t at = 0; at < size;) {
    size_t end = at;
    bool found = false;
    while (end < size && text[end] != '\n') {
      end++;
    }
    for (size_t from = at; from + length <= end && !found && (anywhere || from == at); from++) {
      found = memcmp(text + from, words, length) == 0;
    }
    count += found;
    at = end + 1;
  }
  free(text);
  return count;
}

unsigned rig_calls_of(const char *verb)
{
  return count_calls(verb, false);
}

unsigned rig_calls_with(const char *words)
{
  return count_calls(words, true);
}

static void says_running(void *context)
{
  rig *r = context;
  uv_sem_post(&r->running);
}

static void run_thread(void *context)
{
  rig *r = context;
  r->ended = seep_watchdog_run(r->watchdog, NULL);
}

void rig_start(rig *r)
{
  seep_watchdog_options options = {.version = "1.2.3",
                                   .data_folder = folder_name,
                                   .data_folder_error = r->folder_error,
                                   .settings_path = rig_path("seepwatch.json"),
                                   .recorder_path = recorder_path,
                                   .path_separator = '/',
                                   .source = fake_world_source(&r->world),
                                   .process_memory = r->process_memory,
                                   .feed = fake_feed_port(&r->feed),
                                   .sink = fake_sink_port(&r->sink),
                                   .clock = fake_world_clock(&r->world),
                                   .running = says_running,
                                   .running_context = r};
  uv_sem_init(&r->running, 0);
  assert_int_equal(seep_watchdog_new(&options, &r->watchdog, NULL), SEEP_OK);
  assert_int_equal(uv_thread_create(&r->thread, run_thread, r), 0);
  uv_sem_wait(&r->running);
}

unsigned rig_stop(rig *r)
{
  uint64_t begin = uv_hrtime();
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_STOP);
  uv_thread_join(&r->thread);
  unsigned took_ms = (unsigned)((uv_hrtime() - begin) / 1000000u);
  seep_watchdog_free(r->watchdog);
  r->watchdog = NULL;
  uv_sem_destroy(&r->running);
  assert_int_equal(r->ended, SEEP_OK);
  return took_ms;
}

const seep_alert *rig_poll_until(rig *r, uint32_t id, size_t n)
{
  for (unsigned waited_ms = 0; waited_ms < RIG_PATIENCE_MS; waited_ms += 20) {
    const seep_alert *alert = fake_sink_wait(&r->sink, id, n, 20);
    if (alert != NULL) {
      return alert;
    }
    seep_watchdog_post(r->watchdog, SEEP_CONTROL_POLL_NOW);
  }
  return NULL;
}

int rig_set_up(void **state)
{
  rig *r = calloc(1, sizeof *r);
  if (r == NULL) {
    return -1;
  }
  rig_empty_folder();
  fake_world_init(&r->world);
  fake_sink_init(&r->sink);
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  *state = r;
  return 0;
}

int rig_tear_down(void **state)
{
  rig *r = *state;
  if (r->watchdog != NULL) {
    (void)rig_stop(r);
  }
  fake_sink_fini(&r->sink);
  fake_world_fini(&r->world);
  free(r);
  remove_tree(folder_name);
  return 0;
}

bool rig_temporary_is_empty(void)
{
  return seep_files_folder_bytes(rig_path("captures/temporary")) == 0;
}

size_t rig_journal_entries(void)
{
  seep_store *store = NULL;
  seep_store_journal_entry entries[4];
  size_t count = 99;
  seep_wall now = {1};
  assert_int_equal(seep_store_open(rig_path("seepwatch.db"), now, NULL, &store, NULL, NULL), SEEP_OK);
  assert_int_equal(seep_store_journal_list(store, entries, 4, &count, NULL), SEEP_OK);
  seep_store_close(store);
  return count;
}
