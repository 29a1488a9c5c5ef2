/*
 * A JSON document as sorted lines "path = token", one for each number, text, null, empty list and empty
 * object: two documents say the same when these are the same, whatever order their members have. Numbers stay
 * as they are written: file times do not fit a double.
 */
#ifndef TEST_TRACE_JSON_LINES_H
#define TEST_TRACE_JSON_LINES_H

#include <stddef.h>

typedef struct json_lines {
  char **lines; /* owned, each of them too */
  size_t count, capacity;
} json_lines;

/* NULL: it is no JSON. Returns where the value ends. prefix: what the paths begin with. */
const char *json_lines_add(json_lines *lines, const char *prefix, const char *text);

/* Where the value of this member of an object begins; NULL: there is none. */
const char *json_lines_find(const char *object, const char *key);

/* Removes lines that begin so. */
void json_lines_drop(json_lines *lines, const char *prefix);

/* Sorts both; prints what only one of them has. The number of such lines. */
size_t json_lines_differences(json_lines *expected, json_lines *found);

void json_lines_free(json_lines *lines);

#endif
