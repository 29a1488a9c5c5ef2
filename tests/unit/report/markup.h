/* Catches a page in memory and looks at it as a reader of markup would. */
#ifndef SEEP_TEST_MARKUP_H
#define SEEP_TEST_MARKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "report/page.h"

#define MARKUP_SIZE (1024u * 1024u)

typedef struct markup {
  char text[MARKUP_SIZE]; /* terminated */
  size_t length;
} markup;

/* A seep_page_sink; context is a markup that began as zeros. Fails the test when it is full. */
void markup_sink(void *context, const char *bytes, size_t length);

/* Every tag is closed in its turn, attributes stand in double quotes, & begins a known entity, all is
 * well-formed UTF-8. Fails the test otherwise and says where. */
void markup_check(const char *text);

/* How often `part` stands in `text`. */
size_t markup_count(const char *text, const char *part);

/* What stands between `before` and the next `after`; fails the test when that is nowhere. */
const char *markup_between(const char *text, const char *before, const char *after, char *out,
                           size_t out_size);

#endif
