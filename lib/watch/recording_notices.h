/* The alerts about recordings and tracing flags: which facts become which inserts. */
#ifndef SEEP_WATCH_RECORDING_NOTICES_H
#define SEEP_WATCH_RECORDING_NOTICES_H

#include "base/clock.h"
#include "capture/promise.h"
#include "capture/recorder.h"
#include "report/alert.h"
#include "settings/settings.h"
#include "store/store.h"

/* What a TELL of the recorder's says. since: for a leftover, when it was made. */
void seep_recording_notices_outcome(seep_alert *alert, const seep_recorder_action *action,
                                    const seep_settings *settings, seep_wall since);

/* Nothing was asked of the recorder; reason is a literal. */
void seep_recording_notices_refused(seep_alert *alert, const char *image, seep_process_key key,
                                    const char *reason);

/* services: names of those that the process hosts, or "". */
void seep_recording_notices_flag_set(seep_alert *alert, const seep_promise_flag *promise,
                                     const char *services);

/* reason: why now; result: what was written. Both are literals. */
void seep_recording_notices_flag_taken_back(seep_alert *alert, const char *image, const char *reason,
                                            const char *result);

/* Event 310 when the answer names a culprit, else 311. kind: of the memory that leaks, with its confidence;
 * NULL = not known. */
void seep_recording_notices_answer(seep_alert *alert, const seep_store_capture *capture,
                                   const seep_store_answer *answer, const char *kind, double confidence);

#endif
