#include "report/trace_lines.h"

#include <string.h>

#include "base/text.h"

#define ELLIPSIS "..."
#define ELLIPSIS_COLUMNS 3u

static size_t columns_of(const char *text, size_t length)
{
  size_t columns = 0;
  while (length > 0) {
    seep_text_shown shown = seep_text_show(text, length);
    text += shown.used;
    length -= shown.used;
    columns++;
  }
  return columns;
}

/* So many columns of the text at most. */
static void put_shown(const seep_trace_lines *lines, const char *text, size_t length, size_t columns)
{
  while (length > 0 && columns > 0) {
    seep_text_shown shown = seep_text_show(text, length);
    lines->sink(lines->context, shown.bytes, shown.size);
    text += shown.used;
    length -= shown.used;
    columns--;
  }
}

static void put_cut(const seep_trace_lines *lines, const char *text, size_t length, size_t columns)
{
  if (columns_of(text, length) <= columns) {
    put_shown(lines, text, length, columns);
    return;
  }
  put_shown(lines, text, length, columns - ELLIPSIS_COLUMNS);
  lines->sink(lines->context, ELLIPSIS, ELLIPSIS_COLUMNS);
}

void seep_trace_lines_put(const seep_trace_lines *lines, const char *text)
{
  put_cut(lines, text, strlen(text), lines->width);
  lines->sink(lines->context, "\n", 1);
}

/* How much of the text the line takes: whole words while they fit, at least one. */
static size_t words_that_fit(const char *text, size_t columns)
{
  size_t taken = strcspn(text, " ");
  while (text[taken] == ' ') {
    size_t next = taken + 1 + strcspn(text + taken + 1, " ");
    if (columns_of(text, next) > columns) {
      break;
    }
    taken = next;
  }
  return taken;
}

void seep_trace_lines_wrap(const seep_trace_lines *lines, size_t indent, const char *bullet, const char *text)
{
  const size_t columns = lines->width - indent;
  size_t used = strlen(bullet);
  lines->sink(lines->context, bullet, used);
  do {
    for (; used < indent; used++) {
      lines->sink(lines->context, " ", 1);
    }
    size_t taken = words_that_fit(text, columns);
    put_cut(lines, text, taken, columns);
    lines->sink(lines->context, "\n", 1);
    text += taken + strspn(text + taken, " ");
    used = 0;
  } while (*text != '\0');
}
