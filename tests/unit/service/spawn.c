#include "unit/service/spawn.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <signal.h>

#include <uv.h>

#define DEADLINE_MS 60000 /* Wine's first process of a session takes seconds */
#define OUTPUT_MAXIMUM_BYTES ((size_t)4 * 1024 * 1024)
#define ARGUMENT_MAXIMUM 16

#define OPEN_READ UV_FS_O_RDONLY
#define OPEN_WRITE (UV_FS_O_WRONLY | UV_FS_O_CREAT | UV_FS_O_TRUNC)
#define OPEN_DEVICE UV_FS_O_WRONLY
#define START_ATTEMPTS 3

static const char *program;

typedef struct run {
  uv_loop_t loop;
  uv_process_t process;
  uv_timer_t deadline;
  uv_pipe_t in, out, err;
  uv_write_t write;
  spawn_result *result;
} run;

bool spawn_program(int argc, char **argv)
{
#ifdef SIGPIPE
  /* A verb may end before it has read its input. */
  (void)signal(SIGPIPE, SIG_IGN);
#endif
  if (argc != 2) {
    fputs("usage: TEST SEEPWATCH\n", stderr);
    return false;
  }
  program = argv[1];
  return true;
}

/* ---- one run ---- */

static void on_exit_of(uv_process_t *process, int64_t exit_code, int signal)
{
  run *r = process->data;
  r->result->exit_code = exit_code;
  r->result->signal = signal;
  uv_close((uv_handle_t *)process, NULL);
  uv_close((uv_handle_t *)&r->deadline, NULL);
}

static void on_deadline(uv_timer_t *timer)
{
  run *r = timer->data;
  (void)uv_process_kill(&r->process, SIGKILL);
}

static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
  static char chunk[65536];
  (void)handle;
  (void)suggested;
  *buffer = uv_buf_init(chunk, sizeof chunk);
}

static void on_output(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
  spawn_output *output = stream->data;
  if (count < 0 || output->size + (size_t)count > OUTPUT_MAXIMUM_BYTES) {
    uv_close((uv_handle_t *)stream, NULL);
    return;
  }
  char *text = realloc(output->text, output->size + (size_t)count + 1);
  if (text == NULL) {
    uv_close((uv_handle_t *)stream, NULL);
    return;
  }
  output->text = text;
  memcpy(text + output->size, buffer->base, (size_t)count);
  output->size += (size_t)count;
  text[output->size] = '\0';
}

/* A program that refuses its arguments does not read its input: a broken pipe is no failure. */
static void on_written(uv_write_t *write, int status)
{
  (void)status;
  uv_close((uv_handle_t *)write->handle, NULL);
}

static void pipe_for(run *r, uv_pipe_t *pipe, uv_stdio_container_t *stdio, bool child_writes, void *data)
{
  assert_int_equal(uv_pipe_init(&r->loop, pipe, 0), 0);
  pipe->data = data;
  stdio->flags = (uv_stdio_flags)(UV_CREATE_PIPE | (child_writes ? UV_WRITABLE_PIPE : UV_READABLE_PIPE));
  stdio->data.stream = (uv_stream_t *)pipe;
}

static int open_file(const char *path, int flags)
{
  uv_fs_t request;
  int file = uv_fs_open(NULL, &request, path, flags, 0644, NULL);
  uv_fs_req_cleanup(&request);
  return file;
}

static void close_file(int file)
{
  uv_fs_t request;
  (void)uv_fs_close(NULL, &request, file, NULL);
  uv_fs_req_cleanup(&request);
}

static void pump(run *r, const spawn_input *input)
{
  uv_buf_t bytes = uv_buf_init(NULL, 0);
  if (input != NULL && input->standard_input != NULL) {
    bytes = uv_buf_init((char *)input->standard_input, (unsigned)input->size);
  }
  assert_int_equal(uv_write(&r->write, (uv_stream_t *)&r->in, &bytes, 1, on_written), 0);
  if (input == NULL || input->output_path == NULL) {
    assert_int_equal(uv_read_start((uv_stream_t *)&r->out, on_room_wanted, on_output), 0);
  }
  assert_int_equal(uv_read_start((uv_stream_t *)&r->err, on_room_wanted, on_output), 0);
  assert_int_equal(uv_timer_start(&r->deadline, on_deadline, DEADLINE_MS, 0), 0);
  (void)uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&r->loop), 0);
}

