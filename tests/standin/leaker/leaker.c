/*
 * leaker.exe: a process that leaks at a rate a test chooses, always through the same chain of functions, so
 * that a recorder has something to name. It is an ordinary program and needs nothing of Seepwatch; when the
 * stand-ins' folder is there it also writes down each allocation (leaker-<pid>.log), from which the stand-in
 * recorder makes its events.
 *
 *   leaker --mb-per-minute N [--kind virtualalloc|heap|nt-heap] [--block-kb K] [--seconds S] [--start-mb M]
 *          [--sawtooth] [--untouched] [--nt-heap] [--resize]
 *   leaker --healthy flat|sawtooth [--mb-per-minute N] ...
 *
 * --resize, with --kind heap, allocates half of each leaked block first and then lets it grow.
 *
 * The log's first line says the tracing flags that the registry had for this program's name when it started:
 * Windows too reads them then and never again (reference: wpr-and-ifeo, 8).
 *
 * --nt-heap lays out heaps as Windows has them (nt_heap.h), in which nothing happens; --kind nt-heap leaks
 * from them, with blocks of more than 1,020 KB as large blocks.
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

#include "standin/leaker/nt_heap.h"
#include "standin/standin_files.h"

#define FRAME_LIMIT 12
#define CACHE_SLOTS 4096
/* A healthy cache is emptied when it has this many blocks: a few teeth in a short test. */
#define CACHE_TOOTH_BLOCKS 64
#define PAGE_BYTES 4096

typedef enum memory_kind { KIND_VIRTUALALLOC = 0, KIND_HEAP, KIND_NT_HEAP, KINDS } memory_kind;
static const char *const kind_names[KINDS] = {"virtualalloc", "heap", "nt-heap"};
/* For who follows the log, a heap is a heap. */
static const char *const published_names[KINDS] = {"virtualalloc", "heap", "heap"};

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
  bool nt_heap;
  bool resizes;
} options;

/* The file stays open: beside NT-shaped heaps none can be opened. */
typedef struct publisher {
  HANDLE file;
  bool on;
  bool published[8];
} publisher;

static options settings = {0, KIND_VIRTUALALLOC, 65536, 0, 0, false, true, true, false, false};
static publisher log_file;
static volatile uint64_t leaked_bytes, sessions, requests;
static void *cache[CACHE_SLOTS];
static size_t cached;

