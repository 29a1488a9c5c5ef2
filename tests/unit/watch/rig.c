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

#define QUICK_TO_CALL                                                                                        \
  "{\"poll\":{\"interval_s\":1,\"urgent_interval_s\":1},"                                                    \
  "\"detector\":{\"bucket_s\":1,\"observation_s\":64,\"minimum_slope_bytes_per_hour\":1048576,"              \
  "\"minimum_growth_bytes\":8388608},"

static const char settings_text[] =
    QUICK_TO_CALL "\"capture\":{\"maximum_s\":20,\"minimum_free_bytes\":0,\"cool_down_s\":0,"
                  "\"recordings_per_day\":0,\"stop_patience_s\":0}}";

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

void rig_configure_capture(const char *members)
{
  char text[1000];
  snprintf(text, sizeof text, QUICK_TO_CALL "\"capture\":{\"minimum_free_bytes\":0,\"cool_down_s\":0,%s}}",
           members);
  rig_write("seepwatch.json", text);
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

static void says_stopping(void *context)
{
  rig *r = context;
  r->stopping++;
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
                                   .reader_path = r->reads ? recorder_path : NULL,
                                   .path_separator = '/',
                                   .source = fake_world_source(&r->world),
                                   .process_memory = r->process_memory,
                                   .feeds = {[SEEP_FEED_EXHAUSTION] = fake_feed_port(&r->feed),
                                             [SEEP_FEED_NOTICES] = fake_feed_port(&r->notices)},
                                   .sink = fake_sink_port(&r->sink),
                                   .clock = fake_world_clock(&r->world),
                                   .flags = r->flags,
                                   .child_guard = r->child_guard,
                                   .recorder_build = r->recorder_build,
                                   .background = r->background,
                                   .undo_only = r->undo_only,
                                   .running = says_running,
                                   .stopping = says_stopping,
                                   .running_context = r};
  uv_sem_init(&r->running, 0);
  assert_int_equal(seep_watchdog_new(&options, &r->watchdog, NULL), SEEP_OK);
  assert_int_equal(uv_thread_create(&r->thread, run_thread, r), 0);
  uv_sem_wait(&r->running);
}

static void let_go(rig *r)
{
  seep_watchdog_free(r->watchdog);
  r->watchdog = NULL;
  uv_sem_destroy(&r->running);
}

unsigned rig_stop(rig *r)
{
  uint64_t begin = uv_hrtime();
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_STOP);
  uv_thread_join(&r->thread);
  unsigned took_ms = (unsigned)((uv_hrtime() - begin) / 1000000u);
  let_go(r);
  assert_int_equal(r->ended, SEEP_OK);
  return took_ms;
}

seep_status rig_wait(rig *r)
{
  uv_thread_join(&r->thread);
  let_go(r);
  return r->ended;
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

const seep_alert *rig_hurry_until(rig *r, uint32_t id, size_t n)
{
  for (unsigned looks = 0; looks < RIG_PATIENCE_MS / 2; looks++) {
    const seep_alert *alert = fake_sink_wait(&r->sink, id, n, 0);
    if (alert != NULL) {
      return alert;
    }
    seep_watchdog_post(r->watchdog, SEEP_CONTROL_POLL_NOW);
    uv_sleep(2);
  }
  return NULL;
}

static uint64_t looks_of(rig *r)
{
  uv_mutex_lock(&r->world.lock);
  uint64_t looks = r->world.fetch_fault.calls;
  uv_mutex_unlock(&r->world.lock);
  return looks;
}

void rig_look(rig *r, unsigned times)
{
  const uint64_t end = looks_of(r) + times;
  for (unsigned waited_ms = 0; looks_of(r) < end && waited_ms < RIG_PATIENCE_MS; waited_ms += 2) {
    seep_watchdog_post(r->watchdog, SEEP_CONTROL_POLL_NOW);
    uv_sleep(2);
  }
  assert_true(looks_of(r) >= end);
}

void rig_begin_recording(rig *r)
{
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  rig_start(r);
  assert_non_null(rig_hurry_until(r, SEEP_ALERT_RECORDING_STARTED, 1));
}

const seep_alert *rig_record(rig *r, uint32_t end)
{
  rig_begin_recording(r);
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_SAVE_NOW);
  const seep_alert *alert = fake_sink_wait(&r->sink, end, 1, RIG_PATIENCE_MS);
  assert_non_null(alert);
  return alert;
}

const char *rig_insert(const seep_alert *alert, const char *label)
{
  const char *text = seep_alert_insert(alert, label);
  assert_non_null(text);
  return text;
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

bool rig_is_there(const char *name)
{
  return seep_files_size(rig_path(name)) > 0;
}

typedef struct file_count {
  const char *ending;
  size_t count;
} file_count;

static bool count_file(void *context, const char *name, const char *path)
{
  file_count *c = context;
  size_t length = strlen(name), tail = strlen(c->ending);
  (void)path;
  c->count += length >= tail && strcmp(name + length - tail, c->ending) == 0;
  return true;
}

size_t rig_count_files(const char *folder, const char *ending)
{
  file_count c = {.ending = ending};
  seep_files_each(rig_path(folder), '/', count_file, &c);
  return c.count;
}

bool rig_temporary_is_empty(void)
{
  return seep_files_folder_bytes(rig_path("captures/temporary")) == 0;
}

static seep_store *open_store(void)
{
  seep_store *store = NULL;
  seep_wall now = {1};
  assert_int_equal(seep_store_open(rig_path("seepwatch.db"), now, NULL, &store, NULL, NULL), SEEP_OK);
  return store;
}

size_t rig_journal_entries(void)
{
  seep_store *store = open_store();
  seep_store_journal_entry entries[4];
  size_t count = 99;
  assert_int_equal(seep_store_journal_list(store, entries, 4, &count, NULL), SEEP_OK);
  seep_store_close(store);
  return count;
}

void rig_journal_add(const char *kind, const char *subject, int64_t written_ms)
{
  seep_store *store = open_store();
  seep_store_journal_entry entry = {.written = {written_ms}};
  seep_text_copy(entry.kind, sizeof entry.kind, kind);
  seep_text_copy(entry.subject, sizeof entry.subject, subject);
  assert_int_equal(seep_store_journal_add(store, &entry, NULL), SEEP_OK);
  seep_store_close(store);
}

typedef struct capture_list {
  seep_store_capture *items;
  size_t size, count;
} capture_list;

static bool take_capture(void *context, const seep_store_capture *capture)
{
  capture_list *list = context;
  if (list->count < list->size) {
    list->items[list->count] = *capture;
  }
  list->count++;
  return true;
}

size_t rig_captures(seep_store_capture *out, size_t size)
{
  capture_list list = {.items = out, .size = size};
  seep_store *store = open_store();
  assert_int_equal(seep_store_captures(store, take_capture, &list, NULL), SEEP_OK);
  seep_store_close(store);
  return list.count;
}
