/*
 * Journal entries as one line of text: a version word, then `name=value` fields in a fixed order, a tab
 * before each. Characters that cannot be seen, lone surrogates and '%' are written as %XX, so that a line
 * stays a line. A text that we would not have written ourselves, to the last byte, is damaged: what is read
 * is written again and compared, which leaves no room for a second spelling of anything.
 */
#include "capture/promise.h"

#include <string.h>

#include "base/text.h"
#include "capture/wpr.h"

#define VERSION "1"
/* 9999-12-31T23:59:59.999Z, the last moment that can be shown. */
#define WALL_LAST_MS INT64_C(253402300799999)

static const char *const kinds[SEEP_PROFILE_KINDS] = {"virtualalloc", "heap", "heap-by-flag", "snapshot"};
static const char *const forms[3] = {"absent", "number", "other"};

/* ---- writing ---- */

static void write_field(seep_writer *writer, const char *name)
{
  seep_writer_format(writer, "\t%s=", name);
}

static void write_number(seep_writer *writer, const char *name, uint64_t value)
{
  write_field(writer, name);
  seep_writer_u64(writer, value);
}

static void write_word(seep_writer *writer, const char *name, const char *word)
{
  write_field(writer, name);
  seep_writer_text(writer, word);
}

static bool is_escaped(uint32_t point)
{
  return point == '%' || (point >= 0xD800 && point <= 0xDFFF) || seep_text_is_control(point);
}

/* Well-formed text: the promise has been looked at before. */
static void write_text(seep_writer *writer, const char *name, const char *text)
{
  size_t length = strlen(text);
  write_field(writer, name);
  for (size_t at = 0; at < length;) {
    uint32_t point = 0;
    size_t used = seep_text_character(text + at, length - at, &point);
    if (used == 0) {
      writer->cut = true;
      return;
    }
    for (size_t i = 0; i < used && is_escaped(point); i++) {
      seep_writer_format(writer, "%%%02X", (unsigned)(unsigned char)text[at + i]);
    }
    if (!is_escaped(point)) {
      seep_writer_bytes(writer, text + at, used);
    }
    at += used;
  }
}

static void write_key(seep_writer *writer, const seep_process_key *key)
{
  write_number(writer, "pid", key->pid);
  write_number(writer, "created", key->created);
}

/* ---- what a promise may hold ---- */

static bool is_terminated(const char *text, size_t size)
{
  return memchr(text, '\0', size) != NULL;
}

static bool is_moment(seep_wall wall)
{
  return wall.ms >= 0 && wall.ms <= WALL_LAST_MS;
}

/* The name of a running process, which may be empty or hold anything but a separator: it is shown, and never
 * part of a path. */
static bool is_image(const char *image)
{
  size_t length = strlen(image);
  return strpbrk(image, "/\\") == NULL && strcmp(image, ".") != 0 && strcmp(image, "..") != 0 &&
         seep_text_valid_prefix(image, length) == length;
}

static bool is_sound_recording(const seep_promise_recording *promise)
{
  if (!is_terminated(promise->instance, sizeof promise->instance) ||
      !is_terminated(promise->image, sizeof promise->image) ||
      !is_terminated(promise->file, sizeof promise->file)) {
    return false;
  }
  const seep_wpr_traits without_instances = {0};
  bool instance =
      seep_wpr_instance_is_valid(promise->instance) ||
      strcmp(promise->instance, seep_wpr_instance_in_effect(&without_instances, promise->instance)) == 0;
  return instance && promise->case_id >= 0 && is_image(promise->image) &&
         (unsigned)promise->kind < SEEP_PROFILE_KINDS && seep_tracing_flag_name_is_plain(promise->file) &&
         is_moment(promise->requested);
}

