/* Memory that the code linked with it holds, counted at each call: the program is linked with
 * --wrap=malloc,calloc,realloc,free. While a block grows, the old and the new one count both, as they may
 * have to lie side by side. */
#ifndef BENCHMARKS_HELD_BYTES_H
#define BENCHMARKS_HELD_BYTES_H

#include <stddef.h>

/* What is held now is the new start of the peak. */
void held_bytes_begin(void);

/* The peak since then, above what was held at that time. */
size_t held_bytes_peak(void);

#endif
