/* The way back from seep_pulse_json: the JSON that the service has left in its data folder, taken apart with
 * no trust in it. What is missing or of another type is not known. */
#ifndef SEEP_SERVICE_STATUS_READ_H
#define SEEP_SERVICE_STATUS_READ_H

#include <cjson/cJSON.h>

#include "report/pulse.h"

/* The two texts that a pulse only points to. Both are literals of the service, and cut when they are longer.
 */
typedef struct seep_status_words {
  char feed_trouble[256], recorder[64];
} seep_status_words;

/* NULL, or why the document is no status: a part of a sentence, and *pulse is of no use. *pulse points into
 * *words, and into nothing of the document. Numbers beyond 2^53 have lost their last digits. */
const char *seep_status_read(const cJSON *document, seep_pulse *pulse, seep_status_words *words);

#endif
