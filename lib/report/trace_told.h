/*
 * What is told and kept of an answer, read back from its document (report/trace_json.h). The document is ours
 * and was made from a stranger's bytes by a child process: nothing in it is believed beyond its size.
 */
#ifndef SEEP_REPORT_TRACE_TOLD_H
#define SEEP_REPORT_TRACE_TOLD_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Texts are UTF-8; "" = not known. */
typedef struct seep_trace_told {
  char why[256];      /* there is no culprit */
  char verdict[1024]; /* one sentence */
  char certainty[16]; /* "good", "weak", "nothing" */
  char culprit[256];  /* module, or code that a runtime makes; "": nobody */
  char place[256];    /* function or offset in it */
  char company[128], version[64];
  char signature[24];
  char doubts[512];
  uint64_t bytes, allocations; /* of the culprit, not given back */
  double share;
} seep_trace_told;

/* A culprit that is no module and no code made by a runtime names nobody, and so does one of which nothing
 * grows steadily: then culprit is "" and why says what it is. SEEP_CORRUPT: not such a document; *told is as
 * it was. */
seep_status seep_trace_told_read(const char *text, size_t size, seep_trace_told *told, seep_error *error);

#endif
