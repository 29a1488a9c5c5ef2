/*
 * Holds the tree against its plan: which room may include which, which system headers a room may see, what a
 * pure room may not call, and which functions nobody may. Reads the files named in a list that the build
 * writes, and prints file:line: what, one line per fault. It reads text, not C: comments and strings are
 * blanked first, and that is all the parsing there is.
 *
 *   check_includes LIST ROOT                    exit 1 when there are faults
 *   check_includes LIST ROOT EXPECTED           exit 1 unless the faults are those in the file EXPECTED
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define FILE_LIMIT (4u * 1024u * 1024u)
#define OUTPUT_SIZE (64u * 1024u)

typedef struct room {
  const char *name;
  const char *may_include; /* rooms; " base observe " - a room may always include itself */
  const char *system;      /* headers beyond the common ones; NULL: any that `forbidden` does not name */
  bool pure;
} room;

/* The plan (lib/README.md, design 1). */
static const room rooms[] = {
    {"base", " ", " ", true},
    {"observe", " base ", " ", true},
    {"judge", " base observe ", " ", true},
    {"memory", " base ", " ", true},
    {"capture", " base observe judge memory ", " ", true},
    {"trace", " base ", " ", true},
    {"report", " base observe judge memory capture trace settings ", " cjson/cJSON.h ", true},
    {"settings", " base ", " cjson/cJSON.h ", true},
    {"store", " base observe judge memory capture report ", " errno.h sqlite3.h time.h zlib.h ", false},
    {"port", " base observe memory capture ", " ", true},
    {"win", " base observe memory port ", NULL, false},
    {"watch", " base observe judge memory capture trace report settings store port ",
     " errno.h signal.h time.h uv.h zlib.h ", false},
    {"service", " base observe judge memory capture trace report settings store port win watch ", NULL,
     false},
};

static const char common_headers[] = " assert.h ctype.h float.h inttypes.h limits.h math.h stdalign.h "
                                     "stdarg.h stdbool.h stddef.h stdint.h stdio.h "
                                     "stdlib.h string.h ";

/* Where any system header will do: those that have one home elsewhere. */
static const char forbidden_in_win[] = " sqlite3.h uv.h zlib.h cjson/cJSON.h ";
static const char forbidden_in_service[] = " sqlite3.h ";

static const char banned[] = " strcpy strcat sprintf atoi atol gets strtok MAX_PATH ";
static const char banned_when_pure[] = " fopen printf fprintf time clock ";

typedef struct checker {
  char output[OUTPUT_SIZE];
  size_t length;
  unsigned files, faults;
} checker;

typedef struct source {
  const char *path; /* below the root, with forward slashes */
  const room *room;
  char *text; /* comments blanked */
  bool is_header;
} source;

static bool names(const char *list, const char *word, size_t length)
{
  char wanted[128];
  if (length == 0 || length + 3 > sizeof wanted) {
    return false;
  }
  wanted[0] = ' ';
  memcpy(wanted + 1, word, length);
  wanted[length + 1] = ' ';
  wanted[length + 2] = '\0';
  return strstr(list, wanted) != NULL;
}

static void fault(checker *c, const source *s, unsigned line, const char *format, ...) SEEP_PRINTF_LIKE(4, 5);

static void fault(checker *c, const source *s, unsigned line, const char *format, ...)
{
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  c->faults++;
  int written =
      snprintf(c->output + c->length, sizeof c->output - c->length, "%s:%u: %s\n", s->path, line, text);
  if (written > 0 && (size_t)written < sizeof c->output - c->length) {
    c->length += (size_t)written;
  } else {
    c->output[c->length] = '\0'; /* the count still tells */
  }
}

static char *read_whole(const char *path)
{
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    return NULL;
  }
  char *text = malloc(FILE_LIMIT + 1);
  size_t size = text != NULL ? fread(text, 1, FILE_LIMIT + 1, file) : FILE_LIMIT + 1;
  fclose(file);
  if (size > FILE_LIMIT) {
    free(text);
    return NULL;
  }
  text[size] = '\0';
  return text;
}

static void blank(char *from, const char *to)
{
  for (; from < to; from++) {
    if (*from != '\n') {
      *from = ' ';
    }
  }
}