static void publisher_open(void)
{
  wchar_t folder[STANDIN_PATH_UNITS];
  wchar_t path[STANDIN_PATH_UNITS];
  wchar_t name[64];
  swprintf(name, sizeof name / sizeof name[0], L"leaker-%lu.log", GetCurrentProcessId());
  /* Emptied first: an earlier process may have had this id. */
  if (standin_files_folder(folder) && standin_files_join(path, folder, name) &&
      standin_files_write(path, "")) {
    log_file.file =
        CreateFileW(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                    OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    log_file.on = log_file.file != INVALID_HANDLE_VALUE;
  }
}

static void append(const char *line)
{
  DWORD length = (DWORD)strlen(line);
  DWORD written = 0;
  log_file.on = log_file.on && WriteFile(log_file.file, line, length, &written, NULL) && written == length;
}

static DWORD tracing_flags(void)
{
  static const wchar_t options_key[] =
      L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\";
  wchar_t path[STANDIN_PATH_UNITS];
  wchar_t key[STANDIN_PATH_UNITS + sizeof options_key / sizeof options_key[0]];
  DWORD flags = 0;
  DWORD size = sizeof flags;
  DWORD length = GetModuleFileNameW(NULL, path, STANDIN_PATH_UNITS);
  if (length == 0 || length >= STANDIN_PATH_UNITS) {
    return 0;
  }
  const wchar_t *name = wcsrchr(path, L'\\');
  swprintf(key, sizeof key / sizeof key[0], L"%ls%ls", options_key, name != NULL ? name + 1 : path);
  LSTATUS status = RegGetValueW(HKEY_LOCAL_MACHINE, key, L"TracingFlags",
                                RRF_RT_REG_DWORD | RRF_SUBKEY_WOW6464KEY, NULL, &flags, &size);
  return status == ERROR_SUCCESS ? flags : 0;
}

static void publish_number(const char *what, uint64_t number)
{
  char line[64];
  snprintf(line, sizeof line, "%s %" PRIx64 "\n", what, number);
  append(line);
}

/* The C library's streams may allocate, so the heaps go first. */
static int fail(int code, const char *why)
{
  nt_heap_close();
  fprintf(stderr, "leaker: %s\n", why);
  return code;
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
  append(line);
}

static void publish(const char *what, const void *address, size_t size, call_site site)
{
  char line[160];
  if (log_file.on) {
    snprintf(line, sizeof line, "%s %" PRIu64 " %" PRIx64 " %zu %d %s %lu\n", what, standin_files_now(),
             (uint64_t)(uintptr_t)address, size, (int)site, published_names[settings.kind],
             GetCurrentThreadId());
    append(line);
  }
}

static void publish_resize(const void *address, size_t size, call_site site, const void *old_address,
                           size_t old_size)
{
  char line[200];
  if (log_file.on) {
    snprintf(line, sizeof line, "resize %" PRIu64 " %" PRIx64 " %zu %d heap %" PRIx64 " %zu %lu\n",
             standin_files_now(), (uint64_t)(uintptr_t)address, size, (int)site,
             (uint64_t)(uintptr_t)old_address, old_size, GetCurrentThreadId());
    append(line);
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
  void *block = kind == KIND_HEAP      ? HeapAlloc(GetProcessHeap(), 0, size)
                : kind == KIND_NT_HEAP ? nt_heap_allocate(size)
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

/* To its full size, as a growing table does it. */
static void *grow(void *block, size_t old_size, size_t size)
{
  void *grown = HeapReAlloc(GetProcessHeap(), 0, block, size);
  if (grown != NULL) {
    touch(grown, size);
    publish_resize(grown, size, SITE_LEAK, block, old_size);
  }
  return grown;
}

/* The chain that a culprit search should find. Each function does a little after its call, so that no
 * compiler turns the call into a jump and takes the frame away. */
__declspec(noinline) static void *leak_block(size_t size)
{
  void *frames[FRAME_LIMIT];
  size_t first_size = settings.resizes ? size / 2 : size;
  void *block = allocate(first_size, settings.kind);
  if (!log_file.published[SITE_LEAK]) {
    publish_site(SITE_LEAK, frames, CaptureStackBackTrace(0, FRAME_LIMIT, frames, NULL));
  }
  if (block != NULL) {
    publish("commit", block, first_size, SITE_LEAK);
    leaked_bytes += size;
  }
  return block != NULL && settings.resizes ? grow(block, first_size, size) : block;
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
        return fail(6, "out of memory");
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

/* One of count words, or count. */
static size_t word_of(const char *value, const char *const *words, size_t count)
{
  size_t found = 0;
  while (found < count && (value == NULL || strcmp(value, words[found]) != 0)) {
    found++;
  }
  return found;
}

static bool read_flag(const char *name)
{
  bool *flag = strcmp(name, "--sawtooth") == 0  ? &settings.sawtooth
               : strcmp(name, "--nt-heap") == 0 ? &settings.nt_heap
               : strcmp(name, "--resize") == 0  ? &settings.resizes
                                                : NULL;
  if (flag != NULL) {
    *flag = true;
  } else if (strcmp(name, "--untouched") == 0) {
    settings.touches = false;
  } else {
    return false;
  }
  return true;
}

static bool read_word(const char *name, const char *value, bool *good)
{
  static const char *const healthy[] = {"flat", "sawtooth"};
  if (strcmp(name, "--kind") == 0) {
    size_t kind = word_of(value, kind_names, KINDS);
    settings.kind = (memory_kind)kind;
    settings.nt_heap = settings.nt_heap || kind == KIND_NT_HEAP;
    *good = kind < KINDS;
    return true;
  }
  if (strcmp(name, "--healthy") == 0) {
    size_t which = word_of(value, healthy, 2);
    settings.leaks = false;
    settings.sawtooth = which == 1;
    *good = which < 2;
    return true;
  }
  return false;
}

/* One option at *index, which moves past its value. */
static bool read_option(int argc, char **argv, int *index)
{
  const char *name = argv[*index];
  const char *value = *index + 1 < argc ? argv[*index + 1] : NULL;
  double number = 0;
  bool good = false;
  if (read_flag(name)) {
    return true;
  }
  (*index)++;
  if (read_word(name, value, &good)) {
    return good;
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

/* An NT-shaped heap frees and resizes nothing, and beside it nobody can use the real one. */
static bool options_agree(void)
{
  return !(settings.nt_heap && settings.kind == KIND_HEAP) &&
         !(settings.sawtooth && settings.kind == KIND_NT_HEAP) &&
         !(settings.resizes && settings.kind != KIND_HEAP);
}

/* By no stream: they allocate. */
static void say_process_id(void)
{
  char line[16];
  DWORD written = 0;
  int length = snprintf(line, sizeof line, "%lu\r\n", GetCurrentProcessId());
  WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), line, (DWORD)length, &written, NULL);
}

int main(int argc, char **argv)
{
  bool good = true;
  for (int i = 1; i < argc && good; i++) {
    good = read_option(argc, argv, &i);
  }
  if (!good || !options_agree()) {
    fprintf(
        stderr,
        "usage: leaker --mb-per-minute N [--kind virtualalloc|heap|nt-heap] [--block-kb K] [--seconds S]\n"
        "              [--start-mb M] [--sawtooth] [--healthy flat|sawtooth] [--untouched] [--nt-heap]\n"
        "              [--resize]\n");
    return 2;
  }
  publisher_open();
  publish_number("tracing", tracing_flags());
  const char *problem = settings.nt_heap ? nt_heap_open() : NULL;
  if (problem != NULL) {
    return fail(6, problem);
  }
  publish_number("heap", (uint64_t)(uintptr_t)GetProcessHeap());
  say_process_id();
  /* What was there before anybody looked: held for good, never published. */
  if (settings.start_bytes > 0 && allocate(settings.start_bytes, KIND_VIRTUALALLOC) == NULL) {
    return fail(6, "no memory for --start-mb");
  }
  int code = run();
  nt_heap_close();
  return code;
}
