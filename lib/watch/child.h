/*
 * A seep_tracer that runs a program as a child process through libuv: absolute path, no shell, no window, TMP
 * and TEMP set to a folder of ours (reference: wpr-and-ifeo, section 4), both pipes drained, a deadline. The
 * child is detached from our life: wpr.exe must not be ended in the middle of a -stop because the watchdog
 * ends.
 */
#ifndef SEEP_WATCH_CHILD_H
#define SEEP_WATCH_CHILD_H

#include <uv.h>

#include "port/child_guard.h"
#include "port/tracer.h"

typedef struct seep_child seep_child;

/* program: absolute path, UTF-8; need not exist yet. guard: copied; NULL = none. Fills *port; freed by
 * seep_child_free after its handles are closed. NULL when out of memory. */
seep_child *seep_child_new(uv_loop_t *loop, const char *program, const char *temporary_folder,
                           const seep_child_guard *guard, seep_tracer *port);

/* Begins to close what is open; the memory goes when the loop has closed the handles. Run the loop
 * afterwards. */
void seep_child_free(seep_child *child);

#endif
