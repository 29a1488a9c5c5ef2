/*
 * leaker.exe: a process that leaks at a rate a test chooses, always through the same chain of functions, so
 * that a recorder has something to name. It is an ordinary program and needs nothing of Seepwatch; when the
 * stand-ins' folder is there it also writes down each allocation (leaker-<pid>.log), from which the stand-in
 * recorder makes its events.
 *
 *   leaker --mb-per-minute N [--kind virtualalloc|heap] [--block-kb K] [--seconds S] [--start-mb M]
 * [--sawtooth]
 *          [--untouched]
 *   leaker --healthy flat|sawtooth [--mb-per-minute N] ...
 *
 * The first line of stdout is the process id. One byte in each page is written: on Windows the commit alone
 * would do, but Wine reports as commit (PagefileUsage) only pages that were touched. --untouched leaves them
 * alone.
 */
#include <windows.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standin/standin_files.h"

#define FRAME_LIMIT 12
#define CACHE_SLOTS 4096
/* A healthy cache is emptied when it has this many blocks: a few teeth in a short test. */
#define CACHE_TOOTH_BLOCKS 64
#define PAGE_BYTES 4096

typedef enum memory_kind { KIND_VIRTUALALLOC = 0, KIND_HEAP } memory_kind;
static const char *const kind_names[] = {"virtualalloc", "heap"};

/* Each call site is published once with its stack. */
typedef enum call_site { SITE_LEAK = 1, SITE_CACHE = 2, SITE_TRIM = 3 } call_site;

typedef struct options {
  double mb_per_minute;
  memory_kind kind;
  size_t block_bytes;
  double seconds; /* 0 = until killed */
  size_t start_bytes;
  bool sawtooth; /* a healthy cache on top of what else happens */
  bool leaks;
  bool touches;
} options;

typedef struct publisher {
  wchar_t path[STANDIN_PATH_UNITS];
  bool on;
  bool published[8];
} publisher;

static options settings = {0, KIND_VIRTUALALLOC, 65536, 0, 0, false, true, true};
static publisher log_file;
static volatile uint64_t leaked_bytes, sessions, requests;
static void *cache[CACHE_SLOTS];
static size_t cached;

static void publisher_open(void)
{
  wchar_t folder[STANDIN_PATH_UNITS];
  wchar_t name[64];
  swprintf(name, sizeof name / sizeof name[0], L"leaker-%lu.log", GetCurrentProcessId());
  /* Emptied first: an earlier process may have had this id. */
  log_file.on = standin_files_folder(folder) && standin_files_join(log_file.path, folder, name) &&
                standin_files_write(log_file.path, "");
}

static void publish_site(call_site site, void **frames, unsigned count)
{
  char line[512];
  size_t used = (size_t)snprintf(line, sizeof line, "site %d", (int)site);
  for (unsigned i = 0; i < count && frames[i] != NULL && used + 24 < sizeof line; i++) {
    used += (size_t)snprintf(line + used, sizeof line - used, " %" PRIx64, (uint64_t)(uintptr_t)frames[i]);
  }
  snprintf(line + used, sizeof line - used, "\n");
  log_file.published[site] = true;
  log_file.on = log_file.on && standin_files_append(log_file.path, line);
}

static void publish(const char *what, const void *address, size_t size, call_site site)
{
  char line[160];
  if (log_file.on) {
    snprintf(line, sizeof line, "%s %" PRIu64 " %" PRIx64 " %zu %d %s %lu\n", what, standin_files_now(),
             (uint64_t)(uintptr_t)address, size, (int)site, kind_names[settings.kind], GetCurrentThreadId());
    log_file.on = standin_files_append(log_file.path, line);
  }
}

static void touch(void *block, size_t size)
{
  volatile unsigned char *bytes = block;
  for (size_t i = 0; settings.touches && i < size; i += PAGE_BYTES) {
    bytes[i] = 1;
  }
}

static void *allocate(size_t size, memory_kind kind)
{
  void *block = kind == KIND_HEAP ? HeapAlloc(GetProcessHeap(), 0, size)
                                  : VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  if (block != NULL) {
    touch(block, size);
  }
  return block;
}

static void release(void *address)
{
  if (settings.kind == KIND_HEAP) {
    HeapFree(GetProcessHeap(), 0, address);
  } else {
    VirtualFree(address, 0, MEM_RELEASE);
  }
}

/* The chain that a culprit search should find. Each function does a little after its call, so that no
 * compiler turns the call into a jump and takes the frame away. */
__declspec(noinline) static void *leak_block(size_t size)
{
  void *frames[FRAME_LIMIT];
  void *block = allocate(size, settings.kind);
  if (!log_file.published[SITE_LEAK]) {
    publish_site(SITE_LEAK, frames, CaptureStackBackTrace(0, FRAME_LIMIT, frames, NULL));
  }
  if (block != NULL) {
    publish("commit", block, size, SITE_LEAK);
    leaked_bytes += size;
  }
  return block;
}

