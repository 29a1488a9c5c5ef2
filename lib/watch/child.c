#include "watch/child.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "watch/uv_error.h"

#define MAXIMUM_ARGUMENTS 24

/* One call of the program. It lives until its four handles are closed, also when nobody waits for it any
 * more. */
typedef struct call {
  seep_child *owner; /* NULL once detached */
  uv_process_t process;
  uv_timer_t deadline;
  uv_pipe_t output, errors;
  unsigned open_handles, running_pipes;
  bool spawned; /* uv_spawn was called: the process handle exists and must be closed */
  bool exited, kill_at_deadline;
  seep_child_guard guard; /* the owner's; the call may outlive it */
  void *group;            /* what the guard took; NULL: nothing */
  seep_tracer_result result;
  size_t output_length;
  seep_tracer_done done;
  void *done_context;
  char read_buffer[4096];
} call;

struct seep_child {
  uv_loop_t *loop;
  call *current;
  char *program;
  char *temporary_folder;
  seep_child_guard guard; /* all NULL: none */
};

static char *copy_text(const char *text)
{
  size_t size = strlen(text) + 1;
  char *copy = malloc(size);
  if (copy != NULL) {
    memcpy(copy, text, size);
  }
  return copy;
}

static void handle_closed(uv_handle_t *handle)
{
  call *c = handle->data;
  if (--c->open_handles == 0) {
    free(c);
  }
}

static void close_handle(uv_handle_t *handle)
{
  if (!uv_is_closing(handle)) {
    uv_close(handle, handle_closed);
  }
}

/* Takes what was just started as one group. It runs already when libuv tells its id: what it starts in that
 * moment does not belong to the group, and libuv has no way to start it so that there is none. The id cannot
 * have passed to another process meanwhile, for libuv holds on to this one. */
static void take_group(call *c)
{
  if (c->guard.take != NULL) {
    c->group = c->guard.take(c->guard.context, (unsigned)c->process.pid);
  }
}

static void confine_group(call *c, uint64_t maximum_bytes)
{
  if (c->group != NULL && maximum_bytes > 0 && c->guard.confine != NULL) {
    c->guard.confine(c->guard.context, c->group, maximum_bytes);
  }
}

static void leave_group(call *c)
{
  if (c->group != NULL && c->guard.leave != NULL) {
    c->guard.leave(c->guard.context, c->group);
  }
  c->group = NULL;
}

/* The process itself is ended in any case: the group may be missing, or refuse. What the program left behind
 * when it exited by itself is ended too. */
static void end_all(call *c)
{
  if (c->group != NULL && c->guard.end != NULL) {
    c->guard.end(c->guard.context, c->group);
  }
  if (!c->exited) {
    uv_process_kill(&c->process, SIGKILL);
  }
}

static void close_all(call *c)
{
  leave_group(c);
  if (c->spawned) {
    close_handle((uv_handle_t *)&c->process);
  }
  close_handle((uv_handle_t *)&c->deadline);
  close_handle((uv_handle_t *)&c->output);
  close_handle((uv_handle_t *)&c->errors);
}

/* Tells the result once and lets go of the call. */
static void finish(call *c)
{
  seep_child *owner = c->owner;
  c->owner = NULL;
  if (owner != NULL) {
    owner->current = NULL;
    c->done(c->done_context, &c->result);
  }
  close_all(c);
}

static void finish_when_complete(call *c)
{
  if (c->exited && c->running_pipes == 0) {
    finish(c);
  }
}

static void process_exited(uv_process_t *process, int64_t exit_status, int signal)
{
  call *c = process->data;
  c->exited = true;
  /* Windows' exit codes are unsigned 32-bit; a signal (tests on other systems) is told as 128 + its number.
   */
  c->result.exit_code = signal != 0 ? 128u + (uint32_t)signal : (uint32_t)(exit_status & INT64_C(0xFFFFFFFF));
  finish_when_complete(c);
}

static void allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
  call *c = handle->data;
  (void)suggested;
  buffer->base = c->read_buffer;
  buffer->len = sizeof c->read_buffer;
}

