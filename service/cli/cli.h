/* What the verbs share: exit codes, opening files by UTF-8 path, the way an error is said. One cmd_*.c per
 * verb. */
#ifndef SEEP_SERVICE_CLI_H
#define SEEP_SERVICE_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

enum {
  SEEP_EXIT_DONE = 0,
  SEEP_EXIT_USAGE = 2,
  SEEP_EXIT_NOT_FOUND = 3,
  SEEP_EXIT_BAD_INPUT = 4,
  SEEP_EXIT_DENIED = 5,
  SEEP_EXIT_FAILED = 6,
  SEEP_EXIT_BUSY = 7
};

/* Each verb: argv[0] is the verb itself, all arguments are UTF-8 on every system; returns an exit code. */
int seep_cmd_config(int argc, char **argv);
int seep_cmd_event(int argc, char **argv);
int seep_cmd_replay(int argc, char **argv);
int seep_cmd_report(int argc, char **argv);
int seep_cmd_memory(int argc, char **argv);
int seep_cmd_history(int argc, char **argv);
int seep_cmd_top(int argc, char **argv);
int seep_cmd_leaks(int argc, char **argv);
int seep_cmd_captures(int argc, char **argv);
int seep_cmd_version(int argc, char **argv);
int seep_cmd_help(int argc, char **argv);
#ifdef _WIN32
int seep_cmd_run(int argc, char **argv);
int seep_cmd_install(int argc, char **argv);
int seep_cmd_uninstall(int argc, char **argv);
int seep_cmd_status(int argc, char **argv);
int seep_cmd_doctor(int argc, char **argv);
#endif

/* An option's value: decimal digits and nothing else, up to maximum. text may be NULL: no value. */
bool seep_cli_number(const char *text, uint64_t maximum, uint64_t *value);

/* fopen(path, "rb") for a UTF-8 path; "-" is the standard input, in binary mode. NULL with errno when it
 * fails; the caller closes it with fclose unless it is stdin. */
FILE *seep_cli_open(const char *path);

/* "seepwatch: VERB: reading FILE: why" on stderr (FILE - is called standard input); returns exit_code. */
int seep_cli_fail_reading(const char *verb, int exit_code, const char *path, const char *why);

/* The whole file, at most maximum_bytes and one more: *size beyond the maximum tells a file that is too
 * large. *data is malloc'ed and the caller's on SEEP_EXIT_DONE; else nothing is left and the failure has been
 * said: 3 not there, 5 denied, 6 anything else. */
int seep_cli_read(const char *verb, const char *path, size_t maximum_bytes, char **data, size_t *size);

/* %ProgramData%\Seepwatch\seepwatch.db; on other systems ./seepwatch.db. Valid for the life of the program.
 */
const char *seep_cli_default_database(void);
const char *seep_cli_default_settings(void);

/* "seepwatch: VERB: what failed: why" on stderr, in one line and harmless for a terminal whatever is in it;
 * returns exit_code. */
int seep_cli_fail(const char *verb, int exit_code, const char *what, const char *why);

/* The exit code a status deserves. */
int seep_cli_exit_code(seep_status status);

#endif
