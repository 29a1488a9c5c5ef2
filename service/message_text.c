#include "message_text.h"

#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "base/text.h"
#include "win/win_wide.h"

#define TEXT_SIZE 16384

/* Inserts are put in here and not by FormatMessage: they are literal (!S!), and Wine takes !S! for a narrow
 * string. */
static size_t insert_at(const char *text, const char *const *inserts, size_t insert_count,
                        seep_writer *writer)
{
  size_t used = 1;
  size_t number = 0;
  while (text[used] >= '0' && text[used] <= '9' && used < 3) {
    number = number * 10 + (size_t)(text[used] - '0');
    used++;
  }
  if (strncmp(text + used, "!S!", 3) == 0) {
    used += 3;
  }
  if (number >= 1 && number <= insert_count) {
    seep_writer_text(writer, inserts[number - 1]);
  }
  return used;
}

static void substitute(const char *text, const char *const *inserts, size_t insert_count, seep_writer *writer)
{
  while (*text != '\0') {
    if (text[0] == '%' && text[1] >= '1' && text[1] <= '9') {
      text += insert_at(text, inserts, insert_count, writer);
    } else if (text[0] == '%' && text[1] == 'n') {
      seep_writer_text(writer, " ");
      text += 2;
    } else {
      bool line_end = *text == '\r' || *text == '\n';
      if (!line_end) {
        seep_writer_bytes(writer, text, 1);
      } else if (writer->length > 0 && writer->data[writer->length - 1] != ' ') {
        seep_writer_text(writer, " ");
      }
      text++;
    }
  }
  while (writer->length > 0 && writer->data[writer->length - 1] == ' ') {
    writer->data[--writer->length] = '\0';
  }
}

char *seep_message_text(uint32_t id, int level, const char *const *inserts, size_t insert_count)
{
  wchar_t *wide = NULL;
  char *text = NULL;
  char *out = malloc(TEXT_SIZE);
  DWORD message = ((DWORD)(level + 1) << 30) | id;
  DWORD length = FormatMessageW(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_HMODULE |
                                    FORMAT_MESSAGE_IGNORE_INSERTS,
                                NULL, message, 0, (LPWSTR)&wide, 0, NULL);
  if (length > 0 && out != NULL) {
    text = seep_win_wide_to_utf8(wide);
  }
  if (text != NULL) {
    seep_writer writer;
    seep_writer_init(&writer, out, TEXT_SIZE);
    substitute(text, inserts, insert_count, &writer);
  } else {
    free(out);
    out = NULL;
  }
  free(text);
  LocalFree(wide);
  return out;
}
