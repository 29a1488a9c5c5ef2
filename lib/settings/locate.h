/*
 * Walks a JSON text without building anything, strictly by the rules of RFC 8259 and with the line at hand.
 *
 * cJSON gives the values but no lines, and it is generous: it takes "01" for a number, a line end inside a
 * text, and ends a text at \u0000. So a configuration is walked here first, which also bounds what cJSON then
 * builds (depth and number of values), and once more beside cJSON's tree, key by key, to know where each one
 * stands.
 */
#ifndef SEEP_SETTINGS_LOCATE_H
#define SEEP_SETTINGS_LOCATE_H

#include <stdbool.h>
#include <stddef.h>

#define SEEP_LOCATE_DEPTH 16
#define SEEP_LOCATE_VALUES 4096 /* keys and list elements together; cJSON takes about 100 bytes for each */

typedef enum seep_locate_token {
  SEEP_LOCATE_KEY = 0, /* a key of an object, and its colon */
  SEEP_LOCATE_ELEMENT, /* a list element is about to begin */
  SEEP_LOCATE_END,     /* one whole value and nothing after it */
  SEEP_LOCATE_FAULT,   /* not JSON; see reason */
  SEEP_LOCATE_LIMIT    /* deeper or longer than the bounds above; see reason */
} seep_locate_token;

typedef struct seep_locate {
  const char *json;
  size_t size, position;
  unsigned line;       /* of position, 1-based */
  unsigned token_line; /* of the token given last; a fault stands here too */
  unsigned values;
  unsigned depth;
  bool in_list[SEEP_LOCATE_DEPTH];
  bool limited; /* the reason is a bound of ours, not a fault of the text */
  int expect;
  const char *reason; /* a literal, without a final full stop; NULL before a fault */
} seep_locate;

/* json is valid UTF-8 without NUL bytes; no terminator is needed. */
void seep_locate_init(seep_locate *locate, const char *json, size_t size);

/* The next token in the order of the text. After END, FAULT or LIMIT it is the same again. */
seep_locate_token seep_locate_next(seep_locate *locate);

/* The 1-based line that the byte at offset stands in. */
unsigned seep_locate_line_of(const char *json, size_t size, size_t offset);

#endif
