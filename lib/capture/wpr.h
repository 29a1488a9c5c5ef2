/*
 * How wpr.exe is spoken to: argument vectors, and what its exit codes mean. Data only: this file runs
 * nothing (reference: wpr-and-ifeo, sections 2, 4, 6). The exit code is an HRESULT
 * and decides; the text is localised and never read.
 */
#ifndef SEEP_CAPTURE_WPR_H
#define SEEP_CAPTURE_WPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

typedef enum seep_wpr_verb {
  SEEP_WPR_START = 0,
  SEEP_WPR_STOP,
  SEEP_WPR_CANCEL,
  SEEP_WPR_STATUS,
  SEEP_WPR_SNAPSHOT_ENABLE, /* from now on the process keeps the stacks of its heap blocks */
  SEEP_WPR_SNAPSHOT,        /* writes what is outstanding into the recording that runs */
  SEEP_WPR_SNAPSHOT_DISABLE
} seep_wpr_verb;
#define SEEP_WPR_VERBS 7

/* What this server's wpr.exe knows, by its own file version: an ADK's may be older or newer than Windows
 * (reference: wpr-and-ifeo, 3). */
typedef struct seep_wpr_traits {
  unsigned build; /* third part of the file version; 0 = not known, taken for one of Server 2019 */
  bool instances; /* -instancename, from 17763 on. Which build brought it is not known: older ones go without.
                   * Without it all recordings share wpr's default instance with everybody */
  bool skip_pdb;  /* -skipPdbGen, from 18955 on */
  bool snapshots; /* heap snapshots, from 17763 on; not where the build is not known */
} seep_wpr_traits;

seep_wpr_traits seep_wpr_traits_of(unsigned build);

/* The name under which this wpr records: `configured`, or its default instance "WprApp" where it has no
 * others. */
const char *seep_wpr_instance_in_effect(const seep_wpr_traits *traits, const char *configured);

#define SEEP_WPR_MAXIMUM_ARGUMENTS 12
#define SEEP_WPR_ARGUMENT_SIZE 520

/* Arguments after the program's own name, terminated by argument_count. Quoting is the spawner's business. */
typedef struct seep_wpr_command {
  seep_wpr_verb verb;
  size_t argument_count;
  char arguments[SEEP_WPR_MAXIMUM_ARGUMENTS][SEEP_WPR_ARGUMENT_SIZE];
} seep_wpr_command;

/* Each fills *command; false when a text does not fit or the instance is not valid, with argument_count 0
 * then. Paths that are too long for Windows are refused by wpr itself. -instancename comes last, and only
 * where this wpr has it; what comes out for another instance then is the default one's. */
bool seep_wpr_start(seep_wpr_command *command, const seep_wpr_traits *traits, const char *profile_path,
                    const char *profile_name, const char *temporary_folder, const char *instance);
bool seep_wpr_stop(seep_wpr_command *command, const seep_wpr_traits *traits, const char *output_path,
                   const char *instance);

/* CANCEL, STATUS, and the three snapshot verbs, which are about the process `pid` (unused otherwise). */
bool seep_wpr_plain(seep_wpr_command *command, const seep_wpr_traits *traits, seep_wpr_verb verb,
                    uint32_t pid, const char *instance);

/* Letters, digits, '-' and '_', 1 to 63 of them, and not wpr's default instance, which belongs to everybody:
 * a cancel without a name of our own would end a stranger's recording. */
bool seep_wpr_instance_is_valid(const char *instance);

const char *seep_wpr_verb_text(seep_wpr_verb verb); /* "-start" ... "-snapshotconfig heap ... enable" */

typedef enum seep_wpr_answer {
  SEEP_WPR_DONE = 0,
  SEEP_WPR_NOT_RUNNING,     /* nothing recorded under that name: fine when cleaning up, a loss when saving */
  SEEP_WPR_ALREADY_RUNNING, /* that instance records already */
  SEEP_WPR_TRANSIENT,       /* wait a little and try again */
  SEEP_WPR_NO_ROOM,         /* memory, session slots or disk: postpone */
  SEEP_WPR_REFUSED          /* permanent on this server until somebody changes something */
} seep_wpr_answer;

/* Meaning of an exit code at a verb. Codes not known are REFUSED. */
seep_wpr_answer seep_wpr_classify(seep_wpr_verb verb, uint32_t exit_code);

/* A sentence for the administrator, without the code; a general one for unknown codes. Never NULL. */
const char *seep_wpr_meaning(uint32_t exit_code);

/* Raw files of an instance are named WPR_initiated_<instance>_<collector>.etl: is this file name one of ours?
 * The default instance "WprApp" counts too: only our own folder is ever looked through. */
bool seep_wpr_is_raw_file(const char *file_name, const char *instance);

#endif
