/*
 * What the verbs that read the store share when they write: names made presentable, CSV fields, JSON values.
 * Names are as processes gave them, hence quoted for CSV, made well-formed for both and harmless for a
 * terminal. CSV goes to the standard output.
 */
#ifndef SEEP_SERVICE_OUTPUT_H
#define SEEP_SERVICE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "observe/snapshot.h"

#define SEEP_OUTPUT_NAME_SIZE 1024
#define SEEP_OUTPUT_SECONDS_SIZE 32
#define SEEP_OUTPUT_MINUTE_SIZE 32

/* What is not well-formed UTF-8 becomes U+FFFD, and so does what would act on a terminal when the text is for
 * one. Returns out. */
const char *seep_output_presentable(const char *text, bool for_terminal, char *out, size_t out_size);

/* "1772323200.005". Returns out. */
const char *seep_output_seconds(int64_t ms, char *out, size_t out_size);

/* "2026-11-22 10:44", UTC; the seconds are cut off. Returns out. */
const char *seep_output_minute(seep_wall wall, char *out, size_t out_size);

void seep_output_csv_field(const char *text);

/* The members of a JSON record in their order, which the columns' names follow; null is an empty field. */
void seep_output_csv_record(const cJSON *object);

/* Members of a JSON object; false when out of memory. Whole numbers are written digit by digit, as no double
 * would hold them beyond 2^53. */
bool seep_output_add_text(cJSON *object, const char *key, const char *text);
bool seep_output_add_text_or_null(cJSON *object, const char *key, const char *text); /* "" is null */
bool seep_output_add_u64(cJSON *object, const char *key, uint64_t value);
bool seep_output_add_u64_if(cJSON *object, const char *key, bool known, uint64_t value); /* else null */
bool seep_output_add_seconds(cJSON *object, const char *key, int64_t ms);
bool seep_output_add_wall_or_null(cJSON *object, const char *key, seep_wall wall); /* 0 is null */

/* "process", "pid", "created". */
bool seep_output_add_process(cJSON *object, seep_process_key key, const char *image);

/* A new object at the end of the array; NULL when out of memory. */
cJSON *seep_output_append_object(cJSON *array);

/* In one line without its end; false when out of memory, also for NULL. */
bool seep_output_json(const cJSON *object);

#endif
