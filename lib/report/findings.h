/*
 * What will and will not work on this server, from plain facts: each finding says what is the matter, what
 * follows from it and what cures it. `seepwatch doctor` shows all of them; the service tells the one about
 * Event 2004 itself (event 214).
 */
#ifndef SEEP_REPORT_FINDINGS_H
#define SEEP_REPORT_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "observe/diagnosis.h"
#include "observe/doctor_facts.h"

typedef enum seep_finding_level {
  SEEP_FINDING_GOOD = 0,
  SEEP_FINDING_NOTE,   /* works, with less */
  SEEP_FINDING_TROUBLE /* something that Seepwatch is for does not work */
} seep_finding_level;

typedef struct seep_doctor_finding {
  seep_finding_level level;
  const char *subject;     /* "Event 2004", "recorder" ...: stable, for --json */
  char state[256];         /* what is the case, a sentence without a full stop */
  const char *consequence; /* NULL when GOOD */
  const char *cure;        /* NULL when GOOD */
} seep_doctor_finding;

#define SEEP_FINDINGS_MAXIMUM 24

/* In a fixed order, one per subject; returns how many. What is not known is a NOTE that says so. */
size_t seep_findings_of(const seep_doctor_facts *facts, seep_doctor_finding out[SEEP_FINDINGS_MAXIMUM]);

/* The finding about Event 2004 alone; false when nothing speaks against it: *out is as it was then. What
 * could not be asked does not speak against it. */
bool seep_findings_diagnosis(const seep_diagnosis *diagnosis, seep_doctor_finding *out);

#endif