/* Without a key there is nothing in it; without a number there is none to remember. */
static bool is_sound_state(const seep_tracing_flag_state *state)
{
  return (unsigned)state->form < sizeof forms / sizeof forms[0] &&
         (state->key_exists || (!state->has_more && state->form == SEEP_TRACING_FLAG_ABSENT)) &&
         (state->form == SEEP_TRACING_FLAG_NUMBER || state->number == 0);
}

static bool is_sound_flag(const seep_promise_flag *promise)
{
  return is_terminated(promise->image, sizeof promise->image) &&
         seep_tracing_flag_name_is_plain(promise->image) && is_sound_state(&promise->before) &&
         is_moment(promise->set) && is_moment(promise->expires) && promise->expires.ms >= promise->set.ms &&
         promise->case_id >= 0;
}

static bool finish(const seep_writer *writer, char *out, size_t out_size)
{
  if (writer->cut && out_size > 0) {
    out[0] = '\0';
  }
  return !writer->cut;
}

bool seep_promise_write_recording(const seep_promise_recording *promise, char *out, size_t out_size)
{
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  if (!is_sound_recording(promise)) {
    return false;
  }
  seep_writer_text(&writer, VERSION);
  write_word(&writer, "instance", promise->instance);
  write_word(&writer, "kind", kinds[promise->kind]);
  write_number(&writer, "requested", (uint64_t)promise->requested.ms);
  write_number(&writer, "case", (uint64_t)promise->case_id);
  write_key(&writer, &promise->key);
  write_text(&writer, "file", promise->file);
  write_text(&writer, "image", promise->image);
  return finish(&writer, out, out_size);
}

bool seep_promise_write_flag(const seep_promise_flag *promise, char *out, size_t out_size)
{
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  if (!is_sound_flag(promise)) {
    return false;
  }
  seep_writer_text(&writer, VERSION);
  write_number(&writer, "key", promise->before.key_exists ? 1 : 0);
  write_number(&writer, "more", promise->before.has_more ? 1 : 0);
  write_word(&writer, "form", forms[promise->before.form]);
  write_number(&writer, "number", promise->before.number);
  write_number(&writer, "set", (uint64_t)promise->set.ms);
  write_number(&writer, "expires", (uint64_t)promise->expires.ms);
  write_number(&writer, "case", (uint64_t)promise->case_id);
  write_key(&writer, &promise->key);
  write_text(&writer, "image", promise->image);
  return finish(&writer, out, out_size);
}

/* ---- reading ---- */

typedef struct reader {
  const char *at;
  bool failed;
} reader;

/* Moves behind `expected` when that is what comes next. */
static void expect(reader *in, const char *expected)
{
  size_t length = strlen(expected);
  in->failed = in->failed || strncmp(in->at, expected, length) != 0;
  in->at += in->failed ? 0 : length;
}

/* Length of the value of the field `name`, at which the reader then stands; 0 as well when it has failed. */
static size_t expect_field(reader *in, const char *name)
{
  expect(in, "\t");
  expect(in, name);
  expect(in, "=");
  return in->failed ? 0 : strcspn(in->at, "\t");
}

static uint64_t read_number(reader *in, const char *name, uint64_t maximum)
{
  size_t length = expect_field(in, name);
  uint64_t value = 0;
  in->failed = in->failed || length == 0;
  for (size_t i = 0; i < length && !in->failed; i++) {
    unsigned digit = (unsigned)(unsigned char)in->at[i] - '0';
    in->failed = digit > 9 || value > (UINT64_MAX - digit) / 10;
    value = in->failed ? 0 : value * 10 + digit;
  }
  in->failed = in->failed || value > maximum;
  in->at += in->failed ? 0 : length;
  return in->failed ? 0 : value;
}

static unsigned read_word(reader *in, const char *name, const char *const *words, unsigned count)
{
  size_t length = expect_field(in, name);
  for (unsigned i = 0; i < count && !in->failed; i++) {
    if (strlen(words[i]) == length && memcmp(words[i], in->at, length) == 0) {
      in->at += length;
      return i;
    }
  }
  in->failed = true;
  return 0;
}

