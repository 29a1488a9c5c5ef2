/* Shared by findings.c and findings_events.c only. */
#ifndef SEEP_REPORT_FINDINGS_PRIVATE_H
#define SEEP_REPORT_FINDINGS_PRIVATE_H

#include "report/findings.h"

#define SEEP_FINDINGS_NOBODY_KNOWS "Whether this works is not known"
#define SEEP_FINDINGS_ASK_AGAIN "Run 'seepwatch doctor' as administrator, from an elevated command prompt"
#define SEEP_FINDINGS_LOOK_BY_HAND                                                                           \
  "Ask again later; where it stays so, look by hand what is the matter with it"

/* consequence and cure: literals. */
void seep_findings__set(seep_doctor_finding *out, seep_finding_level level, const char *state,
                        const char *consequence, const char *cure);
void seep_findings__good(seep_doctor_finding *out, const char *state);
/* An administrator is not told to become one. */
void seep_findings__unknown(const seep_doctor_facts *facts, seep_doctor_finding *out, const char *state);

void seep_findings__event_2004(const seep_diagnosis *diagnosis, seep_doctor_finding *out);
/* Switched off in the configuration: the server is not asked for it. */
void seep_findings__event_2004_off(seep_doctor_finding *out);
void seep_findings__event_log(const seep_doctor_facts *facts, seep_doctor_finding *out);
void seep_findings__detector_log(const seep_doctor_facts *facts, seep_doctor_finding *out);
void seep_findings__event_source(const seep_doctor_facts *facts, seep_doctor_finding *out);

#endif
