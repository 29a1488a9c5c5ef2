/*
 * A day of a busy server as a load: the same seed gives the same bytes everywhere (own generator, no libm).
 *
 * 1,000 processes at any time, a poll every 30 s, 2,880 polls. A slot is a place among the 1,000; most slots
 * hold one process all day, some hold one after the other. The shares, and why:
 *
 *   65 %   static: services and session processes that wait. Two thirds never change in a day, one third
 *          makes 1 to 6 steps (a timer, a log that rolls over). Idle processes are most of any host.
 *    8 %   toggle: 2 to 4 recurring values, a thread's stack or a buffer that comes and goes.
 *    9 %   walk: around a level, steps of 1 to 512 pages, moving between 20 and 100 % of all polls: programs
 *          at work all the time.
 *    6 %   burst: quiet for 5 to 200 minutes, then 2 to 30 minutes with a large change at every poll; a part
 *          stays behind now and then. Jobs, mail, requests that come in waves.
 *    5 %   sawtooth of a garbage collector: periods of 2 minutes to 2 hours, 4 to 200 MB, uneven teeth; half
 *          of them work with the day's load, half commit in pieces of 64 KB.
 *    3 %   daily cycle: low at night, a plateau in working hours with a ramp at either end (load of real
 *          services is rather square than a sine), noise of 0.2 to 3 % of the swing.
 *    1 %   leaks of 5 to 200 MB an hour, half smooth with noise, half in staircases of 1 to 64 MB.
 *  2.5 %   short-lived workers, 1 to 60 minutes, then the next of the same image with another PID: tasks,
 *          consoles, script hosts; about 2,500 births a day. They start up, then hold with few changes.
 *  0.5 %   nightly recycled workers: one life ends at about 03:00, the next warms up for half an hour.
 *
 * So a sixth of all samples differ from the one before. In the real series it is 2 % for helper processes of
 * a control system, 28 % for desktop processes, 39 % for services under load; a host has mostly the first
 * kind. Levels are log-normal around 8 MB (working processes around 64 MB). PIDs are multiples of 4 and come
 * again after a while. Which slot does what is shuffled: neighbours in the list have nothing in common.
 *
 * The figures: commit total = all processes + kernel and shared memory; a commit limit that is raised once
 * (a page file grows); pools that walk; available memory that moves at every poll.
 */
#ifndef BENCHMARKS_FLEET_H
#define BENCHMARKS_FLEET_H

#include "load.h"

#define FLEET_SLOTS 1000u
#define FLEET_POLLS 2880u

/* *data is filled, freed by load_free. */
void fleet_make(load *data, uint64_t seed);

#endif