static void close_one(uv_handle_t *handle, void *context)
{
  (void)context;
  if (!uv_is_closing(handle)) {
    uv_close(handle, NULL);
  }
}

/* uv_spawn's answer; only when it is 0 has anything run. */
static int try_to_run(spawn_result *result, const spawn_input *input, char **arguments)
{
  static run r;
  uv_stdio_container_t stdio[3];
  uv_process_options_t options;
  int output = -1;
  memset(&r, 0, sizeof r);
  memset(&options, 0, sizeof options);
  r.result = result;
  r.process.data = &r;
  assert_int_equal(uv_loop_init(&r.loop), 0);
  assert_int_equal(uv_timer_init(&r.loop, &r.deadline), 0);
  r.deadline.data = &r;
  pipe_for(&r, &r.in, &stdio[0], false, NULL);
  pipe_for(&r, &r.err, &stdio[2], true, &result->err);
  if (input != NULL && input->output_path != NULL) {
    output = open_file(input->output_path, OPEN_DEVICE);
    assert_true(output >= 0);
    stdio[1].flags = UV_INHERIT_FD;
    stdio[1].data.fd = output;
  } else {
    pipe_for(&r, &r.out, &stdio[1], true, &result->out);
  }
  options.file = program;
  options.args = arguments;
  options.stdio = stdio;
  options.stdio_count = 3;
  options.exit_cb = on_exit_of;
  options.flags = UV_PROCESS_WINDOWS_HIDE;
  int spawned = uv_spawn(&r.loop, &r.process, &options);
  if (spawned == 0) {
    pump(&r, input);
  } else {
    uv_walk(&r.loop, close_one, NULL);
    (void)uv_run(&r.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&r.loop), 0);
  }
  if (output >= 0) {
    close_file(output);
  }
  return spawned;
}

/* Beside many other starts Wine 8 now and then fails one with an error of its own (ERROR_INTERNAL_ERROR, to
 * libuv an unknown one) before anything of the program has run; the next attempt goes well. */
static void start_and_wait(spawn_result *result, const spawn_input *input, char **arguments)
{
  int spawned = UV_UNKNOWN;
  for (unsigned i = 0; i < START_ATTEMPTS && spawned == UV_UNKNOWN; i++) {
    spawned = try_to_run(result, input, arguments);
  }
  if (spawned != 0) {
    fail_msg("%s: %s", program, uv_strerror(spawned));
  }
}

/* ---- what is asked of every run ---- */

static void unify_line_ends(spawn_output *output)
{
  size_t kept = 0;
  for (size_t i = 0; i < output->size; i++) {
    if (output->text[i] != '\r' || output->text[i + 1] != '\n') {
      output->text[kept++] = output->text[i];
    }
  }
  output->size = kept;
  output->text[kept] = '\0';
}

static void empty_output(spawn_output *output)
{
  free(output->text);
  output->size = 0;
  output->text = calloc(1, 1);
  assert_non_null(output->text);
}

static void show(const spawn_result *result, char *const *arguments)
{
  for (size_t i = 0; arguments[i] != NULL; i++) {
    print_error("%s%s", i > 0 ? " " : "$ ", i > 0 ? arguments[i] : "seepwatch");
  }
  print_error("\nexit code %d, signal %d\nstdout: %s\nstderr: %s\n", (int)result->exit_code, result->signal,
              result->out.text, result->err.text);
}

static bool says_why(const spawn_result *result, const char *verb)
{
  char prefix[128];
  snprintf(prefix, sizeof prefix, "seepwatch: %s: ", verb);
  return strncmp(result->err.text, prefix, strlen(prefix)) == 0 ||
         strncmp(result->err.text, "seepwatch: help: ", 17) == 0 || /* VERB --help is help VERB */
         strncmp(result->err.text, "usage: seepwatch ", 17) == 0;
}