__declspec(noinline) static bool leak_session(size_t size)
{
  bool done = leak_block(size) != NULL;
  sessions++;
  return done;
}

__declspec(noinline) static bool leak_request(size_t size)
{
  bool done = leak_session(size);
  requests++;
  return done;
}

__declspec(noinline) static void cache_trim(void)
{
  void *frames[FRAME_LIMIT];
  if (!log_file.published[SITE_TRIM]) {
    publish_site(SITE_TRIM, frames, CaptureStackBackTrace(0, FRAME_LIMIT, frames, NULL));
  }
  while (cached > 0) {
    cached--;
    publish("release", cache[cached], settings.block_bytes, SITE_TRIM);
    release(cache[cached]);
  }
}

__declspec(noinline) static void cache_fill(void)
{
  void *frames[FRAME_LIMIT];
  if (cached >= CACHE_TOOTH_BLOCKS) {
    cache_trim();
  }
  void *block = allocate(settings.block_bytes, settings.kind);
  if (!log_file.published[SITE_CACHE]) {
    publish_site(SITE_CACHE, frames, CaptureStackBackTrace(0, FRAME_LIMIT, frames, NULL));
  }
  if (block != NULL) {
    publish("commit", block, settings.block_bytes, SITE_CACHE);
    cache[cached++] = block;
  }
}

/* Allocates as much as the elapsed time asks for, however late the thread woke up. */
static int run(void)
{
  double bytes_per_second = settings.mb_per_minute * 1048576.0 / 60.0;
  double block_bytes = (double)settings.block_bytes;
  uint64_t start = standin_files_now();
  uint64_t blocks = 0;
  for (;;) {
    double elapsed_s = (double)(standin_files_now() - start) / 1e7;
    if (settings.seconds > 0 && elapsed_s >= settings.seconds) {
      return 0;
    }
    while ((double)(blocks + 1) * block_bytes <= elapsed_s * bytes_per_second) {
      if (settings.leaks && !leak_request(settings.block_bytes)) {
        fprintf(stderr, "leaker: out of memory\n");
        return 6;
      }
      if (settings.sawtooth) {
        cache_fill();
      }
      blocks++;
    }
    Sleep(50);
  }
}

static bool read_number(const char *text, double *value)
{
  char *end = NULL;
  *value = text != NULL ? strtod(text, &end) : -1;
  return text != NULL && end != text && *end == '\0' && *value >= 0 && *value <= 1e9;
}

/* One option at *index, which moves past its value. */
static bool read_option(int argc, char **argv, int *index)
{
  const char *name = argv[*index];
  const char *value = *index + 1 < argc ? argv[*index + 1] : NULL;
  double number = 0;
  if (strcmp(name, "--sawtooth") == 0) {
    settings.sawtooth = true;
    return true;
  }
  if (strcmp(name, "--untouched") == 0) {
    settings.touches = false;
    return true;
  }
  (*index)++;
  if (strcmp(name, "--kind") == 0 || strcmp(name, "--healthy") == 0) {
    const char *first = name[2] == 'k' ? "virtualalloc" : "flat";
    const char *second = name[2] == 'k' ? "heap" : "sawtooth";
    bool is_second = value != NULL && strcmp(value, second) == 0;
    if (name[2] == 'k') {
      settings.kind = is_second ? KIND_HEAP : KIND_VIRTUALALLOC;
    } else {
      settings.leaks = false;
      settings.sawtooth = is_second;
    }
    return is_second || (value != NULL && strcmp(value, first) == 0);
  }
  if (!read_number(value, &number)) {
    return false;
  }
  if (strcmp(name, "--mb-per-minute") == 0) {
    settings.mb_per_minute = number;
  } else if (strcmp(name, "--block-kb") == 0 && number >= 1) {
    settings.block_bytes = (size_t)(number * 1024);
  } else if (strcmp(name, "--seconds") == 0) {
    settings.seconds = number;
  } else if (strcmp(name, "--start-mb") == 0) {
    settings.start_bytes = (size_t)(number * 1048576);
  } else {
    return false;
  }
  return true;
}

int main(int argc, char **argv)
{
  for (int i = 1; i < argc; i++) {
    if (!read_option(argc, argv, &i)) {
      fprintf(stderr,
              "usage: leaker --mb-per-minute N [--kind virtualalloc|heap] [--block-kb K] [--seconds S]\n"
              "              [--start-mb M] [--sawtooth] [--healthy flat|sawtooth] [--untouched]\n");
      return 2;
    }
  }
  printf("%lu\n", GetCurrentProcessId());
  fflush(stdout);
  publisher_open();
  /* What was there before anybody looked: held for good, never published. */
  if (settings.start_bytes > 0 && allocate(settings.start_bytes, KIND_VIRTUALALLOC) == NULL) {
    fprintf(stderr, "leaker: no memory for --start-mb\n");
    return 6;
  }
  return run();
}
