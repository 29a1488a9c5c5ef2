/*
 * How long it takes from a recording in a file to "who leaks", and how much memory: a made trace whose answer
 * is known, read over a mapping, beside a bare loop over its markers and sizes and a plain copy of its bytes.
 * The trace is made by a child process, so that the memory counted is the reader's alone. An answer that is
 * not the known one fails. Prints lines `name value unit`, each name with the prefix.
 *
 *   bench_answer PREFIX FILE EVENTS ROUNDS [packed]     FILE is written and removed; the quickest round
 * counts
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bare_scan.h"
#include "measure.h"
#include "standin/etl_scenario.h"
#include "trace/answer.h"

#define PROCESSORS 8
#define BUFFER_BYTES 1048576u /* as the recorder's largest */
#define NAP_NS 2000000        /* between two looks at the memory */

static const char *remove_path; /* the file goes, whatever happens */

static void must(bool right, const char *what)
{
  if (!right) {
    if (remove_path != NULL) {
      remove(remove_path);
    }
    measure_fail("the result is wrong", what);
  }
}

/* ---- the trace ---- */

/* What is known about it. */
typedef struct facts {
  bool made;
  char culprit[64];
  uint32_t pid;
  uint64_t live_bytes[2], allocations, events;
  unsigned rounds; /* that it is to be read */
} facts;

static bool put_bytes(void *context, uint64_t offset, const void *data, size_t size)
{
  const int *file = context;
  const uint8_t *from = data;
  while (size > 0) {
    ssize_t wrote = pwrite(*file, from, size, (off_t)offset);
    if (wrote <= 0) {
      return false;
    }
    from += wrote;
    offset += (uint64_t)wrote;
    size -= (size_t)wrote;
  }
  return true;
}

static facts make(const char *path, uint64_t events, bool is_packed)
{
  facts known = {.made = false};
  etl_scenario_options options;
  etl_scenario_answer answer;
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  etl_scenario_defaults(&options);
  options.events = events;
  options.processors = PROCESSORS;
  options.buffer_bytes = BUFFER_BYTES;
  options.is_packed = is_packed;
  known.made = file >= 0 && etl_scenario_make(&options, put_bytes, &file, &answer);
  if (known.made) {
    known.pid = answer.processes[0].pid;
    known.events = answer.memory_events;
    memcpy(known.live_bytes, answer.processes[0].live_bytes, sizeof known.live_bytes);
    snprintf(known.culprit, sizeof known.culprit, "%s", answer.culprit);
    for (size_t i = 0; i < answer.site_count; i++) {
      known.allocations += answer.sites[i].use.allocations;
    }
  }
  return known;
}

/* In a child, whose memory goes with it. */
static facts make_apart(const char *path, uint64_t events, bool is_packed)
{
  facts known = {.made = false};
  int ends[2], state = 0;
  must(pipe(ends) == 0, "pipe");
  pid_t child = fork();
  if (child == 0) {
    known = make(path, events, is_packed);
    _exit(write(ends[1], &known, sizeof known) == (ssize_t)sizeof known ? 0 : 1);
  }
  close(ends[1]);
  must(child > 0 && read(ends[0], &known, sizeof known) == (ssize_t)sizeof known && known.made,
       "the trace could not be made");
  waitpid(child, &state, 0);
  close(ends[0]);
  return known;
}

/* ---- memory ---- */

/* RssAnon: what is this process's alone, the mapping of the file not counted. */
static size_t private_bytes(void)
{
  char line[128];
  unsigned long kilobytes = 0;
  FILE *status = fopen("/proc/self/status", "r");
  while (status != NULL && fgets(line, sizeof line, status) != NULL) {
    if (strncmp(line, "RssAnon:", 8) == 0) {
      kilobytes = strtoul(line + 8, NULL, 10);
    }
  }
  if (status != NULL) {
    fclose(status);
  }
  return (size_t)kilobytes * 1024;
}

typedef struct lookout {
  pthread_t thread;
  atomic_bool stop;
  size_t peak_bytes;
} lookout;

static void *look_out(void *context)
{
  static const struct timespec nap = {.tv_nsec = NAP_NS};
  lookout *self = context;
  while (!atomic_load(&self->stop)) {
    size_t bytes = private_bytes();
    self->peak_bytes = bytes > self->peak_bytes ? bytes : self->peak_bytes;
    nanosleep(&nap, NULL);
  }
  return NULL;
}

/* ---- measuring ---- */

typedef struct figures {
  double wall_ms, cpu_us;
} figures;

typedef uint64_t (*work)(const uint8_t *data, size_t size, const facts *known);

