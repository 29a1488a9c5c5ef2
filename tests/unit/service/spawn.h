/*
 * Runs seepwatch as an administrator's script does: arguments in, exit code and both outputs back. Also makes
 * the files it is to read. Paths and arguments are UTF-8 on every system, which is why files go through libuv
 * and not stdio.
 */
#ifndef TEST_SERVICE_SPAWN_H
#define TEST_SERVICE_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

/* A name that no single code page holds: a German umlaut and a Japanese sign. */
#define SPAWN_NAME                                                                                           \
  "Gr\xC3\xB6\xC3\x9F"                                                                                       \
  "e-\xE6\x97\xA5"

typedef struct spawn_output {
  char *text; /* terminated; CR LF is LF, so that exact lines are the same everywhere */
  size_t size;
} spawn_output;

typedef struct spawn_result {
  int64_t exit_code;
  int signal;
  spawn_output out, err;
} spawn_result;

typedef struct spawn_input {
  const char *standard_input; /* NULL: empty */
  size_t size;
  const char *output_path; /* NULL: captured; else written to this file or device, which exists */
} spawn_input;

/* The program under test: argv[1] of the test. False, with a word on stderr, when it was not given. */
bool spawn_program(int argc, char **argv);

/* Runs it and fails the test, showing both outputs, unless it ends by itself with this exit code. A success
 * must say nothing on stderr; a failure must say something there, as "seepwatch: VERB: ..." or as "usage:
 * ...". The result is valid until the next run. arguments end with NULL. */
const spawn_result *spawn_run(int exit_code, const spawn_input *input, const char *const *arguments,
                              const char *file, int line);

#define RUN(exit_code, ...)                                                                                  \
  spawn_run(exit_code, NULL, (const char *const[]){__VA_ARGS__, NULL}, __FILE__, __LINE__)
#define RUN_WITH(exit_code, input, ...)                                                                      \
  spawn_run(exit_code, input, (const char *const[]){__VA_ARGS__, NULL}, __FILE__, __LINE__)

/* Fails the test, showing the text, when `part` is not in it. */
void spawn_says(const spawn_output *output, const char *part, const char *file, int line);
#define SAYS(output, part) spawn_says(&(output), part, __FILE__, __LINE__)

/* The output as one JSON document with nothing behind it, or the test fails. Freed with cJSON_Delete. */
cJSON *spawn_json(const spawn_output *output);

/* The member, or the test fails. Numbers up to 2^53. */
const cJSON *spawn_member(const cJSON *object, const char *name);
double spawn_number(const cJSON *object, const char *name);
const char *spawn_string(const cJSON *object, const char *name);

/* Files in the current folder; the test fails when it cannot be done. Reading gives a terminated copy for
 * free(). */
void spawn_file_write(const char *path, const void *bytes, size_t size);
char *spawn_file_read(const char *path, size_t *size);
void spawn_file_remove(const char *path); /* no matter whether it exists */
bool spawn_file_exists(const char *path);

#endif
