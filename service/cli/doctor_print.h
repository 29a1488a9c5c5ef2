/* The findings of `doctor` as a table or as JSON. Portable: whoever calls it has asked Windows. */
#ifndef SEEP_SERVICE_DOCTOR_PRINT_H
#define SEEP_SERVICE_DOCTOR_PRINT_H

#include <stdbool.h>

#include "observe/doctor_facts.h"

/* To the standard output, either lines for people or
 *   {"schema": 1, "findings": [{"level", "subject", "state", "consequence", "cure"}], "trouble": N}
 * with consequence and cure null where all is well. Exit code: 0 when there is no trouble; 6 when there is
 * any, or when it could not be written, which is said on the standard error output. */
int seep_doctor_print(const char *verb, const seep_doctor_facts *facts, bool json);

#endif
