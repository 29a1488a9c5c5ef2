/* How wide the terminal is that the standard output goes to. */
#ifndef SEEP_SERVICE_TERMINAL_H
#define SEEP_SERVICE_TERMINAL_H

#include <stddef.h>

#define SEEP_TERMINAL_LEAST 80u
#define SEEP_TERMINAL_MOST 120u /* lines that are longer are hard to read */
#define SEEP_TERMINAL_OTHER 100u

/* Columns to write for: what there is, within the bounds; SEEP_TERMINAL_OTHER where the output is no
 * terminal, or one that does not tell. */
size_t seep_terminal_columns(void);

/* The same for a terminal that tells this; 0: it does not tell. */
size_t seep_terminal_fitting(size_t columns);

#endif
