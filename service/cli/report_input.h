/*
 * The bytes of a trace, for `report`: a plain file is mapped; what is packed with gzip, or comes from the
 * standard input, is first put into a file of its own in the temporary folder, which only this user may read
 * and which is gone when the program ends; where it was killed, a later run removes it. That file becomes at
 * most 64 GB large, and never takes more than half of what is free there.
 */
#ifndef SEEP_SERVICE_REPORT_INPUT_H
#define SEEP_SERVICE_REPORT_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "mapping.h"
#include "output.h"
#include "report_progress.h"

#define SEEP_REPORT_INPUT_PATH_SIZE 1024

typedef struct seep_report_input {
  seep_mapping mapping;
  bool is_damaged;                             /* the packed file: what came before damaged_at is here */
  uint64_t damaged_at;                         /* byte of the packed file */
  char temporary[SEEP_REPORT_INPUT_PATH_SIZE]; /* "": none, or removed already */
  char loss[SEEP_OUTPUT_NAME_SIZE + 128];
} seep_report_input;

/* path "-" is the standard input. SEEP_EXIT_DONE, or what is wrong has been said. *input stays where it is
 * until seep_report_input_close, which it needs whatever comes back. */
int seep_report_input_open(seep_report_input *input, const char *verb, const char *path,
                           seep_report_progress *progress);
void seep_report_input_close(seep_report_input *input);

/* Somebody pressed Ctrl-C while there is a temporary file: work ends, so that the file can be removed. Where
 * there is none, Ctrl-C ends the program as usual. */
bool seep_report_input_interrupted(void);

#endif