/* Keeps the last bytes: a long -stop rewrites its progress line for minutes, the verdict comes at the end. */
static void keep_tail(call *c, const char *data, size_t size)
{
  size_t room = sizeof c->result.output - 1;
  if (size > room) {
    data += size - room;
    size = room;
  }
  if (c->output_length + size > room) {
    size_t drop = c->output_length + size - room;
    memmove(c->result.output, c->result.output + drop, c->output_length - drop);
    c->output_length -= drop;
  }
  memcpy(c->result.output + c->output_length, data, size);
  c->output_length += size;
  c->result.output[c->output_length] = '\0';
}

static void pipe_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
  call *c = stream->data;
  if (count > 0) {
    keep_tail(c, buffer->base, (size_t)count);
  } else if (count < 0) {
    uv_read_stop(stream);
    c->running_pipes--;
    finish_when_complete(c);
  }
}

static void deadline_passed(uv_timer_t *timer)
{
  call *c = timer->data;
  c->result.timed_out = !c->exited;
  if (c->kill_at_deadline) {
    end_all(c);
  }
  /* Exited but a grandchild holds a pipe open: the exit code is what counts. */
  finish(c);
}

/* The child's environment: ours with TMP and TEMP replaced. *items is freed by the caller; entries lie in
 * *storage. */
static char **make_environment(const char *temporary_folder, char **storage)
{
  uv_env_item_t *items = NULL;
  int count = 0;
  if (uv_os_environ(&items, &count) != 0) {
    return NULL;
  }
  size_t bytes = 2 * (strlen(temporary_folder) + sizeof "TEMP=");
  for (int i = 0; i < count; i++) {
    bytes += strlen(items[i].name) + strlen(items[i].value) + 2;
  }
  char **list = calloc((size_t)count + 3, sizeof *list);
  *storage = malloc(bytes);
  if (list != NULL && *storage != NULL) {
    seep_writer writer;
    size_t used = 0, n = 0, at = 0;
    for (int i = -2; i < count; i++) {
      const char *name = i == -2 ? "TMP" : i == -1 ? "TEMP" : items[i].name;
      const char *value = i < 0 ? temporary_folder : items[i].value;
      if (i >= 0 &&
          (seep_text_equal_ignoring_case(name, "TMP") || seep_text_equal_ignoring_case(name, "TEMP"))) {
        continue;
      }
      at = used;
      seep_writer_init(&writer, *storage + at, bytes - at);
      seep_writer_text(&writer, name);
      seep_writer_text(&writer, "=");
      seep_writer_text(&writer, value);
      list[n++] = *storage + at;
      used = at + writer.length + 1;
    }
  } else {
    free(list);
    free(*storage);
    *storage = NULL;
    list = NULL;
  }
  uv_os_free_environ(items, count);
  return list;
}

static call *make_call(seep_child *child)
{
  call *c = calloc(1, sizeof *c);
  if (c == NULL) {
    return NULL;
  }
  uv_pipe_init(child->loop, &c->output, 0);
  uv_pipe_init(child->loop, &c->errors, 0);
  uv_timer_init(child->loop, &c->deadline);
  c->output.data = c->errors.data = c->deadline.data = c;
  c->open_handles = 3;
  return c;
}