/* Just past a string or character constant that begins at p; it ends with its line at the latest. */
static char *past_quoted(char *p)
{
  char quote = *p++;
  while (*p != '\0' && *p != '\n' && *p != quote) {
    p += *p == '\\' && p[1] != '\0' ? 2 : 1;
  }
  return *p == quote ? p + 1 : p;
}

static char *past_comment(char *p)
{
  const char *end = p[1] == '*' ? strstr(p + 2, "*/") : strchr(p, '\n');
  if (end == NULL) {
    return p + strlen(p);
  }
  return p + (end - p) + (p[1] == '*' ? 2 : 0);
}

/* Blanks comments, or with `strings` what stands between quotes (comments are gone by then). */
static void blank_all(char *text, bool strings)
{
  for (char *p = text; *p != '\0';) {
    if (*p == '"' || *p == '\'') {
      char *end = past_quoted(p);
      if (strings) {
        blank(p, end);
      }
      p = end;
    } else if (*p == '/' && (p[1] == '*' || p[1] == '/')) {
      char *end = past_comment(p);
      blank(p, end);
      p = end;
    } else {
      p++;
    }
  }
}

static void check_quoted(checker *c, const source *s, unsigned line, const char *name, size_t length)
{
  const char *slash = memchr(name, '/', length);
  bool service = strcmp(s->room->name, "service") == 0;
  size_t room_length = slash != NULL ? (size_t)(slash - name) : 0;
  bool known = false;
  for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
    known = known || (strlen(rooms[i].name) == room_length && memcmp(rooms[i].name, name, room_length) == 0);
  }
  if (!known) {
    if (!service) {
      fault(c, s, line, "\"%.*s\" is not written as \"room/file.h\"", (int)length, name);
    }
    return; /* service's own headers and folders need no room */
  }
  bool own = strlen(s->room->name) == room_length && memcmp(s->room->name, name, room_length) == 0;
  if (!own && !names(s->room->may_include, name, room_length)) {
    fault(c, s, line, "%s may not include \"%.*s\"", s->room->name, (int)length, name);
  }
}

static void check_system(checker *c, const source *s, unsigned line, const char *name, size_t length)
{
  bool allowed;
  if (s->room->system != NULL) {
    allowed = names(common_headers, name, length) || names(s->room->system, name, length);
  } else if (strcmp(s->room->name, "win") == 0) {
    allowed = !names(forbidden_in_win, name, length);
  } else {
    allowed = !names(forbidden_in_service, name, length);
  }
  if (!allowed) {
    fault(c, s, line, "%s may not include <%.*s>", s->room->name, (int)length, name);
  }
}

/* Blanks the include lines it has judged, so that their names are no tokens later. */
static void check_includes(checker *c, const source *s)
{
  unsigned line = 1;
  for (char *p = s->text; *p != '\0'; line++) {
    char *end = p + strcspn(p, "\n");
    char *at = p + strspn(p, " \t");
    at += *at == '#' ? 1 + strspn(at + 1, " \t") : 0;
    if (at > p && at[-1] != '\n' && strncmp(at, "include", 7) == 0 &&
        memchr(p, '#', (size_t)(at - p)) != NULL) {
      at += 7 + strspn(at + 7, " \t");
      size_t length = *at == '<' || *at == '"' ? strcspn(at + 1, *at == '<' ? ">\n" : "\"\n") : 0;
      if (length == 0) {
        fault(c, s, line, "an include that names no file");
      } else if (*at == '<') {
        check_system(c, s, line, at + 1, length);
      } else {
        check_quoted(c, s, line, at + 1, length);
      }
      blank(p, end);
    }
    p = *end == '\n' ? end + 1 : end;
  }
}

static bool is_word(char letter)
{
  return isalnum((unsigned char)letter) || letter == '_';
}

static void check_tokens(checker *c, const source *s)
{
  unsigned line = 1;
  for (const char *p = s->text; *p != '\0';) {
    line += *p == '\n' ? 1 : 0;
    if (!is_word(*p)) {
      p++;
      continue;
    }
    const char *end = p;
    while (is_word(*end)) {
      end++;
    }
    size_t length = (size_t)(end - p);
    bool called = end[strspn(end, " \t\r\n")] == '(';
    bool member = p > s->text && (p[-1] == '.' || (p[-1] == '>' && p > s->text + 1 && p[-2] == '-'));
    if (names(banned, p, length)) {
      fault(c, s, line, "%.*s is banned", (int)length, p);
    } else if (s->room->pure && called && !member && names(banned_when_pure, p, length)) {
      fault(c, s, line, "%s is pure and may not call %.*s", s->room->name, (int)length, p);
    }
    p = end;
  }
}

