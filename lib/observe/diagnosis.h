/* Will Windows write an Event 2004 on this server at all? It does so only while the Diagnostic Policy Service
 * runs and no policy forbids it (reference: event-log, 2.6). Values only. */
#ifndef SEEP_OBSERVE_DIAGNOSIS_H
#define SEEP_OBSERVE_DIAGNOSIS_H

typedef enum seep_diagnosis_service {
  SEEP_DIAGNOSIS_SERVICE_UNKNOWN = 0, /* it could not be asked */
  SEEP_DIAGNOSIS_SERVICE_RUNNING,
  SEEP_DIAGNOSIS_SERVICE_STOPPED,  /* but may be started */
  SEEP_DIAGNOSIS_SERVICE_DISABLED, /* and does not run */
  SEEP_DIAGNOSIS_SERVICE_ABSENT
} seep_diagnosis_service;

typedef enum seep_diagnosis_policy {
  SEEP_DIAGNOSIS_POLICY_UNKNOWN = 0,
  SEEP_DIAGNOSIS_POLICY_NOT_CONFIGURED, /* which means enabled */
  SEEP_DIAGNOSIS_POLICY_ENABLED,
  SEEP_DIAGNOSIS_POLICY_DISABLED
} seep_diagnosis_policy;

typedef struct seep_diagnosis {
  seep_diagnosis_service service; /* DPS */
  seep_diagnosis_policy scenario; /* of resource exhaustion detection */
  seep_diagnosis_policy all;      /* of all diagnostic scenarios: it rules over the one above */
} seep_diagnosis;

#endif
