/* What every program of the benchmarks needs: CPU time, a file's size, a way out, and which load is meant. */
#ifndef BENCHMARKS_MEASURE_H
#define BENCHMARKS_MEASURE_H

#include <stdint.h>

#include "load.h"

/* Of this process, user and system, in microseconds. */
double measure_cpu_us(void);

/* Of any moment, for durations. */
double measure_wall_ms(void);

/* 0 when it is not there. */
uint64_t measure_file_bytes(const char *path);

/* Removes a database and the logs beside it. */
void measure_remove_database(const char *path);

/* "bench: what: why" on stderr, then exit code 1. why may be NULL. */
_Noreturn void measure_fail(const char *what, const char *why);

/* "fleet" or a folder of real series. */
void measure_load(load *data, const char *which);

#endif
