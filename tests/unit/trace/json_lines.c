#include "unit/trace/json_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 512 };

static const char *skip_space(const char *at)
{
  return at + strspn(at, " \t\r\n");
}

/* Behind the closing quote. */
static const char *skip_text(const char *at)
{
  for (at++; *at != '\0' && *at != '"'; at++) {
    at += *at == '\\' && at[1] != '\0' ? 1 : 0;
  }
  return *at == '"' ? at + 1 : NULL;
}

static void keep(json_lines *lines, const char *path, const char *token, size_t token_size)
{
  size_t size = strlen(path) + token_size + 4;
  if (lines->count == lines->capacity) {
    lines->capacity = lines->capacity == 0 ? 256 : 2 * lines->capacity;
    lines->lines = realloc(lines->lines, lines->capacity * sizeof *lines->lines);
  }
  char *line = malloc(size);
  if (lines->lines == NULL || line == NULL) {
    abort();
  }
  snprintf(line, size, "%s = %.*s", path, (int)token_size, token);
  lines->lines[lines->count++] = line;
}

/* The members of a list or of an object; at: behind its opening bracket. */
static const char *add_members(json_lines *lines, const char *path, const char *at, char close)
{
  size_t index = 0;
  at = skip_space(at);
  if (*at == close) {
    keep(lines, path, close == '}' ? "{}" : "[]", 2);
    return at + 1;
  }
  while (at != NULL) {
    char member[PATH_SIZE];
    at = skip_space(at);
    if (close == ']') {
      snprintf(member, sizeof member, "%s/%zu", path, index++);
    } else {
      const char *end = *at == '"' ? skip_text(at) : NULL;
      if (end == NULL || *skip_space(end) != ':') {
        return NULL;
      }
      snprintf(member, sizeof member, "%s/%.*s", path, (int)(end - at - 2), at + 1);
      at = skip_space(end) + 1;
    }
    at = json_lines_add(lines, member, at);
    at = at != NULL ? skip_space(at) : NULL;
    if (at != NULL && *at == close) {
      return at + 1;
    }
    at = at != NULL && *at == ',' ? at + 1 : NULL;
  }
  return NULL;
}

const char *json_lines_add(json_lines *lines, const char *prefix, const char *text)
{
  const char *at = skip_space(text);
  const char *end = NULL;
  if (*at == '{' || *at == '[') {
    return add_members(lines, prefix, at + 1, *at == '{' ? '}' : ']');
  }
  end = *at == '"' ? skip_text(at) : at + strcspn(at, ",]} \t\r\n");
  if (end == NULL || end == at) {
    return NULL;
  }
  keep(lines, prefix, at, (size_t)(end - at));
  return end;
}

const char *json_lines_find(const char *object, const char *key)
{
  const char *at = skip_space(object);
  size_t size = strlen(key);
  json_lines ignored = {0};
  for (at = *at == '{' ? at + 1 : NULL; at != NULL;) {
    at = skip_space(at);
    const char *end = *at == '"' ? skip_text(at) : NULL;
    const char *value = end != NULL && *skip_space(end) == ':' ? skip_space(end) + 1 : NULL;
    if (value == NULL || ((size_t)(end - at) == size + 2 && memcmp(at + 1, key, size) == 0)) {
      json_lines_free(&ignored);
      return value;
    }
    at = json_lines_add(&ignored, "", value);
    at = at != NULL ? skip_space(at) : NULL;
    at = at != NULL && *at == ',' ? at + 1 : NULL;
  }
  json_lines_free(&ignored);
  return NULL;
}

void json_lines_drop(json_lines *lines, const char *prefix)
{
  size_t kept = 0;
  for (size_t i = 0; i < lines->count; i++) {
    if (strncmp(lines->lines[i], prefix, strlen(prefix)) == 0) {
      free(lines->lines[i]);
    } else {
      lines->lines[kept++] = lines->lines[i];
    }
  }
  lines->count = kept;
}

static int by_text(const void *left, const void *right)
{
  return strcmp(*(char *const *)left, *(char *const *)right);
}

static void sort(json_lines *lines)
{
  if (lines->count != 0) {
    qsort(lines->lines, lines->count, sizeof *lines->lines, by_text);
  }
}

size_t json_lines_differences(json_lines *expected, json_lines *found)
{
  size_t e = 0, f = 0, differences = 0;
  sort(expected);
  sort(found);
  while (e < expected->count || f < found->count) {
    int order = e == expected->count ? 1
                : f == found->count  ? -1
                                     : strcmp(expected->lines[e], found->lines[f]);
    if (order == 0) {
      e++;
      f++;
      continue;
    }
    printf("  %s %s\n", order < 0 ? "expected" : "found   ",
           order < 0 ? expected->lines[e++] : found->lines[f++]);
    differences++;
  }
  return differences;
}

void json_lines_free(json_lines *lines)
{
  for (size_t i = 0; i < lines->count; i++) {
    free(lines->lines[i]);
  }
  free(lines->lines);
  lines->lines = NULL;
  lines->count = lines->capacity = 0;
}
