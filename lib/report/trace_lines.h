/*
 * Lines of text for a terminal: what acts on one becomes U+FFFD, and a line ends at the terminal's width. A
 * character counts as one column, whatever its script. Used by trace_table.c and trace_tree.c.
 */
#ifndef SEEP_REPORT_TRACE_LINES_H
#define SEEP_REPORT_TRACE_LINES_H

#include <stddef.h>

#include "report/page.h"

/* Room for a line before it is cut: names are longer than terminals are wide. */
#define SEEP_TRACE_LINES_SIZE 4096

typedef struct seep_trace_lines {
  seep_page_sink sink;
  void *context;
  size_t width;
} seep_trace_lines;

/* One line, any bytes, cut with "..." at the width. */
void seep_trace_lines_put(const seep_trace_lines *lines, const char *text);

/* A sentence on as many lines as it needs, broken at spaces, all of them indented, the first with `bullet`
 * in the indent ("" or as long as the indent at most). A word that is longer than a line is cut. */
void seep_trace_lines_wrap(const seep_trace_lines *lines, size_t indent, const char *bullet,
                           const char *text);

#endif
