#include "fleet_file.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAXIMUM_BYTES (1u << 20)

char *fleet_file(const char *path, size_t *size)
{
  FILE *stream = fopen(path, "rb");
  char *text = malloc(MAXIMUM_BYTES + 1);
  if (stream == NULL || text == NULL) {
    fail_msg("%s can not be read", path);
    return NULL;
  }
  *size = fread(text, 1, MAXIMUM_BYTES, stream);
  fclose(stream);
  text[*size] = '\0';
  assert_in_range(*size, 1, MAXIMUM_BYTES - 1);
  return text;
}

const char *fleet_line(const char **at, char *out, size_t out_size)
{
  if (**at == '\0') {
    return NULL;
  }
  size_t length = strcspn(*at, "\r\n");
  if (length >= out_size) {
    fail_msg("a line of %u characters", (unsigned)length);
    return NULL;
  }
  memcpy(out, *at, length);
  out[length] = '\0';
  *at += length;
  *at += **at == '\r';
  *at += **at == '\n';
  return out;
}
