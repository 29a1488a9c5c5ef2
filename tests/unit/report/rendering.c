#include "unit/report/rendering.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define MOST (1u << 20)

static char *catalogue;
static char rendered[16384];

bool rendering_open(const char *path)
{
  FILE *stream = fopen(path, "rb");
  catalogue = malloc(MOST);
  if (stream != NULL && catalogue != NULL) {
    catalogue[fread(catalogue, 1, MOST - 1, stream)] = '\0';
  }
  if (stream != NULL) {
    fclose(stream);
  }
  return stream != NULL && catalogue != NULL;
}

void rendering_close(void)
{
  free(catalogue);
  catalogue = NULL;
}

static const char *text_of(uint32_t id)
{
  static const char heading[] = "Language=English\r\n";
  char wanted[32];
  snprintf(wanted, sizeof wanted, "\nMessageId=%u\r\n", (unsigned)id);
  const char *at = strstr(catalogue, wanted);
  assert_non_null(at);
  at = strstr(at, heading);
  assert_non_null(at);
  return at + sizeof heading - 1;
}

const char *rendering_of(const seep_alert *alert)
{
  seep_writer writer;
  seep_writer_init(&writer, rendered, sizeof rendered);
  for (const char *at = text_of(alert->id); strncmp(at, ".\r\n", 3) != 0 || at[-1] != '\n';) {
    if (*at != '%') {
      seep_writer_bytes(&writer, at, *at != '\r');
      at++;
      continue;
    }
    char *end = NULL;
    unsigned long number = strtoul(at + 1, &end, 10);
    assert_true(number >= 1 && number <= alert->insert_count);
    seep_writer_text(&writer, alert->inserts[number - 1]);
    at = strncmp(end, "!S!", 3) == 0 ? end + 3 : end;
  }
  assert_false(writer.cut);
  return rendered;
}
