/*
 * A job object of its own for each call of the recorder: what the call starts itself belongs to it, so that
 * ending a call at its deadline ends all of it. The job never ends anything by being closed, unless it was
 * confined: a -stop that is merging must outlive us.
 */
#ifndef SEEP_WIN_JOB_H
#define SEEP_WIN_JOB_H

#include "port/child_guard.h"

/* Fills *guard; its functions may be used for any number of calls. */
void seep_win_job_guard(seep_child_guard *guard);

#endif
