#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "markup.h"

#include <string.h>

#include "base/text.h"

#define DEEPEST 32
#define NAME_SIZE 16

void markup_sink(void *context, const char *bytes, size_t length)
{
  markup *into = context;
  assert_true(length < MARKUP_SIZE - into->length);
  memcpy(into->text + into->length, bytes, length);
  into->length += length;
  into->text[into->length] = '\0';
}

typedef struct reader {
  const char *at;
  char open[DEEPEST][NAME_SIZE];
  size_t depth;
} reader;

static void wrong(const reader *in, const char *what)
{
  fail_msg("%s at: %.60s", what, in->at);
}

static void check_entity(const reader *in)
{
  static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (strncmp(in->at, known[i], strlen(known[i])) == 0) {
      return;
    }
  }
  wrong(in, "no entity");
}

static void read_name(reader *in, char name[NAME_SIZE])
{
  size_t length = strspn(in->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789");
  if (length == 0 || length >= NAME_SIZE * 2) {
    wrong(in, "no name");
  }
  seep_text_copy_bytes(name, NAME_SIZE, in->at, length);
  in->at += length;
}

static void read_value(reader *in)
{
  if (strncmp(in->at, "=\"", 2) != 0) {
    wrong(in, "no value in double quotes");
  }
  for (in->at += 2; *in->at != '"'; in->at++) {
    if (*in->at == '\0' || *in->at == '<' || *in->at == '>') {
      wrong(in, "unended value");
    }
    if (*in->at == '&') {
      check_entity(in);
    }
  }
  in->at++;
}

/* Behind "<": an opening tag. */
static void read_opening(reader *in)
{
  char attribute[NAME_SIZE];
  if (in->depth == DEEPEST) {
    wrong(in, "too deep");
  }
  read_name(in, in->open[in->depth]);
  while (*in->at == ' ') {
    in->at++;
    read_name(in, attribute);
    read_value(in);
  }
  if (strncmp(in->at, "/>", 2) == 0) {
    in->at += 2;
  } else if (*in->at == '>') {
    in->at++;
    in->depth++;
  } else {
    wrong(in, "unended tag");
  }
}

static void read_closing(reader *in)
{
  char name[NAME_SIZE];
  read_name(in, name);
  if (in->depth == 0 || strcmp(in->open[in->depth - 1], name) != 0 || *in->at != '>') {
    wrong(in, "closed out of turn");
  }
  in->at++;
  in->depth--;
}

void markup_check(const char *text)
{
  reader in = {.at = text};
  assert_int_equal(seep_text_valid_prefix(text, strlen(text)), strlen(text));
  if (strncmp(in.at, "<!DOCTYPE html>", 15) == 0) {
    in.at += 15;
  }
  while (*in.at != '\0') {
    if (strncmp(in.at, "</", 2) == 0) {
      in.at += 2;
      read_closing(&in);
    } else if (*in.at == '<') {
      in.at++;
      read_opening(&in);
    } else {
      if (*in.at == '>') {
        wrong(&in, "a stray >");
      }
      if (*in.at == '&') {
        check_entity(&in);
      }
      in.at++;
    }
  }
  assert_int_equal(in.depth, 0);
}

size_t markup_count(const char *text, const char *part)
{
  size_t count = 0;
  for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
    count++;
  }
  return count;
}

const char *markup_between(const char *text, const char *before, const char *after, char *out,
                           size_t out_size)
{
  const char *begin = strstr(text, before);
  if (begin == NULL) {
    fail_msg("nowhere: %s", before);
    return NULL;
  }
  begin += strlen(before);
  const char *end = strstr(begin, after);
  assert_non_null(end);
  assert_true((size_t)(end - begin) < out_size);
  seep_text_copy_bytes(out, out_size, begin, (size_t)(end - begin));
  return out;
}
