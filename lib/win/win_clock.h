/* port/clock on Windows. */
#ifndef SEEP_WIN_WIN_CLOCK_H
#define SEEP_WIN_WIN_CLOCK_H

#include "port/clock.h"

void seep_win_clock_init(seep_clock *port);

#endif
