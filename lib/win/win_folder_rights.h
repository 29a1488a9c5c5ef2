/* Who may get into a folder of ours: looks at what win_folders sets, and changes nothing. */
#ifndef SEEP_WIN_WIN_FOLDER_RIGHTS_H
#define SEEP_WIN_WIN_FOLDER_RIGHTS_H

#include "observe/doctor_facts.h"

typedef struct seep_win_folder_rights {
  seep_known there;    /* SEEP_NO also when something else than a folder has that name */
  seep_known writable; /* for the account that asks */
  seep_known
      is_private; /* a real folder of SYSTEM, Administrators or this account, that lets nobody else in */
} seep_win_folder_rights;

/* path: UTF-8. What could not be asked stays SEEP_NOT_KNOWN. */
seep_win_folder_rights seep_win_folder_rights_of(const char *path);

#endif
