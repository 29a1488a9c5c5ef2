/* What a recording shows, as the store knows it: for people as lines, for programs as a JSON member. */
#ifndef SEEP_SERVICE_CAPTURE_ANSWER_H
#define SEEP_SERVICE_CAPTURE_ANSWER_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "store/store.h"

/* Says each line; value is any bytes. */
typedef void (*seep_capture_answer_say)(const char *label, const char *value);

/* answer NULL: nobody has begun to find out. */
void seep_capture_answer_lines(const seep_store_answer *answer, seep_capture_answer_say say);

/* Adds the member "answer", null when there is none. false: no memory. */
bool seep_capture_answer_add(cJSON *object, const seep_store_answer *answer);

#endif
