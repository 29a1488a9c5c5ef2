/*
 * Names of finished recordings taken apart, and which of them go. Eviction starts from "only the newest of
 * each image stays" and lets the others back in, newest first, until the next one does not fit: the same
 * result as removing the oldest one by one, without sorting and without storage of its own. A folder holds
 * hundreds of files at most, so comparing each with each is cheap.
 */
#include "capture/shelf.h"

#include <string.h>

#include "base/saturate.h"
#include "base/text.h"

#define TIME_LENGTH 16

/* ---- names ---- */

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static bool has_digits(const char *text, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (!is_digit(text[i])) {
      return false;
    }
  }
  return true;
}

static unsigned pair_at(const char *text)
{
  return (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
}

/* "20261122T104444Z": not every number makes a time. */
static bool is_time(const char *text, size_t length)
{
  if (length < TIME_LENGTH || !has_digits(text, 8) || text[8] != 'T' || !has_digits(text + 9, 6) ||
      text[15] != 'Z') {
    return false;
  }
  unsigned month = pair_at(text + 4), day = pair_at(text + 6);
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 && pair_at(text + 9) <= 23 &&
         pair_at(text + 11) <= 59 && pair_at(text + 13) <= 60;
}

/* Takes `ending` off the end of what *length counts. */
static bool drop(const char *text, size_t *length, const char *ending)
{
  size_t size = strlen(ending);
  if (*length < size || memcmp(text + *length - size, ending, size) != 0) {
    return false;
  }
  *length -= size;
  return true;
}

static bool drop_kind(const char *text, size_t *length)
{
  return drop(text, length, "-virtualalloc") || drop(text, length, "-heap") ||
         drop(text, length, "-snapshot");
}

/* "-1234": a number of 32 bits as we write it. */
static bool drop_pid(const char *text, size_t *length)
{
  size_t start = *length;
  uint64_t value = 0;
  while (start > 0 && is_digit(text[start - 1])) {
    start--;
  }
  size_t digits = *length - start;
  if (digits == 0 || digits > 10 || start == 0 || text[start - 1] != '-' ||
      (digits > 1 && text[start] == '0')) {
    return false;
  }
  for (size_t i = start; i < *length; i++) {
    value = value * 10 + (uint64_t)(text[i] - '0');
  }
  *length = start - 1;
  return value <= UINT32_MAX;
}

static bool is_image(const char *text, size_t length)
{
  for (size_t i = 0; i < length; i++) {
    if ((unsigned char)text[i] < 0x20 || strchr("/\\:", text[i]) != NULL) {
      return false;
    }
  }
  return length > 0 && length < SEEP_SHELF_IMAGE_SIZE && seep_text_valid_prefix(text, length) == length;
}

static bool is_harmless(unsigned char c)
{
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit((char)c) || c == '.' || c == '_' ||
         c == '-';
}

const char *seep_shelf_image(const char *image, char *out, size_t out_size)
{
  size_t written = 0;
  for (size_t i = 0; image[i] != '\0' && written < SEEP_SHELF_IMAGE_CHARACTERS && written + 1 < out_size;
       i++) {
    unsigned char c = (unsigned char)image[i];
    if ((c & 0xC0) != 0x80) { /* one mark for a whole character */
      out[written] = is_harmless(c) && !(c == '.' && written == 0) ? (char)c : '_';
      written++;
    }
  }
  out[written] = '\0';
  if (written == 0) {
    (void)seep_text_copy(out, out_size, "process");
  }
  return out;
}

bool seep_shelf_beside_name(const char *path, seep_shelf_beside which, char *out, size_t out_size)
{
  static const char *const names[SEEP_BESIDES] = {".json", ".answer.json", ".html"};
  static const char *const endings[] = {".partial.etl.gz", ".etl.gz", ".partial.etl", ".etl"};
  size_t length = strlen(path);
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
    size_t tail = strlen(endings[i]);
    if (length > tail && seep_text_equal_ignoring_case(path + length - tail, endings[i])) {
      seep_writer_bytes(&writer, path, length - tail);
      seep_writer_text(&writer, names[which]);
      break;
    }
  }
  if (writer.cut) {
    out[0] = '\0';
  }
  return out[0] != '\0';
}

bool seep_shelf_parse(const char *name, seep_shelf_item *item)
{
  size_t length = strlen(name);
  if (length >= SEEP_SHELF_NAME_SIZE || !is_time(name, length) || name[TIME_LENGTH] != '-') {
    return false;
  }
  const char *rest = name + TIME_LENGTH + 1;
  size_t left = length - TIME_LENGTH - 1;
  drop(rest, &left, ".gz");
  if (!drop(rest, &left, ".etl")) {
    return false;
  }
  bool partial = drop(rest, &left, ".partial");
  if (!drop_kind(rest, &left) || !drop_pid(rest, &left) || !is_image(rest, left)) {
    return false;
  }
  memset(item, 0, sizeof *item);
  seep_text_copy(item->name, sizeof item->name, name);
  seep_text_copy_bytes(item->image, sizeof item->image, rest, left);
  seep_text_copy_bytes(item->when, sizeof item->when, name, TIME_LENGTH);
  item->partial = partial;
  return true;
}

/* ---- eviction ---- */

/* Does a go before b? Names break ties, and items of one name their places: the answer must not depend on
 * anything else. */
static bool goes_before(const seep_shelf_item *a, const seep_shelf_item *b)
{
  if (a->partial != b->partial) {
    return a->partial;
  }
  int order = strcmp(a->when, b->when);
  order = order != 0 ? order : strcmp(a->name, b->name);
  return order != 0 ? order < 0 : a < b;
}

static bool is_newest_of_image(const seep_shelf_item *items, size_t count, size_t index)
{
  for (size_t i = 0; i < count; i++) {
    if (i != index && !items[i].partial && goes_before(&items[index], &items[i]) &&
        seep_text_equal_ignoring_case(items[i].image, items[index].image)) {
      return false;
    }
  }
  return !items[index].partial;
}

/* Of those marked to go, the one that would go last; NULL: none is marked. */
static seep_shelf_item *last_to_go(seep_shelf_item *items, size_t count)
{
  seep_shelf_item *last = NULL;
  for (size_t i = 0; i < count; i++) {
    if (items[i].evict && (last == NULL || goes_before(last, &items[i]))) {
      last = &items[i];
    }
  }
  return last;
}

bool seep_shelf_evict(seep_shelf_item *items, size_t count, uint64_t maximum_bytes, size_t maximum_count)
{
  uint64_t bytes = 0;
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    items[i].evict = !is_newest_of_image(items, count, i);
    bytes = items[i].evict ? bytes : seep_saturate_add(bytes, items[i].bytes);
    kept += items[i].evict ? 0 : 1;
  }
  if (bytes > maximum_bytes || kept > maximum_count) {
    return false;
  }
  seep_shelf_item *next = last_to_go(items, count);
  while (next != NULL && kept < maximum_count && next->bytes <= maximum_bytes - bytes) {
    next->evict = false;
    bytes += next->bytes;
    kept++;
    next = last_to_go(items, count);
  }
  return true;
}