/* -1: not one of our digits. */
static int hex_digit(char c)
{
  return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void read_text(reader *in, const char *name, char *out, size_t out_size)
{
  unsigned char *bytes = (unsigned char *)out;
  size_t used = 0;
  size_t length = expect_field(in, name);
  const char *end = in->at + length;
  while (!in->failed && in->at < end) {
    bool escaped = *in->at == '%';
    int high = escaped && end - in->at >= 3 ? hex_digit(in->at[1]) : -1;
    int low = high >= 0 ? hex_digit(in->at[2]) : -1;
    unsigned byte = low >= 0 ? (unsigned)high * 16 + (unsigned)low : (unsigned char)*in->at;
    in->failed = (escaped && low < 0) || byte == 0 || used + 1 >= out_size;
    if (!in->failed) {
      bytes[used++] = (unsigned char)byte;
      in->at += escaped ? 3 : 1;
    }
  }
  bytes[used] = '\0';
}

static seep_process_key read_key(reader *in)
{
  seep_process_key key;
  key.pid = (uint32_t)read_number(in, "pid", UINT32_MAX);
  key.created = read_number(in, "created", UINT64_MAX);
  return key;
}

static seep_wall read_wall(reader *in, const char *name)
{
  return (seep_wall){(int64_t)read_number(in, name, WALL_LAST_MS)};
}

/* Versions before this one wrote the instance alone, and never the default one. */
static bool read_bare_instance(const char *text, seep_promise_recording *promise)
{
  if (!seep_wpr_instance_is_valid(text)) {
    return false;
  }
  memset(promise, 0, sizeof *promise);
  seep_text_copy(promise->instance, sizeof promise->instance, text);
  return true;
}

bool seep_promise_read_recording(const char *text, seep_promise_recording *promise)
{
  seep_promise_recording found;
  char again[SEEP_PROMISE_SIZE];
  reader in = {.at = text};
  if (strchr(text, '\t') == NULL) {
    return read_bare_instance(text, promise);
  }
  memset(&found, 0, sizeof found);
  expect(&in, VERSION);
  read_text(&in, "instance", found.instance, sizeof found.instance);
  found.kind = (seep_profile_kind)read_word(&in, "kind", kinds, SEEP_PROFILE_KINDS);
  found.requested = read_wall(&in, "requested");
  found.case_id = (int64_t)read_number(&in, "case", INT64_MAX);
  found.key = read_key(&in);
  read_text(&in, "file", found.file, sizeof found.file);
  read_text(&in, "image", found.image, sizeof found.image);
  if (in.failed || !seep_promise_write_recording(&found, again, sizeof again) || strcmp(text, again) != 0) {
    return false;
  }
  *promise = found;
  return true;
}

bool seep_promise_read_flag(const char *text, seep_promise_flag *promise)
{
  seep_promise_flag found;
  char again[SEEP_PROMISE_SIZE];
  reader in = {.at = text};
  memset(&found, 0, sizeof found);
  expect(&in, VERSION);
  found.before.key_exists = read_number(&in, "key", 1) != 0;
  found.before.has_more = read_number(&in, "more", 1) != 0;
  found.before.form = (seep_tracing_flag_form)read_word(&in, "form", forms, sizeof forms / sizeof forms[0]);
  found.before.number = (uint32_t)read_number(&in, "number", UINT32_MAX);
  found.set = read_wall(&in, "set");
  found.expires = read_wall(&in, "expires");
  found.case_id = (int64_t)read_number(&in, "case", INT64_MAX);
  found.key = read_key(&in);
  read_text(&in, "image", found.image, sizeof found.image);
  if (in.failed || !seep_promise_write_flag(&found, again, sizeof again) || strcmp(text, again) != 0) {
    return false;
  }
  *promise = found;
  return true;
}
