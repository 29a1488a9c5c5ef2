/*
 * A self-contained HTML page written piece by piece: one file, nothing fetched from anywhere, no scripts but
 * for one of our own where seep_page_begin_scripted says so (report/trace_page.h), right in light and dark
 * and on paper. Whatever text comes from outside is escaped here and nowhere else, but for the data of that
 * script.
 */
#ifndef SEEP_REPORT_PAGE_H
#define SEEP_REPORT_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* Takes the next bytes of the page; may ignore them after a failure of its own. */
typedef void (*seep_page_sink)(void *context, const char *bytes, size_t length);

typedef struct seep_page {
  seep_page_sink sink;
  void *context;
} seep_page;

/* Head, style (that of report/chart.h too) and heading. title and subtitle: any bytes; subtitle may be NULL.
 */
void seep_page_begin(seep_page *page, seep_page_sink sink, void *context, const char *title,
                     const char *subtitle);

/* The same for a page with a style of its own besides and with one script, at its end: the browser is told to
 * run that and no other. Both are literals of ours, without "</" in them. */
typedef struct seep_page_extra {
  const char *style, *script;
} seep_page_extra;
void seep_page_begin_scripted(seep_page *page, seep_page_sink sink, void *context, const char *title,
                              const char *subtitle, const seep_page_extra *extra);
void seep_page_script(seep_page *page, const seep_page_extra *extra);

void seep_page_end(seep_page *page, const char *footer); /* may be NULL */

/* As it stands: for markup of our own. */
void seep_page_markup(seep_page *page, const char *markup);

/* The same made from a format, at most 400 bytes of it. */
void seep_page_format(seep_page *page, const char *format, ...) SEEP_PRINTF_LIKE(2, 3);

/* Escaped for text and for attributes in double quotes; what is not well-formed UTF-8, control characters,
 * noncharacters and direction marks become U+FFFD. NULL is "". */
void seep_page_text(seep_page *page, const char *text);

void seep_page_heading(seep_page *page, const char *text);
void seep_page_paragraph(seep_page *page, const char *text);

/* A table with a heading row; numeric[i] puts column i to the right; NULL: none. Rows follow, then the end.
 */
void seep_page_table_begin(seep_page *page, const char *const *columns, const bool *numeric, size_t count);
void seep_page_table_row(seep_page *page, const char *const *cells, const bool *numeric, size_t count);
void seep_page_table_end(seep_page *page);

#endif
