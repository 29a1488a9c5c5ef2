/* What the files of the explanations share; nobody else needs it. */
#ifndef SEEP_REPORT_EXPLANATION_PRIVATE_H
#define SEEP_REPORT_EXPLANATION_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/text.h"
#include "report/explanation.h"

#define SEEP_EXPLANATION__FIGURE_SIZE 64
#define SEEP_EXPLANATION__RATIO_MOST 1e6 /* ratios beyond are mistakes, not figures */
#define SEEP_EXPLANATION__LONGEST_MS (INT64_C(36525) * SEEP_MS_PER_DAY) /* a hundred years */

/* Of bytes or handles, and of their rates: neither negative nor more than there can be. The writers below
 * want only such values. */
bool seep_explanation__can_be(double value, seep_unit unit);
bool seep_explanation__is_window(int64_t ms);

/* "120 MB", "3 handles". Returns out. */
const char *seep_explanation__amount(double value, seep_unit unit, char *out, size_t out_size);
/* "120 MB per hour", "2.5 handles per hour". Returns out. */
const char *seep_explanation__rate(double per_hour, seep_unit unit, char *out, size_t out_size);

void seep_explanation__write_amount(seep_writer *writer, double value, seep_unit unit);
void seep_explanation__write_figure(seep_writer *writer, double value, unsigned decimals); /* at most 3 */
void seep_explanation__write_percent(seep_writer *writer, double share, unsigned decimals);
void seep_explanation__write_duration(seep_writer *writer, int64_t ms);

#endif