const spawn_result *spawn_run(int exit_code, const spawn_input *input, const char *const *arguments,
                              const char *file, int line)
{
  static spawn_result result;
  char *all[ARGUMENT_MAXIMUM + 2] = {(char *)program};
  size_t count = 0;
  for (; arguments[count] != NULL; count++) {
    assert_true(count < ARGUMENT_MAXIMUM);
    all[count + 1] = (char *)arguments[count];
  }
  result.exit_code = -1;
  result.signal = 0;
  empty_output(&result.out);
  empty_output(&result.err);
  start_and_wait(&result, input, all);
#ifdef _WIN32
  unify_line_ends(&result.out);
  unify_line_ends(&result.err);
#else
  (void)unify_line_ends;
#endif
  bool words = exit_code == 0 ? result.err.size == 0 : count == 0 || says_why(&result, arguments[0]);
  if (result.exit_code != exit_code || result.signal != 0 || !words) {
    show(&result, all);
    print_error("wanted: exit code %d%s\n", exit_code, words ? "" : ", and other words on stderr");
    _fail(file, line);
  }
  return &result;
}

void spawn_says(const spawn_output *output, const char *part, const char *file, int line)
{
  if (strstr(output->text, part) == NULL) {
    print_error("wanted: %s\nin: %s\n", part, output->text);
    _fail(file, line);
  }
}

/* ---- JSON ---- */

cJSON *spawn_json(const spawn_output *output)
{
  const char *end = NULL;
  cJSON *document = cJSON_ParseWithOpts(output->text, &end, 0);
  if (document == NULL || end[strspn(end, " \n")] != '\0') {
    fail_msg("not one JSON document: %s", output->text);
  }
  return document;
}

const cJSON *spawn_member(const cJSON *object, const char *name)
{
  const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
  if (member == NULL) {
    fail_msg("no member %s", name);
  }
  return member;
}

double spawn_number(const cJSON *object, const char *name)
{
  const cJSON *member = spawn_member(object, name);
  if (!cJSON_IsNumber(member)) {
    fail_msg("%s is no number", name);
  }
  return member->valuedouble;
}

const char *spawn_string(const cJSON *object, const char *name)
{
  const cJSON *member = spawn_member(object, name);
  if (!cJSON_IsString(member)) {
    fail_msg("%s is no text", name);
  }
  return member->valuestring;
}

/* ---- files ---- */

void spawn_file_write(const char *path, const void *bytes, size_t size)
{
  uv_fs_t request;
  uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)size);
  int file = open_file(path, OPEN_WRITE);
  if (file < 0) {
    fail_msg("%s: %s", path, uv_strerror(file));
  }
  int written = uv_fs_write(NULL, &request, file, &buffer, 1, 0, NULL);
  uv_fs_req_cleanup(&request);
  close_file(file);
  assert_int_equal(written, (int)size);
}

char *spawn_file_read(const char *path, size_t *size)
{
  uv_fs_t request;
  char *bytes = malloc(OUTPUT_MAXIMUM_BYTES + 1);
  assert_non_null(bytes);
  uv_buf_t buffer = uv_buf_init(bytes, (unsigned)OUTPUT_MAXIMUM_BYTES);
  int file = open_file(path, OPEN_READ);
  if (file < 0) {
    fail_msg("%s: %s", path, uv_strerror(file));
  }
  int count = uv_fs_read(NULL, &request, file, &buffer, 1, 0, NULL);
  uv_fs_req_cleanup(&request);
  close_file(file);
  assert_true(count >= 0);
  *size = (size_t)count;
  bytes[*size] = '\0';
  return bytes;
}

void spawn_file_remove(const char *path)
{
  uv_fs_t request;
  (void)uv_fs_unlink(NULL, &request, path, NULL);
  uv_fs_req_cleanup(&request);
}

bool spawn_file_exists(const char *path)
{
  uv_fs_t request;
  int found = uv_fs_stat(NULL, &request, path, NULL);
  uv_fs_req_cleanup(&request);
  return found == 0;
}
