/*
 * Killed at any instant: crash_writer appends polls at full speed and is killed at random moments, hundreds
 * of times, among them while it opens, packs polls, adds up hours, prunes and closes. Each time the file must
 * open as it is and hold every acknowledged poll complete, at most one more, and nothing of any other.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "crash_writer.h"
#include "poll_truth.h"
#include "store_files.h"

#define PATH "test_store_crash.db"
#define COPY "test_store_crash_copy.db"
#define MOST_POLLS 40000u

/* Through Wine a process takes a tenth of a second to start. */
#ifdef _WIN32
#define ROUNDS 16u
#define WIDE_ROUNDS 2u
#else
#define ROUNDS 72u
#define WIDE_ROUNDS 3u
#endif
#define ROUNDS_A_FILE 20u

static const char *writer;
static uint64_t random_state = 20261122;

static unsigned random_below(unsigned bound)
{
  random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (unsigned)(random_state >> 33) % bound;
}

/* ---- one life ---- */

typedef struct life {
  uv_loop_t loop;
  uv_process_t process;
  uv_pipe_t out;
  uv_timer_t timer;
  size_t acknowledged;    /* number of the last poll, and one */
  size_t number;          /* digits of the line at hand */
  unsigned acks, kill_at; /* kill_at: acknowledgements; 0: by time only */
  unsigned delay_ms;      /* from the first acknowledgement */
  bool exited;
  int64_t exit_code;
} life;

static void kill_it(life *l)
{
  if (!l->exited) {
    (void)uv_process_kill(&l->process, SIGKILL);
  }
}

static void on_timer(uv_timer_t *timer)
{
  kill_it(timer->data);
}

static void on_exit_of(uv_process_t *process, int64_t exit_code, int signal)
{
  life *l = process->data;
  (void)signal;
  l->exited = true;
  l->exit_code = exit_code;
  uv_close((uv_handle_t *)process, NULL);
  uv_close((uv_handle_t *)&l->timer, NULL);
}

static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
  static char chunk[4096];
  (void)handle;
  (void)suggested;
  *buffer = uv_buf_init(chunk, sizeof chunk);
}

static void on_line(life *l)
{
  l->acknowledged = l->number + 1;
  l->number = 0;
  l->acks++;
  if (l->acks == 1 && l->kill_at == 0 && !l->exited) {
    (void)uv_timer_start(&l->timer, on_timer, l->delay_ms, 0);
  }
  if (l->acks == l->kill_at) {
    kill_it(l);
  }
}

static void on_output(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
  life *l = stream->data;
  if (count < 0) {
    uv_close((uv_handle_t *)stream, NULL);
    return;
  }
  for (ssize_t i = 0; i < count; i++) {
    char c = buffer->base[i];
    if (c >= '0' && c <= '9') {
      l->number = l->number * 10 + (size_t)(c - '0');
    } else if (c == '\n') {
      on_line(l);
    }
  }
}

static void spawn(life *l, const poll_script *script, size_t keep, size_t first)
{
  char numbers[6][24];
  char *arguments[] = {(char *)(uintptr_t)writer,
                       (char[]){PATH},
                       numbers[0],
                       numbers[1],
                       numbers[2],
                       numbers[3],
                       numbers[4],
                       numbers[5],
                       NULL};
  snprintf(numbers[0], sizeof numbers[0], "%u", script->processes);
  snprintf(numbers[1], sizeof numbers[1], "%u", script->empty_every);
  snprintf(numbers[2], sizeof numbers[2], "%" PRId64, script->step_ms);
  snprintf(numbers[3], sizeof numbers[3], "%zu", keep);
  snprintf(numbers[4], sizeof numbers[4], "%zu", first);
  snprintf(numbers[5], sizeof numbers[5], "%u", 2000u);
  uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE}, {.flags = UV_IGNORE}, {.flags = UV_INHERIT_FD}};
  stdio[1].flags = (uv_stdio_flags)(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
  stdio[1].data.stream = (uv_stream_t *)&l->out;
  stdio[2].data.fd = 2;
  uv_process_options_t options;
  memset(&options, 0, sizeof options);
  options.file = writer;
  options.args = arguments;
  options.stdio = stdio;
  options.stdio_count = 3;
  options.exit_cb = on_exit_of;
  options.flags = UV_PROCESS_WINDOWS_HIDE;
  int rc = uv_spawn(&l->loop, &l->process, &options);
  if (rc != 0) {
    fail_msg("%s: %s", writer, uv_strerror(rc));
  }
}

/* When it dies: after some acknowledgements, some time after the first of them, or some time after it was
 * started, which may be before it has opened the store. */
static void choose_moment(life *l, bool wide)
{
  unsigned way = random_below(4);
  unsigned span_ms = wide ? 1500 : 40;
  l->delay_ms = random_below(span_ms);
  if (way == 0) {
    l->kill_at = 1 + random_below(wide ? 20 : 150);
  }
  if (way == 1) {
    (void)uv_timer_start(&l->timer, on_timer, random_below(span_ms), 0);
  }
}

