#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fleet.h"

#define FLEET_SEED 1

static double clock_us(clockid_t which)
{
  struct timespec now;
  clock_gettime(which, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

double measure_cpu_us(void)
{
  return clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

double measure_wall_ms(void)
{
  return clock_us(CLOCK_MONOTONIC) / 1e3;
}

uint64_t measure_file_bytes(const char *path)
{
  FILE *file = fopen(path, "rb");
  long size = 0;
  if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
    size = ftell(file);
  }
  if (file != NULL) {
    fclose(file);
  }
  return size > 0 ? (uint64_t)size : 0;
}

void measure_remove_database(const char *path)
{
  static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
  char name[1024];
  for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
    snprintf(name, sizeof name, "%s%s", path, endings[i]);
    remove(name);
  }
}

_Noreturn void measure_fail(const char *what, const char *why)
{
  fprintf(stderr, "bench: %s%s%s\n", what, why != NULL ? ": " : "", why != NULL ? why : "");
  exit(1);
}

void measure_load(load *data, const char *which)
{
  if (strcmp(which, "fleet") == 0) {
    fleet_make(data, FLEET_SEED);
  } else if (!load_read_folder(data, which)) {
    measure_fail("no index.csv in the folder", which);
  }
}
