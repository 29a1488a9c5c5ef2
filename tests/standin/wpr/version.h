/* The file version of the wpr.exe that runs: what a caller reads from outside to know its options. */
#ifndef WPR_VERSION_H
#define WPR_VERSION_H

#include <stdint.h>

/* The third part of 10.0.x.y; 0 when it has no version resource. */
uint32_t wpr_version_own(void);

#endif
