/*
 * What the tests of the stand-in recorder share: a folder of the stand-ins for each test program, calls of
 * wpr.exe with both streams read to their end, leakers, and the finished trace. Arguments of every test
 * program: the paths of wpr.exe and leaker.exe.
 */
#ifndef WPR_RECORDER_BENCH_H
#define WPR_RECORDER_BENCH_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>

#include <windows.h>

#include "standin/standin_files.h"
#include "trace/answer.h"
#include "trace/container.h"

#define BENCH_OUTPUT_SIZE 8192

typedef struct bench_child {
  PROCESS_INFORMATION process;
  HANDLE out; /* read end of stdout and stderr */
} bench_child;

extern wchar_t bench_folder[STANDIN_PATH_UNITS]; /* of the stand-ins, of this test program only */
extern char bench_output[BENCH_OUTPUT_SIZE];     /* of the last call, both streams */

/* false when the arguments are missing; name: of the folder. */
bool bench_open(int argc, char **argv, const wchar_t *name);

/* Setup of each test: no recordings, no knobs, an ordinary profile as t.wprp with the profile T. */
int bench_fresh_folder(void **state);

/* The recorder of another build, from here on; 20348 is the one the test was given. */
void bench_choose(uint32_t build);
const wchar_t *bench_recorder(void); /* the path of that one */

void bench_path(wchar_t path[STANDIN_PATH_UNITS], const wchar_t *name);
void bench_write(const wchar_t *name, const char *text);
bool bench_exists(const wchar_t *name);
int64_t bench_size(const wchar_t *name); /* -1 when there is none */
void bench_knobs(const char *text);

/* The recording profile T with what is inserted: into the system, event and heap collector (NULL: there is no
 * heap collector), the providers' definitions, the references of the event and of the heap collector. */
typedef struct bench_profile {
  const char *in_system, *in_event, *in_heap, *providers, *event_references, *heap_references;
} bench_profile;
void bench_write_profile(const bench_profile *profile);

/* Starts a program; both streams go to its pipe, or only the one asked for. flags: of CreateProcess. */
bench_child bench_launch(const wchar_t *program, const wchar_t *arguments, bool with_out, bool with_error,
                         DWORD flags);
bench_child bench_wpr_launch(const wchar_t *arguments, DWORD flags);

/* Reads until the pipe closes and the process ends; its exit code. output: BENCH_OUTPUT_SIZE. */
uint32_t bench_finish(bench_child *started, char *output);

uint32_t bench_wpr(const wchar_t *arguments);
uint32_t bench_wpr_pid(const wchar_t *format, uint32_t pid); /* format with one %lu */
uint32_t bench_start(void);                                  /* T, file mode, instance A */
uint32_t bench_stop(void);                                   /* to out.etl */

/* A leaker by its path, which may be a copy under another name; its PID. */
bench_child bench_leaker(const wchar_t *program, const wchar_t *arguments, uint32_t *pid);
void bench_end_leaker(bench_child *leaking);
extern wchar_t bench_leaker_path[STANDIN_PATH_UNITS];

/* Walks out.etl, which must be whole. */
seep_trace_summary bench_read_trace(seep_trace_visit visit, void *context);

/* The answer that out.etl gives about the process; to be freed. */
void bench_read_answer(seep_answer *answer, uint32_t pid);

/* How often the bytes occur in out.etl. */
size_t bench_count_in_trace(const uint8_t *bytes, size_t size);

/* The last line of wpr-calls.log. */
const char *bench_last_call(void);

#endif
