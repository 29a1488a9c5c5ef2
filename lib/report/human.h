/* Figures as people read them; one place, so that alerts, tables and pages say the same thing the same way.
 */
#ifndef SEEP_REPORT_HUMAN_H
#define SEEP_REPORT_HUMAN_H

#include <stddef.h>
#include <stdint.h>

#define SEEP_HUMAN_SIZE 48

/* "17 bytes", "1.50 MB", "180 MB": three significant figures, units of 2^10. Return out, always terminated.
 */
const char *seep_human_bytes(uint64_t bytes, char *out, size_t out_size);
const char *seep_human_rate(double bytes_per_hour, char *out,
                            size_t out_size); /* "180 MB per hour"; sign kept */
const char *seep_human_duration(int64_t ms, char *out,
                                size_t out_size); /* "45 s", "2 h 5 min", "3 d 4 h"; "-" when negative */

/* "Heap, 92 percent sure": what was found out, and how far it is to be believed, 0 to 1. Nobody is ever
 * wholly sure; with 0 nothing was found out, and `what` stands alone. */
#define SEEP_HUMAN_SURE_SIZE 96
const char *seep_human_sure(const char *what, double confidence, char *out, size_t out_size);

#endif
