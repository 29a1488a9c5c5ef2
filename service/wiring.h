/* Builds the Windows adapters and hands them to the watchdog. No decisions. */
#ifndef SEEP_SERVICE_WIRING_H
#define SEEP_SERVICE_WIRING_H

#include <stdbool.h>

#include "base/status.h"
#include "watch/watchdog.h"

typedef struct seep_wiring seep_wiring;

typedef struct seep_wiring_options {
  const char *data_folder;   /* NULL: %ProgramData%\Seepwatch, made for SYSTEM and Administrators only */
  const char *settings_path; /* NULL: seepwatch.json in the data folder */
  bool echo;                 /* alerts also on the standard output */
  bool undo_only;            /* as seep_watchdog_options has it */
  void (*running)(void *context);
  void (*stopping)(void *context);
} seep_wiring_options;

seep_status seep_wiring_new(const seep_wiring_options *options, seep_wiring **out, seep_error *error);
seep_watchdog *seep_wiring_watchdog(seep_wiring *wiring);

/* NULL is fine. false: the watchdog had to leave a worker behind that hangs, so nothing was freed; then the
 * process is to be ended by seep_wiring_end_process, which waits for no thread. */
bool seep_wiring_free(seep_wiring *wiring);
void seep_wiring_end_process(int exit_code);

#endif