/* Returns the number of the last acknowledged poll and one, or 0. */
static size_t live(const poll_script *script, size_t keep, size_t first, bool wide)
{
  static life l;
  memset(&l, 0, sizeof l);
  l.process.data = l.out.data = l.timer.data = &l;
  assert_int_equal(uv_loop_init(&l.loop), 0);
  assert_int_equal(uv_timer_init(&l.loop, &l.timer), 0);
  assert_int_equal(uv_pipe_init(&l.loop, &l.out, 0), 0);
  spawn(&l, script, keep, first);
  choose_moment(&l, wide);
  assert_int_equal(uv_read_start((uv_stream_t *)&l.out, on_room_wanted, on_output), 0);
  (void)uv_run(&l.loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&l.loop), 0);
  assert_int_not_equal(l.exit_code, 2); /* it has said why */
  return l.acknowledged;
}

/* ---- what is left ---- */

typedef struct story {
  poll_script script;
  size_t keep;
  size_t polls;                /* in the file, as far as is known */
  uint8_t known[MOST_POLLS];   /* of poll_truth */
  unsigned extra, idle, lives; /* lives that left a poll unacknowledged, or acknowledged none */
} story;

/* `acknowledged`: polls that must be there. */
static void look_back(story *s, const char *path, size_t acknowledged)
{
  seep_store *store = NULL;
  seep_store_opening opening = {0};
  poll_rows rows;
  const seep_wall now = {poll_script_wall(&s->script, s->polls)};
  assert_int_equal(seep_store_open(path, now, NULL, &store, &opening, NULL), SEEP_OK);
  assert_string_equal(opening.set_aside, "");
  const char *wrong = poll_truth_check_file(path, &rows);
  if (wrong != NULL) {
    fail_msg("%s", wrong);
  }
  assert_in_range(rows.last, acknowledged, acknowledged + 1);
  for (size_t number = s->polls; number < (size_t)rows.last; number++) {
    bool gap = number == s->polls || number % CRASH_WRITER_REOPENS == 0;
    s->known[number] = gap ? POLL_KEPT | POLL_AFTER_GAP : POLL_KEPT;
  }
  s->extra += (size_t)rows.last > acknowledged;
  s->polls = (size_t)rows.last;
  poll_truth truth = {&s->script, s->known, s->polls, rows.first > 0 ? (size_t)rows.first - 1 : 0};
  assert_true(s->keep > 0 || truth.first == 0);
  assert_true(truth.first == 0 || truth.first <= s->polls - s->keep);
  wrong = poll_truth_check(&truth, store);
  if (wrong != NULL) {
    fail_msg("after %zu polls: %s", s->polls, wrong);
  }
  seep_store_close(store);
}

static void die_often(story *s, unsigned rounds, bool wide)
{
  for (unsigned round = 0; round < rounds; round++) {
    if (round % ROUNDS_A_FILE == 0 || s->polls + 3000 > MOST_POLLS) {
      store_files_remove(PATH);
      s->polls = 0;
    }
    size_t acknowledged = live(&s->script, s->keep, s->polls, wide);
    s->idle += acknowledged == 0;
    s->lives++;
    acknowledged = acknowledged > 0 ? acknowledged : s->polls;
    /* Looking back repairs and closes the file: every other time the next life is left to find it as it is.
     */
    if (round % 2 == 0) {
      store_files_copy(PATH, COPY);
      look_back(s, COPY, acknowledged);
    } else {
      look_back(s, PATH, acknowledged);
    }
  }
  print_message("%u lives, %u ended before the first poll, %u left one unacknowledged; the last file has %u "
                "polls\n",
                s->lives, s->idle, s->extra, (unsigned)s->polls);
  store_files_remove(PATH);
  store_files_remove(COPY);
}

static story the_story;

static void run_story(unsigned processes, unsigned empty_every, int64_t step_ms, size_t keep, unsigned rounds)
{
  memset(&the_story, 0, sizeof the_story);
  the_story.script = (poll_script){processes, empty_every, step_ms, false};
  the_story.keep = keep;
  die_often(&the_story, rounds, processes > 1000);
}

/* Segments of full length, an hour each twelve polls. */
static void test_killed(void **state)
{
  (void)state;
  run_story(40, 0, 5 * SEEP_MS_PER_MINUTE, 0, ROUNDS);
}

/* Each ninth poll sees nobody, which ends the segment. */
static void test_killed_while_packing(void **state)
{
  (void)state;
  run_story(24, 9, 10 * SEEP_MS_PER_MINUTE, 0, ROUNDS);
}

static void test_killed_while_pruning(void **state)
{
  (void)state;
  run_story(60, 7, 4 * SEEP_MS_PER_MINUTE, 120, ROUNDS);
}

/* So many processes that a segment is eight polls. */
static void test_killed_with_many(void **state)
{
  (void)state;
  run_story(60000, 0, 15 * SEEP_MS_PER_MINUTE, 0, WIDE_ROUNDS);
}

int main(int argc, char **argv)
{
  if (argc != 2) {
    fputs("usage: test_store_crash CRASH_WRITER\n", stderr);
    return 1;
  }
  writer = argv[1];
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_killed),
      cmocka_unit_test(test_killed_while_packing),
      cmocka_unit_test(test_killed_while_pruning),
      cmocka_unit_test(test_killed_with_many),
  };
  return cmocka_run_group_tests_name("store/crash", tests, NULL, NULL);
}
