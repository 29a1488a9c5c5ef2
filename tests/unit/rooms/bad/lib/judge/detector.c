/* A pure room that does what it may not; check_includes must name each line. #include <uv.h> here is only talk. */
#include "judge/detector.h"

#include <stdint.h>
#include <time.h>
#include <windows.h>
#  include "store/store.h"
#include "observe/snapshot.h"
#include "detector_private.h"
#include <cjson/cJSON.h>

static const char *text = "strcpy( and // no comment"; // printf("not here")

int64_t judge_now(void)
{
  printf("%s", text);
  return (int64_t)time(NULL) + (int64_t)sample.time(1) + timely(2);
}

int64_t seep_detector_now(const char *name)
{
  char copy[MAX_PATH];
  strcpy
      (copy, name);
  return atoi(copy);
}