static int spawn(seep_child *child, call *c, char **arguments)
{
  char *storage = NULL;
  char **environment = make_environment(child->temporary_folder, &storage);
  uv_stdio_container_t stdio[3];
  uv_process_options_t options;
  memset(&options, 0, sizeof options);
  memset(stdio, 0, sizeof stdio);
  stdio[0].flags = UV_IGNORE;
  stdio[1].flags = (uv_stdio_flags)(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
  stdio[1].data.stream = (uv_stream_t *)&c->output;
  stdio[2].flags = (uv_stdio_flags)(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
  stdio[2].data.stream = (uv_stream_t *)&c->errors;
  options.file = child->program;
  options.args = arguments;
  options.env = environment;
  options.exit_cb = process_exited;
  /* Detached: libuv puts other children into a job of its own that ends them together with us. */
  options.flags = UV_PROCESS_WINDOWS_HIDE | UV_PROCESS_DETACHED;
  options.stdio = stdio;
  options.stdio_count = 3;
  int code = UV_ENOMEM;
  if (environment != NULL) {
    code = uv_spawn(child->loop, &c->process, &options);
    c->spawned = true; /* it initialises the handle, also when it fails */
    c->process.data = c;
    c->open_handles++;
  }
  free(environment);
  free(storage);
  return code;
}

/* A refusal is no error: it runs all the same, only slower or in somebody's way. */
static void set_priority(const call *c, seep_tracer_priority priority)
{
  if (priority == SEEP_TRACER_PRIORITY_HIGH) {
    (void)uv_os_setpriority(c->process.pid, UV_PRIORITY_HIGH);
  } else if (priority == SEEP_TRACER_PRIORITY_LOW) {
    (void)uv_os_setpriority(c->process.pid, UV_PRIORITY_BELOW_NORMAL);
  } else if (priority == SEEP_TRACER_PRIORITY_IDLE) {
    (void)uv_os_setpriority(c->process.pid, UV_PRIORITY_LOW);
  }
}

static seep_status run(void *context, const seep_tracer_call *wanted, seep_tracer_done done,
                       void *done_context, seep_error *error)
{
  seep_child *child = context;
  const char *const *arguments = wanted->arguments;
  char *list[MAXIMUM_ARGUMENTS];
  size_t count = 0;
  if (child->current != NULL) {
    return seep_error_set(error, SEEP_BUSY, SEEP_DOMAIN_NONE, 0, "run", child->program);
  }
  list[count++] = child->program;
  while (arguments[count - 1] != NULL) {
    if (count + 1 >= MAXIMUM_ARGUMENTS) {
      return seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_NONE, 0, "run", child->program);
    }
    list[count] = (char *)(uintptr_t)arguments[count - 1]; /* libuv takes char ** and does not write */
    count++;
  }
  list[count] = NULL;
  call *c = make_call(child);
  if (c == NULL) {
    return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "run", child->program);
  }
  int code = spawn(child, c, list);
  if (code != 0) {
    close_all(c);
    return seep_uv_error_set(error, code, "uv_spawn", child->program);
  }
  c->guard = child->guard;
  take_group(c);
  confine_group(c, wanted->maximum_memory_bytes);
  set_priority(c, wanted->priority);
  c->owner = child;
  c->done = done;
  c->done_context = done_context;
  c->kill_at_deadline = wanted->kill_at_deadline;
  c->running_pipes = 2;
  child->current = c;
  uv_read_start((uv_stream_t *)&c->output, allocate, pipe_read);
  uv_read_start((uv_stream_t *)&c->errors, allocate, pipe_read);
  uv_timer_start(&c->deadline, deadline_passed, wanted->deadline_ms > 0 ? (uint64_t)wanted->deadline_ms : 1,
                 0);
  return SEEP_OK;
}

static void detach(void *context, bool kill)
{
  seep_child *child = context;
  if (child->current != NULL) {
    call *c = child->current;
    if (kill) {
      end_all(c);
    }
    child->current = NULL;
    c->owner = NULL;
    close_all(c);
  }
}

seep_child *seep_child_new(uv_loop_t *loop, const char *program, const char *temporary_folder,
                           const seep_child_guard *guard, seep_tracer *port)
{
  seep_child *child = calloc(1, sizeof *child);
  if (child == NULL) {
    return NULL;
  }
  child->loop = loop;
  if (guard != NULL) {
    child->guard = *guard;
  }
  child->program = copy_text(program);
  child->temporary_folder = copy_text(temporary_folder);
  if (child->program == NULL || child->temporary_folder == NULL) {
    seep_child_free(child);
    return NULL;
  }
  port->context = child;
  port->run = run;
  port->detach = detach;
  return child;
}

void seep_child_free(seep_child *child)
{
  if (child != NULL) {
    detach(child, false);
    free(child->program);
    free(child->temporary_folder);
    free(child);
  }
}
