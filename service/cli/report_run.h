/* What `report` does once it knows what is wanted: reads the trace, names the stacks, and writes the answer
 * as text, JSON or a page. */
#ifndef SEEP_SERVICE_REPORT_RUN_H
#define SEEP_SERVICE_REPORT_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEEP_REPORT_VERB "report"
#define SEEP_REPORT_SYMBOL_FOLDERS 16

typedef struct seep_report_request {
  const char *path;
  const char *process_name; /* NULL: any */
  const char *html;         /* NULL: no page; "-" is the standard output */
  const char *answer;       /* NULL, or the file for a short JSON document; nothing is printed then */
  const char *database;     /* NULL: none */
  const char *symbols[SEEP_REPORT_SYMBOL_FOLDERS];
  size_t symbol_count;
  size_t top; /* 0: not given */
  uint32_t pid;
  bool has_pid, json, events;
  bool background;               /* at the lowest priority there is */
  uint64_t memory_bytes;         /* that the analysis may take; 0: not given */
  unsigned payload_pointer_bits; /* with events; 0: as each record says */
} seep_report_request;

/* The exit code; what is wrong has been said. */
int seep_report_run(const seep_report_request *wanted);

#endif
