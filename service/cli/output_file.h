/*
 * A file that is there as a whole or not at all: written under another name beside it, then renamed. It never
 * replaces what is no page of ours: a device, a folder, a database given by mistake.
 */
#ifndef SEEP_SERVICE_OUTPUT_FILE_H
#define SEEP_SERVICE_OUTPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define SEEP_OUTPUT_FILE_PATH_SIZE 1100

typedef struct seep_output_file {
  const char *verb, *path; /* UTF-8; path "-" is the standard output */
  FILE *stream;            /* to be written to; NULL when there is none */
  char temporary[SEEP_OUTPUT_FILE_PATH_SIZE];
} seep_output_file;

/* verb and path are borrowed. SEEP_EXIT_DONE, or what is wrong has been said and nothing is left. */
int seep_output_file_begin(seep_output_file *file, const char *verb, const char *path);

/* Gives the file its name; the same. */
int seep_output_file_end(seep_output_file *file);

/* Instead of the end: nothing is left of it. */
void seep_output_file_drop(seep_output_file *file);

#endif
