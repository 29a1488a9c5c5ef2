/* What `doctor` finds in files: the configuration and the database, both read and never changed. Portable. */
#ifndef SEEP_SERVICE_DOCTOR_FILES_H
#define SEEP_SERVICE_DOCTOR_FILES_H

#include <stdbool.h>

#include "observe/doctor_facts.h"

/* Fills settings_*, the two switches and minimum_free_bytes, from the file or, where there is none, from the
 * defaults. named: the administrator has said where the file is, so that it must be there. */
void seep_doctor_files_settings(const char *path, bool named, seep_doctor_facts *facts);

/* Fills database_*; service_running is known already. */
void seep_doctor_files_database(const char *path, seep_doctor_facts *facts);

#endif
