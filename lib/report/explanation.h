/*
 * Says in people's words what a verdict stands on, or which test a process failed and by how much. Pure,
 * ASCII without a percent sign (it goes into events, where some readers expand one), no decisions. Figures
 * that can not be (not a number, negative, beyond 2^64) are left out, never printed.
 */
#ifndef SEEP_REPORT_EXPLANATION_H
#define SEEP_REPORT_EXPLANATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "judge/shape.h"

typedef enum seep_unit { SEEP_UNIT_BYTES = 0, SEEP_UNIT_HANDLES } seep_unit;

/* One sentence without its full stop, always shorter than SEEP_ALERT_INSERT_SIZE: "In the last 17 h what it
 * never gave back rose by 320 MB from 1.20 GB to 1.51 GB, in 8 of 8 equal parts of that time (by 41.0, 39.5
 * ... MB); its low points fell back by 3.00 MB on average". */
void seep_explanation_evidence(const seep_shape *shape, seep_unit unit, seep_writer *writer);

/* Why it was not called a leak (rapid: not rapid growth): one or two sentences with their full stops. */
void seep_explanation_why_not(const seep_assessment *assessment, bool rapid, seep_unit unit,
                              seep_writer *writer);

/* One word, for JSON: "evenness". "unknown" for what is no test. */
const char *seep_explanation_test_name(seep_test test);

#define SEEP_EXPLANATION_RATE_SIZE 128

/* "180 MB per hour (175 to 186 MB per hour)"; only the first half when low and high are both 0, no range,
 * or read alike;
 * "-" when the rate itself is not known. Returns out, always terminated. */
const char *seep_explanation_rate(double per_hour, double low, double high, seep_unit unit, char *out,
                                  size_t out_size);

#endif
