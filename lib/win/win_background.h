/* Work that can wait: lowest processor, disk and memory priority for one thread. */
#ifndef SEEP_WIN_BACKGROUND_H
#define SEEP_WIN_BACKGROUND_H

#include <stdbool.h>

/* For the calling thread; what Windows refuses is not told, the work is done all the same. */
void seep_win_background(bool on);

#endif
