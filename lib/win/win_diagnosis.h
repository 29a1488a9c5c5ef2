/* port/diagnosis on Windows: the Diagnostic Policy Service and the two policies that rule it. */
#ifndef SEEP_WIN_WIN_DIAGNOSIS_H
#define SEEP_WIN_WIN_DIAGNOSIS_H

#include "port/diagnosis.h"

/* Nothing to release: each read asks anew and keeps nothing. */
void seep_win_diagnosis_init(seep_diagnosis_source *port);

#endif
