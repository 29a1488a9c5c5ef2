/* Plain facts about this server that decide what of Seepwatch works on it. Whoever asks Windows fills them
 * in, report/findings makes sentences of them. Values only; all zero is "nothing is known" but for
 * free_bytes. */
#ifndef SEEP_OBSERVE_DOCTOR_FACTS_H
#define SEEP_OBSERVE_DOCTOR_FACTS_H

#include <stdint.h>

#include "observe/diagnosis.h"

typedef enum seep_known { SEEP_NOT_KNOWN = 0, SEEP_NO, SEEP_YES } seep_known;

/* Why a database cannot be read. */
typedef enum seep_doctor_database_fault {
  SEEP_DOCTOR_DATABASE_DAMAGED = 0,
  SEEP_DOCTOR_DATABASE_MISSING, /* though the service runs */
  SEEP_DOCTOR_DATABASE_OLDER,   /* another version's */
  SEEP_DOCTOR_DATABASE_NEWER
} seep_doctor_database_fault;

typedef struct seep_doctor_facts {
  seep_diagnosis diagnosis;
  seep_known event_log_readable; /* a subscription to the System log could be made */
  uint32_t event_log_code;       /* why not */
  seep_known detector_log;       /* the detector's Operational log is there */
  seep_known service_installed, service_running, service_automatic;
  seep_known source_registered; /* our event source names a message file that exists */
  seep_known recorder_there;
  unsigned recorder_version[4];                  /* 0.0.0.0 = not known */
  seep_known privilege_debug, privilege_profile; /* held by the account that asks */
  seep_known
      is_service_account;      /* doctor runs as LocalSystem; else privileges are those of an administrator */
  seep_known is_administrator; /* the account that asks is one, and has the rights of one now */
  seep_known data_folder_there, data_folder_writable, data_folder_private;
  char data_folder[1024];
  uint64_t free_bytes, minimum_free_bytes;   /* UINT64_MAX = not known */
  seep_known database_readable;              /* NOT_KNOWN: not there yet, not for this account, in use ... */
  seep_doctor_database_fault database_fault; /* of one that is not */
  char database_problem[256];                /* the same in words; "" = no more to say */
  seep_known settings_valid;
  char settings_problem[256];
  seep_known settings_there;                       /* SEEP_NO: built-in defaults */
  seep_known capture_enabled, event2004_enabled;   /* in the configuration; NO: switched off on purpose */
  uint64_t commit_limit_bytes, commit_total_bytes; /* 0 = not known */
} seep_doctor_facts;

#endif