/* A line that begins with a type's name at column 0, holds a parameter list and ends without a semicolon: a
 * function that other files can call. Its name must begin with the project's prefix. */
static void check_exports(checker *c, const source *s)
{
  unsigned line = 1;
  for (const char *p = s->text; *p != '\0'; line++) {
    const char *end = p + strcspn(p, "\n");
    const char *open = memchr(p, '(', (size_t)(end - p));
    const char *last = end;
    while (last > p && isspace((unsigned char)last[-1])) {
      last--;
    }
    bool candidate = isalpha((unsigned char)*p) && open != NULL && last[-1] != ';' &&
                     strncmp(p, "static", 6) != 0 && strncmp(p, "typedef", 7) != 0 &&
                     memchr(p, '=', (size_t)(open - p)) == NULL;
    if (candidate) {
      const char *begin = open;
      while (begin > p && is_word(begin[-1])) {
        begin--;
      }
      if (begin > p && begin < open && strncmp(begin, "seep_", 5) != 0) {
        fault(c, s, line, "%.*s is exported without the prefix seep_", (int)(open - begin), begin);
      }
    }
    p = *end == '\n' ? end + 1 : end;
  }
}

static const room *room_of(const char *path)
{
  const char *at = strncmp(path, "lib/", 4) == 0 ? path + 4 : path;
  for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
    size_t length = strlen(rooms[i].name);
    bool service = strcmp(rooms[i].name, "service") == 0;
    if (strncmp(at, rooms[i].name, length) == 0 && at[length] == '/' && service == (at == path)) {
      return &rooms[i];
    }
  }
  return NULL;
}

static void check_file(checker *c, const char *root, const char *path)
{
  source s = {.path = path, .room = room_of(path)};
  size_t length = strlen(path);
  s.is_header = length > 2 && strcmp(path + length - 2, ".h") == 0;
  c->files++;
  if (s.room == NULL) {
    fault(c, &s, 0, "belongs to no room");
    return;
  }
  char full[4096];
  snprintf(full, sizeof full, "%s/%s", root, path);
  s.text = read_whole(full);
  if (s.text == NULL) {
    fault(c, &s, 0, "cannot be read");
    return;
  }
  blank_all(s.text, false);
  check_includes(c, &s);
  blank_all(s.text, true);
  check_tokens(c, &s);
  if (!s.is_header && strcmp(s.room->name, "service") != 0) {
    check_exports(c, &s);
  }
  free(s.text);
}

/* One path a line, below the root. */
static void check_list(checker *c, const char *root, char *list)
{
  for (char *p = list; *p != '\0';) {
    char *end = p + strcspn(p, "\r\n");
    bool more = *end != '\0';
    *end = '\0';
    if (*p != '\0') {
      check_file(c, root, p);
    }
    p = more ? end + 1 : end;
  }
}

static bool matches(const checker *c, const char *expected_path)
{
  char *expected = read_whole(expected_path);
  if (expected == NULL) {
    fprintf(stderr, "check_includes: %s cannot be read\n", expected_path);
    return false;
  }
  char *to = expected;
  for (const char *from = expected; *from != '\0'; from++) {
    if (*from != '\r') {
      *to++ = *from;
    }
  }
  *to = '\0';
  bool same = strcmp(expected, c->output) == 0;
  if (!same) {
    printf("expected:\n%s", expected);
  }
  free(expected);
  return same;
}

int main(int count, char **arguments)
{
  static checker c;
  if (count != 3 && count != 4) {
    fprintf(stderr, "usage: check_includes LIST ROOT [EXPECTED]\n");
    return 2;
  }
  char *list = read_whole(arguments[1]);
  if (list == NULL) {
    fprintf(stderr, "check_includes: %s cannot be read\n", arguments[1]);
    return 2;
  }
  check_list(&c, arguments[2], list);
  free(list);
  printf("%s%u files, %u faults\n", c.output, c.files, c.faults);
  if (c.files == 0) {
    fprintf(stderr, "check_includes: the list is empty\n");
    return 2;
  }
  if (count == 4) {
    return matches(&c, arguments[3]) ? 0 : 1;
  }
  return c.faults == 0 ? 0 : 1;
}
