/* Nothing wrong here. */
#include "base/good.h"

#include <stdio.h>

int seep_good_print(char *out, size_t size)
{
  return snprintf(out, size, "sprintf(gets)");
}
