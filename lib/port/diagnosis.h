/* Whether Windows writes Events 2004 on this server: its service and its policies, as they are now. */
#ifndef SEEP_PORT_DIAGNOSIS_H
#define SEEP_PORT_DIAGNOSIS_H

#include "observe/diagnosis.h"

typedef struct seep_diagnosis_source {
  void *context;
  /* NULL: there is nothing to ask. Short; on the loop's thread. What could not be asked is UNKNOWN; never
   * fails as a whole. */
  void (*read)(void *context, seep_diagnosis *out);
} seep_diagnosis_source;

#endif