/* Over a mapping of its own: every candidate pays for its pages. The quickest of the rounds. */
static figures measure(const char *path, const facts *known, work run, uint64_t *result)
{
  figures least = {.wall_ms = 0};
  struct stat about;
  for (unsigned round = 0; round < known->rounds; round++) {
    int file = open(path, O_RDONLY);
    must(file >= 0 && fstat(file, &about) == 0, path);
    size_t size = (size_t)about.st_size;
    double before_ms = measure_wall_ms(), before_us = measure_cpu_us();
    uint8_t *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    must(data != MAP_FAILED, "mapping");
    *result = run(data, size, known);
    munmap(data, size);
    figures took = {.wall_ms = measure_wall_ms() - before_ms, .cpu_us = measure_cpu_us() - before_us};
    close(file);
    least = round == 0 || took.wall_ms < least.wall_ms ? took : least;
  }
  return least;
}

static uint64_t read_answer(const uint8_t *data, size_t size, const facts *known)
{
  static const seep_answer_request request = {.options = {.has_pid = false}};
  seep_answer answer;
  must(seep_answer_read(&answer, data, size, &request, NULL) == SEEP_OK, "reading");
  uint64_t records = answer.merged.summary.records;
  must(!answer.merged.ended_early && !answer.losses.memory_limit && answer.merged.forced_buffers == 0 &&
           answer.merged.late_records == 0,
       "not all of the trace was read, or not in order");
  must(answer.has_process && answer.process.pid == known->pid &&
           strcmp(seep_answer_culprit_name(&answer), known->culprit) == 0,
       "another process or culprit than was made");
  for (unsigned view = 0; view < SEEP_TRACE_VIEWS; view++) {
    must(answer.views[view].live_bytes == known->live_bytes[view], "other bytes than were left");
  }
  seep_answer_free(&answer);
  return records;
}

static uint64_t scan(const uint8_t *data, size_t size, const facts *known)
{
  (void)known;
  return bare_scan_records(data, size);
}

static uint64_t copy(const uint8_t *data, size_t size, const facts *known)
{
  static uint8_t room[BUFFER_BYTES];
  uint64_t sum = 0;
  (void)known;
  for (size_t at = 0; at < size; at += sizeof room) {
    size_t piece = size - at < sizeof room ? size - at : sizeof room;
    memcpy(room, data + at, piece);
    sum += room[piece / 2]; /* or the copies might be left out */
  }
  return sum;
}

static void print_answer(const char *prefix, const char *path, const facts *known)
{
  uint64_t records = 0;
  lookout watch = {.peak_bytes = 0};
  atomic_init(&watch.stop, false);
  must(pthread_create(&watch.thread, NULL, look_out, &watch) == 0, "thread");
  figures took = measure(path, known, read_answer, &records);
  atomic_store(&watch.stop, true);
  pthread_join(watch.thread, NULL);
  double seconds = took.wall_ms / 1e3;
  printf("%s_records %" PRIu64 " records\n", prefix, records);
  printf("%s_answer_seconds %.2f s\n", prefix, seconds);
  printf("%s_answer_cpu_seconds %.2f s\n", prefix, took.cpu_us / 1e6);
  printf("%s_answer_allocations_per_second %.2f M\n", prefix, (double)known->allocations / seconds / 1e6);
  printf("%s_answer_events_per_second %.2f M\n", prefix, (double)known->events / seconds / 1e6);
  printf("%s_answer_records_per_second %.2f M\n", prefix, (double)records / seconds / 1e6);
  printf("%s_answer_peak_bytes %zu bytes\n", prefix, watch.peak_bytes);
}

static void print_limits(const char *prefix, const char *path, const facts *known, bool is_packed)
{
  uint64_t result = 0;
  figures took = measure(path, known, copy, &result);
  printf("%s_copy_seconds %.2f s\n", prefix, took.wall_ms / 1e3);
  if (!is_packed) {
    took = measure(path, known, scan, &result);
    printf("%s_scan_seconds %.2f s\n", prefix, took.wall_ms / 1e3);
  }
}

int main(int argc, char **argv)
{
  bool is_packed = argc == 6 && strcmp(argv[5], "packed") == 0;
  if (argc < 5 || argc > 6 || (argc == 6 && !is_packed)) {
    fprintf(stderr, "usage: bench_answer PREFIX FILE EVENTS ROUNDS [packed]\n");
    return 2;
  }
  const char *prefix = argv[1], *path = argv[2];
  remove_path = path;
  facts known = make_apart(path, strtoull(argv[3], NULL, 10), is_packed);
  known.rounds = (unsigned)strtoul(argv[4], NULL, 10);
  must(known.rounds > 0, "rounds");
  printf("%s_bytes %" PRIu64 " bytes\n", prefix, measure_file_bytes(path));
  printf("%s_events %" PRIu64 " events\n", prefix, known.events);
  printf("%s_allocations %" PRIu64 " events\n", prefix, known.allocations);
  print_answer(prefix, path, &known);
  print_limits(prefix, path, &known, is_packed);
  remove(path);
  return 0;
}
