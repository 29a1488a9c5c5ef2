/* The tracing flags in the registry (HKLM, 64-bit view), and the role of a process: port/tracing_flags.h. */
#ifndef SEEP_WIN_TRACING_FLAGS_H
#define SEEP_WIN_TRACING_FLAGS_H

#include "port/tracing_flags.h"

/* No storage: nothing to free. */
void seep_win_tracing_flags_init(seep_tracing_flags *flags);

#endif
